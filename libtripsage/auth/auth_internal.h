/* auth/auth_internal.h: the handle, for the files of this room. */
#ifndef TRIPSAGE_AUTH_AUTH_INTERNAL_H
#define TRIPSAGE_AUTH_AUTH_INTERNAL_H

#include "auth/auth.h"
#include "auth/ended.h"
#include "auth/keyring.h"
#include "auth/mail.h"
#include "auth/password.h"
#include "auth/session.h"
#include "auth/signing_keys.h"
#include "auth/supabase.h"
#include "auth/throttle.h"
#include "auth/token.h"
#include "auth/verified.h"
#include "base/observe.h"
#include "base/seal.h"

/* Immutable once made, except for what `passwords`, `verified`, `signing_keys`, `mailer`, `supabase`, `ended`, `throttle` and `keyring`
 * guard themselves. */
struct tripsage_auth {
    tripsage__store *store; /* a reference of our own */
    tripsage__env *env;     /* the store's */
    tripsage__observer *observer;
    tripsage__passwords *passwords;
    tripsage__verified *verified;
    tripsage__sealer *sealer;
    tripsage__throttle *throttle; /* NULL: nothing is limited */
    tripsage__signing_keys *signing_keys;
    tripsage__keyring *keyring;
    tripsage__mailer *mailer;
    tripsage__supabase *supabase; /* NULL: the accounts are our own */
    tripsage__ended *ended;       /* of the project's sessions; NULL with accounts of our own */
    char *issuer;
    unsigned char refresh_key[32]; /* of refresh tokens */
    unsigned char otp_key[32];     /* of codes and links in mails */
    uint32_t token_ttl_s;
    uint32_t password_min;
    uint32_t refresh_reuse_s;
    uint32_t session_timebox_s, session_inactivity_s; /* 0: none */
    int session_single;
    int require_api_key;
    uint32_t mail_interval_s, otp_ttl_s;
    int confirm_email, email_change_single, password_needs_nonce;
};

/* The secret that seals, and all that may have sealed before: the one before it, and the database's own, which is made where there is none.
 * Errors: those of the store, TRIPSAGE_ENOMEM. */
tripsage_status tripsage__auth_sealer(tripsage__sealer **out, tripsage__store *store,
                                      const tripsage_auth_options *options);

/* Makes the access token of a session with the handle's key, for tripsage__free. */
tripsage_status tripsage__auth_sign(char **token, const tripsage_auth *auth, const tripsage__account *account,
                                    const tripsage__session *session);

/* The actor of a token but for whether its session goes on. */
tripsage_status tripsage__auth_read_token(tripsage_actor **out, const tripsage_auth *auth, const char *text,
                                          size_t length);

/* Whether this may be done once more now: TRIPSAGE_ERATELIMITED ("over_request_rate_limit"), with the time at which it
 * may. `account` may be NULL, and `origin`. */
tripsage_status tripsage__auth_ask(const tripsage_auth *auth, tripsage__throttle_kind kind, const char *account,
                                   const tripsage__origin *origin);

/* The guess was right: that it could not be noted is no reason to refuse it. */
void tripsage__auth_forgive(const tripsage_auth *auth, tripsage__throttle_kind kind, const char *account,
                            const tripsage__origin *origin);

#endif
