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
    static const char expected[] = "sqlite:///absolute/path.db, sqlite:relative/path.db or sqlite::memory: "
                                   "(this build has the SQLite engine only)";

    if (strncmp(value, "sqlite:", 7) != 0 || value[7] == '\0')
        return expected;
    return copy(s->database_url, sizeof s->database_url, value, "at most 1023 characters");
}

static const char *read_data_dir(settings *s, const char *value)
{
    static const char expected[] = "a directory, at most 511 characters";

    return value[0] ? copy(s->data_dir, sizeof s->data_dir, value, expected) : expected;
}

static const char *read_host(settings *s, const char *value)
{
    static const char expected[] = "an address to listen on, such as 127.0.0.1 or 0.0.0.0";

    if (!value[0] || value[strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-")])
        return expected;
    return copy(s->host, sizeof s->host, value, expected);
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

static const char *read_secret(settings *s, const char *value)
{
    static const char expected[] = "at least 32 characters (RFC 7518, 3.2), at most 1023";

    return strlen(value) < 32 ? expected : copy(s->jwt_secret, sizeof s->jwt_secret, value, expected);
}

static const char *read_secret_file(settings *s, const char *value)
{
    char secret[sizeof s->jwt_secret + 1];
    FILE *file = fopen(value, "re");
    size_t size;

    if (!file)
        return "a file that can be read";
    size = fread(secret, 1, sizeof secret - 1, file);
    fclose(file);
    while (size && (secret[size - 1] == '\n' || secret[size - 1] == '\r'))
        size--;
    secret[size] = '\0';
    return read_secret(s, secret) ? "a file that holds 32 to 1023 characters" : NULL;
}

static const char *read_environment(settings *s, const char *value)
{
    return copy(s->environment, sizeof s->environment, value, "a name of at most 63 characters");
}

/* An origin is scheme://host[:port], as a browser sends it: no path, no wildcard. */
static int is_origin(const char *origin)
{
    const char *host = strncmp(origin, "https://", 8) == 0  ? origin + 8
                       : strncmp(origin, "http://", 7) == 0 ? origin + 7
                                                            : NULL;

    return host && host[0] && !host[strcspn(host, "/*?#@ ")];
}

static const char *read_origins(settings *s, const char *value)
{
    static const char expected[] =
        "a list of at most 32 exact origins such as https://app.example.com,http://localhost:3000";
    char *next = s->origin_text;

    s->origin_count = 0;
    if (copy(s->origin_text, sizeof s->origin_text, value, expected))
        return expected;
    for (char *origin; (origin = strsep(&next, ",")) != NULL;) {
        origin += strspn(origin, " ");
        origin[strcspn(origin, " ")] = '\0';
        if (!origin[0])
            continue;
        if (!is_origin(origin) || s->origin_count == ORIGINS_MAX)
            return expected;
        s->origins[s->origin_count++] = origin;
    }
    return NULL;
}

static const struct setting {
    const char *variable, *flag, *metavar, *help;
    unsigned group;
    int secret; /* its value, or a part of it such as a password in a URL, is not repeated in a message */
    reader read;
} table[] = {
    {"TRIPSAGE_DATA_DIR", "--data-dir", "DIR", "where the database lies when none is named (./data)", SETTINGS_DATABASE,
     0, read_data_dir},
    {"DATABASE_URL", "--database", "URL", "sqlite:///path/to.db or sqlite::memory: (tripsage.db in the data directory)",
     SETTINGS_DATABASE, 1, read_database},
    {"DATABASE_JWT_SECRET", NULL, NULL, "key of the access tokens, 32 characters or more (kept with the database)",
     SETTINGS_DATABASE, 1, read_secret},
    {"DATABASE_JWT_SECRET_FILE", NULL, NULL, "a file that holds it", SETTINGS_DATABASE, 0, read_secret_file},
    {"LOG_LEVEL", NULL, NULL, "ERROR, WARNING, INFO or DEBUG (INFO)", SETTINGS_DATABASE, 0, read_log_level},
    {"TRIPSAGE_HOST", "--host", "ADDRESS", "address to listen on (127.0.0.1)", SETTINGS_SERVER, 0, read_host},
    {"PORT", "--port", "NUMBER", "port to listen on, 0 for any free one (8080)", SETTINGS_SERVER, 0, read_port},
    {"TRIPSAGE_ADMIN_PORT", NULL, NULL, "port of the health answers on 127.0.0.1, 0 for none (PORT + 1)",
     SETTINGS_SERVER, 0, read_admin_port},
    {"TRIPSAGE_MAX_CONNECTIONS", NULL, NULL, "connections held at once (1100)", SETTINGS_SERVER, 0,
     read_max_connections},
    {"TRIPSAGE_REQUEST_TIMEOUT", NULL, NULL, "seconds a client may take over a request and its answer (60)",
     SETTINGS_SERVER, 0, read_request_timeout},
    {"TRIPSAGE_ALLOWED_ORIGINS", NULL, NULL, "web origins that may call, separated by commas (none)", SETTINGS_SERVER,
     0, read_origins},
    {"ENVIRONMENT", NULL, NULL, "a name that the health answer shows (development)", SETTINGS_SERVER, 0,
     read_environment},
};
#define SETTING_COUNT (sizeof table / sizeof table[0])

static void set_defaults(settings *s)
{
    memset(s, 0, sizeof *s);
    strcpy(s->data_dir, "data");
    strcpy(s->host, "127.0.0.1");
    strcpy(s->environment, "development");
    s->port = 8080;
    s->admin_port = ADMIN_PORT_AUTO;
    /* 1,100: a thousand clients that keep their connection, and some room for those who come and go. */
    s->max_connections = 1100;
    s->request_timeout_s = 60; /* 1 MiB at 17 KiB/s */
    s->log_level = TRIPSAGE_LOG_INFO;
}

static int apply(settings *s, const struct setting *setting, const char *name, const char *value)
{
    const char *expected = setting->read(s, value);

    if (!expected)
        return 0;
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
        const char *value = table[i].group & groups ? getenv(table[i].variable) : NULL;
        int status = value && value[0] ? apply(s, &table[i], table[i].variable, value) : 0;

        if (status)
            return status;
    }
    return 0;
}

static void warn_of_unknown_variables(void)
{
    for (char **entry = environ; *entry; entry++) {
        size_t length = strcspn(*entry, "="), known = 0;

        if (strncmp(*entry, "TRIPSAGE_", 9) != 0)
            continue;
        for (size_t i = 0; i < SETTING_COUNT && !known; i++)
            known = strlen(table[i].variable) == length && strncmp(*entry, table[i].variable, length) == 0;
        if (!known)
            fprintf(stderr, "tripsage-server: warning: %.*s is not a setting; --help lists them\n", (int)length,
                    *entry);
    }
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

static void default_database(settings *s)
{
    const char *scheme = s->data_dir[0] == '/' ? "sqlite://" : "sqlite:";

    s->in_data_dir = 1;
    snprintf(s->database_url, sizeof s->database_url, "%s%s/tripsage.db", scheme, s->data_dir);
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
    status = read_variables(out, groups);
    if (status == 0)
        status = read_flags(out, groups, argc, argv);
    if (status == 0 && !out->database_url[0])
        default_database(out);
    if (status == 0)
        warn_of_unknown_variables();
    return status;
}

void settings_help(FILE *to, unsigned groups)
{
    fprintf(to, "\nOptions (each wins over its variable):\n");
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (table[i].flag && (table[i].group & groups))
            fprintf(to, "  %-12s %-10s %s\n", table[i].flag, table[i].metavar, table[i].help);
    fprintf(to, "\nEnvironment:\n");
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (table[i].group & groups)
            fprintf(to, "  %-26s %s\n", table[i].variable, table[i].help);
}

int settings_prepare(const settings *s)
{
    if (s->in_data_dir && mkdir(s->data_dir, 0700) != 0 && errno != EEXIST) {
        fprintf(stderr, "tripsage-server: TRIPSAGE_DATA_DIR: cannot make \"%s\": %s\n", s->data_dir, strerror(errno));
        return EXIT_CONFIG;
    }
    return 0;
}
