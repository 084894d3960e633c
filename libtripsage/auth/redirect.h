/* auth/redirect.h: where a link in a mail may lead in the end. */
#ifndef TRIPSAGE_AUTH_REDIRECT_H
#define TRIPSAGE_AUTH_REDIRECT_H

/* The longest URL that is allowed: browsers and proxies agree on some 2,000. */
#define TRIPSAGE__REDIRECT_MAX 2000

/* 1 when a browser may be sent there with a session: it has the scheme, host and port of the site (any port of a site on this machine, as
 * RFC 8252, 7.3 has it), or matches one of the patterns, which commas separate (NULL: none). See redirect.c for patterns. */
int tripsage__redirect_allowed(const char *site, const char *patterns, const char *url);

#endif
