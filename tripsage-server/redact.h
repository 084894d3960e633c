/* redact.h: takes out of a line of the log what does not belong there, should it ever get in: the last of several nets, not the first. */
#ifndef SERVER_REDACT_H
#define SERVER_REDACT_H

#include <stddef.h>

/* Into `out`, cut to fit. Secrets become "***": tokens (JWT, keys of ours, what follows "Bearer"), passwords in URLs. With `personal` also
 * what stands behind names such as "token=" and "password=", and what stands before the @ of addresses; without it codes and links of
 * mails can be read, as a developer without a mail server must. */
void redact(char *out, size_t size, const char *text, int personal);

/* The network an address is of: 192.0.2.0, 2001:db8:1::. */
#define REDACT_ADDRESS_SIZE 48
void redact_address(char out[REDACT_ADDRESS_SIZE], const char *address);

#endif
