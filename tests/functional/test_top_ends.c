// offload top and the terminal: it is left as it was, whatever happens; and what top cannot do
// without.
#include "harness.h"
#include "stage.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

// ---- the terminal ----------------------------------------------------------------------------

static void
expect_end_by(struct fixture *fixture, const char *typed, int signal_sent, int signal_seen)
{
    struct stage stage;

    stage_begin(fixture, &stage, DOCUMENT_FIRST);
    stage_await_drawn(&stage);
    if (typed != NULL)
        screen_type(&stage.screen, typed);
    else
        kill(stage.screen.pid, signal_sent);
    screen_wait(&stage.screen);
    if (!WIFSIGNALED(stage.screen.status) || WTERMSIG(stage.screen.status) != signal_seen)
        fail_msg("wait status %x, expected the signal %d", stage.screen.status, signal_seen);
    screen_expect_restored(&stage.screen);
    stage_end(&stage);
}

static void
test_every_signal_leaves_the_terminal_as_it_was(struct fixture *fixture)
{
    expect_end_by(fixture, "\003", 0, SIGINT);
    expect_end_by(fixture, "\034", 0, SIGQUIT);
    expect_end_by(fixture, NULL, SIGINT, SIGINT);
    expect_end_by(fixture, NULL, SIGQUIT, SIGQUIT);
    expect_end_by(fixture, NULL, SIGTERM, SIGTERM);
    expect_end_by(fixture, NULL, SIGHUP, SIGHUP);
}

// Output stopped with ^S must not keep it.
static void
test_a_stopped_terminal(struct fixture *fixture)
{
    struct stage stage;

    stage_begin(fixture, &stage, DOCUMENT_FIRST);
    stage_await_drawn(&stage);
    screen_type(&stage.screen, "\023");
    pretender_set_status(stage.pretender, DOCUMENT_SECOND);
    pretender_was_asked(stage.pretender, "usage");
    pretender_await(stage.pretender, "usage");
    pretender_await(stage.pretender, "usage");
    screen_type(&stage.screen, "q");
    stage_expect_exit(&stage, 0);
    stage_end(&stage);
}

static void
test_the_terminal_goes(struct fixture *fixture)
{
    struct stage stage;

    stage_begin(fixture, &stage, DOCUMENT_FIRST);
    stage_await_drawn(&stage);
    close(stage.screen.terminal);
    close(stage.screen.fd);
    stage.screen.terminal = stage.screen.fd = -1;
    screen_wait(&stage.screen);
    assert_true(WIFSIGNALED(stage.screen.status));
    assert_int_equal(WTERMSIG(stage.screen.status), SIGHUP);
    stage_end(&stage);
}

// A shell with job control stops it and lets it go on, in a terminal of another size.
static void
test_stopping_and_continuing(struct fixture *fixture)
{
    struct stage stage;

    stage_set(fixture, &stage, DOCUMENT_FIRST);
    screen_start(&stage.screen, 24, 80, "/bin/sh",
                 (const char *const[]){"-c",
                                       "set -m; \"$@\"; echo \"stopped: $?\"; read line; fg; "
                                       "echo \"ended: $?\"",
                                       "sh", OFFLOAD_PROGRAM, "--server", stage.address, "top",
                                       "--interval", "0.1", NULL},
                 stage_utf8);
    stage_await_drawn(&stage);
    screen_type(&stage.screen, "\032");
    screen_await(&stage.screen, "stopped: ");
    screen_expect_restored(&stage.screen);
    screen_resize(&stage.screen, 10, 60);
    screen_type(&stage.screen, "\n");
    screen_await_row(&stage.screen, 9,
                     "q quit  ? help  worker 1/2  Tab list  s r sort  p pause  k ~");
    assert_true(stage.screen.alternate);
    screen_type(&stage.screen, "q");
    screen_await(&stage.screen, "ended: 0");
    stage_expect_exit(&stage, 0);
    stage_end(&stage);
}

// Whoever has no shell that could let it go on is not stopped.
static void
test_stopping_without_a_shell(struct fixture *fixture)
{
    struct stage stage;

    stage_begin(fixture, &stage, DOCUMENT_FIRST);
    stage_await_drawn(&stage);
    screen_type(&stage.screen, "\032");
    kill(stage.screen.pid, SIGTSTP);
    pretender_set_status(stage.pretender, DOCUMENT_SECOND);
    screen_await(&stage.screen, "up 1m42s");
    assert_true(stage.screen.alternate);
    kill(stage.screen.pid, SIGSTOP);
    kill(stage.screen.pid, SIGCONT);
    pretender_set_status(stage.pretender, DOCUMENT_FIRST);
    screen_await(&stage.screen, "up 1m40s");
    assert_true(stage.screen.alternate);
    stage_quit(&stage);
}

// ---- what it cannot do -----------------------------------------------------------------------

static void
test_without_a_terminal(struct fixture *fixture)
{
    struct command command;
    struct stage stage;

    stage_set(fixture, &stage, DOCUMENT_FIRST);
    command_run(&command, OFFLOAD_PROGRAM,
                (const char *const[]){"--server", stage.address, "top", NULL}, NULL, "");
    assert_int_equal(command.status, 64);
    check_contains(command.err, "needs a terminal");
    command_done(&command);
    stage_start(&stage, 24, 80, (const char *const[]){"TERM=dumb", NULL});
    stage_expect_exit(&stage, 64);
    check_contains(stage.screen.raw, "TERM is 'dumb'");
    screen_done(&stage.screen);
    screen_start(&stage.screen, 24, 80, OFFLOAD_PROGRAM,
                 (const char *const[]){"top", "--interval", "10ms", NULL}, NULL);
    stage_expect_exit(&stage, 64);
    check_contains(stage.screen.raw, "--interval takes at least 0.1 seconds");
    stage_end(&stage);
}

// With a daemon of its own, which ends with it.
static void
test_a_private_daemon(struct fixture *fixture)
{
    struct screen screen;
    int status;

    (void)fixture;
    screen_start(&screen, 24, 80, OFFLOAD_PROGRAM,
                 (const char *const[]){"--local", "--set", "pool.cpu.processes=1", "top", NULL},
                 stage_utf8);
    screen_await(&screen, "worker 1/1");
    screen_await(&screen, "cpu        0 ");
    screen_type(&screen, "q");
    screen_wait(&screen);
    screen_expect_restored(&screen);
    status = screen.status;
    screen_done(&screen);
    assert_int_equal(status, 0);
    daemon_expect_none_left(PATIENCE);
}

HARNESS_MAIN(SCENARIO_MANUAL(test_a_private_daemon),
             SCENARIO_MANUAL(test_every_signal_leaves_the_terminal_as_it_was),
             SCENARIO_MANUAL(test_a_stopped_terminal), SCENARIO_MANUAL(test_the_terminal_goes),
             SCENARIO_MANUAL(test_stopping_and_continuing),
             SCENARIO_MANUAL(test_stopping_without_a_shell),
             SCENARIO_MANUAL(test_without_a_terminal))
