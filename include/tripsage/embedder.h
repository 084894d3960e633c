/* tripsage/embedder.h: text into vectors, by one of several models behind one interface.
 *
 * Sources
 *   builtin      the one built into the library (tripsage_embed in tripsage/vector.h): offline, English, 512 dimensions
 *   openai       a server that answers POST {base_url}/embeddings as OpenAI's API does: OpenAI itself, Ollama, llama.cpp, vLLM ...
 *   a path       static embeddings that run inside the process. A folder is a model of Model2Vec (model.safetensors, tokenizer.json of
 *                the kind WordPiece, config.json); a file is word vectors as text: "word v1 v2 ...", with or without a line
 *                "words dimensions" first. They are mapped, not read: replace them by renaming, never in place.
 *
 * A vector says something only beside others of the same model. So an embedder has a name, collections remember it, and nothing else
 * gets in (tripsage_vector_use_embedder in tripsage/vector.h).
 *
 * What is embedded is remembered: in the process, and with a collection's items and queries also in the database, for as long as it is in
 * use. The same text costs one call of a server, also when many ask for it at once. What runs inside the process is not remembered: it is
 * quicker than looking.
 *
 * Threads: an embedder may be shared by any number of threads. */
#ifndef TRIPSAGE_EMBEDDER_H
#define TRIPSAGE_EMBEDDER_H

#include <stddef.h>
#include <stdint.h>

#include "runtime.h"

TRIPSAGE_BEGIN_DECLS

typedef struct tripsage_embedder tripsage_embedder;

typedef enum tripsage_embed_purpose {
    TRIPSAGE_EMBED_DOCUMENT = 1, /* to be found */
    TRIPSAGE_EMBED_QUERY = 2     /* to find with. Differs for models that want a prefix (see the options) */
} tripsage_embed_purpose;

/* 64 bytes: what a collection can remember of a name. */
#define TRIPSAGE_EMBEDDER_NAME_MAX 64u
/* 256 KiB: no model in use takes more than 32,768 tokens, which are some four bytes each. */
#define TRIPSAGE_EMBEDDER_TEXT_MAX (256u * 1024)

/* All texts are copied. What is of "openai" is not looked at elsewhere. */
typedef struct tripsage_embedder_options {
    uint32_t version;   /* 1; set by TRIPSAGE_EMBEDDER_OPTIONS_INIT */
    const char *source; /* see above; NULL: builtin */

    /* Under which collections remember it. NULL: "builtin-1"; of a server the model's name; of a path its last part and eight digits of
     * what is in it ("potion-base-8M-1f0c77aa"), so that another model at the same place is another name. Whoever gives a name promises
     * that. */
    const char *name;

    /* What its vectors have. 0: what the model has; of a server's that is known for OpenAI's own models, and has to be said for others. */
    uint32_t dimensions;

    /* Of "openai". */
    const char *model;    /* NULL: text-embedding-3-small */
    const char *base_url; /* http:// or https://, as far as before "/embeddings"; NULL: https://api.openai.com/v1 */
    const char *api_key;  /* sent as a bearer token, and told to nobody else; NULL: none */
    int shorten; /* 1: the server is asked to cut vectors to `dimensions`, as OpenAI's third generation is anyway */
    const char *query_prefix, *document_prefix; /* what the model wants before a text, as "query: "; NULL: nothing */

    /* How long one request may take with all its tries; 0: 30,000, since a batch takes some seconds on a processor. An answer 429 or 5xx, a
     * broken connection, and no answer in half of that time are tried again within it, four times in all, not before the answer's
     * Retry-After. */
    uint32_t deadline_ms;

    /* What is remembered in the process; 0: 16 MiB, some 2,600 vectors of 1,536 dimensions. */
    uint64_t cache_bytes;
} tripsage_embedder_options;

#define TRIPSAGE_EMBEDDER_OPTIONS_INIT                                                                                 \
    {                                                                                                                  \
        1, NULL, NULL, 0, NULL, NULL, NULL, 0, NULL, NULL, 0, 0                                                        \
    }

/* Opens an embedder. A server is not asked yet. `options` and `runtime` may be NULL and are copied.
 * Errors: TRIPSAGE_EINVALID (field "#options", "#name", "#dimensions", "#model", "#base_url", "#api_key"), TRIPSAGE_ENOTFOUND (no such
 * path, or a file of the model is missing), TRIPSAGE_ECORRUPT (it is damaged: says where), TRIPSAGE_ENOTSUP (another kind of tokenizer or
 * of numbers), TRIPSAGE_ETOOLARGE, TRIPSAGE_EIO, TRIPSAGE_ENOMEM. */
TRIPSAGE_API tripsage_status tripsage_embedder_open(tripsage_embedder **out, const tripsage_embedder_options *options,
                                                    const tripsage_runtime *runtime);

/* Gives it back; who registered it keeps it until the end. NULL is fine. */
TRIPSAGE_API void tripsage_embedder_close(tripsage_embedder *embedder);

/* The name that collections remember, and what its vectors have. Borrowed. */
TRIPSAGE_API const char *tripsage_embedder_name(const tripsage_embedder *embedder);
TRIPSAGE_API uint32_t tripsage_embedder_dimensions(const tripsage_embedder *embedder);

/* Embeds `count` texts (UTF-8 with a NUL): row i of `out`, which has room for count * dimensions floats, is of texts[i]. A text without a
 * word that the model knows is a row of zeros. Texts go to a server in batches of at most 32 (256 to OpenAI's own, which takes 2,048) and
 * of 300,000 bytes, since OpenAI takes as many tokens, and a token has a byte at least.
 * Errors: TRIPSAGE_EINVALID ("#purpose"; "/i": no UTF-8, or longer than TRIPSAGE_EMBEDDER_TEXT_MAX; or the server refuses the texts, as of
 * too many tokens), TRIPSAGE_EUNAVAILABLE (the server is not there, refuses the key or the model, has had enough
 * (tripsage_error.retry_after_s), or its answer is none, or of other dimensions; one that did not answer is left alone for a second),
 * TRIPSAGE_ETIMEOUT, TRIPSAGE_ENOMEM, TRIPSAGE_EMISUSE (a pointer is NULL). */
TRIPSAGE_API tripsage_status tripsage_embedder_embed(float *out, tripsage_embedder *embedder,
                                                     tripsage_embed_purpose purpose, const char *const *texts,
                                                     size_t count);

TRIPSAGE_END_DECLS

#endif
