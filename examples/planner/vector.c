/* vector.c: `tripsage vector`: collections of vectors in the database, filled from files, and asked. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "vector.h"

enum { BATCH = 1000 }; /* what the library writes in one transaction */

/* ---- metrics ---- */

static const struct {
    const char *name;
    tripsage_metric metric;
} metrics[] = {{"cosine", TRIPSAGE_COSINE}, {"inner_product", TRIPSAGE_INNER_PRODUCT}, {"l2", TRIPSAGE_L2}};

int read_metric(const arguments *given, tripsage_metric otherwise, tripsage_metric *out)
{
    const char *name = argument(given, "metric");
    *out = otherwise;
    for (size_t i = 0; name && i < sizeof metrics / sizeof *metrics; i++)
        if (strcmp(metrics[i].name, name) == 0) {
            *out = metrics[i].metric;
            return DONE;
        }
    return name ? wrong_usage("cosine, inner_product or l2 belongs after --metric, not ", name) : DONE;
}

const char *metric_name(tripsage_metric metric)
{
    for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++)
        if (metrics[i].metric == metric)
            return metrics[i].name;
    return "?";
}

/* ---- the collection ---- */

/* What a file's records have to be; 0 dimensions: there is no such collection. */
typedef struct collection {
    const char *name; /* borrowed */
    uint32_t dimensions;
    char metric[16];
} collection;

static tripsage_status find_collection(collection *out, planner *p, const tripsage_actor *actor, const char *name)
{
    tripsage_doc *list = NULL;
    tripsage_status status = tripsage_vector_collections(&list, tripsage_get_vector(p->ts), actor);
    memset(out, 0, sizeof *out);
    out->name = name;
    for (size_t i = 0; status == TRIPSAGE_OK && i < tripsage_doc_count(list, "/items"); i++) {
        char pointer[48];
        snprintf(pointer, sizeof pointer, "/items/%zu/name", i);
        const char *found = tripsage_doc_text(list, pointer);
        if (!found || strcmp(found, name) != 0)
            continue;
        snprintf(pointer, sizeof pointer, "/items/%zu/dimensions", i);
        out->dimensions = (uint32_t)tripsage_doc_int(list, pointer, 0);
        snprintf(pointer, sizeof pointer, "/items/%zu/metric", i);
        const char *metric = tripsage_doc_text(list, pointer);
        snprintf(out->metric, sizeof out->metric, "%s", metric ? metric : "");
    }
    tripsage_doc_free(list);
    return status;
}

/* ---- import ---- */

static const option import_options[] = {
    {"format", "NAME", "of the file, when its name does not end so: fbin, u8bin, i8bin, fvecs, bvecs, npy, jsonl"},
    {"metric", "NAME", "of a new collection: cosine, inner_product or l2 (cosine)"},
    {"embedder", "NAME", "where a new collection's vectors come from (unknown; for texts builtin-1)"},
    {"prefix", "TEXT", "before the number of a record, which is its id; lines of jsonl have ids"},
    {"from", "N", "the first record, counted from 0; not of jsonl (0)"},
    {"count", "N", "at most so many records (all)"},
    {NULL, NULL, NULL},
};

typedef struct import {
    planner *p;
    const arguments *given;
    tripsage_actor *service;
    collection into;
    vector_file file;
    const char *prefix;
    uint64_t left, done; /* records */
    int is_made;         /* the collection, by this import */
    /* The records at hand. */
    tripsage_vector_item items[BATCH];
    vector_line lines[BATCH];
    char *ids;
    size_t id_size;
    float *values;
    size_t count;
} import;

static void drop_batch(import *in)
{
    for (size_t i = 0; i < in->count; i++)
        vector_line_free(&in->lines[i]);
    in->count = 0;
}

/* Room for what records without an id and without text of their own need. */
static void make_room(import *in)
{
    if (vector_file_is_lines(&in->file))
        return;
    in->id_size = strlen(in->prefix) + 24;
    in->ids = malloc(BATCH * in->id_size);
    in->values = malloc(BATCH * in->file.dimensions * sizeof *in->values);
    if (!in->ids || !in->values)
        give_up("out of memory");
}

static int read_item(import *in, tripsage_vector_item *item)
{
    vector_line *line = &in->lines[in->count];
    char *id = in->ids + in->count * in->id_size;
    float *values = in->values + in->count * in->file.dimensions;
    int code;
    memset(item, 0, sizeof *item);
    if (vector_file_is_lines(&in->file)) {
        code = vector_file_read_line(&in->file, line);
        item->id = line->id;
        item->owner_id = line->owner_id;
        item->metadata = line->metadata;
        item->text = line->text;
        item->values = line->values;
        item->value_count = line->value_count;
        return code;
    }
    snprintf(id, in->id_size, "%s%" PRIu64, in->prefix, in->file.at);
    code = vector_file_read(&in->file, values);
    item->id = id;
    item->values = values;
    item->value_count = in->file.dimensions;
    return code;
}

static int read_batch(import *in)
{
    int code = DONE;
    while (code == DONE && in->count < BATCH && in->left) {
        code = read_item(in, &in->items[in->count]);
        if (code == DONE) {
            in->count++;
            in->left--;
        }
    }
    if (code == AT_END)
        in->left = 0;
    return code == AT_END ? DONE : code;
}

/* The collection is there before its first items: as it is, or made as the first of them is. */
static int make_collection(import *in)
{
    const tripsage_vector_item *first = &in->items[0];
    const char *embedder = argument(in->given, "embedder"), *metric = argument(in->given, "metric");
    uint32_t dimensions = first->values ? (uint32_t)first->value_count : TRIPSAGE_EMBEDDER_BUILTIN_DIMENSIONS;
    tripsage_metric chosen;
    char what[160];
    if (read_metric(in->given, TRIPSAGE_COSINE, &chosen) != DONE)
        return USAGE;
    if (in->into.dimensions) {
        if (first->values && dimensions != in->into.dimensions) {
            snprintf(what, sizeof what, "has %" PRIu32 " dimensions; expected %" PRIu32 " as the collection %.64s has",
                     dimensions, in->into.dimensions, in->into.name);
            return vector_file_refuse(&in->file, in->file.at - in->count, what);
        }
        if (!metric || strcmp(metric, in->into.metric) == 0)
            return DONE;
        fprintf(stderr, "tripsage: the collection %s has the metric %s already\n", in->into.name, in->into.metric);
        return REFUSED;
    }
    if (!embedder && !first->values)
        embedder = TRIPSAGE_EMBEDDER_BUILTIN;
    if (tripsage_vector_collection_create(tripsage_get_vector(in->p->ts), in->service, in->into.name, dimensions,
                                          chosen, embedder) != TRIPSAGE_OK)
        return refused();
    in->is_made = 1;
    return DONE;
}

/* The library names items by their place in the batch; people look for them in the file. */
static int refuse_batch(const import *in)
{
    const tripsage_error *error = tripsage_last_error();
    const char *pointer = error->field_count ? error->fields[0].pointer : "";
    char *end = NULL;
    unsigned long at = pointer[0] == '/' ? strtoul(pointer + 1, &end, 10) : BATCH;
    if (!end || *end != '/' || at >= in->count)
        return refused();
    char what[400];
    snprintf(what, sizeof what, "%s: %s", end, error->fields[0].message);
    return vector_file_refuse(&in->file, in->file.at - in->count + at, what);
}

static int write_batch(import *in)
{
    int code = in->done ? DONE : make_collection(in);
    if (code == DONE && tripsage_vector_upsert(tripsage_get_vector(in->p->ts), in->service, in->into.name, in->items,
                                               in->count) != TRIPSAGE_OK)
        code = refuse_batch(in);
    if (code == DONE)
        in->done += in->count;
    else if (in->is_made && !in->done) /* what failed at once leaves nothing behind */
        tripsage_vector_collection_delete(tripsage_get_vector(in->p->ts), in->service, in->into.name);
    return code;
}

static int import_all(import *in)
{
    uint64_t total = vector_file_is_lines(&in->file) ? in->file.bytes : in->left;
    progress bar;
    int code = DONE;
    progress_begin(&bar, "importing");
    while (code == DONE && in->left) {
        code = read_batch(in);
        if (code == DONE && in->count)
            code = write_batch(in);
        drop_batch(in);
        progress_show(&bar, vector_file_is_lines(&in->file) ? (uint64_t)ftello(in->file.stream) : in->done, total,
                      in->done, "items");
    }
    progress_end(&bar);
    return code;
}

static int report_import(const import *in, int code)
{
    if (code == DONE && in->p->json) {
        text name = {0};
        text_add_json(&name, in->into.name);
        printf("{\"collection\":%s,\"items\":%" PRIu64 "}\n", name.bytes, in->done);
        text_free(&name);
    } else if (code == DONE) {
        printf("%" PRIu64 " items in %s\n", in->done, in->into.name);
    } else if (in->done) {
        fprintf(stderr, "tripsage: the %" PRIu64 " records before are in %s\n", in->done, in->into.name);
    }
    return code;
}

/* --from and --count, of what the file has. */
static int choose_records(import *in)
{
    long long from = 0, count = -1;
    if (read_int(in->given, "from", &from) != DONE || read_int(in->given, "count", &count) != DONE)
        return USAGE;
    if (from < 0 || (argument(in->given, "count") && count < 1))
        return wrong_usage("a number of records belongs after --", from < 0 ? "from" : "count");
    in->left = vector_file_is_lines(&in->file) ? UINT64_MAX : in->file.count - (uint64_t)from;
    if (from && vector_file_is_lines(&in->file))
        return wrong_usage("lines of JSON are read from the first: no --", "from");
    if (from && vector_file_seek(&in->file, (uint64_t)from) != DONE)
        return REFUSED;
    if (count > 0 && (uint64_t)count < in->left)
        in->left = (uint64_t)count;
    return DONE;
}

static int run_import(planner *p, const arguments *given)
{
    import *in = calloc(1, sizeof *in);
    if (!in)
        give_up("out of memory");
    in->p = p;
    in->given = given;
    in->prefix = argument(given, "prefix") ? argument(given, "prefix") : "";
    int code = vector_file_open(&in->file, given->words[1], argument(given, "format"), VECTORS);
    if (code == DONE)
        code = choose_records(in);
    if (code == DONE && (tripsage_actor_service(&in->service) != TRIPSAGE_OK ||
                         find_collection(&in->into, p, in->service, given->words[0]) != TRIPSAGE_OK))
        code = refused();
    if (code == DONE) {
        make_room(in);
        code = report_import(in, import_all(in));
    }
    tripsage_actor_free(in->service);
    vector_file_close(&in->file);
    free(in->ids);
    free(in->values);
    free(in);
    return code;
}

/* ---- build ---- */

static const option build_options[] = {
    {"rebuild", NULL, "also when it is there already"},
    {NULL, NULL, NULL},
};

typedef struct building {
    progress bar;
    char phase[32];
} building;

static void on_progress(void *user, const char *phase, int64_t done, int64_t total)
{
    building *b = user;
    snprintf(b->phase, sizeof b->phase, "%s", phase);
    b->bar.what = b->phase;
    progress_show(&b->bar, (uint64_t)done, (uint64_t)total, (uint64_t)done, "done");
}

static void show_index(tripsage_doc *index)
{
    const char *state = tripsage_doc_text(index, "/index");
    print_plain(tripsage_doc_text(index, "/collection"));
    printf(": %lld items, index %s", (long long)tripsage_doc_int(index, "/items", 0), state ? state : "?");
    if (tripsage_doc_int(index, "/bytes", 0) > 0)
        printf(", %lld bytes", (long long)tripsage_doc_int(index, "/bytes", 0));
    putchar('\n');
}

static int run_build(planner *p, const arguments *given)
{
    tripsage_actor *service = NULL;
    tripsage_doc *index = NULL;
    building b = {0};
    progress_begin(&b.bar, "building");
    tripsage_status status = tripsage_actor_service(&service);
    if (status == TRIPSAGE_OK)
        status = tripsage_vector_index_build(&index, tripsage_get_vector(p->ts), service, given->words[0],
                                             argument(given, "rebuild") != NULL, on_progress, &b);
    progress_end(&b.bar);
    tripsage_actor_free(service);
    return finish(p, status, index, show_index);
}

/* ---- query ---- */

static const option query_options[] = {
    {"file", "FILE", "the vector is in this file"},
    {"row", "N", "at this record, counted from 0 (0)"},
    {"format", "NAME", "of the file, when its name does not end so"},
    {"like", "ID", "what is near to this item, without itself"},
    {"hybrid", NULL, "by the words themselves as well as by their meaning"},
    {"k", "N", "how many (10)"},
    {"filter", "JSON", "only items whose metadata have these members: {\"country\":\"JP\"}"},
    {NULL, NULL, NULL},
};

/* The vector at --row of --file, malloc'd. */
static int read_query_vector(const arguments *given, float **out, size_t *count)
{
    vector_file file;
    long long row = 0;
    int code = read_int(given, "row", &row);
    if (code == DONE && row < 0)
        code = wrong_usage("the number of a record belongs after --", "row");
    if (code != DONE)
        return code;
    code = vector_file_open(&file, argument(given, "file"), argument(given, "format"), VECTORS);
    if (code == DONE && vector_file_is_lines(&file))
        code = wrong_usage("a query comes from a file of vectors, not from lines of JSON: ", file.path);
    if (code == DONE)
        code = vector_file_seek(&file, (uint64_t)row);
    if (code == DONE) {
        *count = file.dimensions;
        *out = malloc(*count * sizeof **out);
        if (!*out)
            give_up("out of memory");
        code = vector_file_read(&file, *out);
        if (code == AT_END)
            code = vector_file_refuse(&file, (uint64_t)row, "the file has no such record");
    }
    vector_file_close(&file);
    return code;
}

static void show_nearest(tripsage_doc *found)
{
    static const char *const titles[] = {"SCORE", "ID", "METADATA"};
    table t;
    table_begin(&t, sizeof titles / sizeof *titles, titles);
    for (size_t i = 0; i < tripsage_doc_count(found, "/items"); i++) {
        char pointer[48], score[32];
        snprintf(pointer, sizeof pointer, "/items/%zu/score", i);
        snprintf(score, sizeof score, "%.5f", tripsage_doc_number(found, pointer, 0.0));
        table_cell(&t, score);
        snprintf(pointer, sizeof pointer, "/items/%zu/id", i);
        table_cell(&t, tripsage_doc_text(found, pointer));
        snprintf(pointer, sizeof pointer, "/items/%zu/metadata", i);
        table_cell(&t, tripsage_doc_value(found, pointer, NULL));
    }
    table_print(&t);
    table_free(&t);
}

static int run_query(planner *p, const arguments *given)
{
    tripsage_vector_query query = TRIPSAGE_VECTOR_QUERY_INIT;
    tripsage_doc *found = NULL;
    text words = {0};
    float *values = NULL;
    int k = 10, is_hybrid = argument(given, "hybrid") != NULL;
    query.like = argument(given, "like");
    if ((argument(given, "file") != NULL) + (query.like != NULL) + (given->word_count > 1) != 1)
        return wrong_usage("a query is words, --file or --like, one of them", "");
    if (is_hybrid && given->word_count < 2)
        return wrong_usage("words belong to --", "hybrid");
    int code = read_small(given, "k", &k);
    if (code == DONE && argument(given, "file"))
        code = read_query_vector(given, &values, &query.value_count);
    if (code == DONE) {
        add_words(&words, given, 1);
        query.text = words.bytes;
        query.words = is_hybrid ? words.bytes : NULL;
        query.values = values;
        query.k = (uint32_t)k;
        query.filter = argument(given, "filter");
        tripsage_status status =
            tripsage_vector_search(&found, tripsage_get_vector(p->ts), p->actor, given->words[0], &query);
        code = finish(p, status, found, show_nearest);
    }
    text_free(&words);
    free(values);
    return code;
}

/* ---- the table ---- */

const command vector_commands[] = {
    {"vector import", "COLLECTION FILE [OPTION...]",
     "Puts a file's vectors, or texts, into a collection, which is made when it is missing.\n"
     "Vectors of fbin, u8bin, i8bin, fvecs, bvecs and npy have their number as id. Each line of jsonl is an object:\n"
     "  {\"id\":\"gion\",\"text\":\"old tea houses\",\"metadata\":{\"city\":\"Kyoto\"}}   or \"values\":[0.1,...] "
     "instead of \"text\";\n"
     "  \"owner_id\" says whose it is (everybody's).\n\n"
     "Examples\n"
     "  tripsage vector import words glove.npy --metric cosine\n"
     "  tripsage vector import places places.jsonl",
     import_options, 2, 2, run_import, NULL, 0},
    {"vector build", "COLLECTION [--rebuild]",
     "Builds a collection's index where one is of use, and says how it is.\n\n"
     "Example\n"
     "  tripsage vector build words",
     build_options, 1, 1, run_build, NULL, 0},
    {"vector query", "COLLECTION WORD... | COLLECTION --file FILE [--row N] | COLLECTION --like ID",
     "Finds the items nearest to words, to a vector of a file, or to another item.\n"
     "Found is what belongs to everybody or to --user.\n\n"
     "Examples\n"
     "  tripsage vector query places quiet gardens --k 3 --filter '{\"city\":\"Kyoto\"}'\n"
     "  tripsage vector query places --like gion\n"
     "  tripsage vector query words --file queries.fbin --row 7",
     query_options, 1, ARGUMENTS_MAX, run_query, NULL, 0},
    {"vector bench", "FILE --queries FILE [--truth FILE] [OPTION...]",
     "Measures an index over a file of vectors: recall, speed, size. Opens no database.\n\n"
     "Examples\n"
     "  tripsage vector bench glove.npy --queries asked.npy --truth nearest.npy --threads 2\n"
     "  tripsage vector bench sift.fvecs --metric l2 --queries asked.fvecs --truth nearest.ivecs --width 32,64 --json",
     bench_options, 1, 1, run_vector_bench, NULL, 1},
    {NULL, NULL, NULL, NULL, 0, 0, NULL, NULL, 0},
};
