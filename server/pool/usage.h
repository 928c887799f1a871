// What a process has used so far, from /proc: for one that is not dead yet (wait4 tells of the
// dead).
#ifndef OFFLOAD_POOL_USAGE_H
#define OFFLOAD_POOL_USAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

// Fills ru_utime, ru_stime and ru_maxrss; the rest is zero. False if there is no such process.
bool usage_of(pid_t pid, struct rusage *ret_usage);

// What it has used until now.
struct usage {
    int64_t cpu_us; // user and system, of the process and the children that it waited for
    size_t memory;  // resident bytes
};
// False if there is no such process; *ret is untouched then.
bool usage_look(pid_t pid, struct usage *ret);

// Resident bytes at this moment; 0 if there is no such process.
size_t usage_memory(pid_t pid);

#endif
