/* store/migrations.c: see migrations.h. */
#include "migrations.h"

#include <string.h>

tripsage_status tripsage__migration_checksum(char out[TRIPSAGE__MIGRATION_CHECKSUM_SIZE],
                                             const tripsage__migration *migration)
{
    unsigned char digest[TRIPSAGE__SHA256_SIZE];
    tripsage_status status = tripsage__sha256(digest, migration->text, migration->size);

    if (status == TRIPSAGE_OK)
        tripsage__hex(out, digest, sizeof digest);
    return status;
}

tripsage_status tripsage__migration_compare(size_t *applied, const tripsage__migrations *ours, int number,
                                            const char *name, const char *checksum)
{
    const tripsage__migration *mine = &ours->all[*applied];
    char expected[TRIPSAGE__MIGRATION_CHECKSUM_SIZE];
    tripsage_status status;

    if (!name || !checksum) /* not by us: in our table they cannot be NULL */
        return TRIPSAGE_FAIL(TRIPSAGE_EMIGRATION, "the list of the migrations applied to the database is damaged");
    if (*applied == ours->count)
        return TRIPSAGE_FAIL(TRIPSAGE_EMIGRATION,
                             "the database has migration %04d_%s, which is newer than this library: use a newer one",
                             number, name);
    status = tripsage__migration_checksum(expected, mine);
    if (status != TRIPSAGE_OK)
        return status;
    if (number != mine->number || strcmp(name, mine->name) != 0)
        return TRIPSAGE_FAIL(TRIPSAGE_EMIGRATION, "the database has migration %04d_%s where this library has %04d_%s",
                             number, name, mine->number, mine->name);
    if (*checksum && strcmp(checksum, expected) != 0)
        return TRIPSAGE_FAIL(TRIPSAGE_EMIGRATION,
                             "migration %04d_%s was edited after it was applied: put its text back and "
                             "write the change as a new migration",
                             number, name);
    ++*applied;
    return TRIPSAGE_OK;
}
