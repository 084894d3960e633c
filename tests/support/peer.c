/* support/peer.c: see peer.h. */
#include "peer.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "certificate.h"
#include "temp.h"

struct test_conn {
    test_peer *peer;
    test_conn *next;
    pthread_t thread;
    int socket;
    SSL *ssl;
    char buffer[4096];
    size_t at, filled;
};

struct test_peer {
    test_peer_serve *serve;
    void *user;
    test_peer_tls tls;
    SSL_CTX *context;
    char folder[TEST_PATH_SIZE], certificate[TEST_PATH_SIZE];
    int listening, port;
    pthread_t thread;
    pthread_mutex_t lock; /* over the list */
    test_conn *conns;
    _Atomic long count;
    _Atomic int closing;
};

static void need(int good, const char *what)
{
    if (!good) {
        perror(what);
        exit(EXIT_FAILURE);
    }
}

/* ---- one connection ---- */

static int receive(test_conn *c, void *out, size_t size)
{
    return c->ssl ? SSL_read(c->ssl, out, (int)size) : (int)recv(c->socket, out, size, 0);
}

int test_conn_read(test_conn *c, void *out, size_t size)
{
    char *to = out;

    while (size) {
        size_t have = c->filled - c->at < size ? c->filled - c->at : size;

        memcpy(to, c->buffer + c->at, have);
        c->at += have;
        to += have;
        size -= have;
        if (size) {
            int got = receive(c, c->buffer, sizeof c->buffer);

            if (got <= 0)
                return 0;
            c->at = 0;
            c->filled = (size_t)got;
        }
    }
    return 1;
}

int test_conn_line(test_conn *c, char *out, size_t size)
{
    size_t length = 0;
    char byte;

    while (length + 1 < size && test_conn_read(c, &byte, 1)) {
        if (byte == '\n') {
            out[length && out[length - 1] == '\r' ? length - 1 : length] = '\0';
            return 1;
        }
        out[length++] = byte;
    }
    return 0;
}

void test_conn_write(test_conn *c, const void *data, size_t size)
{
    const char *from = data;

    while (size) {
        ssize_t sent = c->ssl ? SSL_write(c->ssl, from, (int)size) : send(c->socket, from, size, MSG_NOSIGNAL);

        if (sent <= 0)
            return; /* the client has gone; reading will say so */
        from += sent;
        size -= (size_t)sent;
    }
}

void test_conn_say(test_conn *c, const char *format, ...)
{
    char text[8192];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    test_conn_write(c, text, strlen(text));
}

int test_conn_start_tls(test_conn *c)
{
    c->ssl = SSL_new(c->peer->context);
    return c->ssl && SSL_set_fd(c->ssl, c->socket) == 1 && SSL_accept(c->ssl) == 1;
}

void test_conn_wait(test_conn *c, int ms)
{
    for (; ms > 0 && !c->peer->closing; ms -= 10)
        poll(NULL, 0, ms < 10 ? ms : 10);
}

static void *talk(void *conn)
{
    test_conn *c = conn;
    sigset_t pipe;

    sigemptyset(&pipe); /* OpenSSL writes to a client that may have gone */
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, NULL);
    if (c->peer->tls != TEST_PEER_TLS || test_conn_start_tls(c))
        c->peer->serve(c, c->peer->user);
    if (c->ssl)
        SSL_shutdown(c->ssl);
    shutdown(c->socket, SHUT_RDWR);
    return NULL;
}

/* ---- the server ---- */

static void *accept_all(void *peer)
{
    test_peer *p = peer;
    int socket;

    while ((socket = accept4(p->listening, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        need(setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)) == 0, "setsockopt");
        test_conn *c = calloc(1, sizeof *c);

        need(c != NULL, "memory");
        c->peer = p;
        c->socket = socket;
        p->count++;
        pthread_mutex_lock(&p->lock);
        c->next = p->conns;
        p->conns = c;
        need(pthread_create(&c->thread, NULL, talk, c) == 0, "pthread_create");
        pthread_mutex_unlock(&p->lock);
    }
    return NULL;
}

static void make_certificate(test_peer *p)
{
    char key[TEST_PATH_SIZE];

    test_temp_make(p->folder);
    test_path_join(p->certificate, p->folder, "certificate.pem");
    test_path_join(key, p->folder, "key.pem");
    test_certificate_make(p->certificate, key, 2);
    p->context = SSL_CTX_new(TLS_server_method());
    need(p->context && SSL_CTX_use_certificate_file(p->context, p->certificate, SSL_FILETYPE_PEM) == 1 &&
             SSL_CTX_use_PrivateKey_file(p->context, key, SSL_FILETYPE_PEM) == 1,
         p->certificate);
}

test_peer *test_peer_open(test_peer_serve *serve, void *user, test_peer_tls tls)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    test_peer *p = calloc(1, sizeof *p);

    need(p != NULL, "memory");
    p->serve = serve;
    p->user = user;
    p->tls = tls;
    if (tls != TEST_PEER_PLAIN)
        make_certificate(p);
    pthread_mutex_init(&p->lock, NULL);
    p->listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    need(bind(p->listening, (struct sockaddr *)&address, sizeof address) == 0, "bind");
    need(listen(p->listening, 64) == 0, "listen");
    need(getsockname(p->listening, (struct sockaddr *)&address, &size) == 0, "getsockname");
    p->port = ntohs(address.sin_port);
    need(pthread_create(&p->thread, NULL, accept_all, p) == 0, "pthread_create");
    return p;
}

int test_peer_port(const test_peer *p)
{
    return p->port;
}

const char *test_peer_certificate(const test_peer *p)
{
    return p->certificate;
}

long test_peer_connections(test_peer *p)
{
    return p->count;
}

void test_peer_refuse(test_peer *p)
{
    if (p->listening < 0)
        return;
    shutdown(p->listening, SHUT_RDWR);
    pthread_join(p->thread, NULL);
    close(p->listening);
    p->listening = -1;
}

void test_peer_close(test_peer *p)
{
    test_conn *next;

    if (!p)
        return;
    p->closing = 1;
    test_peer_refuse(p);
    for (test_conn *c = p->conns; c; c = next) {
        next = c->next;
        shutdown(c->socket, SHUT_RDWR);
        pthread_join(c->thread, NULL);
        SSL_free(c->ssl);
        close(c->socket);
        free(c);
    }
    SSL_CTX_free(p->context);
    pthread_mutex_destroy(&p->lock);
    test_temp_remove(p->folder);
    free(p);
}
