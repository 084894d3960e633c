/* tests/unit/suite.h: the main of a Check program. The tests follow as arguments: SUITE_MAIN("base/json", a_test, another) */
#ifndef TRIPSAGE_TESTS_SUITE_H
#define TRIPSAGE_TESTS_SUITE_H

#include <check.h>
#include <stdlib.h>

#define SUITE_MAIN(name, ...) SUITE_MAIN_WITH(name, NULL, NULL, __VA_ARGS__)

/* The same with what runs before and after each test. */
#define SUITE_MAIN_WITH(name, setup, teardown, ...)                                                                    \
    int main(void)                                                                                                     \
    {                                                                                                                  \
        const TTest *const tests[] = {__VA_ARGS__};                                                                    \
        Suite *suite = suite_create(name);                                                                             \
        TCase *tcase = tcase_create(name);                                                                             \
        SRunner *runner;                                                                                               \
        int failed;                                                                                                    \
                                                                                                                       \
        tcase_set_timeout(tcase, 120); /* seconds; sanitizers on a busy machine are slow */                            \
        tcase_add_checked_fixture(tcase, setup, teardown);                                                             \
        for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)                                                    \
            tcase_add_test(tcase, tests[i]);                                                                           \
        suite_add_tcase(suite, tcase);                                                                                 \
        runner = srunner_create(suite);                                                                                \
        srunner_run_all(runner, CK_NORMAL);                                                                            \
        failed = srunner_ntests_failed(runner);                                                                        \
        srunner_free(runner);                                                                                          \
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;                                                                   \
    }

#endif
