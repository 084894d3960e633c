/* support/npm.h: packages of npm, for tests with clients of others. They are installed once into a cache of the user's, outside of the
 * tree. */
#ifndef TEST_SUPPORT_NPM_H
#define TEST_SUPPORT_NPM_H

#include "support/temp.h"

/* What CTest takes for a skipped test (SKIP_RETURN_CODE). */
enum { TEST_SKIPPED = 77 };

/* Installs `packages` ("a@1.0 b@2.0") unless a folder of this name has them. 0, or TEST_SKIPPED after a line that says why: there is no
 * Node or npm, or npm reaches nothing. Pin the versions, and name them in `name`: what a test says must not change with the day. */
int test_npm_install(char folder[TEST_PATH_SIZE], const char *name, const char *packages);

#endif
