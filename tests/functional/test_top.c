// offload top: what a person sees, and what keys do. The tests play the daemon, so that each figure
// is known. That the terminal is left as it was is tested in test_top_ends.c.
#include "harness.h"
#include "stage.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

// ---- what is to be seen ----------------------------------------------------------------------

static void
test_a_usual_terminal(struct fixture *fixture)
{
    struct stage stage;

    stage_begin(fixture, &stage, DOCUMENT_FIRST);
    stage_await_drawn(&stage);
    assert_true(stage.screen.alternate);
    assert_true(stage.screen.hidden);
    pretender_await(stage.pretender, "\"params\":{\"usage\":true}");
    pretender_set_status(stage.pretender, DOCUMENT_SECOND);
    screen_await_all(
        &stage.screen,
        "offloadd 1.2, pid 4711, serving, up 1m42s, sessions 3, unix:/run/sock\n"
        "jobs      12 queued, 2 running, 25.0/s done, 0.0/s failed\n"
        "latency   p50 1.2ms   p90 3.1ms   p99 20ms    max 1.2s    of 167 jobs/min\n"
        "loop lag  p50 17us                p99 20ms    max 1.2s    of 9 turns/min\n"
        "POOL    STATE    PROCS  QUEUED  RUNNING  DONE/S  FAIL/S     P50     P90     P99\n"
        "cpu     serving      2      12        2    25.0     0.0   1.2ms   3.1ms    20ms\n"
        "web     serving      2      12        2     0.0     0.0   1.2ms   3.1ms    20ms\n"
        "POOL    SLOT     PID  STATE  JOB              FOR     AGE   CPU%    MEM   DONE\n"
        "cpu        0     101  ready  one             3.5s     52s    100    12M      7\n"
        "cpu        1     103  ready  two            500ms    1.0s   50.0      -      7\n"
        "\n\n\n\n\n\n\n\n\n\n\n\n\n"
        "q quit  ? help  worker 1/2  " STAGE_KEYS "\n");
    stage_quit(&stage);
}

static void
test_resizing(struct fixture *fixture)
{
    struct stage stage;

    stage_begin(fixture, &stage, DOCUMENT_FIRST);
    stage_await_drawn(&stage);
    screen_resize(&stage.screen, 6, 40);
    screen_await_all(&stage.screen, "offloadd 1.2, pid 4711, serving, up 1m4~\n"
                                    "POOL       PID  STATE  JOB           FOR\n"
                                    "cpu        101  ready  one          1.5s\n"
                                    "cpu        102  ready  -               -\n"
                                    "\n"
                                    "q quit  ? help  worker 1/2  Tab list  s~\n");
    screen_resize(&stage.screen, 1, 10);
    screen_await_all(&stage.screen, "q quit  ?~\n");
    screen_resize(&stage.screen, 40, 132);
    screen_await_row(&stage.screen, 39, "q quit  ? help  worker 1/2  " STAGE_KEYS);
    screen_await_row(&stage.screen, 6,
                     "web     paused       2      12        2       -       -   1.2ms   3.1ms    "
                     "20ms         4");
    stage_quit(&stage);
}

static void
test_an_older_daemon(struct fixture *fixture)
{
    struct stage stage;

    stage_set(fixture, &stage, DOCUMENT_OLD);
    pretender_refuse_params(stage.pretender, true);
    stage_start(&stage, 24, 80, stage_utf8);
    screen_await_row(
        &stage.screen, 7,
        "cpu        0      55  ready  -                  -    5.2s      -      -      0");
    pretender_set_answer(stage.pretender,
                         "\"error\":{\"code\":-32601,\"message\":\"Method not found\","
                         "\"data\":{\"method\":\"pool.pause\"}}");
    screen_type(&stage.screen, "p");
    screen_await_row(&stage.screen, 23, "pause pool cpu: Method not found (-32601): pool.pause");
    stage_quit(&stage);
}

// What comes from elsewhere cannot do anything to the terminal.
static void
test_a_hostile_daemon(struct fixture *fixture)
{
    static const char *const bad[] = {"\033]0;",  "\007",     "\033[31mred",
                                      "\033[2Jx", "\xc2\x9b", "\b"};
    struct stage stage;

    stage_begin(fixture, &stage, DOCUMENT_HOSTILE);
    screen_await(&stage.screen, "?]0;title~");
    screen_await(&stage.screen, "offloadd ?[2J, pid ");
    screen_type(&stage.screen, "\t");
    screen_type(&stage.screen, SCREEN_END);
    screen_await_row(&stage.screen, 23, "its workers cannot start: ?[31mred");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_null(strstr(stage.screen.raw, bad[i]));
    pretender_set_status(stage.pretender, "[\"no status\"]");
    screen_await_row(&stage.screen, 23, "the daemon's answer is no status");
    stage_quit(&stage);
}

static void
test_colours(struct fixture *fixture)
{
    static const char *const plain[] = {"LC_ALL=C.UTF-8", "NO_COLOR=1", NULL};
    struct stage stage;

    stage_begin(fixture, &stage, DOCUMENT_FIRST); // a pool that cannot start: red
    stage_await_drawn(&stage);
    check_contains(stage.screen.raw, "\033[31m");
    stage_quit(&stage);
    stage_set(fixture, &stage, DOCUMENT_FIRST);
    stage_start(&stage, 24, 80, plain);
    stage_await_drawn(&stage);
    assert_null(strstr(stage.screen.raw, "\033[31m"));
    assert_null(strstr(stage.screen.raw, "\033[33m"));
    assert_true(screen_is_reverse(&stage.screen, 8)); // the selected one is to be seen all the same
    stage_quit(&stage);
}

// ---- keys ------------------------------------------------------------------------------------

static char *
crowd(unsigned count)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    fputs(HEAD("1") JOBS("0") "\"pools\":[{\"name\":\"cpu\",\"state\":\"serving\",\"workers\":[",
          out);
    for (unsigned i = 0; i < count; i++)
        fprintf(out, "%s{\"slot\":%u,\"pid\":%u,\"state\":\"ready\",\"memory_bytes\":%u}",
                i > 0 ? "," : "", i, 1001 + i, i * 7919 % count * 1024);
    fputs("]}]}", out);
    fclose(out);
    return text;
}

static void
test_selecting_and_sorting(struct fixture *fixture)
{
    struct stage stage;
    char *document = crowd(100);

    stage_begin(fixture, &stage, document);
    screen_await(&stage.screen, "worker 1/100");
    assert_true(screen_is_reverse(&stage.screen, 7));
    screen_type(&stage.screen, SCREEN_DOWN SCREEN_DOWN SCREEN_UP SCREEN_DOWN);
    screen_await(&stage.screen, "worker 3/100");
    assert_true(screen_is_reverse(&stage.screen, 9));
    screen_type(&stage.screen, SCREEN_END);
    screen_await(&stage.screen, "worker 100/100");
    screen_await(&stage.screen, " 1100  ready");
    assert_true(screen_is_reverse(&stage.screen, 22));
    screen_type(&stage.screen, "SS");                    // from the last column on
    screen_await(&stage.screen, "worker 19/100 by MEM"); // it goes with the row
    screen_type(&stage.screen, "\033OH");
    screen_await_row(
        &stage.screen, 7,
        "cpu       21    1022  ready  -                  -       -      -    99K      -");
    screen_type(&stage.screen, "r");
    screen_await(&stage.screen, "worker 100/100 by MEM reversed");
    screen_type(&stage.screen, "?");
    screen_await_row(&stage.screen, 23, "press any key to go back");
    screen_type(&stage.screen, "q");
    screen_await(&stage.screen, "worker 100/100 by MEM reversed");
    stage_quit(&stage);
    free(document);
}

static void
test_pausing(struct fixture *fixture)
{
    struct stage stage;

    stage_begin(fixture, &stage, DOCUMENT_FIRST);
    screen_await(&stage.screen, "worker 1/2");
    screen_type(&stage.screen, "p");
    pretender_await(stage.pretender, "\"method\":\"pool.pause\",\"params\":{\"pool\":\"cpu\"}");
    screen_await_row(&stage.screen, 23, "pause pool cpu: done");
    screen_type(&stage.screen, "\t" SCREEN_DOWN "p");
    pretender_await(stage.pretender, "\"method\":\"pool.resume\",\"params\":{\"pool\":\"web\"}");
    screen_await_row(&stage.screen, 23, "resume pool web: done");
    stage_quit(&stage);
}

static void
test_killing(struct fixture *fixture)
{
    struct stage stage;

    stage_begin(fixture, &stage, DOCUMENT_FIRST);
    screen_await(&stage.screen, "worker 1/2");
    screen_type(&stage.screen, SCREEN_DOWN "k");
    screen_await_row(&stage.screen, 23, "kill worker 102 of cpu and end its jobs? y/n");
    screen_type(&stage.screen, "n");
    screen_await(&stage.screen, "worker 2/2");
    screen_type(&stage.screen, "k");
    screen_await(&stage.screen, "kill worker 102");
    assert_false(pretender_was_asked(stage.pretender, "worker.kill"));
    pretender_set_status(stage.pretender, DOCUMENT_SECOND); // meanwhile it was replaced
    screen_await(&stage.screen, " 103 ");
    pretender_set_answer(
        stage.pretender,
        "\"error\":{\"code\":-32602,\"message\":\"Invalid params\",\"data\":"
        "{\"member\":\"pid\",\"reason\":\"gone\\u001b[2J\",\"expected\":\"103\"}}");
    screen_type(&stage.screen, "y");
    pretender_await(
        stage.pretender,
        "\"method\":\"worker.kill\",\"params\":{\"pool\":\"cpu\",\"slot\":1,\"pid\":102}");
    screen_await(&stage.screen, "kill worker 102 of pool cpu: Invalid params (-32602): pid: gone");
    assert_null(strstr(stage.screen.raw, "gone\033"));
    stage_quit(&stage);
}

// Keys that nobody has: nothing happens, and nothing breaks.
static void
test_any_keys(struct fixture *fixture)
{
    struct stage stage;
    unsigned chance = 1;

    stage_begin(fixture, &stage, DOCUMENT_FIRST);
    screen_await(&stage.screen, "worker 1/2");
    for (int i = 0; i < 2000; i++) {
        char key[2] = {0};

        chance = chance * 1103515245 + 12345;
        key[0] = (char)(chance >> 16);
        // But for those that quit, and those that the kernel takes.
        if (strchr("q\003\032\034\023\021\026\017\004", key[0]) == NULL)
            screen_type(&stage.screen, key);
        if (i % 100 == 0)
            screen_await(&stage.screen, "1.2"); // takes in what it shows
    }
    screen_type(&stage.screen, "n?");
    screen_await(&stage.screen, "press any key to go back");
    screen_type(&stage.screen, "x");
    stage_quit(&stage);
}

// ---- the daemon goes -------------------------------------------------------------------------

static void
test_the_daemon_goes_and_comes_back(struct fixture *fixture)
{
    struct stage stage;

    stage_begin(fixture, &stage, DOCUMENT_FIRST);
    stage_await_drawn(&stage);
    pretender_leave(stage.pretender);
    screen_await(&stage.screen, "trying again: unix:");
    screen_await(&stage.screen, " 101 "); // the last figures stay
    screen_type(&stage.screen, "p");
    screen_await_row(&stage.screen, 23, "pause pool cpu: Transport endpoint is not connected");
    screen_type(&stage.screen, SCREEN_DOWN);
    screen_await(&stage.screen, "worker 2/2");
    pretender_return(stage.pretender);
    pretender_set_status(stage.pretender, DOCUMENT_SECOND);
    screen_await(&stage.screen, "up 1m42s");
    screen_await_none(&stage.screen, "trying again");
    pretender_leave(stage.pretender);
    screen_await(&stage.screen, "trying again");
    stage_quit(&stage); // also while it is away
}

static void
test_a_daemon_that_says_nothing(struct fixture *fixture)
{
    struct stage stage;

    stage_begin(fixture, &stage, DOCUMENT_FIRST);
    stage_await_drawn(&stage);
    pretender_set_status(stage.pretender, NULL);
    screen_await(&stage.screen, "no answer from unix:");
    screen_type(&stage.screen, SCREEN_DOWN);
    screen_await(&stage.screen, "worker 2/2");
    stage_quit(&stage);
}

static void
test_no_daemon(struct fixture *fixture)
{
    struct stage stage;

    stage_set(fixture, &stage, DOCUMENT_FIRST);
    pretender_leave(stage.pretender);
    stage_start(&stage, 24, 80, stage_utf8);
    stage_expect_exit(&stage, 69);
    check_contains(stage.screen.raw, "no daemon answers at unix:");
    assert_null(strstr(stage.screen.raw, "\033"));
    stage_end(&stage);
}

HARNESS_MAIN(SCENARIO_MANUAL(test_a_usual_terminal), SCENARIO_MANUAL(test_resizing),
             SCENARIO_MANUAL(test_an_older_daemon), SCENARIO_MANUAL(test_a_hostile_daemon),
             SCENARIO_MANUAL(test_colours), SCENARIO_MANUAL(test_selecting_and_sorting),
             SCENARIO_MANUAL(test_pausing), SCENARIO_MANUAL(test_killing),
             SCENARIO_MANUAL(test_any_keys), SCENARIO_MANUAL(test_the_daemon_goes_and_comes_back),
             SCENARIO_MANUAL(test_a_daemon_that_says_nothing), SCENARIO_MANUAL(test_no_daemon))
