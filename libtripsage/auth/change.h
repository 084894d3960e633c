/* auth/change.h: changing an account's data and password, for both doors. */
#ifndef TRIPSAGE_AUTH_CHANGE_H
#define TRIPSAGE_AUTH_CHANGE_H

#include "auth/auth_internal.h"
#include "base/json.h"

/* For those who replace members instead of merging them, as Supabase Auth does: `replaced` of what is below, for an object or NULL. */
void tripsage__shallow_put(tripsage__buf *replaced, const tripsage__json *data);

/* What is to be changed; NULL leaves it. */
typedef struct tripsage__account_change {
    const char *data;     /* merged into user_metadata (RFC 7396); JSON object */
    const char *replaced; /* merged before it: members that are to be taken as they come and not merged are null here */
    const char *new_hash; /* of a new password, which ends the user's other sessions */
} tripsage__account_change;

/* Gives the user as he is then; `flags` are those of account.h. One round trip.
 * Errors: TRIPSAGE_ENOTFOUND ("user_not_found"), TRIPSAGE_EINVALID (field "/data"), TRIPSAGE_EFORBIDDEN ("insufficient_aal": a password by a
 * session without the second factor that the user has). */
tripsage_status tripsage__account_change_write(tripsage_doc **out, tripsage_auth *auth, const tripsage_actor *actor,
                                               const tripsage__account_change *change, int flags);

#endif
