/* search_unified.c: one search over trips, destinations and memories. Each is asked by its own call; here their answers become one list, with
 * facets over all that was found. */
#include <stdlib.h>
#include <string.h>

#include <tripsage/destination.h>
#include <tripsage/memory.h>

#include "base/memory.h"
#include "searches.h"

/* 50: what the catalogue's search gives at most. */
#define PLACES_MAX 50
/* 10 values of a facet: what fits beside a list. */
#define FACET_MAX 10

/* One found thing, in the answer it came with. */
typedef struct result {
    const tripsage__json *item;
    enum { OF_TRIP, OF_DESTINATION, OF_MEMORY, OF_COUNT } of;
    const char *type, *title;
    size_t rank;     /* in its own answer */
    double price;    /* US cents; below 0: none */
    double distance; /* below 0: none */
} result;

typedef struct unified {
    const tripsage__search_request *q;
    tripsage_doc *docs[OF_COUNT];
    tripsage__json *trees[OF_COUNT];
    result *results;
    size_t count;
    const char *meant;
    int64_t started_us;
    char id[TRIPSAGE__UUID_SIZE];
} unified;

/* ---- asking ---- */

static tripsage_status ask_trips(unified *u, tripsage_trips *trips, const tripsage_actor *actor)
{
    tripsage_search_options options = TRIPSAGE_SEARCH_OPTIONS_INIT;

    options.limit = (uint32_t)u->q->limit;
    return tripsage_trip_search(&u->docs[OF_TRIP], trips, actor, u->q->query, &options);
}

/* Where it is to be is said beside what it is to be. */
static tripsage_status ask_destinations(unified *u, tripsage_trips *trips, const tripsage_actor *actor)
{
    tripsage_destination_query query = TRIPSAGE_DESTINATION_QUERY_INIT;
    tripsage__buf text = TRIPSAGE__BUF_INIT(4096);
    tripsage_status status;

    tripsage__buf_puts(&text, u->q->query);
    if (u->q->destination) {
        tripsage__buf_putc(&text, ' ');
        tripsage__buf_puts(&text, u->q->destination);
    }
    TRIPSAGE_TRY(tripsage__buf_status(&text));
    query.text = text.data;
    query.limit = PLACES_MAX;
    query.max_daily_cost = u->q->price_max;
    query.has_near = u->q->has_near;
    query.latitude = u->q->latitude;
    query.longitude = u->q->longitude;
    query.radius_km = u->q->radius_km;
    status = tripsage_destination_search(&u->docs[OF_DESTINATION], trips, actor, &query);
out:
    tripsage__buf_free(&text);
    return status;
}

static tripsage_status ask_memories(unified *u, tripsage_trips *trips, const tripsage_actor *actor)
{
    tripsage__buf json = TRIPSAGE__BUF_INIT(16 * 1024);
    tripsage_status status;

    TRIPSAGE__LIT(&json, "{\"query\":");
    tripsage__json_put_string(&json, u->q->query);
    TRIPSAGE__LIT(&json, ",\"limit\":");
    tripsage__buf_int(&json, u->q->limit);
    tripsage__buf_putc(&json, '}');
    TRIPSAGE_TRY(tripsage__buf_status(&json));
    status = tripsage_memory_search(&u->docs[OF_MEMORY], trips, actor, json.data, json.size);
out:
    tripsage__buf_free(&json);
    return status;
}

static tripsage_status ask(unified *u, tripsage_trips *trips, const tripsage_actor *actor)
{
    tripsage_status status = TRIPSAGE_OK;

    if (u->q->trips)
        TRIPSAGE_TRY(ask_trips(u, trips, actor));
    if (u->q->destinations)
        TRIPSAGE_TRY(ask_destinations(u, trips, actor));
    if (u->q->memories && !actor->is_service)
        TRIPSAGE_TRY(ask_memories(u, trips, actor));
out:
    return status;
}

/* ---- gathering ---- */

static const char *member_text(const tripsage__json *item, const char *name)
{
    const char *text = tripsage__json_text(tripsage__json_member(item, name));

    return text ? text : "";
}

static void read_result(result *r, const tripsage__json *item, int of, size_t rank)
{
    static const char *const titles[] = {"title", "name", "memory"};
    const tripsage__json *cost = tripsage__json_member(item, "daily_cost"),
                         *distance = tripsage__json_member(item, "distance_km");

    r->item = item;
    r->of = of == OF_TRIP ? OF_TRIP : of == OF_DESTINATION ? OF_DESTINATION : OF_MEMORY;
    r->type = of == OF_TRIP ? member_text(item, "kind") : of == OF_DESTINATION ? "destination" : "memory";
    r->title = member_text(item, titles[of]);
    r->rank = rank;
    r->price = cost ? tripsage__json_number(tripsage__json_member(cost, "amount")) : -1;
    r->distance = distance ? tripsage__json_number(distance) : -1;
}

static tripsage_status gather(unified *u)
{
    static const char *const lists[] = {"items", "items", "results"};
    size_t most = 0;
    tripsage_status status = TRIPSAGE_OK;

    for (int of = 0; of < OF_COUNT; of++)
        if (u->docs[of]) {
            TRIPSAGE_TRY(tripsage__json_parse_trusted(&u->trees[of], u->docs[of]->json.data, u->docs[of]->json.size));
            most += tripsage__json_count(tripsage__json_member(u->trees[of], lists[of]));
        }
    u->results = tripsage__calloc(most + 1, sizeof *u->results);
    if (!u->results)
        return TRIPSAGE_NOMEM();
    for (int of = 0; of < OF_COUNT; of++) {
        const tripsage__json *item = tripsage__json_first(tripsage__json_member(u->trees[of], lists[of]));

        for (size_t rank = 0; item; item = tripsage__json_next(item)) {
            result *r = &u->results[u->count];

            read_result(r, item, of, rank);
            if (of == OF_DESTINATION && r->price < (double)u->q->price_min)
                continue;
            u->count++;
            rank++;
        }
    }
    u->meant = tripsage__json_text(tripsage__json_member(u->trees[OF_DESTINATION], "did_you_mean"));
out:
    return status;
}

/* ---- order ---- */

/* The scores of the rankings do not compare, so their ranks alternate. */
static int by_relevance(const void *a, const void *b)
{
    const result *x = a, *y = b;

    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    return (int)x->of - (int)y->of;
}

/* What has no number comes last, whatever the direction. */
static int by_number(double x, double y, int direction)
{
    if ((x < 0) != (y < 0))
        return x < 0 ? 1 : -1;
    return x < y ? -direction : x > y ? direction : 0;
}

#define ORDER(name, comparison)                                                                                        \
    static int name(const void *a, const void *b)                                                                      \
    {                                                                                                                  \
        const result *x = a, *y = b;                                                                                   \
        int order = (comparison);                                                                                      \
                                                                                                                       \
        return order ? order : by_relevance(a, b);                                                                     \
    }
ORDER(by_price_up, by_number(x->price, y->price, 1))
ORDER(by_price_down, by_number(x->price, y->price, -1))
ORDER(by_distance_up, by_number(x->distance, y->distance, 1))
ORDER(by_distance_down, by_number(x->distance, y->distance, -1))
ORDER(by_title_up, strcmp(x->title, y->title))
ORDER(by_title_down, strcmp(y->title, x->title))

static void sort(unified *u)
{
    static const struct {
        const char *by;
        int (*up)(const void *, const void *), (*down)(const void *, const void *);
    } orders[] = {{"price", by_price_up, by_price_down},
                  {"distance", by_distance_up, by_distance_down},
                  {"title", by_title_up, by_title_down}};
    int (*compare)(const void *, const void *) = by_relevance; /* the most relevant first, whatever the direction */

    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
        if (strcmp(u->q->sort_by, orders[i].by) == 0)
            compare = strcmp(u->q->sort_order, "asc") == 0 ? orders[i].up : orders[i].down;
    qsort(u->results, u->count, sizeof *u->results, compare);
}

/* ---- as JSON ---- */

static void put_member(tripsage__buf *buf, const char *name, const tripsage__json *value)
{
    if (!value)
        return;
    tripsage__buf_puts(buf, name);
    tripsage__json_put(buf, value);
}

static void put_result(tripsage__buf *buf, const result *r)
{
    static const char *const descriptions[] = {"snippet", "description", "-"};
    static const char *const scores[] = {"score", "score", "similarity"};

    TRIPSAGE__LIT(buf, "{\"type\":");
    tripsage__json_put_string(buf, r->type);
    put_member(buf, ",\"id\":", tripsage__json_member(r->item, "id"));
    TRIPSAGE__LIT(buf, ",\"title\":");
    tripsage__json_put_string(buf, r->title);
    put_member(buf, ",\"description\":", tripsage__json_member(r->item, descriptions[r->of]));
    put_member(buf, ",\"score\":", tripsage__json_member(r->item, scores[r->of]));
    put_member(buf, ",\"trip_id\":", tripsage__json_member(r->item, "trip_id"));
    put_member(buf, ",\"country\":", tripsage__json_member(r->item, "country"));
    put_member(buf, ",\"coordinates\":", tripsage__json_member(r->item, "coordinates"));
    put_member(buf, ",\"price\":", tripsage__json_member(r->item, "daily_cost"));
    put_member(buf, ",\"distance_km\":", tripsage__json_member(r->item, "distance_km"));
    tripsage__buf_putc(buf, '}');
}

typedef struct facet_value {
    const char *value;
    int64_t count;
} facet_value;

static int compare_values(const void *a, const void *b)
{
    const facet_value *x = a, *y = b;

    return x->count != y->count ? (x->count > y->count ? -1 : 1) : strcmp(x->value, y->value);
}

/* The values of all results, the most frequent first. `of` gives NULL for a result that has none. */
static tripsage_status put_values(tripsage__buf *buf, const unified *u, const char *name,
                                  const char *(*of)(const result *))
{
    facet_value *values = tripsage__calloc(u->count + 1, sizeof *values);
    size_t count = 0;

    if (!values)
        return TRIPSAGE_NOMEM();
    for (size_t i = 0; i < u->count; i++) {
        const char *value = of(&u->results[i]);
        size_t at = 0;

        if (!value)
            continue;
        while (at < count && strcmp(values[at].value, value) != 0)
            at++;
        values[at].value = value;
        values[at].count++;
        count += at == count;
    }
    qsort(values, count, sizeof *values, compare_values);
    if (count) {
        tripsage__buf_printf(buf, "%s{\"name\":\"%s\",\"values\":[", buf->data[buf->size - 1] == '[' ? "" : ",", name);
        for (size_t i = 0; i < count && i < FACET_MAX; i++) {
            tripsage__buf_puts(buf, i ? ",{\"value\":" : "{\"value\":");
            tripsage__json_put_string(buf, values[i].value);
            TRIPSAGE__LIT(buf, ",\"count\":");
            tripsage__buf_int(buf, values[i].count);
            tripsage__buf_putc(buf, '}');
        }
        TRIPSAGE__LIT(buf, "]}");
    }
    tripsage__free(values);
    return TRIPSAGE_OK;
}

static const char *type_of(const result *r)
{
    return r->type;
}

static const char *country_of(const result *r)
{
    return tripsage__json_text(tripsage__json_member(r->item, "country"));
}

static void put_price_range(tripsage__buf *buf, const unified *u)
{
    double least = -1, most = -1;

    for (size_t i = 0; i < u->count; i++) {
        double price = u->results[i].price;

        if (price < 0)
            continue;
        least = least < 0 || price < least ? price : least;
        most = price > most ? price : most;
    }
    if (least < 0)
        return;
    TRIPSAGE__LIT(buf, ",{\"name\":\"price\",\"minimum\":");
    tripsage__json_put_number(buf, least);
    TRIPSAGE__LIT(buf, ",\"maximum\":");
    tripsage__json_put_number(buf, most);
    TRIPSAGE__LIT(buf, ",\"currency\":\"USD\"}");
}

static tripsage_status put_facets(tripsage__buf *buf, const unified *u)
{
    tripsage_status status;

    TRIPSAGE__LIT(buf, ",\"facets\":[");
    TRIPSAGE_TRY(tripsage__buf_status(buf));
    TRIPSAGE_TRY(put_values(buf, u, "type", type_of));
    TRIPSAGE_TRY(put_values(buf, u, "country", country_of));
    put_price_range(buf, u);
    tripsage__buf_putc(buf, ']');
out:
    return status;
}

static int is_hit(const tripsage_doc *doc)
{
    return doc && doc->cached == TRIPSAGE__DOC_HIT;
}

static void put_metadata(tripsage__buf *buf, const unified *u, const tripsage_actor *actor)
{
    static const char *const providers[] = {"trips", "destinations", "memories"};
    int64_t returned = (int64_t)u->count < u->q->limit ? (int64_t)u->count : u->q->limit, cached = 0;
    const char *separator = "";

    for (size_t i = 0; i < (size_t)returned; i++)
        cached += is_hit(u->docs[u->results[i].of]);
    TRIPSAGE__LIT(buf, ",\"metadata\":{\"total_results\":");
    tripsage__buf_int(buf, (int64_t)u->count);
    TRIPSAGE__LIT(buf, ",\"returned_results\":");
    tripsage__buf_int(buf, returned);
    TRIPSAGE__LIT(buf, ",\"cached_results\":");
    tripsage__buf_int(buf, cached);
    TRIPSAGE__LIT(buf, ",\"search_time_ms\":");
    tripsage__json_put_number(buf, (double)(tripsage__monotonic_us() - u->started_us) / 1000.0);
    tripsage__buf_printf(buf, ",\"search_id\":\"%s\"", u->id);
    if (!actor->is_service)
        tripsage__buf_printf(buf, ",\"user_id\":\"%s\"", actor->user_id);
    tripsage__buf_printf(buf, ",\"personalized\":%s,\"providers_queried\":[", u->docs[OF_MEMORY] ? "true" : "false");
    for (int of = 0; of < OF_COUNT; of++)
        if (u->docs[of]) {
            tripsage__buf_printf(buf, "%s\"%s\"", separator, providers[of]);
            separator = ",";
        }
    TRIPSAGE__LIT(buf, "],\"provider_errors\":{}}");
}

static tripsage_status put_all(tripsage__buf *buf, const unified *u, const tripsage_actor *actor)
{
    tripsage_status status;

    TRIPSAGE__LIT(buf, "{\"results\":[");
    for (size_t i = 0; i < u->count && (int64_t)i < u->q->limit; i++) {
        if (i)
            tripsage__buf_putc(buf, ',');
        put_result(buf, &u->results[i]);
    }
    tripsage__buf_putc(buf, ']');
    status = put_facets(buf, u);
    if (status != TRIPSAGE_OK)
        return status;
    put_metadata(buf, u, actor);
    if (u->meant) {
        TRIPSAGE__LIT(buf, ",\"did_you_mean\":");
        tripsage__json_put_string(buf, u->meant);
    }
    tripsage__buf_putc(buf, '}');
    return tripsage__buf_status(buf);
}

/* ---- the calls ---- */

/* Searches, and appends the answer; *hit: all of it was given from memory. */
static tripsage_status search(tripsage__buf *buf, int *hit, tripsage_trips *trips, const tripsage_actor *actor,
                              const tripsage__search_request *q)
{
    unified u;
    tripsage_status status;

    memset(&u, 0, sizeof u);
    u.q = q;
    u.started_us = tripsage__monotonic_us();
    TRIPSAGE_TRY(tripsage__uuid7(trips->env, u.id));
    TRIPSAGE_TRY(ask(&u, trips, actor));
    TRIPSAGE_TRY(gather(&u));
    sort(&u);
    status = put_all(buf, &u, actor);
    *hit = 1;
    for (int of = 0; of < OF_COUNT; of++)
        *hit &= !u.docs[of] || is_hit(u.docs[of]);
out:
    for (int of = 0; of < OF_COUNT; of++) {
        tripsage__json_free(u.trees[of]);
        tripsage_doc_free(u.docs[of]);
    }
    tripsage__free(u.results);
    return status;
}

/* That a search cannot be noted is no reason not to answer it. */
static void note(tripsage_trips *trips, const tripsage_actor *actor, const tripsage__search_note *notes, size_t count)
{
    if (count && tripsage__search_notes_write(trips, actor, notes, count) != TRIPSAGE_OK)
        tripsage__log(trips->env, TRIPSAGE_LOG_WARN, "trip", "a search was not noted: %s",
                      tripsage_last_error()->message);
}

tripsage_status tripsage_search_unified(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                        const char *json, size_t length, int record)
{
    tripsage__search_request q;
    tripsage__search_note kept;
    tripsage_doc *doc = NULL;
    int notes = record, hit = 0;
    tripsage_status status;

    *out = NULL;
    memset(&q, 0, sizeof q);
    memset(&kept, 0, sizeof kept);
    TRIPSAGE_TRY(tripsage__actor_check_scope(actor, TRIPSAGE__SCOPE_TRIPS_READ));
    TRIPSAGE_TRY(tripsage__search_request_read(&q, json, length));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 4096));
    TRIPSAGE_TRY(search(&doc->json, &hit, trips, actor, &q));
    notes = notes && !actor->is_service;
    if (notes && tripsage__search_note_init(&kept, trips, &q) == TRIPSAGE_OK) {
        kept.hit = hit;
        note(trips, actor, &kept, 1);
    }
out:
    tripsage__search_note_free(&kept);
    tripsage__search_request_free(&q);
    return tripsage__doc_finish(out, doc, status);
}

/* ---- several ---- */

static void put_errors(tripsage__buf *buf)
{
    const tripsage_error *error = tripsage_last_error();

    TRIPSAGE__LIT(buf, "{\"results\":[],\"facets\":[],\"metadata\":{\"total_results\":0,\"returned_results\":0,"
                       "\"cached_results\":0,\"search_time_ms\":0,\"search_id\":null,\"personalized\":false,"
                       "\"providers_queried\":[],\"provider_errors\":{}},\"error\":{\"code\":");
    tripsage__json_put_string(buf, tripsage_status_code(error->status));
    TRIPSAGE__LIT(buf, ",\"message\":");
    tripsage__json_put_string(buf, error->message);
    TRIPSAGE__LIT(buf, "},\"errors\":[");
    for (size_t i = 0; i < error->field_count && i < TRIPSAGE_FIELD_ERRORS_MAX; i++) {
        tripsage__buf_puts(buf, i ? ",{\"pointer\":" : "{\"pointer\":");
        tripsage__json_put_string(buf, error->fields[i].pointer);
        TRIPSAGE__LIT(buf, ",\"detail\":");
        tripsage__json_put_string(buf, error->fields[i].message);
        tripsage__buf_putc(buf, '}');
    }
    TRIPSAGE__LIT(buf, "]}");
}

typedef struct bulk {
    tripsage__search_request requests[TRIPSAGE__SEARCH_BULK_MAX]; /* notes borrow from them */
    tripsage__search_note notes[TRIPSAGE__SEARCH_BULK_MAX];
    size_t count, noted;
} bulk;

static tripsage_status search_one(bulk *b, tripsage_doc *doc, tripsage_trips *trips, const tripsage_actor *actor,
                                  const tripsage__json *entry, int record)
{
    tripsage__buf json = TRIPSAGE__BUF_INIT(TRIPSAGE__JSON_INPUT_MAX);
    tripsage__search_request *q = &b->requests[b->count];
    int hit = 0;
    tripsage_status status;

    tripsage__json_put(&json, entry);
    TRIPSAGE_TRY(tripsage__buf_status(&json));
    status = tripsage__search_request_read(q, json.data, json.size);
    b->count++;
    if (status == TRIPSAGE_OK)
        status = search(&doc->json, &hit, trips, actor, q);
    if (status == TRIPSAGE_EINVALID) {
        put_errors(&doc->json);
        status = TRIPSAGE_OK;
    } else if (status == TRIPSAGE_OK && record && !actor->is_service &&
               tripsage__search_note_init(&b->notes[b->noted], trips, q) == TRIPSAGE_OK) {
        b->notes[b->noted++].hit = hit;
    }
out:
    tripsage__buf_free(&json);
    return status;
}

static void end_bulk(bulk *b)
{
    for (size_t i = 0; b && i < TRIPSAGE__SEARCH_BULK_MAX; i++) {
        tripsage__search_note_free(&b->notes[i]);
        tripsage__search_request_free(&b->requests[i]);
    }
    tripsage__free(b);
}

static tripsage_status search_all(tripsage_doc *doc, tripsage_trips *trips, const tripsage_actor *actor,
                                  const tripsage__json *entries, int record)
{
    bulk *b = tripsage__calloc(1, sizeof *b); /* too much for a small stack */
    tripsage_status status = TRIPSAGE_OK;

    if (!b)
        return TRIPSAGE_NOMEM();
    for (const tripsage__json *e = tripsage__json_first(entries); e; e = tripsage__json_next(e)) {
        tripsage__buf_putc(&doc->json, b->count ? ',' : '[');
        TRIPSAGE_TRY(search_one(b, doc, trips, actor, e, record));
    }
    tripsage__buf_putc(&doc->json, ']');
    note(trips, actor, b->notes, b->noted);
out:
    end_bulk(b);
    return status;
}

tripsage_status tripsage_search_bulk(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                     const char *json, size_t length, int record)
{
    tripsage__json *entries = NULL;
    tripsage_doc *doc = NULL;
    size_t count;
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__actor_check_scope(actor, TRIPSAGE__SCOPE_TRIPS_READ));
    TRIPSAGE_TRY(tripsage__json_parse(&entries, json, length));
    count = tripsage__json_count(entries);
    if (!tripsage__json_is_array(entries) || count < 1 || count > TRIPSAGE__SEARCH_BULK_MAX) {
        status = TRIPSAGE_FAIL_FIELD("", "expected an array of 1 to %u requests", TRIPSAGE__SEARCH_BULK_MAX);
        goto out;
    }
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 4096 * count));
    status = search_all(doc, trips, actor, entries, record);
out:
    tripsage__json_free(entries);
    return tripsage__doc_finish(out, doc, status);
}
