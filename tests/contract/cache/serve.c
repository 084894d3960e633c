/* contract/cache/serve.c: Upstash's wire (tripsage/cache_serve.h): every form of a request, every kind of answer. What commands do is tried
 * elsewhere. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../contract.h"

#define TOKEN   "a token for everything"
#define READING "a token for reading"

/* ---- asking ---- */

/* A request, and of its headers those that are not NULL. */
typedef struct asked {
    const char *method, *target, *body;
    size_t length; /* 0: as long as the text is */
    const char *authorization, *encoding, *format;
} asked;

static const char *header_of(void *context, const char *name)
{
    const asked *a = context;

    return strcmp(name, "authorization") == 0             ? a->authorization
           : strcmp(name, "upstash-encoding") == 0        ? a->encoding
           : strcmp(name, "upstash-response-format") == 0 ? a->format
                                                          : NULL;
}

static tripsage_cache_serve_options both_tokens(void)
{
    tripsage_cache_serve_options options = TRIPSAGE_CACHE_SERVE_OPTIONS_INIT;

    options.token = TOKEN;
    options.readonly_token = READING;
    return options;
}

static tripsage_cache_request request_of(const asked *a)
{
    tripsage_cache_request request = TRIPSAGE_CACHE_REQUEST_INIT;
    const char *mark = strchr(a->target, '?');

    request.method = a->method;
    request.path = mark ? test_format("%.*s", (int)(mark - a->target), a->target) : a->target;
    request.query = mark ? mark + 1 : NULL;
    request.header = header_of;
    request.context = (void *)(size_t)a;
    request.body = a->body;
    request.length = a->length ? a->length : a->body ? strlen(a->body) : 0;
    return request;
}

static tripsage_cache_response *serve(const asked *a)
{
    tripsage_cache_serve_options options = both_tokens();
    tripsage_cache_request request = request_of(a);
    tripsage_cache_response *response;

    OK(tripsage_cache_serve(&response, world->cache, &options, &request));
    return response;
}

static const char *field(const tripsage_cache_response *response, const char *wanted)
{
    const char *name, *value;

    for (size_t i = 0; tripsage_cache_response_header(response, i, &name, &value); i++)
        if (strcmp(name, wanted) == 0)
            return value;
    return "";
}

/* "200 {...}" */
static const char *answer(const asked *a)
{
    tripsage_cache_response *response = serve(a);
    const char *text =
        test_format("%d %s", tripsage_cache_response_status(response), tripsage_cache_response_body(response, NULL));

    ck_assert_str_eq(field(response, "content-type"), a->format && tripsage_cache_response_status(response) == 200
                                                          ? "application/octet-stream"
                                                          : "application/json");
    tripsage_cache_response_free(response);
    return text;
}

#define BEARER             "Bearer " TOKEN
#define ANSWERS(want, ...) SAME_TEXT(answer(&(const asked){__VA_ARGS__}), want)
#define POSTS(target_, body_, want)                                                                                    \
    ANSWERS(want, .method = "POST", .target = (target_), .body = (body_), .authorization = BEARER)
#define GETS(target_, want) ANSWERS(want, .method = "GET", .target = (target_), .authorization = BEARER)
#define READS(target_, body_, want)                                                                                    \
    ANSWERS(want, .method = "POST", .target = (target_), .body = (body_), .authorization = "Bearer " READING)
#define IN_BASE64(target_, body_, want)                                                                                \
    ANSWERS(want, .method = "POST", .target = (target_), .body = (body_), .authorization = BEARER, .encoding = "base64")

/* ---- forms ---- */

START_TEST(takes_a_command_in_the_body)
{
    POSTS("", "[\"PING\"]", "200 {\"result\":\"PONG\"}");
    POSTS("/", " [ \"echo\" , \"a\\u0000b\\ud83d\\ude00\\n\" ] ", "200 {\"result\":\"a\\u0000b\xf0\x9f\x98\x80\\n\"}");
    POSTS("", "[\"ECHO\",true]", "200 {\"result\":\"true\"}");
    POSTS("", "[\"ECHO\",9007199254740993]", "200 {\"result\":\"9007199254740993\"}");
    POSTS("", "[\"ECHO\",-1.50e+3]", "200 {\"result\":\"-1.50e+3\"}");
    POSTS("", "[\"ECHO\",\"\\ud800\"]", "200 {\"result\":\"\xef\xbf\xbd\"}");
    POSTS("", "[\"DBSIZE\"]", "200 {\"result\":0}");
    ANSWERS("200 {\"result\":\"PONG\"}", .method = "PUT", .target = "", .body = "[\"PING\"]", .authorization = BEARER);
}
END_TEST

START_TEST(takes_a_command_in_the_path)
{
    GETS("/ping", "200 {\"result\":\"PONG\"}");
    GETS("/echo/a%20b+%2F%00c", "200 {\"result\":\"a b+/\\u0000c\"}");
    GETS("/echo/", "200 {\"result\":\"\"}");
    GETS("/echo/%FF%C3%A4", "200 {\"result\":\"\xef\xbf\xbd\xc3\xa4\"}");
    GETS("/echo?a+b%2b=", "200 {\"result\":\"a b+\"}");
    GETS("/echo?&_token=x&a&", "200 {\"result\":\"a\"}");
    GETS("/echo?a=b", "400 {\"error\":\"ERR wrong number of arguments for 'echo' command\"}");
    POSTS("/echo", "a \"body\"", "200 {\"result\":\"a \\\"body\\\"\"}");
    ANSWERS("200 {\"result\":\"PONG\"}", .method = "HEAD", .target = "/PING", .authorization = BEARER);
    GETS("echo/a", "400 {\"error\":\"ERR failed to parse the request at byte 0: a path begins with a slash\"}");
    GETS("/echo/%4",
         "400 {\"error\":\"ERR failed to parse the request at byte 0: a percent sign stands before two digits\"}");
}
END_TEST

/* The order of what stands in path, body and query. */
START_TEST(puts_arguments_together)
{
    POSTS("/eval/return%20ARGV/0/a?EX=100&NX", "b c", "200 {\"result\":[\"a\",\"b c\",\"EX\",\"100\",\"NX\"]}");
}
END_TEST

START_TEST(takes_pipelines)
{
    POSTS("/pipeline", "[[\"ECHO\",1],[\"ECHO\"],[\"nonsense\"],[\"PING\"]]",
          contract_cache_in_process()
              ? "200 [{\"result\":\"1\"},{\"error\":\"ERR wrong number of arguments for 'echo' command\"},{\"error\":"
                "\"ERR unknown command 'nonsense'\"},{\"result\":\"PONG\"}]"
              : "200 [{\"result\":\"1\"},{\"error\":\"ERR wrong number of arguments for 'echo' command\"},{\"error\":"
                "\"ERR unknown command 'nonsense', with args beginning with: \"},{\"result\":\"PONG\"}]");
    POSTS("/pipeline/", "[[\"ECHO\"]]", "200 [{\"error\":\"ERR wrong number of arguments for 'echo' command\"}]");
}
END_TEST

START_TEST(takes_transactions)
{
    POSTS("/multi-exec", "[[\"ECHO\",\"a\"],[\"DBSIZE\"]]", "200 [{\"result\":\"a\"},{\"result\":0}]");
    POSTS("/multi-exec", "[[\"ECHO\",\"a\"],[\"ECHO\"]]",
          "400 {\"error\":\"ERR wrong number of arguments for 'echo' command\"}");
    POSTS(
        "/multi-exec", "[[\"EVAL\",\"return redis.call('nonsense')\",0],[\"ECHO\",\"a\"]]",
        test_format("200 [%s", strchr(answer(&(const asked){.method = "POST",
                                                            .target = "/pipeline",
                                                            .body = "[[\"EVAL\",\"return redis.call('nonsense')\",0],["
                                                                    "\"ECHO\",\"a\"]]",
                                                            .authorization = BEARER}),
                                      '[') +
                                   1));
}
END_TEST

START_TEST(refuses_what_is_no_command)
{
    static const char *const bodies[] = {
        NULL,
        "",
        "  ",
        "[]",
        "{}",
        "\"PING\"",
        "[\"PING\"",
        "[\"PING\"]x",
        "[\"PING]",
        "[\"\\x\"]",
        "[\"\\u12g4\"]",
        "[\"a\tb\"]",
        "[1.]",
        "[01]",
        "[-]",
        "[1e]",
        "[null]",
        "[tru]",
        "[[\"PING\"]]",
        "[{\"a\":1}]",
        "[\"a\",]",
        "[,\"a\"]",
        "[\"\xff\"]",
        "[\"a\" \"b\"]",
        "[\"PING\\",
        "[\"PING\\u",
        "[\"\\ud83d\\",
    };

    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        const char *got =
            answer(&(const asked){.method = "POST", .target = "/", .body = bodies[i], .authorization = BEARER});

        ck_assert_msg(strncmp(got, "400 {\"error\":\"ERR failed to parse the request at byte ", 53) == 0, "%s: %s",
                      bodies[i], got);
    }
    POSTS("/pipeline", "[\"PING\"]",
          "400 {\"error\":\"ERR failed to parse the request at byte 1: a command is an array\"}");
    POSTS("/pipeline", "[]", "400 {\"error\":\"ERR failed to parse the request at byte 2: there are no commands\"}");
    POSTS("/multi-exec", "[[]]",
          "400 {\"error\":\"ERR failed to parse the request at byte 3: a command has a name at least\"}");
    POSTS("", "[\"a\", null]",
          "400 {\"error\":\"ERR failed to parse the request at byte 6: an argument is a string, a number, true or "
          "false\"}");
    GETS("/", "400 {\"error\":\"ERR failed to parse the request at byte 0: there is no body\"}");
}
END_TEST

START_TEST(bounds_what_comes_in)
{
    size_t many = 10001 * sizeof "[\"PING\"],";
    char *body = test_keep(malloc(many)), *to = body;

    ck_assert_ptr_nonnull(body);
    *to++ = '[';
    for (int i = 0; i < 10000; i++)
        to = stpcpy(to, i ? ",[\"PING\"]" : "[\"PING\"]");
    strcpy(to, "]");
    if (!contract_cache_by_rest()) /* which has a bound of its own for one request */
        ck_assert_int_eq(strncmp(answer(&(const asked){
                                     .method = "POST", .target = "/pipeline", .body = body, .authorization = BEARER}),
                                 "200 [{\"result\":\"PONG\"},", 23),
                         0);
    strcpy(to, ",[\"PING\"]]");
    ck_assert_ptr_nonnull(
        strstr(answer(&(const asked){.method = "POST", .target = "/pipeline", .body = body, .authorization = BEARER}),
               "there are more than 10000 commands"));
    ANSWERS("400 {\"error\":\"ERR max request size exceeded. Limit: 10485760 bytes, Actual: 10485761 bytes\"}",
            .method = "POST", .target = "/", .length = 10485761, .authorization = BEARER);
}
END_TEST

/* ---- answers ---- */

START_TEST(encodes_in_base64)
{
    IN_BASE64("", "[\"FLUSHDB\"]", "200 {\"result\":\"OK\"}");
    IN_BASE64("", "[\"PING\"]", "200 {\"result\":\"UE9ORw==\"}");
    IN_BASE64("", "[\"ECHO\",\"\"]", "200 {\"result\":\"\"}");
    IN_BASE64("", "[\"ECHO\",\"a\"]", "200 {\"result\":\"YQ==\"}");
    IN_BASE64("", "[\"ECHO\",\"ab\"]", "200 {\"result\":\"YWI=\"}");
    IN_BASE64("", "[\"ECHO\",\"abc\"]", "200 {\"result\":\"YWJj\"}");
    IN_BASE64("", "[\"EVAL\",\"return {'OK',{'a',1,false},{ok='OK'}}\",0]",
              "200 {\"result\":[\"T0s=\",[\"YQ==\",1,null],\"T0s=\"]}");
    IN_BASE64("/pipeline", "[[\"FLUSHDB\"],[\"ECHO\"]]",
              "200 [{\"result\":\"OK\"},{\"error\":\"ERR wrong number of arguments for 'echo' command\"}]");
    for (size_t size = 40; size < 60; size++) { /* around where the encoder is given the next part */
        char *text = test_keep(malloc(size + 1));
        const char *got;

        memset(text, 'x', size);
        text[size] = '\0';
        got = answer(&(const asked){
            .method = "POST", .target = test_format("/echo/%s", text), .authorization = BEARER, .encoding = "base64"});
        ck_assert_uint_eq(strlen(got), strlen("200 {\"result\":\"\"}") + (size + 2) / 3 * 4);
        ck_assert_int_eq(
            strncmp(got + strlen("200 {\"result\":\""), "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4", 48), 0);
    }
}
END_TEST

#define IN_RESP2(target_, body_, want)                                                                                 \
    ANSWERS(want, .method = "POST", .target = (target_), .body = (body_), .authorization = BEARER, .format = "resp2")

START_TEST(answers_in_resp2)
{
    IN_RESP2("", "[\"PING\"]", "200 +PONG\r\n");
    IN_RESP2("/pipeline", "[[\"ECHO\",\"a\\nb\"],[\"ECHO\"],[\"EVAL\",\"return {1,false,'x'}\",0]]",
             "200 $3\r\na\nb\r\n-ERR wrong number of arguments for 'echo' command\r\n*3\r\n:1\r\n$-1\r\n$1\r\nx\r\n");
    IN_RESP2("", "[\"ECHO\"]", "400 {\"error\":\"ERR wrong number of arguments for 'echo' command\"}");
    IN_RESP2("/multi-exec", "[[\"PING\"]]", "400 {\"error\":\"ERR Upstash-Response-Format is not for transactions\"}");
    ANSWERS("400 {\"error\":\"ERR Upstash-Response-Format and Upstash-Encoding exclude each other\"}", .method = "GET",
            .target = "/ping", .authorization = BEARER, .format = "resp2", .encoding = "base64");
    ANSWERS("400 {\"error\":\"ERR Upstash-Response-Format is resp2, or is not there\"}", .method = "GET",
            .target = "/ping", .authorization = BEARER, .format = "resp3");
}
END_TEST

START_TEST(counts_requests)
{
    const asked ping = {.method = "GET", .target = "/ping", .authorization = BEARER},
                stranger = {.method = "GET", .target = "/ping"};
    tripsage_cache_response *first = serve(&ping), *second = serve(&stranger);

    ck_assert_int_eq(strncmp(field(first, "upstash-sync-token"), "n=", 2), 0);
    ck_assert_str_ne(field(first, "upstash-sync-token"), field(second, "upstash-sync-token"));
    tripsage_cache_response_free(first);
    tripsage_cache_response_free(second);
}
END_TEST

/* ---- who is let in ---- */

#define WRONG "401 {\"error\":\"WRONGPASS invalid or missing auth token\"}"

START_TEST(lets_in_who_has_a_token)
{
    ANSWERS(WRONG, .method = "GET", .target = "/ping");
    ANSWERS(WRONG, .method = "GET", .target = "/ping", .authorization = "");
    ANSWERS(WRONG, .method = "GET", .target = "/ping", .authorization = TOKEN);
    ANSWERS(WRONG, .method = "GET", .target = "/ping", .authorization = "Bearer");
    ANSWERS(WRONG, .method = "GET", .target = "/ping", .authorization = "Bearer a token for everythinG");
    ANSWERS(WRONG, .method = "GET", .target = "/ping", .authorization = BEARER "s");
    ANSWERS("200 {\"result\":\"PONG\"}", .method = "GET", .target = "/ping", .authorization = "bearer  " TOKEN);
    ANSWERS("200 {\"result\":\"PONG\"}", .method = "GET", .target = "/ping?_token=a+token%20for+everything");
    ANSWERS(WRONG, .method = "GET", .target = "/ping?_token=a+token+for+anything");
    ANSWERS(WRONG, .method = "GET", .target = "/ping?_token=%zz");
    ANSWERS(WRONG, .method = "GET", .target = "/ping?_token=a+token+for+everything",
            .authorization = "Bearer nonsense");
    ANSWERS(WRONG, .method = "DELETE", .target = "/", .length = 10485761);
}
END_TEST

START_TEST(admits_before_the_body_is_read)
{
    const asked stranger = {.method = "GET", .target = "/ping"},
                reader = {.method = "GET", .target = "/", .authorization = "Bearer " READING};
    tripsage_cache_serve_options options = both_tokens();
    tripsage_cache_request request = request_of(&stranger);

    ck_assert_int_eq(tripsage_cache_admits(&options, &request), 0);
    request = request_of(&reader);
    ck_assert_int_eq(tripsage_cache_admits(&options, &request), 1);
    options.readonly_token = NULL;
    ck_assert_int_eq(tripsage_cache_admits(&options, &request), 0);
}
END_TEST

#define MAY_NOT(name) "{\"error\":\"NOPERM this user has no permissions to run the '" name "' command\"}"

START_TEST(a_reader_only_reads)
{
    READS("", "[\"PING\"]", "200 {\"result\":\"PONG\"}");
    READS("", "[\"FlushDB\"]", "400 " MAY_NOT("flushdb"));
    READS("", "[\"DBSIZE\"]", "400 " MAY_NOT("dbsize"));
    READS("", "[\"eval\",\"return 1\",0]", "400 " MAY_NOT("eval"));
    READS("", "[\"EVAL_RO\",\"return 1\",0]", "400 " MAY_NOT("eval_ro"));
    READS("", "[\"SCRIPT\",\"FLUSH\"]", "400 " MAY_NOT("script"));
    READS("", "[\"CONFIG\",\"GET\",\"*\"]", "400 " MAY_NOT("config"));
    READS("/publish/a/b", NULL, "400 " MAY_NOT("publish"));
    READS("/psubscribe/*", NULL, "400 " MAY_NOT("psubscribe"));
    READS("/pipeline", "[[\"FLUSHALL\"],[\"ECHO\",1],[\"DBSIZE\"],[\"PING\"]]",
          "200 [" MAY_NOT("flushall") ",{\"result\":\"1\"}," MAY_NOT("dbsize") ",{\"result\":\"PONG\"}]");
    READS("/pipeline", "[[\"FLUSHALL\"]]", "200 [" MAY_NOT("flushall") "]");
    READS("/multi-exec", "[[\"PING\"],[\"FLUSHALL\"]]", "400 " MAY_NOT("flushall"));
}
END_TEST

START_TEST(methods_are_four)
{
    static const char *const others[] = {"DELETE", "PATCH", "TRACE", "post"};

    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        tripsage_cache_response *response =
            serve(&(const asked){.method = others[i], .target = "/ping", .authorization = BEARER});

        ck_assert_int_eq(tripsage_cache_response_status(response), 405);
        SAME_TEXT(tripsage_cache_response_body(response, NULL),
                  "{\"error\":\"ERR the method is not one of GET, HEAD, POST and PUT\"}");
        SAME_TEXT(field(response, "allow"), "GET, HEAD, POST, PUT");
        tripsage_cache_response_free(response);
    }
}
END_TEST

/* What a program gave wrong is no answer. */
START_TEST(options_are_checked)
{
    const asked ping = {.method = "GET", .target = "/ping", .authorization = BEARER};
    tripsage_cache_serve_options options = both_tokens();
    tripsage_cache_request request = request_of(&ping);
    tripsage_cache_response *response;

    options.token = "fifteen letters";
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_cache_serve(&response, world->cache, &options, &request), "#options");
    options.token = NULL;
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_cache_serve(&response, world->cache, &options, &request), "#options");
    options.token = READING;
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_cache_serve(&response, world->cache, &options, &request), "#options");
    options = both_tokens();
    options.readonly_token = "short";
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_cache_serve(&response, world->cache, &options, &request), "#options");
    options = both_tokens();
    options.version = 2;
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_cache_serve(&response, world->cache, &options, &request), "#options");
    options = both_tokens();
    request.header = NULL;
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_cache_serve(&response, world->cache, &options, &request), "#request");
    request = request_of(&ping);
    request.length = 1;
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_cache_serve(&response, world->cache, &options, &request), "#request");
    ck_assert_ptr_null(response);
}
END_TEST

/* ---- streams ---- */

/* A message takes its time from a server; none is waited for where none comes. */
#define PATIENCE_MS 60000

static const char *more(tripsage_cache_response *response, uint32_t timeout_ms)
{
    const char *data;
    size_t length;
    tripsage_status status = tripsage_cache_response_more(&data, &length, response, timeout_ms);

    return status == TRIPSAGE_OK ? test_format("%.*s", (int)length, data) : tripsage_status_name(status);
}

START_TEST(subscribers_are_told)
{
    tripsage_cache_response *response;

    if (contract_cache_by_rest()) {
        POSTS("/subscribe/news", "[]",
              "400 {\"error\":\"ERR Command is not available: there are no subscriptions by REST\"}");
        return;
    }
    response = serve(&(const asked){.method = "POST",
                                    .target = "/subscribe/news/a%2Fb?_token="
                                              "a+token+for+reading",
                                    .body = "[]"});
    ck_assert_int_eq(tripsage_cache_response_status(response), 200);
    ck_assert_int_eq(tripsage_cache_response_streams(response), 1);
    SAME_TEXT(field(response, "content-type"), "text/event-stream");
    SAME_TEXT(tripsage_cache_response_body(response, NULL), "data: subscribe,news,1\n\ndata: subscribe,a/b,2\n\n");
    SAME_TEXT(more(response, 0), "TRIPSAGE_ETIMEOUT");
    POSTS("", "[\"PUBLISH\",\"news\",\"a, b\"]", "200 {\"result\":1}");
    GETS("/publish/a%2Fb/two%0Alines%0D%0A", "200 {\"result\":1}");
    SAME_TEXT(more(response, PATIENCE_MS), "data: message,news,a, b\n\n");
    SAME_TEXT(more(response, PATIENCE_MS), "data: message,a/b,two\ndata: lines\ndata: \n\n");
    SAME_TEXT(more(response, 0), "TRIPSAGE_ETIMEOUT");
    tripsage_cache_response_free(response);
    for (int tries = 0;
         strcmp(answer(&(const asked){.method = "GET", .target = "/publish/news/x", .authorization = BEARER}),
                "200 {\"result\":0}") != 0;
         tries++) {
        ck_assert_int_lt(tries, 6000); /* a server hears a moment later */
        usleep(10000);
    }

    response = serve(
        &(const asked){.method = "GET", .target = "/PSubscribe/n*", .authorization = BEARER, .encoding = "base64"});
    SAME_TEXT(tripsage_cache_response_body(response, NULL), "data: psubscribe,n*,1\n\n");
    GETS("/publish/news/x", "200 {\"result\":1}");
    SAME_TEXT(more(response, PATIENCE_MS), "data: pmessage,n*,news,x\n\n");
    tripsage_cache_response_free(response);
    POSTS("/subscribe", "[]", "400 {\"error\":\"ERR wrong number of arguments for 'subscribe' command\"}");
    POSTS("/psubscribe", "[]", "400 {\"error\":\"ERR wrong number of arguments for 'psubscribe' command\"}");
}
END_TEST

START_TEST(others_do_not_stream)
{
    tripsage_cache_response *response =
        serve(&(const asked){.method = "GET", .target = "/ping", .authorization = BEARER});
    const char *data;
    size_t length;

    ck_assert_int_eq(tripsage_cache_response_streams(response), 0);
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_cache_response_more(&data, &length, response, 0), "#response");
    tripsage_cache_response_free(response);
}
END_TEST

Suite *contract_cache_serve(void)
{
    Suite *suite = suite_create("cache_serve");
    TCase *tcase = test_case(suite, "cache_serve");

    tcase_add_test(tcase, takes_a_command_in_the_body);
    tcase_add_test(tcase, takes_a_command_in_the_path);
    tcase_add_test(tcase, puts_arguments_together);
    tcase_add_test(tcase, takes_pipelines);
    tcase_add_test(tcase, takes_transactions);
    tcase_add_test(tcase, refuses_what_is_no_command);
    tcase_add_test(tcase, bounds_what_comes_in);
    tcase_add_test(tcase, encodes_in_base64);
    tcase_add_test(tcase, answers_in_resp2);
    tcase_add_test(tcase, counts_requests);
    tcase_add_test(tcase, lets_in_who_has_a_token);
    tcase_add_test(tcase, admits_before_the_body_is_read);
    tcase_add_test(tcase, a_reader_only_reads);
    tcase_add_test(tcase, methods_are_four);
    tcase_add_test(tcase, options_are_checked);
    tcase_add_test(tcase, subscribers_are_told);
    tcase_add_test(tcase, others_do_not_stream);
    return suite;
}
