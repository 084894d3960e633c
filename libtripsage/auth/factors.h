/* auth/factors.h: second factors: authenticator apps, and recovery codes. For both doors: the calls of tripsage/auth.h, and Supabase
 * Auth's wire (v1/).
 *
 * A session has an assurance level: 1 after a password or a mail, 2 after a code of a factor as well. `origin` may be NULL. Enrolling,
 * challenging and verifying give TRIPSAGE_ERATELIMITED ("over_request_rate_limit"), too. */
#ifndef TRIPSAGE_AUTH_FACTORS_H
#define TRIPSAGE_AUTH_FACTORS_H

#include "auth/auth_internal.h"
#include "auth/sign.h"

#define TRIPSAGE__FACTORS_MAX       10     /* as Supabase Auth: a phone or two, and who tries it out */
#define TRIPSAGE__CHALLENGE_LIFE_MS 300000 /* five minutes: to find the phone */
#define TRIPSAGE__FACTOR_NAME_MAX   100    /* characters, as a person's name */
#define TRIPSAGE__FACTOR_ISSUER_MAX 64     /* bytes: what a QR code of a size that phones read has room for */

/* A new factor, which counts once a code of it was verified: {"id","type":"totp","friendly_name","totp":{"qr_code","secret","uri"}}. The
 * secret is shown this once. `name` may be "". A read and a write.
 * Errors: TRIPSAGE_ENOTFOUND ("user_not_found"), TRIPSAGE_EEXISTS ("mfa_factor_name_conflict"), TRIPSAGE_ELIMIT
 * ("too_many_enrolled_mfa_factors"), TRIPSAGE_EFORBIDDEN ("insufficient_aal": he has one, and the session did not show it;
 * "no_authorization": a guest). */
tripsage_status tripsage__factor_enroll(tripsage_doc **out, tripsage_auth *auth, const tripsage_actor *actor,
                                        const tripsage__origin *origin, const char *name, const char *issuer);

/* What a code is to answer: {"id","type":"totp","expires_at": seconds}. One write.
 * TRIPSAGE_ENOTFOUND ("mfa_factor_not_found"). */
tripsage_status tripsage__factor_challenge(tripsage_doc **out, tripsage_auth *auth, const tripsage_actor *actor,
                                           const tripsage__origin *origin, const char *factor_id);

/* Raises the actor's session, which ends the user's sessions without a second factor, and gives its next refresh token. A read and a
 * write.
 * Errors: TRIPSAGE_ENOTFOUND ("mfa_factor_not_found"), TRIPSAGE_ECREDENTIALS ("mfa_verification_failed"; "mfa_factor_not_found": the
 * challenge is none of it; "mfa_ip_address_mismatch": or it was answered before), TRIPSAGE_EEXPIRED ("mfa_challenge_expired"),
 * TRIPSAGE_ETOKEN ("session_not_found"). */
tripsage_status tripsage__factor_verify(tripsage__grant *out, tripsage_auth *auth, const tripsage_actor *actor,
                                        const tripsage__origin *origin, const char *factor_id, const char *challenge_id,
                                        const char *code, int flags);

/* Takes a factor away; sessions that were raised by it fall back. TRIPSAGE_ENOTFOUND ("mfa_factor_not_found"), TRIPSAGE_EFORBIDDEN
 * ("insufficient_aal": of a verified one). */
tripsage_status tripsage__factor_unenroll(tripsage_auth *auth, const tripsage_actor *actor, const char *factor_id);

/* A user's factors as a JSON array. TRIPSAGE_ENOTFOUND ("user_not_found"). */
tripsage_status tripsage__factor_list(tripsage__buf *out, tripsage_auth *auth, const char *user_id);

/* For the service role; they append the factor as JSON: as it was, as it is. TRIPSAGE_ENOTFOUND ("user_not_found", "mfa_factor_not_found"),
 * TRIPSAGE_EEXISTS ("mfa_factor_name_conflict"). */
tripsage_status tripsage__factor_delete(tripsage__buf *out, tripsage_auth *auth, const char *user_id,
                                        const char *factor_id);
tripsage_status tripsage__factor_rename(tripsage__buf *out, tripsage_auth *auth, const char *user_id,
                                        const char *factor_id, const char *name);

/* ---- recovery codes ---- */

/* Ten new ones in the place of those he had: {"recovery_codes":[text]}. TRIPSAGE_EFORBIDDEN ("insufficient_aal": the session has not
 * shown the factor), TRIPSAGE_ENOTFOUND ("mfa_factor_not_found": there is none). */
tripsage_status tripsage__recovery_codes_make(tripsage_doc **out, tripsage_auth *auth, const tripsage_actor *actor);

/* Raises the actor's session as tripsage__factor_verify does, once for each code. TRIPSAGE_ECREDENTIALS ("mfa_verification_failed"),
 * TRIPSAGE_ETOKEN ("session_not_found"). */
tripsage_status tripsage__recovery_code_use(tripsage__grant *out, tripsage_auth *auth, const tripsage_actor *actor,
                                            const tripsage__origin *origin, const char *code, int flags);

#endif
