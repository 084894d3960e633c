/* vector_test.c: collections, items and search through the public calls; exact answers against a sort written out again here; who may see and
 * change what. */
#include "vector/vector.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <tripsage/vector.h>

#include "../suite.h"
#include "vector/kernels/kernels.h"

static const char ann_id[] = "11111111-1111-7111-8111-111111111111";
static const char bob_id[] = "22222222-2222-7222-8222-222222222222";

static tripsage_vector *vector;
static tripsage_actor *service, *ann, *bob;

static void setup(void)
{
    ck_assert_msg(tripsage_vector_open(&vector, "sqlite::memory:", NULL) == TRIPSAGE_OK, "%s",
                  tripsage_last_error()->message);
    ck_assert_int_eq(tripsage_actor_service(&service), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_actor_user(&ann, ann_id), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_actor_user(&bob, bob_id), TRIPSAGE_OK);
}

static void teardown(void)
{
    tripsage_actor_free(service);
    tripsage_actor_free(ann);
    tripsage_actor_free(bob);
    tripsage_vector_close(vector);
}

static void make(const char *name, uint32_t size, tripsage_metric metric, const char *embedder)
{
    ck_assert_int_eq(tripsage_vector_collection_create(vector, service, name, size, metric, embedder), TRIPSAGE_OK);
}

/* What the vectors given to put() and search() have. */
static size_t dimensions = 2;

static tripsage_status put(const tripsage_actor *actor, const char *collection, const char *id, const char *owner,
                           const char *metadata, const float *values)
{
    tripsage_vector_item item = {id, owner, metadata, NULL, values, dimensions};

    return tripsage_vector_upsert(vector, actor, collection, &item, 1);
}

static tripsage_doc *search(const tripsage_actor *actor, const char *collection, const float *values, uint32_t k,
                            const char *filter)
{
    tripsage_vector_query query = TRIPSAGE_VECTOR_QUERY_INIT;
    tripsage_doc *doc;

    query.values = values;
    query.value_count = dimensions;
    query.k = k;
    query.filter = filter;
    ck_assert_msg(tripsage_vector_search(&doc, vector, actor, collection, &query) == TRIPSAGE_OK, "%s",
                  tripsage_last_error()->message);
    ck_assert_str_eq(tripsage_doc_text(doc, "/method"), "exact");
    return doc;
}

/* The ids found, with spaces between them. */
static const char *found(tripsage_doc *doc)
{
    static char ids[4096];
    char pointer[32];

    ids[0] = '\0';
    for (size_t i = 0; i < tripsage_doc_count(doc, "/items"); i++) {
        snprintf(pointer, sizeof pointer, "/items/%zu/id", i);
        snprintf(ids + strlen(ids), sizeof ids - strlen(ids), "%s%s", i ? " " : "", tripsage_doc_text(doc, pointer));
    }
    tripsage_doc_free(doc);
    return ids;
}

static const float east[2] = {1, 0}, north[2] = {0, 1}, north_east[2] = {3, 3}, west[2] = {-2, 0};

/* ---- collections ---- */

START_TEST(a_collection_is_made_once)
{
    make("places", 2, TRIPSAGE_COSINE, NULL);
    make("places", 2, TRIPSAGE_COSINE, NULL);
    ck_assert_int_eq(tripsage_vector_collection_create(vector, service, "places", 3, TRIPSAGE_COSINE, NULL),
                     TRIPSAGE_EEXISTS);
    ck_assert_int_eq(tripsage_vector_collection_create(vector, service, "places", 2, TRIPSAGE_L2, NULL),
                     TRIPSAGE_EEXISTS);
    ck_assert_int_eq(tripsage_vector_collection_create(vector, service, "places", 2, TRIPSAGE_COSINE, "mine"),
                     TRIPSAGE_EEXISTS);
}
END_TEST

START_TEST(a_collection_is_described_properly)
{
    static const struct {
        const char *name;
        uint32_t dimensions;
        int metric;
        const char *embedder, *field;
    } wrong[] = {
        {"", 2, 1, NULL, "#name"},
        {NULL, 2, 1, NULL, "#name"},
        {"Upper", 2, 1, NULL, "#name"},
        {"a b", 2, 1, NULL, "#name"},
        {"12345678901234567890123456789012345678901234567890123456789012345", 2, 1, NULL, "#name"},
        {"c", 0, 1, NULL, "#dimensions"},
        {"c", 4097, 1, NULL, "#dimensions"},
        {"c", 2, 0, NULL, "#metric"},
        {"c", 2, 4, NULL, "#metric"},
        {"c", 2, 1, "", "#embedder"},
        {"c", 2, 1, "caf\xe9", "#embedder"},
        {"c", 2, 1, TRIPSAGE_EMBEDDER_BUILTIN, "#dimensions"},
    };

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert_int_eq(tripsage_vector_collection_create(vector, service, wrong[i].name, wrong[i].dimensions,
                                                           (tripsage_metric)wrong[i].metric, wrong[i].embedder),
                         TRIPSAGE_EINVALID);
        ck_assert_str_eq(tripsage_last_error()->fields[0].pointer, wrong[i].field);
    }
}
END_TEST

START_TEST(only_the_service_makes_and_deletes_collections)
{
    ck_assert_int_eq(tripsage_vector_collection_create(vector, ann, "c", 2, TRIPSAGE_COSINE, NULL),
                     TRIPSAGE_EFORBIDDEN);
    ck_assert_int_eq(tripsage_vector_collection_create(vector, NULL, "c", 2, TRIPSAGE_COSINE, NULL),
                     TRIPSAGE_EUNAUTHENTICATED);
    make("c", 2, TRIPSAGE_COSINE, NULL);
    ck_assert_int_eq(tripsage_vector_collection_delete(vector, ann, "c"), TRIPSAGE_EFORBIDDEN);
    ck_assert_int_eq(tripsage_vector_collection_delete(vector, NULL, "c"), TRIPSAGE_EUNAUTHENTICATED);
    ck_assert_int_eq(tripsage_vector_collection_delete(vector, service, "c"), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_vector_collection_delete(vector, service, "c"), TRIPSAGE_ENOTFOUND);
    ck_assert_int_eq(tripsage_vector_collection_delete(vector, service, "No!"), TRIPSAGE_ENOTFOUND);
}
END_TEST

START_TEST(collections_are_listed_with_what_one_may_find)
{
    tripsage_doc *doc;

    make("b", 2, TRIPSAGE_L2, NULL);
    make("a", 512, TRIPSAGE_COSINE, TRIPSAGE_EMBEDDER_BUILTIN);
    ck_assert_int_eq(put(ann, "b", "1", NULL, NULL, east), TRIPSAGE_OK);
    ck_assert_int_eq(put(bob, "b", "2", NULL, NULL, east), TRIPSAGE_OK);
    ck_assert_int_eq(put(service, "b", "3", NULL, NULL, east), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_vector_collections(&doc, vector, ann), TRIPSAGE_OK);
    ck_assert_str_eq(
        tripsage_doc_json(doc, NULL),
        "{\"items\":[{\"name\":\"a\",\"dimensions\":512,\"metric\":\"cosine\",\"embedder\":\"builtin-1\","
        "\"count\":0},{\"name\":\"b\",\"dimensions\":2,\"metric\":\"l2\",\"embedder\":null,\"count\":2}]}");
    tripsage_doc_free(doc);
    ck_assert_int_eq(tripsage_vector_collections(&doc, vector, service), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_doc_int(doc, "/items/1/count", -1), 3);
    tripsage_doc_free(doc);
    ck_assert_int_eq(tripsage_vector_collections(&doc, vector, NULL), TRIPSAGE_EUNAUTHENTICATED);
    ck_assert_ptr_null(doc);
}
END_TEST

/* A second handle over the same database deletes the collection and makes another one of the name. */
START_TEST(a_collection_that_was_made_anew_is_noticed)
{
    char url[128], path[] = "/tmp/tripsage-vector-XXXXXX";
    tripsage_vector *other;
    tripsage_doc *doc;
    static const float three[3] = {1, 0, 0};

    ck_assert_ptr_nonnull(mkdtemp(path));
    snprintf(url, sizeof url, "sqlite://%s/v.db", path);
    tripsage_vector_close(vector);
    ck_assert_int_eq(tripsage_vector_open(&vector, url, NULL), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_vector_open(&other, url, NULL), TRIPSAGE_OK);
    make("c", 2, TRIPSAGE_COSINE, NULL);
    ck_assert_int_eq(put(service, "c", "old", NULL, NULL, east), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_vector_collection_delete(other, service, "c"), TRIPSAGE_OK);
    ck_assert_int_eq(put(service, "c", "gone", NULL, NULL, east), TRIPSAGE_ENOTFOUND);
    ck_assert_int_eq(tripsage_vector_collection_create(other, service, "c", 3, TRIPSAGE_COSINE, NULL), TRIPSAGE_OK);
    ck_assert_int_eq(put(service, "c", "old-fashioned", NULL, NULL, east), TRIPSAGE_EINVALID);
    dimensions = 3;
    ck_assert_int_eq(put(service, "c", "new", NULL, NULL, three), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_vector_collection_delete(other, service, "c"), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_vector_collection_create(other, service, "c", 2, TRIPSAGE_COSINE, NULL), TRIPSAGE_OK);
    dimensions = 2;
    doc = search(service, "c", east, 5, NULL);
    ck_assert_str_eq(found(doc), "");
    tripsage_vector_close(other);
    snprintf(url, sizeof url, "rm -rf %s", path);
    ck_assert_int_eq(system(url), 0);
}
END_TEST

/* ---- items ---- */

START_TEST(items_are_checked)
{
    static const float nan_values[2] = {1, NAN}, infinite[2] = {INFINITY, 1}, huge[2] = {2e17f, 1},
                       zero[2] = {0, -0.0f};
    static char long_id[130];
    static const tripsage_vector_item wrong[] = {
        {NULL, NULL, NULL, NULL, east, 2},      {"", NULL, NULL, NULL, east, 2},
        {long_id, NULL, NULL, NULL, east, 2},   {"\xff", NULL, NULL, NULL, east, 2},
        {"x", "no uuid", NULL, NULL, east, 2},  {"x", NULL, "[]", NULL, east, 2},
        {"x", NULL, NULL, NULL, nan_values, 2}, {"x", NULL, NULL, NULL, infinite, 2},
        {"x", NULL, NULL, NULL, huge, 2},       {"x", NULL, NULL, NULL, zero, 2},
        {"x", NULL, NULL, NULL, NULL, 0},       {"x", NULL, NULL, "no embedder", NULL, 0},
        {"x", NULL, NULL, NULL, east, 1},       {"x", NULL, NULL, NULL, east, 3},
        {"x", NULL, NULL, NULL, east, 0},       {"good", NULL, NULL, NULL, east, 2},
    };
    static const char *const fields[] = {
        "/1/id",     "/1/id",     "/1/id",     "/1/id",   "/1/owner_id", "/1/metadata", "/1/values", "/1/values",
        "/1/values", "/1/values", "/1/values", "/1/text", "/1/values",   "/1/values",   "/1/values", "/1/id"};
    tripsage_vector_item items[2] = {{"good", NULL, NULL, NULL, east, 2}, {NULL, NULL, NULL, NULL, NULL, 0}};

    memset(long_id, 'i', sizeof long_id - 1);
    make("c", 2, TRIPSAGE_COSINE, NULL);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        items[1] = wrong[i];
        ck_assert_int_eq(tripsage_vector_upsert(vector, ann, "c", items, 2), TRIPSAGE_EINVALID);
        ck_assert_str_eq(tripsage_last_error()->fields[0].pointer, fields[i]);
    }
    ck_assert_str_eq(found(search(service, "c", east, 10, NULL)), ""); /* all or none */
    ck_assert_int_eq(tripsage_vector_upsert(vector, ann, "c", items, 0), TRIPSAGE_EINVALID);
    ck_assert_int_eq(tripsage_vector_upsert(vector, ann, "c", items, 1001), TRIPSAGE_EINVALID);
    ck_assert_int_eq(tripsage_vector_upsert(vector, ann, "none", items, 1), TRIPSAGE_ENOTFOUND);
    ck_assert_int_eq(tripsage_vector_upsert(vector, ann, NULL, items, 1), TRIPSAGE_ENOTFOUND);
    ck_assert_int_eq(tripsage_vector_upsert(vector, NULL, "c", items, 1), TRIPSAGE_EUNAUTHENTICATED);
    make("flat", 2, TRIPSAGE_L2, NULL);
    ck_assert_int_eq(put(ann, "flat", "origin", NULL, NULL, zero), TRIPSAGE_OK);
}
END_TEST

START_TEST(an_item_is_replaced_whole)
{
    tripsage_doc *doc;

    make("c", 2, TRIPSAGE_COSINE, NULL);
    ck_assert_int_eq(put(ann, "c", "x", NULL, "{\"n\":1}", east), TRIPSAGE_OK);
    ck_assert_int_eq(put(ann, "c", "x", ann_id, "{\"n\":2}", north), TRIPSAGE_OK);
    doc = search(ann, "c", north, 10, NULL);
    ck_assert_uint_eq(tripsage_doc_count(doc, "/items"), 1);
    ck_assert_int_eq(tripsage_doc_int(doc, "/items/0/metadata/n", 0), 2);
    ck_assert_double_eq_tol(tripsage_doc_number(doc, "/items/0/score", 0), 1.0, 1e-6);
    tripsage_doc_free(doc);
}
END_TEST

START_TEST(an_item_is_deleted_by_its_owner)
{
    make("c", 2, TRIPSAGE_COSINE, NULL);
    ck_assert_int_eq(put(ann, "c", "x", NULL, NULL, east), TRIPSAGE_OK);
    ck_assert_int_eq(put(service, "c", "all", NULL, NULL, east), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_vector_delete(vector, bob, "c", "x"), TRIPSAGE_ENOTFOUND);
    ck_assert_int_eq(tripsage_vector_delete(vector, ann, "c", "all"), TRIPSAGE_ENOTFOUND);
    ck_assert_int_eq(tripsage_vector_delete(vector, NULL, "c", "x"), TRIPSAGE_EUNAUTHENTICATED);
    ck_assert_int_eq(tripsage_vector_delete(vector, ann, "other", "x"), TRIPSAGE_ENOTFOUND);
    ck_assert_int_eq(tripsage_vector_delete(vector, ann, "c", "x"), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage_vector_delete(vector, ann, "c", "x"), TRIPSAGE_ENOTFOUND);
    ck_assert_int_eq(tripsage_vector_delete(vector, service, "c", "all"), TRIPSAGE_OK);
    ck_assert_str_eq(found(search(service, "c", east, 10, NULL)), "");
}
END_TEST

START_TEST(nobody_finds_or_changes_what_is_somebody_elses)
{
    tripsage_vector_item items[2] = {{"new", NULL, NULL, NULL, north, 2}, {"ann-1", NULL, NULL, NULL, north, 2}};

    make("c", 2, TRIPSAGE_COSINE, NULL);
    ck_assert_int_eq(put(ann, "c", "ann-1", NULL, NULL, east), TRIPSAGE_OK);
    ck_assert_int_eq(put(bob, "c", "bob-1", NULL, NULL, east), TRIPSAGE_OK);
    ck_assert_int_eq(put(service, "c", "shared", NULL, NULL, east), TRIPSAGE_OK);
    ck_assert_int_eq(put(service, "c", "ann-2", ann_id, NULL, east), TRIPSAGE_OK);
    ck_assert_str_eq(found(search(ann, "c", east, 10, NULL)), "ann-1 ann-2 shared");
    ck_assert_str_eq(found(search(bob, "c", east, 10, NULL)), "bob-1 shared");
    ck_assert_str_eq(found(search(service, "c", east, 10, NULL)), "ann-1 ann-2 bob-1 shared");

    ck_assert_int_eq(put(bob, "c", "x", ann_id, NULL, east), TRIPSAGE_EFORBIDDEN);
    ck_assert_int_eq(put(bob, "c", "ann-1", NULL, NULL, west), TRIPSAGE_EFORBIDDEN);
    ck_assert_int_eq(put(bob, "c", "shared", NULL, NULL, west), TRIPSAGE_EFORBIDDEN);
    ck_assert_int_eq(tripsage_vector_upsert(vector, bob, "c", items, 2), TRIPSAGE_EFORBIDDEN); /* all or none */
    ck_assert_str_eq(found(search(service, "c", east, 10, NULL)), "ann-1 ann-2 bob-1 shared");
    ck_assert_int_eq(put(service, "c", "bob-1", NULL, NULL, east), TRIPSAGE_OK); /* now everybody's */
    ck_assert_str_eq(found(search(ann, "c", east, 10, NULL)), "ann-1 ann-2 bob-1 shared");
}
END_TEST

/* ---- search ---- */

START_TEST(scores_are_what_the_metric_says)
{
    static const struct {
        tripsage_metric metric;
        double same, between, opposite;
    } cases[] = {{TRIPSAGE_COSINE, 1.0, 0.70710678, -1.0},
                 {TRIPSAGE_INNER_PRODUCT, 1.0, 3.0, -2.0},
                 {TRIPSAGE_L2, 0.0, -3.60555128, -3.0}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char name[8];
        tripsage_doc *doc;
        double east_score = 0, between = 0, opposite = 0;

        snprintf(name, sizeof name, "m%zu", i);
        make(name, 2, cases[i].metric, NULL);
        ck_assert_int_eq(put(ann, name, "east", NULL, NULL, east), TRIPSAGE_OK);
        ck_assert_int_eq(put(ann, name, "north-east", NULL, NULL, north_east), TRIPSAGE_OK);
        ck_assert_int_eq(put(ann, name, "west", NULL, NULL, west), TRIPSAGE_OK);
        doc = search(ann, name, east, 10, NULL);
        for (size_t n = 0; n < 3; n++) {
            char pointer[32];
            const char *id;
            double score;

            snprintf(pointer, sizeof pointer, "/items/%zu/id", n);
            id = tripsage_doc_text(doc, pointer);
            snprintf(pointer, sizeof pointer, "/items/%zu/score", n);
            score = tripsage_doc_number(doc, pointer, 99);
            *(strcmp(id, "east") == 0 ? &east_score : strcmp(id, "west") == 0 ? &opposite : &between) = score;
        }
        ck_assert_double_eq_tol(east_score, cases[i].same, 1e-6);
        ck_assert_double_eq_tol(between, cases[i].between, 1e-6);
        ck_assert_double_eq_tol(opposite, cases[i].opposite, 1e-6);
        tripsage_doc_free(doc);
    }
}
END_TEST

START_TEST(ties_are_in_the_order_of_ids)
{
    static const char *const ids[] = {"m", "b", "z", "a", "k", "c"};

    make("c", 2, TRIPSAGE_COSINE, NULL);
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        ck_assert_int_eq(put(ann, "c", ids[i], NULL, NULL, east), TRIPSAGE_OK);
    ck_assert_str_eq(found(search(ann, "c", east, 10, NULL)), "a b c k m z");
    ck_assert_str_eq(found(search(ann, "c", east, 3, NULL)), "a b c");
    ck_assert_str_eq(found(search(ann, "c", east, 1, NULL)), "a");
}
END_TEST

START_TEST(filters_by_metadata)
{
    make("c", 2, TRIPSAGE_COSINE, NULL);
    ck_assert_int_eq(put(ann, "c", "1", NULL, "{\"kind\":\"trip\",\"year\":2026}", east), TRIPSAGE_OK);
    ck_assert_int_eq(put(ann, "c", "2", NULL, "{\"kind\":\"note\",\"year\":2026}", east), TRIPSAGE_OK);
    ck_assert_int_eq(put(ann, "c", "3", NULL, "{\"year\":2026.0,\"kind\":\"trip\",\"done\":true}", east), TRIPSAGE_OK);
    ck_assert_str_eq(found(search(ann, "c", east, 10, "{\"kind\":\"trip\"}")), "1 3");
    ck_assert_str_eq(found(search(ann, "c", east, 10, "{\"year\":2026}")), "1 2 3");
    ck_assert_str_eq(found(search(ann, "c", east, 1, "{\"done\":true}")), "3");
    ck_assert_str_eq(found(search(ann, "c", east, 10, "{\"done\":false}")), "");
}
END_TEST

START_TEST(queries_are_checked)
{
    static const float zero[2] = {0, 0}, nan_values[2] = {NAN, 1};
    tripsage_vector_query query = TRIPSAGE_VECTOR_QUERY_INIT;
    tripsage_doc *doc;

    make("c", 2, TRIPSAGE_COSINE, NULL);
    make("t", 512, TRIPSAGE_COSINE, TRIPSAGE_EMBEDDER_BUILTIN);
#define REFUSED(collection, field)                                                                                     \
    do {                                                                                                               \
        ck_assert_int_eq(tripsage_vector_search(&doc, vector, ann, collection, &query), TRIPSAGE_EINVALID);            \
        ck_assert_str_eq(tripsage_last_error()->fields[0].pointer, field);                                             \
        ck_assert_ptr_null(doc);                                                                                       \
    } while (0)
    REFUSED("c", "#values");
    query.text = "beach";
    REFUSED("c", "#text");
    query.values = east;
    query.value_count = 2;
    REFUSED("c", "#values");
    query.text = NULL;
    query.value_count = 0;
    REFUSED("c", "#values");
    query.value_count = 3;
    REFUSED("c", "#values");
    query.value_count = 2;
    query.k = TRIPSAGE_VECTOR_K_MAX + 1;
    REFUSED("c", "#k");
    query.k = 0;
    query.values = zero;
    REFUSED("c", "#values");
    query.values = nan_values;
    REFUSED("c", "#values");
    query.values = east;
    query.filter = "{\"a\":[1]}";
    REFUSED("c", "#filter");
    query.filter = NULL;
    query.has_min_score = 1;
    query.min_score = NAN;
    REFUSED("c", "#min_score");
    query.has_min_score = 0;
    query.version = 9;
    REFUSED("c", "#query");
    query.version = 1;
    query.values = NULL;
    query.text = "?!";
    REFUSED("t", "#text");
    query.text = "beach";
    ck_assert_int_eq(tripsage_vector_search(&doc, vector, ann, "none", &query), TRIPSAGE_ENOTFOUND);
    ck_assert_int_eq(tripsage_vector_search(&doc, vector, NULL, "t", &query), TRIPSAGE_EUNAUTHENTICATED);
}
END_TEST

START_TEST(a_least_score_is_kept)
{
    tripsage_vector_query query = TRIPSAGE_VECTOR_QUERY_INIT;
    tripsage_doc *doc;

    make("c", 2, TRIPSAGE_COSINE, NULL);
    ck_assert_int_eq(put(ann, "c", "east", NULL, NULL, east), TRIPSAGE_OK);
    ck_assert_int_eq(put(ann, "c", "north-east", NULL, NULL, north_east), TRIPSAGE_OK);
    ck_assert_int_eq(put(ann, "c", "north", NULL, NULL, north), TRIPSAGE_OK);
    query.values = east;
    query.value_count = 2;
    query.has_min_score = 1;
    query.min_score = 0.5;
    ck_assert_int_eq(tripsage_vector_search(&doc, vector, ann, "c", &query), TRIPSAGE_OK);
    ck_assert_str_eq(found(doc), "east north-east");
}
END_TEST

START_TEST(texts_are_embedded_on_both_sides)
{
    tripsage_vector_item items[] = {{"reef", NULL, NULL, "Diving on a coral reef", NULL, 0},
                                    {"opera", NULL, NULL, "An evening at the opera", NULL, 0},
                                    {"ski", NULL, NULL, "Powder snow and slopes", NULL, 0}};
    tripsage_vector_query query = TRIPSAGE_VECTOR_QUERY_INIT;
    tripsage_doc *doc;

    make("t", 512, TRIPSAGE_COSINE, TRIPSAGE_EMBEDDER_BUILTIN);
    ck_assert_int_eq(tripsage_vector_upsert(vector, ann, "t", items, 3), TRIPSAGE_OK);
    query.text = "snorkelling";
    query.k = 1;
    ck_assert_int_eq(tripsage_vector_search(&doc, vector, ann, "t", &query), TRIPSAGE_OK);
    ck_assert_str_eq(found(doc), "reef");
}
END_TEST

/* ---- against a plain sort ---- */

#define ROWS 700
#define DIMS 37

static float rows[ROWS][DIMS];
static double expected[ROWS];

static int better(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    char p[16], q[16];

    if (expected[x] > expected[y] || expected[x] < expected[y])
        return expected[x] > expected[y] ? -1 : 1;
    snprintf(p, sizeof p, "%d", x);
    snprintf(q, sizeof q, "%d", y);
    return strcmp(p, q);
}

static void fill_rows(const char *collection)
{
    static char ids[ROWS][16], metadata[ROWS][32];
    static tripsage_vector_item items[ROWS];
    unsigned seed = 5;

    for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < DIMS; j++) {
            seed = seed * 1664525u + 1013904223u;
            rows[i][j] =
                (float)(seed >> 24) - 128.0f; /* whole numbers: sums are exact, so ties are ties on both sides */
        }
        if (i % 50 == 49)
            memcpy(rows[i], rows[i - 1], sizeof rows[i]);
        snprintf(ids[i], sizeof ids[i], "%d", i);
        snprintf(metadata[i], sizeof metadata[i], "{\"third\":%d}", i % 3);
        items[i] = (tripsage_vector_item){ids[i], NULL, metadata[i], NULL, rows[i], DIMS};
    }
    ck_assert_int_eq(tripsage_vector_upsert(vector, service, collection, items, ROWS), TRIPSAGE_OK);
}

static void compare_with_sort(const char *collection, const float *query, int third)
{
    static int order[ROWS];
    char filter[32], want[ROWS * 5] = "";
    int n = 0;

    for (int i = 0; i < ROWS; i++) {
        expected[i] = 0;
        for (int j = 0; j < DIMS; j++)
            expected[i] += (double)query[j] * (double)rows[i][j];
        if (third < 0 || i % 3 == third)
            order[n++] = i;
    }
    qsort(order, (size_t)n, sizeof *order, better);
    for (int i = 0; i < n && i < 100; i++)
        snprintf(want + strlen(want), 8, "%s%d", i ? " " : "", order[i]);
    snprintf(filter, sizeof filter, "{\"third\":%d}", third);
    ck_assert_str_eq(found(search(ann, collection, query, 100, third < 0 ? NULL : filter)), want);
}

START_TEST(finds_exactly_what_a_sort_finds)
{
    dimensions = DIMS;
    make("c", DIMS, TRIPSAGE_INNER_PRODUCT, NULL);
    fill_rows("c");
    for (int q = 0; q < ROWS; q += 70) {
        compare_with_sort("c", rows[q], -1);
        compare_with_sort("c", rows[q], q % 3);
    }
}
END_TEST

START_TEST(gives_all_there_is_when_k_is_more)
{
    tripsage_doc *doc;

    dimensions = DIMS;
    make("c", DIMS, TRIPSAGE_COSINE, NULL);
    fill_rows("c");
    doc = search(ann, "c", rows[0], TRIPSAGE_VECTOR_K_MAX, NULL);
    ck_assert_uint_eq(tripsage_doc_count(doc, "/items"), ROWS);
    tripsage_doc_free(doc);
    doc = search(ann, "c", rows[0], 0, NULL);
    ck_assert_uint_eq(tripsage_doc_count(doc, "/items"), 10);
    tripsage_doc_free(doc);
}
END_TEST

START_TEST(an_answer_has_the_same_bytes_whatever_the_processor_can)
{
    static const tripsage_metric metrics[] = {TRIPSAGE_COSINE, TRIPSAGE_INNER_PRODUCT, TRIPSAGE_L2};
    const tripsage__kernel_table *tables[TRIPSAGE__KERNEL_TABLES_MAX];
    size_t count = tripsage__kernels_all(tables);

    dimensions = DIMS;
    for (size_t m = 0; m < sizeof metrics / sizeof metrics[0]; m++) {
        char name[] = {(char)('a' + m), '\0'};
        tripsage_doc *portable, *other;

        make(name, DIMS, metrics[m], NULL);
        fill_rows(name);
        tripsage__kernels_force(tables[0]);
        portable = search(ann, name, rows[3], ROWS, NULL);
        for (size_t t = 1; t < count; t++) {
            tripsage__kernels_force(tables[t]);
            other = search(ann, name, rows[3], ROWS, NULL);
            ck_assert_str_eq(tripsage_doc_json(other, NULL), tripsage_doc_json(portable, NULL));
            tripsage_doc_free(other);
        }
        tripsage_doc_free(portable);
        tripsage__kernels_force(NULL);
    }
}
END_TEST

SUITE_MAIN_WITH("vector/vector", setup, teardown, a_collection_is_made_once, a_collection_is_described_properly,
                only_the_service_makes_and_deletes_collections, collections_are_listed_with_what_one_may_find,
                a_collection_that_was_made_anew_is_noticed, items_are_checked, an_item_is_replaced_whole,
                an_item_is_deleted_by_its_owner, nobody_finds_or_changes_what_is_somebody_elses,
                scores_are_what_the_metric_says, ties_are_in_the_order_of_ids, filters_by_metadata, queries_are_checked,
                a_least_score_is_kept, texts_are_embedded_on_both_sides, finds_exactly_what_a_sort_finds,
                gives_all_there_is_when_k_is_more, an_answer_has_the_same_bytes_whatever_the_processor_can)
