// The private daemon of --local: an offloadd of our own on a Unix socket in a folder that only this
// user can open. It dies with this process, however that ends.
//
// The order is start, connect, settle: until local_settle the signals that end a program are held
// back, so that the folder never stays behind; after it the folder is gone already (one connection
// is all that is needed) and any death of this process leaves nothing.
#ifndef OFFLOAD_CLIENT_LOCAL_H
#define OFFLOAD_CLIENT_LOCAL_H

#include <stddef.h>

struct local;

// Starts it and waits until it listens, 10 seconds at most. `sets` are settings for --set. 0, or
// the exit status after saying what is wrong (with the daemon's own words).
int local_start(const char *const *sets, size_t set_count, struct local **ret);

const char *local_address(const struct local *local);

// The connection was made, or failed: removes the folder and lets signals through again.
void local_settle(struct local *local);

// SIGTERM, then SIGKILL after 5 seconds; waits for the end. If it did not end well, its log is
// shown. NULL is accepted.
void local_stop(struct local *local);

#endif
