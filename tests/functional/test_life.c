// How the daemon ends: what runs is finished, what waits is refused, nothing is left behind.
#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void
expect_exit_0(struct fixture *fixture)
{
    int status = daemon_wait(&fixture->daemon);

    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("wait status 0x%x", status);
    daemon_expect_none_left(0);
}

// Waits until nobody can connect any more.
static void
await_no_listener(const char *address)
{
    int64_t deadline = deadline_in(PATIENCE);
    struct peer peer;

    while (peer_try_connect(&peer, address)) {
        peer_close(&peer);
        if (deadline_passed(deadline))
            fail_msg("%s still takes connections", address);
        deadline_pause();
    }
}

// One job runs, one waits, a sleep sleeps: the first and the last are finished.
static void
stop_while_busy(struct fixture *fixture, int signal_number)
{
    struct peer *peer = open_tcp(fixture);

    jobs_hold(fixture, peer, "1");
    fixture_await(fixture, "pools.1.running", 1);
    peer_say(peer, REQUEST("2", "faulty.pid", "[]"));
    fixture_await(fixture, "jobs.queued", 1);
    fixture_forget(fixture);
    assert_int_equal(kill(fixture->daemon.pid, signal_number), 0);
    expect_error(peer_line(peer), "2", ERROR_SHUTTING_DOWN);
    await_no_listener(fixture->daemon.tcp_address);
    await_no_listener(fixture->daemon.unix_address);
    expect_error(peer_ask(peer, REQUEST("3", "sum_squares", "[1]")), "3", ERROR_SHUTTING_DOWN);
    jobs_release(fixture);
    expect_result(peer_line(peer), "1", "\"released\"");
    peer_expect_end(peer);
    expect_exit_0(fixture);
    assert_int_not_equal(access(fixture->daemon.unix_path, F_OK), 0);
}

static void
test_sigterm_finishes_what_runs(struct fixture *fixture)
{
    stop_while_busy(fixture, SIGTERM);
}

static void
test_sigint_finishes_what_runs(struct fixture *fixture)
{
    stop_while_busy(fixture, SIGINT);
}

static void
test_a_batch_is_finished_too(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    json_auto_t *answers = NULL;

    peer_say(peer,
             "[" REQUEST("1", "faulty.hold", "[\"%s/release\"]") "," REQUEST("2", "faulty.pid",
                                                                             "[]") "]",
             fixture->daemon.folder);
    fixture_await(fixture, "pools.1.running", 1);
    fixture_await(fixture, "jobs.queued", 1);
    fixture_forget(fixture);
    assert_int_equal(kill(fixture->daemon.pid, SIGTERM), 0);
    await_no_listener(fixture->daemon.tcp_address);
    jobs_release(fixture);
    answers = parse_json(peer_line(peer));
    assert_string_equal(json_string_value(json_at(answers, "0.result")), "released");
    assert_int_equal(json_integer_value(json_at(answers, "1.error.code")), ERROR_SHUTTING_DOWN);
    peer_expect_end(peer);
    expect_exit_0(fixture);
}

static void
test_a_sleep_is_finished_too(struct fixture *fixture)
{
    struct peer *peer = open_unix(fixture);

    peer_say(peer, REQUEST("1", "sleep", "[0.5]"));
    fixture_await(fixture, "jobs.running", 1);
    fixture_forget(fixture);
    assert_int_equal(kill(fixture->daemon.pid, SIGTERM), 0);
    expect_result(peer_line(peer), "1", "\"Operation completed after 0.5 seconds\"");
    peer_expect_end(peer);
    expect_exit_0(fixture);
}

// Jobs that never end, in a worker that ignores SIGTERM: after drain-timeout they are given up.
static void
test_the_drain_timeout(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    struct peer *other = open_unix(fixture);

    peer_say(peer, REQUEST("1", "faulty.stubborn", "[]"));
    peer_say(other, REQUEST("2", "sum_squares", "[4398046511104]"));
    fixture_await(fixture, "jobs.running", 2);
    peer_say(peer, REQUEST("3", "sleep", "[100000]"));
    fixture_await(fixture, "jobs.running", 3);
    fixture_forget(fixture);
    assert_int_equal(kill(fixture->daemon.pid, SIGTERM), 0);
    for (int i = 0; i < 2; i++) {
        const char *line = peer_line(peer);

        expect_error(line, strstr(line, "\"id\":1,") != NULL ? "1" : "3", ERROR_SHUTTING_DOWN);
    }
    expect_error(peer_line(other), "2", ERROR_SHUTTING_DOWN);
    peer_expect_end(peer);
    peer_expect_end(other);
    expect_exit_0(fixture);
}

// Idle sessions, half lines and clients that do not read keep nobody from stopping.
static void
test_idle_sessions_do_not_hold_it(struct fixture *fixture)
{
    struct peer *idle = open_tcp(fixture);
    struct peer *half = open_unix(fixture);

    peer_send(half, "{\"jsonrpc\":", 11);
    expect_result(peer_ask(idle, REQUEST("1", "echo", "[]")), "1", "[]");
    fixture_await(fixture, "sessions.open", 3);
    fixture_forget(fixture);
    assert_int_equal(kill(fixture->daemon.pid, SIGTERM), 0);
    peer_expect_end(idle);
    expect_exit_0(fixture);
}

static void
test_a_deaf_client_does_not_hold_it(struct fixture *fixture)
{
    static const char head[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\",\"params\":[\"";
    static char line[1000000];
    struct peer *deaf = open_tcp(fixture);

    memset(line, 'x', sizeof(line));
    memcpy(line, head, sizeof(head) - 1);
    memcpy(line + sizeof(line) - 4, "\"]}\n", 4);
    for (int i = 0; i < 20; i++)
        if (peer_send_some(deaf, line, sizeof(line)) < sizeof(line))
            break;
    fixture_forget(fixture);
    assert_int_equal(kill(fixture->daemon.pid, SIGTERM), 0);
    expect_exit_0(fixture);
}

// Signalled at every moment of its start, it ends well or dies of the signal, and leaves nobody.
static void
test_stopping_while_starting(struct fixture *fixture)
{
    for (int i = 0; i < 20; i++) {
        int64_t deadline = deadline_in(0.004 * i);
        int status;

        daemon_spawn(&fixture->daemon, NULL, NULL);
        while (!deadline_passed(deadline))
            ;
        kill(fixture->daemon.pid, SIGTERM);
        status = daemon_wait(&fixture->daemon);
        if (WIFEXITED(status))
            assert_int_equal(WEXITSTATUS(status), 0);
        else
            assert_int_equal(WTERMSIG(status), SIGTERM);
        daemon_expect_none_left(PATIENCE);
        unlink(fixture->daemon.unix_path);
    }
}

HARNESS_MAIN(SCENARIO_CONFIG(test_sigterm_finishes_what_runs, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_sigint_finishes_what_runs, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_a_batch_is_finished_too, CONFIG_FAULTY),
             SCENARIO(test_a_sleep_is_finished_too),
             SCENARIO_CONFIG(test_the_drain_timeout, CONFIG_FAULTY, "--set",
                             "server.drain-timeout=200ms"),
             SCENARIO(test_idle_sessions_do_not_hold_it),
             SCENARIO(test_a_deaf_client_does_not_hold_it, "--set", "server.drain-timeout=200ms"),
             SCENARIO_MANUAL(test_stopping_while_starting))
