/* auth/password_firebase.c: Firebase's scrypt, as Supabase Auth writes its hashes: "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=...$salt$hash".
 *
 * scrypt of the password, under the user's salt and then the project's separator `ss`, gives an AES key; the hash is the project's signer
 * key `sk`, encrypted with it. `n` is the logarithm of scrypt's N (Firebase calls it mem_cost), `r` the size of its blocks. */
#include <string.h>

#include "auth/password_scheme.h"
#include "base/crypto.h"

#define SALT_MAX 128 /* user's and separator together; Firebase makes 10 + 1 bytes */
#define KEY_MAX  128 /* 64 there */
/* Far past what is affordable, and short of where counting it would overflow. */
#define N_LOG_MAX 20u
#define R_MAX     (1u << 20)

typedef struct parsed {
    tripsage__scrypt_cost cost;
    unsigned char salt[SALT_MAX], key[KEY_MAX], hash[KEY_MAX];
    size_t salt_size, key_size, hash_size;
} parsed;

static int parse(parsed *out, const char *text)
{
    unsigned char separator[SALT_MAX / 2];
    const char *at = text;
    size_t separator_size = 0;
    uint64_t n_log;

    if (!tripsage__hash_skip(&at, "$fbscrypt$v=1,n=") || !tripsage__hash_number(&n_log, &at, N_LOG_MAX) || n_log == 0 ||
        !tripsage__hash_skip(&at, ",r=") || !tripsage__hash_number(&out->cost.r, &at, R_MAX) ||
        !tripsage__hash_skip(&at, ",p=") || !tripsage__hash_number(&out->cost.p, &at, UINT8_MAX))
        return 0;
    out->cost.n = (uint64_t)1 << n_log;
    if (tripsage__hash_skip(&at, ",ss=") &&
        !tripsage__hash_bytes(separator, &separator_size, sizeof separator, &at, ",$"))
        return 0;
    if (!tripsage__hash_skip(&at, ",sk=") || !tripsage__hash_bytes(out->key, &out->key_size, KEY_MAX, &at, "$") ||
        !tripsage__hash_skip(&at, "$") ||
        !tripsage__hash_bytes(out->salt, &out->salt_size, SALT_MAX - sizeof separator, &at, "$") ||
        !tripsage__hash_skip(&at, "$") || !tripsage__hash_bytes(out->hash, &out->hash_size, KEY_MAX, &at, "$") || *at)
        return 0;
    memcpy(out->salt + out->salt_size, separator, separator_size);
    out->salt_size += separator_size;
    return 1;
}

/* A hash of another length than the key's matches nothing; Supabase Auth keeps it all the same, and so do we. */
static int read_hash(tripsage__password_cost *cost, const char *hash)
{
    parsed p;
    /* RFC 7914, 2: n is below 2^(16 r). */
    int known = parse(&p, hash) && p.cost.r && p.cost.p && (p.cost.r > 1 || p.cost.n < 65536);

    if (known) {
        cost->memory = 128 * p.cost.n * p.cost.r;
        cost->work = 2 * cost->memory * p.cost.p;
    }
    tripsage__wipe(&p, sizeof p);
    return known;
}

static tripsage_status verify(int *matches, const char *hash, const char *password)
{
    unsigned char key[TRIPSAGE__AES256_KEY_SIZE], made[KEY_MAX];
    tripsage_status status;
    parsed p;

    if (!parse(&p, hash))
        return TRIPSAGE_FAIL(TRIPSAGE_EMISUSE, "this is not a Firebase hash");
    TRIPSAGE_TRY(tripsage__scrypt(key, sizeof key, password, &p.cost, p.salt, p.salt_size));
    TRIPSAGE_TRY(tripsage__aes256_ctr(made, key, p.key, p.key_size));
    *matches = p.hash_size == p.key_size && tripsage__equal_constant_time(made, p.hash, p.key_size);
out:
    tripsage__wipe(key, sizeof key);
    tripsage__wipe(made, sizeof made);
    tripsage__wipe(&p, sizeof p);
    return status;
}

const tripsage__password_scheme tripsage__password_firebase = {read_hash, verify};
