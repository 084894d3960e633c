/* store/sqlite/process.c: what only a program that owns its process may ask of SQLite. */
#include <tripsage/runtime.h>

#include "sqlite.h"

tripsage_status tripsage_own_process(void)
{
    if (sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) != SQLITE_OK)
        return TRIPSAGE_FAIL(TRIPSAGE_EMISUSE, "SQLite is in use already; call tripsage_own_process first");
    return TRIPSAGE_OK;
}
