// What /proc says about other processes: children, descriptors, threads, memory. It starts and ends
// none.
#ifndef OFFLOAD_TESTS_PROCESSES_H
#define OFFLOAD_TESTS_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PROCESSES_MAX 256

// The direct children of a process, zombies included; at most PROCESSES_MAX. Returns how many.
size_t processes_children(pid_t parent, pid_t ret[PROCESSES_MAX]);

// True while the process runs (a zombie does not).
bool processes_alive(pid_t pid);
// Waits until it does not; fails the test if that takes too long.
void processes_await_end(pid_t pid);

// Open descriptors of a process, those left out that valgrind keeps for itself; -1 if it is gone.
int processes_descriptors(pid_t pid);
// True if the process has open just 0, 1 and 2.
bool processes_descriptors_are_standard(pid_t pid);

// Threads of a process, and how many of them have used the CPU for at least `ticks` clock ticks.
int processes_threads(pid_t pid);
int processes_busy_threads(pid_t pid, unsigned long ticks);

// Resident memory in bytes; 0 if it is gone.
size_t processes_memory(pid_t pid);

// A hexadecimal line such as "SigIgn" of /proc/PID/status.
uint64_t processes_signal_set(pid_t pid, const char *name);

// True if the environment the process was started with has such a variable.
bool processes_has_variable(pid_t pid, const char *name);

#endif
