/* auth/v1/gateway.c: what stands in front of Supabase Auth: keys of the API, and whose call it is.
 *
 * A key stands in the header `apikey`, or in the parameter of that name, or in their place as a bearer. It says which role the
 * program has; a user's access token, as the bearer, says who he is. */
#include <string.h>

#include "auth/v1/v1.h"
#include "base/crypto.h"

/* A failure of the gateway's own has no code. */
#define REFUSE(call, ...) TRIPSAGE__V1_FAIL(call, 401, "", __VA_ARGS__)

/* ---- keys ---- */

/* A key of the older kind is a token. */
static tripsage_status read_token_key(tripsage__v1_role *out, tripsage_auth *auth, const char *key)
{
    int is_service = 0;
    tripsage_status status = tripsage__auth_project_key(&is_service, auth, key, strlen(key));

    if (status == TRIPSAGE_OK)
        *out = is_service ? TRIPSAGE__V1_SERVICE : TRIPSAGE__V1_ANON;
    return status;
}

/* A scoped key is no key of a gateway: it is for the trips of one user. */
static tripsage_status read_key(tripsage__v1_role *out, tripsage_auth *auth, const char *key)
{
    tripsage_actor *actor = NULL;
    const char *role = "";
    tripsage_status status = tripsage_auth_key_verify(&actor, &role, auth, key, strlen(key));

    if (status == TRIPSAGE_OK && strcmp(role, "service_role") == 0)
        *out = TRIPSAGE__V1_SERVICE;
    else if (status == TRIPSAGE_OK && strcmp(role, "anon") == 0)
        *out = TRIPSAGE__V1_ANON;
    tripsage_actor_free(actor);
    return status;
}

static int is_token(const char *text)
{
    return strncmp(text, "eyJ", 3) == 0;
}

tripsage_status tripsage__v1_key_role(tripsage__v1_role *out, tripsage_auth *auth, const char *key)
{
    tripsage_status status = TRIPSAGE_ETOKEN;

    *out = TRIPSAGE__V1_NOBODY;
    if (is_token(key))
        status = read_token_key(out, auth, key);
    if (status == TRIPSAGE_ETOKEN && *key) /* one that others signed may be among the options */
        status = read_key(out, auth, key);
    return status == TRIPSAGE_ETOKEN || status == TRIPSAGE_EEXPIRED ? TRIPSAGE_OK : status;
}

/* Somebody who put a secret key into a web page finds out before others do. */
static int is_secret_in_browser(const tripsage__v1_call *call, const char *key)
{
    return strncmp(key, "sb_secret_", 10) == 0 && strstr(tripsage__v1_header(call, "user-agent"), "Mozilla/") != NULL;
}

static const char *key_of(tripsage__v1_call *call)
{
    const char *key = tripsage__v1_header(call, "apikey");

    return *key ? key : tripsage__v1_query(call, "apikey");
}

/* The role of the key. */
static tripsage_status check_key(tripsage__v1_call *call, tripsage__v1_role *role)
{
    const char *key = key_of(call);
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__v1_input(call));
    TRIPSAGE_TRY(tripsage__v1_key_role(role, call->auth, key));
    if (*role == TRIPSAGE__V1_NOBODY && call->auth->require_api_key)
        return REFUSE(call, "%s", *key ? "Invalid authentication credentials" : "No API key found in request");
    if (*role == TRIPSAGE__V1_SERVICE && is_secret_in_browser(call, key))
        return REFUSE(call, "Forbidden use of secret API key in browser");
out:
    return status;
}

/* ---- the bearer ---- */

/* The text behind "Bearer ", or NULL. */
static const char *bearer_of(const tripsage__v1_call *call)
{
    const char *value = tripsage__v1_header(call, "authorization");

    if (strncmp(value, "Bearer ", 7) != 0 && strncmp(value, "bearer ", 7) != 0)
        return NULL;
    return value[7] && !strpbrk(value + 7, " \t") ? value + 7 : NULL;
}

/* What is wrong with a token is 403, with one exception that Supabase Auth makes. */
static tripsage_status refuse_token(tripsage__v1_call *call, tripsage_status status)
{
    int names_nobody = strcmp(tripsage_last_error()->message, "invalid claim: sub claim must be a UUID") == 0;

    if (status == TRIPSAGE_ETOKEN || status == TRIPSAGE_EEXPIRED)
        call->http = names_nobody ? 400 : 403;
    return status;
}

/* Whether a bearer is a token that names a user, which no key does: to look for it among the keys would be a read of the store. */
static int names_user(const char *bearer)
{
    char claims[TRIPSAGE__TOKEN_MAX];
    const char *payload = is_token(bearer) ? strchr(bearer, '.') : NULL;
    int64_t size =
        payload ? tripsage__base64url_decode(claims, sizeof claims - 1, payload + 1, strcspn(payload + 1, ".")) : -1;

    if (size < 0)
        return 0;
    claims[size] = '\0';
    return strstr(claims, "\"sub\"") != NULL;
}

/* The role behind the bearer: a key's, or that of a token, which brings its actor. A new key as the bearer says no more than the one in
 * `apikey`: supabase-js sends it in both places. */
static tripsage_status check_bearer(tripsage__v1_call *call, tripsage__v1_role *role)
{
    const char *bearer = bearer_of(call);
    tripsage_status status = TRIPSAGE_OK;

    if (*role != TRIPSAGE__V1_NOBODY &&
        (!*tripsage__v1_header(call, "authorization") || (bearer && strncmp(bearer, "sb_", 3) == 0)))
        return TRIPSAGE_OK;
    if (!bearer)
        return TRIPSAGE__V1_FAIL(call, 401, "no_authorization", "This endpoint requires a valid Bearer token");
    *role = TRIPSAGE__V1_NOBODY;
    if (!names_user(bearer))
        TRIPSAGE_TRY(tripsage__v1_key_role(role, call->auth, bearer));
    if (*role == TRIPSAGE__V1_NOBODY)
        TRIPSAGE_TRY(refuse_token(call, tripsage_auth_verify(&call->actor, call->auth, bearer, strlen(bearer))));
out:
    return status;
}

/* ---- the way in ---- */

static tripsage_status enter_as_user(tripsage__v1_call *call)
{
    if (!call->actor)
        return TRIPSAGE__V1_FAIL(call, 403, "bad_jwt", "invalid claim: missing sub claim");
    return TRIPSAGE_OK;
}

static tripsage_status enter_as_admin(tripsage__v1_call *call, tripsage__v1_role role)
{
    if (role == TRIPSAGE__V1_SERVICE)
        return tripsage_actor_service(&call->actor);
    return TRIPSAGE__V1_FAIL(call, 403, "not_admin", "User not allowed");
}

tripsage_status tripsage__v1_enter(tripsage__v1_call *call, tripsage__v1_access access)
{
    tripsage__v1_role role;
    tripsage_status status;

    if (access == TRIPSAGE__V1_FOR_ALL)
        return TRIPSAGE_OK;
    TRIPSAGE_TRY(check_key(call, &role));
    if (access == TRIPSAGE__V1_FOR_KEYS)
        return TRIPSAGE_OK;
    TRIPSAGE_TRY(check_bearer(call, &role));
    status = access == TRIPSAGE__V1_FOR_USERS ? enter_as_user(call) : enter_as_admin(call, role);
out:
    return status;
}
