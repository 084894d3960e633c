/* The command keys: what it makes works, what it shows is no secret, and nothing secret is asked for on the command line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tripsage/tripsage.h>
#include <unistd.h>

#include "suite.h"
#include "support/expect.h"
#include "support/temp.h"

#define MASTER "SECRET_KEY=a secret key of thirty-two bytes or more"
#define NEWER  "SECRET_KEY=a newer secret key of thirty-two bytes"
#define OLDER  "SECRET_KEY_PREVIOUS=a secret key of thirty-two bytes or more"

static char folder[TEST_PATH_SIZE];

static void begin(void)
{
    test_temp_make(folder);
}

static void end(void)
{
    test_temp_remove(folder);
    test_keep_free();
}

/* Runs the command and gives its output, both streams; the exit status must be this. */
static const char *run(int status, const char *const *variables, const char *const *arguments)
{
    const char *output;
    int got = http_program(TRIPSAGE_SERVER, folder, arguments, variables, &output);

    ck_assert_msg(got == status, "exit status %d instead of %d: %s", got, status, output);
    return output;
}
#define RUN(status, ...) run((status), quiet, (const char *const[]){"keys", __VA_ARGS__, NULL})

static const char *const quiet[] = {"LOG_LEVEL=ERROR", NULL};

/* The commands look after a database that is there. */
static void make_database(void)
{
    run(0, quiet, (const char *const[]){"migrate", NULL});
}

/* The value of a member of the JSON document in the output. */
static const char *member(const char *output, const char *pointer)
{
    const char *json = strchr(output, '{'), *copy;
    tripsage_doc *doc;

    ck_assert_msg(json && tripsage_doc_parse(&doc, json, TRIPSAGE_NUL) == TRIPSAGE_OK, "no JSON: %s", output);
    copy = tripsage_doc_text(doc, pointer);
    copy = copy ? test_format("%s", copy) : NULL;
    tripsage_doc_free(doc);
    return copy;
}

static tripsage *open_library(void)
{
    tripsage *library;

    ck_assert_int_eq(tripsage_open(&library, test_format("sqlite://%s/data/tripsage.db", folder), NULL), TRIPSAGE_OK);
    return library;
}

static tripsage_status verify(const char *key, const char *role)
{
    tripsage *library = open_library();
    tripsage_actor *actor;
    const char *found = "";
    tripsage_status status = tripsage_auth_key_verify(&actor, &found, tripsage_get_auth(library), key, TRIPSAGE_NUL);

    if (status == TRIPSAGE_OK)
        ck_assert_str_eq(found, role);
    tripsage_actor_free(actor);
    tripsage_close(library);
    return status;
}

START_TEST(the_project_has_two_keys)
{
    const char *first, *again;

    make_database();
    first = RUN(0, "--json");
    again = RUN(0, "show", "--json");
    ck_assert_int_eq(verify(member(first, "/publishable/key"), "anon"), TRIPSAGE_OK);
    ck_assert_int_eq(verify(member(first, "/secret/key"), "service_role"), TRIPSAGE_OK);
    ck_assert_str_eq(member(again, "/publishable/key"), member(first, "/publishable/key"));
    ck_assert_ptr_null(member(again, "/secret/key"));
    ck_assert_ptr_nonnull(strstr(RUN(0, "show"), member(first, "/publishable/key")));
}
END_TEST

START_TEST(keys_are_made_replaced_and_revoked)
{
    const char *made, *fresh, *list, *key, *id;

    make_database();
    made = RUN(0, "create", "--name", "importer", "--expires-in=3600", "--json");
    key = member(made, "/key");
    id = member(made, "/id");
    ck_assert_int_eq(verify(key, "service_role"), TRIPSAGE_OK);
    fresh = RUN(0, "rotate", id, "--overlap", "60", "--json");
    ck_assert_int_eq(verify(key, "service_role"), TRIPSAGE_OK);
    ck_assert_int_eq(verify(member(fresh, "/key"), "service_role"), TRIPSAGE_OK);
    ck_assert_ptr_nonnull(strstr(RUN(0, "revoke", id), "revoked"));
    ck_assert_int_eq(verify(key, ""), TRIPSAGE_ETOKEN);
    list = RUN(0, "list");
    ck_assert_ptr_nonnull(strstr(list, id));
    ck_assert_ptr_null(strstr(list, key));
    ck_assert_ptr_null(strstr(list, member(fresh, "/key")));
    ck_assert_str_eq(member(RUN(0, "list", "--json"), "/items/1/id"), id);
    ck_assert_ptr_nonnull(strstr(RUN(0, "create", "--name", "plain"), "key      sb_secret_"));
}
END_TEST

/* Where the name was mistyped. */
START_TEST(no_database_is_made)
{
    static const char *const lines[][4] = {
        {"show"},    {"list"},           {"create", "--name", "a"}, {"rotate", "01890000-0000-7000-8000-0000000000ff"},
        {"signing"}, {"rotate-signing"}, {"rotate-secret"},         {"revoke", "01890000-0000-7000-8000-0000000000ff"}};

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        const char *const variables[] = {"DATABASE_URL=sqlite:none.db", NULL};
        const char *const arguments[] = {"keys", lines[i][0], lines[i][1], lines[i][2], NULL};

        SAME_TEXT(run(1, variables, arguments), "tripsage-server: there is no database at sqlite:none.db; "
                                                "tripsage-server migrate makes one\n");
        ck_assert_int_ne(access(test_format("%s/none.db", folder), F_OK), 0);
    }
    SAME_TEXT(
        run(1, (const char *const[]){"DATABASE_URL=sqlite::memory:", NULL},
            (const char *const[]){"keys", "list", NULL}),
        "tripsage-server: sqlite::memory: is a database in memory, which each command would make anew: name a file\n");
}
END_TEST

START_TEST(a_wrong_command_line_is_told)
{
    make_database();
    ck_assert_ptr_nonnull(strstr(RUN(64, "swim"), "keys has no subcommand \"swim\""));
    ck_assert_ptr_nonnull(strstr(RUN(64, "create"), "keys create needs --name"));
    ck_assert_ptr_nonnull(strstr(RUN(64, "create", "--name"), "--name needs a value"));
    ck_assert_ptr_nonnull(
        strstr(RUN(64, "create", "--name", "a", "--expires-in", "soon"), "expected a number of seconds"));
    ck_assert_ptr_nonnull(strstr(RUN(64, "create", "--name", "a", "--colour", "red"), "\"--colour\" is not an option"));
    ck_assert_ptr_nonnull(
        strstr(RUN(64, "create", "--name", "a", "--kind", "root"), "tripsage-server: --kind: expected"));
    ck_assert_ptr_nonnull(
        strstr(RUN(64, "create", "--name", "a", "--scope", "trips:read"), "tripsage-server: --user: "));
    ck_assert_ptr_nonnull(strstr(RUN(64, "create", "--name", ""), "tripsage-server: --name: expected"));
    ck_assert_ptr_nonnull(
        strstr(RUN(64, "create", "--name", "a", "--user", "b"), "tripsage-server: --scope: is required"));
    ck_assert_ptr_nonnull(
        strstr(RUN(64, "create", "--name", "a", "--user", "b", "--kind", "secret"), "goes with --kind scoped"));
    ck_assert_ptr_nonnull(strstr(RUN(64, "rotate"), "keys rotate needs the id of a key"));
    ck_assert_ptr_nonnull(strstr(RUN(1, "revoke", "01890000-0000-7000-8000-0000000000ff"), "no such API key"));
}
END_TEST

/* Standard input of the command is this text. */
static const char *seal(int status, const char *secret_key, const char *text)
{
    char path[TEST_PATH_SIZE];
    FILE *file;

    test_path_join(path, folder, "in");
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
    ck_assert_ptr_nonnull(freopen(path, "r", stdin)); /* which the command inherits */
    return run(status, (const char *const[]){"LOG_LEVEL=ERROR", secret_key, NULL},
               (const char *const[]){"keys", "seal", NULL});
}

START_TEST(a_sealed_setting_starts_the_server)
{
    const char *sealed;

    ck_assert_ptr_nonnull(strstr(seal(78, NULL, "sqlite:sealed.db"), "SECRET_KEY is not set"));
    ck_assert_ptr_nonnull(strstr(seal(64, MASTER, "\n"), "expected what is to be sealed"));
    sealed = seal(0, MASTER, "sqlite:sealed.db\n");
    ck_assert_int_eq(strncmp(sealed, "enc:v1:", 7), 0);
    sealed = test_format("DATABASE_URL=%.*s", (int)strcspn(sealed, "\n"), sealed);
    run(0, (const char *const[]){sealed, MASTER, NULL}, (const char *const[]){"migrate", NULL});
    ck_assert_int_eq(access(test_format("%s/sealed.db", folder), F_OK), 0);
    ck_assert_ptr_nonnull(strstr(run(78, (const char *const[]){sealed, NULL}, (const char *const[]){"migrate", NULL}),
                                 "DATABASE_URL: is sealed"));
}
END_TEST

START_TEST(the_secret_key_is_changed)
{
    static const char *const with_old[] = {MASTER, NULL}, *const with_both[] = {NEWER, OLDER, NULL},
                             *const with_new[] = {NEWER, NULL};
    static const char *const rotate[] = {"keys", "rotate-secret", "--json", NULL};
    tripsage_options options = TRIPSAGE_OPTIONS_INIT;
    tripsage_auth_options auth = TRIPSAGE_AUTH_OPTIONS_INIT;
    tripsage *library;
    tripsage_doc *session;
    tripsage_actor *actor, *service;
    char *value;
    static const char json[] = "{\"email\":\"ann@example.org\",\"password\":\"correct horse\"}";

    run(0, with_old, (const char *const[]){"migrate", NULL});
    options.auth = &auth;
    auth.secret_key = strchr(MASTER, '=') + 1;
    ck_assert_int_eq(tripsage_open(&library, test_format("sqlite://%s/data/tripsage.db", folder), &options),
                     TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_auth_sign_up(&session, tripsage_get_auth(library), NULL, json, TRIPSAGE_NUL),
                     TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_actor_user(&actor, tripsage_doc_text(session, "/user/id")), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_auth_secret_put(tripsage_get_auth(library), actor, "openai", "sk-1", 4), TRIPSAGE_OK);
    tripsage_close(library);
    ck_assert_ptr_nonnull(strstr(run(1, with_new, rotate), "no secret key given makes that one"));
    ck_assert_ptr_nonnull(strstr(run(0, with_both, rotate), "{\"resealed\":3,")); /* Ann's, and two keys of tokens */
    ck_assert_ptr_nonnull(strstr(run(0, with_new, rotate), "{\"resealed\":0,"));
    auth.secret_key = strchr(NEWER, '=') + 1;
    ck_assert_int_eq(tripsage_open(&library, test_format("sqlite://%s/data/tripsage.db", folder), &options),
                     TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_actor_service(&service), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_auth_secret_get(&value, NULL, tripsage_get_auth(library), service,
                                              tripsage_actor_user_id(actor), "openai"),
                     TRIPSAGE_OK);
    ck_assert_str_eq(value, "sk-1");
    tripsage_auth_secret_free(value, TRIPSAGE_NUL);
    tripsage_close(library);
    tripsage_actor_free(service);
    tripsage_actor_free(actor);
    tripsage_doc_free(session);
}
END_TEST

/* ---- the keys of access tokens ---- */

/* The member of a token's head (0) or body (1), as text. */
static const char *of_token(const char *token, int part, const char *pointer)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char json[1024];
    size_t size = 0;
    unsigned bits = 0;

    token = part ? strchr(token, '.') + 1 : token;
    for (size_t i = 0; token[i] != '.'; i++) {
        ck_assert(token[i] && strchr(digits, token[i]) && size < sizeof json - 1);
        bits = bits << 6 | (unsigned)(strchr(digits, token[i]) - digits);
        if (i % 4)
            json[size++] = (char)(bits >> (6 - 2 * (i % 4)));
    }
    json[size] = '\0';
    return test_json_at(test_format("%s", json), pointer);
}

/* The kid, in quotes, of the key in this state. */
static const char *kid_in(const char *keys, const char *state)
{
    const char *kid = NULL;

    for (int i = 0; test_json_at(keys, test_format("/keys/%d", i)); i++)
        if (strcmp(test_json_at(keys, test_format("/keys/%d/state", i)), test_format("\"%s\"", state)) == 0) {
            ck_assert_msg(!kid, "two keys are %s: %s", state, keys);
            kid = test_json_at(keys, test_format("/keys/%d/kid", i));
        }
    ck_assert_msg(kid != NULL, "no key is %s: %s", state, keys);
    return kid;
}

static void has_no_private_part(const char *output)
{
    static const char *const parts[] = {"\"d\"", "PRIVATE", "enc:", "\"k\""};

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        ck_assert_msg(strstr(output, parts[i]) == NULL, "%s", output);
}

#define LOGIN "{\"email\":\"ann@example.org\",\"password\":\"a cup of green tea\"}"

static const char *log_in(const http_server *s)
{
    return http_text(ANSWERS(200, http_call(s, NULL, "POST", "/api/auth/login", NULL, LOGIN)), "/access_token");
}

static const char *jwks_of(const http_server *s)
{
    return ANSWERS(200, http_exchange(s->port, "GET /auth/v1/.well-known/jwks.json HTTP/1.1\r\nHost: x\r\n\r\n"))->body;
}

/* As an operator does it: beside the server, which takes the new key up when it looks for it again, here at its next start. */
START_TEST(signing_keys_are_rotated_beside_the_server)
{
    const char *const where[] = {"LOG_LEVEL=ERROR", test_format("TRIPSAGE_DATA_DIR=%s/data", folder), MASTER, NULL};
    const char *before, *after, *table, *old, *fresh, *ends;
    struct tm end = {0};
    http_server s;

    http_server_start(&s, TRIPSAGE_SERVER, where);
    ANSWERS(201, http_call(&s, NULL, "POST", "/api/auth/register", NULL, LOGIN));
    old = log_in(&s);
    before = run(0, where, (const char *const[]){"keys", "signing", "--json", NULL});
    ck_assert_str_eq(of_token(old, 0, "/kid"), kid_in(before, "current"));
    after = run(0, where, (const char *const[]){"keys", "rotate-signing", "--json", NULL});
    ck_assert_str_eq(kid_in(after, "previous"), kid_in(before, "current"));
    ck_assert_str_eq(kid_in(after, "current"), kid_in(before, "standby"));
    ANSWERS(200, http_call(&s, old, "GET", "/api/users/me", NULL, NULL));
    ck_assert_int_eq(http_server_stop(&s, NULL), 0);

    http_server_start(&s, TRIPSAGE_SERVER, where);
    fresh = log_in(&s);
    ck_assert_str_eq(of_token(fresh, 0, "/kid"), kid_in(after, "current"));
    ANSWERS(200, http_call(&s, fresh, "GET", "/api/users/me", NULL, NULL));
    ANSWERS(200, http_call(&s, old, "GET", "/api/users/me", NULL, NULL));
    ck_assert_ptr_nonnull(strstr(jwks_of(&s), kid_in(after, "current")));
    ck_assert_ptr_nonnull(strstr(jwks_of(&s), kid_in(after, "previous")));
    ck_assert_ptr_nonnull(strstr(jwks_of(&s), kid_in(after, "standby")));
    has_no_private_part(jwks_of(&s));
    ck_assert_int_eq(http_server_stop(&s, NULL), 0);

    /* The one before is good for as long as what it signed. */
    for (int i = 0; (ends = test_json_at(after, test_format("/keys/%d/expires_at", i))) == NULL; i++)
        ck_assert_int_lt(i, 3);
    ck_assert_ptr_nonnull(strptime(ends, "\"%Y-%m-%dT%H:%M:%S", &end));
    ck_assert_int_ge(timegm(&end), atoll(of_token(old, 1, "/exp")));
    table = run(0, where, (const char *const[]){"keys", "signing", NULL});
    ck_assert_ptr_nonnull(strstr(table, test_format("%.*s", (int)strlen(ends) - 2, ends + 1)));
    ck_assert_ptr_nonnull(strstr(table, "  ES256  previous  "));
    has_no_private_part(table);
    has_no_private_part(after);
    ck_assert_ptr_null(strstr(table, strchr(MASTER, '=') + 1));
}
END_TEST

START_TEST(signing_keys_that_cannot_be_rotated_are_told)
{
    static const char *const with_secret[] = {"LOG_LEVEL=ERROR",
                                              "DATABASE_JWT_SECRET=a secret of thirty-two bytes or more", NULL};
    const char *output;

    run(0, with_secret, (const char *const[]){"migrate", NULL});
    output = run(1, with_secret, (const char *const[]){"keys", "rotate-signing", NULL});
    ck_assert_ptr_nonnull(strstr(output, "HS256"));
    ck_assert_ptr_null(strstr(output, "thirty-two"));
    ck_assert_str_eq(run(0, with_secret, (const char *const[]){"keys", "signing", "--json", NULL}), "{\"keys\":[]}\n");
    ck_assert_ptr_nonnull(strstr(RUN(64, "rotate-signing", "now"), "\"now\" is not an option of this command"));
    ck_assert_ptr_nonnull(strstr(RUN(64, "signing", "--all"), "\"--all\" is not an option of this command"));
    ck_assert_ptr_nonnull(strstr(RUN(0, "rotate-signing", "--help"), "  rotate-signing\n"));
}
END_TEST

SUITE_PROGRAM("server/keys", tcase_add_checked_fixture(tcase, begin, end), the_project_has_two_keys,
              keys_are_made_replaced_and_revoked, no_database_is_made, a_wrong_command_line_is_told,
              a_sealed_setting_starts_the_server, the_secret_key_is_changed, signing_keys_are_rotated_beside_the_server,
              signing_keys_that_cannot_be_rotated_are_told)
