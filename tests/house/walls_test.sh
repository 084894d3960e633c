#!/usr/bin/env bash
# The walls between the rooms (see walls.awk) hold in the tree. First the test shows that it can fail: it plants one file for every
# wall in a small tree of its own and expects to hear about each, and plants the same line where it is allowed and expects silence.
source "$(dirname "$0")/lib.sh"
source_dir=$1
rules=$source_dir/tests/house/walls.awk

violations() { # of the tree below $1
    (cd "$1" && find include libtripsage tripsage-server examples -name '*.[ch]' -print | LC_ALL=C sort | xargs awk -f "$rules")
}

planted() { # LINE... : a small tree with one file at path $1 that holds $2
    rm -rf "$work/tree"
    mkdir -p "$work/tree"/{include/tripsage,libtripsage,tripsage-server,examples} "$work/tree/$(dirname "$1")"
    printf '/* a comment that says malloc(1) and exit(1) */\n%s\n' "$2" >"$work/tree/$1"
    violations "$work/tree"
}

count=0
expect_wall() {
    found=$(planted "$1" "$2")
    [[ $found == "$1:2: "* ]] || fail "self-check: nothing was said about '$2' in $1: $found"
    count=$((count + 1))
}
expect_silence() {
    found=$(planted "$1" "$2")
    [[ -z $found ]] || fail "self-check: '$2' is allowed in $1, yet: $found"
}

wall() { # STRAY HOME LINE
    expect_wall "$1" "$3"
    expect_silence "$2" "$3"
}
wall libtripsage/store/pool.c libtripsage/store/sqlite/driver.c '#include <sqlite3.h>'
wall libtripsage/store/sqlite/driver.c libtripsage/store/postgres/driver.c '#include <libpq-fe.h>'
wall libtripsage/auth/oidc.c libtripsage/http/transfer.c '#include <curl/curl.h>'
wall libtripsage/cache/cache.c libtripsage/cache/redis/redis.c '#include <hiredis/hiredis.h>'
wall libtripsage/cache/cache.c libtripsage/cache/command/lua/run.c '#include <lua.h>'
expect_wall libtripsage/auth/token.c '#include <jwt.h>'
wall libtripsage/cache/redis/stream.c libtripsage/base/tls.c '#include <openssl/ssl.h>'
wall libtripsage/base/crypto.c libtripsage/auth/password_argon2.c '#include <argon2.h>'
wall libtripsage/base/crypto.c libtripsage/auth/password_bcrypt.c '#include <crypt.h>'
wall libtripsage/base/crypto.c libtripsage/auth/qr.c '#include <qrencode.h>'
wall libtripsage/auth/token.c libtripsage/base/crypto.c '#include <openssl/evp.h>'
wall tripsage-server/handlers/trip.c libtripsage/base/json_reader.c '#include <cjson/cJSON.h>'
wall tripsage-server/handlers/trip.c tripsage-server/http.c '#include <civetweb.h>'
wall libtripsage/trip/list.c libtripsage/base/memory.c '    char *p = malloc(3);'
expect_silence libtripsage/trip/list.c '    tripsage__free(p); engine->free(p); x = "free(p)"; // free(p)'
expect_wall libtripsage/trip/list.c '    x = "abc"; free(p);'
expect_wall libtripsage/base/error.c '    exit(1);'
expect_wall libtripsage/base/error.c '    signal(SIGPIPE, SIG_IGN);'
expect_wall libtripsage/base/error.c '    setlocale(LC_ALL, "C");'
expect_wall libtripsage/base/error.c '    printf("x");'
expect_wall libtripsage/base/error.c '    localtime(&t);'
expect_wall libtripsage/trip/list.c '    now = time(NULL);'
expect_wall libtripsage/trip/list.c '    getenv("HOME");'
expect_wall libtripsage/trip/list.c '#include "../base/json.h"'
expect_wall tripsage-server/main.c '#include "base/json.h"'
expect_wall libtripsage/trip/list.c '#include "sqlite3.h"'
expect_wall tripsage-server/http.h '#include "cjson/cJSON.h"'
expect_wall libtripsage/trip/list.c '#include SQLITE_HEADER'
expect_wall libtripsage/trip/list.c '#include "store/sqlite/sqlite.h"'
expect_wall libtripsage/trip/list.c '#include "auth/auth_internal.h"'
expect_wall libtripsage/open.c '#include "vector/kernels/kernels.h"'
expect_silence libtripsage/trip/list.c '#include "store/store.h"'
expect_silence libtripsage/trip/list.c '#include "base/json.h"'
expect_silence libtripsage/trip/list.c '#include "trip/record.h"'
expect_wall examples/hooks.c '#include <unicode/uchar.h>'
expect_silence examples/hooks.c '#include <tripsage/tripsage.h>'
expect_silence tripsage-server/main.c '#include "router.h"'
expect_wall include/tripsage/trip.h '#include <stdio.h>'
expect_silence include/tripsage/trip.h '#include <stdint.h>'

# Two homes for a header of one file.
planted tripsage-server/http.c '#include <civetweb.h>' >/dev/null
cp "$work/tree/tripsage-server/http.c" "$work/tree/tripsage-server/main.c"
[[ $(violations "$work/tree") == *"has one file"* ]] || fail "self-check: two files include civetweb.h and nothing was said"

found=$(violations "$source_dir")
[[ -z $found ]] || fail "$found"
echo "$count kinds of strays are found when planted; none is in the tree"
