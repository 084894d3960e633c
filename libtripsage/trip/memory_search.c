/* memory_search.c: memories by meaning and by words. The collection gives ids, best first; the rows they stand for are read after that. */
#include <math.h>

#include "base/json.h"
#include "base/memory.h"
#include "memories.h"

#define QUERY_MAX      1000 /* a paragraph; the meaning of more is of everything */
#define LIMIT_DEFAULT  10
#define LIMIT_MAX      100
#define THRESHOLD      0.2 /* a similarity below it is chance, as in the catalogue */
#define CATEGORIES_MAX 8   /* as many as there are buckets */

typedef struct query {
    tripsage__reader reader;
    const char *text;
    int64_t limit;
    double threshold;
    int by_meaning;       /* alone: a threshold was given, which words do not have */
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
    char folded[TRIPSAGE__SAID_FOLDED];
    tripsage_status status = tripsage__reader_open(r, json, length);

    if (status != TRIPSAGE_OK)
        return status;
    q->limit = LIMIT_DEFAULT;
    q->threshold = THRESHOLD;
    if (tripsage__read_text(r, "query", TRIPSAGE__REQUIRED, 1, QUERY_MAX, &q->text) == TRIPSAGE__PRESENT &&
        !tripsage__said_fold(folded, q->text, strlen(q->text)))
        tripsage__reader_complain(r, "query", "there is no word in it");
    tripsage__read_int(r, "limit", TRIPSAGE__OPTIONAL, 1, LIMIT_MAX, &q->limit);
    q->by_meaning =
        tripsage__read_number(r, "similarity_threshold", TRIPSAGE__OPTIONAL, 0, 1, &q->threshold) == TRIPSAGE__PRESENT;
    read_filters(q);
    tripsage__reader_close_object(r);
    status = tripsage__reader_status(r);
    return status == TRIPSAGE_OK ? tripsage__buf_status(&q->filter) : status;
}

/* ---- the best ---- */

typedef struct hit {
    const char *id;
    double score, similarity;
    int is_near, has_words;
    tripsage__buf memory; /* its row as JSON, without the closing brace; empty: it is gone */
} hit;

typedef struct hits {
    tripsage_doc *doc;
    tripsage__json *tree; /* what ids are borrowed from */
    hit *all;
    size_t count;
} hits;

static void free_hits(hits *h)
{
    for (size_t i = 0; i < h->count; i++)
        tripsage__buf_free(&h->all[i].memory);
    tripsage__free(h->all);
    tripsage__json_free(h->tree);
    tripsage_doc_free(h->doc);
}

static void read_hit(hit *h, const tripsage__json *item, const query *q)
{
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    const tripsage__json *lists = tripsage__json_member(item, "lists"), *near = tripsage__json_member(lists, "vector");

    h->id = tripsage__json_text(tripsage__json_member(item, "id"));
    h->score = tripsage__json_number(tripsage__json_member(item, "score"));
    h->is_near = q->by_meaning || near;
    h->similarity = q->by_meaning ? h->score : tripsage__json_number(tripsage__json_member(near, "score"));
    h->has_words = tripsage__json_member(lists, "words") != NULL;
    h->memory = empty;
}

static tripsage_status read_hits(hits *h, const query *q)
{
    const tripsage__json *items;
    tripsage_status status = tripsage__json_parse_trusted(&h->tree, h->doc->json.data, h->doc->json.size);

    if (status != TRIPSAGE_OK)
        return status;
    items = tripsage__json_member(h->tree, "items");
    h->all = tripsage__calloc(tripsage__json_count(items) + 1, sizeof *h->all);
    if (!h->all)
        return TRIPSAGE_NOMEM();
    for (const tripsage__json *item = tripsage__json_first(items); item; item = tripsage__json_next(item))
        read_hit(&h->all[h->count++], item, q);
    return TRIPSAGE_OK;
}

/* Before anything was remembered there is no collection, and nothing to find. What the actor may do was asked already: he need not be allowed to
 * use vectors of his own. */
static tripsage_status find(hits *h, tripsage_trips *trips, const tripsage_actor *actor, const query *q)
{
    tripsage_actor himself = *actor;
    tripsage_vector_query asked = TRIPSAGE_VECTOR_QUERY_INIT;
    tripsage__collection collection;
    tripsage_status status = tripsage__memory_collection(&collection, trips);

    himself.scopes = 0;
    asked.text = q->text;
    asked.words = q->by_meaning ? NULL : q->text;
    asked.k = (uint32_t)q->limit;
    asked.filter = q->filter.size > 2 ? q->filter.data : NULL;
    asked.has_min_score = 1;
    asked.min_score = q->threshold;
    if (status == TRIPSAGE_OK)
        status = tripsage_vector_search(&h->doc, trips->vector, &himself, TRIPSAGE__COLLECTION_MEMORIES, &asked);
    if (status == TRIPSAGE_ENOTFOUND)
        return TRIPSAGE_OK;
    return status == TRIPSAGE_OK ? read_hits(h, q) : status;
}

/* ---- their rows ---- */

static void begin_found(void *context)
{
    hits *h = context;

    for (size_t i = 0; i < h->count; i++)
        h->all[i].memory.size = 0;
}

static tripsage_status on_found(void *context, const tripsage__row *row)
{
    hits *h = context;
    const char *id = tripsage__row_text(row, 0, NULL);

    for (size_t i = 0; i < h->count; i++)
        if (strcmp(h->all[i].id, id) == 0) {
            tripsage__memory_put_open(&h->all[i].memory, row);
            return tripsage__buf_status(&h->all[i].memory);
        }
    return TRIPSAGE_OK;
}

static tripsage_status read_rows(hits *h, tripsage_trips *trips, const tripsage_actor *actor)
{
    tripsage__buf ids = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    tripsage__value params[2];
    const tripsage__step step = {&tripsage__sql_memory_by_id, params, 2, begin_found, on_found, h, NULL};
    tripsage_status status;

    for (size_t i = 0; i < h->count; i++) {
        tripsage__buf_putc(&ids, i ? ',' : '[');
        tripsage__json_put_string(&ids, h->all[i].id);
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

static void put_rounded(tripsage__buf *buf, double value)
{
    tripsage__json_put_number(buf, floor(value * 1e6 + 0.5) / 1e6);
}

static void put_hit(tripsage__buf *buf, const hit *h)
{
    tripsage__buf_put(buf, h->memory.data, h->memory.size);
    TRIPSAGE__LIT(buf, ",\"score\":");
    put_rounded(buf, h->score);
    TRIPSAGE__LIT(buf, ",\"similarity\":");
    if (h->is_near)
        put_rounded(buf, h->similarity);
    else
        TRIPSAGE__LIT(buf, "null");
    tripsage__buf_puts(buf, h->has_words && h->is_near ? ",\"matched\":[\"text\",\"meaning\"]}"
                            : h->has_words             ? ",\"matched\":[\"text\"]}"
                                                       : ",\"matched\":[\"meaning\"]}");
}

static tripsage_status answer(tripsage_doc **out, const hits *h, const query *q)
{
    tripsage_doc *doc = NULL;
    int64_t total = 0;
    tripsage_status status = tripsage__doc_new(&doc, 256 + h->count * 512);

    if (status != TRIPSAGE_OK)
        return status;
    TRIPSAGE__LIT(&doc->json, "{\"results\":[");
    for (size_t i = 0; i < h->count; i++) {
        if (!h->all[i].memory.size)
            continue;
        if (total++)
            tripsage__buf_putc(&doc->json, ',');
        put_hit(&doc->json, &h->all[i]);
    }
    TRIPSAGE__LIT(&doc->json, "],\"query\":");
    tripsage__json_put_string(&doc->json, q->text);
    TRIPSAGE__LIT(&doc->json, ",\"total\":");
    tripsage__buf_int(&doc->json, total);
    tripsage__buf_putc(&doc->json, '}');
    return tripsage__doc_finish(out, doc, status);
}

tripsage_status tripsage_memory_search(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                       const char *json, size_t length)
{
    query q = {.filter = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT)};
    hits h = {NULL, NULL, NULL, 0};
    tripsage_status status;

    *out = NULL;
    status = tripsage__memory_check(actor, TRIPSAGE__SCOPE_TRIPS_READ);
    if (status != TRIPSAGE_OK)
        return status;
    TRIPSAGE_TRY(read_query(&q, json, length));
    TRIPSAGE_TRY(find(&h, trips, actor, &q));
    if (h.count)
        TRIPSAGE_TRY(read_rows(&h, trips, actor));
    status = answer(out, &h, &q);
out:
    free_hits(&h);
    tripsage__buf_free(&q.filter);
    tripsage__reader_free(&q.reader);
    return status;
}
