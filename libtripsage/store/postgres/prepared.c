/* store/postgres/prepared.c: see prepared.h. Open addressing over the addresses of the catalogue's entries. */
#include "prepared.h"

#include "base/memory.h"

static prepared *slot_of(prepared *table, size_t capacity, const tripsage__statement *key, role as)
{
    size_t i = (size_t)((((uintptr_t)key >> 3) + as) * UINT64_C(0x9e3779b97f4a7c15) >> 32);

    while (table[i & (capacity - 1)].key &&
           (table[i & (capacity - 1)].key != key || table[i & (capacity - 1)].as != as))
        i++;
    return &table[i & (capacity - 1)];
}

int tripsage__pg_is_prepared(const connection *c, const tripsage__statement *statement, role as)
{
    return c->capacity && slot_of(c->table, c->capacity, statement, as)->there;
}

int tripsage__pg_reserve_prepared(connection *c, size_t more)
{
    size_t capacity = c->capacity ? c->capacity : 64;
    prepared *table;

    while (2 * (c->used + more) > capacity)
        capacity *= 2;
    if (capacity == c->capacity)
        return 1;
    table = tripsage__calloc(capacity, sizeof *table);
    if (!table)
        return 0;
    for (size_t i = 0; i < c->capacity; i++)
        if (c->table[i].key)
            *slot_of(table, capacity, c->table[i].key, c->table[i].as) = c->table[i];
    tripsage__free(c->table);
    c->table = table;
    c->capacity = capacity;
    return 1;
}

void tripsage__pg_note_prepared(connection *c, const tripsage__statement *statement, role as, int there)
{
    prepared *slot = slot_of(c->table, c->capacity, statement, as);

    c->used += slot->key == NULL;
    slot->key = statement;
    slot->as = as;
    slot->there = there;
}

void tripsage__pg_forget_prepared(connection *c)
{
    tripsage__free(c->table);
    c->table = NULL;
    c->capacity = c->used = 0;
}
