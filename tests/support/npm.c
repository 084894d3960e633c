#include "support/npm.h"

#include <stdio.h>
#include <stdlib.h>

static int skip(const char *why)
{
    printf("skipped: %s\n", why);
    return TEST_SKIPPED;
}

static void choose_folder(char folder[TEST_PATH_SIZE], const char *name)
{
    const char *home = getenv("HOME"), *cache = getenv("XDG_CACHE_HOME");

    if (cache && *cache)
        snprintf(folder, TEST_PATH_SIZE, "%s/tripsage-tests/%s", cache, name);
    else
        snprintf(folder, TEST_PATH_SIZE, "%s/.cache/tripsage-tests/%s", home && *home ? home : "/tmp", name);
}

/* Whole or not at all: several may do it at once. */
int test_npm_install(char folder[TEST_PATH_SIZE], const char *name, const char *packages)
{
    choose_folder(folder, name);
    if (setenv("FOLDER", folder, 1) != 0 || setenv("PACKAGES", packages, 1) != 0 ||
        system("command -v node >/dev/null && command -v npm >/dev/null") != 0)
        return skip("there is no Node with npm here");
    if (system("[ -d \"$FOLDER\" ] && exit 0\n"
               "mkdir -p \"$(dirname \"$FOLDER\")\" && made=$(mktemp -d \"$FOLDER.XXXXXX\") || exit 1\n"
               "npm install --prefix \"$made\" --no-audit --no-fund --loglevel=error $PACKAGES"
               " || { rm -rf \"$made\"; exit 1; }\n"
               "mv -T \"$made\" \"$FOLDER\" 2>/dev/null || rm -rf \"$made\"\n") != 0)
        return skip("npm could not install a client");
    return 0;
}
