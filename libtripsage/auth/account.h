/* auth/account.h: the records of the room: an account, a session, and the JSON an account is shown as. */
#ifndef TRIPSAGE_AUTH_ACCOUNT_H
#define TRIPSAGE_AUTH_ACCOUNT_H

#include <stdint.h>

#include "base/buf.h"
#include "base/env.h"
#include "store/store.h"

/* 4 KiB of a user's own data: it travels in every access token. */
#define TRIPSAGE__ACCOUNT_DATA_MAX ((size_t)4096)

/* Texts are borrowed, except in an account that was read, where `block` owns them all. */
typedef struct tripsage__account {
    const char *id;
    const char *email;
    const char *password_hash;
    const char *full_name; /* NULL: none given */
    const char *role;
    const char *user_metadata; /* JSON objects, compact */
    const char *app_metadata;
    int64_t password_version;
    int64_t created_at; /* ms */
    int64_t updated_at;
    int64_t last_sign_in_at; /* 0: never */
    char *block;
} tripsage__account;

typedef struct tripsage__session {
    char id[TRIPSAGE__UUID_SIZE];
    int64_t created_at; /* ms */
    int64_t expires_at; /* ms, a whole second: it is the token's `exp` */
} tripsage__session;

/* Takes one from a row of the columns that the statements give, whose texts it borrows. */
void tripsage__account_of(tripsage__account *out, const tripsage__row *row);

/* Reads one account. `value` is the id or the address, as `statement` asks. TRIPSAGE_ENOTFOUND. Free with tripsage__account_free. */
tripsage_status tripsage__account_read(tripsage__account *out, tripsage__store *store,
                                       const tripsage__statement *statement, const char *value);
void tripsage__account_free(tripsage__account *account); /* of one that was read, or a zeroed one */

/* The "user" object of tripsage/auth.h. */
void tripsage__account_put(tripsage__buf *buf, const tripsage__account *account);

#endif
