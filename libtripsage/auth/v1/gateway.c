/* auth/v1/gateway.c: what stands in front of Supabase Auth: keys of the API, and whose call it is. */
#include <string.h>

#include "auth/v1/v1.h"
#include "base/crypto.h"

/* ---- keys ---- */

tripsage_status tripsage__v1_key_role(tripsage__v1_role *out, tripsage_auth *auth, const char *key)
{
    (void)auth;
    (void)key;
    *out = TRIPSAGE__V1_ANON;
    return TRIPSAGE_OK;
}

/* ---- the bearer ---- */

/* The text behind "Bearer ", or NULL. */
static const char *bearer_of(const char *authorization)
{
    const char *token = authorization + 7;

    if (strncmp(authorization, "Bearer ", 7) != 0 && strncmp(authorization, "bearer ", 7) != 0)
        return NULL;
    return *token && !strpbrk(token, " \t") ? token : NULL;
}

static tripsage_status refuse_token(tripsage__v1_call *call, tripsage_status status)
{
    const tripsage_error *error = tripsage_last_error();
    char why[sizeof error->message];

    if (status != TRIPSAGE_ETOKEN && status != TRIPSAGE_EEXPIRED)
        return status;
    if (error->reason[0]) {
        call->http = 403;
        return status;
    }
    memcpy(why, error->message, sizeof why);
    return TRIPSAGE__V1_FAIL(call, 403, "bad_jwt", "invalid JWT: unable to parse or verify signature, %s",
                             status == TRIPSAGE_EEXPIRED ? "token has invalid claims: token is expired" : why);
}

static tripsage_status verify_bearer(tripsage__v1_call *call)
{
    const char *token = bearer_of(tripsage__v1_header(call, "authorization"));
    tripsage_status status;

    if (!token)
        return TRIPSAGE__V1_FAIL(call, 401, "no_authorization", "This endpoint requires a valid Bearer token");
    status = tripsage_auth_verify(&call->actor, call->auth, token, strlen(token));
    return status == TRIPSAGE_OK ? TRIPSAGE_OK : refuse_token(call, status);
}

/* ---- the way in ---- */

tripsage_status tripsage__v1_enter(tripsage__v1_call *call, tripsage__v1_access access)
{
    tripsage__v1_role role;
    tripsage_status status;

    if (access == TRIPSAGE__V1_FOR_ALL)
        return TRIPSAGE_OK;
    TRIPSAGE_TRY(tripsage__v1_key_role(&role, call->auth, tripsage__v1_header(call, "apikey")));
    if (access == TRIPSAGE__V1_FOR_KEYS)
        return TRIPSAGE_OK;
    TRIPSAGE_TRY(verify_bearer(call));
    if (access == TRIPSAGE__V1_FOR_ADMINS && !tripsage_actor_is_service(call->actor))
        return TRIPSAGE__V1_FAIL(call, 403, "not_admin", "User not allowed");
out:
    return status;
}
