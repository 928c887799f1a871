// Starts a process behind three pipes. It knows nothing of jobs.
#ifndef OFFLOAD_POOL_SPAWN_H
#define OFFLOAD_POOL_SPAWN_H

#include <sys/types.h>

struct spawn_request {
    char *const *argv;        // argv[0] is the path of the executable; no search, no shell
    char *const *envp;        // the whole environment
    unsigned long open_files; // soft RLIMIT_NOFILE for the process; 0: as it is here
};

// The parent's ends: non-blocking, close-on-exec, the caller's to close.
struct spawned {
    pid_t pid;     // leader of its own process group
    int stdin_fd;  // write
    int stdout_fd; // read
    int stderr_fd; // read
    int status_fd; // read: end-of-file once the program runs, an int (errno) if it could not
};

// 0 or a negative errno (no pipe or no process could be made); then nothing is left behind. That
// the program itself cannot be executed is told by status_fd, so that nobody has to wait for it
// here.
//
// The child has default signals, an empty mask, descriptors 0, 1 and 2 and nothing else, a process
// group of its own, and SIGKILL as its parent-death signal (prctl(2)).
int spawn(const struct spawn_request *request, struct spawned *ret_spawned);

#endif
