/* otlp_protobuf.c: OTLP in protobuf's binary encoding (protobuf.dev/programming-guides/encoding): a field is a key, its number and the
 * type of what follows, and a value; a message within another one is its bytes behind their number. Field numbers are those of
 * opentelemetry-proto 1.x. */
#include <endian.h>
#include <string.h>

#include "otlp.h"

enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 }; /* wire types */

/* ---- the encoding ---- */

/* Each writes where there is room, which whoever begins sees to, and gives the place behind it. The place is no member of a structure: as
 * one it would have to be put down before each byte, which might be its own. */
static char *put_varint(char *at, uint64_t value)
{
    for (; value > 127; value >>= 7)
        *at++ = (char)((value & 127) | 128);
    *at++ = (char)value;
    return at;
}

static size_t size_of_varint(uint64_t value)
{
    size_t size = 1;

    while (value >>= 7)
        size++;
    return size;
}

static char *put_key(char *at, unsigned field, unsigned type)
{
    return put_varint(at, field << 3 | type);
}

/* A number, or the size of what comes next. */
static char *put_number(char *at, unsigned field, unsigned type, uint64_t value)
{
    return put_varint(put_key(at, field, type), value);
}

static char *put_bytes(char *at, unsigned field, const void *bytes, size_t size)
{
    at = put_number(at, field, BYTES, size);
    memcpy(at, bytes, size);
    return at + size;
}

static char *put_text(char *at, unsigned field, const char *text)
{
    return put_bytes(at, field, text, strlen(text));
}

static char *put_fixed64(char *at, unsigned field, uint64_t value)
{
    value = htole64(value);
    at = put_key(at, field, FIXED64);
    memcpy(at, &value, sizeof value);
    return at + sizeof value;
}

static char *put_fixed32(char *at, unsigned field, uint32_t value)
{
    value = htole32(value);
    at = put_key(at, field, FIXED32);
    memcpy(at, &value, sizeof value);
    return at + sizeof value;
}

/* The size of a field below 16, whose key is one byte, that holds so many bytes. */
static size_t size_of_field(size_t bytes)
{
    return 1 + size_of_varint(bytes) + bytes;
}

/* ---- messages ---- */

/* What an attribute takes at most besides its texts: four keys and lengths, and a number. */
#define ATTRIBUTE_SIZE 64u
/* All that a span has besides texts and attributes, and that is around all spans. */
#define SPAN_SIZE 256u

/* An attribute whose texts have been measured: once for the room that it takes, and for its lengths. */
typedef struct attribute {
    const char *key, *text; /* text NULL: the number */
    size_t key_size, text_size;
    int64_t number;
} attribute;

static attribute measure(const char *key, const char *text, int64_t number)
{
    return (attribute){key, text, strlen(key), text ? strlen(text) : 0, number};
}

static size_t most_of(const attribute *a)
{
    return ATTRIBUTE_SIZE + a->key_size + a->text_size;
}

/* KeyValue { key 1, value 2: AnyValue { string_value 1, int_value 3 } } */
static char *put_attribute(char *at, unsigned field, const attribute *a)
{
    size_t value_size = a->text ? size_of_field(a->text_size) : 1 + size_of_varint((uint64_t)a->number);

    at = put_number(at, field, BYTES, size_of_field(a->key_size) + size_of_field(value_size));
    at = put_bytes(at, 1, a->key, a->key_size);
    at = put_number(at, 2, BYTES, value_size);
    return a->text ? put_bytes(at, 1, a->text, a->text_size) : put_number(at, 3, VARINT, (uint64_t)a->number);
}

static char *put_span(char *at, const tripsage__record *r, const attribute *attributes)
{
    at = put_bytes(at, 1, r->trace_id, sizeof r->trace_id);
    at = put_bytes(at, 2, r->id, sizeof r->id);
    if (r->state)
        at = put_text(at, 3, r->state);
    if (tripsage__otlp_has_parent(r))
        at = put_bytes(at, 4, r->parent_id, sizeof r->parent_id);
    at = put_text(at, 5, r->name);
    at = put_number(at, 6, VARINT, r->kind);
    at = put_fixed64(at, 7, (uint64_t)r->began_ns);
    at = put_fixed64(at, 8, (uint64_t)r->ended_ns);
    for (size_t i = 0; i < r->fact_count; i++)
        at = put_attribute(at, 9, &attributes[i]);
    if (r->dropped)
        at = put_number(at, 10, VARINT, r->dropped);
    if (r->is_error) { /* Status { code 3: STATUS_CODE_ERROR } */
        static const char status[] = {3 << 3 | VARINT, 2};

        at = put_bytes(at, 15, status, sizeof status);
    }
    return put_fixed32(at, 16, tripsage__otlp_flags(r));
}

/* A span's size is known once it is written: so it is written behind the place of its size, and moved where that takes other than the two
 * bytes that it takes from 128 to 16,383, as nearly all have. */
static void put(tripsage__buf *out, const tripsage__record *record)
{
    enum { HEAD = 3, HEAD_MAX = 8 };
    attribute attributes[sizeof record->facts / sizeof record->facts[0]];
    size_t most = HEAD_MAX + SPAN_SIZE + strlen(record->name) + (record->state ? strlen(record->state) : 0), size;
    char *head;

    for (size_t i = 0; i < record->fact_count; i++) {
        attributes[i] = measure(record->facts[i].key, record->facts[i].text, record->facts[i].number);
        most += most_of(&attributes[i]);
    }
    if (tripsage__buf_reserve(out, most) != TRIPSAGE_OK)
        return;
    head = out->data + out->size;
    size = (size_t)(put_span(head + HEAD, record, attributes) - head) - HEAD;
    if (size_of_field(size) != HEAD + size)
        memmove(head + size_of_field(size) - size, head + HEAD, size);
    put_number(head, 2, BYTES, size);
    out->size += size_of_field(size);
}

static size_t most_of_resource(const tripsage__pairs *resource)
{
    size_t most = 0;

    for (size_t i = 0; i < resource->count; i++) {
        attribute a = measure(resource->all[i].key, resource->all[i].value, 0);

        most += most_of(&a);
    }
    return most;
}

/* Room for what comes before the spans, whose sizes it begins with. */
static void begin(tripsage__buf *out, const tripsage__pairs *resource)
{
    size_t most = SPAN_SIZE + most_of_resource(resource);

    if (tripsage__buf_reserve(out, most) == TRIPSAGE_OK)
        out->size = most;
}

/* ExportTraceServiceRequest { resource_spans 1: ResourceSpans { resource 1: Resource { attributes 1 }, scope_spans 2: ScopeSpans { scope
 * 1: InstrumentationScope { name 1, version 2 }, spans 2 }, schema_url 3 } }. What comes before the spans is written behind all the rest
 * first, for its size. */
static size_t end(tripsage__buf *out, const tripsage__pairs *resource)
{
    static const char name[] = "libtripsage";
    size_t scope = size_of_field(strlen(name)) + size_of_field(strlen(TRIPSAGE_VERSION)), who, before;
    size_t room = SPAN_SIZE + most_of_resource(resource), spans = out->size - room;
    char *aside, *at;

    if (tripsage__buf_reserve(out, SPAN_SIZE + 2 * room) != TRIPSAGE_OK)
        return 0;
    at = put_text(out->data + out->size, 3, TRIPSAGE__SCHEMA_URL);
    out->size = (size_t)(at - out->data);
    for (size_t i = 0; i < resource->count; i++) {
        attribute a = measure(resource->all[i].key, resource->all[i].value, 0);

        at = put_attribute(at, 1, &a);
    }
    who = (size_t)(at - out->data) - out->size;
    aside = at;
    at = put_number(at, 1, BYTES,
                    size_of_field(who) + size_of_field(size_of_field(scope) + spans) +
                        size_of_field(strlen(TRIPSAGE__SCHEMA_URL)));
    at = put_bytes(at, 1, out->data + out->size, who);
    at = put_number(at, 2, BYTES, size_of_field(scope) + spans);
    at = put_number(at, 1, BYTES, scope);
    at = put_text(at, 1, name);
    at = put_text(at, 2, TRIPSAGE_VERSION);
    before = (size_t)(at - aside);
    memcpy(out->data + room - before, aside, before);
    return room - before;
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

const tripsage__otlp tripsage__otlp_protobuf = {begin, put, end, rejected, "Content-Type: application/x-protobuf"};
