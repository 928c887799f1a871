// The end of a pool that has jobs: it runs what it has and what comes back, has workers for nothing
// else, and has stopped when all is gone. And the beginning: when its first workers are settled.
#include "common/log.h"
#include "pool/pool.h"
#include "pool/reap.h"
#include "tests/unit/loop.h"
#include "tests/unit/pool/script_worker.h"
#include "tests/unit/temporary.h"

#include <signal.h>
#include <sys/wait.h>

struct fixture {
    struct loop loop;
    struct temporary temporary;
    struct reaper *reaper;
    char path[128];
    char *words[3];
    char *methods[2];
    struct pool_config config;
    struct pool *pool;
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
        pool_resubmit(fixture->pool, job);
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

    assert_ptr_equal(pool, fixture->pool);
    fixture->settled++;
}

static void
stopped_cb(void *context, struct pool *pool)
{
    struct fixture *fixture = context;

    assert_ptr_equal(pool, fixture->pool);
    fixture->stopped++;
}

static const struct pool_callbacks callbacks = {
    .finished = finished_cb, .started = started_cb, .settled = settled_cb, .stopped = stopped_cb};

static void
fixture_prepare(struct fixture *fixture, unsigned processes)
{
    memset(fixture, 0, sizeof(*fixture));
    loop_open(&fixture->loop);
    temporary_open(&fixture->temporary);
    strcpy(fixture->path, temporary_write(&fixture->temporary, "worker", SCRIPT_WORKER, 0755));
    fixture->words[0] = fixture->path;
    fixture->reaper = reaper_new(fixture->loop.base);
    fixture->config = (struct pool_config){.name = (char *)"test",
                                           .kind = POOL_PROGRAM,
                                           .argv = fixture->words,
                                           .processes = processes,
                                           .processes_min = processes,
                                           .kill_delay_us = 5000000,
                                           .crash_limit = 3,
                                           .threads = 1};
}

static void
fixture_start(struct fixture *fixture)
{
    struct pool_settings settings = {.base = fixture->loop.base,
                                     .turn = fixture->loop.turn,
                                     .reaper = fixture->reaper,
                                     .config = &fixture->config,
                                     .line_max = SCRIPT_LINE_MAX,
                                     .depth_max = 16};

    fixture->pool = pool_new(&settings, &callbacks, fixture);
    assert_non_null(fixture->pool);
}

static void
fixture_open(struct fixture *fixture, unsigned processes)
{
    fixture_prepare(fixture, processes);
    fixture_start(fixture);
    LOOP_UNTIL(&fixture->loop, fixture->settled);
}

// It must have stopped by itself.
static void
fixture_close(struct fixture *fixture)
{
    LOOP_UNTIL(&fixture->loop, fixture->stopped);
    loop_settle(&fixture->loop);
    assert_int_equal(fixture->stopped, 1);
    turn_free(fixture->loop.turn);
    fixture->loop.turn = turn_new(fixture->loop.base);
    pool_free(fixture->pool);
    reaper_free(fixture->reaper);
    temporary_close(&fixture->temporary);
    loop_close(&fixture->loop);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static struct job *
submit(struct fixture *fixture, const char *method)
{
    struct job *job = job_new(SPAN("[]"), NULL, NULL);

    job->method = span_of(method);
    pool_submit(fixture->pool, job);
    return job;
}

static struct pool_report
report_of(const struct fixture *fixture)
{
    struct pool_report report;

    pool_report(fixture->pool, &report);
    return report;
}

static unsigned
workers(const struct fixture *fixture)
{
    unsigned count = 0;

    for (unsigned i = 0; i < fixture->config.processes; i++)
        count += pool_worker(fixture->pool, i) != NULL;
    return count;
}

static void
open_gate(struct fixture *fixture)
{
    temporary_write(&fixture->temporary, "gate", "", 0644);
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
    LOOP_UNTIL(&fixture.loop, fixture.lost == 1 && fixture.succeeded == 1);
    LOOP_UNTIL(&fixture.loop, workers(&fixture) == 3);
    assert_int_equal(fixture.settled, 1);
    pool_wind_down(fixture.pool);
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
    fixture.config.processes_min = 2;
    unlink(fixture.path);
    fixture_start(&fixture);
    assert_int_equal(report_of(&fixture).workers_settled, 0);
    LOOP_UNTIL(&fixture.loop, fixture.settled);
    assert_int_equal(report_of(&fixture).workers_wanted, 2);
    LOOP_UNTIL(&fixture.loop, span_present(report_of(&fixture).start_error));
    pool_wind_down(fixture.pool);
    fixture_close(&fixture);
}

// A pool of commands has no first workers.
static void
test_nothing_to_settle(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_prepare(&fixture, 2);
    fixture.config.kind = POOL_COMMAND;
    fixture.config.argv = NULL;
    fixture.words[0] = (char *)"/bin/true";
    fixture.config.command = fixture.words;
    fixture.methods[0] = (char *)"run";
    fixture.config.methods = fixture.methods;
    fixture_start(&fixture);
    assert_int_equal(report_of(&fixture).workers_wanted, 0);
    for (int i = 0; i < 5; i++)
        submit(&fixture, "run");
    assert_int_equal(report_of(&fixture).queued, 3);
    pool_wind_down(fixture.pool);
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
    assert_false(pool_is_winding_down(fixture.pool));
    pool_wind_down(fixture.pool);
    assert_true(pool_is_winding_down(fixture.pool));
    assert_false(pool_has_room(fixture.pool));
    fixture_close(&fixture);
}

static void
test_before_the_first_turn(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_prepare(&fixture, 2);
    fixture_start(&fixture);
    pool_wind_down(fixture.pool);
    fixture_close(&fixture);
}

// A worker that is not ready, and maybe never will be, is not waited for.
static void
test_starting(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_prepare(&fixture, 1);
    fixture.config.wait_ready = true; // the script never says worker.ready by itself
    fixture_start(&fixture);
    LOOP_UNTIL(&fixture.loop, workers(&fixture) == 1);
    pool_wind_down(fixture.pool);
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
    LOOP_UNTIL(&fixture.loop, report_of(&fixture).running == 2);
    pool_wind_down(fixture.pool);
    loop_settle(&fixture.loop);
    assert_int_equal(report_of(&fixture).running + report_of(&fixture).queued, 22);
    assert_int_equal(workers(&fixture), 2);
    open_gate(&fixture);
    LOOP_UNTIL(&fixture.loop, fixture.stopped);
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
    LOOP_UNTIL(&fixture.loop, report_of(&fixture).running == 1);
    pool_wind_down(fixture.pool);
    LOOP_UNTIL(&fixture.loop, workers(&fixture) == 1);
    assert_int_equal(report_of(&fixture).running, 1);
    assert_int_equal(fixture.stopped, 0);
    open_gate(&fixture);
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
    LOOP_UNTIL(&fixture.loop, report_of(&fixture).running == 2);
    pool_wind_down(fixture.pool);
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
    LOOP_UNTIL(&fixture.loop, report_of(&fixture).running == 1);
    pool_wind_down(fixture.pool);
    for (int i = 1; i >= 0; i--) {
        pool_cancel(fixture.pool, jobs[i]);
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
    LOOP_UNTIL(&fixture.loop, report_of(&fixture).running == 1);
    pool_wind_down(fixture.pool);
    pool_cancel(fixture.pool, job);
    job_free(job);
    pool_stop(fixture.pool);
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
