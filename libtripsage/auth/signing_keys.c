/* auth/signing_keys.c: see signing_keys.h. Private parts are in the database sealed, and in memory only the current one's. */
#include "auth/signing_keys.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "auth/statements.h"
#include "base/crypto.h"
#include "base/memory.h"

/* How many there may be before a rotation: room in a set for the next one, and for the two of another algorithm. */
#define ROTATE_MAX (TRIPSAGE__KEYSET_MAX - 4)
/* "signing_key:" and a thumbprint. */
#define PURPOSE_SIZE 64
/* An RSA pair of 2,048 bits has 1,220 bytes. */
#define PRIVATE_MAX ((size_t)16 * 1024)

struct tripsage__signing_keys {
    tripsage__store *store;
    tripsage__env *env;
    const tripsage__sealer *sealer;
    tripsage__algorithm algorithm;
    char *secret; /* NULL: none */
    size_t secret_size;
    pthread_mutex_t load_lock; /* around reading the keys again; taken before the other */
    pthread_mutex_t lock;      /* around what follows, which is replaced as a whole */
    tripsage__keyset *set;     /* NULL with HS256 */
    char current[TRIPSAGE__THUMBPRINT_SIZE];
    int is_locked; /* the current one is sealed under a secret that is not here: only its public half is known */
    int64_t loaded_at, tried_at;
};

static int has_pairs(const tripsage__signing_keys *keys)
{
    return keys->algorithm != TRIPSAGE__HS256;
}

/* ---- keys out of the database ---- */

/* The columns of tripsage__sql_signing_key_list. */
enum { KID, ALG, STATE, PRIVATE_KEY, PUBLIC_KEY, CREATED_AT, ROTATED_AT, EXPIRES_AT };

struct loading {
    const tripsage__signing_keys *keys;
    tripsage__keyset *set;
    char current[TRIPSAGE__THUMBPRINT_SIZE];
    int has_standby, is_locked;
    size_t others; /* current ones of another algorithm */
};

static void forget_keys(void *context)
{
    struct loading *l = context;

    tripsage__keyset_release(l->set);
    l->set = NULL;
    l->current[0] = '\0';
    l->has_standby = l->is_locked = 0;
    l->others = 0;
}

static void purpose_of(char out[PURPOSE_SIZE], const char *kid)
{
    snprintf(out, PURPOSE_SIZE, "signing_key:%s", kid);
}

static tripsage_status unseal_pair(tripsage__key **out, const tripsage__sealer *sealer, tripsage__algorithm algorithm,
                                   const char *kid, const char *sealed)
{
    tripsage__buf der = TRIPSAGE__BUF_INIT(PRIVATE_MAX);
    char purpose[PURPOSE_SIZE];
    tripsage_status status;

    purpose_of(purpose, kid);
    status = tripsage__unseal(&der, sealer, purpose, sealed, strlen(sealed));
    if (status == TRIPSAGE_OK)
        status = tripsage__key_of_private(out, algorithm, der.data, der.size);
    tripsage__buf_free_wiped(&der);
    return status;
}

/* The key of a row: the pair of the one we sign with, the public half of any other. Whoever has lost a secret key can still open his database. */
static tripsage_status key_of_row(tripsage__key **out, struct loading *l, const tripsage__row *row)
{
    const char *kid = tripsage__row_text(row, KID, NULL), *state = tripsage__row_text(row, STATE, NULL);
    tripsage__algorithm algorithm = tripsage__algorithm_of(tripsage__row_text(row, ALG, NULL));

    if (strlen(kid) >= sizeof l->current)
        return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "the id of a signing key is no thumbprint");
    if (algorithm == l->keys->algorithm && strcmp(state, "standby") == 0)
        l->has_standby = 1;
    l->others += algorithm != l->keys->algorithm && strcmp(state, "current") == 0;
    if (algorithm == l->keys->algorithm && strcmp(state, "current") == 0) {
        tripsage_status status =
            unseal_pair(out, l->keys->sealer, algorithm, kid, tripsage__row_text(row, PRIVATE_KEY, NULL));

        memcpy(l->current, kid, strlen(kid) + 1);
        if (status != TRIPSAGE_EUNAVAILABLE)
            return status;
        l->is_locked = 1;
    }
    return tripsage__jwk_parse(out, tripsage__row_text(row, PUBLIC_KEY, NULL));
}

static tripsage_status take_key(void *context, const tripsage__row *row)
{
    struct loading *l = context;
    tripsage__key *key = NULL;
    tripsage_status status = TRIPSAGE_OK;

    if (!l->set)
        status = tripsage__keyset_new(&l->set);
    if (status == TRIPSAGE_OK)
        status = key_of_row(&key, l, row);
    if (status == TRIPSAGE_OK)
        status =
            tripsage__keyset_add(l->set, tripsage__row_text(row, KID, NULL), key, tripsage__row_int(row, EXPIRES_AT));
    if (status != TRIPSAGE_OK)
        tripsage__key_free(key);
    return status;
}

static tripsage_status read_keys(struct loading *l, int64_t now)
{
    const tripsage__value params[] = {tripsage__int(now)};
    const tripsage__step step = {.statement = &tripsage__sql_signing_key_list,
                                 .params = params,
                                 .param_count = 1,
                                 .on_begin = forget_keys,
                                 .on_row = take_key,
                                 .context = l};

    return tripsage__store_read(l->keys->store, NULL, &step, 1);
}

/* ---- keys into the database ---- */

/* A new pair as its row. */
struct new_key {
    char kid[TRIPSAGE__THUMBPRINT_SIZE];
    tripsage__buf private_key, public_key;
    tripsage__value params[6];
};

static void free_new_key(struct new_key *made)
{
    tripsage__buf_free(&made->private_key);
    tripsage__buf_free(&made->public_key);
}

static tripsage_status seal_pair(struct new_key *made, const tripsage__sealer *sealer, const tripsage__key *key)
{
    tripsage__buf der = TRIPSAGE__BUF_INIT(PRIVATE_MAX);
    char purpose[PURPOSE_SIZE];
    tripsage_status status = tripsage__buf_reserve(&der, PRIVATE_MAX / 2); /* at once: growing leaves copies */

    purpose_of(purpose, made->kid);
    if (status == TRIPSAGE_OK)
        status = tripsage__key_put_private(&der, key);
    if (status == TRIPSAGE_OK)
        status = tripsage__seal(&made->private_key, sealer, purpose, der.data, der.size);
    tripsage__buf_free_wiped(&der);
    return status;
}

/* Its texts are for free_new_key, also where it fails. */
static tripsage_status make_key(struct new_key *made, const tripsage__signing_keys *keys, const char *state,
                                int64_t now)
{
    tripsage__key *key = NULL;
    tripsage_status status;

    made->private_key = (tripsage__buf)TRIPSAGE__BUF_INIT(2 * PRIVATE_MAX);
    made->public_key = (tripsage__buf)TRIPSAGE__BUF_INIT(TRIPSAGE__JWKS_MAX);
    TRIPSAGE_TRY(tripsage__key_make(&key, keys->algorithm));
    TRIPSAGE_TRY(tripsage__jwk_thumbprint(made->kid, key));
    TRIPSAGE_TRY(tripsage__jwk_put(&made->public_key, made->kid, key));
    TRIPSAGE_TRY(seal_pair(made, keys->sealer, key));
    made->params[0] = tripsage__text(made->kid);
    made->params[1] = tripsage__text(tripsage__algorithm_name(keys->algorithm));
    made->params[2] = tripsage__text(state);
    made->params[3] = tripsage__text(made->private_key.data);
    made->params[4] = tripsage__text(made->public_key.data);
    made->params[5] = tripsage__int(now);
out:
    tripsage__key_free(key);
    return status;
}

static tripsage__step insert_of(const struct new_key *made)
{
    return (tripsage__step){.statement = &tripsage__sql_signing_key_insert, .params = made->params, .param_count = 6};
}

/* Both that there must be; what is there already stays. */
static tripsage_status write_first_keys(const tripsage__signing_keys *keys, int64_t now)
{
    struct new_key current = {.kid = ""}, standby = {.kid = ""};
    tripsage__step steps[2];
    tripsage_status status;

    TRIPSAGE_TRY(make_key(&current, keys, "current", now));
    TRIPSAGE_TRY(make_key(&standby, keys, "standby", now));
    steps[0] = insert_of(&current);
    steps[1] = insert_of(&standby);
    status = tripsage__store_write(keys->store, NULL, steps, 2);
out:
    free_new_key(&current);
    free_new_key(&standby);
    return status;
}

/* ---- reading again ---- */

/* A negative age: the clock was set back, and what it said then cannot be compared. */
static int is_past(int64_t since, int64_t now, int64_t age)
{
    return now < since || now - since >= age;
}

/* Whether they are of an age, and nobody tried to read them just now: where the store does not answer, not everybody waits for it. */
static int is_due(tripsage__signing_keys *keys, int64_t age)
{
    int64_t now = tripsage__now_ms(keys->env);
    int due;

    pthread_mutex_lock(&keys->lock);
    due = is_past(keys->loaded_at, now, age) && is_past(keys->tried_at, now, TRIPSAGE__KEYS_MIN_AGE_MS);
    pthread_mutex_unlock(&keys->lock);
    return due;
}

static void note_try(tripsage__signing_keys *keys)
{
    int64_t now = tripsage__now_ms(keys->env);

    pthread_mutex_lock(&keys->lock);
    keys->tried_at = now;
    pthread_mutex_unlock(&keys->lock);
}

static void replace(tripsage__signing_keys *keys, const struct loading *l, int64_t now)
{
    tripsage__keyset *old;

    pthread_mutex_lock(&keys->lock);
    old = keys->set;
    keys->set = l->set;
    memcpy(keys->current, l->current, sizeof keys->current);
    keys->is_locked = l->is_locked;
    keys->loaded_at = keys->tried_at = now;
    pthread_mutex_unlock(&keys->lock);
    tripsage__keyset_release(old);
}

/* Where the algorithm is another one than before: what happens to the tokens that there are. */
static void say_new(const tripsage__signing_keys *keys, size_t others)
{
    if (others)
        tripsage__log(keys->env, TRIPSAGE_LOG_INFO, "auth",
                      "access tokens are signed with %s from now on, by keys made just now; what the keys of another "
                      "algorithm signed stays good until it expires",
                      tripsage__algorithm_name(keys->algorithm));
}

/* Once, and again after it was well in between: who signs in only hears that something is away. */
static void say_locked(const tripsage__signing_keys *keys, const struct loading *l)
{
    if (l->is_locked && !keys->is_locked)
        tripsage__log(
            keys->env, TRIPSAGE_LOG_ERROR, "auth",
            "nobody can sign in: the signing key is sealed under another SECRET_KEY than this server has; set "
            "that one, as SECRET_KEY_PREVIOUS where it was replaced, or run \"tripsage-server keys rotate-signing\"");
}

/* With load_lock. */
static tripsage_status load(tripsage__signing_keys *keys)
{
    int64_t now = tripsage__now_ms(keys->env);
    struct loading l = {.keys = keys};
    tripsage_status status = read_keys(&l, now);

    if (status == TRIPSAGE_OK && (!l.current[0] || !l.has_standby)) {
        size_t others = l.others;

        status = write_first_keys(keys, now);
        if (status == TRIPSAGE_OK)
            status = read_keys(&l, now);
        if (status == TRIPSAGE_OK)
            say_new(keys, others);
    }
    if (status == TRIPSAGE_OK && !l.current[0])
        status = TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "there is no current signing key");
    if (status == TRIPSAGE_OK) {
        say_locked(keys, &l);
        replace(keys, &l, now);
    } else {
        forget_keys(&l);
    }
    return status;
}

static tripsage_status load_if_due(tripsage__signing_keys *keys, int64_t age)
{
    tripsage_status status = TRIPSAGE_OK;

    if (is_due(keys, age)) {
        status = load(keys);
        note_try(keys);
    }
    return status;
}

/* While one reads, the others go on with what there is. */
static tripsage_status refresh(tripsage__signing_keys *keys)
{
    tripsage_status status;

    if (!is_due(keys, TRIPSAGE__KEYS_MAX_AGE_MS) || pthread_mutex_trylock(&keys->load_lock) != 0)
        return TRIPSAGE_OK;
    status = load_if_due(keys, TRIPSAGE__KEYS_MAX_AGE_MS);
    pthread_mutex_unlock(&keys->load_lock);
    return status;
}

/* Whoever misses a key while another one reads waits for what that finds. */
static tripsage_status look_again(tripsage__signing_keys *keys)
{
    tripsage_status status;

    pthread_mutex_lock(&keys->load_lock);
    status = load_if_due(keys, TRIPSAGE__KEYS_MIN_AGE_MS);
    pthread_mutex_unlock(&keys->load_lock);
    return status;
}

/* ---- made and freed ---- */

static tripsage_status copy_secret(tripsage__signing_keys *keys, const char *secret)
{
    if (!secret)
        return TRIPSAGE_OK;
    keys->secret_size = strlen(secret);
    keys->secret = tripsage__strdup(secret);
    return keys->secret ? TRIPSAGE_OK : TRIPSAGE_NOMEM();
}

tripsage_status tripsage__signing_keys_new(tripsage__signing_keys **out, tripsage__store *store,
                                           const tripsage__sealer *sealer, tripsage__algorithm algorithm,
                                           const char *secret)
{
    tripsage__signing_keys *keys = tripsage__calloc(1, sizeof *keys);
    tripsage_status status;

    *out = NULL;
    if (!keys)
        return TRIPSAGE_NOMEM();
    pthread_mutex_init(&keys->load_lock, NULL);
    pthread_mutex_init(&keys->lock, NULL);
    keys->store = store;
    keys->env = tripsage__store_env(store);
    keys->sealer = sealer;
    keys->algorithm = algorithm;
    status = copy_secret(keys, secret);
    if (status == TRIPSAGE_OK && has_pairs(keys))
        status = load(keys);
    if (status == TRIPSAGE_OK)
        *out = keys;
    else
        tripsage__signing_keys_free(keys);
    return status;
}

void tripsage__signing_keys_free(tripsage__signing_keys *keys)
{
    if (!keys)
        return;
    tripsage__keyset_release(keys->set);
    tripsage__wipe(keys->secret, keys->secret_size);
    tripsage__free(keys->secret);
    pthread_mutex_destroy(&keys->lock);
    pthread_mutex_destroy(&keys->load_lock);
    tripsage__free(keys);
}

/* ---- used ---- */

static void hold_secret(tripsage__held_key *out, const tripsage__signing_keys *keys)
{
    out->key.kid = out->kid;
    out->key.secret = keys->secret;
    out->key.secret_size = keys->secret_size;
    out->found = keys->secret != NULL;
}

/* A key of the present set, if it is there. `kid`: NULL for the current one. */
static void hold_pair(tripsage__held_key *out, tripsage__signing_keys *keys, tripsage__algorithm algorithm,
                      const char *kid)
{
    pthread_mutex_lock(&keys->lock);
    out->set = tripsage__keyset_retain(keys->set);
    if (!kid)
        memcpy(out->kid, keys->current, sizeof out->kid);
    out->is_locked = keys->is_locked && !kid;
    pthread_mutex_unlock(&keys->lock);
    out->key.kid = out->kid;
    out->key.pair = tripsage__keyset_find(out->set, kid ? kid : out->kid, algorithm, tripsage__now_ms(keys->env));
    out->found = out->key.pair != NULL;
}

/* Also where it cannot sign. */
static tripsage_status hold_current(tripsage__held_key *out, tripsage__signing_keys *keys)
{
    tripsage_status status;

    memset(out, 0, sizeof *out);
    if (!has_pairs(keys)) {
        hold_secret(out, keys);
        return TRIPSAGE_OK;
    }
    status = refresh(keys);
    if (status == TRIPSAGE_OK)
        hold_pair(out, keys, keys->algorithm, NULL);
    return status;
}

tripsage_status tripsage__signing_keys_current(tripsage__held_key *out, tripsage__signing_keys *keys)
{
    tripsage_status status = hold_current(out, keys);

    if (status == TRIPSAGE_OK && out->is_locked)
        return TRIPSAGE_FAIL(
            TRIPSAGE_EUNAVAILABLE,
            "the signing key is sealed under another secret key; give that, or rotate the signing key");
    return status;
}

tripsage_status tripsage__signing_keys_find(tripsage__held_key *out, tripsage__signing_keys *keys,
                                            tripsage__algorithm algorithm, const char *kid)
{
    tripsage_status status;

    memset(out, 0, sizeof *out);
    if (algorithm == TRIPSAGE__HS256)
        hold_secret(out, keys);
    if (algorithm == TRIPSAGE__HS256 || !has_pairs(keys))
        return TRIPSAGE_OK;
    status = refresh(keys);
    if (status != TRIPSAGE_OK)
        return status;
    hold_pair(out, keys, algorithm, kid);
    if (out->found)
        return TRIPSAGE_OK;
    tripsage__held_key_release(out);
    status = look_again(keys);
    if (status == TRIPSAGE_OK)
        hold_pair(out, keys, algorithm, kid);
    return status;
}

void tripsage__held_key_release(tripsage__held_key *held)
{
    tripsage__keyset_release(held->set);
    memset(held, 0, sizeof *held);
}

tripsage_status tripsage__signing_keys_put(tripsage__buf *out, tripsage__signing_keys *keys)
{
    tripsage__held_key held;
    tripsage_status status = hold_current(&held, keys);

    if (status == TRIPSAGE_OK && held.set)
        status = tripsage__keyset_put(out, held.set, tripsage__now_ms(keys->env));
    else if (status == TRIPSAGE_OK)
        TRIPSAGE__LIT(out, "{\"keys\":[]}"); /* a secret is shown to nobody */
    tripsage__held_key_release(&held);
    return status == TRIPSAGE_OK ? tripsage__buf_status(out) : status;
}

/* ---- looked at ---- */

static void begin_list(void *context)
{
    tripsage__buf *out = context;

    out->size = 0;
    out->failed = TRIPSAGE_OK;
    TRIPSAGE__LIT(out, "{\"keys\":[");
}

static void put_text(tripsage__buf *out, const char *name, const tripsage__row *row, int column)
{
    tripsage__buf_printf(out, "\"%s\":", name);
    tripsage__json_put_string(out, tripsage__row_text(row, column, NULL));
    tripsage__buf_putc(out, ',');
}

static void put_instant(tripsage__buf *out, const char *name, const tripsage__row *row, int column)
{
    if (tripsage__row_is_null(row, column))
        return;
    tripsage__buf_printf(out, ",\"%s\":", name);
    tripsage__json_put_instant(out, tripsage__row_int(row, column));
}

static tripsage_status put_row(void *context, const tripsage__row *row)
{
    tripsage__buf *out = context;

    tripsage__buf_puts(out, out->data[out->size - 1] == '[' ? "{" : ",{");
    put_text(out, "kid", row, KID);
    put_text(out, "alg", row, ALG);
    put_text(out, "state", row, STATE);
    TRIPSAGE__LIT(out, "\"created_at\":");
    tripsage__json_put_instant(out, tripsage__row_int(row, CREATED_AT));
    put_instant(out, "rotated_at", row, ROTATED_AT);
    put_instant(out, "expires_at", row, EXPIRES_AT);
    tripsage__buf_putc(out, '}');
    return tripsage__buf_status(out);
}

tripsage_status tripsage__signing_keys_list(tripsage__buf *out, tripsage__signing_keys *keys)
{
    const tripsage__value params[] = {tripsage__int(tripsage__now_ms(keys->env))};
    const tripsage__step step = {.statement = &tripsage__sql_signing_key_list,
                                 .params = params,
                                 .param_count = 1,
                                 .on_begin = begin_list,
                                 .on_row = put_row,
                                 .context = out};
    tripsage_status status;

    begin_list(out);
    status = tripsage__buf_status(out);
    if (status == TRIPSAGE_OK)
        status = tripsage__store_read(keys->store, NULL, &step, 1);
    TRIPSAGE__LIT(out, "]}");
    return status == TRIPSAGE_OK ? tripsage__buf_status(out) : status;
}

/* ---- purged ---- */

/* The sets in memory know by themselves when a key is over. */
tripsage_status tripsage__signing_keys_purge(int64_t *deleted, tripsage__signing_keys *keys)
{
    const tripsage__value now = tripsage__int(tripsage__now_ms(keys->env));
    const tripsage__step step = {
        .statement = &tripsage__sql_signing_key_purge, .params = &now, .param_count = 1, .changes = deleted};

    *deleted = 0;
    return tripsage__store_write(keys->store, NULL, &step, 1);
}

/* ---- rotated ---- */

/* `next`: the standby key after the present one. */
static tripsage_status write_rotation(int64_t *retired, const tripsage__signing_keys *keys, const struct new_key *next,
                                      int64_t now, int64_t ttl_ms)
{
    const tripsage__value algorithm = tripsage__text(tripsage__algorithm_name(keys->algorithm)),
                          at = tripsage__int(now);
    int64_t ends_at = now + TRIPSAGE__KEYS_MAX_AGE_MS + ttl_ms + TRIPSAGE__TOKEN_SKEW_MS;
    const tripsage__value retire[] = {tripsage__text(keys->current), algorithm, at, tripsage__int(ends_at),
                                      tripsage__int(ROTATE_MAX)};
    const tripsage__value promote[] = {algorithm, at};
    const tripsage__step steps[] = {
        {.statement = &tripsage__sql_signing_key_purge, .params = &at, .param_count = 1},
        {.statement = &tripsage__sql_signing_key_retire, .params = retire, .param_count = 5, .changes = retired},
        {.statement = &tripsage__sql_signing_key_promote, .params = promote, .param_count = 2},
        insert_of(next)};

    return tripsage__store_write(keys->store, NULL, steps, 4);
}

/* What the keys were read for has changed: the next use reads them. A rotation that was written is done, whatever that finds. */
static void let_reread(tripsage__signing_keys *keys)
{
    pthread_mutex_lock(&keys->lock);
    keys->loaded_at = keys->tried_at = INT64_MIN / 2;
    pthread_mutex_unlock(&keys->lock);
}

/* Nothing was retired by us: somebody else was faster, or nobody may. */
static tripsage_status explain_rotation(tripsage__signing_keys *keys, const char *before)
{
    tripsage_status status = load(keys);

    if (status == TRIPSAGE_OK && strcmp(before, keys->current) == 0)
        return TRIPSAGE_FAIL(TRIPSAGE_ELIMIT, "there are %d signing keys already whose tokens are not over",
                             ROTATE_MAX);
    return status;
}

/* With load_lock. */
static tripsage_status rotate(tripsage__signing_keys *keys, int64_t ttl_ms)
{
    int64_t now = tripsage__now_ms(keys->env), retired = 0;
    char before[TRIPSAGE__THUMBPRINT_SIZE];
    struct new_key next = {.kid = ""};
    tripsage_status status;

    TRIPSAGE_TRY(load(keys)); /* which key is the current one */
    memcpy(before, keys->current, sizeof before);
    TRIPSAGE_TRY(make_key(&next, keys, "standby", now));
    TRIPSAGE_TRY(write_rotation(&retired, keys, &next, now, ttl_ms));
    if (retired)
        let_reread(keys);
    else
        status = explain_rotation(keys, before);
out:
    free_new_key(&next);
    return status;
}

tripsage_status tripsage__signing_keys_rotate(tripsage__signing_keys *keys, int64_t ttl_ms)
{
    tripsage_status status;

    if (!has_pairs(keys))
        return TRIPSAGE_FAIL(TRIPSAGE_ENOTSUP, "HS256 has a secret, and no keys to rotate");
    pthread_mutex_lock(&keys->load_lock);
    status = rotate(keys, ttl_ms);
    if (status == TRIPSAGE_OK &&
        keys->is_locked) /* and the standby key with it, most likely; the one made just now is not */
        status = rotate(keys, ttl_ms);
    pthread_mutex_unlock(&keys->load_lock);
    return status;
}
