/* fault/postgres_test.c: what a call answers, and what has become of its work, when a connection to PostgreSQL breaks, when none is to be
 * had, and when the server refuses. Between the library and the server stands a proxy that breaks what a test says.
 *
 * Most tests write rows of a table that only they know, each under a name, so that what was done can be counted past the library. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "store/store.h"
#include "support/postgres.h"
#include "support/threads.h"
#include "support/wire.h"
#include "support/world.h"

enum { THREADS = 8 };

static test_wire *wire;
static tripsage__store *store;

/* ---- the stage ---- */

static void set_up(void)
{
    wire = test_wire_open(TEST_PG_DIRECT);
    setenv("TRIPSAGE_TEST_URL",
           test_format("postgresql://?host=%s&dbname={db}&user=" TEST_PG_APP "&pool_size=4", test_wire_host(wire)), 1);
    world_open();
    test_pg_exec(TEST_PG_SUPERUSER,
                 "CREATE TABLE tripsage.deed (id bigint GENERATED ALWAYS AS IDENTITY, name text, number bigint);"
                 "CREATE UNIQUE INDEX ON tripsage.deed (name) WHERE number IS NOT NULL;"
                 "GRANT SELECT, INSERT, UPDATE ON tripsage.deed TO authenticated, service_role;"
                 "INSERT INTO tripsage.deed (name, number) VALUES ('counter', 0)");
}

static void tear_down(void)
{
    tripsage__store_release(store);
    store = NULL;
    world_close();
    test_wire_close(wire);
}

/* Opens the world's database once more, with parameters of its own. */
static void open_store(const char *parameters, uint32_t wait_ms)
{
    const tripsage__store_options options = {.busy_timeout_ms = wait_ms};

    ck_assert_ptr_null(store);
    OK(tripsage__store_open(&store, test_format("%s%s", world->url, parameters), &options));
}

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void sleep_ms(long ms)
{
    const struct timespec time = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&time, NULL);
}

/* ---- deeds ---- */

static const tripsage__statement put = {"fault_put", "INSERT INTO deed (name) VALUES ($1)", NULL};
static const tripsage__statement get = {"fault_get", "SELECT count(*) FROM deed WHERE name = $1", NULL};
static const tripsage__statement rest = {"fault_rest", "SELECT pg_sleep($1::double precision)::text", NULL};
static const tripsage__statement add = {"fault_add", "UPDATE deed SET number = number + 1 WHERE name = $1", NULL};
static const tripsage__statement look = {"fault_look", "SELECT number FROM deed WHERE name = $1", NULL};

static tripsage_status take_number(void *context, const tripsage__row *row)
{
    *(int64_t *)context = tripsage__row_int(row, 0);
    return TRIPSAGE_OK;
}

static tripsage_status put_deed(const char *name)
{
    const tripsage__value param = tripsage__text(name);
    const tripsage__step step = {.statement = &put, .params = &param, .param_count = 1};

    return tripsage__store_write(store, world->owner, &step, 1);
}

static tripsage_status get_deeds(int64_t *out, const char *name)
{
    const tripsage__value param = tripsage__text(name);
    const tripsage__step step = {&get, &param, 1, NULL, take_number, out, NULL};

    *out = -1;
    return tripsage__store_read(store, world->owner, &step, 1);
}

/* Two statements under one snapshot. */
static tripsage_status get_deeds_twice(int64_t *out, const char *name)
{
    const tripsage__value param = tripsage__text(name);
    int64_t again = -1;
    const tripsage__step steps[] = {{&get, &param, 1, NULL, take_number, out, NULL},
                                    {&get, &param, 1, NULL, take_number, &again, NULL}};
    tripsage_status status;

    *out = -1;
    status = tripsage__store_read(store, world->owner, steps, 2);
    return status == TRIPSAGE_OK && again != *out ? TRIPSAGE_EINTERNAL : status;
}

static tripsage_status rest_for(double seconds)
{
    const tripsage__value param = tripsage__real(seconds);
    const tripsage__step step = {.statement = &rest, .params = &param, .param_count = 1};

    return tripsage__store_read(store, world->owner, &step, 1);
}

typedef struct queue {
    atomic_int next, wrong, busy;
} queue;

/* Four at once open four connections. */
static void rest_a_moment(size_t index, void *context)
{
    queue *q = context;

    (void)index;
    if (rest_for(0.15) != TRIPSAGE_OK)
        atomic_fetch_add(&q->wrong, 1);
}

/* The rows under a name, asked for past the library and the proxy. */
static int there(const char *name)
{
    return atoi(
        test_pg_text(TEST_PG_SUPERUSER, test_format("SELECT count(*) FROM tripsage.deed WHERE name = '%s'", name)));
}

/* A failure that later successes must leave alone. */
static void leave_an_error(void)
{
    tripsage_doc *doc = NULL;

    ck_assert_int_eq(tripsage_trip_get(&doc, world->trips, world->owner, NO_SUCH_ID), TRIPSAGE_ENOTFOUND);
}

static void check_error_was_left(void)
{
    ck_assert_msg(tripsage_last_error()->status == TRIPSAGE_ENOTFOUND, "a call that succeeded left: %s",
                  test_error_text());
}

/* ---- cut ---- */

START_TEST(a_read_is_answered_in_spite_of_a_cut)
{
    int64_t count;

    open_store("", 5000);
    OK(put_deed("one"));
    leave_an_error();
    for (test_wire_moment moment = TEST_WIRE_BEFORE; moment <= TEST_WIRE_LATE; moment++) {
        test_wire_cut(wire, moment, 1);
        OK(get_deeds(&count, "one"));
        ck_assert_int_eq(count, 1);
        test_wire_cut(wire, moment, 1);
        OK(get_deeds_twice(&count, "one"));
        ck_assert_int_eq(count, 1);
    }
    check_error_was_left();
}
END_TEST

/* Nobody can know; here the proxy does. */
START_TEST(a_write_cut_before_it_arrives_is_unknown_and_not_there)
{
    open_store("", 5000);
    OK(put_deed("warm"));
    test_wire_cut(wire, TEST_WIRE_BEFORE, 1);
    FAILS(TRIPSAGE_EUNKNOWN, put_deed("one"));
    ck_assert_int_eq(there("one"), 0);
    OK(put_deed("one"));
    ck_assert_int_eq(there("one"), 1);
}
END_TEST

START_TEST(a_write_cut_after_its_commit_is_unknown_and_there_once)
{
    open_store("", 5000);
    OK(put_deed("warm"));
    test_wire_cut(wire, TEST_WIRE_AFTER, 1);
    FAILS(TRIPSAGE_EUNKNOWN, put_deed("one"));
    ck_assert_int_eq(there("one"), 1);
    test_wire_cut(wire, TEST_WIRE_AMID, 1);
    FAILS(TRIPSAGE_EUNKNOWN, put_deed("two"));
    ck_assert_int_eq(there("two"), 1);
}
END_TEST

/* COMMIT was answered, so there is nothing that one could not know. */
START_TEST(a_write_cut_behind_the_answer_to_its_commit_is_done)
{
    open_store("&pool_size=1", 5000);
    OK(put_deed("warm"));
    leave_an_error();
    test_wire_cut(wire, TEST_WIRE_LATE, 1);
    OK(put_deed("one"));
    OK(put_deed("one"));
    ck_assert_int_eq(there("one"), 2);
    check_error_was_left();
}
END_TEST

/* What ended the transaction was told before the connection broke. */
START_TEST(what_was_refused_is_not_unknown)
{
    static const tripsage__statement bad = {"fault_bad", "INSERT INTO deed (name, number) VALUES ('counter', 1)", NULL};
    const tripsage__value param = tripsage__text("one");
    const tripsage__step steps[] = {{.statement = &bad},
                                    {.statement = &put, .params = &param, .param_count = 1},
                                    {.statement = &put, .params = &param, .param_count = 1}};

    open_store("", 5000);
    OK(put_deed("warm"));
    test_wire_cut(wire, TEST_WIRE_LATE, 1);
    FAILS(TRIPSAGE_EEXISTS, tripsage__store_write(store, world->owner, steps, 3));
    SAME_TEXT(tripsage_last_error()->sqlstate, "23505");
    ck_assert_int_eq(there("one"), 0);
    OK(put_deed("one"));
}
END_TEST

/* However long it took before it was cut: it still gets a connection to be asked again. */
START_TEST(a_slow_read_is_asked_again_too)
{
    open_store("&pool_size=1", 200);
    OK(put_deed("warm"));
    test_wire_cut(wire, TEST_WIRE_AFTER, 1);
    OK(rest_for(0.5));
}
END_TEST

static tripsage_status create_keyed(tripsage_doc **doc, const char *key)
{
    tripsage_write_options options = TRIPSAGE_WRITE_OPTIONS_INIT;

    options.idempotency_key = key;
    return tripsage_trip_create(doc, world->trips, world->owner, TRIP_JSON, TRIPSAGE_NUL, &options);
}

START_TEST(a_retry_with_the_same_key_gives_the_same_trip)
{
    OK(create_keyed(OUT, "warm"));
    for (test_wire_moment moment = TEST_WIRE_BEFORE; moment <= TEST_WIRE_AMID; moment++) {
        const char *key = test_format("key-%d", (int)moment);
        tripsage_doc *again;
        const char *id;

        test_wire_cut(wire, moment, 1);
        FAILS(TRIPSAGE_EUNKNOWN, create_keyed(OUT, key));
        ck_assert_int_eq(tripsage_status_http(TRIPSAGE_EUNKNOWN), 503);
        again = OK(create_keyed(OUT, key));
        ck_assert_int_eq(tripsage_doc_replayed(again), moment != TEST_WIRE_BEFORE);
        id = id_of(again);
        SAME_TEXT(id_of(OK(create_keyed(OUT, key))), id);
    }
    SAME_TEXT(test_pg_text(TEST_PG_SUPERUSER, "SELECT count(*) FROM tripsage.trip"), "4");
}
END_TEST

/* ---- a server that is away ---- */

typedef struct crowd {
    atomic_int stop, answered, failed, odd; /* odd: failed in another way than it may */
} crowd;

static void write_until_told(size_t index, void *context)
{
    crowd *c = context;

    (void)index;
    while (!atomic_load(&c->stop)) {
        tripsage_status status = put_deed("crowd");

        atomic_fetch_add(status == TRIPSAGE_OK ? &c->answered : &c->failed, 1);
        if (status != TRIPSAGE_OK && status != TRIPSAGE_EUNAVAILABLE && status != TRIPSAGE_EUNKNOWN)
            atomic_fetch_add(&c->odd, 1);
    }
}

static void *run_crowd(void *context)
{
    test_threads_run(THREADS, write_until_told, context);
    return NULL;
}

static int wait_for_answers(crowd *c, int more, int64_t ms)
{
    int want = atomic_load(&c->answered) + more;

    for (int64_t end = now_ms() + ms; now_ms() < end && atomic_load(&c->answered) < want;)
        sleep_ms(10);
    return atomic_load(&c->answered) >= want;
}

/* However many calls failed meanwhile: none of them may put off the next attempt to connect. */
START_TEST(an_outage_under_load_is_over_soon_after_its_end)
{
    crowd c = {0};
    pthread_t thread;

    open_store("", 300);
    ck_assert_int_eq(pthread_create(&thread, NULL, run_crowd, &c), 0);
    ck_assert(wait_for_answers(&c, 50, 10000));
    test_wire_refuse(wire, 1);
    test_wire_cut_all(wire);
    sleep_ms(2500);
    test_wire_refuse(wire, 0);
    if (!wait_for_answers(&c, 50, 8000))
        fprintf(stderr, "%d answered, %d failed\n", atomic_load(&c.answered), atomic_load(&c.failed));
    int recovered = wait_for_answers(&c, 1, 1000);
    atomic_store(&c.stop, 1);
    pthread_join(thread, NULL);
    ck_assert(recovered);
    ck_assert_int_eq(c.odd, 0);
    ck_assert_int_gt(c.failed, 0);
    ck_assert_int_le(c.answered, there("crowd"));
    ck_assert_int_le(there("crowd"), c.answered + c.failed);
}
END_TEST

static void *accept_again(void *context)
{
    (void)context;
    sleep_ms(700);
    test_wire_refuse(wire, 0);
    return NULL;
}

/* A call that waited for the server and got it. */
START_TEST(a_call_waits_for_a_server_that_comes_back)
{
    pthread_t thread;
    int64_t count;

    open_store("", 10000);
    OK(put_deed("one"));
    for (int writes = 0; writes < 2; writes++) {
        leave_an_error();
        test_wire_refuse(wire, 1);
        test_wire_cut_all(wire);
        ck_assert_int_eq(pthread_create(&thread, NULL, accept_again, NULL), 0);
        OK(writes ? put_deed("one") : get_deeds(&count, "one"));
        pthread_join(thread, NULL);
        check_error_was_left();
    }
    ck_assert_int_eq(there("one"), 2);
}
END_TEST

START_TEST(a_server_that_stays_away_is_unavailable)
{
    int64_t count, begin;

    open_store("", 500);
    OK(put_deed("one"));
    test_wire_refuse(wire, 1);
    test_wire_cut_all(wire);
    begin = now_ms();
    FAILS(TRIPSAGE_EUNAVAILABLE, put_deed("one"));
    FAILS(TRIPSAGE_EUNAVAILABLE, get_deeds(&count, "one"));
    ck_assert_ptr_nonnull(strstr(tripsage_last_error()->message, "cannot be reached"));
    ck_assert_int_lt(now_ms() - begin, 8000); /* not the ten seconds of each that are the default */
    ck_assert_int_eq(there("one"), 1);
}
END_TEST

/* Nothing comes back, and nobody says that it will not. */
START_TEST(silence_is_not_waited_for_again_and_again)
{
    queue q = {0};
    int64_t count, begin;

    open_store("&statement_timeout_ms=200", 1000);
    test_threads_run(4, rest_a_moment, &q);
    OK(put_deed("one"));
    test_wire_freeze(wire, 1);
    begin = now_ms();
    FAILS(TRIPSAGE_EUNAVAILABLE, get_deeds(&count, "one"));
    ck_assert_int_lt(now_ms() - begin, 8000);
    test_wire_freeze(wire, 0);
    OK(get_deeds(&count, "one"));
}
END_TEST

/* ---- whether it can be reached ---- */

enum { PING_MS = 3000 }; /* two seconds, and what a busy machine takes */

static tripsage_status ping(void)
{
    int64_t begin = now_ms();
    tripsage_status status = tripsage__store_ping(store);

    ck_assert_int_lt(now_ms() - begin, PING_MS);
    return status;
}

static void until_it_answers(void)
{
    for (int64_t end = now_ms() + 8000; ping() != TRIPSAGE_OK; sleep_ms(20))
        ck_assert_int_lt(now_ms(), end);
}

static void *rest_long(void *status)
{
    *(tripsage_status *)status = rest_for(4);
    return NULL;
}

/* Whoever watches over a server wants to know now, whatever a call may wait. */
START_TEST(a_ping_waits_for_two_seconds_at_most)
{
    tripsage_status rested;
    pthread_t thread;

    open_store("&pool_size=1", 10000);
    OK(ping());
    test_wire_freeze(wire, 1);
    FAILS(TRIPSAGE_EUNAVAILABLE, ping());
    test_wire_freeze(wire, 0);
    until_it_answers();

    test_wire_refuse(wire, 1);
    test_wire_cut_all(wire);
    for (int64_t end = now_ms() + 6000; now_ms() < end; sleep_ms(50))
        FAILS(TRIPSAGE_EUNAVAILABLE, ping());
    test_wire_refuse(wire, 0);
    until_it_answers();

    ck_assert_int_eq(pthread_create(&thread, NULL, rest_long, &rested), 0);
    sleep_ms(500);
    FAILS(TRIPSAGE_EBUSY, ping());
    pthread_join(thread, NULL);
    ck_assert_int_eq(rested, TRIPSAGE_OK);
    OK(ping());
}
END_TEST

/* ---- reads that share a round trip ---- */

static void read_often(size_t index, void *context)
{
    crowd *c = context;
    int64_t count;

    (void)index;
    for (int i = 0; i < 150; i++) {
        tripsage_status status = get_deeds(&count, "one");

        atomic_fetch_add(status == TRIPSAGE_OK && count == 1 ? &c->answered : &c->failed, 1);
    }
}

static void *cut_again_and_again(void *context)
{
    crowd *c = context;

    for (int i = 0; !atomic_load(&c->stop); i++) {
        test_wire_cut(wire, (test_wire_moment)(i % 3), 3);
        sleep_ms(3);
    }
    test_wire_cut(wire, TEST_WIRE_BEFORE, 0);
    return NULL;
}

START_TEST(followers_of_a_read_that_was_cut_are_answered)
{
    crowd c = {0};
    pthread_t thread;

    open_store("", 10000);
    OK(put_deed("one"));
    ck_assert_int_eq(pthread_create(&thread, NULL, cut_again_and_again, &c), 0);
    test_threads_run(THREADS, read_often, &c);
    atomic_store(&c.stop, 1);
    pthread_join(thread, NULL);
    ck_assert_int_eq(c.failed, 0);
    ck_assert_int_eq(c.answered, THREADS * 150);
}
END_TEST

/* One of them is refused, after a time in which the others lose patience; these are not, and leave no error behind. */
static void read_or_divide(size_t index, void *context)
{
    static const tripsage__statement divide = {"fault_divide", "SELECT 1 / $1 FROM pg_sleep(0.002)", NULL};
    const tripsage__value zero = tripsage__int(0);
    const tripsage__step step = {.statement = &divide, .params = &zero, .param_count = 1};
    crowd *c = context;
    int64_t count;

    if (index > 0)
        leave_an_error();
    for (int i = 0; i < 150; i++)
        if (index == 0 ? tripsage__store_read(store, world->owner, &step, 1) != TRIPSAGE_EINVALID
                       : get_deeds(&count, "one") != TRIPSAGE_OK)
            atomic_fetch_add(&c->failed, 1);
    if (index > 0 && tripsage_last_error()->status != TRIPSAGE_ENOTFOUND)
        atomic_fetch_add(&c->odd, 1);
}

START_TEST(a_refusal_is_its_own_reads_only)
{
    crowd c = {0};

    open_store("", 10000);
    OK(put_deed("one"));
    test_threads_run(THREADS, read_or_divide, &c);
    ck_assert_int_eq(c.failed, 0);
    ck_assert_int_eq(c.odd, 0);
}
END_TEST

/* ---- the pool ---- */

static tripsage_status put_slowly(const char *name, double seconds)
{
    const tripsage__value params[] = {tripsage__text(name), tripsage__real(seconds)};
    const tripsage__step steps[] = {{.statement = &put, .params = &params[0], .param_count = 1},
                                    {.statement = &rest, .params = &params[1], .param_count = 1}};

    return tripsage__store_write(store, world->owner, steps, 2);
}

/* Writes, since reads go together; long enough for each to be seen ending before the next one does. */
static void wait_in_turn(size_t index, void *context)
{
    static const char *const names[] = {"first", "second", "third", "fourth", "fifth", "sixth"};
    queue *q = context;

    sleep_ms(200 * (long)index);
    if (put_slowly(names[index], index == 0 ? 1.6 : 0.1) != TRIPSAGE_OK)
        atomic_fetch_add(&q->busy, 1);
    if (atomic_fetch_add(&q->next, 1) != (int)index)
        atomic_fetch_add(&q->wrong, 1);
}

START_TEST(who_waits_for_a_connection_is_served_in_order)
{
    queue q = {0};

    open_store("&pool_size=1", 10000);
    OK(put_deed("warm"));
    test_threads_run(6, wait_in_turn, &q);
    ck_assert_int_eq(q.busy, 0);
    ck_assert_int_eq(q.wrong, 0);
}
END_TEST

static void rest_or_write(size_t index, void *context)
{
    queue *q = context;
    int64_t begin;
    tripsage_status status;

    if (index < 2) {
        if (rest_for(3) != TRIPSAGE_OK)
            atomic_fetch_add(&q->wrong, 1);
        return;
    }
    sleep_ms(500);
    begin = now_ms();
    status = put_deed("one");
    if (status == TRIPSAGE_EBUSY && now_ms() - begin >= 500 && now_ms() - begin < 2400 &&
        strstr(tripsage_last_error()->message, "all 2 connections to PostgreSQL stayed in use for 500 ms"))
        atomic_fetch_add(&q->busy, 1);
    else
        atomic_fetch_add(&q->wrong, 1);
}

/* Connections of the store's, as the server counts them. */
static int sessions(void)
{
    return atoi(test_pg_text(TEST_PG_SUPERUSER,
                             "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                             "AND usename = '" TEST_PG_APP "'"));
}

START_TEST(a_pool_that_stays_in_use_is_busy)
{
    queue q = {0};
    int before = sessions();

    open_store("&pool_size=2", 500);
    OK(put_deed("warm"));
    test_threads_run(6, rest_or_write, &q);
    ck_assert_int_eq(q.wrong, 0);
    ck_assert_int_eq(q.busy, 4);
    ck_assert_int_eq(there("one"), 0);
    ck_assert_int_eq(sessions(), before + 2);
    OK(put_deed("one"));
}
END_TEST

/* However connections were lost, as many can be had as before. */
START_TEST(the_pool_is_whole_after_failures)
{
    open_store("&statement_timeout_ms=300", 400);
    for (int i = 0; i < 6; i++) {
        int64_t count;

        test_wire_cut(wire, (test_wire_moment)(i % 3), 1);
        (void)put_deed("one");
        test_wire_cut(wire, (test_wire_moment)(i % 3), 1);
        OK(get_deeds(&count, "one"));
        FAILS(TRIPSAGE_ETIMEOUT, rest_for(2));
    }
    test_wire_refuse(wire, 1);
    test_wire_cut_all(wire);
    FAILS(TRIPSAGE_EUNAVAILABLE, put_deed("one"));
    test_wire_refuse(wire, 0);
    for (int64_t begin = now_ms(); put_deed("one") != TRIPSAGE_OK;
         sleep_ms(10)) /* at once while the next attempt is far */
        ck_assert_int_lt(now_ms() - begin, 20000);
    for (int round = 0; round < 3; round++) {
        queue q = {0};

        test_threads_run(4, rest_a_moment, &q);
        ck_assert_int_eq(q.wrong, 0);
    }
    ck_assert_int_eq(sessions(), 4); /* the world's own was cut as well */
}
END_TEST

/* ---- timeouts ---- */

/* Writes a row and then takes its time. */
START_TEST(a_statement_that_takes_too_long_changes_nothing)
{
    test_wire_count count;

    open_store("&statement_timeout_ms=200&pool_size=1", 5000);
    OK(put_deed("warm"));
    test_wire_reset(wire);
    FAILS(TRIPSAGE_ETIMEOUT, put_slowly("one", 5));
    SAME_TEXT(tripsage_last_error()->sqlstate, "57014");
    ck_assert_int_eq(there("one"), 0);
    FAILS(TRIPSAGE_ETIMEOUT, rest_for(5));
    OK(put_deed("one"));
    OK(put_slowly("one", 0));
    count = test_wire_counted(wire);
    ck_assert_uint_eq(count.connections, 0); /* the connection was of use still */
}
END_TEST

/* Whoever is slow to hear of it, or to say that the transaction is over, keeps his connection, and is told what it was. */
START_TEST(a_slow_client_keeps_its_connection)
{
    test_wire_count count;

    open_store("&statement_timeout_ms=200&pool_size=1", 5000);
    OK(put_deed("warm"));
    test_wire_reset(wire);
    test_wire_delay(wire, 400);
    FAILS(TRIPSAGE_ETIMEOUT, put_slowly("one", 5));
    SAME_TEXT(tripsage_last_error()->sqlstate, "57014");
    OK(put_deed("one"));
    count = test_wire_counted(wire);
    ck_assert_uint_eq(count.connections, 0);
}
END_TEST

/* What looks through a whole database takes as long as that does. */
START_TEST(a_scan_takes_its_time)
{
    const tripsage__value param = tripsage__real(0.5);
    const tripsage__step step = {.statement = &rest, .params = &param, .param_count = 1};

    open_store("&statement_timeout_ms=200&pool_size=1", 5000);
    FAILS(TRIPSAGE_ETIMEOUT, rest_for(0.5));
    OK(tripsage__store_scan(store, &step, 1));
    FAILS(TRIPSAGE_ETIMEOUT, rest_for(0.5));
}
END_TEST

START_TEST(a_lock_that_stays_taken_is_busy)
{
    const tripsage__value param = tripsage__text("counter");
    const tripsage__step step = {.statement = &add, .params = &param, .param_count = 1};
    int64_t begin, value;
    const tripsage__step looking = {&look, &param, 1, NULL, take_number, &value, NULL};

    open_store("&pool_size=1", 300);
    OK(put_deed("warm"));
    test_pg_exec(TEST_PG_SUPERUSER, "BEGIN; UPDATE tripsage.deed SET number = 7 WHERE name = 'counter'");
    begin = now_ms();
    FAILS(TRIPSAGE_EBUSY, tripsage__store_write(store, world->owner, &step, 1));
    SAME_TEXT(tripsage_last_error()->sqlstate, "55P03");
    ck_assert_int_ge(now_ms() - begin, 300);
    test_pg_exec(TEST_PG_SUPERUSER, "ROLLBACK");
    OK(tripsage__store_write(store, world->owner, &step, 1));
    OK(tripsage__store_read(store, world->owner, &looking, 1));
    ck_assert_int_eq(value, 1);
}
END_TEST

/* ---- others change the same ---- */

typedef struct sums {
    atomic_int done, busy, odd;
} sums;

static void add_often(size_t index, void *context)
{
    const tripsage__value param = tripsage__text("counter");
    int64_t changes;
    const tripsage__step step = {.statement = &add, .params = &param, .param_count = 1, .changes = &changes};
    sums *s = context;

    (void)index;
    leave_an_error();
    for (int i = 0; i < 25; i++) {
        tripsage_status status = tripsage__store_write(store, world->owner, &step, 1);

        atomic_fetch_add(status == TRIPSAGE_OK && changes == 1 ? &s->done
                         : status == TRIPSAGE_EBUSY            ? &s->busy
                                                               : &s->odd,
                         1);
        if (status == TRIPSAGE_OK && tripsage_last_error()->status == TRIPSAGE_EBUSY && s->busy == 0)
            atomic_fetch_add(&s->odd, 1);
    }
}

START_TEST(every_addition_counts_once)
{
    sums s = {0};

    open_store("&pool_size=8", 10000);
    test_threads_run(THREADS, add_often, &s);
    ck_assert_int_eq(s.odd, 0);
    ck_assert_int_eq(s.busy, 0);
    ck_assert_int_eq(s.done, THREADS * 25);
    SAME_TEXT(test_pg_text(TEST_PG_SUPERUSER, "SELECT number FROM tripsage.deed WHERE name = 'counter'"),
              test_format("%d", s.done));
}
END_TEST

START_TEST(a_conflict_without_end_is_busy)
{
    static const tripsage__statement never = {"fault_never", "SELECT tripsage.fault_never()", NULL};
    const tripsage__step step = {.statement = &never};
    int64_t begin;

    test_pg_exec(TEST_PG_SUPERUSER, "CREATE FUNCTION tripsage.fault_never() RETURNS text LANGUAGE plpgsql AS "
                                    "$$BEGIN RAISE SQLSTATE '40001'; END$$");
    open_store("", 600);
    begin = now_ms();
    FAILS(TRIPSAGE_EBUSY, tripsage__store_write(store, world->owner, &step, 1));
    SAME_TEXT(tripsage_last_error()->sqlstate, "40001");
    ck_assert_int_ge(now_ms() - begin, 400);
    ck_assert_int_lt(now_ms() - begin, 8000); /* an end it has */
    OK(put_deed("one"));
}
END_TEST

/* ---- a server that may only be read ---- */

/* It may be another one the next time, but who asks again and again need not make everybody connect anew each time. */
START_TEST(a_server_that_may_only_be_read)
{
    int64_t count;

    open_store("", 600);
    OK(put_deed("one"));
    test_pg_exec(TEST_PG_SUPERUSER, test_format("ALTER DATABASE %s SET default_transaction_read_only = on",
                                                test_pg_text(TEST_PG_SUPERUSER, "SELECT current_database()")));
    test_wire_cut_all(wire);
    test_wire_reset(wire);
    FAILS(TRIPSAGE_EREADONLY, put_deed("one"));
    SAME_TEXT(tripsage_last_error()->sqlstate, "25006");
    OK(get_deeds(&count, "one"));
    ck_assert_int_eq(count, 1);
    ck_assert_uint_le(test_wire_counted(wire).connections, 2);
}
END_TEST

/* ---- prepared statements ---- */

static void look_a_moment(size_t index, void *context)
{
    static const tripsage__statement slowly = {"fault_look_slowly",
                                               "SELECT number, pg_sleep(0.2)::text FROM deed WHERE name = $1", NULL};
    const tripsage__value param = tripsage__text("counter");
    int64_t value = -1;
    const tripsage__step step = {&slowly, &param, 1, NULL, take_number, &value, NULL};
    queue *q = context;

    (void)index;
    leave_an_error();
    if (tripsage__store_read(store, world->owner, &step, 1) != TRIPSAGE_OK || value != 0 ||
        tripsage_last_error()->status != TRIPSAGE_ENOTFOUND)
        atomic_fetch_add(&q->wrong, 1);
}

/* All connections know the old columns when another server migrates. */
START_TEST(a_column_that_changes_its_type_is_noticed)
{
    queue q = {0};

    open_store("", 5000);
    test_threads_run(4, look_a_moment, &q);
    test_pg_exec(TEST_PG_SUPERUSER, "ALTER TABLE tripsage.deed ALTER COLUMN number TYPE int");
    look_a_moment(0, &q);
    ck_assert_int_eq(q.wrong, 0);
    test_threads_run(4, look_a_moment, &q);
    ck_assert_int_eq(q.wrong, 0);
}
END_TEST

/* Somebody does what a pooler in transaction mode does to them. */
START_TEST(statements_that_are_gone_are_sent_unprepared)
{
    static const tripsage__statement forget = {"fault_forget", "SELECT tripsage.fault_forget()", NULL};
    const tripsage__step step = {.statement = &forget};
    int64_t count;

    test_pg_exec(TEST_PG_SUPERUSER, "CREATE FUNCTION tripsage.fault_forget() RETURNS text LANGUAGE plpgsql AS "
                                    "$$BEGIN DEALLOCATE ALL; RETURN ''; END$$");
    open_store("&pool_size=1", 5000);
    OK(put_deed("one"));
    OK(get_deeds(&count, "one"));
    OK(tripsage__store_read(store, world->owner, &step, 1));
    leave_an_error();
    OK(put_deed("one"));
    OK(get_deeds(&count, "one"));
    ck_assert_int_eq(count, 2);
    check_error_was_left();
    ck_assert_int_eq(there("one"), 2);
}
END_TEST

/* ---- maintenance ---- */

static void count_looks(void *context, const char *phase, int64_t done, int64_t total)
{
    (void)phase;
    (void)done;
    (void)total;
    ++*(int *)context;
}

/* Not being able to see how far it is is no failure. */
START_TEST(maintenance_goes_on_unwatched)
{
    int looks = 0;

    open_store("", 5000);
    leave_an_error();
    test_wire_cut(wire, TEST_WIRE_BEFORE, 3); /* a setting, the work, the first look */
    OK(tripsage__store_maintain(store, "DO $$BEGIN PERFORM pg_sleep(0.8); END$$", count_looks, &looks));
    ck_assert_int_eq(looks, 0);
    check_error_was_left();
    test_wire_cut(wire, TEST_WIRE_BEFORE, 2);
    FAILS(TRIPSAGE_EUNAVAILABLE, tripsage__store_maintain(store, "DO $$BEGIN END$$", NULL, NULL));
    FAILS(TRIPSAGE_EINVALID, tripsage__store_maintain(store, "DO $$BEGIN PERFORM 1 / 0; END$$", NULL, NULL));
}
END_TEST

/* ---- what is left behind ---- */

/* Who and what a session of the pooler is, for whoever gets it next. There is one, which the library used before. */
static const char *left_behind(void)
{
    PGconn *next = test_pg_connect(TEST_PG_POOLED, TEST_PG_APP, test_pg_text(TEST_PG_APP, "SELECT current_database()"));
    PGresult *found =
        PQexec(next, "SELECT concat_ws(',', current_user, current_setting('role'), "
                     "current_setting('request.jwt.claims', true), current_setting('request.jwt.claim.sub', true), "
                     "current_setting('statement_timeout'), "
                     "current_setting('transaction_isolation'), (SELECT count(*) FROM pg_prepared_statements))");
    const char *text = test_format("%s", PQgetvalue(found, 0, 0));

    PQclear(found);
    PQfinish(next);
    return text;
}

START_TEST(no_role_is_left_behind)
{
    static const tripsage__statement wrong = {"fault_wrong", "SELECT 1 / $1", NULL};
    static const tripsage__statement who = {"fault_who",
                                            "SELECT (current_setting('role') = 'authenticated' AND "
                                            "current_setting('request.jwt.claims')::json->>'sub' = $1 AND "
                                            "current_setting('request.jwt.claim.sub') = $1)::int",
                                            NULL};
    const tripsage__value zero = tripsage__int(0), owner = tripsage__text(OWNER_ID);
    const tripsage__step steps[] = {{.statement = &wrong, .params = &zero, .param_count = 1},
                                    {.statement = &wrong, .params = &zero, .param_count = 1}};
    int64_t is_owner;
    const tripsage__step asking = {&who, &owner, 1, NULL, take_number, &is_owner, NULL};

    ck_assert_ptr_null(store);
    leave_an_error();
    OK(tripsage__store_open(
        &store,
        test_replaced(test_format("%s&statement_timeout_ms=300", world->url), test_wire_host(wire), TEST_PG_POOLED),
        NULL));
    check_error_was_left(); /* the pooler refused the settings of a session first */
    for (int i = 0; i < 6; i++) {
        if (i == 0)
            OK(put_deed("one"));
        else if (i == 1)
            OK(tripsage__store_read(store, world->owner, &asking, 1));
        else if (i == 2)
            FAILS(TRIPSAGE_EINVALID, tripsage__store_read(store, world->owner, steps, 1));
        else if (i == 3)
            FAILS(TRIPSAGE_EINVALID, tripsage__store_read(store, world->owner, steps, 2));
        else if (i == 4)
            FAILS(TRIPSAGE_EINVALID, tripsage__store_write(store, world->owner, steps, 2));
        else
            FAILS(TRIPSAGE_ETIMEOUT, rest_for(2));
        SAME_TEXT(left_behind(), TEST_PG_APP ",none,,,0,read committed,0");
    }
    ck_assert_int_eq(is_owner, 1);
}
END_TEST

/* Text that PostgreSQL cannot hold is refused as what it is, and takes nothing else along. */
START_TEST(a_nul_in_a_text_is_invalid)
{
    const tripsage__value param = tripsage__textn("a\0b", 3);
    const tripsage__step step = {.statement = &put, .params = &param, .param_count = 1};

    open_store("&pool_size=1", 5000);
    FAILS(TRIPSAGE_EINVALID, tripsage__store_write(store, world->owner, &step, 1));
    OK(put_deed("one"));
}
END_TEST

static TCase *add_case(Suite *suite, const char *name)
{
    TCase *tcase = tcase_create(name);

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 120);
    suite_add_tcase(suite, tcase);
    return tcase;
}

int main(void)
{
    Suite *suite = suite_create("fault/postgres");
    TCase *tcase = add_case(suite, "cut");

    tcase_add_test(tcase, a_read_is_answered_in_spite_of_a_cut);
    tcase_add_test(tcase, a_write_cut_before_it_arrives_is_unknown_and_not_there);
    tcase_add_test(tcase, a_write_cut_after_its_commit_is_unknown_and_there_once);
    tcase_add_test(tcase, a_write_cut_behind_the_answer_to_its_commit_is_done);
    tcase_add_test(tcase, what_was_refused_is_not_unknown);
    tcase_add_test(tcase, a_slow_read_is_asked_again_too);
    tcase_add_test(tcase, a_retry_with_the_same_key_gives_the_same_trip);
    tcase = add_case(suite, "away");
    tcase_add_test(tcase, an_outage_under_load_is_over_soon_after_its_end);
    tcase_add_test(tcase, a_call_waits_for_a_server_that_comes_back);
    tcase_add_test(tcase, a_server_that_stays_away_is_unavailable);
    tcase_add_test(tcase, silence_is_not_waited_for_again_and_again);
    tcase_add_test(tcase, a_ping_waits_for_two_seconds_at_most);
    tcase = add_case(suite, "together");
    tcase_add_test(tcase, followers_of_a_read_that_was_cut_are_answered);
    tcase_add_test(tcase, a_refusal_is_its_own_reads_only);
    tcase = add_case(suite, "pool");
    tcase_add_test(tcase, who_waits_for_a_connection_is_served_in_order);
    tcase_add_test(tcase, a_pool_that_stays_in_use_is_busy);
    tcase_add_test(tcase, the_pool_is_whole_after_failures);
    tcase = add_case(suite, "timeouts");
    tcase_add_test(tcase, a_statement_that_takes_too_long_changes_nothing);
    tcase_add_test(tcase, a_slow_client_keeps_its_connection);
    tcase_add_test(tcase, a_scan_takes_its_time);
    tcase_add_test(tcase, a_lock_that_stays_taken_is_busy);
    tcase = add_case(suite, "conflicts");
    tcase_add_test(tcase, every_addition_counts_once);
    tcase_add_test(tcase, a_conflict_without_end_is_busy);
    tcase_add_test(tcase, a_server_that_may_only_be_read);
    tcase = add_case(suite, "prepared");
    tcase_add_test(tcase, a_column_that_changes_its_type_is_noticed);
    tcase_add_test(tcase, statements_that_are_gone_are_sent_unprepared);
    tcase = add_case(suite, "behind");
    tcase_add_test(tcase, maintenance_goes_on_unwatched);
    tcase_add_test(tcase, no_role_is_left_behind);
    tcase_add_test(tcase, a_nul_in_a_text_is_invalid);
    return test_run(srunner_create(suite));
}
