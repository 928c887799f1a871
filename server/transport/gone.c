// See gone.h.
#include "transport/gone.h"

#include <errno.h>
#include <poll.h>
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
    if ((seen & POLLRDHUP) == 0 || !is_tcp(fd))
        return false;
    // A reset that came in between is this call's error, and not seen a second time.
    if (send(fd, " ", 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno != EAGAIN && errno != EINTR)
        return true;
    return gone_look(fd);
}
