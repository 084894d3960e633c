/* support/redis.c: see redis.h. */
#include "redis.h"

#include <check.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "json.h"

enum { ARGUMENTS_MAX = 48, TRIES = 3000 };

static void pause_ms(long ms)
{
    const struct timespec t = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&t, NULL);
}

/* In the child: becomes the server. It dies with its parent, whose number tells whether that has happened before it could be said. */
static void become_server(const test_redis *redis, pid_t parent)
{
    const char *arguments[ARGUMENTS_MAX] = {
        "redis-server", "--port", "0",     "--unixsocket", redis->path, "--save", "",
        "--appendonly", "no",     "--dir", redis->folder,  "--hz",      "100"};
    size_t count = 13;
    int log = open(test_format("%s/redis.log", redis->folder), O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC, 0600);

    for (size_t i = 0; redis->more && redis->more[i] && count < ARGUMENTS_MAX - 1; i++)
        arguments[count++] = redis->more[i];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || dup2(log, 1) < 0 || dup2(log, 2) < 0)
        _exit(126);
    if (redis->clock_ms) {
        setenv("LD_PRELOAD", TEST_CLOCK_LIBRARY, 1);
        setenv("TEST_CLOCK_FILE", test_format("%s/clock", redis->folder), 1);
    } else {
        unsetenv("LD_PRELOAD");
    }
    execvp("redis-server", (char *const *)(uintptr_t)arguments);
    _exit(127);
}

static int can_connect(const test_redis *redis)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), connected;

    ck_assert_uint_lt(strlen(redis->path), sizeof address.sun_path);
    memcpy(address.sun_path, redis->path, strlen(redis->path));
    connected = connect(made, (struct sockaddr *)&address, sizeof address) == 0;
    close(made);
    return connected;
}

void test_redis_start_again(test_redis *redis)
{
    pid_t parent = getpid();
    int status;

    unlink(redis->path);
    redis->pid = fork();
    ck_assert_int_ge(redis->pid, 0);
    if (redis->pid == 0)
        become_server(redis, parent);
    for (int i = 0; i < TRIES && !can_connect(redis); i++) {
        ck_assert_msg(waitpid(redis->pid, &status, WNOHANG) == 0, "redis-server does not start: %s",
                      test_file_read(test_format("%s/redis.log", redis->folder)));
        pause_ms(10);
    }
    ck_assert_msg(can_connect(redis), "redis-server does not listen on %s", redis->path);
}

static void make_folder(test_redis *redis)
{
    memset(redis, 0, sizeof *redis);
    test_temp_make(redis->folder);
    test_path_join(redis->path, redis->folder, "redis");
}

void test_redis_start(test_redis *redis, const char *const *more)
{
    make_folder(redis);
    redis->more = more;
    test_redis_start_again(redis);
}

void test_redis_start_at(test_redis *redis, int64_t now_ms)
{
    int file;

    make_folder(redis);
    file = open(test_format("%s/clock", redis->folder), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    ck_assert_int_eq(ftruncate(file, sizeof *redis->clock_ms), 0);
    redis->clock_ms = mmap(NULL, sizeof *redis->clock_ms, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ck_assert(redis->clock_ms != MAP_FAILED);
    close(file);
    *redis->clock_ms = now_ms;
    test_redis_start_again(redis);
}

static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int found = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(bind(found, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(getsockname(found, (struct sockaddr *)&address, &size), 0);
    close(found);
    return ntohs(address.sin_port);
}

int test_redis_start_with_tls(test_redis *redis, char certificate[TEST_PATH_SIZE])
{
    static const char *arguments[16];
    int port = free_port();
    const char *key;
    size_t count = 0;

    make_folder(redis);
    test_path_join(certificate, redis->folder, "certificate.pem");
    key = test_format("%s/key.pem", redis->folder);
    ck_assert_int_eq(
        system(test_format(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost "
            "-addext subjectAltName=DNS:localhost -keyout %s -out %s 2>/dev/null",
            key, certificate)),
        0);
    arguments[count++] = "--tls-port";
    arguments[count++] = test_format("%d", port);
    arguments[count++] = "--bind";
    arguments[count++] = "127.0.0.1";
    arguments[count++] = "--tls-cert-file";
    arguments[count++] = certificate;
    arguments[count++] = "--tls-key-file";
    arguments[count++] = key;
    arguments[count++] = "--tls-ca-cert-file";
    arguments[count++] = certificate;
    arguments[count++] = "--tls-auth-clients";
    arguments[count++] = "no";
    arguments[count] = NULL;
    redis->more = arguments;
    test_redis_start_again(redis);
    return port;
}

void test_redis_kill(test_redis *redis)
{
    if (!redis->pid)
        return;
    kill(redis->pid, SIGKILL);
    waitpid(redis->pid, NULL, 0);
    redis->pid = 0;
}

void test_redis_freeze(test_redis *redis)
{
    int status;

    kill(redis->pid, SIGSTOP);
    ck_assert_int_eq(waitpid(redis->pid, &status, WUNTRACED), redis->pid);
    ck_assert(WIFSTOPPED(status));
}

void test_redis_thaw(test_redis *redis)
{
    kill(redis->pid, SIGCONT);
}

void test_redis_close(test_redis *redis)
{
    test_redis_kill(redis);
    if (redis->clock_ms)
        munmap((void *)redis->clock_ms, sizeof *redis->clock_ms);
    test_temp_remove(redis->folder);
    memset(redis, 0, sizeof *redis);
}

const char *test_redis_cli(const test_redis *redis, const char *command)
{
    FILE *answer = popen(test_format("redis-cli -s %s %s 2>&1", redis->path, command), "re");
    char text[64 * 1024];
    size_t size;

    ck_assert_ptr_nonnull(answer);
    size = fread(text, 1, sizeof text - 1, answer);
    text[size] = '\0';
    ck_assert_int_eq(pclose(answer), 0);
    return test_format("%s", text);
}

long test_redis_reads(const test_redis *redis)
{
    static const char name[] = "total_reads_processed:";

    return strtol(strstr(test_redis_cli(redis, "INFO stats"), name) + strlen(name), NULL, 10);
}
