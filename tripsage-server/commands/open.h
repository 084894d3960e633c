/* open.h: opening the library as the settings say, for every command that needs it. */
#ifndef SERVER_OPEN_H
#define SERVER_OPEN_H

#include <tripsage/tripsage.h>

#include "settings.h"

/* Who decides whether an older schema is brought up to date: the settings, or the command. */
typedef enum migration { MIGRATE_AS_SET, MIGRATE_YES, MIGRATE_NO } migration;

/* As tripsage_open. */
tripsage_status open_library_quietly(tripsage **out, const settings *s, migration migrate);

/* 0, or the exit status after a sentence on stderr. */
int open_library(tripsage **out, const settings *s, migration migrate);
/* The same, told to telemetry, which may be NULL. */
int open_library_watched(tripsage **out, const settings *s, migration migrate, tripsage_telemetry *telemetry);

/* As open_library, of a database that is there: none is made. */
int open_existing_library(tripsage **out, const settings *s, migration migrate);

/* The cache of /cache, in *out, where the settings want one. 0, or the exit status after a sentence on stderr. */
int open_served_cache(tripsage_cache **out, const settings *s, tripsage_telemetry *telemetry);

#endif
