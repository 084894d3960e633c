/* trip/trip.h: what the files of this room share: the handle, who may do what, the answers kept for repeated requests, and the
 * search index.
 *
 * Every statement of the room that looks at a trip takes the same first three parameters, which the gate provides:
 *   $1 the actor's user id ('' for the service role)   $2 1 for the service role, else 0   $3 the trip's id
 * and calls the trip's row `t`. A write is a list of steps: the gate, the changes (each with its guard in SQL), and what reads
 * the answer. Afterwards tripsage__trip_gate_check() turns the gate into the status: what it refuses, the guards have refused
 * as well, so that nothing was written. */
#ifndef TRIPSAGE_TRIP_TRIP_H
#define TRIPSAGE_TRIP_TRIP_H

#include <pthread.h>
#include <stdatomic.h>
#include <tripsage/trip.h>
#include <tripsage/vector.h>

#include "base/calendar.h"
#include "store/store.h"

struct tripsage__destination_index;
struct tripsage__remembered;

struct tripsage_trips {
    tripsage__store *store;       /* a reference of its own */
    tripsage__env *env;           /* the store's */
    unsigned char cursor_key[32]; /* signs cursors; kept in the database, so that they outlive the process */
    tripsage_vector *vector;      /* borrowed, or owned when own_vector */
    int own_vector;
    struct tripsage__destination_index *destinations; /* owned; destination.c knows what it is */
    tripsage__store *catalogue;                       /* NULL, or what tripsage__catalogue_store() has made */
    pthread_mutex_t catalogue_lock;
    atomic_int has_vectors;                  /* the catalogue, where it is searched: no need to look any more */
    struct tripsage__remembered *remembered; /* owned */
    pthread_rwlock_t turns;                  /* see tripsage__take_turn() */
};

/* Around each attempt of a call that reads, decides in C and writes with the version it read as the guard, and around a write that can
 * make such a guard fail. Attempts go side by side; one that has lost a race before goes alone among the threads of this handle, so that
 * it cannot lose for ever (other processes it still has to race). */
void tripsage__take_turn(tripsage_trips *trips, int lost_before);
void tripsage__end_turn(tripsage_trips *trips);

/* Trips over an open store, of which it takes a reference. `vector` is borrowed until tripsage_trips_close. */
tripsage_status tripsage__trips_new(tripsage_trips **out, tripsage__store *store, tripsage_vector *vector);

/* The day it is, in UTC. */
void tripsage__today(char out[TRIPSAGE__DATE_SIZE], tripsage_trips *trips);

/* Every statement about trips, for the plan test; items and notes have theirs in itinerary.h, places in destination.h. */
const tripsage__statement *const *tripsage__trip_statements(size_t *count);

/* ---- roles ---- */

/* Each may do all that those before it may. Two to four are stored as trip_collaborator.level. */
typedef enum tripsage__role {
    TRIPSAGE__ROLE_NONE = 0,
    TRIPSAGE__ROLE_PUBLIC = 1, /* anybody signed in, for a public trip */
    TRIPSAGE__ROLE_VIEW = 2,
    TRIPSAGE__ROLE_EDIT = 3,
    TRIPSAGE__ROLE_ADMIN = 4,
    TRIPSAGE__ROLE_OWNER = 5,
    TRIPSAGE__ROLE_SERVICE = 6
} tripsage__role;

const char *tripsage__role_word(int role); /* static; "none" for what is not in the ladder */

/* The actor's role on the trip row t. A deleted trip has its owner and the service role left; whether they may reach it is
 * asked beside it, see below. An owner's role costs no subquery: CASE stops at the first arm that holds. */
#define TRIPSAGE__ROLE_BY(level)                                                                                       \
    "CASE WHEN $2 = 1 THEN 6 WHEN t.user_id = $1 THEN 5 WHEN t.deleted_at IS NOT NULL THEN 0 "                         \
    "ELSE COALESCE(" level ", CASE t.visibility WHEN 'public' THEN 1 ELSE 0 END) END"
#define TRIPSAGE__SQL_ROLE                                                                                             \
    TRIPSAGE__ROLE_BY("(SELECT c.level FROM trip_collaborator c WHERE c.trip_id = t.id AND c.user_id = $1)")

/* The same for PostgreSQL in the statements that run most: there a subquery costs its setting up, also in an arm that is not reached. */
#define TRIPSAGE__PG_ROLE TRIPSAGE__ROLE_BY("trip_level(t.id)")

/* Guards: the trip is there and the actor may ... it. */
#define TRIPSAGE__SQL_MAY_READ   "(t.deleted_at IS NULL AND " TRIPSAGE__SQL_ROLE " >= 1)"
#define TRIPSAGE__SQL_MAY_VIEW   "(t.deleted_at IS NULL AND " TRIPSAGE__SQL_ROLE " >= 2)" /* members */
#define TRIPSAGE__SQL_MAY_EDIT   "(t.deleted_at IS NULL AND " TRIPSAGE__SQL_ROLE " >= 3)"
#define TRIPSAGE__SQL_MAY_INVITE "(t.deleted_at IS NULL AND " TRIPSAGE__SQL_ROLE " >= 4)" /* admin */
#define TRIPSAGE__SQL_MAY_OWN    "(t.deleted_at IS NULL AND " TRIPSAGE__SQL_ROLE " >= 5)"

/* ---- the gate: what the actor may do on a trip, and the state it is in ---- */

typedef struct tripsage__trip_gate {
    char trip_id[TRIPSAGE__UUID_SIZE]; /* as asked for, in lower case */
    tripsage__value params[3];         /* $1..$3: begin every statement's parameters with these */

    /* What the step found. */
    int found;
    int role;
    int deleted;
    int64_t version;
    char owner_id[TRIPSAGE__UUID_SIZE];
    char status[16];
    char visibility[16];
    char start_date[TRIPSAGE__DATE_SIZE];
    char end_date[TRIPSAGE__DATE_SIZE];
    char budget_currency[4]; /* "" without a budget */
} tripsage__trip_gate;

/* The first line of a call on a trip: TRIPSAGE_EUNAUTHENTICATED for no actor, TRIPSAGE_ENOTFOUND for what is no id. The gate
 * stays where it is while the call runs: its parameters point into it. */
tripsage_status tripsage__trip_gate_init(tripsage__trip_gate *gate, const tripsage_actor *actor, const char *trip_id);

/* The reading step that fills it. */
tripsage__step tripsage__trip_gate_step(tripsage__trip_gate *gate);

/* After the steps ran: TRIPSAGE_OK, TRIPSAGE_ENOTFOUND (no such trip, deleted, or not the actor's to see), TRIPSAGE_EFORBIDDEN (seen, but
 * less than `minimum`), TRIPSAGE_EPRECONDITION (`if_version` is not 0 and not the trip's). */
tripsage_status tripsage__trip_gate_check(const tripsage__trip_gate *gate, int minimum, int64_t if_version);

/* What a trip's record is written from (see record.h): SELECT ... FROM trip t WHERE ... PostgreSQL sends the row as one record, and as
 * the role what does not stand in the row: it sets up every arm of a CASE for every execution. */
#define TRIPSAGE__SQL_TRIP_COLUMNS TRIPSAGE__SQL_ROLE ", t.*"
#define TRIPSAGE__PG_TRIP_COLUMNS  "CASE WHEN $2 = 1 THEN 6 WHEN t.user_id = $1 THEN 5 ELSE trip_level(t.id) END, t"

/* ---- collaborators ---- */

/* Collaborators written one after another as the elements of a JSON array; a step's context. Free `json`. */
typedef struct tripsage__collaborator_listing {
    tripsage__buf json;
    int64_t count;
    const char *before; /* NULL, or what stands before the first */
} tripsage__collaborator_listing;

/* The reading step of all of them, in the order they were added: none for who is no member. */
tripsage__step tripsage__collaborator_list_step(tripsage__collaborator_listing *listing,
                                                const tripsage__trip_gate *gate);

/* ---- how a write is to be made ---- */

/* `options` may be NULL. EMISUSE for an unknown struct version; EINVALID "#if_version", "#idempotency_key". */
tripsage_status tripsage__write_options_read(tripsage_write_options *out, const tripsage_write_options *options);

/* ---- answers kept for repeated requests ----
 *
 * A creating call made with a key runs, in one write,
 *   1. tripsage__idempotency_find_step    what an earlier call left
 *   2. its own inserts, guarded by TRIPSAGE__SQL_FIRST_TIME
 *   3. tripsage__idempotency_keep_step    keeps the answer, if the record was made
 * and then asks tripsage__idempotency_replay(). Writes run one after another, so of two calls with one key the second finds
 * what the first left. */

typedef enum tripsage__creates {
    TRIPSAGE__CREATES_TRIP = 0,
    TRIPSAGE__CREATES_COPY = 1,
    TRIPSAGE__CREATES_ITEM = 2,
    TRIPSAGE__CREATES_NOTE = 3
} tripsage__creates;

typedef struct tripsage__idempotency {
    int used; /* 0: the call came without a key, and everything below is idle */
    tripsage__creates creates;
    unsigned char fingerprint[32];
    int64_t cutoff_ms; /* answers from before this do not count */
    tripsage__value params[8];

    int found; /* an earlier call with this key, and what it left */
    int same;  /* and the same input */
    tripsage__buf answer;
} tripsage__idempotency;

/* `scope` is what the call was made on (a trip's id), or "". TRIPSAGE_OK without a key as well. Free on every path. */
tripsage_status tripsage__idempotency_init(tripsage__idempotency *key, tripsage_trips *trips,
                                           const tripsage_actor *actor, const char *idempotency_key,
                                           tripsage__creates creates, const char *scope, const char *input,
                                           size_t length);
void tripsage__idempotency_free(tripsage__idempotency *key);

/* In a guard: nothing was kept under this key yet. `user`, `operation`, `key` and `cutoff` are the parameters' names, to which
 * tripsage__idempotency_params() gives the values; without a key the guard holds. */
#define TRIPSAGE__SQL_FIRST_TIME(user, operation, key, cutoff)                                                         \
    "NOT EXISTS (SELECT 1 FROM idempotency_key k WHERE k.user_id = " user " AND k.operation = " operation              \
    " AND k.key = " key " AND k.created_at > " cutoff ")"

/* The values of the last three (the first is $1, the actor). */
void tripsage__idempotency_params(const tripsage__idempotency *key, tripsage__value out[3]);

/* Only when key->used. `id` is that of the new record, `answer` the document the call will give; both stay until the write is done. */
tripsage__step tripsage__idempotency_find_step(tripsage__idempotency *key);
tripsage__step tripsage__idempotency_keep_step(tripsage__idempotency *key, const char *id, const tripsage_doc *answer);

/* After the write. 0: this call was the first (or had no key), go on. 1: *status is TRIPSAGE_OK and *out the earlier answer, or
 * TRIPSAGE_EIDEMPOTENCY. */
int tripsage__idempotency_replay(tripsage_status *status, tripsage_doc **out, tripsage__idempotency *key);

/* Removes what is past its keeping; *count receives how many. */
tripsage_status tripsage__idempotency_purge(int64_t *count, tripsage_trips *trips);
tripsage_status tripsage__trip_purge_deleted(int64_t *count, tripsage_trips *trips, int64_t older_than_ms);

/* ---- the search index: trip_search, see migrations/sqlite/0003_trips.sql ----
 *
 * The step that mirrors a change stands right after the statement that makes it and asks `changes() > 0` (rows changed by the
 * statement before), so that a change whose guard refused it costs no write here either. */

/* The acl of a row that mirrors something of trip t: for members only (notes), and for whoever may read the trip. */
#define TRIPSAGE__SQL_ACL_MEMBERS                                                                                      \
    "CASE WHEN t.deleted_at IS NOT NULL THEN '' ELSE 'u' || replace(t.user_id, '-', '') || COALESCE((SELECT "          \
    "group_concat(' u' || replace(c.user_id, '-', ''), '') FROM trip_collaborator c WHERE c.trip_id = t.id), '') END"
#define TRIPSAGE__SQL_ACL_READERS                                                                                      \
    TRIPSAGE__SQL_ACL_MEMBERS                                                                                          \
    " || CASE WHEN t.deleted_at IS NULL AND t.visibility = 'public' THEN ' public' ELSE '' END"

/* The rows of all that belongs to a trip, given as an id or as a SELECT of ids. */
#define TRIPSAGE__SQL_SEARCH_ROWIDS(ids)                                                                               \
    "SELECT seq * 4 FROM trip WHERE id IN (" ids ") UNION ALL "                                                        \
    "SELECT seq * 4 + 1 FROM itinerary_item WHERE trip_id IN (" ids ") UNION ALL "                                     \
    "SELECT seq * 4 + 2 FROM trip_note WHERE trip_id IN (" ids ")"

/* Appends to `problems`, elements of a JSON array of which there are *count already, what in the index does not agree with the records. */
tripsage_status tripsage__trips_check(tripsage__buf *problems, size_t *count, tripsage_trips *trips);
/* Makes the search index anew, of the records there are. TRIPSAGE_ENOTSUP where triggers keep it. */
tripsage_status tripsage__trips_reindex(tripsage_trips *trips);

/* The step that renews the acl of everything that belongs to the gate's trip, if the statement before it changed something. */
tripsage__step tripsage__trip_acl_step(tripsage__trip_gate *gate);

#endif
