/* fixture.h: a store in a folder of its own, and the few statements that the tests of the store run over `meta`. */
#ifndef TRIPSAGE_TESTS_UNIT_STORE_FIXTURE_H
#define TRIPSAGE_TESTS_UNIT_STORE_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../suite.h"
#include "store/store.h"

static const tripsage__statement put = {"put", "INSERT INTO meta (key, value) VALUES ($1, $2)", NULL};
static const tripsage__statement get = {"get", "SELECT value FROM meta WHERE key = $1", NULL};
static const tripsage__statement count_all = {"count_all", "SELECT count(*) FROM meta WHERE key LIKE $1", NULL};

static char folder[64];
static char url[128];

static inline void make_folder(void)
{
    /* In memory where the machine offers it: what is tested here is not the disk, and thousands of stores are opened. */
    snprintf(folder, sizeof folder, "%s/tripsage-store-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(url, sizeof url, "sqlite://%s/t.db", folder);
}

static inline void remove_folder(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static inline const char *path(void)
{
    return url + strlen("sqlite://");
}

static inline tripsage__store *open_store(const char *where)
{
    tripsage__store *store;

    ck_assert_msg(tripsage__store_open(&store, where, NULL) == TRIPSAGE_OK, "%s", tripsage_last_error()->message);
    return store;
}

static inline tripsage_status put_value(tripsage__store *store, const char *key, const void *value, size_t size)
{
    tripsage__value params[] = {tripsage__text(key), tripsage__blob(value, size)};
    const tripsage__step step = {&put, params, 2, NULL, NULL, NULL, NULL};

    return tripsage__store_write(store, NULL, &step, 1);
}

static inline tripsage_status put_key(tripsage__store *store, const char *key)
{
    return put_value(store, key, "0", 1);
}

static inline tripsage_status take_int(void *context, const tripsage__row *row)
{
    *(int64_t *)context = tripsage__row_int(row, 0);
    return TRIPSAGE_OK;
}

static inline int64_t count_keys(tripsage__store *store, const char *like)
{
    int64_t count = -1;
    tripsage__value params[] = {tripsage__text(like)};
    const tripsage__step step = {&count_all, params, 1, NULL, take_int, &count, NULL};

    ck_assert_msg(tripsage__store_read(store, NULL, &step, 1) == TRIPSAGE_OK, "%s", tripsage_last_error()->message);
    return count;
}

#endif
