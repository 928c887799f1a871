// Where the daemon listens: its own listeners by the configuration, and the sockets that the
// service manager has passed. It knows nothing of what is done with a connection.
//
// `listen = systemd:NAME` takes the passed sockets of that name (systemd:N the Nth), and those that
// no such address names are then closed. Without any such address all that were passed are served:
// beside what `listen` says, and in place of the default addresses. An address of `listen` that is
// passed as well is served once.
#ifndef OFFLOAD_DAEMON_DOORS_H
#define OFFLOAD_DAEMON_DOORS_H

#include "common/address.h"
#include "daemon/activation.h"
#include "model/config.h"
#include "transport/listener.h"

struct doors;

struct doors_settings {
    struct event_base *base;
    const struct config *config;
    struct activation *activation; // what is taken out of it is marked; NULL: nothing was passed
    void (*accepted)(void *context, int fd, const struct address *peer); // see listener.h
    void *context;
};

// Listens everywhere. NULL on failure, *ret_error then filled.
struct doors *doors_open(const struct doors_settings *settings, struct listener_error *ret_error);

// Nothing is accepted from now on.
void doors_close(struct doors *doors);
void doors_free(struct doors *doors);

// What it is really bound to; stays known when they are closed.
const struct address *doors_addresses(const struct doors *doors, size_t *ret_count);

#endif
