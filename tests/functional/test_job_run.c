// job.run {method, params, options}: the same as a request with these members.
#include "harness.h"

#include <string.h>

#define RUN(id, params) REQUEST(id, "job.run", params)

static void
test_like_a_request(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    expect_result(peer_ask(peer, RUN("1", "{\"method\":\"echo\",\"params\":[1.0e0,  2]}")), "1",
                  "[1.0e0,  2]");
    expect_result(peer_ask(peer, RUN("1", "{\"params\":[10],\"method\":\"sum\\u005fsquares\"}")),
                  "1", "285");
    expect_result(peer_ask(peer, RUN("1", "{\"method\":\"sleep\",\"params\":[0]}")), "1",
                  "\"Operation completed after 0 seconds\"");
    expect_result(peer_ask(peer, RUN("1", "{\"method\":\"server.ping\"}")), "1", "\"pong\"");
    expect_error(peer_ask(peer, RUN("1", "{\"method\":\"no such\"}")), "1", ERROR_METHOD_NOT_FOUND);
    expect_error(
        peer_ask(peer, RUN("1", "{\"method\":\"job.run\",\"params\":{\"method\":\"echo\"}}")), "1",
        ERROR_METHOD_NOT_FOUND);
}

static void
test_options(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    json_t *data = expect_error_data(
        peer_ask(peer,
                 RUN("1", "{\"method\":\"silent\",\"options\":{\"timeouts\":{\"run\":0.2}}}")),
        "1", ERROR_TIMED_OUT);

    check_string(data, "cause", "timeout.run");
    json_decref(data);
    peer_say(peer, RUN("7", "{\"method\":\"progress\",\"params\":[[\"1\"],0],"
                            "\"options\":{\"progress\":true}}"));
    assert_string_equal(peer_line(peer),
                        "{\"jsonrpc\":\"2.0\",\"method\":\"$/progress\",\"params\":"
                        "{\"token\":7,\"value\":1}}");
    expect_result(peer_line(peer), "7", "\"told\"");
    peer_say(peer,
             RUN("8", "{\"method\":\"die_first\",\"params\":[\"%s/calls\",1],"
                      "\"options\":{\"retries\":1}}"),
             fixture->daemon.folder);
    expect_result(peer_line(peer), "8", "2");
    // The request's own serve too.
    data = expect_error_data(peer_ask(peer, REQUEST_WITH("{\"timeouts\":{\"run\":0.2}}", "1",
                                                         "job.run", "{\"method\":\"silent\"}")),
                             "1", ERROR_TIMED_OUT);
    json_decref(data);
}

static void
test_what_is_wrong(struct fixture *fixture)
{
    static const char *const params[][2] = {
        {"[]", "method"},
        {"{}", "method"},
        {"{\"method\":1}", "method"},
        {"{\"method\":\"echo\",\"params\":1}", "params"},
        {"{\"method\":\"echo\",\"options\":[]}", "options"},
        {"{\"method\":\"echo\",\"more\":1}", "more"},
        {"{\"method\":\"echo\",\"options\":{\"retries\":-1}}", "options.retries"},
        {"{\"method\":\"echo\",\"options\":{\"timeouts\":{\"run\":0}}}", "options.timeouts.run"},
        {"{\"method\":\"echo\",\"options\":{\"hurry\":true}}", "options.hurry"},
    };
    struct peer *peer = open_tcp(fixture);

    for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++) {
        json_t *data = expect_error_data(peer_ask(peer, RUN("1", "%s"), params[i][0]), "1",
                                         ERROR_INVALID_PARAMS);

        check_string(data, "member", params[i][1]);
        json_decref(data);
    }
    assert_int_equal(fixture_number(fixture, "jobs.failed"), 0);
}

static void
test_in_a_batch_and_as_a_notification(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    peer_say(
        peer,
        "[" RUN("1", "{\"method\":\"echo\",\"params\":[1]}") "," NOTIFICATION(
            "job.run",
            "{\"method\":\"echo\",\"params\":[2]}") "," NOTIFICATION("job.run",
                                                                     "{}") "," RUN("2",
                                                                                   "{\"method\":"
                                                                                   "\"echo\","
                                                                                   "\"params\":[3]"
                                                                                   "}") "]");
    assert_string_equal(peer_line(peer), "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":[1]},"
                                         "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":[3]}]");
    peer_say(peer, RUN("3", "{\"method\":\"silent\"}"));
    fixture_await(fixture, "pools.1.running", 1);
    expect_error(peer_ask(peer, NOTIFICATION("$/cancelRequest", "{\"id\":3}")), "3",
                 ERROR_CANCELLED);
    expect_pong(peer);
    fixture_await(fixture, "jobs.succeeded", 3);
}

HARNESS_MAIN(SCENARIO_CONFIG(test_like_a_request, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_options, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_what_is_wrong, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_in_a_batch_and_as_a_notification, CONFIG_FAULTY))
