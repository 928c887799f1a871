// Finds the daemon: --local, else --server, else OFFLOAD_SERVER, else the first default address
// that answers. Blocks, but never beyond a deadline; knows no JSON.
#ifndef OFFLOAD_CLIENT_REACH_H
#define OFFLOAD_CLIENT_REACH_H

#include "common/address.h"

struct local;
struct options;

struct reach {
    int fd;                         // connected, non-blocking; -1 once somebody took it over
    char address[ADDRESS_TEXT_MAX]; // as a user would type it
    struct local *local;            // the private daemon, or NULL
};

// 0, or the exit status after saying what is wrong. *ret is released by reach_close.
int reach_open(const struct options *options, struct reach *ret);

// Closes what was not taken over, and stops the private daemon.
void reach_close(struct reach *reach);

#endif
