/* search_request.c: a request of the search over everything, read and checked. */
#include <string.h>

#include "searches.h"

/* 500 bytes: what the catalogue's search takes. */
#define QUERY_MAX 500
#define TYPES_MAX 16
#define PLACE_MAX 200
/* 100,000,000 US cents a day: a million dollars. */
#define PRICE_MAX INT64_C(100000000)
/* 4 KiB of a caller's own making. */
#define OWN_MAX 4096

static void want_type(tripsage__search_request *q, const char *type)
{
    q->trips |= strcmp(type, "trip") == 0;
    q->destinations |= strcmp(type, "destination") == 0;
    q->memories |= strcmp(type, "memory") == 0;
}

/* 1: some were named. */
static int read_types(tripsage__search_request *q, const char *name)
{
    const tripsage__json *types = NULL;

    tripsage__read_array(&q->reader, name, TRIPSAGE__OPTIONAL, 0, TYPES_MAX, &types);
    for (const tripsage__json *t = tripsage__json_first(types); t; t = tripsage__json_next(t)) {
        if (tripsage__json_text(t))
            want_type(q, tripsage__json_text(t));
        else
            tripsage__reader_complain(&q->reader, name, "expected texts");
    }
    return tripsage__json_count(types) != 0;
}

static void read_filters(tripsage__search_request *q)
{
    tripsage__reader *r = &q->reader;
    const tripsage__json *filters = NULL, *own;
    int has_latitude, has_longitude;
    double rating;

    if (tripsage__read_object(r, "filters", TRIPSAGE__OPTIONAL, 0, &filters) != TRIPSAGE__PRESENT)
        return;
    tripsage__reader_enter(r, "filters", filters);
    tripsage__read_int(r, "price_min", TRIPSAGE__OPTIONAL, 0, PRICE_MAX, &q->price_min);
    if (tripsage__read_int(r, "price_max", TRIPSAGE__OPTIONAL, 1, PRICE_MAX, &q->price_max) == TRIPSAGE__PRESENT &&
        q->price_max < q->price_min)
        tripsage__reader_complain(r, "price_max", "it is less than price_min");
    has_latitude = tripsage__read_number(r, "latitude", TRIPSAGE__OPTIONAL, -90, 90, &q->latitude) == TRIPSAGE__PRESENT;
    has_longitude =
        tripsage__read_number(r, "longitude", TRIPSAGE__OPTIONAL, -180, 180, &q->longitude) == TRIPSAGE__PRESENT;
    if (has_latitude != has_longitude)
        tripsage__reader_complain(r, has_latitude ? "longitude" : "latitude", "a point has both");
    q->has_near = has_latitude && has_longitude;
    tripsage__read_number(r, "radius_km", TRIPSAGE__OPTIONAL, 1, 20038, &q->radius_km);
    tripsage__read_number(r, "rating_min", TRIPSAGE__OPTIONAL, 0, 5, &rating);
    tripsage__read_object(r, "custom_filters", TRIPSAGE__OPTIONAL, OWN_MAX, &own);
    tripsage__reader_close_object(r);
}

/* What is kept with a saved search, and decides nothing. */
static void read_rest(tripsage__reader *r)
{
    const tripsage__json *own;
    const char *text, *start = NULL, *end = NULL;
    int64_t number;

    tripsage__read_date(r, "start_date", TRIPSAGE__OPTIONAL, &start);
    tripsage__read_date(r, "end_date", TRIPSAGE__OPTIONAL, &end);
    if (start && end && strcmp(end, start) < 0)
        tripsage__reader_complain(r, "end_date", "it is before the start");
    tripsage__read_text(r, "origin", TRIPSAGE__OPTIONAL, 0, PLACE_MAX, &text);
    tripsage__read_int(r, "adults", TRIPSAGE__OPTIONAL, 1, 20, &number);
    tripsage__read_int(r, "children", TRIPSAGE__OPTIONAL, 0, 20, &number);
    tripsage__read_int(r, "infants", TRIPSAGE__OPTIONAL, 0, 10, &number);
    tripsage__read_int(r, "guests", TRIPSAGE__OPTIONAL, 1, 40, &number);
    tripsage__read_object(r, "user_preferences", TRIPSAGE__OPTIONAL, OWN_MAX, &own);
}

static void read_sort(tripsage__search_request *q)
{
    static const char *const by[] = {"relevance", "price", "title", "distance", NULL};
    static const char *const orders[] = {"asc", "desc", NULL};

    q->sort_by = by[0];
    q->sort_order = orders[1];
    tripsage__read_word(&q->reader, "sort_by", TRIPSAGE__OPTIONAL, by, &q->sort_by);
    tripsage__read_word(&q->reader, "sort_order", TRIPSAGE__OPTIONAL, orders, &q->sort_order);
    if (q->sort_by == by[3] && !q->has_near)
        tripsage__reader_complain(&q->reader, "sort_by", "distance is from a point: give filters with one");
}

tripsage_status tripsage__search_request_read(tripsage__search_request *q, const char *json, size_t length)
{
    tripsage__reader *r = &q->reader;
    int named;
    tripsage_status status;

    memset(q, 0, sizeof *q);
    status = tripsage__reader_open(r, json, length);
    if (status != TRIPSAGE_OK)
        return status;
    q->limit = 20;
    q->radius_km = 100;
    if (tripsage__read_text(r, "query", TRIPSAGE__REQUIRED, 1, QUERY_MAX, &q->query) == TRIPSAGE__PRESENT &&
        strlen(q->query) > QUERY_MAX)
        tripsage__reader_complain(r, "query", "expected at most %d bytes", QUERY_MAX);
    named = read_types(q, "types");
    named |= read_types(q, "resource_types");
    if (!named)
        q->trips = q->destinations = 1;
    tripsage__read_int(r, "limit", TRIPSAGE__OPTIONAL, 1, 100, &q->limit);
    tripsage__read_text(r, "location", TRIPSAGE__OPTIONAL, 0, PLACE_MAX, &q->destination);
    tripsage__read_text(r, "destination", TRIPSAGE__OPTIONAL, 0, PLACE_MAX, &q->destination);
    if (q->query && q->destination && strlen(q->query) + strlen(q->destination) + 1 > QUERY_MAX)
        tripsage__reader_complain(r, "destination", "with the query it has more than %d bytes", QUERY_MAX);
    read_filters(q);
    read_sort(q);
    read_rest(r);
    tripsage__reader_close_object(r);
    return tripsage__reader_status(r);
}

void tripsage__search_request_free(tripsage__search_request *q)
{
    tripsage__reader_free(&q->reader);
}
