/* auth/password.c: passwords hashed and verified, a bounded number at once, out of everybody else's way. What a hash is made of is
 * password_scheme.h's.
 *
 * A hash takes a processor for as long as a thousand reads do. On a thread of the same priority it makes them wait for its time slices,
 * even with a second processor idle; and a thread that has lowered its priority may not raise it again. So hashes are made on threads of
 * their own, which yield to all others of the process. They are started by the first who come, and while somebody waits they keep the
 * memory that a hash takes: the pages of 19 MiB cost a fifth of a hash to get, and as they are given back all others stand still. */
#include "auth/password.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "auth/password_scheme.h"
#include "base/memory.h"
#include "base/thread.h"

/* Waiting for a thread. As long as a call may wait for the store: with one of them and 40 ms each, some 250 stand in front. */
#define WAIT_MAX_MS 10000
/* A tenth of what the others may have when all processors are taken: they hardly notice, and signing in still ends within a second. */
#define NICENESS 10

/* One hash that somebody waits for, on his stack. */
typedef struct job {
    const tripsage__password_scheme *scheme; /* NULL: a hash is made */
    const char *hash, *password;
    int matches;
    const tripsage__argon2_cost *cost;
    const unsigned char *salt;
    char *out;
    tripsage_status status;
    tripsage_error error;

    enum { WAITS, RUNS, IS_DONE } state;
    pthread_cond_t done;
    struct job *next;
} job;

struct tripsage__passwords {
    tripsage__argon2_cost cost;
    char prefix[TRIPSAGE__ARGON2_PREFIX_SIZE]; /* what a hash with today's cost starts with */
    char nobody[TRIPSAGE__PASSWORD_HASH_SIZE]; /* a hash with today's cost that no password has (but one in 2^256) */
    _Atomic uint64_t count;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t job_came;
    job *first, *last; /* who waits for a thread, in the order they came */
    unsigned waiting;
    unsigned started, idle, at_once;
    long wait_ms;
    int ends;
    pthread_t threads[]; /* `started` of `at_once` */
};

static unsigned half_the_processors(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    return processors > 3 ? (unsigned)(processors / 2) : 1;
}

/* ---- the threads ---- */

static void do_job(job *j)
{
    if (j->scheme)
        j->status = j->scheme->verify(&j->matches, j->hash, j->password);
    else
        j->status = tripsage__argon2_hash(j->out, j->cost, j->salt, j->password);
    if (j->status != TRIPSAGE_OK)
        tripsage__error_save(&j->error);
}

/* Under the lock; NULL when it is over. */
static job *next_job(tripsage__passwords *passwords)
{
    job *j;

    while (!passwords->first && !passwords->ends) {
        passwords->idle++;
        pthread_cond_wait(&passwords->job_came, &passwords->lock);
        passwords->idle--;
    }
    j = passwords->first;
    if (j) {
        passwords->first = j->next;
        passwords->waiting--;
        j->state = RUNS;
    }
    return j;
}

static void *hash_on(void *context)
{
    tripsage__passwords *passwords = context;
    id_t self = (id_t)syscall(SYS_gettid);
    job *j;

    /* On Linux a thread has its own. Where a sandbox forbids it, hashing goes on at everybody's pace, as good as can be. */
    (void)setpriority(PRIO_PROCESS, self, getpriority(PRIO_PROCESS, self) + NICENESS);
    pthread_mutex_lock(&passwords->lock);
    while ((j = next_job(passwords)) != NULL) {
        pthread_mutex_unlock(&passwords->lock);
        do_job(j);
        pthread_mutex_lock(&passwords->lock);
        if (!passwords->first) { /* nobody waits: the memory goes back; without the lock, since that takes a while */
            pthread_mutex_unlock(&passwords->lock);
            tripsage__argon2_let_go();
            pthread_mutex_lock(&passwords->lock);
        }
        j->state = IS_DONE;
        pthread_cond_signal(&j->done);
    }
    pthread_mutex_unlock(&passwords->lock);
    return NULL;
}

/* Under the lock. */
static int start_thread(tripsage__passwords *passwords)
{
    int failed = tripsage__thread_start(&passwords->threads[passwords->started], 0, hash_on, passwords);

    passwords->started += !failed;
    return failed;
}

/* ---- who waits for them ---- */

static void join(tripsage__passwords *passwords, job *j)
{
    if (passwords->first)
        passwords->last->next = j;
    else
        passwords->first = j;
    passwords->last = j;
    passwords->waiting++;
}

static void leave(tripsage__passwords *passwords, const job *j)
{
    job *before = NULL;

    for (job *each = passwords->first; each != j; each = each->next)
        before = each;
    if (before)
        before->next = j->next;
    else
        passwords->first = j->next;
    if (passwords->last == j)
        passwords->last = before;
    passwords->waiting--;
}

/* Under the lock. An idle thread may be on its way to somebody who came before. */
static tripsage_status call_thread(tripsage__passwords *passwords)
{
    int failed = 0;

    pthread_cond_signal(&passwords->job_came);
    if (passwords->waiting > passwords->idle && passwords->started < passwords->at_once)
        failed = start_thread(passwords);
    if (!failed || passwords->started)
        return TRIPSAGE_OK;
    if (failed == ENOMEM)
        return TRIPSAGE_NOMEM();
    return TRIPSAGE_FAIL_NATIVE(TRIPSAGE_EBUSY, failed, "there is no thread left to check a password on");
}

/* Under the lock, which is let go meanwhile. The clock is the monotonic one: one that is set must not end or prolong a wait. */
static tripsage_status await(tripsage__passwords *passwords, job *j)
{
    int64_t deadline = tripsage__monotonic_ms() + passwords->wait_ms;
    const struct timespec until = {deadline / 1000, deadline % 1000 * 1000000};
    int waited = 0;

    while (j->state == WAITS && waited == 0)
        waited = pthread_cond_clockwait(&j->done, &passwords->lock, CLOCK_MONOTONIC, &until);
    if (j->state == WAITS)
        return TRIPSAGE_FAIL(TRIPSAGE_EBUSY, "too many passwords are being checked at once");
    while (j->state != IS_DONE)
        pthread_cond_wait(&j->done, &passwords->lock);
    return TRIPSAGE_OK;
}

static tripsage_status have_done(tripsage__passwords *passwords, job *j)
{
    tripsage_status status;

    j->state = WAITS;
    pthread_cond_init(&j->done, NULL); /* of a kind that cannot fail */
    pthread_mutex_lock(&passwords->lock);
    join(passwords, j);
    status = call_thread(passwords);
    if (status == TRIPSAGE_OK)
        status = await(passwords, j);
    if (j->state == WAITS)
        leave(passwords, j);
    pthread_mutex_unlock(&passwords->lock);
    pthread_cond_destroy(&j->done);
    if (status != TRIPSAGE_OK)
        return status;
    atomic_fetch_add_explicit(&passwords->count, 1, memory_order_relaxed);
    return j->status == TRIPSAGE_OK ? TRIPSAGE_OK : tripsage__error_restore(&j->error);
}

/* ---- made and freed ---- */

tripsage_status tripsage__passwords_new(tripsage__passwords **out, uint32_t memory_kib, uint32_t passes,
                                        unsigned at_once)
{
    unsigned threads = at_once ? at_once : half_the_processors();
    tripsage__passwords *passwords = tripsage__calloc(1, sizeof *passwords + threads * sizeof(pthread_t));

    *out = NULL;
    if (!passwords)
        return TRIPSAGE_NOMEM();
    passwords->cost = (tripsage__argon2_cost){memory_kib, passes};
    passwords->at_once = threads;
    passwords->wait_ms = WAIT_MAX_MS;
    tripsage__argon2_prefix(passwords->prefix, &passwords->cost);
    /* A salt and a hash of zeros, in base64 without padding: 22 and 43 times 'A'. */
    snprintf(passwords->nobody, sizeof passwords->nobody,
             "%sAAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", passwords->prefix);
    if (pthread_mutex_init(&passwords->lock, NULL) != 0) {
        tripsage__free(passwords);
        return TRIPSAGE_NOMEM();
    }
    pthread_cond_init(&passwords->job_came, NULL); /* of a kind that cannot fail */
    *out = passwords;
    return TRIPSAGE_OK;
}

void tripsage__passwords_free(tripsage__passwords *passwords)
{
    if (!passwords)
        return;
    pthread_mutex_lock(&passwords->lock);
    passwords->ends = 1;
    pthread_cond_broadcast(&passwords->job_came);
    pthread_mutex_unlock(&passwords->lock);
    for (unsigned i = 0; i < passwords->started; i++)
        pthread_join(passwords->threads[i], NULL);
    pthread_cond_destroy(&passwords->job_came);
    pthread_mutex_destroy(&passwords->lock);
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
    unsigned char salt[TRIPSAGE__ARGON2_SALT_SIZE];
    job j = {.password = password, .cost = &passwords->cost, .salt = salt, .out = out};
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__random(env, salt, sizeof salt));
    status = have_done(passwords, &j);
out:
    return status;
}

tripsage_status tripsage__password_verify(int *matches, tripsage__passwords *passwords, const char *hash,
                                          const char *password)
{
    job j = {.hash = hash ? hash : passwords->nobody, .password = password};
    tripsage__password_cost cost;
    tripsage_status status;

    *matches = 0;
    j.scheme = scheme_of(&cost, j.hash);
    /* Argon2 may cost what our options allowed once; the others' hashes were put there by somebody else, be it past the import's check. */
    if (!j.scheme || (j.scheme != &tripsage__password_argon2 && !is_affordable(&cost)))
        return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "a stored password hash cannot be read");
    status = have_done(passwords, &j);
    *matches = status == TRIPSAGE_OK && j.matches && hash;
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
