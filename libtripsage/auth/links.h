/* auth/links.h: links and invitations that administrators ask for, for both doors. Who asks was checked by the door. */
#ifndef TRIPSAGE_AUTH_LINKS_H
#define TRIPSAGE_AUTH_LINKS_H

#include "auth/admin.h"

typedef enum tripsage__link_type {
    TRIPSAGE__LINK_SIGNUP = 0,
    TRIPSAGE__LINK_INVITE,
    TRIPSAGE__LINK_MAGICLINK,
    TRIPSAGE__LINK_RECOVERY,
    TRIPSAGE__LINK_CHANGE_CURRENT,
    TRIPSAGE__LINK_CHANGE_NEW,
    TRIPSAGE__LINK_TYPES
} tripsage__link_type;

/* "signup", "invite", "magiclink", "recovery", "email_change_current", "email_change_new"; NULL-terminated. */
extern const char *const tripsage__link_types[];

/* Borrowed. */
typedef struct tripsage__link_wanted {
    tripsage__link_type type;
    const char *email;          /* normalized */
    const char *new_email;      /* normalized; of a change */
    const char *password;       /* good enough; of somebody who signs up */
    const tripsage__json *data; /* user_metadata of somebody new; an object, or NULL */
    const char *redirect_to;    /* as tripsage__mailer_redirect gives it */
} tripsage__link_wanted;

/* The user, and with him "action_link", "email_otp", "hashed_token", "verification_type" and "redirect_to": what a mail would carry, and
 * none is sent. A magic link for who has no account makes one, and is one to sign up with. Makes the account first, where there is none:
 * what fails after that can be done again.
 * Errors: TRIPSAGE_ENOTFOUND ("user_not_found"), TRIPSAGE_EEXISTS ("email_exists": he has confirmed it; or the new address is
 * somebody's), TRIPSAGE_EINVALID ("validation_failed"), and those of tripsage__admin_create. */
tripsage_status tripsage__link_make(tripsage_doc **out, tripsage_auth *auth, const tripsage__link_wanted *wanted,
                                    int flags);

/* The same link as an invitation, by mail; gives the user alone. TRIPSAGE_ENOTSUP (no mail can be sent). */
tripsage_status tripsage__invite(tripsage_doc **out, tripsage_auth *auth, const char *email, const tripsage__json *data,
                                 const char *redirect_to, int flags);

#endif
