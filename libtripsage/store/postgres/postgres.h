/* store/postgres/postgres.h: the inside of the PostgreSQL engine.
 *
 * A call is one pipeline (libpq's pipeline mode) and so one round trip: role and claims, the statements, and around them BEGIN and COMMIT
 * where there is more than one to read or something to write. Rows are handed to their callbacks when the server has confirmed all of it.
 * */
#ifndef TRIPSAGE_STORE_POSTGRES_H
#define TRIPSAGE_STORE_POSTGRES_H

#include <libpq-fe.h>
#include <pthread.h>
#include <stdatomic.h>

#include "store/driver.h"

/* How much longer than its statement timeout an answer may take before the network is taken for dead. */
#define TRIPSAGE__PG_GRACE_MS 5000

/* pgvector lies in "extensions" on Supabase and in "public" elsewhere. */
#define TRIPSAGE__PG_SEARCH_PATH "tripsage,extensions,public"

/* What a statement is prepared for: a plan holds the policies of the role it was made for, so each role has its own. */
typedef enum role { ROLE_AUTHENTICATED, ROLE_SERVICE, ROLES } role;

/* One connection, used by one thread at a time; and the statements prepared on it, by the address of their catalogue entry and their
 * role. */
typedef struct connection {
    PGconn *pg;
    struct prepared *table; /* open addressing; capacity is a power of two, at most half full */
    size_t capacity, used;
    int64_t opened_at, idle_since; /* monotonic, in ms */
    unsigned generation;           /* the engine's when it was opened */
    struct connection *next;       /* in the list of the idle */
} connection;

/* Somebody who waits for a connection, in the order of arrival. */
typedef struct waiter {
    pthread_cond_t turn;
    connection *given;
    int may_open;
    struct waiter *next;
} waiter;

typedef struct engine {
    tripsage__env *env;

    /* What libpq is given; owned. */
    char **keywords, **values;
    struct engine *direct; /* holds those for listening, where they are others; see feed.c */
    struct feed *feed;     /* NULL: nobody listens */

    uint32_t wait_ms; /* for a connection, a lock, a retry: options.busy_timeout_ms */
    uint32_t statement_timeout_ms;
    uint32_t pool_size;
    atomic_int unprepared; /* there is a pooler in between that gives every transaction another connection */
    int prepared_is_said;  /* the URL says whether there is */

    /* Guards all below; never held while the network is asked. */
    pthread_mutex_t lock;
    connection *idle; /* the one used last comes first: the others may grow old and be closed */
    waiter *first_waiter, *last_waiter;
    uint32_t opened;
    unsigned generation;      /* connections of an older one are closed when they come back */
    int64_t next_attempt_at;  /* after failures to connect: not before; monotonic, in ms */
    uint32_t failures;        /* in a row */
    pthread_cond_t reachable; /* there are none any more */

    /* Guards what follows; see together.c. */
    pthread_mutex_t together_lock;
    struct tripsage__pg_guest *first_guest, *last_guest;
    uint32_t leaders; /* pipelines of single reads under way */
    uint32_t processors;
    int64_t read_us;         /* the least that a read took, slowly forgotten: the way, not the load */
    uint64_t together_count; /* that came back */
    int64_t together_at;     /* when the last one did, or set out while others were stuck */
} engine;

/* ---- connection.c ---- */

/* Connects; `pipeline` is 0 for a connection that runs plain SQL by tripsage__pg_exec. */
tripsage_status tripsage__pg_connect(connection *c, const engine *e, int pipeline);
void tripsage__pg_disconnect(connection *c);
/* 0 when the server has closed it, or said something that nobody asked for. Costs one system call. */
int tripsage__pg_is_alive(const connection *c);

/* SQLSTATE as the library's status. */
tripsage_status tripsage__pg_status_of(const char *sqlstate);
/* That of a result that is an error; without a SQLSTATE libpq made it, for want of a connection. */
tripsage_status tripsage__pg_status_of_result(const PGresult *result);
/* Tells what a result or, without one, the connection complains of. `what` names the statement. */
tripsage_status tripsage__pg_fail(tripsage_status status, const connection *c, const PGresult *result, const char *what,
                                  const char *file, int line);
#define PG_FAILED(status, c, result, what) tripsage__pg_fail((status), (c), (result), (what), __FILE__, __LINE__)

/* Runs plain SQL, several statements if need be, and gives the last one's result (NULL `out`: none is wanted). */
tripsage_status tripsage__pg_exec(PGresult **out, connection *c, const char *sql);

/* ---- refusal.c ---- */

/* Tells why the connection was not to be had. */
tripsage_status tripsage__pg_refused(const connection *c);
/* What to do about a migration that failed, to stand behind the complaint; "" where it says so itself. Static. */
const char *tripsage__pg_migration_hint(const tripsage_error *why);

/* ---- pool.c ---- */

/* In an engine that is all zero. */
tripsage_status tripsage__pg_pool_open(engine *e);
void tripsage__pg_pool_close(engine *e);
/* Gives a connection that was alive a moment ago; waits in turn until `deadline`. */
tripsage_status tripsage__pg_acquire(connection **out, engine *e, int64_t deadline);
/* `broken`: it is closed instead of kept. */
void tripsage__pg_release(engine *e, connection *c, int broken);
/* From now on every connection is a new one: the server that the old ones lead to may not be written to any more, or has other tables
 * now. */
void tripsage__pg_renew_all(engine *e);
void tripsage__pg_pool(void *engine_, tripsage__pool *out);
/* How long to wait before the next try, in ms: some time below a limit that doubles with each. */
int64_t tripsage__pg_pause(engine *e, unsigned tries);
void tripsage__pg_sleep_until(int64_t ms);

/* ---- call.c ---- */

tripsage_status tripsage__pg_read(void *engine_, const tripsage_actor *actor, const tripsage__step *steps,
                                  size_t count);
tripsage_status tripsage__pg_write(void *engine_, const tripsage_actor *actor, const tripsage__step *steps,
                                   size_t count);
tripsage_status tripsage__pg_ping(void *engine_, const tripsage__step *step);
tripsage_status tripsage__pg_scan(void *engine_, const tripsage_actor *actor, const tripsage__step *steps,
                                  size_t count);

/* ---- maintain.c ---- */

tripsage_status tripsage__pg_maintain(void *engine_, const char *sql, tripsage__progress_fn progress, void *context);

/* ---- feed.c ---- */

tripsage_status tripsage__pg_watch(void *engine_, struct tripsage__changes *changes);
void tripsage__pg_unwatch(void *engine_);

/* ---- row.c ---- */

/* 32: the widest table has 22 columns. */
#define TRIPSAGE__PG_FIELDS_MAX 32

/* A value, in its type's binary format. NULL has size -1. */
typedef struct field {
    const char *value;
    int size;
    Oid type;
} field;

/* A row of a result as a driver's cursor. */
typedef struct cursor {
    const PGresult *result;
    int row;
    int columns; /* but the record in the last one, whose fields follow */
    int count;
    field fields[TRIPSAGE__PG_FIELDS_MAX];
} cursor;

/* 0: it has a column of a type that is not read. */
int tripsage__pg_cursor(cursor *c, const PGresult *result);
/* Goes to a row; 0: it has a field of a type that is not read. */
int tripsage__pg_row(cursor *c, int row);

int tripsage__pg_is_null(const void *cursor_, int column);
int64_t tripsage__pg_int(const void *cursor_, int column);
double tripsage__pg_real(const void *cursor_, int column);
const char *tripsage__pg_text(const void *cursor_, int column, size_t *size);
const void *tripsage__pg_blob(const void *cursor_, int column, size_t *size);

/* ---- postgres.c ---- */

/* What people may have changed of the schema: a text for each thing that is wrong. */
extern const tripsage__statement tripsage__pg_check_schema;

/* Fails when the login cannot become the roles that requests run as. */
tripsage_status tripsage__pg_check_login(connection *c);

/* Makes an engine and its first connection, which runs plain SQL; nothing is asked of it yet. */
tripsage_status tripsage__pg_engine_connect(engine **out, connection *first, const char *url,
                                            const tripsage__store_options *options, tripsage__env *env);
void tripsage__pg_engine_close(void *engine_);

/* ---- examine.c ---- */

int tripsage__pg_examine(tripsage__findings *findings, const char *url, const tripsage__store_options *options,
                         tripsage__env *env);

/* ---- upkeep.c ---- */

tripsage_status tripsage__pg_upkeep(void *engine_, tripsage__upkeep *upkeep);

/* ---- backup.c ---- */

tripsage_status tripsage__pg_name_of(tripsage__buf *out, const char *url);
tripsage_status tripsage__pg_dump(const tripsage__backup_job *job, const char *path, int64_t *schema);
tripsage_status tripsage__pg_load(const tripsage__backup_job *job, const char *path, const tripsage__manifest *manifest,
                                  int *replaced);

/* ---- migrate.c ---- */

/* Within a transaction: how many migrations are applied, and of how many we have noted the checksum. Refuses another past than ours. */
tripsage_status tripsage__pg_look(size_t *applied, size_t *known, connection *c);
/* Within a transaction of the caller's: lays out the schema of an empty database as it was with so many migrations. */
tripsage_status tripsage__pg_lay_out(connection *c, engine *e, int64_t number);
/* Waits for others that change the schema; until the transaction ends. */
tripsage_status tripsage__pg_lock_schema(connection *c);
tripsage_status tripsage__pg_plan(size_t *applied, const char *url, const tripsage__store_options *options,
                                  tripsage__env *env, int try_them);
tripsage_status tripsage__pg_migrate(connection *c, engine *e, int no_migrate);

#endif
