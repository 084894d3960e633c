/* embed.c: text into 512 numbers, the same on every machine.
 *
 * A vector has three parts, and each is what it is for:
 *   concepts   one dimension per travel concept (thesaurus.h): "seaside" meets "beach", without a letter in common
 *   words      stems, hashed with a sign into the part's dimensions (Weinberger et al., "Feature hashing for large scale
 *              multitask learning", 2009): names, and whatever the thesaurus does not know
 *   trigrams   of letters, hashed likewise: misspelt and unfinished words
 * Each part is brought to a fixed share of the whole, so that a long description and a short question can be compared.
 *
 * Features are counted in integers, and only multiplied, divided and rooted as doubles, one operation after the other: all of
 * that is exact or correctly rounded (IEEE 754), so that no compiler and no processor gives other bits. */
#include "vector.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "thesaurus.h"

#define DIMENSIONS         TRIPSAGE_EMBEDDER_BUILTIN_DIMENSIONS
#define CONCEPT_DIMENSIONS 80u /* room for concepts to come */
#define WORD_DIMENSIONS    288u
#define TRIGRAM_DIMENSIONS (DIMENSIONS - CONCEPT_DIMENSIONS - WORD_DIMENSIONS)

/* What part of the squared length each has. Found by trying on the catalogue (tests/unit/trip/destination_search_test.c). */
#define CONCEPT_SHARE 0.60
#define WORD_SHARE    0.30
#define TRIGRAM_SHARE 0.10

/* A feature counts by the root of how often it occurs; more than a million times is no more than that. */
#define COUNT_MAX (1 << 20)

_Static_assert(TRIPSAGE__CONCEPT_COUNT <= CONCEPT_DIMENSIONS, "a concept has no dimension");

typedef struct features {
    int32_t concepts[CONCEPT_DIMENSIONS];
    int32_t words[WORD_DIMENSIONS];
    int32_t trigrams[TRIGRAM_DIMENSIONS];
} features;

/* ---- counting ---- */

static void count(int32_t *feature, int32_t amount)
{
    int32_t sum = *feature + amount;

    if (sum <= COUNT_MAX && sum >= -COUNT_MAX)
        *feature = sum;
}

/* FNV-1a with a finaliser that carries every bit into those that are used. */
static uint64_t hash(const char *bytes, size_t size)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < size; i++)
        h = (h ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
    h = (h ^ (h >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    return h ^ (h >> 32);
}

static void count_hashed(int32_t *part, size_t dimensions, const char *bytes, size_t size)
{
    uint64_t h = hash(bytes, size);

    count(&part[h % dimensions], h >> 63 ? -1 : 1);
}

static void count_letters(features *f, const tripsage__word *word)
{
    const char *place = tripsage__word_place(word);
    tripsage__word stem = *word;
    char framed[TRIPSAGE__WORD_MAX + 3];

    if (place) {
        stem.length = strlen(place);
        memcpy(stem.text, place, stem.length + 1);
    }
    tripsage__word_stem(&stem);
    count_hashed(f->words, WORD_DIMENSIONS, stem.text, stem.length);

    framed[0] = '^';
    memcpy(framed + 1, word->text, word->length);
    framed[word->length + 1] = '$';
    for (size_t i = 0; i + 3 <= word->length + 2; i++)
        count_hashed(f->trigrams, TRIGRAM_DIMENSIONS, framed + i, 3);
}

static void count_rows(features *f, const tripsage__thesaurus_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        count(&f->concepts[rows[i].concept], rows[i].weight);
}

static void count_concepts(features *f, const tripsage__word *word)
{
    size_t n;
    const tripsage__thesaurus_row *rows = tripsage__thesaurus_find(&n, word);

    count_rows(f, rows, n);
}

/* A pair of words means what the pair means, not what the two do: "hot springs" are not hot weather. So a word's own meaning waits
 * until the next word is known. Gives how many words there were. */
static size_t count_words(features *f, const char *text, size_t length)
{
    tripsage__words words;
    tripsage__word word, before;
    size_t seen = 0;
    int spoken = 1; /* the word before has been counted, or there is none */

    tripsage__words_begin(&words, text, length);
    before.length = 0;
    while (tripsage__words_next(&words, &word)) {
        const tripsage__thesaurus_row *rows;
        size_t n = 0;

        if (tripsage__word_is_stop(&word))
            continue;
        seen++;
        count_letters(f, &word);
        if (before.length) {
            rows = tripsage__thesaurus_find_pair(&n, &before, &word);
            count_rows(f, rows, n);
        }
        if (!spoken && n == 0)
            count_concepts(f, &before);
        spoken = n != 0;
        before = word;
    }
    if (!spoken)
        count_concepts(f, &before);
    return seen;
}

/* ---- weighing ---- */

/* The largest whole number whose square is not above x. */
static int32_t whole_root(int32_t x)
{
    int32_t root = 0;

    for (int32_t bit = x ? 1 << 14 : 0; bit; bit >>= 1) /* most features are absent */
        if ((root + bit) * (root + bit) <= x)
            root += bit;
    return root;
}

/* Puts the root of each count in its place; gives the sum of squares. The counts are of up to 2^20, the roots, with four bits behind the
 * point, of up to 2^14. */
static int64_t damp(int32_t *part, size_t dimensions, const unsigned char *importance, size_t importance_count)
{
    int64_t sum = 0;

    for (size_t i = 0; i < dimensions; i++) {
        int32_t root = whole_root((part[i] < 0 ? -part[i] : part[i]) << 8);

        if (importance)
            root *= i < importance_count ? importance[i] : 0;
        part[i] = part[i] < 0 ? -root : root;
        sum += (int64_t)root * root;
    }
    return sum;
}

static void place(float *out, const int32_t *part, size_t dimensions, double scale)
{
    for (size_t i = 0; i < dimensions; i++)
        out[i] = (float)((double)part[i] * scale);
}

int tripsage__embed(float *out, const char *text, size_t length)
{
    features f;
    int64_t concepts, words, trigrams;
    double total;

    memset(&f, 0, sizeof f);
    memset(out, 0, DIMENSIONS * sizeof *out);
    if (count_words(&f, text, length) == 0)
        return 0;
    concepts = damp(f.concepts, CONCEPT_DIMENSIONS, tripsage__concept_importance, TRIPSAGE__CONCEPT_COUNT);
    words = damp(f.words, WORD_DIMENSIONS, NULL, 0);
    trigrams = damp(f.trigrams, TRIGRAM_DIMENSIONS, NULL, 0);
    total = (concepts ? CONCEPT_SHARE : 0.0) + (words ? WORD_SHARE : 0.0);
    total += trigrams ? TRIGRAM_SHARE : 0.0;
    if (concepts)
        place(out, f.concepts, CONCEPT_DIMENSIONS, sqrt(CONCEPT_SHARE / total / (double)concepts));
    if (words)
        place(out + CONCEPT_DIMENSIONS, f.words, WORD_DIMENSIONS, sqrt(WORD_SHARE / total / (double)words));
    if (trigrams)
        place(out + CONCEPT_DIMENSIONS + WORD_DIMENSIONS, f.trigrams, TRIGRAM_DIMENSIONS,
              sqrt(TRIGRAM_SHARE / total / (double)trigrams));
    return 1;
}

tripsage_status tripsage_embed(float *out, const char *text, size_t length)
{
    if (!out || (!text && length))
        return TRIPSAGE_FAIL(TRIPSAGE_EMISUSE, "embedding needs a text and room for the vector");
    tripsage__embed(out, text, length == (size_t)-1 ? strlen(text) : length);
    return TRIPSAGE_OK;
}
