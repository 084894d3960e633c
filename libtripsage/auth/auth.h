/* auth/auth.h: what the auth room shows its neighbours, beside tripsage/auth.h.
 *
 * SQL names other rooms may join: account(id, email, full_name). The e-mail address is kept as tripsage__email_normalize gives it. */
#ifndef TRIPSAGE_AUTH_AUTH_H
#define TRIPSAGE_AUTH_AUTH_H

#include <tripsage/auth.h>
#include <tripsage/cache.h>

#include "base/finding.h"
#include "store/store.h"

/* Opens accounts over a store that is shared (and retained). `cache` holds tokens verified a moment ago; it is borrowed until
 * tripsage__auth_free, and NULL makes a small one for this handle alone. Others may write to the cache and clear it: nothing in it is
 * believed unless this handle put it there. `options` may be NULL.
 * Errors: TRIPSAGE_EINVALID (field "#options"), TRIPSAGE_ENOMEM, and what reading the key from the store gives. */
tripsage_status tripsage__auth_new(tripsage_auth **out, tripsage__store *store, tripsage_cache *cache,
                                   const tripsage_auth_options *options);
void tripsage__auth_free(tripsage_auth *auth); /* NULL is fine */

/* Whom a project's key of Supabase's older kind speaks for: 1 for the service role, 0 for anon. It is a token with that role and without a
 * user, of any issuer who has one of the handle's keys. Errors: TRIPSAGE_ETOKEN, TRIPSAGE_EEXPIRED, TRIPSAGE_ENOMEM, and what the store gives. */
tripsage_status tripsage__auth_project_key(int *is_service, tripsage_auth *auth, const char *text, size_t length);

/* Deletes sessions that have ended, codes, flows and requests for mails whose time is over, and signing keys whose tokens are, a bounded
 * batch to a transaction; gives how many sessions and keys there were. */
tripsage_status tripsage__auth_purge(int64_t *sessions, int64_t *signing_keys, tripsage_auth *auth);

/* A mail about a trip to one of its people: `event` is "shared", "level" or "removed", `level` "view", "edit" or "admin".
 * Errors: TRIPSAGE_ENOTSUP (no mail server is configured), TRIPSAGE_EBUSY (the outbox is full), TRIPSAGE_EINVALID (the address), TRIPSAGE_ENOMEM. */
tripsage_status tripsage__auth_mail_about_trip(tripsage_auth *auth, const char *to, const char *event,
                                               const char *title, const char *level);

/* Whether what the database keeps sealed can be read with these options. The schema is current; nothing is changed. Errors:
 * TRIPSAGE_ENOMEM; all else is a finding. */
tripsage_status tripsage__auth_examine(tripsage__findings *findings, tripsage__store *store,
                                       const tripsage_auth_options *options);

/* Every statement of the room, for whoever checks their plans. */
const tripsage__statement *const *tripsage__auth_statements(size_t *count);

#define TRIPSAGE__EMAIL_SIZE 255 /* RFC 5321, 4.5.3.1.3: a path of 256 holds 254 between its brackets; and the NUL */

/* Writes the address as it is kept, in lower case; 0 when it is not one (see email.c for what is one). */
int tripsage__email_normalize(const char *text, char out[TRIPSAGE__EMAIL_SIZE]);

#endif
