/* store/sqlite/rank.c: tripsage_rank(), by which a full-text search is ordered: what BM25 says of a row by itself (Robertson and Zaragoza,
 * The Probabilistic Relevance Framework: BM25 and Beyond, 2009, with k1 = 1.2 and b = 0.75).
 *
 *     SELECT tripsage_score(t.rank) ... WHERE t MATCH $1 AND t.rank MATCH 'tripsage_rank(WEIGHT...)' ORDER BY rank
 *
 * A rank is a blob of 16 bytes in which better scores stand before others, and of equal ones the kinds of trip_search in their order (rowid & 3) and
 * then the older rows: FTS5 sorts by it once, and a page reads no more rows than it shows. tripsage_score() gives the number.
 *
 * There is a WEIGHT for each of the first columns, 0 for those that tell who may find a row instead of what is in it.
 *
 * The difference to bm25() is that nothing of other rows goes into it, neither how many hold a word nor how long they are on average. Most
 * rows belong to people the asker may know nothing of, and a score made of theirs would tell him which words they wrote and when. What
 * is lost is little: every word of a query has to be in every row it finds. */
#include "base/memory.h"
#include "sqlite.h"

#define K1 1.2
#define B  0.75

/* The length of a row that is neither short nor long, in words: a title, a few stops, a sentence. */
#define USUAL_LENGTH 20.0

/* Occurrences of each phrase in the row at hand, each by the weight of its column; kept from row to row. */
static int weights_of(double **out, const Fts5ExtensionApi *api, Fts5Context *fts)
{
    *out = api->xGetAuxdata(fts, 0);
    if (*out)
        return SQLITE_OK;
    *out = tripsage__calloc((size_t)api->xPhraseCount(fts) + 1, sizeof **out);
    return *out ? api->xSetAuxdata(fts, *out, tripsage__free) /* which frees it when it fails */ : SQLITE_NOMEM;
}

static int weigh_occurrences(double *weighted, const Fts5ExtensionApi *api, Fts5Context *fts, int columns,
                             sqlite3_value **weights)
{
    int count, code = api->xInstCount(fts, &count);

    for (int i = 0; i < api->xPhraseCount(fts); i++)
        weighted[i] = 0;
    for (int i = 0; i < count && code == SQLITE_OK; i++) {
        int phrase, column, offset;

        code = api->xInst(fts, i, &phrase, &column, &offset);
        if (code == SQLITE_OK && column < columns)
            weighted[phrase] += sqlite3_value_double(weights[column]);
    }
    return code;
}

/* In words, over the columns that weigh. */
static int measure_row(double *length, const Fts5ExtensionApi *api, Fts5Context *fts, int columns,
                       sqlite3_value **weights)
{
    int code = SQLITE_OK;

    *length = 0;
    for (int i = 0; i < columns && code == SQLITE_OK; i++)
        if (sqlite3_value_double(weights[i]) > 0) {
            int words = 0;

            code = api->xColumnSize(fts, i, &words);
            *length += words;
        }
    return code;
}

static void put_big_endian(unsigned char out[8], uint64_t value)
{
    for (int i = 8; i-- > 0; value >>= 8)
        out[i] = (unsigned char)value;
}

/* The bits of doubles that are not negative ascend as the numbers do. */
static void give_rank(sqlite3_context *result, double score, int64_t rowid)
{
    unsigned char rank[16];
    uint64_t bits;

    memcpy(&bits, &score, sizeof bits);
    put_big_endian(rank, ~bits);
    put_big_endian(rank + 8, (uint64_t)(rowid & 3) << 62 | (uint64_t)rowid >> 2);
    sqlite3_result_blob(result, rank, sizeof rank, SQLITE_TRANSIENT);
}

static void score(sqlite3_context *result, int count, sqlite3_value **ranks)
{
    const unsigned char *rank = sqlite3_value_blob(ranks[0]);
    uint64_t bits = 0;
    double number;

    (void)count;
    if (!rank || sqlite3_value_bytes(ranks[0]) != 16)
        return; /* NULL */
    for (int i = 0; i < 8; i++)
        bits = bits << 8 | rank[i];
    bits = ~bits;
    memcpy(&number, &bits, sizeof number);
    sqlite3_result_double(result, number);
}

static void rank(const Fts5ExtensionApi *api, Fts5Context *fts, sqlite3_context *result, int columns,
                 sqlite3_value **weights)
{
    double *weighted;
    double length = 0, sum = 0;
    int code = weights_of(&weighted, api, fts);

    if (code == SQLITE_OK)
        code = weigh_occurrences(weighted, api, fts, columns, weights);
    if (code == SQLITE_OK)
        code = measure_row(&length, api, fts, columns, weights);
    if (code != SQLITE_OK) {
        sqlite3_result_error_code(result, code);
        return;
    }
    for (int i = 0; i < api->xPhraseCount(fts); i++)
        sum += weighted[i] * (K1 + 1) / (weighted[i] + K1 * (1 - B + B * length / USUAL_LENGTH));
    give_rank(result, sum, api->xRowid(fts));
}

/* ---- counts ----
 *
 *     tripsage_counts(t, FIRST, COLUMN)
 *
 * What BM25 asks of a row, for who computes it himself, over other rows than all: as 4-byte numbers, the highest byte first, the words of
 * COLUMN and how often the row has each phrase of the query from FIRST on. */

static void put_count(unsigned char *out, int count)
{
    for (int i = 4; i-- > 0; count >>= 8)
        out[i] = (unsigned char)count;
}

static int count_phrase(int *out, const Fts5ExtensionApi *api, Fts5Context *fts, int phrase)
{
    Fts5PhraseIter iter;
    int column, offset, code = api->xPhraseFirst(fts, phrase, &iter, &column, &offset);

    for (*out = 0; code == SQLITE_OK && column >= 0; ++*out)
        api->xPhraseNext(fts, &iter, &column, &offset);
    return code;
}

static void counts(const Fts5ExtensionApi *api, Fts5Context *fts, sqlite3_context *result, int argument_count,
                   sqlite3_value **arguments)
{
    int first = argument_count == 2 ? sqlite3_value_int(arguments[0]) : 0;
    int phrases = api->xPhraseCount(fts) - first, words = 0, code = SQLITE_MISUSE;
    unsigned char *out = phrases < 0 ? NULL : tripsage__calloc((size_t)phrases + 1, 4);

    if (argument_count == 2 && first >= 0)
        code = out ? api->xColumnSize(fts, sqlite3_value_int(arguments[1]), &words) : SQLITE_NOMEM;
    if (code == SQLITE_OK)
        put_count(out, words);
    for (int i = 0; i < phrases && code == SQLITE_OK; i++) {
        int times;

        code = count_phrase(&times, api, fts, first + i);
        if (code == SQLITE_OK)
            put_count(out + 4 * (i + 1), times);
    }
    if (code == SQLITE_OK)
        sqlite3_result_blob(result, out, 4 * (phrases + 1), SQLITE_TRANSIENT);
    else
        sqlite3_result_error_code(result, code);
    tripsage__free(out);
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
    if (code == SQLITE_OK)
        code = api->xCreateFunction(api, "tripsage_counts", NULL, counts, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_create_function_v2(c->db, "tripsage_score", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, score,
                                          NULL, NULL, NULL);
    return code == SQLITE_OK ? TRIPSAGE_OK : SQL_FAILED(c->db, code, "tripsage_rank");
}
