// What a worker writes on its stderr: each line goes to the log, not more than so many a second,
// and the last 4 KiB are remembered for the death certificate.
#ifndef OFFLOAD_POOL_CHATTER_H
#define OFFLOAD_POOL_CHATTER_H

#include "common/span.h"

struct event_base;
struct chatter;

// Takes the descriptor. `subject` is copied. NULL when out of memory; the fd is then still the
// caller's.
struct chatter *chatter_new(struct event_base *base, int fd, const char *subject);
void chatter_free(struct chatter *chatter);

// Reads what is in the pipe at this moment, so that a dead worker's last words are in the tail.
struct span chatter_tail(struct chatter *chatter);

#endif
