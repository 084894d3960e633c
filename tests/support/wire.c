/* support/wire.c: see wire.h.
 *
 * One thread polls the listener and both ends of every connection. Messages are passed on when they are complete: their type decides where
 * a flight begins and where its answer ends. Nobody else closes a socket. */
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "temp.h"

enum { CONNECTIONS_MAX = 256, POLLED = 2 + 2 * CONNECTIONS_MAX, CHUNK = 64 * 1024, READY_SIZE = 6 };

/* What stands where the version stands in a client's first message. */
enum { PROTOCOL_3 = 196608, CANCEL = 80877102, ASK_SSL = 80877103, ASK_GSS = 80877104 };

typedef struct bytes {
    unsigned char *at;
    size_t size, capacity;
} bytes;

typedef struct connection {
    int client, server;      /* sockets; -1 in a free place */
    bytes asked, answered;   /* read, and not complete yet */
    bytes up, down;          /* to be written to server and client */
    int closing;             /* one side has hung up: closed when all is written */
    int started, ready;      /* the first message was seen; the server has let the client in */
    int in_flight;           /* the client has sent, the server has not begun to answer */
    int64_t held_until;      /* the flight that waits to be read; 0 for none */
    size_t answers_due;      /* ReadyForQuery that are still to come */
    unsigned char last_sent; /* type of the client's last message */
    int is_cut;              /* the answer goes to `kept`, and then comes the cut */
    test_wire_moment moment;
    bytes kept;
} connection;

struct test_wire {
    char folder[TEST_PATH_SIZE]; /* of the clients' socket; "" for TCP */
    char port[8];
    struct sockaddr_storage front, back;
    socklen_t front_size, back_size;
    int listener; /* -1 while connections are refused */
    int wake;     /* an eventfd: something is asked for */
    pthread_t thread;

    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t obeyed;
    int asked_for; /* one of these has changed, and the thread has not done it yet */
    int stopping, cutting_all, refusing, frozen;
    connection connections[CONNECTIONS_MAX];
    test_wire_count count;
    size_t cut_in; /* flights until the cut; 0 for none */
    test_wire_moment cut_moment;
    int delay_ms;
};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Ends the program, since this is not always the test's thread. */
static void need(int good, const char *what)
{
    if (!good) {
        perror(what);
        abort();
    }
}

/* ---- bytes ---- */

static void append(bytes *b, const void *from, size_t size)
{
    if (b->capacity - b->size < size) {
        b->capacity = 2 * (b->size + size);
        b->at = realloc(b->at, b->capacity);
        need(b->at != NULL, "realloc");
    }
    if (size > 0)
        memcpy(b->at + b->size, from, size);
    b->size += size;
}

static void take(bytes *b, size_t size)
{
    b->size -= size;
    memmove(b->at, b->at + size, b->size);
}

static uint32_t number_at(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* ---- connections ---- */

static void hang_up(connection *c)
{
    bytes *const all[] = {&c->asked, &c->answered, &c->up, &c->down, &c->kept};

    if (c->client < 0)
        return;
    close(c->client);
    close(c->server);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        free(all[i]->at);
    memset(c, 0, sizeof *c);
    c->client = c->server = -1;
}

static void welcome(test_wire *wire)
{
    int client = accept4(wire->listener, NULL, NULL, SOCK_CLOEXEC);
    connection *c = wire->connections;

    if (client < 0)
        return;
    while (c < wire->connections + CONNECTIONS_MAX && c->client >= 0)
        c++;
    need(c < wire->connections + CONNECTIONS_MAX, "more connections than the proxy has places for");
    c->client = client;
    c->server = socket(wire->back.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    need(c->server >= 0, "socket");
    if (connect(c->server, (struct sockaddr *)&wire->back, wire->back_size) != 0)
        hang_up(c); /* a server that is away */
}

/* ---- messages ---- */

/* A message of the client's begins a flight. Gives 0 when that is the end of the connection. */
static int begin_flight(test_wire *wire, connection *c)
{
    c->in_flight = 1;
    wire->count.flights++;
    if (wire->cut_in == 0 || --wire->cut_in > 0)
        return 1;
    if (wire->cut_moment == TEST_WIRE_BEFORE) {
        hang_up(c);
        return 0;
    }
    c->is_cut = 1;
    c->moment = wire->cut_moment;
    return 1;
}

static int pass_up(test_wire *wire, connection *c, unsigned char type, size_t size)
{
    wire->count.sent[type & 127]++;
    c->last_sent = type;
    if (c->ready && !c->in_flight && type != 'X' && !begin_flight(wire, c))
        return 0;
    if (type == 'S' || type == 'Q' || type == 'F')
        c->answers_due++;
    append(&c->up, c->asked.at, size);
    return 1;
}

static void pass_first(test_wire *wire, connection *c, uint32_t version, size_t size)
{
    if (version == ASK_SSL || version == ASK_GSS) {
        append(&c->down, "N", 1);
        return;
    }
    c->started = 1;
    wire->count.connections += version != CANCEL;
    append(&c->up, c->asked.at, size);
}

/* Gives 0 when the connection is gone. */
static int pass_all_up(test_wire *wire, connection *c)
{
    for (;;) {
        size_t head = c->started ? 5 : 8, size;

        if (c->asked.size < head)
            return 1;
        size = c->started ? 1 + (size_t)number_at(c->asked.at + 1) : (size_t)number_at(c->asked.at);
        if (c->asked.size < size)
            return 1;
        if (!c->started)
            pass_first(wire, c, number_at(c->asked.at + 4), size);
        else if (!pass_up(wire, c, c->asked.at[0], size))
            return 0;
        take(&c->asked, size);
    }
}

/* The answer that was kept is complete. */
static void cut(connection *c)
{
    if (c->moment == TEST_WIRE_AFTER) {
        hang_up(c);
        return;
    }
    append(&c->down, c->kept.at, c->moment == TEST_WIRE_LATE ? c->kept.size - READY_SIZE : c->kept.size / 2);
    c->closing = 1;
}

/* NotificationResponse, ParameterStatus and NoticeResponse come at any time, and answer nothing. */
static int is_answer(unsigned char type)
{
    return type != 'A' && type != 'S' && type != 'N';
}

static void pass_all_down(test_wire *wire, connection *c)
{
    while (c->answered.size >= 5) {
        unsigned char type = c->answered.at[0];
        size_t size = 1 + (size_t)number_at(c->answered.at + 1);

        if (c->answered.size < size)
            return;
        wire->count.bytes_received += size;
        if (is_answer(type))
            c->in_flight = 0;
        append(c->is_cut ? &c->kept : &c->down, c->answered.at, size);
        take(&c->answered, size);
        if (type == 'Z' && c->answers_due > 0)
            c->answers_due--;
        c->ready |= type == 'Z';
        /* The end of an answer; one to a Flush has no ReadyForQuery. */
        if (c->is_cut && c->answers_due == 0 && (type == 'Z' || (c->last_sent == 'H' && is_answer(type)))) {
            cut(c);
            return;
        }
    }
}

/* ---- addresses ---- */

static void unix_address(struct sockaddr_storage *out, socklen_t *size, const char *folder)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int length = snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5432", folder);

    need(length > 0 && (size_t)length < sizeof address.sun_path, "the path of a socket is too long");
    memcpy(out, &address, sizeof address);
    *size = sizeof address;
}

static void loopback_address(struct sockaddr_storage *out, socklen_t *size, const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    address.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
    memcpy(out, &address, sizeof address);
    *size = sizeof address;
}

static void start_listening(test_wire *wire)
{
    int yes = 1;

    wire->listener = socket(wire->front.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    need(wire->listener >= 0, "socket");
    if (wire->front.ss_family == AF_UNIX)
        unlink(((struct sockaddr_un *)&wire->front)->sun_path);
    else
        setsockopt(wire->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    need(bind(wire->listener, (struct sockaddr *)&wire->front, wire->front_size) == 0, "bind");
    need(listen(wire->listener, CONNECTIONS_MAX) == 0, "listen");
    if (wire->front.ss_family == AF_UNIX) {
        strcpy(wire->port, "5432");
        return;
    }
    /* The port that was chosen; it is kept when this listens again. */
    need(getsockname(wire->listener, (struct sockaddr *)&wire->front, &wire->front_size) == 0, "getsockname");
    snprintf(wire->port, sizeof wire->port, "%d", ntohs(((struct sockaddr_in *)&wire->front)->sin_port));
}

/* ---- the thread ---- */

static int may_read_client(const connection *c, int64_t now)
{
    return !c->closing && c->held_until <= now;
}

/* What to wait for at one end; nothing at all, not even for its hanging up, where there is nothing to do with it. */
static struct pollfd interest(int socket, int reads, const bytes *to_write)
{
    short events = (short)((reads ? POLLIN : 0) | (to_write->size > 0 ? POLLOUT : 0));

    return (struct pollfd){.fd = events ? socket : -1, .events = events};
}

/* Reads what there is; gives 0 at the end. */
static int fill(bytes *into, int from)
{
    unsigned char chunk[CHUNK];
    ssize_t got = recv(from, chunk, sizeof chunk, MSG_DONTWAIT);

    if (got <= 0)
        return got < 0 && (errno == EAGAIN || errno == EINTR);
    append(into, chunk, (size_t)got);
    return 1;
}

/* Writes what can be written; when nobody reads, it is dropped. */
static void drain(connection *c, bytes *from, int to)
{
    ssize_t put = from->size > 0 ? send(to, from->at, from->size, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;

    if (put < 0 && errno != EAGAIN && errno != EINTR) {
        c->closing = 1;
        put = (ssize_t)from->size;
    }
    if (put > 0)
        take(from, (size_t)put);
}

/* Gives 0 when the connection is gone. */
static int serve_client(test_wire *wire, connection *c)
{
    size_t before = c->asked.size;

    if (wire->delay_ms > 0 && c->ready && !c->in_flight && c->held_until == 0) {
        c->held_until = now_ms() + wire->delay_ms;
        return 1;
    }
    c->held_until = 0;
    if (!fill(&c->asked, c->client))
        c->closing = 1;
    wire->count.bytes_sent += c->asked.size - before;
    return pass_all_up(wire, c);
}

static void serve(test_wire *wire, connection *c, int64_t now, short of_client, short of_server)
{
    enum { READABLE = POLLIN | POLLHUP | POLLERR };

    if ((of_client & READABLE) && may_read_client(c, now) && !serve_client(wire, c))
        return;
    if ((of_server & READABLE) && !c->closing) {
        if (!fill(&c->answered, c->server))
            c->closing = 1;
        pass_all_down(wire, c);
        if (c->client < 0)
            return;
    }
    drain(c, &c->up, c->server);
    drain(c, &c->down, c->client);
    if (c->closing && c->up.size + c->down.size == 0)
        hang_up(c);
}

/* Milliseconds until the first flight that is held may go on; -1 for none. */
static int next_timeout(const test_wire *wire, int64_t now)
{
    int64_t least = -1;

    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        int64_t left = wire->connections[i].held_until - now;
        if (left > 0 && (least < 0 || left < least))
            least = left;
    }
    return (int)least;
}

/* Does what is asked for, and tells. */
static void obey(test_wire *wire)
{
    uint64_t times;

    need(read(wire->wake, &times, sizeof times) == sizeof times, "eventfd");
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        if (wire->cutting_all || wire->stopping)
            hang_up(&wire->connections[i]);
    wire->cutting_all = 0;
    if (wire->refusing && wire->listener >= 0) {
        close(wire->listener);
        wire->listener = -1;
    } else if (!wire->refusing && wire->listener < 0) {
        start_listening(wire);
    }
    wire->asked_for = 0;
    pthread_cond_broadcast(&wire->obeyed);
}

static void serve_all(test_wire *wire, struct pollfd *polled)
{
    int64_t now = now_ms();
    int timeout = next_timeout(wire, now);

    polled[0] = (struct pollfd){.fd = wire->wake, .events = POLLIN};
    polled[1] = (struct pollfd){.fd = wire->frozen ? -1 : wire->listener, .events = POLLIN};
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        const connection *c = &wire->connections[i];
        polled[2 + 2 * i] = interest(wire->frozen ? -1 : c->client, may_read_client(c, now), &c->down);
        polled[3 + 2 * i] = interest(wire->frozen ? -1 : c->server, !c->closing, &c->up);
    }
    pthread_mutex_unlock(&wire->lock);
    poll(polled, POLLED, timeout);
    pthread_mutex_lock(&wire->lock);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        if (wire->connections[i].client >= 0 && !wire->frozen)
            serve(wire, &wire->connections[i], now, polled[2 + 2 * i].revents, polled[3 + 2 * i].revents);
    if (polled[1].revents)
        welcome(wire);
    if (polled[0].revents)
        obey(wire);
}

static void *run(void *argument)
{
    test_wire *wire = argument;
    struct pollfd polled[POLLED];

    pthread_mutex_lock(&wire->lock);
    while (!wire->stopping || wire->asked_for)
        serve_all(wire, polled);
    pthread_mutex_unlock(&wire->lock);
    return NULL;
}

/* ---- opening and closing ---- */

static test_wire *make(const char *server)
{
    test_wire *wire = calloc(1, sizeof *wire);

    need(wire != NULL, "calloc");
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        wire->connections[i].client = wire->connections[i].server = -1;
    pthread_mutex_init(&wire->lock, NULL);
    pthread_cond_init(&wire->obeyed, NULL);
    wire->wake = eventfd(0, EFD_CLOEXEC);
    need(wire->wake >= 0, "eventfd");
    if (server[0] == '/')
        unix_address(&wire->back, &wire->back_size, server);
    else
        loopback_address(&wire->back, &wire->back_size, server);
    return wire;
}

static test_wire *start(test_wire *wire)
{
    start_listening(wire);
    need(pthread_create(&wire->thread, NULL, run, wire) == 0, "pthread_create");
    return wire;
}

test_wire *test_wire_open(const char *server)
{
    test_wire *wire = make(server);

    test_temp_make(wire->folder);
    unix_address(&wire->front, &wire->front_size, wire->folder);
    return start(wire);
}

test_wire *test_wire_open_tcp(const char *server)
{
    test_wire *wire = make(server);

    loopback_address(&wire->front, &wire->front_size, "0");
    return start(wire);
}

/* Returns when the thread has done what was asked of it. Called with the lock held, which is let go. */
static void ask(test_wire *wire)
{
    uint64_t once = 1;

    wire->asked_for = 1;
    need(write(wire->wake, &once, sizeof once) == sizeof once, "eventfd");
    while (wire->asked_for)
        pthread_cond_wait(&wire->obeyed, &wire->lock);
    pthread_mutex_unlock(&wire->lock);
}

void test_wire_close(test_wire *wire)
{
    if (!wire)
        return;
    pthread_mutex_lock(&wire->lock);
    wire->stopping = wire->refusing = 1;
    ask(wire);
    pthread_join(wire->thread, NULL);
    close(wire->wake);
    pthread_cond_destroy(&wire->obeyed);
    pthread_mutex_destroy(&wire->lock);
    test_temp_remove(wire->folder);
    free(wire);
}

const char *test_wire_host(const test_wire *wire)
{
    return wire->folder[0] ? wire->folder : "127.0.0.1";
}

const char *test_wire_port(const test_wire *wire)
{
    return wire->port;
}

/* ---- counting and breaking ---- */

test_wire_count test_wire_counted(test_wire *wire)
{
    test_wire_count count;

    pthread_mutex_lock(&wire->lock);
    count = wire->count;
    pthread_mutex_unlock(&wire->lock);
    return count;
}

void test_wire_reset(test_wire *wire)
{
    pthread_mutex_lock(&wire->lock);
    memset(&wire->count, 0, sizeof wire->count);
    pthread_mutex_unlock(&wire->lock);
}

void test_wire_cut(test_wire *wire, test_wire_moment moment, size_t nth)
{
    pthread_mutex_lock(&wire->lock);
    wire->cut_moment = moment;
    wire->cut_in = nth;
    pthread_mutex_unlock(&wire->lock);
}

void test_wire_cut_all(test_wire *wire)
{
    pthread_mutex_lock(&wire->lock);
    wire->cutting_all = 1;
    ask(wire);
}

void test_wire_refuse(test_wire *wire, int refuse)
{
    pthread_mutex_lock(&wire->lock);
    wire->refusing = refuse;
    ask(wire);
}

void test_wire_freeze(test_wire *wire, int freeze)
{
    pthread_mutex_lock(&wire->lock);
    wire->frozen = freeze;
    ask(wire);
}

void test_wire_delay(test_wire *wire, int ms)
{
    pthread_mutex_lock(&wire->lock);
    wire->delay_ms = ms;
    pthread_mutex_unlock(&wire->lock);
}
