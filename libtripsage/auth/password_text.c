/* auth/password_text.c: how the texts of hashes are read: see password_scheme.h. */
#include <string.h>

#include "auth/password_scheme.h"
#include "base/crypto.h"

int tripsage__hash_skip(const char **at, const char *literal)
{
    size_t length = strlen(literal);

    if (strncmp(*at, literal, length) != 0)
        return 0;
    *at += length;
    return 1;
}

int tripsage__hash_number(uint64_t *out, const char **at, uint64_t max)
{
    const char *first = *at;

    for (*out = 0; **at >= '0' && **at <= '9'; (*at)++) {
        *out = *out * 10 + (uint64_t)(**at - '0');
        if (*out > max)
            return 0;
    }
    return *at > first && (*first != '0' || *at == first + 1);
}

int tripsage__hash_bytes(void *out, size_t *size, size_t capacity, const char **at, const char *ends)
{
    char text[TRIPSAGE__PASSWORD_KNOWN_SIZE];
    size_t length = strcspn(*at, ends);
    int64_t decoded;

    if (length >= sizeof text)
        return 0;
    memcpy(text, *at, length);
    *at += length;
    for (int padding = 0; padding < 2 && length && text[length - 1] == '='; padding++)
        length--;
    for (size_t i = 0; i < length; i++)
        text[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];
    decoded = tripsage__base64url_decode(out, capacity, text, length);
    *size = decoded > 0 ? (size_t)decoded : 0;
    return decoded > 0;
}
