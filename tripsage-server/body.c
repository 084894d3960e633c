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

int body_accept(request *r, tripsage_doc *body)
{
    if (r->error_count == 0)
        return 1;
    tripsage_doc_free(body);
    respond_invalid(r);
    return 0;
}
