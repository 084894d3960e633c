/* rig/feed_test.c: the feed of changes over PostgreSQL's notifications, and what is remembered thanks to it, when the connection that
 * they come by is frozen, cut or not one of its own. */
#include <tripsage/feed.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "support/postgres.h"
#include "support/wire.h"
#include "support/world.h"
#include "trip/remembered.h"

/* What tripsage/feed.h promises, and some for a busy machine. */
#define LOSS_MS 10000
#define SOON_MS 15000

/* What `ours` may give as it was. */
#define STALENESS_MS 200

static test_wire *wire;   /* between `ours` and where it listens */
static tripsage *ours_ts; /* remembers; world->ts is another, which does not */
static tripsage_trips *ours, *theirs;
static const char *trip;

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static tripsage *open_ours(uint32_t staleness_ms)
{
    tripsage_options options = TRIPSAGE_OPTIONS_INIT;
    tripsage *ts = NULL;

    options.max_staleness_ms = staleness_ms;
    options.listen_url = test_replaced(world->url, TEST_PG_DIRECT, test_wire_host(wire));
    OK(tripsage_open(&ts, world->url, &options));
    return ts;
}

static void set_up(void)
{
    setenv("TRIPSAGE_TEST_URL", "postgresql://?host={rig}/direct&dbname={db}&user=" TEST_PG_APP, 1);
    world_open();
    wire = test_wire_open(TEST_PG_DIRECT);
    ours_ts = open_ours(0);
    ours = tripsage_get_trips(ours_ts);
    theirs = world->trips;
    trip = id_of(test_trip(world->owner, "{\"title\":\"0\"}"));
}

static void remember(void)
{
    tripsage_close(ours_ts);
    ours_ts = open_ours(STALENESS_MS);
    ours = tripsage_get_trips(ours_ts);
}

static void tear_down(void)
{
    tripsage_close(ours_ts);
    ours_ts = NULL;
    test_wire_close(wire);
    world_close();
}

static tripsage_feed *open_feed(void)
{
    tripsage_feed *feed = NULL;

    OK(tripsage_feed_open(&feed, ours, world->service, NULL));
    return feed;
}

static tripsage_status rename_to(tripsage_trips *trips, long number)
{
    tripsage_doc *doc = NULL;
    char json[64];
    tripsage_status status;

    snprintf(json, sizeof json, "{\"title\":\"%ld\"}", number);
    status = tripsage_trip_update(&doc, trips, world->owner, trip, json, TRIPSAGE_NUL, NULL);
    tripsage_doc_free(doc);
    return status;
}

/* The next event of this kind; others may come before it. */
static tripsage_change next_of(tripsage_feed *feed, tripsage_change_kind kind, int within_ms)
{
    int64_t until = now_ms() + within_ms;
    tripsage_change change;

    do {
        int64_t left = until - now_ms();

        OK(tripsage_feed_next(&change, feed, left > 0 ? (int)left : 0));
        ck_assert_msg(change.kind != TRIPSAGE_CHANGE_NONE, "nothing of kind %d came within %d ms", kind, within_ms);
    } while (change.kind != kind);
    return change;
}

/* ---- the feed ---- */

static void comes_back_after(tripsage_feed *feed)
{
    tripsage_change change = next_of(feed, TRIPSAGE_CHANGE_RESYNC, SOON_MS);

    ck_assert_int_eq(change.live, 1);
    OK(rename_to(theirs, 77));
    change = next_of(feed, TRIPSAGE_CHANGE_TRIP, SOON_MS);
    SAME_TEXT(change.trip_id, trip);
    OK(tripsage_feed_next(&change, feed, 0));
    ck_assert_int_eq(change.kind, TRIPSAGE_CHANGE_NONE);
}

START_TEST(a_connection_that_is_cut_is_told_and_made_again)
{
    tripsage_feed *feed = open_feed();

    for (int i = 0; i < 3; i++) {
        test_wire_cut_all(wire);
        ck_assert_int_eq(next_of(feed, TRIPSAGE_CHANGE_RESYNC, SOON_MS).live, 0);
        comes_back_after(feed);
    }
    tripsage_feed_close(feed);
}
END_TEST

START_TEST(a_server_that_hangs_up_is_told_too)
{
    tripsage_feed *feed = open_feed();

    test_pg_exec(TEST_PG_SUPERUSER, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                                    "WHERE datname = current_database() AND pid <> pg_backend_pid()");
    ck_assert_int_eq(next_of(feed, TRIPSAGE_CHANGE_RESYNC, SOON_MS).live, 0);
    comes_back_after(feed);
    tripsage_feed_close(feed);
}
END_TEST

/* Nobody says anything: it is the beat that is missed. */
START_TEST(a_network_that_swallows_everything_is_noticed)
{
    tripsage_feed *feed = open_feed(), *late;
    tripsage_change change;

    test_wire_freeze(wire, 1);
    ck_assert_int_eq(next_of(feed, TRIPSAGE_CHANGE_RESYNC, LOSS_MS).live, 0);
    OK(rename_to(theirs, 1)); /* not heard of */
    late = open_feed();       /* is told at once that nothing is heard */
    OK(tripsage_feed_next(&change, late, 0));
    ck_assert_int_eq(change.kind, TRIPSAGE_CHANGE_RESYNC);
    ck_assert_int_eq(change.live, 0);
    test_wire_freeze(wire, 0);
    comes_back_after(feed);
    ck_assert_int_eq(next_of(late, TRIPSAGE_CHANGE_RESYNC, SOON_MS).live, 1);
    tripsage_feed_close(feed);
    tripsage_feed_close(late);
}
END_TEST

START_TEST(closes_at_once_whatever_the_network_does)
{
    tripsage_feed *feed = open_feed();
    int64_t before;

    test_wire_refuse(wire, 1);
    test_wire_cut_all(wire);
    ck_assert_int_eq(next_of(feed, TRIPSAGE_CHANGE_RESYNC, SOON_MS).live, 0);
    before = now_ms();
    tripsage_feed_close(feed);
    test_wire_refuse(wire, 0);
    feed = open_feed();
    test_wire_freeze(wire, 1);
    tripsage_feed_close(feed);
    ck_assert_int_lt((int)(now_ms() - before), 8000); /* nothing ever comes back from a frozen one */
}
END_TEST

START_TEST(opening_says_that_the_server_cannot_be_reached)
{
    tripsage_feed *feed = NULL;

    test_wire_refuse(wire, 1);
    FAILS(TRIPSAGE_EUNAVAILABLE, tripsage_feed_open(&feed, ours, world->service, NULL));
    ck_assert_ptr_null(feed);
    test_wire_refuse(wire, 0);
    tripsage_feed_close(open_feed());
}
END_TEST

START_TEST(a_pooler_in_transaction_mode_is_found_out)
{
    tripsage_options options = TRIPSAGE_OPTIONS_INIT;
    const char *url = test_replaced(world->url, TEST_PG_DIRECT, TEST_PG_POOLED);
    tripsage *ts = NULL;
    tripsage_feed *feed = NULL;

    OK(tripsage_open(&ts, url, &options));
    FAILS(TRIPSAGE_ENOTSUP, tripsage_feed_open(&feed, tripsage_get_trips(ts), world->service, NULL));
    ck_assert_ptr_nonnull(strstr(tripsage_last_error()->message, "listen_url"));
    tripsage_close(ts);
    options.max_staleness_ms = 1000;
    FAILS(TRIPSAGE_ENOTSUP, tripsage_open(&ts, url, &options));
    ck_assert_ptr_null(ts);
    options.listen_url = "nonsense://";
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_open(&ts, url, &options), "#listen_url");
    options.listen_url = world->url;
    OK(tripsage_open(&ts, url, &options));
    OK(tripsage_feed_open(&feed, tripsage_get_trips(ts), world->service, NULL));
    OK(rename_to(theirs, 1));
    next_of(feed, TRIPSAGE_CHANGE_TRIP, SOON_MS);
    tripsage_feed_close(feed);
    tripsage_close(ts);
}
END_TEST

/* ---- the triggers ---- */

START_TEST(plain_sql_is_told_of_too)
{
    tripsage_feed *feed = open_feed();
    tripsage_change change;

    test_pg_exec(TEST_PG_APP,
                 test_format("BEGIN; SET LOCAL ROLE authenticated; SET LOCAL request.jwt.claims = '{\"sub\":\"%s\"}';"
                             "UPDATE tripsage.trip SET title = 'raw' WHERE id = '%s'; COMMIT",
                             OWNER_ID, trip));
    change = next_of(feed, TRIPSAGE_CHANGE_TRIP, SOON_MS);
    SAME_TEXT(change.trip_id, trip);
    ck_assert_int_eq(change.op, TRIPSAGE_CHANGE_UPDATE);
    ck_assert_int_eq((int)change.version, 2);
    tripsage_feed_close(feed);
}
END_TEST

START_TEST(what_others_notify_is_passed_over)
{
    tripsage_feed *feed = open_feed();
    tripsage_change change;

    test_pg_exec(TEST_PG_APP,
                 "NOTIFY tripsage_change; NOTIFY tripsage_change, 'trip'; NOTIFY tripsage_change, 'trip moved 1 a b';"
                 "NOTIFY tripsage_change, 'boat update 1 a b'");
    test_pg_exec(TEST_PG_APP, test_format("NOTIFY tripsage_change, 'trip update 1 %s'", test_repeat("x", 7000)));
    OK(rename_to(theirs, 1));
    OK(tripsage_feed_next(&change, feed, SOON_MS));
    SAME_TEXT(change.trip_id, trip);
    tripsage_feed_close(feed);
}
END_TEST

static int hears(PGconn *session)
{
    PGnotify *n;

    PQclear(PQexec(session, "SELECT 1"));
    n = PQnotifies(session);
    PQfreemem(n);
    return n != NULL;
}

START_TEST(nothing_is_announced_while_nobody_listens)
{
    PGconn *session = test_pg(TEST_PG_SUPERUSER);

    PQclear(PQexec(session, "LISTEN tripsage_change"));
    OK(rename_to(theirs, 1));
    ck_assert_int_eq(hears(session), 0);
    tripsage_feed_close(open_feed());
    OK(rename_to(theirs, 2));
    ck_assert_int_eq(hears(session), 1); /* until the lease runs out */
    test_pg_exec(TEST_PG_SUPERUSER, "SELECT setval('tripsage.listened_until', 0)");
    OK(rename_to(theirs, 3));
    ck_assert_int_eq(hears(session), 0);
}
END_TEST

/* The server's clock may jump, and somebody may have been stopped for a minute. */
START_TEST(a_lease_that_ran_out_is_taken_out_again)
{
    tripsage_feed *feed = open_feed();

    test_pg_exec(TEST_PG_SUPERUSER, "SELECT setval('tripsage.listened_until', 0)");
    OK(rename_to(theirs, 1)); /* not announced */
    comes_back_after(feed);
    tripsage_feed_close(feed);
}
END_TEST

static atomic_int opened;

static void *open_and_say_so(void *feed)
{
    tripsage_status status = tripsage_feed_open(feed, ours, world->service, NULL);

    atomic_store(&opened, status == TRIPSAGE_OK ? 1 : -1);
    return NULL;
}

/* A change that was made without a word, since nobody listened, is committed before the feed is there, or told. */
START_TEST(opening_waits_for_those_who_went_without_a_word)
{
    tripsage_feed *feed = NULL;
    tripsage_change change;
    pthread_t thread;

    test_pg_exec(TEST_PG_SUPERUSER, test_format("BEGIN; UPDATE tripsage.trip SET title = 'raw' WHERE id = '%s'", trip));
    pthread_create(&thread, NULL, open_and_say_so, &feed);
    usleep(2500000); /* longer than it waits at a time */
    ck_assert_int_eq(atomic_load(&opened), 0);
    test_pg_exec(TEST_PG_SUPERUSER, "COMMIT");
    pthread_join(thread, NULL);
    ck_assert_int_eq(atomic_load(&opened), 1);
    OK(rename_to(theirs, 1));
    change = next_of(feed, TRIPSAGE_CHANGE_TRIP, SOON_MS);
    ck_assert_int_eq((int)change.version, 3);
    tripsage_feed_close(feed);
}
END_TEST

/* ---- what is remembered ---- */

static int is_remembered(void)
{
    tripsage__asked asked;
    tripsage_doc *doc;

    tripsage__asked_trip(&asked, world->owner, trip);
    doc = tripsage__remembered_find(&asked, ours, trip);
    tripsage_doc_free(doc);
    return doc != NULL;
}

static void read_again_and_again(void)
{
    tripsage_doc *doc = NULL;

    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(tripsage_trip_get(&doc, ours, world->owner, trip), TRIPSAGE_OK);
        tripsage_doc_free(doc);
    }
}

static int becomes_remembered(void)
{
    for (int64_t until = now_ms() + SOON_MS; now_ms() < until; usleep(5000)) {
        read_again_and_again();
        if (is_remembered())
            return 1;
    }
    return 0;
}

/* Without a read that would have it remembered again; on a busy machine it is not given as long as the feed has not been heard. */
static int is_still_remembered(void)
{
    for (int64_t until = now_ms() + SOON_MS; now_ms() < until; usleep(5000))
        if (is_remembered())
            return 1;
    return 0;
}

START_TEST(nothing_is_remembered_unless_asked_for)
{
    tripsage_feed *feed = open_feed();

    read_again_and_again();
    ck_assert_int_eq(is_remembered(), 0);
    tripsage_feed_close(feed);
}
END_TEST

START_TEST(our_own_writes_are_seen_at_once)
{
    remember();
    for (long i = 1; i <= 30; i++) {
        tripsage_doc *doc;

        ck_assert_int_eq(becomes_remembered(), 1);
        OK(rename_to(ours, i));
        ck_assert_int_eq(is_remembered(), 0);
        doc = OK(tripsage_trip_get(OUT, ours, world->owner, trip));
        IS_TEXT(doc, "/title", test_format("%ld", i));
    }
}
END_TEST

START_TEST(a_word_of_a_change_ends_what_is_remembered_of_that_trip_alone)
{
    const char *other = id_of(test_trip(world->owner, NULL));

    remember();
    ck_assert_int_eq(becomes_remembered(), 1);
    for (int i = 0; i < 10; i++) {
        tripsage_doc *doc = NULL;

        OK(tripsage_trip_update(&doc, theirs, world->owner, other, "{\"travelers\":2}", TRIPSAGE_NUL, NULL));
        tripsage_doc_free(doc);
    }
    usleep(STALENESS_MS * 1000);
    ck_assert_int_eq(is_still_remembered(), 1);
    OK(rename_to(theirs, 1));
    usleep(STALENESS_MS * 1000);
    ck_assert_int_eq(is_remembered(), 0);
}
END_TEST

START_TEST(rights_end_within_the_bound)
{
    tripsage_doc *doc = NULL;

    remember();
    test_share(world->owner, trip, VIEW_ID, "view");
    for (int i = 0; i < 5; i++) {
        OK(tripsage_trip_get(&doc, ours, world->view, trip));
        tripsage_doc_free(doc);
    }
    OK(tripsage_collaborator_remove(theirs, world->owner, trip, VIEW_ID));
    usleep(STALENESS_MS * 1000);
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_trip_get(OUT, ours, world->view, trip));
}
END_TEST

START_TEST(nothing_is_remembered_while_nothing_is_heard)
{
    remember();
    ck_assert_int_eq(becomes_remembered(), 1);
    test_wire_freeze(wire, 1);
    usleep((STALENESS_MS + 20) * 1000);
    for (int i = 0; i < 20; i++) {
        read_again_and_again();
        ck_assert_int_eq(is_remembered(), 0);
        usleep(10000);
    }
    test_wire_freeze(wire, 0);
    ck_assert_int_eq(becomes_remembered(), 1);

    test_wire_refuse(wire, 1);
    test_wire_cut_all(wire);
    usleep((STALENESS_MS + 20) * 1000);
    for (int i = 0; i < 20; i++) {
        read_again_and_again();
        ck_assert_int_eq(is_remembered(), 0);
        usleep(10000);
    }
    test_wire_refuse(wire, 0);
    ck_assert_int_eq(becomes_remembered(), 1);
}
END_TEST

/* The bound itself: one writes all the time, others read all the time, and the connection that the news come by is delayed, frozen and
 * cut under them. Whatever was acknowledged longer ago than the bound when a read begins, is in what it gives. */
enum { READERS = 3, WRITES_MAX = 4000 };

static atomic_int_fast64_t acknowledged_at[WRITES_MAX];
static atomic_int ending, reads, from_memory, too_old, failed;

static void *write_on(void *unused)
{
    for (long i = 1; i < WRITES_MAX && !atomic_load(&ending); i++) {
        if (rename_to(theirs, i) != TRIPSAGE_OK)
            atomic_fetch_add(&failed, 1);
        else
            atomic_store(&acknowledged_at[i], now_ms());
        usleep(15000); /* time to be remembered */
    }
    return unused;
}

/* The newest title that a read which begins now must not fall behind. */
static long least_title(long from)
{
    int64_t bound = now_ms() - STALENESS_MS - 1; /* both ends are cut to whole milliseconds */

    while (from + 1 < WRITES_MAX) {
        int64_t at = atomic_load(&acknowledged_at[from + 1]);

        if (at == 0 || at > bound)
            break;
        from++;
    }
    return from;
}

static void *read_on(void *unused)
{
    long least = 0;

    while (!atomic_load(&ending)) {
        tripsage__asked asked;
        tripsage_doc *doc;

        least = least_title(least);
        tripsage__asked_trip(&asked, world->owner, trip);
        doc = tripsage__remembered_find(&asked, ours, trip); /* what tripsage_trip_get begins with */
        atomic_fetch_add(&from_memory, doc != NULL);
        if (!doc && tripsage_trip_get(&doc, ours, world->owner, trip) != TRIPSAGE_OK) {
            atomic_fetch_add(&failed, 1);
            continue;
        }
        atomic_fetch_add(&reads, 1);
        if (strtol(tripsage_doc_text(doc, "/title"), NULL, 10) < least)
            atomic_fetch_add(&too_old, 1);
        tripsage_doc_free(doc);
    }
    return unused;
}

START_TEST(nothing_older_than_the_bound_is_given_whatever_the_network_does)
{
    pthread_t writer, readers[READERS];

    remember();
    pthread_create(&writer, NULL, write_on, NULL);
    for (int i = 0; i < READERS; i++)
        pthread_create(&readers[i], NULL, read_on, NULL);
    for (int round = 0; round < 3; round++) {
        usleep(700000);
        test_wire_delay(wire, 60);
        usleep(500000);
        test_wire_delay(wire, 0);
        test_wire_freeze(wire, 1);
        usleep(600000);
        test_wire_freeze(wire, 0);
        usleep(300000);
        test_wire_cut_all(wire);
    }
    usleep(1000000);
    atomic_store(&ending, 1);
    pthread_join(writer, NULL);
    for (int i = 0; i < READERS; i++)
        pthread_join(readers[i], NULL);
    printf("%d reads, %d of them from memory; older than the bound: %d\n", atomic_load(&reads),
           atomic_load(&from_memory), atomic_load(&too_old));
    ck_assert_int_eq(atomic_load(&failed), 0);
    ck_assert_int_eq(atomic_load(&too_old), 0);
    ck_assert_int_gt(atomic_load(&from_memory), 100);
    ck_assert_int_gt(atomic_load(&reads) - atomic_load(&from_memory), 100);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rig/feed");
    TCase *tcase = tcase_create("feed");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, a_connection_that_is_cut_is_told_and_made_again);
    tcase_add_test(tcase, a_server_that_hangs_up_is_told_too);
    tcase_add_test(tcase, a_network_that_swallows_everything_is_noticed);
    tcase_add_test(tcase, closes_at_once_whatever_the_network_does);
    tcase_add_test(tcase, opening_says_that_the_server_cannot_be_reached);
    tcase_add_test(tcase, a_pooler_in_transaction_mode_is_found_out);
    tcase_add_test(tcase, plain_sql_is_told_of_too);
    tcase_add_test(tcase, what_others_notify_is_passed_over);
    tcase_add_test(tcase, nothing_is_announced_while_nobody_listens);
    tcase_add_test(tcase, a_lease_that_ran_out_is_taken_out_again);
    tcase_add_test(tcase, opening_waits_for_those_who_went_without_a_word);
    tcase_add_test(tcase, nothing_is_remembered_unless_asked_for);
    tcase_add_test(tcase, our_own_writes_are_seen_at_once);
    tcase_add_test(tcase, a_word_of_a_change_ends_what_is_remembered_of_that_trip_alone);
    tcase_add_test(tcase, rights_end_within_the_bound);
    tcase_add_test(tcase, nothing_is_remembered_while_nothing_is_heard);
    tcase_add_test(tcase, nothing_older_than_the_bound_is_given_whatever_the_network_does);
    suite_add_tcase(suite, tcase);
    return test_run(srunner_create(suite));
}
