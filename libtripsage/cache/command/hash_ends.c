/* hash_ends.c: commands about the ends of a hash's fields (Redis 7.4 and 8.0). */
#include "hashes.h"

/* What stands in the place of a field's answer. */
enum { NO_FIELD = -2, NO_END = -1, NOT_MET = 0, DONE = 1, DELETED = 2 };

/* ---- arguments ---- */

/* The fields that a command names. */
typedef struct named {
    const tripsage__cache_bytes *names;
    size_t count;
} named;

/* "FIELDS n field ..." until the end; `error` is replied when n is no such number. */
static int read_fields(tripsage__command *c, size_t at, const char *error, named *out)
{
    int64_t count;

    if (at + 1 >= c->count || !tripsage__command_is(c->args[at], "FIELDS")) {
        tripsage__reply_error(c->reply, "ERR Mandatory argument FIELDS is missing or not at the right position");
        return 0;
    }
    if (!tripsage__command_at_least(c, at + 1, 1, error, &count))
        return 0;
    *out = (named){c->args + at + 2, c->count - at - 2};
    if (count == (int64_t)out->count)
        return 1;
    tripsage__reply_error(c->reply, "ERR The `numfields` parameter must match the number of arguments");
    return 0;
}

#define NOT_POSITIVE "ERR Number of fields must be a positive integer"

static int read_instant(tripsage__command *c, size_t at, int64_t unit, int64_t from, int64_t *out)
{
    int64_t given;

    if (!tripsage__command_integer(c, at, &given))
        return 0;
    if (given >= 0)
        return tripsage__command_instant(c, at, unit, from, out);
    tripsage__reply_error(c->reply, "ERR invalid expire time, must be >= 0");
    return 0;
}

/* ---- HEXPIRE and its like ---- */

typedef enum condition { ALWAYS, IF_NONE, IF_SOME, IF_LATER, IF_SOONER } condition;

static condition read_condition(tripsage__cache_bytes word)
{
    static const char *const words[] = {"", "NX", "XX", "GT", "LT"};

    for (unsigned i = IF_NONE; i <= IF_SOONER; i++)
        if (tripsage__command_is(word, words[i]))
            return (condition)i;
    return ALWAYS;
}

static int is_met(condition wanted, int64_t now_ms, int64_t then_ms)
{
    switch (wanted) {
    case IF_NONE:
        return now_ms == TRIPSAGE__CACHE_FOREVER;
    case IF_SOME:
        return now_ms != TRIPSAGE__CACHE_FOREVER;
    case IF_LATER:
        return then_ms > now_ms; /* never later than never */
    case IF_SOONER:
        return then_ms < now_ms;
    case ALWAYS:
        break;
    }
    return 1;
}

/* Gives the field an end, which may be here already. */
static int64_t end_at(const tripsage__command *c, tripsage__hash *hash, tripsage__dict_node *node, int64_t then_ms)
{
    if (then_ms > c->space->now_ms) {
        tripsage__hash_set_end(hash, node, then_ms);
        return DONE;
    }
    tripsage__hash_remove(hash, node);
    return DELETED;
}

static void expire_in(tripsage__command *c, int64_t unit, int64_t from)
{
    tripsage__hash *hash;
    int64_t then_ms;
    condition wanted;
    named fields;

    if (!tripsage__command_hash(c, &hash) || !read_instant(c, 2, unit, from, &then_ms))
        return;
    wanted = read_condition(c->args[3]);
    if (!read_fields(c, wanted == ALWAYS ? 3 : 4, "ERR Parameter `numFields` should be greater than 0", &fields))
        return;
    tripsage__reply_array(c->reply, fields.count);
    for (size_t i = 0; i < fields.count; i++) {
        tripsage__dict_node *node = tripsage__command_hash_field(hash, fields.names[i]);

        if (!node)
            tripsage__reply_integer(c->reply, NO_FIELD);
        else if (!is_met(wanted, tripsage__hash_field_of(node)->expires_ms, then_ms))
            tripsage__reply_integer(c->reply, NOT_MET);
        else
            tripsage__reply_integer(c->reply, end_at(c, hash, node, then_ms));
    }
}

static void hexpire(tripsage__command *c)
{
    expire_in(c, 1000, c->space->now_ms);
}

static void hpexpire(tripsage__command *c)
{
    expire_in(c, 1, c->space->now_ms);
}

static void hexpireat(tripsage__command *c)
{
    expire_in(c, 1000, 0);
}

static void hpexpireat(tripsage__command *c)
{
    expire_in(c, 1, 0);
}

/* ---- HTTL and its like ---- */

/* What is asked about each field that there is. */
typedef int64_t (*question)(tripsage__hash *hash, tripsage__dict_node *node, int64_t unit, int64_t from);

static void ask(tripsage__command *c, question of, int64_t unit, int64_t from)
{
    tripsage__hash *hash;
    named fields;

    if (!tripsage__command_hash(c, &hash) || !read_fields(c, 2, NOT_POSITIVE, &fields))
        return;
    tripsage__reply_array(c->reply, fields.count);
    for (size_t i = 0; i < fields.count; i++) {
        tripsage__dict_node *node = tripsage__command_hash_field(hash, fields.names[i]);

        tripsage__reply_integer(c->reply, node ? of(hash, node, unit, from) : NO_FIELD);
    }
}

/* Rounded up, unlike that of a key. */
static int64_t end_from(tripsage__hash *hash, tripsage__dict_node *node, int64_t unit, int64_t from)
{
    int64_t left = tripsage__hash_field_of(node)->expires_ms;

    (void)hash;
    if (left == TRIPSAGE__CACHE_FOREVER)
        return NO_END;
    left -= from;
    return left / unit + (left % unit > 0);
}

static int64_t keep(tripsage__hash *hash, tripsage__dict_node *node, int64_t unit, int64_t from)
{
    (void)unit;
    (void)from;
    if (tripsage__hash_field_of(node)->expires_ms == TRIPSAGE__CACHE_FOREVER)
        return NO_END;
    tripsage__hash_set_end(hash, node, TRIPSAGE__CACHE_FOREVER);
    return DONE;
}

static void httl(tripsage__command *c)
{
    ask(c, end_from, 1000, c->space->now_ms);
}

static void hpttl(tripsage__command *c)
{
    ask(c, end_from, 1, c->space->now_ms);
}

static void hexpiretime(tripsage__command *c)
{
    ask(c, end_from, 1000, 0);
}

static void hpexpiretime(tripsage__command *c)
{
    ask(c, end_from, 1, 0);
}

static void hpersist(tripsage__command *c)
{
    ask(c, keep, 1, 0);
}

/* ---- with values ---- */

static void hgetdel(tripsage__command *c)
{
    tripsage__hash *hash;
    named fields;

    if (!tripsage__command_hash(c, &hash) || !read_fields(c, 2, NOT_POSITIVE, &fields))
        return;
    tripsage__reply_array(c->reply, fields.count);
    for (size_t i = 0; i < fields.count; i++) {
        tripsage__dict_node *node = tripsage__command_hash_field(hash, fields.names[i]);

        tripsage__command_hash_reply(c, node);
        if (node)
            tripsage__hash_remove(hash, node);
    }
}

/* "EX", "PX", "EXAT", "PXAT": the unit, and whether it counts from now. */
typedef struct lifetime {
    const char *word;
    int64_t unit;
    int is_from_now;
} lifetime;

static const lifetime *find_life(tripsage__cache_bytes word)
{
    static const lifetime lives[] = {{"EX", 1000, 1}, {"PX", 1, 1}, {"EXAT", 1000, 0}, {"PXAT", 1, 0}};

    for (size_t i = 0; i < sizeof lives / sizeof *lives; i++)
        if (tripsage__command_is(word, lives[i].word))
            return &lives[i];
    return NULL;
}

static int read_life(tripsage__command *c, const lifetime *life, size_t at, int64_t *then_ms)
{
    return read_instant(c, at, life->unit, life->is_from_now ? c->space->now_ms : 0, then_ms);
}

static void hgetex(tripsage__command *c)
{
    const lifetime *life = find_life(c->args[2]);
    int persist = tripsage__command_is(c->args[2], "PERSIST");
    int64_t then_ms = TRIPSAGE__CACHE_FOREVER;
    tripsage__hash *hash;
    named fields;

    if (!tripsage__command_hash(c, &hash) || (life && !read_life(c, life, 3, &then_ms)) ||
        !read_fields(c,
                     life      ? 4
                     : persist ? 3
                               : 2,
                     NOT_POSITIVE, &fields))
        return;
    tripsage__reply_array(c->reply, fields.count);
    for (size_t i = 0; i < fields.count; i++) {
        tripsage__dict_node *node = tripsage__command_hash_field(hash, fields.names[i]);

        tripsage__command_hash_reply(c, node);
        if (node && (life || persist))
            (void)end_at(c, hash, node, then_ms);
    }
}

/* ---- HSETEX ---- */

typedef struct wish {
    int64_t then_ms;
    int ends, keeps; /* fields get an end; they keep theirs */
    int if_none, if_all;
    named pairs; /* names and values by turns */
} wish;

static int refuse(tripsage__command *c, const char *error)
{
    tripsage__reply_error(c->reply, "ERR %s", error);
    return 0;
}

/* Takes the option at *at, and moves to the last of its arguments. */
static int read_option(tripsage__command *c, size_t *at, wish *out)
{
    tripsage__cache_bytes word = c->args[*at];
    const lifetime *life = find_life(word);
    int keeps = tripsage__command_is(word, "KEEPTTL");
    int if_none = tripsage__command_is(word, "FNX"), if_all = tripsage__command_is(word, "FXX");

    if ((life || keeps) && (out->ends || out->keeps))
        return refuse(c, "Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified");
    if ((if_none || if_all) && (out->if_none || out->if_all))
        return refuse(c, "Only one of FXX or FNX arguments can be specified");
    out->ends |= life != NULL;
    out->keeps |= keeps;
    out->if_none |= if_none;
    out->if_all |= if_all;
    if (life)
        return ++*at < c->count ? read_life(c, life, *at, &out->then_ms) : refuse(c, "missing expire time");
    if (keeps || if_none || if_all)
        return 1;
    tripsage__reply_error(c->reply, "ERR unknown argument: %.*s", word.size < 128 ? (int)word.size : 128,
                          (const char *)word.data);
    return 0;
}

static int read_pairs(tripsage__command *c, size_t at, wish *out)
{
    int64_t count;

    if (at + 3 >= c->count) {
        tripsage__command_arity(c);
        return 0;
    }
    if (!tripsage__command_at_least(c, at + 1, 1, "ERR invalid number of fields", &count))
        return 0;
    out->pairs = (named){c->args + at + 2, c->count - at - 2};
    if (out->pairs.count % 2 == 0 && count == (int64_t)(out->pairs.count / 2))
        return 1;
    tripsage__command_arity(c);
    return 0;
}

static int read_wish(tripsage__command *c, wish *out)
{
    *out = (wish){.then_ms = TRIPSAGE__CACHE_FOREVER};
    for (size_t i = 2; i < c->count; i++) {
        if (tripsage__command_is(c->args[i], "FIELDS"))
            return read_pairs(c, i, out);
        if (!read_option(c, &i, out))
            return 0;
    }
    tripsage__command_arity(c);
    return 0;
}

static int may_set(const tripsage__hash *hash, const wish *wanted)
{
    size_t there = 0;

    for (size_t i = 0; i < wanted->pairs.count; i += 2)
        there += tripsage__command_hash_field(hash, wanted->pairs.names[i]) != NULL;
    return !(wanted->if_none && there) && !(wanted->if_all && there < wanted->pairs.count / 2);
}

static void hsetex(tripsage__command *c)
{
    tripsage__hash *hash;
    size_t added;
    wish wanted;

    if (!read_wish(c, &wanted) || !tripsage__command_hash(c, &hash))
        return;
    if (!may_set(hash, &wanted)) {
        tripsage__reply_integer(c->reply, 0);
        return;
    }
    if (!tripsage__command_hash_set(c, &hash, wanted.pairs.names, wanted.pairs.count, wanted.keeps, &added))
        return;
    for (size_t i = 0; wanted.ends && i < wanted.pairs.count; i += 2) {
        tripsage__dict_node *node = tripsage__command_hash_field(hash, wanted.pairs.names[i]);

        if (node) /* named twice, it may be over already */
            (void)end_at(c, hash, node, wanted.then_ms);
    }
    tripsage__reply_integer(c->reply, 1);
}

enum { WRITES = TRIPSAGE__COMMAND_WRITES, GROWS = TRIPSAGE__COMMAND_WRITES | TRIPSAGE__COMMAND_GROWS };

const tripsage__command_spec tripsage__commands_hash_ends[] = {
    {"HEXPIRE", hexpire, -6, WRITES, 1, 1, 1, 0},
    {"HPEXPIRE", hpexpire, -6, WRITES, 1, 1, 1, 0},
    {"HEXPIREAT", hexpireat, -6, WRITES, 1, 1, 1, 0},
    {"HPEXPIREAT", hpexpireat, -6, WRITES, 1, 1, 1, 0},
    {"HTTL", httl, -5, 0, 1, 1, 1, 0},
    {"HPTTL", hpttl, -5, 0, 1, 1, 1, 0},
    {"HEXPIRETIME", hexpiretime, -5, 0, 1, 1, 1, 0},
    {"HPEXPIRETIME", hpexpiretime, -5, 0, 1, 1, 1, 0},
    {"HPERSIST", hpersist, -5, WRITES, 1, 1, 1, 0},
    {"HGETDEL", hgetdel, -5, WRITES, 1, 1, 1, 0},
    {"HGETEX", hgetex, -5, WRITES, 1, 1, 1, 0},
    {"HSETEX", hsetex, -6, GROWS, 1, 1, 1, 0},
    {NULL, NULL, 0, 0, 0, 0, 0, 0},
};
