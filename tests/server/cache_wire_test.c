/* Upstash's wire as the server has it, at /cache: what HTTP adds to tripsage/cache_serve.h. What is answered there is tried in
 * tests/contract/cache/serve.c. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "suite.h"
#include "support/redis.h"

#define TOKEN   "a-token-for-everything"
#define READING "a-token-for-reading"
#define ORIGIN  "http://localhost:3000"
#define BEARER  "Authorization: Bearer " TOKEN "\r\n"

static const char *const variables[] = {"TRIPSAGE_MAX_CONNECTIONS=16", /* of which four may stream */
                                        "TRIPSAGE_REQUEST_TIMEOUT=2",
                                        "TRIPSAGE_ALLOWED_ORIGINS=" ORIGIN,
                                        "TRIPSAGE_CACHE_TOKEN=" TOKEN,
                                        "TRIPSAGE_CACHE_READONLY_TOKEN=" READING,
                                        NULL};

static const char *request(const char *method, const char *target, const char *fields, const char *body)
{
    return test_format("%s /cache%s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n%s\r\n%s", method, target,
                       strlen(body), fields, body);
}

static http_answer *ask(const char *method, const char *target, const char *fields, const char *body)
{
    return http_exchange(server.port, request(method, target, fields, body));
}

static void answers(http_answer *answer, int status, const char *body)
{
    ck_assert_msg(answer && answer->status == status && strcmp(answer->body, body) == 0, "got %s\n\n%s",
                  answer ? answer->head : "nothing", answer ? answer->body : "");
    ck_assert_str_eq(http_field(answer, "Content-Type"), "application/json");
    ck_assert_ptr_nonnull(http_field(answer, "upstash-sync-token"));
}

START_TEST(it_is_at_its_path_and_below)
{
    answers(ask("POST", "", BEARER, "[\"PING\"]"), 200, "{\"result\":\"PONG\"}");
    answers(ask("POST", "/", BEARER, "[\"PING\"]"), 200, "{\"result\":\"PONG\"}");
    answers(ask("GET", "/echo/a%2Fb", BEARER, ""), 200, "{\"result\":\"a/b\"}");
    answers(ask("PUT", "/echo", BEARER, "\x01\xff"), 200, "{\"result\":\"\\u0001\xef\xbf\xbd\"}");
    answers(ask("POST", "/pipeline", BEARER "Upstash-Encoding: base64\r\n", "[[\"PING\"]]"), 200,
            "[{\"result\":\"UE9ORw==\"}]");
    answers(ask("GET", "/ping?_token=" READING, "", ""), 200, "{\"result\":\"PONG\"}");
    answers(ask("GET", "/flushdb?_token=" READING, "", ""), 400,
            "{\"error\":\"NOPERM this user has no permissions to run the 'flushdb' command\"}");
    answers(ask("GET", "/ping", "", ""), 401, "{\"error\":\"WRONGPASS invalid or missing auth token\"}");
    answers(ask("DELETE", "/ping", BEARER, ""), 405,
            "{\"error\":\"ERR the method is not one of GET, HEAD, POST and PUT\"}");
    ck_assert_int_eq(ask("GET", "x", BEARER, "")->status, 404);
    ck_assert_str_eq(http_field(ask("GET", "x", BEARER, ""), "Content-Type"), "application/problem+json");
}
END_TEST

START_TEST(a_body_may_come_in_chunks)
{
    answers(http_exchange(server.port, "POST /cache HTTP/1.1\r\nHost: x\r\n" BEARER "Transfer-Encoding: chunked\r\n\r\n"
                                       "4\r\n[\"PI\r\n4\r\nNG\"]\r\n0\r\n\r\n"),
            200, "{\"result\":\"PONG\"}");
}
END_TEST

START_TEST(head_is_the_head_alone)
{
    int connection = http_open(server.port);
    http_answer *answer;

    http_put(connection, request("HEAD", "/ping", BEARER, ""));
    answer = http_take(connection, 1);
    ck_assert_int_eq(answer->status, 200);
    ck_assert_str_eq(http_field(answer, "Content-Length"), "17");
    http_put(connection, request("GET", "/ping", BEARER, ""));
    answers(http_take(connection, 0), 200, "{\"result\":\"PONG\"}");
    close(connection);
}
END_TEST

START_TEST(it_is_not_on_the_port_of_health)
{
    ck_assert_int_eq(http_exchange(server.admin_port, request("POST", "", BEARER, "[\"PING\"]"))->status, 404);
}
END_TEST

START_TEST(browsers_may_send_what_the_client_sends)
{
    static const char *const wanted[] = {"Authorization",
                                         "Content-Type",
                                         "Upstash-Encoding",
                                         "Upstash-Sync-Token",
                                         "Upstash-Telemetry-Platform",
                                         "Upstash-Telemetry-Retry",
                                         "Upstash-Telemetry-Runtime",
                                         "Upstash-Telemetry-Sdk"};
    http_answer *answer =
        ask("OPTIONS", "/pipeline", "Origin: " ORIGIN "\r\nAccess-Control-Request-Method: POST\r\n", "");

    ck_assert_int_eq(answer->status, 204);
    ck_assert_str_eq(http_field(answer, "Access-Control-Allow-Origin"), ORIGIN);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        ck_assert_msg(strstr(http_field(answer, "Access-Control-Allow-Headers"), wanted[i]) != NULL, "no %s",
                      wanted[i]);
    answer = ask("POST", "/pipeline", BEARER "Origin: " ORIGIN "\r\n", "[[\"PING\"]]");
    ck_assert_str_eq(http_field(answer, "Access-Control-Allow-Origin"), ORIGIN);
    ck_assert_ptr_nonnull(strstr(http_field(answer, "Access-Control-Expose-Headers"), "Upstash-Sync-Token"));
    answer = ask("POST", "/pipeline", BEARER "Origin: http://elsewhere.example.org\r\n", "[[\"PING\"]]");
    ck_assert_ptr_null(http_field(answer, "Access-Control-Allow-Origin"));
}
END_TEST

START_TEST(a_body_has_ten_megabytes)
{
    size_t size = 10 * 1024 * 1024 - sizeof "[\"PING\",\"\"]" + 1;
    char *text = test_keep(malloc(size + 1));
    http_answer *answer;

    ck_assert_ptr_nonnull(text);
    memset(text, 'x', size);
    text[size] = '\0';
    answer = ANSWERS(200, ask("POST", "", BEARER, test_format("[\"PING\",\"%s\"]", text)));
    ck_assert_uint_eq(answer->length, size + strlen("{\"result\":\"\"}"));
    answers(http_exchange(server.port, "POST /cache HTTP/1.1\r\nHost: x\r\n" BEARER "Content-Length: 10485761\r\n\r\n"),
            400, "{\"error\":\"ERR max request size exceeded. Limit: 10485760 bytes, Actual: 10485761 bytes\"}");
}
END_TEST

/* Who is not let in is told before he has sent anything, and the connection ends. */
START_TEST(the_body_of_a_stranger_is_not_read)
{
    int connection = http_open(server.port);
    http_answer *answer;

    http_put(connection, "POST /cache HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
    answer = http_take(connection, 0);
    answers(answer, 401, "{\"error\":\"WRONGPASS invalid or missing auth token\"}");
    ck_assert_str_eq(http_field(answer, "Connection"), "close");
    close(connection);
}
END_TEST

START_TEST(problems_have_a_sentence_for_the_client)
{
    http_answer *answer = http_exchange(server.port, "POST /cache HTTP/1.1\r\nHost: x\r\n" BEARER
                                                     "Transfer-Encoding: chunked\r\n\r\nnonsense\r\n");

    ck_assert_int_eq(answer->status, 400);
    ck_assert_str_eq(http_text(answer, "/error"), "the body's chunks are not well-formed");
}
END_TEST

/* Neither keys nor values nor tokens. */
START_TEST(the_log_has_no_values)
{
    ck_assert_int_eq(ask("GET", "/echo/a-secret-of-somebody?_token=" TOKEN, "", "")->status, 200);
    for (int tries = 0; tries < 1000 && !strstr(http_server_log(&server), "\"path\":\"/cache\""); tries++)
        usleep(10000);
    ck_assert_ptr_nonnull(strstr(http_server_log(&server), "\"path\":\"/cache\""));
    ck_assert_ptr_null(strstr(http_server_log(&server), "a-secret-of-somebody"));
    ck_assert_ptr_null(strstr(http_server_log(&server), TOKEN));
}
END_TEST

/* ---- streams ---- */

/* Reads until this has come, and gives all that came. */
static const char *hears(int connection, const char *wanted)
{
    char *text = test_keep(malloc(4096));
    size_t size = 0;

    ck_assert_ptr_nonnull(text);
    while (size < 4095) {
        ssize_t got = recv(connection, text + size, 4095 - size, 0);

        ck_assert_msg(got > 0, "the stream ended before \"%s\": %.*s", wanted, (int)size, text);
        size += (size_t)got;
        text[size] = '\0';
        if (strstr(text, wanted))
            return text;
    }
    ck_abort_msg("no \"%s\": %s", wanted, text);
    return text;
}

/* Gives the connection when the server has said this. */
static int subscribe(const char *target, const char *wanted)
{
    int connection = http_open(server.port);
    const char *head;

    http_put(connection, request("POST", target, BEARER, "[]"));
    head = hears(connection, wanted);
    ck_assert_msg(strstr(head, "\r\nContent-Type: text/event-stream\r\n") != NULL, "%s", head);
    ck_assert_msg(strstr(head, "\r\nConnection: close\r\n") != NULL, "%s", head);
    ck_assert_msg(strstr(head, "\r\nContent-Length:") == NULL, "%s", head);
    return connection;
}

/* As long as it takes: the server looks four times a second whether anybody listens. */
static void until_nobody_hears(const char *channel)
{
    for (int tries = 0; tries < 3000; tries++) {
        if (strcmp(ask("GET", test_format("/publish/%s/x", channel), BEARER, "")->body, "{\"result\":0}") == 0)
            return;
        usleep(10000);
    }
    ck_abort_msg("somebody still hears %s", channel);
}

START_TEST(messages_come_as_they_are_published)
{
    int connection = subscribe("/subscribe/news", "data: subscribe,news,1\n\n");

    answers(ask("POST", "", BEARER, "[\"PUBLISH\",\"news\",\"hello\"]"), 200, "{\"result\":1}");
    hears(connection, "data: message,news,hello\n\n");
    answers(ask("GET", "/publish/news/again", BEARER, ""), 200, "{\"result\":1}");
    hears(connection, "data: message,news,again\n\n");
    close(connection);
    until_nobody_hears("news");
}
END_TEST

START_TEST(streams_leave_room_for_others)
{
    int connections[4];
    http_answer *answer;

    for (int i = 0; i < 4; i++)
        connections[i] = subscribe("/psubscribe/*", "data: psubscribe,*,1\n\n");
    answer = ask("GET", "/subscribe/news", BEARER, "");
    ck_assert_int_eq(answer->status, 503);
    ck_assert_str_eq(answer->body, "{\"error\":\"ERR max number of clients reached\"}");
    ck_assert_str_eq(http_field(answer, "Retry-After"), "1");
    answers(ask("GET", "/publish/news/x", BEARER, ""), 200, "{\"result\":4}");
    for (int i = 0; i < 4; i++)
        close(connections[i]);
    until_nobody_hears("news");
    close(subscribe("/subscribe/news", "data: subscribe,news,1\n\n"));
    until_nobody_hears("news");
}
END_TEST

/* Who does not read is cut off, and keeps nobody waiting meanwhile. */
START_TEST(a_client_that_does_not_read_is_left)
{
    int connection = subscribe("/subscribe/flood", "data: subscribe,flood,1\n\n");
    char *text = test_keep(malloc(1024 * 1024 + 1));

    ck_assert_ptr_nonnull(text);
    memset(text, 'x', 1024 * 1024);
    text[1024 * 1024] = '\0';
    for (int i = 0; i < 64; i++)
        ck_assert_int_eq(ask("POST", "/publish/flood", BEARER, text)->status, 200);
    until_nobody_hears("flood");
    close(connection);
}
END_TEST

START_TEST(a_head_of_a_stream_ends)
{
    int connection = http_open(server.port);
    http_answer *answer;

    http_put(connection, request("HEAD", "/subscribe/news", BEARER, ""));
    answer = http_take(connection, 1);
    ck_assert_int_eq(answer->status, 200);
    ck_assert_str_eq(http_field(answer, "Content-Type"), "text/event-stream");
    close(connection);
    until_nobody_hears("news");
}
END_TEST

START_TEST(streams_end_with_the_server)
{
    http_server other;
    int connection, ms;

    http_server_start(&other, TRIPSAGE_SERVER, variables);
    connection = http_open(other.port);
    http_put(connection, request("POST", "/subscribe/news", BEARER, "[]"));
    hears(connection, "data: subscribe,news,1\n\n");
    ck_assert_int_eq(http_server_stop(&other, &ms), 0);
    ck_assert_int_lt(ms, 10000);
    ck_assert(http_is_closed(connection, 5000));
    close(connection);
}
END_TEST

/* ---- settings ---- */

START_TEST(it_is_not_there_without_a_token)
{
    http_server other;

    http_server_start(&other, TRIPSAGE_SERVER, (const char *const[]){NULL});
    ck_assert_int_eq(http_exchange(other.port, request("POST", "", BEARER, "[\"PING\"]"))->status, 404);
    ck_assert_int_eq(http_exchange(other.port, request("OPTIONS", "/pipeline", "", ""))->status, 404);
    ck_assert_int_eq(http_server_stop(&other, NULL), 0);
}
END_TEST

/* The wire in front of a Redis: commands and messages are its, and when it is away that is said. */
START_TEST(it_may_be_a_redis)
{
    http_server other;
    test_redis redis;
    int connection;

    test_redis_start(&redis, NULL);
    http_server_start(&other, TRIPSAGE_SERVER,
                      (const char *const[]){"TRIPSAGE_CACHE_TOKEN=" TOKEN,
                                            test_format("TRIPSAGE_CACHE_URL=unix://%s", redis.path),
                                            "TRIPSAGE_CACHE_DEADLINE_MS=10000", NULL});
    answers(
        http_exchange(other.port, request("POST", "/pipeline", BEARER,
                                          "[[\"XADD\",\"s\",\"1-1\",\"f\",\"v\"],[\"SELECT\",1],[\"XREAD\",\"BLOCK\",0,"
                                          "\"STREAMS\",\"s\",\"$\"],[\"XLEN\",\"s\"]]")),
        200,
        "[{\"result\":\"1-1\"},{\"error\":\"ERR Command is not available: 'SELECT'\"},{\"error\":\"ERR Command is not "
        "available: 'XREAD'\"},{\"result\":1}]");
    answers(http_exchange(other.port, request("POST", "/multi-exec", BEARER, "[[\"XLEN\",\"s\"],[\"SELECT\",1]]")), 400,
            "{\"error\":\"ERR Command is not available: 'SELECT'\"}");
    connection = http_open(other.port);
    http_put(connection, request("POST", "/subscribe/news", BEARER, "[]"));
    hears(connection, "data: subscribe,news,1\n\n");
    ck_assert_str_eq(test_redis_cli(&redis, "PUBLISH news hello"), "1\n");
    hears(connection, "data: message,news,hello\n\n");
    test_redis_kill(&redis);
    ck_assert(http_is_closed(connection, 60000));
    close(connection);
    answers(http_exchange(other.port, request("POST", "/subscribe/news", BEARER, "[]")), 503,
            "{\"error\":\"ERR the cache cannot be reached\"}");
    answers(http_exchange(other.port, request("GET", "/xlen/s", BEARER, "")), 503,
            "{\"error\":\"ERR the cache cannot be reached\"}");
    ck_assert_int_eq(http_server_stop(&other, NULL), 0);
    test_redis_close(&redis);
}
END_TEST

START_TEST(settings_are_checked)
{
    static const struct {
        const char *const variables[3];
        const char *said;
    } wrong[] = {
        {{"TRIPSAGE_CACHE_TOKEN=fifteen-letters", NULL, NULL},
         "TRIPSAGE_CACHE_TOKEN: expected 16 to 512 letters, digits and"},
        {{"TRIPSAGE_CACHE_TOKEN=blanks between its letters", NULL, NULL}, "TRIPSAGE_CACHE_TOKEN: expected 16 to 512"},
        {{"TRIPSAGE_CACHE_READONLY_TOKEN=" READING, NULL, NULL}, "but not TRIPSAGE_CACHE_TOKEN"},
        {{"TRIPSAGE_CACHE_TOKEN=" TOKEN, "TRIPSAGE_CACHE_READONLY_TOKEN=" TOKEN, NULL},
         "is the same as TRIPSAGE_CACHE_TOKEN"},
        {{"TRIPSAGE_CACHE_TOKEN=" TOKEN, "TRIPSAGE_CACHE_URL=http://x", NULL}, "TRIPSAGE_CACHE_URL: expected memory:"},
        {{"TRIPSAGE_CACHE_TOKEN=" TOKEN, "TRIPSAGE_CACHE_MAX_BYTES=1000", NULL},
         "TRIPSAGE_CACHE_MAX_BYTES: expected a number from 1048576"},
    };
    char folder[TEST_PATH_SIZE];
    const char *output;

    test_temp_make(folder);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert_int_eq(
            http_program(TRIPSAGE_SERVER, folder, (const char *const[]){"serve", NULL}, wrong[i].variables, &output),
            78);
        ck_assert_msg(strstr(output, wrong[i].said) != NULL, "%s: %s", wrong[i].said, output);
        ck_assert_ptr_null(strstr(output, TOKEN));
    }
    ck_assert_int_eq(http_program(TRIPSAGE_SERVER, folder, (const char *const[]){"explain-config", NULL},
                                  (const char *const[]){"TRIPSAGE_CACHE_TOKEN=" TOKEN,
                                                        "TRIPSAGE_CACHE_URL=redis://ann:s3cret@cache/1", NULL},
                                  &output),
                     0);
    ck_assert_ptr_null(strstr(output, TOKEN));
    ck_assert_ptr_nonnull(strstr(output, "redis://ann:***@cache/1"));
    test_temp_remove(folder);
}
END_TEST

SERVER_SUITE("server/cache_wire", variables, it_is_at_its_path_and_below, a_body_may_come_in_chunks,
             head_is_the_head_alone, it_is_not_on_the_port_of_health, browsers_may_send_what_the_client_sends,
             a_body_has_ten_megabytes, the_body_of_a_stranger_is_not_read, problems_have_a_sentence_for_the_client,
             the_log_has_no_values, messages_come_as_they_are_published, streams_leave_room_for_others,
             a_client_that_does_not_read_is_left, a_head_of_a_stream_ends, streams_end_with_the_server,
             it_is_not_there_without_a_token, it_may_be_a_redis, settings_are_checked)
