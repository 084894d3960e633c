/* store/sqlite/changes.c: what was committed to the tables of trips, for those who listen.
 *
 * While somebody does, the writing connection carries SQLite's pre-update hook (sqlite.org/c3ref/preupdate_blobwrite.html), which sees
 * every row that any statement changes, with its old and new values. What it saw of a transaction is told when that is committed, by
 * the leader, before those whose writes are in it are answered. While nobody listens there is no hook, and a write pays nothing.
 *
 * Other connections commit unseen; that they did is seen by PRAGMA data_version of the writing connection, which changes with their
 * commits and not with its own. A thread asks for it now and then, but only after the stamp (stamp.c), which costs nothing, has
 * changed. */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "base/memory.h"
#include "base/thread.h"
#include "sqlite.h"
#include "store/changes.h"

/* 50 ms, half of what tripsage/feed.h promises: the other half is for a machine with more to do. */
#define LOOK_EVERY_MS 50

/* 16,384 changes of one commit, which is 2.3 MB of them: no feed's queue of the usual size holds as many. */
#define GATHERED_MAX 16384

/* ---- the tables ---- */

typedef enum column { TRIP_ID, RECORD_ID, VERSION, OWNER_ID, DELETED_AT, VISIBILITY, COLUMNS } column;

static const struct {
    const char *name;
    tripsage_change_kind kind;
    const char *columns[COLUMNS]; /* NULL: it has none */
} tables[] = {
    {"trip", TRIPSAGE_CHANGE_TRIP, {"id", "id", "version", "user_id", "deleted_at", "visibility"}},
    {"itinerary_item", TRIPSAGE_CHANGE_ITEM, {"trip_id", "id", "version", NULL, NULL, NULL}},
    {"trip_note", TRIPSAGE_CHANGE_NOTE, {"trip_id", "id", "version", NULL, NULL, NULL}},
    {"trip_collaborator", TRIPSAGE_CHANGE_COLLABORATOR, {"trip_id", "user_id", NULL, NULL, NULL, NULL}},
};
enum { TABLES = sizeof tables / sizeof tables[0] };

typedef struct watch {
    tripsage__changes *changes;
    int places[TABLES][COLUMNS]; /* where a column stands in its table */

    /* What the open transaction changed so far. */
    tripsage__change *gathered;
    size_t count, capacity;
    int lost; /* and more than could be kept */

    /* Commits of others. */
    sqlite3_stmt *data_version;
    sqlite3_int64 version;
    tripsage__stamp stamp;
    pthread_t thread;
    pthread_mutex_t lock; /* guards `ending` */
    pthread_cond_t ended;
    int ending;
} watch;

/* ---- gathering ---- */

enum { BEFORE, AFTER };

typedef struct row_change {
    sqlite3 *db;
    const int *places;
    int has[2]; /* whether there is a row BEFORE, and AFTER */
    int failed; /* for want of memory */
} row_change;

/* NULL where the table has no such column. */
static sqlite3_value *value_of(row_change *r, column wanted, int when)
{
    sqlite3_value *value = NULL;
    int place = r->places[wanted];

    if (place >= 0 && (when == AFTER ? sqlite3_preupdate_new(r->db, place, &value)
                                     : sqlite3_preupdate_old(r->db, place, &value)) != SQLITE_OK)
        r->failed = 1;
    return value;
}

static const char *text_of(row_change *r, column wanted, int when)
{
    sqlite3_value *value = value_of(r, wanted, when);
    const char *text = value ? (const char *)sqlite3_value_text(value) : NULL;

    if (value && !text && sqlite3_value_type(value) != SQLITE_NULL)
        r->failed = 1;
    return text ? text : "";
}

/* What is longer than an id is none, and names no record of ours. */
static void copy_id(char out[TRIPSAGE__UUID_SIZE], row_change *r, column wanted, int when)
{
    out[0] = '\0';
    strncat(out, text_of(r, wanted, when), TRIPSAGE__UUID_SIZE - 1);
}

/* A trip with deleted_at is gone for those who are told. */
static int is_there(row_change *r, int when)
{
    sqlite3_value *deleted_at = r->has[when] ? value_of(r, DELETED_AT, when) : NULL;

    return r->has[when] && (!deleted_at || sqlite3_value_type(deleted_at) == SQLITE_NULL);
}

static int is_public(row_change *r, int when)
{
    return is_there(r, when) && strcmp(text_of(r, VISIBILITY, when), "public") == 0;
}

static tripsage_change_op operation(row_change *r)
{
    int before = is_there(r, BEFORE), after = is_there(r, AFTER);

    if (before == after)
        return r->has[AFTER] ? TRIPSAGE_CHANGE_UPDATE : TRIPSAGE_CHANGE_DELETE;
    return after ? TRIPSAGE_CHANGE_INSERT : TRIPSAGE_CHANGE_DELETE;
}

/* 0 when memory is short. */
static int describe(tripsage__change *change, row_change *r, tripsage_change_kind kind)
{
    int when = r->has[AFTER] ? AFTER : BEFORE;
    sqlite3_value *version = value_of(r, VERSION, when);

    memset(change, 0, sizeof *change);
    change->kind = kind;
    change->op = operation(r);
    change->was_public = is_public(r, BEFORE) && !is_public(r, AFTER);
    change->version = version ? sqlite3_value_int64(version) : 0;
    copy_id(change->trip_id, r, TRIP_ID, when);
    copy_id(change->record_id, r, RECORD_ID, when);
    copy_id(change->owner_id, r, OWNER_ID, when);
    return !r->failed;
}

static int make_room(watch *w)
{
    size_t capacity = w->capacity ? 2 * w->capacity : 16;
    tripsage__change *gathered;

    if (w->count < w->capacity)
        return 1;
    if (capacity > GATHERED_MAX)
        return 0;
    gathered = tripsage__realloc(w->gathered, capacity * sizeof *gathered);
    if (!gathered)
        return 0;
    w->gathered = gathered;
    w->capacity = capacity;
    return 1;
}

/* What a statement changes by way of a reference (depth > 0) goes with the trip that it deleted. */
static void on_row(void *context, sqlite3 *db, int op, const char *schema, const char *name, sqlite3_int64 old_rowid,
                   sqlite3_int64 new_rowid)
{
    watch *w = context;

    (void)schema;
    (void)old_rowid;
    (void)new_rowid;
    if (w->lost || sqlite3_preupdate_depth(db) > 0)
        return;
    for (size_t i = 0; i < TABLES; i++)
        if (strcmp(name, tables[i].name) == 0) {
            row_change r = {db, w->places[i], {op != SQLITE_INSERT, op != SQLITE_DELETE}, 0};

            if (make_room(w) && describe(&w->gathered[w->count], &r, tables[i].kind))
                w->count++;
            else
                w->lost = 1;
            return;
        }
}

void tripsage__sqlite_watch_begin(engine *e)
{
    if (e->watch) {
        e->watch->count = 0;
        e->watch->lost = 0;
    }
}

void tripsage__sqlite_watch_commit(engine *e)
{
    watch *w = e->watch;

    if (!w)
        return;
    if (w->lost)
        tripsage__changes_resync(w->changes, 1);
    else if (w->count)
        tripsage__changes_tell(w->changes, w->gathered, w->count);
}

/* ---- commits of others ---- */

/* Under the writer's lock. 1: others have committed since the last call. Where it cannot be found out, they may have. */
static int others_committed(watch *w)
{
    sqlite3_int64 version = sqlite3_step(w->data_version) == SQLITE_ROW ? sqlite3_column_int64(w->data_version, 0) : -1;
    int changed = version < 0 || version != w->version;

    sqlite3_reset(w->data_version);
    w->version = version;
    return changed;
}

static void look(engine *e, watch *w)
{
    tripsage__stamp stamp;

    if (tripsage__sqlite_stamp(e, &stamp)) {
        if (memcmp(&stamp, &w->stamp, sizeof stamp) == 0)
            return;
        w->stamp = stamp; /* taken before the question: what comes between the two is asked about next time */
    }
    pthread_mutex_lock(&e->writer_lock);
    if (others_committed(w))
        tripsage__changes_resync(w->changes, 1);
    pthread_mutex_unlock(&e->writer_lock);
}

/* 0: it is time to end. */
static int sleep_a_while(watch *w)
{
    struct timespec until;
    int ending;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += LOOK_EVERY_MS * 1000000L;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    pthread_mutex_lock(&w->lock);
    while (!w->ending && pthread_cond_timedwait(&w->ended, &w->lock, &until) != ETIMEDOUT)
        ;
    ending = w->ending;
    pthread_mutex_unlock(&w->lock);
    return !ending;
}

static void *look_now_and_then(void *engine_)
{
    engine *e = engine_;
    watch *w = e->watch;

    while (sleep_a_while(w))
        look(e, w);
    return NULL;
}

static void end_thread(watch *w)
{
    pthread_mutex_lock(&w->lock);
    w->ending = 1;
    pthread_cond_signal(&w->ended);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
}

/* ---- beginning and ending ---- */

/* Where the columns stand is told by a statement that names none. */
static tripsage_status find_columns(int places[COLUMNS], const char *const wanted[COLUMNS], const char *table,
                                    sqlite3 *db)
{
    sqlite3_stmt *stmt = NULL;
    char sql[64];
    int code;

    snprintf(sql, sizeof sql, "SELECT * FROM %s", table);
    code = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
    for (int i = 0; i < COLUMNS; i++)
        places[i] = -1;
    for (int place = 0; code == SQLITE_OK && place < sqlite3_column_count(stmt); place++) {
        const char *name = sqlite3_column_name(stmt, place);

        if (!name)
            code = SQLITE_NOMEM;
        for (int i = 0; name && i < COLUMNS; i++)
            if (wanted[i] && strcmp(wanted[i], name) == 0)
                places[i] = place;
    }
    sqlite3_finalize(stmt);
    return code == SQLITE_OK ? TRIPSAGE_OK : SQL_FAILED(db, code, sql);
}

/* Under the writer's lock. */
static tripsage_status prepare(watch *w, const connection *c)
{
    tripsage_status status = TRIPSAGE_OK;
    int code;

    for (size_t i = 0; i < TABLES && status == TRIPSAGE_OK; i++)
        status = find_columns(w->places[i], tables[i].columns, tables[i].name, c->db);
    if (status != TRIPSAGE_OK)
        return status;
    code = sqlite3_prepare_v2(c->db, "PRAGMA data_version", -1, &w->data_version, NULL);
    if (code != SQLITE_OK)
        return SQL_FAILED(c->db, code, "data_version");
    others_committed(w); /* so far */
    return TRIPSAGE_OK;
}

static void watch_free(watch *w)
{
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->ended);
    tripsage__free(w->gathered);
    tripsage__free(w);
}

static tripsage_status watch_new(watch **out, tripsage__changes *changes)
{
    watch *w = tripsage__calloc(1, sizeof *w);
    pthread_condattr_t monotonic;

    if (!w)
        return TRIPSAGE_NOMEM();
    w->changes = changes;
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&w->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    *out = w;
    return TRIPSAGE_OK;
}

static void attach(engine *e, watch *w)
{
    e->watch = w;
    sqlite3_preupdate_hook(e->writer.db, on_row, w);
}

static void detach(engine *e)
{
    watch *w;

    pthread_mutex_lock(&e->writer_lock);
    w = e->watch;
    e->watch = NULL;
    sqlite3_preupdate_hook(e->writer.db, NULL, NULL);
    sqlite3_finalize(w->data_version);
    pthread_mutex_unlock(&e->writer_lock);
    watch_free(w);
}

/* Waits for the commit under way, which is not told. Nobody else has a database in memory, so that there is no thread for it. */
tripsage_status tripsage__sqlite_watch(void *engine_, tripsage__changes *changes)
{
    engine *e = engine_;
    watch *w = NULL;
    tripsage_status status = watch_new(&w, changes);

    if (status != TRIPSAGE_OK)
        return status;
    pthread_mutex_lock(&e->writer_lock);
    status = prepare(w, &e->writer);
    if (status == TRIPSAGE_OK)
        attach(e, w);
    pthread_mutex_unlock(&e->writer_lock);
    if (status != TRIPSAGE_OK) {
        watch_free(w);
    } else if (!e->in_memory && tripsage__thread_start(&e->watch->thread, 0, look_now_and_then, e) != 0) {
        detach(e);
        status = TRIPSAGE_FAIL(TRIPSAGE_ENOMEM, "cannot start a thread that looks for the commits of others");
    }
    return status;
}

void tripsage__sqlite_unwatch(void *engine_)
{
    engine *e = engine_;

    if (!e->in_memory)
        end_thread(e->watch);
    detach(e);
}
