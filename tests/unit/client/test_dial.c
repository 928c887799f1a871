// Connecting without waiting: what comes of each step, and that none of them leaves a descriptor.
// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "client/dial.h"
#include "tests/unit/temporary.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int
listen_unix(const char *path, int backlog)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    strncpy(name.sun_path, path, sizeof(name.sun_path) - 1);
    assert_int_equal(bind(fd, (const struct sockaddr *)&name, sizeof(name)), 0);
    assert_int_equal(listen(fd, backlog), 0);
    return fd;
}

static int
listen_tcp(char address[64], const char *host)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(name);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (const struct sockaddr *)&name, sizeof(name)), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &length), 0);
    snprintf(address, 64, "tcp:%s:%u", host, ntohs(name.sin_port));
    return fd;
}

// Steps until there is something to say about an attempt.
static int
attempt(struct dial *dial, const char *address)
{
    int fd;

    while ((fd = dial_step(dial, address)) == -EINPROGRESS)
        poll(NULL, 0, 1);
    return fd;
}

static unsigned
count_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    unsigned count = 0;

    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

// What was sent on one side comes to the other.
static void
expect_connected(int fd, int listener)
{
    int other = accept(listener, NULL, NULL);
    char byte = 0;

    assert_true(fd >= 0);
    assert_true(other >= 0);
    assert_int_equal(write(fd, "x", 1), 1);
    assert_int_equal(read(other, &byte, 1), 1);
    assert_int_equal(byte, 'x');
    close(other);
    close(fd);
}

static void
a_unix_socket(void **state)
{
    unsigned descriptors = count_descriptors();
    struct temporary temporary;
    char address[160];
    struct dial dial;
    int listener;

    (void)state;
    temporary_open(&temporary);
    snprintf(address, sizeof(address), "unix:%s", temporary_path(&temporary, "sock"));
    dial_init(&dial);
    assert_int_equal(attempt(&dial, address), -ENOENT);
    listener = listen_unix(temporary.path, 8);
    expect_connected(attempt(&dial, address), listener);
    expect_connected(attempt(&dial, address), listener); // it can be used again
    close(listener);
    assert_int_equal(attempt(&dial, address), -ECONNREFUSED);
    dial_done(&dial);
    temporary_close(&temporary);
    assert_int_equal(count_descriptors(), descriptors);
}

// A daemon that does not take connections any more: no step waits for it.
static void
a_full_backlog(void **state)
{
    unsigned descriptors = count_descriptors();
    struct temporary temporary;
    char address[160];
    struct dial dial;
    int fds[8];
    int listener, count = 0;

    (void)state;
    temporary_open(&temporary);
    snprintf(address, sizeof(address), "unix:%s", temporary_path(&temporary, "sock"));
    listener = listen_unix(temporary.path, 0);
    dial_init(&dial);
    while ((fds[count] = attempt(&dial, address)) >= 0)
        assert_true(++count < 8);
    assert_int_equal(fds[count], -EAGAIN);
    assert_true(count > 0);
    while (count > 0)
        close(fds[--count]);
    close(accept(listener, NULL, NULL)); // now there is room again
    fds[0] = attempt(&dial, address);
    assert_true(fds[0] >= 0);
    close(fds[0]);
    close(listener);
    dial_done(&dial);
    temporary_close(&temporary);
    assert_int_equal(count_descriptors(), descriptors);
}

static void
tcp(void **state)
{
    unsigned descriptors = count_descriptors();
    char address[64];
    struct dial dial;
    int listener = listen_tcp(address, "127.0.0.1");

    (void)state;
    dial_init(&dial);
    expect_connected(attempt(&dial, address), listener);
    close(listener);
    assert_int_equal(attempt(&dial, address), -ECONNREFUSED);
    assert_int_equal(attempt(&dial, address), -ECONNREFUSED);
    dial_done(&dial);
    assert_int_equal(count_descriptors(), descriptors);
}

// A name that means several addresses: one attempt after the other takes them in turn.
static void
every_address_of_a_name(void **state)
{
    char address[64];
    struct dial dial;
    int listener = listen_tcp(address, "localhost");
    int fd = -1;

    (void)state;
    dial_init(&dial);
    for (int tries = 0; tries < 4 && fd < 0; tries++)
        fd = attempt(&dial, address);
    expect_connected(fd, listener);
    close(listener);
    dial_done(&dial);
}

// A peer that says neither yes nor no: a pair of which one side's buffer is full stands for it,
// since it cannot be written to.
static void
an_attempt_is_given_up(void **state)
{
    unsigned descriptors = count_descriptors();
    struct dial dial;
    int pair[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    while (write(pair[0], "full", 4) > 0)
        ;
    dial = (struct dial){.fd = pair[0], .until_us = INT64_MAX};
    assert_int_equal(dial_step(&dial, "unix:/nowhere"), -EINPROGRESS);
    dial.until_us = 1;
    assert_int_equal(dial_step(&dial, "unix:/nowhere"), -ETIMEDOUT);
    close(pair[1]);
    assert_int_equal(count_descriptors(), descriptors);
    assert_int_equal(dial_step(&dial, "nonsense"), -EINVAL);
    dial_done(&dial);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_unix_socket),
        cmocka_unit_test(a_full_backlog),
        cmocka_unit_test(tcp),
        cmocka_unit_test(every_address_of_a_name),
        cmocka_unit_test(an_attempt_is_given_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
