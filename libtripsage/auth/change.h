/* auth/change.h: changing an account's data, password and address, for both doors. */
#ifndef TRIPSAGE_AUTH_CHANGE_H
#define TRIPSAGE_AUTH_CHANGE_H

#include "auth/auth_internal.h"
#include "auth/sign.h"
#include "base/json.h"

/* For those who replace members instead of merging them, as Supabase Auth does: `replaced` of what is below, for an object or NULL. */
void tripsage__shallow_put(tripsage__buf *replaced, const tripsage__json *data);

/* What is to be changed; NULL leaves it. */
typedef struct tripsage__account_change {
    const char *data;     /* merged into user_metadata (RFC 7396); JSON object */
    const char *replaced; /* merged before it: members that are to be taken as they come and not merged are null here */
    const char *new_hash; /* of a new password, which ends the user's other sessions, and what mails were sent to him */
    const char *
        nonce; /* code of a reauthentication, where the options demand one for a password; "" or NULL: none was given */
    const char *email;       /* normalized; his own one changes nothing */
    tripsage__pkce pkce;     /* of the mails to both addresses, */
    const char *redirect_to; /* and of their links; NULL: the site */
} tripsage__account_change;

/* Gives the user as he is then; `flags` are those of account.h. Another address is his when it was confirmed; a guest's at once, where
 * addresses need no confirmation. One round trip; with an address, or a password that needs a code, two.
 * Errors: TRIPSAGE_ENOTFOUND ("user_not_found"), TRIPSAGE_EINVALID (field "/data"; "validation_failed": a guest without an address sets a
 * password; "reauthentication_needed", "reauthentication_not_valid"), TRIPSAGE_EEXISTS ("email_exists"), TRIPSAGE_ERATELIMITED
 * ("over_email_send_rate_limit"), TRIPSAGE_EFORBIDDEN ("insufficient_aal": a password or an address by a session without the second
 * factor that the user has), TRIPSAGE_ENOTSUP (no mail can be sent). */
tripsage_status tripsage__account_change_write(tripsage_doc **out, tripsage_auth *auth, const tripsage_actor *actor,
                                               const tripsage__account_change *change, int flags);

#endif
