/* base/finding.h: what a look at something found: a list of checks as tripsage/doctor.h has them. */
#ifndef TRIPSAGE_BASE_FINDING_H
#define TRIPSAGE_BASE_FINDING_H

#include <stddef.h>

#include "buf.h"
#include "error.h"

typedef enum tripsage__state { TRIPSAGE__FINE, TRIPSAGE__WARNING, TRIPSAGE__FAILED } tripsage__state;

typedef struct tripsage__findings {
    tripsage__buf json; /* objects, separated by commas */
    size_t failed;
} tripsage__findings;

#define TRIPSAGE__FINDINGS_INIT                                                                                        \
    {                                                                                                                  \
        TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT), 0                                                                  \
    }

/* `fix` NULL: there is nothing to do. Texts are for people, and without secrets. */
void tripsage__finding(tripsage__findings *list, const char *name, tripsage__state state, const char *fix,
                       const char *format, ...) TRIPSAGE__PRINTF(5, 6);

/* What to do about a failure, by words that its message has; the first that fits counts. Ends with one without words, which always fits. */
typedef struct tripsage__remedy {
    const char *words, *fix;
} tripsage__remedy;

const char *tripsage__remedy_for(const tripsage__remedy *remedies, const char *message);

/* The failure this thread had last, with what to do about it. */
void tripsage__finding_of_error(tripsage__findings *list, const char *name, tripsage__state state,
                                const tripsage__remedy *remedies);

#endif
