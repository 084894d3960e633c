/* bench_vector_relevance: how good the answers to written questions about destinations are, by the built-in embedder, by words, by both,
 * by static word vectors, and by the search over the catalogue, which also knows where places are. nDCG of the first ten, see
 * support/relevance.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tripsage/tripsage.h>

#include "bench.h"
#include "support/relevance.h"

static tripsage *ts;
static tripsage_actor *traveller;
static const relevance_question *questions;
static size_t question_count;

static void must(tripsage_status status)
{
    if (status != TRIPSAGE_OK)
        bench_fail("%s", tripsage_last_error()->message);
}

/* ---- rankings ---- */

typedef tripsage_doc *ranking(const char *question);

static tripsage_doc *search(const tripsage_vector_query *query)
{
    tripsage_doc *doc;

    must(tripsage_vector_search(&doc, tripsage_get_vector(ts), traveller, "destinations", query));
    return doc;
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
} rankings[] = {{"ndcg_builtin", "meaning", by_meaning},
                {"ndcg_words", "words", by_words},
                {"ndcg_hybrid", "both", by_both},
                {"ndcg_catalogue", "catalogue", by_catalogue}};
enum { RANKINGS = sizeof rankings / sizeof *rankings };

static double scores[RANKINGS][RELEVANCE_QUESTIONS_MAX];

static void measure(void)
{
    bench_method("ndcg_*: of the first ten answers to written questions about destinations, the mean.");
    for (size_t r = 0; r < RANKINGS; r++) {
        double sum = 0;

        for (size_t q = 0; q < question_count; q++)
            sum += scores[r][q] = score(rankings[r].rank, q);
        bench_figure(rankings[r].name, sum / (double)question_count, "");
    }
}

static void write_table(FILE *out)
{
    fprintf(out, "|");
    for (size_t r = 0; r < RANKINGS; r++)
        fprintf(out, " %s |", rankings[r].column);
    fprintf(out, " question |\n|---|---|---|---|---|\n");
    for (size_t q = 0; q < question_count; q++) {
        fprintf(out, "|");
        for (size_t r = 0; r < RANKINGS; r++)
            fprintf(out, " %.2f |", scores[r][q]);
        fprintf(out, " %s |\n", questions[q].text);
    }
}

int main(int argc, char **argv)
{
    const char *output = NULL, *table = NULL, *data = NULL;
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
    measure();
    bench_write_to(table, write_table);
    bench_write("vector", output);
    tripsage_actor_free(traveller);
    tripsage_close(ts);
    return EXIT_SUCCESS;
}
