// One process for one job: started with its words, given its stdin, its stdout and stderr captured,
// its end told once. It knows no job and no client.
//
//     command_new --> runs --> exit --------------------+--> both pipes at their end --> ended
//                       |                               |
//                       +-- command_terminate, SIGTERM  +--> 200 ms later at the latest --> ended
//                             +-- kill_delay_us, SIGKILL
//
// What the process leaves behind in its process group is killed with its exit. A descendant that
// left the group may hold the pipes: hence the 200 ms. A process that has closed its pipes is
// waited for.
#ifndef OFFLOAD_POOL_COMMAND_H
#define OFFLOAD_POOL_COMMAND_H

#include "common/span.h"
#include "pool/certificate.h"
#include "pool/cgroups.h"
#include "pool/reap.h"
#include "pool/spawn.h"
#include "transport/turn.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct command;
struct event_base;

// What every command of a pool shares; outlives them.
struct command_settings {
    struct event_base *base;
    struct turn *turn;
    struct reaper *reaper;
    const char *pool;
    const char *program;                       // as the configuration names it
    int64_t kill_delay_us;                     // from SIGTERM to SIGKILL; 0: SIGKILL at once
    size_t output_max;                         // bytes that are kept of stdout and of stderr, each
    const struct spawn_attributes *attributes; // limits, identity, directory of the process
    struct cgroups *cgroups; // each process gets one of its own; NULL: there are none
    struct cgroup_limits cgroup_limits;
};

// What one process is started with; borrowed for the call of command_new.
struct command_request {
    char *const *argv; // argv[0] is the path of the executable; no search, no shell
    char *const *envp; // the whole environment
    struct span input; // for its stdin, which is closed after it; may be absent
    unsigned slot;     // for the name of its cgroup
};

enum command_stream {
    COMMAND_STDOUT,
    COMMAND_STDERR,
    COMMAND_STREAM_COUNT,
};

struct command_output {
    struct span bytes; // what was kept: the beginning, up to output_max
    bool truncated;    // there was more
    uint64_t total;    // bytes written in all
};

// How it ended. With cause DEATH_EXIT and exit_code 0 it succeeded.
struct command_result {
    struct death death;
    struct command_output output[COMMAND_STREAM_COUNT];
};

// All from the loop. The command may be terminated or killed from inside them.
struct command_callbacks {
    // A piece of what is kept, as it comes; no character of UTF-8 is split. May be NULL.
    void (*output)(void *context, struct command *command, enum command_stream stream,
                   struct span bytes);
    // Once, the last: the result is borrowed for the call, the command frees itself after it.
    void (*ended)(void *context, struct command *command, const struct command_result *result);
};

// Starts the process. That it cannot be executed is told by `ended` (DEATH_START). NULL if there
// could be no process at all, *ret_error then a negative errno.
struct command *
command_new(const struct command_settings *settings, const struct command_request *request,
            const struct command_callbacks *callbacks, void *context, int *ret_error);

// SIGTERM for its whole process group, and SIGKILL after kill_delay_us. `ended` comes as ever, with
// death.deliberate.
void command_terminate(struct command *command);

// SIGKILL for its whole process group, at once.
void command_kill(struct command *command);

// What could be said of its death if it died now: the usage so far, the last of its stderr. The
// texts are good until the next turn of the loop.
void command_describe(const struct command *command, struct death *ret_death);

pid_t command_pid(const struct command *command);

#endif
