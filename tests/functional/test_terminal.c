// The progress bar, on a pseudo-terminal: what a person sees, as text. Jobs are held and let go one
// by one, so that each number on the screen is known.
#include "harness.h"
#include "terminal.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HELD 3

struct held {
    char paths[HELD][128];
    struct terminal *terminal;
};

static void
let_go(const struct held *held, int which)
{
    fclose(fopen(held->paths[which], "w"));
}

// `offload map ... hold ::: ...`, which runs until its jobs are let go; `script` is for a shell
// that runs it as "$@", or NULL.
static void
start_held(struct fixture *fixture, struct held *held, const char *const options[],
           const char *script, const char *const environment[], unsigned columns)
{
    const char *arguments[32];
    size_t count = 0;

    held->terminal = calloc(1, sizeof(*held->terminal));
    if (script != NULL) {
        const char *const shell[] = {"-c", script, "sh", OFFLOAD_PROGRAM};

        for (size_t i = 0; i < 4; i++)
            arguments[count++] = shell[i];
    }
    arguments[count++] = "--server";
    arguments[count++] = fixture->daemon.unix_address;
    arguments[count++] = "map";
    for (; options != NULL && *options != NULL; options++)
        arguments[count++] = *options;
    arguments[count++] = "hold";
    arguments[count++] = ":::";
    for (int i = 0; i < HELD; i++) {
        snprintf(held->paths[i], sizeof(held->paths[i]), "%s/held.%d", fixture->daemon.folder, i);
        arguments[count++] = held->paths[i];
    }
    arguments[count] = NULL;
    terminal_start(held->terminal, columns, script != NULL ? "/bin/sh" : OFFLOAD_PROGRAM, arguments,
                   environment);
}

static void
end_held(struct held *held, int status)
{
    terminal_wait(held->terminal);
    assert_string_equal(terminal_line(held->terminal), ""); // the bar is gone
    assert_int_equal(held->terminal->status, status);
}

static void
done_held(struct held *held)
{
    terminal_done(held->terminal);
    free(held->terminal);
}

// ---- the bar ---------------------------------------------------------------------------------

static void
test_the_bar_goes_with_the_jobs(struct fixture *fixture)
{
    struct held held;
    char *above;

    start_held(fixture, &held, NULL, NULL, NULL, 100);
    terminal_await(held.terminal, "] 0/3 done, 0 failed, 3 running, 0.00/s, -:-- left");
    assert_int_equal(terminal_line(held.terminal)[0], '[');
    let_go(&held, 0);
    terminal_await(held.terminal, "] 1/3 done, 0 failed, 2 running, ");
    check_contains(terminal_line(held.terminal), "[#############....");
    let_go(&held, 1);
    terminal_await(held.terminal, "] 2/3 done, 0 failed, 1 running, ");
    let_go(&held, 2);
    end_held(&held, 0);
    above = terminal_above(held.terminal);
    assert_string_equal(above, "\"released\"\n\"released\"\n\"released\"\n");
    free(above);
    done_held(&held);
}

// A narrower terminal shows less, and never a second row.
static void
test_narrow_and_wide(struct fixture *fixture)
{
    struct held held;

    start_held(fixture, &held, (const char *const[]){"-k", NULL}, NULL, NULL, 200);
    terminal_await(held.terminal, "running, 0.00/s, -:-- left");
    terminal_resize(held.terminal, 45);
    terminal_await_line(held.terminal, "0/3 done, 0 failed, 3 running, -:-- left");
    assert_int_equal(held.terminal->row, 0);
    terminal_resize(held.terminal, 12);
    terminal_await_line(held.terminal, "0/3 done");
    assert_int_equal(held.terminal->row, 0);
    terminal_resize(held.terminal, 80);
    terminal_await(held.terminal, "] 0/3 done, 0 failed, 3 running, 0.00/s, -:-- left");
    assert_int_equal(held.terminal->row, 0);
    for (int i = 0; i < HELD; i++)
        let_go(&held, i);
    end_held(&held, 0);
    done_held(&held);
}

// What is told on stderr has lines of its own, although stdout goes elsewhere.
static void
test_failures_stand_alone(struct fixture *fixture)
{
    struct terminal *terminal = calloc(1, sizeof(*terminal));
    char script[512];
    char path[128];
    char *above;

    snprintf(path, sizeof(path), "%s/go", fixture->daemon.folder);
    snprintf(script, sizeof(script),
             "exec \"$@\" run -P1 -- sh -c 'sleep 1; [ $1 = good ] || exec no-such-program; "
             "while [ ! -e %s ]; do sleep 0.1; done' sh ::: bad good > /dev/null",
             path);
    terminal_start(terminal, 100, "/bin/sh",
                   (const char *const[]){"-c", script, "sh", OFFLOAD_PROGRAM, NULL}, NULL);
    terminal_await(terminal, "] 0/2 done, 0 failed, 1 running, ");
    terminal_await(terminal, "] 1/2 done, 1 failed, 1 running, ");
    above = terminal_above(terminal);
    check_contains(above, "no-such-program: not found\n");
    assert_null(strstr(above, "done")); // nothing of the bar is left behind
    free(above);
    check_contains(terminal->raw, "\033[31m1 failed\033[0m");
    fclose(fopen(path, "w"));
    terminal_wait(terminal);
    assert_string_equal(terminal_line(terminal), "");
    assert_int_equal(terminal->status, 1);
    terminal_done(terminal);
    free(terminal);
}

static void
test_an_interrupt_by_key(struct fixture *fixture)
{
    struct held held;
    char *above;

    start_held(fixture, &held, NULL, NULL, NULL, 100);
    terminal_await(held.terminal, "3 running");
    terminal_type(held.terminal, "\003");
    terminal_wait(held.terminal);
    assert_int_equal(held.terminal->status, -1);
    above = terminal_above(held.terminal);
    check_contains(above, "offload: interrupted: 0 done, 0 failed, 3 cancelled\n");
    assert_null(strstr(above, "running"));
    free(above);
    done_held(&held);
}

static void
test_no_colour(struct fixture *fixture)
{
    struct terminal *terminal = calloc(1, sizeof(*terminal));

    (void)fixture;
    terminal_start(terminal, 100, OFFLOAD_PROGRAM,
                   (const char *const[]){"run", "-P1", "--", "sh", "-c", "sleep 1; exit $1", "sh",
                                         ":::", "1", "0", NULL},
                   (const char *const[]){"NO_COLOR=1", NULL});
    terminal_await(terminal, "1 failed");
    terminal_wait(terminal);
    assert_null(strstr(terminal->raw, "\033[31m"));
    terminal_done(terminal);
    free(terminal);
}

// ---- no bar ----------------------------------------------------------------------------------

static void
expect_no_bar(struct fixture *fixture, const char *const options[], const char *script,
              const char *const environment[])
{
    struct held held;
    char *above;

    for (int i = 0; i < HELD; i++) {
        char path[128];

        snprintf(path, sizeof(path), "%s/held.%d", fixture->daemon.folder, i);
        unlink(path);
    }
    start_held(fixture, &held, options, script, environment, 100);
    fixture_await(fixture, "jobs.running", 1);
    usleep(1200000); // long enough for a bar, if there were one
    for (int i = 0; i < HELD; i++)
        let_go(&held, i);
    end_held(&held, 0);
    above = terminal_above(held.terminal);
    assert_string_equal(above, "\"released\"\n\"released\"\n\"released\"\n");
    assert_null(strchr(held.terminal->raw, '\033'));
    free(above);
    done_held(&held);
}

static void
test_when_there_is_none(struct fixture *fixture)
{
    expect_no_bar(fixture, (const char *const[]){"--no-bar", NULL}, NULL, NULL);
    expect_no_bar(fixture, NULL, NULL, (const char *const[]){"TERM=dumb", NULL});
    expect_no_bar(fixture, NULL, "exec \"$@\" 2>/dev/null", NULL);
}

// ---- for programs ----------------------------------------------------------------------------

static void
test_progress_as_json(struct fixture *fixture)
{
    int64_t deadline = deadline_in(PATIENCE);
    struct command command;
    char path[128];
    const char *last;
    json_t *line;

    snprintf(path, sizeof(path), "%s/go", fixture->daemon.folder);
    command_start(&command, OFFLOAD_PROGRAM,
                  (const char *const[]){"--server", fixture->daemon.unix_address, "map",
                                        "--progress", "hold", ":::", path, NULL},
                  NULL);
    while (strchr(command.err, '\n') == NULL)
        if (!command_read(&command, deadline))
            fail_msg("no progress comes: %s", command.err);
    line = json_loads(command.err, JSON_DISABLE_EOF_CHECK, NULL);
    check_integer(line, "done", 0);
    check_integer(line, "running", 1);
    check_integer(line, "total", 1);
    assert_true(json_is_null(json_object_get(line, "remaining")));
    json_decref(line);
    fclose(fopen(path, "w"));
    command_wait(&command);
    assert_string_equal(command.out, "\"released\"\n");
    command.err[command.err_length - 1] = '\0';
    last = strrchr(command.err, '\n') != NULL ? strrchr(command.err, '\n') + 1 : command.err;
    line = parse_json(last);
    check_integer(line, "done", 1);
    check_integer(line, "failed", 0);
    check_integer(line, "running", 0);
    check_integer(line, "total", 1);
    json_decref(line);
    command_done(&command);
}

HARNESS_MAIN(SCENARIO_CONFIG(test_the_bar_goes_with_the_jobs, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_narrow_and_wide, CONFIG_FAULTY),
             SCENARIO_MANUAL(test_failures_stand_alone),
             SCENARIO_CONFIG(test_an_interrupt_by_key, CONFIG_FAULTY),
             SCENARIO_MANUAL(test_no_colour),
             SCENARIO_CONFIG(test_when_there_is_none, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_progress_as_json, CONFIG_FAULTY))
