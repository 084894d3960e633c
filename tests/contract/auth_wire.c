/* contract/auth_wire.c: Supabase Auth's wire: what a real server answered, and what we do; who may come in, and in which form errors are told. */
#include "contract.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "support/auth_replay.h"

#define SECRET "a secret of more than thirty-two bytes, for tests"
#define ISSUER "http://127.0.0.1:54321/auth/v1"

static tripsage_auth *auth;

static void open_auth(const tripsage_auth_options *changes)
{
    tripsage_runtime runtime = test_chance_runtime(&world->chance);
    tripsage_auth_options options = *changes;

    options.argon2_memory_kib = 8; /* the least there is: see world.c */
    options.argon2_passes = 1;
    OK(tripsage_auth_open(&auth, world->url, &options, &runtime));
}

/* ---- one request ---- */

typedef struct sent {
    const char *fields; /* "name: value" lines */
} sent;

/* The value of a field among "name: value" lines. */
static const char *find_field(void *context, const char *name)
{
    size_t length = strlen(name);

    for (const char *line = context; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        if (strncasecmp(line, name, length) == 0 && line[length] == ':')
            return test_format("%.*s", (int)strcspn(line + length + 2, "\n"), line + length + 2);
    return NULL;
}

static replay_answer ask(const char *method, const char *path, const char *query, const char *fields, const char *body)
{
    tripsage_auth_request request = TRIPSAGE_AUTH_REQUEST_INIT;
    tripsage_auth_response *response = NULL;
    replay_answer answer = {0, "", ""};
    const char *name, *value;

    request.method = method;
    request.path = path;
    request.query = query;
    request.header = find_field;
    request.context = (void *)(size_t)fields;
    request.address = "192.0.2.7";
    request.origin = "http://127.0.0.1:54321";
    request.body = body;
    request.length = body ? strlen(body) : 0;
    OK(tripsage_auth_serve(&response, auth, &request));
    answer.status = tripsage_auth_response_status(response);
    answer.body = test_format("%s", tripsage_auth_response_body(response, NULL));
    for (size_t i = 0; tripsage_auth_response_header(response, i, &name, &value); i++)
        answer.head = test_format("%s%s: %s\n", answer.head, name, value);
    tripsage_auth_response_free(response);
    return answer;
}

/* ---- the recordings ---- */

static replay_answer send_to_library(void *context, const replay_request *request)
{
    const char *fields = test_format("%s%s%s\n%s", request->new_form ? "X-Supabase-Api-Version: 2024-01-01\n" : "",
                                     request->bearer ? "Authorization: Bearer " : "",
                                     request->bearer ? request->bearer : "x: y", "User-Agent: test\n");

    (void)context;
    return ask(request->method, request->path, request->query, fields, request->body);
}

static void wait_by_clock(void *context, int seconds)
{
    (void)context;
    world_advance((int64_t)seconds * 1000);
}

static const replay_difference differences[] = {
    {NULL, NULL},
};

START_TEST(a_recorded_session_is_answered_alike)
{
    tripsage_auth_options options = TRIPSAGE_AUTH_OPTIONS_INIT;
    const replay_stage stage = {send_to_library, NULL, wait_by_clock, NULL, ISSUER, SECRET};
    replay_result result;

    options.jwt_secret = SECRET;
    options.issuer = ISSUER;
    options.password_min = 6;
    open_auth(&options);
    result = replay(&stage, TRIPSAGE_SOURCE_DIR "/tests/data/supabase_auth.jsonl", differences);
    tripsage_auth_close(auth);
    ck_assert_int_eq(result.unexpected, 0);
}
END_TEST

Suite *contract_auth_wire(void)
{
    Suite *suite = suite_create("auth_wire");
    TCase *tcase = test_case(suite, "wire");

    tcase_add_test(tcase, a_recorded_session_is_answered_alike);
    return suite;
}
