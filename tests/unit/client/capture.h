// For tests: what a call writes to stderr or stdout, as a string.
#ifndef OFFLOAD_TESTS_CAPTURE_H
#define OFFLOAD_TESTS_CAPTURE_H

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

struct capture {
    int fd;    // the stream
    int saved; // what it was
    char text[8192];
};

static inline void
capture_start(struct capture *capture, int fd)
{
    int memory = memfd_create("capture", MFD_CLOEXEC);

    fflush(NULL);
    capture->fd = fd;
    capture->saved = dup(fd);
    assert_true(memory >= 0 && capture->saved >= 0);
    assert_int_equal(dup2(memory, fd), fd);
    close(memory);
}

static inline const char *
capture_stop(struct capture *capture)
{
    ssize_t length = pread(capture->fd, capture->text, sizeof(capture->text) - 1, 0);

    assert_int_equal(dup2(capture->saved, capture->fd), capture->fd);
    close(capture->saved);
    assert_true(length >= 0);
    capture->text[length] = '\0';
    return capture->text;
}

#endif
