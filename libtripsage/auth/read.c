/* auth/read.c: the members that several calls of tripsage/auth.h take. */
#include "auth/read.h"

#include <string.h>

#include "auth/redirect.h"

/* 100 characters: a name as people write it on a booking. */
#define NAME_MAX_CHARACTERS 100

tripsage_status tripsage__read_client(tripsage__origin *out, const tripsage_auth_client *client)
{
    *out = (tripsage__origin){.address = NULL};
    if (!client)
        return TRIPSAGE_OK;
    if (client->version != 1)
        return TRIPSAGE_FAIL_FIELD("#client", "version is %u; start from TRIPSAGE_AUTH_CLIENT_INIT", client->version);
    *out = tripsage__origin_of(client->address, client->user_agent);
    return TRIPSAGE_OK;
}

tripsage__found tripsage__read_email(tripsage__reader *r, int required, char out[TRIPSAGE__EMAIL_SIZE])
{
    const char *text;
    tripsage__found found = tripsage__read_text(r, "email", required, 1, TRIPSAGE__EMAIL_SIZE - 1, &text);

    if (found == TRIPSAGE__PRESENT && !tripsage__email_normalize(text, out)) {
        tripsage__reader_complain(r, "email", "expected an e-mail address such as name@example.com");
        return TRIPSAGE__BAD;
    }
    return found;
}

tripsage__found tripsage__read_profile(tripsage__reader *r, const char **full_name, const tripsage__json **data)
{
    tripsage__read_object(r, "data", TRIPSAGE__OPTIONAL, TRIPSAGE__ACCOUNT_DATA_MAX, data);
    return tripsage__read_text(r, "full_name", TRIPSAGE__OPTIONAL, 1, NAME_MAX_CHARACTERS, full_name);
}

void tripsage__read_link(tripsage__reader *r, tripsage__pkce *pkce, const char **redirect_to)
{
    static const char *const methods[] = {"s256", "plain", NULL};
    static const char characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    tripsage__found challenge = tripsage__read_text(r, "code_challenge", TRIPSAGE__OPTIONAL, TRIPSAGE__CHALLENGE_MIN,
                                                    TRIPSAGE__CHALLENGE_MAX, &pkce->challenge);
    tripsage__found method =
        tripsage__read_word(r, "code_challenge_method", TRIPSAGE__OPTIONAL, methods, &pkce->method);

    if (challenge == TRIPSAGE__PRESENT && pkce->challenge[strspn(pkce->challenge, characters)])
        tripsage__reader_complain(r, "code_challenge", "expected letters, digits and -._~ (RFC 7636)");
    if ((challenge == TRIPSAGE__ABSENT) != (method == TRIPSAGE__ABSENT))
        tripsage__reader_complain(r, "code_challenge", "expected together with code_challenge_method");
    tripsage__read_text(r, "redirect_to", TRIPSAGE__OPTIONAL, 1, TRIPSAGE__REDIRECT_MAX, redirect_to);
}
