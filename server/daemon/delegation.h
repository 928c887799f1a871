// The part of the cgroup tree that belongs to the daemon: found, proved, and made ready at the
// start. It writes nowhere but in the daemon's own cgroup, and only if that is marked as delegated
// (systemd: Delegate=) and holds nobody else, for else another has it to look after.
//
// A cgroup with processes cannot give controllers to cgroups below it, so the daemon moves into one
// of its own, `daemon`, first. What becomes of the others is in pool/cgroups.h.
#ifndef OFFLOAD_DAEMON_DELEGATION_H
#define OFFLOAD_DAEMON_DELEGATION_H

#include "pool/cgroup.h"

#include <stdbool.h>

#define DELEGATION_PATH_MAX   4096
#define DELEGATION_REASON_MAX 256

struct delegation {
    int directory;                  // -1: there is none
    char path[DELEGATION_PATH_MAX]; // of the cgroup, as /proc/self/cgroup has it; "" if unknown
    struct cgroup_controllers controllers;
    char reason[DELEGATION_REASON_MAX]; // why there is none, or a controller is missing; or ""
};

// Where it is looked for: tests have a tree of their own.
struct delegation_source {
    const char *cgroup;            // such as /proc/self/cgroup
    const char *mounts;            // such as /proc/self/mountinfo
    bool (*marked)(int directory); // whether that cgroup is delegated
};

// Always fills *ret (delegation_close). If there is one, the daemon is in its own leaf then.
// `source`: NULL for the real one.
void delegation_take(struct delegation *ret, const struct delegation_source *source);
void delegation_close(struct delegation *delegation);

// Says once in the log what there is.
void delegation_log(const struct delegation *delegation);

#endif
