/* redis/connection.c: see connection.h. The protocol is RESP2, which every server speaks before it is asked for another. */
#include "connection.h"

#include <string.h>

#include "base/memory.h"

/* What is read at once. */
#define CHUNK (16u * 1024)

/* ---- flights ---- */

void tripsage__redis_flight_free(tripsage__redis_flight *flight)
{
    tripsage__reply_free(&flight->reply);
    tripsage__buf_free(&flight->commands);
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

/* ---- replies ----
 *
 * hiredis tells of each item as it comes, an array before what is in it, and they are written down as they are told. */

static void *create_text(const redisReadTask *task, char *text, size_t size)
{
    tripsage__reply *reply = task->privdata;

    tripsage__reply_put(reply,
                        task->type == REDIS_REPLY_STATUS  ? TRIPSAGE_CACHE_STATUS
                        : task->type == REDIS_REPLY_ERROR ? TRIPSAGE_CACHE_ERROR
                                                          : TRIPSAGE_CACHE_STRING,
                        text, size);
    return reply->failed == TRIPSAGE_OK ? reply : NULL;
}

static void *create_integer(const redisReadTask *task, long long value)
{
    tripsage__reply *reply = task->privdata;

    tripsage__reply_integer(reply, value);
    return reply->failed == TRIPSAGE_OK ? reply : NULL;
}

static void *create_nil(const redisReadTask *task)
{
    tripsage__reply *reply = task->privdata;

    tripsage__reply_nil(reply);
    return reply->failed == TRIPSAGE_OK ? reply : NULL;
}

#if HIREDIS_MAJOR >= 1
typedef size_t hiredis_count;
#else
typedef int hiredis_count;
#endif

/* Maps and sets are of a protocol that was not asked for. */
static void *create_array(const redisReadTask *task, hiredis_count count)
{
    tripsage__reply *reply = task->privdata;

    if (task->type != REDIS_REPLY_ARRAY)
        return NULL;
    tripsage__reply_array(reply, (size_t)count);
    return reply->failed == TRIPSAGE_OK ? reply : NULL;
}

#if HIREDIS_MAJOR >= 1
static void *refuse_double(const redisReadTask *task, double value, char *text, size_t size)
{
    (void)task;
    (void)value;
    (void)text;
    (void)size;
    return NULL;
}

static void *refuse_bool(const redisReadTask *task, int value)
{
    (void)task;
    (void)value;
    return NULL;
}
#endif

/* What was written down goes with the flight. */
static void keep(void *reply)
{
    (void)reply;
}

static redisReplyObjectFunctions writers = {
    .createString = create_text,
    .createArray = create_array,
    .createInteger = create_integer,
    .createNil = create_nil,
#if HIREDIS_MAJOR >= 1
    .createDouble = refuse_double,
    .createBool = refuse_bool,
#endif
    .freeObject = keep,
};

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

/* An error is told by its code alone: the sentence behind it may quote the password. */
static tripsage_status check_login(tripsage__redis_flight *flight)
{
    tripsage_cache_reply *reply;
    tripsage_status status = tripsage__reply_finish(&reply, &flight->reply);

    for (size_t i = 0; status == TRIPSAGE_OK && i < reply->count; i++)
        if (reply->items[i].type == TRIPSAGE_CACHE_ERROR) {
            size_t size = strspn(reply->items[i].data, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

            flight->trouble = TRIPSAGE__REFUSED;
            status = TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "the cache's server refuses: %.*s",
                                   size < 16 ? (int)size : 16, reply->items[i].data);
        }
    tripsage_cache_reply_free(reply);
    return status;
}

static tripsage_status log_in(tripsage__redis_connection *connection, tripsage__trouble *trouble,
                              const tripsage__redis_address *address, int64_t deadline)
{
    tripsage__redis_flight flight = TRIPSAGE__REDIS_FLIGHT_INIT(TRIPSAGE__CACHE_PIPELINE);
    tripsage_status status = TRIPSAGE_OK;

    put_login(&flight, address);
    if (flight.count) {
        TRIPSAGE_TRY(tripsage__redis_exchange(&flight, connection, deadline));
        status = check_login(&flight);
    }
out:
    if (flight.trouble)
        *trouble = flight.trouble;
    tripsage__redis_flight_free(&flight);
    return status;
}

tripsage_status tripsage__redis_connection_new(tripsage__redis_connection **out)
{
    *out = tripsage__calloc(1, sizeof **out);
    if (!*out)
        return TRIPSAGE_NOMEM();
    (*out)->stream.socket = -1;
    (*out)->reader = redisReaderCreateWithFunctions(&writers);
    if ((*out)->reader)
        return TRIPSAGE_OK;
    tripsage__redis_disconnect(*out);
    *out = NULL;
    return TRIPSAGE_NOMEM();
}

tripsage_status tripsage__redis_connect(tripsage__redis_connection **out, tripsage__trouble *trouble,
                                        const tripsage__redis_address *address, const tripsage__tls_trust *trust,
                                        int64_t deadline)
{
    tripsage__redis_connection *connection;
    tripsage_status status;

    *out = NULL;
    *trouble = TRIPSAGE__NO_TROUBLE;
    TRIPSAGE_TRY(tripsage__redis_connection_new(&connection));
    TRIPSAGE_TRY(tripsage__redis_stream_open(&connection->stream, address, trust, deadline));
    TRIPSAGE_TRY(log_in(connection, trouble, address, deadline));
    *out = connection;
    return TRIPSAGE_OK;
out:
    if (status == TRIPSAGE_EUNAVAILABLE && !*trouble)
        *trouble = TRIPSAGE__SILENT;
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

/* ---- bytes in ---- */

static tripsage_status garbled(tripsage__redis_flight *flight, const char *what)
{
    flight->trouble = TRIPSAGE__GARBLED;
    return TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "%s", what);
}

static tripsage_status failed(tripsage__redis_flight *flight)
{
    return flight->reply.failed == TRIPSAGE_OK ? garbled(flight, "the answer is not Redis's protocol")
                                               : TRIPSAGE_NOMEM();
}

/* Of a transaction: what comes before the last reply is gone again, unless it is an error, which is the last one then. */
static void sift(tripsage__reply *reply, size_t begun, int is_last)
{
    if (begun > 0 || (!is_last && reply->items[begun].type != TRIPSAGE_CACHE_ERROR))
        tripsage__reply_cut(reply, begun);
}

/* What is complete. */
static tripsage_status take_replies(tripsage__redis_flight *flight, size_t *done, redisReader *reader)
{
    while (*done < flight->count) {
        void *complete = NULL;

        reader->privdata = &flight->reply;
        if (redisReaderGetReply(reader, &complete) != REDIS_OK)
            return failed(flight);
        if (flight->reply.bytes.failed != TRIPSAGE_OK)
            return flight->reply.bytes.failed == TRIPSAGE_ENOMEM ? TRIPSAGE_NOMEM()
                                                                 : garbled(flight, "the answer is too large");
        if (!complete)
            return TRIPSAGE_OK;
        ++*done;
        if (flight->mode == TRIPSAGE__CACHE_TRANSACTION)
            sift(&flight->reply, flight->begun, *done == flight->count);
        flight->begun = flight->reply.count;
    }
    return TRIPSAGE_OK;
}

tripsage_status tripsage__redis_feed(tripsage__redis_flight *flight, size_t *done,
                                     tripsage__redis_connection *connection, const char *bytes, size_t size)
{
    if (redisReaderFeed(connection->reader, bytes, size) != REDIS_OK)
        return TRIPSAGE_NOMEM();
    return take_replies(flight, done, connection->reader);
}

/* A reply in pieces is kept by hiredis until it is whole, so all that comes is bounded, too. */
static tripsage_status receive(tripsage__redis_flight *flight, tripsage__redis_connection *connection, int64_t deadline)
{
    char chunk[CHUNK];
    size_t done = 0, all = 0, got;
    tripsage_status status = TRIPSAGE_OK;

    if (flight->mode == TRIPSAGE__CACHE_PIPELINE)
        tripsage__reply_array(&flight->reply, flight->count);
    while (done < flight->count) {
        TRIPSAGE_TRY(tripsage__redis_stream_receive(&got, &connection->stream, chunk, sizeof chunk, deadline));
        all += got;
        if (all > TRIPSAGE__BUF_DOCUMENT)
            return garbled(flight, "the answer is too large");
        TRIPSAGE_TRY(tripsage__redis_feed(flight, &done, connection, chunk, got));
    }
    /* What comes unasked would be taken for the answer to the next question. */
    if (connection->reader->pos != connection->reader->len)
        status = garbled(flight, "the server answers what nobody asked");
out:
    return status;
}

tripsage_status tripsage__redis_exchange(tripsage__redis_flight *flight, tripsage__redis_connection *connection,
                                         int64_t deadline)
{
    tripsage_status status;

    TRIPSAGE_TRY(
        tripsage__redis_stream_send(&connection->stream, flight->commands.data, flight->commands.size, deadline));
    status = receive(flight, connection, deadline);
out:
    if (status == TRIPSAGE_EUNAVAILABLE && !flight->trouble)
        flight->trouble = TRIPSAGE__SILENT;
    return status;
}
