/* auth/totp.h: codes of authenticator apps (RFC 6238: six digits, HMAC-SHA1, a new one each 30 seconds), what an app is shown to know the
 * secret, and the recovery codes for who has lost the app.
 *
 * None of it keeps anything. Whoever does: seal the secret, keep the step of the last code that was good, and write it only where it is
 * still the one that was read, so that a code is good once. */
#ifndef TRIPSAGE_AUTH_TOTP_H
#define TRIPSAGE_AUTH_TOTP_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/env.h"

#define TRIPSAGE__TOTP_SECRET_SIZE 20 /* RFC 4226, 4, R6: 160 bits */
#define TRIPSAGE__TOTP_TEXT_SIZE   33 /* the same in base32, and the NUL */
#define TRIPSAGE__TOTP_CODE_SIZE   7  /* six digits and the NUL */

/* TRIPSAGE_EINTERNAL: no randomness. */
tripsage_status tripsage__totp_new_secret(unsigned char out[TRIPSAGE__TOTP_SECRET_SIZE], tripsage__env *env);
void tripsage__totp_text(char out[TRIPSAGE__TOTP_TEXT_SIZE], const unsigned char secret[TRIPSAGE__TOTP_SECRET_SIZE]);

/* The code of a step, which is the number of a half minute since 1970. */
tripsage_status tripsage__totp_code(char out[TRIPSAGE__TOTP_CODE_SIZE],
                                    const unsigned char secret[TRIPSAGE__TOTP_SECRET_SIZE], int64_t step);

/* Looks for a code among those of now, the half minute before and the one after. *step is the one whose code it is, or -1 when it is none
 * of them, no six digits, or of a step that is not after `last_step`: used before (0: none was). Takes as long in each case.
 * Errors: TRIPSAGE_ENOMEM, TRIPSAGE_EINTERNAL. */
tripsage_status tripsage__totp_find(int64_t *step, const unsigned char secret[TRIPSAGE__TOTP_SECRET_SIZE],
                                    const char *code, int64_t now_ms, int64_t last_step);

/* "otpauth://totp/ISSUER:ACCOUNT?algorithm=SHA1&digits=6&issuer=ISSUER&period=30&secret=BASE32", as Supabase Auth writes it. */
void tripsage__totp_put_uri(tripsage__buf *buf, const unsigned char secret[TRIPSAGE__TOTP_SECRET_SIZE],
                            const char *issuer, const char *account);

/* A QR code of up to 1,000 bytes of text as an SVG image, without a character that means something in a data: URL: clients put
 * "data:image/svg+xml;utf-8," before it as it is.
 * Errors: TRIPSAGE_EINVALID (field "#text": too long), TRIPSAGE_ENOMEM; those of the buffer stay in it. */
tripsage_status tripsage__qr_put_svg(tripsage__buf *buf, const char *text);

/* ---- recovery codes ---- */

#define TRIPSAGE__RECOVERY_CODES     10
#define TRIPSAGE__RECOVERY_CODE_SIZE 20 /* "abcd-efgh-ijkl-mnop", 80 bits, and the NUL */
#define TRIPSAGE__RECOVERY_HASH_SIZE 65 /* hexadecimal, and the NUL */

typedef struct tripsage__recovery_codes {
    char codes[TRIPSAGE__RECOVERY_CODES][TRIPSAGE__RECOVERY_CODE_SIZE];  /* shown once, then wiped */
    char hashes[TRIPSAGE__RECOVERY_CODES][TRIPSAGE__RECOVERY_HASH_SIZE]; /* kept */
} tripsage__recovery_codes;

/* `user_id` goes into the hashes. TRIPSAGE_EINTERNAL: no randomness. */
tripsage_status tripsage__recovery_codes_new(tripsage__recovery_codes *out, tripsage__env *env, const char *user_id);

/* The hash to look for when somebody types a code, in any case, with spaces or dashes or without; "" when it cannot be one.
 * (80 random bits need no slow hash. The database may compare hashes: whoever times that learns of the hash, not of the code.) */
tripsage_status tripsage__recovery_hash(char out[TRIPSAGE__RECOVERY_HASH_SIZE], const char *user_id, const char *code);

#endif
