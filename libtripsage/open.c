/* open.c: the composition: one store, and the four APIs over it. */
#include <tripsage/security.h>
#include <tripsage/store.h>

#include "base/memory.h"
#include "handle.h"

/* A month: long enough to notice that a trip is missing. */
#define PURGE_AFTER_DAYS 30

static tripsage_status open_rooms(tripsage *ts, const char *url, const tripsage_options *options)
{
    const tripsage__store_options store_options = {.runtime = options->runtime,
                                                   .busy_timeout_ms = options->busy_timeout_ms,
                                                   .readers = options->readers,
                                                   .no_migrate = options->no_migrate,
                                                   .max_staleness_ms = options->max_staleness_ms,
                                                   .listen_url = options->listen_url};
    tripsage_cache *local_cache;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__store_open(&ts->store, url, &store_options));
    TRIPSAGE_TRY(tripsage__cache_new(&ts->cache, options->cache, tripsage__store_env(ts->store)));
    TRIPSAGE_TRY(tripsage__vector_new(&ts->vector, ts->store, options->embedder));
    /* Tokens verified a moment ago stay in the process, where a look is no round trip. */
    local_cache = tripsage__cache_is_remote(options->cache) ? NULL : ts->cache;
    TRIPSAGE_TRY(tripsage__auth_new(&ts->auth, ts->store, local_cache, options->auth));
    TRIPSAGE_TRY(tripsage__trips_new(&ts->trips, ts->store, ts->vector));
out:
    return status;
}

tripsage_status tripsage_open(tripsage **out, const char *url, const tripsage_options *options)
{
    static const tripsage_options standard = TRIPSAGE_OPTIONS_INIT;
    tripsage *ts;
    tripsage_status status;

    if (!out)
        return TRIPSAGE_FAIL(TRIPSAGE_EMISUSE, "tripsage_open needs a place for the handle");
    *out = NULL;
    if (!options)
        options = &standard;
    if (options->version != 1)
        return TRIPSAGE_FAIL_FIELD("#options", "version is %u; start from TRIPSAGE_OPTIONS_INIT", options->version);
    ts = tripsage__calloc(1, sizeof *ts);
    if (!ts)
        return TRIPSAGE_NOMEM();
    status = open_rooms(ts, url, options);
    if (status == TRIPSAGE_OK)
        *out = ts;
    else
        tripsage_close(ts);
    return status;
}

void tripsage_close(tripsage *ts)
{
    if (!ts)
        return;
    tripsage_trips_close(ts->trips);
    tripsage_auth_close(ts->auth);
    tripsage_vector_close(ts->vector);
    tripsage_cache_close(ts->cache);
    tripsage__store_release(ts->store);
    tripsage__free(ts);
}

tripsage_trips *tripsage_get_trips(tripsage *ts)
{
    return ts->trips;
}

tripsage_auth *tripsage_get_auth(tripsage *ts)
{
    return ts->auth;
}

tripsage_vector *tripsage_get_vector(tripsage *ts)
{
    return ts->vector;
}

tripsage_cache *tripsage_get_cache(tripsage *ts)
{
    return ts->cache;
}

tripsage_status tripsage_ping(tripsage *ts)
{
    return tripsage__store_ping(ts->store);
}

tripsage_status tripsage_migrations(tripsage_doc **out, tripsage *ts)
{
    return tripsage__store_migrations(out, ts->store);
}

tripsage_status tripsage__handle_check(tripsage__buf *problems, size_t *count, tripsage *ts)
{
    tripsage_status status = tripsage__store_check(problems, count, ts->store);

    if (status == TRIPSAGE_OK && !*count) /* what is damaged is not to be compared */
        status = tripsage__trips_check(problems, count, ts->trips);
    return status == TRIPSAGE_OK ? tripsage__buf_status(problems) : status;
}

tripsage_status tripsage_database_security(tripsage_doc **out, tripsage *ts)
{
    return tripsage__store_guards(out, ts->store);
}

tripsage_status tripsage_check(tripsage_doc **out, tripsage *ts)
{
    tripsage__buf problems = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    tripsage_doc *doc = NULL;
    size_t count = 0;
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__handle_check(&problems, &count, ts));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, problems.size + 64));
    tripsage__buf_puts(&doc->json, count ? "{\"ok\":false,\"problems\":[" : "{\"ok\":true,\"problems\":[");
    tripsage__buf_put(&doc->json, problems.data, problems.size);
    TRIPSAGE__LIT(&doc->json, "]}");
out:
    tripsage__buf_free(&problems);
    return tripsage__doc_finish(out, doc, status);
}

tripsage_status tripsage_purge_expired(tripsage_doc **out, tripsage *ts, uint32_t purge_after_days)
{
    int64_t days = purge_after_days ? purge_after_days : PURGE_AFTER_DAYS;
    int64_t deleted_before = tripsage__now_ms(tripsage__store_env(ts->store)) - days * 86400000;
    int64_t keys = 0, trips = 0, sessions = 0, signing_keys = 0, embeddings = 0;
    tripsage_doc *doc = NULL;
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 128));
    TRIPSAGE_TRY(tripsage__idempotency_purge(&keys, ts->trips));
    TRIPSAGE_TRY(tripsage__trip_purge_deleted(&trips, ts->trips, deleted_before));
    TRIPSAGE_TRY(tripsage__auth_purge(&sessions, &signing_keys, ts->auth));
    TRIPSAGE_TRY(tripsage__vector_purge(&embeddings, ts->vector));
    tripsage__buf_printf(&doc->json,
                         "{\"idempotency_keys\":%lld,\"trips\":%lld,\"sessions\":%lld,\"signing_keys\":%lld,"
                         "\"embeddings\":%lld}",
                         (long long)keys, (long long)trips, (long long)sessions, (long long)signing_keys,
                         (long long)embeddings);
out:
    return tripsage__doc_finish(out, doc, status);
}
