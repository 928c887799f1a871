// The cgroup (version 2, cgroups(7)) of one process and of all that it starts: made before the
// process, which enters it before exec; asked when the process has ended; removed when it is empty.
// Whose it is, and when it is removed, is decided elsewhere (cgroups.h).
//
// Everything here is done below one directory that was delegated to the daemon. All writes and
// reads are of the kernel's own files and return at once: a fresh cgroup is empty, so that a limit
// has nothing to take back.
#ifndef OFFLOAD_POOL_CGROUP_H
#define OFFLOAD_POOL_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#define CGROUP_NAME_MAX 128 // of a directory, with the final NUL

// What the delegated directory can give to those below it.
struct cgroup_controllers {
    bool memory;
    bool cpu;
};

struct cgroup_limits {
    size_t memory_max;   // bytes of the process and all that it starts; 0: none
    unsigned cpu_weight; // 1 to 10000; 0: what `nice` comes to
    int nice;            // as for nice(2)
};

struct cgroup {
    TAILQ_ENTRY(cgroup) link; // of its owner's
    int parent;               // the delegated directory; not its own
    char name[CGROUP_NAME_MAX];
    char procs[CGROUP_NAME_MAX + 16]; // the file by which one enters; ready, for the child
    struct cgroup_controllers controllers;
    size_t memory_max; // that really holds; 0: none
};

// Makes the directory NAME in `parent` and sets what there is to be set. 0 or a negative errno:
// then nothing is left behind.
int cgroup_make(struct cgroup *ret, int parent, const char *name,
                const struct cgroup_controllers *controllers, const struct cgroup_limits *limits);

// For the child between fork and exec (async-signal-safe): 0 or an errno value.
int cgroup_enter(const struct cgroup *cgroup);

// SIGKILL for everything in it, whatever process group it has moved to. A kernel before 5.14 cannot
// do that; then nothing happens.
void cgroup_kill(const struct cgroup *cgroup);

// Tries it once. 0 or a negative errno, -EBUSY while something lives in it. Cgroups that its
// processes have made in it go first, a bounded number in each call.
int cgroup_remove(const struct cgroup *cgroup);

// True only if the kernel says that it killed a process of this very cgroup for want of memory.
// Then it killed all of them (memory.oom.group).
bool cgroup_was_out_of_memory(const struct cgroup *cgroup);

// Bytes that all its processes take now, and took at most; 0 if that is not known.
size_t cgroup_memory(const struct cgroup *cgroup);
size_t cgroup_memory_peak(const struct cgroup *cgroup);

#endif
