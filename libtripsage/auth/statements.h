/* auth/statements.h: the SQL of the room. */
#ifndef TRIPSAGE_AUTH_STATEMENTS_H
#define TRIPSAGE_AUTH_STATEMENTS_H

#include "store/store.h"

extern const tripsage__statement tripsage__sql_account_insert;
extern const tripsage__statement tripsage__sql_account_by_email;
extern const tripsage__statement tripsage__sql_account_by_id;
extern const tripsage__statement tripsage__sql_account_by_session;
extern const tripsage__statement tripsage__sql_account_signed_in;
extern const tripsage__statement tripsage__sql_account_merge_look;
extern const tripsage__statement tripsage__sql_account_update;
extern const tripsage__statement tripsage__sql_session_start;
extern const tripsage__statement tripsage__sql_session_end;
extern const tripsage__statement tripsage__sql_session_end_all;
extern const tripsage__statement tripsage__sql_session_end_others;
extern const tripsage__statement tripsage__sql_session_end_outdated;
extern const tripsage__statement tripsage__sql_session_alive;
extern const tripsage__statement tripsage__sql_session_by_id;
extern const tripsage__statement tripsage__sql_session_list;
extern const tripsage__statement tripsage__sql_session_refresh;
extern const tripsage__statement tripsage__sql_session_purge;

/* How many sessions one tripsage__sql_session_purge deletes at most: a few milliseconds in which other writers wait. */
#define TRIPSAGE__SESSION_PURGE_BATCH 1000

#endif
