/* config/strength.c: see strength.h. */
#include "strength.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/crypto.h"

/* Somewhat less than one of the 7776 words of a Diceware list has, and than the letters of English have that are not part of one: short
 * words are those that everybody uses. */
#define BITS_OF_WORD   12.0
#define BITS_OF_LETTER 2.5
#define LONGEST_WORD   16

/* Longer ones are as good as they look. */
#define LOOK_MAX 512

/* Claims of a key are some 200 bytes. */
#define CLAIMS_MAX 2048

/* What products come with: PostgreSQL's image, Redis' documentation, and so on. */
static const char *const defaults[] = {"postgres", "postgresql", "supabase", "tripsage", "redis",
                                       "root",     "admin",      "admin123", "guest",    "secret",
                                       "letmein",  "qwerty",     "changeit", "foobared", "hunter2",
                                       "welcome",  "password",   "passw0rd", "mailhog",  "inbucket"};

/* The keys that `supabase start` gives everybody (Supabase CLI, local development). */
static const char *const supabase_defaults[] = {"sb_publishable_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH",
                                                "sb_secret_N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz"};

/* What a placeholder begins with, and what is in one. What a machine makes of 32 random bytes has none of the latter in it once in a
 * million times. */
static const char *const beginnings[] = {"test",    "demo",    "sample",      "fake",
                                         "sk-test", "sk_test", "placeholder", "changeme"};
static const char *const insides[] = {
    "changeme",     "change-me",   "change_me",  "change me",   "placeholder", "your-",      "your_",
    "your ",        "yoursecret",  "yourkey",    "example",     "dummy-",      "replace",    "insert-",
    "password",     "secret-key",  "secret_key", "secretkey",   "my-secret",   "my_secret",  "mysecret",
    "app-secret",   "-default",    "default-",   "supersecret", "jwt-secret",  "jwt_secret", "application-secret",
    "super-secret", "not-a-secret"};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static int has_inside(const char *secret, const char *part)
{
    for (size_t length = strlen(part); *secret; secret++)
        if (strncasecmp(secret, part, length) == 0)
            return 1;
    return 0;
}

static int is_default(const char *secret)
{
    for (size_t i = 0; i < COUNT(defaults); i++)
        if (strcasecmp(secret, defaults[i]) == 0)
            return 1;
    return 0;
}

/* "super-secret-jwt-token-with-at-least-32-characters-long" is one, too. */
static int is_placeholder(const char *secret)
{
    size_t length = strlen(secret);

    if (length > 2 && ((secret[0] == '<' && secret[length - 1] == '>') ||
                       (secret[0] == '[' && secret[length - 1] == ']') || strncmp(secret, "${", 2) == 0))
        return 1;
    for (size_t i = 0; i < COUNT(beginnings); i++)
        if (strncasecmp(secret, beginnings[i], strlen(beginnings[i])) == 0)
            return 1;
    for (size_t i = 0; i < COUNT(insides); i++)
        if (has_inside(secret, insides[i]))
            return 1;
    return 0;
}

/* How many characters it is until it repeats itself to its end: "abcabcab" is 3. */
static size_t period_of(const char *secret, size_t length)
{
    for (size_t period = 1; period <= length / 2; period++)
        if (memcmp(secret, secret + period, length - period) == 0)
            return period;
    return length;
}

/* Characters that say something after the one before them: neither the same nor its neighbour. */
static size_t surprises(const char *secret, size_t length)
{
    size_t count = 1;

    for (size_t i = 1; i < length; i++) {
        int step = (unsigned char)secret[i] - (unsigned char)secret[i - 1];

        count += step < -1 || step > 1;
    }
    return count;
}

/* Shannon's entropy of the characters' frequencies. */
static double bits_of_character(const char *secret, size_t length)
{
    size_t counts[256] = {0};
    double bits = 0;

    for (size_t i = 0; i < length; i++)
        counts[(unsigned char)secret[i]]++;
    for (size_t c = 0; c < 256; c++)
        if (counts[c]) {
            double share = (double)counts[c] / (double)length;

            bits -= share * log2(share);
        }
    return bits;
}

/* Of words between blanks, hyphens and the like; HUGE_VAL of what is no text of words. */
static double bits_of_words(const char *secret)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'", between[] = " -_.,";
    double bits = 0;

    for (int words = 0; *secret || words < 2; words++) {
        size_t length = strspn(secret, letters);

        if (length == 0 || length > LONGEST_WORD)
            return HUGE_VAL;
        bits += fmin(BITS_OF_WORD, BITS_OF_LETTER * (double)length);
        secret += length;
        secret += strspn(secret, between);
    }
    return bits;
}

static double bits_of(const char *secret)
{
    size_t length = strnlen(secret, LOOK_MAX), period = period_of(secret, length);

    if (length == 0)
        return 0;
    return fmin(bits_of_character(secret, period) * (double)surprises(secret, period), bits_of_words(secret));
}

tripsage__strength tripsage__secret_strength(const char *secret, double bits)
{
    if (is_default(secret))
        return TRIPSAGE__SECRET_DEFAULT;
    if (is_placeholder(secret))
        return TRIPSAGE__SECRET_PLACEHOLDER;
    return bits_of(secret) < bits ? TRIPSAGE__SECRET_WEAK : TRIPSAGE__SECRET_STRONG;
}

/* The claims of a legacy key say for which project it is; the one that is in Supabase's documentation and its compose file says
 * "supabase-demo". */
static int is_demo_token(const char *key)
{
    char claims[CLAIMS_MAX + 1];
    const char *begin = strchr(key, '.'), *end = begin ? strchr(begin + 1, '.') : NULL;
    int64_t size = end ? tripsage__base64url_decode(claims, CLAIMS_MAX, begin + 1, (size_t)(end - begin - 1)) : -1;

    if (size < 0)
        return 0;
    claims[size] = '\0';
    return strstr(claims, "\"supabase-demo\"") != NULL;
}

tripsage__strength tripsage__supabase_key_strength(const char *key)
{
    const char *random = strncmp(key, "sb_secret_", 10) == 0        ? key + 10
                         : strncmp(key, "sb_publishable_", 15) == 0 ? key + 15
                                                                    : NULL;

    for (size_t i = 0; i < COUNT(supabase_defaults); i++)
        if (strcmp(key, supabase_defaults[i]) == 0)
            return TRIPSAGE__SECRET_DEFAULT;
    if (!random)
        return is_demo_token(key) ? TRIPSAGE__SECRET_DEFAULT : TRIPSAGE__SECRET_STRONG;
    return tripsage__secret_strength(random, 64);
}

const char *tripsage__strength_words(tripsage__strength strength)
{
    static const char *const words[] = {"is strong", "is a default that everybody knows", "is a placeholder",
                                        "is too easy to guess"};

    return words[strength];
}
