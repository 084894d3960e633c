/* bench_vector_pgvector: pgvector's HNSW beside ours (tests/bench/vector_peer.h), in the PostgreSQL whose connection string KIND is. A
 * table in a schema of its own, a prepared statement, vectors in binary; times are the client's, the way to the server and back (a
 * Unix socket) with them, so they are wall times: the server works while this process waits. */
#include <arpa/inet.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vector_peer.h"

static PGconn *connection;
static uint32_t dimensions;
static double bytes;
static const char *distance;

static PGresult *run(const char *sql)
{
    PGresult *result = PQexec(connection, sql);
    ExecStatusType status = PQresultStatus(result);

    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_COPY_IN)
        peer_fail("%.80s: %s", sql, PQerrorMessage(connection));
    return result;
}

static void do_it(const char *sql)
{
    PQclear(run(sql));
}

static unsigned char *put_u32(unsigned char *out, uint32_t value)
{
    uint32_t bytes_of = htonl(value);

    memcpy(out, &bytes_of, 4);
    return out + 4;
}

static unsigned char *put_u16(unsigned char *out, uint16_t value)
{
    uint16_t bytes_of = htons(value);

    memcpy(out, &bytes_of, 2);
    return out + 2;
}

/* pgvector's binary form: its dimensions, nothing, then float4 in the network's order. */
static unsigned char *put_vector(unsigned char *out, const float *values)
{
    out = put_u16(put_u16(out, (uint16_t)dimensions), 0);
    for (uint32_t d = 0; d < dimensions; d++) {
        uint32_t bits;

        memcpy(&bits, values + d, 4);
        out = put_u32(out, bits);
    }
    return out;
}

static void put_copy(const unsigned char *from, const unsigned char *to)
{
    if (PQputCopyData(connection, (const char *)from, (int)(to - from)) != 1)
        peer_fail("COPY: %s", PQerrorMessage(connection));
}

static void copy_rows(const peer_data *data)
{
    static const unsigned char head[19] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";
    unsigned char *row = (unsigned char *)malloc(64 + 4 * (size_t)dimensions), *end;

    if (!row)
        peer_fail("no memory");
    do_it("COPY bench_vector.item FROM STDIN (FORMAT binary)");
    put_copy(head, head + sizeof head);
    for (uint32_t i = 0; i < data->count; i++) {
        end = put_u32(put_u32(put_u16(row, data->ranks ? 2 + PEER_COLUMNS : 2), 4), i);
        end = put_vector(put_u32(end, 4 + 4 * dimensions), data->rows + (size_t)i * dimensions);
        for (uint32_t column = 0; data->ranks && column < PEER_COLUMNS; column++)
            end = put_u32(put_u32(end, 4), data->ranks[(size_t)column * data->count + i]);
        put_copy(row, end);
    }
    put_copy(row, put_u16(row, 0xffff));
    free(row);
    if (PQputCopyEnd(connection, NULL) != 1)
        peer_fail("COPY: %s", PQerrorMessage(connection));
    for (PGresult *result; (result = PQgetResult(connection)) != NULL; PQclear(result))
        if (PQresultStatus(result) != PGRES_COMMAND_OK)
            peer_fail("COPY: %s", PQerrorMessage(connection));
}

static void build(const peer_data *data, const char *kind, unsigned threads)
{
    char sql[256];
    PGresult *result;

    dimensions = data->dimensions;
    connection = PQconnectdb(kind);
    if (PQstatus(connection) != CONNECTION_OK)
        peer_fail("%s", PQerrorMessage(connection));
    do_it("SET client_min_messages = warning");
    do_it("DROP SCHEMA IF EXISTS bench_vector CASCADE");
    do_it("CREATE SCHEMA bench_vector");
    do_it("CREATE EXTENSION IF NOT EXISTS vector");
    snprintf(sql, sizeof sql, "CREATE UNLOGGED TABLE bench_vector.item (id int, e vector(%u)%s)", dimensions,
             data->ranks ? ", rank0 int, rank1 int" : "");
    do_it(sql);
    copy_rows(data);
    do_it("SET maintenance_work_mem = '2GB'");
    snprintf(sql, sizeof sql, "SET max_parallel_maintenance_workers = %u", threads - 1);
    do_it(sql);
    snprintf(sql, sizeof sql,
             "CREATE INDEX i ON bench_vector.item USING hnsw (e %s) WITH (m = 16, ef_construction = 200)",
             data->is_cosine ? "vector_cosine_ops" : "vector_l2_ops");
    do_it(sql);
    if (data->ranks) {
        do_it("CREATE INDEX ON bench_vector.item (rank0)");
        do_it("CREATE INDEX ON bench_vector.item (rank1)");
        do_it("ANALYZE bench_vector.item");
    }
    do_it("SET enable_seqscan = off");
    do_it("SET jit = off");
    result = run("SELECT pg_relation_size('bench_vector.i')::float8");
    bytes = strtod(PQgetvalue(result, 0, 0), NULL);
    PQclear(result);
    distance = data->is_cosine ? "<=>" : "<->";
    snprintf(sql, sizeof sql, "SELECT id FROM bench_vector.item ORDER BY e %s $1::vector LIMIT %d", distance, PEER_K);
    PQclear(PQprepare(connection, "nearest", sql, 1, NULL));
}

static void ask(const char *statement, const float *queries, uint32_t count, uint32_t width, uint32_t *ids)
{
    unsigned char *vector = (unsigned char *)malloc(4 + 4 * (size_t)dimensions);
    const char *values = (const char *)vector;
    int length = (int)(4 + 4 * dimensions), is_binary = 1;
    char sql[64];

    if (!vector)
        peer_fail("no memory");
    snprintf(sql, sizeof sql, "SET hnsw.ef_search = %u", width < 1000 ? width : 1000);
    do_it(sql);
    memset(ids, 0xff, (size_t)count * PEER_K * sizeof *ids);
    for (uint32_t q = 0; q < count; q++) {
        PGresult *result;

        put_vector(vector, queries + (size_t)q * dimensions);
        result = PQexecPrepared(connection, statement, 1, &values, &length, &is_binary, 0);
        if (PQresultStatus(result) != PGRES_TUPLES_OK)
            peer_fail("%s", PQerrorMessage(connection));
        for (int i = 0; i < PQntuples(result) && i < PEER_K; i++)
            ids[(size_t)q * PEER_K + (size_t)i] = (uint32_t)strtoul(PQgetvalue(result, i, 0), NULL, 10);
        PQclear(result);
    }
    free(vector);
}

static void search(const float *queries, uint32_t count, uint32_t width, uint32_t *ids)
{
    ask("nearest", queries, count, width, ids);
}

/* Modes: "strict" and "relaxed" are hnsw.iterative_scan's orders, by the index of vectors alone (nothing is known of a rank to which
 * something is added); with "planned" there is the ranks' index, too, and the planner chooses. */
static void filtered(const float *queries, uint32_t count, uint32_t width, const peer_filter *filter, uint32_t *ids)
{
    int is_planned = strcmp(filter->mode, "planned") == 0;
    char name[64], sql[256];

    snprintf(name, sizeof name, "%s_%u_%u", filter->mode, filter->column, filter->share);
    snprintf(sql, sizeof sql, "SET hnsw.iterative_scan = %s_order",
             strcmp(filter->mode, "strict") == 0 ? "strict" : "relaxed");
    do_it(sql);
    snprintf(sql, sizeof sql, "SELECT id FROM bench_vector.item WHERE rank%u%s < %u ORDER BY e %s $1::vector LIMIT %d",
             filter->column, is_planned ? "" : " + 0", filter->below, distance, PEER_K);
    PQclear(PQprepare(connection, name, sql, 1, NULL)); /* where it is already, it stays */
    ask(name, queries, count, width, ids);
}

static double own_bytes(void)
{
    return bytes;
}

int main(int argc, char **argv)
{
    const peer_engine engine = {build, search, filtered, own_bytes, NULL, NULL};

    return peer_main(argc, argv, &engine);
}
