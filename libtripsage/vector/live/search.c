/* search.c: a search through an index in memory: what it gives, and what changed since, both looked at as rows of one read. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "live_internal.h"
#include "vector/vector_internal.h"

/* The items of all changes that the index had not applied when it was asked, in the order of seq; without an id: gone, or not for the
 * actor. */
const tripsage__statement tripsage__live_sql_tail = {
    "vector_search_changed",
    "SELECT i.id, i.metadata, i.embedding, NULL, x.seq FROM (SELECT DISTINCT v.seq FROM vector_change v "
    "WHERE v.collection_id = $6 AND v.change > $7) x "
    "LEFT JOIN vector_item i ON i.seq = x.seq AND i.collection_id = $6 AND ($9 = 1 OR i.owner_id IN ('', $5)) "
    "ORDER BY x.seq",
    ""};
const tripsage__statement tripsage__live_sql_hits = {
    "vector_search_hits",
    "SELECT i.id, i.metadata, i.embedding, NULL, i.seq FROM json_each($8) j CROSS JOIN vector_item i ON i.seq = "
    "j.value "
    "WHERE i.collection_id = $6 AND ($9 = 1 OR i.owner_id IN ('', $5))",
    ""};

static void begin_collection(void *context)
{
    ((tripsage__live_looking *)context)->id = 0;
}

static tripsage_status on_collection(void *context, const tripsage__row *row)
{
    tripsage__live_looking *k = context;

    k->id = tripsage__row_int(row, 0);
    k->newest = tripsage__row_int(row, 1);
    return TRIPSAGE_OK;
}

/* ---- what changed since ---- */

static void begin_tail(void *context)
{
    tripsage__live_looking *k = context;

    tripsage__vector_scan_begin(k->scan);
    k->changed_count = 0;
}

static tripsage_status add_changed(tripsage__live_looking *k, int64_t seq)
{
    if (k->changed_count == k->changed_capacity) {
        size_t wanted = k->changed_capacity ? 2 * k->changed_capacity : 64;
        int64_t *grown = tripsage__realloc(k->changed, wanted * sizeof *grown);

        if (!grown)
            return TRIPSAGE_NOMEM();
        k->changed = grown;
        k->changed_capacity = wanted;
    }
    k->changed[k->changed_count++] = seq;
    return TRIPSAGE_OK;
}

static tripsage_status on_tail(void *context, const tripsage__row *row)
{
    tripsage__live_looking *k = context;
    tripsage_status status = add_changed(k, tripsage__row_int(row, 4));
    int passes;

    if (status != TRIPSAGE_OK || tripsage__row_is_null(row, 0))
        return status;
    return tripsage__vector_scan_take(k->scan, row, &passes);
}

/* ---- what the index gave ---- */

static int compare_seqs(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void begin_hits(void *context)
{
    ((tripsage__live_looking *)context)->unchanged = 0;
}

static tripsage_status on_hit(void *context, const tripsage__row *row)
{
    tripsage__live_looking *k = context;
    int64_t seq = tripsage__row_int(row, 4);
    tripsage_status status;
    int passes;

    if (k->changed_count && bsearch(&seq, k->changed, k->changed_count, sizeof seq, compare_seqs))
        return TRIPSAGE_OK;
    status = tripsage__vector_scan_take(k->scan, row, &passes);
    k->unchanged += passes != 0;
    return status;
}

/* ---- the search ---- */

tripsage_status tripsage__live_look_init(tripsage__live_looking *k, tripsage_vector *vector,
                                         tripsage__vector_scan *scan, const tripsage_actor *actor, uint32_t wanted)
{
    memset(k, 0, sizeof *k);
    k->vector = vector;
    k->scan = scan;
    k->actor = actor;
    k->wanted = wanted;
    return tripsage__live_ask(&k->answer, vector->live, &scan->collection, actor, scan->query, wanted, &scan->filter);
}

void tripsage__live_look_free(tripsage__live_looking *k)
{
    tripsage__buf_free(&k->answer.keys);
    tripsage__free(k->changed);
    k->changed = NULL;
    k->changed_count = k->changed_capacity = 0;
}

void tripsage__live_look_steps(tripsage__live_looking *k, tripsage__step out[TRIPSAGE__LIVE_STEPS])
{
    const tripsage__step steps[TRIPSAGE__LIVE_STEPS] = {
        {&tripsage__live_sql_collection, k->values, 4, begin_collection, on_collection, k, NULL},
        {&tripsage__live_sql_tail, k->values, 9, begin_tail, on_tail, k, NULL},
        {&tripsage__live_sql_hits, k->values, 9, begin_hits, on_hit, k, NULL},
    };

    tripsage__collection_values(k->values, &k->scan->collection);
    k->values[4] = tripsage__text(k->actor->user_id);
    k->values[5] = tripsage__int(k->answer.collection_id);
    k->values[6] = tripsage__int(k->answer.applied);
    k->values[7] = tripsage__textn(k->answer.keys.data, k->answer.keys.size);
    k->values[8] = tripsage__int(k->actor->is_service);
    memcpy(out, steps, sizeof steps);
}

typedef enum verdict {
    IS_ANSWERED,
    NEEDS_MORE, /* too many of the hits are not what they were */
    IS_VOID     /* the index is of another collection, or of another past */
} verdict;

static verdict judge(tripsage__live_looking *k)
{
    tripsage__live_set *set = k->vector->live;

    k->scan->found = k->id != 0;
    k->scan->by_index = !k->answer.is_exact;
    if (k->id != k->answer.collection_id) {
        tripsage__live_deleted(set, k->answer.collection_id);
        return IS_VOID;
    }
    if (!tripsage__live_saw(set, &k->answer, k->newest))
        return IS_VOID;
    return k->answer.has_all || k->unchanged >= k->scan->k ? IS_ANSWERED : NEEDS_MORE;
}

/* Once more, for so many. */
static tripsage_status ask_again(tripsage__live_looking *k, uint32_t wanted)
{
    tripsage__step steps[TRIPSAGE__LIVE_STEPS];
    tripsage_status status;

    tripsage__live_look_free(k);
    TRIPSAGE_TRY(tripsage__live_look_init(k, k->vector, k->scan, k->actor, wanted));
    if (!k->answer.collection_id)
        return TRIPSAGE_OK;
    tripsage__live_look_steps(k, steps);
    status = tripsage__store_read(k->vector->store, k->actor, steps, TRIPSAGE__LIVE_STEPS);
out:
    return status;
}

static tripsage_status scan_rows(tripsage__live_looking *k)
{
    tripsage__step steps[TRIPSAGE__VECTOR_SCAN_STEPS];

    tripsage__vector_scan_steps(k->scan, steps);
    return tripsage__store_read(k->vector->store, k->actor, steps, TRIPSAGE__VECTOR_SCAN_STEPS);
}

tripsage_status tripsage__live_look_end(tripsage__live_looking *k)
{
    tripsage_status status = TRIPSAGE_OK;
    verdict said = judge(k);

    while (said == NEEDS_MORE && 4 * k->wanted <= TRIPSAGE_VECTOR_K_MAX && status == TRIPSAGE_OK) {
        status = ask_again(k, 4 * k->wanted);
        said = status == TRIPSAGE_OK && k->answer.collection_id ? judge(k) : IS_VOID;
    }
    if (status == TRIPSAGE_OK && said != IS_ANSWERED)
        status = scan_rows(k);
    return status;
}
