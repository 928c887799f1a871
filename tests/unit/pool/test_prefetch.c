// Jobs that wait in a worker's pipe: they begin in turn, come back unharmed when the worker says so
// or dies, and are taken ahead only where they do not wait for long.
#include "common/log.h"
#include "tests/unit/pool/worker_fixture.h"

#define AHEAD 3

static void
open_offering(struct fixture *fixture, unsigned slots)
{
    fixture_prepare(fixture, slots);
    fixture->settings.ahead = AHEAD;
    fixture_start(fixture);
    LOOP_UNTIL(&fixture->loop, fixture->ready);
    run(fixture, 0, "offer");
    await(fixture, 0, JOB_SUCCEEDED, "[5,");
    fixture->results[0].there = false;
    fixture->started = 0;
}

static struct worker_report
report(const struct fixture *fixture)
{
    struct worker_report report;

    worker_report(fixture->worker, &report);
    return report;
}

static void
test_no_offer_no_jobs_ahead(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_prepare(&fixture, 1);
    fixture.settings.ahead = AHEAD;
    fixture_start(&fixture);
    LOOP_UNTIL(&fixture.loop, fixture.ready);
    run(&fixture, 0, "silent");
    assert_false(worker_can_prefetch(fixture.worker, 1));
    fixture_close(&fixture);
}

// They begin one after the other, each when the one before it has its answer.
static void
test_begin_in_turn(void **state)
{
    struct fixture fixture;
    struct job *last;

    (void)state;
    open_offering(&fixture, 1);
    for (int i = 0; i < 3; i++)
        run(&fixture, i, "answer");
    last = run(&fixture, 3, "echo");
    assert_int_equal(fixture.started, 1);
    assert_int_equal(report(&fixture).running, 1);
    assert_int_equal(report(&fixture).waiting, 3);
    assert_int_equal(last->attempts, 0);
    assert_int_equal(last->state, JOB_QUEUED);
    for (int i = 0; i < 4; i++)
        await(&fixture, i, JOB_SUCCEEDED, "");
    assert_int_equal(fixture.started, 4);
    assert_int_equal(fixture.returned_count, 0);
    fixture_close(&fixture);
}

// By cost: many tiny ones, but only one that is a little longer, and none behind a long one.
static void
test_only_what_is_short(void **state)
{
    struct fixture fixture;

    (void)state;
    open_offering(&fixture, 1);
    run(&fixture, 0, "silent"); // JOB_COST_US
    assert_true(worker_can_prefetch(fixture.worker, 10));
    assert_true(worker_can_prefetch(fixture.worker, 1900));
    assert_false(worker_can_prefetch(fixture.worker, 2100));
    run(&fixture, 1, "silent");
    assert_true(worker_can_prefetch(fixture.worker, 900));
    assert_false(worker_can_prefetch(fixture.worker, 1000));
    run(&fixture, 2, "silent");
    run(&fixture, 3, "silent"); // as many as may wait
    assert_false(worker_can_prefetch(fixture.worker, 1));
    fixture_close(&fixture);
}

static void
test_none_behind_a_long_one(void **state)
{
    struct fixture fixture;
    struct job *job;

    (void)state;
    open_offering(&fixture, 1);
    job = job_new((struct span){0}, NULL, &fixture.results[0]);
    job->method = SPAN("silent");
    fixture.jobs[0] = job;
    assert_int_equal(worker_run(fixture.worker, job, 5000), 0);
    assert_false(worker_can_prefetch(fixture.worker, 1));
    fixture_close(&fixture);
}

// The last comes first, so that each can go to the front of a queue.
static void
test_given_back(void **state)
{
    struct fixture fixture;

    (void)state;
    open_offering(&fixture, 1);
    run(&fixture, 0, "silent");
    run(&fixture, 1, "back");
    LOOP_UNTIL(&fixture.loop, fixture.returned_count == 1);
    assert_int_equal(fixture.returned[0], 1);
    assert_int_equal(fixture.started, 1);
    assert_int_equal(report(&fixture).running, 1);
    assert_int_equal(report(&fixture).waiting, 0);
    assert_false(worker_can_prefetch(fixture.worker, 1)); // held up, until it answers
    fixture_close(&fixture);
}

// Then it does not keep its promises, and the other one in the same line is not given back either.
static void
test_a_job_given_back_that_it_does_not_have(void **state)
{
    struct fixture fixture;

    (void)state;
    open_offering(&fixture, 1);
    run(&fixture, 0, "misback");
    expect_end(&fixture, "broke the protocol: it returned a job that it does not have");
    await(&fixture, 0, JOB_LOST, "-32012");
    assert_int_equal(fixture.returned_count, 0);
    fixture_close(&fixture);
}

static void
test_giving_back_nothing(void **state)
{
    struct fixture fixture;

    (void)state;
    open_offering(&fixture, 1);
    run(&fixture, 0, "noback");
    expect_end(&fixture, "broke the protocol: a worker.return without an array \"ids\"");
    await(&fixture, 0, JOB_LOST, "-32012");
    fixture_close(&fixture);
}

// What it had not begun with is unharmed; what it may have begun with is lost.
static void
test_death(void **state)
{
    struct fixture fixture;

    (void)state;
    open_offering(&fixture, 1);
    run(&fixture, 0, "answer");
    run(&fixture, 1, "kill");
    run(&fixture, 2, "answer");
    run(&fixture, 3, "answer");
    expect_end(&fixture, "killed by SIGKILL");
    await(&fixture, 0, JOB_SUCCEEDED, "[5,");
    await(&fixture, 1, JOB_LOST, "SIGKILL");
    assert_int_equal(fixture.returned_count, 2);
    assert_int_equal(fixture.returned[0], 3);
    assert_int_equal(fixture.returned[1], 2);
    fixture_close(&fixture);
}

// Cancelled while it waits: the others do not notice.
static void
test_cancelled_while_it_waits(void **state)
{
    struct fixture fixture;
    struct job *job;

    (void)state;
    open_offering(&fixture, 1);
    run(&fixture, 0, "answer");
    job = run(&fixture, 1, "answer");
    run(&fixture, 2, "answer");
    assert_false(worker_abandon(fixture.worker, job, false));
    fixture.jobs[1] = NULL;
    job_free(job);
    await(&fixture, 0, JOB_SUCCEEDED, "");
    await(&fixture, 2, JOB_SUCCEEDED, "");
    assert_false(fixture.results[1].there);
    assert_int_equal(fixture.gone, 0);
    assert_int_equal(fixture.started, 2);
    fixture_close(&fixture);
}

// The one that runs is cancelled: its worker ends as soon as it has given back the others.
static void
test_cancelled_while_others_wait(void **state)
{
    struct fixture fixture;
    struct job *job;

    (void)state;
    open_offering(&fixture, 1);
    job = run(&fixture, 0, "silent");
    run(&fixture, 1, "back");
    assert_false(worker_abandon(fixture.worker, job, false));
    assert_false(worker_can_prefetch(fixture.worker, 1));
    fixture.jobs[0] = NULL;
    job_free(job);
    LOOP_UNTIL(&fixture.loop, fixture.gone);
    assert_int_equal(fixture.returned_count, 1);
    assert_int_equal(fixture.condemned, 1);
    assert_true(fixture.death.deliberate);
    fixture_close(&fixture);
}

// One that does not give back what it said it would is not waited for for ever.
static void
test_a_promise_broken(void **state)
{
    struct fixture fixture;
    struct job *job;

    (void)state;
    fixture_prepare(&fixture, 1);
    fixture.settings.ahead = AHEAD;
    fixture.settings.kill_delay_us = 100000;
    fixture_start(&fixture);
    LOOP_UNTIL(&fixture.loop, fixture.ready);
    run(&fixture, 0, "offer");
    await(&fixture, 0, JOB_SUCCEEDED, "");
    job = run(&fixture, 1, "hang");
    run(&fixture, 2, "answer");
    assert_true(worker_abandon(fixture.worker, job, true));
    fixture.jobs[1] = NULL;
    job_free(job);
    LOOP_UNTIL(&fixture.loop, fixture.gone);
    assert_int_equal(fixture.returned_count, 1);
    assert_int_equal(fixture.returned[0], 2);
    fixture_close(&fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_offer_no_jobs_ahead),
        cmocka_unit_test(test_begin_in_turn),
        cmocka_unit_test(test_only_what_is_short),
        cmocka_unit_test(test_none_behind_a_long_one),
        cmocka_unit_test(test_given_back),
        cmocka_unit_test(test_a_job_given_back_that_it_does_not_have),
        cmocka_unit_test(test_giving_back_nothing),
        cmocka_unit_test(test_death),
        cmocka_unit_test(test_cancelled_while_it_waits),
        cmocka_unit_test(test_cancelled_while_others_wait),
        cmocka_unit_test(test_a_promise_broken),
    };

    signal(SIGPIPE, SIG_IGN);
    log_set_level(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
