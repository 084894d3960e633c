/* store/postgres/pipeline.h: one try of one or more requests on one connection, in one round trip. */
#ifndef TRIPSAGE_STORE_POSTGRES_PIPELINE_H
#define TRIPSAGE_STORE_POSTGRES_PIPELINE_H

#include "postgres.h"

/* What stands before and behind the statements. */
typedef enum frame {
    FRAME_STATEMENT, /* a single reading statement is its own snapshot */
    FRAME_SNAPSHOT,  /* several, under one snapshot */
    FRAME_SCAN,      /* the same, for as long as it takes */
    FRAME_WRITE      /* serializable, so that nothing can come between the guards and the changes */
} frame;

/* Somebody's steps, and who he is. */
typedef struct request {
    const tripsage__step *steps;
    size_t count;
    role role;
    const char *claims;
    const char *subject;  /* of the claims; "" for the service */
    PGresult **results;   /* of each step */
    struct request *next; /* in the same pipeline */
} request;

typedef enum outcome {
    DONE,       /* results are complete; committed */
    REFUSED,    /* the server refused it, and nothing was changed; see the failure */
    AGAIN,      /* the same, and it may go well the next time */
    READ_ONLY,  /* the same: the server is a standby now */
    UNPREPARED, /* the same: a pooler gave this transaction a connection on which nothing was prepared */
    OUTDATED,   /* the same: a prepared statement gives other columns now */
    LOST,       /* no answer any more: it may have been done or not */
    NO_MEMORY   /* not all of it was sent: nothing was changed */
} outcome;

/* Fills in the results, when it is DONE only. *failure: the server's error, for PQclear; NULL when there is none. *broken: the connection is of
 * no use after it. An error counts also when the connection was lost behind it: it had ended the transaction; and so does the answer to
 * COMMIT. A server that is silent for `answer_ms` is lost. */
outcome tripsage__pg_run(connection *c, engine *e, frame around, request *first, uint32_t answer_ms, PGresult **failure,
                         int *broken);

/* Frees the results of a request and those behind it. */
void tripsage__pg_forget(request *first);

#endif
