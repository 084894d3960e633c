/* settings.h: what the operator decides, from the environment and the command line.
 *
 * The library reads its own settings (tripsage/config.h); the server's are here. A flag wins over its environment variable, which wins
 * over a line of the file of variables, which wins over the default. Nothing has to be set: where no database is named it is
 * $TRIPSAGE_DATA_DIR/tripsage.db. A wrong value stops the program with the setting's name and what was expected. */
#ifndef SERVER_SETTINGS_H
#define SERVER_SETTINGS_H

#include <stddef.h>
#include <stdio.h>
#include <tripsage/config.h>
#include <tripsage/limit.h>
#include <tripsage/runtime.h>

#include "client.h"

#define EXIT_USAGE  64 /* EX_USAGE of sysexits.h: the command line is wrong */
#define EXIT_CONFIG 78 /* EX_CONFIG: a setting is wrong */

#define ADMIN_PORT_AUTO (-1)
#define ORIGINS_MAX     32 /* front ends of one deployment; each request compares with all of them */

#define EXEMPT_MAX 64 /* networks of one's own; each request that is limited looks at all of them */

#define SERVER_SETTINGS_MAX 64 /* there are fewer */

/* AUTO: on where others can reach the server, see ratelimit.c. */
typedef enum limits_mode { LIMITS_AUTO, LIMITS_OFF, LIMITS_ON, LIMITS_SHADOW } limits_mode;

/* AUTO: on where there is a token for them, else to the admin port alone. */
typedef enum metrics_mode { METRICS_AUTO, METRICS_OFF, METRICS_ADMIN, METRICS_ON } metrics_mode;

typedef struct settings {
    tripsage_environment *variables; /* of the process, and of the file below them */
    const char *env_file;            /* NULL: .env where there is one */
    tripsage_config *config;         /* the library's settings */
    const char *database_flag;       /* --database; NULL: not given */
    const char *database_url;        /* what tripsage_open takes */
    const char *database_shown;      /* the same without its password */
    char data_dir_url[600];          /* "": a database is named; else it is this one, in data_dir */
    char data_dir[512];
    char host[256];
    const char *tls_certificate, *tls_key; /* files; NULL: without TLS */
    int port;                              /* 0: any free one */
    int admin_port;                        /* 0: off; ADMIN_PORT_AUTO: the one after `port` */
    char admin_host[256];
    int admin_is_wanted; /* its port or its address was said */
    metrics_mode metrics;
    int log_masks_clients; /* 1: no whole addresses of people in the log, of machines or of mail */
    unsigned max_connections;
    unsigned request_timeout_s;   /* for a client to send a request, and again to take its answer */
    unsigned shutdown_delay_s;    /* between "not ready" and the end of accepting */
    tripsage_log_level log_level; /* 0: not set */
    int debug;
    const char *environment; /* "production" */
    char origin_text[4096];
    const char *origins[ORIGINS_MAX]; /* point into origin_text */
    size_t origin_count;
    int is_https; /* browsers reach this server by TLS and no other way: its own, or a proxy's, as API_EXTERNAL_URL says */
    int credentials; /* those origins may send cookies and the like along */
    limits_mode rate_limit;
    const char *rate_limit_default, *rate_limit_routes; /* see ratelimit.h; NULL: not set */
    struct {
        int set;
        long most;
    } rate_limit_windows[3]; /* of a minute, an hour, a day: RATE_LIMIT_REQUESTS_PER_... */
    char rate_limit_text[64];
    tripsage_limit_away rate_limit_away;
    network exempt[EXEMPT_MAX];
    size_t exempt_count;
    const char *exempt_text;
    unsigned proxies;          /* in front, whose word about their caller is taken */
    int proxies_say_forwarded; /* in RFC 7239's field; else in X-Forwarded-For */
    struct {
        const char *source, *value; /* NULL: not set */
    } given[SERVER_SETTINGS_MAX];   /* by place in the table of settings.c */
    int help;                       /* --help was asked for: nothing else was looked at */
} settings;

/* Which flags a command takes. */
enum { SETTINGS_DATABASE = 1, SETTINGS_SERVER = 2 };

/* The value of a variable, of the process or of the file; NULL when it is not set. For what reads variables of its own. */
const char *settings_variable(const settings *s, const char *name);

/* Reads environment and arguments (those after the command's name), which have to stay as they are. 0, or the exit status after a
 * sentence on stderr. Free with settings_free in any case. */
int settings_read(settings *out, unsigned groups, int argc, char **argv);

/* Prints what holds, without secrets: as text, or as JSON {"library":<tripsage_config_explain>,"server":[{"name","value","source"}],
 * "file":{"path","variables"}|null,"foreign":[{"name","why"}]}. A source is NULL where the value is the default. 0, or the exit status after a
 * sentence on stderr. */
int settings_explain(const settings *s, unsigned groups, int as_json);

void settings_free(settings *s);

/* The flags and variables of these groups, one a line. */
void settings_help(FILE *to, unsigned groups);

/* Makes the data directory when the database lies in it. 0, or the exit status after a sentence on stderr. */
int settings_prepare(const settings *s);

#endif
