/* destination.c: single places: read, written as JSON, and completed by name. All of it is answered from memory. */
#include "destination.h"

#include <tripsage/destination.h>

#include "base/json.h"
#include "destination_query.h"

/* ---- as JSON ---- */

static void put_text(tripsage__buf *buf, const char *name, const char *text)
{
    tripsage__buf_puts(buf, name);
    tripsage__json_put_string(buf, text);
}

static void put_months(tripsage__buf *buf, unsigned months)
{
    const char *separator = "";

    for (unsigned month = 1; month <= 12; month++)
        if (months & 1u << month) {
            tripsage__buf_printf(buf, "%s%u", separator, month);
            separator = ",";
        }
}

void tripsage__destination_put_open(tripsage__buf *buf, const tripsage__destination *d)
{
    put_text(buf, "{\"id\":", d->id);
    put_text(buf, ",\"name\":", d->name);
    put_text(buf, ",\"country\":", d->country);
    put_text(buf, ",\"country_code\":", d->country_code);
    put_text(buf, ",\"continent\":", d->continent);
    TRIPSAGE__LIT(buf, ",\"coordinates\":{\"latitude\":");
    tripsage__json_put_number(buf, d->latitude);
    TRIPSAGE__LIT(buf, ",\"longitude\":");
    tripsage__json_put_number(buf, d->longitude);
    put_text(buf, "},\"timezone\":", d->timezone);
    put_text(buf, ",\"currency\":", d->currency);
    TRIPSAGE__LIT(buf, ",\"tags\":");
    tripsage__json_put(buf, d->tags);
    TRIPSAGE__LIT(buf, ",\"best_months\":[");
    put_months(buf, d->months);
    TRIPSAGE__LIT(buf, "],\"daily_cost\":{\"amount\":");
    tripsage__buf_int(buf, d->daily_cost);
    put_text(buf, ",\"currency\":\"USD\"},\"description\":", d->description);
}

/* ---- by id ---- */

tripsage_status tripsage_destination_get(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                         const char *destination_id)
{
    const tripsage__destination *d;
    tripsage_doc *doc = NULL;
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__actor_check_scope(actor, TRIPSAGE__SCOPE_TRIPS_READ));
    d = tripsage__destination_by_id(trips->destinations, destination_id);
    if (!d)
        return TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is no such destination in the catalogue");
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 1024));
    tripsage__destination_put_open(&doc->json, d);
    tripsage__buf_putc(&doc->json, '}');
    return tripsage__doc_finish(out, doc, status);
out:
    return status;
}

/* ---- by the beginning of a name ---- */

/* 2: the name begins so; 1: another word of it does; 0: none. */
static int completes(const tripsage__destination *d, const char *prefix, size_t length)
{
    const char *at = d->folded;

    if (strncmp(at, prefix, length) == 0)
        return 2;
    while ((at = strchr(at, ' ')) != NULL)
        if (strncmp(++at, prefix, length) == 0)
            return 1;
    return 0;
}

static void put_completion(tripsage__buf *buf, const tripsage__destination *d)
{
    if (buf->data[buf->size - 1] != '[')
        tripsage__buf_putc(buf, ',');
    put_text(buf, "{\"id\":", d->id);
    put_text(buf, ",\"name\":", d->name);
    put_text(buf, ",\"country\":", d->country);
    tripsage__buf_putc(buf, '}');
}

tripsage_status tripsage_destination_complete(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                              const char *prefix, uint32_t limit)
{
    const tripsage__destination_index *index = trips->destinations;
    char folded[128];
    size_t length;
    uint32_t given = 0;
    tripsage_doc *doc = NULL;
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__actor_check_scope(actor, TRIPSAGE__SCOPE_TRIPS_READ));
    if (!prefix)
        return TRIPSAGE_FAIL_FIELD("#prefix", "expected what was typed so far");
    TRIPSAGE_TRY(tripsage__destination_limit(&limit));
    length = tripsage__words_fold(folded, sizeof folded, prefix, strlen(prefix));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 1024));
    TRIPSAGE__LIT(&doc->json, "{\"items\":[");
    for (int kind = 2; kind >= 1; kind--) /* names that begin so come before names with such a word */
        for (size_t i = 0; i < index->count && given < limit && tripsage__buf_status(&doc->json) == TRIPSAGE_OK; i++)
            if (completes(index->by_name[i], folded, length) == kind) {
                put_completion(&doc->json, index->by_name[i]);
                given++;
            }
    TRIPSAGE__LIT(&doc->json, "]}");
    return tripsage__doc_finish(out, doc, status);
out:
    return status;
}

/* ---- statements ---- */

const tripsage__statement *const *tripsage__destination_statements(size_t *count)
{
    static const tripsage__statement *const all[] = {
        &tripsage__sql_catalogue_checksum, &tripsage__sql_catalogue_clear, &tripsage__sql_catalogue_insert,
        &tripsage__sql_catalogue_reindex,  &tripsage__sql_catalogue_mark,  &tripsage__sql_destination_match,
        &tripsage__sql_saved_gate,         &tripsage__sql_saved_put,       &tripsage__sql_saved_read,
        &tripsage__sql_saved_list,         &tripsage__sql_saved_delete,    &tripsage__sql_suggest_trips,
    };

    *count = sizeof all / sizeof all[0];
    return all;
}
