/* support/network.h: network namespaces of Linux: machines with a loopback address of their own, between which no packet passes. Sockets in the file
 * system are seen in all of them. */
#ifndef TEST_SUPPORT_NETWORK_H
#define TEST_SUPPORT_NETWORK_H

/* 1 when this process may make them, alone in a user namespace if it is not root's; else *why (static or strerror's) says why not. To be
 * called while it has one thread. */
int test_network_allowed(const char **why);

/* A new one, whose loopback address is up: its descriptor, to be closed. Ends the program when it cannot. */
int test_network_make(void);

/* From now on this thread's new sockets are in it. */
void test_network_enter(int network);

#endif
