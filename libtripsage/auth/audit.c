/* auth/audit.c: appending to the audit trail, reading it, and walking its chain.
 *
 * hash = SHA-256 in hexadecimal of previous, seq, at, action, actor, subject, address and detail, with a line feed between two. No field
 * holds one, so no two rows are one text. */
#include "auth/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/auth_internal.h"
#include "auth/statements.h"
#include "base/crypto.h"
#include "base/doc.h"

#define HASH_LENGTH (2 * TRIPSAGE__SHA256_SIZE)
#define NO_HASH     "0000000000000000000000000000000000000000000000000000000000000000"

/* A page is a screen or two of a table. */
#define PAGE_DEFAULT 100
#define PAGE_MAX     1000

/* Twice the longest word there is. */
#define ACTION_MAX 64

/* Rows that one read of the walk takes: some 300 KiB, and no reader is held up for long. */
#define WALK_BATCH 1000

/* ---- appending ---- */

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

tripsage__step tripsage__audit_step(tripsage__audit_entry *entry, tripsage__env *env,
                                    const tripsage__audit_event *event)
{
    const tripsage__step step = {
        .statement = &tripsage__sql_audit_append, .params = entry->params, .param_count = TRIPSAGE__AUDIT_PARAMS};

    entry->params[0] = tripsage__int(tripsage__now_ms(env));
    entry->params[1] = tripsage__text(event->action);
    entry->params[2] = tripsage__text(or_empty(event->actor));
    entry->params[3] = tripsage__text(or_empty(event->subject));
    entry->params[4] = tripsage__text(or_empty(event->address));
    entry->params[5] = tripsage__text(event->detail ? event->detail : "{}");
    entry->params[6] = tripsage__int(event->if_changed != 0);
    return step;
}

const char *tripsage__audit_actor(const tripsage_actor *actor)
{
    return tripsage_actor_is_service(actor) ? TRIPSAGE__AUDIT_SERVICE : tripsage_actor_user_id(actor);
}

/* ---- a row ---- */

enum { ACTION, ACTOR, SUBJECT, ADDRESS, DETAIL, PREVIOUS, HASH, TEXTS };

typedef struct link {
    int64_t seq;
    int64_t at;
    struct {
        const char *at;
        size_t size;
    } texts[TEXTS];
} link;

static link link_of(const tripsage__row *row)
{
    link l = {.seq = tripsage__row_int(row, 0), .at = tripsage__row_int(row, 1)};

    for (int i = 0; i < TEXTS; i++) {
        l.texts[i].at = or_empty(tripsage__row_text(row, 2 + i, &l.texts[i].size));
        if (!l.texts[i].at[0])
            l.texts[i].size = 0;
    }
    return l;
}

static void put_member(tripsage__buf *buf, const char *name, const link *l, int text)
{
    tripsage__buf_puts(buf, name);
    tripsage__json_put_stringn(buf, l->texts[text].at, l->texts[text].size);
}

/* The detail is JSON that we wrote; one that was changed may be none, and is shown as a text. */
static tripsage_status put_detail(tripsage__buf *buf, const link *l)
{
    tripsage__json *parsed = NULL;
    tripsage_status status = tripsage__json_parse(&parsed, l->texts[DETAIL].at, l->texts[DETAIL].size);

    if (status == TRIPSAGE_ENOMEM)
        return status;
    TRIPSAGE__LIT(buf, ",\"detail\":");
    if (status == TRIPSAGE_OK)
        tripsage__json_put(buf, parsed);
    else
        tripsage__json_put_stringn(buf, l->texts[DETAIL].at, l->texts[DETAIL].size);
    tripsage__json_free(parsed);
    return TRIPSAGE_OK;
}

static tripsage_status put_link(tripsage__buf *buf, const link *l)
{
    tripsage_status status;

    TRIPSAGE__LIT(buf, "{\"seq\":");
    tripsage__buf_int(buf, l->seq);
    TRIPSAGE__LIT(buf, ",\"at\":");
    tripsage__json_put_instant(buf, l->at);
    put_member(buf, ",\"action\":", l, ACTION);
    put_member(buf, ",\"actor\":", l, ACTOR);
    put_member(buf, ",\"subject\":", l, SUBJECT);
    put_member(buf, ",\"address\":", l, ADDRESS);
    status = put_detail(buf, l);
    put_member(buf, ",\"hash\":", l, HASH);
    tripsage__buf_putc(buf, '}');
    return status == TRIPSAGE_OK ? tripsage__buf_status(buf) : status;
}

/* ---- a page ---- */

typedef struct listing {
    tripsage__buf *json;
    int64_t rows;  /* of the page; one more is read, to see whether there is another page */
    int64_t count; /* read so far */
    int64_t lowest;
    int64_t total; /* of all rows: their numbers have no gaps */
} listing;

static int64_t page_rows(uint32_t limit)
{
    return limit == 0 ? PAGE_DEFAULT : limit > PAGE_MAX ? PAGE_MAX : limit;
}

static void begin_listing(void *context)
{
    listing *l = context;

    l->count = 0;
    l->json->size = 0;
    TRIPSAGE__LIT(l->json, "{\"items\":[");
}

static tripsage_status list_row(void *context, const tripsage__row *row)
{
    listing *l = context;
    const link found = link_of(row);

    if (l->count++ == l->rows)
        return TRIPSAGE_OK;
    if (l->count > 1)
        tripsage__buf_putc(l->json, ',');
    l->lowest = found.seq;
    return put_link(l->json, &found);
}

static int has_more(const listing *l)
{
    return l->count > l->rows;
}

static void begin_total(void *context)
{
    ((listing *)context)->total = 0;
}

static tripsage_status total_row(void *context, const tripsage__row *row)
{
    ((listing *)context)->total = tripsage__row_int(row, 0);
    return TRIPSAGE_OK;
}

static tripsage_status check_service(const tripsage_actor *actor)
{
    tripsage_status status = tripsage__actor_check(actor);

    if (status == TRIPSAGE_OK && !actor->is_service)
        status = TRIPSAGE_FAIL(TRIPSAGE_EFORBIDDEN, "the audit trail is for the service role");
    return status;
}

tripsage_status tripsage_auth_audit_list(tripsage_doc **page, tripsage_auth *auth, const tripsage_actor *actor,
                                         int64_t before, uint32_t limit)
{
    listing l = {.rows = page_rows(limit)};
    tripsage__value params[] = {tripsage__int(before > 0 ? before : INT64_MAX), tripsage__int(l.rows + 1)};
    const tripsage__step steps[] = {
        {&tripsage__sql_audit_page, params, 2, begin_listing, list_row, &l, NULL},
        {&tripsage__sql_audit_last, NULL, 0, begin_total, total_row, &l, NULL},
    };
    tripsage_doc *doc = NULL;
    tripsage_status status;

    *page = NULL;
    TRIPSAGE_TRY(check_service(actor));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 4096));
    l.json = &doc->json;
    TRIPSAGE_TRY(tripsage__store_read(auth->store, NULL, steps, 2));
    TRIPSAGE__LIT(&doc->json, "],\"before\":");
    if (has_more(&l))
        tripsage__buf_int(&doc->json, l.lowest);
    else
        TRIPSAGE__LIT(&doc->json, "null");
    TRIPSAGE__LIT(&doc->json, ",\"total\":");
    tripsage__buf_int(&doc->json, l.total);
    tripsage__buf_putc(&doc->json, '}');
out:
    return tripsage__doc_finish(page, doc, status);
}

/* ---- a page of some rows ---- */

/* Checked options. */
typedef struct search {
    char user_id[TRIPSAGE__UUID_SIZE]; /* "": anybody */
    const char *action;                /* "": any */
    int64_t before;
    int64_t rows;
} search;

static int is_action(const char *text)
{
    size_t length = strlen(text);

    return length > 0 && length <= ACTION_MAX && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_") == length;
}

/* A row's number, as a page gives it: below it the next one goes on. */
static int read_cursor(int64_t *before, const char *text)
{
    size_t digits = strspn(text, "0123456789");

    *before = strtoll(text, NULL, 10);
    return digits > 0 && digits <= 18 && text[digits] == '\0';
}

/* Whose rows: all of them are for the service role, and one's own for whoever has some. */
static tripsage_status check_whose(search *out, const tripsage_actor *actor, const tripsage_audit_options *o)
{
    tripsage_status status;

    if (!o->own)
        TRIPSAGE_TRY(check_service(actor));
    TRIPSAGE_TRY(tripsage__actor_check(actor));
    if (o->own && actor->is_service)
        return TRIPSAGE_FAIL(TRIPSAGE_EFORBIDDEN, "the service role has no entries of its own: it sees all");
    if (o->own && o->user_id)
        return TRIPSAGE_FAIL_FIELD("#user_id", "one's own entries are the actor's");
    if (o->own)
        snprintf(out->user_id, sizeof out->user_id, "%s", actor->user_id);
    else if (o->user_id && !tripsage__uuid_parse(o->user_id, out->user_id))
        return TRIPSAGE_FAIL_FIELD("#user_id", "expected a UUID");
out:
    return status;
}

static tripsage_status make_search(search *out, const tripsage_actor *actor, const tripsage_audit_options *o)
{
    tripsage_status status;

    *out = (search){.action = or_empty(o->action), .before = INT64_MAX, .rows = page_rows(o->limit)};
    if (o->version != 1)
        return TRIPSAGE_FAIL_FIELD("#options", "version is %u; start from TRIPSAGE_AUDIT_OPTIONS_INIT", o->version);
    TRIPSAGE_TRY(check_whose(out, actor, o));
    if (o->action && !is_action(o->action))
        return TRIPSAGE_FAIL_FIELD("#action", "expected 1 to %d of a-z, 0-9 and _", ACTION_MAX);
    if (o->cursor && !read_cursor(&out->before, o->cursor))
        return TRIPSAGE_FAIL_FIELD("#cursor", "expected the \"next_cursor\" of the page before");
out:
    return status;
}

static tripsage_status read_some(listing *l, const tripsage_auth *auth, const search *s)
{
    const tripsage__value params[] = {tripsage__int(s->before), tripsage__int(s->rows + 1), tripsage__text(s->action),
                                      tripsage__text(s->user_id)};
    tripsage__step step = {&tripsage__sql_audit_page, params, 2, begin_listing, list_row, l, NULL};

    if (s->user_id[0]) {
        step.statement = &tripsage__sql_audit_page_of_user;
        step.param_count = 4;
    } else if (s->action[0]) {
        step.statement = &tripsage__sql_audit_page_of_action;
        step.param_count = 3;
    }
    return tripsage__store_read(auth->store, NULL, &step, 1);
}

static tripsage_status put_next(tripsage_doc *doc, int64_t lowest)
{
    tripsage__buf text = TRIPSAGE__BUF_INIT(32);
    tripsage_status status;

    tripsage__buf_int(&text, lowest);
    TRIPSAGE_TRY(tripsage__buf_status(&text));
    doc->next = tripsage__buf_take(&text, NULL);
    tripsage__json_put_text(&doc->json, doc->next, strlen(doc->next));
out:
    tripsage__buf_free(&text);
    return status;
}

tripsage_status tripsage_auth_audit_find(tripsage_doc **page, tripsage_auth *auth, const tripsage_actor *actor,
                                         const tripsage_audit_options *options)
{
    static const tripsage_audit_options standard = TRIPSAGE_AUDIT_OPTIONS_INIT;
    listing l = {0};
    tripsage_doc *doc = NULL;
    search s;
    tripsage_status status;

    *page = NULL;
    TRIPSAGE_TRY(make_search(&s, actor, options ? options : &standard));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 4096));
    l.json = &doc->json;
    l.rows = s.rows;
    TRIPSAGE_TRY(read_some(&l, auth, &s));
    TRIPSAGE__LIT(&doc->json, "],\"limit\":");
    tripsage__buf_int(&doc->json, s.rows);
    TRIPSAGE__LIT(&doc->json, ",\"next_cursor\":");
    if (has_more(&l))
        TRIPSAGE_TRY(put_next(doc, l.lowest));
    else
        TRIPSAGE__LIT(&doc->json, "null");
    tripsage__buf_putc(&doc->json, '}');
out:
    return tripsage__doc_finish(page, doc, status);
}

/* ---- the walk ---- */

typedef struct walk {
    int64_t seq; /* of the last link that held */
    char hash[HASH_LENGTH + 1];
    int64_t anchor_seq; /* 0: none */
    const char *anchor_hash;
    const char *problem; /* NULL: none so far */
    int64_t in_batch;
    tripsage__buf text; /* of the row at hand */
} walk;

static int has_line_feed(const link *l)
{
    for (int i = 0; i < TEXTS; i++)
        if (memchr(l->texts[i].at, '\n', l->texts[i].size))
            return 1;
    return 0;
}

/* The hash that the row should have. */
static tripsage_status hash_link(char out[HASH_LENGTH + 1], tripsage__buf *text, const link *l)
{
    unsigned char digest[TRIPSAGE__SHA256_SIZE];
    tripsage_status status;

    text->size = 0;
    tripsage__buf_put(text, l->texts[PREVIOUS].at, l->texts[PREVIOUS].size);
    tripsage__buf_printf(text, "\n%lld\n%lld", (long long)l->seq, (long long)l->at);
    for (int i = ACTION; i <= DETAIL; i++) {
        tripsage__buf_putc(text, '\n');
        tripsage__buf_put(text, l->texts[i].at, l->texts[i].size);
    }
    status = tripsage__buf_status(text);
    if (status == TRIPSAGE_OK)
        status = tripsage__sha256(digest, text->data, text->size);
    if (status == TRIPSAGE_OK)
        tripsage__hex(out, digest, sizeof digest);
    return status;
}

static int is_text(const link *l, int text, const char *expected)
{
    return l->texts[text].size == strlen(expected) && memcmp(l->texts[text].at, expected, l->texts[text].size) == 0;
}

static tripsage_status judge_link(const char **problem, walk *w, const link *l, char hash[HASH_LENGTH + 1])
{
    tripsage_status status = hash_link(hash, &w->text, l);

    if (status != TRIPSAGE_OK)
        return status;
    if (l->seq != w->seq + 1)
        *problem = "the row before it is missing";
    else if (!is_text(l, PREVIOUS, w->hash))
        *problem = "it does not follow from the row before it";
    else if (has_line_feed(l) || !is_text(l, HASH, hash))
        *problem = "it was changed";
    else if (l->seq == w->anchor_seq && strcmp(hash, w->anchor_hash) != 0)
        *problem = "it is not the row that was here when its hash was noted";
    return TRIPSAGE_OK;
}

static void begin_batch(void *context)
{
    ((walk *)context)->in_batch = 0;
}

static tripsage_status walk_row(void *context, const tripsage__row *row)
{
    walk *w = context;
    const link l = link_of(row);
    char hash[HASH_LENGTH + 1];
    tripsage_status status;

    w->in_batch++;
    if (w->problem)
        return TRIPSAGE_OK;
    status = judge_link(&w->problem, w, &l, hash);
    if (status != TRIPSAGE_OK || w->problem)
        return status;
    w->seq = l.seq;
    memcpy(w->hash, hash, sizeof w->hash);
    return TRIPSAGE_OK;
}

static tripsage_status walk_all(walk *w, tripsage_auth *auth)
{
    do {
        tripsage__value params[] = {tripsage__int(w->seq), tripsage__int(WALK_BATCH)};
        const tripsage__step step = {&tripsage__sql_audit_walk, params, 2, begin_batch, walk_row, w, NULL};
        tripsage_status status = tripsage__store_read(auth->store, NULL, &step, 1);

        if (status != TRIPSAGE_OK)
            return status;
    } while (!w->problem && w->in_batch == WALK_BATCH);
    if (!w->problem && w->seq < w->anchor_seq)
        w->problem = "it and all behind it are missing";
    return TRIPSAGE_OK;
}

/* "17:<hash>", as the walk before this one gave it. */
static int read_anchor(walk *w, const char *anchor)
{
    char *end;

    if (!anchor)
        return 1;
    w->anchor_seq = strtoll(anchor, &end, 10);
    w->anchor_hash = end + 1;
    return anchor[0] >= '0' && anchor[0] <= '9' && *end == ':' && w->anchor_seq >= 0 &&
           strspn(end + 1, "0123456789abcdef") == HASH_LENGTH && end[1 + HASH_LENGTH] == '\0';
}

tripsage_status tripsage_auth_audit_verify(tripsage_doc **report, tripsage_auth *auth, const tripsage_actor *actor,
                                           const char *anchor)
{
    walk w = {.hash = NO_HASH, .text = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT)};
    tripsage_doc *doc = NULL;
    tripsage_status status;

    *report = NULL;
    TRIPSAGE_TRY(check_service(actor));
    if (!read_anchor(&w, anchor))
        return TRIPSAGE_FAIL_FIELD("#anchor", "expected the \"anchor\" that an earlier verification gave");
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 256));
    TRIPSAGE_TRY(walk_all(&w, auth));
    tripsage__buf_printf(&doc->json,
                         "{\"ok\":%s,\"count\":%lld,\"anchor\":\"%lld:%s\",\"broken\":", w.problem ? "false" : "true",
                         (long long)w.seq, (long long)w.seq, w.hash);
    if (w.problem)
        tripsage__buf_printf(&doc->json, "{\"seq\":%lld,\"problem\":\"%s\"}}", (long long)w.seq + 1, w.problem);
    else
        TRIPSAGE__LIT(&doc->json, "null}");
out:
    tripsage__buf_free(&w.text);
    return tripsage__doc_finish(report, doc, status);
}
