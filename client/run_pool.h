// The private daemon of `offload run`: its settings, and what its answers mean.
#ifndef OFFLOAD_CLIENT_RUN_POOL_H
#define OFFLOAD_CLIENT_RUN_POOL_H

#include "client/job.h"

#include <stdbool.h>
#include <stddef.h>

struct options;

#define RUN_POOL_METHOD "run"

// Copies the options with the settings of a daemon that has a pool for commands, so many at a time,
// before the user's own. False when out of memory. Released by run_pool_done.
bool run_pool_options(const struct options *options, unsigned slots, struct options *ret);
void run_pool_done(struct options *options);

// What the process of a job is told, see run_child.h, as the options of its call: malloc. The
// job's params are the words of its command. timeout_us 0: none. NULL when out of memory.
char *run_pool_call(const struct job *job, int64_t timeout_us, size_t *ret_length);

// The exit status of a job that has failed, as a shell would have it: of the command, or 128 and
// the number of the signal. False if the daemon says something else.
bool run_pool_exit(struct span error, int *ret_exit);

#endif
