/* contract/embedder.c: collections remember who their vectors came from, texts are embedded by that one and by no other, and what a server
 * embedded once is kept. */
#include "contract.h"

#include <stdlib.h>
#include <string.h>

#include "support/embeddings.h"

enum { D = TEST_EMBEDDING_DIMENSIONS };

static test_embeddings *server;

static tripsage_embedder *open_server(const char *name, const char *query_prefix)
{
    tripsage_embedder_options options = TRIPSAGE_EMBEDDER_OPTIONS_INIT;
    tripsage_runtime runtime = test_chance_runtime(&world->chance);
    tripsage_embedder *embedder;

    options.source = "openai";
    options.name = name;
    options.base_url = test_embeddings_url(server);
    options.model = "small";
    options.dimensions = D;
    options.query_prefix = query_prefix;
    OK(tripsage_embedder_open(&embedder, &options, &runtime));
    return embedder;
}

/* Registers an embedder of this name, which the handle keeps. */
static void use(tripsage_vector *vector, const char *name)
{
    tripsage_embedder *embedder = open_server(name, NULL);

    OK(tripsage_vector_use_embedder(vector, embedder));
    tripsage_embedder_close(embedder);
}

static void open_with_server(void)
{
    world_open();
    server = calloc(1, sizeof *server);
    test_embeddings_open(server);
}

static void close_with_server(void)
{
    world_close();
    test_embeddings_close(server);
    free(server);
}

static void make(const char *name, const char *embedder)
{
    OK(tripsage_vector_collection_create(world->vector, world->service, name, D, TRIPSAGE_COSINE, embedder));
}

static tripsage_status put_text(tripsage_vector *vector, const char *collection, const char *id, const char *text)
{
    tripsage_vector_item item = {id, NULL, NULL, text, NULL, 0};

    return tripsage_vector_upsert(vector, world->owner, collection, &item, 1);
}

static tripsage_status find_text(tripsage_doc **out, tripsage_vector *vector, const char *collection, const char *text)
{
    tripsage_vector_query query = TRIPSAGE_VECTOR_QUERY_INIT;

    query.text = text;
    query.k = 3;
    return tripsage_vector_search(out, vector, world->owner, collection, &query);
}

START_TEST(texts_are_embedded_by_the_collections_embedder)
{
    static const float values[D] = {1, 0, 0, 0};
    const tripsage_vector_item items[] = {{"a", NULL, NULL, "warm sand", NULL, 0},
                                          {"b", NULL, NULL, "read by nobody", values, D},
                                          {"c", NULL, NULL, "old stones", NULL, 0},
                                          {"d", NULL, NULL, "warm sand", NULL, 0}};
    tripsage_doc *found;

    use(world->vector, "ours");
    make("places", "ours");
    OK(tripsage_vector_upsert(world->vector, world->owner, "places", items, 4));
    ck_assert_int_eq((int)server->texts, 2);
    found = OK(find_text(OUT, world->vector, "places", "old stones"));
    ck_assert_int_eq((int)server->texts, 2);
    IS_TEXT(found, "/items/0/id", "c");
    ck_assert(tripsage_doc_number(found, "/items/0/score", 0) > 0.999999);
    found = OK(find_text(OUT, world->vector, "places", "warm sand"));
    IS_TEXT(found, "/items/0/id", "a");
    IS_TEXT(found, "/items/1/id", "d");
}
END_TEST

START_TEST(a_collection_takes_no_other_embedder)
{
    tripsage_embedder *other = open_server("ours", NULL);

    make("places", "ours");
    FAILS_AT(TRIPSAGE_EINVALID, put_text(world->vector, "places", "a", "warm sand"), "/0/text");
    ck_assert_ptr_nonnull(strstr(tripsage_last_error()->message, "ours"));
    FAILS_AT(TRIPSAGE_EINVALID, find_text(OUT, world->vector, "places", "warm sand"), "#text");
    use(world->vector, "others");
    FAILS_AT(TRIPSAGE_EINVALID, put_text(world->vector, "places", "a", "warm sand"), "/0/text");
    FAILS(TRIPSAGE_EEXISTS,
          tripsage_vector_collection_create(world->vector, world->service, "places", D, TRIPSAGE_COSINE, "others"));
    use(world->vector, "ours");
    OK(put_text(world->vector, "places", "a", "warm sand"));
    FAILS(TRIPSAGE_EEXISTS, tripsage_vector_use_embedder(world->vector, other));
    tripsage_embedder_close(other);
    FAILS_AT(TRIPSAGE_EINVALID,
             tripsage_vector_collection_create(world->vector, world->service, "more", D + 1, TRIPSAGE_COSINE, "ours"),
             "#dimensions");
    OK(tripsage_vector_collection_create(world->vector, world->service, "older", D + 1, TRIPSAGE_COSINE, "later"));
    use(world->vector, "later");
    FAILS_AT(TRIPSAGE_EINVALID, put_text(world->vector, "older", "a", "warm sand"), "/0/text");
    make("bare", NULL);
    FAILS_AT(TRIPSAGE_EINVALID, put_text(world->vector, "bare", "a", "warm sand"), "/0/text");
    ck_assert_int_eq((int)server->texts, 1);
}
END_TEST

START_TEST(a_handle_has_its_embedders)
{
    tripsage_vector *v = world->vector;
    tripsage_embedder *ours = open_server("ours", NULL);

    SAME_TEXT(tripsage_embedder_name(tripsage_vector_embedder(v, NULL)), TRIPSAGE_EMBEDDER_BUILTIN);
    ck_assert_ptr_eq(tripsage_vector_embedder(v, TRIPSAGE_EMBEDDER_BUILTIN), tripsage_vector_embedder(v, NULL));
    ck_assert_ptr_null(tripsage_vector_embedder(v, "ours"));
    OK(tripsage_vector_use_embedder(v, ours));
    OK(tripsage_vector_use_embedder(v, ours));
    ck_assert_ptr_eq(tripsage_vector_embedder(v, "ours"), ours);
    for (int i = 2; i < 16; i++)
        use(v, test_format("ours-%d", i));
    tripsage_embedder_close(ours);
    ours = open_server("too many", NULL);
    FAILS(TRIPSAGE_ELIMIT, tripsage_vector_use_embedder(v, ours));
    tripsage_embedder_close(ours);
    FAILS(TRIPSAGE_EMISUSE, tripsage_vector_use_embedder(v, NULL));
}
END_TEST

START_TEST(texts_that_cannot_be_embedded_are_refused)
{
    tripsage_doc *found;
    char *huge = malloc(TRIPSAGE_EMBEDDER_TEXT_MAX + 2);

    memset(huge, 'a', TRIPSAGE_EMBEDDER_TEXT_MAX + 1);
    huge[TRIPSAGE_EMBEDDER_TEXT_MAX + 1] = '\0';
    use(world->vector, "ours");
    make("places", "ours");
    FAILS_AT(TRIPSAGE_EINVALID, put_text(world->vector, "places", "a", " \n"), "/0/text");
    FAILS_AT(TRIPSAGE_EINVALID, put_text(world->vector, "places", "a", "\xff"), "/0/text");
    FAILS_AT(TRIPSAGE_EINVALID, put_text(world->vector, "places", "a", huge), "/0/text");
    FAILS_AT(TRIPSAGE_EINVALID, find_text(OUT, world->vector, "places", ""), "#text");
    FAILS_AT(TRIPSAGE_EINVALID, find_text(OUT, world->vector, "places", huge), "#text");
    ck_assert_int_eq((int)server->texts, 0);
    server->bad = 1;
    server->status = 401;
    FAILS(TRIPSAGE_EUNAVAILABLE, put_text(world->vector, "places", "a", "warm sand"));
    found = OK(find_text(OUT, world->vector, "places", "warm sand"));
    IS_COUNT(found, "/items", 0);
    free(huge);
}
END_TEST

/* Another handle, and with it another memory, on the same database. */
START_TEST(what_was_embedded_is_kept_in_the_database)
{
    tripsage_doc *found;
    tripsage *other;
    tripsage_embedder *prefixed;

    if (!world->persists)
        return;
    use(world->vector, "ours");
    make("places", "ours");
    OK(put_text(world->vector, "places", "a", "warm sand"));
    OK(put_text(world->vector, "places", "b", "old stones"));
    ck_assert_int_eq((int)server->texts, 2);
    other = world_open_another();
    use(tripsage_get_vector(other), "ours");
    OK(put_text(tripsage_get_vector(other), "places", "c", "warm sand"));
    found = OK(find_text(OUT, tripsage_get_vector(other), "places", "old stones"));
    IS_TEXT(found, "/items/0/id", "b");
    ck_assert_int_eq((int)server->texts, 2);
    tripsage_close(other);

    /* Under another name, or with another prefix, it is another vector. */
    other = world_open_another();
    make("later", "theirs");
    use(tripsage_get_vector(other), "theirs");
    OK(put_text(tripsage_get_vector(other), "later", "c", "warm sand"));
    ck_assert_int_eq((int)server->texts, 3);
    prefixed = open_server("ours", "query: ");
    OK(tripsage_vector_use_embedder(tripsage_get_vector(other), prefixed));
    OK(find_text(OUT, tripsage_get_vector(other), "places", "warm sand"));
    ck_assert_int_eq((int)server->texts, 4);
    tripsage_embedder_close(prefixed);
    tripsage_close(other);
}
END_TEST

START_TEST(what_nobody_asked_for_in_a_month_goes)
{
    tripsage_doc *found;
    tripsage *other;

    if (!world->persists)
        return;
    use(world->vector, "ours");
    make("places", "ours");
    OK(put_text(world->vector, "places", "a", "warm sand"));
    OK(put_text(world->vector, "places", "b", "old stones"));
    world_advance(INT64_C(20) * 86400000);
    other = world_open_another();
    use(tripsage_get_vector(other), "ours");
    OK(find_text(OUT, tripsage_get_vector(other), "places", "warm sand")); /* which is used now */
    world_advance(INT64_C(20) * 86400000);
    found = OK(tripsage_purge_expired(OUT, world->ts, 0));
    IS_INT(found, "/embeddings", 1);
    tripsage_close(other);
    other = world_open_another();
    use(tripsage_get_vector(other), "ours");
    OK(find_text(OUT, tripsage_get_vector(other), "places", "warm sand"));
    ck_assert_int_eq((int)server->texts, 2);
    OK(find_text(OUT, tripsage_get_vector(other), "places", "old stones"));
    ck_assert_int_eq((int)server->texts, 3);
    tripsage_close(other);
}
END_TEST

START_TEST(an_embedder_is_opened_with_the_handle)
{
    tripsage_doc *found;
    tripsage_embedder_options embedder = TRIPSAGE_EMBEDDER_OPTIONS_INIT;
    tripsage_options options = TRIPSAGE_OPTIONS_INIT;
    tripsage *ts;

    embedder.source = TRIPSAGE_SOURCE_DIR "/tests/data/model2vec/plain";
    embedder.name = "small";
    options.embedder = &embedder;
    OK(tripsage_open(&ts, "sqlite::memory:", &options));
    SAME_TEXT(tripsage_embedder_name(tripsage_vector_embedder(tripsage_get_vector(ts), NULL)), "small");
    ck_assert_uint_eq(tripsage_embedder_dimensions(tripsage_vector_embedder(tripsage_get_vector(ts), "small")), 16);
    OK(tripsage_vector_collection_create(tripsage_get_vector(ts), world->service, "places", 16, TRIPSAGE_COSINE,
                                         "small"));
    OK(put_text(tripsage_get_vector(ts), "places", "a", "a beach to snorkel"));
    OK(put_text(tripsage_get_vector(ts), "places", "b", "mountains"));
    found = OK(find_text(OUT, tripsage_get_vector(ts), "places", "beach"));
    IS_TEXT(found, "/items/0/id", "a");
    tripsage_close(ts);
    embedder.source = "/nowhere";
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_open(&ts, "sqlite::memory:", &options));
    ck_assert_ptr_null(ts);
}
END_TEST

START_TEST(many_queries_are_embedded_together)
{
    tripsage_vector_query queries[3] = {TRIPSAGE_VECTOR_QUERY_INIT, TRIPSAGE_VECTOR_QUERY_INIT,
                                        TRIPSAGE_VECTOR_QUERY_INIT};
    const tripsage_vector_query *const all[] = {&queries[0], &queries[1], &queries[2]};
    long before;
    tripsage_doc *found;

    use(world->vector, "ours");
    make("places", "ours");
    OK(put_text(world->vector, "places", "a", "warm sand"));
    OK(put_text(world->vector, "places", "b", "old stones"));
    before = test_web_requests(server->web);
    queries[0].text = "old stones of Rome";
    queries[1].text = "warm sand";
    queries[2].text = "a third";
    found = OK(tripsage_vector_search_many(OUT, world->vector, world->owner, "places", all, 3));
    IS_TEXT(found, "/results/1/items/0/id", "a");
    ck_assert_int_eq((int)(test_web_requests(server->web) - before), 1);
    ck_assert_int_eq((int)server->texts, 4);
    queries[1].text = " ";
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_vector_search_many(OUT, world->vector, world->owner, "places", all, 3),
             "/1/text");
}
END_TEST

START_TEST(memories_are_the_standard_embedders)
{
    tripsage_embedder_options embedder = TRIPSAGE_EMBEDDER_OPTIONS_INIT;
    tripsage_options options = TRIPSAGE_OPTIONS_INIT;
    tripsage_doc *doc;
    tripsage *ts;

    embedder.source = "openai";
    embedder.base_url = test_embeddings_url(server);
    embedder.model = "small";
    embedder.dimensions = D;
    options.embedder = &embedder;
    OK(tripsage_open(&ts, "sqlite::memory:", &options));
    OK(tripsage_memory_remember(OUT, tripsage_get_trips(ts), world->owner,
                                "{\"messages\":[{\"role\":\"user\",\"content\":\"I like warm sand.\"}]}",
                                TRIPSAGE_NUL));
    ck_assert_int_eq((int)server->texts, 1);
    doc = OK(tripsage_memory_search(OUT, tripsage_get_trips(ts), world->owner, "{\"query\":\"I like warm sand.\"}",
                                    TRIPSAGE_NUL));
    ck_assert_msg(strstr(json_of(doc), "warm sand") != NULL, "%s", json_of(doc));
    doc = OK(tripsage_vector_collections(OUT, tripsage_get_vector(ts), world->service));
    ck_assert_msg(strstr(json_of(doc), "\"embedder\":\"small\"") != NULL, "%s", json_of(doc));
    tripsage_close(ts);
}
END_TEST

Suite *contract_embedder(void)
{
    Suite *suite = suite_create("embedder");
    TCase *tcase = tcase_create("embedder");

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, open_with_server, close_with_server);
    tcase_add_test(tcase, texts_are_embedded_by_the_collections_embedder);
    tcase_add_test(tcase, a_collection_takes_no_other_embedder);
    tcase_add_test(tcase, a_handle_has_its_embedders);
    tcase_add_test(tcase, texts_that_cannot_be_embedded_are_refused);
    tcase_add_test(tcase, what_was_embedded_is_kept_in_the_database);
    tcase_add_test(tcase, what_nobody_asked_for_in_a_month_goes);
    tcase_add_test(tcase, an_embedder_is_opened_with_the_handle);
    tcase_add_test(tcase, many_queries_are_embedded_together);
    tcase_add_test(tcase, memories_are_the_standard_embedders);
    suite_add_tcase(suite, tcase);
    return suite;
}
