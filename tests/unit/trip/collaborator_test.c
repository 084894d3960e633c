/* tests/unit/trip/collaborator_test.c: sharing a trip, changing and removing collaborators, leaving, handing the trip over. */
#include "fixture.h"
#include "unit/suite.h"

#define ANN_ID "01890000-0000-7000-8000-0000000000a1"
#define BOB_ID "01890000-0000-7000-8000-0000000000b1"

static char id[37]; /* the owner's trip, on which admin, edit and view are what their names say */

static void open_cast(void)
{
    fixture_open();
    sql_run("INSERT INTO account (id, email, password_hash, full_name, created_at, updated_at) VALUES"
            " ('" ANN_ID "', 'ann@example.com', 'x', 'Ann \"A\" Lee', 0, 0), ('" BOB_ID
            "', 'bob@example.com', 'x', NULL, 0, 0),"
            " ('" OWNER_ID "', 'owner@example.com', 'x', NULL, 0, 0)");
    make_trip(id, owner, KYOTO);
    cast(id);
    fixture_now += 60000;
}

static tripsage_status share(tripsage_doc **doc, const tripsage_actor *actor, const char *people, const char *level)
{
    char json[8192];

    snprintf(json, sizeof json, "{\"user_emails\":%s,\"permission_level\":\"%s\"}", people, level);
    return tripsage_trip_share(doc, trips, actor, id, json, TRIPSAGE_NUL);
}

/* Everybody on the trip in the order they came, "id:level " each, and the acl of the trip's row. */
#define PEOPLE                                                                                                         \
    "(SELECT group_concat(x, '') FROM (SELECT user_id || ':' || level || ' ' AS x FROM trip_collaborator"              \
    " ORDER BY position))"
#define CAST ADMIN_ID ":4 " EDIT_ID ":3 " VIEW_ID ":2 "

static void people_are(const char *want)
{
    ck_assert_str_eq(sql_text("SELECT " PEOPLE), want);
    /* The index names the owner and each of them. */
    ck_assert_int_eq(
        sql_int(
            "SELECT (SELECT length(acl) FROM trip_search WHERE kind = 'trip') = 33 + 34 * (SELECT count(*) FROM"
            " trip_collaborator) AND (SELECT count(*) FROM trip_collaborator, trip_search WHERE kind = 'trip' AND"
            " instr(acl, 'u' || replace(user_id, '-', '')) > 0) = (SELECT count(*) FROM trip_collaborator) AND"
            " (SELECT instr(acl, 'u' || replace(user_id, '-', '')) FROM trip, trip_search WHERE kind = 'trip') = 1"),
        1);
}

static void nothing_changed(void)
{
    people_are(CAST);
    ck_assert_str_eq(sql_text("SELECT visibility || version FROM trip"), "private1");
}

/* ---- share ---- */

START_TEST(shares_by_address_and_by_id)
{
    tripsage_doc *doc;

    open_cast();
    OK(share(&doc, owner, "[\"Bob@Example.COM\",\"" STRANGER_ID "\",\"ann@example.com\"]", "edit"));
    ck_assert_str_eq(tripsage_doc_json(doc, NULL),
                     "{\"items\":[{\"user_id\":\"" BOB_ID
                     "\",\"email\":\"bob@example.com\",\"name\":null,\"permission_level\":\"edit\","
                     "\"added_by\":\"" OWNER_ID "\",\"added_at\":\"2026-03-01T12:01:00.000Z\"},"
                     "{\"user_id\":\"" STRANGER_ID "\",\"email\":null,\"name\":null,\"permission_level\":\"edit\","
                     "\"added_by\":\"" OWNER_ID "\",\"added_at\":\"2026-03-01T12:01:00.000Z\"},"
                     "{\"user_id\":\"" ANN_ID
                     "\",\"email\":\"ann@example.com\",\"name\":\"Ann \\\"A\\\" Lee\",\"permission_level\":\"edit\","
                     "\"added_by\":\"" OWNER_ID "\",\"added_at\":\"2026-03-01T12:01:00.000Z\"}],"
                     "\"total\":3,\"owner_id\":\"" OWNER_ID "\"}");
    tripsage_doc_free(doc);
    people_are(CAST BOB_ID ":3 " STRANGER_ID ":3 " ANN_ID ":3 ");
    ck_assert_str_eq(sql_text("SELECT visibility || version || ' ' || updated_at FROM trip"), "shared2 1772366460000");
    OK(tripsage_trip_get(&doc, trips, stranger, id));
    IS_TEXT(doc, "/role", "edit");
    tripsage_doc_free(doc);
    fixture_close();
}
END_TEST

START_TEST(gives_a_collaborator_the_new_level)
{
    tripsage_doc *doc;

    open_cast();
    OK(share(&doc, owner, "[\"" VIEW_ID "\",\"" VIEW_ID "\",\"" ADMIN_ID "\"]", "edit"));
    IS_INT(doc, "/total", 2);
    IS_TEXT(doc, "/items/0/user_id", VIEW_ID);
    IS_TEXT(doc, "/items/0/permission_level", "edit");
    IS_TEXT(doc, "/items/0/added_at", "2026-03-01T12:00:00.000Z"); /* when he came, not when he rose */
    tripsage_doc_free(doc);
    people_are(ADMIN_ID ":3 " EDIT_ID ":3 " VIEW_ID ":3 ");
    /* A trip that is open already stays as it is. */
    OK(share(&doc, owner, "[\"" BOB_ID "\"]", "view"));
    tripsage_doc_free(doc);
    ck_assert_str_eq(sql_text("SELECT visibility || version FROM trip"), "shared2");
    fixture_close();
}
END_TEST

START_TEST(shares_with_all_or_with_none)
{
    tripsage_doc *doc;

    open_cast();
    FAILS_AT(TRIPSAGE_EINVALID, "/user_emails/1 /user_emails/3",
             share(&doc, owner,
                   "[\"ann@example.com\",\"nobody@example.com\",\"" STRANGER_ID "\",\"owner@example.com\"]", "view"));
    ck_assert_ptr_null(doc);
    FAILS_AT(TRIPSAGE_EINVALID, "/user_emails/0", share(&doc, owner, "[\"" OWNER_ID "\"]", "view"));
    FAILS_AT(TRIPSAGE_EINVALID, "/user_emails/0", share(&doc, service, "[\"" OWNER_ID "\"]", "view"));
    nothing_changed();
    fixture_close();
}
END_TEST

START_TEST(reads_whom_to_share_with)
{
    tripsage_doc *doc;
    char many[4096] = "[";

    open_cast();
    FAILS_AT(TRIPSAGE_EINVALID, "/user_emails", share(&doc, owner, "[]", "view"));
    FAILS_AT(TRIPSAGE_EINVALID, "/user_emails/0 /user_emails/1 /user_emails/2 /permission_level",
             share(&doc, owner, "[\"ann\",7,\"@\"]", "owner"));
    FAILS_AT(TRIPSAGE_EINVALID, "/user_emails /message",
             tripsage_trip_share(&doc, trips, owner, id, "{\"message\":\"Hi\"}", TRIPSAGE_NUL));
    FAILS(TRIPSAGE_EMALFORMED, tripsage_trip_share(&doc, trips, owner, id, "", TRIPSAGE_NUL));
    for (int i = 0; i < 51; i++)
        strcat(strcat(many, i ? "," : ""), "\"" BOB_ID "\"");
    strcat(many, "]");
    FAILS_AT(TRIPSAGE_EINVALID, "/user_emails", share(&doc, owner, many, "view"));
    OK(tripsage_trip_share(&doc, trips, owner, id, "{\"user_emails\":[\"" BOB_ID "\"]}", TRIPSAGE_NUL));
    IS_TEXT(doc, "/items/0/permission_level", "view");
    tripsage_doc_free(doc);
    fixture_close();
}
END_TEST

START_TEST(is_shared_by_admins_but_they_make_no_admins)
{
    tripsage_doc *doc;

    open_cast();
    FAILS(TRIPSAGE_EFORBIDDEN, share(&doc, admin, "[\"" BOB_ID "\"]", "admin"));
    FAILS(TRIPSAGE_EFORBIDDEN, share(&doc, admin, "[\"" BOB_ID "\",\"" ADMIN_ID "\"]", "view"));
    FAILS(TRIPSAGE_EFORBIDDEN, share(&doc, edit, "[\"" BOB_ID "\"]", "view"));
    FAILS(TRIPSAGE_EFORBIDDEN, share(&doc, view, "[\"nobody@example.com\"]", "view"));
    FAILS(TRIPSAGE_ENOTFOUND, share(&doc, stranger, "[\"" STRANGER_ID "\"]", "view"));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, share(&doc, NULL, "[\"" BOB_ID "\"]", "view"));
    FAILS(TRIPSAGE_ENOTFOUND,
          tripsage_trip_share(&doc, trips, owner, NO_SUCH_ID, "{\"user_emails\":[\"" BOB_ID "\"]}", TRIPSAGE_NUL));
    nothing_changed();
    OK(share(&doc, admin, "[\"" VIEW_ID "\",\"" BOB_ID "\"]", "edit"));
    IS_TEXT(doc, "/items/1/added_by", ADMIN_ID);
    IS_TEXT(doc, "/owner_id", OWNER_ID);
    tripsage_doc_free(doc);
    OK(share(&doc, owner, "[\"" BOB_ID "\"]", "admin"));
    tripsage_doc_free(doc);
    OK(share(&doc, service, "[\"" ANN_ID "\"]", "admin"));
    IS_TEXT(doc, "/items/0/added_by", OWNER_ID);
    tripsage_doc_free(doc);
    people_are(ADMIN_ID ":4 " EDIT_ID ":3 " VIEW_ID ":3 " BOB_ID ":4 " ANN_ID ":4 ");
    fixture_close();
}
END_TEST

START_TEST(takes_a_hundred_collaborators)
{
    tripsage_doc *doc;
    char people[8192];

    open_cast();
    for (int round = 0; round < 2; round++) { /* 3 + 50 + 47 */
        int count = round == 0 ? 50 : 47;

        strcpy(people, "[");
        for (int i = 0; i < count; i++)
            snprintf(people + strlen(people), sizeof people - strlen(people),
                     "%s\"01890000-0000-7000-8000-00000001%02d%02d\"", i ? "," : "", round, i);
        strcat(people, "]");
        OK(share(&doc, owner, people, "view"));
        IS_INT(doc, "/total", count);
        tripsage_doc_free(doc);
    }
    FAILS(TRIPSAGE_ELIMIT, share(&doc, owner, "[\"" BOB_ID "\",\"" VIEW_ID "\"]", "edit"));
    ck_assert_int_eq(sql_int("SELECT count(*) FROM trip_collaborator WHERE level = 2"), 98);
    OK(share(&doc, owner, "[\"" VIEW_ID "\"]", "edit")); /* one who is there already is no more */
    tripsage_doc_free(doc);
    fixture_close();
}
END_TEST

/* ---- list ---- */

START_TEST(is_listed_for_members_only)
{
    tripsage_doc *doc;

    open_cast();
    OK(tripsage_collaborator_list(&doc, trips, view, id));
    ck_assert_str_eq(tripsage_doc_json(doc, NULL),
                     "{\"collaborators\":["
                     "{\"user_id\":\"" ADMIN_ID "\",\"email\":null,\"name\":null,\"permission_level\":\"admin\","
                     "\"added_by\":\"" OWNER_ID "\",\"added_at\":\"2026-03-01T12:00:00.000Z\"},"
                     "{\"user_id\":\"" EDIT_ID "\",\"email\":null,\"name\":null,\"permission_level\":\"edit\","
                     "\"added_by\":\"" OWNER_ID "\",\"added_at\":\"2026-03-01T12:00:00.000Z\"},"
                     "{\"user_id\":\"" VIEW_ID "\",\"email\":null,\"name\":null,\"permission_level\":\"view\","
                     "\"added_by\":\"" OWNER_ID "\",\"added_at\":\"2026-03-01T12:00:00.000Z\"}],"
                     "\"total\":3,\"owner_id\":\"" OWNER_ID "\"}");
    tripsage_doc_free(doc);
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_collaborator_list(&doc, trips, stranger, id));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_collaborator_list(&doc, trips, NULL, id));
    sql_run("UPDATE trip SET visibility = 'public'");
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_collaborator_list(&doc, trips, stranger, id));
    OK(tripsage_collaborator_list(&doc, trips, service, id));
    IS_INT(doc, "/total", 3);
    tripsage_doc_free(doc);
    fixture_close();
}
END_TEST

/* ---- change ---- */

static tripsage_status set_level(tripsage_doc **doc, const tripsage_actor *actor, const char *user_id,
                                 const char *level)
{
    char json[64];

    snprintf(json, sizeof json, "{\"permission_level\":\"%s\"}", level);
    return tripsage_collaborator_update(doc, trips, actor, id, user_id, json, TRIPSAGE_NUL);
}

START_TEST(changes_a_level)
{
    tripsage_doc *doc;

    open_cast();
    OK(set_level(&doc, admin, VIEW_ID, "edit"));
    ck_assert_str_eq(tripsage_doc_json(doc, NULL),
                     "{\"user_id\":\"" VIEW_ID "\",\"email\":null,\"name\":null,\"permission_level\":\"edit\","
                     "\"added_by\":\"" OWNER_ID "\",\"added_at\":\"2026-03-01T12:00:00.000Z\"}");
    tripsage_doc_free(doc);
    OK(set_level(&doc, owner, EDIT_ID, "admin"));
    tripsage_doc_free(doc);
    OK(set_level(&doc, service, ADMIN_ID, "view"));
    tripsage_doc_free(doc);
    people_are(ADMIN_ID ":2 " EDIT_ID ":4 " VIEW_ID ":3 ");
    fixture_close();
}
END_TEST

START_TEST(changes_no_level_without_the_right)
{
    tripsage_doc *doc;

    open_cast();
    FAILS(TRIPSAGE_EFORBIDDEN, set_level(&doc, admin, VIEW_ID, "admin"));
    FAILS(TRIPSAGE_EFORBIDDEN, set_level(&doc, admin, ADMIN_ID, "edit")); /* himself */
    FAILS(TRIPSAGE_EFORBIDDEN, set_level(&doc, owner, OWNER_ID, "edit"));
    FAILS(TRIPSAGE_EFORBIDDEN, set_level(&doc, edit, VIEW_ID, "edit"));
    FAILS(TRIPSAGE_EFORBIDDEN, set_level(&doc, view, VIEW_ID, "edit"));
    FAILS(TRIPSAGE_ENOTFOUND, set_level(&doc, stranger, VIEW_ID, "edit"));
    FAILS(TRIPSAGE_ENOTFOUND, set_level(&doc, owner, STRANGER_ID, "edit"));
    FAILS(TRIPSAGE_ENOTFOUND, set_level(&doc, owner, "nobody", "edit"));
    FAILS(TRIPSAGE_ENOTFOUND, set_level(&doc, owner, NULL, "edit"));
    FAILS(TRIPSAGE_ENOTFOUND, set_level(&doc, admin, OWNER_ID, "edit"));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, set_level(&doc, NULL, VIEW_ID, "edit"));
    FAILS_AT(TRIPSAGE_EINVALID, "/permission_level", set_level(&doc, owner, VIEW_ID, "owner"));
    FAILS_AT(TRIPSAGE_EINVALID, "/permission_level",
             tripsage_collaborator_update(&doc, trips, owner, id, VIEW_ID, "{}", TRIPSAGE_NUL));
    nothing_changed();
    fixture_close();
}
END_TEST

START_TEST(changes_no_admin_but_by_the_owner)
{
    tripsage_doc *doc;

    open_cast();
    OK(set_level(&doc, owner, EDIT_ID, "admin"));
    tripsage_doc_free(doc);
    FAILS(TRIPSAGE_EFORBIDDEN, set_level(&doc, admin, EDIT_ID, "view"));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_collaborator_remove(trips, admin, id, EDIT_ID));
    people_are(ADMIN_ID ":4 " EDIT_ID ":4 " VIEW_ID ":2 ");
    fixture_close();
}
END_TEST

/* ---- remove and leave ---- */

START_TEST(removes_and_lets_go)
{
    tripsage_doc *doc;

    open_cast();
    OK(tripsage_collaborator_remove(trips, admin, id, EDIT_ID));
    people_are(ADMIN_ID ":4 " VIEW_ID ":2 ");
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_trip_get(&doc, trips, edit, id));
    OK(tripsage_collaborator_remove(trips, view, id, VIEW_ID));
    people_are(ADMIN_ID ":4 ");
    OK(tripsage_collaborator_remove(trips, admin, id, ADMIN_ID));
    people_are("");
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_collaborator_remove(trips, admin, id, ADMIN_ID));
    ck_assert_str_eq(sql_text("SELECT visibility || version FROM trip"), "private1");
    fixture_close();
}
END_TEST

START_TEST(removes_nobody_without_the_right)
{
    open_cast();
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_collaborator_remove(trips, edit, id, VIEW_ID));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_collaborator_remove(trips, view, id, EDIT_ID));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_collaborator_remove(trips, stranger, id, VIEW_ID));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_collaborator_remove(trips, owner, id, STRANGER_ID));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_collaborator_remove(trips, owner, id, OWNER_ID));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_collaborator_remove(trips, owner, id, "nobody"));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_collaborator_remove(trips, NULL, id, VIEW_ID));
    sql_run("UPDATE trip SET visibility = 'public'");
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_collaborator_remove(trips, stranger, id, STRANGER_ID));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_collaborator_remove(trips, stranger, id, VIEW_ID));
    sql_run("UPDATE trip SET visibility = 'private'");
    nothing_changed();
    OK(tripsage_collaborator_remove(trips, owner, id, ADMIN_ID));
    OK(tripsage_collaborator_remove(trips, service, id, EDIT_ID));
    people_are(VIEW_ID ":2 ");
    fixture_close();
}
END_TEST

/* ---- transfer ---- */

static tripsage_status transfer(tripsage_doc **doc, const tripsage_actor *actor, const char *user_id, int64_t version)
{
    tripsage_write_options how = TRIPSAGE_WRITE_OPTIONS_INIT;
    char json[128];

    how.if_version = version;
    snprintf(json, sizeof json, "{\"user_id\":\"%s\"}", user_id);
    return tripsage_trip_transfer(doc, trips, actor, id, json, TRIPSAGE_NUL, &how);
}

START_TEST(hands_the_trip_over)
{
    tripsage_doc *doc;

    open_cast();
    OK(transfer(&doc, owner, VIEW_ID, 1));
    IS_TEXT(doc, "/user_id", VIEW_ID);
    IS_TEXT(doc, "/role", "admin");
    IS_INT(doc, "/version", 2);
    tripsage_doc_free(doc);
    people_are(ADMIN_ID ":4 " EDIT_ID ":3 " OWNER_ID ":4 ");
    OK(tripsage_trip_get(&doc, trips, view, id));
    IS_TEXT(doc, "/role", "owner");
    tripsage_doc_free(doc);
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_trip_delete(trips, owner, id, NULL));
    OK(transfer(&doc, service, OWNER_ID, 0));
    IS_TEXT(doc, "/user_id", OWNER_ID);
    tripsage_doc_free(doc);
    people_are(ADMIN_ID ":4 " EDIT_ID ":3 " VIEW_ID ":4 ");
    fixture_close();
}
END_TEST

START_TEST(hands_over_to_nobody_else)
{
    tripsage_doc *doc;

    open_cast();
    FAILS_AT(TRIPSAGE_EINVALID, "/user_id", transfer(&doc, owner, STRANGER_ID, 0));
    FAILS_AT(TRIPSAGE_EINVALID, "/user_id", transfer(&doc, owner, OWNER_ID, 0));
    FAILS_AT(TRIPSAGE_EINVALID, "/user_id", transfer(&doc, owner, "ann", 0));
    FAILS_AT(TRIPSAGE_EINVALID, "/user_id /now",
             tripsage_trip_transfer(&doc, trips, owner, id, "{\"now\":1}", TRIPSAGE_NUL, NULL));
    FAILS(TRIPSAGE_EFORBIDDEN, transfer(&doc, admin, ADMIN_ID, 0));
    FAILS(TRIPSAGE_ENOTFOUND, transfer(&doc, stranger, VIEW_ID, 0));
    FAILS(TRIPSAGE_EPRECONDITION, transfer(&doc, owner, VIEW_ID, 2));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, transfer(&doc, NULL, VIEW_ID, 0));
    nothing_changed();
    fixture_close();
}
END_TEST

SUITE_MAIN("trip/collaborator", shares_by_address_and_by_id, gives_a_collaborator_the_new_level,
           shares_with_all_or_with_none, reads_whom_to_share_with, is_shared_by_admins_but_they_make_no_admins,
           takes_a_hundred_collaborators, is_listed_for_members_only, changes_a_level,
           changes_no_level_without_the_right, changes_no_admin_but_by_the_owner, removes_and_lets_go,
           removes_nobody_without_the_right, hands_the_trip_over, hands_over_to_nobody_else)
