/* store/driver.h: what an engine provides. Each engine is a folder and one constant table; store.c chooses by the URL.
 * An engine decides how a list of steps becomes transactions, savepoints and round trips; nobody above it knows. */
#ifndef TRIPSAGE_STORE_DRIVER_H
#define TRIPSAGE_STORE_DRIVER_H

#include "backup.h"
#include "migrations.h"
#include "store.h"

struct tripsage__changes;

/* Connections: those that were opened are idle or used, and no more than `max`; and callers that wait for one. */
typedef struct tripsage__pool {
    uint32_t idle, used, max, waiting;
} tripsage__pool;

typedef struct tripsage__driver {
    const char *name; /* "sqlite"; also db.system.name */
    int has_fts5;     /* see tripsage__store_has_fts5() */

    /* Opens and migrates. */
    tripsage_status (*open)(void **engine, const char *url, const tripsage__store_options *options, tripsage__env *env);
    void (*close)(void *engine);
    tripsage_status (*read)(void *engine, const tripsage_actor *actor, const tripsage__step *steps, size_t count);
    tripsage_status (*write)(void *engine, const tripsage_actor *actor, const tripsage__step *steps, size_t count);
    /* Runs a step that reads nothing, and does not wait for its turn or an answer as long as others do. NULL: it is a read like others. */
    tripsage_status (*ping)(void *engine, const tripsage__step *step);
    /* As read, whoever is named, as the service role. NULL: read() does, since nothing limits its time. */
    tripsage_status (*scan)(void *engine, const tripsage_actor *actor, const tripsage__step *steps, size_t count);
    /* NULL: the engine has nothing that must stand outside of a transaction. See tripsage__store_maintain(). */
    tripsage_status (*maintain)(void *engine, const char *sql, tripsage__progress_fn progress, void *context);
    const char *(*place)(const void *engine);         /* see tripsage__store_place(); NULL: elsewhere */
    int (*stamp)(void *engine, tripsage__stamp *out); /* see tripsage__store_stamp(); NULL: none */
    void (*pool)(void *engine, tripsage__pool *out);
    tripsage_status (*check)(void *engine, tripsage__buf *problems, size_t *count);

    /* From the return of the first to the return of the second, everything that is committed is told (changes.h). */
    tripsage_status (*watch)(void *engine, struct tripsage__changes *changes);
    void (*unwatch)(void *engine);

    tripsage_status (*upkeep)(void *engine, tripsage__upkeep *upkeep); /* see tripsage__store_upkeep() */

    /* See tripsage__store_examine(). 1: it can be opened as it is. */
    int (*examine)(tripsage__findings *findings, const char *url, const tripsage__store_options *options,
                   tripsage__env *env);

    /* Backups (backup.h), by URL: none of these needs a database that can be opened. The name is that of the database, for the names of
     * files. A dump is of one moment, into a file that is there and empty; *schema is the database's. A load puts what such a file holds
     * into the database's place, all or nothing, after it has seen that all of it is as the manifest says; *replaced (may be NULL): there
     * was one. */
    const char *backup_suffix;
    tripsage_status (*name_of)(tripsage__buf *out, const char *url);
    tripsage_status (*dump)(const tripsage__backup_job *job, const char *path, int64_t *schema);
    tripsage_status (*load)(const tripsage__backup_job *job, const char *path, const tripsage__manifest *manifest,
                            int *replaced);

    /* How many migrations are applied; with `try_them` the others are, too, and taken back. Makes no database. */
    tripsage_status (*plan)(size_t *applied, const char *url, const tripsage__store_options *options,
                            tripsage__env *env, int try_them);

    const tripsage__migrations *migrations; /* that this build carries */

    /* The row under the engine's cursor. */
    int (*is_null)(const void *cursor, int column);
    int64_t (*get_int)(const void *cursor, int column);
    double (*get_real)(const void *cursor, int column);
    const char *(*get_text)(const void *cursor, int column, size_t *size);
    const void *(*get_blob)(const void *cursor, int column, size_t *size);
} tripsage__driver;

struct tripsage__row {
    const tripsage__driver *driver;
    void *cursor;
};

extern const tripsage__driver tripsage__driver_sqlite, tripsage__driver_postgres;

/* The engine that a URL names. Errors: TRIPSAGE_EINVALID ("#url"), TRIPSAGE_ENOTSUP. */
tripsage_status tripsage__driver_of(const tripsage__driver **out, const char *url);
extern const tripsage__statement tripsage__guards_statement; /* guards.c */

#endif
