// job.gather: what each mode answers and when, with real workers: losers are really stopped, and
// whatever passes through does so byte for byte.
#include "gathers.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The worker of the pool cpu; it is replaced when its job is stopped.
static pid_t
cpu_worker(struct fixture *fixture)
{
    return fixture_worker(fixture, POOL_CPU, 0);
}

static void
expect_ended(pid_t pid)
{
    int64_t deadline = deadline_in(PATIENCE);

    while (processes_alive(pid)) {
        if (deadline_passed(deadline))
            fail_msg("the worker of a job that is not wanted goes on");
        deadline_pause();
    }
}

// ---- modes ----------------------------------------------------------------------------------

static void
test_all(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    expect_result(peer_ask(peer, GATHER("1", "")), "1", "[]");
    expect_result(
        peer_ask(peer,
                 GATHER("1", SLEEP("0.2") "," CALL(
                                 "echo", "[ 1e400,\"\\u00e9\"]") ","
                                                                 "{\"method\":\"echo\"}," CALL(
                                                                     "server.ping",
                                                                     "{}") "," SLEEP("0"))),
        "1", "[" SLEPT("0.2") ",[ 1e400,\"\\u00e9\"],null,\"pong\"," SLEPT("0") "]");
    await_no_jobs(fixture);
}

static void
test_all_stops_at_the_first_failure(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    pid_t worker = cpu_worker(fixture);

    // The failure comes when the long job runs for certain: another worker is asked to wait for it.
    peer_say(peer,
             GATHER("1", FOREVER "," CALL("hold", "[\"%s/release\"]") "," CALL(
                             "job.gather", "{\"calls\":[" CALL("sleep", "[1000]") "]}")),
             fixture->daemon.folder);
    fixture_await(fixture, "pools.0.running", 1);
    fixture_await(fixture, "pools.1.running", 1);
    fixture_await(fixture, "jobs.gathering", 2);
    kill(fixture_worker(fixture, POOL_FAULTY, 0), SIGKILL);
    fixture->killing = true;
    json_decref(expect_error_data(peer_line(peer), "1", ERROR_JOB_FAILED));
    expect_ended(worker);
    await_no_jobs(fixture);
}

static void
test_settled(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    json_auto_t *answer = NULL;
    json_t *list;

    answer = parse_json(peer_ask(
        peer,
        GATHER_BY(MODE("settled"), "1",
                  CALL("crash", "[]") "," CALL("echo", "[2]") "," CALL("no", "[]") "," CALL(
                      "sum_squares",
                      "{\"n\":-1}") "," CALL("own_error",
                                             "[]") "," CALL_WITH("{\"timeouts\":{\"run\":0.2}}",
                                                                 "silent", "[]"))));
    list = json_object_get(answer, "result");
    assert_int_equal(json_array_size(list), 6);
    check_integer(json_at(list, "0.error"), "code", ERROR_JOB_FAILED);
    check_string(json_at(list, "0.error.data"), "signal", "SIGSEGV");
    assert_int_equal(json_integer_value(json_at(list, "1.result.0")), 2);
    check_integer(json_at(list, "2.error"), "code", ERROR_METHOD_NOT_FOUND);
    check_integer(json_at(list, "3.error"), "code", ERROR_INVALID_PARAMS);
    assert_non_null(json_at(list, "4.error.code"));
    check_string(json_at(list, "5.error.data"), "cause", "timeout.run");
    fixture->killing = true;
    await_no_jobs(fixture);
}

static void
test_any(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    pid_t worker = cpu_worker(fixture);

    peer_say(peer,
             GATHER_BY(MODE("any"), "1",
                       FOREVER "," CALL("no", "[]") "," CALL("hold", "[\"%s/release\"]")),
             fixture->daemon.folder);
    fixture_await(fixture, "pools.0.running", 1);
    jobs_release(fixture);
    expect_result(peer_line(peer), "1", "\"released\"");
    expect_ended(worker);
    await_no_jobs(fixture);
    // No success at all: the last failure.
    expect_error(
        peer_ask(peer, GATHER_BY(MODE("any"), "2", CALL("no", "[]") "," CALL("sleep", "[\"x\"]"))),
        "2", ERROR_INVALID_PARAMS);
}

static void
test_first(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    pid_t worker = cpu_worker(fixture);

    peer_say(peer, GATHER_BY(MODE("first"), "1", FOREVER "," CALL("hold", "[\"%s/release\"]")),
             fixture->daemon.folder);
    fixture_await(fixture, "pools.0.running", 1);
    jobs_release(fixture);
    expect_result(peer_line(peer), "1", "\"released\"");
    expect_ended(worker);
    expect_error(peer_ask(peer, GATHER_BY(MODE("first"), "2", SLEEP("1000") "," CALL("no", "[]"))),
                 "2", ERROR_METHOD_NOT_FOUND);
    await_no_jobs(fixture);
}

// ---- calls ----------------------------------------------------------------------------------

static void
test_calls_are_requests(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    expect_result(
        peer_ask(peer,
                 GATHER("1", CALL("job.run", CALL("cpu.echo", "[1]")) "," CALL(
                                 "s\\u0065rver.pin\\u0067",
                                 "[]") "," CALL("job.map",
                                                "{\"method\":\"ec\\u0068o\",\"items\":[[2],{\"a\":"
                                                "3}]}") "," CALL("job.run",
                                                                 CALL("job.gather",
                                                                      "{\"calls\":[" CALL(
                                                                          "echo", "[4]") "]}")))),
        "1", "[[1],\"pong\",[[2],{\"a\":3}],[[4]]]");
    // Options are each call's own.
    peer_say(peer, GATHER("2", CALL_WITH("{\"retries\":1}", "die_first", "[\"%s/calls\",1]")),
             fixture->daemon.folder);
    expect_result(peer_line(peer), "2", "[2]");
    fixture->killing = true;
}

static void
test_wrong_calls_are_outcomes(struct fixture *fixture)
{
    static const char *const calls[][2] = {
        {"1", "method"},
        {"{}", "method"},
        {"{\"method\":7}", "method"},
        {"{\"method\":\"echo\",\"params\":7}", "params"},
        {"{\"method\":\"echo\",\"id\":7}", "id"},
        {"{\"method\":\"echo\",\"options\":{\"retries\":-1}}", "options.retries"},
        {"{\"method\":\"echo\",\"options\":{\"progress\":true}}", "options.progress"},
        {"{\"method\":\"job.run\",\"params\":[]}", "method"},
        {"{\"method\":\"job.gather\",\"params\":{\"calls\":1}}", "calls"},
        {"{\"method\":\"job.map\",\"params\":{\"method\":\"echo\",\"items\":[1]}}", "params"},
        {"{\"method\":\"server.ping\",\"params\":[1]}", "params"},
    };
    struct peer *peer = open_tcp(fixture);

    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        json_auto_t *answer = parse_json(peer_ask(
            peer, GATHER_BY(MODE("settled"), "1", "%s," CALL("echo", "[5]")), calls[i][0]));

        if (json_integer_value(json_at(answer, "result.0.error.code")) != ERROR_INVALID_PARAMS)
            fail_msg("%s is not refused", calls[i][0]);
        check_string(json_at(answer, "result.0.error.data"), "member", calls[i][1]);
        assert_int_equal(json_integer_value(json_at(answer, "result.1.result.0")), 5);
    }
    await_no_jobs(fixture);
}

static void
test_wrong_gathers(struct fixture *fixture)
{
    static const char *const params[][2] = {
        {"[]", "calls"},
        {"{}", "calls"},
        {"{\"calls\":5}", "calls"},
        {"{\"calls\":[],\"mode\":\"most\"}", "mode"},
        {"{\"calls\":[],\"mode\":\"any\"}", "calls"},
        {"{\"calls\":[],\"limit\":0}", "limit"},
        {"{\"calls\":[],\"limit\":-1}", "limit"},
        {"{\"calls\":[],\"items\":[]}", "items"},
    };
    struct peer *peer = open_tcp(fixture);

    for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++) {
        json_t *data =
            expect_error_data(peer_ask(peer, REQUEST("1", "job.gather", "%s"), params[i][0]), "1",
                              ERROR_INVALID_PARAMS);

        check_string(data, "member", params[i][1]);
        json_decref(data);
    }
    assert_int_equal(fixture_number(fixture, "jobs.failed"), 0);
}

static void
test_depth(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    expect_result(
        peer_ask(peer, GATHER("1", CALL("job.gather", "{\"calls\":[" CALL("echo", "[1]") "]}"))),
        "1", "[[[1]]]");
    expect_limit(
        peer_ask(peer,
                 GATHER("2", CALL("job.gather",
                                  "{\"calls\":[" CALL("job.map",
                                                      "{\"method\":\"echo\",\"items\":[]}") "]}"))),
        "2", ERROR_INVALID_REQUEST, "gather-depth-max");
}

// ---- progress -------------------------------------------------------------------------------

#define PARTIAL(token, index, what)                                                             \
    "{\"jsonrpc\":\"2.0\",\"method\":\"$/progress\",\"params\":{\"token\":" token ",\"value\":" \
    "{\"kind\":\"partial\",\"index\":" index "," what "}}}"

static void
test_partials(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    char *expected;
    char longer[16];
    char shorter[16];

    // Where everything takes longer, so do they, that the order stays.
    snprintf(shorter, sizeof(shorter), "%g", 0.2 * deadline_slowness());
    snprintf(longer, sizeof(longer), "%g", 0.4 * deadline_slowness());
    peer_say(peer,
             REQUEST_WITH("{\"progress\":true}", "7", "job.gather",
                          "{\"mode\":\"settled\",\"calls\":[" SLEEP("%s") "," CALL(
                              "echo", "[1, 2]") "," SLEEP("%s") "]}"),
             longer, shorter);
    assert_string_equal(peer_line(peer), PARTIAL("7", "1", "\"result\":[1, 2]"));
    assert_true(asprintf(&expected, PARTIAL("7", "2", "\"result\":" SLEPT("%s")), shorter) > 0);
    assert_string_equal(peer_line(peer), expected);
    free(expected);
    assert_true(asprintf(&expected, PARTIAL("7", "0", "\"result\":" SLEPT("%s")), longer) > 0);
    assert_string_equal(peer_line(peer), expected);
    free(expected);
    assert_true(
        asprintf(&expected,
                 "[{\"result\":" SLEPT("%s") "},{\"result\":[1, 2]},{\"result\":" SLEPT("%s") "}]",
                 longer, shorter) > 0);
    expect_result(peer_line(peer), "7", expected);
    free(expected);
}

// What decides it is told as well, and then nothing more.
static void
test_partials_of_a_failure(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    peer_say(peer, REQUEST_WITH("{\"progress\":\"t\"}", "8", "job.gather",
                                "{\"calls\":[" SLEEP("1000") "," CALL("no", "[]") "]}"));
    assert_string_equal(peer_line(peer), PARTIAL("\"t\"", "1", "\"error\":" NOT_FOUND));
    expect_error(peer_line(peer), "8", ERROR_METHOD_NOT_FOUND);
    expect_pong(peer);
}

// A call with a token of its own is heard under it, byte for byte; a gather within is such a call.
static void
test_progress_of_calls(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    peer_say(peer,
             GATHER("9", CALL_WITH("{\"progress\":\"mine\"}", "progress",
                                   "[[\"1\",\"[ 2 ]\"],0]") "," CALL("progress", "[[\"3\"],0]")));
    assert_string_equal(peer_line(peer),
                        "{\"jsonrpc\":\"2.0\",\"method\":\"$/progress\",\"params\":"
                        "{\"token\":\"mine\",\"value\":1}}");
    assert_string_equal(peer_line(peer),
                        "{\"jsonrpc\":\"2.0\",\"method\":\"$/progress\",\"params\":"
                        "{\"token\":\"mine\",\"value\":[ 2 ]}}");
    expect_result(peer_line(peer), "9", "[\"told\",\"told\"]");
    peer_say(peer, GATHER("10", CALL_WITH("{\"progress\":5}", "job.map",
                                          "{\"method\":\"echo\",\"items\":[[6]]}")));
    assert_string_equal(peer_line(peer), PARTIAL("5", "0", "\"result\":[6]"));
    expect_result(peer_line(peer), "10", "[[[6]]]");
}

HARNESS_MAIN(SCENARIO_CONFIG(test_all, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_all_stops_at_the_first_failure, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_settled, CONFIG_FAULTY), SCENARIO_CONFIG(test_any, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_first, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_calls_are_requests, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_wrong_calls_are_outcomes, CONFIG_FAULTY),
             SCENARIO(test_wrong_gathers),
             SCENARIO(test_depth, "--set", "server.gather-depth-max=2"),
             SCENARIO(test_partials, "--set", "pool.cpu.processes=1"),
             SCENARIO(test_partials_of_a_failure),
             SCENARIO_CONFIG(test_progress_of_calls, CONFIG_FAULTY))
