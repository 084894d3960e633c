/* support/world.c: see world.h. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inbox.h"
#include "migrated.h"
#include "postgres.h"

#define USERS_MAX 256

static test_world the_world;
static tripsage_actor *users[USERS_MAX];
static size_t user_count;

test_world *world = &the_world;
int world_cache_only;
int world_limits;

tripsage_actor *world_user(const char *user_id)
{
    ck_assert_uint_lt(user_count, USERS_MAX);
    OK(tripsage_actor_user(&users[user_count], user_id));
    return users[user_count++];
}

tripsage_actor *world_signed_in(tripsage_auth *auth, tripsage_doc *session)
{
    const char *token = text_of(session, "/access_token");

    ck_assert_uint_lt(user_count, USERS_MAX);
    OK(tripsage_auth_verify(&users[user_count], auth, token, TRIPSAGE_NUL));
    return users[user_count++];
}

static void choose_auth(tripsage_auth_options *auth)
{
    /* The least Argon2id there is: the tests are about accounts, not about the cost of guessing. */
    auth->argon2_memory_kib = 8;
    auth->argon2_passes = 1;
    auth->mail = &test_inbox_options;
    if (!world->project.web)
        return;
    auth->issuer = world->project.issuer;
    auth->public_key = TEST_PROJECT_PUBLIC_KEY;
    auth->service_key = TEST_PROJECT_SERVICE_KEY;
}

tripsage_auth *world_accounts(const char *url, const tripsage_auth_options *given)
{
    tripsage_runtime runtime = test_chance_runtime(&world->chance);
    tripsage_auth_options options = *given;
    tripsage_auth *auth = NULL;

    runtime.log = test_inbox_log;
    choose_auth(&options);
    if (world->project.web) {
        tripsage_auth_close(world->project.auth);
        world->project.auth = NULL;
        OK(tripsage_auth_open(&world->project.auth, "sqlite::memory:", &options, &runtime));
        options.supabase_url = test_web_url(world->project.web);
    }
    OK(tripsage_auth_open(&auth, url, &options, &runtime));
    return auth;
}

static void open_project(void)
{
    tripsage_auth_options options = TRIPSAGE_AUTH_OPTIONS_INIT;
    const char *wanted = getenv("TRIPSAGE_TEST_PROJECT");

    if (!wanted || strcmp(wanted, "1") != 0)
        return;
    test_project_open(&world->project);
    options.algorithm = getenv("TRIPSAGE_TEST_ALGORITHM");
    options.no_limits = !world_limits;
    tripsage_auth_close(world_accounts("sqlite::memory:", &options));
}

tripsage *world_open_another(void)
{
    tripsage *ts = NULL;
    tripsage_options options = TRIPSAGE_OPTIONS_INIT;
    tripsage_runtime runtime = test_chance_runtime(&world->chance);
    tripsage_auth_options auth = TRIPSAGE_AUTH_OPTIONS_INIT;

    auth.algorithm = getenv("TRIPSAGE_TEST_ALGORITHM");
    auth.no_limits = !world_limits;
    choose_auth(&auth);
    if (world->project.web)
        auth.supabase_url = test_web_url(world->project.web);
    runtime.log = test_inbox_log;
    options.runtime = &runtime;
    options.auth = &auth;
    options.listen_url = *world->listen_url ? world->listen_url : NULL;
    options.cache = &world->cache_options;
    OK(tripsage_open(&ts, world->url, &options));
    return ts;
}

static void open_handle(void)
{
    world->ts = world_open_another();
    world->trips = tripsage_get_trips(world->ts);
    world->auth = tripsage_get_auth(world->ts);
    world->vector = tripsage_get_vector(world->ts);
    world->cache = tripsage_get_cache(world->ts);
}

static void open_cache(void)
{
    tripsage_runtime runtime = test_chance_runtime(&world->chance);

    runtime.log = test_inbox_log;
    OK(tripsage_cache_open(&world->cache, &world->cache_options, &runtime));
}

static const char *asked_url(void)
{
    const char *given = getenv("TRIPSAGE_TEST_URL");

    return given && *given ? given : "sqlite::memory:";
}

/* Opening a database as its owner migrates it, on the day on which worlds begin. */
static void migrate(const char *url)
{
    test_chance chance;
    tripsage *ts = NULL;
    tripsage_options options = TRIPSAGE_OPTIONS_INIT;
    tripsage_runtime runtime = test_chance_runtime(&chance);

    test_chance_init(&chance);
    options.runtime = &runtime;
    OK(tripsage_open(&ts, url, &options));
    tripsage_close(ts);
}

void world_migrate(const char *database)
{
    PGconn *session;

    migrate(test_format("postgresql://?host=" TEST_PG_DIRECT "&dbname=%s&user=" TEST_PG_OWNER, database));
    /* Each world's secrets come out of its own chance, as in a fresh file. */
    session = test_pg_connect(TEST_PG_DIRECT, TEST_PG_SUPERUSER, database);
    PQclear(PQexec(session, "DELETE FROM tripsage.meta WHERE key <> 'destinations'; DELETE FROM tripsage.signing_key"));
    ck_assert_msg(!*PQerrorMessage(session), "%s", PQerrorMessage(session));
    PQfinish(session);
}

void world_migrated(void)
{
    static int made;

    if (!made && !world_cache_only && strncmp(asked_url(), "sqlite:", strlen("sqlite:")) == 0) {
        test_migrated_make(migrate);
        test_keep_free();
        made = 1;
    }
}

/* Fills in what stands in braces in the URL. */
static void choose_url(void)
{
    const char *url = asked_url();

    if (strstr(url, "{dir}")) {
        test_temp_make(world->folder);
        url = test_replaced(url, "{dir}", world->folder);
        world->persists = 1;
    }
    if (strstr(url, "{db}")) {
        url = test_replaced(url, "{db}", test_pg_create(world_migrate));
        world->persists = 1;
    }
    url = test_replaced(url, "{rig}", TEST_RIG);
    ck_assert_uint_lt(strlen(url), sizeof world->url);
    strcpy(world->url, url);
    if (strncmp(url, "sqlite:///", strlen("sqlite:///")) == 0)
        test_migrated_write(url + strlen("sqlite://"));
    if (strstr(url, TEST_PG_POOLED)) /* nobody hears anything through PgBouncer */
        strcpy(world->listen_url, test_replaced(url, TEST_PG_POOLED, TEST_PG_DIRECT));
}

/* The deadline is for what is broken; here it would be the machine that is slow. */
static void choose_cache(void)
{
    static const tripsage_cache_options standard = TRIPSAGE_CACHE_OPTIONS_INIT;
    const char *url = getenv("TRIPSAGE_TEST_CACHE_URL");

    world->cache_options = standard;
    if (!url || !*url)
        return;
    if (strcmp(url, "memory:") != 0)
        test_redis_start_at(&world->redis, world->chance.now_ms);
    if (strstr(url, "{near}"))
        world->cache_options.near_max_bytes = 1024 * 1024;
    url = test_replaced(test_replaced(url, "{near}", ""), "{redis}", world->redis.path);
    if (strstr(url, "{upstash}")) {
        test_upstash_open(&world->upstash, &world->redis);
        url = test_replaced(url, "{upstash}", test_web_url(world->upstash.web));
        world->cache_options.password = TEST_UPSTASH_TOKEN;
    }
    world->cache_options.url = url;
    world->cache_options.deadline_ms = 30000;
}

void world_advance(int64_t ms)
{
    test_clock_advance(&world->chance, ms);
    if (world->redis.clock_ms)
        *world->redis.clock_ms = world->chance.now_ms;
}

void world_open(void)
{
    memset(world, 0, sizeof *world);
    test_chance_init(&world->chance);
    test_inbox_clear();
    choose_cache();
    if (world_cache_only) {
        open_cache();
        return;
    }
    choose_url();
    test_migrated_in_memory(1);
    open_project();
    open_handle();
    test_migrated_in_memory(0);
    world->owner = world_user(OWNER_ID);
    world->admin = world_user(ADMIN_ID);
    world->edit = world_user(EDIT_ID);
    world->view = world_user(VIEW_ID);
    world->stranger = world_user(STRANGER_ID);
    OK(tripsage_actor_service(&world->service));
}

void world_close(void)
{
    test_docs_free();
    while (user_count > 0)
        tripsage_actor_free(users[--user_count]);
    tripsage_actor_free(world->service);
    if (world_cache_only)
        tripsage_cache_close(world->cache);
    tripsage_close(world->ts);
    test_project_close(&world->project);
    test_upstash_close(&world->upstash);
    test_redis_close(&world->redis);
    test_temp_remove(world->folder);
    test_pg_drop();
    test_keep_free();
}

void world_reopen(void)
{
    ck_assert_msg(world->persists, "a database in memory is gone when its handle is closed");
    tripsage_close(world->ts);
    open_handle();
}

const char *world_account(const char *email)
{
    const char *json = test_format("{\"email\":%s,\"password\":\"%s\"}", test_quoted(email), TEST_PASSWORD);
    tripsage_doc *session = OK(tripsage_auth_sign_up(OUT, world->auth, NULL, json, TRIPSAGE_NUL));
    const char *id = tripsage_doc_text(session, "/user/id");

    ck_assert_msg(id != NULL, "no user in %s", json_of(session));
    return test_format("%s", id);
}

tripsage_doc *test_trip(const tripsage_actor *actor, const char *changes)
{
    const char *json = changes ? test_with(TRIP_JSON, changes) : TRIP_JSON;

    return OK(tripsage_trip_create(OUT, world->trips, actor, json, TRIPSAGE_NUL, NULL));
}

tripsage_doc *test_item(const tripsage_actor *actor, const char *trip_id, const char *json)
{
    return OK(tripsage_item_create(OUT, world->trips, actor, trip_id, json, TRIPSAGE_NUL, NULL));
}

tripsage_doc *test_note(const tripsage_actor *actor, const char *trip_id, const char *content)
{
    const char *json = test_format("{\"content\":%s}", test_quoted(content));

    return OK(tripsage_note_create(OUT, world->trips, actor, trip_id, json, TRIPSAGE_NUL, NULL));
}

void test_share(const tripsage_actor *actor, const char *trip_id, const char *user_id, const char *level)
{
    const char *json = test_format("{\"user_emails\":[\"%s\"],\"permission_level\":\"%s\"}", user_id, level);

    OK(tripsage_trip_share(OUT, world->trips, actor, trip_id, json, TRIPSAGE_NUL));
}

tripsage_doc *test_get(const tripsage_actor *actor, const char *trip_id)
{
    return OK(tripsage_trip_get(OUT, world->trips, actor, trip_id));
}

const char *test_cast_trip(const char *changes)
{
    const char *id = id_of(test_trip(world->owner, changes));

    test_share(world->owner, id, ADMIN_ID, "admin");
    test_share(world->owner, id, EDIT_ID, "edit");
    test_share(world->owner, id, VIEW_ID, "view");
    return id;
}

const char *test_snapshot(const char *trip_id)
{
    tripsage_trips *trips = world->trips;
    const tripsage_actor *owner = world->owner;
    tripsage_list_options deleted = TRIPSAGE_LIST_OPTIONS_INIT;
    tripsage_doc *found = NULL;
    const char *text;

    deleted.scope = TRIPSAGE_SCOPE_DELETED;
    text = json_of(OK(tripsage_trip_list(OUT, trips, owner, &deleted)));
    if (tripsage_trip_get(&found, trips, owner, trip_id) != TRIPSAGE_OK)
        return text;
    text = test_format("%s\n%s", text, json_of(found));
    tripsage_doc_free(found);
    text = test_format("%s\n%s", text, json_of(OK(tripsage_itinerary_get(OUT, trips, owner, trip_id))));
    text = test_format("%s\n%s", text, json_of(OK(tripsage_note_list(OUT, trips, owner, trip_id))));
    return test_format("%s\n%s", text, json_of(OK(tripsage_collaborator_list(OUT, trips, owner, trip_id))));
}

void world_leave(void)
{
    tripsage_close(world->ts);
    world->ts = NULL;
    while (strcmp(test_pg_text(TEST_PG_SUPERUSER, "SELECT count(*) FROM pg_stat_activity WHERE usename = '" TEST_PG_APP
                                                  "' AND datname = current_database()"),
                  "0") != 0)
        usleep(1000);
}

TCase *test_case(Suite *suite, const char *name)
{
    TCase *tcase = tcase_create(name);

    tcase_add_unchecked_fixture(tcase, world_migrated, NULL);
    tcase_add_checked_fixture(tcase, world_open, world_close);
    tcase_set_timeout(tcase, 60); /* the slowest takes a second; sanitizers and a busy machine take their share */
    suite_add_tcase(suite, tcase);
    return tcase;
}

TCase *test_threads_case(Suite *suite, const char *name)
{
    TCase *tcase = test_case(suite, name);

    tcase_set_tags(tcase, "threads");
    return tcase;
}

int test_run(SRunner *runner)
{
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
