// Dispatcher: each job has exactly one outcome, told to its sink; the bounds on what waits; the
// order of the end. The pool's workers are scripts (pool/script_worker.h).
#include "common/errors.h"
#include "common/log.h"
#include "tests/unit/dispatcher/result.h"

#include <signal.h>

static struct job *
submit_with(struct house *house, struct result *result, const char *method, const char *params)
{
    struct job *job = result_job(result, params);

    dispatcher_submit(house->dispatcher, span_of(method), job);
    return job;
}

static struct job *
submit(struct house *house, struct result *result, const char *method)
{
    return submit_with(house, result, method, "[]");
}

static void
house_open(struct house *house)
{
    house_prepare(house, 1);
    house_start(house);
}

// ---- outcomes --------------------------------------------------------------------------------

static void
test_outcomes(void **state)
{
    struct result results[5];
    struct house house;

    (void)state;
    house_open(&house);
    submit(&house, &results[0], "answer");
    submit(&house, &results[1], "test.answer");
    submit(&house, &results[2], "fail");
    submit(&house, &results[3], "kill");
    submit_with(&house, &results[4], "sleep", "[0.01]");
    assert_int_equal(house_report(&house).queued, 4);
    assert_int_equal(house_report(&house).running, 1);
    assert_int_equal(house_report(&house).sleeping, 1);
    assert_int_equal(house_report(&house).memory, 5 * sizeof(struct job) + 4 * 2 + 6);
    await(&house, &results[0], JOB_SUCCEEDED, "[0,");
    await(&house, &results[1], JOB_SUCCEEDED, "[0,");
    await(&house, &results[2], JOB_FAILED, "\"code\":5");
    await(&house, &results[3], JOB_LOST, "SIGKILL");
    await(&house, &results[4], JOB_SUCCEEDED, "Operation completed");
    assert_int_equal(house.statistics.jobs.ended[JOB_SUCCEEDED], 3);
    assert_int_equal(house.statistics.jobs.ended[JOB_FAILED], 1);
    assert_int_equal(house.statistics.jobs.ended[JOB_LOST], 1);
    assert_int_equal(house.statistics.jobs.refused, 0);
    house_close(&house);
}

// The worker is told the bare name, whatever the caller said.
static void
test_worker_gets_the_bare_name(void **state)
{
    struct result result;
    struct house house;

    (void)state;
    house_open(&house);
    submit_with(&house, &result, "test.echo", "[1e400]");
    await(&house, &result, JOB_SUCCEEDED, "\"method\":\"echo\",\"params\":[1e400]");
    house_close(&house);
}

static void
test_refused_at_once(void **state)
{
    struct result result;
    struct house house;

    (void)state;
    house_open(&house);
    submit(&house, &result, "nothing");
    check(&result, JOB_FAILED, "\"code\":-32601");
    submit(&house, &result, "other.answer");
    check(&result, JOB_FAILED, "\"code\":-32601");
    submit(&house, &result, "");
    check(&result, JOB_FAILED, "\"code\":-32601");
    assert_int_equal(house.statistics.jobs.refused, 3);
    submit(&house, &result, "sleep");
    check(&result, JOB_FAILED, "\"code\":-32602");
    house_close(&house);
}

static void
test_cancel(void **state)
{
    struct result results[4];
    struct job *jobs[4];
    struct house house;

    (void)state;
    house_open(&house);
    jobs[0] = submit(&house, &results[0], "hang");
    jobs[1] = submit(&house, &results[1], "answer");
    jobs[2] = submit_with(&house, &results[2], "sleep", "[1000]");
    LOOP_UNTIL(&house.loop, house_report(&house).queued == 1);
    dispatcher_cancel(house.dispatcher, jobs[0]); // running
    dispatcher_cancel(house.dispatcher, jobs[1]); // queued
    dispatcher_cancel(house.dispatcher, jobs[2]); // sleeping
    for (int i = 0; i < 3; i++)
        check(&results[i], JOB_CANCELLED, "\"code\":-32800");
    submit(&house, &results[3], "answer"); // a new worker takes it
    await(&house, &results[3], JOB_SUCCEEDED, "[0,");
    loop_settle(&house.loop);
    for (int i = 0; i < 3; i++)
        assert_int_equal(results[i].times, 1);
    house_close(&house);
}

static void
test_abandon(void **state)
{
    struct result results[2];
    struct job *jobs[2];
    struct house house;

    (void)state;
    house_open(&house);
    jobs[0] = submit(&house, &results[0], "hang");
    jobs[1] = submit_with(&house, &results[1], "sleep", "[1000]");
    LOOP_UNTIL(&house.loop, house_report(&house).queued == 0);
    dispatcher_abandon(house.dispatcher, jobs[0]);
    dispatcher_abandon(house.dispatcher, jobs[1]);
    loop_settle(&house.loop);
    assert_int_equal(results[0].times + results[1].times, 0);
    assert_int_equal(house.statistics.jobs.ended[JOB_CANCELLED], 2);
    house_close(&house);
}

// ---- bounds ----------------------------------------------------------------------------------

static void
test_queue_max(void **state)
{
    struct result results[5];
    struct job *running;
    struct house house;

    (void)state;
    house_prepare(&house, 1);
    house.config.limits.queue_max = 2;
    house_start(&house);
    running = submit(&house, &results[0], "hang");
    LOOP_UNTIL(&house.loop, house_report(&house).queued == 0);
    submit(&house, &results[1], "answer");
    submit(&house, &results[2], "answer");
    submit(&house, &results[3], "answer");
    check(&results[3], JOB_FAILED, "\"code\":-32001");
    check(&results[3], JOB_FAILED, "\"limit\":\"queue-max\",\"max\":2,\"retry_after\":");
    submit_with(&house, &results[4], "sleep", "[0]"); // waits for nobody
    dispatcher_cancel(house.dispatcher, running);
    await(&house, &results[1], JOB_SUCCEEDED, "");
    await(&house, &results[2], JOB_SUCCEEDED, "");
    await(&house, &results[4], JOB_SUCCEEDED, "");
    assert_int_equal(house.statistics.jobs.refused, 1);
    house_close(&house);
}

// With room in a worker nothing has to wait: no queue is needed.
static void
test_no_queue(void **state)
{
    struct result results[3];
    struct job *running;
    struct house house;

    (void)state;
    house_prepare(&house, 1);
    house.config.limits.queue_max = 0;
    house_start(&house);
    LOOP_UNTIL(&house.loop, pool_has_room(dispatcher_pool(house.dispatcher, 0)));
    submit(&house, &results[0], "answer");
    await(&house, &results[0], JOB_SUCCEEDED, "");
    running = submit(&house, &results[1], "hang");
    submit(&house, &results[2], "answer");
    check(&results[2], JOB_FAILED, "\"code\":-32001");
    dispatcher_cancel(house.dispatcher, running);
    house_close(&house);
}

static void
test_queue_memory_max(void **state)
{
    static char params[5000];
    struct result results[2];
    struct job *big;
    struct house house;

    (void)state;
    memset(params, ' ', sizeof(params) - 1);
    memcpy(params, "[1000", 5);
    params[sizeof(params) - 2] = ']';
    house_prepare(&house, 1);
    house.config.limits.queue_memory_max = 6000;
    house_start(&house);
    big = submit_with(&house, &results[0], "sleep", params);
    assert_int_equal(results[0].times, 0);
    submit_with(&house, &results[1], "sleep", params);
    check(&results[1], JOB_FAILED, "\"limit\":\"queue-memory-max\",\"max\":6000");
    submit_with(&house, &results[1], "sleep", "[0]");
    await(&house, &results[1], JOB_SUCCEEDED, "");
    dispatcher_cancel(house.dispatcher, big);
    assert_int_equal(house_report(&house).memory, 0);
    house_close(&house);
}

// ---- jobs that run nowhere ------------------------------------------------------------------

static struct job *
hold(struct house *house, struct result *result, int64_t total_us)
{
    struct job *job = result_job(result, "[]");

    job->timeouts.us[TIMEOUT_TOTAL] = total_us;
    dispatcher_hold(house->dispatcher, job);
    return job;
}

static void
test_hold(void **state)
{
    static const struct outcome outcome = {.state = JOB_SUCCEEDED, .body = {"[1]", 3}};
    struct result results[4];
    struct job *jobs[4];
    struct house house;

    (void)state;
    house_open(&house);
    for (int i = 0; i < 4; i++)
        jobs[i] = hold(&house, &results[i], i == 3 ? 20000 : 0);
    assert_int_equal(house_report(&house).held, 4);
    assert_int_equal(house_report(&house).running, 4);
    assert_int_equal(jobs[0]->state, JOB_RUNNING);
    dispatcher_finish(house.dispatcher, jobs[0], &outcome);
    check(&results[0], JOB_SUCCEEDED, "[1]");
    dispatcher_cancel(house.dispatcher, jobs[1]);
    check(&results[1], JOB_CANCELLED, "\"code\":-32800");
    dispatcher_abandon(house.dispatcher, jobs[2]);
    assert_int_equal(results[2].times, 0);
    await(&house, &results[3], JOB_TIMED_OUT, "timeout.total");
    assert_int_equal(house_report(&house).held, 0);
    house_close(&house);
}

// It goes on for as long as its owner wants, even past an abort, and none comes after it.
static void
test_hold_while_draining(void **state)
{
    static const struct outcome outcome = {.state = JOB_FAILED, .body = {"{}", 2}};
    struct result results[2];
    struct house house;
    struct job *job;

    (void)state;
    house_open(&house);
    job = hold(&house, &results[0], 0);
    dispatcher_drain(house.dispatcher);
    hold(&house, &results[1], 0);
    check(&results[1], JOB_FAILED, "\"code\":-32005");
    dispatcher_abort(house.dispatcher);
    assert_int_equal(results[0].times, 0);
    assert_int_equal(house.idle, 0);
    dispatcher_finish(house.dispatcher, job, &outcome);
    check(&results[0], JOB_FAILED, "{}");
    assert_int_equal(house.idle, 1);
    house_close(&house);
}

static void
test_hold_beyond_memory(void **state)
{
    struct result result;
    struct house house;

    (void)state;
    house_prepare(&house, 1);
    house.config.limits.queue_memory_max = 10;
    house_start(&house);
    hold(&house, &result, 0);
    check(&result, JOB_FAILED, "\"limit\":\"queue-memory-max\"");
    house_close(&house);
}

// One sink ends another job: still the daemon is told only once that nothing is left.
static struct job *to_end;

static void
finished_and_ends_another(void *context, const struct outcome *outcome)
{
    (void)outcome;
    dispatcher_abandon(((struct house *)context)->dispatcher, to_end);
}

static void
test_idle_comes_once(void **state)
{
    static const struct job_sink ending = {.finished = finished_and_ends_another};
    struct result result;
    struct house house;
    struct job *job;

    (void)state;
    house_open(&house);
    job = job_new(SPAN("[]"), &ending, &house);
    dispatcher_hold(house.dispatcher, job);
    to_end = submit_with(&house, &result, "sleep", "[1000]");
    dispatcher_drain(house.dispatcher);
    dispatcher_cancel(house.dispatcher, job);
    assert_int_equal(house.idle, 1);
    assert_int_equal(result.times, 0);
    house_close(&house);
}

// ---- the end ---------------------------------------------------------------------------------

static void
test_drain_without_jobs(void **state)
{
    struct result result;
    struct house house;

    (void)state;
    house_open(&house);
    dispatcher_drain(house.dispatcher);
    assert_int_equal(house.idle, 1);
    submit(&house, &result, "answer");
    check(&result, JOB_FAILED, "\"code\":-32005");
    house_close(&house);
}

// What runs may finish; what waits and what comes is answered that the daemon stops.
static void
test_drain(void **state)
{
    struct result results[5];
    struct job *running;
    struct house house;

    (void)state;
    house_open(&house);
    running = submit(&house, &results[0], "hang");
    LOOP_UNTIL(&house.loop, house_report(&house).queued == 0);
    submit(&house, &results[1], "answer");
    submit_with(&house, &results[2], "sleep", "[0.05]");
    dispatcher_drain(house.dispatcher);
    check(&results[1], JOB_CANCELLED, "\"code\":-32005");
    submit(&house, &results[3], "answer");
    check(&results[3], JOB_FAILED, "\"code\":-32005");
    submit_with(&house, &results[4], "sleep", "[0]");
    check(&results[4], JOB_FAILED, "\"code\":-32005");
    assert_int_equal(house.idle, 0);
    await(&house, &results[2], JOB_SUCCEEDED, "Operation completed");
    assert_int_equal(house.idle, 0);
    dispatcher_cancel(house.dispatcher, running);
    assert_int_equal(house.idle, 1);
    house_close(&house);
}

static void
test_abort(void **state)
{
    struct result results[2];
    struct house house;

    (void)state;
    house_open(&house);
    submit(&house, &results[0], "hang");
    submit_with(&house, &results[1], "sleep", "[1000]");
    LOOP_UNTIL(&house.loop, house_report(&house).queued == 0);
    dispatcher_drain(house.dispatcher);
    assert_int_equal(house.idle, 0);
    dispatcher_abort(house.dispatcher);
    check(&results[0], JOB_CANCELLED, "\"code\":-32005");
    check(&results[1], JOB_CANCELLED, "\"code\":-32005");
    assert_int_equal(house.idle, 1);
    house_close(&house);
}

static void
test_never_run(void **state)
{
    struct house house;

    (void)state;
    house_open(&house);
    dispatcher_free(house.dispatcher);
    dispatcher_free(NULL);
    temporary_close(&house.temporary);
    loop_close(&house.loop);
}

// Only so many workers are looked at in one call, those behind them in the next, and so on.
static void
test_usage_by_turns(void **state)
{
    struct pool_config pools[3];
    struct worker_report report;
    struct house house;

    (void)state;
    house_prepare(&house, 1);
    for (size_t i = 0; i < 3; i++)
        pools[i] = house.pool;
    pools[1].name = (char *)"asleep"; // places, and nobody there
    pools[1].processes = DISPATCHER_USAGE_MAX - 1;
    pools[1].processes_min = 0;
    pools[1].idle_timeout_us = 1000000;
    pools[2].name = (char *)"last";
    house.config.pools = pools;
    house.config.pool_count = 3;
    house_start(&house);
    for (size_t i = 0; i < 3; i += 2)
        LOOP_UNTIL(&house.loop, pool_worker(dispatcher_pool(house.dispatcher, i), 0) != NULL);
    for (int call = 1; call <= 2; call++) {
        dispatcher_look_at_usage(house.dispatcher);
        worker_report(pool_worker(dispatcher_pool(house.dispatcher, 0), 0), &report);
        assert_true(report.usage_known);
        worker_report(pool_worker(dispatcher_pool(house.dispatcher, 2), 0), &report);
        assert_int_equal(report.usage_known, call == 2);
    }
    house_close(&house);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outcomes),
        cmocka_unit_test(test_worker_gets_the_bare_name),
        cmocka_unit_test(test_refused_at_once),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_abandon),
        cmocka_unit_test(test_queue_max),
        cmocka_unit_test(test_no_queue),
        cmocka_unit_test(test_queue_memory_max),
        cmocka_unit_test(test_hold),
        cmocka_unit_test(test_hold_while_draining),
        cmocka_unit_test(test_hold_beyond_memory),
        cmocka_unit_test(test_idle_comes_once),
        cmocka_unit_test(test_drain_without_jobs),
        cmocka_unit_test(test_drain),
        cmocka_unit_test(test_abort),
        cmocka_unit_test(test_never_run),
        cmocka_unit_test(test_usage_by_turns),
    };

    signal(SIGPIPE, SIG_IGN);
    log_set_level(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
