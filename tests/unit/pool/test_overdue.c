// Jobs whose time is over before anybody has noticed: they do not start, whichever way they come,
// and whatever else ends because of that.
#include "common/log.h"
#include "tests/unit/pool/pool_stage.h"

#include <signal.h>

struct fixture {
    struct pool_stage stage;
    struct job *victim; // cancelled when a job is found to be too late
    int started;
    int succeeded;
    int overdue;
    int stopped;
};

static void
finished_cb(void *context, struct job *job, const struct outcome *outcome)
{
    struct fixture *fixture = context;

    assert_int_equal(outcome->state, JOB_SUCCEEDED);
    fixture->succeeded++;
    job_free(job);
}

static void
started_cb(void *context, struct job *job)
{
    struct fixture *fixture = context;

    assert_null(job->deadline);
    fixture->started++;
}

static void
overdue_cb(void *context, struct job *job, enum timeout_kind kind)
{
    struct fixture *fixture = context;
    size_t length;

    assert_int_equal(kind, TIMEOUT_QUEUE);
    job->deadline = NULL;
    free(pool_expire(fixture->stage.pool, job, kind, &length));
    job_free(job);
    fixture->overdue++;
    if (fixture->victim == NULL)
        return;
    pool_cancel(fixture->stage.pool, fixture->victim);
    job_free(fixture->victim);
    fixture->victim = NULL;
}

static void
stopped_cb(void *context, struct pool *pool)
{
    struct fixture *fixture = context;

    assert_ptr_equal(pool, fixture->stage.pool);
    fixture->stopped++;
}

static const struct pool_callbacks callbacks = {
    .finished = finished_cb, .started = started_cb, .overdue = overdue_cb, .stopped = stopped_cb};

static void
fixture_open(struct fixture *fixture, unsigned threads)
{
    memset(fixture, 0, sizeof(*fixture));
    stage_prepare(&fixture->stage, 1, threads);
    stage_start(&fixture->stage, &callbacks, fixture);
    LOOP_UNTIL(&fixture->stage.loop, pool_has_room(fixture->stage.pool));
}

static void
fixture_close(struct fixture *fixture)
{
    pool_stop(fixture->stage.pool);
    stage_close(&fixture->stage, &fixture->stopped);
}

static struct job *
submit(struct fixture *fixture, const char *method)
{
    struct job *job = stage_job(method, NULL);

    pool_submit(fixture->stage.pool, job);
    return job;
}

// Its timer has not fired, but its time is over.
static void
be_late(struct job *job)
{
    static char timer; // nobody looks into it here

    job->created_us -= 1000000;
    job->timeouts.us[TIMEOUT_QUEUE] = 1;
    job->deadline = (struct deadline *)(void *)&timer;
}

// Nobody waits and a worker is idle: it is looked at all the same.
static void
test_late_for_an_idle_worker(void **state)
{
    struct fixture fixture;
    struct job *job;

    (void)state;
    fixture_open(&fixture, 1);
    job = stage_job("answer", NULL);
    be_late(job);
    pool_submit(fixture.stage.pool, job);
    assert_int_equal(fixture.overdue, 1);
    assert_int_equal(fixture.started, 0);
    submit(&fixture, "answer");
    LOOP_UNTIL(&fixture.stage.loop, fixture.succeeded == 1);
    assert_int_equal(fixture.overdue, 1);
    fixture_close(&fixture);
}

// A slot is free, but as the next job is too late, the worker that has it is condemned.
static void
test_late_and_the_worker_goes(void **state)
{
    struct fixture fixture;
    struct job *late;

    (void)state;
    fixture_open(&fixture, 2);
    fixture.victim = submit(&fixture, "silent");
    submit(&fixture, "gate");
    assert_int_equal(stage_report(&fixture.stage).running, 2);
    late = submit(&fixture, "answer");
    submit(&fixture, "answer"); // waits behind it
    be_late(late);
    stage_open_gate(&fixture.stage);
    LOOP_UNTIL(&fixture.stage.loop, fixture.succeeded == 2);
    assert_int_equal(fixture.overdue, 1);
    assert_null(fixture.victim);
    assert_int_equal(fixture.started, 3);
    fixture_close(&fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_late_for_an_idle_worker),
        cmocka_unit_test(test_late_and_the_worker_goes),
    };

    signal(SIGPIPE, SIG_IGN);
    log_set_level(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
