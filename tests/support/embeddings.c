#include "support/embeddings.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tripsage/doc.h>

#include "base/buf.h"
#include "base/crypto.h"

void test_embeddings_value(float out[TEST_EMBEDDING_DIMENSIONS], const char *text)
{
    unsigned sum = 17;

    for (const char *c = text; *c; c++)
        sum = sum * 31 + (unsigned char)*c;
    for (size_t d = 0; d < TEST_EMBEDDING_DIMENSIONS; d++)
        out[d] = (float)((sum >> (8 * d)) & 0xff) / 64.0f - 1.0f;
}

static void put_vector(tripsage__buf *out, const char *text, int as_base64)
{
    float values[TEST_EMBEDDING_DIMENSIONS];
    char coded[64];

    test_embeddings_value(values, text);
    if (as_base64) {
        size_t size = tripsage__base64_encode(coded, values, sizeof values);

        while (size % 4)
            coded[size++] = '=';
        coded[size] = '\0';
        tripsage__buf_printf(out, "\"%s\"", coded);
        return;
    }
    for (size_t d = 0; d < TEST_EMBEDDING_DIMENSIONS; d++)
        tripsage__buf_printf(out, "%s%.9g", d ? ", " : "[", (double)values[d]);
    tripsage__buf_puts(out, "]");
}

static void put_answer(tripsage__buf *out, test_embeddings *s, tripsage_doc *request)
{
    int as_base64 = !s->floats && strcmp(tripsage_doc_text(request, "/encoding_format"), "base64") == 0;
    size_t count = tripsage_doc_count(request, "/input"), bytes = 0;
    char pointer[32];

    tripsage__buf_puts(out, "{\"object\": \"list\", \"data\": [");
    for (size_t n = 0; n < count; n++) {
        size_t i = s->backwards ? count - 1 - n : n;
        const char *text;

        snprintf(pointer, sizeof pointer, "/input/%zu", i);
        text = tripsage_doc_text(request, pointer);
        bytes += strlen(text);
        tripsage__buf_puts(out, n ? ",\n{\"object\":\"embedding\"," : "{\"object\":\"embedding\",");
        if (!s->no_index)
            tripsage__buf_printf(out, "\"index\":%zu,", i);
        tripsage__buf_puts(out, "\"embedding\":");
        put_vector(out, text, as_base64);
        tripsage__buf_puts(out, "}");
    }
    tripsage__buf_puts(
        out, "], \"model\": \"text-embedding-3-small\", \"usage\": {\"prompt_tokens\": 5, \"total_tokens\": 5}}");
    s->texts += (long)count;
    s->largest_batch = count > s->largest_batch ? count : s->largest_batch;
    s->largest_bytes = bytes > s->largest_bytes ? bytes : s->largest_bytes;
}

struct test_embeddings_answer {
    struct test_embeddings_answer *before;
    char text[];
};

static const char *keep(test_embeddings *s, const tripsage__buf *text)
{
    struct test_embeddings_answer *kept = malloc(sizeof *kept + text->size + 1);

    ck_assert_ptr_nonnull(kept);
    memcpy(kept->text, text->data, text->size + 1);
    kept->before = s->answers;
    s->answers = kept;
    return kept->text;
}

static void answer(test_web_reply *reply, const test_web_request *r, void *user)
{
    tripsage__buf out = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    test_embeddings *s = user;
    tripsage_doc *request = NULL;

    pthread_mutex_lock(&s->lock);
    snprintf(s->last_body, sizeof s->last_body, "%s", r->body);
    snprintf(s->last_head, sizeof s->last_head, "%s", r->head);
    reply->status = 200;
    if (strcmp(r->target, "/v1/embeddings") != 0 || strcmp(r->method, "POST") != 0)
        reply->status = 404;
    if (s->bad > 0) {
        s->bad--;
        reply->status = s->status ? s->status : 200;
        reply->headers = s->headers;
        reply->delay_ms = s->delay_ms;
        reply->hang_up = s->hang_up;
        reply->body = s->body ? s->body : "{\"error\":{\"message\":\"not today\",\"code\":null}}";
    } else if (s->refuses_base64 && strstr(r->body, "base64")) {
        reply->status = 400;
        reply->body = "{\"error\":{\"message\":\"unknown value for encoding_format\"}}";
    } else if (tripsage_doc_parse(&request, r->body, r->body_size) == TRIPSAGE_OK) {
        put_answer(&out, s, request);
        reply->body = keep(s, &out);
        tripsage__buf_free(&out);
        tripsage_doc_free(request);
    } else {
        reply->status = 400;
    }
    pthread_mutex_unlock(&s->lock);
}

void test_embeddings_open(test_embeddings *server)
{
    memset(server, 0, sizeof *server);
    pthread_mutex_init(&server->lock, NULL);
    server->web = test_web_open(answer, server, TEST_PEER_PLAIN);
}

void test_embeddings_close(test_embeddings *server)
{
    test_web_close(server->web);
    server->web = NULL;
    for (struct test_embeddings_answer *a = server->answers, *before; a; a = before) {
        before = a->before;
        free(a);
    }
    pthread_mutex_destroy(&server->lock);
}

const char *test_embeddings_url(const test_embeddings *server)
{
    static char url[128];

    snprintf(url, sizeof url, "%s/v1", test_web_url(server->web));
    return url;
}
