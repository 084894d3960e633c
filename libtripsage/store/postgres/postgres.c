/* store/postgres/postgres.c: the PostgreSQL engine: its URL, opening, closing, checking, and its table of functions. */
#include "postgres.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

/* 16: four servers of one application stay below the 100 connections that PostgreSQL allows by default. */
#define POOL_SIZE_DEFAULT 16
#define POOL_SIZE_MAX     1024
/* 30 s: longer than any statement of this library takes on a database of any size that was tried, and shorter than clients wait. */
#define STATEMENT_TIMEOUT_DEFAULT 30000

/* ---- the URL ---- */

static int take_number(const char *value, uint32_t min, uint32_t max, uint32_t *out)
{
    char *end;
    unsigned long number = strtoul(value, &end, 10);

    if (*value < '0' || *value > '9' || *end || number < min || number > max)
        return 0;
    *out = (uint32_t)number;
    return 1;
}

/* Parameters of the URL that are ours. libpq refuses what it does not know, so they are taken out. */
static tripsage_status take_own(engine *e, const char *name, const char *value, int *is_own)
{
    *is_own = 1;
    if (strcmp(name, "pool_size") == 0)
        return take_number(value, 1, POOL_SIZE_MAX, &e->pool_size)
                   ? TRIPSAGE_OK
                   : TRIPSAGE_FAIL_FIELD("#url", "pool_size: expected 1 to %d", POOL_SIZE_MAX);
    if (strcmp(name, "statement_timeout_ms") == 0)
        return take_number(value, 1, 3600000, &e->statement_timeout_ms)
                   ? TRIPSAGE_OK
                   : TRIPSAGE_FAIL_FIELD("#url", "statement_timeout_ms: expected 1 to 3600000");
    if (strcmp(name, "prepared_statements") == 0) {
        e->prepared_is_said = 1;
        atomic_store(&e->unprepared, strcmp(value, "false") == 0);
        return strcmp(value, "false") == 0 || strcmp(value, "true") == 0
                   ? TRIPSAGE_OK
                   : TRIPSAGE_FAIL_FIELD("#url", "prepared_statements: expected true or false");
    }
    *is_own = 0;
    return TRIPSAGE_OK;
}

/* Copies the URL without our parameters. */
static tripsage_status strip_own(engine *e, char *out, const char *url)
{
    size_t base = strcspn(url, "?");
    const char *at = url + base;
    char *end = out + base, separator = '?';
    tripsage_status status = TRIPSAGE_OK;

    memcpy(out, url, base);
    while (*at && status == TRIPSAGE_OK) {
        size_t size = strcspn(++at, "&");
        char pair[256] = "", *value;
        int is_own = 0;

        if (size < sizeof pair) {
            memcpy(pair, at, size);
            value = strchr(pair, '=');
            if (value) {
                *value++ = '\0';
                status = take_own(e, pair, value, &is_own);
            }
        }
        if (!is_own && size) {
            *end++ = separator;
            separator = '&';
            memcpy(end, at, size);
            end += size;
        }
        at += size;
    }
    *end = '\0';
    return status;
}

/* What libpq gets where the URL does not say otherwise. A server that is gone is noticed after a minute at the latest, also where the network
 * swallows what is sent. */
static const struct {
    const char *keyword, *value;
} standard[] = {
    {"application_name", "tripsage"}, {"connect_timeout", "5"},  {"keepalives_idle", "30"},
    {"keepalives_interval", "10"},    {"keepalives_count", "3"}, {"tcp_user_timeout", "30000"},
    {"client_encoding", "UTF8"},
};
enum { STANDARD = sizeof standard / sizeof standard[0] };

static tripsage_status add_parameter(engine *e, size_t *count, const char *keyword, const char *value)
{
    e->keywords[*count] = tripsage__strdup(keyword);
    e->values[*count] = tripsage__strdup(value);
    ++*count;
    return e->keywords[*count - 1] && e->values[*count - 1] ? TRIPSAGE_OK : TRIPSAGE_NOMEM();
}

static const PQconninfoOption *option_of(const PQconninfoOption *options, const char *keyword)
{
    while (options->keyword && (strcmp(options->keyword, keyword) != 0 || !options->val))
        options++;
    return options->keyword ? options : NULL;
}

/* What holds for the whole session, where there is one:
 *   plan_cache_mode    one plan for a statement, whatever its parameters: the plan that the tests look at
 *   jit                compiling a statement of milliseconds takes longer than running it
 *   idle_in_transaction_session_timeout
 *                      a client that dies in between holds its locks hardly longer than a statement may take. One that is only slow to hear
 *                      that a statement failed has, before it loses the connection, the time that it would wait for the server */
static tripsage_status add_session(engine *e, size_t *count, const char *given)
{
    tripsage__buf text = TRIPSAGE__BUF_INIT(16 * 1024);
    tripsage_status status;

    tripsage__buf_printf(&text,
                         "%s -c search_path=" TRIPSAGE__PG_SEARCH_PATH " -c statement_timeout=%u -c lock_timeout=%u"
                         " -c idle_in_transaction_session_timeout=%u -c plan_cache_mode=force_generic_plan -c jit=off",
                         given, e->statement_timeout_ms, e->wait_ms, e->statement_timeout_ms + TRIPSAGE__PG_GRACE_MS);
    status = tripsage__buf_status(&text);
    if (status == TRIPSAGE_OK)
        status = add_parameter(e, count, "options", text.data);
    tripsage__buf_free(&text);
    return status;
}

static void free_parameters(engine *e)
{
    for (size_t i = 0; e->keywords && e->keywords[i]; i++)
        tripsage__free(e->keywords[i]);
    for (size_t i = 0; e->values && e->values[i]; i++)
        tripsage__free(e->values[i]);
    tripsage__free(e->keywords);
    tripsage__free(e->values);
    e->keywords = e->values = NULL;
}

/* Transaction poolers listen there by convention: Supavisor, PgBouncer. */
static int is_pooler_port(const PQconninfoOption *options)
{
    const PQconninfoOption *port = option_of(options, "port");

    return port && (strcmp(port->val, "6543") == 0 || strcmp(port->val, "6432") == 0);
}

static tripsage_status set_parameters(engine *e, const PQconninfoOption *options)
{
    const PQconninfoOption *session = option_of(options, "options");
    size_t count = 0, given = 0;
    tripsage_status status = TRIPSAGE_OK;

    while (options[given].keyword)
        given++;
    free_parameters(e);
    e->keywords = tripsage__calloc(given + STANDARD + 2, sizeof *e->keywords);
    e->values = tripsage__calloc(given + STANDARD + 2, sizeof *e->values);
    if (!e->keywords || !e->values)
        return TRIPSAGE_NOMEM();
    for (size_t i = 0; i < given; i++)
        if (options[i].val && strcmp(options[i].keyword, "options") != 0)
            TRIPSAGE_TRY(add_parameter(e, &count, options[i].keyword, options[i].val));
    for (size_t i = 0; i < STANDARD; i++)
        if (!option_of(options, standard[i].keyword))
            TRIPSAGE_TRY(add_parameter(e, &count, standard[i].keyword, standard[i].value));
    if (atomic_load(&e->unprepared)) {
        if (session)
            TRIPSAGE_TRY(add_parameter(e, &count, "options", session->val));
    } else {
        TRIPSAGE_TRY(add_session(e, &count, session ? session->val : ""));
    }
out:
    return status;
}

/* libpq's own complaint would quote the URL, in which there may be a password. */
static tripsage_status read_url(engine *e, PQconninfoOption **options, const char *url)
{
    char *stripped = tripsage__malloc(strlen(url) + 1), *complaint = NULL;
    tripsage_status status = stripped ? strip_own(e, stripped, url) : TRIPSAGE_NOMEM();

    if (status == TRIPSAGE_OK) {
        *options = PQconninfoParse(stripped, &complaint);
        if (!*options)
            status =
                TRIPSAGE_FAIL_FIELD("#url", "expected postgresql://user:password@host:port/database?parameter=value, "
                                            "with %%XX for special characters and libpq's parameters");
        PQfreemem(complaint);
    }
    tripsage__free(stripped);
    return status;
}

/* ---- opening ---- */

tripsage_status tripsage__pg_check_login(connection *c)
{
    static const char ask[] = "SELECT bool_and(pg_has_role(session_user, oid, 'MEMBER')) FROM pg_roles"
                              " WHERE rolname IN ('authenticated', 'service_role')";
    PGresult *found = NULL;
    tripsage_status status = tripsage__pg_exec(&found, c, ask);

    if (status == TRIPSAGE_OK && strcmp(PQgetvalue(found, 0, 0), "t") != 0)
        status = TRIPSAGE_FAIL(
            TRIPSAGE_EFORBIDDEN,
            "the login \"%.63s\" may not act for users: GRANT anon, authenticated, service_role TO it", PQuser(c->pg));
    PQclear(found);
    return status;
}

/* Row level security does not hold for some logins. The role set for each transaction keeps them under it, but nothing does if a
 * statement forgets it. */
static tripsage_status look_at_login(engine *e, connection *c)
{
    PGresult *found = NULL;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__pg_check_login(c));
    TRIPSAGE_TRY(
        tripsage__pg_exec(&found, c, "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = session_user"));
    if (strcmp(PQgetvalue(found, 0, 0), "t") == 0)
        tripsage__log(e->env, TRIPSAGE_LOG_WARN, "store",
                      "row level security does not hold for the login \"%s\" itself (superuser or BYPASSRLS): a login "
                      "of its own is "
                      "safer, see docs/postgres.md",
                      PQuser(c->pg));
out:
    PQclear(found);
    return status;
}

/* PgBouncer refuses what would hold for a session, since it gives none. */
static int is_refused_by_pooler(const connection *c)
{
    return c->pg && PQstatus(c->pg) != CONNECTION_OK && strstr(PQerrorMessage(c->pg), "unsupported startup parameter");
}

static tripsage_status connect_first(connection *c, engine *e, const PQconninfoOption *options)
{
    tripsage_error before;
    tripsage_status status;

    tripsage__error_save(&before);
    TRIPSAGE_TRY(set_parameters(e, options));
    status = tripsage__pg_connect(c, e, 0);
    if (status != TRIPSAGE_OK && !atomic_load(&e->unprepared) && is_refused_by_pooler(c)) {
        tripsage__error_restore(&before);
        tripsage__pg_disconnect(c);
        atomic_store(&e->unprepared, 1);
        TRIPSAGE_TRY(set_parameters(e, options));
        status = tripsage__pg_connect(c, e, 0);
    }
out:
    return status;
}

/* Where to listen. Nothing is set for a session there, so that a pooler in session mode will do as well. */
static tripsage_status set_direct(engine *e, const char *url)
{
    PQconninfoOption *parameters = NULL;
    tripsage_status status;

    e->direct = tripsage__calloc(1, sizeof *e->direct);
    if (!e->direct)
        return TRIPSAGE_NOMEM();
    status = read_url(e->direct, &parameters, url);
    if (status == TRIPSAGE_EINVALID)
        status = TRIPSAGE_FAIL_FIELD("#listen_url", "expected postgresql://user:password@host:port/database");
    atomic_store(&e->direct->unprepared, 1);
    if (status == TRIPSAGE_OK)
        status = set_parameters(e->direct, parameters);
    PQconninfoFree(parameters);
    return status;
}

static uint32_t processors(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);

    return count > 1 ? (uint32_t)count : 1;
}

void tripsage__pg_engine_close(void *engine_)
{
    engine *e = engine_;

    tripsage__pg_pool_close(e);
    pthread_mutex_destroy(&e->together_lock);
    if (e->direct)
        free_parameters(e->direct);
    tripsage__free(e->direct);
    free_parameters(e);
    tripsage__free(e);
}

tripsage_status tripsage__pg_engine_connect(engine **out, connection *first, const char *url,
                                            const tripsage__store_options *options, tripsage__env *env)
{
    engine *e = tripsage__calloc(1, sizeof *e);
    PQconninfoOption *parameters = NULL;
    tripsage_status status;

    *out = NULL;
    memset(first, 0, sizeof *first);
    if (!e)
        return TRIPSAGE_NOMEM();
    if (pthread_mutex_init(&e->together_lock, NULL)) {
        tripsage__free(e);
        return TRIPSAGE_NOMEM();
    }
    status = tripsage__pg_pool_open(e);
    if (status != TRIPSAGE_OK) {
        pthread_mutex_destroy(&e->together_lock);
        tripsage__free(e);
        return status;
    }
    e->processors = processors();
    e->env = env;
    e->wait_ms = options->busy_timeout_ms ? options->busy_timeout_ms : 10000;
    e->pool_size = options->readers ? options->readers : POOL_SIZE_DEFAULT;
    e->statement_timeout_ms = STATEMENT_TIMEOUT_DEFAULT;
    TRIPSAGE_TRY(read_url(e, &parameters, url));
    if (options->listen_url)
        TRIPSAGE_TRY(set_direct(e, options->listen_url));
    if (!e->prepared_is_said && is_pooler_port(parameters))
        atomic_store(&e->unprepared, 1);
    TRIPSAGE_TRY(connect_first(first, e, parameters));
    *out = e;
out:
    PQconninfoFree(parameters);
    if (status != TRIPSAGE_OK) {
        tripsage__pg_disconnect(first);
        tripsage__pg_engine_close(e);
    }
    return status;
}

static tripsage_status engine_open(void **out, const char *url, const tripsage__store_options *options,
                                   tripsage__env *env)
{
    engine *e;
    connection first;
    tripsage_status status = tripsage__pg_engine_connect(&e, &first, url, options, env);

    *out = NULL;
    if (status != TRIPSAGE_OK)
        return status;
    TRIPSAGE_TRY(tripsage__pg_migrate(&first, e, options->no_migrate));
    TRIPSAGE_TRY(look_at_login(e, &first));
    *out = e;
out:
    tripsage__pg_disconnect(&first);
    if (status != TRIPSAGE_OK)
        tripsage__pg_engine_close(e);
    return status;
}

/* ---- checking ---- */

/* The server keeps references and indexes right by itself; here is what people may have changed. An index of vectors is not valid while it is
 * built, which may take hours: tripsage_vector_index() tells of those. */
const tripsage__statement tripsage__pg_check_schema = {
    "check_schema", "",
    "SELECT 'the index ' || c.relname || ' is not valid: REINDEX it' FROM pg_index i"
    " JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam AND m.amname <> 'hnsw'"
    " WHERE c.relnamespace = 'tripsage'::regnamespace AND NOT i.indisvalid"
    " UNION ALL SELECT 'row level security is off for the table ' || c.relname FROM pg_class c"
    " WHERE c.relnamespace = 'tripsage'::regnamespace AND c.relkind IN ('r', 'p')"
    " AND NOT (c.relrowsecurity AND c.relforcerowsecurity)"
    " UNION ALL SELECT 'the constraint ' || c.conname || ' is not validated' FROM pg_constraint c"
    " WHERE c.connamespace = 'tripsage'::regnamespace AND NOT c.convalidated ORDER BY 1"};

typedef struct report {
    tripsage__buf *problems;
    size_t before; /* bytes in it */
    size_t count;
} report;

static void begin_report(void *context)
{
    report *r = context;

    r->problems->size = r->before;
    r->count = 0;
}

static tripsage_status add_problem(void *context, const tripsage__row *row)
{
    report *r = context;

    if (r->count++)
        tripsage__buf_putc(r->problems, ',');
    tripsage__json_put_string(r->problems, tripsage__row_text(row, 0, NULL));
    return tripsage__buf_status(r->problems);
}

static tripsage_status engine_check(void *engine_, tripsage__buf *problems, size_t *count)
{
    report r = {problems, problems->size, 0};
    const tripsage__step step = {&tripsage__pg_check_schema, NULL, 0, begin_report, add_problem, &r, NULL};
    tripsage_status status = tripsage__pg_read(engine_, NULL, &step, 1);

    *count = r.count;
    return status;
}

const tripsage__driver tripsage__driver_postgres = {
    .name = "postgresql",
    .upkeep = tripsage__pg_upkeep,
    .examine = tripsage__pg_examine,
    .backup_suffix = "copy",
    .name_of = tripsage__pg_name_of,
    .dump = tripsage__pg_dump,
    .load = tripsage__pg_load,
    .plan = tripsage__pg_plan,
    .open = engine_open,
    .close = tripsage__pg_engine_close,
    .read = tripsage__pg_read,
    .write = tripsage__pg_write,
    .ping = tripsage__pg_ping,
    .scan = tripsage__pg_scan,
    .maintain = tripsage__pg_maintain,
    .watch = tripsage__pg_watch,
    .unwatch = tripsage__pg_unwatch,
    .pool = tripsage__pg_pool,
    .check = engine_check,
    .migrations = &tripsage__migrations_postgres,
    .is_null = tripsage__pg_is_null,
    .get_int = tripsage__pg_int,
    .get_real = tripsage__pg_real,
    .get_text = tripsage__pg_text,
    .get_blob = tripsage__pg_blob,
};
