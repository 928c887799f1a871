# The Debian package, by `cpack` or `cmake --workflow --preset package` (which sets the prefix to /usr).
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME offload)
set(CPACK_PACKAGE_VENDOR "the offload project")
set(CPACK_PACKAGE_CONTACT "The offload maintainers <maintainers@offload.invalid>")
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR})
set(CPACK_STRIP_FILES ON)
# A real DESTDIR, so that the prefix stays what it will be, and every directory with Debian's mode.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX ${CMAKE_INSTALL_PREFIX})
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
# Programs, headers and manual pages are one package: CPack's components would make several.
set(CPACK_DEB_COMPONENT_INSTALL OFF)
set(CPACK_MONOLITHIC_INSTALL ON)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# liboffload is for other packages, which must know what to depend on.
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
# systemd-sysusers makes the user; deb-systemd-helper is in init-system-helpers, which is essential.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "systemd, procps")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "process pool for every language, over a socket")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"offloadd runs jobs in pools of worker processes for programs that must not
block: an event loop, a web handler, a shell script hands it a job as one line
of JSON-RPC over a Unix or TCP socket, awaits many of them at once, and gets
each result as soon as it is ready. A worker that crashes, leaks or hangs is
replaced, and its job is answered with the reason.
.
offload is its command-line client. The package has the header for plug-ins in
C as well. Nothing is served until offloadd.socket is enabled.")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${CMAKE_CURRENT_SOURCE_DIR}/debian/postinst
    ${CMAKE_CURRENT_SOURCE_DIR}/debian/prerm
    ${CMAKE_CURRENT_SOURCE_DIR}/debian/postrm
    ${CMAKE_CURRENT_SOURCE_DIR}/debian/conffiles
    ${CMAKE_CURRENT_SOURCE_DIR}/debian/triggers)
# What a package has beyond an installation: compressed documents, the configuration in /etc.
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_SOURCE_DIR}/debian/finish.cmake)
set(CPACK_OFFLOAD_VERSION ${PROJECT_VERSION})
set(CPACK_OFFLOAD_SYSTEMD ${CMAKE_CURRENT_SOURCE_DIR})
set(CPACK_OFFLOAD_EXAMPLE ${CMAKE_CURRENT_BINARY_DIR}/offloadd.conf)
include(CPack)
