/* contract/trip_update.c: changing a trip: update, merge patch, the ways of the status, and what a version is for. */
#include "contract.h"

#include <stdio.h>
#include <string.h>

START_TEST(changes_only_what_is_given)
{
    tripsage_doc *before = test_trip(world->owner, "{\"tags\":[\"food\"],\"travelers\":3,\"description\":\"Slow\"}");
    const char *id = id_of(before);
    tripsage_doc *after;

    test_clock_advance(&world->chance, TEST_HOUR);
    after = OK(UPDATE(world->owner, id, "{\"title\":\"Nara\"}"));
    IS_TEXT(after, "/title", "Nara");
    IS_JSON(after, "/tags", "[\"food\"]");
    IS_INT(after, "/travelers", 3);
    IS_TEXT(after, "/description", "Slow");
    IS_TEXT(after, "/created_at", "2026-03-01T12:00:00.000Z");
    IS_TEXT(after, "/updated_at", "2026-03-01T13:00:00.000Z");
    ck_assert_int_gt(tripsage_doc_version(after), tripsage_doc_version(before));
    SAME_TEXT(json_of(test_get(world->owner, id)), json_of(after));
}
END_TEST

START_TEST(changes_every_member)
{
    const char *id = id_of(test_trip(world->owner, NULL));
    tripsage_doc *trip = OK(UPDATE(
        world->owner, id,
        TRIPSAGE_JSON({"title" : "Nara", "description" : "Deer", "start_date" : "2027-01-01", "end_date" : "2027-01-03",
                                                  "destinations" : [ {"name" : "Nara"}, {"name" : "Osaka"} ], "status" : "booked", "trip_type" : "solo",
                                                  "visibility" : "public", "tags" : ["deer"], "travelers" : 2,
                                                  "budget" : {"total" : 100, "currency" : "KWD"}, "preferences" : {"a" : true}})));

    IS_TEXT(trip, "/title", "Nara");
    IS_TEXT(trip, "/description", "Deer");
    IS_TEXT(trip, "/start_date", "2027-01-01");
    IS_TEXT(trip, "/end_date", "2027-01-03");
    IS_INT(trip, "/duration_days", 3);
    IS_COUNT(trip, "/destinations", 2);
    IS_TEXT(trip, "/destinations/1/name", "Osaka");
    IS_TEXT(trip, "/status", "booked");
    IS_TEXT(trip, "/trip_type", "solo");
    IS_TEXT(trip, "/visibility", "public");
    IS_JSON(trip, "/tags", "[\"deer\"]");
    IS_INT(trip, "/travelers", 2);
    IS_TEXT(trip, "/budget/currency", "KWD");
    IS_JSON(trip, "/preferences", "{\"a\":true}");
}
END_TEST

START_TEST(null_goes_back_to_the_default)
{
    const char *id = id_of(test_trip(
        world->owner, "{\"description\":\"d\",\"trip_type\":\"solo\",\"visibility\":\"public\",\"tags\":[\"t\"],"
                      "\"travelers\":3,\"budget\":{\"total\":1,\"currency\":\"EUR\"},\"preferences\":{\"a\":1}}"));
    tripsage_doc *trip = OK(UPDATE(world->owner, id,
                                   "{\"description\":null,\"trip_type\":null,\"visibility\":null,\"tags\":null,"
                                   "\"travelers\":null,\"budget\":null,\"preferences\":null,\"status\":null}"));

    IS_NONE(trip, "/description");
    IS_TEXT(trip, "/trip_type", "leisure");
    IS_TEXT(trip, "/visibility", "private");
    IS_JSON(trip, "/tags", "[]");
    IS_INT(trip, "/travelers", 1);
    IS_NONE(trip, "/budget");
    IS_JSON(trip, "/preferences", "{}");
    IS_TEXT(trip, "/status", "planning");
    FAILS_AT(TRIPSAGE_EINVALID,
             UPDATE(world->owner, id, "{\"title\":null,\"start_date\":null,\"end_date\":null,\"destinations\":null}"),
             "/title", "/start_date", "/end_date", "/destinations");
}
END_TEST

START_TEST(update_replaces_nested_values_whole)
{
    const char *id = id_of(test_trip(world->owner, "{\"budget\":{\"total\":9,\"currency\":\"EUR\",\"breakdown\":{"
                                                   "\"food\":1}},\"preferences\":{\"a\":1,\"b\":2}}"));
    tripsage_doc *trip =
        OK(UPDATE(world->owner, id, "{\"budget\":{\"total\":5,\"currency\":\"USD\"},\"preferences\":{\"c\":3}}"));

    IS_INT(trip, "/budget/total", 5);
    IS_NONE(trip, "/budget/breakdown/food");
    IS_JSON(trip, "/preferences", "{\"c\":3}");
    FAILS_AT(TRIPSAGE_EINVALID, UPDATE(world->owner, id, "{\"budget\":{\"total\":5}}"), "/budget/currency");
}
END_TEST

START_TEST(patch_merges_objects)
{
    const char *id = id_of(test_trip(
        world->owner, "{\"budget\":{\"total\":9,\"currency\":\"EUR\",\"breakdown\":{\"food\":1,\"activities\":2}},"
                      "\"preferences\":{\"a\":1,\"b\":{\"x\":1,\"y\":2}},\"tags\":[\"t\"]}"));
    tripsage_doc *trip = OK(PATCH(world->owner, id,
                                  "{\"budget\":{\"total\":7,\"breakdown\":{\"food\":null}},"
                                  "\"preferences\":{\"a\":null,\"b\":{\"x\":5},\"c\":[1]},\"tags\":[\"u\"]}"));

    IS_INT(trip, "/budget/total", 7);
    IS_TEXT(trip, "/budget/currency", "EUR");
    IS_INT(trip, "/budget/breakdown/food", 0);
    IS_INT(trip, "/budget/breakdown/activities", 2);
    IS_JSON(trip, "/preferences", "{\"b\":{\"x\":5,\"y\":2},\"c\":[1]}");
    IS_JSON(trip, "/tags", "[\"u\"]");
    SAME_TEXT(json_of(test_get(world->owner, id)), json_of(trip));
}
END_TEST

START_TEST(patch_removes_with_null)
{
    const char *id = id_of(
        test_trip(world->owner, "{\"description\":\"d\",\"budget\":{\"total\":9,\"currency\":\"EUR\"},\"tags\":[\"t\"],"
                                "\"preferences\":{\"a\":1}}"));
    tripsage_doc *trip =
        OK(PATCH(world->owner, id, "{\"description\":null,\"budget\":null,\"tags\":null,\"preferences\":null}"));

    IS_NONE(trip, "/description");
    IS_NONE(trip, "/budget");
    IS_JSON(trip, "/tags", "[]");
    IS_JSON(trip, "/preferences", "{}");
    FAILS_AT(TRIPSAGE_EINVALID, PATCH(world->owner, id, "{\"title\":null}"), "/title");
}
END_TEST

/* The rules hold for what comes out of the merge, not only for the patch. */
START_TEST(patch_checks_the_merged_value)
{
    const char *id = id_of(test_trip(
        world->owner, "{\"budget\":{\"total\":10,\"currency\":\"EUR\",\"breakdown\":{\"food\":6,\"activities\":4}}}"));
    const char *before = test_snapshot(id);

    FAILS_AT(TRIPSAGE_EINVALID, PATCH(world->owner, id, "{\"budget\":{\"breakdown\":{\"miscellaneous\":1}}}"),
             "/budget/breakdown");
    FAILS_AT(TRIPSAGE_EINVALID, PATCH(world->owner, id, "{\"budget\":{\"total\":9}}"), "/budget/total");
    FAILS_AT(TRIPSAGE_EINVALID, PATCH(world->owner, id, "{\"budget\":{\"currency\":null}}"), "/budget/currency");
    FAILS_AT(TRIPSAGE_EINVALID, PATCH(world->owner, id, "{\"colour\":1,\"travelers\":0}"), "/colour", "/travelers");
    SAME_TEXT(test_snapshot(id), before);
}
END_TEST

/* A patch that makes an object where there was none. */
START_TEST(patch_makes_a_budget)
{
    const char *id = id_of(test_trip(world->owner, NULL));

    FAILS_AT(TRIPSAGE_EINVALID, PATCH(world->owner, id, "{\"budget\":{\"total\":9}}"), "/budget/currency");
    IS_INT(OK(PATCH(world->owner, id, "{\"budget\":{\"total\":9,\"currency\":\"EUR\"}}")), "/budget/total", 9);
}
END_TEST

START_TEST(preferences_keep_their_bound_when_merged)
{
    const char *id =
        id_of(test_trip(world->owner, test_format("{\"preferences\":{\"a\":\"%s\"}}", test_repeat("x", 10 * 1024))));

    FAILS_AT(TRIPSAGE_EINVALID,
             PATCH(world->owner, id, test_format("{\"preferences\":{\"b\":\"%s\"}}", test_repeat("y", 10 * 1024))),
             "/preferences");
}
END_TEST

START_TEST(dates_are_checked_together_with_the_stored_ones)
{
    const char *id = id_of(test_trip(world->owner, NULL));

    FAILS(TRIPSAGE_EINVALID, UPDATE(world->owner, id, "{\"start_date\":\"2026-11-10\"}"));
    FAILS(TRIPSAGE_EINVALID, PATCH(world->owner, id, "{\"end_date\":\"2026-11-01\"}"));
    FAILS_AT(TRIPSAGE_EINVALID, UPDATE(world->owner, id, "{\"start_date\":\"2026-12-02\",\"end_date\":\"2026-12-01\"}"),
             "/end_date");
    IS_INT(OK(UPDATE(world->owner, id, "{\"start_date\":\"2026-11-09\"}")), "/duration_days", 1);
    IS_INT(OK(UPDATE(world->owner, id, "{\"start_date\":\"2026-12-01\",\"end_date\":\"2026-12-02\"}")),
           "/duration_days", 2);
}
END_TEST

/* Every pair of states. A state may be said again, since what was read may be sent back. */
START_TEST(status_goes_its_ways)
{
    static const char *const states[] = {"planning", "booked", "in_progress", "completed", "cancelled"};
    static const char allowed[5][6] = {
        /*                 p b i c x */
        /* planning    */ "1100"
                          "1",
        /* booked      */
        "1111"
        "1",
        /* in_progress */
        "0011"
        "1",
        /* completed   */
        "0001"
        "0",
        /* cancelled   */
        "0000"
        "1",
    };

    for (size_t from = 0; from < 5; from++) {
        for (size_t to = 0; to < 5; to++) {
            const char *id = id_of(test_trip(world->owner, test_format("{\"status\":\"%s\"}", states[from])));
            const char *change = test_format("{\"status\":\"%s\",\"title\":\"Moved\"}", states[to]);
            int patch = (from + to) % 2;

            if (allowed[from][to] == '1') {
                IS_TEXT(OK(patch ? PATCH(world->owner, id, change) : UPDATE(world->owner, id, change)), "/status",
                        states[to]);
                continue;
            }
            test_fails(__FILE__, __LINE__, test_format("%s -> %s", states[from], states[to]), TRIPSAGE_ECONFLICT,
                       patch ? PATCH(world->owner, id, change) : UPDATE(world->owner, id, change),
                       (const char *const[]){"/status"}, 1);
            IS_TEXT(test_get(world->owner, id), "/status", states[from]);
            IS_TEXT(test_get(world->owner, id), "/title", "Kyoto in autumn");
        }
    }
}
END_TEST

START_TEST(status_conflict_says_what_is_allowed)
{
    const char *id = id_of(test_trip(world->owner, NULL));
    const char *message;

    FAILS_AT(TRIPSAGE_ECONFLICT, UPDATE(world->owner, id, "{\"status\":\"completed\"}"), "/status");
    message = tripsage_last_error()->fields[0].message;
    ck_assert_msg(strstr(message, "booked") && strstr(message, "cancelled"), "%s", message);
    ck_assert_msg(!strstr(message, "in_progress"), "%s", message);
}
END_TEST

static tripsage_write_options at_version(int64_t version)
{
    tripsage_write_options options = TRIPSAGE_WRITE_OPTIONS_INIT;

    options.if_version = version;
    return options;
}

START_TEST(a_lost_race_is_told)
{
    tripsage_doc *trip = test_trip(world->owner, NULL);
    const char *id = id_of(trip);
    tripsage_write_options first = at_version(tripsage_doc_version(trip));
    tripsage_write_options second;
    tripsage_doc *changed =
        OK(tripsage_trip_update(OUT, world->trips, world->owner, id, "{\"title\":\"A\"}", TRIPSAGE_NUL, &first));

    FAILS(TRIPSAGE_EPRECONDITION,
          tripsage_trip_update(OUT, world->trips, world->owner, id, "{\"title\":\"B\"}", TRIPSAGE_NUL, &first));
    FAILS(TRIPSAGE_EPRECONDITION,
          tripsage_trip_patch(OUT, world->trips, world->owner, id, "{\"title\":\"B\"}", TRIPSAGE_NUL, &first));
    FAILS(TRIPSAGE_EPRECONDITION, tripsage_trip_delete(world->trips, world->owner, id, &first));
    IS_TEXT(test_get(world->owner, id), "/title", "A");
    second = at_version(tripsage_doc_version(changed));
    OK(tripsage_trip_patch(OUT, world->trips, world->owner, id, "{\"title\":\"B\"}", TRIPSAGE_NUL, &second));
    second = at_version(INT64_MAX);
    FAILS(TRIPSAGE_EPRECONDITION,
          tripsage_trip_patch(OUT, world->trips, world->owner, id, "{\"title\":\"C\"}", TRIPSAGE_NUL, &second));
}
END_TEST

/* Who may not change it is told that, whatever version he names. */
START_TEST(permission_comes_before_the_version)
{
    const char *id = test_cast_trip(NULL);
    tripsage_write_options stale = at_version(INT64_MAX);

    FAILS(TRIPSAGE_EFORBIDDEN,
          tripsage_trip_update(OUT, world->trips, world->view, id, "{\"title\":\"B\"}", TRIPSAGE_NUL, &stale));
    FAILS(TRIPSAGE_ENOTFOUND,
          tripsage_trip_update(OUT, world->trips, world->stranger, id, "{\"title\":\"B\"}", TRIPSAGE_NUL, &stale));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_trip_delete(world->trips, world->edit, id, &stale));
}
END_TEST

/* An editor may send back the whole trip he read: an unchanged visibility is no change of it. */
START_TEST(an_editor_sends_back_what_he_read)
{
    const char *id = test_cast_trip(NULL);
    tripsage_doc *read = test_get(world->edit, id);
    tripsage_doc *after = OK(UPDATE(world->edit, id, test_with(json_of(read), "{\"title\":\"Edited\"}")));

    IS_TEXT(after, "/title", "Edited");
    IS_TEXT(after, "/role", "edit");
}
END_TEST

/* ---- many at once ---- */

enum { CLERKS = 8, ROUNDS = 25 };

typedef struct race {
    const char *id;
    tripsage_trips *trips;
    const tripsage_actor *actor;
    int lost[CLERKS];
    tripsage_status failed[CLERKS];
} race;

/* Reads, adds one, writes if nobody was faster; again until it worked. */
static void add_rounds(size_t index, void *context)
{
    race *r = context;

    for (int done = 0; done < ROUNDS;) {
        tripsage_doc *read = NULL, *written = NULL;
        tripsage_write_options options = TRIPSAGE_WRITE_OPTIONS_INIT;
        tripsage_status status = tripsage_trip_get(&read, r->trips, r->actor, r->id);
        char json[64];

        if (status == TRIPSAGE_OK) {
            options.if_version = tripsage_doc_version(read);
            snprintf(json, sizeof json, "{\"preferences\":{\"n\":%lld}}",
                     (long long)tripsage_doc_int(read, "/preferences/n", 0) + 1);
            status = tripsage_trip_patch(&written, r->trips, r->actor, r->id, json, TRIPSAGE_NUL, &options);
        }
        tripsage_doc_free(read);
        tripsage_doc_free(written);
        if (status == TRIPSAGE_OK) {
            done++;
        } else if (status == TRIPSAGE_EPRECONDITION) {
            r->lost[index]++;
        } else {
            r->failed[index] = status;
            return;
        }
    }
}

START_TEST(no_update_is_lost)
{
    tripsage_doc *trip = test_trip(world->owner, NULL);
    race r = {.id = id_of(trip), .trips = world->trips, .actor = world->owner};
    int64_t before = tripsage_doc_version(trip);
    tripsage_doc *after;

    test_threads_run(CLERKS, add_rounds, &r);
    for (size_t i = 0; i < CLERKS; i++)
        ck_assert_msg(r.failed[i] == TRIPSAGE_OK, "thread %zu: %s", i, tripsage_status_name(r.failed[i]));
    after = test_get(world->owner, r.id);
    IS_INT(after, "/preferences/n", CLERKS * ROUNDS);
    ck_assert_int_eq(tripsage_doc_version(after) - before, CLERKS * ROUNDS);
}
END_TEST

Suite *contract_trip_update(void)
{
    Suite *suite = suite_create("trip_update");
    TCase *tcase = test_case(suite, "trip_update");

    tcase_add_test(tcase, changes_only_what_is_given);
    tcase_add_test(tcase, changes_every_member);
    tcase_add_test(tcase, null_goes_back_to_the_default);
    tcase_add_test(tcase, update_replaces_nested_values_whole);
    tcase_add_test(tcase, patch_merges_objects);
    tcase_add_test(tcase, patch_removes_with_null);
    tcase_add_test(tcase, patch_checks_the_merged_value);
    tcase_add_test(tcase, patch_makes_a_budget);
    tcase_add_test(tcase, preferences_keep_their_bound_when_merged);
    tcase_add_test(tcase, dates_are_checked_together_with_the_stored_ones);
    tcase_add_test(tcase, status_goes_its_ways);
    tcase_add_test(tcase, status_conflict_says_what_is_allowed);
    tcase_add_test(tcase, a_lost_race_is_told);
    tcase_add_test(tcase, permission_comes_before_the_version);
    tcase_add_test(tcase, an_editor_sends_back_what_he_read);
    tcase_add_test(test_threads_case(suite, "trip_update"), no_update_is_lost);
    return suite;
}
