/* hybrid_words.c: see hybrid_words.h.
 *
 * SQLite walks what has any of the words twice, first to count how many texts each word is in, then to score. Statements cannot depend on
 * what was counted, and to keep all rows until it is known would take memory without a bound. PostgreSQL counts, picks the best and a few
 * more, and sends those. */
#include "hybrid_words.h"

#include <math.h>

#include "base/memory.h"
#include "hits.h"
#include "metadata.h"

#define K1 1.2
#define B  0.75

/* ---- the statements ----
 * $1..$4 the collection, $5 the actor, $6 the match expression for FTS5, $7 the words in lines, $8 k, $9 the filter */

#define OF_COLLECTION "t.collection_id = " TRIPSAGE__SQL_COLLECTION

const tripsage__statement tripsage__vector_sql_words_total = {
    "vector_words_total",
    "SELECT count(*), CAST(COALESCE(sum(t.length), 0) AS BIGINT) FROM vector_text t WHERE " OF_COLLECTION
    " AND t.owner_id IN ('', $5)",
    NULL};
const tripsage__statement tripsage__vector_sql_words_total_service = {
    "vector_words_total_service",
    "SELECT count(*), CAST(COALESCE(sum(t.length), 0) AS BIGINT) FROM vector_text t WHERE " OF_COLLECTION, NULL};

/* What may be found, and any of the words. The tokens come first, so the words are the phrases from the third or second on. */
#define MATCH(scope)                                                                                                   \
    "vector_words MATCH (SELECT 'scope:(' || " scope                                                                   \
    " || ') AND terms:(' || $6 || ')' FROM vector_collection c WHERE "                                                 \
    "c.name = $1 AND c.dimensions = $2 AND c.metric = $3 AND c.embedder = $4)"
#define MATCH_READER  MATCH("'c' || c.id || 'e OR c' || c.id || 'u' || replace($5, '-', '')")
#define MATCH_SERVICE MATCH("'c' || c.id")
#define COUNTS(first) "tripsage_counts(vector_words, " first ", 1)"

const tripsage__statement tripsage__vector_sql_words_spread = {
    "vector_words_spread", "SELECT " COUNTS("2") " FROM vector_words WHERE " MATCH_READER, ""};
const tripsage__statement tripsage__vector_sql_words_spread_service = {
    "vector_words_spread_service", "SELECT " COUNTS("1") " FROM vector_words WHERE " MATCH_SERVICE, ""};

/* id, metadata, the length and how often it has each word, in how many texts each word is (NULL: the statement before said it) */
#define ROWS(first, match)                                                                                             \
    "SELECT i.id, i.metadata, " COUNTS(                                                                                \
        first) ", NULL FROM vector_words CROSS JOIN vector_item i WHERE " match                                        \
               " AND i.seq = vector_words.rowid AND i.collection_id = " TRIPSAGE__SQL_COLLECTION
#define FIND "SELECT f.id, f.metadata, f.counts, f.spread FROM vector_find_words($1, $2, $3, $4, $7, $8, $9) f"

const tripsage__statement tripsage__vector_sql_words_rows = {
    "vector_words_rows", ROWS("2", MATCH_READER) " AND i.owner_id IN ('', $5)", FIND};
const tripsage__statement tripsage__vector_sql_words_rows_service = {"vector_words_rows_service",
                                                                     ROWS("1", MATCH_SERVICE), FIND};

/* ---- making ---- */

/* Any of the words. Letters and digits only: nothing of them is an operator. */
static void put_match(tripsage__buf *match, const tripsage__buf *terms)
{
    tripsage__buf_putc(match, '"');
    for (size_t i = 0; i < terms->size; i++)
        if (terms->data[i] == '\n')
            TRIPSAGE__LIT(match, "\" OR \"");
        else
            tripsage__buf_putc(match, terms->data[i]);
    tripsage__buf_putc(match, '"');
}

static void bind_scan(tripsage__word_scan *scan, const tripsage__collection *collection, const tripsage_actor *actor)
{
    tripsage__collection_values(scan->values, collection);
    scan->values[4] = tripsage__text(actor->user_id);
    scan->values[5] = tripsage__textn(scan->match.data, scan->match.size);
    scan->values[6] = tripsage__textn(scan->terms.data, scan->terms.size);
    scan->values[7] = tripsage__int(scan->k);
    scan->values[8] = tripsage__textn(scan->filter.data, scan->filter.size);
}

tripsage_status tripsage__word_scan_init(tripsage__word_scan *scan, const tripsage__collection *collection,
                                         const tripsage_actor *actor, const char *words, uint32_t k, const char *filter,
                                         double min_score)
{
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(4 * TRIPSAGE__VECTOR_TEXT_MAX);
    static const tripsage__buf empty_filter = TRIPSAGE__BUF_INIT(4 * TRIPSAGE__METADATA_MAX);
    tripsage_status status = TRIPSAGE_OK;

    memset(scan, 0, sizeof *scan);
    scan->terms = scan->match = empty;
    scan->filter = empty_filter;
    scan->k = k;
    scan->min_score = min_score;
    scan->is_service = actor->is_service;
    scan->hits = tripsage__calloc(k, sizeof *scan->hits);
    if (!scan->hits)
        return TRIPSAGE_NOMEM();
    if (strlen(words) > TRIPSAGE__VECTOR_TEXT_MAX || !tripsage__utf8_valid(words, strlen(words)))
        return TRIPSAGE_FAIL_FIELD("#words", "expected at most %zu bytes of UTF-8", TRIPSAGE__VECTOR_TEXT_MAX);
    scan->term_count = tripsage__query_terms_put(&scan->terms, words, strlen(words));
    TRIPSAGE_TRY(tripsage__buf_status(&scan->terms));
    if (!scan->term_count)
        return TRIPSAGE_FAIL_FIELD("#words", "there is no word in the text");
    put_match(&scan->match, &scan->terms);
    TRIPSAGE_TRY(tripsage__buf_status(&scan->match));
    if (filter)
        TRIPSAGE_TRY(tripsage__metadata_put(&scan->filter, filter, "#filter"));
    bind_scan(scan, collection, actor);
out:
    return status;
}

void tripsage__word_scan_free(tripsage__word_scan *scan)
{
    tripsage__hits_drop(scan->hits, &scan->count);
    tripsage__free(scan->hits);
    tripsage__buf_free(&scan->terms);
    tripsage__buf_free(&scan->match);
    tripsage__buf_free(&scan->filter);
}

/* ---- rows ---- */

static void begin_total(void *context)
{
    tripsage__word_scan *scan = context;

    scan->texts = 0;
    scan->usual = 0.0;
}

static tripsage_status on_total(void *context, const tripsage__row *row)
{
    tripsage__word_scan *scan = context;

    scan->texts = tripsage__row_int(row, 0);
    if (scan->texts)
        scan->usual = (double)tripsage__row_int(row, 1) / (double)scan->texts;
    return TRIPSAGE_OK;
}

/* The 4-byte numbers of a column, the highest byte first. NULL: not as many as there have to be. */
static const unsigned char *numbers_of(const tripsage__row *row, int column, size_t count)
{
    size_t size;
    const unsigned char *bytes = tripsage__row_blob(row, column, &size);

    return size == 4 * count ? bytes : NULL;
}

static uint32_t number_at(const unsigned char *bytes, size_t i)
{
    bytes += 4 * i;
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static tripsage_status fail_numbers(void)
{
    return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "the index of words gives other counts than it was asked for");
}

static void begin_spread(void *context)
{
    tripsage__word_scan *scan = context;

    memset(scan->spread, 0, sizeof scan->spread);
}

static tripsage_status on_spread(void *context, const tripsage__row *row)
{
    tripsage__word_scan *scan = context;
    const unsigned char *counts = numbers_of(row, 0, scan->term_count + 1);

    if (!counts)
        return fail_numbers();
    for (size_t i = 0; i < scan->term_count; i++)
        scan->spread[i] += number_at(counts, i + 1) != 0;
    return TRIPSAGE_OK;
}

static double score_of(const tripsage__word_scan *scan, const unsigned char *counts)
{
    double length = (double)number_at(counts, 0) / scan->usual, sum = 0.0;

    for (size_t i = 0; i < scan->term_count; i++) {
        double times = (double)number_at(counts, i + 1), n = (double)scan->spread[i];

        if (times > 0.0)
            sum += log(1.0 + ((double)scan->texts - n + 0.5) / (n + 0.5)) * times * (K1 + 1.0) /
                   (times + K1 * (1.0 - B + B * length));
    }
    return sum;
}

static void begin_rows(void *context)
{
    tripsage__word_scan *scan = context;

    tripsage__hits_drop(scan->hits, &scan->count);
}

static tripsage_status on_row(void *context, const tripsage__row *row)
{
    tripsage__word_scan *scan = context;
    size_t id_size, metadata_size;
    const char *id = tripsage__row_text(row, 0, &id_size);
    const char *metadata = tripsage__row_text(row, 1, &metadata_size);
    const unsigned char *counts = numbers_of(row, 2, scan->term_count + 1);
    double score;

    if (!tripsage__row_is_null(row, 3)) {
        const unsigned char *spread = numbers_of(row, 3, scan->term_count);

        for (size_t i = 0; spread && i < scan->term_count; i++)
            scan->spread[i] = number_at(spread, i);
    } else if (scan->filter.size &&
               !tripsage__metadata_matches(metadata, metadata_size, scan->filter.data, scan->filter.size)) {
        return TRIPSAGE_OK;
    }
    if (!counts)
        return fail_numbers();
    score = score_of(scan, counts);
    if (score < scan->min_score || !tripsage__hits_want(scan->hits, scan->count, scan->k, score, id))
        return TRIPSAGE_OK;
    return tripsage__hits_keep(scan->hits, &scan->count, scan->k, score, id, id_size, metadata, metadata_size);
}

void tripsage__word_scan_steps(tripsage__word_scan *scan, tripsage__step out[TRIPSAGE__WORD_SCAN_STEPS])
{
    int all = scan->is_service;
    const tripsage__step total = {all ? &tripsage__vector_sql_words_total_service : &tripsage__vector_sql_words_total,
                                  scan->values,
                                  5,
                                  begin_total,
                                  on_total,
                                  scan,
                                  NULL};
    const tripsage__step spread = {all ? &tripsage__vector_sql_words_spread_service
                                       : &tripsage__vector_sql_words_spread,
                                   scan->values,
                                   6,
                                   begin_spread,
                                   on_spread,
                                   scan,
                                   NULL};
    const tripsage__step rows = {all ? &tripsage__vector_sql_words_rows_service : &tripsage__vector_sql_words_rows,
                                 scan->values,
                                 9,
                                 begin_rows,
                                 on_row,
                                 scan,
                                 NULL};

    out[0] = total;
    out[1] = spread;
    out[2] = rows;
}

void tripsage__word_scan_end(tripsage__word_scan *scan)
{
    tripsage__hits_sort(scan->hits, scan->count);
}
