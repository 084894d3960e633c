/* Keys to other services and the audit trail over HTTP: whose they are, who sees them, and what of them is never told. */
#include <string.h>
#include <tripsage/tripsage.h>

#include "suite.h"

#define SERVICE "sb_secret_AAAAAAAAAAAAAAAAAAAAAA_AAAAAAAA"
#define PUBLIC  "sb_publishable_AAAAAAAAAAAAAAAAAAAAAA_AAAAAAAA"
#define SECRETS "/api/users/me/secrets"
#define OWN     "/api/users/me/audit"
#define ALL     "/api/audit"
#define PLAIN   "sk-live-not-to-be-told-9876"
#define ORIGIN  "http://localhost:3000"

static const char *const variables[] = {"TRIPSAGE_ADMIN_PORT=0", "TRIPSAGE_ALLOWED_ORIGINS=" ORIGIN,
                                        "DATABASE_SERVICE_KEY=" SERVICE, "DATABASE_PUBLIC_KEY=" PUBLIC, NULL};

static http_answer *get(const char *token, const char *path)
{
    return http_call(&server, token, "GET", path, NULL, NULL);
}

static http_answer *put(const char *token, const char *name, const char *value)
{
    return http_call(&server, token, "PUT", test_format(SECRETS "/%s", name), NULL,
                     test_format("{\"value\":\"%s\"}", value));
}

static http_answer *forget(const char *token, const char *name)
{
    return http_call(&server, token, "DELETE", test_format(SECRETS "/%s", name), NULL, NULL);
}

/* The pointer of the first value at fault. */
static const char *fault(const http_answer *answer)
{
    return http_text(answer, "/errors/0/pointer");
}

/* A scoped key for this user, made by the command. */
static const char *scoped_key(const char *user, const char *scope)
{
    const char *output;
    int status = http_program(
        TRIPSAGE_SERVER, server.folder,
        (const char *const[]){"keys", "create", "--name", scope, "--scope", scope, "--user", user, "--json", NULL},
        (const char *const[]){"LOG_LEVEL=ERROR", NULL}, &output);

    ck_assert_msg(status == 0, "%s", output);
    output = strstr(output, "\"key\":\"tsk_");
    ck_assert_ptr_nonnull(output);
    return test_format("%.*s", (int)strcspn(output + 7, "\""), output + 7);
}

/* ---- keys to other services ---- */

START_TEST(a_key_is_kept_and_never_given_back)
{
    const char *token = http_register(&server, "keeper@example.org", NULL);
    http_answer *answer;

    ck_assert_str_eq(ANSWERS(200, get(token, SECRETS))->body, "{\"items\":[]}");
    ck_assert_str_eq(ANSWERS(204, put(token, "openai", PLAIN))->body, "");
    ANSWERS(204, put(token, "short", "abc"));
    answer = ANSWERS(200, get(token, SECRETS));
    ck_assert_str_eq(http_text(answer, "/items/0/name"), "openai");
    ck_assert_str_eq(http_text(answer, "/items/0/hint"), "9876");
    ck_assert_str_eq(http_text(answer, "/items/1/hint"), "");
    ck_assert_str_eq(http_field(answer, "Cache-Control"), "no-store");
    ck_assert_ptr_null(strstr(answer->body, PLAIN));
    ck_assert_ptr_null(strstr(answer->body, "enc:"));

    answer = ANSWERS(405, get(token, SECRETS "/openai"));
    ck_assert_ptr_null(strstr(http_field(answer, "Allow"), "GET"));
    ck_assert_ptr_null(strstr(ANSWERS(405, get(SERVICE, SECRETS "/openai"))->body, PLAIN));

    ANSWERS(204, put(token, "openai", "sk-live-another-one-1234"));
    answer = ANSWERS(200, get(token, SECRETS));
    ck_assert_str_eq(http_text(answer, "/items/0/hint"), "1234");
    ck_assert_ptr_nonnull(http_value(answer, "/items/1"));
    ck_assert_ptr_null(http_value(answer, "/items/2"));
    ANSWERS(204, forget(token, "openai"));
    ANSWERS(404, forget(token, "openai"));
    ck_assert_ptr_null(http_value(ANSWERS(200, get(token, SECRETS)), "/items/1"));
    ck_assert_ptr_null(strstr(http_server_log(&server), "not-to-be-told"));
}
END_TEST

START_TEST(a_key_is_its_owners_alone)
{
    const char *owner = http_register(&server, "owner@example.org", NULL),
               *other = http_register(&server, "other@example.org", NULL);

    ANSWERS(204, put(owner, "maps", PLAIN));
    ck_assert_str_eq(ANSWERS(200, get(other, SECRETS))->body, "{\"items\":[]}");
    ANSWERS(404, forget(other, "maps"));
    ANSWERS(204, put(other, "maps", "sk-live-of-the-other-4321"));
    ck_assert_str_eq(http_text(ANSWERS(200, get(owner, SECRETS)), "/items/0/hint"), "9876");
    ANSWERS(204, forget(other, "maps"));
    ck_assert_str_eq(http_text(ANSWERS(200, get(owner, SECRETS)), "/items/0/name"), "maps");
}
END_TEST

START_TEST(a_bad_key_is_refused_where_it_is_wrong)
{
    static const struct {
        const char *body, *pointer;
    } rows[] = {{"{}", "/value"},
                {"{\"value\":null}", "/value"},
                {"{\"value\":7}", "/value"},
                {"{\"value\":\"\"}", "/value"},
                {"{\"value\":\"a\",\"name\":\"b\"}", "/name"}};
    const char *token = http_register(&server, "bounds@example.org", NULL), *longest = test_repeat("n", 64);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_str_eq(fault(ANSWERS(422, http_call(&server, token, "PUT", SECRETS "/a", NULL, rows[i].body))),
                         rows[i].pointer);
    ANSWERS(422, http_call(&server, token, "PUT", SECRETS "/a", NULL, "[]"));
    ANSWERS(400, http_call(&server, token, "PUT", SECRETS "/a", NULL, "{\"value\":"));
    ANSWERS(400, http_call(&server, token, "PUT", SECRETS "/a", NULL, NULL));
    ANSWERS(415, http_call(&server, token, "PUT", SECRETS "/a", "Content-Type: text/plain\r\n", PLAIN));
    ck_assert_str_eq(fault(ANSWERS(422, put(token, "Upper", "a"))), "#name");
    ck_assert_str_eq(fault(ANSWERS(422, put(token, "a%20b", "a"))), "#name");
    ck_assert_str_eq(fault(ANSWERS(422, put(token, test_format("%sn", longest), "a"))), "#name");
    ck_assert_str_eq(fault(ANSWERS(422, put(token, "a", test_repeat("v", 8193)))), "/value");
    ck_assert_str_eq(ANSWERS(200, get(token, SECRETS))->body, "{\"items\":[]}");

    ANSWERS(204, put(token, longest, test_repeat("v", 8192)));
    ANSWERS(404, forget(token, "Upper"));
    for (int i = 1; i < 32; i++)
        ANSWERS(204, put(token, test_format("key-%d", i), "a"));
    ck_assert_int_eq(put(token, "one-more", "a")->status, tripsage_status_http(TRIPSAGE_ELIMIT));
    ANSWERS(204, put(token, "key-7", "b"));
    ANSWERS(204, forget(token, "key-7"));
    ANSWERS(204, put(token, "one-more", "a"));
}
END_TEST

/* ---- the trail ---- */

/* The actions of a list, one page after the other, with a space between two. */
static const char *actions(const char *token, const char *path, int limit)
{
    const char *all = "", *next = test_format("%s%climit=%d", path, strchr(path, '?') ? '&' : '?', limit);

    while (next) {
        http_answer *answer = ANSWERS(200, get(token, next));
        const char *link = http_field(answer, "Link");
        int rows = 0;

        for (; http_value(answer, test_format("/items/%d", rows)); rows++)
            all = test_format("%s%s%s", all, *all ? " " : "", http_text(answer, test_format("/items/%d/action", rows)));
        ck_assert_int_le(rows, limit);
        ck_assert_int_eq(link != NULL, strcmp(http_value(answer, "/next_cursor"), "null") != 0);
        next = link ? test_format("%.*s", (int)strcspn(link + 1, ">"), link + 1) : NULL;
    }
    return all;
}

START_TEST(everybody_sees_his_own_part_of_the_trail)
{
    static const char done[] = "secret_deleted secret_put user_signedup";
    const char *id, *token = http_register(&server, "trail@example.org", &id), *other_id,
                    *other = http_register(&server, "elsewhere@example.org", &other_id);
    http_answer *answer;

    ANSWERS(204, put(token, "openai", PLAIN));
    ANSWERS(204, put(other, "maps", PLAIN));
    ANSWERS(204, forget(token, "openai"));
    for (int limit = 1; limit <= 3; limit++)
        ck_assert_str_eq(test_format("%.*s", (int)sizeof done - 1, actions(token, OWN, limit)), done);
    ck_assert_str_eq(actions(token, OWN "?action=secret_put", 1), "secret_put");
    ck_assert_str_eq(actions(token, OWN "?action=no_such_thing", 1), "");
    answer = ANSWERS(200, get(token, OWN));
    ck_assert_str_eq(http_value(answer, "/limit"), "20");
    ck_assert_str_eq(http_text(answer, "/items/0/actor"), id);
    ck_assert_str_eq(http_text(answer, "/items/0/detail/name"), "openai");
    ck_assert_ptr_null(strstr(answer->body, other_id));
    ck_assert_ptr_null(strstr(answer->body, "not-to-be-told"));
    /* Whoever goes on from somebody else's row still sees his own rows only. */
    answer = ANSWERS(200, get(other, test_format(OWN "?cursor=%s", http_value(answer, "/items/0/seq"))));
    ck_assert_ptr_null(strstr(answer->body, id));
    ck_assert_ptr_nonnull(strstr(answer->body, other_id));
}
END_TEST

START_TEST(the_whole_trail_is_the_services)
{
    const char *id, *token = http_register(&server, "person@example.org", &id), *anchor;
    http_answer *answer;

    ANSWERS(204, put(token, "openai", PLAIN));
    ANSWERS(403, get(token, ALL));
    ANSWERS(403, get(token, test_format(ALL "?user_id=%s", id)));
    ANSWERS(403, get(token, ALL "/verification"));
    ANSWERS(403, get(SERVICE, OWN));
    ANSWERS(403, put(SERVICE, "openai", "a"));

    ck_assert_str_eq(test_format("%.10s", actions(SERVICE, test_format(ALL "?user_id=%s", id), 1)), "secret_put");
    answer = ANSWERS(200, get(SERVICE, test_format(ALL "?user_id=%s&action=user_signedup", id)));
    ck_assert_str_eq(http_text(answer, "/items/0/subject"), id);
    ck_assert_ptr_null(http_value(answer, "/items/1"));
    answer = ANSWERS(200, get(SERVICE, ALL "?limit=1"));
    ck_assert_str_eq(http_text(answer, "/items/0/action"), "secret_put");
    ck_assert_ptr_nonnull(strstr(http_field(answer, "Link"), "limit=1"));

    answer = ANSWERS(200, get(SERVICE, ALL "/verification"));
    ck_assert_str_eq(http_value(answer, "/ok"), "true");
    ck_assert_str_eq(http_value(answer, "/broken"), "null");
    anchor = http_text(answer, "/anchor");
    ANSWERS(204, put(token, "maps", PLAIN));
    answer = ANSWERS(200, get(SERVICE, test_format(ALL "/verification?anchor=%s", anchor)));
    ck_assert_str_eq(http_value(answer, "/ok"), "true");
    answer =
        ANSWERS(200, get(SERVICE, test_format(ALL "/verification?anchor=999999%s", anchor + strcspn(anchor, ":"))));
    ck_assert_str_eq(http_value(answer, "/ok"), "false");
}
END_TEST

START_TEST(a_bad_question_to_the_trail_is_named)
{
    static const struct {
        const char *path, *pointer;
    } rows[] = {{ALL "?limit=0", "#limit"},
                {ALL "?limit=101", "#limit"},
                {ALL "?cursor=x", "#cursor"},
                {ALL "?cursor=", "#cursor"},
                {ALL "?action=Log%20in", "#action"},
                {ALL "?user_id=me", "#user_id"},
                {ALL "/verification?anchor=x", "#anchor"}};
    const char *token = http_register(&server, "asker@example.org", NULL);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_str_eq(fault(ANSWERS(422, get(SERVICE, rows[i].path))), rows[i].pointer);
    ck_assert_str_eq(fault(ANSWERS(422, get(token, OWN "?limit=101"))), "#limit");
    ck_assert_str_eq(fault(ANSWERS(422, get(token, OWN "?cursor=-3"))), "#cursor");
    ANSWERS(200, get(token, OWN "?limit=100"));
}
END_TEST

/* ---- who comes in ---- */

START_TEST(nobody_comes_in_without_a_token)
{
    static const char *const wrong[] = {NULL,  PUBLIC,  "sb_secret_BBBBBBBBBBBBBBBBBBBBBB_BBBBBBBB",
                                        "sb_", "tsk_x", SERVICE "x"};
    static const char *const paths[] = {SECRETS, OWN, ALL, ALL "/verification"};

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        for (size_t p = 0; p < sizeof paths / sizeof paths[0]; p++)
            ANSWERS(401, get(wrong[i], paths[p]));
        ANSWERS(401, put(wrong[i], "openai", PLAIN));
        ANSWERS(401, forget(wrong[i], "openai"));
    }
}
END_TEST

/* A scoped key does what its scopes name; what they do not name is closed to it. */
START_TEST(a_scoped_key_is_let_in_for_its_scopes)
{
    static const char *const closed[] = {SECRETS, OWN, ALL, ALL "/verification", "/api/users/me"};
    const char *id, *token = http_register(&server, "scoped@example.org", &id), *key = scoped_key(id, "trips:read");

    ANSWERS(201, http_call(&server, token, "POST", "/api/trips", NULL, A_TRIP("Mine")));
    ck_assert_str_eq(http_text(ANSWERS(200, get(key, "/api/trips")), "/items/0/title"), "Mine");
    ANSWERS(403, http_call(&server, key, "POST", "/api/trips", NULL, A_TRIP("Not mine")));
    for (size_t i = 0; i < sizeof closed / sizeof closed[0]; i++)
        ANSWERS(403, get(key, closed[i]));
    ANSWERS(403, put(key, "openai", PLAIN));
    ANSWERS(403, forget(key, "openai"));
    ck_assert_ptr_null(strstr(http_server_log(&server), key));
}
END_TEST

START_TEST(browsers_are_told_what_they_may)
{
    http_answer *answer =
        http_exchange(server.port, "OPTIONS " SECRETS "/openai HTTP/1.1\r\nHost: x\r\nOrigin: " ORIGIN
                                   "\r\nAccess-Control-Request-Method: PUT\r\nConnection: close\r\n\r\n");

    ck_assert_int_eq(answer->status, 204);
    ck_assert_str_eq(http_field(answer, "Access-Control-Allow-Origin"), ORIGIN);
    ck_assert_ptr_nonnull(strstr(http_field(answer, "Access-Control-Allow-Methods"), "PUT"));
    ck_assert_ptr_nonnull(strstr(http_field(answer, "Access-Control-Allow-Methods"), "DELETE"));
    answer = ANSWERS(200, http_call(&server, SERVICE, "GET", ALL, "Origin: " ORIGIN "\r\n", NULL));
    ck_assert_ptr_nonnull(strstr(http_field(answer, "Access-Control-Expose-Headers"), "Link"));
}
END_TEST

SERVER_SUITE("server/secrets", variables, a_key_is_kept_and_never_given_back, a_key_is_its_owners_alone,
             a_bad_key_is_refused_where_it_is_wrong, everybody_sees_his_own_part_of_the_trail,
             the_whole_trail_is_the_services, a_bad_question_to_the_trail_is_named, nobody_comes_in_without_a_token,
             a_scoped_key_is_let_in_for_its_scopes, browsers_are_told_what_they_may)
