# The libraries from outside, one interface target each, so that a room names what it uses. All are Debian packages.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

set(TRIPSAGE_PRIVATE_LIBS "") # what a program that links libtripsage.a has to link as well
function(tripsage_dependency target module)
  pkg_check_modules(${target} REQUIRED IMPORTED_TARGET ${module})
  add_library(${target} INTERFACE)
  target_link_libraries(${target} INTERFACE PkgConfig::${target})
  set(TRIPSAGE_PRIVATE_LIBS ${TRIPSAGE_PRIVATE_LIBS} ${${target}_LDFLAGS} PARENT_SCOPE)
endfunction()

tripsage_dependency(tripsage_dep_json libcjson)
tripsage_dependency(tripsage_dep_curl libcurl>=7.87) # the first with CURLOPT_QUICK_EXIT
tripsage_dependency(tripsage_dep_zlib zlib)
tripsage_dependency(tripsage_dep_tls libssl>=3.0) # before libcrypto, which it needs
tripsage_dependency(tripsage_dep_crypto libcrypto>=3.0)
tripsage_dependency(tripsage_dep_sqlite sqlite3>=3.40)
tripsage_dependency(tripsage_dep_pq libpq>=15)
tripsage_dependency(tripsage_dep_hiredis hiredis>=0.14)
tripsage_dependency(tripsage_dep_lua lua5.1) # the version whose semantics Redis's scripts have
tripsage_dependency(tripsage_dep_argon2 libargon2)
tripsage_dependency(tripsage_dep_crypt libcrypt)
tripsage_dependency(tripsage_dep_qrencode libqrencode)

# store/sqlite/changes.c sees what a transaction changes by it.
include(CheckCSourceCompiles)
set(CMAKE_REQUIRED_LIBRARIES PkgConfig::tripsage_dep_sqlite)
check_c_source_compiles("#define SQLITE_ENABLE_PREUPDATE_HOOK 1
#include <sqlite3.h>
int main(void) { return sqlite3_preupdate_hook(0, 0, 0) != 0; }" TRIPSAGE_HAS_PREUPDATE_HOOK)
unset(CMAKE_REQUIRED_LIBRARIES)
if(NOT TRIPSAGE_HAS_PREUPDATE_HOOK)
  message(FATAL_ERROR "This SQLite has no sqlite3_preupdate_hook: build it with SQLITE_ENABLE_PREUPDATE_HOOK, as Debian does")
endif()
list(APPEND TRIPSAGE_PRIVATE_LIBS -pthread -lm)
list(FILTER TRIPSAGE_PRIVATE_LIBS EXCLUDE REGEX "^-L/usr/lib") # some .pc files name the compiler's own folder
list(REMOVE_DUPLICATES TRIPSAGE_PRIVATE_LIBS)
