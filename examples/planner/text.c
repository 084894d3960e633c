/* text.c: growing text and aligned tables. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "planner.h"

void give_up(const char *why)
{
    fprintf(stderr, "tripsage: %s\n", why);
    exit(REFUSED);
}

static void *grown(void *block, size_t size)
{
    void *larger = realloc(block, size);
    if (!larger)
        give_up("out of memory");
    return larger;
}

static void add_bytes(text *t, const char *bytes, size_t size)
{
    if (t->capacity - t->size <= size) {
        t->capacity = (t->capacity + size) * 2 + 64;
        t->bytes = grown(t->bytes, t->capacity);
    }
    memcpy(t->bytes + t->size, bytes, size);
    t->size += size;
    t->bytes[t->size] = '\0';
}

void text_add(text *t, const char *more)
{
    add_bytes(t, more, strlen(more));
}

void text_add_int(text *t, long long value)
{
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%lld", value);
    add_bytes(t, digits, (size_t)length);
}

void text_add_json(text *t, const char *value)
{
    add_bytes(t, "\"", 1);
    for (; *value; value++) {
        unsigned char c = (unsigned char)*value;
        char escape[8];
        if (c == '"' || c == '\\') {
            escape[0] = '\\';
            escape[1] = (char)c;
            add_bytes(t, escape, 2);
        } else if (c < 0x20) {
            int length = snprintf(escape, sizeof escape, "\\u%04x", c);
            add_bytes(t, escape, (size_t)length);
        } else {
            add_bytes(t, value, 1);
        }
    }
    add_bytes(t, "\"", 1);
}

void text_free(text *t)
{
    free(t->bytes);
    memset(t, 0, sizeof *t);
}

void print_plain(const char *value)
{
    for (; *value; value++) {
        unsigned char c = (unsigned char)*value, next = (unsigned char)value[1];
        int is_c1 = c == 0xC2 && next >= 0x80 && next < 0xA0; /* U+0080 to U+009F in UTF-8 */
        putchar(c < 0x20 || c == 0x7F || is_c1 ? ' ' : c);
        value += is_c1;
    }
}

void table_begin(table *t, size_t columns, const char *const *titles)
{
    memset(t, 0, sizeof *t);
    t->columns = columns;
    for (size_t i = 0; i < columns; i++)
        table_cell(t, titles[i]);
}

void table_cell(table *t, const char *value)
{
    if (!value)
        value = "";
    if (t->count == t->capacity) {
        t->capacity = t->capacity * 2 + 64;
        t->cells = grown(t->cells, t->capacity * sizeof *t->cells);
    }
    size_t size = strlen(value) + 1;
    t->cells[t->count] = memcpy(grown(NULL, size), value, size);
    t->count++;
}

void table_cell_int(table *t, long long value)
{
    char digits[32];
    snprintf(digits, sizeof digits, "%lld", value);
    table_cell(t, digits);
}

/* Code points, which is what most terminals give a column to; a letter of double width comes out too narrow. */
static size_t width_of(const char *value)
{
    size_t width = 0;
    for (; *value; value++)
        width += ((unsigned char)*value & 0xC0) != 0x80;
    return width;
}

static void print_row(const table *t, size_t first, const size_t *widths)
{
    for (size_t column = 0; column < t->columns; column++) {
        const char *cell = t->cells[first + column];
        int is_last = column + 1 == t->columns;
        print_plain(cell);
        printf("%*s", is_last ? 0 : (int)(widths[column] - width_of(cell) + 2), "");
    }
    putchar('\n');
}

void table_print(const table *t)
{
    size_t widths[TABLE_COLUMNS_MAX] = {0};
    for (size_t i = 0; i < t->count; i++) {
        size_t width = width_of(t->cells[i]);
        if (width > widths[i % t->columns])
            widths[i % t->columns] = width;
    }
    for (size_t row = 0; row + t->columns <= t->count; row += t->columns)
        print_row(t, row, widths);
}

void table_free(table *t)
{
    for (size_t i = 0; i < t->count; i++)
        free(t->cells[i]);
    free(t->cells);
    memset(t, 0, sizeof *t);
}
