/* support/app.c: see app.h. */
#include "app.h"

#include <check.h>
#include <string.h>

#include "auth/totp.h"

static void read_base32(unsigned char out[TRIPSAGE__TOTP_SECRET_SIZE], const char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    unsigned bits = 0, count = 0;

    ck_assert_uint_eq(strlen(text), TRIPSAGE__TOTP_TEXT_SIZE - 1);
    for (; *text; text++) {
        ck_assert_ptr_nonnull(strchr(digits, *text));
        bits = bits << 5 | (unsigned)(strchr(digits, *text) - digits);
        count += 5;
        if (count >= 8) {
            count -= 8;
            *out++ = (unsigned char)(bits >> count);
        }
    }
}

void test_app_code(char out[7], const char *secret, int64_t now_ms)
{
    unsigned char bytes[TRIPSAGE__TOTP_SECRET_SIZE];

    read_base32(bytes, secret);
    ck_assert_int_eq(tripsage__totp_code(out, bytes, now_ms / 30000), TRIPSAGE_OK);
}
