/* operation.c: what rooms are at: a metric of how long it took, and a span where the trace is exported.
 *
 * What is done again and again is known by the addresses of its names, which are texts of the program: a site. It has the names in one
 * text, the span's name and the label of its metric, and the series of its durations, so that nothing is put together while somebody
 * waits. Sites are found without a lock and are never removed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "telemetry_internal.h"

/* 1,024: twice as many as there are kinds of calls. */
#define SITES_SIZE 1024u
#define SITES_MAX  (SITES_SIZE / 2)
/* semconv: db.query.summary has at most 255 characters. */
#define SUMMARY_MAX 255u

typedef struct site {
    uint64_t hash;
    tripsage__op_kind kind;
    const char *system;
    int is_batch;
    size_t name_count;
    const char *const *names; /* copies of the addresses */
    char summary[SUMMARY_MAX + 1];
    char operation[64];
    _Atomic(tripsage_series *) good; /* of those that went well */
} site;

struct tripsage__sites {
    _Atomic(site *) table[SITES_SIZE];
    pthread_mutex_t lock; /* over what is added */
    size_t count;
    site other; /* when there are too many */
};

tripsage_status tripsage__sites_new(tripsage__sites **out)
{
    tripsage__sites *sites = tripsage__calloc(1, sizeof *sites);

    *out = NULL;
    if (!sites || pthread_mutex_init(&sites->lock, NULL) != 0) {
        tripsage__free(sites);
        return TRIPSAGE_NOMEM();
    }
    strcpy(sites->other.summary, "other");
    *out = sites;
    return TRIPSAGE_OK;
}

void tripsage__sites_free(tripsage__sites *sites)
{
    if (!sites)
        return;
    for (size_t i = 0; i < SITES_SIZE; i++)
        tripsage__free(atomic_load(&sites->table[i]));
    pthread_mutex_destroy(&sites->lock);
    tripsage__free(sites);
}

/* ---- sites ---- */

static uint64_t hash_of(const tripsage__op *op)
{
    uint64_t hash = (uint64_t)(uintptr_t)op->system + op->kind * 2 + (op->size > 1);

    for (size_t i = 0; i < op->name_count; i++)
        hash = (hash ^ (uint64_t)(uintptr_t)op->names[i]) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 32;
}

static int is_of(const site *s, const tripsage__op *op, uint64_t hash)
{
    return s->hash == hash && s->kind == op->kind && s->system == op->system && s->is_batch == (op->size > 1) &&
           s->name_count == op->name_count && memcmp(s->names, op->names, op->name_count * sizeof *op->names) == 0 &&
           (op->kind != TRIPSAGE__OP_EMBEDDING || strcmp(s->summary, op->names[0]) == 0);
}

/* The names, with blanks between them, as far as whole ones go. */
static void summarize(char out[SUMMARY_MAX + 1], const tripsage__op *op)
{
    size_t length = 0;

    for (size_t i = 0; i < op->name_count; i++) {
        size_t more = strlen(op->names[i]) + (i != 0);

        if (length + more > SUMMARY_MAX)
            break;
        length += (size_t)snprintf(out + length, SUMMARY_MAX + 1 - length, i ? " %s" : "%s", op->names[i]);
    }
}

/* semconv: of a batch it is that of its parts behind a word for the batch, where they have the same. */
static void name_operation(char out[64], const tripsage__op *op)
{
    const char *batch = op->kind == TRIPSAGE__OP_CACHE ? "PIPELINE" : "BATCH";

    if (op->name_count == 1 && op->size > 1)
        snprintf(out, 64, "%s %s", batch, op->names[0]);
    else
        snprintf(out, 64, "%s", op->name_count == 1 ? op->names[0] : batch);
}

static site *make_site(const tripsage__op *op, uint64_t hash)
{
    site *s = tripsage__calloc(1, sizeof *s + op->name_count * sizeof *op->names);

    if (!s)
        return NULL;
    s->hash = hash;
    s->kind = op->kind;
    s->system = op->system;
    s->is_batch = op->size > 1;
    s->name_count = op->name_count;
    memcpy(s + 1, op->names, op->name_count * sizeof *op->names);
    s->names = (const char *const *)(const void *)(s + 1);
    summarize(s->summary, op);
    name_operation(s->operation, op);
    return s;
}

static site *add_site(tripsage__sites *sites, const tripsage__op *op, uint64_t hash)
{
    size_t at = hash % SITES_SIZE;
    site *s;

    while ((s = atomic_load_explicit(&sites->table[at], memory_order_relaxed)) != NULL && !is_of(s, op, hash))
        at = (at + 1) % SITES_SIZE;
    if (s || sites->count == SITES_MAX)
        return s ? s : &sites->other;
    s = make_site(op, hash);
    if (!s)
        return &sites->other;
    sites->count++;
    atomic_store_explicit(&sites->table[at], s, memory_order_release);
    return s;
}

static site *find_site(tripsage__sites *sites, const tripsage__op *op)
{
    uint64_t hash = hash_of(op);
    site *s;

    for (size_t at = hash % SITES_SIZE; (s = atomic_load_explicit(&sites->table[at], memory_order_acquire)) != NULL;
         at = (at + 1) % SITES_SIZE)
        if (is_of(s, op, hash))
            return s;
    pthread_mutex_lock(&sites->lock);
    s = add_site(sites, op, hash);
    pthread_mutex_unlock(&sites->lock);
    return s;
}

/* ---- failures ---- */

/* What is an answer (there is none of that name, it exists already) is no failure of what was asked. */
static const char *error_of(tripsage_status status)
{
    return tripsage_status_http(status) >= 500 ? tripsage_status_code(status) : NULL;
}

/* ---- servers ---- */

typedef struct place {
    char host[64], port[8]; /* longer names are cut: they are labels */
} place;

static place place_of(const char *url)
{
    place p = {"", ""};
    char shown[TRIPSAGE__HTTP_SHOWN_SIZE];
    const char *at, *end;

    tripsage__http_show(shown, url);
    at = strstr(shown, "://");
    at = at ? at + 3 : shown;
    end = at + (*at == '[' ? strcspn(at, "]") + 1 : strcspn(at, ":/"));
    snprintf(p.host, sizeof p.host, "%.*s", (int)(end - at), at);
    if (*end == ':')
        snprintf(p.port, sizeof p.port, "%.*s", (int)strcspn(end + 1, "/"), end + 1);
    else
        strcpy(p.port, strncmp(shown, "https", 5) == 0 ? "443" : "80");
    return p;
}

/* ---- beginning and end ---- */

static int is_for_nobody(const tripsage_telemetry *t, const tripsage__span *parent)
{
    return !t->queue || (parent && !parent->sampled && t->sampler <= TRIPSAGE_SAMPLER_PARENT_RATIO);
}

void tripsage__observe_begin(tripsage__observer *observer, tripsage__op *op)
{
    tripsage_telemetry *t = (tripsage_telemetry *)observer;
    const tripsage__span *parent = tripsage__span_current();

    if (!is_for_nobody(t, parent)) {
        tripsage__span_start(&op->span, t, parent);
        tripsage__span_enter(&op->span);
    }
    op->span.began_ns = tripsage__monotonic_ns();
}

/* Of the three labels that they have in common; HTTP has its own. */
static void measure(tripsage_telemetry *t, const tripsage__op *op, site *s, const char *error, int64_t took)
{
    static const tripsage__own own[] = {[TRIPSAGE__OP_DATABASE] = TRIPSAGE__OWN_DATABASE,
                                        [TRIPSAGE__OP_CACHE] = TRIPSAGE__OWN_DATABASE,
                                        [TRIPSAGE__OP_HTTP] = TRIPSAGE__OWN_HTTP,
                                        [TRIPSAGE__OP_EMBEDDING] = TRIPSAGE__OWN_EMBEDDING,
                                        [TRIPSAGE__OP_SEARCH] = TRIPSAGE__OWN_SEARCH};
    const char *values[TRIPSAGE_INSTRUMENT_LABELS_MAX] = {op->system, s->summary, error};
    tripsage_instrument *instrument = t->own[own[op->kind]];
    tripsage_series *series = error ? NULL : atomic_load_explicit(&s->good, memory_order_acquire);

    if (!instrument)
        return;
    if (!series) {
        series = tripsage__series_of(instrument, values);
        if (!error && s != &t->sites->other)
            atomic_store_explicit(&s->good, series, memory_order_release);
    }
    if (series)
        tripsage__series_add(series, took);
}

static void describe_database(tripsage__record *r, const tripsage__op *op, const site *s)
{
    tripsage__record_constant(r, "db.system.name", op->system);
    tripsage__record_constant(r, "db.operation.name", s->operation[0] ? s->operation : NULL);
    tripsage__record_constant(r, "db.query.summary", s->summary);
    if (op->size > 1)
        tripsage__record_number(r, "db.operation.batch.size", (int64_t)op->size);
}

static void describe_embedding(tripsage__record *r, const tripsage__op *op)
{
    tripsage__record_constant(r, "gen_ai.operation.name", "embeddings");
    tripsage__record_constant(r, "gen_ai.provider.name", op->system);
    tripsage__record_text(r, "gen_ai.request.model", op->name_count ? op->names[0] : NULL);
    tripsage__record_number(r, "tripsage.embedding.texts", (int64_t)op->size);
}

static void describe_search(tripsage__record *r, const tripsage__op *op, const site *s)
{
    tripsage__record_constant(r, "tripsage.vector.engine", op->system);
    tripsage__record_constant(r, "tripsage.vector.method", s->summary);
}

static void describe(tripsage__record *r, const tripsage__op *op, const site *s)
{
    if (op->kind == TRIPSAGE__OP_EMBEDDING)
        describe_embedding(r, op);
    else if (op->kind == TRIPSAGE__OP_SEARCH)
        describe_search(r, op, s);
    else
        describe_database(r, op, s);
}

static void end_by_site(tripsage_telemetry *t, tripsage__op *op, tripsage_status status, int64_t now)
{
    site *s = find_site(t->sites, op);
    const char *error = error_of(status);
    tripsage__record *r;

    measure(t, op, s, error, now - op->span.began_ns);
    if (!op->span.sampled)
        return;
    op->span.kind = op->kind == TRIPSAGE__OP_DATABASE || op->kind == TRIPSAGE__OP_CACHE ? TRIPSAGE_SPAN_CLIENT
                                                                                        : TRIPSAGE_SPAN_INTERNAL;
    r = tripsage__span_record(&op->span, now,
                              op->kind == TRIPSAGE__OP_EMBEDDING ? "embeddings"
                              : op->kind == TRIPSAGE__OP_SEARCH  ? "vector search"
                                                                 : s->summary);
    if (!r)
        return;
    describe(r, op, s);
    tripsage__record_error(r, error);
    tripsage__record_done(t, r);
}

/* What is known of the answer: 400 and above is a failure to whoever asked (semconv, http-spans). */
static void end_http(tripsage_telemetry *t, tripsage__op *op, tripsage_status status, int64_t now)
{
    place server = place_of(op->url);
    char answer[16], shown[TRIPSAGE__HTTP_SHOWN_SIZE];
    const char *error = status != TRIPSAGE_OK ? tripsage_status_code(status) : op->http_status >= 400 ? answer : NULL;
    const char *values[TRIPSAGE_INSTRUMENT_LABELS_MAX] = {op->names[0], server.host, server.port,
                                                          op->http_status ? answer : NULL, error};
    tripsage_series *series;
    tripsage__record *r;

    snprintf(answer, sizeof answer, "%d", op->http_status);
    series = t->own[TRIPSAGE__OWN_HTTP] ? tripsage__series_of(t->own[TRIPSAGE__OWN_HTTP], values) : NULL;
    if (series)
        tripsage__series_add(series, now - op->span.began_ns);
    op->span.kind = TRIPSAGE_SPAN_CLIENT;
    r = op->span.sampled ? tripsage__span_record(&op->span, now, "HTTP") : NULL;
    if (!r)
        return;
    tripsage__http_show(shown, op->url);
    tripsage__record_text(r, "http.request.method", op->names[0]);
    r->name = r->fact_count ? r->facts[0].text : r->name; /* the method alone: a path is no name */
    tripsage__record_text(r, "server.address", server.host);
    tripsage__record_number(r, "server.port", strtol(server.port, NULL, 10));
    tripsage__record_text(r, "url.full", shown);
    if (op->http_status)
        tripsage__record_number(r, "http.response.status_code", op->http_status);
    if (op->resends)
        tripsage__record_number(r, "http.request.resend_count", op->resends);
    tripsage__record_error(r, error);
    tripsage__record_done(t, r);
}

void tripsage__observe_end(tripsage__observer *observer, tripsage__op *op, tripsage_status status)
{
    tripsage_telemetry *t = (tripsage_telemetry *)observer;
    int64_t now = tripsage__monotonic_ns();

    tripsage__span_leave(&op->span);
    if (op->kind == TRIPSAGE__OP_HTTP)
        end_http(t, op, status, now);
    else
        end_by_site(t, op, status, now);
}
