/* tests/unit/suite.h: the main of a Check program, and what calls of the library answer. The tests follow as arguments:
 * SUITE_MAIN("base/json", a_test, another) */
#ifndef TRIPSAGE_TESTS_SUITE_H
#define TRIPSAGE_TESTS_SUITE_H

#include <check.h>
#include <stdlib.h>
#include <tripsage/status.h>

#define ck_assert_ok(expression)                                                                                       \
    do {                                                                                                               \
        tripsage_status status_ = (expression);                                                                        \
        ck_assert_msg(status_ == TRIPSAGE_OK, "%s: %s: %s", #expression, tripsage_status_name(status_),                \
                      tripsage_last_error()->message);                                                                 \
    } while (0)

#define ck_assert_fails(expression, expected)                                                                          \
    do {                                                                                                               \
        tripsage_status status_ = (expression);                                                                        \
        ck_assert_msg(status_ == (expected), "%s: %s instead of %s: %s", #expression, tripsage_status_name(status_),   \
                      tripsage_status_name(expected), tripsage_last_error()->message);                                 \
        ck_assert_int_eq(tripsage_last_error()->status, (expected));                                                   \
    } while (0)

static inline void suite_add(Suite *suite, TCase *tcase, const TTest *const *tests, size_t count, SFun setup,
                             SFun teardown)
{
    tcase_set_timeout(tcase, 120); /* seconds; sanitizers on a busy machine are slow */
    tcase_add_checked_fixture(tcase, setup, teardown);
    for (size_t i = 0; i < count; i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
}

static inline int suite_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    int failed;

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#define SUITE_MAIN(name, ...) SUITE_MAIN_WITH(name, NULL, NULL, __VA_ARGS__)

/* The same with what runs before and after each test. */
#define SUITE_MAIN_WITH(name, setup, teardown, ...)                                                                    \
    int main(void)                                                                                                     \
    {                                                                                                                  \
        const TTest *const tests[] = {__VA_ARGS__};                                                                    \
        Suite *suite = suite_create(name);                                                                             \
                                                                                                                       \
        suite_add(suite, tcase_create(name), tests, sizeof tests / sizeof tests[0], setup, teardown);                  \
        return suite_run(suite);                                                                                       \
    }

/* The same where only those in the list `threads`, which is in parentheses, run on several threads: ThreadSanitizer gets no others, which
 * would take minutes and say nothing to it (tests/CMakeLists.txt). */
#define SUITE_MAIN_THREADS(name, setup, teardown, threads, ...)                                                        \
    int main(void)                                                                                                     \
    {                                                                                                                  \
        const TTest *const beside[] = SUITE_LIST threads;                                                              \
        const TTest *const alone[] = {__VA_ARGS__};                                                                    \
        Suite *suite = suite_create(name);                                                                             \
        TCase *tagged = tcase_create("threads");                                                                       \
                                                                                                                       \
        tcase_set_tags(tagged, "threads");                                                                             \
        suite_add(suite, tagged, beside, sizeof beside / sizeof beside[0], setup, teardown);                           \
        suite_add(suite, tcase_create(name), alone, sizeof alone / sizeof alone[0], setup, teardown);                  \
        return suite_run(suite);                                                                                       \
    }
#define SUITE_LIST(...)                                                                                                \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }

#endif
