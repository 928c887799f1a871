// Command: stdin, output, exits and deaths of real processes; each ends once, with all that it
// said.
#include "tests/unit/pool/command_fixture.h"

#include <sys/resource.h>

#define BIG ((size_t)4 << 20)

static void
test_cat(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture);
    fixture_start(&fixture, (char *[]){(char *)"/bin/cat", NULL}, SPAN("hello\0world"));
    expect_end(&fixture, "exited with status 0");
    assert_int_equal(fixture.kept[COMMAND_STDOUT].length, 11);
    assert_memory_equal(fixture.kept[COMMAND_STDOUT].bytes, "hello\0world", 11);
    expect_output(&fixture, COMMAND_STDERR, "");
    assert_true(fixture.result.death.usage_known);
    assert_true(fixture.result.death.usage.ru_maxrss > 0);
    assert_false(fixture.result.death.deliberate);
    assert_string_equal(fixture.result.death.pool, "test");
    fixture_close(&fixture);
}

static void
test_no_input(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture);
    fixture_start_script(&fixture, "cat; echo to stderr >&2; echo end", (struct span){0});
    expect_end(&fixture, "exited with status 0");
    expect_output(&fixture, COMMAND_STDOUT, "end\n");
    expect_output(&fixture, COMMAND_STDERR, "to stderr\n");
    assert_string_equal(fixture.tail, "to stderr\n");
    fixture_close(&fixture);
}

// Both pipes are full at times, in both directions.
static void
test_big_both_ways(void **state)
{
    struct fixture fixture;
    char *input = malloc(BIG);

    (void)state;
    assert_non_null(input);
    for (size_t i = 0; i < BIG; i++)
        input[i] = (char)(i * 31 / 7);
    fixture_open(&fixture);
    fixture_start_script(&fixture, "tee /dev/stderr", (struct span){.at = input, .length = BIG});
    expect_end(&fixture, "exited with status 0");
    for (int i = 0; i < COMMAND_STREAM_COUNT; i++) {
        assert_int_equal(fixture.kept[i].length, BIG);
        assert_memory_equal(fixture.kept[i].bytes, input, BIG);
        assert_false(fixture.result.output[i].truncated);
    }
    fixture_close(&fixture);
    free(input);
}

static void
test_truncated(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture);
    fixture.settings.output_max = 100000;
    fixture_start_script(&fixture,
                         "head -c 3000000 /dev/zero | tr '\\0' x; "
                         "head -c 100000 /dev/zero | tr '\\0' y >&2",
                         (struct span){0});
    expect_end(&fixture, "exited with status 0");
    assert_true(fixture.result.output[COMMAND_STDOUT].truncated);
    assert_int_equal(fixture.result.output[COMMAND_STDOUT].total, 3000000);
    assert_int_equal(fixture.kept[COMMAND_STDOUT].length, 100000);
    assert_int_equal(fixture.kept[COMMAND_STDOUT].bytes[99999], 'x');
    assert_false(fixture.result.output[COMMAND_STDERR].truncated);
    assert_int_equal(fixture.kept[COMMAND_STDERR].length, 100000);
    fixture_close(&fixture);
}

// The beginning is kept, but the certificate has the end of stderr.
static void
test_tail_of_truncated(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture);
    fixture.settings.output_max = 0;
    fixture_start_script(&fixture, "head -c 9000 /dev/zero | tr '\\0' x >&2; echo bye >&2; exit 2",
                         (struct span){0});
    expect_end(&fixture, "exited with status 2");
    assert_int_equal(fixture.kept[COMMAND_STDERR].length, 0);
    assert_int_equal(fixture.result.output[COMMAND_STDERR].total, 9004);
    assert_true(fixture.result.output[COMMAND_STDERR].truncated);
    assert_false(fixture.result.output[COMMAND_STDOUT].truncated);
    assert_int_equal(strlen(fixture.tail), 4096);
    assert_string_equal(fixture.tail + 4091, "xbye\n");
    fixture_close(&fixture);
}

// Cut at 1 to 9 bytes: never through a character, and never continued behind the gap.
static void
test_truncated_between_characters(void **state)
{
    static const size_t expected[] = {0, 1, 1, 1, 4, 4, 4, 4, 8, 8};
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture);
    for (size_t max = 0; max < sizeof(expected) / sizeof(expected[0]); max++) {
        fixture.settings.output_max = max;
        fixture_start_script(
            &fixture, "printf 'a\\342\\202\\254\\360\\237\\230\\200\\303\\244'; printf 'bcdefghi'",
            (struct span){0});
        expect_end(&fixture, "exited with status 0");
        assert_int_equal(fixture.kept[COMMAND_STDOUT].length, expected[max]);
        assert_memory_equal(fixture.kept[COMMAND_STDOUT].bytes, "a\xE2\x82\xAC\xF0\x9F\x98\x80",
                            expected[max]);
        assert_true(fixture.result.output[COMMAND_STDOUT].truncated);
        assert_int_equal(fixture.result.output[COMMAND_STDOUT].total, 18);
        fixture_reset(&fixture);
    }
    fixture_close(&fixture);
}

// A character that comes in two reads is told whole.
static void
test_split_character(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture);
    fixture_start_script(&fixture,
                         "printf 'a\\342\\202'; while ! test -e $1/go; do sleep 0.01; done; "
                         "printf '\\254\\303'",
                         (struct span){0});
    LOOP_UNTIL(&fixture.loop, fixture.told[COMMAND_STDOUT].length > 0);
    assert_string_equal(fixture.told[COMMAND_STDOUT].bytes, "a");
    temporary_write(&fixture.temporary, "go", "", 0600);
    expect_end(&fixture, "exited with status 0");
    expect_output(&fixture, COMMAND_STDOUT, "a\xE2\x82\xAC\xC3");
    assert_true(fixture.told[COMMAND_STDOUT].pieces >= 2);
    fixture_close(&fixture);
}

// It need not read its stdin, neither closed nor open.
static void
test_unread_stdin(void **state)
{
    char *input = calloc(1, BIG);
    struct span all = {.at = input, .length = BIG};
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture);
    fixture_start_script(&fixture, "exec <&-; sleep 0.1; echo closed", all);
    expect_end(&fixture, "exited with status 0");
    expect_output(&fixture, COMMAND_STDOUT, "closed\n");
    fixture_reset(&fixture);
    fixture_start_script(&fixture, "head -c 5 >/dev/null; echo open", all);
    expect_end(&fixture, "exited with status 0");
    expect_output(&fixture, COMMAND_STDOUT, "open\n");
    fixture_close(&fixture);
    free(input);
}

// Its pipes are at their end long before it is.
static void
test_closed_output(void **state)
{
    struct fixture fixture;
    char text[16];

    (void)state;
    fixture_open(&fixture);
    fixture_start_script(&fixture, "echo x; exec >&- 2>&-; sleep 0.3; echo ran on >$1/on; exit 4",
                         (struct span){0});
    expect_end(&fixture, "exited with status 4");
    expect_output(&fixture, COMMAND_STDOUT, "x\n");
    assert_string_equal(temporary_read(&fixture.temporary, "on", text, sizeof(text)), "ran on\n");
    fixture_close(&fixture);
}

static void
test_signal(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture);
    fixture_start_script(&fixture, "echo last words >&2; kill -SEGV $$", (struct span){0});
    expect_end(&fixture, "killed by SIGSEGV");
    assert_string_equal(fixture.tail, "last words\n");
    fixture_close(&fixture);
}

static void
expect_no_start(struct fixture *fixture, const char *path, int error)
{
    fixture_start(fixture, (char *[]){(char *)path, NULL}, SPAN("unread"));
    LOOP_UNTIL(&fixture->loop, fixture->ended);
    assert_int_equal(fixture->result.death.cause, DEATH_START);
    assert_int_equal(fixture->result.death.start.error, error);
    fixture_reset(fixture);
}

static void
test_no_program(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture);
    expect_no_start(&fixture, temporary_path(&fixture.temporary, "missing"), ENOENT);
    expect_no_start(&fixture, fixture.temporary.folder, EACCES);
    expect_no_start(&fixture, temporary_write(&fixture.temporary, "plain", "#!/bin/sh\n", 0644),
                    EACCES);
    expect_no_start(&fixture, temporary_write(&fixture.temporary, "bad", "junk", 0755), ENOEXEC);
    expect_no_start(
        &fixture, temporary_write(&fixture.temporary, "bang", "#!/no/such/shell\n", 0755), ENOENT);
    fixture_close(&fixture);
}

// The end of the process is known before anybody has looked at the news of its start.
static void
test_exit_before_start(void **state)
{
    struct fixture fixture;
    siginfo_t info;

    (void)state;
    fixture_open(&fixture);
    fixture_start(&fixture, (char *[]){(char *)"/no/such/program", NULL}, (struct span){0});
    assert_int_equal(waitid(P_PID, (id_t)command_pid(fixture.command), &info, WEXITED | WNOWAIT),
                     0);
    reaper_collect(fixture.settings.reaper);
    expect_end(&fixture, "could not be started: the program: No such file or directory");
    fixture_close(&fixture);
}

// Out of descriptors, with any number less than the eight that are needed: no process, and nothing
// is left of the attempt.
static void
test_no_descriptors(void **state)
{
    struct command_request request = {.argv = (char *[]){(char *)"/bin/true", NULL},
                                      .envp = command_environment};
    struct rlimit before;
    struct rlimit few;
    struct fixture fixture;
    int fillers[256];
    int count = 0;
    int error = 0;

    (void)state;
    fixture_open(&fixture);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = (struct rlimit){.rlim_cur = 256, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    while ((fillers[count] = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)) >= 0)
        count++;
    for (int i = 0; i < 8; i++) {
        assert_null(command_new(&fixture.settings, &request, &command_callbacks, &fixture, &error));
        assert_int_equal(error, -EMFILE);
        close(fillers[--count]);
    }
    fixture_start(&fixture, request.argv, (struct span){0});
    expect_end(&fixture, "exited with status 0");
    while (count > 0)
        close(fillers[--count]);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    fixture_close(&fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cat),
        cmocka_unit_test(test_no_input),
        cmocka_unit_test(test_big_both_ways),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_tail_of_truncated),
        cmocka_unit_test(test_truncated_between_characters),
        cmocka_unit_test(test_split_character),
        cmocka_unit_test(test_unread_stdin),
        cmocka_unit_test(test_closed_output),
        cmocka_unit_test(test_signal),
        cmocka_unit_test(test_no_program),
        cmocka_unit_test(test_exit_before_start),
        cmocka_unit_test(test_no_descriptors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
