/* auth/read.h: the members that several calls of tripsage/auth.h take. */
#ifndef TRIPSAGE_AUTH_READ_H
#define TRIPSAGE_AUTH_READ_H

#include "auth/auth.h"
#include "auth/sign.h"
#include "base/json.h"

/* RFC 7636, 4.1 and 4.2: as long as a verifier and what is made of it may be. */
#define TRIPSAGE__CHALLENGE_MIN 43
#define TRIPSAGE__CHALLENGE_MAX 128

/* Where a call comes from. `out` borrows. */
tripsage_status tripsage__read_client(tripsage__origin *out, const tripsage_auth_client *client);

/* "email", in the form it is kept in. */
tripsage__found tripsage__read_email(tripsage__reader *r, int required, char out[TRIPSAGE__EMAIL_SIZE]);

/* "full_name" and "data". */
tripsage__found tripsage__read_profile(tripsage__reader *r, const char **full_name, const tripsage__json **data);

/* "code_challenge" and "code_challenge_method", both or none; "redirect_to". */
void tripsage__read_link(tripsage__reader *r, tripsage__pkce *pkce, const char **redirect_to);

#endif
