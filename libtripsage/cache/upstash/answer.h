/* cache/upstash/answer.h: what comes back, as a reply.
 *
 *     {"result": X}   {"error": "ERR ..."}   and for several commands an array of these
 *
 * with X null, an integer, a string in base64 (but for the word OK), or an array of such. */
#ifndef TRIPSAGE_CACHE_UPSTASH_ANSWER_H
#define TRIPSAGE_CACHE_UPSTASH_ANSWER_H

#include "cache/command/reply.h"
#include "cache/remote/remote.h"

/* Writes the answer to a batch, as one item. 0 when the text is something else; what was written then is to be thrown away, as it is
 * when the reply failed for want of memory, which it says itself. `text` has a NUL behind it. */
int tripsage__upstash_read(tripsage__reply *out, const char *text, size_t size, const tripsage__cache_batch *batch);

#endif
