/* bench_vector_sqlite_vec: sqlite-vec beside ours (tests/bench/vector_peer.h), the loadable extension of its npm package in this
 * machine's SQLite. KIND is the extension's path. It scans: every width is the same. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vector_peer.h"

static sqlite3 *database;
static sqlite3_stmt *nearest;
static uint32_t dimensions;

static void run(const char *sql)
{
    char *error = NULL;

    if (sqlite3_exec(database, sql, NULL, NULL, &error) != SQLITE_OK)
        peer_fail("%s: %s", sql, error);
}

static sqlite3_stmt *prepare(const char *sql)
{
    sqlite3_stmt *statement;

    if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) != SQLITE_OK)
        peer_fail("%s: %s", sql, sqlite3_errmsg(database));
    return statement;
}

static void bind_vector(sqlite3_stmt *statement, int place, const float *values)
{
    sqlite3_bind_blob(statement, place, values, (int)(dimensions * sizeof(float)), SQLITE_STATIC);
}

static void build(const peer_data *data, const char *kind, unsigned threads)
{
    char sql[256];
    sqlite3_stmt *insert;

    (void)threads;
    dimensions = data->dimensions;
    if (sqlite3_open(":memory:", &database) != SQLITE_OK || sqlite3_enable_load_extension(database, 1) != SQLITE_OK ||
        sqlite3_load_extension(database, kind, NULL, NULL) != SQLITE_OK)
        peer_fail("%s: %s", kind, sqlite3_errmsg(database));
    snprintf(sql, sizeof sql, "CREATE VIRTUAL TABLE v USING vec0(e float[%u] distance_metric=%s)", dimensions,
             data->is_cosine ? "cosine" : "l2");
    run(sql);
    run("BEGIN");
    insert = prepare("INSERT INTO v (rowid, e) VALUES (?1, ?2)");
    for (uint32_t i = 0; i < data->count; i++) {
        sqlite3_bind_int64(insert, 1, i);
        bind_vector(insert, 2, data->rows + (size_t)i * dimensions);
        if (sqlite3_step(insert) != SQLITE_DONE)
            peer_fail("row %u: %s", i, sqlite3_errmsg(database));
        sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    run("COMMIT");
    snprintf(sql, sizeof sql, "SELECT rowid FROM v WHERE e MATCH ?1 AND k = %d ORDER BY distance", PEER_K);
    nearest = prepare(sql);
}

static void search(const float *queries, uint32_t count, uint32_t width, uint32_t *ids)
{
    (void)width;
    memset(ids, 0xff, (size_t)count * PEER_K * sizeof *ids);
    for (uint32_t q = 0; q < count; q++) {
        bind_vector(nearest, 1, queries + (size_t)q * dimensions);
        for (int i = 0; i < PEER_K && sqlite3_step(nearest) == SQLITE_ROW; i++)
            ids[(size_t)q * PEER_K + (size_t)i] = (uint32_t)sqlite3_column_int64(nearest, 0);
        sqlite3_reset(nearest);
    }
}

int main(int argc, char **argv)
{
    const peer_engine engine = {build, search, NULL, NULL, NULL, NULL};

    return peer_main(argc, argv, &engine);
}
