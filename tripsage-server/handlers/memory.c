/* handlers/memory.c: what a user said about himself. */
#include "handlers/handlers.h"
#include "respond.h"
#include "routes.h"

void memory_remember(request *r)
{
    tripsage_doc *results = NULL;

    respond_result(r, tripsage_memory_remember(&results, request_trips(r), r->actor, r->body.data, r->body.length), 200,
                   &results);
}

void memory_search(request *r)
{
    tripsage_doc *found = NULL;

    respond_result(r, tripsage_memory_search(&found, request_trips(r), r->actor, r->body.data, r->body.length), 200,
                   &found);
}

void memory_context(request *r)
{
    tripsage_doc *context = NULL;

    respond_result(r, tripsage_memory_context(&context, request_trips(r), r->actor), 200, &context);
}

void memory_preferences_put(request *r)
{
    tripsage_doc *all = NULL;

    respond_result(r, tripsage_memory_preferences_merge(&all, request_trips(r), r->actor, r->body.data, r->body.length),
                   200, &all);
}

void memory_preference_post(request *r)
{
    tripsage_doc *memory = NULL;
    tripsage_status status =
        tripsage_memory_preference_put(&memory, request_trips(r), r->actor, query_text(r, "key", ""),
                                       query_text(r, "value", ""), query_text(r, "category", NULL));

    respond_result(r, status, 200, &memory);
}

void memory_delete(request *r)
{
    static const char done[] = "{\"message\":\"the memory is forgotten\"}";
    tripsage_status status = tripsage_memory_delete(request_trips(r), r->actor, request_param(r, 0));

    if (status == TRIPSAGE_OK)
        respond_bytes(r, 200, "application/json", done, sizeof done - 1);
    else
        respond_failure(r, status);
}

void memory_stats(request *r)
{
    tripsage_doc *stats = NULL;

    respond_result(r, tripsage_memory_stats(&stats, request_trips(r), r->actor), 200, &stats);
}

void memory_clear(request *r)
{
    tripsage_doc *cleared = NULL;
    tripsage_status status =
        tripsage_memory_clear(&cleared, request_trips(r), r->actor, query_boolean(r, "confirm", 0));

    respond_result(r, status, 200, &cleared);
}
