/* base/env.h: what a handle takes from outside: clock, chance, log; and the ids made from the first two. */
#ifndef TRIPSAGE_BASE_ENV_H
#define TRIPSAGE_BASE_ENV_H

#include <stdint.h>
#include <tripsage/runtime.h>

#include "error.h"

#define TRIPSAGE__UUID_SIZE 37 /* 36 characters and the NUL */

typedef struct tripsage__env tripsage__env;

/* One per store; shared by every room on it; thread-safe. `runtime` may be NULL. */
tripsage_status tripsage__env_new(tripsage__env **out, const tripsage_runtime *runtime);
void tripsage__env_free(tripsage__env *env);

int64_t tripsage__now_ms(tripsage__env *env);
/* Milliseconds of the clock that deadlines are on: the machine's own, whatever the handle's says. */
int64_t tripsage__monotonic_ms(void);
int64_t tripsage__monotonic_us(void); /* the same in microseconds */
int64_t tripsage__monotonic_ns(void); /* and in nanoseconds */
/* Nanoseconds since 1970 of the system's clock, whatever the handle's says: for what is put together with what others tell. */
int64_t tripsage__system_ns(void);
/* Who watches what is done on this env; NULL: nobody. */
struct tripsage__observer *tripsage__env_observer(const tripsage__env *env);
/* Microseconds of a clock that nobody sets: the machine's monotonic one, unless the program has given one of its own. */
int64_t tripsage__steady_us(tripsage__env *env);
tripsage_status tripsage__random(tripsage__env *env, void *out, size_t size);

/* UUIDv7 (RFC 9562, 5.7): 48 bits of milliseconds, a 12-bit counter that keeps ids of one env strictly ascending within a
 * millisecond and when the clock steps back (6.2, method 1), 62 random bits. Lower-case text.
 * Errors: TRIPSAGE_EINTERNAL when the random source fails or the clock is past the year 10889, where the 48 bits end. */
tripsage_status tripsage__uuid7(tripsage__env *env, char out[TRIPSAGE__UUID_SIZE]);

/* 1 when `text` is a UUID of any version; writes it in lower case. */
int tripsage__uuid_parse(const char *text, char out[TRIPSAGE__UUID_SIZE]);

/* printf into the handle's log; costs a comparison when the level is off. `room` is the name of the folder. */
void tripsage__log(tripsage__env *env, tripsage_log_level level, const char *room, const char *format, ...)
    TRIPSAGE__PRINTF(4, 5);

#endif
