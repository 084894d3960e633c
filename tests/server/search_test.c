/* One search over everything, several at once, and what was searched for, over HTTP. */
#include <string.h>

#include "suite.h"

static const char *const variables[] = {NULL};

static http_answer *call(const char *token, const char *method, const char *path, const char *body)
{
    return http_call(&server, token, method, path, NULL, body);
}

START_TEST(a_search_has_facets_and_an_order)
{
    const char *token = http_register(&server, "ada@example.org", NULL);
    http_answer *answer = ANSWERS(200, call(token, "POST", "/api/search/unified?use_cache=false",
                                            "{\"query\":\"temples\",\"types\":[\"destination\",\"memory\"],\"sort_by\":"
                                            "\"price\",\"sort_order\":\"asc\",\"limit\":3,\"adults\":2}"));

    ck_assert_str_eq(http_text(answer, "/results/0/type"), "destination");
    ck_assert_str_eq(http_text(answer, "/facets/0/name"), "type");
    ck_assert_str_eq(http_value(answer, "/metadata/personalized"), "true");
    ck_assert_str_eq(http_value(answer, "/metadata/returned_results"), "3");
    answer = ANSWERS(200, call(token, "GET", "/api/search/unified?q=Barcelonna&types=destination", NULL));
    ck_assert_str_eq(http_text(answer, "/did_you_mean"), "Barcelona");
    answer =
        ANSWERS(422, call(token, "POST", "/api/search/unified", "{\"query\":\"x\",\"sort_by\":\"rating\",\"y\":1}"));
    ck_assert_str_eq(http_text(answer, "/errors/0/pointer"), "/sort_by");
    ck_assert_str_eq(http_text(answer, "/errors/1/pointer"), "/y");
}
END_TEST

START_TEST(several_at_once_answer_each_for_itself)
{
    const char *token = http_register(&server, "bob@example.org", NULL);
    http_answer *answer =
        ANSWERS(200, call(token, "POST", "/api/search/bulk", "[{\"query\":\"Kyoto\"},{\"query\":\"\"}]"));

    ck_assert_str_eq(http_text(answer, "/0/results/0/id"), "kyoto-jp");
    ck_assert_str_eq(http_text(answer, "/1/error/code"), "VALIDATION_ERROR");
    ck_assert_str_eq(http_text(answer, "/1/errors/0/pointer"), "/query");
    ANSWERS(422, call(token, "POST", "/api/search/bulk", "[]"));
    ANSWERS(422, call(token, "POST", "/api/search/bulk", "{\"query\":\"Kyoto\"}"));
    ANSWERS(401, call(NULL, "POST", "/api/search/bulk", "[{\"query\":\"Kyoto\"}]"));
}
END_TEST

START_TEST(searches_are_noted_saved_and_counted)
{
    const char *cid = http_register(&server, "cid@example.org", NULL),
               *dan = http_register(&server, "dan@example.org", NULL);
    const char *path;
    http_answer *answer;

    ANSWERS(200, call(cid, "GET", "/api/search/unified?q=reefs", NULL)); /* is not noted */
    ANSWERS(200, call(cid, "POST", "/api/search/unified", "{\"query\":\"temples\"}"));
    answer = ANSWERS(200, call(cid, "POST", "/api/search/save", "{\"query\":\"islands\",\"limit\":5}"));
    ck_assert_str_eq(http_text(answer, "/message"), "the search is saved");
    path = test_format("/api/search/saved/%s", http_text(answer, "/id"));
    ck_assert_str_eq(http_value(ANSWERS(200, call(cid, "GET", "/api/search/recent?limit=5", NULL)), "/total"), "2");
    answer = ANSWERS(200, call(cid, "GET", "/api/search/recent?saved=true", NULL));
    ck_assert_str_eq(http_text(answer, "/items/0/query"), "islands");
    ck_assert_str_eq(http_value(answer, "/items/0/request"), "{\"query\":\"islands\",\"limit\":5}");
    answer = ANSWERS(200, call(cid, "GET", "/api/search/analytics", NULL));
    ck_assert_str_eq(http_value(answer, "/total_searches"), "1");
    ck_assert_str_eq(http_text(answer, "/popular_queries/0/query"), "temples");
    ck_assert_str_eq(
        http_value(ANSWERS(200, call(cid, "GET", "/api/search/analytics?date=2020-02-29", NULL)), "/total_searches"),
        "0");
    ANSWERS(422, call(cid, "GET", "/api/search/analytics?date=yesterday", NULL));

    ANSWERS(404, call(dan, "DELETE", path, NULL));
    ck_assert_str_eq(http_value(ANSWERS(200, call(dan, "GET", "/api/search/recent", NULL)), "/total"), "0");
    ANSWERS(204, call(cid, "DELETE", path, NULL));
    ANSWERS(404, call(cid, "DELETE", path, NULL));
}
END_TEST

SERVER_SUITE("server/search", variables, a_search_has_facets_and_an_order, several_at_once_answer_each_for_itself,
             searches_are_noted_saved_and_counted)
