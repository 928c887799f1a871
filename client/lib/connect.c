// See connect.h.
#include "client/lib/connect.h"

#include "common/clock.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RETRY_MS 10

// A daemon whose machine is gone must not be waited for without end: TCP then breaks the
// connection.
static void
tune(int fd)
{
    static const struct {
        int level, name, value;
    } settings[] = {
        {IPPROTO_TCP, TCP_NODELAY, 1},   {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, 30}, {IPPROTO_TCP, TCP_KEEPINTVL, 10},
        {IPPROTO_TCP, TCP_KEEPCNT, 3},   {IPPROTO_TCP, TCP_USER_TIMEOUT, 60000},
    };

    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) // only a refinement each
        setsockopt(fd, settings[i].level, settings[i].name, &settings[i].value, sizeof(int));
}

// Waits for a connect() under way; returns its errno value.
static int
finish_connect(int fd, int64_t deadline_us)
{
    struct pollfd waiting = {.fd = fd, .events = POLLOUT};
    int error = 0;
    socklen_t length = sizeof(error);
    int ready;

    do {
        int64_t left_us = deadline_us - clock_us();

        ready = poll(&waiting, 1, left_us > 0 ? (int)(left_us / 1000) + 1 : 0);
    } while (ready < 0 && errno == EINTR);
    if (ready == 0)
        return ETIMEDOUT;
    if (ready < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0)
        return errno;
    return error;
}

// A Unix socket whose backlog is full says EAGAIN at once (connect(2)): the daemon is busy, not
// gone.
static int
try_connect(int fd, const struct sockaddr_storage *to, socklen_t length, int64_t deadline_us)
{
    while (connect(fd, (const struct sockaddr *)to, length) != 0) {
        if (errno == EINPROGRESS)
            return finish_connect(fd, deadline_us);
        if (errno != EAGAIN && errno != EINTR)
            return errno;
        if (clock_us() >= deadline_us)
            return ETIMEDOUT;
        poll(NULL, 0, RETRY_MS);
    }
    return 0;
}

// Returns the descriptor, or a negative errno value.
static int
connect_once(const struct sockaddr_storage *to, socklen_t length, int64_t deadline_us)
{
    int fd = socket(to->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int error;

    if (fd < 0)
        return -errno;
    error = try_connect(fd, to, length, deadline_us);
    if (error != 0) {
        close(fd);
        return -error;
    }
    if (to->ss_family != AF_UNIX)
        tune(fd);
    return fd;
}

// Tries all that the address means. Returns the descriptor, or a negative errno value.
static int
connect_address(const struct address *address)
{
    int64_t deadline_us = clock_us() + (int64_t)CONNECT_TIMEOUT_MS * 1000;
    struct sockaddr_storage to;
    socklen_t length;
    int fd = -ENOENT;
    int error;

    for (unsigned index = 0;; index++) {
        error = address_resolve(address, index, &to, &length);
        if (error != 0)
            return index == 0 ? -error : fd;
        fd = connect_once(&to, length, deadline_us);
        if (fd >= 0)
            return fd;
    }
}

static int
connect_default(char ret_address[ADDRESS_TEXT_MAX])
{
    struct address addresses[3];
    size_t count = address_client_defaults(addresses);
    int fd = -ENOENT;

    for (size_t i = 0; i < count && fd < 0; i++) {
        fd = connect_address(&addresses[i]);
        if (fd >= 0)
            address_format(&addresses[i], ret_address);
    }
    return fd;
}

int
connect_text(const char *text, char ret_address[ADDRESS_TEXT_MAX])
{
    struct address address;
    int fd;

    if (text == NULL && (text = getenv("OFFLOAD_SERVER")) != NULL && text[0] == '\0')
        text = NULL;
    if (text == NULL)
        return connect_default(ret_address);
    if (address_parse(text, &address) != NULL)
        return -EINVAL;
    fd = connect_address(&address);
    if (fd >= 0)
        address_format(&address, ret_address);
    return fd;
}
