/* support/embeddings.h: a server that embeds as OpenAI's API does, of the test's own: POST /v1/embeddings. Vectors have 4 dimensions and
 * say which text they are of, so that one in another's place shows. */
#ifndef TEST_SUPPORT_EMBEDDINGS_H
#define TEST_SUPPORT_EMBEDDINGS_H

#include <pthread.h>

#include "web.h"

enum { TEST_EMBEDDING_DIMENSIONS = 4 };

typedef struct test_embeddings {
    test_web *web;
    pthread_mutex_t lock; /* held while it answers */

    /* What it does: to be set while nobody asks. */
    int floats, backwards, no_index, refuses_base64;
    int bad;             /* how many of the next answers are none: */
    int status;          /* their status; 0: 200 */
    const char *headers; /* as in test_web_reply */
    const char *body;    /* NULL: an error in OpenAI's form */
    int delay_ms, hang_up;

    /* What it saw. */
    char last_body[1 << 20], last_head[16384];
    long texts;                             /* embedded */
    struct test_embeddings_answer *answers; /* all it gave, which its connections may still be sending */
    size_t largest_batch, largest_bytes;
} test_embeddings;

/* All settings are 0. */
void test_embeddings_open(test_embeddings *server);
void test_embeddings_close(test_embeddings *server);

/* "http://127.0.0.1:port/v1"; kept. */
const char *test_embeddings_url(const test_embeddings *server);

void test_embeddings_value(float out[TEST_EMBEDDING_DIMENSIONS], const char *text);

#endif
