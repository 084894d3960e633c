/* support/web.c: see web.h. */
#include "web.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct test_web {
    test_peer *peer;
    test_web_answer *answer;
    void *user;
    _Atomic long count;
    char url[64];
};

/* Where the value of a header begins; NULL when it is not there. */
static const char *find_header(const test_web_request *r, const char *name)
{
    size_t length = strlen(name);

    for (const char *line = r->head; *line; line = strchr(line, '\n') + 1)
        if (strncasecmp(line, name, length) == 0 && line[length] == ':')
            return line + length + 1 + strspn(line + length + 1, " ");
    return NULL;
}

int test_web_header_is(const test_web_request *r, const char *name, const char *value)
{
    const char *found = find_header(r, name);

    return value ? found && strncmp(found, value, strlen(value)) == 0 && found[strlen(value)] == '\n' : !found;
}

static int read_request(test_web_request *r, test_conn *conn)
{
    char line[8192];
    const char *length;
    size_t used = 0;

    memset(r, 0, sizeof *r);
    if (!test_conn_line(conn, line, sizeof line) || sscanf(line, "%15s %4095s", r->method, r->target) != 2)
        return 0;
    while (test_conn_line(conn, line, sizeof line) && line[0] && used + strlen(line) + 2 < sizeof r->head)
        used += (size_t)sprintf(r->head + used, "%s\n", line);
    length = find_header(r, "Content-Length");
    r->body_size = length ? strtoul(length, NULL, 10) : 0;
    r->body = calloc(1, r->body_size + 1);
    return r->body && test_conn_read(conn, r->body, r->body_size);
}

static void write_reply(test_conn *conn, const test_web_reply *reply, int is_head)
{
    size_t size = reply->body_size ? reply->body_size : reply->body ? strlen(reply->body) : 0;
    int status = reply->status ? reply->status : 200;

    test_conn_say(conn, "HTTP/1.1 %d Said\r\n%s", status, reply->headers ? reply->headers : "");
    if (status != 204)
        test_conn_say(conn, "Content-Length: %zu\r\n", size);
    test_conn_say(conn, "\r\n");
    if (!is_head)
        test_conn_write(conn, reply->body, reply->hang_up == 2 ? size / 2 : size);
}

static void serve(test_conn *conn, void *user)
{
    test_web *web = user;
    test_web_request *r = malloc(sizeof *r);
    int more = r != NULL;

    while (more && read_request(r, conn)) {
        test_web_reply reply = {0};

        r->number = ++web->count;
        web->answer(&reply, r, web->user);
        test_conn_wait(conn, reply.delay_ms);
        if (reply.hang_up != 1)
            write_reply(conn, &reply, strcmp(r->method, "HEAD") == 0);
        free(r->body);
        r->body = NULL;
        more = !reply.hang_up;
    }
    if (r)
        free(r->body);
    free(r);
}

test_web *test_web_open(test_web_answer *answer, void *user, test_peer_tls tls)
{
    test_web *web = calloc(1, sizeof *web);

    if (!web)
        exit(EXIT_FAILURE);
    web->answer = answer;
    web->user = user;
    web->peer = test_peer_open(serve, web, tls);
    snprintf(web->url, sizeof web->url, tls == TEST_PEER_TLS ? "https://localhost:%d" : "http://127.0.0.1:%d",
             test_peer_port(web->peer));
    return web;
}

void test_web_close(test_web *web)
{
    if (!web)
        return;
    test_peer_close(web->peer);
    free(web);
}

const char *test_web_url(const test_web *web)
{
    return web->url;
}

test_peer *test_web_peer(test_web *web)
{
    return web->peer;
}

long test_web_requests(test_web *web)
{
    return web->count;
}
