/* store/sqlite/sqlite.h: the inside of the SQLite engine.
 *
 * An engine has one writing connection and a bounded pool of reading ones. Each connection is used by one thread at a time, so SQLite's own
 * mutexes are off. A database in memory has no file to share: reads then use the writing connection, under its lock. */
#ifndef TRIPSAGE_STORE_SQLITE_H
#define TRIPSAGE_STORE_SQLITE_H

#include <pthread.h>
#define SQLITE_ENABLE_PREUPDATE_HOOK 1 /* see changes.c */
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "store/driver.h"

/* 'TrSg': PRAGMA application_id of our files, so that another program's database is not mistaken for ours. */
#define SQLITE_APPLICATION_ID 0x54725367

typedef struct prepared {
    const tripsage__statement *key;
    sqlite3_stmt *stmt;
    int param_count;
    int read_only;
} prepared;

/* A connection and the statements it has prepared, by the address of their catalogue entry. */
typedef struct connection {
    sqlite3 *db;
    sqlite3_stmt *begin, *commit, *rollback; /* ready from the start: what takes a change back may need no memory */
    prepared *table;                         /* open addressing; capacity is a power of two, at most half full */
    size_t capacity, used;
    int writable;
    int begun;    /* a transaction of ours; SQLite may have ended it meanwhile */
    int doubtful; /* SQLite did: what FTS5 remembers may not be what is stored */
} connection;

struct request;

typedef struct engine {
    tripsage__env *env;
    char *path; /* ":memory:" or a file */
    int in_memory;
    dev_t device; /* which file it is, whatever the path leads to later */
    ino_t file;
    uint32_t busy_timeout_ms;

    connection writer;
    const _Atomic uint32_t *header; /* see stamp.c; NULL: not to be had */
    int log_pages, log_checked;     /* see log.c; the leader's */
    struct watch *watch;            /* see changes.c; under writer_lock; NULL: nobody listens */

    /* Guards the queue and who leads; never held while SQL runs. */
    pthread_mutex_t queue_lock;
    struct request *queue_first, *queue_last;
    int leading; /* some thread is running a shared commit */

    /* Held while the writing connection runs SQL. Taken after nothing, held while nothing else is taken. Only in memory do two kinds of
     * callers meet here; for a file the leader is alone and never waits. */
    pthread_mutex_t writer_lock;

    /* Idle readers lie in slots, taken and put back by one exchange: at thousands of reads a second a lock around them would be
     * where threads meet and fall asleep. The lock and the condition are for those who found none. */
    _Atomic(connection *) *idle; /* `readers` of them, so that there is always a free one to put back into */
    uint32_t readers;
    _Atomic uint32_t opened, waiting;
    pthread_mutex_t pool_lock;
    pthread_cond_t pool_free; /* on the monotonic clock */
} engine;

/* sqlite.c */
/* Sets the engine's path, owned, and in_memory. */
tripsage_status tripsage__sqlite_parse_url(engine *e, const char *url);
tripsage_status tripsage__sqlite_check(void *engine_, tripsage__buf *problems, size_t *count);

/* connection.c */
tripsage_status tripsage__sqlite_connect(connection *c, const engine *e, int writable);
void tripsage__sqlite_disconnect(connection *c);
/* Tells an SQLite failure as a library error. */
tripsage_status tripsage__sqlite_fail(sqlite3 *db, int code, const char *what, const char *file, int line);
#define SQL_FAILED(db, code, what) tripsage__sqlite_fail((db), (code), (what), __FILE__, __LINE__)
tripsage_status tripsage__sqlite_exec(connection *c, const char *sql);
/* Prepares begin, commit and rollback; again after this connection changed the schema, which expires them. */
tripsage_status tripsage__sqlite_ready(connection *c, int writable);
tripsage_status tripsage__sqlite_begin(connection *c);
tripsage_status tripsage__sqlite_commit(connection *c);
/* Ends a transaction, if one is open, without its changes. 0 when it stays open for want of memory; tells no error. */
int tripsage__sqlite_rollback(connection *c);
/* The name of the full-text index that follows `after`, to be freed with sqlite3_free; NULL when there is none, or when *code tells why. */
char *tripsage__sqlite_next_text_index(connection *c, const char *after, int *code);
/* SQLite's busy handler with the engine as its context: sleeps a little; 0 when the call has waited as long as it may. */
int tripsage__sqlite_wait(void *context, int tries);
/* Runs one step; *wrote is set to 1 when a changing statement was started. */
tripsage_status tripsage__sqlite_run(connection *c, const tripsage__step *step, int *wrote);

/* rank.c */
/* Gives the connection tripsage_rank(), the order of full-text searches, and tripsage_score(). */
tripsage_status tripsage__sqlite_add_rank(connection *c);

/* digest.c */
/* Gives the connection tripsage_sha256(text). */
tripsage_status tripsage__sqlite_add_digest(connection *c);

/* reader.c */
tripsage_status tripsage__sqlite_read(void *engine_, const tripsage_actor *actor, const tripsage__step *steps,
                                      size_t count);
void tripsage__sqlite_pool_close(engine *e);
void tripsage__sqlite_pool(void *engine_, tripsage__pool *out);

/* writer.c */
tripsage_status tripsage__sqlite_write(void *engine_, const tripsage_actor *actor, const tripsage__step *steps,
                                       size_t count);

/* stamp.c */
void tripsage__sqlite_find_header(engine *e);
int tripsage__sqlite_stamp(void *engine_, tripsage__stamp *out);

/* changes.c */
tripsage_status tripsage__sqlite_watch(void *engine_, struct tripsage__changes *changes);
void tripsage__sqlite_unwatch(void *engine_);
/* For the leader: a transaction begins, and it was committed. */
void tripsage__sqlite_watch_begin(engine *e);
void tripsage__sqlite_watch_commit(engine *e);

/* log.c */
void tripsage__sqlite_watch_log(engine *e);

/* examine.c */
int tripsage__sqlite_examine(tripsage__findings *findings, const char *url, const tripsage__store_options *options,
                             tripsage__env *env);

/* upkeep.c */
tripsage_status tripsage__sqlite_upkeep(void *engine_, tripsage__upkeep *upkeep);

/* backup.c */
tripsage_status tripsage__sqlite_name_of(tripsage__buf *out, const char *url);
tripsage_status tripsage__sqlite_dump(const tripsage__backup_job *job, const char *path, int64_t *schema);
tripsage_status tripsage__sqlite_load(const tripsage__backup_job *job, const char *path,
                                      const tripsage__manifest *manifest, int *replaced);

/* migrate.c */
/* Refuses another program's database, and one of ours with a past that is not ours. */
tripsage_status tripsage__sqlite_recognise(engine *e);
tripsage_status tripsage__sqlite_migrate(engine *e, int no_migrate);
/* How many migrations are applied; refuses as tripsage__sqlite_recognise does. */
tripsage_status tripsage__sqlite_count_applied(connection *c, size_t *applied);
tripsage_status tripsage__sqlite_plan(size_t *applied, const char *url, const tripsage__store_options *options,
                                      tripsage__env *env, int try_them);

#endif
