// offload status: tables on a terminal, the daemon's own answer for programs.
#include "harness.h"
#include "stage.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

// ---- the same once ----------------------------------------------------------------------------

static void
start_status(struct stage *stage, unsigned columns, const char *const environment[])
{
    screen_start(&stage->screen, 24, columns, OFFLOAD_PROGRAM,
                 (const char *const[]){"--server", stage->address, "status", NULL}, environment);
    stage_expect_exit(stage, 0);
    assert_null(strchr(stage->screen.raw, '\033')); // plain text
}

static void
test_status_once(struct fixture *fixture)
{
    struct stage stage;
    char *text;

    stage_set(fixture, &stage, DOCUMENT_FIRST);
    start_status(&stage, 100, stage_utf8);
    text = screen_text(&stage.screen);
    check_contains(text,
                   "loop lag  p50 17us                p99 20ms    max 1.2s    of 8 turns/min\n"
                   "listens   unix:/run/sock\n"
                   "          tcp:127.0.0.1:7707\n"
                   "counted   12 queued, 0 delayed, 2 running, 1000 succeeded, 10 failed, 1 "
                   "cancelled, 2 timed_out,\n"
                   "          3 lost\n"
                   "sessions  3 open\n"
                   "\n"
                   "POOL    STATE    KIND     PROCS  QUEUED  RUNNING     P50     P90     P99  "
                   "RESTARTS  METHODS\n"
                   "cpu     serving  program      2      12        2   1.2ms   3.1ms    20ms  "
                   "       4  one two\n"
                   "web     paused   program      2      12        2   1.2ms   3.1ms    20ms  "
                   "       4  one two\n"
                   "The workers of web cannot start: /opt/none: No such file\n"
                   "\n"
                   "POOL    SLOT     PID  STATE  JOB              FOR  JOBS     AGE   CPU%    "
                   "MEM   DONE\n"
                   "cpu        0     101  ready  one             1.5s     1     50s   50.0    "
                   "12M      7\n");
    free(text);
    screen_done(&stage.screen);
    pretender_set_status(stage.pretender, DOCUMENT_HOSTILE);
    start_status(&stage, 40, stage_utf8);
    screen_done(&stage.screen);
    pretender_set_status(stage.pretender, DOCUMENT_OLD);
    pretender_refuse_params(stage.pretender, true);
    start_status(&stage, 80, stage_utf8);
    screen_await(&stage.screen, "cpu        0      55  ready  -");
    stage_end(&stage);
}

// Piped it is the answer as it is, whatever it is.
static void
test_status_for_programs(struct fixture *fixture)
{
    struct command command;
    struct stage stage;

    stage_set(fixture, &stage, DOCUMENT_HOSTILE);
    command_run(&command, OFFLOAD_PROGRAM,
                (const char *const[]){"--server", stage.address, "status", NULL}, NULL, NULL);
    assert_string_equal(command.out, DOCUMENT_HOSTILE "\n");
    assert_int_equal(command.status, 0);
    command_done(&command);
    screen_start(&stage.screen, 24, 4000, OFFLOAD_PROGRAM,
                 (const char *const[]){"--server", stage.address, "status", "--json", NULL}, NULL);
    stage_expect_exit(&stage, 0);
    assert_string_equal(stage.screen.raw, DOCUMENT_HOSTILE "\r\n");
    stage_end(&stage);
}

HARNESS_MAIN(SCENARIO_MANUAL(test_status_once), SCENARIO_MANUAL(test_status_for_programs))
