/* store/postgres/row.c: values of a row, from PostgreSQL's binary format (network byte order) by the type of their column. */
#include <stdint.h>
#include <string.h>

#include "postgres.h"

/* Type ids that never change (pg_type.dat). */
enum { BOOL = 16, INT8 = 20, INT2 = 21, INT4 = 23, JSONB = 3802, FLOAT4 = 700, FLOAT8 = 701 };

static uint64_t big_endian(const char *bytes, int size)
{
    uint64_t value = 0;

    for (int i = 0; i < size; i++)
        value = value << 8 | (unsigned char)bytes[i];
    return value;
}

static const char *bytes_of(const void *cursor_, int column)
{
    const cursor *c = cursor_;

    return PQgetvalue(c->result, c->row, column);
}

static Oid type_of(const void *cursor_, int column)
{
    return PQftype(((const cursor *)cursor_)->result, column);
}

int tripsage__pg_is_null(const void *cursor_, int column)
{
    const cursor *c = cursor_;

    return PQgetisnull(c->result, c->row, column);
}

int64_t tripsage__pg_int(const void *cursor_, int column)
{
    if (tripsage__pg_is_null(cursor_, column))
        return 0;
    switch (type_of(cursor_, column)) {
    case BOOL:
        return bytes_of(cursor_, column)[0];
    case INT2:
        return (int16_t)big_endian(bytes_of(cursor_, column), 2);
    case INT4:
        return (int32_t)big_endian(bytes_of(cursor_, column), 4);
    case INT8:
        return (int64_t)big_endian(bytes_of(cursor_, column), 8);
    default:
        return (int64_t)tripsage__pg_real(cursor_, column);
    }
}

double tripsage__pg_real(const void *cursor_, int column)
{
    uint64_t bits;
    uint32_t half;
    double value;
    float single;

    if (tripsage__pg_is_null(cursor_, column))
        return 0.0;
    switch (type_of(cursor_, column)) {
    case FLOAT8:
        bits = big_endian(bytes_of(cursor_, column), 8);
        memcpy(&value, &bits, sizeof value);
        return value;
    case FLOAT4:
        half = (uint32_t)big_endian(bytes_of(cursor_, column), 4);
        memcpy(&single, &half, sizeof single);
        return (double)single;
    case BOOL:
    case INT2:
    case INT4:
    case INT8:
        return (double)tripsage__pg_int(cursor_, column);
    default: /* call.c let no other type through */
        return 0.0;
    }
}

/* libpq puts a NUL behind every value. */
const char *tripsage__pg_text(const void *cursor_, int column, size_t *size)
{
    const cursor *c = cursor_;
    size_t skip = type_of(cursor_, column) == JSONB; /* the version of its format comes first */

    if (size)
        *size = 0;
    if (tripsage__pg_is_null(cursor_, column))
        return NULL;
    if (size)
        *size = (size_t)PQgetlength(c->result, c->row, column) - skip;
    return bytes_of(cursor_, column) + skip;
}

const void *tripsage__pg_blob(const void *cursor_, int column, size_t *size)
{
    return tripsage__pg_text(cursor_, column, size);
}
