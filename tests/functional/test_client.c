// The client `offload` against a real daemon: call, gather, ping, status, methods, and what its
// exit status says.
#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Runs the client with the daemon's TCP address.
#define CLIENT(fixture, command, input, ...)                                                       \
    command_run(                                                                                   \
        command, OFFLOAD_PROGRAM,                                                                  \
        (const char *const[]){"--server", (fixture)->daemon.tcp_address, __VA_ARGS__, NULL}, NULL, \
        input)

// What it must print, with nothing on stderr and the exit status 0.
static void
check_output(struct command *command, const char *out)
{
    if (command->status != 0)
        fail_msg("exit status %d: %.1000s", command->status, command->err);
    assert_string_equal(command->out, out);
    assert_string_equal(command->err, "");
    command_done(command);
}

// Nothing on stdout, words on stderr, an exit status.
static void
check_failure(struct command *command, int status, const char *words)
{
    if (command->status != status)
        fail_msg("exit status %d, expected %d; stderr: %.1000s", command->status, status,
                 command->err);
    assert_string_equal(command->out, "");
    check_contains(command->err, words);
    command_done(command);
}

static void
test_call_takes_json(struct fixture *fixture)
{
    struct command command;

    CLIENT(fixture, &command, NULL, "call", "sum_squares", "{\"n\":1000000}");
    check_output(&command, "333332833333500000\n");
    CLIENT(fixture, &command, NULL, "call", "sum_squares", "[1000000]");
    check_output(&command, "333332833333500000\n");
    CLIENT(fixture, &command, NULL, "call", "echo", "[ 1e400,-0 , \"\\u00e9\" ]");
    check_output(&command, "[ 1e400,-0 , \"\\u00e9\" ]\n");
    CLIENT(fixture, &command, NULL, "call", "echo");
    check_output(&command, "null\n");
    CLIENT(fixture, &command, "{\"from\":\"stdin\"}", "call", "echo", "-");
    check_output(&command, "{\"from\":\"stdin\"}\n");
}

static void
test_call_takes_words(struct fixture *fixture)
{
    struct command command;

    CLIENT(fixture, &command, NULL, "call", "sum_squares", "n=1000000");
    check_output(&command, "333332833333500000\n");
    CLIENT(fixture, &command, NULL, "call", "echo", "a=1e400", "b=true", "c=null", "d=plain words",
           "e=[1, 2]", "f=\"q\"", "g=", "h=1=2");
    check_output(&command, "{\"a\":1e400,\"b\":true,\"c\":null,\"d\":\"plain words\",\"e\":[1, 2],"
                           "\"f\":\"q\",\"g\":\"\",\"h\":\"1=2\"}\n");
    CLIENT(fixture, &command, NULL, "call", "sleep", "delay=0.01");
    check_output(&command, "\"Operation completed after 0.01 seconds\"\n");
}

static void
test_the_exit_status_is_that_of_the_error(struct fixture *fixture)
{
    struct command command;

    CLIENT(fixture, &command, NULL, "call", "no.such");
    check_failure(&command, 66, "Method not found");
    CLIENT(fixture, &command, NULL, "call", "sum_squares", "n=-1");
    check_failure(&command, 65, "a whole number from 0 to 4398046511104");
    CLIENT(fixture, &command, NULL, "call", "faulty.exit");
    check_failure(&command, 1, "Job failed");
    CLIENT(fixture, &command, NULL, "call", "faulty.crash");
    check_failure(&command, 1, "SIGSEGV");
    CLIENT(fixture, &command, NULL, "call", "faulty.garbage");
    check_failure(&command, 76,
                  "Worker broke the protocol (-32012): a line that is no JSON: expected true, "
                  "false or null at offset 0: this is no JSON (pool faulty");
    CLIENT(fixture, &command, NULL, "call", "faulty.own_error");
    check_failure(&command, 1, "my own");
}

static void
test_wrong_usage(struct fixture *fixture)
{
    static const char *const lines[][6] = {
        {NULL},
        {"frobnicate", NULL},
        {"call", NULL},
        {"call", "echo", "--frobnicate", NULL},
        {"call", "echo", "neither json nor word", NULL},
        {"call", "echo", "[1", NULL},
        {"map", NULL},
        {"ping", "x", NULL},
        {"status", "surplus", NULL},
        {"gather", "", NULL},
        {"--server", NULL},
        {"--server", "nonsense", "ping", NULL},
        {"--local", "--server", "unix:/x", "ping", NULL},
    };

    (void)fixture;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct command command;

        command_run(&command, OFFLOAD_PROGRAM, lines[i], NULL, "");
        if (command.status != 64)
            fail_msg("case %zu: exit status %d, stderr: %.1000s", i, command.status, command.err);
        check_failure(&command, 64, "offload");
    }
}

static void
test_no_daemon(struct fixture *fixture)
{
    struct command command;
    char address[112];

    snprintf(address, sizeof(address), "unix:%s/nobody", fixture->daemon.folder);
    command_run(&command, OFFLOAD_PROGRAM, (const char *const[]){"--server", address, "ping", NULL},
                NULL, NULL);
    check_failure(&command, 69, "nobody");
}

static void
test_the_daemon_dies_during_a_call(struct fixture *fixture)
{
    struct command command;

    command_start(&command, OFFLOAD_PROGRAM,
                  (const char *const[]){"--server", fixture->daemon.unix_address, "call",
                                        "faulty.silent", NULL},
                  NULL);
    fixture_await(fixture, "pools.1.running", 1);
    fixture_forget(fixture);
    kill(fixture->daemon.pid, SIGKILL);
    daemon_wait(&fixture->daemon);
    command_wait(&command);
    check_failure(&command, 69, "offload: ");
    daemon_expect_none_left(PATIENCE);
}

static void
test_the_address_from_the_environment(struct fixture *fixture)
{
    char variable[160];
    const char *const environment[] = {variable, NULL};
    struct command command;

    snprintf(variable, sizeof(variable), "OFFLOAD_SERVER=%s", fixture->daemon.unix_address);
    command_run(&command, OFFLOAD_PROGRAM, (const char *const[]){"call", "echo", "[1]", NULL},
                environment, NULL);
    check_output(&command, "[1]\n");
    // The option is stronger than the environment.
    snprintf(variable, sizeof(variable), "OFFLOAD_SERVER=unix:/nobody");
    command_run(
        &command, OFFLOAD_PROGRAM,
        (const char *const[]){"--server", fixture->daemon.tcp_address, "call", "echo", "[2]", NULL},
        environment, NULL);
    check_output(&command, "[2]\n");
}

static void
test_gather_keeps_the_order(struct fixture *fixture)
{
    struct command command;

    CLIENT(fixture, &command, NULL, "gather", "sleep delay=0.4", "sleep [0.2]",
           "sum_squares {\"n\":1000000}", "echo text=\"two words\"");
    check_output(&command, "\"Operation completed after 0.4 seconds\"\n"
                           "\"Operation completed after 0.2 seconds\"\n"
                           "333332833333500000\n"
                           "{\"text\":\"two words\"}\n");
}

static void
test_gather_of_lines(struct fixture *fixture)
{
    struct command command;
    char *input = NULL, *expected = NULL;
    size_t size;
    FILE *in = open_memstream(&input, &size), *out = open_memstream(&expected, &size);

    for (int i = 0; i < 3000; i++) {
        fprintf(in, "{\"method\":\"%s\",\"params\":[%d]}\n", i % 10 == 0 ? "cpu.echo" : "echo", i);
        fprintf(out, "[%d]\n", i);
    }
    fclose(in);
    fclose(out);
    CLIENT(fixture, &command, input, "gather");
    check_output(&command, expected);
    free(input);
    free(expected);
}

static void
test_gather_with_a_failure(struct fixture *fixture)
{
    struct command command;
    char *second;

    CLIENT(fixture, &command, NULL, "gather", "echo [1]", "no.such", "echo [3]");
    assert_int_equal(command.status, 66);
    assert_true(strncmp(command.out, "[1]\n{\"error\":{\"code\":-32601,", 27) == 0);
    second = strchr(strchr(command.out, '\n') + 1, '\n');
    assert_string_equal(second, "\n[3]\n");
    check_contains(command.err, "Method not found");
    command_done(&command);
}

static void
test_bench(struct fixture *fixture)
{
    json_int_t jobs = fixture_number(fixture, "jobs.succeeded");
    struct command command;
    json_t *report;

    CLIENT(fixture, &command, NULL, "bench", "1", "--json");
    assert_int_equal(command.status, 0);
    report = parse_json(command.out);
    assert_true(json_number_value(json_at(report, "at_once.per_second")) > 0);
    assert_true(json_integer_value(json_at(report, "one_at_a_time.jobs")) > 0);
    assert_int_equal(json_array_size(json_object_get(report, "points")), 11);
    // Every job that it made is one that the daemon did.
    assert_true(fixture_number(fixture, "jobs.succeeded") - jobs >
                json_integer_value(json_at(report, "at_once.jobs")));
    json_decref(report);
    command_done(&command);
    CLIENT(fixture, &command, NULL, "bench", "1");
    assert_int_equal(command.status, 0);
    check_contains(command.out, "a round takes");
    check_contains(command.out, "faster");
    command_done(&command);
}

#define FAULTY_ONLY \
    "[pool faulty]\nprogram = " WORKER_FAULTY "\nmethods = own_error\nprocesses = 1\n"

static void
test_bench_without_methods(struct fixture *fixture)
{
    struct command command;

    CLIENT(fixture, &command, NULL, "bench", "1");
    assert_int_not_equal(command.status, 0);
    check_contains(command.err, "bench needs the built-in methods");
    assert_string_equal(command.out, "");
    command_done(&command);
    CLIENT(fixture, &command, NULL, "bench", "0");
    assert_int_equal(command.status, EXIT_STATUS_USAGE);
    command_done(&command);
}

static void
test_ping(struct fixture *fixture)
{
    struct command command;

    CLIENT(fixture, &command, NULL, "ping");
    assert_int_equal(command.status, 0);
    check_contains(command.out, "pong");
    check_contains(command.out, fixture->daemon.tcp_address);
    command_done(&command);
    CLIENT(fixture, &command, NULL, "ping", "5");
    assert_int_equal(command.status, 0);
    check_contains(command.out, "median");
    command_done(&command);
}

static void
test_status_is_json_in_a_pipe(struct fixture *fixture)
{
    struct command command;
    json_auto_t *status = NULL;

    CLIENT(fixture, &command, NULL, "status");
    assert_int_equal(command.status, 0);
    status = parse_json(command.out);
    check_integer(status, "pid", fixture->daemon.pid);
    check_string(status, "state", "serving");
    command_done(&command);
}

static void
test_methods(struct fixture *fixture)
{
    struct command command;
    json_auto_t *document = NULL;

    CLIENT(fixture, &command, NULL, "methods");
    assert_int_equal(command.status, 0);
    check_contains(command.out, "sum_squares\n");
    check_contains(command.out, "sleep\n");
    command_done(&command);
    CLIENT(fixture, &command, NULL, "methods", "--json");
    assert_int_equal(command.status, 0);
    document = parse_json(command.out);
    check_string(document, "openrpc", "1.2.6");
    command_done(&command);
}

static void
test_help_and_version(struct fixture *fixture)
{
    static const char *const commands[] = {"bench",   "call", "gather", "map",
                                           "methods", "ping", "status"};
    struct command command;

    (void)fixture;
    command_run(&command, OFFLOAD_PROGRAM, (const char *const[]){"--version", NULL}, NULL, NULL);
    assert_int_equal(command.status, 0);
    check_contains(command.out, OFFLOAD_VERSION);
    command_done(&command);
    command_run(&command, OFFLOAD_PROGRAM, (const char *const[]){"--help", NULL}, NULL, NULL);
    assert_int_equal(command.status, 0);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        check_contains(command.out, commands[i]);
    command_done(&command);
}

static void
test_a_notification_of_the_client(struct fixture *fixture)
{
    struct command command;
    json_int_t before = fixture_number(fixture, "jobs.succeeded");

    CLIENT(fixture, &command, NULL, "call", "--notify", "echo", "[1]");
    check_output(&command, "");
    // It counts as done, or as dropped with its client; in the end nothing is left of it.
    fixture_await(fixture, "jobs.running", 0);
    fixture_await(fixture, "jobs.queued", 0);
    assert_in_range(fixture_number(fixture, "jobs.succeeded"), before, before + 1);
}

// The client is killed: its job is stopped.
static void
test_a_killed_client_takes_its_job_along(struct fixture *fixture)
{
    struct command command;

    command_start(&command, OFFLOAD_PROGRAM,
                  (const char *const[]){"--server", fixture->daemon.unix_address, "call",
                                        "faulty.silent", NULL},
                  NULL);
    fixture_await(fixture, "pools.1.running", 1);
    command_done(&command);
    fixture_await(fixture, "pools.1.running", 0);
    fixture_await_workers(fixture);
}

#define CUT(command, method, param)                                                            \
    command_run(command, OFFLOAD_PROGRAM,                                                      \
                (const char *const[]){                                                         \
                    "--local", "--set", "pool.big.command=/usr/bin/head -c {count} /dev/zero", \
                    "--set", "pool.big.methods=big", "call", method, param, NULL},             \
                NULL, NULL)

// A result that is not whole is told, as nobody looks for "truncated".
static void
test_a_cut_output_is_told(struct fixture *fixture)
{
    struct command command;

    (void)fixture;
    CUT(&command, "big", "count=1000");
    assert_int_equal(command.status, 0);
    assert_string_equal(command.err, "");
    command_done(&command);
    CUT(&command, "big", "count=3000000");
    assert_int_equal(command.status, 0);
    assert_string_equal(command.err, "offload: stdout is cut: the command wrote 3000000 bytes, of "
                                     "which the daemon keeps the beginning\n");
    command_done(&command);
    CUT(&command, "echo", "truncated=true");
    check_output(&command, "{\"truncated\":true}\n");
}

// As offload(1) shows it.
static void
test_options_by_job_run(struct fixture *fixture)
{
    struct command command;

    CLIENT(fixture, &command, NULL, "call", "job.run", "method=sleep", "params=[1000]",
           "options={\"timeouts\":{\"run\":0.1}}");
    check_failure(&command, 124, "Timed out");
}

static void
test_errors_say_what_to_do(struct fixture *fixture)
{
    struct command command;

    (void)fixture;
    command_run(&command, OFFLOAD_PROGRAM,
                (const char *const[]){"--server", "unix:/no/such/socket", "ping", NULL}, NULL,
                NULL);
    check_failure(&command, 69,
                  "no daemon answers at unix:/no/such/socket: No such file or directory; start one "
                  "with 'offloadd --listen unix:/no/such/socket', or use --local");
}

HARNESS_MAIN(SCENARIO_MANUAL(test_a_cut_output_is_told), SCENARIO(test_options_by_job_run),
             SCENARIO_MANUAL(test_errors_say_what_to_do), SCENARIO(test_call_takes_json),
             SCENARIO(test_call_takes_words),
             SCENARIO_CONFIG(test_the_exit_status_is_that_of_the_error, CONFIG_FAULTY),
             SCENARIO_MANUAL(test_wrong_usage), SCENARIO_MANUAL(test_no_daemon),
             SCENARIO_CONFIG(test_the_daemon_dies_during_a_call, CONFIG_FAULTY),
             SCENARIO(test_the_address_from_the_environment), SCENARIO(test_gather_keeps_the_order),
             SCENARIO(test_gather_of_lines), SCENARIO(test_gather_with_a_failure),
             SCENARIO(test_ping), SCENARIO(test_bench),
             SCENARIO_CONFIG(test_bench_without_methods, FAULTY_ONLY),
             SCENARIO(test_status_is_json_in_a_pipe), SCENARIO(test_methods),
             SCENARIO_MANUAL(test_help_and_version), SCENARIO(test_a_notification_of_the_client),
             SCENARIO_CONFIG(test_a_killed_client_takes_its_job_along, CONFIG_FAULTY))
