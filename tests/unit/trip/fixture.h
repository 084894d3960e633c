/* tests/unit/trip/fixture.h: trips over a database of the test's own, with a clock it holds, people, and the database file
 * itself to look into. A test opens it first and closes it last; what fails in between ends the test's process. */
#ifndef TRIPSAGE_TESTS_TRIP_FIXTURE_H
#define TRIPSAGE_TESTS_TRIP_FIXTURE_H

#include <check.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trip/trip.h"
#include "unit/suite.h"
#include "vector/vector.h"

#define OWNER_ID    "01890000-0000-7000-8000-00000000000a"
#define ADMIN_ID    "01890000-0000-7000-8000-00000000000b"
#define EDIT_ID     "01890000-0000-7000-8000-00000000000c"
#define VIEW_ID     "01890000-0000-7000-8000-00000000000d"
#define STRANGER_ID "01890000-0000-7000-8000-00000000000e"
#define NO_SUCH_ID  "01890000-0000-7000-8000-0000000000ff"

#define NOON INT64_C(1772366400000) /* 2026-03-01T12:00:00Z */

#define KYOTO                                                                                                          \
    "{\"title\":\"Kyoto in autumn\",\"start_date\":\"2026-11-02\",\"end_date\":\"2026-11-09\","                        \
    "\"destinations\":[{\"name\":\"Kyoto\"}]}"

static _Atomic int64_t fixture_now;
static char fixture_path[64];
static tripsage__store *store;
static tripsage_vector *vector;
static tripsage_trips *trips;
static tripsage_actor *owner, *admin, *edit, *view, *stranger, *service;

static int64_t fixture_clock(void *user)
{
    (void)user;
    return fixture_now;
}

static tripsage_actor *user(const char *id)
{
    tripsage_actor *actor;

    ck_assert_int_eq(tripsage_actor_user(&actor, id), TRIPSAGE_OK);
    return actor;
}

static void fixture_open(void)
{
    tripsage_runtime runtime = TRIPSAGE_RUNTIME_INIT;
    tripsage__store_options options = {.runtime = &runtime};
    char url[96];
    int fd;

    strcpy(fixture_path, "/tmp/tripsage-trip-XXXXXX");
    fd = mkstemp(fixture_path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    fixture_now = NOON;
    runtime.now_ms = fixture_clock;
    snprintf(url, sizeof url, "sqlite://%s", fixture_path);
    ck_assert_int_eq(tripsage__store_open(&store, url, &options), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage__vector_new(&vector, store, NULL), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage__trips_new(&trips, store, vector), TRIPSAGE_OK);
    owner = user(OWNER_ID);
    admin = user(ADMIN_ID);
    edit = user(EDIT_ID);
    view = user(VIEW_ID);
    stranger = user(STRANGER_ID);
    ck_assert_int_eq(tripsage_actor_service(&service), TRIPSAGE_OK);
}

static void fixture_close(void)
{
    char beside[80];

    tripsage_actor_free(owner);
    tripsage_actor_free(admin);
    tripsage_actor_free(edit);
    tripsage_actor_free(view);
    tripsage_actor_free(stranger);
    tripsage_actor_free(service);
    tripsage_trips_close(trips);
    tripsage__vector_free(vector);
    tripsage__store_release(store);
    unlink(fixture_path);
    snprintf(beside, sizeof beside, "%s-wal", fixture_path);
    unlink(beside);
    snprintf(beside, sizeof beside, "%s-shm", fixture_path);
    unlink(beside);
}

/* ---- the database as it is ---- */

/* The first column of the query's first row, as text; "" for NULL or no row. */
static inline void sql_copy(const char *query, char *out, size_t size)
{
    sqlite3 *db;
    sqlite3_stmt *stmt;

    out[0] = '\0';
    ck_assert_int_eq(sqlite3_open(fixture_path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 10000);
    if (sqlite3_prepare_v2(db, query, -1, &stmt, NULL) != SQLITE_OK)
        ck_abort_msg("%s: %s", query, sqlite3_errmsg(db));
    if (sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_text(stmt, 0))
        ck_assert_int_lt(snprintf(out, size, "%s", (const char *)sqlite3_column_text(stmt, 0)), (int)size);
    ck_assert_int_eq(sqlite3_finalize(stmt), SQLITE_OK);
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

/* The same in a buffer of the fixture's, until the next call. */
static inline const char *sql_text(const char *query)
{
    static char text[65536];

    sql_copy(query, text, sizeof text);
    return text;
}

static inline int sql_int(const char *query)
{
    return atoi(sql_text(query));
}

static inline void sql_run(const char *statement)
{
    sqlite3 *db;

    ck_assert_int_eq(sqlite3_open(fixture_path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 10000);
    if (sqlite3_exec(db, statement, NULL, NULL, NULL) != SQLITE_OK)
        ck_abort_msg("%s: %s", statement, sqlite3_errmsg(db));
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

/* ---- what a call should answer ---- */

#define OK(call) ck_assert_ok(call)

/* The call gives this status and, when it has an `out`, sets it to NULL. */
#define FAILS(want, call) ck_assert_fails(call, want)

/* And names these fields: one string, in their order, separated by spaces. */
#define FAILS_AT(want, fields, call)                                                                                   \
    do {                                                                                                               \
        FAILS(want, call);                                                                                             \
        ck_assert_str_eq(fields_told(), fields);                                                                       \
    } while (0)

static inline const char *fields_told(void)
{
    static char text[2048];
    const tripsage_error *error = tripsage_last_error();

    text[0] = '\0';
    for (size_t i = 0; i < error->field_count; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? " " : "", error->fields[i].pointer);
    return text;
}

#define IS_TEXT(doc, pointer, want)                                                                                    \
    do {                                                                                                               \
        const char *is_text = tripsage_doc_text((doc), (pointer));                                                     \
        ck_assert_msg(is_text &&strcmp(is_text, (want)) == 0, "%s is %s in %.2000s", (pointer),                        \
                      is_text ? is_text : "null", tripsage_doc_json((doc), NULL));                                     \
    } while (0)
#define IS_INT(doc, pointer, want) ck_assert_int_eq(tripsage_doc_int((doc), (pointer), -987654321), (want))

/* A trip of this JSON; its id is in `id`. */
static inline void make_trip(char id[37], const tripsage_actor *actor, const char *json)
{
    tripsage_doc *doc;

    OK(tripsage_trip_create(&doc, trips, actor, json, TRIPSAGE_NUL, NULL));
    strcpy(id, tripsage_doc_text(doc, "/id"));
    tripsage_doc_free(doc);
}

/* The roles of their names on the owner's trip, straight into the table and the index. */
static inline void cast(const char *id)
{
    static const struct {
        const char *user;
        int level;
    } people[] = {{ADMIN_ID, 4}, {EDIT_ID, 3}, {VIEW_ID, 2}};
    char sql[1024];

    for (int i = 0; i < 3; i++) {
        snprintf(sql, sizeof sql,
                 "INSERT INTO trip_collaborator (trip_id, user_id, level, position, added_by, added_at)"
                 " VALUES ('%s', '%s', %d, %d, '" OWNER_ID "', %lld);"
                 "UPDATE trip_search SET acl = acl || ' u' || replace('%s', '-', '') WHERE trip_id = '%s'",
                 id, people[i].user, people[i].level, i + 1, (long long)NOON, people[i].user, id);
        sql_run(sql);
    }
}

#endif
