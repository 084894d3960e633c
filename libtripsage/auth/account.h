/* auth/account.h: an account and its sessions, as the rest of the room hands them about. */
#ifndef TRIPSAGE_AUTH_ACCOUNT_H
#define TRIPSAGE_AUTH_ACCOUNT_H

#include "base/buf.h"
#include "base/env.h"
#include "store/store.h"

/* 4 KiB of a user's own data: it travels in every access token. */
#define TRIPSAGE__ACCOUNT_DATA_MAX ((size_t)4096)

/* 4,448 bytes: what is kept of it, with the name, the address and the marks that are put beside it: what a token of 8 KiB has room for.
 * What app_metadata has beyond the 42 bytes of everybody's takes of that room. The statements say so as well (ACCOUNT_SIZE). */
#define TRIPSAGE__ACCOUNT_METADATA_MAX ((size_t)4448)

/* app_metadata of who has an address and no more. */
#define TRIPSAGE__EMAIL_PROVIDER "{\"provider\":\"email\",\"providers\":[\"email\"]}"

/* Texts are borrowed, except in an account that was read, where `block` owns them all. Times are ms; 0: not yet. */
typedef struct tripsage__account {
    const char *id;
    const char *email;         /* the id where there is none: see tripsage__account_address */
    const char *password_hash; /* "" where there is no password */
    const char *full_name;     /* NULL: none given */
    const char *role;
    const char *user_metadata; /* JSON objects, compact */
    const char *app_metadata;
    const char *new_email;   /* "": none is asked for */
    const char *identity_id; /* "": no identity */
    const char *identity_data;
    const char *factors; /* JSON array; NULL: none */
    int64_t password_version;
    int64_t created_at;
    int64_t updated_at;
    int64_t last_sign_in_at;
    int64_t email_confirmed_at;
    int64_t invited_at;
    int64_t confirmation_sent_at;
    int64_t recovery_sent_at;
    int64_t email_change_sent_at;
    int64_t reauthentication_sent_at;
    int64_t banned_until;
    int64_t deleted_at;
    int64_t identity_created_at;
    int64_t identity_updated_at;
    int new_email_confirmed; /* how many of the two owners have */
    int is_anonymous;
    char *block;
} tripsage__account;

/* Takes one from a row of the columns that the statements give, whose texts it borrows. */
void tripsage__account_of(tripsage__account *out, const tripsage__row *row);

/* The step that reads one into `out`, which is zeroed; to be freed with tripsage__account_free. Nothing is read when there is none: its
 * `block` stays NULL. */
tripsage__step tripsage__account_step(tripsage__account *out, const tripsage__statement *statement,
                                      const tripsage__value *param);

/* Reads one account. `value` is the id or the address, as `statement` asks. TRIPSAGE_ENOTFOUND. Free with tripsage__account_free. */
tripsage_status tripsage__account_read(tripsage__account *out, tripsage__store *store,
                                       const tripsage__statement *statement, const char *value);
void tripsage__account_free(tripsage__account *account); /* of one that was read, or a zeroed one */

/* What stands for an address in an account that was deleted and left standing, as Supabase Auth makes it: nobody reads the address in it,
 * and who has the address can tell whether it was that one. base64url of the SHA-256 of id and value. */
#define TRIPSAGE__ALIAS_SIZE 44
tripsage_status tripsage__account_alias(char out[TRIPSAGE__ALIAS_SIZE], const char *id, const char *value);

/* The e-mail address; "" where there is none, as in a deleted account. */
const char *tripsage__account_address(const tripsage__account *account);

/* What a user is shown with. */
enum {
    TRIPSAGE__USER_NATIVE = 1,        /* "full_name" as well: the user of tripsage/auth.h */
    TRIPSAGE__USER_NO_IDENTITIES = 2, /* "identities" is null: as in lists */
    TRIPSAGE__USER_UNREAD = 4 /* not read from the database yet: "confirmed_at", which that makes, is not there */
};

/* The User of Supabase Auth. */
void tripsage__account_put(tripsage__buf *buf, const tripsage__account *account, int flags);

#endif
