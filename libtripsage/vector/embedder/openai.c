/* openai.c: a server that embeds as OpenAI's API does (POST {base}/embeddings). Texts go out in batches, one after the other, each tried
 * again within its deadline (http/http.h). A batch done twice costs twice and is the same, so nothing is lost by that.
 *
 * The key is in one header and nowhere else: messages name the server and the path, and what the server says of a key that it refuses is
 * not repeated. */
#include "answer.h"
#include "embedder.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/memory.h"
#include "http/http.h"

#define BASE_STANDARD  "https://api.openai.com/v1"
#define MODEL_STANDARD "text-embedding-3-small"
/* OpenAI takes 2,048 texts, whose answer would be 16 MB at 1,536 dimensions. A server of one's own may have a processor and no more, which
 * needs some tenths of a second for a text of a page. */
#define BATCH_TEXTS     256u
#define BATCH_TEXTS_OWN 32u
/* OpenAI takes 300,000 tokens, and a token of a tokenizer over bytes has one at least. A longer text goes alone. */
#define BATCH_BYTES ((size_t)300000)
#define TRIES       4u
/* A server that fell silent may be asked once more within it: a try has half. */
#define DEADLINE_STANDARD_MS 30000u
/* For so long a server that did not answer is left alone: whoever asks meanwhile is told at once. */
#define REST_MS 1000
/* A number as text has up to 25 characters and its comma ("-1.2345678901234567e-05"); the rest of an item has less than 512. */
#define NUMBER_SIZE 32u
#define ITEM_SIZE   512u
#define KEY_MAX     4096u
#define MODEL_MAX   256u
#define URL_MAX     2048u

typedef struct openai {
    const tripsage_embedder *embedder;
    tripsage__http *http;
    char *url, *model, *authorization; /* the last is NULL without a key */
    const char *key;                   /* in it */
    uint32_t deadline_ms;
    size_t batch_texts;
    int shortens;
    _Atomic int wants_floats; /* it has refused base64 */
    _Atomic int64_t rests_until;
    char shown[TRIPSAGE__HTTP_SHOWN_SIZE];
} openai;

/* ---- what is sent ---- */

static tripsage_status make_body(tripsage__buf *out, const openai *o, tripsage_embed_purpose purpose,
                                 const tripsage__embed_text *texts, size_t count)
{
    const char *prefix = tripsage__embedder_prefix(o->embedder, purpose);
    tripsage__buf whole = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    tripsage_status status;

    TRIPSAGE__LIT(out, "{\"model\":");
    tripsage__json_put_string(out, o->model);
    tripsage__buf_printf(out, ",\"encoding_format\":\"%s\"", atomic_load(&o->wants_floats) ? "float" : "base64");
    if (o->shortens)
        tripsage__buf_printf(out, ",\"dimensions\":%u", o->embedder->dimensions);
    for (size_t i = 0; i < count; i++) {
        tripsage__buf_puts(out, i ? "," : ",\"input\":[");
        whole.size = 0;
        tripsage__buf_puts(&whole, prefix);
        tripsage__buf_put(&whole, texts[i].data, texts[i].size);
        if (whole.failed)
            break;
        tripsage__json_put_stringn(out, whole.data, whole.size);
    }
    TRIPSAGE__LIT(out, "]}");
    status = tripsage__buf_status(&whole);
    tripsage__buf_free(&whole);
    return status == TRIPSAGE_OK ? tripsage__buf_status(out) : status;
}

static tripsage_status send_once(tripsage__http_response *response, openai *o, tripsage_embed_purpose purpose,
                                 const tripsage__embed_text *texts, size_t count)
{
    tripsage__buf body = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    const char *headers[] = {"Content-Type: application/json", o->authorization};
    tripsage__http_request request = {.method = "POST",
                                      .url = o->url,
                                      .headers = headers,
                                      .header_count = o->authorization ? 2 : 1,
                                      .deadline_ms = o->deadline_ms,
                                      .tries = TRIES,
                                      .idempotent = 1,
                                      .any_5xx = 1,
                                      .try_ms = o->deadline_ms / 2};
    tripsage_status status;

    TRIPSAGE_TRY(make_body(&body, o, purpose, texts, count));
    request.body = body.data;
    request.body_size = body.size;
    request.answer_max =
        TRIPSAGE__HTTP_ANSWER_MAX + count * ((size_t)o->embedder->dimensions * NUMBER_SIZE + ITEM_SIZE);
    status = tripsage__http_send(response, o->http, &request);
out:
    tripsage__buf_free(&body);
    return status;
}

/* ---- what comes back ---- */

static void rest(openai *o, int64_t ms)
{
    atomic_store(&o->rests_until, tripsage__monotonic_ms() + ms);
}

static tripsage_status refuse_key(const openai *o, int status)
{
    return TRIPSAGE_FAIL_NATIVE(TRIPSAGE_EUNAVAILABLE, status,
                                o->key ? "%s refuses the key (%d): see OPENAI_API_KEY"
                                       : "%s asks for a key (%d), and there is none: set OPENAI_API_KEY",
                                o->shown, status);
}

/* How long the server wants to be left alone; 0: it does not say. */
static int64_t wait_of(const tripsage__http_response *response)
{
    const char *text = tripsage__http_header(response, "Retry-After");
    int64_t seconds = 0;

    for (; text && *text >= '0' && *text <= '9' && seconds < 86400; text++)
        seconds = seconds * 10 + (*text - '0');
    return seconds * 1000;
}

static tripsage_status had_enough(openai *o, const tripsage__http_response *response, const char *says)
{
    int64_t wait = wait_of(response);
    tripsage_status status =
        TRIPSAGE_FAIL_NATIVE(TRIPSAGE_EUNAVAILABLE, 429, "%s has had enough (429): %s", o->shown, says);

    if (wait)
        tripsage__error_retry_after(wait);
    rest(o, wait ? wait : REST_MS);
    return status;
}

static tripsage_status refused(openai *o, const tripsage__http_response *response)
{
    int code = response->status;
    char says[160];

    tripsage__embedding_problem_read(says, response->body.data ? response->body.data : "", response->body.size);
    if (!says[0])
        strcpy(says, "it does not say why");
    if (o->key && strstr(says, o->key))
        strcpy(says, "(it repeats the key)");
    if (code == 401 || code == 403)
        return refuse_key(o, code);
    if (code == 429)
        return had_enough(o, response, says);
    if (code == 400 || code == 413 || code == 422)
        return TRIPSAGE_FAIL_NATIVE(TRIPSAGE_EINVALID, code, "%s refuses the texts (%d): %s", o->shown, code, says);
    if (code >= 500)
        rest(o, REST_MS);
    return TRIPSAGE_FAIL_NATIVE(TRIPSAGE_EUNAVAILABLE, code, "%s does not embed with %.60s (%d): %s", o->shown,
                                o->model, code, says);
}

/* Older servers know one form of numbers, and say so. */
static int refuses_base64(const openai *o, const tripsage__http_response *response)
{
    return (response->status == 400 || response->status == 422) && !atomic_load(&o->wants_floats) &&
           response->body.data &&
           (strstr(response->body.data, "encoding_format") || strstr(response->body.data, "base64"));
}

static tripsage_status read_answer(float *out, const openai *o, const tripsage__http_response *response, size_t count)
{
    tripsage_status status = tripsage__embedding_answer_read(
        out, count, o->embedder->dimensions, response->body.data ? response->body.data : "", response->body.size);
    char problem[160];

    if (status != TRIPSAGE_EUNAVAILABLE)
        return status;
    snprintf(problem, sizeof problem, "%.150s", tripsage_last_error()->message);
    return TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "%.90s: %s", o->shown, problem);
}

static tripsage_status embed_batch(float *out, openai *o, tripsage_embed_purpose purpose,
                                   const tripsage__embed_text *texts, size_t count)
{
    tripsage__http_response response;
    tripsage_status status;

    if (tripsage__monotonic_ms() < atomic_load(&o->rests_until))
        return TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "%s did not answer a moment ago, and is left alone", o->shown);
    status = send_once(&response, o, purpose, texts, count);
    if (status == TRIPSAGE_OK && refuses_base64(o, &response)) {
        atomic_store(&o->wants_floats, 1);
        tripsage__http_response_free(&response);
        status = send_once(&response, o, purpose, texts, count);
    }
    if (status == TRIPSAGE_EUNAVAILABLE || status == TRIPSAGE_ETIMEOUT)
        rest(o, REST_MS);
    if (status != TRIPSAGE_OK)
        return status;
    status = response.status == 200 ? read_answer(out, o, &response, count) : refused(o, &response);
    tripsage__http_response_free(&response);
    return status;
}

/* ---- batches ---- */

static int is_blank(const tripsage__embed_text *text)
{
    for (size_t i = 0; i < text->size; i++)
        if (!strchr(" \t\r\n", text->data[i]))
            return 0;
    return 1;
}

/* How many of the texts from here on go out together. */
static size_t batch_of(const openai *o, const tripsage__embed_text *texts, size_t count, size_t prefix)
{
    size_t n = 0, bytes = 0;

    while (n < count && n < o->batch_texts && (n == 0 || bytes + texts[n].size + prefix <= BATCH_BYTES))
        bytes += texts[n++].size + prefix;
    return n;
}

/* Empty texts, which OpenAI refuses with all that came along, are zeros and stay here. */
static tripsage_status embed(void *engine, float *out, tripsage_embed_purpose purpose,
                             const tripsage__embed_text *texts, size_t count)
{
    openai *o = engine;
    size_t dimensions = o->embedder->dimensions, prefix = strlen(tripsage__embedder_prefix(o->embedder, purpose));
    tripsage_status status = TRIPSAGE_OK;

    for (size_t i = 0; i < count && status == TRIPSAGE_OK;) {
        size_t full = 0, n;

        while (i + full < count && !is_blank(&texts[i + full]))
            full++;
        if (!full) {
            memset(out + i++ * dimensions, 0, dimensions * sizeof *out);
            continue;
        }
        n = batch_of(o, texts + i, full, prefix);
        status = embed_batch(out + i * dimensions, o, purpose, texts + i, n);
        i += n;
    }
    return status;
}

static void close_server(void *engine)
{
    openai *o = engine;

    if (o->authorization)
        tripsage__wipe(o->authorization, strlen(o->authorization));
    tripsage__http_free(o->http);
    tripsage__free(o->authorization);
    tripsage__free(o->model);
    tripsage__free(o->url);
    tripsage__free(o);
}

/* ---- opening ---- */

static tripsage_status take_url(openai *o, const char *base)
{
    size_t size;

    base = base && base[0] ? base : BASE_STANDARD;
    o->batch_texts = strcmp(base, BASE_STANDARD) == 0 ? BATCH_TEXTS : BATCH_TEXTS_OWN;
    size = strlen(base);
    while (size && base[size - 1] == '/')
        size--;
    if (size > URL_MAX || (strncasecmp(base, "http://", 7) != 0 && strncasecmp(base, "https://", 8) != 0) ||
        strpbrk(base, "?#@ "))
        return TRIPSAGE_FAIL_FIELD("#base_url", "expected http:// or https://, a host and a path, and no more");
    o->url = tripsage__malloc(size + sizeof "/embeddings");
    if (!o->url)
        return TRIPSAGE_NOMEM();
    memcpy(o->url, base, size);
    strcpy(o->url + size, "/embeddings");
    tripsage__http_show(o->shown, o->url);
    return TRIPSAGE_OK;
}

static tripsage_status take_key(openai *o, const char *key)
{
    static const char scheme[] = "Authorization: Bearer ";
    size_t size = key ? strlen(key) : 0;

    if (!size)
        return TRIPSAGE_OK;
    for (size_t i = 0; i < size; i++)
        if (size > KEY_MAX || key[i] <= ' ' || key[i] > '~')
            return TRIPSAGE_FAIL_FIELD("#api_key", "expected up to %u visible characters of ASCII", KEY_MAX);
    o->authorization = tripsage__malloc(sizeof scheme + size);
    if (!o->authorization)
        return TRIPSAGE_NOMEM();
    memcpy(o->authorization, scheme, sizeof scheme - 1);
    memcpy(o->authorization + sizeof scheme - 1, key, size + 1);
    o->key = o->authorization + sizeof scheme - 1;
    return TRIPSAGE_OK;
}

static tripsage_status take_model(openai *o, tripsage_embedder *embedder, const char *model)
{
    size_t size;

    model = model && model[0] ? model : MODEL_STANDARD;
    size = strlen(model);
    if (size > MODEL_MAX || !tripsage__utf8_valid(model, size))
        return TRIPSAGE_FAIL_FIELD("#model", "expected at most %u bytes of UTF-8", MODEL_MAX);
    o->model = tripsage__strdup(model);
    if (!o->model)
        return TRIPSAGE_NOMEM();
    if (!embedder->name[0] && size > TRIPSAGE_EMBEDDER_NAME_MAX)
        return TRIPSAGE_FAIL_FIELD("#name", "the model's is longer than %u bytes: give the embedder another one",
                                   TRIPSAGE_EMBEDDER_NAME_MAX);
    if (!embedder->name[0])
        strcpy(embedder->name, model);
    return TRIPSAGE_OK;
}

/* OpenAI's models (platform.openai.com/docs/models): the third generation can be cut to fewer dimensions. */
static tripsage_status take_dimensions(openai *o, tripsage_embedder *embedder, int shorten)
{
    static const struct {
        const char *model;
        uint32_t dimensions;
        int can_shorten;
    } known[] = {
        {"text-embedding-3-small", 1536, 1}, {"text-embedding-3-large", 3072, 1}, {"text-embedding-ada-002", 1536, 0}};

    o->shortens = shorten;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(o->model, known[i].model) != 0)
            continue;
        if (!embedder->dimensions)
            embedder->dimensions = known[i].dimensions;
        if (embedder->dimensions > known[i].dimensions ||
            (embedder->dimensions < known[i].dimensions && !known[i].can_shorten))
            return TRIPSAGE_FAIL_FIELD("#dimensions", "%s has %u", o->model, known[i].dimensions);
        o->shortens = embedder->dimensions < known[i].dimensions;
    }
    return embedder->dimensions ? TRIPSAGE_OK
                                : TRIPSAGE_FAIL_FIELD("#dimensions", "say how many the model %.60s has", o->model);
}

tripsage_status tripsage__openai_open(tripsage_embedder *embedder, const tripsage_embedder_options *options)
{
    static const tripsage__embed_engine calls = {embed, close_server};
    openai *o = tripsage__calloc(1, sizeof *o);
    tripsage_status status;

    if (!o)
        return TRIPSAGE_NOMEM();
    embedder->calls = &calls;
    embedder->engine = o;
    o->embedder = embedder;
    o->deadline_ms = options->deadline_ms ? options->deadline_ms : DEADLINE_STANDARD_MS;
    atomic_init(&o->wants_floats, 0);
    atomic_init(&o->rests_until, 0);
    TRIPSAGE_TRY(take_url(o, options->base_url));
    TRIPSAGE_TRY(take_key(o, options->api_key));
    TRIPSAGE_TRY(take_model(o, embedder, options->model));
    TRIPSAGE_TRY(take_dimensions(o, embedder, options->shorten));
    status = tripsage__http_new(&o->http, embedder->env, NULL);
out:
    return status;
}
