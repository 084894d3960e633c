/* router.h: from method and path to the one route, over the table of routes.c. */
#ifndef SERVER_ROUTER_H
#define SERVER_ROUTER_H

#include "routes.h"

typedef struct router router;

/* Builds the tree of path segments. NULL: no memory. */
router *router_new(void);
void router_free(router *tree);

typedef enum matched {
    MATCH_FOUND,
    MATCH_NO_PATH,   /* 404 */
    MATCH_NO_METHOD, /* 405; allowed is set */
    MATCH_MALFORMED  /* 400: a percent sign without two digits, a NUL, not UTF-8 */
} matched;

/* Fills route and params. A route of a subtree has whatever is below its path, with any method but OPTIONS. Every other path is also known with a slash at its end; literal segments win over parameters; HEAD finds GET's
 * route. `allowed` gets the methods of the path, as a set of 1 << method. Allocates nothing. */
matched router_match(const router *tree, request *r, unsigned *allowed);

/* "GET, HEAD, POST, OPTIONS" */
#define ALLOW_SIZE 64
void router_allow(unsigned allowed, char out[ALLOW_SIZE]);

/* Decodes %XX (and, in a query, + as a blank) into the request's arena and ends it with a NUL. 0 when it is malformed. */
int url_decode(request *r, const char *from, size_t length, int plus_is_blank, text *out);

#endif
