/* text_test.c: words as full-text search has them: asked of FTS5, code point by code point. */
#include "base/text.h"

#include <sqlite3.h>
#include <string.h>

#include "../suite.h"

/* ---- FTS5's tokenizer ---- */

typedef struct words {
    tripsage__buf text; /* "word@begin-end " for each */
} words;

static sqlite3 *db;
static fts5_tokenizer fts5;
static Fts5Tokenizer *tokenizer;

static void open_tokenizer(void)
{
    static const char *options[] = {"remove_diacritics", "2"};
    fts5_api *api = NULL;
    sqlite3_stmt *stmt;
    void *user;

    ck_assert_int_eq(sqlite3_open(":memory:", &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT fts5(?1)", -1, &stmt, NULL), SQLITE_OK);
    sqlite3_bind_pointer(stmt, 1, (void *)&api, "fts5_api_ptr", NULL);
    sqlite3_step(stmt);
    sqlite3_finalize(stmt);
    ck_assert_ptr_nonnull(api);
    ck_assert_int_eq(api->xFindTokenizer(api, "unicode61", &user, &fts5), SQLITE_OK);
    ck_assert_int_eq(fts5.xCreate(user, options, 2, &tokenizer), SQLITE_OK);
}

static void close_tokenizer(void)
{
    fts5.xDelete(tokenizer);
    sqlite3_close(db);
}

static int on_token(void *context, int flags, const char *token, int size, int begin, int end)
{
    words *w = context;

    (void)flags;
    tripsage__buf_printf(&w->text, "%.*s@%d-%d ", size, token, begin, end);
    return SQLITE_OK;
}

static void compare(const char *text, size_t size)
{
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(1024 * 1024);
    words theirs = {empty}, ours = {empty};
    tripsage__buf folded = empty;
    tripsage__text_span span = {0, 0};

    ck_assert_int_eq(fts5.xTokenize(tokenizer, &theirs, FTS5_TOKENIZE_DOCUMENT, text, (int)size, on_token), SQLITE_OK);
    while (tripsage__text_word(&span, &folded, text, size, span.end)) {
        tripsage__buf_printf(&ours.text, "%s@%d-%d ", folded.data, (int)span.begin, (int)span.end);
        folded.size = 0;
    }
    ck_assert_uint_eq(theirs.text.size, ours.text.size);
    if (theirs.text.size)
        ck_assert_str_eq(ours.text.data, theirs.text.data);
    tripsage__buf_free(&theirs.text);
    tripsage__buf_free(&ours.text);
    tripsage__buf_free(&folded);
}

static size_t encode(char *out, unsigned code)
{
    static const unsigned char leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

    for (size_t i = size; i-- > 1; code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)(leads[size] | code);
    return size;
}

START_TEST(every_code_point_is_what_fts5_takes_it_for)
{
    char text[8 * 256];

    for (unsigned first = 0; first < 0x110000; first += 128) {
        size_t size = 0;

        if (first >= 0xd800 && first < 0xe000)
            continue;
        for (unsigned code = first ? first : 1; code < first + 128; code++) { /* each inside a word, and alone */
            text[size++] = 'a';
            size += encode(text + size, code);
            text[size++] = 'b';
            text[size++] = ' ';
            size += encode(text + size, code);
            text[size++] = ' ';
        }
        compare(text, size);
    }
}
END_TEST

START_TEST(texts_are_taken_apart_as_fts5_does)
{
    static const char *const texts[] = {
        "",
        " ",
        "Kyoto",
        "Z\xc3\xbcrich, S\xc3\xa3o Paulo - caf\x65\xcc\x81s!",
        "\xcc\x81 a\xcc\x81\xcc\x82 \xcc\x81z",
        "\xd0\x9c\xd0\x9e\xd0\xa1\xd0\x9a\xd0\x92\xd0\x90",
        "\xe4\xba\xac\xe9\x83\xbd\xe3\x80\x81\xe6\x97\x85",
        "x\xf0\x9f\x8d\x9cy\xf0\x9f\xa4\xafz",
        "1.5 km_2 a-b \xe0\xa4\xb9\xe0\xa4\xbf\xe0\xa4\xa8\xe0\xa5\x8d\xe0\xa4\xa6\xe0\xa5\x80"};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        compare(texts[i], strlen(texts[i]));
}
END_TEST

START_TEST(bytes_that_are_no_text_end_words)
{
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(64);
    tripsage__buf folded = empty;
    tripsage__text_span span;

    ck_assert_int_eq(tripsage__text_word(&span, &folded,
                                         "\xff\xc3"
                                         "a\xc3",
                                         4, 0),
                     1);
    ck_assert_str_eq(folded.data, "a");
    ck_assert_uint_eq(span.begin, 2);
    ck_assert_uint_eq(span.end, 3);
    ck_assert_int_eq(tripsage__text_word(&span, &folded,
                                         "\xff\xc3"
                                         "a\xc3",
                                         4, 3),
                     0);
    tripsage__buf_free(&folded);
}
END_TEST

SUITE_MAIN_WITH("base/text", open_tokenizer, close_tokenizer, every_code_point_is_what_fts5_takes_it_for,
                texts_are_taken_apart_as_fts5_does, bytes_that_are_no_text_end_words)
