# What `cmake --install` puts where: a C library as one expects it, and the programs.
# DESTDIR, --prefix and every CMAKE_INSTALL_*DIR are honoured; nothing installed holds the path it was built in.

# A program finds the library beside it wherever the tree is put, and a build is the same in every folder.
set(CMAKE_BUILD_RPATH_USE_ORIGIN ON)
file(RELATIVE_PATH to_lib /prefix/${CMAKE_INSTALL_BINDIR} /prefix/${CMAKE_INSTALL_LIBDIR})
set(CMAKE_INSTALL_RPATH $ORIGIN/${to_lib})

function(tripsage_install)
  set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/tripsage)
  set(generated ${PROJECT_BINARY_DIR}/generated)

  set_target_properties(tripsage PROPERTIES INSTALL_RPATH "") # only the programs look for a neighbour
  set_target_properties(tripsage_static PROPERTIES EXPORT_NAME static)
  foreach(flag IN LISTS TRIPSAGE_PRIVATE_LIBS)
    target_link_libraries(tripsage_static INTERFACE $<INSTALL_INTERFACE:${flag}>)
  endforeach()
  install(TARGETS tripsage tripsage_static EXPORT tripsageTargets)
  install(EXPORT tripsageTargets NAMESPACE tripsage:: DESTINATION ${package_dir})
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/tripsage TYPE INCLUDE FILES_MATCHING PATTERN *.h)

  configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/tripsageConfig.cmake.in ${generated}/tripsageConfig.cmake
                                INSTALL_DESTINATION ${package_dir})
  # Before 1.0 a new minor version may break.
  write_basic_package_version_file(${generated}/tripsageConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${generated}/tripsageConfig.cmake ${generated}/tripsageConfigVersion.cmake DESTINATION ${package_dir})

  file(RELATIVE_PATH TRIPSAGE_PC_PREFIX /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
  string(REGEX REPLACE "/$" "" TRIPSAGE_PC_PREFIX ${TRIPSAGE_PC_PREFIX})
  list(JOIN TRIPSAGE_PRIVATE_LIBS " " TRIPSAGE_PRIVATE_LIBS)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/tripsage.pc.in ${generated}/tripsage.pc @ONLY)
  install(FILES ${generated}/tripsage.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

  # The programs people run; the other examples stay in the build directory.
  foreach(program tripsage-server planner)
    if(TARGET ${program})
      install(TARGETS ${program})
    endif()
  endforeach()
  install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/CHANGELOG.md TYPE DOC)
endfunction()
