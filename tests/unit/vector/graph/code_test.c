/* code_test.c: the arithmetic over codes that this machine can do, each table against sums in double precision. */
#include <math.h>
#include <stdlib.h>
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

/* Records that end where nobody may read on, as do their heads and rests, and a probe for them. */
typedef struct scene {
    unsigned char *heads, *codes;
    int8_t *rest;
    int8_t whole[2 * WIDEST];
    unsigned char planes[4 * WIDEST];
    float *rotated;
    tripsage__probe probe;
    tripsage__coder coder;
    tripsage__records records;
} scene;

static scene s;
static unsigned char *ends[4]; /* of memory for codes, rest, numbers and heads */

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
    ends[3] = end_of_memory((size_t)RECORDS * WIDEST);
}

/* A step of the probe; `largest`: the same for all, where sums are largest. */
static int8_t step(int largest)
{
    return (int8_t)(largest ? largest : (int)(random_bits() % 255) - 127);
}

static void fill(unsigned char *bytes, size_t count, int largest)
{
    for (size_t i = 0; i < count; i++)
        bytes[i] = (unsigned char)(largest ? 255 : random_bits());
}

/* The shape of a real coder, whose records have a right size whatever is in them. */
static void make_scene(uint32_t bits, size_t dimensions, int largest)
{
    tripsage__coder *coder = &s.coder;
    size_t size;

    memset(&s, 0, sizeof s);
    coder->bits = bits;
    coder->dimensions = (uint32_t)dimensions;
    tripsage__coder_set_bits(coder, bits);
    size = coder->code_size;
    coder->plane_size = (coder->sign_size + 63) / 64 * 64;
    s.codes = ends[0] - RECORDS * coder->code_stride;
    s.heads = coder->sign_size ? ends[3] - RECORDS * coder->head_stride : s.codes;
    s.records = (tripsage__records){s.heads, s.codes};
    s.rest = (int8_t *)ends[1] - dimensions;
    s.rotated = (float *)(void *)ends[2] - dimensions;
    s.probe.whole = s.whole;
    s.probe.planes = s.planes;
    s.probe.second_at = WIDEST;
    for (size_t i = 0; i < dimensions; i++) {
        s.whole[i < size ? i : WIDEST + i - size] = step(largest);
        s.rest[i] = (int8_t)(random_bits() % 256 - 128);
        s.rotated[i] = random_float();
    }
    for (size_t b = 0; b < 4; b++)
        for (size_t i = 0; i < coder->sign_size; i++)
            fill(s.planes + tripsage__plane_at(b, i), 1, largest);
    fill(s.codes, RECORDS * coder->code_stride, largest);
    if (coder->sign_size)
        fill(s.heads, RECORDS * coder->head_stride, largest);
    for (size_t i = 0; i < RECORDS; i++)
        for (size_t at = 0; at < (coder->sign_size ? 2 : 1); at++) {
            float factors[2] = {random_float() * 10, random_float() * 13};

            memcpy(s.heads + i * coder->head_stride + coder->factors_at - 8 * at, factors, 8);
        }
    s.probe.base = 3.25f;
    s.probe.norm_weight = 0.7f;
    s.probe.product_weight = -0.013f;
    s.probe.sign_weight = -0.21f;
    s.probe.bias = bits == 4 ? 71.5f : 1127.5f;
    s.probe.sign_bias = 31.25f;
}

static int code_at(const unsigned char *code, size_t i)
{
    size_t size = s.coder.code_size;

    return s.coder.bits == 8 ? code[i] : i < size ? code[i] & 15 : code[i - size] >> 4;
}

/* ---- compare and glance ---- */

/* What the factors of a record make of a product, and how far rounding may take it. */
static double estimate(const unsigned char *factors_at, double product, double *tolerance)
{
    double norm;
    float factors[2];

    memcpy(factors, factors_at, 8);
    norm = (double)s.probe.norm_weight * (double)factors[0];
    product *= (double)factors[1];
    *tolerance = 1e-6 * (3.25 + fabs(norm) + fabs(product));
    return 3.25 + norm + product;
}

static double compared(uint32_t id, double *tolerance)
{
    const unsigned char *code = s.codes + id * s.coder.code_stride;
    double sum = 0;

    for (size_t i = 0; i < s.coder.dimensions; i++)
        sum += code_at(code, i) * s.whole[i < s.coder.code_size ? i : WIDEST + i - s.coder.code_size];
    return estimate(s.heads + id * s.coder.head_stride + s.coder.factors_at,
                    (double)s.probe.product_weight * (sum - (double)s.probe.bias), tolerance);
}

static double glanced(uint32_t id, double *tolerance)
{
    static const int weights[4] = {1, 2, 4, -8};
    const unsigned char *head = s.heads + id * s.coder.head_stride;
    double sum = 0;

    for (size_t b = 0; b < 4; b++)
        for (size_t i = 0; i < 8 * s.coder.sign_size; i++)
            sum += weights[b] * (head[i / 8] >> i % 8 & s.planes[tripsage__plane_at(b, i / 8)] >> i % 8 & 1);
    return estimate(head + s.coder.factors_at - 8, (double)s.probe.sign_weight * (sum - (double)s.probe.sign_bias),
                    tolerance);
}

static void check_all(const tripsage__kernels *table, int is_glance)
{
    for (size_t count = 0; count <= RECORDS + 2; count++) {
        uint32_t ids[RECORDS + 2] = {0};
        float out[RECORDS + 3];

        for (size_t i = 0; i < count; i++)
            ids[i] = i ? random_bits() % RECORDS : RECORDS - 1;
        out[count] = 77.0f;
        (is_glance ? table->glance : table->compare)(out, &s.probe, &s.coder, &s.records, ids, count);
        for (size_t i = 0; i < count; i++) {
            double tolerance, wanted = is_glance ? glanced(ids[i], &tolerance) : compared(ids[i], &tolerance);

            ck_assert_msg(fabs((double)out[i] - wanted) <= tolerance,
                          "%s, %s, %u bits, %u dimensions, %zu of %zu: %g and %g", table->name,
                          is_glance ? "glance" : "compare", s.coder.bits, s.coder.dimensions, i, count, (double)out[i],
                          wanted);
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
        check_all(all[t], 0);
        if (s.coder.sign_size)
            check_all(all[t], 1);
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

/* Each table's rotation keeps lengths and is the portable one's; whole steps are the nearest. */
START_TEST(every_table_rotates_and_steps_alike)
{
    const tripsage__kernels *all[TRIPSAGE__GRAPH_KERNELS_MAX];
    size_t count = tripsage__graph_kernels_all(all);

    for (uint32_t n = 1; n <= 1100; n = n < 70 ? n + 1 : n * 2 - 13) {
        static float in[1200], wanted[1200], out[1200];
        static int8_t steps[1200], wanted_steps[1200];
        double length = 0, rotated_length = 0;
        tripsage__coder coder;

        ck_assert(tripsage__coder_init(&coder, n, TRIPSAGE_L2, 4, 7));
        for (uint32_t i = 0; i < n; i++)
            in[i] = random_float();
        for (uint32_t i = 0; i < n; i++)
            length += (double)in[i] * (double)in[i];
        all[0]->rotate(&coder, wanted, in, NULL);
        for (uint32_t i = 0; i < n; i++)
            rotated_length += (double)wanted[i] * (double)wanted[i];
        ck_assert(fabs(rotated_length - length) <= 1e-5 * length);
        for (size_t t = 0; t < count; t++) {
            int32_t sum = all[t]->step(steps, in, n, 127.0f), wanted_sum = all[0]->step(wanted_steps, in, n, 127.0f);

            all[t]->rotate(&coder, out, in, NULL);
            for (uint32_t i = 0; i < n; i++) {
                ck_assert_msg(fabsf(out[i] - wanted[i]) <= 1e-5f, "%s, %u dimensions", all[t]->name, n);
                ck_assert_msg(fabsf((float)steps[i] - in[i] * 127.0f) <= 0.5001f, "%s, %u", all[t]->name, n);
                wanted_sum += steps[i] - wanted_steps[i];
            }
            ck_assert_int_eq(sum, wanted_sum);
        }
        tripsage__coder_free(&coder);
    }
}
END_TEST

/* Bit b of (step + 8) / 16, rounded down and at most 7, of the numbers that were asked for; what stands behind them in the plane stays. */
START_TEST(every_table_makes_the_same_planes)
{
    enum { MOST = 40, ROOM = MOST + 8 };
    const tripsage__kernels *all[TRIPSAGE__GRAPH_KERNELS_MAX];
    size_t count = tripsage__graph_kernels_all(all);

    for (size_t size = 1; size <= MOST; size++) {
        static int8_t whole[8 * ROOM];
        static unsigned char out[4][ROOM];
        int32_t wanted_sum = 0;

        for (size_t i = 0; i < sizeof whole; i++)
            whole[i] = i < 8 * size ? (int8_t)(i % 5 ? random_bits() % 256 - 128 : 127) : 0;
        for (size_t i = 0; i < 8 * size; i++)
            wanted_sum += whole[i] >= 112 ? 7 : (whole[i] + 8 + 256) / 16 - 16;
        for (size_t t = 0; t < count; t++) {
            memset(out, 0xa5, sizeof out);
            ck_assert_int_eq(all[t]->planes(out[0], ROOM, whole, size), wanted_sum);
            for (size_t i = 0; i < 8 * size; i++) {
                int coarse = 0;

                for (size_t b = 0; b < 4; b++)
                    coarse += (out[b][i / 8] >> i % 8 & 1) * (b == 3 ? -8 : 1 << b);
                ck_assert_msg(coarse == (whole[i] >= 112 ? 7 : (whole[i] + 8 + 256) / 16 - 16), "%s, %zu of %zu",
                              all[t]->name, i, size);
            }
            for (size_t b = 0; b < 4; b++)
                ck_assert_int_eq(out[b][size], 0xa5);
        }
    }
}
END_TEST

/* Signs say that something is nearer than it is by their usual error: in five of six cases it is not as near as that. */
static void check_signs(uint32_t bits, uint32_t n)
{
    enum { MOST = 1024, ITEMS = 400 };
    tripsage__coder coder;
    tripsage__probe probe;
    unsigned char *heads, *codes, *rest;
    float values[MOST], work[MOST], rotated[MOST];
    uint32_t ids[ITEMS], nearer = 0;
    static float glances[ITEMS], compared_to[ITEMS];
    double off = 0;

    ck_assert(tripsage__coder_init(&coder, n, TRIPSAGE_L2, bits, 3));
    ck_assert(tripsage__probe_init(&probe, &coder));
    heads = calloc(ITEMS, coder.head_stride);
    codes = calloc(ITEMS, coder.code_stride);
    rest = calloc(1, coder.rest_stride);
    for (uint32_t i = 0; i < ITEMS; i++) {
        for (size_t at = 0; at < n; at++)
            values[at] = random_float();
        tripsage__coder_rotate(&coder, rotated, values, NULL);
        tripsage__coder_encode(&coder, heads + i * coder.head_stride, codes + i * coder.code_stride, rest, rotated,
                               work);
        ids[i] = i;
    }
    for (size_t at = 0; at < n; at++)
        values[at] = random_float();
    tripsage__probe_for_query(&probe, &coder, values);
    coder.kernels->glance(glances, &probe, &coder, &(tripsage__records){heads, codes}, ids, ITEMS);
    coder.kernels->compare(compared_to, &probe, &coder, &(tripsage__records){heads, codes}, ids, ITEMS);
    for (uint32_t i = 0; i < ITEMS; i++) {
        nearer += compared_to[i] < glances[i];
        off += (double)(compared_to[i] - glances[i]) / ITEMS;
    }
    ck_assert_uint_lt(nearer, ITEMS / 4); /* one error's width: a sixth */
    ck_assert_uint_gt(nearer, ITEMS / 20);
    ck_assert(off > 0 && off < 0.2 * (double)probe.norm2);
    free(heads);
    free(codes);
    free(rest);
    tripsage__probe_free(&probe);
    tripsage__coder_free(&coder);
}

START_TEST(signs_are_nearer_than_what_they_stand_for)
{
    static const uint32_t dimensions[] = {113, 128, 129, 384, 511, 512, 1024};

    for (size_t i = 0; i < sizeof dimensions / sizeof *dimensions; i++) {
        check_signs(4, dimensions[i]);
        check_signs(8, dimensions[i]);
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
                every_table_rotates_and_steps_alike, every_table_makes_the_same_planes,
                signs_are_nearer_than_what_they_stand_for, the_best_is_taken)
