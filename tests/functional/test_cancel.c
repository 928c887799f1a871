// $/cancelRequest and clients that go: exactly one answer each, and the work is really stopped
// where that harms nobody else.
#include "common/clock.h"
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RACES  10000
#define WINDOW 50

#define CANCEL(id) NOTIFICATION("$/cancelRequest", "{\"id\":" id "}")
// With wait-ready, so that it is known whether the worker understands.
#define LOOP(arguments, more)                                                                      \
    "[pool loop]\nprogram = " WORKER_LOOP " " arguments "\nmethods = wait sleep_until_cancelled\n" \
    "processes = 1\nwait-ready = yes\n" more

// Why the worker had to go stands in the log, once it is gone.
static void
expect_logged(struct fixture *fixture, pid_t worker, const char *words)
{
    char *text = read_text(fixture->daemon.log);
    char line[256];

    snprintf(line, sizeof(line), " pid %d: %s\n", (int)worker, words);
    check_contains(text, line);
    free(text);
}

static void
test_queued_and_running(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    pid_t worker = fixture_worker(fixture, POOL_FAULTY, 0);

    peer_say(peer, REQUEST("1", "silent", "[]"));
    fixture_await(fixture, "pools.1.running", 1);
    peer_say(peer, REQUEST("2", "own_error", "[]"));
    peer_say(peer, REQUEST("3", "nap", "[0]"));
    fixture_await(fixture, "pools.1.queued", 2);
    expect_error(peer_ask(peer, CANCEL("2")), "2", ERROR_CANCELLED);
    assert_true(processes_alive(worker)); // one that waits costs nobody his worker
    expect_error(peer_ask(peer, CANCEL("1")), "1", ERROR_CANCELLED);
    expect_result(peer_line(peer), "3", "\"slept\"");
    processes_await_end(worker);
    expect_logged(fixture, worker, "ended: its job was cancelled");
}

static void
test_what_is_not_there(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    struct peer *other = open_tcp(fixture);

    peer_say(other, REQUEST("1", "sleep", "[0.5]"));
    peer_say(peer, CANCEL("1")); // another's
    peer_say(peer, CANCEL("\"1\""));
    peer_say(peer, CANCEL("null"));
    peer_say(peer, CANCEL("[1]"));
    peer_say(peer, NOTIFICATION("$/cancelRequest", "[]"));
    peer_say(peer, NOTIFICATION("$/cancelRequest", "{}"));
    expect_pong(peer);
    expect_result(peer_line(other), "1", "\"Operation completed after 0.5 seconds\"");
    peer_say(other, CANCEL("1")); // over already
    expect_pong(other);
}

static void
test_an_element_of_a_batch(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    json_auto_t *batch = NULL;

    peer_say(peer, "[" REQUEST("1", "nap", "[0]") "," REQUEST("2", "silent", "[]") "," REQUEST(
                       "3", "nap", "[0]") "]");
    fixture_await(fixture, "jobs.succeeded", 1);
    fixture_await(fixture, "pools.1.running", 1);
    peer_say(peer, CANCEL("2"));
    batch = parse_json(peer_line(peer));
    assert_int_equal(json_array_size(batch), 3);
    assert_string_equal(json_string_value(json_at(batch, "0.result")), "slept");
    assert_int_equal(json_integer_value(json_at(batch, "1.error.code")), -32800);
    assert_string_equal(json_string_value(json_at(batch, "2.result")), "slept");
    expect_pong(peer);
}

// ---- workers that understand it -------------------------------------------------------------

static void
test_asked_first(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    pid_t worker = fixture_worker(fixture, 0, 0);

    for (int i = 0; i < 5; i++) {
        peer_say(peer, REQUEST("1", "sleep_until_cancelled", "[]"));
        fixture_await(fixture, "pools.0.workers.0.running", 1);
        expect_error(peer_ask(peer, CANCEL("1")), "1", ERROR_CANCELLED);
        fixture_await(fixture, "pools.0.workers.0.running", 0);
    }
    expect_result(peer_ask(peer, REQUEST("2", "wait", "[0,2]")), "2", "2");
    assert_int_equal(fixture_worker(fixture, 0, 0), worker);
    assert_int_equal(fixture_number(fixture, "pools.0.restarts"), 0);
}

// It says that it understands, and does nothing: kill-delay later it is told to end.
static void
test_asked_in_vain(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    pid_t worker = fixture_worker(fixture, 0, 0);

    peer_say(peer, REQUEST("1", "sleep_until_cancelled", "[]"));
    fixture_await(fixture, "pools.0.running", 1);
    expect_error(peer_ask(peer, CANCEL("1")), "1", ERROR_CANCELLED);
    processes_await_end(worker);
    expect_result(peer_ask(peer, REQUEST("2", "wait", "[0,2]")), "2", "2");
    assert_int_not_equal(fixture_worker(fixture, 0, 0), worker);
    expect_logged(fixture, worker,
                  "ended: it was asked to cancel a job and did not within kill-delay");
}

// The same with another job in it, which comes to its end; meanwhile a replacement serves.
static void
test_asked_in_vain_among_others(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    pid_t worker = fixture_worker(fixture, 0, 0);

    peer_say(peer, REQUEST("1", "wait", "[3000,1]"));
    peer_say(peer, REQUEST("2", "sleep_until_cancelled", "[]"));
    fixture_await(fixture, "pools.0.running", 2);
    expect_error(peer_ask(peer, CANCEL("2")), "2", ERROR_CANCELLED);
    fixture_await(fixture, "pools.0.restarts", 1);
    assert_true(processes_alive(worker));
    expect_result(peer_ask(peer, REQUEST("3", "wait", "[0,3]")), "3", "3");
    expect_result(peer_line(peer), "1", "1");
    processes_await_end(worker);
}

// One that does not understand, with others in it: nobody is harmed, the answer is dropped.
static void
test_not_asked_among_others(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    pid_t worker = fixture_worker(fixture, 0, 0);

    peer_say(peer, REQUEST("1", "wait", "[500,1]"));
    peer_say(peer, REQUEST("2", "wait", "[1000,2]"));
    fixture_await(fixture, "pools.0.running", 2);
    expect_error(peer_ask(peer, CANCEL("1")), "1", ERROR_CANCELLED);
    peer_say(peer, REQUEST("1", "wait", "[100,\"new\"]")); // the id is free again
    expect_result(peer_line(peer), "1", "\"new\"");
    expect_result(peer_line(peer), "2", "2");
    expect_pong(peer);
    assert_int_equal(fixture_worker(fixture, 0, 0), worker);
    fixture_await(fixture, "pools.0.workers.0.running", 0);
}

// ---- clients that go ------------------------------------------------------------------------

static void
test_a_client_that_goes(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    struct peer *other = open_tcp(fixture);
    pid_t worker = fixture_worker(fixture, POOL_FAULTY, 0);

    peer_say(peer, REQUEST("1", "silent", "[]"));
    fixture_await(fixture, "pools.1.running", 1);
    peer_say(peer, REQUEST("2", "silent", "[]"));
    peer_say(peer, "[" REQUEST("3", "silent", "[]") "," REQUEST("4", "sleep", "[600]") "]");
    peer_say(peer, NOTIFICATION("silent", "[]"));
    fixture_await(fixture, "pools.1.queued", 3);
    peer_say(other, REQUEST("1", "nap", "[0]"));
    peer_reset(peer);
    expect_result(peer_line(other), "1", "\"slept\"");
    fixture_await(fixture, "jobs.running", 0);
    fixture_await(fixture, "jobs.queued", 0);
    processes_await_end(worker);
}

static void
test_a_client_that_goes_from_one_that_understands(struct fixture *fixture)
{
    struct peer *peer = open_unix(fixture);
    pid_t worker = fixture_worker(fixture, 0, 0);

    peer_say(peer, REQUEST("1", "sleep_until_cancelled", "[]"));
    peer_say(peer, REQUEST("2", "sleep_until_cancelled", "[]"));
    fixture_await(fixture, "pools.0.workers.0.running", 2);
    peer_close(peer);
    fixture_await(fixture, "pools.0.workers.0.running", 0);
    assert_int_equal(fixture_worker(fixture, 0, 0), worker);
}

// ---- races ----------------------------------------------------------------------------------

struct races {
    bool answered[RACES];
    int cancelled;
    int completed;
};

static void
take_answer(struct races *races, const char *line)
{
    char id[16];
    int job = -1;

    sscanf(line, "{\"jsonrpc\":\"2.0\",\"id\":%d,", &job);
    if (job < 0 || job >= RACES || races->answered[job])
        fail_msg("an answer that nobody waits for: %s", line);
    races->answered[job] = true;
    snprintf(id, sizeof(id), "%d", job);
    if (strstr(line, "\"error\"") != NULL) {
        expect_error(line, id, ERROR_CANCELLED);
        races->cancelled++;
    } else {
        expect_result(line, id, "true");
        races->completed++;
    }
}

// A third of the jobs are cancelled as soon as they are there; the others when some answer came,
// which is about when their own is on the way.
static void
race_window(struct peer *peer, struct races *races, int first, const char *method,
            const char *params)
{
    for (int i = first; i < first + WINDOW; i++)
        peer_say(peer, REQUEST("%d", "%s", "%s"), i, method, params);
    for (int i = first; i < first + WINDOW; i += 3)
        peer_say(peer, CANCEL("%d"), i);
    for (int i = 0; i < WINDOW; i++) {
        take_answer(races, peer_line(peer));
        peer_say(peer, CANCEL("%d"), first + i * 7 % WINDOW);
    }
}

static void
run_races(struct fixture *fixture, const char *method, const char *params)
{
    struct races *races = calloc(1, sizeof(*races));
    struct peer *peer = open_unix(fixture);

    assert_non_null(races);
    for (int first = 0; first < RACES; first += WINDOW)
        race_window(peer, races, first, method, params);
    expect_pong(peer); // and not one answer too many
    print_message("%d completed, %d cancelled\n", races->completed, races->cancelled);
    assert_int_equal(races->completed + races->cancelled, RACES);
    assert_true(races->completed > 0);
    assert_true(races->cancelled > 0);
    free(races);
}

static void
test_races_with_a_worker_that_understands(struct fixture *fixture)
{
    pid_t worker = fixture_worker(fixture, 0, 0);

    run_races(fixture, "wait", "[0,true]");
    fixture_await(fixture, "jobs.running", 0);
    fixture_await(fixture, "pools.0.workers.0.running", 0);
    assert_int_equal(fixture_worker(fixture, 0, 0), worker);
}

static void
test_races_with_a_worker_that_does_not(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    // A job that stays keeps the worker from being ended for those that are cancelled.
    peer_say(peer, REQUEST("\"stays\"", "sleep_until_cancelled", "[]"));
    fixture_await(fixture, "pools.0.running", 1);
    run_races(fixture, "wait", "[0,true]");
    expect_error(peer_ask(peer, CANCEL("\"stays\"")), "\"stays\"", ERROR_CANCELLED);
}

// As much is in flight as may be, so that nothing more is read, not even a cancel; but as soon as
// one of them is over it is, and works.
static void
test_cancelling_behind_the_wall(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    pid_t worker = fixture_worker(fixture, POOL_CPU, 0);

    jobs_hold(fixture, peer, "1");
    peer_say(peer, REQUEST("2", "sum_squares", "[4000000000000]"));
    peer_say(peer, NOTIFICATION("$/cancelRequest", "{\"id\":2}"));
    peer_say(peer, PING);
    fixture_await(fixture, "pools.0.running", 1);
    fixture_await(fixture, "pools.1.running", 1);
    expect_pong(open_unix(fixture)); // the others are served
    assert_null(peer_line_until(peer, deadline_in(0.1)));
    assert_int_equal(fixture_number(fixture, "jobs.cancelled"), 0);
    jobs_release(fixture);
    expect_result(peer_line(peer), "1", "\"released\"");
    expect_error(peer_line(peer), "2", ERROR_CANCELLED);
    expect_result(peer_line(peer), "\"p\"", "\"pong\"");
    processes_await_end(worker);
    fixture_await_workers(fixture);
}

HARNESS_MAIN(SCENARIO_CONFIG(test_queued_and_running, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_what_is_not_there, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_an_element_of_a_batch, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_asked_first, LOOP("--cancel", "")),
             SCENARIO_CONFIG(test_asked_in_vain, LOOP("--deaf", "kill-delay = 300ms\n")),
             SCENARIO_CONFIG(test_asked_in_vain_among_others,
                             LOOP("--deaf", "kill-delay = 300ms\nin-flight = 4\n")),
             SCENARIO_CONFIG(test_not_asked_among_others, LOOP("", "in-flight = 4\n")),
             SCENARIO_CONFIG(test_a_client_that_goes, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_a_client_that_goes_from_one_that_understands,
                             LOOP("--cancel", "in-flight = 4\n")),
             SCENARIO_CONFIG(test_races_with_a_worker_that_understands,
                             LOOP("--cancel", "in-flight = 64\n")),
             SCENARIO_CONFIG(test_races_with_a_worker_that_does_not, LOOP("", "in-flight = 64\n")),
             SCENARIO_CONFIG(test_cancelling_behind_the_wall, CONFIG_FAULTY, "--set",
                             "server.in-flight-max=2"))
