/* server/supabase_js_test.c: the official client of Supabase, supabase-js as npm has it, in a session with the server (supabase_js.cjs). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/suite.h"
#include "support/npm.h"

/* Pinned: what a test says must not change with the day. */
#define VERSION "2.109.0"

#define PUBLIC_KEY  "sb_publishable_AAAAAAAAAAAAAAAAAAAAAA_AAAAAAAA"
#define SERVICE_KEY "sb_secret_AAAAAAAAAAAAAAAAAAAAAA_AAAAAAAA"

static char folder[TEST_PATH_SIZE]; /* where the client is */

/* Those of supabase_js.cjs. */
static const char *const parts[] = {"sign_up",  "sign_in", "claims", "update_user", "refresh",
                                    "sign_out", "factors", "admin",  "recover"};

static const char *const variables[] = {"DATABASE_PUBLIC_KEY=" PUBLIC_KEY, "DATABASE_SERVICE_KEY=" SERVICE_KEY, NULL};

START_TEST(the_official_client_finds_a_supabase)
{
    const char *const environment[] = {test_format("PATH=%s", getenv("PATH")),
                                       test_format("CLIENT=%s", folder),
                                       test_format("URL=http://127.0.0.1:%d", server.port),
                                       "PUBLIC_KEY=" PUBLIC_KEY,
                                       "SERVICE_KEY=" SERVICE_KEY,
                                       test_format("LOG=%s/stderr", server.folder),
                                       NULL};
    const char *const arguments[] = {"node", TRIPSAGE_SOURCE_DIR "/tests/server/supabase_js.cjs", parts[_i], NULL};
    const char *output;
    int status = http_program("/usr/bin/env", server.folder, arguments, environment, &output);

    ck_assert_msg(status == 0, "%s: %s", parts[_i], output);
    ck_assert_str_eq(output, "ok\n");
}
END_TEST

static void start_server(void)
{
    http_server_start(&server, TRIPSAGE_SERVER, variables);
}

static void stop_server(void)
{
    ck_assert_int_eq(http_server_stop(&server, NULL), 0);
    test_keep_free();
}

int main(void)
{
    Suite *suite = suite_create("server/supabase_js");
    TCase *tcase = tcase_create("supabase_js");
    SRunner *runner;
    int failed, skipped = test_npm_install(folder, "supabase-js-" VERSION, "@supabase/supabase-js@" VERSION);

    if (skipped)
        return skipped;
    tcase_set_timeout(tcase, 120); /* seconds; sanitizers on a busy machine are slow */
    tcase_add_unchecked_fixture(tcase, start_server, stop_server);
    tcase_add_loop_test(tcase, the_official_client_finds_a_supabase, 0, sizeof parts / sizeof parts[0]);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
