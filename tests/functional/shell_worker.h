// A worker that is a shell script, which a test writes into its folder, replaces and takes away;
// and what can be seen of the pool `it` that runs it.
#ifndef OFFLOAD_TESTS_SHELL_WORKER_H
#define OFFLOAD_TESTS_SHELL_WORKER_H

#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// Writes a line into FOLDER/starts, is ready after START seconds, and writes the params of each
// `run` into FOLDER/runs. `grow` takes so many pieces of 2 MB.
#define WORKER(start)                                                                            \
    "#!/bin/bash\n"                                                                              \
    "folder=${0%/*}\n"                                                                           \
    "echo $$ >> $folder/starts\n"                                                                \
    "sleep " start "\n"                                                                          \
    "echo '{\"jsonrpc\":\"2.0\",\"method\":\"worker.ready\"}'\n"                                 \
    "while read -r line; do\n"                                                                   \
    "    [[ $line =~ \\\"id\\\":([0-9]+).*\\\"method\\\":\\\"([a-z]+)\\\" ]]\n"                  \
    "    id=${BASH_REMATCH[1]} method=${BASH_REMATCH[2]}\n"                                      \
    "    [[ $line =~ \\\"params\\\":\\[([0-9]*)\\] ]]\n"                                         \
    "    params=${BASH_REMATCH[1]}\n"                                                            \
    "    case $method in\n"                                                                      \
    "    run) echo $params >> $folder/runs; result=$params ;;\n"                                 \
    "    pid) result=$$ ;;\n"                                                                    \
    "    hold) while [ ! -e $folder/release ]; do sleep .02; done; result=\\\"released\\\" ;;\n" \
    "    grow) for ((i = 0; i < params; i++)); do printf -v kept[i] %2000000s; done\n"           \
    "        result=$params ;;\n"                                                                \
    "    esac\n"                                                                                 \
    "    echo \"{\\\"jsonrpc\\\":\\\"2.0\\\",\\\"id\\\":$id,\\\"result\\\":$result}\"\n"         \
    "done\n"
#define POOL "[pool it]\nprogram = %F/worker\nmethods = run pid hold grow\nwait-ready = yes\n"

// ---- the worker's file ----------------------------------------------------------------------

static inline char *
path_of(struct fixture *fixture, const char *name)
{
    char *path = NULL;

    assert_true(asprintf(&path, "%s/%s", fixture->daemon.folder, name) > 0);
    return path;
}

// In one step: a shell reads its file while it runs.
static inline void
install(struct fixture *fixture, const char *script)
{
    char *path = path_of(fixture, "worker"), *fresh = path_of(fixture, "worker.new");

    write_text(fresh, script);
    assert_int_equal(chmod(fresh, 0755), 0);
    assert_int_equal(rename(fresh, path), 0);
    free(fresh);
    free(path);
}

static inline void
uninstall(struct fixture *fixture)
{
    char *path = path_of(fixture, "worker");

    assert_int_equal(unlink(path), 0);
    free(path);
}

static inline struct peer *
start(struct fixture *fixture, const char *script, const char *keys)
{
    char *config = NULL;

    if (script != NULL)
        install(fixture, script);
    assert_true(asprintf(&config, "%s%s", POOL, keys) > 0);
    daemon_configure(&fixture->daemon, config);
    free(config);
    daemon_start(&fixture->daemon, NULL, NULL);
    return open_tcp(fixture);
}

// The same for a pool of so many workers as it says, of which the fixture keeps count.
static inline struct peer *
start_whole(struct fixture *fixture, const char *script, const char *keys)
{
    peer_close(start(fixture, script, keys));
    fixture_await(fixture, "sessions.open", 1); // that one is gone, the one that watches is left
    fixture_adopt(fixture);
    return open_tcp(fixture);
}

static inline size_t
count_lines(struct fixture *fixture, const char *name)
{
    char *path = path_of(fixture, name), *text = read_text(path);
    size_t count = 0;

    for (const char *at = text; at != NULL && (at = strchr(at, '\n')) != NULL; at++)
        count++;
    free(text);
    free(path);
    return count;
}

// ---- what is seen ---------------------------------------------------------------------------

static inline size_t
count_workers(struct fixture *fixture, const char *state)
{
    json_auto_t *status = fixture_status(fixture);
    json_t *worker;
    size_t count = 0, i;

    json_array_foreach (json_at(status, "pools.0.workers"), i, worker)
        count += state == NULL ||
                 strcmp(json_string_value(json_object_get(worker, "state")), state) == 0;
    return count;
}

static inline void
await_workers(struct fixture *fixture, size_t count)
{
    int64_t deadline = deadline_in(PATIENCE);
    size_t seen;

    while ((seen = count_workers(fixture, NULL)) != count) {
        if (deadline_passed(deadline))
            fail_msg("there are %zu workers, expected %zu", seen, count);
        deadline_pause();
    }
}

// The daemon has so many children, dead or alive, and so many descriptors.
static inline void
await_processes(struct fixture *fixture, size_t children, int descriptors)
{
    int64_t deadline = deadline_in(PATIENCE);
    pid_t pids[PROCESSES_MAX];

    while (processes_children(fixture->daemon.pid, pids) != children ||
           processes_descriptors(fixture->daemon.pid) != descriptors) {
        if (deadline_passed(deadline))
            fail_msg("the daemon has %zu children and %d descriptors, expected %zu and %d",
                     processes_children(fixture->daemon.pid, pids),
                     processes_descriptors(fixture->daemon.pid), children, descriptors);
        deadline_pause();
    }
}

static inline void
await_log(struct fixture *fixture, const char *words)
{
    int64_t deadline = deadline_in(PATIENCE);
    bool found = false;

    while (!found) {
        char *text = read_text(fixture->daemon.log);

        found = text != NULL && strstr(text, words) != NULL;
        free(text);
        if (!found && deadline_passed(deadline))
            fail_msg("the log does not say \"%s\"", words);
        if (!found)
            deadline_pause();
    }
}

static inline pid_t
ask_pid(struct peer *peer)
{
    json_auto_t *response = parse_json(peer_ask(peer, REQUEST("1", "pid", "[]")));
    json_t *pid = json_object_get(response, "result");

    assert_true(json_is_integer(pid));
    return (pid_t)json_integer_value(pid);
}

static inline void
await_another(struct peer *peer, pid_t pid)
{
    int64_t deadline = deadline_in(PATIENCE);

    while (ask_pid(peer) == pid) {
        if (deadline_passed(deadline))
            fail_msg("the worker is not replaced");
        deadline_pause();
    }
}

#endif
