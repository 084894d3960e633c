/* commands/serve.c: answers HTTP until SIGTERM or SIGINT.
 *
 * Signals are blocked in all threads and taken by the main one, with sigwait. At the first, readiness turns 503; after the delay that the
 * settings may ask for, in which a load balancer sees that, no connection is accepted any more; exchanges under way end, each with
 * "Connection: close"; then everything stops. A second one stops at once. Whatever happens, the process is gone ten seconds after the
 * delay: what supervisors wait before they kill. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "commands/commands.h"
#include "commands/open.h"
#include "commands/security.h"
#include "housekeeping.h"
#include "http.h"
#include "log.h"
#include "ratelimit.h"
#include "request.h"
#include "router.h"
#include "telemetry.h"
#include "tls.h"

/* 7 s for the exchanges under way; then their connections are shut down, and the last resort comes 9.5 s after the
 * signal. */
#define DRAIN_MAX_MS      7000
#define QUIET_MS          250 /* a client whose connection is kept asks again within less, or has no more to ask just now */
#define LAST_RESORT_S     9
#define LAST_RESORT_NS    500000000L
#define LOG_PATIENCE_US   300000
#define ADMIN_CONNECTIONS 8 /* probes of a load balancer and a person or two */

static void help(void)
{
    printf(
        "Usage: tripsage-server [serve] [options]\n\n"
        "Answers HTTP until SIGTERM or SIGINT. Without any setting it listens on http://127.0.0.1:8080 and keeps its\n"
        "database in ./data, which it makes.\n");
    settings_help(stdout, SETTINGS_DATABASE | SETTINGS_SERVER);
}

/* Each connection is a file descriptor; the soft limit is often 1,024. */
static void raise_file_limit(const settings *s)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)s->max_connections + 256; /* database, log, listeners, the connections too many */

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = limit.rlim_max == RLIM_INFINITY || limit.rlim_max > wanted ? wanted : limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < wanted)
        log_event(TRIPSAGE_LOG_WARN, "limits",
                  "only %llu files may be open: TRIPSAGE_MAX_CONNECTIONS %u is not to be had",
                  (unsigned long long)limit.rlim_cur, s->max_connections);
}

/* SIGHUP ends the process as ever, unless there is something to read anew. */
static void block_signals(sigset_t *signals, const settings *s)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, standard = {.sa_handler = SIG_DFL};

    sigemptyset(signals);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    if (s->tls_certificate)
        sigaddset(signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, signals, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGALRM, &standard, NULL);
}

/* ---- start ---- */

typedef struct serving {
    server server;
    http_listener *main, *admin;
    ticker *housekeeping;
} serving;

static http_listener *start_admin(server *s, int main_port)
{
    const settings *set = s->settings;
    http_options options = {.server = s, .host = set->admin_host, .connections = ADMIN_CONNECTIONS, .health_only = 1};

    options.port = set->admin_port != ADMIN_PORT_AUTO ? set->admin_port : set->port ? main_port + 1 : 0;
    return options.port <= 65535 ? http_start(&options) : NULL;
}

/* 0, or the exit status. A default admin port that is taken is worth a warning; one that was asked for must be had. */
static int start_listeners(serving *it)
{
    const settings *s = it->server.settings;
    http_options options = {.server = &it->server,
                            .host = s->host,
                            .port = s->port,
                            .connections = s->max_connections,
                            .health_only = 0,
                            .certificate = s->tls_certificate,
                            .key = s->tls_key};
    const char *open = strchr(s->host, ':') ? "[" : "", *close = *open ? "]" : "";

    it->main = http_start(&options);
    if (!it->main)
        return EXIT_FAILURE;
    if (s->admin_port != 0) {
        it->admin = start_admin(&it->server, http_port(it->main));
        if (!it->admin && s->admin_is_wanted)
            return EXIT_FAILURE;
    }
    if (it->admin)
        fprintf(stderr, "tripsage-server health on http://%s:%d\n", s->admin_host, http_port(it->admin));
    fprintf(stderr, "tripsage-server listening on http%s://%s%s%s:%d (database %s)\n", s->tls_certificate ? "s" : "",
            open, s->host, close, http_port(it->main), s->database_shown);
    return 0;
}

/* The project's keys are made at the first start. The secret one is shown once, so it is made where somebody reads along: not into a
 * log. */
static void tell_keys(tripsage *library)
{
    tripsage_actor *service = NULL;
    tripsage_doc *keys = NULL;
    const char *key;

    if (tripsage_actor_service(&service) != TRIPSAGE_OK ||
        tripsage_auth_key_defaults(&keys, tripsage_get_auth(library), service, isatty(STDERR_FILENO)) != TRIPSAGE_OK) {
        log_event(TRIPSAGE_LOG_WARN, "keys", "the project's API keys cannot be made: %s",
                  tripsage_last_error()->message);
    } else {
        fprintf(stderr, "tripsage-server publishable key %s\n", tripsage_doc_text(keys, "/publishable/key"));
        key = tripsage_doc_text(keys, "/secret/key");
        if (key)
            fprintf(stderr, "tripsage-server secret key %s (not shown again)\n", key);
    }
    tripsage_doc_free(keys);
    tripsage_actor_free(service);
}

static int start(serving *it, const settings *s)
{
    int status;

    it->server.settings = s;
    status = telemetry_open(&it->server.telemetry, s);
    if (status == 0)
        status = telemetry_prepare(&it->server);
    if (status == 0)
        status = open_library_watched(&it->server.library, s, MIGRATE_AS_SET, it->server.telemetry);
    if (status == 0)
        status = open_served_cache(&it->server.served_cache, s, it->server.telemetry);
    if (status)
        return status;
    status = limits_open(&it->server.limits, s, it->server.library, it->server.telemetry);
    if (status)
        return status;
    it->server.served_options = tripsage_config_cache_serve(s->config);
    it->server.router = router_new();
    it->server.openapi = openapi_document(&it->server.openapi_length);
    it->server.pool = pool_new(&it->server);
    if (!it->server.router || !it->server.openapi || !it->server.pool) {
        fprintf(stderr, "tripsage-server: no memory to start with\n");
        return EXIT_FAILURE;
    }
    status = start_listeners(it);
    if (status == 0 && !tripsage_config_options(s->config)->auth->public_key) /* a project's own */
        tell_keys(it->server.library);
    if (status == 0 && !(it->housekeeping = housekeeping_start(it->server.library)))
        log_event(TRIPSAGE_LOG_WARN, "purge", "no thread is to be had: nothing that is past its keeping is removed");
    return status;
}

/* ---- end ---- */

static void *last_resort(void *unused)
{
    const struct timespec rest = {LAST_RESORT_S, LAST_RESORT_NS};
    const struct itimerval patience = {.it_value = {0, LOG_PATIENCE_US}};

    (void)unused;
    nanosleep(&rest, NULL);
    setitimer(ITIMER_REAL, &patience, NULL); /* SIGALRM ends the process when the log takes nothing any more */
    log_event(TRIPSAGE_LOG_ERROR, "stop", "an exchange did not end in time; leaving without it");
    _exit(EXIT_FAILURE);
}

static void sleep_ms(long ms)
{
    const struct timespec rest = {ms / 1000, ms % 1000 * 1000000L};

    nanosleep(&rest, NULL);
}

static int is_the_end(int signal_number)
{
    return signal_number == SIGTERM || signal_number == SIGINT;
}

/* Waits until nobody is connected. Each answer ends its connection now, so those are left who have nothing to ask: once no exchange has
 * been under way for a quarter of a second, and no request lies unread, they are hung up on. */
static void drain(const serving *it, const sigset_t *signals)
{
    const struct timespec now = {0, 0};
    const int64_t until = clock_ms() + DRAIN_MAX_MS; /* by the clock: on a busy machine 10 ms of sleep are more */
    int quiet_ms = 0;

    while (clock_ms() < until && http_connected(it->main) && (quiet_ms < QUIET_MS || http_unread(it->main))) {
        sleep_ms(10);
        quiet_ms = http_active(it->main) ? 0 : quiet_ms + 10;
        if (is_the_end(sigtimedwait(signals, NULL, &now)))
            return;
    }
}

static void stop(serving *it)
{
    http_stop(it->main);
    http_stop(it->admin);
    ticker_stop(it->housekeeping);
    pool_free(it->server.pool);
    router_free(it->server.router);
    free(it->server.openapi);
    tripsage_cache_close(it->server.served_cache);
    limits_close(it->server.limits);
    tripsage_close(it->server.library);
    telemetry_close(&it->server);
}

/* While load balancers notice that it is not ready. 1 when another signal came: there is no time left. */
static int stay(const serving *it, const sigset_t *signals)
{
    const struct timespec delay = {it->server.settings->shutdown_delay_s, 0};

    if (!delay.tv_sec)
        return 0;
    log_event(TRIPSAGE_LOG_INFO, "stop", "not ready any more; accepting for %u s",
              it->server.settings->shutdown_delay_s);
    return is_the_end(sigtimedwait(signals, NULL, &delay));
}

static void wait_for_the_end(serving *it, const sigset_t *signals)
{
    pthread_t thread;
    int signal_number, hurried;

    while (sigwait(signals, &signal_number) != 0 || !is_the_end(signal_number))
        http_reload(it->main);
    it->server.draining = 1;
    hurried = stay(it, signals);
    if (pthread_create(&thread, NULL, last_resort, NULL) == 0)
        pthread_detach(thread);
    if (hurried)
        return;
    log_event(TRIPSAGE_LOG_INFO, "stop", "%s: no new connections, %d exchanges under way",
              signal_number == SIGINT ? "SIGINT" : "SIGTERM", http_active(it->main));
    http_refuse(it->main);
    drain(it, signals);
}

int command_serve(int argc, char **argv)
{
    settings s;
    serving it = {.main = NULL, .admin = NULL};
    sigset_t signals;
    int status = settings_read(&s, SETTINGS_DATABASE | SETTINGS_SERVER, argc, argv);

    if (status == 0 && s.help) {
        help();
        return 0;
    }
    if (status == 0)
        status = security_admit(&s);
    if (status == 0 && s.tls_certificate)
        status = tls_check(s.tls_certificate, s.tls_key);
    if (status)
        goto out;
    block_signals(&signals, &s);
    log_open(s.log_level, s.log_masks_clients);
    raise_file_limit(&s);
    status = start(&it, &s);
    if (status == 0)
        wait_for_the_end(&it, &signals);
    stop(&it);
    log_close();
out:
    settings_free(&s);
    return status;
}
