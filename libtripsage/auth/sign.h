/* auth/sign.h: making accounts and signing in, for both doors: the calls of tripsage/auth.h, and Supabase Auth's wire (v1/). */
#ifndef TRIPSAGE_AUTH_SIGN_H
#define TRIPSAGE_AUTH_SIGN_H

#include "auth/audit.h"
#include "auth/auth_internal.h"
#include "auth/session.h"
#include "base/json.h"

/* What signing in gives: the session as JSON, and whose it is. */
typedef struct tripsage__grant {
    tripsage_doc *doc; /* owned by whoever asked */
    char user_id[TRIPSAGE__UUID_SIZE];
    char session_id[TRIPSAGE__UUID_SIZE];
    char refresh_prefix[6]; /* of the refresh token: what logs may show of it */
    int64_t behind;         /* of a session that was carried on: by how many tokens the one given was not the last */
} tripsage__grant;

/* Beside those of account.h: the session says that its password is good enough ("weak_password": null). */
enum { TRIPSAGE__GRANT_WEAK_PASSWORD = 8 };

/* ---- the parts, for those who sign people in by other ways ---- */

/* A session from now on, authenticated by `method`. Its access token knows whole seconds only, so it ends on one. */
tripsage_status tripsage__session_begin(tripsage__session *out, const tripsage_auth *auth, const char *method);

/* The access token of a session that goes on: from now. */
void tripsage__session_renew(tripsage__session *session, const tripsage_auth *auth, int64_t now_ms);

#define TRIPSAGE__SESSION_START_PARAMS 8

/* Writes the session: an account with another password_version than the given one starts none. `params` live as long as the step. */
tripsage__step tripsage__session_start_step(tripsage__value params[TRIPSAGE__SESSION_START_PARAMS],
                                            const tripsage__account *account, const tripsage__session *session,
                                            const tripsage__origin *origin, int64_t *changes);

/* Signs the tokens and writes the document: before the session is written, so that nothing is left to fail behind it. */
tripsage_status tripsage__grant_make(tripsage__grant *out, const tripsage_auth *auth, const tripsage__account *account,
                                     const tripsage__session *session, int flags);

/* What the audit trail says of somebody who did something to his own account. */
tripsage__audit_event tripsage__account_event(const char *action, const tripsage__account *account,
                                              const tripsage__origin *origin);

/* ---- the ways ---- */

/* Of RFC 7636; NULLs without. */
typedef struct tripsage__pkce {
    const char *challenge, *method; /* "s256" or "plain" */
} tripsage__pkce;

/* Somebody new. Without an address he is a guest. Texts are borrowed. */
typedef struct tripsage__newcomer {
    const char *email; /* normalized; NULL: none */
    const char *password;
    const char *full_name;      /* NULL, or becomes part of the data */
    const tripsage__json *data; /* an object, or NULL */
    tripsage__pkce pkce;        /* of the mail that he is asked to confirm his address with, */
    const char *redirect_to;    /* and of its link, as tripsage__mailer_redirect gives it; NULL: the site */
} tripsage__newcomer;

/* His account before it is written. */
typedef struct tripsage__draft {
    tripsage__account account; /* its texts are the ones below */
    char id[TRIPSAGE__UUID_SIZE], identity[TRIPSAGE__UUID_SIZE], hash[TRIPSAGE__PASSWORD_HASH_SIZE];
    tripsage__buf metadata, identity_data;
} tripsage__draft;

#define TRIPSAGE__DRAFT_PARAMS 15 /* of account_insert */
#define TRIPSAGE__DRAFT_INIT                                                                                           \
    {                                                                                                                  \
        .metadata = TRIPSAGE__BUF_INIT(TRIPSAGE__ACCOUNT_METADATA_MAX + 1),                                            \
        .identity_data = TRIPSAGE__BUF_INIT(TRIPSAGE__ACCOUNT_METADATA_MAX + 1)                                        \
    }

/* Stays where it is made. `confirmed`: his address is taken to be his. Hashes the password, if there is one. */
tripsage_status tripsage__draft_make(tripsage__draft *draft, tripsage_auth *auth, const tripsage__newcomer *who,
                                     int confirmed);
void tripsage__draft_params(tripsage__value params[TRIPSAGE__DRAFT_PARAMS], const tripsage__draft *draft);
void tripsage__draft_free(tripsage__draft *draft);

/* Signs him in, where addresses need no confirmation. With TRIPSAGE__USER_UNREAD the answer is Supabase Auth's own, which has not read
 * again what it wrote. TRIPSAGE_EEXISTS with reason "user_already_exists".
 *
 * Where they do need it, he gets a mail, and the document is the user alone ({"user": ...} with TRIPSAGE__USER_NATIVE), with no session.
 * Where the address has an account already it is somebody made up: natively he looks like everybody new, and Supabase Auth's clients know
 * him by having no identity. TRIPSAGE_ERATELIMITED ("over_email_send_rate_limit"), TRIPSAGE_ENOTSUP (no mail can be sent). */
tripsage_status tripsage__sign_up(tripsage__grant *out, tripsage_auth *auth, const tripsage__origin *origin,
                                  const tripsage__newcomer *who, int flags);

/* TRIPSAGE_ECREDENTIALS ("invalid_credentials"), TRIPSAGE_EFORBIDDEN ("user_banned", "email_not_confirmed"). */
tripsage_status tripsage__sign_in(tripsage__grant *out, tripsage_auth *auth, const tripsage__origin *origin,
                                  const char *email, const char *password, int flags);

/* Carries a session on. TRIPSAGE_EINVALID ("validation_failed"), TRIPSAGE_ETOKEN ("refresh_token_not_found", "refresh_token_already_used",
 * "session_expired"), TRIPSAGE_EFORBIDDEN ("user_banned"). */
tripsage_status tripsage__sign_on(tripsage__grant *out, tripsage_auth *auth, const tripsage__origin *origin,
                                  const char *refresh_token, int flags);

#endif
