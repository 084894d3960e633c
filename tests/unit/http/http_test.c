/* The client against servers of the test's own: what it sends, what it gives, when it tries again and when it gives up. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "http/http.h"
#include "support/failing.h"
#include "support/threads.h"
#include "support/web.h"
#include "unit/suite.h"

static tripsage__env *env;
static tripsage__http *client;
static test_web *web;
static char url[256];

static void set_up(void)
{
    test_heap_install();
    ck_assert_ok(tripsage__env_new(&env, NULL));
    ck_assert_ok(tripsage__http_new(&client, env, NULL));
}

static void tear_down(void)
{
    tripsage__http_free(client);
    tripsage__env_free(env);
    test_web_close(web);
}

static void serve(test_web_answer *answer, void *user)
{
    web = test_web_open(answer, user, TEST_PEER_PLAIN);
}

static const char *at(const char *path)
{
    snprintf(url, sizeof url, "%s%s", test_web_url(web), path);
    return url;
}

/* ---- what is sent and given ---- */

/* Says what it got. The text is the connection's thread's, which is done with it when it takes the next request: the one before this
 * connection may still be at its own. */
static void echo(test_web_reply *reply, const test_web_request *r, void *user)
{
    static _Thread_local char out[512];
    int has_type = !test_web_header_is(r, "Content-Type", NULL);

    (void)user;
    snprintf(out, sizeof out, "%s %.200s %zu %.200s type=%d expect=%d x=%d", r->method, r->target, r->body_size,
             r->body, has_type, !test_web_header_is(r, "Expect", NULL), test_web_header_is(r, "X-Mine", "a b"));
    reply->body = out;
    reply->status = strcmp(r->target, "/teapot") == 0 ? 418 : 200;
    reply->headers = "X-First: 1\r\nx-second:  two words \r\n";
}

START_TEST(sends_what_it_is_told)
{
    static const struct {
        const char *method, *path, *body, *says;
    } table[] = {
        {NULL, "/a?b=c", NULL, "GET /a?b=c 0  type=0 expect=0 x=1"},
        {"GET", "/search", "q", "GET /search 1 q type=0 expect=0 x=1"},
        {"POST", "/", "{}", "POST / 2 {} type=0 expect=0 x=1"},
        {"POST", "/", NULL, "POST / 0  type=0 expect=0 x=1"},
        {"PUT", "/p", "abc", "PUT /p 3 abc type=0 expect=0 x=1"},
        {"PATCH", "/p", "abc", "PATCH /p 3 abc type=0 expect=0 x=1"},
        {"DELETE", "/p", NULL, "DELETE /p 0  type=0 expect=0 x=1"},
    };
    const char *headers[] = {"X-Mine: a b"};

    serve(echo, NULL);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        tripsage__http_request request = {.method = table[i].method,
                                          .url = at(table[i].path),
                                          .headers = headers,
                                          .header_count = 1,
                                          .body = table[i].body,
                                          .body_size = table[i].body ? strlen(table[i].body) : 0,
                                          .idempotent = 1};
        tripsage__http_response response;

        ck_assert_ok(tripsage__http_send(&response, client, &request));
        ck_assert_int_eq(response.status, 200);
        ck_assert_str_eq(response.body.data, table[i].says);
        tripsage__http_response_free(&response);
    }
    ck_assert_int_eq((int)test_peer_connections(test_web_peer(web)), 1); /* one after another, over one connection */
}
END_TEST

START_TEST(gives_status_and_headers)
{
    tripsage__http_response response;
    tripsage__http_request request = {.method = "HEAD"};

    serve(echo, NULL);
    request.url = at("/teapot");
    ck_assert_ok(tripsage__http_send(&response, client, &request));
    ck_assert_int_eq(response.status, 418);
    ck_assert_uint_eq(response.body.size, 0);
    ck_assert_str_eq(tripsage__http_header(&response, "x-first"), "1");
    ck_assert_str_eq(tripsage__http_header(&response, "X-Second"), "two words");
    ck_assert_ptr_null(tripsage__http_header(&response, "X-Fir"));
    ck_assert_ptr_null(tripsage__http_header(&response, "1"));
    tripsage__http_response_free(&response);
}
END_TEST

START_TEST(a_large_body_goes_without_waiting)
{
    static char body[2 * 1024 * 1024];
    const char *headers[] = {"content-type: text/plain"};
    tripsage__http_request request = {
        .method = "POST", .headers = headers, .header_count = 1, .body = body, .body_size = sizeof body};
    tripsage__http_response response;

    serve(echo, NULL);
    request.url = at("/");
    ck_assert_ok(tripsage__http_send(&response, client, &request));
    ck_assert_str_eq(response.body.data, "POST / 2097152  type=1 expect=0 x=0");
    tripsage__http_response_free(&response);
}
END_TEST

START_TEST(refuses_what_is_no_request)
{
    const char *split[] = {"X-Mine: a\r\nHost: elsewhere"}, *nameless[] = {"word"};
    const struct {
        const char *url, *const *headers;
    } table[] = {{"ftp://127.0.0.1/", NULL},
                 {"file:///etc/passwd", NULL},
                 {"smtp://127.0.0.1", NULL},
                 {"", NULL},
                 {"http:/x", NULL},
                 {"http://127.0.0.1:99999/", NULL},
                 {"http://127.0.0.1/a\r\nb", NULL},
                 {"http://127.0.0.1/", split},
                 {"http://127.0.0.1/", nameless}};

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        tripsage__http_request request = {
            .url = table[i].url, .headers = table[i].headers, .header_count = table[i].headers != NULL};
        tripsage__http_response response;

        ck_assert_fails(tripsage__http_send(&response, client, &request), TRIPSAGE_EINVALID);
    }
}
END_TEST

static void redirect(test_web_reply *reply, const test_web_request *r, void *user)
{
    (void)user;
    if (strcmp(r->target, "/from") == 0) {
        reply->status = 302;
        reply->headers = "Location: /to\r\nX-Where: from\r\n";
    } else if (strcmp(r->target, "/out") == 0) {
        reply->status = 302;
        reply->headers = "Location: file:///etc/passwd\r\n";
    } else
        reply->headers = "X-Where: to\r\n";
}

START_TEST(follows_redirects_only_if_asked)
{
    tripsage__http_request request = {.url = NULL};
    tripsage__http_response response;

    serve(redirect, NULL);
    request.url = at("/from");
    ck_assert_ok(tripsage__http_send(&response, client, &request));
    ck_assert_int_eq(response.status, 302);
    tripsage__http_response_free(&response);
    request.redirects = 1;
    ck_assert_ok(tripsage__http_send(&response, client, &request));
    ck_assert_int_eq(response.status, 200);
    ck_assert_str_eq(tripsage__http_header(&response, "X-Where"), "to");
    ck_assert_ptr_null(tripsage__http_header(&response, "Location"));
    tripsage__http_response_free(&response);
    request.url = at("/out");
    ck_assert_fails(tripsage__http_send(&response, client, &request), TRIPSAGE_EINVALID);
}
END_TEST

/* ---- bounds ---- */

static char large[256 * 1024];

static void answer_large(test_web_reply *reply, const test_web_request *r, void *user)
{
    (void)r;
    (void)user;
    reply->body = large;
    reply->body_size = sizeof large;
}

START_TEST(bounds_the_answer)
{
    tripsage__http_request request = {.answer_max = sizeof large};
    tripsage__http_response response;

    memset(large, 'x', sizeof large);
    serve(answer_large, NULL);
    request.url = at("/large?token=secret");
    ck_assert_ok(tripsage__http_send(&response, client, &request));
    ck_assert_uint_eq(response.body.size, sizeof large);
    tripsage__http_response_free(&response);
    request.answer_max--;
    ck_assert_fails(tripsage__http_send(&response, client, &request), TRIPSAGE_ETOOLARGE);
    ck_assert_ptr_nonnull(
        strstr(tripsage_last_error()->message, "/large: the answer's body has more than 262143 bytes"));
    ck_assert_int_eq((int)test_web_requests(web), 2); /* it would be as large the next time */
}
END_TEST

static void answer_late(test_web_reply *reply, const test_web_request *r, void *user)
{
    (void)r;
    (void)user;
    reply->delay_ms = 60000;
}

START_TEST(keeps_the_deadline)
{
    tripsage__http_request request = {.deadline_ms = 300, .idempotent = 1};
    tripsage__http_response response;
    int64_t began = tripsage__monotonic_ms(), took;

    serve(answer_late, NULL);
    request.url = at("/slow");
    ck_assert_fails(tripsage__http_send(&response, client, &request), TRIPSAGE_ETIMEOUT);
    took = tripsage__monotonic_ms() - began;
    ck_assert_int_eq(tripsage_last_error()->native, 28); /* CURLE_OPERATION_TIMEDOUT */
    ck_assert_msg(took >= 290 && took < 3000, "%d ms", (int)took);
}
END_TEST

static _Atomic int stop;

static void stop_soon(size_t index, void *context)
{
    if (index == 0) {
        stop = 1;
        return;
    }
    *(tripsage_status *)context =
        tripsage__http_send(&(tripsage__http_response){.status = 0}, client,
                            &(tripsage__http_request){.url = at("/slow"), .deadline_ms = 60000, .stop = &stop});
}

START_TEST(stops_when_told)
{
    tripsage_status status = TRIPSAGE_OK;
    int64_t began = tripsage__monotonic_ms();

    serve(answer_late, NULL);
    test_threads_run(2, stop_soon, &status);
    ck_assert_int_eq(status, TRIPSAGE_EUNAVAILABLE);
    ck_assert_int_lt((int)(tripsage__monotonic_ms() - began), 5000);
}
END_TEST

/* ---- trying again ---- */

typedef struct script {
    int status, hang_up;
    const char *headers;
    long until; /* of the first so many */
} script;

static void play(test_web_reply *reply, const test_web_request *r, void *user)
{
    const script *s = user;

    if (r->number > s->until)
        return;
    reply->status = s->status;
    reply->hang_up = s->hang_up;
    reply->headers = s->headers;
}

/* The first answer has this status and comes so late. */
typedef struct slow_once {
    int status, delay_ms;
} slow_once;

static void play_slow_once(test_web_reply *reply, const test_web_request *r, void *user)
{
    const slow_once *s = user;

    reply->status = r->number == 1 ? s->status : 200;
    reply->delay_ms = r->number == 1 ? s->delay_ms : 0;
}

START_TEST(tries_again_where_it_is_safe)
{
    static const struct {
        script script;
        int idempotent;
        uint32_t tries;
        tripsage_status status;
        int answer;
        long requests;
    } table[] = {
        {{503, 0, NULL, 1}, 1, 0, TRIPSAGE_OK, 200, 2}, {{503, 0, NULL, 1}, 0, 0, TRIPSAGE_OK, 503, 1},
        {{502, 0, NULL, 2}, 1, 0, TRIPSAGE_OK, 200, 3}, {{504, 0, NULL, 9}, 1, 0, TRIPSAGE_OK, 504, 3},
        {{504, 0, NULL, 9}, 1, 2, TRIPSAGE_OK, 504, 2}, {{429, 0, NULL, 1}, 1, 0, TRIPSAGE_OK, 200, 2},
        {{500, 0, NULL, 1}, 1, 0, TRIPSAGE_OK, 500, 1}, {{404, 0, NULL, 1}, 1, 0, TRIPSAGE_OK, 404, 1},
        {{0, 1, NULL, 1}, 1, 0, TRIPSAGE_OK, 200, 2},   {{0, 1, NULL, 1}, 0, 0, TRIPSAGE_EUNAVAILABLE, 0, 1},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        script s = table[i].script;
        tripsage__http_request request = {
            .method = "PUT", .body = "", .idempotent = table[i].idempotent, .tries = table[i].tries};
        tripsage__http_response response;

        serve(play, &s);
        request.url = at("/");
        ck_assert_msg(tripsage__http_send(&response, client, &request) == table[i].status, "row %zu: %s", i,
                      tripsage_last_error()->message);
        ck_assert_msg(response.status == table[i].answer, "row %zu: %d", i, response.status);
        ck_assert_msg(test_web_requests(web) == table[i].requests, "row %zu: %ld requests", i, test_web_requests(web));
        tripsage__http_response_free(&response);
        test_web_close(web);
        web = NULL;
    }
}
END_TEST

/* 500 only for who asks for it, silence only where a try has a bound. */
START_TEST(tries_again_after_any_5xx_and_silence_if_asked)
{
    static const struct {
        int status, delay_ms, any_5xx;
        uint32_t try_ms;
        int idempotent;
        tripsage_status want;
        long requests;
    } table[] = {
        {500, 0, 1, 0, 1, TRIPSAGE_OK, 2},      {520, 0, 1, 0, 1, TRIPSAGE_OK, 2},
        {404, 0, 1, 0, 1, TRIPSAGE_OK, 1},      {500, 0, 1, 0, 0, TRIPSAGE_OK, 1},
        {200, 1500, 0, 500, 1, TRIPSAGE_OK, 2}, {200, 1500, 0, 500, 0, TRIPSAGE_ETIMEOUT, 1},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        slow_once s = {table[i].status, table[i].delay_ms};
        tripsage__http_request request = {.method = "PUT",
                                          .body = "",
                                          .idempotent = table[i].idempotent,
                                          .any_5xx = table[i].any_5xx,
                                          .try_ms = table[i].try_ms};
        tripsage__http_response response;

        serve(play_slow_once, &s);
        request.url = at("/");
        ck_assert_msg(tripsage__http_send(&response, client, &request) == table[i].want, "row %zu: %s", i,
                      tripsage_last_error()->message);
        ck_assert_msg(test_web_requests(web) == table[i].requests, "row %zu: %ld requests", i, test_web_requests(web));
        tripsage__http_response_free(&response);
        test_web_close(web);
        web = NULL;
    }
}
END_TEST

START_TEST(obeys_retry_after)
{
    script s = {429, 0, "Retry-After: 1\r\n", 1};
    tripsage__http_request request = {.idempotent = 1};
    tripsage__http_response response;
    int64_t began = tripsage__monotonic_ms();

    serve(play, &s);
    request.url = at("/");
    ck_assert_ok(tripsage__http_send(&response, client, &request));
    ck_assert_int_eq(response.status, 200);
    ck_assert_uint_eq(response.tries, 2);
    ck_assert_int_ge((int)(tripsage__monotonic_ms() - began), 1000);
    tripsage__http_response_free(&response);
}
END_TEST

/* It gives what it has at once when it may not ask again in time. */
START_TEST(does_not_wait_past_the_deadline)
{
    script s = {503, 0, "Retry-After: 3600\r\n", 1};
    tripsage__http_request request = {.idempotent = 1, .deadline_ms = 20000};
    tripsage__http_response response;
    int64_t began = tripsage__monotonic_ms();

    serve(play, &s);
    request.url = at("/");
    ck_assert_ok(tripsage__http_send(&response, client, &request));
    ck_assert_int_eq(response.status, 503);
    ck_assert_str_eq(tripsage__http_header(&response, "retry-after"), "3600");
    ck_assert_int_lt((int)(tripsage__monotonic_ms() - began), 10000);
    tripsage__http_response_free(&response);
}
END_TEST

START_TEST(says_who_cannot_be_reached)
{
    tripsage__http_request request = {.method = "POST", .deadline_ms = 5000};
    tripsage__http_response response;
    char with_secret[320], expected[320];

    serve(echo, NULL);
    test_peer_refuse(test_web_peer(web));
    snprintf(with_secret, sizeof with_secret, "http://me:hunter2@%s/path?token=hunter3#hunter4", test_web_url(web) + 7);
    snprintf(expected, sizeof expected, "POST http://%s/path: ", test_web_url(web) + 7);
    request.url = with_secret;
    ck_assert_fails(tripsage__http_send(&response, client, &request), TRIPSAGE_EUNAVAILABLE);
    ck_assert_int_eq(strncmp(tripsage_last_error()->message, expected, strlen(expected)), 0);
    ck_assert_ptr_null(strstr(tripsage_last_error()->message, "hunter"));
    ck_assert_int_eq(tripsage_last_error()->native, 7); /* CURLE_COULDNT_CONNECT */
}
END_TEST

START_TEST(shows_urls_without_secrets)
{
    static const char *const table[][2] = {
        {"https://example.org/a/b?c=d", "https://example.org/a/b"},
        {"https://example.org#f", "https://example.org"},
        {"https://u:p@example.org:8443/a", "https://example.org:8443/a"},
        {"https://u:p@x@example.org/a?u@b", "https://example.org/a"},
        {"https://u:p/w@example.org/a", "https://"},
        {"https://example.org?next=https://u:p@x/", "https://example.org"},
        {"a\nb", "a?b"},
        {"", ""},
    };
    char shown[TRIPSAGE__HTTP_SHOWN_SIZE], longest[4096] = "https://example.org/";

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        tripsage__http_show(shown, table[i][0]);
        ck_assert_str_eq(shown, table[i][1]);
    }
    memset(longest + 20, 'x', sizeof longest - 21);
    tripsage__http_show(shown, longest);
    ck_assert_uint_eq(strlen(shown), sizeof shown - 1);
}
END_TEST

/* ---- TLS ---- */

START_TEST(believes_the_right_authority_only)
{
    tripsage__http_request request = {.url = NULL};
    tripsage__http_response response;
    tripsage__http_options options = {NULL, NULL};

    web = test_web_open(echo, NULL, TEST_PEER_TLS);
    request.url = at("/");
    ck_assert_fails(tripsage__http_send(&response, client, &request), TRIPSAGE_EUNAVAILABLE);
    ck_assert_int_eq(tripsage_last_error()->native, 60); /* CURLE_PEER_FAILED_VERIFICATION */
    ck_assert_int_eq((int)test_web_requests(web), 0);
    tripsage__http_free(client);
    options.authorities = test_peer_certificate(test_web_peer(web));
    ck_assert_ok(tripsage__http_new(&client, env, &options));
    ck_assert_ok(tripsage__http_send(&response, client, &request));
    ck_assert_int_eq(response.status, 200);
    tripsage__http_response_free(&response);
}
END_TEST

/* ---- memory ---- */

START_TEST(survives_every_failing_allocation)
{
    const char *headers[] = {"X-Mine: a b"};
    tripsage__http_request request = {.method = "POST", .headers = headers, .header_count = 1};
    tripsage_status status = TRIPSAGE_ENOMEM;
    long before, points = 0;

    serve(echo, NULL);
    request.url = at("/");
    before = test_heap_alive(TEST_HEAP_LIBRARY);
    while (status == TRIPSAGE_ENOMEM) {
        tripsage__http_response response;

        test_heap_arm(++points, TEST_FAIL_ONCE);
        status = tripsage__http_send(&response, client, &request);
        test_heap_disarm();
        ck_assert(status == TRIPSAGE_OK || !response.body.data);
        tripsage__http_response_free(&response);
    }
    ck_assert_ok(status);
    ck_assert_int_eq((int)points, 3); /* headers, body, and the one with which nothing failed */
    ck_assert_int_eq((int)test_heap_alive(TEST_HEAP_LIBRARY), (int)before);
}
END_TEST

/* ---- threads, and connections that ended ---- */

enum { THREADS = 8, EACH = 50 };

static void send_many(size_t index, void *context)
{
    int *good = context;
    char target[256];

    snprintf(target, sizeof target, "%s/%zu", test_web_url(web), index);
    for (int i = 0; i < EACH; i++) {
        tripsage__http_request request = {.url = target, .idempotent = 1};
        tripsage__http_response response;

        if (tripsage__http_send(&response, client, &request) == TRIPSAGE_OK) {
            good[index] += response.status == 200 && response.body.size == strlen(target + strlen(test_web_url(web))) &&
                           strcmp(response.body.data, target + strlen(test_web_url(web))) == 0;
            tripsage__http_response_free(&response);
        }
    }
}

static void name_target(test_web_reply *reply, const test_web_request *r, void *user)
{
    static const char *const names[] = {"/0", "/1", "/2", "/3", "/4", "/5", "/6", "/7"};

    (void)user;
    reply->body = names[r->target[1] - '0'];
}

START_TEST(is_shared_by_threads)
{
    int good[THREADS] = {0};

    serve(name_target, NULL);
    test_threads_run(THREADS, send_many, good);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(good[i], EACH);
    ck_assert_int_le((int)test_peer_connections(test_web_peer(web)), THREADS);
}
END_TEST

START_TEST(is_shared_by_threads_over_tls)
{
    int good[THREADS] = {0};
    tripsage__http_options options = {NULL, NULL};

    web = test_web_open(name_target, NULL, TEST_PEER_TLS);
    tripsage__http_free(client);
    options.authorities = test_peer_certificate(test_web_peer(web));
    ck_assert_ok(tripsage__http_new(&client, env, &options));
    test_threads_run(THREADS, send_many, good);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(good[i], EACH);
}
END_TEST

/* Answers the first request of a connection, and hangs up on the second. */
static void answer_once(test_conn *conn, void *user)
{
    _Atomic int *requests = user;
    char line[1024];

    for (int i = 0; i < 2; i++) {
        size_t length = 0;
        char body[64];

        while (test_conn_line(conn, line, sizeof line) && line[0])
            (void)sscanf(line, "Content-Length: %zu", &length);
        if (!length || !test_conn_read(conn, body, length))
            return;
        ++*requests;
        if (i == 0)
            test_conn_say(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }
}

/* What may not be done twice goes over a kept connection, and not again when that breaks. */
START_TEST(a_kept_connection_is_no_reason_to_send_twice)
{
    _Atomic int requests = 0;
    test_peer *peer = test_peer_open(answer_once, &requests, TEST_PEER_PLAIN);
    char to[64];
    tripsage__http_request request = {.method = "POST", .url = to, .body = "body", .body_size = 4, .kept = 1};
    tripsage__http_response response;
    long connections;

    snprintf(to, sizeof to, "http://127.0.0.1:%d/", test_peer_port(peer));
    ck_assert_ok(tripsage__http_send(&response, client, &request));
    tripsage__http_response_free(&response);
    ck_assert_fails(tripsage__http_send(&response, client, &request), TRIPSAGE_EUNAVAILABLE);
    ck_assert_int_eq(requests, 2); /* whether or not libcurl had begun another connection for it */
    connections = test_peer_connections(peer);
    request.kept = 0;
    ck_assert_ok(tripsage__http_send(&response, client, &request));
    tripsage__http_response_free(&response);
    ck_assert_ok(tripsage__http_send(&response, client, &request));
    tripsage__http_response_free(&response);
    /* One that libcurl had begun for the call before may be counted only now. */
    ck_assert_int_ge((int)(test_peer_connections(peer) - connections), 2);
    test_peer_close(peer);
}
END_TEST

/* Reads the head of a request and closes. */
static void hang_up(test_conn *conn, void *user)
{
    char line[1024];

    (void)user;
    while (test_conn_line(conn, line, sizeof line) && line[0])
        ;
}

/* A server that closes amid a large upload raises no signal in the program. */
static void upload_in_vain(test_peer_tls tls, const char *scheme)
{
    static char body[8 * 1024 * 1024];
    test_peer *peer = test_peer_open(hang_up, NULL, tls);
    tripsage__http_options options = {tls ? test_peer_certificate(peer) : NULL, NULL};
    char to[64];

    signal(SIGPIPE, SIG_DFL);
    tripsage__http_free(client);
    ck_assert_ok(tripsage__http_new(&client, env, &options));
    snprintf(to, sizeof to, "%s://127.0.0.1:%d/", scheme, test_peer_port(peer));
    for (int i = 0; i < 5; i++) {
        tripsage__http_request request = {.method = "POST", .url = to, .body = body, .body_size = sizeof body};
        tripsage__http_response response;

        ck_assert_fails(tripsage__http_send(&response, client, &request), TRIPSAGE_EUNAVAILABLE);
    }
    ck_assert_int_eq((int)test_peer_connections(peer), 5);
    test_peer_close(peer);
}

START_TEST(survives_a_server_that_hangs_up)
{
    upload_in_vain(TEST_PEER_PLAIN, "http");
    upload_in_vain(TEST_PEER_TLS, "https");
}
END_TEST

SUITE_MAIN_WITH("http/http", set_up, tear_down, sends_what_it_is_told, gives_status_and_headers,
                a_large_body_goes_without_waiting, refuses_what_is_no_request, follows_redirects_only_if_asked,
                bounds_the_answer, keeps_the_deadline, stops_when_told, tries_again_where_it_is_safe,
                tries_again_after_any_5xx_and_silence_if_asked, obeys_retry_after, does_not_wait_past_the_deadline,
                says_who_cannot_be_reached, shows_urls_without_secrets, believes_the_right_authority_only,
                survives_every_failing_allocation, is_shared_by_threads, is_shared_by_threads_over_tls,
                a_kept_connection_is_no_reason_to_send_twice, survives_a_server_that_hangs_up)
