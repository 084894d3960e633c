/* trip_memory_test.c: every call on trips with its first allocation failing, then its second, and so on: the answer is TRIPSAGE_ENOMEM, there
 * is no document and nothing was changed, until there are no more allocations to fail. A leak is the sanitizer's to find. */
#include "failing_allocator.h"
#include "fixture.h"
#include "unit/suite.h"

static char id[37], deleted[37], purged[37];

static void set_up(void)
{
    tripsage_doc *doc;

    ck_assert_int_eq(tripsage_set_allocator(&failing_allocator), TRIPSAGE_OK);
    fixture_open();
    make_trip(id, owner, KYOTO);
    make_trip(deleted, owner, KYOTO);
    make_trip(purged, owner, KYOTO);
    cast(id);
    OK(tripsage_item_create(
        &doc, trips, owner, id,
        "{\"item_type\":\"meal\",\"title\":\"Ramen\",\"item_date\":\"2026-11-03\",\"start_time\":\"12:00\"}",
        TRIPSAGE_NUL, NULL));
    tripsage_doc_free(doc);
    OK(tripsage_trip_delete(trips, owner, deleted, NULL));
    OK(tripsage_trip_delete(trips, owner, purged, NULL));
}

/* All that a failed call might have changed. */
static const char *state(void)
{
    return sql_text(
        "SELECT (SELECT group_concat(id || version || user_id) FROM trip) || (SELECT group_concat(user_id || level)"
        " FROM trip_collaborator) || (SELECT group_concat(acl || title) FROM trip_search)"
        " || (SELECT count(*) FROM idempotency_key) || (SELECT count(*) FROM itinerary_item)");
}

/* Gives how many allocations the call was tried with. */
static long fail_each_allocation(const char *name, tripsage_status (*call)(tripsage_doc **doc))
{
    tripsage_status status = TRIPSAGE_ENOMEM;
    static char before[65536];
    long n;

    strcpy(before, state());
    for (n = 0; status == TRIPSAGE_ENOMEM; n++) {
        tripsage_doc *doc = NULL;

        countdown = n;
        status = call(&doc);
        countdown = -1;
        ck_assert_msg(status == TRIPSAGE_OK || status == TRIPSAGE_ENOMEM, "%s: allocation %ld: %s: %s", name, n,
                      tripsage_status_name(status), tripsage_last_error()->message);
        if (status == TRIPSAGE_ENOMEM) {
            ck_assert_ptr_null(doc);
            ck_assert_msg(strcmp(state(), before) == 0, "%s: failing allocation %ld left something behind", name, n);
        }
        tripsage_doc_free(doc);
    }
    return n - 1;
}

#define SURVIVES(call) ck_assert_int_gt(fail_each_allocation(#call, call), 0)

#define FULL                                                                                                           \
    "{\"title\":\"Full\",\"description\":\"d\",\"start_date\":\"2026-11-02\",\"end_date\":\"2026-11-09\","             \
    "\"destinations\":[{\"name\":\"Kyoto\"},{\"name\":\"Osaka\"}],\"tags\":[\"a\",\"b\"],"                             \
    "\"budget\":{\"total\":9,\"currency\":\"EUR\",\"breakdown\":{\"food\":1}},\"preferences\":{\"a\":{\"b\":[1]}}}"

static tripsage_write_options keyed(const char *key)
{
    tripsage_write_options options = TRIPSAGE_WRITE_OPTIONS_INIT;

    options.idempotency_key = key;
    return options;
}

static tripsage_status create(tripsage_doc **doc)
{
    return tripsage_trip_create(doc, trips, owner, FULL, TRIPSAGE_NUL, NULL);
}

static tripsage_status create_keyed(tripsage_doc **doc)
{
    tripsage_write_options options = keyed("k");

    return tripsage_trip_create(doc, trips, owner, FULL, TRIPSAGE_NUL, &options);
}

static tripsage_status get(tripsage_doc **doc)
{
    return tripsage_trip_get(doc, trips, view, id);
}

static tripsage_status update(tripsage_doc **doc)
{
    return tripsage_trip_update(doc, trips, owner, id, FULL, TRIPSAGE_NUL, NULL);
}

static tripsage_status patch(tripsage_doc **doc)
{
    return tripsage_trip_patch(doc, trips, owner, id, "{\"budget\":{\"total\":10},\"preferences\":{\"c\":1}}",
                               TRIPSAGE_NUL, NULL);
}

static tripsage_status update_nothing(tripsage_doc **doc)
{
    return tripsage_trip_update(doc, trips, owner, id, "{}", TRIPSAGE_NUL, NULL);
}

static tripsage_status duplicate(tripsage_doc **doc)
{
    tripsage_write_options options = keyed("d");

    return tripsage_trip_duplicate(doc, trips, view, id, "{\"start_date\":\"2027-03-01\"}", TRIPSAGE_NUL, &options);
}

static tripsage_status list(tripsage_doc **doc)
{
    tripsage_list_options options = TRIPSAGE_LIST_OPTIONS_INIT;
    tripsage_doc *first = NULL;
    tripsage_status status;

    options.sort = TRIPSAGE_SORT_TITLE;
    options.limit = 1;
    options.with_total = 1;
    status = tripsage_trip_list(&first, trips, owner, &options);
    if (status == TRIPSAGE_OK) {
        options.cursor = tripsage_doc_next(first);
        status = tripsage_trip_list(doc, trips, owner, &options);
    }
    tripsage_doc_free(first);
    return status;
}

static tripsage_status search(tripsage_doc **doc)
{
    return tripsage_trip_search(doc, trips, owner, "kyoto \"full\"", NULL);
}

static tripsage_status share(tripsage_doc **doc)
{
    return tripsage_trip_share(doc, trips, owner, id, "{\"user_emails\":[\"" STRANGER_ID "\"]}", TRIPSAGE_NUL);
}

static tripsage_status collaborators(tripsage_doc **doc)
{
    return tripsage_collaborator_list(doc, trips, view, id);
}

static tripsage_status set_level(tripsage_doc **doc)
{
    return tripsage_collaborator_update(doc, trips, owner, id, VIEW_ID, "{\"permission_level\":\"edit\"}",
                                        TRIPSAGE_NUL);
}

static tripsage_status transfer(tripsage_doc **doc)
{
    return tripsage_trip_transfer(doc, trips, owner, id, "{\"user_id\":\"" ADMIN_ID "\"}", TRIPSAGE_NUL, NULL);
}

static tripsage_status restore(tripsage_doc **doc)
{
    return tripsage_trip_restore(doc, trips, owner, deleted);
}

START_TEST(lack_of_memory_changes_nothing)
{
    set_up();
    SURVIVES(create);
    SURVIVES(create_keyed);
    SURVIVES(create_keyed); /* now the answer that was kept */
    SURVIVES(get);
    SURVIVES(update);
    SURVIVES(patch);
    SURVIVES(update_nothing);
    SURVIVES(duplicate);
    SURVIVES(list);
    SURVIVES(search);
    SURVIVES(share);
    SURVIVES(collaborators);
    SURVIVES(set_level);
    SURVIVES(restore);
    SURVIVES(transfer);
    fixture_close();
}
END_TEST

/* Calls without a document; preparing a statement at its first use takes allocations too. */
static tripsage_status remove_one(tripsage_doc **doc)
{
    (void)doc;
    return tripsage_collaborator_remove(trips, owner, id, EDIT_ID);
}

static tripsage_status delete_one(tripsage_doc **doc)
{
    (void)doc;
    return tripsage_trip_delete(trips, owner, id, NULL);
}

static tripsage_status purge_one(tripsage_doc **doc)
{
    (void)doc;
    return tripsage_trip_purge(trips, owner, purged);
}

START_TEST(lack_of_memory_removes_nothing)
{
    set_up();
    SURVIVES(remove_one);
    fail_each_allocation("delete_one", delete_one); /* which needs none: it is the second of its kind */
    SURVIVES(purge_one);
    fixture_close();
}
END_TEST

START_TEST(opens_with_all_its_memory_or_not_at_all)
{
    tripsage_status status = TRIPSAGE_ENOMEM;
    char url[96];
    long n;

    set_up();
    snprintf(url, sizeof url, "sqlite://%s", fixture_path);
    for (n = 0; status == TRIPSAGE_ENOMEM; n++) {
        tripsage_trips *opened;

        countdown = n;
        status = tripsage_trips_open(&opened, url, NULL);
        countdown = -1;
        ck_assert_msg(status == TRIPSAGE_OK || status == TRIPSAGE_ENOMEM, "allocation %ld: %s: %s", n,
                      tripsage_status_name(status), tripsage_last_error()->message);
        ck_assert((status == TRIPSAGE_OK) == (opened != NULL));
        tripsage_trips_close(opened);
    }
    ck_assert_int_gt(n, 10);
    fixture_close();
}
END_TEST

SUITE_MAIN("trip/trip_memory", lack_of_memory_changes_nothing, lack_of_memory_removes_nothing,
           opens_with_all_its_memory_or_not_at_all)
