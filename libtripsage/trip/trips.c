/* trip/trips.c: the handle: opened, composed, closed; and the room's statement catalogue. */
#include "trip.h"

#include "base/memory.h"
#include "destination.h"
#include "remembered.h"
#include "similar.h"
#include "statements.h"
#include "vector/vector.h"

/* Those who wait to go alone are let in before new ones who go side by side; glibc's default would starve them. */
static tripsage_status init_turns(pthread_rwlock_t *turns)
{
    pthread_rwlockattr_t fair;
    int failed;

    if (pthread_rwlockattr_init(&fair))
        return TRIPSAGE_NOMEM();
    failed = pthread_rwlockattr_setkind_np(&fair, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP) ||
             pthread_rwlock_init(turns, &fair);
    pthread_rwlockattr_destroy(&fair);
    return failed ? TRIPSAGE_NOMEM() : TRIPSAGE_OK;
}

static tripsage_status init_locks(tripsage_trips *trips)
{
    tripsage_status status;

    if (pthread_mutex_init(&trips->catalogue_lock, NULL))
        return TRIPSAGE_NOMEM();
    status = init_turns(&trips->turns);
    if (status != TRIPSAGE_OK)
        pthread_mutex_destroy(&trips->catalogue_lock);
    return status;
}

void tripsage__take_turn(tripsage_trips *trips, int lost_before)
{
    if (lost_before)
        pthread_rwlock_wrlock(&trips->turns);
    else
        pthread_rwlock_rdlock(&trips->turns);
}

void tripsage__end_turn(tripsage_trips *trips)
{
    pthread_rwlock_unlock(&trips->turns);
}

/* The collections of this room, by the calls of tripsage/vector.h. */
static tripsage_status before_search(void *context, const char *collection)
{
    tripsage_trips *trips = context;
    tripsage__store *catalogue;

    if (strcmp(collection, TRIPSAGE__COLLECTION_TRIPS) == 0)
        return tripsage__trip_vectors_make(trips);
    if (strcmp(collection, TRIPSAGE__COLLECTION_CATALOGUE) == 0 && tripsage__store_has_fts5(trips->store))
        return tripsage__catalogue_store(&catalogue, trips, 1);
    return TRIPSAGE_OK;
}

tripsage_status tripsage__trips_new(tripsage_trips **out, tripsage__store *store, tripsage_vector *vector)
{
    tripsage_trips *trips = tripsage__calloc(1, sizeof *trips);
    tripsage_status status;

    *out = NULL;
    if (!trips)
        return TRIPSAGE_NOMEM();
    status = init_locks(trips);
    if (status != TRIPSAGE_OK) {
        tripsage__free(trips);
        return status;
    }
    trips->store = tripsage__store_retain(store);
    trips->env = tripsage__store_env(store);
    trips->vector = vector;
    TRIPSAGE_TRY(tripsage__remembered_new(&trips->remembered, trips->env));
    TRIPSAGE_TRY(tripsage__store_secret(trips->cursor_key, store, "cursor_key"));
    TRIPSAGE_TRY(tripsage__catalogue_load(trips));
    tripsage__vector_before_search(vector, before_search, trips);
    *out = trips;
    return TRIPSAGE_OK;
out:
    tripsage_trips_close(trips);
    return status;
}

tripsage_status tripsage_trips_open(tripsage_trips **out, const char *url, const tripsage_runtime *runtime)
{
    tripsage__store_options options = {.runtime = runtime};
    tripsage__store *store = NULL;
    tripsage_vector *vector = NULL;
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__store_open(&store, url, &options));
    TRIPSAGE_TRY(tripsage__vector_new(&vector, store, NULL));
    TRIPSAGE_TRY(tripsage__trips_new(out, store, vector));
    (*out)->own_vector = 1;
    vector = NULL;
out:
    tripsage__vector_free(vector);
    tripsage__store_release(store);
    return status;
}

void tripsage_trips_close(tripsage_trips *trips)
{
    if (!trips)
        return;
    tripsage__remembered_free(trips->remembered);
    tripsage__destination_index_free(trips->destinations);
    if (trips->own_vector)
        tripsage__vector_free(trips->vector);
    tripsage__store_release(trips->catalogue);
    tripsage__store_release(trips->store);
    pthread_rwlock_destroy(&trips->turns);
    pthread_mutex_destroy(&trips->catalogue_lock);
    tripsage__free(trips);
}

void tripsage__today(char out[TRIPSAGE__DATE_SIZE], tripsage_trips *trips)
{
    tripsage__date_format((int32_t)(tripsage__now_ms(trips->env) / INT64_C(86400000)), out);
}

const tripsage__statement *const *tripsage__trip_statements(size_t *count)
{
    static const tripsage__statement *const all[] = {
#define XX(name) &tripsage__sql_##name,
        TRIPSAGE__TRIP_STATEMENT_LIST(XX)
#undef XX
    };

    *count = sizeof all / sizeof all[0];
    return all;
}
