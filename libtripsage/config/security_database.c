/* config/security_database.c: what the database itself says about who guards its rows (tripsage_database_security). */
#include <stdio.h>
#include <string.h>

#include "security.h"

#define MIGRATE_ANEW "undo it by hand; what it was is in migrations/postgres/"

tripsage__verdict tripsage__check_database(tripsage__look *look)
{
    if (look->facts->database_trouble)
        return tripsage__fails(look, "mend that, and ask again", "the database could not be looked at: %.300s",
                               look->facts->database_trouble);
    return look->database ? tripsage__passes(look, "the database was looked at")
                          : tripsage__skips(look, "the database was not to be looked at");
}

/* What there is at the pointer, "a, b and 3 more". */
static size_t list(char out[200], tripsage_doc *doc, const char *pointer)
{
    size_t count = tripsage_doc_count(doc, pointer), used = 0;

    out[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        char at[64];
        const char *name;

        snprintf(at, sizeof at, "%s/%zu", pointer, i);
        name = tripsage_doc_text(doc, at);
        if (used > 140) {
            snprintf(out + used, 200 - used, " and %zu more", count - i);
            break;
        }
        used += (size_t)snprintf(out + used, 200 - used, "%s%.60s", i ? ", " : "", name ? name : "?");
    }
    return count;
}

/* Fails when there is something at the pointer. */
static tripsage__verdict expect_none(tripsage__look *look, const char *pointer, const char *passes, const char *fix,
                                     const char *fails)
{
    char names[200];

    if (!look->database)
        return tripsage__skips(look, "the database was not looked at");
    if (strcmp(tripsage_doc_text(look->database, "/engine"), "postgresql") != 0)
        return tripsage__skips(look, "SQLite has no row level security: the library is the only way in");
    if (list(names, look->database, pointer))
        return tripsage__fails(look, fix, "%s: %s", fails, names);
    return tripsage__passes(look, "%s", passes);
}

tripsage__verdict tripsage__check_rls_login(tripsage__look *look)
{
    return expect_none(
        look, "/above_policies", "row level security holds for the login, for users and for strangers",
        "CREATE ROLE tripsage_app LOGIN NOINHERIT PASSWORD '...'; GRANT anon, authenticated, service_role "
        "TO tripsage_app; and serve with that login (docs/postgres.md)",
        "row level security does not hold for");
}

tripsage__verdict tripsage__check_rls_owner(tripsage__look *look)
{
    if (!look->database || strcmp(tripsage_doc_text(look->database, "/engine"), "postgresql") != 0)
        return expect_none(look, "", "", "", "");
    if (tripsage_doc_bool(look->database, "/owns_tables", 0))
        return tripsage__fails(look, "migrate with the owner's login, and serve with one of its own (docs/postgres.md)",
                               "the login %.60s owns the tables, and can take their guards off",
                               tripsage_doc_text(look->database, "/login"));
    return tripsage__passes(look, "the login cannot change the schema");
}

tripsage__verdict tripsage__check_rls_tables(tripsage__look *look)
{
    return expect_none(look, "/unguarded_tables", "row level security is on and forced for every table",
                       "ALTER TABLE ... ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
                       "row level security is off, or not forced, for");
}

tripsage__verdict tripsage__check_rls_policies(tripsage__look *look)
{
    return expect_none(look, "/open_policies", "every policy asks who is there",
                       "DROP POLICY ... ON tripsage....; where it replaced one of ours, " MIGRATE_ANEW,
                       "policies let in whoever comes");
}

tripsage__verdict tripsage__check_rls_grants(tripsage__look *look)
{
    return expect_none(
        look, "/open_grants", "strangers have no rights, and users none that policies do not hold for",
        "REVOKE ALL ON tripsage.... FROM PUBLIC, anon; REVOKE TRUNCATE, REFERENCES, TRIGGER ON tripsage.... FROM "
        "authenticated",
        "there are rights that no policy guards, on");
}

tripsage__verdict tripsage__check_rls_views(tripsage__look *look)
{
    return expect_none(look, "/owner_views", "views show what the one who asks may see",
                       "ALTER VIEW ... SET (security_invoker = true)", "views show what their owner may see");
}

tripsage__verdict tripsage__check_rls_functions(tripsage__look *look)
{
    return expect_none(
        look, "/loose_functions", "functions that look past policies fix their search_path, and are not for strangers",
        "ALTER FUNCTION ... SET search_path = tripsage, pg_temp; REVOKE ALL ON FUNCTION ... FROM PUBLIC, anon",
        "functions look past policies for anybody");
}
