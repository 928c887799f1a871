// The four timeouts, from the pool and from the request: the job is answered at once, the work is
// really stopped, and nobody else is harmed.
#include "common/clock.h"
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LARGEST "4398046511104" // sum_squares of it runs for hours

#define FAULTY(more)                                                                         \
    "[pool faulty]\nprogram = " WORKER_FAULTY "\nmethods = " FAULTY_METHODS "\nprocesses = " \
    "1\n" more
#define LOOP(more) \
    "[pool loop]\nprogram = " WORKER_LOOP "\nmethods = wait sleep_until_cancelled\n" more

// The certificate of a job that timed out.
static json_t *
expect_timeout(const char *line, const char *id, const char *cause, int attempts)
{
    json_t *data = expect_error_data(line, id, ERROR_TIMED_OUT);

    check_string(data, "cause", cause);
    check_integer(data, "attempts", attempts);
    return data;
}

static void
check_timeout(const char *line, const char *id, const char *cause, int attempts)
{
    json_decref(expect_timeout(line, id, cause, attempts));
}

// ---- each of them ---------------------------------------------------------------------------

static void
test_run_from_the_pool(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    pid_t worker = fixture_worker(fixture, 0, 0);
    json_t *data =
        expect_timeout(peer_ask(peer, REQUEST("1", "silent", "[]")), "1", "timeout.run", 1);
    char log_line[128];
    char *line, *log;

    check_string(data, "pool", "faulty");
    check_integer(data, "pid", worker);
    check_integer(data, "jobs_done", 0);
    assert_true(json_integer_value(json_object_get(data, "peak_memory_bytes")) > 0);
    assert_true(json_is_real(json_object_get(data, "user_seconds")));
    json_decref(data);
    line = peer_ask(peer, REQUEST("2", "pid", "[]"));
    assert_null(strstr(line, "error"));
    assert_int_not_equal(fixture_worker(fixture, 0, 0), worker);
    processes_await_end(worker);
    snprintf(log_line, sizeof(log_line), " pid %d: ended: the time of its job was over\n",
             (int)worker);
    log = read_text(fixture->daemon.log);
    check_contains(log, log_line);
    free(log);
}

static void
test_queue_from_the_pool(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    pid_t worker = fixture_worker(fixture, 0, 0);
    json_t *data;

    jobs_hold(fixture, peer, "1");
    fixture_await(fixture, "pools.0.running", 1);
    data = expect_timeout(peer_ask(peer, REQUEST("2", "pid", "[]")), "2", "timeout.queue", 0);
    assert_null(json_object_get(data, "pid")); // no worker had it
    json_decref(data);
    jobs_release(fixture);
    expect_result(peer_line(peer), "1", "\"released\"");
    assert_int_equal(fixture_worker(fixture, 0, 0), worker);
}

static void
test_progress_restarts_silence(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    // More than three times as long as the silence that is allowed, but never silent. That nobody
    // asked to hear of the progress changes nothing.
    expect_result(peer_ask(peer, REQUEST("1", "progress",
                                         "[[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\","
                                         "\"10\",\"11\",\"12\",\"13\",\"14\",\"15\",\"16\"],200]")),
                  "1", "\"told\"");
    check_timeout(peer_ask(peer, REQUEST("2", "silent", "[]")), "2", "timeout.silence", 1);
}

static void
test_total_counts_from_the_arrival(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    peer_say(peer, REQUEST("1", "silent", "[]"));
    fixture_await(fixture, "pools.0.running", 1);
    peer_say(peer, REQUEST("2", "pid", "[]")); // waits, and runs out there or just runs
    check_timeout(peer_line(peer), "1", "timeout.total", 1);
    peer_line(peer);
    jobs_hold(fixture, peer, "3");
    fixture_await(fixture, "pools.0.running", 1);
    peer_say(peer, REQUEST_WITH("{\"timeouts\":{\"total\":0.05}}", "4", "pid", "[]"));
    check_timeout(peer_line(peer), "4", "timeout.total", 0);
    check_timeout(peer_line(peer), "3", "timeout.total", 1);
}

static void
test_each_from_the_options(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    check_timeout(peer_ask(peer, REQUEST_WITH("{\"timeouts\":{\"run\":0.2}}", "1", "silent", "[]")),
                  "1", "timeout.run", 1);
    check_timeout(
        peer_ask(peer, REQUEST_WITH("{\"timeouts\":{\"silence\":0.2}}", "1", "silent", "[]")), "1",
        "timeout.silence", 1);
    check_timeout(
        peer_ask(peer, REQUEST_WITH("{\"timeouts\":{\"total\":0.2}}", "1", "silent", "[]")), "1",
        "timeout.total", 1);
    jobs_hold(fixture, peer, "1");
    fixture_await(fixture, "pools.0.running", 1);
    check_timeout(peer_ask(peer, REQUEST_WITH("{\"timeouts\":{\"queue\":0.2}}", "2", "pid", "[]")),
                  "2", "timeout.queue", 0);
    jobs_release(fixture);
    expect_result(peer_line(peer), "1", "\"released\"");
}

// A request may shorten what the pool allows, never lengthen it.
static void
test_the_shorter_wins(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    int64_t begin_us = clock_us();

    check_timeout(peer_ask(peer, REQUEST_WITH("{\"timeouts\":{\"run\":600}}", "1", "silent", "[]")),
                  "1", "timeout.run", 1); // the pool's 500 ms
    assert_true(clock_us() - begin_us >= 500000);
    check_timeout(
        peer_ask(peer, REQUEST_WITH("{\"timeouts\":{\"silence\":0.3}}", "2", "silent", "[]")), "2",
        "timeout.silence", 1); // the pool's is a minute
}

static void
test_sleep_has_them_too(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    check_timeout(
        peer_ask(peer, REQUEST_WITH("{\"timeouts\":{\"run\":0.1}}", "1", "sleep", "[600]")), "1",
        "timeout.run", 1);
    check_timeout(
        peer_ask(peer, REQUEST_WITH("{\"timeouts\":{\"total\":0.1}}", "1", "sleep", "[600]")), "1",
        "timeout.total", 1);
    expect_result(
        peer_ask(peer, REQUEST_WITH("{\"timeouts\":{\"queue\":0.05}}", "1", "sleep", "[0.3]")), "1",
        "\"Operation completed after 0.3 seconds\"");
}

static void
test_elements_of_a_batch(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    json_auto_t *batch = NULL;

    peer_say(peer, "[" REQUEST_WITH("{\"timeouts\":{\"run\":0.2}}", "1", "silent",
                                    "[]") "," REQUEST("2", "sleep", "[0]") "]");
    batch = parse_json(peer_line(peer));
    assert_int_equal(json_array_size(batch), 2);
    assert_int_equal(json_integer_value(json_at(batch, "0.error.code")), -32011);
    assert_string_equal(json_string_value(json_at(batch, "0.error.data.cause")), "timeout.run");
    assert_true(json_is_string(json_at(batch, "1.result")));
}

// ---- the work is stopped --------------------------------------------------------------------

// A worker that ignores SIGTERM, with a child that does so under another name. The job is answered
// and the next one served while they still live; after kill-delay both are gone.
static void
test_stubborn_with_family(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    int total_s = deadline_slowness() > 1 ? 30 : 2;
    int64_t asked_us = clock_us();
    char path[128];
    int worker, child;
    char *text;

    snprintf(path, sizeof(path), "%s/family", fixture->daemon.folder);
    peer_say(peer,
             REQUEST_WITH("{\"timeouts\":{\"total\":%d}}", "1", "stubborn_family", "[\"%s\"]"),
             path, total_s);
    check_timeout(peer_line(peer), "1", "timeout.total", 1);
    text = read_text(path);
    assert_non_null(text);
    assert_int_equal(sscanf(text, "%d %d", &worker, &child), 2);
    free(text);
    text = peer_ask(peer, REQUEST("2", "pid", "[]"));
    assert_null(strstr(text, "error"));
    assert_true(processes_alive(worker)); // the replacement did not wait for its end
    assert_true(processes_alive(child));
    processes_await_end(worker);
    processes_await_end(child);
    // SIGTERM first, then kill-delay; never sooner, however late anybody looks.
    assert_true(clock_us() - asked_us >= total_s * INT64_C(1000000) + 2900000);
}

// A daemon that stops does not wait for such a worker as long as its kill-delay says.
static void
test_stubborn_at_the_end(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    int64_t begin_us;

    check_timeout(
        peer_ask(peer, REQUEST_WITH("{\"timeouts\":{\"run\":0.5}}", "1", "stubborn", "[]")), "1",
        "timeout.run", 1);
    peer_close(peer);
    fixture_forget(fixture);
    begin_us = clock_us();
    daemon_stop(&fixture->daemon);
    assert_true(clock_us() - begin_us < (int64_t)(20000000 * deadline_slowness()));
}

// ---- others are unharmed --------------------------------------------------------------------

static void
test_others_in_the_same_worker(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    pid_t worker = fixture_worker(fixture, 0, 0);

    peer_say(peer, REQUEST("1", "wait", "[3000,\"one\"]"));
    peer_say(peer,
             REQUEST_WITH("{\"timeouts\":{\"run\":0.3}}", "2", "sleep_until_cancelled", "[]"));
    check_timeout(peer_line(peer), "2", "timeout.run", 1);
    // A replacement serves at once, while the first job goes on in the old one.
    expect_result(peer_ask(peer, REQUEST("3", "wait", "[0,\"three\"]")), "3", "\"three\"");
    assert_int_not_equal(fixture_worker(fixture, 0, 0), worker);
    assert_true(processes_alive(worker));
    expect_result(peer_line(peer), "1", "\"one\"");
    processes_await_end(worker);
}

static void
test_others_in_the_same_threads(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    pid_t worker = fixture_worker(fixture, 0, 0);

    peer_say(peer, REQUEST("1", "sum_squares", "[" LARGEST "]"));
    fixture_await(fixture, "pools.0.running", 1);
    check_timeout(peer_ask(peer, REQUEST_WITH("{\"timeouts\":{\"run\":0.3}}", "2", "sum_squares",
                                              "[" LARGEST "]")),
                  "2", "timeout.run", 1);
    assert_int_equal(fixture_number(fixture, "pools.0.running"), 1);
    assert_true(processes_alive(worker));
    expect_result(peer_ask(peer, REQUEST("3", "sum_squares", "[10]")), "3", "285");
    peer_say(peer, NOTIFICATION("$/cancelRequest", "{\"id\":1}"));
    expect_error(peer_line(peer), "1", ERROR_CANCELLED);
    processes_await_end(worker); // nothing in it is wanted any more
}

HARNESS_MAIN(
    SCENARIO_CONFIG(test_run_from_the_pool, FAULTY("timeout-run = 300ms\n")),
    SCENARIO_CONFIG(test_queue_from_the_pool, FAULTY("timeout-queue = 300ms\n")),
    SCENARIO_CONFIG(test_progress_restarts_silence, FAULTY("timeout-silence = 1s\n")),
    SCENARIO_CONFIG(test_total_counts_from_the_arrival, FAULTY("timeout-total = 1s\n")),
    SCENARIO_CONFIG(test_each_from_the_options, FAULTY("")),
    SCENARIO_CONFIG(test_the_shorter_wins, FAULTY("timeout-run = 500ms\ntimeout-silence = 1min\n")),
    SCENARIO(test_sleep_has_them_too), SCENARIO_CONFIG(test_elements_of_a_batch, FAULTY("")),
    SCENARIO_CONFIG(test_stubborn_with_family, FAULTY("kill-delay = 3s\n")),
    SCENARIO_CONFIG(test_stubborn_at_the_end, FAULTY("kill-delay = 10min\n")),
    SCENARIO_CONFIG(test_others_in_the_same_worker, LOOP("processes = 1\nin-flight = 4\n")),
    SCENARIO_CONFIG(test_others_in_the_same_threads,
                    "[pool threads]\nbuiltin = yes\nprocesses = 1\nthreads = 2\n"))
