/* auth/keyring.c: see keyring.h. */
#include "auth/keyring.h"

#include <pthread.h>
#include <string.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/memory.h"
#include "base/siphash.h"

const char *const tripsage__api_key_kinds[] = {"publishable", "secret", "scoped", NULL};

static const char *const prefixes[TRIPSAGE__API_KEY_KINDS] = {"sb_publishable_", "sb_secret_", "tsk_"};

#define CHECKSUM_LENGTH 8
#define RANDOM_LENGTH   22 /* of Supabase's keys */
#define SECRET_BYTES    32 /* of a scoped one, which is 43 characters */
#define SCOPED_LENGTH   (22 + 1 + 43)

/* ---- the text ---- */

/* Appends '_' and the checksum of what is there. */
static tripsage_status put_checksum(tripsage__buf *text)
{
    static const char context[] = "supabase-self-hosted|";
    unsigned char digest[TRIPSAGE__SHA256_SIZE];
    tripsage__buf hashed = TRIPSAGE__BUF_INIT(1024);
    size_t length;
    tripsage_status status;

    tripsage__buf_puts(&hashed, context);
    tripsage__buf_put(&hashed, text->data, text->size);
    TRIPSAGE_TRY(tripsage__buf_status(&hashed));
    TRIPSAGE_TRY(tripsage__sha256(digest, hashed.data, hashed.size));
    tripsage__buf_putc(text, '_');
    length = text->size + CHECKSUM_LENGTH;
    tripsage__base64url_put(text, digest, sizeof digest);
    status = tripsage__buf_status(text);
    if (status == TRIPSAGE_OK) {
        text->size = length;
        text->data[length] = '\0';
    }
out:
    tripsage__wipe(hashed.data, hashed.capacity);
    tripsage__buf_free(&hashed);
    return status;
}

static void put_id(tripsage__buf *text, const char *id)
{
    unsigned char bytes[16] = {0};
    size_t digits = 0;

    for (; *id && digits < 32; id++)
        if (*id != '-') {
            unsigned digit = (unsigned)(*id <= '9' ? *id - '0' : *id - 'a' + 10);

            bytes[digits / 2] = (unsigned char)((unsigned)bytes[digits / 2] << 4 | digit);
            digits++;
        }
    tripsage__base64url_put(text, bytes, sizeof bytes);
}

tripsage_status tripsage__api_key_make(char out[TRIPSAGE__API_KEY_SIZE], tripsage__env *env,
                                       tripsage__api_key_kind kind, const char *id)
{
    unsigned char random[SECRET_BYTES];
    tripsage__buf text = TRIPSAGE__BUF_INIT(256); /* born as long as it can become, so that it is never moved */
    size_t prefix = strlen(prefixes[kind]);
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__random(env, random, sizeof random));
    tripsage__buf_puts(&text, prefixes[kind]);
    if (kind == TRIPSAGE__API_KEY_SCOPED) {
        put_id(&text, id);
        tripsage__buf_putc(&text, '_');
    }
    tripsage__base64url_put(&text, random, sizeof random);
    TRIPSAGE_TRY(tripsage__buf_status(&text));
    if (kind != TRIPSAGE__API_KEY_SCOPED)
        text.size = prefix + RANDOM_LENGTH;
    TRIPSAGE_TRY(put_checksum(&text));
    memcpy(out, text.data, text.size + 1);
out:
    tripsage__wipe(random, sizeof random);
    tripsage__wipe(text.data, text.capacity);
    tripsage__buf_free(&text);
    return status;
}

static int has_shape(const char *text, size_t length)
{
    for (int kind = 0; kind < TRIPSAGE__API_KEY_KINDS; kind++) {
        size_t prefix = strlen(prefixes[kind]);
        size_t body = kind == TRIPSAGE__API_KEY_SCOPED ? SCOPED_LENGTH : RANDOM_LENGTH;

        if (length == prefix + body + 1 + CHECKSUM_LENGTH && memcmp(text, prefixes[kind], prefix) == 0)
            return text[prefix + body] == '_';
    }
    return 0;
}

int tripsage__api_key_is_whole(const char *text, size_t length)
{
    tripsage__buf expected = TRIPSAGE__BUF_INIT(256);
    int whole = 0;

    if (!has_shape(text, length))
        return 0;
    tripsage__buf_put(&expected, text, length - 1 - CHECKSUM_LENGTH);
    /* Without memory for it nobody knows; then the database is asked. */
    whole = put_checksum(&expected) != TRIPSAGE_OK ||
            (expected.size == length && tripsage__equal_constant_time(expected.data, text, length));
    tripsage__wipe(expected.data, expected.capacity);
    tripsage__buf_free(&expected);
    return whole;
}

tripsage_status tripsage__api_key_hash(char out[TRIPSAGE__API_KEY_HASH_SIZE], const char *text, size_t length)
{
    unsigned char digest[TRIPSAGE__SHA256_SIZE];
    tripsage_status status = tripsage__sha256(digest, text, length);

    if (status == TRIPSAGE_OK)
        tripsage__hex(out, digest, sizeof digest);
    return status;
}

/* ---- the keyring ---- */

/* 1,024 keys in use within a minute; more of them are looked up more often. 96 KiB. */
#define SLOTS      1024u
#define BELIEVE_MS 60000

struct slot {
    tripsage__keyring_name name;
    int64_t checked_at;
    int used;
    tripsage__api_key key;
};

struct tripsage__keyring {
    uint64_t secret[2][2];
    char given[2][TRIPSAGE__API_KEY_HASH_SIZE]; /* publishable, secret; "" for none */
    pthread_mutex_t lock;                       /* of what follows */
    uint64_t generation;
    struct slot slots[SLOTS];
};

tripsage_status tripsage__keyring_new(tripsage__keyring **out, tripsage__env *env, const char *public_key,
                                      const char *service_key)
{
    const char *given[] = {public_key, service_key};
    tripsage__keyring *keyring = tripsage__calloc(1, sizeof *keyring);
    tripsage_status status;

    *out = NULL;
    if (!keyring)
        return TRIPSAGE_NOMEM();
    if (pthread_mutex_init(&keyring->lock, NULL) != 0) {
        tripsage__free(keyring);
        return TRIPSAGE_NOMEM();
    }
    TRIPSAGE_TRY(tripsage__random(env, keyring->secret, sizeof keyring->secret));
    for (size_t i = 0; i < 2; i++)
        if (given[i])
            TRIPSAGE_TRY(tripsage__api_key_hash(keyring->given[i], given[i], strlen(given[i])));
    *out = keyring;
    keyring = NULL;
out:
    tripsage__keyring_free(keyring);
    return status;
}

void tripsage__keyring_free(tripsage__keyring *keyring)
{
    if (!keyring)
        return;
    pthread_mutex_destroy(&keyring->lock);
    tripsage__wipe(keyring, sizeof *keyring);
    tripsage__free(keyring);
}

int tripsage__keyring_is_given(tripsage__api_key *out, const tripsage__keyring *keyring,
                               const char hash[TRIPSAGE__API_KEY_HASH_SIZE])
{
    int found = 0;

    memset(out, 0, sizeof *out);
    out->expires_at = INT64_MAX;
    for (int i = 0; i < 2; i++)
        if (tripsage__equal_constant_time(keyring->given[i], hash, TRIPSAGE__API_KEY_HASH_SIZE)) {
            out->kind = i ? TRIPSAGE__API_KEY_SECRET : TRIPSAGE__API_KEY_PUBLISHABLE;
            found = 1;
        }
    return found;
}

tripsage__keyring_name tripsage__keyring_name_of(const tripsage__keyring *keyring, const char *text, size_t length)
{
    tripsage__keyring_name name;

    for (size_t i = 0; i < 2; i++)
        name.bits[i] = tripsage__siphash13(keyring->secret[i], text, length);
    return name;
}

int tripsage__keyring_find(tripsage__api_key *out, tripsage__keyring *keyring, tripsage__keyring_name name,
                           int64_t now_ms)
{
    struct slot *slot = &keyring->slots[name.bits[0] % SLOTS];
    int found;

    pthread_mutex_lock(&keyring->lock);
    /* A negative age: the clock was set back. */
    found = slot->used && memcmp(&slot->name, &name, sizeof name) == 0 && now_ms >= slot->checked_at &&
            now_ms - slot->checked_at < BELIEVE_MS && now_ms < slot->key.expires_at;
    if (found)
        *out = slot->key;
    pthread_mutex_unlock(&keyring->lock);
    return found;
}

uint64_t tripsage__keyring_generation(tripsage__keyring *keyring)
{
    uint64_t generation;

    pthread_mutex_lock(&keyring->lock);
    generation = keyring->generation;
    pthread_mutex_unlock(&keyring->lock);
    return generation;
}

void tripsage__keyring_keep(tripsage__keyring *keyring, tripsage__keyring_name name, const tripsage__api_key *key,
                            uint64_t generation, int64_t now_ms)
{
    struct slot *slot = &keyring->slots[name.bits[0] % SLOTS];

    pthread_mutex_lock(&keyring->lock);
    if (generation == keyring->generation)
        *slot = (struct slot){name, now_ms, 1, *key};
    pthread_mutex_unlock(&keyring->lock);
}

void tripsage__keyring_forget(tripsage__keyring *keyring)
{
    pthread_mutex_lock(&keyring->lock);
    keyring->generation++;
    memset(keyring->slots, 0, sizeof keyring->slots);
    pthread_mutex_unlock(&keyring->lock);
}
