/* auth/admin.c: the accounts of others, made, changed and deleted. The lists are in admin_list.c.
 *
 * Metadata is merged member by member, as Supabase Auth does: a null takes the member away, and everything else replaces it. Merging as the
 * store does it (RFC 7396) goes deeper, so that members whose new value is an object are taken away first. */
#include "auth/admin.h"

#include <string.h>

#include "auth/account.h"
#include "auth/audit.h"
#include "auth/change.h"
#include "auth/statements.h"
#include "base/crypto.h"

static tripsage_status not_found(void)
{
    return TRIPSAGE_FAIL_REASON(TRIPSAGE_ENOTFOUND, "user_not_found", "User not found");
}

static tripsage_status email_exists(void)
{
    return TRIPSAGE_FAIL_REASON(TRIPSAGE_EEXISTS, "email_exists",
                                "A user with this email address has already been registered");
}

/* Behind the statement that does it. */
static tripsage__step trail_step(tripsage__audit_entry *entry, const tripsage_auth *auth, const char *action,
                                 const char *id)
{
    const tripsage__audit_event event = {
        .action = action, .actor = TRIPSAGE__AUDIT_SERVICE, .subject = id, .if_changed = 1};

    return tripsage__audit_step(entry, auth->env, &event);
}

int tripsage__role_is_good(const char *role)
{
    return *role && strcmp(role, "service_role") != 0 && strcmp(role, "supabase_admin") != 0;
}

/* ---- metadata ---- */

static void put_identity_data(tripsage__buf *out, const char *email, const char *id, int verified)
{
    TRIPSAGE__LIT(out, "{\"email\":");
    tripsage__json_put_string(out, email);
    tripsage__buf_puts(out, verified ? ",\"email_verified\":true" : ",\"email_verified\":false");
    TRIPSAGE__LIT(out, ",\"phone_verified\":false,\"sub\":");
    tripsage__json_put_string(out, id);
    tripsage__buf_putc(out, '}');
}

/* `base` is JSON of ours, `given` an object or NULL; the one that is `over` has the last word. */
static tripsage_status put_merged(tripsage__buf *out, const char *base, const tripsage__json *given, int given_over)
{
    tripsage__json *own = NULL, *none = NULL;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__json_parse_trusted(&own, base, strlen(base)));
    TRIPSAGE_TRY(tripsage__json_parse_trusted(&none, "{}", 2));
    tripsage__json_put_merged(out, given_over ? own : given ? given : none, given_over ? (given ? given : none) : own);
    status = tripsage__buf_status(out);
out:
    tripsage__json_free(own);
    tripsage__json_free(none);
    return status;
}

#define PROVIDERS      "{\"provider\":\"email\",\"providers\":[\"email\"]}"
#define EMAIL_VERIFIED "{\"email_verified\":true}"

static tripsage_status check_size(size_t user, size_t app)
{
    if (user + app <= TRIPSAGE__ACCOUNT_METADATA_MAX + sizeof PROVIDERS - 1)
        return TRIPSAGE_OK;
    return TRIPSAGE_FAIL_FIELD("/user_metadata", "is more than %zu bytes together with app_metadata",
                               TRIPSAGE__ACCOUNT_METADATA_MAX);
}

/* ---- making one ---- */

/* The texts of an account in the making. */
typedef struct making {
    char id[TRIPSAGE__UUID_SIZE], identity[TRIPSAGE__UUID_SIZE];
    char hash[TRIPSAGE__PASSWORD_HASH_SIZE];
    tripsage__buf user_metadata, app_metadata, identity_data;
    tripsage__account account;
} making;

static tripsage_status make_metadata(making *m, const tripsage__admin_account *who)
{
    tripsage__buf own = TRIPSAGE__BUF_INIT(TRIPSAGE__ACCOUNT_METADATA_MAX);
    tripsage_status status;

    put_identity_data(&own, who->email, m->id, 0);
    TRIPSAGE_TRY(tripsage__buf_status(&own));
    TRIPSAGE_TRY(put_merged(&m->user_metadata, who->email_confirm ? EMAIL_VERIFIED : "{}", who->user_metadata, 0));
    TRIPSAGE_TRY(put_merged(&m->app_metadata, PROVIDERS, who->app_metadata, 1));
    TRIPSAGE_TRY(put_merged(&m->identity_data, own.data, who->identity_data, 0));
    status = check_size(m->user_metadata.size, m->app_metadata.size);
out:
    tripsage__buf_free(&own);
    return status;
}

static tripsage_status make_account(making *m, tripsage_auth *auth, const tripsage__admin_account *who)
{
    int64_t now = tripsage__now_ms(auth->env);
    tripsage_status status;

    if (who->id)
        memcpy(m->id, who->id, strlen(who->id) + 1);
    else
        TRIPSAGE_TRY(tripsage__uuid7(auth->env, m->id));
    TRIPSAGE_TRY(tripsage__uuid7(auth->env, m->identity));
    TRIPSAGE_TRY(make_metadata(m, who));
    if (who->password)
        TRIPSAGE_TRY(tripsage__password_hash(m->hash, auth->passwords, auth->env, who->password));
    m->account =
        (tripsage__account){.id = m->id,
                            .email = who->email,
                            .password_hash = who->password_hash ? who->password_hash : m->hash,
                            .full_name = tripsage__json_text(tripsage__json_member(who->user_metadata, "full_name")),
                            .role = who->role ? who->role : "authenticated",
                            .user_metadata = m->user_metadata.data,
                            .app_metadata = m->app_metadata.data,
                            .new_email = "",
                            .identity_id = m->identity,
                            .identity_data = m->identity_data.data,
                            .password_version = 1,
                            .created_at = now,
                            .updated_at = now,
                            .email_confirmed_at = who->email_confirm ? now : 0,
                            .invited_at = who->invited_at,
                            .banned_until = who->banned_until,
                            .identity_created_at = now,
                            .identity_updated_at = now};
    status = TRIPSAGE_OK;
out:
    return status;
}

static tripsage_status write_account(const tripsage_auth *auth, const tripsage__account *a)
{
    const tripsage__value insert[] = {tripsage__text(a->id),
                                      tripsage__text(a->email),
                                      tripsage__text(a->password_hash),
                                      tripsage__text(a->full_name),
                                      tripsage__text(a->role),
                                      tripsage__text(a->user_metadata),
                                      tripsage__text(a->app_metadata),
                                      tripsage__text(a->identity_id),
                                      tripsage__text(a->identity_data),
                                      tripsage__int(0),
                                      tripsage__int(a->email_confirmed_at),
                                      tripsage__null_of(TRIPSAGE__INT),
                                      tripsage__int(a->invited_at),
                                      tripsage__int(a->created_at),
                                      tripsage__int(a->identity_created_at)};
    const tripsage__value ban[] = {tripsage__text(a->id), tripsage__int(a->banned_until)};
    tripsage__audit_entry entry;
    int64_t inserted = 0;
    const tripsage__step steps[] = {
        {.statement = &tripsage__sql_account_insert, .params = insert, .param_count = 15, .changes = &inserted},
        trail_step(&entry, auth, a->invited_at ? "user_invited" : "user_signedup", a->id),
        {.statement = &tripsage__sql_account_ban, .params = ban, .param_count = 2}};
    tripsage_status status = tripsage__store_write(auth->store, NULL, steps, a->banned_until ? 3 : 2);

    if (status == TRIPSAGE_EEXISTS)
        return TRIPSAGE_FAIL_REASON(TRIPSAGE_EEXISTS, "user_already_exists", "A user with this id already exists");
    return status == TRIPSAGE_OK && !inserted ? email_exists() : status;
}

tripsage_status tripsage__admin_create(tripsage_doc **out, tripsage_auth *auth, const tripsage__admin_account *who,
                                       int flags)
{
    making m = {.user_metadata = TRIPSAGE__BUF_INIT(TRIPSAGE__JSON_INPUT_MAX),
                .app_metadata = TRIPSAGE__BUF_INIT(TRIPSAGE__JSON_INPUT_MAX),
                .identity_data = TRIPSAGE__BUF_INIT(TRIPSAGE__JSON_INPUT_MAX)};
    tripsage_doc *doc = NULL;
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(make_account(&m, auth, who));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 1024));
    tripsage__account_put(&doc->json, &m.account, flags | TRIPSAGE__USER_UNREAD);
    TRIPSAGE_TRY(tripsage__buf_status(&doc->json));
    status = write_account(auth, &m.account);
out:
    tripsage__wipe(m.hash, sizeof m.hash);
    tripsage__buf_free(&m.user_metadata);
    tripsage__buf_free(&m.app_metadata);
    tripsage__buf_free(&m.identity_data);
    return tripsage__doc_finish(out, doc, status);
}

/* ---- looking at one ---- */

tripsage_status tripsage__admin_get(tripsage_doc **out, tripsage_auth *auth, const char *id, int flags)
{
    tripsage__account account;
    tripsage_doc *doc = NULL;
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__account_read(&account, auth->store, &tripsage__sql_account_by_id, id));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 1024));
    tripsage__account_put(&doc->json, &account, flags);
out:
    tripsage__account_free(&account);
    return tripsage__doc_finish(out, doc, status);
}

/* ---- changing one ---- */

/* What comes of a change: what the database said before it, and the user after it. */
typedef struct changing {
    tripsage__buf user_replaced, user_data, app_replaced, app_data, identity_data;
    int64_t size, user_members, app_members, address_taken, changed;
    tripsage__buf *json;
    int flags;
} changing;

static tripsage_status look_row(void *context, const tripsage__row *row)
{
    changing *c = context;

    c->size = tripsage__row_int(row, 0);
    c->user_members = tripsage__row_int(row, 1);
    c->app_members = tripsage__row_int(row, 2);
    c->address_taken = tripsage__row_int(row, 3);
    return TRIPSAGE_OK;
}

static void begin_user(void *context)
{
    tripsage__buf *json = ((changing *)context)->json;

    json->size = 0;
    json->failed = TRIPSAGE_OK;
}

static tripsage_status put_user(void *context, const tripsage__row *row)
{
    changing *c = context;
    tripsage__account account;

    tripsage__account_of(&account, row);
    tripsage__account_put(c->json, &account, c->flags);
    return tripsage__buf_status(c->json);
}

/* `own`, which is an object of ours, "" or of members, and over it what was given. */
static void put_patch(tripsage__buf *replaced, tripsage__buf *data, const char *own, const tripsage__json *given)
{
    const char *comma = own;

    tripsage__shallow_put(replaced, given);
    tripsage__buf_putc(data, '{');
    tripsage__buf_puts(data, own);
    for (const tripsage__json *m = tripsage__json_first(given); m; m = tripsage__json_next(m)) {
        tripsage__buf_puts(data, *comma ? "," : "");
        tripsage__json_put_string(data, tripsage__json_name(m));
        tripsage__buf_putc(data, ':');
        tripsage__json_put(data, m);
        comma = ",";
    }
    tripsage__buf_putc(data, '}');
}

/* What a confirmation and an address bring with them goes in front, where it is not given itself. */
static tripsage_status make_patches(changing *c, const char *id, const tripsage__admin_account *who)
{
    const tripsage__json *user = who->user_metadata, *app = who->app_metadata;
    int verified = who->email_confirm && !tripsage__json_member(user, "email_verified");
    int provider = who->email && !tripsage__json_member(app, "provider") && !tripsage__json_member(app, "providers");
    const tripsage__buf *all[] = {&c->user_replaced, &c->user_data, &c->app_replaced, &c->app_data, &c->identity_data};

    put_patch(&c->user_replaced, &c->user_data, verified ? "\"email_verified\":true" : "", user);
    put_patch(&c->app_replaced, &c->app_data, provider ? "\"provider\":\"email\",\"providers\":[\"email\"]" : "", app);
    if (who->email)
        put_identity_data(&c->identity_data, who->email, id, who->email_confirm);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i]->failed)
            return tripsage__buf_status(all[i]);
    return TRIPSAGE_OK;
}

static tripsage_status write_change(changing *c, const tripsage_auth *auth, const char *id,
                                    const tripsage__admin_account *who, const char *new_hash, const char *identity)
{
    int touches_user = who->user_metadata || who->email_confirm, touches_app = who->app_metadata || who->email;
    const tripsage__value update[] = {
        tripsage__text(id),
        tripsage__text(c->user_replaced.data),
        tripsage__text(touches_user ? c->user_data.data : NULL),
        tripsage__text(c->app_replaced.data),
        tripsage__text(touches_app ? c->app_data.data : NULL),
        tripsage__int(tripsage__now_ms(auth->env)),
        tripsage__text(who->email),
        tripsage__text(new_hash),
        tripsage__text(who->role),
        who->has_ban ? tripsage__int(who->banned_until) : tripsage__null_of(TRIPSAGE__INT),
        tripsage__int(who->email_confirm),
        tripsage__text(identity),
        tripsage__text(who->email ? c->identity_data.data : NULL),
    };
    const tripsage__value end[] = {tripsage__text(id), tripsage__text(""), tripsage__text(new_hash)};
    tripsage__audit_entry entry;
    tripsage__step steps[6];
    size_t count = 0;

    steps[count++] = (tripsage__step){.statement = &tripsage__sql_account_admin_look,
                                      .params = update,
                                      .param_count = 7,
                                      .on_row = look_row,
                                      .context = c};
    steps[count++] = (tripsage__step){
        .statement = &tripsage__sql_account_admin_update, .params = update, .param_count = 13, .changes = &c->changed};
    steps[count++] = trail_step(&entry, auth, "user_modified", id);
    if (new_hash) { /* all sessions, and what is under way in mails: somebody else may have had the old password */
        steps[count++] =
            (tripsage__step){.statement = &tripsage__sql_session_end_outdated, .params = end, .param_count = 3};
        steps[count++] =
            (tripsage__step){.statement = &tripsage__sql_one_time_token_end_outdated, .params = end, .param_count = 3};
    }
    steps[count++] = (tripsage__step){.statement = &tripsage__sql_account_by_id,
                                      .params = update,
                                      .param_count = 1,
                                      .on_begin = begin_user,
                                      .on_row = put_user,
                                      .context = c};
    return tripsage__store_write(auth->store, NULL, steps, count);
}

/* Why nothing was changed. */
static tripsage_status explain(const changing *c)
{
    if (c->json->size == 0)
        return not_found();
    if (c->address_taken)
        return email_exists();
    if (c->size > (int64_t)TRIPSAGE__ACCOUNT_METADATA_MAX)
        return TRIPSAGE_FAIL_FIELD("/user_metadata",
                                   "is more than %zu bytes together with app_metadata and what is there",
                                   TRIPSAGE__ACCOUNT_METADATA_MAX);
    return TRIPSAGE_FAIL_FIELD(c->user_members > TRIPSAGE__JSON_MEMBERS_MAX ? "/user_metadata" : "/app_metadata",
                               "has an object of more than %d members together with what is there",
                               TRIPSAGE__JSON_MEMBERS_MAX);
}

static tripsage_status change(changing *c, tripsage_auth *auth, const char *id, const tripsage__admin_account *who)
{
    char hash[TRIPSAGE__PASSWORD_HASH_SIZE], identity[TRIPSAGE__UUID_SIZE];
    const char *new_hash = who->password_hash;
    tripsage_status status;

    TRIPSAGE_TRY(make_patches(c, id, who));
    TRIPSAGE_TRY(tripsage__uuid7(auth->env, identity));
    if (who->password) {
        TRIPSAGE_TRY(tripsage__password_hash(hash, auth->passwords, auth->env, who->password));
        new_hash = hash;
    }
    status = write_change(c, auth, id, who, new_hash, identity);
    /* Even where the outcome is unknown: a token may not outlive a ban or a password, nor a key of his the ban. */
    tripsage__verified_forget(auth->verified, id);
    if (who->has_ban)
        tripsage__keyring_forget(auth->keyring);
    if (status == TRIPSAGE_EEXISTS) /* the address, taken between look and update */
        return email_exists();
    if (status == TRIPSAGE_OK && !c->changed)
        status = explain(c);
out:
    tripsage__wipe(hash, sizeof hash);
    return status;
}

tripsage_status tripsage__admin_update(tripsage_doc **out, tripsage_auth *auth, const char *id,
                                       const tripsage__admin_account *who, int flags)
{
    changing c = {.user_replaced = TRIPSAGE__BUF_INIT(TRIPSAGE__JSON_INPUT_MAX),
                  .user_data = TRIPSAGE__BUF_INIT(TRIPSAGE__JSON_INPUT_MAX),
                  .app_replaced = TRIPSAGE__BUF_INIT(TRIPSAGE__JSON_INPUT_MAX),
                  .app_data = TRIPSAGE__BUF_INIT(TRIPSAGE__JSON_INPUT_MAX),
                  .identity_data = TRIPSAGE__BUF_INIT(TRIPSAGE__JSON_INPUT_MAX),
                  .flags = flags};
    tripsage_doc *doc = NULL;
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 1024));
    c.json = &doc->json;
    status = change(&c, auth, id, who);
out:
    tripsage__buf_free(&c.user_replaced);
    tripsage__buf_free(&c.user_data);
    tripsage__buf_free(&c.app_replaced);
    tripsage__buf_free(&c.app_data);
    tripsage__buf_free(&c.identity_data);
    return tripsage__doc_finish(out, doc, status);
}

/* ---- deleting one ---- */

static tripsage_status delete_row(const tripsage_auth *auth, const char *id)
{
    const tripsage__value param = tripsage__text(id);
    tripsage__audit_entry entry;
    int64_t deleted = 0;
    const tripsage__step steps[] = {
        {.statement = &tripsage__sql_account_delete_words, .params = &param, .param_count = 1},
        {.statement = &tripsage__sql_account_delete, .params = &param, .param_count = 1, .changes = &deleted},
        trail_step(&entry, auth, "user_deleted", id)};
    tripsage_status status = tripsage__store_write(auth->store, NULL, steps, sizeof steps / sizeof steps[0]);

    return status == TRIPSAGE_OK && !deleted ? not_found() : status;
}

/* Puts aliases in the place of the addresses that were read. `buried` stays 0 when they are others by now. */
static tripsage_status write_aliases(int64_t *buried, const tripsage_auth *auth, const tripsage__account *account)
{
    char alias[TRIPSAGE__ALIAS_SIZE], new_alias[TRIPSAGE__ALIAS_SIZE] = "";
    tripsage__value params[6] = {tripsage__text(account->id), tripsage__text(account->email),
                                 tripsage__text(account->new_email)};
    tripsage__audit_entry entry;
    const tripsage__step steps[] = {
        {.statement = &tripsage__sql_account_bury_words, .params = params, .param_count = 3},
        {.statement = &tripsage__sql_account_bury, .params = params, .param_count = 6, .changes = buried},
        trail_step(&entry, auth, "user_deleted", account->id),
        {.statement = &tripsage__sql_session_end_buried, .params = params, .param_count = 1},
        {.statement = &tripsage__sql_one_time_token_end_buried, .params = params, .param_count = 1},
        {.statement = &tripsage__sql_flow_state_end_buried, .params = params, .param_count = 1},
        {.statement = &tripsage__sql_factor_end_buried, .params = params, .param_count = 1},
        {.statement = &tripsage__sql_recovery_code_end_buried, .params = params, .param_count = 1}};
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__account_alias(alias, account->id, tripsage__account_address(account)));
    if (*account->new_email)
        TRIPSAGE_TRY(tripsage__account_alias(new_alias, account->id, account->new_email));
    params[3] = tripsage__text(alias);
    params[4] = tripsage__text(new_alias);
    params[5] = tripsage__int(tripsage__now_ms(auth->env));
    status = tripsage__store_write(auth->store, NULL, steps, sizeof steps / sizeof steps[0]);
out:
    return status;
}

/* Once more only when its addresses were changed in between, so that somebody else has done something. */
static tripsage_status bury(const tripsage_auth *auth, const char *id)
{
    int64_t buried = 0;
    tripsage_status status = TRIPSAGE_OK;

    while (status == TRIPSAGE_OK && !buried) {
        tripsage__account account;

        status = tripsage__account_read(&account, auth->store, &tripsage__sql_account_by_id, id);
        if (status == TRIPSAGE_OK && account.deleted_at)
            buried = 1; /* and was before */
        else if (status == TRIPSAGE_OK)
            status = write_aliases(&buried, auth, &account);
        tripsage__account_free(&account);
    }
    return status;
}

tripsage_status tripsage__admin_delete(tripsage_auth *auth, const char *id, int soft)
{
    tripsage_status status = soft ? bury(auth, id) : delete_row(auth, id);

    tripsage__verified_forget(auth->verified, id);
    tripsage__keyring_forget(auth->keyring);
    return status;
}
