/* auth/account.c: accounts out of rows, and into JSON. */
#include "auth/account.h"

#include <string.h>

#include "base/memory.h"

void tripsage__account_free(tripsage__account *account)
{
    tripsage__free(account->block);
    memset(account, 0, sizeof *account);
}

void tripsage__account_of(tripsage__account *out, const tripsage__row *row)
{
    out->id = tripsage__row_text(row, 0, NULL);
    out->email = tripsage__row_text(row, 1, NULL);
    out->password_hash = tripsage__row_text(row, 2, NULL);
    out->full_name = tripsage__row_text(row, 3, NULL);
    out->role = tripsage__row_text(row, 4, NULL);
    out->user_metadata = tripsage__row_text(row, 5, NULL);
    out->app_metadata = tripsage__row_text(row, 6, NULL);
    out->password_version = tripsage__row_int(row, 7);
    out->created_at = tripsage__row_int(row, 8);
    out->updated_at = tripsage__row_int(row, 9);
    out->last_sign_in_at = tripsage__row_int(row, 10); /* 0 for NULL */
    out->block = NULL;
}

/* Copies its texts, one behind the other, into a block. */
static tripsage_status take_row(void *context, const tripsage__row *row)
{
    tripsage__account *account = context;
    const char **texts[] = {&account->id,   &account->email,         &account->password_hash, &account->full_name,
                            &account->role, &account->user_metadata, &account->app_metadata};
    size_t total = 0;
    char *at;

    tripsage__account_of(account, row);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        total += *texts[i] ? strlen(*texts[i]) + 1 : 0;
    account->block = at = tripsage__malloc(total);
    if (!at)
        return TRIPSAGE_NOMEM();
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        size_t size = *texts[i] ? strlen(*texts[i]) + 1 : 0;

        if (!size)
            continue;
        *texts[i] = memcpy(at, *texts[i], size);
        at += size;
    }
    return TRIPSAGE_OK;
}

static void forget_row(void *context)
{
    tripsage__account_free(context);
}

tripsage_status tripsage__account_read(tripsage__account *out, tripsage__store *store,
                                       const tripsage__statement *statement, const char *value)
{
    tripsage__value params[] = {tripsage__text(value)};
    tripsage__step step = {.statement = statement,
                           .params = params,
                           .param_count = 1,
                           .on_begin = forget_row,
                           .on_row = take_row,
                           .context = out};
    tripsage_status status;

    memset(out, 0, sizeof *out);
    status = tripsage__store_read(store, NULL, &step, 1);
    if (status != TRIPSAGE_OK)
        tripsage__account_free(out);
    else if (!out->block)
        status = TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is no such account");
    return status;
}

void tripsage__account_put(tripsage__buf *buf, const tripsage__account *account)
{
    TRIPSAGE__LIT(buf, "{\"id\":");
    tripsage__json_put_string(buf, account->id);
    TRIPSAGE__LIT(buf, ",\"email\":");
    tripsage__json_put_string(buf, account->email);
    TRIPSAGE__LIT(buf, ",\"full_name\":");
    tripsage__json_put_text(buf, account->full_name, account->full_name ? strlen(account->full_name) : 0);
    TRIPSAGE__LIT(buf, ",\"role\":");
    tripsage__json_put_string(buf, account->role);
    TRIPSAGE__LIT(buf, ",\"created_at\":");
    tripsage__json_put_instant(buf, account->created_at);
    TRIPSAGE__LIT(buf, ",\"updated_at\":");
    tripsage__json_put_instant(buf, account->updated_at);
    if (account->last_sign_in_at) {
        TRIPSAGE__LIT(buf, ",\"last_sign_in_at\":");
        tripsage__json_put_instant(buf, account->last_sign_in_at);
    }
    TRIPSAGE__LIT(buf, ",\"user_metadata\":");
    tripsage__buf_puts(buf, account->user_metadata);
    TRIPSAGE__LIT(buf, ",\"app_metadata\":");
    tripsage__buf_puts(buf, account->app_metadata);
    tripsage__buf_putc(buf, '}');
}
