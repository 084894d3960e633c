/* store/store.h: the door to SQL.
 *
 * One logical call of the library is one call of this door: a list of statements that run in one transaction, in order, on
 * behalf of one actor, with every parameter known before the first of them runs. No statement may depend in C on what an
 * earlier one gave; what has to be decided in between is decided in SQL (guards in WHERE, RETURNING, INSERT ... SELECT).
 * That is what lets an engine across a network answer a logical call in one round trip: begin, role and claims, the
 * statements, commit go out together.
 *
 * Writing: put the guard (right, version, state) into the WHERE of each changing statement, precede it with a statement that
 * reads what is needed to explain a refusal, and look at both afterwards.
 *
 * Row callbacks run while the transaction is open, for a write possibly on another thread than the caller's (the one that leads the
 * shared commit): copy what is needed, do not block, do not call the store. A write may be run again from its first step when another
 * write in the same commit failed: on_begin is called before every run of a step, the first included, and forgets what was gathered.
 * A callback that fails ends the call with its status and, on SQLite, rolls the call back. An engine across a network has committed
 * by then, so never refuse in a callback what SQL must refuse; where a callback has no memory, such a write gives TRIPSAGE_EUNKNOWN.
 *
 * SQLite's full-text index is kept by explicit steps, never by triggers: a statement that fires a trigger takes a statement savepoint,
 * FTS5 writes its pending terms to disk at every savepoint, and a shared commit would pay that for each request in it. For the same reason
 * the hottest writes (create) avoid RETURNING.
 */
#ifndef TRIPSAGE_STORE_STORE_H
#define TRIPSAGE_STORE_STORE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <tripsage/feed.h>

#include "base/actor.h"
#include "base/doc.h"
#include "base/env.h"
#include "base/error.h"
#include "base/finding.h"

typedef struct tripsage__store tripsage__store;

/* ---- statements ---- */

/* An entry of the statement catalogue: a static object, one per statement, in the room that owns it. The name is the name of the prepared
 * statement, of the span and of the plan test's row. Parameters are $1, $2, ... in both dialects; one that a text does not name is passed
 * over. */
typedef struct tripsage__statement {
    const char *name;
    const char *sql;      /* SQLite's text, and PostgreSQL's unless it has its own */
    const char *postgres; /* NULL: the same text; "": this engine has nothing to do here */
} tripsage__statement;

/* What the dialects word differently about JSON, for statements that are otherwise the same text: TRIPSAGE__SQLITE_X and
 * TRIPSAGE__POSTGRES_X mean the same. Documents are texts. */

/* A document with a merge patch (RFC 7396) applied. */
#define TRIPSAGE__SQLITE_MERGE(to, patch)   "json_patch(" to ", " patch ")"
#define TRIPSAGE__POSTGRES_MERGE(to, patch) "json_merge_patch(" to ", " patch ")"

/* The sum of an object's values; NULL without any. */
#define TRIPSAGE__SQLITE_SUM(object)   "(SELECT sum(e.value) FROM json_each(" object ") e)"
#define TRIPSAGE__POSTGRES_SUM(object) "json_sum(" object ")"

/* The bytes of a text. */
#define TRIPSAGE__SQLITE_SIZE(text)   "length(CAST(" text " AS BLOB))"
#define TRIPSAGE__POSTGRES_SIZE(text) "octet_length(" text ")"

/* How many members the largest object of a document has; NULL without any. */
#define TRIPSAGE__SQLITE_MEMBERS(document)                                                                             \
    "(SELECT max(n) FROM (SELECT count(*) AS n FROM json_tree(" document                                               \
    ") WHERE typeof(key) = 'text' GROUP BY parent))"
#define TRIPSAGE__POSTGRES_MEMBERS(document) "json_largest_object(" document ")"

/* ---- values ---- */

typedef enum tripsage__type {
    TRIPSAGE__NULL = 0,
    TRIPSAGE__INT,
    TRIPSAGE__REAL,
    TRIPSAGE__TEXT,
    TRIPSAGE__BLOB,
    TRIPSAGE__FLOATS /* a row of f32: a blob of them to SQLite, real[] to PostgreSQL */
} tripsage__type;

/* Borrowed until the call returns. An engine that gives its parameters types takes the declared one, so a parameter of a statement has the
 * same in every call, NULL or not. */
typedef struct tripsage__value {
    tripsage__type type;     /* TRIPSAGE__NULL for SQL's NULL */
    tripsage__type declared; /* never TRIPSAGE__NULL */
    int64_t integer;
    double real;
    const char *bytes;
    size_t size;
} tripsage__value;

static inline tripsage__value tripsage__null_of(tripsage__type declared)
{
    tripsage__value value = {TRIPSAGE__NULL, TRIPSAGE__NULL, 0, 0.0, NULL, 0};
    value.declared = declared;
    return value;
}

static inline tripsage__value tripsage__int(int64_t integer)
{
    tripsage__value value = {TRIPSAGE__INT, TRIPSAGE__INT, 0, 0.0, NULL, 0};
    value.integer = integer;
    return value;
}

static inline tripsage__value tripsage__real(double real)
{
    tripsage__value value = {TRIPSAGE__REAL, TRIPSAGE__REAL, 0, 0.0, NULL, 0};
    value.real = real;
    return value;
}

/* NULL gives SQL's NULL. */
static inline tripsage__value tripsage__textn(const char *text, size_t size)
{
    tripsage__value value = {TRIPSAGE__NULL, TRIPSAGE__TEXT, 0, 0.0, NULL, 0};
    if (text) {
        value.type = TRIPSAGE__TEXT;
        value.bytes = text;
        value.size = size;
    }
    return value;
}

static inline tripsage__value tripsage__text(const char *text)
{
    return tripsage__textn(text, text ? strlen(text) : 0);
}

static inline tripsage__value tripsage__blob(const void *bytes, size_t size)
{
    tripsage__value value = {TRIPSAGE__BLOB, TRIPSAGE__BLOB, 0, 0.0, NULL, 0};
    value.bytes = (const char *)bytes;
    value.size = size;
    return value;
}

/* `bytes`: little-endian f32, one after the other. */
static inline tripsage__value tripsage__floats(const void *bytes, size_t size)
{
    tripsage__value value = {TRIPSAGE__FLOATS, TRIPSAGE__FLOATS, 0, 0.0, NULL, 0};
    value.bytes = (const char *)bytes;
    value.size = size;
    return value;
}

/* ---- rows ---- */

/* The row a callback looks at. Text and blobs are borrowed until the callback returns; text is NUL-terminated, NULL for SQL's NULL
 * and for nothing else: where memory fails, the text is "" and the call fails with TRIPSAGE_ENOMEM after the callback. An empty blob
 * may be NULL with size 0. `size` may be NULL. Columns count from 0. */
typedef struct tripsage__row tripsage__row;

int tripsage__row_is_null(const tripsage__row *row, int column);
int64_t tripsage__row_int(const tripsage__row *row, int column);
double tripsage__row_real(const tripsage__row *row, int column);
const char *tripsage__row_text(const tripsage__row *row, int column, size_t *size);
const void *tripsage__row_blob(const tripsage__row *row, int column, size_t *size);

typedef tripsage_status (*tripsage__row_fn)(void *context, const tripsage__row *row);

/* ---- calls ---- */

typedef struct tripsage__step {
    const tripsage__statement *statement;
    const tripsage__value *params;
    size_t param_count;
    void (*on_begin)(void *context); /* NULL, or: called before every run of this step */
    tripsage__row_fn on_row;         /* NULL: rows are passed over */
    void *context;
    int64_t *changes; /* NULL, or: rows changed by this statement (not by triggers) */
} tripsage__step;

/* Reads under one snapshot. Never waits for a writer. `actor` may be NULL for the library's own bookkeeping (as the service role). */
tripsage_status tripsage__store_read(tripsage__store *store, const tripsage_actor *actor, const tripsage__step *steps,
                                     size_t count);

/* The same for what reads a database from end to end, as the service role: no statement's time limit holds. */
tripsage_status tripsage__store_scan(tripsage__store *store, const tripsage__step *steps, size_t count);

/* Writes in one transaction; durable when it returns TRIPSAGE_OK. */
tripsage_status tripsage__store_write(tripsage__store *store, const tripsage_actor *actor, const tripsage__step *steps,
                                      size_t count);

/* How far a piece of maintenance is: `done` of `total` (0: nobody knows) in what the engine calls `phase`. */
typedef void (*tripsage__progress_fn)(void *context, const char *phase, int64_t done, int64_t total);

/* Runs one statement that must stand outside of any transaction, such as the building of an index while others read and write, as the
 * login itself and for as long as it takes. The text is the engine's own, given by a statement of the catalogue. Tells about twice a second
 * how far it is, from the calling thread; `progress` may be NULL. */
tripsage_status tripsage__store_maintain(tripsage__store *store, const char *sql, tripsage__progress_fn progress,
                                         void *context);

/* Tells one state of the database from another: where a read began after the first of two equal stamps was taken, a read that
 * begins after the second finds the same, of the trip that `key` is the id of and of who may see it. On an engine that has no stamp of
 * its own it finds the same unless that was changed within the last max_staleness_ms (see the options); a write by this store ends the
 * stamps of all keys that are among its parameters, so a write names the trip it changes. Without a key (NULL) it is of all trips. */
typedef struct tripsage__stamp {
    unsigned char bytes[48];
} tripsage__stamp;

/* Some nanoseconds, and no lock. 0 where the engine has no stamp, or has none at this moment: nothing may be concluded then. */
int tripsage__store_stamp(tripsage__store *store, const char *key, tripsage__stamp *out);

/* ---- changes ---- */

/* A row that was committed, in tables that belong to trips (tripsage/feed.h says what a kind and an operation is). */
typedef struct tripsage__change {
    tripsage_change_kind kind;
    tripsage_change_op op;
    int live;       /* TRIPSAGE_CHANGE_RESYNC alone */
    int was_public; /* a trip that anybody could see is one no more */
    int64_t version;
    char trip_id[TRIPSAGE__UUID_SIZE];
    char record_id[TRIPSAGE__UUID_SIZE];
    char owner_id[TRIPSAGE__UUID_SIZE]; /* of the trip; "" for the other kinds */
} tripsage__change;

/* Owned by whoever listens; stays where it is until tripsage__store_unlisten. on_change runs on the thread that leads a commit, or on one
 * of the engine's: copy, do not block, do not call the store. */
typedef struct tripsage__listener {
    void (*on_change)(void *context, const tripsage__change *change);
    void *context;
    struct tripsage__listener *next;
} tripsage__listener;

/* What is committed after this returned is told, or a TRIPSAGE_CHANGE_RESYNC in its place. */
tripsage_status tripsage__store_listen(tripsage__store *store, tripsage__listener *listener);
void tripsage__store_unlisten(tripsage__store *store, tripsage__listener *listener);

/* ---- opening ---- */

typedef struct tripsage__store_options {
    const tripsage_runtime *runtime; /* NULL: defaults */
    uint32_t busy_timeout_ms;        /* 0: 10,000 */
    uint32_t readers;                /* 0: see tripsage/store.h */
    int no_migrate;
    const char *listen_url;    /* NULL: the URL */
    uint32_t max_staleness_ms; /* 0: see tripsage__store_stamp(). Otherwise the engine watches from the start */
    int makes_folder;          /* for tripsage__store_examine(): a folder that is not there is no failure */
} tripsage__store_options;

/* Opens and migrates. `options` may be NULL. A store is counted: the rooms that share one each hold a reference. */
tripsage_status tripsage__store_open(tripsage__store **out, const char *url, const tripsage__store_options *options);
tripsage__store *tripsage__store_retain(tripsage__store *store);
void tripsage__store_release(tripsage__store *store); /* NULL is fine; the last one closes */

tripsage__env *tripsage__store_env(tripsage__store *store);

/* Whether statements may MATCH the words of SQLite's FTS5. Where not, the catalogue of destinations is searched in a store beside this
 * one. */
int tripsage__store_has_fts5(const tripsage__store *store);

/* "sqlite" or "postgresql". */
const char *tripsage__store_engine(const tripsage__store *store);

/* Where the database lies, if it is a file of this process's: an absolute path without links, or "" in memory. NULL: it is elsewhere. */
const char *tripsage__store_place(const tripsage__store *store);

/* A secret of this database under a name ("cursor_key"): made at the first use, 32 random bytes, kept in the database. */
tripsage_status tripsage__store_secret(unsigned char out[32], tripsage__store *store, const char *name);

tripsage_status tripsage__store_ping(tripsage__store *store);
tripsage_status tripsage__store_migrations(tripsage_doc **out, tripsage__store *store);
/* Engine's own integrity checks: appends one JSON string per problem, separated by commas, to `problems`; counts them. */
tripsage_status tripsage__store_check(tripsage__buf *problems, size_t *count, tripsage__store *store);

/* What is wrong with the database at a URL; changes nothing. Where it can be opened as it is, with a current schema, *out is it, opened;
 * else NULL. Errors: TRIPSAGE_ENOMEM, TRIPSAGE_EINVALID; all else is a finding. */
tripsage_status tripsage__store_examine(tripsage__store **out, tripsage__findings *findings, const char *url,
                                        const tripsage__store_options *options);

/* ---- upkeep (tripsage/maintenance.h) ---- */

typedef struct tripsage__upkeep {
    unsigned what; /* tripsage_upkeep */
    tripsage__progress_fn progress;
    void *context;
    tripsage__buf done, hints;     /* JSON strings, separated by commas */
    tripsage__buf tables, indexes; /* JSON objects; empty where the engine tells none */
    int64_t bytes, free_bytes;
} tripsage__upkeep;

/* Adds a text to a list of JSON strings. */
void tripsage__upkeep_say(tripsage__buf *list, const char *format, ...) TRIPSAGE__PRINTF(2, 3);

/* The engine's part: space, statistics, its own indexes. */
tripsage_status tripsage__store_upkeep(tripsage__store *store, tripsage__upkeep *upkeep);

/* ---- backups and migrations to come: by URL (tripsage/maintenance.h) ---- */

typedef struct tripsage__backup_request {
    const char *url, *folder;
    const tripsage_runtime *runtime;
    uint32_t busy_timeout_ms, keep;
    int no_verify;
    tripsage__progress_fn progress;
    void *context;
} tripsage__backup_request;

tripsage_status tripsage__store_backup(tripsage_doc **out, const tripsage__backup_request *request);
tripsage_status tripsage__store_backup_verify(tripsage_doc **out, const char *file,
                                              const tripsage__backup_request *request);
tripsage_status tripsage__store_restore(tripsage_doc **out, const char *file, int force,
                                        const tripsage__backup_request *request);

tripsage_status tripsage__store_migrations_plan(tripsage_doc **out, const char *url,
                                                const tripsage__store_options *options, int try_them);
/* tripsage_database_security() */
tripsage_status tripsage__store_guards(tripsage_doc **out, tripsage__store *store);

/* The catalogue of a room, for the test that looks at every plan. Each room that has SQL has one. */
const tripsage__statement *const *tripsage__store_statements(size_t *count);

#endif
