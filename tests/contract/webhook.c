/* contract/webhook.c: messages of the database: whose signature counts, for how long, and how often; and what they bring about. */
#include "contract.h"

#include <string.h>
#include <tripsage/webhook.h>

#include "support/webhook.h"

#define SECRET TEST_WEBHOOK_SECRET
#define SHARED TRIPSAGE_WEBHOOK_TRIP_NOTIFICATION
#define CACHED TRIPSAGE_WEBHOOK_CACHE_INVALIDATION

/* Of the world's clock. */
static int64_t now_s(void)
{
    return world->chance.now_ms / 1000;
}

static tripsage_webhook signed_hook(const char *id, int64_t seconds, const char *body)
{
    tripsage_webhook hook = TRIPSAGE_WEBHOOK_INIT;

    hook.id = id;
    hook.timestamp = test_format("%lld", (long long)seconds);
    hook.signature = test_webhook_sign(SECRET, id, seconds, body);
    hook.body = body;
    hook.size = strlen(body);
    return hook;
}

static tripsage_status receive(tripsage_doc **out, tripsage_webhook_kind kind, tripsage_webhook hook)
{
    return tripsage_webhook_receive(out, world->ts, kind, SECRET, &hook);
}

/* The id of somebody with an account, and so with an address. */
static const char *somebody(void)
{
    const char *json = TRIPSAGE_JSON({"email" : "bob@example.org", "password" : "two cups of coffee"});

    return tripsage_doc_text(OK(tripsage_auth_sign_up(OUT, world->auth, NULL, json, TRIPSAGE_NUL)), "/user/id");
}

static tripsage_doc *heard(tripsage_webhook_kind kind, const char *id, const char *body)
{
    return OK(receive(OUT, kind, signed_hook(id, now_s(), body)));
}

/* The example of the specification: a signature is looked at before the time is, and that is long past. */
START_TEST(the_signature_is_the_standard_s)
{
    const char *secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", *body = "{\"test\": 2432232314}";
    tripsage_webhook hook = {1,
                             "msg_p5jXN8AQM9LWM0D4loKWxJek",
                             "1614265330",
                             "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
                             body,
                             strlen(body)};

    FAILS(TRIPSAGE_EEXPIRED, tripsage_webhook_receive(OUT, world->ts, SHARED, secret, &hook));
    hook.signature = "v1,AAAA v2,x v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    FAILS(TRIPSAGE_EEXPIRED, tripsage_webhook_receive(OUT, world->ts, SHARED, secret, &hook));
    hook.body = "{\"test\": 2432232315}";
    FAILS(TRIPSAGE_ETOKEN, tripsage_webhook_receive(OUT, world->ts, SHARED, secret, &hook));
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_webhook_receive(OUT, world->ts, SHARED, "short", &hook), "#secret");
    FAILS_AT(TRIPSAGE_EINVALID,
             tripsage_webhook_receive(OUT, world->ts, SHARED, "whsec_no base64, but long enough for it", &hook),
             "#secret");
}
END_TEST

START_TEST(refuses_what_is_not_signed_or_not_of_now)
{
    const char *body = test_webhook_of_collaborator(NO_SUCH_ID, VIEW_ID, 2, 0);
    tripsage_webhook hook = signed_hook("msg_1", now_s(), body);
    tripsage_webhook bad = hook;

    bad.signature = NULL;
    FAILS(TRIPSAGE_ETOKEN, receive(OUT, SHARED, bad));
    bad.signature = "";
    FAILS(TRIPSAGE_ETOKEN, receive(OUT, SHARED, bad));
    bad.signature = test_webhook_sign("another secret that is long enough", "msg_1", now_s(), body);
    FAILS(TRIPSAGE_ETOKEN, receive(OUT, SHARED, bad));
    bad = hook;
    bad.id = "msg_2";
    FAILS(TRIPSAGE_ETOKEN, receive(OUT, SHARED, bad));
    bad = hook;
    bad.timestamp = test_format("%lld", (long long)now_s() + 1);
    FAILS(TRIPSAGE_ETOKEN, receive(OUT, SHARED, bad));
    FAILS(TRIPSAGE_EEXPIRED, receive(OUT, SHARED, signed_hook("msg_3", now_s() - 301, body)));
    FAILS(TRIPSAGE_EEXPIRED, receive(OUT, SHARED, signed_hook("msg_3", now_s() + 301, body)));
    OK(receive(OUT, SHARED, signed_hook("msg_4", now_s() - 299, body)));
    OK(receive(OUT, SHARED, signed_hook("msg_5", now_s() + 299, body)));
}
END_TEST

START_TEST(a_message_counts_once)
{
    const char *trip = test_cast_trip(NULL), *body = test_webhook_of_collaborator(trip, somebody(), 2, 0);
    tripsage_webhook hook = signed_hook("msg_once", now_s(), body);

    IS_TEXT(OK(receive(OUT, SHARED, hook)), "/event", "shared");
    IS_JSON(OK(receive(OUT, SHARED, hook)), "/duplicate", "true");
    /* What failed may come again. */
    hook = signed_hook("msg_again", now_s(), "{\"type\":\"INSERT\",\"table\":\"trip\",\"record\":{}}");
    FAILS_AT(TRIPSAGE_EINVALID, receive(OUT, SHARED, hook), "/table");
    FAILS_AT(TRIPSAGE_EINVALID, receive(OUT, SHARED, hook), "/table");
}
END_TEST

START_TEST(tells_who_is_on_a_trip_of_it)
{
    const char *trip = test_cast_trip(NULL), *bob = somebody();
    tripsage_doc *done = heard(SHARED, "a", test_webhook_of_collaborator(trip, bob, 2, 0));

    IS_TEXT(done, "/event", "shared");
    IS_TEXT(done, "/mail", "queued");
    IS_JSON(done, "/duplicate", "false");
    IS_TEXT(heard(SHARED, "b", test_webhook_of_collaborator(trip, bob, 3, 2)), "/event", "level");
    IS_TEXT(heard(SHARED, "c", test_webhook_of_collaborator(trip, bob, 0, 3)), "/event", "removed");
    done = heard(SHARED, "d", test_webhook_of_collaborator(trip, bob, 2, 2));
    IS_TEXT(done, "/event", "none");
    IS_TEXT(done, "/mail", "none");
    IS_TEXT(heard(SHARED, "e", test_webhook_of_collaborator(NO_SUCH_ID, bob, 2, 0)), "/event", "none");
    IS_TEXT(heard(SHARED, "f", test_webhook_of_collaborator(trip, NO_SUCH_ID, 2, 0)), "/event", "none");
}
END_TEST

START_TEST(refuses_a_message_that_is_none)
{
    static const struct {
        const char *body, *field;
    } bad[] = {
        {"{}", "/type"},
        {"{\"type\":\"TRUNCATE\",\"table\":\"t\"}", "/type"},
        {"{\"type\":\"INSERT\",\"table\":\"\",\"record\":{}}", "/table"},
        {"{\"type\":\"INSERT\",\"table\":\"trip_collaborator\",\"record\":null}", "/record"},
        {"{\"type\":\"DELETE\",\"table\":\"trip_collaborator\",\"record\":{}}", "/old_record"},
        {"{\"type\":\"INSERT\",\"table\":\"trip_collaborator\",\"record\":{\"trip_id\":\"x\"}}", "/record"},
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        FAILS_AT(TRIPSAGE_EINVALID, receive(OUT, SHARED, signed_hook(test_format("m%zu", i), now_s(), bad[i].body)),
                 bad[i].field);
    FAILS(TRIPSAGE_EMALFORMED, receive(OUT, SHARED, signed_hook("m", now_s(), "no JSON")));
}
END_TEST

static void keep(const char *key, const char *tag)
{
    const tripsage_cache_tag tags[1] = {{tag, strlen(tag)}};
    tripsage_cache_put_options options = TRIPSAGE_CACHE_PUT_OPTIONS_INIT;

    options.tags = tags;
    options.tag_count = 1;
    OK(tripsage_cache_put(world->cache, key, strlen(key), "v", 1, &options));
}

static int is_kept(const char *key)
{
    tripsage_cache_value value;
    int found = tripsage_cache_get(&value, world->cache, key, strlen(key)) == TRIPSAGE_OK;

    if (found)
        tripsage_cache_value_free(&value);
    return found;
}

START_TEST(takes_what_was_cached_of_a_row_away)
{
    const char *body = "{\"type\":\"UPDATE\",\"table\":\"trip\",\"record\":{\"id\":\"t1\",\"user_id\":\"u2\"},"
                       "\"old_record\":{\"id\":\"t1\",\"user_id\":\"u1\"}}";

    keep("a", "trip:t1");
    keep("b", "user:u1");
    keep("c", "user:u2");
    keep("d", "table:trip");
    keep("e", "trip:t2");
    IS_INT(heard(CACHED, "x", body), "/invalidated", 4);
    ck_assert(!is_kept("a") && !is_kept("b") && !is_kept("c") && !is_kept("d") && is_kept("e"));
    keep("n", "trip:t2");
    IS_INT(heard(CACHED, "y",
                 "{\"type\":\"DELETE\",\"table\":\"trip_note\",\"record\":null,\"old_record\":{\"id\":\"n1\","
                 "\"trip_id\":\"t2\"}}"),
           "/invalidated", 2);
}
END_TEST

Suite *contract_webhook(void)
{
    Suite *suite = suite_create("webhook");
    TCase *tcase = test_case(suite, "webhook");

    tcase_add_test(tcase, the_signature_is_the_standard_s);
    tcase_add_test(tcase, refuses_what_is_not_signed_or_not_of_now);
    tcase_add_test(tcase, a_message_counts_once);
    tcase_add_test(tcase, tells_who_is_on_a_trip_of_it);
    tcase_add_test(tcase, refuses_a_message_that_is_none);
    tcase_add_test(tcase, takes_what_was_cached_of_a_row_away);
    return suite;
}
