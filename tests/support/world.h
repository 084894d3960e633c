/* support/world.h: a database with people in it, for one test.
 *
 * The database is the one TRIPSAGE_TEST_URL names; sqlite::memory: without it. In it
 *     {dir}   is a fresh folder:   sqlite://{dir}/trips.db
 *     {db}    is a fresh database of PostgreSQL's, migrated and owned by tripsage_owner (support/postgres.h)
 *     {rig}   is the folder of the servers that CTest starts (tests/rig/rig.sh):
 *             postgresql://?host={rig}/direct&dbname={db}&user=tripsage_app, or {rig}/pooled for PgBouncer
 * The cache is the one TRIPSAGE_TEST_CACHE_URL names; memory: without it. In it
 *     {redis}   is the socket of a fresh server (support/redis.h):   unix://{redis}
 *     {upstash} is a gateway by REST before one (support/upstash.h)
 *     {near}    is nothing, and puts copies in the process before it
 * With TRIPSAGE_TEST_PROJECT=1 the accounts are a Supabase project's (support/project.h): another handle's, in memory, behind HTTP.
 * Tokens are signed with TRIPSAGE_TEST_ALGORITHM; with the default without it. Mails go to the inbox (support/inbox.h).
 * Clock and chance are the test's own; world_advance moves the clock, and that of the fresh server with it. */
#ifndef TEST_SUPPORT_WORLD_H
#define TEST_SUPPORT_WORLD_H

#include "chance.h"
#include "expect.h"
#include "project.h"
#include "redis.h"
#include "temp.h"
#include "upstash.h"

#define TEST_URL_SIZE (TEST_PATH_SIZE + 64)

/* The people. Which trip they may see, and how, the test says (test_cast_trip gives them the roles of their names). */
#define OWNER_ID    "01890000-0000-7000-8000-00000000000a"
#define ADMIN_ID    "01890000-0000-7000-8000-00000000000b"
#define EDIT_ID     "01890000-0000-7000-8000-00000000000c"
#define VIEW_ID     "01890000-0000-7000-8000-00000000000d"
#define STRANGER_ID "01890000-0000-7000-8000-00000000000e"

/* A well-formed id that no record has. */
#define NO_SUCH_ID "01890000-0000-7000-8000-0000000000ff"

typedef struct test_world {
    char folder[TEST_PATH_SIZE];
    char url[TEST_URL_SIZE];
    char listen_url[TEST_URL_SIZE]; /* "": the same */
    int persists;                   /* the database outlives its handle */
    test_chance chance;
    tripsage_cache_options cache_options;
    test_redis redis;
    test_upstash upstash;
    test_project project; /* project.web is NULL: the accounts are the database's own */

    tripsage *ts;
    tripsage_trips *trips; /* the four APIs of `ts` */
    tripsage_auth *auth;
    tripsage_vector *vector;
    tripsage_cache *cache;

    tripsage_actor *owner, *admin, *edit, *view, *stranger, *service;
} test_world;

extern test_world *world;

/* 1: sign-ins and guesses are limited, as they are by default. 0, from the start: the same call is made again and again. */
extern int world_cache_only; /* 1: a world has a clock and a cache, and nothing else */
extern int world_limits;

/* The rest of a test is about what only accounts of the database's own have: says why. */
#define NOT_WITH_A_PROJECT(why)                                                                                        \
    do {                                                                                                               \
        if (world->project.web)                                                                                        \
            return;                                                                                                    \
    } while (0)

/* A checked fixture: tcase_add_checked_fixture(tcase, world_open, world_close). */
void world_open(void);
void world_close(void);

void world_advance(int64_t ms);

/* Closes the handle and opens the same database again (one that persists only). Documents stay. */
void world_reopen(void);

/* Opens another handle on the same database with the same clock and chance. */
tripsage *world_open_another(void);

/* Opens accounts with these options, over the database at `url`; with a project the accounts are a new one's. Passwords are cheap, and
 * mails go to the inbox. */
tripsage_auth *world_accounts(const char *url, const tripsage_auth_options *options);

/* For test_pg_create: migrates a database of PostgreSQL's as the library does. */
void world_migrate(const char *database);

/* An unchecked fixture: from now on databases of SQLite's begin as copies of one (support/migrated.h), as those of PostgreSQL's always do. */
void world_migrated(void);

/* Closes the handle, and waits until its sessions with PostgreSQL have ended, which say then what they did. */
void world_leave(void);

/* An actor for one more user, freed with the world. */
tripsage_actor *world_user(const char *user_id);

/* Whom a session of this handle's is for; it must be a good one. Freed with the world. */
tripsage_actor *world_signed_in(tripsage_auth *auth, tripsage_doc *session);

/* Signs up an account with this address; gives its user id. The password is TEST_PASSWORD. */
#define TEST_PASSWORD "correct horse battery staple"
const char *world_account(const char *email);

/* The smallest good inputs. */
#define TRIP_JSON                                                                                                      \
    TRIPSAGE_JSON({"title" : "Kyoto in autumn", "start_date" : "2026-11-02", "end_date" : "2026-11-09", "destinations" : [ {"name" : "Kyoto"} ]})
#define ITEM_JSON TRIPSAGE_JSON({"item_type" : "activity", "title" : "Fushimi Inari", "item_date" : "2026-11-03"})

/* Make a record and give its document. The trip is TRIP_JSON with the members of `changes` (NULL: none) in place of its own. */
tripsage_doc *test_trip(const tripsage_actor *actor, const char *changes);
tripsage_doc *test_item(const tripsage_actor *actor, const char *trip_id, const char *json);
tripsage_doc *test_note(const tripsage_actor *actor, const char *trip_id, const char *content);
void test_share(const tripsage_actor *actor, const char *trip_id, const char *user_id, const char *level);

/* The trip, read by the actor. */
tripsage_doc *test_get(const tripsage_actor *actor, const char *trip_id);

/* A trip of world->owner's that admin, edit and view share under the levels of their names; gives its id. */
const char *test_cast_trip(const char *changes);

/* Everything the owner can read of a trip, as one text: two equal texts mean that nothing changed in between. */
const char *test_snapshot(const char *trip_id);

/* Adds a suite made of one case with the world as its fixture. `name` is a static text. */
TCase *test_case(Suite *suite, const char *name);

/* The same for what runs on several threads: with the tag "threads", by which CK_INCLUDE_TAGS picks it. */
TCase *test_threads_case(Suite *suite, const char *name);

/* Runs the runner and frees it; gives main's answer. */
int test_run(SRunner *runner);

#endif
