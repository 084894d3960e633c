/* bits.c: strings as rows of bits, the highest of each byte first, and as rows of integers of so many bits. Behind their end they are
 * zeroes. */
#include <string.h>

#include "base/memory.h"
#include "edit.h"

/* ---- one bit ---- */

/* As many bits as Redis's longest string has. */
#define BITS_MAX (TRIPSAGE__STRING_MAX * 8)

/* The place of a bit. "#3" counts in fields of `width` bits, where there are any (0: not here). */
static int take_offset(tripsage__command *c, size_t at, int64_t width, int64_t *out)
{
    tripsage__cache_bytes text = c->args[at];
    int counted = width && text.size > 1 && *(const char *)text.data == '#';

    if (counted)
        text = (tripsage__cache_bytes){(const char *)text.data + 1, text.size - 1};
    if (tripsage__command_parse_integer(text, out) && !__builtin_mul_overflow(*out, counted ? width : 1, out) &&
        *out >= 0 && *out < BITS_MAX)
        return 1;
    tripsage__reply_error(c->reply, "ERR bit offset is not an integer or out of range");
    return 0;
}

static int bit_at(const unsigned char *data, int64_t at)
{
    return data[at / 8] >> (7 - at % 8) & 1;
}

static void put_bit(unsigned char *data, int64_t at, int bit)
{
    unsigned char mask = (unsigned char)(0x80 >> at % 8);

    data[at / 8] = (unsigned char)(bit ? data[at / 8] | mask : data[at / 8] & ~mask);
}

static void setbit(tripsage__command *c)
{
    tripsage__edit edit;
    int64_t at, bit;
    int old;

    if (!take_offset(c, 2, 0, &at))
        return;
    if (!tripsage__command_parse_integer(c->args[3], &bit) || (bit != 0 && bit != 1)) {
        tripsage__reply_error(c->reply, "ERR bit is not an integer or out of range");
        return;
    }
    if (!tripsage__edit_begin(&edit, c, c->args[1], (size_t)(at / 8 + 1)))
        return;
    old = bit_at(edit.data, at);
    put_bit(edit.data, at, (int)bit);
    if (tripsage__edit_store(&edit, c, c->args[1]))
        tripsage__reply_integer(c->reply, old);
    tripsage__edit_free(&edit);
}

static void getbit(tripsage__command *c)
{
    tripsage__entry *entry;
    int64_t at;

    if (take_offset(c, 2, 0, &at) && tripsage__command_string(c, c->args[1], &entry))
        tripsage__reply_integer(
            c->reply, entry && at / 8 < (int64_t)tripsage__entry_value_size(entry) ? bit_at(entry->bytes, at) : 0);
}

/* ---- ranges of them ---- */

/* Bits of a string from `first` to `last`, which may be before it: then there are none. */
typedef struct range {
    int64_t first, last;
    int ends; /* where was told: what is behind it does not count */
} range;

/* Whether the range that begins at this argument counts in bits; 0 after an error. */
static int take_unit(tripsage__command *c, size_t at, int64_t *bits)
{
    *bits = at < c->count && tripsage__command_is(c->args[at], "BIT") ? 1 : 8;
    if (at + 1 < c->count || (at < c->count && *bits == 8 && !tripsage__command_is(c->args[at], "BYTE"))) {
        tripsage__command_syntax(c);
        return 0;
    }
    return 1;
}

/* The arguments from `at` on: [first last [BYTE|BIT]], the last optional where `open`. */
static int take_range(tripsage__command *c, size_t at, int open, size_t size, range *out)
{
    int64_t unit;

    *out = (range){0, -1, at + 1 < c->count};
    if (at + 1 == c->count && !open) {
        tripsage__command_syntax(c);
        return 0;
    }
    if ((at < c->count && !tripsage__command_integer(c, at, &out->first)) ||
        (out->ends && !tripsage__command_integer(c, at + 1, &out->last)) || !take_unit(c, at + 2, &unit))
        return 0;
    if (!(open ? tripsage__command_clamp : tripsage__command_range)(&out->first, &out->last,
                                                                    (int64_t)size * 8 / unit)) {
        *out = (range){0, -1, out->ends};
        return 1;
    }
    out->first *= unit;
    out->last = (out->last + 1) * unit - 1;
    return 1;
}

/* The bits of the byte at `at` that are in the range, those outside of it as zeroes. */
static unsigned byte_within(const unsigned char *data, int64_t at, const range *r)
{
    unsigned byte = data[at];

    if (at == r->first / 8)
        byte &= 0xffu >> r->first % 8;
    if (at == r->last / 8)
        byte &= 0xffu << (7 - r->last % 8);
    return byte & 0xff;
}

static int64_t ones_in(const unsigned char *data, const range *r)
{
    int64_t count = 0, at = r->first / 8;
    uint64_t word;

    if (r->last < r->first)
        return 0;
    while (at <= r->last / 8)
        if (at > r->first / 8 && at + 8 <= r->last / 8) {
            memcpy(&word, data + at, sizeof word);
            count += __builtin_popcountll(word);
            at += 8;
        } else {
            count += __builtin_popcount(byte_within(data, at++, r));
        }
    return count;
}

static void bitcount(tripsage__command *c)
{
    tripsage__entry *entry;
    range r;

    if (!tripsage__command_string(c, c->args[1], &entry))
        return;
    if (!entry)
        tripsage__reply_integer(c->reply, 0);
    else if (take_range(c, 2, 0, tripsage__entry_value_size(entry), &r))
        tripsage__reply_integer(c->reply, ones_in(entry->bytes, &r));
}

/* The place of the first such bit in the range; -1: there is none. */
static int64_t first_of(const unsigned char *data, const range *r, int bit)
{
    for (int64_t at = r->first / 8; at <= r->last / 8 && r->first <= r->last; at++) {
        int64_t from = at * 8 > r->first ? at * 8 : r->first;

        if (data[at] == (bit ? 0 : 0xff))
            continue;
        for (; from <= r->last && from < at * 8 + 8; from++)
            if (bit_at(data, from) == bit)
                return from;
    }
    return -1;
}

static void bitpos(tripsage__command *c)
{
    tripsage__entry *entry;
    int64_t bit, at;
    range r;

    if (!tripsage__command_integer(c, 2, &bit))
        return;
    if (bit != 0 && bit != 1) {
        tripsage__reply_error(c->reply, "ERR The bit argument must be 1 or 0.");
        return;
    }
    if (!tripsage__command_string(c, c->args[1], &entry))
        return;
    if (!entry) {
        tripsage__reply_integer(c->reply, bit ? -1 : 0);
        return;
    }
    if (!take_range(c, 3, 1, tripsage__entry_value_size(entry), &r))
        return;
    at = first_of(entry->bytes, &r, (int)bit);
    if (at == -1 && !bit && !r.ends && r.first <= r.last)
        at = r.last + 1; /* the first zero behind the end */
    tripsage__reply_integer(c->reply, at);
}

/* ---- of several strings ---- */

typedef struct operator
{
    const char *name;
    size_t least, most; /* how many strings it takes; 0: as many as there are */
}
operator;

enum { AND, OR, XOR, NOT, DIFF, DIFF1, ANDOR, ONE, OPERATORS };

static const operator operators[OPERATORS] = {
    {"AND", 1, 0},  {"OR", 1, 0},    {"XOR", 1, 0},   {"NOT", 1, 1},
    {"DIFF", 2, 0}, {"DIFF1", 2, 0}, {"ANDOR", 2, 0}, {"ONE", 1, 0},
};

static int take_operation(tripsage__command *c, int *out)
{
    size_t sources = c->count - 3;

    for (*out = 0; *out < OPERATORS && !tripsage__command_is(c->args[1], operators[*out].name); ++*out)
        ;
    if (*out == OPERATORS)
        tripsage__command_syntax(c);
    else if (operators[*out].most && sources > operators[*out].most)
        tripsage__reply_error(c->reply, "ERR BITOP NOT must be called with a single source key.");
    else if (sources < operators[*out].least)
        tripsage__reply_error(c->reply, "ERR BITOP %s must be called with at least two source keys.",
                              operators[*out].name);
    else
        return 1;
    return 0;
}

static unsigned byte_at(const tripsage__entry *entry, size_t at)
{
    return entry && at < tripsage__entry_value_size(entry) ? entry->bytes[at] : 0;
}

static unsigned combined(int operation, tripsage__entry *const *sources, size_t count, size_t at)
{
    unsigned first = byte_at(sources[0], at), every = first, odd = first, others = 0, twice = 0;

    for (size_t i = 1; i < count; i++) {
        unsigned byte = byte_at(sources[i], at);

        every &= byte;
        odd ^= byte;
        twice |= byte & (first | others);
        others |= byte;
    }
    switch (operation) {
    case AND:
        return every;
    case OR:
        return first | others;
    case XOR:
        return odd;
    case NOT:
        return ~first;
    case DIFF:
        return first & ~others;
    case DIFF1:
        return others & ~first;
    case ANDOR:
        return first & others;
    default:
        return (first | others) & ~twice;
    }
}

static void store_combined(tripsage__command *c, int operation, tripsage__entry *const *sources, size_t size)
{
    size_t count = c->count - 3;
    tripsage__edit edit;

    if (!tripsage__edit_of(&edit, c, NULL, size))
        return;
    for (size_t at = 0; at < size; at++)
        edit.data[at] = (unsigned char)combined(operation, sources, count, at);
    if (tripsage__edit_store(&edit, c, c->args[2]))
        tripsage__reply_integer(c->reply, (int64_t)size);
    tripsage__edit_free(&edit);
}

static void bitop(tripsage__command *c)
{
    tripsage__entry **sources;
    size_t size = 0, i;
    int operation;

    if (!take_operation(c, &operation))
        return;
    sources = tripsage__calloc(c->count, sizeof(tripsage__entry *));
    if (!sources) {
        tripsage__command_failed(c, TRIPSAGE_ENOMEM);
        return;
    }
    for (i = 3; i < c->count && tripsage__command_string(c, c->args[i], &sources[i - 3]); i++)
        if (sources[i - 3] && tripsage__entry_value_size(sources[i - 3]) > size)
            size = tripsage__entry_value_size(sources[i - 3]);
    if (i == c->count && size) {
        store_combined(c, operation, sources, size);
    } else if (i == c->count) {
        (void)tripsage__keyspace_remove(c->space, c->args[2]);
        tripsage__reply_integer(c->reply, 0);
    }
    tripsage__free(sources);
}

/* ---- integers of so many bits ---- */

typedef enum overflow { WRAP, SATURATE, FAIL } overflow;

enum { FIELD_GET, FIELD_SET, FIELD_ADD };

typedef struct field {
    int what; /* FIELD_GET ... */
    overflow overflow;
    int is_signed;
    int64_t bits, at, value;
} field;

static int take_overflow(tripsage__command *c, size_t at, overflow *out)
{
    static const char *const names[] = {"WRAP", "SAT", "FAIL"};

    for (int i = 0; i < 3; i++)
        if (tripsage__command_is(c->args[at], names[i])) {
            *out = (overflow)i;
            return 1;
        }
    tripsage__reply_error(c->reply, "ERR Invalid OVERFLOW type specified");
    return 0;
}

/* i1 to i64, u1 to u63. */
static int take_type(tripsage__command *c, size_t at, field *out)
{
    tripsage__cache_bytes text = c->args[at];
    char kind = text.size ? *(const char *)text.data : '\0';
    tripsage__cache_bytes bits = {(const char *)text.data + 1, text.size ? text.size - 1 : 0};

    out->is_signed = kind == 'i';
    if ((kind == 'i' || kind == 'u') && tripsage__command_parse_integer(bits, &out->bits) && out->bits >= 1 &&
        out->bits <= (out->is_signed ? 64 : 63))
        return 1;
    tripsage__reply_error(c->reply, "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not "
                                    "supported but i64 is.");
    return 0;
}

/* The next operation from *at on, moved behind it. An OVERFLOW before it stays in force. 0: an error was replied; -1: there is none. */
static int take_field(tripsage__command *c, size_t *at, field *out)
{
    static const char *const names[] = {"GET", "SET", "INCRBY"};
    size_t left, wanted;
    int what = 0;

    while (*at + 1 < c->count && tripsage__command_is(c->args[*at], "OVERFLOW")) {
        if (!take_overflow(c, *at + 1, &out->overflow))
            return 0;
        *at += 2;
    }
    if (*at == c->count)
        return -1;
    left = c->count - *at - 1;
    while (what < 3 && !tripsage__command_is(c->args[*at], names[what]))
        what++;
    wanted = what == FIELD_GET ? 2 : 3;
    if (what == 3 || left < wanted) {
        tripsage__command_syntax(c);
        return 0;
    }
    if (!take_type(c, *at + 1, out) || !take_offset(c, *at + 2, out->bits, &out->at) ||
        (what != FIELD_GET && !tripsage__command_integer(c, *at + 3, &out->value)))
        return 0;
    out->what = what;
    *at += wanted + 1;
    return 1;
}

/* Looks at all of them: how many there are, and how long the string has to be for those that write; 0 after an error. */
static int check_fields(tripsage__command *c, size_t *count, size_t *least)
{
    field f = {.overflow = WRAP};
    size_t at = 2;
    int taken;

    for (*count = *least = 0; (taken = take_field(c, &at, &f)) == 1; ++*count) {
        size_t size = (size_t)(f.at + f.bits - 1) / 8 + 1;

        if (f.what != FIELD_GET && size > *least)
            *least = size;
    }
    return taken == -1;
}

static int64_t read_field(const unsigned char *data, size_t size, const field *f)
{
    uint64_t value = 0;

    for (int64_t i = f->at; i < f->at + f->bits; i++)
        value = value << 1 | (uint64_t)((size_t)i / 8 < size ? bit_at(data, i) : 0);
    if (f->is_signed && f->bits < 64 && value >> (f->bits - 1))
        value |= ~UINT64_C(0) << f->bits;
    return (int64_t)value;
}

static void write_field(unsigned char *data, const field *f, int64_t value)
{
    for (int64_t i = 0; i < f->bits; i++)
        put_bit(data, f->at + i, (int)((uint64_t)value >> (f->bits - 1 - i) & 1));
}

/* The sum as the field can hold it, 0 where it may not be put there. */
static int sum_within(const field *f, int64_t value, int64_t by, int64_t *out)
{
    int64_t max = (int64_t)((UINT64_C(1) << (f->bits - f->is_signed)) - 1), min = f->is_signed ? -max - 1 : 0;
    uint64_t kept = ((uint64_t)value + (uint64_t)by) & (f->bits < 64 ? (UINT64_C(1) << f->bits) - 1 : UINT64_MAX);
    int beyond = __builtin_add_overflow(value, by, out); /* 64 bits themselves: then `by` says in which direction */
    int above = beyond ? by > 0 : *out > max, below = beyond ? by < 0 : *out < min;

    if (!above && !below)
        return 1;
    if (f->is_signed && f->bits < 64 && kept >> (f->bits - 1))
        kept |= ~UINT64_C(0) << f->bits;
    *out = f->overflow == SATURATE ? above ? max : min : (int64_t)kept;
    return f->overflow != FAIL;
}

/* What SET would put there; a negative number for a field without a sign is taken as the 64 bits it has, which are more than any holds. */
static int value_within(const field *f, int64_t *out)
{
    if (f->is_signed || f->value >= 0)
        return sum_within(f, 0, f->value, out);
    *out = f->overflow == SATURATE ? INT64_MAX >> (63 - f->bits) : f->value;
    return f->overflow != FAIL;
}

static void write_and_reply(tripsage__command *c, unsigned char *data, size_t size, const field *f)
{
    int64_t old = read_field(data, size, f), written;

    if (f->what == FIELD_SET ? value_within(f, &written) : sum_within(f, old, f->value, &written)) {
        write_field(data, f, written);
        tripsage__reply_integer(c->reply, f->what == FIELD_SET ? old : written);
    } else {
        tripsage__reply_nil(c->reply);
    }
}

/* Carries them out on a string that is long enough for those that write; `written` NULL: none of them does. */
static void run_fields(tripsage__command *c, const unsigned char *data, unsigned char *written, size_t size)
{
    field f = {.overflow = WRAP};
    size_t at = 2;

    while (take_field(c, &at, &f) == 1)
        if (f.what == FIELD_GET || !written)
            tripsage__reply_integer(c->reply, read_field(data, size, &f));
        else
            write_and_reply(c, written, size, &f);
}

static void bitfield(tripsage__command *c)
{
    int read_only = tripsage__command_is(c->args[0], "BITFIELD_RO");
    size_t count, least, begun = c->reply->count;
    tripsage__entry *entry;
    tripsage__edit edit;
    tripsage_status status;

    if (!check_fields(c, &count, &least))
        return;
    if (least && read_only) {
        tripsage__reply_error(c->reply, "ERR BITFIELD_RO only supports the GET subcommand");
        return;
    }
    if (!tripsage__command_string(c, c->args[1], &entry) || (least && !tripsage__edit_of(&edit, c, entry, least)))
        return;
    tripsage__reply_array(c->reply, count);
    if (!least) {
        run_fields(c, entry ? entry->bytes : NULL, NULL, entry ? tripsage__entry_value_size(entry) : 0);
        return;
    }
    run_fields(c, edit.data, edit.data, edit.size);
    status =
        tripsage__keyspace_set(c->space, c->args[1], (tripsage__cache_bytes){edit.data, edit.size}, edit.expires_ms);
    if (status != TRIPSAGE_OK) {
        tripsage__reply_cut(c->reply, begun);
        tripsage__command_failed(c, status);
    }
    tripsage__edit_free(&edit);
}

#define READS 0
#define GROWS (TRIPSAGE__COMMAND_WRITES | TRIPSAGE__COMMAND_GROWS)

const tripsage__command_spec tripsage__commands_bits[] = {
    {"SETBIT", setbit, 4, GROWS, 1, 1, 1, 0},         {"GETBIT", getbit, 3, READS, 1, 1, 1, 0},
    {"BITCOUNT", bitcount, -2, READS, 1, 1, 1, 0},    {"BITPOS", bitpos, -3, READS, 1, 1, 1, 0},
    {"BITOP", bitop, -4, GROWS, 2, -1, 1, 0},         {"BITFIELD", bitfield, -2, GROWS, 1, 1, 1, 0},
    {"BITFIELD_RO", bitfield, -2, READS, 1, 1, 1, 0}, {NULL, NULL, 0, 0, 0, 0, 0, 0},
};
