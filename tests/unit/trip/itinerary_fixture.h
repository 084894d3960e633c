/* itinerary_fixture.h: one trip in a database in memory, people of every role around it, and a clock the test sets. */
#ifndef TRIPSAGE_TESTS_UNIT_TRIP_ITINERARY_FIXTURE_H
#define TRIPSAGE_TESTS_UNIT_TRIP_ITINERARY_FIXTURE_H

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../suite.h"
#include "trip/itinerary.h"

/* 2026-03-01T12:00:00Z */
#define NOON INT64_C(1772366400000)

static _Atomic int64_t clock_ms = NOON;

static tripsage_trips *trips;
static tripsage_actor *owner, *admin, *editor, *viewer, *stranger, *service;
static char trip_id[40];

/* The failed call complained about this place, and nothing else. */
static inline void assert_field(const char *pointer)
{
    const tripsage_error *error = tripsage_last_error();

    ck_assert_int_eq(error->status, TRIPSAGE_EINVALID);
    ck_assert_msg(error->field_count == 1, "%zu fields: %s", error->field_count, error->message);
    ck_assert_str_eq(error->fields[0].pointer, pointer);
}

static inline int64_t read_clock(void *user)
{
    (void)user;
    return clock_ms;
}

static inline tripsage_actor *make_user(int number)
{
    char id[40];
    tripsage_actor *actor;

    snprintf(id, sizeof id, "00000000-0000-4000-8000-%012d", number);
    ck_assert_ok(tripsage_actor_user(&actor, id));
    return actor;
}

/* A statement beside the library's own. The store knows statements by their address, so each text gets one for good. */
static inline const tripsage__statement *statement_of(const char *sql)
{
    static tripsage__statement made[64];
    static char texts[64][512];
    size_t i = 0;

    while (i < 64 && made[i].sql && strcmp(made[i].sql, sql) != 0)
        i++;
    ck_assert_uint_lt(i, 64);
    ck_assert_uint_lt(strlen(sql), sizeof texts[i]);
    if (!made[i].sql) {
        strcpy(texts[i], sql);
        made[i].name = made[i].sql = texts[i];
    }
    return &made[i];
}

/* $1 a text and $2 a number. */
static inline void run_sql(const char *sql, const char *text, int64_t number)
{
    const tripsage__value params[] = {tripsage__text(text), tripsage__int(number)};
    const tripsage__step step = tripsage__step_of(statement_of(sql), params, 2);

    ck_assert_ok(tripsage__store_write(trips->store, NULL, &step, 1));
}

static inline tripsage_status take_number(void *context, const tripsage__row *row)
{
    *(int64_t *)context = tripsage__row_int(row, 0);
    return TRIPSAGE_OK;
}

/* The number a query gives, of which $1 is a text. */
static inline int64_t ask_sql(const char *sql, const char *text)
{
    const tripsage__value params[] = {tripsage__text(text)};
    tripsage__step step = tripsage__step_of(statement_of(sql), params, 1);
    int64_t number = -1;

    step.on_row = take_number;
    step.context = &number;
    ck_assert_ok(tripsage__store_read(trips->store, NULL, &step, 1));
    return number;
}

/* How many rows of the search index match, as it is stored. */
static inline int64_t found_by(const char *match)
{
    return ask_sql("SELECT count(*) FROM trip_search WHERE trip_search MATCH $1", match);
}

static inline void add_member(const tripsage_actor *actor, int level)
{
    char sql[256];

    snprintf(sql, sizeof sql,
             "INSERT INTO trip_collaborator (trip_id, user_id, level, position, added_by, added_at)"
             " SELECT id, $1, $2, %d, user_id, 0 FROM trip WHERE id = '%s'",
             level, trip_id);
    run_sql(sql, tripsage_actor_user_id(actor), level);
}

static inline void publish(void)
{
    run_sql("UPDATE trip SET visibility = 'public' WHERE id = $1 AND $2 = 0", trip_id, 0);
}

static inline void hide(void)
{
    run_sql("UPDATE trip SET deleted_at = $2 WHERE id = $1", trip_id, 1);
}

/* The trip every test has: Kyoto, then Honolulu, with a budget in yen. */
#define THE_TRIP                                                                                                       \
    "{\"title\":\"East and back\",\"start_date\":\"2026-06-01\",\"end_date\":\"2026-06-07\","                          \
    "\"budget\":{\"total\":500000,\"currency\":\"JPY\",\"breakdown\":{\"food\":100000,\"activities\":50000}},"         \
    "\"destinations\":[{\"name\":\"Kyoto\",\"timezone\":\"Asia/Tokyo\",\"arrival_date\":\"2026-06-01\","               \
    "\"departure_date\":\"2026-06-04\"},{\"name\":\"Honolulu\",\"timezone\":\"Pacific/Honolulu\","                     \
    "\"arrival_date\":\"2026-06-04\",\"departure_date\":\"2026-06-07\"}]}"

static inline void make_trip(const char *json)
{
    tripsage_doc *doc;

    ck_assert_ok(tripsage_trip_create(&doc, trips, owner, json, TRIPSAGE_NUL, NULL));
    snprintf(trip_id, sizeof trip_id, "%s", tripsage_doc_text(doc, "/id"));
    tripsage_doc_free(doc);
}

static inline void open_trips(void)
{
    tripsage_runtime runtime = TRIPSAGE_RUNTIME_INIT;

    clock_ms = NOON;
    runtime.now_ms = read_clock;
    ck_assert_ok(tripsage_trips_open(&trips, "sqlite::memory:", &runtime));
    owner = make_user(1);
    admin = make_user(2);
    editor = make_user(3);
    viewer = make_user(4);
    stranger = make_user(5);
    ck_assert_ok(tripsage_actor_service(&service));
    make_trip(THE_TRIP);
    add_member(viewer, TRIPSAGE__ROLE_VIEW);
    add_member(editor, TRIPSAGE__ROLE_EDIT);
    add_member(admin, TRIPSAGE__ROLE_ADMIN);
}

static inline void close_trips(void)
{
    tripsage_actor_free(owner);
    tripsage_actor_free(admin);
    tripsage_actor_free(editor);
    tripsage_actor_free(viewer);
    tripsage_actor_free(stranger);
    tripsage_actor_free(service);
    tripsage_trips_close(trips);
}

/* The same, of a trip that was read: its time of change. */
static inline int64_t trip_updated_at(void)
{
    return ask_sql("SELECT updated_at FROM trip WHERE id = $1", trip_id);
}

static inline int64_t trip_version(void)
{
    return ask_sql("SELECT version FROM trip WHERE id = $1", trip_id);
}

/* Adds an item as the owner and writes its id. */
static inline void add_item(char id[40], const char *json)
{
    tripsage_doc *doc;

    ck_assert_ok(tripsage_item_create(&doc, trips, owner, trip_id, json, TRIPSAGE_NUL, NULL));
    if (id)
        snprintf(id, 40, "%s", tripsage_doc_text(doc, "/id"));
    tripsage_doc_free(doc);
}

#define SOME_ID "018f0000-0000-7000-8000-000000000000" /* nobody's */

#endif
