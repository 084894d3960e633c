/* store/postgres/call.h: tries of requests until they are done or given up. */
#ifndef TRIPSAGE_STORE_POSTGRES_CALL_H
#define TRIPSAGE_STORE_POSTGRES_CALL_H

#include "pipeline.h"

typedef struct attempt {
    engine *engine;
    frame around;
    int64_t deadline;   /* for a connection and for trying again */
    uint32_t wait_ms;   /* how long that was at the beginning; a read that was cut has so much again */
    uint32_t answer_ms; /* longest silence of the server once it was asked */
} attempt;

/* One or more tries; the results are there when it answers TRIPSAGE_OK. */
tripsage_status tripsage__pg_perform(const attempt *a, request *first);

/* ---- together.c ---- */

/* The same for a request of one reading statement, which may go with those of others. */
tripsage_status tripsage__pg_read_together(const attempt *a, request *r);

#endif
