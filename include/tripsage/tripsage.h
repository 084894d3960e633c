/* tripsage/tripsage.h: the whole library: everything below in one include. */
#ifndef TRIPSAGE_TRIPSAGE_H
#define TRIPSAGE_TRIPSAGE_H

#include "auth.h"
#include "auth_serve.h"
#include "cache.h"
#include "cache_serve.h"
#include "config.h"
#include "destination.h"
#include "doc.h"
#include "doctor.h"
#include "embedder.h"
#include "feed.h"
#include "index.h"
#include "limit.h"
#include "maintenance.h"
#include "memory.h"
#include "runtime.h"
#include "search.h"
#include "security.h"
#include "status.h"
#include "store.h"
#include "telemetry.h"
#include "trip.h"
#include "vector.h"
#include "webhook.h"

#endif
