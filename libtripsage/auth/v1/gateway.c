/* auth/v1/gateway.c: what stands in front of Supabase Auth: keys of the API, and whose call it is.
 *
 * A key stands in the header `apikey`, or in the parameter of that name, or in their place as a bearer. It says which role the program has; a
 * user's access token, as the bearer, says who he is. */
#include <string.h>

#include "auth/v1/v1.h"

/* A failure of the gateway's own has no code. */
#define REFUSE(call, ...) TRIPSAGE__V1_FAIL(call, 401, "", __VA_ARGS__)

/* ---- keys ---- */

static int is_key(const tripsage__api_key *key, const unsigned char digest[TRIPSAGE__SHA256_SIZE])
{
    return key->is_set && tripsage__equal_constant_time(key->digest, digest, TRIPSAGE__SHA256_SIZE);
}

tripsage_status tripsage__v1_key_role(tripsage__v1_role *out, tripsage_auth *auth, const char *key)
{
    unsigned char digest[TRIPSAGE__SHA256_SIZE];
    tripsage_status status = tripsage__sha256(digest, key, strlen(key));

    *out = TRIPSAGE__V1_NOBODY;
    if (status != TRIPSAGE_OK || !*key)
        return status;
    if (is_key(&auth->service_key, digest))
        *out = TRIPSAGE__V1_SERVICE;
    else if (is_key(&auth->public_key, digest))
        *out = TRIPSAGE__V1_ANON;
    return TRIPSAGE_OK;
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

/* The role of the key; without any key configured, everybody may come in. */
static tripsage_status check_key(tripsage__v1_call *call, tripsage__v1_role *role)
{
    const char *key = key_of(call);
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__v1_input(call));
    TRIPSAGE_TRY(tripsage__v1_key_role(role, call->auth, key));
    if (*role == TRIPSAGE__V1_NOBODY && (call->auth->public_key.is_set || call->auth->service_key.is_set))
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

/* What is wrong with a token is 403 here, for whatever reason. */
static tripsage_status refuse_token(tripsage__v1_call *call, tripsage_status status)
{
    if (status != TRIPSAGE_ETOKEN && status != TRIPSAGE_EEXPIRED)
        return status;
    call->http = 403;
    if (!tripsage_last_error()->reason[0])
        tripsage__error_reason("bad_jwt");
    return status;
}

/* The role behind the bearer: a key's, or that of a token, which brings its actor. A new key as the bearer says no more than the one in
 * `apikey`: supabase-js sends it in both places. */
static tripsage_status check_bearer(tripsage__v1_call *call, tripsage__v1_role *role)
{
    const char *bearer = bearer_of(call);
    tripsage_status status;

    if (*role != TRIPSAGE__V1_NOBODY &&
        (!*tripsage__v1_header(call, "authorization") || (bearer && strncmp(bearer, "sb_", 3) == 0)))
        return TRIPSAGE_OK;
    if (!bearer)
        return TRIPSAGE__V1_FAIL(call, 401, "no_authorization", "This endpoint requires a valid Bearer token");
    TRIPSAGE_TRY(tripsage__v1_key_role(role, call->auth, bearer));
    if (*role == TRIPSAGE__V1_NOBODY)
        TRIPSAGE_TRY(refuse_token(call, tripsage_auth_verify(&call->actor, call->auth, bearer, strlen(bearer))));
out:
    return status;
}

/* ---- the way in ---- */

static tripsage_status enter_as_user(tripsage__v1_call *call)
{
    if (!call->actor || tripsage_actor_is_service(call->actor))
        return TRIPSAGE__V1_FAIL(call, 403, "bad_jwt", "invalid claim: missing sub claim");
    return TRIPSAGE_OK;
}

static tripsage_status enter_as_admin(tripsage__v1_call *call, tripsage__v1_role role)
{
    if (role == TRIPSAGE__V1_SERVICE)
        return tripsage_actor_service(&call->actor);
    if (!call->actor || !tripsage_actor_is_service(call->actor))
        return TRIPSAGE__V1_FAIL(call, 403, "not_admin", "User not allowed");
    return TRIPSAGE_OK;
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
