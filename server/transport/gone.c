// See gone.h.
#include "transport/gone.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <stdint.h>
#include <sys/socket.h>

// What poll(2) says at once.
static short
look(int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLRDHUP};

    return poll(&poll_fd, 1, 0) == 1 ? poll_fd.revents : 0;
}

static bool
is_tcp(int fd)
{
    socklen_t length = sizeof(int);
    int domain;

    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 &&
           (domain == AF_INET || domain == AF_INET6);
}

// True if about as much waits here as there is room for.
static bool
is_full(int fd)
{
    uint32_t memory[SK_MEMINFO_VARS] = {0};
    socklen_t length = sizeof(memory);

    return getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory, &length) == 0 &&
           length > SK_MEMINFO_RCVBUF * sizeof(uint32_t) &&
           memory[SK_MEMINFO_RMEM_ALLOC] > memory[SK_MEMINFO_RCVBUF] / 2;
}

bool
gone_look(int fd)
{
    return (look(fd) & (POLLHUP | POLLERR)) != 0;
}

bool
gone_ask(int fd)
{
    short seen = look(fd);

    if ((seen & (POLLHUP | POLLERR)) != 0)
        return true;
    if (!is_tcp(fd) || ((seen & POLLRDHUP) == 0 && !is_full(fd)))
        return false;
    // A reset that came in between is this call's error, and not seen a second time.
    if (send(fd, " ", 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno != EAGAIN && errno != EINTR)
        return true;
    return gone_look(fd);
}
