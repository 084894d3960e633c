/* trip/note.c: notes: what the members of a trip tell each other. Nobody else sees them, not even that they are there.
 *
 * Who edits the trip writes notes; an author changes and deletes his own, an admin and the owner everybody's. A note of the
 * service role has no author. */
#include "trip/note.h"

/* ---- statements: $1..$3 are the gate's, $4 the note's id ---- */

/* $5 now, $6 content, $7..$9 the idempotency key */
const tripsage__statement tripsage__sql_note_insert = {
    "note_insert",
    "INSERT INTO trip_note (id, trip_id, user_id, version, created_at, updated_at, content)"
    " SELECT $4, t.id, $1, 1, $5, $5, $6 FROM trip t WHERE t.id = $3 AND " TRIPSAGE__SQL_MAY_EDIT
    " AND " TRIPSAGE__SQL_FIRST_TIME("$1", "$7", "$8", "$9") " AND (SELECT count(*) FROM trip_note n WHERE n.trip_id ="
                                                             " $3) < 1000", /* TRIPSAGE__NOTES_MAX */
    NULL};

/* $1 the note's id */
const tripsage__statement tripsage__sql_note_index = {
    "note_index",
    "INSERT INTO trip_search (rowid, acl, title, body, private, kind, id, trip_id)"
    " SELECT n.seq * 4 + 2, " TRIPSAGE__SQL_ACL_MEMBERS ", '', n.content, '', 'note', n.id, t.id"
    " FROM trip_note n JOIN trip t ON t.id = n.trip_id WHERE n.id = $1 AND changes() > 0",
    ""};

/* The note is the actor's to change, as far as rights go; `n` is the note, `version` the one it must have, or 0. */
#define MAY_CHANGE(version)                                                                                            \
    "n.id = $4 AND n.trip_id = $3 AND (" version " = 0 OR n.version = " version ") AND EXISTS (SELECT 1 FROM trip t "  \
    "WHERE t.id = $3 AND " TRIPSAGE__SQL_MAY_EDIT " AND ((n.user_id = $1 AND $2 = 0) OR " TRIPSAGE__SQL_MAY_INVITE     \
    "))"

/* $5 the version it must have, or 0; $6 now, $7 content or NULL */
const tripsage__statement tripsage__sql_note_update = {"note_update",
                                                       "UPDATE trip_note AS n SET version = version + 1, updated_at = "
                                                       "$6, content = COALESCE($7, content) WHERE " MAY_CHANGE("$5"),
                                                       NULL};

/* $1 the note's id */
const tripsage__statement tripsage__sql_note_reindex = {
    "note_reindex",
    "UPDATE trip_search SET body = (SELECT content FROM trip_note WHERE id = $1)"
    " WHERE rowid = (SELECT seq * 4 + 2 FROM trip_note WHERE id = $1) AND changes() > 0",
    ""};

/* Before the note goes, while its row can still be found. */
const tripsage__statement tripsage__sql_note_unindex = {
    "note_unindex",
    "DELETE FROM trip_search WHERE rowid = (SELECT n.seq * 4 + 2 FROM trip_note n WHERE " MAY_CHANGE("$5") ")", ""};

const tripsage__statement tripsage__sql_note_delete = {"note_delete",
                                                       "DELETE FROM trip_note AS n WHERE " MAY_CHANGE("$5"), NULL};

const tripsage__statement tripsage__sql_note_select = {"note_select",
                                                       "SELECT " TRIPSAGE__SQL_NOTE_COLUMNS
                                                       " FROM trip_note n JOIN trip t ON t.id = n.trip_id"
                                                       " WHERE n.id = $4 AND t.id = $3 AND " TRIPSAGE__SQL_MAY_VIEW,
                                                       NULL};

const tripsage__statement tripsage__sql_note_list = {"note_list",
                                                     "SELECT " TRIPSAGE__SQL_NOTE_COLUMNS
                                                     " FROM trip t JOIN trip_note n ON n.trip_id = t.id"
                                                     " WHERE t.id = $3 AND " TRIPSAGE__SQL_MAY_VIEW " ORDER BY n.id",
                                                     NULL};

/* ---- the record ---- */

typedef struct note {
    const char *id, *trip_id, *user_id, *content;
    size_t content_size;
    int64_t version, created_at, updated_at;
} note;

static void put_note(tripsage__buf *json, const note *n)
{
    TRIPSAGE__LIT(json, "{\"id\":");
    tripsage__json_put_string(json, n->id);
    TRIPSAGE__LIT(json, ",\"trip_id\":");
    tripsage__json_put_string(json, n->trip_id);
    TRIPSAGE__LIT(json, ",\"user_id\":");
    tripsage__json_put_text(json, n->user_id[0] ? n->user_id : NULL, strlen(n->user_id));
    TRIPSAGE__LIT(json, ",\"content\":");
    tripsage__json_put_stringn(json, n->content, n->content_size);
    TRIPSAGE__LIT(json, ",\"version\":");
    tripsage__buf_int(json, n->version);
    TRIPSAGE__LIT(json, ",\"created_at\":");
    tripsage__json_put_instant(json, n->created_at);
    TRIPSAGE__LIT(json, ",\"updated_at\":");
    tripsage__json_put_instant(json, n->updated_at);
    tripsage__buf_putc(json, '}');
}

/* A text of a column that may not be null; NULL there says that SQLite found no memory. */
static const char *text_of(const tripsage__row *row, int column, size_t *size)
{
    const char *text = tripsage__row_text(row, column, size);

    return text ? text : "";
}

void tripsage__note_put(tripsage__buf *json, const tripsage__row *row)
{
    note n;

    n.id = text_of(row, 0, NULL);
    n.trip_id = text_of(row, 1, NULL);
    n.user_id = text_of(row, 2, NULL);
    n.content = text_of(row, 3, &n.content_size);
    n.version = tripsage__row_int(row, 4);
    n.created_at = tripsage__row_int(row, 5);
    n.updated_at = tripsage__row_int(row, 6);
    put_note(json, &n);
}

/* Reads {"content"}; *content stays NULL when an update leaves it out. */
static tripsage_status read_content(tripsage__reader *r, const char *json, size_t length, int is_update,
                                    const char **content)
{
    static const char *const read_only[] = {"id", "trip_id", "user_id", "version", "created_at", "updated_at"};
    tripsage_status status = tripsage__reader_open(r, json, length);

    *content = NULL;
    if (status != TRIPSAGE_OK)
        return status;
    if (tripsage__read_text(r, "content", !is_update, 1, 10000, content) == TRIPSAGE__NULL_VALUE)
        tripsage__reader_complain(r, "content", "must not be null");
    for (size_t i = 0; i < sizeof read_only / sizeof read_only[0]; i++)
        tripsage__read_ignored(r, read_only[i]);
    tripsage__reader_close_object(r);
    return tripsage__reader_status(r);
}

static tripsage_status no_such_note(void)
{
    return TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is no such note");
}

/* ---- create ---- */

static tripsage_status write_created(tripsage_trips *trips, const tripsage_actor *actor, tripsage__trip_gate *gate,
                                     tripsage__idempotency *key, const note *n, const tripsage_doc *answer,
                                     int64_t *inserted)
{
    tripsage__value params[9], index_params[1];
    tripsage__step steps[5];
    size_t count = 0;

    memcpy(params, gate->params, sizeof gate->params);
    params[3] = index_params[0] = tripsage__text(n->id);
    params[4] = tripsage__int(n->created_at);
    params[5] = tripsage__textn(n->content, n->content_size);
    tripsage__idempotency_params(key, &params[6]);

    steps[count++] = tripsage__trip_gate_step(gate);
    if (key->used)
        steps[count++] = tripsage__idempotency_find_step(key);
    steps[count] = tripsage__step_of(&tripsage__sql_note_insert, params, 9);
    steps[count++].changes = inserted;
    steps[count++] = tripsage__step_of(&tripsage__sql_note_index, index_params, 1);
    if (key->used)
        steps[count++] = tripsage__idempotency_keep_step(key, n->id, answer);
    return tripsage__store_write(trips->store, actor, steps, count);
}

/* Everything past the input: writes the note and hands out the answer, or the one an earlier call got. */
static tripsage_status create(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                              tripsage__trip_gate *gate, tripsage__idempotency *key, const char *content)
{
    char id[TRIPSAGE__UUID_SIZE];
    tripsage_doc *doc = NULL;
    note n = {id, gate->trip_id, actor->user_id, content, strlen(content), 1, 0, 0};
    int64_t inserted = 0;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__uuid7(trips->env, id));
    n.created_at = n.updated_at = tripsage__now_ms(trips->env);
    TRIPSAGE_TRY(tripsage__doc_new(&doc, n.content_size + 320));
    put_note(&doc->json, &n);
    doc->version = 1;
    TRIPSAGE_TRY(tripsage__buf_status(&doc->json));
    TRIPSAGE_TRY(write_created(trips, actor, gate, key, &n, doc, &inserted));
    if (tripsage__idempotency_replay(&status, out, key)) {
        tripsage_doc_free(doc);
        return status;
    }
    TRIPSAGE_TRY(tripsage__trip_gate_check(gate, TRIPSAGE__ROLE_EDIT, 0));
    if (!inserted)
        status = TRIPSAGE_FAIL(TRIPSAGE_ELIMIT, "a trip holds at most %d notes", TRIPSAGE__NOTES_MAX);
out:
    return tripsage__doc_finish(out, doc, status);
}

tripsage_status tripsage_note_create(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                     const char *trip_id, const char *json, size_t length,
                                     const tripsage_write_options *options)
{
    tripsage_write_options how;
    tripsage__trip_gate gate;
    tripsage__idempotency key;
    tripsage__reader reader;
    const char *content;
    tripsage_status status;

    *out = NULL;
    memset(&key, 0, sizeof key);
    memset(&reader, 0, sizeof reader);
    TRIPSAGE_TRY(tripsage__actor_check_scope(actor, TRIPSAGE__SCOPE_TRIPS_WRITE));
    TRIPSAGE_TRY(tripsage__trip_gate_init(&gate, actor, trip_id));
    TRIPSAGE_TRY(tripsage__write_options_read(&how, options));
    TRIPSAGE_TRY(read_content(&reader, json, length, 0, &content));
    TRIPSAGE_TRY(tripsage__idempotency_init(&key, trips, actor, how.idempotency_key, TRIPSAGE__CREATES_NOTE,
                                            gate.trip_id, json, length));
    status = create(out, trips, actor, &gate, &key, content);
out:
    tripsage__idempotency_free(&key);
    tripsage__reader_free(&reader);
    return status;
}

/* ---- list, get ---- */

static void list_begin(void *context)
{
    tripsage__note_listing *l = context;

    l->json->size = l->start;
    l->count = 0;
}

static tripsage_status list_row(void *context, const tripsage__row *row)
{
    tripsage__note_listing *l = context;

    if (l->count++)
        tripsage__buf_putc(l->json, ',');
    tripsage__note_put(l->json, row);
    return TRIPSAGE_OK;
}

tripsage__step tripsage__note_list_step(tripsage__note_listing *listing, const tripsage__trip_gate *gate)
{
    tripsage__step step = tripsage__step_of(&tripsage__sql_note_list, gate->params, 3);

    listing->start = listing->json->size;
    step.on_begin = list_begin;
    step.on_row = list_row;
    step.context = listing;
    return step;
}

tripsage_status tripsage_note_list(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                   const char *trip_id)
{
    tripsage__trip_gate gate;
    tripsage__note_listing listing = {NULL, 0, 0};
    tripsage__step steps[2];
    tripsage_doc *doc = NULL;
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__trip_gate_init(&gate, actor, trip_id));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 1024));
    TRIPSAGE__LIT(&doc->json, "{\"items\":[");
    listing.json = &doc->json;
    steps[0] = tripsage__trip_gate_step(&gate);
    steps[1] = tripsage__note_list_step(&listing, &gate);
    TRIPSAGE_TRY(tripsage__store_read(trips->store, actor, steps, 2));
    TRIPSAGE_TRY(tripsage__trip_gate_check(&gate, TRIPSAGE__ROLE_VIEW, 0));
    tripsage__buf_printf(&doc->json, "],\"total\":%zu}", listing.count);
out:
    return tripsage__doc_finish(out, doc, status);
}

/* One note, as a step's context. */
typedef struct finding {
    tripsage_doc *doc;
    char author[TRIPSAGE__UUID_SIZE];
} finding;

static void finding_begin(void *context)
{
    finding *f = context;

    f->doc->json.size = 0;
    f->doc->version = 0;
}

static tripsage_status finding_row(void *context, const tripsage__row *row)
{
    finding *f = context;
    const char *author = text_of(row, 2, NULL);
    size_t length = strnlen(author, sizeof f->author - 1);

    memcpy(f->author, author, length);
    f->author[length] = '\0';
    f->doc->version = tripsage__row_int(row, 4);
    tripsage__note_put(&f->doc->json, row);
    return tripsage__buf_status(&f->doc->json); /* told before the commit: what cannot be answered is not done */
}

static tripsage__step finding_step(finding *f, const tripsage__value *params)
{
    tripsage__step step = tripsage__step_of(&tripsage__sql_note_select, params, 4);

    step.on_begin = finding_begin;
    step.on_row = finding_row;
    step.context = f;
    return step;
}

tripsage_status tripsage_note_get(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                  const char *trip_id, const char *note_id)
{
    char id[TRIPSAGE__UUID_SIZE];
    tripsage__trip_gate gate;
    tripsage__value params[4];
    tripsage__step steps[2];
    finding f = {NULL, ""};
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__trip_gate_init(&gate, actor, trip_id));
    if (!note_id || !tripsage__uuid_parse(note_id, id))
        return no_such_note();
    TRIPSAGE_TRY(tripsage__doc_new(&f.doc, 1024));
    memcpy(params, gate.params, sizeof gate.params);
    params[3] = tripsage__text(id);
    steps[0] = tripsage__trip_gate_step(&gate);
    steps[1] = finding_step(&f, params);
    TRIPSAGE_TRY(tripsage__store_read(trips->store, actor, steps, 2));
    TRIPSAGE_TRY(tripsage__trip_gate_check(&gate, TRIPSAGE__ROLE_VIEW, 0));
    if (!f.doc->version)
        status = no_such_note();
out:
    return tripsage__doc_finish(out, f.doc, status);
}

/* ---- update, delete ---- */

/* Why a change was refused, from the note as it was before. */
static tripsage_status explain(const tripsage__trip_gate *gate, const finding *before, const tripsage_actor *actor,
                               int64_t if_version)
{
    tripsage_status status = tripsage__trip_gate_check(gate, TRIPSAGE__ROLE_EDIT, 0);

    if (status != TRIPSAGE_OK)
        return status;
    if (!before->doc->version)
        return no_such_note();
    if (gate->role < TRIPSAGE__ROLE_ADMIN && strcmp(before->author, actor->user_id) != 0)
        return TRIPSAGE_FAIL(TRIPSAGE_EFORBIDDEN, "the note is somebody else's; to change it takes the role admin");
    return TRIPSAGE_FAIL(TRIPSAGE_EPRECONDITION, "the note is at version %lld, not %lld",
                         (long long)before->doc->version, (long long)if_version);
}

tripsage_status tripsage_note_update(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                     const char *trip_id, const char *note_id, const char *json, size_t length,
                                     const tripsage_write_options *options)
{
    char id[TRIPSAGE__UUID_SIZE];
    tripsage_write_options how;
    tripsage__trip_gate gate;
    tripsage__reader reader;
    tripsage__value params[7], index_params[1];
    tripsage__step steps[5];
    finding before = {NULL, ""}, after = {NULL, ""};
    const char *content;
    int64_t changed = 0;
    tripsage_status status;

    *out = NULL;
    memset(&reader, 0, sizeof reader);
    TRIPSAGE_TRY(tripsage__actor_check_scope(actor, TRIPSAGE__SCOPE_TRIPS_WRITE));
    TRIPSAGE_TRY(tripsage__trip_gate_init(&gate, actor, trip_id));
    TRIPSAGE_TRY(tripsage__write_options_read(&how, options));
    if (!note_id || !tripsage__uuid_parse(note_id, id))
        return no_such_note();
    TRIPSAGE_TRY(read_content(&reader, json, length, 1, &content));
    TRIPSAGE_TRY(tripsage__doc_new(&before.doc, 0));
    TRIPSAGE_TRY(tripsage__doc_new(&after.doc, 1024));
    memcpy(params, gate.params, sizeof gate.params);
    params[3] = index_params[0] = tripsage__text(id);
    params[4] = tripsage__int(how.if_version);
    params[5] = tripsage__int(tripsage__now_ms(trips->env));
    params[6] = tripsage__text(content);
    steps[0] = tripsage__trip_gate_step(&gate);
    steps[1] = finding_step(&before, params);
    steps[2] = tripsage__step_of(&tripsage__sql_note_update, params, 7);
    steps[2].changes = &changed;
    steps[3] = tripsage__step_of(&tripsage__sql_note_reindex, index_params, 1);
    steps[4] = finding_step(&after, params);
    TRIPSAGE_TRY(tripsage__store_write(trips->store, actor, steps, 5));
    if (!changed)
        status = explain(&gate, &before, actor, how.if_version);
out:
    tripsage__reader_free(&reader);
    tripsage_doc_free(before.doc);
    return tripsage__doc_finish(out, after.doc, status);
}

tripsage_status tripsage_note_delete(tripsage_trips *trips, const tripsage_actor *actor, const char *trip_id,
                                     const char *note_id, const tripsage_write_options *options)
{
    char id[TRIPSAGE__UUID_SIZE];
    tripsage_write_options how;
    tripsage__trip_gate gate;
    tripsage__value params[5];
    tripsage__step steps[4];
    finding before = {NULL, ""};
    int64_t deleted = 0;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__actor_check_scope(actor, TRIPSAGE__SCOPE_TRIPS_WRITE));
    TRIPSAGE_TRY(tripsage__trip_gate_init(&gate, actor, trip_id));
    TRIPSAGE_TRY(tripsage__write_options_read(&how, options));
    if (!note_id || !tripsage__uuid_parse(note_id, id))
        return no_such_note();
    TRIPSAGE_TRY(tripsage__doc_new(&before.doc, 0));
    memcpy(params, gate.params, sizeof gate.params);
    params[3] = tripsage__text(id);
    params[4] = tripsage__int(how.if_version);
    steps[0] = tripsage__trip_gate_step(&gate);
    steps[1] = finding_step(&before, params);
    steps[2] = tripsage__step_of(&tripsage__sql_note_unindex, params, 5);
    steps[3] = tripsage__step_of(&tripsage__sql_note_delete, params, 5);
    steps[3].changes = &deleted;
    TRIPSAGE_TRY(tripsage__store_write(trips->store, actor, steps, 4));
    if (!deleted)
        status = explain(&gate, &before, actor, how.if_version);
out:
    tripsage_doc_free(before.doc);
    return status;
}
