/* auth/keys.c: API keys: made, listed, replaced, revoked, verified. Each call is one read or one write, but for the read that tells why
 * a write refused. */
#include <stdio.h>
#include <string.h>

#include "auth/audit.h"
#include "auth/project.h"
#include "auth/statements.h"
#include "base/crypto.h"
#include "base/doc.h"
#include "base/json.h"
#include "base/memory.h"

/* A name as people write it beside a key. */
#define NAME_MAX_CHARACTERS 100
/* Ten years, in seconds: beyond it a key has no end. */
#define LIFE_MAX_S INT64_C(315360000)
/* 90 days: by then every program has been given the new key, or nobody looks after it. */
#define OVERLAP_MAX_S (90u * 86400)
/* All that there are. */
#define SCOPES_MAX 4
/* All of them with a space between two. */
#define SCOPES_SIZE 64
/* As a page in the dashboard of Supabase: 1,000 keys are each looked after by somebody, which is also what a list gives at once. */
#define KEYS_MAX 1000

/* How much of a key is told: what says its kind, and six characters (36 of its 132 bits, or of a scoped key's public id). */
#define SHOWN_RANDOM 6

static tripsage_status check_service(const tripsage_actor *actor)
{
    tripsage_status status = tripsage__actor_check(actor);

    if (status == TRIPSAGE_OK && !actor->is_service)
        status = TRIPSAGE_FAIL(TRIPSAGE_EFORBIDDEN, "API keys are for the service role");
    return status;
}

/* ---- a new key ---- */

typedef struct new_key {
    tripsage__api_key_kind kind;
    const char *name; /* borrowed */
    char scopes[SCOPES_SIZE];
    char user_id[TRIPSAGE__UUID_SIZE];
    int64_t life_s; /* 0: no end */
    /* made: */
    char id[TRIPSAGE__UUID_SIZE];
    char text[TRIPSAGE__API_KEY_SIZE];
    char hash[TRIPSAGE__API_KEY_HASH_SIZE];
    char shown[TRIPSAGE__API_KEY_SIZE + 4];
    int64_t now_ms;
} new_key;

static tripsage_status make_text(new_key *key, tripsage_auth *auth)
{
    size_t random = key->kind == TRIPSAGE__API_KEY_SCOPED ? strlen("tsk_") : strlen("sb_secret_");
    tripsage_status status;

    key->now_ms = tripsage__now_ms(auth->env);
    TRIPSAGE_TRY(tripsage__uuid7(auth->env, key->id));
    TRIPSAGE_TRY(tripsage__api_key_make(key->text, auth->env, key->kind, key->id));
    TRIPSAGE_TRY(tripsage__api_key_hash(key->hash, key->text, strlen(key->text)));
    if (key->kind == TRIPSAGE__API_KEY_PUBLISHABLE)
        snprintf(key->shown, sizeof key->shown, "%s", key->text);
    else
        snprintf(key->shown, sizeof key->shown, "%.*s...", (int)random + SHOWN_RANDOM, key->text);
out:
    return status;
}

static void read_scopes(tripsage__reader *r, new_key *key, int required)
{
    const tripsage__json *list;
    size_t index = 0, length = 0;

    if (tripsage__read_array(r, "scopes", required, 1, SCOPES_MAX, &list) != TRIPSAGE__PRESENT)
        return;
    for (const tripsage__json *at = tripsage__json_first(list); at; at = tripsage__json_next(at), index++) {
        const char *word = tripsage__json_text(at);

        if (!word || !tripsage__scope_of(word, strlen(word))) {
            tripsage__reader_complain(r, "scopes",
                                      "expected trips:read, trips:write, vectors:read or vectors:write at %zu", index);
            return;
        }
        length += (size_t)snprintf(key->scopes + length, sizeof key->scopes - length, "%s%s", index ? " " : "", word);
    }
}

static void read_new_key(tripsage__reader *r, new_key *key)
{
    const char *word = NULL;

    (void)tripsage__read_text(r, "name", TRIPSAGE__REQUIRED, 1, NAME_MAX_CHARACTERS, &key->name);
    (void)tripsage__read_word(r, "kind", TRIPSAGE__REQUIRED, tripsage__api_key_kinds, &word);
    for (int kind = 0; word && kind < TRIPSAGE__API_KEY_KINDS; kind++)
        if (strcmp(word, tripsage__api_key_kinds[kind]) == 0)
            key->kind = (tripsage__api_key_kind)kind;
    if (word && key->kind == TRIPSAGE__API_KEY_SCOPED) {
        read_scopes(r, key, TRIPSAGE__REQUIRED);
        (void)tripsage__read_uuid(r, "user_id", TRIPSAGE__REQUIRED, key->user_id);
    }
    (void)tripsage__read_int(r, "expires_in", TRIPSAGE__OPTIONAL, 1, LIFE_MAX_S, &key->life_s);
}

/* ---- what goes out ---- */

static void put_scopes(tripsage__buf *buf, const char *scopes)
{
    TRIPSAGE__LIT(buf, ",\"scopes\":[");
    while (*scopes) {
        size_t length = strcspn(scopes, " ");

        tripsage__json_put_stringn(buf, scopes, length);
        scopes += length;
        if (*scopes == ' ') {
            scopes++;
            tripsage__buf_putc(buf, ',');
        }
    }
    tripsage__buf_putc(buf, ']');
}

static void put_instant(tripsage__buf *buf, const char *name, int64_t ms)
{
    tripsage__buf_puts(buf, name);
    tripsage__json_put_instant(buf, ms);
}

enum { ID, NAME, KIND, SCOPES, USER_ID, SHOWN, CREATED_AT, EXPIRES_AT, LAST_USED_AT, REVOKED_AT, REPLACED_BY };
/* Of the one that is verified, and null where nobody is behind it: until when its user is banned, and since when he is deleted. */
enum { BANNED_UNTIL = REPLACED_BY + 1, DELETED_AT };

static void put_text_column(tripsage__buf *buf, const char *name, const tripsage__row *row, int column)
{
    size_t size;
    const char *text = tripsage__row_text(row, column, &size);

    if (!text)
        return;
    tripsage__buf_puts(buf, name);
    tripsage__json_put_stringn(buf, text, size);
}

static void put_instant_column(tripsage__buf *buf, const char *name, const tripsage__row *row, int column)
{
    if (!tripsage__row_is_null(row, column))
        put_instant(buf, name, tripsage__row_int(row, column));
}

/* Left open, for what only the call that made it can add. */
static void put_open(tripsage__buf *buf, const tripsage__row *row)
{
    const char *scopes = tripsage__row_text(row, SCOPES, NULL);

    put_text_column(buf, "{\"id\":", row, ID);
    put_text_column(buf, ",\"name\":", row, NAME);
    put_text_column(buf, ",\"kind\":", row, KIND);
    put_scopes(buf, scopes ? scopes : "");
    put_text_column(buf, ",\"user_id\":", row, USER_ID);
    put_text_column(buf, ",\"shown\":", row, SHOWN);
    put_instant_column(buf, ",\"created_at\":", row, CREATED_AT);
    put_instant_column(buf, ",\"expires_at\":", row, EXPIRES_AT);
    put_instant_column(buf, ",\"last_used_at\":", row, LAST_USED_AT);
    put_instant_column(buf, ",\"revoked_at\":", row, REVOKED_AT);
    put_text_column(buf, ",\"replaced_by\":", row, REPLACED_BY);
}

/* The rows of a read, one after the other; each closed. */
typedef struct key_rows {
    tripsage__buf *buf;
    size_t start; /* what stands before the first */
    size_t count;
} key_rows;

static void begin_rows(void *context)
{
    key_rows *rows = context;

    rows->buf->size = rows->start;
    rows->count = 0;
}

static tripsage_status take_row(void *context, const tripsage__row *row)
{
    key_rows *rows = context;

    if (rows->count++)
        tripsage__buf_putc(rows->buf, ',');
    put_open(rows->buf, row);
    tripsage__buf_putc(rows->buf, '}');
    return tripsage__buf_status(rows->buf);
}

/* Puts the key into the last record, before its brace. */
static void add_text(tripsage__buf *buf, const new_key *key)
{
    if (buf->failed)
        return;
    buf->size--;
    TRIPSAGE__LIT(buf, ",\"key\":\"");
    tripsage__buf_puts(buf, key->text); /* base64url: nothing to escape */
    TRIPSAGE__LIT(buf, "\"}");
}

/* ---- made ---- */

typedef struct refusal {
    int has_user, has_name;
} refusal;

static void begin_refusal(void *context)
{
    memset(context, 0, sizeof(refusal));
}

/* A comparison is an integer to SQLite and a boolean to PostgreSQL, which the driver gives as an integer as well. */
static tripsage_status take_refusal(void *context, const tripsage__row *row)
{
    refusal *r = context;

    r->has_user = tripsage__row_int(row, 0) != 0;
    r->has_name = tripsage__row_int(row, 1) != 0;
    return TRIPSAGE_OK;
}

/* Writes the key and its row in the trail; 0 in *made where it was refused. The record goes to `rows`. */
static tripsage_status insert_key(int64_t *made, refusal *why, key_rows *rows, tripsage_auth *auth,
                                  const tripsage_actor *actor, const new_key *key)
{
    const char *user_id = key->user_id[0] ? key->user_id : NULL;
    const tripsage__value params[] = {
        tripsage__text(key->id),
        tripsage__text(key->name),
        tripsage__text(tripsage__api_key_kinds[key->kind]),
        tripsage__text(key->scopes),
        tripsage__text(user_id),
        tripsage__text(key->hash),
        tripsage__text(key->shown),
        key->life_s ? tripsage__int(key->life_s * 1000) : tripsage__null_of(TRIPSAGE__INT),
        tripsage__int(key->now_ms),
    };
    static const char *const details[TRIPSAGE__API_KEY_KINDS] = {"{\"kind\":\"publishable\"}", "{\"kind\":\"secret\"}",
                                                                 "{\"kind\":\"scoped\"}"};
    const tripsage__value look[] = {params[4], params[2], params[1]};
    const tripsage__audit_event event = {.action = "api_key_created",
                                         .actor = tripsage__audit_actor(actor),
                                         .subject = key->id,
                                         .detail = details[key->kind],
                                         .if_changed = 1};
    tripsage__audit_entry entry;
    const tripsage__step steps[] = {
        {&tripsage__sql_api_key_look, look, 3, begin_refusal, take_refusal, why, NULL},
        {&tripsage__sql_api_key_insert, params, 9, NULL, NULL, NULL, made},
        tripsage__audit_step(&entry, auth->env, &event),
        {&tripsage__sql_api_key_by_id, params, 1, begin_rows, take_row, rows, NULL},
    };

    *made = 0;
    return tripsage__store_write(auth->store, NULL, steps, 4);
}

static tripsage_status refuse(const refusal *why, const new_key *key)
{
    if (!why->has_user)
        return TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is no user %s", key->user_id);
    if (why->has_name)
        return TRIPSAGE_FAIL(TRIPSAGE_EEXISTS, "there is a key of this kind and name; replace or revoke it");
    return TRIPSAGE_FAIL(TRIPSAGE_ELIMIT, "there are %d keys; revoke those that nobody uses", KEYS_MAX);
}

static tripsage_status create_key(tripsage__buf *buf, tripsage_auth *auth, const tripsage_actor *actor, new_key *key)
{
    key_rows rows = {buf, buf->size, 0};
    refusal why;
    int64_t made;
    tripsage_status status;

    TRIPSAGE_TRY(make_text(key, auth));
    TRIPSAGE_TRY(insert_key(&made, &why, &rows, auth, actor, key));
    if (!made)
        return refuse(&why, key);
    add_text(buf, key);
out:
    return status;
}

tripsage_status tripsage_auth_key_create(tripsage_doc **key, tripsage_auth *auth, const tripsage_actor *actor,
                                         const char *json, size_t length)
{
    tripsage__reader r = {0};
    new_key made = {0};
    tripsage_doc *doc = NULL;
    tripsage_status status;

    *key = NULL;
    TRIPSAGE_TRY(check_service(actor));
    TRIPSAGE_TRY(tripsage__reader_open(&r, json, length));
    read_new_key(&r, &made);
    tripsage__reader_close_object(&r);
    TRIPSAGE_TRY(tripsage__reader_status(&r));
    if (made.kind == TRIPSAGE__API_KEY_SCOPED)
        TRIPSAGE_TRY(tripsage__project_lacks(auth, "scoped keys, which are kept with accounts of this database"));
    TRIPSAGE_TRY(
        tripsage__doc_new(&doc, 1024)); /* longer than any record, so that the key is not left behind by growing */
    status = create_key(&doc->json, auth, actor, &made);
out:
    tripsage__reader_free(&r);
    tripsage__wipe(&made, sizeof made);
    return tripsage__doc_finish(key, doc, status);
}

/* ---- the project's own ---- */

typedef struct default_keys {
    tripsage__buf records[2]; /* publishable, secret: "" for none */
} default_keys;

static void begin_defaults(void *context)
{
    default_keys *keys = context;

    keys->records[0].size = keys->records[1].size = 0;
}

static tripsage_status take_default(void *context, const tripsage__row *row)
{
    default_keys *keys = context;
    const char *kind = tripsage__row_text(row, KIND, NULL);
    tripsage__buf *record = &keys->records[kind && strcmp(kind, "secret") == 0];

    put_open(record, row);
    if (record == &keys->records[0])
        put_text_column(record, ",\"key\":", row, SHOWN);
    tripsage__buf_putc(record, '}');
    return tripsage__buf_status(record);
}

static tripsage_status look_for_defaults(default_keys *keys, tripsage_auth *auth)
{
    const tripsage__step step = {&tripsage__sql_api_key_defaults, NULL, 0, begin_defaults, take_default, keys, NULL};

    return tripsage__store_read(auth->store, NULL, &step, 1);
}

/* Makes one that is missing; where another made it meanwhile, that one is taken. */
static tripsage_status make_default(tripsage__buf *record, tripsage_auth *auth, const tripsage_actor *actor,
                                    tripsage__api_key_kind kind)
{
    new_key key = {.kind = kind, .name = "default"};
    default_keys other = {{TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT), TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT)}};
    tripsage_status status = create_key(record, auth, actor, &key);

    if (status == TRIPSAGE_EEXISTS) {
        record->size = 0;
        TRIPSAGE_TRY(look_for_defaults(&other, auth));
        tripsage__buf_put(record, other.records[kind].data, other.records[kind].size);
        status = tripsage__buf_status(record);
    }
out:
    tripsage__wipe(&key, sizeof key);
    tripsage__buf_free(&other.records[0]);
    tripsage__buf_free(&other.records[1]);
    return status;
}

tripsage_status tripsage_auth_key_defaults(tripsage_doc **keys, tripsage_auth *auth, const tripsage_actor *actor,
                                           int with_secret)
{
    default_keys found = {{TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT), TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT)}};
    tripsage_doc *doc = NULL;
    tripsage_status status;

    *keys = NULL;
    TRIPSAGE_TRY(check_service(actor));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 2048));
    TRIPSAGE_TRY(look_for_defaults(&found, auth));
    for (int kind = TRIPSAGE__API_KEY_PUBLISHABLE; kind <= (with_secret ? TRIPSAGE__API_KEY_SECRET : 0); kind++)
        if (!found.records[kind].size)
            TRIPSAGE_TRY(make_default(&found.records[kind], auth, actor, (tripsage__api_key_kind)kind));
    TRIPSAGE__LIT(&doc->json, "{\"publishable\":");
    tripsage__buf_put(&doc->json, found.records[0].data, found.records[0].size);
    TRIPSAGE__LIT(&doc->json, ",\"secret\":");
    tripsage__buf_puts(&doc->json, found.records[1].size ? found.records[1].data : "null");
    tripsage__buf_putc(&doc->json, '}');
out:
    for (size_t i = 0; i < 2; i++) {
        tripsage__wipe(found.records[i].data, found.records[i].capacity);
        tripsage__buf_free(&found.records[i]);
    }
    return tripsage__doc_finish(keys, doc, status);
}

/* ---- listed ---- */

tripsage_status tripsage_auth_key_list(tripsage_doc **keys, tripsage_auth *auth, const tripsage_actor *actor)
{
    key_rows rows = {NULL, 0, 0};
    const tripsage__step step = {&tripsage__sql_api_key_list, NULL, 0, begin_rows, take_row, &rows, NULL};
    tripsage_doc *doc = NULL;
    tripsage_status status;

    *keys = NULL;
    TRIPSAGE_TRY(check_service(actor));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 4096));
    TRIPSAGE__LIT(&doc->json, "{\"items\":[");
    rows.buf = &doc->json;
    rows.start = doc->json.size;
    TRIPSAGE_TRY(tripsage__store_read(auth->store, NULL, &step, 1));
    TRIPSAGE__LIT(&doc->json, "]}");
out:
    return tripsage__doc_finish(keys, doc, status);
}

/* ---- replaced and revoked ---- */

/* What a key is, for a call about it by its id. */
typedef struct known_key {
    int found;
    tripsage__api_key_kind kind;
} known_key;

static void begin_known(void *context)
{
    ((known_key *)context)->found = 0;
}

static tripsage__api_key_kind kind_of(const char *word)
{
    for (int kind = 0; word && kind < TRIPSAGE__API_KEY_KINDS; kind++)
        if (strcmp(word, tripsage__api_key_kinds[kind]) == 0)
            return (tripsage__api_key_kind)kind;
    return TRIPSAGE__API_KEY_PUBLISHABLE; /* which may do the least */
}

static tripsage_status take_known(void *context, const tripsage__row *row)
{
    known_key *known = context;

    known->found = 1;
    known->kind = kind_of(tripsage__row_text(row, KIND, NULL));
    return TRIPSAGE_OK;
}

static tripsage_status check_id(char out[TRIPSAGE__UUID_SIZE], const char *key_id)
{
    if (!key_id || !tripsage__uuid_parse(key_id, out))
        return TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is no such API key");
    return TRIPSAGE_OK;
}

/* The kind decides what a new key looks like, so it is read first; it never changes. */
static tripsage_status read_kind(tripsage__api_key_kind *kind, tripsage_auth *auth, const char *id)
{
    const tripsage__value param = tripsage__text(id);
    known_key known = {0};
    const tripsage__step step = {&tripsage__sql_api_key_by_id, &param, 1, begin_known, take_known, &known, NULL};
    tripsage_status status = tripsage__store_read(auth->store, NULL, &step, 1);

    if (status == TRIPSAGE_OK && !known.found)
        status = TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is no such API key");
    *kind = known.kind;
    return status;
}

static tripsage_status replace_key(key_rows *rows, tripsage_auth *auth, const tripsage_actor *actor, const char *id,
                                   const new_key *key, uint32_t overlap_s)
{
    const tripsage__value old[] = {tripsage__text(id), tripsage__text(key->id), tripsage__int(key->now_ms),
                                   tripsage__int(key->now_ms + (int64_t)overlap_s * 1000)};
    const tripsage__value successor[] = {tripsage__text(id), tripsage__text(key->id), tripsage__int(key->now_ms),
                                         tripsage__text(key->hash), tripsage__text(key->shown)};
    char detail[80];
    const tripsage__audit_event event = {.action = "api_key_rotated",
                                         .actor = tripsage__audit_actor(actor),
                                         .subject = id,
                                         .detail = detail,
                                         .if_changed = 1};
    tripsage__audit_entry entry;
    int64_t replaced = 0;
    tripsage__step steps[] = {
        {&tripsage__sql_api_key_replace, old, 4, NULL, NULL, NULL, &replaced},
        {&tripsage__sql_api_key_successor, successor, 5, NULL, NULL, NULL, NULL},
        {0},
        {&tripsage__sql_api_key_by_id, &successor[1], 1, begin_rows, take_row, rows, NULL},
    };
    tripsage_status status;

    snprintf(detail, sizeof detail, "{\"replaced_by\":\"%s\"}", key->id);
    steps[2] = tripsage__audit_step(&entry, auth->env, &event);
    status = tripsage__store_write(auth->store, NULL, steps, 4);
    if (status == TRIPSAGE_OK && !replaced)
        status = TRIPSAGE_FAIL(TRIPSAGE_ECONFLICT, "the API key has ended, or was replaced already");
    return status;
}

tripsage_status tripsage_auth_key_rotate(tripsage_doc **key, tripsage_auth *auth, const tripsage_actor *actor,
                                         const char *key_id, uint32_t overlap_s)
{
    char id[TRIPSAGE__UUID_SIZE];
    new_key made = {0};
    tripsage_doc *doc = NULL;
    key_rows rows = {NULL, 0, 0};
    tripsage_status status;

    *key = NULL;
    TRIPSAGE_TRY(check_service(actor));
    if (overlap_s > OVERLAP_MAX_S)
        return TRIPSAGE_FAIL_FIELD("#overlap_s", "expected at most %u seconds, 90 days", OVERLAP_MAX_S);
    TRIPSAGE_TRY(check_id(id, key_id));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 1024));
    TRIPSAGE_TRY(read_kind(&made.kind, auth, id));
    TRIPSAGE_TRY(make_text(&made, auth));
    rows.buf = &doc->json;
    status = replace_key(&rows, auth, actor, id, &made, overlap_s);
    tripsage__keyring_forget(auth->keyring); /* the old one's end has come nearer; also where the outcome is unknown */
    if (status == TRIPSAGE_OK)
        add_text(&doc->json, &made);
out:
    tripsage__wipe(&made, sizeof made);
    return tripsage__doc_finish(key, doc, status);
}

tripsage_status tripsage_auth_key_revoke(tripsage_auth *auth, const tripsage_actor *actor, const char *key_id)
{
    char id[TRIPSAGE__UUID_SIZE];
    tripsage__value params[2];
    const tripsage__audit_event event = {
        .action = "api_key_revoked", .actor = tripsage__audit_actor(actor), .subject = id, .if_changed = 1};
    tripsage__audit_entry entry;
    known_key known = {0};
    tripsage__step steps[3] = {
        {&tripsage__sql_api_key_by_id, params, 1, begin_known, take_known, &known, NULL},
        {&tripsage__sql_api_key_revoke, params, 2, NULL, NULL, NULL, NULL},
    };
    tripsage_status status;

    TRIPSAGE_TRY(check_service(actor));
    TRIPSAGE_TRY(check_id(id, key_id));
    params[0] = tripsage__text(id);
    params[1] = tripsage__int(tripsage__now_ms(auth->env));
    steps[2] = tripsage__audit_step(&entry, auth->env, &event);
    status = tripsage__store_write(auth->store, NULL, steps, 3);
    tripsage__keyring_forget(auth->keyring);
    if (status == TRIPSAGE_OK && !known.found)
        status = TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is no such API key");
out:
    return status;
}

/* ---- verified ---- */

/* A key as it was found. */
typedef struct found_key {
    int found, revoked, used_lately;
    tripsage__api_key key;
    int64_t banned_until, deleted_at; /* its user: 0: not */
    int64_t now_ms;
} found_key;

static void begin_found(void *context)
{
    ((found_key *)context)->found = 0;
}

static void copy_id(char out[TRIPSAGE__UUID_SIZE], const tripsage__row *row, int column)
{
    const char *text = tripsage__row_text(row, column, NULL);

    snprintf(out, TRIPSAGE__UUID_SIZE, "%s", text ? text : "");
}

static uint32_t scopes_of(const char *words)
{
    uint32_t bits = 0;

    while (words && *words) {
        size_t length = strcspn(words, " ");

        bits |= tripsage__scope_of(words, length);
        words += length + (words[length] == ' ');
    }
    return bits;
}

static tripsage_status take_found(void *context, const tripsage__row *row)
{
    found_key *f = context;

    f->found = 1;
    f->revoked = !tripsage__row_is_null(row, REVOKED_AT);
    f->used_lately =
        !tripsage__row_is_null(row, LAST_USED_AT) && tripsage__row_int(row, LAST_USED_AT) > f->now_ms - 60000;
    copy_id(f->key.id, row, ID);
    copy_id(f->key.user_id, row, USER_ID);
    f->key.kind = kind_of(tripsage__row_text(row, KIND, NULL));
    f->key.scopes = scopes_of(tripsage__row_text(row, SCOPES, NULL));
    f->banned_until = tripsage__row_is_null(row, BANNED_UNTIL) ? 0 : tripsage__row_int(row, BANNED_UNTIL);
    f->deleted_at = tripsage__row_is_null(row, DELETED_AT) ? 0 : tripsage__row_int(row, DELETED_AT);
    f->key.expires_at = tripsage__row_is_null(row, EXPIRES_AT) ? INT64_MAX : tripsage__row_int(row, EXPIRES_AT);
    return TRIPSAGE_OK;
}

static tripsage_status judge(const found_key *f)
{
    if (!f->found)
        return TRIPSAGE_FAIL(TRIPSAGE_ETOKEN, "the API key is none of this project's");
    if (f->revoked)
        return TRIPSAGE_FAIL(TRIPSAGE_ETOKEN, "the API key was revoked");
    if (f->key.expires_at <= f->now_ms)
        return TRIPSAGE_FAIL(TRIPSAGE_EEXPIRED, "the API key's time is over");
    if (f->deleted_at)
        return TRIPSAGE_FAIL_REASON(TRIPSAGE_ETOKEN, "user_not_found", "the user of the API key was deleted");
    if (f->banned_until > f->now_ms)
        return TRIPSAGE_FAIL_REASON(TRIPSAGE_ETOKEN, "user_banned", "the user of the API key is banned");
    if (f->key.kind == TRIPSAGE__API_KEY_SCOPED && (!f->key.scopes || !f->key.user_id[0]))
        return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "the record of API key %s has no scope or no user", f->key.id);
    return TRIPSAGE_OK;
}

/* That it could not be noted is no reason to refuse the key: the store may be full, or only be read. */
static void note_use(tripsage_auth *auth, const found_key *f)
{
    const tripsage__value params[] = {tripsage__text(f->key.id), tripsage__int(f->now_ms)};
    const tripsage__step step = {&tripsage__sql_api_key_used, params, 2, NULL, NULL, NULL, NULL};

    if (!f->used_lately && tripsage__store_write(auth->store, NULL, &step, 1) != TRIPSAGE_OK)
        tripsage__log(auth->env, TRIPSAGE_LOG_WARN, "auth", "the use of API key %s was not noted: %s", f->key.id,
                      tripsage_last_error()->message);
}

static tripsage_status look_up(found_key *f, tripsage_auth *auth, const char *hash)
{
    const tripsage__value param = tripsage__text(hash);
    const tripsage__step step = {&tripsage__sql_api_key_by_hash, &param, 1, begin_found, take_found, f, NULL};
    tripsage_status status = tripsage__store_read(auth->store, NULL, &step, 1);

    return status == TRIPSAGE_OK ? judge(f) : status;
}

/* The key is believed before its use is noted: who comes meanwhile needs not note it, too. */
static tripsage_status find_key(tripsage__api_key *out, tripsage_auth *auth, const char *text, size_t length)
{
    const tripsage__keyring_name name = tripsage__keyring_name_of(auth->keyring, text, length);
    const uint64_t generation = tripsage__keyring_generation(auth->keyring);
    found_key f = {.used_lately = 1, .now_ms = tripsage__now_ms(auth->env)};
    char hash[TRIPSAGE__API_KEY_HASH_SIZE];
    tripsage_status status;

    if (tripsage__keyring_find(out, auth->keyring, name, f.now_ms))
        return TRIPSAGE_OK;
    TRIPSAGE_TRY(tripsage__api_key_hash(hash, text, length));
    if (!tripsage__keyring_is_given(&f.key, auth->keyring, hash)) {
        if (!tripsage__api_key_is_whole(text, length))
            return TRIPSAGE_FAIL(TRIPSAGE_ETOKEN, "this is no API key, or a mistyped one");
        TRIPSAGE_TRY(look_up(&f, auth, hash));
    }
    *out = f.key;
    tripsage__keyring_keep(auth->keyring, name, out, generation, f.now_ms);
    note_use(auth, &f);
out:
    return status;
}

static tripsage_status actor_of(tripsage_actor **actor, const tripsage__api_key *key)
{
    tripsage_status status;

    if (key->kind == TRIPSAGE__API_KEY_PUBLISHABLE)
        return TRIPSAGE_OK;
    if (key->kind == TRIPSAGE__API_KEY_SECRET)
        status = tripsage_actor_service(actor);
    else
        status = tripsage_actor_user(actor, key->user_id);
    if (status == TRIPSAGE_OK)
        memcpy((*actor)->key_id, key->id, sizeof key->id);
    if (status == TRIPSAGE_OK && key->kind == TRIPSAGE__API_KEY_SCOPED) {
        (*actor)->scopes = key->scopes;
        (*actor)->expires_at_ms = key->expires_at == INT64_MAX ? 0 : key->expires_at;
    }
    return status;
}

tripsage_status tripsage_auth_key_verify(tripsage_actor **actor, const char **role, tripsage_auth *auth,
                                         const char *key, size_t length)
{
    static const char *const roles[TRIPSAGE__API_KEY_KINDS] = {"anon", "service_role", "authenticated"};
    tripsage__api_key found;
    tripsage_status status;

    *actor = NULL;
    if (key && length == TRIPSAGE_NUL)
        length = strlen(key);
    if (!key || length < TRIPSAGE__API_KEY_MIN || length > TRIPSAGE__API_KEY_MAX)
        return TRIPSAGE_FAIL(TRIPSAGE_ETOKEN, "an API key has %d to %d characters", TRIPSAGE__API_KEY_MIN,
                             TRIPSAGE__API_KEY_MAX);
    TRIPSAGE_TRY(find_key(&found, auth, key, length));
    TRIPSAGE_TRY(actor_of(actor, &found));
    if (role)
        *role = roles[found.kind];
out:
    tripsage__count(auth->observer, TRIPSAGE__COUNT_TOKEN, tripsage_status_code(status));
    return status;
}
