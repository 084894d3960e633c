/* keys.c: commands about keys, whatever is under them: whether they are there, until when, and which there are. */
#include <string.h>

#include "command.h"
#include "scan.h"

/* ---- whether ---- */

static void each_key(tripsage__command *c, int (*of)(tripsage__keyspace *space, tripsage__cache_bytes key))
{
    int64_t count = 0;

    for (size_t i = 1; i < c->count; i++)
        count += of(c->space, c->args[i]);
    tripsage__reply_integer(c->reply, count);
}

static void del(tripsage__command *c)
{
    each_key(c, tripsage__keyspace_remove);
}

static void exists(tripsage__command *c)
{
    each_key(c, tripsage__keyspace_has);
}

/* The entry, as a use of it; replies the error. */
static int find(tripsage__command *c, tripsage__cache_bytes key, tripsage__entry **out)
{
    int failed;

    *out = tripsage__keyspace_find(c->space, key, &failed);
    if (failed)
        tripsage__command_failed(c, TRIPSAGE_ENOMEM);
    return !failed;
}

static void touch(tripsage__command *c)
{
    int64_t count = 0;
    tripsage__entry *entry;

    for (size_t i = 1; i < c->count; i++) {
        if (!find(c, c->args[i], &entry))
            return;
        count += entry != NULL;
    }
    tripsage__reply_integer(c->reply, count);
}

static void type(tripsage__command *c)
{
    tripsage__entry *entry;

    if (find(c, c->args[1], &entry))
        tripsage__reply_status(c->reply, entry ? tripsage__keyspace_type(entry) : "none");
}

/* ---- until when ---- */

enum { IF_NONE = 1, IF_SOME = 2, IF_LATER = 4, IF_SOONER = 8 };

static int expire_options(tripsage__command *c, unsigned *out)
{
    static const char *const names[] = {"NX", "XX", "GT", "LT"};

    *out = 0;
    for (size_t i = 3, n; i < c->count; i++) {
        for (n = 0; n < sizeof names / sizeof *names && !tripsage__command_is(c->args[i], names[n]); n++)
            ;
        if (n == sizeof names / sizeof *names) {
            tripsage__reply_error(c->reply, "ERR Unsupported option %.*s", (int)c->args[i].size,
                                  (const char *)c->args[i].data);
            return 0;
        }
        *out |= 1u << n;
    }
    if ((*out & IF_NONE) && *out != IF_NONE)
        tripsage__reply_error(c->reply, "ERR NX and XX, GT or LT options at the same time are not compatible");
    else if ((*out & IF_LATER) && (*out & IF_SOONER))
        tripsage__reply_error(c->reply, "ERR GT and LT options at the same time are not compatible");
    else
        return 1;
    return 0;
}

/* Whether the options let a key that ends at `now` (-1: never) end at `then`. */
static int may_end(unsigned options, int64_t now, int64_t then)
{
    if (now == TRIPSAGE__CACHE_FOREVER)
        return !(options & (IF_SOME | IF_LATER));
    return !(options & IF_NONE) && !((options & IF_LATER) && then <= now) && !((options & IF_SOONER) && then >= now);
}

static void expire_in(tripsage__command *c, int64_t unit, int64_t from)
{
    unsigned options;
    int64_t then, now;

    if (!expire_options(c, &options) || !tripsage__command_instant(c, 2, unit, from, &then))
        return;
    now = tripsage__keyspace_expiry(c->space, c->args[1]);
    tripsage__reply_integer(c->reply, now != -1 && may_end(options, now, then) &&
                                          tripsage__keyspace_expire(c->space, c->args[1], then));
}

static void expire(tripsage__command *c)
{
    expire_in(c, 1000, c->space->now_ms);
}

static void pexpire(tripsage__command *c)
{
    expire_in(c, 1, c->space->now_ms);
}

static void expireat(tripsage__command *c)
{
    expire_in(c, 1000, 0);
}

static void pexpireat(tripsage__command *c)
{
    expire_in(c, 1, 0);
}

/* The end as counted from `from`, in units, rounded: -1 for a key without one, -2 for no key. */
static void tell_end(tripsage__command *c, int64_t unit, int64_t from)
{
    int64_t then = tripsage__keyspace_expiry(c->space, c->args[1]);

    if (then == -1 || then == TRIPSAGE__CACHE_FOREVER)
        tripsage__reply_integer(c->reply, then == -1 ? -2 : -1);
    else
        tripsage__reply_integer(c->reply, (then - from) / unit + ((then - from) % unit * 2 >= unit));
}

static void ttl(tripsage__command *c)
{
    tell_end(c, 1000, c->space->now_ms);
}

static void pttl(tripsage__command *c)
{
    tell_end(c, 1, c->space->now_ms);
}

static void expiretime(tripsage__command *c)
{
    tell_end(c, 1000, 0);
}

static void pexpiretime(tripsage__command *c)
{
    tell_end(c, 1, 0);
}

static void persist(tripsage__command *c)
{
    int64_t then = tripsage__keyspace_expiry(c->space, c->args[1]);

    tripsage__reply_integer(c->reply, then != -1 && then != TRIPSAGE__CACHE_FOREVER &&
                                          tripsage__keyspace_expire(c->space, c->args[1], TRIPSAGE__CACHE_FOREVER));
}

/* ---- under another name ---- */

static int same(tripsage__cache_bytes a, tripsage__cache_bytes b)
{
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

/* Replies the error when there is nothing to rename, or there was no room. */
static int rename_key(tripsage__command *c)
{
    int moved = tripsage__keyspace_has(c->space, c->args[1]);
    tripsage_status status = TRIPSAGE_OK;

    if (moved && !same(c->args[1], c->args[2]))
        status = tripsage__keyspace_move(&moved, c->space, c->args[1], c->args[2]);
    if (status != TRIPSAGE_OK)
        tripsage__command_failed(c, status);
    else if (!moved)
        tripsage__reply_error(c->reply, "ERR no such key");
    return status == TRIPSAGE_OK && moved;
}

static void rename_always(tripsage__command *c)
{
    if (rename_key(c))
        tripsage__reply_ok(c->reply);
}

static void renamenx(tripsage__command *c)
{
    if (tripsage__keyspace_has(c->space, c->args[1]) && tripsage__keyspace_has(c->space, c->args[2]))
        tripsage__reply_integer(c->reply, 0);
    else if (rename_key(c))
        tripsage__reply_integer(c->reply, 1);
}

/* There is one database. */
static int copy_options(tripsage__command *c, int *replace)
{
    int64_t database = 0;

    *replace = 0;
    for (size_t i = 3; i < c->count; i++) {
        if (tripsage__command_is(c->args[i], "REPLACE")) {
            *replace = 1;
        } else if (tripsage__command_is(c->args[i], "DB") && i + 1 < c->count) {
            if (!tripsage__command_integer(c, ++i, &database))
                return 0;
            if (database != 0) {
                tripsage__reply_error(c->reply, "ERR DB index is out of range");
                return 0;
            }
        } else {
            tripsage__command_syntax(c);
            return 0;
        }
    }
    return 1;
}

static tripsage_status put_copy(tripsage__command *c, tripsage__cache_bytes to, const tripsage__entry *entry)
{
    tripsage__object *object = tripsage__entry_object(entry);

    if (!object)
        return tripsage__keyspace_set(c->space, to, tripsage__command_value(entry),
                                      tripsage__keyspace_end_of(c->space, entry));
    object = object->type->copy(object);
    return object ? tripsage__keyspace_put(c->space, to, object, tripsage__keyspace_end_of(c->space, entry))
                  : TRIPSAGE_NOMEM();
}

static void copy(tripsage__command *c)
{
    tripsage__entry *entry;
    tripsage_status status;
    int replace, copies;

    if (!copy_options(c, &replace) || !find(c, c->args[1], &entry))
        return;
    /* Onto itself it is no error, as on Upstash. */
    copies = entry && !same(c->args[1], c->args[2]) && (replace || !tripsage__keyspace_has(c->space, c->args[2]));
    status = copies ? put_copy(c, c->args[2], entry) : TRIPSAGE_OK;
    if (status == TRIPSAGE_OK)
        tripsage__reply_integer(c->reply, copies);
    else
        tripsage__command_failed(c, status);
}

/* ---- which there are ---- */

typedef struct listing {
    const tripsage__scan *scan;
    tripsage__reply *reply;
} listing;

static int is_type(tripsage__cache_bytes name, const char *kind)
{
    const char *text = name.data;

    for (size_t i = 0; i < name.size; i++)
        if (kind[i] == '\0' || (text[i] | 0x20) != kind[i])
            return 0;
    return kind[name.size] == '\0';
}

static void show(void *context, const tripsage__entry *entry)
{
    const listing *l = context;
    const char *kind = tripsage__keyspace_type(entry);
    tripsage__cache_bytes key = {tripsage__entry_key(entry), tripsage__entry_key_size(entry)};

    if (!tripsage__scan_wants(l->scan, key) || (l->scan->type.data && !is_type(l->scan->type, kind)))
        return;
    tripsage__reply_bytes(l->reply, key.data, key.size);
    if (l->scan->with_type)
        tripsage__reply_text(l->reply, kind);
}

static void keys(tripsage__command *c)
{
    tripsage__scan scan = {.pattern = c->args[1]};
    listing l = {&scan, c->reply};
    size_t begun = tripsage__reply_begin(c->reply);

    (void)tripsage__keyspace_scan(c->space, 0, SIZE_MAX, show, &l);
    tripsage__reply_end(c->reply, begun);
}

static void scan_keys(tripsage__command *c)
{
    tripsage__scan scan;
    listing l = {&scan, c->reply};

    if (!tripsage__scan_cursor(&scan, c, 1) || !tripsage__scan_options(&scan, c, 2, TRIPSAGE__SCAN_TYPES))
        return;
    tripsage__scan_begin(&scan, c);
    tripsage__scan_end(&scan, c, tripsage__keyspace_scan(c->space, scan.cursor, scan.count, show, &l));
}

/* How many keys from a random place on are asked which one is picked: alone, a key behind many empty buckets would be picked more often
 * than others. */
#define CANDIDATES 16u

typedef struct pick {
    tripsage__command *command;
    uint64_t seen;
    size_t size;
    unsigned char key[TRIPSAGE_CACHE_KEY_MAX];
} pick;

/* The n-th takes the place of the one before with a chance of one in n: all are as likely in the end. */
static void consider(void *context, const tripsage__entry *entry)
{
    pick *p = context;

    if (tripsage__command_chance(p->command) % ++p->seen != 0)
        return;
    p->size = tripsage__entry_key_size(entry);
    memcpy(p->key, tripsage__entry_key(entry), tripsage__entry_key_size(entry));
}

static void randomkey(tripsage__command *c)
{
    pick p = {.command = c};
    uint64_t anywhere = tripsage__keyspace_cursor(c->space, tripsage__command_chance(c));

    (void)tripsage__keyspace_scan(c->space, anywhere, CANDIDATES, consider, &p);
    if (p.seen < CANDIDATES)
        (void)tripsage__keyspace_scan(c->space, 0, CANDIDATES, consider, &p);
    if (p.seen)
        tripsage__reply_bytes(c->reply, p.key, p.size);
    else
        tripsage__reply_nil(c->reply);
}

const tripsage__command_spec tripsage__commands_keys[] = {
    {"DEL", del, -2, TRIPSAGE__COMMAND_WRITES, 1, -1, 1, 0},
    {"UNLINK", del, -2, TRIPSAGE__COMMAND_WRITES, 1, -1, 1, 0},
    {"EXISTS", exists, -2, 0, 1, -1, 1, 0},
    {"TOUCH", touch, -2, 0, 1, -1, 1, 0},
    {"TYPE", type, 2, 0, 1, 1, 1, 0},
    {"EXPIRE", expire, -3, TRIPSAGE__COMMAND_WRITES, 1, 1, 1, 0},
    {"PEXPIRE", pexpire, -3, TRIPSAGE__COMMAND_WRITES, 1, 1, 1, 0},
    {"EXPIREAT", expireat, -3, TRIPSAGE__COMMAND_WRITES, 1, 1, 1, 0},
    {"PEXPIREAT", pexpireat, -3, TRIPSAGE__COMMAND_WRITES, 1, 1, 1, 0},
    {"TTL", ttl, 2, 0, 1, 1, 1, 0},
    {"PTTL", pttl, 2, 0, 1, 1, 1, 0},
    {"EXPIRETIME", expiretime, 2, 0, 1, 1, 1, 0},
    {"PEXPIRETIME", pexpiretime, 2, 0, 1, 1, 1, 0},
    {"PERSIST", persist, 2, TRIPSAGE__COMMAND_WRITES, 1, 1, 1, 0},
    {"RENAME", rename_always, 3, TRIPSAGE__COMMAND_WRITES, 1, 2, 1, 0},
    {"RENAMENX", renamenx, 3, TRIPSAGE__COMMAND_WRITES, 1, 2, 1, 0},
    {"COPY", copy, -3, TRIPSAGE__COMMAND_WRITES | TRIPSAGE__COMMAND_GROWS, 1, 2, 1, 0},
    {"KEYS", keys, 2, TRIPSAGE__COMMAND_LISTS_KEYS, 0, 0, 0, 0},
    {"SCAN", scan_keys, -2, TRIPSAGE__COMMAND_LISTS_KEYS, 0, 0, 0, 0},
    {"RANDOMKEY", randomkey, 1, TRIPSAGE__COMMAND_LISTS_KEYS, 0, 0, 0, 0},
    {NULL, NULL, 0, 0, 0, 0, 0, 0},
};
