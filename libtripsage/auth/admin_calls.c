/* auth/admin_calls.c: the calls of tripsage/auth.h about the accounts of others. */
#include <string.h>

#include "auth/account.h"
#include "auth/admin.h"
#include "auth/links.h"
#include "auth/mail.h"
#include "auth/project.h"

/* A role is a name of PostgreSQL's, which has at most 63 bytes. */
#define ROLE_MAX 63

static tripsage_status check_admin(const tripsage_actor *actor)
{
    tripsage_status status = tripsage__actor_check(actor);

    if (status == TRIPSAGE_OK && !actor->is_service)
        return TRIPSAGE_FAIL_REASON(TRIPSAGE_EFORBIDDEN, "not_admin", "User not allowed");
    return status;
}

static tripsage_status check_both(char id[TRIPSAGE__UUID_SIZE], const tripsage_actor *actor, const char *user_id)
{
    tripsage_status status = check_admin(actor);

    if (status == TRIPSAGE_OK && (!user_id || !tripsage__uuid_parse(user_id, id)))
        return TRIPSAGE_FAIL_FIELD("#user_id", "expected a UUID");
    return status;
}

/* ---- lists ---- */

static tripsage_status make_query(tripsage__admin_query *out, char email[TRIPSAGE__EMAIL_SIZE],
                                  const tripsage_user_list_options *o)
{
    if (o->version != 1)
        return TRIPSAGE_FAIL_FIELD("#options", "version is %u; start from TRIPSAGE_USER_LIST_OPTIONS_INIT", o->version);
    if (o->per_page > TRIPSAGE__ADMIN_PAGE_MAX)
        return TRIPSAGE_FAIL_FIELD("#options", "per_page must be at most %d", TRIPSAGE__ADMIN_PAGE_MAX);
    if (o->filter && strlen(o->filter) > TRIPSAGE__ADMIN_FILTER_MAX)
        return TRIPSAGE_FAIL_FIELD("#filter", "expected at most %d bytes", TRIPSAGE__ADMIN_FILTER_MAX);
    if (o->filter && !tripsage__utf8_valid(o->filter, strlen(o->filter)))
        return TRIPSAGE_FAIL_FIELD("#filter", "expected UTF-8");
    if (o->email && !tripsage__email_normalize(o->email, email))
        return TRIPSAGE_FAIL_FIELD("#email", "expected an e-mail address such as name@example.com");
    *out = (tripsage__admin_query){.page = o->page ? o->page : 1,
                                   .per_page = o->per_page ? o->per_page : 50,
                                   .filter = o->filter && *o->filter ? o->filter : NULL,
                                   .email = o->email ? email : NULL,
                                   .oldest_first = o->oldest_first};
    return TRIPSAGE_OK;
}

tripsage_status tripsage_auth_admin_user_list(tripsage_doc **page, tripsage_auth *auth, const tripsage_actor *actor,
                                              const tripsage_user_list_options *options)
{
    static const tripsage_user_list_options standard = TRIPSAGE_USER_LIST_OPTIONS_INIT;
    tripsage__admin_query query;
    char email[TRIPSAGE__EMAIL_SIZE];
    tripsage_doc *doc = NULL;
    int64_t total;
    tripsage_status status;

    *page = NULL;
    TRIPSAGE_TRY(check_admin(actor));
    TRIPSAGE_TRY(make_query(&query, email, options ? options : &standard));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 4096));
    TRIPSAGE__LIT(&doc->json, "{\"users\":");
    if (auth->supabase)
        TRIPSAGE_TRY(tripsage__project_list(&doc->json, &total, auth, &query));
    else
        TRIPSAGE_TRY(tripsage__admin_list(&doc->json, &total, auth, &query, TRIPSAGE__USER_NATIVE));
    TRIPSAGE__LIT(&doc->json, ",\"page\":");
    tripsage__buf_int(&doc->json, query.page);
    TRIPSAGE__LIT(&doc->json, ",\"per_page\":");
    tripsage__buf_int(&doc->json, query.per_page);
    TRIPSAGE__LIT(&doc->json, ",\"total\":");
    tripsage__buf_int(&doc->json, total);
    tripsage__buf_putc(&doc->json, '}');
out:
    return tripsage__doc_finish(page, doc, status);
}

/* ---- one ---- */

tripsage_status tripsage_auth_admin_user_get(tripsage_doc **user, tripsage_auth *auth, const tripsage_actor *actor,
                                             const char *user_id)
{
    char id[TRIPSAGE__UUID_SIZE];
    tripsage_status status = check_both(id, actor, user_id);

    *user = NULL;
    if (status == TRIPSAGE_OK && auth->supabase)
        return tripsage__project_ask(user, auth, TRIPSAGE__PROJECT_ADMIN_GET, &(tripsage__project_asked){.part = id});
    return status == TRIPSAGE_OK ? tripsage__admin_get(user, auth, id, TRIPSAGE__USER_NATIVE) : status;
}

static void read_password(tripsage__reader *r, tripsage__admin_account *who, size_t min)
{
    if (tripsage__read_text(r, "password", TRIPSAGE__OPTIONAL, min, TRIPSAGE__PASSWORD_BYTES_MAX, &who->password) ==
            TRIPSAGE__PRESENT &&
        strlen(who->password) > TRIPSAGE__PASSWORD_BYTES_MAX)
        tripsage__reader_complain(r, "password", "expected at most %d bytes", TRIPSAGE__PASSWORD_BYTES_MAX);
    if (tripsage__read_text(r, "password_hash", TRIPSAGE__OPTIONAL, 1, TRIPSAGE__PASSWORD_KNOWN_SIZE - 1,
                            &who->password_hash) == TRIPSAGE__PRESENT &&
        !tripsage__password_hash_is_known(who->password_hash))
        tripsage__reader_complain(r, "password_hash", "expected a hash of bcrypt, Argon2 or Firebase's scrypt");
    if (who->password && who->password_hash)
        tripsage__reader_complain(r, "password_hash", "expected a password or a hash, not both");
}

static void read_ban(tripsage__reader *r, tripsage__admin_account *who, int64_t now_ms)
{
    char complaint[TRIPSAGE__DURATION_COMPLAINT_SIZE];
    const char *text;

    if (tripsage__read_text(r, "ban_duration", TRIPSAGE__OPTIONAL, 1, 64, &text) != TRIPSAGE__PRESENT)
        return;
    who->has_ban = tripsage__ban_parse(&who->banned_until, complaint, text, now_ms);
    if (!who->has_ban)
        tripsage__reader_complain(r, "ban_duration", "expected a duration such as \"24h\", or \"none\"");
}

/* What making and changing take alike. `email` is where the address goes. */
static void read_account(tripsage__reader *r, tripsage__admin_account *who, char email[TRIPSAGE__EMAIL_SIZE],
                         const tripsage_auth *auth, int required)
{
    const char *text;

    if (tripsage__read_text(r, "email", required, 1, TRIPSAGE__EMAIL_SIZE - 1, &text) == TRIPSAGE__PRESENT) {
        if (!tripsage__email_normalize(text, email))
            tripsage__reader_complain(r, "email", "expected an e-mail address such as name@example.com");
        who->email = email;
    }
    read_password(r, who, auth->password_min);
    tripsage__read_bool(r, "email_confirm", TRIPSAGE__OPTIONAL, &who->email_confirm);
    tripsage__read_object(r, "user_metadata", TRIPSAGE__OPTIONAL, TRIPSAGE__ACCOUNT_DATA_MAX, &who->user_metadata);
    tripsage__read_object(r, "app_metadata", TRIPSAGE__OPTIONAL, TRIPSAGE__ACCOUNT_DATA_MAX, &who->app_metadata);
    if (tripsage__read_text(r, "role", TRIPSAGE__OPTIONAL, 1, ROLE_MAX, &who->role) == TRIPSAGE__PRESENT &&
        !tripsage__role_is_good(who->role))
        tripsage__reader_complain(r, "role", "expected the role of a person");
    read_ban(r, who, tripsage__now_ms(auth->env));
}

tripsage_status tripsage_auth_admin_user_create(tripsage_doc **user, tripsage_auth *auth, const tripsage_actor *actor,
                                                const char *json, size_t length)
{
    tripsage__reader r = {.root = NULL};
    tripsage__admin_account who = {.id = NULL};
    char id[TRIPSAGE__UUID_SIZE], email[TRIPSAGE__EMAIL_SIZE];
    tripsage_status status;

    *user = NULL;
    TRIPSAGE_TRY(check_admin(actor));
    TRIPSAGE_TRY(tripsage__reader_open(&r, json, length));
    if (tripsage__read_uuid(&r, "id", TRIPSAGE__OPTIONAL, id) == TRIPSAGE__PRESENT)
        who.id = id;
    read_account(&r, &who, email, auth, TRIPSAGE__REQUIRED);
    tripsage__reader_close_object(&r);
    TRIPSAGE_TRY(tripsage__reader_status(&r));
    if (auth->supabase) {
        status = tripsage__project_pass(user, auth, TRIPSAGE__PROJECT_ADMIN_CREATE, NULL, r.root);
        goto out;
    }
    status = tripsage__admin_create(user, auth, &who, TRIPSAGE__USER_NATIVE);
out:
    tripsage__reader_free(&r);
    return status;
}

tripsage_status tripsage_auth_admin_user_update(tripsage_doc **user, tripsage_auth *auth, const tripsage_actor *actor,
                                                const char *user_id, const char *json, size_t length)
{
    tripsage__reader r = {.root = NULL};
    tripsage__admin_account who = {.id = NULL};
    char id[TRIPSAGE__UUID_SIZE], email[TRIPSAGE__EMAIL_SIZE];
    tripsage_status status;

    *user = NULL;
    TRIPSAGE_TRY(check_both(id, actor, user_id));
    TRIPSAGE_TRY(tripsage__reader_open(&r, json, length));
    read_account(&r, &who, email, auth, TRIPSAGE__OPTIONAL);
    tripsage__reader_close_object(&r);
    TRIPSAGE_TRY(tripsage__reader_status(&r));
    if (auth->supabase) {
        const tripsage__project_asked asked = {.input = r.root, .part = id};

        status = tripsage__project_ask(user, auth, TRIPSAGE__PROJECT_ADMIN_UPDATE, &asked);
        goto out;
    }
    status = tripsage__admin_update(user, auth, id, &who, TRIPSAGE__USER_NATIVE);
out:
    tripsage__reader_free(&r);
    return status;
}

tripsage_status tripsage_auth_admin_user_delete(tripsage_auth *auth, const tripsage_actor *actor, const char *user_id,
                                                int soft)
{
    char id[TRIPSAGE__UUID_SIZE];
    tripsage_status status = check_both(id, actor, user_id);

    if (status == TRIPSAGE_OK && auth->supabase)
        return tripsage__project_ask(NULL, auth,
                                     soft ? TRIPSAGE__PROJECT_ADMIN_DELETE_SOFTLY : TRIPSAGE__PROJECT_ADMIN_DELETE,
                                     &(tripsage__project_asked){.part = id});
    return status == TRIPSAGE_OK ? tripsage__admin_delete(auth, id, soft) : status;
}

/* ---- links ---- */

static const char *read_address(tripsage__reader *r, const char *name, int required, char out[TRIPSAGE__EMAIL_SIZE])
{
    const char *text;

    if (tripsage__read_text(r, name, required, 1, TRIPSAGE__EMAIL_SIZE - 1, &text) != TRIPSAGE__PRESENT)
        return NULL;
    if (!tripsage__email_normalize(text, out))
        tripsage__reader_complain(r, name, "expected an e-mail address such as name@example.com");
    return out;
}

/* 2,048 characters: as long as an address that browsers take. */
static const char *read_redirect(tripsage__reader *r, const tripsage_auth *auth)
{
    const char *text = NULL;

    tripsage__read_text(r, "redirect_to", TRIPSAGE__OPTIONAL, 1, 2048, &text);
    return tripsage__mailer_redirect(auth->mailer, text ? text : "");
}

static void read_link(tripsage__reader *r, tripsage__link_wanted *out, const tripsage_auth *auth,
                      char email[TRIPSAGE__EMAIL_SIZE], char new_email[TRIPSAGE__EMAIL_SIZE])
{
    const char *type = "";
    int at = 0, is_change;

    tripsage__read_word(r, "type", TRIPSAGE__REQUIRED, tripsage__link_types, &type);
    while (at < TRIPSAGE__LINK_TYPES - 1 && type != tripsage__link_types[at])
        at++;
    out->type = (tripsage__link_type)at;
    is_change = *type && out->type >= TRIPSAGE__LINK_CHANGE_CURRENT;
    out->email = read_address(r, "email", TRIPSAGE__REQUIRED, email);
    out->new_email = read_address(r, "new_email", is_change, new_email);
    tripsage__read_text(r, "password", *type && out->type == TRIPSAGE__LINK_SIGNUP, auth->password_min,
                        TRIPSAGE__PASSWORD_BYTES_MAX, &out->password);
    if (out->password && strlen(out->password) > TRIPSAGE__PASSWORD_BYTES_MAX)
        tripsage__reader_complain(r, "password", "expected at most %d bytes", TRIPSAGE__PASSWORD_BYTES_MAX);
    tripsage__read_object(r, "data", TRIPSAGE__OPTIONAL, TRIPSAGE__ACCOUNT_DATA_MAX, &out->data);
    out->redirect_to = read_redirect(r, auth);
}

tripsage_status tripsage_auth_admin_generate_link(tripsage_doc **link, tripsage_auth *auth, const tripsage_actor *actor,
                                                  const char *json, size_t length)
{
    tripsage__reader r = {.root = NULL};
    tripsage__link_wanted wanted = {.email = NULL};
    char email[TRIPSAGE__EMAIL_SIZE], new_email[TRIPSAGE__EMAIL_SIZE];
    tripsage_status status;

    *link = NULL;
    TRIPSAGE_TRY(check_admin(actor));
    TRIPSAGE_TRY(tripsage__reader_open(&r, json, length));
    read_link(&r, &wanted, auth, email, new_email);
    tripsage__reader_close_object(&r);
    TRIPSAGE_TRY(tripsage__reader_status(&r));
    if (auth->supabase) {
        status = tripsage__project_pass(link, auth, TRIPSAGE__PROJECT_GENERATE_LINK, NULL, r.root);
        goto out;
    }
    status = tripsage__link_make(link, auth, &wanted, TRIPSAGE__USER_NATIVE);
out:
    tripsage__reader_free(&r);
    return status;
}

tripsage_status tripsage_auth_admin_invite(tripsage_doc **user, tripsage_auth *auth, const tripsage_actor *actor,
                                           const char *json, size_t length)
{
    tripsage__reader r = {.root = NULL};
    char email[TRIPSAGE__EMAIL_SIZE];
    const tripsage__json *data = NULL;
    const char *redirect_to;
    tripsage_status status;

    *user = NULL;
    TRIPSAGE_TRY(check_admin(actor));
    TRIPSAGE_TRY(tripsage__reader_open(&r, json, length));
    read_address(&r, "email", TRIPSAGE__REQUIRED, email);
    tripsage__read_object(&r, "data", TRIPSAGE__OPTIONAL, TRIPSAGE__ACCOUNT_DATA_MAX, &data);
    redirect_to = read_redirect(&r, auth);
    tripsage__reader_close_object(&r);
    TRIPSAGE_TRY(tripsage__reader_status(&r));
    if (auth->supabase) {
        status = tripsage__project_pass(user, auth, TRIPSAGE__PROJECT_INVITE, NULL, r.root);
        goto out;
    }
    status = tripsage__invite(user, auth, email, data, redirect_to, TRIPSAGE__USER_NATIVE);
out:
    tripsage__reader_free(&r);
    return status;
}
