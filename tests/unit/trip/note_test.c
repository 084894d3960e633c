/* note_test.c: notes: who writes, who reads, who changes whose, and that nobody outside learns of them. */
#include "itinerary_fixture.h"
#include "trip/note.h"

static void add_note(char id[40], const tripsage_actor *actor, const char *json)
{
    tripsage_doc *doc;

    ck_assert_ok(tripsage_note_create(&doc, trips, actor, trip_id, json, TRIPSAGE_NUL, NULL));
    if (id)
        snprintf(id, 40, "%s", tripsage_doc_text(doc, "/id"));
    tripsage_doc_free(doc);
}

START_TEST(a_note_comes_back_whole)
{
    tripsage_doc *made, *read;

    ck_assert_ok(tripsage_note_create(&made, trips, editor, trip_id,
                                      "{\"content\":\"Bring \\\"cash\\\"\\nand \xe5\x86\x86\",\"id\":1,\"trip_id\":2,"
                                      "\"user_id\":3,\"version\":4,\"created_at\":5,\"updated_at\":6}",
                                      TRIPSAGE_NUL, NULL));
    ck_assert_ok(tripsage_note_get(&read, trips, viewer, trip_id, tripsage_doc_text(made, "/id")));
    ck_assert_str_eq(tripsage_doc_json(made, NULL), tripsage_doc_json(read, NULL));
    ck_assert_int_eq(tripsage_doc_version(made), 1);
    ck_assert_int_eq(tripsage_doc_version(read), 1);
    ck_assert_str_eq(tripsage_doc_text(read, "/trip_id"), trip_id);
    ck_assert_str_eq(tripsage_doc_text(read, "/user_id"), tripsage_actor_user_id(editor));
    ck_assert_str_eq(tripsage_doc_text(read, "/content"), "Bring \"cash\"\nand \xe5\x86\x86");
    ck_assert_str_eq(tripsage_doc_text(read, "/created_at"), "2026-03-01T12:00:00.000Z");
    tripsage_doc_free(made);
    tripsage_doc_free(read);
}
END_TEST

START_TEST(refuses_each_bad_member_by_name)
{
    static const struct {
        const char *json, *pointer;
    } cases[] = {
        {"{}", "/content"},
        {"{\"content\":null}", "/content"},
        {"{\"content\":\"\"}", "/content"},
        {"{\"content\":\" \\n\"}", "/content"},
        {"{\"content\":7}", "/content"},
        {"{\"content\":\"x\",\"title\":\"y\"}", "/title"},
        {"[]", ""},
    };
    tripsage_doc *doc;
    char id[40];

    add_note(id, owner, "{\"content\":\"first\"}");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert_fails(tripsage_note_create(&doc, trips, owner, trip_id, cases[i].json, TRIPSAGE_NUL, NULL),
                        TRIPSAGE_EINVALID);
        assert_field(cases[i].pointer);
        ck_assert_ptr_null(doc);
        if (i == 0)
            continue; /* an update may leave it out */
        ck_assert_fails(tripsage_note_update(&doc, trips, owner, trip_id, id, cases[i].json, TRIPSAGE_NUL, NULL),
                        TRIPSAGE_EINVALID);
        assert_field(cases[i].pointer);
        ck_assert_ptr_null(doc);
    }
    ck_assert_fails(tripsage_note_create(&doc, trips, owner, trip_id, "{\"content\":", TRIPSAGE_NUL, NULL),
                    TRIPSAGE_EMALFORMED);
}
END_TEST

START_TEST(ten_thousand_characters_fit)
{
    static char json[32 * 1024];
    size_t at = (size_t)snprintf(json, sizeof json, "{\"content\":\"");
    tripsage_doc *doc;

    for (int i = 0; i < 10000; i++)
        at += (size_t)snprintf(json + at, sizeof json - at, "\xc3\xa9");
    strcpy(json + at, "\"}");
    ck_assert_ok(tripsage_note_create(&doc, trips, owner, trip_id, json, TRIPSAGE_NUL, NULL));
    tripsage_doc_free(doc);
    strcpy(json + at, "a\"}");
    ck_assert_fails(tripsage_note_create(&doc, trips, owner, trip_id, json, TRIPSAGE_NUL, NULL), TRIPSAGE_EINVALID);
    assert_field("/content");
}
END_TEST

START_TEST(roles_decide)
{
    const struct {
        const tripsage_actor *actor;
        tripsage_status reads, writes, changes_others;
    } people[] = {
        {owner, TRIPSAGE_OK, TRIPSAGE_OK, TRIPSAGE_OK},
        {admin, TRIPSAGE_OK, TRIPSAGE_OK, TRIPSAGE_OK},
        {service, TRIPSAGE_OK, TRIPSAGE_OK, TRIPSAGE_OK},
        {editor, TRIPSAGE_OK, TRIPSAGE_OK, TRIPSAGE_EFORBIDDEN},
        {viewer, TRIPSAGE_OK, TRIPSAGE_EFORBIDDEN, TRIPSAGE_EFORBIDDEN},
        {stranger, TRIPSAGE_ENOTFOUND, TRIPSAGE_ENOTFOUND, TRIPSAGE_ENOTFOUND},
        {NULL, TRIPSAGE_EUNAUTHENTICATED, TRIPSAGE_EUNAUTHENTICATED, TRIPSAGE_EUNAUTHENTICATED},
    };

    for (size_t i = 0; i < sizeof people / sizeof people[0]; i++) {
        const tripsage_actor *actor = people[i].actor;
        tripsage_doc *doc;
        char id[40];

        add_note(id, owner, "{\"content\":\"the owner's\"}");
        ck_assert_int_eq(tripsage_note_get(&doc, trips, actor, trip_id, id), people[i].reads);
        tripsage_doc_free(doc);
        ck_assert_int_eq(tripsage_note_list(&doc, trips, actor, trip_id), people[i].reads);
        tripsage_doc_free(doc);
        ck_assert_int_eq(tripsage_note_create(&doc, trips, actor, trip_id, "{\"content\":\"x\"}", TRIPSAGE_NUL, NULL),
                         people[i].writes);
        tripsage_doc_free(doc);
        ck_assert_int_eq(
            tripsage_note_update(&doc, trips, actor, trip_id, id, "{\"content\":\"changed\"}", TRIPSAGE_NUL, NULL),
            people[i].changes_others);
        tripsage_doc_free(doc);
        ck_assert_int_eq(ask_sql("SELECT content = 'changed' FROM trip_note WHERE id = $1", id),
                         people[i].changes_others == TRIPSAGE_OK);
        ck_assert_int_eq(tripsage_note_delete(trips, actor, trip_id, id, NULL), people[i].changes_others);
        ck_assert_int_eq(ask_sql("SELECT count(*) FROM trip_note WHERE id = $1", id),
                         people[i].changes_others != TRIPSAGE_OK);
    }
}
END_TEST

START_TEST(an_author_changes_his_own)
{
    tripsage_doc *doc;
    char id[40];

    add_note(id, editor, "{\"content\":\"mine\"}");
    ck_assert_ok(
        tripsage_note_update(&doc, trips, editor, trip_id, id, "{\"content\":\"still mine\"}", TRIPSAGE_NUL, NULL));
    ck_assert_str_eq(tripsage_doc_text(doc, "/content"), "still mine");
    ck_assert_str_eq(tripsage_doc_text(doc, "/user_id"), tripsage_actor_user_id(editor));
    ck_assert_int_eq(tripsage_doc_version(doc), 2);
    tripsage_doc_free(doc);

    /* and no longer once he may not edit */
    run_sql("UPDATE trip_collaborator SET level = $2 WHERE user_id = $1", tripsage_actor_user_id(editor), 2);
    ck_assert_fails(tripsage_note_update(&doc, trips, editor, trip_id, id, "{\"content\":\"x\"}", TRIPSAGE_NUL, NULL),
                    TRIPSAGE_EFORBIDDEN);
    ck_assert_fails(tripsage_note_delete(trips, editor, trip_id, id, NULL), TRIPSAGE_EFORBIDDEN);
    run_sql("UPDATE trip_collaborator SET level = $2 WHERE user_id = $1", tripsage_actor_user_id(editor), 3);
    ck_assert_ok(tripsage_note_delete(trips, editor, trip_id, id, NULL));
    ck_assert_fails(tripsage_note_delete(trips, editor, trip_id, id, NULL), TRIPSAGE_ENOTFOUND);
}
END_TEST

START_TEST(the_service_role_is_nobodys_author)
{
    tripsage_doc *doc;
    char id[40];

    ck_assert_ok(tripsage_note_create(&doc, trips, service, trip_id, "{\"content\":\"x\"}", TRIPSAGE_NUL, NULL));
    ck_assert_ptr_nonnull(strstr(tripsage_doc_json(doc, NULL), "\"user_id\":null"));
    snprintf(id, sizeof id, "%s", tripsage_doc_text(doc, "/id"));
    tripsage_doc_free(doc);
    ck_assert_fails(tripsage_note_delete(trips, editor, trip_id, id, NULL), TRIPSAGE_EFORBIDDEN);
    ck_assert_ok(tripsage_note_delete(trips, service, trip_id, id, NULL));
}
END_TEST

START_TEST(a_public_reader_sees_no_notes)
{
    tripsage_doc *doc;
    char id[40];

    publish();
    add_note(id, owner, "{\"content\":\"whisper\"}");
    ck_assert_fails(tripsage_note_list(&doc, trips, stranger, trip_id), TRIPSAGE_EFORBIDDEN);
    ck_assert_ptr_null(doc);
    ck_assert_fails(tripsage_note_get(&doc, trips, stranger, trip_id, id), TRIPSAGE_EFORBIDDEN);
    ck_assert_fails(tripsage_note_get(&doc, trips, stranger, trip_id, SOME_ID), TRIPSAGE_EFORBIDDEN);
    ck_assert_int_eq(found_by("body : whisper"), 1);
    ck_assert_int_eq(found_by("body : whisper AND acl : public"), 0);
    ck_assert_int_eq(found_by("body : whisper AND acl : u00000000000040008000000000000004"), 1);
}
END_TEST

START_TEST(the_list_is_oldest_first)
{
    tripsage_doc *doc;

    ck_assert_ok(tripsage_note_list(&doc, trips, viewer, trip_id));
    ck_assert_str_eq(tripsage_doc_json(doc, NULL), "{\"items\":[],\"total\":0}");
    tripsage_doc_free(doc);
    add_note(NULL, owner, "{\"content\":\"one\"}");
    clock_ms += 1000;
    add_note(NULL, editor, "{\"content\":\"two\"}");
    clock_ms += 1000;
    add_note(NULL, admin, "{\"content\":\"three\"}");
    ck_assert_ok(tripsage_note_list(&doc, trips, viewer, trip_id));
    ck_assert_int_eq(tripsage_doc_int(doc, "/total", 0), 3);
    ck_assert_uint_eq(tripsage_doc_count(doc, "/items"), 3);
    ck_assert_str_eq(tripsage_doc_text(doc, "/items/0/content"), "one");
    ck_assert_str_eq(tripsage_doc_text(doc, "/items/1/content"), "two");
    ck_assert_str_eq(tripsage_doc_text(doc, "/items/2/content"), "three");
    tripsage_doc_free(doc);
}
END_TEST

START_TEST(versions_guard)
{
    tripsage_write_options options = TRIPSAGE_WRITE_OPTIONS_INIT;
    tripsage_doc *doc;
    char id[40];

    add_note(id, owner, "{\"content\":\"x\"}");
    clock_ms += 1000;
    options.if_version = 2;
    ck_assert_fails(
        tripsage_note_update(&doc, trips, owner, trip_id, id, "{\"content\":\"y\"}", TRIPSAGE_NUL, &options),
        TRIPSAGE_EPRECONDITION);
    ck_assert_ptr_null(doc);
    ck_assert_fails(tripsage_note_delete(trips, owner, trip_id, id, &options), TRIPSAGE_EPRECONDITION);
    options.if_version = 1;
    ck_assert_ok(tripsage_note_update(&doc, trips, owner, trip_id, id, "{}", TRIPSAGE_NUL, &options));
    ck_assert_int_eq(tripsage_doc_version(doc), 2);
    ck_assert_str_eq(tripsage_doc_text(doc, "/content"), "x");
    ck_assert_str_eq(tripsage_doc_text(doc, "/updated_at"), "2026-03-01T12:00:01.000Z");
    ck_assert_str_eq(tripsage_doc_text(doc, "/created_at"), "2026-03-01T12:00:00.000Z");
    tripsage_doc_free(doc);
    ck_assert_fails(tripsage_note_delete(trips, owner, trip_id, id, &options), TRIPSAGE_EPRECONDITION);
    options.if_version = 2;
    ck_assert_ok(tripsage_note_delete(trips, owner, trip_id, id, &options));
}
END_TEST

START_TEST(a_key_makes_one_note)
{
    tripsage_write_options options = TRIPSAGE_WRITE_OPTIONS_INIT;
    tripsage_doc *first, *again;

    options.idempotency_key = "k";
    ck_assert_ok(tripsage_note_create(&first, trips, owner, trip_id, "{\"content\":\"x\"}", TRIPSAGE_NUL, &options));
    ck_assert_ok(tripsage_note_create(&again, trips, owner, trip_id, "{\"content\":\"x\"}", TRIPSAGE_NUL, &options));
    ck_assert_int_eq(tripsage_doc_replayed(first), 0);
    ck_assert_int_eq(tripsage_doc_replayed(again), 1);
    ck_assert_str_eq(tripsage_doc_json(first, NULL), tripsage_doc_json(again, NULL));
    tripsage_doc_free(first);
    tripsage_doc_free(again);
    ck_assert_fails(tripsage_note_create(&again, trips, owner, trip_id, "{\"content\":\"y\"}", TRIPSAGE_NUL, &options),
                    TRIPSAGE_EIDEMPOTENCY);
    ck_assert_ptr_null(again);
    ck_assert_int_eq(ask_sql("SELECT count(*) FROM trip_note WHERE trip_id = $1", trip_id), 1);
    ck_assert_int_eq(ask_sql("SELECT count(*) FROM trip_search WHERE kind = 'note' AND trip_id = $1", trip_id), 1);
}
END_TEST

START_TEST(a_trip_holds_a_thousand_notes)
{
    tripsage_doc *doc;

    run_sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $2) INSERT INTO trip_note (id, "
            "trip_id, user_id, version, created_at, updated_at, content) SELECT 'n' || i, $1, '', 1, 0, 0, 'c' FROM n",
            trip_id, 999);
    add_note(NULL, owner, "{\"content\":\"the last\"}");
    ck_assert_fails(tripsage_note_create(&doc, trips, owner, trip_id, "{\"content\":\"x\"}", TRIPSAGE_NUL, NULL),
                    TRIPSAGE_ELIMIT);
    ck_assert_ptr_null(doc);
}
END_TEST

START_TEST(the_search_index_follows)
{
    tripsage_doc *doc;
    char id[40];

    add_note(id, owner, "{\"content\":\"umbrella\"}");
    ck_assert_int_eq(found_by("body : umbrella"), 1);
    ck_assert_ok(
        tripsage_note_update(&doc, trips, owner, trip_id, id, "{\"content\":\"parasol\"}", TRIPSAGE_NUL, NULL));
    tripsage_doc_free(doc);
    ck_assert_int_eq(found_by("body : umbrella"), 0);
    ck_assert_int_eq(found_by("body : parasol"), 1);
    ck_assert_fails(tripsage_note_delete(trips, editor, trip_id, id, NULL), TRIPSAGE_EFORBIDDEN);
    ck_assert_int_eq(found_by("body : parasol"), 1);
    ck_assert_ok(tripsage_note_delete(trips, owner, trip_id, id, NULL));
    ck_assert_int_eq(found_by("body : parasol"), 0);
}
END_TEST

START_TEST(a_note_belongs_to_its_trip)
{
    static const char *const none[] = {SOME_ID, "no id", NULL};
    tripsage_doc *doc;
    char id[40];

    add_note(id, owner, "{\"content\":\"x\"}");
    make_trip(THE_TRIP);
    ck_assert_fails(tripsage_note_get(&doc, trips, owner, trip_id, id), TRIPSAGE_ENOTFOUND);
    ck_assert_fails(tripsage_note_update(&doc, trips, owner, trip_id, id, "{\"content\":\"y\"}", TRIPSAGE_NUL, NULL),
                    TRIPSAGE_ENOTFOUND);
    ck_assert_fails(tripsage_note_delete(trips, owner, trip_id, id, NULL), TRIPSAGE_ENOTFOUND);
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        ck_assert_fails(tripsage_note_get(&doc, trips, owner, trip_id, none[i]), TRIPSAGE_ENOTFOUND);
        ck_assert_fails(tripsage_note_update(&doc, trips, owner, trip_id, none[i], "{}", TRIPSAGE_NUL, NULL),
                        TRIPSAGE_ENOTFOUND);
        ck_assert_fails(tripsage_note_delete(trips, owner, trip_id, none[i], NULL), TRIPSAGE_ENOTFOUND);
    }
    hide();
    ck_assert_fails(tripsage_note_list(&doc, trips, owner, trip_id), TRIPSAGE_ENOTFOUND);
    ck_assert_fails(tripsage_note_create(&doc, trips, owner, trip_id, "{\"content\":\"y\"}", TRIPSAGE_NUL, NULL),
                    TRIPSAGE_ENOTFOUND);
}
END_TEST

SUITE_MAIN_WITH("trip/note", open_trips, close_trips, a_note_comes_back_whole, refuses_each_bad_member_by_name,
                ten_thousand_characters_fit, roles_decide, an_author_changes_his_own,
                the_service_role_is_nobodys_author, a_public_reader_sees_no_notes, the_list_is_oldest_first,
                versions_guard, a_key_makes_one_note, a_trip_holds_a_thousand_notes, the_search_index_follows,
                a_note_belongs_to_its_trip)
