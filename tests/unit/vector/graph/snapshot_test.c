/* snapshot_test.c: an index in a file: it comes back as it was, goes on from there, is put in its place whole or not at all, and a byte
 * that is not what it was is noticed or makes no difference. */
#include "vector/graph/snapshot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/chance.h"
#include "support/temp.h"
#include "vector/graph/snapshot_internal.h"

#include "../../suite.h"

enum { DIMENSIONS = 12, ITEMS = 700, K = 10, QUERIES = 12 };

static char folder[TEST_PATH_SIZE], path[TEST_PATH_SIZE], beside[TEST_PATH_SIZE + 8];

static void setup(void)
{
    test_temp_make(folder);
    test_path_join(path, folder, "index");
    snprintf(beside, sizeof beside, "%s.new", path);
}

static void teardown(void)
{
    test_temp_remove(folder);
}

/* ---- an index ---- */

static void values_of(float out[DIMENSIONS], uint64_t n)
{
    uint64_t seed = n * 7919 + 1;

    for (int d = 0; d < DIMENSIONS; d++)
        out[d] = (float)test_draw(&seed, 2001) / 1000 - 0.7f;
}

static void put(tripsage_index *index, uint64_t key, uint64_t version)
{
    const uint64_t terms[] = {key % 3, 100 + key % 50};
    float values[DIMENSIONS];
    tripsage_index_item item = {key, values, terms, 2};

    values_of(values, key + 100000 * version);
    ck_assert_ok(tripsage_index_put(index, &item));
}

static tripsage_index *empty(tripsage_metric metric)
{
    tripsage_index_options options = TRIPSAGE_INDEX_OPTIONS_INIT;
    tripsage_index *index = NULL;

    options.dimensions = DIMENSIONS;
    options.metric = metric;
    options.seed = 5;
    ck_assert_ok(tripsage_index_new(&index, &options, NULL));
    return index;
}

/* Some of it built at once, some put in, some taken out. */
static tripsage_index *make(tripsage_metric metric, uint64_t count)
{
    tripsage_index *index = empty(metric);
    tripsage_index_item *items = calloc(count, sizeof *items);
    float(*values)[DIMENSIONS] = calloc(count, sizeof *values);

    for (uint64_t i = 0; i < count; i++) {
        values_of(values[i], i);
        items[i] = (tripsage_index_item){i, values[i], NULL, 0};
    }
    ck_assert_ok(tripsage_index_build(index, items, count / 2, 1, NULL, NULL));
    for (uint64_t i = count / 2; i < count; i++)
        put(index, i, 0);
    for (uint64_t i = 0; i < count; i += 9)
        ck_assert_ok(tripsage_index_remove(index, i));
    free(items);
    free(values);
    return index;
}

/* ---- what it answers ---- */

typedef struct answers {
    size_t counts[QUERIES];
    tripsage_index_hit hits[QUERIES][4 * K];
} answers;

static void ask(answers *out, tripsage_index *index)
{
    static const uint64_t terms[] = {0, 1, 120};
    static const tripsage_index_clause clauses[] = {{terms, 2}, {terms + 2, 1}};
    float values[DIMENSIONS];

    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < QUERIES; i++) {
        tripsage_index_query query = TRIPSAGE_INDEX_QUERY_INIT;
        tripsage_index_result result = {.hits = out->hits[i], .capacity = 4 * K};

        values_of(values, 1000000 + i);
        query.values = values;
        query.k = K;
        query.exact = i % 2 == 1;
        query.clauses = clauses;
        query.clause_count = i % 3;
        ck_assert_ok(tripsage_index_search(&result, index, &query));
        out->counts[i] = result.count;
    }
}

static int is_same(const answers *a, const answers *b)
{
    for (size_t i = 0; i < QUERIES; i++)
        if (a->counts[i] != b->counts[i] || memcmp(a->hits[i], b->hits[i], a->counts[i] * sizeof *a->hits[i]) != 0)
            return 0;
    return 1;
}

static void answers_the_same(tripsage_index *a, tripsage_index *b)
{
    static answers one, other;

    ask(&one, a);
    ask(&other, b);
    ck_assert(is_same(&one, &other));
}

/* ---- there and back ---- */

START_TEST(it_comes_back_and_goes_on)
{
    for (int metric = TRIPSAGE_COSINE; metric <= TRIPSAGE_L2; metric++) {
        tripsage_index *index = make((tripsage_metric)metric, ITEMS), *back = NULL;
        tripsage_index_stats before, after;

        ck_assert_ok(tripsage_index_save(index, path, 77));
        ck_assert_ok(tripsage_index_open(&back, path, NULL));
        answers_the_same(index, back);
        tripsage_index_get_stats(&before, index);
        tripsage_index_get_stats(&after, back);
        ck_assert_uint_eq(after.mark, 77);
        ck_assert_uint_eq(after.count, before.count);
        ck_assert_uint_eq(after.removed, before.removed);
        ck_assert_uint_eq(after.levels, before.levels);
        for (uint64_t i = 0; i < 300; i++) {
            put(index, i * 5, 3);
            put(back, i * 5, 3);
        }
        for (uint64_t i = 1; i < 300; i += 7) {
            tripsage_status status = tripsage_index_remove(index, i);
            ck_assert_int_eq(tripsage_index_remove(back, i), status);
        }
        answers_the_same(index, back);
        ck_assert_ok(tripsage_index_save(back, path, 78));
        tripsage_index_free(back);
        ck_assert_ok(tripsage_index_open(&back, path, NULL));
        answers_the_same(index, back);
        tripsage_index_free(back);
        tripsage_index_free(index);
    }
}
END_TEST

/* What is mapped is not what lies there any more. */
START_TEST(an_open_index_keeps_what_was_replaced)
{
    tripsage_index *index = make(TRIPSAGE_L2, ITEMS), *back = NULL, *other = make(TRIPSAGE_L2, 40);

    ck_assert_ok(tripsage_index_save(index, path, 1));
    ck_assert_ok(tripsage_index_open(&back, path, NULL));
    ck_assert_ok(tripsage_index_save(other, path, 2));
    answers_the_same(index, back);
    tripsage_index_free(back);
    ck_assert_ok(tripsage_index_open(&back, path, NULL));
    answers_the_same(other, back);
    tripsage_index_free(back);
    tripsage_index_free(other);
    tripsage_index_free(index);
}
END_TEST

START_TEST(few_items_or_none_are_kept_too)
{
    for (uint64_t count = 0; count < 4; count++) {
        tripsage_index *index = empty(TRIPSAGE_COSINE), *back = NULL;
        tripsage_index_stats stats;

        for (uint64_t i = 0; i < count; i++)
            put(index, i, 0);
        ck_assert_ok(tripsage_index_save(index, path, count));
        ck_assert_ok(tripsage_index_open(&back, path, NULL));
        answers_the_same(index, back);
        ck_assert_int_eq(tripsage_index_remove(back, 99), TRIPSAGE_ENOTFOUND);
        put(back, 50, 0);
        put(back, 51, 0);
        tripsage_index_get_stats(&stats, back);
        ck_assert_uint_eq(stats.count, count + 2);
        tripsage_index_free(back);
        tripsage_index_free(index);
    }
}
END_TEST

/* ---- its place ---- */

START_TEST(a_save_is_whole_or_not_at_all)
{
    tripsage_index *index = make(TRIPSAGE_L2, 60), *back = NULL;
    tripsage__snapshot_file file, second;
    char nowhere[TEST_PATH_SIZE];
    FILE *left;

    ck_assert_ok(tripsage_index_save(index, path, 1));
    left = fopen(beside, "wb"); /* of a process that ended */
    fputs("rubbish that is longer than nothing", left);
    fclose(left);
    ck_assert_ok(tripsage_index_save(index, path, 2));
    ck_assert_int_ne(access(beside, F_OK), 0);
    ck_assert_ok(tripsage__snapshot_begin(&file, path, 0));
    ck_assert_fails(tripsage__snapshot_begin(&second, path, 0), TRIPSAGE_EBUSY);
    tripsage__snapshot_end(&second);
    tripsage__snapshot_end(&file);
    ck_assert_int_ne(access(beside, F_OK), 0);
    test_path_join(nowhere, folder, "no/folder");
    ck_assert_fails(tripsage_index_save(index, nowhere, 3), TRIPSAGE_EIO);
    ck_assert_ok(tripsage_index_open(&back, path, NULL));
    answers_the_same(index, back);
    tripsage_index_free(back);
    tripsage_index_free(index);
}
END_TEST

START_TEST(what_is_no_snapshot_is_refused)
{
    tripsage_index *back = NULL;
    FILE *file;

    ck_assert_fails(tripsage_index_open(&back, path, NULL), TRIPSAGE_ENOTFOUND);
    file = fopen(path, "wb");
    fclose(file);
    ck_assert_fails(tripsage_index_open(&back, path, NULL), TRIPSAGE_ECORRUPT);
    file = fopen(path, "wb");
    for (int i = 0; i < 10000; i++)
        fputs("no index", file);
    fclose(file);
    ck_assert_fails(tripsage_index_open(&back, path, NULL), TRIPSAGE_ECORRUPT);
    ck_assert_fails(tripsage_index_open(&back, folder, NULL), TRIPSAGE_ECORRUPT);
    ck_assert_ptr_null(back);
}
END_TEST

/* ---- damage ---- */

static unsigned char *read_file(const char *file_path, size_t *size)
{
    FILE *file = fopen(file_path, "rb");
    struct stat found;
    unsigned char *bytes;

    ck_assert_int_eq(stat(file_path, &found), 0);
    *size = (size_t)found.st_size;
    bytes = malloc(*size);
    ck_assert_uint_eq(fread(bytes, 1, *size, file), *size);
    fclose(file);
    return bytes;
}

static tripsage_status read_damaged(tripsage_index **out, const unsigned char *bytes, size_t size, uint64_t *seed,
                                    int sealed)
{
    unsigned char tag[TRIPSAGE__SNAPSHOT_TAG];
    tripsage__arena arena;
    size_t flips = 1 + test_draw(seed, 8);

    if (test_draw(seed, 20) == 0)
        size = test_draw(seed, size);
    ck_assert(tripsage__arena_new(&arena, size));
    memcpy(arena.base, bytes, size);
    for (size_t i = 0; i < flips && size; i++) {
        /* Half of them where the head is. */
        size_t at = test_draw(seed, test_draw(seed, 2) && size > 512 ? 512 : size);

        arena.base[at] ^= (unsigned char)(1 + test_draw(seed, 255));
    }
    if (sealed)
        tripsage__snapshot_seal(arena.base, size);
    return tripsage__snapshot_read(out, tag, &arena, NULL);
}

START_TEST(every_flipped_byte_is_noticed_or_harmless)
{
    static answers whole, damaged;
    tripsage_index *index = make(TRIPSAGE_COSINE, 200), *back;
    size_t size, harmless = 0;
    uint64_t seed = 3;
    unsigned char *bytes;

    ck_assert_ok(tripsage_index_save(index, path, 1));
    bytes = read_file(path, &size);
    ask(&whole, index);
    for (int i = 0; i < 10000; i++) {
        tripsage_status status = read_damaged(&back, bytes, size, &seed, 0);

        if (status != TRIPSAGE_OK) {
            ck_assert_int_eq(status, TRIPSAGE_ECORRUPT);
            continue;
        }
        harmless++; /* between two sections */
        ask(&damaged, back);
        ck_assert(is_same(&whole, &damaged));
        tripsage_index_free(back);
    }
    ck_assert_uint_lt(harmless, 1000);
    free(bytes);
    tripsage_index_free(index);
}
END_TEST

/* With checksums that are right: what a walk trusts is looked at itself. */
START_TEST(nothing_is_followed_that_leads_nowhere)
{
    static answers damaged;
    tripsage_index *index = make(TRIPSAGE_L2, 200), *back;
    size_t size, opened = 0;
    uint64_t seed = 4;
    unsigned char *bytes;

    ck_assert_ok(tripsage_index_save(index, path, 1));
    bytes = read_file(path, &size);
    for (int i = 0; i < 10000; i++) {
        tripsage_status status = read_damaged(&back, bytes, size, &seed, 1);

        if (status != TRIPSAGE_OK) {
            ck_assert_int_eq(status, TRIPSAGE_ECORRUPT);
            continue;
        }
        opened++;
        ask(&damaged, back);
        if (opened % 16 == 0)
            for (uint64_t key = 0; key < 20; key++)
                put(back, key * 11, 9);
        tripsage_index_free(back);
    }
    ck_assert_uint_gt(opened, 100);
    free(bytes);
    tripsage_index_free(index);
}
END_TEST

/* ---- what the fuzz target begins with ---- */

enum { RESTS = 6, SECTION_AT = 120, SECTION_SIZE = 24 }; /* docs/vector-format.md */

typedef struct seed_file {
    const char *name;
    uint32_t dimensions;
    uint64_t count, removed;
    tripsage_status wanted;
} seed_file;

static const seed_file seed_files[] = {
    {"empty", 12, 0, 0, TRIPSAGE_OK},
    {"one", 12, 1, 0, TRIPSAGE_OK},
    {"some", 12, 20, 0, TRIPSAGE_OK},
    {"removed", 12, 20, 9, TRIPSAGE_OK},
    {"all_removed", 12, 20, 20, TRIPSAGE_OK},
    {"signs", 120, 6, 1, TRIPSAGE_OK},
    {"not_a_number", 12, 20, 0, TRIPSAGE_ECORRUPT},
};

/* A rest's scale, where all that is checked of bytes is right. */
static void spoil_a_number(const char *file_path)
{
    const float nothing = NAN;
    uint64_t rests_at;
    size_t size;
    unsigned char *bytes = read_file(file_path, &size);
    FILE *file = fopen(file_path, "wb");

    memcpy(&rests_at, bytes + SECTION_AT + RESTS * SECTION_SIZE, sizeof rests_at);
    memcpy(bytes + rests_at, &nothing, sizeof nothing);
    tripsage__snapshot_seal(bytes, size);
    ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
    fclose(file);
    free(bytes);
}

static void make_seed_file(const char *file_path, const seed_file *f)
{
    tripsage_index_options options = TRIPSAGE_INDEX_OPTIONS_INIT;
    tripsage_index *index = NULL;

    options.dimensions = f->dimensions;
    options.degree = 8;
    options.seed = 5;
    ck_assert_ok(tripsage_index_new(&index, &options, NULL));
    for (uint64_t key = 0; key < f->count; key++) {
        const uint64_t terms[] = {key % 3, 100 + key};
        float values[10 * DIMENSIONS];
        tripsage_index_item item = {key, values, terms, 2};

        for (uint64_t i = 0; i < 10; i++)
            values_of(values + i * DIMENSIONS, 10 * key + i);
        ck_assert_ok(tripsage_index_put(index, &item));
    }
    for (uint64_t key = 0; key < f->removed; key++)
        ck_assert_ok(tripsage_index_remove(index, key));
    ck_assert_ok(tripsage_index_save(index, file_path, 1));
    tripsage_index_free(index);
    if (f->wanted != TRIPSAGE_OK)
        spoil_a_number(file_path);
}

/* Files of another version would be refused at once, and the fuzzer look at nothing. TRIPSAGE_MAKE_SEEDS=1 makes them anew. */
START_TEST(fuzzing_begins_with_files_of_this_version)
{
    for (size_t i = 0; i < sizeof seed_files / sizeof *seed_files; i++) {
        const seed_file *f = &seed_files[i];
        char seed_path[TEST_PATH_SIZE];
        tripsage_index_stats stats;
        tripsage_index *index = NULL;

        test_path_join(seed_path, TRIPSAGE_SOURCE_DIR "/tests/fuzz/corpus/vector_snapshot", f->name);
        if (getenv("TRIPSAGE_MAKE_SEEDS"))
            make_seed_file(seed_path, f);
        ck_assert_msg(tripsage_index_open(&index, seed_path, NULL) == f->wanted, "%s: %s", f->name,
                      tripsage_last_error()->message);
        if (!index) {
            ck_assert_ptr_nonnull(strstr(tripsage_last_error()->message, "its codes"));
            continue;
        }
        tripsage_index_get_stats(&stats, index);
        ck_assert_uint_eq(stats.count, f->count - f->removed);
        ck_assert_uint_eq(stats.dimensions, f->dimensions);
        tripsage_index_free(index);
    }
}
END_TEST

SUITE_MAIN_WITH("vector/graph/snapshot", setup, teardown, it_comes_back_and_goes_on,
                an_open_index_keeps_what_was_replaced, few_items_or_none_are_kept_too, a_save_is_whole_or_not_at_all,
                what_is_no_snapshot_is_refused, every_flipped_byte_is_noticed_or_harmless,
                nothing_is_followed_that_leads_nowhere, fuzzing_begins_with_files_of_this_version)
