/* auth/password.c: Argon2id through libargon2, a bounded number at once. The home of argon2.h.
 *
 * libargon2 takes its memory (the cost itself, 19 MiB by default) from malloc and gives it back before it returns. */
#include "auth/password.h"

#include <argon2.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/memory.h"

#define SALT_SIZE 16 /* RFC 9106, 3.1: enough for password hashing */
#define HASH_SIZE 32
/* One lane: a second one would take two processors for one sign-in. */
#define LANES 1u
/* Waiting for a turn. As long as a call may wait for the store: with one turn and 40 ms each, some 250 stand in front. */
#define WAIT_MAX_MS 10000

struct tripsage__passwords {
    uint32_t memory_kib, passes;
    char prefix[48];                           /* what a hash with today's cost starts with */
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
    passwords->memory_kib = memory_kib;
    passwords->passes = passes;
    passwords->free_turns = at_once ? at_once : half_the_processors();
    passwords->wait_ms = WAIT_MAX_MS;
    snprintf(passwords->prefix, sizeof passwords->prefix, "$argon2id$v=%d$m=%u,t=%u,p=%u$", ARGON2_VERSION_13,
             memory_kib, passes, LANES);
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

static tripsage_status argon2_failed(int code)
{
    if (code == ARGON2_MEMORY_ALLOCATION_ERROR)
        return TRIPSAGE_NOMEM();
    return TRIPSAGE_FAIL_NATIVE(TRIPSAGE_EINTERNAL, code, "Argon2: %s", argon2_error_message(code));
}

tripsage_status tripsage__password_hash(char out[TRIPSAGE__PASSWORD_HASH_SIZE], tripsage__passwords *passwords,
                                        tripsage__env *env, const char *password)
{
    unsigned char salt[SALT_SIZE];
    tripsage_status status;
    int code;

    TRIPSAGE_TRY(tripsage__random(env, salt, sizeof salt));
    TRIPSAGE_TRY(take_turn(passwords));
    code = argon2id_hash_encoded(passwords->passes, passwords->memory_kib, LANES, password, strlen(password), salt,
                                 sizeof salt, HASH_SIZE, out, TRIPSAGE__PASSWORD_HASH_SIZE);
    give_turn(passwords);
    atomic_fetch_add_explicit(&passwords->count, 1, memory_order_relaxed);
    if (code != ARGON2_OK)
        status = argon2_failed(code);
out:
    return status;
}

tripsage_status tripsage__password_verify(int *matches, tripsage__passwords *passwords, const char *hash,
                                          const char *password)
{
    tripsage_status status;
    int code;

    *matches = 0;
    TRIPSAGE_TRY(take_turn(passwords));
    code = argon2id_verify(hash ? hash : passwords->nobody, password, strlen(password));
    give_turn(passwords);
    atomic_fetch_add_explicit(&passwords->count, 1, memory_order_relaxed);
    *matches = code == ARGON2_OK && hash;
    if (code == ARGON2_DECODING_FAIL || code == ARGON2_DECODING_LENGTH_FAIL || code == ARGON2_INCORRECT_TYPE)
        status = TRIPSAGE_FAIL_NATIVE(TRIPSAGE_ECORRUPT, code, "a stored password hash cannot be read");
    else if (code != ARGON2_OK && code != ARGON2_VERIFY_MISMATCH)
        status = argon2_failed(code);
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
