/* live.c: the set: which collection has an index, the thread that works at them, and a search's question to one. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/thread.h"
#include "live_internal.h"
#include "terms.h"
#include "vector/vector_internal.h"

const tripsage__statement tripsage__live_sql_collection = {
    "vector_collection_id",
    "SELECT c.id, (SELECT max(v.change) FROM vector_change v WHERE v.collection_id = c.id) FROM vector_collection c "
    "WHERE c.name = $1 AND c.dimensions = $2 AND c.metric = $3 AND c.embedder = $4",
    ""};

/* A scan of so many numbers takes some 2 ms, when a row costs as much as so many more. */
#define SCAN_NUMBERS 1000000
#define ROW_NUMBERS  400

/* Up to so many numbers an index looks at every item: some 0.5 ms, for an answer that misses nothing. The same as vector_scan_limit() of
 * PostgreSQL's. */
#define EXACT_NUMBERS 2500000
#define EXACT_ROWS    20000

/* A file is written anew when so many changes are not in it: what a start has to make up for in some seconds. */
#define SAVE_AFTER_MIN 2000
#define SAVE_AFTER_MAX 50000

/* After a failure (no memory, a full disk) the thread waits before it tries again. */
#define REST_MS 5000

/* What a close may take to apply what is left: much less than a server has to end in. */
#define CLOSE_MS 1000

int64_t tripsage__live_rows_min(uint32_t dimensions)
{
    return SCAN_NUMBERS / ((int64_t)dimensions + ROW_NUMBERS);
}

/* ---- what is held ---- */

held *tripsage__held_new(tripsage_index *index, int64_t applied)
{
    held *h = tripsage__calloc(1, sizeof *h);
    tripsage_index_stats stats;

    if (!h) {
        tripsage_index_free(index);
        return NULL;
    }
    tripsage_index_get_stats(&stats, index);
    h->index = index;
    atomic_init(&h->applied, applied);
    atomic_init(&h->count, stats.count);
    atomic_init(&h->references, 1);
    return h;
}

void tripsage__held_release(held *h)
{
    if (!h || atomic_fetch_sub(&h->references, 1) != 1)
        return;
    tripsage_index_free(h->index);
    tripsage__free(h);
}

/* ---- entries ---- */

static int is_of(const live *l, const tripsage__collection *collection)
{
    return !l->is_gone && strcmp(l->collection.name, collection->name) == 0 &&
           l->collection.dimensions == collection->dimensions && l->collection.metric == collection->metric &&
           strcmp(l->collection.embedder, collection->embedder) == 0;
}

static live *look_up(const tripsage__live_set *set, const tripsage__collection *collection)
{
    live *l = set->first;

    while (l && !is_of(l, collection))
        l = l->next;
    return l;
}

/* Frees the entries of collections that are gone and that nobody looks at. */
static void clear_gone(tripsage__live_set *set)
{
    for (live **at = &set->first; *at;) {
        live *l = *at;

        if (!l->is_gone || l->users || l->is_busy) {
            at = &l->next;
            continue;
        }
        *at = l->next;
        tripsage__held_release(l->held);
        tripsage__free(l);
    }
}

static void give_back(tripsage__live_set *set, live *l)
{
    pthread_mutex_lock(&set->lock);
    l->users--;
    clear_gone(set);
    pthread_mutex_unlock(&set->lock);
}

void tripsage__live_adopt(tripsage__live_set *set, live *l, held *fresh, int is_from_file, int64_t saved)
{
    held *before;

    pthread_mutex_lock(&set->lock);
    before = l->held;
    l->held = fresh;
    l->state = LIVE_READY;
    l->is_from_file = is_from_file;
    l->saved = saved;
    if (l->moved < atomic_load(&fresh->applied))
        l->moved = atomic_load(&fresh->applied);
    pthread_mutex_unlock(&set->lock);
    tripsage__held_release(before);
}

void tripsage__live_blame(tripsage__live_set *set, live *l, const char *what)
{
    tripsage_error error;

    tripsage__error_save(&error);
    tripsage__log(set->env, TRIPSAGE_LOG_WARN, "vector", "collection %s: %s: %s", l->collection.name, what,
                  error.message);
    pthread_mutex_lock(&set->lock);
    snprintf(l->reason, sizeof l->reason, "%.60s: %s", what, error.message);
    tripsage__end_with_character(l->reason);
    pthread_mutex_unlock(&set->lock);
}

/* ---- a collection is met for the first time ---- */

typedef struct identity {
    int found;
    int64_t id, newest;
} identity;

static void forget_identity(void *context)
{
    ((identity *)context)->found = 0;
}

static tripsage_status take_identity(void *context, const tripsage__row *row)
{
    identity *i = context;

    i->found = 1;
    i->id = tripsage__row_int(row, 0);
    i->newest = tripsage__row_int(row, 1);
    return TRIPSAGE_OK;
}

static tripsage_status identify(identity *out, tripsage__live_set *set, const tripsage__collection *collection)
{
    tripsage__value params[4];
    const tripsage__step step = {&tripsage__live_sql_collection, params, 4, forget_identity, take_identity, out, NULL};
    tripsage_status status;

    tripsage__collection_values(params, collection);
    status = tripsage__store_read(set->store, NULL, &step, 1);
    if (status == TRIPSAGE_OK && !out->found)
        status = TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is no collection %s", collection->name);
    return status;
}

static tripsage_status read_key(tripsage__live_set *set)
{
    unsigned char secret[32];
    int has_key;
    tripsage_status status;

    pthread_mutex_lock(&set->lock);
    has_key = set->has_key;
    pthread_mutex_unlock(&set->lock);
    if (has_key)
        return TRIPSAGE_OK;
    status = tripsage__store_secret(secret, set->store, "vector_terms_key");
    if (status != TRIPSAGE_OK)
        return status;
    pthread_mutex_lock(&set->lock);
    memcpy(set->key, secret, sizeof set->key);
    set->has_key = 1;
    pthread_mutex_unlock(&set->lock);
    return TRIPSAGE_OK;
}

/* What is wrong with a snapshot is told and mended; what is wrong with the store is the caller's. */
static tripsage_status open_first(tripsage__live_set *set, live *l)
{
    identity found = {0, 0, 0};
    tripsage_status status;

    TRIPSAGE_TRY(read_key(set));
    TRIPSAGE_TRY(identify(&found, set, &l->collection));
    pthread_mutex_lock(&set->lock);
    l->id = found.id;
    l->moved = found.newest;
    pthread_mutex_unlock(&set->lock);
    status = tripsage__live_open(set, l, -1);
    if (status == TRIPSAGE_ENOMEM) /* says nothing of the snapshot */
        goto out;
    if (status != TRIPSAGE_OK && status != TRIPSAGE_ENOTFOUND) {
        tripsage__live_blame(set, l, "its snapshot is not used, and built again from rows");
        pthread_mutex_lock(&set->lock);
        l->state = LIVE_WANTED;
        pthread_mutex_unlock(&set->lock);
    }
    status = TRIPSAGE_OK;
out:
    return status;
}

static void *work(void *context);

/* Under the lock. Where no thread is to be had, searches scan. */
static void wake_thread(tripsage__live_set *set)
{
    if (!set->has_thread) {
        set->has_thread = tripsage__thread_start(&set->thread, 0, work, set) == 0;
        if (!set->has_thread)
            tripsage__log(set->env, TRIPSAGE_LOG_WARN, "vector", "no thread is to be had that would keep the indexes");
    }
    pthread_cond_broadcast(&set->news);
}

static live *add_entry(tripsage__live_set *set, const tripsage__collection *collection)
{
    live *l = tripsage__calloc(1, sizeof *l);

    if (!l)
        return NULL;
    l->collection = *collection;
    l->saved = l->known = -1;
    l->is_opening = l->is_busy = 1;
    l->next = set->first;
    set->first = l;
    return l;
}

/* The entry of a collection, for give_back(). Who comes first opens the snapshot, which takes a scan's time at most, and the others wait
 * for that. */
static tripsage_status find(live **out, tripsage__live_set *set, const tripsage__collection *collection)
{
    tripsage_status status = TRIPSAGE_OK;
    live *l;

    pthread_mutex_lock(&set->lock);
    while ((l = look_up(set, collection)) != NULL && l->is_opening)
        pthread_cond_wait(&set->news, &set->lock);
    *out = l ? l : (l = add_entry(set, collection));
    if (!l) {
        pthread_mutex_unlock(&set->lock);
        return TRIPSAGE_NOMEM();
    }
    l->users++;
    if (l->is_opening) {
        pthread_mutex_unlock(&set->lock);
        status = open_first(set, l);
        pthread_mutex_lock(&set->lock);
        l->is_opening = l->is_busy = 0;
        l->is_gone |= status != TRIPSAGE_OK;
        if (l->state == LIVE_WANTED)
            wake_thread(set);
        pthread_cond_broadcast(&set->news);
        if (status != TRIPSAGE_OK) {
            l->users--;
            clear_gone(set);
        }
    }
    pthread_mutex_unlock(&set->lock);
    return status;
}

/* ---- the thread ---- */

void tripsage__live_progress(void *l, const char *phase, int64_t done, int64_t total)
{
    (void)phase;
    atomic_store(&((live *)l)->done, done);
    atomic_store(&((live *)l)->total, total);
}

/* Half of the processors: those who search and write have the other half. */
static unsigned threads_of_its_own(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    return processors > 2 ? (unsigned)(processors / 2) : 1;
}

static void rest(tripsage__live_set *set, live *l)
{
    pthread_mutex_lock(&set->lock);
    l->rest_until = tripsage__monotonic_ms() + REST_MS;
    pthread_mutex_unlock(&set->lock);
}

static void drop_index(tripsage__live_set *set, live *l, live_state state)
{
    held *before;

    pthread_mutex_lock(&set->lock);
    before = l->held;
    l->held = NULL;
    l->state = state;
    pthread_mutex_unlock(&set->lock);
    tripsage__held_release(before);
}

static void lose(tripsage__live_set *set, live *l)
{
    pthread_mutex_lock(&set->lock);
    l->is_gone = 1;
    pthread_mutex_unlock(&set->lock);
    tripsage__live_remove(set, l->id);
}

/* What a failure of the work means for the index. Where a row is one that no index takes, scans say so. */
static void settle(tripsage__live_set *set, live *l, tripsage_status status, const char *what)
{
    if (status == TRIPSAGE_OK || atomic_load(&set->stopping))
        return;
    if (status == TRIPSAGE_ENOTFOUND) {
        lose(set, l);
        return;
    }
    tripsage__live_blame(set, l, what);
    if (status == TRIPSAGE_ECORRUPT || status == TRIPSAGE_EINVALID)
        drop_index(set, l, LIVE_BROKEN);
    else
        rest(set, l);
}

static void follow(tripsage__live_set *set, live *l)
{
    int64_t newest = 0;
    tripsage_status status;

    pthread_mutex_lock(&set->lock);
    l->is_stirred = 0; /* before the look */
    pthread_mutex_unlock(&set->lock);
    status = tripsage__live_follow(set, l, &newest);
    if (status == TRIPSAGE_ECONFLICT) { /* another process may have saved one that is further */
        status = tripsage__live_open(set, l, atomic_load(&l->held->applied));
        if (status != TRIPSAGE_OK)
            drop_index(set, l, LIVE_WANTED);
        return;
    }
    pthread_mutex_lock(&set->lock);
    if (l->moved < newest)
        l->moved = newest;
    pthread_mutex_unlock(&set->lock);
    settle(set, l, status, "its index cannot follow");
}

static void make(tripsage__live_set *set, live *l)
{
    settle(set, l, tripsage__live_make(set, l, threads_of_its_own(), tripsage__live_progress, l, &set->stopping),
           "its index cannot be built");
}

static void save(tripsage__live_set *set, live *l)
{
    tripsage_status status = tripsage__live_save(set, l);

    if (status == TRIPSAGE_EBUSY) { /* another process is at it */
        rest(set, l);
    } else if (status == TRIPSAGE_ENOTFOUND) {
        lose(set, l);
    } else if (status != TRIPSAGE_OK) {
        tripsage__live_blame(set, l, "its index cannot be saved");
        rest(set, l);
    }
}

static int needs_following(const live *l)
{
    return l->held && (l->is_stirred || l->moved > atomic_load(&l->held->applied));
}

/* `times`: how often it is due. */
static int needs_saving(const tripsage__live_set *set, const live *l, int64_t times)
{
    int64_t after, behind;

    if (!l->held || !*set->place)
        return 0;
    after = (int64_t)(atomic_load(&l->held->count) / 16);
    after = after < SAVE_AFTER_MIN ? SAVE_AFTER_MIN : after > SAVE_AFTER_MAX ? SAVE_AFTER_MAX : after;
    behind = atomic_load(&l->held->applied) - l->saved;
    return l->saved < 0 || behind >= after * times;
}

typedef void (*work_fn)(tripsage__live_set *set, live *l);

/* Saving comes last: what is far behind soon has more to save. But where others write as fast as it follows, it has to be done at some
 * time. */
#define OVERDUE 4

/* Under the lock. */
static work_fn work_of(const tripsage__live_set *set, const live *l)
{
    if (l->state == LIVE_WANTED)
        return make;
    if (l->saved >= 0 && needs_saving(set, l, OVERDUE))
        return save;
    if (needs_following(l))
        return follow;
    return needs_saving(set, l, 1) ? save : NULL;
}

/* Under the lock. *wait_ms: until when it is worth to look again, where something rests. */
static work_fn next_work(const tripsage__live_set *set, live **out, int64_t *wait_ms)
{
    int64_t now = tripsage__monotonic_ms();
    work_fn found = NULL;

    *wait_ms = -1;
    for (live *l = set->first; l && !found; l = l->next) {
        if (l->is_gone || l->is_busy || l->awaited || !work_of(set, l))
            continue;
        if (l->rest_until > now) {
            if (*wait_ms < 0 || l->rest_until - now < *wait_ms)
                *wait_ms = l->rest_until - now;
            continue;
        }
        *out = l;
        found = work_of(set, l);
    }
    return found;
}

/* Under the lock. */
static void wait_for_news(tripsage__live_set *set, int64_t wait_ms)
{
    struct timespec until;

    if (wait_ms < 0) {
        pthread_cond_wait(&set->news, &set->lock);
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(wait_ms / 1000) + 1;
    pthread_cond_timedwait(&set->news, &set->lock, &until);
}

static void *work(void *context)
{
    tripsage__live_set *set = context;

    if (tripsage__live_sweep(set) != TRIPSAGE_OK)
        tripsage__log(set->env, TRIPSAGE_LOG_WARN, "vector", "snapshots of collections that are gone stay: %s",
                      tripsage_last_error()->message);
    pthread_mutex_lock(&set->lock);
    while (!atomic_load(&set->stopping)) {
        live *l = NULL;
        int64_t wait_ms;
        work_fn todo = next_work(set, &l, &wait_ms);

        if (!todo) {
            wait_for_news(set, wait_ms);
            continue;
        }
        l->is_busy = 1;
        pthread_mutex_unlock(&set->lock);
        todo(set, l);
        pthread_mutex_lock(&set->lock);
        l->is_busy = 0;
        clear_gone(set);
        pthread_cond_broadcast(&set->news);
    }
    pthread_mutex_unlock(&set->lock);
    return NULL;
}

/* ---- the set ---- */

static int init_locks(tripsage__live_set *set)
{
    pthread_condattr_t monotonic;
    int failed;

    if (pthread_condattr_init(&monotonic) != 0)
        return 0;
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    failed = pthread_cond_init(&set->news, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (failed)
        return 0;
    if (pthread_mutex_init(&set->lock, NULL) != 0) {
        pthread_cond_destroy(&set->news);
        return 0;
    }
    return 1;
}

tripsage_status tripsage__live_new(tripsage__live_set **out, tripsage__store *store)
{
    const char *place = tripsage__store_place(store);
    tripsage__live_set *set;

    *out = NULL;
    if (!place)
        return TRIPSAGE_OK;
    set = tripsage__calloc(1, sizeof *set);
    if (!set)
        return TRIPSAGE_NOMEM();
    if (!init_locks(set)) {
        tripsage__free(set);
        return TRIPSAGE_NOMEM();
    }
    set->store = store;
    set->env = tripsage__store_env(store);
    set->place = place;
    *out = set;
    return TRIPSAGE_OK;
}

/* What is left to do for one at the end: nobody else is there any more. */
static void finish(tripsage__live_set *set, live *l)
{
    int64_t until = tripsage__monotonic_ms() + CLOSE_MS, newest = INT64_MAX;

    if (l->is_gone || !l->held || !*set->place)
        return;
    while (atomic_load(&l->held->applied) < newest && tripsage__monotonic_ms() < until)
        if (tripsage__live_follow(set, l, &newest) != TRIPSAGE_OK)
            return; /* the next one to open begins with the file as it is */
    if (atomic_load(&l->held->applied) > l->saved)
        save(set, l);
}

void tripsage__live_free(tripsage__live_set *set)
{
    live *next;

    if (!set)
        return;
    atomic_store(&set->stopping, 1);
    pthread_mutex_lock(&set->lock);
    pthread_cond_broadcast(&set->news);
    pthread_mutex_unlock(&set->lock);
    if (set->has_thread)
        pthread_join(set->thread, NULL);
    for (live *l = set->first; l; l = next) {
        next = l->next;
        finish(set, l);
        tripsage__held_release(l->held);
        tripsage__free(l);
    }
    pthread_cond_destroy(&set->news);
    pthread_mutex_destroy(&set->lock);
    tripsage__free(set);
}

/* ---- searching ---- */

/* Hits whose place in the answer the codes leave open; and room for more where that is not enough. */
#define ROOM_MORE 64
#define ROOM_MAX  16384

static uint32_t at_most_k(uint32_t k)
{
    return k < TRIPSAGE_VECTOR_K_MAX ? k : TRIPSAGE_VECTOR_K_MAX;
}

static int is_scan(const tripsage_index_result *r)
{
    return r->plan == TRIPSAGE_PLAN_SCAN || r->plan == TRIPSAGE_PLAN_TURNED;
}

/* Where every item was looked at, and more of them than there is room for may be among the nearest, once more with more room. */
static tripsage_status search(tripsage_index_result *r, held *h, const tripsage_index_query *query)
{
    tripsage_status status;

    r->capacity = 2 * (size_t)query->k + ROOM_MORE;
    do {
        tripsage__free(r->hits);
        r->hits = tripsage__calloc(r->capacity, sizeof *r->hits);
        if (!r->hits)
            return TRIPSAGE_NOMEM();
        status = tripsage_index_search(r, h->index, query);
        r->capacity *= 8;
    } while (status == TRIPSAGE_OK && is_scan(r) && !r->is_certain && r->count == r->capacity / 8 &&
             r->capacity <= ROOM_MAX);
    return status;
}

static tripsage_status put_keys(tripsage__live_answer *out, const tripsage_index_result *r)
{
    tripsage__buf_putc(&out->keys, '[');
    for (size_t i = 0; i < r->count; i++) {
        if (i)
            tripsage__buf_putc(&out->keys, ',');
        tripsage__buf_int(&out->keys, (int64_t)r->hits[i].key);
    }
    tripsage__buf_putc(&out->keys, ']');
    return tripsage__buf_status(&out->keys);
}

static tripsage_status ask(tripsage__live_answer *out, tripsage__live_set *set, live *l, held *h,
                           const tripsage_actor *actor, const float *values, uint32_t wanted,
                           const tripsage__buf *filter)
{
    tripsage_index_query query = TRIPSAGE_INDEX_QUERY_INIT;
    tripsage_index_result result = {0};
    tripsage__live_filter passing;
    uint64_t count = atomic_load(&h->count);
    tripsage_status status;

    tripsage__live_filter_init(&passing, set->key, actor, filter->data, filter->size);
    query.values = values;
    query.k = at_most_k(wanted + wanted / 4 + 8); /* the codes' order is not quite the vectors' */
    query.exact = count * l->collection.dimensions <= EXACT_NUMBERS && count <= EXACT_ROWS;
    query.clauses = passing.clauses;
    query.clause_count = passing.count;
    TRIPSAGE_TRY(search(&result, h, &query));
    out->collection_id = l->id;
    out->has_all = result.count < query.k;
    out->is_exact = out->has_all || (is_scan(&result) && result.is_certain);
    status = put_keys(out, &result);
out:
    tripsage__free(result.hits);
    return status;
}

tripsage_status tripsage__live_ask(tripsage__live_answer *out, tripsage__live_set *set,
                                   const tripsage__collection *collection, const tripsage_actor *actor,
                                   const float *query, uint32_t wanted, const tripsage__buf *filter)
{
    static const tripsage__live_answer none = {0, 0, 0, 0, TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT)};
    live *l;
    held *h;
    tripsage_status status;

    *out = none;
    if (!set)
        return TRIPSAGE_OK;
    status = find(&l, set, collection);
    if (status != TRIPSAGE_OK)
        return status;
    pthread_mutex_lock(&set->lock);
    h = l->held;
    if (h)
        atomic_fetch_add(&h->references, 1);
    pthread_mutex_unlock(&set->lock);
    if (h) {
        out->applied = atomic_load(&h->applied); /* before the search: it knows at least these */
        status = ask(out, set, l, h, actor, query, wanted, filter);
        tripsage__held_release(h);
    }
    give_back(set, l);
    return status;
}

static live *with_id(const tripsage__live_set *set, int64_t id)
{
    live *l = set->first;

    while (l && (l->is_gone || l->id != id))
        l = l->next;
    return l;
}

int tripsage__live_saw(tripsage__live_set *set, const tripsage__live_answer *answer, int64_t newest)
{
    int can = newest >= answer->applied && newest - TRIPSAGE__CHANGES_KEPT <= answer->applied;
    live *l;

    if (can && newest == answer->applied)
        return 1;
    pthread_mutex_lock(&set->lock);
    l = with_id(set, answer->collection_id);
    if (l && (l->moved < newest || !can)) {
        l->moved = can ? newest : l->moved;
        l->is_stirred = 1;
        wake_thread(set);
    }
    pthread_mutex_unlock(&set->lock);
    return can;
}

void tripsage__live_scanned(tripsage__live_set *set, const tripsage__collection *collection, int64_t rows)
{
    live *l;

    if (!set || rows <= tripsage__live_rows_min(collection->dimensions))
        return;
    pthread_mutex_lock(&set->lock);
    l = look_up(set, collection);
    if (l && l->state == LIVE_NONE) {
        l->state = LIVE_WANTED;
        wake_thread(set);
    }
    pthread_mutex_unlock(&set->lock);
}

/* ---- writing ---- */

void tripsage__live_wrote(tripsage__live_set *set, const char *name)
{
    if (!set)
        return;
    pthread_mutex_lock(&set->lock);
    for (live *l = set->first; l; l = l->next)
        if (!l->is_gone && l->held && strcmp(l->collection.name, name) == 0) {
            l->is_stirred = 1;
            wake_thread(set);
        }
    pthread_mutex_unlock(&set->lock);
}

void tripsage__live_deleted(tripsage__live_set *set, int64_t collection_id)
{
    live *l;

    if (!set)
        return;
    pthread_mutex_lock(&set->lock);
    l = with_id(set, collection_id);
    if (l)
        l->is_gone = 1;
    clear_gone(set);
    pthread_mutex_unlock(&set->lock);
    tripsage__live_remove(set, collection_id);
}

/* ---- looking after it ---- */

static void describe(tripsage__live_state *out, live *l, int64_t items, int64_t newest)
{
    tripsage_index_stats stats;

    memcpy(out->reason, l->reason, sizeof out->reason);
    out->done = atomic_load(&l->done);
    out->total = atomic_load(&l->total);
    if (l->held) {
        tripsage_index_get_stats(&stats, l->held->index);
        out->word = "ready";
        out->bytes = (int64_t)stats.total_bytes;
        out->is_from_file = l->is_from_file;
        out->pending = newest - atomic_load(&l->held->applied);
    } else if (l->state == LIVE_WANTED || l->is_busy) {
        out->word = "building";
    } else if (l->state == LIVE_BROKEN) {
        out->word = "broken";
    } else {
        out->word = items > tripsage__live_rows_min(l->collection.dimensions) ? "missing" : "none";
    }
}

tripsage_status tripsage__live_look(tripsage__live_state *out, tripsage__live_set *set,
                                    const tripsage__collection *collection, int64_t items)
{
    identity now = {0, 0, 0};
    live *l;
    tripsage_status status;

    memset(out, 0, sizeof *out);
    TRIPSAGE_TRY(identify(&now, set, collection));
    TRIPSAGE_TRY(find(&l, set, collection));
    pthread_mutex_lock(&set->lock);
    describe(out, l, items, now.newest);
    pthread_mutex_unlock(&set->lock);
    give_back(set, l);
out:
    return status;
}

/* Takes the work at it; the thread ends what it is doing first, and begins nothing, however much there is to follow. */
static void occupy(tripsage__live_set *set, live *l)
{
    pthread_mutex_lock(&set->lock);
    l->awaited++;
    while (l->is_busy)
        pthread_cond_wait(&set->news, &set->lock);
    l->awaited--;
    l->is_busy = 1;
    pthread_mutex_unlock(&set->lock);
}

static void release(tripsage__live_set *set, live *l)
{
    pthread_mutex_lock(&set->lock);
    l->is_busy = 0;
    pthread_cond_broadcast(&set->news);
    pthread_mutex_unlock(&set->lock);
}

tripsage_status tripsage__live_build(tripsage__live_set *set, const tripsage__collection *collection,
                                     tripsage_vector_progress_fn progress, void *user)
{
    live *l;
    tripsage_status status = find(&l, set, collection);

    if (status != TRIPSAGE_OK)
        return status;
    occupy(set, l);
    status = tripsage__live_make(set, l, 0, progress, user, NULL);
    if (status == TRIPSAGE_OK && *set->place)
        save(set, l);
    release(set, l);
    give_back(set, l);
    return status;
}
