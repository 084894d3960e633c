/* redis/resolve.c: see resolve.h. */
#include "resolve.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "base/memory.h"
#include "deadline.h"

/* Shared by who asks and the thread that looks; the last of the two frees it. */
typedef struct question {
    pthread_mutex_t lock;
    pthread_cond_t answered;
    int holders;
    int done;
    int error; /* of getaddrinfo */
    struct addrinfo *found;
    char *host, *port; /* behind it, in the same block */
} question;

static int look_up(struct addrinfo **out, const char *host, const char *port, int flags)
{
    struct addrinfo wanted;

    memset(&wanted, 0, sizeof wanted);
    wanted.ai_family = AF_UNSPEC;
    wanted.ai_socktype = SOCK_STREAM;
    wanted.ai_flags = flags | AI_NUMERICSERV;
    return getaddrinfo(host, port, &wanted, out);
}

static void free_question(question *q)
{
    if (q->found)
        freeaddrinfo(q->found);
    pthread_cond_destroy(&q->answered);
    pthread_mutex_destroy(&q->lock);
    tripsage__free(q);
}

/* Under the lock, which is let go. */
static void let_go(question *q)
{
    int holders = --q->holders;

    pthread_mutex_unlock(&q->lock);
    if (!holders)
        free_question(q);
}

static question *new_question(const char *host, const char *port)
{
    size_t host_size = strlen(host) + 1, port_size = strlen(port) + 1;
    question *q = tripsage__calloc(1, sizeof *q + host_size + port_size);

    if (!q)
        return NULL;
    q->host = memcpy(q + 1, host, host_size);
    q->port = memcpy(q->host + host_size, port, port_size);
    q->holders = 1;
    pthread_mutex_init(&q->lock, NULL);
    if (!tripsage__redis_init_cond(&q->answered)) {
        pthread_mutex_destroy(&q->lock);
        tripsage__free(q);
        return NULL;
    }
    return q;
}

static void *answer(void *argument)
{
    question *q = argument;
    struct addrinfo *found = NULL;
    int error = look_up(&found, q->host, q->port, 0);

    pthread_mutex_lock(&q->lock);
    q->error = error;
    q->found = found;
    q->done = 1;
    pthread_cond_signal(&q->answered);
    let_go(q);
    return NULL;
}

/* The program's signals are not for this thread. */
static int start_thread(question *q)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all;
    int failed;

    if (pthread_attr_init(&attributes) != 0)
        return 0;
    sigfillset(&all);
    failed = pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) != 0 ||
             pthread_attr_setsigmask_np(&attributes, &all) != 0;
    q->holders = 2;
    failed = failed || pthread_create(&thread, &attributes, answer, q) != 0;
    if (failed)
        q->holders = 1;
    pthread_attr_destroy(&attributes);
    return !failed;
}

static tripsage_status ask_thread(struct addrinfo **out, const char *host, const char *port, int64_t deadline)
{
    question *q = new_question(host, port);
    int error = EAI_AGAIN, late = 0;

    if (!q)
        return TRIPSAGE_NOMEM();
    if (!start_thread(q)) {
        free_question(q);
        return TRIPSAGE_NOMEM();
    }
    pthread_mutex_lock(&q->lock);
    while (!q->done && !late)
        late = !tripsage__redis_wait(&q->answered, &q->lock, deadline);
    if (q->done) {
        error = q->error;
        *out = q->found;
        q->found = NULL;
    }
    let_go(q);
    if (error == EAI_MEMORY)
        return TRIPSAGE_NOMEM();
    return error ? TRIPSAGE_FAIL_NATIVE(TRIPSAGE_EUNAVAILABLE, error, "the host's name: %s", gai_strerror(error))
                 : TRIPSAGE_OK;
}

tripsage_status tripsage__redis_resolve(struct addrinfo **out, const char *host, const char *port, int64_t deadline)
{
    *out = NULL;
    if (look_up(out, host, port, AI_NUMERICHOST) == 0)
        return TRIPSAGE_OK;
    return ask_thread(out, host, port, deadline);
}
