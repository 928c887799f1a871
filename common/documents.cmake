# Documents are written with the paths of the Debian package (prefix /usr); an installed one has those
# of its own prefix, which is known for certain only when it is installed (--prefix).
set(OFFLOAD_PLACES # as written, as installed
    /usr/share/doc/offload ${CMAKE_INSTALL_DOCDIR}
    /usr/share/pkgconfig ${CMAKE_INSTALL_DATADIR}/pkgconfig
    /usr/libexec/offload ${CMAKE_INSTALL_LIBEXECDIR}/offload
    /usr/sbin ${CMAKE_INSTALL_SBINDIR})

# Called by the script that installs.
function(offload_adapt_document source target)
    file(READ ${source} text)
    while(ARGN)
        list(POP_FRONT ARGN written installed)
        cmake_path(ABSOLUTE_PATH installed BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX})
        string(REPLACE ${written} ${installed} text "${text}")
    endwhile()
    file(WRITE ${target} "${text}")
endfunction()

# offload_install_documents(DESTINATION FOLDER [PROGRAMS] [COMPONENT NAME] FILES FILE...)
function(offload_install_documents)
    cmake_parse_arguments(PARSE_ARGV 0 arg PROGRAMS "DESTINATION;COMPONENT" FILES)
    set(kind FILES)
    if(arg_PROGRAMS)
        set(kind PROGRAMS)
    endif()
    set(component Unspecified)
    if(arg_COMPONENT)
        set(component ${arg_COMPONENT})
    endif()
    list(JOIN OFFLOAD_PLACES " " places)
    foreach(file ${arg_FILES})
        get_filename_component(source ${file} ABSOLUTE)
        get_filename_component(name ${file} NAME)
        set(target ${CMAKE_CURRENT_BINARY_DIR}/documents/${name})
        install(CODE "
            include(\"${PROJECT_SOURCE_DIR}/common/documents.cmake\")
            offload_adapt_document(\"${source}\" \"${target}\" ${places})" COMPONENT ${component})
        install(${kind} ${target} DESTINATION ${arg_DESTINATION} COMPONENT ${component})
    endforeach()
endfunction()
