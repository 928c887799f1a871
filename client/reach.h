// Finds the daemon: --local, else --server, else OFFLOAD_SERVER, else the first default address
// that answers; and says what is wrong with a connection. Knows no JSON.
#ifndef OFFLOAD_CLIENT_REACH_H
#define OFFLOAD_CLIENT_REACH_H

#include "client/lib/offload.h"

struct local;
struct options;

struct reach { // all zero: nothing
    struct offload *offload;
    struct local *local; // the private daemon, or NULL
};

// Connects, on `base` (NULL: a loop of its own) and with these events (NULL: none). 0, or the exit
// status after saying what is wrong. *ret is released by reach_close.
int reach_open(const struct options *options, struct event_base *base,
               const struct offload_events *events, void *context, struct reach *ret);

// Closes the connection, and stops the private daemon.
void reach_close(struct reach *reach);

// A function of liboffload failed with this: says why; returns the exit status.
int reach_report(const struct reach *reach, int error);

#endif
