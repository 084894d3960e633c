/* cache/serve/serve.h: one request of Upstash's wire while it is answered.
 *
 *     serve.c     who is let in, which form a request has, what carries it out
 *     input.c     from JSON, a path or a query to lines of arguments
 *     output.c    from a reply to JSON (or RESP2)
 *     stream.c    subscriptions, as server-sent events */
#ifndef TRIPSAGE_CACHE_SERVE_SERVE_H
#define TRIPSAGE_CACHE_SERVE_SERVE_H

#include <tripsage/cache_serve.h>

#include "base/buf.h"
#include "cache/engine.h"

#define TRIPSAGE__SERVE_HEADERS_MAX 4u

struct tripsage_cache_response {
    int http;
    struct {
        const char *name, *value; /* static, or in `sync` */
    } headers[TRIPSAGE__SERVE_HEADERS_MAX];
    size_t header_count;
    char sync[24]; /* "n=18446744073709551615" */
    tripsage__buf body;

    tripsage_cache_subscription *subscription; /* NULL: it does not stream */
    tripsage__buf event;
    int64_t spoke_ms; /* when something was last sent */
};

/* ---- input.c ---- */

/* Lines of arguments, whose bytes lie in one block: nothing that is decoded is longer than what it was decoded from. */
typedef struct tripsage__serve_lines {
    char *block, *end; /* of what is used of it */
    tripsage__cache_bytes *arguments;
    size_t argument_count, argument_room;
    tripsage_cache_command_line *lines;
    size_t count, room;
    const char *problem; /* what was wrong with what came in, for the client; static */
    size_t where;        /* at which byte of it */
} tripsage__serve_lines;

void tripsage__serve_lines_free(tripsage__serve_lines *lines);

/* TRIPSAGE_OK, TRIPSAGE_EMALFORMED with the problem told, or TRIPSAGE_ENOMEM. Once for each `lines`, zeroed before. */
tripsage_status tripsage__serve_read_command(tripsage__serve_lines *lines, const char *json, size_t length);
tripsage_status tripsage__serve_read_commands(tripsage__serve_lines *lines, const char *json, size_t length);
/* The parts of a path as one line, the body (where there is one) and the query behind them. */
tripsage_status tripsage__serve_read_path(tripsage__serve_lines *lines, const tripsage_cache_request *request);

/* The value of a parameter of the query, decoded into `out`, which has room for `size` bytes; 0: it is not there, or longer. */
int tripsage__serve_parameter(char *out, size_t size, const char *query, const char *name);

/* ---- output.c ---- */

typedef enum tripsage__serve_form {
    TRIPSAGE__SERVE_TEXT,   /* JSON, strings as they are; what is no UTF-8 is U+FFFD */
    TRIPSAGE__SERVE_BASE64, /* JSON, strings in base64 */
    TRIPSAGE__SERVE_RESP2
} tripsage__serve_form;

/* {"result":...} or {"error":"..."}; or the reply in RESP2. */
void tripsage__serve_put_reply(tripsage__buf *out, const tripsage_cache_reply *reply, tripsage__serve_form form);
void tripsage__serve_put_error(tripsage__buf *out, const char *text, size_t size);
/* A quoted JSON string of any bytes. */
void tripsage__serve_put_text(tripsage__buf *out, const char *text, size_t size);

/* ---- stream.c ---- */

/* Subscribes to the arguments of a line behind the first, and writes what the client is told of it into the body. */
tripsage_status tripsage__serve_subscribe(tripsage_cache_response *response, tripsage_cache *cache,
                                          const tripsage_cache_command_line *line, int to_patterns);

#endif
