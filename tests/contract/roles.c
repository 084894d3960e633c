/* contract/roles.c: who may do what. Each cell of the table in roles.h is tried on a fresh trip. Beside the status it is checked that
 *   - a refused call changed nothing that the owner can read, nor the search index beside it,
 *   - a stranger is told, word for word, what he would be told of a trip that does not exist. */
#include "roles.h"

#include <string.h>

#include "contract.h"

/* What a call is tried on. */
typedef struct scene {
    const char *trip;
    const char *item;
    const char *own_note; /* the actor's, where he could write one; else the owner's */
    const char *other_note;
} scene;

/* ---- the calls; each writes a document to `out` if it gives one ---- */

#define CALL(name)                                                                                                     \
    static tripsage_status name(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor, const scene *on)

CALL(trip_create)
{
    (void)on;
    return tripsage_trip_create(out, trips, actor, TRIP_JSON, TRIPSAGE_NUL, NULL);
}

CALL(trip_get)
{
    return tripsage_trip_get(out, trips, actor, on->trip);
}

CALL(trip_update)
{
    return tripsage_trip_update(out, trips, actor, on->trip, "{\"title\":\"Nara\"}", TRIPSAGE_NUL, NULL);
}

CALL(trip_update_visibility)
{
    return tripsage_trip_update(out, trips, actor, on->trip, "{\"visibility\":\"private\"}", TRIPSAGE_NUL, NULL);
}

CALL(trip_update_status)
{
    return tripsage_trip_update(out, trips, actor, on->trip, "{\"status\":\"booked\"}", TRIPSAGE_NUL, NULL);
}

CALL(trip_patch)
{
    return tripsage_trip_patch(out, trips, actor, on->trip, "{\"title\":\"Nara\"}", TRIPSAGE_NUL, NULL);
}

CALL(trip_patch_visibility)
{
    return tripsage_trip_patch(out, trips, actor, on->trip, "{\"visibility\":\"private\"}", TRIPSAGE_NUL, NULL);
}

CALL(trip_delete)
{
    (void)out;
    return tripsage_trip_delete(trips, actor, on->trip, NULL);
}

CALL(trip_restore)
{
    return tripsage_trip_restore(out, trips, actor, on->trip);
}

CALL(trip_purge)
{
    (void)out;
    return tripsage_trip_purge(trips, actor, on->trip);
}

CALL(trip_duplicate)
{
    return tripsage_trip_duplicate(out, trips, actor, on->trip, NULL, 0, NULL);
}

CALL(trip_list)
{
    (void)on;
    return tripsage_trip_list(out, trips, actor, NULL);
}

CALL(trip_search)
{
    (void)on;
    return tripsage_trip_search(out, trips, actor, "kyoto", NULL);
}

CALL(trip_summary)
{
    return tripsage_trip_summary(out, trips, actor, on->trip);
}

CALL(trip_similar)
{
    return tripsage_trip_similar(out, trips, actor, on->trip, 0);
}

CALL(trip_transfer)
{
    return tripsage_trip_transfer(out, trips, actor, on->trip, "{\"user_id\":\"" GUEST_ID "\"}", TRIPSAGE_NUL, NULL);
}

static tripsage_status export_as(tripsage_trips *trips, const tripsage_actor *actor, const char *trip,
                                 const char *format)
{
    char *content = NULL;
    size_t length = 0;
    const char *media_type = NULL;
    tripsage_status status = tripsage_trip_export(&content, &length, &media_type, trips, actor, trip, format);

    ck_assert_msg((status == TRIPSAGE_OK) == (content != NULL), "%s with content %p", tripsage_status_name(status),
                  (void *)content);
    tripsage_free(content);
    return status;
}

CALL(trip_export_json)
{
    (void)out;
    return export_as(trips, actor, on->trip, "json");
}

CALL(trip_export_csv)
{
    (void)out;
    return export_as(trips, actor, on->trip, "csv");
}

CALL(trip_export_ics)
{
    (void)out;
    return export_as(trips, actor, on->trip, "ics");
}

CALL(item_create)
{
    return tripsage_item_create(out, trips, actor, on->trip, ITEM_JSON, TRIPSAGE_NUL, NULL);
}

CALL(item_get)
{
    return tripsage_item_get(out, trips, actor, on->trip, on->item);
}

CALL(item_update)
{
    return tripsage_item_update(out, trips, actor, on->trip, on->item, "{\"title\":\"Tea\"}", TRIPSAGE_NUL, NULL);
}

CALL(item_delete)
{
    (void)out;
    return tripsage_item_delete(trips, actor, on->trip, on->item, NULL);
}

CALL(itinerary_get)
{
    return tripsage_itinerary_get(out, trips, actor, on->trip);
}

CALL(itinerary_conflicts)
{
    return tripsage_itinerary_conflicts(out, trips, actor, on->trip);
}

CALL(itinerary_optimize)
{
    return tripsage_itinerary_optimize(out, trips, actor, on->trip, "time");
}

CALL(note_create)
{
    return tripsage_note_create(out, trips, actor, on->trip, "{\"content\":\"Bring cash\"}", TRIPSAGE_NUL, NULL);
}

CALL(note_list)
{
    return tripsage_note_list(out, trips, actor, on->trip);
}

CALL(note_get)
{
    return tripsage_note_get(out, trips, actor, on->trip, on->other_note);
}

CALL(note_update_own)
{
    return tripsage_note_update(out, trips, actor, on->trip, on->own_note, "{\"content\":\"Changed\"}", TRIPSAGE_NUL,
                                NULL);
}

CALL(note_update_of_another)
{
    return tripsage_note_update(out, trips, actor, on->trip, on->other_note, "{\"content\":\"Changed\"}", TRIPSAGE_NUL,
                                NULL);
}

CALL(note_delete_own)
{
    (void)out;
    return tripsage_note_delete(trips, actor, on->trip, on->own_note, NULL);
}

CALL(note_delete_of_another)
{
    (void)out;
    return tripsage_note_delete(trips, actor, on->trip, on->other_note, NULL);
}

static tripsage_status share(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor, const scene *on,
                             const char *user_id, const char *level)
{
    return tripsage_trip_share(out, trips, actor, on->trip,
                               test_format("{\"user_emails\":[\"%s\"],\"permission_level\":\"%s\"}", user_id, level),
                               TRIPSAGE_NUL);
}

CALL(share_with_newcomer)
{
    return share(out, trips, actor, on, NEWCOMER_ID, "view");
}

CALL(share_as_edit)
{
    return share(out, trips, actor, on, GUEST_ID, "edit");
}

CALL(share_as_admin)
{
    return share(out, trips, actor, on, NEWCOMER_ID, "admin");
}

CALL(share_lowers_an_admin)
{
    return share(out, trips, actor, on, SECOND_ADMIN_ID, "view");
}

CALL(collaborator_list)
{
    return tripsage_collaborator_list(out, trips, actor, on->trip);
}

static tripsage_status set_level(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                 const scene *on, const char *user_id, const char *level)
{
    return tripsage_collaborator_update(out, trips, actor, on->trip, user_id,
                                        test_format("{\"permission_level\":\"%s\"}", level), TRIPSAGE_NUL);
}

CALL(collaborator_update_guest)
{
    return set_level(out, trips, actor, on, GUEST_ID, "edit");
}

CALL(collaborator_update_to_admin)
{
    return set_level(out, trips, actor, on, GUEST_ID, "admin");
}

CALL(collaborator_update_admin)
{
    return set_level(out, trips, actor, on, SECOND_ADMIN_ID, "view");
}

CALL(collaborator_remove_guest)
{
    (void)out;
    return tripsage_collaborator_remove(trips, actor, on->trip, GUEST_ID);
}

CALL(collaborator_remove_admin)
{
    (void)out;
    return tripsage_collaborator_remove(trips, actor, on->trip, SECOND_ADMIN_ID);
}

/* ---- the table as data ---- */

typedef struct row {
    const char *name;
    tripsage_status (*call)(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor, const scene *on);
    int deleted;
    tripsage_status want[ROLES];
} row;

static const row rows[] = {
#define XX(call, trip, owner, admin, edit, view, reader, stranger, nobody, service)                                    \
    {#call " (" #trip ")", call, trip, {owner, admin, edit, view, reader, stranger, nobody, service}},
    ROLE_TABLE(XX)
#undef XX
};

enum { ROWS = sizeof rows / sizeof rows[0] };

/* ---- trying a cell ---- */

static const tripsage_actor *actor_in(int role)
{
    const tripsage_actor *actors[ROLES] = {world->owner,    world->admin,    world->edit, world->view,
                                           world->stranger, world->stranger, NULL,        world->service};

    return actors[role];
}

/* A trip with one of everything in it. The view collaborator wrote his note while he could. */
static scene make_scene(int role, int is_deleted)
{
    scene made = {0};
    const tripsage_actor *actor = actor_in(role);
    int writes = role == ADMIN || role == EDIT || role == VIEW;

    made.trip = test_cast_trip(role == READER ? "{\"visibility\":\"public\"}" : NULL);
    test_share(world->owner, made.trip, GUEST_ID, "view");
    test_share(world->owner, made.trip, SECOND_ADMIN_ID, "admin");
    made.item = id_of(test_item(world->owner, made.trip, ITEM_JSON));
    made.other_note = id_of(test_note(role == OWNER ? world->admin : world->owner, made.trip, "Ask about luggage"));
    if (role == VIEW)
        test_share(world->owner, made.trip, VIEW_ID, "edit");
    made.own_note = id_of(test_note(writes ? actor : world->owner, made.trip, "Mine"));
    if (role == VIEW)
        test_share(world->owner, made.trip, VIEW_ID, "view");
    if (is_deleted)
        OK(tripsage_trip_delete(world->trips, world->owner, made.trip, NULL));
    return made;
}

/* Makes the call and gives its answer as a text; on success "TRIPSAGE_OK". */
static const char *answer_of(const row *r, const tripsage_actor *actor, const scene *on, tripsage_status *status)
{
    tripsage_doc *doc = NULL;
    const char *answer = "TRIPSAGE_OK";

    *status = r->call(&doc, world->trips, actor, on);
    if (*status != TRIPSAGE_OK) {
        const tripsage_error *error = tripsage_last_error();
        ck_assert_msg(doc == NULL, "%s: *out is not NULL after %s", r->name, tripsage_status_name(*status));
        ck_assert_msg(error->status == *status, "%s: gave %s, the last error is %s", r->name,
                      tripsage_status_name(*status), tripsage_status_name(error->status));
        answer = test_format("%s, %s, %s, %zu fields", tripsage_status_name(*status), tripsage_status_code(*status),
                             error->message, error->field_count);
    }
    tripsage_doc_free(doc);
    return answer;
}

START_TEST(the_table_holds)
{
    const row *r = &rows[_i];

    for (int role = 0; role < ROLES; role++) {
        scene on = make_scene(role, r->deleted);
        const char *before = test_snapshot(on.trip);
        tripsage_status status;
        const char *answer = answer_of(r, actor_in(role), &on, &status);

        ck_assert_msg(status == r->want[role], "%s as %s\n  wanted %s\n  got    %s", r->name, role_names[role],
                      tripsage_status_name(r->want[role]), answer);
        if (status != TRIPSAGE_OK)
            SAME_TEXT(test_snapshot(on.trip), before);
    }
    IS_JSON(OK(tripsage_check(OUT, world->ts)), "/ok", "true");
}
END_TEST

START_TEST(a_stranger_learns_nothing)
{
    const row *r = &rows[_i];
    scene on = make_scene(STRANGER, r->deleted);
    scene absent = on;
    scene absent_parts = {NO_SUCH_ID, NO_SUCH_ID, NO_SUCH_ID, NO_SUCH_ID};
    tripsage_status status;
    const char *hidden, *none, *no_parts;

    absent.trip = NO_SUCH_ID;
    hidden = test_replaced(answer_of(r, world->stranger, &on, &status), on.trip, "{id}");
    none = test_replaced(answer_of(r, world->stranger, &absent, &status), NO_SUCH_ID, "{id}");
    SAME_TEXT(hidden, none);
    hidden = test_replaced(test_replaced(hidden, on.item, "{id}"), on.own_note, "{id}");
    hidden = test_replaced(hidden, on.other_note, "{id}");
    no_parts = test_replaced(answer_of(r, world->stranger, &absent_parts, &status), NO_SUCH_ID, "{id}");
    SAME_TEXT(hidden, no_parts);
}
END_TEST

/* Leaving is the one thing every collaborator may do; who is no collaborator has nothing to leave. */
START_TEST(everybody_may_leave)
{
    static const struct {
        int role;
        const char *user_id;
        tripsage_status want;
    } cells[] = {
        {OWNER, OWNER_ID, gone}, {ADMIN, ADMIN_ID, ok},         {EDIT, EDIT_ID, ok},
        {VIEW, VIEW_ID, ok},     {STRANGER, STRANGER_ID, gone}, {READER, STRANGER_ID, gone},
    };

    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
        scene on = make_scene(cells[i].role, 0);
        const tripsage_actor *actor = actor_in(cells[i].role);
        tripsage_status status = tripsage_collaborator_remove(world->trips, actor, on.trip, cells[i].user_id);

        ck_assert_msg(status == cells[i].want, "leaving as %s\n  wanted %s\n  got    %s", role_names[cells[i].role],
                      tripsage_status_name(cells[i].want), tripsage_status_name(status));
        if (status == TRIPSAGE_OK)
            FAILS(TRIPSAGE_ENOTFOUND, GET(actor, on.trip));
    }
}
END_TEST

START_TEST(nobody_changes_his_own_level)
{
    static const int roles[] = {ADMIN, EDIT, VIEW};
    static const char *const ids[] = {ADMIN_ID, EDIT_ID, VIEW_ID};

    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        scene on = make_scene(roles[i], 0);
        const char *before = test_snapshot(on.trip);

        FAILS(TRIPSAGE_EFORBIDDEN, set_level(OUT, world->trips, actor_in(roles[i]), &on, ids[i], "view"));
        FAILS(TRIPSAGE_EFORBIDDEN, set_level(OUT, world->trips, actor_in(roles[i]), &on, ids[i], "admin"));
        SAME_TEXT(test_snapshot(on.trip), before);
    }
}
END_TEST

/* Being a member of one trip opens no other, and a part is found only below its own trip. */
START_TEST(parts_belong_to_their_trip)
{
    scene here = make_scene(OWNER, 0);
    const char *there = id_of(test_trip(world->owner, NULL));
    scene mixed = here;

    mixed.trip = there;
    FAILS(TRIPSAGE_ENOTFOUND, item_get(OUT, world->trips, world->owner, &mixed));
    FAILS(TRIPSAGE_ENOTFOUND, item_update(OUT, world->trips, world->owner, &mixed));
    FAILS(TRIPSAGE_ENOTFOUND, item_delete(NULL, world->trips, world->owner, &mixed));
    FAILS(TRIPSAGE_ENOTFOUND, note_get(OUT, world->trips, world->owner, &mixed));
    FAILS(TRIPSAGE_ENOTFOUND, note_update_own(OUT, world->trips, world->owner, &mixed));
    FAILS(TRIPSAGE_ENOTFOUND, note_delete_own(NULL, world->trips, world->owner, &mixed));
    FAILS(TRIPSAGE_ENOTFOUND, collaborator_remove_guest(NULL, world->trips, world->owner, &mixed));
    FAILS(TRIPSAGE_ENOTFOUND, collaborator_update_guest(OUT, world->trips, world->owner, &mixed));
    FAILS(TRIPSAGE_ENOTFOUND, GET(world->edit, there));
}
END_TEST

/* A malformed id names no record. */
START_TEST(a_malformed_id_is_not_found)
{
    static const char *const ids[] = {"",          "x",           "01890000-0000-7000-8000-0000000000f",
                                      "../../etc", "' OR 1=1 --", "01890000-0000-7000-8000-0000000000ff "};

    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        scene on = {ids[i], ids[i], ids[i], ids[i]};
        scene in_trip = make_scene(OWNER, 0);

        in_trip.item = in_trip.own_note = in_trip.other_note = ids[i];
        FAILS(TRIPSAGE_ENOTFOUND, trip_get(OUT, world->trips, world->owner, &on));
        FAILS(TRIPSAGE_ENOTFOUND, trip_update(OUT, world->trips, world->owner, &on));
        FAILS(TRIPSAGE_ENOTFOUND, trip_delete(NULL, world->trips, world->owner, &on));
        FAILS(TRIPSAGE_ENOTFOUND, item_get(OUT, world->trips, world->owner, &in_trip));
        FAILS(TRIPSAGE_ENOTFOUND, item_update(OUT, world->trips, world->owner, &in_trip));
        FAILS(TRIPSAGE_ENOTFOUND, note_get(OUT, world->trips, world->owner, &in_trip));
        FAILS(TRIPSAGE_ENOTFOUND, note_delete_own(NULL, world->trips, world->owner, &in_trip));
        FAILS(TRIPSAGE_ENOTFOUND, tripsage_collaborator_remove(world->trips, world->owner, in_trip.trip, ids[i]));
    }
}
END_TEST

/* An id may be written in upper case; it is the same record. */
START_TEST(ids_are_read_in_any_case)
{
    const char *id = id_of(test_trip(world->owner, NULL));
    char *upper = test_keep(strdup(id));

    for (char *c = upper; *c; c++)
        if (*c >= 'a' && *c <= 'f')
            *c = (char)(*c - 'a' + 'A');
    IS_TEXT(OK(GET(world->owner, upper)), "/id", id);
}
END_TEST

/* The role a member is told is the one the table gives him. */
START_TEST(the_trip_says_what_the_actor_may)
{
    const char *shared = test_cast_trip(NULL);
    const char *open = test_cast_trip("{\"visibility\":\"public\"}");

    IS_TEXT(OK(GET(world->owner, shared)), "/role", "owner");
    IS_TEXT(OK(GET(world->admin, shared)), "/role", "admin");
    IS_TEXT(OK(GET(world->edit, shared)), "/role", "edit");
    IS_TEXT(OK(GET(world->view, shared)), "/role", "view");
    IS_TEXT(OK(GET(world->service, shared)), "/role", "service");
    IS_TEXT(OK(GET(world->stranger, open)), "/role", "public");
    IS_TEXT(OK(GET(world->view, open)), "/role", "view");
}
END_TEST

/* What a reader of a public trip must not be told: booking references and private notes of items. */
START_TEST(a_public_reader_sees_no_private_parts)
{
    const char *trip = id_of(test_trip(world->owner, "{\"visibility\":\"public\"}"));
    tripsage_doc *item =
        test_item(world->owner, trip,
                  TRIPSAGE_JSON({"item_type" : "transport", "title" : "Train", "item_date" : "2026-11-03",
                                                  "booking_reference" : "SECRET-REF", "notes" : "SECRET-NOTE"}));
    const char *item_id = id_of(item);
    const char *seen = json_of(OK(tripsage_itinerary_get(OUT, world->trips, world->stranger, trip)));
    char *content = NULL;
    size_t length = 0;
    const char *media_type = NULL;

    test_note(world->owner, trip, "SECRET-TRIP-NOTE");
    ck_assert_ptr_nonnull(strstr(seen, "Train"));
    ck_assert_ptr_null(strstr(seen, "SECRET"));
    seen = json_of(OK(tripsage_itinerary_optimize(OUT, world->trips, world->stranger, trip, NULL)));
    ck_assert_ptr_nonnull(strstr(seen, "Train"));
    ck_assert_ptr_null(strstr(seen, "SECRET"));
    seen = json_of(OK(tripsage_item_get(OUT, world->trips, world->stranger, trip, item_id)));
    ck_assert_ptr_null(strstr(seen, "SECRET"));
    for (size_t i = 0; i < 3; i++) {
        static const char *const formats[] = {"json", "csv", "ics"};
        OK(tripsage_trip_export(&content, &length, &media_type, world->trips, world->stranger, trip, formats[i]));
        ck_assert_msg(strstr(content, "Train") != NULL, "%s: %s", formats[i], content);
        ck_assert_msg(strstr(content, "SECRET") == NULL, "%s: %s", formats[i], content);
        tripsage_free(content);
    }
    seen = json_of(OK(tripsage_item_get(OUT, world->trips, world->owner, trip, item_id)));
    ck_assert_ptr_nonnull(strstr(seen, "SECRET-REF"));
    ck_assert_ptr_nonnull(strstr(seen, "SECRET-NOTE"));
}
END_TEST

Suite *contract_roles(void)
{
    Suite *suite = suite_create("roles");
    TCase *tcase = test_case(suite, "roles");

    tcase_add_loop_test(tcase, the_table_holds, 0, ROWS);
    tcase_add_loop_test(tcase, a_stranger_learns_nothing, 0, ROWS);
    tcase_add_test(tcase, everybody_may_leave);
    tcase_add_test(tcase, nobody_changes_his_own_level);
    tcase_add_test(tcase, parts_belong_to_their_trip);
    tcase_add_test(tcase, a_malformed_id_is_not_found);
    tcase_add_test(tcase, ids_are_read_in_any_case);
    tcase_add_test(tcase, the_trip_says_what_the_actor_may);
    tcase_add_test(tcase, a_public_reader_sees_no_private_parts);
    return suite;
}
