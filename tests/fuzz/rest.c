/* rest.c: the body of an answer of a Redis by REST. The first byte says for how many commands. */
#include <string.h>

#include "cache/upstash/answer.h"
#include "reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const tripsage__cache_bytes get[] = {{"GET", 3}, {"k", 1}}, ping[] = {{"PING", 4}};
    static const tripsage_cache_command_line lines[] = {{ping, 1}, {get, 2}, {ping, 1}, {get, 2}};
    tripsage__reply written = TRIPSAGE__REPLY_INIT;
    tripsage__cache_batch batch = {lines, 1, TRIPSAGE__CACHE_ONE, 0};
    tripsage_cache_reply *reply;
    char *text;

    if (size < 1)
        return 0;
    if (data[0] % 5) {
        batch.mode = TRIPSAGE__CACHE_PIPELINE;
        batch.count = data[0] % 5;
    }
    text = malloc(size);
    FUZZ_CHECK(text != NULL);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    if (tripsage__upstash_read(&written, text, size - 1, &batch)) {
        FUZZ_CHECK(tripsage__reply_finish(&reply, &written) == TRIPSAGE_OK);
        (void)fuzz_reply(reply, 1);
        FUZZ_CHECK(batch.mode == TRIPSAGE__CACHE_ONE || reply->count == batch.count);
        tripsage_cache_reply_free(reply);
    }
    tripsage__reply_free(&written);
    free(text);
    return 0;
}
