// Progress: from the worker to the client that asked for it, in order, byte for byte, none after
// the answer; and what happens when the client does not take it.
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROGRESS(token, value)                                                    \
    "{\"jsonrpc\":\"2.0\",\"method\":\"$/progress\",\"params\":{\"token\":" token \
    ",\"value\":" value "}}"
#define ASK(progress, id, values) \
    REQUEST_WITH("{\"progress\":" progress "}", id, "progress", "[" values ",0]")

static void
expect_line(struct peer *peer, const char *expected)
{
    assert_string_equal(peer_line(peer), expected);
}

static void
test_tokens(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    peer_say(peer, ASK("true", "\"id \\u0041\"", "[\"1\",\"2\",\"3\"]"));
    expect_line(peer, PROGRESS("\"id \\u0041\"", "1"));
    expect_line(peer, PROGRESS("\"id \\u0041\"", "2"));
    expect_line(peer, PROGRESS("\"id \\u0041\"", "3"));
    expect_result(peer_line(peer), "\"id \\u0041\"", "\"told\"");
    peer_say(peer, ASK("\"tok\\u0065n\"", "1", "[\"1\"]"));
    expect_line(peer, PROGRESS("\"tok\\u0065n\"", "1"));
    expect_result(peer_line(peer), "1", "\"told\"");
    peer_say(peer, ASK("1.50e0", "1", "[\"1\"]"));
    expect_line(peer, PROGRESS("1.50e0", "1"));
    expect_result(peer_line(peer), "1", "\"told\"");
}

static void
test_who_did_not_ask_is_not_told(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    expect_result(peer_ask(peer, REQUEST("1", "progress", "[[\"1\"],0]")), "1", "\"told\"");
    expect_result(peer_ask(peer, ASK("false", "1", "[\"1\"]")), "1", "\"told\"");
    peer_say(peer, "{\"jsonrpc\":\"2.0\",\"method\":\"progress\",\"params\":[[\"1\"],0],"
                   "\"options\":{\"progress\":\"t\"}}"); // a notification
    fixture_await(fixture, "jobs.succeeded", 3);
    expect_pong(peer);
}

static void
test_byte_for_byte(struct fixture *fixture)
{
    static const char *const values[][2] = {
        // as a JSON string in the request, and as it must come
        {"\"{\\\"kind\\\" : \\\"output\\\",\\\"seq\\\":1.0e0}\"",
         "{\"kind\" : \"output\",\"seq\":1.0e0}"},
        {"\"123456789012345678901234567890.10\"", "123456789012345678901234567890.10"},
        {"\"[ 1 , -0, 1E400 ]\"", "[ 1 , -0, 1E400 ]"},
        {"\"\\\"\\\\u0041\\\\/ \xc3\xa4\\\"\"", "\"\\u0041\\/ \xc3\xa4\""},
        {"\"null\"", "null"},
        {"\"{\\\"a\\\":1,\\\"a\\\":2}\"", "{\"a\":1,\"a\":2}"},
    };
    struct peer *peer = open_tcp(fixture);

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        char expected[256];

        peer_say(peer, REQUEST_WITH("{\"progress\":true}", "7", "progress", "[[%s],0]"),
                 values[i][0]);
        snprintf(expected, sizeof(expected), PROGRESS("7", "%s"), values[i][1]);
        expect_line(peer, expected);
        expect_result(peer_line(peer), "7", "\"told\"");
    }
}

// The worker goes on telling after its answer; nobody hears it.
static void
test_none_after_the_answer(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    for (int i = 0; i < 200; i++) {
        peer_say(peer, ASK("true", "1", "[\"1\"]"));
        expect_line(peer, PROGRESS("1", "1"));
        expect_result(peer_line(peer), "1", "\"told\"");
    }
    peer_say(peer, REQUEST_WITH("{\"progress\":true}", "1", "progress", "[[\"1\",\"2\"],300]"));
    expect_line(peer, PROGRESS("1", "1"));
    expect_error(peer_ask(peer, NOTIFICATION("$/cancelRequest", "{\"id\":1}")), "1",
                 ERROR_CANCELLED);
    peer_say(peer, REQUEST_WITH("{\"progress\":true,\"timeouts\":{\"run\":0.2}}", "2", "progress",
                                "[[\"1\",\"2\"],1000]"));
    expect_line(peer, PROGRESS("2", "1"));
    expect_error(peer_line(peer), "2", ERROR_TIMED_OUT);
    expect_result(peer_ask(peer, REQUEST("3", "nap", "[500]")), "3", "\"slept\"");
    expect_pong(peer);
}

static void
test_elements_of_a_batch(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    peer_say(peer, "[" ASK("\"a\"", "1", "[\"1\",\"2\"]") "," ASK(
                       "true", "2", "[\"3\"]") "," REQUEST("3", "progress", "[[\"4\"],0]") "]");
    expect_line(peer, PROGRESS("\"a\"", "1"));
    expect_line(peer, PROGRESS("\"a\"", "2"));
    expect_line(peer, PROGRESS("2", "3"));
    expect_line(peer, "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"told\"},"
                      "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":\"told\"},"
                      "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":\"told\"}]");
}

// ---- a slow reader --------------------------------------------------------------------------

// Reads values of do_flood, which must come in order, up to the answer, which is returned.
static char *
read_flood(struct peer *peer, const char *kind, int *ret_count, int *ret_last)
{
    char head[128];
    char *line;

    snprintf(head, sizeof(head),
             "{\"jsonrpc\":\"2.0\",\"method\":\"$/progress\",\"params\":{\"token\":1,\"value\":"
             "{\"kind\":\"%s\",\"seq\":",
             kind);
    *ret_count = *ret_last = 0;
    while (strstr(line = peer_line(peer), "$/progress") != NULL) {
        int seq = 0;

        if (strncmp(line, head, strlen(head)) == 0)
            seq = atoi(line + strlen(head));
        if (seq <= *ret_last)
            fail_msg("after %d: %.120s", *ret_last, line);
        *ret_last = seq;
        ++*ret_count;
    }
    return line;
}

static void
test_reports_may_be_left_out(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    int count, last;

    peer_say(peer, REQUEST_WITH("{\"progress\":true}", "1", "flood", "[\"report\",3000,20000]"));
    fixture_await(fixture, "jobs.succeeded", 1); // though nobody reads
    expect_result(read_flood(peer, "report", &count, &last), "1", "\"flooded\"");
    assert_true(count > 0 && count < 3000);
    expect_pong(peer);
}

static void
test_partials_are_never_left_out(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    int count, last;

    peer_say(peer, REQUEST_WITH("{\"progress\":true}", "1", "flood", "[\"partial\",350,20000]"));
    fixture_await(fixture, "jobs.succeeded", 1);
    expect_result(read_flood(peer, "partial", &count, &last), "1", "\"flooded\"");
    assert_int_equal(count, 350);
    assert_int_equal(last, 350);
}

// Nobody takes what must not be left out: the job fails; what came is without a gap.
static void
test_too_many_partials(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    json_t *data;
    int count, last;

    peer_say(peer, REQUEST_WITH("{\"progress\":true}", "1", "flood", "[\"partial\",5000,20000]"));
    fixture_await(fixture, "jobs.failed", 1);
    data = expect_error_data(read_flood(peer, "partial", &count, &last), "1", ERROR_TOO_LARGE);
    check_string(data, "limit", "output-max");
    json_decref(data);
    assert_true(count > 0 && count < 5000);
    assert_int_equal(last, count);
    expect_pong(peer);
}

#define FLOOD                                                             \
    "[server]\noutput-max = 64K\n[pool faulty]\nprogram = " WORKER_FAULTY \
    "\nmethods = " FAULTY_METHODS "\nprocesses = 1\n"

HARNESS_MAIN(SCENARIO_CONFIG(test_tokens, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_who_did_not_ask_is_not_told, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_byte_for_byte, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_none_after_the_answer, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_elements_of_a_batch, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_reports_may_be_left_out, FLOOD),
             SCENARIO_CONFIG(test_partials_are_never_left_out, FLOOD),
             SCENARIO_CONFIG(test_too_many_partials, FLOOD))
