/* client.c: see client.h. */
#include "client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http.h"
#include "request.h"

/* ---- addresses ---- */

static int read_address(unsigned char out[16], const char *address, size_t length)
{
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    char copy[INET6_ADDRSTRLEN];

    if (length >= 2 && address[0] == '[' && address[length - 1] == ']') {
        address++;
        length -= 2;
    }
    if (length >= sizeof copy)
        return 0;
    memcpy(copy, address, length);
    copy[length] = '\0';
    memcpy(out, mapped, sizeof mapped);
    return inet_pton(AF_INET, copy, out + 12) == 1 || inet_pton(AF_INET6, copy, out) == 1;
}

static int is_ipv4(const unsigned char bytes[16])
{
    return IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)(const void *)bytes);
}

int network_read(network *out, const char *written, size_t length)
{
    const char *slash = memchr(written, '/', length);
    size_t address_length = slash ? (size_t)(slash - written) : length, digits;
    int offset, bits;

    if (!read_address(out->bytes, written, address_length))
        return 0;
    offset = is_ipv4(out->bytes) && !memchr(written, ':', address_length) ? 96 : 0;
    out->bits = 128;
    if (!slash)
        return 1;
    digits = strspn(slash + 1, "0123456789");
    if (digits == 0 || digits > 3 || address_length + 1 + digits != length)
        return 0;
    bits = (int)strtol(slash + 1, NULL, 10);
    out->bits = offset + bits;
    return out->bits <= 128;
}

int network_has(const network *of, const network *address)
{
    int whole = of->bits / 8, rest = of->bits % 8;

    return memcmp(of->bytes, address->bytes, (size_t)whole) == 0 &&
           (rest == 0 || (of->bytes[whole] ^ address->bytes[whole]) >> (8 - rest) == 0);
}

void network_put(char out[NETWORK_TEXT_SIZE], const network *address)
{
    struct in6_addr six;
    char prefix[INET6_ADDRSTRLEN];

    memcpy(&six, address->bytes, sizeof six);
    if (is_ipv4(address->bytes)) {
        inet_ntop(AF_INET, &address->bytes[12], out, NETWORK_TEXT_SIZE);
        return;
    }
    memset(&six.s6_addr[8], 0, 8);
    inet_ntop(AF_INET6, &six, prefix, sizeof prefix);
    snprintf(out, NETWORK_TEXT_SIZE, "%s/64", prefix);
}

/* ---- lists of hops ---- */

/* A member of X-Forwarded-For: an address, which may be followed by a port. */
static text address_of_hop(text hop)
{
    const char *last = memchr(hop.data, ']', hop.length), *colon = memchr(hop.data, ':', hop.length);

    if (last)
        hop.length = (size_t)(last - hop.data) + 1; /* "[2001:db8::1]:443" */
    else if (colon && !memchr(colon + 1, ':', hop.length - (size_t)(colon + 1 - hop.data)))
        hop.length = (size_t)(colon - hop.data); /* "192.0.2.1:443" */
    return hop;
}

/* A member of Forwarded (RFC 7239): what "for" says in "proto=https;for=\"[2001:db8::1]:443\"". */
static text for_of_hop(text hop)
{
    const char *end = hop.data + hop.length;

    for (const char *at = hop.data; at < end;) {
        size_t length;

        at += strspn(at, "; \t");
        length = strcspn(at, ";,");
        if (at + length > end)
            length = (size_t)(end - at);
        if (length > 4 && strncasecmp(at, "for=", 4) == 0) {
            at += 4;
            length -= 4;
            while (length && (at[length - 1] == ' ' || at[length - 1] == '\t'))
                length--;
            if (length >= 2 && at[0] == '"' && at[length - 1] == '"')
                return address_of_hop((text){at + 1, length - 2});
            return address_of_hop((text){at, length});
        }
        at += length + 1;
    }
    return (text){hop.data, 0};
}

/* The member of a list that ends at `end`; `*end` goes to the comma before it, NULL at the beginning. */
static text last_member(const char *list, const char **end)
{
    const char *begin = *end, *stop = *end;

    while (begin > list && begin[-1] != ',')
        begin--;
    *end = begin > list ? begin - 1 : NULL;
    while (begin < stop && (*begin == ' ' || *begin == '\t'))
        begin++;
    while (stop > begin && (stop[-1] == ' ' || stop[-1] == '\t'))
        stop--;
    return (text){begin, (size_t)(stop - begin)};
}

/* The member that so many proxies from the end have added, or the first there is. A field may come several times, which is one list. A
 * quoted comma makes members that are no address, and no proxy writes one. */
static text find_hop(const struct request *r, const char *name, unsigned proxies)
{
    text hop = {NULL, 0};
    const char *list;

    for (int line = -1; proxies && (list = http_last_header(r, name, &line)) != NULL;)
        for (const char *end = list + strlen(list); proxies && end;) {
            hop = last_member(list, &end);
            proxies--;
        }
    return hop;
}

void client_find(struct request *r)
{
    const settings *s = r->server->settings;
    text hop = {NULL, 0};
    network found;

    memcpy(r->client_addr, r->peer_addr, sizeof r->client_addr);
    if (!s->proxies)
        return;
    hop = find_hop(r, s->proxies_say_forwarded ? "Forwarded" : "X-Forwarded-For", s->proxies);
    if (!hop.data)
        return;
    hop = s->proxies_say_forwarded ? for_of_hop(hop) : address_of_hop(hop);
    if (!read_address(found.bytes, hop.data, hop.length))
        return; /* "unknown": all that is known is the proxy */
    if (is_ipv4(found.bytes))
        inet_ntop(AF_INET, &found.bytes[12], r->client_addr, sizeof r->client_addr);
    else
        inet_ntop(AF_INET6, found.bytes, r->client_addr, sizeof r->client_addr);
}
