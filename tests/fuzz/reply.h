/* reply.h: what holds of every reply of a cache, whatever a server sent. */
#ifndef TRIPSAGE_TESTS_FUZZ_REPLY_H
#define TRIPSAGE_TESTS_FUZZ_REPLY_H

#include "cache/command/reply.h"
#include "fuzz.h"

/* Every byte can be read, texts are ended, and what is no array has no items. Gives a number that two replies have in common when they
 * are the same. */
static inline uint64_t fuzz_reply(const tripsage_cache_reply *reply, uint64_t sum)
{
    int is_text = reply->type == TRIPSAGE_CACHE_STATUS || reply->type == TRIPSAGE_CACHE_STRING ||
                  reply->type == TRIPSAGE_CACHE_ERROR;

    sum = sum * 31 + (uint64_t)reply->type + (uint64_t)reply->integer;
    FUZZ_CHECK(reply->type <= TRIPSAGE_CACHE_ERROR);
    FUZZ_CHECK((reply->data != NULL) == is_text);
    FUZZ_CHECK(is_text || reply->size == 0);
    FUZZ_CHECK(!is_text || reply->data[reply->size] == '\0');
    for (size_t i = 0; i < reply->size; i++)
        sum = sum * 31 + (unsigned char)reply->data[i];
    FUZZ_CHECK(reply->type == TRIPSAGE_CACHE_ARRAY || reply->count == 0);
    for (size_t i = 0; i < reply->count; i++)
        sum = fuzz_reply(&reply->items[i], sum);
    return sum;
}

#endif
