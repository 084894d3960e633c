/* contract/vector_hybrid.c: collections searched by words, by words and nearness, by an item, and by many queries at once. What words
 * give is compared with BM25 written out here. */
#include "contract.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIMENSIONS = 4 };

static const float east[DIMENSIONS] = {1, 0}, north[DIMENSIONS] = {0, 1}, northeast[DIMENSIONS] = {1, 1},
                   west[DIMENSIONS] = {-1, 0.5f};

static void make(void)
{
    OK(tripsage_vector_collection_create(world->vector, world->service, "notes", DIMENSIONS, TRIPSAGE_COSINE, NULL));
}

static void put(const tripsage_actor *actor, const char *id, const char *metadata, const char *text,
                const float *values)
{
    tripsage_vector_item item = {id, NULL, metadata, text, values, DIMENSIONS};

    OK(tripsage_vector_upsert(world->vector, actor, "notes", &item, 1));
}

static tripsage_vector_query words(const char *text)
{
    tripsage_vector_query query = TRIPSAGE_VECTOR_QUERY_INIT;

    query.words = text;
    return query;
}

static tripsage_doc *find(const tripsage_actor *actor, const tripsage_vector_query *query)
{
    return OK(tripsage_vector_search(OUT, world->vector, actor, "notes", query));
}

/* The ids of an answer with spaces between them. */
static const char *ids_of(tripsage_doc *doc)
{
    const char *ids = "";

    for (size_t i = 0; i < tripsage_doc_count(doc, "/items"); i++)
        ids = test_format("%s%s%s", ids, i ? " " : "", tripsage_doc_text(doc, test_format("/items/%zu/id", i)));
    return ids;
}

static const char *found(const tripsage_actor *actor, const char *text)
{
    tripsage_vector_query query = words(text);

    return ids_of(find(actor, &query));
}

/* ---- words ---- */

START_TEST(words_find_texts)
{
    tripsage_vector_query query = words("island");
    tripsage_doc *doc;

    make();
    put(world->service, "a", "{\"k\":1}", "Quiet islands with a reef, and islands again", east);
    put(world->service, "b", NULL, "An island", north);
    put(world->service, "c", NULL, "Caf\xc3\xa9s of S\xc3\xa3o Paulo", north);
    put(world->service, "d", NULL, NULL, north);
    put(world->service, "e", NULL, "", north);
    SAME_TEXT(found(world->owner, "ISLANDS!"), "b a");
    SAME_TEXT(found(world->owner, "the cafe of Sao Paulo's"), "c");
    SAME_TEXT(found(world->owner, "reef or cafe"), "c a");
    SAME_TEXT(found(world->owner, "volcano"), "");
    SAME_TEXT(found(world->owner, "\" OR * NEAR( scope:c1 reef"), "a");
    doc = find(world->owner, &query);
    IS_TEXT(doc, "/method", "bm25");
    IS_JSON(doc, "/items/1/metadata", "{\"k\":1}");
    ck_assert_uint_eq(tripsage_doc_count(doc, "/items/0"), 3);
}
END_TEST

START_TEST(stop_words_are_asked_for_when_there_is_nothing_else)
{
    make();
    put(world->service, "a", NULL, "to be or not to be", east);
    put(world->service, "b", NULL, "a bee", east);
    SAME_TEXT(found(world->owner, "to be"), "a");
    SAME_TEXT(found(world->owner, "to the bees"), "b");
}
END_TEST

START_TEST(the_words_are_those_of_what_is_stored)
{
    make();
    put(world->owner, "a", NULL, "red harbour", east);
    put(world->owner, "b", NULL, "green harbour", east);
    SAME_TEXT(found(world->owner, "harbour"), "a b");
    put(world->owner, "a", NULL, "blue valley", east);
    SAME_TEXT(found(world->owner, "harbour"), "b");
    SAME_TEXT(found(world->owner, "valley"), "a");
    put(world->owner, "a", NULL, NULL, east);
    SAME_TEXT(found(world->owner, "valley"), "");
    OK(tripsage_vector_delete(world->vector, world->owner, "notes", "b"));
    SAME_TEXT(found(world->owner, "harbour green red blue"), "");
    put(world->owner, "b", NULL, "grey harbour", east);
    SAME_TEXT(found(world->owner, "harbour green"), "b");
    OK(tripsage_vector_collection_delete(world->vector, world->service, "notes"));
    make();
    SAME_TEXT(found(world->owner, "harbour"), "");
    put(world->owner, "c", NULL, "another harbour", east);
    SAME_TEXT(found(world->owner, "harbour"), "c");
    IS_JSON(OK(tripsage_check(OUT, world->ts)), "/ok", "true");
}
END_TEST

START_TEST(a_batch_that_is_refused_changes_no_words)
{
    tripsage_vector_item items[2] = {{"mine", NULL, NULL, "other words", east, DIMENSIONS},
                                     {"theirs", NULL, NULL, "taken over", east, DIMENSIONS}};

    make();
    put(world->stranger, "theirs", NULL, "a secret", east);
    put(world->owner, "mine", NULL, "first words", east);
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_vector_upsert(world->vector, world->owner, "notes", items, 2));
    SAME_TEXT(found(world->owner, "words"), "mine");
    SAME_TEXT(found(world->owner, "first"), "mine");
    SAME_TEXT(found(world->owner, "other taken"), "");
    SAME_TEXT(found(world->stranger, "secret taken"), "theirs");
}
END_TEST

/* Neither rows nor scores tell of what others have. */
START_TEST(everybody_reads_his_own_words)
{
    tripsage_vector_query query = words("harbour");
    const char *before, *after;

    make();
    put(world->owner, "mine", NULL, "the harbour at night", east);
    put(world->service, "common", NULL, "an old harbour town with a harbour", east);
    before = test_format("%s", json_of(find(world->owner, &query)));
    for (int i = 0; i < 20; i++)
        put(world->stranger, test_format("theirs-%02d", i), NULL, "harbour harbour harbour, and more of it", east);
    after = json_of(find(world->owner, &query));
    SAME_TEXT(after, before);
    SAME_TEXT(found(world->owner, "harbour"), "common mine");
    SAME_TEXT(found(world->view, "harbour"), "common");
    query.k = 100;
    IS_COUNT(find(world->stranger, &query), "/items", 21);
    IS_COUNT(find(world->service, &query), "/items", 22);
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_vector_search(OUT, world->vector, NULL, "notes", &query));
}
END_TEST

/* ---- against BM25 written out ---- */

enum { TEXTS = 120, WORDS = 12, LENGTH_MAX = 9 };
static const char *const vocabulary[WORDS] = {"reef", "palm",   "dune",  "fjord", "vine",  "temple",
                                              "cave", "market", "canal", "train", "trail", "geyser"};

typedef struct text {
    unsigned times[WORDS];
    unsigned length;
    int is_mine, kind;
    double score;
    char id[8];
} text;

static int compare_texts(const void *a, const void *b)
{
    const text *x = a, *y = b;

    return x->score > y->score ? -1 : x->score < y->score ? 1 : strcmp(x->id, y->id);
}

/* Scores all that are mine or everybody's. */
static void score_texts(text texts[TEXTS], const size_t asked[], size_t asked_count)
{
    double length = 0;

    for (size_t i = 0; i < TEXTS; i++) {
        length += texts[i].length;
        texts[i].score = 0;
    }
    for (size_t w = 0; w < asked_count; w++) {
        double n = 0;

        for (size_t i = 0; i < TEXTS; i++)
            n += texts[i].times[asked[w]] > 0;
        for (size_t i = 0; i < TEXTS; i++) {
            double times = texts[i].times[asked[w]];

            texts[i].score += log(1 + (TEXTS - n + 0.5) / (n + 0.5)) * times * 2.2 /
                              (times + 1.2 * (0.25 + 0.75 * texts[i].length / (length / TEXTS)));
        }
    }
}

static void put_random_texts(text texts[TEXTS], uint64_t *seed)
{
    tripsage_vector_item items[TEXTS] = {{0}};

    for (size_t i = 0; i < TEXTS; i++) {
        const char *said = "";
        text *t = &texts[i];

        snprintf(t->id, sizeof t->id, "%03zu", i);
        t->kind = (int)test_draw(seed, 3);
        t->length = 1 + (unsigned)test_draw(seed, LENGTH_MAX);
        for (unsigned w = 0; w < t->length; w++) {
            size_t which = (size_t)(test_draw(seed, WORDS) * test_draw(seed, WORDS) / WORDS); /* some more often */
            t->times[which]++;
            said = test_format("%s %s", said, vocabulary[which]);
        }
        items[i] = (tripsage_vector_item){t->id, NULL, test_format("{\"kind\":%d}", t->kind), said, east, DIMENSIONS};
    }
    for (size_t i = 0; i < TEXTS; i++)
        OK(tripsage_vector_upsert(world->vector, i % 3 ? world->owner : world->service, "notes", &items[i], 1));
}

START_TEST(scores_are_those_of_bm25)
{
    static text texts[TEXTS], ranked[TEXTS];
    uint64_t seed = 11;

    make();
    memset(texts, 0, sizeof texts);
    put_random_texts(texts, &seed);
    for (int i = 0; i < 30; i++)
        put(world->stranger, test_format("s%d", i), NULL, "reef temple geyser", east);
    for (int round = 0; round < 40; round++) {
        size_t asked[3] = {(size_t)test_draw(&seed, 4), 4 + (size_t)test_draw(&seed, 4),
                           8 + (size_t)test_draw(&seed, 4)};
        size_t count = 1 + (size_t)test_draw(&seed, 3), at = 0;
        int kind = (int)test_draw(&seed, 4);
        tripsage_vector_query query =
            words(test_format("%s %s %s", vocabulary[asked[0]], count > 1 ? vocabulary[asked[1]] : "",
                              count > 2 ? vocabulary[asked[2]] : ""));
        tripsage_doc *doc;

        query.k = 15;
        query.filter = kind < 3 ? test_format("{\"kind\":%d}", kind) : NULL;
        doc = find(world->owner, &query);
        score_texts(texts, asked, count);
        memcpy(ranked, texts, sizeof ranked);
        qsort(ranked, TEXTS, sizeof *ranked, compare_texts);
        for (size_t i = 0; i < TEXTS && at < query.k; i++) {
            if (!(ranked[i].score > 0) || (kind < 3 && ranked[i].kind != kind))
                continue;
            ck_assert_double_eq_tol(tripsage_doc_number(doc, test_format("/items/%zu/score", at), -1), ranked[i].score,
                                    1e-9);
            at++;
        }
        IS_COUNT(doc, "/items", at);
    }
}
END_TEST

/* ---- both ---- */

START_TEST(two_rankings_are_fused)
{
    tripsage_vector_query query = words("harbour");
    tripsage_doc *doc;

    make();
    put(world->service, "near-only", NULL, "a valley", east);
    put(world->service, "both", NULL, "a harbour", northeast);
    put(world->service, "words-only", NULL, "harbour harbour", west);
    query.values = east;
    query.value_count = DIMENSIONS;
    query.has_min_score = 1;
    query.min_score = 0.5; /* of nearness */
    doc = find(world->owner, &query);
    IS_TEXT(doc, "/method", "hybrid");
    IS_TEXT(doc, "/vector", "exact");
    SAME_TEXT(ids_of(doc), "both words-only near-only");
    ck_assert_double_eq_tol(tripsage_doc_number(doc, "/items/0/score", 0), 61.0 / 62, 1e-12);
    ck_assert_double_eq_tol(tripsage_doc_number(doc, "/items/1/score", 0), 0.5, 1e-12);
    IS_INT(doc, "/items/0/lists/vector/rank", 2);
    IS_INT(doc, "/items/0/lists/words/rank", 2);
    ck_assert_double_eq_tol(tripsage_doc_number(doc, "/items/0/lists/vector/score", 0), 0.70710678, 1e-6);
    ck_assert(tripsage_doc_number(doc, "/items/0/lists/words/score", 0) > 0);
    ck_assert_uint_eq(tripsage_doc_count(doc, "/items/1/lists"), 1);
    IS_INT(doc, "/items/1/lists/words/rank", 1);
    IS_INT(doc, "/items/2/lists/vector/rank", 1);

    query.vector_weight = 3;
    query.words_weight = 1;
    doc = find(world->owner, &query);
    SAME_TEXT(ids_of(doc), "both near-only words-only");
    ck_assert_double_eq_tol(tripsage_doc_number(doc, "/items/1/score", 0), 0.75, 1e-12);
    query.k = 1;
    SAME_TEXT(ids_of(find(world->owner, &query)), "both");
    query.depth = 1;
    SAME_TEXT(ids_of(find(world->owner, &query)), "near-only");
    query.words = "volcano";
    doc = find(world->owner, &query);
    SAME_TEXT(ids_of(doc), "near-only");
    IS_TEXT(doc, "/method", "hybrid");
}
END_TEST

START_TEST(a_text_is_asked_for_by_meaning_and_words)
{
    tripsage_vector_item items[3] = {{"beach", NULL, NULL, "warm sand, coral reefs and snorkelling", NULL, 0},
                                     {"snow", NULL, NULL, "powder snow, ski lifts and mountain huts", NULL, 0},
                                     {"zermatt", NULL, NULL, "Zermatt", NULL, 0}};
    tripsage_vector_query q = TRIPSAGE_VECTOR_QUERY_INIT;
    tripsage_doc *doc;

    OK(tripsage_vector_collection_create(world->vector, world->service, "texts", TRIPSAGE_EMBEDDER_BUILTIN_DIMENSIONS,
                                         TRIPSAGE_COSINE, TRIPSAGE_EMBEDDER_BUILTIN));
    OK(tripsage_vector_upsert(world->vector, world->service, "texts", items, 3));
    q.text = q.words = "reefs at the seaside";
    doc = OK(tripsage_vector_search(OUT, world->vector, world->owner, "texts", &q));
    IS_TEXT(doc, "/items/0/id", "beach");
    ck_assert_uint_eq(tripsage_doc_count(doc, "/items/0/lists"), 2);
    ck_assert_double_eq_tol(tripsage_doc_number(doc, "/items/0/score", 0), 1, 1e-12);
}
END_TEST

/* ---- like an item ---- */

START_TEST(what_is_like_an_item)
{
    tripsage_vector_query query = TRIPSAGE_VECTOR_QUERY_INIT;
    tripsage_doc *doc;

    make();
    put(world->owner, "mine", NULL, "harbour", east);
    put(world->owner, "near", "{\"k\":1}", "harbour", northeast);
    put(world->service, "common", NULL, "harbour", north);
    put(world->stranger, "theirs", NULL, "harbour", east);
    query.like = "mine";
    doc = find(world->owner, &query);
    SAME_TEXT(ids_of(doc), "near common");
    IS_TEXT(doc, "/method", "exact");
    ck_assert_double_eq_tol(tripsage_doc_number(doc, "/items/0/score", 0), 0.70710678, 1e-6);
    query.k = 1;
    SAME_TEXT(ids_of(find(world->owner, &query)), "near");
    query.filter = "{\"k\":1}";
    SAME_TEXT(ids_of(find(world->owner, &query)), "near");
    query.filter = NULL;
    query.k = 0;
    SAME_TEXT(ids_of(find(world->service, &query)), "theirs near common");
    query.like = "theirs";
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_vector_search(OUT, world->vector, world->owner, "notes", &query));
    SAME_TEXT(ids_of(find(world->stranger, &query)), "common");
    query.like = "absent";
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_vector_search(OUT, world->vector, world->service, "notes", &query));
    query.like = "mine";
    query.words = "harbour";
    SAME_TEXT(ids_of(find(world->owner, &query)), "common near"); /* each is first once and second once */
}
END_TEST

/* ---- many at once ---- */

START_TEST(many_queries_are_answered_as_one_by_one)
{
    tripsage_vector_query queries[4] = {words("harbour"), words("valley"), TRIPSAGE_VECTOR_QUERY_INIT,
                                        TRIPSAGE_VECTOR_QUERY_INIT};
    const tripsage_vector_query *pointers[4] = {&queries[0], &queries[1], &queries[2], &queries[3]};
    const char *one_by_one = "";
    tripsage_doc *doc;

    make();
    put(world->owner, "a", NULL, "a harbour", east);
    put(world->service, "b", NULL, "a valley with a harbour", northeast);
    put(world->stranger, "c", NULL, "a valley", north);
    queries[1].values = queries[2].values = north;
    queries[1].value_count = queries[2].value_count = DIMENSIONS;
    queries[3].like = "a";
    doc = OK(tripsage_vector_search_many(OUT, world->vector, world->owner, "notes", pointers, 4));
    for (size_t i = 0; i < 4; i++)
        one_by_one = test_format("%s%s%s", one_by_one, i ? "," : "", json_of(find(world->owner, &queries[i])));
    SAME_TEXT(json_of(doc), test_format("{\"results\":[%s]}", one_by_one));

    queries[2].k = 1001;
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_vector_search_many(OUT, world->vector, world->owner, "notes", pointers, 4),
             "/2/k");
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_vector_search_many(OUT, world->vector, world->owner, "notes", pointers, 0),
             "#count");
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_vector_search_many(OUT, world->vector, world->owner, "notes", pointers, 101),
             "#count");
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_vector_search_many(OUT, world->vector, world->owner, "notes", NULL, 1),
             "#count");
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_vector_search_many(OUT, world->vector, world->owner, "nowhere", pointers, 2));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_vector_search_many(OUT, world->vector, NULL, "notes", pointers, 2));
}
END_TEST

/* ---- what is refused ---- */

START_TEST(refuses_bad_queries)
{
    const tripsage_vector_query none = TRIPSAGE_VECTOR_QUERY_INIT;
    tripsage_vector_query q = none;

    make();
    put(world->owner, "a", NULL, "a harbour", east);
#define REFUSED(field)                                                                                                 \
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_vector_search(OUT, world->vector, world->owner, "notes", &q), field)
    REFUSED("#values");
    q.like = "a";
    q.values = east;
    q.value_count = DIMENSIONS;
    REFUSED("#values");
    q = words(" ?! ");
    REFUSED("#words");
    q = words("");
    REFUSED("#words");
    q = words(test_repeat("x", TRIPSAGE_VECTOR_TEXT_MAX + 1));
    REFUSED("#words");
    q = words("\xff");
    REFUSED("#words");
    q = words("harbour");
    q.depth = 1001;
    REFUSED("#depth");
    q = words("harbour");
    q.words_weight = -1;
    REFUSED("#weights");
    q.words_weight = NAN;
    REFUSED("#weights");
    q = words("harbour");
    q.filter = "[]";
    REFUSED("#filter");
    q = words("harbour");
    q.version = 3;
    REFUSED("#query");
    q.version = 0;
    REFUSED("#query");
    q = words(test_repeat("harbour ", TRIPSAGE_VECTOR_TEXT_MAX / 8));
    SAME_TEXT(ids_of(find(world->owner, &q)), "a");
#undef REFUSED
}
END_TEST

/* A program that was built when a query ended with has_min_score. */
START_TEST(version_1_is_read_to_its_end)
{
    tripsage_vector_query q = words("harbour");

    make();
    put(world->owner, "a", NULL, "a harbour", east);
    q.version = 1;
    q.depth = 5000;
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_vector_search(OUT, world->vector, world->owner, "notes", &q), "#values");
    q.values = east;
    q.value_count = DIMENSIONS;
    IS_TEXT(find(world->owner, &q), "/method", "exact");
}
END_TEST

START_TEST(texts_have_a_bound)
{
    tripsage_vector_item item = {"a", NULL, NULL, NULL, east, DIMENSIONS};

    make();
    item.text = test_repeat("x", TRIPSAGE_VECTOR_TEXT_MAX + 1);
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_vector_upsert(world->vector, world->owner, "notes", &item, 1), "/0/text");
    item.text = "\xff";
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_vector_upsert(world->vector, world->owner, "notes", &item, 1), "/0/text");
    item.text = test_repeat("x", TRIPSAGE_VECTOR_TEXT_MAX); /* one word, longer than any index takes */
    OK(tripsage_vector_upsert(world->vector, world->owner, "notes", &item, 1));
    SAME_TEXT(found(world->owner, test_repeat("x", 5000)), "a");
    item.text = test_repeat("\xe2\x82\xac ", TRIPSAGE_VECTOR_TEXT_MAX / 4);
    OK(tripsage_vector_upsert(world->vector, world->owner, "notes", &item, 1));
    item.text = test_repeat("a b ", TRIPSAGE_VECTOR_TEXT_MAX / 4);
    OK(tripsage_vector_upsert(world->vector, world->owner, "notes", &item, 1));
    SAME_TEXT(found(world->owner, "b"), "a");
}
END_TEST

Suite *contract_vector_hybrid(void)
{
    Suite *suite = suite_create("vector_hybrid");
    TCase *tcase = test_case(suite, "vector_hybrid");

    tcase_add_test(tcase, words_find_texts);
    tcase_add_test(tcase, stop_words_are_asked_for_when_there_is_nothing_else);
    tcase_add_test(tcase, the_words_are_those_of_what_is_stored);
    tcase_add_test(tcase, a_batch_that_is_refused_changes_no_words);
    tcase_add_test(tcase, everybody_reads_his_own_words);
    tcase_add_test(tcase, scores_are_those_of_bm25);
    tcase_add_test(tcase, two_rankings_are_fused);
    tcase_add_test(tcase, a_text_is_asked_for_by_meaning_and_words);
    tcase_add_test(tcase, what_is_like_an_item);
    tcase_add_test(tcase, many_queries_are_answered_as_one_by_one);
    tcase_add_test(tcase, refuses_bad_queries);
    tcase_add_test(tcase, version_1_is_read_to_its_end);
    tcase_add_test(tcase, texts_have_a_bound);
    return suite;
}
