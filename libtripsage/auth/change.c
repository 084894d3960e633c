/* auth/change.c: changing an account's data and password. */
#include "auth/change.h"

#include "auth/audit.h"
#include "auth/statements.h"

void tripsage__shallow_put(tripsage__buf *replaced, const tripsage__json *data)
{
    const char *comma = "";

    tripsage__buf_putc(replaced, '{');
    for (const tripsage__json *m = tripsage__json_first(data); m; m = tripsage__json_next(m)) {
        if (!tripsage__json_is_object(m))
            continue;
        tripsage__buf_puts(replaced, comma);
        tripsage__json_put_string(replaced, tripsage__json_name(m));
        TRIPSAGE__LIT(replaced, ":null");
        comma = ",";
    }
    tripsage__buf_putc(replaced, '}');
}

/* What comes of a change: what merging makes of the metadata, and the account. */
typedef struct changing {
    int64_t size, members, is_strong;
    tripsage_doc *doc;
    int flags;
} changing;

static tripsage_status look_row(void *context, const tripsage__row *row)
{
    changing *c = context;

    c->size = tripsage__row_int(row, 0);
    c->members = tripsage__row_int(row, 1);
    return TRIPSAGE_OK;
}

static tripsage_status strength_row(void *context, const tripsage__row *row)
{
    ((changing *)context)->is_strong = tripsage__row_int(row, 0);
    return TRIPSAGE_OK;
}

static void begin_doc(void *context)
{
    changing *c = context;

    c->doc->json.size = 0;
    c->doc->json.failed = TRIPSAGE_OK;
}

static tripsage_status put_row(void *context, const tripsage__row *row)
{
    changing *c = context;
    tripsage__account account;

    tripsage__account_of(&account, row);
    tripsage__account_put(&c->doc->json, &account, NULL, c->flags);
    return tripsage__buf_status(&c->doc->json);
}

static tripsage_status write_change(changing *c, int64_t *changed, const tripsage_auth *auth,
                                    const tripsage_actor *actor, const tripsage__account_change *change)
{
    const tripsage__value update[] = {
        tripsage__text(actor->user_id),   tripsage__text(change->replaced ? change->replaced : "{}"),
        tripsage__text(change->data),     tripsage__int(tripsage__now_ms(auth->env)),
        tripsage__text(change->new_hash), tripsage__text(actor->session_id)};
    const tripsage__value end[] = {tripsage__text(actor->user_id), tripsage__text(actor->session_id),
                                   tripsage__text(change->new_hash)};
    tripsage__audit_entry entry;
    const tripsage__audit_event event = {.action = change->new_hash ? "user_updated_password" : "user_modified",
                                         .actor = actor->user_id,
                                         .subject = actor->user_id,
                                         .if_changed = 1};
    tripsage__step steps[6];
    size_t count = 0;

    *changed = 0;
    if (change->data)
        steps[count++] = (tripsage__step){.statement = &tripsage__sql_account_merge_look,
                                          .params = update,
                                          .param_count = 3,
                                          .on_row = look_row,
                                          .context = c};
    if (change->new_hash)
        steps[count++] = (tripsage__step){.statement = &tripsage__sql_account_strength_look,
                                          .params = update,
                                          .param_count = 6,
                                          .on_row = strength_row,
                                          .context = c};
    steps[count++] = (tripsage__step){
        .statement = &tripsage__sql_account_update, .params = update, .param_count = 6, .changes = changed};
    steps[count++] = tripsage__audit_step(&entry, auth->env, &event);
    if (change->new_hash) /* somebody else may have had the old password */
        steps[count++] =
            (tripsage__step){.statement = &tripsage__sql_session_end_outdated, .params = end, .param_count = 3};
    steps[count++] = (tripsage__step){.statement = &tripsage__sql_account_by_id,
                                      .params = update,
                                      .param_count = 1,
                                      .on_begin = begin_doc,
                                      .on_row = put_row,
                                      .context = c};
    return tripsage__store_write(auth->store, NULL, steps, count);
}

/* Why nothing was changed. What merging makes must fit, and still be a document we read: it comes back in every token. */
static tripsage_status explain(const changing *c)
{
    if (c->doc->json.size == 0)
        return TRIPSAGE_FAIL_REASON(TRIPSAGE_ENOTFOUND, "user_not_found", "User not found");
    if (!c->is_strong)
        return TRIPSAGE_FAIL_REASON(TRIPSAGE_EFORBIDDEN, "insufficient_aal",
                                    "AAL2 session is required to update email or password when MFA is enabled.");
    if (c->size > (int64_t)TRIPSAGE__ACCOUNT_METADATA_MAX)
        return TRIPSAGE_FAIL_FIELD("/data", "is more than %zu bytes together with what is there",
                                   TRIPSAGE__ACCOUNT_METADATA_MAX);
    return TRIPSAGE_FAIL_FIELD("/data", "has an object of more than %d members together with what is there",
                               TRIPSAGE__JSON_MEMBERS_MAX);
}

tripsage_status tripsage__account_change_write(tripsage_doc **out, tripsage_auth *auth, const tripsage_actor *actor,
                                               const tripsage__account_change *change, int flags)
{
    changing c = {0, 0, 1, NULL, flags};
    int64_t changed = 0;
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__doc_new(&c.doc, 1024));
    status = write_change(&c, &changed, auth, actor, change);
    if (change->new_hash) /* even where the outcome is unknown */
        tripsage__verified_forget(auth->verified, actor->user_id);
    if (status == TRIPSAGE_OK && !changed)
        status = explain(&c);
out:
    return tripsage__doc_finish(out, c.doc, status);
}
