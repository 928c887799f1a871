// Pools of commands, and what they leave behind.
#ifndef OFFLOAD_TESTS_SHELL_JOBS_H
#define OFFLOAD_TESTS_SHELL_JOBS_H

#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// `sh` gets its script from the tests; the daemon's own way to a process has no shell in it.
#define POOLS                                                                                     \
    "[pool print]\ncommand = /usr/bin/printf [%s] fixed {a} x{b}y {slot}\nmethods = print\n"      \
    "processes = 1\n"                                                                             \
    "[pool cat]\ncommand = /bin/cat\nstdin = text\nmethods = cat\nprocesses = 1\n"                \
    "[pool env]\ncommand = /usr/bin/env\nmethods = env\nprocesses = 1\n"                          \
    "environment = NAME=value FROM={from} SLOT={slot}\n"                                          \
    "[pool sh]\ncommand = /bin/sh -c {script}\nmethods = sh\nprocesses = 2\nkill-delay = 300ms\n" \
    "directory = %F\n"                                                                            \
    "[pool nothing]\ncommand = /bin/true\nmethods = nothing\nprocesses = 8\n"                     \
    "[pool missing]\ncommand = %F/missing\nmethods = missing\nprocesses = 1\n"                    \
    "[pool plain]\ncommand = %F/plain\nmethods = plain\nprocesses = 1\n"
#define POOL_SH "pools.3"

#define NOTHING      "{\"exit_code\":0,\"stdout\":\"\",\"stderr\":\"\"}"
#define STDOUT(text) "{\"exit_code\":0,\"stdout\":\"" text "\",\"stderr\":\"\"}"
// A script in quotes.
#define SH(id, script) REQUEST(id, "sh", "{\"script\":\"" script "\"}")
#define SH_WITH(id, script, options)                                                        \
    "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"sh\",\"params\":{\"script\":\"" script \
    "\"},\"options\":" options "}"

// Runs until jobs_release, and prints its slot.
#define HOLD "while [ ! -e release ]; do sleep .02; done; printf $OFFLOAD_SLOT"

static inline struct peer *
start(struct fixture *fixture, const char *const arguments[])
{
    daemon_configure(&fixture->daemon, POOLS);
    daemon_start(&fixture->daemon, arguments, NULL);
    return open_tcp(fixture);
}

// ---- processes ------------------------------------------------------------------------------

// No process, not even a dead one, and no descriptor is left of all the jobs.
static inline void
expect_nothing_left(struct fixture *fixture, int descriptors)
{
    int64_t deadline = deadline_in(PATIENCE);
    pid_t children[PROCESSES_MAX];

    while (processes_children(fixture->daemon.pid, children) > 0 ||
           processes_descriptors(fixture->daemon.pid) != descriptors) {
        if (deadline_passed(deadline))
            fail_msg("%zu processes and %d descriptors are left, expected 0 and %d",
                     processes_children(fixture->daemon.pid, children),
                     processes_descriptors(fixture->daemon.pid), descriptors);
        deadline_pause();
    }
}

// Of a daemon that runs no job, with the session that watches it.
static inline int
count_descriptors(struct fixture *fixture)
{
    assert_int_equal(fixture_number(fixture, "jobs.running"), 0);
    return processes_descriptors(fixture->daemon.pid);
}

// Waits until a file in the folder has so many lines, each a pid.
static inline void
await_pids(struct fixture *fixture, size_t count, pid_t pids[])
{
    int64_t deadline = deadline_in(PATIENCE);
    size_t found = 0;
    char path[96];

    snprintf(path, sizeof(path), "%s/pids", fixture->daemon.folder);
    while (found < count) {
        char *text = read_text(path), *rest = text, *line;

        for (found = 0; (line = strsep(&rest, "\n")) != NULL && *line != '\0' && found < count;)
            pids[found++] = (pid_t)atoi(line);
        free(text);
        if (found < count && deadline_passed(deadline))
            fail_msg("%zu of %zu processes are there", found, count);
        if (found < count)
            deadline_pause();
    }
}

static inline void
await_dead(const pid_t pids[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        processes_await_end(pids[i]);
}

#endif
