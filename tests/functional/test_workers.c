// Worker processes as such: what they inherit, that their threads run together, that they die with
// the daemon, and that a dead one is replaced.
#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LARGEST "4398046511104" // sum_squares of it runs for hours
#define PLANTED                                                                                   \
    "FOO_TOKEN=secret", "NOTIFY_SOCKET=/nowhere", "LISTEN_FDS=1", "LISTEN_PID=1", "LD_PLANTED=x", \
        "JOURNAL_STREAM=1:1", "FOO=bar"
#define WRAPPED (getenv("OFFLOAD_TEST_WRAP") != NULL)

static void
expect_clean_environment(pid_t worker)
{
    static const char *const planted[] = {"FOO_TOKEN",  "NOTIFY_SOCKET", "LISTEN_FDS",
                                          "LISTEN_PID", "LD_PLANTED",    "JOURNAL_STREAM",
                                          "FOO"};

    assert_true(processes_has_variable(worker, "OFFLOAD_POOL"));
    assert_true(processes_has_variable(worker, "OFFLOAD_SLOT"));
    assert_true(processes_has_variable(worker, "PATH"));
    for (size_t i = 0; i < sizeof(planted) / sizeof(planted[0]); i++)
        if (processes_has_variable(worker, planted[i]))
            fail_msg("the worker has the variable %s", planted[i]);
}

static void
expect_clean_worker(struct fixture *fixture, pid_t worker)
{
    assert_true(processes_descriptors_are_standard(worker));
    assert_int_equal(getpgid(worker), worker);
    assert_int_not_equal(getpgid(fixture->daemon.pid), worker);
    expect_clean_environment(worker);
}

static void
test_workers_inherit_nothing(struct fixture *fixture)
{
    // Sessions are open and jobs have run: their descriptors must not get into new workers.
    struct peer *peers[] = {open_tcp(fixture), open_unix(fixture)};
    pid_t first = fixture_worker(fixture, POOL_CPU, 0), second;
    char faulty[16];

    // An answer shows that the worker is past its exec.
    expect_result(peer_ask(peers[0], REQUEST("1", "echo", "[]")), "1", "[]");
    snprintf(faulty, sizeof(faulty), "%d", (int)fixture_worker(fixture, POOL_FAULTY, 0));
    expect_result(peer_ask(peers[1], REQUEST("1", "faulty.pid", "[]")), "1", faulty);
    expect_clean_worker(fixture, first);
    expect_clean_worker(fixture, fixture_worker(fixture, POOL_FAULTY, 0));
    if (!WRAPPED) { // valgrind has masks of its own; offload-worker ignores SIGPIPE by its own
                    // choice
        assert_int_equal(processes_signal_set(fixture_worker(fixture, POOL_FAULTY, 0), "SigIgn"),
                         0);
        assert_int_equal(processes_signal_set(fixture_worker(fixture, POOL_FAULTY, 0), "SigBlk"),
                         0);
    }
    assert_int_equal(kill(first, SIGKILL), 0);
    fixture_await(fixture, "pools.0.restarts", 1);
    expect_result(peer_ask(peers[0], REQUEST("1", "echo", "[]")), "1", "[]");
    fixture_await_workers(fixture);
    second = fixture_worker(fixture, POOL_CPU, 0);
    assert_int_not_equal(first, second);
    expect_clean_worker(fixture, second);
}

static void
test_a_worker_that_dies_idle_is_replaced(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    pid_t first = fixture_worker(fixture, POOL_CPU, 0);

    assert_int_equal(kill(first, SIGKILL), 0);
    fixture_await(fixture, "pools.0.restarts", 1);
    fixture_await_workers(fixture);
    assert_int_not_equal(fixture_worker(fixture, POOL_CPU, 0), first);
    expect_result(peer_ask(peer, REQUEST("1", "sum_squares", "[10]")), "1", "285");
}

// Waits until so many threads of a process have really worked.
static void
await_busy_threads(pid_t pid, int count)
{
    int64_t deadline = deadline_in(PATIENCE);

    while (processes_busy_threads(pid, 5) < count) {
        if (deadline_passed(deadline))
            fail_msg("only %d threads of the worker work", processes_busy_threads(pid, 5));
        deadline_pause();
    }
}

static void
expect_killed(char *line, const char *id, pid_t worker)
{
    json_auto_t *data = expect_error_data(line, id, ERROR_JOB_FAILED);

    check_string(data, "cause", "signal");
    check_string(data, "signal", "SIGKILL");
    check_integer(data, "pid", worker);
}

// Two endless jobs run at once in one process. Killed, it takes just them along: a job of another
// pool and one that waits in the queue go well.
static void
test_threads_of_a_worker_run_together_and_die_together(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    pid_t worker = fixture_worker(fixture, 0, 0);
    char *line;

    peer_say(peer, REQUEST("1", "threads.sum_squares", "[" LARGEST "]"));
    peer_say(peer, REQUEST("1.0", "threads.sum_squares", "[" LARGEST "]"));
    fixture_await(fixture, "pools.0.workers.0.running", 2);
    await_busy_threads(worker, 2);
    peer_say(peer, REQUEST("3", "threads.sum_squares", "[10]"));
    expect_result(peer_ask(peer, REQUEST("4", "beside.sum_squares", "[10]")), "4", "285");
    fixture_await(fixture, "jobs.queued", 1);
    assert_int_equal(fixture_worker(fixture, 0, 0), worker);
    assert_int_equal(kill(worker, SIGKILL), 0);
    line = peer_line(peer);
    expect_killed(line, strstr(line, "\"id\":1,") != NULL ? "1" : "1.0", worker);
    line = peer_line(peer);
    expect_killed(line, strstr(line, "\"id\":1,") != NULL ? "1" : "1.0", worker);
    expect_result(peer_line(peer), "3", "285");
}

// A short job overtakes a long one in the same process.
static void
test_threads_answer_as_they_complete(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    peer_say(peer, REQUEST("1", "threads.sum_squares", "[" LARGEST "]"));
    fixture_await(fixture, "pools.0.workers.0.running", 1);
    for (int i = 0; i < 100; i++)
        expect_result(peer_ask(peer, REQUEST("2", "threads.sum_squares", "[10]")), "2", "285");
    peer_say(peer, NOTIFICATION("$/cancelRequest", "{\"id\":1}"));
    expect_error(peer_line(peer), "1", ERROR_CANCELLED);
}

static void
test_cancelling(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    pid_t worker = fixture_worker(fixture, POOL_CPU, 0);

    peer_say(peer, REQUEST("\"run\"", "sum_squares", "[" LARGEST "]"));
    fixture_await(fixture, "pools.0.running", 1);
    peer_say(peer, REQUEST("\"queue\"", "sum_squares", "[10]"));
    peer_say(peer, REQUEST("\"later\"", "sum_squares", "[3]"));
    peer_say(peer, REQUEST("\"sleep\"", "sleep", "[100000]"));
    peer_say(peer, NOTIFICATION("$/cancelRequest", "{\"id\":\"queue\"}"));
    expect_error(peer_line(peer), "\"queue\"", ERROR_CANCELLED);
    peer_say(peer, NOTIFICATION("$/cancelRequest", "{\"id\":\"sleep\"}"));
    expect_error(peer_line(peer), "\"sleep\"", ERROR_CANCELLED);
    peer_say(peer, NOTIFICATION("$/cancelRequest", "{\"id\":\"queue\"}")); // over already: ignored
    peer_say(peer, NOTIFICATION("$/cancelRequest", "{\"id\":\"run\"}"));
    expect_error(peer_line(peer), "\"run\"", ERROR_CANCELLED);
    expect_result(peer_line(peer), "\"later\"", "5");
    assert_int_not_equal(fixture_worker(fixture, POOL_CPU, 0), worker); // really stopped
    processes_await_end(worker);
}

static void
test_workers_die_with_the_daemon(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    pid_t children[PROCESSES_MAX];

    peer_say(peer, REQUEST("1", "sum_squares", "[" LARGEST "]"));
    peer_say(peer, REQUEST("2", "faulty.stubborn", "[]"));
    fixture_await(fixture, "jobs.running", 2);
    assert_int_equal(processes_children(fixture->daemon.pid, children), 2);
    fixture_forget(fixture);
    assert_int_equal(kill(fixture->daemon.pid, SIGKILL), 0);
    daemon_wait(&fixture->daemon);
    daemon_expect_none_left(PATIENCE);
}

static void
expect_cannot_start(struct peer *peer)
{
    json_auto_t *data =
        expect_error_data(peer_ask(peer, REQUEST("1", "something", "[]")), "1", ERROR_JOB_FAILED);

    check_string(data, "cause", "start");
    check_string(data, "pool", "broken");
}

static void
test_a_program_that_does_not_exist(struct fixture *fixture)
{
    struct peer *peer;

    daemon_configure(&fixture->daemon, "[pool cpu]\nbuiltin = yes\nprocesses = 1\n"
                                       "[pool broken]\nprogram = %F/no-such-program\n"
                                       "methods = something\nprocesses = 1\n");
    daemon_start(&fixture->daemon, NULL, NULL);
    peer = open_tcp(fixture);
    expect_cannot_start(peer);
    expect_result(peer_ask(peer, REQUEST("1", "sum_squares", "[10]")), "1", "285");
    expect_cannot_start(peer);
}

#define CONFIG_THREADS                                            \
    "[pool threads]\nbuiltin = yes\nprocesses = 1\nthreads = 2\n" \
    "[pool beside]\nbuiltin = yes\nprocesses = 1\n"

HARNESS_MAIN(SCENARIO_OF(test_workers_inherit_nothing, .config = CONFIG_FAULTY,
                         .environment = (const char *const[]){PLANTED, NULL}),
             SCENARIO_CONFIG(test_a_worker_that_dies_idle_is_replaced, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_threads_of_a_worker_run_together_and_die_together,
                             CONFIG_THREADS),
             SCENARIO_CONFIG(test_threads_answer_as_they_complete, CONFIG_THREADS),
             SCENARIO_CONFIG(test_cancelling, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_workers_die_with_the_daemon, CONFIG_FAULTY),
             SCENARIO_MANUAL(test_a_program_that_does_not_exist))
