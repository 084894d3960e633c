/* auth/totp.c: codes of authenticator apps, and recovery codes: see totp.h. */
#include "auth/totp.h"

#include <stdio.h>
#include <string.h>

#include "base/crypto.h"

#define STEP_MS 30000
#define DIGITS  (TRIPSAGE__TOTP_CODE_SIZE - 1)

tripsage_status tripsage__totp_new_secret(unsigned char out[TRIPSAGE__TOTP_SECRET_SIZE], tripsage__env *env)
{
    return tripsage__random(env, out, TRIPSAGE__TOTP_SECRET_SIZE);
}

void tripsage__totp_text(char out[TRIPSAGE__TOTP_TEXT_SIZE], const unsigned char secret[TRIPSAGE__TOTP_SECRET_SIZE])
{
    tripsage__base32(out, secret, TRIPSAGE__TOTP_SECRET_SIZE);
}

/* RFC 4226, 5.3: 31 bits of the HMAC, from where its last four bits say. */
tripsage_status tripsage__totp_code(char out[TRIPSAGE__TOTP_CODE_SIZE],
                                    const unsigned char secret[TRIPSAGE__TOTP_SECRET_SIZE], int64_t step)
{
    unsigned char counter[8], mac[TRIPSAGE__SHA1_SIZE], *from;
    tripsage_status status;
    uint32_t number;

    for (int i = 0; i < 8; i++)
        counter[i] = (unsigned char)((uint64_t)step >> (56 - 8 * i));
    TRIPSAGE_TRY(tripsage__hmac_sha1(mac, secret, TRIPSAGE__TOTP_SECRET_SIZE, counter, sizeof counter));
    from = mac + (mac[TRIPSAGE__SHA1_SIZE - 1] & 15);
    number = (uint32_t)(from[0] & 0x7f) << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
    snprintf(out, TRIPSAGE__TOTP_CODE_SIZE, "%06u", number % 1000000);
out:
    tripsage__wipe(mac, sizeof mac);
    return status;
}

tripsage_status tripsage__totp_find(int64_t *step, const unsigned char secret[TRIPSAGE__TOTP_SECRET_SIZE],
                                    const char *code, int64_t now_ms, int64_t last_step)
{
    char given[TRIPSAGE__TOTP_CODE_SIZE] = "", made[TRIPSAGE__TOTP_CODE_SIZE];
    int64_t now = now_ms / STEP_MS, found = -1;
    tripsage_status status = TRIPSAGE_OK;

    *step = -1;
    if (strlen(code) == DIGITS) /* else what is compared is empty, and no code */
        memcpy(given, code, DIGITS);
    for (int64_t at = now - 1; at <= now + 1; at++) {
        TRIPSAGE_TRY(tripsage__totp_code(made, secret, at));
        if (tripsage__equal_constant_time(made, given, DIGITS) && at > last_step)
            found = at;
    }
    *step = found;
out:
    tripsage__wipe(made, sizeof made);
    return status;
}

/* ---- what an app reads ---- */

/* RFC 3986's unreserved characters and those in `as_is`; of the rest, the bytes in hexadecimal. */
static void put_escaped(tripsage__buf *buf, const char *text, const char *as_is)
{
    static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    for (; *text; text++)
        if (strchr(unreserved, *text) || strchr(as_is, *text))
            tripsage__buf_putc(buf, *text);
        else
            tripsage__buf_printf(buf, "%%%02X", (unsigned char)*text);
}

void tripsage__totp_put_uri(tripsage__buf *buf, const unsigned char secret[TRIPSAGE__TOTP_SECRET_SIZE],
                            const char *issuer, const char *account)
{
    char text[TRIPSAGE__TOTP_TEXT_SIZE];

    tripsage__totp_text(text, secret);
    TRIPSAGE__LIT(buf, "otpauth://totp/");
    put_escaped(buf, issuer, "@+");
    TRIPSAGE__LIT(buf, ":");
    put_escaped(buf, account, "@+");
    TRIPSAGE__LIT(buf, "?algorithm=SHA1&digits=6&issuer=");
    put_escaped(buf, issuer, "@:"); /* apps take a + here for a space */
    TRIPSAGE__LIT(buf, "&period=30&secret=");
    tripsage__buf_puts(buf, text);
    tripsage__wipe(text, sizeof text);
}

/* ---- recovery codes ---- */

#define CODE_BYTES 10 /* 80 bits: nobody guesses them, however many may be tried */
#define CODE_CHARS 16
#define GROUP      4

/* The sixteen characters of a code in capitals; 0 when it is none. */
static int read_code(char out[CODE_CHARS + 1], const char *text)
{
    size_t count = 0;

    for (; *text; text++) {
        char c = *text >= 'a' && *text <= 'z' ? (char)(*text - 'a' + 'A') : *text;

        if (c == ' ' || c == '-')
            continue;
        if (count == CODE_CHARS || !((c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7')))
            return 0;
        out[count++] = c;
    }
    out[count] = '\0';
    return count == CODE_CHARS;
}

tripsage_status tripsage__recovery_hash(char out[TRIPSAGE__RECOVERY_HASH_SIZE], const char *user_id, const char *code)
{
    char plain[CODE_CHARS + 1], told[TRIPSAGE__UUID_SIZE + CODE_CHARS + 1];
    unsigned char digest[TRIPSAGE__SHA256_SIZE];
    tripsage_status status = TRIPSAGE_OK;

    out[0] = '\0';
    if (read_code(plain, code)) {
        int length = snprintf(told, sizeof told, "%.36s:%s", user_id, plain);

        status = tripsage__sha256(digest, told, (size_t)length);
        if (status == TRIPSAGE_OK)
            tripsage__hex(out, digest, sizeof digest);
    }
    tripsage__wipe(plain, sizeof plain);
    tripsage__wipe(told, sizeof told);
    return status;
}

/* "ABCDEFGHIJKLMNOP" as "abcd-efgh-ijkl-mnop": easier to type. */
static void write_code(char out[TRIPSAGE__RECOVERY_CODE_SIZE], const char *plain)
{
    for (size_t i = 0; i < CODE_CHARS; i++) {
        if (i && i % GROUP == 0)
            *out++ = '-';
        *out++ = plain[i] >= 'A' ? (char)(plain[i] - 'A' + 'a') : plain[i];
    }
    *out = '\0';
}

tripsage_status tripsage__recovery_codes_new(tripsage__recovery_codes *out, tripsage__env *env, const char *user_id)
{
    unsigned char bytes[TRIPSAGE__RECOVERY_CODES * CODE_BYTES];
    char plain[CODE_CHARS + 1] = "";
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__random(env, bytes, sizeof bytes));
    for (size_t i = 0; i < TRIPSAGE__RECOVERY_CODES; i++) {
        tripsage__base32(plain, bytes + i * CODE_BYTES, CODE_BYTES);
        write_code(out->codes[i], plain);
        TRIPSAGE_TRY(tripsage__recovery_hash(out->hashes[i], user_id, plain));
    }
out:
    if (status != TRIPSAGE_OK)
        tripsage__wipe(out, sizeof *out);
    tripsage__wipe(bytes, sizeof bytes);
    tripsage__wipe(plain, sizeof plain);
    return status;
}
