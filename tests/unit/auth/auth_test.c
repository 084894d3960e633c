/* auth_test.c: the handle: options, keys, opening alone and over a shared store; and the purge. */
#include <sqlite3.h>

#include "auth/statements.h"
#include "fixture.h"

static void check_option(const tripsage_auth_options *options, const char *member)
{
    tripsage__store *store = open_store();
    tripsage_auth *auth = (tripsage_auth *)store;

    ck_assert_fails(tripsage__auth_new(&auth, store, NULL, options), TRIPSAGE_EINVALID);
    ck_assert_ptr_null(auth);
    assert_field("#options");
    ck_assert_msg(strstr(tripsage_last_error()->message, member), "%s", tripsage_last_error()->message);
    tripsage__store_release(store);
}

#define WITH(member, value)                                                                                            \
    do {                                                                                                               \
        tripsage_auth_options options_ = cheap_options();                                                              \
        options_.member = (value);                                                                                     \
        check_option(&options_, "auth." #member);                                                                      \
    } while (0)

START_TEST(refuses_options_out_of_bounds)
{
    char long_issuer[300], long_key[1100];

    memset(long_issuer, 'i', sizeof long_issuer - 1);
    long_issuer[256] = '\0';
    memset(long_key, 'k', sizeof long_key - 1);
    long_key[1025] = '\0';
    WITH(version, 0);
    WITH(version, 2);
    WITH(jwt_secret, "");
    WITH(jwt_secret, "31 bytes are one too few for it");
    WITH(jwt_secret, long_key);
    WITH(algorithm, "");
    WITH(algorithm, "none");
    WITH(algorithm, "es256");
    WITH(algorithm, "EdDSA");
    WITH(issuer, "");
    WITH(issuer, "two words");
    WITH(issuer, "caf\xc3\xa9");
    WITH(issuer, long_issuer);
    WITH(token_ttl_s, 31536001);
    WITH(password_min, 129);
    WITH(argon2_memory_kib, 7);
    WITH(argon2_memory_kib, 1024 * 1024 + 1);
    WITH(argon2_passes, 65);
    WITH(secret_key, "31 bytes are one too few for it");
    WITH(secret_key, long_key);
    WITH(previous_secret_key, "31 bytes are one too few for it");
    WITH(mail, &(tripsage_mail_options){.version = 2});
    WITH(supabase_url, "abcdefghijklmnopqrst.supabase.co");
}
END_TEST

START_TEST(options_do_what_they_say)
{
    tripsage__store *store = open_store();
    tripsage_auth_options options = cheap_options();
    tripsage_auth *auth;
    tripsage_doc *session;
    tripsage_actor *actor;

    options.issuer = "https://trips.example.com/auth";
    options.token_ttl_s = 120;
    options.password_min = 15;
    auth = auth_over(store, &options);
    ck_assert_fails(sign_up(&session, auth, "a@b", "fourteen chars"), TRIPSAGE_EINVALID);
    ck_assert_ok(sign_up(&session, auth, "a@b", "fifteen chars !"));
    ck_assert_int_eq(tripsage_doc_int(session, "/expires_in", 0), 120);
    ck_assert_int_eq(tripsage_doc_int(session, "/expires_at", 0), NOON / 1000 + 120);
    actor = actor_of(auth, session);
    ck_assert_ptr_nonnull(strstr(tripsage_actor_claims(actor), "\"iss\":\"https://trips.example.com/auth\""));
    tripsage_actor_free(actor);
    tripsage_doc_free(session);
    tripsage__auth_free(auth);
    tripsage__store_release(store);
}
END_TEST

#define MASTER_ONE "the first master secret, of 32 bytes or more"
#define MASTER_TWO "the second master secret, of 32 bytes or more"

static tripsage_auth *auth_with_masters(tripsage__store *store, const char *secret, const char *previous)
{
    tripsage_auth_options options = cheap_options();

    options.secret_key = secret;
    options.previous_secret_key = previous;
    return auth_over(store, &options);
}

static tripsage_status unseal_with(tripsage_auth *auth, const tripsage__buf *sealed)
{
    tripsage__buf plain = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    tripsage_status status = tripsage__unseal(&plain, auth->sealer, "test", sealed->data, sealed->size);

    if (status == TRIPSAGE_OK)
        ck_assert_str_eq(plain.data, "a secret");
    tripsage__buf_free_wiped(&plain);
    tripsage__auth_free(auth);
    return status;
}

/* Sealed with what the handle of these options has. */
static tripsage__buf sealed_with(tripsage__store *store, const char *secret, const char *previous)
{
    tripsage_auth *auth = auth_with_masters(store, secret, previous);
    tripsage__buf sealed = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);

    ck_assert_ok(tripsage__seal(&sealed, auth->sealer, "test", "a secret", 8));
    tripsage__auth_free(auth);
    return sealed;
}

START_TEST(what_was_sealed_under_an_older_secret_is_read)
{
    tripsage__store *store = open_store(), *other = open_store();
    tripsage__buf own = sealed_with(store, NULL, NULL), one = sealed_with(store, MASTER_ONE, NULL),
                  two = sealed_with(store, MASTER_TWO, MASTER_ONE), back = sealed_with(store, NULL, MASTER_ONE);

    ck_assert_ok(unseal_with(auth_with_masters(store, NULL, NULL), &own));
    ck_assert_ok(unseal_with(auth_with_masters(store, MASTER_ONE, NULL), &own));
    ck_assert_ok(unseal_with(auth_with_masters(store, MASTER_TWO, MASTER_ONE), &one));
    ck_assert_ok(unseal_with(auth_with_masters(other, MASTER_ONE, NULL), &one));
    ck_assert_ok(unseal_with(auth_with_masters(other, MASTER_TWO, NULL), &two));
    ck_assert_ok(unseal_with(auth_with_masters(store, NULL, NULL), &back));
    ck_assert_fails(unseal_with(auth_with_masters(other, MASTER_ONE, NULL), &own), TRIPSAGE_EUNAVAILABLE);
    ck_assert_fails(unseal_with(auth_with_masters(store, MASTER_TWO, NULL), &one), TRIPSAGE_EUNAVAILABLE);
    ck_assert_fails(unseal_with(auth_with_masters(store, NULL, NULL), &two), TRIPSAGE_EUNAVAILABLE);
    tripsage__buf_free(&own);
    tripsage__buf_free(&one);
    tripsage__buf_free(&two);
    tripsage__buf_free(&back);
    tripsage__store_release(store);
    tripsage__store_release(other);
}
END_TEST

START_TEST(defaults_are_the_documented_ones)
{
    tripsage__store *store = open_store();
    tripsage_auth *auth;

    ck_assert_ok(tripsage__auth_new(&auth, store, NULL, NULL));
    ck_assert_uint_eq(auth->token_ttl_s, 3600);
    ck_assert_uint_eq(auth->password_min, 8);
    ck_assert_str_eq(auth->issuer, "tripsage");
    ck_assert(!tripsage__password_is_stale(auth->passwords, "$argon2id$v=19$m=19456,t=2,p=1$x"));
    tripsage__auth_free(auth);
    tripsage__auth_free(NULL);
    tripsage__store_release(store);
}
END_TEST

/* Without a secret of the program's, the database has keys of its own: kept, and no other database's. */
static void check_own_keys(const char *algorithm)
{
    tripsage_auth_options options = cheap_options();
    tripsage__store *store = open_store();
    tripsage__store *elsewhere = open_store();
    tripsage_auth *one, *two, *other;
    tripsage_doc *session;
    tripsage_actor *actor;

    options.jwt_secret = NULL;
    options.algorithm = algorithm;
    one = auth_over(store, &options);
    two = auth_over(store, &options);
    other = auth_over(elsewhere, &options);
    session = new_session(one);
    tripsage_actor_free(actor_of(two, session));
    ck_assert_fails(verify(&actor, other, session), TRIPSAGE_ETOKEN);
    tripsage_doc_free(session);
    tripsage__auth_free(one);
    tripsage__auth_free(two);
    tripsage__auth_free(other);
    tripsage__store_release(store);
    tripsage__store_release(elsewhere);
}

START_TEST(the_database_keeps_a_key)
{
    check_own_keys(NULL);
    check_own_keys("ES256");
    check_own_keys("RS256");
    check_own_keys("HS256");
}
END_TEST

START_TEST(opens_alone)
{
    tripsage_auth_options bad = cheap_options();
    tripsage_auth *auth;

    ck_assert_ok(tripsage_auth_open(&auth, "sqlite::memory:", NULL, NULL));
    tripsage_auth_close(auth);
    tripsage_auth_close(NULL);
    ck_assert_fails(tripsage_auth_open(&auth, "nothing:", NULL, NULL), TRIPSAGE_ENOTSUP);
    ck_assert_ptr_null(auth);
    bad.version = 9;
    ck_assert_fails(tripsage_auth_open(&auth, "sqlite::memory:", &bad, NULL), TRIPSAGE_EINVALID);
    ck_assert_ptr_null(auth);
}
END_TEST

static int no_bytes(unsigned char *out, size_t size, void *user)
{
    (void)out;
    (void)size;
    (void)user;
    return -1;
}

START_TEST(no_randomness_no_handle)
{
    tripsage_runtime runtime = TRIPSAGE_RUNTIME_INIT;
    tripsage_auth_options options = cheap_options();
    tripsage_auth *auth;

    runtime.random_bytes = no_bytes;
    ck_assert_fails(tripsage_auth_open(&auth, "sqlite::memory:", &options, &runtime), TRIPSAGE_EINTERNAL);
    ck_assert_ptr_null(auth);
}
END_TEST

static int64_t purge(tripsage_auth *auth)
{
    int64_t count = -1, signing_keys = -1;

    ck_assert_ok(tripsage__auth_purge(&count, &signing_keys, auth));
    ck_assert_int_eq(signing_keys, 0);
    return count;
}

static tripsage_auth *auth_with_sessions_of(tripsage__store *store, uint32_t timebox_s)
{
    tripsage_auth_options options = TRIPSAGE_AUTH_OPTIONS_INIT;

    options.argon2_memory_kib = 8;
    options.argon2_passes = 1;
    options.session_timebox_s = timebox_s;
    return auth_over(store, &options);
}

START_TEST(purge_takes_expired_sessions_and_no_others)
{
    tripsage__store *store = open_store();
    tripsage_auth *auth = auth_with_sessions_of(store, HOUR / 1000);
    tripsage_doc *first = new_session(auth);
    tripsage_doc *second;

    clock_ms += HOUR / 2;
    ck_assert_ok(sign_in(&second, auth, "ada@example.com", "correct horse"));
    clock_ms = NOON + HOUR - 1;
    tripsage_actor_free(actor_of(auth, first));
    ck_assert_int_eq(purge(auth), 0);
    clock_ms = NOON + HOUR;
    ck_assert_int_eq(purge(auth), 1);
    ck_assert_int_eq(purge(auth), 0);
    tripsage_actor_free(actor_of(auth, second));
    clock_ms += HOUR;
    ck_assert_int_eq(purge(auth), 1);
    tripsage_doc_free(first);
    tripsage_doc_free(second);
    tripsage__auth_free(auth);
    tripsage__store_release(store);
}
END_TEST

/* Without an end of its own a session lasts until somebody ends it. */
START_TEST(purge_leaves_sessions_without_an_end)
{
    tripsage_auth *auth = open_auth();

    tripsage_doc_free(new_session(auth));
    clock_ms += 400 * 24 * HOUR;
    ck_assert_int_eq(purge(auth), 0);
    tripsage_auth_close(auth);
}
END_TEST

/* More than one transaction's worth. */
START_TEST(purge_takes_many)
{
    tripsage__store *store = open_store();
    tripsage_auth *auth = auth_with_sessions_of(store, HOUR / 1000);
    tripsage_doc *session = new_session(auth);
    const char *user = tripsage_doc_text(session, "/user/id");
    char id[TRIPSAGE__UUID_SIZE] = "";

    for (int i = 0; i < 2 * TRIPSAGE__AUTH_PURGE_BATCH; i++) {
        tripsage__value params[] = {tripsage__text(user), tripsage__int(1),           tripsage__null_of(TRIPSAGE__TEXT),
                                    tripsage__int(NOON),  tripsage__int(NOON + HOUR), tripsage__text("[]"),
                                    tripsage__text(NULL), tripsage__text(NULL)};
        tripsage__step step = {.statement = &tripsage__sql_session_start, .params = params, .param_count = 8};

        ck_assert_ok(tripsage__uuid7(auth->env, id));
        params[2] = tripsage__text(id);
        ck_assert_ok(tripsage__store_write(store, NULL, &step, 1));
    }
    clock_ms += 2 * HOUR;
    ck_assert_int_eq(purge(auth), 2 * TRIPSAGE__AUTH_PURGE_BATCH + 1);
    ck_assert_int_eq(purge(auth), 0);
    tripsage_doc_free(session);
    tripsage__auth_free(auth);
    tripsage__store_release(store);
}
END_TEST

START_TEST(the_statements_are_listed_once_each)
{
    size_t count;
    const tripsage__statement *const *all = tripsage__auth_statements(&count);

    ck_assert_uint_gt(count, 0);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(all[i]->name, all[j]->name);
}
END_TEST

/* What SQLite will do for a statement, lines joined by "; ". */
static void plan_of(char *out, size_t size, sqlite3 *db, const tripsage__statement *statement)
{
    sqlite3_stmt *stmt;
    char sql[4096];
    size_t length = 0;

    ck_assert_int_lt(snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", statement->sql), (int)sizeof sql);
    ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK, "%s: %s", statement->name,
                  sqlite3_errmsg(db));
    out[0] = '\0';
    while (sqlite3_step(stmt) == SQLITE_ROW)
        length += (size_t)snprintf(out + length, size - length, "%s; ", (const char *)sqlite3_column_text(stmt, 3));
    ck_assert_uint_lt(length, size);
    sqlite3_finalize(stmt);
}

/* What the library gives each of its connections; here nothing is run. */
static void unused_function(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    (void)values;
    sqlite3_result_null(context);
}

/* Whose first rows alone are taken, in the order of their key; a count that ends at its bound; and a question of no table's rows. */
static int takes_first_rows(const tripsage__statement *statement)
{
    return statement == &tripsage__sql_audit_append || statement == &tripsage__sql_api_key_insert ||
           statement == &tripsage__sql_api_key_look || statement == &tripsage__sql_account_insert_asked;
}

/* Pages by number walk an index in its order, as far as they say; what is found is put in order again, a page at most. */
static int counts_off(const tripsage__statement *statement, const char *plan)
{
    return (strncmp(statement->name, "account_list_", 13) == 0 || strncmp(statement->name, "account_find_", 13) == 0 ||
            strcmp(statement->name, "account_count") == 0) &&
           strstr(plan, "SCAN account USING") && strstr(plan, "INDEX account_created");
}

/* Whether something is read from end to end but what the call was given, the one row of nothing, and the pages that a page is merged from. */
static int walks(const char *plan)
{
    for (const char *at = strstr(plan, "SCAN "); at; at = strstr(at + 5, "SCAN "))
        if (strncmp(at + 5, "json_", 5) != 0 && strncmp(at + 5, "CONSTANT ROW", 12) != 0 &&
            strncmp(at + 5, "(subquery", 9) != 0 && strncmp(at + 5, "arm;", 4) != 0)
            return 1;
    return strstr(plan, "TEMP B-TREE") && !strstr(plan, "SCAN json_tree") && !strstr(plan, "CO-ROUTINE arm");
}

START_TEST(no_statement_reads_a_whole_table)
{
    char folder[] = "/tmp/tripsage-auth-XXXXXX";
    char url[64], command[64], plan[1024];
    tripsage_auth *auth;
    sqlite3 *db;
    size_t count;
    const tripsage__statement *const *all = tripsage__auth_statements(&count);

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(url, sizeof url, "sqlite://%s/t.db", folder);
    ck_assert_ok(tripsage_auth_open(&auth, url, NULL, NULL));
    ck_assert_int_eq(sqlite3_open(url + strlen("sqlite://"), &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_create_function(db, "tripsage_sha256", 1, SQLITE_UTF8, NULL, unused_function, NULL, NULL),
                     SQLITE_OK);
    for (size_t i = 0; i < count; i++) {
        if (strncmp(all[i]->name, "signing_key_", 12) == 0)
            continue; /* a table of 32 rows at most */
        plan_of(plan, sizeof plan, db, all[i]);
        if (takes_first_rows(all[i]) || counts_off(all[i], plan))
            continue;
        ck_assert_msg(!walks(plan), "%s: %s", all[i]->name, plan);
        ck_assert_msg(strstr(plan, "SEARCH") || all[i] == &tripsage__sql_account_insert ||
                          all[i] == &tripsage__sql_mail_ask,
                      "%s: %s", all[i]->name, plan);
    }
    sqlite3_close(db);
    tripsage_auth_close(auth);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

SUITE_MAIN("auth/auth", refuses_options_out_of_bounds, options_do_what_they_say,
           what_was_sealed_under_an_older_secret_is_read, defaults_are_the_documented_ones, the_database_keeps_a_key,
           opens_alone, no_randomness_no_handle, purge_takes_expired_sessions_and_no_others,
           purge_leaves_sessions_without_an_end, purge_takes_many, the_statements_are_listed_once_each,
           no_statement_reads_a_whole_table)
