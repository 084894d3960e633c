/* exporter.c: the thread that sends spans to a collector: OTLP over HTTP (opentelemetry.io/docs/specs/otlp), from the queue, in batches,
 * as the batch span processor of OpenTelemetry's SDKs has it.
 *
 * It sleeps until a batch has gathered or the oldest span has waited for long enough. A batch is tried again, with waits that grow, are
 * jittered, and are no shorter than what Retry-After asks for, as long as its time lasts (http/http.h); then it is lost, and counted.
 * After a batch that was lost the thread stays away for a while, longer each time, so that a collector that is gone costs next to nothing;
 * meanwhile the queue fills, and what finds it full is dropped. */
#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/memory.h"
#include "base/thread.h"
#include "otlp.h"
#include "telemetry_internal.h"

#define TIMEOUT_MS 10000u
#define DELAY_MS   5000u
#define BATCH_MAX  512u
/* 4 MiB: what servers of all kinds take at once; a batch of 512 common spans has a tenth. */
#define BATCH_BYTES ((size_t)4 * 1024 * 1024)
/* 6: waits of up to 100, 200, 400, 800 and 1,600 ms lie between them, which a restart of the collector takes. */
#define TRIES 6u
/* What a close waits for, and as long for a transfer to stop: it happens while a program ends, and supervisors wait for ten seconds in
 * all. */
#define FAREWELL_MS 1000
/* After batches that were lost: 1 s, doubling up to 30 s. */
#define AWAY_FIRST_MS 1000
#define AWAY_LAST_MS  30000
/* 10: a tenth of a common thread's share where all want to run. Lower ones wait so long for their turn that whoever needs what one of them
 * holds at that moment, as a part of the heap, would feel it. */
#define NICE 10

struct tripsage__exporter {
    tripsage_telemetry *telemetry;
    tripsage__queue *queue;
    tripsage__env *env; /* its own: what it sends is no operation to be exported */
    tripsage__http *http;
    const tripsage__otlp *otlp;
    char *url, *lines[TRIPSAGE__PAIRS_MAX + 2];
    size_t line_count;
    int gzip;
    uint32_t timeout_ms, delay_ms, batch_max;
    tripsage__buf body, packed; /* of the batch at hand; body from `from` on */
    size_t from;
    pthread_t thread;
    int started;
    sem_t wake;           /* posted by whoever has something to do for it; nobody waits for it to look */
    pthread_mutex_t lock; /* over what follows; a request never takes it */
    pthread_cond_t done;
    int stopping, ended;
    uint64_t wanted, tried; /* places of the queue: up to where somebody waits for a try, and one was made */
    _Atomic int waking;     /* somebody has woken the thread, and it has not looked yet */
    _Atomic int stop;       /* ends a transfer */
    _Atomic uint64_t exported, failed, batches;
    uint64_t away_ms;
};

/* ---- waiting ---- */

static struct timespec in_ms(int64_t ms)
{
    int64_t at = tripsage__monotonic_ns() + ms * 1000000;

    return (struct timespec){(time_t)(at / 1000000000), (long)(at % 1000000000)};
}

void tripsage__record_done(tripsage_telemetry *t, tripsage__record *record)
{
    tripsage__exporter *e = t->exporter;

    if (tripsage__queue_put(t->queue, record) < e->batch_max || atomic_exchange(&e->waking, 1))
        return;
    sem_post(&e->wake);
}

/* Whether there is something that should not wait. *stopping: it is time to end. */
static int has_work(tripsage__exporter *e, int *stopping)
{
    int is_wanted;

    pthread_mutex_lock(&e->lock);
    *stopping = e->stopping;
    is_wanted = e->stopping || e->wanted > e->tried;
    pthread_mutex_unlock(&e->lock);
    return is_wanted || (!e->away_ms && tripsage__queue_waiting(e->queue) >= e->batch_max);
}

/* Until there is something to do; 0: it is time to end. */
static int wait_for_work(tripsage__exporter *e)
{
    const struct timespec until = in_ms((int64_t)(e->away_ms ? e->away_ms : e->delay_ms));
    int late = 0, stopping;

    atomic_store(&e->waking, 0);
    while (!has_work(e, &stopping) && !late) {
        late = sem_clockwait(&e->wake, CLOCK_MONOTONIC, &until) != 0 && errno == ETIMEDOUT;
        atomic_store(&e->waking, 0);
    }
    return !stopping;
}

/* ---- a batch ---- */

/* What failed of an earlier batch is forgotten with it; the memory stays. */
static void empty(tripsage__buf *buf)
{
    buf->size = 0;
    buf->failed = TRIPSAGE_OK;
}

static size_t gather(tripsage__exporter *e)
{
    tripsage__record *record;
    size_t count = 0;

    empty(&e->body);
    e->otlp->begin(&e->body, &e->telemetry->resource);
    while (count < e->batch_max && e->body.size < BATCH_BYTES && (record = tripsage__queue_next(e->queue)) != NULL) {
        e->otlp->put(&e->body, record);
        tripsage__queue_give_back(e->queue, record);
        count++;
    }
    return count;
}

static tripsage_status pack(tripsage__exporter *e)
{
    tripsage_status status;

    if (!e->body.failed)
        e->from = e->otlp->end(&e->body, &e->telemetry->resource);
    TRIPSAGE_TRY(tripsage__buf_status(&e->body));
    empty(&e->packed);
    if (e->gzip)
        status = tripsage__gzip(&e->packed, e->body.data + e->from, e->body.size - e->from);
out:
    return status;
}

static tripsage_status check_answer(tripsage__exporter *e, const tripsage__http_response *answer, size_t count,
                                    size_t *taken)
{
    int64_t rejected = 0;
    char why[160] = "";

    if (answer->status < 200 || answer->status > 299)
        return TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "the collector answers %d", answer->status);
    if (answer->body.size)
        rejected = e->otlp->rejected(answer->body.data, answer->body.size, why);
    *taken = rejected <= 0 ? count : rejected < (int64_t)count ? count - (size_t)rejected : 0;
    if (rejected > 0)
        tripsage__log(e->env, TRIPSAGE_LOG_WARN, "telemetry", "the collector has not taken %lld of %zu spans: %s",
                      (long long)rejected, count, why);
    return TRIPSAGE_OK;
}

static tripsage_status send_batch(tripsage__exporter *e, size_t count, size_t *taken, uint32_t timeout_ms)
{
    tripsage__http_request request = {.method = "POST",
                                      .url = e->url,
                                      .headers = (const char *const *)e->lines,
                                      .header_count = e->line_count,
                                      .tries = TRIES,
                                      .idempotent = 1, /* a span that comes twice has the same id */
                                      .deadline_ms = timeout_ms,
                                      .stop = &e->stop};
    tripsage__http_response answer;
    tripsage_status status;

    *taken = 0;
    status = pack(e);
    if (status != TRIPSAGE_OK)
        return status;
    request.body = e->gzip ? e->packed.data : e->body.data + e->from;
    request.body_size = e->gzip ? e->packed.size : e->body.size - e->from;
    status = tripsage__http_send(&answer, e->http, &request);
    if (status != TRIPSAGE_OK)
        return status;
    status = check_answer(e, &answer, count, taken);
    tripsage__http_response_free(&answer);
    return status;
}

/* The first of several failures is told, and that they are over. */
static void note(tripsage__exporter *e, tripsage_status status)
{
    if (status == TRIPSAGE_OK && e->away_ms)
        tripsage__log(e->env, TRIPSAGE_LOG_INFO, "telemetry", "spans can be exported again");
    if (status != TRIPSAGE_OK && !e->away_ms)
        tripsage__log(e->env, TRIPSAGE_LOG_WARN, "telemetry", "spans cannot be exported: %s",
                      tripsage_last_error()->message);
    if (status == TRIPSAGE_OK)
        e->away_ms = 0;
    else
        e->away_ms = !e->away_ms ? AWAY_FIRST_MS : e->away_ms * 2 < AWAY_LAST_MS ? e->away_ms * 2 : AWAY_LAST_MS;
}

/* 1 when there may be more. */
static int export_batch(tripsage__exporter *e, uint32_t timeout_ms)
{
    size_t count = gather(e), taken = 0;
    tripsage_status status;

    if (!count)
        return 0;
    status = send_batch(e, count, &taken, timeout_ms);
    atomic_fetch_add(&e->exported, taken);
    atomic_fetch_add(&e->failed, count - taken);
    atomic_fetch_add(&e->batches, 1);
    note(e, status);
    return status == TRIPSAGE_OK;
}

/* Who waits for a flush waits for what was there when he came. */
static void tell_tried(tripsage__exporter *e, uint64_t up_to)
{
    pthread_mutex_lock(&e->lock);
    e->tried = up_to;
    pthread_cond_broadcast(&e->done);
    pthread_mutex_unlock(&e->lock);
}

/* All that is there now; what comes in meanwhile wakes the thread again. */
static void export_all(tripsage__exporter *e, int64_t until_ms)
{
    uint64_t up_to = tripsage__queue_taken(e->queue);
    int64_t left = e->timeout_ms;

    /* Clocks drift, and are set. */
    atomic_store(&e->telemetry->clock_ns, tripsage__system_ns() - tripsage__monotonic_ns());
    while (tripsage__queue_taken(e->queue) - tripsage__queue_waiting(e->queue) < up_to && left > 0 &&
           export_batch(e, left < e->timeout_ms ? (uint32_t)left : e->timeout_ms))
        left = until_ms ? until_ms - tripsage__monotonic_ms() : e->timeout_ms;
    tell_tried(e, up_to);
}

static void *run(void *context)
{
    tripsage__exporter *e = context;

    setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICE); /* of this thread alone, on Linux */
    while (wait_for_work(e))
        export_all(e, 0);
    export_all(e, tripsage__monotonic_ms() + FAREWELL_MS);
    pthread_mutex_lock(&e->lock);
    e->ended = 1;
    pthread_cond_broadcast(&e->done);
    pthread_mutex_unlock(&e->lock);
    return NULL;
}

tripsage_status tripsage__exporter_flush(tripsage__exporter *e, uint32_t timeout_ms)
{
    const struct timespec until = in_ms(timeout_ms);
    uint64_t up_to = tripsage__queue_taken(e->queue);
    int late = 0;

    pthread_mutex_lock(&e->lock);
    if (e->wanted < up_to)
        e->wanted = up_to;
    sem_post(&e->wake);
    while (e->tried < up_to && late != ETIMEDOUT)
        late = pthread_cond_timedwait(&e->done, &e->lock, &until);
    late = e->tried < up_to;
    pthread_mutex_unlock(&e->lock);
    return late ? TRIPSAGE_FAIL(TRIPSAGE_ETIMEOUT, "not all spans were sent in %u ms", timeout_ms) : TRIPSAGE_OK;
}

/* ---- beginning and end ---- */

static tripsage_status add_line(tripsage__exporter *e, const char *name, const char *value)
{
    tripsage__buf line = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);

    tripsage__buf_printf(&line, "%s%s", name, value);
    if (line.failed) {
        tripsage__buf_free(&line);
        return TRIPSAGE_NOMEM();
    }
    e->lines[e->line_count++] = tripsage__buf_take(&line, NULL);
    return TRIPSAGE_OK;
}

static tripsage_status take_headers(tripsage__exporter *e, const char *headers)
{
    tripsage__pairs pairs;
    tripsage_status status = tripsage__pairs_read(&pairs, headers, "#headers");
    char name[256];

    for (size_t i = 0; i < pairs.count && status == TRIPSAGE_OK; i++) {
        snprintf(name, sizeof name, "%s: ", pairs.all[i].key);
        status = add_line(e, name, pairs.all[i].value);
    }
    tripsage__pairs_free(&pairs);
    return status;
}

static int is_url(const char *url)
{
    const char *host = strncmp(url, "http://", 7) == 0 ? url + 7 : strncmp(url, "https://", 8) == 0 ? url + 8 : "";

    return host[0] && host[0] != '/' && !strpbrk(url, " #");
}

static tripsage_status take_options(tripsage__exporter *e, const tripsage_telemetry_options *o)
{
    const tripsage__http_options http = {o->authorities, NULL};
    tripsage_status status;

    if (!is_url(o->endpoint))
        return TRIPSAGE_FAIL_FIELD("#endpoint", "expected a URL such as http://localhost:4318/v1/traces");
    e->otlp = o->json ? &tripsage__otlp_json : &tripsage__otlp_protobuf;
    e->gzip = o->gzip;
    e->timeout_ms = o->timeout_ms ? o->timeout_ms : TIMEOUT_MS;
    e->delay_ms = o->schedule_delay_ms ? o->schedule_delay_ms : DELAY_MS;
    e->batch_max = o->batch_max ? o->batch_max : BATCH_MAX;
    if (!o->batch_max && e->batch_max > tripsage__queue_capacity(e->queue))
        e->batch_max = tripsage__queue_capacity(e->queue);
    if (e->batch_max > tripsage__queue_capacity(e->queue))
        return TRIPSAGE_FAIL_FIELD("#batch_max", "a batch of %u spans does not fit into a queue of %u", e->batch_max,
                                   tripsage__queue_capacity(e->queue));
    e->url = tripsage__strdup(o->endpoint);
    if (!e->url)
        return TRIPSAGE_NOMEM();
    TRIPSAGE_TRY(add_line(e, e->otlp->content_type, ""));
    if (e->gzip)
        TRIPSAGE_TRY(add_line(e, "Content-Encoding: gzip", ""));
    TRIPSAGE_TRY(take_headers(e, o->headers));
    status = tripsage__http_new(&e->http, e->env, &http);
out:
    return status;
}

static int init_conditions(tripsage__exporter *e)
{
    pthread_condattr_t monotonic;
    int failed = pthread_condattr_init(&monotonic);

    if (failed)
        return 0;
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    failed = sem_init(&e->wake, 0, 0) || pthread_mutex_init(&e->lock, NULL) || pthread_cond_init(&e->done, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return !failed;
}

tripsage_status tripsage__exporter_new(tripsage__exporter **out, tripsage_telemetry *t,
                                       const tripsage_telemetry_options *options)
{
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(TRIPSAGE__OTLP_MAX);
    tripsage__exporter *e = tripsage__calloc(1, sizeof *e);
    tripsage_status status;
    int failed;

    *out = NULL;
    if (!e || !init_conditions(e)) {
        tripsage__free(e);
        return TRIPSAGE_NOMEM();
    }
    e->telemetry = t;
    e->queue = t->queue;
    e->env = t->env;
    e->body = e->packed = empty;
    TRIPSAGE_TRY(take_options(e, options));
    failed = tripsage__thread_start(&e->thread, 0, run, e);
    e->started = !failed;
    if (failed)
        status = TRIPSAGE_FAIL_NATIVE(TRIPSAGE_EINTERNAL, failed, "no thread is to be had to export spans");
out:
    if (status == TRIPSAGE_OK)
        *out = e;
    else
        tripsage__exporter_free(e);
    return status;
}

/* A transfer that is under way then has the same time, and is ended within a second after it. */
static void stop(tripsage__exporter *e)
{
    const struct timespec until = in_ms(FAREWELL_MS);
    int late = 0;

    pthread_mutex_lock(&e->lock);
    e->stopping = 1;
    sem_post(&e->wake);
    while (!e->ended && late != ETIMEDOUT)
        late = pthread_cond_timedwait(&e->done, &e->lock, &until);
    pthread_mutex_unlock(&e->lock);
    atomic_store(&e->stop, 1);
    pthread_join(e->thread, NULL);
}

void tripsage__exporter_free(tripsage__exporter *e)
{
    if (!e)
        return;
    if (e->started)
        stop(e);
    tripsage__http_free(e->http);
    for (size_t i = 0; i < e->line_count; i++) {
        tripsage__wipe(e->lines[i], strlen(e->lines[i]));
        tripsage__free(e->lines[i]);
    }
    tripsage__free(e->url);
    tripsage__buf_free(&e->body);
    tripsage__buf_free(&e->packed);
    sem_destroy(&e->wake);
    pthread_cond_destroy(&e->done);
    pthread_mutex_destroy(&e->lock);
    tripsage__free(e);
}

/* ---- how it is ---- */

void tripsage__exporter_stats(tripsage_telemetry_stats *out, tripsage__exporter *e)
{
    out->dropped = tripsage__queue_dropped(e->queue);
    out->spans = tripsage__queue_taken(e->queue) + out->dropped;
    out->exported = e->exported;
    out->failed = e->failed;
    out->batches = e->batches;
    out->waiting = tripsage__queue_waiting(e->queue);
}

/* semconv, otel/sdk-metrics. */
void tripsage__exporter_put(tripsage__exposition *to, tripsage_telemetry *t)
{
    tripsage_telemetry_stats stats = {0};

    if (!t->exporter)
        return;
    tripsage__exporter_stats(&stats, t->exporter);
    tripsage__exposition_family(to, "otel_sdk_processor_span_processed", "counter", "",
                                "Spans that were handed on, or dropped where the queue was full.");
    tripsage__exposition_sample(to, "otel_sdk_processor_span_processed", "_total", "",
                                (int64_t)(stats.exported + stats.failed), 0);
    tripsage__exposition_sample(to, "otel_sdk_processor_span_processed", "_total", "error_type=\"queue_full\"",
                                (int64_t)stats.dropped, 0);
    tripsage__exposition_family(to, "otel_sdk_processor_span_queue_size", "gauge", "",
                                "Spans that wait to be exported.");
    tripsage__exposition_sample(to, "otel_sdk_processor_span_queue_size", "", "", (int64_t)stats.waiting, 0);
    tripsage__exposition_family(to, "otel_sdk_processor_span_queue_capacity", "gauge", "",
                                "Spans that may wait to be exported.");
    tripsage__exposition_sample(to, "otel_sdk_processor_span_queue_capacity", "", "",
                                tripsage__queue_capacity(t->queue), 0);
    tripsage__exposition_family(to, "otel_sdk_exporter_span_exported", "counter", "",
                                "Spans that the collector has taken, or not.");
    tripsage__exposition_sample(to, "otel_sdk_exporter_span_exported", "_total", "", (int64_t)stats.exported, 0);
    tripsage__exposition_sample(to, "otel_sdk_exporter_span_exported", "_total", "error_type=\"_OTHER\"",
                                (int64_t)stats.failed, 0);
}
