/* tokenizer.c: descriptions of tokenizers of anybody's, and behind a NUL a text to take apart by one that is good. Every token is one of
 * its own. */
#include <string.h>

#include "base/json.h"
#include "fuzz.h"
#include "vector/embedder/wordpiece.h"

typedef struct tokens {
    const tripsage__wordpiece *wordpiece;
    size_t count;
} tokens;

static void take(void *context, uint32_t token)
{
    tokens *t = context;

    FUZZ_CHECK(token < tripsage__wordpiece_size(t->wordpiece));
    t->count++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint64_t key[2] = {3, 5};
    static const char standard[] = "Warm SAND, \xc3\xa9t\xc3\xa9 [UNK] \xe6\x9d\xb1\xe4\xba\xac\xed\x95\x9c";
    const uint8_t *end = size ? memchr(data, 0, size) : NULL;
    size_t length = end ? (size_t)(end - data) : size;
    const char *text = end ? (const char *)end + 1 : standard;
    size_t text_size = end ? size - length - 1 : sizeof standard - 1;
    tripsage__wordpiece *wordpiece;
    tokens t;

    if (tripsage__wordpiece_read(&wordpiece, (const char *)data, length, key) != TRIPSAGE_OK) {
        FUZZ_CHECK(wordpiece == NULL);
        return 0;
    }
    t.wordpiece = wordpiece;
    t.count = 0;
    if (tripsage__utf8_valid(text, text_size))
        tripsage__wordpiece_split(wordpiece, text, text_size, 512, take, &t);
    FUZZ_CHECK(t.count <= 512);
    (void)tripsage__wordpiece_median(wordpiece);
    tripsage__wordpiece_free(wordpiece);
    return 0;
}
