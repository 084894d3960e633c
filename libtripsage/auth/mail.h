/* auth/mail.h: the mails of accounts, from a kind and a code to the mail server; or to the log, in development.
 *
 * A mail is put into an outbox, which a thread of the mailer's own empties: a call neither waits for a mail server nor tells by its time
 * whether there was somebody to write to. A mail that is not taken is tried again for ten minutes, then given up and logged. The
 * outbox is in memory: what is in it when the process dies is lost, and its reader asks for another. */
#ifndef TRIPSAGE_AUTH_MAIL_H
#define TRIPSAGE_AUTH_MAIL_H

#include <tripsage/auth.h>

#include "base/buf.h"
#include "base/env.h"

typedef struct tripsage__mailer tripsage__mailer;

typedef enum tripsage__mail_kind {
    TRIPSAGE__MAIL_CONFIRMATION = 0,
    TRIPSAGE__MAIL_INVITE,
    TRIPSAGE__MAIL_RECOVERY,
    TRIPSAGE__MAIL_MAGIC_LINK,
    TRIPSAGE__MAIL_EMAIL_CHANGE,     /* to the address that is, and to the one that is to be */
    TRIPSAGE__MAIL_REAUTHENTICATION, /* a code only */
    TRIPSAGE__MAIL_TRIP_SHARED,      /* what others did, from here on: neither code nor link */
    TRIPSAGE__MAIL_TRIP_LEVEL,
    TRIPSAGE__MAIL_TRIP_REMOVED,
    TRIPSAGE__MAIL_KINDS
} tripsage__mail_kind;

/* `env` is borrowed; `options` is copied and may be NULL: no mail is sent then.
 * Errors: TRIPSAGE_EINVALID (field "#options"), TRIPSAGE_ENOMEM, TRIPSAGE_EINTERNAL. */
tripsage_status tripsage__mailer_new(tripsage__mailer **out, tripsage__env *env, const tripsage_mail_options *options);

/* Waits up to five seconds for what is in the outbox. NULL is fine. */
void tripsage__mailer_free(tripsage__mailer *mailer);

/* Whether a mail would be taken now. To be asked before it is known whether there is anybody to write to, so that a refusal tells
 * nothing. Errors: TRIPSAGE_ENOTSUP (no mail server is configured), TRIPSAGE_EBUSY (the outbox is full). */
tripsage_status tripsage__mailer_check(tripsage__mailer *mailer);

/* Borrowed for the call. Addresses are as tripsage__email_normalize gives them. */
typedef struct tripsage__account_mail {
    tripsage__mail_kind kind;
    const char *to;
    const char *email;              /* of the account; NULL: the same */
    const char *new_email;          /* that it is to be; NULL: none */
    const char *code;               /* of six digits; NULL: none */
    const char *token_hash;         /* for the link; NULL where there is none, in a REAUTHENTICATION */
    const char *redirect_to;        /* as tripsage__mailer_redirect gives it */
    const char *trip_title, *level; /* of a mail about a trip; NULL: none */
} tripsage__account_mail;

/* Puts it into the outbox; not to be called within a transaction, whose end is not known yet.
 * Errors: those of tripsage__mailer_check, TRIPSAGE_ENOMEM, TRIPSAGE_EINTERNAL (no thread can be started). */
tripsage_status tripsage__mailer_send(tripsage__mailer *mailer, const tripsage__account_mail *mail);

/* What was asked for if people may be sent there, else the site's URL. Borrowed: `asked`, or the mailer's. */
const char *tripsage__mailer_redirect(const tripsage__mailer *mailer, const char *asked);

/* Writes a link that verifies, as it stands in mails; `type` as on the wire: "signup", "recovery", "magiclink", "invite" or
 * "email_change". */
void tripsage__mailer_put_link(tripsage__buf *out, const tripsage__mailer *mailer, const char *type,
                               const char *token_hash, const char *redirect_to);

#endif
