/* auth/statements.c: the SQL of the room.
 *
 * Guards: a session starts only for the password it was checked against (password_version), is refreshed only from the counter that was read,
 * and an account changes only to one whose tokens could be read. A call looks at how many rows were changed to see whether its guard held.
 *
 * All of it runs as the service role, for whomever: an engine with rights of its own shows hashes and sessions to nobody else. */
#include "auth/statements.h"

#include "auth/auth.h"

/* In the order account.c takes them. */
#define ACCOUNT_COLUMNS                                                                                                \
    "id, email, password_hash, full_name, role, user_metadata, app_metadata, new_email, identity_id, identity_data, "  \
    "password_version, created_at, updated_at, last_sign_in_at, email_confirmed_at, invited_at, "                      \
    "confirmation_sent_at, recovery_sent_at, email_change_sent_at, reauthentication_sent_at, banned_until, "           \
    "deleted_at, identity_created_at, identity_updated_at, new_email_confirmed, is_anonymous"

/* ---- accounts ---- */

const tripsage__statement tripsage__sql_account_insert = {
    "account_insert",
    "INSERT INTO account (id, email, password_hash, full_name, role, user_metadata, app_metadata, identity_id, "
    "identity_data, is_anonymous, email_confirmed_at, last_sign_in_at, invited_at, created_at, updated_at, "
    "identity_created_at, identity_updated_at) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14, $15, $15) "
    "ON CONFLICT (email) DO NOTHING",
    NULL};

const tripsage__statement tripsage__sql_account_by_email = {
    "account_by_email", "SELECT " ACCOUNT_COLUMNS " FROM account WHERE email = $1", NULL};

const tripsage__statement tripsage__sql_account_by_id = {"account_by_id",
                                                         "SELECT " ACCOUNT_COLUMNS " FROM account WHERE id = $1", NULL};

const tripsage__statement tripsage__sql_account_by_session = {
    "account_by_session",
    "SELECT " ACCOUNT_COLUMNS " FROM account WHERE id = (SELECT user_id FROM session WHERE id = $1)", NULL};

/* $4: the password's hash made again at today's cost, or NULL. */
const tripsage__statement tripsage__sql_account_signed_in = {
    "account_signed_in",
    "UPDATE account SET last_sign_in_at = $3, updated_at = $3, password_hash = COALESCE($4, password_hash) "
    "WHERE id = $1 AND password_version = $2",
    NULL};

/* $1 account, $2 and $3 what is to be merged into its metadata, one after the other: the bytes of what that makes, and the members of its
 * largest object. */
#define ACCOUNT_MERGE_LOOK(merged, size, members, name) "SELECT " size ", " members " FROM account WHERE id = $1"

/* $4: now; $5: the hash of a new password, or NULL. The name that trips show goes with the metadata. */
#define ACCOUNT_UPDATE(merged, size, members, name)                                                                    \
    "UPDATE account SET full_name = CASE WHEN $3 IS NULL THEN full_name ELSE " name " END"                             \
    ", user_metadata = CASE WHEN $3 IS NULL THEN user_metadata ELSE " merged " END"                                    \
    ", updated_at = $4, password_hash = COALESCE($5, password_hash)"                                                   \
    ", password_version = password_version + CASE WHEN $5 IS NULL THEN 0 ELSE 1 END, version = version + 1"            \
    " WHERE id = $1 AND ($3 IS NULL OR (" size " <= 4736 AND COALESCE(" members ", 0) <= 256))"

#define MERGED(D) TRIPSAGE__##D##_MERGE(TRIPSAGE__##D##_MERGE("user_metadata", "$2"), "$3")
#define IN(D, TEXT)                                                                                                    \
    TEXT(MERGED(D), TRIPSAGE__##D##_SIZE(MERGED(D)), TRIPSAGE__##D##_MEMBERS(MERGED(D)), NAME_##D(MERGED(D)))
#define NAME_SQLITE(metadata)                                                                                          \
    "CASE json_type(" metadata ", '$.full_name') WHEN 'text' THEN " metadata " ->> '$.full_name' END"
#define NAME_POSTGRES(metadata)                                                                                        \
    "CASE json_typeof(CAST(" metadata " AS json) -> 'full_name') WHEN 'string' THEN CAST(" metadata                    \
    " AS json) ->> 'full_name' END"

const tripsage__statement tripsage__sql_account_merge_look = {"account_merge_look", IN(SQLITE, ACCOUNT_MERGE_LOOK),
                                                              IN(POSTGRES, ACCOUNT_MERGE_LOOK)};
const tripsage__statement tripsage__sql_account_update = {"account_update", IN(SQLITE, ACCOUNT_UPDATE),
                                                          IN(POSTGRES, ACCOUNT_UPDATE)};

/* ---- sessions ---- */

const tripsage__statement tripsage__sql_session_start = {
    "session_start",
    "INSERT INTO session (id, user_id, created_at, refreshed_at, not_after, amr, user_agent, address) "
    "SELECT $3, id, $4, $4, $5, $6, $7, $8 FROM account WHERE id = $1 AND password_version = $2",
    NULL};

const tripsage__statement tripsage__sql_session_end = {"session_end",
                                                       "DELETE FROM session WHERE id = $1 AND user_id = $2", NULL};
const tripsage__statement tripsage__sql_session_end_all = {"session_end_all", "DELETE FROM session WHERE user_id = $1",
                                                           NULL};
/* $2: the one that goes on, "" for none. */
const tripsage__statement tripsage__sql_session_end_others = {
    "session_end_others", "DELETE FROM session WHERE user_id = $1 AND id <> $2", NULL};

/* Behind tripsage__sql_account_update in the same call. $3: the new hash, which is the account's where that held. */
const tripsage__statement tripsage__sql_session_end_outdated = {
    "session_end_outdated",
    "DELETE FROM session WHERE user_id = $1 AND id <> $2 "
    "AND EXISTS (SELECT 1 FROM account WHERE id = $1 AND password_hash = $3)",
    NULL};

/* Whether a token's user is there, until when he is banned, and whether its session is there and has not ended. $3: now. */
const tripsage__statement tripsage__sql_session_alive = {
    "session_alive",
    "SELECT banned_until, deleted_at, EXISTS (SELECT 1 FROM session WHERE id = $1 AND user_id = $2 AND (not_after = 0 "
    "OR not_after > "
    "$3)) FROM account WHERE id = $2",
    NULL};

/* In the order session.c takes them. */
#define SESSION_COLUMNS "id, created_at, refreshed_at, not_after, refresh_counter, aal, amr, user_agent, address"

const tripsage__statement tripsage__sql_session_by_id = {"session_by_id",
                                                         "SELECT " SESSION_COLUMNS " FROM session WHERE id = $1", NULL};

const tripsage__statement tripsage__sql_session_list = {
    "session_list", "SELECT " SESSION_COLUMNS " FROM session WHERE user_id = $1 ORDER BY id DESC", NULL};

/* $2: the counter that was read; $3 now; $4 and $5 where from; $6 when it ends. */
const tripsage__statement tripsage__sql_session_refresh = {
    "session_refresh",
    "UPDATE session SET refresh_counter = refresh_counter + 1, refreshed_at = $3, user_agent = $4, address = $5, "
    "not_after = $6 "
    "WHERE id = $1 AND refresh_counter = $2",
    NULL};

/* PostgreSQL joins with what IN gives, and may read all sessions for that; the members of an array it looks up. */
#define OLDEST_SESSIONS "SELECT id FROM session WHERE not_after > 0 AND not_after <= $1 ORDER BY not_after LIMIT $2"
const tripsage__statement tripsage__sql_session_purge = {
    "session_purge", "DELETE FROM session WHERE id IN (" OLDEST_SESSIONS ")",
    "DELETE FROM session WHERE id = ANY (ARRAY(" OLDEST_SESSIONS "))"};

const tripsage__statement *const *tripsage__auth_statements(size_t *count)
{
    static const tripsage__statement *const all[] = {
        &tripsage__sql_account_insert,     &tripsage__sql_account_by_email,   &tripsage__sql_account_by_id,
        &tripsage__sql_account_by_session, &tripsage__sql_account_signed_in,  &tripsage__sql_account_merge_look,
        &tripsage__sql_account_update,     &tripsage__sql_session_start,      &tripsage__sql_session_end,
        &tripsage__sql_session_end_all,    &tripsage__sql_session_end_others, &tripsage__sql_session_end_outdated,
        &tripsage__sql_session_alive,      &tripsage__sql_session_by_id,      &tripsage__sql_session_list,
        &tripsage__sql_session_refresh,    &tripsage__sql_session_purge,
    };

    *count = sizeof all / sizeof all[0];
    return all;
}
