/* tripsage/store.h: opening a database, and keeping it in order.
 *
 * `tripsage` is the whole library over one database: trips, auth, vectors and cache. Each of the four also opens
 * alone, with the open call in its own header.
 *
 * URLs
 *   sqlite:///absolute/path.db   an SQLite file, made when it is missing (its folder must exist)
 *   sqlite:relative/path.db      the same, relative to the working directory at that moment
 *   sqlite::memory:              a database that lives as long as the handle
 *   postgresql://user:password@host:port/name?parameter=value
 *                                PostgreSQL 15 or newer with pgvector 0.8 or newer; also postgres://. Special characters are written as %XX. The
 *                                parameters are libpq's (several hosts, target_session_attrs, sslmode, sslrootcert, ...) and these:
 *                                pool_size, instead of tripsage_options.readers; statement_timeout_ms, how long a statement may run (30000);
 *                                prepared_statements=false, behind a pooler that gives every transaction another connection (which is taken
 *                                for granted at the ports 6432 and 6543)
 *
 * Threads: a handle may be used by any number of threads at once. Close it when none is inside a call.
 * Processes: several may have the same database open; each sees what the others committed. A handle does not cross fork():
 * the child opens its own, and neither uses nor closes what it inherited.
 *
 * Durability of the SQLite engine: when a writing call returns TRIPSAGE_OK, its change is on disk (WAL mode,
 * synchronous=FULL). Writing calls that wait at the same moment share one commit: one fsync makes all of them
 * durable, and each is answered after it; a call that fails takes back what it did and nothing else. When the commit
 * itself fails, so do all calls in it, and nothing of them is seen afterwards; only where the disk failed to confirm a
 * commit (TRIPSAGE_EIO) and the machine stops before the next one may it be there after all. Reading calls never wait
 * for a writer.
 *
 * What the store gives, to any call that reads or writes it: TRIPSAGE_EBUSY (its turn did not come in time), TRIPSAGE_EIO,
 * TRIPSAGE_EFULL, TRIPSAGE_EREADONLY, TRIPSAGE_ECORRUPT, TRIPSAGE_ENOMEM, TRIPSAGE_EINTERNAL; PostgreSQL also TRIPSAGE_EUNAVAILABLE (it
 * cannot be reached), TRIPSAGE_ETIMEOUT (a statement ran for too long) and TRIPSAGE_EUNKNOWN (the connection broke while a writing call
 * committed, which may have been done or not). The other headers refer to this.
 */
#ifndef TRIPSAGE_STORE_H
#define TRIPSAGE_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "auth.h"
#include "cache.h"
#include "doc.h"
#include "embedder.h"
#include "runtime.h"
#include "trip.h"
#include "vector.h"

TRIPSAGE_BEGIN_DECLS

typedef struct tripsage tripsage;

typedef struct tripsage_options {
    uint32_t version; /* 1; set by TRIPSAGE_OPTIONS_INIT */

    /* Clock, random source and log; NULL: the system's clock, OpenSSL's generator, no log. Copied. */
    const tripsage_runtime *runtime;

    /* How long a call may wait for its turn at the store before TRIPSAGE_EBUSY, in ms. 0: 10,000, which is longer
     * than any transaction of this library and shorter than a person waits. */
    uint32_t busy_timeout_ms;

    /* Connections kept open at most, each opened when so many are used at once; on SQLite those that read, beside the one that writes. 0: 32 on
     * SQLite, 16 on PostgreSQL, so that four programs stay below the 100 connections it allows by default. No more than 1,024. */
    uint32_t readers;

    /* 1: fail with TRIPSAGE_EMIGRATION instead of bringing an older database up to date. */
    int no_migrate;

    /* PostgreSQL: the URL of a connection for LISTEN (tripsage/feed.h), where the other one goes through a pooler that gives every transaction
     * another connection: of the server itself, or of a pooler in session mode. NULL: the same. Copied. */
    const char *listen_url;

    /* Accounts and tokens; NULL: TRIPSAGE_AUTH_OPTIONS_INIT. Copied. */
    const tripsage_auth_options *auth;

    /* Where the cache is, and its bounds; NULL: TRIPSAGE_CACHE_OPTIONS_INIT. Copied. */
    const tripsage_cache_options *cache;

    /* PostgreSQL only; SQLite's reads are the newest state whatever is said here. 0: so are PostgreSQL's, and each asks the server. Otherwise a
     * trip that was read a moment ago may be given again from memory, as it was at most so many milliseconds before the call began: this handle
     * listens for changes (tripsage/feed.h) from the start, drops a trip with the first word of a change, its own at once, and
     * asks the server again while it cannot be sure that it hears of all changes made before that bound. Rights are part of what
     * is remembered: one that was taken away may be used for as long. Each handle asks the server four times within the bound, and 40 times a
     * second at most: below 100 less and less is given from memory. */
    uint32_t max_staleness_ms;

    /* The standard embedder of texts (tripsage_vector_embedder in tripsage/vector.h); NULL: the built-in one. Copied. */
    const tripsage_embedder_options *embedder;
} tripsage_options;

#define TRIPSAGE_OPTIONS_INIT                                                                                          \
    {                                                                                                                  \
        1, NULL, 0, 0, 0, NULL, NULL, NULL, 0, NULL                                                                    \
    }

/* Opens a database, brings its schema up to date, loads the destination catalogue into a new one.
 * `options` may be NULL. On failure *out is NULL.
 * Errors: TRIPSAGE_EINVALID (the URL or an option; field "#url", "#options", "#max_bytes", "#key_prefix" or "#listen_url"),
 * those of tripsage_embedder_open, TRIPSAGE_ENOTSUP (a scheme this build lacks; max_staleness_ms behind a pooler that loses notifications),
 * TRIPSAGE_EMIGRATION (an applied migration was edited, or the database is newer than the library),
 * TRIPSAGE_EREADONLY (the folder may not be written, and the file is missing or may not be written either; a file in a
 * folder that may is opened for reading), TRIPSAGE_EFULL, TRIPSAGE_EIO, TRIPSAGE_ECORRUPT (also a
 * file that is no database), TRIPSAGE_EBUSY, TRIPSAGE_ENOMEM. */
TRIPSAGE_API tripsage_status tripsage_open(tripsage **out, const char *url, const tripsage_options *options);

/* Waits for writes under way, then closes everything the handle owns. NULL is fine. */
TRIPSAGE_API void tripsage_close(tripsage *ts);

/* The four APIs of an open handle; borrowed until tripsage_close. Never NULL. */
TRIPSAGE_API tripsage_trips *tripsage_get_trips(tripsage *ts);
TRIPSAGE_API tripsage_auth *tripsage_get_auth(tripsage *ts);
TRIPSAGE_API tripsage_vector *tripsage_get_vector(tripsage *ts);
TRIPSAGE_API tripsage_cache *tripsage_get_cache(tripsage *ts);

/* One cheap statement against the store: TRIPSAGE_OK, or why not, of what the store gives. TRIPSAGE_EIO also when an SQLite file was moved
 * or replaced since. PostgreSQL has to answer within two seconds, whatever other calls may wait: else it is TRIPSAGE_EUNAVAILABLE, or
 * TRIPSAGE_EBUSY while all connections are in use. (Five more for each host of the URL where a network swallows the attempt to connect.) */
TRIPSAGE_API tripsage_status tripsage_ping(tripsage *ts);

/* State of the schema: {"engine":"sqlite","current":n,"latest":n,"migrations":[{"number","name","checksum","applied_at"}]}. */
TRIPSAGE_API tripsage_status tripsage_migrations(tripsage_doc **out, tripsage *ts);

/* Checks the stored data: {"ok":true|false,"problems":["..."]}: SQLite's own integrity check, foreign keys, and
 * that the search index agrees with its rows. Reads the whole database; calls that write wait while it looks at the
 * search index (some 2 s for each million trips). Errors: TRIPSAGE_EREADONLY (that look needs the right to write). */
TRIPSAGE_API tripsage_status tripsage_check(tripsage_doc **out, tripsage *ts);

/* Removes what is past its keeping: idempotency keys after 24 hours, trips deleted more than `purge_after_days`
 * days ago (0: 30), expired sessions, previous signing keys once no token of theirs can be good any more, embeddings of texts that nobody
 * asked for in 30 days. {"idempotency_keys":n,"trips":n,"sessions":n,"signing_keys":n,"embeddings":n}. */
TRIPSAGE_API tripsage_status tripsage_purge_expired(tripsage_doc **out, tripsage *ts, uint32_t purge_after_days);

TRIPSAGE_END_DECLS

#endif
