// Are the first workers of every pool up, or known not to come up? Found out by looking from time
// to time, so that pools need not know who wants to hear of it.
#ifndef OFFLOAD_DAEMON_FIRST_WORKERS_H
#define OFFLOAD_DAEMON_FIRST_WORKERS_H

#include "dispatcher/dispatcher.h"
#include "model/config.h"

#include <stddef.h>

struct first_workers;

// Looks at the pools of the dispatcher, which outlives it. NULL when out of memory.
struct first_workers *
first_workers_new(const struct config *config, const struct dispatcher *dispatcher);
void first_workers_free(struct first_workers *first);

// Looks. Each pool's first processes_min workers count; *ret_wanted says how many these are.
// Returns how many of them are settled: have been ready, or have failed (which the pool has
// logged). From the first turn of the loop on.
size_t first_workers_look(struct first_workers *first, size_t *ret_wanted);

#endif
