/* contract/idempotency.c: a creating call that is sent twice happens once. */
#include "contract.h"

#include <string.h>

static tripsage_write_options keyed(const char *key)
{
    tripsage_write_options options = TRIPSAGE_WRITE_OPTIONS_INIT;

    options.idempotency_key = key;
    return options;
}

static tripsage_status create(tripsage_doc **out, const tripsage_actor *actor, const char *json, const char *key)
{
    tripsage_write_options options = keyed(key);

    return tripsage_trip_create(out, world->trips, actor, json, TRIPSAGE_NUL, &options);
}

static size_t trips_of(const tripsage_actor *actor)
{
    return tripsage_doc_count(OK(tripsage_trip_list(OUT, world->trips, actor, NULL)), "/items");
}

START_TEST(a_second_call_gives_the_first_answer)
{
    tripsage_doc *first = OK(create(OUT, world->owner, TRIP_JSON, "order-1"));
    tripsage_doc *second;

    test_clock_advance(&world->chance, TEST_HOUR);
    OK(UPDATE(world->owner, id_of(first), "{\"title\":\"Changed since\"}"));
    second = OK(create(OUT, world->owner, TRIP_JSON, "order-1"));
    ck_assert_int_eq(tripsage_doc_replayed(first), 0);
    ck_assert_int_eq(tripsage_doc_replayed(second), 1);
    SAME_TEXT(json_of(second), json_of(first));
    ck_assert_int_eq(tripsage_doc_version(second), tripsage_doc_version(first));
    ck_assert_uint_eq(trips_of(world->owner), 1);
}
END_TEST

START_TEST(another_input_is_refused)
{
    OK(create(OUT, world->owner, TRIP_JSON, "order-1"));
    FAILS(TRIPSAGE_EIDEMPOTENCY, create(OUT, world->owner, test_with(TRIP_JSON, "{\"travelers\":2}"), "order-1"));
    ck_assert_uint_eq(trips_of(world->owner), 1);
}
END_TEST

START_TEST(keys_belong_to_their_actor)
{
    tripsage_doc *mine = OK(create(OUT, world->owner, TRIP_JSON, "order-1"));
    tripsage_doc *theirs = OK(create(OUT, world->stranger, TRIP_JSON, "order-1"));

    ck_assert_int_eq(tripsage_doc_replayed(theirs), 0);
    ck_assert_str_ne(id_of(mine), id_of(theirs));
}
END_TEST

START_TEST(keys_differ_by_every_character)
{
    OK(create(OUT, world->owner, TRIP_JSON, "order-1"));
    OK(create(OUT, world->owner, TRIP_JSON, "order-2"));
    OK(create(OUT, world->owner, TRIP_JSON, "ORDER-1"));
    OK(create(OUT, world->owner, TRIP_JSON, " order-1"));
    ck_assert_uint_eq(trips_of(world->owner), 4);
}
END_TEST

START_TEST(without_a_key_every_call_counts)
{
    OK(CREATE(world->owner, TRIP_JSON));
    OK(CREATE(world->owner, TRIP_JSON));
    ck_assert_uint_eq(trips_of(world->owner), 2);
}
END_TEST

/* 24 hours by the handle's clock. */
START_TEST(a_key_is_forgotten_after_a_day)
{
    const char *first = id_of(OK(create(OUT, world->owner, TRIP_JSON, "order-1")));

    test_clock_advance(&world->chance, TEST_DAY - 1);
    SAME_TEXT(id_of(OK(create(OUT, world->owner, TRIP_JSON, "order-1"))), first);
    test_clock_advance(&world->chance, 2);
    ck_assert_str_ne(id_of(OK(create(OUT, world->owner, TRIP_JSON, "order-1"))), first);
    ck_assert_uint_eq(trips_of(world->owner), 2);
    /* The new use counts its own day. */
    test_clock_advance(&world->chance, TEST_DAY - 1);
    ck_assert_int_eq(tripsage_doc_replayed(OK(create(OUT, world->owner, TRIP_JSON, "order-1"))), 1);
}
END_TEST

START_TEST(an_expired_key_takes_another_input)
{
    OK(create(OUT, world->owner, TRIP_JSON, "order-1"));
    test_clock_advance(&world->chance, TEST_DAY + 1);
    OK(create(OUT, world->owner, test_with(TRIP_JSON, "{\"title\":\"Other\"}"), "order-1"));
}
END_TEST

START_TEST(expired_keys_are_swept)
{
    OK(create(OUT, world->owner, TRIP_JSON, "order-1"));
    test_clock_advance(&world->chance, TEST_HOUR);
    OK(create(OUT, world->owner, TRIP_JSON, "order-2"));
    test_clock_advance(&world->chance, TEST_DAY - TEST_HOUR + 1);
    IS_INT(OK(tripsage_purge_expired(OUT, world->ts, 0)), "/idempotency_keys", 1);
    ck_assert_int_eq(tripsage_doc_replayed(OK(create(OUT, world->owner, TRIP_JSON, "order-2"))), 1);
}
END_TEST

/* A call that failed has not used its key. */
START_TEST(a_failed_call_keeps_the_key_free)
{
    FAILS(TRIPSAGE_EINVALID, create(OUT, world->owner, "{}", "order-1"));
    FAILS(TRIPSAGE_EMALFORMED, create(OUT, world->owner, "{", "order-1"));
    ck_assert_int_eq(tripsage_doc_replayed(OK(create(OUT, world->owner, TRIP_JSON, "order-1"))), 0);
}
END_TEST

START_TEST(a_refused_call_keeps_the_key_free)
{
    const char *id = test_cast_trip(NULL);
    tripsage_write_options options = keyed("order-1");

    FAILS(TRIPSAGE_EFORBIDDEN,
          tripsage_item_create(OUT, world->trips, world->view, id, ITEM_JSON, TRIPSAGE_NUL, &options));
    test_share(world->owner, id, VIEW_ID, "edit");
    ck_assert_int_eq(tripsage_doc_replayed(OK(
                         tripsage_item_create(OUT, world->trips, world->view, id, ITEM_JSON, TRIPSAGE_NUL, &options))),
                     0);
}
END_TEST

START_TEST(a_key_has_a_form)
{
    static const char *const bad[] = {"", "a\nb", "a\tb", "caf\xc3\xa9", "\x7f"};
    const char *longest = test_repeat("k", 255);

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        FAILS_AT(TRIPSAGE_EINVALID, create(OUT, world->owner, TRIP_JSON, bad[i]), "#idempotency_key");
    FAILS_AT(TRIPSAGE_EINVALID, create(OUT, world->owner, TRIP_JSON, test_format("%sk", longest)), "#idempotency_key");
    OK(create(OUT, world->owner, TRIP_JSON, longest));
    OK(create(OUT, world->owner, TRIP_JSON, " !\"~"));
}
END_TEST

START_TEST(items_notes_and_copies_are_made_once)
{
    const char *id = id_of(test_trip(world->owner, NULL));
    tripsage_write_options item = keyed("item"), note = keyed("note"), copy = keyed("copy");
    const char *first[3] = {0};

    for (int i = 0; i < 2; i++) {
        tripsage_doc *made[3];
        made[0] = OK(tripsage_item_create(OUT, world->trips, world->owner, id, ITEM_JSON, TRIPSAGE_NUL, &item));
        made[1] =
            OK(tripsage_note_create(OUT, world->trips, world->owner, id, "{\"content\":\"n\"}", TRIPSAGE_NUL, &note));
        made[2] = OK(tripsage_trip_duplicate(OUT, world->trips, world->owner, id, NULL, 0, &copy));
        for (size_t k = 0; k < 3; k++) {
            ck_assert_int_eq(tripsage_doc_replayed(made[k]), i);
            if (i == 1)
                SAME_TEXT(json_of(made[k]), first[k]);
            first[k] = json_of(made[k]);
        }
    }
    IS_INT(OK(tripsage_itinerary_get(OUT, world->trips, world->owner, id)), "/total_items", 1);
    IS_INT(OK(tripsage_note_list(OUT, world->trips, world->owner, id)), "/total", 1);
    ck_assert_uint_eq(trips_of(world->owner), 2);
}
END_TEST

/* The trip is part of the input: the same item for another trip is another request. */
START_TEST(the_trip_is_part_of_the_input)
{
    const char *one = id_of(test_trip(world->owner, NULL));
    const char *two = id_of(test_trip(world->owner, NULL));
    tripsage_write_options options = keyed("item");

    OK(tripsage_item_create(OUT, world->trips, world->owner, one, ITEM_JSON, TRIPSAGE_NUL, &options));
    FAILS(TRIPSAGE_EIDEMPOTENCY,
          tripsage_item_create(OUT, world->trips, world->owner, two, ITEM_JSON, TRIPSAGE_NUL, &options));
}
END_TEST

/* ---- many at once ---- */

enum { SENDERS = 16 };

typedef struct storm {
    tripsage_status status[SENDERS];
    tripsage_doc *doc[SENDERS];
} storm;

static void send_same(size_t index, void *context)
{
    storm *s = context;

    s->status[index] = create(&s->doc[index], world->owner, TRIP_JSON, "order-1");
}

START_TEST(at_once_it_happens_once)
{
    storm s = {{TRIPSAGE_OK}, {NULL}};
    size_t fresh = 0;

    test_threads_run(SENDERS, send_same, &s);
    for (size_t i = 0; i < SENDERS; i++) {
        ck_assert_msg(s.status[i] == TRIPSAGE_OK, "sender %zu: %s", i, tripsage_status_name(s.status[i]));
        fresh += !tripsage_doc_replayed(s.doc[i]);
        SAME_TEXT(json_of(s.doc[i]), json_of(s.doc[0]));
    }
    ck_assert_uint_eq(fresh, 1);
    for (size_t i = 0; i < SENDERS; i++)
        tripsage_doc_free(s.doc[i]);
    ck_assert_uint_eq(trips_of(world->owner), 1);
}
END_TEST

/* The answer that is kept holds all of what it made, so it goes when that does. */
START_TEST(a_purge_takes_the_kept_answers_along)
{
    tripsage_write_options options = keyed("item-1");
    const char *trip = id_of(OK(create(OUT, world->owner, TRIP_JSON, "order-1"))), *again, *item;

    item = id_of(OK(tripsage_item_create(OUT, world->trips, world->owner, trip, ITEM_JSON, TRIPSAGE_NUL, &options)));
    OK(tripsage_trip_delete(world->trips, world->owner, trip, NULL));
    SAME_TEXT(id_of(OK(create(OUT, world->owner, TRIP_JSON, "order-1"))), trip); /* it may still be restored */
    OK(tripsage_trip_purge(world->trips, world->owner, trip));
    again = id_of(OK(create(OUT, world->owner, TRIP_JSON, "order-1")));
    ck_assert_str_ne(again, trip);
    ck_assert_str_ne(
        id_of(OK(tripsage_item_create(OUT, world->trips, world->owner, again, ITEM_JSON, TRIPSAGE_NUL, &options))),
        item);
}
END_TEST

START_TEST(a_key_outlives_the_handle)
{
    const char *first;

    if (!world->persists)
        return;
    first = id_of(OK(create(OUT, world->owner, TRIP_JSON, "order-1")));
    world_reopen();
    SAME_TEXT(id_of(OK(create(OUT, world->owner, TRIP_JSON, "order-1"))), first);
}
END_TEST

Suite *contract_idempotency(void)
{
    Suite *suite = suite_create("idempotency");
    TCase *tcase = test_case(suite, "idempotency");

    tcase_add_test(tcase, a_second_call_gives_the_first_answer);
    tcase_add_test(tcase, another_input_is_refused);
    tcase_add_test(tcase, keys_belong_to_their_actor);
    tcase_add_test(tcase, keys_differ_by_every_character);
    tcase_add_test(tcase, without_a_key_every_call_counts);
    tcase_add_test(tcase, a_key_is_forgotten_after_a_day);
    tcase_add_test(tcase, an_expired_key_takes_another_input);
    tcase_add_test(tcase, expired_keys_are_swept);
    tcase_add_test(tcase, a_failed_call_keeps_the_key_free);
    tcase_add_test(tcase, a_refused_call_keeps_the_key_free);
    tcase_add_test(tcase, a_key_has_a_form);
    tcase_add_test(tcase, items_notes_and_copies_are_made_once);
    tcase_add_test(tcase, the_trip_is_part_of_the_input);
    tcase_add_test(test_threads_case(suite, "idempotency"), at_once_it_happens_once);
    tcase_add_test(tcase, a_purge_takes_the_kept_answers_along);
    tcase_add_test(tcase, a_key_outlives_the_handle);
    return suite;
}
