/* file.c: see file.h. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xxh3.h"

#define PATH_SIZE 4096

static tripsage_status map(tripsage__file *out, int fd, const char *path, size_t max)
{
    struct stat about;
    void *data;

    if (fstat(fd, &about) != 0)
        return TRIPSAGE_FAIL_NATIVE(TRIPSAGE_EIO, errno, "%.160s: %s", path, strerror(errno));
    if (!S_ISREG(about.st_mode))
        return TRIPSAGE_FAIL(TRIPSAGE_EIO, "%.160s: is no file", path);
    if ((uint64_t)about.st_size > max)
        return TRIPSAGE_FAIL(TRIPSAGE_ETOOLARGE, "%.160s: has more than %zu bytes", path, max);
    if (about.st_size == 0)
        return TRIPSAGE_OK;
    data = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED)
        return errno == ENOMEM ? TRIPSAGE_NOMEM()
                               : TRIPSAGE_FAIL_NATIVE(TRIPSAGE_EIO, errno, "%.160s: %s", path, strerror(errno));
    out->data = data;
    out->size = (size_t)about.st_size;
    return TRIPSAGE_OK;
}

tripsage_status tripsage__file_map(tripsage__file *out, const char *path, const char *name, size_t max)
{
    char whole[PATH_SIZE];
    int fd, length = snprintf(whole, sizeof whole, "%s%s%s", path, name ? "/" : "", name ? name : "");
    tripsage_status status;

    out->data = NULL;
    out->size = 0;
    if (length < 0 || (size_t)length >= sizeof whole)
        return TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "a path of more than %d bytes", PATH_SIZE - 1);
    fd = open(whole, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return TRIPSAGE_FAIL_NATIVE(errno == ENOENT || errno == ENOTDIR ? TRIPSAGE_ENOTFOUND : TRIPSAGE_EIO, errno,
                                    "%.160s: %s", whole, strerror(errno));
    status = map(out, fd, whole, max);
    close(fd);
    return status;
}

void tripsage__file_unmap(tripsage__file *file)
{
    if (file->data)
        munmap((void *)(uintptr_t)file->data, file->size);
    file->data = NULL;
    file->size = 0;
}

uint64_t tripsage__file_print(const tripsage__file *file)
{
    enum { PAGES = 256, PAGE = 4096 };
    uint64_t sum[2] = {file->size, 0};

    if (file->size <= (size_t)PAGES * PAGE)
        return file->data ? tripsage__xxh3(file->data, file->size) : 0;
    for (size_t i = 0; i < PAGES; i++) {
        size_t at = (file->size - PAGE) / (PAGES - 1) * i;

        sum[1] = tripsage__xxh3(sum, sizeof sum) ^ tripsage__xxh3(file->data + at, PAGE);
    }
    return tripsage__xxh3(sum, sizeof sum);
}
