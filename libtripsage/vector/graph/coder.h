/* graph/coder.h: vectors as codes.
 *
 * A vector (of unit length for cosine) is moved by the mean and rotated at random, after which its numbers are alike: none is much larger
 * than the others, whatever
 * the data. The short code is `bits` a dimension on a symmetric grid, c - (2^bits - 1)/2, with a scale for each vector under which the
 * code points most in the
 * vector's direction. From it the product with any other vector is estimated without bias as <code, other> |x|^2 / <code, x> (Gao and
 * Long, "RaBitQ", 2024; Gao
 * and others, "Practical and asymptotically optimal quantization", 2025). The rest is what the short code leaves, in 8 more bits a
 * dimension; with
 * both a vector is known to some four digits, and what is still missing has a length that is kept.
 *
 * With 4 bits the lower half of byte j of a code is dimension j, the upper half dimension j + code_size. Where a code and its factors do not
 * fit into a cache line, the signs of all dimensions stand apart from it, in an array of their own: a code of one bit, from which most of
 * what a walk meets is known to be too far away (the first step of a search with RaBitQ's codes of several bits). What is looked at
 * most is dense then: where a machine has small pages, finding a page takes longer than reading it.
 *
 *   head:  where there are signs `sign_size` bytes of them, the first dimension in the lowest bit, with 4 bits those of the upper halves in
 *          the second half; at the end of their `head_stride` bytes f32 |x|^2, f32 |x|^2 / <signs, x>, f32 |x|^2, f32 |x|^2 / <code, x>.
 *          Without signs the head is the code
 *   code:  `code_stride` bytes, at their end, without signs, f32 |x|^2, f32 |x|^2 / <code, x>
 *   rest:  `rest_stride` bytes: f32 scale of the code, f32 scale of the rest, f32 length of what is missing, then one i8 a dimension */
#ifndef TRIPSAGE_VECTOR_GRAPH_CODER_H
#define TRIPSAGE_VECTOR_GRAPH_CODER_H

#include <stddef.h>
#include <stdint.h>
#include <tripsage/vector.h>

/* A vector that others are compared with: a query, or an item that looks for its place. Compared is
 * base + norm_weight |x|^2 + product_weight f (sum of whole * code - bias), less is nearer: the squared distance, or minus the inner
 * product. */
typedef struct tripsage__probe {
    float *rotated; /* moved and rotated */
    int8_t *
        whole; /* the same in steps of 1/127 of the largest, laid out as codes are, zero where they have something else */
    size_t second_at; /* where in `whole` the part for the upper halves of bytes begins */
    float norm2;      /* of `rotated` */
    float base, norm_weight, product_weight, bias;
    unsigned char *planes; /* of glance(): four, of which each has sixteen bytes of every 64 */
    unsigned char *rows;   /* the same one after the other, `plane_size` bytes each */
    float sign_weight, sign_bias;
    float mean_product; /* of the inner product: the mean's part in every item's */
} tripsage__probe;

typedef struct tripsage__coder tripsage__coder;

/* Bytes of one plane that stand together, before as many of the next. */
#define TRIPSAGE__PLANE_PART 16u

/* Where byte `i` of plane `b` is. */
static inline size_t tripsage__plane_at(size_t b, size_t i)
{
    return (i / TRIPSAGE__PLANE_PART * 4 + b) * TRIPSAGE__PLANE_PART + i % TRIPSAGE__PLANE_PART;
}

/* Where the heads and the codes of some items are, those of the first at the beginning. */
typedef struct tripsage__records {
    const unsigned char *heads, *codes;
} tripsage__records;

/* One item. */
typedef struct tripsage__coded {
    const unsigned char *head, *code, *rest;
} tripsage__coded;

/* The arithmetic that is worth writing by hand. The portable one is the reference for the others. */
typedef struct tripsage__kernels {
    const char *name;
    /* Compares records with a probe. */
    void (*compare)(float *out, const tripsage__probe *probe, const tripsage__coder *coder,
                    const tripsage__records *records, const uint32_t *ids, size_t count);
    /* By their signs alone, and nearer by as much as that is usually off: base + norm_weight |x|^2 + sign_weight f
     * (sum of planes where the sign is positive - sign_bias). Of records that have signs. */
    void (*glance)(float *out, const tripsage__probe *probe, const tripsage__coder *coder,
                   const tripsage__records *records, const uint32_t *ids, size_t count);
    /* Fills `whole` of a probe with weights[0] times the code and weights[1] times the rest, to the nearest; gives their sum. */
    int32_t (*take)(int8_t *first, int8_t *second, const tripsage__coder *coder, const unsigned char *code,
                    const int8_t *rest, const float weights[2]);
    /* The square of the distance between `rotated` and an item: scales[0] times its code and scales[1] times its rest; or their product. */
    float (*refine)(const tripsage__coder *coder, const float *rotated, const unsigned char *code, const int8_t *rest,
                    const float scales[2], int is_product);
    /* code_plain.h: moves and rotates; takes numbers in whole steps and gives their sum. */
    void (*rotate)(const tripsage__coder *coder, float *out, const float *in, const float *mean);
    int32_t (*step)(int8_t *out, const float *values, size_t n, float per_step);
    /* Bit by bit, eight times `size` whole steps in steps of sixteen, -8 to 7: byte j of plane b has bit b of eight numbers. Gives the
     * numbers' sum. Of `whole` as many are read as there are in whole sixty-fours. */
    int32_t (*planes)(unsigned char *plane, size_t plane_size, const int8_t *whole, size_t size);
} tripsage__kernels;

/* Signs and transforms follow each other this often: after two the numbers of a single unit vector are spread, after four those of any. */
#define TRIPSAGE__ROUNDS 4u

const tripsage__kernels *tripsage__graph_kernels(void); /* the best of this machine */
extern const tripsage__kernels tripsage__graph_kernels_portable;

/* What never changes once there are items. */
struct tripsage__coder {
    uint32_t dimensions, bits;
    tripsage_metric metric;
    uint64_t seed;
    size_t code_size, code_stride, rest_stride;
    size_t head_stride, factors_at; /* in a head: |x|^2 and |x|^2 / <code, x>; those of the signs are before them */
    size_t sign_size;               /* 0: there are no signs */
    size_t plane_size;              /* of one plane: of as many bits, in whole lines, zeros at the end */
    size_t probe_size;              /* bytes of `whole` */
    const struct tripsage__kernels *kernels;
    float *mean; /* of the items a build looked at; else zero. Not rotated */
    float mean_norm;
    uint32_t *signs; /* of the rotation: ROUNDS times `dimensions` sign bits (0 or 0x80000000) */
};

/* 0: no memory. The metric and the dimensions are checked. */
int tripsage__coder_init(tripsage__coder *out, uint32_t dimensions, tripsage_metric metric, uint32_t bits,
                         uint64_t seed);
void tripsage__coder_set_bits(tripsage__coder *coder, uint32_t bits);
void tripsage__coder_set_mean(tripsage__coder *coder, const float *mean);
void tripsage__coder_free(tripsage__coder *coder);

/* Moves and rotates: `out` and `in` are `dimensions` numbers and may not overlap. Without a mean it only rotates. */
void tripsage__coder_rotate(const tripsage__coder *coder, float *out, const float *in, const float *mean);

/* Both codes of a rotated vector. `head` is `code` where there are no signs; `work` is room for `dimensions` floats. */
void tripsage__coder_encode(const tripsage__coder *coder, unsigned char *head, unsigned char *code, unsigned char *rest,
                            const float *rotated, float *work);

/* Whether the numbers in both parts can be reckoned with, as those can that tripsage__coder_encode() writes: for what was read from a
 * file. */
int tripsage__coder_is_sound(const tripsage__coder *coder, const tripsage__coded *item);

int tripsage__probe_init(tripsage__probe *probe, const tripsage__coder *coder); /* 0: no memory */
void tripsage__probe_free(tripsage__probe *probe);
/* Once `rotated` is filled with what was moved and rotated: for squared distances, with which the graph is built whatever the metric. */
void tripsage__probe_for_distance(tripsage__probe *probe, const tripsage__coder *coder);
/* The same of an item, by what its codes say of it. */
void tripsage__probe_for_decoded(tripsage__probe *probe, const tripsage__coder *coder, const tripsage__coded *item);
/* An item that others are compared with, from its codes, without `rotated`: for compare() alone. */
void tripsage__probe_for_item(tripsage__probe *probe, const tripsage__coder *coder, const tripsage__coded *item);
/* A query as it came (for cosine of unit length): for the metric. */
void tripsage__probe_for_query(tripsage__probe *probe, const tripsage__coder *coder, const float *values);

/* What stands at the head of a rest. */
#define TRIPSAGE__REST_HEAD (3 * sizeof(float))

/* The score of an item for the query `probe`, from both codes, and how far it may be from the exact one. */
float tripsage__coder_score(const tripsage__coder *coder, const tripsage__probe *probe, const tripsage__coded *item,
                            float *error);

#endif
