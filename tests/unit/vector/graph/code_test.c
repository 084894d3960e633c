/* code_test.c: the arithmetic over codes that this machine can do, each table against sums in double precision. */
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../suite.h"
#include "vector/graph/kernel_table.h"

enum { RECORDS = 7, WIDEST = 4096 + 64 };

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

/* Records that end where nobody may read on, as do their rests, and a probe for them. */
typedef struct scene {
    unsigned char *codes;
    int8_t *rest;
    int8_t whole[2 * WIDEST];
    float *rotated;
    tripsage__probe probe;
    tripsage__coder coder;
} scene;

static scene s;
static unsigned char *ends[3]; /* of memory for codes, rest and numbers */

static unsigned char *end_of_memory(size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), inside = (size + page) / page * page;
    unsigned char *all = mmap(NULL, inside + page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    ck_assert_ptr_ne(all, MAP_FAILED);
    ck_assert_int_eq(mprotect(all, inside, PROT_READ | PROT_WRITE), 0);
    return all + inside;
}

static void setup(void)
{
    ends[0] = end_of_memory((size_t)RECORDS * WIDEST);
    ends[1] = end_of_memory(WIDEST);
    ends[2] = end_of_memory(WIDEST * sizeof(float));
}

static size_t stride_for(size_t size)
{
    return size <= 8 ? 16 : size <= 24 ? 32 : (size + 8 + 63) / 64 * 64;
}

/* A step of the probe; `largest`: the same for all, where sums are largest. */
static int8_t step(int largest)
{
    return (int8_t)(largest ? largest : (int)(random_bits() % 255) - 127);
}

static void make_scene(uint32_t bits, size_t dimensions, int largest)
{
    size_t size = bits == 4 ? (dimensions + 1) / 2 : dimensions, stride = stride_for(size);

    memset(&s, 0, sizeof s);
    s.coder.bits = bits;
    s.coder.dimensions = (uint32_t)dimensions;
    s.coder.code_size = size;
    s.coder.code_stride = stride;
    s.codes = ends[0] - RECORDS * stride;
    s.rest = (int8_t *)ends[1] - dimensions;
    s.rotated = (float *)(void *)ends[2] - dimensions;
    s.probe.whole = s.whole;
    s.probe.second_at = WIDEST;
    for (size_t i = 0; i < dimensions; i++) {
        s.whole[i < size ? i : WIDEST + i - size] = step(largest);
        s.rest[i] = (int8_t)(random_bits() % 256 - 128);
        s.rotated[i] = random_float();
    }
    for (size_t i = 0; i < RECORDS * stride; i++)
        s.codes[i] = (unsigned char)(largest ? 255 : random_bits());
    for (size_t i = 0; i < RECORDS; i++) {
        float factors[2] = {random_float() * 10, random_float() * 13};

        memcpy(s.codes + (i + 1) * stride - 8, factors, 8);
    }
    s.probe.base = 3.25f;
    s.probe.norm_weight = 0.7f;
    s.probe.product_weight = -0.013f;
    s.probe.bias = bits == 4 ? 71.5f : 1127.5f;
}

static int code_at(const unsigned char *code, size_t i)
{
    size_t size = s.coder.code_size;

    return s.coder.bits == 8 ? code[i] : i < size ? code[i] & 15 : code[i - size] >> 4;
}

/* ---- compare ---- */

/* What compare() estimates, and how far rounding may take it. */
static double compared(uint32_t id, double *tolerance)
{
    const unsigned char *code = s.codes + id * s.coder.code_stride;
    double sum = 0, norm, product;
    float factors[2];

    memcpy(factors, code + s.coder.code_stride - 8, 8);
    for (size_t i = 0; i < s.coder.dimensions; i++)
        sum += code_at(code, i) * s.whole[i < s.coder.code_size ? i : WIDEST + i - s.coder.code_size];
    norm = (double)s.probe.norm_weight * (double)factors[0];
    product = (double)s.probe.product_weight * (double)factors[1] * (sum - (double)s.probe.bias);
    *tolerance = 1e-6 * (3.25 + fabs(norm) + fabs(product));
    return 3.25 + norm + product;
}

static void check_compare(const tripsage__kernels *table)
{
    for (size_t count = 0; count <= RECORDS + 2; count++) {
        uint32_t ids[RECORDS + 2];
        float out[RECORDS + 3];

        for (size_t i = 0; i < count; i++)
            ids[i] = i ? random_bits() % RECORDS : RECORDS - 1;
        out[count] = 77.0f;
        table->compare(out, &s.probe, s.codes, s.coder.code_stride, s.coder.bits, ids, count);
        for (size_t i = 0; i < count; i++) {
            double tolerance, wanted = compared(ids[i], &tolerance);

            ck_assert_msg(fabs((double)out[i] - wanted) <= tolerance,
                          "%s, %u bits, %u dimensions, %zu of %zu: %g and %g", table->name, s.coder.bits,
                          s.coder.dimensions, i, count, (double)out[i], wanted);
        }
        ck_assert(out[count] == 77.0f);
    }
}

/* ---- take and refine ---- */

static double value_at(size_t i, const float weights[2])
{
    double level = code_at(s.codes + (RECORDS - 1) * s.coder.code_stride, i) - (s.coder.bits == 8 ? 127.5 : 7.5);

    return (double)weights[0] * level + (double)weights[1] * s.rest[i];
}

/* Weights that fill the steps there are, as a probe's do. */
static void check_take(const tripsage__kernels *table)
{
    const float weights[2] = {s.coder.bits == 8 ? 0.9f : 15.0f, 0.1f};
    int8_t first[WIDEST], second[WIDEST];
    size_t size = s.coder.code_size, n = s.coder.dimensions;
    int32_t sum, wanted = 0;

    memset(first, 77, sizeof first);
    memset(second, 77, sizeof second);
    sum = table->take(first, second, &s.coder, s.codes + (RECORDS - 1) * s.coder.code_stride, s.rest, weights);
    for (size_t i = 0; i < n; i++) {
        int found = i < size ? first[i] : second[i - size];

        ck_assert_msg(fabs(found - value_at(i, weights)) <= 0.5001, "%s, %u bits, %zu of %zu: %d and %g", table->name,
                      s.coder.bits, i, n, found, value_at(i, weights));
        wanted += found;
    }
    ck_assert_int_eq(sum, wanted);
    ck_assert_int_eq(first[size], 77);
    ck_assert_int_eq(second[n - size], 77);
}

static void check_refine(const tripsage__kernels *table)
{
    const float scales[2] = {0.11f, 0.0007f};

    for (int is_product = 0; is_product < 2; is_product++) {
        double wanted = 0, size = 0;
        float found = table->refine(&s.coder, s.rotated, s.codes + (RECORDS - 1) * s.coder.code_stride, s.rest, scales,
                                    is_product);

        for (size_t i = 0; i < s.coder.dimensions; i++) {
            double value = value_at(i, scales), other = (double)s.rotated[i];
            double term = is_product ? other * value : (other - value) * (other - value);

            wanted += term;
            size += fabs(term);
        }
        ck_assert_msg(fabs((double)found - wanted) <= 1e-5 * size + 1e-6, "%s, %u bits, %u dimensions: %g and %g",
                      table->name, s.coder.bits, s.coder.dimensions, (double)found, wanted);
    }
}

/* ---- tests ---- */

static void check_scene(void)
{
    const tripsage__kernels *all[TRIPSAGE__GRAPH_KERNELS_MAX];
    size_t count = tripsage__graph_kernels_all(all);

    for (size_t t = 0; t < count; t++) {
        check_compare(all[t]);
        check_take(all[t]);
        check_refine(all[t]);
    }
}

START_TEST(every_table_says_what_the_codes_mean)
{
    for (uint32_t bits = 4; bits <= 8; bits += 4)
        for (size_t n = 1; n <= 4096; n = n < 300 ? n + 1 : n < 4000 ? n * 2 + 7 : n + 4096) {
            make_scene(bits, n, 0);
            check_scene();
        }
}
END_TEST

START_TEST(largest_sums_have_room)
{
    for (uint32_t bits = 4; bits <= 8; bits += 4)
        for (int largest = -127; largest <= 127; largest += 254) {
            make_scene(bits, 4096, largest);
            check_scene();
        }
}
END_TEST

START_TEST(the_best_is_taken)
{
    const tripsage__kernels *all[TRIPSAGE__GRAPH_KERNELS_MAX];

    ck_assert_ptr_eq(tripsage__graph_kernels(), all[tripsage__graph_kernels_all(all) - 1]);
    ck_assert_ptr_eq(all[0], &tripsage__graph_kernels_portable);
}
END_TEST

SUITE_MAIN_WITH("vector/graph/code", setup, NULL, every_table_says_what_the_codes_mean, largest_sums_have_room,
                the_best_is_taken)
