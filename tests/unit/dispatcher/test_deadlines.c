// Deadlines: each job is told once, of the timeout that is over first, and never too early.
#include "dispatcher/deadlines.h"
#include "tests/unit/loop.h"

#define MS       1000
#define LATE_US  500000 // how late a timer may come on a busy machine
#define JOBS_MAX 4

struct fixture {
    struct loop loop;
    struct deadlines deadlines;
    struct job *jobs[JOBS_MAX];
    int over[JOBS_MAX];
    enum timeout_kind kinds[JOBS_MAX];
    int64_t at_us[JOBS_MAX];
};

static void
over_cb(void *context, struct job *job, enum timeout_kind kind)
{
    struct fixture *fixture = context;
    int index = 0;

    while (fixture->jobs[index] != job)
        index++;
    assert_null(job->deadline);
    fixture->over[index]++;
    fixture->kinds[index] = kind;
    fixture->at_us[index] = clock_us();
}

static void
fixture_open(struct fixture *fixture)
{
    *fixture = (struct fixture){0};
    loop_open(&fixture->loop);
    fixture->deadlines =
        (struct deadlines){.base = fixture->loop.base, .over = over_cb, .context = fixture};
}

static void
fixture_close(struct fixture *fixture)
{
    for (int i = 0; i < JOBS_MAX; i++)
        job_free(fixture->jobs[i]);
    loop_close(&fixture->loop);
}

static struct job *
job_with(struct fixture *fixture, int index, enum timeout_kind kind, int64_t us)
{
    struct job *job = job_new(SPAN("[]"), NULL, NULL);

    fixture->jobs[index] = job;
    job->timeouts.us[kind] = us;
    return job;
}

static struct job *
watch(struct fixture *fixture, int index, enum timeout_kind kind, int64_t us)
{
    struct job *job = job_with(fixture, index, kind, us);

    assert_int_equal(deadlines_watch(&fixture->deadlines, job), 0);
    return job;
}

static void
start(struct job *job)
{
    job_set_state(job, JOB_RUNNING);
    deadlines_restart(job);
}

// It is over, for this reason, not before and not long after `us` from then.
static void
await(struct fixture *fixture, int index, enum timeout_kind kind, int64_t from_us, int64_t us)
{
    LOOP_UNTIL(&fixture->loop, fixture->over[index]);
    assert_int_equal(fixture->over[index], 1);
    assert_int_equal(fixture->kinds[index], kind);
    assert_true(fixture->at_us[index] >= from_us + us);
    assert_true(fixture->at_us[index] < from_us + us + LATE_US);
}

static void
run_for(struct fixture *fixture, int64_t us)
{
    int64_t end_us = clock_us() + us;

    LOOP_UNTIL(&fixture->loop, clock_us() >= end_us);
}

static void
test_none_costs_nothing(void **state)
{
    struct fixture fixture;
    struct job *job;

    (void)state;
    fixture_open(&fixture);
    job = fixture.jobs[0] = job_new(SPAN("[]"), NULL, NULL);
    assert_int_equal(deadlines_watch(&fixture.deadlines, job), 0);
    assert_null(job->deadline);
    start(job);
    deadlines_forget(job);
    fixture_close(&fixture);
}

static void
test_each_kind(void **state)
{
    struct fixture fixture;
    struct job *job;

    (void)state;
    fixture_open(&fixture);
    job = watch(&fixture, 0, TIMEOUT_QUEUE, 30 * MS);
    await(&fixture, 0, TIMEOUT_QUEUE, job->created_us, 30 * MS);
    job = watch(&fixture, 1, TIMEOUT_RUN, 30 * MS);
    start(job);
    await(&fixture, 1, TIMEOUT_RUN, job->started_us, 30 * MS);
    job = watch(&fixture, 2, TIMEOUT_SILENCE, 30 * MS);
    start(job);
    await(&fixture, 2, TIMEOUT_SILENCE, job->started_us, 30 * MS);
    job = watch(&fixture, 3, TIMEOUT_TOTAL, 30 * MS);
    start(job);
    await(&fixture, 3, TIMEOUT_TOTAL, job->created_us, 30 * MS);
    fixture_close(&fixture);
}

// What counts from the start does not count before, and what counts until the start not after.
static void
test_only_what_applies(void **state)
{
    struct fixture fixture;
    struct job *job;

    (void)state;
    fixture_open(&fixture);
    watch(&fixture, 0, TIMEOUT_RUN, 10 * MS);
    watch(&fixture, 1, TIMEOUT_SILENCE, 10 * MS);
    job = watch(&fixture, 2, TIMEOUT_QUEUE, 40 * MS);
    start(job);
    run_for(&fixture, 100 * MS);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(fixture.over[i], 0);
        deadlines_forget(fixture.jobs[i]);
    }
    fixture_close(&fixture);
}

static void
test_progress_restarts_silence(void **state)
{
    struct fixture fixture;
    struct job *job;

    (void)state;
    fixture_open(&fixture);
    job = watch(&fixture, 0, TIMEOUT_SILENCE, 200 * MS);
    start(job);
    for (int i = 0; i < 10; i++) {
        run_for(&fixture, 30 * MS);
        assert_int_equal(fixture.over[0], 0);
        job->heard_us = clock_us();
    }
    await(&fixture, 0, TIMEOUT_SILENCE, job->heard_us, 200 * MS);
    fixture_close(&fixture);
}

// A second start has the whole time again, but the total goes on.
static void
test_a_retry(void **state)
{
    struct fixture fixture;
    struct job *job;

    (void)state;
    fixture_open(&fixture);
    job = watch(&fixture, 0, TIMEOUT_RUN, 100 * MS);
    start(job);
    run_for(&fixture, 60 * MS);
    job_set_state(job, JOB_QUEUED);
    deadlines_restart(job);
    run_for(&fixture, 60 * MS); // while it waits nothing runs out
    assert_int_equal(fixture.over[0], 0);
    start(job);
    await(&fixture, 0, TIMEOUT_RUN, job->started_us, 100 * MS);
    fixture_close(&fixture);
}

static void
test_forgotten(void **state)
{
    struct fixture fixture;
    struct job *job;

    (void)state;
    fixture_open(&fixture);
    job = watch(&fixture, 0, TIMEOUT_TOTAL, 10 * MS);
    deadlines_forget(job);
    assert_null(job->deadline);
    deadlines_forget(job); // twice is fine
    deadlines_restart(job);
    run_for(&fixture, 50 * MS);
    assert_int_equal(fixture.over[0], 0);
    fixture_close(&fixture);
}

// A time that is over already is told by the loop, never from inside the call.
static void
test_over_already(void **state)
{
    struct fixture fixture;
    struct job *job;

    (void)state;
    fixture_open(&fixture);
    job = job_with(&fixture, 0, TIMEOUT_TOTAL, 1);
    job->created_us -= 1000 * MS;
    assert_int_equal(deadlines_watch(&fixture.deadlines, job), 0);
    assert_int_equal(fixture.over[0], 0);
    LOOP_UNTIL(&fixture.loop, fixture.over[0]);
    fixture_close(&fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none_costs_nothing),
        cmocka_unit_test(test_each_kind),
        cmocka_unit_test(test_only_what_applies),
        cmocka_unit_test(test_progress_restarts_silence),
        cmocka_unit_test(test_a_retry),
        cmocka_unit_test(test_forgotten),
        cmocka_unit_test(test_over_already),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
