// Workers with cgroups of their own, on the kernel's own tree: who is where, what goes when a
// worker goes, and what is left alone.
#include "cgroup_tree.h"
#include "shell_worker.h"

#include <signal.h>

#define BUILTIN "[pool cpu]\nbuiltin = yes\nprocesses = 2\n"
#define SH      "[pool sh]\ncommand = /bin/sh -c {script}\nmethods = sh\nprocesses = 4\n"

static struct peer *
begin(struct fixture *fixture, const struct cgroup_tree *tree, const char *config)
{
    fixture->daemon.cgroup = tree->directory;
    daemon_configure(&fixture->daemon, config);
    daemon_start(&fixture->daemon, NULL, NULL);
    return open_tcp(fixture);
}

static void
end(struct fixture *fixture, struct cgroup_tree *tree)
{
    fixture_forget(fixture);
    daemon_stop(&fixture->daemon);
    cgroup_tree_close(tree);
}

static void
await_ready(struct fixture *fixture, size_t count)
{
    int64_t deadline = deadline_in(PATIENCE);

    while (count_workers(fixture, "ready") != count) {
        if (deadline_passed(deadline))
            fail_msg("not %zu workers are ready", count);
        deadline_pause();
    }
}

// ---- who is where ---------------------------------------------------------------------------

static void
test_each_worker_has_its_own(struct fixture *fixture)
{
    struct cgroup_tree tree;
    json_t *status;

    if (!cgroup_tree_open(&tree, true))
        return;
    begin(fixture, &tree, BUILTIN SH);
    await_ready(fixture, 2);
    cgroup_tree_expect(&tree, fixture->daemon.pid, "daemon");
    cgroup_tree_expect(&tree, fixture_worker(fixture, 0, 0), "worker-cpu-0.*");
    cgroup_tree_expect(&tree, fixture_worker(fixture, 0, 1), "worker-cpu-1.*");
    cgroup_tree_await(&tree, "", 3);
    status = fixture_status(fixture);
    assert_string_equal(json_string_value(json_at(status, "cgroups.path")), tree.path);
    json_decref(status);
    await_log(fixture, "workers have their own below ");
    end(fixture, &tree);
}

// One for each process, gone with it.
static void
test_commands(struct fixture *fixture)
{
    struct cgroup_tree tree;
    struct peer *peer;

    if (!cgroup_tree_open(&tree, true))
        return;
    peer = begin(fixture, &tree, SH);
    peer_say(peer, REQUEST("1", "sh", "[\"while [ ! -e %s/release ]; do sleep .02; done\"]"),
             fixture->daemon.folder);
    fixture_await(fixture, "pools.0.running", 1);
    for (int i = 0; i < 20; i++) {
        char *answer = peer_ask(peer, REQUEST("2", "sh", "[\"grep ^0:: /proc/self/cgroup\"]"));

        check_contains(answer, "/worker-sh-1.");
        check_contains(answer, tree.path);
    }
    cgroup_tree_await(&tree, "worker-sh-", 1);
    jobs_release(fixture);
    peer_line(peer);
    cgroup_tree_await(&tree, "worker-", 0);
    end(fixture, &tree);
}

// ---- who goes -------------------------------------------------------------------------------

static bool
open_and_can_kill(struct cgroup_tree *tree)
{
    if (!cgroup_tree_open(tree, true))
        return false;
    if (access(cgroup_tree_file(tree, "cgroup.kill"), F_OK) == 0)
        return true;
    print_message("SKIP: functional.cgroups: this kernel has no cgroup.kill\n");
    cgroup_tree_close(tree);
    return false;
}

static void
test_a_killed_worker(struct fixture *fixture)
{
    char before[128], after[128];
    struct cgroup_tree tree;
    pid_t old;

    if (!cgroup_tree_open(&tree, true))
        return;
    begin(fixture, &tree, "[pool cpu]\nbuiltin = yes\nprocesses = 1\n");
    await_ready(fixture, 1);
    assert_int_equal(cgroup_tree_find(&tree, "worker-", before), 1);
    old = fixture_worker(fixture, 0, 0);
    assert_int_equal(kill(old, SIGKILL), 0);
    fixture_await(fixture, "pools.0.restarts", 1);
    await_ready(fixture, 1);
    cgroup_tree_await(&tree, "worker-", 1);
    cgroup_tree_find(&tree, "worker-", after);
    assert_string_not_equal(before, after);
    end(fixture, &tree);
}

// A grandchild that has left the process group is found all the same.
static void
test_what_has_left_the_group(struct fixture *fixture)
{
    struct cgroup_tree tree;
    json_auto_t *answer = NULL;
    struct peer *peer;
    pid_t stray;

    if (!open_and_can_kill(&tree))
        return;
    peer = begin(fixture, &tree, SH);
    answer = parse_json(
        peer_ask(peer, REQUEST("1", "sh", "[\"setsid sleep 1000 >&- 2>&- <&- & echo $!\"]")));
    stray = atoi(check_text(json_object_get(answer, "result"), "stdout"));
    assert_true(stray > 1);
    processes_await_end(stray);
    cgroup_tree_await(&tree, "worker-", 0);
    end(fixture, &tree);
}

// It is a worker's, and the worker is killed.
static void
test_what_a_worker_leaves(struct fixture *fixture)
{
    struct cgroup_tree tree;
    char *text, *path;
    pid_t stray;

    if (!open_and_can_kill(&tree))
        return;
    fixture->daemon.cgroup = tree.directory;
    start(fixture,
          "#!/bin/bash\nsetsid sleep 1000 >&- 2>&- <&- &\necho $! > ${0%/*}/stray\n"
          "echo '{\"jsonrpc\":\"2.0\",\"method\":\"worker.ready\"}'\nexec cat\n",
          "processes = 1\n");
    await_ready(fixture, 1);
    path = path_of(fixture, "stray");
    text = read_text(path);
    stray = atoi(text);
    cgroup_tree_expect(&tree, stray, "worker-it-0.1");
    assert_int_equal(kill(fixture_worker(fixture, 0, 0), SIGKILL), 0);
    processes_await_end(stray);
    free(text);
    free(path);
    end(fixture, &tree);
}

// Stopped with workers that ignore the end of their input, and what they have started.
static void
test_stop(struct fixture *fixture)
{
    struct cgroup_tree tree;

    if (!open_and_can_kill(&tree))
        return;
    fixture->daemon.cgroup = tree.directory;
    start(fixture,
          "#!/bin/bash\ntrap '' TERM\nsetsid sleep 1000 >&- 2>&- <&- &\n"
          "echo '{\"jsonrpc\":\"2.0\",\"method\":\"worker.ready\"}'\nwhile :; do sleep 1; done\n",
          "processes = 3\n");
    await_ready(fixture, 3);
    end(fixture, &tree);
}

// ---- what an earlier daemon has left --------------------------------------------------------

static void
await_somebody(const char *procs)
{
    int64_t deadline = deadline_in(PATIENCE);
    bool there = false;

    while (!there) {
        char *text = read_text(procs);

        there = text != NULL && text[0] != '\0';
        free(text);
        assert_true(there || !deadline_passed(deadline));
        if (!there)
            deadline_pause();
    }
}

static pid_t
start_in(const struct cgroup_tree *tree, const char *name)
{
    char procs[320];
    pid_t pid;

    assert_int_equal(mkdir(cgroup_tree_file(tree, name), 0755), 0);
    snprintf(procs, sizeof(procs), "%s/cgroup.procs", cgroup_tree_file(tree, name));
    pid = fork();
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", "echo 0 > $0; exec sleep 1000", procs, NULL);
        _exit(125);
    }
    assert_true(pid > 0);
    await_somebody(procs);
    return pid;
}

static void
test_leftovers(struct fixture *fixture)
{
    struct cgroup_tree tree;
    pid_t old, other;

    if (!open_and_can_kill(&tree))
        return;
    old = start_in(&tree, "worker-gone-3.4711");
    assert_int_equal(mkdir(cgroup_tree_file(&tree, "worker-gone-3.4711/below"), 0755), 0);
    other = start_in(&tree, "another");
    begin(fixture, &tree, BUILTIN);
    processes_await_end(old);
    cgroup_tree_await(&tree, "worker-gone-", 0);
    await_ready(fixture, 2);
    cgroup_tree_await(&tree, "worker-cpu-", 2);
    assert_true(processes_alive(other)); // that is none of ours
    assert_int_equal(kill(other, SIGKILL), 0);
    processes_await_end(other);
    fixture_forget(fixture);
    daemon_stop(&fixture->daemon);
    assert_int_equal(rmdir(cgroup_tree_file(&tree, "another")), 0);
    cgroup_tree_close(&tree);
}

// Killed without a word: the next one has the tree to itself again.
static void
test_after_a_crash(struct fixture *fixture)
{
    struct cgroup_tree tree;
    struct peer *peer;

    if (!cgroup_tree_open(&tree, true))
        return;
    begin(fixture, &tree, BUILTIN);
    await_ready(fixture, 2);
    fixture_forget(fixture);
    assert_int_equal(kill(fixture->daemon.pid, SIGKILL), 0);
    daemon_wait(&fixture->daemon);
    daemon_expect_none_left(PATIENCE);
    cgroup_tree_await(&tree, "worker-", 2);
    peer = begin(fixture, &tree, "[pool other]\nbuiltin = yes\nprocesses = 1\n");
    await_log(fixture, "an earlier daemon has left 2 cgroups");
    cgroup_tree_await(&tree, "worker-cpu-", 0);
    expect_result(peer_ask(peer, REQUEST("1", "sum_squares", "[10]")), "1", "285");
    end(fixture, &tree);
}

// ---- two writers ----------------------------------------------------------------------------

// The tree of another daemon is not touched, and neither are that one's workers.
static void
test_two_daemons(struct fixture *fixture)
{
    struct cgroup_tree tree;
    struct daemon second;
    struct peer *peer;
    pid_t worker;

    if (!cgroup_tree_open(&tree, true))
        return;
    peer = begin(fixture, &tree, BUILTIN);
    await_ready(fixture, 2);
    worker = fixture_worker(fixture, 0, 0);
    daemon_init(&second);
    second.cgroup = tree.directory;
    daemon_configure(&second, "[pool second]\nbuiltin = yes\nprocesses = 1\n");
    daemon_start(&second, NULL, NULL);
    cgroup_tree_expect(&tree, second.pid, "");
    cgroup_tree_await(&tree, "worker-", 2);
    assert_int_equal(kill(second.pid, SIGTERM), 0);
    assert_int_equal(daemon_wait(&second), 0);
    daemon_done(&second);
    expect_result(peer_ask(peer, REQUEST("1", "sum_squares", "[10]")), "1", "285");
    assert_int_equal(fixture_worker(fixture, 0, 0), worker);
    end(fixture, &tree);
}

// The cgroup is delegated, but to a script that has the daemon run for itself.
static void
test_delegated_to_another(struct fixture *fixture)
{
    struct cgroup_tree tree;
    char *procs;
    pid_t script;

    if (!cgroup_tree_open(&tree, true))
        return;
    procs = cgroup_tree_file(&tree, "cgroup.procs");
    script = fork();
    if (script == 0) {
        execl("/bin/sh", "sh", "-c", "echo 0 > $0; exec sleep 1000", procs, NULL);
        _exit(125);
    }
    await_somebody(procs);
    begin(fixture, &tree, BUILTIN);
    await_ready(fixture, 2);
    cgroup_tree_expect(&tree, fixture_worker(fixture, 0, 0), "");
    cgroup_tree_await(&tree, "", 0);
    await_log(fixture, ": other processes are in it");
    assert_int_equal(kill(script, SIGKILL), 0);
    processes_await_end(script);
    end(fixture, &tree);
}

// Writable is not enough.
static void
test_not_delegated(struct fixture *fixture)
{
    struct cgroup_tree tree;
    json_t *status;

    if (!cgroup_tree_open(&tree, false))
        return;
    begin(fixture, &tree, "[pool cpu]\nbuiltin = yes\nprocesses = 2\ncpu-weight = 7\n");
    await_ready(fixture, 2);
    cgroup_tree_expect(&tree, fixture->daemon.pid, "");
    cgroup_tree_expect(&tree, fixture_worker(fixture, 0, 0), "");
    cgroup_tree_await(&tree, "", 0);
    status = fixture_status(fixture);
    assert_true(json_is_null(json_at(status, "cgroups.path")));
    assert_string_equal(json_string_value(json_at(status, "cgroups.reason")),
                        "it is not marked as delegated");
    json_decref(status);
    await_log(fixture, "their rlimits have to do: ");
    await_log(fixture, "warning pool cpu: cpu-weight has no effect");
    end(fixture, &tree);
}

// ---- controllers ----------------------------------------------------------------------------

static bool
open_with(struct cgroup_tree *tree, const char *controller)
{
    if (!cgroup_tree_open(tree, true))
        return false;
    if (cgroup_tree_has(tree, controller))
        return true;
    print_message("SKIP: functional.cgroups: the controller %s is not one of version 2 here\n",
                  controller);
    cgroup_tree_close(tree);
    return false;
}

static void
expect_file(const struct cgroup_tree *tree, const char *name, const char *expected)
{
    char *text = read_text(cgroup_tree_file(tree, name));

    assert_non_null(text);
    text[strcspn(text, "\n")] = '\0';
    assert_string_equal(text, expected);
    free(text);
}

// A changed weight is another form of the pool, and comes by a warm swap.
static void
test_cpu_weight(struct fixture *fixture)
{
    struct cgroup_tree tree;

    if (!open_with(&tree, "cpu"))
        return;
    begin(fixture, &tree,
          "[pool a]\nbuiltin = yes\nprocesses = 1\ncpu-weight = 7\n"
          "[pool b]\nbuiltin = yes\nprocesses = 1\nnice = 5\n");
    await_ready(fixture, 1);
    expect_file(&tree, "daemon/cpu.weight", "10000");
    expect_file(&tree, "worker-a-0.1/cpu.weight", "7");
    expect_file(&tree, "worker-b-0.2/cpu.weight.nice", "5");
    daemon_configure(&fixture->daemon, "[pool a]\nbuiltin = yes\nprocesses = 1\ncpu-weight = 900\n"
                                       "[pool b]\nbuiltin = yes\nprocesses = 1\nnice = 5\n");
    assert_int_equal(kill(fixture->daemon.pid, SIGHUP), 0);
    fixture_await(fixture, "configuration.generation", 2);
    expect_file(&tree, "worker-a-0.3/cpu.weight", "900");
    cgroup_tree_await(&tree, "worker-a-", 1);
    end(fixture, &tree);
}

static void
expect_out_of_memory(const char *line, const char *id)
{
    json_auto_t *data = expect_error_data(line, id, ERROR_JOB_FAILED);
    json_int_t peak = json_integer_value(json_object_get(data, "peak_memory_bytes"));

    check_string(data, "cause", "oom");
    assert_int_equal(json_integer_value(json_object_get(data, "memory_max_bytes")), 64 << 20);
    assert_true(peak > 48 << 20 && peak <= 64 << 20);
}

static void
expect_usage(struct peer *peer)
{
    json_auto_t *response =
        parse_json(peer_ask(peer, REQUEST("1", "server.status", "{\"usage\":true}")));

    assert_true(json_integer_value(json_at(response, "result.pools.0.workers.0.memory_bytes")) > 0);
}

// What eats memory dies, with its helpers, and nobody else does.
static void
test_out_of_memory(struct fixture *fixture)
{
    struct cgroup_tree tree;
    pid_t neighbour, old;
    struct peer *peer;

    if (!open_with(&tree, "memory"))
        return;
    fixture->daemon.cgroup = tree.directory;
    peer = start(fixture, WORKER("0"),
                 "processes = 1\nmemory-max = 64M\n"
                 "[pool cpu]\nbuiltin = yes\nprocesses = 1\n"
                 "[pool sh]\ncommand = /bin/sh -c {script}\nmethods = sh\nprocesses = 1\n"
                 "memory-max = 64M\n");
    await_ready(fixture, 1);
    old = ask_pid(peer);
    neighbour = fixture_worker(fixture, 1, 0);
    expect_usage(peer);
    expect_out_of_memory(peer_ask(peer, REQUEST("2", "grow", "[2000]")), "2");
    await_log(fixture, "killed as it had no memory left within memory-max");
    // A helper does it, and takes the shell with it.
    expect_out_of_memory(
        peer_ask(peer, REQUEST("3", "sh",
                               "[\"dd if=/dev/zero of=/dev/null count=1 bs=200M; sleep 1000\"]")),
        "3");
    assert_int_not_equal(ask_pid(peer), old);
    assert_int_equal(fixture_worker(fixture, 1, 0), neighbour);
    assert_int_equal(fixture_number(fixture, "pools.1.restarts"), 0);
    end(fixture, &tree);
}

HARNESS_MAIN(SCENARIO_MANUAL(test_each_worker_has_its_own), SCENARIO_MANUAL(test_commands),
             SCENARIO_MANUAL(test_a_killed_worker), SCENARIO_MANUAL(test_what_has_left_the_group),
             SCENARIO_MANUAL(test_what_a_worker_leaves), SCENARIO_MANUAL(test_stop),
             SCENARIO_MANUAL(test_leftovers), SCENARIO_MANUAL(test_after_a_crash),
             SCENARIO_MANUAL(test_two_daemons), SCENARIO_MANUAL(test_delegated_to_another),
             SCENARIO_MANUAL(test_not_delegated), SCENARIO_MANUAL(test_cpu_weight),
             SCENARIO_MANUAL(test_out_of_memory))
