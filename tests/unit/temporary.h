// A temporary folder for one test, removed with what is in it.
#ifndef OFFLOAD_TESTS_UNIT_TEMPORARY_H
#define OFFLOAD_TESTS_UNIT_TEMPORARY_H

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct temporary {
    char folder[64];
    char path[128]; // of the last file named
};

static inline void
temporary_open(struct temporary *temporary)
{
    strcpy(temporary->folder, "/tmp/offload-unit-XXXXXX");
    assert_non_null(mkdtemp(temporary->folder));
}

// The path of a file in the folder, good until the next call.
static inline const char *
temporary_path(struct temporary *temporary, const char *name)
{
    snprintf(temporary->path, sizeof(temporary->path), "%s/%.40s", temporary->folder, name);
    return temporary->path;
}

// Writes the file and returns its path.
static inline const char *
temporary_write(struct temporary *temporary, const char *name, const char *text, mode_t mode)
{
    int fd = open(temporary_path(temporary, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
    return temporary->path;
}

// The file's bytes as a string, into a buffer of `size`; an empty one if there is no such file.
static inline const char *
temporary_read(struct temporary *temporary, const char *name, char *text, size_t size)
{
    int fd = open(temporary_path(temporary, name), O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, size - 1) : 0;

    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

// How many files are in it.
static inline size_t
temporary_count(const struct temporary *temporary)
{
    DIR *folder = opendir(temporary->folder);
    size_t count = 0;

    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

static inline void
temporary_close(struct temporary *temporary)
{
    DIR *folder = opendir(temporary->folder);

    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        unlinkat(dirfd(folder), entry->d_name, 0);
    closedir(folder);
    rmdir(temporary->folder);
}

#endif
