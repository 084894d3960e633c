/* auth/v1/token.c: ways to a session: signing up, and the grants of /token. */
#include <string.h>

#include "auth/v1/v1.h"

/* ---- signing up ---- */

static tripsage_status sign_up(tripsage__v1_call *call, const tripsage__newcomer *who)
{
    tripsage__grant grant;
    tripsage_status status = tripsage__sign_up(&grant, call->auth, &call->origin, who, TRIPSAGE__USER_UNREAD);

    if (status == TRIPSAGE_OK)
        tripsage__v1_put_grant(call, &grant);
    return status;
}

tripsage_status tripsage__v1_signup(tripsage__v1_call *call)
{
    const char *email = tripsage__v1_text(call, "email"), *phone = tripsage__v1_text(call, "phone");
    const char *password = tripsage__v1_text(call, "password");
    char address[TRIPSAGE__EMAIL_SIZE];
    tripsage__newcomer who = {.data = tripsage__v1_object(call, "data")};
    tripsage__v1_pkce pkce;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__v1_input(call));
    if (!*email && !*phone)
        return sign_up(call, &who);
    if (!*password)
        return TRIPSAGE__V1_FAIL(call, 400, "validation_failed", "Signup requires a valid password");
    TRIPSAGE_TRY(tripsage__v1_check_password(call, password, email));
    if (*email && *phone)
        return TRIPSAGE__V1_FAIL(call, 400, "validation_failed",
                                 "Only an email address or phone number should be provided on signup.");
    TRIPSAGE_TRY(tripsage__v1_pkce_read(call, &pkce));
    if (*phone)
        return TRIPSAGE__V1_FAIL(call, 400, "phone_provider_disabled", "Phone signups are disabled");
    TRIPSAGE_TRY(tripsage__v1_email(call, email, address));
    who.email = address;
    who.password = password;
    who.pkce = (tripsage__pkce){pkce.challenge, pkce.method};
    who.redirect_to = tripsage__v1_redirect(call);
    status = sign_up(call, &who);
out:
    return status;
}

/* ---- grants ---- */

static tripsage_status by_password(tripsage__v1_call *call)
{
    const char *email = tripsage__v1_text(call, "email"), *phone = tripsage__v1_text(call, "phone");
    const char *password = tripsage__v1_text(call, "password");
    char address[TRIPSAGE__EMAIL_SIZE];
    tripsage__grant grant;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__v1_input(call));
    if (*email && *phone)
        return TRIPSAGE__V1_FAIL(call, 400, "validation_failed",
                                 "Only an email address or phone number should be provided on login.");
    if (!*email && !*phone)
        return TRIPSAGE__V1_FAIL(call, 400, "validation_failed", "missing email or phone");
    if (*phone)
        return TRIPSAGE__V1_FAIL(call, 422, "phone_provider_disabled", "Phone logins are disabled");
    if (!tripsage__email_normalize(email, address))
        address[0] = '\0'; /* nobody has it: the same work and the same answer as for any unknown one */
    if (strlen(password) > TRIPSAGE__PASSWORD_BYTES_MAX)
        password = ""; /* nobody has that either */
    TRIPSAGE_TRY(
        tripsage__sign_in(&grant, call->auth, &call->origin, address, password, TRIPSAGE__GRANT_WEAK_PASSWORD));
    tripsage__v1_put_grant(call, &grant);
out:
    return status;
}

/* How the token given compares with the last one, for the logs of proxies: the words of Supabase Auth. */
static void put_reuse(tripsage__v1_call *call, int64_t behind)
{
    tripsage__v1_put_header(call, "sb-auth-refresh-token-reuse", behind ? "true" : "false");
    if (behind)
        tripsage__v1_put_header(call, "sb-auth-refresh-token-reuse-cause",
                                behind == 1 ? "fail-to-save" : "concurrent-refresh");
}

static tripsage_status by_refresh_token(tripsage__v1_call *call)
{
    const char *token = tripsage__v1_text(call, "refresh_token");
    tripsage__grant grant;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__v1_input(call));
    TRIPSAGE_TRY(tripsage__sign_on(&grant, call->auth, &call->origin, token, 0));
    put_reuse(call, grant.behind);
    tripsage__v1_put_grant(call, &grant);
out:
    return status;
}

static tripsage_status by_id_token(tripsage__v1_call *call)
{
    return TRIPSAGE__V1_FAIL(call, 400, "validation_failed", "Sign-in with another provider's ID token is not enabled");
}

static tripsage_status by_web3(tripsage__v1_call *call)
{
    return TRIPSAGE__V1_FAIL(call, 422, "web3_provider_disabled", "Web3 provider is disabled");
}

tripsage_status tripsage__v1_token(tripsage__v1_call *call)
{
    static const struct {
        const char *name;
        tripsage__v1_handler handle;
    } grants[] = {{"password", by_password},
                  {"refresh_token", by_refresh_token},
                  {"pkce", tripsage__v1_token_pkce},
                  {"id_token", by_id_token},
                  {"web3", by_web3}};
    const char *type = tripsage__v1_query(call, "grant_type");

    for (size_t i = 0; i < sizeof grants / sizeof grants[0]; i++)
        if (strcmp(type, grants[i].name) == 0)
            return grants[i].handle(call);
    return TRIPSAGE__V1_FAIL(call, 400, "invalid_credentials", "unsupported_grant_type");
}
