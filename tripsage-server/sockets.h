/* sockets.h: CivetWeb tells neither its listening socket nor those of its connections: they are looked for among the open files. */
#ifndef TRIPSAGE_SERVER_SOCKETS_H
#define TRIPSAGE_SERVER_SOCKETS_H

/* The first file of this process that `wanted` takes; -1: none. */
int socket_find(int (*wanted)(int fd, const void *context), const void *context);

#endif
