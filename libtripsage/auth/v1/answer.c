/* auth/v1/answer.c: what goes out: the response, and its writers. */
#include "auth/v1/answer.h"

#include <string.h>

#include "base/crypto.h"
#include "base/doc.h"
#include "base/memory.h"

/* ---- the response ---- */

tripsage_auth_response *tripsage__v1_answer_new(void)
{
    tripsage_auth_response *answer = tripsage__calloc(1, sizeof *answer);

    if (answer) {
        answer->http = 200;
        answer->body.ceiling = TRIPSAGE__BUF_DOCUMENT;
    }
    return answer;
}

int tripsage_auth_response_status(const tripsage_auth_response *response)
{
    return response->http;
}

int tripsage_auth_response_header(const tripsage_auth_response *response, size_t index, const char **name,
                                  const char **value)
{
    if (index >= response->header_count)
        return 0;
    *name = response->headers[index].name;
    *value = response->headers[index].value;
    return 1;
}

const char *tripsage_auth_response_body(const tripsage_auth_response *response, size_t *length)
{
    if (length)
        *length = response->body.size;
    return response->body.data ? response->body.data : "";
}

/* A redirect's Location holds tokens, too. */
static void drop_header(tripsage__v1_header_field *field)
{
    tripsage__wipe(field->value, strlen(field->value));
    tripsage__free(field->value);
}

static void drop_body(tripsage_auth_response *answer)
{
    if (answer->body.data)
        tripsage__wipe(answer->body.data, answer->body.size);
    tripsage__buf_free(&answer->body);
    answer->body.failed = TRIPSAGE_OK;
}

void tripsage__v1_answer_clear(tripsage_auth_response *answer)
{
    for (size_t i = 0; i < answer->header_count; i++)
        drop_header(&answer->headers[i]);
    answer->header_count = 0;
    answer->http = 200;
    drop_body(answer);
}

void tripsage_auth_response_free(tripsage_auth_response *response)
{
    if (!response)
        return;
    tripsage__v1_answer_clear(response);
    tripsage__free(response);
}

/* ---- writers ---- */

/* What browsers and proxies take. */
#define URL_MAX ((size_t)8 * 1024)

void tripsage__v1_put_status(tripsage__v1_call *call, int http)
{
    call->answer->http = http;
}

void tripsage__v1_put_header(tripsage__v1_call *call, const char *name, const char *value)
{
    tripsage_auth_response *answer = call->answer;
    char *copy = tripsage__strdup(value);
    size_t at = 0;

    while (at < answer->header_count && strcmp(answer->headers[at].name, name) != 0)
        at++;
    if (!copy || at == TRIPSAGE__V1_HEADERS_MAX) {
        answer->failed = TRIPSAGE_ENOMEM;
        tripsage__free(copy);
        return;
    }
    if (at < answer->header_count)
        drop_header(&answer->headers[at]);
    else
        answer->header_count++;
    answer->headers[at] = (tripsage__v1_header_field){name, copy};
}

tripsage__buf *tripsage__v1_put_json(tripsage__v1_call *call)
{
    tripsage__v1_put_header(call, "content-type", "application/json");
    return &call->answer->body;
}

void tripsage__v1_put_doc(tripsage__v1_call *call, tripsage_doc *doc)
{
    size_t length;
    const char *json = tripsage_doc_json(doc, &length);

    tripsage__buf_put(tripsage__v1_put_json(call), json, length);
    tripsage_doc_free(doc);
}

void tripsage__v1_put_grant_headers(tripsage__v1_call *call, const tripsage__grant *grant)
{
    if (!grant->session_id[0])
        return;
    tripsage__v1_put_header(call, "sb-auth-user-id", grant->user_id);
    tripsage__v1_put_header(call, "sb-auth-session-id", grant->session_id);
    tripsage__v1_put_header(call, "sb-auth-refresh-token-prefix", grant->refresh_prefix);
}

void tripsage__v1_put_grant(tripsage__v1_call *call, tripsage__grant *grant)
{
    tripsage__v1_put_grant_headers(call, grant);
    tripsage__v1_put_doc(call, grant->doc);
    grant->doc = NULL;
}

void tripsage__v1_put_url(tripsage__buf *json, const tripsage__v1_call *call, const char *path)
{
    const char *origin = call->request->origin ? call->request->origin : "http://localhost";
    tripsage__buf url = TRIPSAGE__BUF_INIT(URL_MAX);
    size_t length = strlen(origin);

    while (length > 0 && origin[length - 1] == '/')
        length--;
    tripsage__buf_put(&url, origin, length);
    TRIPSAGE__LIT(&url, "/auth/v1");
    tripsage__buf_puts(&url, path);
    if (url.failed != TRIPSAGE_OK)
        call->answer->failed = TRIPSAGE_ENOMEM;
    else
        tripsage__json_put_stringn(json, url.data, url.size);
    tripsage__buf_free(&url);
}

void tripsage__v1_put_text(tripsage__v1_call *call, const char *type, const char *text)
{
    tripsage__v1_put_header(call, "content-type", type);
    tripsage__v1_put_header(call, "x-content-type-options", "nosniff");
    tripsage__buf_puts(&call->answer->body, text);
}

static void put_html(tripsage__buf *buf, const char *text)
{
    for (; *text; text++)
        if (*text == '&')
            TRIPSAGE__LIT(buf, "&amp;");
        else if (*text == '<')
            TRIPSAGE__LIT(buf, "&lt;");
        else if (*text == '>')
            TRIPSAGE__LIT(buf, "&gt;");
        else if (*text == '"')
            TRIPSAGE__LIT(buf, "&#34;");
        else if (*text == '\'')
            TRIPSAGE__LIT(buf, "&#39;");
        else
            tripsage__buf_putc(buf, *text);
}

void tripsage__v1_put_redirect(tripsage__v1_call *call, const char *url)
{
    tripsage__buf *body = &call->answer->body;

    tripsage__v1_put_status(call, 303);
    tripsage__v1_put_header(call, "location", url);
    tripsage__v1_put_header(call, "content-type", "text/html; charset=utf-8");
    TRIPSAGE__LIT(body, "<a href=\"");
    put_html(body, url);
    TRIPSAGE__LIT(body, "\">See Other</a>.\n\n");
}
