// Slow starts: wait-ready holds the jobs, timeout-start bounds it; and workers that have many jobs
// at once.
#include "common/clock.h"
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOP(arguments, more)                                                                      \
    "[pool loop]\nprogram = " WORKER_LOOP " " arguments "\nmethods = wait sleep_until_cancelled\n" \
    "processes = 1\nwait-ready = yes\n" more

static struct peer *
start_without_waiting(struct fixture *fixture, const char *config)
{
    daemon_configure(&fixture->daemon, config);
    daemon_start(&fixture->daemon, NULL, NULL);
    return open_tcp(fixture);
}

// The start takes longer than the job may run; only the run counts.
static void
test_the_start_is_not_the_jobs(struct fixture *fixture)
{
    int64_t begin_us = clock_us();
    struct peer *peer = start_without_waiting(fixture, LOOP("--delay 1500", "timeout-run = 1s\n"));

    peer_say(peer, REQUEST("1", "wait", "[0,1]"));
    fixture_await(fixture, "pools.0.queued", 1);
    assert_int_equal(fixture_number(fixture, "pools.0.running"), 0);
    expect_result(peer_line(peer), "1", "1");
    assert_true(clock_us() - begin_us >= 1500000);
    peer_half_close(peer);
    peer_expect_end(peer); // or its connection would count as one that was there at first
    fixture_adopt(fixture);
}

// But the time in the queue is.
static void
test_waiting_for_the_start_is_waiting(struct fixture *fixture)
{
    struct peer *peer = start_without_waiting(fixture, LOOP("--delay 1500", ""));
    json_t *data = expect_error_data(
        peer_ask(peer, REQUEST_WITH("{\"timeouts\":{\"queue\":0.2}}", "1", "wait", "[0,1]")), "1",
        ERROR_TIMED_OUT);

    check_string(data, "cause", "timeout.queue");
    json_decref(data);
    peer_half_close(peer);
    peer_expect_end(peer);
    fixture_adopt(fixture);
}

// One that never becomes ready is killed and tried again, and the jobs wait.
static void
test_never_ready(struct fixture *fixture)
{
    struct peer *peer = start_without_waiting(fixture, LOOP("--never", "timeout-start = 300ms\n"));
    pid_t first = 0;
    char *log;

    first = fixture_worker(fixture, 0, 0);
    peer_say(peer, REQUEST("1", "wait", "[0,1]"));
    fixture_await(fixture, "pools.0.restarts", 1);
    processes_await_end(first);
    fixture_await(fixture, "pools.0.restarts", 2);
    log = read_text(fixture->daemon.log);
    check_contains(log, "could not be started: it did not send worker.ready within timeout-start");
    assert_null(strstr(log, "broke the protocol")); // too slow is not wrong
    free(log);
    expect_error(peer_ask(peer, NOTIFICATION("$/cancelRequest", "{\"id\":1}")), "1",
                 ERROR_CANCELLED);
    fixture_forget(fixture);
}

static void
test_many_jobs_of_one_process(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    pid_t worker = fixture_worker(fixture, 0, 0);
    int64_t begin_us = clock_us();
    bool answered[64] = {false};

    for (int i = 0; i < 64; i++)
        peer_say(peer, REQUEST("%d", "wait", "[1000,%d]"), i, i);
    for (int i = 0; i < 64; i++) {
        char *line = peer_line(peer);
        char text[16];
        int id = -1;

        sscanf(line, "{\"jsonrpc\":\"2.0\",\"id\":%d,", &id);
        assert_in_range(id, 0, 63);
        assert_false(answered[id]);
        answered[id] = true;
        snprintf(text, sizeof(text), "%d", id);
        expect_result(line, text, text);
    }
    assert_true(clock_us() - begin_us >= 1000000);
    assert_true(clock_us() - begin_us < (int64_t)(2000000 * deadline_slowness()));
    assert_int_equal(fixture_worker(fixture, 0, 0), worker);
}

// The last to come is the first to be done; and one more than there is room for waits.
static void
test_answers_in_any_order(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    peer_say(peer, REQUEST("1", "wait", "[1500,1]"));
    peer_say(peer, REQUEST("2", "wait", "[900,2]"));
    peer_say(peer, REQUEST("3", "wait", "[300,3]"));
    peer_say(peer, REQUEST("4", "wait", "[0,4]"));
    fixture_await(fixture, "pools.0.queued", 1);
    expect_result(peer_line(peer), "3", "3");
    expect_result(peer_line(peer), "4", "4");
    expect_result(peer_line(peer), "2", "2");
    expect_result(peer_line(peer), "1", "1");
}

HARNESS_MAIN(SCENARIO_MANUAL(test_the_start_is_not_the_jobs),
             SCENARIO_MANUAL(test_waiting_for_the_start_is_waiting),
             SCENARIO_MANUAL(test_never_ready),
             SCENARIO_CONFIG(test_many_jobs_of_one_process, LOOP("", "in-flight = 64\n")),
             SCENARIO_CONFIG(test_answers_in_any_order, LOOP("", "in-flight = 3\n")))
