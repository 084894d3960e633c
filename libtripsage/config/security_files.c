/* config/security_files.c: who on this machine may read what is to be secret, and whether a certificate still holds. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/tls.h"
#include "security.h"

/* Where Docker and Kubernetes mount secrets, for the container alone: their modes say nothing about others. */
static int is_mounted_secret(const char *path)
{
    return strncmp(path, "/run/secrets/", 13) == 0 || strncmp(path, "/var/run/secrets/", 17) == 0;
}

/* Whether a folder lets others by at all. */
static int folder_lets_in(const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[1024];
    struct stat it;

    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash > path ? slash - path : 1) : 1, slash ? path : ".");
    return stat(folder, &it) != 0 || it.st_mode & S_IXOTH;
}

/* Others than the owner and the group may do something with the file, or the group may change it. */
static int is_open(const char *path, mode_t *mode)
{
    struct stat it;

    *mode = 0;
    if (stat(path, &it) != 0)
        return 0;
    *mode = it.st_mode & 07777;
    return (it.st_mode & (S_IRWXO | S_IWGRP)) != 0 && folder_lets_in(path);
}

tripsage__verdict tripsage__check_secret_files(tripsage__look *look)
{
    int count = 0;
    mode_t mode;

    for (int id = 0; id < SETTING_COUNT; id++) {
        const char *path = look->config->values[id].path;

        count += path != NULL;
        if (path && !is_mounted_secret(path) && is_open(path, &mode))
            return tripsage__fails(look, "chmod 0400 the file, and chown it to the user that the server runs as",
                                   "others may open the file of %s (mode %04o)",
                                   tripsage_config_setting((size_t)id)->name, (unsigned)mode);
    }
    return count ? tripsage__passes(look, "files of secrets are their owner's alone")
                 : tripsage__skips(look, "no secret is in a file of its own");
}

tripsage__verdict tripsage__check_variables_file(tripsage__look *look)
{
    const char *path = look->facts->variables_file;
    mode_t mode;

    if (!path)
        return tripsage__skips(look, "no file of variables is read");
    if (is_open(path, &mode))
        return tripsage__fails(look, "chmod 0600 the file", "others may open the file of variables, %.200s (mode %04o)",
                               path, (unsigned)mode);
    return tripsage__passes(look, "the file of variables is its owner's alone");
}

/* The path in "sqlite:relative" or "sqlite:///absolute"; NULL of any other URL, and of a database in memory. */
static const char *sqlite_path(const char *url)
{
    if (!url || strncmp(url, "sqlite:", 7) != 0 || strcmp(url, "sqlite::memory:") == 0)
        return NULL;
    return strncmp(url, "sqlite:///", 10) == 0 ? url + 9 : url + 7;
}

tripsage__verdict tripsage__check_database_file(tripsage__look *look)
{
    static const char *const endings[] = {"", "-wal", "-shm"};
    const char *path = sqlite_path(look->database_url);
    char name[1024];
    mode_t mode;

    if (!path)
        return tripsage__skips(look, "the database is no file");
    for (size_t i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s%s", path, endings[i]);
        if (is_open(name, &mode))
            return tripsage__fails(look, "chmod 0600 the database's files, or keep them in a folder of mode 0700",
                                   "others may open the database, %.200s (mode %04o)", name, (unsigned)mode);
    }
    return tripsage__passes(look, "the database's files are their owner's alone");
}

tripsage__verdict tripsage__check_tls_key_file(tripsage__look *look)
{
    const char *path = look->facts->tls_key;
    mode_t mode;

    if (!path)
        return tripsage__skips(look, "this server does not speak TLS itself");
    if (!is_mounted_secret(path) && is_open(path, &mode))
        return tripsage__fails(look, "chmod 0400 the file", "others may open the file of TRIPSAGE_TLS_KEY (mode %04o)",
                               (unsigned)mode);
    return tripsage__passes(look, "the key of TLS is its owner's alone");
}

tripsage__verdict tripsage__check_tls_certificate(tripsage__look *look)
{
    static const char fix[] = "renew the certificate, and send the server SIGHUP";
    const char *path = look->facts->tls_certificate;
    int64_t end, days;

    if (!path)
        return tripsage__skips(look, "this server does not speak TLS itself");
    if (tripsage__tls_certificate_end(&end, path) != TRIPSAGE_OK)
        return tripsage__fails(look, "put a certificate in PEM there", "no certificate can be read from %.200s", path);
    days = (end - look->now_ms) / ((int64_t)86400 * 1000);
    if (end <= look->now_ms)
        return tripsage__fails(look, fix, "the certificate of TRIPSAGE_TLS_CERTIFICATE has ended");
    if (end - look->now_ms < TRIPSAGE__CERTIFICATE_LEFT_MS)
        return tripsage__fails(look, fix, "the certificate of TRIPSAGE_TLS_CERTIFICATE ends in %d days", (int)days);
    return tripsage__passes(look, "the certificate holds for %d days", (int)days);
}
