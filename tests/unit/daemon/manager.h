// A service manager for tests: the socket that NOTIFY_SOCKET names, and what was said to it.
#ifndef OFFLOAD_TESTS_UNIT_DAEMON_MANAGER_H
#define OFFLOAD_TESTS_UNIT_DAEMON_MANAGER_H

#include "tests/unit/temporary.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

struct manager {
    struct temporary temporary;
    int fd;
    char text[2048]; // the last message
};

// Opens it and sets the variable.
static inline void
manager_open(struct manager *manager)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    const char *path;

    temporary_open(&manager->temporary);
    path = temporary_path(&manager->temporary, "notify");
    snprintf(name.sun_path, sizeof(name.sun_path), "%.100s", path);
    manager->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(manager->fd, (struct sockaddr *)&name, sizeof(name)), 0);
    assert_int_equal(setenv("NOTIFY_SOCKET", path, 1), 0);
}

// The next message; NULL if there is none.
static inline const char *
manager_hears(struct manager *manager)
{
    ssize_t length = recv(manager->fd, manager->text, sizeof(manager->text) - 1, 0);

    if (length < 0)
        return NULL;
    manager->text[length] = '\0';
    return manager->text;
}

static inline void
manager_close(struct manager *manager)
{
    close(manager->fd);
    temporary_close(&manager->temporary);
}

#endif
