#include "support/http_server.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <tripsage/tripsage.h>
#include <unistd.h>

#include "support/json.h"
#include "support/migrated.h"
#include "support/network.h"

/* 30 s to start and to stop: a sanitized program on a busy machine. */
#define PATIENCE_MS 30000
#define ENTRIES_MAX 24

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void rest(void)
{
    nanosleep(&(struct timespec){0, 5000000}, NULL);
}

static const char *read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    size_t size = 0, capacity = 1 << 16;
    char *text = malloc(capacity + 1);

    ck_assert_ptr_nonnull(file);
    ck_assert_ptr_nonnull(text);
    for (size_t got; (got = fread(text + size, 1, capacity - size, file)) > 0;) {
        size += got;
        if (size == capacity) {
            capacity *= 2;
            text = realloc(text, capacity + 1);
            ck_assert_ptr_nonnull(text);
        }
    }
    text[size] = '\0';
    fclose(file);
    return test_keep(text);
}

/* What sanitizers are told goes on to the child; nothing else of the test's own environment does. */
static void fill_environment(char *entries[ENTRIES_MAX + 1], const char *const *variables)
{
    static const char *const passed_on[] = {"ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS",
                                            "LD_LIBRARY_PATH"};
    size_t count = 0;

    for (size_t i = 0; i < sizeof passed_on / sizeof passed_on[0]; i++)
        if (getenv(passed_on[i]))
            entries[count++] = (char *)(size_t)test_format("%s=%s", passed_on[i], getenv(passed_on[i]));
    for (; variables && *variables; variables++) {
        ck_assert_uint_lt(count, ENTRIES_MAX);
        entries[count++] = (char *)(size_t)*variables;
    }
    entries[count] = NULL;
}

/* It dies with its parent, whose number tells whether that has happened before it could be said. */
static pid_t spawn(const char *program, const char *folder, const char *const *arguments, const char *const *variables,
                   const char *output, int network)
{
    char *argv[ENTRIES_MAX + 2] = {(char *)(size_t)program}, *environment[ENTRIES_MAX + 1];
    pid_t child, parent = getpid();

    for (size_t i = 0; arguments && arguments[i] && i < ENTRIES_MAX; i++)
        argv[i + 1] = (char *)(size_t)arguments[i];
    fill_environment(environment, variables);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        int fd = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);

        if (network >= 0)
            test_network_enter(network);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent && fd >= 0 && chdir(folder) == 0 && dup2(fd, STDERR_FILENO) >= 0 &&
            dup2(fd, STDOUT_FILENO) >= 0)
            execve(program, argv, environment);
        _exit(127);
    }
    return child;
}

static int wait_for(pid_t pid, int *ms)
{
    int64_t start = now_ms();
    int status;

    for (;;) {
        pid_t ended = waitpid(pid, &status, WNOHANG);

        ck_assert_int_ge(ended, 0);
        if (ended == pid)
            break;
        if (now_ms() - start > PATIENCE_MS) {
            kill(pid, SIGKILL);
            ck_abort_msg("the program did not end within %d s", PATIENCE_MS / 1000);
        }
        rest();
    }
    if (ms)
        *ms = (int)(now_ms() - start);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

const char *http_server_log(const http_server *s)
{
    char path[TEST_PATH_SIZE];

    test_path_join(path, s->folder, "stderr");
    return read_file(path);
}

static int port_after(const char *log, const char *what)
{
    const char *at = strstr(log, what);

    at = at ? strstr(at, "127.0.0.1:") : NULL;
    return at && strpbrk(at, " \n") ? (int)strtol(at + strlen("127.0.0.1:"), NULL, 10) : 0;
}

static void migrate(const char *url)
{
    tripsage *ts = NULL;

    ck_assert_msg(tripsage_open(&ts, url, NULL) == TRIPSAGE_OK, "%s", tripsage_last_error()->message);
    tripsage_close(ts);
}

void http_server_migrated(void)
{
    test_migrated_make(migrate);
}

/* Where a server that is told nothing has its database. */
static void begin_migrated(const char *folder)
{
    char data[TEST_PATH_SIZE], path[TEST_PATH_SIZE];

    if (!test_migrated_is_made())
        return;
    test_path_join(data, folder, "data");
    ck_assert_int_eq(mkdir(data, S_IRWXU), 0);
    test_path_join(path, data, "tripsage.db");
    test_migrated_write(path);
}

/* A thread for each of the 1,100 connections that a server holds by default takes a sanitizer seconds to start and to join. */
static void fill_variables(const char *out[ENTRIES_MAX + 1], const char *const *variables)
{
    static const char connections[] = "TRIPSAGE_MAX_CONNECTIONS=";
    int is_told = 0;
    size_t count = 0;

    for (; variables && *variables; variables++) {
        ck_assert_uint_lt(count, ENTRIES_MAX - 1);
        is_told |= strncmp(*variables, connections, sizeof connections - 1) == 0;
        out[count++] = *variables;
    }
    if (!is_told)
        out[count++] = test_format("%s32", connections);
    out[count] = NULL;
}

void http_server_launch(http_server *s, const char *program, const char *const *variables, int network)
{
    static const char *const arguments[] = {"serve", "--port", "0", NULL};
    const char *all[ENTRIES_MAX + 1];
    char output[TEST_PATH_SIZE];

    fill_variables(all, variables);
    test_temp_make(s->folder);
    begin_migrated(s->folder);
    test_path_join(output, s->folder, "stderr");
    s->pid = spawn(program, s->folder, arguments, all, output, network);
    s->port = 0;
}

void http_server_await(http_server *s)
{
    char output[TEST_PATH_SIZE];
    int64_t start = now_ms();
    int status;

    test_path_join(output, s->folder, "stderr");
    while (!s->port) {
        rest();
        if (access(output, R_OK) == 0 && strstr(http_server_log(s), "(database "))
            s->port = port_after(http_server_log(s), "tripsage-server listening on ");
        if (waitpid(s->pid, &status, WNOHANG) != 0 || now_ms() - start > PATIENCE_MS)
            ck_abort_msg("the server did not start: %s", http_server_log(s));
    }
    s->admin_port = port_after(http_server_log(s), "tripsage-server health on ");
}

void http_server_start(http_server *s, const char *program, const char *const *variables)
{
    http_server_launch(s, program, variables, -1);
    http_server_await(s);
}

int http_server_wait(http_server *s, int *ms)
{
    int status = wait_for(s->pid, ms);

    test_temp_remove(s->folder);
    return status;
}

int http_server_stop(http_server *s, int *ms)
{
    ck_assert_int_eq(kill(s->pid, SIGTERM), 0);
    return http_server_wait(s, ms);
}

int http_program(const char *program, const char *folder, const char *const *arguments, const char *const *variables,
                 const char **output)
{
    char path[TEST_PATH_SIZE];
    int status;

    test_path_join(path, folder, "output");
    status = wait_for(spawn(program, folder, arguments, variables, path, -1), NULL);
    *output = read_file(path);
    return status;
}
