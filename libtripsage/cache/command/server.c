/* server.c: commands about the connection and the whole of the cache. */
#include <inttypes.h>
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

/* ---- INFO ---- */

typedef void (*section_writer)(tripsage__buf *out, const tripsage_cache_stats *stats);

static void put_field(tripsage__buf *out, const char *name, uint64_t value)
{
    tripsage__buf_printf(out, "%s:%" PRIu64 "\r\n", name, value);
}

/* The version whose commands these are, since clients look at it, and whose they are. */
static void put_server(tripsage__buf *out, const tripsage_cache_stats *stats)
{
    (void)stats;
    tripsage__buf_puts(out, "redis_version:7.4.0\r\nserver_name:tripsage\r\nserver_version:" TRIPSAGE_VERSION
                            "\r\nredis_mode:standalone\r\n");
}

static void put_memory(tripsage__buf *out, const tripsage_cache_stats *stats)
{
    put_field(out, "used_memory", stats->bytes);
}

static void put_stats(tripsage__buf *out, const tripsage_cache_stats *stats)
{
    put_field(out, "keyspace_hits", stats->hits);
    put_field(out, "keyspace_misses", stats->misses);
    put_field(out, "expired_keys", stats->expired);
    put_field(out, "evicted_keys", stats->evicted);
}

static void put_keyspace(tripsage__buf *out, const tripsage_cache_stats *stats)
{
    if (stats->entries)
        tripsage__buf_printf(out, "db0:keys=%" PRIu64 "\r\n", stats->entries);
}

static const struct {
    const char *name, *word; /* as a title, and as an argument */
    section_writer put;
} sections[] = {
    {"Server", "SERVER", put_server},
    {"Memory", "MEMORY", put_memory},
    {"Stats", "STATS", put_stats},
    {"Keyspace", "KEYSPACE", put_keyspace},
};

/* Without an argument all of them. */
static int is_wanted(const tripsage__command *c, const char *word)
{
    for (size_t i = 1; i < c->count; i++)
        if (tripsage__command_is(c->args[i], word) || tripsage__command_is(c->args[i], "ALL") ||
            tripsage__command_is(c->args[i], "DEFAULT") || tripsage__command_is(c->args[i], "EVERYTHING"))
            return 1;
    return c->count == 1;
}

static void info(tripsage__command *c)
{
    tripsage__buf text = TRIPSAGE__BUF_INIT(4096); /* four short sections */
    tripsage_cache_stats stats = {0};

    (void)tripsage__cache_on_memory.stats(&stats, c->space->memory); /* which cannot fail here */
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        if (is_wanted(c, sections[i].word)) {
            tripsage__buf_printf(&text, "%s# %s\r\n", text.size ? "\r\n" : "", sections[i].name);
            sections[i].put(&text, &stats);
        }
    if (text.failed == TRIPSAGE_OK)
        tripsage__reply_bytes(c->reply, text.data ? text.data : "", text.size);
    else
        tripsage__command_failed(c, text.failed);
    tripsage__buf_free(&text);
}

const tripsage__command_spec tripsage__commands_server[] = {
    {"PING", ping, -1, 0, 0, 0, 0, 0},
    {"ECHO", echo, 2, 0, 0, 0, 0, 0},
    {"TIME", time_now, 1, 0, 0, 0, 0, 0},
    {"DBSIZE", dbsize, 1, TRIPSAGE__COMMAND_LISTS_KEYS, 0, 0, 0, 0},
    {"FLUSHDB", flush, -1, TRIPSAGE__COMMAND_WRITES | TRIPSAGE__COMMAND_LISTS_KEYS, 0, 0, 0, 0},
    {"FLUSHALL", flush, -1, TRIPSAGE__COMMAND_WRITES | TRIPSAGE__COMMAND_LISTS_KEYS, 0, 0, 0, 0},
    {"INFO", info, -1, 0, 0, 0, 0, 0},
    {"SELECT", select_database, 2, 0, 0, 0, 0, 0},
    {NULL, NULL, 0, 0, 0, 0, 0, 0},
};
