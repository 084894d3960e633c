/* auth/user_secrets.c: secrets kept for users, sealed; and sealing anew what was sealed under an older key.
 *
 * A secret is sealed for its place, "user_secret:<user>:<name>", so a row's value is nothing in another row. */
#include <stdio.h>
#include <string.h>

#include "auth/audit.h"
#include "auth/project.h"
#include "auth/statements.h"
#include "auth/user_secrets.h"
#include "base/crypto.h"
#include "base/doc.h"
#include "base/memory.h"

/* A service and what of it: "google_maps.server-2". With it and a user's id a purpose is far below its bound. */
#define NAME_MAX 64
/* Some services hand out a credentials file of 2 to 3 KiB. */
#define VALUE_MAX 8192
/* More services than one person has accounts with; bounds what a session can make us keep. */
#define COUNT_MAX 32
/* Four characters of 16 leave 12 to guess; of fewer they would tell too much. */
#define HINT_LENGTH    4
#define HINT_VALUE_MIN 16

/* "user_secret:" and an id, ':' and a name. */
#define PURPOSE_SIZE (12 + 36 + 1 + NAME_MAX + 1)

static int is_name(const char *name)
{
    size_t length = name ? strlen(name) : 0;

    return length > 0 && length <= NAME_MAX && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-.") == length;
}

static void purpose_of(char out[PURPOSE_SIZE], const char *user_id, const char *name)
{
    snprintf(out, PURPOSE_SIZE, "user_secret:%s:%s", user_id, name);
}

static tripsage_status check_owner(const tripsage_actor *actor)
{
    tripsage_status status = tripsage__actor_check(actor);

    if (status == TRIPSAGE_OK && actor->is_service)
        status = TRIPSAGE_FAIL(TRIPSAGE_EFORBIDDEN, "the service role keeps no secrets of its own");
    return status;
}

/* ---- put ---- */

/* The last four characters; nothing of a value whose end is no plain ASCII. */
static void make_hint(char out[HINT_LENGTH + 1], const char *value, size_t length)
{
    const char *end = value + length - HINT_LENGTH;

    out[0] = '\0';
    if (length < HINT_VALUE_MIN)
        return;
    for (size_t i = 0; i < HINT_LENGTH; i++)
        if (end[i] <= ' ' || end[i] > '~')
            return;
    memcpy(out, end, HINT_LENGTH);
    out[HINT_LENGTH] = '\0';
}

static void forget_account(void *context)
{
    *(int *)context = 0;
}

static tripsage_status found_account(void *context, const tripsage__row *row)
{
    (void)row;
    *(int *)context = 1;
    return TRIPSAGE_OK;
}

/* The name goes into the trail; it holds nothing that JSON would escape. */
static void put_detail(char out[NAME_MAX + 16], const char *name)
{
    snprintf(out, NAME_MAX + 16, "{\"name\":\"%s\"}", name);
}

static tripsage_status write_secret(tripsage_auth *auth, const tripsage_actor *actor, const char *name,
                                    const tripsage__buf *sealed, const char *hint)
{
    char id[TRIPSAGE__UUID_SIZE], detail[NAME_MAX + 16];
    int has_account = 0;
    int64_t written = 0;
    const tripsage__value params[] = {tripsage__textn(id, sizeof id - 1),
                                      tripsage__text(actor->user_id),
                                      tripsage__text(name),
                                      tripsage__textn(sealed->data, sealed->size),
                                      tripsage__text(hint),
                                      tripsage__int(tripsage__now_ms(auth->env)),
                                      tripsage__int(COUNT_MAX)};
    const tripsage__audit_event event = {
        .action = "secret_put", .actor = actor->user_id, .subject = actor->user_id, .detail = detail, .if_changed = 1};
    tripsage__audit_entry entry;
    tripsage__step steps[3] = {
        {&tripsage__sql_account_by_id, &params[1], 1, forget_account, found_account, &has_account, NULL},
        {&tripsage__sql_user_secret_put, params, 7, NULL, NULL, NULL, &written},
    };
    tripsage_status status;

    put_detail(detail, name);
    steps[2] = tripsage__audit_step(&entry, auth->env, &event);
    TRIPSAGE_TRY(tripsage__uuid7(auth->env, id));
    TRIPSAGE_TRY(tripsage__store_write(auth->store, NULL, steps, 3));
    if (!has_account)
        return TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "the actor has no account here");
    if (!written)
        return TRIPSAGE_FAIL(TRIPSAGE_ELIMIT, "a user keeps at most %d secrets", COUNT_MAX);
out:
    return status;
}

tripsage_status tripsage_auth_secret_put(tripsage_auth *auth, const tripsage_actor *actor, const char *name,
                                         const char *value, size_t length)
{
    tripsage__buf sealed = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    char purpose[PURPOSE_SIZE], hint[HINT_LENGTH + 1];
    tripsage_status status;

    TRIPSAGE_TRY(check_owner(actor));
    if (!is_name(name))
        return TRIPSAGE_FAIL_FIELD("#name", "expected 1 to %d of a-z, 0-9, _, - and .", NAME_MAX);
    if (value && length == TRIPSAGE_NUL)
        length = strlen(value);
    if (!value || length == 0 || length > VALUE_MAX)
        return TRIPSAGE_FAIL_FIELD("#value", "expected 1 to %d bytes", VALUE_MAX);
    TRIPSAGE_TRY(
        tripsage__project_lacks(auth, "place for users' secrets, which are kept with accounts of this database"));
    purpose_of(purpose, actor->user_id, name);
    make_hint(hint, value, length);
    TRIPSAGE_TRY(tripsage__seal(&sealed, auth->sealer, purpose, value, length));
    status = write_secret(auth, actor, name, &sealed, hint);
out:
    tripsage__buf_free(&sealed);
    return status;
}

/* ---- list and delete ---- */

static void begin_list(void *context)
{
    tripsage__buf *buf = context;

    buf->size = 0;
    TRIPSAGE__LIT(buf, "{\"items\":[");
}

static tripsage_status list_secret(void *context, const tripsage__row *row)
{
    tripsage__buf *buf = context;
    size_t name_size, hint_size;
    const char *name = tripsage__row_text(row, 0, &name_size), *hint = tripsage__row_text(row, 1, &hint_size);

    tripsage__buf_puts(buf, buf->data && buf->data[buf->size - 1] == '[' ? "{\"name\":" : ",{\"name\":");
    tripsage__json_put_text(buf, name, name_size);
    TRIPSAGE__LIT(buf, ",\"hint\":");
    tripsage__json_put_text(buf, hint, hint_size);
    TRIPSAGE__LIT(buf, ",\"created_at\":");
    tripsage__json_put_instant(buf, tripsage__row_int(row, 2));
    TRIPSAGE__LIT(buf, ",\"updated_at\":");
    tripsage__json_put_instant(buf, tripsage__row_int(row, 3));
    tripsage__buf_putc(buf, '}');
    return tripsage__buf_status(buf);
}

tripsage_status tripsage_auth_secret_list(tripsage_doc **secrets, tripsage_auth *auth, const tripsage_actor *actor)
{
    tripsage__value param;
    tripsage_doc *doc = NULL;
    tripsage__step step = {&tripsage__sql_user_secret_list, &param, 1, begin_list, list_secret, NULL, NULL};
    tripsage_status status;

    *secrets = NULL;
    TRIPSAGE_TRY(tripsage__actor_check(actor));
    param = tripsage__text(actor->user_id);
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 1024));
    step.context = &doc->json;
    TRIPSAGE_TRY(tripsage__store_read(auth->store, NULL, &step, 1));
    TRIPSAGE__LIT(&doc->json, "]}");
out:
    return tripsage__doc_finish(secrets, doc, status);
}

tripsage_status tripsage_auth_secret_delete(tripsage_auth *auth, const tripsage_actor *actor, const char *name)
{
    char detail[NAME_MAX + 16];
    int64_t deleted = 0;
    tripsage__value params[2];
    const tripsage__audit_event event = {.action = "secret_deleted",
                                         .actor = tripsage_actor_user_id(actor),
                                         .subject = tripsage_actor_user_id(actor),
                                         .detail = detail,
                                         .if_changed = 1};
    tripsage__audit_entry entry;
    tripsage__step steps[2] = {{&tripsage__sql_user_secret_delete, params, 2, NULL, NULL, NULL, &deleted}};
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__actor_check(actor));
    if (is_name(name)) {
        params[0] = tripsage__text(actor->user_id);
        params[1] = tripsage__text(name);
        put_detail(detail, name);
        steps[1] = tripsage__audit_step(&entry, auth->env, &event);
        TRIPSAGE_TRY(tripsage__store_write(auth->store, NULL, steps, 2));
    }
    if (!deleted)
        status = TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is no such secret");
out:
    return status;
}

/* ---- get ---- */

static void begin_sealed(void *context)
{
    ((tripsage__buf *)context)->size = 0;
}

static tripsage_status take_sealed(void *context, const tripsage__row *row)
{
    size_t size;
    const char *text = tripsage__row_text(row, 0, &size);

    tripsage__buf_put(context, text, size);
    return tripsage__buf_status(context);
}

tripsage_status tripsage__user_secret_get(tripsage__buf *out, tripsage_auth *auth, const char *user_id,
                                          const char *name)
{
    tripsage__buf sealed = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    const tripsage__value params[] = {tripsage__text(user_id), tripsage__text(name)};
    const tripsage__step step = {&tripsage__sql_user_secret_get, params, 2, begin_sealed, take_sealed, &sealed, NULL};
    char purpose[PURPOSE_SIZE];
    tripsage_status status;

    if (is_name(name))
        TRIPSAGE_TRY(tripsage__store_read(auth->store, NULL, &step, 1));
    if (!sealed.size)
        return TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is no such secret");
    purpose_of(purpose, user_id, name);
    status = tripsage__unseal(out, auth->sealer, purpose, sealed.data, sealed.size);
out:
    tripsage__buf_free(&sealed);
    return status;
}

tripsage_status tripsage_auth_secret_get(char **value, size_t *length, tripsage_auth *auth, const tripsage_actor *actor,
                                         const char *user_id, const char *name)
{
    tripsage__buf plain = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    char id[TRIPSAGE__UUID_SIZE];
    tripsage_status status;

    *value = NULL;
    TRIPSAGE_TRY(tripsage__actor_check(actor));
    if (!actor->is_service)
        return TRIPSAGE_FAIL(TRIPSAGE_EFORBIDDEN, "a secret is given to the service role only");
    if (!user_id || !tripsage__uuid_parse(user_id, id))
        return TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is no such user");
    TRIPSAGE_TRY(tripsage__user_secret_get(&plain, auth, id, name));
    *value = tripsage__buf_take(&plain, length);
out:
    tripsage__buf_free_wiped(&plain);
    return status;
}

void tripsage_auth_secret_free(char *value, size_t length)
{
    if (value)
        tripsage__wipe(value, length == TRIPSAGE_NUL ? strlen(value) : length);
    tripsage__free(value);
}
