// Worker: answers, starting, stopping, and jobs that nobody waits for any more.
#include "tests/unit/pool/worker_fixture.h"

// ---- answers ---------------------------------------------------------------------------------

static void
test_answers(void **state)
{
    struct fixture fixture;
    char expected[64];
    struct worker_report report;

    (void)state;
    fixture_open(&fixture, 1);
    worker_report(fixture.worker, &report);
    run(&fixture, 0, "answer");
    assert_false(worker_has_room(fixture.worker));
    snprintf(expected, sizeof(expected), "[5,%d]", (int)report.pid);
    await(&fixture, 0, JOB_SUCCEEDED, expected);
    run(&fixture, 1, "fail");
    await(&fixture, 1, JOB_FAILED, "{\"code\":5,\"message\":\"no\",\"data\":[1e400]}");
    run_with(&fixture, 2, "echo", SPAN("[1e400,-0,{\"a\":0.10}]"));
    await(&fixture, 2, JOB_SUCCEEDED, "\"params\":[1e400,-0,{\"a\":0.10}]}");
    assert_int_equal(fixture.room, 3);
    worker_report(fixture.worker, &report);
    assert_int_equal(report.jobs_done, 3);
    assert_int_equal(report.running, 0);
    assert_int_equal(report.state, WORKER_READY);
    fixture_close(&fixture);
}

static void
test_several_at_once(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 3);
    run(&fixture, 0, "silent");
    run(&fixture, 1, "answer");
    run(&fixture, 2, "silent");
    assert_false(worker_has_room(fixture.worker));
    await(&fixture, 1, JOB_SUCCEEDED, "[5,");
    run(&fixture, 3, "progress"); // a notification disturbs nobody
    await(&fixture, 3, JOB_SUCCEEDED, "[5,");
    assert_false(fixture.results[0].there || fixture.results[2].there);
    fixture_close(&fixture);
}

// ---- starting --------------------------------------------------------------------------------

static void
expect_no_start(struct fixture *fixture)
{
    LOOP_UNTIL(&fixture->loop, fixture->gone);
    loop_settle(&fixture->loop);
    assert_int_equal(fixture->gone, 1);
    assert_int_equal(fixture->ready, 0);
    assert_int_equal(fixture->death.cause, DEATH_START);
    assert_int_equal(fixture->death.start.error, ENOENT);
    fixture_close(fixture);
}

static void
test_missing_program(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_prepare(&fixture, 1);
    unlink(fixture.path);
    fixture_start(&fixture);
    expect_no_start(&fixture);
}

// The exit is known before anybody has read the reason.
static void
test_missing_program_reaped_first(void **state)
{
    struct worker_report report;
    struct fixture fixture;
    siginfo_t info;

    (void)state;
    fixture_prepare(&fixture, 1);
    unlink(fixture.path);
    fixture_start(&fixture);
    worker_report(fixture.worker, &report);
    assert_int_equal(waitid(P_PID, (id_t)report.pid, &info, WEXITED | WNOWAIT), 0);
    reaper_collect(fixture.reaper);
    expect_no_start(&fixture);
}

// ---- stopping and abandoning -----------------------------------------------------------------

static void
test_stop(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 1);
    worker_stop(fixture.worker, LOOP_PATIENCE_US);
    worker_stop(fixture.worker, LOOP_PATIENCE_US);
    assert_false(worker_has_room(fixture.worker));
    expect_end(&fixture, "exited with status 0");
    fixture_close(&fixture);
}

static void
test_stop_while_starting(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_prepare(&fixture, 1);
    fixture_start(&fixture);
    worker_stop(fixture.worker, LOOP_PATIENCE_US);
    expect_end(&fixture, "exited with status 0");
    assert_int_equal(fixture.ready, 0);
    fixture_close(&fixture);
}

static void
test_stop_is_not_waited_for_without_end(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 1);
    run(&fixture, 0, "hang");
    loop_turn(&fixture.loop); // it is in the pipe
    worker_stop(fixture.worker, 50000);
    await(&fixture, 0, JOB_LOST, "\"signal\":\"SIGKILL\"");
    expect_end(&fixture, "killed by SIGKILL");
    fixture_close(&fixture);
}

static void
abandon(struct fixture *fixture, int index, bool expect_kill)
{
    assert_int_equal(worker_abandon(fixture->worker, fixture->jobs[index], false), expect_kill);
    job_free(fixture->jobs[index]);
    fixture->jobs[index] = NULL;
}

static void
test_abandon_the_only_job(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 2);
    run(&fixture, 0, "hang");
    abandon(&fixture, 0, true);
    assert_false(worker_has_room(fixture.worker));
    expect_end(&fixture, "killed by SIGKILL");
    assert_false(fixture.results[0].there);
    fixture_close(&fixture);
}

static void
test_abandon_among_others(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 2);
    run(&fixture, 0, "answer");
    run(&fixture, 1, "answer");
    abandon(&fixture, 0, false);
    await(&fixture, 1, JOB_SUCCEEDED, "[5,");
    LOOP_UNTIL(&fixture.loop, fixture.room == 2); // the dropped answer makes room too
    assert_false(fixture.results[0].there);
    assert_int_equal(fixture.gone, 0);
    fixture_close(&fixture);
}

// One after the other nobody waits for any of them: then the work is really stopped.
static void
test_abandon_the_last_of_several(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 3);
    for (int i = 0; i < 3; i++)
        run(&fixture, i, "silent");
    abandon(&fixture, 1, false);
    abandon(&fixture, 0, false);
    abandon(&fixture, 2, true);
    expect_end(&fixture, "killed by SIGKILL");
    fixture_close(&fixture);
}

// The only one that was waited for gets its answer: what is left is for nobody.
static void
test_only_abandoned_work_is_left(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 2);
    run(&fixture, 0, "silent");
    run(&fixture, 1, "answer");
    abandon(&fixture, 0, false);
    await(&fixture, 1, JOB_SUCCEEDED, "[5,");
    expect_end(&fixture, "killed by SIGKILL");
    fixture_close(&fixture);
}

static void
test_state_names(void **state)
{
    (void)state;
    assert_string_equal(worker_state_name(WORKER_STARTING), "starting");
    assert_string_equal(worker_state_name(WORKER_READY), "ready");
    assert_string_equal(worker_state_name(WORKER_STOPPING), "stopping");
    assert_string_equal(worker_state_name(WORKER_ENDING), "ending");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_several_at_once),
        cmocka_unit_test(test_missing_program),
        cmocka_unit_test(test_missing_program_reaped_first),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_stop_while_starting),
        cmocka_unit_test(test_stop_is_not_waited_for_without_end),
        cmocka_unit_test(test_abandon_the_only_job),
        cmocka_unit_test(test_abandon_among_others),
        cmocka_unit_test(test_abandon_the_last_of_several),
        cmocka_unit_test(test_only_abandoned_work_is_left),
        cmocka_unit_test(test_state_names),
    };

    signal(SIGPIPE, SIG_IGN);
    alarm(60); // a bound for what waits outside the loop
    log_set_level(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
