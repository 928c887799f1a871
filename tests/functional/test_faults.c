// Workers that break: each fault is answered with the right error, the worker is replaced, and a
// job of another pool, running all the while, never notices.
#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

// Sets off the fault while another pool's job runs; returns the error's data (caller decrefs).
static json_t *
set_off(struct fixture *fixture, const char *method, int code)
{
    struct peer *peer = open_tcp(fixture);
    struct peer *other = open_unix(fixture);
    json_t *data;

    peer_say(other, REQUEST("7", "sum_squares", "[3000000]"));
    data = expect_error_data(peer_ask(peer, REQUEST("\"x\"", "faulty.%s", "[]"), method), "\"x\"",
                             code);
    check_string(data, "pool", "faulty");
    expect_result(peer_line(other), "7", "8999995500000500000");
    return data;
}

// The pool is whole again and works.
static void
expect_replaced(struct fixture *fixture, pid_t before)
{
    struct peer *peer = open_tcp(fixture);
    json_auto_t *answer = parse_json(peer_ask(peer, REQUEST("1", "faulty.pid", "[]")));
    json_int_t pid = json_integer_value(json_object_get(answer, "result"));

    fixture_await_workers(fixture);
    assert_int_not_equal(pid, before);
    assert_int_equal(pid, fixture_worker(fixture, POOL_FAULTY, 0));
    assert_int_equal(fixture_number(fixture, "pools.1.restarts"), 1);
    assert_int_equal(fixture_number(fixture, "pools.0.restarts"), 0);
    processes_await_end(before);
}

static void
expect_exit(struct fixture *fixture, const char *method, int exit_code)
{
    pid_t worker = fixture_worker(fixture, POOL_FAULTY, 0);
    json_auto_t *data = set_off(fixture, method, ERROR_JOB_FAILED);

    check_string(data, "cause", "exit");
    check_integer(data, "exit_code", exit_code);
    check_integer(data, "pid", worker);
    check_integer(data, "jobs_done", 0);
    check_integer(data, "attempts", 1);
    assert_true(json_is_number(json_object_get(data, "user_seconds")));
    assert_true(json_is_number(json_object_get(data, "system_seconds")));
    assert_true(json_integer_value(json_object_get(data, "peak_memory_bytes")) > 0);
    expect_replaced(fixture, worker);
}

static void
test_exit(struct fixture *fixture)
{
    expect_exit(fixture, "exit", 3);
}

static void
test_half_an_answer_and_exit(struct fixture *fixture)
{
    expect_exit(fixture, "half_answer", 5);
}

// The child of the dead worker holds its pipe; it must neither delay the answer for ever nor live
// on.
static void
test_an_orphan_holds_the_pipe(struct fixture *fixture)
{
    pid_t worker = fixture_worker(fixture, POOL_FAULTY, 0);
    int64_t deadline;

    expect_exit(fixture, "orphan", 6);
    // The orphan became a child of the test, its subreaper; its end is seen by waiting for its
    // group.
    for (deadline = deadline_in(PATIENCE); kill(-worker, 0) == 0; deadline_pause()) {
        waitpid(-worker, NULL, WNOHANG);
        if (deadline_passed(deadline))
            fail_msg("the dead worker's process group lives on");
    }
}

static void
test_last_words(struct fixture *fixture)
{
    pid_t worker = fixture_worker(fixture, POOL_FAULTY, 0);
    json_auto_t *data = set_off(fixture, "last_words", ERROR_JOB_FAILED);

    check_integer(data, "exit_code", 4);
    assert_non_null(strstr(check_text(data, "stderr"), "these are my last words"));
    expect_replaced(fixture, worker);
}

static void
expect_signal(struct fixture *fixture, const char *method, const char *signal_name)
{
    pid_t worker = fixture_worker(fixture, POOL_FAULTY, 0);
    json_auto_t *data = set_off(fixture, method, ERROR_JOB_FAILED);

    check_string(data, "cause", "signal");
    check_string(data, "signal", signal_name);
    check_integer(data, "pid", worker);
    expect_replaced(fixture, worker);
}

static void
test_crash(struct fixture *fixture)
{
    expect_signal(fixture, "crash", "SIGSEGV");
}

static void
test_abort(struct fixture *fixture)
{
    expect_signal(fixture, "abort", "SIGABRT");
}

static void
expect_breach(struct fixture *fixture, const char *method)
{
    pid_t worker = fixture_worker(fixture, POOL_FAULTY, 0);
    json_auto_t *data = set_off(fixture, method, ERROR_WORKER_PROTOCOL);

    check_string(data, "cause", "protocol");
    check_integer(data, "pid", worker);
    expect_replaced(fixture, worker);
}

static void
test_garbage(struct fixture *fixture)
{
    expect_breach(fixture, "garbage");
}

static void
test_a_request_from_a_worker(struct fixture *fixture)
{
    expect_breach(fixture, "request_back");
}

static void
test_an_answer_nobody_asked_for(struct fixture *fixture)
{
    expect_breach(fixture, "unknown_id");
}

static void
test_endless_line(struct fixture *fixture)
{
    size_t before = processes_memory(fixture->daemon.pid);

    expect_breach(fixture, "endless_line");
    assert_true(processes_memory(fixture->daemon.pid) < before + (64 << 20));
}

// The worker lives but can say nothing any more: it is put away.
static void
test_closed_stdout(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    pid_t worker = fixture_worker(fixture, POOL_FAULTY, 0);
    json_auto_t *answer = parse_json(peer_ask(peer, REQUEST("1", "faulty.close_stdout", "[]")));
    json_int_t code = json_integer_value(json_at(answer, "error.code"));

    assert_true(code == ERROR_JOB_FAILED || code == ERROR_WORKER_PROTOCOL);
    assert_int_equal(json_integer_value(json_at(answer, "error.data.pid")), worker);
    expect_replaced(fixture, worker);
}

// The first answer counts. The second is one too many, but by then the job is done.
static void
test_two_answers(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    pid_t worker = fixture_worker(fixture, POOL_FAULTY, 0);

    expect_result(peer_ask(peer, REQUEST("1", "faulty.two_answers", "[]")), "1", "\"first\"");
    fixture_await(fixture, "pools.1.restarts", 1);
    expect_replaced(fixture, worker);
}

static void
test_the_queue_survives_a_fault(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    peer_say(peer, REQUEST("1", "faulty.exit", "[]") "\n" REQUEST("2", "faulty.own_error", "[]"));
    expect_error(peer_line(peer), "1", ERROR_JOB_FAILED);
    assert_string_equal(peer_line(peer),
                        "{\"jsonrpc\":\"2.0\",\"id\":2,\"error\":{\"code\":-5, \"message\":\"my "
                        "own\",  \"data\":[1.0e0]}}");
}

static void
test_a_silent_worker_blocks_nobody_else(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    struct peer *other = open_tcp(fixture);

    peer_say(peer, REQUEST("1", "faulty.silent", "[]"));
    fixture_await(fixture, "pools.1.running", 1);
    for (int i = 0; i < 20; i++)
        expect_result(peer_ask(other, REQUEST("1", "sum_squares", "[10]")), "1", "285");
    peer_say(peer, NOTIFICATION("$/cancelRequest", "{\"id\":1}"));
    expect_error(peer_line(peer), "1", ERROR_CANCELLED);
    fixture_await_workers(fixture);
}

// Five megabytes on stderr: the job goes well, the log does not get all of it.
static void
test_chatter_is_kept_down(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    char *log;

    expect_result(peer_ask(peer, REQUEST("1", "faulty.chatter", "[]")), "1", "\"done talking\"");
    log = read_text(fixture->daemon.log);
    assert_non_null(strstr(log, "talks far too much"));
    if (strlen(log) > 1 << 20)
        fail_msg("the log has %zu bytes", strlen(log));
    free(log);
    assert_int_equal(fixture_number(fixture, "pools.1.restarts"), 0);
}

// A worker that dies again and again still answers each job once.
static void
test_one_death_per_job(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    for (int i = 0; i < 4; i++)
        peer_say(peer, REQUEST("%d", "faulty.exit", "[]"), i);
    for (int i = 0; i < 4; i++) {
        char id[8];

        snprintf(id, sizeof(id), "%d", i);
        expect_error(peer_line(peer), id, ERROR_JOB_FAILED);
    }
    expect_result(peer_ask(peer, REQUEST("1", "sum_squares", "[10]")), "1", "285");
}

HARNESS_MAIN(SCENARIO_CONFIG(test_exit, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_half_an_answer_and_exit, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_an_orphan_holds_the_pipe, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_last_words, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_crash, CONFIG_FAULTY), SCENARIO_CONFIG(test_abort, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_garbage, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_a_request_from_a_worker, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_an_answer_nobody_asked_for, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_endless_line, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_closed_stdout, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_two_answers, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_the_queue_survives_a_fault, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_a_silent_worker_blocks_nobody_else, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_chatter_is_kept_down, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_one_death_per_job, CONFIG_FAULTY))
