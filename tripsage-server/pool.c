/* pool.c: the requests under way, and the watch over slow clients (request.h).
 *
 * Taken last in, first out, so that a server with little to do keeps touching the same memory. */
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "clock.h"
#include "log.h"
#include "request.h"
#include "sockets.h"
#include "ticker.h"

struct pool {
    server *server;
    pthread_mutex_t lock;
    request *free, *made;
    ticker *watch;
};

/* ---- the watch ---- */

/* Whether this socket of ours talks to the client of this request. */
static int is_connection(int fd, const void *context)
{
    const request *r = context;
    char address[INET6_ADDRSTRLEN];
    int port = socket_peer(fd, address);

    return port && port == r->remote_port && strcmp(address, r->remote_addr) == 0;
}

/* By the client's address and port, of which there is one. The
 * exchange's own thread asks, or the request is locked: the connection is still in its exchange, and its socket is not closed meanwhile. */
int pool_socket(const request *r)
{
    return socket_find(is_connection, r);
}

static void cut_off(const request *r)
{
    int fd = pool_socket(r);

    if (fd < 0)
        return;
    shutdown(fd, SHUT_RDWR);
    log_event(TRIPSAGE_LOG_WARN, "slow_client", "cut off %s: it sent its request, or took its answer, too slowly",
              r->peer_addr);
}

/* Deadlines are whole seconds. */
#define WATCH_MS 1000

static int watch(void *argument)
{
    struct pool *p = argument;
    request *first;
    int64_t now = clock_ms();

    pthread_mutex_lock(&p->lock);
    first = p->made; /* requests are only ever added, in front of it */
    pthread_mutex_unlock(&p->lock);
    for (request *r = first; r; r = r->next_made) {
        pthread_mutex_lock(&r->watch_lock);
        if (r->deadline_ms && r->deadline_ms < now) {
            cut_off(r);
            r->deadline_ms = 0;
        }
        pthread_mutex_unlock(&r->watch_lock);
    }
    return WATCH_MS;
}

void pool_watch(request *r, unsigned seconds)
{
    int64_t deadline = seconds ? clock_ms() + (int64_t)seconds * 1000 : 0;

    if (!seconds && !r->watched)
        return;
    r->watched = seconds != 0;
    pthread_mutex_lock(&r->watch_lock);
    r->deadline_ms = deadline;
    pthread_mutex_unlock(&r->watch_lock);
}

/* ---- the pool ---- */

struct pool *pool_new(server *s)
{
    struct pool *p = calloc(1, sizeof *p);

    if (!p)
        return NULL;
    p->server = s;
    pthread_mutex_init(&p->lock, NULL);
    p->watch = ticker_start(watch, p);
    if (p->watch)
        return p;
    pthread_mutex_destroy(&p->lock);
    free(p);
    return NULL;
}

static void request_free(request *r)
{
    buffer_free(&r->in);
    buffer_free(&r->out);
    buffer_free(&r->composed);
    buffer_free(&r->fields);
    buffer_free(&r->line);
    pthread_mutex_destroy(&r->watch_lock);
    free(r);
}

void pool_free(struct pool *p)
{
    if (!p)
        return;
    ticker_stop(p->watch);
    while (p->made) {
        request *next = p->made->next_made;

        request_free(p->made);
        p->made = next;
    }
    pthread_mutex_destroy(&p->lock);
    free(p);
}

static request *make(struct pool *p)
{
    request *r = calloc(1, sizeof *r);

    if (!r)
        return NULL;
    if (getrandom(r->chance, sizeof r->chance, 0) != (ssize_t)sizeof r->chance) {
        free(r);
        return NULL;
    }
    pthread_mutex_init(&r->watch_lock, NULL);
    pthread_mutex_lock(&p->lock);
    r->next_made = p->made;
    p->made = r;
    pthread_mutex_unlock(&p->lock);
    return r;
}

request *pool_take(struct pool *p)
{
    request *r;

    pthread_mutex_lock(&p->lock);
    r = p->free;
    if (r)
        p->free = r->next_free;
    pthread_mutex_unlock(&p->lock);
    if (!r)
        r = make(p);
    if (!r)
        return NULL;
    memset(r, 0, offsetof(request, in));
    r->server = p->server;
    return r;
}

void pool_give(struct pool *p, request *r)
{
    pool_watch(r, 0);
    atomic_store_explicit(&r->busy_port, 0, memory_order_relaxed);
    tripsage_doc_free(r->response.doc);
    tripsage_auth_response_free(r->response.wire);
    tripsage_cache_response_free(r->response.cache);
    tripsage_free(r->response.owned);
    tripsage_actor_free(r->actor);
    buffer_clear(&r->in, KEEP_BUFFER_BYTES);
    buffer_clear(&r->out, KEEP_BUFFER_BYTES);
    buffer_clear(&r->composed, KEEP_BUFFER_BYTES);
    buffer_clear(&r->fields, KEEP_BUFFER_BYTES);
    buffer_clear(&r->line, KEEP_BUFFER_BYTES);
    pthread_mutex_lock(&p->lock);
    r->next_free = p->free;
    p->free = r;
    pthread_mutex_unlock(&p->lock);
}

void pool_each(struct pool *p, void (*call)(const request *r, void *context), void *context)
{
    pthread_mutex_lock(&p->lock);
    for (const request *r = p->made; r; r = r->next_made)
        call(r, context);
    pthread_mutex_unlock(&p->lock);
}

/* ---- what handlers ask of a request ---- */

char *request_keep(request *r, size_t size)
{
    char *kept;

    if (size > ARENA_SIZE - r->arena_used)
        return NULL;
    kept = r->arena + r->arena_used;
    r->arena_used += size;
    return kept;
}

void request_complain(request *r, const char *pointer, const char *format, ...)
{
    tripsage_field_error *error = &r->errors[r->error_count];
    va_list arguments;

    if (r->error_count == ERRORS_MAX)
        return;
    r->error_count++;
    snprintf(error->pointer, sizeof error->pointer, "%s", pointer);
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
}

const char *request_param(const request *r, size_t index)
{
    return index < PARAMS_MAX && r->params[index].data ? r->params[index].data : "";
}

tripsage_trips *request_trips(const request *r)
{
    return tripsage_get_trips(r->server->library);
}

tripsage_auth *request_auth(const request *r)
{
    return tripsage_get_auth(r->server->library);
}
