/* load.c: see load.h. Works above the engines, so it is the same wherever the cache is.
 *
 * Whether a value is stale is told by what is left of its life: it is kept for ttl_ms and then stale_ms, so it is stale when no more
 * than stale_ms are left. That there is none is a value, too, of bytes that nobody else has a reason to store.
 *
 * Who finds nothing, or something stale, looks whether the key is being loaded. If not, he loads it: there is no thread of ours. Who
 * finds nothing waits for who loads; who finds something stale takes that. A load that ended between a look and the lock may have
 * stored what was missed, so whoever sees that one has ended meanwhile looks again before he calls his loader. */
#include "load.h"

#include <string.h>

#include "base/memory.h"
#include "cache_internal.h"
#include "memory/entry.h"

typedef tripsage__cache_bytes bytes;

typedef struct tripsage__load load;

struct tripsage__load {
    load *next;
    bytes key;                      /* of the thread that loads, as is `how` */
    const tripsage__cache_how *how; /* with its tags */
    pthread_t thread;
    load *blocked; /* the load that this thread waits for, inside of its loader */
    pthread_cond_t ended;
    size_t users; /* who loads, and who waits */
    int overtaken;
    int is_over;
    tripsage_status status;
    tripsage_error error;   /* of a status that is one */
    tripsage__entry *value; /* of nobody's, held by this */
    int64_t ttl_ms;
};

struct tripsage_cache_loading {
    tripsage__entry *value; /* NULL: none was given yet */
};

/* ---- that there is none ---- */

static const char none[] = "tripsage: there is none 5f0c1b0e-8a4d-4c61-9d57-2f6d1c6e2ab4";

int tripsage__cache_is_none(const tripsage_cache_value *value)
{
    return value->size == sizeof none - 1 && memcmp(value->data, none, sizeof none - 1) == 0;
}

/* ---- the loads under way ---- */

int tripsage__loads_init(tripsage__loads *loads)
{
    return pthread_mutex_init(&loads->lock, NULL) == 0;
}

void tripsage__loads_close(tripsage__loads *loads)
{
    pthread_mutex_destroy(&loads->lock);
}

static int is_same(bytes a, bytes b)
{
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

static int has_key(const load *l, bytes key)
{
    return is_same(l->key, key);
}

static int has_prefix(const load *l, bytes prefix)
{
    return l->key.size >= prefix.size && memcmp(l->key.data, prefix.data, prefix.size) == 0;
}

static int has_tag(const load *l, bytes tag)
{
    for (size_t i = 0; i < l->how->tag_count; i++)
        if (is_same(l->how->tags[i], tag))
            return 1;
    return 0;
}

static load *find(const tripsage__loads *loads, bytes key)
{
    load *l = loads->first;

    while (l && !has_key(l, key))
        l = l->next;
    return l;
}

static void overtake(tripsage__loads *loads, int (*is_meant)(const load *l, bytes name), bytes name)
{
    if (atomic_load_explicit(&loads->count, memory_order_acquire) == 0)
        return;
    pthread_mutex_lock(&loads->lock);
    for (load *l = loads->first; l; l = l->next)
        if (is_meant(l, name))
            l->overtaken = 1;
    pthread_mutex_unlock(&loads->lock);
}

void tripsage__loads_overtake_key(tripsage__loads *loads, bytes key)
{
    overtake(loads, has_key, key);
}

void tripsage__loads_overtake_prefix(tripsage__loads *loads, bytes prefix)
{
    overtake(loads, has_prefix, prefix);
}

void tripsage__loads_overtake_tag(tripsage__loads *loads, bytes tag)
{
    overtake(loads, has_tag, tag);
}

/* ---- results ---- */

static tripsage__entry *entry_with(const void *data, size_t size)
{
    tripsage__entry_parts parts = {"", 0, 0, data, size, TRIPSAGE__CACHE_FOREVER, NULL};

    return tripsage__entry_new(&parts);
}

static tripsage_status hand_out(tripsage_cache_value *out, tripsage__entry *value, int64_t ttl_ms)
{
    size_t size = tripsage__entry_value_size(value);
    int64_t expires_ms;

    if (!tripsage__entry_hold(value, &expires_ms)) /* as often as can be counted */
        value = entry_with(value->bytes, size);
    if (!value)
        return TRIPSAGE_NOMEM();
    *out = (tripsage_cache_value){value->bytes, size, ttl_ms, value};
    return TRIPSAGE_OK;
}

static tripsage_status there_is_none(void)
{
    return TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is nothing under this key, nor anything to load");
}

/* What was loaded, as each who waited is told. */
static tripsage_status tell(tripsage_cache_value *out, const load *l)
{
    if (l->status == TRIPSAGE_OK)
        return hand_out(out, l->value, l->ttl_ms);
    return tripsage__error_restore(&l->error);
}

tripsage_status tripsage_cache_loaded(tripsage_cache_loading *loading, const void *value, size_t value_size)
{
    tripsage__entry *entry;

    if (!value && value_size)
        return TRIPSAGE_FAIL_FIELD("#value", "there is no value, but it has a size");
    if (value_size > TRIPSAGE_CACHE_VALUE_MAX)
        return TRIPSAGE_FAIL_FIELD("#value", "the value is too large: at most %u bytes", TRIPSAGE_CACHE_VALUE_MAX);
    entry = entry_with(value ? value : "", value_size);
    if (!entry)
        return TRIPSAGE_NOMEM();
    if (loading->value)
        tripsage__entry_drop(loading->value);
    loading->value = entry;
    return TRIPSAGE_OK;
}

/* ---- loading ---- */

/* What a call of tripsage_cache_get_or_load() is about. */
typedef struct request {
    tripsage_cache *cache;
    bytes key;
    tripsage__cache_how how;
    int64_t stale_ms, negative_ms;
    tripsage_cache_loader loader;
    void *context;
    uint64_t ended; /* loads that had ended when it was looked */
} request;

/* What the cache says. */
typedef enum answer {
    MISSING, /* there is no value */
    STALE,
    FRESH,
    NONE /* and it is known that there is none */
} answer;

static answer look(tripsage_cache_value *out, request *q)
{
    q->ended = atomic_load_explicit(&q->cache->loads.ended, memory_order_acquire);
    *out = (tripsage_cache_value){NULL, 0, 0, NULL};
    if (!q->cache->calls->look(out, q->cache->engine, q->key))
        return MISSING;
    if (tripsage__cache_is_none(out)) {
        tripsage_cache_value_free(out);
        return NONE;
    }
    return out->ttl_ms >= 0 && out->ttl_ms <= q->stale_ms ? STALE : FRESH;
}

/* Stores what was loaded, unless somebody changed it meanwhile; and when he did so just then, takes it back. That a cache could not
 * store it keeps nobody from having it. */
static void keep(const request *q, load *l, bytes value, int64_t ttl_ms)
{
    tripsage__loads *loads = &q->cache->loads;
    tripsage__cache_how how = q->how;
    int overtaken;

    how.ttl_ms = ttl_ms;
    pthread_mutex_lock(&loads->lock);
    overtaken = l->overtaken;
    pthread_mutex_unlock(&loads->lock);
    if (overtaken || tripsage__cache_check_value(q->cache, q->key.size, value.data, value.size) != TRIPSAGE_OK ||
        tripsage__cache_store(q->cache, q->key, value, &how) != TRIPSAGE_OK)
        return;
    pthread_mutex_lock(&loads->lock);
    overtaken = l->overtaken;
    pthread_mutex_unlock(&loads->lock);
    if (overtaken)
        (void)q->cache->calls->remove(q->cache->engine, q->key);
}

/* Calls the loader, and keeps what it says. */
static tripsage_status call(request *q, load *l)
{
    tripsage_cache_loading loading = {NULL};
    tripsage_status status;

    atomic_fetch_add_explicit(&q->cache->loads.calls, 1, memory_order_relaxed);
    status = q->loader(&loading, q->context);
    if (status == TRIPSAGE_OK && !loading.value)
        status = TRIPSAGE_FAIL(TRIPSAGE_EMISUSE, "the loader said that it has loaded, but gave no value");
    else if (status == TRIPSAGE_ENOTFOUND)
        (void)there_is_none();
    else if (status != TRIPSAGE_OK && tripsage_last_error()->status != status)
        status = TRIPSAGE_FAIL(status, "the loader failed");
    l->status = status;
    tripsage__error_save(&l->error);
    l->ttl_ms = q->how.ttl_ms ? q->how.ttl_ms : -1;
    if (status == TRIPSAGE_OK) {
        l->value = loading.value;
        keep(q, l, (bytes){l->value->bytes, tripsage__entry_value_size(l->value)}, q->how.ttl_ms);
        return status;
    }
    if (loading.value)
        tripsage__entry_drop(loading.value);
    if (status == TRIPSAGE_ENOTFOUND && q->negative_ms)
        keep(q, l, (bytes){none, sizeof none - 1}, q->negative_ms);
    return status;
}

/* Under the lock. The last who uses it frees it. */
static void leave(load *l)
{
    if (--l->users)
        return;
    if (l->value)
        tripsage__entry_drop(l->value);
    pthread_cond_destroy(&l->ended);
    tripsage__free(l);
}

/* Under the lock: one that is under way from now on, by this thread. NULL: no memory. */
static load *begin(request *q)
{
    tripsage__loads *loads = &q->cache->loads;
    load *l = tripsage__calloc(1, sizeof *l);

    if (!l)
        return NULL;
    if (pthread_cond_init(&l->ended, NULL)) {
        tripsage__free(l);
        return NULL;
    }
    l->key = q->key;
    l->how = &q->how;
    l->thread = pthread_self();
    l->users = 1;
    l->next = loads->first;
    loads->first = l;
    atomic_fetch_add_explicit(&loads->count, 1, memory_order_release);
    return l;
}

/* Under the lock. */
static void end(tripsage__loads *loads, load *l)
{
    load **link = &loads->first;

    while (*link != l)
        link = &(*link)->next;
    *link = l->next;
    l->is_over = 1;
    atomic_fetch_sub_explicit(&loads->count, 1, memory_order_release);
    atomic_fetch_add_explicit(&loads->ended, 1, memory_order_release);
    pthread_cond_broadcast(&l->ended);
}

/* Somebody has loaded it between the look and the lock. */
static tripsage_status take(load *l, tripsage_cache_value *found, answer a)
{
    l->status = a == NONE ? there_is_none() : TRIPSAGE_OK;
    tripsage__error_save(&l->error);
    l->ttl_ms = found->ttl_ms;
    l->value = found->owner;
    *found = (tripsage_cache_value){NULL, 0, 0, NULL};
    return l->status;
}

/* Loads as the only one; `stale` is what there was, or nothing, and given when there is nothing better. */
static tripsage_status load_it(tripsage_cache_value *out, request *q, load *l, tripsage_cache_value *stale)
{
    tripsage__loads *loads = &q->cache->loads;
    tripsage_cache_value now = {NULL, 0, 0, NULL};
    uint64_t ended = q->ended;
    answer a = MISSING;
    tripsage_status status;

    if (atomic_load_explicit(&loads->ended, memory_order_acquire) != ended)
        a = look(&now, q);
    status = a == FRESH || a == NONE ? take(l, &now, a) : call(q, l);
    tripsage_cache_value_free(&now);
    if (status == TRIPSAGE_ENOTFOUND && stale->owner && !q->negative_ms)
        (void)q->cache->calls->remove(q->cache->engine, q->key); /* what was there is no more */

    pthread_mutex_lock(&loads->lock);
    end(loads, l);
    pthread_mutex_unlock(&loads->lock);
    if (status != TRIPSAGE_OK && status != TRIPSAGE_ENOTFOUND && stale->owner) {
        *out = *stale;
        *stale = (tripsage_cache_value){NULL, 0, 0, NULL};
        status = TRIPSAGE_OK;
    } else {
        status = tell(out, l);
    }
    pthread_mutex_lock(&loads->lock);
    leave(l);
    pthread_mutex_unlock(&loads->lock);
    return status;
}

/* Under the lock: whether this load waits, through others, for one of this thread's. */
static int waits_for_us(const load *l)
{
    for (; l; l = l->blocked)
        if (pthread_equal(l->thread, pthread_self()))
            return 1;
    return 0;
}

/* Under the lock: says what this thread's own loads wait for. */
static void set_blocked(tripsage__loads *loads, load *by)
{
    for (load *l = loads->first; l; l = l->next)
        if (pthread_equal(l->thread, pthread_self()))
            l->blocked = by;
}

/* Gives up the lock while it waits, and altogether. */
static tripsage_status wait_for(tripsage_cache_value *out, tripsage__loads *loads, load *l)
{
    tripsage_status status;

    if (waits_for_us(l)) {
        pthread_mutex_unlock(&loads->lock);
        return TRIPSAGE_FAIL(TRIPSAGE_EMISUSE, "the loader asks for what it is loading itself");
    }
    l->users++;
    set_blocked(loads, l);
    while (!l->is_over)
        pthread_cond_wait(&l->ended, &loads->lock);
    set_blocked(loads, NULL);
    pthread_mutex_unlock(&loads->lock);
    status = tell(out, l);
    pthread_mutex_lock(&loads->lock);
    leave(l);
    pthread_mutex_unlock(&loads->lock);
    return status;
}

static tripsage_status get_or_load(tripsage_cache_value *out, request *q)
{
    tripsage__loads *loads = &q->cache->loads;
    tripsage_cache_value found;
    answer a = look(&found, q);
    tripsage_status status;
    load *l;

    if (a == NONE)
        return there_is_none();
    if (a == FRESH) {
        *out = found;
        return TRIPSAGE_OK;
    }
    pthread_mutex_lock(&loads->lock);
    l = find(loads, q->key);
    if (l && a == STALE) {
        pthread_mutex_unlock(&loads->lock);
        *out = found;
        return TRIPSAGE_OK;
    }
    if (l)
        return wait_for(out, loads, l);
    l = begin(q);
    pthread_mutex_unlock(&loads->lock);
    status = l ? load_it(out, q, l, &found) : TRIPSAGE_NOMEM();
    tripsage_cache_value_free(&found);
    return status;
}

tripsage_status tripsage_cache_get_or_load(tripsage_cache_value *out, tripsage_cache *cache, const void *key,
                                           size_t key_size, const tripsage_cache_load_options *options,
                                           tripsage_cache_loader loader, void *context)
{
    static const tripsage_cache_load_options standard = TRIPSAGE_CACHE_LOAD_OPTIONS_INIT;
    tripsage_cache_put_options put = TRIPSAGE_CACHE_PUT_OPTIONS_INIT;
    request q = {.cache = cache, .key = tripsage__cache_bytes_of(key, key_size), .loader = loader, .context = context};
    tripsage_status status;

    *out = (tripsage_cache_value){NULL, 0, 0, NULL};
    if (!options)
        options = &standard;
    if (options->version != 1)
        return TRIPSAGE_FAIL_FIELD("#options", "the version must be 1: set by TRIPSAGE_CACHE_LOAD_OPTIONS_INIT");
    if (!loader)
        return TRIPSAGE_FAIL_FIELD("#loader", "there is no loader");
    if (options->negative_ms < 0)
        return TRIPSAGE_FAIL_FIELD("#negative_ms", "a life is 0 (not kept) or more milliseconds");
    put.ttl_ms = options->ttl_ms;
    put.stale_ms = q.stale_ms = options->stale_ms;
    put.tags = options->tags;
    put.tag_count = options->tag_count;
    q.negative_ms = options->negative_ms;
    TRIPSAGE_TRY(tripsage__cache_check_key(key, key_size));
    TRIPSAGE_TRY(tripsage__cache_check_how(&q.how, &put));
    status = get_or_load(out, &q);
out:
    return status;
}
