// Starts a process behind three pipes. It knows nothing of jobs.
#ifndef OFFLOAD_POOL_SPAWN_H
#define OFFLOAD_POOL_SPAWN_H

#include "pool/cgroup.h"

#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

// What a process is given beyond its program. All zero: nothing.
struct spawn_attributes {
    const char *directory;    // NULL: as here
    int nice;                 // added
    rlim_t cpu_seconds;       // RLIMIT_CPU; 0: as here
    rlim_t data_bytes;        // RLIMIT_DATA, unless the cgroup has a limit; 0: as here
    unsigned long open_files; // RLIMIT_NOFILE, soft (and hard if it is lower); 0: as here
    bool identity;            // change to these:
    uid_t uid;
    gid_t gid;
    const gid_t *groups;
    size_t group_count;
};

struct spawn_request {
    char *const *argv; // argv[0] is the path of the executable; no search, no shell
    char *const *envp; // the whole environment
    const struct spawn_attributes *attributes;
    const struct cgroup *cgroup; // entered first of all; NULL: as here
};

// What could not be done between the fork and the program.
enum spawn_step {
    SPAWN_PROCESS, // nothing that the request names
    SPAWN_CGROUP,
    SPAWN_LIMITS,
    SPAWN_NICE,
    SPAWN_IDENTITY,
    SPAWN_DIRECTORY,
    SPAWN_PROGRAM,
    SPAWN_INTERPRETER, // the program is there, but not what its first line or its header names
};

struct spawn_failure {
    int error; // errno value; 0: none
    enum spawn_step step;
};

// The parent's ends: non-blocking, close-on-exec, the caller's to close.
struct spawned {
    pid_t pid;     // leader of its own process group
    int stdin_fd;  // write
    int stdout_fd; // read
    int stderr_fd; // read
    int status_fd; // read: end-of-file once the program runs, a struct spawn_failure if it cannot
};

// 0 or a negative errno (no pipe or no process could be made); then nothing is left behind. That
// the program itself cannot be executed is told by status_fd, so that nobody has to wait for it
// here.
//
// The child has default signals, an empty mask, descriptors 0, 1 and 2 and nothing else, a process
// group of its own, and SIGKILL as its parent-death signal (prctl(2)).
int spawn(const struct spawn_request *request, struct spawned *ret_spawned);

#endif
