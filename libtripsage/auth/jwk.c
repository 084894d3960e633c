/* auth/jwk.c: public keys out of JSON and into it; sets of keys. */
#include "auth/jwk.h"

#include <stdatomic.h>
#include <string.h>

#include "base/crypto.h"
#include "base/json.h"
#include "base/memory.h"

struct entry {
    char kid[TRIPSAGE__KID_MAX + 1];
    tripsage__key *key;
    int64_t ends_at;
};

struct tripsage__keyset {
    atomic_uint references;
    size_t count;
    struct entry entries[TRIPSAGE__KEYSET_MAX];
};

/* ---- kinds of keys, in the words of JSON ---- */

struct kind {
    tripsage__algorithm algorithm;
    const char *kty;
    const char *crv; /* NULL: this kind has none */
    const char *numbers[2];
};

static const struct kind kinds[] = {{TRIPSAGE__ES256, "EC", "P-256", {"x", "y"}},
                                    {TRIPSAGE__RS256, "RSA", NULL, {"n", "e"}},
                                    {TRIPSAGE__EDDSA, "OKP", "Ed25519", {"x", NULL}}};
#define KINDS (sizeof kinds / sizeof kinds[0])

static const struct kind *kind_of(tripsage__algorithm algorithm)
{
    size_t i = 0;

    while (kinds[i].algorithm != algorithm)
        i++;
    return &kinds[i];
}

/* ---- writing ---- */

static void put_member(tripsage__buf *out, const char *name, const char *value)
{
    tripsage__buf_printf(out, ",\"%s\":\"%s\"", name, value);
}

static void put_number(tripsage__buf *out, const char *name, const tripsage__public *numbers, int which)
{
    tripsage__buf_printf(out, ",\"%s\":\"", name);
    tripsage__base64url_put(out, numbers->bytes[which], numbers->size[which]);
    tripsage__buf_putc(out, '"');
}

tripsage_status tripsage__jwk_put(tripsage__buf *out, const char *kid, const tripsage__key *key)
{
    const struct kind *kind = kind_of(tripsage__key_algorithm(key));
    tripsage__public numbers;
    tripsage_status status = tripsage__key_public(&numbers, key);

    if (status != TRIPSAGE_OK)
        return status;
    tripsage__buf_printf(out, "{\"kty\":\"%s\"", kind->kty);
    put_member(out, "alg", tripsage__algorithm_name(kind->algorithm));
    TRIPSAGE__LIT(out, ",\"kid\":");
    tripsage__json_put_string(out, kid);
    TRIPSAGE__LIT(out, ",\"use\":\"sig\",\"key_ops\":[\"verify\"]");
    if (kind->crv)
        put_member(out, "crv", kind->crv);
    put_number(out, kind->numbers[0], &numbers, 0);
    if (kind->numbers[1])
        put_number(out, kind->numbers[1], &numbers, 1);
    tripsage__buf_putc(out, '}');
    return tripsage__buf_status(out);
}

/* The required members in the order of their names, without spaces (RFC 7638, 3): crv, kty, x, y; e, kty, n; crv, kty, x. */
tripsage_status tripsage__jwk_thumbprint(char out[TRIPSAGE__THUMBPRINT_SIZE], const tripsage__key *key)
{
    const struct kind *kind = kind_of(tripsage__key_algorithm(key));
    tripsage__buf text = TRIPSAGE__BUF_INIT(TRIPSAGE__JWKS_MAX), digits = TRIPSAGE__BUF_INIT(TRIPSAGE__THUMBPRINT_SIZE);
    unsigned char digest[TRIPSAGE__SHA256_SIZE];
    tripsage__public numbers;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__key_public(&numbers, key));
    if (kind->crv) {
        tripsage__buf_printf(&text, "{\"crv\":\"%s\",\"kty\":\"%s\"", kind->crv, kind->kty);
        put_number(&text, kind->numbers[0], &numbers, 0);
        if (kind->numbers[1])
            put_number(&text, kind->numbers[1], &numbers, 1);
    } else {
        TRIPSAGE__LIT(&text, "{\"e\":\"");
        tripsage__base64url_put(&text, numbers.bytes[1], numbers.size[1]);
        tripsage__buf_printf(&text, "\",\"kty\":\"%s\"", kind->kty);
        put_number(&text, kind->numbers[0], &numbers, 0);
    }
    tripsage__buf_putc(&text, '}');
    TRIPSAGE_TRY(tripsage__buf_status(&text));
    TRIPSAGE_TRY(tripsage__sha256(digest, text.data, text.size));
    tripsage__base64url_put(&digits, digest, sizeof digest);
    TRIPSAGE_TRY(tripsage__buf_status(&digits));
    memcpy(out, digits.data, TRIPSAGE__THUMBPRINT_SIZE);
out:
    tripsage__buf_free(&text);
    tripsage__buf_free(&digits);
    return status;
}

/* ---- sets ---- */

tripsage_status tripsage__keyset_new(tripsage__keyset **out)
{
    *out = tripsage__calloc(1, sizeof **out);
    if (!*out)
        return TRIPSAGE_NOMEM();
    atomic_init(&(*out)->references, 1);
    return TRIPSAGE_OK;
}

tripsage__keyset *tripsage__keyset_retain(tripsage__keyset *set)
{
    atomic_fetch_add_explicit(&set->references, 1, memory_order_relaxed);
    return set;
}

void tripsage__keyset_release(tripsage__keyset *set)
{
    if (!set || atomic_fetch_sub_explicit(&set->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < set->count; i++)
        tripsage__key_free(set->entries[i].key);
    tripsage__free(set);
}

tripsage_status tripsage__keyset_add(tripsage__keyset *set, const char *kid, tripsage__key *key, int64_t ends_at)
{
    struct entry *entry = &set->entries[set->count];
    size_t length = strlen(kid);

    if (set->count == TRIPSAGE__KEYSET_MAX)
        return TRIPSAGE_FAIL(TRIPSAGE_ETOOLARGE, "a set has more than %d keys", TRIPSAGE__KEYSET_MAX);
    if (length > TRIPSAGE__KID_MAX)
        return TRIPSAGE_FAIL(TRIPSAGE_ETOOLARGE, "a key's id has more than %d bytes", TRIPSAGE__KID_MAX);
    memcpy(entry->kid, kid, length + 1);
    entry->key = key;
    entry->ends_at = ends_at;
    set->count++;
    return TRIPSAGE_OK;
}

const tripsage__key *tripsage__keyset_find(const tripsage__keyset *set, const char *kid, tripsage__algorithm algorithm,
                                           int64_t now_ms)
{
    for (const struct entry *entry = set->entries; entry < set->entries + set->count; entry++)
        if (tripsage__key_algorithm(entry->key) == algorithm && strcmp(entry->kid, kid) == 0 &&
            (!entry->ends_at || now_ms < entry->ends_at))
            return entry->key;
    return NULL;
}

tripsage_status tripsage__keyset_put(tripsage__buf *out, const tripsage__keyset *set, int64_t now_ms)
{
    const char *comma = "";

    TRIPSAGE__LIT(out, "{\"keys\":[");
    for (const struct entry *entry = set->entries; entry < set->entries + set->count; entry++) {
        tripsage_status status;

        if (entry->ends_at && now_ms >= entry->ends_at)
            continue;
        tripsage__buf_puts(out, comma);
        status = tripsage__jwk_put(out, entry->kid, entry->key);
        if (status != TRIPSAGE_OK)
            return status;
        comma = ",";
    }
    TRIPSAGE__LIT(out, "]}");
    return tripsage__buf_status(out);
}

/* ---- reading ---- */

static int text_is(const tripsage__json *node, const char *expected)
{
    const char *text = tripsage__json_text(node);

    return text && strcmp(text, expected) == 0;
}

/* Of which kind a key is; NULL: of none we know, or not for checking signatures, or not public. */
static const struct kind *kind_of_jwk(const tripsage__json *jwk)
{
    const tripsage__json *use = tripsage__json_member(jwk, "use"), *ops = tripsage__json_member(jwk, "key_ops");
    const tripsage__json *alg = tripsage__json_member(jwk, "alg"), *op = tripsage__json_first(ops);

    while (op && !text_is(op, "verify"))
        op = tripsage__json_next(op);
    if ((use && !text_is(use, "sig")) || (ops && !op) || tripsage__json_member(jwk, "d"))
        return NULL;
    for (const struct kind *kind = kinds; kind < kinds + KINDS; kind++)
        if (text_is(tripsage__json_member(jwk, "kty"), kind->kty) &&
            (!kind->crv || text_is(tripsage__json_member(jwk, "crv"), kind->crv)) &&
            (!alg || text_is(alg, tripsage__algorithm_name(kind->algorithm))))
            return kind;
    return NULL;
}

static int read_numbers(tripsage__public *out, const struct kind *kind, const tripsage__json *jwk)
{
    for (size_t i = 0; i < 2; i++) {
        const char *text = kind->numbers[i] ? tripsage__json_text(tripsage__json_member(jwk, kind->numbers[i])) : "";
        int64_t size = text ? tripsage__base64url_decode(out->bytes[i], sizeof out->bytes[i], text, strlen(text)) : -1;

        if (size < 0)
            return 0;
        out->size[i] = (size_t)size;
    }
    return 1;
}

/* Adds a key of the document, if it is one for us. */
static tripsage_status take_jwk(tripsage__keyset *set, const tripsage__json *jwk)
{
    const tripsage__json *id = tripsage__json_member(jwk, "kid");
    const char *kid = id ? tripsage__json_text(id) : "";
    const struct kind *kind = kind_of_jwk(jwk);
    tripsage__public numbers;
    tripsage__key *key;
    tripsage_status status;

    if (!kind || !kid || strlen(kid) > TRIPSAGE__KID_MAX || !read_numbers(&numbers, kind, jwk) ||
        tripsage__keyset_find(set, kid, kind->algorithm, 0))
        return TRIPSAGE_OK;
    status = tripsage__key_of_public(&key, kind->algorithm, &numbers);
    if (status == TRIPSAGE_EINVALID)
        return TRIPSAGE_OK;
    if (status != TRIPSAGE_OK)
        return status;
    status = tripsage__keyset_add(set, kid, key, 0);
    if (status != TRIPSAGE_OK)
        tripsage__key_free(key);
    return status;
}

tripsage_status tripsage__jwk_parse(tripsage__key **out, const char *json)
{
    tripsage__json *jwk = NULL;
    const struct kind *kind;
    tripsage__public numbers;
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__json_parse_trusted(&jwk, json, strlen(json)));
    kind = kind_of_jwk(jwk);
    if (kind && read_numbers(&numbers, kind, jwk))
        status = tripsage__key_of_public(out, kind->algorithm, &numbers);
    else
        status = TRIPSAGE_EINVALID;
    if (status == TRIPSAGE_EINVALID)
        status = TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "a public key of this database is none");
out:
    tripsage__json_free(jwk);
    return status;
}

tripsage_status tripsage__keyset_parse(tripsage__keyset **out, const char *json, size_t length)
{
    tripsage__keyset *set = NULL;
    tripsage__json *root = NULL;
    const tripsage__json *keys;
    tripsage_status status;

    *out = NULL;
    if (length > TRIPSAGE__JWKS_MAX)
        return TRIPSAGE_FAIL(TRIPSAGE_ETOOLARGE, "a JWKS has more than %zu bytes", TRIPSAGE__JWKS_MAX);
    TRIPSAGE_TRY(tripsage__json_parse(&root, json, length));
    keys = tripsage__json_member(root, "keys");
    if (!tripsage__json_is_array(keys)) {
        status = TRIPSAGE_FAIL(TRIPSAGE_EMALFORMED, "a JWKS has an array \"keys\"");
        goto out;
    }
    TRIPSAGE_TRY(tripsage__keyset_new(&set));
    for (const tripsage__json *jwk = tripsage__json_first(keys); jwk; jwk = tripsage__json_next(jwk))
        TRIPSAGE_TRY(take_jwk(set, jwk));
    *out = set;
    set = NULL;
out:
    tripsage__keyset_release(set);
    tripsage__json_free(root);
    return status;
}
