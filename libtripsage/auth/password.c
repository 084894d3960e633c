/* auth/password.c: passwords hashed and verified, a bounded number at once. What a hash is made of is password_scheme.h's. */
#include "auth/password.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "auth/password_scheme.h"
#include "base/memory.h"

/* Waiting for a turn. As long as a call may wait for the store: with one turn and 40 ms each, some 250 stand in front. */
#define WAIT_MAX_MS 10000

struct tripsage__passwords {
    tripsage__argon2_cost cost;
    char prefix[TRIPSAGE__ARGON2_PREFIX_SIZE]; /* what a hash with today's cost starts with */
    char nobody[TRIPSAGE__PASSWORD_HASH_SIZE]; /* a hash with today's cost that no password has (but one in 2^256) */
    _Atomic uint64_t count;
    pthread_mutex_t lock; /* guards `free_turns` */
    pthread_cond_t turn_freed;
    unsigned free_turns;
    long wait_ms; /* for a turn */
    int ready;    /* lock and condition are initialised */
};

/* ---- turns ---- */

static unsigned half_the_processors(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    return processors > 3 ? (unsigned)(processors / 2) : 1;
}

/* The condition counts on the monotonic clock: a clock that is set must not end or prolong a wait. */
static int init_turns(tripsage__passwords *passwords)
{
    pthread_condattr_t attributes;
    int failed;

    if (pthread_condattr_init(&attributes) != 0)
        return 0;
    failed = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) != 0 ||
             pthread_cond_init(&passwords->turn_freed, &attributes) != 0;
    pthread_condattr_destroy(&attributes);
    if (failed)
        return 0;
    if (pthread_mutex_init(&passwords->lock, NULL) != 0) {
        pthread_cond_destroy(&passwords->turn_freed);
        return 0;
    }
    passwords->ready = 1;
    return 1;
}

static tripsage_status take_turn(tripsage__passwords *passwords)
{
    struct timespec until;
    int waited = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += passwords->wait_ms / 1000;
    until.tv_nsec += passwords->wait_ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&passwords->lock);
    while (passwords->free_turns == 0 && waited == 0)
        waited = pthread_cond_timedwait(&passwords->turn_freed, &passwords->lock, &until);
    if (passwords->free_turns == 0) {
        pthread_mutex_unlock(&passwords->lock);
        return TRIPSAGE_FAIL(TRIPSAGE_EBUSY, "too many passwords are being checked at once");
    }
    passwords->free_turns--;
    pthread_mutex_unlock(&passwords->lock);
    return TRIPSAGE_OK;
}

static void give_turn(tripsage__passwords *passwords)
{
    pthread_mutex_lock(&passwords->lock);
    passwords->free_turns++;
    pthread_cond_signal(&passwords->turn_freed);
    pthread_mutex_unlock(&passwords->lock);
}

/* ---- made and freed ---- */

tripsage_status tripsage__passwords_new(tripsage__passwords **out, uint32_t memory_kib, uint32_t passes,
                                        unsigned at_once)
{
    tripsage__passwords *passwords = tripsage__calloc(1, sizeof *passwords);

    *out = NULL;
    if (!passwords)
        return TRIPSAGE_NOMEM();
    passwords->cost = (tripsage__argon2_cost){memory_kib, passes};
    passwords->free_turns = at_once ? at_once : half_the_processors();
    passwords->wait_ms = WAIT_MAX_MS;
    tripsage__argon2_prefix(passwords->prefix, &passwords->cost);
    /* A salt and a hash of zeros, in base64 without padding: 22 and 43 times 'A'. */
    snprintf(passwords->nobody, sizeof passwords->nobody,
             "%sAAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", passwords->prefix);
    if (!init_turns(passwords)) {
        tripsage__passwords_free(passwords);
        return TRIPSAGE_NOMEM();
    }
    *out = passwords;
    return TRIPSAGE_OK;
}

void tripsage__passwords_free(tripsage__passwords *passwords)
{
    if (!passwords)
        return;
    if (passwords->ready) {
        pthread_cond_destroy(&passwords->turn_freed);
        pthread_mutex_destroy(&passwords->lock);
    }
    tripsage__free(passwords);
}

/* ---- hashing ---- */

static const tripsage__password_scheme *const schemes[] = {&tripsage__password_argon2, &tripsage__password_bcrypt,
                                                           &tripsage__password_firebase};

static const tripsage__password_scheme *scheme_of(tripsage__password_cost *cost, const char *hash)
{
    if (strlen(hash) >= TRIPSAGE__PASSWORD_KNOWN_SIZE)
        return NULL;
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (schemes[i]->read(cost, hash))
            return schemes[i];
    return NULL;
}

static int is_affordable(const tripsage__password_cost *cost)
{
    return cost->memory <= TRIPSAGE__PASSWORD_MEMORY_MAX && cost->work <= TRIPSAGE__PASSWORD_WORK_MAX;
}

int tripsage__password_hash_is_known(const char *text)
{
    tripsage__password_cost cost;

    return scheme_of(&cost, text) && is_affordable(&cost);
}

tripsage_status tripsage__password_hash(char out[TRIPSAGE__PASSWORD_HASH_SIZE], tripsage__passwords *passwords,
                                        tripsage__env *env, const char *password)
{
    tripsage_status status;

    TRIPSAGE_TRY(take_turn(passwords));
    status = tripsage__argon2_hash(out, &passwords->cost, env, password);
    give_turn(passwords);
    if (status == TRIPSAGE_OK)
        atomic_fetch_add_explicit(&passwords->count, 1, memory_order_relaxed);
out:
    return status;
}

tripsage_status tripsage__password_verify(int *matches, tripsage__passwords *passwords, const char *hash,
                                          const char *password)
{
    tripsage__password_cost cost;
    const tripsage__password_scheme *scheme = scheme_of(&cost, hash ? hash : passwords->nobody);
    tripsage_status status;

    *matches = 0;
    /* Argon2 may cost what our options allowed once; the others' hashes were put there by somebody else, be it past the import's check. */
    if (!scheme || (scheme != &tripsage__password_argon2 && !is_affordable(&cost)))
        return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "a stored password hash cannot be read");
    TRIPSAGE_TRY(take_turn(passwords));
    status = scheme->verify(matches, hash ? hash : passwords->nobody, password);
    give_turn(passwords);
    atomic_fetch_add_explicit(&passwords->count, 1, memory_order_relaxed);
    *matches = *matches && hash;
out:
    return status;
}

int tripsage__password_is_stale(const tripsage__passwords *passwords, const char *hash)
{
    return strncmp(hash, passwords->prefix, strlen(passwords->prefix)) != 0;
}

uint64_t tripsage__passwords_count(tripsage__passwords *passwords)
{
    return atomic_load_explicit(&passwords->count, memory_order_relaxed);
}
