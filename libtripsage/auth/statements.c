/* auth/statements.c: the SQL of the room.
 *
 * Guards: a session starts only for the password it was checked against (password_version), and an account changes only from the
 * version that was read (version). A call looks at how many rows were changed to see whether its guard held.
 *
 * All of it runs as the service role, for whomever: an engine with rights of its own shows hashes and sessions to nobody else. */
#include "auth/statements.h"

#include "auth/auth.h"

/* In the order account.c takes them. */
#define ACCOUNT_COLUMNS                                                                                                \
    "id, email, password_hash, full_name, role, user_metadata, app_metadata, version, password_version, created_at, "  \
    "updated_at, last_sign_in_at"

const tripsage__statement tripsage__sql_account_insert = {
    "account_insert",
    "INSERT INTO account (id, email, password_hash, full_name, role, user_metadata, app_metadata, created_at, "
    "updated_at, last_sign_in_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $8) ON CONFLICT (email) DO NOTHING",
    NULL};

const tripsage__statement tripsage__sql_account_by_email = {
    "account_by_email", "SELECT " ACCOUNT_COLUMNS " FROM account WHERE email = $1", NULL};

const tripsage__statement tripsage__sql_account_by_id = {"account_by_id",
                                                         "SELECT " ACCOUNT_COLUMNS " FROM account WHERE id = $1", NULL};

/* $4: the password's hash made again at today's cost, or NULL. */
const tripsage__statement tripsage__sql_account_signed_in = {
    "account_signed_in",
    "UPDATE account SET last_sign_in_at = $3, password_hash = COALESCE($4, password_hash) "
    "WHERE id = $1 AND password_version = $2",
    NULL};

/* $6: the hash of a new password, or NULL. */
const tripsage__statement tripsage__sql_account_update = {
    "account_update",
    "UPDATE account SET full_name = $3, user_metadata = $4, updated_at = $5, "
    "password_hash = COALESCE($6, password_hash), "
    "password_version = password_version + CASE WHEN $6 IS NULL THEN 0 ELSE 1 END, version = version + 1 "
    "WHERE id = $1 AND version = $2",
    NULL};

const tripsage__statement tripsage__sql_session_start = {
    "session_start",
    "INSERT INTO session (id, user_id, created_at, expires_at) "
    "SELECT $3, id, $4, $5 FROM account WHERE id = $1 AND password_version = $2",
    NULL};

const tripsage__statement tripsage__sql_session_end = {
    "session_end", "UPDATE session SET revoked_at = $3 WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL", NULL};

/* Before tripsage__sql_account_update in the same call, under the same guard. $3: the session that goes on, "" for none. */
const tripsage__statement tripsage__sql_session_end_others = {
    "session_end_others",
    "UPDATE session SET revoked_at = $4 WHERE user_id = $1 AND id <> $3 AND revoked_at IS NULL "
    "AND EXISTS (SELECT 1 FROM account WHERE id = $1 AND version = $2)",
    NULL};

const tripsage__statement tripsage__sql_session_alive = {
    "session_alive", "SELECT 1 FROM session WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL AND expires_at > $3",
    NULL};

/* PostgreSQL joins with what IN gives, and may read all sessions for that; the members of an array it looks up. */
#define OLDEST_SESSIONS "SELECT id FROM session WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2"
const tripsage__statement tripsage__sql_session_purge = {
    "session_purge", "DELETE FROM session WHERE id IN (" OLDEST_SESSIONS ")",
    "DELETE FROM session WHERE id = ANY (ARRAY(" OLDEST_SESSIONS "))"};

const tripsage__statement *const *tripsage__auth_statements(size_t *count)
{
    static const tripsage__statement *const all[] = {
        &tripsage__sql_account_insert,    &tripsage__sql_account_by_email,   &tripsage__sql_account_by_id,
        &tripsage__sql_account_signed_in, &tripsage__sql_account_update,     &tripsage__sql_session_start,
        &tripsage__sql_session_end,       &tripsage__sql_session_end_others, &tripsage__sql_session_alive,
        &tripsage__sql_session_purge,
    };

    *count = sizeof all / sizeof all[0];
    return all;
}
