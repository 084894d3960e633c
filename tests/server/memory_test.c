/* What users say about themselves, over HTTP: remembered, found, put together, forgotten; nobody else's; and how often. */
#include <string.h>

#include "suite.h"

static const char *const variables[] = {NULL};

static http_answer *call(const char *token, const char *method, const char *path, const char *body)
{
    return http_call(&server, token, method, path, NULL, body);
}

static http_answer *say(const char *token, const char *content)
{
    return call(token, "POST", "/api/memory/conversation",
                test_format("{\"messages\":[{\"role\":\"user\",\"content\":\"%s\"},{\"role\":\"assistant\",\"content\":"
                            "\"I like that.\"}],\"session_id\":\"s-1\"}",
                            content));
}

START_TEST(what_is_said_is_remembered_and_found)
{
    const char *token = http_register(&server, "ada@example.org", NULL);
    http_answer *answer = ANSWERS(200, say(token, "Hello! I am vegan. I love diving on coral reefs."));

    ck_assert_str_eq(http_text(answer, "/results/0/memory"), "I am vegan");
    ck_assert_str_eq(http_text(answer, "/results/0/event"), "ADD");
    ck_assert_str_eq(http_value(answer, "/usage/statements"), "2");
    answer = ANSWERS(200, say(token, "I am vegan!"));
    ck_assert_str_eq(http_text(answer, "/results/0/event"), "NONE");

    answer = ANSWERS(200, call(token, "POST", "/api/memory/search", "{\"query\":\"snorkel at a reef\",\"limit\":5}"));
    ck_assert_str_eq(http_text(answer, "/results/0/memory"), "I love diving on coral reefs");
    ck_assert_str_eq(http_text(answer, "/query"), "snorkel at a reef");
    answer = ANSWERS(200, call(token, "POST", "/api/memory/search",
                               "{\"query\":\"food\",\"similarity_threshold\":0,\"filters\":{\"categories\":[\"dietary_"
                               "restrictions\"]}}"));
    ck_assert_str_eq(http_value(answer, "/total"), "1");

    answer = ANSWERS(200, call(token, "GET", "/api/memory/context", NULL));
    ck_assert_str_eq(http_text(answer, "/dietary_restrictions/0/memory"), "I am vegan");
    ck_assert_str_eq(http_text(answer, "/insights/frequency"), "New");
    answer = ANSWERS(200, call(token, "GET", "/api/memory/stats", NULL));
    ck_assert_str_eq(http_value(answer, "/total_memories"), "2");
}
END_TEST

START_TEST(preferences_are_put_one_by_one_or_together)
{
    const char *token = http_register(&server, "bob@example.org", NULL);
    http_answer *answer = ANSWERS(
        200, call(token, "PUT", "/api/memory/preferences", "{\"preferences\":{\"seat\":\"window\",\"nights\":3}}"));

    ck_assert_str_eq(http_value(answer, "/preferences"), "{\"nights\":3,\"seat\":\"window\"}");
    answer =
        ANSWERS(200, call(token, "POST", "/api/memory/preference?key=airline&value=Air+France&category=Flights", NULL));
    ck_assert_str_eq(http_text(answer, "/memory"), "airline: Air France");
    ck_assert_str_eq(http_text(answer, "/categories/1"), "flights");
    answer = ANSWERS(200, call(token, "PUT", "/api/memory/preferences", "{\"preferences\":{\"seat\":null}}"));
    ck_assert_str_eq(http_value(answer, "/preferences"), "{\"airline\":\"Air France\",\"nights\":3}");
}
END_TEST

START_TEST(what_cannot_be_accepted_is_named)
{
    const char *token = http_register(&server, "cid@example.org", NULL);
    http_answer *answer =
        ANSWERS(422, call(token, "POST", "/api/memory/conversation", "{\"messages\":[{\"role\":\"king\"}]}"));

    ck_assert_str_eq(http_field(answer, "Content-Type"), "application/problem+json");
    ck_assert_str_eq(http_text(answer, "/errors/0/pointer"), "/messages/0/role");
    ANSWERS(400, call(token, "POST", "/api/memory/conversation", "{"));
    answer = ANSWERS(422, call(token, "POST", "/api/memory/search", "{\"query\":\"x\",\"limit\":0}"));
    ck_assert_str_eq(http_text(answer, "/errors/0/pointer"), "/limit");
    answer = ANSWERS(422, call(token, "POST", "/api/memory/preference?key=seat", NULL));
    ck_assert_str_eq(http_text(answer, "/errors/0/pointer"), "#value");
    answer = ANSWERS(422, call(token, "DELETE", "/api/memory/clear", NULL));
    ck_assert_str_eq(http_text(answer, "/errors/0/pointer"), "#confirm");
    ANSWERS(422, call(token, "DELETE", "/api/memory/clear?confirm=false", NULL));
    ANSWERS(404, call(token, "DELETE", "/api/memory/memory/nonsense", NULL));
}
END_TEST

START_TEST(nobody_sees_anothers)
{
    const char *dan = http_register(&server, "dan@example.org", NULL),
               *eve = http_register(&server, "eve@example.org", NULL);
    const char *id = test_format("%s", http_text(ANSWERS(200, say(dan, "I like trains.")), "/results/0/id"));
    const char *path = test_format("/api/memory/memory/%s", id);

    ck_assert_str_eq(
        http_value(ANSWERS(200, call(eve, "POST", "/api/memory/search", "{\"query\":\"trains\"}")), "/total"), "0");
    ANSWERS(404, call(eve, "DELETE", path, NULL));
    ck_assert_str_eq(http_value(ANSWERS(200, call(eve, "DELETE", "/api/memory/clear?confirm=true", NULL)), "/deleted"),
                     "0");
    ANSWERS(401, call(NULL, "GET", "/api/memory/context", NULL));
    ANSWERS(401, call(NULL, "DELETE", path, NULL));
    ck_assert_str_eq(http_text(ANSWERS(200, call(dan, "DELETE", path, NULL)), "/message"), "the memory is forgotten");
    ANSWERS(404, call(dan, "DELETE", path, NULL));
    say(dan, "I like boats.");
    ck_assert_str_eq(http_value(ANSWERS(200, call(dan, "DELETE", "/api/memory/clear?confirm=true", NULL)), "/deleted"),
                     "1");
}
END_TEST

SERVER_SUITE("server/memory", variables, what_is_said_is_remembered_and_found,
             preferences_are_put_one_by_one_or_together, what_cannot_be_accepted_is_named, nobody_sees_anothers)
