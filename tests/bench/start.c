/* bench_start: how long a server takes from its start to its first "ready", and what it holds when it then has nothing to do.
 *
 * The command (--command, a program of one's own that becomes the server) is started again and again over the database that it has from the
 * first time, which does not count. The figures are medians. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define RUNS_MAX 21
/* A server that is not ready then never will be. */
#define READY_MAX_S 60.0
/* Long enough for what it does behind its start to have come to its end. */
#define IDLE_US 2000000

static const char *command, *port_text = "8080";

/* 1: it answered 200. */
static int is_ready(int port)
{
    static const char request[] = "GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    char answer[16] = "";
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), ready = 0;

    if (fd < 0)
        bench_fail("no socket: %s", strerror(errno));
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
        send(fd, request, sizeof request - 1, MSG_NOSIGNAL) == (ssize_t)(sizeof request - 1))
        ready = recv(fd, answer, sizeof answer - 1, MSG_WAITALL) > 0 && strncmp(answer, "HTTP/1.1 200", 12) == 0;
    close(fd);
    return ready;
}

static double rss_mib(pid_t pid)
{
    char path[64], line[256];
    long kib = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
    file = fopen(path, "re");
    if (!file)
        bench_fail("%s: %s", path, strerror(errno));
    while (fgets(line, sizeof line, file))
        if (strncmp(line, "VmRSS:", 6) == 0)
            kib = strtol(line + 6, NULL, 10);
    fclose(file);
    return (double)kib / 1024;
}

/* What it says is only wanted where it fails. */
static FILE *said;

__attribute__((noreturn)) static void fail(const char *how)
{
    int c;

    rewind(said);
    while ((c = fgetc(said)) != EOF)
        fputc(c, stderr);
    bench_fail("%s %s", command, how);
}

/* One life of the server; gives milliseconds, and where `rss` is not NULL what it holds at rest. */
static double live(int port, double *rss)
{
    double began = bench_now(), ready;
    pid_t pid = fork();
    int status;

    if (pid < 0)
        bench_fail("cannot fork: %s", strerror(errno));
    if (pid == 0) {
        int fd = fileno(said);

        if (ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0 && dup2(fd, STDOUT_FILENO) >= 0 &&
            dup2(fd, STDERR_FILENO) >= 0)
            execl(command, command, (char *)NULL);
        _exit(127);
    }
    while (!is_ready(port)) {
        if (waitpid(pid, &status, WNOHANG) == pid)
            fail("ended before it was ready");
        if (bench_now() - began > READY_MAX_S)
            fail("is not ready after a minute");
        usleep(200);
    }
    ready = (bench_now() - began) * 1e3;
    if (rss) {
        usleep(IDLE_US);
        *rss = rss_mib(pid);
    }
    if (kill(pid, SIGTERM) != 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail("did not end well");
    return ready;
}

int main(int argc, char **argv)
{
    const bench_option options[] = {{"--command", &command, NULL}, {"--port", &port_text, NULL}, {NULL, NULL, NULL}};
    const char *output = "build/bench/start.json";
    double ready[RUNS_MAX], rss[3];
    int quick = bench_arguments(argc, argv,
                                "bench_start [--quick] --command PROGRAM [--port PORT] [FILE.json]\n\n"
                                "Times the starts of a server and writes what it found.",
                                options, &output);
    int runs = quick ? 3 : RUNS_MAX, port = (int)strtol(port_text, NULL, 10);

    if (!command || port < 1 || port > 65535)
        bench_fail("needs --command, and a --port from 1 to 65535; see --help");
    said = tmpfile();
    if (!said)
        bench_fail("no file for what the server says: %s", strerror(errno));
    bench_progress("makes the database");
    live(port, NULL);
    bench_progress("starts it %d times", runs);
    for (int i = 0; i < runs; i++)
        ready[i] = live(port, i < 3 ? &rss[i] : NULL);
    bench_figure("ready_ms", bench_median(ready, (size_t)runs), "ms");
    bench_figure("idle_rss_mib", bench_median(rss, 3), "MiB");
    bench_write("operate", output);
    return 0;
}
