/* tests/bench/data.h: databases for benchmarks: made through the library, filled by copying its own rows. */
#ifndef TRIPSAGE_TESTS_BENCH_DATA_H
#define TRIPSAGE_TESTS_BENCH_DATA_H

#include <sqlite3.h>
#include <tripsage/tripsage.h>

/* A trip as people plan them: two stops, a budget, tags; about 700 bytes as a row. */
extern const char data_trip[];

/* "018bcfe5-0000-7000-8000-<number>": the user with this number. */
void data_user_id(char out[37], unsigned number);

/* The id of the n-th copied trip; they ascend like UUIDv7. */
void data_trip_id(char out[37], unsigned number);

tripsage_actor *data_actor(unsigned number);
tripsage *data_open(const char *path);

/* Fills a new database at `path` with `trips` copies of one trip made through the library, dealt out to `owners` users in turn, in one
 * transaction, with their search rows when `indexed`. */
void data_fill(const char *path, unsigned trips, unsigned owners, int indexed);

/* A writer of single durable transactions that does by hand what creating a trip does: the same row, the same search row. */
typedef struct data_writer {
    sqlite3 *db;
    sqlite3_stmt *begin, *commit, *trip, *search;
    sqlite3_value *trip_values[32], *search_values[8];
    int trip_count, search_count;
} data_writer;

void data_writer_open(data_writer *w, const char *path);
void data_writer_put(data_writer *w, const char *trip_id,
                     const char *user_id); /* inside a transaction of the caller's */
void data_writer_close(data_writer *w);

void data_remove(const char *path); /* with its log */
void data_exec(sqlite3 *db, const char *sql);

#endif
