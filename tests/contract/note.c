/* contract/note.c: what members write beside a trip. */
#include "contract.h"

#include <string.h>

static tripsage_status note_create(tripsage_doc **out, const tripsage_actor *actor, const char *trip, const char *json)
{
    return tripsage_note_create(out, world->trips, actor, trip, json, TRIPSAGE_NUL, NULL);
}

static tripsage_doc *notes(const tripsage_actor *actor, const char *trip)
{
    return OK(tripsage_note_list(OUT, world->trips, actor, trip));
}

START_TEST(a_note_says_who_and_when)
{
    const char *trip = test_cast_trip(NULL);
    tripsage_doc *note = test_note(world->edit, trip, "Bring \"cash\"\n\xe6\x97\x85");

    IS_TEXT(note, "/trip_id", trip);
    IS_TEXT(note, "/user_id", EDIT_ID);
    IS_TEXT(note, "/content", "Bring \"cash\"\n\xe6\x97\x85");
    IS_TEXT(note, "/created_at", "2026-03-01T12:00:00.000Z");
    IS_TEXT(note, "/updated_at", "2026-03-01T12:00:00.000Z");
    IS_INT(note, "/version", tripsage_doc_version(note));
    SAME_TEXT(json_of(OK(tripsage_note_get(OUT, world->trips, world->view, trip, id_of(note)))), json_of(note));
}
END_TEST

START_TEST(the_list_is_in_the_order_of_writing)
{
    const char *trip = test_cast_trip(NULL);
    tripsage_doc *list;

    IS_JSON(notes(world->owner, trip), "/items", "[]");
    IS_INT(notes(world->owner, trip), "/total", 0);
    for (int i = 0; i < 12; i++) {
        test_note(i % 2 ? world->owner : world->edit, trip, test_format("note %d", i));
        test_clock_advance(&world->chance, i % 3);
    }
    list = notes(world->view, trip);
    IS_INT(list, "/total", 12);
    IS_COUNT(list, "/items", 12);
    for (int i = 0; i < 12; i++)
        IS_TEXT(list, test_format("/items/%d/content", i), test_format("note %d", i));
}
END_TEST

START_TEST(refuses_a_bad_note)
{
    const char *trip = id_of(test_trip(world->owner, NULL));
    const char *longest = test_repeat("\xc3\xa9", 10000);

    FAILS_AT(TRIPSAGE_EINVALID, note_create(OUT, world->owner, trip, "{}"), "/content");
    FAILS_AT(TRIPSAGE_EINVALID, note_create(OUT, world->owner, trip, "{\"content\":\"\"}"), "/content");
    FAILS_AT(TRIPSAGE_EINVALID, note_create(OUT, world->owner, trip, "{\"content\":null}"), "/content");
    FAILS_AT(TRIPSAGE_EINVALID, note_create(OUT, world->owner, trip, "{\"content\":7,\"colour\":1}"), "/content",
             "/colour");
    FAILS_AT(TRIPSAGE_EINVALID, note_create(OUT, world->owner, trip, test_format("{\"content\":\"%sx\"}", longest)),
             "/content");
    FAILS(TRIPSAGE_EMALFORMED, note_create(OUT, world->owner, trip, "content"));
    OK(note_create(OUT, world->owner, trip, test_format("{\"content\":\"%s\"}", longest)));
    IS_INT(notes(world->owner, trip), "/total", 1);
}
END_TEST

START_TEST(a_note_is_changed_and_deleted)
{
    const char *trip = id_of(test_trip(world->owner, NULL));
    tripsage_doc *note = test_note(world->owner, trip, "first");
    const char *id = id_of(note);
    tripsage_write_options options = TRIPSAGE_WRITE_OPTIONS_INIT;
    tripsage_doc *after;

    options.if_version = tripsage_doc_version(note);
    test_clock_advance(&world->chance, TEST_HOUR);
    after = OK(tripsage_note_update(OUT, world->trips, world->owner, trip, id, "{\"content\":\"second\"}", TRIPSAGE_NUL,
                                    &options));
    IS_TEXT(after, "/content", "second");
    IS_TEXT(after, "/created_at", "2026-03-01T12:00:00.000Z");
    IS_TEXT(after, "/updated_at", "2026-03-01T13:00:00.000Z");
    ck_assert_int_gt(tripsage_doc_version(after), tripsage_doc_version(note));
    FAILS(TRIPSAGE_EPRECONDITION, tripsage_note_update(OUT, world->trips, world->owner, trip, id,
                                                       "{\"content\":\"third\"}", TRIPSAGE_NUL, &options));
    FAILS(TRIPSAGE_EPRECONDITION, tripsage_note_delete(world->trips, world->owner, trip, id, &options));
    FAILS_AT(TRIPSAGE_EINVALID,
             tripsage_note_update(OUT, world->trips, world->owner, trip, id, "{\"content\":null}", TRIPSAGE_NUL, NULL),
             "/content");
    OK(tripsage_note_delete(world->trips, world->owner, trip, id, NULL));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_note_get(OUT, world->trips, world->owner, trip, id));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_note_delete(world->trips, world->owner, trip, id, NULL));
    IS_INT(notes(world->owner, trip), "/total", 0);
}
END_TEST

/* Another's note stays his: the author does not change with the writer. */
START_TEST(an_admin_corrects_without_becoming_the_author)
{
    const char *trip = test_cast_trip(NULL);
    const char *id = id_of(test_note(world->edit, trip, "first"));

    IS_TEXT(OK(tripsage_note_update(OUT, world->trips, world->admin, trip, id, "{\"content\":\"second\"}", TRIPSAGE_NUL,
                                    NULL)),
            "/user_id", EDIT_ID);
}
END_TEST

START_TEST(sends_back_what_it_read)
{
    const char *trip = id_of(test_trip(world->owner, NULL));
    tripsage_doc *note = test_note(world->owner, trip, "first");

    OK(tripsage_note_update(OUT, world->trips, world->owner, trip, id_of(note), json_of(note), TRIPSAGE_NUL, NULL));
}
END_TEST

START_TEST(holds_a_thousand)
{
    const char *trip = id_of(test_trip(world->owner, NULL));
    const char *last = NULL;

    for (int i = 0; i < 1000; i++) {
        tripsage_doc *made = NULL;
        OK(note_create(&made, world->owner, trip, "{\"content\":\"n\"}"));
        if (i == 999)
            last = id_of(made);
        tripsage_doc_free(made);
    }
    FAILS(TRIPSAGE_ELIMIT, note_create(OUT, world->owner, trip, "{\"content\":\"n\"}"));
    IS_INT(notes(world->owner, trip), "/total", 1000);
    OK(tripsage_note_delete(world->trips, world->owner, trip, last, NULL));
    OK(note_create(OUT, world->owner, trip, "{\"content\":\"n\"}"));
}
END_TEST

Suite *contract_note(void)
{
    Suite *suite = suite_create("note");
    TCase *tcase = test_case(suite, "note");

    tcase_add_test(tcase, a_note_says_who_and_when);
    tcase_add_test(tcase, the_list_is_in_the_order_of_writing);
    tcase_add_test(tcase, refuses_a_bad_note);
    tcase_add_test(tcase, a_note_is_changed_and_deleted);
    tcase_add_test(tcase, an_admin_corrects_without_becoming_the_author);
    tcase_add_test(tcase, sends_back_what_it_read);
    tcase_add_test(tcase, holds_a_thousand);
    return suite;
}
