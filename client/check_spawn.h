// Starts and kills the worker that is being checked. Everything that it starts can be killed with
// it, whatever it does to get away, and it dies with this process.
#ifndef OFFLOAD_CLIENT_CHECK_SPAWN_H
#define OFFLOAD_CLIENT_CHECK_SPAWN_H

#include <sys/types.h>

struct check_spawned {
    pid_t pid; // and its process group
    int input; // our ends of its pipes, which do not block
    int output;
    int errors;
};

// 0 or a negative errno value, also if exec failed.
int check_spawn(char *const *argv, struct check_spawned *ret);

// SIGKILL to the group and to every process that left it; returns when all of them are gone.
void check_spawn_kill(pid_t pid);

#endif
