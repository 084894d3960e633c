/* postgres/plan_test.c: how PostgreSQL finds the rows of each statement, in a database of many trips: no table that grows is read from
 * end to end.
 *
 * First as EXPLAIN says it, for every statement in the role of a user and in that of the service, with the plan that the library's
 * sessions use whatever the parameters are. The table is printed. Then as the server counts it, for the calls of the library: there the
 * plans of functions, of triggers and of references are counted in as well.
 *
 * TRIPSAGE_PLAN_TRIPS says how many trips: `make plans` takes a million. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/auth.h"
#include "base/json.h"
#include "fault/scenario.h"
#include "store/store.h"
#include "support/postgres.h"
#include "support/world.h"
#include "trip/destination.h"
#include "trip/itinerary.h"
#include "trip/memories.h"
#include "trip/searches.h"
#include "trip/trip.h"
#include "vector/vector.h"

/* Enough that a walk through the table costs more than whatever else a plan may do. */
#define TRIPS_DEFAULT "40000"

/* ---- what may read a table from end to end, and why ---- */

/* These have as many rows as there are migrations, secrets, places in the catalogue, collections, audit trails, programs with an API key, and keys of
 * tokens. */
#define SMALL "schema_migration,meta,destination,vector_collection,audit_head,api_key,signing_key"

typedef struct exception {
    const char *statement; /* a name, or the beginning of several when it ends with a star */
    const char *table;
    const char *reason;
    int used;
} exception;

static exception exceptions[] = {
    {"list_all_updated*", "trip", "an operator's list of all trips, in another order than that of their creation", 0},
    {"list_all_start*", "trip", "the same", 0},
    {"list_all_title*", "trip", "the same", 0},
    {"list_all_count", "trip", "counting is a pass over all that match", 0},
    {"account_list_*", "account", "pages by number count off entries of an index, with a LIMIT", 0},
    {"account_find_*", "account", "the same, and a filter looks through so many and no more", 0},
    {"account_count", "account", "the same", 0},
    {"vector_embedding_evict", "vector_embedding", "from the newest to those beyond the bound of 20,000", 0},
};
enum { EXCEPTIONS = sizeof exceptions / sizeof exceptions[0] };

static int is_small(const char *table)
{
    return strncmp(table, "pg_", 3) == 0 || /* PostgreSQL's own catalogues, of tables and functions */
           strstr("," SMALL ",", test_format(",%s,", table)) != NULL;
}

static int is_named(const char *pattern, const char *name)
{
    size_t length = strcspn(pattern, "*");

    return strncmp(pattern, name, length) == 0 && (pattern[length] == '*' || name[length] == '\0');
}

static const char *reason_for(const char *statement, const char *table)
{
    for (size_t i = 0; i < EXCEPTIONS; i++)
        if (is_named(exceptions[i].statement, statement) && strcmp(exceptions[i].table, table) == 0) {
            exceptions[i].used = 1;
            return exceptions[i].reason;
        }
    return NULL;
}

/* ---- the database ---- */

/* Some days after the tests' own day, so that none of it is past its keeping. */
#define LOADED_FROM "1780000000000"

static void load_many_trips(void)
{
    const char *given = getenv("TRIPSAGE_PLAN_TRIPS");
    const char *count = given && *given ? given : TRIPS_DEFAULT;
    FILE *file = fopen(TRIPSAGE_SOURCE_DIR "/tests/postgres/many_trips.sql", "r");
    char sql[8192];
    size_t size;

    ck_assert_ptr_nonnull(file);
    size = fread(sql, 1, sizeof sql, file);
    fclose(file);
    ck_assert_uint_lt(size, sizeof sql);
    sql[size] = '\0';
    test_pg_exec(TEST_PG_SUPERUSER, test_replaced(test_replaced(sql, ":N", count), ":T", LOADED_FROM));
}

static void begin(void)
{
    setenv("TRIPSAGE_TEST_URL", "postgresql://?host={rig}/direct&dbname={db}&user=" TEST_PG_APP, 1);
    world_open();
    load_many_trips();
    test_pg_exec(TEST_PG_SUPERUSER,
                 "INSERT INTO tripsage.vector_embedding (model, hash, dimensions, used_at, embedding) "
                 "SELECT 'model', lpad(to_hex(i), 64, '0'), 256, 1700000000000 + i, decode(repeat('00', 1024), 'hex') "
                 "FROM generate_series(1, 20000) i");
    test_pg_exec(TEST_PG_SUPERUSER, "VACUUM ANALYZE");
}

/* ---- the plan of a statement ---- */

static const tripsage__statement *const *(*const rooms[])(size_t *count) = {
    tripsage__store_statements,  tripsage__auth_statements,      tripsage__vector_statements,
    tripsage__trip_statements,   tripsage__itinerary_statements, tripsage__destination_statements,
    tripsage__memory_statements, tripsage__searches_statements};

/* What PostgreSQL cannot tell from the text alone. */
static const struct {
    const char *statement;
    int parameter;
    Oid type;
} types[] = {{"list_*", 15, 20}, {"list_*", 16, 20}, {"share_add", 5, 20}, {"vector_batch_put", 8, 1021}};

enum { PARAMS_MAX = 48 };

/* The library's types: where PostgreSQL's guess is another one, it is of the same kind. */
static Oid bound_type(Oid guess)
{
    switch (guess) {
    case 21: /* smallint, integer */
    case 23:
        return 20;
    case 114: /* json, jsonb */
    case 3802:
        return 25;
    default:
        return guess;
    }
}

static int first_guess(Oid guess[PARAMS_MAX], const char *statement)
{
    int count = 0;

    memset(guess, 0, PARAMS_MAX * sizeof guess[0]);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (is_named(types[i].statement, statement)) {
            guess[types[i].parameter - 1] = types[i].type;
            count = types[i].parameter > count ? types[i].parameter : count;
        }
    return count;
}

/* Parameters that a text passes over have no type to guess. The library binds text there. */
static int guess_more(Oid guess[PARAMS_MAX], int *count, const char *complaint)
{
    const char *at = strstr(complaint, "could not determine data type of parameter $");
    int parameter = at ? (int)strtol(strchr(at, '$') + 1, NULL, 10) : 0;

    if (parameter < 1 || parameter > PARAMS_MAX)
        return 0;
    guess[parameter - 1] = 25;
    *count = parameter > *count ? parameter : *count;
    return 1;
}

/* Prepares a statement with parameters of the types that the library binds; gives how many there are. */
static int prepare(PGconn *pg, const tripsage__statement *statement, const char *sql)
{
    Oid guess[PARAMS_MAX];
    int count = first_guess(guess, statement->name);
    PGresult *result = PQprepare(pg, statement->name, sql, count, guess);

    while (PQresultStatus(result) != PGRES_COMMAND_OK) {
        ck_assert_msg(guess_more(guess, &count, PQresultErrorMessage(result)), "%s: %s", statement->name,
                      PQresultErrorMessage(result));
        PQclear(result);
        result = PQprepare(pg, statement->name, sql, count, guess);
    }
    PQclear(result);
    result = PQdescribePrepared(pg, statement->name);
    count = PQnparams(result);
    for (int i = 0; i < count; i++)
        guess[i] = bound_type(PQparamtype(result, i));
    PQclear(result);
    PQclear(PQexec(pg, test_format("DEALLOCATE \"%s\"", statement->name)));
    result = PQprepare(pg, statement->name, sql, count, guess);
    ck_assert_msg(PQresultStatus(result) == PGRES_COMMAND_OK, "%s: %s", statement->name, PQresultErrorMessage(result));
    PQclear(result);
    return count;
}

/* NULL where the role has no right to what the statement does. */
static const char *explain(PGconn *pg, const tripsage__statement *statement, const char *sql)
{
    tripsage__buf text = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    int count = prepare(pg, statement, sql);
    const char *plan = NULL;
    PGresult *result;

    tripsage__buf_printf(&text, "EXPLAIN (FORMAT json) EXECUTE \"%s\"", statement->name);
    for (int i = 0; i < count; i++)
        tripsage__buf_puts(&text, i ? ", NULL" : "(NULL");
    tripsage__buf_puts(&text, count ? ")" : "");
    result = PQexec(pg, text.data);
    if (PQresultStatus(result) == PGRES_TUPLES_OK)
        plan = test_format("%s", PQgetvalue(result, 0, 0));
    else
        ck_assert_msg(strcmp(PQresultErrorField(result, PG_DIAG_SQLSTATE), "42501") == 0, "%s: %s", statement->name,
                      PQresultErrorMessage(result));
    PQclear(result);
    tripsage__buf_free(&text);
    return plan;
}

/* ---- looking at it ---- */

typedef struct look {
    const char *statement;
    tripsage__buf scans; /* what the table says */
    int wrong;
} look;

static const char *member_of(const tripsage__json *node, const char *name)
{
    return tripsage__json_text(tripsage__json_member(node, name));
}

static void note(look *l, const char *scan)
{
    if (l->scans.size && strstr(test_format(", %s,", l->scans.data), test_format(", %s,", scan)))
        return;
    tripsage__buf_puts(&l->scans, l->scans.size ? ", " : "");
    tripsage__buf_puts(&l->scans, scan);
}

static void note_walk(look *l, const char *table)
{
    const char *reason = is_small(table) ? "it is small" : reason_for(l->statement, table);

    note(l, test_format("ALL of %s (%s)", table, reason ? reason : "WHY?"));
    l->wrong += !reason;
}

/* An index without a condition is walked from its one end, and without a reason to its other. */
static void look_at(look *l, const tripsage__json *node)
{
    const char *type = member_of(node, "Node Type"), *table = member_of(node, "Relation Name"),
               *index = member_of(node, "Index Name");

    if (strcmp(type, "Seq Scan") == 0 ||
        (index && table && !member_of(node, "Index Cond") && !member_of(node, "Order By")))
        note_walk(l, table);
    else if (index)
        note(l, index);
    for (const tripsage__json *child = tripsage__json_first(tripsage__json_member(node, "Plans")); child;
         child = tripsage__json_next(child))
        look_at(l, child);
}

/* One line of the table; gives whether the role may do what the statement does at all. */
static int look_at_statement(PGconn *pg, const char *role, const tripsage__statement *statement, const char *sql,
                             int *wrong)
{
    const char *plan = explain(pg, statement, sql);
    look l = {statement->name, TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT), 0};
    tripsage__json *json = NULL;

    if (!plan)
        return 0;
    ck_assert_int_eq(tripsage__json_parse_trusted(&json, plan, strlen(plan)), TRIPSAGE_OK);
    for (const tripsage__json *each = tripsage__json_first(json); each; each = tripsage__json_next(each))
        look_at(&l, tripsage__json_member(each, "Plan"));
    printf("%-30s %-13s %s\n", statement->name, role, l.scans.size ? l.scans.data : "-");
    *wrong += l.wrong;
    tripsage__json_free(json);
    tripsage__buf_free(&l.scans);
    return 1;
}

/* A session like the library's, for one role. */
static PGconn *session_of(const char *role, const char *user_id)
{
    PGconn *pg = test_pg_connect(TEST_PG_DIRECT, TEST_PG_APP, PQdb(test_pg(TEST_PG_SUPERUSER)));

    PQclear(PQexec(
        pg, "SET search_path = tripsage, extensions, public; SET plan_cache_mode = force_generic_plan; SET jit = off"));
    PQclear(PQexec(pg, test_format("SELECT set_config('request.jwt.claims', '{\"sub\":\"%s\",\"role\":\"%s\"}', false)",
                                   user_id, role)));
    PQclear(PQexec(pg, test_format("SET ROLE %s", role)));
    return pg;
}

static void look_at_statements(void)
{
    static const char *const roles[] = {"authenticated", "service_role"};
    PGconn *sessions[] = {session_of(roles[0], OWNER_ID), session_of(roles[1], OWNER_ID)};
    int wrong = 0;

    for (size_t r = 0; r < sizeof rooms / sizeof rooms[0]; r++) {
        size_t count;
        const tripsage__statement *const *all = rooms[r](&count);

        for (size_t i = 0; i < count; i++) {
            const char *sql = all[i]->postgres ? all[i]->postgres : all[i]->sql;
            int of_users = *sql && look_at_statement(sessions[0], roles[0], all[i], sql, &wrong);
            int of_service = *sql && look_at_statement(sessions[1], roles[1], all[i], sql, &wrong);

            ck_assert_msg(!*sql || of_users || of_service, "%s is forbidden to everybody", all[i]->name);
        }
    }
    PQfinish(sessions[0]);
    PQfinish(sessions[1]);
    fflush(stdout);
    ck_assert_int_eq(wrong, 0);
    for (size_t i = 0; i < EXCEPTIONS; i++)
        ck_assert_msg(exceptions[i].used, "%s does not walk %s any more", exceptions[i].statement, exceptions[i].table);
}

/* ---- the calls of the library ---- */

/* Sessions say what they did when they end. */
static void leave_with(PGconn *pg)
{
    PQfinish(pg);
    world_leave();
}

static void leave(void)
{
    leave_with(NULL);
}

/* The tables that grow and were read from end to end since the last time; NULL for none. */
static const char *walked(void)
{
    const char *tables;

    /* What this session did itself before is told now, and not in the middle of what comes. */
    test_pg_text(TEST_PG_SUPERUSER, "SELECT pg_stat_force_next_flush()");
    tables = test_pg_text(
        TEST_PG_SUPERUSER,
        "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_stat_user_tables WHERE schemaname = 'tripsage'"
        " AND seq_scan > 0 AND relname <> ALL (string_to_array('" SMALL "', ','))");

    test_pg_exec(TEST_PG_SUPERUSER, "SELECT pg_stat_reset()");
    return tables;
}

/* The count sees what it is there to see. */
static void look_at_a_walk(void)
{
    PGconn *pg = session_of("service_role", OWNER_ID);

    leave_with(pg);
    walked();
    pg = session_of("service_role", OWNER_ID);
    PQclear(PQexec(pg, "SELECT count(title) FROM trip"));
    leave_with(pg);
    SAME_TEXT(walked(), "trip");
}

/* Each call expects a database without these, and none that is sealed under another key than the world's. */
static void take_back(void)
{
    test_pg_exec(TEST_PG_SUPERUSER, "DELETE FROM tripsage.account WHERE email = 'friend@example.org';"
                                    "DELETE FROM tripsage.vector_collection WHERE name IN ('v', 't');"
                                    "DELETE FROM tripsage.signing_key");
}

static int look_at_call(const scenario *call)
{
    stage s;
    const char *tables;
    tripsage_status status;

    memset(&s, 0, sizeof s);
    take_back();
    world_reopen();
    if (call->prepare)
        call->prepare(&s);
    s.number++;
    if (call->before)
        call->before(&s);
    leave();
    walked();
    world_reopen();
    status = call->act(&s);
    ck_assert_msg(status == call->want, "%s: %s", call->name, test_error_text());
    test_stage_clear(&s);
    test_stage_end(&s);
    leave();
    tables = walked();
    printf("%-30s %-13s %s\n", call->name, "call", tables ? test_format("ALL of %s", tables) : "-");
    return tables != NULL;
}

/* A check looks into everything, which is what it is asked for, and upkeep begins with one. */
static int is_looked_at(const scenario *call)
{
    return !call->opens && !call->in_memory && strcmp(call->name, "check") != 0 && strcmp(call->name, "maintain") != 0;
}

static void look_at_calls(void)
{
    int wrong = 0;

    test_pg_exec(TEST_PG_SUPERUSER, "TRUNCATE tripsage.user_secret"); /* which nobody can unseal */
    look_at_a_walk();
    for (size_t i = 0; i < test_scenario_count; i++) {
        if (!is_looked_at(&test_scenarios[i]))
            continue;
        wrong += look_at_call(&test_scenarios[i]);
        test_docs_free();
        test_keep_free();
    }
    fflush(stdout);
    ck_assert_int_eq(wrong, 0);
}

START_TEST(no_table_that_grows_is_read_from_end_to_end)
{
    look_at_statements();
    test_keep_free();
    look_at_calls();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("postgres/plan");
    TCase *tcase = tcase_create("postgres/plan");

    tcase_add_checked_fixture(tcase, begin, world_close);
    tcase_set_timeout(tcase, 3600);
    tcase_add_test(tcase, no_table_that_grows_is_read_from_end_to_end);
    suite_add_tcase(suite, tcase);
    return test_run(srunner_create(suite));
}
