/* fault/scenario.h: one public call each, set up so that it can be made again and again while something beneath it fails. */
#ifndef TEST_FAULT_SCENARIO_H
#define TEST_FAULT_SCENARIO_H

#include "support/world.h"

#define ID_SIZE 40

/* What a call is made on, and what it gave. Ids are copies, since the documents they came from are freed between calls. */
typedef struct stage {
    char trip[ID_SIZE], item[ID_SIZE], note[ID_SIZE];
    char token[2048];
    char cursor[512];
    char key[96];       /* an API key */
    const char *client; /* the address that calls of the wire come from; NULL: nobody knows */
    int64_t number;     /* counts the calls, for what has to be new each time */
    tripsage_actor *actor;

    /* Written by the call; the harness looks at them and frees them. */
    tripsage_doc *doc;
    char *content;
    tripsage_actor *made_actor;
    tripsage *ts;
    tripsage_auth *auth;
    tripsage_vector *vector;
    tripsage_embedder *embedder;
    tripsage_trips *trips;
    tripsage_cache *cache;
    tripsage_limiter *limiter;
    tripsage_limit_rule *rule;
    tripsage_telemetry *telemetry;
} stage;

typedef struct scenario {
    const char *name;
    /* Once per database, and before every call whose forerunner succeeded. Nothing fails while they run. NULL: nothing to do. */
    void (*prepare)(stage *s);
    void (*before)(stage *s);
    tripsage_status (*act)(stage *s);
    tripsage_status want;          /* what it gives when nothing fails */
    const char *(*look)(stage *s); /* what must not change when it fails; NULL: everything about s->trip */
    int benign;                    /* why it may succeed all the same is said at the scenario's row */
    int opens;                     /* opens a database, and so does not need the world's */
    int in_memory;                 /* what it works on goes with the handle */
    int stride; /* 0: every point; else every so many-th after the first thousand (of a disk: the first fifty), where there are too many */
    int is_long; /* takes tens of milliseconds, so that it is after the first thirty */
} scenario;

extern const scenario test_scenarios[];
extern const size_t test_scenario_count;

/* Those whose world limits sign-ins and guesses (world_limits). */
extern const scenario test_limited_scenarios[];
extern const size_t test_limited_count;

/* Frees what the call wrote and forgets it. */
void test_stage_clear(stage *s);
/* Frees what the calls were made on. */
void test_stage_end(stage *s);

/* 1 when the call, which failed, left something in one of its out parameters. */
int test_stage_holds(const stage *s);

#endif
