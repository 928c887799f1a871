// Catches what is written to stderr (the log) between capture_begin and capture_end.
#ifndef OFFLOAD_TESTS_UNIT_CAPTURE_H
#define OFFLOAD_TESTS_UNIT_CAPTURE_H

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct capture {
    int memory;
    int before; // the real stderr
};

static inline void
capture_begin(struct capture *capture)
{
    fflush(stderr);
    capture->memory = memfd_create("stderr", MFD_CLOEXEC);
    assert_true(capture->memory >= 0);
    capture->before = dup(STDERR_FILENO);
    assert_true(dup2(capture->memory, STDERR_FILENO) >= 0);
}

// The text; the caller frees it.
static inline char *
capture_end(struct capture *capture)
{
    struct stat status;
    char *text;

    fflush(stderr);
    assert_true(dup2(capture->before, STDERR_FILENO) >= 0);
    close(capture->before);
    assert_int_equal(fstat(capture->memory, &status), 0);
    text = malloc((size_t)status.st_size + 1);
    assert_non_null(text);
    assert_int_equal(pread(capture->memory, text, (size_t)status.st_size, 0), status.st_size);
    text[status.st_size] = '\0';
    close(capture->memory);
    return text;
}

static inline size_t
count_of(const char *text, const char *part)
{
    size_t count = 0;

    for (; (text = strstr(text, part)) != NULL; text++)
        count++;
    return count;
}

#endif
