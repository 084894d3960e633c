/* metrics.c: the registry: see metrics.h. */
#include "metrics.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "metrics_internal.h"

/* Twice as many places as there are series, so that a look ends soon. */
#define TABLE_SIZE 4096u
_Static_assert(TABLE_SIZE >= 2 * TRIPSAGE_INSTRUMENT_SERIES_MAX, "a table is at most half full");

/* 200: the library has 25 or so, and a program some more. */
#define INSTRUMENTS_MAX 200u

/* ---- series ---- */

static size_t cells_of(const tripsage_instrument *instrument)
{
    return instrument->kind == TRIPSAGE_HISTOGRAM ? instrument->bound_count + 2 : 1;
}

/* A line of a processor's cache or several, so that no two shards share one. */
static size_t stride_of(const tripsage_instrument *instrument)
{
    return (cells_of(instrument) + 7) / 8 * 8;
}

static size_t size_of_values(const tripsage_instrument *instrument, const char *const *values)
{
    size_t size = 0;

    for (size_t i = 0; i < instrument->label_count; i++)
        size += values[i] ? strlen(values[i]) + 1 : 1;
    return size;
}

#define MULTIPLIER UINT64_C(0x9e3779b97f4a7c15) /* 2^64 by the golden ratio: Knuth, vol. 3, 6.4 */

/* Eight bytes at a time; values are few, and nobody gains by choosing them. */
static uint64_t mix(uint64_t hash, const char *text)
{
    size_t length = strlen(text);
    uint64_t eight = length;

    for (;; text += sizeof eight, length -= sizeof eight) {
        hash = (hash ^ eight) * MULTIPLIER;
        hash ^= hash >> 32;
        if (length < sizeof eight)
            break;
        memcpy(&eight, text, sizeof eight);
    }
    eight = 0;
    memcpy(&eight, text, length);
    hash = (hash ^ eight) * MULTIPLIER;
    return hash ^ hash >> 32;
}

static uint64_t hash_of(const tripsage_instrument *instrument, const char *const *values)
{
    uint64_t hash = 0;

    for (size_t i = 0; i < instrument->label_count; i++)
        hash = mix(hash, values[i] ? values[i] : "");
    return hash;
}

static int has_values(const tripsage_series *series, const char *const *values)
{
    const char *own = series->values;

    for (size_t i = 0; i < series->instrument->label_count; i++, own += strlen(own) + 1)
        if (strcmp(own, values[i] ? values[i] : "") != 0)
            return 0;
    return 1;
}

static tripsage_series *make_series(tripsage_instrument *instrument, const char *const *values, uint64_t hash)
{
    size_t stride = stride_of(instrument), text = values ? size_of_values(instrument, values) : 1;
    size_t cells = TRIPSAGE__METRIC_SHARDS * stride * sizeof(_Atomic int64_t);
    tripsage_series *series = tripsage__calloc(1, sizeof *series + 63 + cells + text);
    char *at;

    if (!series)
        return NULL;
    at = (char *)(series + 1);
    at += -(uintptr_t)at & 63;
    series->cells = (_Atomic int64_t *)(void *)at;
    series->values = at + cells;
    series->instrument = instrument;
    series->hash = hash;
    series->is_overflow = !values;
    at += cells;
    for (size_t i = 0; values && i < instrument->label_count; i++)
        at = stpcpy(at, values[i] ? values[i] : "") + 1;
    return series;
}

/* Under the lock. Past the limit there is one series for all. */
static tripsage_series *add_series(tripsage_instrument *instrument, const char *const *values, uint64_t hash)
{
    tripsage_series *series;
    size_t at = hash % TABLE_SIZE;

    while ((series = atomic_load_explicit(&instrument->table[at], memory_order_relaxed)) != NULL) {
        if (series->hash == hash && has_values(series, values))
            return series;
        at = (at + 1) % TABLE_SIZE;
    }
    if (instrument->series_count >= TRIPSAGE_INSTRUMENT_SERIES_MAX) {
        if (!instrument->overflow)
            atomic_store(&instrument->overflow, make_series(instrument, NULL, 0));
        return instrument->overflow;
    }
    series = make_series(instrument, values, hash);
    if (!series)
        return NULL;
    instrument->series_count++;
    atomic_store_explicit(&instrument->table[at], series, memory_order_release);
    return series;
}

static tripsage_series *find(const tripsage_instrument *instrument, const char *const *values, uint64_t hash)
{
    tripsage_series *series;

    for (size_t at = hash % TABLE_SIZE;
         (series = atomic_load_explicit(&instrument->table[at], memory_order_acquire)) != NULL;
         at = (at + 1) % TABLE_SIZE)
        if (series->hash == hash && has_values(series, values))
            return series;
    return NULL;
}

int64_t tripsage__instrument_amount(const tripsage_instrument *instrument, const char *const *values)
{
    const tripsage_series *series = find(instrument, values, hash_of(instrument, values));

    return series ? tripsage__series_cell(series, 0) : 0;
}

tripsage_series *tripsage__series_of(tripsage_instrument *instrument, const char *const *values)
{
    uint64_t hash = hash_of(instrument, values);
    tripsage_series *series = find(instrument, values, hash);

    if (series)
        return series;
    series = atomic_load_explicit(&instrument->overflow, memory_order_acquire);
    if (series) /* there is no room for a new one any more */
        return series;
    pthread_mutex_lock(&instrument->metrics->lock);
    series = add_series(instrument, values, hash);
    pthread_mutex_unlock(&instrument->metrics->lock);
    return series;
}

/* Which shard is used: the processor's, so that its line stays in that processor's cache however many threads take turns there. It is an
 * addition without order all the same, since a thread may be moved at any moment. To ask is a read of memory (rseq, glibc 2.35). */
static size_t shard(void)
{
    return (unsigned)sched_getcpu() % TRIPSAGE__METRIC_SHARDS; /* where nobody knows, one for all */
}

static size_t bucket_of(const tripsage_instrument *instrument, int64_t amount)
{
    size_t low = 0, high = instrument->bound_count;

    while (low < high) { /* a bound belongs to its bucket */
        size_t middle = (low + high) / 2;

        if (amount <= instrument->bounds[middle])
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

void tripsage__series_add(tripsage_series *series, int64_t amount)
{
    const tripsage_instrument *instrument = series->instrument;
    _Atomic int64_t *cells = series->cells + shard() * stride_of(instrument);

    if (instrument->kind != TRIPSAGE_HISTOGRAM) {
        atomic_fetch_add_explicit(cells, amount, memory_order_relaxed);
        return;
    }
    atomic_fetch_add_explicit(&cells[bucket_of(instrument, amount)], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&cells[instrument->bound_count + 1], amount, memory_order_relaxed);
}

int64_t tripsage__series_cell(const tripsage_series *series, size_t cell)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < TRIPSAGE__METRIC_SHARDS; i++)
        sum += (uint64_t)atomic_load_explicit(&series->cells[i * stride_of(series->instrument) + cell],
                                              memory_order_relaxed);
    return (int64_t)sum;
}

void tripsage__instrument_reset(tripsage_instrument *instrument)
{
    for (size_t at = 0; at < TABLE_SIZE; at++) {
        tripsage_series *series = atomic_load_explicit(&instrument->table[at], memory_order_acquire);

        for (size_t i = 0; series && i < TRIPSAGE__METRIC_SHARDS; i++)
            atomic_store_explicit(&series->cells[i * stride_of(instrument)], 0, memory_order_relaxed);
    }
}

/* ---- instruments ---- */

struct tripsage__metric_list tripsage__instrument_series(tripsage_instrument *instrument)
{
    return (struct tripsage__metric_list){instrument->table, TABLE_SIZE};
}

static int is_name(const char *name)
{
    size_t length = name ? strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.") : 0;

    return length && length < TRIPSAGE__METRIC_NAME_MAX && name[length] == '\0' &&
           ((name[0] >= 'a' && name[0] <= 'z') || (name[0] >= 'A' && name[0] <= 'Z'));
}

/* By opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics: dots become underscores, the unit's word goes to the end
 * unless it is there, and what stands in braces is no unit. */
static void name_for_prometheus(char *out, const char *name, const char *unit, tripsage_instrument_kind kind)
{
    static const struct {
        const char *unit, *word;
    } words[] = {{"s", "_seconds"}, {"ms", "_milliseconds"}, {"By", "_bytes"}};
    const char *word = "";
    size_t length = strlen(name);

    memcpy(out, name, length + 1);
    for (char *c = out; *c; c++)
        if (*c == '.')
            *c = '_';
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(unit, words[i].unit) == 0)
            word = words[i].word;
    if (strcmp(unit, "1") == 0 && kind == TRIPSAGE_UP_DOWN_COUNTER)
        word = "_ratio";
    if (length < strlen(word) || strcmp(out + length - strlen(word), word) != 0)
        strcpy(out + length, word);
}

static tripsage_status take_bounds(tripsage_instrument *instrument, const tripsage_instrument_options *options)
{
    double scale = instrument->is_nano ? 1e9 : 1.0;

    if (options->kind != TRIPSAGE_HISTOGRAM)
        return TRIPSAGE_OK;
    if (!options->bounds || options->bound_count == 0 || options->bound_count > TRIPSAGE_INSTRUMENT_BOUNDS_MAX)
        return TRIPSAGE_FAIL_FIELD("#bounds", "a histogram has 1 to %d bounds", TRIPSAGE_INSTRUMENT_BOUNDS_MAX);
    for (size_t i = 0; i < options->bound_count; i++) {
        if (!(options->bounds[i] >= 0 && options->bounds[i] * scale < 9e18) ||
            (i && !(options->bounds[i] > options->bounds[i - 1])))
            return TRIPSAGE_FAIL_FIELD("#bounds", "bounds ascend, from 0 on");
        instrument->bounds[i] = (int64_t)(options->bounds[i] * scale + 0.5);
    }
    instrument->bound_count = options->bound_count;
    return TRIPSAGE_OK;
}

static tripsage_status take_texts(tripsage_instrument *instrument, const tripsage_instrument_options *options)
{
    const char *unit = options->unit ? options->unit : "";

    if (!is_name(options->name))
        return TRIPSAGE_FAIL_FIELD("#name",
                                   "a metric's name has at most %d letters, digits, \"_\" and \".\", a letter first",
                                   TRIPSAGE__METRIC_NAME_MAX - 1);
    instrument->name = tripsage__strdup(options->name);
    instrument->help = tripsage__strdup(options->help ? options->help : "");
    if (!instrument->name || !instrument->help)
        return TRIPSAGE_NOMEM();
    name_for_prometheus(instrument->prometheus, options->name, unit, options->kind);
    instrument->unit = strcmp(unit, "s") == 0    ? "seconds"
                       : strcmp(unit, "By") == 0 ? "bytes"
                       : strcmp(unit, "1") == 0  ? "ratio"
                                                 : "";
    instrument->is_nano = instrument->unit[0] == 's' || strcmp(unit, "1") == 0;
    for (size_t i = 0; i < TRIPSAGE_INSTRUMENT_LABELS_MAX && options->labels[i]; i++) {
        if (!is_name(options->labels[i]))
            return TRIPSAGE_FAIL_FIELD("#labels",
                                       "a label's name has letters, digits, \"_\" and \".\", a letter first");
        strcpy(instrument->labels[i], options->labels[i]);
        for (char *c = instrument->labels[i]; *c; c++)
            if (*c == '.')
                *c = '_';
        instrument->label_count++;
    }
    return TRIPSAGE_OK;
}

static void free_instrument(tripsage_instrument *instrument)
{
    if (!instrument)
        return;
    for (size_t at = 0; instrument->table && at < TABLE_SIZE; at++)
        tripsage__free(atomic_load(&instrument->table[at]));
    tripsage__free(atomic_load(&instrument->overflow));
    tripsage__free(instrument->table);
    tripsage__free(instrument->name);
    tripsage__free(instrument->help);
    tripsage__free(instrument);
}

static tripsage_status make_instrument(tripsage_instrument **out, tripsage__metrics *metrics,
                                       const tripsage_instrument_options *options)
{
    tripsage_instrument *instrument = tripsage__calloc(1, sizeof *instrument);
    tripsage_status status;

    if (!instrument)
        return TRIPSAGE_NOMEM();
    instrument->metrics = metrics;
    instrument->kind = options->kind;
    TRIPSAGE_TRY(take_texts(instrument, options));
    TRIPSAGE_TRY(take_bounds(instrument, options));
    /* Of which the system gives what is used. */
    instrument->table = tripsage__calloc(TABLE_SIZE, sizeof *instrument->table);
    if (!instrument->table)
        status = TRIPSAGE_NOMEM();
out:
    if (status == TRIPSAGE_OK)
        *out = instrument;
    else
        free_instrument(instrument);
    return status;
}

static int is_same(const tripsage_instrument *instrument, const tripsage_instrument_options *options)
{
    size_t labels = 0;

    while (labels < TRIPSAGE_INSTRUMENT_LABELS_MAX && options->labels[labels])
        labels++;
    return instrument->kind == options->kind && instrument->label_count == labels &&
           (options->kind != TRIPSAGE_HISTOGRAM || instrument->bound_count == options->bound_count);
}

/* Under the lock. */
static tripsage_status find_or_make(tripsage_instrument **out, tripsage__metrics *metrics,
                                    const tripsage_instrument_options *options)
{
    tripsage_status status;

    for (size_t i = 0; i < metrics->count; i++)
        if (options->name && strcmp(metrics->all[i]->name, options->name) == 0) {
            if (!is_same(metrics->all[i], options))
                return TRIPSAGE_FAIL_FIELD("#name", "there is a metric %s of another kind", options->name);
            *out = metrics->all[i];
            return TRIPSAGE_OK;
        }
    if (metrics->count == INSTRUMENTS_MAX)
        return TRIPSAGE_FAIL(TRIPSAGE_ELIMIT, "there are %u metrics, and no room for more", INSTRUMENTS_MAX);
    status = make_instrument(out, metrics, options);
    if (status == TRIPSAGE_OK)
        metrics->all[metrics->count++] = *out;
    return status;
}

tripsage_status tripsage__metrics_instrument(tripsage_instrument **out, tripsage__metrics *metrics,
                                             const tripsage_instrument_options *options)
{
    tripsage_status status;

    *out = NULL;
    if (options->kind != TRIPSAGE_COUNTER && options->kind != TRIPSAGE_UP_DOWN_COUNTER &&
        options->kind != TRIPSAGE_HISTOGRAM)
        return TRIPSAGE_FAIL_FIELD("#kind", "there is no such kind of metric");
    pthread_mutex_lock(&metrics->lock);
    status = find_or_make(out, metrics, options);
    pthread_mutex_unlock(&metrics->lock);
    return status;
}

tripsage_status tripsage__metrics_new(tripsage__metrics **out)
{
    tripsage__metrics *metrics = tripsage__calloc(1, sizeof *metrics);

    *out = NULL;
    if (!metrics)
        return TRIPSAGE_NOMEM();
    metrics->all = tripsage__calloc(INSTRUMENTS_MAX, sizeof *metrics->all);
    if (!metrics->all || pthread_mutex_init(&metrics->lock, NULL) != 0) {
        tripsage__free(metrics->all);
        tripsage__free(metrics);
        return TRIPSAGE_NOMEM();
    }
    *out = metrics;
    return TRIPSAGE_OK;
}

void tripsage__metrics_free(tripsage__metrics *metrics)
{
    if (!metrics)
        return;
    for (size_t i = 0; i < metrics->count; i++)
        free_instrument(metrics->all[i]);
    tripsage__free(metrics->all);
    pthread_mutex_destroy(&metrics->lock);
    tripsage__free(metrics);
}
