/* Stopping under load: clients that keep their connections and clients that open one for each request ask all the time while the server
 * gets its SIGTERM. Every request that was sent over a connection the server had taken is answered, whole; whoever comes later is refused.
 *
 * TRIPSAGE_STOP_RUNS says how often (5; tests/image/image_test.sh: 100), and TRIPSAGE_SERVER_PROGRAM which server. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "suite.h"

enum { CLIENTS = 16, LOAD_MS = 150 };

typedef struct client {
    pthread_t thread;
    int keeps; /* its connection */
    int port;
    const char *request; /* of a reader; NULL: it writes */
    const char *token;
    long answered, lost;
    char trouble[160]; /* of the first that was lost */
} client;

static atomic_int over;

/* -1: refused. */
static int connect_to(int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void lose(client *c, const char *what, int native)
{
    if (!c->lost++)
        snprintf(c->trouble, sizeof c->trouble, "%s: %s", what, strerror(native));
}

/* 1: a whole answer, after which the connection goes on; 0: after which it does not; -1: none. */
static int take_answer(client *c, int fd)
{
    char answer[65536];
    size_t size = 0;

    for (;;) {
        ssize_t got = recv(fd, answer + size, sizeof answer - 1 - size, 0);
        char *end, *length;

        if (got <= 0) {
            lose(c, size ? "an answer broke off" : "no answer", got < 0 ? errno : 0);
            return -1;
        }
        size += (size_t)got;
        answer[size] = '\0';
        end = strstr(answer, "\r\n\r\n");
        length = strstr(answer, "Content-Length: ");
        if (end && length && length < end &&
            size >= (size_t)(end + 4 - answer) + strtoul(length + strlen("Content-Length: "), NULL, 10)) {
            c->answered++;
            if (strncmp(answer, "HTTP/1.1 20", 11) != 0)
                lose(c, test_format("no success: %.12s %.100s", answer, end + 4), 0);
            return !strstr(answer, "Connection: close");
        }
    }
}

/* Whether the server has said farewell on a connection that waited for its next request (RFC 9112, 9.3.1: a client looks). */
static int has_left(int fd)
{
    struct pollfd it = {.fd = fd, .events = POLLIN | POLLRDHUP};

    return poll(&it, 1, 0) > 0;
}

static void *ask(void *user)
{
    client *c = user;
    static const char body[] = "{\"title\":\"Kyoto\",\"start_date\":\"2027-04-01\",\"end_date\":\"2027-04-05\","
                               "\"destinations\":[{\"name\":\"Kyoto\"}]}";
    int fd = -1, goes_on = 0;

    while (!over) {
        char request[2048];
        int length;

        if (fd < 0 && (fd = connect_to(c->port)) < 0)
            break;
        if (goes_on && has_left(fd)) {
            close(fd);
            fd = -1;
            goes_on = 0;
            continue;
        }
        length = c->request ? snprintf(request, sizeof request, "%s%s\r\n", c->request,
                                       c->keeps ? "" : "Connection: close\r\n")
                            : snprintf(request, sizeof request,
                                       "POST /api/trips HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
                                       "Content-Type: application/json\r\nContent-Length: %zu\r\n%s\r\n%s",
                                       c->token, sizeof body - 1, c->keeps ? "" : "Connection: close\r\n", body);
        if (send(fd, request, (size_t)length, MSG_NOSIGNAL) != length) {
            lose(c, "a request could not be sent", errno);
            goes_on = 0;
        } else {
            goes_on = take_answer(c, fd) == 1 && c->keeps;
        }
        if (!goes_on) {
            close(fd);
            fd = -1;
        }
    }
    if (fd >= 0)
        close(fd);
    return NULL;
}

/* The image's, where its test says so. */
static const char *program(void)
{
    const char *value = getenv("TRIPSAGE_SERVER_PROGRAM");

    return value ? value : TRIPSAGE_SERVER;
}

static int runs(void)
{
    const char *value = getenv("TRIPSAGE_STOP_RUNS");

    return value ? atoi(value) : 5;
}

START_TEST(no_request_under_way_is_lost)
{
    long answered = 0, lost = 0;
    int slowest = 0;

    for (int run = 0; run < runs(); run++) {
        client clients[CLIENTS];
        http_server s;
        const char *token, *read;
        int ms;

        http_server_start(&s, program(), (const char *const[]){"TRIPSAGE_MAX_CONNECTIONS=64", NULL});
        token = http_register(&s, "ann@example.org", NULL);
        read = test_format("GET /api/trips?limit=5 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n", token);
        over = 0;
        for (int i = 0; i < CLIENTS; i++) {
            clients[i] = (client){.keeps = i % 2, .port = s.port, .request = i % 4 < 2 ? read : NULL, .token = token};
            ck_assert_int_eq(pthread_create(&clients[i].thread, NULL, ask, &clients[i]), 0);
        }
        usleep(LOAD_MS * 1000);
        ck_assert_int_eq(kill(s.pid, SIGTERM), 0);
        ck_assert_int_eq(http_server_wait(&s, &ms), 0);
        over = 1;
        slowest = ms > slowest ? ms : slowest;
        for (int i = 0; i < CLIENTS; i++) {
            ck_assert_int_eq(pthread_join(clients[i].thread, NULL), 0);
            answered += clients[i].answered;
            lost += clients[i].lost;
            ck_assert_msg(!clients[i].lost, "run %d: client %d (keeps its connection: %d) lost %ld: %s", run, i,
                          clients[i].keeps, clients[i].lost, clients[i].trouble);
        }
        ck_assert_int_lt(ms, 10000);
        test_keep_free();
    }
    printf("%d runs: %ld requests answered, %ld lost, the slowest end took %d ms\n", runs(), answered, lost, slowest);
    ck_assert_int_gt(answered, 0);
}
END_TEST

/* ---- a client who is in the middle of the handshake ---- */

/* TCP by hand, which only root may: so that the handshake's last packet comes when the test wants. */
typedef struct half_open {
    int raw;
    int quiet; /* holds the own port; the kernel says nothing to what comes to it */
    uint16_t own, peer;
    uint32_t next, expected; /* the next byte from here, and from there */
} half_open;

static uint32_t sum16(const void *data, size_t size)
{
    const uint8_t *bytes = data;
    uint32_t sum = 0;

    for (size_t i = 0; i < size; i++)
        sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
    return sum;
}

static void send_segment(half_open *c, uint8_t flags, const char *data)
{
    const struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct {
        struct tcphdr head;
        char data[128];
    } segment = {.head = {.source = htons(c->own), .dest = htons(c->peer), .seq = htonl(c->next)}};
    size_t length = strlen(data), size = sizeof segment.head + length;
    uint32_t sum = 2 * ((INADDR_LOOPBACK >> 16) + (INADDR_LOOPBACK & 0xffff)) + IPPROTO_TCP + (uint32_t)size;

    segment.head.ack_seq = htonl(flags & TH_ACK ? c->expected : 0);
    segment.head.doff = sizeof segment.head / 4;
    segment.head.window = htons(65535);
    segment.head.th_flags = flags;
    memcpy(segment.data, data, length);
    sum += sum16(&segment, size); /* RFC 9293, 3.1: with both addresses, protocol and length */
    sum = (sum >> 16) + (sum & 0xffff);
    segment.head.check = htons((uint16_t) ~(sum + (sum >> 16)));
    ck_assert_int_eq(sendto(c->raw, &segment, size, 0, (const struct sockaddr *)&to, sizeof to), (ssize_t)size);
    c->next += (uint32_t)length + (flags & TH_SYN ? 1 : 0);
}

/* The next segment with all of these flags; its data, as text. */
static const char *receive_segment(half_open *c, uint8_t flags)
{
    static char packet[65536];

    for (;;) {
        ssize_t got = recv(c->raw, packet, sizeof packet - 1, 0);
        size_t at = (size_t)(packet[0] & 0xf) * 4;
        struct tcphdr head;

        ck_assert_msg(got > 0, "no segment: %s", strerror(errno));
        if ((size_t)got < at + sizeof head)
            continue;
        memcpy(&head, packet + at, sizeof head);
        if (ntohs(head.dest) != c->own || ntohs(head.source) != c->peer)
            continue;
        ck_assert_msg(!(head.th_flags & TH_RST), "the server reset the connection");
        if ((head.th_flags & flags) != flags)
            continue;
        c->expected = ntohl(head.seq) + (head.th_flags & TH_SYN ? 1 : 0);
        packet[got] = '\0';
        return packet + at + (size_t)head.doff * 4;
    }
}

/* 0: not without the right to. */
static int begin_handshake(half_open *c, int port)
{
    const struct timeval patience = {.tv_sec = 10};
    const int silent = 255; /* no packet has come this far with so much of its time to live (IP_MINTTL, ip(7)) */
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof own;

    *c = (half_open){.raw = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_TCP), .peer = (uint16_t)port, .next = 1};
    if (c->raw < 0)
        return 0;
    c->quiet = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(setsockopt(c->raw, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    ck_assert_int_eq(setsockopt(c->quiet, IPPROTO_IP, IP_MINTTL, &silent, sizeof silent), 0);
    ck_assert_int_eq(bind(c->quiet, (const struct sockaddr *)&own, sizeof own), 0);
    ck_assert_int_eq(listen(c->quiet, 1), 0);
    ck_assert_int_eq(getsockname(c->quiet, (struct sockaddr *)&own, &size), 0);
    c->own = ntohs(own.sin_port);
    send_segment(c, TH_SYN, "");
    receive_segment(c, TH_SYN | TH_ACK);
    return 1;
}

START_TEST(a_handshake_under_way_is_finished)
{
    http_server s;
    half_open c;
    const char *answer;
    int fd;

    http_server_start(&s, program(), (const char *const[]){"TRIPSAGE_MAX_CONNECTIONS=8", NULL});
    if (begin_handshake(&c, s.port)) {
        ck_assert_int_eq(kill(s.pid, SIGTERM), 0);
        while ((fd = connect_to(s.port)) >= 0) { /* until others are refused */
            close(fd);
            usleep(1000);
        }
        send_segment(&c, TH_ACK, "");
        send_segment(&c, TH_ACK | TH_PUSH, "GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n");
        answer = receive_segment(&c, TH_PUSH);
        ck_assert_msg(strncmp(answer, "HTTP/1.1 200", 12) == 0, "not an answer: %s", answer);
        ck_assert_ptr_nonnull(strstr(answer, "Connection: close"));
        close(c.raw);
        close(c.quiet);
    } else {
        printf("a_handshake_under_way_is_finished: skipped, only root may send packets of his own\n");
        ck_assert_int_eq(kill(s.pid, SIGTERM), 0);
    }
    ck_assert_int_eq(http_server_wait(&s, NULL), 0);
}
END_TEST

/* For load balancers: it says that it is not ready, and takes what comes all the same. */
START_TEST(readiness_turns_first)
{
    http_server s;
    http_answer *answer;
    int ms;

    http_server_start(&s, program(),
                      (const char *const[]){"TRIPSAGE_MAX_CONNECTIONS=8", "TRIPSAGE_SHUTDOWN_DELAY=2", NULL});
    ANSWERS(200, http_call(&s, NULL, "GET", "/health/ready", NULL, NULL));
    ck_assert_int_eq(kill(s.pid, SIGTERM), 0);
    while (!strstr(http_server_log(&s), "not ready any more"))
        usleep(10000);
    answer = ANSWERS(503, http_call(&s, NULL, "GET", "/health/ready", NULL, NULL));
    ck_assert_str_eq(http_value(answer, "/checks/accepting"), "false");
    answer = ANSWERS(200, http_call(&s, NULL, "GET", "/openapi.json", NULL, NULL));
    ck_assert_str_eq(http_field(answer, "Connection"), "close");
    ck_assert_int_eq(http_server_wait(&s, &ms), 0);
    ck_assert_int_ge(ms, 1000);
    ck_assert_int_lt(ms, 12000);
}
END_TEST

SUITE_PROGRAM("server/stop", (void)server, no_request_under_way_is_lost, a_handshake_under_way_is_finished,
              readiness_turns_first)
