/* store/backup.c: see backup.h. Invariants:
 *   1. A data file is complete, verified and on the disk before its manifest gets its name; what is removed loses its manifest first. So at
 *      any moment every manifest there is belongs to a whole backup.
 *   2. Nothing of a backup is used before all of its bytes have been read and had the manifest's checksum.
 *   3. What a call that was cut off left behind is named .partial or .trial, and goes with the next backup of the same database. */
#include "backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <tripsage/maintenance.h>
#include <unistd.h>

#include "base/calendar.h"
#include "base/memory.h"
#include "driver.h"

/* 1 MiB: what is read and written at once. */
#define PIECE ((size_t)1024 * 1024)
/* 4 KiB; a manifest has some 400 bytes. */
#define MANIFEST_MAX 4096
/* A day: longer than any backup takes. What is older and has no manifest was left behind. */
#define LEFT_BEHIND_S 86400

/* The longest rest: what is slower than that is slow for another reason. */
#define REST_MAX_US 50000
/* A second without a commit: nobody is kept waiting. */
#define QUIET_US 1000000
/* 8 MiB: what is given back at once; it takes a millisecond or two. */
#define CUT ((off_t)8 * 1024 * 1024)

static tripsage_status failed(const char *doing, const char *path)
{
    tripsage_status status = TRIPSAGE_EIO;

    if (errno == ENOENT || errno == ENOTDIR)
        status = TRIPSAGE_ENOTFOUND;
    else if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)
        status = TRIPSAGE_EFULL;
    else if (errno == EACCES || errno == EPERM || errno == EROFS)
        status = TRIPSAGE_EREADONLY;
    return TRIPSAGE_FAIL_NATIVE(status, errno, "cannot %s %s: %s", doing, path, strerror(errno));
}

/* A path made of parts; NULL without memory. */
static char *path_of(const char *folder, const char *name, const char *suffix)
{
    tripsage__buf path = TRIPSAGE__BUF_INIT(65536); /* longer than a path can be */

    tripsage__buf_printf(&path, "%s%s%s%s", folder, *folder ? "/" : "", name, suffix);
    if (path.failed)
        tripsage__buf_free(&path);
    return tripsage__buf_take(&path, NULL);
}

/* Whether others write: they do until the log has been as it is for a while. */
static int others_write(tripsage__backup_pace *pace)
{
    int64_t now = tripsage__monotonic_us(), changed = 0;
    struct stat found;

    if (!pace->log)
        return 1;
    if (stat(pace->log, &found) == 0)
        changed = (int64_t)found.st_mtim.tv_sec * 1000000000 + found.st_mtim.tv_nsec;
    if (changed != pace->changed || pace->seen_us == 0) {
        pace->changed = changed;
        pace->seen_us = now;
    }
    return now - pace->seen_us < QUIET_US;
}

void tripsage__backup_rest(const tripsage__backup_job *job, int64_t began_us)
{
    int64_t worked = tripsage__monotonic_us() - began_us;
    struct timespec pause = {0, 0};

    if (!job->pace || worked <= 0 || !others_write(job->pace))
        return;
    pause.tv_nsec = (worked < REST_MAX_US ? worked : REST_MAX_US) * 1000L;
    while (nanosleep(&pause, &pause) == -1 && errno == EINTR)
        ;
}

/* ---- files ---- */

tripsage_status tripsage__backup_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    tripsage_status status = TRIPSAGE_OK;

    if (fd < 0)
        return failed("open", path);
    if (fsync(fd) != 0)
        status = failed("write", path);
    close(fd);
    return status;
}

tripsage_status tripsage__backup_reserve(int fd, int64_t size)
{
    int code;

    do
        code = size > 0 ? fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)size) : 0;
    while (code != 0 && errno == EINTR);
    if (code != 0 && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
        return failed("write", "the copy");
    return TRIPSAGE_OK; /* not every file system can, and none has to */
}

tripsage_status tripsage__backup_flush(int fd)
{
    const unsigned all = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;

    if (sync_file_range(fd, 0, 0, all) == 0)
        return TRIPSAGE_OK;
    if ((errno == ENOSYS || errno == EINVAL || errno == ESPIPE) && fdatasync(fd) == 0)
        return TRIPSAGE_OK;
    return failed("write", "the copy");
}

void tripsage__backup_forget(int fd, int64_t from, int64_t size)
{
    (void)posix_fadvise(fd, (off_t)from, (off_t)size, POSIX_FADV_DONTNEED); /* advice */
}

static void shorten(const tripsage__backup_job *job, const char *path)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat found;

    if (fd >= 0 && fstat(fd, &found) == 0 && S_ISREG(found.st_mode) && found.st_nlink == 1) {
        for (off_t size = found.st_size; size > CUT;) {
            int64_t began = tripsage__monotonic_us();

            size -= CUT;
            if (ftruncate(fd, size) != 0)
                break; /* then all at once */
            tripsage__backup_rest(job, began);
        }
    }
    if (fd >= 0)
        close(fd);
}

int tripsage__backup_unlink(const tripsage__backup_job *job, const char *path)
{
    if (job->pace)
        shorten(job, path);
    return unlink(path);
}

static tripsage_status write_all(int fd, const char *bytes, size_t size)
{
    while (size) {
        ssize_t wrote = write(fd, bytes, size);

        if (wrote < 0 && errno != EINTR)
            return failed("write", "the copy");
        if (wrote > 0) {
            bytes += wrote;
            size -= (size_t)wrote;
        }
    }
    return TRIPSAGE_OK;
}

/* Reads all of a file, into `to` as well unless that is -1; gives its length and digest. */
static tripsage_status pump(const tripsage__backup_job *job, const char *path, int64_t total, int to, const char *phase,
                            int64_t *bytes, unsigned char digest[TRIPSAGE__SHA256_SIZE])
{
    tripsage__digest *sum = NULL;
    char *piece = tripsage__malloc(PIECE);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got;
    tripsage_status status = TRIPSAGE_OK;

    *bytes = 0;
    if (!piece || fd < 0) {
        status = piece ? failed("open", path) : TRIPSAGE_NOMEM();
        goto out;
    }
    TRIPSAGE_TRY(tripsage__digest_new(&sum));
    if (to >= 0)
        TRIPSAGE_TRY(tripsage__backup_reserve(to, total));
    do {
        int64_t began = tripsage__monotonic_us();

        got = read(fd, piece, PIECE);
        if (got < 0 && errno != EINTR) {
            status = failed("read", path);
            goto out;
        }
        if (got > 0) {
            TRIPSAGE_TRY(tripsage__digest_add(sum, piece, (size_t)got));
            if (to >= 0) {
                TRIPSAGE_TRY(write_all(to, piece, (size_t)got));
                TRIPSAGE_TRY(tripsage__backup_flush(to));
                tripsage__backup_forget(fd, *bytes, got); /* it is the last time that it is read */
            }
            *bytes += got;
            tripsage__backup_tell(job, phase, *bytes, total);
            tripsage__backup_rest(job, began);
        }
    } while (got != 0);
    status = tripsage__digest_end(digest, sum);
out:
    tripsage__digest_free(sum);
    if (fd >= 0)
        close(fd);
    tripsage__free(piece);
    return status;
}

tripsage_status tripsage__backup_copy(const tripsage__backup_job *job, const tripsage__manifest *manifest,
                                      const char *from, int to, const char *phase)
{
    unsigned char digest[TRIPSAGE__SHA256_SIZE];
    char sha256[2 * TRIPSAGE__SHA256_SIZE + 1];
    int64_t bytes;
    tripsage_status status;

    TRIPSAGE_TRY(pump(job, from, manifest->bytes, to, phase, &bytes, digest));
    tripsage__hex(sha256, digest, sizeof digest);
    if (bytes != manifest->bytes)
        return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "the backup is %s: it has %lld bytes, and its manifest says %lld",
                             bytes < manifest->bytes ? "cut off" : "altered", (long long)bytes,
                             (long long)manifest->bytes);
    if (strcmp(sha256, manifest->sha256) != 0)
        return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "the backup was altered: its checksum is not the one of its manifest");
out:
    return status;
}

/* ---- manifests ---- */

#define SEAL ",\"seal\":\""

/* Ends with a checksum over what stands before it, so that no byte of it can change unseen either. */
static tripsage_status put_manifest(tripsage__buf *out, const tripsage__manifest *m)
{
    unsigned char digest[TRIPSAGE__SHA256_SIZE];
    char seal[2 * TRIPSAGE__SHA256_SIZE + 1];
    tripsage_status status;

    tripsage__buf_printf(
        out, "{\"format\":1,\"engine\":\"%s\",\"schema\":%lld,\"bytes\":%lld,\"sha256\":\"%s\",\"made_at\":", m->engine,
        (long long)m->schema, (long long)m->bytes, m->sha256);
    tripsage__json_put_instant(out, m->made_at);
    tripsage__buf_printf(out, ",\"library\":\"%s\"", TRIPSAGE_VERSION);
    TRIPSAGE_TRY(tripsage__buf_status(out));
    TRIPSAGE_TRY(tripsage__sha256(digest, out->data, out->size));
    tripsage__hex(seal, digest, sizeof digest);
    tripsage__buf_printf(out, SEAL "%s\"}\n", seal);
    status = tripsage__buf_status(out);
out:
    return status;
}

static tripsage_status check_seal(const char *text, size_t size, const char *path)
{
    static const char end[] = "\"}\n";
    unsigned char digest[TRIPSAGE__SHA256_SIZE];
    char seal[2 * TRIPSAGE__SHA256_SIZE + 1];
    size_t tail = sizeof SEAL - 1 + 2 * (size_t)TRIPSAGE__SHA256_SIZE + sizeof end - 1;
    const char *at = size > tail ? text + size - tail : NULL;
    tripsage_status status = tripsage__sha256(digest, text, at ? (size_t)(at - text) : 0);

    if (status != TRIPSAGE_OK)
        return status;
    tripsage__hex(seal, digest, sizeof digest);
    if (!at || memcmp(at, SEAL, sizeof SEAL - 1) != 0 || memcmp(at + sizeof SEAL - 1, seal, sizeof seal - 1) != 0 ||
        memcmp(text + size - (sizeof end - 1), end, sizeof end - 1) != 0)
        return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "%s was cut off or altered, or is no manifest of a backup", path);
    return TRIPSAGE_OK;
}

static tripsage_status take_manifest(tripsage__manifest *out, const char *text, size_t size, const char *path)
{
    tripsage__json *json = NULL;
    const char *engine, *sha256, *made_at;
    tripsage_status status;

    TRIPSAGE_TRY(check_seal(text, size, path));
    TRIPSAGE_TRY(tripsage__json_parse(&json, text, size));
    if (tripsage__json_number(tripsage__json_member(json, "format")) != 1) {
        status = TRIPSAGE_FAIL(TRIPSAGE_EMIGRATION, "%s is of a newer library: use a newer one", path);
        goto out;
    }
    engine = tripsage__json_text(tripsage__json_member(json, "engine"));
    sha256 = tripsage__json_text(tripsage__json_member(json, "sha256"));
    made_at = tripsage__json_text(tripsage__json_member(json, "made_at"));
    snprintf(out->engine, sizeof out->engine, "%s", engine ? engine : "");
    snprintf(out->sha256, sizeof out->sha256, "%s", sha256 ? sha256 : "");
    out->schema = (int64_t)tripsage__json_number(tripsage__json_member(json, "schema"));
    out->bytes = (int64_t)tripsage__json_number(tripsage__json_member(json, "bytes"));
    if (!made_at || !tripsage__instant_parse(made_at, &out->made_at))
        out->made_at = 0;
out:
    tripsage__json_free(json);
    return status;
}

static tripsage_status read_manifest(tripsage__manifest *out, const char *file)
{
    char text[MANIFEST_MAX], *path = path_of("", file, ".json");
    FILE *in = path ? fopen(path, "re") : NULL;
    size_t size;
    tripsage_status status;

    if (!path)
        return TRIPSAGE_NOMEM();
    if (!in && errno == ENOENT && access(file, F_OK) != 0) {
        status = TRIPSAGE_FAIL_NATIVE(TRIPSAGE_ENOTFOUND, ENOENT, "there is no file %s", file);
    } else if (!in && errno == ENOENT) {
        status = TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND,
                               "%s has no manifest beside it (%s): it is no backup, or not a whole one", file, path);
    } else if (!in) {
        status = failed("open", path);
    } else {
        size = fread(text, 1, sizeof text, in);
        fclose(in);
        status = take_manifest(out, text, size, path);
    }
    tripsage__free(path);
    return status;
}

static tripsage_status write_manifest(const tripsage__manifest *m, const char *file)
{
    tripsage__buf text = TRIPSAGE__BUF_INIT(MANIFEST_MAX);
    char *path = path_of("", file, ".json"), *partial = path_of("", file, ".json.partial");
    int fd = -1;
    tripsage_status status;

    if (!path || !partial) {
        status = TRIPSAGE_NOMEM();
        goto out;
    }
    TRIPSAGE_TRY(put_manifest(&text, m));
    fd = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0) {
        status = failed("make", partial);
        goto out;
    }
    TRIPSAGE_TRY(write_all(fd, text.data, text.size));
    if (fsync(fd) != 0 || rename(partial, path) != 0)
        status = failed("write", path);
out:
    if (fd >= 0)
        close(fd);
    if (status != TRIPSAGE_OK && partial)
        unlink(partial);
    tripsage__buf_free(&text);
    tripsage__free(path);
    tripsage__free(partial);
    return status;
}

/* ---- a job ---- */

static tripsage_status start(tripsage__backup_job *job, const tripsage__driver **driver,
                             const tripsage__backup_request *request)
{
    memset(job, 0, sizeof *job);
    job->url = request->url;
    job->busy_timeout_ms = request->busy_timeout_ms;
    job->progress = request->progress;
    job->context = request->context;
    if (driver) {
        tripsage_status status = tripsage__driver_of(driver, request->url);

        if (status != TRIPSAGE_OK)
            return status;
    }
    return tripsage__env_new(&job->env, request->runtime);
}

/* Restores it for a try. */
static tripsage_status try_out(const tripsage__backup_job *job, const tripsage__driver *driver, const char *file,
                               const tripsage__manifest *manifest)
{
    tripsage__backup_job trial = *job;

    trial.trial = 1;
    return driver->load(&trial, file, manifest, NULL);
}

/* ---- how many are kept ---- */

/* "20261102T093000123Z" and its NUL: sorts as it was made. */
#define STAMP_SIZE 20

static void stamp(char out[STAMP_SIZE], int64_t ms)
{
    char text[TRIPSAGE__INSTANT_SIZE];
    size_t size = 0;

    tripsage__instant_format(ms, text); /* 2026-11-02T09:30:00.123Z */
    for (const char *c = text; *c && size < STAMP_SIZE - 1; c++)
        if (*c != '-' && *c != ':' && *c != '.')
            out[size++] = *c;
    out[size] = '\0';
}

/* Whether a file's name is NAME-STAMP.SUFFIX with `end` behind it. */
static int is_ours(const char *name, const char *base, const char *suffix, const char *end)
{
    size_t length = strlen(base), stamp_length;

    if (strncmp(name, base, length) != 0 || name[length] != '-')
        return 0;
    name += length + 1;
    stamp_length = strspn(name, "0123456789TZ");
    return stamp_length == STAMP_SIZE - 1 && name[stamp_length] == '.' &&
           strncmp(name + stamp_length + 1, suffix, strlen(suffix)) == 0 &&
           strcmp(name + stamp_length + 1 + strlen(suffix), end) == 0;
}

static int newest_first(const void *a, const void *b)
{
    return strcmp(*(char *const *)b, *(char *const *)a);
}

typedef struct listing {
    char **names; /* without ".json" */
    size_t count, capacity;
} listing;

static tripsage_status add_name(listing *list, const char *name, size_t length)
{
    if (list->count == list->capacity) {
        size_t wanted = list->capacity ? 2 * list->capacity : 16;
        char **grown = tripsage__realloc(list->names, wanted * sizeof *grown);

        if (!grown)
            return TRIPSAGE_NOMEM();
        list->names = grown;
        list->capacity = wanted;
    }
    list->names[list->count] = tripsage__strndup(name, length);
    return list->names[list->count] && ++list->count ? TRIPSAGE_OK : TRIPSAGE_NOMEM();
}

/* What cannot be removed now is left for the next backup. */
static void remove_left(const tripsage__backup_job *job, const char *folder, const char *name)
{
    char *path = path_of(folder, name, "");

    if (path)
        tripsage__backup_unlink(job, path);
    tripsage__free(path);
}

/* The complete backups in the folder; what was left behind goes. */
static tripsage_status list_backups(const tripsage__backup_job *job, listing *list, const char *folder,
                                    const char *base, const char *suffix, int64_t now)
{
    static const char *const left[] = {".partial",           ".json.partial",     ".trial",
                                       ".trial-wal",         ".trial-shm",        ".partial.trial",
                                       ".partial.trial-wal", ".partial.trial-shm"};
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    tripsage_status status = TRIPSAGE_OK;

    if (!dir)
        return failed("list", folder);
    while (status == TRIPSAGE_OK && (entry = readdir(dir)) != NULL) {
        struct stat found;

        if (is_ours(entry->d_name, base, suffix, ".json"))
            status = add_name(list, entry->d_name, strlen(entry->d_name) - strlen(".json"));
        for (size_t i = 0; i < sizeof left / sizeof left[0]; i++)
            if (is_ours(entry->d_name, base, suffix, left[i]) &&
                fstatat(dirfd(dir), entry->d_name, &found, AT_SYMLINK_NOFOLLOW) == 0 &&
                (int64_t)found.st_mtime < now / 1000 - LEFT_BEHIND_S)
                remove_left(job, folder, entry->d_name);
    }
    closedir(dir);
    return status;
}

static tripsage_status remove_backup(const tripsage__backup_job *job, tripsage__buf *json, const char *folder,
                                     const char *name)
{
    char *file = path_of(folder, name, ""), *manifest = path_of(folder, name, ".json");
    tripsage_status status = TRIPSAGE_OK;

    if (!file || !manifest)
        status = TRIPSAGE_NOMEM();
    else if (unlink(manifest) != 0 || (tripsage__backup_unlink(job, file) != 0 && errno != ENOENT))
        status = failed("remove", file);
    if (status == TRIPSAGE_OK) {
        tripsage__buf_puts(json, json->size ? "," : "");
        tripsage__json_put_string(json, file);
    }
    tripsage__free(file);
    tripsage__free(manifest);
    return status;
}

/* Removes all but as many as are to be kept. */
static tripsage_status retain(const tripsage__backup_job *job, tripsage__buf *removed, const char *base,
                              const char *suffix, const tripsage__backup_request *request, int64_t now)
{
    listing list = {NULL, 0, 0};
    tripsage_status status = list_backups(job, &list, request->folder, base, suffix, now);

    if (status == TRIPSAGE_OK && list.count)
        qsort(list.names, list.count, sizeof *list.names, newest_first);
    for (size_t i = request->keep; request->keep && i < list.count && status == TRIPSAGE_OK; i++)
        status = remove_backup(job, removed, request->folder, list.names[i]);
    for (size_t i = 0; i < list.count; i++)
        tripsage__free(list.names[i]);
    tripsage__free(list.names);
    return status;
}

/* ---- backing up ---- */

/* The paths of one backup. */
typedef struct paths {
    char *file, *partial, *damaged;
} paths;

static tripsage_status make_paths(paths *p, const char *folder, const char *base, const char *suffix, int64_t now)
{
    tripsage__buf name = TRIPSAGE__BUF_INIT(65536);
    char text[STAMP_SIZE];
    tripsage_status status;

    stamp(text, now);
    tripsage__buf_printf(&name, "%s-%s.%s", base, text, suffix);
    status = tripsage__buf_status(&name);
    if (status == TRIPSAGE_OK) {
        p->file = path_of(folder, name.data, "");
        p->partial = path_of(folder, name.data, ".partial");
        p->damaged = path_of(folder, name.data, ".damaged");
        if (!p->file || !p->partial || !p->damaged)
            status = TRIPSAGE_NOMEM();
    }
    tripsage__buf_free(&name);
    return status;
}

static tripsage_status make_partial(const paths *p)
{
    int fd = open(p->partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);

    if (fd < 0 && errno == EEXIST)
        return TRIPSAGE_FAIL(TRIPSAGE_EBUSY,
                             "another backup into this folder began in the same millisecond: try again");
    if (fd < 0)
        return failed("make", p->partial);
    close(fd);
    return TRIPSAGE_OK;
}

static tripsage_status dump(const tripsage__backup_job *job, const tripsage__driver *driver,
                            const tripsage__backup_request *request, const paths *p, tripsage__manifest *manifest)
{
    unsigned char digest[TRIPSAGE__SHA256_SIZE];
    struct stat written;
    tripsage_status status;

    TRIPSAGE_TRY(make_partial(p));
    TRIPSAGE_TRY(driver->dump(job, p->partial, &manifest->schema));
    TRIPSAGE_TRY(tripsage__backup_sync(p->partial));
    if (stat(p->partial, &written) != 0) {
        status = failed("look at", p->partial);
        goto out;
    }
    TRIPSAGE_TRY(pump(job, p->partial, (int64_t)written.st_size, -1, "checksum", &manifest->bytes, digest));
    tripsage__hex(manifest->sha256, digest, sizeof digest);
    if (!request->no_verify)
        status = try_out(job, driver, p->partial, manifest);
    if (status == TRIPSAGE_ECORRUPT) { /* what is in it may be all that is left */
        (void)rename(p->partial, p->damaged);
        goto out;
    }
    if (status == TRIPSAGE_OK && rename(p->partial, p->file) != 0)
        status = failed("name", p->file);
    if (status == TRIPSAGE_OK)
        status = write_manifest(manifest, p->file);
    if (status == TRIPSAGE_OK)
        status = tripsage__backup_sync(request->folder);
out:
    if (status != TRIPSAGE_OK)
        tripsage__backup_unlink(job, p->partial);
    return status;
}

static tripsage_status put_backup(tripsage__buf *json, const char *file, const tripsage__manifest *m, int verified)
{
    char *manifest = path_of("", file, ".json");

    if (!manifest)
        return TRIPSAGE_NOMEM();
    TRIPSAGE__LIT(json, "{\"file\":");
    tripsage__json_put_string(json, file);
    TRIPSAGE__LIT(json, ",\"manifest\":");
    tripsage__json_put_string(json, manifest);
    tripsage__buf_printf(json,
                         ",\"engine\":\"%s\",\"schema\":%lld,\"bytes\":%lld,\"sha256\":\"%s\",\"made_at\":", m->engine,
                         (long long)m->schema, (long long)m->bytes, m->sha256);
    tripsage__json_put_instant(json, m->made_at);
    tripsage__buf_printf(json, ",\"verified\":%s", verified ? "true" : "false");
    tripsage__free(manifest);
    return tripsage__buf_status(json);
}

static tripsage_status check_folder(const char *folder)
{
    struct stat found;

    if (!folder || !*folder)
        return TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "expected the folder that backups go into");
    if (stat(folder, &found) != 0)
        return failed("find the folder", folder);
    if (S_ISDIR(found.st_mode))
        return TRIPSAGE_OK;
    errno = ENOTDIR;
    return failed("put backups into", folder);
}

tripsage_status tripsage__store_backup(tripsage_doc **out, const tripsage__backup_request *request)
{
    tripsage__buf base = TRIPSAGE__BUF_INIT(4096), removed = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    tripsage__manifest manifest;
    tripsage__backup_job job = {.env = NULL};
    tripsage__backup_pace pace = {NULL, 0, 0};
    const tripsage__driver *driver;
    paths p = {NULL, NULL, NULL};
    tripsage_doc *doc = NULL;
    tripsage_status status;

    *out = NULL;
    memset(&manifest, 0, sizeof manifest);
    TRIPSAGE_TRY(check_folder(request->folder));
    TRIPSAGE_TRY(start(&job, &driver, request));
    TRIPSAGE_TRY(driver->name_of(&base, request->url));
    TRIPSAGE_TRY(tripsage__buf_status(&base));
    job.pace = &pace;
    manifest.made_at = tripsage__now_ms(job.env);
    snprintf(manifest.engine, sizeof manifest.engine, "%s", driver->name);
    TRIPSAGE_TRY(make_paths(&p, request->folder, base.data, driver->backup_suffix, manifest.made_at));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 1024));
    TRIPSAGE_TRY(dump(&job, driver, request, &p, &manifest));
    TRIPSAGE_TRY(retain(&job, &removed, base.data, driver->backup_suffix, request, manifest.made_at));
    TRIPSAGE_TRY(put_backup(&doc->json, p.file, &manifest, !request->no_verify));
    TRIPSAGE__LIT(&doc->json, ",\"removed\":[");
    tripsage__buf_put(&doc->json, removed.data, removed.size);
    TRIPSAGE__LIT(&doc->json, "]}");
out:
    tripsage__free(p.file);
    tripsage__free(p.partial);
    tripsage__free(p.damaged);
    tripsage__buf_free(&base);
    tripsage__buf_free(&removed);
    tripsage__free(pace.log);
    tripsage__env_free(job.env);
    return tripsage__doc_finish(out, doc, status);
}

/* ---- what comes of one ---- */

static const tripsage__driver *driver_named(const char *name)
{
    return strcmp(name, tripsage__driver_sqlite.name) == 0     ? &tripsage__driver_sqlite
           : strcmp(name, tripsage__driver_postgres.name) == 0 ? &tripsage__driver_postgres
                                                               : NULL;
}

static tripsage_status check_engine(const tripsage__driver *driver, const tripsage__manifest *manifest)
{
    if (strcmp(driver->name, manifest->engine) != 0)
        return TRIPSAGE_FAIL(TRIPSAGE_ENOTSUP, "the backup is of %.15s, and the URL names %s", manifest->engine,
                             driver->name);
    if (manifest->schema > driver->migrations->all[driver->migrations->count - 1].number)
        return TRIPSAGE_FAIL(TRIPSAGE_EMIGRATION,
                             "the backup has the schema %lld, which is newer than this library: use a newer one",
                             (long long)manifest->schema);
    return TRIPSAGE_OK;
}

tripsage_status tripsage__store_backup_verify(tripsage_doc **out, const char *file,
                                              const tripsage__backup_request *request)
{
    tripsage__manifest manifest;
    tripsage__backup_job job = {.env = NULL};
    tripsage__backup_pace pace = {NULL, 0, 0};
    const tripsage__driver *driver;
    tripsage_doc *doc = NULL;
    int tries;
    tripsage_status status;

    *out = NULL;
    memset(&manifest, 0, sizeof manifest);
    TRIPSAGE_TRY(start(&job, NULL, request));
    job.pace = &pace;
    TRIPSAGE_TRY(read_manifest(&manifest, file));
    driver = driver_named(manifest.engine);
    if (!driver) {
        status =
            TRIPSAGE_FAIL(TRIPSAGE_ENOTSUP, "the backup is of %.15s, which this build does not have", manifest.engine);
        goto out;
    }
    /* A file is tried beside it, whatever the URL is. */
    tries = driver == &tripsage__driver_sqlite || request->url;
    if (tries && driver != &tripsage__driver_sqlite)
        TRIPSAGE_TRY(tripsage__driver_of(&driver, request->url));
    TRIPSAGE_TRY(check_engine(driver, &manifest));
    TRIPSAGE_TRY(tries ? try_out(&job, driver, file, &manifest)
                       : tripsage__backup_copy(&job, &manifest, file, -1, "checksum"));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 512));
    TRIPSAGE_TRY(put_backup(&doc->json, file, &manifest, tries));
    TRIPSAGE__LIT(&doc->json, "}");
out:
    tripsage__env_free(job.env);
    return tripsage__doc_finish(out, doc, status);
}

tripsage_status tripsage__store_restore(tripsage_doc **out, const char *file, int force,
                                        const tripsage__backup_request *request)
{
    tripsage__manifest manifest;
    tripsage__backup_job job = {.env = NULL};
    const tripsage__driver *driver;
    tripsage_doc *doc = NULL;
    int replaced = 0;
    tripsage_status status;

    *out = NULL;
    memset(&manifest, 0, sizeof manifest);
    TRIPSAGE_TRY(start(&job, &driver, request));
    job.force = force;
    TRIPSAGE_TRY(read_manifest(&manifest, file));
    TRIPSAGE_TRY(check_engine(driver, &manifest));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 512));
    TRIPSAGE_TRY(driver->load(&job, file, &manifest, &replaced));
    TRIPSAGE__LIT(&doc->json, "{\"file\":");
    tripsage__json_put_string(&doc->json, file);
    tripsage__buf_printf(&doc->json, ",\"engine\":\"%s\",\"schema\":%lld,\"bytes\":%lld,\"replaced\":%s}",
                         manifest.engine, (long long)manifest.schema, (long long)manifest.bytes,
                         replaced ? "true" : "false");
out:
    tripsage__env_free(job.env);
    return tripsage__doc_finish(out, doc, status);
}
