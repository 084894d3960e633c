/* auth/sessions.c: the calls of tripsage/auth.h about one's own sessions. */
#include <string.h>

#include "auth/project.h"
#include "auth/statements.h"

typedef struct listing {
    tripsage_doc *doc;
    const char *current;
    int count;
} listing;

static void begin_rows(void *context)
{
    listing *l = context;

    l->doc->json.size = 0;
    l->doc->json.failed = TRIPSAGE_OK;
    l->count = 0;
    TRIPSAGE__LIT(&l->doc->json, "{\"sessions\":[");
}

static void put_text(tripsage__buf *json, const tripsage__row *row, int column)
{
    size_t size;
    const char *text = tripsage__row_text(row, column, &size);

    tripsage__json_put_text(json, text, size);
}

/* In the order of SESSION_COLUMNS in statements.c. */
static tripsage_status put_row(void *context, const tripsage__row *row)
{
    listing *l = context;
    tripsage__buf *json = &l->doc->json;
    int64_t not_after = tripsage__row_int(row, 3);

    tripsage__buf_puts(json, l->count++ ? ",{\"id\":" : "{\"id\":");
    put_text(json, row, 0);
    TRIPSAGE__LIT(json, ",\"created_at\":");
    tripsage__json_put_instant(json, tripsage__row_int(row, 1));
    TRIPSAGE__LIT(json, ",\"refreshed_at\":");
    tripsage__json_put_instant(json, tripsage__row_int(row, 2));
    if (not_after) {
        TRIPSAGE__LIT(json, ",\"not_after\":");
        tripsage__json_put_instant(json, not_after);
    }
    tripsage__buf_puts(json,
                       tripsage__row_int(row, 5) == 2 ? ",\"aal\":\"aal2\",\"amr\":" : ",\"aal\":\"aal1\",\"amr\":");
    tripsage__buf_puts(json, tripsage__row_text(row, 6, NULL));
    TRIPSAGE__LIT(json, ",\"user_agent\":");
    put_text(json, row, 7);
    TRIPSAGE__LIT(json, ",\"ip\":");
    put_text(json, row, 8);
    tripsage__buf_puts(json, strcmp(l->current, tripsage__row_text(row, 0, NULL)) == 0 ? ",\"current\":true}"
                                                                                       : ",\"current\":false}");
    return tripsage__buf_status(json);
}

tripsage_status tripsage_auth_session_list(tripsage_doc **sessions, tripsage_auth *auth, const tripsage_actor *actor)
{
    listing l = {NULL, NULL, 0};
    tripsage__value params[2];
    const tripsage__step step = {.statement = &tripsage__sql_session_list,
                                 .params = params,
                                 .param_count = 2,
                                 .on_begin = begin_rows,
                                 .on_row = put_row,
                                 .context = &l};
    tripsage_status status;

    *sessions = NULL;
    TRIPSAGE_TRY(tripsage__actor_check(actor));
    TRIPSAGE_TRY(tripsage__project_lacks(auth, "list of sessions"));
    params[0] = tripsage__text(actor->user_id);
    params[1] = tripsage__int(tripsage__now_ms(auth->env));
    l.current = actor->session_id;
    TRIPSAGE_TRY(tripsage__doc_new(&l.doc, 1024));
    TRIPSAGE_TRY(tripsage__store_read(auth->store, NULL, &step, 1));
    TRIPSAGE__LIT(&l.doc->json, "]}");
out:
    return tripsage__doc_finish(sessions, l.doc, status);
}

tripsage_status tripsage_auth_session_revoke(tripsage_auth *auth, const tripsage_actor *actor, const char *session_id)
{
    char id[TRIPSAGE__UUID_SIZE];
    tripsage__value params[2];
    int64_t ended = 0;
    const tripsage__step step = {
        .statement = &tripsage__sql_session_end, .params = params, .param_count = 2, .changes = &ended};
    tripsage_status status = tripsage__actor_check(actor);

    if (status != TRIPSAGE_OK)
        return status;
    if (!session_id || !tripsage__uuid_parse(session_id, id))
        return TRIPSAGE_FAIL_FIELD("#session_id", "expected a UUID");
    if (auth->supabase)
        return strcmp(id, actor->session_id) == 0 ? tripsage_auth_sign_out(auth, actor, TRIPSAGE_SIGN_OUT_LOCAL)
                                                  : tripsage__project_lacks(auth, "call to end one session of many");
    params[0] = tripsage__text(id);
    params[1] = tripsage__text(actor->user_id);
    status = tripsage__store_write(auth->store, NULL, &step, 1);
    tripsage__verified_forget(auth->verified, actor->user_id); /* even where the outcome is unknown */
    if (status == TRIPSAGE_OK && !ended)
        return TRIPSAGE_FAIL_REASON(TRIPSAGE_ENOTFOUND, "session_not_found", "no session %s", id);
    return status;
}
