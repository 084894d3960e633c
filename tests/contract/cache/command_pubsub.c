/* contract/cache/command_pubsub.c: messages: PUBLISH, PUBSUB, and who subscribes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../contract.h"
#include "support/commands.h"

#define WORD(text)                                                                                                     \
    {                                                                                                                  \
        (text), sizeof(text) - 1                                                                                       \
    }

/* Longer than any thread is kept waiting here by a busy machine; no test waits as long. */
#define PATIENCE_MS 60000

static tripsage_cache_subscription *subscribe(const char *channel, const char *pattern)
{
    const tripsage_cache_argument channels[] = {{channel, channel ? strlen(channel) : 0}};
    const tripsage_cache_argument patterns[] = {{pattern, pattern ? strlen(pattern) : 0}};
    const tripsage_cache_topics topics = {channels, channel != NULL, patterns, pattern != NULL};
    tripsage_cache_subscription *subscription;

    OK(tripsage_cache_subscribe(&subscription, world->cache, &topics));
    return subscription;
}

/* "pattern channel payload", or what the call gave. */
static const char *next(tripsage_cache_subscription *subscription, uint32_t timeout_ms)
{
    tripsage_cache_message message;
    tripsage_status status = tripsage_cache_subscription_next(&message, subscription, timeout_ms);

    if (status != TRIPSAGE_OK)
        return tripsage_status_name(status);
    return test_format("%.*s %.*s %.*s", (int)message.pattern.size,
                       message.pattern.data ? (const char *)message.pattern.data : "", (int)message.channel.size,
                       (const char *)message.channel.data, (int)message.payload.size,
                       (const char *)message.payload.data);
}

/* A server hears a moment later that somebody has left. */
static void publish_until(const char *receivers, const char *channel)
{
    for (int tries = 0; strcmp(test_command(world->cache, test_format("PUBLISH %s x", channel)), receivers) != 0;
         tries++) {
        ck_assert_int_lt(tries, 6000);
        usleep(10000);
    }
}

START_TEST(nobody_listens)
{
    SAYS("PUBLISH news hello", "0");
    SAYS("PUBLISH news", "-ERR wrong number of arguments for 'publish' command");
    SAYS("PUBSUB CHANNELS [a-z]*", "[]");
    SAYS("PUBSUB NUMSUB a b", "[\"a\" 0 \"b\" 0]");
    SAYS("PUBSUB NUMPAT", "0");
    SAYS("PUBSUB", "-ERR wrong number of arguments for 'pubsub' command");
    SAYS("PUBSUB NUMPAT now", "-ERR wrong number of arguments for 'pubsub|numpat' command");
    SAYS("PUBSUB WHAT", "-ERR unknown subcommand 'WHAT'. Try PUBSUB HELP.");
}
END_TEST

START_TEST(is_not_there_by_rest)
{
    const tripsage_cache_argument names[] = {WORD("news")};
    const tripsage_cache_topics topics = {names, 1, NULL, 0};
    tripsage_cache_subscription *subscription;

    if (!contract_cache_by_rest())
        return;
    FAILS(TRIPSAGE_ENOTSUP, tripsage_cache_subscribe(&subscription, world->cache, &topics));
    ck_assert_ptr_null(subscription);
}
END_TEST

START_TEST(hear_what_they_asked_for)
{
    tripsage_cache_subscription *news, *all;

    if (contract_cache_by_rest())
        return;
    news = subscribe("news", NULL);
    all = subscribe("news", "n*");
    SAYS("PUBLISH news \"a \\x00b\"", "3");
    SAYS("PUBLISH night \"\"", "1");
    SAYS("PUBLISH day x", "0");
    SAME_TEXT(next(news, PATIENCE_MS), " news a ");
    SAME_TEXT(next(news, 0), "TRIPSAGE_ETIMEOUT");
    SAME_TEXT(next(all, PATIENCE_MS), " news a ");
    SAME_TEXT(next(all, PATIENCE_MS), "n* news a ");
    SAME_TEXT(next(all, PATIENCE_MS), "n* night ");
    SAME_TEXT(next(all, 0), "TRIPSAGE_ETIMEOUT");
    tripsage_cache_subscription_close(news);
    publish_until("2", "news");
    tripsage_cache_subscription_close(all);
    publish_until("0", "news");
}
END_TEST

START_TEST(are_counted)
{
    const tripsage_cache_argument twice[] = {WORD("b"), WORD("b"), WORD("c")};
    const tripsage_cache_topics topics = {twice, 3, twice, 3};
    tripsage_cache_subscription *one, *two;

    if (contract_cache_by_rest())
        return;
    one = subscribe("b", "b");
    OK(tripsage_cache_subscribe(&two, world->cache, &topics));
    SAYS_ANY_ORDER("PUBSUB CHANNELS [a-z]*", "[\"b\" \"c\"]");
    SAYS("PUBSUB CHANNELS [c-d]", "[\"c\"]");
    SAYS("PUBSUB NUMSUB b c d", "[\"b\" 2 \"c\" 1 \"d\" 0]");
    SAYS("PUBSUB NUMSUB", "[]");
    SAYS("PUBSUB NUMPAT", "2");
    SAYS("PUBLISH b x", "4");
    tripsage_cache_subscription_close(one);
    tripsage_cache_subscription_close(two);
}
END_TEST

START_TEST(the_slow_are_left_behind)
{
    tripsage_cache_subscription *slow, *quick;
    char *megabyte = malloc(1024 * 1024);
    const tripsage_cache_argument line[] = {WORD("PUBLISH"), WORD("news"), {megabyte, 1024 * 1024}};
    tripsage_cache_reply *reply;
    tripsage_cache_message message;

    ck_assert_ptr_nonnull(megabyte);
    memset(megabyte, 'x', 1024 * 1024);
    if (contract_cache_in_process()) {
        slow = subscribe("news", NULL);
        quick = subscribe("news", NULL);
        for (int i = 0; i < 8; i++) {
            OK(tripsage_cache_command(&reply, world->cache, line, 3));
            ck_assert_int_eq(reply->integer, i < 7 ? 2 : 1); /* each takes a little more than a megabyte */
            tripsage_cache_reply_free(reply);
            OK(tripsage_cache_subscription_next(&message, quick, PATIENCE_MS));
        }
        FAILS(TRIPSAGE_EBUSY, tripsage_cache_subscription_next(&message, slow, 0));
        FAILS(TRIPSAGE_EBUSY, tripsage_cache_subscription_next(&message, slow, 0));
        SAYS("PUBSUB NUMSUB news", "[\"news\" 2]");
        tripsage_cache_subscription_close(slow);
        tripsage_cache_subscription_close(quick);
    }
    free(megabyte);
}
END_TEST

START_TEST(too_many_names_are_refused)
{
    tripsage_cache_argument *names = test_keep(calloc(TRIPSAGE_CACHE_TOPICS_MAX + 1, sizeof *names));
    const tripsage_cache_topics none = {NULL, 0, NULL, 0}, many = {names, TRIPSAGE_CACHE_TOPICS_MAX, names, 1},
                                one = {names, 1, NULL, 0};
    tripsage_cache_subscription *subscription;

    FAILS_AT(TRIPSAGE_EINVALID, tripsage_cache_subscribe(&subscription, world->cache, &none), "#topics");
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_cache_subscribe(&subscription, world->cache, &many), "#topics");
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_cache_subscribe(&subscription, world->cache, &one), "#topics");
    ck_assert_ptr_null(subscription);
}
END_TEST

/* ---- on several threads ---- */

#define LISTENERS  2u
#define PUBLISHERS 2u
#define MESSAGES   500

typedef struct crowd {
    tripsage_cache *cache;
    tripsage_cache_subscription *subscriptions[LISTENERS];
    int published[PUBLISHERS], heard[LISTENERS], out_of_order[LISTENERS];
} crowd;

static void talk(crowd *c, size_t self)
{
    char text[16];
    tripsage_cache_argument line[] = {WORD("PUBLISH"), WORD("news"), {text, 0}};
    tripsage_cache_reply *reply = NULL;

    for (int i = 0; i < MESSAGES; i++) {
        line[2].size = (size_t)snprintf(text, sizeof text, "%zu %d", self, i) + 1;
        if (tripsage_cache_command(&reply, c->cache, line, 3) == TRIPSAGE_OK)
            c->published[self] += (int)reply->integer;
        tripsage_cache_reply_free(reply);
    }
}

static void listen_to_all(crowd *c, size_t self)
{
    tripsage_cache_message message;
    int last[PUBLISHERS] = {-1, -1};

    while (c->heard[self] < (int)PUBLISHERS * MESSAGES &&
           tripsage_cache_subscription_next(&message, c->subscriptions[self], PATIENCE_MS) == TRIPSAGE_OK) {
        const char *payload = message.payload.data;
        int from = payload[0] - '0', at = atoi(payload + 2);

        c->out_of_order[self] += at != last[from] + 1;
        last[from] = at;
        c->heard[self]++;
    }
}

static void talk_or_listen(size_t index, void *context)
{
    if (index < LISTENERS)
        listen_to_all(context, index);
    else
        talk(context, index - LISTENERS);
}

START_TEST(messages_keep_their_order)
{
    crowd c = {.cache = world->cache};

    if (contract_cache_by_rest())
        return;
    c.subscriptions[0] = subscribe("news", NULL);
    c.subscriptions[1] = subscribe(NULL, "n*");
    test_threads_run(LISTENERS + PUBLISHERS, talk_or_listen, &c);
    for (size_t i = 0; i < LISTENERS; i++) {
        ck_assert_int_eq(c.heard[i], (int)PUBLISHERS * MESSAGES);
        ck_assert_int_eq(c.out_of_order[i], 0);
        tripsage_cache_subscription_close(c.subscriptions[i]);
    }
    ck_assert_int_eq(c.published[0] + c.published[1], (int)(LISTENERS * PUBLISHERS) * MESSAGES);
    publish_until("0", "news");
}
END_TEST

Suite *contract_command_pubsub(void)
{
    Suite *suite = suite_create("command_pubsub");
    TCase *tcase = test_case(suite, "command_pubsub");

    tcase_add_test(tcase, nobody_listens);
    tcase_add_test(tcase, is_not_there_by_rest);
    tcase_add_test(tcase, hear_what_they_asked_for);
    tcase_add_test(tcase, are_counted);
    tcase_add_test(tcase, the_slow_are_left_behind);
    tcase_add_test(tcase, too_many_names_are_refused);
    tcase_add_test(tcase, messages_keep_their_order);
    return suite;
}
