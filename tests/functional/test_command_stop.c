// Job commands that are stopped before they end by themselves: with all their children.
#include "shell_jobs.h"

#include <sys/wait.h>

// ---- stopping -------------------------------------------------------------------------------

// Three processes that ignore SIGTERM, one of them in the background.
#define STUBBORN                                                                              \
    "trap '' TERM; echo $$ >> pids; (echo $(exec sh -c 'echo $PPID') >> pids; sleep 1000) & " \
    "sh -c 'echo $$ >> pids; sleep 1000'"

static void
test_a_timeout_kills_all_of_it(struct fixture *fixture)
{
    struct peer *peer = start(fixture, NULL);
    int descriptors = count_descriptors(fixture);
    json_auto_t *data = NULL;
    pid_t pids[3];

    peer_say(peer, SH_WITH("1", "echo said >&2; " STUBBORN, "{\"timeouts\":{\"run\":1.5}}"));
    await_pids(fixture, 3, pids);
    data = expect_error_data(peer_line(peer), "1", ERROR_TIMED_OUT);
    check_string(data, "cause", "timeout.run");
    check_string(data, "stderr", "said\n");
    check_integer(data, "pid", pids[0]);
    await_dead(pids, 3);
    expect_nothing_left(fixture, descriptors);
    expect_pong(peer);
}

// SIGTERM comes first: who heeds it may tidy up, but gets no more answers to anybody.
static void
test_a_timeout_lets_it_tidy_up(struct fixture *fixture)
{
    struct peer *peer = start(fixture, NULL);
    int descriptors = count_descriptors(fixture);
    char path[96];
    pid_t pid;

    peer_say(peer,
             SH_WITH("1",
                     "trap 'echo tidied; touch tidy; exit 0' TERM; echo $$ > pids; sleep 1000 & "
                     "wait",
                     "{\"timeouts\":{\"silence\":1},\"progress\":true}"));
    await_pids(fixture, 1, &pid);
    expect_error(peer_line(peer), "1", ERROR_TIMED_OUT);
    await_dead(&pid, 1);
    expect_nothing_left(fixture, descriptors);
    snprintf(path, sizeof(path), "%s/tidy", fixture->daemon.folder);
    assert_int_equal(access(path, F_OK), 0);
    expect_pong(peer);
}

static void
test_cancelling_kills_all_of_it(struct fixture *fixture)
{
    struct peer *peer = start(fixture, NULL);
    int descriptors = count_descriptors(fixture);
    pid_t pids[3];

    peer_say(peer, SH("\"x\"", STUBBORN));
    await_pids(fixture, 3, pids);
    peer_say(peer, NOTIFICATION("$/cancelRequest", "{\"id\":\"x\"}"));
    expect_error(peer_line(peer), "\"x\"", ERROR_CANCELLED);
    await_dead(pids, 3);
    expect_nothing_left(fixture, descriptors);
}

static void
test_a_client_that_goes_kills_all_of_it(struct fixture *fixture)
{
    struct peer *watcher = start(fixture, NULL), *peer;
    int descriptors = count_descriptors(fixture);
    pid_t pids[3];

    peer = open_tcp(fixture);
    peer_say(peer, SH("1", STUBBORN));
    await_pids(fixture, 3, pids);
    peer_reset(peer); // closing a TCP connection alone is only the end of the requests
    await_dead(pids, 3);
    expect_nothing_left(fixture, descriptors);
    expect_pong(watcher);
}

// What a command leaves in the background neither holds the answer nor outlives it.
static void
test_a_background_process_goes_too(struct fixture *fixture)
{
    struct peer *peer = start(fixture, NULL);
    int descriptors = count_descriptors(fixture);
    pid_t pid;

    expect_result(peer_ask(peer, SH("1", "sleep 1000 & echo $! > pids; echo on")), "1",
                  STDOUT("on\\n"));
    expect_nothing_left(fixture, descriptors);
    await_pids(fixture, 1, &pid);
    await_dead(&pid, 1);
}

// ---- the daemon's end -----------------------------------------------------------------------

static void
expect_exit_0(struct fixture *fixture)
{
    int status = daemon_wait(&fixture->daemon);

    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    daemon_expect_none_left(PATIENCE);
}

static void
test_drain_waits(struct fixture *fixture)
{
    struct peer *peer = start(fixture, NULL);

    peer_say(peer, SH("1", HOLD));
    fixture_await(fixture, POOL_SH ".running", 1);
    assert_int_equal(kill(fixture->daemon.pid, SIGTERM), 0);
    for (bool draining = false; !draining;) {
        json_auto_t *status = fixture_status(fixture);

        draining = strcmp(check_text(status, "state"), "draining") == 0;
    }
    expect_error(peer_ask(peer, SH("2", "exit 0")), "2", ERROR_SHUTTING_DOWN);
    fixture_forget(fixture);
    jobs_release(fixture);
    expect_result(peer_line(peer), "1", STDOUT("0"));
    expect_exit_0(fixture);
}

static void
test_drain_gives_up(struct fixture *fixture)
{
    static const char *const arguments[] = {"--set", "server.drain-timeout=300ms", NULL};
    struct peer *peer = start(fixture, arguments);
    pid_t pids[3];

    peer_say(peer, SH("1", STUBBORN));
    await_pids(fixture, 3, pids);
    fixture_forget(fixture);
    assert_int_equal(kill(fixture->daemon.pid, SIGTERM), 0);
    expect_error(peer_line(peer), "1", ERROR_SHUTTING_DOWN);
    expect_exit_0(fixture);
    await_dead(pids, 3);
}

HARNESS_MAIN(SCENARIO_MANUAL(test_a_timeout_kills_all_of_it),
             SCENARIO_MANUAL(test_a_timeout_lets_it_tidy_up),
             SCENARIO_MANUAL(test_cancelling_kills_all_of_it),
             SCENARIO_MANUAL(test_a_client_that_goes_kills_all_of_it),
             SCENARIO_MANUAL(test_a_background_process_goes_too), SCENARIO_MANUAL(test_drain_waits),
             SCENARIO_MANUAL(test_drain_gives_up))
