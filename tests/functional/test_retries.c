// Retries: a job whose worker died runs again, as often as it may, and not one that was answered.
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAULTY(more)                                                                         \
    "[pool faulty]\nprogram = " WORKER_FAULTY "\nmethods = " FAULTY_METHODS "\nprocesses = " \
    "1\n" more

// A job that dies `deaths` times, with so many retries.
static void
say_mortal(struct fixture *fixture, struct peer *peer, int deaths, int retries)
{
    static int number;

    peer_say(peer, REQUEST_WITH("{\"retries\":%d}", "1", "die_first", "[\"%s/calls%d\",%d]"),
             fixture->daemon.folder, number++, deaths, retries);
}

static void
expect_death(const char *line, int attempts)
{
    json_t *data = expect_error_data(line, "1", ERROR_JOB_FAILED);

    check_string(data, "cause", "exit");
    check_integer(data, "exit_code", 9);
    check_integer(data, "attempts", attempts);
    json_decref(data);
}

static void
test_as_often_as_it_may(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    say_mortal(fixture, peer, 2, 2);
    expect_result(peer_line(peer), "1", "3");
    say_mortal(fixture, peer, 2, 1);
    expect_death(peer_line(peer), 2);
    say_mortal(fixture, peer, 1, 0);
    expect_death(peer_line(peer), 1);
    say_mortal(fixture, peer, 0, 100);
    expect_result(peer_line(peer), "1", "1");
    assert_int_equal(fixture_number(fixture, "jobs.succeeded"), 2);
    assert_int_equal(fixture_number(fixture, "jobs.lost"), 2); // each job is counted once
}

static void
test_crash_limit(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    char *log;

    say_mortal(fixture, peer, 50, 100);
    expect_death(peer_line(peer), 2);
    log = read_text(fixture->daemon.log);
    check_contains(log, "die_first: killed its worker 2 times");
    free(log);
    say_mortal(fixture, peer, 1, 100); // under it
    expect_result(peer_line(peer), "1", "2");
}

static void
test_not_for_an_answered_error(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    pid_t worker = fixture_worker(fixture, 0, 0);

    for (int i = 0; i < 3; i++)
        check_contains(peer_ask(peer, REQUEST_WITH("{\"retries\":5}", "1", "own_error", "[]")),
                       "my own");
    assert_int_equal(fixture_number(fixture, "jobs.failed"), 3);
    assert_int_equal(fixture_worker(fixture, 0, 0), worker);
}

static void
test_not_after_a_timeout_or_a_cancel(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    json_t *data =
        expect_error_data(peer_ask(peer, REQUEST_WITH("{\"retries\":5,\"timeouts\":{\"run\":0.2}}",
                                                      "1", "silent", "[]")),
                          "1", ERROR_TIMED_OUT);

    check_integer(data, "attempts", 1);
    json_decref(data);
    peer_say(peer, REQUEST_WITH("{\"retries\":5}", "2", "silent", "[]"));
    fixture_await(fixture, "pools.0.running", 1);
    expect_error(peer_ask(peer, NOTIFICATION("$/cancelRequest", "{\"id\":2}")), "2",
                 ERROR_CANCELLED);
    fixture_await_workers(fixture);
    assert_int_equal(fixture_number(fixture, "pools.0.running"), 0);
    assert_int_equal(fixture_number(fixture, "pools.0.queued"), 0);
}

// It goes ahead of those that came later.
static void
test_at_the_front(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    say_mortal(fixture, peer, 2, 2);
    peer_say(peer, REQUEST("2", "nap", "[0]"));
    peer_say(peer, REQUEST("3", "nap", "[0]"));
    expect_result(peer_line(peer), "1", "3");
    expect_result(peer_line(peer), "2", "\"slept\"");
    expect_result(peer_line(peer), "3", "\"slept\"");
}

// A job that waits for its next worker can be cancelled, and its total goes on.
static void
test_between_two_workers(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    json_t *data;

    for (int i = 0; i < 20; i++) {
        say_mortal(fixture, peer, 100, 100);
        expect_error(peer_ask(peer, NOTIFICATION("$/cancelRequest", "{\"id\":1}")), "1",
                     ERROR_CANCELLED);
    }
    data = expect_error_data(peer_ask(peer,
                                      REQUEST_WITH("{\"retries\":100,\"timeouts\":{\"total\":1}}",
                                                   "1", "die_first", "[\"%s/ever\",1000]"),
                                      fixture->daemon.folder),
                             "1", ERROR_TIMED_OUT);
    check_string(data, "cause", "timeout.total");
    assert_true(json_integer_value(json_object_get(data, "attempts")) > 1);
    json_decref(data);
    fixture_await_workers(fixture);
}

HARNESS_MAIN(SCENARIO_CONFIG(test_as_often_as_it_may, FAULTY("")),
             SCENARIO_CONFIG(test_crash_limit, FAULTY("crash-limit = 2\n")),
             SCENARIO_CONFIG(test_not_for_an_answered_error, FAULTY("")),
             SCENARIO_CONFIG(test_not_after_a_timeout_or_a_cancel, FAULTY("")),
             SCENARIO_CONFIG(test_at_the_front, FAULTY("")),
             SCENARIO_CONFIG(test_between_two_workers, FAULTY("crash-limit = 1000\n")))
