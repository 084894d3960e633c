/* auth/account.c: accounts out of rows, and into JSON. */
#include "auth/account.h"

#include <stdio.h>
#include <string.h>

#include "auth/auth.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/memory.h"

void tripsage__account_free(tripsage__account *account)
{
    tripsage__free(account->block);
    memset(account, 0, sizeof *account);
}

/* In the order of ACCOUNT_COLUMNS in statements.c. */
void tripsage__account_of(tripsage__account *out, const tripsage__row *row)
{
    const char **texts[] = {&out->id,          &out->email,         &out->password_hash, &out->full_name,
                            &out->role,        &out->user_metadata, &out->app_metadata,  &out->new_email,
                            &out->identity_id, &out->identity_data};
    int64_t *numbers[] = {&out->password_version,         &out->created_at,         &out->updated_at,
                          &out->last_sign_in_at,          &out->email_confirmed_at, &out->invited_at,
                          &out->confirmation_sent_at,     &out->recovery_sent_at,   &out->email_change_sent_at,
                          &out->reauthentication_sent_at, &out->banned_until,       &out->deleted_at,
                          &out->identity_created_at,      &out->identity_updated_at};
    int column = 0;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        *texts[i] = tripsage__row_text(row, column++, NULL);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        *numbers[i] = tripsage__row_int(row, column++); /* 0 for NULL */
    out->new_email_confirmed = (int)tripsage__row_int(row, column++);
    out->is_anonymous = (int)tripsage__row_int(row, column++);
    out->factors = tripsage__row_text(row, column, NULL);
    out->block = NULL;
}

/* Copies its texts, one behind the other, into a block. */
static tripsage_status take_row(void *context, const tripsage__row *row)
{
    tripsage__account *account = context;
    const char **texts[] = {
        &account->id,          &account->email,         &account->password_hash, &account->full_name,
        &account->role,        &account->user_metadata, &account->app_metadata,  &account->new_email,
        &account->identity_id, &account->identity_data, &account->factors};
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

tripsage__step tripsage__account_step(tripsage__account *out, const tripsage__statement *statement,
                                      const tripsage__value *param)
{
    return (tripsage__step){.statement = statement,
                            .params = param,
                            .param_count = 1,
                            .on_begin = forget_row,
                            .on_row = take_row,
                            .context = out};
}

tripsage_status tripsage__account_read(tripsage__account *out, tripsage__store *store,
                                       const tripsage__statement *statement, const char *value)
{
    const tripsage__value param = tripsage__text(value);
    const tripsage__step step = tripsage__account_step(out, statement, &param);
    tripsage_status status;

    memset(out, 0, sizeof *out);
    status = tripsage__store_read(store, NULL, &step, 1);
    if (status != TRIPSAGE_OK)
        tripsage__account_free(out);
    else if (!out->block)
        status = TRIPSAGE_FAIL_REASON(TRIPSAGE_ENOTFOUND, "user_not_found", "User not found");
    return status;
}

tripsage_status tripsage__account_alias(char out[TRIPSAGE__ALIAS_SIZE], const char *id, const char *value)
{
    unsigned char digest[TRIPSAGE__SHA256_SIZE];
    tripsage__buf text = TRIPSAGE__BUF_INIT(TRIPSAGE__UUID_SIZE + TRIPSAGE__EMAIL_SIZE);
    tripsage__buf alias = TRIPSAGE__BUF_INIT(TRIPSAGE__ALIAS_SIZE);
    tripsage_status status;

    tripsage__buf_puts(&text, id);
    tripsage__buf_puts(&text, value);
    TRIPSAGE_TRY(tripsage__buf_status(&text));
    TRIPSAGE_TRY(tripsage__sha256(digest, text.data, text.size));
    tripsage__base64url_put(&alias, digest, sizeof digest);
    TRIPSAGE_TRY(tripsage__buf_status(&alias));
    memcpy(out, alias.data, alias.size + 1);
out:
    tripsage__buf_free(&text);
    tripsage__buf_free(&alias);
    return status;
}

const char *tripsage__account_address(const tripsage__account *account)
{
    return strchr(account->email, '@') ? account->email : "";
}

/* ---- JSON ---- */

static void put_text(tripsage__buf *buf, const char *name, const char *value)
{
    tripsage__buf_puts(buf, name);
    tripsage__json_put_string(buf, value);
}

/* Nothing for what has not happened. */
static void put_instant(tripsage__buf *buf, const char *name, int64_t ms)
{
    if (!ms)
        return;
    tripsage__buf_puts(buf, name);
    tripsage__json_put_instant(buf, ms);
}

/* The id at the provider is the account's; that of a deleted account cannot be told from its alias. */
static void put_identity_id(tripsage__buf *buf, const tripsage__account *a)
{
    char value[sizeof "email:" + TRIPSAGE__UUID_SIZE], alias[TRIPSAGE__ALIAS_SIZE];
    tripsage_status status;

    if (!a->deleted_at) {
        put_text(buf, ",\"id\":", a->id);
        return;
    }
    snprintf(value, sizeof value, "email:%s", a->id);
    status = tripsage__account_alias(alias, a->id, value);
    if (status == TRIPSAGE_OK)
        put_text(buf, ",\"id\":", alias);
    else
        buf->failed = status;
}

static void put_identity(tripsage__buf *buf, const tripsage__account *a)
{
    put_text(buf, "{\"identity_id\":", a->identity_id);
    put_identity_id(buf, a);
    put_text(buf, ",\"user_id\":", a->id);
    if (!a->deleted_at) {
        TRIPSAGE__LIT(buf, ",\"identity_data\":");
        tripsage__buf_puts(buf, a->identity_data);
    }
    TRIPSAGE__LIT(buf, ",\"provider\":\"email\"");
    put_instant(buf, ",\"last_sign_in_at\":", a->identity_created_at); /* no later sign-in touches it, there or here */
    put_instant(buf, ",\"created_at\":", a->identity_created_at);
    put_instant(buf, ",\"updated_at\":", a->identity_updated_at);
    if (!a->deleted_at)
        put_text(buf, ",\"email\":", tripsage__account_address(a));
    tripsage__buf_putc(buf, '}');
}

static void put_identities(tripsage__buf *buf, const tripsage__account *a, int flags)
{
    TRIPSAGE__LIT(buf, ",\"identities\":");
    if (flags & TRIPSAGE__USER_NO_IDENTITIES) {
        TRIPSAGE__LIT(buf, "null");
        return;
    }
    tripsage__buf_putc(buf, '[');
    if (*a->identity_id)
        put_identity(buf, a);
    tripsage__buf_putc(buf, ']');
}

/* When it was asked for stays when it was done. */
static void put_new_email(tripsage__buf *buf, const tripsage__account *a)
{
    if (*a->new_email)
        put_text(buf, ",\"new_email\":", a->new_email);
    put_instant(buf, ",\"email_change_sent_at\":", a->email_change_sent_at);
}

void tripsage__account_put(tripsage__buf *buf, const tripsage__account *a, int flags)
{
    put_text(buf, "{\"id\":", a->id);
    TRIPSAGE__LIT(buf, ",\"aud\":\"authenticated\"");
    put_text(buf, ",\"role\":", a->role);
    put_text(buf, ",\"email\":", a->deleted_at ? a->email : tripsage__account_address(a));
    if (flags & TRIPSAGE__USER_NATIVE) {
        TRIPSAGE__LIT(buf, ",\"full_name\":");
        tripsage__json_put_text(buf, a->full_name, a->full_name ? strlen(a->full_name) : 0);
    }
    put_instant(buf, ",\"email_confirmed_at\":", a->email_confirmed_at);
    put_instant(buf, ",\"invited_at\":", a->invited_at);
    TRIPSAGE__LIT(buf, ",\"phone\":\"\"");
    put_instant(buf, ",\"confirmation_sent_at\":", a->confirmation_sent_at);
    if (!(flags & TRIPSAGE__USER_UNREAD))
        put_instant(buf, ",\"confirmed_at\":", a->email_confirmed_at);
    put_instant(buf, ",\"recovery_sent_at\":", a->recovery_sent_at);
    put_new_email(buf, a);
    put_instant(buf, ",\"reauthentication_sent_at\":", a->reauthentication_sent_at);
    put_instant(buf, ",\"last_sign_in_at\":", a->last_sign_in_at);
    TRIPSAGE__LIT(buf, ",\"app_metadata\":");
    tripsage__buf_puts(buf, a->app_metadata);
    TRIPSAGE__LIT(buf, ",\"user_metadata\":");
    tripsage__buf_puts(buf, a->user_metadata);
    if (a->factors && strcmp(a->factors, "[]") != 0) {
        TRIPSAGE__LIT(buf, ",\"factors\":");
        tripsage__buf_puts(buf, a->factors);
    }
    put_identities(buf, a, flags);
    put_instant(buf, ",\"created_at\":", a->created_at);
    put_instant(buf, ",\"updated_at\":", a->updated_at);
    put_instant(buf, ",\"banned_until\":", a->banned_until);
    put_instant(buf, ",\"deleted_at\":", a->deleted_at);
    tripsage__buf_puts(buf, a->is_anonymous ? ",\"is_anonymous\":true}" : ",\"is_anonymous\":false}");
}
