# The libraries from outside, one interface target each, so that a room names what it uses. All are Debian packages.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

set(TRIPSAGE_PRIVATE_PC "")
function(tripsage_dependency target module)
  pkg_check_modules(${target} REQUIRED IMPORTED_TARGET ${module})
  add_library(${target} INTERFACE)
  target_link_libraries(${target} INTERFACE PkgConfig::${target})
  string(REGEX REPLACE "[<>=].*" "" name ${module})
  set(TRIPSAGE_PRIVATE_PC "${TRIPSAGE_PRIVATE_PC} ${name}" PARENT_SCOPE)
endfunction()

tripsage_dependency(tripsage_dep_json libcjson)
tripsage_dependency(tripsage_dep_crypto libcrypto>=3.0)
tripsage_dependency(tripsage_dep_sqlite sqlite3>=3.40)
tripsage_dependency(tripsage_dep_jwt libjwt)
tripsage_dependency(tripsage_dep_argon2 libargon2)
