/* auth/v1/answer.h: the inside of a response, for those who make one: router.c and errors.c. */
#ifndef TRIPSAGE_AUTH_V1_ANSWER_H
#define TRIPSAGE_AUTH_V1_ANSWER_H

#include "auth/v1/v1.h"

/* More than any endpoint writes. */
#define TRIPSAGE__V1_HEADERS_MAX 16

typedef struct tripsage__v1_header_field {
    const char *name; /* static, lower case */
    char *value;      /* owned */
} tripsage__v1_header_field;

struct tripsage_auth_response {
    int http;
    tripsage__v1_header_field headers[TRIPSAGE__V1_HEADERS_MAX];
    size_t header_count;
    tripsage__buf body;
    tripsage_status failed; /* of the headers */
};

tripsage_auth_response *tripsage__v1_answer_new(void); /* NULL: no memory */

/* As it was when new: what was written before it failed is nobody's business; but memory that was missing is not there again. */
void tripsage__v1_answer_clear(tripsage_auth_response *answer);

#endif
