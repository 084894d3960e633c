#include "data.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

const char data_trip[] =
    "{\"title\": \"Autumn in Kyoto with the family\","
    "\"description\": \"Ten days of temples, gardens and food, and two days in Tokyo at the end.\","
    "\"start_date\": \"2026-11-01\", \"end_date\": \"2026-11-12\","
    "\"destinations\": ["
    "{\"name\": \"Kyoto\", \"country\": \"Japan\", \"country_code\": \"JP\","
    " \"coordinates\": {\"latitude\": 35.0116, \"longitude\": 135.7681}, \"timezone\": \"Asia/Tokyo\"},"
    "{\"name\": \"Tokyo\", \"country\": \"Japan\", \"country_code\": \"JP\","
    " \"coordinates\": {\"latitude\": 35.6762, \"longitude\": 139.6503}, \"timezone\": \"Asia/Tokyo\"}],"
    "\"travelers\": 4, \"tags\": [\"family\", \"autumn\", \"food\"],"
    "\"budget\": {\"total\": 640000, \"currency\": \"EUR\","
    " \"breakdown\": {\"accommodation\": 280000, \"transportation\": 200000, \"food\": 120000}}}";

void data_user_id(char out[37], unsigned number)
{
    snprintf(out, 37, "018bcfe5-0000-7000-8000-%012u", number);
}

void data_trip_id(char out[37], unsigned number)
{
    snprintf(out, 37, "018c%04x-%04x-7000-8000-%012x", number >> 16, number & 0xffff, number);
}

tripsage_actor *data_actor(unsigned number)
{
    tripsage_actor *actor;
    char id[37];

    data_user_id(id, number);
    if (tripsage_actor_user(&actor, id) != TRIPSAGE_OK)
        bench_fail("actor: %s", tripsage_last_error()->message);
    return actor;
}

tripsage *data_open(const char *path)
{
    tripsage *ts;
    char url[512];

    snprintf(url, sizeof url, "sqlite:%s", path);
    if (tripsage_open(&ts, url, NULL) != TRIPSAGE_OK)
        bench_fail("%s: %s", url, tripsage_last_error()->message);
    return ts;
}

void data_remove(const char *path)
{
    char name[512];

    unlink(path);
    snprintf(name, sizeof name, "%s-wal", path);
    unlink(name);
    snprintf(name, sizeof name, "%s-shm", path);
    unlink(name);
}

void data_exec(sqlite3 *db, const char *sql)
{
    char *message = NULL;

    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
        bench_fail("%s: %s", sql, message);
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt;

    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
        bench_fail("%s: %s", sql, sqlite3_errmsg(db));
    return stmt;
}

/* An INSERT with a parameter for each column of `query`'s first row, whose values are kept. seq is left to SQLite. */
static sqlite3_stmt *copier(sqlite3 *db, const char *table, const char *query, sqlite3_value **values, int *count)
{
    char sql[2048];
    sqlite3_stmt *source = prepare(db, query);
    size_t length = (size_t)snprintf(sql, sizeof sql, "INSERT INTO %s (", table);

    if (sqlite3_step(source) != SQLITE_ROW)
        bench_fail("there is no row to copy: %s", query);
    *count = sqlite3_column_count(source);
    for (int i = 0; i < *count; i++) {
        values[i] = sqlite3_value_dup(sqlite3_column_value(source, i));
        length +=
            (size_t)snprintf(sql + length, sizeof sql - length, "%s%s", i ? ", " : "", sqlite3_column_name(source, i));
    }
    length += (size_t)snprintf(sql + length, sizeof sql - length, ") VALUES (");
    for (int i = 0; i < *count; i++)
        length += (size_t)snprintf(sql + length, sizeof sql - length, i ? ", ?" : "?");
    snprintf(sql + length, sizeof sql - length, ")");
    sqlite3_finalize(source);
    return prepare(db, sql);
}

/* The library makes one trip; its rows are the pattern. The trip's seq becomes NULL in each copy. */
void data_writer_open(data_writer *w, const char *path)
{
    tripsage *ts = data_open(path);
    tripsage_actor *actor = data_actor(0);
    tripsage_doc *doc;

    memset(w, 0, sizeof *w);
    if (tripsage_trip_create(&doc, tripsage_get_trips(ts), actor, data_trip, TRIPSAGE_NUL, NULL) != TRIPSAGE_OK)
        bench_fail("create: %s", tripsage_last_error()->message);
    tripsage_doc_free(doc);
    tripsage_actor_free(actor);
    tripsage_close(ts);

    if (sqlite3_open(path, &w->db) != SQLITE_OK)
        bench_fail("%s: %s", path, sqlite3_errmsg(w->db));
    data_exec(w->db, "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -8192");
    w->trip = copier(w->db, "trip", "SELECT * FROM trip LIMIT 1", w->trip_values, &w->trip_count);
    w->search = copier(w->db, "trip_search",
                       "SELECT rowid, acl, title, body, private, kind, id, trip_id FROM trip_search LIMIT 1",
                       w->search_values, &w->search_count);
    w->begin = prepare(w->db, "BEGIN IMMEDIATE");
    w->commit = prepare(w->db, "COMMIT");
}

static void step(sqlite3 *db, sqlite3_stmt *stmt)
{
    if (sqlite3_step(stmt) != SQLITE_DONE)
        bench_fail("%s: %s", sqlite3_sql(stmt), sqlite3_errmsg(db));
    sqlite3_reset(stmt);
}

void data_writer_put(data_writer *w, const char *trip_id, const char *user_id)
{
    char acl[64] = "u";
    size_t length = 1;

    for (const char *p = user_id; *p; p++)
        if (*p != '-')
            acl[length++] = *p;
    sqlite3_bind_null(w->trip, 1);
    for (int i = 1; i < w->trip_count; i++)
        sqlite3_bind_value(w->trip, i + 1, w->trip_values[i]);
    sqlite3_bind_text(w->trip, 2, trip_id, -1, SQLITE_STATIC);
    sqlite3_bind_text(w->trip, 3, user_id, -1, SQLITE_STATIC);
    step(w->db, w->trip);
    if (!w->search)
        return;
    for (int i = 1; i < w->search_count; i++)
        sqlite3_bind_value(w->search, i + 1, w->search_values[i]);
    sqlite3_bind_int64(w->search, 1, sqlite3_last_insert_rowid(w->db) * 4);
    sqlite3_bind_text(w->search, 2, acl, (int)length, SQLITE_STATIC);
    sqlite3_bind_text(w->search, 7, trip_id, -1, SQLITE_STATIC);
    sqlite3_bind_text(w->search, 8, trip_id, -1, SQLITE_STATIC);
    step(w->db, w->search);
}

void data_writer_close(data_writer *w)
{
    for (int i = 0; i < w->trip_count; i++)
        sqlite3_value_free(w->trip_values[i]);
    for (int i = 0; i < w->search_count; i++)
        sqlite3_value_free(w->search_values[i]);
    sqlite3_finalize(w->begin);
    sqlite3_finalize(w->commit);
    sqlite3_finalize(w->trip);
    sqlite3_finalize(w->search);
    sqlite3_close(w->db);
}

void data_fill(const char *path, unsigned trips, unsigned owners, int indexed)
{
    data_writer w;
    char trip_id[37], user_id[37];

    data_remove(path);
    data_writer_open(&w, path);
    if (!indexed) {
        sqlite3_finalize(w.search);
        w.search = NULL;
    }
    data_exec(w.db, "PRAGMA synchronous = OFF; PRAGMA cache_size = -262144");
    step(w.db, w.begin);
    for (unsigned i = 0; i < trips; i++) {
        data_trip_id(trip_id, i);
        data_user_id(user_id, i % owners);
        data_writer_put(&w, trip_id, user_id);
        if (i && i % 250000 == 0)
            bench_progress("%u trips of %u", i, trips);
    }
    step(w.db, w.commit);
    data_exec(w.db, "PRAGMA wal_checkpoint(TRUNCATE)");
    data_writer_close(&w);
}
