/* tests/bench/vector_engine.h: the engines that bench_vector runs, each a process of its own (vector_peer.h), and the data they are
 * given. */
#ifndef TRIPSAGE_TESTS_BENCH_VECTOR_ENGINE_H
#define TRIPSAGE_TESTS_BENCH_VECTOR_ENGINE_H

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

enum { VECTOR_K = 10 };

/* A set of vectors, in the files that bench_vector_data makes. */
typedef struct vector_set {
    const char *name, *label;
    int is_cosine;
    uint32_t count, dimensions, query_count;
    float *rows, *queries; /* for a cosine of unit length */
    float *worst;          /* of each query: the score of the VECTOR_Kth nearest */
} vector_set;

/* 0: its files are not in the folder. */
int vector_set_open(vector_set *set, const char *folder);
void vector_set_close(vector_set *set);

/* How many of these VECTOR_K ids are as near as the nearest VECTOR_K: the same, or tied with the last of them. */
unsigned vector_set_right(const vector_set *set, uint32_t query, const uint32_t *ids);

typedef struct vector_engine {
    pid_t pid;
    FILE *to, *from;
    char trouble[256]; /* why it is not there; "": it is */
    double build_wall, build_cpu, resident, own;
    char note[64];
} vector_engine;

/* 0, and `trouble` says why, where the program is not there or fails. `limit`: rows it is given, 0 for all. `tunables`: its
 * GLIBC_TUNABLES, or NULL. */
int vector_engine_start(vector_engine *engine, const char *program, const char *kind, const char *base, int is_cosine,
                        uint32_t limit, const char *tunables);
int vector_engine_build(vector_engine *engine, unsigned threads);

typedef struct vector_run {
    double wall, cpu, looked;
} vector_run;

/* `ids` has room for `count` times VECTOR_K. */
int vector_engine_search(vector_engine *engine, vector_run *run, unsigned width, uint32_t first, uint32_t count,
                         uint32_t *ids);

/* The same among the rows of a share of a column (vector_peer.h). */
typedef struct vector_filter {
    uint32_t column, share;
    const char *mode;
} vector_filter;
int vector_engine_filtered(vector_engine *engine, vector_run *run, const vector_filter *filter, unsigned width,
                           uint32_t first, uint32_t count, uint32_t *ids);
void vector_engine_stop(vector_engine *engine);

#endif
