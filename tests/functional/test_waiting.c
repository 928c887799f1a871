// Waiting, and being told about it: delays, refusals of what would wait too long, and quotes.
#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#define LATER   "{\"delay\":1000000}"
#define FOREVER "[4398046511104]" // of sum_squares: a quarter of an hour
#define QUOTE(id, params) \
    "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"job.quote\",\"params\":" params "}"

// ---- delays ---------------------------------------------------------------------------------

static void
test_delays_go_with_their_client(struct fixture *fixture)
{
    struct peer *peer = open_unix(fixture);

    for (int i = 0; i < 50; i++)
        peer_say(peer, REQUEST_WITH(LATER, "%d", "echo", "[]"), i);
    fixture_await(fixture, "jobs.delayed", 50);
    assert_int_equal(fixture_number(fixture, "jobs.running"), 0);
    peer_close(peer);
    fixture_await(fixture, "jobs.delayed", 0);
    assert_int_equal(fixture_number(fixture, "jobs.cancelled"), 50);
}

static void
test_delays_are_cancelled(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    peer_say(peer, REQUEST_WITH(LATER, "1", "echo", "[]"));
    peer_say(peer, REQUEST_WITH(LATER, "2", "sleep", "[0]"));
    fixture_await(fixture, "jobs.delayed", 2);
    expect_error(peer_ask(peer, NOTIFICATION("$/cancelRequest", "{\"id\":1}")), "1",
                 ERROR_CANCELLED);
    expect_error(peer_ask(peer, NOTIFICATION("$/cancelRequest", "{\"id\":2}")), "2",
                 ERROR_CANCELLED);
    assert_int_equal(fixture_number(fixture, "jobs.delayed"), 0);
}

// In the order of their times, not of their arrival, and behind what needs no delay.
static void
test_delays_end_in_order(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    peer_say(peer, "[" REQUEST_WITH("{\"delay\":0.5}", "1", "echo", "[1]") "]\n" // at once
             REQUEST_WITH("{\"delay\":3}", "2", "echo", "[2]") "\n" REQUEST_WITH(
                 "{\"delay\":1.7}", "3", "sleep",
                 "[0]") "\n" REQUEST_WITH("{\"delay\":0}", "4", "echo",
                                          "[4]") "\n" REQUEST_WITH("{\"delay\":1000000}", "5",
                                                                   "server.ping", "[]"));
    expect_result(peer_line(peer), "5", "\"pong\"");
    expect_result(peer_line(peer), "4", "[4]");
    assert_string_equal(peer_line(peer), "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":[1]}]");
    expect_result(peer_line(peer), "3", "\"Operation completed after 0 seconds\"");
    expect_result(peer_line(peer), "2", "[2]");
}

static void
test_delays_end_with_the_daemon(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    peer_say(peer, REQUEST_WITH(LATER, "1", "echo", "[]"));
    fixture_await(fixture, "jobs.delayed", 1);
    fixture_forget(fixture);
    assert_int_equal(kill(fixture->daemon.pid, SIGTERM), 0);
    expect_error(peer_line(peer), "1", ERROR_SHUTTING_DOWN);
    peer_expect_end(peer);
    assert_int_equal(daemon_wait(&fixture->daemon), 0);
}

// What is to be stopped before its time never starts; a gather as a whole has no time of its own,
// its calls have.
static void
test_delays_within(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    json_auto_t *data = NULL;

    data = expect_error_data(
        peer_ask(peer, REQUEST_WITH("{\"delay\":1000000,\"timeouts\":{\"total\":0.1}}", "1",
                                    "faulty.exit", "[]")),
        "1", ERROR_TIMED_OUT);
    check_string(data, "cause", "timeout.total");
    check_integer(data, "attempts", 0);
    json_decref(data);
    data =
        expect_error_data(peer_ask(peer, REQUEST_WITH(LATER, "2", "job.gather", "{\"calls\":[]}")),
                          "2", ERROR_INVALID_PARAMS);
    check_string(data, "member", "options.delay");
    expect_result(peer_ask(peer, REQUEST("3", "job.gather",
                                         "{\"mode\":\"first\",\"calls\":["
                                         "{\"method\":\"echo\",\"params\":[1],\"options\":" LATER
                                         "},{\"method\":\"echo\",\"params\":[2]}]}")),
                  "3", "[2]");
    fixture_await(fixture, "jobs.delayed", 0);
}

// ---- refusals -------------------------------------------------------------------------------

// The numbers that come with a refusal.
static void
check_refusal(const char *line, const char *id, const char *limit, double max)
{
    json_auto_t *data = expect_error_data(line, id, ERROR_BUSY);

    check_string(data, "limit", limit);
    assert_true(json_number_value(json_object_get(data, "max")) == max);
    assert_true(json_number_value(json_object_get(data, "retry_after")) >= 0.1);
    assert_true(json_number_value(json_object_get(data, "retry_after")) <= 60);
    assert_true(json_is_real(json_object_get(data, "predicted_wait")));
}

static void
test_refusals(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    peer_say(peer, REQUEST("\"runs\"", "cpu.sum_squares", FOREVER));
    fixture_await(fixture, "jobs.running", 1);
    // As long as nobody knows better it seems to end soon; then it does not any more.
    for (int64_t deadline = deadline_in(PATIENCE);;) {
        json_auto_t *answer = parse_json(peer_ask(peer, QUOTE("0", "{\"method\":\"cpu.echo\"}")));

        if (json_number_value(json_at(answer, "result.predicted_wait")) > 0.05)
            break;
        assert_false(deadline_passed(deadline));
        deadline_pause();
    }
    check_refusal(peer_ask(peer, REQUEST_WITH("{\"max_wait\":0.05}", "1", "cpu.echo", "[]")), "1",
                  "max_wait", 0.05);
    peer_say(peer, REQUEST_WITH("{\"max_wait\":31536000}", "2", "cpu.echo", "[2]"));
    peer_say(peer, REQUEST_WITH("{\"delay\":31536000}", "3", "cpu.echo", "[3]"));
    check_refusal(peer_ask(peer, REQUEST("4", "cpu.echo", "[4]")), "4", "queue-max", 2);
    expect_error(peer_ask(peer, NOTIFICATION("$/cancelRequest", "{\"id\":3}")), "3",
                 ERROR_CANCELLED);
    peer_say(peer, REQUEST("5", "cpu.echo", "[5]"));
    expect_error(peer_ask(peer, NOTIFICATION("$/cancelRequest", "{\"id\":\"runs\"}")), "\"runs\"",
                 ERROR_CANCELLED);
    expect_result(peer_line(peer), "2", "[2]");
    expect_result(peer_line(peer), "5", "[5]");
    fixture_await(fixture, "jobs.refused", 2);
}

// The queue is full, with one job that does not end and one that waits.
static void
fill_the_queue(struct fixture *fixture, struct peer *peer)
{
    peer_say(peer, REQUEST("\"runs\"", "cpu.sum_squares", FOREVER));
    fixture_await(fixture, "jobs.running", 1);
    peer_say(peer, REQUEST("\"waits\"", "cpu.echo", "[]"));
    fixture_await(fixture, "jobs.queued", 1);
}

// The client comes back when it was told to, and has its answer as soon as there is room.
static void
test_the_client_comes_back(struct fixture *fixture)
{
    const char *const arguments[] = {
        "--server", fixture->daemon.tcp_address, "call", "cpu.echo", "[7]", NULL};
    struct peer *peer = open_tcp(fixture);
    struct command command;

    fill_the_queue(fixture, peer);
    command_start(&command, OFFLOAD_PROGRAM, arguments, NULL);
    fixture_await(fixture, "jobs.refused", 1);
    peer_say(peer, NOTIFICATION("$/cancelRequest", "{\"id\":\"runs\"}"));
    command_wait(&command);
    assert_string_equal(command.out, "[7]\n");
    assert_string_equal(command.err, "");
    assert_int_equal(command.status, 0);
    command_done(&command);
}

// But not for ever.
static void
test_the_client_gives_up(struct fixture *fixture)
{
    const char *const arguments[] = {
        "--server", fixture->daemon.tcp_address, "call", "cpu.echo", "[7]", NULL};
    struct peer *peer = open_tcp(fixture);
    struct command command;

    fill_the_queue(fixture, peer);
    command_run(&command, OFFLOAD_PROGRAM, arguments, NULL, NULL);
    assert_int_equal(command.status, error_exit_status(ERROR_BUSY));
    check_contains(command.err, "queue-max");
    assert_int_equal(fixture_number(fixture, "jobs.refused"), 10);
    command_done(&command);
    peer_say(peer, NOTIFICATION("$/cancelRequest", "{\"id\":\"runs\"}"));
    expect_error(peer_line(peer), "\"runs\"", ERROR_CANCELLED);
    expect_result(peer_line(peer), "\"waits\"", "[]");
}

// ---- quotes ---------------------------------------------------------------------------------

static void
test_quotes(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    json_auto_t *data = NULL;

    peer_say(peer, NOTIFICATION("job.quote", "{\"method\":\"faulty.exit\"}")); // runs nothing
    expect_result(peer_ask(peer, QUOTE("1", "{\"method\":\"cpu.\\u0065cho\",\"params\":[1]}")), "1",
                  "{\"pool\":\"cpu\",\"queued\":0,\"running\":0,\"slots\":1,\"predicted_wait\":0."
                  "000,\"predicted_run\":null,\"accepted\":true}");
    expect_result(peer_ask(peer, REQUEST("2", "job.gather",
                                         "{\"calls\":[{\"method\":\"job.quote\",\"params\":"
                                         "{\"method\":\"sleep\",\"params\":[1000]}}]}")),
                  "2",
                  "[{\"pool\":null,\"queued\":0,\"running\":0,\"slots\":0,\"predicted_wait\":0."
                  "000,\"predicted_run\":null,\"accepted\":true}]");
    expect_error(peer_ask(peer, QUOTE("3", "{\"method\":\"nothing\"}")), "3",
                 ERROR_METHOD_NOT_FOUND);
    expect_error(peer_ask(peer, QUOTE("4", "{\"method\":\"job.gather\"}")), "4",
                 ERROR_METHOD_NOT_FOUND);
    data = expect_error_data(peer_ask(peer, QUOTE("5", "[\"echo\"]")), "5", ERROR_INVALID_PARAMS);
    check_string(data, "member", "method");
    json_decref(data);
    data = expect_error_data(
        peer_ask(peer, QUOTE("6", "{\"method\":\"echo\",\"options\":{\"max_wait\":-1}}")), "6",
        ERROR_INVALID_PARAMS);
    check_string(data, "member", "options.max_wait");
    assert_int_equal(fixture_number(fixture, "jobs.failed"), 0);
    expect_result(peer_ask(peer, REQUEST("7", "cpu.echo", "[7]")), "7", "[7]");
    fixture_await(fixture, "jobs.succeeded", 2); // and the gather
}

HARNESS_MAIN(SCENARIO_CONFIG(test_delays_go_with_their_client, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_delays_are_cancelled, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_delays_end_in_order, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_delays_end_with_the_daemon, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_delays_within, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_refusals, CONFIG_FAULTY, "--set", "server.queue-max=2"),
             SCENARIO_CONFIG(test_the_client_comes_back, CONFIG_FAULTY, "--set",
                             "server.queue-max=1"),
             SCENARIO_CONFIG(test_the_client_gives_up, CONFIG_FAULTY, "--set",
                             "server.queue-max=1"),
             SCENARIO_CONFIG(test_quotes, CONFIG_FAULTY))
