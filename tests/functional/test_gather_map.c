// job.map: one method over very many params with one request. It is linear, keeps the queue free
// for others, keeps the order and the bytes, and a limit of its own.
#include "common/clock.h"
#include "gathers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A request for `count` items that are written by the format, which takes the index.
static char *
write_map(const char *method, size_t count, const char *format, size_t *ret_length)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, ret_length);

    assert_non_null(out);
    fprintf(out,
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"job.map\",\"params\":{\"method\":\"%s\","
            "\"items\":[",
            method);
    for (size_t i = 0; i < count; i++) {
        fputs(i == 0 ? "" : ",", out);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        fprintf(out, format, i);
#pragma GCC diagnostic pop
    }
    fputs("]}}\n", out);
    fclose(out);
    return text;
}

// The result is a list of the same.
static void
expect_list(const char *line, size_t count, const char *format)
{
    static const char start[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":[";
    const char *at = line + strlen(start);
    char piece[64];

    if (strncmp(line, start, strlen(start)) != 0)
        fail_msg("no list: %.200s", line);
    for (size_t i = 0; i < count; i++) {
        int length;

        at += i > 0;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        length = snprintf(piece, sizeof(piece), format, i);
#pragma GCC diagnostic pop
        if (strncmp(at, piece, (size_t)length) != 0)
            fail_msg("element %zu is not %s but %.40s", i, piece, at);
        at += length;
    }
    assert_string_equal(at, "]}");
}

static void
run_map(struct peer *peer, const char *method, size_t count, const char *item, const char *result)
{
    int64_t begin_us = clock_us();
    size_t length;
    char *text = write_map(method, count, item, &length);
    char *line;

    peer_send(peer, text, length);
    free(text);
    line = peer_line_until(peer, deadline_in(8 * PATIENCE));
    assert_non_null(line);
    expect_list(line, count, result);
    print_message("%zu items of %s: %.3f s\n", count, method,
                  (double)(clock_us() - begin_us) / 1e6);
}

static void
test_very_many(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    run_map(peer, "echo", 1000, "[%zu]", "[%zu]");
    run_map(peer, "echo", 100000, "{\"n\": %zu}", "{\"n\": %zu}");
    run_map(peer, "sleep", 100000, "[0.%06zu]", "\"Operation completed after 0.%06zu seconds\"");
    run_map(peer, "server.ping", 100000, "[]", "\"pong\"");
    await_no_jobs(fixture);
}

// As many items as fit into a line are too many; that too is found out quickly, and the session
// goes on.
static void
test_too_many(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    size_t length;
    char *text = write_map("echo", 1000000, "[]", &length);

    peer_send(peer, text, length);
    free(text);
    expect_limit(peer_line(peer), "1", ERROR_INVALID_REQUEST, "gather-max");
    expect_pong(peer);
    await_no_jobs(fixture);
}

// While it runs, no more of its items wait than may be in flight, and another client's job is not
// behind all of them.
static void
test_others_are_served(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    struct peer *other = open_tcp(fixture);
    size_t length;
    char *text = write_map("sum_squares", 20000, "[%zu]", &length);
    int asked = 0;

    peer_send(peer, text, length);
    free(text);
    fixture_await(fixture, "jobs.gathering", 1);
    while (fixture_number(fixture, "jobs.gathering") == 1) {
        json_auto_t *status = fixture_status(fixture);

        assert_true(json_integer_value(json_at(status, "jobs.queued")) +
                        json_integer_value(json_at(status, "jobs.running")) <=
                    16 + 2);
        expect_result(peer_ask(other, REQUEST("2", "sum_squares", "[10]")), "2", "285");
        asked++;
    }
    assert_true(asked > 10);
    assert_non_null(strstr(peer_line(peer), "\"result\":[0,0,1,5,14,30,"));
}

// The queue is as short as the limit: nothing is refused.
static void
test_limit(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    char *line;

    peer_say(peer,
             REQUEST("1", "job.map",
                     "{\"limit\":2,\"method\":\"echo\",\"items\":[[1],[2],[3],[4],[5],[6],[7],[8],"
                     "[9]]}"));
    expect_result(peer_line(peer), "1", "[[1],[2],[3],[4],[5],[6],[7],[8],[9]]");
    // Without it all wait at once, and those too many are told so.
    peer_say(peer,
             REQUEST("2", "job.map",
                     "{\"mode\":\"settled\",\"method\":\"echo\",\"items\":[[1],[2],[3],[4],[5],[6],"
                     "[7],[8],[9]]}"));
    line = peer_line(peer);
    check_contains(line, "{\"result\":[1]}");
    check_contains(line, "\"limit\":\"queue-max\"");
}

static void
test_members(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    json_t *data;

    expect_result(peer_ask(peer, MAP("1", "echo", "")), "1", "[]");
    expect_result(
        peer_ask(peer, MAP("1", "job.run", CALL("echo", "[ 1]") "," CALL("server.ping", "[]"))),
        "1", "[[ 1],\"pong\"]");
    expect_result(peer_ask(peer, MAP("1", "job.gather", "{\"calls\":[" CALL("echo", "[2]") "]}")),
                  "1", "[[[2]]]");
    expect_error(peer_ask(peer, MAP("1", "no_such", "[],[]")), "1", ERROR_METHOD_NOT_FOUND);
    expect_result(
        peer_ask(peer, REQUEST("1", "job.map",
                               "{\"mode\":\"settled\",\"method\":\"echo\",\"items\":[[1],2]}")),
        "1",
        "[{\"result\":[1]},{\"error\":{\"code\":-32602,\"message\":\"Invalid params\","
        "\"data\":{\"member\":\"params\",\"reason\":\"wrong type\","
        "\"expected\":\"an array or an object\"}}}]");
    // Options of each, checked before anything runs.
    data = expect_error_data(peer_ask(peer, REQUEST("1", "job.map",
                                                    "{\"method\":\"silent\",\"items\":[[],[]],"
                                                    "\"options\":{\"timeouts\":{\"run\":0.2}}}")),
                             "1", ERROR_TIMED_OUT);
    check_string(data, "cause", "timeout.run");
    json_decref(data);
    data = expect_error_data(peer_ask(peer, REQUEST("1", "job.map",
                                                    "{\"method\":\"echo\",\"items\":[],"
                                                    "\"options\":{\"colour\":1}}")),
                             "1", ERROR_INVALID_PARAMS);
    check_string(data, "member", "options.colour");
    json_decref(data);
    fixture_await_workers(fixture);
}

// Streamed as they come, for who does not want to wait for the last.
static void
test_partials(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    peer_say(peer, REQUEST_WITH("{\"progress\":\"m\"}", "1", "job.map",
                                "{\"method\":\"sleep\",\"items\":[[0.4],[0.2],[0]]}"));
    for (int i = 2; i >= 0; i--) {
        json_auto_t *line = parse_json(peer_line(peer));

        check_string(json_at(line, "params"), "token", "m");
        check_integer(json_at(line, "params.value"), "index", i);
    }
    expect_result(peer_line(peer), "1", "[" SLEPT("0.4") "," SLEPT("0.2") "," SLEPT("0") "]");
}

HARNESS_MAIN(SCENARIO(test_very_many), SCENARIO(test_too_many),
             SCENARIO(test_others_are_served, "--set", "server.in-flight-max=16", "--set",
                      "pool.cpu.processes=1"),
             SCENARIO(test_limit, "--set", "server.queue-max=2", "--set", "pool.cpu.processes=1"),
             SCENARIO_CONFIG(test_members, CONFIG_FAULTY), SCENARIO(test_partials))
