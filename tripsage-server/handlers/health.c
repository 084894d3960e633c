/* handlers/health.c: is it there (live), may it be sent requests (ready), and how are its parts. "Live" touches nothing else; a
 * part that does not answer makes 503, but the cache none of the whole, which does without it. Where nobody can sign in, since the signing
 * key was sealed under another SECRET_KEY, it is not ready either: a release with the wrong one is not to take the place of the one before. */
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

/* What a look that began then came to; `name` is for the log, which is told more than everybody. */
static checked outcome(tripsage_status status, const struct timespec *start, const char *name)
{
    if (status != TRIPSAGE_OK)
        log_event(TRIPSAGE_LOG_WARN, "health", "%s: %s", name, tripsage_last_error()->message);
    return (checked){status == TRIPSAGE_OK, milliseconds_since(start),
                     status == TRIPSAGE_OK ? NULL : tripsage_status_sentence(status)};
}

static checked check_database(const request *r)
{
    struct timespec start;

    clock_gettime(CLOCK_MONOTONIC, &start);
    return outcome(tripsage_ping(r->server->library), &start, "the database");
}

/* Whether people can sign in; of a database that is away it is not asked, for which the answer would have to wait once more. */
static checked check_accounts(const request *r, const checked *database)
{
    struct timespec start;

    if (!database->healthy)
        return *database;
    clock_gettime(CLOCK_MONOTONIC, &start);
    return outcome(tripsage_auth_ping(request_auth(r)), &start, "the accounts");
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

static void put_plain(buffer *b, const char *name, const checked *part)
{
    put_checked(b, name, part);
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

    clock_gettime(CLOCK_MONOTONIC, &start);
    cache.checked =
        outcome(tripsage_cache_get_stats(&cache.stats, tripsage_get_cache(r->server->library)), &start, "the cache");
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
    checked database = check_database(r), accounts = check_accounts(r, &database);
    checked_cache cache = check_cache(r);
    buffer *b = &r->composed;

    BUFFER_LIT(b, "{\"status\":");
    buffer_jsonz(b, !accounts.healthy ? "unhealthy" : cache.checked.healthy ? "healthy" : "degraded");
    BUFFER_LIT(b, ",");
    put_timestamp(b);
    BUFFER_LIT(b, ",\"version\":\"" TRIPSAGE_VERSION "\",\"environment\":");
    buffer_jsonz(b, r->server->settings->environment);
    BUFFER_LIT(b, ",\"components\":[{\"name\":\"application\",\"status\":\"healthy\",\"details\":{}},");
    put_plain(b, "database", &database);
    BUFFER_LIT(b, ",");
    put_plain(b, "accounts", &accounts);
    BUFFER_LIT(b, ",");
    put_cache(b, &cache);
    BUFFER_LIT(b, "]}");
    respond_composed(r, accounts.healthy ? 200 : 503);
}

void health_live(request *r)
{
    BUFFER_LIT(&r->composed, "{\"status\":\"alive\",");
    put_timestamp(&r->composed);
    BUFFER_LIT(&r->composed, "}");
    respond_composed(r, 200);
}

/* What keeps it from being ready, and why. */
static void put_detail(buffer *b, int *count, const char *name, const char *message)
{
    if ((*count)++)
        BUFFER_LIT(b, ",");
    buffer_jsonz(b, name);
    BUFFER_LIT(b, ":");
    buffer_jsonz(b, message);
}

void health_ready(request *r)
{
    checked database = check_database(r), accounts = check_accounts(r, &database);
    int draining = r->server->draining, ready = accounts.healthy && !draining, details = 0;
    buffer *b = &r->composed;

    BUFFER_LIT(b, "{\"ready\":");
    buffer_puts(b, ready ? "true" : "false");
    BUFFER_LIT(b, ",");
    put_timestamp(b);
    BUFFER_LIT(b, ",\"checks\":{\"database\":");
    buffer_puts(b, database.healthy ? "true" : "false");
    BUFFER_LIT(b, ",\"accounts\":");
    buffer_puts(b, accounts.healthy ? "true" : "false");
    BUFFER_LIT(b, ",\"accepting\":");
    buffer_puts(b, draining ? "false" : "true");
    BUFFER_LIT(b, "},\"details\":{");
    if (draining)
        put_detail(b, &details, "accepting", "the server is stopping");
    if (!database.healthy)
        put_detail(b, &details, "database", database.message);
    if (!accounts.healthy)
        put_detail(b, &details, "accounts", accounts.message);
    BUFFER_LIT(b, "}}");
    if (!ready)
        respond_header(r, "Retry-After", "1");
    respond_composed(r, ready ? 200 : 503);
}

void health_database(request *r)
{
    checked database = check_database(r);

    put_plain(&r->composed, "database", &database);
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
