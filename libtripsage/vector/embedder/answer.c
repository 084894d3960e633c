/* answer.c: see answer.h. Numbers go from the text into their row; a tree of a batch of them would be hundred megabytes. */
#include "answer.h"

#include <math.h>
#include <string.h>

#include "base/crypto.h"
#include "base/memory.h"
#include "pull.h"

/* As collections take them (tripsage/vector.h). */
#define VALUE_MAX 1e17

typedef struct reading {
    float *out;
    size_t count, seen, unnumbered;
    uint32_t dimensions;
    unsigned char *taken;
    float *row;
    tripsage__pull pull;
    tripsage__buf name, text;
    tripsage_status status;
} reading;

static int fail(reading *r, tripsage_status status)
{
    if (r->status == TRIPSAGE_OK)
        r->status = status;
    r->pull.failed = 1;
    return 0;
}

static int is_named(const reading *r, const char *name)
{
    return r->name.size == strlen(name) && memcmp(r->name.data, name, r->name.size) == 0;
}

static int has_other_dimensions(reading *r, size_t found)
{
    return fail(r,
                TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "the model gives %zu dimensions, not %u", found, r->dimensions));
}

/* ---- one vector ---- */

static int take_value(reading *r, size_t at, double value)
{
    if (!(fabs(value) <= VALUE_MAX))
        return fail(r, TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "a number of a vector is none"));
    if (at < r->dimensions)
        r->row[at] = (float)value;
    return 1;
}

static int read_numbers(reading *r)
{
    size_t found = 0;
    double value;

    for (int more = tripsage__pull_array(&r->pull); more; more = tripsage__pull_more(&r->pull))
        if (!tripsage__pull_number(&r->pull, &value) || !take_value(r, found++, value))
            return 0;
    return found == r->dimensions || r->pull.failed ? !r->pull.failed : has_other_dimensions(r, found);
}

/* Little-endian whatever the machine is. */
static int read_base64(reading *r)
{
    unsigned char *bytes;
    int64_t size;
    int good = 1;

    if (!tripsage__pull_string(&r->pull, &r->text))
        return 0;
    bytes = tripsage__malloc(r->text.size + 1);
    if (!bytes)
        return fail(r, TRIPSAGE_NOMEM());
    size = tripsage__base64_decode(bytes, r->text.size + 1, r->text.data, r->text.size);
    if (size < 0 || size % 4)
        good =
            fail(r, TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "a vector is neither a list of numbers nor base64 of some"));
    else if (size / 4 != (int64_t)r->dimensions)
        good = has_other_dimensions(r, (size_t)size / 4);
    for (size_t i = 0; good && i < r->dimensions; i++) {
        const unsigned char *b = bytes + 4 * i;
        uint32_t bits = (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
        float value;

        memcpy(&value, &bits, sizeof value);
        good = take_value(r, i, (double)value);
    }
    tripsage__free(bytes);
    return good;
}

/* ---- items ---- */

static int put_row(reading *r, int has_index, double index)
{
    size_t at = r->seen;

    r->unnumbered += !has_index;
    if (has_index && (!(index >= 0 && index < (double)r->count) || (double)(size_t)index != index))
        return fail(r, TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "a vector is of no text that was sent"));
    if (has_index)
        at = (size_t)index;
    r->seen++;
    if (at >= r->count || r->taken[at] || (r->unnumbered && r->unnumbered != r->seen))
        return fail(r, TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "more vectors than texts, or one twice"));
    r->taken[at] = 1;
    memcpy(r->out + at * r->dimensions, r->row, r->dimensions * sizeof *r->row);
    return 1;
}

static int read_item(reading *r)
{
    int has_index = 0, has_vector = 0;
    double index = 0;

    for (int more = tripsage__pull_object(&r->pull); more; more = tripsage__pull_more(&r->pull)) {
        if (!tripsage__pull_name(&r->pull, &r->name))
            return 0;
        if (is_named(r, "index"))
            has_index = tripsage__pull_number(&r->pull, &index);
        else if (is_named(r, "embedding"))
            has_vector = tripsage__pull_peek(&r->pull) == '"' ? read_base64(r) : read_numbers(r);
        else
            tripsage__pull_skip(&r->pull);
    }
    if (r->pull.failed)
        return 0;
    return has_vector ? put_row(r, has_index, index)
                      : fail(r, TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "an item has no vector"));
}

static void read_answer(reading *r)
{
    for (int more = tripsage__pull_object(&r->pull); more; more = tripsage__pull_more(&r->pull)) {
        if (!tripsage__pull_name(&r->pull, &r->name))
            return;
        if (!is_named(r, "data"))
            tripsage__pull_skip(&r->pull);
        else
            for (int item = tripsage__pull_array(&r->pull); item; item = tripsage__pull_more(&r->pull))
                if (!read_item(r))
                    return;
    }
}

tripsage_status tripsage__embedding_answer_read(float *out, size_t count, uint32_t dimensions, const char *json,
                                                size_t size)
{
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    reading r;

    memset(&r, 0, sizeof r);
    r.out = out;
    r.count = count;
    r.dimensions = dimensions;
    r.name = r.text = empty;
    r.taken = tripsage__calloc(count, 1);
    r.row = tripsage__calloc(dimensions, sizeof *r.row);
    if (r.taken && r.row) {
        tripsage__pull_begin(&r.pull, json, size);
        read_answer(&r);
        if (r.status == TRIPSAGE_OK && !tripsage__pull_end(&r.pull))
            r.status = r.pull.nomem
                           ? TRIPSAGE_NOMEM()
                           : TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "the answer is no JSON, or none of embeddings");
        if (r.status == TRIPSAGE_OK && r.seen != count)
            r.status = TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "%zu vectors came for %zu texts", r.seen, count);
    } else {
        r.status = TRIPSAGE_NOMEM();
    }
    tripsage__buf_free(&r.name);
    tripsage__buf_free(&r.text);
    tripsage__free(r.taken);
    tripsage__free(r.row);
    return r.status;
}

/* ---- what went wrong ---- */

static void keep(char out[160], const tripsage__buf *text)
{
    size_t size = text->size < 159 ? text->size : 159;

    memcpy(out, text->data, size);
    out[size] = '\0';
    for (char *c = out; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = ' ';
    tripsage__end_with_character(out);
}

static void read_problem(char out[160], reading *r, int depth)
{
    for (int more = tripsage__pull_object(&r->pull); more; more = tripsage__pull_more(&r->pull)) {
        int tells;

        if (!tripsage__pull_name(&r->pull, &r->name))
            return;
        tells = is_named(r, "message") || (depth == 0 && is_named(r, "error"));
        if (tells && tripsage__pull_peek(&r->pull) == '"' && tripsage__pull_string(&r->pull, &r->text))
            keep(out, &r->text);
        else if (depth == 0 && is_named(r, "error") && tripsage__pull_peek(&r->pull) == '{')
            read_problem(out, r, 1);
        else
            tripsage__pull_skip(&r->pull);
    }
}

void tripsage__embedding_problem_read(char out[160], const char *json, size_t size)
{
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(64 * 1024);
    reading r;

    memset(&r, 0, sizeof r);
    r.name = r.text = empty;
    out[0] = '\0';
    tripsage__pull_begin(&r.pull, json, size);
    read_problem(out, &r, 0);
    tripsage__buf_free(&r.name);
    tripsage__buf_free(&r.text);
}
