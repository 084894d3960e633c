/* auth/reasons.h: the codes of Supabase Auth: which HTTP status each is told with, and what it means to a caller of this library. Read
 * forwards where the wire is served (v1/errors.c), and backwards where a project answers (supabase.c). */
#ifndef TRIPSAGE_AUTH_REASONS_H
#define TRIPSAGE_AUTH_REASONS_H

#include <tripsage/status.h>

typedef struct tripsage__reason {
    const char *code;
    int http; /* of the first row of a code where the endpoint does not say otherwise */
    tripsage_status status;
    const char *pointer; /* of the member that a TRIPSAGE_EINVALID is about; NULL: none */
} tripsage__reason;

/* What a code means with this status (0: any), or else in general; NULL for a code that is not known. */
const tripsage__reason *tripsage__reason_find(const char *code, int http);

#endif
