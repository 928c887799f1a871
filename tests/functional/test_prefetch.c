// Jobs ahead in the workers' pipes: tiny ones flow without waiting for each other, and none ever
// waits for a long one. Told by counts and order: the long job is one that does not end by itself
// within the test, and is cancelled.
#include "common/errors.h"
#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TINY      500
#define MANY_LONG 9
#define FOREVER   "{\"n\":4398046511104}" // of sum_squares: a quarter of an hour
#define CANCEL    NOTIFICATION("$/cancelRequest", "{\"id\":\"long\"}")

// One method for both, so that nothing but the time tells them apart.
#define ONE_PROCESS   "[pool cpu]\nbuiltin = yes\nprocesses = 1\nkill-delay = 100ms\n"
#define TWO_PROCESSES "[pool cpu]\nbuiltin = yes\nprocesses = 2\nkill-delay = 100ms\n"
#define MANY          "[pool cpu]\nbuiltin = yes\nprocesses = 12\nkill-delay = 100ms\n"
#define TWO_THREADS   "[pool cpu]\nbuiltin = yes\nprocesses = 1\nthreads = 2\nkill-delay = 100ms\n"
#define TIMEOUT       ONE_PROCESS "timeout-run = 300ms\n"
#define A_PLUGIN      "[pool cpu]\nplugin = " PLUGIN_TEST "\nmethods = sum_squares\nprocesses = 1\n"

static void
say_tiny(struct peer *peer, int from, int to)
{
    char *text = malloc((size_t)(to - from) * 80 + 1);
    size_t length = 0;

    assert_non_null(text);
    for (int i = from; i < to; i++)
        length += (size_t)sprintf(text + length, REQUEST("%d", "sum_squares", "[4]") "\n", i);
    peer_send(peer, text, length);
    free(text);
}

// `count` answers of tiny jobs, in any order, none twice.
static void
expect_tiny(struct peer *peer, int from, int to)
{
    bool *seen = calloc((size_t)(to - from), sizeof(bool));

    assert_non_null(seen);
    for (int i = from; i < to; i++) {
        const char *line = peer_line(peer);
        int id;

        if (sscanf(line, "{\"jsonrpc\":\"2.0\",\"id\":%d,\"result\":14}", &id) != 1 || id < from ||
            id >= to || seen[id - from])
            fail_msg("%s", line);
        seen[id - from] = true;
    }
    free(seen);
}

// So that the daemon knows the method to be short.
static void
warm_up(struct peer *peer)
{
    say_tiny(peer, 0, TINY);
    expect_tiny(peer, 0, TINY);
}

// They are in its pipe while it does not even look. The one that it may have begun with dies with
// it, the others do not notice.
static void
test_death_with_a_full_pipe(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    pid_t worker = fixture_worker(fixture, 0, 0);

    warm_up(peer);
    kill(worker, SIGSTOP);
    say_tiny(peer, 0, TINY);
    fixture_await(fixture, "pools.0.queued", TINY - 1);
    assert_in_range(fixture_number(fixture, "pools.0.workers.0.waiting"), 1, 255);
    kill(worker, SIGKILL);
    expect_error(peer_line(peer), "0", ERROR_JOB_FAILED);
    expect_tiny(peer, 1, TINY);
}

static void
test_as_many_as_configured(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    pid_t worker = fixture_worker(fixture, 0, 0);

    warm_up(peer);
    kill(worker, SIGSTOP);
    say_tiny(peer, 0, TINY);
    fixture_await(fixture, "pools.0.queued", TINY - 1);
    fixture_await(fixture, "pools.0.workers.0.waiting", 2);
    kill(worker, SIGCONT);
    expect_tiny(peer, 0, TINY);
}

// The answers of those before it are not held back by the long one, and those after it are done by
// the other worker.
static void
test_around_a_long_one(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    warm_up(peer);
    say_tiny(peer, 0, TINY);
    peer_say(peer, REQUEST("\"long\"", "sum_squares", FOREVER));
    say_tiny(peer, TINY, 2 * TINY);
    expect_tiny(peer, 0, 2 * TINY);
    peer_say(peer, CANCEL);
    expect_error(peer_line(peer), "\"long\"", ERROR_CANCELLED);
    expect_pong(peer);
}

// More workers than cores, so that tiny jobs stay with few of them: some of these turn out to have
// a long one, and none of the tiny ones waits for it as long as others are idle.
static void
test_around_many_long_ones(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    warm_up(peer);
    for (int i = 0; i < MANY_LONG; i++) {
        say_tiny(peer, i * TINY, (i + 1) * TINY);
        peer_say(peer, REQUEST("\"long%d\"", "sum_squares", FOREVER), i);
    }
    expect_tiny(peer, 0, MANY_LONG * TINY);
    say_tiny(peer, 0, TINY);
    expect_tiny(peer, 0, TINY);
    fixture_await(fixture, "pools.0.running", MANY_LONG);
    fixture_await(fixture, "pools.0.queued", 0);
}

// With one worker they wait in the daemon while the long one runs, and none is harmed when it is
// stopped.
static void
stop_the_only_worker(struct fixture *fixture, struct peer *peer)
{
    warm_up(peer);
    say_tiny(peer, 0, TINY);
    peer_say(peer, REQUEST("\"long\"", "sum_squares", FOREVER));
    expect_tiny(peer, 0, TINY);
    say_tiny(peer, TINY, 2 * TINY); // a worker that hangs for a moment gives back even the long one
    fixture_await(fixture, "pools.0.workers.0.waiting", 0);
    fixture_await(fixture, "pools.0.running", 1);
    fixture_await(fixture, "pools.0.queued", TINY);
}

static void
test_cancelled(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    stop_the_only_worker(fixture, peer);
    peer_say(peer, CANCEL);
    expect_error(peer_line(peer), "\"long\"", ERROR_CANCELLED);
    expect_tiny(peer, TINY, 2 * TINY);
}

static void
test_killed(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    json_auto_t *data = NULL;

    stop_the_only_worker(fixture, peer);
    kill(fixture_worker(fixture, 0, 0), SIGKILL);
    data = expect_error_data(peer_line(peer), "\"long\"", ERROR_JOB_FAILED);
    check_string(data, "signal", "SIGKILL");
    expect_tiny(peer, TINY, 2 * TINY);
}

static void
test_timed_out(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    warm_up(peer);
    peer_say(peer, REQUEST("\"long\"", "sum_squares", FOREVER));
    say_tiny(peer, 0, TINY);
    expect_error(peer_line(peer), "\"long\"", ERROR_TIMED_OUT);
    expect_tiny(peer, 0, TINY);
}

// A client that goes takes its own with it, and nobody else's.
static void
test_client_gone(struct fixture *fixture)
{
    struct peer *leaves = open_unix(fixture);
    struct peer *stays = open_unix(fixture);

    warm_up(leaves);
    peer_say(leaves, REQUEST("\"long\"", "sum_squares", FOREVER));
    fixture_await(fixture, "pools.0.running", 1);
    say_tiny(leaves, 0, TINY);
    fixture_await(fixture, "pools.0.queued", TINY);
    say_tiny(stays, 0, TINY);
    fixture_await(fixture, "pools.0.queued", 2 * TINY);
    peer_close(leaves);
    expect_tiny(stays, 0, TINY);
    fixture_await(fixture, "jobs.cancelled", TINY + 1);
}

// What waits in the pipe of a worker that is being stopped is finished; what came back is not
// begun.
static void
test_drain(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    stop_the_only_worker(fixture, peer);
    kill(fixture->daemon.pid, SIGTERM);
    for (int i = 0; i < TINY; i++)
        if (strstr(peer_line(peer), "-32005") == NULL)
            fail_msg("a job was not refused");
    kill(fixture->daemon.pid, SIGTERM); // now
    expect_error(peer_line(peer), "\"long\"", ERROR_SHUTTING_DOWN);
    peer_expect_end(peer);
    fixture_forget(fixture);
}

HARNESS_MAIN(SCENARIO_CONFIG(test_death_with_a_full_pipe, ONE_PROCESS),
             SCENARIO_CONFIG(test_as_many_as_configured, ONE_PROCESS "prefetch = 2\n"),
             SCENARIO_CONFIG(test_around_a_long_one, TWO_PROCESSES),
             SCENARIO_CONFIG(test_around_a_long_one, TWO_THREADS),
             SCENARIO_CONFIG(test_around_a_long_one, MANY),
             SCENARIO_CONFIG(test_around_many_long_ones, MANY),
             SCENARIO_CONFIG(test_cancelled, ONE_PROCESS),
             SCENARIO_CONFIG(test_cancelled, A_PLUGIN), SCENARIO_CONFIG(test_killed, ONE_PROCESS),
             SCENARIO_CONFIG(test_killed, A_PLUGIN), SCENARIO_CONFIG(test_timed_out, TIMEOUT),
             SCENARIO_CONFIG(test_client_gone, ONE_PROCESS),
             SCENARIO_CONFIG(test_drain, ONE_PROCESS))
