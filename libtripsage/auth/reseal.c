/* auth/reseal.c: sealing anew, under today's secret key, what an older one sealed.
 *
 * Nothing but the rows themselves says how far it is: one that is under today's key is done. So it can be stopped anywhere, be it by a
 * kill, and begun again; and two that run at once do no harm, as a row is replaced only where it still is what was read. */
#include "auth/reseal.h"

#include <stdio.h>
#include <string.h>

#include "auth/audit.h"
#include "auth/auth_internal.h"
#include "auth/statements.h"
#include "base/doc.h"
#include "base/memory.h"

const tripsage__sealed_place tripsage__sealed_places[] = {
    {&tripsage__sql_user_secret_stale, &tripsage__sql_user_secret_reseal},
    {&tripsage__sql_signing_key_stale, &tripsage__sql_signing_key_reseal},
};
const size_t tripsage__sealed_place_count = sizeof tripsage__sealed_places / sizeof tripsage__sealed_places[0];

/* Rows to a transaction: some milliseconds in which other writers wait. */
#define BATCH 100

typedef struct stale_row {
    char *id, *text, *purpose;
    tripsage__buf fresh;
} stale_row;

typedef struct batch {
    tripsage_auth *auth;
    size_t count;
    stale_row rows[BATCH];
} batch;

static void empty_batch(batch *b)
{
    for (size_t i = 0; i < b->count; i++) {
        tripsage__free(b->rows[i].id);
        tripsage__free(b->rows[i].text);
        tripsage__free(b->rows[i].purpose);
        tripsage__buf_free(&b->rows[i].fresh);
    }
    b->count = 0;
}

static void begin_batch(void *context)
{
    empty_batch(context);
}

static char *copy_column(const tripsage__row *row, int column)
{
    size_t size;
    const char *text = tripsage__row_text(row, column, &size);

    return tripsage__strndup(text ? text : "", text ? size : 0);
}

static tripsage_status take_row(void *context, const tripsage__row *row)
{
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    batch *b = context;
    stale_row *r = &b->rows[b->count++];

    r->fresh = empty;
    r->id = copy_column(row, 0);
    r->text = copy_column(row, 1);
    r->purpose = copy_column(row, 2);
    return r->id && r->text && r->purpose ? TRIPSAGE_OK : TRIPSAGE_NOMEM();
}

static tripsage_status read_batch(batch *b, const tripsage__sealed_place *place, const char *after)
{
    char begins[8 + TRIPSAGE__KEY_ID_SIZE + 1];
    tripsage__value params[3];
    const tripsage__step step = {place->stale, params, 3, begin_batch, take_row, b, NULL};

    snprintf(begins, sizeof begins, "enc:v1:%s:", tripsage__sealer_key_id(b->auth->sealer));
    params[0] = tripsage__text(begins);
    params[1] = tripsage__text(after);
    params[2] = tripsage__int(BATCH);
    return tripsage__store_read(b->auth->store, NULL, &step, 1);
}

/* The purpose names the row; nothing of its contents is told. */
static tripsage_status unseal_row(tripsage__buf *plain, const batch *b, const stale_row *r)
{
    tripsage_status status = tripsage__unseal(plain, b->auth->sealer, r->purpose, r->text, strlen(r->text));
    char cause[256];

    if (status == TRIPSAGE_OK || status == TRIPSAGE_ENOMEM)
        return status;
    snprintf(cause, sizeof cause, "%s", tripsage_last_error()->message);
    return TRIPSAGE_FAIL(status, "%.120s cannot be read: %s", r->purpose, cause);
}

static tripsage_status seal_row(const batch *b, stale_row *r)
{
    tripsage__buf plain = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    tripsage_status status = unseal_row(&plain, b, r);

    if (status == TRIPSAGE_OK)
        status = tripsage__seal(&r->fresh, b->auth->sealer, r->purpose, plain.data, plain.size);
    tripsage__buf_free_wiped(&plain);
    return status;
}

static tripsage_status write_batch(int64_t *replaced, batch *b, const tripsage__sealed_place *place)
{
    tripsage__value params[BATCH][3];
    tripsage__step steps[BATCH + 1];
    int64_t changes[BATCH] = {0};
    char detail[64];
    const tripsage__audit_event event = {
        .action = "secrets_resealed", .actor = TRIPSAGE__AUDIT_SERVICE, .detail = detail};
    tripsage__audit_entry entry;
    tripsage_status status = TRIPSAGE_OK;

    for (size_t i = 0; i < b->count; i++) {
        stale_row *r = &b->rows[i];

        TRIPSAGE_TRY(seal_row(b, r));
        params[i][0] = tripsage__text(r->id);
        params[i][1] = tripsage__text(r->text);
        params[i][2] = tripsage__textn(r->fresh.data, r->fresh.size);
        steps[i] = (tripsage__step){place->replace, params[i], 3, NULL, NULL, NULL, &changes[i]};
    }
    snprintf(detail, sizeof detail, "{\"key_id\":\"%s\"}", tripsage__sealer_key_id(b->auth->sealer));
    steps[b->count] = tripsage__audit_step(&entry, b->auth->env, &event);
    TRIPSAGE_TRY(tripsage__store_write(b->auth->store, NULL, steps, b->count + 1));
    for (size_t i = 0; i < b->count; i++)
        *replaced += changes[i];
out:
    return status;
}

static tripsage_status reseal_place(int64_t *replaced, batch *b, const tripsage__sealed_place *place)
{
    char after[TRIPSAGE__UUID_SIZE] = "";
    tripsage_status status;

    do {
        TRIPSAGE_TRY(read_batch(b, place, after));
        if (!b->count)
            break;
        TRIPSAGE_TRY(write_batch(replaced, b, place));
        snprintf(after, sizeof after, "%s", b->rows[b->count - 1].id);
    } while (b->count == BATCH);
out:
    return status;
}

tripsage_status tripsage_auth_reseal(tripsage_doc **report, tripsage_auth *auth, const tripsage_actor *actor)
{
    batch *b = NULL;
    int64_t replaced = 0;
    tripsage_doc *doc = NULL;
    tripsage_status status;

    *report = NULL;
    TRIPSAGE_TRY(tripsage__actor_check(actor));
    if (!actor->is_service)
        return TRIPSAGE_FAIL(TRIPSAGE_EFORBIDDEN, "only the service role seals anew");
    b = tripsage__calloc(1, sizeof *b);
    if (!b)
        return TRIPSAGE_NOMEM();
    b->auth = auth;
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 128));
    for (size_t i = 0; i < tripsage__sealed_place_count; i++)
        TRIPSAGE_TRY(reseal_place(&replaced, b, &tripsage__sealed_places[i]));
    tripsage__buf_printf(&doc->json, "{\"resealed\":%lld,\"key_id\":\"%s\"}", (long long)replaced,
                         tripsage__sealer_key_id(auth->sealer));
out:
    if (b)
        empty_batch(b);
    tripsage__free(b);
    return tripsage__doc_finish(report, doc, status);
}
