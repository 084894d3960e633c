/* auth/project.c: see project.h. */
#include "auth/project.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/ended.h"
#include "auth/token.h"
#include "base/crypto.h"
#include "base/doc.h"
#include "base/memory.h"

/* ---- the table ---- */

enum whose { ANYBODYS, USERS, SERVICES };

/* What is made of an answer. */
enum shape { NOTHING, AS_IT_IS, USER, SESSION };

static const struct row {
    const char *method;
    const char *path; /* {} is asked->part */
    enum whose whose;
    enum shape shape;
    const char *names[2]; /* of asked->values */
    const char *constant; /* a member */
} rows[TRIPSAGE__PROJECT_CALLS] = {
    [TRIPSAGE__PROJECT_SIGN_UP] = {"POST", "/signup", ANYBODYS, SESSION, {NULL}, NULL},
    [TRIPSAGE__PROJECT_SIGN_IN] = {"POST", "/token?grant_type=password", ANYBODYS, SESSION, {NULL}, NULL},
    [TRIPSAGE__PROJECT_REFRESH] =
        {"POST", "/token?grant_type=refresh_token", ANYBODYS, SESSION, {"refresh_token"}, NULL},
    [TRIPSAGE__PROJECT_EXCHANGE_CODE] = {"POST", "/token?grant_type=pkce", ANYBODYS, SESSION, {NULL}, NULL},
    [TRIPSAGE__PROJECT_SIGN_OUT] = {"POST", "/logout?scope={}", USERS, NOTHING, {NULL}, NULL},
    [TRIPSAGE__PROJECT_USER] = {"GET", "/user", USERS, USER, {NULL}, NULL},
    [TRIPSAGE__PROJECT_USER_UPDATE] = {"PUT", "/user", USERS, USER, {NULL}, NULL},
    [TRIPSAGE__PROJECT_RECOVER] = {"POST", "/recover", ANYBODYS, NOTHING, {NULL}, NULL},
    [TRIPSAGE__PROJECT_OTP_SEND] = {"POST", "/otp", ANYBODYS, NOTHING, {NULL}, NULL},
    [TRIPSAGE__PROJECT_RESEND] = {"POST", "/resend", ANYBODYS, NOTHING, {NULL}, NULL},
    [TRIPSAGE__PROJECT_REAUTHENTICATE] = {"GET", "/reauthenticate", USERS, NOTHING, {NULL}, NULL},
    [TRIPSAGE__PROJECT_OTP_VERIFY] = {"POST", "/verify", ANYBODYS, SESSION, {NULL}, NULL},
    [TRIPSAGE__PROJECT_FACTOR_ENROLL] =
        {"POST", "/factors", USERS, AS_IT_IS, {"friendly_name", "issuer"}, "\"factor_type\":\"totp\""},
    [TRIPSAGE__PROJECT_FACTOR_CHALLENGE] = {"POST", "/factors/{}/challenge", USERS, AS_IT_IS, {NULL}, NULL},
    [TRIPSAGE__PROJECT_FACTOR_VERIFY] = {"POST", "/factors/{}/verify", USERS, SESSION, {"challenge_id", "code"}, NULL},
    [TRIPSAGE__PROJECT_FACTOR_UNENROLL] = {"DELETE", "/factors/{}", USERS, NOTHING, {NULL}, NULL},
    [TRIPSAGE__PROJECT_ADMIN_GET] = {"GET", "/admin/users/{}", SERVICES, USER, {NULL}, NULL},
    [TRIPSAGE__PROJECT_ADMIN_CREATE] = {"POST", "/admin/users", SERVICES, USER, {NULL}, NULL},
    [TRIPSAGE__PROJECT_ADMIN_UPDATE] = {"PUT", "/admin/users/{}", SERVICES, USER, {NULL}, NULL},
    [TRIPSAGE__PROJECT_ADMIN_DELETE] = {"DELETE", "/admin/users/{}", SERVICES, NOTHING, {NULL}, NULL},
    [TRIPSAGE__PROJECT_ADMIN_DELETE_SOFTLY] =
        {"DELETE", "/admin/users/{}", SERVICES, NOTHING, {NULL}, "\"should_soft_delete\":true"},
    [TRIPSAGE__PROJECT_GENERATE_LINK] = {"POST", "/admin/generate_link", SERVICES, USER, {NULL}, NULL},
    [TRIPSAGE__PROJECT_INVITE] = {"POST", "/invite", SERVICES, USER, {NULL}, NULL},
    [TRIPSAGE__PROJECT_JWKS] = {"GET", "/.well-known/jwks.json", ANYBODYS, AS_IT_IS, {NULL}, NULL},
};

/* ---- what is sent ---- */

/* A path with what it may be asked for; and a page of 1,000 users, of 8 KiB at most. */
#define PATH_MAX_BYTES ((size_t)16 * 1024)
#define LIST_MAX_BYTES ((size_t)16 * 1024 * 1024)

static void put_path(tripsage__buf *path, const struct row *row, const tripsage__project_asked *asked)
{
    const char *hole = strstr(row->path, "{}");
    const char *to = tripsage__json_text(tripsage__json_member(asked->input, "redirect_to"));

    tripsage__buf_put(path, row->path, hole ? (size_t)(hole - row->path) : strlen(row->path));
    if (hole) {
        tripsage__buf_put_encoded(path, asked->part);
        tripsage__buf_puts(path, hole + 2);
    }
    if (to) {
        TRIPSAGE__LIT(path, "?redirect_to=");
        tripsage__buf_put_encoded(path, to);
    }
}

static void begin_member(tripsage__buf *body, const char *name)
{
    tripsage__buf_putc(body, body->size ? ',' : '{');
    tripsage__json_put_string(body, name);
    tripsage__buf_putc(body, ':');
}

/* A user's own data, with the full name in it. Where it changes (`before`, what he has now), a null takes a member away, which is the
 * project's own way; objects are merged here, since the project would replace them. */
static void put_data(tripsage__buf *body, const tripsage__json *input, const tripsage__json *before)
{
    const tripsage__json *data = tripsage__json_member(input, "data"),
                         *name = tripsage__json_member(input, "full_name");
    int has_name = before ? name != NULL : !tripsage__json_is_null(name);
    tripsage__buf members = TRIPSAGE__BUF_INIT(body->ceiling);

    for (const tripsage__json *m = tripsage__json_first(data); m; m = tripsage__json_next(m)) {
        if ((has_name && strcmp(tripsage__json_name(m), "full_name") == 0) || (!before && tripsage__json_is_null(m)))
            continue;
        begin_member(&members, tripsage__json_name(m));
        tripsage__json_put_merged(&members, tripsage__json_member(before, tripsage__json_name(m)), m);
    }
    if (has_name) {
        begin_member(&members, "full_name");
        tripsage__json_put(&members, name);
    }
    begin_member(body, "data");
    tripsage__buf_putc(body, members.size ? *members.data : '{');
    if (members.size)
        tripsage__buf_put(body, members.data + 1, members.size - 1);
    tripsage__buf_putc(body, '}');
    if (members.failed && !body->failed)
        body->failed = members.failed;
    tripsage__buf_free(&members);
}

/* Members have the same names there, but for those of put_data and put_path. */
static void put_body(tripsage__buf *body, const struct row *row, const tripsage__project_asked *asked,
                     const tripsage__json *before)
{
    int has_data = 0;

    for (const tripsage__json *m = tripsage__json_first(asked->input); m; m = tripsage__json_next(m)) {
        const char *name = tripsage__json_name(m);

        if (strcmp(name, "redirect_to") == 0)
            continue;
        if (strcmp(name, "data") == 0 || strcmp(name, "full_name") == 0) {
            has_data = 1;
            continue;
        }
        begin_member(body, name);
        tripsage__json_put(body, m);
    }
    if (has_data)
        put_data(body, asked->input, before);
    for (size_t i = 0; i < 2 && row->names[i]; i++) {
        begin_member(body, row->names[i]);
        tripsage__json_put_string(body, asked->values[i]);
    }
    if (row->constant) {
        tripsage__buf_putc(body, body->size ? ',' : '{');
        tripsage__buf_puts(body, row->constant);
    }
    if (asked->input && !body->size)
        tripsage__buf_putc(body, '{');
    if (body->size)
        tripsage__buf_putc(body, '}');
}

/* ---- what comes back ---- */

static tripsage_status cannot_be_read(void)
{
    return TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "Supabase Auth's answer cannot be read");
}

/* The user, and the full name behind his address. */
static void put_user(tripsage__buf *json, const tripsage__json *user)
{
    const char *name =
        tripsage__json_text(tripsage__json_member(tripsage__json_member(user, "user_metadata"), "full_name"));
    int first = 1;

    tripsage__buf_putc(json, '{');
    for (const tripsage__json *m = tripsage__json_first(user); m; m = tripsage__json_next(m)) {
        if (!first)
            tripsage__buf_putc(json, ',');
        first = 0;
        tripsage__json_put_string(json, tripsage__json_name(m));
        tripsage__buf_putc(json, ':');
        tripsage__json_put(json, m);
        if (strcmp(tripsage__json_name(m), "email") == 0) {
            TRIPSAGE__LIT(json, ",\"full_name\":");
            tripsage__json_put_text(json, name, name ? strlen(name) : 0);
        }
    }
    tripsage__buf_putc(json, '}');
}

static int is_user(const tripsage__json *json)
{
    return tripsage__json_text(tripsage__json_member(json, "id")) &&
           tripsage__json_is_string(tripsage__json_member(json, "email"));
}

/* A session; or the user who is to confirm his address first; or what the first of two who confirm is told. */
static tripsage_status put_session(tripsage__buf *json, const tripsage__json *answer)
{
    static const char *const names[] = {"access_token", "token_type", "expires_in", "expires_at", "refresh_token"};
    const tripsage__json *user = tripsage__json_member(answer, "user");
    const char *said = tripsage__json_text(tripsage__json_member(answer, "msg"));

    if (is_user(answer)) {
        TRIPSAGE__LIT(json, "{\"user\":");
        put_user(json, answer);
    } else if (said) {
        TRIPSAGE__LIT(json, "{\"message\":");
        tripsage__json_put_string(json, said);
    } else {
        if (!is_user(user))
            return cannot_be_read();
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            if (!tripsage__json_member(answer, names[i]))
                return cannot_be_read();
            begin_member(json, names[i]);
            tripsage__json_put(json, tripsage__json_member(answer, names[i]));
        }
        TRIPSAGE__LIT(json, ",\"user\":");
        put_user(json, user);
    }
    tripsage__buf_putc(json, '}');
    return TRIPSAGE_OK;
}

static tripsage_status put_answer(tripsage__buf *json, enum shape shape, const tripsage__json *answer)
{
    if (shape == SESSION)
        return put_session(json, answer);
    if (shape == USER) {
        if (!is_user(answer))
            return cannot_be_read();
        put_user(json, answer);
        return TRIPSAGE_OK;
    }
    if (!tripsage__json_is_object(answer))
        return cannot_be_read();
    tripsage__json_put(json, answer);
    return TRIPSAGE_OK;
}

static tripsage_status make_doc(tripsage_doc **out, enum shape shape, const tripsage__json *answer)
{
    tripsage_doc *doc;
    tripsage_status status = tripsage__doc_new(&doc, 2048);

    if (status != TRIPSAGE_OK)
        return status;
    status = put_answer(&doc->json, shape, answer);
    return tripsage__doc_finish(out, doc, status);
}

/* ---- there and back ---- */

static tripsage_status parse(tripsage__json **out, const tripsage__http_response *response)
{
    tripsage_status status = tripsage__json_parse_within(out, response->body.data ? response->body.data : "",
                                                         response->body.size, LIST_MAX_BYTES);

    return status == TRIPSAGE_OK || status == TRIPSAGE_ENOMEM ? status : cannot_be_read();
}

/* A deadline that has passed is no promise that nothing was done. */
static tripsage_status send(tripsage__http_response *out, tripsage_auth *auth, const tripsage__supabase_call *call,
                            const tripsage_actor *actor)
{
    tripsage_status status = tripsage__supabase_send(out, auth->supabase, call);

    if (status == TRIPSAGE_ETIMEOUT)
        status = TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "Supabase Auth has not answered in time%s",
                               strcmp(call->method, "GET") == 0 ? "" : "; it may have done it all the same");
    tripsage__project_told(auth, call, actor, status == TRIPSAGE_OK,
                           status == TRIPSAGE_OK ? "" : tripsage_last_error()->reason);
    return status;
}

/* Gives the answer as JSON, or NULL where nothing is made of it. */
static tripsage_status ask(tripsage__json **out, tripsage_auth *auth, const struct row *row,
                           const tripsage__project_asked *asked, const tripsage__json *before)
{
    tripsage__buf path = TRIPSAGE__BUF_INIT(PATH_MAX_BYTES), body = TRIPSAGE__BUF_INIT(TRIPSAGE__JSON_INPUT_MAX);
    tripsage__http_response response = {.status = 0};
    tripsage__supabase_call call = {.method = row->method, .as_service = row->whose == SERVICES};
    tripsage_status status;

    *out = NULL;
    if (row->whose == USERS) {
        call.bearer = asked->actor ? asked->actor->token : NULL;
        if (!call.bearer)
            return TRIPSAGE_FAIL_FIELD("#actor", "was not made from a token, which the Supabase project asks for");
    }
    put_path(&path, row, asked);
    TRIPSAGE_TRY(tripsage__buf_status(&path));
    put_body(&body, row, asked, before);
    TRIPSAGE_TRY(tripsage__buf_status(&body));
    call.path = path.data;
    call.body = body.data;
    call.body_size = body.size;
    TRIPSAGE_TRY(send(&response, auth, &call, asked->actor));
    if (row->shape != NOTHING)
        status = parse(out, &response);
out:
    tripsage__buf_free_wiped(&body);
    tripsage__buf_free_wiped(&path);
    tripsage__http_response_free(&response);
    return status;
}

static int has_object(const tripsage__json *data)
{
    for (const tripsage__json *m = tripsage__json_first(data); m; m = tripsage__json_next(m))
        if (tripsage__json_is_object(m))
            return 1;
    return 0;
}

/* What a change of data is merged with; an empty user where nothing of his needs to be known for it. */
static tripsage_status read_before(tripsage__json **user, const tripsage__json **data, tripsage_auth *auth,
                                   const tripsage__project_asked *asked)
{
    const tripsage__project_asked own = {.actor = asked->actor};
    tripsage_status status;

    if (has_object(tripsage__json_member(asked->input, "data")))
        status = ask(user, auth, &rows[TRIPSAGE__PROJECT_USER], &own, NULL);
    else
        status = tripsage__json_parse_trusted(user, "{}", 2);
    *data = tripsage__json_member(*user, "user_metadata");
    if (!*data)
        *data = *user;
    return status;
}

tripsage_status tripsage__project_ask(tripsage_doc **out, tripsage_auth *auth, tripsage__project_call call,
                                      const tripsage__project_asked *asked)
{
    tripsage__json *answer = NULL, *user = NULL;
    const tripsage__json *before = NULL;
    tripsage_status status;

    if (out)
        *out = NULL;
    if (call == TRIPSAGE__PROJECT_USER_UPDATE)
        TRIPSAGE_TRY(read_before(&user, &before, auth, asked));
    TRIPSAGE_TRY(ask(&answer, auth, &rows[call], asked, before));
    if (rows[call].shape != NOTHING)
        status = make_doc(out, rows[call].shape, answer);
out:
    tripsage__json_free(user);
    tripsage__json_free(answer);
    return status;
}

tripsage_status tripsage__project_pass(tripsage_doc **out, tripsage_auth *auth, tripsage__project_call call,
                                       const tripsage_actor *actor, const tripsage__json *input)
{
    const tripsage__project_asked asked = {.actor = actor, .input = input};

    return tripsage__project_ask(out, auth, call, &asked);
}

/* ---- accounts that are looked for ---- */

tripsage_status tripsage__project_user(tripsage_doc **out, tripsage_auth *auth, const tripsage_actor *actor)
{
    const tripsage__project_asked asked = {.actor = actor, .part = actor->user_id};

    *out = NULL;
    if (!actor->user_id[0])
        return TRIPSAGE_FAIL_REASON(TRIPSAGE_ENOTFOUND, "user_not_found", "User not found");
    return tripsage__project_ask(out, auth, actor->token ? TRIPSAGE__PROJECT_USER : TRIPSAGE__PROJECT_ADMIN_GET,
                                 &asked);
}

tripsage_status tripsage__project_factors(tripsage__buf *out, tripsage_auth *auth, const tripsage_actor *actor)
{
    tripsage_doc *user;
    const char *factors;
    tripsage_status status = tripsage__project_user(&user, auth, actor);

    if (status != TRIPSAGE_OK)
        return status;
    factors = tripsage_doc_value(user, "/factors", NULL);
    if (factors)
        tripsage__buf_puts(out, factors);
    else if (tripsage_doc_kind(user, "/id") == TRIPSAGE_KIND_TEXT) /* else there was no memory to look */
        TRIPSAGE__LIT(out, "[]");
    else
        status = TRIPSAGE_NOMEM();
    tripsage_doc_free(user);
    return status == TRIPSAGE_OK ? tripsage__buf_status(out) : status;
}

static tripsage_status read_page(tripsage__json **out, int64_t *total, tripsage_auth *auth,
                                 const tripsage__admin_query *query)
{
    tripsage__buf path = TRIPSAGE__BUF_INIT(PATH_MAX_BYTES);
    tripsage__http_response response = {.status = 0};
    const char *looked_for = query->email ? query->email : query->filter, *count;
    tripsage_status status;

    *out = NULL;
    tripsage__buf_printf(&path, "/admin/users?page=%lld&per_page=%lld", (long long)query->page,
                         (long long)query->per_page);
    tripsage__buf_puts(&path, query->oldest_first ? "&sort=created_at%20asc" : "&sort=created_at%20desc");
    if (looked_for) {
        TRIPSAGE__LIT(&path, "&filter=");
        tripsage__buf_put_encoded(&path, looked_for);
    }
    TRIPSAGE_TRY(tripsage__buf_status(&path));
    TRIPSAGE_TRY(send(
        &response, auth,
        &(tripsage__supabase_call){.method = "GET", .path = path.data, .as_service = 1, .answer_max = LIST_MAX_BYTES},
        NULL));
    count = tripsage__http_header(&response, "x-total-count");
    *total = count ? strtoll(count, NULL, 10) : 0;
    TRIPSAGE_TRY(parse(out, &response));
    if (!tripsage__json_is_array(tripsage__json_member(*out, "users"))) {
        tripsage__json_free(*out);
        *out = NULL;
        status = cannot_be_read();
    }
out:
    tripsage__buf_free(&path);
    tripsage__http_response_free(&response);
    return status;
}

/* The project knows parts of addresses only: pages of those who have it in theirs, or in their name. *page is NULL when there is nobody. */
static tripsage_status find(tripsage__json **page, const tripsage__json **user, tripsage_auth *auth, const char *email)
{
    tripsage__admin_query query = {.page = 1, .per_page = TRIPSAGE__ADMIN_PAGE_MAX, .email = email};
    int64_t total;

    for (;;) {
        const tripsage__json *users;
        tripsage_status status = read_page(page, &total, auth, &query);

        if (status != TRIPSAGE_OK)
            return status;
        users = tripsage__json_member(*page, "users");
        for (*user = tripsage__json_first(users); *user; *user = tripsage__json_next(*user)) {
            const char *address = tripsage__json_text(tripsage__json_member(*user, "email"));

            if (is_user(*user) && strcmp(address, email) == 0)
                return TRIPSAGE_OK;
        }
        if (tripsage__json_count(users) < TRIPSAGE__ADMIN_PAGE_MAX ||
            query.page * query.per_page >= TRIPSAGE__ADMIN_LOOK_MAX)
            return TRIPSAGE_OK;
        tripsage__json_free(*page);
        *page = NULL;
        query.page++;
    }
}

tripsage_status tripsage__project_find(tripsage_doc **out, tripsage_auth *auth, const char *email)
{
    tripsage__project_asked asked = {.part = NULL};
    const tripsage__json *user = NULL;
    tripsage__json *page = NULL;
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(find(&page, &user, auth, email));
    if (user) {
        asked.part = tripsage__json_text(tripsage__json_member(user, "id"));
        status = tripsage__project_ask(out, auth, TRIPSAGE__PROJECT_ADMIN_GET, &asked);
    } else {
        status = TRIPSAGE_FAIL_REASON(TRIPSAGE_ENOTFOUND, "user_not_found", "User not found");
    }
out:
    tripsage__json_free(page);
    return status;
}

tripsage_status tripsage__project_list(tripsage__buf *out, int64_t *total, tripsage_auth *auth,
                                       const tripsage__admin_query *query)
{
    const tripsage__json *user = NULL;
    tripsage__json *page = NULL;
    tripsage_status status;

    *total = 0;
    tripsage__buf_putc(out, '[');
    if (query->email) {
        TRIPSAGE_TRY(find(&page, &user, auth, query->email));
        *total = user != NULL;
        if (user && query->page == 1)
            put_user(out, user);
    } else {
        int first = 1;

        TRIPSAGE_TRY(read_page(&page, total, auth, query));
        user = tripsage__json_first(tripsage__json_member(page, "users"));
        for (; user; user = tripsage__json_next(user), first = 0) {
            if (!first)
                tripsage__buf_putc(out, ',');
            put_user(out, user);
        }
    }
    tripsage__buf_putc(out, ']');
    status = tripsage__buf_status(out);
out:
    tripsage__json_free(page);
    return status;
}

tripsage_status tripsage__project_lacks(const tripsage_auth *auth, const char *what)
{
    if (!auth->supabase)
        return TRIPSAGE_OK;
    return TRIPSAGE_FAIL(TRIPSAGE_ENOTSUP, "the accounts are a Supabase project's, and Supabase Auth has no %s", what);
}

/* ---- sessions that end ---- */

/* Where there is no memory to look, it is taken for granted: that costs a question more. */
static int sets(const tripsage__supabase_call *call, const char *const *names)
{
    const tripsage_error before = *tripsage_last_error();
    tripsage__json *body;
    int found;

    if (!call->body)
        return 0;
    found = tripsage__json_parse(&body, call->body, call->body_size) == TRIPSAGE_ENOMEM;
    (void)tripsage__error_restore(&before);
    for (; *names && !found; names++)
        found = !tripsage__json_is_null(tripsage__json_member(body, *names));
    tripsage__json_free(body);
    return found;
}

static void mark(tripsage_auth *auth, const char *user_id, const char *id)
{
    if (*id)
        tripsage__ended_put(auth->ended, id, tripsage__now_ms(auth->env));
    tripsage__verified_forget(auth->verified, user_id);
}

/* By an administrator: the user is in the path. */
static void told_as_service(tripsage_auth *auth, const tripsage__supabase_call *call)
{
    static const char users[] = "/admin/users/";
    static const char *const ends[] = {"password", "password_hash", "ban_duration", NULL};
    char part[TRIPSAGE__UUID_SIZE], id[TRIPSAGE__UUID_SIZE];

    if (!tripsage__begins(call->path, users) || strlen(call->path) != sizeof users - 1 + sizeof part - 1)
        return;
    snprintf(part, sizeof part, "%s", call->path + sizeof users - 1);
    if (!tripsage__uuid_parse(part, id))
        return;
    if (strcmp(call->method, "DELETE") == 0 || (strcmp(call->method, "PUT") == 0 && sets(call, ends)))
        mark(auth, id, id);
}

/* By the user: one session, all of them, or all but that; which ones there are is not known here. */
static void told_as_user(tripsage_auth *auth, const tripsage__supabase_call *call, const tripsage_actor *actor)
{
    static const char *const ends[] = {"password", NULL};
    const int is_post = strcmp(call->method, "POST") == 0, is_put = strcmp(call->method, "PUT") == 0;
    const char *scope = strstr(call->path, "scope=");

    if (is_post && tripsage__begins(call->path, "/logout")) {
        if (!scope || !tripsage__begins(scope, "scope=others"))
            mark(auth, actor->user_id, actor->session_id);
        if (!scope || !tripsage__begins(scope, "scope=local"))
            mark(auth, actor->user_id, actor->user_id);
    } else if ((is_put && tripsage__begins(call->path, "/user") && sets(call, ends)) ||
               (is_post && tripsage__begins(call->path, "/factors/") && strstr(call->path, "/verify"))) {
        mark(auth, actor->user_id, actor->user_id);
    }
}

void tripsage__project_told(tripsage_auth *auth, const tripsage__supabase_call *call, const tripsage_actor *actor,
                            int done, const char *code)
{
    if (done && tripsage__begins(call->path, "/admin/"))
        told_as_service(auth, call);
    else if (done && actor)
        told_as_user(auth, call, actor);
    else if (actor && strcmp(code, "session_not_found") == 0)
        mark(auth, actor->user_id, actor->session_id);
}

static tripsage_status has_ended(void)
{
    return TRIPSAGE_FAIL_REASON(TRIPSAGE_ETOKEN, "session_not_found",
                                "Session from session_id claim in JWT does not exist");
}

/* When a token was made, in ms. */
static tripsage_status issued_at(int64_t *out, const tripsage_actor *actor)
{
    tripsage__json *claims;
    tripsage_status status = tripsage__json_parse_trusted(&claims, actor->claims, strlen(actor->claims));

    if (status != TRIPSAGE_OK)
        return status;
    *out = (int64_t)tripsage__json_number(tripsage__json_member(claims, "iat")) * 1000;
    tripsage__json_free(claims);
    return TRIPSAGE_OK;
}

tripsage_status tripsage__project_check(tripsage_auth *auth, const tripsage_actor *actor, const char *token,
                                        size_t length, int64_t now_ms)
{
    tripsage__supabase_call call = {.method = "GET", .path = "/user"};
    tripsage__http_response response = {.status = 0};
    int64_t at = tripsage__ended_at(auth->ended, actor->user_id, now_ms), issued;
    char *bearer;
    tripsage_status status;

    if (actor->session_id[0] && tripsage__ended_at(auth->ended, actor->session_id, now_ms))
        return has_ended();
    if (!at)
        return TRIPSAGE_OK;
    status = issued_at(&issued, actor);
    if (status != TRIPSAGE_OK || issued > at + TRIPSAGE__TOKEN_SKEW_MS)
        return status;
    bearer = tripsage__strndup(token, length);
    if (!bearer)
        return TRIPSAGE_NOMEM();
    call.bearer = bearer;
    status = send(&response, auth, &call, actor);
    tripsage__http_response_free(&response);
    if (status == TRIPSAGE_ETOKEN || status == TRIPSAGE_ENOTFOUND || status == TRIPSAGE_EFORBIDDEN) {
        const tripsage_error said = *tripsage_last_error();

        status = TRIPSAGE_FAIL_REASON(TRIPSAGE_ETOKEN, said.reason, "%s", said.message);
    }
    tripsage__wipe(bearer, length);
    tripsage__free(bearer);
    return status;
}
