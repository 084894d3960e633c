/* auth/v1/forward.c: where a Supabase project has the accounts, its Auth answers: what came in goes there, and what it says comes back. */
#include <string.h>
#include <strings.h>

#include "auth/project.h"
#include "auth/v1/v1.h"

/* What is passed on of the request. Who asks goes by the keys; the rest is between us and the network. */
static const char *const asked[] = {"x-supabase-api-version", "x-client-info", "accept-language", "traceparent"};

/* What is passed back, beside the body. */
static const char *const told[] = {"content-type",
                                   "x-supabase-api-version",
                                   "x-sb-error-code",
                                   "location",
                                   "x-total-count",
                                   "link",
                                   "cache-control",
                                   "retry-after",
                                   "allow",
                                   "sb-auth-user-id",
                                   "sb-auth-session-id"};

enum { ASKED = sizeof asked / sizeof asked[0], TOLD = sizeof told / sizeof told[0] };

static void put_path(tripsage__buf *path, const tripsage_auth_request *request)
{
    tripsage__buf_puts(path, request->path);
    if (request->query && *request->query) {
        tripsage__buf_putc(path, '?');
        tripsage__buf_puts(path, request->query);
    }
}

/* The lines "Name: value", one behind the other, each with its NUL; gives where they begin. */
static size_t put_headers(tripsage__buf *lines, size_t at[ASKED], const tripsage__v1_call *call)
{
    size_t count = 0;

    for (size_t i = 0; i < ASKED; i++) {
        const char *value = tripsage__v1_header(call, asked[i]);

        if (!*value)
            continue;
        at[count++] = lines->size;
        tripsage__buf_puts(lines, asked[i]);
        TRIPSAGE__LIT(lines, ": ");
        tripsage__buf_puts(lines, value);
        tripsage__buf_put(lines, "", 1);
    }
    return count;
}

static const char *or_null(const char *text)
{
    return *text ? text : NULL;
}

static tripsage_status answer_as(tripsage__v1_call *call, const tripsage__http_response *response)
{
    tripsage__buf *body = tripsage__v1_put_json(call);

    tripsage__v1_put_status(call, response->status);
    tripsage__buf_put(body, response->body.data, response->body.size);
    for (size_t i = 0; i < TOLD; i++) {
        const char *value = tripsage__http_header(response, told[i]);

        if (value)
            tripsage__v1_put_header(call, told[i], value);
    }
    return tripsage__buf_status(body);
}

/* That the project cannot be reached is what clients try again on. */
tripsage_status tripsage__v1_forward(tripsage__v1_call *call)
{
    const tripsage_auth_request *request = call->request;
    const char *authorization = tripsage__v1_header(call, "authorization"), *key = tripsage__v1_header(call, "apikey");
    tripsage__buf path = TRIPSAGE__BUF_INIT(TRIPSAGE__TOKEN_MAX), lines = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    const char *headers[ASKED], *code;
    size_t at[ASKED], count;
    tripsage__http_response response;
    tripsage__supabase_call sent = {.method = request->method,
                                    .body = request->length ? request->body : NULL,
                                    .body_size = request->length,
                                    .api_key = or_null(*key ? key : tripsage__v1_query(call, "apikey")),
                                    .as_client = 1};
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__v1_input(call));
    put_path(&path, request);
    TRIPSAGE_TRY(tripsage__buf_status(&path));
    count = put_headers(&lines, at, call);
    TRIPSAGE_TRY(tripsage__buf_status(&lines));
    for (size_t i = 0; i < count; i++)
        headers[i] = lines.data + at[i];
    if (strncasecmp(authorization, "Bearer ", 7) == 0)
        sent.bearer = or_null(authorization + 7);
    if (sent.bearer) /* whose sessions may end by it; a key is nobody's */
        status = tripsage__auth_read_token(&call->actor, call->auth, sent.bearer, strlen(sent.bearer));
    if (status == TRIPSAGE_ENOMEM)
        goto out;
    sent.path = path.data;
    sent.headers = headers;
    sent.header_count = count;
    TRIPSAGE_TRY(tripsage__supabase_forward(&response, call->auth->supabase, &sent));
    code = tripsage__http_header(&response, "x-sb-error-code");
    tripsage__project_told(call->auth, &sent, call->actor, response.status >= 200 && response.status < 300,
                           code ? code : "");
    status = answer_as(call, &response);
    tripsage__http_response_free(&response);
out:
    tripsage__buf_free(&path);
    tripsage__buf_free(&lines);
    return status;
}
