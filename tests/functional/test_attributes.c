// What the configuration gives to the processes of a pool, or takes from them.
#include "harness.h"

#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGEST "4398046511104" // sum_squares of it runs for hours
#define WRAPPED (getenv("OFFLOAD_TEST_WRAP") != NULL)

// The answer is what a shell prints for the param.
#define WORKER                                                                                 \
    "#!/bin/bash\n"                                                                            \
    "while read -r line; do\n"                                                                 \
    "    [[ $line =~ \\\"id\\\":([0-9]+).*\\\"params\\\":\\[\\\"(.*)\\\"\\] ]]\n"              \
    "    id=${BASH_REMATCH[1]}\n"                                                              \
    "    text=$(eval \"${BASH_REMATCH[2]}\" 2>&1)\n"                                           \
    "    echo \"{\\\"jsonrpc\\\":\\\"2.0\\\",\\\"id\\\":$id,\\\"result\\\":\\\"$text\\\"}\"\n" \
    "done\n"

// The same keys for a pool of workers and for one of commands.
#define POOLS(keys)                                                             \
    "[pool workers]\nprogram = %%F/worker\nmethods = ask\nprocesses = 2\n" keys \
    "[pool commands]\ncommand = /bin/sh -c {script}\nmethods = run\nprocesses = 1\n" keys

static const char *
own_folder(struct fixture *fixture)
{
    return fixture->daemon.folder;
}

static void
install(struct fixture *fixture)
{
    char path[96];

    snprintf(path, sizeof(path), "%s/worker", own_folder(fixture));
    write_text(path, WORKER);
    assert_int_equal(chmod(path, 0755), 0);
    assert_int_equal(chmod(own_folder(fixture), 0755), 0); // for other users
}

// Waits for both workers; the fixture would wait for those of the commands too.
static void
await_workers(struct fixture *fixture)
{
    int64_t deadline = deadline_in(PATIENCE);
    size_t count = 0;

    while (count != 2) {
        json_auto_t *status = fixture_status(fixture);
        json_t *worker;
        size_t i;

        count = 0;
        json_array_foreach (json_at(status, "pools.0.workers"), i, worker)
            count += strcmp(check_text(worker, "state"), "ready") == 0;
        if (count != 2 && deadline_passed(deadline))
            fail_msg("%zu workers are ready", count);
        if (count != 2)
            deadline_pause();
    }
}

__attribute__((format(printf, 2, 3))) static struct peer *
start(struct fixture *fixture, const char *format, ...)
{
    va_list arguments;
    char *config = NULL;

    install(fixture);
    va_start(arguments, format);
    assert_true(vasprintf(&config, format, arguments) > 0);
    va_end(arguments);
    daemon_configure(&fixture->daemon, config);
    free(config);
    daemon_start(&fixture->daemon, NULL, NULL);
    return open_tcp(fixture);
}

// Both kinds of process say this for the script.
static void
expect_both(struct peer *peer, const char *script, const char *answer)
{
    json_auto_t *worker = parse_json(peer_ask(peer, REQUEST("1", "ask", "[\"%s\"]"), script));
    json_auto_t *command =
        parse_json(peer_ask(peer, REQUEST("2", "run", "[\"printf %%s \\\"$(%s)\\\"\"]"), script));

    check_string(worker, "result", answer);
    check_string(json_object_get(command, "result"), "stdout", answer);
}

// ---- what is given --------------------------------------------------------------------------

static void
test_nice(struct fixture *fixture)
{
    struct peer *peer = start(fixture, POOLS("nice = 7\n"));
    char text[16];

    snprintf(text, sizeof(text), "%d", getpriority(PRIO_PROCESS, 0) + 7);
    expect_both(peer, "nice", text);
    assert_int_equal(getpriority(PRIO_PROCESS, (id_t)fixture->daemon.pid),
                     getpriority(PRIO_PROCESS, 0));
}

static void
test_directory(struct fixture *fixture)
{
    struct peer *peer = start(fixture, POOLS("directory = %%F\n"));

    expect_both(peer, "pwd -P", own_folder(fixture));
}

static void
test_environment(struct fixture *fixture)
{
    struct peer *peer =
        start(fixture, POOLS("environment = HOME=/mine EMPTY= IS=a=b\n    DEVICE=gpu{slot}\n"));

    expect_both(peer, "echo $HOME,$EMPTY,$IS", "/mine,,a=b");
    expect_both(peer, "[ $DEVICE = gpu$OFFLOAD_SLOT ]; echo $?", "0");
}

// Each worker has its own number.
static void
test_each_worker_has_its_slot(struct fixture *fixture)
{
    struct peer *peer = start(fixture, POOLS("environment = DEVICE=gpu{slot}\n"));
    struct peer *other = open_unix(fixture);
    const char *script = "while [ ! -e $FOLDER/release ]; do sleep .02; done; echo $DEVICE";
    json_auto_t *first = NULL, *second = NULL;
    char *text = NULL;

    await_workers(fixture);
    assert_true(asprintf(&text, "FOLDER=%s; %s", own_folder(fixture), script) > 0);
    peer_say(peer, REQUEST("1", "ask", "[\"%s\"]"), text);
    peer_say(other, REQUEST("1", "ask", "[\"%s\"]"), text);
    fixture_await(fixture, "pools.0.running", 2);
    jobs_release(fixture);
    first = parse_json(peer_line(peer));
    second = parse_json(peer_line(other));
    assert_string_not_equal(check_text(first, "result"), check_text(second, "result"));
    check_contains("gpu0gpu1gpu0", check_text(first, "result"));
    check_contains("gpu0gpu1gpu0", check_text(second, "result"));
    free(text);
}

static void
test_open_files_max(struct fixture *fixture)
{
    struct peer *peer;

    if (WRAPPED) {
        print_message("skipped: valgrind keeps descriptors for itself\n");
        return;
    }
    peer = start(fixture, POOLS("open-files-max = 23\n"));
    expect_both(peer, "ulimit -Sn", "23");
}

// ---- limits that kill -----------------------------------------------------------------------

static void
expect_cpu_death(char *line, const char *id)
{
    json_auto_t *data = expect_error_data(line, id, ERROR_JOB_FAILED);
    double used = json_number_value(json_object_get(data, "user_seconds")) +
                  json_number_value(json_object_get(data, "system_seconds"));

    check_string(data, "cause", "signal");
    check_string(data, "signal", "SIGXCPU");
    assert_true(used > 0.1); // two clocks of the kernel, which differ on a busy machine
}

static void
test_cpu_time_max(struct fixture *fixture)
{
    struct peer *peer;

    if (WRAPPED) {
        print_message("skipped: valgrind's own start takes the CPU time\n");
        return;
    }
    peer = start(fixture, "[pool it]\nbuiltin = yes\nprocesses = 1\ncpu-time-max = 1s\n"
                          "[pool commands]\ncommand = /bin/sh -c {script}\nmethods = run\n"
                          "processes = 1\ncpu-time-max = 1s\n");
    expect_cpu_death(peer_ask(peer, REQUEST("1", "sum_squares", "[" LARGEST "]")), "1");
    expect_result(peer_ask(peer, REQUEST("2", "sum_squares", "[10]")), "2", "285");
    expect_cpu_death(peer_ask(peer, REQUEST("3", "run", "[\"while :; do :; done\"]")), "3");
}

// A process that wants to live on in spite of SIGXCPU gets a second more.
static void
test_cpu_time_max_is_hard(struct fixture *fixture)
{
    json_auto_t *data = NULL;
    struct peer *peer;

    if (WRAPPED) {
        print_message("skipped: valgrind's own start takes the CPU time\n");
        return;
    }
    peer = start(fixture, POOLS("cpu-time-max = 1s\n"));
    data = expect_error_data(
        peer_ask(peer, REQUEST("1", "run", "[\"trap '' XCPU; while :; do :; done\"]")), "1",
        ERROR_JOB_FAILED);
    check_string(data, "signal", "SIGKILL");
}

// ---- who they are ---------------------------------------------------------------------------

static bool
is_root(void)
{
    if (geteuid() == 0)
        return true;
    print_message("skipped: only root can start processes of another user\n");
    return false;
}

// The daemon has groups that must not get into its children.
static void
plant_groups(void)
{
    static const gid_t groups[] = {0, 4, 6};

    assert_int_equal(setgroups(3, groups), 0);
}

static void
test_user(struct fixture *fixture)
{
    const struct passwd *nobody = getpwnam("nobody");
    char user[16], group[16];
    struct peer *peer;

    if (!is_root())
        return;
    assert_non_null(nobody);
    snprintf(user, sizeof(user), "%d", (int)nobody->pw_uid);
    snprintf(group, sizeof(group), "%d", (int)nobody->pw_gid);
    plant_groups();
    peer = start(fixture, POOLS("user = nobody\n"));
    expect_both(peer, "id -u", user);
    expect_both(peer, "id -g", group);
    expect_both(peer, "id -G", group);
    expect_both(peer, "grep -c ^CapEff:.0000000000000000 /proc/self/status", "1");
}

static void
test_group(struct fixture *fixture)
{
    const struct group *daemon = getgrnam("daemon");
    struct peer *peer;
    char group[16];

    if (!is_root())
        return;
    assert_non_null(daemon);
    snprintf(group, sizeof(group), "%d", (int)daemon->gr_gid);
    plant_groups();
    peer = start(fixture, POOLS("group = daemon\n"));
    expect_both(peer, "id -u", "0");
    expect_both(peer, "id -g", group);
    expect_both(peer, "id -G", group);
}

// There is no way back, and the death of the daemon reaches them although they changed the user.
static void
test_another_user_dies_with_the_daemon(struct fixture *fixture)
{
    struct peer *peer;
    pid_t worker;

    if (!is_root())
        return;
    peer = start(fixture, POOLS("user = nobody\n"));
    await_workers(fixture);
    expect_both(peer, "kill -0 $PPID 2>&1 >/dev/null | grep -c permitted", "1");
    worker = fixture_worker(fixture, 0, 0);
    // One that would not end because its input does.
    peer_say(peer, REQUEST("3", "run", "[\"exec sleep 1000\"]"));
    fixture_await(fixture, "pools.1.running", 1);
    fixture_forget(fixture);
    assert_int_equal(kill(fixture->daemon.pid, SIGKILL), 0);
    daemon_wait(&fixture->daemon);
    daemon_expect_none_left(PATIENCE);
    processes_await_end(worker);
}

// A job of another user is stopped like any other.
static void
test_another_user_is_stopped(struct fixture *fixture)
{
    struct peer *peer;

    if (!is_root())
        return;
    peer = start(fixture, POOLS("user = nobody\nkill-delay = 200ms\n"));
    expect_error(peer_ask(peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"run\",\"params\":["
                                "\"trap '' TERM; while :; do sleep 1; done\"],"
                                "\"options\":{\"timeouts\":{\"run\":0.3}}}"),
                 "1", ERROR_TIMED_OUT);
    expect_both(peer, "echo on", "on");
}

// ---- what cannot be given -------------------------------------------------------------------

static void
expect_cannot_start(struct fixture *fixture, const char *method, const char *pool,
                    const char *folder, const char *error)
{
    struct peer *peer = open_tcp(fixture);
    char reason[256];
    json_auto_t *data = expect_error_data(peer_ask(peer, REQUEST("1", "%s", "[\"echo\"]"), method),
                                          "1", ERROR_JOB_FAILED);

    snprintf(reason, sizeof(reason), "directory %s/%s: %s", own_folder(fixture), folder, error);
    check_string(data, "cause", "start");
    check_string(data, "pool", pool);
    check_string(data, "reason", reason);
}

static void
test_a_missing_directory(struct fixture *fixture)
{
    struct peer *peer = start(fixture, POOLS("directory = %%F/nowhere\n"));
    char path[96];

    expect_cannot_start(fixture, "ask", "workers", "nowhere", "No such file or directory");
    expect_cannot_start(fixture, "run", "commands", "nowhere", "No such file or directory");
    snprintf(path, sizeof(path), "%s/nowhere", own_folder(fixture));
    assert_int_equal(mkdir(path, 0755), 0);
    await_workers(fixture);
    expect_both(peer, "pwd -P", path);
}

static void
test_a_directory_that_is_closed(struct fixture *fixture)
{
    char path[96];

    if (!is_root())
        return;
    snprintf(path, sizeof(path), "%s/closed", own_folder(fixture));
    assert_int_equal(mkdir(path, 0700), 0);
    start(fixture, POOLS("user = nobody\ndirectory = %%F/closed\n"));
    expect_cannot_start(fixture, "ask", "workers", "closed", "Permission denied");
    expect_cannot_start(fixture, "run", "commands", "closed", "Permission denied");
}

HARNESS_MAIN(SCENARIO_MANUAL(test_nice), SCENARIO_MANUAL(test_directory),
             SCENARIO_MANUAL(test_environment), SCENARIO_MANUAL(test_each_worker_has_its_slot),
             SCENARIO_MANUAL(test_open_files_max), SCENARIO_MANUAL(test_cpu_time_max),
             SCENARIO_MANUAL(test_cpu_time_max_is_hard), SCENARIO_MANUAL(test_user),
             SCENARIO_MANUAL(test_group), SCENARIO_MANUAL(test_another_user_dies_with_the_daemon),
             SCENARIO_MANUAL(test_another_user_is_stopped),
             SCENARIO_MANUAL(test_a_missing_directory),
             SCENARIO_MANUAL(test_a_directory_that_is_closed))
