// What a process has used so far, from /proc: for one that is not dead yet (wait4 tells of the
// dead).
#ifndef OFFLOAD_POOL_USAGE_H
#define OFFLOAD_POOL_USAGE_H

#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

// Fills ru_utime, ru_stime and ru_maxrss; the rest is zero. False if there is no such process.
bool usage_of(pid_t pid, struct rusage *ret_usage);

// Resident bytes at this moment; 0 if there is no such process.
size_t usage_memory(pid_t pid);

#endif
