/* live_test.c: the index in memory of a collection on SQLite: it has what is committed, whoever commits it; answers through it are those of
 * a scan of the rows; its file is taken up again, and only where it is of this database as it is. */
#include <dirent.h>
#include <math.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "support/chance.h"
#include "support/temp.h"
#include "support/threads.h"
#include "vector/graph/graph_internal.h"
#include "vector/vector.h"
#include "vector/vector_internal.h"

#include "../suite.h"

/* More than a scan is made for, so that there is an index. */
enum { DIMENSIONS = 16, ITEMS = 2800, BATCH = 400, K = 10 };

static const char ann_id[] = "11111111-1111-7111-8111-111111111111";
static const char bob_id[] = "22222222-2222-7222-8222-222222222222";

static char folder[TEST_PATH_SIZE], path[TEST_PATH_SIZE], url[TEST_PATH_SIZE + 16];
static tripsage_vector *vector;
static tripsage_actor *service, *ann, *bob;

static tripsage_vector *open_vector(void)
{
    tripsage_vector *opened = NULL;

    ck_assert_ok(tripsage_vector_open(&opened, url, NULL));
    return opened;
}

static void setup(void)
{
    test_temp_make(folder);
    test_path_join(path, folder, "trips.db");
    snprintf(url, sizeof url, "sqlite://%s", path);
    ck_assert_ok(tripsage_actor_service(&service));
    ck_assert_ok(tripsage_actor_user(&ann, ann_id));
    ck_assert_ok(tripsage_actor_user(&bob, bob_id));
    vector = open_vector();
}

static void teardown(void)
{
    tripsage_vector_close(vector);
    tripsage_actor_free(service);
    tripsage_actor_free(ann);
    tripsage_actor_free(bob);
    test_temp_remove(folder);
}

static void reopen(void)
{
    tripsage_vector_close(vector);
    vector = open_vector();
}

/* ---- rows ---- */

/* Around some twenty centres. The same number and version give the same vector. */
static void values_of(float out[DIMENSIONS], size_t n, size_t version)
{
    uint64_t seed = n * 1000003 + version * 7919 + 1, centre = (n * 31 + version) % 20 + 1;

    for (size_t d = 0; d < DIMENSIONS; d++) {
        out[d] = (float)test_draw(&centre, 2001) / 1000 - 1;
        out[d] += ((float)test_draw(&seed, 2001) / 1000 - 1) * 0.5f;
    }
}

/* Items first .. first + count - 1 in one call. */
static tripsage_status put(tripsage_vector *to, const char *collection, size_t first, size_t count, size_t version)
{
    static _Thread_local tripsage_vector_item items[BATCH];
    static _Thread_local char ids[BATCH][16], metadata[BATCH][64];
    static _Thread_local float values[BATCH][DIMENSIONS];

    for (size_t i = 0; i < count; i++) {
        size_t n = first + i;
        const char *owners[] = {NULL, ann_id, bob_id};

        values_of(values[i], n, version);
        snprintf(ids[i], sizeof ids[i], "i%05zu", n);
        snprintf(metadata[i], sizeof metadata[i], "{\"m10\":%zu,\"m100\":%zu,\"m1000\":%zu}", n % 10, n % 100,
                 n % 1000);
        items[i] = (tripsage_vector_item){ids[i], owners[n % 3], metadata[i], NULL, values[i], DIMENSIONS};
    }
    return tripsage_vector_upsert(to, service, collection, items, count);
}

static void fill(const char *collection, tripsage_metric metric, size_t count)
{
    ck_assert_ok(tripsage_vector_collection_create(vector, service, collection, DIMENSIONS, metric, NULL));
    for (size_t i = 0; i < count; i += BATCH)
        ck_assert_ok(put(vector, collection, i, BATCH, 0));
}

/* ---- the index ---- */

static tripsage_doc *index_of(tripsage_vector *of, const char *collection)
{
    tripsage_doc *doc = NULL;

    ck_assert_ok(tripsage_vector_index(&doc, of, service, collection));
    return doc;
}

static int is_ready(tripsage_vector *of, const char *collection)
{
    tripsage_doc *doc = index_of(of, collection);
    int is = strcmp(tripsage_doc_text(doc, "/index"), "ready") == 0 && tripsage_doc_int(doc, "/pending", -1) == 0;

    ck_assert_str_ne(tripsage_doc_text(doc, "/index"), "broken");
    tripsage_doc_free(doc);
    return is;
}

/* Until the thread is done: the limit of the test is the limit. */
static void settle(tripsage_vector *of, const char *collection)
{
    const struct timespec pause = {0, 2000000};

    while (!is_ready(of, collection))
        nanosleep(&pause, NULL);
}

static void build(const char *collection)
{
    tripsage_doc *doc = NULL;

    ck_assert_ok(tripsage_vector_index_build(&doc, vector, service, collection, 1, NULL, NULL));
    ck_assert_str_eq(tripsage_doc_text(doc, "/index"), "ready");
    tripsage_doc_free(doc);
}

static void comes_from(const char *collection, const char *source)
{
    tripsage_doc *doc = index_of(vector, collection);

    ck_assert_msg(tripsage_doc_text(doc, "/from") && strcmp(tripsage_doc_text(doc, "/from"), source) == 0, "%s",
                  tripsage_doc_json(doc, NULL));
    tripsage_doc_free(doc);
}

/* Looks through the rows, whatever indexes there are; as the text that a search gives. */
static void by_rows(char *out, size_t size, tripsage_vector *in, const tripsage_actor *actor, const char *name,
                    const tripsage_vector_query *query)
{
    tripsage__collection collection;
    tripsage__vector_scan scan;
    tripsage__step steps[TRIPSAGE__VECTOR_SCAN_STEPS];
    size_t at = 0;

    ck_assert_ok(tripsage__collection_find(&collection, in, name));
    ck_assert_ok(tripsage__vector_scan_init(&scan, &collection, actor, query->values, query->k, query->filter,
                                            query->has_min_score ? query->min_score : -HUGE_VAL));
    tripsage__vector_scan_steps(&scan, steps);
    ck_assert_ok(tripsage__store_read(in->store, actor, steps, TRIPSAGE__VECTOR_SCAN_STEPS));
    ck_assert_ok(tripsage__vector_scan_end(&scan));
    out[0] = '\0';
    for (size_t i = 0; i < scan.count; i++)
        at += (size_t)snprintf(out + at, size - at, "%s %.9g\n", scan.hits[i].id,
                               scan.hits[i].score + 0.0); /* JSON has no -0 */
    tripsage__vector_scan_free(&scan);
}

static void by_search(char *out, size_t size, tripsage_vector *in, const tripsage_actor *actor, const char *name,
                      const tripsage_vector_query *query)
{
    tripsage_doc *doc = NULL;
    char pointer[48];
    size_t at = 0;

    ck_assert_ok(tripsage_vector_search(&doc, in, actor, name, query));
    ck_assert_str_eq(tripsage_doc_text(doc, "/method"), "exact");
    out[0] = '\0';
    for (size_t i = 0; i < tripsage_doc_count(doc, "/items"); i++) {
        double score;

        snprintf(pointer, sizeof pointer, "/items/%zu/score", i);
        score = tripsage_doc_number(doc, pointer, NAN);
        snprintf(pointer, sizeof pointer, "/items/%zu/id", i);
        at += (size_t)snprintf(out + at, size - at, "%s %.9g\n", tripsage_doc_text(doc, pointer), score);
    }
    tripsage_doc_free(doc);
}

static void agree(tripsage_vector *in, const char *collection, const tripsage_actor *actor, const float *values,
                  uint32_t k, const char *filter)
{
    static char rows[65536], search[65536];
    tripsage_vector_query query = TRIPSAGE_VECTOR_QUERY_INIT;

    query.values = values;
    query.value_count = DIMENSIONS;
    query.k = k;
    query.filter = filter;
    by_rows(rows, sizeof rows, in, actor, collection, &query);
    by_search(search, sizeof search, in, actor, collection, &query);
    ck_assert_str_eq(search, rows);
}

/* For every actor, many filters and many k. */
static void agree_on_all(tripsage_vector *in, const char *collection, uint64_t seed)
{
    const tripsage_actor *actors[] = {service, ann, bob};
    char filter[64];
    float values[DIMENSIONS];

    for (int i = 0; i < 60; i++) {
        values_of(values, test_draw(&seed, 100000), 7);
        switch (test_draw(&seed, 4)) {
        case 0:
            filter[0] = '\0';
            break;
        case 1:
            snprintf(filter, sizeof filter, "{\"m10\":%d}", (int)test_draw(&seed, 11));
            break;
        case 2:
            snprintf(filter, sizeof filter, "{\"m100\":%d}", (int)test_draw(&seed, 100));
            break;
        default:
            snprintf(filter, sizeof filter, "{\"m1000\":%d,\"m10\":%d}", (int)test_draw(&seed, 1000),
                     (int)test_draw(&seed, 10));
        }
        agree(in, collection, actors[i % 3], values, 1 + (uint32_t)test_draw(&seed, 40), filter[0] ? filter : NULL);
    }
}

static const char *nearest(tripsage_vector *in, const char *collection, const float *values)
{
    static char id[129];
    tripsage_vector_query query = TRIPSAGE_VECTOR_QUERY_INIT;
    tripsage_doc *doc = NULL;

    query.values = values;
    query.value_count = DIMENSIONS;
    query.k = 1;
    ck_assert_ok(tripsage_vector_search(&doc, in, service, collection, &query));
    snprintf(id, sizeof id, "%s", tripsage_doc_count(doc, "/items") ? tripsage_doc_text(doc, "/items/0/id") : "");
    tripsage_doc_free(doc);
    return id;
}

/* ---- it is made, and follows ---- */

START_TEST(a_large_collection_gets_an_index_and_answers_stay_the_same)
{
    static const tripsage_metric metrics[] = {TRIPSAGE_COSINE, TRIPSAGE_INNER_PRODUCT, TRIPSAGE_L2};
    static const char *const names[] = {"cosine", "product", "distance"};
    float values[DIMENSIONS];

    for (int i = 0; i < 3; i++) {
        tripsage_doc *doc;

        fill(names[i], metrics[i], ITEMS);
        doc = index_of(vector, names[i]);
        ck_assert_str_eq(tripsage_doc_text(doc, "/index"), "missing");
        tripsage_doc_free(doc);
        values_of(values, 5, 0);
        agree(vector, names[i], service, values, K, NULL); /* by rows, which asks for an index */
        settle(vector, names[i]);
        comes_from(names[i], "rows");
        agree_on_all(vector, names[i], 20 + (uint64_t)i);
    }
}
END_TEST

START_TEST(what_is_committed_is_found_from_then_on)
{
    float values[DIMENSIONS];
    tripsage_vector *other;

    fill("v", TRIPSAGE_L2, ITEMS);
    values_of(values, 0, 0);
    agree(vector, "v", service, values, K, NULL);
    settle(vector, "v");
    other = open_vector(); /* it has no index of its own: to this one it is another process */
    for (size_t i = 0; i < 40; i++) {
        tripsage_vector *by = i % 2 ? other : vector;
        char id[16];

        snprintf(id, sizeof id, "i%05zu", 5000 + i);
        ck_assert_ok(put(by, "v", 5000 + i, 1, 1));
        values_of(values, 5000 + i, 1);
        ck_assert_str_eq(nearest(vector, "v", values), id);
        ck_assert_ok(put(by, "v", 5000 + i, 1, 2));
        ck_assert_str_ne(nearest(vector, "v", values), id);
        values_of(values, 5000 + i, 2);
        ck_assert_str_eq(nearest(vector, "v", values), id);
        if (i % 3 == 0) {
            ck_assert_ok(tripsage_vector_delete(by, service, "v", id));
            ck_assert_str_ne(nearest(vector, "v", values), id);
        }
    }
    agree_on_all(vector, "v", 77);
    settle(vector, "v");
    agree_on_all(vector, "v", 78);
    tripsage_vector_close(other);
}
END_TEST

START_TEST(rows_changed_by_hand_are_seen_too)
{
    sqlite3 *db = NULL;
    float values[DIMENSIONS];

    fill("v", TRIPSAGE_L2, ITEMS);
    build("v");
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db,
                                  "DELETE FROM vector_item WHERE seq % 7 = 0;"
                                  "UPDATE vector_item SET owner_id = '' WHERE seq % 5 = 0;"
                                  "UPDATE vector_item SET metadata = '{\"m10\":3}' WHERE seq % 11 = 0;"
                                  "UPDATE vector_item SET seq = seq + 100000 WHERE seq % 13 = 0;",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    values_of(values, 3, 0);
    agree_on_all(vector, "v", 5);
    settle(vector, "v");
    agree_on_all(vector, "v", 6);
}
END_TEST

/* What was acknowledged is found by who searches afterwards, and nothing that is deleted. */
enum { WRITERS = 2, SEARCHERS = 2, WRITES = 60 };

typedef struct race {
    atomic_int written[WRITERS]; /* items of the writer's own that are there for certain */
    atomic_int done, wrong, failed;
} race;

static size_t race_item(size_t writer, int i)
{
    return 100000 * (writer + 1) + (size_t)i;
}

static void race_on(size_t index, void *context)
{
    race *r = context;

    if (index < WRITERS) {
        for (int i = 0; i < WRITES; i++) {
            if (put(vector, "v", race_item(index, i), 1, 0) != TRIPSAGE_OK)
                atomic_fetch_add(&r->failed, 1);
            atomic_store(&r->written[index], i + 1);
        }
        atomic_fetch_add(&r->done, 1);
        return;
    }
    for (uint64_t seed = index; atomic_load(&r->done) < WRITERS;) {
        size_t writer = test_draw(&seed, WRITERS);
        int written = atomic_load(&r->written[writer]);
        tripsage_vector_query query = TRIPSAGE_VECTOR_QUERY_INIT;
        tripsage_doc *doc = NULL;
        float values[DIMENSIONS];
        char id[16];

        if (!written)
            continue;
        written = (int)test_draw(&seed, (uint64_t)written);
        values_of(values, race_item(writer, written), 0);
        snprintf(id, sizeof id, "i%05zu", race_item(writer, written));
        query.values = values;
        query.value_count = DIMENSIONS;
        query.k = 3;
        if (tripsage_vector_search(&doc, vector, service, "v", &query) != TRIPSAGE_OK)
            atomic_fetch_add(&r->failed, 1);
        else if (strcmp(tripsage_doc_text(doc, "/items/0/id"), id) != 0)
            atomic_fetch_add(&r->wrong, 1);
        tripsage_doc_free(doc);
    }
}

START_TEST(searches_beside_writers_miss_nothing)
{
    static race r;

    fill("v", TRIPSAGE_L2, ITEMS);
    build("v");
    test_threads_run(WRITERS + SEARCHERS, race_on, &r);
    ck_assert_int_eq(atomic_load(&r.failed), 0);
    ck_assert_int_eq(atomic_load(&r.wrong), 0);
    settle(vector, "v");
    agree_on_all(vector, "v", 9);
}
END_TEST

/* ---- the file ---- */

/* The collection's file; its id is the n-th that was made. */
static const char *file_of(int id)
{
    static char name[TEST_PATH_SIZE + 32];

    snprintf(name, sizeof name, "%s-vector-%d", path, id);
    return name;
}

static int is_there(const char *name)
{
    return access(name, F_OK) == 0;
}

START_TEST(a_clean_open_does_not_build)
{
    struct stat before, after;

    fill("v", TRIPSAGE_COSINE, ITEMS);
    build("v");
    ck_assert(is_there(file_of(1)));
    reopen();
    comes_from("v", "snapshot");
    agree_on_all(vector, "v", 31);
    ck_assert_ok(put(vector, "v", 7, 1, 3));
    ck_assert_ok(put(vector, "v", 20000, 1, 3));
    ck_assert_ok(tripsage_vector_delete(vector, service, "v", "i00011"));
    agree_on_all(vector, "v", 32);
    reopen();
    comes_from("v", "snapshot");
    ck_assert(is_ready(vector, "v")); /* the close has saved all */
    agree_on_all(vector, "v", 33);
    ck_assert_int_eq(stat(file_of(1), &before), 0);
    reopen();
    agree_on_all(vector, "v", 34);
    reopen(); /* nothing has changed, and nothing is written */
    ck_assert_int_eq(stat(file_of(1), &after), 0);
    ck_assert(before.st_ino == after.st_ino && before.st_mtime == after.st_mtime);
    ck_assert_int_eq((int)(after.st_mode & 0777), 0600);
}
END_TEST

static void flip(const char *name, long at)
{
    FILE *file = fopen(name, "r+b");
    int c;

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, at, at < 0 ? SEEK_END : SEEK_SET), 0);
    c = getc(file);
    ck_assert_int_eq(fseek(file, at, at < 0 ? SEEK_END : SEEK_SET), 0);
    ck_assert_int_ne(putc(c ^ 1, file), EOF);
    fclose(file);
}

static void rebuilds_because(const char *what)
{
    tripsage_doc *doc = index_of(vector, "v");

    ck_assert_msg(tripsage_doc_text(doc, "/reason") && strstr(tripsage_doc_text(doc, "/reason"), what), "%s",
                  tripsage_doc_json(doc, NULL));
    tripsage_doc_free(doc);
    agree_on_all(vector, "v", 41); /* while it is built */
    settle(vector, "v");
    comes_from("v", "rows");
    agree_on_all(vector, "v", 42);
}

START_TEST(a_damaged_file_is_told_of_and_built_again)
{
    fill("v", TRIPSAGE_COSINE, ITEMS);
    build("v");
    tripsage_vector_close(vector);
    flip(file_of(1), 8192);
    vector = open_vector();
    rebuilds_because("damaged");
    reopen();
    comes_from("v", "snapshot");
    tripsage_vector_close(vector);
    ck_assert_int_eq(truncate(file_of(1), 10000), 0);
    vector = open_vector();
    rebuilds_because("damaged");
    tripsage_vector_close(vector);
    flip(file_of(1), 8); /* the version */
    vector = open_vector();
    rebuilds_because("version");
    tripsage_vector_close(vector);
    ck_assert_int_eq(unlink(file_of(1)), 0);
    vector = open_vector();
    rebuilds_because("gone");
}
END_TEST

static void copy_file(const char *from, const char *to)
{
    char buffer[65536];
    size_t size;
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");

    ck_assert(in && out);
    while ((size = fread(buffer, 1, sizeof buffer, in)) > 0)
        ck_assert_uint_eq(fwrite(buffer, 1, size, out), size);
    ck_assert_int_eq(fclose(out), 0);
    fclose(in);
}

/* The same numbers of changes, and another past. */
START_TEST(a_file_of_another_state_is_not_used)
{
    char backup[TEST_PATH_SIZE];

    fill("v", TRIPSAGE_COSINE, ITEMS);
    build("v");
    tripsage_vector_close(vector);
    test_path_join(backup, folder, "backup.db");
    copy_file(path, backup);
    vector = open_vector();
    comes_from("v", "snapshot");
    ck_assert_ok(put(vector, "v", 0, BATCH, 5));
    tripsage_vector_close(vector);
    copy_file(backup, path);
    vector = open_vector();
    ck_assert_ok(put(vector, "v", 400, BATCH, 6));
    rebuilds_because("another state");
}
END_TEST

START_TEST(a_new_database_in_the_old_ones_place_does_not_take_its_file)
{
    fill("v", TRIPSAGE_COSINE, ITEMS);
    build("v");
    tripsage_vector_close(vector);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert(is_there(file_of(1)));
    vector = open_vector();
    fill("other", TRIPSAGE_COSINE, ITEMS);
    ck_assert(!is_ready(vector, "other"));
    agree_on_all(vector, "other", 51);
    settle(vector, "other");
    comes_from("other", "rows");
    agree_on_all(vector, "other", 52);
}
END_TEST

START_TEST(a_collection_goes_with_its_file)
{
    char stray[TEST_PATH_SIZE + 32];

    fill("v", TRIPSAGE_COSINE, ITEMS);
    build("v");
    ck_assert_ok(tripsage_vector_collection_delete(vector, service, "v"));
    ck_assert(!is_there(file_of(1)));
    snprintf(stray, sizeof stray, "%s", file_of(77)); /* of a process that ended in between */
    fclose(fopen(stray, "wb"));
    fill("v", TRIPSAGE_L2, ITEMS);
    agree_on_all(vector, "v", 61);
    settle(vector, "v");
    ck_assert(!is_there(stray));
    agree_on_all(vector, "v", 62);
    reopen();
    comes_from("v", "snapshot");
    ck_assert(is_there(file_of(2)));
}
END_TEST

/* Deleted and made anew by another one, who has told nobody here. */
START_TEST(another_collection_of_the_name_is_noticed)
{
    tripsage_vector *other;

    fill("v", TRIPSAGE_COSINE, ITEMS);
    build("v");
    other = open_vector();
    ck_assert_ok(tripsage_vector_collection_delete(other, service, "v"));
    ck_assert_ok(tripsage_vector_collection_create(other, service, "v", DIMENSIONS, TRIPSAGE_COSINE, NULL));
    for (size_t i = 0; i < ITEMS; i += BATCH)
        ck_assert_ok(put(other, "v", 1000 + i, BATCH, 9));
    tripsage_vector_close(other);
    agree_on_all(vector, "v", 71);
    settle(vector, "v");
    agree_on_all(vector, "v", 72);
}
END_TEST

/* Further behind than changes are kept. */
START_TEST(who_is_too_far_behind_reads_all_rows)
{
    sqlite3 *db = NULL;

    fill("v", TRIPSAGE_COSINE, ITEMS);
    build("v");
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db,
                                  "DELETE FROM vector_item WHERE seq % 3 = 0;"
                                  "DELETE FROM vector_change;"
                                  "INSERT INTO vector_change (collection_id, change, seq) VALUES (1, 5000000, 1);",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    agree_on_all(vector, "v", 81);
    settle(vector, "v");
    agree_on_all(vector, "v", 82);
    comes_from("v", "rows");
}
END_TEST

START_TEST(the_list_of_changes_stays_short)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *count = NULL;

    fill("v", TRIPSAGE_COSINE, BATCH);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db,
                                  "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 260) "
                                  "UPDATE vector_item SET updated_at = 2; "
                                  "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100500) "
                                  "INSERT INTO vector_change (collection_id, change, seq) SELECT 1, 800 + i, 1 FROM n",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(
        sqlite3_prepare_v2(db, "SELECT count(*), max(change) - min(change) FROM vector_change", -1, &count, NULL),
        SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(count), SQLITE_ROW);
    ck_assert_int_eq(sqlite3_column_int(count, 0), 100000);
    ck_assert_int_eq(sqlite3_column_int(count, 1), 99999);
    sqlite3_finalize(count);
    sqlite3_close(db);
}
END_TEST

START_TEST(in_memory_there_is_an_index_and_no_file)
{
    tripsage_vector_close(vector);
    snprintf(url, sizeof url, "sqlite::memory:");
    vector = open_vector();
    fill("v", TRIPSAGE_L2, ITEMS);
    build("v");
    agree_on_all(vector, "v", 91);
    ck_assert_ok(put(vector, "v", 3, 5, 4));
    agree_on_all(vector, "v", 92);
    settle(vector, "v");
    agree_on_all(vector, "v", 93);
    ck_assert(!is_there(file_of(1)));
}
END_TEST

START_TEST(a_build_that_is_stopped_leaves_nothing)
{
    static float values[300][DIMENSIONS];
    static tripsage_index_item items[300];
    tripsage_index_options options = TRIPSAGE_INDEX_OPTIONS_INIT;
    tripsage_index_stats stats;
    tripsage_index *index = NULL;
    atomic_int stop = 1;

    options.dimensions = DIMENSIONS;
    for (size_t i = 0; i < 300; i++) {
        values_of(values[i], i, 0);
        items[i] = (tripsage_index_item){i, values[i], NULL, 0};
    }
    ck_assert_ok(tripsage_index_new(&index, &options, NULL));
    ck_assert_fails(tripsage__graph_build(index, items, 300, 2, NULL, NULL, &stop), TRIPSAGE_EBUSY);
    tripsage_index_get_stats(&stats, index);
    ck_assert_uint_eq(stats.count, 0);
    stop = 0;
    ck_assert_ok(tripsage__graph_build(index, items, 300, 2, NULL, NULL, &stop));
    tripsage_index_get_stats(&stats, index);
    ck_assert_uint_eq(stats.count, 300);
    tripsage_index_free(index);
}
END_TEST

/* The thread is at it; nobody has to wait until it is done. */
START_TEST(a_close_may_come_at_any_time)
{
    const struct timespec pause = {0, 3000000};
    float values[DIMENSIONS];

    fill("v", TRIPSAGE_L2, ITEMS);
    values_of(values, 1, 0);
    for (int i = 0; i < 6; i++) {
        agree(vector, "v", service, values, K, NULL);
        for (int k = 0; k < i; k++)
            nanosleep(&pause, NULL);
        reopen();
    }
    agree_on_all(vector, "v", 99);
}
END_TEST

/* A row of another library's, or a hand's. */
START_TEST(a_row_that_no_index_takes_is_told_of)
{
    sqlite3 *db = NULL;
    tripsage_doc *doc = NULL;

    fill("v", TRIPSAGE_L2, ITEMS);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "UPDATE vector_item SET embedding = x'00' WHERE id = 'i00005'", NULL, NULL, NULL),
                     SQLITE_OK);
    ck_assert_fails(tripsage_vector_index_build(&doc, vector, service, "v", 0, NULL, NULL), TRIPSAGE_ECORRUPT);
    ck_assert_int_eq(sqlite3_exec(db, "DELETE FROM vector_item WHERE id = 'i00005'", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    build("v");
    agree_on_all(vector, "v", 95);
}
END_TEST

/* Each has a thread that builds. Those in parentheses do something beside it. */
SUITE_MAIN_THREADS("vector/live", setup, teardown,
                   (what_is_committed_is_found_from_then_on, searches_beside_writers_miss_nothing,
                    a_clean_open_does_not_build, a_collection_goes_with_its_file,
                    a_build_that_is_stopped_leaves_nothing, a_close_may_come_at_any_time),
                   a_large_collection_gets_an_index_and_answers_stay_the_same, rows_changed_by_hand_are_seen_too,
                   a_damaged_file_is_told_of_and_built_again, a_file_of_another_state_is_not_used,
                   a_new_database_in_the_old_ones_place_does_not_take_its_file,
                   another_collection_of_the_name_is_noticed, who_is_too_far_behind_reads_all_rows,
                   the_list_of_changes_stays_short, in_memory_there_is_an_index_and_no_file,
                   a_row_that_no_index_takes_is_told_of)
