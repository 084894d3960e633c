/* sockets.c: see sockets.h. */
#include "sockets.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"

/* A handshake takes as long as a packet to the client and back, which is some 300 ms at most on this planet; an accepting thread takes some
 * microseconds for a client. */
#define PATIENCE_MS 1000
/* What another processor was just about to begin when the socket was hidden is to be seen by then. */
#define QUIET_MS 10

/* A state of the kernel's, which netinet/tcp.h has, too, but not what has been sent. */
#define SYN_RECV 3

int socket_find(int (*wanted)(int fd, const void *context), const void *context)
{
    DIR *open_files = opendir("/proc/self/fd");
    const struct dirent *entry;
    int found = -1;

    while (open_files && found < 0 && (entry = readdir(open_files)) != NULL) {
        int fd = (int)strtol(entry->d_name, NULL, 10); /* "." and ".." are 0, which is no socket of ours */

        if (fd > 2 && wanted(fd, context))
            found = fd;
    }
    if (open_files)
        closedir(open_files);
    return found;
}

typedef union endpoint {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} endpoint;

static int port_of(const endpoint *e)
{
    return e->any.sa_family == AF_INET    ? ntohs(e->v4.sin_port)
           : e->any.sa_family == AF_INET6 ? ntohs(e->v6.sin6_port)
                                          : 0;
}

int socket_own_port(int fd)
{
    endpoint own = {.any = {.sa_family = AF_UNSPEC}};
    socklen_t size = sizeof own;

    return getsockname(fd, &own.any, &size) == 0 ? port_of(&own) : 0;
}

int socket_peer(int fd, char address[INET6_ADDRSTRLEN])
{
    endpoint peer = {.any = {.sa_family = AF_UNSPEC}};
    socklen_t size = sizeof peer;
    int port = getpeername(fd, &peer.any, &size) == 0 ? port_of(&peer) : 0;
    const void *bytes =
        peer.any.sa_family == AF_INET ? (const void *)&peer.v4.sin_addr : (const void *)&peer.v6.sin6_addr;

    return port && (!address || inet_ntop(peer.any.sa_family, bytes, address, INET6_ADDRSTRLEN)) ? port : 0;
}

int socket_look(int fd, socket_facts *out)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;

    out->own_port = socket_own_port(fd);
    out->peer_port = out->own_port ? socket_peer(fd, NULL) : 0;
    if (!out->peer_port || getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
        return 0;
    out->silent_ms = info.tcpi_last_data_recv;
    out->has_sent = info.tcpi_data_segs_out != 0;
    return 1;
}

/* Connections that have been made and not been accepted yet. Linux tells it of a listening socket in the place of another count. */
static unsigned waiting_clients(int listening)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;

    return getsockopt(listening, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 ? info.tcpi_unacked : 0;
}

/* Whether a client of the port has been answered and has not said the last word of the handshake: asks the kernel for one socket in that
 * state (sock_diag(7)). /proc/net/tcp has it too, and a line for each connection that has lately ended, which on a busy machine takes
 * seconds. */
static int has_handshake(int family, int port)
{
    struct {
        struct nlmsghdr head;
        struct inet_diag_req_v2 wanted;
    } question = {.head = {.nlmsg_len = sizeof question,
                           .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                           .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
                  .wanted = {.sdiag_family = (uint8_t)family,
                             .sdiag_protocol = IPPROTO_TCP,
                             .idiag_states = 1 << SYN_RECV,
                             .id.idiag_sport = htons((uint16_t)port)}};
    union {
        struct nlmsghdr first;
        char bytes[8192];
    } answer = {.first.nlmsg_type = NLMSG_DONE};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG), found;

    found = fd >= 0 && send(fd, &question, sizeof question, 0) == (ssize_t)sizeof question &&
            recv(fd, &answer, sizeof answer, 0) >= (ssize_t)sizeof answer.first &&
            answer.first.nlmsg_type == SOCK_DIAG_BY_FAMILY;
    if (fd >= 0)
        close(fd);
    return found;
}

/* Closing a listening socket resets who is connected to it and not accepted yet, with the request he has sent. So it is hidden first: one
 * that is bound to a network device that is not there is found by no packet that begins a connection (which is answered as at a closed
 * port), while a handshake that has begun has a socket of its own and goes on. Binding to a device takes no right since Linux 5.7. A filter
 * for packets would do it, too, but newer kernels want CAP_NET_ADMIN for one on TCP. */
void socket_let_last_in(int listening, int port)
{
    const struct timespec rest = {0, 1000000};
    const int64_t until = clock_ms() + PATIENCE_MS;
    const int no_device = INT_MAX;
    int family = AF_INET, quiet_ms = 0;
    socklen_t size = sizeof family;

    if (setsockopt(listening, SOL_SOCKET, SO_BINDTOIFINDEX, &no_device, sizeof no_device) != 0)
        log_event(TRIPSAGE_LOG_WARN, "stop", "the port cannot be hidden (%s): who connects at this moment may be reset",
                  strerror(errno));
    getsockopt(listening, SOL_SOCKET, SO_DOMAIN, &family, &size);
    while (clock_ms() < until && quiet_ms < QUIET_MS) {
        nanosleep(&rest, NULL);
        quiet_ms = waiting_clients(listening) || has_handshake(family, port) ? 0 : quiet_ms + 1;
    }
}

const char *socket_advice(char out[200], const char *problem, const char *setting)
{
    out[0] = '\0';
    if (strstr(problem, strerror(EADDRINUSE)))
        snprintf(out, 200, ": choose another port with %s, or end what listens there (ss -ltnp shows it)", setting);
    else if (strstr(problem, strerror(EACCES)))
        snprintf(out, 200, ": ports below 1024 are not for every user; choose another with %s", setting);
    return out;
}
