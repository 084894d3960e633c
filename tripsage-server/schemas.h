/* schemas.h: the JSON Schemas (2020-12) of bodies and answers, OpenAPI's components. The public headers (tripsage/trip.h and
 * its neighbours) say the same in words; tests/server checks answers against these. */
#ifndef SERVER_SCHEMAS_H
#define SERVER_SCHEMAS_H

#include <stddef.h>

typedef struct schema {
    const char *name, *json;
} schema;

const schema *schemas_all(size_t *count);

#endif
