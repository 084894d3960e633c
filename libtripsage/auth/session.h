/* auth/session.h: sessions, and the tokens by which they are carried on. */
#ifndef TRIPSAGE_AUTH_SESSION_H
#define TRIPSAGE_AUTH_SESSION_H

#include "auth/account.h"

/* Four methods, the last one of each kind, with their times: more than a session can have. */
#define TRIPSAGE__AMR_SIZE 240

/* 16 bytes of session, a counter of up to 10, two marks of 16 and 4, and the form's own byte, in base64url; and the NUL. */
#define TRIPSAGE__REFRESH_TOKEN_SIZE 64

typedef struct tripsage__session {
    char id[TRIPSAGE__UUID_SIZE];
    int64_t created_at;           /* ms */
    int64_t refreshed_at;         /* ms */
    int64_t not_after;            /* ms; 0: it does not end by itself */
    int64_t refresh_counter;      /* of the refresh token given last */
    int64_t issued_at;            /* ms: of the access token */
    int64_t expires_at;           /* ms, a whole second: its `exp` */
    int aal;                      /* 1 or 2 */
    char amr[TRIPSAGE__AMR_SIZE]; /* JSON array */
} tripsage__session;

/* Where a request comes from; texts are NULL where nobody knows. */
typedef struct tripsage__origin {
    const char *user_agent, *address;
} tripsage__origin;

/* Of what somebody says of himself: texts that are not UTF-8, which a database would refuse, are left out. Borrows. */
tripsage__origin tripsage__origin_of(const char *address, const char *user_agent);

/* The step that reads one; `out->id` stays "" when there is none. */
tripsage__step tripsage__session_step(tripsage__session *out, const tripsage__value *id);

/* Puts a method in front of those by which a session was authenticated; an earlier one of its kind goes. `amr` may be "". */
tripsage_status tripsage__amr_add(char amr[TRIPSAGE__AMR_SIZE], const char *method, int64_t now_ms);

/* ---- refresh tokens ----
 *
 * base64url of: 0 | session id | counter (LEB128) | first 16 bytes of an HMAC-SHA256 of what stands before, under the session's key | first 4
 * bytes of the SHA-256 of what stands before the HMAC. The last mark tells a mistyped token without a key; the key is derived from the
 * database's, so that nothing needs to be kept for it. The form is that of Supabase Auth's second refresh token algorithm. */

tripsage_status tripsage__refresh_token_make(char out[TRIPSAGE__REFRESH_TOKEN_SIZE], const unsigned char key[32],
                                             const char *session_id, int64_t counter);

/* What a token says. */
typedef struct tripsage__refresh_token {
    char session_id[TRIPSAGE__UUID_SIZE];
    int64_t counter;
} tripsage__refresh_token;

/* TRIPSAGE_EINVALID with reason "validation_failed" for what is none of ours, TRIPSAGE_ENOMEM. */
tripsage_status tripsage__refresh_token_read(tripsage__refresh_token *out, const unsigned char key[32],
                                             const char *text);

#endif
