/* open.h: opening the library as the settings say, for every command that needs it. */
#ifndef SERVER_OPEN_H
#define SERVER_OPEN_H

#include <tripsage/tripsage.h>

#include "settings.h"

/* 0, or the exit status after a sentence on stderr. */
int open_library(tripsage **out, const settings *s, int no_migrate);

#endif
