/* fault/redis_test.c: the server of the cache is killed, frozen, full, talks nonsense, or is somebody else. What a call may cost is
 * shown by counting the calls that waited: none waits but who was there when the server fell silent, and one in each period of the
 * breaker. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "cache_calls.h"
#include "support/commands.h"
#include "support/expect.h"
#include "support/failing.h"
#include "support/redis.h"
#include "support/threads.h"

/* A call that waited has waited for this long; half of it tells it from one that did not, on a busy machine, too. */
enum { DEADLINE_MS = 400, SLOW_MS = DEADLINE_MS / 2, A_MINUTE_MS = 60000, CALLS = 300, THREADS = 8 };

static test_redis server;
static char logged[4096];
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;

static void keep_log(tripsage_log_level level, const char *room, const char *message, void *user)
{
    size_t length;

    (void)user;
    pthread_mutex_lock(&log_lock);
    length = strlen(logged);
    snprintf(logged + length, sizeof logged - length, "%d %s: %s\n", (int)level, room, message);
    pthread_mutex_unlock(&log_lock);
}

static tripsage_cache *open_url(const char *url, uint32_t retry_after_ms)
{
    tripsage_cache_options options = TRIPSAGE_CACHE_OPTIONS_INIT;
    tripsage_runtime runtime = TRIPSAGE_RUNTIME_INIT;
    tripsage_cache *cache;

    runtime.log = keep_log;
    options.url = url;
    options.deadline_ms = DEADLINE_MS;
    options.retry_after_ms = retry_after_ms;
    OK(tripsage_cache_open(&cache, &options, &runtime));
    return cache;
}

static tripsage_cache *open_cache(uint32_t retry_after_ms)
{
    return open_url(test_format("unix://%s", server.path), retry_after_ms);
}

static void start(void)
{
    test_redis_start(&server, NULL);
}

static void finish(void)
{
    test_redis_close(&server);
    test_keep_free();
}

/* Reads and writes a server that is not there, and counts the calls that waited. */
typedef struct silence {
    tripsage_cache *cache;
    _Atomic int slow, wrong;
    int64_t until; /* 0: CALLS of them */
} silence;

static void call_in_vain(size_t index, void *context)
{
    silence *s = context;

    (void)index;
    for (int i = 0; s->until ? now_ms() < s->until : i < CALLS; i++) {
        int64_t began = now_ms();
        int good = i % 2 ? set(s->cache, "x") == TRIPSAGE_EUNAVAILABLE : get(s->cache) == TRIPSAGE_ENOTFOUND;

        s->slow += now_ms() - began >= SLOW_MS;
        s->wrong += !good;
    }
}

static void wait_until_it_answers(tripsage_cache *cache)
{
    for (int64_t until = now_ms() + 20000; set(cache, "back") != TRIPSAGE_OK;) {
        ck_assert_msg(now_ms() < until, "it did not come back: %s", test_error_text());
        nanosleep(&(struct timespec){0, 5000000}, NULL);
    }
    OK(get(cache));
}

/* ---- there, and not there ---- */

START_TEST(one_call_is_one_round_trip)
{
    tripsage_cache *cache = open_cache(A_MINUTE_MS);
    tripsage_cache_stats stats;
    int64_t sum;
    long before, after, asking;

    OK(set(cache, "x")); /* connected */
    before = test_redis_reads(&server);
    for (int i = 0; i < 50; i++) {
        OK(tripsage_cache_set(cache, "key", 3, "x", 1, 1000, TRIPSAGE_CACHE_IF_PRESENT));
        OK(get(cache));
        OK(tripsage_cache_increment(&sum, cache, "n", 1, 1, 1000));
        OK(tripsage_cache_expire(cache, "n", 1, 0));
        OK(tripsage_cache_expire(cache, "n", 1, 1000));
        OK(tripsage_cache_delete(cache, "n", 1));
        OK(tripsage_cache_get_stats(&stats, cache));
        OK(tripsage_cache_clear(NULL, cache, "none", 4));
    }
    after = test_redis_reads(&server);
    asking = test_redis_reads(&server) - after;
    /* When the end of redis-cli's connection is read is not in our hand. */
    ck_assert_int_le(labs(after - before - asking - 50 * 8), 4);
    tripsage_cache_close(cache);
}
END_TEST

static tripsage_status subscribe(tripsage_cache_subscription **out, tripsage_cache *cache)
{
    static const tripsage_cache_argument names[] = {{"news", 4}, {"sport", 5}};
    const tripsage_cache_topics topics = {names, 2, NULL, 0};

    return tripsage_cache_subscribe(out, cache, &topics);
}

/* Sends a message and hears it. */
static tripsage_status talk_to_oneself(tripsage_cache *cache)
{
    static const tripsage_cache_argument line[] = {{"PUBLISH", 7}, {"sport", 5}, {"hello", 5}};
    tripsage_cache_subscription *subscription;
    tripsage_cache_message message;
    tripsage_cache_reply *reply = NULL;
    tripsage_status status = subscribe(&subscription, cache);

    if (status == TRIPSAGE_OK)
        status = tripsage_cache_command(&reply, cache, line, 3);
    if (status == TRIPSAGE_OK)
        status = tripsage_cache_subscription_next(&message, subscription, A_MINUTE_MS);
    if (status == TRIPSAGE_OK)
        ck_assert(message.payload.size == 5 && memcmp(message.payload.data, "hello", 5) == 0);
    tripsage_cache_reply_free(reply);
    tripsage_cache_subscription_close(subscription);
    return status;
}

START_TEST(a_subscription_ends_with_its_server)
{
    tripsage_cache *cache = open_cache(1);
    tripsage_cache_subscription *subscription;
    tripsage_cache_message message;

    OK(subscribe(&subscription, cache));
    FAILS(TRIPSAGE_ETIMEOUT, tripsage_cache_subscription_next(&message, subscription, 0));
    test_redis_cli(&server, "PUBLISH news last");
    OK(tripsage_cache_subscription_next(&message, subscription, A_MINUTE_MS));
    test_redis_kill(&server);
    FAILS(TRIPSAGE_EUNAVAILABLE, tripsage_cache_subscription_next(&message, subscription, A_MINUTE_MS));
    FAILS(TRIPSAGE_EUNAVAILABLE, tripsage_cache_subscription_next(&message, subscription, 0));
    tripsage_cache_subscription_close(subscription);
    FAILS(TRIPSAGE_EUNAVAILABLE, subscribe(&subscription, cache));
    ck_assert_ptr_null(subscription);
    test_redis_start_again(&server);
    wait_until_it_answers(cache);
    OK(talk_to_oneself(cache));
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(a_subscription_is_waited_for_until_the_deadline)
{
    tripsage_cache *cache = open_cache(A_MINUTE_MS);
    tripsage_cache_subscription *subscription;

    test_redis_freeze(&server);
    FAILS(TRIPSAGE_EUNAVAILABLE, subscribe(&subscription, cache));
    test_redis_thaw(&server);
    OK(talk_to_oneself(cache));
    ck_assert_ptr_nonnull(strstr(test_redis_cli(&server, "ACL SETUSER default resetchannels"), "OK"));
    FAILS(TRIPSAGE_EUNAVAILABLE, subscribe(&subscription, cache));
    ck_assert_ptr_nonnull(strstr(tripsage_last_error()->message, "the cache's server refuses: NOPERM"));
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(killed)
{
    tripsage_cache *cache = open_cache(A_MINUTE_MS);
    silence s = {cache, 0, 0, 0};
    tripsage_cache_stats stats;

    OK(set(cache, "x"));
    test_redis_kill(&server);
    call_in_vain(0, &s);
    ck_assert_int_eq(s.wrong, 0);
    ck_assert_int_eq(s.slow, 0); /* a socket without a server tells so at once */
    FAILS(TRIPSAGE_EUNAVAILABLE, tripsage_cache_delete(cache, "key", 3));
    FAILS(TRIPSAGE_EUNAVAILABLE, tripsage_cache_expire(cache, "key", 3, 100));
    FAILS(TRIPSAGE_EUNAVAILABLE, tripsage_cache_increment(&(int64_t){0}, cache, "key", 3, 1, 0));
    FAILS(TRIPSAGE_EUNAVAILABLE, tripsage_cache_clear(NULL, cache, "", 0));
    FAILS(TRIPSAGE_EUNAVAILABLE, tripsage_cache_get_stats(&stats, cache));
    ck_assert_uint_eq(stats.sets, 1);
    ck_assert_uint_eq(stats.misses, CALLS / 2);
    ck_assert_uint_eq(stats.breaker_open, 1);
    ck_assert_uint_eq(stats.breaker_opened, 1);
    ck_assert_uint_eq(stats.silent, 1);
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(was_never_there)
{
    tripsage_cache *cache;
    silence s = {0};

    test_redis_kill(&server);
    s.cache = cache = open_cache(50);
    call_in_vain(0, &s);
    ck_assert_int_eq(s.wrong + s.slow, 0);
    test_redis_start_again(&server);
    wait_until_it_answers(cache);
    tripsage_cache_close(cache);
}
END_TEST

/* Nobody was calling while it was away: the connections it closed are no sign of anything. */
START_TEST(restarted_between_two_calls)
{
    tripsage_cache *cache = open_cache(A_MINUTE_MS);

    OK(set(cache, "x"));
    test_redis_kill(&server);
    test_redis_start_again(&server);
    FAILS(TRIPSAGE_ENOTFOUND, get(cache));
    OK(set(cache, "x"));
    OK(get(cache));
    SAME_TEXT(logged, "");
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(frozen)
{
    tripsage_cache *cache = open_cache(A_MINUTE_MS);
    silence s = {cache, 0, 0, 0};

    OK(set(cache, "x"));
    test_redis_freeze(&server);
    call_in_vain(0, &s);
    ck_assert_int_eq(s.wrong, 0);
    ck_assert_int_eq(s.slow, 1);
    SAME_TEXT(logged,
              test_format("2 cache: %s does not answer, so nothing is found there: no answer in time\n", server.path));
    test_redis_thaw(&server);
    FAILS(TRIPSAGE_ENOTFOUND, get(cache)); /* not looked at before its minute is over */
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(frozen_and_back)
{
    tripsage_cache *cache = open_cache(100);
    tripsage_cache_stats stats;

    OK(set(cache, "x"));
    test_redis_freeze(&server);
    FAILS(TRIPSAGE_ENOTFOUND, get(cache));
    test_redis_thaw(&server);
    wait_until_it_answers(cache);
    ck_assert_ptr_nonnull(strstr(logged, "answers again"));
    OK(tripsage_cache_get_stats(&stats, cache));
    ck_assert_uint_eq(stats.breaker_open, 0);
    ck_assert_uint_eq(stats.breaker_opened, 1);
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(frozen_under_many_threads)
{
    tripsage_cache *cache = open_cache(A_MINUTE_MS);
    silence s = {cache, 0, 0, 0};

    OK(set(cache, "x"));
    test_redis_freeze(&server);
    test_threads_run(THREADS, call_in_vain, &s);
    ck_assert_int_eq(s.wrong, 0);
    ck_assert_int_ge(s.slow, 1);
    ck_assert_int_le(s.slow, THREADS); /* each was there at the beginning, and paid once */
    tripsage_cache_close(cache);
}
END_TEST

/* Of all threads together one waits in a period, and the next period begins when it has waited. */
START_TEST(a_single_probe_looks_whether_it_is_back)
{
    enum { PERIOD_MS = 100, PERIODS = 4 };
    tripsage_cache *cache = open_cache(PERIOD_MS);
    silence s = {cache, 0, 0, 0};
    tripsage_cache_stats stats;

    OK(set(cache, "x"));
    test_redis_freeze(&server);
    FAILS(TRIPSAGE_ENOTFOUND, get(cache));
    s.until = now_ms() + PERIODS * (PERIOD_MS + DEADLINE_MS);
    test_threads_run(THREADS, call_in_vain, &s);
    ck_assert_int_eq(s.wrong, 0);
    (void)tripsage_cache_get_stats(&stats, cache); /* a probe itself, or told off */
    ck_assert_uint_ge(stats.silent, 2);
    ck_assert_uint_le(stats.silent, 1 + PERIODS + 2); /* the first, and one more at either end */
    test_redis_thaw(&server);
    wait_until_it_answers(cache);
    tripsage_cache_close(cache);
}
END_TEST

/* Threads beyond the connections wait for one, no longer than for an answer. */
START_TEST(more_threads_than_connections)
{
    tripsage_cache_options options = TRIPSAGE_CACHE_OPTIONS_INIT;
    silence s = {0};

    options.url = test_format("unix://%s", server.path);
    options.deadline_ms = DEADLINE_MS;
    options.retry_after_ms = A_MINUTE_MS;
    options.connections = 2;
    OK(tripsage_cache_open(&s.cache, &options, NULL));
    OK(set(s.cache, "x"));
    test_redis_freeze(&server);
    test_threads_run(THREADS, call_in_vain, &s);
    ck_assert_int_eq(s.wrong, 0);
    ck_assert_int_le(s.slow, THREADS);
    tripsage_cache_close(s.cache);
}
END_TEST

/* ---- refusing ---- */

START_TEST(full_is_not_gone)
{
    tripsage_cache *cache = open_cache(A_MINUTE_MS);

    OK(set(cache, "x"));
    test_redis_cli(&server, "CONFIG SET maxmemory 1");
    FAILS(TRIPSAGE_EUNAVAILABLE, set(cache, "y"));
    ck_assert_ptr_nonnull(strstr(tripsage_last_error()->message, "OOM"));
    FAILS(TRIPSAGE_EUNAVAILABLE, tripsage_cache_increment(&(int64_t){0}, cache, "n", 1, 1, 1000));
    OK(get(cache));
    test_redis_cli(&server, "CONFIG SET maxmemory 0");
    OK(set(cache, "y"));
    tripsage_cache_close(cache);
}
END_TEST

/* ---- commands ---- */

/* Replies of some hundred kilobytes come in many pieces, at whose ends nothing may get lost. */
START_TEST(replies_in_many_pieces)
{
    tripsage_cache *cache = open_cache(A_MINUTE_MS);
    const char *word = test_repeat("w", 900), *lines = "", *want = "[";

    for (int i = 0; i < 60; i++) {
        lines = test_format("%sECHO %s%d\n", lines, word, i);
        want = test_format("%s%s\"%s%d\"", want, i ? " " : "", word, i);
    }
    want = test_format("%s]", want);
    for (int i = 0; i < 20; i++) {
        SAME_TEXT(test_transaction(cache, lines), want);
        SAME_TEXT(test_pipeline(cache, lines), want);
    }
    SAME_TEXT(test_transaction(cache, "SET k 1\nLPUSH k x\nGET k\n"),
              "[OK -WRONGTYPE Operation against a key holding the wrong kind of value \"1\"]");
    SAME_TEXT(test_command(cache, "EVAL \"return {1,{2,{3,{4,{}}}},'x'}\" 0"), "[1 [2 [3 [4 []]]] \"x\"]");
    SAME_TEXT(test_pipeline(cache, ""), "[]");
    SAME_TEXT(test_transaction(cache, ""), "[]");
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(what_is_of_the_connection_stays_ours)
{
    static const char *const lines[] = {
        "select 1", "MULTI",   "SUBSCRIBE c", "BLPOP k 1", "CLIENT REPLY OFF", "XREAD BLOCK 0 STREAMS k $",
        "HELLO 3",  "monitor", "QUIT"};
    tripsage_cache *cache = open_cache(A_MINUTE_MS);

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        ck_assert_ptr_nonnull(strstr(test_command(cache, lines[i]), "-ERR Command is not available: '"));
        ck_assert_ptr_nonnull(strstr(test_transaction(cache, test_format("SET k x\n%s\n", lines[i])),
                                     "-ERR Command is not available: '"));
    }
    SAME_TEXT(test_command(cache, "EXISTS k"), "0");
    SAME_TEXT(test_command(cache, "XREAD STREAMS block 0"), "nil");
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(too_much_at_once)
{
    tripsage_cache *cache = open_cache(A_MINUTE_MS);
    size_t size = 9u * 1024 * 1024;
    char *large = test_keep(calloc(1, size));
    const tripsage_cache_argument words[] = {{"SADD", 4}, {"k", 1}, {large, size}, {large, size}};
    tripsage_cache_reply *reply;

    FAILS_AT(TRIPSAGE_EINVALID, tripsage_cache_command(&reply, cache, words, 4), "#arguments");
    OK(set(cache, "x"));
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(a_replica_reads)
{
    tripsage_cache *cache = open_cache(A_MINUTE_MS);

    OK(set(cache, "x"));
    test_redis_cli(&server, "REPLICAOF 127.0.0.1 1");
    FAILS(TRIPSAGE_EUNAVAILABLE, set(cache, "y"));
    ck_assert_ptr_nonnull(strstr(tripsage_last_error()->message, "READONLY"));
    OK(get(cache));
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(what_is_of_another_kind_is_not_ours)
{
    tripsage_cache *cache = open_cache(A_MINUTE_MS);

    test_redis_cli(&server, "RPUSH tripsage:key a b");
    FAILS(TRIPSAGE_ENOTFOUND, get(cache));
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_cache_increment(&(int64_t){0}, cache, "key", 3, 1, 0), "#key");
    OK(set(cache, "x"));
    OK(get(cache));
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(clears_its_own_alone)
{
    tripsage_cache_options options = TRIPSAGE_CACHE_OPTIONS_INIT;
    tripsage_cache *cache = open_cache(A_MINUTE_MS), *other;
    uint64_t cleared;

    options.url = test_format("unix://%s", server.path);
    options.key_prefix = "trip?age:";
    OK(tripsage_cache_open(&other, &options, NULL));
    OK(set(other, "x"));
    for (int i = 0; i < 2500; i++) { /* several steps of SCAN */
        const char *key = test_format("%d", i);

        OK(tripsage_cache_set(cache, key, strlen(key), "x", 1, 0, TRIPSAGE_CACHE_ALWAYS));
    }
    OK(tripsage_cache_clear(&cleared, other, "", 0));
    ck_assert_uint_eq(cleared, 1);
    OK(set(other, "x"));
    OK(tripsage_cache_clear(&cleared, cache, "", 0));
    ck_assert_uint_eq(cleared, 2500);
    OK(get(other));
    tripsage_cache_close(cache);
    tripsage_cache_close(other);
}
END_TEST

/* ---- memory that runs out ---- */

static tripsage_status use(tripsage_cache *cache)
{
    int64_t sum;
    tripsage_status status = set(cache, "x");

    if (status == TRIPSAGE_OK)
        status = get(cache) == TRIPSAGE_OK ? TRIPSAGE_OK : TRIPSAGE_ENOMEM; /* what cannot be handed out is not found */
    if (status == TRIPSAGE_OK)
        status = tripsage_cache_increment(&sum, cache, "n", 1, 1, 1000);
    if (status == TRIPSAGE_OK)
        status = tripsage_cache_clear(NULL, cache, "", 0);
    return status;
}

/* Each allocation fails in turn. Our own want of memory is not held against the server. */
START_TEST(without_memory)
{
    tripsage_status status = TRIPSAGE_ENOMEM;

    test_heap_install();
    for (long n = 1; status == TRIPSAGE_ENOMEM; n++) {
        tripsage_cache *cache = open_cache(A_MINUTE_MS);

        test_heap_arm(n, TEST_FAIL_ONCE);
        status = use(cache);
        if (status == TRIPSAGE_OK)
            status = talk_to_oneself(cache);
        test_heap_disarm();
        ck_assert_msg(status == TRIPSAGE_OK || status == TRIPSAGE_ENOMEM, "%ld: %s", n, test_error_text());
        ck_assert_int_lt(n, 100);
        OK(use(cache));
        tripsage_cache_close(cache);
        ck_assert_int_eq(test_heap_alive(TEST_HEAP_LIBRARY), 0);
    }
    SAME_TEXT(logged, "");
}
END_TEST

/* ---- logging in ---- */

#define PASSWORD "p@ss/w:o#r?d 100%"
#define ESCAPED  "p%40ss%2Fw%3Ao%23r%3Fd%20100%25"

static const char *const with_password[] = {"--requirepass", PASSWORD, NULL};

static void start_with_password(void)
{
    test_redis_start(&server, with_password);
}

START_TEST(logs_in_and_chooses_its_database)
{
    tripsage_cache *cache = open_url(test_format("unix://:%s@%s?db=5", ESCAPED, server.path), A_MINUTE_MS);
    tripsage_cache *named = open_url(test_format("unix://default:%s@%s?db=5", ESCAPED, server.path), A_MINUTE_MS);
    tripsage_cache *elsewhere = open_url(test_format("unix://:%s@%s", ESCAPED, server.path), A_MINUTE_MS);

    OK(set(cache, "x"));
    OK(get(named));
    FAILS(TRIPSAGE_ENOTFOUND, get(elsewhere));
    tripsage_cache_close(cache);
    tripsage_cache_close(named);
    tripsage_cache_close(elsewhere);
}
END_TEST

START_TEST(logs_in_with_a_password_beside_the_url)
{
    tripsage_cache_options options = TRIPSAGE_CACHE_OPTIONS_INIT;
    tripsage_cache *cache;

    options.url = test_format("unix://default@%s", server.path);
    options.password = PASSWORD;
    OK(tripsage_cache_open(&cache, &options, NULL));
    OK(set(cache, "x"));
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(a_wrong_password_is_not_repeated)
{
    static const char *const credentials[] = {":secretive", "somebody:secretive", "secretive", ""};

    for (size_t i = 0; i < sizeof credentials / sizeof credentials[0]; i++) {
        tripsage_cache *cache = open_url(test_format("unix://%s@%s", credentials[i], server.path), A_MINUTE_MS);

        FAILS(TRIPSAGE_EUNAVAILABLE, set(cache, "x"));
        ck_assert_ptr_null(strstr(tripsage_last_error()->message, "secretive"));
        FAILS(TRIPSAGE_ENOTFOUND, get(cache));
        tripsage_cache_close(cache);
    }
    ck_assert_ptr_nonnull(strstr(logged, "WRONGPASS"));
    ck_assert_ptr_null(strstr(logged, "secretive"));
}
END_TEST

/* ---- somebody else at the other end ---- */

typedef struct impostor {
    int listener;
    const char *answer;
    size_t size;
    int endless; /* the answer again and again, whatever is asked */
    pthread_t thread;
    char folder[TEST_PATH_SIZE], path[TEST_PATH_SIZE];
} impostor;

static void speak(const impostor *i, int to)
{
    char asked[4096];

    while (recv(to, asked, sizeof asked, 0) > 0)
        do
            if (send(to, i->answer, i->size, MSG_NOSIGNAL) < 0)
                return;
        while (i->endless);
}

static void *pretend(void *argument)
{
    const impostor *i = argument;
    int to;

    while ((to = accept(i->listener, NULL, NULL)) >= 0) {
        speak(i, to);
        close(to);
    }
    return NULL;
}

static void open_impostor(impostor *i, const char *answer, size_t size, int endless)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    memset(i, 0, sizeof *i);
    i->answer = answer;
    i->size = size;
    i->endless = endless;
    test_temp_make(i->folder);
    test_path_join(i->path, i->folder, "socket");
    ck_assert_uint_lt(strlen(i->path), sizeof address.sun_path);
    memcpy(address.sun_path, i->path, strlen(i->path));
    i->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(i->listener, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(i->listener, 16), 0);
    ck_assert_int_eq(pthread_create(&i->thread, NULL, pretend, i), 0);
}

static void close_impostor(impostor *i)
{
    shutdown(i->listener, SHUT_RDWR);
    pthread_join(i->thread, NULL);
    close(i->listener);
    test_temp_remove(i->folder);
}

/* Nothing is found, nothing is stored, and one call at most has waited for it. */
static void check_impostor(const char *answer, size_t size, int endless)
{
    impostor i;
    silence s = {0};
    tripsage_cache_subscription *subscription;

    open_impostor(&i, answer, size, endless);
    s.cache = open_url(test_format("unix://%s", i.path), A_MINUTE_MS);
    call_in_vain(0, &s);
    ck_assert_msg(s.wrong == 0 && s.slow <= 1, "%d wrong, %d slow after: %s", s.wrong, s.slow, answer);
    FAILS(TRIPSAGE_EUNAVAILABLE, subscribe(&subscription, s.cache));
    tripsage_cache_close(s.cache);
    close_impostor(&i);
}

START_TEST(answers_nonsense)
{
#define NONSENSE(text) check_impostor("" text, sizeof(text) - 1, 0)
    NONSENSE("HTTP/1.1 400 Bad Request\r\n\r\n");
    NONSENSE("\0\0\0\0");
    NONSENSE("$-7\r\n");
    NONSENSE("$99999999999999999999\r\n");
    NONSENSE("*-5\r\n");
    NONSENSE("*4294967296\r\n");
    NONSENSE("+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n$1\r\n");  /* and no more */
    NONSENSE("+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n"); /* two too many */
    NONSENSE("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n");
}
END_TEST

START_TEST(never_stops_talking)
{
    char *endless = test_keep(malloc(1024 * 1024));

    memset(endless, 'x', 1024 * 1024);
    endless[0] = '+';
    check_impostor(endless, 1024, 1);
    memcpy(endless, "$500000000\r\n", 12);
    check_impostor(endless, 1024 * 1024 - 1, 1);
}
END_TEST

/* A well-formed answer to another question is not taken for one to this. */
START_TEST(answers_something_else)
{
    impostor i;
    tripsage_cache *cache;
    static const char answer[] = "*1\r\n$1\r\n7\r\n";

    open_impostor(&i, answer, sizeof answer - 1, 0);
    cache = open_url(test_format("unix://%s", i.path), A_MINUTE_MS);
    FAILS(TRIPSAGE_ENOTFOUND, get(cache));
    FAILS(TRIPSAGE_EUNAVAILABLE, set(cache, "x"));
    FAILS(TRIPSAGE_EUNAVAILABLE, tripsage_cache_delete(cache, "key", 3));
    FAILS(TRIPSAGE_EUNAVAILABLE, tripsage_cache_clear(NULL, cache, "", 0));
    SAME_TEXT(logged, ""); /* there is somebody */
    tripsage_cache_close(cache);
    close_impostor(&i);
}
END_TEST

/* A node of a cluster that has other keys. */
START_TEST(is_one_of_a_cluster)
{
    impostor i;
    tripsage_cache *cache;
    static const char answer[] = "-MOVED 3999 127.0.0.1:6381\r\n";

    open_impostor(&i, answer, sizeof answer - 1, 0);
    cache = open_url(test_format("unix://%s", i.path), A_MINUTE_MS);
    FAILS(TRIPSAGE_EUNAVAILABLE, set(cache, "x"));
    ck_assert_ptr_nonnull(strstr(tripsage_last_error()->message, "MOVED: it is one of a cluster"));
    tripsage_cache_close(cache);
    close_impostor(&i);
}
END_TEST

START_TEST(a_name_that_leads_nowhere)
{
    silence s = {0};

    s.cache = open_url("redis://no-such-host.invalid:1", A_MINUTE_MS);
    call_in_vain(0, &s);
    ck_assert_int_eq(s.wrong, 0);
    ck_assert_int_le(s.slow, 1);
    tripsage_cache_close(s.cache);
}
END_TEST

/* ---- TLS ---- */

START_TEST(over_tls)
{
    char certificate[TEST_PATH_SIZE];
    int port = test_redis_start_with_tls(&server, certificate);
    tripsage_cache *cache = open_url(test_format("rediss://localhost:%d/3?ca_file=%s", port, certificate), A_MINUTE_MS);
    size_t size = 1024 * 1024;
    char *large = test_keep(malloc(size));
    tripsage_cache_value value;

    memset(large, 'x', size);
    for (int i = 0; i < 20; i++)
        OK(set(cache, "x"));
    OK(tripsage_cache_set(cache, "large", 5, large, size, 0, TRIPSAGE_CACHE_ALWAYS));
    OK(tripsage_cache_get(&value, cache, "large", 5));
    ck_assert_uint_eq(value.size, size);
    ck_assert_int_eq(memcmp(value.data, large, size), 0);
    tripsage_cache_value_free(&value);
    ck_assert_ptr_nonnull(strstr(test_redis_cli(&server, "-n 3 EXISTS tripsage:large"), "1"));
    OK(talk_to_oneself(cache));
    test_redis_kill(&server);
    FAILS(TRIPSAGE_ENOTFOUND, get(cache));
    tripsage_cache_close(cache);
}
END_TEST

START_TEST(over_tls_with_a_stranger)
{
    char certificate[TEST_PATH_SIZE];
    int port = test_redis_start_with_tls(&server, certificate);
    tripsage_cache *another_name =
        open_url(test_format("rediss://127.0.0.1:%d/?ca_file=%s", port, certificate), A_MINUTE_MS);
    tripsage_cache *nobody_knows = open_url(test_format("rediss://localhost:%d", port), A_MINUTE_MS);
    tripsage_cache *in_clear = open_url(test_format("redis://localhost:%d", port), A_MINUTE_MS);

    FAILS(TRIPSAGE_EUNAVAILABLE, set(another_name, "x"));
    ck_assert_ptr_nonnull(strstr(tripsage_last_error()->message, "TLS: IP address mismatch"));
    FAILS(TRIPSAGE_EUNAVAILABLE, set(nobody_knows, "x"));
    ck_assert_ptr_nonnull(strstr(tripsage_last_error()->message, "TLS: self-signed certificate"));
    FAILS(TRIPSAGE_EUNAVAILABLE, set(in_clear, "x"));
    tripsage_cache_close(another_name);
    tripsage_cache_close(nobody_knows);
    tripsage_cache_close(in_clear);
}
END_TEST

START_TEST(tls_without_certificates_to_believe)
{
    tripsage_cache_options options = TRIPSAGE_CACHE_OPTIONS_INIT;
    tripsage_cache *cache;

    options.url = "rediss://localhost/?ca_file=/nowhere";
    FAILS(TRIPSAGE_EINVALID, tripsage_cache_open(&cache, &options, NULL));
}
END_TEST

static TCase *add_case(Suite *suite, const char *name, void (*setup)(void))
{
    TCase *tcase = tcase_create(name);

    tcase_add_checked_fixture(tcase, setup, finish);
    tcase_set_timeout(tcase, 120);
    suite_add_tcase(suite, tcase);
    return tcase;
}

int main(void)
{
    Suite *suite = suite_create("fault/redis");
    TCase *plain = add_case(suite, "plain", start), *login = add_case(suite, "login", start_with_password);
    TCase *without = add_case(suite, "without", NULL);
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(plain, one_call_is_one_round_trip);
    tcase_add_test(plain, killed);
    tcase_add_test(plain, a_subscription_ends_with_its_server);
    tcase_add_test(plain, a_subscription_is_waited_for_until_the_deadline);
    tcase_add_test(plain, was_never_there);
    tcase_add_test(plain, restarted_between_two_calls);
    tcase_add_test(plain, frozen);
    tcase_add_test(plain, frozen_and_back);
    tcase_add_test(plain, frozen_under_many_threads);
    tcase_add_test(plain, a_single_probe_looks_whether_it_is_back);
    tcase_add_test(plain, more_threads_than_connections);
    tcase_add_test(plain, full_is_not_gone);
    tcase_add_test(plain, replies_in_many_pieces);
    tcase_add_test(plain, what_is_of_the_connection_stays_ours);
    tcase_add_test(plain, too_much_at_once);
    tcase_add_test(plain, a_replica_reads);
    tcase_add_test(plain, what_is_of_another_kind_is_not_ours);
    tcase_add_test(plain, clears_its_own_alone);
    tcase_add_test(plain, without_memory);
    tcase_add_test(login, logs_in_and_chooses_its_database);
    tcase_add_test(login, logs_in_with_a_password_beside_the_url);
    tcase_add_test(login, a_wrong_password_is_not_repeated);
    tcase_add_test(without, answers_nonsense);
    tcase_add_test(without, never_stops_talking);
    tcase_add_test(without, answers_something_else);
    tcase_add_test(without, is_one_of_a_cluster);
    tcase_add_test(without, a_name_that_leads_nowhere);
    tcase_add_test(without, over_tls);
    tcase_add_test(without, over_tls_with_a_stranger);
    tcase_add_test(without, tls_without_certificates_to_believe);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
