/* auth/v1/errors.c: failures as Supabase Auth tells them. */
#include "auth/v1/answer.h"

#include <stdio.h>
#include <string.h>

#include "auth/password_rules.h"
#include "auth/reasons.h"

/* ---- what is told ---- */

struct told {
    int http;
    const char *code, *message;
};

/* A failure the room tells by its status only. What went wrong inside is for the log; that it did is the client's to know, who may come
 * again. */
static struct told tell_plain(tripsage_status status, const tripsage_error *error)
{
    switch (status) {
    case TRIPSAGE_EMALFORMED:
        return (struct told){400, "bad_json", error->message};
    case TRIPSAGE_EINVALID:
        return (struct told){400, "validation_failed", error->field_count ? error->fields[0].message : error->message};
    case TRIPSAGE_ETOOLARGE:
        return (struct told){413, "request_entity_too_large", error->message};
    case TRIPSAGE_ETOKEN:
    case TRIPSAGE_EEXPIRED:
        return (struct told){403, "bad_jwt", error->message};
    case TRIPSAGE_ERATELIMITED:
        return (struct told){429, "over_request_rate_limit", error->message};
    case TRIPSAGE_EBUSY:
    case TRIPSAGE_ENOMEM:
    case TRIPSAGE_EUNAVAILABLE:
    case TRIPSAGE_EUNKNOWN:
        return (struct told){503, "unexpected_failure", "The service is busy, please try again"};
    case TRIPSAGE_ETIMEOUT:
        return (struct told){504, "request_timeout", "Processing this request timed out, please retry after a moment."};
    default:
        return (struct told){500, "unexpected_failure",
                             "Unexpected failure, please check server logs for more information"};
    }
}

static struct told tell(const tripsage__v1_call *call, tripsage_status status)
{
    const tripsage_error *error = tripsage_last_error();
    const tripsage__reason *reason = tripsage__reason_find(error->reason, 0);

    if (call->http)
        return (struct told){call->http, error->reason, error->message};
    return reason ? (struct told){reason->http, error->reason, error->message} : tell_plain(status, error);
}

/* ---- in which form ---- */

#define VERSION "2024-01-01"

/* Dates are compared as text; what is none asks for the form of before. */
static int asks_for_new_form(const tripsage__v1_call *call)
{
    static const char form[] = "0000-00-00";
    const char *given = tripsage__v1_header(call, "x-supabase-api-version");

    if (strlen(given) != sizeof form - 1)
        return 0;
    for (size_t i = 0; i < sizeof form - 1; i++)
        if (form[i] == '-' ? given[i] != '-' : given[i] < '0' || given[i] > '9')
            return 0;
    return strcmp(given, VERSION) >= 0;
}

/* What somebody sent may stand in it, and an error has room for so much: a character may have been cut in two. */
static void put_message(tripsage__buf *json, const char *message)
{
    size_t length = strlen(message);

    while (length > 0 && !tripsage__utf8_valid(message, length))
        length--;
    tripsage__json_put_stringn(json, message, length);
}

static void put_weakness(tripsage__buf *json, const tripsage__v1_call *call)
{
    if (!call->weakness)
        return;
    TRIPSAGE__LIT(json, ",\"weak_password\":{\"reasons\":");
    tripsage__password_put_reasons(json, call->weakness);
    tripsage__buf_putc(json, '}');
}

static void put_body(tripsage__buf *json, const tripsage__v1_call *call, const struct told *told)
{
    if (!told->code[0]) { /* the gateway's own */
        TRIPSAGE__LIT(json, "{\"message\":");
        put_message(json, told->message);
    } else if (asks_for_new_form(call)) {
        TRIPSAGE__LIT(json, "{\"code\":");
        tripsage__json_put_string(json, told->code);
        TRIPSAGE__LIT(json, ",\"message\":");
        put_message(json, told->message);
    } else {
        TRIPSAGE__LIT(json, "{\"code\":");
        tripsage__buf_int(json, told->http);
        TRIPSAGE__LIT(json, ",\"error_code\":");
        tripsage__json_put_string(json, told->code);
        TRIPSAGE__LIT(json, ",\"msg\":");
        put_message(json, told->message);
    }
    put_weakness(json, call);
    tripsage__buf_putc(json, '}');
}

/* RFC 9110, 10.2.3: when a limit has room again. */
static void put_retry_after(tripsage__v1_call *call, int http)
{
    char seconds[16];

    if (http != 429 || !tripsage_last_error()->retry_after_s)
        return;
    snprintf(seconds, sizeof seconds, "%u", (unsigned)tripsage_last_error()->retry_after_s);
    tripsage__v1_put_header(call, "retry-after", seconds);
}

void tripsage__v1_put_error(tripsage__v1_call *call, tripsage_status status)
{
    const struct told told = tell(call, status);

    tripsage__v1_answer_clear(call->answer);
    tripsage__v1_put_status(call, told.http);
    put_retry_after(call, told.http);
    if (told.code[0])
        tripsage__v1_put_header(call, "x-sb-error-code", told.code);
    if (asks_for_new_form(call)) /* auth-js reads the code only where this is there */
        tripsage__v1_put_header(call, "x-supabase-api-version", VERSION);
    put_body(tripsage__v1_put_json(call), call, &told);
}
