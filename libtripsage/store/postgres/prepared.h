/* store/postgres/prepared.h: which statements a connection has prepared. */
#ifndef TRIPSAGE_STORE_POSTGRES_PREPARED_H
#define TRIPSAGE_STORE_POSTGRES_PREPARED_H

#include "postgres.h"

typedef struct prepared {
    const tripsage__statement *key;
    role as;
    int there; /* or on its way: what follows in the same pipeline may count on it */
} prepared;

int tripsage__pg_is_prepared(const connection *c, const tripsage__statement *statement, role as);
/* Makes room for `more` statements; 0 when there is no memory. Noting one of them cannot fail then. */
int tripsage__pg_reserve_prepared(connection *c, size_t more);
void tripsage__pg_note_prepared(connection *c, const tripsage__statement *statement, role as, int there);
void tripsage__pg_forget_prepared(connection *c);

#endif
