// The end of a process, as everything that owns one judges it.
#ifndef OFFLOAD_POOL_ENDING_H
#define OFFLOAD_POOL_ENDING_H

#include "pool/certificate.h"

#include <sys/resource.h>

// A descendant may hold a dead process's pipe open: so long its end is awaited after the exit.
#define ENDING_GRACE_US 200000

// Writes down how it ended (`status` as of waitpid(2)) and what it used; `cgroup` is its own, which
// still exists, or NULL. A cause that is known already (it never started, it was not ready, it
// broke the protocol) stays: the status is only what came of that.
void ending_judge(struct death *death, int status, const struct rusage *usage,
                  const struct cgroup *cgroup);

#endif
