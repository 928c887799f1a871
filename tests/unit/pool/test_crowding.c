// Tiny jobs stay with as many workers as there are cores, and the others sleep on; but none waits
// behind a job that takes longer. How long a job runs is what the test says: it sets back when it
// began.
#include "common/log.h"
#include "tests/unit/pool/pool_stage.h"

#include <signal.h>

#define WORKERS 4
#define AN_HOUR INT64_C(3600000000)

struct fixture {
    struct pool_stage stage;
    int64_t ago_us; // each job began so long ago when it begins
    int finished;
    int returned;
    int stopped;
};

static void
finished_cb(void *context, struct job *job, const struct outcome *outcome)
{
    struct fixture *fixture = context;

    assert_int_equal(outcome->state, JOB_SUCCEEDED);
    fixture->finished++;
    job_free(job);
}

static void
started_cb(void *context, struct job *job)
{
    const struct fixture *fixture = context;

    job->started_us -= fixture->ago_us;
}

static void
returned_cb(void *context, struct job *job)
{
    struct fixture *fixture = context;

    fixture->returned++;
    job->method = SPAN("gate");
    pool_resubmit(fixture->stage.pool, job);
}

static void
stopped_cb(void *context, struct pool *pool)
{
    struct fixture *fixture = context;

    assert_ptr_equal(pool, fixture->stage.pool);
    fixture->stopped++;
}

static const struct pool_callbacks callbacks = {
    .finished = finished_cb, .started = started_cb, .returned = returned_cb, .stopped = stopped_cb};

static void
submit(struct fixture *fixture, const char *method)
{
    pool_submit(fixture->stage.pool, stage_job(method, NULL));
}

static void
submit_many(struct fixture *fixture, int jobs, const char *method)
{
    for (int i = 0; i < jobs; i++)
        submit(fixture, method);
}

// Every worker has offered to keep jobs in its pipe, which tells also how long jobs run: `run_us`.
static void
fixture_open(struct fixture *fixture, unsigned cores, int64_t run_us)
{
    memset(fixture, 0, sizeof(*fixture));
    stage_prepare(&fixture->stage, WORKERS, 1);
    fixture->stage.config.prefetch = 100;
    fixture->stage.settings.cores = cores;
    stage_start(&fixture->stage, &callbacks, fixture);
    LOOP_UNTIL(&fixture->stage.loop, stage_ready_workers(&fixture->stage) == WORKERS);
    fixture->ago_us = run_us > 0 ? run_us : -AN_HOUR; // none runs for less than nothing
    submit_many(fixture, WORKERS, "offer"); // it is not known yet: each goes to an idle one
    LOOP_UNTIL(&fixture->stage.loop, fixture->finished == WORKERS);
    fixture->finished = 0;
    fixture->ago_us = -AN_HOUR;
}

static void
fixture_close(struct fixture *fixture)
{
    struct job *job;

    while ((job = pool_any_queued(fixture->stage.pool)) != NULL ||
           (job = pool_any_running(fixture->stage.pool)) != NULL) {
        pool_cancel(fixture->stage.pool, job);
        job_free(job);
    }
    pool_stop(fixture->stage.pool);
    stage_close(&fixture->stage, &fixture->stopped);
}

// Workers with so many jobs, the one that runs included.
static unsigned
workers_with(const struct fixture *fixture, unsigned jobs)
{
    unsigned count = 0;

    for (unsigned i = 0; i < WORKERS; i++) {
        struct worker_report report = stage_worker(&fixture->stage, i);

        count += report.running + report.waiting == jobs;
    }
    return count;
}

static void
open_gate(struct fixture *fixture, int jobs)
{
    stage_open_gate(&fixture->stage);
    LOOP_UNTIL(&fixture->stage.loop, fixture->finished == jobs);
}

static void
test_one_core(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 1, 0);
    submit_many(&fixture, 6, "gate");
    assert_int_equal(workers_with(&fixture, 6), 1);
    assert_int_equal(workers_with(&fixture, 0), 3);
    open_gate(&fixture, 6);
    fixture_close(&fixture);
}

// As many as there are cores work, and have the same share.
static void
test_two_cores(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 2, 0);
    submit_many(&fixture, 8, "gate");
    assert_int_equal(workers_with(&fixture, 4), 2);
    assert_int_equal(workers_with(&fixture, 0), 2);
    open_gate(&fixture, 8);
    fixture_close(&fixture);
}

// What takes longer than waking somebody goes to whoever is idle.
static void
test_not_tiny(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 1, 500);
    submit_many(&fixture, WORKERS, "gate");
    assert_int_equal(workers_with(&fixture, 1), WORKERS);
    open_gate(&fixture, WORKERS);
    fixture_close(&fixture);
}

static void
test_cores_not_known(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 0, 0);
    submit_many(&fixture, WORKERS, "gate");
    assert_int_equal(workers_with(&fixture, 1), WORKERS);
    open_gate(&fixture, WORKERS);
    fixture_close(&fixture);
}

// Of the same method, but it has run for a millisecond already: the next one goes to another
// worker, and those after it stay with that.
static void
test_never_behind_a_long_one(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 1, 0);
    fixture.ago_us = 1000;
    submit(&fixture, "silent");
    fixture.ago_us = -AN_HOUR;
    submit_many(&fixture, 5, "gate");
    assert_int_equal(workers_with(&fixture, 1), 1);
    assert_int_equal(workers_with(&fixture, 5), 1);
    assert_int_equal(workers_with(&fixture, 0), 2);
    open_gate(&fixture, 5);
    fixture_close(&fixture);
}

// Jobs that a worker gives back, as the one before them takes longer than jobs usually do, do not
// come to it again, though by the clock of this test it runs for no time at all.
static void
test_given_back(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 1, 0);
    submit(&fixture, "silent");
    submit(&fixture, "back");
    assert_int_equal(workers_with(&fixture, 2), 1);
    LOOP_UNTIL(&fixture.stage.loop, fixture.returned);
    assert_int_equal(workers_with(&fixture, 1), 2);
    submit(&fixture, "gate");
    assert_int_equal(workers_with(&fixture, 1), 1);
    assert_int_equal(workers_with(&fixture, 2), 1);
    open_gate(&fixture, 2);
    fixture_close(&fixture);
}

// A full pipe wakes one more.
static void
test_more_than_one_can_keep(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 1, 0);
    submit_many(&fixture, 101 + 50, "gate");
    assert_int_equal(workers_with(&fixture, 101), 1);
    assert_int_equal(workers_with(&fixture, 50), 1);
    assert_int_equal(workers_with(&fixture, 0), 2);
    open_gate(&fixture, 101 + 50);
    fixture_close(&fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_core),
        cmocka_unit_test(test_two_cores),
        cmocka_unit_test(test_not_tiny),
        cmocka_unit_test(test_cores_not_known),
        cmocka_unit_test(test_never_behind_a_long_one),
        cmocka_unit_test(test_given_back),
        cmocka_unit_test(test_more_than_one_can_keep),
    };

    signal(SIGPIPE, SIG_IGN);
    log_set_level(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
