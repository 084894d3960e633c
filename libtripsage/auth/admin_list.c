/* auth/admin_list.c: pages of accounts.
 *
 * Pages have numbers, as Supabase Auth's have, so that a page far into the list costs the entries of the index that lie before it.
 * Nothing else grows with the number of accounts: what is counted, and what a filter looks through, ends at TRIPSAGE__ADMIN_LOOK_MAX. */
#include "auth/admin.h"

#include <string.h>

#include "auth/account.h"
#include "auth/statements.h"

typedef struct listing {
    tripsage__buf *out;
    size_t start; /* of the array */
    int64_t rows, total;
    int flags;
} listing;

static void begin_rows(void *context)
{
    listing *l = context;

    l->out->size = l->start;
    l->out->failed = TRIPSAGE_OK;
    l->rows = 0;
    tripsage__buf_putc(l->out, '[');
}

static tripsage_status put_row(void *context, const tripsage__row *row)
{
    listing *l = context;
    tripsage__account account;

    if (l->rows++)
        tripsage__buf_putc(l->out, ',');
    tripsage__account_of(&account, row);
    tripsage__account_put(l->out, &account, l->flags | TRIPSAGE__USER_NO_IDENTITIES);
    return tripsage__buf_status(l->out);
}

static tripsage_status take_total(void *context, const tripsage__row *row)
{
    ((listing *)context)->total = tripsage__row_int(row, 0);
    return TRIPSAGE_OK;
}

static tripsage_status read_one(listing *l, const tripsage_auth *auth, const char *email)
{
    const tripsage__value param = tripsage__text(email);
    const tripsage__step step = {.statement = &tripsage__sql_account_by_email,
                                 .params = &param,
                                 .param_count = 1,
                                 .on_begin = begin_rows,
                                 .on_row = put_row,
                                 .context = l};
    tripsage_status status = tripsage__store_read(auth->store, NULL, &step, 1);

    l->total = l->rows;
    return status;
}

static tripsage_status read_page(listing *l, const tripsage_auth *auth, const tripsage__admin_query *q,
                                 const char *filter)
{
    static const tripsage__statement *const pages[2][2] = {
        {&tripsage__sql_account_list_newest, &tripsage__sql_account_list_oldest},
        {&tripsage__sql_account_find_newest, &tripsage__sql_account_find_oldest}};
    static const tripsage__statement *const counts[2][2] = {
        {&tripsage__sql_account_count, &tripsage__sql_account_count},
        {&tripsage__sql_account_find_count_newest, &tripsage__sql_account_find_count_oldest}};
    const tripsage__value page[] = {tripsage__int(q->per_page), tripsage__int((q->page - 1) * q->per_page),
                                    tripsage__text(filter), tripsage__int(TRIPSAGE__ADMIN_LOOK_MAX)};
    const tripsage__value count[] = {tripsage__int(TRIPSAGE__ADMIN_LOOK_MAX), tripsage__int(0), tripsage__text(filter),
                                     tripsage__int(TRIPSAGE__ADMIN_LOOK_MAX)};
    const int found = filter != NULL, oldest = q->oldest_first != 0;
    const tripsage__step steps[] = {{.statement = pages[found][oldest],
                                     .params = page,
                                     .param_count = found ? 4 : 2,
                                     .on_begin = begin_rows,
                                     .on_row = put_row,
                                     .context = l},
                                    {.statement = counts[found][oldest],
                                     .params = count,
                                     .param_count = found ? 4 : 1,
                                     .on_row = take_total,
                                     .context = l}};

    return tripsage__store_read(auth->store, NULL, steps, 2);
}

/* The page itself may show that there are more than were counted. */
static int64_t total_of(const listing *l, const tripsage__admin_query *q)
{
    int64_t seen = (q->page - 1) * q->per_page + l->rows;

    if (l->total < TRIPSAGE__ADMIN_LOOK_MAX || l->rows == 0)
        return l->total;
    seen += l->rows == q->per_page;
    return seen > l->total ? seen : l->total;
}

static void lower(char out[TRIPSAGE__ADMIN_FILTER_MAX + 1], const char *text)
{
    size_t size = strlen(text);

    for (size_t i = 0; i <= size; i++)
        out[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] - 'A' + 'a' : text[i]);
}

tripsage_status tripsage__admin_list(tripsage__buf *out, int64_t *total, tripsage_auth *auth,
                                     const tripsage__admin_query *query, int flags)
{
    listing l = {out, out->size, 0, 0, flags};
    char filter[TRIPSAGE__ADMIN_FILTER_MAX + 1];
    tripsage_status status;

    if (query->filter)
        lower(filter, query->filter);
    status =
        query->email ? read_one(&l, auth, query->email) : read_page(&l, auth, query, query->filter ? filter : NULL);
    tripsage__buf_putc(out, ']');
    *total = total_of(&l, query);
    return status == TRIPSAGE_OK ? tripsage__buf_status(out) : status;
}
