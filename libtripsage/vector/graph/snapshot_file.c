/* snapshot_file.c: a file that is written beside its place, by one at a time, and put there whole.
 *
 * Its name beside the place is always the same, so that what was cut off is written over by the next one rather than left. The lock is the
 * file's own (flock): it ends with the process. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "snapshot_internal.h"

static tripsage_status io_failed(const char *what, const char *path)
{
    int code = errno;
    tripsage_status status = TRIPSAGE_EIO;

    if (code == ENOSPC || code == EDQUOT)
        status = TRIPSAGE_EFULL;
    else if (code == EACCES || code == EROFS || code == EPERM)
        status = TRIPSAGE_EREADONLY;
    return TRIPSAGE_FAIL_NATIVE(status, code, "cannot %s %s: %s", what, path, strerror(code));
}

/* ---- beside its place ---- */

static char *name_beside(const char *path)
{
    size_t size = strlen(path) + sizeof ".new";
    char *beside = tripsage__malloc(size);

    if (beside)
        snprintf(beside, size, "%s.new", path);
    return beside;
}

/* Whether the file that was locked is still the one of that name: whoever had it before may have put it in its place. */
static int is_still_there(int fd, const char *path)
{
    struct stat locked, named;

    return fstat(fd, &locked) == 0 && stat(path, &named) == 0 && locked.st_dev == named.st_dev &&
           locked.st_ino == named.st_ino;
}

static int lock_file(int fd, int waits)
{
    int failed;

    do
        failed = flock(fd, LOCK_EX | (waits ? 0 : LOCK_NB));
    while (failed && errno == EINTR);
    return !failed;
}

tripsage_status tripsage__snapshot_begin(tripsage__snapshot_file *out, const char *path, int waits)
{
    tripsage_status status = TRIPSAGE_OK;
    int is_locked = 0;

    out->path = path;
    out->fd = -1;
    out->beside = name_beside(path);
    if (!out->beside)
        return TRIPSAGE_NOMEM();
    while (status == TRIPSAGE_OK && !is_locked) {
        out->fd = open(out->beside, O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
        if (out->fd < 0)
            status = io_failed("open", out->beside);
        else if (!lock_file(out->fd, waits))
            status = errno == EWOULDBLOCK ? TRIPSAGE_FAIL(TRIPSAGE_EBUSY, "another process is writing %s", path)
                                          : io_failed("lock", out->beside);
        else
            is_locked = is_still_there(out->fd, out->beside);
        if (!is_locked && out->fd >= 0)
            close(out->fd);
    }
    if (status == TRIPSAGE_OK && ftruncate(out->fd, 0) != 0)
        status = io_failed("empty", out->beside);
    if (status != TRIPSAGE_OK) {
        if (is_locked)
            close(out->fd);
        tripsage__free(out->beside);
        out->beside = NULL;
        out->fd = -1;
    }
    return status;
}

void tripsage__snapshot_end(tripsage__snapshot_file *file)
{
    if (file->fd >= 0) {
        unlink(file->beside); /* under the lock, so it is this one */
        close(file->fd);
    }
    tripsage__free(file->beside);
    file->fd = -1;
    file->beside = NULL;
}

/* ---- writing ---- */

/* Linux writes 2 GiB at a time at most. */
#define PIECE ((size_t)1 << 30)

tripsage_status tripsage__snapshot_put(tripsage__snapshot_file *file, uint64_t at, const void *bytes, size_t size)
{
    const unsigned char *from = bytes;

    while (size > 0) {
        ssize_t written = pwrite(file->fd, from, size < PIECE ? size : PIECE, (off_t)at);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return io_failed("write", file->beside);
        from += written;
        at += (uint64_t)written;
        size -= (size_t)written;
    }
    return TRIPSAGE_OK;
}

/* A name is durable once its folder is. */
static tripsage_status sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? tripsage__strndup(path, (size_t)(slash - path) + 1) : tripsage__strdup(".");
    tripsage_status status = TRIPSAGE_OK;
    int fd;

    if (!folder)
        return TRIPSAGE_NOMEM();
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
        status = io_failed("sync", folder);
    if (fd >= 0)
        close(fd);
    tripsage__free(folder);
    return status;
}

tripsage_status tripsage__snapshot_place(tripsage__snapshot_file *file)
{
    if (fsync(file->fd) != 0)
        return io_failed("sync", file->beside);
    if (rename(file->beside, file->path) != 0)
        return io_failed("rename", file->beside);
    close(file->fd);
    file->fd = -1; /* nothing is beside it any more */
    return sync_folder(file->path);
}

/* ---- reading ---- */

tripsage_status tripsage__snapshot_map(tripsage__arena *out, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    tripsage_status status = TRIPSAGE_OK;
    struct stat found;

    memset(out, 0, sizeof *out);
    if (fd < 0)
        return errno == ENOENT ? TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is no %s", path) : io_failed("open", path);
    if (fstat(fd, &found) != 0)
        status = io_failed("look at", path);
    else if (!S_ISREG(found.st_mode) || found.st_size == 0)
        status = TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "%s is no snapshot: it is empty, or no file", path);
    else if (!tripsage__arena_map(out, fd, (size_t)found.st_size))
        status = io_failed("map", path);
    close(fd);
    return status;
}
