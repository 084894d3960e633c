/* tripsage/auth.h: accounts, tokens, and the actor on whose behalf a call is made.
 *
 * Every call that touches somebody's data takes an actor. There are three kinds: a user, the service role (the
 * program itself, which may do everything), and NULL, which is nobody and is answered with
 * TRIPSAGE_EUNAUTHENTICATED. A program with accounts of its own makes actors with tripsage_actor_user; one that
 * takes bearer tokens makes them with tripsage_auth_verify.
 *
 * Errors every call on a tripsage_auth may give besides those named: TRIPSAGE_ENOMEM, and what the store gives
 * (tripsage/store.h); those that take JSON also TRIPSAGE_EMALFORMED and TRIPSAGE_ETOOLARGE. A failed call sets its
 * out parameter to NULL. Documents given are the caller's to free.
 *
 * Threads: a tripsage_auth handle may be shared. An actor is immutable after it was made and may be shared.
 */
#ifndef TRIPSAGE_AUTH_H
#define TRIPSAGE_AUTH_H

#include <stddef.h>
#include <stdint.h>

#include "doc.h"
#include "runtime.h"

TRIPSAGE_BEGIN_DECLS

/* ---- actors ---- */

typedef struct tripsage_actor tripsage_actor;

/* An actor for the user with this id (a UUID in text form, any case).
 * Errors: TRIPSAGE_EINVALID (field "#user_id"), TRIPSAGE_ENOMEM. Free with tripsage_actor_free. */
TRIPSAGE_API tripsage_status tripsage_actor_user(tripsage_actor **out, const char *user_id);

/* The service role: sees and may do everything, owns nothing. Errors: TRIPSAGE_ENOMEM. Free with tripsage_actor_free. */
TRIPSAGE_API tripsage_status tripsage_actor_service(tripsage_actor **out);

/* Borrowed until the actor is freed. The user id is lower-case, "" for the service role; the session id is "" and
 * the claims are NULL unless the actor came from a token; the key id is "" unless it came from an API key that is in the database. */
TRIPSAGE_API const char *tripsage_actor_user_id(const tripsage_actor *actor);
TRIPSAGE_API const char *tripsage_actor_session_id(const tripsage_actor *actor);
TRIPSAGE_API const char *tripsage_actor_key_id(const tripsage_actor *actor);
TRIPSAGE_API const char *tripsage_actor_claims(const tripsage_actor *actor);
TRIPSAGE_API int tripsage_actor_is_service(const tripsage_actor *actor); /* 1 or 0 */

/* 1 when the actor may use what this scope ("trips:read") stands for: always, unless he comes from a scoped API key that lacks it. What
 * he may do with one trip is asked by the calls, which refuse him beyond his scopes as well (TRIPSAGE_EFORBIDDEN). 0 for NULL. */
TRIPSAGE_API int tripsage_actor_allows(const tripsage_actor *actor, const char *scope);

/* NULL is fine. */
TRIPSAGE_API void tripsage_actor_free(tripsage_actor *actor);

/* ---- accounts ---- */

typedef struct tripsage_auth tripsage_auth;

/* Words of one's own for one of the mails. In them stand, as in Supabase's templates, {{ .ConfirmationURL }}, {{ .Token }} (the code of
 * six digits), {{ .TokenHash }}, {{ .SiteURL }}, {{ .RedirectTo }}, {{ .Email }} and {{ .NewEmail }}, and in those about trips
 * (tripsage/webhook.h), which have no code, {{ .TripTitle }} and {{ .Level }}; other names between {{ }} are
 * refused. What is put into HTML is escaped. A text that is NULL stays as it is built in. */
typedef struct tripsage_mail_template {
    const char
        *name; /* "confirmation", "invite", "recovery", "magic_link", "email_change", "reauthentication", "trip_shared",
                         * "trip_level", "trip_removed" */
    const char *subject;
    const char *text;
    const char *html;
} tripsage_mail_template;

/* The mails of accounts: confirmations, invitations, codes. They go to an SMTP server from a thread of the handle's own, tried again for
 * ten minutes; a call does not wait for it, so that its time does not tell whether an address has an account. What is still unsent
 * five seconds after closing is given up. Each carries a code to type and a link, since scanners of mail open links. */
typedef struct tripsage_mail_options {
    uint32_t version; /* 1; set by TRIPSAGE_MAIL_OPTIONS_INIT */

    /* The SMTP server; port 0: 587, with STARTTLS. 465 is TLS from the first byte on. Only a server at this machine's loopback address
     * may do without encryption. user and password may be NULL. Copied. */
    const char *host;
    uint32_t port;
    const char *user;
    const char *password;

    /* Whom the mails are from: an address, and a name or NULL. Copied. */
    const char *sender;
    const char *sender_name;

    /* Without a host: 1 writes a mail's code and link into the log (TRIPSAGE_LOG_INFO) instead, which is for development and nothing
     * else, since whoever reads the log may sign in as anybody. 0 refuses what needs a mail. */
    uint32_t log_mails;

    /* The application, where links lead in the end; NULL: "http://localhost:3000", Supabase's default. And where else they may lead: URLs
     * separated by commas, in which * stands for anything but . and /, ** for anything, ? for one character. Copied. */
    const char *site_url;
    const char *redirect_urls;

    /* Where this library's server is reached from outside: links in mails begin with it, before /auth/v1/verify. NULL: site_url. Copied. */
    const char *external_url;

    const tripsage_mail_template *templates; /* copied; NULL: none */
    size_t template_count;
} tripsage_mail_options;

#define TRIPSAGE_MAIL_OPTIONS_INIT                                                                                     \
    {                                                                                                                  \
        1, NULL, 0, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, 0                                               \
    }

typedef struct tripsage_auth_options {
    uint32_t version; /* 1; set by TRIPSAGE_AUTH_OPTIONS_INIT */

    /* HMAC key of access tokens (HS256), 32 bytes (RFC 7518 section 3.2) to 1,024. With it HS256 signs, unless `algorithm` says otherwise; then
     * tokens and project keys made with it are good all the same. Copied. */
    const char *jwt_secret;

    /* `iss` of the tokens made and the one demanded of tokens given: 1..255 printable ASCII characters without spaces;
     * NULL: "tripsage". Copied. */
    const char *issuer;

    /* Life of an access token in seconds, at most a year; 0: 3,600, Supabase's default. */
    uint32_t token_ttl_s;

    /* Shortest password accepted, in characters, at most 128; 0: 8 (NIST SP 800-63B-4, with a second factor; 15 without one). */
    uint32_t password_min;

    /* Argon2id (RFC 9106): memory in KiB (8 to 1,048,576), passes (1 to 64). 0: 19,456 KiB and 2 passes (OWASP's minimum, about 40 ms). */
    uint32_t argon2_memory_kib;
    uint32_t argon2_passes;

    /* For how many seconds after a refresh older refresh tokens than the one before it are forgiven, at most 3,600; 0: 10. */
    uint32_t refresh_reuse_s;

    /* When sessions end by themselves: so many seconds after the sign-in, or after the last refresh; 0: they do not. */
    uint32_t session_timebox_s;
    uint32_t session_inactivity_s;

    /* 1: a sign-in ends the account's other sessions. */
    int session_single;

    /* 1: sign-ins, sign-ups and guesses are not limited. Else they are as Supabase Auth limits them, by the client's address, where a request
     * or a call tells it (tripsage_auth_client); and guesses at a password by the account as well: ten in ten minutes of an address (a
     * call that tells none is of one), a hundred of an account, which does not bind an address that it was signed in to from within
     * thirty days. The counts are in the cache, so that servers that share one share them. */
    int no_limits;

    /* The secret that what is kept encrypted in the database is sealed under (users' third-party keys, private keys), 32 bytes to 1,024:
     * from openssl rand -hex 32, say. NULL: a random one is made with the database and kept in it, which protects a copy of single
     * tables, but no copy of the whole. What was sealed under the database's own secret can be read whatever is given here. Copied. */
    const char *secret_key;

    /* The secret before that one: what was sealed under it can be read, too, until it is sealed anew. NULL: none. Copied. */
    const char *previous_secret_key;

    /* API keys that are not in this database, of 20 characters to 4,096: a publishable (anon) and a secret (service_role) one, such as
     * those of a Supabase project. tripsage_auth_key_verify accepts them beside its own. NULL: none. Copied, as digests. */
    const char *public_key;
    const char *service_key;

    /* What access tokens are signed with: "ES256" (ECDSA on P-256) or "RS256" (RSA of 2,048 bits), with a pair of keys that is made with the
     * database and kept in it, sealed; or "HS256", with `jwt_secret`, or without one a random secret that is made with the database and kept
     * in it. NULL: HS256 with a `jwt_secret`, else ES256. Copied. */
    const char *algorithm;

    /* 1: tripsage_auth_serve answers only those who show an API key, one of the above or of this database. 0: only where one of the
     * above is given; else it is open, as Supabase Auth is without the gateway in front of it. */
    int require_api_key;

    const tripsage_mail_options *mail; /* NULL: no mail can be sent */

    /* A Supabase project whose Auth has the accounts, by its address ("https://<project>.supabase.co"); `public_key` and `service_key` are then
     * that project's, and `issuer` its address with /auth/v1 behind it. NULL: the accounts are this database's own. Copied. See "where a
     * Supabase project has the accounts" below. */
    const char *supabase_url;

    /* Whether somebody new has to show that his address is his, by a code or a link from a mail, before he can sign in. 0: yes when there
     * is a mail server (mail->host); 1: yes; -1: no. */
    int confirm_email;

    /* How many seconds lie between two mails of one kind to one address, at most 86,400; 0: 60. */
    uint32_t mail_interval_s;

    /* For how many seconds a code or a link from a mail is good, at most 604,800, a week; 0: 86,400, a day. */
    uint32_t otp_ttl_s;

    /* Whoever changes his address confirms it from both mailboxes, so that nobody who found a session open can take the account. 1: from
     * the new one alone. */
    int email_change_single;

    /* 1: a new password in a session older than a day needs a code from tripsage_auth_reauthenticate ("nonce"). */
    int password_needs_nonce;
} tripsage_auth_options;

#define TRIPSAGE_AUTH_OPTIONS_INIT                                                                                     \
    {                                                                                                                  \
        1, NULL, NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, 0, 0, 0, 0, 0           \
    }

/* Opens accounts alone over a database (see tripsage/store.h for URLs). `options` and `runtime` may be NULL and are copied.
 * Errors: those of tripsage_open. */
TRIPSAGE_API tripsage_status tripsage_auth_open(tripsage_auth **out, const char *url,
                                                const tripsage_auth_options *options, const tripsage_runtime *runtime);

/* Only for a handle from tripsage_auth_open. NULL is fine. */
TRIPSAGE_API void tripsage_auth_close(tripsage_auth *auth);

/* ---- where a call comes from ---- */

/* The client on whose behalf a program calls: limits are counted by its address, and sessions are listed with both. Calls that take one
 * take NULL as well: nobody knows. Then guesses at an account count by the account alone, which lets a stranger keep its owner out, so a
 * program that serves others tells it. Borrowed for the call only.
 * Errors: TRIPSAGE_EINVALID (field "#client": another version). */
typedef struct tripsage_auth_client {
    uint32_t version;       /* 1; set by TRIPSAGE_AUTH_CLIENT_INIT */
    const char *address;    /* IPv4 or IPv6, not a proxy's; NULL: unknown */
    const char *user_agent; /* NULL: unknown */
} tripsage_auth_client;

#define TRIPSAGE_AUTH_CLIENT_INIT                                                                                      \
    {                                                                                                                  \
        1, NULL, NULL                                                                                                  \
    }

/* ---- where a Supabase project has the accounts ----
 *
 * With `supabase_url` the calls below reach that project's Auth, with a deadline of ten seconds, and give what they give with accounts of
 * the database's own: the same documents, statuses and reasons. Arguments are checked here first. What the project refuses beyond that it
 * tells with a code, which is the `reason` of the error.
 *
 * Tokens are verified here, by the project's public keys, which are kept, or `jwt_secret`, without asking it. A session that was ended
 * through this handle, by a call or over the wire (tripsage_auth_serve), is refused by it at once. So are a user's others when he signs
 * out of them, changes his password or raises a session, and all of them when an administrator changes his password, bans or deletes him:
 * tokens from before are asked about once. What ends elsewhere, in another process or at the project itself, is noticed when the token
 * expires, or the project refuses it.
 *
 * Every call may also give TRIPSAGE_EUNAVAILABLE: the project cannot be reached, does not answer in time, or not as it should. It may
 * have done it all the same; only what reads, and tripsage_auth_refresh, is tried again. TRIPSAGE_EMISUSE: there is no key for the call.
 *
 * Limits are the project's, which counts by the address of who asks it, this program; that of a client is not passed on.
 *
 * What is done in a user's name asks for his token, so the actor comes from tripsage_auth_verify (TRIPSAGE_EINVALID, field "#actor");
 * tripsage_auth_user and tripsage_auth_factor_list look up any other with `service_key`. Of one's own data, objects are merged, as here,
 * after a look at what there is.
 *
 * Supabase Auth has no list of sessions (of tripsage_auth_session_revoke the actor's own session is left), no recovery codes, and no
 * calls about its signing keys: TRIPSAGE_ENOTSUP. So are scoped API keys and tripsage_auth_secret_put, which belong to accounts of the
 * database's own. Other API keys, and the audit trail, stay the database's; what the project does is in a trail of its own. */

/* ---- sessions ----
 *
 * Signing in gives a session, in the form of Supabase Auth:
 *
 *     {"access_token", "token_type": "bearer", "expires_in", "expires_at", "refresh_token", "user"}
 *
 * and its user is {"id", "aud", "role", "email", "full_name", "email_confirmed_at"?, ..., "app_metadata", "user_metadata", "identities",
 * "created_at", "updated_at", "is_anonymous"}: what Supabase Auth tells, and the full_name of the user's own data beside it, or null. The
 * session lasts until it is signed out of, or one of the options ends it; its access token lasts for `expires_in` seconds, and the
 * refresh token gives the next one. */

/* Makes an account and signs it in. Takes {"email": text, "password": text, "full_name": text?, "data": object?, and a link}. The address
 * is ASCII and kept lower-case; the password may hold any Unicode text of up to 1,024 bytes (a bound on hashing work, not on strength);
 * the name has up to 100 characters; the data, which becomes user_metadata and travels in every token, 4 KiB. The name becomes part of
 * it. Where addresses need to be confirmed (`confirm_email` of the options) it gives {"user": ...} without a session and sends a mail,
 * see below. It says the same when the address has an account: the password of an account is the one it was made with, whoever comes
 * again, and one that has not been confirmed yet gets another mail.
 * Errors: TRIPSAGE_EMALFORMED, TRIPSAGE_EINVALID (fields), TRIPSAGE_EEXISTS (the address has an account; not where it needs to be
 * confirmed), TRIPSAGE_EBUSY (passwords are hashed on half the processors at most; ten seconds passed without a turn); where addresses
 * need to be confirmed also TRIPSAGE_ERATELIMITED and TRIPSAGE_ENOTSUP, as below. */
TRIPSAGE_API tripsage_status tripsage_auth_sign_up(tripsage_doc **session, tripsage_auth *auth,
                                                   const tripsage_auth_client *client, const char *json, size_t length);

/* Makes an account without an address and signs it in: a guest, who has what a user has. Takes {"full_name": text?, "data": object?}.
 * Errors: TRIPSAGE_EMALFORMED, TRIPSAGE_EINVALID (fields). */
TRIPSAGE_API tripsage_status tripsage_auth_sign_in_anonymously(tripsage_doc **session, tripsage_auth *auth,
                                                               const tripsage_auth_client *client, const char *json,
                                                               size_t length);

/* Signs in with {"email", "password"}.
 * Errors: TRIPSAGE_ECREDENTIALS, equal in message and in time for an unknown address and a wrong password (in time while
 * passwords are kept at the cost of the options: one kept before that was changed costs what it did until its user signs
 * in again); TRIPSAGE_EFORBIDDEN (the account is banned, or its address not confirmed);
 * TRIPSAGE_ERATELIMITED (too many guesses at this account); TRIPSAGE_EINVALID, TRIPSAGE_EMALFORMED, TRIPSAGE_EBUSY as above. */
TRIPSAGE_API tripsage_status tripsage_auth_sign_in(tripsage_doc **session, tripsage_auth *auth,
                                                   const tripsage_auth_client *client, const char *json, size_t length);

/* Carries a session on: a new access token, and a refresh token to go on with. The one given leads to the next one; whoever lost that answer
 * may ask with it again, however late, and gets the same next one. An older one is forgiven for the reuse interval of the options, as
 * several tabs of a browser need; after that it is taken for stolen and ends the session.
 * Errors: TRIPSAGE_EINVALID (no refresh token of this database), TRIPSAGE_ETOKEN (the session has ended; `reason` of the error says how),
 * TRIPSAGE_EFORBIDDEN (the account is banned). */
TRIPSAGE_API tripsage_status tripsage_auth_refresh(tripsage_doc **session, tripsage_auth *auth,
                                                   const tripsage_auth_client *client, const char *refresh_token);

/* Which sessions a sign-out ends: the actor's own, the user's others, or all of them. */
typedef enum tripsage_sign_out {
    TRIPSAGE_SIGN_OUT_LOCAL = 0,
    TRIPSAGE_SIGN_OUT_OTHERS = 1,
    TRIPSAGE_SIGN_OUT_GLOBAL = 2
} tripsage_sign_out;

/* Ends sessions of the actor's user: their tokens are refused from now on by this handle, and within 60 s by others on the
 * same database, which may have verified them a moment ago. Needs an actor made from a token; ending a session that has
 * ended is no error.
 * Errors: TRIPSAGE_EUNAUTHENTICATED, TRIPSAGE_EINVALID (the actor has no session; no such scope). */
TRIPSAGE_API tripsage_status tripsage_auth_sign_out(tripsage_auth *auth, const tripsage_actor *actor,
                                                    tripsage_sign_out scope);

/* The actor behind an access token (the bare token, without "Bearer "). The key says with which algorithm it is used, never the token;
 * `iss`, `aud` "authenticated", `exp`, `nbf` (60 s of skew) and the session are checked (RFC 8725).
 * Cost: a signature and a read of the session for a token not seen within the last minute, a look-up in memory for one that was.
 * Errors: TRIPSAGE_ETOKEN, TRIPSAGE_EEXPIRED (both with the reason "bad_jwt", or "session_not_found"). Free the actor with
 * tripsage_actor_free. */
TRIPSAGE_API tripsage_status tripsage_auth_verify(tripsage_actor **actor, tripsage_auth *auth, const char *token,
                                                  size_t length);

/* ---- signing keys ----
 *
 * With ES256 or RS256 the database keeps a current pair of keys, which signs; a standby one, which is public already, so that whoever keeps
 * a copy of the public keys knows it before it signs; and previous ones, whose tokens are not over. Several programs on one database
 * share them. */

/* The public keys, with a Supabase project its own, as a JWKS document (RFC 7517), for whoever checks tokens by themselves:
 * {"keys": [{"kty", "alg", "kid", "use": "sig", "key_ops": ["verify"], "crv", "x", "y" | "n", "e"}]}. With HS256
 * there are none. May be kept for ten minutes. */
TRIPSAGE_API tripsage_status tripsage_auth_jwks(tripsage_doc **out, tripsage_auth *auth);

/* Whether people can sign in: whether this handle can use the signing key, which it looks up once a minute. With a Supabase project, which
 * signs, it says yes and asks nobody. For health checks, beside tripsage_ping: with another secret_key than the keys were sealed under all
 * else works. Any thread. Errors: TRIPSAGE_EUNAVAILABLE (sealed under another secret_key), and what the database gives. */
TRIPSAGE_API tripsage_status tripsage_auth_ping(tripsage_auth *auth);

/* What keys there are: {"keys": [{"kid", "alg", "state": "current" | "standby" | "previous", "created_at", "rotated_at"?, "expires_at"?}]}. Only
 * the service role may ask.
 * Errors: TRIPSAGE_EUNAUTHENTICATED, TRIPSAGE_EFORBIDDEN. */
TRIPSAGE_API tripsage_status tripsage_auth_signing_keys(tripsage_doc **out, tripsage_auth *auth,
                                                        const tripsage_actor *actor);

/* Makes the standby key of the handle's algorithm the current one, at once for this handle and within a minute for others on the same
 * database, and makes another standby key. The private part of the one before is deleted; what it signed stays good until it expires. Of
 * several that rotate at once one does. Where the secret key is lost that the current key is sealed under (signing in fails with
 * TRIPSAGE_EUNAVAILABLE then), this gives a key that can sign. Only the service role may.
 * Errors: TRIPSAGE_EUNAUTHENTICATED, TRIPSAGE_EFORBIDDEN, TRIPSAGE_ENOTSUP (the handle signs with HS256), TRIPSAGE_ELIMIT (there are 28
 * keys already; they go as their tokens expire). */
TRIPSAGE_API tripsage_status tripsage_auth_rotate_signing_key(tripsage_auth *auth, const tripsage_actor *actor);

/* The actor's own account, the "user" object above.
 * Errors: TRIPSAGE_EUNAUTHENTICATED, TRIPSAGE_ENOTFOUND (the actor has no account here). */
TRIPSAGE_API tripsage_status tripsage_auth_user(tripsage_doc **user, tripsage_auth *auth, const tripsage_actor *actor);

/* The account with this e-mail address, in any case, as the "user" object above. For programs that know people by their address;
 * only the service role may ask, since the answer tells who has an account.
 * Errors: TRIPSAGE_EUNAUTHENTICATED, TRIPSAGE_EFORBIDDEN, TRIPSAGE_EINVALID (field "#email"), TRIPSAGE_ENOTFOUND. */
TRIPSAGE_API tripsage_status tripsage_auth_find_user(tripsage_doc **user, tripsage_auth *auth,
                                                     const tripsage_actor *actor, const char *email);

/* Changes the actor's own account: {"full_name": text|null?, "password": text?, "data": object?, "email": text?, "nonce": text?, and a
 * link}; "data" is merged into user_metadata (RFC 7396). A new password ends the user's other sessions, and codes and links that were
 * sent to him; `password_needs_nonce` of the options may demand a code with it. Another address is his once it is confirmed, from both
 * mailboxes unless the options say `email_change_single`: "new_email" tells of it until then. A guest gets his address at once where
 * addresses need not be confirmed, and is none any more.
 * Errors: TRIPSAGE_EUNAUTHENTICATED, TRIPSAGE_ENOTFOUND, TRIPSAGE_EMALFORMED, TRIPSAGE_EINVALID (fields; `reason`
 * "reauthentication_needed" and "reauthentication_not_valid"), TRIPSAGE_EEXISTS (somebody has the address), TRIPSAGE_EFORBIDDEN (reason
 * "insufficient_aal": who has a second factor changes password and address in a session of level 2), TRIPSAGE_ERATELIMITED and
 * TRIPSAGE_ENOTSUP, as below,
 * TRIPSAGE_EBUSY. */
TRIPSAGE_API tripsage_status tripsage_auth_user_update(tripsage_doc **user, tripsage_auth *auth,
                                                       const tripsage_actor *actor, const char *json, size_t length);

/* ---- codes and links in mails ----
 *
 * A mail has a code of six digits and a link. Both are good once, for a day unless the options say otherwise, and until the next mail of
 * their kind; ten wrong codes end it. The code comes back to tripsage_auth_otp_verify together with the address; the link leads to what
 * serves tripsage_auth_serve, and from there to "redirect_to", or the site (tripsage_mail_options).
 *
 * Calls that send one take, beside what they name, a link: {"redirect_to": text?, "code_challenge": text?, "code_challenge_method":
 * "s256" | "plain"?}. With a challenge (RFC 7636) the link does not carry a session, which whoever reads the address line would have, but
 * a code, which tripsage_auth_exchange_code takes from whoever knows what the challenge was made of.
 *
 * No call tells whether an address has an account, by what it answers or how long it takes, but tripsage_auth_otp_send with
 * "create_user": false. All that send a mail may fail with TRIPSAGE_ERATELIMITED (one of its kind was asked for under this address within
 * the interval of the options),
 * TRIPSAGE_ENOTSUP (no mail server is configured) and TRIPSAGE_EBUSY (more mails wait than are kept). */

/* For who forgot his password: {"email": text, and a link}. The code (type "recovery") signs in, whereupon a new password can be set. */
TRIPSAGE_API tripsage_status tripsage_auth_recover(tripsage_auth *auth, const tripsage_auth_client *client,
                                                   const char *json, size_t length);

/* To sign in without a password: {"email": text, "create_user": boolean?, "full_name": text?, "data": object?, and a link}. Somebody new
 * gets an account with that name and data, unless "create_user" is false: TRIPSAGE_EINVALID ("otp_disabled") then. The code's type is
 * "email". */
TRIPSAGE_API tripsage_status tripsage_auth_otp_send(tripsage_auth *auth, const tripsage_auth_client *client,
                                                    const char *json, size_t length);

/* Once more, what was sent when somebody signed up, or changes his address: {"type": "signup" | "email_change", "email": text, and a
 * link}. */
TRIPSAGE_API tripsage_status tripsage_auth_resend(tripsage_auth *auth, const tripsage_auth_client *client,
                                                  const char *json, size_t length);

/* A code to the actor's own address, for the "nonce" of a new password.
 * Errors: TRIPSAGE_EUNAUTHENTICATED, TRIPSAGE_ENOTFOUND, TRIPSAGE_EINVALID (he has no address), TRIPSAGE_EFORBIDDEN (it is not
 * confirmed). */
TRIPSAGE_API tripsage_status tripsage_auth_reauthenticate(tripsage_auth *auth, const tripsage_actor *actor);

/* Takes a code back, {"type", "email", "token"}, or what a link carries in its place, {"type", "token_hash"}: confirms the address, signs
 * in and gives the session. Types: "signup", "invite", "recovery", "magiclink", "email" (of whichever of signup and magiclink was sent),
 * "email_change". Of the two mailboxes that confirm a change of address the first one gives no session, but {"message"}.
 * Errors: TRIPSAGE_ETOKEN (wrong, used, or too old: the same for all), TRIPSAGE_EFORBIDDEN (the account is banned), TRIPSAGE_EEXISTS
 * (somebody else has the address by now), TRIPSAGE_ECONFLICT (the account is being changed by many at once), TRIPSAGE_EINVALID (fields). */
TRIPSAGE_API tripsage_status tripsage_auth_otp_verify(tripsage_doc **session, tripsage_auth *auth,
                                                      const tripsage_auth_client *client, const char *json,
                                                      size_t length);

/* Exchanges the code of a link with a challenge, {"auth_code", "code_verifier"}, for the session: once, within five minutes.
 * Errors: TRIPSAGE_ENOTFOUND (no such code), TRIPSAGE_EEXPIRED, TRIPSAGE_ECREDENTIALS (the verifier is not what the challenge was made
 * of; the code stays good), TRIPSAGE_EFORBIDDEN (the account is banned), TRIPSAGE_EINVALID (fields). */
TRIPSAGE_API tripsage_status tripsage_auth_exchange_code(tripsage_doc **session, tripsage_auth *auth,
                                                         const tripsage_auth_client *client, const char *json,
                                                         size_t length);

/* ---- API keys ----
 *
 * A key says which program calls, as an access token says which person does. Kinds:
 *   publishable   sb_publishable_...   may be seen by everybody; nobody is signed in by it (role "anon")
 *   secret        sb_secret_...        the service role
 *   scoped        tsk_...              acts for one user, within scopes: trips:read, trips:write (which includes reading), vectors:read,
 *                                      vectors:write
 * Only a digest of a key is kept, but for publishable ones, so that the rest is told once, by the call that makes it. Every change is in
 * the audit trail. Only the service role may make these calls: TRIPSAGE_EUNAUTHENTICATED, TRIPSAGE_EFORBIDDEN. */

/* Makes a key of {"name": text, "kind": "publishable"|"secret"|"scoped", "scopes": [text]?, "user_id": id?, "expires_in": seconds?}: the
 * name has 1 to 100 characters and is that of one living key of its kind (and user); scopes and user belong to a scoped key, which must
 * have them. Gives {"id","name","kind","scopes":[...],"user_id"?,"created_at","expires_at"?,"key"}.
 * Errors: TRIPSAGE_EINVALID (fields), TRIPSAGE_EEXISTS (the name), TRIPSAGE_ENOTFOUND (the user), TRIPSAGE_ELIMIT (1,000 living keys). */
TRIPSAGE_API tripsage_status tripsage_auth_key_create(tripsage_doc **key, tripsage_auth *auth,
                                                      const tripsage_actor *actor, const char *json, size_t length);

/* The publishable key of the project and, where `with_secret` is 1, its secret key: those with the name "default", made by the first who
 * asks. {"publishable": key as above, "secret": key as above|null}; the secret one has its "key" only in the answer that made it. */
TRIPSAGE_API tripsage_status tripsage_auth_key_defaults(tripsage_doc **keys, tripsage_auth *auth,
                                                        const tripsage_actor *actor, int with_secret);

/* The last 1,000 keys made, newest first: {"items":[{"id","name","kind","scopes","user_id"?,"shown","created_at","expires_at"?,
 * "last_used_at"?,"revoked_at"?,"replaced_by"?}]}. "shown" is a publishable key, or the beginning of another one; "last_used_at" is some
 * minutes old. */
TRIPSAGE_API tripsage_status tripsage_auth_key_list(tripsage_doc **keys, tripsage_auth *auth,
                                                    const tripsage_actor *actor);

/* Makes a key that takes the place of this one: it has its name, kind, scopes, user and length of life. The old one is good for `overlap_s`
 * seconds more, at most 90 days, in which programs are given the new one.
 * Gives the new key as tripsage_auth_key_create does.
 * Errors: TRIPSAGE_ENOTFOUND, TRIPSAGE_ECONFLICT (it has ended, or was replaced), TRIPSAGE_EINVALID (field "#overlap_s"). */
TRIPSAGE_API tripsage_status tripsage_auth_key_rotate(tripsage_doc **key, tripsage_auth *auth,
                                                      const tripsage_actor *actor, const char *key_id,
                                                      uint32_t overlap_s);

/* Ends a key, for this handle at once and for others on the same database within 60 s. One that has been revoked stays so, which is no
 * error. Errors: TRIPSAGE_ENOTFOUND. */
TRIPSAGE_API tripsage_status tripsage_auth_key_revoke(tripsage_auth *auth, const tripsage_actor *actor,
                                                      const char *key_id);

/* Whose key this is. `*role` is "anon", "service_role" or "authenticated", static; *actor is NULL for "anon", else to be freed with
 * tripsage_actor_free. `role` may be NULL.
 * Cost: a read of the key, and once a minute a write of when it was used, for one not seen within the last minute; else a look-up in
 * memory. Errors: TRIPSAGE_ETOKEN (no key of this database, or revoked; reasons "user_banned" and "user_not_found": the user of a scoped
 * key is banned or deleted, which holds for this handle at once and for others on the same database within 60 s), TRIPSAGE_EEXPIRED. */
TRIPSAGE_API tripsage_status tripsage_auth_key_verify(tripsage_actor **actor, const char **role, tripsage_auth *auth,
                                                      const char *key, size_t length);

/* ---- secrets of users: keys of theirs to other services ----
 *
 * Kept encrypted (AES-256-GCM, see tripsage_auth_options.secret_key). A user puts them and sees that he has; he does not get them back,
 * and neither does who took over his session. The service role gets them, to make the calls they are for. */

/* Keeps a secret of the actor's under a name: 1 to 64 of a-z, 0-9, '_', '-' and '.'; 1 to 8,192 bytes (some services' credentials are
 * files); 32 of them. One of that name is replaced.
 * Errors: TRIPSAGE_EUNAUTHENTICATED, TRIPSAGE_EFORBIDDEN (the service role has none), TRIPSAGE_EINVALID (fields "#name", "#value"),
 * TRIPSAGE_ENOTFOUND (the actor has no account here), TRIPSAGE_ELIMIT. */
TRIPSAGE_API tripsage_status tripsage_auth_secret_put(tripsage_auth *auth, const tripsage_actor *actor,
                                                      const char *name, const char *value, size_t length);

/* {"items":[{"name","hint","created_at","updated_at"}]}: the hint is the last four characters of a secret that has 16 or more, else "".
 * Errors: TRIPSAGE_EUNAUTHENTICATED. */
TRIPSAGE_API tripsage_status tripsage_auth_secret_list(tripsage_doc **secrets, tripsage_auth *auth,
                                                       const tripsage_actor *actor);

/* A user's secret, for the service role. NUL-terminated; `length` may be NULL. Free it with tripsage_auth_secret_free, which wipes it.
 * Errors: TRIPSAGE_EUNAUTHENTICATED, TRIPSAGE_EFORBIDDEN, TRIPSAGE_ENOTFOUND, TRIPSAGE_ECORRUPT (it was changed in the database),
 * TRIPSAGE_EUNAVAILABLE (it was sealed under a secret key that was not given). */
TRIPSAGE_API tripsage_status tripsage_auth_secret_get(char **value, size_t *length, tripsage_auth *auth,
                                                      const tripsage_actor *actor, const char *user_id,
                                                      const char *name);
TRIPSAGE_API void tripsage_auth_secret_free(char *value, size_t length); /* NULL is fine */

/* Errors: TRIPSAGE_EUNAUTHENTICATED, TRIPSAGE_ENOTFOUND. */
TRIPSAGE_API tripsage_status tripsage_auth_secret_delete(tripsage_auth *auth, const tripsage_actor *actor,
                                                         const char *name);

/* Seals everything anew that was sealed under an older secret key: the second half of changing it. First all programs on the database are
 * given the new one as secret_key and the old one as previous_secret_key; then this; then the old one can go. Rows are sealed a hundred
 * to a transaction; what was interrupted is continued by the next call, and at every moment each row is readable under one of the two.
 * {"resealed":n,"key_id":text}. Only the service role: TRIPSAGE_EUNAUTHENTICATED, TRIPSAGE_EFORBIDDEN.
 * Errors: TRIPSAGE_ECORRUPT, TRIPSAGE_EUNAVAILABLE as above: such a row ends the call, and the message names it. */
TRIPSAGE_API tripsage_status tripsage_auth_reseal(tripsage_doc **report, tripsage_auth *auth,
                                                  const tripsage_actor *actor);

/* ---- the audit trail ----
 *
 * Who did what: rows that are only appended, in the transaction of what they tell of. Each has a hash over its fields and the hash of
 * the row before it, so that one that is changed or taken out breaks the chain. Who can write to the database past the library could
 * make the whole chain anew: keep an anchor elsewhere now and then. Only the service role, but for one's own entries:
 * TRIPSAGE_EUNAUTHENTICATED, TRIPSAGE_EFORBIDDEN. */

/* Newest first: {"items":[{"seq","at","action","actor","subject","address","detail":{...},"hash"}],"before":n|null,"total":n}. `before`:
 * 0, or that of the page before: rows are numbered from 1 without gaps, so any number will do. `limit`: 0 for 100, at most 1,000. */
TRIPSAGE_API tripsage_status tripsage_auth_audit_list(tripsage_doc **page, tripsage_auth *auth,
                                                      const tripsage_actor *actor, int64_t before, uint32_t limit);

typedef struct tripsage_audit_options {
    uint32_t version; /* 1; set by TRIPSAGE_AUDIT_OPTIONS_INIT */
    int own; /* 1: what the actor did, and what others did to his account; 0: everybody's, for the service role */
    const char *user_id; /* what this user did, and what others did to his account; NULL: anybody's. Not with `own` */
    const char *action;  /* "login", "secret_put" and so on: 1 to 64 of a-z, 0-9 and '_'; NULL: all */
    const char
        *cursor;    /* "next_cursor" of the page before, or the "seq" that is to be gone on below; NULL: the newest */
    uint32_t limit; /* 0: 100; at most 1,000 */
} tripsage_audit_options;

#define TRIPSAGE_AUDIT_OPTIONS_INIT                                                                                    \
    {                                                                                                                  \
        1, 0, NULL, NULL, NULL, 0                                                                                      \
    }

/* Some of the trail, newest first: {"items":[as above],"limit":n,"next_cursor":text|null}. One's own entries have the numbers that they
 * have in the whole trail. `options` may be NULL.
 * A page costs its own rows, wherever in the trail they are, but of a user and an action together it may cost all rows of that user.
 * Errors: TRIPSAGE_EUNAUTHENTICATED, TRIPSAGE_EFORBIDDEN (everybody's to a user, its own to the service role),
 * TRIPSAGE_EINVALID (fields "#options", "#user_id", "#action", "#cursor"). */
TRIPSAGE_API tripsage_status tripsage_auth_audit_find(tripsage_doc **page, tripsage_auth *auth,
                                                      const tripsage_actor *actor,
                                                      const tripsage_audit_options *options);

/* Walks the chain: {"ok":true|false,"count":n,"anchor":text,"broken":{"seq","problem"}|null}. "count" is how many rows held, up to the
 * first that did not. `anchor`: NULL, or the one an earlier walk gave: then it is also seen when rows are missing at the end, or the
 * chain is another. Errors: TRIPSAGE_EINVALID (field "#anchor"). */
TRIPSAGE_API tripsage_status tripsage_auth_audit_verify(tripsage_doc **report, tripsage_auth *auth,
                                                        const tripsage_actor *actor, const char *anchor);
/* ---- the accounts of others ----
 *
 * For the service role alone: everybody else gets TRIPSAGE_EFORBIDDEN with reason "not_admin". Users are the "user" object above, as they
 * are after the call. An id that is none is TRIPSAGE_EINVALID with field "#user_id", one that nobody has TRIPSAGE_ENOTFOUND with reason
 * "user_not_found".
 *
 * Trips do not go with an account. They know their owner and their collaborators by an id that may be of the program's own accounts as
 * well, and what several people planned together is not one person's to take along. A deleted user's trips stay where they are: those
 * they were shared with see them as before, and the service role may give them to one of those (tripsage_trip_transfer) or delete them
 * (tripsage_trip_delete); a program that wants them gone does so before it deletes the account. */

typedef struct tripsage_user_list_options {
    uint32_t version;  /* 1; set by TRIPSAGE_USER_LIST_OPTIONS_INIT */
    uint32_t page;     /* from 1; 0: 1. A page costs what lies before it: entries of an index */
    uint32_t per_page; /* at most 1,000; 0: 50 */
    const char
        *filter; /* part of the address or the full name, at most 255 bytes, without regard to ASCII case; NULL: all */
    const char *email; /* this address alone, in any case: a look-up; NULL: all */
    int oldest_first;  /* 1; 0: newest first */
} tripsage_user_list_options;

#define TRIPSAGE_USER_LIST_OPTIONS_INIT                                                                                \
    {                                                                                                                  \
        1, 0, 0, NULL, NULL, 0                                                                                         \
    }

/* A page of users: {"users", "page", "per_page", "total"}, without their identities. `total` counts to 100,000 and no further: beyond it
 * is more than what was seen while there are more. A filter looks through the first 100,000 accounts of the list, which takes about as
 * many reads; to find somebody by the whole address, give `email`. `options` may be NULL.
 * Errors: TRIPSAGE_EUNAUTHENTICATED, TRIPSAGE_EFORBIDDEN, TRIPSAGE_EINVALID (fields "#options", "#email", "#filter"). */
TRIPSAGE_API tripsage_status tripsage_auth_admin_user_list(tripsage_doc **page, tripsage_auth *auth,
                                                           const tripsage_actor *actor,
                                                           const tripsage_user_list_options *options);

/* Errors: TRIPSAGE_EUNAUTHENTICATED, TRIPSAGE_EFORBIDDEN, TRIPSAGE_EINVALID, TRIPSAGE_ENOTFOUND. */
TRIPSAGE_API tripsage_status tripsage_auth_admin_user_get(tripsage_doc **user, tripsage_auth *auth,
                                                          const tripsage_actor *actor, const char *user_id);

/* Makes an account without signing anybody in. Takes {"email": text, "id": uuid?, "password": text?, "password_hash": text?,
 * "email_confirm": bool?, "user_metadata": object?, "app_metadata": object?, "role": text?, "ban_duration": text?}. A hash in the place
 * of a password is one of another system's: bcrypt, Argon2i or Argon2id, or Firebase's scrypt ("$fbscrypt$"). Without either, the account
 * has no password until one is set. Who is not confirmed cannot sign in. The metadata have 4 KiB each, and what a token has room for
 * together; the full name is user_metadata's "full_name". The role, "authenticated" without one, is what the token's claim says, and
 * never that of the service. A ban is a duration such as "24h" or "1h30m".
 * Errors: TRIPSAGE_EUNAUTHENTICATED, TRIPSAGE_EFORBIDDEN, TRIPSAGE_EMALFORMED, TRIPSAGE_EINVALID (fields), TRIPSAGE_EEXISTS (reason
 * "email_exists", or "user_already_exists" for the id), TRIPSAGE_EBUSY as in tripsage_auth_sign_up. */
TRIPSAGE_API tripsage_status tripsage_auth_admin_user_create(tripsage_doc **user, tripsage_auth *auth,
                                                             const tripsage_actor *actor, const char *json,
                                                             size_t length);

/* Changes an account. Takes the same but for "id"; what is not given stays. Metadata are merged member by member: null takes a member
 * away, every other value replaces it. A password, or a hash, ends all sessions of the user and what mails to him still promise. An
 * address is his at once; whether it is confirmed does not change but by "email_confirm". "ban_duration": "none" lifts a ban.
 * Errors: as above, and TRIPSAGE_ENOTFOUND. */
TRIPSAGE_API tripsage_status tripsage_auth_admin_user_update(tripsage_doc **user, tripsage_auth *auth,
                                                             const tripsage_actor *actor, const char *user_id,
                                                             const char *json, size_t length);

/* Deletes an account, with its sessions and whatever else of this header's is its own. With `soft` the account stays to be looked at,
 * with its id and its times: metadata, name and password are emptied, the address gives way to a hash of it (so that somebody may sign up
 * with it again), and it has no sessions and cannot be signed in to. Doing it again changes nothing.
 * Errors: TRIPSAGE_EUNAUTHENTICATED, TRIPSAGE_EFORBIDDEN, TRIPSAGE_EINVALID, TRIPSAGE_ENOTFOUND. */
TRIPSAGE_API tripsage_status tripsage_auth_admin_user_delete(tripsage_auth *auth, const tripsage_actor *actor,
                                                             const char *user_id, int soft);

/* What a mail would carry, to be handed over by other means: {"type", "email", "password"?, "new_email"?, "data": object?,
 * "redirect_to"?}. The types are "signup" (with a password), "invite", "magiclink" and "recovery", "email_change_current" and
 * "email_change_new" (with the new address; both owners confirm). Signing up and inviting makes an account with that user_metadata,
 * unless there is one that is not confirmed; a magic link for who has no account becomes a "signup" without a password. redirect_to is
 * where the link leads in the end, if people may be sent there (see tripsage_mail_options), else the site.
 * Gives the user, and with him {"action_link", "email_otp": the code, "hashed_token", "verification_type", "redirect_to"}.
 * Errors: as above, and TRIPSAGE_EEXISTS (reason "email_exists": he has confirmed his address; or the new one is somebody's),
 * TRIPSAGE_ENOTFOUND. */
TRIPSAGE_API tripsage_status tripsage_auth_admin_generate_link(tripsage_doc **link, tripsage_auth *auth,
                                                               const tripsage_actor *actor, const char *json,
                                                               size_t length);

/* Invites by mail: {"email", "data": object?, "redirect_to"?}. Gives the user.
 * Errors: as above, and TRIPSAGE_ENOTSUP (no mail server is configured), TRIPSAGE_EBUSY. */
TRIPSAGE_API tripsage_status tripsage_auth_admin_invite(tripsage_doc **user, tripsage_auth *auth,
                                                        const tripsage_actor *actor, const char *json, size_t length);

/* ---- the actor's sessions ---- */

/* {"sessions": [{"id", "created_at", "refreshed_at", "not_after"?, "aal": "aal1"|"aal2", "amr": [{"method", "timestamp"}],
 * "user_agent"|null, "ip"|null, "current": bool}]}, the newest first. `current` is the one that the actor's token is of.
 * Errors: TRIPSAGE_EUNAUTHENTICATED. */
TRIPSAGE_API tripsage_status tripsage_auth_session_list(tripsage_doc **sessions, tripsage_auth *auth,
                                                        const tripsage_actor *actor);

/* Ends one session of the actor's user, as tripsage_auth_sign_out does.
 * Errors: TRIPSAGE_EUNAUTHENTICATED, TRIPSAGE_EINVALID (field "#session_id"), TRIPSAGE_ENOTFOUND (none of his, or it has ended). */
TRIPSAGE_API tripsage_status tripsage_auth_session_revoke(tripsage_auth *auth, const tripsage_actor *actor,
                                                          const char *session_id);

/* ---- second factors ----
 *
 * An authenticator app (RFC 6238: six digits, a new code each 30 seconds) beside the password. It is enrolled, which shows its secret,
 * and counts once a code of it was verified; from then on a sign-in gives a session of assurance level 1 (claim "aal": "aal1"), and
 * verifying a code raises it to level 2 ("aal2"). What level a route asks for is the program's to say; the library asks for level 2 where
 * a password or factors are changed. A secret is kept encrypted (see tripsage_auth_options.secret_key). A factor is
 *
 *     {"id", "created_at", "updated_at", "status": "verified"|"unverified", "friendly_name", "factor_type": "totp", "phone": "", "last_challenged_at"?}
 *
 * and the "user" object has them as "factors", where there are any. All calls need an actor made from a token but the list:
 * TRIPSAGE_EINVALID (field "#actor"). Codes are guessed ten times in ten minutes: TRIPSAGE_ERATELIMITED. */

/* A new factor of {"friendly_name": text?, "issuer": text?}: up to 100 characters that none of his others has, and up to 64 bytes that
 * the app shows beside the address, "TripSage" without. Gives {"id","type":"totp","friendly_name","totp":{"qr_code": an SVG
 * image,"secret": base32,"uri"}}. There may be ten; one that was not verified within an hour gives way.
 * Errors: TRIPSAGE_EUNAUTHENTICATED, TRIPSAGE_EMALFORMED, TRIPSAGE_EINVALID (fields), TRIPSAGE_EEXISTS (the name), TRIPSAGE_ELIMIT,
 * TRIPSAGE_EFORBIDDEN (a guest; or reason "insufficient_aal": he has a factor and the session is of level 1), TRIPSAGE_ENOTFOUND (no
 * account). */
TRIPSAGE_API tripsage_status tripsage_auth_factor_enroll(tripsage_doc **factor, tripsage_auth *auth,
                                                         const tripsage_actor *actor,
                                                         const tripsage_auth_client *client, const char *json,
                                                         size_t length);

/* What a code is going to answer, within five minutes: {"id","type":"totp","expires_at": seconds since 1970}.
 * Errors: TRIPSAGE_EUNAUTHENTICATED, TRIPSAGE_EINVALID (field "#factor_id"), TRIPSAGE_ENOTFOUND. */
TRIPSAGE_API tripsage_status tripsage_auth_factor_challenge(tripsage_doc **challenge, tripsage_auth *auth,
                                                            const tripsage_actor *actor,
                                                            const tripsage_auth_client *client, const char *factor_id);

/* Answers it with the app's code, of now or the half minute before or after. Gives the session, raised to level 2, with its next tokens;
 * ends the user's sessions of level 1, and drops his factors that were never verified. A code is good once.
 * Errors: TRIPSAGE_EUNAUTHENTICATED, TRIPSAGE_EINVALID (fields "#factor_id", "#challenge_id"), TRIPSAGE_ENOTFOUND (no such factor of
 * his), TRIPSAGE_ECREDENTIALS (reasons "mfa_verification_failed": the code; "mfa_factor_not_found": no such challenge of it;
 * "mfa_ip_address_mismatch": the challenge was answered), TRIPSAGE_EEXPIRED (the challenge), TRIPSAGE_ETOKEN (the session has ended). */
TRIPSAGE_API tripsage_status tripsage_auth_factor_verify(tripsage_doc **session, tripsage_auth *auth,
                                                         const tripsage_actor *actor,
                                                         const tripsage_auth_client *client, const char *factor_id,
                                                         const char *challenge_id, const char *code);

/* Takes a factor away. Sessions that were raised by it are of level 1 again, and with the last one go the recovery codes.
 * Errors: TRIPSAGE_EUNAUTHENTICATED, TRIPSAGE_EINVALID (field "#factor_id"), TRIPSAGE_ENOTFOUND, TRIPSAGE_EFORBIDDEN (reason
 * "insufficient_aal": a verified one, and the session is of level 1). */
TRIPSAGE_API tripsage_status tripsage_auth_factor_unenroll(tripsage_auth *auth, const tripsage_actor *actor,
                                                           const char *factor_id);

/* {"factors": [...]}, the oldest first. Errors: TRIPSAGE_EUNAUTHENTICATED, TRIPSAGE_ENOTFOUND (no account). */
TRIPSAGE_API tripsage_status tripsage_auth_factor_list(tripsage_doc **factors, tripsage_auth *auth,
                                                       const tripsage_actor *actor);

/* Ten recovery codes for who has lost the app, in the place of those before: {"recovery_codes": [text]}. Only hashes of them are kept.
 * They are for who has a verified factor, and a session of level 2.
 * Errors: TRIPSAGE_EUNAUTHENTICATED, TRIPSAGE_ENOTFOUND (he has none), TRIPSAGE_EFORBIDDEN (reason "insufficient_aal"). */
TRIPSAGE_API tripsage_status tripsage_auth_recovery_codes(tripsage_doc **codes, tripsage_auth *auth,
                                                          const tripsage_actor *actor);

/* Raises the session by one of them, in any case, with its dashes or without; it is good once.
 * Errors: TRIPSAGE_EUNAUTHENTICATED, TRIPSAGE_ECREDENTIALS, TRIPSAGE_ETOKEN (the session has ended). */
TRIPSAGE_API tripsage_status tripsage_auth_recovery_verify(tripsage_doc **session, tripsage_auth *auth,
                                                           const tripsage_actor *actor,
                                                           const tripsage_auth_client *client, const char *code);

TRIPSAGE_END_DECLS

#endif
