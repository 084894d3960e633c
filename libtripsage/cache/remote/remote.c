/* remote/remote.c: the calls on a server of Redis's commands: each is one batch of commands about one key, so that a cluster's proxy may
 * stand between. What has to be seen or done at once is in a script, or in a transaction; in both the server's clock stands still.
 *
 * Redis keeps a key through the millisecond in which its time ends (expire.c: "now > when"). Here it is gone from that millisecond on, so
 * a life is sent as one millisecond less, and what is left of it is read as one more. */
#include "remote.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/observe.h"
#include "cache/command/table.h"
#include "cache/memory/entry.h"

/* Longer lives have no end: a hundred thousand years. */
#define LIFE_MAX (INT64_C(1) << 52)

/* Keys that one step of a clearing looks at: a millisecond of the server's time, in which it does nothing else. */
#define SCAN_COUNT "1000"

/* What may be sent at once, two of the largest values: longer than any deadline should be on its way. */
#define RUN_MAX (2 * TRIPSAGE_CACHE_VALUE_MAX)

typedef tripsage__cache_bytes bytes;
typedef tripsage_cache_command_line line;
typedef tripsage_cache_reply reply;

typedef struct server {
    const tripsage__cache_transport *by;
    void *transport;
    tripsage__breaker *breaker;
    tripsage__observer *observer;
    size_t prefix_size;
    char prefix[TRIPSAGE__CACHE_PREFIX_MAX + 1];
    _Atomic uint64_t hits, misses, sets, deletes;
    _Atomic uint64_t refused; /* by a server that is there */
} server;

static void close_server(void *engine)
{
    server *r = engine;

    if (!r)
        return;
    r->by->close(r->transport);
    tripsage__breaker_free(r->breaker);
    tripsage__free(r);
}

tripsage_status tripsage__cache_server_open(void **out, const tripsage__cache_transport *by,
                                            const tripsage_cache_options *options, tripsage__env *env)
{
    tripsage_cache_options given = *options;
    const char *prefix = options->key_prefix;
    server *r;
    tripsage_status status;

    *out = NULL;
    given.deadline_ms = options->deadline_ms ? options->deadline_ms : by->deadline_ms;
    r = tripsage__calloc(1, sizeof *r);
    if (!r)
        return TRIPSAGE_NOMEM();
    r->by = by;
    r->observer = tripsage__env_observer(env);
    r->prefix_size = strlen(prefix);
    strcpy(r->prefix, prefix);
    TRIPSAGE_TRY(tripsage__breaker_new(
        &r->breaker, options->retry_after_ms ? options->retry_after_ms : TRIPSAGE__CACHE_RETRY_AFTER_MS, env));
    TRIPSAGE_TRY(by->open(&r->transport, &given, r->breaker, env));
    *out = r;
    return TRIPSAGE_OK;
out:
    close_server(r);
    return status;
}

/* ---- words ---- */

#define WORD(literal) ((bytes){"" literal, sizeof(literal) - 1})
/* A command line, of words that live to the end of the block; a statement behind an "if" is one by itself. */
#define LINE(...) ((line){(const bytes[]){__VA_ARGS__}, sizeof((const bytes[]){__VA_ARGS__}) / sizeof(bytes)})

/* A key as the server knows it. */
typedef struct full_key {
    char text[TRIPSAGE__CACHE_PREFIX_MAX + TRIPSAGE_CACHE_KEY_MAX];
} full_key;

static bytes key_of(full_key *out, const server *r, bytes key)
{
    memcpy(out->text, r->prefix, r->prefix_size);
    memcpy(out->text + r->prefix_size, key.data, key.size);
    return (bytes){out->text, r->prefix_size + key.size};
}

static bytes number_of(char out[TRIPSAGE__CACHE_INTEGER_MAX + 1], int64_t number)
{
    return (bytes){out, (size_t)snprintf(out, TRIPSAGE__CACHE_INTEGER_MAX + 1, "%" PRId64, number)};
}

static int has_end(int64_t ttl_ms)
{
    return ttl_ms != 0 && ttl_ms <= LIFE_MAX;
}

/* ---- replies ---- */

static int is(const reply *r, tripsage_cache_reply_type type)
{
    return r && r->type == type;
}

/* A member of an array; NULL when it is not there or of another type. */
static const reply *member(const reply *all, size_t index, tripsage_cache_reply_type type)
{
    if (!is(all, TRIPSAGE_CACHE_ARRAY) || all->count <= index || !is(&all->items[index], type))
        return NULL;
    return &all->items[index];
}

/* The reply if it is an error, or the first among its members. */
static const reply *first_error(const reply *all)
{
    if (is(all, TRIPSAGE_CACHE_ERROR))
        return all;
    for (size_t i = 0; i < all->count; i++)
        if (is(&all->items[i], TRIPSAGE_CACHE_ERROR))
            return &all->items[i];
    return NULL;
}

/* Tells an error by its code alone ("OOM"): the sentence behind may quote what was sent. Codes have some 11 letters at most. */
static tripsage_status refuse(server *r, const reply *error)
{
    size_t size = strspn(error->data, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    int is_cluster = strncmp(error->data, "MOVED ", 6) == 0 || strncmp(error->data, "ASK ", 4) == 0;

    atomic_fetch_add_explicit(&r->refused, 1, memory_order_relaxed);
    return TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "the cache's server refuses: %.*s%s", size < 16 ? (int)size : 16,
                         error->data, is_cluster ? ": it is one of a cluster, which wants a proxy before it" : "");
}

static tripsage_status not_understood(void)
{
    return TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "the cache's server answers with something else than was asked for");
}

/* A text of the program: what a client sends is not, and there is no end to it. */
static const char *name_of(const line *l)
{
    const tripsage__command_spec *spec = tripsage__command_spec_of(l->arguments[0]);

    return spec ? spec->name : "OTHER";
}

static tripsage_status watch_carry(reply **out, server *r, const tripsage__cache_batch *batch)
{
    const char *name = batch->count ? name_of(&batch->lines[0]) : "OTHER";
    tripsage_status status;
    tripsage__op op;

    tripsage__op_begin(&op, r->observer, TRIPSAGE__OP_CACHE);
    status = r->by->carry(out, r->transport, batch);
    for (size_t i = 1; i < batch->count; i++)
        if (name_of(&batch->lines[i]) != name)
            name = batch->mode == TRIPSAGE__CACHE_TRANSACTION ? "MULTI" : "PIPELINE";
    op.system = "redis";
    op.names = &name;
    op.name_count = 1;
    op.size = batch->count;
    tripsage__op_end(&op, status);
    return status;
}

enum { ONCE = 0, REPEATABLE = 1 };

static tripsage_status carry(reply **out, server *r, const line *lines, size_t count, tripsage__cache_mode mode,
                             int repeatable)
{
    tripsage__cache_batch batch = {lines, count, mode, repeatable};

    *out = NULL;
    if (r->observer)
        return watch_carry(out, r, &batch);
    return r->by->carry(out, r->transport, &batch);
}

/* The same, where an error in the reply or among its members is a failure. On failure there is nothing to free. */
static tripsage_status fly(reply **out, server *r, const line *lines, size_t count, tripsage__cache_mode mode,
                           int repeatable)
{
    const reply *error;
    tripsage_status status = carry(out, r, lines, count, mode, repeatable);

    if (status != TRIPSAGE_OK)
        return status;
    error = first_error(*out);
    if (error) {
        status = refuse(r, error);
        tripsage_cache_reply_free(*out);
        *out = NULL;
    }
    return status;
}

static tripsage_status fly_one(reply **out, server *r, line words, int repeatable)
{
    return fly(out, r, &words, 1, TRIPSAGE__CACHE_ONE, repeatable);
}

/* The number that says how many keys were met. */
static tripsage_status met_one(const reply *number)
{
    if (!is(number, TRIPSAGE_CACHE_INTEGER))
        return not_understood();
    return number->integer ? TRIPSAGE_OK : tripsage__cache_no_such_key();
}

/* ---- calls ---- */

/* The value in an entry of nobody's, which lives as long as it is held. */
static int hand_out(tripsage_cache_value *out, const reply *value, const reply *left)
{
    tripsage__entry_parts parts = {"", 0, 0, value->data, value->size, 0, NULL};
    tripsage__entry *entry = tripsage__entry_new(&parts);

    if (!entry)
        return 0;
    out->data = entry->bytes;
    out->size = value->size;
    out->ttl_ms = left->integer < 0 ? -1 : left->integer + 1;
    out->owner = entry;
    return 1;
}

/* A script and not a transaction, of which a server that is full takes not even what reads. Numbers of a script are exact up to 2^53. */
static int look(tripsage_cache_value *out, void *engine, bytes key)
{
    server *r = engine;
    full_key k;
    bytes name = key_of(&k, r, key);
    reply *got;
    int found = 0;

    if (fly_one(
            &got, r,
            LINE(WORD("EVAL"), WORD("return{redis.call('GET',KEYS[1]),redis.call('PTTL',KEYS[1])}"), WORD("1"), name),
            REPEATABLE) == TRIPSAGE_OK) {
        const reply *value = member(got, 0, TRIPSAGE_CACHE_STRING), *left = member(got, 1, TRIPSAGE_CACHE_INTEGER);

        /* Larger than may be stored: it is none of ours. */
        found = value && left && value->size <= TRIPSAGE_CACHE_VALUE_MAX && hand_out(out, value, left);
    }
    atomic_fetch_add_explicit(found ? &r->hits : &r->misses, 1, memory_order_relaxed);
    tripsage_cache_reply_free(got);
    return found;
}

/* SET key value [PX life] [NX|XX], and where its words are. */
typedef struct set_line {
    bytes words[6];
    char life[TRIPSAGE__CACHE_INTEGER_MAX + 1];
} set_line;

/* A life of a millisecond is one that ended long ago. */
static line line_of_set(set_line *out, bytes name, bytes value, int64_t ttl_ms, tripsage_cache_when when)
{
    size_t count = 0;

    out->words[count++] = WORD("SET");
    out->words[count++] = name;
    out->words[count++] = value;
    if (has_end(ttl_ms)) {
        out->words[count++] = ttl_ms > 1 ? WORD("PX") : WORD("PXAT");
        out->words[count++] = number_of(out->life, ttl_ms > 1 ? ttl_ms - 1 : 1);
    }
    if (when != TRIPSAGE_CACHE_ALWAYS)
        out->words[count++] = when == TRIPSAGE_CACHE_IF_ABSENT ? WORD("NX") : WORD("XX");
    return (line){out->words, count};
}

/* Carries out a line that sets a key. */
static tripsage_status set_by(server *r, line words, tripsage_cache_when when)
{
    reply *got;
    tripsage_status status = fly_one(&got, r, words, when == TRIPSAGE_CACHE_IF_ABSENT ? ONCE : REPEATABLE);

    if (status != TRIPSAGE_OK)
        return status;
    if (is(got, TRIPSAGE_CACHE_STATUS))
        atomic_fetch_add_explicit(&r->sets, 1, memory_order_relaxed);
    else
        status = is(got, TRIPSAGE_CACHE_NIL) ? tripsage__cache_not_met(when) : not_understood();
    tripsage_cache_reply_free(got);
    return status;
}

static tripsage_status set(void *engine, bytes key, bytes value, int64_t ttl_ms, tripsage_cache_when when)
{
    server *r = engine;
    full_key k;
    set_line words;
    bytes name = key_of(&k, r, key);

    return set_by(r, line_of_set(&words, name, value, ttl_ms, when), when);
}

/* ---- tags: a set of keys for each, which lives as long as the longest of them ----
 *
 * It stands outside the cache's prefix, so that clearing does not count it. A key that got a value without the tag since is in the set
 * still, and goes with the others: to ask what it is would cost more than to load it again. */

#define TAG_PREFIX "tag:"

typedef struct tag_key {
    char text[sizeof TAG_PREFIX + TRIPSAGE__CACHE_PREFIX_MAX + TRIPSAGE_CACHE_KEY_MAX];
} tag_key;

static bytes tag_of(tag_key *out, const server *r, bytes tag)
{
    const size_t before = sizeof TAG_PREFIX - 1;

    memcpy(out->text, TAG_PREFIX, before);
    memcpy(out->text + before, r->prefix, r->prefix_size);
    memcpy(out->text + before + r->prefix_size, tag.data, tag.size);
    return (bytes){out->text, before + r->prefix_size + tag.size};
}

/* KEYS: the key, its tags' sets. ARGV: the value, the word and the number of its life, the condition; empty: none. */
static const char set_tagged_script[] = "local a={'SET',KEYS[1],ARGV[1]} "
                                        "if ARGV[2]~='' then a[4]=ARGV[2] a[5]=ARGV[3] end "
                                        "if ARGV[4]~='' then a[#a+1]=ARGV[4] end "
                                        "local r=redis.call(unpack(a)) "
                                        "if not r then return r end "
                                        "local life=redis.call('PTTL',KEYS[1]) "
                                        "for i=2,#KEYS do "
                                        "local t=redis.call('PTTL',KEYS[i]) "
                                        "redis.call('SADD',KEYS[i],KEYS[1]) "
                                        "if life<0 then redis.call('PERSIST',KEYS[i]) "
                                        "elseif t~=-1 and t<life then redis.call('PEXPIRE',KEYS[i],life) end "
                                        "end "
                                        "return r";

static tripsage_status set_tagged(void *engine, bytes key, bytes value, int64_t ttl_ms, tripsage_cache_when when,
                                  const bytes *tags, size_t tag_count)
{
    server *r = engine;
    full_key k;
    tag_key t[TRIPSAGE_CACHE_TAGS_MAX];
    char count[TRIPSAGE__CACHE_INTEGER_MAX + 1], life[TRIPSAGE__CACHE_INTEGER_MAX + 1];
    bytes words[8 + TRIPSAGE_CACHE_TAGS_MAX];
    size_t n = 0;

    words[n++] = WORD("EVAL");
    words[n++] = (bytes){set_tagged_script, sizeof set_tagged_script - 1};
    words[n++] = number_of(count, (int64_t)tag_count + 1);
    words[n++] = key_of(&k, r, key);
    for (size_t i = 0; i < tag_count; i++)
        words[n++] = tag_of(&t[i], r, tags[i]);
    words[n++] = value;
    words[n++] = !has_end(ttl_ms) ? WORD("") : ttl_ms > 1 ? WORD("PX") : WORD("PXAT");
    words[n++] = number_of(life, ttl_ms > 1 ? ttl_ms - 1 : 1);
    words[n++] = when == TRIPSAGE_CACHE_ALWAYS ? WORD("") : when == TRIPSAGE_CACHE_IF_ABSENT ? WORD("NX") : WORD("XX");
    return set_by(r, (line){words, n}, when);
}

/* A script's unpack() takes some thousand at once. */
static const char invalidate_script[] =
    "local m=redis.call('SMEMBERS',KEYS[1]) "
    "local n=0 "
    "for i=1,#m,1000 do n=n+redis.call('UNLINK',unpack(m,i,math.min(i+999,#m))) end "
    "redis.call('UNLINK',KEYS[1]) "
    "return n";

static tripsage_status invalidate(uint64_t *out, void *engine, bytes tag)
{
    server *r = engine;
    tag_key t;
    bytes name = tag_of(&t, r, tag);
    reply *got;
    tripsage_status status =
        fly_one(&got, r, LINE(WORD("EVAL"), {invalidate_script, sizeof invalidate_script - 1}, WORD("1"), name), ONCE);

    if (status != TRIPSAGE_OK)
        return status;
    if (is(got, TRIPSAGE_CACHE_INTEGER)) {
        *out = (uint64_t)got->integer;
        atomic_fetch_add_explicit(&r->deletes, *out, memory_order_relaxed);
    } else {
        status = not_understood();
    }
    tripsage_cache_reply_free(got);
    return status;
}

static tripsage_status remove_key(void *engine, bytes key)
{
    server *r = engine;
    full_key k;
    reply *got;
    bytes name = key_of(&k, r, key);
    tripsage_status status;

    TRIPSAGE_TRY(fly_one(&got, r, LINE(WORD("UNLINK"), name), ONCE));
    TRIPSAGE_TRY(met_one(got));
    atomic_fetch_add_explicit(&r->deletes, 1, memory_order_relaxed);
out:
    tripsage_cache_reply_free(got);
    return status;
}

/* PERSIST says 0 of a key without an end as of none, so EXISTS is asked first. */
static tripsage_status expire(void *engine, bytes key, int64_t ttl_ms)
{
    server *r = engine;
    full_key k;
    char life[TRIPSAGE__CACHE_INTEGER_MAX + 1];
    bytes name = key_of(&k, r, key);
    const line forever[] = {LINE(WORD("EXISTS"), name), LINE(WORD("PERSIST"), name)};
    reply *got;
    tripsage_status status;

    if (has_end(ttl_ms))
        TRIPSAGE_TRY(fly_one(&got, r, LINE(WORD("PEXPIRE"), name, number_of(life, ttl_ms - 1)), REPEATABLE));
    else
        TRIPSAGE_TRY(fly(&got, r, forever, 2, TRIPSAGE__CACHE_PIPELINE, REPEATABLE));
    status = met_one(has_end(ttl_ms) ? got : &got->items[0]);
out:
    tripsage_cache_reply_free(got);
    return status;
}

/* What INCRBY complains of. Redis tells its two complaints by their words alone. */
static tripsage_status cannot_count(server *r, const reply *error)
{
    if (strstr(error->data, "overflow"))
        return tripsage__cache_overflow();
    if (strstr(error->data, "not an integer") || strncmp(error->data, "WRONGTYPE", 9) == 0)
        return tripsage__cache_no_integer();
    return refuse(r, error);
}

/* The entry is made with its life, if there is none, and counted up from 0. (A life of one millisecond lasts for two here: it could not be
 * counted up when it was over.) */
static tripsage_status increment(int64_t *out, void *engine, bytes key, int64_t by, int64_t ttl_ms)
{
    server *r = engine;
    full_key k;
    set_line words;
    char digits[TRIPSAGE__CACHE_INTEGER_MAX + 1];
    bytes name = key_of(&k, r, key);
    const reply *error, *sum;
    line lines[2];
    size_t count = 0;
    reply *got;
    tripsage_status status;

    if (has_end(ttl_ms))
        lines[count++] = line_of_set(&words, name, WORD("0"), ttl_ms > 1 ? ttl_ms : 2, TRIPSAGE_CACHE_IF_ABSENT);
    lines[count++] = LINE(WORD("INCRBY"), name, number_of(digits, by));
    TRIPSAGE_TRY(carry(&got, r, lines, count, TRIPSAGE__CACHE_TRANSACTION, ONCE));
    error = first_error(got);
    sum = member(got, count - 1, TRIPSAGE_CACHE_INTEGER);
    if (error) {
        status = cannot_count(r, error);
    } else if (!sum) {
        status = not_understood();
    } else {
        *out = sum->integer;
        atomic_fetch_add_explicit(&r->sets, 1, memory_order_relaxed);
    }
out:
    tripsage_cache_reply_free(got);
    return status;
}

/* ---- many keys ---- */

/* A pattern that matches what begins with these bytes. */
static bytes pattern_of(char *out, const server *r, bytes prefix)
{
    const char *parts[] = {r->prefix, prefix.data};
    const size_t sizes[] = {r->prefix_size, prefix.size};
    char *to = out;

    for (size_t part = 0; part < 2; part++)
        for (size_t i = 0; i < sizes[part]; i++) {
            char c = parts[part][i];

            if (c && strchr("*?[]\\", c))
                *to++ = '\\';
            *to++ = c;
        }
    *to++ = '*';
    return (bytes){out, (size_t)(to - out)};
}

/* The cursor and the keys in a reply of SCAN; 0 when it is none. */
static int is_scanned(const reply *all)
{
    const reply *keys = member(all, 1, TRIPSAGE_CACHE_ARRAY);

    if (!keys || all->count != 2 || !member(all, 0, TRIPSAGE_CACHE_STRING))
        return 0;
    for (size_t i = 0; i < keys->count; i++)
        if (!is(&keys->items[i], TRIPSAGE_CACHE_STRING))
            return 0;
    return 1;
}

static bytes bytes_in(const reply *string)
{
    return (bytes){string->data, string->size};
}

/* One step of a clearing, with room for its words. */
typedef struct step {
    line *lines;
    bytes *words; /* two for each key */
    size_t count;
} step;

static tripsage_status make_step(step *out, const reply *keys)
{
    out->count = keys->count;
    out->lines = tripsage__calloc(keys->count + 1, sizeof *out->lines);
    out->words = tripsage__calloc(keys->count + 1, 2 * sizeof *out->words);
    if (!out->lines || !out->words)
        return TRIPSAGE_NOMEM();
    for (size_t i = 0; i < keys->count; i++) {
        out->words[2 * i] = WORD("UNLINK");
        out->words[2 * i + 1] = bytes_in(&keys->items[i]);
        out->lines[i] = (line){out->words + 2 * i, 2};
    }
    return TRIPSAGE_OK;
}

/* Carries out what deletes the keys that the step before found, each by itself, and looks for the next; *scanned becomes what SCAN says of
 * them, within *got, NULL at the end. */
static tripsage_status next_step(uint64_t *cleared, reply **got, const reply **scanned, server *r, bytes pattern)
{
    const reply *cursor = &(*scanned)->items[0], *keys = &(*scanned)->items[1];
    int at_end = cursor->size == 1 && cursor->data[0] == '0';
    const bytes scan[] = {WORD("SCAN"), bytes_in(cursor), WORD("MATCH"), pattern, WORD("COUNT"), WORD(SCAN_COUNT)};
    size_t deleted = keys->count;
    reply *next = NULL;
    step s = {NULL, NULL, 0};
    tripsage_status status;

    TRIPSAGE_TRY(make_step(&s, keys));
    if (!at_end)
        s.lines[s.count++] = (line){scan, sizeof scan / sizeof *scan};
    if (s.count)
        TRIPSAGE_TRY(fly(&next, r, s.lines, s.count, TRIPSAGE__CACHE_PIPELINE, ONCE));
    for (size_t i = 0; i < deleted; i++) {
        const reply *met = member(next, i, TRIPSAGE_CACHE_INTEGER);

        *cleared += met && met->integer; /* SCAN may name a key twice */
    }
    tripsage_cache_reply_free(*got);
    *got = next;
    *scanned = at_end ? NULL : member(next, deleted, TRIPSAGE_CACHE_ARRAY);
    if (!at_end && (!*scanned || !is_scanned(*scanned)))
        status = not_understood();
out:
    tripsage__free(s.lines);
    tripsage__free(s.words);
    return status;
}

/* A pattern may be long: every byte of it escaped, of a prefix of any length. */
static tripsage_status clear(uint64_t *out, void *engine, bytes prefix)
{
    server *r = engine;
    reply *got = NULL;
    const reply *scanned;
    bytes pattern;
    tripsage_status status;
    char *space;

    if (prefix.size > TRIPSAGE_CACHE_KEY_MAX) /* no key is as long */
        return TRIPSAGE_OK;
    space = tripsage__malloc(2 * (r->prefix_size + prefix.size) + 1);
    if (!space)
        return TRIPSAGE_NOMEM();
    pattern = pattern_of(space, r, prefix);
    TRIPSAGE_TRY(fly_one(
        &got, r, LINE(WORD("SCAN"), WORD("0"), WORD("MATCH"), pattern, WORD("COUNT"), WORD(SCAN_COUNT)), REPEATABLE));
    scanned = got;
    if (!is_scanned(scanned))
        status = not_understood();
    while (status == TRIPSAGE_OK && scanned)
        status = next_step(out, &got, &scanned, r, pattern);
out:
    atomic_fetch_add_explicit(&r->deletes, *out, memory_order_relaxed);
    tripsage_cache_reply_free(got);
    tripsage__free(space);
    return status;
}

/* ---- statistics ---- */

/* The number behind "name:" in what INFO says; 0 where it says nothing of it, or nothing at all. */
static uint64_t number_in(const reply *info, const char *name)
{
    const char *at = is(info, TRIPSAGE_CACHE_STRING) ? strstr(info->data, name) : NULL;

    return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

static void count_own(tripsage_cache_stats *out, void *engine)
{
    server *r = engine;

    out->hits = r->hits;
    out->misses = r->misses;
    out->sets = r->sets;
    out->deletes = r->deletes;
    out->refused = r->refused;
    tripsage__breaker_count(out, r->breaker);
}

static tripsage_status get_stats(tripsage_cache_stats *out, void *engine)
{
    server *r = engine;
    const line lines[] = {LINE(WORD("DBSIZE")), LINE(WORD("INFO"), WORD("memory")), LINE(WORD("INFO"), WORD("stats"))};
    reply *got;
    tripsage_status status;

    TRIPSAGE_TRY(carry(&got, r, lines, 3, TRIPSAGE__CACHE_PIPELINE, REPEATABLE));
    if (is(&got->items[0], TRIPSAGE_CACHE_ERROR))
        status = refuse(r, &got->items[0]);
    else if (is(&got->items[0], TRIPSAGE_CACHE_INTEGER))
        out->entries = (uint64_t)got->items[0].integer;
    out->bytes = number_in(&got->items[1], "\nused_memory:");
    out->expired = number_in(&got->items[2], "\nexpired_keys:");
    out->evicted = number_in(&got->items[2], "\nevicted_keys:");
out:
    count_own(out, r);
    tripsage_cache_reply_free(got);
    return status;
}

/* ---- commands ---- */

/* What would change the connection that others use next, or wait on it. */
static int is_of_connection(const line *l)
{
    static const char *const names[] = {
        "ASKING",       "AUTH",        "BLMOVE",   "BLMPOP",     "BLPOP",      "BRPOP",
        "BRPOPLPUSH",   "BZMPOP",      "BZPOPMAX", "BZPOPMIN",   "CLIENT",     "DISCARD",
        "EXEC",         "HELLO",       "MONITOR",  "MULTI",      "PSUBSCRIBE", "PSYNC",
        "PUNSUBSCRIBE", "QUIT",        "READONLY", "READWRITE",  "REPLICAOF",  "RESET",
        "SELECT",       "SHUTDOWN",    "SLAVEOF",  "SSUBSCRIBE", "SUBSCRIBE",  "SUNSUBSCRIBE",
        "SYNC",         "UNSUBSCRIBE", "UNWATCH",  "WAIT",       "WAITAOF",    "WATCH",
    };
    bytes name = l->arguments[0];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (tripsage__command_is(name, names[i]))
            return 1;
    if (!tripsage__command_is(name, "XREAD") && !tripsage__command_is(name, "XREADGROUP"))
        return 0;
    for (size_t i = 1; i < l->count && !tripsage__command_is(l->arguments[i], "STREAMS"); i++)
        if (tripsage__command_is(l->arguments[i], "BLOCK"))
            return 1;
    return 0;
}

/* The first line that may not go out; `count` when all may. */
static size_t first_forbidden(const line *lines, size_t count)
{
    size_t i = 0;

    while (i < count && !is_of_connection(&lines[i]))
        i++;
    return i;
}

/* A reply once more, into another. No deeper than replies are. */
static void put_copy(tripsage__reply *to, const reply *from)
{
    if (from->type == TRIPSAGE_CACHE_NIL)
        tripsage__reply_nil(to);
    else if (from->type == TRIPSAGE_CACHE_INTEGER)
        tripsage__reply_integer(to, from->integer);
    else if (from->type == TRIPSAGE_CACHE_STATUS)
        tripsage__reply_status(to, from->data);
    else if (from->type == TRIPSAGE_CACHE_STRING)
        tripsage__reply_bytes(to, from->data, from->size);
    else if (from->type == TRIPSAGE_CACHE_ERROR)
        tripsage__reply_error(to, "%s", from->data);
    else
        tripsage__reply_array(to, from->count);
    for (size_t i = 0; from->type == TRIPSAGE_CACHE_ARRAY && i < from->count; i++)
        put_copy(to, &from->items[i]);
}

static void put_refusal(tripsage__reply *to, bytes name)
{
    tripsage__reply_error(to, "ERR Command is not available: '%.*s'", (int)name.size, (const char *)name.data);
}

static tripsage_status forbid(reply **out, bytes name)
{
    tripsage__reply refusal = TRIPSAGE__REPLY_INIT;

    put_refusal(&refusal, name);
    return tripsage__reply_finish(out, &refusal);
}

static tripsage_status nothing(reply **out)
{
    tripsage__reply none = TRIPSAGE__REPLY_INIT;

    tripsage__reply_array(&none, 0);
    return tripsage__reply_finish(out, &none);
}

static int only_read(const line *lines, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const tripsage__command_spec *spec = tripsage__command_spec_of(lines[i].arguments[0]);

        if (!spec || spec->flags & TRIPSAGE__COMMAND_WRITES)
            return 0;
    }
    return 1;
}

/* Checked here, since each way makes something else of it. */
static tripsage_status check_size(const line *lines, size_t count)
{
    size_t all = 0;

    for (size_t i = 0; i < count; i++)
        for (size_t a = 0; a < lines[i].count; a++)
            all += lines[i].arguments[a].size;
    return all <= RUN_MAX ? TRIPSAGE_OK
                          : TRIPSAGE_FAIL_FIELD("#arguments", "commands have at most %u bytes together", RUN_MAX);
}

static tripsage_status run(reply **out, void *engine, const line *lines, size_t count, tripsage__cache_mode mode);

/* A pipeline in which some lines may not go out: the others do, and each reply stands in its line's place. */
static tripsage_status run_others(reply **out, void *engine, const line *lines, size_t count)
{
    line *others = tripsage__malloc(count * sizeof *others);
    tripsage__reply all = TRIPSAGE__REPLY_INIT;
    reply *came = NULL;
    size_t left = 0, next = 0;
    tripsage_status status;

    if (!others)
        return TRIPSAGE_NOMEM();
    for (size_t i = 0; i < count; i++)
        if (!is_of_connection(&lines[i]))
            others[left++] = lines[i];
    TRIPSAGE_TRY(run(&came, engine, others, left, TRIPSAGE__CACHE_PIPELINE));
    tripsage__reply_array(&all, count);
    for (size_t i = 0; i < count; i++)
        if (is_of_connection(&lines[i]))
            put_refusal(&all, lines[i].arguments[0]);
        else
            put_copy(&all, &came->items[next++]);
    status = tripsage__reply_finish(out, &all);
out:
    tripsage_cache_reply_free(came);
    tripsage__free(others);
    return status;
}

static tripsage_status run(reply **out, void *engine, const line *lines, size_t count, tripsage__cache_mode mode)
{
    size_t forbidden = first_forbidden(lines, count);
    tripsage_status status;

    if (forbidden < count && mode == TRIPSAGE__CACHE_PIPELINE)
        return run_others(out, engine, lines, count);
    if (forbidden < count)
        return forbid(out, lines[forbidden].arguments[0]);
    if (count == 0)
        return nothing(out);
    TRIPSAGE_TRY(check_size(lines, count));
    status = carry(out, engine, lines, count, mode, only_read(lines, count));
out:
    return status;
}

static tripsage_status subscribe(tripsage_cache_subscription **out, void *engine, const tripsage_cache_topics *topics)
{
    server *r = engine;

    return r->by->subscribe ? r->by->subscribe(out, r->transport, topics)
                            : TRIPSAGE_FAIL(TRIPSAGE_ENOTSUP, "there are no subscriptions by REST");
}

const tripsage__cache_engine tripsage__cache_on_server = {
    look, set,       remove_key,   increment,  expire,     clear,     get_stats,
    run,  subscribe, close_server, set_tagged, invalidate, count_own,
};
