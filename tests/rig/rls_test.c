/* rig/rls_test.c: the database alone gives the library's verdicts. What is tried here is raw SQL in the role of a request, with a user's
 * claims and none of the library's guards: what they would refuse, row level security, grants and triggers refuse.
 *
 * Each attempt is made on a fresh scene (rls_scene.sql) in a transaction that is never committed. */
#include <stdlib.h>
#include <string.h>

#include "contract/roles.h"
#include "support/postgres.h"
#include "support/temp.h"
#include "support/world.h"

static void open_database(void)
{
    test_pg_create(world_migrate);
}

static void close_database(void)
{
    test_pg_drop();
    test_keep_free();
}

/* ---- the scene ---- */

static const char *const user_ids[ROLES] = {OWNER_ID, ADMIN_ID, EDIT_ID, VIEW_ID, STRANGER_ID, STRANGER_ID, NULL, NULL};

/* SQL with what stands in braces filled in. */
static const char *filled(const char *sql, int role)
{
    int writes = role == OWNER || role == ADMIN || role == EDIT || role == VIEW;
    const char *const places[][2] = {
        {"{trip}", "01990000-0000-7000-8000-000000000001"},
        {"{item}", "01990000-0000-7000-8000-000000000002"},
        {"{own_note}", "01990000-0000-7000-8000-000000000003"},
        {"{other_note}", "01990000-0000-7000-8000-000000000004"},
        {"{new}", "01990000-0000-7000-8000-000000000005"},
        {"{my_trip}", user_ids[role] ? test_format("0199%s", user_ids[role] + 4) : NO_SUCH_ID},
        {"{absent}", NO_SUCH_ID},
        {"{owner}", OWNER_ID},
        {"{admin}", ADMIN_ID},
        {"{edit}", EDIT_ID},
        {"{view}", VIEW_ID},
        {"{stranger}", STRANGER_ID},
        {"{guest}", GUEST_ID},
        {"{second_admin}", SECOND_ADMIN_ID},
        {"{newcomer}", NEWCOMER_ID},
        {"{author}", writes ? user_ids[role] : OWNER_ID},
        {"{other_author}", role == OWNER ? ADMIN_ID : OWNER_ID},
        {"{visibility}", role == READER ? "public" : "shared"},
        {"{trip_columns}", "id, user_id, start_date, end_date, status, trip_type, visibility, travelers, title,"
                           " destination_names, tags, destinations, preferences"},
        {"{trip_values}",
         "'2026-11-03', '2026-11-10', 'planning', 'leisure', 'private', 2, 'Kyoto', '[]', '[]', '[]', '{}'"},
        {"{item_columns}",
         "id, trip_id, sort_at, item_date, timezone, item_type, booking_status, is_flexible, title, details"},
        {"{item_values}", "1793664000000, '2026-11-03', 'Asia/Tokyo', 'activity', 'planned', 0, 'Temple', '{}'"},
    };

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        sql = test_replaced(sql, places[i][0], places[i][1]);
    return sql;
}

static void super(const char *sql)
{
    test_pg_exec(TEST_PG_SUPERUSER, sql);
}

static const char *super_text(const char *sql)
{
    return test_pg_text(TEST_PG_SUPERUSER, sql);
}

static void begin_scene(int role, int is_deleted)
{
    const char *scene = test_keep(test_file_read(TRIPSAGE_SOURCE_DIR "/tests/rig/rls_scene.sql"));

    super("BEGIN");
    super(filled(test_replaced(scene, "{deleted}", is_deleted ? "true" : "false"), role));
}

static void end_scene(void)
{
    super("ROLLBACK");
}

/* Everything there is to change, but `but` as an array of names. */
static const char *snapshot(const char *but)
{
    static const char sql[] =
        "SELECT string_agg(r, E'\\n' ORDER BY r) FROM ("
        "SELECT concat('trip ', to_jsonb(t) - {but}) AS r FROM tripsage.trip t UNION ALL "
        "SELECT concat('collaborator ', to_jsonb(c)) FROM tripsage.trip_collaborator c UNION ALL "
        "SELECT concat('item ', to_jsonb(i) - {but}) FROM tripsage.itinerary_item i UNION ALL "
        "SELECT concat('note ', to_jsonb(n) - {but}) FROM tripsage.trip_note n UNION ALL "
        "SELECT concat('key ', to_jsonb(k)) FROM tripsage.idempotency_key k UNION ALL "
        "SELECT concat('saved ', to_jsonb(s)) FROM tripsage.saved_destination s UNION ALL "
        "SELECT concat('memory ', to_jsonb(m)) FROM tripsage.memory m UNION ALL "
        "SELECT concat('search ', to_jsonb(e)) FROM tripsage.search_entry e UNION ALL "
        "SELECT concat('tally ', to_jsonb(y)) FROM tripsage.search_tally y UNION ALL "
        "SELECT concat('places ', md5(string_agg(d::text, '' ORDER BY id))) FROM tripsage.destination d UNION ALL "
        "SELECT concat('account ', to_jsonb(a)) FROM tripsage.account a) s";

    return super_text(test_replaced(sql, "{but}", but));
}

#define NOTHING    "ARRAY[]::text[]"
#define THE_COUNTS "ARRAY['version', 'updated_at']"

/* ---- an attempt ---- */

typedef struct outcome {
    char state[6]; /* the SQLSTATE; "00000" when it ran */
    int count;     /* rows of the last statement, read or changed */
} outcome;

static const char *claims_of(int role)
{
    if (role == NOBODY)
        return "{\"role\":\"anon\"}";
    if (role == SERVICE)
        return "{\"role\":\"service_role\"}";
    return test_format("{\"sub\":\"%s\",\"role\":\"authenticated\"}", user_ids[role]);
}

static void become(int role)
{
    super(test_format("SELECT set_config('request.jwt.claims', '%s', true), set_config('role', '%s', true)",
                      claims_of(role),
                      role == NOBODY    ? "anon"
                      : role == SERVICE ? "service_role"
                                        : "authenticated"));
}

/* Runs it as far as a commit would: what is asked at the end of a transaction is asked. Whatever failed is undone. */
static outcome attempt(int role, const char *sql)
{
    outcome o = {"00000", 0};
    PGresult *result;

    super("SAVEPOINT attempt");
    become(role);
    result = PQexec(test_pg(TEST_PG_SUPERUSER), filled(sql, role));
    if (!PQresultErrorField(result, PG_DIAG_SQLSTATE)) {
        o.count = PQntuples(result) ? PQntuples(result) : atoi(PQcmdTuples(result));
        PQclear(result);
        result = PQexec(test_pg(TEST_PG_SUPERUSER), "SET CONSTRAINTS ALL IMMEDIATE");
    }
    if (PQresultErrorField(result, PG_DIAG_SQLSTATE)) {
        strncpy(o.state, PQresultErrorField(result, PG_DIAG_SQLSTATE), sizeof o.state - 1);
        super("ROLLBACK TO attempt");
    }
    PQclear(result);
    super("RESET ROLE");
    return o;
}

static int worked(outcome o)
{
    return strcmp(o.state, "00000") == 0 && o.count > 0;
}

/* Nothing was found, or it was denied; to nobody not even the names of the tables mean anything. */
static int is_refusal(outcome o, int role)
{
    return strcmp(o.state, "00000") == 0 || strcmp(o.state, "42501") == 0 ||
           (role == NOBODY && (strcmp(o.state, "42P01") == 0 || strcmp(o.state, "42883") == 0));
}

/* ---- the table of roles ---- */

static const char trip_create[] = "INSERT INTO trip ({trip_columns}) VALUES ('{new}', auth.uid()::text, {trip_values})";
static const char trip_get[] = "SELECT * FROM trip WHERE id = '{trip}'";
static const char trip_update[] = "UPDATE trip SET title = 'Nara' WHERE id = '{trip}'";
static const char trip_update_visibility[] = "UPDATE trip SET visibility = 'private' WHERE id = '{trip}'";
static const char trip_update_status[] = "UPDATE trip SET status = 'booked' WHERE id = '{trip}'";
static const char trip_patch[] = "UPDATE trip SET preferences = '{\"pace\":\"slow\"}' WHERE id = '{trip}'";
static const char trip_patch_visibility[] = "UPDATE trip SET visibility = 'public' WHERE id = '{trip}'";
static const char trip_delete[] = "UPDATE trip SET deleted_at = 5, version = version + 1 WHERE id = '{trip}'";
static const char trip_restore[] = "UPDATE trip SET deleted_at = NULL, version = version + 1 WHERE id = '{trip}'";
static const char trip_purge[] = "DELETE FROM trip WHERE id = '{trip}'";
static const char trip_duplicate[] =
    "INSERT INTO trip ({trip_columns}) SELECT '{new}', auth.uid()::text, {trip_values} FROM trip WHERE id = '{trip}';"
    "INSERT INTO itinerary_item ({item_columns}) SELECT gen_random_uuid(), '{new}', {item_values}"
    " FROM readable_items('{trip}')";
static const char trip_list[] = "SELECT * FROM trip";
static const char trip_search[] = "SELECT * FROM trip WHERE title LIKE '%Kyoto%'";
static const char trip_summary[] = "SELECT t.*, i.* FROM trip t, readable_items(t.id) i WHERE t.id = '{trip}'";
static const char trip_transfer[] =
    "INSERT INTO trip_collaborator (trip_id, user_id, level, position, added_by)"
    " SELECT id, user_id, 4, 9, user_id FROM trip WHERE id = '{trip}';"
    "UPDATE trip SET user_id = '{second_admin}', version = version + 1 WHERE id = '{trip}';"
    "DELETE FROM trip_collaborator WHERE trip_id = '{trip}' AND user_id = '{second_admin}'";
#define trip_similar     trip_get
#define trip_export_json trip_summary
#define trip_export_csv  trip_summary
#define trip_export_ics  trip_summary

static const char item_create[] =
    "INSERT INTO itinerary_item ({item_columns}) VALUES ('{new}', '{trip}', {item_values})";
static const char item_get[] = "SELECT * FROM readable_items('{trip}') WHERE id = '{item}'";
static const char item_update[] = "UPDATE itinerary_item SET title = 'Bus' WHERE id = '{item}'";
static const char item_delete[] = "DELETE FROM itinerary_item WHERE id = '{item}'";
static const char itinerary_get[] = "SELECT * FROM readable_items('{trip}')";
#define itinerary_conflicts itinerary_get
#define itinerary_optimize  itinerary_get

static const char note_create[] = "INSERT INTO trip_note (id, trip_id, user_id, content)"
                                  " VALUES ('{new}', '{trip}', COALESCE(auth.uid()::text, ''), 'Bring cash')";
static const char note_list[] = "SELECT * FROM trip_note WHERE trip_id = '{trip}'";
static const char note_get[] = "SELECT * FROM trip_note WHERE id = '{other_note}'";
static const char note_update_own[] = "UPDATE trip_note SET content = 'Changed' WHERE id = '{own_note}'";
static const char note_update_of_another[] = "UPDATE trip_note SET content = 'Changed' WHERE id = '{other_note}'";
static const char note_delete_own[] = "DELETE FROM trip_note WHERE id = '{own_note}'";
static const char note_delete_of_another[] = "DELETE FROM trip_note WHERE id = '{other_note}'";

#define SHARE(user, level)                                                                                             \
    "INSERT INTO trip_collaborator (trip_id, user_id, level, position, added_by) VALUES"                               \
    " ('{trip}', '" user "', " level ", 9, COALESCE(auth.uid()::text, '{owner}'))"                                     \
    " ON CONFLICT (trip_id, user_id) DO UPDATE SET level = excluded.level"
static const char share_with_newcomer[] = SHARE("{newcomer}", "2");
static const char share_as_edit[] = SHARE("{guest}", "3");
static const char share_as_admin[] = SHARE("{newcomer}", "4");
static const char share_lowers_an_admin[] = SHARE("{second_admin}", "2");

#define SET_LEVEL(user, level)                                                                                         \
    "UPDATE trip_collaborator SET level = " level " WHERE trip_id = '{trip}' AND user_id = '" user "'"
#define REMOVE(user) "DELETE FROM trip_collaborator WHERE trip_id = '{trip}' AND user_id = '" user "'"
static const char collaborator_list[] = "SELECT * FROM trip_collaborator WHERE trip_id = '{trip}'";
static const char collaborator_update_guest[] = SET_LEVEL("{guest}", "3");
static const char collaborator_update_to_admin[] = SET_LEVEL("{guest}", "4");
static const char collaborator_update_admin[] = SET_LEVEL("{second_admin}", "2");
static const char collaborator_remove_guest[] = REMOVE("{guest}");
static const char collaborator_remove_admin[] = REMOVE("{second_admin}");

typedef struct row {
    const char *name;
    const char *sql;
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

/* The library hides a deleted trip from its owner as well, who has to see it in the database: he may list and restore it. The service role
 * is beyond row level security: the library keeps itself from what is foolish. */
static int is_beyond(const row *r, int role)
{
    return (role == OWNER && r->deleted && r->sql == trip_get) || (role == SERVICE && r->want[role] != ok);
}

START_TEST(the_table_holds)
{
    const row *r = &rows[_i];
    int reads = strncmp(r->sql, "SELECT", 6) == 0;

    for (int role = 0; role < ROLES; role++) {
        const char *before;
        outcome o;

        if (is_beyond(r, role))
            continue;
        begin_scene(role, r->deleted);
        before = snapshot(THE_COUNTS);
        o = attempt(role, r->sql);
        if (r->want[role] == ok) {
            ck_assert_msg(worked(o), "%s as %s: refused with %s", r->name, role_names[role], o.state);
            ck_assert_msg(reads == (strcmp(snapshot(THE_COUNTS), before) == 0), "%s as %s", r->name, role_names[role]);
        } else {
            ck_assert_msg(!reads || !worked(o), "%s as %s: got %d rows", r->name, role_names[role], o.count);
            ck_assert_msg(is_refusal(o, role), "%s as %s: %s", r->name, role_names[role], o.state);
            ck_assert_msg(strcmp(snapshot(THE_COUNTS), before) == 0, "%s as %s changed something", r->name,
                          role_names[role]);
        }
        end_scene();
    }
}
END_TEST

START_TEST(everybody_may_leave)
{
    static const char *const leave =
        "DELETE FROM trip_collaborator WHERE trip_id = '{trip}' AND user_id = auth.uid()::text";

    for (int role = OWNER; role <= STRANGER; role++) {
        int may = role == ADMIN || role == EDIT || role == VIEW;

        begin_scene(role, 0);
        ck_assert_int_eq(worked(attempt(role, leave)), may);
        if (may)
            ck_assert(!worked(attempt(role, trip_get)));
        end_scene();
        begin_scene(role, 1);
        ck_assert(!worked(attempt(role, leave)));
        end_scene();
    }
}
END_TEST

/* The new owner has it all, the old one stays as an admin. */
START_TEST(a_transfer_leaves_both_where_they_belong)
{
    begin_scene(OWNER, 0);
    ck_assert(worked(attempt(OWNER, trip_transfer)));
    SAME_TEXT(
        super_text(filled("SELECT t.user_id || ' ' || c.user_id || ' ' || c.level FROM trip t JOIN trip_collaborator c"
                          " ON c.trip_id = t.id WHERE t.id = '{trip}' AND c.position = 9",
                          OWNER)),
        SECOND_ADMIN_ID " " OWNER_ID " 4");
    ck_assert(worked(attempt(OWNER, trip_update)));
    ck_assert(!worked(attempt(OWNER, trip_delete)));
    end_scene();
}
END_TEST

/* ---- attacks ---- */

typedef struct attack {
    int role;
    const char *state; /* the SQLSTATE it ends with; "00000": no row is seen or changed */
    const char *sql;
} attack;

#define TAKE(set) "UPDATE trip SET " set " WHERE id = '{trip}'"
#define HIDDEN    "00000"
#define DENIED    "42501"
#define AT_ODDS   "23514"

static const attack attacks[] = {
    /* taking a trip over */
    {EDIT, DENIED, TAKE("user_id = auth.uid()::text")},
    {EDIT, DENIED, TAKE("user_id = auth.uid()::text, title = 'Mine', version = version + 1")},
    {EDIT, DENIED, TAKE("(title, user_id) = (SELECT 'Mine', auth.uid()::text)")},
    {EDIT, DENIED, TAKE("user_id = '{view}'")},
    {ADMIN, DENIED, TAKE("user_id = auth.uid()::text")},
    {ADMIN, DENIED, TAKE("user_id = '{second_admin}'")},
    {VIEW, HIDDEN, TAKE("user_id = auth.uid()::text")},
    {READER, HIDDEN, TAKE("user_id = auth.uid()::text")},
    {STRANGER, HIDDEN, TAKE("user_id = auth.uid()::text")},
    {EDIT, DENIED,
     "INSERT INTO trip ({trip_columns}) VALUES ('{trip}', auth.uid()::text, {trip_values})"
     " ON CONFLICT (id) DO UPDATE SET user_id = excluded.user_id"},
    {STRANGER, DENIED,
     "INSERT INTO trip ({trip_columns}) VALUES ('{trip}', auth.uid()::text, {trip_values})"
     " ON CONFLICT (id) DO UPDATE SET title = excluded.title"},
    {EDIT, DENIED,
     "MERGE INTO trip t USING (SELECT auth.uid()::text AS me) m ON t.id = '{trip}'"
     " WHEN MATCHED THEN UPDATE SET user_id = m.me"},
    {EDIT, DENIED,
     "WITH taken AS (UPDATE trip SET user_id = auth.uid()::text WHERE id = '{trip}' RETURNING *)"
     " SELECT * FROM taken"},
    {EDIT, DENIED, TAKE("id = '{new}'")},
    {EDIT, DENIED, TAKE("seq = 1")},
    {EDIT, DENIED, TAKE("created_at = 1")},
    {OWNER, DENIED, TAKE("id = '{new}'")},
    {STRANGER, DENIED, "INSERT INTO trip ({trip_columns}) VALUES ('{new}', '{owner}', {trip_values})"},
    {STRANGER, DENIED,
     "INSERT INTO trip (seq, {trip_columns}) OVERRIDING SYSTEM VALUE"
     " VALUES (9000000, '{new}', auth.uid()::text, {trip_values})"},
    {EDIT, DENIED,
     "DELETE FROM trip_collaborator WHERE trip_id = '{trip}' AND user_id = auth.uid()::text;"
     "INSERT INTO trip_collaborator (trip_id, user_id, level, position, added_by)"
     " VALUES ('{trip}', auth.uid()::text, 4, 9, auth.uid()::text)"},
    /* giving it to whom it may not be given */
    {OWNER, DENIED, TAKE("user_id = '{stranger}'")},
    {OWNER, DENIED, TAKE("user_id = '{admin}'")},
    {OWNER, AT_ODDS,
     "INSERT INTO trip_collaborator (trip_id, user_id, level, position, added_by)"
     " VALUES ('{trip}', auth.uid()::text, 4, 9, auth.uid()::text)"},
    {OWNER, AT_ODDS,
     "INSERT INTO trip_collaborator (trip_id, user_id, level, position, added_by)"
     " VALUES ('{trip}', auth.uid()::text, 4, 9, auth.uid()::text);" TAKE("user_id = '{admin}'")},
    {ADMIN, AT_ODDS,
     "INSERT INTO trip_collaborator (trip_id, user_id, level, position, added_by)"
     " VALUES ('{trip}', '{owner}', 2, 9, auth.uid()::text)"},
    /* who may see it, and whether it is there */
    {ADMIN, DENIED, TAKE("visibility = 'public'")},
    {EDIT, DENIED, TAKE("visibility = 'public', title = 'Open'")},
    {ADMIN, DENIED, TAKE("deleted_at = 1")},
    {EDIT, DENIED, TAKE("deleted_at = 1, visibility = 'shared'")},
    {OWNER, HIDDEN, "DELETE FROM trip WHERE id = '{trip}'"},
    /* rising */
    {EDIT, HIDDEN, SET_LEVEL("{edit}", "4")},
    {EDIT, HIDDEN, SET_LEVEL("{guest}", "3")},
    {EDIT, HIDDEN, SET_LEVEL("{admin}", "2")},
    {ADMIN, HIDDEN, SET_LEVEL("{admin}", "2")},
    {ADMIN, HIDDEN, SET_LEVEL("{second_admin}", "3")},
    {ADMIN, DENIED, "UPDATE trip_collaborator SET level = 4"},
    {VIEW, HIDDEN, "UPDATE trip_collaborator SET level = 4"},
    {EDIT, DENIED, SHARE("{edit}", "4")},
    {EDIT, DENIED, SHARE("{newcomer}", "2")},
    {ADMIN, DENIED, SHARE("{admin}", "3")},
    {STRANGER, DENIED, SHARE("{stranger}", "2")},
    {READER, DENIED, SHARE("{stranger}", "2")},
    {EDIT, DENIED, "UPDATE trip_collaborator SET user_id = auth.uid()::text WHERE user_id = '{admin}'"},
    {ADMIN, DENIED, "UPDATE trip_collaborator SET trip_id = '{my_trip}' WHERE user_id = '{guest}'"},
    {ADMIN, DENIED, "UPDATE trip_collaborator SET added_by = '{owner}' WHERE user_id = '{guest}'"},
    {ADMIN, DENIED,
     "INSERT INTO trip_collaborator (trip_id, user_id, level, position, added_by)"
     " VALUES ('{trip}', '{newcomer}', 2, 9, '{owner}')"},
    /* items and notes */
    {EDIT, DENIED, "UPDATE itinerary_item SET trip_id = '{my_trip}' WHERE id = '{item}'"},
    {EDIT, DENIED, "UPDATE itinerary_item SET id = '{new}' WHERE id = '{item}'"},
    {STRANGER, DENIED,
     "INSERT INTO itinerary_item ({item_columns}) VALUES ('{item}', '{my_trip}', {item_values})"
     " ON CONFLICT (id) DO UPDATE SET title = excluded.title"},
    {STRANGER, DENIED, "INSERT INTO itinerary_item ({item_columns}) VALUES ('{new}', '{trip}', {item_values})"},
    {READER, HIDDEN, "SELECT * FROM itinerary_item WHERE trip_id = '{trip}'"},
    {READER, HIDDEN, "SELECT * FROM itinerary_items"},
    {READER, HIDDEN, "SELECT 1 FROM readable_items('{trip}') WHERE notes IS NOT NULL OR booking_reference IS NOT NULL"},
    {READER, HIDDEN, "SELECT * FROM trip_note"},
    {READER, HIDDEN, "SELECT * FROM trip_collaborator"},
    {EDIT, DENIED, "INSERT INTO trip_note (trip_id, user_id, content) VALUES ('{trip}', '{owner}', 'I say')"},
    {EDIT, DENIED, "UPDATE trip_note SET user_id = '{owner}' WHERE id = '{own_note}'"},
    {EDIT, DENIED, "UPDATE trip_note SET trip_id = '{my_trip}' WHERE id = '{own_note}'"},
    /* what is a user's own: and a reference does not tell what exists */
    {STRANGER, DENIED,
     "INSERT INTO idempotency_key (user_id, operation, key, fingerprint, response, trip_id, created_at)"
     " VALUES (auth.uid()::text, 'x', 'y', decode(repeat('00', 32), 'hex'), '', '{trip}', 0)"},
    {STRANGER, DENIED,
     "INSERT INTO idempotency_key (user_id, operation, key, fingerprint, response, trip_id, created_at)"
     " VALUES (auth.uid()::text, 'x', 'y', decode(repeat('00', 32), 'hex'), '', '{absent}', 0)"},
    {STRANGER, DENIED,
     "INSERT INTO idempotency_key (user_id, operation, key, fingerprint, response, trip_id, created_at)"
     " VALUES ('{owner}', 'x', 'y', decode(repeat('00', 32), 'hex'), '', '{my_trip}', 0)"},
    {EDIT, HIDDEN, "UPDATE idempotency_key SET response = 'Forged'"},
    {EDIT, DENIED, "DELETE FROM idempotency_key"},
    {STRANGER, DENIED,
     "INSERT INTO saved_destination (user_id, destination_id, trip_id, priority)"
     " VALUES (auth.uid()::text, 'nara', '{trip}', 1)"},
    {STRANGER, DENIED,
     "INSERT INTO saved_destination (user_id, destination_id, trip_id, priority)"
     " VALUES (auth.uid()::text, 'nara', '{absent}', 1)"},
    {STRANGER, DENIED,
     "INSERT INTO saved_destination (user_id, destination_id, priority) VALUES ('{owner}', 'nara', 1)"},
    {EDIT, HIDDEN, "DELETE FROM saved_destination"},
    {STRANGER, DENIED, "INSERT INTO memory (user_id, memory_type, content) VALUES ('{owner}', 'other', 'Forged')"},
    {EDIT, HIDDEN, "UPDATE memory SET content = 'Forged'"},
    {EDIT, HIDDEN, "DELETE FROM memory"},
    {STRANGER, DENIED,
     "INSERT INTO search_entry (user_id, digest, query, request) VALUES ('{owner}', repeat('1', 64), 'Forged', '{}')"},
    {EDIT, HIDDEN, "UPDATE search_entry SET times = 7"},
    {EDIT, HIDDEN, "DELETE FROM search_entry"},
    {STRANGER, DENIED,
     "INSERT INTO search_tally (user_id, day, query, searches, hits) VALUES ('{owner}', '2026-11-04', 'Forged', 1, 1)"},
    {EDIT, HIDDEN, "DELETE FROM search_tally"},
    {OWNER, DENIED, "UPDATE memory SET user_id = '{stranger}'"},
    /* people */
    {OWNER, DENIED, "SELECT password_hash FROM account WHERE id = auth.uid()::text"},
    {OWNER, DENIED, "SELECT * FROM account"},
    {OWNER, DENIED, "SELECT a FROM account a"},
    {OWNER, DENIED, "UPDATE account SET role = 'service_role' WHERE id = auth.uid()::text"},
    {STRANGER, HIDDEN, "SELECT id, email, full_name FROM account WHERE id <> auth.uid()::text"},
    {READER, HIDDEN, "SELECT id, email, full_name FROM account WHERE id <> auth.uid()::text"},
    {OWNER, HIDDEN, "SELECT id FROM account WHERE id IN ('{stranger}', '{newcomer}')"},
    {EDIT, HIDDEN, "SELECT 1 WHERE account_id_for('{trip}', 'SECRET-12@example.org') IS NOT NULL"},
    {STRANGER, HIDDEN, "SELECT 1 WHERE account_id_for('{trip}', 'SECRET-12@example.org') IS NOT NULL"},
    {READER, HIDDEN, "SELECT 1 WHERE account_id_for('{trip}', 'SECRET-12@example.org') IS NOT NULL"},
    {OWNER, DENIED, "SELECT * FROM session"},
    {OWNER, DENIED, "SELECT * FROM one_time_token"},
    {OWNER, DENIED, "SELECT * FROM flow_state"},
    {OWNER, DENIED, "SELECT * FROM factor"},
    {OWNER, DENIED, "SELECT * FROM challenge"},
    {OWNER, DENIED, "SELECT * FROM recovery_code"},
    {OWNER, DENIED, "SELECT factors FROM account WHERE id = auth.uid()::text"},
    {OWNER, DENIED, "SELECT * FROM mail_request"},
    {OWNER, DENIED, "SELECT * FROM meta"},
    {OWNER, DENIED, "SELECT * FROM schema_migration"},
    /* functions tell of what is hidden what they tell of what is not there */
    {STRANGER, HIDDEN, "SELECT 1 WHERE trip_role('{trip}') <> trip_role('{absent}')"},
    {STRANGER, HIDDEN, "SELECT 1 WHERE trip_owner('{trip}') IS NOT NULL"},
    {STRANGER, HIDDEN, "SELECT * FROM readable_items('{trip}')"},
    {STRANGER, HIDDEN, "SELECT 1 WHERE is_companion('{owner}')"},
    /* a search_path, a claim or an operator of one's own */
    {STRANGER, HIDDEN,
     "CREATE TEMP TABLE trip AS SELECT '{trip}' AS id, auth.uid()::text AS user_id, 'public' AS visibility,"
     " NULL::bigint AS deleted_at; SET LOCAL search_path = pg_temp, tripsage;"
     "SELECT 1 WHERE tripsage.trip_role('{trip}') > 0"},
    {STRANGER, HIDDEN,
     "CREATE FUNCTION pg_temp.user_id() RETURNS text LANGUAGE sql AS $$ SELECT '{owner}' $$;"
     "SET LOCAL search_path = pg_temp, tripsage;"
     "SELECT 1 WHERE tripsage.trip_role('{trip}') > 0"},
    {EDIT, DENIED,
     "CREATE FUNCTION pg_temp.no(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT false';"
     "CREATE OPERATOR pg_temp.<> (LEFTARG = text, RIGHTARG = text, FUNCTION = pg_temp.no);"
     "SET LOCAL search_path = pg_temp, pg_catalog, tripsage;" TAKE("user_id = auth.uid()::text")},
    /* a function that talks sees no row that its caller may not see */
    {STRANGER, HIDDEN,
     "CREATE FUNCTION pg_temp.tell(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS"
     " $$ BEGIN IF $1 LIKE 'SECRET%' THEN RAISE 'told'; END IF; RETURN false; END $$;"
     "SELECT 1 FROM trip WHERE pg_temp.tell(title)"},
    /* what is the owner's of the tables */
    {OWNER, DENIED, "SET LOCAL row_security = off; SELECT * FROM trip"},
    {OWNER, DENIED, "ALTER TABLE trip DISABLE ROW LEVEL SECURITY"},
    {OWNER, DENIED, "ALTER TABLE trip DISABLE TRIGGER guard"},
    {OWNER, DENIED, "TRUNCATE trip_note"},
    {OWNER, DENIED, "CREATE POLICY all_of_it ON trip USING (true)"},
    {OWNER, DENIED, "CREATE TABLE tripsage.mine (a int)"},
    {OWNER, DENIED, "CREATE FUNCTION tripsage.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'"},
    {OWNER, DENIED, "SELECT protect('trip')"},
    {OWNER, DENIED, "SELECT publish('trip')"},
    {OWNER, DENIED, "SELECT give_to_definer('user_id()', 'anon')"},
    {OWNER, DENIED, "SELECT migration_applied(99, 'forged')"},
    {OWNER, DENIED, "INSERT INTO destination SELECT * FROM destination"},
    {OWNER, DENIED, "DELETE FROM destination"},
};

enum { ATTACKS = sizeof attacks / sizeof attacks[0] };

START_TEST(attacks_fail)
{
    const attack *a = &attacks[_i];
    const char *before;
    outcome o;

    begin_scene(a->role, 0);
    before = snapshot(NOTHING);
    o = attempt(a->role, a->sql);
    ck_assert_msg(strcmp(o.state, a->state) == 0 && !worked(o), "as %s: %s and %d rows from\n%s", role_names[a->role],
                  o.state, o.count, a->sql);
    ck_assert_msg(strcmp(snapshot(NOTHING), before) == 0, "as %s: something was changed by\n%s", role_names[a->role],
                  a->sql);
    end_scene();
}
END_TEST

/* ---- what each may see, of everything there is ---- */

/* The names of all tables and views of the schema. */
static PGresult *relations(void)
{
    PGresult *found =
        PQexec(test_pg(TEST_PG_SUPERUSER), "SELECT relname FROM pg_class WHERE relnamespace = 'tripsage'::regnamespace"
                                           " AND relkind IN ('r', 'v', 'm', 'p', 'f')");

    ck_assert_int_gt(PQntuples(found), 10);
    return found;
}

START_TEST(a_stranger_and_nobody_see_nothing_anywhere)
{
    static const int roles[] = {STRANGER, NOBODY};
    PGresult *names = relations();

    begin_scene(STRANGER, 0);
    for (size_t r = 0; r < sizeof roles / sizeof roles[0]; r++) {
        for (int i = 0; i < PQntuples(names); i++) {
            const char *name = PQgetvalue(names, i, 0);
            outcome o = attempt(roles[r], test_format("SELECT 1 FROM tripsage.%s r WHERE r::text LIKE '%%{owner}%%'"
                                                      " OR r::text LIKE '%%{trip}%%'",
                                                      name));

            ck_assert_msg(o.count == 0, "%s sees %d rows of %s", role_names[roles[r]], o.count, name);
            ck_assert_msg(strcmp(o.state, "42501") == 0 || roles[r] != NOBODY, "nobody may ask %s", name);
        }
    }
    end_scene();
    PQclear(names);
}
END_TEST

START_TEST(members_see_what_is_theirs)
{
    static const struct {
        const char *sql;
        int want[ROLES]; /* rows for each */
    } cells[] = {
        {"SELECT * FROM trip", {2, 2, 2, 2, 2, 1, 0, 9}},
        {"SELECT * FROM trips", {2, 2, 2, 2, 2, 1, 0, 9}},
        {"SELECT * FROM trip_collaborator", {5, 5, 5, 5, 0, 0, 0, 5}},
        {"SELECT * FROM trip_collaborators WHERE email IS NOT NULL", {5, 5, 5, 5, 0, 0, 0, 5}},
        {"SELECT * FROM itinerary_item WHERE notes IS NOT NULL", {1, 1, 1, 1, 0, 0, 0, 1}},
        {"SELECT * FROM itinerary_items WHERE item_date = date '2026-11-03'", {1, 1, 1, 1, 0, 0, 0, 1}},
        {"SELECT * FROM readable_items('{trip}') WHERE notes IS NULL", {0, 0, 0, 0, 1, 0, 0, 0}},
        {"SELECT * FROM trip_notes", {2, 2, 2, 2, 0, 0, 0, 2}},
        {"SELECT id, email, full_name FROM account", {6, 6, 6, 6, 1, 1, 0, 8}},
        {"SELECT * FROM saved_destinations", {1, 0, 0, 0, 0, 0, 0, 1}},
        {"SELECT * FROM memories", {1, 0, 0, 0, 0, 0, 0, 1}},
        {"SELECT * FROM searches", {1, 0, 0, 0, 0, 0, 0, 1}},
        {"SELECT 1 WHERE account_id_for('{trip}', 'SECRET-12@example.org') = '{newcomer}'", {1, 1, 0, 0, 0, 0, 0, 1}},
    };

    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
        for (int role = 0; role < ROLES; role++) {
            outcome o;

            begin_scene(role, 0);
            o = attempt(role, cells[i].sql);
            ck_assert_msg(o.count == cells[i].want[role], "%s sees %d rows (%s) of\n%s", role_names[role], o.count,
                          o.state, cells[i].sql);
            end_scene();
        }
    }
}
END_TEST

START_TEST(a_deleted_trip_is_its_owners_alone)
{
    for (int role = 0; role < NOBODY; role++) {
        begin_scene(role, 1);
        ck_assert_int_eq(worked(attempt(role, trip_get)), role == OWNER);
        end_scene();
    }
}
END_TEST

/* ---- what triggers keep ---- */

START_TEST(versions_count_by_one)
{
    static const struct {
        const char *sql;
        const char *want; /* version, and whether updated_at is new */
    } cells[] = {
        {"UPDATE trip SET title = 'Nara' WHERE id = '{trip}'", "2 true"},
        {"UPDATE trip SET title = 'Nara', version = 900 WHERE id = '{trip}'", "2 true"},
        {"UPDATE trip SET version = 900 WHERE id = '{trip}'", "2 true"},
        {"UPDATE trip SET title = 'Nara', version = version + 1, updated_at = 7 WHERE id = '{trip}'", "2 true"},
        {"UPDATE trip SET updated_at = 7 WHERE id = '{trip}'", "1 true"},
        {"UPDATE trip SET updated_at = updated_at WHERE id = '{trip}'", "1 false"},
    };

    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
        begin_scene(EDIT, 0);
        super(filled("UPDATE trip SET updated_at = 3 WHERE id = '{trip}'", EDIT));
        ck_assert(worked(attempt(EDIT, cells[i].sql)));
        SAME_TEXT(super_text(filled("SELECT version || ' ' || (updated_at <> 3) FROM trip WHERE id = '{trip}'", EDIT)),
                  cells[i].want);
        end_scene();
    }
    begin_scene(EDIT, 0);
    ck_assert(worked(attempt(EDIT, item_update)) && worked(attempt(EDIT, note_update_own)));
    SAME_TEXT(super_text("SELECT (SELECT version FROM itinerary_item) || ' ' || string_agg(version::text, ',' ORDER BY "
                         "id) FROM trip_note"),
              "2 2,1");
    end_scene();
}
END_TEST

/* An admin who shares a private trip makes it a shared one; that is all that is his to say about who sees it. */
START_TEST(sharing_opens_a_private_trip)
{
    static const int roles[] = {OWNER, ADMIN, EDIT};

    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        begin_scene(roles[i], 0);
        super(filled("UPDATE trip SET visibility = 'private' WHERE id = '{trip}'", OWNER));
        ck_assert_int_eq(worked(attempt(roles[i], "UPDATE trip SET visibility = 'shared' WHERE id = '{trip}'")),
                         roles[i] != EDIT);
        end_scene();
    }
}
END_TEST

/* One row that the native types of the views cannot say would break everybody's. */
START_TEST(no_row_breaks_the_views)
{
    static const char *const changes[] = {
        "start_date = '2026-02-30'",
        "start_date = '2026-2-03'",
        "end_date = 'infinity'",
        "tags = '['",
        "tags = '{}'",
        "tags = '[\"\\u0000\"]'",
        "destinations = '1'",
        "preferences = '[]'",
        "budget_breakdown = '[]'",
        "updated_at = 1::bigint << 62",
        "deleted_at = -1::bigint << 62",
    };

    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        begin_scene(OWNER, 0);
        ck_assert_msg(!worked(attempt(OWNER, test_format("UPDATE trip SET %s WHERE id = '{trip}'", changes[i]))), "%s",
                      changes[i]);
        ck_assert(worked(attempt(OWNER, "SELECT * FROM trips")));
        end_scene();
    }
    begin_scene(OWNER, 0);
    ck_assert(
        !worked(attempt(OWNER, "INSERT INTO trip ({trip_columns}) VALUES ('no id', auth.uid()::text, {trip_values})")));
    end_scene();
}
END_TEST

/* ---- asked of the catalogues ---- */

/* Each gives what should not be there. */
static const char *const faults[] = {
    "SELECT relname FROM pg_class WHERE relnamespace = 'tripsage'::regnamespace AND relkind IN ('r', 'p')"
    " AND NOT (relrowsecurity AND relforcerowsecurity)",
    "SELECT relname FROM pg_class WHERE relnamespace = 'tripsage'::regnamespace AND relkind IN ('v', 'm')"
    " AND (relkind = 'm' OR NOT COALESCE(reloptions @> '{security_invoker=true}', false))",
    /* a body that is read when it runs is read with the search_path of whoever runs it; what is immutable names nothing of ours */
    "SELECT proname FROM pg_proc WHERE pronamespace = 'tripsage'::regnamespace AND (prosecdef OR (prosqlbody IS NULL "
    "AND provolatile <> 'i'))"
    " AND NOT EXISTS (SELECT 1 FROM unnest(proconfig) c WHERE c LIKE 'search_path=%, pg_temp')",
    "SELECT proname FROM pg_proc WHERE pronamespace = 'tripsage'::regnamespace AND prosecdef <> (proowner = "
    "'tripsage_definer'::regrole)",
    "SELECT proname FROM pg_proc p WHERE pronamespace = 'tripsage'::regnamespace AND prosecdef"
    " AND (proacl IS NULL OR EXISTS (SELECT 1 FROM aclexplode(proacl) a WHERE a.grantee IN (0, 'anon'::regrole)))",
    "SELECT relname FROM pg_class, aclexplode(relacl) a WHERE relnamespace = 'tripsage'::regnamespace AND a.grantee IN "
    "(0, 'anon'::regrole)",
    "SELECT 1 FROM pg_namespace n, aclexplode(nspacl) a WHERE n.nspname = 'tripsage' AND (a.grantee IN (0, "
    "'anon'::regrole)"
    " OR (a.privilege_type = 'CREATE' AND a.grantee <> n.nspowner))",
    "SELECT rolname FROM pg_roles WHERE rolname = 'tripsage_definer' AND (rolcanlogin OR rolsuper OR rolbypassrls OR "
    "rolcreaterole)",
    "SELECT 1 FROM pg_auth_members WHERE roleid = 'tripsage_definer'::regrole AND member IN ('" TEST_PG_APP
    "'::regrole, 'authenticated'::regrole, 'anon'::regrole, 'service_role'::regrole)",
    "SELECT policyname FROM pg_policies WHERE schemaname = 'tripsage' AND roles && '{public,anon}'",
    "SELECT policyname FROM pg_policies WHERE schemaname = 'tripsage' AND 'authenticated' <> ALL (roles)"
    " AND 'service_role' <> ALL (roles) AND 'tripsage_definer' <> ALL (roles)",
    /* the user is asked for once per statement, in a form that an index can use */
    "SELECT tablename || '.' || policyname FROM pg_policies WHERE schemaname = 'tripsage' AND"
    " replace(concat(qual, with_check), 'SELECT (auth.uid())::text', '') LIKE '%auth.uid()%'",
    /* whoever deletes what others refer to must not read all of them */
    "SELECT c.conrelid::regclass FROM pg_constraint c WHERE c.contype = 'f' AND c.connamespace = "
    "'tripsage'::regnamespace"
    " AND NOT EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1])",
    "SELECT relname FROM pg_class WHERE relnamespace = 'tripsage'::regnamespace AND relkind <> 'S' AND relowner <> "
    "'" TEST_PG_OWNER "'::regrole",
};

START_TEST(the_catalogues_show_no_fault)
{
    const char *found = super_text(faults[_i]);

    ck_assert_msg(found == NULL, "%s\n%s", found, faults[_i]);
}
END_TEST

/* A login for requests has no rights before it has become one of the roles. */
START_TEST(the_login_alone_may_nothing)
{
    SAME_TEXT(test_pg_state(TEST_PG_APP, "SELECT * FROM tripsage.trip"), "42501");
    SAME_TEXT(test_pg_state(TEST_PG_APP, "SET ROLE tripsage_definer"), "42501");
    SAME_TEXT(test_pg_state(TEST_PG_APP, "SET ROLE authenticated; SELECT * FROM tripsage.trip"), "00000");
    SAME_TEXT(test_pg_state(TEST_PG_APP, "SET ROLE service_role; SELECT * FROM tripsage.meta"), "00000");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rig/rls");
    TCase *tcase = tcase_create("rig/rls");

    tcase_add_unchecked_fixture(tcase, open_database, close_database); /* nothing is committed */
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, the_table_holds, 0, ROWS);
    tcase_add_test(tcase, everybody_may_leave);
    tcase_add_test(tcase, a_transfer_leaves_both_where_they_belong);
    tcase_add_loop_test(tcase, attacks_fail, 0, ATTACKS);
    tcase_add_test(tcase, a_stranger_and_nobody_see_nothing_anywhere);
    tcase_add_test(tcase, members_see_what_is_theirs);
    tcase_add_test(tcase, a_deleted_trip_is_its_owners_alone);
    tcase_add_test(tcase, versions_count_by_one);
    tcase_add_test(tcase, sharing_opens_a_private_trip);
    tcase_add_test(tcase, no_row_breaks_the_views);
    tcase_add_loop_test(tcase, the_catalogues_show_no_fault, 0, sizeof faults / sizeof faults[0]);
    tcase_add_test(tcase, the_login_alone_may_nothing);
    suite_add_tcase(suite, tcase);
    return test_run(srunner_create(suite));
}
