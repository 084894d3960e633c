/* housekeeping.h: removes what is past its keeping (tripsage_purge_expired) while the server runs: once it has started, and then every
 * hour. */
#ifndef SERVER_HOUSEKEEPING_H
#define SERVER_HOUSEKEEPING_H

#include <tripsage/tripsage.h>

#include "ticker.h"

/* NULL: there is no memory, or no thread. */
ticker *housekeeping_start(tripsage *library);

#endif
