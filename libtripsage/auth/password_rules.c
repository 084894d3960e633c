/* auth/password_rules.c: see password_rules.h.
 *
 * Lists of leaked passwords are words, dates, paths over the keyboard and repetitions, with the same few endings. So here is no list of
 * passwords, but what theirs are made of: some thousand words and paths, and rules that make millions of passwords from them. What looks
 * alike is alike: case, full-width and "mathematical" letters (the compatibility forms of Unicode that people type), and 0 for o. */
#include "auth/password_rules.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "auth/password.h"
#include "base/crypto.h"
#include "base/text.h"

/* Of so many paths a password may be made and still be one that everybody tries: three in eight characters and more. */
#define PATHS_MAX(count) ((count) >= 8 ? 3 : ((int)(count) + 1) / 3)
/* What stands before or after a word: "2024!", "123456789". */
#define AFFIX_MAX  12
#define DIGITS_MAX 3 /* any digits */
#define SIGNS_MAX  2
/* A part of an address that says who it is; shorter ones are in too many words. */
#define NAME_MIN 4

typedef struct letters {
    uint32_t at[TRIPSAGE__PASSWORD_BYTES_MAX];
    size_t count;
} letters;

/* ---- what looks alike ---- */

static uint32_t lower(uint32_t c)
{
    return c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c;
}

/* The ASCII character that NFKC makes of it, in lower case. */
static uint32_t fold(uint32_t c)
{
    if (c >= 0xff01 && c <= 0xff5e) /* full width */
        return lower(c - 0xff01 + '!');
    if (c >= 0x1d400 && c <= 0x1d6a3) /* bold, italic, script: 13 times A to Z and a to z */
        return 'a' + (c - 0x1d400) % 26;
    if (c >= 0x1d7ce && c <= 0x1d7ff)
        return '0' + (c - 0x1d7ce) % 10;
    if (c >= 0x24b6 && c <= 0x24e9) /* in circles */
        return 'a' + (c - 0x24b6) % 26;
    if (c >= 0x2460 && c <= 0x2468)
        return '1' + (c - 0x2460);
    if (c == 0xa0 || c == 0x3000)
        return ' ';
    return lower(c);
}

static void read_letters(letters *out, const char *text, size_t length)
{
    const unsigned char *at = (const unsigned char *)text;
    const unsigned char *end = at + length;

    for (out->count = 0; at < end && out->count < TRIPSAGE__PASSWORD_BYTES_MAX; out->count++)
        out->at[out->count] = fold(tripsage__utf8_next(&at, end));
}

/* The letter that a digit or sign stands for within a word; i and l look the same. */
static uint32_t plain(uint32_t c)
{
    static const char from[] = "01l!|3@45$7+89";
    static const char to[] = "oiiiieaasssttbg";
    const char *found;

    if ((c >= 'a' && c <= 'z' && c != 'l') || c == 0 || c >= 128)
        return c;
    found = strchr(from, (int)c);
    return found ? (uint32_t)to[found - from] : c;
}

/* ---- repetitions and paths ---- */

/* The same one to four characters, again and again. */
static int is_repetition(const letters *p)
{
    for (size_t period = 1; period <= 4 && 2 * period <= p->count; period++) {
        size_t i = period;

        while (i < p->count && p->at[i] == p->at[i - period])
            i++;
        if (i == p->count)
            return 1;
    }
    return 0;
}

/* How many characters from `begin` to before `end` go along `walk` from its character `from` on, `step` forwards or backwards. */
static size_t along(const letters *p, size_t begin, size_t end, const letters *walk, size_t from, int step)
{
    size_t count = 0;

    while (begin + count < end && from < walk->count && p->at[begin + count] == walk->at[from]) {
        count++;
        from += (size_t)step; /* below 0 is past the end, too */
    }
    return count;
}

/* The longest path that begins there; at least 1. */
static size_t path_at(const letters *p, size_t begin, size_t end)
{
    size_t longest = 1;
    letters walk;

    while (begin + longest < end && p->at[begin + longest] == p->at[begin])
        longest++;
    for (const char *const *text = tripsage__password_walks; *text; text++) {
        read_letters(&walk, *text, strlen(*text));
        for (size_t from = 0; from < walk.count; from++)
            for (int step = -1; step <= 1; step += 2) {
                size_t length = along(p, begin, end, &walk, from, step);

                longest = length > longest ? length : longest;
            }
    }
    return longest;
}

/* A part of a path is one, so taking the longest each time takes the fewest. */
static int is_paths(const letters *p, size_t begin, size_t end, int most)
{
    for (; begin < end && most > 0; most--)
        begin += path_at(p, begin, end);
    return begin == end;
}

/* ---- numbers ---- */

static int is_digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}

static int is_sign(uint32_t c)
{
    return c < 128 && c > ' ' && !is_digit(c) && !(c >= 'a' && c <= 'z');
}

static unsigned number(const letters *p, size_t begin, size_t digits)
{
    unsigned value = 0;

    for (size_t i = begin; i < begin + digits; i++)
        value = value * 10 + (unsigned)(p->at[i] - '0');
    return value;
}

static int is_year(const letters *p, size_t begin)
{
    unsigned year = number(p, begin, 4);

    return year >= 1900 && year < 2100;
}

static int is_day_and_month(const letters *p, size_t begin)
{
    unsigned first = number(p, begin, 2), second = number(p, begin + 2, 2);

    return first && second && first <= 31 && second <= 31 && (first <= 12 || second <= 12);
}

/* Eight digits as people write a birthday. */
static int is_date(const letters *p)
{
    for (size_t i = 0; i < p->count; i++)
        if (!is_digit(p->at[i]))
            return 0;
    return p->count == 8 && ((is_day_and_month(p, 0) && is_year(p, 4)) || (is_year(p, 0) && is_day_and_month(p, 4)));
}

/* ---- words and what stands around them ---- */

/* "", "!", "1", "123", "2024!", "123456", "_99". */
static int is_affix(const letters *p, size_t begin, size_t end)
{
    size_t first = begin, last = end;

    if (end - begin > AFFIX_MAX)
        return 0;
    while (first < end && first - begin < SIGNS_MAX && is_sign(p->at[first]))
        first++;
    while (last > first && end - last < SIGNS_MAX && is_sign(p->at[last - 1]))
        last--;
    for (size_t i = first; i < last; i++)
        if (!is_digit(p->at[i]))
            return 0;
    return last - first <= DIGITS_MAX || (last - first == 4 && is_year(p, first)) || is_paths(p, first, last, 1);
}

static int has_word_at(const letters *p, size_t begin, const char *word, size_t length)
{
    if (p->count - begin < length)
        return 0;
    for (size_t i = 0; i < length; i++)
        if (plain(p->at[begin + i]) != plain((unsigned char)word[i]))
            return 0;
    return 1;
}

/* The word (lower-case ASCII), or twice the word, alone or between affixes. */
static int is_around(const letters *p, const char *word, size_t length)
{
    for (size_t begin = 0; begin <= AFFIX_MAX && begin < p->count; begin++) {
        size_t end = begin + length;

        if (!has_word_at(p, begin, word, length) || !is_affix(p, 0, begin))
            continue;
        if (is_affix(p, end, p->count))
            return 1;
        if (has_word_at(p, end, word, length) && is_affix(p, end + length, p->count))
            return 1;
    }
    return 0;
}

static int is_around_a_word(const letters *p)
{
    for (const char *const *word = tripsage__password_words; *word; word++)
        if (is_around(p, *word, strlen(*word)))
            return 1;
    return 0;
}

static int is_around_name(const letters *p, const char *name, size_t length)
{
    return length >= NAME_MIN && is_around(p, name, length);
}

/* The whole address, what stands before and after its @, and each part of them. */
static int is_around_email(const letters *p, const char *email)
{
    size_t local = strcspn(email, "@");

    if (is_around_name(p, email, strlen(email)) || is_around_name(p, email, local))
        return 1;
    for (const char *part = email; *part; part += strspn(part, ".-_+@")) {
        size_t length = strcspn(part, ".-_+@");

        if (is_around_name(p, part, length))
            return 1;
        part += length;
    }
    return 0;
}

/* ---- all of it ---- */

unsigned tripsage__password_weakness(const char *password, size_t min, const char *email)
{
    unsigned weakness = 0;
    letters p;

    read_letters(&p, password, strlen(password));
    if (p.count < min)
        weakness |= TRIPSAGE__WEAK_LENGTH;
    if (p.count && (is_repetition(&p) || is_paths(&p, 0, p.count, PATHS_MAX(p.count)) || is_date(&p) ||
                    is_around_a_word(&p) || (email && is_around_email(&p, email))))
        weakness |= TRIPSAGE__WEAK_COMMON;
    tripsage__wipe(&p, sizeof p);
    return weakness;
}

void tripsage__password_put_reasons(tripsage__buf *buf, unsigned weakness)
{
    TRIPSAGE__LIT(buf, "[");
    if (weakness & TRIPSAGE__WEAK_LENGTH)
        TRIPSAGE__LIT(buf, "\"length\"");
    if (weakness == (TRIPSAGE__WEAK_LENGTH | TRIPSAGE__WEAK_COMMON))
        TRIPSAGE__LIT(buf, ",");
    if (weakness & TRIPSAGE__WEAK_COMMON)
        TRIPSAGE__LIT(buf, "\"pwned\"");
    TRIPSAGE__LIT(buf, "]");
}

void tripsage__password_advice(char out[TRIPSAGE__PASSWORD_ADVICE_SIZE], unsigned weakness, size_t min)
{
    char length[64] = "";

    if (weakness & TRIPSAGE__WEAK_LENGTH)
        snprintf(length, sizeof length, "Password should be at least %zu characters.", min);
    snprintf(out, TRIPSAGE__PASSWORD_ADVICE_SIZE, "%s%s%s", length,
             weakness == (TRIPSAGE__WEAK_LENGTH | TRIPSAGE__WEAK_COMMON) ? " " : "",
             weakness & TRIPSAGE__WEAK_COMMON
                 ? "Password is known to be weak and easy to guess, please choose a different one."
                 : "");
}
