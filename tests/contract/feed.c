/* contract/feed.c: what changed is told: each kind of write, after its commit, in order, to those who may know, or a resync in its
 * place. */
#include "contract.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Longer than any engine takes when the machine is busy. */
#define SOON_MS 10000

static tripsage_feed *open_feed(const tripsage_actor *actor, const tripsage_feed_options *options)
{
    tripsage_feed *feed = NULL;

    OK(tripsage_feed_open(&feed, world->trips, actor, options));
    return feed;
}

static const char *event_text(const tripsage_change *change)
{
    static const char *const kinds[] = {"none", "resync", "trip", "item", "note", "collaborator"};
    static const char *const ops[] = {"", "insert", "update", "delete"};

    return test_format("%s %s %lld", kinds[change->kind], ops[change->op], (long long)change->version);
}

/* A trip everybody may see, whose change marks the end of what was done before: what an engine tells, it tells in order. */
static const char *mark_trip(void)
{
    return id_of(test_trip(world->owner, "{\"title\":\"Mark\",\"visibility\":\"public\"}"));
}

static int is_mark(const tripsage_change *change, const char *mark)
{
    return change->kind == TRIPSAGE_CHANGE_TRIP && strcmp(change->trip_id, mark) == 0;
}

/* Everything told since the last call, "; " in between. With `trip`: all of it is about that trip. */
static const char *told(tripsage_feed *feed, const char *mark, const char *trip)
{
    int64_t end = tripsage_doc_version(OK(PATCH(world->owner, mark, "{\"description\":\"x\"}")));
    const char *text = "";
    tripsage_change change;

    for (;;) {
        OK(tripsage_feed_next(&change, feed, SOON_MS));
        ck_assert_msg(change.kind != TRIPSAGE_CHANGE_NONE, "after [%s] nothing more came", text);
        if (is_mark(&change, mark) && change.version == end)
            return text;
        if (is_mark(&change, mark)) /* for another feed */
            continue;
        if (trip && change.kind != TRIPSAGE_CHANGE_RESYNC)
            SAME_TEXT(change.trip_id, trip);
        text = test_format("%s%s%s", text, *text ? "; " : "", event_text(&change));
    }
}

START_TEST(tells_each_kind_of_write)
{
    tripsage_trips *trips = world->trips;
    const char *mark = mark_trip(), *trip, *item, *note;
    tripsage_feed *feed = open_feed(world->service, NULL);

    trip = id_of(test_trip(world->owner, NULL));
    SAME_TEXT(told(feed, mark, trip), "trip insert 1");
    OK(UPDATE(world->owner, trip, "{\"title\":\"Nara\"}"));
    SAME_TEXT(told(feed, mark, trip), "trip update 2");
    OK(PATCH(world->owner, trip, "{\"preferences\":{\"pace\":\"slow\"}}"));
    SAME_TEXT(told(feed, mark, trip), "trip update 3");

    item = id_of(test_item(world->owner, trip, ITEM_JSON));
    SAME_TEXT(told(feed, mark, trip), "item insert 1; trip update 3");
    OK(ITEM_UPDATE(world->owner, trip, item, "{\"title\":\"Inari\"}"));
    SAME_TEXT(told(feed, mark, trip), "trip update 3; item update 2");
    OK(tripsage_item_delete(trips, world->owner, trip, item, NULL));
    SAME_TEXT(told(feed, mark, trip), "trip update 3; item delete 2");

    note = id_of(test_note(world->owner, trip, "Bring an umbrella"));
    SAME_TEXT(told(feed, mark, trip), "note insert 1");
    OK(tripsage_note_update(OUT, trips, world->owner, trip, note, "{\"content\":\"Two\"}", TRIPSAGE_NUL, NULL));
    SAME_TEXT(told(feed, mark, trip), "note update 2");
    OK(tripsage_note_delete(trips, world->owner, trip, note, NULL));
    SAME_TEXT(told(feed, mark, trip), "note delete 2");

    test_share(world->owner, trip, VIEW_ID, "view"); /* a private trip becomes shared */
    SAME_TEXT(told(feed, mark, trip), "trip update 4; collaborator insert 0");
    OK(tripsage_collaborator_update(OUT, trips, world->owner, trip, VIEW_ID, "{\"permission_level\":\"edit\"}",
                                    TRIPSAGE_NUL));
    SAME_TEXT(told(feed, mark, trip), "collaborator update 0");
    OK(tripsage_collaborator_remove(trips, world->owner, trip, VIEW_ID));
    SAME_TEXT(told(feed, mark, trip), "collaborator delete 0");
    tripsage_feed_close(feed);
}
END_TEST

START_TEST(tells_a_trip_s_life_and_nothing_of_what_goes_with_it)
{
    const char *mark = mark_trip(), *trip = test_cast_trip(NULL);
    tripsage_feed *feed;

    test_item(world->owner, trip, ITEM_JSON);
    test_note(world->owner, trip, "Gone soon");
    feed = open_feed(world->service, NULL);
    OK(tripsage_trip_delete(world->trips, world->owner, trip, NULL));
    SAME_TEXT(told(feed, mark, trip), "trip delete 3");
    OK(tripsage_trip_restore(OUT, world->trips, world->owner, trip));
    SAME_TEXT(told(feed, mark, trip), "trip insert 4");
    OK(tripsage_trip_delete(world->trips, world->owner, trip, NULL));
    SAME_TEXT(told(feed, mark, trip), "trip delete 5");
    OK(tripsage_trip_purge(world->trips, world->owner, trip));
    SAME_TEXT(told(feed, mark, trip), "trip delete 5");
    tripsage_feed_close(feed);
}
END_TEST

START_TEST(tells_a_transfer_and_a_copy)
{
    const char *mark = mark_trip(), *trip = test_cast_trip(NULL), *copy;
    tripsage_feed *feed = open_feed(world->service, NULL);

    test_item(world->owner, trip, ITEM_JSON);
    told(feed, mark, trip);
    copy = id_of(OK(tripsage_trip_duplicate(OUT, world->trips, world->view, trip, NULL, 0, NULL)));
    SAME_TEXT(told(feed, mark, copy), "trip insert 1; item insert 1");
    OK(tripsage_trip_transfer(OUT, world->trips, world->owner, trip, "{\"user_id\":\"" EDIT_ID "\"}", TRIPSAGE_NUL,
                              NULL));
    ck_assert_ptr_nonnull(strstr(told(feed, mark, trip), "trip update 3"));
    tripsage_feed_close(feed);
}
END_TEST

START_TEST(names_the_records)
{
    const char *trip = test_cast_trip(NULL), *item, *note;
    tripsage_feed *feed = open_feed(world->service, NULL);
    tripsage_change change;

    item = id_of(test_item(world->owner, trip, ITEM_JSON));
    OK(tripsage_feed_next(&change, feed, SOON_MS));
    SAME_TEXT(change.trip_id, trip);
    SAME_TEXT(change.record_id, item);
    OK(tripsage_feed_next(&change, feed, SOON_MS));
    SAME_TEXT(change.trip_id, trip);
    SAME_TEXT(change.record_id, trip);
    note = id_of(test_note(world->owner, trip, "x"));
    OK(tripsage_feed_next(&change, feed, SOON_MS));
    SAME_TEXT(change.record_id, note);
    OK(tripsage_collaborator_remove(world->trips, world->owner, trip, VIEW_ID));
    OK(tripsage_feed_next(&change, feed, SOON_MS));
    SAME_TEXT(change.trip_id, trip);
    SAME_TEXT(change.record_id, VIEW_ID);
    tripsage_feed_close(feed);
}
END_TEST

START_TEST(tells_nothing_of_what_was_refused)
{
    const char *mark = mark_trip(), *trip = test_cast_trip(NULL);
    tripsage_write_options stale = TRIPSAGE_WRITE_OPTIONS_INIT;
    tripsage_feed *feed = open_feed(world->service, NULL);

    stale.if_version = 77;
    FAILS(TRIPSAGE_EFORBIDDEN, UPDATE(world->view, trip, "{\"title\":\"No\"}"));
    FAILS(TRIPSAGE_ENOTFOUND, UPDATE(world->stranger, trip, "{\"title\":\"No\"}"));
    FAILS(TRIPSAGE_EPRECONDITION,
          tripsage_trip_update(OUT, world->trips, world->owner, trip, "{\"title\":\"No\"}", TRIPSAGE_NUL, &stale));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_trip_delete(world->trips, world->admin, trip, NULL));
    FAILS(TRIPSAGE_EFORBIDDEN, ITEM_CREATE(world->view, trip, ITEM_JSON));
    OK(tripsage_trip_get(OUT, world->trips, world->view, trip));
    SAME_TEXT(told(feed, mark, NULL), "");
    tripsage_feed_close(feed);
}
END_TEST

START_TEST(a_creation_repeated_is_told_once)
{
    const char *mark = mark_trip();
    tripsage_write_options keyed = TRIPSAGE_WRITE_OPTIONS_INIT;
    tripsage_feed *feed = open_feed(world->service, NULL);

    keyed.idempotency_key = "once";
    for (int i = 0; i < 3; i++)
        OK(tripsage_trip_create(OUT, world->trips, world->owner, TRIP_JSON, TRIPSAGE_NUL, &keyed));
    SAME_TEXT(told(feed, mark, NULL), "trip insert 1");
    tripsage_feed_close(feed);
}
END_TEST

START_TEST(users_are_told_of_trips_they_may_see)
{
    const struct {
        const tripsage_actor *actor;
        const char *private_trip, *public_trip;
    } readers[] = {
        {world->owner, "item insert 1; trip update 2; note insert 1; collaborator update 0",
         "item insert 1; trip update 1; note insert 1"},
        {world->view, "item insert 1; trip update 2; note insert 1; collaborator update 0",
         "item insert 1; trip update 1"},
        {world->stranger, "", "item insert 1; trip update 1"},
        {world->service, "item insert 1; trip update 2; note insert 1; collaborator update 0",
         "item insert 1; trip update 1; note insert 1"},
    };
    enum { READERS = sizeof readers / sizeof readers[0] };
    const char *mark = mark_trip(), *shared = test_cast_trip(NULL),
               *open = id_of(test_trip(world->owner, "{\"visibility\":\"public\"}"));
    tripsage_feed *feeds[READERS];

    for (int i = 0; i < READERS; i++)
        feeds[i] = open_feed(readers[i].actor, NULL);
    test_item(world->owner, shared, ITEM_JSON);
    test_note(world->owner, shared, "for members");
    test_share(world->owner, shared, EDIT_ID, "view");
    for (int i = 0; i < READERS; i++)
        SAME_TEXT(told(feeds[i], mark, shared), readers[i].private_trip);
    test_item(world->owner, open, ITEM_JSON);
    test_note(world->owner, open, "for members");
    for (int i = 0; i < READERS; i++) {
        SAME_TEXT(told(feeds[i], mark, open), readers[i].public_trip);
        tripsage_feed_close(feeds[i]);
    }
}
END_TEST

/* Whoever kept the trip has to learn that it is not his to see any more. */
START_TEST(users_are_told_when_a_trip_leaves_their_sight)
{
    const char *mark = mark_trip(), *trip = test_cast_trip(NULL);
    tripsage_feed *view = open_feed(world->view, NULL), *edit = open_feed(world->edit, NULL),
                  *stranger = open_feed(world->stranger, NULL);

    OK(tripsage_collaborator_remove(world->trips, world->owner, trip, VIEW_ID));
    OK(UPDATE(world->owner, trip, "{\"title\":\"Without you\"}"));
    SAME_TEXT(told(view, mark, trip), "collaborator delete 0");
    OK(UPDATE(world->owner, trip, "{\"visibility\":\"public\"}"));
    SAME_TEXT(told(view, mark, trip), "trip update 4");
    OK(UPDATE(world->owner, trip, "{\"visibility\":\"shared\"}"));
    SAME_TEXT(told(view, mark, trip), "trip update 5");
    OK(UPDATE(world->owner, trip, "{\"title\":\"Among us\"}"));
    SAME_TEXT(told(view, mark, trip), "");
    OK(tripsage_trip_delete(world->trips, world->owner, trip, NULL));
    SAME_TEXT(told(view, mark, trip), "");
    SAME_TEXT(told(edit, mark, trip),
              "collaborator delete 0; trip update 3; trip update 4; trip update 5; trip update 6; trip delete 7");
    SAME_TEXT(told(stranger, mark, trip), "trip update 5");
    tripsage_feed_close(view);
    tripsage_feed_close(edit);
    tripsage_feed_close(stranger);
}
END_TEST

START_TEST(gives_the_record_under_the_reader_s_rights)
{
    const char *trip = test_cast_trip(NULL);
    tripsage_feed *feed = open_feed(world->view, NULL);
    tripsage_change item, of_trip, collaborator, resync;

    memset(&resync, 0, sizeof resync);
    resync.kind = TRIPSAGE_CHANGE_RESYNC;
    test_item(world->owner, trip, ITEM_JSON);
    OK(tripsage_feed_next(&item, feed, SOON_MS));
    OK(tripsage_feed_next(&of_trip, feed, SOON_MS));
    IS_TEXT(OK(tripsage_feed_record(OUT, feed, &item)), "/title", "Fushimi Inari");
    IS_TEXT(OK(tripsage_feed_record(OUT, feed, &of_trip)), "/role", "view");
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_feed_record(OUT, feed, &resync), "#change");

    test_share(world->owner, trip, EDIT_ID, "view");
    OK(tripsage_feed_next(&collaborator, feed, SOON_MS));
    IS_INT(OK(tripsage_feed_record(OUT, feed, &collaborator)), "/total", 3);
    OK(tripsage_collaborator_remove(world->trips, world->owner, trip, VIEW_ID));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_feed_record(OUT, feed, &item));
    tripsage_feed_close(feed);
}
END_TEST

START_TEST(follows_one_trip_if_asked_to)
{
    const char *one = id_of(test_trip(world->owner, NULL)), *other = id_of(test_trip(world->owner, NULL));
    tripsage_feed_options options = TRIPSAGE_FEED_OPTIONS_INIT;
    tripsage_feed *feed;
    tripsage_change change;

    options.trip_id = one;
    feed = open_feed(world->owner, &options);
    OK(UPDATE(world->owner, other, "{\"title\":\"Other\"}"));
    OK(UPDATE(world->owner, one, "{\"title\":\"One\"}"));
    OK(tripsage_feed_next(&change, feed, SOON_MS));
    SAME_TEXT(change.trip_id, one);
    OK(tripsage_feed_next(&change, feed, 0));
    SAME_TEXT(event_text(&change), "none  0");
    tripsage_feed_close(feed);
}
END_TEST

/* All that did not fit becomes one resync; what comes after it is told again. */
START_TEST(a_slow_reader_is_told_to_begin_anew)
{
    const char *mark = mark_trip(), *trip = id_of(test_trip(world->owner, NULL));
    tripsage_feed_options options = TRIPSAGE_FEED_OPTIONS_INIT;
    tripsage_feed *slow, *fast;
    tripsage_change change;
    const char *text;

    options.queue_max = 5;
    slow = open_feed(world->service, &options);
    fast = open_feed(world->service, NULL);
    for (int i = 0; i < 9; i++)
        OK(UPDATE(world->owner, trip, test_format("{\"title\":\"%d\"}", i)));
    text = told(fast, mark, trip); /* everything has arrived, the mark included */
    ck_assert_ptr_nonnull(strstr(text, "trip update 2; trip update 3"));
    ck_assert_ptr_nonnull(strstr(text, "trip update 10"));
    OK(tripsage_feed_next(&change, slow, SOON_MS));
    ck_assert_int_eq(change.kind, TRIPSAGE_CHANGE_RESYNC);
    ck_assert_int_eq(change.live, 1);
    ck_assert_int_eq((int)strlen(change.trip_id), 0);
    told(slow, mark, NULL);
    OK(UPDATE(world->owner, trip, "{\"title\":\"Last\"}"));
    SAME_TEXT(told(slow, mark, NULL), "trip update 11");
    tripsage_feed_close(slow);
    tripsage_feed_close(fast);
}
END_TEST

/* Whatever the queue's beginning is when it grows, nothing is lost and the order stays. */
START_TEST(a_queue_that_grows_keeps_its_order)
{
    const char *trip = id_of(test_trip(world->owner, NULL));
    tripsage_feed *feed = open_feed(world->service, NULL);
    tripsage_change change;
    int64_t told_last = 1;

    for (int round = 1; round <= 6; round++) {
        for (int i = 0; i < 7 * round; i++)
            OK(UPDATE(world->owner, trip, "{\"travelers\":2}"));
        for (int i = 0; i < 5 * round; i++) {
            OK(tripsage_feed_next(&change, feed, SOON_MS));
            ck_assert_int_eq((int)change.version, (int)++told_last);
        }
    }
    while (told_last < 1 + 7 * 21) {
        OK(tripsage_feed_next(&change, feed, SOON_MS));
        ck_assert_int_eq((int)change.version, (int)++told_last);
    }
    tripsage_feed_close(feed);
}
END_TEST

START_TEST(another_handle_s_writes_are_told_or_call_for_a_resync)
{
    const char *trip = id_of(test_trip(world->owner, NULL));
    tripsage_feed *feed;
    tripsage *other;
    tripsage_change change;

    if (strstr(world->url, ":memory:")) /* has no second handle */
        return;
    feed = open_feed(world->service, NULL);
    other = world_open_another();
    for (int i = 0; i < 3; i++) {
        int found = 0;

        OK(tripsage_trip_update(OUT, tripsage_get_trips(other), world->owner, trip, "{\"title\":\"Theirs\"}",
                                TRIPSAGE_NUL, NULL));
        while (!found) {
            OK(tripsage_feed_next(&change, feed, SOON_MS));
            ck_assert_int_ne(change.kind, TRIPSAGE_CHANGE_NONE);
            found = change.kind == TRIPSAGE_CHANGE_RESYNC ? change.live : strcmp(change.trip_id, trip) == 0;
        }
    }
    tripsage_feed_close(feed);
    tripsage_close(other);
}
END_TEST

static void *wake_it(void *feed)
{
    usleep(50000);
    tripsage_feed_wake(feed);
    return NULL;
}

START_TEST(waits_as_long_as_it_is_told)
{
    tripsage_feed *feed = open_feed(world->service, NULL);
    tripsage_change change;
    pthread_t waker;
    struct timespec before, after;

    OK(tripsage_feed_next(&change, feed, 0));
    SAME_TEXT(event_text(&change), "none  0");
    clock_gettime(CLOCK_MONOTONIC, &before);
    OK(tripsage_feed_next(&change, feed, 120));
    clock_gettime(CLOCK_MONOTONIC, &after);
    SAME_TEXT(event_text(&change), "none  0");
    ck_assert_int_ge((after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000, 119);

    pthread_create(&waker, NULL, wake_it, feed);
    OK(tripsage_feed_next(&change, feed, -1));
    SAME_TEXT(event_text(&change), "none  0");
    pthread_join(waker, NULL);
    tripsage_feed_wake(feed); /* nobody waits: the next one does not either */
    OK(tripsage_feed_next(&change, feed, -1));
    SAME_TEXT(event_text(&change), "none  0");
    tripsage_feed_close(feed);
}
END_TEST

static int is_readable(tripsage_feed *feed, int timeout_ms)
{
    struct pollfd waiting = {.fd = tripsage_feed_fd(feed), .events = POLLIN, .revents = 0};

    return poll(&waiting, 1, timeout_ms) == 1;
}

START_TEST(has_a_descriptor_to_wait_for)
{
    tripsage_feed *feed = open_feed(world->service, NULL);
    tripsage_change change;

    ck_assert_int_eq(is_readable(feed, 0), 0);
    test_trip(world->owner, NULL);
    ck_assert_int_eq(is_readable(feed, SOON_MS), 1);
    OK(tripsage_feed_next(&change, feed, 0));
    SAME_TEXT(event_text(&change), "trip insert 1");
    ck_assert_int_eq(is_readable(feed, 0), 0);
    tripsage_feed_wake(feed);
    ck_assert_int_eq(is_readable(feed, 0), 1);
    OK(tripsage_feed_next(&change, feed, -1));
    OK(tripsage_feed_next(&change, feed, 0));
    ck_assert_int_eq(is_readable(feed, 0), 0);
    tripsage_feed_close(feed);
}
END_TEST

/* Many write at once, their commits are shared, and some of them fail: each change that was made is told once, in the order of its
 * versions. */
enum { WRITERS = 8, WRITES = 30 };

typedef struct crowd {
    const char *trips[WRITERS];
    atomic_int made[WRITERS];
} crowd;

static void write_much(size_t index, void *context)
{
    crowd *c = context;
    tripsage_doc *doc;

    for (int i = 0; i < WRITES; i++) {
        const char *json = i % 5 == 4 ? "{\"end_date\":\"2020-01-01\"}" : "{\"travelers\":3}";

        if (tripsage_trip_update(&doc, world->trips, world->owner, c->trips[index], json, TRIPSAGE_NUL, NULL) ==
            TRIPSAGE_OK)
            atomic_fetch_add(&c->made[index], 1);
        tripsage_doc_free(doc);
    }
}

START_TEST(tells_of_many_writers_in_order)
{
    const char *mark = mark_trip();
    tripsage_feed *feed;
    tripsage_change change;
    int64_t versions[WRITERS];
    crowd c;

    for (int i = 0; i < WRITERS; i++) {
        c.trips[i] = id_of(test_trip(world->owner, NULL));
        atomic_init(&c.made[i], 0);
        versions[i] = 1;
    }
    feed = open_feed(world->service, NULL);
    test_threads_run(WRITERS, write_much, &c);
    OK(PATCH(world->owner, mark, "{\"description\":\"x\"}"));
    for (;;) {
        OK(tripsage_feed_next(&change, feed, SOON_MS));
        ck_assert_int_eq(change.kind, TRIPSAGE_CHANGE_TRIP);
        if (is_mark(&change, mark))
            break;
        for (int i = 0; i < WRITERS; i++)
            if (strcmp(change.trip_id, c.trips[i]) == 0)
                ck_assert_int_eq((int)change.version, (int)++versions[i]);
    }
    for (int i = 0; i < WRITERS; i++) {
        ck_assert_int_eq(atomic_load(&c.made[i]), WRITES / 5 * 4);
        ck_assert_int_eq((int)versions[i], 1 + atomic_load(&c.made[i]));
    }
    tripsage_feed_close(feed);
}
END_TEST

START_TEST(comes_and_goes_while_others_write)
{
    const char *mark = mark_trip(), *trip = id_of(test_trip(world->owner, NULL));

    for (int i = 0; i < 10; i++) {
        tripsage_feed *first = open_feed(world->service, NULL), *second = open_feed(world->owner, NULL);

        OK(UPDATE(world->owner, trip, "{\"travelers\":2}"));
        SAME_TEXT(told(first, mark, trip), test_format("trip update %d", 2 + 2 * i));
        tripsage_feed_close(first);
        OK(UPDATE(world->owner, trip, "{\"travelers\":3}"));
        SAME_TEXT(told(second, mark, trip), test_format("trip update %d; trip update %d", 2 + 2 * i, 3 + 2 * i));
        tripsage_feed_close(second);
    }
}
END_TEST

START_TEST(refuses_bad_options)
{
    tripsage_feed_options options = TRIPSAGE_FEED_OPTIONS_INIT;
    tripsage_feed *feed = (tripsage_feed *)(void *)&options;

    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_feed_open(&feed, world->trips, NULL, NULL));
    ck_assert_ptr_null(feed);
    options.version = 2;
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_feed_open(&feed, world->trips, world->owner, &options), "#options");
    options.version = 1;
    options.queue_max = 1048577;
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_feed_open(&feed, world->trips, world->owner, &options), "#queue_max");
    options.queue_max = 1;
    options.trip_id = "x";
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_feed_open(&feed, world->trips, world->owner, &options), "#trip_id");
    ck_assert_ptr_null(feed);
    tripsage_feed_close(NULL);
}
END_TEST

Suite *contract_feed(void)
{
    Suite *suite = suite_create("feed");
    TCase *tcase = test_case(suite, "feed");

    tcase_add_test(tcase, tells_each_kind_of_write);
    tcase_add_test(tcase, tells_a_trip_s_life_and_nothing_of_what_goes_with_it);
    tcase_add_test(tcase, tells_a_transfer_and_a_copy);
    tcase_add_test(tcase, names_the_records);
    tcase_add_test(tcase, tells_nothing_of_what_was_refused);
    tcase_add_test(tcase, a_creation_repeated_is_told_once);
    tcase_add_test(tcase, users_are_told_of_trips_they_may_see);
    tcase_add_test(tcase, users_are_told_when_a_trip_leaves_their_sight);
    tcase_add_test(tcase, gives_the_record_under_the_reader_s_rights);
    tcase_add_test(tcase, follows_one_trip_if_asked_to);
    tcase_add_test(tcase, a_slow_reader_is_told_to_begin_anew);
    tcase_add_test(tcase, a_queue_that_grows_keeps_its_order);
    tcase_add_test(tcase, another_handle_s_writes_are_told_or_call_for_a_resync);
    tcase_add_test(tcase, waits_as_long_as_it_is_told);
    tcase_add_test(tcase, has_a_descriptor_to_wait_for);
    tcase_add_test(test_threads_case(suite, "feed"), tells_of_many_writers_in_order);
    tcase_add_test(tcase, comes_and_goes_while_others_write);
    tcase_add_test(tcase, refuses_bad_options);
    return suite;
}
