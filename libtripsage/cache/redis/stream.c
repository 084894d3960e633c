/* redis/stream.c: see stream.h. Sockets do not block: who has to wait does it in poll(). */
#include "stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "deadline.h"
#include "resolve.h"

static tripsage_status failed(const char *what, int error)
{
    return TRIPSAGE_FAIL_NATIVE(TRIPSAGE_EUNAVAILABLE, error, "%s: %s", what, strerror(error));
}

static tripsage_status too_late(void)
{
    return TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "no answer in time");
}

static tripsage_status closed(void)
{
    return TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "the server has closed the connection");
}

/* Until the socket is ready for these events of poll(). */
static tripsage_status await(int socket, short events, int64_t deadline)
{
    struct pollfd polled = {socket, events, 0};
    int ready = 0;

    while (ready <= 0) {
        int64_t left = deadline - tripsage__monotonic_ms();

        if (left <= 0)
            return too_late();
        ready = poll(&polled, 1, left < INT32_MAX ? (int)left : INT32_MAX);
        if (ready < 0 && errno != EINTR)
            return failed("poll", errno);
    }
    return TRIPSAGE_OK;
}

/* ---- opening ---- */

static tripsage_status finish_connecting(int socket, int64_t deadline)
{
    int error = 0;
    socklen_t size = sizeof error;
    tripsage_status status;

    TRIPSAGE_TRY(await(socket, POLLOUT, deadline));
    if (getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error)
        status = failed("connecting", error ? error : errno);
out:
    return status;
}

static tripsage_status connect_to(int *out, const struct sockaddr *address, socklen_t size, int64_t deadline)
{
    int one = 1, made = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    tripsage_status status = TRIPSAGE_OK;

    *out = -1;
    if (made < 0)
        return failed("a socket", errno);
    if (address->sa_family != AF_UNIX)
        setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &one,
                   sizeof one); /* a flight is one write, and the answer is waited for */
    if (connect(made, address, size) != 0)
        status = errno == EINPROGRESS ? finish_connecting(made, deadline) : failed("connecting", errno);
    if (status == TRIPSAGE_OK)
        *out = made;
    else
        close(made);
    return status;
}

static tripsage_status connect_path(int *out, const char *path, int64_t deadline)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof address.sun_path)
        return failed("connecting", ENAMETOOLONG);
    strcpy(address.sun_path, path);
    return connect_to(out, (struct sockaddr *)&address, sizeof address, deadline);
}

/* One address after another, each with its share of the time that is left. */
static tripsage_status connect_host(int *out, const tripsage__redis_address *address, int64_t deadline)
{
    struct addrinfo *found;
    int left = 0;
    tripsage_status status = tripsage__redis_resolve(&found, address->host, address->port, deadline);

    if (status != TRIPSAGE_OK)
        return status;
    for (const struct addrinfo *a = found; a; a = a->ai_next)
        left++;
    for (const struct addrinfo *a = found; a; a = a->ai_next) {
        int64_t now = tripsage__monotonic_ms();

        status = connect_to(out, a->ai_addr, a->ai_addrlen, now + (deadline - now) / left--);
        if (status == TRIPSAGE_OK)
            break;
    }
    freeaddrinfo(found);
    return status;
}

/* What a step of TLS asks for; TRIPSAGE_OK when it is to be done again. */
static tripsage_status await_tls(const tripsage__redis_stream *stream, ssize_t step, int64_t deadline)
{
    switch (step) {
    case TRIPSAGE__TLS_WANTS_TO_READ:
        return await(stream->socket, POLLIN, deadline);
    case TRIPSAGE__TLS_WANTS_TO_WRITE:
        return await(stream->socket, POLLOUT, deadline);
    case 0:
        return closed();
    default:
        return TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "TLS: %s", tripsage__tls_problem(stream->tls));
    }
}

static tripsage_status begin_tls(tripsage__redis_stream *stream, const char *host, const tripsage__tls_trust *trust,
                                 int64_t deadline)
{
    ssize_t step;
    tripsage_status status = tripsage__tls_new(&stream->tls, trust, stream->socket, host);

    while (status == TRIPSAGE_OK) {
        step = tripsage__tls_handshake(stream->tls);
        if (step > 0)
            break;
        status = await_tls(stream, step, deadline);
    }
    return status;
}

tripsage_status tripsage__redis_stream_open(tripsage__redis_stream *out, const tripsage__redis_address *address,
                                            const tripsage__tls_trust *trust, int64_t deadline)
{
    tripsage_status status;

    out->tls = NULL;
    out->socket = -1;
    status = address->path ? connect_path(&out->socket, address->path, deadline)
                           : connect_host(&out->socket, address, deadline);
    if (status == TRIPSAGE_OK && address->tls)
        status = begin_tls(out, address->host, trust, deadline);
    if (status != TRIPSAGE_OK)
        tripsage__redis_stream_close(out);
    return status;
}

void tripsage__redis_stream_close(tripsage__redis_stream *stream)
{
    tripsage__tls_free(stream->tls);
    stream->tls = NULL;
    if (stream->socket >= 0)
        close(stream->socket);
    stream->socket = -1;
}

/* ---- bytes ---- */

static int try_again(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/* Sends some of it. 0 bytes and TRIPSAGE_OK: once more. */
static tripsage_status send_some(size_t *sent, tripsage__redis_stream *stream, const void *data, size_t size,
                                 int64_t deadline)
{
    ssize_t n =
        stream->tls ? tripsage__tls_write(stream->tls, data, size) : send(stream->socket, data, size, MSG_NOSIGNAL);

    *sent = n > 0 ? (size_t)n : 0;
    if (n > 0)
        return TRIPSAGE_OK;
    if (stream->tls)
        return await_tls(stream, n, deadline);
    return try_again() ? await(stream->socket, POLLOUT, deadline) : failed("sending", errno);
}

tripsage_status tripsage__redis_stream_send(tripsage__redis_stream *stream, const void *data, size_t size,
                                            int64_t deadline)
{
    const char *at = data;
    size_t sent;
    tripsage_status status = TRIPSAGE_OK;

    for (; size > 0 && status == TRIPSAGE_OK; at += sent, size -= sent)
        status = send_some(&sent, stream, at, size, deadline);
    return status;
}

tripsage_status tripsage__redis_stream_receive(size_t *got, tripsage__redis_stream *stream, void *out, size_t size,
                                               int64_t deadline)
{
    tripsage_status status = TRIPSAGE_OK;

    *got = 0;
    if (tripsage__monotonic_ms() >= deadline) /* there may be no end of what is sent */
        return too_late();
    while (status == TRIPSAGE_OK) {
        ssize_t n = stream->tls ? tripsage__tls_read(stream->tls, out, size) : recv(stream->socket, out, size, 0);

        if (n > 0) {
            *got = (size_t)n;
            break;
        }
        if (stream->tls)
            status = await_tls(stream, n, deadline);
        else if (n == 0)
            status = closed();
        else
            status = try_again() ? await(stream->socket, POLLIN, deadline) : failed("receiving", errno);
    }
    return status;
}

/* 1 when the socket is ready for these events; 0 in time, or when there is something to wake up for. */
static int wait_for(int socket, short events, int wake, int64_t until)
{
    struct pollfd polled[] = {{socket, events, 0}, {wake, POLLIN, 0}};

    for (;;) {
        int64_t left = until - tripsage__monotonic_ms();

        if (left <= 0)
            return 0;
        if (poll(polled, 2, left < INT32_MAX ? (int)left : INT32_MAX) > 0)
            return !polled[1].revents;
    }
}

tripsage_status tripsage__redis_stream_take(size_t *got, tripsage__redis_stream *stream, void *out, size_t size,
                                            int wake, int64_t until)
{
    short events;

    *got = 0;
    do {
        ssize_t n = stream->tls ? tripsage__tls_read(stream->tls, out, size) : recv(stream->socket, out, size, 0);

        if (n > 0) {
            *got = (size_t)n;
            return TRIPSAGE_OK;
        }
        events = stream->tls && n == TRIPSAGE__TLS_WANTS_TO_WRITE ? POLLOUT : POLLIN;
        if (n == 0)
            return closed();
        if (stream->tls && n != TRIPSAGE__TLS_WANTS_TO_WRITE && n != TRIPSAGE__TLS_WANTS_TO_READ)
            return TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "TLS: %s", tripsage__tls_problem(stream->tls));
        if (!stream->tls && !try_again())
            return failed("receiving", errno);
    } while (wait_for(stream->socket, events, wake, until));
    return TRIPSAGE_OK;
}

/* Behind TLS there may be a record to read that is none of the server's words (a session ticket). */
int tripsage__redis_stream_is_quiet(const tripsage__redis_stream *stream)
{
    char byte;
    ssize_t got = recv(stream->socket, &byte, 1, MSG_PEEK);

    return got > 0 ? stream->tls != NULL : got < 0 && try_again();
}
