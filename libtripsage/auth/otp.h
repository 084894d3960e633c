/* auth/otp.h: codes and links that are good once, and the mails that carry them.
 *
 * A token is a code of six digits and the hash that stands for it in links and in the database: an HMAC of purpose, address and code
 * under a key of the database, so that neither a copy of the table nor an address alone leads to a code, and no link can be guessed by
 * trying a million codes. */
#ifndef TRIPSAGE_AUTH_OTP_H
#define TRIPSAGE_AUTH_OTP_H

#include "auth/auth_internal.h"
#include "auth/mail.h"
#include "auth/sign.h"

/* What it is good for; the names are those in the database. */
typedef enum tripsage__purpose {
    TRIPSAGE__CONFIRMATION = 0,
    TRIPSAGE__RECOVERY,
    TRIPSAGE__EMAIL_CHANGE_CURRENT,
    TRIPSAGE__EMAIL_CHANGE_NEW,
    TRIPSAGE__REAUTHENTICATION
} tripsage__purpose;

const char *tripsage__purpose_name(tripsage__purpose purpose);

#define TRIPSAGE__CODE_SIZE   7                                   /* six digits */
#define TRIPSAGE__PKCE_PREFIX "pkce_"                             /* of a hash whose link gives a code to exchange */
#define TRIPSAGE__HASH_SIZE   (sizeof TRIPSAGE__PKCE_PREFIX + 56) /* SHA-224 in hexadecimal */

/* Ten wrong codes, as people who mistype make in half an hour, and the token is of no use any more: that leaves whoever guesses one
 * chance in a hundred thousand for each mail that its owner gets. (As many calls as are under way at the same moment may look at the code
 * before it is counted that they did.) */
#define TRIPSAGE__CODE_ATTEMPTS_MAX 10

typedef struct tripsage__otp {
    tripsage__purpose purpose;
    char code[TRIPSAGE__CODE_SIZE];
    char hash[TRIPSAGE__HASH_SIZE];
} tripsage__otp;

/* A new one. `pkce`: who follows the link gets a code to exchange in the place of a session. */
tripsage_status tripsage__otp_make(tripsage__otp *out, const tripsage_auth *auth, tripsage__purpose purpose,
                                   const char *address, int pkce);

/* The hash of a code that was given back. */
tripsage_status tripsage__otp_hash(char out[TRIPSAGE__HASH_SIZE], const tripsage_auth *auth, tripsage__purpose purpose,
                                   const char *address, const char *code, int pkce);

/* ---- mails that are asked for ----
 *
 * One for each address and kind within the interval of the options, whether anybody is known under the address or not: reads, writes and
 * answers are the same. What goes along with it, such as making an account, stands between the two kinds of steps:
 *
 *     TRIPSAGE_TRY(tripsage__ask_begin(&ask, auth, &asked));
 *     count = tripsage__ask_first_steps(steps, &ask);
 *     steps[count++] = ...;
 *     count += tripsage__ask_last_steps(steps + count, &ask);
 *     TRIPSAGE_TRY(tripsage__store_write(auth->store, NULL, steps, count));
 *     TRIPSAGE_TRY(tripsage__ask_check(&ask));
 *     status = tripsage__ask_send(&ask, auth, redirect_to, kind); // where there is somebody
 * */

/* Whom a mail is for. */
enum { TRIPSAGE__TO_ANYBODY = -1, TRIPSAGE__TO_UNCONFIRMED = 0, TRIPSAGE__TO_CONFIRMED = 1, TRIPSAGE__TO_NOBODY = 2 };

typedef struct tripsage__asked {
    tripsage__purpose purpose; /* TRIPSAGE__EMAIL_CHANGE_NEW: of both tokens of a change */
    const char *account;    /* what the account has in its address's place; also who is asked for where there is none */
    const char *limited_as; /* kind of mail that the interval counts; NULL: the purpose's */
    int to;                 /* TRIPSAGE__TO_... */
    const char *new_email;  /* of a change */
    tripsage__pkce pkce;
    const char *amr_method; /* of what begins with PKCE */
} tripsage__asked;

#define TRIPSAGE__ASK_FIRST_STEPS 2
#define TRIPSAGE__ASK_LAST_STEPS  4
#define TRIPSAGE__RECIPIENT_SIZE  57 /* SHA-224 in hexadecimal */

typedef struct tripsage__ask {
    tripsage__asked asked;
    tripsage__otp otp[2]; /* the second one goes to the present address of who changes it */
    size_t otp_count;
    char recipient[TRIPSAGE__RECIPIENT_SIZE];
    char flow_id[TRIPSAGE__UUID_SIZE], auth_code[TRIPSAGE__UUID_SIZE];
    int64_t now, interval; /* ms */
    int64_t before;        /* when the one before was asked for; 0: none was */
    int64_t goes;          /* 1: it was long enough ago */
    int64_t mailed;        /* 1: and there is somebody to have it */
    tripsage__value request[4], token[2][9], flow[7];
} tripsage__ask;

tripsage_status tripsage__ask_begin(tripsage__ask *ask, const tripsage_auth *auth, const tripsage__asked *asked);
size_t tripsage__ask_first_steps(tripsage__step steps[TRIPSAGE__ASK_FIRST_STEPS], tripsage__ask *ask);
size_t tripsage__ask_last_steps(tripsage__step steps[TRIPSAGE__ASK_LAST_STEPS], tripsage__ask *ask);

/* TRIPSAGE_ERATELIMITED ("over_email_send_rate_limit"). */
tripsage_status tripsage__ask_check(const tripsage__ask *ask);

/* Hands over what tripsage__ask_last_steps stored. Call it where ask->mailed is 1. */
tripsage_status tripsage__ask_send(const tripsage__ask *ask, const tripsage_auth *auth, const char *redirect_to,
                                   tripsage__mail_kind kind);

/* Between the two kinds of steps: somebody new, where there is nobody yet and the mail may go. */
tripsage__step tripsage__ask_insert_step(tripsage__value params[TRIPSAGE__DRAFT_PARAMS + 2],
                                         const tripsage__draft *draft, const tripsage__ask *ask);

/* ---- the ways ----
 *
 * All: TRIPSAGE_ERATELIMITED ("over_email_send_rate_limit"), TRIPSAGE_ENOTSUP. Addresses are normalized. None tells whether there is an
 * account but tripsage__otp_send for who may not make one. */

/* A mail to who has forgotten his password. */
tripsage_status tripsage__recover(tripsage_auth *auth, const char *email, const tripsage__pkce *pkce,
                                  const char *redirect_to);

/* A mail to sign in with; somebody new gets an account. `create` 0: only to who has one, else TRIPSAGE_EINVALID ("otp_disabled"). */
tripsage_status tripsage__otp_send(tripsage_auth *auth, const tripsage__newcomer *who, int create);

/* Once more, what was sent to who signed up and did not confirm it, or who changes his address. */
tripsage_status tripsage__resend_signup(tripsage_auth *auth, const char *email, const tripsage__pkce *pkce,
                                        const char *redirect_to);
tripsage_status tripsage__resend_email_change(tripsage_auth *auth, const char *email, const tripsage__pkce *pkce,
                                              const char *redirect_to);

/* A code to the actor's own address, by which he shows that it is still his. TRIPSAGE_EINVALID ("validation_failed": he has none;
 * "email_not_confirmed"). */
tripsage_status tripsage__reauthenticate(tripsage_auth *auth, const tripsage_actor *actor);

/* ---- what comes back ---- */

typedef struct tripsage__given {
    const char *type;       /* "signup", "invite", "recovery", "magiclink", "email", "email_change" */
    const char *email;      /* normalized, with the code; NULL: the hash was given */
    const char *code;       /* as the mail has it */
    const char *token_hash; /* in their place */
    int link;               /* 1: a link was followed: a token of PKCE gives a code, not a session */
} tripsage__given;

/* What it gives: a session; a code to exchange for one (`auth_code`); or neither, from the first of the two who must confirm a change. */
typedef struct tripsage__taken {
    tripsage__grant grant;
    char auth_code[TRIPSAGE__UUID_SIZE];
} tripsage__taken;

#define TRIPSAGE__FIRST_CONFIRMED "Confirmation link accepted. Please proceed to confirm link sent to the other email"

/* Uses the token up, confirms the address it was sent to. One read and one write; a wrong code costs a write, too.
 * TRIPSAGE_ERATELIMITED ("over_request_rate_limit"), TRIPSAGE_ETOKEN ("otp_expired"), TRIPSAGE_EFORBIDDEN ("user_banned"),
 * TRIPSAGE_EEXISTS ("email_exists"), TRIPSAGE_ENOTFOUND ("flow_state_not_found"). */
tripsage_status tripsage__otp_verify(tripsage__taken *out, tripsage_auth *auth, const tripsage__origin *origin,
                                     const tripsage__given *given, int flags);

/* Five minutes, as in Supabase Auth: it goes from a browser to the program that has opened it. */
#define TRIPSAGE__AUTH_CODE_LIFE_MS 300000

/* Exchanges such a code for the session, by whoever knows what the challenge was made of.
 * TRIPSAGE_ENOTFOUND ("flow_state_not_found"), TRIPSAGE_EEXPIRED ("flow_state_expired"), TRIPSAGE_ECREDENTIALS ("bad_code_verifier"),
 * TRIPSAGE_EFORBIDDEN ("user_banned"), TRIPSAGE_ERATELIMITED ("over_request_rate_limit"). */
tripsage_status tripsage__flow_exchange(tripsage__grant *out, tripsage_auth *auth, const tripsage__origin *origin,
                                        const char *auth_code, const char *verifier, int flags);

#endif
