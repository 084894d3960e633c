/* cache/command/pubsub.h: who listens to which channels of a cache in the process, and how messages get to them.
 *
 * A publisher never waits for a subscriber: he puts one message, shared by all who get it, into the queue of each. A queue is bounded; who
 * takes too slowly loses his subscription, is told so, and can subscribe anew, as with Redis, which closes the connection. */
#ifndef TRIPSAGE_CACHE_COMMAND_PUBSUB_H
#define TRIPSAGE_CACHE_COMMAND_PUBSUB_H

#include "cache/engine.h"
#include "command.h"

typedef struct tripsage__pubsub tripsage__pubsub;

tripsage__pubsub *tripsage__pubsub_new(void);      /* NULL: no memory */
void tripsage__pubsub_free(tripsage__pubsub *hub); /* when nobody is subscribed any more; NULL is fine */

/* As tripsage_cache_subscribe, which has checked what comes in. */
tripsage_status tripsage__pubsub_subscribe(tripsage_cache_subscription **out, tripsage__pubsub *hub,
                                           const tripsage_cache_topics *topics);

#endif
