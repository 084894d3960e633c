/* memory_remember.c: conversations become memories. */
#include <string.h>

#include "base/json.h"
#include "memories.h"

/* 100 messages: an evening's conversation. */
#define MESSAGES_MAX 100
/* 32,768 characters, as messages of a chat may have. */
#define MESSAGE_MAX 32768

typedef struct input {
    tripsage__reader reader;
    const char *session_id, *context_type;
    const tripsage__json *messages;
    int64_t message_count, statement_count;
} input;

static const char *const roles[] = {"user", "assistant", "system", "tool", NULL};

/* The content of a user's message; NULL for others, and for what is not acceptable. */
static const char *read_message(tripsage__reader *r, size_t index, const tripsage__json *node)
{
    const char *role = NULL, *content = NULL;

    tripsage__reader_enter_index(r, "messages", index, node);
    tripsage__read_word(r, "role", TRIPSAGE__REQUIRED, roles, &role);
    tripsage__read_text(r, "content", TRIPSAGE__REQUIRED, 0, MESSAGE_MAX, &content);
    tripsage__reader_close_object(r);
    return role == roles[0] ? content : NULL;
}

static tripsage_status add_message(tripsage__memory_batch *batch, input *in, const char *content)
{
    tripsage__memory_draft draft = {
        .source = "conversation", .session_id = in->session_id, .context_type = in->context_type};
    const char *end = content + strlen(content);

    while (tripsage__said_next(&draft.said, &content, end, batch->trips->destinations)) {
        tripsage_status status;

        in->statement_count++;
        if (batch->count == TRIPSAGE__MEMORY_BATCH_MAX)
            return TRIPSAGE_FAIL_FIELD("/messages", "more than %u statements: send them in parts",
                                       TRIPSAGE__MEMORY_BATCH_MAX);
        status = tripsage__memory_batch_add(batch, &draft);
        if (status != TRIPSAGE_OK)
            return status;
    }
    return TRIPSAGE_OK;
}

/* Everything is checked before anything is taken apart. */
static tripsage_status read_input(input *in, tripsage__memory_batch *batch, const char *json, size_t length)
{
    tripsage__reader *r = &in->reader;
    const tripsage__json *node;
    size_t index = 0;
    tripsage_status status = tripsage__reader_open(r, json, length);

    if (status != TRIPSAGE_OK)
        return status;
    in->context_type = "travel_planning";
    tripsage__read_array(r, "messages", TRIPSAGE__REQUIRED, 1, MESSAGES_MAX, &in->messages);
    tripsage__read_text(r, "session_id", TRIPSAGE__OPTIONAL, 1, 128, &in->session_id);
    tripsage__read_text(r, "context_type", TRIPSAGE__OPTIONAL, 1, 64, &in->context_type);
    for (node = tripsage__json_first(in->messages); node; node = tripsage__json_next(node))
        read_message(r, index++, node);
    tripsage__reader_close_object(r);
    TRIPSAGE_TRY(tripsage__reader_status(r));
    for (node = tripsage__json_first(in->messages); node; node = tripsage__json_next(node)) {
        const char *role = tripsage__json_text(tripsage__json_member(node, "role"));

        in->message_count++;
        if (role && strcmp(role, roles[0]) == 0)
            TRIPSAGE_TRY(add_message(batch, in, tripsage__json_text(tripsage__json_member(node, "content"))));
    }
out:
    return status;
}

/* ---- the answer ---- */

static void put_entry(tripsage__buf *buf, const tripsage__memory_batch *batch, const tripsage__memory_entry *entry)
{
    TRIPSAGE__LIT(buf, "{\"id\":\"");
    tripsage__buf_puts(buf, entry->id);
    TRIPSAGE__LIT(buf, "\",\"memory\":");
    tripsage__json_put_stringn(buf, batch->texts.data + entry->content, entry->content_size);
    tripsage__buf_printf(buf, ",\"event\":\"%s\",\"categories\":", entry->version == 1 ? "ADD" : "NONE");
    tripsage__buf_puts(buf, batch->texts.data + entry->categories);
    tripsage__buf_putc(buf, '}');
}

static void put_answer(tripsage__buf *buf, const tripsage__memory_batch *batch, const input *in)
{
    int64_t added = 0;

    TRIPSAGE__LIT(buf, "{\"results\":[");
    for (size_t i = 0; i < batch->count; i++) {
        if (i)
            tripsage__buf_putc(buf, ',');
        put_entry(buf, batch, &batch->entries[i]);
        added += batch->entries[i].version == 1;
    }
    TRIPSAGE__LIT(buf, "],\"usage\":{\"messages\":");
    tripsage__buf_int(buf, in->message_count);
    TRIPSAGE__LIT(buf, ",\"statements\":");
    tripsage__buf_int(buf, in->statement_count);
    TRIPSAGE__LIT(buf, ",\"added\":");
    tripsage__buf_int(buf, added);
    TRIPSAGE__LIT(buf, ",\"forgotten\":");
    tripsage__buf_int(buf, batch->forgotten);
    TRIPSAGE__LIT(buf, "}}");
}

/* What an answer takes beside the texts, for each of them: so that nothing can fail once the write is done. */
#define ENTRY_SIZE 128

tripsage_status tripsage_memory_remember(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                         const char *json, size_t length)
{
    tripsage__memory_batch batch;
    input in;
    tripsage_doc *doc = NULL;
    tripsage_status status;

    *out = NULL;
    status = tripsage__memory_check(actor, TRIPSAGE__SCOPE_TRIPS_WRITE);
    if (status != TRIPSAGE_OK)
        return status;
    memset(&in, 0, sizeof in);
    tripsage__memory_batch_init(&batch, trips, actor);
    TRIPSAGE_TRY(read_input(&in, &batch, json, length));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 256 + batch.count * ENTRY_SIZE + batch.texts.size));
    if (batch.count)
        TRIPSAGE_TRY(tripsage__memory_batch_write(&batch, NULL, 0, NULL, 0));
    put_answer(&doc->json, &batch, &in);
out:
    tripsage__memory_batch_free(&batch);
    tripsage__reader_free(&in.reader);
    return tripsage__doc_finish(out, doc, status);
}
