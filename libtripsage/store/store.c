/* store/store.c: the door itself: which engine a URL names, who holds the store, and what every engine shares. */
#include "store.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/crypto.h"
#include "base/memory.h"
#include "base/observe.h"
#include "changes.h"
#include "driver.h"

struct tripsage__store {
    const tripsage__driver *driver;
    void *engine;
    tripsage__env *env;
    tripsage__observer *observer; /* NULL: nobody watches */
    tripsage__watched pool;
    tripsage__changes changes;
    atomic_int references;
};

/* ---- opening ---- */

static const struct {
    const char *scheme;
    const tripsage__driver *driver;
} schemes[] = {
    {"sqlite:", &tripsage__driver_sqlite},
    {"postgresql://", &tripsage__driver_postgres},
    {"postgres://", &tripsage__driver_postgres},
};

tripsage_status tripsage__driver_of(const tripsage__driver **out, const char *url)
{
    *out = NULL;
    if (!url || !strchr(url, ':'))
        return TRIPSAGE_FAIL_FIELD("#url", "expected sqlite:///path, sqlite:path, sqlite::memory: or postgresql://...");
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0] && !*out; i++)
        if (strncmp(url, schemes[i].scheme, strlen(schemes[i].scheme)) == 0)
            *out = schemes[i].driver;
    if (!*out) /* the URL may hold a password: name its scheme only */
        return TRIPSAGE_FAIL(TRIPSAGE_ENOTSUP,
                             "this build has no engine for %.*s: URLs; it opens sqlite: and postgresql:// ones",
                             (int)(strcspn(url, ":") < 32 ? strcspn(url, ":") : 32), url);
    return TRIPSAGE_OK;
}

static void tell_pool(void *context, tripsage__observer *observer)
{
    const tripsage__store *store = context;
    const char *name = store->driver->name;
    tripsage__pool pool = {0, 0, 0, 0};

    store->driver->pool(store->engine, &pool);
    tripsage__tell(observer, TRIPSAGE__GAUGE_POOL_IDLE, name, pool.idle);
    tripsage__tell(observer, TRIPSAGE__GAUGE_POOL_USED, name, pool.used);
    tripsage__tell(observer, TRIPSAGE__GAUGE_POOL_MAX, name, pool.max);
    tripsage__tell(observer, TRIPSAGE__GAUGE_POOL_PENDING, name, pool.waiting);
}

tripsage_status tripsage__store_open(tripsage__store **out, const char *url, const tripsage__store_options *options)
{
    static const tripsage__store_options standard = {0};
    const tripsage__driver *driver;
    tripsage__store *store = NULL;
    tripsage_status status;

    *out = NULL;
    if (!options)
        options = &standard;
    status = tripsage__driver_of(&driver, url);
    if (status != TRIPSAGE_OK)
        return status;
    store = tripsage__calloc(1, sizeof *store);
    if (!store)
        return TRIPSAGE_NOMEM();
    status = tripsage__changes_init(&store->changes);
    if (status != TRIPSAGE_OK) {
        tripsage__free(store);
        return status;
    }
    store->driver = store->changes.driver = driver;
    atomic_init(&store->references, 1);
    TRIPSAGE_TRY(tripsage__env_new(&store->env, options->runtime));
    store->observer = tripsage__env_observer(store->env);
    TRIPSAGE_TRY(driver->open(&store->engine, url, options, store->env));
    tripsage__watch(store->observer, &store->pool, tell_pool, store);
    store->changes.engine = store->engine;
    TRIPSAGE_TRY(tripsage__changes_remember(&store->changes, options->max_staleness_ms));
    *out = store;
    return TRIPSAGE_OK;
out:
    tripsage__store_release(store);
    return status;
}

tripsage__store *tripsage__store_retain(tripsage__store *store)
{
    atomic_fetch_add(&store->references, 1);
    return store;
}

void tripsage__store_release(tripsage__store *store)
{
    if (!store || atomic_fetch_sub(&store->references, 1) != 1)
        return;
    tripsage__unwatch(store->observer, &store->pool);
    tripsage__changes_destroy(&store->changes); /* first: it may have the engine watch */
    if (store->engine)
        store->driver->close(store->engine);
    tripsage__env_free(store->env);
    tripsage__free(store);
}

tripsage__env *tripsage__store_env(tripsage__store *store)
{
    return store->env;
}

int tripsage__store_has_fts5(const tripsage__store *store)
{
    return store->driver->has_fts5;
}

const char *tripsage__store_engine(const tripsage__store *store)
{
    return store->driver->name;
}

const char *tripsage__store_place(const tripsage__store *store)
{
    return store->driver->place ? store->driver->place(store->engine) : NULL;
}

/* ---- calls ---- */

/* 16: the most statements that are named of a call; there are none with more different ones. */
#define NAMES_MAX 16u

typedef tripsage_status (*call_fn)(void *engine, const tripsage_actor *actor, const tripsage__step *steps,
                                   size_t count);

/* One of the engine's calls while somebody watches. What this engine has nothing to do for is no part of it. */
static tripsage_status watch_call(tripsage__store *store, call_fn call, const tripsage_actor *actor,
                                  const tripsage__step *steps, size_t count)
{
    const char *names[NAMES_MAX];
    size_t named = 0;
    tripsage_status status;
    tripsage__op op;

    tripsage__op_begin(&op, store->observer, TRIPSAGE__OP_DATABASE);
    status = call(store->engine, actor, steps, count);
    for (size_t i = 0; i < count && named < NAMES_MAX; i++) /* one that runs several times in a row is named once */
        if (!named || steps[i].statement->name != names[named - 1])
            names[named++] = steps[i].statement->name;
    op.system = store->driver->name;
    op.names = names;
    op.name_count = named;
    op.size = count;
    tripsage__op_end(&op, status);
    return status;
}

static tripsage_status run(tripsage__store *store, call_fn call, const tripsage_actor *actor,
                           const tripsage__step *steps, size_t count)
{
    if (store->observer)
        return watch_call(store, call, actor, steps, count);
    return call(store->engine, actor, steps, count);
}

tripsage_status tripsage__store_read(tripsage__store *store, const tripsage_actor *actor, const tripsage__step *steps,
                                     size_t count)
{
    return run(store, store->driver->read, actor, steps, count);
}

tripsage_status tripsage__store_scan(tripsage__store *store, const tripsage__step *steps, size_t count)
{
    return run(store, store->driver->scan ? store->driver->scan : store->driver->read, NULL, steps, count);
}

tripsage_status tripsage__store_write(tripsage__store *store, const tripsage_actor *actor, const tripsage__step *steps,
                                      size_t count)
{
    tripsage_status status = run(store, store->driver->write, actor, steps, count);

    tripsage__changes_touch(&store->changes, steps, count); /* whatever became of it */
    return status;
}

tripsage_status tripsage__store_maintain(tripsage__store *store, const char *sql, tripsage__progress_fn progress,
                                         void *context)
{
    if (!store->driver->maintain)
        return TRIPSAGE_FAIL(TRIPSAGE_ENOTSUP, "%s does all its work within transactions", store->driver->name);
    return store->driver->maintain(store->engine, sql, progress, context);
}

int tripsage__row_is_null(const tripsage__row *row, int column)
{
    return row->driver->is_null(row->cursor, column);
}

int64_t tripsage__row_int(const tripsage__row *row, int column)
{
    return row->driver->get_int(row->cursor, column);
}

double tripsage__row_real(const tripsage__row *row, int column)
{
    return row->driver->get_real(row->cursor, column);
}

const char *tripsage__row_text(const tripsage__row *row, int column, size_t *size)
{
    return row->driver->get_text(row->cursor, column, size);
}

const void *tripsage__row_blob(const tripsage__row *row, int column, size_t *size)
{
    return row->driver->get_blob(row->cursor, column, size);
}

tripsage_status tripsage__store_listen(tripsage__store *store, tripsage__listener *listener)
{
    return tripsage__changes_listen(&store->changes, listener);
}

void tripsage__store_unlisten(tripsage__store *store, tripsage__listener *listener)
{
    tripsage__changes_unlisten(&store->changes, listener);
}

/* ---- secrets of the database ---- */

static const tripsage__statement secret_read = {"secret_read", "SELECT value FROM meta WHERE key = $1", NULL};
static const tripsage__statement secret_make = {
    "secret_make", "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING", NULL};

typedef struct secret {
    unsigned char bytes[32];
    int found;
} secret;

static void forget_secret(void *context)
{
    ((secret *)context)->found = 0;
}

static tripsage_status take_secret(void *context, const tripsage__row *row)
{
    secret *s = context;
    size_t size;
    const void *bytes = tripsage__row_blob(row, 0, &size);

    if (size != sizeof s->bytes)
        return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "a secret of this database has %zu bytes instead of 32", size);
    memcpy(s->bytes, bytes, size);
    s->found = 1;
    return TRIPSAGE_OK;
}

tripsage_status tripsage__store_secret(unsigned char out[32], tripsage__store *store, const char *name)
{
    unsigned char fresh[32];
    secret s = {{0}, 0};
    tripsage__value params[] = {tripsage__text(name), tripsage__blob(fresh, sizeof fresh)};
    /* Two processes may make it at once: the first one's stays, and both read that. */
    const tripsage__step steps[] = {
        {&secret_make, params, 2, NULL, NULL, NULL, NULL},
        {&secret_read, params, 1, forget_secret, take_secret, &s, NULL},
    };
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__store_read(store, NULL, &steps[1], 1));
    if (!s.found) {
        TRIPSAGE_TRY(tripsage__random(store->env, fresh, sizeof fresh));
        TRIPSAGE_TRY(tripsage__store_write(store, NULL, steps, 2));
    }
    memcpy(out, s.bytes, sizeof s.bytes);
out:
    tripsage__wipe(fresh, sizeof fresh);
    tripsage__wipe(&s, sizeof s);
    return status;
}

/* ---- state ---- */

static const tripsage__statement ping = {"ping", "SELECT 1", NULL};

int tripsage__store_stamp(tripsage__store *store, const char *key, tripsage__stamp *out)
{
    if (store->driver->stamp)
        return store->driver->stamp(store->engine, out);
    return tripsage__changes_stamp(&store->changes, key, out);
}

tripsage_status tripsage__store_ping(tripsage__store *store)
{
    const tripsage__step step = {&ping, NULL, 0, NULL, NULL, NULL, NULL};

    if (store->driver->ping)
        return store->driver->ping(store->engine, &step);
    return tripsage__store_read(store, NULL, &step, 1);
}

static const tripsage__statement migrations_list = {
    "migrations_list", "SELECT number, name, checksum, applied_at FROM schema_migration ORDER BY number", NULL};

typedef struct migration_listing {
    tripsage__buf rows;
    int64_t current;
} migration_listing;

static tripsage_status put_migration(void *context, const tripsage__row *row)
{
    migration_listing *listing = context;
    tripsage__buf *rows = &listing->rows;
    size_t size;
    const char *text;

    listing->current = tripsage__row_int(row, 0);
    tripsage__buf_puts(rows, rows->size ? ",{\"number\":" : "{\"number\":");
    tripsage__buf_int(rows, listing->current);
    TRIPSAGE__LIT(rows, ",\"name\":");
    text = tripsage__row_text(row, 1, &size);
    tripsage__json_put_text(rows, text, size);
    TRIPSAGE__LIT(rows, ",\"checksum\":");
    text = tripsage__row_text(row, 2, &size);
    tripsage__json_put_text(rows, text, size);
    TRIPSAGE__LIT(rows, ",\"applied_at\":");
    tripsage__json_put_instant(rows, tripsage__row_int(row, 3));
    tripsage__buf_putc(rows, '}');
    return tripsage__buf_status(rows);
}

tripsage_status tripsage__store_migrations(tripsage_doc **out, tripsage__store *store)
{
    migration_listing listing = {TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT), 0};
    const tripsage__step step = {&migrations_list, NULL, 0, NULL, put_migration, &listing, NULL};
    tripsage_doc *doc = NULL;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__doc_new(&doc, 1024));
    TRIPSAGE_TRY(tripsage__store_read(store, NULL, &step, 1));
    tripsage__buf_printf(&doc->json, "{\"engine\":\"%s\",\"current\":%d,\"latest\":%d,\"migrations\":[",
                         store->driver->name, (int)listing.current,
                         store->driver->migrations->all[store->driver->migrations->count - 1].number);
    tripsage__buf_put(&doc->json, listing.rows.data, listing.rows.size);
    TRIPSAGE__LIT(&doc->json, "]}");
out:
    tripsage__buf_free(&listing.rows);
    return tripsage__doc_finish(out, doc, status);
}

tripsage_status tripsage__store_migrations_plan(tripsage_doc **out, const char *url,
                                                const tripsage__store_options *options, int try_them)
{
    const tripsage__driver *driver;
    const tripsage__migrations *ours;
    tripsage__env *env = NULL;
    tripsage_doc *doc = NULL;
    size_t applied = 0;
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__driver_of(&driver, url));
    TRIPSAGE_TRY(tripsage__env_new(&env, options->runtime));
    TRIPSAGE_TRY(driver->plan(&applied, url, options, env, try_them));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 1024));
    ours = driver->migrations;
    tripsage__buf_printf(&doc->json, "{\"engine\":\"%s\",\"current\":%d,\"latest\":%d,\"pending\":[", driver->name,
                         applied ? ours->all[applied - 1].number : 0, ours->all[ours->count - 1].number);
    for (size_t i = applied; i < ours->count; i++)
        tripsage__buf_printf(&doc->json, "%s{\"number\":%d,\"name\":\"%s\"}", i > applied ? "," : "",
                             ours->all[i].number, ours->all[i].name);
    tripsage__buf_printf(&doc->json, "],\"tried\":%s}", try_them ? "true" : "false");
out:
    tripsage__env_free(env);
    return tripsage__doc_finish(out, doc, status);
}

tripsage_status tripsage__store_check(tripsage__buf *problems, size_t *count, tripsage__store *store)
{
    return store->driver->check(store->engine, problems, count);
}

/* ---- examining ---- */

static void ignore_change(void *context, const tripsage__change *change)
{
    (void)context;
    (void)change;
}

/* Changes of other programs are heard of, or why not. */
static void examine_listening(tripsage__findings *findings, tripsage__store *store, int is_wanted)
{
    static const tripsage__remedy remedies[] = {{NULL,
                                                 "set TRIPSAGE_DATABASE_LISTEN_URL to a connection past the pooler, or "
                                                 "to a pooler in session mode (at Supabase port 5432 of "
                                                 "the same host)"}};
    tripsage__listener listener = {ignore_change, NULL, NULL};

    if (tripsage__store_listen(store, &listener) == TRIPSAGE_OK) {
        tripsage__store_unlisten(store, &listener);
        tripsage__finding(findings, "notifications", TRIPSAGE__FINE, NULL, "changes of other programs are heard of");
    } else {
        tripsage__finding_of_error(findings, "notifications", is_wanted ? TRIPSAGE__FAILED : TRIPSAGE__WARNING,
                                   remedies);
    }
}

/* As it is, and without the watch that it may be wanted with. */
static void examine_opened(tripsage__store **out, tripsage__findings *findings, const char *url,
                           const tripsage__store_options *options)
{
    static const tripsage__remedy remedies[] = {{NULL, "see the message"}};
    tripsage__store_options quiet = *options;

    quiet.no_migrate = 1;
    quiet.max_staleness_ms = 0;
    if (tripsage__store_open(out, url, &quiet) == TRIPSAGE_OK)
        examine_listening(findings, *out, options->max_staleness_ms != 0);
    else
        tripsage__finding_of_error(findings, "database", TRIPSAGE__FAILED, remedies);
}

tripsage_status tripsage__store_examine(tripsage__store **out, tripsage__findings *findings, const char *url,
                                        const tripsage__store_options *options)
{
    const tripsage__driver *driver;
    tripsage__env *env = NULL;
    tripsage_error before;
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__driver_of(&driver, url));
    TRIPSAGE_TRY(tripsage__env_new(&env, options->runtime));
    tripsage__error_save(&before);
    if (driver->examine(findings, url, options, env))
        examine_opened(out, findings, url, options);
    tripsage__error_restore(&before);
    status = tripsage__buf_status(&findings->json);
out:
    tripsage__env_free(env);
    return status;
}

/* ---- upkeep ---- */

void tripsage__upkeep_say(tripsage__buf *list, const char *format, ...)
{
    char text[512];
    va_list parts;

    va_start(parts, format);
    vsnprintf(text, sizeof text, format, parts);
    va_end(parts);
    if (list->size)
        tripsage__buf_putc(list, ',');
    tripsage__json_put_string(list, text);
}

tripsage_status tripsage__store_upkeep(tripsage__store *store, tripsage__upkeep *upkeep)
{
    return store->driver->upkeep(store->engine, upkeep);
}

static const tripsage__statement *const statements[] = {&secret_read, &secret_make, &ping, &migrations_list,
                                                        &tripsage__guards_statement};

const tripsage__statement *const *tripsage__store_statements(size_t *count)
{
    *count = sizeof statements / sizeof statements[0];
    return statements;
}
