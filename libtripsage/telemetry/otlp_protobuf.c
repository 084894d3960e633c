/* otlp_protobuf.c: OTLP in protobuf's binary encoding (protobuf.dev/programming-guides/encoding): a field is a key, its number and the
 * type of what follows, and a value; a message within another one is its bytes behind their number. Field numbers are those of
 * opentelemetry-proto 1.x. */
#include <string.h>

#include "otlp.h"

enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 }; /* wire types */

/* ---- the encoding ---- */

/* Writes where there is room, which whoever begins sees to. */
typedef struct writer {
    char *at;
} writer;

static void put_varint(writer *w, uint64_t value)
{
    for (; value > 127; value >>= 7)
        *w->at++ = (char)((value & 127) | 128);
    *w->at++ = (char)value;
}

static size_t size_of_varint(uint64_t value)
{
    size_t size = 1;

    while (value >>= 7)
        size++;
    return size;
}

static void put_key(writer *w, unsigned field, unsigned type)
{
    put_varint(w, field << 3 | type);
}

static void put_bytes(writer *w, unsigned field, const void *bytes, size_t size)
{
    put_key(w, field, BYTES);
    put_varint(w, size);
    memcpy(w->at, bytes, size);
    w->at += size;
}

static void put_text(writer *w, unsigned field, const char *text)
{
    put_bytes(w, field, text, strlen(text));
}

static void put_fixed(writer *w, unsigned field, uint64_t value, unsigned size)
{
    put_key(w, field, size == 8 ? FIXED64 : FIXED32);
    for (unsigned i = 0; i < size; i++)
        *w->at++ = (char)(value >> 8 * i & 255);
}

/* The size of a field below 16, whose key is one byte, that holds so many bytes. */
static size_t size_of_field(size_t bytes)
{
    return 1 + size_of_varint(bytes) + bytes;
}

/* ---- messages ---- */

/* KeyValue { key 1, value 2: AnyValue { string_value 1, int_value 3 } } */
static void put_attribute(writer *w, unsigned field, const char *key, const char *text, int64_t number)
{
    size_t key_size = strlen(key), text_size = text ? strlen(text) : 0;
    size_t value_size = text ? size_of_field(text_size) : 1 + size_of_varint((uint64_t)number);

    put_key(w, field, BYTES);
    put_varint(w, size_of_field(key_size) + size_of_field(value_size));
    put_bytes(w, 1, key, key_size);
    put_key(w, 2, BYTES);
    put_varint(w, value_size);
    if (text) {
        put_bytes(w, 1, text, text_size);
    } else {
        put_key(w, 3, VARINT);
        put_varint(w, (uint64_t)number);
    }
}

/* What an attribute takes at most besides its texts: four keys and lengths, and a number. */
#define ATTRIBUTE_SIZE 64u
/* All that a span has besides texts and attributes. */
#define SPAN_SIZE 256u

static size_t most_of(const char *key, const char *text)
{
    return ATTRIBUTE_SIZE + strlen(key) + (text ? strlen(text) : 0);
}

static size_t most_of_span(const tripsage__record *r)
{
    size_t most = SPAN_SIZE + strlen(r->name) + (r->state ? strlen(r->state) : 0);

    for (size_t i = 0; i < r->fact_count; i++)
        most += most_of(r->facts[i].key, r->facts[i].text);
    return most;
}

static void put_span(writer *w, const tripsage__record *r)
{
    put_bytes(w, 1, r->trace_id, sizeof r->trace_id);
    put_bytes(w, 2, r->id, sizeof r->id);
    if (r->state)
        put_text(w, 3, r->state);
    if (tripsage__otlp_has_parent(r))
        put_bytes(w, 4, r->parent_id, sizeof r->parent_id);
    put_text(w, 5, r->name);
    put_key(w, 6, VARINT);
    put_varint(w, r->kind);
    put_fixed(w, 7, (uint64_t)r->began_ns, 8);
    put_fixed(w, 8, (uint64_t)r->ended_ns, 8);
    for (size_t i = 0; i < r->fact_count; i++)
        put_attribute(w, 9, r->facts[i].key, r->facts[i].text, r->facts[i].number);
    if (r->dropped) {
        put_key(w, 10, VARINT);
        put_varint(w, r->dropped);
    }
    if (r->is_error) { /* Status { code 3: STATUS_CODE_ERROR } */
        static const char status[] = {3 << 3 | VARINT, 2};

        put_bytes(w, 15, status, sizeof status);
    }
    put_fixed(w, 16, tripsage__otlp_flags(r), 4);
}

/* A span's size is known once it is written: so it is written behind the place of its size, and moved there. */
static void put(tripsage__buf *spans, const tripsage__record *record)
{
    enum { HEAD = 8 };
    size_t size;
    writer w;
    char *head;

    if (tripsage__buf_reserve(spans, HEAD + most_of_span(record)) != TRIPSAGE_OK)
        return;
    head = spans->data + spans->size;
    w.at = head + HEAD;
    put_span(&w, record);
    size = (size_t)(w.at - head) - HEAD;
    w.at = head;
    put_key(&w, 2, BYTES);
    put_varint(&w, size);
    memmove(w.at, head + HEAD, size);
    spans->size += (size_t)(w.at - head) + size;
}

static size_t most_of_resource(const tripsage__pairs *resource)
{
    size_t most = 0;

    for (size_t i = 0; i < resource->count; i++)
        most += most_of(resource->all[i].key, resource->all[i].value);
    return most;
}

/* ExportTraceServiceRequest { resource_spans 1: ResourceSpans { resource 1: Resource { attributes 1 }, scope_spans 2: ScopeSpans { scope
 * 1: InstrumentationScope { name 1, version 2 }, spans 2 }, schema_url 3 } }. The resource is written behind all the rest first, for its
 * size. */
static void wrap(tripsage__buf *out, const tripsage__buf *spans, const tripsage__pairs *resource)
{
    static const char name[] = "libtripsage";
    size_t scope = size_of_field(strlen(name)) + size_of_field(strlen(TRIPSAGE_VERSION));
    size_t scope_spans = size_of_field(scope) + spans->size, most = most_of_resource(resource), who;
    char *aside;
    writer w;

    if (spans->failed)
        out->failed = spans->failed;
    if (out->failed || tripsage__buf_reserve(out, SPAN_SIZE + most + spans->size + most) != TRIPSAGE_OK)
        return;
    w.at = aside = out->data + SPAN_SIZE + most + spans->size;
    for (size_t i = 0; i < resource->count; i++)
        put_attribute(&w, 1, resource->all[i].key, resource->all[i].value, 0);
    who = (size_t)(w.at - aside);
    w.at = out->data;
    put_key(&w, 1, BYTES);
    put_varint(&w, size_of_field(who) + size_of_field(scope_spans) + size_of_field(strlen(TRIPSAGE__SCHEMA_URL)));
    put_bytes(&w, 1, aside, who);
    put_key(&w, 2, BYTES);
    put_varint(&w, scope_spans);
    put_key(&w, 1, BYTES);
    put_varint(&w, scope);
    put_text(&w, 1, name);
    put_text(&w, 2, TRIPSAGE_VERSION);
    memcpy(w.at, spans->size ? spans->data : "", spans->size);
    w.at += spans->size;
    put_text(&w, 3, TRIPSAGE__SCHEMA_URL);
    out->size = (size_t)(w.at - out->data);
}

/* ---- the answer ---- */

typedef struct reader {
    const unsigned char *at, *end;
} reader;

static int take_varint(reader *r, uint64_t *out)
{
    *out = 0;
    for (unsigned shift = 0; r->at < r->end && shift < 64; shift += 7) {
        unsigned char byte = *r->at++;

        *out |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            return 1;
    }
    return 0;
}

/* The next field: its number among fields, and what it says: a number, or so many bytes. 0: there is none, or none that can be read. */
static int take_field(reader *r, uint64_t *field, uint64_t *number, reader *bytes)
{
    uint64_t key;

    *field = *number = 0;
    *bytes = (reader){r->at, r->at};
    if (!take_varint(r, &key) || !take_varint(r, number) || ((key & 7) != VARINT && (key & 7) != BYTES))
        return 0;
    *field = key >> 3;
    if ((key & 7) == VARINT)
        return 1;
    if (*number > (uint64_t)(r->end - r->at))
        return 0;
    *bytes = (reader){r->at, r->at + *number};
    r->at = bytes->end;
    return 1;
}

/* ExportTracePartialSuccess { rejected_spans 1, error_message 2 } */
static int64_t read_partial_success(reader part, char why[160])
{
    uint64_t field, number;
    int64_t count = 0;
    reader bytes;

    while (take_field(&part, &field, &number, &bytes)) {
        if (field == 1)
            count = (int64_t)number;
        else if (field == 2) {
            size_t length = number < 159 ? (size_t)number : 159;

            memcpy(why, bytes.at, length);
            why[length] = '\0';
        }
    }
    return count;
}

/* ExportTraceServiceResponse { partial_success 1 } */
static int64_t rejected(const char *answer, size_t size, char why[160])
{
    reader whole = {(const unsigned char *)answer, (const unsigned char *)answer + size}, bytes;
    uint64_t field, number;
    int64_t count = 0;

    why[0] = '\0';
    while (take_field(&whole, &field, &number, &bytes))
        if (field == 1)
            count = read_partial_success(bytes, why);
    return count;
}

const tripsage__otlp tripsage__otlp_protobuf = {put, wrap, rejected, "Content-Type: application/x-protobuf"};
