// The examples of section 7 of the JSON-RPC 2.0 specification
// (https://www.jsonrpc.org/specification) word for word, against a daemon with a worker that serves
// the methods named there. Only newlines inside an example are gone, because here a newline ends a
// message.
#include "harness.h"

#include <string.h>

#define CONFIG                                                                  \
    "[pool specification]\nprogram = " WORKER_SPECIFICATION "\nprocesses = 2\n" \
    "methods = subtract sum get_data update notify_sum notify_hello\n"

// Says the line on a TCP and a Unix session and expects the response.
static void
expect_response(struct fixture *fixture, const char *line, const char *expected)
{
    struct peer *peers[] = {open_tcp(fixture), open_unix(fixture)};

    for (int i = 0; i < 2; i++)
        expect_same_json(peer_ask(peers[i], "%s", line), expected);
}

// Says the line and then asks for something else: that answer must be the first.
static void
expect_silence(struct fixture *fixture, const char *line)
{
    struct peer *peer = open_tcp(fixture);

    peer_say(peer, "%s", line);
    expect_result(peer_ask(peer, "%s", "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"server.ping\"}"),
                  "0", "\"pong\"");
}

static void
test_positional_params(struct fixture *fixture)
{
    expect_response(
        fixture,
        "{\"jsonrpc\": \"2.0\", \"method\": \"subtract\", \"params\": [42, 23], \"id\": 1}",
        "{\"jsonrpc\": \"2.0\", \"result\": 19, \"id\": 1}");
    expect_response(
        fixture,
        "{\"jsonrpc\": \"2.0\", \"method\": \"subtract\", \"params\": [23, 42], \"id\": 2}",
        "{\"jsonrpc\": \"2.0\", \"result\": -19, \"id\": 2}");
}

static void
test_named_params(struct fixture *fixture)
{
    expect_response(fixture,
                    "{\"jsonrpc\": \"2.0\", \"method\": \"subtract\", \"params\": "
                    "{\"subtrahend\": 23, \"minuend\": 42}, \"id\": 3}",
                    "{\"jsonrpc\": \"2.0\", \"result\": 19, \"id\": 3}");
    expect_response(fixture,
                    "{\"jsonrpc\": \"2.0\", \"method\": \"subtract\", \"params\": "
                    "{\"minuend\": 42, \"subtrahend\": 23}, \"id\": 4}",
                    "{\"jsonrpc\": \"2.0\", \"result\": 19, \"id\": 4}");
}

static void
test_notifications(struct fixture *fixture)
{
    expect_silence(fixture,
                   "{\"jsonrpc\": \"2.0\", \"method\": \"update\", \"params\": [1,2,3,4,5]}");
    expect_silence(fixture, "{\"jsonrpc\": \"2.0\", \"method\": \"foobar\"}");
    fixture_await(fixture, "jobs.queued", 0);
    fixture_await(fixture, "jobs.running", 0);
}

static void
test_method_that_does_not_exist(struct fixture *fixture)
{
    expect_response(fixture, "{\"jsonrpc\": \"2.0\", \"method\": \"foobar\", \"id\": \"1\"}",
                    "{\"jsonrpc\": \"2.0\", \"error\": {\"code\": -32601, \"message\": "
                    "\"Method not found\"}, \"id\": \"1\"}");
}

static void
test_invalid_json(struct fixture *fixture)
{
    expect_response(fixture,
                    "{\"jsonrpc\": \"2.0\", \"method\": \"foobar, \"params\": \"bar\", \"baz]",
                    "{\"jsonrpc\": \"2.0\", \"error\": {\"code\": -32700, \"message\": "
                    "\"Parse error\"}, \"id\": null}");
}

static void
test_invalid_request(struct fixture *fixture)
{
    expect_response(fixture, "{\"jsonrpc\": \"2.0\", \"method\": 1, \"params\": \"bar\"}",
                    "{\"jsonrpc\": \"2.0\", \"error\": {\"code\": -32600, \"message\": "
                    "\"Invalid Request\"}, \"id\": null}");
}

static void
test_batch_of_invalid_json(struct fixture *fixture)
{
    expect_response(fixture,
                    "["
                    "  {\"jsonrpc\": \"2.0\", \"method\": \"sum\", \"params\": [1,2,4], \"id\": "
                    "\"1\"},"
                    "  {\"jsonrpc\": \"2.0\", \"method\""
                    "]",
                    "{\"jsonrpc\": \"2.0\", \"error\": {\"code\": -32700, \"message\": "
                    "\"Parse error\"}, \"id\": null}");
}

static void
test_empty_array(struct fixture *fixture)
{
    expect_response(fixture, "[]",
                    "{\"jsonrpc\": \"2.0\", \"error\": {\"code\": -32600, \"message\": "
                    "\"Invalid Request\"}, \"id\": null}");
}

static void
test_invalid_batch(struct fixture *fixture)
{
    expect_response(fixture, "[1]",
                    "["
                    "  {\"jsonrpc\": \"2.0\", \"error\": {\"code\": -32600, \"message\": "
                    "\"Invalid Request\"}, \"id\": null}"
                    "]");
    expect_response(fixture, "[1,2,3]",
                    "["
                    "  {\"jsonrpc\": \"2.0\", \"error\": {\"code\": -32600, \"message\": "
                    "\"Invalid Request\"}, \"id\": null},"
                    "  {\"jsonrpc\": \"2.0\", \"error\": {\"code\": -32600, \"message\": "
                    "\"Invalid Request\"}, \"id\": null},"
                    "  {\"jsonrpc\": \"2.0\", \"error\": {\"code\": -32600, \"message\": "
                    "\"Invalid Request\"}, \"id\": null}"
                    "]");
}

static void
test_mixed_batch(struct fixture *fixture)
{
    expect_response(
        fixture,
        "["
        "    {\"jsonrpc\": \"2.0\", \"method\": \"sum\", \"params\": [1,2,4], \"id\": \"1\"},"
        "    {\"jsonrpc\": \"2.0\", \"method\": \"notify_hello\", \"params\": [7]},"
        "    {\"jsonrpc\": \"2.0\", \"method\": \"subtract\", \"params\": [42,23], \"id\": \"2\"},"
        "    {\"foo\": \"boo\"},"
        "    {\"jsonrpc\": \"2.0\", \"method\": \"foo.get\", \"params\": {\"name\": \"myself\"}, "
        "\"id\": \"5\"},"
        "    {\"jsonrpc\": \"2.0\", \"method\": \"get_data\", \"id\": \"9\"} "
        "]",
        "["
        "    {\"jsonrpc\": \"2.0\", \"result\": 7, \"id\": \"1\"},"
        "    {\"jsonrpc\": \"2.0\", \"result\": 19, \"id\": \"2\"},"
        "    {\"jsonrpc\": \"2.0\", \"error\": {\"code\": -32600, \"message\": \"Invalid "
        "Request\"}, \"id\": null},"
        "    {\"jsonrpc\": \"2.0\", \"error\": {\"code\": -32601, \"message\": \"Method not "
        "found\"}, \"id\": \"5\"},"
        "    {\"jsonrpc\": \"2.0\", \"result\": [\"hello\", 5], \"id\": \"9\"}"
        "]");
}

static void
test_batch_of_notifications(struct fixture *fixture)
{
    expect_silence(fixture,
                   "["
                   "    {\"jsonrpc\": \"2.0\", \"method\": \"notify_sum\", \"params\": [1,2,4]},"
                   "    {\"jsonrpc\": \"2.0\", \"method\": \"notify_hello\", \"params\": [7]}"
                   "]");
    fixture_await(fixture, "jobs.queued", 0);
    fixture_await(fixture, "jobs.running", 0);
}

// Section 5.1: the worker's own -32602 comes back as it made it.
static void
test_invalid_params(struct fixture *fixture)
{
    expect_response(fixture,
                    "{\"jsonrpc\": \"2.0\", \"method\": \"subtract\", \"params\": [42], \"id\": 1}",
                    "{\"jsonrpc\": \"2.0\", \"error\": {\"code\": -32602, \"message\": "
                    "\"Invalid params\"}, \"id\": 1}");
}

HARNESS_MAIN(SCENARIO_CONFIG(test_positional_params, CONFIG),
             SCENARIO_CONFIG(test_named_params, CONFIG),
             SCENARIO_CONFIG(test_notifications, CONFIG),
             SCENARIO_CONFIG(test_method_that_does_not_exist, CONFIG),
             SCENARIO_CONFIG(test_invalid_json, CONFIG),
             SCENARIO_CONFIG(test_invalid_request, CONFIG),
             SCENARIO_CONFIG(test_batch_of_invalid_json, CONFIG),
             SCENARIO_CONFIG(test_empty_array, CONFIG), SCENARIO_CONFIG(test_invalid_batch, CONFIG),
             SCENARIO_CONFIG(test_mixed_batch, CONFIG),
             SCENARIO_CONFIG(test_batch_of_notifications, CONFIG),
             SCENARIO_CONFIG(test_invalid_params, CONFIG))
