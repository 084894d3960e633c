/* support/migrated.c: see migrated.h. */
#include "migrated.h"

#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "json.h"
#include "temp.h"

static unsigned char *image;
static size_t image_size;

static void do_sql(sqlite3 *db, const char *sql)
{
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(db));
}

/* Each test's secrets come out of its own chance, as in a fresh file. A database in memory has no log beside it. */
static void take_secrets_out(const char *path)
{
    sqlite3 *db;

    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    do_sql(db, "DELETE FROM meta WHERE key <> 'destinations'");
    do_sql(db, "DELETE FROM signing_key");
    do_sql(db, "PRAGMA journal_mode = DELETE");
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

static void read_image(const char *path)
{
    FILE *file = fopen(path, "rb");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    image_size = (size_t)ftell(file);
    rewind(file);
    image = malloc(image_size);
    ck_assert_ptr_nonnull(image);
    ck_assert_uint_eq(fread(image, 1, image_size, file), image_size);
    fclose(file);
}

void test_migrated_make(void (*migrate)(const char *url))
{
    char folder[TEST_PATH_SIZE], path[TEST_PATH_SIZE];

    test_temp_make(folder);
    test_path_join(path, folder, "migrated.db");
    migrate(test_format("sqlite://%s", path));
    take_secrets_out(path);
    read_image(path);
    test_temp_remove(folder);
}

int test_migrated_is_made(void)
{
    return image != NULL;
}

void test_migrated_write(const char *path)
{
    FILE *file = image ? fopen(path, "wbx") : NULL;

    if (!image)
        return;
    ck_assert_msg(file != NULL, "cannot make %s", path);
    ck_assert_int_eq(fchmod(fileno(file), S_IRUSR | S_IWUSR), 0); /* as the library makes one */
    ck_assert_uint_eq(fwrite(image, 1, image_size, file), image_size);
    ck_assert_int_eq(fclose(file), 0);
}

static int filling; /* the connection that is read is one, too */

/* Called by SQLite for each connection that has just been opened. */
static int fill(sqlite3 *db, char **error, const void *api)
{
    const char *name = sqlite3_db_filename(db, "main");
    sqlite3_backup *copying;
    sqlite3 *from;

    (void)error;
    (void)api;
    if (filling || (name && *name))
        return SQLITE_OK;
    filling = 1;
    ck_assert_int_eq(sqlite3_open(":memory:", &from), SQLITE_OK);
    filling = 0;
    ck_assert_int_eq(sqlite3_deserialize(from, "main", image, (sqlite3_int64)image_size, (sqlite3_int64)image_size,
                                         SQLITE_DESERIALIZE_READONLY),
                     SQLITE_OK);
    copying = sqlite3_backup_init(db, "main", from, "main");
    ck_assert_ptr_nonnull(copying);
    ck_assert_int_eq(sqlite3_backup_step(copying, -1), SQLITE_DONE);
    ck_assert_int_eq(sqlite3_backup_finish(copying), SQLITE_OK);
    ck_assert_int_eq(sqlite3_close(from), SQLITE_OK);
    return SQLITE_OK;
}

void test_migrated_in_memory(int on)
{
    if (!image)
        return;
    if (on)
        ck_assert_int_eq(sqlite3_auto_extension((void (*)(void))fill), SQLITE_OK);
    else
        sqlite3_cancel_auto_extension((void (*)(void))fill);
}
