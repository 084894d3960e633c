/* base/seal.c: sealing. Of a master secret only the pseudorandom key that HKDF extracts is kept; what a purpose's key is made of, and
 * the key id, is expanded from it. No purpose is empty, so the empty `info` is free for the key id. */
#include "seal.h"

#include <string.h>

#include "crypto.h"
#include "memory.h"

#define PREFIX        "enc:v1:"
#define PREFIX_LENGTH (sizeof PREFIX - 1)
#define KEY_ID_LENGTH (TRIPSAGE__KEY_ID_SIZE - 1)
/* All before the base64url. */
#define HEAD_LENGTH (PREFIX_LENGTH + KEY_ID_LENGTH + 1)
#define OVERHEAD    (TRIPSAGE__GCM_NONCE_SIZE + TRIPSAGE__GCM_TAG_SIZE)

struct master_key {
    unsigned char prk[TRIPSAGE__SHA256_SIZE];
    char id[TRIPSAGE__KEY_ID_SIZE];
};

struct tripsage__sealer {
    size_t count;
    struct master_key keys[TRIPSAGE__MASTERS_MAX];
};

/* ---- master secrets ---- */

static tripsage_status check_masters(const tripsage__master *masters, size_t count)
{
    if (count == 0 || count > TRIPSAGE__MASTERS_MAX)
        return TRIPSAGE_FAIL_FIELD("#secret_key", "expected 1 to %d secrets", TRIPSAGE__MASTERS_MAX);
    for (size_t i = 0; i < count; i++)
        if (masters[i].size < TRIPSAGE__MASTER_MIN || masters[i].size > TRIPSAGE__MASTER_MAX)
            return TRIPSAGE_FAIL_FIELD("#secret_key", "a secret must have %d to %d bytes", TRIPSAGE__MASTER_MIN,
                                       TRIPSAGE__MASTER_MAX);
    return TRIPSAGE_OK;
}

static tripsage_status derive(struct master_key *key, const tripsage__master *master)
{
    static const char salt[] = "tripsage seal v1";
    unsigned char material[TRIPSAGE__SHA256_SIZE];
    unsigned char digest[TRIPSAGE__SHA256_SIZE];
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__hkdf_extract(key->prk, salt, sizeof salt - 1, master->secret, master->size));
    TRIPSAGE_TRY(tripsage__hkdf_expand(material, sizeof material, key->prk, "", 0));
    TRIPSAGE_TRY(tripsage__sha256(digest, material, sizeof material));
    tripsage__hex(key->id, digest, KEY_ID_LENGTH / 2);
out:
    tripsage__wipe(material, sizeof material);
    return status;
}

static const struct master_key *find_key(const tripsage__sealer *sealer, const char *id)
{
    for (size_t i = 0; i < sealer->count; i++)
        if (memcmp(sealer->keys[i].id, id, KEY_ID_LENGTH) == 0)
            return &sealer->keys[i];
    return NULL;
}

tripsage_status tripsage__sealer_new(tripsage__sealer **out, const tripsage__master *masters, size_t count)
{
    tripsage__sealer *sealer = NULL;
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(check_masters(masters, count));
    sealer = tripsage__calloc(1, sizeof *sealer);
    if (!sealer)
        return TRIPSAGE_NOMEM();
    for (size_t i = 0; i < count; i++) {
        struct master_key *key = &sealer->keys[sealer->count];

        TRIPSAGE_TRY(derive(key, &masters[i]));
        if (!find_key(sealer, key->id))
            sealer->count++;
    }
    *out = sealer;
    sealer = NULL;
out:
    tripsage__sealer_free(sealer);
    return status;
}

void tripsage__sealer_free(tripsage__sealer *sealer)
{
    tripsage__wipe(sealer, sizeof *sealer);
    tripsage__free(sealer);
}

const char *tripsage__sealer_key_id(const tripsage__sealer *sealer)
{
    return sealer->keys[0].id;
}

/* ---- sealed and unsealed ---- */

static tripsage_status purpose_key(unsigned char out[TRIPSAGE__GCM_KEY_SIZE], const struct master_key *key,
                                   const char *purpose)
{
    size_t length = strlen(purpose);

    if (length == 0 || length > TRIPSAGE__PURPOSE_MAX)
        return TRIPSAGE_FAIL(TRIPSAGE_EMISUSE, "a purpose has 1 to %d bytes", TRIPSAGE__PURPOSE_MAX);
    return tripsage__hkdf_expand(out, TRIPSAGE__GCM_KEY_SIZE, key->prk, purpose, length);
}

/* `sealed`: nonce, ciphertext, tag. */
static tripsage_status encrypt(unsigned char *sealed, const struct master_key *master, const char *purpose,
                               const void *data, size_t size)
{
    unsigned char key[TRIPSAGE__GCM_KEY_SIZE];
    tripsage__gcm gcm = {key, sealed, purpose, strlen(purpose)};
    unsigned char *ciphertext = sealed + TRIPSAGE__GCM_NONCE_SIZE;
    tripsage_status status;

    TRIPSAGE_TRY(purpose_key(key, master, purpose));
    if (!tripsage__random_bytes(sealed, TRIPSAGE__GCM_NONCE_SIZE)) {
        status = TRIPSAGE_FAIL(TRIPSAGE_EINTERNAL, "no randomness for a nonce");
        goto out;
    }
    TRIPSAGE_TRY(tripsage__gcm_encrypt(ciphertext, ciphertext + size, &gcm, data, size));
out:
    tripsage__wipe(key, sizeof key);
    return status;
}

tripsage_status tripsage__seal(tripsage__buf *out, const tripsage__sealer *sealer, const char *purpose,
                               const void *data, size_t size)
{
    const struct master_key *key = &sealer->keys[0];
    unsigned char *sealed;
    tripsage_status status;

    if (size > TRIPSAGE__SEALED_MAX)
        return TRIPSAGE_FAIL(TRIPSAGE_ETOOLARGE, "a secret has at most %zu bytes", TRIPSAGE__SEALED_MAX);
    sealed = tripsage__malloc(size + OVERHEAD);
    if (!sealed)
        return TRIPSAGE_NOMEM();
    TRIPSAGE_TRY(encrypt(sealed, key, purpose, data, size));
    TRIPSAGE__LIT(out, PREFIX);
    tripsage__buf_puts(out, key->id);
    tripsage__buf_putc(out, ':');
    tripsage__base64url_put(out, sealed, size + OVERHEAD);
    status = tripsage__buf_status(out);
out:
    tripsage__free(sealed);
    return status;
}

/* `sealed`: as above, of `size` bytes in all. Into memory of the buffer that is reserved. */
static tripsage_status decrypt(tripsage__buf *out, const struct master_key *master, const char *purpose,
                               const unsigned char *sealed, size_t size)
{
    unsigned char key[TRIPSAGE__GCM_KEY_SIZE];
    tripsage__gcm gcm = {key, sealed, purpose, strlen(purpose)};
    size_t length = size - OVERHEAD;
    tripsage_status status;

    TRIPSAGE_TRY(purpose_key(key, master, purpose));
    TRIPSAGE_TRY(tripsage__gcm_decrypt((unsigned char *)out->data + out->size, &gcm, sealed + TRIPSAGE__GCM_NONCE_SIZE,
                                       length, sealed + size - TRIPSAGE__GCM_TAG_SIZE));
    out->size += length;
    out->data[out->size] = '\0';
out:
    tripsage__wipe(key, sizeof key);
    return status;
}

/* The key that a text was sealed under. */
static tripsage_status text_key(const struct master_key **out, const tripsage__sealer *sealer, const char *text,
                                size_t length)
{
    if (length <= HEAD_LENGTH || memcmp(text, PREFIX, PREFIX_LENGTH) != 0 || text[HEAD_LENGTH - 1] != ':')
        return TRIPSAGE_FAIL(TRIPSAGE_EMALFORMED, "expected " PREFIX "<key id>:<base64url>");
    *out = find_key(sealer, text + PREFIX_LENGTH);
    if (!*out)
        return TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE,
                             "this was sealed under the key %.*s, and no secret key given makes that one",
                             (int)KEY_ID_LENGTH, text + PREFIX_LENGTH);
    return TRIPSAGE_OK;
}

tripsage_status tripsage__unseal(tripsage__buf *out, const tripsage__sealer *sealer, const char *purpose,
                                 const char *text, size_t length)
{
    const struct master_key *key;
    unsigned char *sealed = NULL;
    int64_t size;
    tripsage_status status;

    TRIPSAGE_TRY(text_key(&key, sealer, text, length));
    sealed = tripsage__malloc(length);
    if (!sealed)
        return TRIPSAGE_NOMEM();
    size = tripsage__base64url_decode(sealed, length, text + HEAD_LENGTH, length - HEAD_LENGTH);
    if (size < OVERHEAD) {
        status = TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "a sealed text was cut or changed");
        goto out;
    }
    if (tripsage__buf_reserve(out, (size_t)size - OVERHEAD) != TRIPSAGE_OK) {
        status = tripsage__buf_status(out);
        goto out;
    }
    TRIPSAGE_TRY(decrypt(out, key, purpose, sealed, (size_t)size));
out:
    tripsage__free(sealed);
    return status;
}

int tripsage__is_sealed(const char *text)
{
    return strncmp(text, "enc:v", 5) == 0;
}
