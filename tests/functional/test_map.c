// `offload map`: a stream of params in, a stream of results out, in bounded memory however long it
// is; and `--local`, the private daemon, which leaves nothing behind.
#include "common/clock.h"
#include "harness.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// The numbers 0 to count-1, a line each; caller frees.
static char *
numbers(int count)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    for (int i = 0; i < count; i++)
        fprintf(out, "%d\n", i);
    fclose(out);
    return text;
}

static unsigned long long
sum_of_squares(unsigned long long n)
{
    return n == 0 ? 0 : (n - 1) * n / 2 * (2 * n - 1) / 3;
}

static int
compare_numbers(const void *a, const void *b)
{
    unsigned long long first = *(const unsigned long long *)a;
    unsigned long long second = *(const unsigned long long *)b;

    return (first > second) - (first < second);
}

// The output is the results of sum_squares for 0 to count-1, in whatever order.
static void
check_results(const char *out, size_t count)
{
    unsigned long long *seen = calloc(count + 1, sizeof(*seen));
    size_t lines = 0;
    char *end;

    for (const char *at = out; *at != '\0' && lines <= count; at = end + 1) {
        seen[lines++] = strtoull(at, &end, 10);
        assert_int_equal(*end, '\n');
    }
    assert_int_equal(lines, count);
    qsort(seen, count, sizeof(*seen), compare_numbers);
    // The results grow with n, but for 0 and 1, which are both 0.
    for (size_t i = 0; i < count; i++)
        assert_true(seen[i] == sum_of_squares(i));
    free(seen);
}

static void
run_map(struct fixture *fixture, struct command *command, const char *option, const char *input)
{
    command_run(command, OFFLOAD_PROGRAM,
                (const char *const[]){"--server", fixture->daemon.unix_address, "map",
                                      "sum_squares", option, NULL},
                NULL, input);
}

static void
test_a_thousand_lines(struct fixture *fixture)
{
    char *input = numbers(1000);
    struct command command;

    run_map(fixture, &command, NULL, input);
    assert_int_equal(command.status, 0);
    assert_string_equal(command.err, "");
    check_results(command.out, 1000);
    command_done(&command);
    run_map(fixture, &command, "--limit=1", input);
    assert_int_equal(command.status, 0);
    check_results(command.out, 1000);
    command_done(&command);
    free(input);
}

static void
test_the_order_is_kept_on_demand(struct fixture *fixture)
{
    char *input = numbers(1000), *expected = NULL;
    struct command command;
    size_t size;
    FILE *out = open_memstream(&expected, &size);

    for (unsigned i = 0; i < 1000; i++)
        fprintf(out, "%llu\n", sum_of_squares(i));
    fclose(out);
    run_map(fixture, &command, "--keep-order", input);
    assert_int_equal(command.status, 0);
    assert_string_equal(command.out, expected);
    command_done(&command);
    free(input);
    free(expected);
}

// More in flight than the daemon's session may have: it only waits.
static void
test_more_in_flight_than_the_daemon_takes(struct fixture *fixture)
{
    char *input = numbers(3000);
    struct command command;

    run_map(fixture, &command, "--limit=2000", input);
    assert_int_equal(command.status, 0);
    check_results(command.out, 3000);
    command_done(&command);
    free(input);
}

static void
test_lines_that_fail(struct fixture *fixture)
{
    struct command command;

    run_map(fixture, &command, "--keep-order",
            "10\nno json\n-1\n\n[3]\n{\"n\":2}\n\"x\"\n{\"n\":1} 2\n4");
    assert_int_equal(command.status, 65);
    assert_string_equal(command.out, "285\n5\n1\n14\n");
    check_contains(command.err, "line 2");
    check_contains(command.err, "line 3");
    check_contains(command.err, "line 7");
    check_contains(command.err, "line 8");
    assert_null(strstr(command.err, "line 1:"));
    command_done(&command);
}

static void
test_no_lines(struct fixture *fixture)
{
    struct command command;

    run_map(fixture, &command, NULL, "");
    assert_int_equal(command.status, 0);
    assert_string_equal(command.out, "");
    command_done(&command);
}

// Results come while the input is still open.
static void
test_results_come_at_once(struct fixture *fixture)
{
    struct command command;
    int64_t deadline = deadline_in(PATIENCE);

    command_start(
        &command, OFFLOAD_PROGRAM,
        (const char *const[]){"--server", fixture->daemon.tcp_address, "map", "sum_squares", NULL},
        NULL);
    assert_true(command_write(&command, "10\n", 3));
    while (command.out_length < 4)
        assert_true(command_read(&command, deadline));
    assert_string_equal(command.out, "285\n");
    assert_true(command_write(&command, "3\n", 2));
    while (command.out_length < 6)
        assert_true(command_read(&command, deadline));
    assert_string_equal(command.out, "285\n5\n");
    command_wait(&command);
    assert_int_equal(command.status, 0);
    command_done(&command);
}

// Feeds it for ever; after so many bytes of output the reader goes away, like head(1).
static void
feed_until(struct command *command, size_t wanted, size_t *ret_most_memory)
{
    static const char lines[] = "[1]\n[2]\n[3]\n[4]\n[5]\n[6]\n[7]\n[8]\n";

    while (command->out_length < wanted) {
        size_t memory;

        assert_true(command_write(command, lines, sizeof(lines) - 1));
        while (command_read(command, 0))
            ;
        memory = processes_memory(command->pid);
        *ret_most_memory = memory > *ret_most_memory ? memory : *ret_most_memory;
    }
}

static void
test_an_endless_stream_into_head(struct fixture *fixture)
{
    struct command command;
    size_t early = 0, most = 0;
    int64_t deadline;

    command_start(
        &command, OFFLOAD_PROGRAM,
        (const char *const[]){"--server", fixture->daemon.tcp_address, "map", "echo", NULL}, NULL);
    feed_until(&command, 4 * 1000, &early);
    feed_until(&command, 4 * 20000, &most);
    print_message("memory of the client from %zu to %zu KiB\n", early / 1024, most / 1024);
    if (getenv("OFFLOAD_TEST_WRAP") != NULL)
        print_message("SKIPPED the bound of 16 MiB: under valgrind most of it is not its own\n");
    else if (most > early + (16 << 20))
        fail_msg("the client grows by %zu KiB", (most - early) / 1024);
    close(command.output); // its reader has seen enough
    command.output = -1;
    deadline = deadline_in(PATIENCE);
    while (command_write(&command, "[1]\n", 4))
        if (deadline_passed(deadline))
            fail_msg("it reads on though nobody reads its results");
    command_wait(&command);
    assert_int_equal(command.status, -1); // SIGPIPE, as any filter
    assert_string_equal(command.err, "");
    command_done(&command);
}

// Nobody reads the results: the input must not be drunk up into memory.
static void
test_a_reader_that_does_not_read(struct fixture *fixture)
{
    struct command command;
    size_t written = 0;
    ssize_t some = 1;
    int64_t deadline = deadline_in(1);
    char line[4096];
    size_t memory;

    memset(line, ' ', sizeof(line));
    line[0] = '[';
    line[sizeof(line) - 2] = ']';
    line[sizeof(line) - 1] = '\n';
    command_start(
        &command, OFFLOAD_PROGRAM,
        (const char *const[]){"--server", fixture->daemon.tcp_address, "map", "echo", NULL}, NULL);
    while (written < (64 << 20) && !deadline_passed(deadline)) {
        some = write(command.input, line, sizeof(line));
        written += some > 0 ? (size_t)some : 0;
        if (some > 0)
            deadline = deadline_in(1);
        else
            deadline_pause();
    }
    memory = processes_memory(command.pid);
    assert_true(written < (64 << 20));
    assert_true(memory < (256 << 20));
    command_done(&command);
    fixture_await(fixture, "jobs.running", 0);
}

// How many entries a folder has beyond `.` and `..`.
static int
entries(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    int count = 0;

    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

// A place of its own for the folders that --local makes; sets `variable` to TMPDIR=PATH.
static void
make_place(struct fixture *fixture, char place[96], char variable[128])
{
    snprintf(place, 96, "%s/tmp", fixture->daemon.folder);
    snprintf(variable, 128, "TMPDIR=%s", place);
    assert_int_equal(mkdir(place, 0700), 0);
}

static void
test_a_private_daemon(struct fixture *fixture)
{
    char place[96], variable[128], *input = numbers(300);
    const char *const environment[] = {variable, NULL};
    struct command command;

    make_place(fixture, place, variable);
    command_run(&command, OFFLOAD_PROGRAM,
                (const char *const[]){"--local", "--set", "pool.cpu.processes=2", "map",
                                      "sum_squares", NULL},
                environment, input);
    if (command.status != 0)
        fail_msg("exit status %d: %.1000s", command.status, command.err);
    check_results(command.out, 300);
    command_done(&command);
    assert_int_equal(entries(place), 0);
    daemon_expect_none_left(0);
    command_run(&command, OFFLOAD_PROGRAM,
                (const char *const[]){"--local", "call", "sum_squares", "n=-1", NULL}, environment,
                NULL);
    assert_int_equal(command.status, 65);
    command_done(&command);
    assert_int_equal(entries(place), 0);
    daemon_expect_none_left(0);
    command_run(&command, OFFLOAD_PROGRAM,
                (const char *const[]){"--local", "--set", "pool.cpu.frobnicate=2", "ping", NULL},
                environment, NULL);
    assert_int_equal(command.status, 78);
    check_contains(command.err, "frobnicate");
    command_done(&command);
    assert_int_equal(entries(place), 0);
    free(input);
}

// However the client ends, the private daemon ends with it.
static void
end_it_while_busy(struct fixture *fixture, int signal_number)
{
    char place[96], variable[128];
    const char *const environment[] = {variable, NULL};
    struct command command;
    pid_t children[PROCESSES_MAX];
    int64_t deadline = deadline_in(PATIENCE);

    make_place(fixture, place, variable);
    fixture->killing = true;
    command_start(&command, OFFLOAD_PROGRAM,
                  (const char *const[]){"--local", "--set", "pool.cpu.processes=1", "map",
                                        "sum_squares", NULL},
                  environment);
    assert_true(command_write(&command, "10\n4398046511104\n", 17));
    while (command.out_length < 4)
        assert_true(command_read(&command, deadline));
    assert_int_equal(processes_children(command.pid, children), 1);
    assert_int_equal(kill(command.pid, signal_number), 0);
    command_wait(&command);
    command_done(&command);
    daemon_expect_none_left(PATIENCE);
    assert_int_equal(entries(place), 0);
}

static void
test_a_killed_client_leaves_no_daemon(struct fixture *fixture)
{
    end_it_while_busy(fixture, SIGKILL);
}

static void
test_a_terminated_client_leaves_no_daemon(struct fixture *fixture)
{
    end_it_while_busy(fixture, SIGTERM);
}

static void
test_an_interrupted_client_leaves_no_daemon(struct fixture *fixture)
{
    end_it_while_busy(fixture, SIGINT);
}

HARNESS_MAIN(SCENARIO(test_a_thousand_lines), SCENARIO(test_the_order_is_kept_on_demand),
             SCENARIO(test_more_in_flight_than_the_daemon_takes), SCENARIO(test_lines_that_fail),
             SCENARIO(test_no_lines), SCENARIO(test_results_come_at_once),
             SCENARIO(test_an_endless_stream_into_head), SCENARIO(test_a_reader_that_does_not_read),
             SCENARIO_MANUAL(test_a_private_daemon),
             SCENARIO_MANUAL(test_a_killed_client_leaves_no_daemon),
             SCENARIO_MANUAL(test_a_terminated_client_leaves_no_daemon),
             SCENARIO_MANUAL(test_an_interrupted_client_leaves_no_daemon))
