/* Which path and method lead where: every route of the document, with and without a slash at its end; what there is not; what may not. */
#include <cJSON.h>
#include <string.h>

#include "suite.h"
#include "support/http_schema.h"

static const char *const variables[] = {"TRIPSAGE_ADMIN_PORT=0",
                                        "TRIPSAGE_METRICS=on",
                                        "WEBHOOK_SECRET=0123456789abcdef0123456789abcdef",
                                        "TRIPSAGE_SECURITY_CONTACT=mailto:security@example.org",
                                        "TRIPSAGE_ALLOWED_ORIGINS=https://app.example.com, http://localhost:3000",
                                        NULL};

/* The path with an id in place of each parameter. */
static const char *fill(const char *template)
{
    const char *path = template;

    for (const char *open; (open = strchr(path, '{')) != NULL;)
        path = test_format("%.*s%s%s", (int)(open - path), path, "018f6b1e-7c3a-7d10-9d5c-2f1b0a3c4d5e",
                           strchr(open, '}') + 1);
    return path;
}

static const char *upper(const char *method)
{
    char *out = test_keep(strdup(method));

    for (char *p = out; *p; p++)
        *p = (char)(*p & ~0x20);
    return out;
}

START_TEST(every_route_is_there_with_and_without_a_slash_at_its_end)
{
    const cJSON *path, *operation;
    size_t count = 0;

    cJSON_ArrayForEach(path, cJSON_GetObjectItem(http_openapi(&server), "paths"))
    {
        const char *plain = fill(path->string);

        cJSON_ArrayForEach(operation, path)
        {
            const char *method = upper(operation->string), *body = strcmp(method, "GET") == 0 ? NULL : "{}";
            int is_public = cJSON_GetObjectItem(operation, "security") != NULL;
            http_answer *bare = http_call(&server, NULL, method, plain, NULL, body);
            http_answer *slashed = http_call(&server, NULL, method, test_format("%s/", plain), NULL, body);

            if (strncmp(plain, "/api/webhooks/", 14) == 0) /* the database signs */
                ck_assert_msg(bare->status == 401, "%s unsigned: %d", plain, bare->status);
            else if (is_public)
                ck_assert_msg(bare->status != 404 && bare->status != 405 && bare->status != 401, "%s: %d", plain,
                              bare->status);
            else
                ck_assert_msg(bare->status == 401, "%s %s without a token: %d", method, plain, bare->status);
            ck_assert_msg(bare->status == slashed->status, "%s %s: %d, with a slash %d", method, plain, bare->status,
                          slashed->status);
            count++;
        }
    }
    ck_assert_uint_gt(count, 70);
}
END_TEST

START_TEST(what_is_not_there_is_not_found_for_everybody)
{
    const char *token = http_register(&server, "routing@example.org", NULL);
    static const char *const paths[] = {"/",
                                        "/nothing",
                                        "/api",
                                        "/api/trips/a/b/c/d/e/f/g/h",
                                        "//",
                                        "/api//trips",
                                        "/api/trips//",
                                        "/API/trips",
                                        "/api/trips/018f6b1e-7c3a-7d10-9d5c-2f1b0a3c4d5e/nothing"};

    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        ANSWERS(404, http_call(&server, NULL, "GET", paths[i], NULL, NULL));
        ANSWERS(404, http_call(&server, token, "GET", paths[i], NULL, NULL));
    }
    /* A path that is there, an id that is not one, a record that is not. */
    ANSWERS(404, http_call(&server, token, "GET", "/api/trips/kyoto", NULL, NULL));
    ANSWERS(404, http_call(&server, token, "GET", "/api/trips/018f6b1e-7c3a-7d10-9d5c-2f1b0a3c4d5e", NULL, NULL));
    ANSWERS(404, http_call(&server, token, "GET", "/api/trips/..", NULL, NULL));
}
END_TEST

START_TEST(a_literal_segment_wins_over_a_parameter)
{
    const char *token = http_register(&server, "literal@example.org", NULL);

    ANSWERS(200, http_call(&server, token, "GET", "/api/trips/search?q=kyoto", NULL, NULL));
    ANSWERS(200, http_call(&server, token, "GET", "/api/trips/suggestions", NULL, NULL));
    ANSWERS(200, http_call(&server, token, "GET", "/api/destinations/saved", NULL, NULL));
    /* ... and gives way where it leads nowhere: "search" is an id here, which no trip has. */
    ANSWERS(404, http_call(&server, token, "GET", "/api/trips/search/summary", NULL, NULL));
}
END_TEST

START_TEST(a_path_is_decoded_strictly)
{
    static const char *const malformed[] = {"/api/trips/%",   "/api/trips/%4",     "/api/trips/%zz", "/api/trips/%00",
                                            "/api/trips/%ff", "/api/trips/%c0%af", "/api/trips/a%2"};
    const char *token = http_register(&server, "decoding@example.org", NULL);

    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
        ANSWERS(400, http_call(&server, token, "GET", malformed[i], NULL, NULL));
    ANSWERS(200, http_exchange(server.port, "GET /%68ealth/live HTTP/1.1\r\nHost: x\r\n\r\n"));
    ANSWERS(404, http_call(&server, token, "GET", "/api/destinations/k%C3%B6ln", NULL, NULL));
    ANSWERS(404,
            http_call(&server, token, "GET", "/api%2Ftrips", NULL, NULL)); /* an escaped slash is not a separator */
}
END_TEST

START_TEST(a_method_the_path_lacks_is_told_which_it_has)
{
    http_answer *answer = ANSWERS(405, http_call(&server, NULL, "DELETE", "/api/trips", NULL, NULL));

    ck_assert_str_eq(http_field(answer, "Allow"), "GET, HEAD, POST, OPTIONS");
    answer = ANSWERS(405, http_call(&server, NULL, "POST", "/api/trips/search", NULL, "{}"));
    ck_assert_str_eq(http_field(answer, "Allow"), "GET, HEAD, OPTIONS");
    answer = ANSWERS(405, http_call(&server, NULL, "PROPFIND", "/api/auth/login", NULL, NULL));
    ck_assert_str_eq(http_field(answer, "Allow"), "POST, OPTIONS");
    ANSWERS(501, http_call(&server, NULL, "BREW", "/api/trips", NULL, NULL));
    ANSWERS(501, http_call(&server, NULL, "TRACE", "/api/trips", NULL, NULL));
}
END_TEST

START_TEST(head_is_get_without_the_body)
{
    const char *token = http_register(&server, "head@example.org", NULL);
    http_answer *get = ANSWERS(200, http_call(&server, token, "GET", "/api/auth/me", NULL, NULL));
    int connection = http_open(server.port);
    http_answer *head;

    http_put(connection,
             test_format("HEAD /api/auth/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", token));
    head = ANSWERS(200, http_take(connection, 1));
    ck_assert_str_eq(http_field(head, "Content-Length"), http_field(get, "Content-Length"));
    ck_assert_str_eq(http_field(head, "Content-Type"), "application/json");
    /* Nothing of a body stands in the way of the next answer. */
    http_put(connection, "GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    ANSWERS(200, http_take(connection, 0));
    ck_assert(http_is_closed(connection, 5000));
    ANSWERS(401, http_exchange(server.port, "HEAD /api/trips HTTP/1.1\r\nHost: x\r\n\r\n"));
}
END_TEST

START_TEST(options_tells_the_methods_and_lets_known_origins_in)
{
    http_answer *answer = ANSWERS(204, http_call(&server, NULL, "OPTIONS", "/api/trips", NULL, NULL));
    static const char preflight[] = "Origin: %s\r\nAccess-Control-Request-Method: PATCH\r\n";

    ck_assert_str_eq(http_field(answer, "Allow"), "GET, HEAD, POST, OPTIONS");
    ck_assert_ptr_null(http_field(answer, "Access-Control-Allow-Origin"));

    answer = ANSWERS(204, http_call(&server, NULL, "OPTIONS", "/api/trips/x",
                                    test_format(preflight, "http://localhost:3000"), NULL));
    ck_assert_str_eq(http_field(answer, "Access-Control-Allow-Origin"), "http://localhost:3000");
    ck_assert_ptr_nonnull(strstr(http_field(answer, "Access-Control-Allow-Methods"), "PATCH"));
    ck_assert_ptr_nonnull(strstr(http_field(answer, "Access-Control-Allow-Headers"), "If-Match"));
    ck_assert_str_eq(http_field(answer, "Vary"), "Origin");

    answer = ANSWERS(204, http_call(&server, NULL, "OPTIONS", "/api/trips/x",
                                    test_format(preflight, "https://evil.example.com"), NULL));
    ck_assert_ptr_null(http_field(answer, "Access-Control-Allow-Origin"));
    ck_assert_str_eq(http_field(answer, "Vary"), "Origin");
    ANSWERS(404, http_call(&server, NULL, "OPTIONS", "/nothing", NULL, NULL));
}
END_TEST

START_TEST(an_origin_is_compared_letter_by_letter)
{
    static const char *const strangers[] = {"https://app.example.com.evil.org",
                                            "http://app.example.com",
                                            "https://app.example.com:444",
                                            "https://APP.example.com",
                                            "null",
                                            "https://app.example.com/"};
    http_answer *answer =
        ANSWERS(401, http_call(&server, NULL, "GET", "/api/trips", "Origin: https://app.example.com\r\n", NULL));

    ck_assert_str_eq(http_field(answer, "Access-Control-Allow-Origin"), "https://app.example.com");
    ck_assert_ptr_nonnull(strstr(http_field(answer, "Access-Control-Expose-Headers"), "ETag"));
    ck_assert_ptr_null(http_field(answer, "Access-Control-Allow-Credentials"));
    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++) {
        answer = http_call(&server, NULL, "GET", "/api/trips", test_format("Origin: %s\r\n", strangers[i]), NULL);
        ck_assert_msg(http_field(answer, "Access-Control-Allow-Origin") == NULL, "%s was let in", strangers[i]);
    }
}
END_TEST

/* Where it is wanted, listed origins may send cookies along, and no others: never everybody. */
START_TEST(credentials_are_for_listed_origins)
{
    http_answer *answer;
    http_server s;

    http_server_start(&s, TRIPSAGE_SERVER,
                      (const char *const[]){"CORS_ORIGINS=[\"https://app.example.com\", \"http://[::1]:3000\"]",
                                            "CORS_CREDENTIALS=true", NULL});
    answer = http_call(&s, NULL, "GET", "/api/trips", "Origin: https://app.example.com\r\n", NULL);
    ck_assert_str_eq(http_field(answer, "Access-Control-Allow-Origin"), "https://app.example.com");
    ck_assert_str_eq(http_field(answer, "Access-Control-Allow-Credentials"), "true");
    ck_assert_str_eq(http_field(answer, "Vary"), "Origin");
    answer = http_call(&s, NULL, "GET", "/api/trips", "Origin: http://[::1]:3000\r\n", NULL);
    ck_assert_str_eq(http_field(answer, "Access-Control-Allow-Origin"), "http://[::1]:3000");
    answer = http_call(&s, NULL, "GET", "/api/trips", "Origin: https://evil.example.com\r\n", NULL);
    ck_assert_ptr_null(http_field(answer, "Access-Control-Allow-Origin"));
    ck_assert_ptr_null(http_field(answer, "Access-Control-Allow-Credentials"));
    ck_assert_int_eq(http_server_stop(&s, NULL), 0);
}
END_TEST

START_TEST(the_document_names_every_operation_once)
{
    const cJSON *path, *operation;
    const char *seen = ",";

    ck_assert_str_eq(cJSON_GetObjectItem(http_openapi(&server), "openapi")->valuestring, "3.1.0");
    cJSON_ArrayForEach(path, cJSON_GetObjectItem(http_openapi(&server), "paths")) cJSON_ArrayForEach(operation, path)
    {
        const char *id = test_format(",%s,", cJSON_GetObjectItem(operation, "operationId")->valuestring);

        ck_assert_msg(strstr(seen, id) == NULL, "twice: %s", id);
        seen = test_format("%s%s", seen, id + 1);
        ck_assert_ptr_nonnull(cJSON_GetObjectItem(operation, "responses"));
    }
}
END_TEST

/* Every reference in the document leads somewhere: http_schema_fault resolves each schema it is given. */
START_TEST(the_document_has_no_loose_ends)
{
    const cJSON *schemas = cJSON_GetObjectItem(cJSON_GetObjectItem(http_openapi(&server), "components"), "schemas"),
                *schema;
    const char *text = cJSON_Print(http_openapi(&server));
    cJSON *nothing = cJSON_CreateObject();

    cJSON_ArrayForEach(schema, schemas) http_schema_fault(http_openapi(&server), schema, nothing, "");
    for (const char *at = text; (at = strstr(at, "#/components/schemas/")) != NULL;) {
        at += strlen("#/components/schemas/");
        ck_assert_msg(cJSON_GetObjectItem(schemas, test_format("%.*s", (int)strcspn(at, "\""), at)) != NULL, "%.60s",
                      at);
    }
    cJSON_Delete(nothing);
    test_keep((void *)(size_t)text);
}
END_TEST

SERVER_SUITE("server/routing", variables, every_route_is_there_with_and_without_a_slash_at_its_end,
             what_is_not_there_is_not_found_for_everybody, a_literal_segment_wins_over_a_parameter,
             a_path_is_decoded_strictly, a_method_the_path_lacks_is_told_which_it_has, head_is_get_without_the_body,
             options_tells_the_methods_and_lets_known_origins_in, credentials_are_for_listed_origins,
             an_origin_is_compared_letter_by_letter, the_document_names_every_operation_once,
             the_document_has_no_loose_ends)
