/* auth/project.h: the calls of tripsage/auth.h where a Supabase project has the accounts: each becomes a request to its Auth, and what
 * comes back is what the call gives with accounts of our own.
 *
 * A call checks its arguments first, as it does with accounts of its own, and then is one line:
 *
 *     if (auth->supabase)
 *         return tripsage__project_pass(user, auth, TRIPSAGE__PROJECT_INVITE, NULL, r.root);
 *
 * What is sent, in whose name and what is made of the answer is a row of the table in project.c.
 * Errors: what the codes of the answer mean (reasons.h), TRIPSAGE_EUNAVAILABLE (the project is not reached, does not answer in time or not
 * as it should: it may have done it all the same; only what reads, and a refresh, is sent again), TRIPSAGE_EMISUSE (no key for it). */
#ifndef TRIPSAGE_AUTH_PROJECT_H
#define TRIPSAGE_AUTH_PROJECT_H

#include "auth/admin.h"
#include "auth/auth_internal.h"
#include "base/json.h"

typedef enum tripsage__project_call {
    TRIPSAGE__PROJECT_SIGN_UP = 0,
    TRIPSAGE__PROJECT_SIGN_IN,
    TRIPSAGE__PROJECT_REFRESH,       /* values: the refresh token */
    TRIPSAGE__PROJECT_EXCHANGE_CODE, /* of PKCE */
    TRIPSAGE__PROJECT_SIGN_OUT,      /* parts: the scope */
    TRIPSAGE__PROJECT_USER,
    TRIPSAGE__PROJECT_USER_UPDATE,
    TRIPSAGE__PROJECT_RECOVER,
    TRIPSAGE__PROJECT_OTP_SEND,
    TRIPSAGE__PROJECT_RESEND,
    TRIPSAGE__PROJECT_REAUTHENTICATE,
    TRIPSAGE__PROJECT_OTP_VERIFY,
    TRIPSAGE__PROJECT_FACTOR_ENROLL,    /* values: name, issuer */
    TRIPSAGE__PROJECT_FACTOR_CHALLENGE, /* parts: the factor */
    TRIPSAGE__PROJECT_FACTOR_VERIFY,    /* the same; values: challenge, code */
    TRIPSAGE__PROJECT_FACTOR_UNENROLL,
    TRIPSAGE__PROJECT_ADMIN_GET, /* parts: the user */
    TRIPSAGE__PROJECT_ADMIN_CREATE,
    TRIPSAGE__PROJECT_ADMIN_UPDATE,
    TRIPSAGE__PROJECT_ADMIN_DELETE,
    TRIPSAGE__PROJECT_ADMIN_DELETE_SOFTLY,
    TRIPSAGE__PROJECT_GENERATE_LINK,
    TRIPSAGE__PROJECT_INVITE,
    TRIPSAGE__PROJECT_JWKS,
    TRIPSAGE__PROJECT_CALLS
} tripsage__project_call;

/* Borrowed. What a call does not need is NULL. */
typedef struct tripsage__project_asked {
    const tripsage_actor *
        actor; /* of what is done in a user's name: he comes from a token, or it is TRIPSAGE_EINVALID (field "#actor") */
    const tripsage__json *input; /* what the call took, checked */
    const char *part;            /* of the path */
    const char *values[2];       /* of members that the row names */
} tripsage__project_asked;

/* `out` may be NULL where the call gives nothing. */
tripsage_status tripsage__project_ask(tripsage_doc **out, tripsage_auth *auth, tripsage__project_call call,
                                      const tripsage__project_asked *asked);

/* The same with an input, and an actor or NULL. */
tripsage_status tripsage__project_pass(tripsage_doc **out, tripsage_auth *auth, tripsage__project_call call,
                                       const tripsage_actor *actor, const tripsage__json *input);

/* The actor's account. One who does not come from a token is looked up as the service role. TRIPSAGE_ENOTFOUND. */
tripsage_status tripsage__project_user(tripsage_doc **out, tripsage_auth *auth, const tripsage_actor *actor);

/* What tripsage__factor_list gives, of such a one. */
tripsage_status tripsage__project_factors(tripsage__buf *out, tripsage_auth *auth, const tripsage_actor *actor);

/* The account with this address. TRIPSAGE_ENOTFOUND. */
tripsage_status tripsage__project_find(tripsage_doc **out, tripsage_auth *auth, const char *email);

/* What tripsage__admin_list gives, without a bound to the total. */
tripsage_status tripsage__project_list(tripsage__buf *out, int64_t *total, tripsage_auth *auth,
                                       const tripsage__admin_query *query);

/* TRIPSAGE_OK with accounts of our own; TRIPSAGE_ENOTSUP for `what`, which Supabase Auth has not: "recovery codes". */
tripsage_status tripsage__project_lacks(const tripsage_auth *auth, const char *what);

/* ---- sessions that end ---- */

/* Tells what was answered to a request, by which somebody's sessions may have ended: that it was done, or refused with this code. `actor`:
 * in whose name it was; NULL: in nobody's. Leaves the error of this thread as it is. */
void tripsage__project_told(tripsage_auth *auth, const tripsage__supabase_call *call, const tripsage_actor *actor,
                            int done, const char *code);

/* Whether a token that was verified here is of a session that goes on, as far as this handle has seen: TRIPSAGE_ETOKEN. Asks the project
 * where somebody's sessions have ended since the token was made, and it is not known which ones: TRIPSAGE_EUNAVAILABLE. */
tripsage_status tripsage__project_check(tripsage_auth *auth, const tripsage_actor *actor, const char *token,
                                        size_t length, int64_t now_ms);

#endif
