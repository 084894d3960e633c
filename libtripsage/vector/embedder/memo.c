/* memo.c: see memo.h. One table holds what is remembered and what is being made. Who asks for a text that nobody makes takes it upon
 * itself, makes everything it took before it waits for anybody, and so nobody waits for who waits.
 *
 * Who waits gets the failure of who made it when it is the server's, and tries by itself when it may have been of another text in the same
 * batch. */
#include "memo.h"

#include <pthread.h>
#include <string.h>

#include "base/crypto.h"
#include "base/memory.h"

/* 16 MiB: some 2,600 vectors of the dimension of OpenAI's small models: the queries of a day, and a batch of documents. */
#define BYTES_STANDARD ((uint64_t)16 * 1024 * 1024)
/* Of the table: enough for chains of a few entries, whatever the bytes. */
#define BUCKETS_MIN 64u
#define BUCKETS_MAX 65536u

/* What one caller makes in one go: the entries of it point here until it is done, and so do those who wait for it until they have looked.
 * */
typedef struct making {
    size_t references;
    int is_done;
    tripsage_status status;
    tripsage_error error;
} making;

typedef struct entry {
    struct entry *chain;
    struct entry *newer, *older; /* of what is remembered, by use */
    making *made_by;             /* NULL: the row is there */
    tripsage__embed_key key;
    float row[];
} entry;

struct tripsage__memo {
    pthread_mutex_t lock; /* guards all below; not held while anything is made */
    pthread_cond_t made;
    uint32_t dimensions;
    size_t remembered, most;
    entry *newest, *oldest;
    size_t mask;
    entry **buckets;
};

/* What a caller knows of each of its texts. */
typedef enum place { OPEN, DONE, MINE, TWIN, ELSEWHERE } place;

typedef struct job {
    tripsage__memo *memo;
    tripsage_embedder *embedder;
    const tripsage__embed_text *texts;
    tripsage_embed_purpose purpose;
    float *out;
    size_t count, left; /* texts, and those that are not done */
    tripsage__embed_key *keys;
    place *places;
    size_t *mine; /* which of the texts, in their order */
    size_t mine_count;
    making *own, *other; /* what it makes, and one of those that it waits for */
} job;

tripsage_status tripsage__memo_new(tripsage__memo **out, uint32_t dimensions, uint64_t bytes)
{
    tripsage__memo *memo = tripsage__calloc(1, sizeof *memo);
    uint64_t each = sizeof(entry) + dimensions * sizeof(float);
    size_t buckets = BUCKETS_MIN;

    *out = NULL;
    if (!memo)
        return TRIPSAGE_NOMEM();
    memo->dimensions = dimensions;
    memo->most = (size_t)((bytes ? bytes : BYTES_STANDARD) / each);
    while (buckets < memo->most && buckets < BUCKETS_MAX)
        buckets *= 2;
    memo->mask = buckets - 1;
    memo->buckets = tripsage__calloc(buckets, sizeof *memo->buckets);
    if (!memo->buckets) {
        tripsage__free(memo);
        return TRIPSAGE_NOMEM();
    }
    pthread_mutex_init(&memo->lock, NULL);
    pthread_cond_init(&memo->made, NULL);
    *out = memo;
    return TRIPSAGE_OK;
}

void tripsage__memo_free(tripsage__memo *memo)
{
    if (!memo)
        return;
    for (entry *e = memo->newest, *older; e; e = older) {
        older = e->older;
        tripsage__free(e);
    }
    pthread_cond_destroy(&memo->made);
    pthread_mutex_destroy(&memo->lock);
    tripsage__free(memo->buckets);
    tripsage__free(memo);
}

/* ---- the table; under the lock ---- */

static entry **bucket_of(tripsage__memo *memo, const tripsage__embed_key *key)
{
    uint32_t hash;

    memcpy(&hash, key->bytes, sizeof hash); /* of a digest: as good as any */
    return &memo->buckets[hash & memo->mask];
}

static entry *find(tripsage__memo *memo, const tripsage__embed_key *key)
{
    entry *e = *bucket_of(memo, key);

    while (e && memcmp(&e->key, key, sizeof *key) != 0)
        e = e->chain;
    return e;
}

static void unchain(tripsage__memo *memo, entry *e)
{
    entry **at = bucket_of(memo, &e->key);

    while (*at != e)
        at = &(*at)->chain;
    *at = e->chain;
}

static void put_newest(tripsage__memo *memo, entry *e)
{
    e->newer = NULL;
    e->older = memo->newest;
    if (memo->newest)
        memo->newest->newer = e;
    else
        memo->oldest = e;
    memo->newest = e;
    memo->remembered++;
}

static void take_out(tripsage__memo *memo, entry *e)
{
    *(e->newer ? &e->newer->older : &memo->newest) = e->older;
    *(e->older ? &e->older->newer : &memo->oldest) = e->newer;
    memo->remembered--;
}

static void drop_oldest(tripsage__memo *memo)
{
    while (memo->remembered > memo->most) {
        entry *e = memo->oldest;

        take_out(memo, e);
        unchain(memo, e);
        tripsage__free(e);
    }
}

/* ---- who makes what ---- */

static void release(making *m)
{
    if (m && --m->references == 0)
        tripsage__free(m);
}

/* Puts an entry for what is to be made. 0: there is no memory. */
static int begin_entry(tripsage__memo *memo, const tripsage__embed_key *key, making *by)
{
    entry *e = tripsage__malloc(sizeof *e + memo->dimensions * sizeof(float));
    entry **bucket = bucket_of(memo, key);

    if (!e)
        return 0;
    e->made_by = by;
    e->key = *key;
    e->newer = e->older = NULL;
    e->chain = *bucket;
    *bucket = e;
    return 1;
}

/* Looks for a text: it is there, somebody makes it, or nobody does. */
static tripsage_status look(job *j, size_t i)
{
    tripsage__memo *memo = j->memo;
    entry *e = find(memo, &j->keys[i]);

    if (!e) {
        if (!begin_entry(memo, &j->keys[i], j->own))
            return TRIPSAGE_NOMEM();
        j->places[i] = MINE;
        j->mine[j->mine_count++] = i;
    } else if (!e->made_by) {
        memcpy(j->out + i * memo->dimensions, e->row, memo->dimensions * sizeof(float));
        take_out(memo, e);
        put_newest(memo, e);
        j->places[i] = DONE;
        j->left--;
    } else if (e->made_by == j->own) {
        j->places[i] = TWIN;
    } else {
        j->places[i] = ELSEWHERE;
        if (!j->other) {
            j->other = e->made_by;
            j->other->references++;
        }
    }
    return TRIPSAGE_OK;
}

/* What was taken is remembered, or given up; who waits for it is woken. Under the lock. */
static void end_entries(job *j, const float *rows, tripsage_status status)
{
    tripsage__memo *memo = j->memo;

    for (size_t n = 0; n < j->mine_count; n++) {
        entry *e = find(memo, &j->keys[j->mine[n]]);

        e->made_by = NULL;
        if (status == TRIPSAGE_OK) {
            memcpy(e->row, rows + n * memo->dimensions, memo->dimensions * sizeof(float));
            put_newest(memo, e);
        } else {
            unchain(memo, e);
            tripsage__free(e);
        }
    }
    drop_oldest(memo);
    j->own->status = status;
    if (status != TRIPSAGE_OK)
        tripsage__error_save(&j->own->error);
    j->own->is_done = 1;
    pthread_cond_broadcast(&memo->made);
}

static void end_making(job *j, const float *rows, tripsage_status status)
{
    pthread_mutex_lock(&j->memo->lock);
    end_entries(j, rows, status);
    pthread_mutex_unlock(&j->memo->lock);
}

static tripsage_status look_at_all(job *j)
{
    tripsage_status status = TRIPSAGE_OK;

    j->mine_count = 0;
    pthread_mutex_lock(&j->memo->lock);
    for (size_t i = 0; i < j->count && status == TRIPSAGE_OK; i++)
        if (j->places[i] != DONE)
            status = look(j, i);
    if (status != TRIPSAGE_OK)
        end_entries(j, NULL, status);
    pthread_mutex_unlock(&j->memo->lock);
    return status;
}

/* Whether a failure is of the server, whoever asks it and for what. */
static int is_of_server(tripsage_status status)
{
    return status == TRIPSAGE_EUNAVAILABLE || status == TRIPSAGE_ETIMEOUT;
}

static tripsage_status wait_for_other(job *j)
{
    tripsage_status status = TRIPSAGE_OK;

    pthread_mutex_lock(&j->memo->lock);
    while (!j->other->is_done)
        pthread_cond_wait(&j->memo->made, &j->memo->lock);
    if (is_of_server(j->other->status))
        status = tripsage__error_restore(&j->other->error);
    pthread_mutex_unlock(&j->memo->lock);
    return status;
}

static void release_both(job *j)
{
    pthread_mutex_lock(&j->memo->lock);
    release(j->own);
    release(j->other);
    pthread_mutex_unlock(&j->memo->lock);
    j->own = j->other = NULL;
}

/* ---- making ---- */

/* Those of `mine` that are not on the shelf, one after the other. */
typedef struct rest {
    tripsage__embed_text *texts;
    tripsage__embed_key *keys;
    size_t *rows; /* where they belong */
    float *made;
    size_t count;
} rest;

static void rest_free(rest *r)
{
    tripsage__free(r->texts);
    tripsage__free(r->keys);
    tripsage__free(r->rows);
    tripsage__free(r->made);
}

static tripsage_status rest_of(rest *r, const job *j, const tripsage__embed_key *keys, const unsigned char *found)
{
    size_t count = 0;

    for (size_t n = 0; n < j->mine_count; n++)
        count += !found[n];
    if (!count)
        return TRIPSAGE_OK;
    r->texts = tripsage__calloc(count, sizeof *r->texts);
    r->keys = tripsage__calloc(count, sizeof *r->keys);
    r->rows = tripsage__calloc(count, sizeof *r->rows);
    r->made = tripsage__calloc(count, j->memo->dimensions * sizeof(float));
    if (!r->texts || !r->keys || !r->rows || !r->made)
        return TRIPSAGE_NOMEM();
    for (size_t n = 0; n < j->mine_count; n++)
        if (!found[n]) {
            r->texts[r->count] = j->texts[j->mine[n]];
            r->keys[r->count] = keys[n];
            r->rows[r->count++] = n;
        }
    return TRIPSAGE_OK;
}

/* From the shelf, or by the engine and then onto the shelf. */
static tripsage_status make_rows(job *j, float *rows, const tripsage__embed_key *keys, unsigned char *found,
                                 const tripsage__embed_shelf *shelf)
{
    size_t dimensions = j->memo->dimensions;
    rest r;
    tripsage_status status;

    memset(&r, 0, sizeof r);
    if (shelf)
        TRIPSAGE_TRY(shelf->find(shelf->context, rows, found, keys, j->mine_count));
    TRIPSAGE_TRY(rest_of(&r, j, keys, found));
    if (r.count) {
        TRIPSAGE_TRY(tripsage__embedder_run(r.made, j->embedder, j->purpose, r.texts, r.count));
        for (size_t n = 0; n < r.count; n++)
            memcpy(rows + r.rows[n] * dimensions, r.made + n * dimensions, dimensions * sizeof(float));
        if (shelf)
            TRIPSAGE_TRY(shelf->keep(shelf->context, r.made, r.keys, r.count));
    }
    status = TRIPSAGE_OK;
out:
    rest_free(&r);
    return status;
}

static void take_rows(job *j, const float *rows)
{
    size_t dimensions = j->memo->dimensions;

    for (size_t n = 0; n < j->mine_count; n++) {
        memcpy(j->out + j->mine[n] * dimensions, rows + n * dimensions, dimensions * sizeof *rows);
        j->places[j->mine[n]] = DONE;
        j->left--;
    }
}

/* Twins of what was made just now. */
static void take_twins(job *j)
{
    size_t dimensions = j->memo->dimensions;

    for (size_t i = 0; i < j->count; i++)
        for (size_t n = 0; j->places[i] == TWIN && n < j->mine_count; n++)
            if (memcmp(&j->keys[i], &j->keys[j->mine[n]], sizeof j->keys[i]) == 0) {
                memcpy(j->out + i * dimensions, j->out + j->mine[n] * dimensions, dimensions * sizeof(float));
                j->places[i] = DONE;
                j->left--;
            }
}

static tripsage_status make_mine(job *j, const tripsage__embed_shelf *shelf)
{
    float *rows = tripsage__calloc(j->mine_count, j->memo->dimensions * sizeof *rows);
    tripsage__embed_key *keys = tripsage__calloc(j->mine_count, sizeof *keys);
    unsigned char *found = tripsage__calloc(j->mine_count, 1);
    tripsage_status status;

    if (!rows || !keys || !found) {
        status = TRIPSAGE_NOMEM();
    } else {
        for (size_t n = 0; n < j->mine_count; n++)
            keys[n] = j->keys[j->mine[n]];
        status = make_rows(j, rows, keys, found, shelf);
    }
    end_making(j, rows, status);
    if (status == TRIPSAGE_OK) {
        take_rows(j, rows);
        take_twins(j);
    }
    tripsage__free(rows);
    tripsage__free(keys);
    tripsage__free(found);
    return status;
}

/* Once through: what nobody makes is made, and then somebody is waited for. */
static tripsage_status make_some(job *j, const tripsage__embed_shelf *shelf)
{
    tripsage_status status;

    j->own = tripsage__calloc(1, sizeof *j->own);
    if (!j->own)
        return TRIPSAGE_NOMEM();
    j->own->references = 1;
    status = look_at_all(j);
    if (status == TRIPSAGE_OK && j->mine_count)
        status = make_mine(j, shelf);
    if (status == TRIPSAGE_OK && j->other)
        status = wait_for_other(j);
    release_both(j);
    return status;
}

/* ---- keys ---- */

/* The digest of all that the vector depends on; a purpose is its prefix. Lengths are between, so that no two are written alike. */
static tripsage_status make_key(tripsage__embed_key *out, const job *j, const tripsage__embed_text *text)
{
    tripsage__buf whole = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    const char *prefix = tripsage__embedder_prefix(j->embedder, j->purpose);
    tripsage_status status;

    tripsage__buf_printf(&whole, "%zu/%s/%u/%zu/%s/", strlen(j->embedder->name), j->embedder->name,
                         j->embedder->dimensions, strlen(prefix), prefix);
    tripsage__buf_put(&whole, text->data, text->size);
    status = tripsage__buf_status(&whole);
    if (status == TRIPSAGE_OK)
        status = tripsage__sha256(out->bytes, whole.data, whole.size);
    tripsage__buf_free(&whole);
    return status;
}

tripsage_status tripsage__memo_embed(float *out, tripsage_embedder *embedder, tripsage_embed_purpose purpose,
                                     const tripsage__embed_text *texts, size_t count,
                                     const tripsage__embed_shelf *shelf)
{
    job j;
    tripsage_status status = TRIPSAGE_OK;

    memset(&j, 0, sizeof j);
    j.memo = embedder->memo;
    j.embedder = embedder;
    j.texts = texts;
    j.purpose = purpose;
    j.out = out;
    j.count = j.left = count;
    j.keys = tripsage__calloc(count, sizeof *j.keys);
    j.places = tripsage__calloc(count, sizeof *j.places);
    j.mine = tripsage__calloc(count, sizeof *j.mine);
    if (!j.keys || !j.places || !j.mine)
        status = TRIPSAGE_NOMEM();
    for (size_t i = 0; i < count && status == TRIPSAGE_OK; i++)
        status = make_key(&j.keys[i], &j, &texts[i]);
    while (status == TRIPSAGE_OK && j.left)
        status = make_some(&j, shelf);
    tripsage__free(j.keys);
    tripsage__free(j.places);
    tripsage__free(j.mine);
    return status;
}
