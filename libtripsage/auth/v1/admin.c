/* auth/v1/admin.c: the accounts of others. */
#include "auth/admin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "auth/links.h"
#include "auth/otp.h"
#include "auth/v1/v1.h"

/* Takes the id from the path. */
static tripsage_status read_id(tripsage__v1_call *call, char id[TRIPSAGE__UUID_SIZE])
{
    if (!tripsage__uuid_parse(call->param[0], id))
        return TRIPSAGE__V1_FAIL(call, 404, "validation_failed", "user_id must be an UUID");
    return TRIPSAGE_OK;
}

/* ---- lists ---- */

/* A number of the query as Go reads one. More than any page there is becomes the last one that can be. */
static tripsage_status read_number(tripsage__v1_call *call, const char *name, int64_t fallback, int64_t max,
                                   int64_t *out)
{
    const char *text = tripsage__v1_query(call, name);
    unsigned long long value;

    *out = fallback;
    if (!*text)
        return TRIPSAGE_OK;
    if (strspn(text, "0123456789") != strlen(text))
        return TRIPSAGE__V1_FAIL(call, 400, "validation_failed",
                                 "Bad Pagination Parameters: strconv.ParseUint: parsing \"%s\": invalid syntax", text);
    errno = 0;
    value = strtoull(text, NULL, 10);
    if (errno == ERANGE)
        return TRIPSAGE__V1_FAIL(call, 400, "validation_failed",
                                 "Bad Pagination Parameters: strconv.ParseUint: parsing \"%s\": value out of range",
                                 text);
    if (value > 0)
        *out = value > (unsigned long long)max ? max : (int64_t)value;
    return TRIPSAGE_OK;
}

static tripsage_status read_sort(tripsage__v1_call *call, int *oldest_first)
{
    const char *sort = tripsage__v1_query(call, "sort"), *space = strchr(sort, ' ');
    size_t field = space ? (size_t)(space - sort) : strlen(sort);

    *oldest_first = 0;
    if (!*sort)
        return TRIPSAGE_OK;
    if (field != strlen("created_at") || strncmp(sort, "created_at", field) != 0)
        return TRIPSAGE__V1_FAIL(call, 400, "validation_failed", "Bad Sort Parameters: bad field for sort '%.*s'",
                                 (int)(field < 60 ? field : 60), sort);
    if (!space || strcmp(space, " desc") == 0)
        return TRIPSAGE_OK;
    *oldest_first = 1;
    if (strcmp(space, " asc") == 0)
        return TRIPSAGE_OK;
    return TRIPSAGE__V1_FAIL(call, 400, "validation_failed",
                             "Bad Sort Parameters: bad direction for sort '%s', only 'asc' and 'desc' allowed",
                             space + 1);
}

/* The last page that the number of its first row does not run over. */
#define PAGE_MAX INT64_C(1000000000)

static tripsage_status read_query(tripsage__v1_call *call, tripsage__admin_query *out, char email[TRIPSAGE__EMAIL_SIZE])
{
    const char *filter = tripsage__v1_query(call, "filter"), *exact = tripsage__v1_query(call, "email");
    tripsage_status status;

    memset(out, 0, sizeof *out);
    TRIPSAGE_TRY(tripsage__v1_input(call));
    TRIPSAGE_TRY(read_number(call, "page", 1, PAGE_MAX, &out->page));
    TRIPSAGE_TRY(read_number(call, "per_page", 50, TRIPSAGE__ADMIN_PAGE_MAX, &out->per_page));
    TRIPSAGE_TRY(read_sort(call, &out->oldest_first));
    if (strlen(filter) > TRIPSAGE__ADMIN_FILTER_MAX)
        return TRIPSAGE__V1_FAIL(call, 400, "validation_failed", "A filter has at most %d bytes",
                                 TRIPSAGE__ADMIN_FILTER_MAX);
    out->filter = *filter ? filter : NULL;
    if (*exact) {
        TRIPSAGE_TRY(tripsage__v1_email(call, exact, email));
        out->email = email;
    }
out:
    return status;
}

/* Percent-encoded but for what needs none anywhere (RFC 3986, 2.3). */
static void put_encoded(tripsage__buf *out, const char *text)
{
    for (; *text; text++)
        if ((*text >= '0' && *text <= '9') || ((*text | 0x20) >= 'a' && (*text | 0x20) <= 'z') || strchr("-._~", *text))
            tripsage__buf_putc(out, *text);
        else
            tripsage__buf_printf(out, "%%%02X", (unsigned)(unsigned char)*text);
}

/* supabase-js takes the page's number from behind the first equals sign, so the page comes first. */
static void put_link(tripsage__buf *out, tripsage__v1_call *call, const tripsage__admin_query *q, int64_t page,
                     const char *rel)
{
    static const char *const kept[] = {"email", "filter", "sort"};

    tripsage__buf_printf(out, "<%s?page=", call->request->path);
    tripsage__buf_int(out, page);
    if (*tripsage__v1_query(call, "per_page")) {
        TRIPSAGE__LIT(out, "&per_page=");
        tripsage__buf_int(out, q->per_page);
    }
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        const char *value = tripsage__v1_query(call, kept[i]);

        if (!*value)
            continue;
        tripsage__buf_printf(out, "&%s=", kept[i]);
        put_encoded(out, value);
    }
    tripsage__buf_printf(out, ">; rel=\"%s\"", rel);
}

static tripsage_status put_pages(tripsage__v1_call *call, const tripsage__admin_query *q, int64_t total)
{
    tripsage__buf text = TRIPSAGE__BUF_INIT(8 * TRIPSAGE__ADMIN_FILTER_MAX + 4 * TRIPSAGE__EMAIL_SIZE);
    int64_t pages = (total + q->per_page - 1) / q->per_page;
    tripsage_status status;

    tripsage__buf_int(&text, total);
    TRIPSAGE_TRY(tripsage__buf_status(&text));
    tripsage__v1_put_header(call, "x-total-count", text.data);
    text.size = 0;
    if (pages > q->page) {
        put_link(&text, call, q, q->page + 1, "next");
        TRIPSAGE__LIT(&text, ", ");
    }
    put_link(&text, call, q, pages, "last");
    TRIPSAGE_TRY(tripsage__buf_status(&text));
    tripsage__v1_put_header(call, "link", text.data);
out:
    tripsage__buf_free(&text);
    return status;
}

tripsage_status tripsage__v1_admin_users(tripsage__v1_call *call)
{
    tripsage__admin_query query;
    char email[TRIPSAGE__EMAIL_SIZE];
    tripsage__buf *json = tripsage__v1_put_json(call);
    int64_t total;
    tripsage_status status;

    TRIPSAGE_TRY(read_query(call, &query, email));
    TRIPSAGE__LIT(json, "{\"users\":");
    TRIPSAGE_TRY(tripsage__admin_list(json, &total, call->auth, &query, 0));
    TRIPSAGE__LIT(json, ",\"aud\":\"authenticated\"}");
    status = put_pages(call, &query, total);
out:
    return status;
}

/* ---- what is wanted of an account ---- */

static tripsage_status read_password(tripsage__v1_call *call, tripsage__admin_account *who)
{
    const char *password = tripsage__v1_text(call, "password"), *hash = tripsage__v1_text(call, "password_hash");
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__v1_input(call));
    if (tripsage__v1_member(call, "password") && *hash)
        return TRIPSAGE__V1_FAIL(call, 400, "validation_failed",
                                 "Only a password or a password hash should be provided");
    if (*password) {
        TRIPSAGE_TRY(tripsage__v1_check_password(call, password, who->email));
        who->password = password;
    }
    if (*hash) {
        if (!tripsage__password_hash_is_known(hash))
            return TRIPSAGE__V1_FAIL(call, 400, "validation_failed",
                                     "The password hash is none of bcrypt, Argon2 or Firebase's scrypt");
        who->password_hash = hash;
    }
out:
    return status;
}

static tripsage_status read_ban(tripsage__v1_call *call, tripsage__admin_account *who)
{
    const char *text = tripsage__v1_text(call, "ban_duration");
    char complaint[TRIPSAGE__DURATION_COMPLAINT_SIZE];

    if (!*text)
        return tripsage__v1_input(call);
    who->has_ban = tripsage__ban_parse(&who->banned_until, complaint, text, tripsage__now_ms(call->auth->env));
    if (!who->has_ban)
        return TRIPSAGE__V1_FAIL(call, 400, "validation_failed", "invalid format for ban duration: %s", complaint);
    return TRIPSAGE_OK;
}

/* A role is a name of PostgreSQL's, which has at most 63 bytes. */
#define ROLE_MAX 63

static tripsage_status read_role(tripsage__v1_call *call, tripsage__admin_account *who)
{
    const char *role = tripsage__v1_text(call, "role");

    if (!*role)
        return tripsage__v1_input(call);
    if (!tripsage__role_is_good(role) || strlen(role) > ROLE_MAX)
        return TRIPSAGE__V1_FAIL(call, 400, "validation_failed", "A user cannot have the role \"%s\"", role);
    who->role = role;
    return TRIPSAGE_OK;
}

static tripsage_status read_account(tripsage__v1_call *call, tripsage__admin_account *who,
                                    char email[TRIPSAGE__EMAIL_SIZE])
{
    const char *given = tripsage__v1_text(call, "email"), *phone = tripsage__v1_text(call, "phone");
    tripsage_status status;

    memset(who, 0, sizeof *who);
    TRIPSAGE_TRY(tripsage__v1_input(call));
    if (*given) {
        TRIPSAGE_TRY(tripsage__v1_email(call, given, email));
        who->email = email;
    }
    if (*phone)
        return TRIPSAGE__V1_FAIL(call, 400, "phone_provider_disabled", "Phone numbers are disabled");
    TRIPSAGE_TRY(read_password(call, who));
    TRIPSAGE_TRY(read_ban(call, who));
    TRIPSAGE_TRY(read_role(call, who));
    who->user_metadata = tripsage__v1_object(call, "user_metadata");
    who->app_metadata = tripsage__v1_object(call, "app_metadata");
    who->email_confirm = tripsage__v1_bool(call, "email_confirm", 0);
    status = tripsage__v1_input(call);
out:
    return status;
}

tripsage_status tripsage__v1_admin_user_create(tripsage__v1_call *call)
{
    tripsage__admin_account who;
    char email[TRIPSAGE__EMAIL_SIZE], id[TRIPSAGE__UUID_SIZE];
    tripsage_doc *user;
    tripsage_status status;

    TRIPSAGE_TRY(read_account(call, &who, email));
    if (!who.email)
        return TRIPSAGE__V1_FAIL(call, 400, "validation_failed",
                                 "Cannot create a user without either an email or phone");
    if (*tripsage__v1_text(call, "id")) {
        if (!tripsage__uuid_parse(tripsage__v1_text(call, "id"), id))
            return TRIPSAGE__V1_FAIL(call, 400, "validation_failed", "ID must conform to the uuid v4 format");
        who.id = id;
    }
    TRIPSAGE_TRY(tripsage__v1_input(call));
    TRIPSAGE_TRY(tripsage__admin_create(&user, call->auth, &who, 0));
    tripsage__v1_put_doc(call, user);
out:
    return status;
}

/* ---- one ---- */

tripsage_status tripsage__v1_admin_user_get(tripsage__v1_call *call)
{
    char id[TRIPSAGE__UUID_SIZE];
    tripsage_doc *user;
    tripsage_status status;

    TRIPSAGE_TRY(read_id(call, id));
    TRIPSAGE_TRY(tripsage__admin_get(&user, call->auth, id, 0));
    tripsage__v1_put_doc(call, user);
out:
    return status;
}

tripsage_status tripsage__v1_admin_user_put(tripsage__v1_call *call)
{
    tripsage__admin_account who;
    char email[TRIPSAGE__EMAIL_SIZE], id[TRIPSAGE__UUID_SIZE];
    tripsage_doc *user;
    tripsage_status status;

    TRIPSAGE_TRY(read_id(call, id));
    TRIPSAGE_TRY(read_account(call, &who, email));
    TRIPSAGE_TRY(tripsage__admin_update(&user, call->auth, id, &who, 0));
    tripsage__v1_put_doc(call, user);
out:
    return status;
}

tripsage_status tripsage__v1_admin_user_delete(tripsage__v1_call *call)
{
    char id[TRIPSAGE__UUID_SIZE];
    int soft = 0;
    tripsage_status status;

    TRIPSAGE_TRY(read_id(call, id));
    if (tripsage__v1_has_body(call))
        soft = tripsage__v1_bool(call, "should_soft_delete", 0);
    TRIPSAGE_TRY(tripsage__v1_input(call));
    status = tripsage__admin_delete(call->auth, id, soft);
out:
    return status;
}

/* ---- the trail ---- */

/* Of a row of ours as Supabase Auth tells one. Rows have numbers here, which make ids. */
static void put_event(tripsage__buf *json, const tripsage__json *item)
{
    const char *actor = tripsage__json_text(tripsage__json_member(item, "actor"));
    int is_service = actor && strcmp(actor, "service_role") == 0;

    tripsage__buf_printf(json, "{\"id\":\"00000000-0000-0000-0000-%012.0f\",\"payload\":{\"action\":",
                         tripsage__json_number(tripsage__json_member(item, "seq")));
    tripsage__json_put(json, tripsage__json_member(item, "action"));
    TRIPSAGE__LIT(json, ",\"actor_id\":");
    tripsage__json_put_string(json, is_service || !actor || !*actor ? "00000000-0000-0000-0000-000000000000" : actor);
    if (is_service) {
        TRIPSAGE__LIT(json, ",\"actor_username\":\"service_role\",\"actor_via_sso\":false,\"log_type\":\"team\","
                            "\"traits\":{\"user_id\":");
        tripsage__json_put(json, tripsage__json_member(item, "subject"));
        tripsage__buf_putc(json, '}');
    } else {
        TRIPSAGE__LIT(json, ",\"actor_username\":\"\",\"actor_via_sso\":false,\"log_type\":\"account\"");
    }
    TRIPSAGE__LIT(json, "},\"created_at\":");
    tripsage__json_put(json, tripsage__json_member(item, "at"));
    TRIPSAGE__LIT(json, ",\"ip_address\":");
    tripsage__json_put(json, tripsage__json_member(item, "address"));
    tripsage__buf_putc(json, '}');
}

static tripsage_status put_events(tripsage__buf *json, int64_t *total, const tripsage_doc *page)
{
    size_t length;
    const char *text = tripsage_doc_json(page, &length), *comma = "[";
    tripsage__json *tree = NULL;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__json_parse_trusted(&tree, text, length));
    for (const tripsage__json *i = tripsage__json_first(tripsage__json_member(tree, "items")); i;
         i = tripsage__json_next(i)) {
        tripsage__buf_puts(json, comma);
        comma = ",";
        put_event(json, i);
    }
    tripsage__buf_puts(json, *comma == '[' ? "[]" : "]");
    *total = (int64_t)tripsage__json_number(tripsage__json_member(tree, "total"));
    status = tripsage__buf_status(json);
out:
    tripsage__json_free(tree);
    return status;
}

/* Numbers have no gaps, so a page begins where its number says. */
static tripsage_status read_events(tripsage_doc **out, tripsage__v1_call *call, const tripsage__admin_query *q)
{
    tripsage_doc *newest = NULL;
    int64_t skipped = (q->page - 1) * q->per_page, last = 0;
    tripsage_status status = TRIPSAGE_OK;

    *out = NULL;
    if (skipped > 0) {
        TRIPSAGE_TRY(tripsage_auth_audit_list(&newest, call->auth, call->actor, 0, 1));
        last = tripsage_doc_int(newest, "/total", 0);
    }
    status = tripsage_auth_audit_list(out, call->auth, call->actor,
                                      skipped == 0     ? 0
                                      : last > skipped ? last - skipped + 1
                                                       : 1,
                                      (uint32_t)q->per_page);
out:
    tripsage_doc_free(newest);
    return status;
}

tripsage_status tripsage__v1_admin_audit(tripsage__v1_call *call)
{
    tripsage__admin_query query;
    char email[TRIPSAGE__EMAIL_SIZE];
    tripsage_doc *page = NULL;
    int64_t total;
    tripsage_status status;

    TRIPSAGE_TRY(read_query(call, &query, email));
    TRIPSAGE_TRY(read_events(&page, call, &query));
    TRIPSAGE_TRY(put_events(tripsage__v1_put_json(call), &total, page));
    status = put_pages(call, &query, total);
out:
    tripsage_doc_free(page);
    return status;
}

/* ---- links ---- */

/* What the body asks for, which is where this endpoint has it; or what others have. */
static const char *read_redirect(tripsage__v1_call *call)
{
    const char *given = tripsage__v1_text(call, "redirect_to");

    return *given ? tripsage__mailer_redirect(call->auth->mailer, given) : tripsage__v1_redirect(call);
}

static tripsage_status read_type(tripsage__v1_call *call, tripsage__link_type *out)
{
    const char *type = tripsage__v1_text(call, "type");
    int at = 0;

    while (at < TRIPSAGE__LINK_TYPES && strcmp(type, tripsage__link_types[at]) != 0)
        at++;
    if (at == TRIPSAGE__LINK_TYPES)
        return TRIPSAGE__V1_FAIL(call, 400, "validation_failed", "Invalid email action link type requested: %s", type);
    *out = (tripsage__link_type)at;
    return TRIPSAGE_OK;
}

static tripsage_status read_link(tripsage__v1_call *call, tripsage__link_wanted *out, char email[TRIPSAGE__EMAIL_SIZE],
                                 char new_email[TRIPSAGE__EMAIL_SIZE])
{
    const char *password = tripsage__v1_text(call, "password");
    tripsage_status status;

    memset(out, 0, sizeof *out);
    TRIPSAGE_TRY(tripsage__v1_input(call));
    TRIPSAGE_TRY(tripsage__v1_email(call, tripsage__v1_text(call, "email"), email));
    out->email = email;
    TRIPSAGE_TRY(read_type(call, &out->type));
    if (out->type >= TRIPSAGE__LINK_CHANGE_CURRENT) {
        TRIPSAGE_TRY(tripsage__v1_email(call, tripsage__v1_text(call, "new_email"), new_email));
        out->new_email = new_email;
    }
    if (out->type == TRIPSAGE__LINK_SIGNUP) {
        if (!*password)
            return TRIPSAGE__V1_FAIL(call, 400, "validation_failed", "Signup requires a valid password");
        TRIPSAGE_TRY(tripsage__v1_check_password(call, password, email));
        out->password = password;
    }
    out->data = tripsage__v1_object(call, "data");
    out->redirect_to = read_redirect(call);
    status = tripsage__v1_input(call);
out:
    return status;
}

tripsage_status tripsage__v1_admin_generate_link(tripsage__v1_call *call)
{
    tripsage__link_wanted wanted;
    char email[TRIPSAGE__EMAIL_SIZE], new_email[TRIPSAGE__EMAIL_SIZE];
    tripsage_doc *link;
    tripsage_status status;

    TRIPSAGE_TRY(read_link(call, &wanted, email, new_email));
    TRIPSAGE_TRY(tripsage__link_make(&link, call->auth, &wanted, 0));
    tripsage__v1_put_doc(call, link);
out:
    return status;
}

tripsage_status tripsage__v1_invite(tripsage__v1_call *call)
{
    const tripsage__json *data = tripsage__v1_object(call, "data");
    char email[TRIPSAGE__EMAIL_SIZE];
    tripsage_doc *user;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__v1_email(call, tripsage__v1_text(call, "email"), email));
    TRIPSAGE_TRY(tripsage__v1_input(call));
    TRIPSAGE_TRY(tripsage__invite(&user, call->auth, email, data, read_redirect(call), 0));
    tripsage__v1_put_doc(call, user);
out:
    return status;
}
