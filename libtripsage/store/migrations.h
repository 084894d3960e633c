/* store/migrations.h: the migrations embedded at build from migrations/<engine>/NNNN_name.sql, in their order. */
#ifndef TRIPSAGE_STORE_MIGRATIONS_H
#define TRIPSAGE_STORE_MIGRATIONS_H

#include <stddef.h>

typedef struct tripsage__migration {
    int number;
    const char *name;
    const char *text;
    size_t size;
} tripsage__migration;

extern const tripsage__migration tripsage__migrations_sqlite[];
extern const size_t tripsage__migrations_sqlite_count;

#endif
