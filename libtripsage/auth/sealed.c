/* auth/sealed.c: see sealed.h.
 *
 * Nothing but the rows themselves says how far sealing anew is: one that is under today's key is done. So it can be stopped anywhere, be it
 * by a kill, and begun again; and two that run at once do no harm, as a row is replaced only where it still is what was read. */
#include "auth/sealed.h"

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
    tripsage__store *store;
    const tripsage__sealer *sealer;
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

/* `begins`: how those begin that are not wanted. */
static tripsage_status read_batch(batch *b, const tripsage__sealed_place *place, const char *begins, const char *after)
{
    const tripsage__value params[] = {tripsage__text(begins), tripsage__text(after), tripsage__int(BATCH)};
    const tripsage__step step = {place->stale, params, 3, begin_batch, take_row, b, NULL};

    return tripsage__store_read(b->store, NULL, &step, 1);
}

/* What is done with a batch that is not under today's key. */
typedef tripsage_status (*stale_fn)(void *context, batch *b, const tripsage__sealed_place *place);

static tripsage_status each_stale(batch *b, stale_fn act, void *context)
{
    char begins[8 + TRIPSAGE__KEY_ID_SIZE + 1], after[TRIPSAGE__THUMBPRINT_SIZE]; /* the longer kind of id */
    tripsage_status status = TRIPSAGE_OK;

    snprintf(begins, sizeof begins, "enc:v1:%s:", tripsage__sealer_key_id(b->sealer));
    for (size_t i = 0; i < tripsage__sealed_place_count; i++) {
        after[0] = '\0';
        do {
            TRIPSAGE_TRY(read_batch(b, &tripsage__sealed_places[i], begins, after));
            if (!b->count)
                break;
            TRIPSAGE_TRY(act(context, b, &tripsage__sealed_places[i]));
            snprintf(after, sizeof after, "%s", b->rows[b->count - 1].id);
        } while (b->count == BATCH);
    }
out:
    return status;
}

/* The purpose names the row; nothing of its contents is told. */
static tripsage_status unseal_row(tripsage__buf *plain, const batch *b, const stale_row *r)
{
    tripsage_status status = tripsage__unseal(plain, b->sealer, r->purpose, r->text, strlen(r->text));
    char cause[256];

    if (status == TRIPSAGE_OK || status == TRIPSAGE_ENOMEM)
        return status;
    snprintf(cause, sizeof cause, "%s", tripsage_last_error()->message);
    return TRIPSAGE_FAIL(status, "%.120s cannot be read: %s", r->purpose, cause);
}

/* ---- sealing anew ---- */

static tripsage_status seal_row(const batch *b, stale_row *r)
{
    tripsage__buf plain = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    tripsage_status status = unseal_row(&plain, b, r);

    if (status == TRIPSAGE_OK)
        status = tripsage__seal(&r->fresh, b->sealer, r->purpose, plain.data, plain.size);
    tripsage__buf_free_wiped(&plain);
    return status;
}

static tripsage_status write_batch(void *replaced, batch *b, const tripsage__sealed_place *place)
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
    snprintf(detail, sizeof detail, "{\"key_id\":\"%s\"}", tripsage__sealer_key_id(b->sealer));
    steps[b->count] = tripsage__audit_step(&entry, tripsage__store_env(b->store), &event);
    TRIPSAGE_TRY(tripsage__store_write(b->store, NULL, steps, b->count + 1));
    for (size_t i = 0; i < b->count; i++)
        *(int64_t *)replaced += changes[i];
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
    b->store = auth->store;
    b->sealer = auth->sealer;
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 128));
    TRIPSAGE_TRY(each_stale(b, write_batch, &replaced));
    tripsage__buf_printf(&doc->json, "{\"resealed\":%lld,\"key_id\":\"%s\"}", (long long)replaced,
                         tripsage__sealer_key_id(auth->sealer));
out:
    if (b)
        empty_batch(b);
    tripsage__free(b);
    return tripsage__doc_finish(report, doc, status);
}

/* ---- looking ---- */

#define SECRETS "secrets"

typedef struct tally {
    size_t earlier, locked, damaged; /* under a key that is here, but not today's; under one that is not; neither */
    char first[256];                 /* of the damaged ones */
} tally;

static tripsage_status count_batch(void *context, batch *b, const tripsage__sealed_place *place)
{
    tally *t = context;

    (void)place;
    for (size_t i = 0; i < b->count; i++) {
        tripsage__buf plain = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
        tripsage_status status = unseal_row(&plain, b, &b->rows[i]);

        tripsage__buf_free_wiped(&plain);
        if (status == TRIPSAGE_ENOMEM)
            return status;
        if (status != TRIPSAGE_OK && status != TRIPSAGE_EUNAVAILABLE && !t->damaged++)
            snprintf(t->first, sizeof t->first, "%s", tripsage_last_error()->message);
        t->earlier += status == TRIPSAGE_OK;
        t->locked += status == TRIPSAGE_EUNAVAILABLE;
    }
    return TRIPSAGE_OK;
}

static void tell(tripsage__findings *findings, const tally *t)
{
    if (t->locked)
        tripsage__finding(
            findings, SECRETS, TRIPSAGE__FAILED,
            "set the SECRET_KEY that they were sealed under, as SECRET_KEY_PREVIOUS where it was replaced; "
            "where it is lost: tripsage-server keys rotate-signing, so that people can sign in, and users' "
            "secrets have to be given anew",
            "%zu secrets in the database (signing keys, users' secrets) are sealed under another SECRET_KEY",
            t->locked);
    if (t->damaged)
        tripsage__finding(findings, SECRETS, TRIPSAGE__FAILED,
                          "restore the newest backup (tripsage-server restore), or set that secret anew",
                          "%zu secrets in the database are damaged: %s", t->damaged, t->first);
    if (t->earlier)
        tripsage__finding(findings, SECRETS, TRIPSAGE__WARNING,
                          "tripsage-server keys rotate-secret; SECRET_KEY_PREVIOUS, where it is set, can go then",
                          "%zu secrets in the database are still sealed under an earlier key", t->earlier);
    if (!t->locked && !t->damaged && !t->earlier)
        tripsage__finding(findings, SECRETS, TRIPSAGE__FINE, NULL, "what is sealed in the database can be read");
}

/* Whoever sealed something has made the database's own secret before. */
static tripsage_status has_sealed(int *has, batch *b)
{
    tripsage_status status = TRIPSAGE_OK;

    *has = 0;
    for (size_t i = 0; i < tripsage__sealed_place_count && !*has && status == TRIPSAGE_OK; i++) {
        status = read_batch(b, &tripsage__sealed_places[i], "", "");
        *has = b->count > 0;
    }
    return status;
}

tripsage_status tripsage__auth_examine(tripsage__findings *findings, tripsage__store *store,
                                       const tripsage_auth_options *options)
{
    static const tripsage__remedy remedies[] = {{NULL, "see what is said of the database"}};
    batch *b = tripsage__calloc(1, sizeof *b);
    tripsage__sealer *sealer = NULL;
    tally t = {.earlier = 0};
    int has = 0;
    tripsage_status status;

    if (!b)
        return TRIPSAGE_NOMEM();
    b->store = store;
    TRIPSAGE_TRY(has_sealed(&has, b));
    if (!has)
        goto out;
    TRIPSAGE_TRY(tripsage__auth_sealer(&sealer, store, options));
    b->sealer = sealer;
    TRIPSAGE_TRY(each_stale(b, count_batch, &t));
    tell(findings, &t);
out:
    empty_batch(b);
    tripsage__free(b);
    tripsage__sealer_free(sealer);
    if (status == TRIPSAGE_OK || status == TRIPSAGE_ENOMEM)
        return status;
    tripsage__finding_of_error(findings, SECRETS, TRIPSAGE__FAILED, remedies);
    return TRIPSAGE_OK;
}
