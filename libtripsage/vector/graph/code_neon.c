/* code_neon.c: arithmetic over codes on 64-bit ARM. code_neon_dot.c compiles this file once more, with dot products of bytes. */
#include "code_part.h"
#include "code_plain.h"
#include "kernel_table.h"

#ifdef TRIPSAGE__ARM
#include <arm_neon.h>
#include <string.h>

/* Adds 16 products to four sums. A code of 4 bits is a byte with a sign as well; of 8 bits it is moved down by 128, see move_of(). */
static inline int32x4_t add_products(int32x4_t sums, int8x16_t code, const int8_t *whole)
{
    int8x16_t steps = vld1q_s8(whole);
#ifdef TRIPSAGE__NEON_DOT
    return vdotq_s32(sums, code, steps);
#else
    sums = vpadalq_s16(sums, vmull_s8(vget_low_s8(code), vget_low_s8(steps)));
    return vpadalq_s16(sums, vmull_high_s8(code, steps));
#endif
}

static int32_t products_4(const tripsage__probe *probe, const unsigned char *code, size_t stride)
{
    const int8_t *first = probe->whole, *second = probe->whole + probe->second_at;
    int32x4_t low = vdupq_n_s32(0), high = low;

    for (size_t at = 0; at < stride; at += 16) {
        uint8x16_t line = vld1q_u8(code + at);

        low = add_products(low, vreinterpretq_s8_u8(vandq_u8(line, vdupq_n_u8(15))), first + at);
        high = add_products(high, vreinterpretq_s8_u8(vshrq_n_u8(line, 4)), second + at);
    }
    return vaddvq_s32(vaddq_s32(low, high));
}

static int32_t products_8(const tripsage__probe *probe, const unsigned char *code, size_t stride)
{
    int32x4_t sums = vdupq_n_s32(0);

    for (size_t at = 0; at < stride; at += 16) {
        uint8x16_t moved = veorq_u8(vld1q_u8(code + at), vdupq_n_u8(128));

        sums = add_products(sums, vreinterpretq_s8_u8(moved), probe->whole + at);
    }
    return vaddvq_s32(sums);
}

/* What moving codes down by 128 takes from a sum. */
static int32_t move_of(const tripsage__probe *probe, size_t stride)
{
    int32x4_t sums = vdupq_n_s32(0);

    for (size_t at = 0; at < stride; at += 16)
        sums = vpadalq_s16(sums, vpaddlq_s8(vld1q_s8(probe->whole + at)));
    return 128 * vaddvq_s32(sums);
}

/* Sum of planes where the sign is positive, the fourth that of the sign in two's complement. Behind the signs is more of the record, which
 * meets zeros. */
static int32_t positive(const tripsage__probe *probe, const tripsage__coder *coder, const unsigned char *signs)
{
    int32_t counts[4];

    for (size_t b = 0; b < 4; b++) {
        const unsigned char *plane = probe->planes + b * TRIPSAGE__PLANE_PART;
        uint16x8_t sums = vdupq_n_u16(0); /* of 2,048 dimensions' sixteen counts each is far below its room */

        for (size_t at = 0; at < coder->sign_size; at += TRIPSAGE__PLANE_PART)
            sums = vpadalq_u8(sums, vcntq_u8(vandq_u8(vld1q_u8(signs + at), vld1q_u8(plane + 4 * at))));
        counts[b] = (int32_t)vaddlvq_u16(sums);
    }
    return counts[0] + 2 * counts[1] + 4 * counts[2] - 8 * counts[3];
}

static void compare(float *out, const tripsage__probe *probe, const tripsage__coder *coder,
                    const tripsage__records *records, const uint32_t *ids, size_t count)
{
    size_t size = coder->code_stride;
    int32_t move = coder->bits == 4 ? 0 : move_of(probe, size);

    for (size_t i = 0; i < count; i++) {
        const unsigned char *head = records->heads + ids[i] * coder->head_stride;
        const unsigned char *codes = records->codes + ids[i] * coder->code_stride;
        int32_t sum = coder->bits == 4 ? products_4(probe, codes, size) : products_8(probe, codes, size) + move;

        out[i] = tripsage__plain_estimate(probe, head + coder->factors_at,
                                          probe->product_weight * ((float)sum - probe->bias));
    }
}

TRIPSAGE__PLAIN_GLANCE()

/* ---- one record, in numbers ---- */

/* Eight numbers of an item. */
static inline void values_of(float32x4_t out[2], const tripsage__part *p, size_t at)
{
    uint8x8_t bytes = vld1_u8(p->code + at);
    uint16x8_t levels = vmovl_u8(vand_u8(p->is_upper ? vshr_n_u8(bytes, 4) : bytes, vdup_n_u8((uint8_t)p->mask)));
    int16x8_t rest = vmovl_s8(vld1_s8(p->rest + at));
    float32x4_t half = vdupq_n_f32(p->half);
    float32x4_t low = vsubq_f32(vcvtq_f32_u32(vmovl_u16(vget_low_u16(levels))), half);
    float32x4_t high = vsubq_f32(vcvtq_f32_u32(vmovl_high_u16(levels)), half);

    out[0] = vmulq_n_f32(vcvtq_f32_s32(vmovl_s16(vget_low_s16(rest))), p->weights[1]);
    out[1] = vmulq_n_f32(vcvtq_f32_s32(vmovl_high_s16(rest)), p->weights[1]);
    out[0] = vfmaq_n_f32(out[0], low, p->weights[0]);
    out[1] = vfmaq_n_f32(out[1], high, p->weights[0]);
}

static int32_t take_part(int8_t *out, const tripsage__part *p)
{
    size_t whole = p->n - p->n % 8;
    int32x4_t sums = vdupq_n_s32(0);
    int32_t sum;

    for (size_t at = 0; at < whole; at += 8) {
        float32x4_t values[2];
        int32x4_t low, high;

        values_of(values, p, at);
        low = vcvtnq_s32_f32(values[0]);
        high = vcvtnq_s32_f32(values[1]);
        vst1_s8(out + at, vqmovn_s16(vcombine_s16(vqmovn_s32(low), vqmovn_s32(high))));
        sums = vaddq_s32(sums, vaddq_s32(low, high));
    }
    sum = vaddvq_s32(sums);
    return sum + tripsage__part_take(out, p, whole);
}

static float refine_part(const float *rotated, const tripsage__part *p, int is_product)
{
    size_t whole = p->n - p->n % 8;
    float32x4_t sums[2] = {vdupq_n_f32(0.0f), vdupq_n_f32(0.0f)};
    float sum;

    for (size_t at = 0; at < whole; at += 8) {
        float32x4_t values[2];

        values_of(values, p, at);
        for (size_t i = 0; i < 2; i++) {
            float32x4_t other = vld1q_f32(rotated + at + 4 * i), difference = vsubq_f32(other, values[i]);

            sums[i] = is_product ? vfmaq_f32(sums[i], other, values[i]) : vfmaq_f32(sums[i], difference, difference);
        }
    }
    sum = vaddvq_f32(vaddq_f32(sums[0], sums[1]));
    return sum + tripsage__part_refine(rotated, p, whole, is_product);
}

TRIPSAGE__PARTS_TAKE_AND_REFINE
TRIPSAGE__PLAIN_ROTATE()
TRIPSAGE__PLAIN_STEP()

static int32_t nibbles(unsigned char out[4][8], const int8_t *whole)
{
    return tripsage__plain_nibbles(out, whole);
}

TRIPSAGE__PLAIN_PLANES()

#ifdef TRIPSAGE__NEON_DOT
const tripsage__kernels tripsage__graph_kernels_neon_dot = {"neon dotprod", compare, glance, take,
                                                            refine,         rotate,  step,   planes};
#else
const tripsage__kernels tripsage__graph_kernels_neon = {"neon", compare, glance, take, refine, rotate, step, planes};
#endif
#else
typedef int tripsage__nothing_here; /* a C file holds something */
#endif
