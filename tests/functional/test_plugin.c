// Plug-ins in real workers: jobs through the daemon, the worker's own side of cancel and progress,
// and the plug-ins that are refused.
#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG                                                                                   \
    "[pool test]\nplugin = " PLUGIN_TEST "\nprocesses = 1\n"                                     \
    "methods = raw parsed own_error nothing bad_json two_lines large deep chatter crash absent " \
    "progress wait\n"                                                                            \
    "[pool example]\nplugin = " PLUGIN_EXAMPLE "\nmethods = crc32 primes\nprocesses = 1\n"

// ---- through the daemon --------------------------------------------------------------------

static void
test_params_and_results_pass(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    expect_result(peer_ask(peer, REQUEST("\"a\"", "raw", "{\"b\":1e400, \"a\": [-0]}")), "\"a\"",
                  "{\"b\":1e400, \"a\": [-0]}");
    expect_result(peer_ask(peer, REQUEST("2", "parsed", "{ \"a\" : [ 1.50 , \"\\u00e9\" ] }")), "2",
                  "{\"a\":[1.5,\"\xc3\xa9\"]}");
    expect_result(peer_ask(peer, REQUEST("3", "two_lines", "[]")), "3", "[ 1]");
    expect_result(peer_ask(peer, REQUEST("4", "progress", "[]")), "4", "true");
    assert_string_equal(peer_ask(peer, REQUEST("5", "own_error", "[]")),
                        "{\"jsonrpc\":\"2.0\",\"id\":5,\"error\":{\"code\":-5,\"message\":\"my "
                        "own\",\"data\":[0.5]}}");
}

static void
expect_blame(struct peer *peer, const char *method, const char *reason)
{
    json_auto_t *data =
        expect_error_data(peer_ask(peer, REQUEST("1", "%s", "[]"), method), "1", ERROR_INTERNAL);

    check_string(data, "method", method);
    check_contains(check_text(data, "reason"), reason);
}

// The worker answers for the method, and lives on.
static void
test_wrong_answers_cost_the_job_only(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    pid_t worker = fixture_worker(fixture, 0, 0);
    json_t *data;

    expect_blame(peer, "nothing", "without an answer");
    expect_blame(peer, "bad_json", "not JSON");
    data = expect_error_data(peer_ask(peer, REQUEST("2", "absent", "[]")), "2",
                             ERROR_METHOD_NOT_FOUND);
    check_string(data, "method", "absent");
    json_decref(data);
    expect_result(peer_ask(peer, REQUEST("3", "chatter", "[]")), "3", "true");
    data = expect_error_data(peer_ask(peer, REQUEST("4", "parsed", "[1e400]")), "4",
                             ERROR_INVALID_PARAMS);
    check_contains(check_text(data, "reason"), "overflow");
    json_decref(data);
    assert_int_equal(fixture_worker(fixture, 0, 0), worker);
    assert_int_equal(fixture_number(fixture, "pools.0.restarts"), 0);
}

// What the daemon's limits do not allow never gets as far as the daemon.
static void
test_answers_beyond_the_limits(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    json_t *data;

    data =
        expect_error_data(peer_ask(peer, REQUEST("1", "large", "[5000000]")), "1", ERROR_TOO_LARGE);
    check_string(data, "limit", "line-max");
    json_decref(data);
    expect_result(peer_ask(peer, REQUEST("2", "large", "[5]")), "2", "11111");
    data = expect_error_data(peer_ask(peer, REQUEST("3", "deep", "[64]")), "3", ERROR_INTERNAL);
    check_contains(check_text(data, "reason"), "depth-max");
    json_decref(data);
    check_contains(peer_ask(peer, REQUEST("4", "deep", "[63]")), "\"result\":[[[");
    assert_int_equal(fixture_number(fixture, "pools.0.restarts"), 0);
}

static void
test_a_crash_is_certified(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    json_auto_t *data = NULL;

    fixture->killing = true;
    data = expect_error_data(peer_ask(peer, REQUEST("1", "crash", "[]")), "1", ERROR_JOB_FAILED);
    check_string(data, "signal", "SIGSEGV");
    fixture_await_workers(fixture);
    expect_result(peer_ask(peer, REQUEST("2", "raw", "[]")), "2", "[]");
}

static void
test_the_example(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    expect_result(peer_ask(peer, REQUEST("1", "crc32", "{\"text\":\"123456789\"}")), "1",
                  "3421780262"); // the check value of CRC-32/ISO-HDLC
    expect_result(peer_ask(peer, REQUEST("2", "crc32", "{\"text\":\"\"}")), "2", "0");
    expect_result(peer_ask(peer, REQUEST("3", "primes", "{\"below\":1000000}")), "3", "78498");
    expect_result(peer_ask(peer, REQUEST("4", "primes", "{\"below\":2}")), "4", "0");
    expect_result(peer_ask(peer, REQUEST("5", "primes", "{\"below\":3}")), "5", "1");
    check_contains(peer_ask(peer, REQUEST("6", "primes", "{\"below\":-1}")), "\"code\":-32602");
    check_contains(peer_ask(peer, REQUEST("7", "crc32", "[]")), "\"code\":-32602");
}

#define PROGRESS(token, kind, value)                                                            \
    "{\"jsonrpc\":\"2.0\",\"method\":\"$/progress\",\"params\":{\"token\":" token ",\"value\":" \
    "{\"kind\":\"" kind "\",\"value\":" value "}}}"

static void
test_progress_reaches_the_client(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    peer_say(peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"progress\",\"params\":[],"
                   "\"options\":{\"progress\":\"mine\"}}");
    assert_string_equal(peer_line(peer), PROGRESS("\"mine\"", "report", "0.5"));
    assert_string_equal(peer_line(peer), PROGRESS("\"mine\"", "partial", "[1]"));
    expect_result(peer_line(peer), "1", "true");
}

// Asked, it stops by itself: the worker is there for the next job.
static void
test_a_cancelled_job_does_not_cost_its_worker(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    pid_t worker = fixture_worker(fixture, 0, 0);

    for (int i = 0; i < 20; i++) {
        peer_say(peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"wait\",\"params\":[],"
                       "\"options\":{\"progress\":true}}");
        assert_string_equal(peer_line(peer), PROGRESS("1", "report", "0")); // it runs
        peer_say(peer, NOTIFICATION("$/cancelRequest", "{\"id\":1}"));
        expect_error(peer_line(peer), "1", ERROR_CANCELLED);
        expect_result(peer_ask(peer, REQUEST("2", "raw", "[2]")), "2", "[2]");
    }
    assert_int_equal(fixture_worker(fixture, 0, 0), worker);
}

// ---- by hand -------------------------------------------------------------------------------

#define CANCEL(id) NOTIFICATION("$/cancelRequest", "{\"id\":" id "}") "\n"

static void
await_output(struct command *command, const char *text)
{
    int64_t deadline = deadline_in(PATIENCE);

    while (strstr(command->out, text) == NULL)
        if (!command_read(command, deadline))
            fail_msg("no %s: %s%s", text, command->out, command->err);
}

static void
write_all(struct command *command, const char *text)
{
    assert_true(command_write(command, text, strlen(text)));
}

static void
test_cancel_reaches_a_running_job(struct fixture *fixture)
{
    struct command command;

    (void)fixture;
    command_start(&command, OFFLOAD_WORKER_PROGRAM, (const char *[]){"--plugin", PLUGIN_TEST, NULL},
                  NULL);
    await_output(&command, "\"worker.ready\",\"params\":{\"cancel\":true}}\n");
    write_all(&command, REQUEST("7", "wait", "[]") "\n");
    await_output(&command,
                 "\"params\":{\"token\":7,\"value\":{\"kind\":\"report\",\"value\":0}}}\n");
    write_all(&command, CANCEL("8") CANCEL("7"));
    await_output(&command, "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":-32800");
    command_wait(&command);
    assert_int_equal(command.status, 0);
    // What the plug-in prints is for the log, and it is closed at the end of the input.
    check_contains(command.err, "opened\n");
    check_contains(command.err, "closed\n");
    assert_null(strstr(command.out, "opened"));
    command_done(&command);
}

static void
expect_refused(const char *plugin, const char *part)
{
    struct command command;

    command_run(&command, OFFLOAD_WORKER_PROGRAM, (const char *[]){"--plugin", plugin, NULL}, NULL,
                REQUEST("1", "raw", "[]") "\n");
    assert_int_equal(command.status, EXIT_STATUS_CONFIG);
    assert_string_equal(command.out, "");
    check_contains(command.err, plugin);
    assert_null(strstr(strstr(command.err, plugin) + 1, plugin)); // once is enough
    check_contains(command.err, part);
    command_done(&command);
}

// A slip in the list of methods is told when the worker starts, not by the first call.
static void
test_methods_that_the_plugin_lacks(struct fixture *fixture)
{
    static const char expected[] =
        "stderr: offload-worker: plug-in " PLUGIN_TEST ": it has no method 'absent'\n";
    int64_t deadline = deadline_in(PATIENCE);
    char *log = read_text(fixture->daemon.log);

    while (strstr(log, expected) == NULL) {
        if (deadline_passed(deadline))
            fail_msg("the log does not say: %s", expected);
        deadline_pause();
        free(log);
        log = read_text(fixture->daemon.log);
    }
    assert_null(strstr(log, "it has no method 'raw'"));
    assert_null(strstr(log, "it has no method ''"));
    free(log);
    expect_result(peer_ask(open_tcp(fixture), REQUEST("1", "raw", "[]")), "1", "[]");
}

static void
test_refused_plugins(struct fixture *fixture)
{
    (void)fixture;
    expect_refused("/nowhere/to/be.so",
                   ": cannot open shared object file: No such file or directory");
    expect_refused("no_slash.so", "no_slash.so: cannot open shared object file");
    expect_refused(OFFLOAD_WORKER_PROGRAM, "cannot");
    expect_refused(PLUGIN_NONE, "exports no 'offload_plugin'");
    expect_refused(PLUGIN_ABI, "built for plug-in ABI 99, and this offload-worker has 1");
    expect_refused(PLUGIN_CLOSED, "plug-in 'test' does not open: No such file or directory");
}

HARNESS_MAIN(SCENARIO_CONFIG(test_params_and_results_pass, CONFIG),
             SCENARIO_CONFIG(test_wrong_answers_cost_the_job_only, CONFIG),
             SCENARIO_CONFIG(test_answers_beyond_the_limits, CONFIG),
             SCENARIO_CONFIG(test_a_crash_is_certified, CONFIG),
             SCENARIO_CONFIG(test_the_example, CONFIG),
             SCENARIO_CONFIG(test_progress_reaches_the_client, CONFIG),
             SCENARIO_CONFIG(test_a_cancelled_job_does_not_cost_its_worker, CONFIG),
             SCENARIO_MANUAL(test_cancel_reaches_a_running_job),
             SCENARIO_CONFIG(test_methods_that_the_plugin_lacks, CONFIG),
             SCENARIO_MANUAL(test_refused_plugins))
