// Socket activation, by the protocol of sd_listen_fds(3): the service manager has opened listening
// sockets before it started this process. What is done with them is not known here.
#ifndef OFFLOAD_DAEMON_ACTIVATION_H
#define OFFLOAD_DAEMON_ACTIVATION_H

#include <stdbool.h>
#include <stddef.h>

#define ACTIVATION_SOCKETS_MAX 64
#define ACTIVATION_NAME_SIZE   256 // systemd.socket(5): a name has at most 255 characters

struct activation_socket {
    int fd; // close-on-exec; -1 when somebody has taken it
    char name[ACTIVATION_NAME_SIZE];
};

struct activation {
    struct activation_socket sockets[ACTIVATION_SOCKETS_MAX]; // in the order of the unit
    size_t count;
};

// Reads LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES and removes them from the environment. If they
// are for another process there are no sockets. 0; or a negative errno (E2BIG, EBADF, EINVAL), and
// then none is taken.
int activation_take(struct activation *ret);

// Closes those that nobody has taken.
void activation_close(struct activation *activation);

// Is it the socket that `systemd:WHICH` means: by its name, or by its number from 1?
bool activation_is(const struct activation *activation, size_t index, const char *which);

#endif
