#include "support/http_client.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/http_schema.h"
#include "support/json.h"

/* 30 s for one answer: sanitizers on a busy machine. */
#define PATIENCE_MS 30000

/* ---- bytes ---- */

static int try_open(const char *from, int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((in_port_t)port)};
    int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_ge(connection, 0);
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (from) {
        struct sockaddr_in own = {.sin_family = AF_INET};

        ck_assert_int_eq(inet_pton(AF_INET, from, &own.sin_addr), 1);
        ck_assert_int_eq(bind(connection, (struct sockaddr *)&own, sizeof own), 0);
    }
    if (connect(connection, (struct sockaddr *)&address, sizeof address) == 0)
        return connection;
    close(connection);
    return -1;
}

int http_open_from(const char *address, int port)
{
    int connection = try_open(address, port);

    ck_assert_msg(connection >= 0, "cannot connect to port %d: %s", port, strerror(errno));
    return connection;
}

int http_open(int port)
{
    return http_open_from(NULL, port);
}

int http_can_open(int port)
{
    int connection = try_open(NULL, port);

    if (connection < 0)
        return 0;
    close(connection);
    return 1;
}

void http_put_bytes(int connection, const char *bytes, size_t size)
{
    while (size) {
        ssize_t sent = send(connection, bytes, size, MSG_NOSIGNAL);

        if (sent < 0 && (errno == EPIPE || errno == ECONNRESET))
            return; /* it has had enough; what it answered can still be read */
        ck_assert_msg(sent > 0, "send: %s", strerror(errno));
        bytes += sent;
        size -= (size_t)sent;
    }
}

void http_put(int connection, const char *text)
{
    http_put_bytes(connection, text, strlen(text));
}

static int take_byte(int connection, char *out)
{
    struct pollfd waiting = {.fd = connection, .events = POLLIN};

    return poll(&waiting, 1, PATIENCE_MS) == 1 && recv(connection, out, 1, 0) == 1;
}

/* Byte by byte, so that nothing of the next answer is taken. */
static char *take_head(int connection)
{
    size_t size = 0, capacity = 16384;
    char *head = calloc(1, capacity);

    ck_assert_ptr_nonnull(head);
    test_keep(head);
    while (size < capacity - 1) {
        if (!take_byte(connection, &head[size]))
            return NULL;
        size++;
        if (size >= 4 && memcmp(head + size - 4, "\r\n\r\n", 4) == 0) {
            head[size - 2] = '\0';
            return head;
        }
    }
    ck_abort_msg("a head without an end");
    return NULL;
}

http_answer *http_take(int connection, int no_body)
{
    http_answer *answer = test_keep(calloc(1, sizeof *answer));
    char *body;
    const char *length;

    answer->head = take_head(connection);
    if (!answer->head)
        return NULL;
    ck_assert_msg(strncmp(answer->head, "HTTP/1.1 ", 9) == 0, "not an answer: %s", answer->head);
    answer->status = (int)strtol(answer->head + 9, NULL, 10);
    length = http_field(answer, "Content-Length");
    answer->length = length && !no_body ? strtoul(length, NULL, 10) : 0;
    body = test_keep(calloc(1, answer->length + 1));
    for (size_t i = 0; i < answer->length;) {
        ssize_t got = recv(connection, body + i, answer->length - i, 0);

        ck_assert_msg(got > 0, "the body ended early after %s", answer->head);
        i += (size_t)got;
    }
    answer->body = body;
    return answer;
}

int http_is_closed(int connection, int ms)
{
    struct pollfd waiting = {.fd = connection, .events = POLLIN};
    char byte;

    return poll(&waiting, 1, ms) == 1 && recv(connection, &byte, 1, MSG_PEEK) <= 0;
}

http_answer *http_exchange(int port, const char *bytes)
{
    int connection = http_open(port);
    http_answer *answer;

    http_put(connection, bytes);
    answer = http_take(connection, strncmp(bytes, "HEAD ", 5) == 0);
    close(connection);
    return answer;
}

/* ---- calls ---- */

http_answer *http_call(const http_server *s, const char *token, const char *method, const char *path,
                       const char *fields, const char *body)
{
    const char *type =
        body && !(fields && strcasestr(fields, "content-type:")) ? "Content-Type: application/json\r\n" : "";
    const char *authorization = token ? test_format("Authorization: Bearer %s\r\n", token) : "";
    const char *length = body ? test_format("Content-Length: %zu\r\n", strlen(body)) : "";
    http_answer *answer =
        http_exchange(s->port, test_format("%s %s HTTP/1.1\r\nHost: localhost\r\n%s%s%s%s\r\n%s", method, path,
                                           authorization, type, length, fields ? fields : "", body ? body : ""));

    ck_assert_msg(answer != NULL, "%s %s: the connection ended without an answer", method, path);
    http_schema_check(s, method, path, answer);
    return answer;
}

http_answer *http_expect(const char *file, int line, const char *call, int status, http_answer *answer)
{
    ck_assert_msg(answer != NULL, "%s:%d: %s: no answer, want %d", file, line, call, status);
    ck_assert_msg(answer->status == status, "%s:%d: %s: want %d, got %s%s", file, line, call, status, answer->head,
                  answer->body);
    return answer;
}

const char *http_field(const http_answer *answer, const char *name)
{
    size_t length = strlen(name);

    for (const char *line = strstr(answer->head, "\r\n"); line; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, length) == 0 && line[length] == ':') {
            const char *value = line + length + 1 + strspn(line + length + 1, " ");

            return test_format("%.*s", (int)strcspn(value, "\r"), value);
        }
    }
    return NULL;
}

const char *http_value(const http_answer *answer, const char *pointer)
{
    return test_json_at(answer->body, pointer);
}

const char *http_text(const http_answer *answer, const char *pointer)
{
    const char *value = test_json_at(answer->body, pointer);
    size_t length = value ? strlen(value) : 0;

    ck_assert_msg(length >= 2 && value[0] == '"', "no text at %s of %s", pointer, answer->body);
    return test_format("%.*s", (int)(length - 2), value + 1);
}

const char *http_register(const http_server *s, const char *email, const char **id)
{
    const char *body = test_format("{\"email\":\"%s\",\"password\":\"a cup of green tea\"}", email);
    http_answer *session = ANSWERS(201, http_call(s, NULL, "POST", "/api/auth/register", NULL, body));

    if (id)
        *id = http_text(session, "/user/id");
    return http_text(session, "/access_token");
}
