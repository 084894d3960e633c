/* auth/v1/v1.h: Supabase Auth's wire: what its endpoints share.
 *
 * An endpoint is a row of the table in router.c, and a handler in the file of its group. Who may call it was checked before (gateway.c). It
 * reads what it needs, asks once whether all of it could be read, calls the room, and writes its answer:
 *
 *     tripsage_status tripsage__v1_token_password(tripsage__v1_call *call)
 *     {
 *         const char *email = tripsage__v1_text(call, "email"), *password = tripsage__v1_text(call, "password");
 *         tripsage__grant grant;
 *         tripsage_status status;
 *
 *         TRIPSAGE_TRY(tripsage__v1_input(call));
 *         if (!*email)
 *             return TRIPSAGE__V1_FAIL(call, 400, "validation_failed", "missing email or phone");
 *         TRIPSAGE_TRY(tripsage__sign_in(&grant, call->auth, &call->origin, email, password, 0));
 *         tripsage__v1_put_grant(call, &grant);
 *     out:
 *         return status;
 *     }
 *
 * A handler that fails returns its status, and the router makes the answer of the error that was recorded. One that writes nothing answers
 * 200 and {}. */
#ifndef TRIPSAGE_AUTH_V1_V1_H
#define TRIPSAGE_AUTH_V1_V1_H

#include <tripsage/auth_serve.h>

#include "auth/auth_internal.h"
#include "auth/session.h"
#include "auth/sign.h"
#include "base/buf.h"
#include "base/json.h"
#include "http/http.h"

/* Who is calling, by the key of the API and the bearer token. */
typedef enum tripsage__v1_role {
    TRIPSAGE__V1_NOBODY = 0, /* no key that is known */
    TRIPSAGE__V1_ANON = 1,
    TRIPSAGE__V1_SERVICE = 2
} tripsage__v1_role;

/* /admin/users/{id}/factors/{factor}: no path has more. A longer part than an id is none that is known. */
#define TRIPSAGE__V1_PARAMS_MAX 2
#define TRIPSAGE__V1_PARAM_SIZE 64

/* More than any endpoint looks at; a request with more parameters is none of a client's. */
#define TRIPSAGE__V1_QUERY_MAX 32

typedef struct tripsage__v1_call {
    tripsage_auth *auth;
    const tripsage_auth_request *request;
    tripsage_auth_response *answer;
    tripsage__origin origin; /* where the request comes from, as sessions keep it */

    tripsage_actor *actor; /* of endpoints for users: who; of those for admins: the service role */
    char param[TRIPSAGE__V1_PARAMS_MAX][TRIPSAGE__V1_PARAM_SIZE]; /* of the path, in its order */

    /* Errors. */
    int http;          /* status of the failure, where the endpoint has one of its own; 0: what its reason stands for */
    unsigned weakness; /* of a password that was refused as weak */
    tripsage_status failed; /* of the first value that could not be read */

    /* Input, read when it is first asked for. */
    tripsage__json *body;
    char *query; /* decoded; owns the names and values */
    const char *query_name[TRIPSAGE__V1_QUERY_MAX], *query_value[TRIPSAGE__V1_QUERY_MAX];
    size_t query_count;
} tripsage__v1_call;

/* ---- errors.c ---- */

/* Records a failure by the HTTP status, code and words of Supabase Auth; gives a status to return. */
#define TRIPSAGE__V1_FAIL(call, status_code, code, ...)                                                                \
    ((call)->http = (status_code), TRIPSAGE_FAIL_REASON(tripsage__http_meaning(status_code), (code), __VA_ARGS__))

/* Makes the answer of a failure: of what was recorded last. */
void tripsage__v1_put_error(tripsage__v1_call *call, tripsage_status status);

/* ---- input.c: what came in ----
 *
 * Unknown members and parameters are ignored. An absent or null value reads as the empty one. */

/* Borrowed from the call. A member of another type is a failure, told by tripsage__v1_input. */
const char *tripsage__v1_text(tripsage__v1_call *call, const char *name); /* "" */
int tripsage__v1_bool(tripsage__v1_call *call, const char *name, int fallback);
const tripsage__json *tripsage__v1_object(tripsage__v1_call *call, const char *name); /* NULL */
const tripsage__json *tripsage__v1_member(tripsage__v1_call *call,
                                          const char *name); /* of any type; NULL also for null */

/* Whether the request has a body at all: where it is optional, ask before anything is read. */
int tripsage__v1_has_body(const tripsage__v1_call *call);

/* TRIPSAGE_OK, or the first failure of the above ("bad_json"). */
tripsage_status tripsage__v1_input(const tripsage__v1_call *call);

/* A parameter of the query, decoded; "". */
const char *tripsage__v1_query(tripsage__v1_call *call, const char *name);

/* A header field of the request; "". */
const char *tripsage__v1_header(const tripsage__v1_call *call, const char *name);

/* The address in the form it is kept in: TRIPSAGE_EINVALID ("validation_failed") for what is none. */
tripsage_status tripsage__v1_email(tripsage__v1_call *call, const char *text, char out[TRIPSAGE__EMAIL_SIZE]);

/* Whether a password may be set: "validation_failed" when it is too long, "weak_password". `email` is that of whoever it is for; "" or
 * NULL: none. */
tripsage_status tripsage__v1_check_password(tripsage__v1_call *call, const char *password, const char *email);

/* `code_challenge` and `code_challenge_method` of the body: both or none. The method is "s256" or "plain". */
typedef struct tripsage__v1_pkce {
    const char *challenge, *method; /* NULL: none */
} tripsage__v1_pkce;
tripsage_status tripsage__v1_pkce_read(tripsage__v1_call *call, tripsage__v1_pkce *out);

/* ---- gateway.c: who may ---- */

/* What a key of the API may; TRIPSAGE__V1_NOBODY for a text that is none. */
tripsage_status tripsage__v1_key_role(tripsage__v1_role *out, tripsage_auth *auth, const char *key);

typedef enum tripsage__v1_access {
    TRIPSAGE__V1_FOR_ALL = 0,   /* links out of mails, and what anybody may read */
    TRIPSAGE__V1_FOR_KEYS = 1,  /* with a key of the API */
    TRIPSAGE__V1_FOR_USERS = 2, /* with the access token of a user as well */
    TRIPSAGE__V1_FOR_ADMINS = 3 /* with the service role's key or token as well */
} tripsage__v1_access;

/* Lets the call through, with its actor, or says why not. */
tripsage_status tripsage__v1_enter(tripsage__v1_call *call, tripsage__v1_access access);

/* ---- answer.c: what goes out ----
 *
 * Writers remember their first failure; the router looks once. */

void tripsage__v1_put_status(tripsage__v1_call *call, int http);
/* `name` is static and in lower case. Values are our own: no line breaks. */
void tripsage__v1_put_header(tripsage__v1_call *call, const char *name, const char *value);
/* Where to write JSON to. */
tripsage__buf *tripsage__v1_put_json(tripsage__v1_call *call);
/* The document's text; frees it. */
void tripsage__v1_put_doc(tripsage__v1_call *call, tripsage_doc *doc);
/* The headers that tell about a session, which people find in the logs of a proxy; none where there is no session. */
void tripsage__v1_put_grant_headers(tripsage__v1_call *call, const tripsage__grant *grant);
/* A session with its headers; frees its document. */
void tripsage__v1_put_grant(tripsage__v1_call *call, tripsage__grant *grant);
/* The URL of an endpoint, as clients reach it, as a JSON string. */
void tripsage__v1_put_url(tripsage__buf *json, const tripsage__v1_call *call, const char *path);
/* Another media type than JSON. */
void tripsage__v1_put_text(tripsage__v1_call *call, const char *type, const char *text);
/* 303 See Other. */
void tripsage__v1_put_redirect(tripsage__v1_call *call, const char *url);

/* ---- forward.c ---- */

/* Has the Supabase project answer. TRIPSAGE_EUNAVAILABLE and TRIPSAGE_ETIMEOUT where it does not. */
tripsage_status tripsage__v1_forward(tripsage__v1_call *call);

/* ---- handlers, by their files ---- */

typedef tripsage_status (*tripsage__v1_handler)(tripsage__v1_call *call);

/* meta.c */
tripsage_status tripsage__v1_health(tripsage__v1_call *call);
tripsage_status tripsage__v1_settings(tripsage__v1_call *call);
tripsage_status tripsage__v1_jwks(tripsage__v1_call *call);
tripsage_status tripsage__v1_openid_configuration(tripsage__v1_call *call);
tripsage_status tripsage__v1_authorize(tripsage__v1_call *call);
tripsage_status tripsage__v1_no_sso(tripsage__v1_call *call);
tripsage_status tripsage__v1_no_linking(tripsage__v1_call *call);
tripsage_status tripsage__v1_no_passkeys(tripsage__v1_call *call);
tripsage_status tripsage__v1_no_feature(tripsage__v1_call *call);

/* token.c */
tripsage_status tripsage__v1_signup(tripsage__v1_call *call);
tripsage_status tripsage__v1_token(tripsage__v1_call *call);

/* user.c */
tripsage_status tripsage__v1_user_get(tripsage__v1_call *call);
tripsage_status tripsage__v1_user_put(tripsage__v1_call *call);
tripsage_status tripsage__v1_logout(tripsage__v1_call *call);

/* admin.c */
tripsage_status tripsage__v1_admin_users(tripsage__v1_call *call);
tripsage_status tripsage__v1_admin_user_create(tripsage__v1_call *call);
tripsage_status tripsage__v1_admin_user_get(tripsage__v1_call *call);
tripsage_status tripsage__v1_admin_user_put(tripsage__v1_call *call);
tripsage_status tripsage__v1_admin_user_delete(tripsage__v1_call *call);
tripsage_status tripsage__v1_admin_audit(tripsage__v1_call *call);
tripsage_status tripsage__v1_admin_generate_link(tripsage__v1_call *call);
tripsage_status tripsage__v1_invite(tripsage__v1_call *call);

/* factors.c */
tripsage_status tripsage__v1_factor_enroll(tripsage__v1_call *call);
tripsage_status tripsage__v1_factor_unenroll(tripsage__v1_call *call);
tripsage_status tripsage__v1_factor_challenge(tripsage__v1_call *call);
tripsage_status tripsage__v1_factor_verify(tripsage__v1_call *call);
tripsage_status tripsage__v1_recovery_codes(tripsage__v1_call *call);
tripsage_status tripsage__v1_recovery_verify(tripsage__v1_call *call);
tripsage_status tripsage__v1_admin_factors(tripsage__v1_call *call);
tripsage_status tripsage__v1_admin_factor_delete(tripsage__v1_call *call);
tripsage_status tripsage__v1_admin_factor_put(tripsage__v1_call *call);

/* mail.c */
tripsage_status tripsage__v1_recover(tripsage__v1_call *call);
tripsage_status tripsage__v1_otp(tripsage__v1_call *call);
tripsage_status tripsage__v1_magiclink(tripsage__v1_call *call);
tripsage_status tripsage__v1_resend(tripsage__v1_call *call);
tripsage_status tripsage__v1_reauthenticate(tripsage__v1_call *call);
tripsage_status tripsage__v1_verify_post(tripsage__v1_call *call);
tripsage_status tripsage__v1_verify_get(tripsage__v1_call *call);
tripsage_status tripsage__v1_token_pkce(tripsage__v1_call *call); /* of /token, grant_type=pkce */
/* Where a link in a mail, or one that was followed, is to lead in the end. */
const char *tripsage__v1_redirect(tripsage__v1_call *call);

#endif
