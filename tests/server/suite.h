/* tests/server/suite.h: the main of a Check program that has one server for all its tests:
 * SERVER_SUITE("server/routing", variables, a_test, another), where `variables` is a NULL-terminated list of "NAME=value". */
#ifndef TRIPSAGE_TESTS_SERVER_SUITE_H
#define TRIPSAGE_TESTS_SERVER_SUITE_H

#include <check.h>
#include <stdlib.h>

#include "support/http_client.h"
#include "support/json.h"

static http_server server __attribute__((unused)); /* with SUITE_PROGRAM */

#define SERVER_SUITE(name, variables, ...)                                                                             \
    static void start_server(void)                                                                                     \
    {                                                                                                                  \
        http_server_start(&server, TRIPSAGE_SERVER, variables);                                                        \
    }                                                                                                                  \
    static void stop_server(void)                                                                                      \
    {                                                                                                                  \
        ck_assert_int_eq(http_server_stop(&server, NULL), 0);                                                          \
        test_keep_free();                                                                                              \
    }                                                                                                                  \
    SUITE_PROGRAM(name, tcase_add_unchecked_fixture(tcase, start_server, stop_server), __VA_ARGS__)

/* Without a server of its own. */
#define SUITE_PROGRAM(name, fixture, ...)                                                                              \
    int main(void)                                                                                                     \
    {                                                                                                                  \
        const TTest *const tests[] = {__VA_ARGS__};                                                                    \
        Suite *suite = suite_create(name);                                                                             \
        TCase *tcase = tcase_create(name);                                                                             \
        SRunner *runner;                                                                                               \
        int failed;                                                                                                    \
                                                                                                                       \
        tcase_set_timeout(tcase, 120); /* seconds; sanitizers on a busy machine are slow */                            \
        fixture;                                                                                                       \
        for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)                                                    \
            tcase_add_test(tcase, tests[i]);                                                                           \
        suite_add_tcase(suite, tcase);                                                                                 \
        runner = srunner_create(suite);                                                                                \
        srunner_run_all(runner, CK_NORMAL);                                                                            \
        failed = srunner_ntests_failed(runner);                                                                        \
        srunner_free(runner);                                                                                          \
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;                                                                   \
    }

/* Without one production does not start. */
#define A_SECRET     "6b1f0c9b4d3f46d5a4c6ad0b8e3f3d7e95ab4c1d07f2e81c5560fda7e3b9c214"
#define A_SECRET_KEY "SECRET_KEY=" A_SECRET

/* A trip that is whole; titles are the test's. */
#define A_TRIP(title)                                                                                                  \
    test_format("{\"title\":\"%s\",\"start_date\":\"2027-04-01\",\"end_date\":\"2027-04-05\","                         \
                "\"destinations\":[{\"name\":\"Kyoto\"},{\"name\":\"Osaka\"}]}",                                       \
                title)

#endif
