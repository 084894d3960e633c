/* store/sqlite/rank.c: tripsage_rank(), by which a full-text search is ordered: BM25 (Robertson and Zaragoza, The Probabilistic Relevance Framework:
 * BM25 and Beyond, 2009, with k1 = 1.2 and b = 0.75), better the lower, like FTS5's own bm25().
 *
 *     ... WHERE t MATCH $1 AND t.rank MATCH 'tripsage_rank(PREFIX, WEIGHT...)' ORDER BY rank
 *
 * PREFIX is the place of the phrase that is a prefix among the query's phrases, -1 for none; there is a WEIGHT for each of the first columns, 0 for those
 * that tell who may find a row instead of what is in it.
 *
 * The difference to bm25() is what a word's rarity costs. FTS5's reads the whole list of each word, so that a word in a million rows, of which the
 * query may see ten, costs a million steps; and a prefix is gathered from the lists of all its words once more. Here a list is read
 * to its COMMON-th entry at most: a word found in more rows counts as one found in so many, and so does a prefix. */
#include <math.h>

#include "base/memory.h"
#include "sqlite.h"

#define COMMON 1000
#define K1     1.2
#define B      0.75

/* What is the same for every row of a query. */
typedef struct query {
    int phrases;
    int columns;
    double average;   /* length of a row, over the columns that weigh */
    double *rarity;   /* of each phrase: Robertson and Sparck Jones, kept positive */
    double *weighted; /* occurrences of each phrase in the row at hand */
    double numbers[]; /* where the two lie */
} query;

static int count_row(const Fts5ExtensionApi *api, Fts5Context *fts, void *context)
{
    int *count = context;

    (void)api;
    (void)fts;
    return ++*count < COMMON ? SQLITE_OK : SQLITE_DONE;
}

static int weigh_phrases(query *q, const Fts5ExtensionApi *api, Fts5Context *fts, int prefix)
{
    sqlite3_int64 rows;
    int code = api->xRowCount(fts, &rows);

    for (int i = 0; i < q->phrases && code == SQLITE_OK; i++) {
        int found = COMMON;

        if (i != prefix) {
            found = 0;
            code = api->xQueryPhrase(fts, i, &found, count_row);
        }
        if (found > rows)
            found = (int)rows;
        q->rarity[i] = log(1 + ((double)rows - found + 0.5) / (found + 0.5));
    }
    return code;
}

static int measure_average(query *q, const Fts5ExtensionApi *api, Fts5Context *fts, sqlite3_value **weights)
{
    sqlite3_int64 rows, words, all = 0;
    int code = api->xRowCount(fts, &rows);

    for (int i = 0; i < q->columns && code == SQLITE_OK; i++)
        if (sqlite3_value_double(weights[i]) > 0) {
            code = api->xColumnTotalSize(fts, i, &words);
            all += code == SQLITE_OK ? words : 0;
        }
    q->average = rows > 0 && all > 0 ? (double)all / (double)rows : 1;
    return code;
}

static int query_new(query **out, const Fts5ExtensionApi *api, Fts5Context *fts, sqlite3_value **arguments, int count)
{
    int phrases = api->xPhraseCount(fts);
    query *q = tripsage__calloc(1, sizeof *q + 2 * (size_t)phrases * sizeof(double));
    int code;

    if (!q)
        return SQLITE_NOMEM;
    q->phrases = phrases;
    q->columns = count - 1;
    q->rarity = q->numbers;
    q->weighted = q->numbers + phrases;
    code = measure_average(q, api, fts, arguments + 1);
    if (code == SQLITE_OK)
        code = weigh_phrases(q, api, fts, sqlite3_value_int(arguments[0]));
    if (code != SQLITE_OK) {
        tripsage__free(q);
        return code;
    }
    *out = q;
    return api->xSetAuxdata(fts, q, tripsage__free); /* which frees it when it fails */
}

/* Occurrences in the row, each by the weight of its column. */
static int count_occurrences(query *q, const Fts5ExtensionApi *api, Fts5Context *fts, sqlite3_value **weights)
{
    int count, code = api->xInstCount(fts, &count);

    for (int i = 0; i < q->phrases; i++)
        q->weighted[i] = 0;
    for (int i = 0; i < count && code == SQLITE_OK; i++) {
        int phrase, column, offset;

        code = api->xInst(fts, i, &phrase, &column, &offset);
        if (code == SQLITE_OK && column < q->columns)
            q->weighted[phrase] += sqlite3_value_double(weights[column]);
    }
    return code;
}

static int measure_row(double *length, const query *q, const Fts5ExtensionApi *api, Fts5Context *fts,
                       sqlite3_value **weights)
{
    int code = SQLITE_OK;

    *length = 0;
    for (int i = 0; i < q->columns && code == SQLITE_OK; i++)
        if (sqlite3_value_double(weights[i]) > 0) {
            int words = 0;

            code = api->xColumnSize(fts, i, &words);
            *length += words;
        }
    return code;
}

static void rank(const Fts5ExtensionApi *api, Fts5Context *fts, sqlite3_context *result, int count,
                 sqlite3_value **arguments)
{
    query *q = api->xGetAuxdata(fts, 0);
    double length = 0, score = 0;
    int code = SQLITE_OK;

    if (count < 1) {
        sqlite3_result_error(result, "tripsage_rank takes the place of the prefix and a weight for each column", -1);
        return;
    }
    if (!q)
        code = query_new(&q, api, fts, arguments, count);
    if (code == SQLITE_OK)
        code = count_occurrences(q, api, fts, arguments + 1);
    if (code == SQLITE_OK)
        code = measure_row(&length, q, api, fts, arguments + 1);
    if (code != SQLITE_OK) {
        sqlite3_result_error_code(result, code);
        return;
    }
    for (int i = 0; i < q->phrases; i++)
        score += q->rarity[i] * q->weighted[i] * (K1 + 1) / (q->weighted[i] + K1 * (1 - B + B * length / q->average));
    sqlite3_result_double(result, -score);
}

/* FTS5 hands its functions out through a pointer that a statement writes (SQLite's documentation of FTS5, section 7). */
tripsage_status tripsage__sqlite_add_rank(connection *c)
{
    fts5_api *api = NULL;
    sqlite3_stmt *stmt = NULL;
    int code = sqlite3_prepare_v2(c->db, "SELECT fts5(?1)", -1, &stmt, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_bind_pointer(stmt, 1, (void *)&api, "fts5_api_ptr", NULL);
    if (code == SQLITE_OK && sqlite3_step(stmt) != SQLITE_ROW)
        code = sqlite3_errcode(c->db);
    sqlite3_finalize(stmt);
    if (code == SQLITE_OK && !api)
        return TRIPSAGE_FAIL(TRIPSAGE_ENOTSUP, "this SQLite was built without FTS5");
    if (code == SQLITE_OK)
        code = api->xCreateFunction(api, "tripsage_rank", NULL, rank, NULL);
    return code == SQLITE_OK ? TRIPSAGE_OK : SQL_FAILED(c->db, code, "tripsage_rank");
}
