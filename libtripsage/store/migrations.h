/* store/migrations.h: the migrations embedded at build from migrations/<engine>/NNNN_name.sql, in their order, and the comparison of a
 * database's past with them. */
#ifndef TRIPSAGE_STORE_MIGRATIONS_H
#define TRIPSAGE_STORE_MIGRATIONS_H

#include <stddef.h>

#include "base/crypto.h"
#include "base/error.h"

typedef struct tripsage__migration {
    int number;
    const char *name;
    const char *text;
    size_t size;
} tripsage__migration;

typedef struct tripsage__migrations {
    const tripsage__migration *all;
    size_t count; /* at least 1 */
} tripsage__migrations;

extern const tripsage__migrations tripsage__migrations_sqlite, tripsage__migrations_postgres;

/* SHA-256 of the text, hexadecimal. */
#define TRIPSAGE__MIGRATION_CHECKSUM_SIZE (2 * TRIPSAGE__SHA256_SIZE + 1)
tripsage_status tripsage__migration_checksum(char out[TRIPSAGE__MIGRATION_CHECKSUM_SIZE],
                                             const tripsage__migration *migration);

/* Called for each applied migration of a database in their order; *applied counts them and begins at 0. TRIPSAGE_EMIGRATION unless the past is a
 * beginning of `ours`, letter by letter. An empty checksum is of a migration that another tool applied, which knew none. */
tripsage_status tripsage__migration_compare(size_t *applied, const tripsage__migrations *ours, int number,
                                            const char *name, const char *checksum);

#endif
