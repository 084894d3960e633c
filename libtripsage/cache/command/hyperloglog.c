/* hyperloglog.c: how many different things were seen, in 12 KiB at most and about 0.81 % wrong (Flajolet, Fusy, Gandouet and Meunier,
 * 2007), estimated as Ertl does (2017), which needs no constants for small counts.
 *
 * A thing's 64-bit hash chooses one of 16,384 registers by 14 bits; the register keeps the longest run of zeroes, and one, that the other
 * 50 began with. Registers lie in a string, behind a header:
 *
 *     "HYLL"  form  0 0 0
 *
 * Form 0: all of them, 6 bits each, the lowest bits first. Form 1, while it is shorter: those that are not 0, sorted, 3 bytes each: the
 * number above 6 bits of what is in it, the highest byte first. The hash is MurmurHash64A (Appleby, public domain) from Redis's seed, so
 * counts are Redis's, to the last one. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "edit.h"

enum {
    INDEX_BITS = 14,
    RUN_BITS = 64 - INDEX_BITS,
    REGISTERS = 1 << INDEX_BITS,
    HEADER = 8,
    DENSE = HEADER + REGISTERS * 6 / 8,
    PAIR = 3,
    PAIRS_MAX = (DENSE - HEADER) / PAIR - 1
};

typedef struct sketch {
    unsigned char registers[REGISTERS];
} sketch;

/* ---- a register of a hash ---- */

static uint64_t read_word(const unsigned char *at, size_t size)
{
    uint64_t word = 0;

    for (size_t i = 0; i < size; i++)
        word |= (uint64_t)at[i] << (8 * i);
    return word;
}

static uint64_t murmur64a(tripsage__cache_bytes text)
{
    const uint64_t m = UINT64_C(0xc6a4a7935bd1e995);
    const unsigned char *at = text.data;
    uint64_t hash = UINT64_C(0xadc83b19) ^ (text.size * m);
    size_t left = text.size;

    for (; left >= 8; left -= 8, at += 8) {
        uint64_t word = read_word(at, 8) * m;

        hash = (hash ^ (word ^ word >> 47) * m) * m;
    }
    if (left)
        hash = (hash ^ read_word(at, left)) * m;
    hash = (hash ^ hash >> 47) * m;
    return hash ^ hash >> 47;
}

/* What a thing would have its register keep. */
static unsigned run_of(tripsage__cache_bytes thing, size_t *index)
{
    uint64_t hash = murmur64a(thing);
    uint64_t rest = hash >> INDEX_BITS | UINT64_C(1) << RUN_BITS; /* a run ends there, if not before */

    *index = (size_t)(hash & (REGISTERS - 1));
    return (unsigned)__builtin_ctzll(rest) + 1;
}

/* Whether the register had to grow. */
static int see(sketch *s, size_t index, unsigned run)
{
    if (s->registers[index] >= run)
        return 0;
    s->registers[index] = (unsigned char)run;
    return 1;
}

/* ---- as a string ---- */

static const unsigned char dense_header[HEADER] = {'H', 'Y', 'L', 'L', 0, 0, 0, 0};
static const unsigned char pairs_header[HEADER] = {'H', 'Y', 'L', 'L', 1, 0, 0, 0};

/* Four registers lie in three bytes. */
static size_t write_dense(unsigned char *to, const sketch *s)
{
    const unsigned char *from = s->registers;

    memcpy(to, dense_header, HEADER);
    for (unsigned char *at = to + HEADER; at < to + DENSE; at += 3, from += 4) {
        unsigned four = from[0] | (unsigned)from[1] << 6 | (unsigned)from[2] << 12 | (unsigned)from[3] << 18;

        at[0] = (unsigned char)(four & 0xff);
        at[1] = (unsigned char)(four >> 8 & 0xff);
        at[2] = (unsigned char)(four >> 16);
    }
    return DENSE;
}

/* 0: there are too many of them. */
static size_t write_pairs(unsigned char *to, const sketch *s)
{
    size_t count = 0;

    memcpy(to, pairs_header, HEADER);
    for (size_t i = 0; i < REGISTERS; i++) {
        unsigned char *at = to + HEADER + count * PAIR;
        unsigned long pair = (unsigned long)i << 6 | s->registers[i];

        if (!s->registers[i])
            continue;
        if (count++ == PAIRS_MAX)
            return 0;
        at[0] = (unsigned char)(pair >> 16);
        at[1] = (unsigned char)(pair >> 8 & 0xff);
        at[2] = (unsigned char)(pair & 0xff);
    }
    return HEADER + count * PAIR;
}

static void read_dense(sketch *s, const unsigned char *data)
{
    const unsigned char *at = data + HEADER;

    for (size_t i = 0; i < REGISTERS; i += 4, at += 3) {
        unsigned four = at[0] | (unsigned)at[1] << 8 | (unsigned)at[2] << 16;

        (void)see(s, i, four & 0x3f);
        (void)see(s, i + 1, four >> 6 & 0x3f);
        (void)see(s, i + 2, four >> 12 & 0x3f);
        (void)see(s, i + 3, four >> 18);
    }
}

static int read_pairs(sketch *s, tripsage__cache_bytes text)
{
    const unsigned char *at = (const unsigned char *)text.data + HEADER, *end = at + (text.size - HEADER);

    if ((text.size - HEADER) % PAIR)
        return 0;
    for (; at < end; at += PAIR) {
        unsigned long pair = (unsigned long)at[0] << 16 | (unsigned long)at[1] << 8 | at[2];

        if (pair >> 6 >= REGISTERS)
            return 0;
        (void)see(s, pair >> 6, pair & 0x3f);
    }
    return 1;
}

static int has_header(const tripsage__entry *entry, const unsigned char header[HEADER])
{
    return tripsage__entry_value_size(entry) >= HEADER && memcmp(entry->bytes, header, HEADER) == 0;
}

static int is_dense(const tripsage__entry *entry)
{
    return tripsage__entry_value_size(entry) == DENSE && has_header(entry, dense_header);
}

/* The key's entry, which is one of ours, or NULL; replies the error. */
static int find(tripsage__command *c, size_t at, tripsage__entry **out)
{
    if (!tripsage__command_string(c, c->args[at], out))
        return 0;
    if (!*out || is_dense(*out) || has_header(*out, pairs_header))
        return 1;
    tripsage__reply_error(c->reply, "WRONGTYPE Key is not a valid HyperLogLog string value.");
    return 0;
}

/* Takes an entry's registers in, where they are more than what is there; NULL has none. Replies the error. */
static int take_in(tripsage__command *c, sketch *s, const tripsage__entry *entry)
{
    if (!entry)
        return 1;
    if (is_dense(entry)) {
        read_dense(s, entry->bytes);
        return 1;
    }
    if (read_pairs(s, tripsage__command_value(entry)))
        return 1;
    tripsage__reply_error(c->reply, "INVALIDOBJ Corrupted HLL object detected");
    return 0;
}

/* The keys from `at` on. */
static int take_keys_in(tripsage__command *c, sketch *s, size_t at)
{
    tripsage__entry *entry;

    for (; at < c->count; at++)
        if (!find(c, at, &entry) || !take_in(c, s, entry))
            return 0;
    return 1;
}

static int store(tripsage__command *c, const sketch *s, const tripsage__entry *old)
{
    unsigned char bytes[DENSE];
    size_t size = write_pairs(bytes, s);

    if (!size)
        size = write_dense(bytes, s);
    return tripsage__edit_put(c, c->args[1], (tripsage__cache_bytes){bytes, size},
                              tripsage__keyspace_end_of(c->space, old));
}

/* ---- the estimate ---- */

/* Ertl's sigma and tau: what registers that nothing touched, and those that are full, add. */
static double sigma(double x)
{
    double power = 1, sum = x, before;

    if (x == 1)
        return INFINITY;
    do {
        x *= x;
        before = sum;
        sum += x * power;
        power += power;
    } while (before != sum);
    return sum;
}

static double tau(double x)
{
    double power = 1, sum = 1 - x, before;

    if (x == 0 || x == 1)
        return 0;
    do {
        x = sqrt(x);
        before = sum;
        power *= 0.5;
        sum -= (1 - x) * (1 - x) * power;
    } while (before != sum);
    return sum / 3;
}

static int64_t estimate(const sketch *s)
{
    const double m = REGISTERS;
    unsigned counts[64] = {0};
    double z;

    for (size_t i = 0; i < REGISTERS; i++)
        counts[s->registers[i]]++;
    z = m * tau((m - counts[RUN_BITS + 1]) / m);
    for (int run = RUN_BITS; run >= 1; run--)
        z = (z + counts[run]) * 0.5;
    z += m * sigma(counts[0] / m);
    return llround(0.5 / log(2) * m * m / z);
}

/* ---- commands ---- */

/* Puts a run into one of all the registers, as they lie in a string. Gives whether it had to grow. */
static int see_dense(unsigned char *data, size_t index, unsigned run)
{
    unsigned char *at = data + HEADER + index / 4 * 3;
    unsigned four = at[0] | (unsigned)at[1] << 8 | (unsigned)at[2] << 16, shift = index % 4 * 6;

    if ((four >> shift & 0x3f) >= run)
        return 0;
    four = (four & ~(0x3fu << shift)) | run << shift;
    at[0] = (unsigned char)(four & 0xff);
    at[1] = (unsigned char)(four >> 8 & 0xff);
    at[2] = (unsigned char)(four >> 16);
    return 1;
}

/* Without unpacking: one that was added to often. */
static void add_to_dense(tripsage__command *c, const tripsage__entry *entry)
{
    tripsage__edit edit;
    int changed = 0;

    if (!tripsage__edit_of(&edit, c, entry, 0))
        return;
    for (size_t i = 2, index; i < c->count; i++) {
        unsigned run = run_of(c->args[i], &index);

        changed |= see_dense(edit.data, index, run);
    }
    if (!changed || tripsage__edit_store(&edit, c, c->args[1]))
        tripsage__reply_integer(c->reply, changed);
    tripsage__edit_free(&edit);
}

static void add_to_pairs(tripsage__command *c, const tripsage__entry *entry)
{
    sketch s = {{0}};
    int changed = !entry;

    if (!take_in(c, &s, entry))
        return;
    for (size_t i = 2, index; i < c->count; i++) {
        unsigned run = run_of(c->args[i], &index);

        changed |= see(&s, index, run);
    }
    if (!changed || store(c, &s, entry))
        tripsage__reply_integer(c->reply, changed);
}

static void pfadd(tripsage__command *c)
{
    tripsage__entry *entry;

    if (!find(c, 1, &entry))
        return;
    if (entry && is_dense(entry))
        add_to_dense(c, entry);
    else
        add_to_pairs(c, entry);
}

static void pfcount(tripsage__command *c)
{
    sketch s = {{0}};

    if (take_keys_in(c, &s, 1))
        tripsage__reply_integer(c->reply, estimate(&s));
}

static void pfmerge(tripsage__command *c)
{
    sketch s = {{0}};
    tripsage__entry *old;

    if (find(c, 1, &old) && take_keys_in(c, &s, 1) && store(c, &s, old))
        tripsage__reply_ok(c->reply);
}

const tripsage__command_spec tripsage__commands_hyperloglog[] = {
    {"PFADD", pfadd, -2, TRIPSAGE__COMMAND_WRITES | TRIPSAGE__COMMAND_GROWS, 1, 1, 1, 0},
    {"PFCOUNT", pfcount, -2, 0, 1, -1, 1, 0},
    {"PFMERGE", pfmerge, -2, TRIPSAGE__COMMAND_WRITES | TRIPSAGE__COMMAND_GROWS, 1, -1, 1, 0},
    {NULL, NULL, 0, 0, 0, 0, 0, 0},
};
