/* openapi.c: the OpenAPI 3.1 document of the route table, written once at the start and served as it is. */
#include <string.h>

#include "handlers/handlers.h"
#include "respond.h"
#include "routes.h"
#include "schemas.h"

static const char *method_name(method m)
{
    static const char *const names[METHOD_ROUTABLE] = {"get", "post", "put", "patch", "delete"};

    return names[m];
}

static void put_parameter_schema(buffer *b, const parameter *p)
{
    static const char *const types[] = {
        [PARAMETER_TEXT] = "string",     [PARAMETER_INTEGER] = "integer", [PARAMETER_NUMBER] = "number",
        [PARAMETER_BOOLEAN] = "boolean", [PARAMETER_DATE] = "string",     [PARAMETER_WORD] = "string"};
    int is_text = p->type == PARAMETER_TEXT, first = 1;

    BUFFER_LIT(b, "{\"type\":");
    buffer_jsonz(b, types[p->type]);
    if (is_text || p->type == PARAMETER_INTEGER || p->type == PARAMETER_NUMBER) {
        buffer_puts(b, is_text ? ",\"minLength\":" : ",\"minimum\":");
        buffer_integer(b, p->min);
        buffer_puts(b, is_text ? ",\"maxLength\":" : ",\"maximum\":");
        buffer_integer(b, p->max);
    } else if (p->type == PARAMETER_DATE) {
        BUFFER_LIT(b, ",\"format\":\"date\"");
    } else if (p->type == PARAMETER_WORD) {
        BUFFER_LIT(b, ",\"enum\":[");
        for (const char *word = p->words; *word; first = 0) {
            size_t length = strcspn(word, " ");

            buffer_puts(b, first ? "" : ",");
            buffer_json(b, word, length);
            word += length;
            word += strspn(word, " ");
        }
        BUFFER_LIT(b, "]");
    }
    BUFFER_LIT(b, "}");
}

static void begin_parameter(buffer *b, size_t *count)
{
    buffer_puts(b, (*count)++ ? "," : "");
}

static void put_path_parameters(buffer *b, const char *path, size_t *count)
{
    for (const char *p = strchr(path, '{'); p; p = strchr(p, '{')) {
        size_t length = strcspn(++p, "}");

        begin_parameter(b, count);
        BUFFER_LIT(b, "{\"name\":");
        buffer_json(b, p, length);
        BUFFER_LIT(b, ",\"in\":\"path\",\"required\":true,\"schema\":{\"type\":\"string\"}}");
    }
}

static void put_header_parameter(buffer *b, const char *name, size_t *count)
{
    begin_parameter(b, count);
    BUFFER_LIT(b, "{\"name\":");
    buffer_jsonz(b, name);
    BUFFER_LIT(b, ",\"in\":\"header\",\"schema\":{\"type\":\"string\"}}");
}

static void put_parameters(buffer *b, const route *op)
{
    size_t count = 0;

    BUFFER_LIT(b, ",\"parameters\":[");
    put_path_parameters(b, op->path, &count);
    for (const parameter *p = op->query; p && p->name; p++) {
        begin_parameter(b, &count);
        BUFFER_LIT(b, "{\"name\":");
        buffer_jsonz(b, p->name);
        BUFFER_LIT(b, ",\"in\":\"query\",\"description\":");
        buffer_jsonz(b, p->summary);
        buffer_puts(b, p->required ? ",\"required\":true,\"schema\":" : ",\"schema\":");
        put_parameter_schema(b, p);
        BUFFER_LIT(b, "}");
    }
    if (op->flags & ROUTE_IDEMPOTENT)
        put_header_parameter(b, "Idempotency-Key", &count);
    if (op->flags & ROUTE_CONDITIONAL)
        put_header_parameter(b, op->method == METHOD_GET ? "If-None-Match" : "If-Match", &count);
    BUFFER_LIT(b, "]");
}

static void put_reference(buffer *b, const char *name)
{
    if (!name) {
        BUFFER_LIT(b, "{\"type\":\"object\"}");
        return;
    }
    BUFFER_LIT(b, "{\"$ref\":\"#/components/schemas/");
    buffer_puts(b, name);
    BUFFER_LIT(b, "\"}");
}

static void put_body(buffer *b, const route *op)
{
    if (!(op->flags & (ROUTE_BODY | ROUTE_BODY_OPTIONAL)))
        return;
    BUFFER_LIT(b, ",\"requestBody\":{\"required\":");
    buffer_puts(b, op->flags & ROUTE_BODY ? "true" : "false");
    BUFFER_LIT(b, ",\"content\":{\"application/json\":{\"schema\":");
    put_reference(b, op->request);
    BUFFER_LIT(b, "}");
    if (op->method == METHOD_PATCH) {
        BUFFER_LIT(b, ",\"application/merge-patch+json\":{\"schema\":");
        put_reference(b, op->request);
        BUFFER_LIT(b, "}");
    }
    BUFFER_LIT(b, "}}");
}

static void put_responses(buffer *b, const route *op)
{
    BUFFER_LIT(b, ",\"responses\":{\"");
    buffer_integer(b, op->success);
    BUFFER_LIT(b, "\":{\"description\":");
    buffer_jsonz(b, op->summary);
    if (op->handle == metrics_get) {
        BUFFER_LIT(b, ",\"content\":{\"text/plain\":{},\"application/openmetrics-text\":{}}");
    } else if (op->handle == security_txt_get) {
        BUFFER_LIT(b, ",\"content\":{\"text/plain\":{}}");
    } else if (op->handle == trip_export) {
        BUFFER_LIT(b, ",\"content\":{\"application/json\":{},\"text/csv\":{},\"text/calendar\":{}}");
    } else if (op->success != 204) {
        BUFFER_LIT(b, ",\"content\":{\"application/json\":{\"schema\":");
        put_reference(b, op->response);
        BUFFER_LIT(b, "}}");
    }
    BUFFER_LIT(b, "},");
    if (!(op->flags & ROUTE_HEALTH))
        BUFFER_LIT(b, "\"429\":{\"$ref\":\"#/components/responses/TooMany\"},");
    if (op->flags & ROUTE_HEALTH && op->response && strcmp(op->response, "Liveness") != 0) {
        BUFFER_LIT(b, "\"503\":{\"description\":\"It does not work\",\"content\":{\"application/json\":{\"schema\":");
        put_reference(b, op->response);
        BUFFER_LIT(b, "}}},");
    }
    BUFFER_LIT(b, "\"default\":{\"$ref\":\"#/components/responses/Problem\"}}");
}

static void put_operation(buffer *b, const route *op)
{
    buffer_jsonz(b, method_name(op->method));
    BUFFER_LIT(b, ":{\"operationId\":");
    buffer_jsonz(b, op->operation);
    BUFFER_LIT(b, ",\"summary\":");
    buffer_jsonz(b, op->summary);
    if (op->flags & ROUTE_PUBLIC)
        BUFFER_LIT(b, ",\"security\":[]");
    put_parameters(b, op);
    put_body(b, op);
    put_responses(b, op);
    BUFFER_LIT(b, "}");
}

/* All operations of the path of routes[first], unless an earlier route had the same path. A subtree is described elsewhere. */
static void put_path(buffer *b, const route *routes, size_t count, size_t first)
{
    if (routes[first].flags & ROUTE_SUBTREE)
        return;
    for (size_t i = 0; i < first; i++)
        if (strcmp(routes[i].path, routes[first].path) == 0)
            return;
    buffer_puts(b, first ? "," : "");
    buffer_jsonz(b, routes[first].path);
    BUFFER_LIT(b, ":{");
    for (size_t i = first; i < count; i++) {
        if (strcmp(routes[i].path, routes[first].path) != 0)
            continue;
        buffer_puts(b, i == first ? "" : ",");
        put_operation(b, &routes[i]);
    }
    BUFFER_LIT(b, "}");
}

static void put_schemas(buffer *b)
{
    size_t count;
    const schema *schemas = schemas_all(&count);

    for (size_t i = 0; i < count; i++) {
        buffer_puts(b, i ? "," : "");
        buffer_jsonz(b, schemas[i].name);
        BUFFER_LIT(b, ":");
        buffer_puts(b, schemas[i].json);
    }
}

char *openapi_document(size_t *length)
{
    buffer b = {NULL, 0, 0, 0};
    size_t count;
    const route *routes = routes_all(&count);

    BUFFER_LIT(&b, "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"TripSage\",\"version\":\"" TRIPSAGE_VERSION "\"},"
                   "\"security\":[{\"bearer\":[]}],\"paths\":{");
    for (size_t i = 0; i < count; i++)
        put_path(&b, routes, count, i);
    BUFFER_LIT(
        &b, "},\"components\":{\"securitySchemes\":{\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\","
            "\"description\":\"an access token, or an API key (sb_secret_..., tsk_...)\"}},"
            "\"responses\":{\"TooMany\":{\"description\":\"Too many requests: wait\",\"headers\":{"
            "\"Retry-After\":{\"description\":\"seconds\",\"schema\":{\"type\":\"integer\"}},"
            "\"RateLimit\":{\"description\":\"of each limit what remains (r) and in how many seconds it is whole (t)\","
            "\"schema\":{\"type\":\"string\"}},"
            "\"RateLimit-Policy\":{\"description\":\"of each limit how many (q) in how many seconds (w)\","
            "\"schema\":{\"type\":\"string\"}}},\"content\":{\"application/problem+json\":{"
            "\"schema\":{\"$ref\":\"#/components/schemas/Problem\"}}}},\"Problem\":{\"description\":\"What went wrong "
            "(RFC 9457)\",\"content\":{"
            "\"application/problem+json\":{\"schema\":{\"$ref\":\"#/components/schemas/Problem\"}}}}},\"schemas\":{");
    put_schemas(&b);
    BUFFER_LIT(&b, "}}}");
    if (b.failed) {
        buffer_free(&b);
        return NULL;
    }
    *length = b.size;
    return b.data;
}

void openapi_get(request *r)
{
    r->response.cache_control = "no-cache"; /* public data */
    respond_bytes(r, 200, "application/json", r->server->openapi, r->server->openapi_length);
}
