/* auth/password.c: passwords hashed and verified, a bounded number at once, out of everybody else's way. What a hash is made of is
 * password_scheme.h's.
 *
 * A hash takes a processor for as long as a thousand reads do. On a thread of the same priority it makes them wait for its time slices,
 * even with a second processor idle; and a thread that has lowered its priority may not raise it again. So each hash has a thread of its
 * own, which costs a thousandth of it, and which yields to all others of the process. */
#include "auth/password.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "auth/password_scheme.h"
#include "base/memory.h"

/* Waiting for a turn. As long as a call may wait for the store: with one turn and 40 ms each, some 250 stand in front. */
#define WAIT_MAX_MS 10000
/* A tenth of what the others may have when all processors are taken: they hardly notice, and signing in still ends within a second. */
#define NICENESS 10

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

/* One hash on its thread. */
typedef struct work {
    const tripsage__password_scheme *scheme; /* NULL: a hash is made */
    const char *hash, *password;
    int matches;
    const tripsage__argon2_cost *cost;
    const unsigned char *salt;
    char *out;
    tripsage_status status;
    tripsage_error error;
} work;

static void *do_work(void *context)
{
    work *w = context;
    id_t self = (id_t)syscall(SYS_gettid);

    /* On Linux a thread has its own. Where a sandbox forbids it, hashing goes on at everybody's pace, as good as can be. */
    (void)setpriority(PRIO_PROCESS, self, getpriority(PRIO_PROCESS, self) + NICENESS);
    if (w->scheme)
        w->status = w->scheme->verify(&w->matches, w->hash, w->password);
    else
        w->status = tripsage__argon2_hash(w->out, w->cost, w->salt, w->password);
    if (w->status != TRIPSAGE_OK)
        tripsage__error_save(&w->error);
    return NULL;
}

/* The program's signals are not for this thread. */
static int start_work(pthread_t *thread, work *w)
{
    pthread_attr_t attributes;
    sigset_t all;
    int failed = pthread_attr_init(&attributes);

    if (failed)
        return failed;
    sigfillset(&all);
    failed = pthread_attr_setsigmask_np(&attributes, &all);
    if (!failed)
        failed = pthread_create(thread, &attributes, do_work, w);
    pthread_attr_destroy(&attributes);
    return failed;
}

static tripsage_status work_in_turn(tripsage__passwords *passwords, work *w)
{
    tripsage_status status;
    pthread_t thread;
    int failed;

    TRIPSAGE_TRY(take_turn(passwords));
    failed = start_work(&thread, w);
    if (!failed)
        pthread_join(thread, NULL);
    give_turn(passwords);
    if (failed == ENOMEM)
        return TRIPSAGE_NOMEM();
    if (failed)
        return TRIPSAGE_FAIL_NATIVE(TRIPSAGE_EBUSY, failed, "there is no thread left to check a password on");
    atomic_fetch_add_explicit(&passwords->count, 1, memory_order_relaxed);
    if (w->status != TRIPSAGE_OK)
        status = tripsage__error_restore(&w->error);
out:
    return status;
}

tripsage_status tripsage__password_hash(char out[TRIPSAGE__PASSWORD_HASH_SIZE], tripsage__passwords *passwords,
                                        tripsage__env *env, const char *password)
{
    unsigned char salt[TRIPSAGE__ARGON2_SALT_SIZE];
    work w = {.password = password, .cost = &passwords->cost, .salt = salt, .out = out};
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__random(env, salt, sizeof salt));
    status = work_in_turn(passwords, &w);
out:
    return status;
}

tripsage_status tripsage__password_verify(int *matches, tripsage__passwords *passwords, const char *hash,
                                          const char *password)
{
    work w = {.hash = hash ? hash : passwords->nobody, .password = password};
    tripsage__password_cost cost;
    tripsage_status status;

    *matches = 0;
    w.scheme = scheme_of(&cost, w.hash);
    /* Argon2 may cost what our options allowed once; the others' hashes were put there by somebody else, be it past the import's check. */
    if (!w.scheme || (w.scheme != &tripsage__password_argon2 && !is_affordable(&cost)))
        return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "a stored password hash cannot be read");
    status = work_in_turn(passwords, &w);
    *matches = status == TRIPSAGE_OK && w.matches && hash;
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
