/* config/connection.c: which database the settings name, and the URL that opens it.
 *
 * Whatever the URL says itself stays. What it leaves open is put behind it as parameters: libpq's own (password, sslmode, sslrootcert)
 * and those of store/postgres/. */
#include <string.h>

#include "base/memory.h"
#include "config_internal.h"

/* Where Supabase's poolers listen. */
#define TRANSACTION_PORT "6543"
#define SESSION_PORT     "5432"

/* What the dashboard writes into its connection strings. */
#define PASSWORD_PLACEHOLDER "[YOUR-PASSWORD]"

static const char *text_of(const tripsage_config *config, setting_id id)
{
    return config->values[id].text;
}

/* ---- one connection ---- */

/* A connection being made: the setting it came from, in pieces, and what its first host tells. */
typedef struct connection {
    const char *variable;
    tripsage__url url;
    tripsage__span host, port;
    int on_supabase;
    tripsage__buf *out;
    char separator;
} connection;

static int has(const connection *c, const char *parameter)
{
    return tripsage__url_parameter(&c->url, parameter).at != NULL;
}

static void put_parameter(connection *c, const char *name, const char *value)
{
    tripsage__buf_printf(c->out, "%c%s=", c->separator, name);
    tripsage__buf_put_encoded(c->out, value);
    c->separator = '&';
}

static int has_placeholder(const connection *c)
{
    return tripsage__span_is(c->url.password, PASSWORD_PLACEHOLDER);
}

/* The URL without the placeholder of a password and its colon. */
static void put_url(connection *c)
{
    tripsage__span all = c->url.all, password = c->url.password;
    const char *rest = password.at + password.size;

    if (has_placeholder(c)) {
        tripsage__buf_put(c->out, all.at, (size_t)(password.at - all.at) - 1);
        tripsage__buf_put(c->out, rest, all.size - (size_t)(rest - all.at));
    } else {
        tripsage__buf_put(c->out, all.at, all.size);
    }
    c->separator = memchr(all.at, '?', all.size) ? '&' : '?';
}

static tripsage_status put_password(connection *c, const tripsage_config *config)
{
    const char *password = text_of(config, DATABASE_PASSWORD);

    if (has_placeholder(c) && !password)
        return TRIPSAGE_FAIL(
            TRIPSAGE_EINVALID,
            "%s: has " PASSWORD_PLACEHOLDER " in it: set DATABASE_PASSWORD, or write the password there", c->variable);
    if (password && !has(c, "password") && (has_placeholder(c) || !c->url.password.size))
        put_parameter(c, "password", password);
    return TRIPSAGE_OK;
}

/* libpq goes without TLS where the server does not offer it, unless told otherwise. A project's data crosses the internet. */
static tripsage_status put_tls(connection *c, const tripsage_config *config)
{
    const char *authorities = text_of(config, DATABASE_CA);
    tripsage__span mode = tripsage__url_parameter(&c->url, "sslmode");

    if (authorities && (mode.at || has(c, "sslrootcert")))
        return TRIPSAGE_FAIL(TRIPSAGE_EINVALID,
                             "%s: names sslmode or sslrootcert itself: leave them out, or unset TRIPSAGE_DATABASE_CA",
                             c->variable);
    if (c->on_supabase &&
        (tripsage__span_is(mode, "disable") || tripsage__span_is(mode, "allow") || tripsage__span_is(mode, "prefer")))
        return TRIPSAGE_FAIL(
            TRIPSAGE_EINVALID,
            "%s: sslmode=%.*s may send a Supabase project's data unencrypted: use require or verify-full", c->variable,
            (int)mode.size, mode.at);
    if (authorities) {
        put_parameter(c, "sslmode", "verify-full");
        put_parameter(c, "sslrootcert", authorities);
    } else if (c->on_supabase && !mode.at && !config->ssl_mode[0]) {
        put_parameter(c, "sslmode", "require");
    }
    return TRIPSAGE_OK;
}

/* The project a connection goes to has to be the one of DATABASE_URL: its users are not those of another. */
static tripsage_status check_project(const connection *c, const tripsage_config *config)
{
    tripsage__span project = tripsage__supabase_project_of(c->host, c->url.user);

    if (tripsage__supabase_is_pooler(c->host) && !project.size)
        return TRIPSAGE_FAIL(
            TRIPSAGE_EINVALID,
            "%s: behind Supabase's pooler a user is named with the project, such as postgres.<project>", c->variable);
    if (project.size && config->project.size && !tripsage__span_equal(project, config->project))
        return TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "%s: is of the Supabase project %.*s, and DATABASE_URL of %.*s",
                             c->variable, (int)project.size, project.at, (int)config->project.size, config->project.at);
    return TRIPSAGE_OK;
}

/* Takes the URL apart, checks it against the other settings, and writes it with password and TLS. */
static tripsage_status put_connection(connection *c, tripsage__buf *out, const tripsage_config *config,
                                      const char *variable, const char *text)
{
    size_t place = 0;
    tripsage_status status;

    memset(c, 0, sizeof *c);
    c->variable = variable;
    c->out = out;
    (void)tripsage__url_parse(&c->url, text); /* it was well-formed when it was read */
    c->host.at = c->port.at = text;
    (void)tripsage__url_next_host(&c->url, &place, &c->host, &c->port);
    c->on_supabase = tripsage__supabase_is_host(c->host);
    put_url(c);
    TRIPSAGE_TRY(check_project(c, config));
    TRIPSAGE_TRY(put_password(c, config));
    TRIPSAGE_TRY(put_tls(c, config));
    status = tripsage__buf_status(out);
out:
    return status;
}

/* ---- the database ---- */

static void put_statement_timeout(connection *c, const tripsage_config *config)
{
    if (text_of(config, DATABASE_STATEMENT_TIMEOUT) && !has(c, "statement_timeout_ms"))
        put_parameter(c, "statement_timeout_ms", text_of(config, DATABASE_STATEMENT_TIMEOUT));
}

static void put_prepared_statements(connection *c, const tripsage_config *config)
{
    const setting_value *set = &config->values[DATABASE_PREPARED_STATEMENTS];

    if (set->text && !has(c, "prepared_statements"))
        put_parameter(c, "prepared_statements", set->number ? "true" : "false");
}

/* The same connection at the port where the pooler keeps it for a session, so that LISTEN works. */
static tripsage_status session_url(tripsage__buf *out, const connection *c)
{
    const char *end = c->port.at + c->port.size;

    tripsage__buf_put(out, c->url.all.at, (size_t)(c->port.at - c->url.all.at));
    TRIPSAGE__LIT(out, SESSION_PORT);
    tripsage__buf_put(out, end, c->url.all.size - (size_t)(end - c->url.all.at));
    return tripsage__buf_status(out);
}

/* LISTEN needs a connection that stays. */
static tripsage_status make_listen_url(tripsage_config *config, const connection *c)
{
    tripsage__buf derived = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    const char *text = text_of(config, DATABASE_LISTEN_URL), *variable = c->variable;
    char source[64];
    connection other;
    tripsage_status status = TRIPSAGE_OK;

    if (text) {
        variable = tripsage__config_source(config, DATABASE_LISTEN_URL, source);
    } else if (c->on_supabase && tripsage__span_is(c->port, TRANSACTION_PORT)) {
        TRIPSAGE_TRY(session_url(&derived, c));
        text = derived.data;
    }
    if (text)
        TRIPSAGE_TRY(put_connection(&other, &config->listen_url, config, variable, text));
    config->options.listen_url = config->listen_url.data;
out:
    tripsage__buf_free_wiped(&derived);
    return status;
}

static tripsage_status put_postgres(tripsage_config *config, const char *variable, const char *text)
{
    connection c;
    tripsage_status status;

    TRIPSAGE_TRY(put_connection(&c, &config->url, config, variable, text));
    put_prepared_statements(&c, config);
    put_statement_timeout(&c, config);
    TRIPSAGE_TRY(tripsage__buf_status(&config->url));
    status = make_listen_url(config, &c);
out:
    return status;
}

/* ---- which database ---- */

static tripsage_status check_key_project(const tripsage_config *config, setting_id id)
{
    tripsage__key_kind kind;
    char source[64], project[64];
    tripsage_status status = TRIPSAGE_OK;

    if (!text_of(config, id) || !config->project.size)
        return TRIPSAGE_OK;
    TRIPSAGE_TRY(tripsage__supabase_key(&kind, project, text_of(config, id)));
    if (project[0] && !tripsage__span_is(config->project, project))
        status = TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "%s: is of the Supabase project %s, and DATABASE_URL of %.*s",
                               tripsage__config_source(config, id, source), project, (int)config->project.size,
                               config->project.at);
out:
    return status;
}

/* SQL of a project whose address alone is known: its own host, with the password of its owner. */
static tripsage_status put_project(tripsage_config *config)
{
    tripsage__buf direct = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    tripsage_status status;

    if (!config->project.size)
        return TRIPSAGE_FAIL(
            TRIPSAGE_EINVALID,
            "DATABASE_URL: a Supabase project that is not at supabase.co does not tell where its database is: set "
            "POSTGRES_URL to its connection string");
    if (!text_of(config, DATABASE_PASSWORD))
        return TRIPSAGE_FAIL(
            TRIPSAGE_EINVALID,
            "DATABASE_URL: the address of a Supabase project does not open its database: set DATABASE_PASSWORD to the "
            "database's password, or POSTGRES_URL to a connection string (dashboard: Connect)");
    tripsage__buf_printf(&direct, "postgresql://postgres@db.%.*s.supabase.co:" SESSION_PORT "/postgres",
                         (int)config->project.size, config->project.at);
    TRIPSAGE_TRY(tripsage__buf_status(&direct));
    status = put_postgres(config, "DATABASE_URL", direct.data);
out:
    tripsage__buf_free(&direct);
    return status;
}

static tripsage_status use_address(tripsage_config *config)
{
    tripsage_status status;

    (void)tripsage__supabase_address(text_of(config, DATABASE_URL), &config->address, &config->project);
    TRIPSAGE_TRY(check_key_project(config, DATABASE_PUBLIC_KEY));
    TRIPSAGE_TRY(check_key_project(config, DATABASE_SERVICE_KEY));
    tripsage__buf_put(&config->supabase_url, config->address.at, config->address.size);
    tripsage__buf_printf(&config->issuer, "%.*s/auth/v1", (int)config->address.size, config->address.at);
    tripsage__buf_printf(&config->jwks_url, "%.*s/auth/v1/.well-known/jwks.json", (int)config->address.size,
                         config->address.at);
    TRIPSAGE_TRY(tripsage__buf_status(&config->supabase_url));
    TRIPSAGE_TRY(tripsage__buf_status(&config->issuer));
    TRIPSAGE_TRY(tripsage__buf_status(&config->jwks_url));
    config->auth.issuer = config->issuer.data;
    config->auth.supabase_url = config->supabase_url.data;
out:
    return status;
}

tripsage_status tripsage__config_make_url(tripsage_config *config)
{
    const char *database = text_of(config, DATABASE_URL), *postgres = text_of(config, POSTGRES_URL);
    int is_file = database && strncmp(database, "sqlite:", 7) == 0;
    int is_address = database && !is_file && !tripsage__url_is_postgres(database);
    setting_id of = postgres ? POSTGRES_URL : DATABASE_URL;
    char source[64];
    tripsage_status status = TRIPSAGE_OK;

    if (is_file && postgres)
        return TRIPSAGE_FAIL(
            TRIPSAGE_EINVALID,
            "DATABASE_URL names an SQLite database and POSTGRES_URL a PostgreSQL one: unset the one that is not meant");
    if (is_address)
        TRIPSAGE_TRY(use_address(config));
    if (is_file)
        tripsage__buf_puts(&config->url, database);
    else if (is_address && !postgres)
        TRIPSAGE_TRY(put_project(config));
    else if (postgres || database)
        TRIPSAGE_TRY(put_postgres(config, tripsage__config_source(config, of, source), text_of(config, of)));
    status = tripsage__buf_status(&config->url);
out:
    return status;
}
