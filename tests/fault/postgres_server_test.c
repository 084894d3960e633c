/* fault/postgres_server_test.c: what befalls PostgreSQL itself while threads write and read: it is restarted, it crashes, a standby takes
 * its place, its disk is full. The servers are this program's own (rig/rig.sh).
 *
 * Each writing thread keeps a book of what it was told of each trip, so that afterwards the tables show whether it was the truth:
 *   - what was acknowledged is there once,
 *   - what is unknown (TRIPSAGE_EUNKNOWN) is there once or not at all; with an idempotency key the thread asks again until it is
 *     acknowledged,
 *   - what failed otherwise is not there. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/postgres.h"
#include "support/threads.h"
#include "support/world.h"

#define SERVER     TEST_RIG "s"
#define DIRECT     SERVER "/direct"
#define STANDBY    SERVER "/standby"
#define DISK       SERVER ".disk"
#define PARAMETERS "&dbname=trips&user=" TEST_PG_APP "&pool_size=6"

enum { WRITERS = 5, READERS = 3, TRIPS_EACH = 20000 };

static tripsage *ts;
static tripsage_trips *trips;
static tripsage_actor *actor;

/* ---- the servers ---- */

/* Runs rig.sh, as its parent: when this program ends, so do the servers. */
static void rig(const char *verb, const char *argument)
{
    pid_t child = fork();
    int result = -1;

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        execl(TRIPSAGE_SOURCE_DIR "/tests/rig/rig.sh", "rig.sh", verb, SERVER, argument, (char *)NULL);
        _exit(127);
    }
    ck_assert_int_eq(waitpid(child, &result, 0), child);
    ck_assert_msg(result == 0, "rig.sh %s: %d", verb, result);
}

static void do_sql(const char *folder, const char *database, const char *sql)
{
    PGconn *session = test_pg_connect(folder, TEST_PG_SUPERUSER, database);
    PGresult *result = PQexec(session, sql);

    ck_assert_msg(PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK, "%s",
                  PQerrorMessage(session));
    PQclear(result);
    PQfinish(session);
}

static void start_servers(void)
{
    tripsage *owner = NULL;

    rig("start", NULL);
    do_sql(DIRECT, "postgres", "CREATE DATABASE trips TEMPLATE tripsage_template OWNER " TEST_PG_OWNER);
    OK(tripsage_open(&owner, "postgresql://?host=" DIRECT "&dbname=trips&user=" TEST_PG_OWNER, NULL));
    tripsage_close(owner);
}

static void stop_servers(void)
{
    rig("stop", NULL);
}

static void open_trips(const char *url, uint32_t wait_ms)
{
    tripsage_options options = TRIPSAGE_OPTIONS_INIT;

    options.busy_timeout_ms = wait_ms;
    OK(tripsage_open(&ts, url, &options));
    trips = tripsage_get_trips(ts);
    OK(tripsage_actor_user(&actor, OWNER_ID));
}

static void close_trips(void)
{
    test_docs_free();
    test_keep_free();
    tripsage_actor_free(actor);
    tripsage_close(ts);
    actor = NULL;
    ts = NULL;
}

static void sleep_ms(long ms)
{
    const struct timespec time = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&time, NULL);
}

/* ---- the load ---- */

typedef struct book {
    tripsage_status told[TRIPS_EACH]; /* of the trip with this number */
    int count;
} book;

typedef struct load {
    const char *name; /* of the test: the first word of its titles and keys */
    book books[WRITERS];
    const char *id; /* what is read */
    atomic_int stop, acknowledged, unknown, refused, read, unread;
    char sentence[300]; /* of a failure that should not have been */
    pthread_t thread;
} load;

static tripsage_status create(const char *title, const char *key)
{
    tripsage_write_options options = TRIPSAGE_WRITE_OPTIONS_INIT;
    tripsage_doc *doc = NULL;
    char json[256];
    tripsage_status status;

    snprintf(json, sizeof json,
             "{\"title\":\"%s\",\"start_date\":\"2026-11-02\",\"end_date\":\"2026-11-09\",\"destinations\":[{\"name\":"
             "\"Kyoto\"}]}",
             title);
    options.idempotency_key = key;
    status = tripsage_trip_create(&doc, trips, actor, json, TRIPSAGE_NUL, &options);
    tripsage_doc_free(doc);
    return status;
}

static void write_on(load *l, size_t index)
{
    book *own = &l->books[index];

    while (!atomic_load(&l->stop) && own->count < TRIPS_EACH) {
        char title[40], key[40];
        int number = own->count, keyed = number % 2;
        tripsage_status status;

        snprintf(title, sizeof title, "%s t%d n%d", l->name, (int)index, number);
        snprintf(key, sizeof key, "%s-%d-%d", l->name, (int)index, number);
        do {
            status = create(title, keyed ? key : NULL);
            atomic_fetch_add(status == TRIPSAGE_OK         ? &l->acknowledged
                             : status == TRIPSAGE_EUNKNOWN ? &l->unknown
                                                           : &l->refused,
                             1);
        } while (status == TRIPSAGE_EUNKNOWN && keyed);
        if (status != TRIPSAGE_OK && status != TRIPSAGE_EUNKNOWN)
            snprintf(l->sentence, sizeof l->sentence, "%d %s", status, tripsage_last_error()->message);
        own->told[number] = status;
        own->count++;
    }
}

static void read_on(load *l)
{
    while (!atomic_load(&l->stop)) {
        tripsage_doc *doc = NULL;
        tripsage_status status = tripsage_trip_get(&doc, trips, actor, l->id);

        tripsage_doc_free(doc);
        atomic_fetch_add(status == TRIPSAGE_OK ? &l->read : &l->unread, 1);
        if (status != TRIPSAGE_OK)
            snprintf(l->sentence, sizeof l->sentence, "%d %s", status, tripsage_last_error()->message);
    }
}

static void take_part(size_t index, void *context)
{
    if (index < WRITERS)
        write_on(context, index);
    else
        read_on(context);
}

static void *run_load(void *context)
{
    test_threads_run(WRITERS + READERS, take_part, context);
    return NULL;
}

static load *start_load(const char *name)
{
    load *l = calloc(1, sizeof *l);
    tripsage_doc *read = OK(tripsage_trip_create(OUT, trips, actor, TRIP_JSON, TRIPSAGE_NUL, NULL));

    ck_assert_ptr_nonnull(l);
    l->name = name;
    l->id = id_of(read);
    ck_assert_int_eq(pthread_create(&l->thread, NULL, run_load, l), 0);
    return l;
}

/* Waits for so many more answers of both kinds. */
static void wait_for_more(load *l, int writes, int reads)
{
    int written = atomic_load(&l->acknowledged) + writes, read = atomic_load(&l->read) + reads;

    for (int i = 0; i < 3000; i++) {
        if (atomic_load(&l->acknowledged) >= written && atomic_load(&l->read) >= read)
            return;
        sleep_ms(10);
    }
    atomic_store(&l->stop, 1);
    pthread_join(l->thread, NULL);
    ck_abort_msg("no answers any more: %d acknowledged, %d unknown, %d refused, %d read, %d not; %s", l->acknowledged,
                 l->unknown, l->refused, l->read, l->unread, l->sentence);
}

/* Compares what is in the tables with what the threads were told. */
static void check_books(const load *l, const char *folder)
{
    PGconn *session = test_pg_connect(folder, TEST_PG_SUPERUSER, "trips");
    PGresult *found = PQexec(session, test_format("SELECT split_part(title, ' t', 2), count(*) FROM tripsage.trip "
                                                  "WHERE title LIKE '%s t%%' GROUP BY title",
                                                  l->name));
    unsigned char *there = calloc(WRITERS, TRIPS_EACH);
    int lost = 0, twice = 0, false_alarms = 0;

    ck_assert_ptr_nonnull(there);
    ck_assert_int_eq(PQresultStatus(found), PGRES_TUPLES_OK);
    for (int i = 0; i < PQntuples(found); i++) {
        int thread, number;

        ck_assert_int_eq(sscanf(PQgetvalue(found, i, 0), "%d n%d", &thread, &number), 2);
        there[thread * TRIPS_EACH + number] = (unsigned char)atoi(PQgetvalue(found, i, 1));
    }
    for (int thread = 0; thread < WRITERS; thread++)
        for (int number = 0; number < l->books[thread].count; number++) {
            tripsage_status told = l->books[thread].told[number];
            int rows = there[thread * TRIPS_EACH + number];

            twice += rows > 1;
            lost += told == TRIPSAGE_OK && rows == 0;
            false_alarms += told != TRIPSAGE_OK && told != TRIPSAGE_EUNKNOWN && rows > 0;
        }
    free(there);
    PQclear(found);
    PQfinish(session);
    ck_assert_msg(lost + twice + false_alarms == 0,
                  "%d acknowledged and lost, %d there more than once, %d said to have failed and there", lost, twice,
                  false_alarms);
}

/* The pool has not grown, and is used. */
static void check_pool(const char *folder, int others)
{
    PGconn *session = test_pg_connect(folder, TEST_PG_SUPERUSER, "trips");
    PGresult *found = PQexec(session, "SELECT count(*) FROM pg_stat_activity WHERE usename = '" TEST_PG_APP "'");
    int count = atoi(PQgetvalue(found, 0, 0)) - others;

    PQclear(found);
    PQfinish(session);
    ck_assert_msg(count > 0 && count <= 6, "%d connections in a pool of 6", count);
}

/* `others`: connections of other handles. */
static void end_load(load *l, const char *folder, int others)
{
    atomic_store(&l->stop, 1);
    pthread_join(l->thread, NULL);
    printf("%-12s %5d written, %3d unknown, %3d refused; %5d read, %3d not\n", l->name, l->acknowledged, l->unknown,
           l->refused, l->read, l->unread);
    check_books(l, folder);
    check_pool(folder, others);
    free(l);
}

/* ---- restarts ---- */

static void restart_under_load(const char *mode)
{
    load *l;

    open_trips("postgresql://?host=" DIRECT PARAMETERS, 30000);
    l = start_load(mode);
    for (int i = 0; i < 2; i++) {
        wait_for_more(l, 100, 100);
        rig("restart", mode);
    }
    wait_for_more(l, 100, 100);
    /* A server that is back in time costs no call but those whose fate nobody knows. */
    ck_assert_msg(l->refused + l->unread == 0, "%s", l->sentence);
    end_load(l, DIRECT, 0);
    close_trips();
}

START_TEST(restarted)
{
    restart_under_load("fast");
}
END_TEST

START_TEST(crashed)
{
    restart_under_load("immediate");
}
END_TEST

/* ---- TLS ---- */

/* One that is free, and that the kernel gives to no client meanwhile. */
static int some_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    uint64_t seed = (uint64_t)getpid();
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), port;

    do {
        port = 20000 + (int)test_draw(&seed, 10000);
        address.sin_port = htons((uint16_t)port);
    } while (bind(listener, (struct sockaddr *)&address, sizeof address) != 0);
    close(listener);
    return port;
}

/* The farewell of the server is a TLS record, as is much that says nothing: an idle connection must not be taken for alive over it, and
 * the next write be lost in it. */
START_TEST(restarted_behind_tls)
{
    char port[12];

    snprintf(port, sizeof port, "%d", some_port());
    rig("tls", port);
    open_trips(test_format("postgresql://127.0.0.1:%s?sslmode=require" PARAMETERS, port), 10000);
    for (int i = 0; i < 2; i++) {
        OK(tripsage_trip_create(OUT, trips, actor, TRIP_JSON, TRIPSAGE_NUL, NULL));
        rig("restart", i ? "immediate" : "fast");
    }
    OK(tripsage_trip_create(OUT, trips, actor, TRIP_JSON, TRIPSAGE_NUL, NULL));
    close_trips();
}
END_TEST

/* ---- a standby ---- */

START_TEST(a_standby_takes_over)
{
    static const char both[] = "postgresql://?host=" DIRECT "," STANDBY "&target_session_attrs=read-write" PARAMETERS;
    tripsage *other = NULL;
    tripsage_options options = TRIPSAGE_OPTIONS_INIT;
    load *l;

    rig("standby", NULL);
    open_trips(both, 30000);
    l = start_load("promoted");
    wait_for_more(l, 100, 100);

    /* Who only knows the standby may read. */
    options.busy_timeout_ms = 500;
    OK(tripsage_open(&other, "postgresql://?host=" STANDBY PARAMETERS, &options));
    OK(tripsage_trip_get(OUT, tripsage_get_trips(other), actor, l->id));
    FAILS(TRIPSAGE_EREADONLY,
          tripsage_trip_create(OUT, tripsage_get_trips(other), actor, TRIP_JSON, TRIPSAGE_NUL, NULL));

    rig("halt", NULL);
    sleep_ms(300);
    rig("promote", NULL);
    wait_for_more(l, 100, 100);
    ck_assert_msg(l->refused + l->unread == 0, "%s", l->sentence);
    end_load(l, STANDBY, 1);

    /* And after the promotion, without being opened again, write. */
    OK(tripsage_trip_create(OUT, tripsage_get_trips(other), actor, TRIP_JSON, TRIPSAGE_NUL, NULL));
    tripsage_close(other);
    close_trips();
}
END_TEST

/* ---- a full disk ---- */

static int has_disk;

/* A small file system below the server, and one large file in it that takes what is left. */
static void start_servers_on_a_small_disk(void)
{
    if (mkdir(DISK, 0755) != 0 && errno != EEXIST)
        ck_abort_msg("mkdir: %s", strerror(errno));
    has_disk = mount("tmpfs", DISK, "tmpfs", 0, "size=256m,mode=0755") == 0;
    if (!has_disk) {
        printf("skipped: no file system may be mounted here: %s\n", strerror(errno));
        return;
    }
    setenv("TRIPSAGE_RIG_DATA", DISK "/data", 1);
    ck_assert_int_eq(mkdir(DISK "/data", 0700), 0);
    if (geteuid() == 0)
        ck_assert_int_eq(system("chown postgres: " DISK "/data"), 0);
    start_servers();
}

static void stop_servers_and_take_the_disk(void)
{
    if (has_disk)
        stop_servers();
    umount2(DISK, MNT_DETACH);
    rmdir(DISK);
}

/* Leaves so much of the disk. */
static void leave_room(long bytes)
{
    FILE *ballast = fopen(DISK "/ballast", "w");
    static const char block[4096] = "full";
    long size = 0;

    ck_assert_ptr_nonnull(ballast);
    setvbuf(ballast, NULL, _IONBF, 0);
    while (fwrite(block, 1, sizeof block, ballast) == sizeof block)
        size += (long)sizeof block;
    fclose(ballast);
    ck_assert_int_eq(truncate(DISK "/ballast", size > bytes ? size - bytes : 0), 0);
}

static void make_room(void)
{
    ck_assert_int_eq(unlink(DISK "/ballast"), 0);
}

static tripsage_status create_next(load *l)
{
    book *own = &l->books[0];
    char title[40];
    tripsage_status status;

    snprintf(title, sizeof title, "%s t0 n%d", l->name, own->count);
    status = create(title, NULL);
    own->told[own->count++] = status;
    l->acknowledged += status == TRIPSAGE_OK;
    return status;
}

/* Until a write fails; gives its status. */
static tripsage_status create_until_it_fails(load *l)
{
    tripsage_status status = TRIPSAGE_OK;

    while (status == TRIPSAGE_OK && l->books[0].count < TRIPS_EACH)
        status = create_next(l);
    return status;
}

START_TEST(a_full_disk)
{
    load *l = calloc(1, sizeof *l);
    int acknowledged;

    if (!has_disk)
        return;
    ck_assert_ptr_nonnull(l);
    l->name = "full";
    open_trips("postgresql://?host=" DIRECT PARAMETERS, 2000);
    l->id = id_of(OK(tripsage_trip_create(OUT, trips, actor, TRIP_JSON, TRIPSAGE_NUL, NULL)));
    do_sql(DIRECT, "trips", "CHECKPOINT"); /* the log has files to write to for a while */
    leave_room(0);
    for (int i = 0; i < 3; i++) {
        ck_assert_msg(create_until_it_fails(l) == TRIPSAGE_EFULL, "%s", test_error_text());
        SAME_TEXT(tripsage_last_error()->sqlstate, "53100");
        OK(tripsage_trip_get(OUT, trips, actor, l->id));
    }
    make_room();
    acknowledged = l->acknowledged;
    for (int i = 0; i < 50; i++)
        ck_assert_msg(create_next(l) == TRIPSAGE_OK, "%s", test_error_text());
    ck_assert_int_eq(l->acknowledged, acknowledged + 50);
    check_books(l, DIRECT);
    printf("%-12s %5d written, %3d refused\n", l->name, l->acknowledged, l->books[0].count - l->acknowledged);
    free(l);
    close_trips();
}
END_TEST

/* The server's log finds no room: it gives up, and cannot come back before there is. */
START_TEST(a_full_disk_below_the_log)
{
    load *l = calloc(1, sizeof *l);
    tripsage_status status = TRIPSAGE_OK;

    if (!has_disk)
        return;
    ck_assert_ptr_nonnull(l);
    l->name = "log";
    open_trips("postgresql://?host=" DIRECT PARAMETERS, 1000);
    OK(tripsage_trip_create(OUT, trips, actor, TRIP_JSON, TRIPSAGE_NUL, NULL));
    leave_room(1 << 20); /* less than one of the log's files */
    for (int i = 0; i < 200 && status == TRIPSAGE_OK; i++) {
        PGconn *session = test_pg_connect(DIRECT, TEST_PG_SUPERUSER, "trips");

        PQclear(PQexec(session, "SELECT pg_switch_wal()"));
        PQfinish(session);
        status = create_next(l);
    }
    ck_assert_msg(status == TRIPSAGE_EUNKNOWN || status == TRIPSAGE_EUNAVAILABLE, "%s", test_error_text());
    status = create_next(l);
    ck_assert_msg(status == TRIPSAGE_EUNKNOWN || status == TRIPSAGE_EUNAVAILABLE, "%s", test_error_text());
    make_room();
    rig("restart", "immediate");
    for (int i = 0; i < 100 && create_next(l) != TRIPSAGE_OK; i++) {
        status = tripsage_last_error()->status;
        ck_assert_msg(status == TRIPSAGE_EUNAVAILABLE || status == TRIPSAGE_EUNKNOWN, "%s", test_error_text());
        sleep_ms(100); /* who may not wait for the next attempt to connect is told so at once */
    }
    ck_assert_msg(create_next(l) == TRIPSAGE_OK, "%s", test_error_text());
    check_books(l, DIRECT);
    printf("%-12s %5d written, %3d not\n", l->name, l->acknowledged, l->books[0].count - l->acknowledged);
    free(l);
    close_trips();
}
END_TEST

static TCase *add_case(Suite *suite, const char *name, SFun start, SFun stop)
{
    TCase *tcase = tcase_create(name);

    tcase_add_unchecked_fixture(tcase, start, stop);
    tcase_set_timeout(tcase, 240);
    suite_add_tcase(suite, tcase);
    return tcase;
}

int main(void)
{
    Suite *suite = suite_create("fault/postgres_server");
    TCase *tcase = add_case(suite, "restart", start_servers, stop_servers);

    tcase_add_test(tcase, restarted);
    tcase_add_test(tcase, crashed);
    tcase_add_test(tcase, a_standby_takes_over); /* leaves its servers as they are */
    tcase = add_case(suite, "tls", start_servers, stop_servers);
    tcase_add_test(tcase, restarted_behind_tls);
    tcase = add_case(suite, "full", start_servers_on_a_small_disk, stop_servers_and_take_the_disk);
    tcase_add_test(tcase, a_full_disk);
    tcase_add_test(tcase, a_full_disk_below_the_log);
    return test_run(srunner_create(suite));
}
