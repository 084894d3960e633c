/* server.c: commands about the connection and the whole of the cache. */
#include <stdio.h>

#include "command.h"

static void ping(tripsage__command *c)
{
    if (c->count > 2)
        tripsage__command_arity(c);
    else if (c->count == 2)
        tripsage__reply_bytes(c->reply, c->args[1].data, c->args[1].size);
    else
        tripsage__reply_status(c->reply, "PONG");
}

static void echo(tripsage__command *c)
{
    tripsage__reply_bytes(c->reply, c->args[1].data, c->args[1].size);
}

static void time_now(tripsage__command *c)
{
    char text[24];

    tripsage__reply_array(c->reply, 2);
    snprintf(text, sizeof text, "%lld", (long long)(c->space->now_ms / 1000));
    tripsage__reply_text(c->reply, text);
    snprintf(text, sizeof text, "%lld", (long long)(c->space->now_ms % 1000 * 1000)); /* the clock has milliseconds */
    tripsage__reply_text(c->reply, text);
}

static void dbsize(tripsage__command *c)
{
    tripsage__reply_integer(c->reply, (int64_t)tripsage__keyspace_count(c->space));
}

static void flush(tripsage__command *c)
{
    if (c->count > 2 ||
        (c->count == 2 && !tripsage__command_is(c->args[1], "SYNC") && !tripsage__command_is(c->args[1], "ASYNC"))) {
        tripsage__command_syntax(c);
        return;
    }
    (void)tripsage__keyspace_clear(c->space);
    tripsage__reply_ok(c->reply);
}

/* There is one database. */
static void select_database(tripsage__command *c)
{
    int64_t number;

    if (!tripsage__command_integer(c, 1, &number))
        return;
    if (number == 0)
        tripsage__reply_ok(c->reply);
    else
        tripsage__reply_error(c->reply, "ERR DB index is out of range");
}

const tripsage__command_spec tripsage__commands_server[] = {
    {"PING", ping, -1, 0, 0, 0, 0, 0},
    {"ECHO", echo, 2, 0, 0, 0, 0, 0},
    {"TIME", time_now, 1, 0, 0, 0, 0, 0},
    {"DBSIZE", dbsize, 1, TRIPSAGE__COMMAND_LISTS_KEYS, 0, 0, 0, 0},
    {"FLUSHDB", flush, -1, TRIPSAGE__COMMAND_WRITES | TRIPSAGE__COMMAND_LISTS_KEYS, 0, 0, 0, 0},
    {"FLUSHALL", flush, -1, TRIPSAGE__COMMAND_WRITES | TRIPSAGE__COMMAND_LISTS_KEYS, 0, 0, 0, 0},
    {"SELECT", select_database, 2, 0, 0, 0, 0, 0},
    {NULL, NULL, 0, 0, 0, 0, 0, 0},
};
