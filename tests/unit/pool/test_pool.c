// Pool: real workers, replaced when they die; every job has exactly one outcome, or none once it
// was cancelled. What the scripts do is in script_worker.h.
#include "common/errors.h"
#include "common/limits.h"
#include "common/log.h"
#include "tests/unit/pool/pool_stage.h"

#include <signal.h>

#define JOBS_MAX 400

struct result {
    bool there;
    int order; // of its outcome
    enum job_state state;
    char body[512];
};

struct fixture {
    struct pool_stage stage;
    struct job *jobs[JOBS_MAX];
    struct result results[JOBS_MAX];
    int started;
    int told; // progress that came
    int finished;
    int stopped;
};

static void
finished_cb(void *context, struct job *job, const struct outcome *outcome)
{
    struct fixture *fixture = context;
    struct result *result = job->sink_context;

    assert_false(result->there);
    assert_int_equal(fixture->stopped, 0);
    result->there = true;
    result->order = fixture->finished++;
    result->state = outcome->state;
    snprintf(result->body, sizeof(result->body), "%.*s", (int)outcome->body.length,
             outcome->body.at);
    fixture->jobs[result - fixture->results] = NULL;
    job_free(job);
}

static void
started_cb(void *context, struct job *job)
{
    struct fixture *fixture = context;

    assert_int_equal(job->state, JOB_RUNNING);
    fixture->started++;
}

static void
progress_cb(void *context, struct job *job, struct span value)
{
    struct fixture *fixture = context;
    struct result *result = job->sink_context;

    assert_false(result->there);
    assert_true(span_present(value));
    fixture->told++;
}

static void
stopped_cb(void *context, struct pool *pool)
{
    struct fixture *fixture = context;

    (void)pool;
    fixture->stopped++;
}

static const struct pool_callbacks callbacks = {
    .finished = finished_cb, .started = started_cb, .progress = progress_cb, .stopped = stopped_cb};

static void
fixture_open(struct fixture *fixture, unsigned processes, unsigned threads, bool program)
{
    memset(fixture, 0, sizeof(*fixture));
    stage_prepare(&fixture->stage, processes, threads);
    if (!program)
        unlink(fixture->stage.path);
    stage_start(&fixture->stage, &callbacks, fixture);
}

static void
fixture_close(struct fixture *fixture)
{
    struct job *job;

    while ((job = pool_any_queued(fixture->stage.pool)) != NULL ||
           (job = pool_any_running(fixture->stage.pool)) != NULL) {
        pool_cancel(fixture->stage.pool, job);
        fixture->jobs[(struct result *)job->sink_context - fixture->results] = NULL;
        job_free(job);
    }
    pool_stop(fixture->stage.pool);
    for (int i = 0; i < JOBS_MAX; i++)
        assert_null(fixture->jobs[i]);
    stage_close(&fixture->stage, &fixture->stopped);
}

static void
submit(struct fixture *fixture, int index, const char *method)
{
    fixture->jobs[index] = stage_job(method, &fixture->results[index]);
    pool_submit(fixture->stage.pool, fixture->jobs[index]);
}

static void
cancel(struct fixture *fixture, int index)
{
    pool_cancel(fixture->stage.pool, fixture->jobs[index]);
    job_free(fixture->jobs[index]);
    fixture->jobs[index] = NULL;
}

static void
await(struct fixture *fixture, int index, enum job_state state, const char *part)
{
    struct result *result = &fixture->results[index];

    LOOP_UNTIL(&fixture->stage.loop, result->there);
    assert_int_equal(result->state, state);
    if (strstr(result->body, part) == NULL)
        fail_msg("%s is not in %s", part, result->body);
}

static struct pool_report
report(const struct fixture *fixture)
{
    return stage_report(&fixture->stage);
}

// ---- jobs -------------------------------------------------------------------------------------

// Submitted before any worker runs, by one worker: answered in the order they came.
static void
test_order(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 1, 1, true);
    assert_false(pool_has_room(fixture.stage.pool));
    for (int i = 0; i < 20; i++)
        submit(&fixture, i, "answer");
    assert_int_equal(report(&fixture).queued, 20);
    LOOP_UNTIL(&fixture.stage.loop, fixture.finished == 20);
    for (int i = 0; i < 20; i++) {
        await(&fixture, i, JOB_SUCCEEDED, "[0,");
        assert_int_equal(fixture.results[i].order, i);
    }
    assert_true(pool_has_room(fixture.stage.pool));
    assert_int_equal(report(&fixture).queued + report(&fixture).running, 0);
    assert_true(report(&fixture).run_time.mean_us > 0);
    assert_int_equal(report(&fixture).restarts, 0);
    fixture_close(&fixture);
}

// Each worker of one slot gets one of the jobs that never end.
static void
test_all_workers_are_used(void **state)
{
    struct fixture fixture;
    pid_t pids[3];

    (void)state;
    fixture_open(&fixture, 3, 1, true);
    LOOP_UNTIL(&fixture.stage.loop, stage_ready_workers(&fixture.stage) == 3);
    for (int i = 0; i < 3; i++) {
        assert_true(pool_has_room(fixture.stage.pool));
        submit(&fixture, i, "silent");
    }
    assert_false(pool_has_room(fixture.stage.pool));
    assert_int_equal(report(&fixture).running, 3);
    submit(&fixture, 3, "answer");
    assert_int_equal(report(&fixture).queued, 1);
    for (int i = 0; i < 3; i++) {
        struct worker_report of_worker;

        worker_report(pool_worker(fixture.stage.pool, (unsigned)i), &of_worker);
        assert_int_equal(of_worker.running, 1);
        pids[i] = of_worker.pid;
    }
    assert_true(pids[0] != pids[1] && pids[1] != pids[2] && pids[0] != pids[2]);
    fixture_close(&fixture);
}

static void
test_a_workers_own_error(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 1, 1, true);
    submit(&fixture, 0, "fail");
    await(&fixture, 0, JOB_FAILED, "{\"code\":5,\"message\":\"no\",\"data\":[1e400]}");
    fixture_close(&fixture);
}

// ---- deaths -----------------------------------------------------------------------------------

static void
test_dead_worker_is_replaced(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 1, 2, true);
    submit(&fixture, 0, "silent");
    submit(&fixture, 1, "kill");
    submit(&fixture, 2, "answer"); // waits: it was never in the dead worker's hands
    await(&fixture, 0, JOB_LOST, "\"signal\":\"SIGKILL\"");
    await(&fixture, 1, JOB_LOST, "\"signal\":\"SIGKILL\"");
    await(&fixture, 2, JOB_SUCCEEDED, "[0,");
    assert_int_equal(report(&fixture).restarts, 1);
    fixture_close(&fixture);
}

static void
test_breach(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 1, 1, true);
    submit(&fixture, 0, "garbage");
    submit(&fixture, 1, "answer");
    await(&fixture, 0, JOB_LOST, "\"code\":-32012");
    await(&fixture, 1, JOB_SUCCEEDED, "[0,");
    fixture_close(&fixture);
}

// Workers killed from outside again and again: every job has one outcome, right or "SIGKILL", and
// the pool is whole afterwards.
static void
test_killing_at_random(void **state)
{
    struct fixture fixture;
    int lost = 0;

    (void)state;
    srand(7);
    fixture_open(&fixture, 4, 2, true);
    for (int i = 0; i < JOBS_MAX; i++)
        submit(&fixture, i, i % 40 == 7 ? "partial" : i % 40 == 27 ? "last" : "answer");
    while (fixture.finished < JOBS_MAX) {
        const struct worker *worker = pool_worker(fixture.stage.pool, (unsigned)(rand() % 4));
        int before = fixture.finished;

        if (worker != NULL && rand() % 4 == 0) {
            struct worker_report of_worker;

            worker_report(worker, &of_worker);
            if (of_worker.jobs_done > 0) // else each death delays the next start
                kill(of_worker.pid, SIGKILL);
        }
        LOOP_UNTIL(&fixture.stage.loop,
                   fixture.finished >= before + 10 || fixture.finished == JOBS_MAX);
    }
    for (int i = 0; i < JOBS_MAX; i++) {
        if (fixture.results[i].state == JOB_SUCCEEDED)
            continue;
        await(&fixture, i, JOB_LOST, "\"signal\":\"SIGKILL\"");
        lost++;
    }
    assert_in_range(lost, 10, 300);
    LOOP_UNTIL(&fixture.stage.loop, stage_ready_workers(&fixture.stage) == 4);
    fixture_close(&fixture);
}

// ---- programs that cannot be started ----------------------------------------------------------

static void
test_missing_program(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 2, 1, false);
    submit(&fixture, 0, "answer");
    await(&fixture, 0, JOB_FAILED, "\"cause\":\"start\",\"reason\":\"/");
    await(&fixture, 0, JOB_FAILED, "/worker: No such file or directory\"");
    assert_true(span_present(report(&fixture).start_error));
    submit(&fixture, 1, "answer"); // at once now
    assert_true(fixture.results[1].there);
    await(&fixture, 1, JOB_FAILED, "\"code\":-32010");
    // Somebody installs it: it is tried again.
    temporary_write(&fixture.stage.temporary, "worker", SCRIPT_WORKER, 0755);
    LOOP_UNTIL(&fixture.stage.loop, !span_present(report(&fixture).start_error));
    submit(&fixture, 2, "answer");
    await(&fixture, 2, JOB_SUCCEEDED, "");
    fixture_close(&fixture);
}

// More failures at once than the loop looks at in one go.
static void
test_missing_program_many_times(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 64, 1, false);
    submit(&fixture, 0, "answer");
    await(&fixture, 0, JOB_FAILED, "\"cause\":\"start\"");
    fixture_close(&fixture);
}

// ---- cancelling -------------------------------------------------------------------------------

static void
test_cancel_queued(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 1, 1, true);
    submit(&fixture, 0, "silent");
    submit(&fixture, 1, "answer");
    submit(&fixture, 2, "answer");
    LOOP_UNTIL(&fixture.stage.loop, report(&fixture).running == 1);
    assert_ptr_equal(pool_any_queued(fixture.stage.pool), fixture.jobs[1]);
    assert_ptr_equal(pool_any_running(fixture.stage.pool), fixture.jobs[0]);
    cancel(&fixture, 1);
    assert_int_equal(report(&fixture).queued, 1);
    assert_int_equal(report(&fixture).restarts, 0);
    cancel(&fixture, 0);
    assert_int_equal(report(&fixture).running, 0);
    await(&fixture, 2, JOB_SUCCEEDED, "");
    assert_false(fixture.results[0].there || fixture.results[1].there);
    fixture_close(&fixture);
}

// The work is really stopped, and the place is filled again without the delay of a failure.
static void
test_cancel_kills_and_replaces(void **state)
{
    struct fixture fixture;
    int64_t began_us;

    (void)state;
    fixture_open(&fixture, 1, 1, true);
    LOOP_UNTIL(&fixture.stage.loop, stage_ready_workers(&fixture.stage) == 1);
    began_us = clock_us();
    for (int i = 0; i < 10; i++) {
        submit(&fixture, i, "hang");
        LOOP_UNTIL(&fixture.stage.loop, report(&fixture).running == 1);
        cancel(&fixture, i);
    }
    submit(&fixture, 10, "answer");
    await(&fixture, 10, JOB_SUCCEEDED, "");
    assert_int_equal(report(&fixture).restarts, 10);
    assert_true(clock_us() - began_us < 10000000); // with the delays of 10 failures: 25 s
    fixture_close(&fixture);
}

static void
test_cancel_among_others(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 1, 2, true);
    submit(&fixture, 0, "silent");
    submit(&fixture, 1, "silent");
    LOOP_UNTIL(&fixture.stage.loop, report(&fixture).running == 2);
    cancel(&fixture, 0);
    loop_settle(&fixture.stage.loop);
    assert_int_equal(report(&fixture).restarts, 0);
    assert_int_equal(report(&fixture).running, 1);
    // When nobody waits for the other either the slots come back.
    cancel(&fixture, 1);
    submit(&fixture, 2, "answer");
    await(&fixture, 2, JOB_SUCCEEDED, "");
    assert_int_equal(report(&fixture).restarts, 1);
    fixture_close(&fixture);
}

// ---- stopping ---------------------------------------------------------------------------------

static void
test_stop_before_the_start(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 3, 1, true);
    pool_stop(fixture.stage.pool);
    assert_int_equal(fixture.stopped, 1); // from inside: there is no worker yet
    fixture_close(&fixture);
}

static void
test_stop(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 3, 1, true);
    submit(&fixture, 0, "answer");
    await(&fixture, 0, JOB_SUCCEEDED, "");
    pool_stop(fixture.stage.pool);
    pool_stop(fixture.stage.pool);
    LOOP_UNTIL(&fixture.stage.loop, fixture.stopped);
    for (unsigned i = 0; i < 3; i++)
        assert_null(pool_worker(fixture.stage.pool, i));
    assert_int_equal(report(&fixture).restarts, 0);
    fixture_close(&fixture);
}

// One that does not end by itself is killed; what it was doing was cancelled before.
static void
test_stop_kills(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, 1, 2, true);
    submit(&fixture, 0, "deaf");
    await(&fixture, 0, JOB_SUCCEEDED, "");
    pool_stop(fixture.stage.pool);
    LOOP_UNTIL(&fixture.stage.loop, fixture.stopped);
    fixture_close(&fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_all_workers_are_used),
        cmocka_unit_test(test_a_workers_own_error),
        cmocka_unit_test(test_dead_worker_is_replaced),
        cmocka_unit_test(test_breach),
        cmocka_unit_test(test_killing_at_random),
        cmocka_unit_test(test_missing_program),
        cmocka_unit_test(test_missing_program_many_times),
        cmocka_unit_test(test_cancel_queued),
        cmocka_unit_test(test_cancel_kills_and_replaces),
        cmocka_unit_test(test_cancel_among_others),
        cmocka_unit_test(test_stop_before_the_start),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_stop_kills),
    };

    signal(SIGPIPE, SIG_IGN);
    log_set_level(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
