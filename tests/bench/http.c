#include "http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "data.h"

/* ---- one request at a time ---- */

int http_connect(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        bench_fail("cannot connect to port %d: %s", port, strerror(errno));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

/* How many bytes the first whole answer in the buffer has; 0 while it is not whole. */
static size_t answer_length(const char *data, size_t size)
{
    const char *end = memmem(data, size, "\r\n\r\n", 4);
    const char *length = end ? strcasestr(data, "\r\ncontent-length:") : NULL;
    size_t whole;

    if (!end)
        return 0;
    if (!length || length > end)
        bench_fail("an answer without a length: %.200s", data);
    whole = (size_t)(end + 4 - data) + strtoul(length + 17, NULL, 10);
    return size >= whole ? whole : 0;
}

/* Sends a request and gives the whole answer, NUL-terminated. Free it. */
static char *exchange(int fd, const char *request)
{
    size_t size = 0, capacity = 1 << 16;
    char *answer = calloc(1, capacity);

    if (write(fd, request, strlen(request)) != (ssize_t)strlen(request))
        bench_fail("cannot send: %s", strerror(errno));
    while (!answer_length(answer, size)) {
        ssize_t got = read(fd, answer + size, capacity - 1 - size);

        if (got <= 0)
            bench_fail("no answer to %.60s: %s", request, answer);
        size += (size_t)got;
        answer[size] = '\0';
    }
    return answer;
}

char *http_ask(int port, const char *request)
{
    int fd = http_connect(port);
    char *answer = exchange(fd, request);

    close(fd);
    return answer;
}

int http_exchange(int fd, const char *request, int other)
{
    char *answer = exchange(fd, request);
    int status = 0;

    if (sscanf(answer, "HTTP/1.1 %d", &status) != 1 || (status != 200 && status != other))
        bench_fail("%.300s", answer);
    free(answer);
    return status;
}

static char *post(int port, const char *path, const char *token, const char *body)
{
    char request[8192];

    snprintf(
        request, sizeof request,
        "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n%s%s%sContent-Length: %zu\r\n\r\n%s",
        path, token ? "Authorization: Bearer " : "", token ? token : "", token ? "\r\n" : "", strlen(body), body);
    return http_ask(port, request);
}

/* The text of a member of an answer's body. */
static void member_text(char *out, size_t size, const char *answer, const char *name)
{
    char pattern[64];
    const char *at;

    snprintf(pattern, sizeof pattern, "\"%s\":\"", name);
    at = strstr(answer, pattern);
    if (!at)
        bench_fail("no %s in %.300s", name, answer);
    at += strlen(pattern);
    snprintf(out, size, "%.*s", (int)strcspn(at, "\""), at);
}

/* ---- the two servers ---- */

/* Starts a program and reads "listening on http://127.0.0.1:PORT" from what it says on stderr. Its later output goes nowhere. */
static pid_t start(char *const argv[], const char *log, int *port)
{
    static const char said[] = "listening on http://127.0.0.1:"; /* and not the health listener's line */
    char text[4096] = "";
    pid_t child;

    unlink(log); /* an older one names an older port */
    child = fork();
    if (child == 0) {
        int fd = open(log, O_WRONLY | O_CREAT | O_EXCL, 0600);

        prctl(PR_SET_PDEATHSIG, SIGTERM); /* also when the benchmark fails */
        dup2(fd, STDERR_FILENO);
        dup2(fd, STDOUT_FILENO);
        execv(argv[0], argv);
        _exit(127);
    }
    for (int tries = 0; tries < 400; tries++) {
        FILE *file = fopen(log, "r");
        const char *at;

        if (file) {
            text[fread(text, 1, sizeof text - 1, file)] = '\0';
            fclose(file);
        }
        at = strstr(text, said);
        if (at && strpbrk(at + sizeof said - 1, " \n\"")) {
            *port = atoi(at + sizeof said - 1);
            return child;
        }
        if (waitpid(child, NULL, WNOHANG) == child)
            break;
        usleep(25000);
    }
    bench_fail("%s did not start: %s", argv[0], text);
}

void http_pair_start(http_pair *pair, const char *server, const char *bare, const char *folder, const char *trip)
{
    char database[600], url[640], log[600], bytes[600], token[1500], id[64];
    char *answer;
    FILE *file;

    snprintf(database, sizeof database, "%s/http.db", folder);
    snprintf(url, sizeof url, "sqlite:%s", database);
    snprintf(log, sizeof log, "%s/http.log", folder);
    snprintf(bytes, sizeof bytes, "%s/http.answer", folder);
    data_remove(database);
    pair->server = start((char *const[]){(char *)(size_t)server, "serve", "--port", "0", "--database", url, NULL}, log,
                         &pair->port);

    answer = post(pair->port, "/api/auth/register", NULL, HTTP_ACCOUNT);
    member_text(token, sizeof token, answer, "access_token");
    free(answer);
    answer = post(pair->port, "/api/trips", token, trip);
    member_text(id, sizeof id, answer, "id");
    free(answer);
    snprintf(
        pair->request, sizeof pair->request,
        "GET /api/trips/%s HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nAuthorization: Bearer %s\r\n\r\n",
        id, token);
    answer = http_ask(pair->port, pair->request);
    if (strncmp(answer, "HTTP/1.1 200", 12) != 0)
        bench_fail("%.300s", answer);
    pair->bare = 0;
    if (!bare) {
        free(answer);
        return;
    }
    file = fopen(bytes, "w");
    if (!file || fputs(answer, file) < 0 || fclose(file) != 0)
        bench_fail("cannot write %s", bytes);
    free(answer);
    snprintf(log, sizeof log, "%s/bare.log", folder);
    pair->bare = start((char *const[]){(char *)(size_t)bare, bytes, NULL}, log, &pair->bare_port);
}

void http_pair_stop(http_pair *pair)
{
    kill(pair->server, SIGTERM);
    waitpid(pair->server, NULL, 0);
    if (pair->bare) {
        kill(pair->bare, SIGTERM);
        waitpid(pair->bare, NULL, 0);
    }
}

/* ---- load ---- */

typedef struct line {
    int fd;
    unsigned answers;
    size_t size;
    char data[16384]; /* one answer: a trip is far smaller */
} line;

static void send_request(const line *l, const char *request, size_t length)
{
    if (write(l->fd, request, length) != (ssize_t)length)
        bench_fail("a connection took only part of a request: %s", strerror(errno));
}

/* Takes what has arrived; 1 when it completed an answer. */
static int receive(line *l)
{
    ssize_t got = read(l->fd, l->data + l->size, sizeof l->data - 1 - l->size);

    if (got <= 0)
        bench_fail("a connection was closed: %s", got ? strerror(errno) : "end of stream");
    l->size += (size_t)got;
    l->data[l->size] = '\0';
    if (!answer_length(l->data, l->size))
        return 0;
    if (strncmp(l->data, "HTTP/1.1 200", 12) != 0)
        bench_fail("%.300s", l->data);
    l->size = 0;
    l->answers++;
    return 1;
}

http_load http_run(int port, const char *request, unsigned connections, double seconds)
{
    struct epoll_event events[256];
    size_t length = strlen(request);
    line *lines = calloc(connections, sizeof *lines);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    http_load load = {0, 0, 0};
    double start, now, total = 0;

    for (unsigned i = 0; i < connections; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = &lines[i]}};

        lines[i].fd = http_connect(port);
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, lines[i].fd, &event) != 0)
            bench_fail("epoll: %s", strerror(errno));
    }
    start = now = bench_now();
    for (unsigned i = 0; i < connections; i++)
        send_request(&lines[i], request, length);
    while (now - start < seconds) {
        int ready = epoll_wait(epoll, events, 256, 1000);

        for (int i = 0; i < ready; i++)
            if (receive(events[i].data.ptr))
                send_request(events[i].data.ptr, request, length);
        now = bench_now();
    }
    load.fewest = lines[0].answers;
    for (unsigned i = 0; i < connections; i++) {
        total += lines[i].answers;
        if (lines[i].answers < load.fewest)
            load.fewest = lines[i].answers;
        close(lines[i].fd);
    }
    load.per_second = total / (now - start);
    load.mean = total / connections;
    close(epoll);
    free(lines);
    return load;
}

/* ---- latency ---- */

#define REST_US     2000
#define READERS_MAX 16
#define SAMPLES_MAX 20000

/* Of fewer there is no 99th percentile. */
#define FEWEST_READS 100

typedef struct reader {
    int port;
    const char *request;
    double until;
    size_t fewest, count;
    double *us;
} reader;

static void *read_again(void *context)
{
    reader *r = context;
    int fd = http_connect(r->port);

    for (r->count = 0; (bench_now() < r->until || r->count < r->fewest) && r->count < SAMPLES_MAX; r->count++) {
        double start = bench_now();

        http_exchange(fd, r->request, 0);
        r->us[r->count] = (bench_now() - start) * 1e6;
        usleep(REST_US);
    }
    close(fd);
    return NULL;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double http_p99(int port, const char *request, unsigned connections, double seconds)
{
    static double samples[READERS_MAX * SAMPLES_MAX];
    pthread_t threads[READERS_MAX];
    reader readers[READERS_MAX];
    size_t count = 0;

    for (size_t i = 0; i < connections; i++) {
        readers[i] = (reader){.port = port,
                              .request = request,
                              .until = bench_now() + seconds,
                              .fewest = (FEWEST_READS + connections - 1) / connections,
                              .us = calloc(SAMPLES_MAX, sizeof(double))};
        if (!readers[i].us || pthread_create(&threads[i], NULL, read_again, &readers[i]) != 0)
            bench_fail("no thread to read on");
    }
    for (size_t i = 0; i < connections; i++) {
        pthread_join(threads[i], NULL);
        memcpy(samples + count, readers[i].us, readers[i].count * sizeof(double));
        count += readers[i].count;
        free(readers[i].us);
    }
    qsort(samples, count, sizeof *samples, compare);
    return samples[count * 99 / 100];
}
