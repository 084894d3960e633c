/* client.h: who a connection is from: the address behind the proxies that are trusted, and networks of addresses.
 *
 * A proxy adds the address it was called from to the end of a list that its caller may have begun. So of a list only as many members
 * count, from its end, as there are proxies in front; what stands before them a client may have written himself. */
#ifndef SERVER_CLIENT_H
#define SERVER_CLIENT_H

#include <stddef.h>

struct request;

/* An address or a network of them. IPv4 is what RFC 4291 maps it to: ::ffff:0:0/96. */
typedef struct network {
    unsigned char bytes[16];
    int bits; /* that count, of 128 */
} network;

/* Reads "192.0.2.1", "2001:db8::1", "10.0.0.0/8" or "[2001:db8::]/32". 0: it is none. */
int network_read(network *out, const char *written, size_t length);

int network_has(const network *of, const network *address);

/* Longest text of network_put, and a NUL. */
#define NETWORK_TEXT_SIZE 64

/* The address as it is counted by: "192.0.2.1", and of IPv6 the network that one customer has, "2001:db8:1:2::/64". */
void network_put(char out[NETWORK_TEXT_SIZE], const network *address);

/* Sets r->client_addr: the address of the connection, or, behind proxies, the one that the outermost of them was called from. */
void client_find(struct request *r);

#endif
