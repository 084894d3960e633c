/* webhook.c: signed messages of the database. See tripsage/webhook.h; the other end is migrations/supabase/webhooks.sql. */
#include <tripsage/cache.h>
#include <tripsage/trip.h>
#include <tripsage/webhook.h>

#include <stdio.h>
#include <string.h>

#include "auth/auth.h"
#include "base/crypto.h"
#include "base/doc.h"
#include "base/env.h"
#include "base/memory.h"
#include "handle.h"
#include "store/store.h"

/* Five minutes, as Standard Webhooks' own libraries have it: clocks that are not well kept, and no more. */
#define TOLERANCE_S 300
/* Ids are "msg_" and some 30 characters, or UUIDs. */
#define ID_MAX 128
/* Standard Webhooks: 24 to 64 bytes. */
#define KEY_MAX 64

#define SEALED "whsec_"

/* ---- the signature ---- */

/* The key's bytes. `room` is for those that come in base64. */
static tripsage_status read_secret(const unsigned char **key, size_t *size, unsigned char room[KEY_MAX],
                                   const char *secret)
{
    int64_t decoded;

    *size = secret ? strlen(secret) : 0;
    *key = (const unsigned char *)secret;
    if (*size < TRIPSAGE_WEBHOOK_SECRET_MIN)
        return TRIPSAGE_FAIL_FIELD("#secret", "the secret of the webhooks must have %u characters or more",
                                   TRIPSAGE_WEBHOOK_SECRET_MIN);
    if (strncmp(secret, SEALED, strlen(SEALED)) != 0)
        return TRIPSAGE_OK;
    decoded = tripsage__base64_decode(room, KEY_MAX, secret + strlen(SEALED), *size - strlen(SEALED));
    if (decoded < 24)
        return TRIPSAGE_FAIL_FIELD("#secret", "behind whsec_ stand 24 to %d bytes in base64", KEY_MAX);
    *key = room;
    *size = (size_t)decoded;
    return TRIPSAGE_OK;
}

static tripsage_status sign(char out[64], const tripsage_webhook *hook, const char *secret)
{
    unsigned char room[KEY_MAX], mac[TRIPSAGE__SHA256_SIZE];
    const unsigned char *key;
    tripsage__buf signed_text = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    size_t size;
    tripsage_status status;

    TRIPSAGE_TRY(read_secret(&key, &size, room, secret));
    tripsage__buf_puts(&signed_text, hook->id);
    tripsage__buf_putc(&signed_text, '.');
    tripsage__buf_puts(&signed_text, hook->timestamp);
    tripsage__buf_putc(&signed_text, '.');
    tripsage__buf_put(&signed_text, hook->body, hook->size);
    TRIPSAGE_TRY(tripsage__buf_status(&signed_text));
    TRIPSAGE_TRY(tripsage__hmac_sha256(mac, key, size, signed_text.data, signed_text.size));
    size = tripsage__base64_encode(out, mac, sizeof mac);
    while (size % 4) /* RFC 4648: with its padding, which Standard Webhooks writes */
        out[size++] = '=';
    out[size] = '\0';
out:
    tripsage__wipe(room, sizeof room);
    tripsage__buf_free(&signed_text);
    return status;
}

/* Whether one of the signatures is the wanted one: more than one comes while a secret is being changed. */
static int is_signed(const char *signatures, const char *wanted)
{
    size_t length = strlen(wanted);
    int found = 0;

    for (const char *at = signatures; *at; at += strspn(at, " ")) {
        size_t size = strcspn(at, " ");

        if (size == length + 3 && memcmp(at, "v1,", 3) == 0)
            found |= tripsage__equal_constant_time(at + 3, wanted, length);
        at += size;
    }
    return found;
}

static tripsage_status check_time(const char *timestamp, int64_t now_s)
{
    int64_t sent = 0;

    for (const char *at = timestamp; *at; at++) {
        if (*at < '0' || *at > '9' || at - timestamp >= 12)
            return TRIPSAGE_FAIL(TRIPSAGE_ETOKEN, "webhook-timestamp is not a number of seconds since 1970");
        sent = sent * 10 + (*at - '0');
    }
    if (sent < now_s - TOLERANCE_S || sent > now_s + TOLERANCE_S)
        return TRIPSAGE_FAIL(TRIPSAGE_EEXPIRED, "the webhook was sent more than %d minutes from now", TOLERANCE_S / 60);
    return TRIPSAGE_OK;
}

static tripsage_status check(const tripsage_webhook *hook, const char *secret, int64_t now_s)
{
    char wanted[64];
    tripsage_status status;

    if (!hook || hook->version != 1)
        return TRIPSAGE_FAIL_FIELD("#hook", "start from TRIPSAGE_WEBHOOK_INIT");
    if (!hook->id || !hook->timestamp || !hook->signature || !hook->body)
        return TRIPSAGE_FAIL(TRIPSAGE_ETOKEN, "expected webhook-id, webhook-timestamp, webhook-signature and a body");
    if (!hook->id[0] || strlen(hook->id) > ID_MAX)
        return TRIPSAGE_FAIL(TRIPSAGE_ETOKEN, "webhook-id has 1 to %d characters", ID_MAX);
    TRIPSAGE_TRY(sign(wanted, hook, secret));
    if (!is_signed(hook->signature, wanted))
        return TRIPSAGE_FAIL(TRIPSAGE_ETOKEN, "the webhook is not signed with this server's secret");
    /* Only now: who has no secret learns nothing of our clock. */
    TRIPSAGE_TRY(check_time(hook->timestamp, now_s));
out:
    return status;
}

/* ---- once ---- */

static size_t put_key(char out[ID_MAX + 32], const tripsage_webhook *hook)
{
    return (size_t)snprintf(out, ID_MAX + 32, "tripsage:webhook:%s", hook->id);
}

/* 1 when the message was heard before. */
static int was_heard(const tripsage *ts, const tripsage_webhook *hook)
{
    char key[ID_MAX + 32];
    size_t size = put_key(key, hook);
    /* Twice the tolerance: from the earliest moment at which its timestamp is taken to the last. */
    tripsage_status status =
        tripsage_cache_set(ts->cache, key, size, "1", 1, 2 * TOLERANCE_S * INT64_C(1000), TRIPSAGE_CACHE_IF_ABSENT);

    if (status != TRIPSAGE_OK && status != TRIPSAGE_ECONFLICT)
        tripsage__log(tripsage__store_env(ts->store), TRIPSAGE_LOG_WARN, "webhook",
                      "whether a webhook was heard before cannot be remembered: %s", tripsage_last_error()->message);
    return status == TRIPSAGE_ECONFLICT;
}

/* What failed may be sent again. The failure that is to be told is the one before. */
static void forget(const tripsage *ts, const tripsage_webhook *hook)
{
    char key[ID_MAX + 32];
    tripsage_error first;

    tripsage__error_save(&first);
    if (tripsage_cache_delete(ts->cache, key, put_key(key, hook)) != TRIPSAGE_OK)
        tripsage__log(tripsage__store_env(ts->store), TRIPSAGE_LOG_WARN, "webhook",
                      "a webhook that failed stays remembered for %d minutes: %s", 2 * TOLERANCE_S / 60,
                      tripsage_last_error()->message);
    (void)tripsage__error_restore(&first);
}

/* ---- the message ---- */

typedef struct message {
    tripsage__json *root;
    const char *table;
    const tripsage__json *now, *before; /* the row; NULL where there is none */
} message;

static tripsage_status read_message(message *m, const tripsage_webhook *hook)
{
    const char *type;
    tripsage_status status = tripsage__json_parse(&m->root, hook->body, hook->size);

    if (status != TRIPSAGE_OK)
        return status;
    type = tripsage__json_text(tripsage__json_member(m->root, "type"));
    m->table = tripsage__json_text(tripsage__json_member(m->root, "table"));
    m->now = tripsage__json_member(m->root, "record");
    m->before = tripsage__json_member(m->root, "old_record");
    if (!type || (strcmp(type, "INSERT") != 0 && strcmp(type, "UPDATE") != 0 && strcmp(type, "DELETE") != 0))
        return TRIPSAGE_FAIL_FIELD("/type", "expected INSERT, UPDATE or DELETE");
    if (!m->table || !m->table[0] || strlen(m->table) > 63) /* PostgreSQL's NAMEDATALEN, less its NUL */
        return TRIPSAGE_FAIL_FIELD("/table", "expected the name of a table");
    m->now = tripsage__json_is_object(m->now) ? m->now : NULL;
    m->before = tripsage__json_is_object(m->before) ? m->before : NULL;
    if ((type[0] != 'D' && !m->now) || (type[0] != 'I' && !m->before))
        return TRIPSAGE_FAIL_FIELD(type[0] != 'D' && !m->now ? "/record" : "/old_record", "expected the row");
    return TRIPSAGE_OK;
}

static const char *text_of(const tripsage__json *row, const char *name)
{
    return tripsage__json_text(tripsage__json_member(row, name));
}

/* ---- notifications ---- */

/* trip_collaborator.level, as migrations/postgres/0003_trips.sql has it. */
static const char *level_of(const tripsage__json *row)
{
    static const char *const words[] = {[2] = "view", [3] = "edit", [4] = "admin"};
    int64_t level = (int64_t)tripsage__json_number(tripsage__json_member(row, "level"));

    return level >= 2 && level <= 4 ? words[level] : NULL;
}

/* Title and address; TRIPSAGE_ENOTFOUND when one of them is gone. */
static tripsage_status look_up(tripsage_doc **trip, tripsage_doc **user, const tripsage *ts, const tripsage__json *row)
{
    tripsage_actor *service = NULL;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage_actor_service(&service));
    TRIPSAGE_TRY(tripsage_trip_get(trip, ts->trips, service, text_of(row, "trip_id")));
    TRIPSAGE_TRY(tripsage_auth_admin_user_get(user, ts->auth, service, text_of(row, "user_id")));
    TRIPSAGE_TRY(tripsage__doc_read(*trip));
    TRIPSAGE_TRY(tripsage__doc_read(*user));
out:
    tripsage_actor_free(service);
    return status;
}

static tripsage_status notify(tripsage__buf *answer, const tripsage *ts, const message *m)
{
    const tripsage__json *row = m->now ? m->now : m->before;
    const char *level = level_of(row), *event = !m->now ? "removed" : !m->before ? "shared" : "level";
    const char *mail = "none", *to;
    tripsage_doc *trip = NULL, *user = NULL;
    tripsage_status status = TRIPSAGE_OK;

    if (strcmp(m->table, "trip_collaborator") != 0)
        return TRIPSAGE_FAIL_FIELD("/table", "expected trip_collaborator");
    if (!text_of(row, "trip_id") || !text_of(row, "user_id") || !level)
        return TRIPSAGE_FAIL_FIELD(m->now ? "/record" : "/old_record", "expected trip_id, user_id and level");
    if (m->now && m->before && level_of(m->before) == level)
        event = "none";
    else
        status = look_up(&trip, &user, ts, row);
    to = user ? tripsage_doc_text(user, "/email") : NULL;
    if (status == TRIPSAGE_ENOTFOUND) {
        event = "none";
        status = TRIPSAGE_OK;
    } else if (status == TRIPSAGE_OK && to && to[0]) { /* guests have no address */
        status = tripsage__auth_mail_about_trip(ts->auth, to, event, tripsage_doc_text(trip, "/title"), level);
        mail = status == TRIPSAGE_OK ? "queued" : "none";
        if (status == TRIPSAGE_ENOTSUP)
            status = TRIPSAGE_OK;
    }
    tripsage__buf_printf(answer, "{\"event\":\"%s\",\"mail\":\"%s\",\"duplicate\":false}", event, mail);
    tripsage_doc_free(trip);
    tripsage_doc_free(user);
    return status;
}

/* ---- invalidation ---- */

static tripsage_status invalidate_tag(uint64_t *total, const tripsage *ts, const char *kind, const char *id)
{
    char tag[128];
    uint64_t deleted = 0;
    int size = id ? snprintf(tag, sizeof tag, "%s:%s", kind, id) : 0;
    tripsage_status status = TRIPSAGE_OK;

    if (size > 0 && size < (int)sizeof tag)
        status = tripsage_cache_invalidate_tag(&deleted, ts->cache, tag, (size_t)size);
    *total += deleted;
    return status;
}

static tripsage_status invalidate(tripsage__buf *answer, const tripsage *ts, const message *m)
{
    const tripsage__json *rows[2] = {m->now, m->before};
    int is_trip = strcmp(m->table, "trip") == 0, is_account = strcmp(m->table, "account") == 0;
    uint64_t total = 0;
    tripsage_status status;

    TRIPSAGE_TRY(invalidate_tag(&total, ts, "table", m->table));
    for (int i = 0; i < 2; i++) {
        TRIPSAGE_TRY(invalidate_tag(&total, ts, "trip", text_of(rows[i], is_trip ? "id" : "trip_id")));
        TRIPSAGE_TRY(invalidate_tag(&total, ts, "user", text_of(rows[i], is_account ? "id" : "user_id")));
    }
    tripsage__buf_printf(answer, "{\"invalidated\":%llu,\"duplicate\":false}", (unsigned long long)total);
out:
    return status;
}

tripsage_status tripsage_webhook_receive(tripsage_doc **out, tripsage *ts, tripsage_webhook_kind kind,
                                         const char *secret, const tripsage_webhook *hook)
{
    message m = {NULL, NULL, NULL, NULL};
    tripsage_doc *doc = NULL;
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(check(hook, secret, tripsage__now_ms(tripsage__store_env(ts->store)) / 1000));
    TRIPSAGE_TRY(read_message(&m, hook));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 128));
    if (was_heard(ts, hook)) {
        TRIPSAGE__LIT(&doc->json, "{\"duplicate\":true}");
        goto out;
    }
    status = kind == TRIPSAGE_WEBHOOK_TRIP_NOTIFICATION ? notify(&doc->json, ts, &m) : invalidate(&doc->json, ts, &m);
    if (status == TRIPSAGE_OK)
        status = tripsage__buf_status(&doc->json);
    if (status != TRIPSAGE_OK)
        forget(ts, hook);
out:
    tripsage__json_free(m.root);
    return tripsage__doc_finish(out, doc, status);
}
