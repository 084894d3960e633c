/* preconditions.c: see preconditions.h. */
#include "preconditions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "respond.h"

/* More versions than a client can sensibly hold of one record. */
#define TAGS_MAX 8

typedef struct tag {
    const char *text; /* between the quotes */
    size_t length;
    int weak;
} tag;

static const char *skip_blanks(const char *p)
{
    return p + strspn(p, " \t");
}

/* Reads one entity tag; NULL when there is none. */
static const char *read_tag(const char *p, tag *out)
{
    out->weak = strncmp(p, "W/", 2) == 0;
    p += out->weak ? 2 : 0;
    if (*p != '"')
        return NULL;
    out->text = ++p;
    out->length = strcspn(p, "\"");
    return p[out->length] == '"' ? p + out->length + 1 : NULL;
}

/* How many tags a list holds, 0 for "*", -1 when it is malformed or too long. */
static int read_tags(const char *list, tag tags[TAGS_MAX])
{
    const char *p = skip_blanks(list);
    int count = 0;

    if (*p == '*')
        return *skip_blanks(p + 1) ? -1 : 0;
    do {
        if (count == TAGS_MAX)
            return -1;
        p = read_tag(skip_blanks(p), &tags[count++]);
        if (!p)
            return -1;
        p = skip_blanks(p);
    } while (*p++ == ',');
    return p[-1] == '\0' ? count : -1;
}

/* The version a tag stands for, with or without a digest behind it; a number no record has when it is none of ours. */
static int64_t tag_version(const tag *t)
{
    size_t digits = strspn(t->text, "0123456789");

    if (digits == 0 || digits > 18 || (digits != t->length && t->text[digits] != '-'))
        return INT64_MAX;
    return strtoll(t->text, NULL, 10);
}

/* 64 bits that differ when the bytes do, as good as always; eight bytes a step, after FNV-1a (Fowler, Noll, Vo). Nobody gains by making two
 * answers alike: they are his own. */
static uint64_t digest(const char *bytes, size_t length)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325) ^ length, word;

    for (size_t at = 0; at < length; at += sizeof word) {
        word = 0;
        memcpy(&word, bytes + at, length - at < sizeof word ? length - at : sizeof word);
        sum = (sum ^ word) * UINT64_C(0x100000001b3);
        sum ^= sum >> 32;
    }
    return sum;
}

void precondition_tag(request *r, int64_t version, const char *body, size_t length)
{
    snprintf(r->response.etag, sizeof r->response.etag, "%lld-%016llx", (long long)version,
             (unsigned long long)digest(body, length));
}

int precondition_write(request *r, attempt make, tripsage_doc **out, tripsage_status *status)
{
    tripsage_write_options options = TRIPSAGE_WRITE_OPTIONS_INIT;
    tag tags[TAGS_MAX];
    int count = r->headers[HEADER_IF_MATCH] ? read_tags(r->headers[HEADER_IF_MATCH], tags) : 0;

    *out = NULL;
    if (count < 0) {
        respond_problem(r, 400, "MALFORMED_REQUEST", "If-Match: expected entity tags such as \"3\", at most %d, or *",
                        TAGS_MAX);
        return 0;
    }
    if (count == 0)
        *status = make(r, out, &options);
    for (int i = 0; i < count; i++) {
        /* If-Match compares strongly, so a weak tag matches nothing. */
        options.if_version = tags[i].weak ? INT64_MAX : tag_version(&tags[i]);
        if (options.if_version == 0)
            options.if_version = INT64_MAX;
        *status = make(r, out, &options);
        if (*status != TRIPSAGE_EPRECONDITION)
            break;
    }
    return 1;
}

int precondition_not_modified(const request *r)
{
    const char *list = r->headers[HEADER_IF_NONE_MATCH];
    tag tags[TAGS_MAX];
    int count;

    if (!list || (r->method != METHOD_GET && r->method != METHOD_HEAD))
        return 0;
    count = read_tags(list, tags);
    for (int i = 0; i < count; i++)
        if (tags[i].length == strlen(r->response.etag) && memcmp(tags[i].text, r->response.etag, tags[i].length) == 0)
            return 1;
    return count == 0;
}

/* The key without the quotes of a structured string (RFC 8941), or NULL. */
static const char *read_key(request *r, const char *value)
{
    size_t length = strlen(value), kept = 0;
    int quoted = value[0] == '"';
    char *key = request_keep(r, length + 1);

    if (!key || (quoted && (length < 2 || value[length - 1] != '"')))
        return NULL;
    for (size_t i = (size_t)quoted; i < length - (size_t)quoted; i++) {
        char c = value[i];

        if (quoted && c == '\\' && ++i < length - 1)
            c = value[i];
        else if (quoted && (c == '"' || c == '\\'))
            return NULL;
        if (c < 0x20 || c > 0x7e)
            return NULL;
        key[kept++] = c;
    }
    key[kept] = '\0';
    return kept >= 1 && kept <= 255 ? key : NULL;
}

int precondition_create(request *r, tripsage_write_options *options)
{
    const char *value = r->headers[HEADER_IDEMPOTENCY_KEY];

    if (!value)
        return 1;
    options->idempotency_key = read_key(r, value);
    if (options->idempotency_key)
        return 1;
    respond_problem(r, 400, "MALFORMED_REQUEST", "Idempotency-Key: expected 1 to 255 printable ASCII characters");
    return 0;
}
