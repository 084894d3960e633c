/* support/expect.c: see expect.h. */
#include "expect.h"

#include <stdlib.h>
#include <string.h>

#define DOCS_MAX 65536 /* more than the longest test makes */

static tripsage_doc *docs[DOCS_MAX];
static size_t doc_count;
static int pending; /* the last of docs was handed to a call whose answer has not been looked at */
static char nowhere;

tripsage_doc **test_out(void)
{
    ck_assert_msg(!pending, "two OUT without an OK or FAILS between them");
    ck_assert_msg(doc_count < DOCS_MAX, "more than %d documents in one test", DOCS_MAX);
    docs[doc_count] = (tripsage_doc *)(void *)&nowhere;
    pending = 1;
    return &docs[doc_count];
}

const char *test_error_text(void)
{
    const tripsage_error *error = tripsage_last_error();
    const char *text = test_format("%s: %s", tripsage_status_name(error->status), error->message);

    for (size_t i = 0; i < error->field_count; i++)
        text = test_format("%s [%s: %s]", text, error->fields[i].pointer, error->fields[i].message);
    return error->file ? test_format("%s (%s:%d)", text, error->file, error->line) : text;
}

tripsage_doc *test_ok(const char *file, int line, const char *call, tripsage_status status)
{
    tripsage_doc *doc = NULL;

    if (status != TRIPSAGE_OK) {
        pending = 0;
        ck_abort_msg("%s:%d: %s\n  wanted TRIPSAGE_OK\n  got    %s, %s", file, line, call, tripsage_status_name(status),
                     test_error_text());
    }
    if (pending) {
        pending = 0;
        doc = docs[doc_count];
        ck_assert_msg(doc && doc != (tripsage_doc *)(void *)&nowhere, "%s:%d: %s\n  succeeded without a document", file,
                      line, call);
        doc_count++;
    }
    return doc;
}

static int names_field(const char *pointer)
{
    const tripsage_error *error = tripsage_last_error();

    for (size_t i = 0; i < error->field_count; i++)
        if (strcmp(error->fields[i].pointer, pointer) == 0)
            return 1;
    return 0;
}

static void check_fields(const char *file, int line, const char *call, const char *const *fields, size_t field_count)
{
    const char *wanted = "";
    int missing = tripsage_last_error()->field_count != field_count;

    for (size_t i = 0; i < field_count; i++) {
        wanted = test_format("%s [%s]", wanted, fields[i]);
        missing |= !names_field(fields[i]);
    }
    if (missing)
        ck_abort_msg("%s:%d: %s\n  wanted fields%s\n  got    %s", file, line, call, wanted, test_error_text());
}

void test_fails(const char *file, int line, const char *call, tripsage_status want, tripsage_status got,
                const char *const *fields, size_t field_count)
{
    int left = pending && docs[doc_count] != NULL;

    pending = 0;
    if (got != want)
        ck_abort_msg("%s:%d: %s\n  wanted %s\n  got    %s%s%s", file, line, call, tripsage_status_name(want),
                     tripsage_status_name(got), got == TRIPSAGE_OK ? "" : ", ",
                     got == TRIPSAGE_OK ? "" : test_error_text());
    if (left)
        ck_abort_msg("%s:%d: %s\n  failed, but left something in *out", file, line, call);
    if (tripsage_last_error()->status != want || !*tripsage_last_error()->message)
        ck_abort_msg("%s:%d: %s\n  gave %s, but the last error is %s", file, line, call, tripsage_status_name(want),
                     test_error_text());
    if (fields)
        check_fields(file, line, call, fields, field_count);
}

void test_docs_free(void)
{
    for (size_t i = 0; i < doc_count; i++)
        tripsage_doc_free(docs[i]);
    doc_count = 0;
    pending = 0;
}

const char *json_of(const tripsage_doc *doc)
{
    return tripsage_doc_json(doc, NULL);
}

const char *text_of(tripsage_doc *doc, const char *pointer)
{
    const char *text = tripsage_doc_text(doc, pointer);

    ck_assert_msg(text != NULL, "no %s in %s", pointer, json_of(doc));
    return test_format("%s", text);
}

const char *id_of(tripsage_doc *doc)
{
    return text_of(doc, "/id");
}

void test_same_text(const char *file, int line, const char *got, const char *want)
{
    if ((got == NULL) != (want == NULL) || (got && strcmp(got, want) != 0))
        ck_abort_msg("%s:%d:\n  wanted %s\n  got    %s", file, line, want ? want : "(none)", got ? got : "(none)");
}

static void differs(const char *file, int line, tripsage_doc *doc, const char *pointer, const char *want)
{
    const char *got = test_json_at(json_of(doc), pointer);

    ck_abort_msg("%s:%d: %s\n  wanted %s\n  got    %s\n  in %s", file, line, pointer, want, got ? got : "(absent)",
                 json_of(doc));
}

void test_is_text(const char *file, int line, tripsage_doc *doc, const char *pointer, const char *want)
{
    const char *got = tripsage_doc_text(doc, pointer);

    if (!got || strcmp(got, want) != 0)
        differs(file, line, doc, pointer, test_format("\"%s\"", want));
}

void test_is_int(const char *file, int line, tripsage_doc *doc, const char *pointer, int64_t want)
{
    if (tripsage_doc_int(doc, pointer, want - 1) != want)
        differs(file, line, doc, pointer, test_format("%lld", (long long)want));
}

void test_is_json(const char *file, int line, tripsage_doc *doc, const char *pointer, const char *want)
{
    const char *got = test_json_at(json_of(doc), pointer);

    if (!got || strcmp(got, want) != 0)
        differs(file, line, doc, pointer, want);
}

void test_is_count(const char *file, int line, tripsage_doc *doc, const char *pointer, size_t want)
{
    if (tripsage_doc_count(doc, pointer) != want)
        differs(file, line, doc, pointer, test_format("%zu elements", want));
}

void test_is_none(const char *file, int line, tripsage_doc *doc, const char *pointer)
{
    const char *got = test_json_at(json_of(doc), pointer);

    if (got && strcmp(got, "null") != 0)
        differs(file, line, doc, pointer, "nothing");
}
