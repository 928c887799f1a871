// One TCP connection of the load: see wire.h. It must not know protocols.
#include "wire.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define READ_MAX 262144
#define RETRY_NS 200000 // while nobody listens yet

static bool
try_to_connect(struct wire *wire, int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;

    wire->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (wire->fd < 0)
        err(1, "socket");
    if (connect(wire->fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return setsockopt(wire->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0;
    if (errno != ECONNREFUSED)
        err(1, "connect to port %d", port);
    close(wire->fd);
    return false;
}

void
wire_open(struct wire *wire, int port, double seconds)
{
    const struct timespec pause = {.tv_nsec = RETRY_NS};

    for (double waited = 0; !try_to_connect(wire, port); waited += RETRY_NS / 1e9) {
        if (waited >= seconds)
            errx(1, "nobody listens on port %d", port);
        nanosleep(&pause, NULL);
    }
}

void
wire_close(struct wire *wire)
{
    close(wire->fd);
    free(wire->in.bytes);
    free(wire->out.bytes);
}

void
wire_set_blocking(struct wire *wire, bool blocking)
{
    int flags = fcntl(wire->fd, F_GETFL);

    flags = blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK;
    if (fcntl(wire->fd, F_SETFL, flags) != 0)
        err(1, "fcntl");
}

void
wire_send(struct wire *wire)
{
    wire->full = false;
    while (buffer_length(&wire->out) > 0) {
        if (buffer_write(&wire->out, wire->fd) >= 0)
            continue;
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN)
            err(1, "write");
        wire->full = true;
        return;
    }
}

bool
wire_receive(struct wire *wire)
{
    ssize_t count = buffer_read(&wire->in, wire->fd, READ_MAX);

    if (count == 0)
        errx(1, "the system has closed the connection");
    if (count < 0 && errno != EAGAIN && errno != EINTR)
        err(1, "read");
    return count > 0;
}
