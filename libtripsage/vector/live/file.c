/* file.c: the snapshot of an index beside the database, and the database's record of it.
 *
 * A snapshot has a number at random, which is committed before the file is put in its place, together with the number of the last change
 * that it holds. So a database that knows the number has all these changes, in this order: also one that came back from a backup. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "live_internal.h"
#include "vector/graph/snapshot.h"

const tripsage__statement tripsage__live_sql_snapshots = {
    "vector_snapshots", "SELECT s.token, s.change FROM vector_snapshot s WHERE s.collection_id = $1", ""};
const tripsage__statement tripsage__live_sql_snapshot_put = {
    "vector_snapshot_put",
    "INSERT INTO vector_snapshot (collection_id, token, change) SELECT c.id, $2, $3 FROM vector_collection c WHERE "
    "c.id "
    "= $1",
    ""};
const tripsage__statement tripsage__live_sql_snapshot_forget = {
    "vector_snapshot_forget", "DELETE FROM vector_snapshot WHERE collection_id = $1 AND token <> $2", ""};
const tripsage__statement tripsage__live_sql_ids = {"vector_collection_ids", "SELECT c.id FROM vector_collection c",
                                                    ""};

static const char suffix[] = "-vector-";

static char *path_of(const tripsage__live_set *set, int64_t id)
{
    tripsage__buf path = TRIPSAGE__BUF_INIT(65536); /* longer than a path can be */

    tripsage__buf_printf(&path, "%s%s%lld", set->place, suffix, (long long)id);
    if (path.failed)
        tripsage__buf_free(&path);
    return tripsage__buf_take(&path, NULL);
}

/* ---- what the database knows ---- */

/* 8: one is there, and another where a save was cut off; each that follows clears them away. */
#define KNOWN_MAX 8

typedef struct known {
    struct {
        unsigned char token[TRIPSAGE__SNAPSHOT_TAG];
        int64_t change;
    } all[KNOWN_MAX];
    size_t count;
    int64_t newest;
} known;

static void forget_known(void *context)
{
    known *k = context;

    k->count = 0;
    k->newest = -1;
}

static tripsage_status take_known(void *context, const tripsage__row *row)
{
    known *k = context;
    size_t size;
    const void *token = tripsage__row_blob(row, 0, &size);

    if (k->count == KNOWN_MAX || size != TRIPSAGE__SNAPSHOT_TAG)
        return TRIPSAGE_OK;
    memcpy(k->all[k->count].token, token, TRIPSAGE__SNAPSHOT_TAG);
    k->all[k->count].change = tripsage__row_int(row, 1);
    if (k->all[k->count].change > k->newest)
        k->newest = k->all[k->count].change;
    k->count++;
    return TRIPSAGE_OK;
}

static tripsage_status read_known(known *out, const tripsage__live_set *set, int64_t id)
{
    const tripsage__value param = tripsage__int(id);
    const tripsage__step step = {&tripsage__live_sql_snapshots, &param, 1, forget_known, take_known, out, NULL};

    return tripsage__store_read(set->store, NULL, &step, 1);
}

static int is_known(const known *k, const unsigned char token[TRIPSAGE__SNAPSHOT_TAG], uint64_t change)
{
    for (size_t i = 0; i < k->count; i++)
        if (memcmp(k->all[i].token, token, TRIPSAGE__SNAPSHOT_TAG) == 0 && (uint64_t)k->all[i].change == change)
            return 1;
    return 0;
}

/* ---- opening ---- */

/* Whether it is an index of this collection. */
static tripsage_status check_shape(const tripsage_index_stats *stats, const tripsage__collection *collection)
{
    if (stats->dimensions != collection->dimensions || stats->metric != collection->metric)
        return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "the snapshot has %u dimensions and metric %d", stats->dimensions,
                             (int)stats->metric);
    return TRIPSAGE_OK;
}

static tripsage_status open_file(tripsage__live_set *set, live *l, const known *k, const char *path)
{
    unsigned char token[TRIPSAGE__SNAPSHOT_TAG];
    tripsage_index *index = NULL;
    tripsage_index_stats stats;
    held *fresh;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__snapshot_open(&index, token, path, NULL));
    tripsage_index_get_stats(&stats, index);
    if (!is_known(k, token, stats.mark)) {
        status =
            TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "the snapshot is of another database, or of another state of this one");
        goto out;
    }
    TRIPSAGE_TRY(check_shape(&stats, &l->collection));
    fresh = tripsage__held_new(index, (int64_t)stats.mark);
    index = NULL;
    if (!fresh) {
        status = TRIPSAGE_NOMEM();
        goto out;
    }
    tripsage__live_adopt(set, l, fresh, 1, (int64_t)stats.mark);
out:
    tripsage_index_free(index);
    return status;
}

tripsage_status tripsage__live_open(tripsage__live_set *set, live *l, int64_t after)
{
    known k;
    char *path = NULL;
    tripsage_status status;

    TRIPSAGE_TRY(read_known(&k, set, l->id));
    l->known = k.newest;
    if (!*set->place || k.newest <= after)
        return TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is no snapshot");
    path = path_of(set, l->id);
    if (!path)
        return TRIPSAGE_NOMEM();
    status = open_file(set, l, &k, path);
    if (status == TRIPSAGE_ENOTFOUND) /* somebody removed it; it was there */
        status = TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "the snapshot is gone");
out:
    tripsage__free(path);
    return status;
}

/* ---- saving ---- */

static tripsage_status record(tripsage__live_set *set, live *l, const unsigned char token[TRIPSAGE__SNAPSHOT_TAG],
                              int64_t change)
{
    const tripsage__value params[] = {tripsage__int(l->id), tripsage__blob(token, TRIPSAGE__SNAPSHOT_TAG),
                                      tripsage__int(change)};
    int64_t changes = 0;
    const tripsage__step step = {&tripsage__live_sql_snapshot_put, params, 3, NULL, NULL, NULL, &changes};
    tripsage_status status = tripsage__store_write(set->store, NULL, &step, 1);

    if (status == TRIPSAGE_OK && changes == 0)
        status = TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "the collection is gone");
    return status;
}

static tripsage_status forget_others(tripsage__live_set *set, live *l,
                                     const unsigned char token[TRIPSAGE__SNAPSHOT_TAG])
{
    const tripsage__value params[] = {tripsage__int(l->id), tripsage__blob(token, TRIPSAGE__SNAPSHOT_TAG)};
    const tripsage__step step = {&tripsage__live_sql_snapshot_forget, params, 2, NULL, NULL, NULL, NULL};

    return tripsage__store_write(set->store, NULL, &step, 1);
}

/* Under the file's lock. */
static tripsage_status save_locked(tripsage__live_set *set, live *l, tripsage__snapshot_file *file)
{
    unsigned char token[TRIPSAGE__SNAPSHOT_TAG];
    int64_t applied = atomic_load(&l->held->applied);
    known k;
    tripsage_status status;

    TRIPSAGE_TRY(read_known(&k, set, l->id));
    if (k.newest > l->known && k.newest >= applied) { /* another process has, since */
        l->saved = l->known = k.newest;
        return TRIPSAGE_OK;
    }
    TRIPSAGE_TRY(tripsage__random(set->env, token, sizeof token));
    TRIPSAGE_TRY(record(set, l, token, applied));
    TRIPSAGE_TRY(tripsage__snapshot_write(file, l->held->index, (uint64_t)applied, token));
    l->saved = l->known = applied;
    status = forget_others(set, l, token);
out:
    return status;
}

tripsage_status tripsage__live_save(tripsage__live_set *set, live *l)
{
    tripsage__snapshot_file file;
    char *path = path_of(set, l->id);
    tripsage_status status;

    if (!path)
        return TRIPSAGE_NOMEM();
    status = tripsage__snapshot_begin(&file, path, 0);
    if (status == TRIPSAGE_OK) {
        status = save_locked(set, l, &file);
        tripsage__snapshot_end(&file);
    }
    tripsage__free(path);
    return status;
}

/* ---- clearing away ---- */

void tripsage__live_remove(const tripsage__live_set *set, int64_t collection_id)
{
    char *path = *set->place ? path_of(set, collection_id) : NULL;

    if (path)
        unlink(path); /* there may be none; one that stays is swept later */
    tripsage__free(path);
}

typedef struct id_list {
    int64_t *all;
    size_t count, capacity;
} id_list;

static tripsage_status add_id(id_list *list, int64_t id)
{
    if (list->count == list->capacity) {
        size_t wanted = list->capacity ? 2 * list->capacity : 16;
        int64_t *grown = tripsage__realloc(list->all, wanted * sizeof *grown);

        if (!grown)
            return TRIPSAGE_NOMEM();
        list->all = grown;
        list->capacity = wanted;
    }
    list->all[list->count++] = id;
    return TRIPSAGE_OK;
}

/* The collection whose snapshot has this name; 0: it is no snapshot of this database's. */
static int64_t id_in_name(const char *name, const char *base)
{
    size_t length = strlen(base);
    const char *digits = name + length + sizeof suffix - 1;

    if (strncmp(name, base, length) != 0 || strncmp(name + length, suffix, sizeof suffix - 1) != 0 || !*digits ||
        strlen(digits) > 18 || strspn(digits, "0123456789") != strlen(digits))
        return 0;
    return (int64_t)strtoll(digits, NULL, 10);
}

/* Collections that have a file. */
static tripsage_status list_files(id_list *list, const char *folder, const char *base)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    tripsage_status status = TRIPSAGE_OK;

    if (!dir)
        return TRIPSAGE_FAIL_NATIVE(TRIPSAGE_EIO, errno, "cannot list %s: %s", folder, strerror(errno));
    while (status == TRIPSAGE_OK && (entry = readdir(dir)) != NULL)
        if (id_in_name(entry->d_name, base) > 0)
            status = add_id(list, id_in_name(entry->d_name, base));
    closedir(dir);
    return status;
}

static tripsage_status take_id(void *context, const tripsage__row *row)
{
    id_list *list = context;
    int64_t id = tripsage__row_int(row, 0);

    for (size_t i = 0; i < list->count; i++)
        if (list->all[i] == id)
            list->all[i--] = list->all[--list->count];
    return TRIPSAGE_OK;
}

/* A file is made after its collection was committed: what the database does not know after the look at the folder is gone. */
tripsage_status tripsage__live_sweep(tripsage__live_set *set)
{
    id_list list = {NULL, 0, 0};
    const tripsage__step step = {&tripsage__live_sql_ids, NULL, 0, NULL, take_id, &list, NULL};
    const char *slash = strrchr(set->place, '/');
    char *folder = NULL;
    tripsage_status status;

    if (!slash) /* in memory */
        return TRIPSAGE_OK;
    folder = tripsage__strndup(set->place, (size_t)(slash - set->place) + 1);
    if (!folder)
        return TRIPSAGE_NOMEM();
    TRIPSAGE_TRY(list_files(&list, folder, slash + 1));
    TRIPSAGE_TRY(tripsage__store_read(set->store, NULL, &step, 1));
    for (size_t i = 0; i < list.count; i++)
        tripsage__live_remove(set, list.all[i]);
out:
    tripsage__free(folder);
    tripsage__free(list.all);
    return status;
}
