/* totp_test.c: codes against RFC 4226 and RFC 6238, what counts as used, what an app is shown, and recovery codes. */
#include "auth/totp.h"

#include <string.h>

#include "../suite.h"
#include "base/crypto.h"
#include "fixture.h"

#define USER  "0190a5b0-7c11-7000-8000-000000000001"
#define OTHER "0190a5b0-7c11-7000-8000-000000000002"

static const unsigned char rfc_secret[TRIPSAGE__TOTP_SECRET_SIZE] = "12345678901234567890";

/* A source of chance that counts. */
static int count_up(unsigned char *out, size_t size, void *user)
{
    static unsigned char next;

    (void)user;
    for (size_t i = 0; i < size; i++)
        out[i] = next++;
    return 0;
}

static int no_bytes(unsigned char *out, size_t size, void *user)
{
    (void)out;
    (void)size;
    (void)user;
    return -1;
}

static tripsage__env *new_env(int (*random_bytes)(unsigned char *, size_t, void *))
{
    tripsage_runtime runtime = TRIPSAGE_RUNTIME_INIT;
    tripsage__env *env;

    runtime.random_bytes = random_bytes;
    ck_assert_ok(tripsage__env_new(&env, &runtime));
    return env;
}

START_TEST(codes_are_those_of_the_rfcs)
{
    static const char *const hotp[] = {"755224", "287082", "359152", "969429", "338314",
                                       "254676", "287922", "162583", "399871", "520489"};
    static const struct {
        int64_t s;
        const char *code;
    } totp[] = {{59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
                {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"}};
    char code[TRIPSAGE__TOTP_CODE_SIZE];
    int64_t step;

    for (int i = 0; i < 10; i++) {
        ck_assert_ok(tripsage__totp_code(code, rfc_secret, i));
        ck_assert_str_eq(code, hotp[i]);
    }
    for (size_t i = 0; i < sizeof totp / sizeof totp[0]; i++) {
        ck_assert_ok(tripsage__totp_find(&step, rfc_secret, totp[i].code, totp[i].s * 1000, 0));
        ck_assert_int_eq(step, totp[i].s / 30);
    }
}
END_TEST

static int64_t find(const char *code, int64_t now_ms, int64_t last_step)
{
    int64_t step = -2;

    ck_assert_ok(tripsage__totp_find(&step, rfc_secret, code, now_ms, last_step));
    return step;
}

START_TEST(a_code_is_good_half_a_minute_before_and_after)
{
    const int64_t step = NOON / 30000;
    char code[TRIPSAGE__TOTP_CODE_SIZE];

    ck_assert_ok(tripsage__totp_code(code, rfc_secret, step));
    ck_assert_int_eq(find(code, NOON, 0), step);
    ck_assert_int_eq(find(code, NOON - 30000, 0), step); /* our clock is slow */
    ck_assert_int_eq(find(code, NOON - 30001, 0), -1);
    ck_assert_int_eq(find(code, NOON + 59999, 0), step);
    ck_assert_int_eq(find(code, NOON + 60000, 0), -1);
}
END_TEST

START_TEST(a_code_is_good_once)
{
    const int64_t step = NOON / 30000;
    char code[TRIPSAGE__TOTP_CODE_SIZE], next[TRIPSAGE__TOTP_CODE_SIZE];

    ck_assert_ok(tripsage__totp_code(code, rfc_secret, step));
    ck_assert_ok(tripsage__totp_code(next, rfc_secret, step + 1));
    ck_assert_int_eq(find(code, NOON, step - 1), step);
    ck_assert_int_eq(find(code, NOON, step), -1);
    ck_assert_int_eq(find(code, NOON + 30000, step), -1);
    ck_assert_int_eq(find(code, NOON, step + 1), -1); /* nor one from before the last */
    ck_assert_int_eq(find(next, NOON, step), step + 1);
}
END_TEST

START_TEST(what_is_no_code_is_none)
{
    char code[TRIPSAGE__TOTP_CODE_SIZE], text[16];

    ck_assert_ok(tripsage__totp_code(code, rfc_secret, NOON / 30000));
    ck_assert_int_eq(find("", NOON, 0), -1);
    ck_assert_int_eq(find("00000", NOON, 0), -1);
    snprintf(text, sizeof text, "%s0", code);
    ck_assert_int_eq(find(text, NOON, 0), -1);
    snprintf(text, sizeof text, " %s", code);
    ck_assert_int_eq(find(text, NOON, 0), -1);
    snprintf(text, sizeof text, "%.5s", code);
    ck_assert_int_eq(find(text, NOON, 0), -1);
    ck_assert_int_eq(find("abcdef", NOON, 0), -1);
}
END_TEST

/* The recorded answer of a real server, and names that need escaping. */
START_TEST(the_uri_is_the_one_of_supabase)
{
    static const unsigned char secret[TRIPSAGE__TOTP_SECRET_SIZE] = {0xc2, 0x7b, 0x34, 0x5e, 0x6b, 0xca, 0x0f,
                                                                     0x71, 0x1b, 0x1b, 0x0f, 0x86, 0x2c, 0x38,
                                                                     0x00, 0x9f, 0x30, 0x6c, 0x3b, 0x48};
    tripsage__buf buf = TRIPSAGE__BUF_INIT(1000);

    tripsage__totp_put_uri(&buf, secret, "ts", "carol.mwspbh21@example.com");
    ck_assert_ok(tripsage__buf_status(&buf));
    ck_assert_str_eq(buf.data,
                     "otpauth://totp/ts:carol.mwspbh21@example.com?algorithm=SHA1&digits=6&issuer=ts&period=30"
                     "&secret=YJ5TIXTLZIHXCGY3B6DCYOAAT4YGYO2I");
    tripsage__buf_free(&buf);
    tripsage__totp_put_uri(&buf, secret, "A & B: Köln?", "ada+trips@example.com");
    ck_assert_ok(tripsage__buf_status(&buf));
    ck_assert_str_eq(buf.data,
                     "otpauth://totp/A%20%26%20B%3A%20K%C3%B6ln%3F:ada+trips@example.com?algorithm=SHA1&digits=6"
                     "&issuer=A%20%26%20B:%20K%C3%B6ln%3F&period=30&secret=YJ5TIXTLZIHXCGY3B6DCYOAAT4YGYO2I");
    tripsage__buf_free(&buf);
}
END_TEST

START_TEST(a_new_secret_is_of_chance)
{
    unsigned char secret[TRIPSAGE__TOTP_SECRET_SIZE], other[TRIPSAGE__TOTP_SECRET_SIZE];
    tripsage__env *env = new_env(count_up), *poor = new_env(no_bytes);
    tripsage__recovery_codes codes;
    char text[TRIPSAGE__TOTP_TEXT_SIZE];

    ck_assert_ok(tripsage__totp_new_secret(secret, env));
    ck_assert_ok(tripsage__totp_new_secret(other, env));
    ck_assert_int_ne(memcmp(secret, other, sizeof secret), 0);
    tripsage__totp_text(text, (const unsigned char *)"foobarfoobarfoobarfo");
    ck_assert_str_eq(text, "MZXW6YTBOJTG633CMFZGM33PMJQXEZTP");
    ck_assert_fails(tripsage__totp_new_secret(secret, poor), TRIPSAGE_EINTERNAL);
    ck_assert_fails(tripsage__recovery_codes_new(&codes, poor, USER), TRIPSAGE_EINTERNAL);
    ck_assert_str_eq(codes.codes[0], "");
    tripsage__env_free(env);
    tripsage__env_free(poor);
}
END_TEST

/* ---- QR codes ---- */

#define SIDE_MAX 200

/* The dots of an image, read back from its path; gives how many a side. */
static int read_dots(unsigned char dots[SIDE_MAX][SIDE_MAX], const char *svg)
{
    const char *at = strstr(svg, "viewBox=\"0 0 ");
    int side, x, y, width, read;

    ck_assert_ptr_nonnull(at);
    side = atoi(at + 13);
    memset(dots, 0, SIDE_MAX * SIDE_MAX);
    at = strstr(svg, "<path d=\"");
    ck_assert_ptr_nonnull(at);
    for (at += 9; sscanf(at, "M%d %dh%dv1h-%*dz%n", &x, &y, &width, &read) == 3; at += read)
        for (int i = x; i < x + width; i++) {
            ck_assert_int_eq(dots[y][i], 0);
            dots[y][i] = 1;
        }
    ck_assert_str_eq(at, "\"/></svg>");
    return side;
}

/* A dark square of seven around a light one of five around a dark one of three, in a light frame. */
static void assert_eye(unsigned char dots[SIDE_MAX][SIDE_MAX], int left, int top)
{
    for (int y = -1; y <= 7; y++)
        for (int x = -1; x <= 7; x++) {
            int from_middle = abs(x - 3) > abs(y - 3) ? abs(x - 3) : abs(y - 3);

            ck_assert_int_eq(dots[top + y][left + x], from_middle != 2 && from_middle != 4);
        }
}

START_TEST(a_qr_code_has_its_eyes_and_its_margin)
{
    static unsigned char dots[SIDE_MAX][SIDE_MAX], others[SIDE_MAX][SIDE_MAX];
    tripsage__buf buf = TRIPSAGE__BUF_INIT((size_t)64 * 1024);
    int side;

    ck_assert_ok(
        tripsage__qr_put_svg(&buf, "otpauth://totp/ts:carol@example.com?secret=YJ5TIXTLZIHXCGY3B6DCYOAAT4YGYO2I"));
    ck_assert_ok(tripsage__buf_status(&buf));
    ck_assert_ptr_null(strpbrk(buf.data, "#%")); /* they mean something in a URL */
    side = read_dots(dots, buf.data);
    ck_assert_int_eq((side - 8 - 17) % 4, 0); /* a version of the standard */
    assert_eye(dots, 4, 4);
    assert_eye(dots, side - 11, 4);
    assert_eye(dots, 4, side - 11);
    for (int i = 0; i < side; i++)
        for (int edge = 0; edge < 4; edge++)
            ck_assert(!dots[edge][i] && !dots[i][edge] && !dots[side - 1 - edge][i] && !dots[i][side - 1 - edge]);
    tripsage__buf_free(&buf);
    ck_assert_ok(
        tripsage__qr_put_svg(&buf, "otpauth://totp/ts:carol@example.com?secret=YJ5TIXTLZIHXCGY3B6DCYOAAT4YGYO2J"));
    ck_assert_int_eq(read_dots(others, buf.data), side);
    ck_assert_int_ne(memcmp(dots, others, sizeof dots), 0);
    tripsage__buf_free(&buf);
}
END_TEST

START_TEST(a_text_that_is_too_long_is_told)
{
    tripsage__buf buf = TRIPSAGE__BUF_INIT((size_t)256 * 1024);
    char text[1002];

    memset(text, 'x', sizeof text);
    text[1001] = '\0';
    ck_assert_fails(tripsage__qr_put_svg(&buf, text), TRIPSAGE_EINVALID);
    text[1000] = '\0';
    ck_assert_ok(tripsage__qr_put_svg(&buf, text));
    ck_assert_ok(tripsage__buf_status(&buf));
    tripsage__buf_free(&buf);
}
END_TEST

/* ---- recovery codes ---- */

START_TEST(recovery_codes_are_found_by_their_hashes)
{
    tripsage__env *env = new_env(NULL);
    tripsage__recovery_codes codes;
    char hash[TRIPSAGE__RECOVERY_HASH_SIZE];

    ck_assert_ok(tripsage__recovery_codes_new(&codes, env, USER));
    for (int i = 0; i < TRIPSAGE__RECOVERY_CODES; i++) {
        ck_assert_uint_eq(strlen(codes.codes[i]), 19);
        ck_assert_uint_eq(strspn(codes.codes[i], "abcdefghijklmnopqrstuvwxyz234567-"), 19);
        ck_assert_ok(tripsage__recovery_hash(hash, USER, codes.codes[i]));
        ck_assert_str_eq(hash, codes.hashes[i]);
        ck_assert_ok(tripsage__recovery_hash(hash, OTHER, codes.codes[i]));
        ck_assert_str_ne(hash, codes.hashes[i]);
        for (int j = 0; j < i; j++) {
            ck_assert_str_ne(codes.codes[i], codes.codes[j]);
            ck_assert_str_ne(codes.hashes[i], codes.hashes[j]);
        }
    }
    tripsage__env_free(env);
}
END_TEST

START_TEST(a_recovery_code_may_be_typed_as_one_likes)
{
    static const char *const typed[] = {"abcd-efgh-ijkl-mnop", "ABCDEFGHIJKLMNOP", " abcd efgh  ijkl mnop ",
                                        "a-b-c-defghijklmnop"};
    static const char *const wrong[] = {
        "", "abcd", "abcd-efgh-ijkl-mno", "abcd-efgh-ijkl-mnopq", "abcd-efgh-ijkl-mno1", "abcd_efgh_ijkl_mnop"};
    char hash[TRIPSAGE__RECOVERY_HASH_SIZE];

    for (size_t i = 0; i < sizeof typed / sizeof typed[0]; i++) {
        ck_assert_ok(tripsage__recovery_hash(hash, USER, typed[i]));
        ck_assert_str_eq(hash, "b8d0c2c579258a3b95f95bec9157246cde717b020664b21e28005a36ba4ba343");
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ck_assert_ok(tripsage__recovery_hash(hash, USER, wrong[i]));
        ck_assert_str_eq(hash, "");
    }
}
END_TEST

SUITE_MAIN("auth/totp", codes_are_those_of_the_rfcs, a_code_is_good_half_a_minute_before_and_after, a_code_is_good_once,
           what_is_no_code_is_none, the_uri_is_the_one_of_supabase, a_new_secret_is_of_chance,
           a_qr_code_has_its_eyes_and_its_margin, a_text_that_is_too_long_is_told,
           recovery_codes_are_found_by_their_hashes, a_recovery_code_may_be_typed_as_one_likes)
