/* A server that embeds, of the test's own: what it is asked, whatever shape its answer has, and what becomes of one that is no good, comes
 * late or not at all. Vectors say which text they are of, so that one in another's place shows. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tripsage/tripsage.h>

#include "support/embeddings.h"
#include "support/failing.h"
#include "support/threads.h"
#include "unit/suite.h"

enum { DIMENSIONS = TEST_EMBEDDING_DIMENSIONS };

#define KEY "sk-proj-0123456789-never-shown"

static test_embeddings server;
static tripsage_embedder *embedder;
static char url[128];

static tripsage_embedder_options to_server(void)
{
    tripsage_embedder_options options = TRIPSAGE_EMBEDDER_OPTIONS_INIT;

    snprintf(url, sizeof url, "%s/", test_embeddings_url(&server));
    options.source = "openai";
    options.base_url = url;
    options.api_key = KEY;
    options.model = "small";
    options.dimensions = DIMENSIONS;
    return options;
}

static void open_with(const tripsage_embedder_options *options)
{
    tripsage_embedder_close(embedder);
    embedder = NULL;
    ck_assert_ok(tripsage_embedder_open(&embedder, options, NULL));
}

static void set_up(void)
{
    tripsage_embedder_options options;

    test_heap_install();
    test_embeddings_open(&server);
    options = to_server();
    open_with(&options);
}

static void tear_down(void)
{
    tripsage_embedder_close(embedder);
    embedder = NULL;
    test_embeddings_close(&server);
}

/* While an answer that nobody waits for any more may still be on its way. */
static void set_bad(int count)
{
    pthread_mutex_lock(&server.lock);
    server.bad = count;
    pthread_mutex_unlock(&server.lock);
}

static tripsage_status embed(float *out, const char *text)
{
    return tripsage_embedder_embed(out, embedder, TRIPSAGE_EMBED_DOCUMENT, &text, 1);
}

static void is_of(const float *row, const char *text)
{
    float want[DIMENSIONS];

    test_embeddings_value(want, text);
    for (size_t d = 0; d < DIMENSIONS; d++)
        ck_assert_msg(fabsf(row[d] - want[d]) < 1e-6f, "%s: %g instead of %g", text, (double)row[d], (double)want[d]);
}

static void says(const char *words)
{
    ck_assert_msg(strstr(tripsage_last_error()->message, words) != NULL, "%s", tripsage_last_error()->message);
    ck_assert_msg(!strstr(tripsage_last_error()->message, KEY), "%s", tripsage_last_error()->message);
}

/* ---- what is asked, and good answers ---- */

START_TEST(a_server_is_asked_as_openai_is)
{
    float row[DIMENSIONS];

    ck_assert_ok(embed(row, "warm \"sand\"\n"));
    is_of(row, "warm \"sand\"\n");
    ck_assert_str_eq(server.last_body,
                     "{\"model\":\"small\",\"encoding_format\":\"base64\",\"input\":[\"warm \\\"sand\\\"\\n\"]}");
    ck_assert_ptr_nonnull(strstr(server.last_head, "Authorization: Bearer " KEY "\n"));
    ck_assert_ptr_nonnull(strstr(server.last_head, "Content-Type: application/json\n"));
    ck_assert_str_eq(tripsage_embedder_name(embedder), "small");
    ck_assert_uint_eq(tripsage_embedder_dimensions(embedder), DIMENSIONS);
}
END_TEST

START_TEST(options_are_sent)
{
    tripsage_embedder_options options = to_server();
    const char *const text = "sand";
    float row[DIMENSIONS];

    options.api_key = NULL;
    options.shorten = 1;
    options.query_prefix = "query: ";
    options.name = "ours";
    open_with(&options);
    ck_assert_str_eq(tripsage_embedder_name(embedder), "ours");
    ck_assert_ok(tripsage_embedder_embed(row, embedder, TRIPSAGE_EMBED_QUERY, &text, 1));
    is_of(row, "query: sand");
    ck_assert_ptr_nonnull(strstr(server.last_body, ",\"dimensions\":4,"));
    ck_assert_ptr_null(strstr(server.last_head, "Authorization"));
    ck_assert_ok(tripsage_embedder_embed(row, embedder, TRIPSAGE_EMBED_DOCUMENT, &text, 1));
    is_of(row, "sand"); /* the other purpose is another text, and was not remembered for this one */
    ck_assert_int_eq((int)server.texts, 2);
}
END_TEST

START_TEST(answers_come_in_every_shape)
{
    const char *const texts[] = {"one", "two", "", "three", "two", "  \n", "four"};
    float rows[7][DIMENSIONS];

    for (int shape = 0; shape < 8; shape++) {
        tripsage_embedder_options options = to_server();

        server.floats = shape & 1;
        server.backwards = (shape & 2) && !(shape & 4);
        server.no_index = shape & 4;
        open_with(&options); /* which remembers nothing */
        ck_assert_ok(tripsage_embedder_embed(rows[0], embedder, TRIPSAGE_EMBED_DOCUMENT, texts, 7));
        for (size_t i = 0; i < 7; i++)
            if (i != 2 && i != 5)
                is_of(rows[i], texts[i]);
        for (size_t d = 0; d < DIMENSIONS; d++)
            ck_assert(rows[2][d] == 0 && rows[5][d] == 0);
    }
}
END_TEST

START_TEST(a_server_that_knows_no_base64_is_asked_for_numbers)
{
    float row[DIMENSIONS];

    server.refuses_base64 = 1;
    ck_assert_ok(embed(row, "one"));
    is_of(row, "one");
    ck_assert_int_eq((int)test_web_requests(server.web), 2);
    ck_assert_ok(embed(row, "two"));
    ck_assert_int_eq((int)test_web_requests(server.web), 3); /* once is enough */
}
END_TEST

/* 1,000 texts of 20 bytes, and 20 of 50,000. */
START_TEST(texts_go_in_batches)
{
    enum { MANY = 1000, LONG = 20, SIZE = 50000 };
    static float rows[MANY][DIMENSIONS];
    static char small[MANY][24], *texts[MANY];

    for (int i = 0; i < MANY; i++) {
        snprintf(small[i], sizeof small[i], "text number %d", i);
        texts[i] = small[i];
    }
    ck_assert_ok(tripsage_embedder_embed(rows[0], embedder, TRIPSAGE_EMBED_DOCUMENT, (const char *const *)texts, MANY));
    for (int i = 0; i < MANY; i++)
        is_of(rows[i], texts[i]);
    ck_assert_uint_eq(server.largest_batch, 32);
    ck_assert_int_eq((int)test_web_requests(server.web), (MANY + 31) / 32);
    for (int i = 0; i < LONG; i++) {
        texts[i] = malloc(SIZE + 1);
        memset(texts[i], 'a' + i, SIZE);
        texts[i][SIZE] = '\0';
    }
    ck_assert_ok(tripsage_embedder_embed(rows[0], embedder, TRIPSAGE_EMBED_DOCUMENT, (const char *const *)texts, LONG));
    for (int i = 0; i < LONG; i++) {
        is_of(rows[i], texts[i]);
        free(texts[i]);
    }
    ck_assert_uint_eq(server.largest_bytes, 300000);
}
END_TEST

/* ---- tries ---- */

START_TEST(what_fails_for_now_is_tried_again)
{
    static const struct {
        int status, hang_up;
        const char *headers;
    } rows[] = {
        {429, 0, "Retry-After: 1\r\n"}, {500, 0, NULL}, {503, 0, NULL}, {520, 0, NULL}, {200, 1, NULL}, {200, 2, NULL}};
    char text[24];
    float row[DIMENSIONS];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        long before = test_web_requests(server.web);

        server.bad = 1;
        server.status = rows[i].status;
        server.hang_up = rows[i].hang_up;
        server.headers = rows[i].headers;
        snprintf(text, sizeof text, "text %zu", i);
        ck_assert_ok(embed(row, text));
        is_of(row, text);
        ck_assert_int_eq((int)(test_web_requests(server.web) - before), 2);
    }
}
END_TEST

START_TEST(silence_is_tried_again_within_the_deadline)
{
    tripsage_embedder_options options = to_server();
    float row[DIMENSIONS];

    options.deadline_ms = 2000;
    open_with(&options);
    set_bad(1);
    server.delay_ms = 1500; /* past half of it */
    ck_assert_ok(embed(row, "one"));
    is_of(row, "one");
    options.deadline_ms = 300;
    open_with(&options);
    set_bad(9);
    ck_assert_fails(embed(row, "two"), TRIPSAGE_ETIMEOUT);
    says("deadline");
    set_bad(0);
    ck_assert_fails(embed(row, "three"), TRIPSAGE_EUNAVAILABLE); /* it is left alone */
    says("left alone");
}
END_TEST

/* ---- what is no good ---- */

START_TEST(refusals_say_what_to_do)
{
    static const struct {
        int status;
        const char *body;
        tripsage_status want;
        const char *says;
    } rows[] = {
        {401, "{\"error\":{\"message\":\"Incorrect API key provided: " KEY "\"}}", TRIPSAGE_EUNAVAILABLE,
         "OPENAI_API_KEY"},
        {403, "{}", TRIPSAGE_EUNAVAILABLE, "OPENAI_API_KEY"},
        {404, "{\"error\":{\"message\":\"The model `small` does not exist\"}}", TRIPSAGE_EUNAVAILABLE,
         "does not exist"},
        {400, "{\"error\":{\"message\":\"maximum context length is 8192 tokens\"}}", TRIPSAGE_EINVALID, "8192 tokens"},
        {400, "{\"error\":\"input is too long\"}", TRIPSAGE_EINVALID, "too long"}, /* as Ollama says it */
        {422, "{\"message\":\"no\\nway " KEY "\"}", TRIPSAGE_EINVALID, "repeats the key"},
        {413, "<html>", TRIPSAGE_EINVALID, "(413)"},
    };
    float row[DIMENSIONS];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        long before = test_web_requests(server.web);

        server.bad = 1;
        server.status = rows[i].status;
        server.body = rows[i].body;
        ck_assert_fails(embed(row, "text"), rows[i].want);
        says(rows[i].says);
        ck_assert_int_eq(tripsage_last_error()->native, rows[i].status);
        ck_assert_int_eq((int)(test_web_requests(server.web) - before), 1); /* no use in another try */
    }
    ck_assert_ok(embed(row, "text"));
}
END_TEST

START_TEST(a_server_that_has_had_enough_says_until_when)
{
    float row[DIMENSIONS];

    server.bad = 9;
    server.status = 429;
    server.headers = "Retry-After: 120\r\n"; /* past any deadline */
    ck_assert_fails(embed(row, "text"), TRIPSAGE_EUNAVAILABLE);
    says("not today");
    ck_assert_uint_eq(tripsage_last_error()->retry_after_s, 120);
    ck_assert_int_eq((int)test_web_requests(server.web), 1);
    ck_assert_fails(embed(row, "text"), TRIPSAGE_EUNAVAILABLE);
    ck_assert_int_eq((int)test_web_requests(server.web), 1);
}
END_TEST

START_TEST(answers_that_are_none_are_refused)
{
    static const struct {
        const char *body, *says;
    } rows[] = {
        {"", "no JSON"},
        {"null", "no JSON"},
        {"{\"data\":[{\"index\":0,\"embedding\":[1,2,3,4", "no JSON"},
        {"{\"data\":[{\"index\":0,\"embedding\":[1,2,3,4]}]", "no JSON"},
        {"{\"data\":[]}", "0 vectors came for 1 texts"},
        {"{}", "0 vectors came for 1 texts"},
        {"{\"data\":[{\"index\":0}]}", "has no vector"},
        {"{\"data\":[{\"index\":0,\"embedding\":[1,2,3]}]}", "gives 3 dimensions, not 4"},
        {"{\"data\":[{\"index\":0,\"embedding\":[1,2,3,4,5]}]}", "gives 5 dimensions, not 4"},
        {"{\"data\":[{\"index\":0,\"embedding\":\"AACAPwAAgD8AAIA/\"}]}", "gives 3 dimensions, not 4"},
        {"{\"data\":[{\"index\":0,\"embedding\":\"AACAPwAAgD8AAIA/AACAPw\"}]}", "nor base64"},
        {"{\"data\":[{\"index\":0,\"embedding\":\"AACAfwAAgD8AAIA/AACAPw==\"}]}", "a number of a vector is none"},
        {"{\"data\":[{\"index\":0,\"embedding\":[1,2,3,1e300]}]}", "a number of a vector is none"},
        {"{\"data\":[{\"index\":0,\"embedding\":[1,2,\"3\",4]}]}", "no JSON"},
        {"{\"data\":[{\"index\":1,\"embedding\":[1,2,3,4]}]}", "of no text"},
        {"{\"data\":[{\"index\":-1,\"embedding\":[1,2,3,4]}]}", "of no text"},
        {"{\"data\":[{\"index\":0.5,\"embedding\":[1,2,3,4]}]}", "of no text"},
        {"{\"data\":[{\"index\":0,\"embedding\":[1,2,3,4]},{\"index\":0,\"embedding\":[1,2,3,4]}]}",
         "more vectors than texts"},
    };
    float row[DIMENSIONS];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        server.bad = 1;
        server.status = 200;
        server.body = rows[i].body;
        ck_assert_fails(embed(row, "text"), TRIPSAGE_EUNAVAILABLE);
        says(rows[i].says);
        says("/v1/embeddings");
    }
}
END_TEST

START_TEST(options_that_cannot_be_are_refused)
{
    tripsage_embedder *none;
    tripsage_embedder_options good = to_server(), o;

#define REFUSED(change, field)                                                                                         \
    do {                                                                                                               \
        o = good;                                                                                                      \
        change;                                                                                                        \
        ck_assert_fails(tripsage_embedder_open(&none, &o, NULL), TRIPSAGE_EINVALID);                                   \
        ck_assert_ptr_null(none);                                                                                      \
        ck_assert_str_eq(tripsage_last_error()->fields[0].pointer, field);                                             \
        says("");                                                                                                      \
    } while (0)
    REFUSED(o.base_url = "ftp://host/v1", "#base_url");
    REFUSED(o.base_url = "http://user:" KEY "@host/v1", "#base_url");
    REFUSED(o.base_url = "http://host/v1?key=" KEY, "#base_url");
    REFUSED(o.api_key = KEY "\nX-More: 1", "#api_key");
    REFUSED(o.model = "\xff", "#model");
    REFUSED(o.dimensions = 0, "#dimensions");
    REFUSED(o.dimensions = 4097, "#dimensions");
    REFUSED((o.model = "text-embedding-3-small", o.dimensions = 1537), "#dimensions");
    REFUSED((o.model = "text-embedding-ada-002", o.dimensions = 512), "#dimensions");
    REFUSED(o.name = "", "#name");
    o = good;
    o.model = "text-embedding-3-large";
    o.dimensions = 0;
    open_with(&o);
    ck_assert_uint_eq(tripsage_embedder_dimensions(embedder), 3072);
}
END_TEST

/* ---- what is remembered ---- */

START_TEST(a_repeated_text_costs_nothing)
{
    const char *const texts[] = {"one", "two", "one", "one"}, *const more[] = {"three", "two", "one"};
    float rows[4][DIMENSIONS];

    ck_assert_ok(tripsage_embedder_embed(rows[0], embedder, TRIPSAGE_EMBED_DOCUMENT, texts, 4));
    for (size_t i = 0; i < 4; i++)
        is_of(rows[i], texts[i]);
    ck_assert_int_eq((int)server.texts, 2);
    ck_assert_ok(tripsage_embedder_embed(rows[0], embedder, TRIPSAGE_EMBED_QUERY, more, 3));
    for (size_t i = 0; i < 3; i++)
        is_of(rows[i], more[i]);
    ck_assert_int_eq((int)server.texts, 3);
    ck_assert_int_eq((int)test_web_requests(server.web), 2);
}
END_TEST

START_TEST(what_was_used_last_is_remembered_longest)
{
    tripsage_embedder_options options = to_server();
    float row[DIMENSIONS];
    char text[24];

    options.cache_bytes = 1000; /* a few */
    open_with(&options);
    for (int i = 0; i < 100; i++) {
        snprintf(text, sizeof text, "text %d", i);
        ck_assert_ok(embed(row, text));
        ck_assert_ok(embed(row, "always"));
        is_of(row, "always");
    }
    ck_assert_int_eq((int)server.texts, 101);
    ck_assert_ok(embed(row, "text 1"));
    ck_assert_int_eq((int)server.texts, 102);
}
END_TEST

typedef struct crowd {
    int is_wrong[16];
    tripsage_status status[16];
} crowd;

/* Each asks for a text of all, and for one that is its own. */
static void ask(size_t index, void *context)
{
    crowd *c = context;
    char own[32];
    const char *texts[] = {own, "of all", "of all too"};
    float rows[3][DIMENSIONS], want[DIMENSIONS];

    snprintf(own, sizeof own, "of %zu", index / 2);
    c->status[index] =
        tripsage_embedder_embed(rows[0], embedder, TRIPSAGE_EMBED_QUERY, texts + (index % 2), 3 - index % 2);
    for (size_t i = index % 2; i < 3 && c->status[index] == TRIPSAGE_OK; i++) {
        test_embeddings_value(want, texts[i]);
        c->is_wrong[index] |= memcmp(rows[i - index % 2], want, sizeof want) != 0;
    }
}

START_TEST(many_who_ask_at_once_cost_one_call_for_each_text)
{
    crowd c;

    server.floats = 0;
    for (int round = 0; round < 5; round++) {
        tripsage_embedder_options options = to_server();

        open_with(&options);
        server.texts = 0;
        memset(&c, 0, sizeof c);
        test_threads_run(16, ask, &c);
        for (size_t i = 0; i < 16; i++) {
            ck_assert_int_eq(c.status[i], TRIPSAGE_OK);
            ck_assert(!c.is_wrong[i]);
        }
        ck_assert_int_eq((int)server.texts, 2 + 8);
    }
}
END_TEST

/* One goes there for all; each gets its failure, and nobody waits in turn. */
START_TEST(many_who_ask_at_once_share_a_failure_of_the_server)
{
    tripsage_embedder_options options = to_server();
    crowd c;

    options.deadline_ms = 1000;
    open_with(&options);
    server.bad = 1000;
    server.status = 503;
    server.delay_ms = 50;
    memset(&c, 0, sizeof c);
    test_threads_run(16, ask, &c);
    for (size_t i = 0; i < 16; i++)
        ck_assert_int_eq(c.status[i], TRIPSAGE_EUNAVAILABLE);
    ck_assert_int_le((int)test_web_requests(server.web), 16 * 4);
}
END_TEST

SUITE_MAIN_WITH("vector/openai", set_up, tear_down, a_server_is_asked_as_openai_is, options_are_sent,
                answers_come_in_every_shape, a_server_that_knows_no_base64_is_asked_for_numbers, texts_go_in_batches,
                what_fails_for_now_is_tried_again, silence_is_tried_again_within_the_deadline, refusals_say_what_to_do,
                a_server_that_has_had_enough_says_until_when, answers_that_are_none_are_refused,
                options_that_cannot_be_are_refused, a_repeated_text_costs_nothing,
                what_was_used_last_is_remembered_longest, many_who_ask_at_once_cost_one_call_for_each_text,
                many_who_ask_at_once_share_a_failure_of_the_server)
