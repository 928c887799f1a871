// The end of a pool that has jobs: it runs what it has and what comes back, has workers for nothing
// else, and has stopped when all is gone. And the beginning: when its first workers are settled.
#include "common/log.h"
#include "tests/unit/pool/pool_stage.h"

#include <signal.h>

struct fixture {
    struct pool_stage stage;
    char *command[2];
    char *methods[2];
    int returns; // so many jobs that are lost are run again
    int succeeded;
    int lost;
    int settled;
    int stopped;
};

static void
finished_cb(void *context, struct job *job, const struct outcome *outcome)
{
    struct fixture *fixture = context;

    assert_int_equal(fixture->stopped, 0);
    if (outcome->state == JOB_LOST && fixture->returns > 0) {
        fixture->returns--;
        job_set_state(job, JOB_QUEUED);
        job->method = SPAN("answer");
        pool_resubmit(fixture->stage.pool, job);
        return;
    }
    fixture->succeeded += outcome->state == JOB_SUCCEEDED;
    fixture->lost += outcome->state == JOB_LOST;
    job_free(job);
}

static void
started_cb(void *context, struct job *job)
{
    (void)context;
    (void)job;
}

static void
settled_cb(void *context, struct pool *pool)
{
    struct fixture *fixture = context;

    assert_ptr_equal(pool, fixture->stage.pool);
    fixture->settled++;
}

static void
stopped_cb(void *context, struct pool *pool)
{
    struct fixture *fixture = context;

    assert_ptr_equal(pool, fixture->stage.pool);
    fixture->stopped++;
}

static const struct pool_callbacks callbacks = {
    .finished = finished_cb, .started = started_cb, .settled = settled_cb, .stopped = stopped_cb};

static void
fixture_prepare(struct fixture *fixture, unsigned processes)
{
    memset(fixture, 0, sizeof(*fixture));
    stage_prepare(&fixture->stage, processes, 1);
    fixture->stage.config.kill_delay_us = 5000000;
    fixture->stage.config.crash_limit = 3;
}

static void
fixture_start(struct fixture *fixture)
{
    stage_start(&fixture->stage, &callbacks, fixture);
}

static void
fixture_open(struct fixture *fixture, unsigned processes)
{
    fixture_prepare(fixture, processes);
    fixture_start(fixture);
    LOOP_UNTIL(&fixture->stage.loop, fixture->settled);
}

// It must have stopped by itself.
static void
fixture_close(struct fixture *fixture)
{
    stage_close(&fixture->stage, &fixture->stopped);
}

static struct job *
submit(struct fixture *fixture, const char *method)
{
    struct job *job = stage_job(method, NULL);

    pool_submit(fixture->stage.pool, job);
    return job;
}

static struct pool_report
report_of(const struct fixture *fixture)
{
    return stage_report(&fixture->stage);
}

static unsigned
workers(const struct fixture *fixture)
{
    unsigned count = 0;

    for (unsigned i = 0; i < fixture->stage.config.processes; i++)
        count += pool_worker(fixture->stage.pool, i) != NULL;
    return count;
}

// ---- settled ----------------------------------------------------------------------------------

static void
test_settled_when_ready(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 3);
    assert_int_equal(report_of(&fixture).workers_wanted, 3);
    assert_int_equal(report_of(&fixture).workers_settled, 3);
    submit(&fixture, "kill"); // another worker for that place changes nothing
    submit(&fixture, "answer");
    LOOP_UNTIL(&fixture.stage.loop, fixture.lost == 1 && fixture.succeeded == 1);
    LOOP_UNTIL(&fixture.stage.loop, workers(&fixture) == 3);
    assert_int_equal(fixture.settled, 1);
    pool_wind_down(fixture.stage.pool);
    fixture_close(&fixture);
    assert_int_equal(fixture.settled, 1);
}

// Those above the minimum are not waited for.
static void
test_settled_when_failed(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_prepare(&fixture, 4);
    fixture.stage.config.processes_min = 2;
    unlink(fixture.stage.path);
    fixture_start(&fixture);
    assert_int_equal(report_of(&fixture).workers_settled, 0);
    LOOP_UNTIL(&fixture.stage.loop, fixture.settled);
    assert_int_equal(report_of(&fixture).workers_wanted, 2);
    LOOP_UNTIL(&fixture.stage.loop, span_present(report_of(&fixture).start_error));
    pool_wind_down(fixture.stage.pool);
    fixture_close(&fixture);
}

// A pool of commands has no first workers.
static void
test_nothing_to_settle(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_prepare(&fixture, 2);
    fixture.stage.config.kind = POOL_COMMAND;
    fixture.stage.config.argv = NULL;
    fixture.command[0] = (char *)"/bin/true";
    fixture.stage.config.command = fixture.command;
    fixture.methods[0] = (char *)"run";
    fixture.stage.config.methods = fixture.methods;
    fixture_start(&fixture);
    assert_int_equal(report_of(&fixture).workers_wanted, 0);
    for (int i = 0; i < 5; i++)
        submit(&fixture, "run");
    assert_int_equal(report_of(&fixture).queued, 3);
    pool_wind_down(fixture.stage.pool);
    assert_int_equal(fixture.stopped, 0);
    fixture_close(&fixture);
    assert_int_equal(fixture.succeeded, 5);
}

// ---- the end ----------------------------------------------------------------------------------

static void
test_idle(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 2);
    assert_false(pool_is_winding_down(fixture.stage.pool));
    pool_wind_down(fixture.stage.pool);
    assert_true(pool_is_winding_down(fixture.stage.pool));
    assert_false(pool_has_room(fixture.stage.pool));
    fixture_close(&fixture);
}

static void
test_before_the_first_turn(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_prepare(&fixture, 2);
    fixture_start(&fixture);
    pool_wind_down(fixture.stage.pool);
    fixture_close(&fixture);
}

// A worker that is not ready, and maybe never will be, is not waited for.
static void
test_starting(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_prepare(&fixture, 1);
    fixture.stage.config.wait_ready = true; // the script never says worker.ready by itself
    fixture_start(&fixture);
    LOOP_UNTIL(&fixture.stage.loop, workers(&fixture) == 1);
    pool_wind_down(fixture.stage.pool);
    fixture_close(&fixture);
    assert_int_equal(fixture.settled, 1);
}

// What runs and what waits is run by the workers that are there; idle ones go at once.
static void
test_jobs_are_run(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 2);
    submit(&fixture, "gate");
    submit(&fixture, "gate");
    for (int i = 0; i < 20; i++)
        submit(&fixture, "answer");
    LOOP_UNTIL(&fixture.stage.loop, report_of(&fixture).running == 2);
    pool_wind_down(fixture.stage.pool);
    loop_settle(&fixture.stage.loop);
    assert_int_equal(report_of(&fixture).running + report_of(&fixture).queued, 22);
    assert_int_equal(workers(&fixture), 2);
    stage_open_gate(&fixture.stage);
    LOOP_UNTIL(&fixture.stage.loop, fixture.stopped);
    assert_int_equal(report_of(&fixture).restarts, 0);
    fixture_close(&fixture);
    assert_int_equal(fixture.succeeded, 22);
}

static void
test_idle_ones_go_first(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 3);
    submit(&fixture, "gate");
    LOOP_UNTIL(&fixture.stage.loop, report_of(&fixture).running == 1);
    pool_wind_down(fixture.stage.pool);
    LOOP_UNTIL(&fixture.stage.loop, workers(&fixture) == 1);
    assert_int_equal(report_of(&fixture).running, 1);
    assert_int_equal(fixture.stopped, 0);
    stage_open_gate(&fixture.stage);
    fixture_close(&fixture);
    assert_int_equal(fixture.succeeded, 1);
}

// Its worker dies, it comes back: there is a worker once more.
static void
test_a_job_comes_back(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 2);
    fixture.returns = 2;
    submit(&fixture, "kill");
    submit(&fixture, "kill");
    LOOP_UNTIL(&fixture.stage.loop, report_of(&fixture).running == 2);
    pool_wind_down(fixture.stage.pool);
    fixture_close(&fixture);
    assert_int_equal(fixture.succeeded, 2);
    assert_int_equal(fixture.lost, 0);
}

// Nobody wants the last job any more, wherever it is.
static void
test_cancelled(void **state)
{
    struct fixture fixture;
    struct job *jobs[2];

    (void)state;
    fixture_open(&fixture, 1);
    jobs[0] = submit(&fixture, "hang");
    jobs[1] = submit(&fixture, "answer");
    LOOP_UNTIL(&fixture.stage.loop, report_of(&fixture).running == 1);
    pool_wind_down(fixture.stage.pool);
    for (int i = 1; i >= 0; i--) {
        pool_cancel(fixture.stage.pool, jobs[i]);
        job_free(jobs[i]);
    }
    fixture_close(&fixture);
    assert_int_equal(fixture.succeeded, 0);
}

// It is stopped all the same if there is no time for that.
static void
test_stopped_meanwhile(void **state)
{
    struct fixture fixture;
    struct job *job;

    (void)state;
    fixture_open(&fixture, 2);
    job = submit(&fixture, "hang");
    LOOP_UNTIL(&fixture.stage.loop, report_of(&fixture).running == 1);
    pool_wind_down(fixture.stage.pool);
    pool_cancel(fixture.stage.pool, job);
    job_free(job);
    pool_stop(fixture.stage.pool);
    fixture_close(&fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settled_when_ready),    cmocka_unit_test(test_settled_when_failed),
        cmocka_unit_test(test_nothing_to_settle),     cmocka_unit_test(test_idle),
        cmocka_unit_test(test_before_the_first_turn), cmocka_unit_test(test_starting),
        cmocka_unit_test(test_jobs_are_run),          cmocka_unit_test(test_idle_ones_go_first),
        cmocka_unit_test(test_a_job_comes_back),      cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_stopped_meanwhile),
    };

    signal(SIGPIPE, SIG_IGN);
    log_set_level((enum log_level)0); // workers that die are the rule here
    return cmocka_run_group_tests(tests, NULL, NULL);
}
