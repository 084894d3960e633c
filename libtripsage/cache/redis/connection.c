/* redis/connection.c: see connection.h. The protocol is RESP2, which every server speaks before it is asked for another. */
#include "connection.h"

#include <string.h>

#include "base/memory.h"

/* What is read at once. */
#define CHUNK (16u * 1024)

/* ---- flights ---- */

void tripsage__redis_flight_free(tripsage__redis_flight *flight)
{
    for (size_t i = 0; flight->replies && i < flight->count; i++)
        freeReplyObject(flight->replies[i]);
    tripsage__free(flight->replies);
    tripsage__buf_free(&flight->commands);
    flight->replies = NULL;
    flight->count = 0;
}

/* An array of strings, each with its length before it. */
void tripsage__redis_put(tripsage__redis_flight *flight, const tripsage__cache_bytes *words, size_t count)
{
    tripsage__buf *out = &flight->commands;

    tripsage__buf_printf(out, "*%zu\r\n", count);
    for (size_t i = 0; i < count; i++) {
        tripsage__buf_printf(out, "$%zu\r\n", words[i].size);
        tripsage__buf_put(out, words[i].data, words[i].size);
        TRIPSAGE__LIT(out, "\r\n");
    }
    flight->count++;
}

const redisReply *tripsage__redis_first_error(const tripsage__redis_flight *flight)
{
    for (size_t i = 0; i < flight->count; i++) {
        const redisReply *reply = flight->replies[i];

        if (reply->type == REDIS_REPLY_ERROR)
            return reply;
        for (size_t j = 0; reply->type == REDIS_REPLY_ARRAY && j < reply->elements; j++)
            if (reply->element[j]->type == REDIS_REPLY_ERROR)
                return reply->element[j];
    }
    return NULL;
}

/* Codes have at most some 11 letters (WRONGPASS, CLUSTERDOWN). */
size_t tripsage__redis_error_code_size(const redisReply *error)
{
    size_t size = strspn(error->str, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

    return size < 16 ? size : 16;
}

/* ---- a connection ---- */

static void put_login(tripsage__redis_flight *flight, const tripsage__redis_address *address)
{
    tripsage__cache_bytes password = {address->password, address->password ? strlen(address->password) : 0};
    tripsage__cache_bytes database = {address->database, strlen(address->database)};

    if (address->password && address->user)
        TRIPSAGE__REDIS_PUT(flight, TRIPSAGE__REDIS_WORD("AUTH"), {address->user, strlen(address->user)}, password);
    else if (address->password)
        TRIPSAGE__REDIS_PUT(flight, TRIPSAGE__REDIS_WORD("AUTH"), password);
    if (database.size)
        TRIPSAGE__REDIS_PUT(flight, TRIPSAGE__REDIS_WORD("SELECT"), database);
}

static tripsage_status log_in(tripsage__redis_connection *connection, const tripsage__redis_address *address,
                              int64_t deadline)
{
    tripsage__redis_flight flight = TRIPSAGE__REDIS_FLIGHT_INIT;
    const redisReply *error;
    tripsage_status status = TRIPSAGE_OK;

    put_login(&flight, address);
    if (flight.count)
        TRIPSAGE_TRY(tripsage__redis_exchange(&flight, connection, deadline));
    error = tripsage__redis_first_error(&flight);
    if (error)
        status = TRIPSAGE__REDIS_REFUSED(error);
out:
    tripsage__redis_flight_free(&flight);
    return status;
}

tripsage_status tripsage__redis_connect(tripsage__redis_connection **out, const tripsage__redis_address *address,
                                        const tripsage__tls_trust *trust, int64_t deadline)
{
    tripsage__redis_connection *connection = tripsage__calloc(1, sizeof *connection);
    tripsage_status status = TRIPSAGE_ENOMEM;

    *out = NULL;
    if (!connection)
        return TRIPSAGE_NOMEM();
    connection->stream.socket = -1;
    connection->reader = redisReaderCreate();
    if (!connection->reader) {
        status = TRIPSAGE_NOMEM();
        goto out;
    }
    TRIPSAGE_TRY(tripsage__redis_stream_open(&connection->stream, address, trust, deadline));
    TRIPSAGE_TRY(log_in(connection, address, deadline));
    *out = connection;
    return TRIPSAGE_OK;
out:
    tripsage__redis_disconnect(connection);
    return status;
}

void tripsage__redis_disconnect(tripsage__redis_connection *connection)
{
    if (!connection)
        return;
    tripsage__redis_stream_close(&connection->stream);
    if (connection->reader)
        redisReaderFree(connection->reader);
    tripsage__free(connection);
}

static tripsage_status reader_failed(const redisReader *reader)
{
    return reader->err == REDIS_ERR_OOM ? TRIPSAGE_NOMEM()
                                        : TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "the answer is not Redis's protocol");
}

/* Takes what is complete off the reader; *have counts up to the flight's. */
static tripsage_status take_replies(tripsage__redis_flight *flight, size_t *have, redisReader *reader)
{
    while (*have < flight->count) {
        void *reply = NULL;

        if (redisReaderGetReply(reader, &reply) != REDIS_OK)
            return reader_failed(reader);
        if (!reply)
            return TRIPSAGE_OK;
        flight->replies[(*have)++] = reply;
    }
    /* What comes unasked would be taken for the answer to the next question. */
    return reader->pos == reader->len ? TRIPSAGE_OK
                                      : TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "the server answers what nobody asked");
}

static tripsage_status receive(tripsage__redis_flight *flight, tripsage__redis_connection *connection, int64_t deadline)
{
    char chunk[CHUNK];
    size_t have = 0, got;
    tripsage_status status = TRIPSAGE_OK;

    while (have < flight->count) {
        TRIPSAGE_TRY(tripsage__redis_stream_receive(&got, &connection->stream, chunk, sizeof chunk, deadline));
        if (redisReaderFeed(connection->reader, chunk, got) != REDIS_OK)
            return reader_failed(connection->reader);
        TRIPSAGE_TRY(take_replies(flight, &have, connection->reader));
    }
out:
    return status;
}

tripsage_status tripsage__redis_exchange(tripsage__redis_flight *flight, tripsage__redis_connection *connection,
                                         int64_t deadline)
{
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__buf_status(&flight->commands));
    flight->replies = tripsage__calloc(flight->count, sizeof *flight->replies);
    if (!flight->replies)
        return TRIPSAGE_NOMEM();
    TRIPSAGE_TRY(
        tripsage__redis_stream_send(&connection->stream, flight->commands.data, flight->commands.size, deadline));
    status = receive(flight, connection, deadline);
out:
    return status;
}
