// One listening socket, TCP or Unix: binds safely, accepts in bounded portions, pauses when
// descriptors run out. It knows nothing of what is done with a connection.
#ifndef OFFLOAD_TRANSPORT_LISTENER_H
#define OFFLOAD_TRANSPORT_LISTENER_H

#include "common/address.h"

#include <sys/types.h>

#define LISTENER_ACCEPTS_PER_TURN 64

struct event_base;
struct listener;

struct listener_callbacks {
    // A new connection, non-blocking and close-on-exec: the callee owns the descriptor.
    void (*accepted)(void *context, int fd, const struct address *peer);
    // Accepting has to wait: no descriptors or no memory (errno value). It goes on by itself.
    void (*starved)(void *context, int error);
};

struct listener_error {
    int error; // a negative errno
    char text[256];
};

// Binds and listens at once. A Unix socket gets exactly the permission bits `mode` from its birth;
// a socket file that a live process serves is refused (EADDRINUSE), a dead one replaced, anything
// else at that path (a file, a link) is left alone and refused. NULL on failure, *ret_error then
// filled.
struct listener *listener_new(struct event_base *base, const struct address *address, mode_t mode,
                              const struct listener_callbacks *callbacks, void *context,
                              struct listener_error *ret_error);

// The same for a socket that somebody else has bound, and listens to, already: it must be a stream
// socket, and loopback if it is TCP. Takes the descriptor unless it fails. The file of a Unix
// socket stays when the listener goes: it belongs to whoever made it.
struct listener *
listener_adopt(struct event_base *base, int fd, const struct listener_callbacks *callbacks,
               void *context, struct listener_error *ret_error);

// Closes and, for a Unix socket, removes the file if it is still the one that was bound.
void listener_free(struct listener *listener);

// What it is really bound to: the port that the kernel picked included.
const struct address *listener_address(const struct listener *listener);

#endif
