// `offload run`: a command for each record, as with xargs -P and GNU parallel, and a private daemon
// that nobody has set up.
#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RUN_ARGUMENTS(...)       \
    (const char *const[])        \
    {                            \
        "run", __VA_ARGS__, NULL \
    }
#define RUN(command, input, ...) \
    command_run(command, OFFLOAD_PROGRAM, RUN_ARGUMENTS(__VA_ARGS__), NULL, input)

static void
path_of(struct fixture *fixture, const char *name, char path[128])
{
    snprintf(path, 128, "%s/%s", fixture->daemon.folder, name);
}

static void
expect(struct command *command, int status, const char *out, const char *err)
{
    if (command->status != status || strcmp(command->out, out) != 0 ||
        strcmp(command->err, err) != 0)
        fail_msg("exit status %d, expected %d\n--- stdout:\n%s--- expected:\n%s--- stderr:\n%s"
                 "--- expected:\n%s",
                 command->status, status, command->out, out, command->err, err);
    command_done(command);
}

static bool
exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static void
await_file(const char *path)
{
    int64_t deadline = deadline_in(PATIENCE);

    while (!exists(path)) {
        if (deadline_passed(deadline))
            fail_msg("%s does not come", path);
        deadline_pause();
    }
}

// ---- what is run -----------------------------------------------------------------------------

static void
test_words_and_places(struct fixture *fixture)
{
    struct command command;

    (void)fixture;
    RUN(&command, "a b\n$(x) 'y\"\\\n", "-k", "printf", "<%s>\n");
    expect(&command, 0, "<a b>\n<$(x) 'y\"\\>\n", "");
    RUN(&command, "dir/one.wav\n", "echo", "{}", "{.}", "{/}", "{//}", "{/.}", "{#}", "{no}", "{");
    expect(&command, 0, "dir/one.wav dir/one one.wav dir one 1 {no} {\n", "");
    RUN(&command, NULL, "-k", "echo", "{2}-{1}", ":::", "a", "b", ":::", "-k", "c");
    expect(&command, 0, "-k-a\nc-a\n-k-b\nc-b\n", "");
    RUN(&command, "n,size\nx,1\n", "--csv", "echo", "{size}", "of", "{n}");
    expect(&command, 0, "1 of x\n", "");
    RUN(&command, NULL, "--", "echo", "-n", "--tag", ":::", "x");
    expect(&command, 0, "--tag x", "");
    RUN(&command, NULL, "awk", "BEGIN { print ARGV[1] }", ":::", "file"); // no place: it is added
    expect(&command, 0, "file\n", "");
    RUN(&command, NULL, "--dry-run", "echo", "{}", ":::", "a b");
    expect(&command, 0, "[\"echo\",\"a b\"]\n", "");
}

// The daemon gives its commands next to nothing; here they have what they had under xargs.
static void
test_the_environment(struct fixture *fixture)
{
    char path[128], expected[512];
    struct command command;

    path_of(fixture, "", path);
    command_run(&command, "/usr/bin/env",
                (const char *const[]){"-C", path, "-u", "HOME", "ODD=a b;{c} \"d\"\n e", "bash",
                                      "-c",
                                      "\"$0\" run -- sh -c 'pwd; echo \"$ODD,${HOME-none},"
                                      "$OFFLOAD_SEQ,${OFFLOAD_POOL-none},$1\"; cat' sh ::: x",
                                      OFFLOAD_PROGRAM, NULL},
                NULL, "this is not for the command");
    snprintf(expected, sizeof(expected), "%s\na b;{c} \"d\"\n e,none,1,none,x\n",
             fixture->daemon.folder);
    expect(&command, 0, expected, "");
}

static void
test_so_many_at_a_time(struct fixture *fixture)
{
    // Each waits for all others of its three: fewer at a time would never end. And each counts.
    static const char script[] =
        "cd \"$0\"; touch in.$1; while [ $(ls in.* | wc -l) -lt 3 ]; do sleep 0.02; done; echo $1";
    static const char bound[] = "cd \"$0\"; mkdir slot.$OFFLOAD_SLOT || echo two; sleep 0.02; "
                                "rmdir slot.$OFFLOAD_SLOT; [ $OFFLOAD_SLOT -lt 2 ] || echo over";
    struct command command;
    char path[128];

    path_of(fixture, "", path);
    RUN(&command, "1\n2\n3\n", "-P3", "-k", "sh", "-c", script, path, "{}");
    expect(&command, 0, "1\n2\n3\n", "");
    RUN(&command, "1\n2\n3\n4\n5\n6\n7\n8\n", "--slots", "2", "sh", "-c", bound, path, "{}");
    expect(&command, 0, "", "");
}

// ---- output ----------------------------------------------------------------------------------

static void
test_output_is_grouped(struct fixture *fixture)
{
    // The second one writes while the first is in the middle, and ends first.
    static const char script[] =
        "cd \"$0\"; echo $1 begins; echo e$1 >&2; if [ $1 = 1 ]; then touch began; while [ ! -e "
        "two ]"
        "; do sleep 0.02; done; else while [ ! -e began ]; do sleep 0.02; done; touch two; fi; "
        "printf '%s ends' $1";
    struct command command;
    char path[128];

    path_of(fixture, "", path);
    RUN(&command, "1\n2\n", "-P2", "-k", "sh", "-c", script, path, "{}");
    expect(&command, 0, "1 begins\n1 ends2 begins\n2 ends", "e1\ne2\n");
}

static void
test_tags(struct fixture *fixture)
{
    struct command command;

    (void)fixture;
    RUN(&command, "a\nb\n", "-k", "--tag", "sh", "-c", "echo 1; printf '2\\n\\n3'; echo e >&2",
        "{}");
    expect(&command, 0, "a\t1\na\t2\na\t\na\t3b\t1\nb\t2\nb\t\nb\t3", "a\te\nb\te\n");
}

static void
test_lines_as_they_come(struct fixture *fixture)
{
    static const char script[] = "printf 'one\\nhalf'; echo >&2 err; while [ ! -e \"$0\" ]; "
                                 "do sleep 0.02; done; echo; echo two";
    int64_t deadline = deadline_in(PATIENCE);
    struct command command;
    char path[128];

    path_of(fixture, "go", path);
    command_start(&command, OFFLOAD_PROGRAM,
                  RUN_ARGUMENTS("--line-buffer", "--tag", "sh", "-c", script, path, ":::", "x"),
                  NULL);
    while (strcmp(command.out, "x\tone\n") != 0 || strcmp(command.err, "x\terr\n") != 0)
        if (!command_read(&command, deadline))
            fail_msg("the first line does not come: %s%s", command.out, command.err);
    fclose(fopen(path, "w"));
    command_wait(&command);
    expect(&command, 0, "x\tone\nx\thalf\nx\ttwo\n", "x\terr\n");
}

// Far more than the daemon itself would keep of a command.
static void
test_much_output(struct fixture *fixture)
{
    struct command command;
    char *expected = malloc(3 * 3000001 + 1);

    (void)fixture;
    for (int i = 0; i < 3; i++) {
        memset(expected + i * 3000001, '1' + i, 3000000);
        expected[i * 3000001 + 3000000] = '\n';
    }
    expected[3 * 3000001] = '\0';
    RUN(&command, "1\n2\n3\n", "-k", "sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' $0; echo");
    assert_int_equal(command.status, 0);
    assert_int_equal(command.out_length, 3 * 3000001);
    assert_true(strcmp(command.out, expected) == 0);
    free(expected);
    command_done(&command);
}

// ---- how it ends -----------------------------------------------------------------------------

static void
test_exit_statuses(struct fixture *fixture)
{
    char many[101 * 2 + 1];
    struct command command;

    (void)fixture;
    RUN(&command, "0\n3\n0\n5\n", "sh", "-c", "exit $0");
    expect(&command, 2, "", "");
    for (int i = 0; i < 101; i++)
        memcpy(many + 2 * i, "1\n", 3);
    RUN(&command, many + 2, "sh", "-c", "exit $0");
    expect(&command, 100, "", "");
    RUN(&command, many, "sh", "-c", "exit $0");
    expect(&command, 101, "", "");
    RUN(&command, "0\n7\n", "-P1", "--halt", "soon,fail=1", "sh", "-c", "exit $0");
    expect(&command, 7, "", "offload: halted: 1 done, 1 failed, 0 cancelled\n");
    RUN(&command, "4\n0\n6\n", "-P1", "--halt", "now,success=1", "sh", "-c", "exit $0");
    expect(&command, 0, "", "offload: halted: 1 done, 1 failed, 0 cancelled\n");
    RUN(&command, NULL, "--set", "pool.run.nonsense=1", "true", ":::", "x");
    assert_int_equal(command.status, 255);
    command_done(&command);
    RUN(&command, NULL, "--server", "tcp:127.0.0.1:1", "true", ":::", "x");
    expect(&command, 64, "", "offload: --server is no option of 'run'\n");
    RUN(&command, NULL, "--line-buffer", "-k", "true", ":::", "x");
    assert_int_equal(command.status, 64);
    command_done(&command);
}

static void
test_what_cannot_be_run(struct fixture *fixture)
{
    struct command command;
    char path[128], log[128];
    char *text;

    path_of(fixture, "log", log);
    path_of(fixture, "", path);
    RUN(&command, NULL, "--joblog", log, "/no/such/program", ":::", "x");
    expect(&command, 1, "", "offload: /no/such/program: No such file or directory\n");
    text = read_text(log);
    check_contains(text, "\"exit\":127,");
    free(text);
    RUN(&command, NULL, "--joblog", log, path, ":::", "x");
    assert_int_equal(command.status, 1);
    check_contains(command.err, "Permission denied\n");
    command_done(&command);
    text = read_text(log);
    check_contains(text, "\"exit\":126,");
    free(text);
    RUN(&command, NULL, "--joblog", log, "sh", "-c", "kill -9 $$", ":::", "x");
    assert_int_equal(command.status, 1);
    check_contains(command.err, "offload: argument 1: ");
    check_contains(command.err, "SIGKILL");
    command_done(&command);
    text = read_text(log);
    check_contains(text, "\"exit\":137,");
    free(text);
    RUN(&command, NULL, "--timeout", "0.2", "sleep", ":::", "1000");
    assert_int_equal(command.status, 1);
    check_contains(command.err, "Timed out");
    command_done(&command);
}

// What a try that failed has written is not printed.
static void
test_trying_again(struct fixture *fixture)
{
    static const char script[] = "echo try >> \"$0\"; echo $1 $(wc -l < \"$0\"); "
                                 "[ $(wc -l < \"$0\") = 3 ]";
    struct command command;
    char path[128];

    path_of(fixture, "tries", path);
    RUN(&command, NULL, "--retries", "2", "sh", "-c", script, path, "{}", ":::", "x");
    expect(&command, 0, "x 3\n", "");
}

static void
expect_no_process(const char *part)
{
    int64_t deadline = deadline_in(PATIENCE);
    struct command command;

    for (;;) {
        command_run(&command, "/usr/bin/pgrep", (const char *const[]){"-f", part, NULL}, NULL,
                    NULL);
        if (command.status == 1)
            break;
        if (deadline_passed(deadline))
            fail_msg("still there: %s", command.out);
        command_done(&command);
        deadline_pause();
    }
    command_done(&command);
}

static void
start_sleepers(struct fixture *fixture, struct command *command, char script[256])
{
    char path[128];

    path_of(fixture, "began", path);
    snprintf(script, 256, "touch %s; sleep 1000; :", path);
    command_start(command, OFFLOAD_PROGRAM,
                  RUN_ARGUMENTS("-P2", "sh", "-c", script, ":::", "1", "2", "3"), NULL);
    await_file(path);
}

static void
test_an_interrupt_stops_all(struct fixture *fixture)
{
    struct command command;
    char script[256];

    start_sleepers(fixture, &command, script);
    assert_int_equal(kill(command.pid, SIGINT), 0);
    command_wait(&command);
    assert_int_equal(command.status, -1);
    check_contains(command.err, "interrupted: 0 done, 0 failed, 2 cancelled");
    command_done(&command);
    expect_no_process(fixture->daemon.folder);
}

static void
test_a_kill_leaves_nothing(struct fixture *fixture)
{
    struct command command;
    char script[256];

    start_sleepers(fixture, &command, script);
    assert_int_equal(kill(command.pid, SIGKILL), 0);
    command_wait(&command);
    command_done(&command);
    expect_no_process(fixture->daemon.folder);
}

static void
test_a_killed_run_is_resumed(struct fixture *fixture)
{
    static const char script[] = "echo $1 >> \"$0/ran\"; [ $1 != 3 ] || [ -e \"$0/go\" ] || { "
                                 "touch \"$0/held\"; sleep 1000; }";
    struct command command;
    char path[128], log[128], ran[128], held[128], go[128];
    char *text;

    path_of(fixture, "", path);
    path_of(fixture, "log", log);
    path_of(fixture, "ran", ran);
    path_of(fixture, "held", held);
    path_of(fixture, "go", go);
    command_start(&command, OFFLOAD_PROGRAM,
                  RUN_ARGUMENTS("-P1", "--joblog", log, "sh", "-c", script, path, "{}", ":::", "1",
                                "2", "3", "4"),
                  NULL);
    await_file(held);
    assert_int_equal(kill(command.pid, SIGKILL), 0);
    command_wait(&command);
    command_done(&command);
    fclose(fopen(go, "w"));
    RUN(&command, NULL, "-P1", "--joblog", log, "--resume", "sh", "-c", script, path, "{}",
        ":::", "1", "2", "3", "4");
    expect(&command, 0, "", "");
    text = read_text(ran);
    assert_string_equal(text, "1\n2\n3\n3\n4\n");
    free(text);
}

// The same output, byte for byte.
static void
test_the_same_as_xargs(struct fixture *fixture)
{
    static const char script[] = "printf '%s\\n' \"$1\"; head -c $((${#1} * 997)) /dev/zero";
    char input[2048] = "";
    struct command ours, theirs;

    (void)fixture;
    for (int i = 1; i <= 40; i++)
        snprintf(input + strlen(input), sizeof(input) - strlen(input), "%.*s %d *?\n", i % 9,
                 "wordswords", i);
    RUN(&ours, input, "-k", "-P4", "--", "sh", "-c", script, "sh");
    command_run(&theirs, "/usr/bin/xargs",
                (const char *const[]){"-d", "\\n", "-n1", "sh", "-c", script, "sh", NULL}, NULL,
                input);
    assert_int_equal(ours.status, 0);
    assert_int_equal(theirs.status, 0);
    assert_int_equal(ours.out_length, theirs.out_length);
    assert_memory_equal(ours.out, theirs.out, theirs.out_length);
    command_done(&ours);
    command_done(&theirs);
}

HARNESS_MAIN(SCENARIO_MANUAL(test_words_and_places), SCENARIO_MANUAL(test_the_environment),
             SCENARIO_MANUAL(test_so_many_at_a_time), SCENARIO_MANUAL(test_output_is_grouped),
             SCENARIO_MANUAL(test_tags), SCENARIO_MANUAL(test_lines_as_they_come),
             SCENARIO_MANUAL(test_much_output), SCENARIO_MANUAL(test_exit_statuses),
             SCENARIO_MANUAL(test_what_cannot_be_run), SCENARIO_MANUAL(test_trying_again),
             SCENARIO_MANUAL(test_an_interrupt_stops_all),
             SCENARIO_MANUAL(test_a_kill_leaves_nothing),
             SCENARIO_MANUAL(test_a_killed_run_is_resumed), SCENARIO_MANUAL(test_the_same_as_xargs))
