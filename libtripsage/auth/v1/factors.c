/* auth/v1/factors.c: second factors: the caller's own, and for administrators those of others. Recovery codes are ours: Supabase Auth has
 * none. */
#include "auth/factors.h"

#include <string.h>

#include "auth/v1/v1.h"

/* Takes an id from the path. */
static tripsage_status read_id(tripsage__v1_call *call, size_t param, const char *name, char id[TRIPSAGE__UUID_SIZE])
{
    if (!tripsage__uuid_parse(call->param[param], id))
        return TRIPSAGE__V1_FAIL(call, 404, "validation_failed", "%s must be an UUID", name);
    return TRIPSAGE_OK;
}

/* The HTTP status of a refusal, which one reason has several of. */
static tripsage_status as_http(tripsage__v1_call *call, tripsage_status status, tripsage_status refusal, int http)
{
    if (status == refusal)
        call->http = http;
    return status;
}

/* ---- enrolment ---- */

/* Without an issuer the app shows the host. */
static const char *host_of(const char *origin, char out[TRIPSAGE__FACTOR_ISSUER_MAX + 1])
{
    const char *host = origin ? strstr(origin, "://") : NULL;
    size_t length;

    host = host ? host + 3 : "localhost";
    length = strcspn(host, "/");
    if (length > TRIPSAGE__FACTOR_ISSUER_MAX)
        length = TRIPSAGE__FACTOR_ISSUER_MAX;
    memcpy(out, host, length);
    out[length] = '\0';
    return out;
}

static tripsage_status check_type(tripsage__v1_call *call, const char *type)
{
    if (strcmp(type, "totp") == 0)
        return TRIPSAGE_OK;
    if (strcmp(type, "phone") == 0)
        return TRIPSAGE__V1_FAIL(call, 422, "mfa_phone_enroll_not_enabled", "MFA enroll is disabled for Phone");
    if (strcmp(type, "webauthn") == 0)
        return TRIPSAGE__V1_FAIL(call, 422, "mfa_webauthn_enroll_not_enabled", "MFA enroll is disabled for WebAuthn");
    return TRIPSAGE__V1_FAIL(call, 400, "validation_failed", "factor_type needs to be totp, phone, or webauthn");
}

/* A character has four bytes at most. */
static tripsage_status read_name(tripsage__v1_call *call, const char **name)
{
    *name = tripsage__v1_text(call, "friendly_name");
    if (strlen(*name) > 4 * TRIPSAGE__FACTOR_NAME_MAX)
        return TRIPSAGE__V1_FAIL(call, 400, "validation_failed", "friendly_name has at most %d characters",
                                 TRIPSAGE__FACTOR_NAME_MAX);
    return tripsage__v1_input(call);
}

tripsage_status tripsage__v1_factor_enroll(tripsage__v1_call *call)
{
    const char *type = tripsage__v1_text(call, "factor_type"), *issuer = tripsage__v1_text(call, "issuer"), *name;
    char host[TRIPSAGE__FACTOR_ISSUER_MAX + 1];
    tripsage_doc *doc;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__v1_input(call));
    TRIPSAGE_TRY(check_type(call, type));
    TRIPSAGE_TRY(read_name(call, &name));
    if (strlen(issuer) > TRIPSAGE__FACTOR_ISSUER_MAX)
        return TRIPSAGE__V1_FAIL(call, 400, "validation_failed", "issuer has at most %d bytes",
                                 TRIPSAGE__FACTOR_ISSUER_MAX);
    if (!*issuer)
        issuer = host_of(call->request->origin, host);
    TRIPSAGE_TRY(as_http(call, tripsage__factor_enroll(&doc, call->auth, call->actor, &call->origin, name, issuer),
                         TRIPSAGE_EFORBIDDEN, 403));
    tripsage__v1_put_doc(call, doc);
out:
    return status;
}

tripsage_status tripsage__v1_factor_unenroll(tripsage__v1_call *call)
{
    char id[TRIPSAGE__UUID_SIZE];
    tripsage__buf *json;
    tripsage_status status;

    TRIPSAGE_TRY(read_id(call, 0, "factor_id", id));
    TRIPSAGE_TRY(as_http(call, tripsage__factor_unenroll(call->auth, call->actor, id), TRIPSAGE_EFORBIDDEN, 422));
    json = tripsage__v1_put_json(call);
    TRIPSAGE__LIT(json, "{\"id\":");
    tripsage__json_put_string(json, id);
    tripsage__buf_putc(json, '}');
out:
    return status;
}

/* ---- codes ---- */

tripsage_status tripsage__v1_factor_challenge(tripsage__v1_call *call)
{
    char id[TRIPSAGE__UUID_SIZE];
    tripsage_doc *doc;
    tripsage_status status;

    TRIPSAGE_TRY(read_id(call, 0, "factor_id", id));
    TRIPSAGE_TRY(tripsage__factor_challenge(&doc, call->auth, call->actor, &call->origin, id));
    tripsage__v1_put_doc(call, doc);
out:
    return status;
}

tripsage_status tripsage__v1_factor_verify(tripsage__v1_call *call)
{
    const char *given = tripsage__v1_text(call, "challenge_id"), *code = tripsage__v1_text(call, "code");
    char id[TRIPSAGE__UUID_SIZE], challenge[TRIPSAGE__UUID_SIZE];
    tripsage__grant grant;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__v1_input(call));
    TRIPSAGE_TRY(read_id(call, 0, "factor_id", id));
    if (!tripsage__uuid_parse(given, challenge))
        return TRIPSAGE__V1_FAIL(call, 422, "mfa_factor_not_found",
                                 "MFA factor with the provided challenge ID not found");
    TRIPSAGE_TRY(
        as_http(call, tripsage__factor_verify(&grant, call->auth, call->actor, &call->origin, id, challenge, code, 0),
                TRIPSAGE_ECREDENTIALS, 422));
    tripsage__v1_put_grant(call, &grant);
out:
    return status;
}

tripsage_status tripsage__v1_recovery_codes(tripsage__v1_call *call)
{
    tripsage_doc *doc;
    tripsage_status status = tripsage__recovery_codes_make(&doc, call->auth, call->actor);

    if (status == TRIPSAGE_OK)
        tripsage__v1_put_doc(call, doc);
    return as_http(call, status, TRIPSAGE_EFORBIDDEN, 403);
}

tripsage_status tripsage__v1_recovery_verify(tripsage__v1_call *call)
{
    const char *code = tripsage__v1_text(call, "code");
    tripsage__grant grant;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__v1_input(call));
    TRIPSAGE_TRY(as_http(call, tripsage__recovery_code_use(&grant, call->auth, call->actor, &call->origin, code, 0),
                         TRIPSAGE_ECREDENTIALS, 422));
    tripsage__v1_put_grant(call, &grant);
out:
    return status;
}

/* ---- of others ---- */

static tripsage_status read_ids(tripsage__v1_call *call, char user[TRIPSAGE__UUID_SIZE],
                                char factor[TRIPSAGE__UUID_SIZE])
{
    tripsage_status status = read_id(call, 0, "user_id", user);

    return status == TRIPSAGE_OK ? read_id(call, 1, "factor_id", factor) : status;
}

tripsage_status tripsage__v1_admin_factors(tripsage__v1_call *call)
{
    char user[TRIPSAGE__UUID_SIZE];
    tripsage_status status = read_id(call, 0, "user_id", user);

    return status == TRIPSAGE_OK ? tripsage__factor_list(tripsage__v1_put_json(call), call->auth, user) : status;
}

tripsage_status tripsage__v1_admin_factor_delete(tripsage__v1_call *call)
{
    char user[TRIPSAGE__UUID_SIZE], factor[TRIPSAGE__UUID_SIZE];
    tripsage_status status;

    TRIPSAGE_TRY(read_ids(call, user, factor));
    status = tripsage__factor_delete(tripsage__v1_put_json(call), call->auth, user, factor);
out:
    return status;
}

tripsage_status tripsage__v1_admin_factor_put(tripsage__v1_call *call)
{
    char user[TRIPSAGE__UUID_SIZE], factor[TRIPSAGE__UUID_SIZE];
    const char *name;
    tripsage_status status;

    TRIPSAGE_TRY(read_name(call, &name));
    TRIPSAGE_TRY(read_ids(call, user, factor));
    status = tripsage__factor_rename(tripsage__v1_put_json(call), call->auth, user, factor, name);
out:
    return status;
}
