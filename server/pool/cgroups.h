// The cgroups of the daemon's workers, one for each process, below the directory that was delegated
// to the daemon: gives them their names, and removes them when their process has ended. Killed
// processes take a moment to be gone, so a timer tries again; nobody waits for it.
//
//     <directory>/daemon                the daemon itself (daemon/delegation.h)
//     <directory>/worker-POOL-SLOT.N    a process of a pool; N counts all of them
//
// Nothing but these names is ever written to.
#ifndef OFFLOAD_POOL_CGROUPS_H
#define OFFLOAD_POOL_CGROUPS_H

#include "pool/cgroup.h"

#include <stddef.h>

struct cgroups;
struct event_base;

// The directory is the caller's, and open for longer than this. What an earlier daemon has left in
// it is killed and removed. NULL when out of memory.
struct cgroups *
cgroups_new(struct event_base *base, int directory, const struct cgroup_controllers *controllers);

// Waits a moment for those that are not removed yet, but no longer than that. NULL is allowed.
void cgroups_free(struct cgroups *cgroups);

// What they can be given; with NULL, nothing.
struct cgroup_controllers cgroups_controllers(const struct cgroups *cgroups);

// A cgroup for one process that is about to start, see cgroup.h. NULL if there is none: `cgroups`
// is NULL, or it cannot be made, which is logged when it begins and when it is over.
struct cgroup *cgroups_take(struct cgroups *cgroups, const char *pool, unsigned slot,
                            const struct cgroup_limits *limits);

// The process has ended, or did not start: what it has left in its cgroup is killed, and the cgroup
// is removed. It must not be used after this. NULL is allowed.
void cgroups_return(struct cgroups *cgroups, struct cgroup *cgroup);

#endif
