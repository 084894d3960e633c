/* support/postgres.h: fresh databases in the rig (tests/rig/rig.sh), and a test's own way into them, past the library.
 *
 * A fresh database is a copy, which takes a hundredth of a second to make. There is one at a time: the world makes it and drops it
 * (support/world.h). What fails here ends the test. */
#ifndef TEST_SUPPORT_POSTGRES_H
#define TEST_SUPPORT_POSTGRES_H

#include <libpq-fe.h>

/* The folders of the two sockets: PostgreSQL's own, and that of PgBouncer before it. */
#define TEST_PG_DIRECT TEST_RIG "/direct"
#define TEST_PG_POOLED TEST_RIG "/pooled"

/* Who may log in. The library does as the app; the owner has every database and migrates it. One is like the app, but with a password,
 * and not in the pool. */
#define TEST_PG_SUPERUSER "postgres"
#define TEST_PG_LOCKED    "tripsage_locked"
#define TEST_PG_PASSWORD  "p@ss/w:o#r?d 100%&=+"
#define TEST_PG_OWNER     "tripsage_owner"
#define TEST_PG_APP       "tripsage_app"

/* Makes a database of the owner's with a name that no other test has; gives the name. It is a copy of one that was migrated: the first
 * of all in this rig calls `migrate` with the name of the database to be copied from then on. Without `migrate` it holds pgvector only. */
const char *test_pg_create(void (*migrate)(const char *database));

/* Drops it, whoever is connected. Does nothing where none was made. */
void test_pg_drop(void);

/* A connection to a database, the caller's to finish. */
PGconn *test_pg_connect(const char *folder, const char *user, const char *database);

/* The connection of this user to the fresh database, not through PgBouncer: opened when it is first asked for, kept until the database
 * is dropped. */
PGconn *test_pg(const char *user);

/* Runs SQL there, one statement or several. */
void test_pg_exec(const char *user, const char *sql);

/* The first value that the SQL gives, kept like any text of support/json.h; NULL when it gives none or null. */
const char *test_pg_text(const char *user, const char *sql);

/* The SQLSTATE that the SQL fails with; "00000" when it does not. */
const char *test_pg_state(const char *user, const char *sql);

#endif
