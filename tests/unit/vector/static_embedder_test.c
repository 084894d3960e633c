/* Static embeddings: models of Model2Vec as that library itself reads them (tests/data/model2vec/), word vectors in every form they come
 * in, and that damaged files are refused, whatever is wrong with them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tripsage/tripsage.h>
#include <unistd.h>

#include "support/temp.h"
#include "unit/suite.h"
#include "vector/embedder/file.h"
#include "vector/embedder/pull.h"
#include "vector/embedder/safetensors.h"
#include "vector/embedder/unicode.h"
#include "vector/embedder/wordpiece.h"

#define MODELS TRIPSAGE_SOURCE_DIR "/tests/data/model2vec"

static const uint64_t key[2] = {1, 2};
static char folder[TEST_PATH_SIZE];
static tripsage_embedder *embedder;

static void set_up(void)
{
    test_temp_make(folder);
}

static void tear_down(void)
{
    tripsage_embedder_close(embedder);
    embedder = NULL;
    test_temp_remove(folder);
}

static tripsage_status open_path(const char *path)
{
    tripsage_embedder_options options = TRIPSAGE_EMBEDDER_OPTIONS_INIT;

    tripsage_embedder_close(embedder);
    options.source = path;
    return tripsage_embedder_open(&embedder, &options, NULL);
}

static const char *write_file(const char *name, const void *data, size_t size)
{
    static char path[TEST_PATH_SIZE];
    FILE *file;

    test_path_join(path, folder, name);
    file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(data, 1, size, file), size);
    fclose(file);
    return path;
}

static tripsage_status open_text(const char *text)
{
    return open_path(write_file("words.txt", text, strlen(text)));
}

static void embed(float *out, const char *text)
{
    ck_assert_ok(tripsage_embedder_embed(out, embedder, TRIPSAGE_EMBED_QUERY, &text, 1));
}

static void same(const float *got, const float *want, size_t n, const char *what)
{
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(fabsf(got[i] - want[i]) <= 2e-6f, "%s: value %zu is %g, not %g", what, i, (double)got[i],
                      (double)want[i]);
}

/* ---- Model2Vec ---- */

typedef void each_row(tripsage_doc *row, const char *text);

/* Goes through what Model2Vec itself made of some texts. */
static void each_expected(each_row *look)
{
    char *all = test_file_read(MODELS "/expected.jsonl"), *line = all;
    size_t rows = 0;

    ck_assert_ptr_nonnull(all);
    for (char *end; (end = strchr(line, '\n')); line = end + 1, rows++) {
        tripsage_doc *row;

        ck_assert_ok(tripsage_doc_parse(&row, line, (size_t)(end - line)));
        look(row, tripsage_doc_text(row, "/text"));
        tripsage_doc_free(row);
    }
    ck_assert_uint_ge(rows, 30);
    free(all);
}

static void compare_with(tripsage_doc *row, const char *text, const char *member)
{
    float got[16], want[16];
    char pointer[32];

    for (size_t i = 0; i < 16; i++) {
        snprintf(pointer, sizeof pointer, "/%s/%zu", member, i);
        want[i] = (float)tripsage_doc_number(row, pointer, 99);
    }
    embed(got, text);
    same(got, want, 16, text);
}

static void compare_plain(tripsage_doc *row, const char *text)
{
    compare_with(row, text, "plain");
}

static void compare_mapped(tripsage_doc *row, const char *text)
{
    compare_with(row, text, "mapped");
}

START_TEST(a_model_embeds_as_model2vec_does)
{
    ck_assert_ok(open_path(MODELS "/plain"));
    ck_assert_uint_eq(tripsage_embedder_dimensions(embedder), 16);
    each_expected(compare_plain);
    ck_assert_ok(open_path(MODELS "/mapped/"));
    ck_assert_msg(strncmp(tripsage_embedder_name(embedder), "mapped-", 7) == 0, "%s", tripsage_embedder_name(embedder));
    each_expected(compare_mapped);
}
END_TEST

typedef struct tokens {
    uint32_t ids[1000];
    size_t count;
} tokens;

static void take_token(void *context, uint32_t token)
{
    tokens *t = context;

    t->ids[t->count++] = token;
}

static tripsage__wordpiece *wordpiece;

static void compare_tokens(tripsage_doc *row, const char *text)
{
    tokens got = {{0}, 0};
    size_t count = tripsage_doc_count(row, "/tokens");
    char pointer[32];

    tripsage__wordpiece_split(wordpiece, text, strlen(text), 512, take_token, &got);
    ck_assert_msg(got.count == count, "%s: %zu tokens, not %zu", text, got.count, count);
    for (size_t i = 0; i < count; i++) {
        snprintf(pointer, sizeof pointer, "/tokens/%zu", i);
        ck_assert_msg(got.ids[i] == (uint32_t)tripsage_doc_int(row, pointer, -1), "%s: token %zu", text, i);
    }
}

START_TEST(texts_become_the_tokens_of_hugging_face)
{
    tripsage__file file;

    ck_assert_ok(tripsage__file_map(&file, MODELS "/plain", "tokenizer.json", SIZE_MAX));
    ck_assert_ok(tripsage__wordpiece_read(&wordpiece, file.data, file.size, key));
    each_expected(compare_tokens);
    tripsage__wordpiece_free(wordpiece);
    tripsage__file_unmap(&file);
}
END_TEST

/* The same file under another name, without a text, or with another one. */
static void copy_model(const char *without, const char *with)
{
    static const char *const names[] = {"model.safetensors", "tokenizer.json", "config.json"};
    tripsage__file file;

    for (size_t i = 0; i < 3; i++) {
        ck_assert_ok(tripsage__file_map(&file, MODELS "/plain", names[i], SIZE_MAX));
        if (with && strcmp(names[i], without) == 0)
            write_file(names[i], with, strlen(with));
        else
            write_file(names[i], file.data, file.size);
        tripsage__file_unmap(&file);
    }
    if (without && !with) {
        char path[TEST_PATH_SIZE];

        test_path_join(path, folder, without);
        ck_assert_int_eq(unlink(path), 0);
    }
}

START_TEST(what_is_no_model_is_refused)
{
    static const struct {
        const char *name, *text;
        tripsage_status status;
        const char *says;
    } rows[] = {
        {"config.json", NULL, TRIPSAGE_ENOTFOUND, "config.json"},
        {"tokenizer.json", NULL, TRIPSAGE_ENOTFOUND, "tokenizer.json"},
        {"model.safetensors", NULL, TRIPSAGE_ENOTFOUND, "model.safetensors"},
        {"config.json", "{\"normalize\":", TRIPSAGE_ECORRUPT, "config.json"},
        {"tokenizer.json", "", TRIPSAGE_ECORRUPT, "no JSON"},
        {"tokenizer.json", "{\"model\":{\"type\":\"WordPiece\"}", TRIPSAGE_ECORRUPT, "no JSON"},
        {"tokenizer.json", "{\"model\":{\"type\":\"Unigram\",\"vocab\":[[\"a\",-1.5]]}}", TRIPSAGE_ENOTSUP,
         "\"Unigram\", and WordPiece is supported"},
        {"tokenizer.json", "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0}}}", TRIPSAGE_ENOTSUP, "\"BPE\""},
        {"tokenizer.json",
         "{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":0}},\"pre_tokenizer\":{\"type\":\"Metaspace\"}}",
         TRIPSAGE_ENOTSUP, "\"Metaspace\""},
        {"tokenizer.json",
         "{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":0}},\"normalizer\":{\"type\":\"Precompiled\"}}",
         TRIPSAGE_ENOTSUP, "the normaliser is not supported"},
        {"tokenizer.json",
         "{\"model\":{\"type\":\"WordPiece\",\"vocab\":{}},\"pre_tokenizer\":{\"type\":\"BertPreTokenizer\"}}",
         TRIPSAGE_ECORRUPT, "no vocabulary"},
        {"tokenizer.json",
         "{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":0,\"b\":400}},\"pre_tokenizer\":{\"type\":"
         "\"BertPreTokenizer\"}}",
         TRIPSAGE_ECORRUPT, "has 401 tokens"},
        {"tokenizer.json", "{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":-1}}}", TRIPSAGE_ECORRUPT,
         "number is none"},
        {"model.safetensors", "short", TRIPSAGE_ECORRUPT, "longer than the file"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        copy_model(rows[i].name, rows[i].text);
        ck_assert_fails(open_path(folder), rows[i].status);
        ck_assert_msg(strstr(tripsage_last_error()->message, rows[i].says) != NULL, "%zu: %s", i,
                      tripsage_last_error()->message);
    }
    copy_model(NULL, NULL);
    ck_assert_ok(open_path(folder));
}
END_TEST

START_TEST(another_model_at_the_same_place_has_another_name)
{
    char name[TRIPSAGE_EMBEDDER_NAME_MAX + 1];
    tripsage_embedder_options options = TRIPSAGE_EMBEDDER_OPTIONS_INIT;

    copy_model(NULL, NULL);
    ck_assert_ok(open_path(folder));
    strcpy(name, tripsage_embedder_name(embedder));
    ck_assert_ok(open_path(folder));
    ck_assert_str_eq(tripsage_embedder_name(embedder), name);
    copy_model("config.json", "{\"normalize\":false}");
    ck_assert_ok(open_path(folder));
    ck_assert_str_ne(tripsage_embedder_name(embedder), name);
    tripsage_embedder_close(embedder);
    options.source = folder;
    options.name = "ours";
    options.dimensions = 16;
    ck_assert_ok(tripsage_embedder_open(&embedder, &options, NULL));
    ck_assert_str_eq(tripsage_embedder_name(embedder), "ours");
    tripsage_embedder_close(embedder);
    options.dimensions = 15;
    ck_assert_fails(tripsage_embedder_open(&embedder, &options, NULL), TRIPSAGE_EINVALID);
    ck_assert_str_eq(tripsage_last_error()->fields[0].pointer, "#dimensions");
}
END_TEST

/* ---- safetensors ---- */

/* A file with this head and so many bytes of numbers. */
static size_t make_tensors(char *out, const char *head, const void *numbers, size_t size)
{
    size_t length = strlen(head);

    memset(out, 0, 8);
    out[0] = (char)(length & 0xff);
    out[1] = (char)(length >> 8);
    memcpy(out + 8, head, length);
    memcpy(out + 8 + length, numbers, size);
    return 8 + length + size;
}

START_TEST(numbers_of_every_kind_are_read)
{
    static const struct {
        const char *dtype;
        const unsigned char bytes[16];
        size_t size;
        float want[2];
    } rows[] = {
        {"F32", {0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0}, 8, {1.0f, -2.5f}},
        {"F16", {0, 0x3c, 0, 0xc1}, 4, {1.0f, -2.5f}},
        {"F16", {0x01, 0x00, 0xff, 0x83}, 4, {0x1p-24f, -0x3ffp-24f}}, /* without the hidden bit */
        {"F16", {0xff, 0x7b, 0x00, 0x80}, 4, {65504.0f, -0.0f}},
        {"BF16", {0x80, 0x3f, 0x20, 0xc0}, 4, {1.0f, -2.5f}},
        {"F64", {0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 4, 0xc0}, 16, {1.0f, -2.5f}},
        {"I8", {0x7f, 0x80}, 2, {127.0f, -128.0f}},
        {"I32", {1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff}, 8, {1.0f, -2.0f}},
        {"I64", {1, 0, 0, 0, 0, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 16, {1.0f, -2.0f}},
    };
    char head[200], file[400];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tripsage__tensor tensor;
        float got[2];
        size_t size;

        snprintf(head, sizeof head, "{\"t\":{\"dtype\":\"%s\",\"shape\":[1,2],\"data_offsets\":[0,%zu]}} ",
                 rows[i].dtype, rows[i].size);
        size = make_tensors(file, head, rows[i].bytes, rows[i].size);
        ck_assert_ok(tripsage__tensor_find(&tensor, file, size, "t"));
        ck_assert_uint_eq(tensor.rows, 1);
        ck_assert_uint_eq(tensor.columns, 2);
        tripsage__tensor_row(got, &tensor, 0);
        ck_assert_msg(got[0] == rows[i].want[0] && got[1] == rows[i].want[1], "row %zu: %g %g", i, (double)got[0],
                      (double)got[1]);
        tensor.rows = 2;
        tensor.columns = 1;
        ck_assert_msg((float)tripsage__tensor_number(&tensor, 1) == rows[i].want[1], "row %zu", i);
        if (tensor.dtype >= TRIPSAGE__I64)
            ck_assert_int_eq(tripsage__tensor_integer(&tensor, 1), (int64_t)rows[i].want[1]);
    }
}
END_TEST

START_TEST(tensors_that_do_not_fit_are_refused)
{
    static const struct {
        const char *head;
        tripsage_status status;
    } rows[] = {
        {"{}", TRIPSAGE_ENOTFOUND},
        {"{\"t\":null}", TRIPSAGE_ENOTFOUND},
        {"{\"t\":", TRIPSAGE_ECORRUPT},
        {"{\"t\":7}", TRIPSAGE_ENOTSUP},
        {"{\"t\":{\"dtype\":\"F8\",\"shape\":[1,2],\"data_offsets\":[0,8]}}", TRIPSAGE_ENOTSUP},
        {"{\"t\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", TRIPSAGE_ECORRUPT},
        {"{\"t\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}", TRIPSAGE_ENOTSUP},
        {"{\"t\":{\"dtype\":\"F32\",\"shape\":[1,1,2],\"data_offsets\":[0,8]}}", TRIPSAGE_ENOTSUP},
        {"{\"t\":{\"dtype\":\"F32\",\"shape\":[1.5,2],\"data_offsets\":[0,8]}}", TRIPSAGE_ECORRUPT},
        {"{\"t\":{\"dtype\":\"F32\",\"shape\":[-1,2],\"data_offsets\":[0,8]}}", TRIPSAGE_ECORRUPT},
        {"{\"t\":{\"dtype\":\"F32\",\"shape\":[0,2],\"data_offsets\":[0,0]}}", TRIPSAGE_ECORRUPT},
        {"{\"t\":{\"dtype\":\"F32\",\"shape\":[1,2]}}", TRIPSAGE_ECORRUPT},
        {"{\"t\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,9]}}", TRIPSAGE_ECORRUPT},
        {"{\"t\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[8,0]}}", TRIPSAGE_ECORRUPT},
        {"{\"t\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,7]}}", TRIPSAGE_ECORRUPT},
        {"{\"t\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,8]}}", TRIPSAGE_ECORRUPT},
        {"{\"t\":{\"dtype\":\"F32\",\"shape\":[4611686018427387905,2],\"data_offsets\":[0,8]}}", TRIPSAGE_ECORRUPT},
        {"{\"t\":{\"dtype\":\"F32\",\"shape\":[4503599627370496,4503599627370496],\"data_offsets\":[0,8]}}",
         TRIPSAGE_ECORRUPT},
    };
    static const char numbers[8];
    char file[400];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tripsage__tensor tensor;
        size_t size = make_tensors(file, rows[i].head, numbers, sizeof numbers);
        tripsage_status status = tripsage__tensor_find(&tensor, file, size, "t");

        ck_assert_msg(status == rows[i].status, "%s: %s", rows[i].head, tripsage_status_name(status));
    }
}
END_TEST

/* ---- word vectors ---- */

START_TEST(word_vectors_are_read_in_every_form)
{
    static const char *const files[] = {
        "sea 3 4\nsand 0 -2\nquelle 1 0\n",
        "3 2\nsea 3 4\nsand 0 -2\nquelle 1 0\n",                 /* word2vec, fastText */
        "3 2\r\nsea 3 4 \r\nsand 0 -2 \r\nquelle 1e0 0.0 \r\n",  /* as on Windows, with a space at the end */
        "sea\t3.0\t4.0\nsand\t-0\t-2e+0\nquelle 10e-1 0",        /* tabs, no end of the last line */
        "sea 3 4\nsand 0 -2\nsand 7 7\n. . . 5 5\nquelle 1 0\n", /* twice: the first; a word with spaces */
    };
    float got[2];

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        ck_assert_ok(open_text(files[i]));
        ck_assert_uint_eq(tripsage_embedder_dimensions(embedder), 2);
        embed(got, "The SEA!");
        same(got, (const float[]){0.6f, 0.8f}, 2, files[i]);
        embed(got, "sand");
        same(got, (const float[]){0, -1}, 2, files[i]);
        embed(got, "nothing known");
        same(got, (const float[]){0, 0}, 2, files[i]);
        embed(got, "");
        same(got, (const float[]){0, 0}, 2, files[i]);
    }
}
END_TEST

/* As written, in small letters, without marks: the first that is there. */
START_TEST(words_are_found_as_they_are_written)
{
    static const char text[] = "Turkey 1 0 0\nturkey 0 1 0\nsão 0 0 1\ntome 0 1 1\nÎLE 1 1 0\n";
    float got[3];

    ck_assert_ok(open_text(text));
    embed(got, "Turkey");
    same(got, (const float[]){1, 0, 0}, 3, "as written");
    embed(got, "TURKEY");
    same(got, (const float[]){0, 1, 0}, 3, "in small letters");
    embed(got, "São");
    same(got, (const float[]){0, 0, 1}, 3, "with its mark");
    embed(got, "tomé");
    same(got, (const float[]){0, 0.70710678f, 0.70710678f}, 3, "without its mark");
}
END_TEST

/* Smooth inverse frequency, written out again: the first of 64 words is common, the others less and less. */
START_TEST(frequent_words_weigh_less)
{
    char text[4096];
    size_t size = 0;
    float got[2];
    double harmonic = log(65.0) + 0.5772, first = 1e-3 / (1e-3 + 1 / harmonic),
           last = 1e-3 / (1e-3 + 1 / (64 * harmonic));
    double length = sqrt(first * first + last * last);

    for (int i = 0; i < 64; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "w%d %d %d\n", 99 - i, i < 63, i == 63);
    ck_assert_ok(open_text(text));
    embed(got, "w99 w36");
    same(got, (const float[]){(float)(first / length), (float)(last / length)}, 2, "by frequency");
    size = 0;
    for (int i = 0; i < 64; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "w%d %d %d\n", 10 + i, i < 63, i == 63);
    ck_assert_ok(open_text(text));
    embed(got, "w10 w73");
    same(got, (const float[]){0.70710678f, 0.70710678f}, 2, "in the order of the alphabet nothing is known");
}
END_TEST

START_TEST(what_are_no_word_vectors_is_refused)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"", "is empty"},
        {"\n", "line 1"},
        {"word\n", "line 1"},
        {"2 2\n", "no word"},
        {"sea 1 2\nsand 1\n", "line 2: expected a word and 2 numbers"},
        {"sea 1 2\n1 2\n", "line 2"},
        {"sea 1 2\nsand x 2\n", "line 2"},
        {"sea 1 2\n\nsand 1 2\n", "line 2"},
        {"1 3\nsea 1 2\n", "line 2: expected a word and 3 numbers"},
    };
    const char *const bad = "sea";
    float got[2];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_fails(open_text(rows[i].text), TRIPSAGE_ECORRUPT);
        ck_assert_msg(strstr(tripsage_last_error()->message, rows[i].says) != NULL, "%zu: %s", i,
                      tripsage_last_error()->message);
    }
    ck_assert_ok(open_text("sea 1-2 e\n"));
    ck_assert_fails(tripsage_embedder_embed(got, embedder, TRIPSAGE_EMBED_QUERY, &bad, 1), TRIPSAGE_ECORRUPT);
    ck_assert_fails(open_path("/nowhere/at/all"), TRIPSAGE_ENOTFOUND);
}
END_TEST

/* ---- what all have in common ---- */

START_TEST(the_built_in_one_is_one_of_them)
{
    const char *const texts[] = {"warm sand", "", "coral reefs"};
    static float got[3][TRIPSAGE_EMBEDDER_BUILTIN_DIMENSIONS], want[TRIPSAGE_EMBEDDER_BUILTIN_DIMENSIONS];
    tripsage_embedder_options options = TRIPSAGE_EMBEDDER_OPTIONS_INIT;

    ck_assert_ok(tripsage_embedder_open(&embedder, NULL, NULL));
    ck_assert_str_eq(tripsage_embedder_name(embedder), TRIPSAGE_EMBEDDER_BUILTIN);
    ck_assert_ok(tripsage_embedder_embed(got[0], embedder, TRIPSAGE_EMBED_DOCUMENT, texts, 3));
    for (size_t i = 0; i < 3; i++) {
        ck_assert_ok(tripsage_embed(want, texts[i], strlen(texts[i])));
        ck_assert_mem_eq(got[i], want, sizeof want);
    }
    ck_assert_ok(tripsage_embedder_embed(NULL, embedder, TRIPSAGE_EMBED_DOCUMENT, NULL, 0));
    ck_assert_fails(tripsage_embedder_embed(got[0], embedder, (tripsage_embed_purpose)7, texts, 3), TRIPSAGE_EINVALID);
    ck_assert_fails(tripsage_embedder_embed(NULL, embedder, TRIPSAGE_EMBED_QUERY, texts, 3), TRIPSAGE_EMISUSE);
    ck_assert_fails(
        tripsage_embedder_embed(got[0], embedder, TRIPSAGE_EMBED_QUERY, (const char *const[]){"a", "\xff"}, 2),
        TRIPSAGE_EINVALID);
    ck_assert_str_eq(tripsage_last_error()->fields[0].pointer, "/1");
    tripsage_embedder_close(embedder);
    options.name = "mine";
    ck_assert_fails(tripsage_embedder_open(&embedder, &options, NULL), TRIPSAGE_EINVALID);
    options.version = 2;
    ck_assert_fails(tripsage_embedder_open(&embedder, &options, NULL), TRIPSAGE_EINVALID);
}
END_TEST

/* Against strtod, which rounds correctly. */
START_TEST(decimal_numbers_are_read_exactly)
{
    static const char *const good[] = {"0",
                                       "-0",
                                       "1",
                                       "-12.5",
                                       "3.14159",
                                       "1e5",
                                       "1e-5",
                                       "0.1",
                                       ".5",
                                       "5.",
                                       "+7",
                                       "1e400",
                                       "1e-400",
                                       "123456789012345678901234567890",
                                       "0.30000000000000004",
                                       "2.2250738585072014e-308",
                                       "9007199254740993",
                                       "1.7976931348623157e308",
                                       "0.000001234",
                                       "12e22"};
    static const char *const bad[] = {"", "-", ".", "e5", "abc", "+.e1"};
    double value;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        double want = strtod(good[i], NULL);

        ck_assert_uint_eq(tripsage__pull_decimal(&value, good[i], strlen(good[i])), strlen(good[i]));
        ck_assert_msg(memcmp(&value, &want, sizeof want) == 0, "%s: %.17g", good[i], value);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_uint_eq(tripsage__pull_decimal(&value, bad[i], strlen(bad[i])), 0);
    srand(1);
    for (int i = 0; i < 20000; i++) {
        char text[64];
        double want;

        snprintf(text, sizeof text, "%s%d.%d%de%d", i % 2 ? "-" : "", rand() % 1000, rand(), rand() % 100,
                 rand() % 60 - 30);
        want = strtod(text, NULL);
        ck_assert_uint_eq(tripsage__pull_decimal(&value, text, strlen(text)), strlen(text));
        ck_assert_msg(memcmp(&value, &want, sizeof want) == 0, "%s", text);
    }
}
END_TEST

static size_t walk_all(const char *text)
{
    tripsage__pull w;

    tripsage__pull_begin(&w, text, strlen(text));
    return (size_t)(tripsage__pull_skip(&w) && tripsage__pull_end(&w));
}

START_TEST(json_is_walked_to_its_end)
{
    static const char *const good[] = {"{}", " [ ] ", "[1,-2.5e3,true,false,null,\"a\\u00e9\\n\"]",
                                       "{\"a\":{\"b\":[{},[[]]]},\"c\":\"\\\"\"}", "7"};
    static const char *const bad[] = {"",     "{",   "[1,]",     "[1 2]",      "{\"a\"}", "{\"a\":}", "{a:1}", "tru",
                                      "[1]]", "\"a", "\"a\nb\"", "{\"a\":1,}", "nul",     "[}",       "-"};
    char deep[300];

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_msg(walk_all(good[i]), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!walk_all(bad[i]), "%s", bad[i]);
    memset(deep, '[', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    ck_assert(!walk_all(deep));
}
END_TEST

START_TEST(strings_are_unescaped)
{
    static const struct {
        const char *json, *want; /* NULL: refused */
    } rows[] = {{"\"\"", ""},
                {"\"a\\\\b\\/\\t\\\"\"", "a\\b/\t\""},
                {"\"\\u00e9\\u4e00\"", "\xc3\xa9\xe4\xb8\x80"},
                {"\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80"},
                {"\"\\ud83d\"", NULL},
                {"\"\\ude00\"", NULL},
                {"\"\\ud83dx\"", NULL},
                {"\"\\u12g4\"", NULL},
                {"\"\\x\"", NULL},
                {"\"\xff\"", NULL},
                {"\"\\", NULL}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tripsage__buf out = TRIPSAGE__BUF_INIT(64 * 1024);
        tripsage__pull w;

        tripsage__pull_begin(&w, rows[i].json, strlen(rows[i].json));
        ck_assert_msg(tripsage__pull_string(&w, &out) == (rows[i].want != NULL), "%s", rows[i].json);
        if (rows[i].want)
            ck_assert_str_eq(out.data, rows[i].want);
        tripsage__buf_free(&out);
    }
}
END_TEST

SUITE_MAIN_WITH("vector/static_embedder", set_up, tear_down, a_model_embeds_as_model2vec_does,
                texts_become_the_tokens_of_hugging_face, what_is_no_model_is_refused,
                another_model_at_the_same_place_has_another_name, numbers_of_every_kind_are_read,
                tensors_that_do_not_fit_are_refused, word_vectors_are_read_in_every_form,
                words_are_found_as_they_are_written, frequent_words_weigh_less, what_are_no_word_vectors_is_refused,
                the_built_in_one_is_one_of_them, decimal_numbers_are_read_exactly, json_is_walked_to_its_end,
                strings_are_unescaped)
