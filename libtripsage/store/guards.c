/* store/guards.c: what guards the rows of a database, asked of the database itself.
 *
 * The rules are those that migrations/postgres keeps to, said once more as questions to the catalogues: nothing here lists tables, so
 * that a table which is added is looked at as well. */
#include "driver.h"
#include "store.h"

/* Everybody who is signed in may read these: the catalogue of places, and which collections there are. */
#define EVERYBODYS "'destination', 'vector_collection'"

#define IN_SCHEMA "c.relnamespace = 'tripsage'::regnamespace"
#define TABLES    "c.relkind IN ('r', 'p')"
#define RELATIONS "c.relkind IN ('r', 'p', 'v', 'm', 'f')"

/* An array of names, "[]" without any. */
#define LIST(name, from) "COALESCE((SELECT json_agg(" name " ORDER BY " name ") FROM " from "), '[]')"

/* A policy that lets in widens what others let in; one that asks nothing of who is there lets in everybody it is for. Only the three that
 * ask may be for users; others are for the roles that look after all rows. */
#define ASKS(expression) "(" expression ") ~ '\\y(uid|user_id|trip_role)\\('"
#define OPEN_POLICY                                                                                                    \
    "p.permissive = 'PERMISSIVE' AND NOT p.roles <@ '{service_role,tripsage_definer}'::name[]"                         \
    " AND (NOT p.roles <@ '{authenticated,service_role,tripsage_definer}'::name[]"                                     \
    " OR NOT (" ASKS("COALESCE(p.qual, p.with_check)") " AND " ASKS(                                                   \
        "COALESCE(p.with_check, p.qual)") ")"                                                                          \
                                          " AND NOT (p.cmd = 'SELECT' AND p.tablename IN (" EVERYBODYS ")))"

/* Strangers have nothing here; TRUNCATE asks no policy, and the other two are for who changes the schema. */
#define OPEN_GRANT                                                                                                     \
    "has_table_privilege('anon', c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')"              \
    " OR has_any_column_privilege('anon', c.oid, 'SELECT, INSERT, UPDATE, REFERENCES')"                                \
    " OR has_table_privilege('authenticated', c.oid, 'TRUNCATE, REFERENCES, TRIGGER')"

#define LOOSE_FUNCTION                                                                                                 \
    "f.prosecdef AND (has_function_privilege('anon', f.oid, 'EXECUTE')"                                                \
    " OR NOT EXISTS (SELECT 1 FROM unnest(f.proconfig) s WHERE s LIKE 'search_path=%'))"

#define ABOVE_POLICIES                                                                                                 \
    LIST("r.rolname", "pg_roles r WHERE (r.rolsuper OR r.rolbypassrls)"                                                \
                      " AND r.rolname IN (session_user, 'anon', 'authenticated')")
#define OWNS_TABLES                                                                                                    \
    "COALESCE((SELECT bool_or(pg_has_role(session_user, c.relowner, 'MEMBER')) FROM pg_class c WHERE " IN_SCHEMA       \
    " AND " TABLES "), false)"
#define UNGUARDED_TABLES                                                                                               \
    LIST("c.relname",                                                                                                  \
         "pg_class c WHERE " IN_SCHEMA " AND " TABLES " AND NOT (c.relrowsecurity AND c.relforcerowsecurity)")
#define OPEN_POLICIES                                                                                                  \
    LIST("p.tablename || '.' || p.policyname", "pg_policies p WHERE p.schemaname = 'tripsage' AND " OPEN_POLICY)
#define OPEN_GRANTS LIST("c.relname", "pg_class c WHERE " IN_SCHEMA " AND " RELATIONS " AND (" OPEN_GRANT ")")
#define OWNER_VIEWS                                                                                                    \
    LIST("c.relname", "pg_class c WHERE " IN_SCHEMA " AND c.relkind IN ('v', 'm')"                                     \
                      " AND NOT COALESCE(c.reloptions, '{}') && '{security_invoker=true,security_invoker=on}'")
#define LOOSE_FUNCTIONS                                                                                                \
    LIST("f.proname", "pg_proc f WHERE f.pronamespace = 'tripsage'::regnamespace AND " LOOSE_FUNCTION)

#define SENDS_WEBHOOKS                                                                                                 \
    "EXISTS (SELECT 1 FROM pg_trigger t JOIN pg_proc f ON f.oid = t.tgfoid"                                            \
    " WHERE f.pronamespace = 'tripsage'::regnamespace AND f.proname = 'webhook_send' AND t.tgenabled <> 'D')"

const tripsage__statement tripsage__guards_statement = {
    "guards", "SELECT '{\"engine\":\"sqlite\"}'",
    "SELECT json_build_object('engine', 'postgresql', 'login', session_user, 'above_policies', " ABOVE_POLICIES
    ", 'owns_tables', " OWNS_TABLES ", 'unguarded_tables', " UNGUARDED_TABLES ", 'open_policies', " OPEN_POLICIES
    ", 'open_grants', " OPEN_GRANTS ", 'owner_views', " OWNER_VIEWS ", 'loose_functions', " LOOSE_FUNCTIONS
    ", 'sends_webhooks', " SENDS_WEBHOOKS ")::text"};

static void forget(void *context)
{
    tripsage__buf *found = context;

    found->size = 0;
}

static tripsage_status keep(void *context, const tripsage__row *row)
{
    tripsage__buf *found = context;
    size_t size;
    const char *text = tripsage__row_text(row, 0, &size);

    tripsage__buf_put(found, text, size);
    return tripsage__buf_status(found);
}

tripsage_status tripsage__store_guards(tripsage_doc **out, tripsage__store *store)
{
    const char *place = tripsage__store_place(store);
    tripsage_doc *doc = NULL;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__doc_new(&doc, 512));
    TRIPSAGE_TRY(tripsage__store_read(
        store, NULL, &(tripsage__step){&tripsage__guards_statement, NULL, 0, forget, keep, &doc->json, NULL}, 1));
    if (place && doc->json.size) {
        doc->json.size--; /* the brace at the end */
        TRIPSAGE__LIT(&doc->json, ",\"path\":");
        tripsage__json_put_string(&doc->json, place);
        tripsage__buf_putc(&doc->json, '}');
    }
out:
    return tripsage__doc_finish(out, doc, status);
}
