/* cache.c: the door of the cache: checks what comes in, and asks the engine behind it. */
#include "cache.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "base/error.h"
#include "base/memory.h"
#include "cache_internal.h"
#include "memory/memory.h"
#include "near/near.h"
#include "redis/address.h"
#include "redis/redis.h"
#include "upstash/upstash.h"

/* 64 MiB: some 200,000 answers of 300 bytes. */
#define DEFAULT_BYTES (64u * 1024 * 1024)
/* One value takes at most this part of the cache, or a few of them would be all there is. */
#define VALUE_PART 8u

/* ---- opening ---- */

static int is_memory(const char *url)
{
    return !url || strcmp(url, "memory:") == 0;
}

int tripsage__cache_is_remote(const tripsage_cache_options *options)
{
    return options && !is_memory(options->url);
}

int tripsage__cache_is_on_server(const tripsage_cache *cache)
{
    return cache->calls != &tripsage__cache_on_memory;
}

const char *tripsage__cache_key_prefix(const tripsage_cache *cache)
{
    return cache->key_prefix;
}

int tripsage__cache_url_is_known(const char *url)
{
    return is_memory(url) || tripsage__upstash_is_url(url) || tripsage__redis_is_url(url);
}

const char *tripsage__cache_url_problem(const char *url)
{
    if (is_memory(url))
        return NULL;
    if (tripsage__upstash_is_url(url))
        return tripsage__upstash_url_problem(url);
    return tripsage__redis_is_url(url)
               ? tripsage__redis_url_problem(url)
               : "expected memory:, redis://host:port, rediss://host:port, unix:///path or https://host";
}

int tripsage__cache_url_is_rest(const char *url)
{
    return tripsage__upstash_is_url(url);
}

void tripsage__cache_url_put_masked(tripsage__buf *buf, const char *url)
{
    if (is_memory(url) || tripsage__upstash_is_url(url))
        tripsage__buf_puts(buf, url ? url : "memory:");
    else
        tripsage__redis_url_put_masked(buf, url);
}

tripsage_status tripsage__cache_address_read(tripsage__cache_address *out, const char *url)
{
    tripsage__redis_address address;
    tripsage_status status;

    memset(out, 0, sizeof *out);
    if (is_memory(url) || tripsage__upstash_is_url(url))
        return TRIPSAGE_OK;
    TRIPSAGE_TRY(tripsage__redis_address_read(&address, url, NULL));
    out->host = address.host;
    out->password = address.password;
    out->tls = address.tls;
    address.host = address.password = NULL;
    tripsage__redis_address_free(&address);
out:
    return status;
}

void tripsage__cache_address_free(tripsage__cache_address *address)
{
    if (address->password)
        tripsage__wipe(address->password, strlen(address->password));
    tripsage__free(address->host);
    tripsage__free(address->password);
    memset(address, 0, sizeof *address);
}

static tripsage_status open_memory(tripsage_cache *cache, const tripsage_cache_options *options, tripsage__env *env)
{
    uint64_t max_bytes = options->max_bytes ? options->max_bytes : DEFAULT_BYTES;
    uint64_t max_entries = options->max_entries ? options->max_entries : UINT64_MAX;

    if (max_bytes / VALUE_PART < SIZE_MAX)
        cache->cost_max = (size_t)(max_bytes / VALUE_PART);
    cache->calls = &tripsage__cache_on_memory;
    return tripsage__cache_memory_open(&cache->engine, max_bytes, max_entries, env);
}

static tripsage_status open_server(tripsage_cache *cache, const tripsage_cache_options *options, tripsage__env *env)
{
    const tripsage__cache_transport *by =
        tripsage__upstash_is_url(options->url) ? &tripsage__cache_by_upstash : &tripsage__cache_by_redis;

    if (options->near_max_bytes) {
        cache->calls = &tripsage__cache_on_near;
        return tripsage__cache_near_open(&cache->engine, by, options, env);
    }
    cache->calls = &tripsage__cache_on_server;
    return tripsage__cache_server_open(&cache->engine, by, options, env);
}

/* Of what a server holds only the server could tell. */
static void tell(void *context, tripsage__observer *observer)
{
    const tripsage_cache *cache = context;
    int is_remote = cache->calls != &tripsage__cache_on_memory;
    const char *engine = is_remote ? "redis" : "memory";
    tripsage_cache_stats s = {0};

    cache->calls->counts(&s, cache->engine);
    tripsage__tell(observer, TRIPSAGE__GAUGE_CACHE_HITS, engine, (int64_t)s.hits);
    tripsage__tell(observer, TRIPSAGE__GAUGE_CACHE_MISSES, engine, (int64_t)s.misses);
    tripsage__tell(observer, TRIPSAGE__GAUGE_CACHE_LOADS, engine, (int64_t)cache->loads.calls);
    if (is_remote) {
        tripsage__tell(observer, TRIPSAGE__GAUGE_CACHE_UNREACHABLE, engine, (int64_t)s.silent);
        tripsage__tell(observer, TRIPSAGE__GAUGE_CACHE_BREAKER_OPEN, engine, (int64_t)s.breaker_open);
        return;
    }
    tripsage__tell(observer, TRIPSAGE__GAUGE_CACHE_ENTRIES, engine, (int64_t)s.entries);
    tripsage__tell(observer, TRIPSAGE__GAUGE_CACHE_BYTES, engine, (int64_t)s.bytes);
    tripsage__tell(observer, TRIPSAGE__GAUGE_CACHE_EVICTED, engine, (int64_t)s.evicted);
}

tripsage_status tripsage__cache_new(tripsage_cache **out, const tripsage_cache_options *options, tripsage__env *env)
{
    static const tripsage_cache_options standard = TRIPSAGE_CACHE_OPTIONS_INIT;
    tripsage_cache_options given = options ? *options : standard;
    const char *problem;
    tripsage_cache *cache;
    tripsage_status status;

    *out = NULL;
    if (given.version != 1)
        return TRIPSAGE_FAIL_FIELD("#options", "the version must be 1: set by TRIPSAGE_CACHE_OPTIONS_INIT");
    problem = tripsage__cache_url_problem(given.url);
    if (problem)
        return TRIPSAGE_FAIL_FIELD("#url", "the cache's URL: %s", problem);
    given.key_prefix = given.key_prefix ? given.key_prefix : TRIPSAGE_CACHE_KEY_PREFIX;
    if (strlen(given.key_prefix) > TRIPSAGE__CACHE_PREFIX_MAX)
        return TRIPSAGE_FAIL_FIELD("#key_prefix", "a prefix has at most %u bytes", TRIPSAGE__CACHE_PREFIX_MAX);
    cache = tripsage__calloc(1, sizeof *cache);
    if (!cache)
        return TRIPSAGE_NOMEM();
    if (!tripsage__loads_init(&cache->loads)) {
        tripsage__free(cache);
        return TRIPSAGE_NOMEM();
    }
    strcpy(cache->key_prefix, given.key_prefix);
    cache->cost_max = SIZE_MAX;
    cache->observer = tripsage__env_observer(env);
    status = is_memory(given.url) ? open_memory(cache, &given, env) : open_server(cache, &given, env);
    if (status == TRIPSAGE_OK) {
        tripsage__watch(cache->observer, &cache->watched, tell, cache);
        *out = cache;
    } else
        tripsage__cache_free(cache);
    return status;
}

void tripsage__cache_free(tripsage_cache *cache)
{
    if (!cache)
        return;
    tripsage__unwatch(cache->observer, &cache->watched);
    cache->calls->close(cache->engine);
    tripsage__loads_close(&cache->loads);
    tripsage__env_free(cache->own_env);
    tripsage__free(cache);
}

tripsage_status tripsage_cache_open(tripsage_cache **out, const tripsage_cache_options *options,
                                    const tripsage_runtime *runtime)
{
    tripsage__env *env = NULL;
    tripsage_status status;

    *out = NULL;
    status = tripsage__env_new(&env, runtime);
    if (status != TRIPSAGE_OK)
        return status;
    status = tripsage__cache_new(out, options, env);
    if (status == TRIPSAGE_OK)
        (*out)->own_env = env;
    else
        tripsage__env_free(env);
    return status;
}

void tripsage_cache_close(tripsage_cache *cache)
{
    tripsage__cache_free(cache);
}

/* ---- what may come in ---- */

tripsage_status tripsage__cache_check_key(const void *key, size_t key_size)
{
    if (!key || key_size == 0 || key_size > TRIPSAGE_CACHE_KEY_MAX)
        return TRIPSAGE_FAIL_FIELD("#key", "a key has 1 to %u bytes", TRIPSAGE_CACHE_KEY_MAX);
    return TRIPSAGE_OK;
}

static tripsage_status check_ttl(int64_t ttl_ms)
{
    return ttl_ms < 0 ? TRIPSAGE_FAIL_FIELD("#ttl_ms", "a life is 0 (for ever) or more milliseconds") : TRIPSAGE_OK;
}

/* A condition of a later version must not pass for one of ours. */
static tripsage_status check_when(tripsage_cache_when when)
{
    if (when != TRIPSAGE_CACHE_ALWAYS && when != TRIPSAGE_CACHE_IF_ABSENT && when != TRIPSAGE_CACHE_IF_PRESENT)
        return TRIPSAGE_FAIL_FIELD("#when", "there is no such condition");
    return TRIPSAGE_OK;
}

tripsage_status tripsage__cache_check_value(const tripsage_cache *cache, size_t key_size, const void *value,
                                            size_t value_size)
{
    if (!value && value_size)
        return TRIPSAGE_FAIL_FIELD("#value", "there is no value, but it has a size");
    if (value_size > TRIPSAGE_CACHE_VALUE_MAX || tripsage__entry_cost(key_size, value_size) > cache->cost_max)
        return TRIPSAGE_FAIL_FIELD("#value", "the value is too large: at most %u bytes, and one eighth of the cache",
                                   TRIPSAGE_CACHE_VALUE_MAX);
    return TRIPSAGE_OK;
}

static tripsage_status check_stale(int64_t ttl_ms, int64_t stale_ms)
{
    if (stale_ms < 0 || (stale_ms > 0 && ttl_ms == 0))
        return TRIPSAGE_FAIL_FIELD("#stale_ms",
                                   "a value is stale for 0 or more milliseconds after its life, which has an end then");
    return TRIPSAGE_OK;
}

static int is_tag(const void *name, size_t size)
{
    return name && size > 0 && size <= TRIPSAGE_CACHE_KEY_MAX;
}

tripsage_status tripsage__cache_check_how(tripsage__cache_how *out, const tripsage_cache_put_options *options)
{
    tripsage_status status;

    if (options->version != 1)
        return TRIPSAGE_FAIL_FIELD("#options", "the version must be 1: set by TRIPSAGE_CACHE_PUT_OPTIONS_INIT");
    TRIPSAGE_TRY(check_ttl(options->ttl_ms));
    TRIPSAGE_TRY(check_when(options->when));
    TRIPSAGE_TRY(check_stale(options->ttl_ms, options->stale_ms));
    if (options->tag_count > TRIPSAGE_CACHE_TAGS_MAX || (options->tag_count && !options->tags))
        return TRIPSAGE_FAIL_FIELD("#tags", "a value has at most %u tags", TRIPSAGE_CACHE_TAGS_MAX);
    out->when = options->when;
    out->ttl_ms = options->stale_ms > INT64_MAX - options->ttl_ms ? INT64_MAX : options->ttl_ms + options->stale_ms;
    out->tag_count = options->tag_count;
    for (size_t i = 0; i < options->tag_count; i++) {
        if (!is_tag(options->tags[i].name, options->tags[i].size))
            return TRIPSAGE_FAIL_FIELD("#tags", "a tag has 1 to %u bytes", TRIPSAGE_CACHE_KEY_MAX);
        out->tags[i] = tripsage__cache_bytes_of(options->tags[i].name, options->tags[i].size);
    }
out:
    return status;
}

/* ---- calls ---- */

tripsage_status tripsage__cache_store(tripsage_cache *cache, tripsage__cache_bytes key, tripsage__cache_bytes value,
                                      const tripsage__cache_how *how)
{
    const tripsage__cache_engine *calls = cache->calls;

    if (how->tag_count)
        return calls->set_tagged(cache->engine, key, value, how->ttl_ms, how->when, how->tags, how->tag_count);
    return calls->set(cache->engine, key, value, how->ttl_ms, how->when);
}

tripsage_status tripsage_cache_set(tripsage_cache *cache, const void *key, size_t key_size, const void *value,
                                   size_t value_size, int64_t ttl_ms, tripsage_cache_when when)
{
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__cache_check_key(key, key_size));
    TRIPSAGE_TRY(tripsage__cache_check_value(cache, key_size, value, value_size));
    TRIPSAGE_TRY(check_ttl(ttl_ms));
    TRIPSAGE_TRY(check_when(when));
    tripsage__loads_overtake_key(&cache->loads, tripsage__cache_bytes_of(key, key_size));
    status = cache->calls->set(cache->engine, tripsage__cache_bytes_of(key, key_size),
                               tripsage__cache_bytes_of(value, value_size), ttl_ms, when);
out:
    return status;
}

tripsage_status tripsage_cache_put(tripsage_cache *cache, const void *key, size_t key_size, const void *value,
                                   size_t value_size, const tripsage_cache_put_options *options)
{
    static const tripsage_cache_put_options standard = TRIPSAGE_CACHE_PUT_OPTIONS_INIT;
    tripsage__cache_how how;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__cache_check_key(key, key_size));
    TRIPSAGE_TRY(tripsage__cache_check_value(cache, key_size, value, value_size));
    TRIPSAGE_TRY(tripsage__cache_check_how(&how, options ? options : &standard));
    tripsage__loads_overtake_key(&cache->loads, tripsage__cache_bytes_of(key, key_size));
    status = tripsage__cache_store(cache, tripsage__cache_bytes_of(key, key_size),
                                   tripsage__cache_bytes_of(value, value_size), &how);
out:
    return status;
}

tripsage_status tripsage_cache_invalidate_tag(uint64_t *out, tripsage_cache *cache, const void *tag, size_t tag_size)
{
    uint64_t deleted = 0;
    tripsage_status status;

    if (!is_tag(tag, tag_size))
        return TRIPSAGE_FAIL_FIELD("#tag", "a tag has 1 to %u bytes", TRIPSAGE_CACHE_KEY_MAX);
    tripsage__loads_overtake_tag(&cache->loads, tripsage__cache_bytes_of(tag, tag_size));
    status = cache->calls->invalidate(&deleted, cache->engine, tripsage__cache_bytes_of(tag, tag_size));
    if (out)
        *out = deleted;
    return status;
}

int tripsage__cache_look(tripsage_cache_value *out, tripsage_cache *cache, const void *key, size_t key_size)
{
    int found = cache->calls->look(out, cache->engine, tripsage__cache_bytes_of(key, key_size));

    if (found && !tripsage__cache_is_none(out))
        return 1;
    if (found)
        tripsage_cache_value_free(out);
    memset(out, 0, sizeof *out);
    return 0;
}

tripsage_status tripsage_cache_get(tripsage_cache_value *out, tripsage_cache *cache, const void *key, size_t key_size)
{
    tripsage_status status = tripsage__cache_check_key(key, key_size);

    if (status != TRIPSAGE_OK)
        memset(out, 0, sizeof *out);
    else if (!tripsage__cache_look(out, cache, key, key_size))
        status = tripsage__cache_no_such_key();
    return status;
}

void tripsage_cache_value_free(tripsage_cache_value *value)
{
    if (!value || !value->owner)
        return;
    tripsage__entry_drop(value->owner);
    memset(value, 0, sizeof *value);
}

tripsage_status tripsage_cache_delete(tripsage_cache *cache, const void *key, size_t key_size)
{
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__cache_check_key(key, key_size));
    tripsage__loads_overtake_key(&cache->loads, tripsage__cache_bytes_of(key, key_size));
    status = cache->calls->remove(cache->engine, tripsage__cache_bytes_of(key, key_size));
out:
    return status;
}

tripsage_status tripsage_cache_expire(tripsage_cache *cache, const void *key, size_t key_size, int64_t ttl_ms)
{
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__cache_check_key(key, key_size));
    TRIPSAGE_TRY(check_ttl(ttl_ms));
    status = cache->calls->expire(cache->engine, tripsage__cache_bytes_of(key, key_size), ttl_ms);
out:
    return status;
}

tripsage_status tripsage_cache_increment(int64_t *out, tripsage_cache *cache, const void *key, size_t key_size,
                                         int64_t by, int64_t ttl_ms)
{
    tripsage_status status;

    *out = 0;
    TRIPSAGE_TRY(tripsage__cache_check_key(key, key_size));
    TRIPSAGE_TRY(tripsage__cache_check_value(cache, key_size, "", TRIPSAGE__CACHE_INTEGER_MAX));
    TRIPSAGE_TRY(check_ttl(ttl_ms));
    status = cache->calls->increment(out, cache->engine, tripsage__cache_bytes_of(key, key_size), by, ttl_ms);
out:
    return status;
}

tripsage_status tripsage_cache_clear(uint64_t *out, tripsage_cache *cache, const void *prefix, size_t prefix_size)
{
    uint64_t cleared = 0;
    tripsage_status status;

    if (!prefix && prefix_size)
        return TRIPSAGE_FAIL_FIELD("#prefix", "there is no prefix, but it has a size");
    tripsage__loads_overtake_prefix(&cache->loads, tripsage__cache_bytes_of(prefix, prefix_size));
    status = cache->calls->clear(&cleared, cache->engine, tripsage__cache_bytes_of(prefix, prefix_size));
    if (out)
        *out = cleared;
    return status;
}

tripsage_status tripsage_cache_get_stats(tripsage_cache_stats *out, tripsage_cache *cache)
{
    memset(out, 0, sizeof *out);
    out->loads = atomic_load_explicit(&cache->loads.calls, memory_order_relaxed);
    return cache->calls->stats(out, cache->engine);
}

/* ---- commands ---- */

static tripsage_status check_lines(const tripsage_cache_command_line *lines, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (lines[i].count == 0)
            return TRIPSAGE_FAIL_FIELD("#arguments", "a command has a name at least");
        for (size_t a = 0; a < lines[i].count; a++)
            if (!lines[i].arguments[a].data)
                return TRIPSAGE_FAIL_FIELD("#arguments", "an argument may be empty, but not NULL");
    }
    return TRIPSAGE_OK;
}

static tripsage_status run(tripsage_cache_reply **out, tripsage_cache *cache, const tripsage_cache_command_line *lines,
                           size_t count, tripsage__cache_mode mode)
{
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(check_lines(lines, count));
    status = cache->calls->run(out, cache->engine, lines, count, mode);
out:
    return status;
}

tripsage_status tripsage_cache_command(tripsage_cache_reply **out, tripsage_cache *cache,
                                       const tripsage_cache_argument *arguments, size_t count)
{
    const tripsage_cache_command_line line = {arguments, count};

    return run(out, cache, &line, 1, TRIPSAGE__CACHE_ONE);
}

tripsage_status tripsage_cache_pipeline(tripsage_cache_reply **out, tripsage_cache *cache,
                                        const tripsage_cache_command_line *commands, size_t count)
{
    return run(out, cache, commands, count, TRIPSAGE__CACHE_PIPELINE);
}

tripsage_status tripsage_cache_transaction(tripsage_cache_reply **out, tripsage_cache *cache,
                                           const tripsage_cache_command_line *commands, size_t count)
{
    return run(out, cache, commands, count, TRIPSAGE__CACHE_TRANSACTION);
}

/* ---- messages ---- */

static int are_names(const tripsage_cache_argument *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!names[i].data)
            return 0;
    return 1;
}

tripsage_status tripsage_cache_subscribe(tripsage_cache_subscription **out, tripsage_cache *cache,
                                         const tripsage_cache_topics *topics)
{
    size_t channels = topics->channel_count, patterns = topics->pattern_count;

    *out = NULL;
    if (channels > TRIPSAGE_CACHE_TOPICS_MAX || patterns > TRIPSAGE_CACHE_TOPICS_MAX || channels + patterns == 0 ||
        channels + patterns > TRIPSAGE_CACHE_TOPICS_MAX)
        return TRIPSAGE_FAIL_FIELD("#topics", "expected 1 to %u channels and patterns", TRIPSAGE_CACHE_TOPICS_MAX);
    if (!are_names(topics->channels, channels) || !are_names(topics->patterns, patterns))
        return TRIPSAGE_FAIL_FIELD("#topics", "a name may be empty, but not NULL");
    return cache->calls->subscribe(out, cache->engine, topics);
}

tripsage_status tripsage_cache_subscription_next(tripsage_cache_message *out, tripsage_cache_subscription *subscription,
                                                 uint32_t timeout_ms)
{
    memset(out, 0, sizeof *out);
    return subscription->next(out, subscription, timeout_ms);
}

void tripsage_cache_subscription_close(tripsage_cache_subscription *subscription)
{
    if (subscription)
        subscription->close(subscription);
}

uint64_t tripsage__cache_count_request(tripsage_cache *cache)
{
    return atomic_fetch_add_explicit(&cache->requests, 1, memory_order_relaxed) + 1;
}
