/* base/doc.c: documents: made by the rooms, read by the caller. */
#include "doc.h"

#include <stdlib.h>

#include "memory.h"

tripsage_status tripsage__doc_new(tripsage_doc **out, size_t hint)
{
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    tripsage_doc *doc = tripsage__calloc(1, sizeof *doc);

    *out = NULL;
    if (!doc)
        return TRIPSAGE_NOMEM();
    doc->json = empty;
    if (tripsage__buf_reserve(&doc->json, hint) != TRIPSAGE_OK) {
        tripsage_doc_free(doc);
        return TRIPSAGE_NOMEM();
    }
    *out = doc;
    return TRIPSAGE_OK;
}

tripsage_status tripsage_doc_parse(tripsage_doc **out, const char *json, size_t length)
{
    tripsage__json *tree;
    tripsage_doc *doc;
    tripsage_status status = tripsage__json_parse(&tree, json, length);

    *out = NULL;
    if (status != TRIPSAGE_OK)
        return status;
    status = tripsage__doc_new(&doc, length == TRIPSAGE_NUL ? strlen(json) : length);
    if (status != TRIPSAGE_OK) {
        tripsage__json_free(tree);
        return status;
    }
    doc->tree = tree;
    tripsage__json_put(&doc->json, tree);
    return tripsage__doc_finish(out, doc, TRIPSAGE_OK);
}

tripsage_status tripsage__doc_finish(tripsage_doc **out, tripsage_doc *doc, tripsage_status status)
{
    *out = NULL;
    if (status == TRIPSAGE_OK && doc)
        status = tripsage__buf_status(&doc->json);
    if (status == TRIPSAGE_OK)
        *out = doc;
    else
        tripsage_doc_free(doc);
    return status;
}

struct tripsage__kept_value {
    struct tripsage__kept_value *next;
    char *text;
};

void tripsage_doc_free(tripsage_doc *doc)
{
    if (!doc)
        return;
    while (doc->kept) {
        struct tripsage__kept_value *next = doc->kept->next;

        tripsage__free(doc->kept->text);
        tripsage__free(doc->kept);
        doc->kept = next;
    }
    tripsage__buf_free(&doc->json);
    tripsage__json_free(doc->tree);
    tripsage__free(doc->next);
    tripsage__free(doc);
}

const char *tripsage_doc_json(const tripsage_doc *doc, size_t *length)
{
    if (length)
        *length = doc ? doc->json.size : 0;
    return doc && doc->json.data ? doc->json.data : "";
}

int64_t tripsage_doc_version(const tripsage_doc *doc)
{
    return doc ? doc->version : 0;
}

const char *tripsage_doc_next(const tripsage_doc *doc)
{
    return doc ? doc->next : NULL;
}

int tripsage_doc_cached(const tripsage_doc *doc)
{
    return doc ? (int)doc->cached - TRIPSAGE__DOC_MISS : -1;
}

int tripsage_doc_replayed(const tripsage_doc *doc)
{
    return doc ? doc->replayed : 0;
}

/* ---- accessors ---- */

/* One reference token of a JSON Pointer compared with a member's name: ~1 is /, ~0 is ~. */
static int token_is(const char *token, size_t length, const char *name)
{
    for (size_t i = 0; i < length; i++, name++) {
        char c = token[i];

        if (c == '~' && i + 1 < length && (token[i + 1] == '0' || token[i + 1] == '1'))
            c = token[++i] == '1' ? '/' : '~';
        if (*name == '\0' || *name != c)
            return 0;
    }
    return *name == '\0';
}

static const tripsage__json *step_into(const tripsage__json *node, const char *token, size_t length)
{
    const tripsage__json *child = tripsage__json_first(node);

    if (tripsage__json_is_object(node)) {
        while (child && !token_is(token, length, tripsage__json_name(child)))
            child = tripsage__json_next(child);
        return child;
    }
    if (tripsage__json_is_array(node) && length && length < 10 && (token[0] != '0' || length == 1)) {
        size_t index = 0;

        for (size_t i = 0; i < length; i++) {
            if (token[i] < '0' || token[i] > '9')
                return NULL;
            index = index * 10 + (size_t)(token[i] - '0');
        }
        while (child && index--)
            child = tripsage__json_next(child);
        return child;
    }
    return NULL;
}

tripsage_status tripsage__doc_read(tripsage_doc *doc)
{
    tripsage_status status = TRIPSAGE_OK;

    if (!doc->tree)
        status = tripsage__json_parse_trusted(&doc->tree, doc->json.data ? doc->json.data : "", doc->json.size);
    doc->unparsable = status != TRIPSAGE_OK;
    return status;
}

static const tripsage__json *locate(tripsage_doc *doc, const char *pointer)
{
    const tripsage__json *node;

    if (!doc || !pointer)
        return NULL;
    if (!doc->unparsable)
        (void)tripsage__doc_read(doc);
    node = doc->tree;
    while (node && *pointer == '/') {
        size_t length = strcspn(++pointer, "/");

        node = step_into(node, pointer, length);
        pointer += length;
    }
    return *pointer == '\0' ? node : NULL;
}

const char *tripsage_doc_text(tripsage_doc *doc, const char *pointer)
{
    return tripsage__json_text(locate(doc, pointer));
}

int64_t tripsage_doc_int(tripsage_doc *doc, const char *pointer, int64_t fallback)
{
    const tripsage__json *node = locate(doc, pointer);
    double number = tripsage__json_number(node);

    /* 2^63 is the first double that no int64_t is. */
    if (!tripsage__json_is_number(node) || number < -9223372036854775808.0 || number >= 9223372036854775808.0 ||
        number != (double)(int64_t)number)
        return fallback;
    return (int64_t)number;
}

double tripsage_doc_number(tripsage_doc *doc, const char *pointer, double fallback)
{
    const tripsage__json *node = locate(doc, pointer);

    return tripsage__json_is_number(node) ? tripsage__json_number(node) : fallback;
}

int tripsage_doc_bool(tripsage_doc *doc, const char *pointer, int fallback)
{
    const tripsage__json *node = locate(doc, pointer);

    return tripsage__json_is_bool(node) ? tripsage__json_true(node) : fallback;
}

size_t tripsage_doc_count(tripsage_doc *doc, const char *pointer)
{
    return tripsage__json_count(locate(doc, pointer));
}

tripsage_kind tripsage_doc_kind(tripsage_doc *doc, const char *pointer)
{
    const tripsage__json *node = locate(doc, pointer);

    if (!node)
        return TRIPSAGE_KIND_ABSENT;
    if (tripsage__json_is_object(node))
        return TRIPSAGE_KIND_OBJECT;
    if (tripsage__json_is_array(node))
        return TRIPSAGE_KIND_ARRAY;
    if (tripsage__json_is_string(node))
        return TRIPSAGE_KIND_TEXT;
    if (tripsage__json_is_number(node))
        return TRIPSAGE_KIND_NUMBER;
    return tripsage__json_is_bool(node) ? TRIPSAGE_KIND_BOOL : TRIPSAGE_KIND_NULL;
}

const char *tripsage_doc_value(tripsage_doc *doc, const char *pointer, size_t *length)
{
    tripsage__buf text = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    const tripsage__json *node = locate(doc, pointer);
    struct tripsage__kept_value *kept = node ? tripsage__malloc(sizeof *kept) : NULL;

    if (length)
        *length = 0;
    if (!kept)
        return NULL;
    tripsage__json_put(&text, node);
    if (text.failed != TRIPSAGE_OK) {
        tripsage__buf_free(&text);
        tripsage__free(kept);
        return NULL;
    }
    kept->text = tripsage__buf_take(&text, length);
    kept->next = doc->kept;
    doc->kept = kept;
    return kept->text;
}
