/* rig/round_trips_test.c: how often each call of the library asks PostgreSQL and waits for the answer, counted on the wire: once.
 *
 * The calls are those of fault/scenario.c, and every function that is exported is among them or among those that ask nothing. Each is
 * made twice on one connection: warm, when its statements are prepared already, and cold, on a connection that was opened for it (which
 * costs what it costs, and is not counted). The table is printed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault/scenario.h"
#include "support/postgres.h"
#include "support/wire.h"
#include "support/world.h"

/* ---- what is expected ---- */

/* What has nothing to do with the store. A star at the end stands for anything. */
static const char *const elsewhere[] = {
    "actor_*",
    "auth_close",
    "auth_response_*",
    "auth_secret_free",
    "cache_*",
    "limit_*",
    "limiter_*",
    "close",
    "config_*",
    "doc_*",
    "environment_*",
    "embed",
    "feed_*",
    "free",
    "get_*",
    "index_*",
    "last_error",
    "own_process",
    "security_report",
    "security_txt",
    "set_allocator",
    "status_*",
    "telemetry_*",
    "trips_close",
    "vector_close",
    "version",
    "embedder_*",
    "vector_embedder",
    "vector_use_embedder",
};

/* What takes another number than one, at most, and why. */
static const struct {
    const char *name;
    size_t most;
    const char *reason;
} exceptions[] = {
    {"trip_create invalid", 0, "is refused before anything is asked"},
    {"itinerary_optimize wrong", 0, "is refused before anything is asked"},
    {"destination_get", 0, "the catalogue is in memory"},
    {"destination_search", 0, "the catalogue is in memory"},
    {"destination_search filtered", 0, "the catalogue is in memory"},
    {"destination_complete", 0, "the catalogue is in memory"},
    {"search_unified", 3, "asks for trips and memories, and reads what these stand for"},
    {"search_unified noted", 2, "asks for trips, and notes that it did"},
    {"search_bulk", 0, "asks for destinations, which are in memory"},
    {"memory_search", 2, "finds ids by their vectors, and reads what they stand for"},
    {"trip_similar lacking", 4, "asks, reads the texts of trips that changed, writes their vectors, asks again"},
    {"trip_similar_fill", 3, "notes which trips lack a vector, reads their texts, writes the vectors"},
    {"destination_search first", 0, "is about SQLite"},
    {"webhook_receive", 2, "reads the trip and the account, of which either may be gone"},
    {"trip_duplicate", 2, "reads the trip, moves its dates, writes the copy"},
    {"item_create", 2, "reads from the trip what the input leaves out: the zone, the currency"},
    {"item_update", 2, "reads the item, merges the input into it, writes it if it is the same still"},
    {"auth_sign_in", 2, "reads the hash, compares the password, begins the session"},
    {"auth_refresh", 2, "reads the session and its user, moves it on"},
    {"auth_sign_up to confirm", 15, "is made on a handle opened for it"},
    {"auth_otp_send", 2,
     "reads whether the address is known and confirmed, which decides what is sent, and writes that"},
    {"auth_otp_send new", 2, "the same for somebody new"},
    {"auth_resend change", 2, "reads where to, and writes"},
    {"auth_user_update email", 2, "reads whether the address is taken, and writes"},
    {"auth_reauthenticate", 2, "reads the address, and writes"},
    {"auth_otp_verify", 3,
     "reads the token and its account, and uses it up; a minute after the signing keys were read, reads these"},
    {"auth_otp_verify wrong", 2, "reads that there is none, and counts the guess"},
    {"auth_exchange_code", 3, "the same with a code to exchange"},
    {"auth_key_defaults", 3, "looks for both, and makes each that is missing"},
    {"auth_key_rotate", 2, "reads of what kind it is, which a new key begins with, and writes that"},
    {"auth_key_verify", 2, "reads the key, and notes that it was used"},
    {"auth_reseal", 15,
     "is made on a handle opened for it; reads what is to be sealed anew and writes it, a hundred at a time"},
    {"auth_serve about itself", 0, "asks nothing"},
    {"auth_serve token", 2, "as auth_sign_in"},
    {"auth_serve refresh", 2, "as auth_refresh"},
    {"auth_serve change", 3, "asks for the token's session, reads the password that is to be another, writes"},
    {"auth_serve logout", 2, "asks for the token's session, ends it"},
    {"auth_admin_user_delete softly", 2, "reads what is to be made unreadable, writes that"},
    {"auth_admin_generate_link", 2, "reads whom it is for, writes the token"},
    {"auth_admin_invite", 2, "the same"},
    {"auth_factor_enroll", 2, "reads the address for the app to show, writes"},
    {"auth_factor_verify", 2, "reads the secret and the challenge, compares the code, raises the session"},
    {"auth_recovery_verify", 2, "reads the session, raises it"},
    {"check", 2, "asks for the schema, then for the trips"},
    {"backup", 0, "is about SQLite"},
    {"backup_verify", 0, "is about SQLite"},
    {"restore", 0, "is about SQLite"},
    {"migrations_plan", 0, "is about SQLite"},
    {"doctor", 0, "is about SQLite"},
    {"maintain", 16, "checks, and opens a connection to ask for tables and indexes, then for each collection's index"},
    {"auth_rotate_signing_key", 2, "looks which key is the current one before it makes a new one"},
    {"purge_expired", 8,
     "trips, idempotency keys, sessions, codes, flows, requests for mails, signing keys and embeddings go one after "
     "the "
     "other"},
    {"vector_upsert served", 5,
     "looks for the embedding, keeps it; before the first one, looks for the key of all or makes it"},
    {"vector_search served", 5, "the same"},
    {"feed", 8, "opens a connection to listen on"},
    {"open new", 0, "is about SQLite"},
    {"open", 14, "looks at the login and the migrations, and reads the secrets and the keys of tokens"},
    {"trips_open", 14, "looks at the login and the migrations, and reads the secrets and the keys of tokens"},
    {"auth_open", 14, "looks at the login and the migrations, and reads the secrets and the keys of tokens"},
    {"vector_open", 14, "looks at the login and the migrations, and reads the secrets and the keys of tokens"},
};

static int is_named(const char *pattern, const char *name)
{
    size_t length = strcspn(pattern, "*"), size = strcspn(name, " ");

    return pattern[length] == '*' ? strncmp(pattern, name, length) == 0
                                  : length == size && strncmp(pattern, name, size) == 0;
}

static int is_elsewhere(const char *name)
{
    for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++)
        if (is_named(elsewhere[i], name))
            return 1;
    return 0;
}

/* *least: how many there must be. */
static size_t expected(size_t *least, const char *name, const char **reason)
{
    *reason = "";
    *least = 0;
    for (size_t i = 0; i < sizeof exceptions / sizeof exceptions[0]; i++)
        if (strcmp(exceptions[i].name, name) == 0) {
            *reason = exceptions[i].reason;
            return exceptions[i].most;
        }
    return *least = is_elsewhere(name) ? 0 : 1;
}

/* ---- counting ---- */

static test_wire *wire;

static void begin(void)
{
    wire = test_wire_open(TEST_PG_DIRECT);
    setenv("TRIPSAGE_TEST_URL",
           test_format("postgresql://?host=%s&dbname={db}&user=" TEST_PG_APP "&pool_size=1", test_wire_host(wire)), 1);
    world_open();
}

static void end(void)
{
    world_close();
    test_wire_close(wire);
}

static size_t count_once(const scenario *c, stage *s, int cold)
{
    size_t flights;

    s->number++;
    if (c->before)
        c->before(s);
    if (cold)
        test_wire_cut_all(wire);
    test_wire_reset(wire);
    ck_assert_msg(c->act(s) == c->want, "%s: %s", c->name, test_error_text());
    flights = test_wire_counted(wire).flights;
    test_stage_clear(s);
    return flights;
}

/* A call that was seen to need no more needs no more: on a machine that is slow enough, a flight may reach the proxy in two parts with the
 * beginning of the answer between them. */
static size_t count_least(const scenario *c, stage *s, int cold, size_t most)
{
    size_t least = count_once(c, s, cold);

    for (int again = 0; least > most && again < 2; again++) {
        size_t flights = count_once(c, s, cold);

        least = flights < least ? flights : least;
    }
    return least;
}

START_TEST(each_call_is_one_round_trip)
{
    const scenario *c = &test_scenarios[_i];
    const char *reason;
    size_t least, most = expected(&least, c->name, &reason), warm, cold;
    stage s;

    memset(&s, 0, sizeof s);
    if (c->prepare)
        c->prepare(&s);
    count_once(c, &s, 0);
    warm = count_least(c, &s, 0, most);
    cold = count_least(c, &s, 1, most);
    printf("%-28s %4zu %4zu  %s\n", c->name, warm, cold, reason);
    test_stage_end(&s);
    ck_assert_msg(warm >= least && cold >= least && warm <= most && cold <= most,
                  "%s: %zu round trips, on a new connection %zu; expected %zu", c->name, warm, cold, most);
}
END_TEST

START_TEST(every_function_is_counted)
{
    char *list = test_keep(test_file_read(TRIPSAGE_SOURCE_DIR "/libtripsage/exports.txt"));

    ck_assert_ptr_nonnull(list);
    for (char *name = strtok(list, "\n"); name; name = strtok(NULL, "\n")) {
        const char *bare = name + strlen("tripsage_");
        int found = is_elsewhere(bare);

        for (size_t i = 0; i < test_scenario_count && !found; i++)
            found = is_named(bare, test_scenarios[i].name);
        ck_assert_msg(found, "no scenario makes the call %s, and it is not said to ask nothing", name);
    }
    test_keep_free();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rig/round_trips");
    TCase *tcase = tcase_create("rig/round_trips");

    tcase_add_checked_fixture(tcase, begin, end);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, each_call_is_one_round_trip, 0, (int)test_scenario_count);
    suite_add_tcase(suite, tcase);
    tcase = tcase_create("rig/round_trips_list");
    tcase_add_test(tcase, every_function_is_counted);
    suite_add_tcase(suite, tcase);
    printf("%-28s %4s %4s\n", "round trips of", "warm", "cold");
    fflush(stdout);
    return test_run(srunner_create(suite));
}
