// What whoever looks after the daemon may order: pausing a pool and letting it go on, killing a
// worker. Nobody else may; no job is lost or run twice by it but those of a killed worker.
#include "shell_worker.h"

#include <signal.h>
#include <sys/wait.h>

#define WHOLE "processes = 2\n"

#define ORDER(method, params) REQUEST("\"order\"", method, params)
#define PAUSE(pool)           ORDER("pool.pause", "{\"pool\":\"" pool "\"}")
#define RESUME(pool)          ORDER("pool.resume", "{\"pool\":\"" pool "\"}")
#define KILL                  ORDER("worker.kill", "{\"pool\":\"%s\",\"slot\":%d,\"pid\":%d}")
#define PAUSED(pool)          "{\"pool\":\"" pool "\",\"state\":\"paused\"}"
#define SERVING(pool)         "{\"pool\":\"" pool "\",\"state\":\"serving\"}"

static void
expect_state(struct fixture *fixture, int pool, const char *state)
{
    json_auto_t *status = fixture_status(fixture);

    check_string(json_array_get(json_object_get(status, "pools"), (size_t)pool), "state", state);
}

// ---- who may --------------------------------------------------------------------------------

// Over TCP nobody knows who it is: nothing happens, whichever way it is said.
static void
test_who_may(struct fixture *fixture)
{
    static const char *const orders[] = {
        PAUSE("cpu"), RESUME("cpu"), PAUSE("no such pool"),
        ORDER("job.gather",
              "{\"calls\":[{\"method\":\"pool.pause\",\"params\":{\"pool\":\"cpu\"}}]}")};
    pid_t pid = fixture_worker(fixture, POOL_CPU, 0);
    struct peer *stranger = open_tcp(fixture);
    struct peer *owner = open_unix(fixture);

    for (size_t i = 0; i < 4; i++)
        expect_error(peer_ask(stranger, "%s", orders[i]), "\"order\"", ERROR_UNAUTHORISED);
    expect_error(peer_ask(stranger, KILL, "cpu", 0, (int)pid), "\"order\"", ERROR_UNAUTHORISED);
    peer_say(stranger, NOTIFICATION("pool.pause", "{\"pool\":\"cpu\"}"));
    expect_pong(stranger);
    expect_state(fixture, POOL_CPU, "serving");
    assert_int_equal(fixture_worker(fixture, POOL_CPU, 0), pid);
    assert_true(processes_alive(pid));
    expect_result(peer_ask(owner, PAUSE("cpu")), "\"order\"", PAUSED("cpu"));
    expect_error(peer_ask(stranger, RESUME("cpu")), "\"order\"", ERROR_UNAUTHORISED);
    expect_state(fixture, POOL_CPU, "paused");
    expect_state(fixture, POOL_FAULTY, "serving");
    expect_result(peer_ask(owner, RESUME("cpu")), "\"order\"", SERVING("cpu"));
    peer_say(owner, NOTIFICATION("pool.pause", "{\"pool\":\"cpu\"}"));
    expect_pong(owner);
    expect_state(fixture, POOL_CPU, "paused");
    check_contains(peer_ask(owner, "[" RESUME("cpu") "]"), SERVING("cpu"));
}

static void
test_wrong_params(struct fixture *fixture)
{
    static const char *const wrong[] = {
        ORDER("pool.pause", "{}"),
        ORDER("pool.pause", "[]"),
        ORDER("pool.pause", "[1]"),
        ORDER("pool.pause", "{\"pool\":\"cpu \"}"),
        ORDER("pool.pause", "{\"pool\":\"cpu\\u0000\"}"),
        ORDER("pool.pause", "{\"pool\":\"sleep\"}"),
        ORDER("pool.pause", "{\"pool\":\"cpu\",\"slot\":0}"),
        ORDER("pool.resume", "{\"name\":\"cpu\"}"),
        ORDER("worker.kill", "{\"pool\":\"cpu\",\"slot\":0}"),
        ORDER("worker.kill", "{\"pool\":\"cpu\",\"slot\":0,\"pid\":-1}"),
        ORDER("worker.kill", "{\"pool\":\"cpu\",\"slot\":0,\"pid\":0}"),
        ORDER("worker.kill", "{\"pool\":\"cpu\",\"slot\":0,\"pid\":1}"),
        ORDER("worker.kill", "[\"cpu\",0,4294967297]"),
    };
    struct peer *owner = open_unix(fixture);
    pid_t pid = fixture_worker(fixture, POOL_CPU, 0);

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        expect_error(peer_ask(owner, "%s", wrong[i]), "\"order\"", ERROR_INVALID_PARAMS);
    expect_state(fixture, POOL_CPU, "serving");
    assert_int_equal(fixture_worker(fixture, POOL_CPU, 0), pid);
    // A name is a name, however it is written, and params may come by position.
    expect_result(peer_ask(owner, ORDER("pool.pause", "[\"c\\u0070u\"]")), "\"order\"",
                  PAUSED("cpu"));
    expect_result(peer_ask(owner, ORDER("pool.resume", "[\"cpu\"]")), "\"order\"", SERVING("cpu"));
}

// ---- pausing --------------------------------------------------------------------------------

#define CLIENTS 4
#define EACH    60 // jobs of a client

// What has been answered to a client: each of its jobs once, in their order, for they are of one
// session and one priority, and there is one worker.
static void
receive_in_order(struct peer *peer, int client, int first, int count)
{
    for (int i = first; i < first + count; i++) {
        char id[16];
        char result[16];

        snprintf(id, sizeof(id), "%d", i);
        snprintf(result, sizeof(result), "%d", client * 1000 + i);
        expect_result(peer_line(peer), id, result);
    }
}

static void
send_jobs(struct peer *peer, int client, int first, int count)
{
    for (int i = first; i < first + count; i++)
        peer_say(peer, REQUEST("%d", "run", "[%d]"), i, client * 1000 + i);
}

static void
test_pause_under_load(struct fixture *fixture)
{
    struct peer *owner;
    struct peer *peers[CLIENTS];
    json_int_t ran;

    start_whole(fixture, WORKER("0"), "processes = 1\n");
    owner = open_unix(fixture);
    for (int i = 0; i < CLIENTS; i++)
        peers[i] = open_tcp(fixture);
    for (int i = 0; i < CLIENTS; i++)
        send_jobs(peers[i], i, 0, EACH / 2);
    receive_in_order(peers[0], 0, 0, 2); // it is at work
    expect_result(peer_ask(owner, PAUSE("it")), "\"order\"", PAUSED("it"));
    fixture_await(fixture, "pools.0.running", 0);
    ran = fixture_number(fixture, "pools.0.succeeded");
    assert_true(ran < CLIENTS * EACH / 2); // it was paused in the middle
    for (int i = 0; i < CLIENTS; i++)
        send_jobs(peers[i], i, EACH / 2, EACH / 2);
    fixture_await(fixture, "pools.0.queued", CLIENTS * EACH - ran);
    assert_int_equal(fixture_number(fixture, "pools.0.succeeded"), ran);
    assert_int_equal(fixture_number(fixture, "pools.0.running"), 0);
    assert_int_equal(count_lines(fixture, "runs"), ran);
    expect_result(peer_ask(owner, RESUME("it")), "\"order\"", SERVING("it"));
    receive_in_order(peers[0], 0, 2, EACH - 2);
    for (int i = 1; i < CLIENTS; i++)
        receive_in_order(peers[i], i, 0, EACH);
    assert_int_equal(count_lines(fixture, "runs"), CLIENTS * EACH);
}

// Paused and resumed again and again while jobs flow: none is lost, none runs twice.
static void
test_pauses_galore(struct fixture *fixture)
{
    struct peer *peer = start_whole(fixture, WORKER("0"), "processes = 1\n");
    struct peer *owner = open_unix(fixture);

    for (int i = 0; i < 60; i++) {
        send_jobs(peer, 0, i * 5, 5);
        expect_result(peer_ask(owner, PAUSE("it")), "\"order\"", PAUSED("it"));
        expect_result(peer_ask(owner, RESUME("it")), "\"order\"", SERVING("it"));
    }
    receive_in_order(peer, 0, 0, 300);
    assert_int_equal(count_lines(fixture, "runs"), 300);
}

// A client that goes while its jobs wait takes them with it; a timeout is over as ever.
static void
test_what_waits_may_end(struct fixture *fixture)
{
    struct peer *owner = open_unix(fixture);
    struct peer *leaver = open_tcp(fixture);
    struct peer *peer = open_tcp(fixture);
    json_t *data;

    peer_ask(owner, PAUSE("cpu"));
    peer_say(leaver, REQUEST("1", "echo", "[]"));
    peer_say(peer, REQUEST("1", "echo", "[]"));
    fixture_await(fixture, "pools.0.queued", 2);
    peer_close(leaver);
    fixture_await(fixture, "pools.0.queued", 1);
    data = expect_error_data(
        peer_ask(peer, REQUEST_WITH("{\"timeouts\":{\"total\":0.1}}", "2", "echo", "[]")), "2",
        ERROR_TIMED_OUT);
    check_string(data, "cause", "timeout.total");
    check_integer(data, "attempts", 0);
    json_decref(data);
    expect_error(peer_ask(peer, NOTIFICATION("$/cancelRequest", "{\"id\":1}")), "1",
                 ERROR_CANCELLED);
    assert_int_equal(fixture_number(fixture, "pools.0.queued"), 0);
    peer_ask(owner, RESUME("cpu"));
    expect_result(peer_ask(peer, REQUEST("1", "echo", "[]")), "1", "[]");
}

// Takes two jobs, waits until it is told, and gives the second back.
#define GIVES_BACK                                                                          \
    "#!/bin/bash\n"                                                                         \
    "folder=${0%/*}\n"                                                                      \
    "say() { echo \"{\\\"jsonrpc\\\":\\\"2.0\\\",$1}\"; }\n"                                \
    "take() { read -r line; [[ $line =~ \\\"id\\\":([0-9]+) ]]; id=${BASH_REMATCH[1]}; }\n" \
    "say '\"method\":\"worker.ready\",\"params\":{\"prefetch\":true}'\n"                    \
    "take; say \"\\\"id\\\":$id,\\\"result\\\":1\"\n"                                       \
    "take; first=$id\n"                                                                     \
    "take\n"                                                                                \
    "while [ ! -e $folder/release ]; do sleep .02; done\n"                                  \
    "say \"\\\"method\\\":\\\"worker.return\\\",\\\"params\\\":{\\\"ids\\\":[$id]}\"\n"     \
    "say \"\\\"id\\\":$first,\\\"result\\\":2\"\n"                                          \
    "while take; do echo $line >> $folder/runs; say \"\\\"id\\\":$id,\\\"result\\\":3\"; done\n"

// A job that was in a worker's pipe when the pool was paused, and comes back, waits.
static void
test_a_job_ahead(struct fixture *fixture)
{
    struct peer *peer = start_whole(fixture, GIVES_BACK, "processes = 1\nprefetch = 4\n");
    struct peer *owner = open_unix(fixture);

    expect_result(peer_ask(peer, REQUEST("1", "run", "[]")), "1", "1");
    peer_say(peer, "%s\n%s", REQUEST("2", "run", "[]"), REQUEST("3", "run", "[]"));
    fixture_await(fixture, "pools.0.workers.0.waiting", 1);
    expect_result(peer_ask(owner, PAUSE("it")), "\"order\"", PAUSED("it"));
    jobs_release(fixture);
    expect_result(peer_line(peer), "2", "2");
    fixture_await(fixture, "pools.0.workers.0.waiting", 0);
    assert_int_equal(fixture_number(fixture, "pools.0.queued"), 1);
    assert_int_equal(count_lines(fixture, "runs"), 0);
    expect_result(peer_ask(owner, RESUME("it")), "\"order\"", SERVING("it"));
    expect_result(peer_line(peer), "3", "3");
    assert_int_equal(count_lines(fixture, "runs"), 1);
}

static void
test_commands(struct fixture *fixture)
{
    struct peer *owner;
    struct peer *peer;

    daemon_configure(&fixture->daemon,
                     "[pool sh]\ncommand = /bin/sh -c {script}\nmethods = sh\nprocesses = 2\n");
    daemon_start(&fixture->daemon, NULL, NULL);
    owner = open_unix(fixture);
    peer = open_tcp(fixture);
    expect_result(peer_ask(owner, PAUSE("sh")), "\"order\"", PAUSED("sh"));
    for (int i = 0; i < 3; i++)
        peer_say(peer, REQUEST("%d", "sh", "[\"exit 0\"]"), i);
    fixture_await(fixture, "pools.0.queued", 3);
    expect_error(peer_ask(owner, KILL, "sh", 0, (int)fixture->daemon.pid), "\"order\"",
                 ERROR_INVALID_PARAMS);
    expect_result(peer_ask(owner, RESUME("sh")), "\"order\"", SERVING("sh"));
    for (int i = 0; i < 3; i++)
        check_contains(peer_line(peer), "\"exit_code\":0");
}

// The pool's new form is paused like the old one; jobs that only the old one can run wait in it.
static void
test_another_configuration(struct fixture *fixture)
{
    struct peer *peer = start_whole(fixture, WORKER("0"), "processes = 1\n");
    struct peer *owner = open_unix(fixture);

    peer_ask(owner, PAUSE("it"));
    peer_say(peer, REQUEST("1", "run", "[1]"));
    peer_say(peer, REQUEST("2", "grow", "[0]"));
    fixture_await(fixture, "pools.0.queued", 2);
    daemon_configure(&fixture->daemon, "[pool it]\nprogram = %F/worker\nmethods = run\n"
                                       "wait-ready = yes\nprocesses = 2\n");
    assert_int_equal(kill(fixture->daemon.pid, SIGHUP), 0);
    fixture_await(fixture, "configuration.generation", 2);
    expect_state(fixture, 0, "paused");
    expect_state(fixture, 1, "paused");
    fixture_await(fixture, "pools.0.queued", 1);
    fixture_await(fixture, "pools.1.queued", 1);
    assert_int_equal(count_lines(fixture, "runs"), 0);
    expect_result(peer_ask(owner, RESUME("it")), "\"order\"", SERVING("it"));
    check_contains(peer_line(peer), "\"result\":");
    check_contains(peer_line(peer), "\"result\":");
    fixture_await(fixture, "pools.0.queued", 0);
    assert_int_equal(count_lines(fixture, "runs"), 1);
    fixture_forget(fixture); // there are more workers than at first
}

static void
test_stopped_while_paused(struct fixture *fixture)
{
    struct peer *owner = open_unix(fixture);
    struct peer *peer = open_tcp(fixture);
    int status;

    jobs_hold(fixture, peer, "1");
    fixture_await(fixture, "pools.1.running", 1);
    peer_ask(owner, PAUSE("faulty"));
    peer_say(peer, REQUEST("2", "faulty.pid", "[]"));
    fixture_await(fixture, "pools.1.queued", 1);
    fixture_forget(fixture);
    assert_int_equal(kill(fixture->daemon.pid, SIGTERM), 0);
    expect_error(peer_line(peer), "2", ERROR_SHUTTING_DOWN);
    jobs_release(fixture);
    expect_result(peer_line(peer), "1", "\"released\"");
    peer_expect_end(peer);
    status = daemon_wait(&fixture->daemon);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    daemon_expect_none_left(0);
}

// ---- killing --------------------------------------------------------------------------------

static void
kill_it(struct peer *owner, const char *pool, int slot, pid_t pid)
{
    char result[32];

    snprintf(result, sizeof(result), "{\"pid\":%d}", (int)pid);
    expect_result(peer_ask(owner, KILL, pool, slot, (int)pid), "\"order\"", result);
}

// Waits until another worker is ready there. Between the two there is none.
static void
await_successor(struct fixture *fixture, int pool, pid_t pid)
{
    int64_t deadline = deadline_in(PATIENCE);
    bool there = false;

    while (!there) {
        json_auto_t *status = fixture_status(fixture);
        json_t *worker = json_array_get(
            json_at(json_array_get(json_object_get(status, "pools"), (size_t)pool), "workers"), 0);

        there = worker != NULL && json_integer_value(json_object_get(worker, "pid")) != pid &&
                strcmp(json_string_value(json_object_get(worker, "state")), "ready") == 0;
        if (!there && deadline_passed(deadline))
            fail_msg("the worker is not replaced");
        if (!there)
            deadline_pause();
    }
}

static void
expect_killed(const char *line, const char *id, pid_t pid, int attempts)
{
    json_auto_t *data = expect_error_data(line, id, ERROR_JOB_FAILED);

    check_string(data, "cause", "killed");
    check_integer(data, "pid", pid);
    check_integer(data, "attempts", attempts);
    assert_null(json_object_get(data, "signal"));
}

// Its group goes at once, whatever it does with signals; the others of the pool do not notice.
static void
test_kill(struct fixture *fixture)
{
    struct peer *owner = open_unix(fixture);
    struct peer *peer = open_tcp(fixture);
    pid_t other = fixture_worker(fixture, POOL_CPU, 0);
    pid_t pid = fixture_worker(fixture, POOL_FAULTY, 0);
    int64_t deadline = deadline_in(PATIENCE);
    char path[128];
    char *text = NULL;
    int child = 0;

    snprintf(path, sizeof(path), "%s/family", fixture->daemon.folder);
    peer_say(peer, REQUEST("1", "stubborn_family", "[\"%s\"]"), path);
    while ((text = read_text(path)) == NULL || sscanf(text, "%*d %d", &child) != 1) {
        free(text);
        if (deadline_passed(deadline))
            fail_msg("there is no family");
        deadline_pause();
    }
    free(text);
    kill_it(owner, "faulty", 0, pid);
    expect_killed(peer_line(peer), "1", pid, 1);
    processes_await_end(pid);
    processes_await_end(child);
    await_successor(fixture, POOL_FAULTY, pid);
    assert_int_equal(fixture_worker(fixture, POOL_CPU, 0), other);
    assert_int_equal(fixture_number(fixture, "pools.1.lost"), 1);
    assert_int_equal(fixture_number(fixture, "pools.1.restarts"), 1);
    await_log(fixture, "killed by worker.kill");
}

static void
test_kill_with_retries(struct fixture *fixture)
{
    struct peer *owner = open_unix(fixture);
    struct peer *peer = open_tcp(fixture);
    pid_t pid;

    for (int i = 0; i < 2; i++) {
        peer_say(peer, REQUEST_WITH("{\"retries\":1}", "1", "faulty.hold", "[\"%s/release%d\"]"),
                 fixture->daemon.folder, i);
        fixture_await(fixture, "pools.1.running", 1);
        pid = fixture_worker(fixture, POOL_FAULTY, 0);
        kill_it(owner, "faulty", 0, pid);
        await_successor(fixture, POOL_FAULTY, pid);
        fixture_await(fixture, "pools.1.running", 1);
        pid = fixture_worker(fixture, POOL_FAULTY, 0);
        if (i == 0) { // once more than it may
            kill_it(owner, "faulty", 0, pid);
            expect_killed(peer_line(peer), "1", pid, 2);
        } else {
            char path[128];

            snprintf(path, sizeof(path), "%s/release1", fixture->daemon.folder);
            write_text(path, "");
            expect_result(peer_line(peer), "1", "\"released\"");
        }
        fixture_await_workers(fixture);
    }
}

// In a pool that is paused the worker is replaced all the same, and the job waits.
static void
test_kill_while_paused(struct fixture *fixture)
{
    struct peer *owner = open_unix(fixture);
    struct peer *peer = open_tcp(fixture);
    pid_t pid = fixture_worker(fixture, POOL_FAULTY, 0);

    peer_say(peer, REQUEST_WITH("{\"retries\":1}", "1", "faulty.hold", "[\"%s/release\"]"),
             fixture->daemon.folder);
    fixture_await(fixture, "pools.1.running", 1);
    peer_ask(owner, PAUSE("faulty"));
    kill_it(owner, "faulty", 0, pid);
    fixture_await(fixture, "pools.1.queued", 1);
    await_successor(fixture, POOL_FAULTY, pid);
    assert_int_equal(fixture_number(fixture, "pools.1.running"), 0);
    jobs_release(fixture);
    peer_ask(owner, RESUME("faulty"));
    expect_result(peer_line(peer), "1", "\"released\"");
}

// Neither the worker of another slot or pool, nor the one that was there before, nor anybody else.
static void
test_wrong_pid(struct fixture *fixture)
{
    struct peer *peer = start_whole(fixture, WORKER("0"), WHOLE);
    struct peer *owner = open_unix(fixture);
    pid_t pids[3];

    pids[0] = fixture_worker(fixture, 0, 0);
    pids[1] = fixture_worker(fixture, 0, 1);
    pids[2] = getpid();
    for (int i = 1; i < 3; i++)
        expect_error(peer_ask(owner, KILL, "it", 0, (int)pids[i]), "\"order\"",
                     ERROR_INVALID_PARAMS);
    expect_error(peer_ask(owner, KILL, "it", 2, (int)pids[0]), "\"order\"", ERROR_INVALID_PARAMS);
    expect_error(peer_ask(owner, KILL, "it", 2147483647, (int)pids[0]), "\"order\"",
                 ERROR_INVALID_PARAMS);
    expect_error(peer_ask(owner, KILL, "other", 0, (int)pids[0]), "\"order\"",
                 ERROR_INVALID_PARAMS);
    for (int i = 0; i < 3; i++)
        assert_true(processes_alive(pids[i]));
    kill_it(owner, "it", 0, pids[0]);
    processes_await_end(pids[0]);
    await_successor(fixture, 0, pids[0]);
    fixture_await_workers(fixture);
    expect_error(peer_ask(owner, KILL, "it", 0, (int)pids[0]), "\"order\"", ERROR_INVALID_PARAMS);
    assert_int_equal(fixture_worker(fixture, 0, 1), pids[1]);
    assert_int_equal(fixture_number(fixture, "pools.0.restarts"), 1);
    expect_result(peer_ask(peer, REQUEST("1", "run", "[7]")), "1", "7");
}

#define RACES 150
#define BURST 4

// Jobs come, and the worker is killed at whatever moment that is: each has one answer, and what
// was answered with a result has run once.
static void
test_kill_raced_by_answers(struct fixture *fixture)
{
    struct peer *peer = start_whole(fixture, WORKER("0"), "processes = 1\n");
    struct peer *owner = open_unix(fixture);
    size_t succeeded = 0;
    size_t lost = 0;

    for (int i = 0; i < RACES; i++) {
        pid_t pid = fixture_worker(fixture, 0, 0);

        send_jobs(peer, 0, i * BURST, BURST);
        usleep((unsigned)(i % 16) * 500); // not for luck: each moment may be the one
        kill_it(owner, "it", 0, pid);
        for (int j = 0; j < BURST; j++) {
            char *line = peer_line(peer);

            succeeded += strstr(line, "\"result\":") != NULL;
            lost += strstr(line, "\"cause\":\"killed\"") != NULL;
        }
        assert_int_equal(succeeded + lost, (i + 1) * BURST);
        await_successor(fixture, 0, pid);
    }
    print_message("%zu jobs succeeded, %zu were lost\n", succeeded, lost);
    assert_true(succeeded > 0);
    assert_int_equal(fixture_number(fixture, "jobs.succeeded"), succeeded);
    assert_int_equal(fixture_number(fixture, "jobs.lost"), lost);
    assert_true(count_lines(fixture, "runs") >= succeeded);
    assert_true(count_lines(fixture, "runs") <= succeeded + lost);
    assert_int_equal(count_lines(fixture, "starts"), RACES + 1);
}

HARNESS_MAIN(SCENARIO_CONFIG(test_who_may, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_wrong_params, CONFIG_FAULTY),
             SCENARIO_MANUAL(test_pause_under_load), SCENARIO_MANUAL(test_pauses_galore),
             SCENARIO_CONFIG(test_what_waits_may_end, CONFIG_FAULTY),
             SCENARIO_MANUAL(test_a_job_ahead), SCENARIO_MANUAL(test_commands),
             SCENARIO_MANUAL(test_another_configuration),
             SCENARIO_CONFIG(test_stopped_while_paused, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_kill, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_kill_with_retries, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_kill_while_paused, CONFIG_FAULTY),
             SCENARIO_MANUAL(test_wrong_pid), SCENARIO_MANUAL(test_kill_raced_by_answers))
