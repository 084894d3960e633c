/* contract/collaborator.c: sharing a trip, and handing it over. Who may is in roles.c; here is what happens. */
#include "contract.h"

static tripsage_status share(tripsage_doc **out, const tripsage_actor *actor, const char *trip, const char *json)
{
    return tripsage_trip_share(out, world->trips, actor, trip, json, TRIPSAGE_NUL);
}

static tripsage_doc *collaborators(const tripsage_actor *actor, const char *trip)
{
    return OK(tripsage_collaborator_list(OUT, world->trips, actor, trip));
}

static tripsage_status transfer(tripsage_doc **out, const tripsage_actor *actor, const char *trip, const char *json)
{
    return tripsage_trip_transfer(out, world->trips, actor, trip, json, TRIPSAGE_NUL, NULL);
}

START_TEST(shares_by_id)
{
    const char *trip = id_of(test_trip(world->owner, NULL));
    tripsage_doc *answer =
        OK(share(OUT, world->owner, trip, "{\"user_emails\":[\"" EDIT_ID "\"],\"permission_level\":\"edit\"}"));
    tripsage_doc *list;

    IS_INT(answer, "/total", 1);
    IS_TEXT(answer, "/owner_id", OWNER_ID);
    IS_TEXT(answer, "/items/0/user_id", EDIT_ID);
    IS_TEXT(answer, "/items/0/permission_level", "edit");
    IS_TEXT(answer, "/items/0/added_by", OWNER_ID);
    IS_TEXT(answer, "/items/0/added_at", "2026-03-01T12:00:00.000Z");
    list = collaborators(world->edit, trip);
    IS_INT(list, "/total", 1);
    IS_TEXT(list, "/owner_id", OWNER_ID);
    IS_TEXT(list, "/collaborators/0/user_id", EDIT_ID);
    IS_TEXT(test_get(world->edit, trip), "/role", "edit");
}
END_TEST

START_TEST(shares_by_address)
{
    const char *friend_id = world_account("Friend@Example.org");
    tripsage_actor *friend = world_user(friend_id);
    const char *trip = id_of(test_trip(world->owner, NULL));
    tripsage_doc *answer = OK(share(OUT, world->owner, trip, "{\"user_emails\":[\"FRIEND@example.org\"]}"));

    IS_TEXT(answer, "/items/0/user_id", friend_id);
    IS_TEXT(answer, "/items/0/email", "friend@example.org");
    IS_TEXT(answer, "/items/0/permission_level", "view");
    IS_TEXT(test_get(friend, trip), "/role", "view");
}
END_TEST

START_TEST(shares_with_all_or_none)
{
    const char *trip = id_of(test_trip(world->owner, NULL));
    const char *before = test_snapshot(trip);

    world_account("friend@example.org");
    FAILS_AT(TRIPSAGE_EINVALID,
             share(OUT, world->owner, trip,
                   "{\"user_emails\":[\"friend@example.org\",\"nobody@example.org\",\"" EDIT_ID
                   "\",\"gone@example.org\"]}"),
             "/user_emails/1", "/user_emails/3");
    SAME_TEXT(test_snapshot(trip), before);
    FAILS(TRIPSAGE_ENOTFOUND, GET(world->edit, trip));
}
END_TEST

START_TEST(refuses_a_bad_invitation)
{
    const char *trip = id_of(test_trip(world->owner, NULL));
    const char *ids = "";

    FAILS_AT(TRIPSAGE_EINVALID, share(OUT, world->owner, trip, "{}"), "/user_emails");
    FAILS_AT(TRIPSAGE_EINVALID, share(OUT, world->owner, trip, "{\"user_emails\":[]}"), "/user_emails");
    FAILS_AT(TRIPSAGE_EINVALID, share(OUT, world->owner, trip, "{\"user_emails\":\"" EDIT_ID "\"}"), "/user_emails");
    FAILS_AT(TRIPSAGE_EINVALID, share(OUT, world->owner, trip, "{\"user_emails\":[7]}"), "/user_emails/0");
    FAILS_AT(TRIPSAGE_EINVALID, share(OUT, world->owner, trip, "{\"user_emails\":[\"neither\"]}"), "/user_emails/0");
    FAILS_AT(
        TRIPSAGE_EINVALID,
        share(OUT, world->owner, trip, "{\"user_emails\":[\"" EDIT_ID "\"],\"permission_level\":\"owner\",\"x\":1}"),
        "/permission_level", "/x");
    FAILS(TRIPSAGE_EMALFORMED, share(OUT, world->owner, trip, "{\"user_emails\":[}"));
    for (int i = 0; i < 51; i++)
        ids = test_format("%s%s\"01890000-0000-7000-8000-0000000001%02x\"", ids, i ? "," : "", i);
    FAILS_AT(TRIPSAGE_EINVALID, share(OUT, world->owner, trip, test_format("{\"user_emails\":[%s]}", ids)),
             "/user_emails");
    IS_INT(collaborators(world->owner, trip), "/total", 0);
}
END_TEST

/* The owner needs no invitation to his own trip. */
START_TEST(the_owner_is_no_collaborator)
{
    const char *trip = id_of(test_trip(world->owner, NULL));

    FAILS(TRIPSAGE_EINVALID, share(OUT, world->owner, trip, "{\"user_emails\":[\"" OWNER_ID "\"]}"));
    IS_INT(collaborators(world->owner, trip), "/total", 0);
    IS_TEXT(test_get(world->owner, trip), "/role", "owner");
}
END_TEST

START_TEST(sharing_again_changes_the_level)
{
    const char *trip = id_of(test_trip(world->owner, NULL));

    test_share(world->owner, trip, EDIT_ID, "edit");
    test_clock_advance(&world->chance, TEST_HOUR);
    test_share(world->owner, trip, EDIT_ID, "view");
    IS_INT(collaborators(world->owner, trip), "/total", 1);
    IS_TEXT(collaborators(world->owner, trip), "/collaborators/0/permission_level", "view");
    IS_TEXT(test_get(world->edit, trip), "/role", "view");
}
END_TEST

/* One named twice is one. */
START_TEST(naming_one_twice_adds_him_once)
{
    const char *trip = id_of(test_trip(world->owner, NULL));

    OK(share(OUT, world->owner, trip, "{\"user_emails\":[\"" EDIT_ID "\",\"" EDIT_ID "\"]}"));
    IS_INT(collaborators(world->owner, trip), "/total", 1);
}
END_TEST

START_TEST(a_shared_trip_says_so)
{
    const char *trip = id_of(test_trip(world->owner, NULL));
    const char *open = id_of(test_trip(world->owner, "{\"visibility\":\"public\"}"));

    test_share(world->owner, trip, EDIT_ID, "edit");
    IS_TEXT(test_get(world->owner, trip), "/visibility", "shared");
    test_share(world->owner, open, EDIT_ID, "edit");
    IS_TEXT(test_get(world->owner, open), "/visibility", "public");
}
END_TEST

/* "shared" opens the trip to nobody else. */
START_TEST(shared_is_not_public)
{
    const char *id = id_of(test_trip(world->owner, "{\"visibility\":\"shared\"}"));

    FAILS(TRIPSAGE_ENOTFOUND, GET(world->stranger, id));
}
END_TEST

START_TEST(the_list_is_in_the_order_of_adding)
{
    const char *trip = id_of(test_trip(world->owner, NULL));
    tripsage_doc *list;

    test_share(world->owner, trip, VIEW_ID, "view");
    test_clock_advance(&world->chance, 1);
    test_share(world->owner, trip, ADMIN_ID, "admin");
    test_clock_advance(&world->chance, 1);
    test_share(world->admin, trip, EDIT_ID, "edit");
    list = collaborators(world->view, trip);
    IS_INT(list, "/total", 3);
    IS_TEXT(list, "/collaborators/0/user_id", VIEW_ID);
    IS_TEXT(list, "/collaborators/1/user_id", ADMIN_ID);
    IS_TEXT(list, "/collaborators/2/user_id", EDIT_ID);
    IS_TEXT(list, "/collaborators/2/added_by", ADMIN_ID);
}
END_TEST

START_TEST(holds_a_hundred)
{
    const char *trip = id_of(test_trip(world->owner, NULL));

    for (int half = 0; half < 2; half++) {
        const char *ids = "";
        for (int i = 0; i < 50; i++)
            ids = test_format("%s%s\"01890000-0000-7000-8000-0000000002%02x\"", ids, i ? "," : "", half * 50 + i);
        OK(share(OUT, world->owner, trip, test_format("{\"user_emails\":[%s]}", ids)));
    }
    IS_INT(collaborators(world->owner, trip), "/total", 100);
    FAILS(TRIPSAGE_ELIMIT, share(OUT, world->owner, trip, "{\"user_emails\":[\"" EDIT_ID "\"]}"));
    /* One who is there already takes no room. */
    OK(share(OUT, world->owner, trip,
             "{\"user_emails\":[\"01890000-0000-7000-8000-000000000200\"],\"permission_level\":\"edit\"}"));
    OK(tripsage_collaborator_remove(world->trips, world->owner, trip, "01890000-0000-7000-8000-000000000200"));
    OK(share(OUT, world->owner, trip, "{\"user_emails\":[\"" EDIT_ID "\"]}"));
}
END_TEST

START_TEST(a_level_is_changed)
{
    const char *trip = test_cast_trip(NULL);
    tripsage_doc *changed = OK(tripsage_collaborator_update(OUT, world->trips, world->owner, trip, VIEW_ID,
                                                            "{\"permission_level\":\"edit\"}", TRIPSAGE_NUL));

    IS_TEXT(changed, "/user_id", VIEW_ID);
    IS_TEXT(changed, "/permission_level", "edit");
    IS_TEXT(test_get(world->view, trip), "/role", "edit");
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_collaborator_update(OUT, world->trips, world->owner, trip, STRANGER_ID,
                                                           "{\"permission_level\":\"edit\"}", TRIPSAGE_NUL));
    FAILS_AT(TRIPSAGE_EINVALID,
             tripsage_collaborator_update(OUT, world->trips, world->owner, trip, VIEW_ID, "{}", TRIPSAGE_NUL),
             "/permission_level");
    FAILS_AT(TRIPSAGE_EINVALID,
             tripsage_collaborator_update(OUT, world->trips, world->owner, trip, VIEW_ID,
                                          "{\"permission_level\":\"owner\"}", TRIPSAGE_NUL),
             "/permission_level");
}
END_TEST

START_TEST(a_removed_one_sees_it_no_more)
{
    const char *trip = test_cast_trip(NULL);

    OK(tripsage_collaborator_remove(world->trips, world->admin, trip, EDIT_ID));
    FAILS(TRIPSAGE_ENOTFOUND, GET(world->edit, trip));
    IS_COUNT(OK(tripsage_trip_search(OUT, world->trips, world->edit, "kyoto", NULL)), "/items", 0);
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_collaborator_remove(world->trips, world->admin, trip, EDIT_ID));
    IS_INT(collaborators(world->owner, trip), "/total", 2);
}
END_TEST

/* ---- handing over ---- */

START_TEST(the_old_owner_stays_as_admin)
{
    const char *trip = test_cast_trip(NULL);
    tripsage_doc *handed = OK(transfer(OUT, world->owner, trip, "{\"user_id\":\"" VIEW_ID "\"}"));
    tripsage_list_options own = TRIPSAGE_LIST_OPTIONS_INIT;

    IS_TEXT(handed, "/user_id", VIEW_ID);
    IS_TEXT(handed, "/role", "admin");
    IS_TEXT(test_get(world->view, trip), "/role", "owner");
    IS_TEXT(test_get(world->owner, trip), "/role", "admin");
    IS_TEXT(test_get(world->admin, trip), "/role", "admin");
    IS_TEXT(collaborators(world->owner, trip), "/owner_id", VIEW_ID);
    IS_INT(collaborators(world->owner, trip), "/total", 3);
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_trip_delete(world->trips, world->owner, trip, NULL));
    own.scope = TRIPSAGE_SCOPE_OWN;
    IS_COUNT(OK(tripsage_trip_list(OUT, world->trips, world->owner, &own)), "/items", 0);
    IS_COUNT(OK(tripsage_trip_list(OUT, world->trips, world->view, &own)), "/items", 1);
    /* And back again. */
    OK(transfer(OUT, world->view, trip, "{\"user_id\":\"" OWNER_ID "\"}"));
    IS_TEXT(test_get(world->owner, trip), "/role", "owner");
    IS_JSON(OK(tripsage_check(OUT, world->ts)), "/ok", "true");
}
END_TEST

START_TEST(only_a_collaborator_takes_over)
{
    const char *trip = test_cast_trip(NULL);
    const char *before = test_snapshot(trip);

    FAILS_AT(TRIPSAGE_EINVALID, transfer(OUT, world->owner, trip, "{\"user_id\":\"" STRANGER_ID "\"}"), "/user_id");
    FAILS_AT(TRIPSAGE_EINVALID, transfer(OUT, world->owner, trip, "{\"user_id\":\"" OWNER_ID "\"}"), "/user_id");
    FAILS_AT(TRIPSAGE_EINVALID, transfer(OUT, world->owner, trip, "{\"user_id\":\"x\"}"), "/user_id");
    FAILS_AT(TRIPSAGE_EINVALID, transfer(OUT, world->owner, trip, "{}"), "/user_id");
    FAILS_AT(TRIPSAGE_EINVALID, transfer(OUT, world->owner, trip, "{\"user_id\":\"" VIEW_ID "\",\"x\":1}"), "/x");
    SAME_TEXT(test_snapshot(trip), before);
}
END_TEST

START_TEST(handing_over_heeds_the_version)
{
    const char *trip = test_cast_trip(NULL);
    tripsage_write_options options = TRIPSAGE_WRITE_OPTIONS_INIT;

    options.if_version = tripsage_doc_version(test_get(world->owner, trip)) + 1;
    FAILS(TRIPSAGE_EPRECONDITION, tripsage_trip_transfer(OUT, world->trips, world->owner, trip,
                                                         "{\"user_id\":\"" VIEW_ID "\"}", TRIPSAGE_NUL, &options));
    IS_TEXT(test_get(world->owner, trip), "/role", "owner");
}
END_TEST

Suite *contract_collaborator(void)
{
    Suite *suite = suite_create("collaborator");
    TCase *tcase = test_case(suite, "collaborator");

    tcase_add_test(tcase, shares_by_id);
    tcase_add_test(tcase, shares_by_address);
    tcase_add_test(tcase, shares_with_all_or_none);
    tcase_add_test(tcase, refuses_a_bad_invitation);
    tcase_add_test(tcase, the_owner_is_no_collaborator);
    tcase_add_test(tcase, sharing_again_changes_the_level);
    tcase_add_test(tcase, naming_one_twice_adds_him_once);
    tcase_add_test(tcase, a_shared_trip_says_so);
    tcase_add_test(tcase, shared_is_not_public);
    tcase_add_test(tcase, the_list_is_in_the_order_of_adding);
    tcase_add_test(tcase, holds_a_hundred);
    tcase_add_test(tcase, a_level_is_changed);
    tcase_add_test(tcase, a_removed_one_sees_it_no_more);
    tcase_add_test(tcase, the_old_owner_stays_as_admin);
    tcase_add_test(tcase, only_a_collaborator_takes_over);
    tcase_add_test(tcase, handing_over_heeds_the_version);
    return suite;
}
