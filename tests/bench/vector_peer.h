/* tests/bench/vector_peer.h: what a program shares that puts one engine of vectors through `make bench-vector`.
 *
 * bench_vector starts each engine as a process of its own, so that none has the other's heap, threads or flags, and tells them in turn
 * what to do, a line each; answers come on what was the standard output. Engines are given the same rows in the same order, read into
 * memory before anything is measured; for a cosine they are brought to unit length, as the rows themselves need not be.
 *
 *   build THREADS         -> "ok WALL CPU RESIDENT OWN NOTE": seconds; how much memory more there is than before, by the kernel
 *                            (bytes that are resident and not of a file) and by the engine (0: it does not say); and a word of the
 *                            engine's about itself ("-": none)
 *   search WIDTH FIRST COUNT PATH
 *                         -> "ok WALL CPU LOOKED": COUNT queries on one thread; PATH gets their nearest 10, COUNT times 10 uint32;
 *                            vectors looked at by all of them (0: it does not say)
 *   filtered WIDTH FIRST COUNT PATH COLUMN SHARE MODE
 *                         -> the same among the rows whose rank in a column is within a share (the file BASE.ranks); MODE is a word that
 *                            the engine knows, "-" for its usual one
 *   quit
 *
 * Anything else said is "failed ...". */
#ifndef TRIPSAGE_TESTS_BENCH_VECTOR_PEER_H
#define TRIPSAGE_TESTS_BENCH_VECTOR_PEER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { PEER_K = 10, PEER_COLUMNS = 2, PEER_SHARES = 6 };

typedef struct peer_data {
    float *rows, *queries;
    uint32_t count, query_count, dimensions;
    int is_cosine;
    /* By what a filter goes: each row has a rank in each column, and a share is the rows whose rank is below a number. NULL: there is no
     * such file. */
    uint32_t *ranks; /* of column 0, then of column 1 */
    uint32_t below[PEER_SHARES];
} peer_data;

typedef struct peer_filter {
    uint32_t column, share, below;
    const uint32_t *ranks; /* of that column */
    const char *mode;
} peer_filter;

/* Failures end the program by peer_fail. */
typedef struct peer_engine {
    void (*build)(const peer_data *data, const char *kind, unsigned threads);
    /* `count` queries, one after the other, on this thread; ids of places that are not filled are UINT32_MAX. */
    void (*search)(const float *queries, uint32_t count, uint32_t width, uint32_t *ids);
    void (*filtered)(const float *queries, uint32_t count, uint32_t width, const peer_filter *filter,
                     uint32_t *ids); /* or NULL */
    double (*own_bytes)(void);       /* or NULL */
    double (*looked_at)(void);       /* since the last time; or NULL */
    const char *(*note)(void);       /* of the last build, without spaces; or NULL */
} peer_engine;

/* PROGRAM KIND BASE cosine|l2 [LIMIT]: the files BASE.fbin and BASE.q.fbin, and BASE.ranks where there is one (uint32: rows, shares'
 * ends, ranks by column); only the first LIMIT rows. */
int peer_main(int argc, char **argv, const peer_engine *engine);

void peer_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#ifdef __cplusplus
}
#endif

#endif
