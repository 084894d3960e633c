/* rig/vector_test.c: vectors in pgvector: that the index finds what a scan finds, at any filter; that nobody sees more because of it; that it is built while
 * others work; and the functions for Supabase's clients. */
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/postgres.h"
#include "support/threads.h"
#include "support/world.h"

/* From 200 rows on (2,000 where there is a filter) an index is better than a scan: so the machine says. */
#define SETTINGS "&options=-c%20tripsage.vector_scan_limit%3D200"
#define URL      "postgresql://?host={rig}/direct&dbname={db}&user=" TEST_PG_APP SETTINGS

enum { DIMENSIONS = 32, ITEMS = 10000, BATCH = 1000, QUERIES = 20, K = 10 };

static float all[ITEMS][DIMENSIONS];
static char ids[ITEMS][24], metadata[ITEMS][128];

/* ---- rows ---- */

/* Around some hundred centres, as texts lie around subjects. */
static void draw(float out[DIMENSIONS], uint64_t *seed, uint64_t centre)
{
    uint64_t middle = centre * 7919 + 1;
    double sum = 0;

    for (size_t d = 0; d < DIMENSIONS; d++) {
        out[d] = (float)test_draw(&middle, 2001) / 1000 - 1;
        out[d] += ((float)test_draw(seed, 2001) / 1000 - 1) * 0.7f;
        sum += (double)out[d] * (double)out[d];
    }
    for (size_t d = 0; d < DIMENSIONS; d++)
        out[d] = (float)((double)out[d] / sqrt(sum));
}

static void load(tripsage_vector *vector, const char *collection, size_t count)
{
    static tripsage_vector_item items[BATCH];
    uint64_t seed = 11;

    OK(tripsage_vector_collection_create(vector, world->service, collection, DIMENSIONS, TRIPSAGE_COSINE, NULL));
    for (size_t i = 0; i < count; i++) {
        draw(all[i], &seed, test_draw(&seed, 100));
        snprintf(ids[i], sizeof ids[i], "%05zu", i);
        snprintf(metadata[i], sizeof metadata[i], "{\"m2\":%zu,\"m10\":%zu,\"m100\":%zu,\"m1000\":%zu,\"m10000\":%zu}",
                 i % 2, i % 10, i % 100, i % 1000, i);
        items[i % BATCH] = (tripsage_vector_item){ids[i], NULL, metadata[i], NULL, all[i], DIMENSIONS};
        if (i % BATCH == BATCH - 1 || i == count - 1)
            OK(tripsage_vector_upsert(vector, world->service, collection, items, i % BATCH + 1));
    }
}

static tripsage_vector_query near(const float *values, uint32_t k, const char *filter)
{
    tripsage_vector_query query = TRIPSAGE_VECTOR_QUERY_INIT;

    query.values = values;
    query.value_count = DIMENSIONS;
    query.k = k;
    query.filter = filter;
    return query;
}

static tripsage *open_as_owner(void)
{
    tripsage *ts = NULL;

    OK(tripsage_open(&ts, test_replaced(world->url, TEST_PG_APP, TEST_PG_OWNER), NULL));
    return ts;
}

static tripsage_doc *build(const char *name, int rebuild, tripsage_vector_progress_fn progress, void *user)
{
    tripsage *owner = open_as_owner();
    tripsage_doc *state =
        OK(tripsage_vector_index_build(OUT, tripsage_get_vector(owner), world->service, name, rebuild, progress, user));

    tripsage_close(owner);
    test_pg_exec(TEST_PG_SUPERUSER, "VACUUM ANALYZE tripsage.vector_item");
    return state;
}

/* ---- the index ---- */

typedef struct watcher {
    int calls;
    char phase[64];
} watcher;

/* The build waits for whoever wrote before it began: here for this test, which lets it wait until it has told so. */
static void watch(void *user, const char *phase, int64_t done, int64_t total)
{
    watcher *w = user;

    ck_assert(done >= 0 && total >= 0);
    if (w->calls++ == 0) {
        strncpy(w->phase, phase, sizeof w->phase - 1);
        test_pg_exec(TEST_PG_SUPERUSER, "COMMIT");
    }
}

START_TEST(an_index_is_built_while_others_write_and_then_used)
{
    tripsage_vector_query q = near(all[77], K, NULL);
    watcher w = {0, ""};
    tripsage_doc *state;

    load(world->vector, "places", 3000);
    state = OK(tripsage_vector_index(OUT, world->vector, world->service, "places"));
    SAME_TEXT(json_of(state),
              "{\"collection\":\"places\",\"items\":3000,\"index\":\"missing\",\"bytes\":0,\"needs_build\":true}");
    IS_TEXT(OK(tripsage_vector_search(OUT, world->vector, world->owner, "places", &q)), "/method", "exact");
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_vector_index(OUT, world->vector, world->owner, "places"));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_vector_index(OUT, world->vector, world->service, "nowhere"));
    FAILS(TRIPSAGE_EFORBIDDEN,
          tripsage_vector_index_build(OUT, world->vector, world->service, "places", 0, NULL, NULL)); /* no owner */
    test_pg_exec(TEST_PG_SUPERUSER, "BEGIN; UPDATE tripsage.vector_item SET updated_at = 1 WHERE id = '00001'");
    state = build("places", 0, watch, &w);
    SAME_TEXT(w.phase, "waiting for writers before build");
    IS_TEXT(state, "/index", "ready");
    IS_INT(state, "/items", 3000);
    ck_assert(tripsage_doc_int(state, "/bytes", 0) > 100000);
    IS_TEXT(OK(tripsage_vector_search(OUT, world->vector, world->owner, "places", &q)), "/method", "hnsw");
    IS_TEXT(OK(tripsage_vector_search(OUT, world->vector, world->owner, "places", &q)), "/items/0/id", "00077");
}
END_TEST

START_TEST(the_plan_is_the_index_under_row_level_security)
{
    const char *plan;

    load(world->vector, "places", 1000);
    build("places", 0, NULL, NULL);
    test_pg_exec(TEST_PG_APP, "BEGIN; SET LOCAL ROLE authenticated; SET LOCAL enable_sort = off; SET LOCAL "
                              "\"request.jwt.claims\" = '{\"sub\":\"" OWNER_ID "\"}'");
    plan = test_pg_text(TEST_PG_APP, "EXPLAIN (FORMAT json) SELECT seq FROM tripsage.vector_item WHERE collection_id = "
                                     "(SELECT min(collection_id) FROM tripsage.vector_item) AND owner_id = '' LIMIT 1");
    ck_assert_ptr_nonnull(strstr(plan, "vector_item_owner"));
    plan = test_pg_text(
        TEST_PG_APP,
        test_format(
            "EXPLAIN (FORMAT json) SELECT seq FROM tripsage.vector_item WHERE collection_id = %s ORDER BY "
            "embedding::vector(32) <=> array_fill(1, ARRAY[32])::vector LIMIT 10",
            test_pg_text(TEST_PG_SUPERUSER, "SELECT id FROM tripsage.vector_collection WHERE name = 'places'")));
    ck_assert_msg(strstr(plan, "vector_item_hnsw_") != NULL, "%s", plan);
    test_pg_exec(TEST_PG_APP, "ROLLBACK");
}
END_TEST

/* Of each metric, and of vectors too long for an index of whole floats; other vectors that long have none. */
START_TEST(there_is_an_index_for_every_metric)
{
    enum { WIDE = 4001, ROWS = 201 };
    static const struct {
        uint32_t dimensions;
        tripsage_metric metric;
        const char *index;
    } rows[] = {{32, TRIPSAGE_INNER_PRODUCT, "ready"}, {2000, TRIPSAGE_L2, "ready"}, {2001, TRIPSAGE_COSINE, "ready"},
                {4000, TRIPSAGE_COSINE, "ready"},      {2001, TRIPSAGE_L2, "none"},  {4001, TRIPSAGE_COSINE, "none"}};
    static float values[ROWS][WIDE];
    static tripsage_vector_item items[ROWS];
    uint64_t seed = 3;

    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        const char *name = test_format("c%zu", r);
        int is_ready = strcmp(rows[r].index, "ready") == 0;
        tripsage_vector_query q = near(values[7], 3, NULL);
        tripsage_doc *found;

        q.value_count = rows[r].dimensions;
        for (size_t i = 0; i < ROWS; i++) {
            for (size_t d = 0; d < rows[r].dimensions; d++)
                values[i][d] = (float)test_draw(&seed, 2001) / 1000 - 1;
            snprintf(ids[i], sizeof ids[i], "%05zu", i);
            items[i] = (tripsage_vector_item){ids[i], NULL, NULL, NULL, values[i], rows[r].dimensions};
        }
        OK(tripsage_vector_collection_create(world->vector, world->service, name, rows[r].dimensions, rows[r].metric,
                                             NULL));
        OK(tripsage_vector_upsert(world->vector, world->service, name, items, ROWS));
        IS_TEXT(build(name, 0, NULL, NULL), "/index", rows[r].index);
        found = OK(tripsage_vector_search(OUT, world->vector, world->owner, name, &q));
        IS_TEXT(found, "/method", is_ready ? "hnsw" : "exact");
        IS_TEXT(found, "/items/0/id", "00007");
        IS_COUNT(found, "/items", 3);
    }
}
END_TEST

/* Where every transaction may meet another session. */
START_TEST(it_is_built_through_a_pooler_too)
{
    const char *database = test_pg_text(TEST_PG_SUPERUSER, "SELECT current_database()");
    tripsage *owner = NULL;

    load(world->vector, "places", 300);
    test_pg_exec(TEST_PG_SUPERUSER, test_format("ALTER DATABASE %s SET tripsage.vector_scan_limit = 200", database));
    OK(tripsage_open(
        &owner, test_format("postgresql://?host=" TEST_PG_POOLED "&dbname=%s&user=" TEST_PG_OWNER, database), NULL));
    for (int rebuild = 0; rebuild < 2; rebuild++)
        IS_TEXT(OK(tripsage_vector_index_build(OUT, tripsage_get_vector(owner), world->service, "places", rebuild, NULL,
                                               NULL)),
                "/index", "ready");
    tripsage_close(owner);
}
END_TEST

/* A build that died leaves an index that is not valid; the one of a collection that is gone is of no use. */
START_TEST(what_was_cut_off_is_built_again_and_what_is_left_over_goes)
{
    tripsage_doc *state;

    load(world->vector, "places", 300);
    load(world->vector, "old", 300);
    build("places", 0, NULL, NULL);
    test_pg_exec(TEST_PG_SUPERUSER,
                 "UPDATE pg_index SET indisvalid = false WHERE indexrelid::regclass::text ~ 'vector_item_hnsw_'");
    test_pg_exec(
        TEST_PG_SUPERUSER,
        "SELECT set_config('test.sql', format('CREATE INDEX vector_item_hnsw_%s ON tripsage.vector_item (id)', "
        "id), false) FROM tripsage.vector_collection WHERE name = 'old'; DO $$ BEGIN EXECUTE "
        "current_setting('test.sql'); END $$");
    OK(tripsage_vector_collection_delete(world->vector, world->service, "old"));
    state = OK(tripsage_vector_index(OUT, world->vector, world->service, "places"));
    IS_TEXT(state, "/index", "broken");
    IS_JSON(state, "/needs_build", "true");
    IS_TEXT(build("places", 0, NULL, NULL), "/index", "ready");
    SAME_TEXT(
        test_pg_text(TEST_PG_SUPERUSER,
                     "SELECT count(*)::text || bool_and(indisvalid) FROM pg_index WHERE indexrelid::regclass::text ~ "
                     "'vector_item_hnsw_'"),
        "1true");
}
END_TEST

/* ---- what it finds ---- */

static double cosine(const float *a, const float *b)
{
    double sum = 0;

    for (size_t d = 0; d < DIMENSIONS; d++)
        sum += (double)a[d] * (double)b[d];
    return sum;
}

static int compare_scores(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? 1 : x > y ? -1 : 0;
}

/* How many of the answer's items are among the k nearest of those whose number is `rest` modulo `modulus`. */
static size_t right_ones(tripsage_doc *found, const float *query, size_t modulus, size_t rest, size_t k)
{
    static double scores[ITEMS];
    size_t count = 0, right = 0;

    for (size_t i = rest; i < ITEMS; i += modulus)
        scores[count++] = cosine(query, all[i]);
    qsort(scores, count, sizeof *scores, compare_scores);
    for (size_t i = 0; i < k; i++)
        right += tripsage_doc_number(found, test_format("/items/%zu/score", i), -9) >= scores[k - 1] - 1e-6;
    return right;
}

/* Where many pass the filter the index finds them, and where few do a scan; in between whichever is done first. */
START_TEST(k_come_back_at_every_selectivity_and_are_the_nearest)
{
    static const struct {
        size_t modulus;
        const char *member, *method;
    } rows[] = {{1, NULL, "hnsw"},   {2, "m2", "hnsw"},        {10, "m10", NULL},
                {100, "m100", NULL}, {1000, "m1000", "exact"}, {10000, "m10000", "exact"}};
    uint64_t seed = 5;

    load(world->vector, "places", ITEMS);
    build("places", 0, NULL, NULL);
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        size_t k = ITEMS / rows[r].modulus < K ? ITEMS / rows[r].modulus : K, right = 0;

        for (size_t n = 0; n < QUERIES; n++) {
            size_t rest = n % rows[r].modulus;
            float query[DIMENSIONS];
            tripsage_vector_query q =
                near(query, K, rows[r].member ? test_format("{\"%s\":%zu}", rows[r].member, rest) : NULL);
            tripsage_doc *found;

            draw(query, &seed, test_draw(&seed, 100));
            found = OK(tripsage_vector_search(OUT, world->vector, n % 2 ? world->owner : world->service, "places", &q));
            IS_COUNT(found, "/items", k);
            if (rows[r].method)
                IS_TEXT(found, "/method", rows[r].method);
            for (size_t i = 0; rows[r].member && i < k; i++)
                IS_INT(found, test_format("/items/%zu/metadata/%s", i, rows[r].member), (int64_t)rest);
            right += right_ones(found, query, rows[r].modulus, rest, k);
        }
        ck_assert_msg((double)right >= 0.95 * (double)(k * QUERIES), "1 of %zu: %zu of %zu", rows[r].modulus, right,
                      k * QUERIES);
    }
}
END_TEST

/* Scores and order are made by the library: every byte of the answer is SQLite's. */
START_TEST(a_scan_answers_what_sqlite_answers)
{
    static const tripsage_metric metrics[] = {TRIPSAGE_COSINE, TRIPSAGE_INNER_PRODUCT, TRIPSAGE_L2};
    tripsage_vector *sqlite = NULL;

    load(world->vector, "places", 150);
    OK(tripsage_vector_open(&sqlite, "sqlite::memory:", NULL));
    for (size_t m = 0; m < 3; m++) {
        const char *name = test_format("c%zu", m);
        tripsage_vector *both[] = {world->vector, sqlite};

        for (size_t b = 0; b < 2; b++) {
            OK(tripsage_vector_collection_create(both[b], world->service, name, DIMENSIONS, metrics[m], NULL));
            for (size_t i = 0; i < 150; i++) {
                tripsage_vector_item item = {ids[i], NULL,         metadata[i],
                                             NULL,   all[i % 140], DIMENSIONS}; /* some twice */

                OK(tripsage_vector_upsert(both[b], world->service, name, &item, 1));
            }
        }
        for (size_t n = 0; n < 15; n++) {
            tripsage_vector_query q = near(all[n * 10], (uint32_t)n + 1, n % 3 ? NULL : "{\"m10\":3}");
            tripsage_doc *ours, *theirs;

            q.has_min_score = n % 5 == 0;
            q.min_score = metrics[m] == TRIPSAGE_L2 ? -1.5 : 0.1;
            ours = OK(tripsage_vector_search(OUT, world->vector, world->owner, name, &q));
            theirs = OK(tripsage_vector_search(OUT, sqlite, world->owner, name, &q));
            SAME_TEXT(json_of(ours), json_of(theirs));
        }
    }
    tripsage_vector_close(sqlite);
}
END_TEST

/* ---- who sees what ---- */

static void act_as(const char *user_id)
{
    test_pg_exec(TEST_PG_APP, test_format("SET ROLE authenticated; SET \"request.jwt.claims\" = '{\"sub\":\"%s\"}'; "
                                          "SET search_path = tripsage, public",
                                          user_id));
}

START_TEST(the_index_shows_nobody_a_stranger_s_item)
{
    tripsage_vector_query q = near(all[5], 300, NULL);
    tripsage_vector_item theirs = {"theirs", NULL, NULL, NULL, all[5], DIMENSIONS}, mine = theirs;
    const char *found;

    load(world->vector, "places", 1000);
    mine.id = "mine";
    OK(tripsage_vector_upsert(world->vector, world->stranger, "places", &theirs, 1));
    OK(tripsage_vector_upsert(world->vector, world->owner, "places", &mine, 1));
    build("places", 0, NULL, NULL);
    found = json_of(OK(tripsage_vector_search(OUT, world->vector, world->owner, "places", &q)));
    ck_assert_ptr_nonnull(strstr(found, "\"method\":\"hnsw\""));
    ck_assert_ptr_nonnull(strstr(found, "\"mine\""));
    ck_assert_ptr_null(strstr(found, "\"theirs\""));
    act_as(OWNER_ID);
    SAME_TEXT(test_pg_text(TEST_PG_APP, "SELECT count(*) FROM vector_item WHERE owner_id <> ''"), "1");
    SAME_TEXT(test_pg_text(TEST_PG_APP, "SELECT string_agg(id, ',') FROM match_items('places', (SELECT embedding FROM "
                                        "vector_item WHERE id = 'mine'), 300) WHERE id !~ '^[0-9]'"),
              "mine");
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_vector_upsert(world->vector, world->owner, "places", &theirs, 1));
    IS_TEXT(OK(tripsage_vector_search(OUT, world->vector, world->stranger, "places", &q)), "/items/1/id", "theirs");
}
END_TEST

/* With the rights of a user, past the library. */
START_TEST(the_database_itself_refuses)
{
    static const char ones[] = "array_fill(1, ARRAY[32])::vector";
    const char *insert =
        "INSERT INTO vector_item (collection_id, id, owner_id, embedding) SELECT id, 'x', '%s', %s FROM "
        "vector_collection WHERE name = '%s'";

    load(world->vector, "places", 10);
    act_as(OWNER_ID);
    SAME_TEXT(test_pg_state(TEST_PG_APP, test_format(insert, "", ones, "places")), "42501");
    SAME_TEXT(test_pg_state(TEST_PG_APP, test_format(insert, STRANGER_ID, ones, "places")), "42501");
    SAME_TEXT(test_pg_state(TEST_PG_APP, test_format(insert, OWNER_ID, "'[1,2,3]'", "places")), "23503");
    SAME_TEXT(test_pg_state(TEST_PG_APP, test_format(insert, OWNER_ID, "array_fill(0, ARRAY[32])::vector", "places")),
              "23514");
    SAME_TEXT(
        test_pg_state(TEST_PG_APP, test_format(insert, OWNER_ID, "array_fill(1, ARRAY[512])::vector", "destinations")),
        "42501");
    SAME_TEXT(test_pg_state(TEST_PG_APP, test_format(insert, OWNER_ID, ones, "places")), "00000");
    SAME_TEXT(
        test_pg_text(TEST_PG_APP, "SELECT round(vector_norm(embedding)::numeric, 5) FROM vector_item WHERE id = 'x'"),
        "1.00000");
    test_pg_exec(TEST_PG_APP, "UPDATE vector_item SET updated_at = 1 WHERE id = 'x'");
    test_pg_exec(TEST_PG_APP, "UPDATE vector_item SET metadata = '{\"a\": [1]}' WHERE id = 'x'");
    SAME_TEXT(test_pg_text(TEST_PG_APP, "SELECT updated_at > 1 FROM vector_item WHERE id = 'x'"), "t");
    SAME_TEXT(test_pg_state(TEST_PG_APP, "UPDATE vector_item SET owner_id = '" STRANGER_ID "' WHERE id = 'x'"),
              "42501");
    SAME_TEXT(test_pg_text(TEST_PG_APP, "WITH gone AS (DELETE FROM vector_item RETURNING 1) SELECT count(*) FROM gone"),
              "1");
    SAME_TEXT(test_pg_state(TEST_PG_APP, "DELETE FROM vector_collection"), "42501");
    SAME_TEXT(test_pg_state(TEST_PG_APP, "UPDATE vector_collection SET name = 'mine'"), "42501");
}
END_TEST

/* ---- Supabase's clients ---- */

START_TEST(clients_search_by_rpc)
{
    static const float east[4] = {1, 0, 0, 0}, northeast[4] = {1, 1, 0, 0}, west[4] = {-1, 0, 0, 0};
    const tripsage_vector_item items[] = {
        {"a", NULL, "{\"content\":\"likes window seats\",\"memory_type\":\"preference\"}", NULL, east, 4},
        {"b", NULL, "{\"content\":\"stayed in a ryokan\",\"memory_type\":\"trip\"}", NULL, northeast, 4},
        {"c", NULL, "{\"content\":\"dislikes early flights and window shades\",\"memory_type\":\"preference\"}", NULL,
         west, 4}};

    OK(tripsage_vector_collection_create(world->vector, world->service, "memories", 4, TRIPSAGE_COSINE, NULL));
    OK(tripsage_vector_upsert(world->vector, world->owner, "memories", items, 3));
    act_as(OWNER_ID);
    SAME_TEXT(
        test_pg_text(TEST_PG_APP,
                     "SELECT string_agg(concat_ws('|', id, content, memory_type, round(similarity::numeric, 4)), ';') "
                     "FROM search_memories('[2,0,0,0]')"),
        "a|likes window seats|preference|1.0000;b|stayed in a ryokan|trip|0.7071");
    SAME_TEXT(test_pg_text(TEST_PG_APP, "SELECT string_agg(id, ',') FROM search_memories('[1,0,0,0]', 5, -1, "
                                        "'{\"memory_type\":\"preference\"}')"),
              "a,c");
    SAME_TEXT(test_pg_text(TEST_PG_APP, "SELECT string_agg(id, ',') FROM match_items('memories', '[0,1,0,0]', 1)"),
              "b");
    SAME_TEXT(test_pg_text(TEST_PG_APP, "SELECT id FROM hybrid_search('memories', 'a window', '[-1,0.1,0,0]')"), "c");
    SAME_TEXT(test_pg_text(TEST_PG_APP, "SELECT string_agg(id, ',') FROM hybrid_search('memories', '', '[1,0,0,0]')"),
              "a,b,c");
    SAME_TEXT(test_pg_state(TEST_PG_APP, "SELECT match_items('nowhere', '[1]')"), "P0002");
    SAME_TEXT(test_pg_state(TEST_PG_APP, "SELECT match_items('memories', '[1]')"), "22023");
    SAME_TEXT(test_pg_state(TEST_PG_APP, "SELECT match_items('memories', '[0,0,0,0]')"), "22023");
    act_as(STRANGER_ID);
    ck_assert_ptr_null(test_pg_text(TEST_PG_APP, "SELECT id FROM search_memories('[1,0,0,0]')"));
    ck_assert_ptr_null(test_pg_text(TEST_PG_APP, "SELECT id FROM hybrid_search('memories', 'window', '[1,0,0,0]')"));
}
END_TEST

/* ---- without statistics ---- */

/* Rows of vector_item that sessions which have ended took from its indexes. */
static long rows_taken(void)
{
    world_leave();
    test_pg_text(TEST_PG_SUPERUSER, "SELECT pg_stat_force_next_flush()");
    return atol(test_pg_text(
        TEST_PG_SUPERUSER, "SELECT sum(i.idx_tup_read) + (SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = "
                           "'vector_item') FROM pg_stat_user_indexes i WHERE i.relname = 'vector_item'"));
}

static void put_texts(size_t from, size_t count)
{
    static tripsage_vector_item items[BATCH];

    for (size_t i = 0; i < count; i++) {
        snprintf(ids[i], sizeof ids[i], "%05zu", from + i);
        items[i] =
            (tripsage_vector_item){ids[i], NULL, NULL, "warm sand, coral reefs and snorkelling", all[i], DIMENSIONS};
    }
    OK(tripsage_vector_upsert(world->vector, world->owner, "texts", items, count));
}

/* Nobody has analyzed the tables, as in a database that was just made: an item costs as much in a large collection as in a small one. */
START_TEST(an_item_s_cost_is_not_that_of_its_collection)
{
    enum { BEFORE = 2000, COME = 200, ROWS_EACH = 40 };
    uint64_t seed = 3;
    long before, after;

    for (size_t i = 0; i < COME; i++)
        draw(all[i], &seed, i);
    OK(tripsage_vector_collection_create(world->vector, world->service, "texts", DIMENSIONS, TRIPSAGE_COSINE, NULL));
    for (size_t i = 0; i < BEFORE; i += COME)
        put_texts(i, COME);
    before = rows_taken();
    world_reopen();
    put_texts(BEFORE - COME / 2, COME); /* half of them are there */
    after = rows_taken();
    ck_assert_msg(after - before < COME * ROWS_EACH, "%ld rows were looked at", after - before);
}
END_TEST

/* ---- all at once ---- */

enum { THREADS = 3 };

typedef struct traffic {
    tripsage_vector *owners;
    atomic_int is_built;
    atomic_int failures, rounds;
} traffic;

static void rebuild_among_traffic(size_t index, void *context)
{
    traffic *t = context;
    tripsage_vector_query q = near(all[index], K, NULL);
    tripsage_vector_item item = {index == 1 ? "one" : "two", NULL, NULL, NULL, all[index], DIMENSIONS};

    if (index == 0) {
        tripsage_doc *state = NULL;

        if (tripsage_vector_index_build(&state, t->owners, world->service, "places", 1, NULL, NULL) != TRIPSAGE_OK)
            atomic_fetch_add(&t->failures, 1);
        tripsage_doc_free(state);
        atomic_store(&t->is_built, 1);
        return;
    }
    do {
        tripsage_doc *found = NULL;

        if (tripsage_vector_upsert(world->vector, world->service, "places", &item, 1) != TRIPSAGE_OK ||
            tripsage_vector_search(&found, world->vector, world->owner, "places", &q) != TRIPSAGE_OK ||
            tripsage_doc_count(found, "/items") != K ||
            tripsage_vector_delete(world->vector, world->service, "places", item.id) != TRIPSAGE_OK)
            atomic_fetch_add(&t->failures, 1);
        tripsage_doc_free(found);
        atomic_fetch_add(&t->rounds, 1);
    } while (!atomic_load(&t->is_built));
}

START_TEST(a_rebuild_stands_in_nobody_s_way)
{
    tripsage *owner = open_as_owner();
    traffic t;

    memset(&t, 0, sizeof t);
    load(world->vector, "places", 3000);
    build("places", 0, NULL, NULL);
    t.owners = tripsage_get_vector(owner);
    test_threads_run(THREADS, rebuild_among_traffic, &t);
    tripsage_close(owner);
    ck_assert_int_eq(atomic_load(&t.failures), 0);
    ck_assert_int_gt(atomic_load(&t.rounds), 2);
    IS_TEXT(OK(tripsage_vector_index(OUT, world->vector, world->service, "places")), "/index", "ready");
}
END_TEST

START_TEST(without_pgvector_it_says_what_is_missing)
{
    const char *url =
        test_format("postgresql://?host=" TEST_PG_DIRECT "&dbname=%s&user=" TEST_PG_OWNER, test_pg_create(NULL));
    tripsage *ts = NULL;

    test_pg_exec(TEST_PG_SUPERUSER, "DROP EXTENSION vector");
    ck_assert_int_eq(tripsage_open(&ts, url, NULL), TRIPSAGE_EMIGRATION);
    ck_assert_msg(strstr(tripsage_last_error()->message, "let a superuser run CREATE EXTENSION vector") != NULL, "%s",
                  tripsage_last_error()->message);
    test_pg_drop();
    test_keep_free();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rig/vector");
    TCase *tcase = test_case(suite, "rig/vector"), *bare = tcase_create("bare");

    setenv("TRIPSAGE_TEST_URL", URL, 1);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, an_index_is_built_while_others_write_and_then_used);
    tcase_add_test(tcase, the_plan_is_the_index_under_row_level_security);
    tcase_add_test(tcase, it_is_built_through_a_pooler_too);
    tcase_add_test(tcase, there_is_an_index_for_every_metric);
    tcase_add_test(tcase, what_was_cut_off_is_built_again_and_what_is_left_over_goes);
    tcase_add_test(tcase, k_come_back_at_every_selectivity_and_are_the_nearest);
    tcase_add_test(tcase, a_scan_answers_what_sqlite_answers);
    tcase_add_test(tcase, the_index_shows_nobody_a_stranger_s_item);
    tcase_add_test(tcase, the_database_itself_refuses);
    tcase_add_test(tcase, clients_search_by_rpc);
    tcase_add_test(tcase, a_rebuild_stands_in_nobody_s_way);
    tcase_add_test(tcase, an_item_s_cost_is_not_that_of_its_collection);
    tcase_add_test(bare, without_pgvector_it_says_what_is_missing);
    suite_add_tcase(suite, bare);
    return test_run(srunner_create(suite));
}
