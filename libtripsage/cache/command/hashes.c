/* hashes.c: commands about hashes. */
#include "hashes.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/memory.h"
#include "scan.h"

/* A hash of no more fields is scanned in one step, in order, as Redis does with those it keeps in one piece. */
#define SCAN_AT_ONCE 512u

int tripsage__command_hash(tripsage__command *c, tripsage__hash **out)
{
    tripsage__object *object;

    if (!tripsage__command_object(c, c->args[1], &tripsage__hash_type, &object))
        return 0;
    *out = (tripsage__hash *)(void *)object;
    return 1;
}

void tripsage__command_hash_reply(tripsage__command *c, const tripsage__dict_node *node)
{
    tripsage__cache_bytes value;

    if (node) {
        value = tripsage__hash_value_of(node);
        tripsage__reply_bytes(c->reply, value.data, value.size);
    } else {
        tripsage__reply_nil(c->reply);
    }
}

static void reply_name(tripsage__command *c, const tripsage__hash *hash, const tripsage__dict_node *node)
{
    tripsage__cache_bytes name = tripsage__dict_name(&hash->fields, node);

    tripsage__reply_bytes(c->reply, name.data, name.size);
}

static const tripsage__dict_node *newer(const tripsage__dict_node *node)
{
    return tripsage__hash_field_of(node)->newer;
}

/* ---- setting ---- */

static tripsage_status set_in_new(tripsage__command *c, tripsage__hash **out, const tripsage__cache_bytes *pairs,
                                  size_t count, size_t *added)
{
    tripsage__hash *hash = tripsage__hash_new(c->space->memory->hash_key);

    if (!hash)
        return TRIPSAGE_ENOMEM;
    if (!tripsage__hash_set(hash, pairs, count, 0, added)) {
        hash->object.type->free(&hash->object);
        return TRIPSAGE_ENOMEM;
    }
    *out = hash;
    return tripsage__keyspace_put(c->space, c->args[1], &hash->object, TRIPSAGE__CACHE_FOREVER);
}

int tripsage__command_hash_set(tripsage__command *c, tripsage__hash **hash, const tripsage__cache_bytes *pairs,
                               size_t count, int keep_ends, size_t *added)
{
    tripsage_status status = TRIPSAGE_OK;

    if (!*hash)
        status = set_in_new(c, hash, pairs, count, added);
    else if (!tripsage__hash_set(*hash, pairs, count, keep_ends, added))
        status = TRIPSAGE_ENOMEM;
    if (status != TRIPSAGE_OK)
        tripsage__command_failed(c, status);
    return status == TRIPSAGE_OK;
}

/* The arguments behind the key; replies the error. */
static int set_arguments(tripsage__command *c, size_t *added)
{
    tripsage__hash *hash;

    if (c->count % 2) {
        tripsage__command_arity(c);
        return 0;
    }
    return tripsage__command_hash(c, &hash) &&
           tripsage__command_hash_set(c, &hash, c->args + 2, c->count - 2, 0, added);
}

static void hset(tripsage__command *c)
{
    size_t added;

    if (set_arguments(c, &added))
        tripsage__reply_integer(c->reply, (int64_t)added);
}

static void hmset(tripsage__command *c)
{
    size_t added;

    if (set_arguments(c, &added))
        tripsage__reply_ok(c->reply);
}

static void hsetnx(tripsage__command *c)
{
    tripsage__hash *hash;
    size_t added;

    if (!tripsage__command_hash(c, &hash))
        return;
    if (tripsage__command_hash_field(hash, c->args[2]))
        tripsage__reply_integer(c->reply, 0);
    else if (tripsage__command_hash_set(c, &hash, c->args + 2, 2, 0, &added))
        tripsage__reply_integer(c->reply, 1);
}

/* The field keeps its end. */
static int set_one(tripsage__command *c, tripsage__hash *hash, tripsage__cache_bytes name, tripsage__cache_bytes value)
{
    const tripsage__cache_bytes pair[2] = {name, value};
    size_t added;

    return tripsage__command_hash_set(c, &hash, pair, 2, 1, &added);
}

static void hincrby(tripsage__command *c)
{
    char digits[TRIPSAGE__CACHE_INTEGER_MAX + 1];
    tripsage__hash *hash;
    const tripsage__dict_node *node;
    int64_t by, sum = 0;
    int size;

    if (!tripsage__command_integer(c, 3, &by) || !tripsage__command_hash(c, &hash))
        return;
    node = tripsage__command_hash_field(hash, c->args[2]);
    if (node && !tripsage__command_parse_integer(tripsage__hash_value_of(node), &sum)) {
        tripsage__reply_error(c->reply, "ERR hash value is not an integer");
        return;
    }
    if (__builtin_add_overflow(sum, by, &sum)) {
        tripsage__reply_error(c->reply, "ERR increment or decrement would overflow");
        return;
    }
    size = snprintf(digits, sizeof digits, "%" PRId64, sum);
    if (set_one(c, hash, c->args[2], (tripsage__cache_bytes){digits, (size_t)size}))
        tripsage__reply_integer(c->reply, sum);
}

static void hincrbyfloat(tripsage__command *c)
{
    char digits[TRIPSAGE__COMMAND_FLOAT_SIZE];
    tripsage__hash *hash;
    const tripsage__dict_node *node;
    long double by, sum = 0;
    size_t size;

    if (!tripsage__command_parse_float(c->args[3], &by)) {
        tripsage__reply_error(c->reply, "ERR value is not a valid float");
        return;
    }
    if (isinf(by)) {
        tripsage__reply_error(c->reply, "ERR value is NaN or Infinity");
        return;
    }
    if (!tripsage__command_hash(c, &hash))
        return;
    node = tripsage__command_hash_field(hash, c->args[2]);
    if (node && !tripsage__command_parse_float(tripsage__hash_value_of(node), &sum)) {
        tripsage__reply_error(c->reply, "ERR hash value is not a float");
        return;
    }
    sum += by;
    if (isnan(sum) || isinf(sum)) {
        tripsage__reply_error(c->reply, "ERR increment would produce NaN or Infinity");
        return;
    }
    size = tripsage__command_print_float(digits, sum);
    if (set_one(c, hash, c->args[2], (tripsage__cache_bytes){digits, size}))
        tripsage__reply_bytes(c->reply, digits, size);
}

/* ---- looking ---- */

static void hget(tripsage__command *c)
{
    tripsage__hash *hash;

    if (tripsage__command_hash(c, &hash))
        tripsage__command_hash_reply(c, tripsage__command_hash_field(hash, c->args[2]));
}

static void hmget(tripsage__command *c)
{
    tripsage__hash *hash;

    if (!tripsage__command_hash(c, &hash))
        return;
    tripsage__reply_array(c->reply, c->count - 2);
    for (size_t i = 2; i < c->count; i++)
        tripsage__command_hash_reply(c, tripsage__command_hash_field(hash, c->args[i]));
}

static void hexists(tripsage__command *c)
{
    tripsage__hash *hash;

    if (tripsage__command_hash(c, &hash))
        tripsage__reply_integer(c->reply, tripsage__command_hash_field(hash, c->args[2]) != NULL);
}

static void hlen(tripsage__command *c)
{
    tripsage__hash *hash;

    if (tripsage__command_hash(c, &hash))
        tripsage__reply_integer(c->reply, hash ? (int64_t)hash->fields.count : 0);
}

static void hstrlen(tripsage__command *c)
{
    tripsage__hash *hash;
    const tripsage__dict_node *node;

    if (!tripsage__command_hash(c, &hash))
        return;
    node = tripsage__command_hash_field(hash, c->args[2]);
    tripsage__reply_integer(c->reply, node ? (int64_t)tripsage__hash_value_of(node).size : 0);
}

enum { NAMES = 1, VALUES = 2 };

static void reply_field(tripsage__command *c, const tripsage__hash *hash, const tripsage__dict_node *node,
                        unsigned parts)
{
    if (parts & NAMES)
        reply_name(c, hash, node);
    if (parts & VALUES)
        tripsage__command_hash_reply(c, node);
}

static size_t items_of(size_t fields, unsigned parts)
{
    return parts == (NAMES | VALUES) ? fields * 2 : fields;
}

static void reply_all(tripsage__command *c, unsigned parts)
{
    tripsage__hash *hash;

    if (!tripsage__command_hash(c, &hash))
        return;
    tripsage__reply_array(c->reply, hash ? items_of(hash->fields.count, parts) : 0);
    for (const tripsage__dict_node *node = hash ? hash->oldest : NULL; node; node = newer(node))
        reply_field(c, hash, node, parts);
}

static void hgetall(tripsage__command *c)
{
    reply_all(c, NAMES | VALUES);
}

static void hkeys(tripsage__command *c)
{
    reply_all(c, NAMES);
}

static void hvals(tripsage__command *c)
{
    reply_all(c, VALUES);
}

typedef struct scanning {
    tripsage__command *c;
    const tripsage__hash *hash;
    tripsage__scan scan;
} scanning;

static void scan_field(void *context, const tripsage__dict_node *node)
{
    const scanning *s = context;

    if (tripsage__scan_wants(&s->scan, tripsage__dict_name(&s->hash->fields, node)))
        reply_field(s->c, s->hash, node, s->scan.no_values ? NAMES : NAMES | VALUES);
}

static uint64_t scan_fields(scanning *s)
{
    if (s->hash->fields.count > SCAN_AT_ONCE)
        return tripsage__dict_scan(&s->hash->fields, s->scan.cursor, s->scan.count, scan_field, s);
    for (const tripsage__dict_node *node = s->hash->oldest; node; node = newer(node))
        scan_field(s, node);
    return 0;
}

static void hscan(tripsage__command *c)
{
    scanning s = {.c = c};
    tripsage__hash *hash;
    uint64_t next = 0;

    if (!tripsage__scan_cursor(&s.scan, c, 2) || !tripsage__command_hash(c, &hash))
        return;
    s.hash = hash;
    /* Where there is nothing, Redis does not look at the options. */
    if (hash && !tripsage__scan_options(&s.scan, c, 3, TRIPSAGE__SCAN_NO_VALUES))
        return;
    tripsage__scan_begin(&s.scan, c);
    if (hash)
        next = scan_fields(&s);
    tripsage__scan_end(&s.scan, c, next);
}

/* ---- by chance ---- */

/* Different ones, in order: each is taken with the chance of those still wanted among those still to come (Knuth, algorithm S). */
static void pick_different(tripsage__command *c, const tripsage__hash *hash, size_t wanted, unsigned parts)
{
    size_t left = hash->fields.count;

    if (wanted > left)
        wanted = left;
    tripsage__reply_array(c->reply, items_of(wanted, parts));
    for (const tripsage__dict_node *node = hash->oldest; wanted; node = newer(node))
        if (tripsage__command_chance(c) % left-- < wanted) {
            reply_field(c, hash, node, parts);
            wanted--;
        }
}

/* Any, perhaps the same again: from a list of all, since to go to each would be a walk. Ends early when the reply is larger than one may
 * be. */
static void pick_any(tripsage__command *c, const tripsage__hash *hash, size_t wanted, unsigned parts)
{
    size_t count = hash->fields.count, i = 0;
    const tripsage__dict_node **nodes = tripsage__calloc(count, sizeof *nodes);

    if (!nodes) {
        tripsage__command_failed(c, TRIPSAGE_ENOMEM);
        return;
    }
    for (const tripsage__dict_node *node = hash->oldest; node; node = newer(node))
        nodes[i++] = node;
    tripsage__reply_array(c->reply, items_of(wanted, parts));
    for (i = 0; i < wanted && !tripsage__reply_has_failed(c->reply); i++)
        reply_field(c, hash, nodes[tripsage__command_chance(c) % count], parts);
    tripsage__free((void *)nodes);
}

/* What HRANDFIELD wants behind its key. */
static int read_wish(tripsage__command *c, int64_t *wanted, unsigned *parts)
{
    *parts = NAMES;
    if (!tripsage__command_random_count(c, 2, wanted))
        return 0;
    if (c->count == 3)
        return 1;
    *parts = NAMES | VALUES;
    if (c->count > 4 || !tripsage__command_is(c->args[3], "WITHVALUES")) {
        tripsage__command_syntax(c);
        return 0;
    }
    if (*wanted >= -INT64_MAX / 2 && *wanted <= INT64_MAX / 2)
        return 1;
    tripsage__reply_error(c->reply, "ERR value is out of range");
    return 0;
}

static void hrandfield(tripsage__command *c)
{
    tripsage__hash *hash;
    int64_t wanted = 1;
    unsigned parts = NAMES;

    if ((c->count > 2 && !read_wish(c, &wanted, &parts)) || !tripsage__command_hash(c, &hash))
        return;
    if (c->count == 2 && hash)
        reply_name(c, hash, tripsage__dict_pick(&hash->fields, tripsage__command_chance(c)));
    else if (c->count == 2)
        tripsage__reply_nil(c->reply);
    else if (!hash || wanted == 0)
        tripsage__reply_array(c->reply, 0);
    else if (wanted > 0)
        pick_different(c, hash, (size_t)wanted, parts);
    else
        pick_any(c, hash, (size_t)-wanted, parts);
}

/* ---- removing ---- */

static void hdel(tripsage__command *c)
{
    tripsage__hash *hash;
    int64_t count = 0;

    if (!tripsage__command_hash(c, &hash))
        return;
    for (size_t i = 2; i < c->count; i++) {
        tripsage__dict_node *node = tripsage__command_hash_field(hash, c->args[i]);

        if (node) {
            tripsage__hash_remove(hash, node);
            count++;
        }
    }
    tripsage__reply_integer(c->reply, count);
}

enum { WRITES = TRIPSAGE__COMMAND_WRITES, GROWS = TRIPSAGE__COMMAND_WRITES | TRIPSAGE__COMMAND_GROWS };

const tripsage__command_spec tripsage__commands_hashes[] = {
    {"HSET", hset, -4, GROWS, 1, 1, 1, 0},
    {"HMSET", hmset, -4, GROWS, 1, 1, 1, 0},
    {"HSETNX", hsetnx, 4, GROWS, 1, 1, 1, 0},
    {"HINCRBY", hincrby, 4, GROWS, 1, 1, 1, 0},
    {"HINCRBYFLOAT", hincrbyfloat, 4, GROWS, 1, 1, 1, 0},
    {"HGET", hget, 3, 0, 1, 1, 1, 0},
    {"HMGET", hmget, -3, 0, 1, 1, 1, 0},
    {"HGETALL", hgetall, 2, 0, 1, 1, 1, 0},
    {"HKEYS", hkeys, 2, 0, 1, 1, 1, 0},
    {"HVALS", hvals, 2, 0, 1, 1, 1, 0},
    {"HEXISTS", hexists, 3, 0, 1, 1, 1, 0},
    {"HLEN", hlen, 2, 0, 1, 1, 1, 0},
    {"HSTRLEN", hstrlen, 3, 0, 1, 1, 1, 0},
    {"HSCAN", hscan, -3, 0, 1, 1, 1, 0},
    {"HRANDFIELD", hrandfield, -2, 0, 1, 1, 1, 0},
    {"HDEL", hdel, -3, WRITES, 1, 1, 1, 0},
    {NULL, NULL, 0, 0, 0, 0, 0, 0},
};
