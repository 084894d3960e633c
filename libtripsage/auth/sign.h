/* auth/sign.h: making accounts and signing in, for both doors: the calls of tripsage/auth.h, and Supabase Auth's wire (v1/). */
#ifndef TRIPSAGE_AUTH_SIGN_H
#define TRIPSAGE_AUTH_SIGN_H

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

/* ---- the ways ---- */

/* Somebody new. Without an address he is a guest. Texts are borrowed. */
typedef struct tripsage__newcomer {
    const char *email; /* normalized; NULL: none */
    const char *password;
    const char *full_name;      /* NULL, or becomes part of the data */
    const tripsage__json *data; /* an object, or NULL */
} tripsage__newcomer;

/* With TRIPSAGE__USER_UNREAD the answer is Supabase Auth's own, which has not read again what it wrote.
 * TRIPSAGE_EEXISTS with reason "user_already_exists". */
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
