/* auth/v1/input.c: what came in: members of the body, parameters, headers; read as Supabase Auth reads them. */
#include <string.h>
#include <strings.h>

#include "auth/password_rules.h"
#include "auth/v1/v1.h"
#include "base/memory.h"

/* ---- the body ---- */

#define CANNOT_PARSE "Could not parse request body as JSON: "

int tripsage__v1_has_body(const tripsage__v1_call *call)
{
    return call->request->body && call->request->length > 0;
}

static tripsage_status parse(tripsage__v1_call *call)
{
    char why[256];
    tripsage_status status;

    if (!tripsage__v1_has_body(call))
        return TRIPSAGE__V1_FAIL(call, 400, "bad_json", CANNOT_PARSE "unexpected end of JSON input");
    status = tripsage__json_parse(&call->body, call->request->body, call->request->length);
    if (status == TRIPSAGE_EMALFORMED) {
        memcpy(why, tripsage_last_error()->message, sizeof why);
        return TRIPSAGE__V1_FAIL(call, 400, "bad_json", CANNOT_PARSE "%s", why);
    }
    if (status == TRIPSAGE_OK && !tripsage__json_is_object(call->body) && !tripsage__json_is_null(call->body))
        return TRIPSAGE__V1_FAIL(call, 400, "bad_json", CANNOT_PARSE "expected an object");
    return status;
}

const tripsage__json *tripsage__v1_member(tripsage__v1_call *call, const char *name)
{
    const tripsage__json *member;

    if (call->failed == TRIPSAGE_OK && !call->body)
        call->failed = parse(call);
    if (call->failed != TRIPSAGE_OK)
        return NULL;
    member = tripsage__json_member(call->body, name);
    return tripsage__json_is_null(member) ? NULL : member;
}

static void refuse(tripsage__v1_call *call, const char *name, const char *expected)
{
    call->failed = TRIPSAGE__V1_FAIL(call, 400, "bad_json", CANNOT_PARSE "%s must be %s", name, expected);
}

const char *tripsage__v1_text(tripsage__v1_call *call, const char *name)
{
    const tripsage__json *member = tripsage__v1_member(call, name);

    if (!member)
        return "";
    if (tripsage__json_is_string(member))
        return tripsage__json_text(member);
    refuse(call, name, "a string");
    return "";
}

int tripsage__v1_bool(tripsage__v1_call *call, const char *name, int fallback)
{
    const tripsage__json *member = tripsage__v1_member(call, name);

    if (!member)
        return fallback;
    if (!tripsage__json_is_bool(member))
        refuse(call, name, "true or false");
    return tripsage__json_true(member);
}

const tripsage__json *tripsage__v1_object(tripsage__v1_call *call, const char *name)
{
    const tripsage__json *member = tripsage__v1_member(call, name);

    if (!member || tripsage__json_is_object(member))
        return member;
    refuse(call, name, "an object");
    return NULL;
}

tripsage_status tripsage__v1_input(const tripsage__v1_call *call)
{
    return call->failed;
}

/* ---- parameters and headers ---- */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* In place; what is no escape stays as it stands. A NUL ends the value, as it would end it everywhere else. */
static void decode(char *text)
{
    char *to = text;

    for (const char *from = text; *from; from++) {
        int high = *from == '%' ? hex_digit(from[1]) : -1, low = high >= 0 ? hex_digit(from[2]) : -1;

        if (low >= 0) {
            *to++ = (char)(high << 4 | low);
            from += 2;
        } else {
            *to++ = *from == '+' ? ' ' : *from;
        }
    }
    *to = '\0';
}

static void split_query(tripsage__v1_call *call)
{
    char *at = call->query;

    while (at && *at && call->query_count < TRIPSAGE__V1_QUERY_MAX) {
        char *name = at, *value = strchr(at, '=');

        at = strchr(name, '&');
        if (at)
            *at++ = '\0';
        if (value && (!at || value < at))
            *value++ = '\0';
        else
            value = name + strlen(name);
        decode(name);
        decode(value);
        if (!tripsage__utf8_valid(name, strlen(name)) || !tripsage__utf8_valid(value, strlen(value)))
            continue; /* can be none that is known, and must not come back in a message */
        call->query_name[call->query_count] = name;
        call->query_value[call->query_count++] = value;
    }
}

const char *tripsage__v1_query(tripsage__v1_call *call, const char *name)
{
    if (!call->query && call->request->query && *call->request->query) {
        call->query = tripsage__strdup(call->request->query);
        if (!call->query && call->failed == TRIPSAGE_OK)
            call->failed = TRIPSAGE_NOMEM();
        split_query(call);
    }
    for (size_t i = 0; i < call->query_count; i++)
        if (strcmp(call->query_name[i], name) == 0)
            return call->query_value[i];
    return "";
}

const char *tripsage__v1_header(const tripsage__v1_call *call, const char *name)
{
    const tripsage_auth_request *request = call->request;
    const char *value = request->header ? request->header(request->context, name) : NULL;

    return value ? value : "";
}

/* ---- values with rules ---- */

tripsage_status tripsage__v1_email(tripsage__v1_call *call, const char *text, char out[TRIPSAGE__EMAIL_SIZE])
{
    if (!tripsage__email_normalize(text, out))
        return TRIPSAGE__V1_FAIL(call, 400, "validation_failed", "Unable to validate email address: invalid format");
    return TRIPSAGE_OK;
}

/* 72 bytes: what bcrypt looks at, so that accounts can be taken along to Supabase. */
#define PASSWORD_MAX 72

tripsage_status tripsage__v1_check_password(tripsage__v1_call *call, const char *password, const char *email)
{
    char advice[TRIPSAGE__PASSWORD_ADVICE_SIZE];

    if (strlen(password) > PASSWORD_MAX)
        return TRIPSAGE__V1_FAIL(call, 400, "validation_failed", "Password cannot be longer than %d characters",
                                 PASSWORD_MAX);
    call->weakness = tripsage__password_weakness(password, call->auth->password_min, email && *email ? email : NULL);
    if (!call->weakness)
        return TRIPSAGE_OK;
    if (call->weakness &
        TRIPSAGE__WEAK_LENGTH) /* a longer one is another one: what else is wrong with this one is no advice */
        call->weakness = TRIPSAGE__WEAK_LENGTH;
    tripsage__password_advice(advice, call->weakness, call->auth->password_min);
    return TRIPSAGE__V1_FAIL(call, 422, "weak_password", "%s", advice);
}

tripsage_status tripsage__v1_pkce_read(tripsage__v1_call *call, tripsage__v1_pkce *out)
{
    const char *challenge = tripsage__v1_text(call, "code_challenge");
    const char *method = tripsage__v1_text(call, "code_challenge_method");
    size_t length = strlen(challenge);

    *out = (tripsage__v1_pkce){NULL, NULL};
    if (call->failed != TRIPSAGE_OK || (!*challenge && !*method))
        return call->failed;
    if (!*challenge || !*method)
        return TRIPSAGE__V1_FAIL(call, 400, "validation_failed",
                                 "PKCE flow requires code_challenge_method and code_challenge");
    if (length < 43 || length > 128) /* RFC 7636, 4.1 */
        return TRIPSAGE__V1_FAIL(call, 400, "validation_failed",
                                 "code challenge has to be between %d and %d characters", 43, 128);
    if (strspn(challenge, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~-") != length)
        return TRIPSAGE__V1_FAIL(call, 400, "validation_failed",
                                 "code challenge can only contain alphanumeric characters, hyphens, periods, "
                                 "underscores and tildes");
    out->challenge = challenge;
    out->method = strcasecmp(method, "s256") == 0 ? "s256" : strcasecmp(method, "plain") == 0 ? "plain" : NULL;
    if (!out->method)
        return TRIPSAGE__V1_FAIL(call, 400, "validation_failed", "invalid code challenge method: %s", method);
    return TRIPSAGE_OK;
}
