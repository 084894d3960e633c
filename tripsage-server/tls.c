/* tls.c: see tls.h.
 *
 * CivetWeb can speak TLS, but not where it was built for OpenSSL 1.1 and finds OpenSSL 3 (it loads functions by their names, and some have
 * others since): on Debian 12 the process ends with the first request. So TLS ends before it, and it gets the connection over the loopback
 * interface.
 *
 * A few threads share one listening socket. Each has the connections it accepted, and moves what comes from one side to the other while it
 * moves; nothing waits. What a side does not take stays in a buffer, and then nothing more is read from the other. Time limits are the HTTP
 * listener's, once the handshake is over. */
#include "tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "clock.h"
#include "log.h"
#include "settings.h"
#include "sockets.h"

/* A record of TLS (RFC 8446, 5.1). */
#define BUFFER_SIZE 16384
/* 15 s for a handshake: as long as a first head may take (http.c). */
#define HANDSHAKE_MS 15000
/* From the connection to its first request, where the client does not dawdle: two round trips of TLS 1.2 (RFC 5246, 7.3) at 300 ms, and a
 * lost packet that is sent again after a second (RFC 6298, 2.1). Whoever takes longer is not waited for when the process ends. */
#define GREETING_MS 2000
/* What a client still sends after the last answer is read away for so long: closing would reset him, and take from him the answer that he
 * has not read yet (RFC 9112, 9.6). He has read it, and stopped, some round trips after it was sent. */
#define FAREWELL_MS 2000
/* 1 s for either while all places are taken, so that others come in: three round trips of 300 ms. */
#define CROWDED_MS 1000
/* What one connection may move before others have their turn. */
#define TURN_BYTES ((size_t)1024 * 1024)
/* More threads than the machine has processors win nothing, and four are enough for what one process answers. */
#define THREADS_MAX 4
#define EVENTS_MAX  64
#define BACKLOG     1024

/* TLS 1.2 with forward secrecy and authenticated encryption; the suites of TLS 1.3 are all of that kind (RFC 9325, 4.2). */
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"

typedef struct waiting { /* what one side gave and the other has not taken */
    char data[BUFFER_SIZE];
    size_t begin, end;
} waiting;

typedef struct connection {
    SSL *ssl;
    int client, behind; /* sockets; behind is -1 until the handshake is over */
    int port;           /* of 127.0.0.1, where it goes on from */
    int client_ended, behind_ended, told;
    int greeted;                     /* has begun the handshake, and not asked anything yet */
    int64_t started_ms, farewell_ms; /* 0: the last answer was not sent yet */
    char peer[TLS_PEER_SIZE];
    waiting in, out;
    struct connection *next, *previous;
    int dead;
} connection;

typedef struct worker {
    struct tls *tls;
    pthread_t thread;
    int epoll;
    connection *connections, *dead;
} worker;

struct tls {
    tls_options options;
    char *certificate, *key;
    pthread_mutex_t lock; /* over context and peers */
    SSL_CTX *context;
    connection **peers; /* by port */
    int listening, wake, port;
    atomic_int stopping;
    atomic_int greeted, moving; /* connections that are; threads that may hold what came */
    atomic_uint count;
    worker workers[THREADS_MAX];
    int worker_count;
};

/* ---- the certificate ---- */

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_length, const unsigned char *in,
                           unsigned in_length, void *unused)
{
    static const unsigned char ours[] = "\x08http/1.1";

    (void)ssl;
    (void)unused;
    return SSL_select_next_proto((unsigned char **)(size_t)out, out_length, ours, sizeof ours - 1, in, in_length) ==
                   OPENSSL_NPN_NEGOTIATED
               ? SSL_TLSEXT_ERR_OK
               : SSL_TLSEXT_ERR_NOACK;
}

static const char *first_reason(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_error());

    return reason ? reason : "it cannot be used";
}

/* Why this file cannot be read, or else what OpenSSL first found wrong in it. */
static const char *reason_of(const char *path)
{
    FILE *file = fopen(path, "re");
    int is_read = file && (fgetc(file) != EOF || !ferror(file)), error = errno;

    if (file)
        fclose(file);
    return is_read ? first_reason() : strerror(error);
}

/* NULL, with what is wrong in `problem`. */
static SSL_CTX *make_context(const char *certificate, const char *key, char problem[512])
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());

    ERR_clear_error();
    problem[0] = '\0';
    if (!context || !SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) ||
        !SSL_CTX_set_cipher_list(context, CIPHERS))
        snprintf(problem, 512, "TLS cannot be set up: %s", first_reason());
    else if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
        snprintf(problem, 512, "TRIPSAGE_TLS_CERTIFICATE: no certificate in PEM can be read from \"%.200s\": %s",
                 certificate, reason_of(certificate));
    else if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
        snprintf(problem, 512, "TRIPSAGE_TLS_KEY: no key of that certificate can be read from \"%.200s\": %s", key,
                 reason_of(key));
    ERR_clear_error();
    if (problem[0]) {
        SSL_CTX_free(context);
        return NULL;
    }
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    return context;
}

int tls_check(const char *certificate, const char *key)
{
    char problem[512];
    SSL_CTX *context = make_context(certificate, key, problem);

    if (!context) {
        fprintf(stderr, "tripsage-server: %s\n", problem);
        return EXIT_CONFIG;
    }
    SSL_CTX_free(context);
    return 0;
}

int tls_reload(tls *t)
{
    char problem[512];
    SSL_CTX *fresh = make_context(t->certificate, t->key, problem), *old;

    if (!fresh) {
        log_event(TRIPSAGE_LOG_ERROR, "tls", "the certificate stays as it was: %s", problem);
        return 0;
    }
    pthread_mutex_lock(&t->lock);
    old = t->context;
    t->context = fresh;
    pthread_mutex_unlock(&t->lock);
    SSL_CTX_free(old); /* connections that began with it hold it */
    log_event(TRIPSAGE_LOG_INFO, "tls", "connections have the certificate of \"%s\" from now on", t->certificate);
    return 1;
}

/* ---- one connection ---- */

static void unlink_connection(worker *w, connection *c)
{
    if (c->previous)
        c->previous->next = c->next;
    else
        w->connections = c->next;
    if (c->next)
        c->next->previous = c->previous;
}

static void set_greeted(worker *w, connection *c, int greeted)
{
    w->tls->greeted += greeted - c->greeted;
    c->greeted = greeted;
}

static void close_behind(worker *w, connection *c)
{
    if (c->port) {
        pthread_mutex_lock(&w->tls->lock);
        w->tls->peers[c->port] = NULL;
        pthread_mutex_unlock(&w->tls->lock);
        c->port = 0;
    }
    if (c->behind >= 0)
        close(c->behind);
    c->behind = -1;
}

/* Its sockets are closed at once; it itself goes when no event of this turn can be about it any more. */
static void end(worker *w, connection *c)
{
    if (c->dead)
        return;
    c->dead = 1;
    set_greeted(w, c, 0);
    close_behind(w, c);
    SSL_free(c->ssl);
    close(c->client);
    unlink_connection(w, c);
    c->next = w->dead;
    w->dead = c;
    w->tls->count--;
}

static int watch(worker *w, connection *c, int socket)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c};

    return epoll_ctl(w->epoll, EPOLL_CTL_ADD, socket, &event) == 0;
}

static int set_up(int socket)
{
    const int one = 1;

    return setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0;
}

/* The port is known, and whose it is, before anybody on the other side can ask. */
static int go_on(worker *w, connection *c)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, there = here;
    socklen_t size = sizeof here;

    c->behind = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->behind < 0 || bind(c->behind, (struct sockaddr *)&here, sizeof here) != 0 ||
        getsockname(c->behind, (struct sockaddr *)&here, &size) != 0)
        return 0;
    c->port = ntohs(here.sin_port);
    pthread_mutex_lock(&w->tls->lock);
    w->tls->peers[c->port] = c;
    pthread_mutex_unlock(&w->tls->lock);
    there.sin_port = htons((in_port_t)w->tls->options.behind);
    if (connect(c->behind, (struct sockaddr *)&there, sizeof there) != 0 && errno != EINPROGRESS)
        return 0;
    return set_up(c->behind) && watch(w, c, c->behind);
}

/* 1: it is over; 0: it goes on later; -1: it failed. */
static int handshake(worker *w, connection *c)
{
    int done, error;

    if (c->behind >= 0)
        return 1;
    ERR_clear_error();
    done = SSL_accept(c->ssl);
    set_greeted(w, c, SSL_get_state(c->ssl) != TLS_ST_BEFORE);
    if (done == 1)
        return go_on(w, c) ? 1 : -1;
    error = SSL_get_error(c->ssl, done);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

static int would_wait(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == ENOTCONN;
}

/* Each gives how many bytes it moved, 0 when there is nothing to do now, -1 when the connection is broken. */

static int read_client(connection *c)
{
    int got, error;

    if (c->in.end || c->client_ended)
        return 0;
    ERR_clear_error();
    got = SSL_read(c->ssl, c->in.data, BUFFER_SIZE);
    if (got > 0) {
        c->in.end = (size_t)got;
        return got;
    }
    error = SSL_get_error(c->ssl, got);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return 0;
    c->client_ended = 1;
    return error == SSL_ERROR_ZERO_RETURN ? 0 : -1;
}

static int write_behind(connection *c)
{
    ssize_t sent;

    if (!c->in.end)
        return 0;
    sent = send(c->behind, c->in.data + c->in.begin, c->in.end - c->in.begin, MSG_NOSIGNAL);
    if (sent < 0 && would_wait())
        return 0;
    if (sent < 0) { /* it takes no more, and may have answered: that goes out first */
        c->in.begin = c->in.end = 0;
        return 0;
    }
    c->in.begin += (size_t)sent;
    if (c->in.begin == c->in.end)
        c->in.begin = c->in.end = 0;
    return (int)sent;
}

static int read_behind(connection *c)
{
    ssize_t got;

    if (c->out.end || c->behind_ended)
        return 0;
    got = recv(c->behind, c->out.data, BUFFER_SIZE, 0);
    if (got > 0) {
        c->out.end = (size_t)got;
        return (int)got;
    }
    if (got < 0 && would_wait())
        return 0;
    c->behind_ended = 1; /* also when it was cut off: what came before goes out first */
    return 0;
}

static int write_client(connection *c)
{
    int sent, error;

    if (!c->out.end)
        return 0;
    ERR_clear_error();
    sent = SSL_write(c->ssl, c->out.data + c->out.begin, (int)(c->out.end - c->out.begin));
    if (sent <= 0) {
        error = SSL_get_error(c->ssl, sent);
        return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : -1;
    }
    c->out.begin += (size_t)sent;
    if (c->out.begin == c->out.end)
        c->out.begin = c->out.end = 0;
    return sent;
}

/* Its events come once more, behind those of others. */
static int come_again(worker *w, connection *c, int socket)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c};

    return epoll_ctl(w->epoll, EPOLL_CTL_MOD, socket, &event) == 0;
}

static void say_farewell(worker *w, connection *c)
{
    SSL_shutdown(c->ssl);
    shutdown(c->client, SHUT_WR);
    close_behind(w, c);
    c->farewell_ms = clock_ms();
}

/* 0 when the client has left, too. */
static int read_away(worker *w, connection *c)
{
    size_t read = 0;
    ssize_t got;

    while (read < TURN_BYTES) {
        got = recv(c->client, c->in.data, BUFFER_SIZE, 0);
        if (got <= 0)
            return got < 0 && would_wait();
        read += (size_t)got;
    }
    return come_again(w, c, c->client);
}

/* Moves what can be moved. 0 when the connection is over. */
static int move(worker *w, connection *c)
{
    static int (*const steps[])(connection *) = {read_client, write_behind, read_behind, write_client};
    size_t moved = 0;
    int made;

    if (c->farewell_ms)
        return read_away(w, c);
    made = handshake(w, c);
    if (made <= 0)
        return made == 0;
    do {
        made = 0;
        for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
            int bytes = steps[i](c);

            if (bytes < 0)
                return 0;
            made |= bytes > 0;
            moved += (size_t)bytes;
        }
        if (moved)
            set_greeted(w, c, 0);
        if (c->client_ended && !c->in.end && !c->told) {
            c->told = 1;
            shutdown(c->behind, SHUT_WR);
        }
        if (c->behind_ended && !c->out.end) {
            say_farewell(w, c);
            return read_away(w, c);
        }
    } while (made && moved < TURN_BYTES);
    return made ? come_again(w, c, c->behind) : 1; /* there is more */
}

/* ---- accepting ---- */

static void write_peer(char out[TLS_PEER_SIZE], const struct sockaddr_storage *address)
{
    const struct sockaddr_in *four = (const void *)address;
    const struct sockaddr_in6 *six = (const void *)address;

    if (address->ss_family == AF_INET)
        inet_ntop(AF_INET, &four->sin_addr, out, TLS_PEER_SIZE);
    else if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
        inet_ntop(AF_INET, &six->sin6_addr.s6_addr[12], out, TLS_PEER_SIZE);
    else
        inet_ntop(AF_INET6, &six->sin6_addr, out, TLS_PEER_SIZE);
}

static SSL *make_ssl(tls *t, int socket)
{
    SSL *ssl;

    pthread_mutex_lock(&t->lock);
    ssl = SSL_new(t->context);
    pthread_mutex_unlock(&t->lock);
    if (ssl && SSL_set_fd(ssl, socket) != 1) {
        SSL_free(ssl);
        return NULL;
    }
    return ssl;
}

static int take_place(tls *t)
{
    if (++t->count <= t->options.connections)
        return 1;
    t->count--;
    return 0;
}

static void begin(worker *w, int socket, const struct sockaddr_storage *address)
{
    connection *c = calloc(1, sizeof *c);

    if (!c || !take_place(w->tls)) {
        free(c);
        close(socket);
        return;
    }
    if (!set_up(socket) || !(c->ssl = make_ssl(w->tls, socket))) {
        w->tls->count--;
        free(c);
        close(socket);
        return;
    }
    c->client = socket;
    c->behind = -1;
    c->started_ms = clock_ms();
    write_peer(c->peer, address);
    c->next = w->connections;
    if (c->next)
        c->next->previous = c;
    w->connections = c;
    if (!watch(w, c, socket) || !move(w, c))
        end(w, c);
}

static void accept_all(worker *w)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    int socket;

    memset(&address, 0, sizeof address);
    while ((socket = accept4(w->tls->listening, (struct sockaddr *)&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC)) >=
           0) {
        begin(w, socket, &address);
        size = sizeof address;
    }
}

static void bury(worker *w)
{
    while (w->dead) {
        connection *next = w->dead->next;

        free(w->dead);
        w->dead = next;
    }
}

/* Who does not get on with the handshake, or does not leave, holds a place that others want: each worker looks at its own, since who comes
 * is not always accepted by the one whose clients are slow. */
static void end_slow(worker *w)
{
    const int64_t now = clock_ms();
    const int crowded = w->tls->count >= w->tls->options.connections;
    const int64_t handshake_ms = crowded ? CROWDED_MS : HANDSHAKE_MS, farewell_ms = crowded ? CROWDED_MS : FAREWELL_MS;

    for (connection *c = w->connections, *next; c; c = next) {
        next = c->next;
        if (c->greeted && now - c->started_ms > GREETING_MS)
            set_greeted(w, c, 0);
        if (c->farewell_ms ? now - c->farewell_ms > farewell_ms : c->behind < 0 && now - c->started_ms > handshake_ms)
            end(w, c);
    }
}

static void *work(void *argument)
{
    worker *w = argument;
    struct epoll_event events[EVENTS_MAX];
    int64_t looked_ms = clock_ms();

    while (!w->tls->stopping) {
        int count = epoll_wait(w->epoll, events, EVENTS_MAX, 1000);

        w->tls->moving++;
        for (int i = 0; i < count; i++) {
            connection *c = events[i].data.ptr;

            if (!c)
                accept_all(w);
            else if (c != (void *)w->tls && !c->dead && !move(w, c))
                end(w, c);
        }
        w->tls->moving--;
        bury(w);
        if (clock_ms() - looked_ms >= 1000) {
            looked_ms = clock_ms();
            end_slow(w);
            bury(w);
        }
    }
    while (w->connections)
        end(w, w->connections);
    bury(w);
    return NULL;
}

/* ---- start and end ---- */

static int listen_at(const tls_options *options, const char **problem)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found = NULL;
    const int one = 1;
    char port[16];
    int fd = -1, failed;

    snprintf(port, sizeof port, "%d", options->port);
    failed = getaddrinfo(options->host, port, &hints, &found);
    if (failed) {
        *problem = gai_strerror(failed);
        return -1;
    }
    for (const struct addrinfo *a = found; a && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
                        bind(fd, a->ai_addr, a->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0)) {
            *problem = strerror(errno);
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(found);
    return fd;
}

/* Every thread hears of connections and of the end; of a connection one of them. */
static int start_worker(tls *t, worker *w)
{
    struct epoll_event wake = {.events = EPOLLIN, .data.ptr = t}, accepting = {.events = EPOLLIN | EPOLLEXCLUSIVE};

    w->tls = t;
    w->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (w->epoll >= 0 && epoll_ctl(w->epoll, EPOLL_CTL_ADD, t->wake, &wake) == 0 &&
        epoll_ctl(w->epoll, EPOLL_CTL_ADD, t->listening, &accepting) == 0 &&
        pthread_create(&w->thread, NULL, work, w) == 0)
        return 1;
    if (w->epoll >= 0)
        close(w->epoll);
    return 0;
}

static const char *start(tls *t)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    int threads = processors < 1 ? 1 : processors > THREADS_MAX ? THREADS_MAX : (int)processors;
    const char *problem = NULL;

    t->peers = calloc(65536, sizeof(connection *));
    t->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!t->peers || t->wake < 0)
        return "no memory";
    t->listening = listen_at(&t->options, &problem);
    if (t->listening < 0)
        return problem;
    t->port = socket_own_port(t->listening);
    while (t->worker_count < threads && start_worker(t, &t->workers[t->worker_count]))
        t->worker_count++;
    return t->worker_count ? NULL : "no thread is to be had";
}

tls *tls_start(const tls_options *options)
{
    tls *t = calloc(1, sizeof *t);
    char problem[512], advice[200];
    const char *why;

    if (!t)
        return NULL;
    t->options = *options;
    t->listening = t->wake = -1;
    pthread_mutex_init(&t->lock, NULL);
    t->certificate = strdup(options->certificate);
    t->key = strdup(options->key);
    t->context = t->certificate && t->key ? make_context(t->certificate, t->key, problem) : NULL;
    why = t->context ? start(t) : "the certificate cannot be used";
    if (!why)
        return t;
    fprintf(stderr, "tripsage-server: cannot listen on %s:%d: %s%s\n", options->host, options->port, why,
            socket_advice(advice, why, "--port or PORT"));
    tls_stop(t);
    return NULL;
}

int tls_port(const tls *t)
{
    return t->port;
}

int tls_socket(const tls *t)
{
    return t->listening;
}

int tls_peer(tls *t, int port, char address[TLS_PEER_SIZE])
{
    const connection *c;

    pthread_mutex_lock(&t->lock);
    c = port > 0 && port < 65536 ? t->peers[port] : NULL;
    if (c)
        memcpy(address, c->peer, TLS_PEER_SIZE);
    pthread_mutex_unlock(&t->lock);
    return c != NULL;
}

int tls_greeted(const tls *t)
{
    return t->greeted;
}

int tls_moving(const tls *t)
{
    return t->moving;
}

void tls_stop(tls *t)
{
    const uint64_t one = 1;

    if (!t)
        return;
    t->stopping = 1;
    if (t->wake >= 0 && write(t->wake, &one, sizeof one) != (ssize_t)sizeof one)
        log_event(TRIPSAGE_LOG_WARN, "tls", "threads were not woken: they will take a second");
    for (int i = 0; i < t->worker_count; i++) {
        pthread_join(t->workers[i].thread, NULL);
        close(t->workers[i].epoll);
    }
    if (t->listening >= 0)
        close(t->listening);
    if (t->wake >= 0)
        close(t->wake);
    SSL_CTX_free(t->context);
    pthread_mutex_destroy(&t->lock);
    free(t->peers);
    free(t->certificate);
    free(t->key);
    free(t);
}
