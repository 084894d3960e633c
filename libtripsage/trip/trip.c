/* trip/trip.c: one trip: read, deleted, brought back, removed for good. Making it is create.c, copying it duplicate.c, changing it
 * update.c. */
#include "trip.h"

#include "base/memory.h"
#include "record.h"
#include "remembered.h"
#include "similar.h"
#include "statements.h"

/* ---- reading ---- */

tripsage_status tripsage_trip_get(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                  const char *trip_id)
{
    tripsage__trip_gate gate; /* for its parameters: the row itself says the role */
    tripsage__trip_reading reading = {NULL, 0, 0};
    tripsage__asked asked;
    tripsage__step step;
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__trip_gate_init(&gate, actor, trip_id));
    tripsage__asked_trip(&asked, actor, gate.trip_id);
    *out = tripsage__remembered_find(&asked, trips, gate.trip_id);
    if (*out)
        return TRIPSAGE_OK;
    TRIPSAGE_TRY(tripsage__doc_new(&reading.doc, 1024));
    step = tripsage__trip_reading_step(&reading, gate.params);
    TRIPSAGE_TRY(tripsage__store_read(trips->store, actor, &step, 1));
    if (reading.role < TRIPSAGE__ROLE_PUBLIC || reading.deleted)
        status = TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is no such trip");
    else
        tripsage__remembered_keep(trips, &asked, reading.doc);
out:
    return tripsage__doc_finish(out, reading.doc, status);
}

/* ---- deleting and bringing back ---- */

/* $4 if_version, $5 now */
const tripsage__statement tripsage__sql_trip_delete = {
    "trip_delete",
    "UPDATE trip AS t SET deleted_at = $5, updated_at = $5, version = version + 1"
    " WHERE t.id = $3 AND " TRIPSAGE__SQL_MAY_OWN " AND ($4 = 0 OR t.version = $4)",
    NULL};

#define SQL_OWNS_DELETED "(t.deleted_at IS NOT NULL AND " TRIPSAGE__SQL_ROLE " >= 5)"

/* $4 now */
const tripsage__statement tripsage__sql_trip_restore = {
    "trip_restore",
    "UPDATE trip AS t SET deleted_at = NULL, updated_at = $4, version = version + 1"
    " WHERE t.id = $3 AND " SQL_OWNS_DELETED,
    NULL};

tripsage_status tripsage_trip_delete(tripsage_trips *trips, const tripsage_actor *actor, const char *trip_id,
                                     const tripsage_write_options *options)
{
    tripsage__trip_gate gate;
    tripsage_write_options how;
    tripsage__value params[5];
    tripsage__step steps[4] = {{NULL, NULL, 0, NULL, NULL, NULL, NULL},
                               {&tripsage__sql_trip_delete, params, 5, NULL, NULL, NULL, NULL}};
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__actor_check_scope(actor, TRIPSAGE__SCOPE_TRIPS_WRITE));
    TRIPSAGE_TRY(tripsage__trip_gate_init(&gate, actor, trip_id));
    TRIPSAGE_TRY(tripsage__write_options_read(&how, options));
    memcpy(params, gate.params, sizeof gate.params);
    params[3] = tripsage__int(how.if_version);
    params[4] = tripsage__int(tripsage__now_ms(trips->env));
    steps[0] = tripsage__trip_gate_step(&gate);
    steps[2] = tripsage__trip_acl_step(&gate);
    steps[3] = tripsage__trip_vector_owner_step(&gate);
    TRIPSAGE_TRY(tripsage__store_write(trips->store, actor, steps, 4));
    TRIPSAGE_TRY(tripsage__trip_gate_check(&gate, TRIPSAGE__ROLE_OWNER, how.if_version));
out:
    return status;
}

/* The gate of what is done to a deleted trip: nobody but its owner knows of it. */
static tripsage_status check_deleted(const tripsage__trip_gate *gate)
{
    tripsage_status status;

    if (gate->found && gate->deleted && gate->role >= TRIPSAGE__ROLE_OWNER)
        return TRIPSAGE_OK;
    status = tripsage__trip_gate_check(gate, TRIPSAGE__ROLE_OWNER, 0);
    return status != TRIPSAGE_OK ? status : TRIPSAGE_FAIL(TRIPSAGE_ECONFLICT, "the trip is not deleted");
}

tripsage_status tripsage_trip_restore(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                      const char *trip_id)
{
    tripsage__trip_gate gate;
    tripsage__trip_reading reading = {NULL, 0, 0};
    tripsage__value params[4];
    tripsage__step steps[5] = {
        {NULL, NULL, 0, NULL, NULL, NULL, NULL}, {&tripsage__sql_trip_restore, params, 4, NULL, NULL, NULL, NULL},
        {NULL, NULL, 0, NULL, NULL, NULL, NULL}, {NULL, NULL, 0, NULL, NULL, NULL, NULL},
        {NULL, NULL, 0, NULL, NULL, NULL, NULL},
    };
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__actor_check_scope(actor, TRIPSAGE__SCOPE_TRIPS_WRITE));
    TRIPSAGE_TRY(tripsage__trip_gate_init(&gate, actor, trip_id));
    memcpy(params, gate.params, sizeof gate.params);
    params[3] = tripsage__int(tripsage__now_ms(trips->env));
    TRIPSAGE_TRY(tripsage__doc_new(&reading.doc, 1024));
    steps[0] = tripsage__trip_gate_step(&gate);
    steps[2] = tripsage__trip_acl_step(&gate);
    steps[3] = tripsage__trip_vector_owner_step(&gate);
    steps[4] = tripsage__trip_reading_step(&reading, gate.params);
    TRIPSAGE_TRY(tripsage__store_write(trips->store, actor, steps, 5));
    TRIPSAGE_TRY(check_deleted(&gate));
out:
    return tripsage__doc_finish(out, reading.doc, status);
}

/* ---- removing for good ---- */

const tripsage__statement tripsage__sql_trip_unindex = {
    "trip_unindex",
    "DELETE FROM trip_search WHERE rowid IN (" TRIPSAGE__SQL_SEARCH_ROWIDS(
        "SELECT t.id FROM trip t WHERE t.id = $3 AND " SQL_OWNS_DELETED) ")",
    ""};

#define SQL_FORGET_VECTORS(ids)                                                                                        \
    "DELETE FROM vector_item WHERE collection_id = (SELECT c.id FROM vector_collection c WHERE c.name = "              \
    "'" TRIPSAGE__COLLECTION_TRIPS "') AND id IN (" ids ")"
const tripsage__statement tripsage__sql_trip_unvector = {
    "trip_unvector", SQL_FORGET_VECTORS("SELECT t.id FROM trip t WHERE t.id = $3 AND " SQL_OWNS_DELETED), ""};

/* Items, notes and collaborators go with it by their references. */
const tripsage__statement tripsage__sql_trip_purge = {
    "trip_purge", "DELETE FROM trip AS t WHERE t.id = $3 AND " SQL_OWNS_DELETED, NULL};

tripsage_status tripsage_trip_purge(tripsage_trips *trips, const tripsage_actor *actor, const char *trip_id)
{
    tripsage__trip_gate gate;
    tripsage__step steps[4] = {{NULL, NULL, 0, NULL, NULL, NULL, NULL},
                               {&tripsage__sql_trip_unindex, gate.params, 3, NULL, NULL, NULL, NULL},
                               {&tripsage__sql_trip_unvector, gate.params, 3, NULL, NULL, NULL, NULL},
                               {&tripsage__sql_trip_purge, gate.params, 3, NULL, NULL, NULL, NULL}};
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__actor_check_scope(actor, TRIPSAGE__SCOPE_TRIPS_WRITE));
    TRIPSAGE_TRY(tripsage__trip_gate_init(&gate, actor, trip_id));
    steps[0] = tripsage__trip_gate_step(&gate);
    TRIPSAGE_TRY(tripsage__store_write(trips->store, actor, steps, 4));
    TRIPSAGE_TRY(check_deleted(&gate));
out:
    return status;
}

/* One write of a purge takes at most this many trips, so that it holds the writer for milliseconds. The number is in the SQL too. */
#define PURGE_BATCH 20
#define SQL_OLDEST                                                                                                     \
    "SELECT id FROM trip WHERE deleted_at IS NOT NULL AND deleted_at <= $1 ORDER BY deleted_at, seq LIMIT 20"

/* $1 cutoff */
const tripsage__statement tripsage__sql_trip_unindex_old = {
    "trip_unindex_old", "DELETE FROM trip_search WHERE rowid IN (" TRIPSAGE__SQL_SEARCH_ROWIDS(SQL_OLDEST) ")", ""};
const tripsage__statement tripsage__sql_trip_unvector_old = {"trip_unvector_old", SQL_FORGET_VECTORS(SQL_OLDEST), ""};
const tripsage__statement tripsage__sql_trip_purge_old = {"trip_purge_old",
                                                          "DELETE FROM trip WHERE id IN (" SQL_OLDEST ")", NULL};

tripsage_status tripsage__trip_purge_deleted(int64_t *count, tripsage_trips *trips, int64_t older_than_ms)
{
    const tripsage__value params[1] = {tripsage__int(older_than_ms)};
    int64_t removed = 0;
    const tripsage__step steps[3] = {{&tripsage__sql_trip_unindex_old, params, 1, NULL, NULL, NULL, NULL},
                                     {&tripsage__sql_trip_unvector_old, params, 1, NULL, NULL, NULL, NULL},
                                     {&tripsage__sql_trip_purge_old, params, 1, NULL, NULL, NULL, &removed}};
    tripsage_status status;

    *count = 0;
    do {
        status = tripsage__store_write(trips->store, NULL, steps, 3);
        if (status == TRIPSAGE_OK)
            *count += removed;
    } while (status == TRIPSAGE_OK && removed == PURGE_BATCH);
    return status;
}

/* ---- the search index ---- */

/* $1 the trip. Notes (kind 2) are for members, the rest for whoever may read the trip. */
const tripsage__statement tripsage__sql_trip_acl_renew = {
    "trip_acl_renew",
    "UPDATE trip_search SET acl = (SELECT CASE WHEN trip_search.rowid % 4 = 2 THEN " TRIPSAGE__SQL_ACL_MEMBERS
    " ELSE " TRIPSAGE__SQL_ACL_READERS " END FROM trip t WHERE t.id = $1)"
    " WHERE changes() > 0 AND rowid IN (" TRIPSAGE__SQL_SEARCH_ROWIDS("$1") ")",
    ""};

tripsage__step tripsage__trip_acl_step(tripsage__trip_gate *gate)
{
    tripsage__step step = {&tripsage__sql_trip_acl_renew, NULL, 1, NULL, NULL, NULL, NULL};

    step.params = &gate->params[2];
    return step;
}
