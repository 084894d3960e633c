/* auth/audit.h: the audit trail: who did what, append-only, each row chained to the one before it by its hash.
 *
 * A row is a step of the call that it tells of, so both are there or neither:
 *
 *     tripsage__audit_entry entry;
 *     const tripsage__audit_event event = {.action = "user_signedup", .actor = id, .subject = id, .if_changed = 1};
 *     tripsage__step steps[] = {{&tripsage__sql_account_insert, ...}, tripsage__audit_step(&entry, auth->env, &event)};
 *
 * Put it behind what it tells of, as late as may be: on PostgreSQL whoever appends waits for the one before him to commit, and is then
 * run again, so it is one durable commit at a time for all servers together: some 500 a second where a commit costs nothing, fewer than
 * a disk syncs where it does. On SQLite all writes share commits, and it costs an insert. A sign-in costs a processor 40 ms of hashing,
 * so it has room; what happens much more often, such as a refreshed token, has none. */
#ifndef TRIPSAGE_AUTH_AUDIT_H
#define TRIPSAGE_AUTH_AUDIT_H

#include "store/store.h"

typedef struct tripsage__audit_event {
    const char *action;  /* one word in lower case: "login", "api_key_revoked" */
    const char *actor;   /* a user's id, TRIPSAGE__AUDIT_SERVICE, or NULL for nobody */
    const char *subject; /* the id of what it was done to, or NULL */
    const char *address; /* where the request came from, or NULL */
    const char *detail;  /* a JSON object, written compactly, without secrets; NULL: {} */
    /* Only where the call has changed something: on SQLite by the statement before this step, on PostgreSQL by any. */
    int if_changed;
} tripsage__audit_event;

#define TRIPSAGE__AUDIT_SERVICE "service_role"

enum { TRIPSAGE__AUDIT_PARAMS = 7 };

/* Where the step's parameters stand until the call returns. */
typedef struct tripsage__audit_entry {
    tripsage__value params[TRIPSAGE__AUDIT_PARAMS];
} tripsage__audit_entry;

/* The texts of the event are taken as they are now, borrowed until the call returns, and hold no line feed. */
tripsage__step tripsage__audit_step(tripsage__audit_entry *entry, tripsage__env *env,
                                    const tripsage__audit_event *event);

/* How an actor is called in the trail. */
const char *tripsage__audit_actor(const tripsage_actor *actor);

#endif
