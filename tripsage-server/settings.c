/* settings.c: see settings.h. One table holds every setting: its names, its help, how it is read. */
#include "settings.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buffer.h"
#include "doc_item.h"
#include "ratelimit.h"

/* Of log_masks_clients, until all is read. */
#define MASK_AUTO (-1)

/* A reader answers NULL, or what it had expected. */
typedef const char *(*reader)(settings *s, const char *value);

static const char *copy(char *out, size_t size, const char *value, const char *expected)
{
    size_t length = strlen(value);

    if (length >= size)
        return expected;
    memcpy(out, value, length + 1);
    return NULL;
}

static int number(const char *value, long min, long max, long *out)
{
    char *end;

    if (!isdigit((unsigned char)value[0]))
        return 0;
    errno = 0;
    *out = strtol(value, &end, 10);
    return *end == '\0' && errno == 0 && *out >= min && *out <= max;
}

static const char *read_database(settings *s, const char *value)
{
    s->database_flag = value; /* the library reads it, in place of DATABASE_URL */
    return value[0] ? NULL : "a URL";
}

static const char *read_data_dir(settings *s, const char *value)
{
    static const char expected[] = "a directory, at most 511 characters";

    return value[0] ? copy(s->data_dir, sizeof s->data_dir, value, expected) : expected;
}

static int is_address(const char *value)
{
    return value[0] && !value[strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-")];
}

static const char *read_host(settings *s, const char *value)
{
    static const char expected[] = "an address to listen on, such as 127.0.0.1 or 0.0.0.0";

    return is_address(value) ? copy(s->host, sizeof s->host, value, expected) : expected;
}

static const char *read_admin_host(settings *s, const char *value)
{
    static const char expected[] = "an address to listen on, such as 127.0.0.1 or 0.0.0.0";

    return is_address(value) ? copy(s->admin_host, sizeof s->admin_host, value, expected) : expected;
}

static const char *read_metrics(settings *s, const char *value)
{
    static const char *const words[] = {[METRICS_OFF] = "off", [METRICS_ADMIN] = "admin", [METRICS_ON] = "on"};

    for (int i = METRICS_OFF; i <= METRICS_ON; i++)
        if (strcasecmp(value, words[i]) == 0) {
            s->metrics = (metrics_mode)i;
            return NULL;
        }
    return "on, off or admin";
}

static const char *read_log_clients(settings *s, const char *value)
{
    s->log_masks_clients = strcasecmp(value, "masked") == 0;
    return s->log_masks_clients || strcasecmp(value, "full") == 0 ? NULL : "full or masked";
}

static const char *read_certificate(settings *s, const char *value)
{
    s->tls_certificate = value;
    return NULL; /* both files are read together */
}

static const char *read_key(settings *s, const char *value)
{
    s->tls_key = value;
    return NULL;
}

static const char *read_port(settings *s, const char *value)
{
    long port;

    if (!number(value, 0, 65535, &port))
        return "a port number from 0 (any free one) to 65535";
    s->port = (int)port;
    return NULL;
}

static const char *read_admin_port(settings *s, const char *value)
{
    long port;

    if (!number(value, 0, 65535, &port))
        return "a port number from 0 (off) to 65535";
    s->admin_port = (int)port;
    return NULL;
}

static const char *read_max_connections(settings *s, const char *value)
{
    long connections;

    /* 10,000: a thread each; beyond that a proxy in front that shares connections is the better tool. */
    if (!number(value, 1, 10000, &connections))
        return "a number of connections from 1 to 10000";
    s->max_connections = (unsigned)connections;
    return NULL;
}

static const char *read_request_timeout(settings *s, const char *value)
{
    long seconds;

    if (!number(value, 1, 3600, &seconds))
        return "a number of seconds from 1 to 3600";
    s->request_timeout_s = (unsigned)seconds;
    return NULL;
}

static const char *read_shutdown_delay(settings *s, const char *value)
{
    long seconds;

    /* Ten minutes: the longest that a load balancer may let pass between two looks. */
    if (!number(value, 0, 600, &seconds))
        return "a number of seconds from 0 to 600";
    s->shutdown_delay_s = (unsigned)seconds;
    return NULL;
}

static const char *read_log_level(settings *s, const char *value)
{
    static const struct {
        const char *name;
        tripsage_log_level level;
    } levels[] = {{"ERROR", TRIPSAGE_LOG_ERROR}, {"CRITICAL", TRIPSAGE_LOG_ERROR}, {"WARNING", TRIPSAGE_LOG_WARN},
                  {"WARN", TRIPSAGE_LOG_WARN},   {"INFO", TRIPSAGE_LOG_INFO},      {"DEBUG", TRIPSAGE_LOG_DEBUG}};

    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        if (strcasecmp(value, levels[i].name) == 0) {
            s->log_level = levels[i].level;
            return NULL;
        }
    return "ERROR, WARNING, INFO or DEBUG";
}

static const char *read_env_file(settings *s, const char *value)
{
    s->env_file = value; /* it has been read */
    return value[0] ? NULL : "the path of a file";
}

static int truth(const char *value, int *out)
{
    static const char *const words[] = {"false", "true", "0", "1", "no", "yes", "off", "on"};

    for (int i = 0; i < 8; i++)
        if (strcasecmp(value, words[i]) == 0) {
            *out = i % 2;
            return 1;
        }
    return 0;
}

static const char *read_debug(settings *s, const char *value)
{
    return truth(value, &s->debug) ? NULL : "true or false";
}

static const char *read_credentials(settings *s, const char *value)
{
    return truth(value, &s->credentials) ? NULL : "true or false";
}

/* An origin is scheme://host[:port] as a browser sends it, which is compared letter by letter: in small letters, without the port that goes
 * without saying, without a path. */
static int is_origin(const char *origin)
{
    const char *host = strncmp(origin, "https://", 8) == 0  ? origin + 8
                       : strncmp(origin, "http://", 7) == 0 ? origin + 7
                                                            : NULL;
    const char *own_port = host == origin + 8 ? "443" : "80";
    const char *end;
    long port;

    if (!host)
        return 0;
    if (host[0] == '[') {
        end = host + 1 + strspn(host + 1, "0123456789abcdef:.");
        if (end == host + 1 || *end++ != ']')
            return 0;
    } else {
        end = host + strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789-._");
    }
    if (end == host || *end == '\0')
        return end != host;
    return *end == ':' && end[1] != '0' && strcmp(end + 1, own_port) != 0 && number(end + 1, 1, 65535, &port);
}

/* Separated by commas, or a list in JSON, as the Python server has it. */
static const char *read_origins(settings *s, const char *value)
{
    static const char expected[] =
        "a list of at most 32 exact origins as browsers send them (small letters, no :443 or :80, no path), such "
        "as https://app.example.com,http://localhost:3000";
    char *next = s->origin_text;

    s->origin_count = 0;
    if (copy(s->origin_text, sizeof s->origin_text, value, expected))
        return expected;
    next += strspn(next, " ");
    if (next[0] == '[') {
        char *last = strrchr(next++, ']');

        if (!last || last[1 + strspn(last + 1, " ")])
            return expected;
        *last = '\0';
    }
    for (char *origin; (origin = strsep(&next, ",")) != NULL;) {
        origin += strspn(origin, " \"");
        origin[strcspn(origin, " \"")] = '\0';
        if (!origin[0])
            continue;
        if (!is_origin(origin) || s->origin_count == ORIGINS_MAX)
            return expected;
        s->origins[s->origin_count++] = origin;
    }
    return NULL;
}

static const char *read_rate_limit(settings *s, const char *value)
{
    static const struct {
        const char *word;
        limits_mode mode;
    } modes[] = {{"on", LIMITS_ON},     {"true", LIMITS_ON}, {"1", LIMITS_ON},         {"off", LIMITS_OFF},
                 {"false", LIMITS_OFF}, {"0", LIMITS_OFF},   {"shadow", LIMITS_SHADOW}};

    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        if (strcasecmp(value, modes[i].word) == 0) {
            s->rate_limit = modes[i].mode;
            return NULL;
        }
    return "on, off or shadow";
}

static const char *read_rate_limit_default(settings *s, const char *value)
{
    s->rate_limit_default = value;
    return limits_check_rule(value);
}

/* What the Python server calls its limits: 0 and less is none. */
static const char *read_window(settings *s, int window, const char *value)
{
    int is_none = value[0] == '-' && value[1];

    s->rate_limit_windows[window].set = 1;
    return number(value + is_none, 0, 999999999, &s->rate_limit_windows[window].most) &&
                   (!is_none || (s->rate_limit_windows[window].most = 0) == 0)
               ? NULL
               : "a number of requests up to 999999999, or 0 for no limit";
}

static const char *read_per_minute(settings *s, const char *value)
{
    return read_window(s, 0, value);
}

static const char *read_per_hour(settings *s, const char *value)
{
    return read_window(s, 1, value);
}

static const char *read_per_day(settings *s, const char *value)
{
    return read_window(s, 2, value);
}

static const char *read_rate_limit_routes(settings *s, const char *value)
{
    s->rate_limit_routes = value;
    return limits_check_routes(value);
}

static const char *read_rate_limit_away(settings *s, const char *value)
{
    static const char *const words[] = {
        [TRIPSAGE_LIMIT_LOCAL] = "local", [TRIPSAGE_LIMIT_OPEN] = "open", [TRIPSAGE_LIMIT_CLOSED] = "closed"};

    for (int i = 0; i < 3; i++)
        if (strcasecmp(value, words[i]) == 0) {
            s->rate_limit_away = (tripsage_limit_away)i;
            return NULL;
        }
    return "local, open or closed";
}

static const char *read_exempt(settings *s, const char *value)
{
    static const char expected[] = "a list of at most 64 networks such as 10.0.0.0/8,2001:db8::/32,192.0.2.7";

    s->exempt_count = 0;
    s->exempt_text = value;
    for (value += strspn(value, ", "); *value; value += strspn(value, ", ")) {
        size_t length = strcspn(value, ", ");

        if (s->exempt_count == EXEMPT_MAX || !network_read(&s->exempt[s->exempt_count++], value, length))
            return expected;
        value += length;
    }
    return NULL;
}

/* "2", or "forwarded:2" where they write RFC 7239's field. */
static const char *read_proxies(settings *s, const char *value)
{
    static const char prefix[] = "forwarded:";
    long proxies;

    s->proxies_say_forwarded = strncmp(value, prefix, sizeof prefix - 1) == 0;
    if (!number(value + (s->proxies_say_forwarded ? sizeof prefix - 1 : 0), 0, 16, &proxies))
        return "a number of proxies from 0 to 16, or forwarded:1 where they write Forwarded in place of "
               "X-Forwarded-For";
    s->proxies = (unsigned)proxies;
    return NULL;
}

/* Of the library's settings, only the flag that stands for one. */
static const struct setting {
    const char *variable, *flag, *metavar, *help;
    unsigned group;
    int secret; /* its value, or a part of it such as a password in a URL, is not repeated in a message */
    reader read;
} table[] = {
    {NULL, "--database", "URL", "in place of DATABASE_URL and POSTGRES_URL", SETTINGS_DATABASE, 1, read_database},
    {"TRIPSAGE_ENV_FILE", "--env-file", "FILE",
     "variables for those that are not set, a line each (.env, if it exists)", SETTINGS_DATABASE, 0, read_env_file},
    {"TRIPSAGE_DATA_DIR", "--data-dir", "DIR", "where the database lies when none is named (./data)", SETTINGS_DATABASE,
     0, read_data_dir},
    {"LOG_LEVEL", NULL, NULL, "ERROR, WARNING, INFO or DEBUG (INFO)", SETTINGS_DATABASE, 0, read_log_level},
    {"DEBUG", NULL, NULL, "true: LOG_LEVEL is DEBUG where it is not set (false)", SETTINGS_DATABASE, 0, read_debug},
    {"TRIPSAGE_HOST", "--host", "ADDRESS", "address to listen on (127.0.0.1)", SETTINGS_SERVER, 0, read_host},
    {"TRIPSAGE_TLS_CERTIFICATE", NULL, NULL,
     "PEM file of a certificate and those that lead to its CA: TLS and nothing else (none)", SETTINGS_SERVER, 0,
     read_certificate},
    {"TRIPSAGE_TLS_KEY", NULL, NULL, "PEM file of its key (the file of the certificate)", SETTINGS_SERVER, 0, read_key},
    {"PORT", "--port", "NUMBER", "port to listen on, 0 for any free one (8080)", SETTINGS_SERVER, 0, read_port},
    {"TRIPSAGE_ADMIN_PORT", NULL, NULL, "port of health answers and metrics, 0 for none (PORT + 1)", SETTINGS_SERVER, 0,
     read_admin_port},
    {"TRIPSAGE_MAX_CONNECTIONS", NULL, NULL, "connections held at once (1100)", SETTINGS_SERVER, 0,
     read_max_connections},
    {"TRIPSAGE_REQUEST_TIMEOUT", NULL, NULL, "seconds a client may take to send a request, and to take its answer (60)",
     SETTINGS_SERVER, 0, read_request_timeout},
    {"CORS_ORIGINS", NULL, NULL, "the same as TRIPSAGE_ALLOWED_ORIGINS, which goes before", SETTINGS_SERVER, 0,
     read_origins},
    {"TRIPSAGE_SHUTDOWN_DELAY", NULL, NULL,
     "seconds at the end in which it is not ready but still takes what comes, for load balancers to notice (0)",
     SETTINGS_SERVER, 0, read_shutdown_delay},
    {"TRIPSAGE_ALLOWED_ORIGINS", NULL, NULL, "web origins that may call, separated by commas (none)", SETTINGS_SERVER,
     0, read_origins},
    {"CORS_CREDENTIALS", NULL, NULL, "true: they may send cookies and client certificates along (false)",
     SETTINGS_SERVER, 0, read_credentials},
    {"TRIPSAGE_TRUSTED_PROXIES", NULL, NULL, "proxies in front that add their caller to X-Forwarded-For (0)",
     SETTINGS_SERVER, 0, read_proxies},
    {"TRIPSAGE_RATE_LIMIT", NULL, NULL,
     "on, off, or shadow: refuse nobody (on in staging and production, behind proxies, or with a shared cache)",
     SETTINGS_SERVER, 0, read_rate_limit},
    {"TRIPSAGE_RATE_LIMIT_DEFAULT", NULL, NULL, "how often a client may ask (" LIMITS_DEFAULT ")", SETTINGS_SERVER, 0,
     read_rate_limit_default},
    {"RATE_LIMIT_REQUESTS_PER_MINUTE", NULL, NULL, "one part of it where that is not set; 0 for none (60)",
     SETTINGS_SERVER, 0, read_per_minute},
    {"RATE_LIMIT_REQUESTS_PER_HOUR", NULL, NULL, "the same of an hour (1000)", SETTINGS_SERVER, 0, read_per_hour},
    {"RATE_LIMIT_REQUESTS_PER_DAY", NULL, NULL, "the same of a day (10000)", SETTINGS_SERVER, 0, read_per_day},
    {"TRIPSAGE_RATE_LIMIT_ROUTES", NULL, NULL,
     "the same for single routes: \"POST /api/search=30/m; /api/trips=off\" (none)", SETTINGS_SERVER, 0,
     read_rate_limit_routes},
    {"TRIPSAGE_RATE_LIMIT_AWAY", NULL, NULL,
     "while the cache that counts is away: count here (local), let in (open) or refuse (closed) (local)",
     SETTINGS_SERVER, 0, read_rate_limit_away},
    {"TRIPSAGE_RATE_LIMIT_EXEMPT", NULL, NULL, "networks that are not limited, separated by commas (none)",
     SETTINGS_SERVER, 0, read_exempt},
    {"TRIPSAGE_ADMIN_HOST", NULL, NULL, "address of the admin port (127.0.0.1)", SETTINGS_SERVER, 0, read_admin_host},
    {"TRIPSAGE_METRICS", NULL, NULL,
     "GET /metrics: on, off, or admin: at the admin port alone (admin; on with a token)", SETTINGS_SERVER, 0,
     read_metrics},
    {"TRIPSAGE_LOG_CLIENTS", NULL, NULL,
     "full, or masked: no whole addresses in the log (full in development, else masked)", SETTINGS_SERVER, 0,
     read_log_clients},
};
#define SETTING_COUNT (sizeof table / sizeof table[0])
_Static_assert(SETTING_COUNT <= SERVER_SETTINGS_MAX, "settings.given is too short");

static void set_defaults(settings *s)
{
    memset(s, 0, sizeof *s);
    strcpy(s->data_dir, "data");
    strcpy(s->host, "127.0.0.1");
    strcpy(s->admin_host, "127.0.0.1");
    s->log_masks_clients = MASK_AUTO;
    s->port = 8080;
    s->admin_port = ADMIN_PORT_AUTO;
    /* 1,100: a thousand clients that keep their connection, and some room for those who come and go. */
    s->max_connections = 1100;
    s->request_timeout_s = 60; /* 1 MiB at 17 KiB/s */
}

/* The variable or flag that gave what this one reads; NULL: none did. */
static const char *source_of(const settings *s, reader read)
{
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (table[i].read == read)
            return s->given[i].source;
    return NULL;
}

/* What follows from several. */
static void settle(settings *s)
{
    static const struct {
        char unit;
        long usual;
    } windows[3] = {{'m', 60}, {'h', 1000}, {'d', 10000}}; /* LIMITS_DEFAULT */
    int any = s->rate_limit_windows[0].set || s->rate_limit_windows[1].set || s->rate_limit_windows[2].set;
    const char *external = tripsage_config_options(s->config)->auth->mail->external_url;
    int length = 0;

    s->admin_is_wanted = source_of(s, read_admin_port) || source_of(s, read_admin_host);
    s->is_https = s->tls_certificate || (external && strncmp(external, "https://", 8) == 0);
    if (s->tls_certificate && !s->tls_key)
        s->tls_key = s->tls_certificate;
    if (s->log_masks_clients == MASK_AUTO)
        s->log_masks_clients = strcmp(s->environment, "development") != 0;
    if (s->metrics == METRICS_AUTO)
        s->metrics = tripsage_config_metrics_token(s->config) ? METRICS_ON : METRICS_ADMIN;
    if (!s->log_level)
        s->log_level = s->debug ? TRIPSAGE_LOG_DEBUG : TRIPSAGE_LOG_INFO;
    if (s->rate_limit_default || !any)
        return;
    for (int i = 0; i < 3; i++) {
        long most = s->rate_limit_windows[i].set ? s->rate_limit_windows[i].most : windows[i].usual;

        if (most)
            length += snprintf(s->rate_limit_text + length, sizeof s->rate_limit_text - (size_t)length, "%s%ld/%c",
                               length ? "," : "", most, windows[i].unit);
    }
    s->rate_limit_default = length ? s->rate_limit_text : "off";
}

/* ---- variables ---- */

/* The file of the command line, of the process's variable, or the usual one, which need not be there. */
static int open_variables(settings *s, int argc, char **argv)
{
    static const char flag[] = "--env-file";
    const char *path = getenv("TRIPSAGE_ENV_FILE");

    for (int i = 0; i < argc; i++)
        if (strncmp(argv[i], flag, sizeof flag - 1) == 0) {
            const char *value = argv[i] + sizeof flag - 1;

            path = *value == '=' ? value + 1 : *value == '\0' && i + 1 < argc ? argv[i + 1] : path;
        }
    if (path && !path[0])
        path = NULL;
    if (tripsage_environment_open(&s->variables, path ? path : ".env", path != NULL) == TRIPSAGE_OK)
        return 0;
    fprintf(stderr, "tripsage-server: %s\n", tripsage_last_error()->message);
    return tripsage_last_error()->status == TRIPSAGE_EINVALID ? EXIT_CONFIG : EXIT_FAILURE;
}

const char *settings_variable(const settings *s, const char *name)
{
    return tripsage_environment_get(name, s->variables);
}

static int apply(settings *s, const struct setting *setting, const char *name, const char *value)
{
    const char *expected = setting->read(s, value);

    if (!expected) {
        s->given[setting - table].source = name;
        s->given[setting - table].value = setting->secret ? "***" : value;
        return 0;
    }
    if (setting->secret)
        fprintf(stderr, "tripsage-server: %s: expected %s\n", name, expected);
    else
        fprintf(stderr, "tripsage-server: %s: expected %s, got \"%.200s\"\n", name, expected, value);
    return EXIT_CONFIG;
}

/* An empty variable counts as not set, which is how compose files leave things out. */
static int read_variables(settings *s, unsigned groups)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const char *value =
            table[i].variable && (table[i].group & groups) ? settings_variable(s, table[i].variable) : NULL;
        int status = value ? apply(s, &table[i], table[i].variable, value) : 0;

        if (status)
            return status;
    }
    return 0;
}

static int is_variable(const char *known, const char *name, size_t length)
{
    return known && strlen(known) == length && strncmp(known, name, length) == 0;
}

/* A variable of the library's; of its secrets also the one that names a file. */
static int is_library_variable(const char *name, size_t length)
{
    const tripsage_setting *setting;

    for (size_t i = 0; (setting = tripsage_config_setting(i)) != NULL; i++)
        if (is_variable(setting->name, name, length) ||
            (setting->secret && length > 5 && strncmp(name + length - 5, "_FILE", 5) == 0 &&
             is_variable(setting->name, name, length - 5)))
            return 1;
    return 0;
}

static int is_foreign(const tripsage_foreign_setting *foreign, const char *name, size_t length)
{
    size_t known = strlen(foreign->name);

    if (foreign->name[known - 1] == '*')
        return length >= known - 1 && strncmp(foreign->name, name, known - 1) == 0;
    return known == length && strncmp(foreign->name, name, length) == 0;
}

/* Why this variable has no meaning here; NULL when that is not known. */
static const char *why_foreign(const char *name, size_t length)
{
    const tripsage_foreign_setting *foreign;

    for (size_t i = 0; (foreign = tripsage_config_foreign(i)) != NULL; i++)
        if (is_foreign(foreign, name, length))
            return foreign->why;
    return NULL;
}

static void warn_of_unknown(const char *name, size_t length)
{
    int known = strncmp(name, "TRIPSAGE_", 9) != 0 || is_library_variable(name, length);
    const char *why = why_foreign(name, length);

    for (size_t i = 0; i < SETTING_COUNT && !known; i++)
        known = is_variable(table[i].variable, name, length);
    if (why)
        fprintf(stderr, "tripsage-server: note: %.*s has no meaning here: %s\n", (int)length, name, why);
    else if (!known)
        fprintf(stderr, "tripsage-server: warning: %.*s is not a setting; --help lists them\n", (int)length, name);
}

static void warn_of_unknown_variables(const settings *s)
{
    const char *name;

    for (char **entry = environ; *entry; entry++)
        warn_of_unknown(*entry, strcspn(*entry, "="));
    for (size_t i = 0; (name = tripsage_environment_of_file(s->variables, i)) != NULL; i++)
        warn_of_unknown(name, strlen(name));
}

/* --flag value and --flag=value. */
static int read_flags(settings *s, unsigned groups, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        size_t length = strcspn(argv[i], "=");
        const struct setting *found = NULL;
        const char *value;
        int status;

        for (size_t t = 0; t < SETTING_COUNT && !found; t++)
            if (table[t].flag && (table[t].group & groups) && strlen(table[t].flag) == length &&
                strncmp(argv[i], table[t].flag, length) == 0)
                found = &table[t];
        if (!found) {
            fprintf(stderr, "tripsage-server: \"%s\" is not an option of this command; see --help\n", argv[i]);
            return EXIT_USAGE;
        }
        value = argv[i][length] == '=' ? argv[i] + length + 1 : i + 1 < argc ? argv[++i] : NULL;
        if (!value) {
            fprintf(stderr, "tripsage-server: %s needs a value\n", found->flag);
            return EXIT_USAGE;
        }
        status = apply(s, found, found->flag, value);
        if (status)
            return status;
    }
    return 0;
}

/* ---- the library's settings ---- */

/* The variables, but that --database stands in the place of what names a database there. */
static const char *look_up(const char *name, void *user)
{
    const settings *s = user;

    if (s->database_flag && strcmp(name, "DATABASE_URL") == 0)
        return s->database_flag;
    if (s->database_flag && (strcmp(name, "DATABASE_URL_FILE") == 0 || strncmp(name, "POSTGRES_URL", 12) == 0))
        return NULL;
    return settings_variable(s, name);
}

/* The library's sentence, which begins with the variable; with the flag that stood in its place, that one. */
static void tell_wrong(const settings *s)
{
    static const char variable[] = "DATABASE_URL:";
    const char *message = tripsage_last_error()->message;
    int is_flag = s->database_flag && strncmp(message, variable, sizeof variable - 1) == 0;

    fprintf(stderr, "tripsage-server: %s%s\n", is_flag ? "--database:" : "",
            is_flag ? message + sizeof variable - 1 : message);
}

static int read_library(settings *s)
{
    const char *scheme = s->data_dir[0] == '/' ? "sqlite://" : "sqlite:";

    if (tripsage_config_read(&s->config, look_up, s) != TRIPSAGE_OK) {
        tell_wrong(s);
        return tripsage_last_error()->status == TRIPSAGE_EINVALID ? EXIT_CONFIG : EXIT_FAILURE;
    }
    s->database_url = tripsage_config_url(s->config);
    s->database_shown = tripsage_config_shown_url(s->config);
    s->environment = tripsage_config_environment(s->config);
    if (!s->database_url) {
        snprintf(s->data_dir_url, sizeof s->data_dir_url, "%s%s/tripsage.db", scheme, s->data_dir);
        s->database_url = s->database_shown = s->data_dir_url;
    }
    return 0;
}

int settings_read(settings *out, unsigned groups, int argc, char **argv)
{
    int status;

    set_defaults(out);
    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            out->help = 1;
            return 0;
        }
    status = open_variables(out, argc, argv);
    if (status == 0)
        status = read_variables(out, groups);
    if (status == 0)
        status = read_flags(out, groups, argc, argv);
    if (status == 0)
        status = read_library(out);
    if (status == 0) {
        settle(out);
        warn_of_unknown_variables(out);
    }
    return status;
}

/* The file of variables, and which of them are its. */
static void explain_file(buffer *json, const settings *s)
{
    const char *path = tripsage_environment_file(s->variables), *name;

    if (!path) {
        BUFFER_LIT(json, "null");
        return;
    }
    BUFFER_LIT(json, "{\"path\":");
    buffer_jsonz(json, path);
    BUFFER_LIT(json, ",\"variables\":[");
    for (size_t i = 0; (name = tripsage_environment_of_file(s->variables, i)) != NULL; i++) {
        buffer_puts(json, i ? "," : "");
        buffer_jsonz(json, name);
    }
    BUFFER_LIT(json, "]}");
}

/* The variables that are set and have no meaning here. Those whose names only begin alike are told at the start. */
static void explain_foreign(buffer *json, const settings *s)
{
    const tripsage_foreign_setting *foreign;
    const char *separator = "";

    for (size_t i = 0; (foreign = tripsage_config_foreign(i)) != NULL; i++)
        if (settings_variable(s, foreign->name)) {
            buffer_puts(json, separator);
            BUFFER_LIT(json, "{\"name\":");
            buffer_jsonz(json, foreign->name);
            BUFFER_LIT(json, ",\"why\":");
            buffer_jsonz(json, foreign->why);
            BUFFER_LIT(json, "}");
            separator = ",";
        }
}

/* The server's own that were set, or may be by a variable. What holds without is what its help has in parentheses at the end. */
static void explain_own(buffer *json, const settings *s, unsigned groups)
{
    const char *separator = "";

    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const char *value = s->given[i].value, *fallback = strrchr(table[i].help, '(');

        if (!(table[i].group & groups) || (!value && !table[i].variable))
            continue;
        buffer_puts(json, separator);
        BUFFER_LIT(json, "{\"name\":");
        buffer_jsonz(json, table[i].variable ? table[i].variable : table[i].flag);
        BUFFER_LIT(json, ",\"value\":");
        if (value || !fallback)
            buffer_jsonz(json, value);
        else
            buffer_json(json, fallback + 1, strlen(fallback) - 2);
        BUFFER_LIT(json, ",\"source\":");
        buffer_jsonz(json, s->given[i].source);
        BUFFER_LIT(json, "}");
        separator = ",";
    }
}

/* 1 when the file of variables gave this one. */
static int is_of_file(tripsage_doc *explained, const char *variable)
{
    for (size_t i = 0, count = tripsage_doc_count(explained, "/file/variables"); i < count; i++)
        if (strcmp(doc_item_text(explained, "/file/variables", i, ""), variable) == 0)
            return 1;
    return 0;
}

/* A line for each setting that has a value; `set` 0: of those whose value is the default. */
static void print_settings(tripsage_doc *explained, const char *list, int set)
{
    for (size_t i = 0, count = tripsage_doc_count(explained, list); i < count; i++) {
        const char *name = doc_item_text(explained, list, i, "/name"),
                   *value = doc_item_text(explained, list, i, "/value");
        const char *source = doc_item_text(explained, list, i, "/source");

        if (!value || set != (source != NULL))
            continue;
        printf("  %-39s %s", name, value);
        if (source && is_of_file(explained, source))
            printf("  (%s in %s)", source, tripsage_doc_text(explained, "/file/path"));
        else if (source && strcmp(source, name) != 0)
            printf("  (%s)", source);
        putchar('\n');
    }
}

static void print_explained(tripsage_doc *explained, const settings *s)
{
    printf("Database: %s\n\nSet:\n", s->database_shown);
    print_settings(explained, "/library/settings", 1);
    print_settings(explained, "/server", 1);
    printf("\nBy default:\n");
    print_settings(explained, "/library/settings", 0);
    print_settings(explained, "/server", 0);
    for (size_t i = 0, count = tripsage_doc_count(explained, "/foreign"); i < count; i++)
        printf("%s  %-39s %s\n", i ? "" : "\nOf no meaning here:\n", doc_item_text(explained, "/foreign", i, "/name"),
               doc_item_text(explained, "/foreign", i, "/why"));
}

int settings_explain(const settings *s, unsigned groups, int as_json)
{
    tripsage_doc *library = NULL, *explained = NULL;
    buffer json = {NULL, 0, 0, 0};
    tripsage_status status = tripsage_config_explain(&library, s->config);

    if (status == TRIPSAGE_OK) {
        BUFFER_LIT(&json, "{\"library\":");
        buffer_puts(&json, tripsage_doc_json(library, NULL));
        BUFFER_LIT(&json, ",\"server\":[");
        explain_own(&json, s, groups);
        BUFFER_LIT(&json, "],\"file\":");
        explain_file(&json, s);
        BUFFER_LIT(&json, ",\"foreign\":[");
        explain_foreign(&json, s);
        BUFFER_LIT(&json, "]}");
        status = json.failed ? TRIPSAGE_ENOMEM : tripsage_doc_parse(&explained, json.data, json.size);
    }
    if (status != TRIPSAGE_OK)
        fprintf(stderr, "tripsage-server: %s\n",
                json.failed ? tripsage_status_sentence(status) : tripsage_last_error()->message);
    else if (as_json)
        printf("%s\n", json.data);
    else
        print_explained(explained, s);
    tripsage_doc_free(explained);
    tripsage_doc_free(library);
    buffer_free(&json);
    return status == TRIPSAGE_OK ? 0 : EXIT_FAILURE;
}

void settings_free(settings *s)
{
    tripsage_config_free(s->config);
    tripsage_environment_free(s->variables);
    s->config = NULL;
    s->variables = NULL;
}

/* ---- help ---- */

static void help_of_library(FILE *to)
{
    const tripsage_setting *setting;
    const char *separator = "";

    for (size_t i = 0; (setting = tripsage_config_setting(i)) != NULL; i++)
        fprintf(to, "  %-39s %s%s%s%s\n", setting->name, setting->help, setting->fallback ? " (" : "",
                setting->fallback ? setting->fallback : "", setting->fallback ? ")" : "");
    fprintf(to, "\nWith _FILE behind it, the name of a secret takes the path of a file that holds it:");
    for (size_t i = 0; (setting = tripsage_config_setting(i)) != NULL; i++)
        if (setting->secret) {
            fprintf(to, "%s %s", separator, setting->name);
            separator = ",";
        }
    fputc('\n', to);
}

void settings_help(FILE *to, unsigned groups)
{
    fprintf(to, "\nOptions (each wins over its variable):\n");
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (table[i].flag && (table[i].group & groups))
            fprintf(to, "  %-12s %-10s %s\n", table[i].flag, table[i].metavar, table[i].help);
    fprintf(to, "\nEnvironment:\n");
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (table[i].variable && (table[i].group & groups))
            fprintf(to, "  %-39s %s\n", table[i].variable, table[i].help);
    help_of_library(to);
}

int settings_prepare(const settings *s)
{
    if (s->data_dir_url[0] && mkdir(s->data_dir, 0700) != 0 && errno != EEXIST) {
        const char *source = source_of(s, read_data_dir), *why = strerror(errno);

        fprintf(stderr, "tripsage-server: %s: cannot make \"%s\": %s\n", source ? source : "TRIPSAGE_DATA_DIR",
                s->data_dir, why);
        return EXIT_CONFIG;
    }
    return 0;
}
