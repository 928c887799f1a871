# Run by cpack over the installed tree, before it becomes a package: what Debian's policy wants of one.
cmake_minimum_required(VERSION 3.25)
set(root ${CPACK_TEMPORARY_INSTALL_DIRECTORY})
set(documents ${root}/usr/share/doc/offload)

function(compress file)
    execute_process(COMMAND gzip -9nf ${file} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# Policy 10.7: the configuration is in /etc, and dpkg keeps what the administrator has changed.
file(COPY ${CPACK_OFFLOAD_EXAMPLE} DESTINATION ${root}/etc/offload)

# Policy 12.5 and 12.7: copyright and changelog.
file(COPY ${CPACK_OFFLOAD_SYSTEMD}/debian/copyright DESTINATION ${documents})
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(WRITE ${documents}/changelog
"offload (${CPACK_OFFLOAD_VERSION}) unstable; urgency=medium

  * Made from the sources of version ${CPACK_OFFLOAD_VERSION}.

 -- ${CPACK_PACKAGE_CONTACT}  ${date}
")
compress(${documents}/changelog)

# Policy 12.1: manual pages are compressed.
file(GLOB pages ${root}/usr/share/man/man*/*.[1-8])
foreach(page ${pages})
    compress(${page})
endforeach()
