/* auth/reasons.c: see reasons.h. */
#include "auth/reasons.h"

#include <string.h>

static const tripsage__reason reasons[] = {
    {"bad_code_verifier", 400, TRIPSAGE_ECREDENTIALS, NULL},
    {"bad_json", 400, TRIPSAGE_EMALFORMED, NULL},
    {"email_address_invalid", 400, TRIPSAGE_EINVALID, "/email"},
    {"email_address_not_authorized", 400, TRIPSAGE_EINVALID, "/email"},
    {"email_not_confirmed", 400, TRIPSAGE_EFORBIDDEN, NULL},
    {"invalid_credentials", 400, TRIPSAGE_ECREDENTIALS, NULL},
    {"phone_not_confirmed", 400, TRIPSAGE_EFORBIDDEN, NULL},
    {"reauthentication_needed", 400, TRIPSAGE_EINVALID, NULL},
    {"refresh_token_already_used", 400, TRIPSAGE_ETOKEN, NULL},
    {"refresh_token_not_found", 400, TRIPSAGE_ETOKEN, NULL},
    {"session_expired", 400, TRIPSAGE_ETOKEN, NULL},
    {"user_banned", 400, TRIPSAGE_EFORBIDDEN, NULL},
    {"validation_failed", 400, TRIPSAGE_EINVALID, NULL},
    {"insufficient_aal", 401, TRIPSAGE_EFORBIDDEN, NULL},
    {"no_authorization", 401, TRIPSAGE_EUNAUTHENTICATED, NULL},
    {"no_authorization", 403, TRIPSAGE_EFORBIDDEN, NULL}, /* a guest */
    {"bad_jwt", 403, TRIPSAGE_ETOKEN, NULL},
    {"not_admin", 403, TRIPSAGE_EFORBIDDEN, NULL},
    {"otp_expired", 403, TRIPSAGE_ETOKEN, NULL},
    {"session_not_found", 403, TRIPSAGE_ETOKEN, NULL},
    {"feature_disabled", 404, TRIPSAGE_ENOTFOUND, NULL},
    {"flow_state_not_found", 404, TRIPSAGE_ENOTFOUND, NULL},
    {"manual_linking_disabled", 404, TRIPSAGE_ENOTFOUND, NULL},
    {"mfa_factor_not_found", 404, TRIPSAGE_ENOTFOUND, NULL},
    {"mfa_factor_not_found", 422, TRIPSAGE_ECREDENTIALS, NULL}, /* of the challenge that was answered */
    {"passkey_disabled", 404, TRIPSAGE_ENOTFOUND, NULL},
    {"saml_provider_disabled", 404, TRIPSAGE_ENOTFOUND, NULL},
    {"user_not_found", 404, TRIPSAGE_ENOTFOUND, NULL},
    {"conflict", 409, TRIPSAGE_ECONFLICT, NULL},
    {"request_entity_too_large", 413, TRIPSAGE_ETOOLARGE, NULL},
    {"anonymous_provider_disabled", 422, TRIPSAGE_EFORBIDDEN, NULL},
    {"email_exists", 422, TRIPSAGE_EEXISTS, NULL},
    {"email_provider_disabled", 422, TRIPSAGE_EFORBIDDEN, NULL},
    {"flow_state_expired", 422, TRIPSAGE_EEXPIRED, NULL},
    {"identity_already_exists", 422, TRIPSAGE_EEXISTS, NULL},
    {"identity_not_found", 422, TRIPSAGE_ENOTFOUND, NULL},
    {"mfa_challenge_expired", 422, TRIPSAGE_EEXPIRED, NULL},
    {"mfa_factor_name_conflict", 422, TRIPSAGE_EEXISTS, NULL},
    {"mfa_ip_address_mismatch", 422, TRIPSAGE_ECREDENTIALS, NULL},
    {"mfa_verification_failed", 422, TRIPSAGE_ECREDENTIALS, NULL},
    {"otp_disabled", 422, TRIPSAGE_EINVALID, NULL},
    {"phone_exists", 422, TRIPSAGE_EEXISTS, NULL},
    {"phone_provider_disabled", 422, TRIPSAGE_EFORBIDDEN, NULL},
    {"reauthentication_not_valid", 422, TRIPSAGE_EINVALID, NULL},
    {"same_password", 422, TRIPSAGE_EINVALID, "/password"},
    {"signup_disabled", 422, TRIPSAGE_EFORBIDDEN, NULL},
    {"single_identity_not_deletable", 422, TRIPSAGE_EINVALID, NULL},
    {"sms_send_failed", 422, TRIPSAGE_EINVALID, NULL},
    {"too_many_enrolled_mfa_factors", 422, TRIPSAGE_ELIMIT, NULL},
    {"user_already_exists", 422, TRIPSAGE_EEXISTS, NULL},
    {"weak_password", 422, TRIPSAGE_EINVALID, "/password"},
    {"web3_provider_disabled", 422, TRIPSAGE_EFORBIDDEN, NULL},
    {"over_email_send_rate_limit", 429, TRIPSAGE_ERATELIMITED, NULL},
    {"over_request_rate_limit", 429, TRIPSAGE_ERATELIMITED, NULL},
    {"over_sms_send_rate_limit", 429, TRIPSAGE_ERATELIMITED, NULL},
};

const tripsage__reason *tripsage__reason_find(const char *code, int http)
{
    const tripsage__reason *found = NULL;

    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (strcmp(reasons[i].code, code) != 0)
            continue;
        if (!http || reasons[i].http == http)
            return &reasons[i];
        if (!found)
            found = &reasons[i];
    }
    return found;
}
