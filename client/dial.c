// See dial.h.
#include "client/dial.h"

#include "common/address.h"
#include "common/clock.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define ATTEMPT_US 5000000

void
dial_init(struct dial *dial)
{
    *dial = (struct dial){.fd = -1};
}

void
dial_done(struct dial *dial)
{
    if (dial->fd >= 0)
        close(dial->fd);
    dial_init(dial);
}

// The next attempt goes to the next of the addresses.
static int
give_up(struct dial *dial, int error)
{
    unsigned next = dial->index + 1;

    dial_done(dial);
    dial->index = next;
    return -error;
}

static int
hand_over(struct dial *dial)
{
    int fd = dial->fd;

    dial_init(dial);
    return fd;
}

// A Unix socket whose backlog is full says EAGAIN.
static int
begin(struct dial *dial, const char *text)
{
    struct sockaddr_storage to;
    struct address address;
    socklen_t length;
    int error;

    if (address_parse(text, &address) != NULL)
        return -EINVAL;
    error = address_resolve(&address, dial->index, &to, &length);
    if (error != 0 && dial->index > 0) { // all were tried
        dial->index = 0;
        error = address_resolve(&address, 0, &to, &length);
    }
    if (error != 0)
        return -error;
    dial->fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (dial->fd < 0)
        return -errno;
    dial->until_us = clock_us() + ATTEMPT_US;
    if (connect(dial->fd, (const struct sockaddr *)&to, length) == 0 || errno == EINPROGRESS)
        return 0;
    return give_up(dial, errno);
}

int
dial_step(struct dial *dial, const char *address)
{
    int error = dial->fd < 0 ? begin(dial, address) : 0;
    struct pollfd attempt = {.fd = dial->fd, .events = POLLOUT};
    socklen_t length = sizeof(error);

    if (error != 0)
        return error;
    if (poll(&attempt, 1, 0) <= 0)
        return clock_us() < dial->until_us ? -EINPROGRESS : give_up(dial, ETIMEDOUT);
    if (getsockopt(dial->fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0)
        error = errno;
    return error != 0 ? give_up(dial, error) : hand_over(dial);
}
