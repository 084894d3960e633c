/* destination_plan_test.c: how SQLite runs each statement about destinations, memories, searches and vectors: by an index. What may be passed over whole is named
 * here with its reason. */
#include <sqlite3.h>
#include <string.h>

#include "../suite.h"
#include "store/migrations.h"
#include "trip/destination.h"
#include "trip/memories.h"
#include "trip/searches.h"
#include "vector/vector.h"

static sqlite3 *db;

/* What the library gives each of its connections; here nothing is run. */
static void unused_function(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    (void)values;
    sqlite3_result_null(context);
}

static void make_schema(void)
{
    ck_assert_int_eq(sqlite3_open(":memory:", &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_create_function(db, "tripsage_counts", 3, SQLITE_UTF8, NULL, unused_function, NULL, NULL),
                     SQLITE_OK);
    for (size_t i = 0; i < tripsage__migrations_sqlite.count; i++) {
        const tripsage__migration *m = &tripsage__migrations_sqlite.all[i];

        ck_assert_msg(sqlite3_exec(db, m->text, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", m->name, sqlite3_errmsg(db));
    }
}

static void drop_schema(void)
{
    sqlite3_close(db);
}

static const struct {
    const char *statement, *step;
} allowed[] = {
    {"vector_collection_list", "SCAN c USING INDEX"},         /* lists all collections: a handful */
    {"vector_collection_list_service", "SCAN c USING INDEX"}, /* the same */
    {"vector_collection_ids", "SCAN c USING COVERING INDEX"}, /* the same */
    {"vector_changed_rows", "USE TEMP B-TREE FOR DISTINCT"},  /* of some hundred changes */
    {"vector_changed_rows", "SCAN x"},
    {"vector_search_changed", "USE TEMP B-TREE"}, /* of changes that are not in the index yet */
    {"vector_search_changed", "SCAN x"},
    {"vector_search_hits", "SCAN j VIRTUAL TABLE"}, /* json_each over what the index gave */
    {"vector_embedding_evict",
     "SCAN vector_embedding USING COVERING INDEX"}, /* from the newest to those beyond the bound of 20,000 */
    {"vector_embedding_purge",
     "SCAN vector_embedding USING COVERING INDEX"}, /* from the oldest to the first that stays */
    {"vector_embedding_put", "SCAN j VIRTUAL TABLE"},
    {"vector_embedding_find", "SCAN j VIRTUAL TABLE"},
    {"vector_embedding_touch", "SCAN json_each VIRTUAL TABLE"},
    {"vector_batch_gate", "SCAN f VIRTUAL TABLE"}, /* json_each over the call's own ids */
    {"vector_batch_put", "SCAN f VIRTUAL TABLE"},
    {"vector_batch_put", "SCAN j VIRTUAL TABLE"},
    {"vector_batch_unindex", "SCAN f VIRTUAL TABLE"},
    {"vector_batch_unindex", "SCAN j VIRTUAL TABLE"},
    {"vector_batch_unword", "SCAN f VIRTUAL TABLE"},
    {"vector_batch_unword", "SCAN j VIRTUAL TABLE"},
    {"vector_batch_word", "SCAN f VIRTUAL TABLE"},
    {"vector_batch_word", "SCAN j VIRTUAL TABLE"},
    {"vector_batch_index", "SCAN f VIRTUAL TABLE"},
    {"vector_batch_index", "SCAN j VIRTUAL TABLE"},
    {"vector_words_spread", "SCAN vector_words VIRTUAL TABLE INDEX"}, /* MATCH: by the words, not by the rows */
    {"vector_words_spread_service", "SCAN vector_words VIRTUAL TABLE INDEX"},
    {"vector_words_rows", "SCAN vector_words VIRTUAL TABLE INDEX"},
    {"vector_words_rows_service", "SCAN vector_words VIRTUAL TABLE INDEX"},
    {"vector_batch_gate", "SCAN CONSTANT ROW"},
    {"vector_scan_gate", "SCAN CONSTANT ROW"},
    {"saved_put", "SCAN CONSTANT ROW"},
    {"search_save", "SCAN CONSTANT ROW"},
    {"search_tally_popular", "USE TEMP B-TREE FOR ORDER BY"}, /* of one user's day */
    {"memory_put", "SCAN j VIRTUAL TABLE"},                   /* json_each over the call's own rows, ids and keys */
    {"memory_by_id", "SCAN j VIRTUAL TABLE"},
    {"memory_preferences_drop", "SCAN j VIRTUAL TABLE"},
    {"memory_unword_named", "SCAN j VIRTUAL TABLE"},
    {"memory_categories", "SCAN c VIRTUAL TABLE"},                      /* those of one memory */
    {"memory_categories", "USE TEMP B-TREE FOR GROUP BY"},              /* of one user's memories */
    {"memory_types", "USE TEMP B-TREE FOR GROUP BY"},                   /* the same */
    {"memory_trips", "USE TEMP B-TREE FOR ORDER BY"},                   /* of one user's trips */
    {"memory_places", "USE TEMP B-TREE FOR ORDER BY"},                  /* at most the catalogue, of one user */
    {"destination_match", "SCAN destination_text VIRTUAL TABLE INDEX"}, /* MATCH: by the words, not by the rows */
    {"destination_match", "USE TEMP B-TREE FOR ORDER BY"},              /* at most the catalogue */
    {"saved_list", "USE TEMP B-TREE FOR ORDER BY"},                     /* at most the catalogue, of one user */
};

static int is_good(const char *statement, const char *step)
{
    if (!strstr(step, "SCAN") && !strstr(step, "TEMP B-TREE"))
        return 1;
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
        if (strcmp(allowed[i].statement, statement) == 0 &&
            strncmp(allowed[i].step, step, strlen(allowed[i].step)) == 0)
            return 1;
    return 0;
}

static void check_plans(const tripsage__statement *const *all, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        sqlite3_stmt *plan;
        char *sql = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", all[i]->sql);

        ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &plan, NULL) == SQLITE_OK, "%s: %s", all[i]->name,
                      sqlite3_errmsg(db));
        while (sqlite3_step(plan) == SQLITE_ROW) {
            const char *step = (const char *)sqlite3_column_text(plan, 3);

            /* Letting go of the whole catalogue is what catalogue_clear is for. */
            ck_assert_msg(is_good(all[i]->name, step) || strcmp(all[i]->name, "catalogue_clear") == 0, "%s: %s",
                          all[i]->name, step);
        }
        sqlite3_finalize(plan);
        sqlite3_free(sql);
    }
}

START_TEST(no_statement_reads_a_whole_table)
{
    size_t count;
    const tripsage__statement *const *all = tripsage__destination_statements(&count);

    ck_assert_uint_ge(count, 12);
    check_plans(all, count);
    all = tripsage__memory_statements(&count);
    ck_assert_uint_ge(count, 12);
    check_plans(all, count);
    all = tripsage__searches_statements(&count);
    ck_assert_uint_ge(count, 11);
    check_plans(all, count);
    all = tripsage__vector_statements(&count);
    ck_assert_uint_ge(count, 12);
    check_plans(all, count);
}
END_TEST

SUITE_MAIN_WITH("trip/destination_plan", make_schema, drop_schema, no_statement_reads_a_whole_table)
