/* auth/password_rules.h: which passwords are too weak to be set (NIST SP 800-63B-4, 3.1.1.2): short ones, and those that everybody tries
 * first. No rule asks for digits or signs. A password that was set is never asked again. */
#ifndef TRIPSAGE_AUTH_PASSWORD_RULES_H
#define TRIPSAGE_AUTH_PASSWORD_RULES_H

#include <stddef.h>

#include "base/buf.h"

#define TRIPSAGE__WEAK_LENGTH 1u /* fewer than `min` characters */
#define TRIPSAGE__WEAK_COMMON 2u /* among the first that are guessed, of anybody or of this user */

/* What is wrong with a password of at most TRIPSAGE__PASSWORD_BYTES_MAX bytes of UTF-8: a sum of the above, or 0. A character is a code
 * point. `email`: the user's as it is kept, or NULL. Costs some hundred microseconds, little beside a hash. */
unsigned tripsage__password_weakness(const char *password, size_t min, const char *email);

/* The two as Supabase Auth tells them: the JSON array of `weak_password.reasons` ("length", and "pwned" for a common one; there is no
 * reason to say "characters"), and its sentences. */
void tripsage__password_put_reasons(tripsage__buf *buf, unsigned weakness);
#define TRIPSAGE__PASSWORD_ADVICE_SIZE 160
void tripsage__password_advice(char out[TRIPSAGE__PASSWORD_ADVICE_SIZE], unsigned weakness, size_t min);

/* ---- what common passwords are made of (password_words.c); each list ends with NULL ---- */

extern const char *const tripsage__password_words[]; /* lower case, at least four letters */
extern const char
    *const tripsage__password_walks[]; /* paths over a keyboard, and sequences: parts of them, in either direction */

#endif
