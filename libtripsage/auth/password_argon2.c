/* auth/password_argon2.c: Argon2id, which is ours, and Argon2i, in the PHC string format, over libargon2. The home of argon2.h.
 *
 * Text is read here and not by libargon2, which starts a thread for each lane that a hash names. The memory it works in (the cost itself,
 * 19 MiB by default) is wiped by libargon2 and kept for the thread's next hash. */
#include <argon2.h>
#include <stdio.h>
#include <string.h>

#include "auth/password_scheme.h"
#include "base/crypto.h"
#include "base/memory.h"

#define HASH_SIZE 32
/* One lane: a second one would take two processors for one sign-in. */
#define LANES 1u

/* Of hashes from elsewhere: twice and four times what the RFC recommends. */
#define BYTES_MAX 64
/* Supabase Auth's bound; lanes are filled one after the other. */
#define LANES_MAX 16u

typedef struct parsed {
    argon2_type type;
    uint64_t version, memory_kib, passes, lanes;
    unsigned char salt[BYTES_MAX], hash[BYTES_MAX];
    size_t salt_size, hash_size;
} parsed;

/* "$argon2id$v=19$m=19456,t=2,p=1$salt$hash" */
static int parse(parsed *out, const char *text)
{
    const char *at = text;

    if (tripsage__hash_skip(&at, "$argon2id$v="))
        out->type = Argon2_id;
    else if (tripsage__hash_skip(&at, "$argon2i$v="))
        out->type = Argon2_i;
    else
        return 0;
    return tripsage__hash_number(&out->version, &at, ARGON2_VERSION_13) && tripsage__hash_skip(&at, "$m=") &&
           tripsage__hash_number(&out->memory_kib, &at, TRIPSAGE__ARGON2_MEMORY_MAX) &&
           tripsage__hash_skip(&at, ",t=") && tripsage__hash_number(&out->passes, &at, TRIPSAGE__ARGON2_PASSES_MAX) &&
           tripsage__hash_skip(&at, ",p=") && tripsage__hash_number(&out->lanes, &at, LANES_MAX) &&
           tripsage__hash_skip(&at, "$") &&
           tripsage__hash_bytes(out->salt, &out->salt_size, sizeof out->salt, &at, "$") &&
           tripsage__hash_skip(&at, "$") &&
           tripsage__hash_bytes(out->hash, &out->hash_size, sizeof out->hash, &at, "$") && !*at;
}

static int read_hash(tripsage__password_cost *cost, const char *hash)
{
    parsed p;

    if (!parse(&p, hash) || (p.version != ARGON2_VERSION_10 && p.version != ARGON2_VERSION_13) || !p.lanes ||
        !p.passes || p.memory_kib < 8 * p.lanes || p.salt_size < ARGON2_MIN_SALT_LENGTH ||
        p.hash_size < ARGON2_MIN_OUTLEN)
        return 0;
    cost->memory = p.memory_kib * 1024;
    cost->work = cost->memory * p.passes;
    return 1;
}

/* ---- the work ---- */

/* The calling thread's. libargon2 hands its callbacks nothing to find it by. */
static _Thread_local struct {
    void *bytes;
    size_t size;
} kept;

void tripsage__argon2_let_go(void)
{
    tripsage__free(kept.bytes);
    kept.bytes = NULL;
    kept.size = 0;
}

static int take_memory(uint8_t **memory, size_t size)
{
    if (kept.size < size) {
        tripsage__argon2_let_go();
        kept.bytes = tripsage__malloc(size);
        kept.size = kept.bytes ? size : 0;
    }
    *memory = kept.bytes;
    return kept.bytes ? ARGON2_OK : ARGON2_MEMORY_ALLOCATION_ERROR;
}

static void leave_memory(uint8_t *memory, size_t size)
{
    (void)memory;
    (void)size;
}

/* Of the cost, the salt and the kind in `p`: as many bytes as p->hash_size says. */
static tripsage_status compute(unsigned char *out, const parsed *p, const char *password)
{
    argon2_context context = {
        .out = out,
        .outlen = (uint32_t)p->hash_size,
        .pwd = (uint8_t *)(uintptr_t)password, /* not written to: only asked for by ARGON2_FLAG_CLEAR_PASSWORD */
        .pwdlen = (uint32_t)strlen(password),
        .salt = (uint8_t *)(uintptr_t)p->salt, /* the same */
        .saltlen = (uint32_t)p->salt_size,
        .t_cost = (uint32_t)p->passes,
        .m_cost = (uint32_t)p->memory_kib,
        .lanes = (uint32_t)p->lanes,
        .threads = 1,
        .version = (uint32_t)p->version,
        .allocate_cbk = take_memory,
        .free_cbk = leave_memory,
    };
    int code = argon2_ctx(&context, p->type);

    if (code == ARGON2_OK)
        return TRIPSAGE_OK;
    if (code == ARGON2_MEMORY_ALLOCATION_ERROR)
        return TRIPSAGE_NOMEM();
    return TRIPSAGE_FAIL_NATIVE(TRIPSAGE_EINTERNAL, code, "Argon2: %s", argon2_error_message(code));
}

static tripsage_status verify(int *matches, const char *hash, const char *password)
{
    unsigned char made[BYTES_MAX];
    tripsage_status status;
    parsed p;

    if (!parse(&p, hash))
        return TRIPSAGE_FAIL(TRIPSAGE_EMISUSE, "this is not an Argon2 hash");
    status = compute(made, &p, password);
    if (status == TRIPSAGE_OK)
        *matches = tripsage__equal_constant_time(made, p.hash, p.hash_size);
    tripsage__wipe(made, sizeof made);
    return status;
}

const tripsage__password_scheme tripsage__password_argon2 = {read_hash, verify};

/* ---- our own ---- */

void tripsage__argon2_prefix(char out[TRIPSAGE__ARGON2_PREFIX_SIZE], const tripsage__argon2_cost *cost)
{
    snprintf(out, TRIPSAGE__ARGON2_PREFIX_SIZE, "$argon2id$v=%d$m=%u,t=%u,p=%u$", ARGON2_VERSION_13, cost->memory_kib,
             cost->passes, LANES);
}

tripsage_status tripsage__argon2_hash(char out[TRIPSAGE__PASSWORD_HASH_SIZE], const tripsage__argon2_cost *cost,
                                      const unsigned char salt[TRIPSAGE__ARGON2_SALT_SIZE], const char *password)
{
    parsed p = {.type = Argon2_id,
                .version = ARGON2_VERSION_13,
                .memory_kib = cost->memory_kib,
                .passes = cost->passes,
                .lanes = LANES,
                .salt_size = TRIPSAGE__ARGON2_SALT_SIZE,
                .hash_size = HASH_SIZE};
    unsigned char made[HASH_SIZE];
    char *at;
    tripsage_status status;

    memcpy(p.salt, salt, TRIPSAGE__ARGON2_SALT_SIZE);
    TRIPSAGE_TRY(compute(made, &p, password));
    tripsage__argon2_prefix(out, cost);
    at = out + strlen(out);
    at += tripsage__base64_encode(at, salt, TRIPSAGE__ARGON2_SALT_SIZE);
    *at++ = '$';
    tripsage__base64_encode(at, made, sizeof made);
out:
    tripsage__wipe(made, sizeof made);
    return status;
}
