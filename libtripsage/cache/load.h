/* cache/load.h: values that are loaded when they are not there: by one caller for each key, however many ask for it (load.c). */
#ifndef TRIPSAGE_CACHE_LOAD_H
#define TRIPSAGE_CACHE_LOAD_H

#include <pthread.h>
#include <stdatomic.h>

#include "engine.h"

/* The loads of a handle that are under way. */
typedef struct tripsage__loads {
    pthread_mutex_t lock;
    struct tripsage__load *first; /* a list: there is one for each thread that loads, at most */
    _Atomic size_t count;         /* of them */
    _Atomic uint64_t ended;       /* until now */
    _Atomic uint64_t calls;       /* of loaders */
} tripsage__loads;

/* 0 when the lock could not be made. */
int tripsage__loads_init(tripsage__loads *loads);
void tripsage__loads_close(tripsage__loads *loads);

/* What is loaded at the moment for this key, for keys with this prefix, with this tag is not kept any more: it was read before somebody
 * changed it. To be called before the change is made in the cache. */
void tripsage__loads_overtake_key(tripsage__loads *loads, tripsage__cache_bytes key);
void tripsage__loads_overtake_prefix(tripsage__loads *loads, tripsage__cache_bytes prefix);
void tripsage__loads_overtake_tag(tripsage__loads *loads, tripsage__cache_bytes tag);

/* Whether a value stands for "there is none". */
int tripsage__cache_is_none(const tripsage_cache_value *value);

#endif
