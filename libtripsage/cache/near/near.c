/* near/near.c: see near.h.
 *
 * A copy that is made while its key is written would stay though it is old. So each key belongs to a stripe that counts what was dropped
 * there: what was read is kept only when nothing was dropped since before it was asked for. */
#include "near.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <string.h>

#include "base/memory.h"
#include "cache/command/table.h"
#include "cache/memory/entry.h"
#include "cache/memory/memory.h"
#include "cache/redis/address.h"
#include "cache/redis/tracking.h"

#define TTL_MS 1000u

/* Taken for a moment when something is read from the server or dropped; 32, so that two threads seldom meet, and no more, since all are
 * held when all is dropped. */
#define STRIPES 32u

/* One copy takes at most this part, as in a cache in the process. */
#define VALUE_PART 8u

typedef tripsage__cache_bytes bytes;

typedef struct stripe {
    pthread_mutex_t lock;
    uint64_t dropped;
} stripe;

typedef struct near {
    tripsage__env *env;
    const tripsage__cache_engine *far_calls, *calls; /* of the server, and of the copies */
    void *far, *copies;
    tripsage__redis_tracking *tracking; /* NULL: nobody tells */
    _Atomic int is_usable;
    int64_t ttl_ms;
    uint64_t cost_max;
    char prefix[TRIPSAGE__CACHE_PREFIX_MAX + 1];
    size_t prefix_size;
    stripe stripes[STRIPES];
    size_t stripe_count; /* made so far */
    _Atomic uint64_t hits;
} near;

/* What stands before a value, so that the value is aligned as one of memory is. */
typedef struct head {
    alignas(max_align_t) int64_t expires_ms; /* of the entry on the server */
} head;

/* By FNV-1a. */
static stripe *stripe_of(near *n, bytes key)
{
    const unsigned char *at = key.data;
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < key.size; i++)
        hash = (hash ^ at[i]) * 16777619u;
    return &n->stripes[hash % STRIPES];
}

/* ---- dropping ---- */

/* What a call failed of is told after this, too. */
static void drop(near *n, bytes key)
{
    stripe *s = stripe_of(n, key);
    tripsage_error error;

    tripsage__error_save(&error);
    pthread_mutex_lock(&s->lock);
    s->dropped++;
    (void)n->calls->remove(n->copies, key);
    pthread_mutex_unlock(&s->lock);
    (void)tripsage__error_restore(&error);
}

static void drop_prefix(near *n, bytes prefix)
{
    uint64_t count = 0;

    for (size_t i = 0; i < STRIPES; i++) {
        pthread_mutex_lock(&n->stripes[i].lock);
        n->stripes[i].dropped++;
    }
    (void)n->calls->clear(&count, n->copies, prefix);
    for (size_t i = 0; i < STRIPES; i++)
        pthread_mutex_unlock(&n->stripes[i].lock);
}

static void drop_all(near *n)
{
    drop_prefix(n, (bytes){"", 0});
}

/* A key as the server knows it; another one than the cache's is nothing to us. */
static void drop_full(near *n, bytes key)
{
    if (key.size > n->prefix_size && memcmp(key.data, n->prefix, n->prefix_size) == 0)
        drop(n, (bytes){(const char *)key.data + n->prefix_size, key.size - n->prefix_size});
}

/* ---- what the server tells ---- */

static void on_stands(void *user)
{
    near *n = user;

    atomic_store(&n->is_usable, 1);
}

static void on_written(void *user, bytes key)
{
    drop_full(user, key);
}

static void on_flushed(void *user)
{
    drop_all(user);
}

static void on_lost(void *user)
{
    near *n = user;

    if (atomic_exchange(&n->is_usable, 0))
        drop_all(n);
}

/* ---- opened and closed ---- */

static void close_near(void *engine)
{
    near *n = engine;

    if (!n)
        return;
    tripsage__redis_tracking_free(n->tracking);
    if (n->far)
        n->far_calls->close(n->far);
    if (n->copies)
        n->calls->close(n->copies);
    while (n->stripe_count > 0)
        pthread_mutex_destroy(&n->stripes[--n->stripe_count].lock);
    tripsage__free(n);
}

static int make_stripes(near *n)
{
    while (n->stripe_count < STRIPES && pthread_mutex_init(&n->stripes[n->stripe_count].lock, NULL) == 0)
        n->stripe_count++;
    return n->stripe_count == STRIPES;
}

static tripsage_status open_copies(near *n, const tripsage_cache_options *options)
{
    tripsage_status status = tripsage__cache_memory_open(&n->copies, options->near_max_bytes, UINT64_MAX, n->env);

    return status == TRIPSAGE_EINVALID
               ? TRIPSAGE_FAIL_FIELD("#near_max_bytes", "too small to hold even its own bookkeeping")
               : status;
}

static tripsage_status begin_tracking(near *n, const tripsage__cache_transport *by,
                                      const tripsage_cache_options *options)
{
    const tripsage__redis_listener listener = {n, on_stands, on_written, on_flushed, on_lost};
    tripsage_cache_options given = *options;

    if (!tripsage__redis_is_url(options->url)) {
        atomic_store(&n->is_usable, 1);
        return TRIPSAGE_OK;
    }
    given.deadline_ms = options->deadline_ms ? options->deadline_ms : by->deadline_ms;
    given.retry_after_ms = options->retry_after_ms ? options->retry_after_ms : TRIPSAGE__CACHE_RETRY_AFTER_MS;
    return tripsage__redis_tracking_new(&n->tracking, &given, n->prefix, listener, n->env);
}

tripsage_status tripsage__cache_near_open(void **out, const tripsage__cache_transport *by,
                                          const tripsage_cache_options *options, tripsage__env *env)
{
    near *n = tripsage__calloc(1, sizeof *n);
    tripsage_status status;

    *out = NULL;
    if (!n)
        return TRIPSAGE_NOMEM();
    n->env = env;
    n->far_calls = &tripsage__cache_on_server;
    n->calls = &tripsage__cache_on_memory;
    n->ttl_ms = options->near_ttl_ms ? options->near_ttl_ms : TTL_MS;
    n->cost_max = options->near_max_bytes / VALUE_PART;
    if (!make_stripes(n)) {
        status = TRIPSAGE_NOMEM();
        goto out;
    }
    TRIPSAGE_TRY(tripsage__cache_server_open(&n->far, by, options, env));
    strcpy(n->prefix, options->key_prefix);
    n->prefix_size = strlen(n->prefix);
    TRIPSAGE_TRY(open_copies(n, options));
    TRIPSAGE_TRY(begin_tracking(n, by, options));
    *out = n;
    return TRIPSAGE_OK;
out:
    close_near(n);
    return status;
}

/* ---- reading ---- */

/* A copy as the value it is of; 0 when its time is over. */
static int unwrap(tripsage_cache_value *value, near *n)
{
    const head *h = value->data;

    value->ttl_ms = h->expires_ms == TRIPSAGE__CACHE_FOREVER ? -1 : h->expires_ms - tripsage__now_ms(n->env);
    value->data = h + 1;
    value->size -= sizeof *h;
    if (value->ttl_ms != 0 && value->ttl_ms >= -1)
        return 1;
    tripsage_cache_value_free(value);
    return 0;
}

/* Keeps a copy, where nothing was dropped since the stripe's count was noted. That there is no memory for it is no failure. */
static void keep(near *n, stripe *s, uint64_t noted, bytes key, const tripsage_cache_value *value)
{
    int64_t ttl_ms = value->ttl_ms >= 0 && value->ttl_ms < n->ttl_ms ? value->ttl_ms : n->ttl_ms;
    size_t size = sizeof(head) + value->size;
    head *copy;

    if (tripsage__entry_cost(key.size, size) > n->cost_max || value->ttl_ms == 0)
        return;
    copy = tripsage__malloc(size);
    if (!copy)
        return;
    memset(copy, 0, sizeof *copy);
    copy->expires_ms = value->ttl_ms < 0 ? TRIPSAGE__CACHE_FOREVER : tripsage__now_ms(n->env) + value->ttl_ms;
    memcpy(copy + 1, value->data, value->size);
    pthread_mutex_lock(&s->lock);
    if (s->dropped == noted)
        (void)n->calls->set(n->copies, key, (bytes){copy, size}, ttl_ms, TRIPSAGE_CACHE_ALWAYS);
    pthread_mutex_unlock(&s->lock);
    tripsage__free(copy);
}

static uint64_t note(stripe *s)
{
    uint64_t dropped;

    pthread_mutex_lock(&s->lock);
    dropped = s->dropped;
    pthread_mutex_unlock(&s->lock);
    return dropped;
}

static int look(tripsage_cache_value *out, void *engine, bytes key)
{
    near *n = engine;
    stripe *s;
    uint64_t noted;

    if (!atomic_load(&n->is_usable))
        return n->far_calls->look(out, n->far, key);
    if (n->calls->look(out, n->copies, key) && unwrap(out, n)) {
        atomic_fetch_add_explicit(&n->hits, 1, memory_order_relaxed);
        return 1;
    }
    s = stripe_of(n, key);
    noted = note(s);
    if (!n->far_calls->look(out, n->far, key))
        return 0;
    if (atomic_load(&n->is_usable))
        keep(n, s, noted, key, out);
    return 1;
}

/* ---- writing: the server first, since what was asked before it was done may be kept until it is dropped ---- */

static tripsage_status set(void *engine, bytes key, bytes value, int64_t ttl_ms, tripsage_cache_when when)
{
    near *n = engine;
    tripsage_status status = n->far_calls->set(n->far, key, value, ttl_ms, when);

    drop(n, key);
    return status;
}

static tripsage_status remove_key(void *engine, bytes key)
{
    near *n = engine;
    tripsage_status status = n->far_calls->remove(n->far, key);

    drop(n, key);
    return status;
}

static tripsage_status increment(int64_t *out, void *engine, bytes key, int64_t by, int64_t ttl_ms)
{
    near *n = engine;
    tripsage_status status = n->far_calls->increment(out, n->far, key, by, ttl_ms);

    drop(n, key);
    return status;
}

static tripsage_status expire(void *engine, bytes key, int64_t ttl_ms)
{
    near *n = engine;
    tripsage_status status = n->far_calls->expire(n->far, key, ttl_ms);

    drop(n, key);
    return status;
}

static tripsage_status clear(uint64_t *out, void *engine, bytes prefix)
{
    near *n = engine;
    tripsage_status status = n->far_calls->clear(out, n->far, prefix);

    drop_prefix(n, prefix);
    return status;
}

static tripsage_status set_tagged(void *engine, bytes key, bytes value, int64_t ttl_ms, tripsage_cache_when when,
                                  const bytes *tags, size_t tag_count)
{
    near *n = engine;
    tripsage_status status = n->far_calls->set_tagged(n->far, key, value, ttl_ms, when, tags, tag_count);

    drop(n, key);
    return status;
}

/* Which keys have the tag is known to the server alone, which tells; but this handle shall not find them from now on. */
static tripsage_status invalidate(uint64_t *out, void *engine, bytes tag)
{
    near *n = engine;
    tripsage_status status = n->far_calls->invalidate(out, n->far, tag);

    drop_all(n);
    return status;
}

static void count_near(tripsage_cache_stats *out, const near *n)
{
    out->near_hits = n->hits;
    out->hits += out->near_hits;
}

static tripsage_status get_stats(tripsage_cache_stats *out, void *engine)
{
    near *n = engine;
    tripsage_status status = n->far_calls->stats(out, n->far);

    count_near(out, n);
    return status;
}

static void get_counts(tripsage_cache_stats *out, void *engine)
{
    near *n = engine;

    n->far_calls->counts(out, n->far);
    count_near(out, n);
}

/* ---- commands ---- */

static int fits(const tripsage__command_spec *spec, size_t count)
{
    return spec->arity < 0 ? count >= (size_t)-spec->arity : count == (size_t)spec->arity;
}

/* Drops what a line may have written: the keys it names, and everything when it names none or is not known. A script names the keys it
 * writes, as Redis asks of it; one that does not is found out by what the server tells. */
static void drop_written(near *n, const tripsage_cache_command_line *line)
{
    const tripsage__command_spec *spec = tripsage__command_spec_of(line->arguments[0]);
    size_t count = 0, at;

    if (spec && !(spec->flags & TRIPSAGE__COMMAND_WRITES))
        return;
    if (!spec || !fits(spec, line->count) || (!spec->first && !spec->numkeys)) {
        drop_all(n);
        return;
    }
    while ((at = tripsage__commands_key(spec, line->arguments, line->count, count)) != 0) {
        drop_full(n, line->arguments[at]);
        count++;
    }
}

static tripsage_status run(tripsage_cache_reply **out, void *engine, const tripsage_cache_command_line *lines,
                           size_t count, tripsage__cache_mode mode)
{
    near *n = engine;
    tripsage_status status = n->far_calls->run(out, n->far, lines, count, mode);

    for (size_t i = 0; i < count; i++)
        drop_written(n, &lines[i]);
    return status;
}

static tripsage_status subscribe(tripsage_cache_subscription **out, void *engine, const tripsage_cache_topics *topics)
{
    near *n = engine;

    return n->far_calls->subscribe(out, n->far, topics);
}

const tripsage__cache_engine tripsage__cache_on_near = {
    look, set,       remove_key, increment,  expire,     clear,      get_stats,
    run,  subscribe, close_near, set_tagged, invalidate, get_counts,
};
