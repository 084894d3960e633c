/* gzip.c: the home of zlib.h: a body in the gzip format (RFC 1952). */
#include <limits.h>
#include <zlib.h>

#include "base/memory.h"
#include "telemetry_internal.h"

/* 1: batches of spans are much the same over and over, so that the least effort already takes nine tenths away. */
#define EFFORT 1

static void *allocate(void *user, unsigned count, unsigned size)
{
    (void)user;
    return tripsage__calloc(count, size);
}

static void give_back(void *user, void *block)
{
    (void)user;
    tripsage__free(block);
}

tripsage_status tripsage__gzip(tripsage__buf *out, const void *bytes, size_t size)
{
    z_stream stream = {.zalloc = allocate, .zfree = give_back};
    tripsage_status status;
    int code;

    if (size > TRIPSAGE__BUF_DOCUMENT) /* zlib counts in 32 bits */
        return TRIPSAGE_FAIL(TRIPSAGE_ETOOLARGE, "more than %zu bytes to compress", TRIPSAGE__BUF_DOCUMENT);
    if (deflateInit2(&stream, EFFORT, Z_DEFLATED, MAX_WBITS + 16, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
        return TRIPSAGE_NOMEM();
    TRIPSAGE_TRY(tripsage__buf_reserve(out, deflateBound(&stream, (uLong)size)));
    stream.next_in = (Bytef *)(uintptr_t)bytes;
    stream.avail_in = (uInt)size;
    stream.next_out = (Bytef *)out->data;
    stream.avail_out = (uInt)(out->capacity - 1);
    code = deflate(&stream, Z_FINISH);
    if (code == Z_STREAM_END)
        out->size = stream.total_out;
    else
        status = TRIPSAGE_FAIL_NATIVE(TRIPSAGE_EINTERNAL, code, "zlib did not come to an end");
out:
    deflateEnd(&stream);
    return status;
}
