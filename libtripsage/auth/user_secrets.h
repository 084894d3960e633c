/* auth/user_secrets.h: a user's secret, for the library itself. */
#ifndef TRIPSAGE_AUTH_USER_SECRETS_H
#define TRIPSAGE_AUTH_USER_SECRETS_H

#include <tripsage/auth.h>

#include "base/buf.h"

/* Appends it; free the buffer with tripsage__buf_free_wiped. Errors: those of tripsage_auth_secret_get. */
tripsage_status tripsage__user_secret_get(tripsage__buf *out, tripsage_auth *auth, const char *user_id,
                                          const char *name);

#endif
