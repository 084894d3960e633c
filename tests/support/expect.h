/* support/expect.h: what a call should answer, said in one line; a failure prints both sides, with the library's own account of it.
 *
 *     tripsage_doc *trip = OK(tripsage_trip_create(OUT, world->trips, world->owner, json, TRIPSAGE_NUL, NULL));
 *     IS_TEXT(trip, "/title", "Kyoto");
 *     FAILS(TRIPSAGE_ENOTFOUND, tripsage_trip_get(OUT, world->trips, world->stranger, id_of(trip)));
 *     FAILS_AT(TRIPSAGE_EINVALID, tripsage_trip_create(OUT, ...), "/title", "/end_date");
 *
 * OUT is a place for one document, which starts as a pointer to nowhere: a call that fails must have set it to NULL. Documents are
 * freed by test_docs_free (the world's teardown calls it). One OUT per OK or FAILS, so do not nest them. One thread only. */
#ifndef TEST_SUPPORT_EXPECT_H
#define TEST_SUPPORT_EXPECT_H

#include <check.h>
#include <tripsage/tripsage.h>

#include "json.h"

#define OUT test_out()

/* The call succeeds; gives the document written to OUT, NULL for a call without one. */
#define OK(call) test_ok(__FILE__, __LINE__, #call, (call))

/* The call gives exactly this status, leaves NULL in OUT, and tells the error. */
#define FAILS(status, call) test_fails(__FILE__, __LINE__, #call, (status), (call), NULL, 0)

/* And names exactly these fields, in any order. */
#define FAILS_AT(status, call, ...)                                                                                    \
    test_fails(__FILE__, __LINE__, #call, (status), (call), (const char *const[]){__VA_ARGS__},                        \
               sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

/* And has this reason, the finer code. */
#define FAILS_AS(status, code, call)                                                                                   \
    do {                                                                                                               \
        FAILS(status, call);                                                                                           \
        SAME_TEXT(tripsage_last_error()->reason, code);                                                                \
    } while (0)

#define IS_TEXT(doc, pointer, want)  test_is_text(__FILE__, __LINE__, (doc), (pointer), (want))
#define IS_INT(doc, pointer, want)   test_is_int(__FILE__, __LINE__, (doc), (pointer), (want))
#define IS_JSON(doc, pointer, want)  test_is_json(__FILE__, __LINE__, (doc), (pointer), (want))
#define IS_COUNT(doc, pointer, want) test_is_count(__FILE__, __LINE__, (doc), (pointer), (want))
/* Absent or null. */
#define IS_NONE(doc, pointer) test_is_none(__FILE__, __LINE__, (doc), (pointer))
#define SAME_TEXT(got, want)  test_same_text(__FILE__, __LINE__, (got), (want))

tripsage_doc **test_out(void);
tripsage_doc *test_ok(const char *file, int line, const char *call, tripsage_status status);
void test_fails(const char *file, int line, const char *call, tripsage_status want, tripsage_status got,
                const char *const *fields, size_t field_count);
void test_docs_free(void);

void test_is_text(const char *file, int line, tripsage_doc *doc, const char *pointer, const char *want);
void test_is_int(const char *file, int line, tripsage_doc *doc, const char *pointer, int64_t want);
void test_is_json(const char *file, int line, tripsage_doc *doc, const char *pointer, const char *want);
void test_is_count(const char *file, int line, tripsage_doc *doc, const char *pointer, size_t want);
void test_is_none(const char *file, int line, tripsage_doc *doc, const char *pointer);
void test_same_text(const char *file, int line, const char *got, const char *want);

/* The thread's last error as one kept line: "TRIPSAGE_EINVALID: message [/title: what was expected]". */
const char *test_error_text(void);

/* The text at a pointer of a document, copied; it has to be there. */
const char *text_of(tripsage_doc *doc, const char *pointer);

/* "id" of a document, copied. */
const char *id_of(tripsage_doc *doc);

/* The document's text. */
const char *json_of(const tripsage_doc *doc);

#endif
