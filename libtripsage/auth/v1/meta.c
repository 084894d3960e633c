/* auth/v1/meta.c: what the service says about itself, and what it has not. */
#include "auth/v1/v1.h"

/* As long as auth-js keeps them, too. */
#define CACHE_TEN_MINUTES "public, max-age=600"

tripsage_status tripsage__v1_health(tripsage__v1_call *call)
{
    TRIPSAGE__LIT(tripsage__v1_put_json(call), "{\"version\":\"\",\"name\":\"GoTrue\",\"description\":"
                                               "\"GoTrue is a user registration and authentication API\"}");
    return TRIPSAGE_OK;
}

/* Sign-up pages are built from this: which ways there are. */
tripsage_status tripsage__v1_settings(tripsage__v1_call *call)
{
    static const char *const others[] = {"apple",      "azure",    "bitbucket",     "discord", "facebook", "snapchat",
                                         "figma",      "fly",      "github",        "gitlab",  "google",   "keycloak",
                                         "kakao",      "linkedin", "linkedin_oidc", "notion",  "spotify",  "slack",
                                         "slack_oidc", "workos",   "twitch",        "twitter", "phone",    "zoom"};
    tripsage__buf *json = tripsage__v1_put_json(call);

    TRIPSAGE__LIT(json, "{\"external\":{\"anonymous_users\":true,\"email\":true");
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        tripsage__buf_printf(json, ",\"%s\":false", others[i]);
    TRIPSAGE__LIT(json, "},\"disable_signup\":false,\"mailer_autoconfirm\":");
    tripsage__buf_puts(json, call->auth->confirm_email ? "false" : "true");
    TRIPSAGE__LIT(json, ",\"phone_autoconfirm\":false,"
                        "\"sms_provider\":\"\",\"saml_enabled\":false,\"saml_private_key_next_configured\":false,"
                        "\"passkeys_enabled\":false}");
    return TRIPSAGE_OK;
}

tripsage_status tripsage__v1_jwks(tripsage__v1_call *call)
{
    tripsage_doc *keys = NULL;
    tripsage_status status = tripsage_auth_jwks(&keys, call->auth);

    if (status != TRIPSAGE_OK)
        return status;
    tripsage__v1_put_header(call, "cache-control", CACHE_TEN_MINUTES);
    tripsage__v1_put_doc(call, keys);
    return TRIPSAGE_OK;
}

/* For verifiers that find the keys by it; the endpoints of OAuth it must name are not there. */
tripsage_status tripsage__v1_openid_configuration(tripsage__v1_call *call)
{
    static const char *const endpoints[][2] = {{"authorization_endpoint", "/oauth/authorize"},
                                               {"token_endpoint", "/oauth/token"},
                                               {"jwks_uri", "/.well-known/jwks.json"},
                                               {"userinfo_endpoint", "/oauth/userinfo"},
                                               {"registration_endpoint", "/oauth/clients/register"}};
    tripsage__buf *json = tripsage__v1_put_json(call);

    tripsage__v1_put_header(call, "cache-control", CACHE_TEN_MINUTES);
    TRIPSAGE__LIT(json, "{\"issuer\":");
    tripsage__json_put_string(json, call->auth->issuer);
    for (size_t i = 0; i < sizeof endpoints / sizeof endpoints[0]; i++) {
        tripsage__buf_printf(json, ",\"%s\":", endpoints[i][0]);
        tripsage__v1_put_url(json, call, endpoints[i][1]);
    }
    TRIPSAGE__LIT(json,
                  ",\"scopes_supported\":[\"openid\",\"profile\",\"email\",\"phone\",\"offline_access\"],"
                  "\"response_types_supported\":[\"code\"],\"response_modes_supported\":[\"query\"],"
                  "\"grant_types_supported\":[\"authorization_code\",\"refresh_token\"],"
                  "\"subject_types_supported\":[\"public\"],"
                  "\"id_token_signing_alg_values_supported\":[\"RS256\",\"HS256\",\"ES256\"],"
                  "\"token_endpoint_auth_methods_supported\":[\"client_secret_basic\",\"client_secret_post\",\"none\"],"
                  "\"claims_supported\":[\"sub\",\"aud\",\"iss\",\"exp\",\"iat\",\"auth_time\",\"nonce\",\"email\","
                  "\"email_verified\",\"phone_number\",\"phone_number_verified\",\"name\",\"picture\","
                  "\"preferred_username\",\"updated_at\"],\"code_challenge_methods_supported\":[\"S256\",\"plain\"]}");
    return TRIPSAGE_OK;
}

/* ---- what there is not ---- */

tripsage_status tripsage__v1_authorize(tripsage__v1_call *call)
{
    return TRIPSAGE__V1_FAIL(call, 400, "validation_failed", "Unsupported provider: Provider %s could not be found",
                             tripsage__v1_query(call, "provider"));
}

tripsage_status tripsage__v1_no_sso(tripsage__v1_call *call)
{
    return TRIPSAGE__V1_FAIL(call, 404, "saml_provider_disabled", "SAML 2.0 is disabled");
}

tripsage_status tripsage__v1_no_linking(tripsage__v1_call *call)
{
    return TRIPSAGE__V1_FAIL(call, 404, "manual_linking_disabled", "Manual linking is disabled");
}

tripsage_status tripsage__v1_no_passkeys(tripsage__v1_call *call)
{
    return TRIPSAGE__V1_FAIL(call, 404, "passkey_disabled", "Passkeys are disabled");
}

tripsage_status tripsage__v1_no_feature(tripsage__v1_call *call)
{
    return TRIPSAGE__V1_FAIL(call, 404, "feature_disabled", "This feature is disabled");
}
