/* http.c: CivetWeb's one owner (see http.h).
 *
 * CivetWeb parses the head, holds the connection and gives each connection a thread of its own. What it lets through and we do not:
 * heads that two readers could understand differently (request smuggling, RFC 9112 section 11.2). It skips blanks where none may
 * be, ends the header list at the first line it cannot read, at header 64, or at a folded line, reads "5abc" as the
 * length 5 and prefers Transfer-Encoding over Content-Length. It parses in place and leaves NULs where delimiters were, so
 * head_is_strict() can see from the distances between its strings whether anything was skipped; if so the answer is
 * 400 and the connection ends.
 *
 * begin_request is the hook used: a handler registered for a path costs a look-up under a lock besides. No document root is
 * ever set. CivetWeb gives threads 100 KiB of stack, fixed when it was built. */
#include "http.h"

#include <arpa/inet.h>
#include <civetweb.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "crowd.h"
#include "dispatch.h"
#include "log.h"
#include "respond.h"
#include "sockets.h"
#include "telemetry.h"
#include "tls.h"

/* 16 KiB: request line and headers together; a token is at most some KiB and a cookie has no business here. */
#define HEAD_MAX 16384
/* 15 s at most to send a first head, and between two pieces of a body: a slow phone network, not a stalled client. */
#define PIECE_TIMEOUT_S 15
/* 75 s idle: longer than the 60 s after which common load balancers drop idle connections themselves, so that they never send
 * into one we are just closing. */
#define KEEP_ALIVE_TIMEOUT_MS 75000
/* Threads beyond the promised connections: they say 503 to the ones too many, and answer health checks meanwhile. */
#define SPARE_THREADS 8
/* An answer up to 64 KiB goes into the socket's buffer as a whole; a larger one leaves as fast as its client reads. */
#define SOCKET_TAKES ((size_t)64 * 1024)
/* Ending: threads whose client has nothing to say close his connection within so many milliseconds, on a busy machine too. Who is still
 * there then is in an exchange that took longer than the whole drain. */
#define FAREWELL_MS 500
/* What is left unread of a body is read away up to here, so that the connection can go on; a larger rest ends it. */
#define DISCARD_MAX ((int64_t)64 * 1024)

struct http_listener {
    struct mg_context *context;
    tls *tls; /* before it, where clients come in; NULL: they come to CivetWeb */
    crowd *crowd;
    server *server;
    int health_only, connections_max;
    atomic_int port; /* known when its workers run already */
    int socket;      /* the listening one */
    int refusing;
    _Atomic int connections, active;
    _Atomic int started;
    char trouble[256]; /* what CivetWeb first said before it had started: why it did not */
};

/* ---- facts of a request ---- */

static const struct {
    const char *name;
    size_t length;
} header_names[HEADER_COUNT] = {
#define NAME(which, text) [which] = {text, sizeof(text) - 1}
    NAME(HEADER_HOST, "Host"),
    NAME(HEADER_CONTENT_LENGTH, "Content-Length"),
    NAME(HEADER_TRANSFER_ENCODING, "Transfer-Encoding"),
    NAME(HEADER_CONTENT_TYPE, "Content-Type"),
    NAME(HEADER_AUTHORIZATION, "Authorization"),
    NAME(HEADER_CONNECTION, "Connection"),
    NAME(HEADER_EXPECT, "Expect"),
    NAME(HEADER_IF_MATCH, "If-Match"),
    NAME(HEADER_IF_NONE_MATCH, "If-None-Match"),
    NAME(HEADER_IDEMPOTENCY_KEY, "Idempotency-Key"),
    NAME(HEADER_ORIGIN, "Origin"),
    NAME(HEADER_REQUEST_METHOD, "Access-Control-Request-Method"),
    NAME(HEADER_REQUEST_ID, "X-Request-Id"),
#undef NAME
};

const char *const method_names[METHOD_OTHER] = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"};

static method find_method(const char *name)
{
    for (int i = 0; i < METHOD_OTHER; i++)
        if (strcmp(name, method_names[i]) == 0)
            return (method)i;
    return METHOD_OTHER;
}

/* The request line's three words stand one blank apart and end with CRLF before the first header. */
static int line_is_strict(const struct mg_request_info *info)
{
    const char *target = info->request_uri, *version = info->http_version - strlen("HTTP/");
    const char *target_end =
        info->query_string ? info->query_string + strlen(info->query_string) : target + strlen(target);

    return target == info->request_method + strlen(info->request_method) + 1 && version == target_end + 1 &&
           (info->num_headers == 0 ||
            info->http_headers[0].name == info->http_version + strlen(info->http_version) + 2);
}

/* Each header starts where the one before ended, has no blank before its colon, and the last is followed by the empty line. */
static int head_is_strict(const struct mg_request_info *info)
{
    if (!line_is_strict(info))
        return 0;
    for (int i = 0; i < info->num_headers; i++) {
        const char *name = info->http_headers[i].name, *value = info->http_headers[i].value;
        const char *after_name = name + strlen(name) + 1, *end = value + strlen(value);

        if (*after_name == '\0' && after_name != value)
            return 0;
        if (i + 1 < info->num_headers ? info->http_headers[i + 1].name != end + 2
                                      : end[1] != '\0' || end[2] != '\r' || end[3] != '\0')
            return 0;
    }
    return 1;
}

/* Whether "[...]" begins here, an IPv6 address within; *end is behind it. Of the versions to come (RFC 3986, 3.2.2) there is none to know. */
static int is_ip_literal(const char *value, const char **end)
{
    struct in6_addr address;
    char within[INET6_ADDRSTRLEN];
    size_t length = strcspn(value, "]");

    if (value[length] == '\0' || length - 1 >= sizeof within)
        return 0;
    memcpy(within, value + 1, length - 1);
    within[length - 1] = '\0';
    *end = value + length + 1;
    return inet_pton(AF_INET6, within, &address) == 1;
}

static int is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

/* Behind a reg-name, which may be empty. This looks at each byte of each request's host: strspn() would make a table every time. */
static const char *behind_name(const char *at)
{
    for (;; at++) {
        int is_letter = (unsigned char)((*at | 0x20) - 'a') < 26;

        if (*at == '%' && isxdigit((unsigned char)at[1]) && isxdigit((unsigned char)at[2]))
            at += 2;
        else if (!is_letter && !is_digit(*at) && (!*at || !strchr(".-_~!$&'()*+,;=", *at)))
            return at;
    }
}

/* uri-host [":" port] (RFC 9110, 7.2; RFC 3986, 3.2.2), which may be empty. Two readers would find two hosts in what is not. */
static int is_host(const char *value)
{
    const char *end;

    if (*value != '[')
        end = behind_name(value);
    else if (!is_ip_literal(value, &end))
        return 0;
    if (*end == ':')
        for (end++; is_digit(*end);)
            end++;
    while (*end == ' ') /* blanks behind a value are none of it */
        end++;
    return *end == '\0';
}

/* NULL, or what is wrong. */
static const char *read_headers(request *r, const struct mg_request_info *info)
{
    for (int i = 0; i < info->num_headers; i++) {
        const char *name = info->http_headers[i].name;
        size_t length = strlen(name);

        for (int h = 0; h < HEADER_COUNT; h++) {
            if (header_names[h].length != length || strcasecmp(header_names[h].name, name) != 0)
                continue;
            if (r->headers[h])
                return "a header that may come once came twice";
            r->headers[h] = info->http_headers[i].value;
        }
    }
    if (!r->headers[HEADER_HOST])
        return r->version_minor == 0 ? NULL : "the Host header is missing";
    return is_host(r->headers[HEADER_HOST]) ? NULL : "the Host header is not a host";
}

/* How long the body is: one way of saying it, in the one spelling everybody reads alike. */
static const char *read_framing(request *r)
{
    const char *length = r->headers[HEADER_CONTENT_LENGTH], *encoding = r->headers[HEADER_TRANSFER_ENCODING];

    r->content_length = -1;
    if (length && encoding)
        return "Content-Length and Transfer-Encoding exclude each other";
    if (encoding && (strcasecmp(encoding, "chunked") != 0 || r->version_minor == 0))
        return "the only transfer encoding understood is chunked, of HTTP/1.1";
    if (length && (!*length || length[strspn(length, "0123456789")] || strlen(length) > 15))
        return "Content-Length is not a number";
    r->chunked = encoding != NULL;
    if (length)
        r->content_length = strtoll(length, NULL, 10);
    return NULL;
}

static const char *read_facts(request *r, const struct mg_request_info *info)
{
    const char *wrong;

    r->method_name = info->request_method;
    r->method = find_method(info->request_method);
    r->target = info->local_uri_raw ? info->local_uri_raw : "";
    r->query = info->query_string ? info->query_string : "";
    r->version_minor = strcmp(info->http_version, "1.0") == 0 ? 0 : 1;
    r->is_secure = info->is_ssl;
    r->remote_port = info->remote_port;
    memcpy(r->remote_addr, info->remote_addr, sizeof r->remote_addr);
    memcpy(r->peer_addr, r->remote_addr, sizeof r->peer_addr);
    if (r->listener->tls && !tls_peer(r->listener->tls, r->remote_port, r->peer_addr))
        return "this port is for TLS that ended in this process";
    client_find(r);
    if (!head_is_strict(info))
        return "the head is not well-formed";
    wrong = read_headers(r, info);
    return wrong ? wrong : read_framing(r);
}

/* Whether the client lets the connection stay open: the rule CivetWeb itself goes by. */
static int client_keeps_alive(const request *r)
{
    const char *at = r->headers[HEADER_CONNECTION];

    if (!at)
        return r->version_minor == 1;
    while (*at) {
        size_t length;

        at += strspn(at, ", ");
        length = strcspn(at, ", ");
        if (length == strlen("keep-alive") && strncasecmp(at, "keep-alive", length) == 0)
            return 1;
        at += length;
    }
    return 0;
}

const char *http_header(const request *r, const char *name)
{
    return mg_get_header(r->connection, name);
}

const char *http_last_header(const request *r, const char *name, int *line)
{
    const struct mg_request_info *info = mg_get_request_info(r->connection);

    if (*line < 0)
        *line = info->num_headers;
    while (--*line >= 0)
        if (strcasecmp(info->http_headers[*line].name, name) == 0)
            return info->http_headers[*line].value;
    return NULL;
}

/* ---- the body ---- */

static int read_exactly(request *r, size_t length)
{
    if (!buffer_reserve(&r->in, length + 1))
        return 503;
    while (r->in.size < length) {
        int got = mg_read(r->connection, r->in.data + r->in.size, length - r->in.size);

        if (got <= 0)
            return 408;
        r->in.size += (size_t)got;
    }
    return 0;
}

static int read_chunks(request *r, size_t limit)
{
    for (;;) {
        int got;

        if (!buffer_reserve(&r->in, 8192))
            return 503;
        got = mg_read(r->connection, r->in.data + r->in.size, r->in.capacity - r->in.size - 1);
        if (got < 0)
            return 400;
        if (got == 0)
            return 0;
        r->in.size += (size_t)got;
        if (r->in.size > limit)
            return 413;
    }
}

int http_read_body(request *r, size_t limit)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    int status;

    if (r->content_length > (int64_t)limit)
        return 413;
    if (r->content_length <= 0 && !r->chunked)
        return 0;
    if (r->headers[HEADER_EXPECT] && r->version_minor == 1 && mg_write(r->connection, go_on, sizeof go_on - 1) <= 0)
        return 408;
    pool_watch(r, r->server->settings->request_timeout_s);
    status = r->chunked ? read_chunks(r, limit) : read_exactly(r, (size_t)r->content_length);
    pool_watch(r, 0); /* what takes time from here on is not the client */
    if (status)
        return status;
    r->in.data[r->in.size] = '\0';
    r->body = (text){r->in.data, r->in.size};
    r->body_read = 1;
    return 0;
}

/* ---- one exchange ---- */

/* A body, or a part of one, that has not been read. */
static int has_rest(const request *r)
{
    return !r->body_read && (r->content_length > 0 || r->chunked);
}

/* A rest of the body that is not worth reading, or that will not come because the client waits to be asked for it. */
static int must_abandon_body(const request *r)
{
    if (!has_rest(r))
        return 0;
    return r->chunked || r->content_length > DISCARD_MAX || r->headers[HEADER_EXPECT];
}

static void decide_connection(request *r)
{
    if (!client_keeps_alive(r) || r->server->draining || http_overloaded(r->listener) || must_abandon_body(r))
        r->response.close = 1;
    if (r->response.close)
        mg_disable_connection_keep_alive(r->connection);
}

int http_take_stream(request *r)
{
    int places = r->listener->connections_max / 4;

    if (r->server->streams++ >= (places ? places : 1)) {
        r->server->streams--;
        return 0;
    }
    r->streams = 1;
    return 1;
}

/* Nothing is expected of a client that listens: what there is to read is its farewell. */
static int has_left(int socket)
{
    struct pollfd it = {.fd = socket, .events = POLLRDHUP};

    return poll(&it, 1, 0) > 0;
}

/* Each piece in one write, for as long as there is something to say, somebody listens, and the server stays. */
static void stream(request *r)
{
    int socket = pool_socket(r);
    const char *data;
    size_t length;

    while (!r->server->draining && !has_left(socket) && r->response.more(r, &data, &length)) {
        if (length == 0)
            continue;
        pool_watch(r, r->server->settings->request_timeout_s);
        if (mg_write(r->connection, data, length) < (int)length)
            break;
        pool_watch(r, 0);
        r->response.length += length;
    }
}

static void write_answer(request *r)
{
    if (!respond_assemble(r)) {
        r->response.close = 1;
        mg_disable_connection_keep_alive(r->connection);
        return; /* not even a small answer can be had from memory */
    }
    if (r->out.size > SOCKET_TAKES || has_rest(r)) /* both are as fast as the client */
        pool_watch(r, r->server->settings->request_timeout_s);
    if (mg_write(r->connection, r->out.data, r->out.size) < (int)r->out.size)
        mg_disable_connection_keep_alive(r->connection);
    else if (r->response.more)
        stream(r);
}

/* A connection counts until its last answer is written: its client may be back before this thread has closed it. */
static void finish(request *r)
{
    decide_connection(r);
    write_answer(r);
    clock_gettime(CLOCK_MONOTONIC, &r->ended);
    if (r->response.close)
        r->listener->connections--;
    respond_log(r);
    telemetry_end(r);
}

static int on_request(struct mg_connection *connection)
{
    const struct mg_request_info *info = mg_get_request_info(connection);
    http_listener *listener = mg_get_user_context_data(connection);
    request *r = pool_take(listener->server->pool);
    const char *wrong;

    if (!r) {
        mg_disable_connection_keep_alive(connection);
        return 503;
    }
    listener->active++;
    mg_set_user_connection_data(connection, r);
    clock_gettime(CLOCK_MONOTONIC, &r->started);
    r->listener = listener;
    r->connection = connection;
    wrong = read_facts(r, info);
    atomic_store_explicit(&r->busy_port, (unsigned)r->remote_port, memory_order_relaxed);
    telemetry_begin(r);
    respond_identify(r);
    if (info->num_headers >= MG_MAX_HEADERS) {
        respond_problem(r, 431, "HEADERS_TOO_LARGE", "at most %d header lines", MG_MAX_HEADERS - 1);
        r->response.close = 1;
    } else if (wrong) {
        respond_problem(r, 400, "MALFORMED_REQUEST", "%s", wrong);
        r->response.close = 1;
    } else {
        dispatch(r);
    }
    finish(r);
    if (r->streams)
        r->server->streams--;
    return r->response.status;
}

/* In the place of the request, once the connection's last answer is written. */
static char answered;

/* After CivetWeb has read away what was left of the body. */
static void on_end(const struct mg_connection *connection, int status)
{
    void *data = mg_get_user_connection_data(connection);
    request *r = data;

    (void)status;
    if (!data || data == &answered)
        return;
    mg_set_user_connection_data(connection, r->response.close ? &answered : NULL);
    r->listener->active--;
    pool_give(r->server->pool, r);
}

/* ---- what CivetWeb answers by itself, or not at all ---- */

static const char not_a_path[] = "not a path"; /* our own message, from on_close */

static void explain(request *r, int status, const struct mg_request_info *info, const char *message)
{
    if (status == 413 || strcmp(message, "Malformed message") == 0)
        respond_problem(r, 400, "MALFORMED_REQUEST",
                        "the head is not well-formed, came too slowly, or is longer than %d bytes", HEAD_MAX);
    else if (strcmp(message, not_a_path) == 0)
        respond_problem(r, 400, "MALFORMED_REQUEST", "the target is not a path of this server");
    else if (status == 400 && info->request_method && info->http_version &&
             find_method(info->request_method) == METHOD_OTHER)
        respond_problem(r, 501, "NOT_SUPPORTED", "the method is not known here");
    else if (status == 505)
        respond_problem(r, 505, "NOT_SUPPORTED", "HTTP/1.1 and HTTP/1.0 are understood");
    else if (status == 411)
        respond_problem(r, 400, "MALFORMED_REQUEST", "Content-Length is not a number");
    else
        respond_problem(r, status, "MALFORMED_REQUEST", "the request is not well-formed");
}

static int on_error(struct mg_connection *connection, int status, const char *message)
{
    const struct mg_request_info *info = mg_get_request_info(connection);
    http_listener *listener = mg_get_user_context_data(connection);
    request *r = pool_take(listener->server->pool);

    mg_set_user_connection_data(connection, &answered);
    if (!r) {
        listener->connections--;
        return 0;
    }
    clock_gettime(CLOCK_MONOTONIC, &r->started);
    r->listener = listener;
    r->connection = connection;
    r->method = METHOD_OTHER;
    r->method_name = info->request_method ? info->request_method : "";
    r->target = r->query = "";
    telemetry_begin(r);
    respond_identify(r);
    explain(r, status, info, message);
    r->response.close = 1;
    finish(r);
    pool_give(listener->server->pool, r);
    return 0;
}

/* ---- connections ---- */

static int on_connection(const struct mg_connection *connection, void **data)
{
    http_listener *listener = mg_get_user_context_data(connection);

    *data = NULL;
    if (++listener->connections > listener->connections_max && listener->started)
        crowd_wake(listener->crowd);
    return 0;
}

/* CivetWeb calls nobody for a target that is no path of its own ("*", or another host's URL): it closes without a word. */
static void on_close(const struct mg_connection *closing)
{
    const struct mg_request_info *info = mg_get_request_info(closing);
    http_listener *listener = mg_get_user_context_data(closing);

    if (mg_get_user_connection_data(closing) == &answered)
        return;
    if (info && info->request_uri && !info->local_uri)
        on_error((struct mg_connection *)(size_t)closing, 400, not_a_path);
    else
        listener->connections--;
}

static int on_message(const struct mg_connection *connection, const char *message)
{
    http_listener *listener = mg_get_user_context_data(connection);

    if (!listener || listener->started)
        log_event(TRIPSAGE_LOG_WARN, "http", "%s", message);
    else if (!listener->trouble[0])
        snprintf(listener->trouble, sizeof listener->trouble, "%s", message);
    return 1;
}

int http_overloaded(const http_listener *listener)
{
    return listener->connections > listener->connections_max;
}

int http_active(const http_listener *listener)
{
    return listener->active + (listener->tls ? tls_greeted(listener->tls) : 0);
}

int http_port(const http_listener *listener)
{
    return listener->tls ? tls_port(listener->tls) : listener->port;
}

void http_reload(http_listener *listener)
{
    if (listener->tls)
        tls_reload(listener->tls);
}

int http_health_only(const http_listener *listener)
{
    return listener->health_only;
}

/* ---- start and end ---- */

static int is_listening(int fd)
{
    int listening = 0;
    socklen_t size = sizeof listening;

    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening;
}

typedef struct looked_for {
    int port;
    int (*wanted)(int fd);
} looked_for;

static int is_looked_for(int fd, const void *context)
{
    const looked_for *it = context;

    return socket_own_port(fd) == it->port && it->wanted(fd);
}

/* The first socket bound to the port that `wanted` takes; -1: none. */
static int find_socket(int port, int (*wanted)(int fd))
{
    return socket_find(is_looked_for, &(looked_for){port, wanted});
}

static int has_unread(int fd)
{
    char byte;

    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
}

/* That has not been closed from here: what its client still says is not heard. */
static int is_connection(int fd)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;

    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
           (info.tcpi_state == TCP_ESTABLISHED || info.tcpi_state == TCP_CLOSE_WAIT);
}

/* A request may lie in a socket whose thread has not come round to it: on a busy machine that takes longer than anybody would wait. They
 * are looked at in the order that it takes through them. */
int http_unread(const http_listener *listener)
{
    return (listener->tls && (find_socket(tls_port(listener->tls), has_unread) >= 0 || tls_moving(listener->tls))) ||
           find_socket(listener->port, has_unread) >= 0;
}

int http_connected(const http_listener *listener)
{
    return find_socket(listener->port, is_connection) >= 0 ||
           (listener->tls && find_socket(tls_port(listener->tls), is_connection) >= 0);
}

/* Where clients come in stays open until the end, hidden from new ones. */
void http_refuse(http_listener *listener)
{
    if (listener->refusing || listener->socket < 0)
        return;
    listener->refusing = 1;
    if (listener->tls)
        socket_let_last_in(tls_socket(listener->tls), tls_port(listener->tls));
    else
        socket_let_last_in(listener->socket, listener->port);
}

/* What has come is read and answered still, and what would come is not waited for any more. */
static int end_reading(int fd)
{
    shutdown(fd, SHUT_RD);
    return 0; /* go on to the next */
}

static int end_all(int fd)
{
    shutdown(fd, SHUT_RDWR);
    return 0;
}

/* Threads that wait, for a client or for a request, look only every 2 s whether it is over; so end their waiting. Each finds either a
 * request that came in time, or that none will come, and closes. */
static void hang_up(const http_listener *listener)
{
    const struct timespec rest = {0, 1000000};

    (void)find_socket(listener->port, end_reading);
    for (int ms = 0; ms < FAREWELL_MS && http_connected(listener); ms++)
        nanosleep(&rest, NULL);
    (void)find_socket(listener->port, end_all);
    if (listener->socket >= 0)
        shutdown(listener->socket, SHUT_RDWR);
}

static struct mg_context *start_context(http_listener *listener, const char *address, const char *threads,
                                        struct mg_error_data *failure)
{
    char head_max[16], request_timeout[16], keep_alive_timeout[16];
    const char *configuration[] = {"listening_ports",
                                   address,
                                   "num_threads",
                                   threads,
                                   "enable_keep_alive",
                                   "yes",
                                   "tcp_nodelay",
                                   "1",
                                   "max_request_size",
                                   head_max,
                                   "request_timeout_ms",
                                   request_timeout,
                                   "keep_alive_timeout_ms",
                                   keep_alive_timeout,
                                   "connection_queue",
                                   "128", /* accepted and not yet taken by a thread */
                                   "listen_backlog",
                                   "1024", /* a burst of clients at once */
                                   "decode_url",
                                   "no", /* the router decodes, strictly */
                                   "enable_auth_domain_check",
                                   "no",
                                   NULL};
    const struct mg_callbacks callbacks = {.begin_request = on_request,
                                           .end_request = on_end,
                                           .http_error = on_error,
                                           .init_connection = on_connection,
                                           .connection_close = on_close,
                                           .log_message = on_message};
    unsigned whole_s = listener->server->settings->request_timeout_s;
    unsigned piece_s = whole_s < PIECE_TIMEOUT_S ? whole_s : PIECE_TIMEOUT_S;
    struct mg_init_data init = {.callbacks = &callbacks, .user_data = listener, .configuration_options = configuration};

    snprintf(head_max, sizeof head_max, "%d", HEAD_MAX);
    snprintf(request_timeout, sizeof request_timeout, "%u", piece_s * 1000);
    snprintf(keep_alive_timeout, sizeof keep_alive_timeout, "%d", KEEP_ALIVE_TIMEOUT_MS);
    return mg_start2(&init, failure);
}

static const char *why_not(const http_listener *listener, int is_ipv6, const char *error)
{
    if (is_ipv6 && !mg_check_feature(MG_FEATURES_IPV6))
        return "CivetWeb was built without IPv6 here";
    if (strstr(listener->trouble, "invalid port spec")) /* all else of what it was given is well-formed */
        return "there is no such address";
    return listener->trouble[0] ? listener->trouble : error[0] ? error : "no memory";
}

/* Where CivetWeb listens behind TLS: for this process alone. */
#define BEHIND_TLS "127.0.0.1"

static int start_tls(http_listener *listener, const http_options *options)
{
    const tls_options in_front = {.certificate = options->certificate,
                                  .key = options->key,
                                  .host = options->host,
                                  .port = options->port,
                                  .behind = listener->port,
                                  .connections = options->connections + SPARE_THREADS};

    listener->tls = tls_start(&in_front);
    return listener->tls != NULL;
}

static int start_crowd(http_listener *listener, const http_options *options)
{
    const crowd_options its = {.pool = listener->server->pool,
                               .port = listener->port,
                               .connections = &listener->connections,
                               .allowed = listener->connections_max,
                               .threads = (int)options->connections + SPARE_THREADS};

    listener->crowd = crowd_start(&its);
    return listener->crowd != NULL;
}

http_listener *http_start(const http_options *options)
{
    http_listener *listener = calloc(1, sizeof *listener);
    const char *host = options->certificate ? BEHIND_TLS : options->host;
    int is_ipv6 = strchr(host, ':') != NULL;
    const char *format = is_ipv6 ? "[%s]:%d" : "%s:%d";
    char address[300], threads[16], error[256] = "", advice[200];
    struct mg_error_data failure = {.text = error, .text_buffer_size = sizeof error};
    struct mg_server_port port;

    if (!listener)
        return NULL;
    listener->server = options->server;
    listener->health_only = options->health_only;
    listener->connections_max = (int)options->connections;
    snprintf(address, sizeof address, format, host, options->certificate ? 0 : options->port);
    snprintf(threads, sizeof threads, "%u", options->connections + SPARE_THREADS);
    mg_init_library(MG_FEATURES_DEFAULT);
    listener->context = start_context(listener, address, threads, &failure);
    if (!listener->context || mg_get_server_ports(listener->context, 1, &port) != 1) {
        const char *why = why_not(listener, is_ipv6, error);

        fprintf(stderr, "tripsage-server: cannot listen on %s: %s%s\n", address, why,
                socket_advice(advice, why, options->health_only ? "TRIPSAGE_ADMIN_PORT" : "--port or PORT"));
        http_stop(listener);
        return NULL;
    }
    listener->port = port.port;
    listener->socket = find_socket(port.port, is_listening);
    if (!start_crowd(listener, options)) {
        fprintf(stderr, "tripsage-server: no thread is to be had\n");
        http_stop(listener);
        return NULL;
    }
    listener->started = 1;
    if (listener->trouble[0]) /* it has started nevertheless */
        log_event(TRIPSAGE_LOG_WARN, "http", "%s", listener->trouble);
    if (options->certificate && !start_tls(listener, options)) {
        http_stop(listener);
        return NULL;
    }
    return listener;
}

void http_stop(http_listener *listener)
{
    if (!listener)
        return;
    if (listener->context) {
        http_refuse(listener);
        hang_up(listener);
        mg_stop(listener->context);
    }
    crowd_stop(listener->crowd);
    tls_stop(listener->tls);
    mg_exit_library();
    free(listener);
}
