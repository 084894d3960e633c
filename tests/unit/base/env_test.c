/* Clock, chance, ids, log; the error of a thread; the allocator. */
#include "base/env.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "../suite.h"
#include "base/buf.h"
#include "base/doc.h"
#include "base/memory.h"

static int64_t fixed_now = 1700000000000;

static int64_t now(void *user)
{
    (void)user;
    return fixed_now;
}

static int zeros(unsigned char *out, size_t size, void *user)
{
    memset(out, 0, size);
    return user != NULL;
}

static char logged[200];

static void keep_log(tripsage_log_level level, const char *room, const char *message, void *user)
{
    (void)level;
    (void)user;
    snprintf(logged, sizeof logged, "%s: %s", room, message);
}

START_TEST(ids_are_version_7_and_carry_the_clock)
{
    tripsage_runtime runtime = TRIPSAGE_RUNTIME_INIT;
    tripsage__env *env;
    char id[TRIPSAGE__UUID_SIZE];

    runtime.now_ms = now;
    runtime.random_bytes = zeros;
    ck_assert_int_eq(tripsage__env_new(&env, &runtime), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage__uuid7(env, id), TRIPSAGE_OK);
    ck_assert_str_eq(id, "018bcfe5-6800-7000-8000-000000000000");
    ck_assert_int_eq(tripsage__uuid7(env, id), TRIPSAGE_OK);
    ck_assert_str_eq(id, "018bcfe5-6800-7001-8000-000000000000");
    fixed_now -= 5000; /* the clock steps back: ids still ascend */
    ck_assert_int_eq(tripsage__uuid7(env, id), TRIPSAGE_OK);
    ck_assert_str_eq(id, "018bcfe5-6800-7002-8000-000000000000");
    tripsage__env_free(env);
}
END_TEST

/* A clock that was wrong for a moment may not spoil the ids of the rest of the day. */
START_TEST(ids_survive_a_clock_gone_mad)
{
    tripsage_runtime runtime = TRIPSAGE_RUNTIME_INIT;
    tripsage__env *env;
    char id[TRIPSAGE__UUID_SIZE];

    runtime.now_ms = now;
    runtime.random_bytes = zeros;
    ck_assert_int_eq(tripsage__env_new(&env, &runtime), TRIPSAGE_OK);
    fixed_now = -1;
    ck_assert_int_eq(tripsage__uuid7(env, id), TRIPSAGE_OK);
    ck_assert_str_eq(id, "00000000-0000-7001-8000-000000000000");
    fixed_now = 1700000000000;
    ck_assert_int_eq(tripsage__uuid7(env, id), TRIPSAGE_OK);
    ck_assert_str_eq(id, "018bcfe5-6800-7000-8000-000000000000");
    fixed_now = INT64_MAX;
    ck_assert_int_eq(tripsage__uuid7(env, id), TRIPSAGE_EINTERNAL);
    fixed_now = 1700000000001;
    ck_assert_int_eq(tripsage__uuid7(env, id), TRIPSAGE_OK);
    ck_assert_str_eq(id, "018bcfe5-6801-7000-8000-000000000000");
    tripsage__env_free(env);
}
END_TEST

START_TEST(a_random_source_that_fails_is_told)
{
    tripsage_runtime runtime = TRIPSAGE_RUNTIME_INIT;
    tripsage__env *env;
    char id[TRIPSAGE__UUID_SIZE];

    runtime.random_bytes = zeros;
    runtime.random_user = &runtime; /* zeros() answers non-zero */
    ck_assert_int_eq(tripsage__env_new(&env, &runtime), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage__uuid7(env, id), TRIPSAGE_EINTERNAL);
    tripsage__env_free(env);
}
END_TEST

enum { THREADS = 4, IDS = 5000 };

static void *make_ids(void *argument)
{
    tripsage__env *env = argument;
    char(*ids)[TRIPSAGE__UUID_SIZE] = malloc(sizeof(char[IDS][TRIPSAGE__UUID_SIZE]));

    for (int i = 0; i < IDS; i++)
        tripsage__uuid7(env, ids[i]);
    return ids;
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, TRIPSAGE__UUID_SIZE);
}

START_TEST(ids_of_many_threads_are_unique_and_ascend_in_each)
{
    static char all[THREADS * IDS][TRIPSAGE__UUID_SIZE];
    tripsage__env *env;
    pthread_t threads[THREADS];

    ck_assert_int_eq(tripsage__env_new(&env, NULL), TRIPSAGE_OK);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, make_ids, env);
    for (int i = 0; i < THREADS; i++) {
        char(*ids)[TRIPSAGE__UUID_SIZE];

        pthread_join(threads[i], (void **)&ids);
        for (int k = 1; k < IDS; k++)
            ck_assert_str_lt(ids[k - 1], ids[k]);
        memcpy(all[i * IDS], ids, sizeof(char[IDS][TRIPSAGE__UUID_SIZE]));
        free(ids);
    }
    qsort(all, THREADS * IDS, TRIPSAGE__UUID_SIZE, compare);
    for (int k = 1; k < THREADS * IDS; k++)
        ck_assert_str_ne(all[k - 1], all[k]);
    tripsage__env_free(env);
}
END_TEST

START_TEST(uuids_are_read_strictly)
{
    char id[TRIPSAGE__UUID_SIZE];

    ck_assert(tripsage__uuid_parse("018BCFE5-6800-7000-8000-00000000000A", id));
    ck_assert_str_eq(id, "018bcfe5-6800-7000-8000-00000000000a");
    ck_assert(!tripsage__uuid_parse(NULL, id));
    ck_assert(!tripsage__uuid_parse("", id));
    ck_assert(!tripsage__uuid_parse("018bcfe5-6800-7000-8000-00000000000", id));
    ck_assert(!tripsage__uuid_parse("018bcfe5-6800-7000-8000-00000000000a0", id));
    ck_assert(!tripsage__uuid_parse("018bcfe5-6800-7000-8000-00000000000g", id));
    ck_assert(!tripsage__uuid_parse("018bcfe5068007000-8000-00000000000a0", id));
}
END_TEST

START_TEST(the_log_keeps_to_its_level)
{
    tripsage_runtime runtime = TRIPSAGE_RUNTIME_INIT;
    tripsage__env *env;

    runtime.log = keep_log;
    ck_assert_int_eq(tripsage__env_new(&env, &runtime), TRIPSAGE_OK);
    tripsage__log(env, TRIPSAGE_LOG_DEBUG, "base", "not %s", "this");
    ck_assert_str_eq(logged, "");
    tripsage__log(env, TRIPSAGE_LOG_WARN, "base", "but %d", 7);
    ck_assert_str_eq(logged, "base: but 7");
    tripsage__env_free(env);
}
END_TEST

START_TEST(a_runtime_that_was_not_initialised_is_refused)
{
    tripsage_runtime runtime;
    tripsage__env *env;

    memset(&runtime, 0, sizeof runtime);
    ck_assert_int_eq(tripsage__env_new(&env, &runtime), TRIPSAGE_EINVALID);
    ck_assert_str_eq(tripsage_last_error()->fields[0].pointer, "#options");
    ck_assert_ptr_null(env);
}
END_TEST

START_TEST(every_status_has_its_words)
{
    ck_assert_str_eq(tripsage_status_name(TRIPSAGE_ENOTFOUND), "TRIPSAGE_ENOTFOUND");
    ck_assert_str_eq(tripsage_status_code(TRIPSAGE_EPRECONDITION), "PRECONDITION_FAILED");
    ck_assert_int_eq(tripsage_status_http(TRIPSAGE_EINVALID), 422);
    ck_assert_int_eq(tripsage_status_http((tripsage_status)-999), 500);
    ck_assert_str_eq(tripsage_status_name((tripsage_status)-999), "TRIPSAGE_UNKNOWN_STATUS");
}
END_TEST

START_TEST(an_error_travels_between_threads_whole)
{
    tripsage_error saved;

    ck_assert_int_eq(TRIPSAGE_FAIL_FIELD("/title", "expected %d", 3), TRIPSAGE_EINVALID);
    tripsage__error_save(&saved);
    ck_assert_int_eq(TRIPSAGE_FAIL(TRIPSAGE_EIO, "other"), TRIPSAGE_EIO);
    ck_assert_uint_eq(tripsage_last_error()->field_count, 0);
    ck_assert_int_eq(tripsage__error_restore(&saved), TRIPSAGE_EINVALID);
    ck_assert_str_eq(tripsage_last_error()->message, "/title: expected 3");
    ck_assert_str_eq(tripsage_last_error()->fields[0].pointer, "/title");
    ck_assert_int_gt(tripsage_last_error()->line, 0);
}
END_TEST

static void *no_memory(size_t size, void *user)
{
    (void)size;
    (void)user;
    return NULL;
}

static void *no_growth(void *block, size_t size, void *user)
{
    (void)block;
    (void)size;
    (void)user;
    return NULL;
}

static void no_free(void *block, void *user)
{
    (void)block;
    (void)user;
}

START_TEST(an_allocator_can_be_replaced_and_brought_back)
{
    static const tripsage_allocator none = {no_memory, no_growth, no_free, NULL};
    static const tripsage_allocator half = {no_memory, NULL, no_free, NULL};
    tripsage__buf buf = TRIPSAGE__BUF_INIT(100);
    tripsage_doc *doc;

    ck_assert_int_eq(tripsage_set_allocator(&half), TRIPSAGE_EMISUSE);
    ck_assert_int_eq(tripsage_set_allocator(&none), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage__doc_new(&doc, 10), TRIPSAGE_ENOMEM);
    ck_assert_ptr_null(doc);
    tripsage__buf_puts(&buf, "x");
    ck_assert_int_eq(tripsage__buf_status(&buf), TRIPSAGE_ENOMEM);
    ck_assert_int_eq(tripsage_set_allocator(NULL), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage__doc_new(&doc, 10), TRIPSAGE_OK);
    tripsage_doc_free(doc);
}
END_TEST

START_TEST(a_buffer_stops_at_its_ceiling)
{
    tripsage__buf buf = TRIPSAGE__BUF_INIT(8);

    tripsage__buf_puts(&buf, "1234567");
    ck_assert_int_eq(tripsage__buf_status(&buf), TRIPSAGE_OK);
    tripsage__buf_putc(&buf, '8');
    ck_assert_int_eq(tripsage__buf_status(&buf), TRIPSAGE_ETOOLARGE);
    ck_assert_str_eq(buf.data, "1234567");
    tripsage__buf_free(&buf);
    tripsage__buf_int(&buf, INT64_MIN / 1000000000000000);
    ck_assert_str_eq(buf.data, "-9223");
    tripsage__buf_free(&buf);
}
END_TEST

START_TEST(documents_answer_by_pointer)
{
    tripsage_doc *doc;

    ck_assert_int_eq(tripsage__doc_new(&doc, 10), TRIPSAGE_OK);
    tripsage__buf_puts(&doc->json, "{\"a\":{\"b/c\":[10,20,{\"d~\":\"x\"}]},\"t\":true,\"f\":1.5,\"\":3}");
    ck_assert_int_eq(tripsage__doc_finish(&doc, doc, TRIPSAGE_OK), TRIPSAGE_OK);
    ck_assert_str_eq(tripsage_doc_text(doc, "/a/b~1c/2/d~0"), "x");
    ck_assert_int_eq(tripsage_doc_int(doc, "/a/b~1c/1", -1), 20);
    ck_assert_int_eq(tripsage_doc_int(doc, "/a/b~1c/01", -1), -1);
    ck_assert_int_eq(tripsage_doc_int(doc, "/a/b~1c/3", -1), -1);
    ck_assert_int_eq(tripsage_doc_int(doc, "/f", -1), -1);
    ck_assert_double_eq(tripsage_doc_number(doc, "/f", 0), 1.5);
    ck_assert_int_eq(tripsage_doc_int(doc, "/", -1), 3);
    ck_assert_int_eq(tripsage_doc_bool(doc, "/t", 0), 1);
    ck_assert_uint_eq(tripsage_doc_count(doc, "/a/b~1c"), 3);
    ck_assert_uint_eq(tripsage_doc_count(doc, ""), 4);
    ck_assert_ptr_null(tripsage_doc_text(doc, "/t"));
    ck_assert_ptr_null(tripsage_doc_text(doc, "nonsense"));
    tripsage_doc_free(doc);
    tripsage_doc_free(NULL);
}
END_TEST

SUITE_MAIN("base/env", ids_are_version_7_and_carry_the_clock, ids_survive_a_clock_gone_mad,
           a_random_source_that_fails_is_told, ids_of_many_threads_are_unique_and_ascend_in_each,
           uuids_are_read_strictly, the_log_keeps_to_its_level, a_runtime_that_was_not_initialised_is_refused,
           every_status_has_its_words, an_error_travels_between_threads_whole,
           an_allocator_can_be_replaced_and_brought_back, a_buffer_stops_at_its_ceiling, documents_answer_by_pointer)
