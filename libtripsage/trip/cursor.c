/* trip/cursor.c: base64url of  sort  descending  scope  number (8, big-endian)  id (36)  key  and 16 bytes of HMAC-SHA256 over all of
 * that. The signature is there so that a cursor means one thing only, where the page before ended: what a client could write
 * into it would become a promise. 16 bytes: a forger has to find 2^128. */
#include "cursor.h"

#include "base/crypto.h"
#include "base/memory.h"

enum { HEAD = 3 + 8 + TRIPSAGE__UUID_SIZE - 1, MAC = 16, SIZE_MAX_ALL = HEAD + TRIPSAGE__CURSOR_KEY_MAX + MAC };

tripsage_status tripsage__cursor_write(char **out, const tripsage_trips *trips, const tripsage__cursor *cursor)
{
    unsigned char bytes[SIZE_MAX_ALL];
    unsigned char mac[TRIPSAGE__SHA256_SIZE];
    size_t key_size = strlen(cursor->key);
    tripsage__buf text = TRIPSAGE__BUF_INIT(2 * SIZE_MAX_ALL);
    tripsage_status status;

    *out = NULL;
    bytes[0] = cursor->sort;
    bytes[1] = cursor->descending;
    bytes[2] = cursor->scope;
    for (int i = 0; i < 8; i++)
        bytes[3 + i] = (unsigned char)((uint64_t)cursor->number >> (56 - 8 * i));
    memcpy(bytes + 11, cursor->id, TRIPSAGE__UUID_SIZE - 1);
    memcpy(bytes + HEAD, cursor->key, key_size);
    TRIPSAGE_TRY(tripsage__hmac_sha256(mac, trips->cursor_key, sizeof trips->cursor_key, bytes, HEAD + key_size));
    memcpy(bytes + HEAD + key_size, mac, MAC);
    tripsage__base64url_put(&text, bytes, HEAD + key_size + MAC);
    TRIPSAGE_TRY(tripsage__buf_status(&text));
    *out = tripsage__buf_take(&text, NULL);
out:
    tripsage__buf_free(&text);
    return status;
}

static void unpack(tripsage__cursor *out, const unsigned char *bytes, size_t size)
{
    uint64_t number = 0;

    out->sort = bytes[0];
    out->descending = bytes[1];
    out->scope = bytes[2];
    for (int i = 0; i < 8; i++)
        number = number << 8 | bytes[3 + i];
    out->number = (int64_t)number;
    memcpy(out->id, bytes + 11, TRIPSAGE__UUID_SIZE - 1);
    out->id[TRIPSAGE__UUID_SIZE - 1] = '\0';
    memcpy(out->key, bytes + HEAD, size - HEAD);
    out->key[size - HEAD] = '\0';
}

tripsage_status tripsage__cursor_read(int *genuine, tripsage__cursor *out, const tripsage_trips *trips,
                                      const char *text)
{
    unsigned char bytes[SIZE_MAX_ALL];
    unsigned char mac[TRIPSAGE__SHA256_SIZE];
    int64_t size = tripsage__base64url_decode(bytes, sizeof bytes, text, strlen(text));
    size_t signed_size;
    tripsage_status status;

    *genuine = 0;
    if (size < HEAD + MAC)
        return TRIPSAGE_OK;
    signed_size = (size_t)size - MAC;
    status = tripsage__hmac_sha256(mac, trips->cursor_key, sizeof trips->cursor_key, bytes, signed_size);
    if (status != TRIPSAGE_OK)
        return status;
    *genuine = tripsage__equal_constant_time(mac, bytes + signed_size, MAC);
    if (*genuine)
        unpack(out, bytes, signed_size);
    return TRIPSAGE_OK;
}
