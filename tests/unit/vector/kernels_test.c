/* kernels_test.c: the portable kernels against sums in double precision and known answers, and every table that this processor can run against the
 * portable one: at every length, at every misalignment, with every kind of number, and between pages that nobody may read. */
#include "vector/kernels/rows.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../suite.h"

#define MAX      4096
#define ROWS_MAX 11

/* ---- numbers ---- */

static unsigned random_state;

static uint32_t random_bits(void)
{
    random_state = random_state * 1664525u + 1013904223u;
    return random_state >> 16 | random_state << 16;
}

static float random_float(void)
{
    return (float)(int32_t)random_bits() / 2147483648.0f;
}

static float float_of(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

/* What sums, products and conversions have trouble with: infinities, NaNs of both kinds, the largest, what is below the smallest normal number of f32 and of f16. */
static float special_float(void)
{
    static const uint32_t bits[] = {0x00000000u, 0x80000000u, 0x7f800000u, 0xff800000u, 0x7fc00000u, 0x7fa00001u,
                                    0xffc12345u, 0x7f7fffffu, 0xff7fffffu, 0x00000001u, 0x80000001u, 0x007fffffu,
                                    0x00800000u, 0x38800000u, 0x387fc000u, 0x33800000u, 0x33000000u, 0x33000001u,
                                    0x477fe000u, 0x477ff000u, 0x477fefffu, 0x47800000u, 0x3f800000u, 0xbf800000u};

    return float_of(bits[random_bits() % (sizeof bits / sizeof bits[0])]);
}

typedef enum kind { PLAIN, ZERO, TINY, LARGE, SOME_SPECIAL, ALL_SPECIAL, ANY_BITS, KINDS } kind;

static float float_of_kind(kind of)
{
    switch (of) {
    case ZERO:
        return random_bits() % 2 ? 0.0f : -0.0f;
    case TINY:
        return random_float() * 1e-38f;
    case LARGE:
        return random_float() * 1e19f;
    case SOME_SPECIAL:
        return random_bits() % 64 ? random_float() : special_float();
    case ALL_SPECIAL:
        return special_float();
    case ANY_BITS:
        return float_of(random_bits());
    default:
        return random_float();
    }
}

/* A query and a row of each type. Bytes are any, with -128 often. */
typedef struct pair {
    float query[MAX], row[MAX];
    uint16_t halves[MAX];
    int8_t byte_query[MAX], byte_row[MAX];
} pair;

static pair numbers;

static void fill(kind of)
{
    for (size_t i = 0; i < MAX; i++) {
        numbers.query[i] = float_of_kind(of);
        numbers.row[i] = float_of_kind(of);
        numbers.byte_query[i] = random_bits() % 16 ? (int8_t)(random_bits() % 256 - 128) : -128;
        numbers.byte_row[i] = random_bits() % 16 ? (int8_t)(random_bits() % 256 - 128) : -128;
    }
    tripsage__kernels_portable.narrow(numbers.halves, numbers.row, MAX);
}

/* ---- memory between pages that nobody may touch ---- */

typedef struct guarded {
    unsigned char *begin, *end;
} guarded;

static guarded guarded_new(size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), inside = (size + page - 1) / page * page;
    unsigned char *all = mmap(NULL, inside + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    guarded out;

    ck_assert_ptr_ne(all, MAP_FAILED);
    ck_assert_int_eq(mprotect(all + page, inside, PROT_READ | PROT_WRITE), 0);
    out.begin = all + page;
    out.end = out.begin + inside;
    return out;
}

static void *at_end(const guarded *memory, const void *bytes, size_t size)
{
    return memcpy(memory->end - size, bytes, size);
}

/* ---- comparing ---- */

static int is_same(float a, float b)
{
    return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof a) == 0;
}

#define ck_assert_same(a, b, table, n)                                                                                 \
    do {                                                                                                               \
        float a_ = (a), b_ = (b);                                                                                      \
        ck_assert_msg(is_same(a_, b_), "%s, %zu dimensions, %s: %a, and portable %a", (table)->name, (size_t)(n), #a,  \
                      (double)a_, (double)b_);                                                                         \
    } while (0)

#define ck_assert_equal(a, b, table, n)                                                                                \
    do {                                                                                                               \
        long long a_ = (long long)(a), b_ = (long long)(b);                                                            \
        ck_assert_msg(a_ == b_, "%s, %zu dimensions, %s: %lld, and portable %lld", (table)->name, (size_t)(n), #a, a_, \
                      b_);                                                                                             \
    } while (0)

static void compare_f32(const tripsage__kernel_table *table, const float *query, const void *row, size_t n)
{
    const tripsage__kernel_table *portable = &tripsage__kernels_portable;

    ck_assert_same(table->dot_f32(query, row, n), portable->dot_f32(query, row, n), table, n);
    ck_assert_same(table->l2_f32(query, row, n), portable->l2_f32(query, row, n), table, n);
}

static void compare_f16(const tripsage__kernel_table *table, const float *query, const void *row, size_t n)
{
    const tripsage__kernel_table *portable = &tripsage__kernels_portable;

    ck_assert_same(table->dot_f16(query, row, n), portable->dot_f16(query, row, n), table, n);
    ck_assert_same(table->l2_f16(query, row, n), portable->l2_f16(query, row, n), table, n);
}

static void compare_bytes(const tripsage__kernel_table *table, const int8_t *query, const void *row, size_t n)
{
    const tripsage__kernel_table *portable = &tripsage__kernels_portable;
    const uint8_t *bits = (const uint8_t *)query;

    ck_assert_equal(table->dot_i8(query, row, n), portable->dot_i8(query, row, n), table, n);
    ck_assert_equal(table->l2_i8(query, row, n), portable->l2_i8(query, row, n), table, n);
    ck_assert_equal(table->hamming(bits, row, n), portable->hamming(bits, row, n), table, n);
}

static size_t tables_of(const tripsage__kernel_table *tables[TRIPSAGE__KERNEL_TABLES_MAX])
{
    size_t count = tripsage__kernels_all(tables);

    ck_assert_ptr_eq(tables[0], &tripsage__kernels_portable);
    return count;
}

/* ---- tests ---- */

START_TEST(agree_with_double_precision)
{
    const tripsage__kernel_table *tables[TRIPSAGE__KERNEL_TABLES_MAX];
    size_t count = tables_of(tables);

    fill(PLAIN);
    for (size_t n = 0; n <= MAX; n = n < 70 ? n + 1 : n * 2 + 3) {
        double dot = 0, l2 = 0;

        for (size_t i = 0; i < n; i++) {
            double a = (double)numbers.query[i], b = (double)numbers.row[i];

            dot += a * b;
            l2 += (a - b) * (a - b);
        }
        for (size_t t = 0; t < count; t++) {
            ck_assert_double_eq_tol((double)tables[t]->dot_f32(numbers.query, numbers.row, n), dot,
                                    1e-4 * sqrt((double)n + 1));
            ck_assert_double_eq_tol((double)tables[t]->l2_f32(numbers.query, numbers.row, n), l2,
                                    1e-4 * ((double)n + 1));
        }
    }
}
END_TEST

START_TEST(stay_finite_at_the_largest_values)
{
    const tripsage__kernel_table *tables[TRIPSAGE__KERNEL_TABLES_MAX];
    size_t count = tables_of(tables);

    for (size_t i = 0; i < MAX; i++) {
        numbers.query[i] = TRIPSAGE__VECTOR_VALUE_MAX;
        numbers.row[i] = -TRIPSAGE__VECTOR_VALUE_MAX;
    }
    for (size_t t = 0; t < count; t++) {
        ck_assert(isfinite(tables[t]->dot_f32(numbers.query, numbers.row, MAX)));
        ck_assert(isfinite(tables[t]->l2_f32(numbers.query, numbers.row, MAX)));
    }
}
END_TEST

START_TEST(are_the_portable_ones_at_every_length)
{
    const tripsage__kernel_table *tables[TRIPSAGE__KERNEL_TABLES_MAX];
    size_t count = tables_of(tables);
    guarded query = guarded_new(MAX * 4), row = guarded_new(MAX * 4);

    fill(PLAIN);
    for (size_t n = 0; n <= MAX; n = n < 2048 ? n + 1 : n + 2048) {
        const void *floats = at_end(&query, numbers.query + MAX - n, n * 4);

        at_end(&row, numbers.row + MAX - n, n * 4);
        for (size_t t = 1; t < count; t++)
            compare_f32(tables[t], floats, row.end - n * 4, n);
        at_end(&row, numbers.halves + MAX - n, n * 2);
        for (size_t t = 1; t < count; t++)
            compare_f16(tables[t], floats, row.end - n * 2, n);
        at_end(&query, numbers.byte_query + MAX - n, n);
        at_end(&row, numbers.byte_row + MAX - n, n);
        for (size_t t = 1; t < count; t++)
            compare_bytes(tables[t], (const int8_t *)query.end - n, row.end - n, n);
    }
}
END_TEST

START_TEST(are_the_portable_ones_with_every_kind_of_number)
{
    const tripsage__kernel_table *tables[TRIPSAGE__KERNEL_TABLES_MAX];
    size_t count = tables_of(tables);

    for (int round = 0; round < 20; round++)
        for (kind of = PLAIN; of < KINDS; of++) {
            fill(of);
            for (size_t t = 1; t < count; t++)
                for (size_t n = 1; n <= 300; n = n < 40 ? n + 1 : n + 37) {
                    size_t from = random_bits() % (MAX - n);

                    compare_f32(tables[t], numbers.query + from, numbers.row + from, n);
                    compare_f16(tables[t], numbers.query + from, numbers.halves + from, n);
                }
        }
}
END_TEST

START_TEST(are_the_portable_ones_at_every_address)
{
    static unsigned char query[64 + MAX * 4], row[64 + MAX * 4];
    const tripsage__kernel_table *tables[TRIPSAGE__KERNEL_TABLES_MAX];
    size_t count = tables_of(tables);
    static const size_t lengths[] = {1, 3, 16, 17, 31, 33, 64, 100, 384, 511};

    fill(PLAIN);
    for (size_t shift = 0; shift < 64; shift++)
        for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++) {
            size_t n = lengths[l], aligned = shift / 4 * 4;
            float *floats = (float *)(void *)(query + aligned);

            memcpy(floats, numbers.query, n * 4);
            memcpy(row + shift, numbers.row, n * 4);
            for (size_t t = 1; t < count; t++)
                compare_f32(tables[t], floats, row + shift, n);
            memcpy(row + shift, numbers.halves, n * 2);
            for (size_t t = 1; t < count; t++)
                compare_f16(tables[t], floats, row + shift, n);
            memcpy(query + shift, numbers.byte_query, n);
            memcpy(row + 63 - shift, numbers.byte_row, n);
            for (size_t t = 1; t < count; t++)
                compare_bytes(tables[t], (int8_t *)query + shift, row + 63 - shift, n);
        }
}
END_TEST

/* Rows with a gap between them, the last of which ends at a page that nobody may read; in order, or by numbers that may come twice. */
static void check_rows(const tripsage__kernel_table *table, const guarded *memory, size_t n, size_t size, size_t count,
                       int is_by_number)
{
    const tripsage__kernel_table *portable = &tripsage__kernels_portable;
    size_t stride = size + 5;
    unsigned char *base = memory->end - (ROWS_MAX * stride - 5);
    uint32_t which[ROWS_MAX], out[ROWS_MAX + 1];
    float floats[ROWS_MAX + 1] = {0}, canary = 77.0f;
    int32_t products[ROWS_MAX + 1];
    tripsage__rows rows = {base, stride, is_by_number ? which : NULL, count};

    for (size_t i = 0; i < ROWS_MAX; i++)
        which[i] = i ? random_bits() % ROWS_MAX : ROWS_MAX - 1;
    floats[count] = canary;
    out[count] = 77;
    products[count] = 77;
#define CHECK(KERNEL, OUT, QUERY, COMPARE)                                                                             \
    table->KERNEL##_rows(OUT, QUERY, &rows, n);                                                                        \
    for (size_t i = 0; i < count; i++)                                                                                 \
        COMPARE((OUT)[i], portable->KERNEL(QUERY, base + (is_by_number ? which[i] : i) * stride, n), table, n);        \
    ck_assert((OUT)[count] == 77)
    if (size == n * 4) {
        CHECK(dot_f32, floats, numbers.query, ck_assert_same);
        CHECK(l2_f32, floats, numbers.query, ck_assert_same);
    } else if (size == n * 2) {
        CHECK(dot_f16, floats, numbers.query, ck_assert_same);
        CHECK(l2_f16, floats, numbers.query, ck_assert_same);
    } else {
        CHECK(dot_i8, products, numbers.byte_query, ck_assert_equal);
        CHECK(l2_i8, out, numbers.byte_query, ck_assert_equal);
        CHECK(hamming, out, (const uint8_t *)numbers.byte_query, ck_assert_equal);
    }
#undef CHECK
}

START_TEST(rows_are_what_one_row_is)
{
    static const size_t lengths[] = {1, 5, 16, 30, 64, 100, 130, 384, 1000};
    const tripsage__kernel_table *tables[TRIPSAGE__KERNEL_TABLES_MAX];
    size_t table_count = tables_of(tables);
    guarded memory = guarded_new(ROWS_MAX * (1000 * 4 + 5));
    size_t room = (size_t)(memory.end - memory.begin);

    fill(PLAIN);
    for (size_t t = 0; t < table_count; t++)
        for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++)
            for (size_t size = 4 * lengths[l]; size >= lengths[l]; size /= 2) {
                /* A pattern with finite floats of both sizes: the upper bits of the exponents are not all ones. */
                for (size_t i = 0; i < room; i++)
                    memory.begin[i] = (unsigned char)(random_bits() & 0xbfu);
                for (size_t count = 0; count <= ROWS_MAX; count++) {
                    check_rows(tables[t], &memory, lengths[l], size, count, 0);
                    check_rows(tables[t], &memory, lengths[l], size, count, 1);
                }
            }
}
END_TEST

START_TEST(bytes_have_room_for_their_sums)
{
    enum { LONGEST = 66051 };
    static int8_t low[LONGEST], high[LONGEST];
    const tripsage__kernel_table *tables[TRIPSAGE__KERNEL_TABLES_MAX];
    size_t count = tables_of(tables);

    memset(low, -128, sizeof low);
    memset(high, 127, sizeof high);
    for (size_t t = 0; t < count; t++) {
        ck_assert_int_eq(tables[t]->dot_i8(low, low, 4096), 128 * 128 * 4096);
        ck_assert_int_eq(tables[t]->dot_i8(low, high, LONGEST), -128 * 127 * LONGEST);
        ck_assert_int_eq(tables[t]->dot_i8(high, low, LONGEST), -128 * 127 * LONGEST);
        ck_assert_int_eq(tables[t]->dot_i8(high, high, LONGEST), 127 * 127 * LONGEST);
        ck_assert_uint_eq(tables[t]->l2_i8(low, high, LONGEST), 255u * 255u * LONGEST);
        ck_assert_uint_eq(tables[t]->l2_i8(high, low, 4096), 255u * 255u * 4096u);
        ck_assert_uint_eq(tables[t]->l2_i8(low, low, LONGEST), 0);
        ck_assert_uint_eq(tables[t]->hamming((const uint8_t *)low, high, LONGEST), 8u * LONGEST);
        ck_assert_uint_eq(tables[t]->hamming((const uint8_t *)low, low, LONGEST), 0);
    }
}
END_TEST

static uint16_t narrowed(const tripsage__kernel_table *table, float value)
{
    uint16_t half;

    table->narrow(&half, &value, 1);
    return half;
}

START_TEST(every_f16_goes_there_and_back)
{
    static uint16_t halves[65536], back[65536];
    static float wide[65536], portable[65536];
    const tripsage__kernel_table *tables[TRIPSAGE__KERNEL_TABLES_MAX];
    size_t count = tables_of(tables);

    for (size_t i = 0; i < 65536; i++)
        halves[i] = (uint16_t)i;
    tables[0]->widen(portable, halves, 65536);
    for (size_t i = 0; i < 65536; i++) {
        int exponent = (int)(i >> 10 & 31), fraction = (int)(i & 1023), sign = i & 0x8000 ? -1 : 1;

        if (exponent == 31)
            ck_assert(fraction ? isnan(portable[i]) : isinf(portable[i]));
        else
            ck_assert_float_eq(portable[i], (float)sign * ldexpf((float)(exponent ? 1024 + fraction : fraction),
                                                                 (exponent ? exponent : 1) - 25));
        ck_assert_int_eq(!signbit(portable[i]), sign > 0);
    }
    for (size_t t = 0; t < count; t++) {
        tables[t]->widen(wide, halves, 65536);
        ck_assert_int_eq(memcmp(wide, portable, sizeof wide), 0);
        tables[t]->narrow(back, wide, 65536);
        for (size_t i = 0; i < 65536; i++)
            ck_assert_uint_eq(back[i], (i & 0x7c00) == 0x7c00 && (i & 0x3ff) ? (i | 0x200) : i);
    }
}
END_TEST

START_TEST(f32_goes_to_the_nearest_f16)
{
    const tripsage__kernel_table *tables[TRIPSAGE__KERNEL_TABLES_MAX];
    size_t count = tables_of(tables);

    for (size_t t = 0; t < count; t++) {
        for (unsigned i = 0; i < 0x7c00; i++) {
            uint16_t pair_of[2] = {(uint16_t)i, (uint16_t)(i + 1)};
            float values[2], middle;

            tables[0]->widen(values, pair_of, 2);
            middle = i + 1 == 0x7c00 ? 65520.0f : (values[0] + values[1]) / 2;
            ck_assert_uint_eq(narrowed(tables[t], middle), i % 2 ? i + 1 : i);
            ck_assert_uint_eq(narrowed(tables[t], nextafterf(middle, 0.0f)), i);
            ck_assert_uint_eq(narrowed(tables[t], nextafterf(middle, INFINITY)), i + 1);
            ck_assert_uint_eq(narrowed(tables[t], -nextafterf(middle, INFINITY)), (i + 1) | 0x8000u);
        }
        ck_assert_uint_eq(narrowed(tables[t], 1e30f), 0x7c00);
        ck_assert_uint_eq(narrowed(tables[t], -1e-30f), 0x8000);
        ck_assert_uint_eq(narrowed(tables[t], 1e-45f), 0);
    }
}
END_TEST

START_TEST(conversions_are_the_portable_ones)
{
    static float floats[MAX];
    static uint16_t halves[2][MAX];
    const tripsage__kernel_table *tables[TRIPSAGE__KERNEL_TABLES_MAX];
    size_t count = tables_of(tables);
    guarded in = guarded_new(MAX), out = guarded_new(MAX);

    for (size_t t = 1; t < count; t++)
        for (int round = 0; round < 200; round++) {
            for (size_t i = 0; i < MAX; i++)
                floats[i] = float_of_kind((kind)(round % KINDS));
            tables[0]->narrow(halves[0], floats, MAX);
            tables[t]->narrow(halves[1], floats, MAX);
            ck_assert_int_eq(memcmp(halves[0], halves[1], sizeof halves[0]), 0);
        }
    for (size_t t = 0; t < count; t++)
        for (size_t n = 0; n < 200; n++) {
            at_end(&in, floats, n * 4);
            memset(out.begin, 7, MAX);
            tables[t]->narrow(out.end - n * 2, in.end - n * 4, n);
            ck_assert_int_eq(memcmp(out.end - n * 2, halves[0], n * 2), 0);
            ck_assert_int_eq(*(out.end - n * 2 - 1), 7);
            at_end(&in, halves[0], n * 2);
            tables[t]->widen(out.end - n * 4, in.end - n * 2, n);
            tables[0]->widen(floats + 200, halves[0], n);
            ck_assert_int_eq(memcmp(out.end - n * 4, floats + 200, n * 4), 0);
            ck_assert_int_eq(*(out.end - n * 4 - 1), 7);
        }
}
END_TEST

START_TEST(the_best_is_chosen_unless_told)
{
    const tripsage__kernel_table *tables[TRIPSAGE__KERNEL_TABLES_MAX];
    size_t count = tables_of(tables);

    printf("tables:");
    for (size_t t = 0; t < count; t++)
        printf(" %s%s", tables[t]->name, t + 1 < count ? "," : "\n");
    ck_assert_ptr_eq(tripsage__kernels_best(), tables[count - 1]);
    for (size_t t = 0; t < count; t++) {
        tripsage__kernels_force(tables[t]);
        ck_assert_ptr_eq(tripsage__kernels_best(), tables[t]);
    }
    tripsage__kernels_force(NULL);
    ck_assert_ptr_eq(tripsage__kernels_best(), tables[count - 1]);
}
END_TEST

START_TEST(normalise_to_unit_length)
{
    float tiny[3] = {1e-40f, 0.0f, 1e-40f}, zero[3] = {0.0f, -0.0f, 0.0f}, out[3] = {7.0f, 7.0f, 7.0f};
    const tripsage__kernel_table *best = tripsage__kernels_best();

    fill(PLAIN);
    ck_assert_int_eq(tripsage__kernel_normalise(numbers.query, numbers.query, MAX), 1);
    ck_assert_double_eq_tol((double)best->dot_f32(numbers.query, numbers.query, MAX), 1.0, 1e-5);
    ck_assert_int_eq(tripsage__kernel_normalise(out, tiny, 3), 1);
    ck_assert_double_eq_tol((double)best->dot_f32(out, out, 3), 1.0, 1e-5);
    out[0] = 7.0f;
    ck_assert_int_eq(tripsage__kernel_normalise(out, zero, 3), 0);
    ck_assert_float_eq(out[0], 7.0f);
}
END_TEST

START_TEST(numbers_that_can_be_reckoned_with)
{
    static const float wrong[] = {NAN, INFINITY, -INFINITY, 1.01e17f, -1.01e17f};

    for (size_t n = 1; n <= 40; n++)
        for (size_t at = 0; at < n; at++) {
            float values[40] = {0.0f, -0.0f, TRIPSAGE__VECTOR_VALUE_MAX, -TRIPSAGE__VECTOR_VALUE_MAX, 1e-45f};

            ck_assert(tripsage__kernel_can_reckon(values, n));
            for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
                values[at] = wrong[i];
                ck_assert_msg(!tripsage__kernel_can_reckon(values, n), "%g at %zu of %zu", (double)wrong[i], at, n);
            }
        }
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
        ck_assert_int_eq(memcmp(tripsage__kernel_row(back, bytes + shift, 5), values, sizeof values), 0);
    }
}
END_TEST

SUITE_MAIN("vector/kernels", agree_with_double_precision, stay_finite_at_the_largest_values,
           are_the_portable_ones_at_every_length, are_the_portable_ones_with_every_kind_of_number,
           are_the_portable_ones_at_every_address, rows_are_what_one_row_is, bytes_have_room_for_their_sums,
           every_f16_goes_there_and_back, f32_goes_to_the_nearest_f16, conversions_are_the_portable_ones,
           the_best_is_chosen_unless_told, normalise_to_unit_length, numbers_that_can_be_reckoned_with,
           stored_form_is_little_endian_at_any_address)
