/* handlers/health.c: is it there (live), may it be sent requests (ready), and how are its parts. "Live" touches nothing else; a
 * part that does not answer makes 503, but the cache none of the whole, which does without it. */
#include "handlers/handlers.h"
#include "log.h"
#include "ratelimit.h"
#include "respond.h"

typedef struct checked {
    int healthy;
    double latency_ms;
    const char *message;
} checked;

static double milliseconds_since(const struct timespec *start)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) * 1e3 + (double)(now.tv_nsec - start->tv_nsec) / 1e6;
}

static checked check_database(const request *r)
{
    struct timespec start;
    tripsage_status status;

    clock_gettime(CLOCK_MONOTONIC, &start);
    status = tripsage_ping(r->server->library);
    if (status != TRIPSAGE_OK)
        log_event(TRIPSAGE_LOG_WARN, "health", "the database: %s", tripsage_last_error()->message);
    return (checked){status == TRIPSAGE_OK, milliseconds_since(&start),
                     status == TRIPSAGE_OK ? NULL : tripsage_status_sentence(status)};
}

static void put_timestamp(buffer *b)
{
    char now[TIMESTAMP_SIZE];

    timestamp_now(now);
    BUFFER_LIT(b, "\"timestamp\":");
    buffer_jsonz(b, now);
}

/* All but the value of the last member, "details", and what closes it. */
static void put_checked(buffer *b, const char *name, const checked *part)
{
    BUFFER_LIT(b, "{\"name\":");
    buffer_jsonz(b, name);
    BUFFER_LIT(b, ",\"status\":");
    buffer_jsonz(b, part->healthy ? "healthy" : "unhealthy");
    BUFFER_LIT(b, ",\"latency_ms\":");
    buffer_decimal(b, part->latency_ms);
    BUFFER_LIT(b, ",\"message\":");
    buffer_jsonz(b, part->message);
    BUFFER_LIT(b, ",\"details\":");
}

static void put_database(buffer *b, const checked *database)
{
    put_checked(b, "database", database);
    BUFFER_LIT(b, "{}}");
}

static void put_count(buffer *b, const char *name, uint64_t value)
{
    buffer_puts(b, name);
    buffer_integer(b, (int64_t)value);
}

typedef struct checked_cache {
    checked checked;
    tripsage_cache_stats stats;
} checked_cache;

static checked_cache check_cache(const request *r)
{
    checked_cache cache;
    struct timespec start;
    tripsage_status status;

    clock_gettime(CLOCK_MONOTONIC, &start);
    status = tripsage_cache_get_stats(&cache.stats, tripsage_get_cache(r->server->library));
    cache.checked = (checked){status == TRIPSAGE_OK, milliseconds_since(&start),
                              status == TRIPSAGE_OK ? NULL : tripsage_status_sentence(status)};
    return cache;
}

static void put_cache(buffer *b, const checked_cache *cache)
{
    tripsage_cache_stats stats = cache->stats;

    put_checked(b, "cache", &cache->checked);
    put_count(b, "{\"entries\":", stats.entries);
    put_count(b, ",\"bytes\":", stats.bytes);
    put_count(b, ",\"hits\":", stats.hits);
    put_count(b, ",\"misses\":", stats.misses);
    put_count(b, ",\"evicted\":", stats.evicted);
    put_count(b, ",\"near_hits\":", stats.near_hits);
    buffer_puts(b, stats.breaker_open ? ",\"breaker_open\":true" : ",\"breaker_open\":false");
    put_count(b, ",\"breaker_opened\":", stats.breaker_opened);
    put_count(b, ",\"silent\":", stats.silent);
    put_count(b, ",\"garbled\":", stats.garbled);
    put_count(b, ",\"refused\":", stats.refused);
    BUFFER_LIT(b, "}}");
}

void health_overall(request *r)
{
    checked database = check_database(r);
    checked_cache cache = check_cache(r);
    buffer *b = &r->composed;

    BUFFER_LIT(b, "{\"status\":");
    buffer_jsonz(b, !database.healthy ? "unhealthy" : cache.checked.healthy ? "healthy" : "degraded");
    BUFFER_LIT(b, ",");
    put_timestamp(b);
    BUFFER_LIT(b, ",\"version\":\"" TRIPSAGE_VERSION "\",\"environment\":");
    buffer_jsonz(b, r->server->settings->environment);
    BUFFER_LIT(b, ",\"components\":[{\"name\":\"application\",\"status\":\"healthy\",\"details\":{}},");
    put_database(b, &database);
    BUFFER_LIT(b, ",");
    put_cache(b, &cache);
    BUFFER_LIT(b, "]}");
    respond_composed(r, database.healthy ? 200 : 503);
}

void health_live(request *r)
{
    BUFFER_LIT(&r->composed, "{\"status\":\"alive\",");
    put_timestamp(&r->composed);
    BUFFER_LIT(&r->composed, "}");
    respond_composed(r, 200);
}

void health_ready(request *r)
{
    checked database = check_database(r);
    int draining = r->server->draining, ready = database.healthy && !draining;
    buffer *b = &r->composed;

    BUFFER_LIT(b, "{\"ready\":");
    buffer_puts(b, ready ? "true" : "false");
    BUFFER_LIT(b, ",");
    put_timestamp(b);
    BUFFER_LIT(b, ",\"checks\":{\"database\":");
    buffer_puts(b, database.healthy ? "true" : "false");
    BUFFER_LIT(b, ",\"accepting\":");
    buffer_puts(b, draining ? "false" : "true");
    BUFFER_LIT(b, "},\"details\":{");
    if (draining)
        BUFFER_LIT(b, "\"accepting\":\"the server is stopping\"");
    if (!database.healthy) {
        buffer_puts(b, draining ? ",\"database\":" : "\"database\":");
        buffer_jsonz(b, database.message);
    }
    BUFFER_LIT(b, "}}");
    if (!ready)
        respond_header(r, "Retry-After", "1");
    respond_composed(r, ready ? 200 : 503);
}

void health_database(request *r)
{
    checked database = check_database(r);

    put_database(&r->composed, &database);
    respond_composed(r, database.healthy ? 200 : 503);
}

void health_cache(request *r)
{
    checked_cache cache = check_cache(r);

    put_cache(&r->composed, &cache);
    respond_composed(r, cache.checked.healthy ? 200 : 503);
}

void health_limits(request *r)
{
    limits_describe(r->server, &r->composed);
    respond_composed(r, 200);
}
