// The keys of a pool: values that are refused, and what --check says of the others.
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
expect_refusal(struct fixture *fixture, const char *keys, const char *words)
{
    struct command command;
    char *config = NULL;

    assert_true(asprintf(&config,
                         "[server]\nlisten = unix:%%F/it\n"
                         "[pool it]\nbuiltin = yes\nprocesses = 1\n%s",
                         keys) > 0);
    daemon_configure(&fixture->daemon, config);
    free(config);
    command_run(&command, OFFLOADD_PROGRAM,
                (const char *const[]){"--config", fixture->daemon.config, NULL}, NULL, NULL);
    assert_true(command.status > 0);
    check_contains(command.err, words);
    command_done(&command);
}

static void
test_unknown_names(struct fixture *fixture)
{
    expect_refusal(fixture, "user = no-such-user-here\n", "there is no such user");
    expect_refusal(fixture, "group = no-such-group-here\n", "there is no such group");
}

static void
test_wrong_values(struct fixture *fixture)
{
    static const char *const keys[] = {
        "nice = 20",           "nice = -21",         "nice = x",           "cpu-time-max = x",
        "open-files-max = -1", "memory-max = 1e3",   "environment = NAME", "environment = =x",
        "environment = A=1 B", "processes = 3..2",   "processes = 0",      "processes = 1..",
        "max-age = 5 apples",  "max-jobs = -1",      "idle-timeout = 0s",  "directory = here",
        "stdin = text",        "wait-ready = maybe", "cpu-weight = 10001", "cpu-weight = -1"};

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        expect_refusal(fixture, keys[i], "offloadd.conf:");
}

// ---- what --check says ----------------------------------------------------------------------

#define EVERYTHING                                                                                 \
    "[pool first]\nprogram = /bin/cat -n\nmethods = a b\nprocesses = 2..5\nin-flight = 7\n"        \
    "timeout-queue = 1s\ntimeout-run = 250ms\ntimeout-silence = 2min\ntimeout-total = 1h\n"        \
    "kill-delay = 3s\nwait-ready = yes\ntimeout-start = 90s\ncrash-limit = 9\n"                    \
    "idle-timeout = 4s\nmax-jobs = 50\nmax-age = 1d\nmemory-max = 1G\ncpu-weight = 7\n"            \
    "cpu-time-max = 6s\nopen-files-max = 64\nnice = -3\nuser = nobody\ngroup = daemon\ndirectory " \
    "= /tmp\n"                                                                                     \
    "environment = A=1 B={slot} C=\n"                                                              \
    "[pool second]\ncommand = /usr/bin/wc -c {file} {{x}}\nmethods = c\nprocesses = 3\n"           \
    "stdin = text\nenvironment = FILE={file}\n"                                                    \
    "[pool third]\nplugin = /usr/lib/some.so\nmethods = d\nprocesses = 0..1\nthreads = 2\n"

static void
check_to(struct fixture *fixture, struct command *command)
{
    command_run(command, OFFLOADD_PROGRAM,
                (const char *const[]){"--config", fixture->daemon.config, "--check", NULL}, NULL,
                NULL);
    if (command->status != 0)
        fail_msg("exit status %d: %s", command->status, command->err);
}

// Every key and value comes out, and the print reads back to the same.
static void
test_check_prints_all(struct fixture *fixture)
{
    struct command first, second;
    char *text = strdup(EVERYTHING), *rest = text, *line;

    daemon_configure(&fixture->daemon, EVERYTHING);
    check_to(fixture, &first);
    while ((line = strsep(&rest, "\n")) != NULL)
        check_contains(first.out, line);
    write_text(fixture->daemon.config, first.out);
    check_to(fixture, &second);
    assert_string_equal(second.out, first.out);
    command_done(&first);
    command_done(&second);
    free(text);
}

HARNESS_MAIN(SCENARIO_MANUAL(test_unknown_names), SCENARIO_MANUAL(test_wrong_values),
             SCENARIO_MANUAL(test_check_prints_all))
