/* exposition.c: metrics as Prometheus reads them: its text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats) and
 * OpenMetrics 1.0.0 (github.com/prometheus/OpenMetrics). They differ in how a counter's family is called, in the unit, in bounds, and in
 * the end. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "metrics_internal.h"

/* ---- which one ---- */

/* The weight of one range of an Accept header, in thousandths (RFC 9110, 12.4.2). */
static long weight_of(const char *range, size_t length)
{
    const char *end = range + length;

    for (const char *at = memchr(range, ';', length); at; at = memchr(at + 1, ';', (size_t)(end - at - 1))) {
        const char *name = at + 1 + strspn(at + 1, " \t");

        if (end - name >= 3 && (name[0] == 'q' || name[0] == 'Q') && name[1] == '=') {
            long weight = name[2] == '1' ? 1000 : 0, digit = 100;

            for (const char *c = name + 3; c < end && (*c == '.' || (*c >= '0' && *c <= '9')); c++)
                if (*c != '.' && weight < 1000) {
                    weight += (*c - '0') * digit;
                    digit /= 10;
                }
            return weight;
        }
    }
    return 1000;
}

/* Of the ranges that are this type, with whatever parameters, the highest weight; -1: there is none. */
static long weight_in(const char *accept, const char *type)
{
    long best = -1;

    while (*accept) {
        size_t length, name;

        accept += strspn(accept, " \t");
        length = strcspn(accept, ",");
        name = strcspn(accept, ",; \t");
        if (name == strlen(type) && strncasecmp(accept, type, name) == 0) {
            long weight = weight_of(accept, length);

            best = weight > best ? weight : best;
        }
        accept += length + (accept[length] == ',');
    }
    return best;
}

int tripsage__accepts_open_metrics(const char *accept)
{
    long open, plain;

    if (!accept)
        return 0;
    open = weight_in(accept, "application/openmetrics-text");
    plain = weight_in(accept, "text/plain");
    return open > 0 && open >= plain;
}

/* ---- lines ---- */

/* A backslash, a line break and, in a label's value, a quote are escaped. */
static void put_escaped(tripsage__buf *out, const char *text, int in_quotes)
{
    for (; *text; text++) {
        if (*text == '\n')
            TRIPSAGE__LIT(out, "\\n");
        else if (*text == '\\' || (*text == '"' && in_quotes))
            tripsage__buf_printf(out, "\\%c", *text);
        else
            tripsage__buf_putc(out, *text);
    }
}

void tripsage__exposition_escape(tripsage__buf *out, const char *text)
{
    put_escaped(out, text, 1);
}

/* Without zeros at the end; OpenMetrics has its numbers with a point where they are bounds. */
static void put_nano(tripsage__buf *out, int64_t amount, int with_point)
{
    char digits[24];
    size_t length;

    if (amount < 0)
        tripsage__buf_putc(out, '-');
    tripsage__buf_printf(out, "%" PRIu64, (amount < 0 ? -(uint64_t)amount : (uint64_t)amount) / 1000000000);
    length = (size_t)snprintf(digits, sizeof digits, "%09" PRIu64,
                              (amount < 0 ? -(uint64_t)amount : (uint64_t)amount) % 1000000000);
    while (length && digits[length - 1] == '0')
        digits[--length] = '\0';
    if (length)
        tripsage__buf_printf(out, ".%s", digits);
    else if (with_point)
        TRIPSAGE__LIT(out, ".0");
}

static void put_amount(tripsage__buf *out, int64_t amount, int is_nano)
{
    if (is_nano)
        put_nano(out, amount, 0);
    else
        tripsage__buf_int(out, amount);
}

void tripsage__exposition_family(tripsage__exposition *to, const char *name, const char *type, const char *unit,
                                 const char *help)
{
    const char *suffix = !to->open_metrics && strcmp(type, "counter") == 0 ? "_total" : "";
    const char *as = !to->open_metrics && strcmp(type, "info") == 0 ? "gauge" : type;

    suffix = !to->open_metrics && strcmp(type, "info") == 0 ? "_info" : suffix;
    tripsage__buf_printf(to->out, "# HELP %s%s ", name, suffix);
    put_escaped(to->out, help, to->open_metrics);
    tripsage__buf_printf(to->out, "\n# TYPE %s%s %s\n", name, suffix, as);
    if (to->open_metrics && unit[0])
        tripsage__buf_printf(to->out, "# UNIT %s %s\n", name, unit);
}

void tripsage__exposition_sample(tripsage__exposition *to, const char *name, const char *suffix, const char *labels,
                                 int64_t amount, int is_nano)
{
    tripsage__buf_printf(to->out, labels[0] ? "%s%s{%s} " : "%s%s%s ", name, suffix, labels);
    put_amount(to->out, amount, is_nano);
    tripsage__buf_putc(to->out, '\n');
}

/* ---- what was counted ---- */

static void put_labels(tripsage__buf *out, const tripsage_series *series)
{
    const tripsage_instrument *instrument = series->instrument;
    const char *value = series->values, *comma = "";

    out->size = 0;
    if (series->is_overflow)
        TRIPSAGE__LIT(out, "otel_metric_overflow=\"true\"");
    for (size_t i = 0; !series->is_overflow && i < instrument->label_count; i++, value += strlen(value) + 1)
        if (value[0]) {
            tripsage__buf_printf(out, "%s%s=\"", comma, instrument->labels[i]);
            put_escaped(out, value, 1);
            tripsage__buf_putc(out, '"');
            comma = ",";
        }
    tripsage__buf_putc(out, '\0');
}

static void put_histogram(tripsage__exposition *to, const tripsage_series *series, const char *labels)
{
    const tripsage_instrument *instrument = series->instrument;
    const char *comma = labels[0] ? "," : "";
    int64_t count = 0;

    for (size_t i = 0; i <= instrument->bound_count; i++) {
        count += tripsage__series_cell(series, i);
        tripsage__buf_printf(to->out, "%s_bucket{%s%sle=\"", instrument->prometheus, labels, comma);
        if (i == instrument->bound_count)
            TRIPSAGE__LIT(to->out, "+Inf");
        else if (instrument->is_nano)
            put_nano(to->out, instrument->bounds[i], to->open_metrics);
        else
            tripsage__buf_printf(to->out, to->open_metrics ? "%" PRId64 ".0" : "%" PRId64, instrument->bounds[i]);
        tripsage__buf_printf(to->out, "\"} %" PRId64 "\n", count);
    }
    tripsage__exposition_sample(to, instrument->prometheus, "_sum", labels,
                                tripsage__series_cell(series, instrument->bound_count + 1), instrument->is_nano);
    tripsage__exposition_sample(to, instrument->prometheus, "_count", labels, count, 0);
}

static void put_series(tripsage__exposition *to, const tripsage_series *series, tripsage__buf *labels)
{
    const tripsage_instrument *instrument = series->instrument;

    put_labels(labels, series);
    if (labels->failed)
        to->out->failed = labels->failed;
    else if (instrument->kind == TRIPSAGE_HISTOGRAM)
        put_histogram(to, series, labels->data);
    else
        tripsage__exposition_sample(to, instrument->prometheus, instrument->kind == TRIPSAGE_COUNTER ? "_total" : "",
                                    labels->data, tripsage__series_cell(series, 0), instrument->is_nano);
}

static void put_instrument(tripsage__exposition *to, tripsage_instrument *instrument, tripsage__buf *labels)
{
    static const char *const types[] = {
        [TRIPSAGE_COUNTER] = "counter", [TRIPSAGE_UP_DOWN_COUNTER] = "gauge", [TRIPSAGE_HISTOGRAM] = "histogram"};
    struct tripsage__metric_list list = tripsage__instrument_series(instrument);
    const tripsage_series *overflow = atomic_load(&instrument->overflow);
    int begun = 0;

    for (size_t at = 0; at < list.size; at++) {
        const tripsage_series *series = atomic_load_explicit(&list.table[at], memory_order_acquire);

        if (!series)
            continue;
        if (!begun++)
            tripsage__exposition_family(to, instrument->prometheus, types[instrument->kind], instrument->unit,
                                        instrument->help);
        put_series(to, series, labels);
    }
    if (overflow)
        put_series(to, overflow, labels);
}

void tripsage__metrics_put(tripsage__exposition *to, tripsage__metrics *metrics)
{
    tripsage__buf labels = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    size_t count;

    pthread_mutex_lock(&metrics->lock);
    count = metrics->count; /* they are only ever added */
    pthread_mutex_unlock(&metrics->lock);
    for (size_t i = 0; i < count; i++)
        put_instrument(to, metrics->all[i], &labels);
    tripsage__buf_free(&labels);
}
