/* resp.c: what a Redis server, or somebody at its place, sends. The first byte says for what: how many commands, and whether they are a
 * transaction; the second in what pieces the rest comes. The pieces make no difference. */
#include "cache/redis/connection.h"
#include "reply.h"

typedef struct outcome {
    tripsage_status status;
    size_t done;
    uint64_t sum;
} outcome;

static outcome feed(const uint8_t *data, size_t size, size_t piece, size_t count, tripsage__cache_mode mode)
{
    tripsage__redis_flight flight = TRIPSAGE__REDIS_FLIGHT_INIT(mode);
    tripsage__redis_connection *connection;
    tripsage_cache_reply *reply;
    outcome o = {TRIPSAGE_OK, 0, 0};

    FUZZ_CHECK(tripsage__redis_connection_new(&connection) == TRIPSAGE_OK);
    flight.count = count;
    if (mode == TRIPSAGE__CACHE_PIPELINE)
        tripsage__reply_array(&flight.reply, count);
    for (size_t at = 0; o.status == TRIPSAGE_OK && o.done < count && at < size; at += piece)
        o.status = tripsage__redis_feed(&flight, &o.done, connection, (const char *)data + at,
                                        size - at < piece ? size - at : piece);
    FUZZ_CHECK(o.status == TRIPSAGE_OK || o.status == TRIPSAGE_EUNAVAILABLE);
    FUZZ_CHECK((o.status == TRIPSAGE_OK) == (flight.trouble == TRIPSAGE__NO_TROUBLE));
    if (o.status == TRIPSAGE_OK && o.done == count) {
        FUZZ_CHECK(tripsage__reply_finish(&reply, &flight.reply) == TRIPSAGE_OK);
        o.sum = fuzz_reply(reply, 1);
        tripsage_cache_reply_free(reply);
    }
    tripsage__redis_flight_free(&flight);
    tripsage__redis_disconnect(connection);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const tripsage__cache_mode modes[] = {TRIPSAGE__CACHE_ONE, TRIPSAGE__CACHE_PIPELINE,
                                                 TRIPSAGE__CACHE_TRANSACTION};
    tripsage__cache_mode mode;
    outcome whole, pieces;
    size_t count;

    if (size < 2)
        return 0;
    mode = modes[data[0] % 3];
    count = mode == TRIPSAGE__CACHE_ONE ? 1 : 1 + data[0] / 3 % 8;
    whole = feed(data + 2, size - 2, size, count, mode);
    pieces = feed(data + 2, size - 2, 1 + data[1] % 16, count, mode);
    if (whole.status == TRIPSAGE_OK && whole.done == count)
        FUZZ_CHECK(pieces.status == TRIPSAGE_OK && pieces.done == count && pieces.sum == whole.sum);
    return 0;
}
