/* Heads and bodies as they should not be: what two readers could understand differently is refused and ends the connection; what is merely
 * unusual works. */
#include <poll.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#include "suite.h"

static const char *const variables[] = {"TRIPSAGE_ADMIN_PORT=0", "TRIPSAGE_REQUEST_TIMEOUT=2", NULL};

#define LOGIN       "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
#define CREDENTIALS "{\"email\":\"nobody@example.org\",\"password\":\"a cup of green tea\"}" /* 62 bytes */

/* Sends this, expects the status, a problem, and the end of the connection. */
static void refused(int status, const char *bytes)
{
    int connection = http_open(server.port);
    http_answer *answer;

    http_put(connection, bytes);
    answer = http_take(connection, 0);
    ck_assert_msg(answer && answer->status == status, "want %d for %.200s\ngot %s", status, bytes,
                  answer ? answer->head : "nothing");
    ck_assert_str_eq(http_field(answer, "Content-Type"), "application/problem+json");
    ck_assert_str_eq(http_field(answer, "Connection"), "close");
    ck_assert_str_eq(http_value(answer, "/error"), "true");
    ck_assert_msg(http_is_closed(connection, 5000), "still open after %.200s", bytes);
    close(connection);
}

START_TEST(a_body_has_one_length)
{
    refused(400, LOGIN "Content-Length: 62\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    refused(400, LOGIN "Transfer-Encoding: chunked\r\nContent-Length: 62\r\n\r\n0\r\n\r\n");
    refused(400, LOGIN "Content-Length: 62\r\nContent-Length: 62\r\n\r\n" CREDENTIALS);
    refused(400, LOGIN "Content-Length: 62\r\ncontent-length: 6\r\n\r\n" CREDENTIALS);
    refused(400, LOGIN "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n");
    refused(400, LOGIN "Transfer-Encoding: identity\r\nContent-Length: 62\r\n\r\n" CREDENTIALS);
    refused(400, LOGIN "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n");
    refused(400, LOGIN "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n");
    refused(400, LOGIN "Content-Length: 62, 60\r\n\r\n" CREDENTIALS);
    refused(400, LOGIN "Content-Length: +62\r\n\r\n" CREDENTIALS);
    refused(400, LOGIN "Content-Length: 62abc\r\n\r\n" CREDENTIALS);
    refused(400, LOGIN "Content-Length: 0x3e\r\n\r\n" CREDENTIALS);
    refused(400, LOGIN "Content-Length: -1\r\n\r\n");
    refused(400, LOGIN "Content-Length:\r\n\r\n");
    refused(400, LOGIN "Content-Length: 99999999999999999999\r\n\r\n");
    refused(400, "POST /api/auth/login HTTP/1.0\r\nContent-Type: application/json\r\nTransfer-Encoding: "
                 "chunked\r\n\r\n0\r\n\r\n");
}
END_TEST

START_TEST(a_header_is_not_hidden)
{
    refused(400, LOGIN "Content-Length : 62\r\n\r\n" CREDENTIALS);                     /* a blank before the colon */
    refused(400, LOGIN "X-Folded: a\r\n b\r\nContent-Length: 62\r\n\r\n" CREDENTIALS); /* a folded line */
    refused(400, LOGIN "nonsense\r\nContent-Length: 62\r\n\r\n" CREDENTIALS);
    refused(400, LOGIN ": nameless\r\nContent-Length: 62\r\n\r\n" CREDENTIALS);
    refused(400, "GET /health/live HTTP/1.1\r\n Host: x\r\n\r\n"); /* a blank before the first */
    refused(400, "GET /health/live HTTP/1.1\nHost: x\r\n\r\n");    /* lines that end with LF alone */
    refused(400, "GET /health/live HTTP/1.1\r\nHost: x\nX-A: b\r\n\r\n");
    refused(400, "GET /health/live HTTP/1.1\r\nHost: x\n\n");
    refused(400, "GET /health/live HTTP/1.1\r\nHost: x\r\nX-A: b\001c\r\n\r\n");
    refused(400, "GET  /health/live HTTP/1.1\r\nHost: x\r\n\r\n");
    refused(400, "GET /health/live  HTTP/1.1\r\nHost: x\r\n\r\n");
    refused(400, "GET /health/live\tHTTP/1.1\r\nHost: x\r\n\r\n");
}
END_TEST

START_TEST(a_request_says_where_it_wants_to_go)
{
    refused(400, "GET /health/live HTTP/1.1\r\n\r\n");
    refused(400, "GET /health/live HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
    refused(400, "GET health/live HTTP/1.1\r\nHost: x\r\n\r\n");
    refused(505, "GET /health/live HTTP/2.0\r\nHost: x\r\n\r\n");
    refused(400, "GET /health/live\r\nHost: x\r\n\r\n");
    refused(400, "\x16\x03\x01\x02 TLS\r\n\r\n");
    refused(400, "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n");
    refused(400, "GET http://elsewhere.example.com/health/live HTTP/1.1\r\nHost: x\r\n\r\n");
    refused(400, "POST http://elsewhere.example.com/ HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}");
    ANSWERS(200, http_exchange(server.port, "GET /health/live HTTP/1.0\r\n\r\n"));
    ANSWERS(200, http_exchange(server.port,
                               test_format("GET http://x:%d/health/live HTTP/1.1\r\nHost: x\r\n\r\n", server.port)));
    ANSWERS(200, http_exchange(server.port, "\r\nGET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")); /* RFC 9112, 2.2 */
}
END_TEST

#define FOR_HOST(host) "GET /health/live HTTP/1.1\r\nHost:" host "\r\n\r\n"

/* RFC 9110, 7.2; RFC 3986, 3.2.2. */
START_TEST(a_host_is_one)
{
    static const char *const wrong[] = {
        FOR_HOST(" a b"),
        FOR_HOST(" a\tb"),
        FOR_HOST(" u@x"),
        FOR_HOST(" x/"),
        FOR_HOST(" x?y"),
        FOR_HOST(" x#y"),
        FOR_HOST(" x:80a"),
        FOR_HOST(" x:-1"),
        FOR_HOST(" x:80:80"),
        FOR_HOST(" x:80 y"),
        FOR_HOST(" ::1"),
        FOR_HOST(" [::1"),
        FOR_HOST(" ::1]"),
        FOR_HOST(" []"),
        FOR_HOST(" [::1]x"),
        FOR_HOST(" [::1]:x"),
        FOR_HOST(" [x]"),
        FOR_HOST(" [1:2]"),
        FOR_HOST(" [v1.x]"),
        FOR_HOST(" x\\y"),
        FOR_HOST(" x%"),
        FOR_HOST(" x%2"),
        FOR_HOST(" x%zz"),
        FOR_HOST(" http://x"),
        FOR_HOST(" <x>"),
        FOR_HOST(" b\xc3\xbcro"),
        FOR_HOST(" x, y"),
        FOR_HOST(" \"x\""),
        FOR_HOST(" {x}"),
        FOR_HOST(" x\x7f"),
        FOR_HOST(" [::ffff:127.0.0.1.and.more.than.an.address.has]"),
    };
    static const char *const right[] = {
        FOR_HOST(""),
        FOR_HOST(" "),
        FOR_HOST(" x"),
        FOR_HOST("x"),
        FOR_HOST(" x:80"),
        FOR_HOST(" x:"),
        FOR_HOST(" x.example.:8080"),
        FOR_HOST(" my_service-1:8080"),
        FOR_HOST(" 127.0.0.1"),
        FOR_HOST(" [::1]"),
        FOR_HOST(" [::1]:8080"),
        FOR_HOST(" [2001:DB8::192.0.2.1]:"),
        FOR_HOST(" b%C3%bcro"),
        FOR_HOST(" xn--bro-hoa.example"),
        FOR_HOST(" x~!$&'()*+,;="),
        FOR_HOST("  x  "),
    };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        refused(400, wrong[i]);
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++)
        ANSWERS(200, http_exchange(server.port, right[i]));
    for (int c = 1; c < 0x20; c++) {
        if (c == '\t' || c == '\n' || c == '\r')
            continue;
        refused(400, test_format(FOR_HOST(" x%cy"), c));
    }
    refused(400, "GET /health/live HTTP/1.0\r\nHost: u@x\r\n\r\n");
    ck_assert_str_eq(http_text(http_exchange(server.port, FOR_HOST(" u@x")), "/detail"),
                     "the Host header is not a host");
}
END_TEST

START_TEST(what_says_who_asks_comes_once)
{
    refused(400, "GET /api/trips HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n");
    refused(400, LOGIN "Content-Type: text/plain\r\nContent-Length: 62\r\n\r\n" CREDENTIALS);
}
END_TEST

START_TEST(a_head_has_an_end)
{
    char many[8192] = "GET /health/live HTTP/1.1\r\nHost: x\r\n";

    for (int i = 0; i < 100; i++)
        strcat(many, test_format("X-%d: %d\r\n", i, i));
    strcat(many, "\r\n");
    refused(431, many);
    refused(400, test_format("GET /health/live HTTP/1.1\r\nHost: x\r\nX-Long: %s\r\n\r\n", test_repeat("a", 20000)));
    ANSWERS(200, http_exchange(server.port, test_format("GET /health/live HTTP/1.1\r\nHost: x\r\nX-Long: %s\r\n\r\n",
                                                        test_repeat("a", 12000))));
}
END_TEST

START_TEST(a_body_may_come_in_chunks)
{
    int connection = http_open(server.port);
    http_answer *answer;

    http_put(connection, LOGIN "Transfer-Encoding: chunked\r\n\r\n1e\r\n{\"email\":\"nobody@example.org\",\r\n");
    http_put(connection, "1f\r\n\"password\":\"a cup of green tea\"\r\n1\r\n}\r\n0\r\n\r\n");
    ANSWERS(401, http_take(connection, 0)); /* understood: no such account */
    http_put(connection, LOGIN "Content-Length: 62\r\n\r\n" CREDENTIALS);
    ANSWERS(401, http_take(connection, 0));
    close(connection);
    refused(400, LOGIN "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n");
    /* An extension of a chunk: CivetWeb 1.15 takes it for a malformed one, 1.16 passes over it, and {} is no log-in. */
    connection = http_open(server.port);
    http_put(connection, LOGIN "Transfer-Encoding: chunked\r\n\r\n2;ext=1\r\n{}\r\n0\r\n\r\n");
    answer = http_take(connection, 0);
    ck_assert(answer && (answer->status == 400 || answer->status == 422));
    close(connection);
    refused(400, LOGIN "Transfer-Encoding: chunked\r\n\r\n2\r\n{}abc\r\n0\r\n\r\n");
    refused(400, LOGIN "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}\r\n0\r\n\r\n");
}
END_TEST

START_TEST(requests_may_follow_each_other_on_one_connection)
{
    int connection = http_open(server.port);

    /* A pipeline: sent at once, answered in order, the unread body of the refused one in between. */
    http_put(connection,
             "GET /health/live HTTP/1.1\r\nHost: x\r\nX-Request-Id: one\r\n\r\n"
             "POST /api/trips HTTP/1.1\r\nHost: x\r\nX-Request-Id: two\r\nContent-Length: 13\r\n\r\nGET /nothing "
             "GET /health/live HTTP/1.1\r\nHost: x\r\nX-Request-Id: three\r\n\r\n");
    ck_assert_str_eq(http_field(ANSWERS(200, http_take(connection, 0)), "X-Request-Id"), "one");
    ck_assert_str_eq(http_field(ANSWERS(401, http_take(connection, 0)), "X-Request-Id"), "two");
    ck_assert_str_eq(http_field(ANSWERS(200, http_take(connection, 0)), "X-Request-Id"), "three");
    /* Until one side wants an end. */
    http_put(connection, "GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    ck_assert_str_eq(http_field(ANSWERS(200, http_take(connection, 0)), "Connection"), "close");
    ck_assert(http_is_closed(connection, 5000));
    close(connection);

    connection = http_open(server.port);
    http_put(connection, "GET /health/live HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    ck_assert_str_eq(http_field(ANSWERS(200, http_take(connection, 0)), "Connection"), "keep-alive");
    http_put(connection, "GET /health/live HTTP/1.0\r\n\r\n");
    ANSWERS(200, http_take(connection, 0));
    ck_assert(http_is_closed(connection, 5000));
    close(connection);
}
END_TEST

START_TEST(a_client_may_ask_first)
{
    int connection = http_open(server.port);
    http_answer *answer;

    http_put(connection, LOGIN "Content-Length: 62\r\nExpect: 100-continue\r\n\r\n");
    ANSWERS(100, http_take(connection, 1));
    http_put(connection, CREDENTIALS);
    ANSWERS(401, http_take(connection, 0));
    close(connection);
    /* HTTP/1.0 has no interim answers (RFC 9110, 10.1.1). */
    connection = http_open(server.port);
    http_put(connection, "POST /api/auth/login HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: 62\r\n"
                         "Expect: 100-continue\r\n\r\n" CREDENTIALS);
    ANSWERS(401, http_take(connection, 0));
    close(connection);
    /* One that would be refused anyway is told at once, and need not send its body. */
    connection = http_open(server.port);
    http_put(connection, "POST /api/trips HTTP/1.1\r\nHost: x\r\nContent-Length: 62\r\nExpect: 100-continue\r\n\r\n");
    answer = ANSWERS(401, http_take(connection, 0));
    ck_assert_str_eq(http_field(answer, "Connection"), "close");
    close(connection);
}
END_TEST

START_TEST(a_body_is_not_too_long)
{
    const char *half = test_repeat("a", 512 * 1024);
    int connection = http_open(server.port);

    http_put(connection, LOGIN "Content-Length: 1048577\r\n\r\n");
    ANSWERS(413, http_take(connection, 0)); /* from the length alone */
    close(connection);
    refused(413,
            test_format(LOGIN "Transfer-Encoding: chunked\r\n\r\n80000\r\n%s\r\n80000\r\n%s\r\n1\r\na\r\n0\r\n\r\n",
                        half, half));
    connection = http_open(server.port);
    http_put(connection, LOGIN "Content-Length: 1048576\r\n\r\n");
    http_put(connection, half);
    http_put(connection, half);
    ANSWERS(400, http_take(connection, 0)); /* as long as it may be, and no JSON */
    close(connection);
}
END_TEST

/* The server gave up: it closed, or said so first. */
static int has_ended(int connection)
{
    struct pollfd waiting = {.fd = connection, .events = POLLIN};

    return poll(&waiting, 1, 0) == 1;
}

/* TRIPSAGE_REQUEST_TIMEOUT is 2 s here; the watch looks every second. */
START_TEST(slow_clients_are_cut_off)
{
    int silent = http_open(server.port), dripping_head = http_open(server.port), dripping_body = http_open(server.port);
    int dripping_rest = http_open(server.port); /* of a body that is not wanted: the answer is there before it */
    int head_ended = 0, body_ended = 0, rest_ended = 0;

    http_put(silent, LOGIN "Content-Length: 62\r\n\r\n{");
    http_put(dripping_head, "GET /health/live HTTP/1.1\r\nHost: x\r\nX-Slow: ");
    http_put(dripping_body, LOGIN "Content-Length: 62\r\n\r\n");
    http_put(dripping_rest, "POST /api/trips HTTP/1.1\r\nHost: x\r\nContent-Length: 62\r\n\r\n");
    ANSWERS(401, http_take(dripping_rest, 0));
    for (int i = 0; i < 40 && !(head_ended && body_ended && rest_ended); i++) {
        usleep(200000);
        if (!head_ended && !(head_ended = has_ended(dripping_head)))
            http_put(dripping_head, "a");
        if (!body_ended && !(body_ended = has_ended(dripping_body)))
            http_put(dripping_body, " ");
        if (!rest_ended && !(rest_ended = has_ended(dripping_rest)))
            http_put(dripping_rest, " ");
    }
    ck_assert(head_ended);
    ck_assert(body_ended);
    ck_assert(rest_ended);
    ck_assert(http_is_closed(silent, 1000) || has_ended(silent));
    close(silent);
    close(dripping_head);
    close(dripping_body);
    close(dripping_rest);
    ck_assert_ptr_nonnull(strstr(http_server_log(&server), "slow_client"));
    ANSWERS(200, http_call(&server, NULL, "GET", "/health", NULL, NULL));
}
END_TEST

/* The database is kept for longer than a client may take over its request: it is not the client who is slow. */
START_TEST(the_servers_own_time_is_not_the_clients)
{
    const char *token = http_register(&server, "ann@example.org", NULL);
    const char *trip = A_TRIP("Lisbon");
    int connection = http_open(server.port);
    sqlite3 *db;

    ck_assert_int_eq(sqlite3_open(test_format("%s/data/tripsage.db", server.folder), &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    http_put(connection, test_format("POST /api/trips HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                                     "Authorization: Bearer %s\r\nContent-Length: %zu\r\n\r\n%s",
                                     token, strlen(trip), trip));
    ck_assert_msg(!http_is_closed(connection, 4500), "cut off while the server was at work");
    sqlite3_close(db);
    ANSWERS(201, http_take(connection, 0));
    close(connection);
}
END_TEST

SERVER_SUITE("server/framing", variables, a_body_has_one_length, a_header_is_not_hidden,
             a_request_says_where_it_wants_to_go, a_host_is_one, what_says_who_asks_comes_once, a_head_has_an_end,
             a_body_may_come_in_chunks, requests_may_follow_each_other_on_one_connection, a_client_may_ask_first,
             a_body_is_not_too_long, slow_clients_are_cut_off, the_servers_own_time_is_not_the_clients)
