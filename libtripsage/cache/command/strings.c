/* strings.c: commands about strings: whole ones, parts of them, and numbers in them. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/xxh3.h"
#include "edit.h"

static void reply_value(tripsage__command *c, const tripsage__entry *entry)
{
    if (entry)
        tripsage__reply_bytes(c->reply, entry->bytes, tripsage__entry_value_size(entry));
    else
        tripsage__reply_nil(c->reply);
}

/* ---- SET and its like ---- */

enum {
    NX = 1 << 0,
    XX = 1 << 1,
    GET = 1 << 2,
    KEEPTTL = 1 << 3,
    PERSIST = 1 << 4,
    EX = 1 << 5,
    PX = 1 << 6,
    EXAT = 1 << 7,
    PXAT = 1 << 8,
    IFEQ = 1 << 9,
    IFNE = 1 << 10,
    IFDEQ = 1 << 11,
    IFDNE = 1 << 12,
    LIVES = EX | PX | EXAT | PXAT,
    DIGESTS = IFDEQ | IFDNE,
    COMPARES = IFEQ | IFNE | DIGESTS,
    FOR_SET = NX | XX | GET | KEEPTTL | LIVES | COMPARES,
    FOR_GETEX = PERSIST | LIVES
};

typedef struct option {
    const char *name;
    unsigned flag;
    unsigned beside; /* what may not stand beside it */
} option;

static const option options[] = {
    {"NX", NX, XX | COMPARES},
    {"XX", XX, NX | COMPARES},
    {"GET", GET, 0},
    {"KEEPTTL", KEEPTTL, PERSIST | LIVES},
    {"PERSIST", PERSIST, KEEPTTL | LIVES},
    {"EX", EX, KEEPTTL | PERSIST | (LIVES & ~EX)},
    {"PX", PX, KEEPTTL | PERSIST | (LIVES & ~PX)},
    {"EXAT", EXAT, KEEPTTL | PERSIST | (LIVES & ~EXAT)},
    {"PXAT", PXAT, KEEPTTL | PERSIST | (LIVES & ~PXAT)},
    {"IFEQ", IFEQ, NX | XX | COMPARES},
    {"IFNE", IFNE, NX | XX | COMPARES},
    {"IFDEQ", IFDEQ, NX | XX | COMPARES},
    {"IFDNE", IFDNE, NX | XX | COMPARES},
};

typedef struct chosen {
    unsigned flags;
    size_t life, compared; /* arguments of these options */
    uint64_t digest;       /* what the second is for DIGESTS */
} chosen;

static const option *option_named(tripsage__cache_bytes word, unsigned allowed)
{
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if ((options[i].flag & allowed) && tripsage__command_is(word, options[i].name))
            return &options[i];
    return NULL;
}

/* 16 hexadecimal digits, as DIGEST tells them. */
static int take_digest(tripsage__command *c, size_t at, uint64_t *out)
{
    static const char digits[] = "0123456789abcdef";
    tripsage__cache_bytes text = c->args[at];
    size_t i = 0;

    for (*out = 0; i < text.size; i++) {
        int character = ((const unsigned char *)text.data)[i];
        const char *digit;

        character = character >= 'A' && character <= 'F' ? character | 0x20 : character;
        digit = character ? strchr(digits, character) : NULL;
        if (!digit)
            break;
        *out = *out << 4 | (uint64_t)(digit - digits);
    }
    if (text.size == 16 && i == 16)
        return 1;
    tripsage__reply_error(c->reply, "ERR a digest must be exactly 16 hexadecimal characters");
    return 0;
}

static int take_options(tripsage__command *c, size_t first, unsigned allowed, chosen *out)
{
    *out = (chosen){0, 0, 0, 0};
    for (size_t i = first; i < c->count; i++) {
        const option *named = option_named(c->args[i], allowed);

        if (!named || (named->beside & out->flags) || ((named->flag & (LIVES | COMPARES)) && ++i == c->count)) {
            tripsage__command_syntax(c);
            return 0;
        }
        out->flags |= named->flag;
        if (named->flag & LIVES)
            out->life = i;
        if (named->flag & COMPARES)
            out->compared = i;
        if ((named->flag & DIGESTS) && !take_digest(c, i, &out->digest))
            return 0;
    }
    return 1;
}

/* The end of a life that begins now, or an instant: more than nothing. */
static int take_life(tripsage__command *c, size_t at, int64_t unit, int64_t from, int64_t *out)
{
    int64_t life;

    if (!tripsage__command_integer(c, at, &life))
        return 0;
    if (life > 0)
        return tripsage__command_instant(c, at, unit, from, out);
    tripsage__command_invalid_expire(c);
    return 0;
}

static int take_chosen_life(tripsage__command *c, const chosen *o, int64_t *out)
{
    *out = TRIPSAGE__CACHE_FOREVER;
    return !(o->flags & LIVES) ||
           take_life(c, o->life, o->flags & (EX | EXAT) ? 1000 : 1, o->flags & (EX | PX) ? c->space->now_ms : 0, out);
}

/* What is over already is not kept. */
static int store_until(tripsage__command *c, size_t key, size_t value, int64_t expires_ms)
{
    if (expires_ms > c->space->now_ms)
        return tripsage__edit_put(c, c->args[key], c->args[value], expires_ms);
    (void)tripsage__keyspace_remove(c->space, c->args[key]);
    return 1;
}

/* Whether the value is what a condition tells. */
static int is_equal(const tripsage__command *c, const chosen *o, const tripsage__entry *entry)
{
    tripsage__cache_bytes value = c->args[o->compared];

    if (o->flags & DIGESTS)
        return tripsage__xxh3(entry->bytes, tripsage__entry_value_size(entry)) == o->digest;
    return tripsage__entry_value_size(entry) == value.size && memcmp(entry->bytes, value.data, value.size) == 0;
}

static int is_met(const tripsage__command *c, const chosen *o, const tripsage__entry *entry)
{
    if (o->flags & (NX | XX))
        return (o->flags & XX) ? entry != NULL : entry == NULL;
    if (o->flags & (IFEQ | IFDEQ))
        return entry && is_equal(c, o, entry);
    return !(o->flags & COMPARES) || !entry || !is_equal(c, o, entry);
}

/* What is there, of whatever type where that does not matter. */
static int find_old(tripsage__command *c, const chosen *o, tripsage__entry **out)
{
    int failed;

    if (o->flags & (GET | COMPARES))
        return tripsage__command_string(c, c->args[1], out);
    *out = tripsage__keyspace_find(c->space, c->args[1], &failed);
    if (failed)
        tripsage__command_failed(c, TRIPSAGE_ENOMEM);
    return !failed;
}

static void set(tripsage__command *c)
{
    tripsage__entry *old;
    int64_t expires_ms;
    chosen o;
    int met;

    if (!take_options(c, 3, FOR_SET, &o) || !take_chosen_life(c, &o, &expires_ms) || !find_old(c, &o, &old))
        return;
    if ((o.flags & KEEPTTL) && old)
        expires_ms = tripsage__keyspace_end_of(c->space, old);
    met = is_met(c, &o, old);
    if (met && !store_until(c, 1, 2, expires_ms))
        return;
    if (o.flags & GET)
        reply_value(c, old);
    else if (met)
        tripsage__reply_ok(c->reply);
    else
        tripsage__reply_nil(c->reply);
}

static void set_for(tripsage__command *c, int64_t unit)
{
    int64_t expires_ms;

    if (take_life(c, 2, unit, c->space->now_ms, &expires_ms) && store_until(c, 1, 3, expires_ms))
        tripsage__reply_ok(c->reply);
}

static void setex(tripsage__command *c)
{
    set_for(c, 1000);
}

static void psetex(tripsage__command *c)
{
    set_for(c, 1);
}

static void setnx(tripsage__command *c)
{
    int absent = !tripsage__keyspace_has(c->space, c->args[1]);

    if (!absent || store_until(c, 1, 2, TRIPSAGE__CACHE_FOREVER))
        tripsage__reply_integer(c->reply, absent);
}

/* ---- GET and its like ---- */

static void get(tripsage__command *c)
{
    tripsage__entry *entry;

    if (tripsage__command_string(c, c->args[1], &entry))
        reply_value(c, entry);
}

static void getset(tripsage__command *c)
{
    tripsage__entry *old;

    if (tripsage__command_string(c, c->args[1], &old) && store_until(c, 1, 2, TRIPSAGE__CACHE_FOREVER))
        reply_value(c, old);
}

static void getdel(tripsage__command *c)
{
    tripsage__entry *entry;

    if (!tripsage__command_string(c, c->args[1], &entry))
        return;
    (void)tripsage__keyspace_remove(c->space, c->args[1]);
    reply_value(c, entry);
}

static void getex(tripsage__command *c)
{
    tripsage__entry *entry;
    int64_t expires_ms;
    chosen o;

    if (!take_options(c, 2, FOR_GETEX, &o) || !tripsage__command_string(c, c->args[1], &entry))
        return;
    if (entry && !take_chosen_life(c, &o, &expires_ms))
        return;
    if (entry && o.flags)
        (void)tripsage__keyspace_expire(c->space, c->args[1], expires_ms);
    reply_value(c, entry);
}

/* ---- several ---- */

static void mget(tripsage__command *c)
{
    size_t begun = c->reply->count;
    int failed;

    tripsage__reply_array(c->reply, c->count - 1);
    for (size_t i = 1; i < c->count; i++) {
        const tripsage__entry *entry = tripsage__keyspace_find(c->space, c->args[i], &failed);

        if (failed) {
            tripsage__reply_cut(c->reply, begun);
            tripsage__command_failed(c, TRIPSAGE_ENOMEM);
            return;
        }
        reply_value(c, entry && !tripsage__entry_is_object(entry) ? entry : NULL);
    }
}

/* Whether there are pairs, each of which may be stored. */
static int are_pairs(tripsage__command *c)
{
    if (c->count % 2 == 0) {
        tripsage__command_arity(c);
        return 0;
    }
    for (size_t i = 1; i < c->count; i += 2)
        if (!tripsage__keyspace_fits(c->space, c->args[i].size, c->args[i + 1].size)) {
            tripsage__command_failed(c, TRIPSAGE_ETOOLARGE);
            return 0;
        }
    return 1;
}

static int store_pairs(tripsage__command *c)
{
    for (size_t i = 1; i < c->count; i += 2)
        if (!store_until(c, i, i + 1, TRIPSAGE__CACHE_FOREVER))
            return 0;
    return 1;
}

static void mset(tripsage__command *c)
{
    if (are_pairs(c) && store_pairs(c))
        tripsage__reply_ok(c->reply);
}

static void msetnx(tripsage__command *c)
{
    int absent = 1;

    if (!are_pairs(c))
        return;
    for (size_t i = 1; i < c->count; i += 2)
        absent &= !tripsage__keyspace_has(c->space, c->args[i]);
    if (!absent || store_pairs(c))
        tripsage__reply_integer(c->reply, absent);
}

/* ---- parts ---- */

static void len(tripsage__command *c)
{
    tripsage__entry *entry;

    if (tripsage__command_string(c, c->args[1], &entry))
        tripsage__reply_integer(c->reply, entry ? (int64_t)tripsage__entry_value_size(entry) : 0);
}

/* Writes bytes from `at` on. */
static void overwrite(tripsage__command *c, const tripsage__entry *entry, size_t at, tripsage__cache_bytes bytes)
{
    tripsage__edit edit;

    if (!tripsage__edit_of(&edit, c, entry, at + bytes.size))
        return;
    if (bytes.size)
        memcpy(edit.data + at, bytes.data, bytes.size);
    if (tripsage__edit_store(&edit, c, c->args[1]))
        tripsage__reply_integer(c->reply, (int64_t)edit.size);
    tripsage__edit_free(&edit);
}

static void append(tripsage__command *c)
{
    tripsage__entry *entry;

    if (tripsage__command_string(c, c->args[1], &entry))
        overwrite(c, entry, entry ? tripsage__entry_value_size(entry) : 0, c->args[2]);
}

static void setrange(tripsage__command *c)
{
    tripsage__cache_bytes bytes = c->args[3];
    tripsage__entry *entry;
    int64_t at;

    if (!tripsage__command_integer(c, 2, &at))
        return;
    if (at < 0) {
        tripsage__reply_error(c->reply, "ERR offset is out of range");
        return;
    }
    if (!tripsage__command_string(c, c->args[1], &entry))
        return;
    if (bytes.size == 0) {
        tripsage__reply_integer(c->reply, entry ? (int64_t)tripsage__entry_value_size(entry) : 0);
    } else if (at > TRIPSAGE__STRING_MAX || (int64_t)bytes.size > TRIPSAGE__STRING_MAX - at) {
        tripsage__reply_error(c->reply, "ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    } else {
        overwrite(c, entry, (size_t)at, bytes);
    }
}

static void getrange(tripsage__command *c)
{
    tripsage__entry *entry;
    int64_t first, last;

    if (!tripsage__command_integer(c, 2, &first) || !tripsage__command_integer(c, 3, &last) ||
        !tripsage__command_string(c, c->args[1], &entry))
        return;
    if (entry && tripsage__command_range(&first, &last, (int64_t)tripsage__entry_value_size(entry)))
        tripsage__reply_bytes(c->reply, entry->bytes + first, (size_t)(last - first + 1));
    else
        tripsage__reply_text(c->reply, "");
}

/* ---- numbers ---- */

static void add(tripsage__command *c, int64_t by)
{
    char digits[TRIPSAGE__CACHE_INTEGER_MAX + 1];
    tripsage__entry *entry;
    int64_t sum = 0;

    if (!tripsage__command_string(c, c->args[1], &entry))
        return;
    if (entry && !tripsage__command_parse_integer(tripsage__command_value(entry), &sum)) {
        tripsage__reply_error(c->reply, "ERR value is not an integer or out of range");
    } else if (__builtin_add_overflow(sum, by, &sum)) {
        tripsage__reply_error(c->reply, "ERR increment or decrement would overflow");
    } else {
        size_t size = (size_t)snprintf(digits, sizeof digits, "%" PRId64, sum);

        if (tripsage__edit_put(c, c->args[1], (tripsage__cache_bytes){digits, size},
                               tripsage__keyspace_end_of(c->space, entry)))
            tripsage__reply_integer(c->reply, sum);
    }
}

static void incr(tripsage__command *c)
{
    add(c, 1);
}

static void decr(tripsage__command *c)
{
    add(c, -1);
}

static void incrby(tripsage__command *c)
{
    int64_t by;

    if (tripsage__command_integer(c, 2, &by))
        add(c, by);
}

static void decrby(tripsage__command *c)
{
    int64_t by;

    if (!tripsage__command_integer(c, 2, &by))
        return;
    if (by == INT64_MIN)
        tripsage__reply_error(c->reply, "ERR decrement would overflow");
    else
        add(c, -by);
}

static void incrbyfloat(tripsage__command *c)
{
    char text[TRIPSAGE__COMMAND_FLOAT_SIZE];
    tripsage__cache_bytes told = {text, 0};
    tripsage__entry *entry;
    long double sum = 0, by;

    if (!tripsage__command_string(c, c->args[1], &entry))
        return;
    if ((entry && !tripsage__command_parse_float(tripsage__command_value(entry), &sum)) ||
        !tripsage__command_parse_float(c->args[2], &by)) {
        tripsage__reply_error(c->reply, "ERR value is not a valid float");
        return;
    }
    sum += by;
    if (isnan(sum) || isinf(sum)) {
        tripsage__reply_error(c->reply, "ERR increment would produce NaN or Infinity");
        return;
    }
    told.size = tripsage__command_print_float(text, sum);
    if (tripsage__edit_put(c, c->args[1], told, tripsage__keyspace_end_of(c->space, entry)))
        tripsage__reply_bytes(c->reply, told.data, told.size);
}

/* ---- by condition (Redis 8.4) ---- */

static void digest(tripsage__command *c)
{
    char text[17];
    tripsage__entry *entry;

    if (!tripsage__command_string(c, c->args[1], &entry))
        return;
    if (!entry) {
        tripsage__reply_nil(c->reply);
        return;
    }
    snprintf(text, sizeof text, "%016" PRIx64, tripsage__xxh3(entry->bytes, tripsage__entry_value_size(entry)));
    tripsage__reply_text(c->reply, text);
}

/* DEL when the value is, or is not, what is told. */
static void delex(tripsage__command *c)
{
    tripsage__entry *entry = NULL;
    chosen o = {0, 0, 0, 0};

    if (c->count != 2 && c->count != 4) {
        tripsage__command_arity(c);
        return;
    }
    if (!take_options(c, 2, COMPARES, &o) || (o.flags && !tripsage__command_string(c, c->args[1], &entry)))
        return;
    tripsage__reply_integer(c->reply, (!o.flags || (entry && is_met(c, &o, entry))) &&
                                          tripsage__keyspace_remove(c->space, c->args[1]));
}

/* ---- what two have in common ---- */

/* Most cells of the table of lengths: 64 MiB, and about a tenth of a second. */
#define LCS_CELLS_MAX ((size_t)16 * 1024 * 1024)

typedef struct lcs {
    tripsage__cache_bytes a, b;
    uint32_t *lengths; /* of the longest common subsequence of the first i bytes of a and the first j of b */
    int only_length, ranges, with_lengths;
    int64_t least;
} lcs;

static uint32_t *length_at(const lcs *l, size_t i, size_t j)
{
    return &l->lengths[i * (l->b.size + 1) + j];
}

static int equal_before(const lcs *l, size_t i, size_t j)
{
    return ((const char *)l->a.data)[i - 1] == ((const char *)l->b.data)[j - 1];
}

/* Wagner and Fischer, 1974. */
static void fill_lengths(const lcs *l)
{
    for (size_t i = 1; i <= l->a.size; i++)
        for (size_t j = 1; j <= l->b.size; j++) {
            uint32_t up = *length_at(l, i - 1, j), left = *length_at(l, i, j - 1);

            *length_at(l, i, j) = equal_before(l, i, j) ? *length_at(l, i - 1, j - 1) + 1 : up > left ? up : left;
        }
}

/* Moves back to where the last match before i and j ends; 0: there is none. */
static int back_to_match(const lcs *l, size_t *i, size_t *j)
{
    while (*i > 0 && *j > 0) {
        if (equal_before(l, *i, *j))
            return 1;
        if (*length_at(l, *i - 1, *j) > *length_at(l, *i, *j - 1))
            --*i;
        else
            --*j;
    }
    return 0;
}

static void reply_ends(tripsage__command *c, size_t begin, size_t end)
{
    tripsage__reply_array(c->reply, 2);
    tripsage__reply_integer(c->reply, (int64_t)begin);
    tripsage__reply_integer(c->reply, (int64_t)end - 1);
}

static void reply_ranges(tripsage__command *c, const lcs *l)
{
    size_t i = l->a.size, j = l->b.size, begun;

    tripsage__reply_array(c->reply, 4);
    tripsage__reply_text(c->reply, "matches");
    begun = tripsage__reply_begin(c->reply);
    while (back_to_match(l, &i, &j)) {
        size_t a_end = i, b_end = j;

        for (; i > 0 && j > 0 && equal_before(l, i, j); i--, j--)
            ;
        if ((int64_t)(a_end - i) < l->least)
            continue;
        tripsage__reply_array(c->reply, l->with_lengths ? 3 : 2);
        reply_ends(c, i, a_end);
        reply_ends(c, j, b_end);
        if (l->with_lengths)
            tripsage__reply_integer(c->reply, (int64_t)(a_end - i));
    }
    tripsage__reply_end(c->reply, begun);
    tripsage__reply_text(c->reply, "len");
    tripsage__reply_integer(c->reply, *length_at(l, l->a.size, l->b.size));
}

static void reply_common(tripsage__command *c, const lcs *l)
{
    size_t size = *length_at(l, l->a.size, l->b.size), at = size;
    char *text = tripsage__malloc(size + 1);

    if (!text) {
        tripsage__command_failed(c, TRIPSAGE_ENOMEM);
        return;
    }
    for (size_t i = l->a.size, j = l->b.size; back_to_match(l, &i, &j); i--, j--)
        text[--at] = ((const char *)l->a.data)[i - 1];
    tripsage__reply_bytes(c->reply, text, size);
    tripsage__free(text);
}

static int lcs_options(tripsage__command *c, lcs *l)
{
    for (size_t i = 3; i < c->count; i++) {
        if (tripsage__command_is(c->args[i], "IDX")) {
            l->ranges = 1;
        } else if (tripsage__command_is(c->args[i], "LEN")) {
            l->only_length = 1;
        } else if (tripsage__command_is(c->args[i], "WITHMATCHLEN")) {
            l->with_lengths = 1;
        } else if (tripsage__command_is(c->args[i], "MINMATCHLEN") && i + 1 < c->count) {
            if (!tripsage__command_integer(c, ++i, &l->least))
                return 0;
        } else {
            tripsage__command_syntax(c);
            return 0;
        }
    }
    if (l->ranges && l->only_length)
        tripsage__reply_error(c->reply, "ERR If you want both the length and indexes, please just use IDX.");
    return !(l->ranges && l->only_length);
}

static int lcs_string(tripsage__command *c, size_t at, tripsage__cache_bytes *out)
{
    int failed;
    const tripsage__entry *entry = tripsage__keyspace_find(c->space, c->args[at], &failed);

    *out = entry ? tripsage__command_value(entry) : (tripsage__cache_bytes){"", 0};
    if (failed)
        tripsage__command_failed(c, TRIPSAGE_ENOMEM);
    else if (entry && tripsage__entry_is_object(entry))
        tripsage__reply_error(c->reply, "ERR The specified keys must contain string values");
    return !failed && !(entry && tripsage__entry_is_object(entry));
}

static void longest_common(tripsage__command *c)
{
    lcs l = {.lengths = NULL};

    if (!lcs_string(c, 1, &l.a) || !lcs_string(c, 2, &l.b) || !lcs_options(c, &l))
        return;
    if ((l.a.size + 1) <= LCS_CELLS_MAX / (l.b.size + 1))
        l.lengths = tripsage__calloc((l.a.size + 1) * (l.b.size + 1), sizeof *l.lengths);
    if (!l.lengths) {
        tripsage__reply_error(c->reply, "ERR Insufficient memory, failed allocating transient memory for LCS");
        return;
    }
    fill_lengths(&l);
    if (l.ranges)
        reply_ranges(c, &l);
    else if (l.only_length)
        tripsage__reply_integer(c->reply, *length_at(&l, l.a.size, l.b.size));
    else
        reply_common(c, &l);
    tripsage__free(l.lengths);
}

#define WRITES (TRIPSAGE__COMMAND_WRITES)
#define GROWS  (TRIPSAGE__COMMAND_WRITES | TRIPSAGE__COMMAND_GROWS)

const tripsage__command_spec tripsage__commands_strings[] = {
    {"GET", get, 2, 0, 1, 1, 1, 0},
    {"SET", set, -3, GROWS, 1, 1, 1, 0},
    {"SETEX", setex, 4, GROWS, 1, 1, 1, 0},
    {"PSETEX", psetex, 4, GROWS, 1, 1, 1, 0},
    {"SETNX", setnx, 3, GROWS, 1, 1, 1, 0},
    {"GETSET", getset, 3, GROWS, 1, 1, 1, 0},
    {"GETDEL", getdel, 2, WRITES, 1, 1, 1, 0},
    {"GETEX", getex, -2, WRITES, 1, 1, 1, 0},
    {"DELEX", delex, -2, WRITES, 1, 1, 1, 0},
    {"DIGEST", digest, 2, 0, 1, 1, 1, 0},
    {"MGET", mget, -2, 0, 1, -1, 1, 0},
    {"MSET", mset, -3, GROWS, 1, -1, 2, 0},
    {"MSETNX", msetnx, -3, GROWS, 1, -1, 2, 0},
    {"STRLEN", len, 2, 0, 1, 1, 1, 0},
    {"APPEND", append, 3, GROWS, 1, 1, 1, 0},
    {"GETRANGE", getrange, 4, 0, 1, 1, 1, 0},
    {"SUBSTR", getrange, 4, 0, 1, 1, 1, 0},
    {"SETRANGE", setrange, 4, GROWS, 1, 1, 1, 0},
    {"INCR", incr, 2, GROWS, 1, 1, 1, 0},
    {"DECR", decr, 2, GROWS, 1, 1, 1, 0},
    {"INCRBY", incrby, 3, GROWS, 1, 1, 1, 0},
    {"DECRBY", decrby, 3, GROWS, 1, 1, 1, 0},
    {"INCRBYFLOAT", incrbyfloat, 3, GROWS, 1, 1, 1, 0},
    {"LCS", longest_common, -3, 0, 1, 2, 1, 0},
    {NULL, NULL, 0, 0, 0, 0, 0, 0},
};
