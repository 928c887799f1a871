// Command: how it is made to end, and what it leaves behind: SIGTERM and SIGKILL, descendants
// inside and outside of its group, ends that race.
#include "tests/unit/pool/command_fixture.h"

#define MANY 60

static void
wait_for_text(struct fixture *fixture, const char *text)
{
    LOOP_UNTIL(&fixture->loop, fixture->told[COMMAND_STDOUT].bytes != NULL &&
                                   strstr(fixture->told[COMMAND_STDOUT].bytes, text) != NULL);
}

static void
test_terminate(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture);
    fixture_start_script(&fixture,
                         "trap 'echo bye; exit 5' TERM; echo up; while :; do sleep 0.01; done",
                         (struct span){0});
    wait_for_text(&fixture, "up\n");
    command_terminate(fixture.command);
    command_terminate(fixture.command);
    expect_end(&fixture, "exited with status 5");
    expect_output(&fixture, COMMAND_STDOUT, "up\nbye\n");
    assert_true(fixture.result.death.deliberate);
    fixture_close(&fixture);
}

// SIGTERM is ignored by the process and its child: both go after kill_delay_us, and not before.
static void
test_terminate_ignored(void **state)
{
    struct fixture fixture;
    int64_t began_us;

    (void)state;
    fixture_open(&fixture);
    fixture.settings.kill_delay_us = 300000;
    fixture_start_script(&fixture, "trap '' TERM; echo up; while :; do sleep 1000; done",
                         (struct span){0});
    wait_for_text(&fixture, "up\n");
    began_us = clock_us();
    command_terminate(fixture.command);
    expect_end(&fixture, "killed by SIGKILL");
    assert_in_range(clock_us() - began_us, 290000, LOOP_PATIENCE_US);
    assert_true(fixture.result.death.deliberate);
    fixture_close(&fixture);
}

static void
test_no_delay(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture);
    fixture.settings.kill_delay_us = 0;
    fixture_start_script(&fixture, "echo up; exec sleep 1000", (struct span){0});
    wait_for_text(&fixture, "up\n");
    command_terminate(fixture.command);
    expect_end(&fixture, "killed by SIGKILL");
    assert_true(fixture.result.death.deliberate);
    fixture_close(&fixture);
}

// The delay is still running when somebody has no more patience.
static void
test_kill_after_terminate(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture);
    fixture.settings.kill_delay_us = INT64_C(1000000000);
    fixture_start_script(&fixture, "trap '' TERM; echo up; while :; do sleep 0.01; done",
                         (struct span){0});
    wait_for_text(&fixture, "up\n");
    command_terminate(fixture.command);
    command_kill(fixture.command);
    expect_end(&fixture, "killed by SIGKILL");
    fixture_close(&fixture);
}

// A process that floods is killed from inside its own output.
static void
test_kill_from_output(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture);
    fixture.kill_at_first_piece = true;
    fixture_start_script(&fixture, "exec yes", (struct span){0});
    expect_end(&fixture, "killed by SIGKILL");
    assert_true(fixture.kept[COMMAND_STDOUT].length > 0);
    fixture_close(&fixture);
}

static void
test_describe(void **state)
{
    struct fixture fixture;
    struct death death;

    (void)state;
    fixture_open(&fixture);
    fixture_start_script(&fixture, "echo words >&2; echo up; exec sleep 1000", (struct span){0});
    wait_for_text(&fixture, "up\n");
    LOOP_UNTIL(&fixture.loop, fixture.told[COMMAND_STDERR].length > 0);
    command_describe(fixture.command, &death);
    assert_int_equal(death.pid, command_pid(fixture.command));
    assert_string_equal(death.pool, "test");
    assert_true(death.usage_known && death.usage.ru_maxrss > 0);
    assert_true(span_is(death.stderr_tail, "words\n"));
    command_kill(fixture.command);
    expect_end(&fixture, "killed by SIGKILL");
    fixture_close(&fixture);
}

// False once the process is dead; it may stay a zombie of somebody else, but without descriptors.
static bool
runs(pid_t pid)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/fd/1", (int)pid);
    return access(path, F_OK) == 0;
}

// A background process of the same group holds the pipes: it goes with the leader.
static void
test_background_child(void **state)
{
    struct fixture fixture;
    pid_t pid;

    (void)state;
    fixture_open(&fixture);
    fixture_start_script(&fixture, "sleep 1000 & echo $!; exit 6", (struct span){0});
    expect_end(&fixture, "exited with status 6");
    pid = atoi(fixture.kept[COMMAND_STDOUT].bytes);
    assert_true(pid > 1);
    LOOP_UNTIL(&fixture.loop, !runs(pid));
    fixture_close(&fixture);
}

// A descendant that left the group holds the pipes: the end waits 200 ms for it, not longer, and
// all that was in the pipe is there.
static void
test_held_pipes(void **state)
{
    struct fixture fixture;
    int64_t began_us;
    char text[16];
    pid_t pid;

    (void)state;
    fixture_open(&fixture);
    fixture_start_script(&fixture,
                         "setsid sh -c 'echo $$ >$1/held; exec sleep 1000' - $1 &\n"
                         "while ! test -s $1/held; do sleep 0.01; done\n"
                         "echo out; echo err >&2; kill -KILL $$",
                         (struct span){0});
    wait_for_text(&fixture, "out\n");
    began_us = clock_us();
    expect_end(&fixture, "killed by SIGKILL");
    assert_in_range(clock_us() - began_us, 150000, 5000000);
    expect_output(&fixture, COMMAND_STDOUT, "out\n");
    expect_output(&fixture, COMMAND_STDERR, "err\n");
    pid = atoi(temporary_read(&fixture.temporary, "held", text, sizeof(text)));
    assert_true(pid > 1);
    assert_true(runs(pid));
    kill(pid, SIGKILL);
    fixture_close(&fixture);
}

// The same, but the descendant never stops writing: it is not listened to for ever.
static void
test_flooding_holder(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture);
    fixture.settings.output_max = 1000;
    fixture_start_script(&fixture,
                         "setsid sh -c 'echo $$ >$1/held; exec yes' - $1 &\n"
                         "while ! test -s $1/held; do sleep 0.01; done; exit 3",
                         (struct span){0});
    expect_end(&fixture, "exited with status 3"); // `yes` dies of SIGPIPE
    assert_true(fixture.result.output[COMMAND_STDOUT].truncated);
    assert_int_equal(fixture.kept[COMMAND_STDOUT].length, 1000);
    fixture_close(&fixture);
}

// ---- many -----------------------------------------------------------------------------------

struct one {
    struct command *command;
    int ended;
    bool whole;
};

static void
one_ended_cb(void *context, struct command *command, const struct command_result *result)
{
    struct one *one = context;

    assert_ptr_equal(command, one->command);
    one->ended++;
    one->whole = result->death.cause == DEATH_EXIT && result->death.exit_code == 7 &&
                 span_is(result->output[COMMAND_STDOUT].bytes, "out\n");
    assert_true(one->whole || result->death.deliberate);
}

static bool
all_ended(const struct one *ones)
{
    for (int i = 0; i < MANY; i++)
        if (ones[i].ended == 0)
            return false;
    return true;
}

// Many at once, without an `output` callback; a third is terminated, a third killed, at any moment
// of their lives. Each ends once, and who was left alone has said all.
static void
test_race(void **state)
{
    static const struct command_callbacks one_callbacks = {.ended = one_ended_cb};
    char *argv[] = {(char *)"/bin/sh", (char *)"-c", (char *)"echo out; exit 7", NULL};
    struct command_request request = {
        .argv = argv, .envp = command_environment, .input = SPAN("unread")};
    struct one ones[MANY] = {0};
    struct fixture fixture;
    int error;

    (void)state;
    fixture_open(&fixture);
    for (int i = 0; i < MANY; i++) {
        ones[i].command =
            command_new(&fixture.settings, &request, &one_callbacks, &ones[i], &error);
        assert_non_null(ones[i].command);
    }
    for (int i = 0; i < MANY; i++) {
        if (ones[i].ended == 0 && i % 3 == 0)
            command_terminate(ones[i].command);
        if (ones[i].ended == 0 && i % 3 == 1)
            command_kill(ones[i].command);
        loop_turn(&fixture.loop);
    }
    LOOP_UNTIL(&fixture.loop, all_ended(ones));
    loop_settle(&fixture.loop);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(ones[i].ended, 1);
        assert_true(i % 3 != 2 || ones[i].whole);
    }
    fixture_close(&fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_terminate),        cmocka_unit_test(test_terminate_ignored),
        cmocka_unit_test(test_no_delay),         cmocka_unit_test(test_kill_after_terminate),
        cmocka_unit_test(test_kill_from_output), cmocka_unit_test(test_describe),
        cmocka_unit_test(test_background_child), cmocka_unit_test(test_held_pipes),
        cmocka_unit_test(test_flooding_holder),  cmocka_unit_test(test_race),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
