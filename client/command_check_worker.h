// The command that checks a worker: see main.c's table.
#ifndef OFFLOAD_CLIENT_COMMAND_CHECK_WORKER_H
#define OFFLOAD_CLIENT_COMMAND_CHECK_WORKER_H

struct options;

// Returns the exit status.
int command_check_worker(const struct options *options);

#endif
