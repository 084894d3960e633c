/* instruments.c: what the library itself measures: names and units of OpenTelemetry's semantic conventions where they have one, else below
 * "tripsage.". Of connections it is the earlier name, db.client.connections.usage, since Prometheus keeps "_count" for histograms. */
#include <string.h>

#include "telemetry_internal.h"

/* Those of semconv: http-metrics, database-metrics, gen-ai-metrics. A search among vectors takes from microseconds on. */
static const double http_bounds[] = {.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10};
static const double database_bounds[] = {.001, .005, .01, .05, .1, .5, 1, 5, 10};
static const double embedding_bounds[] = {.01,  .02,  .04,  .08,   .16,   .32,   .64,
                                          1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92};
static const double search_bounds[] = {.00001, .000025, .0001, .00025, .001, .0025, .01, .1, 1};

#define BOUNDS(list) list, sizeof(list) / sizeof *(list)
#define NONE         NULL, 0

/* clang-format off */
static const tripsage_instrument_options table[TRIPSAGE__OWN_ALL] = {
    [TRIPSAGE__OWN_DATABASE] = {TRIPSAGE_HISTOGRAM, "db.client.operation.duration", "s",
        "Duration of calls of the store, and of round trips to a cache's server.",
        {"db.system.name", "db.query.summary", "error.type"}, BOUNDS(database_bounds)},
    [TRIPSAGE__OWN_HTTP] = {TRIPSAGE_HISTOGRAM, "http.client.request.duration", "s",
        "Duration of requests to other servers.",
        {"http.request.method", "server.address", "server.port", "http.response.status_code", "error.type"}, BOUNDS(http_bounds)},
    [TRIPSAGE__OWN_EMBEDDING] = {TRIPSAGE_HISTOGRAM, "gen_ai.client.operation.duration", "s",
        "Duration of making vectors of texts.",
        {"gen_ai.provider.name", "gen_ai.request.model", "error.type"}, BOUNDS(embedding_bounds)},
    [TRIPSAGE__OWN_SEARCH] = {TRIPSAGE_HISTOGRAM, "tripsage.vector.search.duration", "s",
        "Duration of searches for nearest neighbours.",
        {"tripsage.vector.engine", "tripsage.vector.method", "error.type"}, BOUNDS(search_bounds)},

#define COUNT(what) [TRIPSAGE__OWN_COUNTERS + TRIPSAGE__COUNT_##what]
    COUNT(LIMIT) = {TRIPSAGE_COUNTER, "tripsage.limit.decisions", "{decision}",
        "Decisions of the rate limiter.", {"tripsage.outcome"}, NONE},
    COUNT(SIGN_IN) = {TRIPSAGE_COUNTER, "tripsage.auth.sign_ins", "{sign_in}",
        "Attempts to sign in with a password.", {"tripsage.outcome"}, NONE},
    COUNT(TOKEN) = {TRIPSAGE_COUNTER, "tripsage.auth.tokens", "{token}",
        "Access tokens and API keys that were looked at.", {"tripsage.outcome"}, NONE},

/* The first label is what is told, the second stands in `parts` below. */
#define GAUGE(what) [TRIPSAGE__OWN_GAUGES + TRIPSAGE__GAUGE_##what]
    GAUGE(POOL_IDLE) = {TRIPSAGE_UP_DOWN_COUNTER, "db.client.connections.usage", "{connection}",
        "Connections to the database that are open.",
        {"db.client.connection.pool.name", "db.client.connection.state"}, NONE},
    GAUGE(POOL_USED) = {TRIPSAGE_UP_DOWN_COUNTER, "db.client.connections.usage", "{connection}",
        "Connections to the database that are open.",
        {"db.client.connection.pool.name", "db.client.connection.state"}, NONE},
    GAUGE(POOL_MAX) = {TRIPSAGE_UP_DOWN_COUNTER, "db.client.connection.max", "{connection}",
        "Connections to the database that may be open.",
        {"db.client.connection.pool.name"}, NONE},
    GAUGE(POOL_PENDING) = {TRIPSAGE_UP_DOWN_COUNTER, "db.client.connection.pending_requests", "{request}",
        "Calls that wait for a connection to the database.",
        {"db.client.connection.pool.name"}, NONE},
    GAUGE(CACHE_HITS) = {TRIPSAGE_COUNTER, "tripsage.cache.lookups", "{lookup}",
        "Looks into the cache.", {"tripsage.cache.engine", "tripsage.outcome"}, NONE},
    GAUGE(CACHE_MISSES) = {TRIPSAGE_COUNTER, "tripsage.cache.lookups", "{lookup}",
        "Looks into the cache.", {"tripsage.cache.engine", "tripsage.outcome"}, NONE},
    GAUGE(CACHE_HIT_RATE) = {TRIPSAGE_UP_DOWN_COUNTER, "tripsage.cache.hit", "1",
        "Share of the looks into the cache that found something.", {"tripsage.cache.engine"}, NONE},
    GAUGE(CACHE_ENTRIES) = {TRIPSAGE_UP_DOWN_COUNTER, "tripsage.cache.entries", "{entry}",
        "Entries of the cache in the process.", {"tripsage.cache.engine"}, NONE},
    GAUGE(CACHE_BYTES) = {TRIPSAGE_UP_DOWN_COUNTER, "tripsage.cache.size", "By",
        "Memory of the cache in the process.", {"tripsage.cache.engine"}, NONE},
    GAUGE(CACHE_EVICTED) = {TRIPSAGE_COUNTER, "tripsage.cache.evictions", "{entry}",
        "Entries that had to go for others.", {"tripsage.cache.engine"}, NONE},
    GAUGE(CACHE_LOADS) = {TRIPSAGE_COUNTER, "tripsage.cache.loads", "{load}",
        "Values that were made because the cache did not have them.", {"tripsage.cache.engine"}, NONE},
    GAUGE(CACHE_UNREACHABLE) = {TRIPSAGE_COUNTER, "tripsage.cache.unanswered", "{call}",
        "Calls that the cache's server did not answer in time.", {"tripsage.cache.engine"}, NONE},
    GAUGE(CACHE_BREAKER_OPEN) = {TRIPSAGE_UP_DOWN_COUNTER, "tripsage.cache.breaker.open", "{breaker}",
        "Caches whose server is left alone, since it did not answer.", {"tripsage.cache.engine"}, NONE},
};
/* clang-format on */

static const char *const parts[TRIPSAGE__GAUGES] = {
    [TRIPSAGE__GAUGE_POOL_IDLE] = "idle",
    [TRIPSAGE__GAUGE_POOL_USED] = "used",
    [TRIPSAGE__GAUGE_CACHE_HITS] = "hit",
    [TRIPSAGE__GAUGE_CACHE_MISSES] = "miss",
};

tripsage_status tripsage__instruments_make(tripsage_telemetry *t)
{
    for (size_t i = 0; i < TRIPSAGE__OWN_ALL; i++) {
        tripsage_status status = tripsage__metrics_instrument(&t->own[i], t->metrics, &table[i]);

        if (status != TRIPSAGE_OK)
            return status;
    }
    return TRIPSAGE_OK;
}

/* The place where the series of a label is put down, once it was looked up; TRIPSAGE__COUNTED_MAX: there is none. */
static size_t place_of(tripsage__counted *places, const char *label)
{
    size_t i = 0;

    for (; i < TRIPSAGE__COUNTED_MAX; i++) {
        const char *known = atomic_load_explicit(&places[i].label, memory_order_relaxed);

        if (known == label ||
            (!known && (atomic_compare_exchange_strong(&places[i].label, &known, label) || known == label)))
            break;
    }
    return i;
}

void tripsage__observe_count(tripsage__observer *observer, tripsage__counter what, const char *label)
{
    tripsage_telemetry *t = (tripsage_telemetry *)observer;
    const char *values[TRIPSAGE_INSTRUMENT_LABELS_MAX] = {label};
    tripsage_instrument *instrument = t->own[TRIPSAGE__OWN_COUNTERS + what];
    size_t at = place_of(t->counted[what], label);
    tripsage_series *series = NULL;

    if (at < TRIPSAGE__COUNTED_MAX)
        series = atomic_load_explicit(&t->counted[what][at].series, memory_order_acquire);
    if (!series) {
        series = tripsage_telemetry_series(instrument, values);
        if (at < TRIPSAGE__COUNTED_MAX)
            atomic_store_explicit(&t->counted[what][at].series, series, memory_order_release);
    }
    tripsage_telemetry_series_add(series, 1);
}

void tripsage__observe_tell(tripsage__observer *observer, tripsage__gauge what, const char *label, int64_t amount)
{
    tripsage_telemetry *t = (tripsage_telemetry *)observer;
    const char *values[TRIPSAGE_INSTRUMENT_LABELS_MAX] = {label, parts[what]};

    tripsage_telemetry_add(t->own[TRIPSAGE__OWN_GAUGES + what], values, amount);
}

void tripsage__observe_watch(tripsage__observer *observer, tripsage__watched *part)
{
    tripsage_telemetry *t = (tripsage_telemetry *)observer;

    pthread_mutex_lock(&t->watched_lock);
    part->next = t->watched;
    t->watched = part;
    pthread_mutex_unlock(&t->watched_lock);
}

void tripsage__observe_unwatch(tripsage__observer *observer, tripsage__watched *part)
{
    tripsage_telemetry *t = (tripsage_telemetry *)observer;
    tripsage__watched **link = &t->watched;

    pthread_mutex_lock(&t->watched_lock);
    while (*link && *link != part)
        link = &(*link)->next;
    if (*link)
        *link = part->next;
    pthread_mutex_unlock(&t->watched_lock);
}

static int64_t lookups(const tripsage_telemetry *t, tripsage__gauge what, const char *engine)
{
    const char *values[TRIPSAGE_INSTRUMENT_LABELS_MAX] = {engine, parts[what]};

    return tripsage__instrument_amount(t->own[TRIPSAGE__OWN_GAUGES + what], values);
}

/* Of all caches of an engine together; the rate of late is Prometheus's to make out. */
static void tell_hit_rate(tripsage_telemetry *t, const char *engine)
{
    int64_t hits = lookups(t, TRIPSAGE__GAUGE_CACHE_HITS, engine),
            misses = lookups(t, TRIPSAGE__GAUGE_CACHE_MISSES, engine);

    if (hits + misses)
        tripsage__observe_tell(&t->observer, TRIPSAGE__GAUGE_CACHE_HIT_RATE, engine,
                               (int64_t)((double)hits / (double)(hits + misses) * 1e9));
}

void tripsage__instruments_ask(tripsage_telemetry *t)
{
    for (size_t i = TRIPSAGE__OWN_GAUGES; i < TRIPSAGE__OWN_ALL; i++)
        tripsage__instrument_reset(t->own[i]);
    for (tripsage__watched *part = t->watched; part; part = part->next)
        part->tell(part->context, &t->observer);
    tell_hit_rate(t, "memory");
    tell_hit_rate(t, "redis");
}
