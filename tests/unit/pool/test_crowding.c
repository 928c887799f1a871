// Tiny jobs stay with as many workers as there are cores, and the others sleep on; but none waits
// behind a job that takes longer. How long a job runs is what the test says: it sets back when it
// began.
#include "common/log.h"
#include "pool/pool.h"
#include "pool/reap.h"
#include "tests/unit/loop.h"
#include "tests/unit/pool/script_worker.h"
#include "tests/unit/temporary.h"

#include <signal.h>
#include <sys/wait.h>

#define WORKERS 4
#define AN_HOUR INT64_C(3600000000)

struct fixture {
    struct loop loop;
    struct temporary temporary;
    struct reaper *reaper;
    char path[128];
    char *argv[2];
    struct pool_config config;
    struct pool *pool;
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
    pool_resubmit(fixture->pool, job);
}

static void
stopped_cb(void *context, struct pool *pool)
{
    struct fixture *fixture = context;

    assert_ptr_equal(pool, fixture->pool);
    fixture->stopped++;
}

static const struct pool_callbacks callbacks = {
    .finished = finished_cb, .started = started_cb, .returned = returned_cb, .stopped = stopped_cb};

static struct worker_report
worker_at(const struct fixture *fixture, unsigned place)
{
    struct worker_report report = {.state = WORKER_STARTING};

    if (pool_worker(fixture->pool, place) != NULL)
        worker_report(pool_worker(fixture->pool, place), &report);
    return report;
}

static unsigned
ready_workers(const struct fixture *fixture)
{
    unsigned count = 0;

    for (unsigned i = 0; i < WORKERS; i++)
        count += worker_at(fixture, i).state == WORKER_READY;
    return count;
}

static void
submit(struct fixture *fixture, const char *method)
{
    struct job *job = job_new((struct span){0}, NULL, NULL);

    job->method = span_of(method);
    pool_submit(fixture->pool, job);
}

// Every worker has offered to keep jobs in its pipe, which tells also how long jobs run: `run_us`.
static void
fixture_open(struct fixture *fixture, unsigned cores, int64_t run_us)
{
    struct pool_settings settings;

    memset(fixture, 0, sizeof(*fixture));
    loop_open(&fixture->loop);
    temporary_open(&fixture->temporary);
    strcpy(fixture->path, temporary_write(&fixture->temporary, "worker", SCRIPT_WORKER, 0755));
    fixture->argv[0] = fixture->path;
    fixture->reaper = reaper_new(fixture->loop.base);
    fixture->config = (struct pool_config){.name = (char *)"test",
                                           .kind = POOL_PROGRAM,
                                           .argv = fixture->argv,
                                           .processes = WORKERS,
                                           .processes_min = WORKERS,
                                           .threads = 1,
                                           .prefetch = 100};
    settings = (struct pool_settings){.base = fixture->loop.base,
                                      .turn = fixture->loop.turn,
                                      .reaper = fixture->reaper,
                                      .config = &fixture->config,
                                      .cores = cores,
                                      .line_max = SCRIPT_LINE_MAX,
                                      .depth_max = 16};
    fixture->pool = pool_new(&settings, &callbacks, fixture);
    assert_non_null(fixture->pool);
    LOOP_UNTIL(&fixture->loop, ready_workers(fixture) == WORKERS);
    fixture->ago_us = run_us > 0 ? run_us : -AN_HOUR; // none runs for less than nothing
    for (int i = 0; i < WORKERS; i++)
        submit(fixture, "offer"); // of a method that is not known: each goes to an idle one
    LOOP_UNTIL(&fixture->loop, fixture->finished == WORKERS);
    fixture->finished = 0;
    fixture->ago_us = -AN_HOUR;
}

static void
fixture_close(struct fixture *fixture)
{
    struct job *job;

    while ((job = pool_any_queued(fixture->pool)) != NULL ||
           (job = pool_any_running(fixture->pool)) != NULL) {
        pool_cancel(fixture->pool, job);
        job_free(job);
    }
    pool_stop(fixture->pool);
    LOOP_UNTIL(&fixture->loop, fixture->stopped);
    loop_settle(&fixture->loop);
    turn_free(fixture->loop.turn);
    fixture->loop.turn = turn_new(fixture->loop.base);
    pool_free(fixture->pool);
    reaper_free(fixture->reaper);
    temporary_close(&fixture->temporary);
    loop_close(&fixture->loop);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); // no child is left
}

// Workers with so many jobs, the one that runs included.
static unsigned
workers_with(const struct fixture *fixture, unsigned jobs)
{
    unsigned count = 0;

    for (unsigned i = 0; i < WORKERS; i++) {
        struct worker_report report = worker_at(fixture, i);

        count += report.running + report.waiting == jobs;
    }
    return count;
}

static void
open_gate(struct fixture *fixture, int jobs)
{
    temporary_write(&fixture->temporary, "gate", "", 0600);
    LOOP_UNTIL(&fixture->loop, fixture->finished == jobs);
}

static void
test_one_core(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 1, 0);
    for (int i = 0; i < 6; i++)
        submit(&fixture, "gate");
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
    for (int i = 0; i < 8; i++)
        submit(&fixture, "gate");
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
    for (int i = 0; i < WORKERS; i++)
        submit(&fixture, "gate");
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
    for (int i = 0; i < WORKERS; i++)
        submit(&fixture, "gate");
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
    for (int i = 0; i < 5; i++)
        submit(&fixture, "gate");
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
    LOOP_UNTIL(&fixture.loop, fixture.returned);
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
    for (int i = 0; i < 101 + 50; i++)
        submit(&fixture, "gate");
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
