// Messages to the service manager, by the protocol of sd_notify(3): lines of NAME=VALUE in one
// datagram. What is said, and when, is not known here.
#ifndef OFFLOAD_DAEMON_NOTIFY_H
#define OFFLOAD_DAEMON_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

struct notify {
    int fd; // -1: nobody wants to hear anything
    struct sockaddr_un to;
    socklen_t length;
    int64_t watchdog_us; // a sign of life is expected at least so often; 0: none is
};

// Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID and removes them from the environment. 0,
// also if there are none; or a negative errno when the socket that they name cannot be used.
int notify_open(struct notify *ret);
void notify_close(struct notify *notify);

// Sends without waiting. 0 or a negative errno; -EAGAIN: say it again later.
int notify_send(const struct notify *notify, const char *text);

#endif
