/* redact.c: see redact.h. */
#include "redact.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#define MASK "***"

typedef struct output {
    char *to;
    size_t left; /* without the NUL */
} output;

static void put(output *out, const char *text, size_t length)
{
    length = length < out->left ? length : out->left;
    memcpy(out->to, text, length);
    out->to += length;
    out->left -= length;
}

/* Letters, digits and what tokens have besides. */
static size_t token_length(const char *text)
{
    return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~+/=%:");
}

/* How many characters of it stay before a token that begins here; 0: none begins. */
static size_t begins_token(const char *at)
{
    static const struct {
        const char *begin;
        size_t stays, least; /* least: characters of the whole, so that a word that begins alike is none */
    } kinds[] = {{"eyJ", 3, 40},  {"sb_secret_", 10, 20}, {"sb_publishable_", 15, 25},
                 {"tsk_", 4, 20}, {"sk-", 3, 20},         {"enc:v", 5, 20}};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strncmp(at, kinds[i].begin, strlen(kinds[i].begin)) == 0 && token_length(at) >= kinds[i].least)
            return kinds[i].stays;
    return 0;
}

/* "password=", "token: ": how many characters until the value; 0: it is no such name. */
static size_t begins_value(const char *at, int personal)
{
    static const char *const names[] = {"password", "passwd",       "token",         "secret", "apikey",
                                        "api_key",  "access_token", "refresh_token", "code"};
    size_t length;

    if (strncasecmp(at, "bearer ", 7) == 0 && token_length(at + 7) >= 8)
        return 7;
    for (size_t i = 0; personal && i < sizeof names / sizeof names[0]; i++) {
        length = strlen(names[i]);
        if (strncasecmp(at, names[i], length) == 0 && at[length] == '=' && token_length(at + length + 1))
            return length + 1;
    }
    return 0;
}

/* The user's part of "//user:password@host"; 0: there is none. *stays: up to the password. */
static size_t credentials(const char *at, size_t *stays)
{
    size_t whole = strcspn(at, " /?#\"'"), colon = strcspn(at, ":@");

    for (size_t i = whole; i > 0; i--)
        if (at[i - 1] == '@') {
            *stays = at[colon] == ':' && colon < i ? colon + 1 : 0;
            return *stays ? i - 1 : 0;
        }
    return 0;
}

/* The part before the @ of an address; 0: this is none. */
static size_t local_part(const char *at)
{
    size_t length = strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.!#$%&'*+-=^_`{|}~");

    return length && at[length] == '@' && isalnum((unsigned char)at[length + 1]) ? length : 0;
}

/* One step: what was looked at is put down, or a mask for it. Gives what comes next. */
static const char *step(output *out, const char *at, int begins_word, int personal)
{
    size_t stays = 0, length = 0;

    if (strncmp(at, "://", 3) == 0) {
        put(out, at, 3);
        at += 3;
        length = credentials(at, &stays);
        put(out, at, stays);
        if (length)
            put(out, MASK, strlen(MASK));
        return at + length;
    }
    if (begins_word && (stays = begins_token(at)) != 0)
        length = token_length(at);
    else if (begins_word && (stays = begins_value(at, personal)) != 0)
        length = stays + token_length(at + stays);
    else if (begins_word && personal)
        length = local_part(at);
    put(out, at, length ? stays : 1);
    if (length)
        put(out, MASK, strlen(MASK));
    return at + (length ? length : 1);
}

void redact(char *out, size_t size, const char *text, int personal)
{
    output to = {out, size - 1};
    char before = ' ';

    for (const char *at = text, *next; *at && to.left; at = next) {
        next = step(&to, at, !isalnum((unsigned char)before) && before != '_', personal);
        before = next[-1];
    }
    *to.to = '\0';
}

void redact_address(char out[REDACT_ADDRESS_SIZE], const char *address)
{
    unsigned char bytes[16];

    if (inet_pton(AF_INET, address, bytes) == 1) {
        bytes[3] = 0;
        inet_ntop(AF_INET, bytes, out, REDACT_ADDRESS_SIZE);
    } else if (inet_pton(AF_INET6, address, bytes) == 1) {
        memset(bytes + 6, 0, 10);
        inet_ntop(AF_INET6, bytes, out, REDACT_ADDRESS_SIZE);
    } else {
        strcpy(out, MASK);
    }
}
