/* contract/trip_life.c: a trip is deleted, brought back, and removed for good. */
#include "contract.h"

static tripsage_doc *listed(const tripsage_actor *actor, tripsage_scope scope)
{
    tripsage_list_options options = TRIPSAGE_LIST_OPTIONS_INIT;

    options.scope = scope;
    return OK(tripsage_trip_list(OUT, world->trips, actor, &options));
}

START_TEST(deleting_hides_it_from_everybody)
{
    const char *id = test_cast_trip("{\"visibility\":\"public\"}");
    const tripsage_actor *actors[] = {world->owner, world->admin, world->edit, world->view, world->stranger};

    OK(tripsage_trip_delete(world->trips, world->owner, id, NULL));
    for (size_t i = 0; i < sizeof actors / sizeof actors[0]; i++) {
        FAILS(TRIPSAGE_ENOTFOUND, GET(actors[i], id));
        FAILS(TRIPSAGE_ENOTFOUND, tripsage_itinerary_get(OUT, world->trips, actors[i], id));
        FAILS(TRIPSAGE_ENOTFOUND, tripsage_trip_summary(OUT, world->trips, actors[i], id));
        FAILS(TRIPSAGE_ENOTFOUND, tripsage_collaborator_list(OUT, world->trips, actors[i], id));
        IS_COUNT(listed(actors[i], TRIPSAGE_SCOPE_ALL), "/items", 0);
        IS_COUNT(listed(actors[i], TRIPSAGE_SCOPE_OWN), "/items", 0);
        IS_COUNT(listed(actors[i], TRIPSAGE_SCOPE_SHARED), "/items", 0);
        IS_COUNT(listed(actors[i], TRIPSAGE_SCOPE_DELETED), "/items", i == 0 ? 1 : 0);
        IS_COUNT(OK(tripsage_trip_search(OUT, world->trips, actors[i], "kyoto", NULL)), "/items", 0);
    }
}
END_TEST

START_TEST(the_list_of_deleted_trips_says_when)
{
    const char *id = id_of(test_trip(world->owner, NULL));
    tripsage_doc *list;

    test_clock_advance(&world->chance, TEST_HOUR);
    OK(tripsage_trip_delete(world->trips, world->owner, id, NULL));
    list = listed(world->owner, TRIPSAGE_SCOPE_DELETED);
    IS_TEXT(list, "/items/0/id", id);
    IS_TEXT(list, "/items/0/deleted_at", "2026-03-01T13:00:00.000Z");
}
END_TEST

START_TEST(restoring_brings_all_of_it_back)
{
    const char *id = test_cast_trip(NULL);
    const char *item = id_of(test_item(world->owner, id, ITEM_JSON));
    tripsage_doc *back;

    test_note(world->edit, id, "Mind the gap");
    OK(tripsage_trip_delete(world->trips, world->owner, id, NULL));
    back = OK(tripsage_trip_restore(OUT, world->trips, world->owner, id));
    IS_TEXT(back, "/id", id);
    IS_NONE(back, "/deleted_at");
    SAME_TEXT(json_of(test_get(world->owner, id)), json_of(back));
    IS_TEXT(test_get(world->view, id), "/role", "view");
    OK(tripsage_item_get(OUT, world->trips, world->view, id, item));
    IS_COUNT(OK(tripsage_note_list(OUT, world->trips, world->owner, id)), "/items", 1);
    IS_COUNT(OK(tripsage_trip_search(OUT, world->trips, world->owner, "fushimi", NULL)), "/items", 1);
    IS_COUNT(listed(world->owner, TRIPSAGE_SCOPE_DELETED), "/items", 0);
    FAILS(TRIPSAGE_ECONFLICT, tripsage_trip_restore(OUT, world->trips, world->owner, id));
}
END_TEST

START_TEST(purging_is_for_good)
{
    const char *id = test_cast_trip(NULL);
    const char *item = id_of(test_item(world->owner, id, ITEM_JSON));

    FAILS(TRIPSAGE_ECONFLICT, tripsage_trip_purge(world->trips, world->owner, id));
    OK(tripsage_trip_delete(world->trips, world->owner, id, NULL));
    OK(tripsage_trip_purge(world->trips, world->owner, id));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_trip_restore(OUT, world->trips, world->owner, id));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_trip_purge(world->trips, world->owner, id));
    FAILS(TRIPSAGE_ENOTFOUND, GET(world->service, id));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_item_get(OUT, world->trips, world->owner, id, item));
    IS_COUNT(listed(world->owner, TRIPSAGE_SCOPE_DELETED), "/items", 0);
    IS_JSON(OK(tripsage_check(OUT, world->ts)), "/ok", "true");
}
END_TEST

START_TEST(deleting_twice_finds_nothing)
{
    const char *id = id_of(test_trip(world->owner, NULL));

    OK(tripsage_trip_delete(world->trips, world->owner, id, NULL));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_trip_delete(world->trips, world->owner, id, NULL));
}
END_TEST

START_TEST(deleting_heeds_the_version)
{
    tripsage_doc *trip = test_trip(world->owner, NULL);
    const char *id = id_of(trip);
    tripsage_write_options options = TRIPSAGE_WRITE_OPTIONS_INIT;

    options.if_version = tripsage_doc_version(trip) + 1;
    FAILS(TRIPSAGE_EPRECONDITION, tripsage_trip_delete(world->trips, world->owner, id, &options));
    options.if_version = tripsage_doc_version(trip);
    OK(tripsage_trip_delete(world->trips, world->owner, id, &options));
}
END_TEST

START_TEST(what_is_past_its_keeping_goes)
{
    const char *old = id_of(test_trip(world->owner, NULL));
    const char *young = id_of(test_trip(world->owner, NULL));
    const char *alive = id_of(test_trip(world->owner, NULL));

    OK(tripsage_trip_delete(world->trips, world->owner, old, NULL));
    test_clock_advance(&world->chance, 20 * TEST_DAY);
    OK(tripsage_trip_delete(world->trips, world->owner, young, NULL));
    test_clock_advance(&world->chance, 9 * TEST_DAY);
    IS_INT(OK(tripsage_purge_expired(OUT, world->ts, 0)), "/trips", 0);
    test_clock_advance(&world->chance, TEST_DAY + 1);
    IS_INT(OK(tripsage_purge_expired(OUT, world->ts, 0)), "/trips", 1);
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_trip_restore(OUT, world->trips, world->owner, old));
    IS_INT(OK(tripsage_purge_expired(OUT, world->ts, 5)), "/trips", 1);
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_trip_restore(OUT, world->trips, world->owner, young));
    OK(GET(world->owner, alive));
    IS_JSON(OK(tripsage_check(OUT, world->ts)), "/ok", "true");
}
END_TEST

START_TEST(a_restored_trip_may_be_deleted_again)
{
    const char *id = id_of(test_trip(world->owner, NULL));

    for (int i = 0; i < 3; i++) {
        OK(tripsage_trip_delete(world->trips, world->owner, id, NULL));
        OK(tripsage_trip_restore(OUT, world->trips, world->owner, id));
    }
    IS_COUNT(OK(tripsage_trip_search(OUT, world->trips, world->owner, "kyoto", NULL)), "/items", 1);
}
END_TEST

Suite *contract_trip_life(void)
{
    Suite *suite = suite_create("trip_life");
    TCase *tcase = test_case(suite, "trip_life");

    tcase_add_test(tcase, deleting_hides_it_from_everybody);
    tcase_add_test(tcase, the_list_of_deleted_trips_says_when);
    tcase_add_test(tcase, restoring_brings_all_of_it_back);
    tcase_add_test(tcase, purging_is_for_good);
    tcase_add_test(tcase, deleting_twice_finds_nothing);
    tcase_add_test(tcase, deleting_heeds_the_version);
    tcase_add_test(tcase, what_is_past_its_keeping_goes);
    tcase_add_test(tcase, a_restored_trip_may_be_deleted_again);
    return suite;
}
