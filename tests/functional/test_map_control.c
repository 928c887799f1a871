// `offload map`: trying again, timeouts, stopping early, interrupting, and the job log, from which
// a killed client is resumed without losing a job or running one twice.
#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// `sh` gets its script from the tests, and runs it in the folder.
#define CONFIG(processes)                                                                          \
    "[pool sh]\ncommand = /bin/sh -c {script}\nmethods = sh\nkill-delay = 300ms\ndirectory = %F\n" \
    "processes = " processes "\n"

#define MAP_ARGUMENTS(fixture, ...)                                          \
    (const char *const[])                                                    \
    {                                                                        \
        "--server", (fixture)->daemon.unix_address, "map", __VA_ARGS__, NULL \
    }
#define MAP(fixture, command, input, ...) \
    command_run(command, OFFLOAD_PROGRAM, MAP_ARGUMENTS(fixture, __VA_ARGS__), NULL, input)

static void
path_of(struct fixture *fixture, const char *name, char path[128])
{
    snprintf(path, 128, "%s/%s", fixture->daemon.folder, name);
}

static void
start_shell(struct fixture *fixture, const char *config)
{
    daemon_configure(&fixture->daemon, config);
    daemon_start(&fixture->daemon, NULL, NULL);
}

static size_t
count_lines(const char *text)
{
    size_t count = 0;

    for (; text != NULL && *text != '\0'; text++)
        count += *text == '\n';
    return count;
}

static size_t
lines_of_file(const char *path)
{
    char *text = read_text(path);
    size_t count = count_lines(text);

    free(text);
    return count;
}

// ---- trying again ----------------------------------------------------------------------------

static void
test_a_failed_job_is_tried_again(struct fixture *fixture)
{
    struct command command;
    char path[128];

    start_shell(fixture, CONFIG("4"));
    path_of(fixture, "tries", path);
    MAP(fixture, &command, NULL, "--jsonl", "--retries", "3", "sh",
        "script=echo >>tries; test $(wc -l <tries) -ge 3", ":::", "x");
    assert_int_equal(command.status, 0);
    check_contains(command.out, "\"exit\":0,\"attempt\":3,");
    assert_string_equal(command.err, "");
    assert_int_equal(lines_of_file(path), 3);
    command_done(&command);
    unlink(path);
    MAP(fixture, &command, NULL, "--retries", "2", "sh", "script=echo >>tries; exit 5", ":::", "x");
    assert_int_equal(command.status, 1);
    check_contains(command.err, "argument 1: Job failed (-32010): exited with status 5");
    assert_int_equal(lines_of_file(path), 3);
    command_done(&command);
    unlink(path); // what cannot become better is not tried
    MAP(fixture, &command, NULL, "--retries", "2", "--jsonl", "no.such", ":::", "x");
    assert_int_equal(command.status, 66);
    check_contains(command.out, "\"attempt\":1,");
    command_done(&command);
}

// More jobs than the daemon lets wait: they come back later, and none fails.
static void
test_a_full_daemon_is_asked_again(struct fixture *fixture)
{
    struct command command;
    char *input = NULL;
    size_t size;
    FILE *out = open_memstream(&input, &size);

    for (int i = 0; i < 200; i++)
        fprintf(out, "%d\n", i);
    fclose(out);
    MAP(fixture, &command, input, "sum_squares");
    if (command.status != 0)
        fail_msg("exit status %d: %.1000s", command.status, command.err);
    assert_int_equal(count_lines(command.out), 200);
    assert_true(fixture_number(fixture, "jobs.refused") > 0);
    command_done(&command);
    free(input);
}

static void
test_a_timeout(struct fixture *fixture)
{
    struct command command;

    start_shell(fixture, CONFIG("4"));
    MAP(fixture, &command, NULL, "-k", "--timeout", "300ms", "sh", "script=exec sleep {}",
        ":::", "60", "0");
    assert_int_equal(command.status, 124);
    assert_string_equal(command.out, "{\"exit_code\":0,\"stdout\":\"\",\"stderr\":\"\"}\n");
    check_contains(command.err, "argument 1: Timed out");
    command_done(&command);
}

// ---- stopping early --------------------------------------------------------------------------

static void
test_halting(struct fixture *fixture)
{
    struct command command;
    char path[128];

    start_shell(fixture, CONFIG("4"));
    path_of(fixture, "ran", path);
    MAP(fixture, &command, NULL, "-j1", "--halt", "soon,fail=1", "sh", "script=echo >>ran; exit {}",
        ":::", "0", "0", "7", "0", "0");
    assert_int_equal(command.status, 1);
    check_contains(command.err, "halted: 2 done, 1 failed, 0 cancelled");
    assert_int_equal(lines_of_file(path), 3);
    command_done(&command);
    MAP(fixture, &command, NULL, "-j1", "--halt", "now,success=2", "sh", "script=exit {}",
        ":::", "1", "0", "0", "0");
    assert_int_equal(command.status, 0);
    check_contains(command.err, "halted: 2 done, 1 failed, 0 cancelled");
    command_done(&command);
    MAP(fixture, &command, NULL, "-j1", "--halt", "now,fail=50%", "sh", "script=exit {}",
        ":::", "1", "0", "2", "0");
    assert_int_equal(command.status, 1);
    check_contains(command.err, "halted: 1 done, 2 failed, 0 cancelled");
    command_done(&command);
    MAP(fixture, &command, NULL, "--halt", "never", "sh", "script=exit {}", ":::", "1", "1");
    assert_int_equal(command.status, 1);
    assert_null(strstr(command.err, "halted"));
    command_done(&command);
}

// What runs is cancelled: that ends long before it would by itself.
static void
test_halting_now(struct fixture *fixture)
{
    struct command command;

    start_shell(fixture, CONFIG("4"));
    MAP(fixture, &command, NULL, "--halt", "now,fail=1", "sh", "script=exec {}",
        ":::", "sleep 3600", "sleep 3600", "false");
    assert_int_equal(command.status, 1);
    check_contains(command.err, "halted: 0 done, 1 failed, 2 cancelled");
    command_done(&command);
    fixture_await(fixture, "jobs.running", 0);
}

// ---- interrupting ----------------------------------------------------------------------------

// A job that ends, and two that run until they are told to.
static void
start_three(struct fixture *fixture, struct command *command, char log[128])
{
    int64_t deadline = deadline_in(PATIENCE);

    path_of(fixture, "log", log);
    command_start(command, OFFLOAD_PROGRAM,
                  MAP_ARGUMENTS(fixture, "--joblog", log, "sh",
                                "script=case {} in 1) ;; *) exec sleep 3600; esac", ":::", "1", "2",
                                "3"),
                  NULL);
    while (command->out_length == 0)
        assert_true(command_read(command, deadline));
    fixture_await(fixture, "jobs.running", 2);
}

static void
test_an_interrupt_cancels_and_tells(struct fixture *fixture)
{
    struct command command;
    char log[128];

    start_shell(fixture, CONFIG("4"));
    start_three(fixture, &command, log);
    kill(command.pid, SIGINT);
    command_wait(&command);
    assert_int_equal(command.status, -1); // as any program that ^C ends
    check_contains(command.err, "interrupted: 1 done, 0 failed, 2 cancelled");
    assert_null(strstr(command.err, "argument")); // nobody's failure
    command_done(&command);
    fixture_await(fixture, "jobs.running", 0);
    // What was cancelled is still to be run.
    assert_int_equal(lines_of_file(log), 1);
}

// The daemon does not answer: nobody has to wait for it.
static void
test_a_second_interrupt_leaves_at_once(struct fixture *fixture)
{
    struct command command;
    char log[128];
    int64_t deadline = deadline_in(PATIENCE);

    start_shell(fixture, CONFIG("4"));
    fixture->killing = true; // it leaves as it stands
    start_three(fixture, &command, log);
    kill(fixture->daemon.pid, SIGSTOP);
    kill(command.pid, SIGINT);
    // The first was seen once the signal is not pending any more.
    while (processes_signal_set(command.pid, "ShdPnd") != 0) {
        assert_false(deadline_passed(deadline));
        deadline_pause();
    }
    while (kill(command.pid, SIGINT) == 0 && processes_alive(command.pid)) {
        assert_false(deadline_passed(deadline));
        deadline_pause();
    }
    kill(fixture->daemon.pid, SIGCONT);
    command_wait(&command);
    assert_int_equal(command.status, -1);
    command_done(&command);
    fixture_await(fixture, "jobs.running", 0);
}

// ---- the log ---------------------------------------------------------------------------------

#define JOBS 120

// Marks the jobs that the log has; each may be there once.
static size_t
read_log(const char *path, bool has[JOBS + 1])
{
    char *text = read_text(path), *rest = text, *line;
    size_t count = 0;

    memset(has, 0, (JOBS + 1) * sizeof(bool));
    while ((line = strsep(&rest, "\n")) != NULL && rest != NULL) {
        json_auto_t *record = parse_json(line);
        json_int_t seq = json_integer_value(json_object_get(record, "seq"));

        assert_in_range(seq, 1, JOBS);
        assert_false(has[seq]);
        has[seq] = true;
        count++;
    }
    free(text);
    return count;
}

static void
start_logged(struct fixture *fixture, struct command *command, const char *script,
             const char *option)
{
    char log[128];
    char *input = NULL;
    size_t size;
    FILE *out = open_memstream(&input, &size);

    for (int i = 1; i <= JOBS; i++)
        fprintf(out, "%d\n", i);
    fclose(out);
    path_of(fixture, "log", log);
    command_start(command, OFFLOAD_PROGRAM,
                  MAP_ARGUMENTS(fixture, "--joblog", log, "sh", script, option), NULL);
    assert_true(command_write(command, input, size));
    command_close_input(command);
    free(input);
}

// Which jobs the second run has run: lines "2 NUMBER" of the file.
static void
read_second_run(const char *path, unsigned times[JOBS + 1])
{
    char *text = read_text(path), *rest = text, *line;

    memset(times, 0, (JOBS + 1) * sizeof(unsigned));
    while ((line = strsep(&rest, "\n")) != NULL && *line != '\0')
        if (line[0] == '2') {
            long number = strtol(line + 2, NULL, 10);

            assert_in_range(number, 1, JOBS);
            times[number]++;
        }
    free(text);
}

static void
append(const char *path, const char *text)
{
    FILE *file = fopen(path, "ae");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

// Killed anywhere, and resumed: each missing job is run, and no other.
static void
test_a_killed_client_is_resumed(struct fixture *fixture)
{
    bool logged[JOBS + 1];
    unsigned times[JOBS + 1];
    size_t left_out = 0;
    struct command command;
    char log[128], ran[128];
    int64_t deadline = deadline_in(PATIENCE);

    start_shell(fixture, CONFIG("4"));
    path_of(fixture, "log", log);
    path_of(fixture, "ran", ran);
    start_logged(fixture, &command, "script=echo 1 {} >>ran", NULL);
    while (lines_of_file(log) < JOBS / 4) {
        assert_false(deadline_passed(deadline));
        command_read(&command, 0);
    }
    kill(command.pid, SIGKILL);
    command_done(&command);
    fixture_await(fixture, "jobs.running", 0);
    fixture_await(fixture, "jobs.queued", 0);
    append(log, "{\"seq\":1,\"sta"); // as if the machine had crashed in mid-line
    start_logged(fixture, &command, "script=echo 2 {} >>ran", "--resume");
    command_wait(&command);
    assert_int_equal(command.status, 0);
    command_done(&command);
    assert_int_equal(read_log(log, logged), JOBS);
    read_second_run(ran, times);
    for (int i = 1; i <= JOBS; i++) {
        assert_in_range(times[i], 0, 1);
        left_out += times[i] == 0;
    }
    // What the second run left out, the first had logged: a fourth at least, and not all.
    assert_in_range(left_out, JOBS / 4, JOBS - 1);
    // A third run finds nothing to do.
    start_logged(fixture, &command, "script=echo 2 {} >>ran", "--resume");
    command_wait(&command);
    assert_int_equal(command.status, 0);
    assert_string_equal(command.out, "");
    command_done(&command);
    assert_int_equal(lines_of_file(log), JOBS);
}

// A job of the log that was logged has its result printed: none is lost between the two runs.
static void
test_no_result_is_lost_to_a_kill(struct fixture *fixture)
{
    bool logged[JOBS + 1];
    bool printed[JOBS + 1] = {false};
    struct command command;
    char log[128];
    int64_t deadline = deadline_in(PATIENCE);

    start_shell(fixture, CONFIG("1"));
    path_of(fixture, "log", log);
    start_logged(fixture, &command, "script=echo {#}", NULL);
    while (lines_of_file(log) < JOBS / 3) {
        assert_false(deadline_passed(deadline));
        command_read(&command, 0);
    }
    kill(command.pid, SIGKILL);
    while (command_read(&command, deadline)) // what is in the pipe
        ;
    for (char *at = command.out; (at = strstr(at, "\"stdout\":\"")) != NULL; at++)
        printed[strtol(at + 10, NULL, 10)] = true;
    command_done(&command);
    read_log(log, logged);
    for (int i = 1; i <= JOBS; i++)
        assert_true(!logged[i] || printed[i]);
    fixture_await(fixture, "jobs.running", 0);
}

static void
test_failed_jobs_are_resumed(struct fixture *fixture)
{
    struct command command;
    char log[128], ran[128];

    start_shell(fixture, CONFIG("4"));
    path_of(fixture, "log", log);
    path_of(fixture, "ran", ran);
    MAP(fixture, &command, "0\n1\n2\n0\n", "--joblog", log, "sh", "script=echo {#} >>ran; exit {}");
    assert_int_equal(command.status, 1);
    command_done(&command);
    unlink(ran);
    MAP(fixture, &command, "0\n0\n2\n0\n0\n", "--joblog", log, "--resume-failed", "-k", "--jsonl",
        "sh", "script=echo {#} >>ran; exit {}");
    assert_int_equal(command.status, 1);
    assert_int_equal(lines_of_file(ran), 3); // 2, 3 and the new 5
    assert_int_equal(count_lines(command.out), 3);
    command_done(&command);
    unlink(ran);
    MAP(fixture, &command, "0\n0\n2\n0\n0\n0\n", "--joblog", log, "--resume", "sh",
        "script=echo {#} >>ran; exit {}");
    assert_int_equal(command.status, 0); // failed ones count as done
    assert_int_equal(lines_of_file(ran), 1);
    command_done(&command);
    MAP(fixture, &command, "0\n", "--joblog", log, "sh", "script=exit {}");
    assert_int_equal(lines_of_file(log), 1); // begun anew
    command_done(&command);
}

static void
test_a_file_that_is_no_log(struct fixture *fixture)
{
    struct command command;
    char log[128];

    start_shell(fixture, CONFIG("4"));
    path_of(fixture, "log", log);
    write_text(log, "my thesis\n");
    MAP(fixture, &command, "0\n", "--joblog", log, "--resume", "sh", "script=exit {}");
    assert_int_equal(command.status, 64);
    check_contains(command.err, "log:1: no line of a job log");
    assert_int_equal(lines_of_file(log), 1); // it is left as it was
    command_done(&command);
    MAP(fixture, &command, "0\n", "--joblog", "/nowhere/log", "sh", "script=exit {}");
    assert_int_equal(command.status, 74);
    command_done(&command);
    MAP(fixture, &command, "0\n", "--joblog", "/dev/full", "sh", "script=exit {}");
    assert_int_equal(command.status, 74);
    check_contains(command.err, "cannot write the job log: No space left");
    command_done(&command);
}

HARNESS_MAIN(SCENARIO_MANUAL(test_a_failed_job_is_tried_again),
             SCENARIO(test_a_full_daemon_is_asked_again, "--set", "server.queue-max=5", "--set",
                      "pool.cpu.processes=1"),
             SCENARIO_MANUAL(test_a_timeout), SCENARIO_MANUAL(test_halting),
             SCENARIO_MANUAL(test_halting_now),
             SCENARIO_MANUAL(test_an_interrupt_cancels_and_tells),
             SCENARIO_MANUAL(test_a_second_interrupt_leaves_at_once),
             SCENARIO_MANUAL(test_a_killed_client_is_resumed),
             SCENARIO_MANUAL(test_no_result_is_lost_to_a_kill),
             SCENARIO_MANUAL(test_failed_jobs_are_resumed),
             SCENARIO_MANUAL(test_a_file_that_is_no_log))
