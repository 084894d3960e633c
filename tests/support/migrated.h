/* support/migrated.h: a database of SQLite's as the library leaves it when it has opened a new one, but without the secrets. To copy one takes
 * a tenth of the time that making it takes, which whoever forks a process for each test pays once instead of each time. */
#ifndef TEST_SUPPORT_MIGRATED_H
#define TEST_SUPPORT_MIGRATED_H

/* Has the database made, by the library in a file, and keeps its bytes. Once, in the process that forks the tests. */
void test_migrated_make(void (*migrate)(const char *url));

int test_migrated_is_made(void);

/* Puts a copy of it at `path`; nothing happens where none was made. */
void test_migrated_write(const char *path);

/* 1: a database in memory that is opened from now on begins as a copy of it, if one was made. 0: it begins empty again. */
void test_migrated_in_memory(int on);

#endif
