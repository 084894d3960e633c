/* vector/embedder/embedder.h: what stands behind tripsage/embedder.h: an engine for each source, and one memory before those that cost more
 * than a look. */
#ifndef TRIPSAGE_VECTOR_EMBEDDER_EMBEDDER_H
#define TRIPSAGE_VECTOR_EMBEDDER_EMBEDDER_H

#include <stdatomic.h>
#include <tripsage/embedder.h>

#include "base/env.h"
#include "base/error.h"

/* Borrowed; UTF-8. */
typedef struct tripsage__embed_text {
    const char *data;
    size_t size;
} tripsage__embed_text;

/* What a source does. `embed` gives a row for each of at least one text, all zeros for one without a word; from any thread. */
typedef struct tripsage__embed_engine {
    tripsage_status (*embed)(void *engine, float *out, tripsage_embed_purpose purpose,
                             const tripsage__embed_text *texts, size_t count);
    void (*close)(void *engine);
} tripsage__embed_engine;

struct tripsage__memo;

struct tripsage_embedder {
    _Atomic size_t references;
    tripsage__env *env, *own_env; /* the second is NULL when the first is somebody else's */
    char name[TRIPSAGE_EMBEDDER_NAME_MAX + 1];
    uint32_t dimensions;
    char *document_prefix, *query_prefix; /* what stands before each text; NULL: nothing */
    const tripsage__embed_engine *calls;
    void *engine;
    struct tripsage__memo *memo; /* NULL: embedding is quicker than looking */
};

/* As tripsage_embedder_open, on somebody else's clock and chance, which must outlive it. */
tripsage_status tripsage__embedder_new(tripsage_embedder **out, const tripsage_embedder_options *options,
                                       tripsage__env *env);
tripsage_embedder *tripsage__embedder_retain(tripsage_embedder *embedder);

/* What a text is known by: of everything that its vector depends on. */
#define TRIPSAGE__EMBED_KEY_SIZE 32

typedef struct tripsage__embed_key {
    unsigned char bytes[TRIPSAGE__EMBED_KEY_SIZE];
} tripsage__embed_key;

/* Where embeddings lie behind the memory of the process. `find` fills the rows it has and says so in `found`; each is called at most once
 * for a batch, without a lock. */
typedef struct tripsage__embed_shelf {
    tripsage_status (*find)(void *context, float *rows, unsigned char *found, const tripsage__embed_key *keys,
                            size_t count);
    tripsage_status (*keep)(void *context, const float *rows, const tripsage__embed_key *keys, size_t count);
    void *context;
} tripsage__embed_shelf;

/* Takes a text that may be embedded; TRIPSAGE_EINVALID of `field` for another. */
tripsage_status tripsage__embed_check(tripsage__embed_text *out, const char *text, const char *field);

/* tripsage_embedder_embed for texts that were checked; `shelf` may be NULL. */
tripsage_status tripsage__embedder_embed(float *out, tripsage_embedder *embedder, tripsage_embed_purpose purpose,
                                         const tripsage__embed_text *texts, size_t count,
                                         const tripsage__embed_shelf *shelf);

/* Has the engine do it: at least one text. */
tripsage_status tripsage__embedder_run(float *out, tripsage_embedder *embedder, tripsage_embed_purpose purpose,
                                       const tripsage__embed_text *texts, size_t count);

/* "" where there is none. */
const char *tripsage__embedder_prefix(const tripsage_embedder *embedder, tripsage_embed_purpose purpose);

/* ---- the engines; each sets calls, engine, and name and dimensions as far as they are not set ---- */

tripsage_status tripsage__openai_open(tripsage_embedder *embedder, const tripsage_embedder_options *options);
tripsage_status tripsage__model2vec_open(tripsage_embedder *embedder, const char *path);
tripsage_status tripsage__wordvec_open(tripsage_embedder *embedder, const char *path);

/* Names it "last part of path-digits of print" unless it has a name; sets the dimensions, or refuses others than it has been opened with.
 * */
tripsage_status tripsage__embedder_describe(tripsage_embedder *embedder, const char *path, uint64_t print,
                                            size_t dimensions);

#endif
