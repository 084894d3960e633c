/* handlers/destinations.c: the catalogue of destinations, the ones a user saved, and suggestions. */
#include <string.h>

#include "body.h"
#include "handlers/handlers.h"
#include "respond.h"
#include "routes.h"

/* As many tags as one destination can sensibly be asked to have. */
#define TAGS_MAX      16
#define INTERESTS_MAX 32

void destination_get(request *r)
{
    tripsage_doc *destination = NULL;

    respond_result(r, tripsage_destination_get(&destination, request_trips(r), r->actor, request_param(r, 0)), 200,
                   &destination);
}

/* Splits "food,temples" in place (in the arena). */
static size_t split_list(char *list, const char **out, size_t max)
{
    size_t count = 0;

    for (char *element; list && count < max && (element = strsep(&list, ",")) != NULL;)
        if (*element)
            out[count++] = element;
    return count;
}

static char *keep_text(request *r, const char *value)
{
    char *kept = value ? request_keep(r, strlen(value) + 1) : NULL;

    return kept ? strcpy(kept, value) : NULL;
}

static void search(request *r, const tripsage_destination_query *query, const renamed *names)
{
    tripsage_doc *found = NULL;
    tripsage_status status = tripsage_destination_search(&found, request_trips(r), r->actor, query);

    respond_result_renamed(r, status, &found, names);
}

void destination_search_get(request *r)
{
    static const renamed by_q[] = {{"#text", "#q"}, {NULL, NULL}}, by_query[] = {{"#text", "#query"}, {NULL, NULL}};
    tripsage_destination_query query = TRIPSAGE_DESTINATION_QUERY_INIT;
    const char *tags[TAGS_MAX];

    query.text = query_text(r, "q", query_text(r, "query", NULL));
    query.limit = (uint32_t)query_integer(r, "limit", 0);
    query.continent = query_text(r, "continent", NULL);
    query.country_code = query_text(r, "country_code", NULL);
    query.tags = tags;
    query.tag_count = split_list(keep_text(r, query_text(r, "tags", NULL)), tags, TAGS_MAX);
    query.month = (int)query_integer(r, "month", 0);
    query.max_daily_cost = query_integer(r, "max_daily_cost", 0);
    query.has_near = query_text(r, "latitude", NULL) && query_text(r, "longitude", NULL);
    query.latitude = query_number(r, "latitude", 0);
    query.longitude = query_number(r, "longitude", 0);
    query.radius_km = query_number(r, "radius_km", 500);
    search(r, &query, query_text(r, "q", NULL) ? by_q : by_query);
}

void destination_search_post(request *r)
{
    static const renamed names[] = {{"#text", "/query"},
                                    {"#continent", "/continent"},
                                    {"#country_code", "/country_code"},
                                    {"#latitude", "/latitude"},
                                    {"#longitude", "/longitude"},
                                    {"#radius_km", "/radius_km"},
                                    {NULL, NULL}};
    tripsage_destination_query query = TRIPSAGE_DESTINATION_QUERY_INIT;
    tripsage_doc *body = body_parse(r);
    const char *tags[TAGS_MAX];

    if (!body)
        return;
    query.text = body_text(r, body, "/query", 800);
    query.limit = (uint32_t)body_integer(r, body, "/limit", 1, 50, 0);
    query.continent = body_text(r, body, "/continent", 64);
    query.country_code = body_text(r, body, "/country_code", 2);
    query.tags = tags;
    query.tag_count = body_texts(r, body, tripsage_doc_kind(body, "/tags") ? "/tags" : "/categories", tags, TAGS_MAX);
    query.month = (int)body_integer(r, body, "/travel_month", 1, 12, 0);
    query.max_daily_cost = body_integer(r, body, "/max_daily_cost", 1, INT64_C(100000000), 0);
    query.has_near = body_has(body, "/latitude") && body_has(body, "/longitude");
    query.latitude = tripsage_doc_number(body, "/latitude", 0);
    query.longitude = tripsage_doc_number(body, "/longitude", 0);
    query.radius_km = tripsage_doc_number(body, "/radius_km", 500);
    if (!body_accept(r, body))
        return;
    search(r, &query, names);
    tripsage_doc_free(body);
}

/* ---- saved ---- */

void destination_save(request *r)
{
    tripsage_doc *saved = NULL;
    tripsage_status status =
        tripsage_destination_save(&saved, request_trips(r), r->actor, r->body.data, r->body.length);

    respond_result(r, status, 201, &saved);
}

void destination_saved(request *r)
{
    tripsage_doc *list = NULL;

    respond_result(r, tripsage_destination_saved(&list, request_trips(r), r->actor), 200, &list);
}

void destination_unsave(request *r)
{
    respond_done(r, tripsage_destination_unsave(request_trips(r), r->actor, request_param(r, 0)));
}

/* ---- suggestions ---- */

static void suggest(request *r, const tripsage_suggest_options *options, const renamed *names)
{
    tripsage_doc *suggestions = NULL;
    tripsage_status status = tripsage_suggest(&suggestions, request_trips(r), r->actor, options);

    respond_result_renamed(r, status, &suggestions, names);
}

void trip_suggestions(request *r)
{
    static const renamed names[] = {{NULL, NULL}};
    tripsage_suggest_options options = TRIPSAGE_SUGGEST_OPTIONS_INIT;

    options.limit = (uint32_t)query_integer(r, "limit", 0);
    options.budget_max = query_integer(r, "budget_max", 0);
    options.category = query_text(r, "category", NULL);
    options.month = (int)query_integer(r, "month", 0);
    options.days = (int)query_integer(r, "days", 0);
    options.interests = query_text(r, "interests", NULL);
    suggest(r, &options, names);
}

/* Interests and travel style become one text, to be weighed by its meaning. */
static const char *join_interests(request *r, tripsage_doc *body)
{
    const char *interests[INTERESTS_MAX], *style = body_text(r, body, "/travel_style", 200);
    size_t count = body_texts(r, body, "/user_interests", interests, INTERESTS_MAX);

    for (size_t i = 0; i < count; i++) {
        buffer_puts(&r->composed, interests[i]);
        BUFFER_LIT(&r->composed, " ");
    }
    if (style)
        buffer_puts(&r->composed, style);
    buffer_put(&r->composed, "", 1);
    return !r->composed.failed && r->composed.size > 1 ? r->composed.data : NULL;
}

void destination_recommend(request *r)
{
    static const renamed names[] = {{"#interests", "/user_interests"}, {NULL, NULL}};
    tripsage_suggest_options options = TRIPSAGE_SUGGEST_OPTIONS_INIT;
    tripsage_doc *body = body_parse(r);

    if (!body)
        return;
    options.interests = join_interests(r, body);
    options.limit = (uint32_t)body_integer(r, body, "/limit", 1, 20, 5);
    options.days = (int)body_integer(r, body, "/trip_duration_days", 1, 365, 0);
    options.month = (int)body_integer(r, body, "/travel_month", 1, 12, 0);
    options.budget_max = body_integer(r, body, "/budget_max", 1, INT64_C(100000000000), 0);
    if (!body_accept(r, body))
        return;
    suggest(r, &options, names);
    tripsage_doc_free(body);
}
