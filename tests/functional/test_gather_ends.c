// How gathers end before their time: cancelled, timed out, their client gone, the daemon told to
// stop, too much to hold. Each has exactly one answer, nothing of it goes on, and nothing is left.
#include "gathers.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NESTED(calls) CALL("job.gather", "{\"calls\":[" calls "]}")

static void
test_cancel(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    pid_t worker = fixture_worker(fixture, POOL_CPU, 0);

    peer_say(peer, GATHER("\"g\"", FOREVER "," CALL("sum_squares", "[10]") "," NESTED(
                                       SLEEP("1000") "," NESTED(SLEEP("1000")))));
    fixture_await(fixture, "jobs.gathering", 3);
    fixture_await(fixture, "jobs.sleeping", 2);
    fixture_await(fixture, "pools.0.queued", 1);
    expect_error(peer_ask(peer, NOTIFICATION("$/cancelRequest", "{\"id\":\"g\"}")), "\"g\"",
                 ERROR_CANCELLED);
    await_no_jobs(fixture);
    assert_int_not_equal(fixture_worker(fixture, POOL_CPU, 0), worker);
    expect_pong(peer); // one answer, and no second
    fixture_await_workers(fixture);
}

// The cancel at every moment of a gather's life. It is answered once, with what it is or -32800.
static void
test_cancel_races_the_answer(struct fixture *fixture)
{
    const int count = deadline_slowness() > 1 ? 50 : 500;
    struct peer *peer = open_tcp(fixture);
    unsigned seed = 7;
    int cancelled = 0;

    for (int i = 0; i < count; i++) {
        int64_t moment;
        const char *line;
        char id[16];

        snprintf(id, sizeof(id), "%d", i);
        moment = deadline_in((double)(rand_r(&seed) % 8000) / 1e6);
        peer_say(
            peer,
            GATHER("%d", CALL("echo", "[1]") "," NESTED(CALL("echo", "[2]") "," SLEEP("0.0005"))),
            i);
        while (!deadline_passed(moment))
            ;
        peer_say(peer, NOTIFICATION("$/cancelRequest", "{\"id\":%d}"), i);
        line = peer_line(peer);
        if (strstr(line, "\"result\"") != NULL) {
            expect_result(line, id, "[[1],[[2]," SLEPT("0.0005") "]]");
        } else {
            expect_error(line, id, ERROR_CANCELLED);
            cancelled++;
        }
    }
    print_message("%d of %d were cancelled\n", cancelled, count);
    expect_pong(peer);
    await_no_jobs(fixture);
    fixture_await_workers(fixture);
}

static void
test_timeouts(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    pid_t worker = fixture_worker(fixture, POOL_CPU, 0);
    json_t *data;

    peer_say(peer, REQUEST_WITH("{\"timeouts\":{\"total\":0.3}}", "1", "job.gather",
                                "{\"calls\":[" FOREVER "," NESTED(SLEEP("1000")) "]}"));
    data = expect_error_data(peer_line(peer), "1", ERROR_TIMED_OUT);
    check_string(data, "cause", "timeout.total");
    json_decref(data);
    await_no_jobs(fixture);
    assert_int_not_equal(fixture_worker(fixture, POOL_CPU, 0), worker);
    // Each outcome breaks the silence; the last one lasts too long.
    peer_say(peer, REQUEST_WITH("{\"timeouts\":{\"silence\":0.5}}", "2", "job.map",
                                "{\"method\":\"sleep\",\"limit\":1,\"items\":[[0.25],[0.25],[0.25],"
                                "[0.25],[1000]]}"));
    data = expect_error_data(peer_line(peer), "2", ERROR_TIMED_OUT);
    check_string(data, "cause", "timeout.silence");
    json_decref(data);
    expect_pong(peer);
    await_no_jobs(fixture);
    fixture_await_workers(fixture);
}

// Of a gather within: its own outcome.
static void
test_timeout_within(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    json_auto_t *answer = parse_json(
        peer_ask(peer, GATHER_BY(MODE("settled"), "1",
                                 CALL_WITH("{\"timeouts\":{\"total\":0.2}}", "job.gather",
                                           "{\"calls\":[" SLEEP("1000") "]}") "," SLEEP("0.5"))));

    check_string(json_at(answer, "result.0.error.data"), "cause", "timeout.total");
    assert_non_null(json_at(answer, "result.1.result"));
    await_no_jobs(fixture);
}

static void
leave(struct fixture *fixture, struct peer *peer, void (*how)(struct peer *peer))
{
    pid_t worker;

    fixture_await_workers(fixture);
    worker = fixture_worker(fixture, POOL_CPU, 0);
    peer_say(peer, GATHER("1", FOREVER "," NESTED(SLEEP("1000") "," CALL("sum_squares", "[1]"))));
    peer_say(peer, NOTIFICATION("job.map", "{\"method\":\"sleep\",\"items\":[[1000],[1000]]}"));
    fixture_await(fixture, "jobs.gathering", 3);
    fixture_await(fixture, "jobs.sleeping", 3);
    fixture_await(fixture, "pools.0.running", 1);
    how(peer);
    await_no_jobs(fixture);
    processes_await_end(worker);
}

static void
test_client_gone(struct fixture *fixture)
{
    leave(fixture, open_unix(fixture), peer_close);
    leave(fixture, open_tcp(fixture), peer_reset);
    fixture_await_workers(fixture);
}

// Its half-close is not its end.
static void
test_half_close(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    peer_say(peer, GATHER("1", SLEEP("0.2") "," CALL("echo", "[]")));
    peer_half_close(peer);
    expect_result(peer_line(peer), "1", "[" SLEPT("0.2") ",[]]");
    peer_expect_end(peer);
}

// Its workers die again and again; the gathers do not notice more than their own calls' deaths.
static void
test_deaths(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    for (int i = 0; i < 2; i++) { // each death delays the next start a little more
        json_auto_t *answer = parse_json(peer_ask(
            peer,
            GATHER_BY(MODE("settled"), "1",
                      CALL("exit", "[3]") "," CALL("echo", "[1]") "," NESTED(
                          CALL("crash", "[]") "," CALL("echo", "[2]")) "," CALL("garbage", "[]"))));

        assert_int_equal(json_integer_value(json_at(answer, "result.0.error.code")),
                         ERROR_JOB_FAILED);
        assert_int_equal(json_integer_value(json_at(answer, "result.1.result.0")), 1);
        assert_int_equal(json_integer_value(json_at(answer, "result.2.error.code")),
                         ERROR_JOB_FAILED);
        assert_int_equal(json_integer_value(json_at(answer, "result.3.error.code")),
                         ERROR_WORKER_PROTOCOL);
    }
    fixture->killing = true;
    await_no_jobs(fixture);
}

// What runs may finish; what has not begun is answered that the daemon stops; so the gathers end.
static void
test_stop(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    peer_say(peer, GATHER_BY(MODE("settled") ",\"limit\":1", "1", SLEEP("1") "," SLEEP("0")));
    peer_say(peer, GATHER("2", SLEEP("1") "," NESTED(SLEEP("1"))));
    fixture_await(fixture, "jobs.sleeping", 3);
    peer_close(&fixture->watch);
    kill(fixture->daemon.pid, SIGTERM);
    for (int i = 0; i < 2; i++) {
        char *line = peer_line(peer);

        if (strstr(line, "\"id\":1") != NULL)
            expect_result(line, "1",
                          "[{\"result\":" SLEPT("1") "},{\"error\":{\"code\":-32005,"
                                                     "\"message\":\"Shutting down\"}}]");
        else
            expect_result(line, "2", "[" SLEPT("1") ",[" SLEPT("1") "]]");
    }
    peer_expect_end(peer);
    assert_int_equal(daemon_wait(&fixture->daemon), 0);
    fixture_forget(fixture);
}

// A second signal: what runs is answered so too.
static void
test_stop_in_a_hurry(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    peer_say(peer,
             GATHER_BY(MODE("settled"), "1", SLEEP("1000") "," FOREVER "," NESTED(SLEEP("1000"))));
    fixture_await(fixture, "jobs.sleeping", 2);
    fixture_await(fixture, "pools.0.running", 1);
    peer_close(&fixture->watch);
    kill(fixture->daemon.pid, SIGTERM);
    // Only when it is seen does the second one count.
    expect_error(peer_ask(peer, REQUEST("2", "echo", "[]")), "2", ERROR_SHUTTING_DOWN);
    kill(fixture->daemon.pid, SIGINT);
#define STOPPED "{\"error\":{\"code\":-32005,\"message\":\"Shutting down\"}}"
    expect_result(peer_line(peer), "1", "[" STOPPED "," STOPPED "," STOPPED "]");
    peer_expect_end(peer);
    assert_int_equal(daemon_wait(&fixture->daemon), 0);
    fixture_forget(fixture);
}

// More than the session may have waiting: -32004, the rest is stopped, and the memory is free.
static void
test_too_large(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    json_t *data;

    peer_say(peer,
             GATHER("1", SLEEP("1000") "," CALL("job.map", "{\"method\":\"rpc.discover\","
                                                           "\"items\":[[],[],[],[],[],[]]}")));
    data = expect_error_data(peer_line(peer), "1", ERROR_TOO_LARGE);
    check_string(data, "limit", "output-max");
    json_decref(data);
    await_no_jobs(fixture);
    expect_pong(peer);
}

HARNESS_MAIN(SCENARIO_CONFIG(test_cancel, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_cancel_races_the_answer, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_timeouts, CONFIG_FAULTY), SCENARIO(test_timeout_within),
             SCENARIO_CONFIG(test_client_gone, CONFIG_FAULTY), SCENARIO(test_half_close),
             SCENARIO_CONFIG(test_deaths, CONFIG_FAULTY), SCENARIO(test_stop),
             SCENARIO_CONFIG(test_stop_in_a_hurry, CONFIG_FAULTY),
             SCENARIO(test_too_large, "--set", "server.output-max=4K", "--set",
                      "server.line-max=2K"))
