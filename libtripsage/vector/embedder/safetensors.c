/* safetensors.c: see safetensors.h. */
#include "safetensors.h"

#include <string.h>

#include "base/json.h"

/* 1 MiB: the format allows 100 MB, which a model of thousands of tensors may need. Ours have three. */
#define HEAD_MAX ((size_t)1024 * 1024)

static const struct {
    const char *name;
    tripsage__dtype dtype;
    size_t size;
} kinds[] = {{"F64", TRIPSAGE__F64, 8},   {"F32", TRIPSAGE__F32, 4}, {"F16", TRIPSAGE__F16, 2},
             {"BF16", TRIPSAGE__BF16, 2}, {"I64", TRIPSAGE__I64, 8}, {"I32", TRIPSAGE__I32, 4},
             {"I8", TRIPSAGE__I8, 1}};

static size_t size_of(tripsage__dtype dtype)
{
    return kinds[dtype - TRIPSAGE__F64].size;
}

/* A whole number that counts something: at most 2^53. */
static int read_count(uint64_t *out, const tripsage__json *node)
{
    double value = tripsage__json_number(node);

    if (!tripsage__json_is_number(node) || !(value >= 0 && value <= (double)TRIPSAGE__JSON_INT_MAX))
        return 0;
    *out = (uint64_t)value;
    return (double)*out == value;
}

static int read_pair(uint64_t out[2], const tripsage__json *array)
{
    const tripsage__json *first = tripsage__json_first(array);

    return tripsage__json_is_array(array) && tripsage__json_count(array) == 2 && read_count(&out[0], first) &&
           read_count(&out[1], tripsage__json_next(first));
}

static tripsage_status read_dtype(tripsage__tensor *out, const tripsage__json *entry, const char *name)
{
    const char *text = tripsage__json_text(tripsage__json_member(entry, "dtype"));

    for (size_t i = 0; text && i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(text, kinds[i].name) == 0) {
            out->dtype = kinds[i].dtype;
            return TRIPSAGE_OK;
        }
    return TRIPSAGE_FAIL(TRIPSAGE_ENOTSUP,
                         "tensor \"%s\" holds %.16s: F64, F32, F16, BF16, I64, I32 and I8 can be read", name,
                         text ? text : "nothing known");
}

static tripsage_status read_shape(tripsage__tensor *out, const tripsage__json *entry, const char *name)
{
    const tripsage__json *shape = tripsage__json_member(entry, "shape");
    size_t dimensions = tripsage__json_count(shape);
    uint64_t counts[2] = {0, 1};

    if (!tripsage__json_is_array(shape))
        return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "tensor \"%s\" has no shape", name);
    if (dimensions != 1 && dimensions != 2)
        return TRIPSAGE_FAIL(TRIPSAGE_ENOTSUP, "tensor \"%s\" has %zu dimensions, not one or two", name, dimensions);
    if (dimensions == 2 ? !read_pair(counts, shape) : !read_count(&counts[0], tripsage__json_first(shape)))
        return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "the shape of tensor \"%s\" is none", name);
    out->rows = (size_t)counts[0];
    out->columns = (size_t)counts[1];
    return TRIPSAGE_OK;
}

/* Counts are below 2^53 and bytes of a file below 2^63: dividing compares without overflow. */
static tripsage_status place(tripsage__tensor *out, const tripsage__json *entry, const char *name, const char *data,
                             size_t size)
{
    uint64_t at[2];
    uint64_t bytes;

    if (!read_pair(at, tripsage__json_member(entry, "data_offsets")) || at[0] > at[1] || at[1] > size)
        return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "tensor \"%s\" lies outside of the file", name);
    bytes = at[1] - at[0];
    if (out->rows == 0 || out->columns == 0 || bytes % size_of(out->dtype) != 0 ||
        bytes / size_of(out->dtype) % out->columns != 0 || bytes / size_of(out->dtype) / out->columns != out->rows)
        return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "tensor \"%s\" has not as many bytes as its shape says", name);
    out->data = data + at[0];
    return TRIPSAGE_OK;
}

static tripsage_status find(tripsage__tensor *out, const tripsage__json *head, const char *name, const char *data,
                            size_t size)
{
    const tripsage__json *entry = tripsage__json_member(head, name);
    tripsage_status status;

    if (tripsage__json_is_null(entry))
        return TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is no tensor \"%s\"", name);
    TRIPSAGE_TRY(read_dtype(out, entry, name));
    TRIPSAGE_TRY(read_shape(out, entry, name));
    status = place(out, entry, name, data, size);
out:
    return status;
}

static uint64_t little(const char *bytes, size_t size)
{
    uint64_t value = 0;

    for (size_t i = size; i-- > 0;)
        value = value << 8 | (unsigned char)bytes[i];
    return value;
}

tripsage_status tripsage__tensor_find(tripsage__tensor *out, const char *file, size_t size, const char *name)
{
    tripsage__json *head = NULL;
    uint64_t length = size >= 8 ? little(file, 8) : 0;
    tripsage_status status;

    memset(out, 0, sizeof *out);
    if (size < 8 || length > size - 8 || length > HEAD_MAX)
        return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "the head is longer than the file, or than %zu bytes", HEAD_MAX);
    status = tripsage__json_parse(&head, file + 8, (size_t)length);
    if (status == TRIPSAGE_OK)
        status = find(out, head, name, file + 8 + length, size - 8 - (size_t)length);
    else if (status != TRIPSAGE_ENOMEM)
        status = TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "the head is no JSON");
    tripsage__json_free(head);
    return status;
}

/* ---- numbers ---- */

static float from_bits(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

/* IEEE 754 binary16: a value without the hidden bit is a whole number of 2^-24. */
static float from_half(uint32_t half)
{
    uint32_t sign = (half & 0x8000) << 16, exponent = half >> 10 & 31, fraction = half & 0x3ff;
    float small;

    if (exponent == 31)
        return from_bits(sign | 0x7f800000 | fraction << 13);
    if (exponent)
        return from_bits(sign | (exponent + 112) << 23 | fraction << 13);
    small = (float)fraction * 0x1p-24f;
    return sign ? -small : small;
}

static double number(tripsage__dtype dtype, const char *at)
{
    uint64_t bits = little(at, size_of(dtype));
    double value;

    switch (dtype) {
    case TRIPSAGE__F64:
        memcpy(&value, &bits, sizeof value);
        return value;
    case TRIPSAGE__F32:
        return (double)from_bits((uint32_t)bits);
    case TRIPSAGE__F16:
        return (double)from_half((uint32_t)bits);
    case TRIPSAGE__BF16:
        return (double)from_bits((uint32_t)bits << 16);
    case TRIPSAGE__I64:
        return (double)(int64_t)bits;
    case TRIPSAGE__I32:
        return (double)(int32_t)(uint32_t)bits;
    case TRIPSAGE__I8:
        break;
    }
    return (double)(int8_t)(uint8_t)bits;
}

void tripsage__tensor_row(float *out, const tripsage__tensor *tensor, size_t row)
{
    size_t size = size_of(tensor->dtype);
    const char *at = tensor->data + row * tensor->columns * size;

    for (size_t i = 0; i < tensor->columns; i++)
        out[i] = (float)number(tensor->dtype, at + i * size);
}

double tripsage__tensor_number(const tripsage__tensor *tensor, size_t row)
{
    return number(tensor->dtype, tensor->data + row * size_of(tensor->dtype));
}

int64_t tripsage__tensor_integer(const tripsage__tensor *tensor, size_t row)
{
    size_t size = size_of(tensor->dtype);
    uint64_t bits = little(tensor->data + row * size, size);

    return size == 8 ? (int64_t)bits : size == 4 ? (int32_t)(uint32_t)bits : (int8_t)(uint8_t)bits;
}
