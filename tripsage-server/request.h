/* request.h: one exchange: what came in, what goes out, and the memory both live in.
 *
 * http.c fills the facts, dispatch.c finds the route, the actor and the body and calls the handler, the handler makes one
 * library call and answers through respond.h, http.c writes the answer with one write. A request and its buffers are taken
 * from a pool for one exchange and given back: 1,100 connections hold 1,100 threads, but only as many requests as are under
 * way at once. CivetWeb's threads have stacks of 100 KiB, so everything of size lives here and not on the stack. */
#ifndef SERVER_REQUEST_H
#define SERVER_REQUEST_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <tripsage/tripsage.h>

#include "buffer.h"
#include "settings.h"

/* The first METHOD_ROUTABLE can stand in the route table; HEAD is answered by GET's route, OPTIONS by the router. */
typedef enum method {
    METHOD_GET,
    METHOD_POST,
    METHOD_PUT,
    METHOD_PATCH,
    METHOD_DELETE,
    METHOD_ROUTABLE,
    METHOD_HEAD = METHOD_ROUTABLE,
    METHOD_OPTIONS,
    METHOD_OTHER
} method;

extern const char *const method_names[METHOD_OTHER]; /* "GET" */

/* The headers the server looks at. Each may come once. */
typedef enum header {
    HEADER_HOST,
    HEADER_CONTENT_LENGTH,
    HEADER_TRANSFER_ENCODING,
    HEADER_CONTENT_TYPE,
    HEADER_AUTHORIZATION,
    HEADER_CONNECTION,
    HEADER_EXPECT,
    HEADER_IF_MATCH,
    HEADER_IF_NONE_MATCH,
    HEADER_IDEMPOTENCY_KEY,
    HEADER_ORIGIN,
    HEADER_REQUEST_METHOD, /* Access-Control-Request-Method */
    HEADER_REQUEST_ID,     /* X-Request-Id */
    HEADER_COUNT
} header;

/* Bytes that live elsewhere. Decoded path and query values are NUL-terminated besides. */
typedef struct text {
    const char *data;
    size_t length;
} text;

typedef struct pair {
    text name, value;
} pair;

#define PARAMS_MAX        3           /* parameters of a path: no template has more than two */
#define QUERY_MAX         32          /* members of a query: the longest list request has fifteen */
#define ARENA_SIZE        (32 * 1024) /* the head is at most 16 KiB, and its path and query are copied at most twice */
#define REQUEST_ID_MAX    64
#define ERRORS_MAX        8 /* values complained about in one answer; no route has more to read itself */
#define KEEP_BUFFER_BYTES ((size_t)64 * 1024) /* larger buffers are freed after the exchange */

struct route;
struct request;
struct http_listener;

typedef struct response {
    int status;
    const char *media_type; /* NULL: no body */
    const char *body;       /* borrowed from `doc`, `wire`, `owned`, a buffer of the request, or static */
    size_t length;
    char etag[40]; /* without quotes; "": none. See preconditions.h */
    tripsage_doc *doc;
    tripsage_auth_response *wire;
    tripsage_cache_response *cache;
    char *owned; /* tripsage_free after the write */
    /* What comes behind the body, for as long as it gives 1: NULL for none. It waits a moment for something to say; `length` 0 is nothing
     * yet. */
    int (*more)(struct request *r, const char **data, size_t *length);
    int close;                 /* the connection ends with this answer */
    const char *cache_control; /* NULL: "no-store" */
} response;

typedef struct request {
    struct server *server;
    struct http_listener *listener;
    void *connection; /* CivetWeb's */

    method method;
    const char *method_name; /* as it came, for the log */
    const char *target;      /* the path as it came, without the query; "" when there was none */
    const char *query;       /* as it came, without the "?"; "" when there was none */
    const char *headers[HEADER_COUNT];
    int64_t content_length; /* -1: none given */
    int chunked;
    int version_minor;    /* HTTP/1.x */
    char remote_addr[48]; /* of the connection */
    char peer_addr[48];   /* of whoever is at its other end: another one where TLS ended before it */
    int remote_port;
    char client_addr[48]; /* who asks: see client.h */
    int is_secure;        /* it came over TLS */
    struct timespec started, ended;
    tripsage_telemetry_span span; /* see telemetry.h */
    tripsage_trace_ids ids;       /* of the span; "": there is no telemetry */
    char id[REQUEST_ID_MAX + 1];

    const struct route *route; /* NULL: none matched */
    text params[PARAMS_MAX];
    size_t member_count;   /* of the query */
    tripsage_actor *actor; /* NULL: not signed in */
    int64_t retry_after_s; /* of a refusal that is not the library's; 0: it is */
    text body;             /* NULL data: none */

    response response;
    size_t error_count; /* values the server itself could not accept */
    size_t arena_used;
    int body_read; /* nothing of the body is left on the connection */
    int watched;   /* a deadline is set */
    int streams;   /* it has one of the places of server.streams */

    /* Above: of one exchange, zeroed before the next. Below: kept from one to the next. */
    buffer in;       /* the body that came */
    buffer out;      /* head and body that go */
    buffer composed; /* JSON a handler or a problem writes */
    buffer fields;   /* further lines of the head, each ended by CRLF */
    buffer line;     /* of the log */
    pair members[QUERY_MAX];
    tripsage_field_error errors[ERRORS_MAX];
    char arena[ARENA_SIZE];
    uint64_t chance[2]; /* state of the request id generator */
    struct {
        time_t second;
        char text[32];
    } date; /* of the Date header: made once a second */

    _Atomic unsigned busy_port; /* of its client, for as long as it is in an exchange; 0: it rests */
    _Atomic unsigned under_way; /* what it is counted as by telemetry_tell_active; 0: none */

    /* pool.c: the watch over slow clients, and the lists. */
    pthread_mutex_t watch_lock;
    int64_t deadline_ms; /* 0: not watched */
    struct request *next_free, *next_made;
} request;

typedef void (*handler)(request *r);

/* The whole program while it serves. */
typedef struct server {
    const settings *settings;
    tripsage *library;
    tripsage_telemetry *telemetry; /* NULL: switched off */
    tripsage_instrument *durations, *active;
    struct telemetry_known *known; /* what telemetry.c has looked up already */
    struct router *router;
    char *openapi;
    size_t openapi_length;
    struct pool *pool;
    tripsage_cache *served_cache; /* of /cache; NULL: there is none */
    const tripsage_cache_serve_options *served_options;
    _Atomic int streams; /* answers without an end that are under way */
    struct limits *limits;
    _Atomic int draining; /* SIGTERM came: not ready, and connections close after each answer */
} server;

/* A pool of requests, and a thread that watches over those in the hands of slow clients: one who takes longer than the
 * deadline to send a body, or to take an answer, gets the connection shut down. CivetWeb's own time limits start anew with each byte
 * that arrives. */
struct pool *pool_new(server *s);
void pool_free(struct pool *p); /* when no request is out; NULL is fine */
request *pool_take(struct pool *p);
void pool_give(struct pool *p, request *r);
void pool_watch(request *r, unsigned seconds); /* from now; 0 ends it */
/* Calls for each request that was ever made, those under way and those that rest. */
void pool_each(struct pool *p, void (*call)(const request *r, void *context), void *context);
int pool_socket(const request *r); /* of its connection; -1: it was not found */

/* Room in the arena for this exchange; NULL when it is used up. */
char *request_keep(request *r, size_t size);

/* Notes a value that is not acceptable; `pointer` is "#name" for the query, a JSON Pointer for the body. */
void request_complain(request *r, const char *pointer, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* A path parameter, in the order of the template. */
const char *request_param(const request *r, size_t index);

tripsage_trips *request_trips(const request *r);
tripsage_auth *request_auth(const request *r);

#endif
