/* destination_test.c: the catalogue in the store and in memory: loading, single places, completing names, saved places. Search by words and
 * meaning is destination_search_test.c. */
#include "trip/destination.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tripsage/destination.h>

#include "../suite.h"

static const char ann_id[] = "11111111-1111-7111-8111-111111111111";
static const char bob_id[] = "22222222-2222-7222-8222-222222222222";

static tripsage_trips *trips;
static tripsage_actor *service, *ann, *bob;

static void open_at(const char *url)
{
    ck_assert_msg(tripsage_trips_open(&trips, url, NULL) == TRIPSAGE_OK, "%s", tripsage_last_error()->message);
    ck_assert_int_eq(tripsage_actor_service(&service), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_actor_user(&ann, ann_id), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_actor_user(&bob, bob_id), TRIPSAGE_OK);
}

static void close_all(void)
{
    tripsage_actor_free(service);
    tripsage_actor_free(ann);
    tripsage_actor_free(bob);
    tripsage_trips_close(trips);
}

/* ---- loading ---- */

static const tripsage__statement count_rows = {
    "count_rows",
    "SELECT (SELECT count(*) FROM destination), (SELECT count(*) FROM vector_item), "
    "(SELECT count(*) FROM destination_text WHERE destination_text MATCH 'kyoto'), (SELECT max(updated_at) FROM "
    "vector_item)",
    NULL};
static const tripsage__statement spoil_mark = {"spoil_mark",
                                               "UPDATE meta SET value = x'00' WHERE key LIKE 'destination%'", NULL};
static const tripsage__statement spoil_rows = {
    "spoil_rows", "UPDATE destination SET folded = 'nowhere', description = 'kyoto' WHERE seq > 3", NULL};
static const tripsage__statement add_row = {
    "add_row",
    "INSERT INTO destination SELECT 100000, 'gone-xx', name, folded, country, country_code, continent, latitude, "
    "longitude, "
    "timezone, currency, tags, best_months, daily_cost, description FROM destination WHERE seq = 1",
    NULL};

typedef struct counts {
    int64_t rows, vectors, matches, updated_at;
} counts;

static tripsage_status take_counts(void *context, const tripsage__row *row)
{
    counts *c = context;

    c->rows = tripsage__row_int(row, 0);
    c->vectors = tripsage__row_int(row, 1);
    c->matches = tripsage__row_int(row, 2);
    c->updated_at = tripsage__row_int(row, 3);
    return TRIPSAGE_OK;
}

static counts count_all(void)
{
    counts c = {-1, -1, -1, -1};
    const tripsage__step step = {&count_rows, NULL, 0, NULL, take_counts, &c, NULL};
    tripsage__store *store;

    ck_assert_int_eq(tripsage__catalogue_store(&store, trips, 1), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage__store_read(trips->store, NULL, &step, 1), TRIPSAGE_OK);
    return c;
}

START_TEST(a_catalogue_is_loaded_once_and_brought_up_to_date)
{
    static const tripsage__step spoil[] = {{&spoil_mark, NULL, 0, NULL, NULL, NULL, NULL},
                                           {&spoil_rows, NULL, 0, NULL, NULL, NULL, NULL},
                                           {&add_row, NULL, 0, NULL, NULL, NULL, NULL}};
    char path[] = "/tmp/tripsage-destination-XXXXXX", url[128];
    counts first, second, third;

    ck_assert_ptr_nonnull(mkdtemp(path));
    snprintf(url, sizeof url, "sqlite://%s/d.db", path);
    open_at(url);
    first = count_all();
    ck_assert_int_ge(first.rows, 400);
    ck_assert_int_eq(first.rows, (int64_t)trips->destinations->count);
    ck_assert_int_eq(first.vectors, first.rows);
    ck_assert_int_ge(first.matches, 1);
    close_all();

    open_at(url);
    second = count_all();
    ck_assert_int_eq(second.updated_at, first.updated_at); /* it was not written again */
    ck_assert_int_eq(tripsage__store_write(trips->store, NULL, spoil, 3), TRIPSAGE_OK);
    close_all();

    open_at(url);
    third = count_all();
    ck_assert_int_eq(third.rows, first.rows);
    ck_assert_int_eq(third.vectors, first.rows);
    ck_assert_int_eq(third.matches, first.matches);
    close_all();
    snprintf(url, sizeof url, "rm -rf %s", path);
    ck_assert_int_eq(system(url), 0);
}
END_TEST

/* ---- in memory ---- */

START_TEST(every_place_is_found_by_id_and_by_name)
{
    const tripsage__destination_index *index;

    open_at("sqlite::memory:");
    index = trips->destinations;
    for (size_t i = 0; i < index->count; i++) {
        const tripsage__destination *d = &index->all[i];

        ck_assert_ptr_eq(tripsage__destination_by_id(index, d->id), d);
        ck_assert_ptr_eq(tripsage__destination_find(index, d->id, "whatever", NULL, NULL), d);
        ck_assert_ptr_eq(tripsage__destination_find(index, NULL, d->name, d->country, NULL), d);
        ck_assert_ptr_eq(tripsage__destination_find(index, NULL, d->name, NULL, d->country_code), d);
        ck_assert_uint_lt(strlen(d->folded), 127);
    }
    close_all();
}
END_TEST

START_TEST(a_stop_is_matched_with_care)
{
    const tripsage__destination_index *index;
    const tripsage__destination *kyoto, *found;

    open_at("sqlite::memory:");
    index = trips->destinations;
    kyoto = tripsage__destination_by_id(index, "kyoto-jp");
    ck_assert_ptr_nonnull(kyoto);
    ck_assert_ptr_eq(tripsage__destination_find(index, NULL, "  KYŌTO ", NULL, NULL), kyoto);
    ck_assert_ptr_eq(tripsage__destination_find(index, NULL, "kyoto", "japan", "JP"), kyoto);
    ck_assert_ptr_null(tripsage__destination_find(index, NULL, "Kyoto", "France", NULL));
    ck_assert_ptr_null(tripsage__destination_find(index, NULL, "Kyoto", NULL, "FR"));
    ck_assert_ptr_null(tripsage__destination_find(index, NULL, "Kyot", NULL, NULL));
    ck_assert_ptr_null(tripsage__destination_find(index, NULL, "", NULL, NULL));
    ck_assert_ptr_null(tripsage__destination_find(index, NULL, NULL, NULL, NULL));
    ck_assert_ptr_null(tripsage__destination_find(index, "no-such", "Kyoto", NULL, NULL));
    ck_assert_ptr_null(tripsage__destination_find(NULL, "kyoto-jp", "Kyoto", NULL, NULL));
    found = tripsage__destination_find(index, NULL, "Sao Tome", NULL, NULL);
    ck_assert_ptr_nonnull(found);
    ck_assert_str_eq(found->id, "sao-tome-st");
    ck_assert_str_eq(tripsage__destination_find(index, NULL, "Chicago", "USA", NULL)->id, "chicago-us");
    ck_assert_str_eq(tripsage__destination_find(index, NULL, "Chicago", "US", NULL)->id, "chicago-us");
    ck_assert_str_eq(tripsage__destination_find(index, NULL, "Edinburgh", "Scotland", NULL)->id, "edinburgh-gb");
    ck_assert_str_eq(tripsage__destination_find(index, NULL, "London", "U.K.", NULL)->id, "london-gb");
    ck_assert_ptr_null(tripsage__destination_find(index, NULL, "London", "Canada", NULL));
    /* Granada is in Spain and in Nicaragua. */
    ck_assert_ptr_null(tripsage__destination_find(index, NULL, "Granada", NULL, NULL));
    found = tripsage__destination_find(index, NULL, "Granada", "Nicaragua", NULL);
    ck_assert_str_eq(found->id, "granada-ni");
    close_all();
}
END_TEST

START_TEST(an_index_is_made_from_complete_places_only)
{
    tripsage__destination_index *index;
    static const char missing[] = "[{\"id\":\"x\"}]", broken[] = "[{\"id\":";

    ck_assert_int_eq(tripsage__destination_index_new(&index, "[]", 2), TRIPSAGE_OK);
    ck_assert_ptr_null(tripsage__destination_by_id(index, "x"));
    tripsage__destination_index_free(index);
    ck_assert_int_eq(tripsage__destination_index_new(&index, missing, sizeof missing - 1), TRIPSAGE_ECORRUPT);
    ck_assert_ptr_null(index);
    ck_assert_int_ne(tripsage__destination_index_new(&index, broken, sizeof broken - 1), TRIPSAGE_OK);
    ck_assert_ptr_null(index);
    tripsage__destination_index_free(NULL);
}
END_TEST

START_TEST(a_place_is_read_by_its_id)
{
    tripsage_doc *doc;

    open_at("sqlite::memory:");
    ck_assert_int_eq(tripsage_destination_get(&doc, trips, ann, "kyoto-jp"), TRIPSAGE_OK);
    ck_assert_str_eq(tripsage_doc_text(doc, "/name"), "Kyoto");
    ck_assert_str_eq(tripsage_doc_text(doc, "/country_code"), "JP");
    ck_assert_str_eq(tripsage_doc_text(doc, "/continent"), "Asia");
    ck_assert_str_eq(tripsage_doc_text(doc, "/timezone"), "Asia/Tokyo");
    ck_assert_str_eq(tripsage_doc_text(doc, "/currency"), "JPY");
    ck_assert_str_eq(tripsage_doc_text(doc, "/daily_cost/currency"), "USD");
    ck_assert_int_gt(tripsage_doc_int(doc, "/daily_cost/amount", 0), 0);
    ck_assert_uint_ge(tripsage_doc_count(doc, "/tags"), 3);
    ck_assert_uint_ge(tripsage_doc_count(doc, "/best_months"), 1);
    ck_assert_double_eq_tol(tripsage_doc_number(doc, "/coordinates/latitude", 0), 35.0, 0.5);
    ck_assert_double_eq_tol(tripsage_doc_number(doc, "/coordinates/longitude", 0), 135.8, 0.5);
    ck_assert_uint_gt(strlen(tripsage_doc_text(doc, "/description")), 50);
    tripsage_doc_free(doc);
    ck_assert_int_eq(tripsage_destination_get(&doc, trips, service, "kyoto-jp"), TRIPSAGE_OK);
    tripsage_doc_free(doc);
    ck_assert_int_eq(tripsage_destination_get(&doc, trips, ann, "atlantis"), TRIPSAGE_ENOTFOUND);
    ck_assert_ptr_null(doc);
    ck_assert_int_eq(tripsage_destination_get(&doc, trips, ann, NULL), TRIPSAGE_ENOTFOUND);
    ck_assert_int_eq(tripsage_destination_get(&doc, trips, NULL, "kyoto-jp"), TRIPSAGE_EUNAUTHENTICATED);
    close_all();
}
END_TEST

static const char *completed(const char *prefix, uint32_t limit)
{
    static char ids[4096];
    tripsage_doc *doc;
    char pointer[32];

    ck_assert_int_eq(tripsage_destination_complete(&doc, trips, ann, prefix, limit), TRIPSAGE_OK);
    ids[0] = '\0';
    for (size_t i = 0; i < tripsage_doc_count(doc, "/items"); i++) {
        snprintf(pointer, sizeof pointer, "/items/%zu/id", i);
        snprintf(ids + strlen(ids), sizeof ids - strlen(ids), "%s%s", i ? " " : "", tripsage_doc_text(doc, pointer));
    }
    tripsage_doc_free(doc);
    return ids;
}

START_TEST(names_are_completed)
{
    tripsage_doc *doc;

    open_at("sqlite::memory:");
    ck_assert_str_eq(completed("kyo", 0), "kyoto-jp");
    ck_assert_str_eq(completed("São", 0), "sao-paulo-br sao-tome-st");
    ck_assert_str_eq(completed("sao  P", 0), "sao-paulo-br");
    ck_assert_str_eq(completed("jan", 0), "rio-de-janeiro-br");   /* a later word */
    ck_assert_int_eq(strncmp(completed("san", 0), "san-", 4), 0); /* names that begin so come first */
    ck_assert_str_eq(completed("zzz", 0), "");
    ck_assert_ptr_nonnull(strstr(completed("granada", 0), "granada-es granada-ni"));
    ck_assert_int_eq(tripsage_destination_complete(&doc, trips, ann, "", 50), TRIPSAGE_OK);
    ck_assert_uint_eq(tripsage_doc_count(doc, "/items"), 50);
    ck_assert_ptr_nonnull(tripsage_doc_text(doc, "/items/0/country"));
    tripsage_doc_free(doc);
    ck_assert_int_eq(tripsage_destination_complete(&doc, trips, ann, "a", 51), TRIPSAGE_EINVALID);
    ck_assert_str_eq(tripsage_last_error()->fields[0].pointer, "#limit");
    ck_assert_int_eq(tripsage_destination_complete(&doc, trips, ann, NULL, 1), TRIPSAGE_EINVALID);
    ck_assert_int_eq(tripsage_destination_complete(&doc, trips, NULL, "a", 1), TRIPSAGE_EUNAUTHENTICATED);
    close_all();
}
END_TEST

/* ---- saved places ---- */

static tripsage_doc *save(const tripsage_actor *actor, const char *json)
{
    tripsage_doc *doc;

    ck_assert_msg(tripsage_destination_save(&doc, trips, actor, json, TRIPSAGE_NUL) == TRIPSAGE_OK, "%s",
                  tripsage_last_error()->message);
    return doc;
}

START_TEST(a_place_is_saved_and_saved_again)
{
    tripsage_doc *doc;
    char id[64];

    open_at("sqlite::memory:");
    doc = save(ann, TRIPSAGE_JSON({"destination_id": "kyoto-jp"}));
    strcpy(id, tripsage_doc_text(doc, "/id"));
    ck_assert_str_eq(tripsage_doc_text(doc, "/user_id"), ann_id);
    ck_assert_str_eq(tripsage_doc_text(doc, "/destination/name"), "Kyoto");
    ck_assert_int_eq(tripsage_doc_int(doc, "/priority", 0), 3);
    ck_assert_ptr_null(tripsage_doc_text(doc, "/notes"));
    ck_assert_ptr_nonnull(tripsage_doc_text(doc, "/saved_at"));
    tripsage_doc_free(doc);
    doc = save(ann, TRIPSAGE_JSON({
                   "destination_id": "kyoto-jp", "notes": "in \"autumn\"", "priority": 5,
                   "planned_visit_date": "2027-11-20", "duration_days": 6}));
    ck_assert_str_eq(tripsage_doc_text(doc, "/id"), id);
    ck_assert_str_eq(tripsage_doc_text(doc, "/notes"), "in \"autumn\"");
    ck_assert_int_eq(tripsage_doc_int(doc, "/priority", 0), 5);
    ck_assert_str_eq(tripsage_doc_text(doc, "/planned_visit_date"), "2027-11-20");
    ck_assert_int_eq(tripsage_doc_int(doc, "/duration_days", 0), 6);
    tripsage_doc_free(doc);
    ck_assert_int_eq(tripsage_destination_saved(&doc, trips, ann), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_doc_int(doc, "/total", -1), 1);
    tripsage_doc_free(doc);
    close_all();
}
END_TEST

START_TEST(saved_places_are_ones_own_by_priority)
{
    tripsage_doc *doc;

    open_at("sqlite::memory:");
    tripsage_doc_free(save(ann, TRIPSAGE_JSON({"destination_id": "lima-pe", "priority": 1})));
    tripsage_doc_free(save(ann, TRIPSAGE_JSON({"destination_id": "paris-fr", "priority": 5})));
    tripsage_doc_free(save(ann, TRIPSAGE_JSON({"destination_id": "kyoto-jp"})));
    tripsage_doc_free(save(bob, TRIPSAGE_JSON({"destination_id": "rome-it"})));
    ck_assert_int_eq(tripsage_destination_saved(&doc, trips, ann), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_doc_int(doc, "/total", -1), 3);
    ck_assert_str_eq(tripsage_doc_text(doc, "/items/0/destination/id"), "paris-fr");
    ck_assert_str_eq(tripsage_doc_text(doc, "/items/1/destination/id"), "kyoto-jp");
    ck_assert_str_eq(tripsage_doc_text(doc, "/items/2/destination/id"), "lima-pe");
    tripsage_doc_free(doc);
    ck_assert_int_eq(tripsage_destination_unsave(trips, bob, "paris-fr"), TRIPSAGE_ENOTFOUND);
    ck_assert_int_eq(tripsage_destination_unsave(trips, ann, "paris-fr"), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_destination_unsave(trips, ann, "paris-fr"), TRIPSAGE_ENOTFOUND);
    ck_assert_int_eq(tripsage_destination_unsave(trips, ann, NULL), TRIPSAGE_ENOTFOUND);
    ck_assert_int_eq(tripsage_destination_unsave(trips, NULL, "lima-pe"), TRIPSAGE_EUNAUTHENTICATED);
    ck_assert_int_eq(tripsage_destination_saved(&doc, trips, service), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_doc_int(doc, "/total", -1), 0);
    tripsage_doc_free(doc);
    ck_assert_int_eq(tripsage_destination_saved(&doc, trips, NULL), TRIPSAGE_EUNAUTHENTICATED);
    close_all();
}
END_TEST

START_TEST(what_is_saved_is_checked)
{
    static const struct {
        const char *json, *field;
    } wrong[] = {
        {"{}", "/destination_id"},
        {"{\"destination_id\":\"atlantis\"}", "/destination_id"},
        {"{\"destination_id\":\"kyoto-jp\",\"priority\":0}", "/priority"},
        {"{\"destination_id\":\"kyoto-jp\",\"priority\":6}", "/priority"},
        {"{\"destination_id\":\"kyoto-jp\",\"duration_days\":0}", "/duration_days"},
        {"{\"destination_id\":\"kyoto-jp\",\"duration_days\":366}", "/duration_days"},
        {"{\"destination_id\":\"kyoto-jp\",\"planned_visit_date\":\"2027-02-30\"}", "/planned_visit_date"},
        {"{\"destination_id\":\"kyoto-jp\",\"trip_id\":\"x\"}", "/trip_id"},
        {"{\"destination_id\":\"kyoto-jp\",\"colour\":1}", "/colour"},
        {"{\"destination_id\":\"kyoto-jp\",\"trip_id\":\"018f6b1e-7c3a-7d10-9d5c-2f1b0a3c4d5e\"}", "/trip_id"},
    };
    tripsage_doc *doc;

    open_at("sqlite::memory:");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert_msg(tripsage_destination_save(&doc, trips, ann, wrong[i].json, TRIPSAGE_NUL) == TRIPSAGE_EINVALID,
                      "%s", wrong[i].json);
        ck_assert_str_eq(tripsage_last_error()->fields[0].pointer, wrong[i].field);
        ck_assert_ptr_null(doc);
    }
    ck_assert_int_eq(tripsage_destination_save(&doc, trips, ann, "{", TRIPSAGE_NUL), TRIPSAGE_EMALFORMED);
    ck_assert_int_eq(tripsage_destination_save(&doc, trips, NULL, "{}", TRIPSAGE_NUL), TRIPSAGE_EUNAUTHENTICATED);
    ck_assert_int_eq(tripsage_destination_save(&doc, trips, service, "{\"destination_id\":\"kyoto-jp\"}", TRIPSAGE_NUL),
                     TRIPSAGE_EFORBIDDEN);
    ck_assert_int_eq(tripsage_destination_saved(&doc, trips, ann), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_doc_int(doc, "/total", -1), 0);
    tripsage_doc_free(doc);
    close_all();
}
END_TEST

START_TEST(a_place_is_saved_for_a_trip_one_may_see)
{
    static const char trip[] = TRIPSAGE_JSON({
        "title": "Japan", "start_date": "2027-04-01", "end_date": "2027-04-09", "destinations": [ {"name": "Tokyo"} ]
    });
    char trip_id[64], json[256];
    tripsage_doc *doc;

    open_at("sqlite::memory:");
    ck_assert_int_eq(tripsage_trip_create(&doc, trips, ann, trip, TRIPSAGE_NUL, NULL), TRIPSAGE_OK);
    strcpy(trip_id, tripsage_doc_text(doc, "/id"));
    tripsage_doc_free(doc);
    snprintf(json, sizeof json, "{\"destination_id\":\"kyoto-jp\",\"trip_id\":\"%s\"}", trip_id);
    doc = save(ann, json);
    ck_assert_str_eq(tripsage_doc_text(doc, "/trip_id"), trip_id);
    tripsage_doc_free(doc);
    ck_assert_int_eq(tripsage_destination_save(&doc, trips, bob, json, TRIPSAGE_NUL), TRIPSAGE_EINVALID);
    ck_assert_int_eq(tripsage_trip_delete(trips, ann, trip_id, NULL), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_trip_purge(trips, ann, trip_id), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_destination_saved(&doc, trips, ann), TRIPSAGE_OK); /* stays, without the trip */
    ck_assert_str_eq(tripsage_doc_text(doc, "/items/0/destination/id"), "kyoto-jp");
    ck_assert_ptr_null(tripsage_doc_text(doc, "/items/0/trip_id"));
    tripsage_doc_free(doc);
    close_all();
}
END_TEST

START_TEST(a_stop_gets_what_it_lacks)
{
    static const char trip[] = TRIPSAGE_JSON({
        "title": "Two", "start_date": "2027-04-01", "end_date": "2027-04-09", "destinations": [
            {"name": "kyoto"}, {"name": "The coast", "destination_id": "amalfi-coast-it", "timezone": "Europe/Paris"},
            {"name": "Paris", "country": "United States"}, {"name": "Nowhere at all"}
        ]
    });
    tripsage_doc *doc;

    open_at("sqlite::memory:");
    ck_assert_int_eq(tripsage_trip_create(&doc, trips, ann, trip, TRIPSAGE_NUL, NULL), TRIPSAGE_OK);
    ck_assert_str_eq(tripsage_doc_text(doc, "/destinations/0/name"), "kyoto"); /* as it was typed */
    ck_assert_str_eq(tripsage_doc_text(doc, "/destinations/0/country"), "Japan");
    ck_assert_str_eq(tripsage_doc_text(doc, "/destinations/0/country_code"), "JP");
    ck_assert_str_eq(tripsage_doc_text(doc, "/destinations/0/timezone"), "Asia/Tokyo");
    ck_assert_double_eq_tol(tripsage_doc_number(doc, "/destinations/0/coordinates/latitude", 0), 35.0, 0.5);
    ck_assert_str_eq(tripsage_doc_text(doc, "/destinations/1/country_code"), "IT");
    ck_assert_str_eq(tripsage_doc_text(doc, "/destinations/1/timezone"), "Europe/Paris"); /* what it says stays */
    ck_assert_ptr_null(tripsage_doc_text(doc, "/destinations/2/timezone"));               /* another Paris */
    ck_assert_ptr_null(tripsage_doc_text(doc, "/destinations/3/country"));
    tripsage_doc_free(doc);
    close_all();
}
END_TEST

SUITE_MAIN("trip/destination", a_catalogue_is_loaded_once_and_brought_up_to_date,
           every_place_is_found_by_id_and_by_name, a_stop_is_matched_with_care,
           an_index_is_made_from_complete_places_only, a_place_is_read_by_its_id, names_are_completed,
           a_place_is_saved_and_saved_again, saved_places_are_ones_own_by_priority, what_is_saved_is_checked,
           a_place_is_saved_for_a_trip_one_may_see, a_stop_gets_what_it_lacks)
