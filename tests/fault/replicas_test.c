/* fault/replicas_test.c: four servers over one PostgreSQL and one Redis, each in a network of its own, while clients write and read through all of
 * them. Servers are killed and stand still, PostgreSQL crashes, a server's connections to it are cut behind commits, what another hears of changes is
 * frozen and cut, Redis is frozen and killed. Then:
 *   - every call succeeded in the end, tried again at another server where one did not answer, or answered 503;
 *   - every write that was acknowledged is there, and none twice;
 *   - nothing older than the stated bound was given, and no right was left for longer than that after it was taken away.
 *
 * What is acknowledged was committed before, and a call begins after its client did: so between the clients' clocks, which are one, the bound holds
 * without any margin but the millisecond that both ends are cut to.
 *
 * It ends with 77 where networks cannot be made. */
#include <arpa/inet.h>
#include <check.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/chance.h"
#include "support/http_client.h"
#include "support/json.h"
#include "support/network.h"
#include "support/postgres.h"
#include "support/redis.h"
#include "support/wire.h"

/* Its own PostgreSQL (rig/rig.sh). */
#define RIG      TEST_RIG "r"
#define DIRECT   RIG "/direct"
#define DATABASE "replicas"

enum {
    SERVERS = 4,
    CLIENTS = 8,
    BOUND_MS = 500,
    PATIENCE_MS = 20000, /* until a call has to have succeeded */
    ANSWER_MS = 15000,   /* longer than a server waits for a connection to PostgreSQL */
    VERSIONS_MAX = 4096,
    TRIPS_MAX = 4096,
    SKIPPED = 77
};

/* The server whose word of changes goes through a wire, and the one whose calls do. */
enum { HARD_OF_HEARING = 2, CUT_OFF = 3 };

static int networks[SERVERS];
static http_server servers[SERVERS];
static atomic_int ports[SERVERS];
static test_redis redis;
static test_wire *news, *calls;
static const char *token, *guest_token, *guest;

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

/* What happens when, for who reads the log of a failure. */
static void tell(const char *what)
{
    static int64_t began;

    if (began == 0)
        began = now_ms();
    printf("%5.1f s: %s\n", (double)(now_ms() - began) / 1000, what);
    fflush(stdout);
}

/* ---- PostgreSQL ---- */

/* As rig.sh's parent: when this program ends, so does what it started. */
static void rig(const char *verb, const char *argument)
{
    pid_t child = fork();
    int result = -1;

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        execl(TRIPSAGE_SOURCE_DIR "/tests/rig/rig.sh", "rig.sh", verb, RIG, argument, (char *)NULL);
        _exit(127);
    }
    ck_assert_int_eq(waitpid(child, &result, 0), child);
    ck_assert_msg(result == 0, "rig.sh %s: %d", verb, result);
}

static void start_rig(void)
{
    rig("start", NULL);
}

static void stop_rig(void)
{
    rig("stop", NULL);
}

static void do_sql(const char *sql)
{
    PGconn *session = test_pg_connect(DIRECT, TEST_PG_SUPERUSER, "postgres");
    PGresult *result = PQexec(session, sql);

    ck_assert_msg(PQresultStatus(result) == PGRES_COMMAND_OK, "%s", PQerrorMessage(session));
    PQclear(result);
    PQfinish(session);
}

/* ---- the servers ---- */

static void launch(int i, int bound_ms)
{
#define URL_AT "postgresql:///" DATABASE "?user=" TEST_PG_OWNER "&host="
    const char *const variables[] = {
        test_format("DATABASE_URL=" URL_AT "%s", i == CUT_OFF ? test_wire_host(calls) : DIRECT),
        test_format("TRIPSAGE_DATABASE_LISTEN_URL=" URL_AT "%s", i == HARD_OF_HEARING ? test_wire_host(news) : DIRECT),
        test_format("TRIPSAGE_DATABASE_MAX_STALENESS_MS=%d", bound_ms),
        test_format("REDIS_URL=unix://%s", redis.path),
        "LOG_LEVEL=WARNING",
        "TRIPSAGE_RATE_LIMIT=off", /* they are asked as often as it goes */
        NULL};

    http_server_launch(&servers[i], TRIPSAGE_SERVER, variables, networks[i]);
}

static void await(int i)
{
    http_server_await(&servers[i]);
    atomic_store(&ports[i], servers[i].port);
}

static void kill_server(int i)
{
    ck_assert_int_eq(kill(servers[i].pid, SIGKILL), 0);
    ck_assert_int_eq(http_server_wait(&servers[i], NULL), 128 + SIGKILL);
}

/* Asks a server; on the test's own thread only. */
static http_answer *ask_server(int i, const char *as, const char *method, const char *path, const char *body)
{
    test_network_enter(networks[i]);
    return http_call(&servers[i], as, method, path, NULL, body);
}

static int is_ready(int i)
{
    return ask_server(i, NULL, "GET", "/health/ready", NULL)->status == 200;
}

static void until_ready(int i, int ready)
{
    for (int64_t end = now_ms() + PATIENCE_MS; is_ready(i) != ready; pause_ms(20))
        ck_assert_msg(now_ms() < end, "server %d does not become %s", i, ready ? "ready" : "unready");
}

/* All at once, on a database that is empty. */
static void set_up(void)
{
    do_sql("DROP DATABASE IF EXISTS " DATABASE " WITH (FORCE)");
    do_sql("CREATE DATABASE " DATABASE " TEMPLATE tripsage_template OWNER " TEST_PG_OWNER);
    test_redis_start(&redis, NULL);
    news = test_wire_open(DIRECT);
    calls = test_wire_open(DIRECT);
    for (int i = 0; i < SERVERS; i++)
        launch(i, BOUND_MS);
    for (int i = 0; i < SERVERS; i++)
        await(i);
    test_network_enter(networks[0]);
    token = http_register(&servers[0], "owner@example.org", NULL);
    guest_token = http_register(&servers[0], "guest@example.org", &guest);
}

static void tear_down(void)
{
    for (int i = 0; i < SERVERS; i++)
        ck_assert_int_eq(kill(servers[i].pid, SIGTERM), 0);
    for (int i = 0; i < SERVERS; i++)
        ck_assert_int_eq(http_server_wait(&servers[i], NULL), 0);
    test_wire_close(news);
    test_wire_close(calls);
    test_redis_close(&redis);
    test_keep_free();
}

/* ---- a client ---- */

typedef struct client {
    int index;
    uint64_t chance;
    int sockets[SERVERS]; /* kept between calls; -1 */
    char answer[64 * 1024];
    int64_t asked_at; /* the last try */
    int tries;        /* of the last call */

    char hot[40]; /* the trip that this client changes and all read */
    char made[TRIPS_MAX][40];
    int made_count;
    int64_t version; /* of the hot one */

    long calls, retries, refused, broken, unavailable, unknown, reads, too_old;
    int64_t oldest_ms;
} client;

static client clients[CLIENTS], sharer;
static atomic_int_fast64_t acknowledged_at[CLIENTS][VERSIONS_MAX]; /* by version of each hot trip; 0: not yet */
static int rounds_per_change;                                      /* of reading, 5 ms or so each */
static atomic_int ending, wrong;
static pthread_mutex_t complaining = PTHREAD_MUTEX_INITIALIZER;
static char complaint[1024]; /* the first */

__attribute__((format(printf, 2, 3))) static void complain(const client *c, const char *format, ...)
{
    va_list arguments;

    pthread_mutex_lock(&complaining);
    if (atomic_fetch_add(&wrong, 1) == 0) {
        int size = snprintf(complaint, sizeof complaint, "client %d: ", c->index);

        va_start(arguments, format);
        vsnprintf(complaint + size, sizeof complaint - (size_t)size, format, arguments);
        va_end(arguments);
    }
    pthread_mutex_unlock(&complaining);
}

static int open_socket(int i)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((in_port_t)atomic_load(&ports[i]))};
    const struct timeval patience = {ANSWER_MS / 1000, 0};
    int made, on = 1;

    test_network_enter(networks[i]);
    made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(made, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(made, (struct sockaddr *)&address, sizeof address) == 0)
        return made;
    close(made);
    return -1;
}

/* The value behind a header's name, up to the end of its line; NULL. */
static const char *field(const client *c, const char *name)
{
    const char *found = strcasestr(c->answer, name), *end = strstr(c->answer, "\r\n\r\n");

    return found && found < end ? found + strlen(name) : NULL;
}

/* A whole answer into c->answer: its status, or 0. */
static int take_answer(client *c, int from)
{
    size_t size = 0, wanted = sizeof c->answer - 1;

    while (size < wanted) {
        ssize_t got = recv(from, c->answer + size, wanted - size, 0);
        const char *end, *length;

        if (got <= 0)
            return 0;
        size += (size_t)got;
        c->answer[size] = '\0';
        end = strstr(c->answer, "\r\n\r\n");
        if (end && wanted == sizeof c->answer - 1) {
            length = field(c, "\r\nContent-Length: ");
            wanted = (size_t)(end + 4 - c->answer) + (length ? strtoul(length, NULL, 10) : 0);
        }
    }
    return (int)strtol(c->answer + strlen("HTTP/1.1 "), NULL, 10);
}

/* One try. 0: no answer. */
static int try_at(client *c, int i, const char *request)
{
    int status;

    c->asked_at = now_ms();
    if (c->sockets[i] < 0)
        c->sockets[i] = open_socket(i);
    if (c->sockets[i] < 0) {
        c->refused++;
        return 0;
    }
    status = send(c->sockets[i], request, strlen(request), MSG_NOSIGNAL) == (ssize_t)strlen(request)
                 ? take_answer(c, c->sockets[i])
                 : 0;
    c->broken += status == 0;
    if (status == 0 || field(c, "\r\nConnection: close")) {
        close(c->sockets[i]);
        c->sockets[i] = -1;
    }
    return status;
}

/* A try that another server may make good. */
static int is_to_be_tried_again(client *c, int status)
{
    if (status != 503)
        return status == 0;
    c->unavailable++;
    if (strstr(c->answer, "\"code\":\"OUTCOME_UNKNOWN\""))
        c->unknown++;
    else if (!strstr(c->answer, "\"code\":\"UNAVAILABLE\""))
        complain(c, "503 for another reason: %.900s", c->answer);
    if (!field(c, "\r\nRetry-After: "))
        complain(c, "503 without Retry-After: %.300s", c->answer);
    return 1;
}

/* A call: beginning at this server, or any one (-1), until it is answered. The status. */
static int ask(client *c, int i, const char *request)
{
    int64_t end = now_ms() + PATIENCE_MS;
    int status;

    if (i < 0)
        i = (int)test_draw(&c->chance, SERVERS);
    c->calls++;
    for (c->tries = 1; is_to_be_tried_again(c, status = try_at(c, i, request)); c->tries++) {
        if (now_ms() > end) {
            complain(c, "no answer after %d tries: %.60s", c->tries, request);
            break;
        }
        c->retries++;
        i = (i + 1) % SERVERS;
        pause_ms(c->tries < SERVERS ? 10 : 100);
    }
    return status;
}

static const char *compose(char out[2048], const char *method, const char *path, const char *as, const char *more,
                           const char *body)
{
    snprintf(out, 2048,
             "%s %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"
             "Content-Length: %zu\r\n%s\r\n%s",
             method, path, as, strlen(body), more, body);
    return out;
}

static void begin_client(client *c, int index)
{
    memset(c, 0, sizeof *c);
    c->index = index;
    c->chance = (uint64_t)index + 1;
    for (int i = 0; i < SERVERS; i++)
        c->sockets[i] = -1;
}

static void end_client(client *c)
{
    for (int i = 0; i < SERVERS; i++)
        if (c->sockets[i] >= 0)
            close(c->sockets[i]);
}

/* ---- what clients do ---- */

/* A trip, under a key that says which of this client's it is. Its id goes to `id`. */
static int create(client *c, char id[40], const char *title)
{
    char request[2048], key[128], body[256];
    const char *location;

    snprintf(key, sizeof key, "Idempotency-Key: \"%s\"\r\n", title);
    snprintf(body, sizeof body,
             "{\"title\":\"%s\",\"start_date\":\"2027-04-01\",\"end_date\":\"2027-04-05\","
             "\"destinations\":[{\"name\":\"Kyoto\"}]}",
             title);
    if (ask(c, -1, compose(request, "POST", "/api/trips", token, key, body)) != 201 ||
        !(location = field(c, "\r\nLocation: /api/trips/"))) {
        complain(c, "creating: %.300s", c->answer);
        return 0;
    }
    snprintf(id, 40, "%.36s", location);
    return 1;
}

static void make_one(client *c)
{
    char title[32];

    if (c->made_count == TRIPS_MAX)
        return;
    snprintf(title, sizeof title, "made %d-%d", c->index, c->made_count);
    if (create(c, c->made[c->made_count], title))
        c->made_count++;
}

static int64_t version_of(const client *c)
{
    const char *tag = field(c, "\r\nETag: \"");

    return tag ? strtoll(tag, NULL, 10) : 0;
}

/* What a read that was asked at that time has to be at least. */
static int64_t least_version(int hot, int64_t seen, int64_t asked_at)
{
    int64_t least = seen;

    for (int64_t v = seen + 1; v < VERSIONS_MAX; v++) {
        int64_t at = atomic_load(&acknowledged_at[hot][v]);

        if (at == 0 || at + BOUND_MS + 1 > asked_at)
            break;
        least = v;
    }
    return least;
}

/* The version that a server (-1: any) gives of a hot trip. */
static int64_t look(client *c, int i, int hot)
{
    char request[2048], path[64];
    int64_t version, next_at;

    snprintf(path, sizeof path, "/api/trips/%s", clients[hot].hot);
    if (ask(c, i, compose(request, "GET", path, token, "", "")) != 200) {
        complain(c, "reading: %.300s", c->answer);
        return 0;
    }
    version = version_of(c);
    c->reads++;
    c->too_old += least_version(hot, version, c->asked_at) > version;
    next_at = version + 1 < VERSIONS_MAX ? atomic_load(&acknowledged_at[hot][version + 1]) : 0;
    if (next_at && c->asked_at - next_at > c->oldest_ms)
        c->oldest_ms = c->asked_at - next_at;
    return version;
}

/* The one before may have been done although nobody said so; then the version has moved on, by one. */
static int was_done(client *c)
{
    int64_t end = now_ms() + PATIENCE_MS, version;

    do
        version = look(c, -1, c->index);
    while (version == c->version && now_ms() < end);
    return version == c->version + 1;
}

static void change_hot(client *c)
{
    char request[2048], path[64], condition[64], body[64];
    int status;

    if (c->version + 1 == VERSIONS_MAX)
        return;
    snprintf(path, sizeof path, "/api/trips/%s", c->hot);
    snprintf(condition, sizeof condition, "If-Match: \"%lld\"\r\n", (long long)c->version);
    snprintf(body, sizeof body, "{\"title\":\"hot %lld\"}", (long long)c->version + 1);
    status = ask(c, -1, compose(request, "PATCH", path, token, condition, body));
    if (status == 200 || (status == 412 && c->tries > 1 && was_done(c)))
        atomic_store(&acknowledged_at[c->index][++c->version], now_ms());
    else
        complain(c, "changing version %lld, %d tries: %.300s", (long long)c->version, c->tries, c->answer);
}

static void *work(void *client_)
{
    client *c = client_;

    for (int round = 0; !atomic_load(&ending); round++) {
        if (round % rounds_per_change == 0)
            make_one(c);
        if (round % rounds_per_change == rounds_per_change / 2)
            change_hot(c);
        look(c, -1, (int)test_draw(&c->chance, CLIENTS));
        pause_ms(2);
    }
    end_client(c);
    return NULL;
}

/* ---- rights ---- */

static void guest_looks(client *c, int i, int64_t taken_at)
{
    char request[2048], path[64];
    int status;

    snprintf(path, sizeof path, "/api/trips/%s", c->hot);
    status = ask(c, i, compose(request, "GET", path, guest_token, "", ""));
    c->reads++;
    if (status != 200 && status != 404)
        complain(c, "the guest: %.300s", c->answer);
    if (status != 200 || !taken_at)
        return;
    c->too_old += c->asked_at > taken_at + BOUND_MS + 1;
    if (c->asked_at - taken_at > c->oldest_ms)
        c->oldest_ms = c->asked_at - taken_at;
}

/* Gives a guest the right to look, lets every server remember what he saw, and takes it away. */
static void share_once(client *c)
{
    char request[2048], path[128], body[128];
    int64_t taken_at;
    int status;

    snprintf(path, sizeof path, "/api/trips/%s/share", c->hot);
    snprintf(body, sizeof body, "{\"user_emails\":[\"%s\"],\"permission_level\":\"view\"}", guest);
    if (ask(c, -1, compose(request, "POST", path, token, "", body)) != 200)
        complain(c, "sharing: %.300s", c->answer);
    for (int i = 0; i < 5 * SERVERS; i++)
        guest_looks(c, i % SERVERS, 0);
    snprintf(path, sizeof path, "/api/trips/%s/collaborators/%s", c->hot, guest);
    status = ask(c, -1, compose(request, "DELETE", path, token, "", ""));
    if (status != 204 && !(status == 404 && c->tries > 1))
        complain(c, "taking away: %.300s", c->answer);
    taken_at = now_ms();
    for (int i = 0; now_ms() < taken_at + BOUND_MS + 200; i++) {
        guest_looks(c, i % SERVERS, taken_at);
        pause_ms(2);
    }
    c->made_count++;
}

static void *share(void *client_)
{
    client *c = client_;

    while (!atomic_load(&ending))
        share_once(c);
    end_client(c);
    return NULL;
}

/* ---- the load ---- */

static pthread_t threads[CLIENTS + 1];

static void begin_load(int pace)
{
    tell("the load begins");
    rounds_per_change = pace;
    for (int i = 0; i < CLIENTS; i++) {
        begin_client(&clients[i], i);
        ck_assert_int_eq(create(&clients[i], clients[i].hot, test_format("hot trip %d", i)), 1);
        clients[i].version = version_of(&clients[i]);
        acknowledged_at[i][clients[i].version] = now_ms();
    }
    begin_client(&sharer, CLIENTS);
    ck_assert_int_eq(create(&sharer, sharer.hot, "shared"), 1);
    for (int i = 0; i < CLIENTS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &clients[i]), 0);
    ck_assert_int_eq(pthread_create(&threads[CLIENTS], NULL, share, &sharer), 0);
}

static client sum_up(void)
{
    client sum;

    memset(&sum, 0, sizeof sum);
    for (int i = 0; i <= CLIENTS; i++) {
        const client *c = i < CLIENTS ? &clients[i] : &sharer;

        sum.calls += c->calls;
        sum.retries += c->retries;
        sum.refused += c->refused;
        sum.broken += c->broken;
        sum.unavailable += c->unavailable;
        sum.unknown += c->unknown;
        if (i == CLIENTS)
            break;
        sum.made_count += c->made_count;
        sum.version += c->version - 1;
        sum.reads += c->reads;
        sum.too_old += c->too_old;
        if (c->oldest_ms > sum.oldest_ms)
            sum.oldest_ms = c->oldest_ms;
    }
    return sum;
}

static client end_load(void)
{
    client sum;

    atomic_store(&ending, 1);
    for (int i = 0; i <= CLIENTS; i++)
        pthread_join(threads[i], NULL);
    sum = sum_up();
    tell("the load ends");
    printf("%ld calls, of them %d creations and %lld changes; %ld tried again: %ld refused, %ld broken, %ld answered "
           "503 (%ld: outcome unknown)\n",
           sum.calls, sum.made_count, (long long)sum.version, sum.retries, sum.refused, sum.broken, sum.unavailable,
           sum.unknown);
    printf("%ld reads, %ld of them older than %d ms, the oldest %lld ms; %d rights taken away, %ld of %ld looks too "
           "late, the last after %lld ms\n",
           sum.reads, sum.too_old, BOUND_MS, (long long)sum.oldest_ms, sharer.made_count, sharer.too_old, sharer.reads,
           (long long)sharer.oldest_ms);
    fflush(stdout);
    return sum;
}

/* ---- what has to be there ---- */

static const char *value_of(PGconn *session, const char *sql, const char *parameter)
{
    PGresult *result = PQexecParams(session, sql, 1, NULL, &parameter, NULL, NULL, 0);
    const char *value;

    ck_assert_msg(PQresultStatus(result) == PGRES_TUPLES_OK, "%s", PQerrorMessage(session));
    value = PQntuples(result) == 1 ? test_format("%s", PQgetvalue(result, 0, 0)) : NULL;
    PQclear(result);
    return value;
}

/* As every creation succeeded in the end, there are as many rows as creations, each under the id that was acknowledged. */
static void nothing_is_lost(const client *sum)
{
    PGconn *session = test_pg_connect(DIRECT, TEST_PG_SUPERUSER, DATABASE);

    ck_assert_str_eq(value_of(session, "SELECT count(*) FROM tripsage.trip WHERE title LIKE $1", "made %"),
                     test_format("%d", sum->made_count));
    for (int i = 0; i < CLIENTS; i++) {
        const client *c = &clients[i];

        for (int n = 0; n < c->made_count; n++)
            ck_assert_str_eq(value_of(session, "SELECT title FROM tripsage.trip WHERE id = $1", c->made[n]),
                             test_format("made %d-%d", i, n));
        ck_assert_str_eq(value_of(session, "SELECT title || ', ' || version FROM tripsage.trip WHERE id = $1", c->hot),
                         test_format("hot %lld, %lld", (long long)c->version, (long long)c->version));
    }
    PQfinish(session);
}

/* ---- the tests ---- */

static void loses_a_server(int i, long away_ms)
{
    tell("a server is killed");
    kill_server(i);
    pause_ms(away_ms);
    launch(i, BOUND_MS);
    await(i);
    until_ready(i, 1);
    tell("it is back");
}

/* Longer than what it remembers is good for; then it goes on with the requests that came meanwhile, as after a pause of its machine. */
static void stands_still(int i)
{
    tell("a server stands still");
    ck_assert_int_eq(kill(servers[i].pid, SIGSTOP), 0);
    pause_ms(2 * BOUND_MS);
    ck_assert_int_eq(kill(servers[i].pid, SIGCONT), 0);
    pause_ms(300);
}

static void loses_postgresql(void)
{
    tell("PostgreSQL crashes");
    rig("halt", NULL);
    for (int i = 0; i < SERVERS; i++)
        until_ready(i, 0);
    tell("no server is ready");
    rig("restart", "immediate");
    tell("PostgreSQL is back");
    for (int i = 0; i < SERVERS; i++)
        until_ready(i, 1);
    tell("all servers are ready");
}

/* Behind commits, too, so that nobody but PostgreSQL knows that something was done. */
static void loses_answers(void)
{
    tell("a server does not get its answers");
    for (int i = 0; i < 100; i++) {
        test_wire_cut(calls, TEST_WIRE_AFTER, 1);
        pause_ms(20);
    }
    test_wire_cut(calls, TEST_WIRE_AFTER, 0);
}

static void hears_nothing(void)
{
    tell("a server hears nothing");
    test_wire_freeze(news, 1);
    pause_ms(3 * BOUND_MS);
    test_wire_freeze(news, 0);
    pause_ms(BOUND_MS);
    test_wire_cut_all(news);
    pause_ms(2 * BOUND_MS);
}

static void loses_redis(void)
{
    tell("Redis is frozen");
    test_redis_freeze(&redis);
    pause_ms(1500);
    for (int i = 0; i < SERVERS; i++)
        ck_assert(is_ready(i));
    test_redis_thaw(&redis);
    tell("Redis is killed");
    test_redis_kill(&redis);
    pause_ms(1000);
    test_redis_start_again(&redis);
}

START_TEST(nothing_is_lost_and_nothing_stays_old)
{
    client sum;

    for (int i = 0; i < SERVERS; i++)
        ANSWERS(200, ask_server(i, token, "GET", "/api/auth/me", NULL));
    begin_load(16);
    pause_ms(3000);
    loses_a_server(1, 2000);
    for (int i = 0; i < SERVERS; i++) {
        pause_ms(300);
        loses_a_server(i, 0);
    }
    pause_ms(500);
    stands_still(0);
    loses_postgresql();
    pause_ms(1500);
    tell("PostgreSQL crashes and is back at once");
    rig("restart", "immediate");
    pause_ms(1500);
    loses_answers();
    hears_nothing();
    loses_redis();
    pause_ms(1000);
    sum = end_load();
    ck_assert_msg(atomic_load(&wrong) == 0, "%d times: %s", atomic_load(&wrong), complaint);
    nothing_is_lost(&sum);
    ck_assert_int_eq(sum.too_old, 0);
    ck_assert_int_eq(sharer.too_old, 0);
    ck_assert_int_gt(sum.retries, 100);
    ck_assert_int_gt(sum.unknown, 0);
    ck_assert_int_gt(sum.made_count, 100);
    ck_assert_int_gt(sum.version, 100);
    ck_assert_int_gt(sharer.made_count, 5);
}
END_TEST

/* The same look at a server that was told to take it three times as easy. */
START_TEST(a_longer_bound_would_be_noticed)
{
    client sum;

    kill_server(HARD_OF_HEARING);
    launch(HARD_OF_HEARING, 3 * BOUND_MS);
    await(HARD_OF_HEARING);
    begin_load(128); /* a server forgets what it changes itself */
    pause_ms(1000);
    test_wire_freeze(news, 1);
    pause_ms(4 * BOUND_MS);
    test_wire_freeze(news, 0);
    sum = end_load();
    ck_assert_msg(atomic_load(&wrong) == 0, "%d times: %s", atomic_load(&wrong), complaint);
    ck_assert_int_gt(sum.too_old, 0);
    ck_assert_int_le(sum.oldest_ms, 3 * BOUND_MS + 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fault/replicas");
    TCase *tcase = tcase_create("replicas");
    const char *why;
    SRunner *runner;
    int failed;

    if (!test_network_allowed(&why)) {
        printf("no networks are to be had here: %s\n", why);
        return SKIPPED;
    }
    for (int i = 0; i < SERVERS; i++)
        networks[i] = test_network_make();
    tcase_add_unchecked_fixture(tcase, start_rig, stop_rig);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 240); /* sanitizers on a busy machine are slow */
    tcase_add_test(tcase, nothing_is_lost_and_nothing_stays_old);
    tcase_add_test(tcase, a_longer_bound_would_be_noticed);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
