/* support/network.c: see network.h. */
#include "network.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Ends the program, since this is not always the test's thread. */
static void need(int good, const char *what)
{
    if (!good) {
        perror(what);
        exit(EXIT_FAILURE);
    }
}

/* In a child, since nothing leads back. */
static int can_unshare(int flags)
{
    pid_t child = fork();
    int status;

    need(child >= 0, "fork");
    if (child == 0)
        _exit(unshare(flags) == 0 ? 0 : errno);
    need(waitpid(child, &status, 0) == child, "waitpid");
    errno = WIFEXITED(status) ? WEXITSTATUS(status) : EPERM;
    return errno == 0;
}

static void write_line(const char *path, const char *line)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);

    need(file >= 0 && write(file, line, strlen(line)) == (ssize_t)strlen(line), path);
    close(file);
}

/* The same user and group, so that files and servers stay as near as they were, but with every right over networks made in it. */
static void enter_user_namespace(void)
{
    char line[64];
    uid_t user = geteuid();
    gid_t group = getegid();

    need(unshare(CLONE_NEWUSER) == 0, "unshare");
    write_line("/proc/self/setgroups", "deny");
    snprintf(line, sizeof line, "%u %u 1", (unsigned)user, (unsigned)user);
    write_line("/proc/self/uid_map", line);
    snprintf(line, sizeof line, "%u %u 1", (unsigned)group, (unsigned)group);
    write_line("/proc/self/gid_map", line);
}

int test_network_allowed(const char **why)
{
    if (can_unshare(CLONE_NEWNET))
        return 1;
    if (!can_unshare(CLONE_NEWUSER | CLONE_NEWNET)) {
        *why = strerror(errno);
        return 0;
    }
    enter_user_namespace();
    return 1;
}

static void bring_loopback_up(void)
{
    struct ifreq loopback = {.ifr_name = "lo"};
    int asking = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    need(asking >= 0 && ioctl(asking, SIOCGIFFLAGS, &loopback) == 0, "lo");
    loopback.ifr_flags |= IFF_UP;
    need(ioctl(asking, SIOCSIFFLAGS, &loopback) == 0, "lo");
    close(asking);
}

/* A thread of its own, so that the caller stays where it is. */
static void *make(void *network)
{
    need(unshare(CLONE_NEWNET) == 0, "unshare");
    bring_loopback_up();
    *(int *)network = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    need(*(int *)network >= 0, "/proc/thread-self/ns/net");
    return NULL;
}

int test_network_make(void)
{
    pthread_t thread;
    int network = -1;

    need(pthread_create(&thread, NULL, make, &network) == 0, "pthread_create");
    pthread_join(thread, NULL);
    return network;
}

void test_network_enter(int network)
{
    need(setns(network, CLONE_NEWNET) == 0, "setns");
}
