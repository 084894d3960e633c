/* store/postgres/row.c: values of a row, from PostgreSQL's binary format (network byte order) by the type of their column.
 *
 * A table's row as the last column of a statement (SELECT ..., t FROM trip t) stands for the columns of the table: to select a column costs
 * the server about 0.4 us whatever is in it, most of it to set up the sending, and a field of a record a third of that. */
#include <stdint.h>
#include <string.h>

#include "postgres.h"

/* Type ids that never change (pg_type.dat). */
enum {
    BOOL = 16,
    BYTEA = 17,
    INT8 = 20,
    INT2 = 21,
    INT4 = 23,
    TEXT = 25,
    JSON = 114,
    FLOAT4 = 700,
    FLOAT8 = 701,
    VARCHAR = 1043,
    JSONB = 3802,
    OWN_TYPES = 16384 /* the first of a database's own (FirstNormalObjectId) */
};

/* The usual ones first. */
static int is_readable(Oid type)
{
    static const Oid types[] = {TEXT, INT8, INT4, BOOL, FLOAT8, BYTEA, INT2, FLOAT4, JSON, VARCHAR, JSONB};
    size_t i = 0;

    while (i < sizeof types / sizeof types[0] && types[i] != type)
        i++;
    return i < sizeof types / sizeof types[0];
}

static uint64_t big_endian(const char *bytes, int size)
{
    uint64_t value = 0;

    for (int i = 0; i < size; i++)
        value = value << 8 | (unsigned char)bytes[i];
    return value;
}

/* ---- rows ---- */

int tripsage__pg_cursor(cursor *c, const PGresult *result)
{
    int last = PQnfields(result) - 1;

    c->result = result;
    c->columns = last + 1;
    c->count = 0;
    if (last >= 0 && PQftype(result, last) >= OWN_TYPES)
        c->columns = last;
    for (int column = 0; column < c->columns; column++)
        if (!is_readable(PQftype(result, column)))
            return 0;
    return 1;
}

/* A field of a record (record_send() in rowtypes.c): its type, its size, -1 for NULL, and its value. NULL: there is none. */
static const char *read_field(field *f, const char *at, const char *end)
{
    if (end - at < 8)
        return NULL;
    f->type = (Oid)big_endian(at, 4);
    f->size = (int32_t)big_endian(at + 4, 4);
    f->value = at + 8;
    if (!is_readable(f->type) || f->size > end - f->value)
        return NULL;
    return f->size < 0 ? f->value : f->value + f->size;
}

int tripsage__pg_row(cursor *c, int row)
{
    const char *at, *end;

    c->row = row;
    if (c->columns == PQnfields(c->result))
        return 1;
    at = PQgetvalue(c->result, row, c->columns);
    end = at + PQgetlength(c->result, row, c->columns);
    if (end - at < 4)
        return 0;
    c->count = (int32_t)big_endian(at, 4);
    if (c->count < 0 || c->count > TRIPSAGE__PG_FIELDS_MAX)
        return 0;
    at += 4;
    for (int i = 0; i < c->count && at; i++)
        at = read_field(&c->fields[i], at, end);
    return at == end;
}

/* ---- values ---- */

static field field_of(const void *cursor_, int column)
{
    const cursor *c = cursor_;
    field none = {NULL, -1, 0}, f;

    if (column >= c->columns)
        return column - c->columns < c->count ? c->fields[column - c->columns] : none;
    if (PQgetisnull(c->result, c->row, column))
        return none;
    f.value = PQgetvalue(c->result, c->row, column);
    f.size = PQgetlength(c->result, c->row, column);
    f.type = PQftype(c->result, column);
    return f;
}

int tripsage__pg_is_null(const void *cursor_, int column)
{
    return field_of(cursor_, column).size < 0;
}

static double real_of(field f)
{
    uint64_t bits;
    uint32_t half;
    double value;
    float single;

    if (f.type == FLOAT8) {
        bits = big_endian(f.value, 8);
        memcpy(&value, &bits, sizeof value);
        return value;
    }
    half = (uint32_t)big_endian(f.value, 4);
    memcpy(&single, &half, sizeof single);
    return (double)single;
}

int64_t tripsage__pg_int(const void *cursor_, int column)
{
    field f = field_of(cursor_, column);

    if (f.size < 0)
        return 0;
    switch (f.type) {
    case BOOL:
        return f.value[0];
    case INT2:
        return (int16_t)big_endian(f.value, 2);
    case INT4:
        return (int32_t)big_endian(f.value, 4);
    case INT8:
        return (int64_t)big_endian(f.value, 8);
    case FLOAT4:
    case FLOAT8:
        return (int64_t)real_of(f);
    default: /* no number */
        return 0;
    }
}

double tripsage__pg_real(const void *cursor_, int column)
{
    field f = field_of(cursor_, column);

    if (f.size >= 0 && (f.type == FLOAT4 || f.type == FLOAT8))
        return real_of(f);
    return (double)tripsage__pg_int(cursor_, column);
}

/* libpq puts a NUL behind every value; and behind a field of a record comes the type of the next, whose first byte is 0 for all that are read. */
const char *tripsage__pg_text(const void *cursor_, int column, size_t *size)
{
    field f = field_of(cursor_, column);
    int skip = f.type == JSONB; /* the version of its format comes first */

    if (size)
        *size = f.size < 0 ? 0 : (size_t)(f.size - skip);
    return f.size < 0 ? NULL : f.value + skip;
}

const void *tripsage__pg_blob(const void *cursor_, int column, size_t *size)
{
    return tripsage__pg_text(cursor_, column, size);
}
