/* embedder.c: the public calls: which engine a source has, and what is checked for all of them. */
#include "embedder.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/observe.h"
#include "memo.h"
#include "vector/vector.h"

/* What stays of a path's last part in a name: with a hyphen and eight digits behind it, it fits. */
#define PART_MAX (TRIPSAGE_EMBEDDER_NAME_MAX - 9)

/* ---- the built-in one ---- */

static tripsage_status embed_builtin(void *engine, float *out, tripsage_embed_purpose purpose,
                                     const tripsage__embed_text *texts, size_t count)
{
    (void)engine;
    (void)purpose;
    for (size_t i = 0; i < count; i++)
        (void)tripsage__embed(out + i * TRIPSAGE_EMBEDDER_BUILTIN_DIMENSIONS, texts[i].data, texts[i].size);
    return TRIPSAGE_OK;
}

static void close_nothing(void *engine)
{
    (void)engine;
}

static tripsage_status open_builtin(tripsage_embedder *embedder)
{
    static const tripsage__embed_engine builtin = {embed_builtin, close_nothing};

    embedder->calls = &builtin;
    if (embedder->name[0] && strcmp(embedder->name, TRIPSAGE_EMBEDDER_BUILTIN) != 0)
        return TRIPSAGE_FAIL_FIELD("#name", "the built-in embedder is " TRIPSAGE_EMBEDDER_BUILTIN);
    strcpy(embedder->name, TRIPSAGE_EMBEDDER_BUILTIN);
    if (embedder->dimensions && embedder->dimensions != TRIPSAGE_EMBEDDER_BUILTIN_DIMENSIONS)
        return TRIPSAGE_FAIL_FIELD("#dimensions", "the built-in embedder has %u", TRIPSAGE_EMBEDDER_BUILTIN_DIMENSIONS);
    embedder->dimensions = TRIPSAGE_EMBEDDER_BUILTIN_DIMENSIONS;
    return TRIPSAGE_OK;
}

/* ---- opening ---- */

tripsage_status tripsage__embedder_describe(tripsage_embedder *embedder, const char *path, uint64_t print,
                                            size_t dimensions)
{
    size_t end = strlen(path), begin, size;

    if (dimensions < 1 || dimensions > TRIPSAGE_VECTOR_DIMENSIONS_MAX)
        return TRIPSAGE_FAIL(TRIPSAGE_ENOTSUP, "the model has %zu dimensions: expected 1 to %u", dimensions,
                             TRIPSAGE_VECTOR_DIMENSIONS_MAX);
    if (embedder->dimensions && embedder->dimensions != dimensions)
        return TRIPSAGE_FAIL_FIELD("#dimensions", "the model has %zu, not %u", dimensions, embedder->dimensions);
    embedder->dimensions = (uint32_t)dimensions;
    if (embedder->name[0])
        return TRIPSAGE_OK;
    while (end > 1 && path[end - 1] == '/')
        end--;
    for (begin = end; begin > 0 && path[begin - 1] != '/';)
        begin--;
    size = end - begin < PART_MAX ? end - begin : PART_MAX;
    memcpy(embedder->name, path + begin, size);
    embedder->name[size] = '\0';
    tripsage__end_with_character(embedder->name);
    size = strlen(embedder->name);
    snprintf(embedder->name + size, sizeof embedder->name - size, "-%08x", (unsigned)(print & 0xffffffffu));
    return tripsage__utf8_valid(embedder->name, strlen(embedder->name))
               ? TRIPSAGE_OK
               : TRIPSAGE_FAIL_FIELD("#name", "the path is no UTF-8: give the embedder a name");
}

static tripsage_status open_path(tripsage_embedder *embedder, const char *path)
{
    struct stat about;
    int is_folder = stat(path, &about) == 0 && S_ISDIR(about.st_mode);
    tripsage_status status =
        is_folder ? tripsage__model2vec_open(embedder, path) : tripsage__wordvec_open(embedder, path);
    tripsage_error cause;

    if (status == TRIPSAGE_OK || status == TRIPSAGE_ENOMEM || tripsage_last_error()->field_count)
        return status;
    tripsage__error_save(&cause);
    return TRIPSAGE_FAIL_NATIVE(status, cause.native, "the model \"%.100s\" cannot be used: %s", path, cause.message);
}

static int copy_text(char **out, const char *text)
{
    *out = text && text[0] ? tripsage__strdup(text) : NULL;
    return !text || !text[0] || *out;
}

static tripsage_status open_server(tripsage_embedder *embedder, const tripsage_embedder_options *options)
{
    tripsage_status status;

    if (!copy_text(&embedder->document_prefix, options->document_prefix) ||
        !copy_text(&embedder->query_prefix, options->query_prefix))
        return TRIPSAGE_NOMEM();
    TRIPSAGE_TRY(tripsage__openai_open(embedder, options));
    status = tripsage__memo_new(&embedder->memo, embedder->dimensions, options->cache_bytes);
out:
    return status;
}

static tripsage_status check(const tripsage_embedder_options *options)
{
    size_t length = options->name ? strlen(options->name) : 0;

    if (options->version != 1)
        return TRIPSAGE_FAIL_FIELD("#options", "version is %u; start from TRIPSAGE_EMBEDDER_OPTIONS_INIT",
                                   options->version);
    if (options->name &&
        (length < 1 || length > TRIPSAGE_EMBEDDER_NAME_MAX || !tripsage__utf8_valid(options->name, length)))
        return TRIPSAGE_FAIL_FIELD("#name", "expected 1 to %u bytes of UTF-8", TRIPSAGE_EMBEDDER_NAME_MAX);
    if (options->dimensions > TRIPSAGE_VECTOR_DIMENSIONS_MAX)
        return TRIPSAGE_FAIL_FIELD("#dimensions", "expected at most %u", TRIPSAGE_VECTOR_DIMENSIONS_MAX);
    return TRIPSAGE_OK;
}

tripsage_status tripsage__embedder_new(tripsage_embedder **out, const tripsage_embedder_options *options,
                                       tripsage__env *env)
{
    tripsage_embedder *embedder = NULL;
    const char *source = options->source ? options->source : "builtin";
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(check(options));
    embedder = tripsage__calloc(1, sizeof *embedder);
    if (!embedder)
        return TRIPSAGE_NOMEM();
    atomic_init(&embedder->references, 1);
    embedder->env = env;
    embedder->dimensions = options->dimensions;
    strcpy(embedder->name, options->name ? options->name : "");
    TRIPSAGE_TRY(strcmp(source, "builtin") == 0  ? open_builtin(embedder)
                 : strcmp(source, "openai") == 0 ? open_server(embedder, options)
                                                 : open_path(embedder, source));
    *out = embedder;
    return TRIPSAGE_OK;
out:
    tripsage_embedder_close(embedder);
    return status;
}

tripsage_status tripsage_embedder_open(tripsage_embedder **out, const tripsage_embedder_options *options,
                                       const tripsage_runtime *runtime)
{
    static const tripsage_embedder_options standard = TRIPSAGE_EMBEDDER_OPTIONS_INIT;
    tripsage__env *env;
    tripsage_status status;

    if (!out)
        return TRIPSAGE_FAIL(TRIPSAGE_EMISUSE, "tripsage_embedder_open needs a place for the embedder");
    *out = NULL;
    status = tripsage__env_new(&env, runtime);
    if (status != TRIPSAGE_OK)
        return status;
    status = tripsage__embedder_new(out, options ? options : &standard, env);
    if (status == TRIPSAGE_OK)
        (*out)->own_env = env;
    else
        tripsage__env_free(env);
    return status;
}

tripsage_embedder *tripsage__embedder_retain(tripsage_embedder *embedder)
{
    atomic_fetch_add(&embedder->references, 1);
    return embedder;
}

void tripsage_embedder_close(tripsage_embedder *embedder)
{
    if (!embedder || atomic_fetch_sub(&embedder->references, 1) != 1)
        return;
    if (embedder->calls)
        embedder->calls->close(embedder->engine);
    tripsage__memo_free(embedder->memo);
    tripsage__free(embedder->document_prefix);
    tripsage__free(embedder->query_prefix);
    tripsage__env_free(embedder->own_env);
    tripsage__free(embedder);
}

const char *tripsage_embedder_name(const tripsage_embedder *embedder)
{
    return embedder->name;
}

uint32_t tripsage_embedder_dimensions(const tripsage_embedder *embedder)
{
    return embedder->dimensions;
}

const char *tripsage__embedder_prefix(const tripsage_embedder *embedder, tripsage_embed_purpose purpose)
{
    const char *prefix = purpose == TRIPSAGE_EMBED_QUERY ? embedder->query_prefix : embedder->document_prefix;

    return prefix ? prefix : "";
}

/* ---- embedding ---- */

tripsage_status tripsage__embedder_run(float *out, tripsage_embedder *embedder, tripsage_embed_purpose purpose,
                                       const tripsage__embed_text *texts, size_t count)
{
    tripsage__observer *observer = tripsage__env_observer(embedder->env);
    const char *name = embedder->name;
    tripsage_status status;
    tripsage__op op;

    if (!observer)
        return embedder->calls->embed(embedder->engine, out, purpose, texts, count);
    tripsage__op_begin(&op, observer, TRIPSAGE__OP_EMBEDDING);
    status = embedder->calls->embed(embedder->engine, out, purpose, texts, count);
    op.system = embedder->memo ? "openai" : "tripsage"; /* whoever answers as OpenAI does, or one in the process */
    op.names = &name;
    op.name_count = 1;
    op.size = count;
    tripsage__op_end(&op, status);
    return status;
}

tripsage_status tripsage__embedder_embed(float *out, tripsage_embedder *embedder, tripsage_embed_purpose purpose,
                                         const tripsage__embed_text *texts, size_t count,
                                         const tripsage__embed_shelf *shelf)
{
    return embedder->memo ? tripsage__memo_embed(out, embedder, purpose, texts, count, shelf)
                          : tripsage__embedder_run(out, embedder, purpose, texts, count);
}

tripsage_status tripsage__embed_check(tripsage__embed_text *out, const char *text, const char *field)
{
    out->data = text;
    out->size = strlen(text);
    if (out->size > TRIPSAGE_EMBEDDER_TEXT_MAX || !tripsage__utf8_valid(text, out->size))
        return TRIPSAGE_FAIL_FIELD(field, "expected at most %u bytes of UTF-8", TRIPSAGE_EMBEDDER_TEXT_MAX);
    return TRIPSAGE_OK;
}

tripsage_status tripsage_embedder_embed(float *out, tripsage_embedder *embedder, tripsage_embed_purpose purpose,
                                        const char *const *texts, size_t count)
{
    tripsage__embed_text *checked;
    char field[32];
    tripsage_status status = TRIPSAGE_OK;

    if (!embedder || (count && (!out || !texts)))
        return TRIPSAGE_FAIL(TRIPSAGE_EMISUSE, "embedding needs an embedder, texts, and room for the vectors");
    if (purpose != TRIPSAGE_EMBED_DOCUMENT && purpose != TRIPSAGE_EMBED_QUERY)
        return TRIPSAGE_FAIL_FIELD("#purpose", "expected TRIPSAGE_EMBED_DOCUMENT or TRIPSAGE_EMBED_QUERY");
    if (!count)
        return TRIPSAGE_OK;
    checked = tripsage__calloc(count, sizeof *checked);
    if (!checked)
        return TRIPSAGE_NOMEM();
    for (size_t i = 0; i < count && status == TRIPSAGE_OK; i++) {
        snprintf(field, sizeof field, "/%zu", i);
        status = texts[i] ? tripsage__embed_check(&checked[i], texts[i], field)
                          : TRIPSAGE_FAIL(TRIPSAGE_EMISUSE, "text %zu is NULL", i);
    }
    if (status == TRIPSAGE_OK)
        status = tripsage__embedder_embed(out, embedder, purpose, checked, count, NULL);
    tripsage__free(checked);
    return status;
}
