/* support/temp.h: folders that a test makes and takes away again, and files that it reads. */
#ifndef TEST_SUPPORT_TEMP_H
#define TEST_SUPPORT_TEMP_H

#include <stddef.h>

#define TEST_PATH_SIZE 512

/* Makes a new empty folder below TMPDIR (or /tmp) and writes its absolute path. Ends the program when it cannot. */
void test_temp_make(char out[TEST_PATH_SIZE]);

/* Removes the folder and all in it. */
void test_temp_remove(const char *path);

/* Writes `folder`/`name` into `out`. */
void test_path_join(char out[TEST_PATH_SIZE], const char *folder, const char *name);

/* The whole file with a terminator, or NULL when it cannot be opened; the caller frees it. */
char *test_file_read(const char *path);

#endif
