/* store/postgres/arguments.c: see arguments.h. */
#include "arguments.h"

#include <string.h>

#include "base/memory.h"

/* Type ids that never change (pg_type.dat). */
static const Oid type_ids[] = {[TRIPSAGE__INT] = 20,
                               [TRIPSAGE__REAL] = 701,
                               [TRIPSAGE__TEXT] = 25,
                               [TRIPSAGE__BLOB] = 17,
                               [TRIPSAGE__FLOATS] = 1021};

static void put_big_endian(char *out, int size, uint64_t value)
{
    for (int i = size - 1; i >= 0; i--, value >>= 8)
        out[i] = (char)(value & 0xff);
}

/* real[] as array_recv() reads it: dimensions, whether there are nulls, the elements' type, their number and the first one's index;
 * then each one's size and bytes. NULL without memory. */
static char *array_of(const char *floats, size_t size, int *length)
{
    const uint32_t header[] = {1, 0, 700, (uint32_t)(size / 4), 1};
    char *array = tripsage__malloc(sizeof header + size * 2), *at = array;

    *length = (int)(sizeof header + size * 2);
    if (!array)
        return NULL;
    for (size_t i = 0; i < sizeof header / sizeof header[0]; i++, at += 4)
        put_big_endian(at, 4, header[i]);
    for (const char *end = floats + size; floats < end; floats += 4, at += 8) {
        put_big_endian(at, 4, 4);
        for (int i = 0; i < 4; i++)
            at[4 + i] = floats[3 - i];
    }
    return array;
}

static int set_argument(arguments *a, size_t i, const tripsage__value *value)
{
    uint64_t bits = (uint64_t)value->integer;

    a->types[i] = type_ids[value->declared];
    a->formats[i] = 1;
    a->lengths[i] = (int)value->size;
    a->values[i] = value->bytes ? value->bytes : "";
    switch (value->type) {
    case TRIPSAGE__NULL:
        a->values[i] = NULL;
        break;
    case TRIPSAGE__INT:
    case TRIPSAGE__REAL:
        if (value->type == TRIPSAGE__REAL)
            memcpy(&bits, &value->real, sizeof bits);
        put_big_endian(a->numbers[i], 8, bits);
        a->values[i] = a->numbers[i];
        a->lengths[i] = 8;
        break;
    case TRIPSAGE__FLOATS:
        a->floats = array_of(value->bytes, value->size, &a->lengths[i]);
        a->values[i] = a->floats;
        return a->floats != NULL;
    case TRIPSAGE__TEXT:
    case TRIPSAGE__BLOB:
        break;
    }
    return 1;
}

int tripsage__pg_arguments(arguments *a, const tripsage__value *params, size_t count)
{
    int is_complete = 1;

    a->floats = NULL;
    for (size_t i = 0; i < count; i++)
        is_complete = set_argument(a, i, &params[i]) && is_complete;
    return is_complete;
}

void tripsage__pg_arguments_free(arguments *a)
{
    tripsage__free(a->floats);
}
