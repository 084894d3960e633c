/* tripsage/webhook.h: what the database tells a server of its changes, signed: database webhooks.
 *
 * Who writes to PostgreSQL past this library (a client of Supabase with row level security, SQL by hand) is heard by triggers, which post
 * the row to a server (migrations/supabase/webhooks.sql). The message is that of Supabase's database webhooks,
 *     {"type":"INSERT"|"UPDATE"|"DELETE","schema":text,"table":text,"record":object|null,"old_record":object|null}
 * and its signature that of Standard Webhooks 1.0 (standardwebhooks.com): HMAC-SHA256 over "<id>.<timestamp>.<body>".
 *
 *     hook.id = header("webhook-id"), hook.timestamp = header("webhook-timestamp"), hook.signature = header("webhook-signature");
 *     hook.body = body, hook.size = length;
 *     status = tripsage_webhook_receive(&done, ts, TRIPSAGE_WEBHOOK_TRIP_NOTIFICATION, secret, &hook);
 *
 * A message counts once. One whose timestamp is more than five minutes from now is refused; within them its id is remembered in the
 * handle's cache, which on Redis is that of all servers. While that cache is away a message may be heard twice in those minutes: a mail
 * twice is better than none.
 *
 * Threads: any.
 */
#ifndef TRIPSAGE_WEBHOOK_H
#define TRIPSAGE_WEBHOOK_H

#include <stddef.h>
#include <stdint.h>

#include "doc.h"
#include "store.h"

TRIPSAGE_BEGIN_DECLS

/* As short as HMAC-SHA256's own output: a shorter secret is the weaker part (RFC 2104, section 3). */
#define TRIPSAGE_WEBHOOK_SECRET_MIN 32u

typedef enum tripsage_webhook_kind {
    /* A row of "trip_collaborator": who was added, got another level, or was taken off gets a mail. Gives
     * {"event":"shared"|"level"|"removed"|"none","mail":"queued"|"none","duplicate":false}: "none" when the trip or the account is
     * gone, the level stayed what it was, or no mail server is configured. */
    TRIPSAGE_WEBHOOK_TRIP_NOTIFICATION,
    /* Any row: what tripsage_cache_put stored in the handle's cache with the tags "table:<table>", "trip:<id>" and "user:<id>" of the row,
     * old and new, is deleted. Gives {"invalidated":number,"duplicate":false}. */
    TRIPSAGE_WEBHOOK_CACHE_INVALIDATION
} tripsage_webhook_kind;

/* Borrowed for the call. Headers that did not come are NULL. */
typedef struct tripsage_webhook {
    uint32_t version; /* 1; set by TRIPSAGE_WEBHOOK_INIT */
    const char *id, *timestamp;
    const char *signature; /* "v1,<base64>", or several with blanks between, while the secret is being changed */
    const char *body;
    size_t size;
} tripsage_webhook;

#define TRIPSAGE_WEBHOOK_INIT                                                                                          \
    {                                                                                                                  \
        1, NULL, NULL, NULL, NULL, 0                                                                                   \
    }

/* Checks the message and does what it asks. A message heard before does nothing and gives {"duplicate":true}. `secret` is the text that the
 * triggers have: "whsec_" and the key in base64, or else the key as it is.
 * Errors: TRIPSAGE_EINVALID (field "#hook"; "#secret": shorter than TRIPSAGE_WEBHOOK_SECRET_MIN, or no base64), TRIPSAGE_ETOKEN (no
 * signature, or not one with this secret), TRIPSAGE_EEXPIRED (the timestamp), TRIPSAGE_EMALFORMED and TRIPSAGE_EINVALID (the message),
 * TRIPSAGE_EBUSY (too many mails wait), TRIPSAGE_EUNAVAILABLE and what else reading the trip and the account gives. After an error it may
 * be sent again. */
TRIPSAGE_API tripsage_status tripsage_webhook_receive(tripsage_doc **out, tripsage *ts, tripsage_webhook_kind kind,
                                                      const char *secret, const tripsage_webhook *hook);

TRIPSAGE_END_DECLS

#endif
