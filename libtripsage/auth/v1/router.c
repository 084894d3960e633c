/* auth/v1/router.c: from a request to its endpoint and back: the table of all endpoints, and the call that serves them. */
#include <string.h>

#include "auth/v1/answer.h"
#include "base/memory.h"

/* ---- the table ---- */

#define ALL    TRIPSAGE__V1_FOR_ALL
#define KEYS   TRIPSAGE__V1_FOR_KEYS
#define USERS  TRIPSAGE__V1_FOR_USERS
#define ADMINS TRIPSAGE__V1_FOR_ADMINS

/* {} is one part of any text, which the handler finds in call->param; * is the rest of the path, and any method. */
static const struct endpoint {
    const char *method, *path;
    tripsage__v1_access access;
    tripsage__v1_handler handle;
} endpoints[] = {
    /* meta.c */
    {"GET", "/health", KEYS, tripsage__v1_health},
    {"GET", "/settings", KEYS, tripsage__v1_settings},
    {"GET", "/.well-known/jwks.json", ALL, tripsage__v1_jwks},
    {"GET", "/.well-known/openid-configuration", ALL, tripsage__v1_openid_configuration},
    {"GET", "/authorize", ALL, tripsage__v1_authorize},
    {"POST", "/sso", KEYS, tripsage__v1_no_sso},
    {"GET", "/user/identities/authorize", USERS, tripsage__v1_no_linking},
    {"DELETE", "/user/identities/{}", USERS, tripsage__v1_no_linking},
    {"*", "/passkeys*", KEYS, tripsage__v1_no_passkeys},
    {"*", "/oauth/*", KEYS, tripsage__v1_no_feature},
    {"*", "/scim/*", KEYS, tripsage__v1_no_feature},
    {"*", "/admin/oauth/*", ADMINS, tripsage__v1_no_feature},
    {"*", "/admin/sso/*", ADMINS, tripsage__v1_no_feature},
    {"*", "/admin/custom-providers*", ADMINS, tripsage__v1_no_feature},

    /* token.c */
    {"POST", "/signup", KEYS, tripsage__v1_signup},
    {"POST", "/token", KEYS, tripsage__v1_token},

    /* user.c */
    {"GET", "/user", USERS, tripsage__v1_user_get},
    {"PUT", "/user", USERS, tripsage__v1_user_put},
    {"POST", "/logout", USERS, tripsage__v1_logout},

    /* factors.c */
    {"POST", "/factors/recovery-codes", USERS, tripsage__v1_recovery_codes},
    {"POST", "/factors/recovery-codes/verify", USERS, tripsage__v1_recovery_verify},
    {"POST", "/factors", USERS, tripsage__v1_factor_enroll},
    {"DELETE", "/factors/{}", USERS, tripsage__v1_factor_unenroll},
    {"POST", "/factors/{}/challenge", USERS, tripsage__v1_factor_challenge},
    {"POST", "/factors/{}/verify", USERS, tripsage__v1_factor_verify},
    {"GET", "/admin/users/{}/factors", ADMINS, tripsage__v1_admin_factors},
    {"DELETE", "/admin/users/{}/factors/{}", ADMINS, tripsage__v1_admin_factor_delete},
    {"PUT", "/admin/users/{}/factors/{}", ADMINS, tripsage__v1_admin_factor_put},

    /* admin.c */
    {"GET", "/admin/users", ADMINS, tripsage__v1_admin_users},
    {"POST", "/admin/users", ADMINS, tripsage__v1_admin_user_create},
    {"GET", "/admin/users/{}", ADMINS, tripsage__v1_admin_user_get},
    {"PUT", "/admin/users/{}", ADMINS, tripsage__v1_admin_user_put},
    {"DELETE", "/admin/users/{}", ADMINS, tripsage__v1_admin_user_delete},
    {"GET", "/admin/audit", ADMINS, tripsage__v1_admin_audit},
    {"POST", "/admin/generate_link", ADMINS, tripsage__v1_admin_generate_link},
    {"POST", "/invite", ADMINS, tripsage__v1_invite},

    /* mail.c */
    {"POST", "/recover", KEYS, tripsage__v1_recover},
    {"POST", "/otp", KEYS, tripsage__v1_otp},
    {"POST", "/magiclink", KEYS, tripsage__v1_magiclink},
    {"POST", "/resend", KEYS, tripsage__v1_resend},
    {"POST", "/verify", ALL, tripsage__v1_verify_post},
    {"GET", "/verify", ALL, tripsage__v1_verify_get},
    {"GET", "/reauthenticate", USERS, tripsage__v1_reauthenticate},
};

#define ENDPOINTS (sizeof endpoints / sizeof endpoints[0])

/* ---- matching ---- */

/* Whether the path is of this form; keeps its parts. A slash at the end changes nothing. */
static int matches(tripsage__v1_call *call, const char *form, const char *path)
{
    size_t param = 0;

    while (*form && *path) {
        size_t length = strcspn(path, "/");

        if (*form == '*')
            return 1;
        if (*form != '{') {
            if (*form++ != *path++)
                return 0;
            continue;
        }
        if (length == 0 || length >= TRIPSAGE__V1_PARAM_SIZE)
            return 0;
        memcpy(call->param[param], path, length);
        call->param[param++][length] = '\0';
        path += length;
        form += 2;
    }
    return (!*form || *form == '*') && (!*path || strcmp(path, "/") == 0);
}

/* The endpoint; or NULL, and the methods the path is known with: "" when it is not known. */
static const struct endpoint *find(tripsage__v1_call *call, tripsage__buf *allowed)
{
    for (size_t i = 0; i < ENDPOINTS; i++) {
        if (!matches(call, endpoints[i].path, call->request->path))
            continue;
        if (endpoints[i].method[0] == '*' || strcmp(endpoints[i].method, call->request->method) == 0)
            return &endpoints[i];
        if (allowed->size)
            TRIPSAGE__LIT(allowed, ", ");
        tripsage__buf_puts(allowed, endpoints[i].method);
    }
    return NULL;
}

/* ---- serving ---- */

/* What a router answers itself. */
static tripsage_status miss(tripsage__v1_call *call, const char *allowed)
{
    tripsage_status status = TRIPSAGE_OK;

    if (strcmp(call->request->method, "OPTIONS") == 0) {
        tripsage__v1_put_status(call, 204);
        return TRIPSAGE_OK;
    }
    TRIPSAGE_TRY(tripsage__v1_enter(call, KEYS));
    if (*allowed) {
        tripsage__v1_put_status(call, 405);
        tripsage__v1_put_header(call, "allow", allowed);
    } else {
        tripsage__v1_put_status(call, 404);
        tripsage__v1_put_text(call, "text/plain; charset=utf-8", "404 page not found\n");
    }
out:
    return status;
}

static tripsage_status answer(tripsage__v1_call *call)
{
    tripsage__buf allowed = TRIPSAGE__BUF_INIT(64);
    const struct endpoint *endpoint = find(call, &allowed);
    tripsage_status status;

    tripsage__v1_put_header(call, "cache-control", "no-store");
    if (!endpoint) {
        status = miss(call, allowed.data ? allowed.data : "");
    } else if (call->request->length > TRIPSAGE__JSON_INPUT_MAX) {
        status = TRIPSAGE__V1_FAIL(call, 413, "request_entity_too_large", "Request body too large (max %zu bytes)",
                                   TRIPSAGE__JSON_INPUT_MAX);
    } else {
        TRIPSAGE_TRY(tripsage__v1_enter(call, endpoint->access));
        TRIPSAGE_TRY(endpoint->handle(call));
        if (call->answer->http == 200 && call->answer->body.size == 0)
            TRIPSAGE__LIT(tripsage__v1_put_json(call), "{}");
        status = tripsage__buf_status(&call->answer->body);
    }
out:
    tripsage__buf_free(&allowed);
    return status;
}

static void end_call(tripsage__v1_call *call)
{
    tripsage_actor_free(call->actor);
    tripsage__json_free(call->body);
    tripsage__free(call->query);
}

tripsage_status tripsage_auth_serve(tripsage_auth_response **out, tripsage_auth *auth,
                                    const tripsage_auth_request *request)
{
    tripsage__v1_call call = {.auth = auth, .request = request};
    tripsage_status status;

    *out = NULL;
    if (request->version != 1)
        return TRIPSAGE_FAIL_FIELD("#request", "version is %u; start from TRIPSAGE_AUTH_REQUEST_INIT",
                                   request->version);
    if (!request->method || !request->path)
        return TRIPSAGE_FAIL_FIELD("#request", "method and path must be given");
    call.answer = tripsage__v1_answer_new();
    if (!call.answer)
        return TRIPSAGE_NOMEM();
    call.origin =
        tripsage__origin_of(request->address, request->header ? request->header(request->context, "user-agent") : NULL);
    status = auth->supabase ? tripsage__v1_forward(&call) : answer(&call);
    if (status != TRIPSAGE_OK)
        tripsage__v1_put_error(&call, status);
    end_call(&call);
    if (call.answer->failed != TRIPSAGE_OK || call.answer->body.failed != TRIPSAGE_OK) {
        tripsage_auth_response_free(call.answer);
        return TRIPSAGE_NOMEM();
    }
    *out = call.answer;
    return TRIPSAGE_OK;
}
