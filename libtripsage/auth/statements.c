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
    "deleted_at, identity_created_at, identity_updated_at, new_email_confirmed, is_anonymous, factors"

/* ---- accounts ---- */

#define INSERTED_COLUMNS                                                                                               \
    "id, email, password_hash, full_name, role, user_metadata, app_metadata, identity_id, identity_data, "             \
    "is_anonymous, email_confirmed_at, last_sign_in_at, invited_at, created_at, updated_at, identity_created_at, "     \
    "identity_updated_at"
#define INSERTED_VALUES "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14, $15, $15"

const tripsage__statement tripsage__sql_account_insert = {
    "account_insert",
    "INSERT INTO account (" INSERTED_COLUMNS ") VALUES (" INSERTED_VALUES ") ON CONFLICT (email) DO NOTHING", NULL};

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

/* Who has a second factor changes password and address ($1 account, $6 session) only where he has shown it. */
#define MAY_CHANGE_ADDRESS                                                                                             \
    "(NOT EXISTS (SELECT 1 FROM factor WHERE user_id = $1 AND status = 'verified') OR EXISTS (SELECT 1 FROM session "  \
    "WHERE id = $6 AND user_id = $1 AND aal = 2))"

/* Whether he may: $1 account, $6 session. */
const tripsage__statement tripsage__sql_account_strength_look = {"account_strength_look", "SELECT " MAY_CHANGE_ADDRESS,
                                                                 NULL};

/* $4: now; $5: the hash of a new password, or NULL, and what mails were sent is forgotten with the old one. $7 the hash of the code that
 * lets it be set, $8 by whom that is used up; $9 to whom a mail goes along with it, $10 its hash; or NULLs. $11 1: he gets another
 * address, which a guest has to have who sets a password. The name that trips show goes with the metadata. */
#define ACCOUNT_UPDATE(merged, size, members, name)                                                                    \
    "UPDATE account SET full_name = CASE WHEN $3 IS NULL THEN full_name ELSE " name " END"                             \
    ", user_metadata = CASE WHEN $3 IS NULL THEN user_metadata ELSE " merged " END"                                    \
    ", updated_at = $4, password_hash = COALESCE($5, password_hash)"                                                   \
    ", password_version = password_version + CASE WHEN $5 IS NULL THEN 0 ELSE 1 END, version = version + 1"            \
    ", confirmation_sent_at = CASE WHEN $5 IS NULL THEN confirmation_sent_at ELSE 0 END"                               \
    ", recovery_sent_at = CASE WHEN $5 IS NULL THEN recovery_sent_at ELSE 0 END"                                       \
    ", email_change_sent_at = CASE WHEN $5 IS NULL THEN email_change_sent_at ELSE 0 END"                               \
    ", reauthentication_sent_at = CASE WHEN $5 IS NULL THEN reauthentication_sent_at ELSE 0 END"                       \
    " WHERE id = $1 AND ($3 IS NULL OR (" size " <= 4448 AND COALESCE(" members ", 0) <= 256))"                        \
    " AND (($5 IS NULL AND $11 = 0) OR " MAY_CHANGE_ADDRESS ") AND ($5 IS NULL OR is_anonymous = 0 OR $11 = 1)"        \
    " AND ($7 IS NULL OR " TOKEN_7_TAKEN_BY_8 ") AND ($9 IS NULL OR " MAIL_10_GOES_TO_9 ")"
#define TOKEN_7_TAKEN_BY_8 "EXISTS (SELECT 1 FROM one_time_token WHERE hash = $7 AND taken_by = $8)"
#define MAIL_10_GOES_TO_9  "EXISTS (SELECT 1 FROM mail_request WHERE recipient = $9 AND hash = $10)"

#define MERGED(D) TRIPSAGE__##D##_MERGE(TRIPSAGE__##D##_MERGE("user_metadata", "$2"), "$3")
/* 42: {"provider":"email","providers":["email"]}. */
#define ACCOUNT_SIZE(D, user, app) TRIPSAGE__##D##_SIZE(user) " + " TRIPSAGE__##D##_SIZE(app) " - 42"
#define IN(D, TEXT)                                                                                                    \
    TEXT(MERGED(D), ACCOUNT_SIZE(D, MERGED(D), "app_metadata"), TRIPSAGE__##D##_MEMBERS(MERGED(D)), NAME_##D(MERGED(D)))
#define NAME_SQLITE(metadata)                                                                                          \
    "CASE json_type(" metadata ", '$.full_name') WHEN 'text' THEN " metadata " ->> '$.full_name' END"
#define NAME_POSTGRES(metadata)                                                                                        \
    "CASE json_typeof(CAST(" metadata " AS json) -> 'full_name') WHEN 'string' THEN CAST(" metadata                    \
    " AS json) ->> 'full_name' END"

const tripsage__statement tripsage__sql_account_merge_look = {"account_merge_look", IN(SQLITE, ACCOUNT_MERGE_LOOK),
                                                              IN(POSTGRES, ACCOUNT_MERGE_LOOK)};
const tripsage__statement tripsage__sql_account_update = {"account_update", IN(SQLITE, ACCOUNT_UPDATE),
                                                          IN(POSTGRES, ACCOUNT_UPDATE)};

/* ---- accounts, by those who look after them ---- */

/* $2: until when; 0: no longer. */
const tripsage__statement tripsage__sql_account_ban = {"account_ban",
                                                       "UPDATE account SET banned_until = $2 WHERE id = $1", NULL};

/* $1 account; $2 and $3 what is to be merged into user_metadata one after the other, $4 and $5 into app_metadata; $6 now; $7 another
 * address; $8 hash of a new password; $9 role; $10 end of the ban; $11 1: the address is confirmed; $12 id of the identity, where there
 * is none yet, and $13 what is to be merged into its data. NULL leaves what is there. */
#define ADMIN_USER(D) TRIPSAGE__##D##_MERGE(TRIPSAGE__##D##_MERGE("user_metadata", "$2"), "COALESCE($3, '{}')")
#define ADMIN_APP(D)  TRIPSAGE__##D##_MERGE(TRIPSAGE__##D##_MERGE("app_metadata", "$4"), "COALESCE($5, '{}')")
#define ADMIN_SIZE(D) ACCOUNT_SIZE(D, ADMIN_USER(D), ADMIN_APP(D))
#define ADMIN_MEMBERS(D)                                                                                               \
    "COALESCE(" TRIPSAGE__##D##_MEMBERS(ADMIN_USER(D)) ", 0)", "COALESCE(" TRIPSAGE__##D##_MEMBERS(ADMIN_APP(D)) ", "  \
                                                                                                                 "0)"
#define ADDRESS_TAKEN "EXISTS (SELECT 1 FROM account other WHERE other.email = $7 AND other.id <> $1)"

#define ADMIN_LOOK(size, user_members, app_members)                                                                    \
    "SELECT " size ", " user_members ", " app_members ", " ADDRESS_TAKEN " FROM account WHERE id = $1"

#define ADMIN_UPDATE(D, size, user_members, app_members)                                                               \
    "UPDATE account SET full_name = CASE WHEN $3 IS NULL THEN full_name ELSE " NAME_##D(ADMIN_USER(                    \
        D)) " END"                                                                                                     \
            ", user_metadata = CASE WHEN $3 IS NULL THEN user_metadata ELSE " ADMIN_USER(                              \
                D) " END"                                                                                              \
                   ", app_metadata = CASE WHEN $5 IS NULL THEN app_metadata ELSE " ADMIN_APP(                          \
                       D) " END"                                                                                       \
                          ", email = COALESCE($7, email), password_hash = COALESCE($8, password_hash)"                 \
                          ", password_version = password_version + CASE WHEN $8 IS NULL THEN 0 ELSE 1 END, role = "    \
                          "COALESCE($9, role)"                                                                         \
                          ", banned_until = COALESCE($10, banned_until)"                                               \
                          ", email_confirmed_at = CASE WHEN $11 = 1 THEN $6 ELSE email_confirmed_at END"               \
                          ", is_anonymous = CASE WHEN $7 IS NULL OR $11 = 0 THEN is_anonymous ELSE 0 END"              \
                          ", identity_id = CASE WHEN $7 IS NULL OR identity_id <> '' THEN identity_id ELSE $12 END"    \
                          ", identity_data = CASE WHEN $7 IS NULL THEN identity_data ELSE " TRIPSAGE__##D##_MERGE(     \
                              "identity_data", "$13") " END"                                                           \
                                                      ", identity_created_at = CASE WHEN $7 IS NULL OR "               \
                                                      "identity_created_at <> 0 THEN identity_created_at ELSE $6 END"  \
                                                      ", identity_updated_at = CASE WHEN $7 IS NULL THEN "             \
                                                      "identity_updated_at ELSE $6 END"                                \
                                                      ", updated_at = $6, version = version + 1"                       \
                                                      " WHERE id = $1 AND " size " <= 4448 AND " user_members          \
                                                      " <= 256 AND " app_members " <= 256 AND NOT " ADDRESS_TAKEN

#define ADMIN_LOOK_ROW(...)      ADMIN_LOOK(__VA_ARGS__)
#define ADMIN_UPDATE_ROW(D, ...) ADMIN_UPDATE(D, __VA_ARGS__)

const tripsage__statement tripsage__sql_account_admin_look = {
    "account_admin_look", ADMIN_LOOK_ROW(ADMIN_SIZE(SQLITE), ADMIN_MEMBERS(SQLITE)),
    ADMIN_LOOK_ROW(ADMIN_SIZE(POSTGRES), ADMIN_MEMBERS(POSTGRES))};
const tripsage__statement tripsage__sql_account_admin_update = {
    "account_admin_update", ADMIN_UPDATE_ROW(SQLITE, ADMIN_SIZE(SQLITE), ADMIN_MEMBERS(SQLITE)),
    ADMIN_UPDATE_ROW(POSTGRES, ADMIN_SIZE(POSTGRES), ADMIN_MEMBERS(POSTGRES))};

/* $1 the address, $2 now. */
const tripsage__statement tripsage__sql_account_invited = {
    "account_invited", "UPDATE account SET invited_at = $2 WHERE email = $1 AND deleted_at = 0", NULL};

/* Before an account goes, or is emptied: what it is remembered by goes by the database's triggers, but for the words of memories in SQLite's full
 * text, which no trigger may touch. $1 the account; $2 and $3 as in account_bury. */
#define UNWORD(guard)                                                                                                  \
    "INSERT INTO vector_words (vector_words, rowid, scope, terms) SELECT 'delete', t.seq, t.scope, t.terms FROM "      \
    "vector_item i CROSS JOIN vector_text t WHERE i.collection_id = (SELECT c.id FROM vector_collection c WHERE "      \
    "c.name = 'memories') AND i.owner_id = $1 AND t.seq = i.seq AND EXISTS (SELECT 1 FROM memory m WHERE m.id = "      \
    "i.id) "                                                                                                           \
    "AND EXISTS (SELECT 1 FROM account WHERE id = $1" guard ")"
const tripsage__statement tripsage__sql_account_delete_words = {"account_delete_words", UNWORD(""), ""};
const tripsage__statement tripsage__sql_account_bury_words = {
    "account_bury_words", UNWORD(" AND email = $2 AND new_email = $3 AND deleted_at = 0"), ""};

const tripsage__statement tripsage__sql_account_delete = {"account_delete", "DELETE FROM account WHERE id = $1", NULL};

/* What was read of the account, $2 its address and $3 the one it asked for, gives way to $4 and $5. $6: now. */
const tripsage__statement tripsage__sql_account_bury = {
    "account_bury",
    "UPDATE account SET email = $4, new_email = $5, password_hash = '', password_version = password_version + 1, "
    "full_name = NULL, user_metadata = '{}', app_metadata = '{}', identity_data = '{}', factors = '[]', deleted_at = "
    "$6, updated_at = "
    "$6, "
    "version = version + 1 WHERE id = $1 AND email = $2 AND new_email = $3 AND deleted_at = 0",
    NULL};

/* Behind account_bury in the same call: what is left of an account that is buried. */
#define BURIED "user_id = $1 AND EXISTS (SELECT 1 FROM account WHERE id = $1 AND deleted_at <> 0)"
const tripsage__statement tripsage__sql_session_end_buried = {"session_end_buried", "DELETE FROM session WHERE " BURIED,
                                                              NULL};
const tripsage__statement tripsage__sql_one_time_token_end_buried = {"one_time_token_end_buried",
                                                                     "DELETE FROM one_time_token WHERE " BURIED, NULL};
const tripsage__statement tripsage__sql_flow_state_end_buried = {"flow_state_end_buried",
                                                                 "DELETE FROM flow_state WHERE " BURIED, NULL};

/* Pages by their number. $1 rows, $2 passed over; they are counted off in an index. */
#define LISTED(direction)        " ORDER BY created_at " direction ", id " direction
#define PAGE_OF(from, direction) "SELECT id FROM " from LISTED(direction) " LIMIT $1 OFFSET $2"
#define ACCOUNT_PAGE(D, from, direction)                                                                               \
    "SELECT " ACCOUNT_COLUMNS " FROM account WHERE id " AMONG_##D(PAGE_OF(from, direction)) LISTED(direction)
#define AMONG_SQLITE(ids)   "IN (" ids ")"
#define AMONG_POSTGRES(ids) "= ANY (ARRAY(" ids "))"

const tripsage__statement tripsage__sql_account_list_newest = {
    "account_list_newest", ACCOUNT_PAGE(SQLITE, "account", "DESC"), ACCOUNT_PAGE(POSTGRES, "account", "DESC")};
const tripsage__statement tripsage__sql_account_list_oldest = {
    "account_list_oldest", ACCOUNT_PAGE(SQLITE, "account", "ASC"), ACCOUNT_PAGE(POSTGRES, "account", "ASC")};

/* $1: so far and no further. */
const tripsage__statement tripsage__sql_account_count = {
    "account_count", "SELECT count(*) FROM (SELECT id FROM account" LISTED("ASC") " LIMIT $1) counted", NULL};

/* Those with $3, in lower case, in address or name; of the first $4 of the list. */
#define FOUND(D, direction)                                                                                            \
    "(SELECT id, email, full_name, created_at FROM account" LISTED(direction) " LIMIT $4) looked WHERE " POSITION_##D  \
        "(email, $3) > 0 OR " POSITION_##D "(lower(full_name), $3) > 0"
#define POSITION_SQLITE   "instr"
#define POSITION_POSTGRES "strpos"
#define ACCOUNT_FIND(direction)                                                                                        \
    ACCOUNT_PAGE(SQLITE, FOUND(SQLITE, direction), direction),                                                         \
        ACCOUNT_PAGE(POSTGRES, FOUND(POSTGRES, direction), direction)
#define ACCOUNT_FIND_COUNT(direction)                                                                                  \
    "SELECT count(*) FROM " FOUND(SQLITE, direction), "SELECT count(*) FROM " FOUND(POSTGRES, direction)

const tripsage__statement tripsage__sql_account_find_newest = {"account_find_newest", ACCOUNT_FIND("DESC")};
const tripsage__statement tripsage__sql_account_find_oldest = {"account_find_oldest", ACCOUNT_FIND("ASC")};
const tripsage__statement tripsage__sql_account_find_count_newest = {"account_find_count_newest",
                                                                     ACCOUNT_FIND_COUNT("DESC")};
const tripsage__statement tripsage__sql_account_find_count_oldest = {"account_find_count_oldest",
                                                                     ACCOUNT_FIND_COUNT("ASC")};

/* ---- sessions ---- */

#define SESSION_START                                                                                                  \
    "INSERT INTO session (id, user_id, created_at, refreshed_at, not_after, amr, user_agent, address) "                \
    "SELECT $3, id, $4, $4, $5, $6, $7, $8 FROM account WHERE id = $1 AND password_version = $2"

const tripsage__statement tripsage__sql_session_start = {"session_start", SESSION_START, NULL};
/* Behind one_time_token_take: $9 hash, $10 by whom. */
const tripsage__statement tripsage__sql_session_start_by_token = {
    "session_start_by_token",
    SESSION_START " AND EXISTS (SELECT 1 FROM one_time_token WHERE hash = $9 AND taken_by = $10)", NULL};
/* Behind flow_state_take: $9 by whom. */
const tripsage__statement tripsage__sql_session_start_by_flow = {
    "session_start_by_flow", SESSION_START " AND EXISTS (SELECT 1 FROM flow_state WHERE auth_code = $9)", NULL};

const tripsage__statement tripsage__sql_session_end = {"session_end",
                                                       "DELETE FROM session WHERE id = $1 AND user_id = $2", NULL};
const tripsage__statement tripsage__sql_session_end_all = {"session_end_all", "DELETE FROM session WHERE user_id = $1",
                                                           NULL};
/* $2: the one that goes on, "" for none. */
const tripsage__statement tripsage__sql_session_end_others = {
    "session_end_others", "DELETE FROM session WHERE user_id = $1 AND id <> $2", NULL};

/* Behind one that starts $2 in the same call. */
const tripsage__statement tripsage__sql_session_end_earlier = {
    "session_end_earlier",
    "DELETE FROM session WHERE user_id = $1 AND id <> $2 AND EXISTS (SELECT 1 FROM session WHERE id = $2)", NULL};

/* Behind tripsage__sql_account_update in the same call. $3: the new hash, which is the account's where that held. */
const tripsage__statement tripsage__sql_session_end_outdated = {
    "session_end_outdated",
    "DELETE FROM session WHERE user_id = $1 AND id <> $2 "
    "AND EXISTS (SELECT 1 FROM account WHERE id = $1 AND password_hash = $3)",
    NULL};

/* The same of what mails carry; $2 is not looked at. */
const tripsage__statement tripsage__sql_one_time_token_end_outdated = {
    "one_time_token_end_outdated",
    "DELETE FROM one_time_token WHERE user_id = $1 "
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

/* $2: now. */
const tripsage__statement tripsage__sql_session_list = {
    "session_list",
    "SELECT " SESSION_COLUMNS " FROM session WHERE user_id = $1 AND (not_after = 0 OR not_after > $2) ORDER BY id DESC",
    NULL};

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

/* ---- the audit trail ----
 *
 * $7: whether to append only where something was changed. SQLite says of the statement before this one; a transaction of PostgreSQL has a
 * number from its first change on. There the function is the one way in, see the migration. */
#define AUDIT_COLUMNS "seq, at, action, actor, subject, address, detail, previous, hash"
#define LAST_LINK                                                                                                      \
    "(SELECT seq, hash FROM (SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1)"                                   \
    " UNION ALL SELECT 0, '0000000000000000000000000000000000000000000000000000000000000000' ORDER BY seq DESC LIMIT " \
    "1)"
const tripsage__statement tripsage__sql_audit_append = {
    "audit_append",
    "INSERT INTO audit (" AUDIT_COLUMNS ") SELECT p.seq + 1, $1, $2, $3, $4, $5, $6, p.hash, "
    "tripsage_sha256(p.hash || char(10) || (p.seq + 1) || char(10) || $1 || char(10) || $2 || char(10) || $3 || "
    "char(10) || $4 || char(10) || $5 || char(10) || $6) FROM " LAST_LINK " p WHERE $7 = 0 OR changes() > 0",
    "SELECT audit_append($1, $2, $3, $4, $5, $6) WHERE $7::bigint = 0 OR pg_current_xact_id_if_assigned() IS NOT NULL"};

const tripsage__statement tripsage__sql_audit_page = {
    "audit_page", "SELECT " AUDIT_COLUMNS " FROM audit WHERE seq < $1 ORDER BY seq DESC LIMIT $2", NULL};
const tripsage__statement tripsage__sql_audit_page_of_action = {
    "audit_page_of_action",
    "SELECT " AUDIT_COLUMNS " FROM audit WHERE action = $3 AND seq < $1 ORDER BY seq DESC LIMIT $2", NULL};
/* What $4 did, and what others did to him: each from an index of its own, which has them in this order. */
#define AUDIT_ARM(whose)                                                                                               \
    "SELECT * FROM (SELECT " AUDIT_COLUMNS " FROM audit WHERE " whose                                                  \
    " AND seq < $1 AND ($3 = '' OR action = $3) ORDER BY seq DESC LIMIT $2) arm"
const tripsage__statement tripsage__sql_audit_page_of_user = {
    "audit_page_of_user",
    "SELECT " AUDIT_COLUMNS " FROM (" AUDIT_ARM("actor = $4") " UNION ALL " AUDIT_ARM(
        "subject = $4 AND subject <> actor") ") found ORDER BY seq DESC LIMIT $2",
    NULL};
const tripsage__statement tripsage__sql_audit_last = {
    "audit_last", "SELECT seq FROM audit WHERE seq > 0 ORDER BY seq DESC LIMIT 1", NULL};
const tripsage__statement tripsage__sql_audit_walk = {
    "audit_walk", "SELECT " AUDIT_COLUMNS " FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2", NULL};

/* ---- API keys ---- */

/* Within the bound, and for an account that exists. $5: whom a scoped key acts for, or NULL. */
const tripsage__statement tripsage__sql_api_key_insert = {
    "api_key_insert",
    "INSERT INTO api_key (id, name, kind, scopes, user_id, hash, shown, life_ms, created_at, expires_at) "
    "SELECT $1, $2, $3, $4, $5, $6, $7, CAST($8 AS bigint), CAST($9 AS bigint), $9 + CAST($8 AS bigint) "
    "WHERE ($5 IS NULL OR EXISTS (SELECT 1 FROM account WHERE id = $5)) "
    "AND (SELECT count(*) FROM (SELECT 1 FROM api_key WHERE revoked_at IS NULL LIMIT 1000) live) < 1000 "
    "ON CONFLICT DO NOTHING",
    NULL};

/* What tells why there is none: $1 the account, $2 the kind, $3 the name. */
const tripsage__statement tripsage__sql_api_key_look = {
    "api_key_look",
    "SELECT $1 IS NULL OR EXISTS (SELECT 1 FROM account WHERE id = $1), "
    "EXISTS (SELECT 1 FROM api_key WHERE COALESCE(user_id, '') = COALESCE($1, '') AND kind = $2 AND name = $3 "
    "AND revoked_at IS NULL AND replaced_by IS NULL)",
    NULL};

#define API_KEY_COLUMNS                                                                                                \
    "id, name, kind, scopes, user_id, shown, created_at, expires_at, last_used_at, revoked_at, replaced_by"

const tripsage__statement tripsage__sql_api_key_list = {
    "api_key_list", "SELECT " API_KEY_COLUMNS " FROM api_key WHERE id > '' ORDER BY id DESC LIMIT 1000", NULL};
const tripsage__statement tripsage__sql_api_key_by_id = {"api_key_by_id",
                                                         "SELECT " API_KEY_COLUMNS " FROM api_key WHERE id = $1", NULL};
const tripsage__statement tripsage__sql_api_key_defaults = {
    "api_key_defaults",
    "SELECT " API_KEY_COLUMNS " FROM api_key WHERE COALESCE(user_id, '') = '' AND kind IN ('publishable', 'secret') "
    "AND name = 'default' AND revoked_at IS NULL AND replaced_by IS NULL",
    NULL};
/* With how its user stands. An account that is deleted for good takes its keys along. */
const tripsage__statement tripsage__sql_api_key_by_hash = {
    "api_key_by_hash",
    "SELECT " API_KEY_COLUMNS ", (SELECT banned_until FROM account WHERE account.id = api_key.user_id), "
    "(SELECT deleted_at FROM account WHERE account.id = api_key.user_id) FROM api_key WHERE hash = $1",
    NULL};

/* At most one write a minute. */
const tripsage__statement tripsage__sql_api_key_used = {
    "api_key_used",
    "UPDATE api_key SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at <= $2 - 60000)",
    NULL};

/* $2 the new key, $3 now, $4 when the old one ends. In this order: the old one gives its name away first. */
const tripsage__statement tripsage__sql_api_key_replace = {
    "api_key_replace",
    "UPDATE api_key SET replaced_by = $2, expires_at = CASE WHEN expires_at < $4 THEN expires_at ELSE $4 END "
    "WHERE id = $1 AND revoked_at IS NULL AND replaced_by IS NULL AND (expires_at IS NULL OR expires_at > $3)",
    NULL};
const tripsage__statement tripsage__sql_api_key_successor = {
    "api_key_successor",
    "INSERT INTO api_key (id, name, kind, scopes, user_id, hash, shown, life_ms, created_at, expires_at) "
    "SELECT $2, name, kind, scopes, user_id, $4, $5, life_ms, CAST($3 AS bigint), $3 + life_ms FROM api_key "
    "WHERE id = $1 AND replaced_by = $2",
    NULL};

const tripsage__statement tripsage__sql_api_key_revoke = {
    "api_key_revoke", "UPDATE api_key SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL", NULL};

/* ---- users' secrets ---- */

/* $2 user, $3 name, $4 sealed, $5 hint, $6 now, $7 how many at most. The id stays with the row, $1 is for a new one. */
const tripsage__statement tripsage__sql_user_secret_put = {
    "user_secret_put",
    "INSERT INTO user_secret (id, user_id, name, value, hint, created_at, updated_at) "
    "SELECT $1, a.id, $3, $4, $5, CAST($6 AS bigint), CAST($6 AS bigint) FROM account a WHERE a.id = $2 "
    "AND (EXISTS (SELECT 1 FROM user_secret WHERE user_id = $2 AND name = $3) "
    "OR (SELECT count(*) FROM user_secret WHERE user_id = $2) < $7) "
    "ON CONFLICT (user_id, name) DO UPDATE SET value = excluded.value, hint = excluded.hint, "
    "updated_at = excluded.updated_at",
    NULL};
const tripsage__statement tripsage__sql_user_secret_get = {
    "user_secret_get", "SELECT value FROM user_secret WHERE user_id = $1 AND name = $2", NULL};
const tripsage__statement tripsage__sql_user_secret_list = {
    "user_secret_list", "SELECT name, hint, created_at, updated_at FROM user_secret WHERE user_id = $1 ORDER BY name",
    NULL};
const tripsage__statement tripsage__sql_user_secret_delete = {
    "user_secret_delete", "DELETE FROM user_secret WHERE user_id = $1 AND name = $2", NULL};

/* What is sealed under another key than today's, in the order of the ids: $1 how today's begins, $2 the id before, $3 how many. */
const tripsage__statement tripsage__sql_user_secret_stale = {
    "user_secret_stale",
    "SELECT id, value, 'user_secret:' || user_id || ':' || name FROM user_secret "
    "WHERE id > $2 AND substr(value, 1, 24) <> $1 ORDER BY id LIMIT $3",
    NULL};
/* Not where it was changed meanwhile: what changed it sealed it under today's key. */
const tripsage__statement tripsage__sql_user_secret_reseal = {
    "user_secret_reseal", "UPDATE user_secret SET value = $3 WHERE id = $1 AND value = $2", NULL};

/* ---- signing keys ---- */

/* $1: now. */
const tripsage__statement tripsage__sql_signing_key_list = {
    "signing_key_list",
    "SELECT kid, alg, state, private_key, public_key, created_at, rotated_at, expires_at FROM signing_key "
    "WHERE expires_at IS NULL OR expires_at > $1 ORDER BY created_at, kid",
    NULL};

/* Nothing when there is one in this state: of several who make a database's first keys at once, the first one does. */
const tripsage__statement tripsage__sql_signing_key_insert = {
    "signing_key_insert",
    "INSERT INTO signing_key (kid, alg, state, private_key, public_key, created_at) SELECT $1, $2, $3, $4, $5, $6 "
    "WHERE NOT EXISTS (SELECT 1 FROM signing_key WHERE alg = $2 AND state = $3) ON CONFLICT DO NOTHING",
    NULL};

const tripsage__statement tripsage__sql_signing_key_purge = {"signing_key_purge",
                                                             "DELETE FROM signing_key WHERE expires_at <= $1", NULL};

/* Retires the current key $1 of the algorithm $2, if another may follow it: $3 now, $4 when its tokens are over, $5 how many keys there may
 * be. */
const tripsage__statement tripsage__sql_signing_key_retire = {
    "signing_key_retire",
    "UPDATE signing_key SET state = 'previous', private_key = NULL, rotated_at = $3, expires_at = $4 "
    "WHERE kid = $1 AND alg = $2 AND state = 'current' AND (SELECT count(*) FROM signing_key) < $5 "
    "AND EXISTS (SELECT 1 FROM signing_key WHERE alg = $2 AND state = 'standby')",
    NULL};

/* $1 the algorithm, $2 now. */
const tripsage__statement tripsage__sql_signing_key_promote = {
    "signing_key_promote",
    "UPDATE signing_key SET state = 'current', rotated_at = $2 WHERE alg = $1 AND state = 'standby' "
    "AND NOT EXISTS (SELECT 1 FROM signing_key WHERE alg = $1 AND state = 'current')",
    NULL};

/* As user_secret_stale and user_secret_reseal. */
const tripsage__statement tripsage__sql_signing_key_stale = {
    "signing_key_stale",
    "SELECT kid, private_key, 'signing_key:' || kid FROM signing_key "
    "WHERE kid > $2 AND substr(private_key, 1, 24) <> $1 ORDER BY kid LIMIT $3",
    NULL};
const tripsage__statement tripsage__sql_signing_key_reseal = {
    "signing_key_reseal", "UPDATE signing_key SET private_key = $3 WHERE kid = $1 AND private_key = $2", NULL};

/* ---- second factors ---- */

/* What User shows of them, into the account they are of: last, behind every change of one. $2: the account. */
#define FACTOR_TIME_SQLITE(column)                                                                                     \
    "strftime('%Y-%m-%dT%H:%M:%S', " column " / 1000, 'unixepoch') || printf('.%03dZ', " column " % 1000)"
#define FACTOR_TIME_POSTGRES(column)                                                                                   \
    "to_char(to_timestamp(" column " / 1000) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS') || '.' || "              \
    "lpad((" column " % 1000)::text, 3, '0') || 'Z'"
#define FACTOR_MEMBERS(TIME)                                                                                           \
    "'id', id, 'created_at', " TIME("created_at") ", 'updated_at', " TIME(                                             \
        "updated_at") ", 'status', status, 'friendly_name', friendly_name, 'factor_type', 'totp', 'phone', '', "       \
                      "'last_challenged_at', "                                                                         \
                      "CASE WHEN last_challenged_at > 0 THEN " TIME("last_challenged_at") " END"

const tripsage__statement tripsage__sql_account_factors = {
    "account_factors",
    "UPDATE account SET factors = (SELECT json_group_array(json_patch('{}', json_object(" FACTOR_MEMBERS(
        FACTOR_TIME_SQLITE) "))) FROM (SELECT * FROM factor WHERE user_id = $2 ORDER BY id)) WHERE id = $2",
    "UPDATE account SET factors = COALESCE((SELECT CAST(json_agg(json_strip_nulls(json_build_object(" FACTOR_MEMBERS(
        FACTOR_TIME_POSTGRES) ")) ORDER BY id) AS text) FROM factor WHERE user_id = $2), '[]') WHERE id = $2"};

/* Of the user $2: whether he has a factor that counts, and whether the session $3 was authenticated by one. */
#define HAS_FACTOR "EXISTS (SELECT 1 FROM factor WHERE user_id = $2 AND status = 'verified')"
#define IS_STRONG  "EXISTS (SELECT 1 FROM session WHERE id = $3 AND user_id = $2 AND aal = 2)"

/* Enrolment: $1 the factor, $2 user, $3 session, $4 name, $5 sealed secret, $6 now, $7 how many there may be, $8 up to when one that was
 * not verified is taken for given up. */
const tripsage__statement tripsage__sql_factor_give_up = {
    "factor_give_up", "DELETE FROM factor WHERE user_id = $2 AND status = 'unverified' AND created_at < $8", NULL};

#define FACTOR_NAMED "EXISTS (SELECT 1 FROM factor WHERE user_id = $2 AND friendly_name = $4 AND friendly_name <> '')"
#define FACTOR_COUNT "(SELECT count(*) FROM factor WHERE user_id = $2)"
const tripsage__statement tripsage__sql_factor_look = {
    "factor_look", "SELECT " FACTOR_COUNT ", " FACTOR_NAMED ", " HAS_FACTOR ", " IS_STRONG, NULL};

const tripsage__statement tripsage__sql_factor_insert = {
    "factor_insert",
    "INSERT INTO factor (id, user_id, friendly_name, status, secret, created_at, updated_at) "
    "SELECT $1, id, $4, 'unverified', $5, $6, $6 FROM account WHERE id = $2 AND " FACTOR_COUNT
    " < $7 AND NOT " FACTOR_NAMED " AND (NOT " HAS_FACTOR " OR " IS_STRONG ")",
    NULL};

/* A challenge: $1 its id, $2 user, $3 factor, $4 now, $5 where from, $6 up to when older ones are kept. */
const tripsage__statement tripsage__sql_challenge_insert = {
    "challenge_insert",
    "INSERT INTO challenge (id, factor_id, created_at, address) SELECT $1, id, $4, $5 FROM factor WHERE id = $3 AND "
    "user_id = $2",
    NULL};
const tripsage__statement tripsage__sql_factor_challenged = {
    "factor_challenged", "UPDATE factor SET last_challenged_at = $4 WHERE id = $3 AND user_id = $2", NULL};
const tripsage__statement tripsage__sql_challenge_purge = {
    "challenge_purge",
    "DELETE FROM challenge WHERE factor_id = $3 AND created_at < $6 "
    "AND EXISTS (SELECT 1 FROM factor WHERE id = $3 AND user_id = $2)",
    NULL};

const tripsage__statement tripsage__sql_factor_by_id = {
    "factor_by_id", "SELECT secret, last_step FROM factor WHERE id = $1 AND user_id = $2", NULL};
const tripsage__statement tripsage__sql_challenge_by_id = {
    "challenge_by_id", "SELECT created_at, verified_at, address FROM challenge WHERE id = $1 AND factor_id = $2", NULL};

/* Raising a session: $1 the session, $2 user, $3 its refresh counter as it was read, $4 its methods from now on, $5 factor or NULL, $6
 * now, $7 and $8 where from, $9 the step of the code, $10 challenge; without a factor the hash of the recovery code. */
#define SESSION_RAISE                                                                                                  \
    "UPDATE session SET aal = 2, amr = $4, factor_id = $5, refresh_counter = refresh_counter + 1, refreshed_at = $6, " \
    "user_agent = $7, address = $8 WHERE id = $1 AND user_id = $2 AND refresh_counter = $3 AND "
const tripsage__statement tripsage__sql_session_raise = {
    "session_raise",
    SESSION_RAISE "EXISTS (SELECT 1 FROM factor WHERE id = $5 AND user_id = $2 AND last_step < $9) "
                  "AND EXISTS (SELECT 1 FROM challenge WHERE id = $10 AND factor_id = $5 AND verified_at = 0)",
    NULL};
const tripsage__statement tripsage__sql_session_raise_by_code = {
    "session_raise_by_code",
    SESSION_RAISE "EXISTS (SELECT 1 FROM recovery_code WHERE user_id = $2 AND hash = $10 AND used_at = 0)", NULL};

/* Behind it in the same call. */
#define IS_RAISED                                                                                                      \
    "EXISTS (SELECT 1 FROM session WHERE id = $1 AND user_id = $2 AND refresh_counter = $3 + 1 AND amr = $4)"
const tripsage__statement tripsage__sql_factor_verified = {
    "factor_verified",
    "UPDATE factor SET status = 'verified', last_step = $9, updated_at = $6 WHERE id = $5 AND last_step < $9 "
    "AND " IS_RAISED,
    NULL};
const tripsage__statement tripsage__sql_challenge_verified = {
    "challenge_verified", "UPDATE challenge SET verified_at = $6 WHERE id = $10 AND factor_id = $5 AND " IS_RAISED,
    NULL};
const tripsage__statement tripsage__sql_factor_end_unverified = {
    "factor_end_unverified", "DELETE FROM factor WHERE user_id = $2 AND status = 'unverified' AND " IS_RAISED, NULL};
const tripsage__statement tripsage__sql_recovery_code_used = {
    "recovery_code_used",
    "UPDATE recovery_code SET used_at = $6 WHERE user_id = $2 AND hash = $10 AND used_at = 0 AND " IS_RAISED, NULL};
const tripsage__statement tripsage__sql_session_end_weaker = {
    "session_end_weaker", "DELETE FROM session WHERE user_id = $2 AND aal < 2 AND " IS_RAISED, NULL};

/* Unenrolment: $1 the factor, $2 user, $3 session. */
const tripsage__statement tripsage__sql_factor_delete_look = {
    "factor_delete_look", "SELECT 1 FROM factor WHERE id = $1 AND user_id = $2", NULL};
const tripsage__statement tripsage__sql_factor_delete = {
    "factor_delete", "DELETE FROM factor WHERE id = $1 AND user_id = $2 AND (status = 'unverified' OR " IS_STRONG ")",
    NULL};
const tripsage__statement tripsage__sql_factor_delete_any = {"factor_delete_any",
                                                             "DELETE FROM factor WHERE id = $1 AND user_id = $2", NULL};
/* Behind it: what stood on the factor alone. */
const tripsage__statement tripsage__sql_session_lower = {
    "session_lower",
    "UPDATE session SET aal = 1, factor_id = NULL WHERE user_id = $2 AND aal = 2 AND (factor_id = $1 OR NOT " HAS_FACTOR
    ") AND NOT EXISTS (SELECT 1 FROM factor WHERE id = $1)",
    NULL};
const tripsage__statement tripsage__sql_recovery_code_end = {
    "recovery_code_end", "DELETE FROM recovery_code WHERE user_id = $2 AND NOT " HAS_FACTOR, NULL};

/* $1 the factor, $2 user, $3 its new name, $4 now. */
const tripsage__statement tripsage__sql_factor_rename = {
    "factor_rename", "UPDATE factor SET friendly_name = $3, updated_at = $4 WHERE id = $1 AND user_id = $2", NULL};

/* Recovery codes: $1 JSON array of hashes, $2 user, $3 session. */
const tripsage__statement tripsage__sql_recovery_code_look = {"recovery_code_look", "SELECT " HAS_FACTOR ", " IS_STRONG,
                                                              NULL};
#define MAY_HAVE_CODES HAS_FACTOR " AND " IS_STRONG
const tripsage__statement tripsage__sql_recovery_code_replace = {
    "recovery_code_replace", "DELETE FROM recovery_code WHERE user_id = $2 AND " MAY_HAVE_CODES, NULL};
const tripsage__statement tripsage__sql_recovery_code_insert = {
    "recovery_code_insert",
    "INSERT INTO recovery_code (user_id, hash) SELECT $2, value FROM json_each($1) WHERE " MAY_HAVE_CODES,
    "INSERT INTO recovery_code (user_id, hash) SELECT $2, value FROM json_array_elements_text(CAST($1 AS json)) "
    "WHERE " MAY_HAVE_CODES};

/* Of an account that is buried: see session_end_buried. */
const tripsage__statement tripsage__sql_factor_end_buried = {"factor_end_buried", "DELETE FROM factor WHERE " BURIED,
                                                             NULL};
const tripsage__statement tripsage__sql_recovery_code_end_buried = {"recovery_code_end_buried",
                                                                    "DELETE FROM recovery_code WHERE " BURIED, NULL};

/* ---- mails that are asked for ----
 *
 * Who asks does so in the same statements whether anybody is known under the address or not. The first writes that this one may go, if none
 * went a moment ago; the others follow where it did: the hash of its token tells it from others. */

const tripsage__statement tripsage__sql_mail_asked = {"mail_asked",
                                                      "SELECT asked_at FROM mail_request WHERE recipient = $1", NULL};

/* $3 now; $4 when the one before may have been asked for at the latest. One that comes from the future is the clock's mistake. */
const tripsage__statement tripsage__sql_mail_ask = {
    "mail_ask",
    "INSERT INTO mail_request (recipient, hash, asked_at) VALUES ($1, $2, $3) ON CONFLICT (recipient) "
    "DO UPDATE SET hash = excluded.hash, asked_at = excluded.asked_at "
    "WHERE mail_request.asked_at <= $4 OR mail_request.asked_at > $3",
    NULL};

/* As account_insert, where the mail goes: $16 to whom, $17 its hash. */
const tripsage__statement tripsage__sql_account_insert_asked = {
    "account_insert_asked",
    "INSERT INTO account (" INSERTED_COLUMNS ") SELECT " INSERTED_VALUES
    " WHERE EXISTS (SELECT 1 FROM mail_request WHERE recipient = $16 AND hash = $17) ON CONFLICT (email) DO NOTHING",
    NULL};

/* $1 what the account has in its address's place; $2 purpose; $3 now; $4 to whom the mail goes, or NULL for one that is not asked for by
 * anybody; $5 its hash; $6 1: only to who has confirmed his address, 0: only to who has not, -1: to both; $7 the new address, or NULL. */
#define ACCOUNT_OF_MAIL                                                                                                \
    "email = $1 AND deleted_at = 0 "                                                                                   \
    "AND ($4 IS NULL OR EXISTS (SELECT 1 FROM mail_request WHERE recipient = $4 AND hash = $5)) "                      \
    "AND ($6 < 0 OR ($6 = 1 AND email_confirmed_at > 0) OR ($6 = 0 AND email_confirmed_at = 0))"

const tripsage__statement tripsage__sql_account_mailed = {
    "account_mailed",
    "UPDATE account SET updated_at = $3"
    ", confirmation_sent_at = CASE WHEN $2 = 'confirmation' THEN $3 ELSE confirmation_sent_at END"
    ", recovery_sent_at = CASE WHEN $2 = 'recovery' THEN $3 ELSE recovery_sent_at END"
    ", email_change_sent_at = CASE WHEN $7 IS NULL THEN email_change_sent_at ELSE $3 END"
    ", reauthentication_sent_at = CASE WHEN $2 = 'reauthentication' THEN $3 ELSE reauthentication_sent_at END"
    ", new_email = COALESCE($7, new_email)"
    ", new_email_confirmed = CASE WHEN $7 IS NULL THEN new_email_confirmed ELSE 0 END, version = version + 1 "
    "WHERE " ACCOUNT_OF_MAIL,
    NULL};

/* Behind it, with the same parameters. $8 the token's hash; $9 whom it is sent to. */
const tripsage__statement tripsage__sql_one_time_token_put = {
    "one_time_token_put",
    "INSERT INTO one_time_token (user_id, purpose, address, hash, created_at) "
    "SELECT id, $2, $9, $8, $3 FROM account WHERE " ACCOUNT_OF_MAIL " AND ($7 IS NULL OR new_email = $7) "
    "ON CONFLICT (user_id, purpose) DO UPDATE SET address = excluded.address, hash = excluded.hash, "
    "created_at = excluded.created_at, attempts = 0, taken_by = ''",
    NULL};

/* Behind it. $1 the token's hash. */
const tripsage__statement tripsage__sql_flow_state_put = {
    "flow_state_put",
    "INSERT INTO flow_state (id, user_id, purpose, auth_code, challenge, method, amr_method, created_at) "
    "SELECT $2, user_id, purpose, $3, $4, $5, $6, $7 FROM one_time_token WHERE hash = $1",
    NULL};

/* ---- codes and links that are used up ----
 *
 * one_time_token_take writes into the token who uses it up, and locks its account, in which nothing has changed since it was read: one of
 * many that come at once. The others follow where it did. */

#define TOKEN_OF(columns)                                                                                              \
    "SELECT " columns " FROM one_time_token t JOIN account a ON a.id = t.user_id WHERE t.hash IN ($1, $2, $3, $4) "    \
    "ORDER BY t.hash LIMIT 1"

/* The token that has one of four hashes. In the order otp_verify.c takes them. */
const tripsage__statement tripsage__sql_one_time_token_find = {
    "one_time_token_find",
    TOKEN_OF("t.hash, t.purpose, t.address, t.created_at, t.attempts, a.version, "
             "EXISTS (SELECT 1 FROM account o WHERE o.email = a.new_email)"),
    NULL};
const tripsage__statement tripsage__sql_account_by_token = {
    "account_by_token", "SELECT " ACCOUNT_COLUMNS " FROM account WHERE id = (" TOKEN_OF("t.user_id") ")", NULL};
/* The flow it goes with: the last one begun. The two tokens of a change of address share one. */
const tripsage__statement tripsage__sql_flow_state_by_token = {
    "flow_state_by_token",
    "SELECT id, auth_code FROM flow_state WHERE id = (SELECT max(f.id) FROM flow_state f "
    "JOIN one_time_token t ON f.user_id = t.user_id "
    "AND f.purpose = CASE t.purpose WHEN 'email_change_current' THEN 'email_change_new' ELSE t.purpose END "
    "WHERE t.hash IN ($1, $2, $3, $4) AND f.issued_at = 0)",
    NULL};

/* $2 by whom; $3 its time is over when it is from then or before; $4 how many wrong codes are too many; $5 the account's version; $6 the
 * address it moves to, or NULL. */
#define TOKEN_TAKE(lock)                                                                                               \
    "UPDATE one_time_token SET taken_by = $2 WHERE hash = $1 AND taken_by = '' AND created_at > $3 AND attempts < $4 " \
    "AND (SELECT version FROM account WHERE id = one_time_token.user_id" lock ") = $5 "                                \
    "AND ($6 IS NULL OR NOT EXISTS (SELECT 1 FROM account WHERE email = $6))"
const tripsage__statement tripsage__sql_one_time_token_take = {"one_time_token_take", TOKEN_TAKE(""),
                                                               TOKEN_TAKE(" FOR UPDATE")};

#define TOKEN_2_TAKEN_BY_3 "EXISTS (SELECT 1 FROM one_time_token WHERE hash = $2 AND taken_by = $3)"

/* $4 now; $17 1: what mails were sent is forgotten. */
const tripsage__statement tripsage__sql_account_settle = {
    "account_settle",
    "UPDATE account SET email = $5, new_email = $6, new_email_confirmed = $7, email_confirmed_at = $8"
    ", user_metadata = $9, app_metadata = $10, identity_id = $11, identity_data = $12, identity_created_at = $13"
    ", identity_updated_at = $14, last_sign_in_at = $15, is_anonymous = $16, updated_at = $4, version = version + 1"
    ", confirmation_sent_at = CASE WHEN $17 = 1 THEN 0 ELSE confirmation_sent_at END"
    ", recovery_sent_at = CASE WHEN $17 = 1 THEN 0 ELSE recovery_sent_at END"
    ", email_change_sent_at = CASE WHEN $17 = 1 THEN 0 ELSE email_change_sent_at END"
    ", reauthentication_sent_at = CASE WHEN $17 = 1 THEN 0 ELSE reauthentication_sent_at END"
    " WHERE id = $1 AND " TOKEN_2_TAKEN_BY_3,
    NULL};

/* $1 which; $4 now. */
const tripsage__statement tripsage__sql_flow_state_issue = {
    "flow_state_issue", "UPDATE flow_state SET issued_at = $4 WHERE id = $1 AND issued_at = 0 AND " TOKEN_2_TAKEN_BY_3,
    NULL};

/* $1 whose; $4 1: whatever else was sent to him is of no use any more, either. */
const tripsage__statement tripsage__sql_one_time_token_drop = {
    "one_time_token_drop",
    "DELETE FROM one_time_token WHERE user_id = $1 AND ($4 = 1 OR hash = $2) AND " TOKEN_2_TAKEN_BY_3, NULL};

/* Behind account_update: a guest gets an address. $3 now; $4 id of his identity, $5 its data; $6 the account's version before. */
#define ACCOUNT_ADOPT(D)                                                                                               \
    "UPDATE account SET email = $2, new_email = '', email_confirmed_at = $3, is_anonymous = 0, identity_id = $4, "     \
    "identity_data = $5, identity_created_at = $3, identity_updated_at = $3, updated_at = $3, user_metadata "          \
    "= " TRIPSAGE__##D##_MERGE(                                                                                        \
        "user_metadata", "'{\"email_verified\":true}'") ", version = version + 1 "                                     \
                                                        "WHERE id = $1 AND is_anonymous = 1 AND version > $6 AND NOT " \
                                                        "EXISTS (SELECT 1 FROM account WHERE email = $2)"
const tripsage__statement tripsage__sql_account_adopt = {"account_adopt", ACCOUNT_ADOPT(SQLITE),
                                                         ACCOUNT_ADOPT(POSTGRES)};

/* What is asked of an account before its address or its password changes: its version, and whether somebody has the address $2. */
const tripsage__statement tripsage__sql_account_look = {
    "account_look", "SELECT version, EXISTS (SELECT 1 FROM account WHERE email = $2) FROM account WHERE id = $1", NULL};

/* A wrong code: $1 the address that was given with it, $2 and $3 the purposes. */
const tripsage__statement tripsage__sql_one_time_token_miss = {
    "one_time_token_miss",
    "UPDATE one_time_token SET attempts = attempts + 1 WHERE address = $1 AND purpose IN ($2, $3)", NULL};

/* ---- codes that are exchanged for a session ---- */

const tripsage__statement tripsage__sql_flow_state_find = {
    "flow_state_find",
    "SELECT challenge, method, amr_method, issued_at FROM flow_state WHERE auth_code = $1 AND issued_at > 0", NULL};
const tripsage__statement tripsage__sql_account_by_flow = {
    "account_by_flow",
    "SELECT " ACCOUNT_COLUMNS " FROM account WHERE id = (SELECT user_id FROM flow_state WHERE auth_code = $1)", NULL};
/* $2: by whom, which is its code from now on. */
const tripsage__statement tripsage__sql_flow_state_take = {
    "flow_state_take", "UPDATE flow_state SET auth_code = $2 WHERE auth_code = $1 AND issued_at > 0", NULL};
const tripsage__statement tripsage__sql_flow_state_drop = {"flow_state_drop",
                                                           "DELETE FROM flow_state WHERE auth_code = $1", NULL};

/* ---- past their time ---- */

#define OLDEST_OF(key, table, when)                                                                                    \
    "SELECT " key " FROM " table " WHERE " when " > 0 AND " when " <= $1 ORDER BY " when " LIMIT $2"
#define PURGE_OF(key, table, when)                                                                                     \
    "DELETE FROM " table " WHERE " key " IN (" OLDEST_OF(key, table, when) ")",                                        \
        "DELETE FROM " table " WHERE " key " = ANY (ARRAY(" OLDEST_OF(key, table, when) "))"
const tripsage__statement tripsage__sql_one_time_token_purge = {"one_time_token_purge",
                                                                PURGE_OF("hash", "one_time_token", "created_at")};
const tripsage__statement tripsage__sql_flow_state_purge = {"flow_state_purge",
                                                            PURGE_OF("id", "flow_state", "created_at")};
const tripsage__statement tripsage__sql_mail_request_purge = {"mail_request_purge",
                                                              PURGE_OF("recipient", "mail_request", "asked_at")};

/* clang-format off */
static const tripsage__statement *const all[] = {
    &tripsage__sql_account_insert,
    &tripsage__sql_account_by_email,
    &tripsage__sql_account_by_id,
    &tripsage__sql_account_by_session,
    &tripsage__sql_account_signed_in,
    &tripsage__sql_account_strength_look,
    &tripsage__sql_account_merge_look,
    &tripsage__sql_account_update,
    &tripsage__sql_account_ban,
    &tripsage__sql_account_admin_look,
    &tripsage__sql_account_admin_update,
    &tripsage__sql_account_invited,
    &tripsage__sql_account_delete,
    &tripsage__sql_account_delete_words,
    &tripsage__sql_account_bury_words,
    &tripsage__sql_account_bury,
    &tripsage__sql_session_end_buried,
    &tripsage__sql_one_time_token_end_buried,
    &tripsage__sql_flow_state_end_buried,
    &tripsage__sql_account_list_newest,
    &tripsage__sql_account_list_oldest,
    &tripsage__sql_account_count,
    &tripsage__sql_account_find_newest,
    &tripsage__sql_account_find_oldest,
    &tripsage__sql_account_find_count_newest,
    &tripsage__sql_account_find_count_oldest,
    &tripsage__sql_session_start,
    &tripsage__sql_session_start_by_token,
    &tripsage__sql_session_start_by_flow,
    &tripsage__sql_session_end,
    &tripsage__sql_session_end_all,
    &tripsage__sql_session_end_others,
    &tripsage__sql_session_end_earlier,
    &tripsage__sql_session_end_outdated,
    &tripsage__sql_one_time_token_end_outdated,
    &tripsage__sql_session_alive,
    &tripsage__sql_session_by_id,
    &tripsage__sql_session_list,
    &tripsage__sql_session_refresh,
    &tripsage__sql_session_purge,
    &tripsage__sql_audit_append,
    &tripsage__sql_audit_page,
    &tripsage__sql_audit_page_of_action,
    &tripsage__sql_audit_page_of_user,
    &tripsage__sql_audit_last,
    &tripsage__sql_audit_walk,
    &tripsage__sql_api_key_insert,
    &tripsage__sql_api_key_look,
    &tripsage__sql_api_key_list,
    &tripsage__sql_api_key_by_id,
    &tripsage__sql_api_key_defaults,
    &tripsage__sql_api_key_by_hash,
    &tripsage__sql_api_key_used,
    &tripsage__sql_api_key_replace,
    &tripsage__sql_api_key_successor,
    &tripsage__sql_api_key_revoke,
    &tripsage__sql_user_secret_put,
    &tripsage__sql_user_secret_get,
    &tripsage__sql_user_secret_list,
    &tripsage__sql_user_secret_delete,
    &tripsage__sql_user_secret_stale,
    &tripsage__sql_user_secret_reseal,
    &tripsage__sql_signing_key_list,
    &tripsage__sql_signing_key_insert,
    &tripsage__sql_signing_key_purge,
    &tripsage__sql_signing_key_retire,
    &tripsage__sql_signing_key_promote,
    &tripsage__sql_signing_key_stale,
    &tripsage__sql_signing_key_reseal,
    &tripsage__sql_account_factors,
    &tripsage__sql_factor_give_up,
    &tripsage__sql_factor_look,
    &tripsage__sql_factor_insert,
    &tripsage__sql_challenge_insert,
    &tripsage__sql_factor_challenged,
    &tripsage__sql_challenge_purge,
    &tripsage__sql_factor_by_id,
    &tripsage__sql_challenge_by_id,
    &tripsage__sql_session_raise,
    &tripsage__sql_session_raise_by_code,
    &tripsage__sql_factor_verified,
    &tripsage__sql_challenge_verified,
    &tripsage__sql_factor_end_unverified,
    &tripsage__sql_recovery_code_used,
    &tripsage__sql_session_end_weaker,
    &tripsage__sql_factor_delete_look,
    &tripsage__sql_factor_delete,
    &tripsage__sql_factor_delete_any,
    &tripsage__sql_session_lower,
    &tripsage__sql_recovery_code_end,
    &tripsage__sql_factor_rename,
    &tripsage__sql_recovery_code_look,
    &tripsage__sql_recovery_code_replace,
    &tripsage__sql_recovery_code_insert,
    &tripsage__sql_factor_end_buried,
    &tripsage__sql_recovery_code_end_buried,
    &tripsage__sql_mail_asked,
    &tripsage__sql_mail_ask,
    &tripsage__sql_account_insert_asked,
    &tripsage__sql_account_mailed,
    &tripsage__sql_one_time_token_put,
    &tripsage__sql_flow_state_put,
    &tripsage__sql_one_time_token_find,
    &tripsage__sql_account_by_token,
    &tripsage__sql_flow_state_by_token,
    &tripsage__sql_one_time_token_take,
    &tripsage__sql_account_settle,
    &tripsage__sql_flow_state_issue,
    &tripsage__sql_one_time_token_drop,
    &tripsage__sql_account_adopt,
    &tripsage__sql_account_look,
    &tripsage__sql_one_time_token_miss,
    &tripsage__sql_flow_state_find,
    &tripsage__sql_account_by_flow,
    &tripsage__sql_flow_state_take,
    &tripsage__sql_flow_state_drop,
    &tripsage__sql_one_time_token_purge,
    &tripsage__sql_flow_state_purge,
    &tripsage__sql_mail_request_purge,
};
/* clang-format on */

const tripsage__statement *const *tripsage__auth_statements(size_t *count)
{
    *count = sizeof all / sizeof all[0];
    return all;
}
