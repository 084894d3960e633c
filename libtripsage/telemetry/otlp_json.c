/* otlp_json.c: OTLP in JSON: protobuf's mapping, but for ids in hexadecimal and enumerations as numbers (opentelemetry.io/docs/specs/otlp,
 * "JSON Protobuf Encoding"). Numbers of 64 bits are texts. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/json.h"
#include "otlp.h"

static void put_attribute(tripsage__buf *out, const char *key, const char *text, int64_t number)
{
    TRIPSAGE__LIT(out, "{\"key\":");
    tripsage__json_put_string(out, key);
    if (text) {
        TRIPSAGE__LIT(out, ",\"value\":{\"stringValue\":");
        tripsage__json_put_string(out, text);
        TRIPSAGE__LIT(out, "}}");
    } else {
        tripsage__buf_printf(out, ",\"value\":{\"intValue\":\"%" PRId64 "\"}}", number);
    }
}

static void put_id(tripsage__buf *out, const char *name, const unsigned char *id, size_t size)
{
    char hex[33];

    tripsage__hex(hex, id, size);
    tripsage__buf_printf(out, "\"%s\":\"%s\",", name, hex);
}

static void put(tripsage__buf *out, const tripsage__record *r)
{
    if (out->size && out->data[out->size - 1] == '}') /* another span */
        tripsage__buf_putc(out, ',');
    tripsage__buf_putc(out, '{');
    put_id(out, "traceId", r->trace_id, sizeof r->trace_id);
    put_id(out, "spanId", r->id, sizeof r->id);
    if (tripsage__otlp_has_parent(r))
        put_id(out, "parentSpanId", r->parent_id, sizeof r->parent_id);
    if (r->state) {
        TRIPSAGE__LIT(out, "\"traceState\":");
        tripsage__json_put_string(out, r->state);
        tripsage__buf_putc(out, ',');
    }
    TRIPSAGE__LIT(out, "\"name\":");
    tripsage__json_put_string(out, r->name);
    tripsage__buf_printf(out, ",\"kind\":%u,\"startTimeUnixNano\":\"%" PRId64 "\",\"endTimeUnixNano\":\"%" PRId64 "\"",
                         r->kind, r->began_ns, r->ended_ns);
    tripsage__buf_printf(out, ",\"flags\":%u,\"attributes\":[", tripsage__otlp_flags(r));
    for (size_t i = 0; i < r->fact_count; i++) {
        if (i)
            tripsage__buf_putc(out, ',');
        put_attribute(out, r->facts[i].key, r->facts[i].text, r->facts[i].number);
    }
    tripsage__buf_putc(out, ']');
    if (r->dropped)
        tripsage__buf_printf(out, ",\"droppedAttributesCount\":%u", r->dropped);
    tripsage__buf_puts(out, r->is_error ? ",\"status\":{\"code\":2}}" : ",\"status\":{}}");
}

static void begin(tripsage__buf *out, const tripsage__pairs *resource)
{
    TRIPSAGE__LIT(out, "{\"resourceSpans\":[{\"resource\":{\"attributes\":[");
    for (size_t i = 0; i < resource->count; i++) {
        if (i)
            tripsage__buf_putc(out, ',');
        put_attribute(out, resource->all[i].key, resource->all[i].value, 0);
    }
    TRIPSAGE__LIT(out, "]},\"scopeSpans\":[{\"scope\":{\"name\":\"libtripsage\",\"version\":\"" TRIPSAGE_VERSION
                       "\"},\"spans\":[");
}

static size_t end(tripsage__buf *out, const tripsage__pairs *resource)
{
    (void)resource;
    TRIPSAGE__LIT(out, "]}],\"schemaUrl\":\"" TRIPSAGE__SCHEMA_URL "\"}]}");
    return 0;
}

/* {"partialSuccess":{"rejectedSpans":"3","errorMessage":"..."}}; the number may be one. */
static int64_t rejected(const char *answer, size_t size, char why[160])
{
    tripsage__json *json = NULL;
    const tripsage__json *part, *number;
    const char *text;
    int64_t count = 0;

    why[0] = '\0';
    if (!size || tripsage__json_parse(&json, answer, size) != TRIPSAGE_OK)
        return 0;
    part = tripsage__json_member(json, "partialSuccess");
    number = tripsage__json_member(part, "rejectedSpans");
    text = tripsage__json_text(number);
    count = text ? strtoll(text, NULL, 10) : (int64_t)tripsage__json_number(number);
    text = tripsage__json_text(tripsage__json_member(part, "errorMessage"));
    if (text) {
        strncat(why, text, 159);
        tripsage__end_with_character(why);
    }
    tripsage__json_free(json);
    return count;
}

const tripsage__otlp tripsage__otlp_json = {begin, put, end, rejected, "Content-Type: application/json"};
