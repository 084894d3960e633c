/* kernels_test.c: the portable kernels against sums in double precision, at every length and every misalignment. */
#include "vector/kernels.h"

#include <math.h>
#include <string.h>

#include "../suite.h"

#define MAX 4096

static float a[MAX], b[MAX];

static void fill(unsigned seed)
{
    for (size_t i = 0; i < MAX; i++) {
        seed = seed * 1664525u + 1013904223u;
        a[i] = (float)(int)(seed >> 8) / 8388608.0f - 1.0f;
        seed = seed * 1664525u + 1013904223u;
        b[i] = (float)(int)(seed >> 8) / 8388608.0f - 1.0f;
    }
}

START_TEST(agree_with_double_precision)
{
    fill(7);
    for (size_t n = 0; n <= MAX; n = n < 70 ? n + 1 : n * 2 + 3) {
        double dot = 0, l2 = 0;

        for (size_t i = 0; i < n; i++) {
            dot += (double)a[i] * (double)b[i];
            l2 += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
        }
        ck_assert_double_eq_tol((double)tripsage__kernel_dot(a, b, n), dot, 1e-4 * sqrt((double)n + 1));
        ck_assert_double_eq_tol((double)tripsage__kernel_l2_squared(a, b, n), l2, 1e-4 * ((double)n + 1));
    }
}
END_TEST

START_TEST(stay_finite_at_the_largest_values)
{
    for (size_t i = 0; i < MAX; i++) {
        a[i] = TRIPSAGE__VECTOR_VALUE_MAX;
        b[i] = -TRIPSAGE__VECTOR_VALUE_MAX;
    }
    ck_assert(isfinite(tripsage__kernel_dot(a, b, MAX)));
    ck_assert(isfinite(tripsage__kernel_l2_squared(a, b, MAX)));
}
END_TEST

START_TEST(normalise_to_unit_length)
{
    float tiny[3] = {1e-40f, 0.0f, 1e-40f}, zero[3] = {0.0f, -0.0f, 0.0f}, out[3] = {7.0f, 7.0f, 7.0f};

    fill(9);
    ck_assert_int_eq(tripsage__kernel_normalise(a, a, MAX), 1);
    ck_assert_double_eq_tol((double)tripsage__kernel_dot(a, a, MAX), 1.0, 1e-5);
    ck_assert_int_eq(tripsage__kernel_normalise(out, tiny, 3), 1);
    ck_assert_double_eq_tol((double)tripsage__kernel_dot(out, out, 3), 1.0, 1e-5);
    out[0] = 7.0f;
    ck_assert_int_eq(tripsage__kernel_normalise(out, zero, 3), 0);
    ck_assert_float_eq(out[0], 7.0f);
}
END_TEST

START_TEST(stored_form_is_little_endian_at_any_address)
{
    static const float values[] = {1.0f, -2.5f, 3.4e38f, 1e-45f, 0.0f};
    static const unsigned char one[] = {0, 0, 0x80, 0x3f};
    unsigned char bytes[sizeof values + 4];
    float back[5];

    for (size_t shift = 0; shift < 4; shift++) {
        tripsage__kernel_store(bytes + shift, values, 5);
        ck_assert_int_eq(memcmp(bytes + shift, one, 4), 0);
        tripsage__kernel_load(back, bytes + shift, 5);
        ck_assert_int_eq(memcmp(back, values, sizeof values), 0);
    }
}
END_TEST

SUITE_MAIN("vector/kernels", agree_with_double_precision, stay_finite_at_the_largest_values, normalise_to_unit_length,
           stored_form_is_little_endian_at_any_address)
