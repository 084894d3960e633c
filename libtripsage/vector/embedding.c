/* embedding.c: texts of items and queries into vectors: by the embedder that the collection remembers, once for each text.
 *
 * What runs in the process is asked every time. What a server embedded is kept in the database under a digest that is keyed with a secret
 * of it, so that who reads a copy of the table cannot try texts on it, and everybody who has the database open shares it. Looking up a
 * batch is one read; when a vector was used last is written once a day at most, since a write is a disk's while and a look is not.
 *
 * No transaction is open while a server is asked. */
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "embedder/embedder.h"
#include "kernels/kernels.h"
#include "vector_internal.h"

/* 20,000: some 120 MB at 1,536 dimensions; ten times the destinations of the catalogue. */
#define KEPT_MAX 20000
/* Looking for what is too much is a pass over the index of all: after so many new ones. */
#define KEPT_BETWEEN 1000u
/* What nobody asked for in a month is of texts that are gone. */
#define KEPT_DAYS 30
#define DAY_MS    INT64_C(86400000)

#define SQL_PUT_COLUMNS "INSERT INTO vector_embedding (model, hash, dimensions, used_at, embedding) "
#define SQL_PUT_AGAIN                                                                                                  \
    " ON CONFLICT (model, hash) DO UPDATE SET dimensions = excluded.dimensions, used_at = excluded.used_at, "          \
    "embedding = excluded.embedding"

const tripsage__statement tripsage__vector_sql_embedding_find = {
    "vector_embedding_find",
    "SELECT j.key, e.embedding, e.used_at FROM json_each($2) j CROSS JOIN vector_embedding e "
    "WHERE e.model = $1 AND e.hash = j.value",
    "SELECT j.n - 1, e.embedding, e.used_at FROM json_array_elements_text($2::json) WITH ORDINALITY j (hash, n) "
    "JOIN vector_embedding e ON e.model = $1 AND e.hash = j.hash"};
const tripsage__statement tripsage__vector_sql_embedding_put = {
    "vector_embedding_put",
    SQL_PUT_COLUMNS "SELECT $1, j.value, $3, $4, substr($5, 1 + j.key * $3 * 4, $3 * 4) FROM json_each($2) j "
                    "WHERE true" SQL_PUT_AGAIN,
    SQL_PUT_COLUMNS "SELECT $1, j.hash, $3::bigint, $4, substr($5::bytea, (1 + (j.n - 1) * $3::bigint * 4)::integer, "
                    "($3::bigint * 4)::integer) "
                    "FROM json_array_elements_text($2::json) WITH ORDINALITY j (hash, n)" SQL_PUT_AGAIN};
const tripsage__statement tripsage__vector_sql_embedding_touch = {
    "vector_embedding_touch",
    "UPDATE vector_embedding SET used_at = $3 WHERE model = $1 AND hash IN (SELECT value FROM json_each($2))",
    "UPDATE vector_embedding SET used_at = $3 WHERE model = $1 AND hash IN (SELECT "
    "json_array_elements_text($2::json))"};
const tripsage__statement tripsage__vector_sql_embedding_evict = {
    "vector_embedding_evict",
    "DELETE FROM vector_embedding WHERE seq IN (SELECT seq FROM vector_embedding ORDER BY used_at DESC, seq DESC "
    "LIMIT -1 OFFSET $1)",
    "DELETE FROM vector_embedding WHERE seq IN (SELECT seq FROM vector_embedding ORDER BY used_at DESC, seq DESC "
    "OFFSET $1)"};
/* 1,000 a call: a transaction's worth; the next call takes the next ones. */
#define SQL_OLDEST "SELECT seq FROM vector_embedding WHERE used_at < $1 ORDER BY used_at, seq LIMIT 1000"
const tripsage__statement tripsage__vector_sql_embedding_purge = {
    "vector_embedding_purge", "DELETE FROM vector_embedding WHERE seq IN (" SQL_OLDEST ")",
    "DELETE FROM vector_embedding WHERE seq = ANY (ARRAY(" SQL_OLDEST "))"};

/* ---- embedders ---- */

/* Under the lock. */
static tripsage_embedder *find_embedder(tripsage_vector *vector, const char *name)
{
    for (size_t i = 0; i < vector->embedder_count; i++)
        if (strcmp(vector->embedders[i]->name, name) == 0)
            return vector->embedders[i];
    return NULL;
}

static tripsage_status add_embedder(tripsage_vector *vector, tripsage_embedder *embedder)
{
    tripsage_embedder *there = find_embedder(vector, embedder->name);

    if (there == embedder)
        return TRIPSAGE_OK;
    if (there)
        return TRIPSAGE_FAIL(TRIPSAGE_EEXISTS, "another embedder is called %s here", embedder->name);
    if (vector->embedder_count == TRIPSAGE__EMBEDDERS_MAX)
        return TRIPSAGE_FAIL(TRIPSAGE_ELIMIT, "a handle has at most %u embedders", TRIPSAGE__EMBEDDERS_MAX);
    vector->embedders[vector->embedder_count++] = tripsage__embedder_retain(embedder);
    return TRIPSAGE_OK;
}

tripsage_status tripsage_vector_use_embedder(tripsage_vector *vector, tripsage_embedder *embedder)
{
    tripsage_status status;

    if (!vector || !embedder)
        return TRIPSAGE_FAIL(TRIPSAGE_EMISUSE, "tripsage_vector_use_embedder needs a handle and an embedder");
    pthread_mutex_lock(&vector->lock);
    status = add_embedder(vector, embedder);
    pthread_mutex_unlock(&vector->lock);
    return status;
}

tripsage_embedder *tripsage_vector_embedder(tripsage_vector *vector, const char *name)
{
    tripsage_embedder *found;

    pthread_mutex_lock(&vector->lock);
    found = name ? find_embedder(vector, name) : vector->embedders[vector->standard];
    pthread_mutex_unlock(&vector->lock);
    return found;
}

/* The built-in one, and the one that the options say, which becomes the standard. */
tripsage_status tripsage__vector_embedders_open(tripsage_vector *vector, const tripsage_embedder_options *options)
{
    static const tripsage_embedder_options builtin = TRIPSAGE_EMBEDDER_OPTIONS_INIT;
    tripsage_embedder *embedder = NULL;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__embedder_new(&vector->embedders[0], &builtin, vector->env));
    vector->embedder_count = 1;
    if (!options || !options->source || strcmp(options->source, "builtin") == 0)
        return TRIPSAGE_OK;
    TRIPSAGE_TRY(tripsage__embedder_new(&embedder, options, vector->env));
    TRIPSAGE_TRY(tripsage_vector_use_embedder(vector, embedder));
    vector->standard = vector->embedder_count - 1;
out:
    tripsage_embedder_close(embedder);
    return status;
}

void tripsage__vector_embedders_close(tripsage_vector *vector)
{
    for (size_t i = 0; i < vector->embedder_count; i++)
        tripsage_embedder_close(vector->embedders[i]);
    tripsage__wipe(vector->embedding_key, sizeof vector->embedding_key);
}

/* ---- what is kept in the database ---- */

typedef struct shelf {
    tripsage_vector *vector;
    const tripsage_embedder *embedder;
    unsigned char key[32]; /* of the database */
} shelf;

/* A cache that fails is none: the call goes on. Memory that is gone is gone for the call as well. */
static tripsage_status pass_over(const shelf *s, tripsage_status status, const char *what)
{
    if (status == TRIPSAGE_OK || status == TRIPSAGE_ENOMEM)
        return status;
    tripsage__log(s->vector->env, TRIPSAGE_LOG_WARN, "vector", "embeddings are not %s: %s", what,
                  tripsage_last_error()->message);
    return TRIPSAGE_OK;
}

/* [hash, ...]: what the keys are called in the database. */
static tripsage_status put_hash(tripsage__buf *out, const shelf *s, const tripsage__embed_key *key, int is_first)
{
    unsigned char digest[TRIPSAGE__SHA256_SIZE];
    char hex[2 * TRIPSAGE__SHA256_SIZE + 1];
    tripsage_status status = tripsage__hmac_sha256(digest, s->key, sizeof s->key, key->bytes, sizeof key->bytes);

    if (status != TRIPSAGE_OK)
        return status;
    tripsage__hex(hex, digest, sizeof digest);
    tripsage__buf_puts(out, is_first ? "[\"" : "\",\"");
    tripsage__buf_puts(out, hex);
    return tripsage__buf_status(out);
}

static tripsage_status put_hashes(tripsage__buf *out, const shelf *s, const tripsage__embed_key *keys, size_t count)
{
    tripsage_status status = TRIPSAGE_OK;

    for (size_t i = 0; i < count && status == TRIPSAGE_OK; i++)
        status = put_hash(out, s, &keys[i], i == 0);
    tripsage__buf_puts(out, "\"]");
    return status == TRIPSAGE_OK ? tripsage__buf_status(out) : status;
}

typedef struct finding {
    float *rows;
    unsigned char *found;
    size_t count, size; /* keys, and bytes of a vector */
    int64_t oldest;     /* use of what was found */
} finding;

static void forget_found(void *context)
{
    finding *f = context;

    memset(f->found, 0, f->count);
    f->oldest = INT64_MAX;
}

/* Of another length is not what was asked for, and is written anew. */
static tripsage_status take_found(void *context, const tripsage__row *row)
{
    finding *f = context;
    int64_t at = tripsage__row_int(row, 0), used_at = tripsage__row_int(row, 2);
    size_t size = 0;
    const void *bytes = tripsage__row_blob(row, 1, &size);

    if (at < 0 || (uint64_t)at >= f->count || size != f->size)
        return TRIPSAGE_OK;
    tripsage__kernel_load(f->rows + (size_t)at * (f->size / 4), bytes, f->size / 4);
    f->found[at] = 1;
    if (used_at < f->oldest)
        f->oldest = used_at;
    return TRIPSAGE_OK;
}

static tripsage_status touch(const shelf *s, tripsage__value params[3], int64_t now)
{
    const tripsage__step step = {&tripsage__vector_sql_embedding_touch, params, 3, NULL, NULL, NULL, NULL};

    params[2] = tripsage__int(now);
    return pass_over(s, tripsage__store_write(s->vector->store, NULL, &step, 1), "marked as used");
}

static tripsage_status find_kept(void *context, float *rows, unsigned char *found, const tripsage__embed_key *keys,
                                 size_t count)
{
    const shelf *s = context;
    finding f = {rows, found, count, s->embedder->dimensions * sizeof(float), INT64_MAX};
    tripsage__buf hashes = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    tripsage__value params[3];
    const tripsage__step step = {&tripsage__vector_sql_embedding_find, params, 2, forget_found, take_found, &f, NULL};
    int64_t now = tripsage__now_ms(s->vector->env);
    tripsage_status status;

    TRIPSAGE_TRY(put_hashes(&hashes, s, keys, count));
    params[0] = tripsage__text(s->embedder->name);
    params[1] = tripsage__textn(hashes.data, hashes.size);
    TRIPSAGE_TRY(tripsage__store_read(s->vector->store, NULL, &step, 1));
    if (f.oldest < now - DAY_MS)
        status = touch(s, params, now);
out:
    tripsage__buf_free(&hashes);
    return status;
}

static tripsage_status write_kept(const shelf *s, const tripsage__value params[5], size_t count)
{
    tripsage__value most = tripsage__int(KEPT_MAX);
    const tripsage__step steps[] = {
        {&tripsage__vector_sql_embedding_put, params, 5, NULL, NULL, NULL, NULL},
        {&tripsage__vector_sql_embedding_evict, &most, 1, NULL, NULL, NULL, NULL},
    };
    size_t before = atomic_fetch_add(&s->vector->kept, count);

    return tripsage__store_write(s->vector->store, NULL, steps,
                                 before / KEPT_BETWEEN != (before + count) / KEPT_BETWEEN ? 2 : 1);
}

static tripsage_status keep(void *context, const float *rows, const tripsage__embed_key *keys, size_t count)
{
    const shelf *s = context;
    size_t dimensions = s->embedder->dimensions;
    tripsage__buf hashes = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    unsigned char *packed = tripsage__malloc(count * dimensions * 4);
    tripsage__value params[5];
    tripsage_status status;

    if (!packed) {
        status = TRIPSAGE_NOMEM();
        goto out;
    }
    TRIPSAGE_TRY(put_hashes(&hashes, s, keys, count));
    tripsage__kernel_store(packed, rows, count * dimensions);
    params[0] = tripsage__text(s->embedder->name);
    params[1] = tripsage__textn(hashes.data, hashes.size);
    params[2] = tripsage__int((int64_t)dimensions);
    params[3] = tripsage__int(tripsage__now_ms(s->vector->env));
    params[4] = tripsage__blob(packed, count * dimensions * 4);
    status = pass_over(s, write_kept(s, params, count), "kept");
out:
    tripsage__buf_free(&hashes);
    tripsage__free(packed);
    return status;
}

/* The key is asked for once. 0: there is none, as in a database that may only be read and has none yet. */
static tripsage_status open_shelf(int *is_open, shelf *s)
{
    tripsage_vector *vector = s->vector;
    tripsage_status status = TRIPSAGE_OK;

    pthread_mutex_lock(&vector->lock);
    *is_open = vector->has_embedding_key;
    memcpy(s->key, vector->embedding_key, sizeof s->key);
    pthread_mutex_unlock(&vector->lock);
    if (*is_open)
        return TRIPSAGE_OK;
    status = tripsage__store_secret(s->key, vector->store, "embedding_key");
    if (status != TRIPSAGE_OK)
        return pass_over(s, status, "kept");
    pthread_mutex_lock(&vector->lock);
    memcpy(vector->embedding_key, s->key, sizeof s->key);
    vector->has_embedding_key = *is_open = 1;
    pthread_mutex_unlock(&vector->lock);
    return TRIPSAGE_OK;
}

static tripsage_status embed(float *out, tripsage_vector *vector, tripsage_embedder *embedder,
                             tripsage_embed_purpose purpose, const tripsage__embed_text *texts, size_t count)
{
    shelf s = {vector, embedder, {0}};
    const tripsage__embed_shelf kept = {find_kept, keep, &s};
    int is_open = 0;
    tripsage_status status = TRIPSAGE_OK;

    if (embedder->memo)
        status = open_shelf(&is_open, &s);
    if (status == TRIPSAGE_OK)
        status = tripsage__embedder_embed(out, embedder, purpose, texts, count, is_open ? &kept : NULL);
    tripsage__wipe(s.key, sizeof s.key);
    return status;
}

tripsage_status tripsage__vector_purge(int64_t *embeddings, tripsage_vector *vector)
{
    tripsage__value before = tripsage__int(tripsage__now_ms(vector->env) - KEPT_DAYS * DAY_MS);
    const tripsage__step step = {&tripsage__vector_sql_embedding_purge, &before, 1, NULL, NULL, NULL, embeddings};

    return tripsage__store_write(vector->store, NULL, &step, 1);
}

/* ---- texts ---- */

/* The embedder of a collection, if this handle has it and it is the same. */
static tripsage_status embedder_of(tripsage_embedder **out, tripsage_vector *vector,
                                   const tripsage__collection *collection, const char *field)
{
    *out = collection->embedder[0] ? tripsage_vector_embedder(vector, collection->embedder) : NULL;
    if (!collection->embedder[0])
        return TRIPSAGE_FAIL_FIELD(field, "collection %s has no embedder: give values", collection->name);
    if (!*out)
        return TRIPSAGE_FAIL_FIELD(field, "collection %s is of the embedder %s, which this handle has not: give values",
                                   collection->name, collection->embedder);
    if ((*out)->dimensions != collection->dimensions)
        return TRIPSAGE_FAIL_FIELD(field, "collection %s has %u dimensions, and its embedder gives %u here",
                                   collection->name, collection->dimensions, (*out)->dimensions);
    return TRIPSAGE_OK;
}

static tripsage_status check_word(const tripsage__collection *collection, const float *row, const char *field)
{
    for (size_t d = 0; d < collection->dimensions; d++)
        if (row[d] > 0 || row[d] < 0)
            return TRIPSAGE_OK;
    return collection->metric == TRIPSAGE_COSINE ? TRIPSAGE_FAIL_FIELD(field, "there is no word in the text")
                                                 : TRIPSAGE_OK;
}

int tripsage__vector_embeds_before(const tripsage__collection *collection)
{
    return strcmp(collection->embedder, TRIPSAGE_EMBEDDER_BUILTIN) != 0;
}

static const char *field_of(char out[64], const size_t *places, size_t i, const char *field)
{
    if (!places)
        return field;
    snprintf(out, 64, "/%zu/text", places[i]);
    return out;
}

tripsage_status tripsage__vector_embed(float *out, tripsage_vector *vector, const tripsage__collection *collection,
                                       tripsage_embed_purpose purpose, const char *const *texts, size_t count,
                                       const size_t *places, const char *field)
{
    tripsage__embed_text *checked = tripsage__calloc(count, sizeof *checked);
    tripsage_embedder *embedder;
    char place[64];
    tripsage_status status;

    if (!checked)
        return TRIPSAGE_NOMEM();
    TRIPSAGE_TRY(embedder_of(&embedder, vector, collection, field_of(place, places, 0, field)));
    for (size_t i = 0; i < count; i++)
        TRIPSAGE_TRY(tripsage__embed_check(&checked[i], texts[i], field_of(place, places, i, field)));
    TRIPSAGE_TRY(embed(out, vector, embedder, purpose, checked, count));
    for (size_t i = 0; i < count; i++)
        TRIPSAGE_TRY(check_word(collection, out + i * collection->dimensions, field_of(place, places, i, field)));
out:
    tripsage__free(checked);
    return status;
}

/* Embeds the texts of `t->copies` that have no values, and puts the vectors beside them. */
static tripsage_status embed_items(tripsage__vector_texts *t, tripsage_vector *vector,
                                   const tripsage__collection *collection, size_t count, size_t most)
{
    const char **texts = tripsage__calloc(most, sizeof *texts);
    size_t *places = tripsage__calloc(most, sizeof *places), n = 0;
    tripsage_status status = TRIPSAGE_NOMEM();

    if (!texts || !places)
        goto out;
    for (size_t i = 0; i < count; i++)
        if (!t->copies[i].values && t->copies[i].text) {
            places[n] = i;
            texts[n++] = t->copies[i].text;
        }
    TRIPSAGE_TRY(tripsage__vector_embed(t->rows, vector, collection, TRIPSAGE_EMBED_DOCUMENT, texts, n, places, NULL));
    for (size_t i = 0; i < n; i++) {
        t->copies[places[i]].values = t->rows + i * collection->dimensions;
        t->copies[places[i]].value_count = collection->dimensions;
    }
out:
    tripsage__free(texts);
    tripsage__free(places);
    return status;
}

tripsage_status tripsage__vector_texts_embed(tripsage__vector_texts *out, tripsage_vector *vector,
                                             const tripsage__collection *collection, const tripsage_vector_item *items,
                                             size_t count)
{
    size_t texts = 0;

    memset(out, 0, sizeof *out);
    out->items = items;
    for (size_t i = 0; i < count; i++)
        texts += !items[i].values && items[i].text;
    if (!texts || !tripsage__vector_embeds_before(collection))
        return TRIPSAGE_OK;
    out->copies = tripsage__calloc(count, sizeof *out->copies);
    out->rows = tripsage__calloc(texts, collection->dimensions * sizeof *out->rows);
    if (!out->copies || !out->rows)
        return TRIPSAGE_NOMEM();
    memcpy(out->copies, items, count * sizeof *items);
    out->items = out->copies;
    return embed_items(out, vector, collection, count, texts);
}

void tripsage__vector_texts_free(tripsage__vector_texts *texts)
{
    tripsage__free(texts->copies);
    tripsage__free(texts->rows);
}
