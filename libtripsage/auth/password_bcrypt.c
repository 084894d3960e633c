/* auth/password_bcrypt.c: bcrypt over libcrypt (libxcrypt). The home of crypt.h. */
#include <crypt.h>
#include <errno.h>
#include <string.h>

#include "auth/password_scheme.h"
#include "base/crypto.h"
#include "base/memory.h"

#define HASH_LENGTH (7 + 22 + 31) /* "$2b$10$", the salt, the hash */
#define COST_MIN    4             /* of bcrypt itself; each step doubles */
#define COST_MAX    31
/* All that bcrypt looks at. Systems that take longer passwords cut them there, and libcrypt would refuse some. */
#define PASSWORD_MAX 72

static int read_hash(tripsage__password_cost *cost, const char *hash)
{
    static const char alphabet[] = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    int steps;

    if (strlen(hash) != HASH_LENGTH || strncmp(hash, "$2", 2) != 0 || !strchr("aby", hash[2]) || hash[3] != '$' ||
        strspn(hash + 4, "0123456789") != 2 || hash[6] != '$' || strspn(hash + 7, alphabet) != HASH_LENGTH - 7)
        return 0;
    steps = (hash[4] - '0') * 10 + hash[5] - '0';
    cost->memory = sizeof(struct crypt_data);
    cost->work = (uint64_t)65536 << steps; /* 10, everybody's default, takes 60 to 70 ms */
    return steps >= COST_MIN && steps <= COST_MAX;
}

static tripsage_status verify(int *matches, const char *hash, const char *password)
{
    struct crypt_data *data = tripsage__calloc(1, sizeof *data); /* 32 KiB */
    char cut[PASSWORD_MAX + 1];
    const char *made;
    tripsage_status status = TRIPSAGE_OK;

    if (!data)
        return TRIPSAGE_NOMEM();
    cut[0] = '\0';
    strncat(cut, password, PASSWORD_MAX);
    made = crypt_rn(cut, hash, data, (int)sizeof *data);
    if (made)
        *matches = strlen(made) == HASH_LENGTH && tripsage__equal_constant_time(made, hash, HASH_LENGTH);
    else
        status = TRIPSAGE_FAIL_NATIVE(TRIPSAGE_EINTERNAL, errno, "libcrypt does not make bcrypt hashes");
    tripsage__wipe(cut, sizeof cut);
    tripsage__wipe(data, sizeof *data);
    tripsage__free(data);
    return status;
}

const tripsage__password_scheme tripsage__password_bcrypt = {read_hash, verify};
