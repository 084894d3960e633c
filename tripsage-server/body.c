/* body.c: see body.h. */
#include "body.h"

#include <stdio.h>
#include <string.h>

#include "respond.h"

tripsage_doc *body_parse(request *r)
{
    tripsage_doc *body;
    tripsage_status status = tripsage_doc_parse(&body, r->body.data, r->body.length);

    if (status != TRIPSAGE_OK) {
        respond_failure(r, status);
        return NULL;
    }
    if (tripsage_doc_kind(body, "") != TRIPSAGE_KIND_OBJECT) {
        tripsage_doc_free(body);
        request_complain(r, "", "expected an object");
        respond_invalid(r);
        return NULL;
    }
    return body;
}

int body_has(tripsage_doc *body, const char *pointer)
{
    return tripsage_doc_kind(body, pointer) > TRIPSAGE_KIND_NULL;
}

const char *body_text(request *r, tripsage_doc *body, const char *pointer, size_t max)
{
    const char *value = tripsage_doc_text(body, pointer);

    if (!body_has(body, pointer))
        return NULL;
    if (!value || strlen(value) > max) {
        request_complain(r, pointer, "expected a text of at most %zu bytes", max);
        return NULL;
    }
    return value;
}

int64_t body_integer(request *r, tripsage_doc *body, const char *pointer, int64_t min, int64_t max, int64_t fallback)
{
    int64_t value = tripsage_doc_int(body, pointer, min - 1);

    if (!body_has(body, pointer))
        return fallback;
    if (value < min || value > max) {
        request_complain(r, pointer, "expected a whole number from %lld to %lld", (long long)min, (long long)max);
        return fallback;
    }
    return value;
}

size_t body_texts(request *r, tripsage_doc *body, const char *pointer, const char **out, size_t max)
{
    size_t count = tripsage_doc_count(body, pointer);
    char element[160];

    if (!body_has(body, pointer))
        return 0;
    if (tripsage_doc_kind(body, pointer) != TRIPSAGE_KIND_ARRAY || count > max) {
        request_complain(r, pointer, "expected an array of at most %zu texts", max);
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        snprintf(element, sizeof element, "%s/%zu", pointer, i);
        out[i] = tripsage_doc_text(body, element);
        if (!out[i]) {
            request_complain(r, element, "expected a text");
            return 0;
        }
    }
    return count;
}

static int is_among(const char *name, size_t length, const char *names)
{
    for (const char *end; *names; names = *end ? end + 1 : end) {
        end = names + strcspn(names, " ");
        if ((size_t)(end - names) == length && memcmp(names, name, length) == 0)
            return 1;
    }
    return 0;
}

/* A long name is cut, between two characters. */
static void complain_of_member(request *r, const char *name, size_t length)
{
    char pointer[64] = "/";

    if (length > sizeof pointer - 2) {
        length = sizeof pointer - 2;
        while (length > 0 && ((unsigned char)name[length] & 0xC0) == 0x80)
            length--;
    }
    memcpy(pointer + 1, name, length);
    request_complain(r, pointer, "there is no such member here");
}

/* The document wrote the text anew: an object, compact, its strings well-formed. A string at its first level is a name when a colon
 * follows. */
void body_only(request *r, const tripsage_doc *body, const char *names)
{
    int depth = 0;

    for (const char *p = tripsage_doc_json(body, NULL); *p; p++) {
        const char *name = p + 1;

        depth += (*p == '{' || *p == '[') - (*p == '}' || *p == ']');
        if (*p != '"')
            continue;
        for (p++; *p != '"'; p++)
            p += *p == '\\';
        if (depth == 1 && p[1] == ':' && !is_among(name, (size_t)(p - name), names))
            complain_of_member(r, name, (size_t)(p - name));
    }
}

int body_accept(request *r, tripsage_doc *body)
{
    if (r->error_count == 0)
        return 1;
    tripsage_doc_free(body);
    respond_invalid(r);
    return 0;
}
