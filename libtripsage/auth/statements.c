/* auth/statements.c: the SQL of the room.
 *
 * Guards: a session starts only for the password it was checked against (password_version), and an account changes only to one whose
 * tokens could be read. A call looks at how many rows were changed to see whether its guard held.
 *
 * All of it runs as the service role, for whomever: an engine with rights of its own shows hashes and sessions to nobody else. */
#include "auth/statements.h"

#include "auth/auth.h"

/* In the order account.c takes them. */
#define ACCOUNT_COLUMNS                                                                                                \
    "id, email, password_hash, full_name, role, user_metadata, app_metadata, password_version, created_at, "           \
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

/* $1 account, $2 what is to be merged into its metadata: the bytes of what that makes, and the members of its largest object. */
#define ACCOUNT_MERGE_LOOK(merged, size, members) "SELECT " size ", " members " FROM account WHERE id = $1"

/* $3: whether to set the name to $4; $5: now; $6: the hash of a new password, or NULL. */
#define ACCOUNT_UPDATE(merged, size, members)                                                                          \
    "UPDATE account SET full_name = CASE WHEN $3 = 1 THEN $4 ELSE full_name END"                                       \
    ", user_metadata = CASE WHEN $2 IS NULL THEN user_metadata ELSE " merged " END"                                    \
    ", updated_at = $5, password_hash = COALESCE($6, password_hash)"                                                   \
    ", password_version = password_version + CASE WHEN $6 IS NULL THEN 0 ELSE 1 END, version = version + 1"            \
    " WHERE id = $1 AND ($2 IS NULL OR (" size " <= 4096 AND COALESCE(" members ", 0) <= 256))"

#define MERGED(D)   TRIPSAGE__##D##_MERGE("user_metadata", "$2")
#define IN(D, TEXT) TEXT(MERGED(D), TRIPSAGE__##D##_SIZE(MERGED(D)), TRIPSAGE__##D##_MEMBERS(MERGED(D)))

const tripsage__statement tripsage__sql_account_merge_look = {"account_merge_look", IN(SQLITE, ACCOUNT_MERGE_LOOK),
                                                              IN(POSTGRES, ACCOUNT_MERGE_LOOK)};
const tripsage__statement tripsage__sql_account_update = {"account_update", IN(SQLITE, ACCOUNT_UPDATE),
                                                          IN(POSTGRES, ACCOUNT_UPDATE)};

const tripsage__statement tripsage__sql_session_start = {
    "session_start",
    "INSERT INTO session (id, user_id, created_at, expires_at) "
    "SELECT $3, id, $4, $5 FROM account WHERE id = $1 AND password_version = $2",
    NULL};

const tripsage__statement tripsage__sql_session_end = {
    "session_end", "UPDATE session SET revoked_at = $3 WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL", NULL};

/* Behind tripsage__sql_account_update in the same call. $2: the new hash, which is the account's where that held; $3: the session that goes
 * on, "" for none. */
const tripsage__statement tripsage__sql_session_end_others = {
    "session_end_others",
    "UPDATE session SET revoked_at = $4 WHERE user_id = $1 AND id <> $3 AND revoked_at IS NULL "
    "AND EXISTS (SELECT 1 FROM account WHERE id = $1 AND password_hash = $2)",
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
        &tripsage__sql_account_signed_in, &tripsage__sql_account_merge_look, &tripsage__sql_account_update,
        &tripsage__sql_session_start,     &tripsage__sql_session_end,        &tripsage__sql_session_end_others,
        &tripsage__sql_session_alive,     &tripsage__sql_session_purge,
    };

    *count = sizeof all / sizeof all[0];
    return all;
}
