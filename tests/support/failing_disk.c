/* support/failing_disk.c: see failing.h. A VFS that hands every call on to the default one, and counts those that touch the disk. */
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failing.h"

static _Atomic long made, nth_fails;
static _Atomic int armed, for_good, fired, full;

/* Counts one operation; 1 when it is to fail. `grows` says whether a full disk would stop it. */
static int fails(int grows)
{
    long number, point;

    if (!armed || (full && !grows))
        return 0;
    number = ++made;
    point = nth_fails;
    if (point == 0 || (number != point && !(for_good && number > point)))
        return 0;
    fired = 1;
    return 1;
}

static int error_of(int io_error)
{
    return full ? SQLITE_FULL : io_error;
}

/* ---- a file: the real one stands behind ours ---- */

typedef struct layer {
    sqlite3_file base;
    sqlite3_file *real;
} layer;

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((layer *)file)->real;
}

static int file_close(sqlite3_file *file)
{
    sqlite3_file *real = real_of(file);

    return real->pMethods ? real->pMethods->xClose(real) : SQLITE_OK;
}

static int file_read(sqlite3_file *file, void *out, int size, sqlite3_int64 at)
{
    return fails(0) ? SQLITE_IOERR_READ : real_of(file)->pMethods->xRead(real_of(file), out, size, at);
}

static int file_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 at)
{
    return fails(1) ? error_of(SQLITE_IOERR_WRITE) : real_of(file)->pMethods->xWrite(real_of(file), bytes, size, at);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return fails(0) ? SQLITE_IOERR_TRUNCATE : real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int file_sync(sqlite3_file *file, int flags)
{
    return fails(0) ? SQLITE_IOERR_FSYNC : real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return fails(0) ? SQLITE_IOERR_FSTAT : real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int file_lock(sqlite3_file *file, int level)
{
    return fails(0) ? SQLITE_IOERR_LOCK : real_of(file)->pMethods->xLock(real_of(file), level);
}

static int file_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int file_reserved(sqlite3_file *file, int *out)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}

static int file_control(sqlite3_file *file, int operation, void *argument)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}

static int file_sector(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int file_features(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int file_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
    if (fails(extend)) {
        *out = NULL;
        return error_of(SQLITE_IOERR_SHMMAP);
    }
    return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, out);
}

static int file_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    if (!(flags & SQLITE_SHM_UNLOCK) && fails(0))
        return SQLITE_IOERR_SHMLOCK;
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void file_shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int file_shm_unmap(sqlite3_file *file, int remove)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

/* Version 2: without memory mapping, so that every read is seen here. */
static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_features,
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier,
    .xShmUnmap = file_shm_unmap,
};

/* ---- the VFS ---- */

static sqlite3_vfs *below;
static sqlite3_vfs failing;

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
    layer *self = (layer *)file;
    int code;

    (void)vfs;
    self->base.pMethods = NULL;
    self->real = (sqlite3_file *)(self + 1);
    memset(self->real, 0, (size_t)below->szOsFile);
    if (fails((flags & SQLITE_OPEN_CREATE) != 0))
        return full ? SQLITE_FULL : SQLITE_CANTOPEN;
    code = below->xOpen(below, name, self->real, flags, out_flags);
    if (self->real->pMethods)
        self->base.pMethods = &methods;
    return code;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    (void)vfs;
    return fails(0) ? SQLITE_IOERR_DELETE : below->xDelete(below, name, sync);
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    (void)vfs;
    return fails(0) ? SQLITE_IOERR_ACCESS : below->xAccess(below, name, flags, out);
}

static int vfs_full_pathname(sqlite3_vfs *vfs, const char *name, int room, char *out)
{
    (void)vfs;
    return below->xFullPathname(below, name, room, out);
}

void test_disk_install(void)
{
    below = sqlite3_vfs_find(NULL);
    if (!below) {
        fprintf(stderr, "SQLite has no VFS\n");
        exit(EXIT_FAILURE);
    }
    failing = *below;
    failing.pNext = NULL;
    failing.zName = "failing";
    failing.szOsFile = (int)sizeof(layer) + below->szOsFile;
    failing.xOpen = vfs_open;
    failing.xDelete = vfs_delete;
    failing.xAccess = vfs_access;
    failing.xFullPathname = vfs_full_pathname;
    sqlite3_vfs_register(&failing, 1);
}

void test_disk_arm(long nth, test_fault_mode mode, test_disk_fault fault)
{
    made = 0;
    fired = 0;
    nth_fails = nth;
    for_good = mode == TEST_FAIL_FOR_GOOD;
    full = fault == TEST_DISK_FULL;
    armed = 1;
}

long test_disk_disarm(void)
{
    armed = 0;
    return made;
}

int test_disk_fired(void)
{
    return fired;
}
