/* model2vec.c: static embeddings as Model2Vec keeps them (github.com/MinishLab/model2vec): a vector for each token of a WordPiece
 * vocabulary, distilled out of a sentence transformer. A text is the mean of its tokens' vectors, as that library computes it: cut to so
 * many tokens, tokens that are not known left out, each with its weight where there are weights, brought to unit length where the model
 * says so.
 *
 * The vectors stay in the mapped file; only rows that are asked for are read. */
#include "embedder.h"

#include <math.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/xxh3.h"
#include "file.h"
#include "safetensors.h"
#include "vector/vector.h"
#include "wordpiece.h"

/* 4 GiB: a quarter of a million tokens of 4,096 dimensions, which is beyond any model there is. */
#define TENSORS_MAX ((size_t)4 * 1024 * 1024 * 1024)
/* 256 MiB: the largest tokenizer.json in use have some 20. */
#define TOKENIZER_MAX ((size_t)256 * 1024 * 1024)
#define CONFIG_MAX    ((size_t)1024 * 1024)
/* What Model2Vec does without a word in config.json. */
#define LENGTH_STANDARD 512.0

typedef struct model2vec {
    tripsage__file file;
    tripsage__wordpiece *wordpiece;
    tripsage__tensor vectors, weights, mapping; /* the last two may have no data */
    uint64_t prints[3];                         /* of its files: all of them make what a vector is */
    size_t length;                              /* tokens of a text at most; 0: all */
    int normalize;
} model2vec;

/* ---- embedding ---- */

typedef struct mean {
    const model2vec *m;
    double sum[TRIPSAGE_VECTOR_DIMENSIONS_MAX];
    float row[TRIPSAGE_VECTOR_DIMENSIONS_MAX];
    size_t count;
} mean;

static void add_token(void *context, uint32_t token)
{
    mean *s = context;
    const model2vec *m = s->m;
    size_t row = m->mapping.data ? (size_t)tripsage__tensor_integer(&m->mapping, token) : token;
    double weight = m->weights.data ? tripsage__tensor_number(&m->weights, token) : 1.0;

    tripsage__tensor_row(s->row, &m->vectors, row);
    for (size_t d = 0; d < m->vectors.columns; d++)
        s->sum[d] += (double)s->row[d] * weight;
    s->count++;
}

/* So many characters hold as many tokens as a text may have, by the rule of Model2Vec. */
static size_t cut(const model2vec *m, const tripsage__embed_text *text)
{
    size_t left = m->length * tripsage__wordpiece_median(m->wordpiece), at = 0;

    if (!m->length)
        return text->size;
    for (; at < text->size; at++)
        if (((unsigned char)text->data[at] & 0xc0) != 0x80 && left-- == 0)
            break;
    return at;
}

static void write_mean(float *out, const mean *s)
{
    size_t dimensions = s->m->vectors.columns;
    double length = 0, scale = s->count ? 1.0 / (double)s->count : 0.0;

    for (size_t d = 0; d < dimensions; d++)
        length += s->sum[d] * s->sum[d];
    length = sqrt(length);
    if (s->m->normalize)
        scale = length > 0 ? 1.0 / length : 0.0;
    for (size_t d = 0; d < dimensions; d++)
        out[d] = (float)(s->sum[d] * scale);
}

static tripsage_status embed(void *engine, float *out, tripsage_embed_purpose purpose,
                             const tripsage__embed_text *texts, size_t count)
{
    const model2vec *m = engine;
    mean *s = tripsage__malloc(sizeof *s); /* 48 KiB are much for a stack of somebody else's */

    (void)purpose;
    if (!s)
        return TRIPSAGE_NOMEM();
    s->m = m;
    for (size_t i = 0; i < count; i++) {
        memset(s->sum, 0, m->vectors.columns * sizeof s->sum[0]);
        s->count = 0;
        tripsage__wordpiece_split(m->wordpiece, texts[i].data, cut(m, &texts[i]), m->length ? m->length : SIZE_MAX,
                                  add_token, s);
        write_mean(out + i * m->vectors.columns, s);
    }
    tripsage__free(s);
    return TRIPSAGE_OK;
}

static void close_model(void *engine)
{
    model2vec *m = engine;

    if (!m)
        return;
    tripsage__wordpiece_free(m->wordpiece);
    tripsage__file_unmap(&m->file);
    tripsage__free(m);
}

/* ---- opening ---- */

static tripsage_status read_config(model2vec *m, const char *path)
{
    tripsage__file file;
    tripsage__json *config = NULL;
    const tripsage__json *length;
    tripsage_status status = tripsage__file_map(&file, path, "config.json", CONFIG_MAX);

    if (status != TRIPSAGE_OK)
        return status;
    m->prints[0] = tripsage__file_print(&file);
    status = tripsage__json_parse(&config, file.data ? file.data : "", file.size);
    if (status == TRIPSAGE_OK) {
        length = tripsage__json_member(config, "max_length");
        m->normalize = tripsage__json_true(tripsage__json_member(config, "normalize"));
        m->length = (size_t)LENGTH_STANDARD;
        if (tripsage__json_is_number(length))
            m->length = (size_t)fmax(0, fmin(tripsage__json_number(length), 1e6));
        else if (length) /* null: all */
            m->length = 0;
    } else if (status != TRIPSAGE_ENOMEM) {
        status = TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "config.json: is no JSON");
    }
    tripsage__json_free(config);
    tripsage__file_unmap(&file);
    return status;
}

static tripsage_status read_tokenizer(model2vec *m, const char *path, tripsage__env *env)
{
    tripsage__file file;
    uint64_t key[2];
    tripsage_status status = tripsage__random(env, key, sizeof key);

    if (status == TRIPSAGE_OK)
        status = tripsage__file_map(&file, path, "tokenizer.json", TOKENIZER_MAX);
    if (status != TRIPSAGE_OK)
        return status;
    m->prints[1] = tripsage__file_print(&file);
    status = tripsage__wordpiece_read(&m->wordpiece, file.data ? file.data : "", file.size, key);
    tripsage__file_unmap(&file);
    return status;
}

/* A tensor that need not be there. */
static tripsage_status find_list(tripsage__tensor *out, const model2vec *m, const char *name)
{
    tripsage_status status = tripsage__tensor_find(out, m->file.data, m->file.size, name);

    if (status == TRIPSAGE_ENOTFOUND)
        return TRIPSAGE_OK;
    if (status == TRIPSAGE_OK && out->columns != 1)
        return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "tensor \"%s\" is no list", name);
    return status;
}

/* Every token has to have its row: then nothing has to be looked at while embedding. */
static tripsage_status check_rows(const model2vec *m)
{
    size_t tokens = tripsage__wordpiece_size(m->wordpiece);

    if ((m->weights.data && m->weights.rows < tokens) || (m->mapping.data ? m->mapping.rows : m->vectors.rows) < tokens)
        return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "the tokenizer has %zu tokens, and the tensors have fewer", tokens);
    if (m->mapping.data && (m->mapping.dtype < TRIPSAGE__I64 || m->mapping.dtype > TRIPSAGE__I8))
        return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "tensor \"mapping\" has no whole numbers");
    for (size_t i = 0; m->mapping.data && i < m->mapping.rows; i++) {
        int64_t row = tripsage__tensor_integer(&m->mapping, i);

        if (row < 0 || (uint64_t)row >= m->vectors.rows)
            return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "token %zu is mapped to row %lld of %zu", i, (long long)row,
                                 m->vectors.rows);
    }
    return TRIPSAGE_OK;
}

static tripsage_status read_tensors(model2vec *m, const char *path)
{
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__file_map(&m->file, path, "model.safetensors", TENSORS_MAX));
    status = tripsage__tensor_find(&m->vectors, m->file.data, m->file.size, "embeddings");
    if (status == TRIPSAGE_ENOTFOUND) /* as sentence-transformers calls it */
        status = tripsage__tensor_find(&m->vectors, m->file.data, m->file.size, "embedding.weight");
    if (status == TRIPSAGE_ENOTFOUND)
        status = TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "model.safetensors: has no tensor \"embeddings\"");
    TRIPSAGE_TRY(status);
    TRIPSAGE_TRY(find_list(&m->weights, m, "weights"));
    TRIPSAGE_TRY(find_list(&m->mapping, m, "mapping"));
    status = check_rows(m);
out:
    return status;
}

tripsage_status tripsage__model2vec_open(tripsage_embedder *embedder, const char *path)
{
    static const tripsage__embed_engine calls = {embed, close_model};
    model2vec *m = tripsage__calloc(1, sizeof *m);
    tripsage_status status;

    if (!m)
        return TRIPSAGE_NOMEM();
    embedder->calls = &calls;
    embedder->engine = m;
    TRIPSAGE_TRY(read_config(m, path));
    TRIPSAGE_TRY(read_tokenizer(m, path, embedder->env));
    TRIPSAGE_TRY(read_tensors(m, path));
    m->prints[2] = tripsage__file_print(&m->file);
    status =
        tripsage__embedder_describe(embedder, path, tripsage__xxh3(m->prints, sizeof m->prints), m->vectors.columns);
out:
    return status;
}
