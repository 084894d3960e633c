/* auth/throttle.h: how often one may ask: per network address, per account, and in all.
 *
 * Every limit is a bucket (GCRA): so many at once, then one in each interval, and asking while it is full costs nothing more. What is
 * counted is forgotten by itself. Accounts and addresses stand in the cache under names that follow from a secret.
 *
 * Guesses at an account's password or codes are counted per account and address, and with a higher bound per account. Nobody can keep
 * somebody else out with them: an address from which the account was signed in to within thirty days is only bound by its own guesses. */
#ifndef TRIPSAGE_AUTH_THROTTLE_H
#define TRIPSAGE_AUTH_THROTTLE_H

#include <stdint.h>
#include <tripsage/cache.h>

#include "base/env.h"
#include "base/error.h"

/* The limits of Supabase Auth; at most 30 at once. */
typedef enum tripsage__throttle_kind {
    TRIPSAGE__THROTTLE_SIGNUP,    /* 30 in 5 minutes of an address */
    TRIPSAGE__THROTTLE_TOKEN,     /* 150 in 5 minutes: signing in and refreshing */
    TRIPSAGE__THROTTLE_OTP,       /* 30 in 5 minutes: otp, magiclink */
    TRIPSAGE__THROTTLE_RECOVER,   /* 30 in 5 minutes */
    TRIPSAGE__THROTTLE_RESEND,    /* 30 in 5 minutes */
    TRIPSAGE__THROTTLE_USER,      /* 30 in 5 minutes: changing one's account */
    TRIPSAGE__THROTTLE_VERIFY,    /* 30 in 5 minutes */
    TRIPSAGE__THROTTLE_ANONYMOUS, /* 30 in an hour */
    TRIPSAGE__THROTTLE_FACTOR,    /* 15 in a minute */
    TRIPSAGE__THROTTLE_MAIL, /* 1 in 60 seconds to an account's mailbox, 30 in an hour in all; no address is asked for */
    /* Guesses: of an account from an address, and of an account. They are ours. */
    TRIPSAGE__THROTTLE_PASSWORD, /* 10 in 10 minutes, and 100 in 10 minutes */
    TRIPSAGE__THROTTLE_CODE,     /* 10 in 10 minutes, and 30: six digits are a million */
    TRIPSAGE__THROTTLE_KINDS
} tripsage__throttle_kind;

typedef struct tripsage__throttle tripsage__throttle;

#define TRIPSAGE__THROTTLE_SECRET_SIZE 32

/* `cache`: one that replicas share, borrowed; NULL, or while it cannot be reached: counted in this process. `env` is borrowed, too, and
 * its steady clock counts, on a server that one's. `secret` is the same for all who share a cache. Errors: TRIPSAGE_ENOMEM. */
tripsage_status tripsage__throttle_new(tripsage__throttle **out, tripsage__env *env, tripsage_cache *cache,
                                       const unsigned char secret[TRIPSAGE__THROTTLE_SECRET_SIZE]);
void tripsage__throttle_free(tripsage__throttle *throttle); /* NULL is fine */

/* Before others use it: another number in the first of a kind's periods (the second follows in proportion); 0: without limit.
 * Errors: TRIPSAGE_ENOMEM. */
tripsage_status tripsage__throttle_set(tripsage__throttle *throttle, tripsage__throttle_kind kind, uint32_t count);

/* Asks for one. `wait_ms` is 0 when it may be done, which is counted then, a guess before it is looked at; else how long to wait before
 * asking again. `account`: the e-mail address as it is kept, or a user's id, but always the same of one; `address`: the client's IPv4
 * or IPv6 address (of which the first 64 bits count), any other text as it is. What is NULL is not counted by; a guess of an unknown
 * address is one of its account. Errors: TRIPSAGE_ENOMEM. */
tripsage_status tripsage__throttle_ask(int64_t *wait_ms, tripsage__throttle *throttle, tripsage__throttle_kind kind,
                                       const char *account, const char *address);

/* The guess that was asked for was right: it and those of this address before it are forgiven, and the address is known from now on.
 * Errors: TRIPSAGE_ENOMEM. */
tripsage_status tripsage__throttle_succeeded(tripsage__throttle *throttle, tripsage__throttle_kind kind,
                                             const char *account, const char *address);

#endif
