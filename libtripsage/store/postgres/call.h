/* store/postgres/call.h: tries of requests until they are done or given up. */
#ifndef TRIPSAGE_STORE_POSTGRES_CALL_H
#define TRIPSAGE_STORE_POSTGRES_CALL_H

#include "pipeline.h"

typedef struct attempt {
    engine *engine;
    frame around;
    int64_t deadline; /* for a connection and for trying again */
} attempt;

/* One or more tries; the results are there when it answers TRIPSAGE_OK. */
tripsage_status tripsage__pg_perform(const attempt *a, request *first);

/* ---- together.c ---- */

/* The same for a request of one reading statement, which may go with those of others. */
tripsage_status tripsage__pg_read_together(const attempt *a, request *r);

#endif
