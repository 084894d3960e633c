/* auth/v1/token.c: ways to a session: signing up, and the grants of /token. */
#include <string.h>

#include "auth/v1/v1.h"

static tripsage_status by_password(tripsage__v1_call *call)
{
    const char *email = tripsage__v1_text(call, "email"), *phone = tripsage__v1_text(call, "phone");
    const char *password = tripsage__v1_text(call, "password");
    char address[TRIPSAGE__EMAIL_SIZE];
    tripsage__grant grant = {.doc = NULL};
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__v1_input(call));
    if (*email && *phone)
        return TRIPSAGE__V1_FAIL(call, 400, "validation_failed",
                                 "Only an email address or phone number should be provided on login.");
    if (!*email && !*phone)
        return TRIPSAGE__V1_FAIL(call, 400, "validation_failed", "missing email or phone");
    if (!*email)
        return TRIPSAGE__V1_FAIL(call, 422, "phone_provider_disabled", "Phone logins are disabled");
    if (!tripsage__email_normalize(email, address))
        address[0] = '\0'; /* nobody has it, which costs as much as somebody */
    TRIPSAGE_TRY(
        tripsage__sign_in(&grant, call->auth, &call->origin, address, password, TRIPSAGE__GRANT_WEAK_PASSWORD));
    tripsage__v1_put_grant(call, &grant);
out:
    return status;
}

tripsage_status tripsage__v1_token(tripsage__v1_call *call)
{
    static const struct {
        const char *name;
        tripsage__v1_handler handle;
    } grants[] = {{"password", by_password}};
    const char *type = tripsage__v1_query(call, "grant_type");

    for (size_t i = 0; i < sizeof grants / sizeof grants[0]; i++)
        if (strcmp(type, grants[i].name) == 0)
            return grants[i].handle(call);
    return TRIPSAGE__V1_FAIL(call, 400, "invalid_credentials", "unsupported_grant_type");
}
