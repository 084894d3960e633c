/* store/postgres/arguments.h: the parameters of a statement as libpq takes them. */
#ifndef TRIPSAGE_STORE_POSTGRES_ARGUMENTS_H
#define TRIPSAGE_STORE_POSTGRES_ARGUMENTS_H

#include "postgres.h"

/* An item has the most, 33. */
#define TRIPSAGE__PG_PARAMS_MAX 48

/* In binary format: no text to print and to read, and bytes need no NUL at their end. */
typedef struct arguments {
    Oid types[TRIPSAGE__PG_PARAMS_MAX];
    const char *values[TRIPSAGE__PG_PARAMS_MAX];
    int lengths[TRIPSAGE__PG_PARAMS_MAX], formats[TRIPSAGE__PG_PARAMS_MAX];
    char numbers[TRIPSAGE__PG_PARAMS_MAX][8];
    char *floats; /* of the one parameter that is some; owned */
} arguments;

/* At most TRIPSAGE__PG_PARAMS_MAX, borrowed. 0 without memory; free it in any case. */
int tripsage__pg_arguments(arguments *a, const tripsage__value *params, size_t count);
void tripsage__pg_arguments_free(arguments *a);

#endif
