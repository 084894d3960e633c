/* memory_search.c: memories by meaning. Vectors give ids, best first; the rows they stand for are read after that. */
#include <math.h>
#include <stdio.h>

#include "base/json.h"
#include "base/memory.h"
#include "memories.h"

#define QUERY_MAX      1000 /* a paragraph; the meaning of more is of everything */
#define LIMIT_DEFAULT  10
#define LIMIT_MAX      100
#define THRESHOLD      0.3 /* below it is chance */
#define CATEGORIES_MAX 8   /* as many as there are buckets */

typedef struct query {
    tripsage__reader reader;
    const char *text;
    int64_t limit;
    double threshold;
    tripsage__buf filter; /* as the vectors' metadata have it; "{}": none */
} query;

/* ---- what is asked ---- */

static void begin_member(tripsage__buf *filter)
{
    if (filter->size > 1)
        tripsage__buf_putc(filter, ',');
}

static void read_text_filter(query *q, const char *name, size_t max)
{
    const char *text;

    if (tripsage__read_text(&q->reader, name, TRIPSAGE__OPTIONAL, 1, max, &text) != TRIPSAGE__PRESENT)
        return;
    begin_member(&q->filter);
    tripsage__json_put_string(&q->filter, name);
    tripsage__buf_putc(&q->filter, ':');
    tripsage__json_put_string(&q->filter, text);
}

static void read_bool_filter(query *q, const char *name)
{
    int value;

    if (tripsage__read_bool(&q->reader, name, TRIPSAGE__OPTIONAL, &value) != TRIPSAGE__PRESENT)
        return;
    begin_member(&q->filter);
    tripsage__buf_printf(&q->filter, "\"%s\":%s", name, value ? "true" : "false");
}

static void read_categories(query *q)
{
    const tripsage__json *categories = NULL;

    tripsage__read_array(&q->reader, "categories", TRIPSAGE__OPTIONAL, 0, CATEGORIES_MAX, &categories);
    for (const tripsage__json *c = tripsage__json_first(categories); c; c = tripsage__json_next(c)) {
        const char *text = tripsage__json_text(c);

        if (!text || strlen(text) > 4 * TRIPSAGE__CATEGORY_MAX) {
            tripsage__reader_complain(&q->reader, "categories", "expected texts of at most %u characters",
                                      TRIPSAGE__CATEGORY_MAX);
            return;
        }
        begin_member(&q->filter);
        tripsage__memory_put_category(&q->filter, text);
    }
}

static void read_filters(query *q)
{
    static const char *const types[] = {"user_preference",      "trip_history", "search_pattern",
                                        "conversation_context", "other",        NULL};
    static const char *const sources[] = {"conversation", "preference", NULL};
    const tripsage__json *filters = NULL;
    const char *word;

    tripsage__buf_putc(&q->filter, '{');
    if (tripsage__read_object(&q->reader, "filters", TRIPSAGE__OPTIONAL, 0, &filters) == TRIPSAGE__PRESENT) {
        tripsage__reader_enter(&q->reader, "filters", filters);
        if (tripsage__read_word(&q->reader, "memory_type", TRIPSAGE__OPTIONAL, types, &word) == TRIPSAGE__PRESENT)
            tripsage__buf_printf(&q->filter, "\"memory_type\":\"%s\"", word);
        if (tripsage__read_word(&q->reader, "source", TRIPSAGE__OPTIONAL, sources, &word) == TRIPSAGE__PRESENT) {
            begin_member(&q->filter);
            tripsage__buf_printf(&q->filter, "\"source\":\"%s\"", word);
        }
        read_text_filter(q, "session_id", 128);
        read_text_filter(q, "context_type", 64);
        read_text_filter(q, "key", 64);
        read_bool_filter(q, "has_location");
        read_bool_filter(q, "has_budget");
        read_bool_filter(q, "has_accommodation");
        read_categories(q);
        tripsage__reader_close_object(&q->reader);
    }
    tripsage__buf_putc(&q->filter, '}');
}

static tripsage_status read_query(query *q, const char *json, size_t length)
{
    tripsage__reader *r = &q->reader;
    tripsage_status status = tripsage__reader_open(r, json, length);

    if (status != TRIPSAGE_OK)
        return status;
    q->limit = LIMIT_DEFAULT;
    q->threshold = THRESHOLD;
    tripsage__read_text(r, "query", TRIPSAGE__REQUIRED, 1, QUERY_MAX, &q->text);
    tripsage__read_int(r, "limit", TRIPSAGE__OPTIONAL, 1, LIMIT_MAX, &q->limit);
    tripsage__read_number(r, "similarity_threshold", TRIPSAGE__OPTIONAL, 0, 1, &q->threshold);
    read_filters(q);
    tripsage__reader_close_object(r);
    status = tripsage__reader_status(r);
    return status == TRIPSAGE_OK ? tripsage__buf_status(&q->filter) : status;
}

/* ---- the nearest ---- */

static tripsage_status scan_once(tripsage__vector_scan *scan, tripsage_trips *trips, const tripsage_actor *actor,
                                 const query *q)
{
    tripsage__collection collection;
    tripsage__step steps[TRIPSAGE__VECTOR_SCAN_STEPS];
    float *values = NULL;
    tripsage_status status = tripsage__memory_collection(&collection, trips);

    if (status != TRIPSAGE_OK)
        return status;
    values = tripsage__malloc(collection.dimensions * sizeof *values);
    if (!values)
        return TRIPSAGE_NOMEM();
    TRIPSAGE_TRY(tripsage__vector_resolve(values, trips->vector, &collection, q->text, NULL, 0, "/query", "/query"));
    TRIPSAGE_TRY(tripsage__vector_scan_init(scan, &collection, actor, values, (uint32_t)q->limit,
                                            q->filter.size > 2 ? q->filter.data : NULL, q->threshold));
    tripsage__vector_scan_steps(scan, steps);
    TRIPSAGE_TRY(tripsage__store_read(trips->store, actor, steps, TRIPSAGE__VECTOR_SCAN_STEPS));
    status = tripsage__vector_scan_end(scan);
out:
    tripsage__free(values);
    return status;
}

/* Before anything was remembered there is no collection, and nothing to find. */
static tripsage_status scan_memories(tripsage__vector_scan *scan, tripsage_trips *trips, const tripsage_actor *actor,
                                     const query *q)
{
    tripsage_status status = scan_once(scan, trips, actor, q);

    if (status == TRIPSAGE_ENOTFOUND) {
        tripsage__vector_scan_free(scan);
        memset(scan, 0, sizeof *scan);
        tripsage__collection_forget(trips->vector, TRIPSAGE__COLLECTION_MEMORIES);
        status = scan_once(scan, trips, actor, q);
    }
    return status == TRIPSAGE_ENOTFOUND ? TRIPSAGE_OK : status;
}

/* ---- their rows ---- */

typedef struct found {
    const tripsage__vector_scan *scan;
    tripsage__buf *memories; /* one for each hit, without its closing brace; empty: it is gone */
} found;

static void begin_found(void *context)
{
    found *f = context;

    for (size_t i = 0; i < f->scan->count; i++)
        f->memories[i].size = 0;
}

static tripsage_status on_found(void *context, const tripsage__row *row)
{
    found *f = context;
    const char *id = tripsage__row_text(row, 0, NULL);

    for (size_t i = 0; i < f->scan->count; i++)
        if (strcmp(f->scan->hits[i].id, id) == 0) {
            tripsage__memory_put_open(&f->memories[i], row);
            return tripsage__buf_status(&f->memories[i]);
        }
    return TRIPSAGE_OK;
}

static tripsage_status read_found(found *f, tripsage_trips *trips, const tripsage_actor *actor)
{
    tripsage__buf ids = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    tripsage__value params[2];
    const tripsage__step step = {&tripsage__sql_memory_by_id, params, 2, begin_found, on_found, f, NULL};
    tripsage_status status;

    for (size_t i = 0; i < f->scan->count; i++) {
        tripsage__buf_putc(&ids, i ? ',' : '[');
        tripsage__json_put_string(&ids, f->scan->hits[i].id);
    }
    tripsage__buf_putc(&ids, ']');
    TRIPSAGE_TRY(tripsage__buf_status(&ids));
    params[0] = tripsage__text(actor->user_id);
    params[1] = tripsage__textn(ids.data, ids.size);
    status = tripsage__store_read(trips->store, actor, &step, 1);
out:
    tripsage__buf_free(&ids);
    return status;
}

/* ---- the answer ---- */

static void put_results(tripsage__buf *buf, const found *f, const query *q)
{
    int64_t total = 0;

    TRIPSAGE__LIT(buf, "{\"results\":[");
    for (size_t i = 0; i < f->scan->count; i++) {
        if (!f->memories[i].size)
            continue;
        if (total++)
            tripsage__buf_putc(buf, ',');
        tripsage__buf_put(buf, f->memories[i].data, f->memories[i].size);
        TRIPSAGE__LIT(buf, ",\"similarity\":");
        tripsage__json_put_number(buf, floor(f->scan->hits[i].score * 1e6 + 0.5) / 1e6);
        tripsage__buf_putc(buf, '}');
    }
    TRIPSAGE__LIT(buf, "],\"query\":");
    tripsage__json_put_string(buf, q->text);
    TRIPSAGE__LIT(buf, ",\"total\":");
    tripsage__buf_int(buf, total);
    tripsage__buf_putc(buf, '}');
}

static tripsage_status answer(tripsage_doc **out, const tripsage__vector_scan *scan, tripsage_trips *trips,
                              const tripsage_actor *actor, const query *q)
{
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    found f = {scan, tripsage__calloc(scan->count + 1, sizeof *f.memories)};
    tripsage_doc *doc = NULL;
    tripsage_status status;

    if (!f.memories)
        return TRIPSAGE_NOMEM();
    for (size_t i = 0; i < scan->count; i++)
        f.memories[i] = empty;
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 256 + scan->count * 512));
    if (scan->count)
        TRIPSAGE_TRY(read_found(&f, trips, actor));
    put_results(&doc->json, &f, q);
out:
    for (size_t i = 0; i < scan->count; i++)
        tripsage__buf_free(&f.memories[i]);
    tripsage__free(f.memories);
    return tripsage__doc_finish(out, doc, status);
}

tripsage_status tripsage_memory_search(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                       const char *json, size_t length)
{
    query q = {.filter = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT)};
    tripsage__vector_scan scan;
    tripsage_status status;

    *out = NULL;
    memset(&scan, 0, sizeof scan);
    status = tripsage__memory_check(actor, TRIPSAGE__SCOPE_TRIPS_READ);
    if (status != TRIPSAGE_OK)
        return status;
    TRIPSAGE_TRY(read_query(&q, json, length));
    TRIPSAGE_TRY(scan_memories(&scan, trips, actor, &q));
    status = answer(out, &scan, trips, actor, &q);
out:
    tripsage__vector_scan_free(&scan);
    tripsage__buf_free(&q.filter);
    tripsage__reader_free(&q.reader);
    return status;
}
