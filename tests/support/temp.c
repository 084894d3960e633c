/* support/temp.c: see temp.h. */
#include "temp.h"

#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void test_temp_make(char out[TEST_PATH_SIZE])
{
    const char *base = getenv("TMPDIR");

    snprintf(out, TEST_PATH_SIZE, "%s/tripsage-test-XXXXXX", base && *base == '/' ? base : "/tmp");
    if (!mkdtemp(out)) {
        perror(out);
        exit(EXIT_FAILURE);
    }
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    return remove(path);
}

void test_temp_remove(const char *path)
{
    enum { OPEN_FOLDERS = 8 }; /* deeper than any test builds */

    if (path && *path)
        nftw(path, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
}

void test_path_join(char out[TEST_PATH_SIZE], const char *folder, const char *name)
{
    int written = snprintf(out, TEST_PATH_SIZE, "%s/%s", folder, name);

    if (written < 0 || written >= TEST_PATH_SIZE) {
        fprintf(stderr, "path too long: %s/%s\n", folder, name);
        exit(EXIT_FAILURE);
    }
}

char *test_file_read(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    long size;

    if (!file)
        return NULL;
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    size = ftell(file);
    ck_assert_int_ge(size, 0);
    rewind(file);
    text = malloc((size_t)size + 1);
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_eq(fread(text, 1, (size_t)size, file), (size_t)size);
    text[size] = '\0';
    fclose(file);
    return text;
}
