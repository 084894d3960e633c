/* cache_traces.c: see cache_traces.h. */
#include "cache_traces.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

/* ---- chance ---- */

static uint64_t chance(uint64_t *state) /* SplitMix64 (Steele, Lea and Flood, 2014) */
{
    uint64_t x = *state += 0x9e3779b97f4a7c15u;

    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static double fraction(uint64_t *state)
{
    return (double)(chance(state) >> 11) * 0x1p-53;
}

/* Zipf's law over `count` keys: the k-th most wanted is wanted k^-skew as often as the first. */
typedef struct zipf {
    double *sums;
    uint32_t count;
} zipf;

static zipf make_zipf(uint32_t count, double skew)
{
    zipf z = {malloc(count * sizeof *z.sums), count};
    double sum = 0;

    if (!z.sums)
        bench_fail("no memory");
    for (uint32_t k = 0; k < count; k++)
        z.sums[k] = sum += pow(k + 1, -skew);
    return z;
}

static uint32_t draw(const zipf *z, uint64_t *state)
{
    double at = fraction(state) * z->sums[z->count - 1];
    uint32_t low = 0, high = z->count - 1;

    while (low < high) {
        uint32_t middle = (low + high) / 2;

        if (z->sums[middle] < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- the workloads ---- */

static void fill_zipf(cache_trace *trace, size_t length, uint32_t keys, double skew, uint64_t seed)
{
    zipf z = make_zipf(keys, skew);

    trace->universe = keys;
    for (size_t i = 0; i < length; i++)
        trace->keys[i] = draw(&z, &seed);
    free(z.sums);
}

static void make_zipf_08(cache_trace *trace, size_t length)
{
    fill_zipf(trace, length, 100000, 0.8, 1);
}

static void make_zipf_10(cache_trace *trace, size_t length)
{
    fill_zipf(trace, length, 100000, 1.0, 2);
}

/* So few keys that half a percent of them is a cache of 50 entries. */
static void make_small(cache_trace *trace, size_t length)
{
    fill_zipf(trace, length, 10000, 1.0, 3);
}

/* Somebody reads through 10,000 keys that nobody wanted before or wants again, after each 50,000 requests. */
static void make_scan(cache_trace *trace, size_t length)
{
    enum { USUAL = 100000, EACH = 50000, SCAN = 10000 };
    zipf z = make_zipf(USUAL, 1.0);
    uint64_t state = 4;

    trace->universe = USUAL;
    for (size_t i = 0; i < length; i++)
        trace->keys[i] = i % (EACH + SCAN) < EACH ? draw(&z, &state) : trace->universe++;
    free(z.sums);
}

static void make_loop(cache_trace *trace, size_t length)
{
    trace->universe = 20000;
    for (size_t i = 0; i < length; i++)
        trace->keys[i] = (uint32_t)(i % trace->universe);
}

/* What is wanted is among 20,000 keys, half of which make place for new ones after each 100,000 requests, at once; which are wanted
 * more than others is dealt anew then. */
static void make_shift(cache_trace *trace, size_t length)
{
    enum { SET = 20000, EACH = 100000 };
    zipf z = make_zipf(SET, 0.9);
    uint32_t *set = malloc(SET * sizeof *set);
    uint64_t state = 5;

    if (!set)
        bench_fail("no memory");
    for (uint32_t k = 0; k < SET; k++)
        set[k] = trace->universe++;
    for (size_t i = 0; i < length; i++) {
        if (i % EACH == 0)
            for (uint32_t k = SET - 1; k > 0; k--) {
                uint32_t other = (uint32_t)(chance(&state) % (k + 1)), key = set[k];

                set[k] = set[other];
                set[other] = key;
            }
        if (i && i % EACH == 0)
            for (uint32_t k = 0; k < SET; k += 2)
                set[k] = trace->universe++;
        trace->keys[i] = set[draw(&z, &state)];
    }
    free(set);
    free(z.sums);
}

/* ---- words ---- */

/* Numbers words in the order they are met first. */
typedef struct dictionary {
    char **words;
    uint32_t *numbers; /* and 1 */
    uint32_t mask, count;
} dictionary;

static uint32_t number_of(dictionary *d, const char *word)
{
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
    uint32_t at;

    for (const char *c = word; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 0x100000001b3u;
    for (at = (uint32_t)(hash >> 32) & d->mask; d->words[at]; at = (at + 1) & d->mask)
        if (strcmp(d->words[at], word) == 0)
            return d->numbers[at];
    d->words[at] = strdup(word);
    if (!d->words[at] || d->count > d->mask / 2)
        bench_fail("more words than expected");
    return d->numbers[at] = d->count++;
}

static char *read_text(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = malloc(1u << 20);
    size_t size;

    if (!file || !text)
        bench_fail("cannot read %s", path);
    size = fread(text, 1, (1u << 20) - 1, file);
    text[size] = 0;
    fclose(file);
    return text;
}

/* The words of the destinations' texts, in the order they stand there: what a cache of what is known of words is asked for when the
 * catalogue is indexed. Names of JSON members are none. A file that is short: `length` does not count. */
static void make_words(cache_trace *trace, size_t length)
{
    char *text = read_text(TRIPSAGE_CATALOGUE), word[64];
    dictionary d = {.mask = (1u << 15) - 1};
    size_t count = 0, size = 0;

    d.words = calloc(d.mask + 1, sizeof *d.words);
    d.numbers = calloc(d.mask + 1, sizeof *d.numbers);
    if (!d.words || !d.numbers)
        bench_fail("no memory");
    for (char *c = text; *c; c++) {
        if (isalpha((unsigned char)*c) && size + 1 < sizeof word) {
            word[size++] = (char)tolower((unsigned char)*c);
            continue;
        }
        word[size] = 0;
        if (size && count < length && !(c[0] == '"' && c[1] == ':'))
            trace->keys[count++] = number_of(&d, word);
        size = 0;
    }
    trace->length = count;
    trace->universe = d.count;
    for (uint32_t i = 0; i <= d.mask; i++)
        free(d.words[i]);
    free(d.words);
    free(d.numbers);
    free(text);
}

#define OFTEN                                                                                                          \
    {                                                                                                                  \
        0.5, 1, 5, 10, 20                                                                                              \
    }

const cache_workload cache_workloads[] = {
    {"zipf-0.8", make_zipf_08, OFTEN}, {"zipf-1.0", make_zipf_10, OFTEN}, {"small", make_small, OFTEN},
    {"scan", make_scan, OFTEN},        {"shift", make_shift, OFTEN},      {"loop", make_loop, {5, 20, 50, 80, 95}},
    {"words", make_words, OFTEN},
};
const size_t cache_workload_count = sizeof cache_workloads / sizeof *cache_workloads;

cache_trace cache_make_trace(const cache_workload *workload, size_t length)
{
    cache_trace trace = {.name = workload->name, .length = length};
    unsigned char *seen;

    trace.keys = malloc(length * sizeof *trace.keys);
    if (!trace.keys)
        bench_fail("no memory");
    workload->make(&trace, length);
    seen = calloc(trace.universe, 1);
    if (!seen)
        bench_fail("no memory");
    for (size_t i = 0; i < trace.length; i++)
        if (!seen[trace.keys[i]]++)
            trace.footprint++;
    free(seen);
    return trace;
}

void cache_free_trace(cache_trace *trace)
{
    free(trace->keys);
    trace->keys = NULL;
}
