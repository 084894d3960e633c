/* span.c: spans: where they belong (W3C Trace Context, Level 1: w3.org/TR/trace-context-1), whether they are exported, and what is put
 * down of them. */
#include <string.h>

#include "base/crypto.h"
#include "base/json.h"
#include "telemetry_internal.h"

#define NAME_MAX_BYTES 128u
#define TEXT_MAX_BYTES 256u
_Static_assert(TRIPSAGE__RECORD_TEXT > NAME_MAX_BYTES + TEXT_MAX_BYTES + 1, "there is always room for name and state");

/* ---- ids ---- */

/* xoshiro256** (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2018), begun by the handle's source of chance: ids
 * must differ, not be secret. Each thread has its own. */
static _Thread_local uint64_t chance[4];

static uint64_t rotate(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

/* This thread's state: found once for all the ids of a span, since to find it is a call in a shared library. */
static uint64_t *own_chance(tripsage_telemetry *t)
{
    uint64_t *s = chance;

    if (!(s[0] | s[1] | s[2] | s[3]) && tripsage__random(t->env, s, sizeof chance) != TRIPSAGE_OK) {
        s[0] = (uint64_t)(uintptr_t)s; /* traces may then be mistaken for others'; the program has worse worries */
        s[1] = (uint64_t)tripsage__monotonic_ns();
        s[2] = (uint64_t)tripsage__system_ns();
        s[3] = 1;
    }
    return s;
}

static uint64_t next_chance(uint64_t s[4])
{
    uint64_t result = rotate(s[1] * 5, 7) * 9, shifted = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate(s[3], 45);
    return result;
}

/* 0 is no id. */
static void put_id(unsigned char out[8], uint64_t s[4])
{
    uint64_t bits = next_chance(s);

    while (!bits)
        bits = next_chance(s);
    memcpy(out, &bits, sizeof bits);
}

/* ---- sampling ---- */

/* The 56 bits at a trace id's end are chance (Trace Context, Level 2, 2.2.1): every program that goes by them decides alike. */
static int is_below(const tripsage_telemetry *t, const unsigned char trace_id[16])
{
    uint64_t bits = 0;

    for (int i = 9; i < 16; i++)
        bits = bits << 8 | trace_id[i];
    return bits < t->threshold;
}

static int decide(const tripsage_telemetry *t, const tripsage__span *span, const tripsage__span *parent)
{
    if (!t->queue || span->unseen)
        return 0;
    switch (t->sampler) {
    case TRIPSAGE_SAMPLER_ALWAYS_ON:
        return 1;
    case TRIPSAGE_SAMPLER_ALWAYS_OFF:
        return 0;
    case TRIPSAGE_SAMPLER_RATIO:
        return is_below(t, span->trace_id);
    case TRIPSAGE_SAMPLER_PARENT_ALWAYS_OFF:
        return parent && parent->sampled;
    case TRIPSAGE_SAMPLER_PARENT_RATIO:
        return parent ? parent->sampled : is_below(t, span->trace_id);
    case TRIPSAGE_SAMPLER_PARENT_ALWAYS_ON:
        break;
    }
    return parent ? parent->sampled : 1;
}

void tripsage__span_start(tripsage__span *span, tripsage_telemetry *t, const tripsage__span *parent)
{
    uint64_t *s = own_chance(t);

    span->telemetry = t;
    if (parent) {
        memcpy(span->trace_id, parent->trace_id, sizeof span->trace_id);
        memcpy(span->parent_id, parent->id, sizeof span->parent_id);
        span->state = parent->state;
        span->unseen |= parent->unseen;
    } else {
        put_id(span->trace_id, s);
        put_id(span->trace_id + 8, s);
    }
    put_id(span->id, s);
    span->sampled = (unsigned char)decide(t, span, parent);
}

/* ---- what others say ---- */

static int read_hex(unsigned char *out, const char *text, size_t bytes)
{
    unsigned char any = 0;

    for (size_t i = 0; i < bytes * 2; i++) {
        char c = text[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; /* no capitals (3.2.2) */

        if (digit < 0)
            return -1;
        out[i / 2] = (unsigned char)(i % 2 ? out[i / 2] | digit : digit << 4);
        any |= (unsigned char)digit;
    }
    return any != 0;
}

/* A later version may have more behind it (3.2.2.2); ff is none. */
int tripsage__traceparent_read(tripsage__span *out, const char *text)
{
    unsigned char version, flags;
    size_t length = text ? strlen(text) : 0;

    memset(out, 0, sizeof *out);
    if (length < 55 || text[2] != '-' || text[35] != '-' || text[52] != '-' || read_hex(&version, text, 1) < 0 ||
        version == 0xff || (version == 0 ? length != 55 : length > 55 && text[55] != '-') ||
        read_hex(out->trace_id, text + 3, 16) != 1 || read_hex(out->id, text + 36, 8) != 1 ||
        read_hex(&flags, text + 53, 1) < 0)
        return 0;
    out->sampled = flags & 1;
    return 1;
}

/* 512 characters have to be passed on at least (3.3.1.1), and no more are. Only what is one line of ASCII goes into a header of ours. */
int tripsage__tracestate_is_sound(const char *text)
{
    size_t length = 0;

    for (; text[length]; length++)
        if (text[length] < 0x20 || text[length] > 0x7e || length == 512)
            return 0;
    return length != 0;
}

/* ---- what is put down ---- */

/* 1 when all bytes are ASCII, as they nearly always are. */
static int is_ascii(const char *text, size_t length)
{
    uint64_t bits = 0, eight;

    for (; length >= sizeof eight; text += sizeof eight, length -= sizeof eight) {
        memcpy(&eight, text, sizeof eight);
        bits |= eight;
    }
    while (length)
        bits |= (unsigned char)text[--length];
    return !(bits & UINT64_C(0x8080808080808080));
}

/* A copy among the record's texts; NULL: there is no room. Cut between characters; other bytes than UTF-8, which protobuf has no place
 * for, become question marks. */
static const char *copy(tripsage__record *r, const char *text, size_t max)
{
    char *to = r->text + r->text_size;
    size_t length = strnlen(text, max + 1), is_long = length > max;

    length -= is_long;
    if (r->text_size + length + 1 > sizeof r->text)
        return NULL;
    memcpy(to, text, length);
    to[length] = '\0';
    if (!is_ascii(to, length)) {
        if (is_long)
            tripsage__end_with_character(to);
        length = strlen(to);
        for (size_t i = 0; !tripsage__utf8_valid(to, length) && i < length; i++)
            if ((unsigned char)to[i] > 0x7e)
                to[i] = '?';
    }
    r->text_size = (uint16_t)(r->text_size + length + 1);
    return to;
}

static void put_fact(tripsage__record *r, const char *key, const char *text, int64_t number)
{
    if (r->fact_count == sizeof r->facts / sizeof r->facts[0]) {
        r->dropped++;
        return;
    }
    r->facts[r->fact_count++] = (tripsage__fact){key, text, number};
}

/* Of a program's own. */
static void put_attribute(tripsage__record *r, const tripsage_span_attribute *attribute)
{
    const char *text =
        !attribute->text || attribute->is_constant ? attribute->text : copy(r, attribute->text, TEXT_MAX_BYTES);

    if ((text || !attribute->text) && r->fact_count < TRIPSAGE_SPAN_ATTRIBUTES_MAX + r->is_error)
        put_fact(r, attribute->key, text, attribute->number);
    else
        r->dropped++;
}

void tripsage__record_constant(tripsage__record *record, const char *key, const char *text)
{
    if (text)
        put_fact(record, key, text, 0);
}

void tripsage__record_text(tripsage__record *record, const char *key, const char *text)
{
    const char *copied = text ? copy(record, text, TEXT_MAX_BYTES) : NULL;

    if (copied)
        put_fact(record, key, copied, 0);
    else if (text)
        record->dropped++;
}

void tripsage__record_number(tripsage__record *record, const char *key, int64_t number)
{
    put_fact(record, key, NULL, number);
}

void tripsage__record_error(tripsage__record *record, const char *type)
{
    if (!type)
        return;
    record->is_error = 1;
    tripsage__record_text(record, "error.type", type);
}

tripsage__record *tripsage__span_record(const tripsage__span *span, int64_t ended_ns, const char *name)
{
    tripsage_telemetry *t = span->telemetry;
    int64_t clock = atomic_load_explicit(&t->clock_ns, memory_order_relaxed);
    tripsage__record *r;

    if (!span->sampled || !t->queue)
        return NULL;
    r = tripsage__queue_take_place(t->queue);
    if (!r)
        return NULL;
    memcpy(r->trace_id, span->trace_id, sizeof r->trace_id);
    memcpy(r->id, span->id, sizeof r->id);
    memcpy(r->parent_id, span->parent_id, sizeof r->parent_id);
    r->began_ns = span->began_ns + clock;
    r->ended_ns = ended_ns + clock;
    r->kind = span->kind;
    r->is_error = r->dropped = r->fact_count = 0;
    r->is_remote_parent = span->remote;
    r->text_size = 0;
    r->name = name;
    r->state = span->state && strlen(span->state) <= TEXT_MAX_BYTES ? copy(r, span->state, TEXT_MAX_BYTES) : NULL;
    return r;
}

/* ---- a program's own ---- */

_Static_assert(sizeof(tripsage_telemetry_span) >= sizeof(tripsage__span), "a program's span has room for ours");

static tripsage__span *inside(tripsage_telemetry_span *span)
{
    return (tripsage__span *)(void *)span->opaque;
}

void tripsage_telemetry_span_begin(tripsage_telemetry_span *out, tripsage_telemetry *t,
                                   const tripsage_span_options *options)
{
    static const tripsage_span_options standard = {TRIPSAGE_SPAN_INTERNAL, 0, NULL, NULL, 0, 0};
    tripsage__span *span = inside(out), caller;
    const tripsage__span *parent = tripsage__span_current();

    memset(out, 0, sizeof *out);
    if (!t)
        return;
    options = options ? options : &standard;
    if (options->is_remote)
        parent = tripsage__traceparent_read(&caller, options->traceparent) ? &caller : NULL;
    if (options->is_remote && parent && options->tracestate && tripsage__tracestate_is_sound(options->tracestate))
        caller.state = options->tracestate;
    span->kind = (unsigned char)(options->kind ? options->kind : TRIPSAGE_SPAN_INTERNAL);
    span->remote = options->is_remote && parent;
    span->unseen = options->is_unseen != 0;
    tripsage__span_start(span, t, parent);
    tripsage__span_enter(span);
    span->began_ns = options->began_ns ? options->began_ns : tripsage__monotonic_ns();
}

void tripsage_telemetry_span_end(tripsage_telemetry_span *out, const tripsage_span_end *end)
{
    tripsage__span *span = inside(out);
    tripsage__record *record;

    if (!span->telemetry)
        return;
    tripsage__span_leave(span);
    record = span->sampled ? tripsage__span_record(span, end->ended_ns ? end->ended_ns : tripsage__monotonic_ns(), "")
                           : NULL;
    if (record) {
        record->name = !end->name ? "" : end->is_constant_name ? end->name : copy(record, end->name, NAME_MAX_BYTES);
        tripsage__record_error(record, end->error_type);
        for (size_t i = 0; i < end->attribute_count; i++)
            put_attribute(record, &end->attributes[i]);
        tripsage__record_done(span->telemetry, record);
    }
    span->telemetry = NULL;
}

int tripsage_telemetry_span_is_recording(const tripsage_telemetry_span *span)
{
    const tripsage__span *it = (const tripsage__span *)(const void *)span->opaque;

    return it->telemetry && it->sampled;
}

int tripsage_telemetry_current(tripsage_trace_ids *out)
{
    const tripsage__span *span = tripsage__span_current();

    memset(out, 0, sizeof *out);
    if (!span)
        return 0;
    tripsage__hex(out->trace_id, span->trace_id, sizeof span->trace_id);
    tripsage__hex(out->span_id, span->id, sizeof span->id);
    out->sampled = span->sampled;
    return 1;
}
