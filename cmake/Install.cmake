# What `cmake --install` writes: the headers, the library, find_package(Pullback) and pkg-config's pullback.pc.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Pullback)

foreach(folder IN LISTS pullback_folders)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/${folder}
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/pullback
    FILES_MATCHING PATTERN "*.h" PATTERN "*.inc")
endforeach()
install(FILES ${PROJECT_SOURCE_DIR}/pullback.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/pullback)

install(TARGETS pullback EXPORT PullbackTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT PullbackTargets NAMESPACE pullback:: DESTINATION ${package_dir})

configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cmake/PullbackConfig.cmake.in ${PROJECT_BINARY_DIR}/PullbackConfig.cmake
  INSTALL_DESTINATION ${package_dir})
# Before 1.0 a minor version may break its users.
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/PullbackConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/PullbackConfig.cmake
  ${PROJECT_BINARY_DIR}/PullbackConfigVersion.cmake
  ${PROJECT_SOURCE_DIR}/cmake/FindCBLAS.cmake
  ${PROJECT_SOURCE_DIR}/cmake/FindLAPACKE.cmake
  DESTINATION ${package_dir})

# The prefix follows from the file's own place, so that an installed tree can be moved.
file(RELATIVE_PATH pullback_pc_prefix
  /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
configure_file(
  ${PROJECT_SOURCE_DIR}/cmake/pullback.pc.in ${PROJECT_BINARY_DIR}/pullback.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/pullback.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
