/* auth/ended.c: see ended.h. */
#include "auth/ended.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/siphash.h"

#define LIFE_MS (7 * INT64_C(86400000))

/* An id has its place among four: 1,024 of these. */
enum { SETS = 1024, WAYS = 4 };

struct mark {
    char id[TRIPSAGE__UUID_SIZE];
    int64_t at_ms; /* 0: none */
};

struct tripsage__ended {
    pthread_mutex_t lock; /* over `marks` */
    uint64_t secret[2];   /* ids come from elsewhere */
    struct mark marks[SETS][WAYS];
};

tripsage_status tripsage__ended_new(tripsage__ended **out, tripsage__env *env)
{
    tripsage__ended *ended = tripsage__calloc(1, sizeof *ended);
    tripsage_status status;

    *out = NULL;
    if (!ended)
        return TRIPSAGE_NOMEM();
    status = tripsage__random(env, ended->secret, sizeof ended->secret);
    if (status != TRIPSAGE_OK) {
        tripsage__free(ended);
        return status;
    }
    pthread_mutex_init(&ended->lock, NULL);
    *out = ended;
    return TRIPSAGE_OK;
}

void tripsage__ended_free(tripsage__ended *ended)
{
    if (!ended)
        return;
    pthread_mutex_destroy(&ended->lock);
    tripsage__free(ended);
}

static struct mark *set_of(tripsage__ended *ended, const char *id)
{
    return ended->marks[tripsage__siphash13(ended->secret, id, strlen(id)) % SETS];
}

void tripsage__ended_put(tripsage__ended *ended, const char *id, int64_t now_ms)
{
    struct mark *set = set_of(ended, id), *place = set;

    pthread_mutex_lock(&ended->lock);
    for (struct mark *m = set; m < set + WAYS; m++) {
        if (strcmp(m->id, id) == 0) {
            place = m;
            break;
        }
        if (m->at_ms < place->at_ms)
            place = m;
    }
    snprintf(place->id, sizeof place->id, "%s", id);
    place->at_ms = now_ms;
    pthread_mutex_unlock(&ended->lock);
}

int64_t tripsage__ended_at(tripsage__ended *ended, const char *id, int64_t now_ms)
{
    struct mark *set = set_of(ended, id);
    int64_t at_ms = 0;

    pthread_mutex_lock(&ended->lock);
    for (struct mark *m = set; m < set + WAYS; m++)
        if (strcmp(m->id, id) == 0 && now_ms - m->at_ms < LIFE_MS)
            at_ms = m->at_ms;
    pthread_mutex_unlock(&ended->lock);
    return at_ms;
}
