// Jobs that wait for their time, jobs that would wait too long, and what is said of the wait. The
// pool's worker is a script (pool/script_worker.h).
#include "common/errors.h"
#include "common/log.h"
#include "tests/unit/dispatcher/result.h"

#include <signal.h>

#define MS INT64_C(1000)

static struct job *
submit(struct house *house, struct result *result, const char *method, const char *params,
       int64_t delay_us)
{
    struct job *job = result_job(result, params);

    job->delay_us = delay_us;
    dispatcher_submit(house->dispatcher, span_of(method), job);
    return job;
}

// With a worker that is ready.
static void
house_open(struct house *house)
{
    house_prepare(house, 1);
    house->config.limits.queue_max = 4;
    house_start(house);
    LOOP_UNTIL(&house->loop, pool_has_room(dispatcher_pool(house->dispatcher, 0)));
}

// ---- delays ---------------------------------------------------------------------------------

// Neither of them starts early, though nothing else is to be done.
static void
test_delay(void **state)
{
    int64_t begin_us = clock_us();
    struct result results[3];
    struct house house;

    (void)state;
    house_open(&house);
    submit(&house, &results[0], "answer", "[]", 100 * MS);
    submit(&house, &results[1], "sleep", "[0]", 50 * MS);
    submit(&house, &results[2], "answer", "[]", 1);
    assert_int_equal(house_report(&house).delayed, 3);
    assert_int_equal(house_report(&house).queued, 0);
    assert_int_equal(house_report(&house).running, 0);
    await(&house, &results[0], JOB_SUCCEEDED, "[0,");
    await(&house, &results[1], JOB_SUCCEEDED, "Operation");
    await(&house, &results[2], JOB_SUCCEEDED, "[0,");
    assert_true(results[0].at_us - begin_us >= 100 * MS);
    assert_true(results[1].at_us - begin_us >= 50 * MS);
    house_close(&house);
}

static void
test_delay_is_taken_back(void **state)
{
    struct result results[3];
    struct house house;
    struct job *jobs[3];

    (void)state;
    house_open(&house);
    for (int i = 0; i < 3; i++)
        jobs[i] = submit(&house, &results[i], "answer", "[]", 1000000 * MS);
    dispatcher_cancel(house.dispatcher, jobs[1]);
    check(&results[1], JOB_CANCELLED, "-32800");
    dispatcher_abandon(house.dispatcher, jobs[0]);
    assert_int_equal(results[0].times, 0);
    dispatcher_fail(house.dispatcher, jobs[2], "{\"code\":1}", 10);
    check(&results[2], JOB_FAILED, "{\"code\":1}");
    assert_int_equal(house_report(&house).delayed, 0);
    house_close(&house);
}

static void
test_delay_ends_with_the_daemon(void **state)
{
    struct result result;
    struct house house;

    (void)state;
    house_open(&house);
    submit(&house, &result, "answer", "[]", 1000000 * MS);
    dispatcher_drain(house.dispatcher);
    check(&result, JOB_CANCELLED, "-32005");
    assert_int_equal(house.idle, 1);
    house_close(&house);
}

// What nobody knows is refused before its time, and what waits for it fills the queue.
static void
test_delay_is_refused_at_once(void **state)
{
    struct result results[5];
    struct job *jobs[4];
    struct result unknown;
    struct house house;

    (void)state;
    house_open(&house);
    submit(&house, &unknown, "nothing", "[]", 1000000 * MS);
    check(&unknown, JOB_FAILED, "-32601");
    for (int i = 0; i < 4; i++)
        jobs[i] = submit(&house, &results[i], "answer", "[]", 1000000 * MS);
    submit(&house, &results[4], "sleep", "[0]", 1000000 * MS);
    check(&results[4], JOB_FAILED,
          "\"limit\":\"queue-max\",\"max\":4,\"retry_after\":0.100,\"predicted_wait\":0.000}");
    submit(&house, &results[4], "answer", "[]", 0); // does not wait
    await(&house, &results[4], JOB_SUCCEEDED, "");
    for (int i = 0; i < 4; i++)
        dispatcher_cancel(house.dispatcher, jobs[i]);
    house_close(&house);
}

// ---- timeouts -------------------------------------------------------------------------------

// `total` counts from the arrival, so that the job never starts; `queue` from the end of the delay.
static void
test_timeouts_with_a_delay(void **state)
{
    struct result results[3];
    struct house house;
    struct job *hanging;
    struct job *job;

    (void)state;
    house_open(&house);
    job = result_job(&results[0], "[]");
    job->delay_us = 1000000 * MS;
    job->timeouts.us[TIMEOUT_TOTAL] = 20 * MS;
    dispatcher_submit(house.dispatcher, SPAN("kill"), job);
    await(&house, &results[0], JOB_TIMED_OUT,
          "\"cause\":\"timeout.total\",\"pool\":\"test\",\"jobs_done\":0,\"stderr\":\"\","
          "\"attempts\":0");
    job = result_job(&results[1], "[]");
    job->delay_us = 60 * MS;
    job->timeouts.us[TIMEOUT_QUEUE] = 30000 * MS; // more than any machine is late
    dispatcher_submit(house.dispatcher, SPAN("answer"), job);
    await(&house, &results[1], JOB_SUCCEEDED, "");
    hanging = submit(&house, &results[2], "hang", "[]", 0);
    job = result_job(&results[1], "[]");
    job->delay_us = 60 * MS;
    job->timeouts.us[TIMEOUT_QUEUE] = 40 * MS;
    dispatcher_submit(house.dispatcher, SPAN("answer"), job);
    await(&house, &results[1], JOB_TIMED_OUT, "timeout.queue");
    assert_true(results[1].at_us - results[0].at_us >= 100 * MS);
    dispatcher_cancel(house.dispatcher, hanging);
    house_close(&house);
}

// The worker becomes free and the timeout is over while the loop is busy with something else: the
// answer comes in before the timer, and still the job does not start.
static void
test_what_is_overdue_does_not_start(void **state)
{
    struct result first;
    struct result results[3];
    struct house house;
    struct job *job;

    (void)state;
    house_open(&house);
    submit(&house, &first, "answer", "[]", 0);
    for (int i = 0; i < 3; i++) {
        job = result_job(&results[i], "[]");
        job->timeouts.us[i == 1 ? TIMEOUT_QUEUE : TIMEOUT_TOTAL] = i == 2 ? 30000 * MS : 50 * MS;
        dispatcher_submit(house.dispatcher, i < 2 ? SPAN("kill") : SPAN("answer"), job);
    }
    usleep(100000); // no turn of the loop meanwhile
    await(&house, &results[2], JOB_SUCCEEDED, "");
    check(&first, JOB_SUCCEEDED, "");
    check(&results[0], JOB_TIMED_OUT, "timeout.total");
    check(&results[1], JOB_TIMED_OUT, "timeout.queue");
    assert_int_equal(house.statistics.jobs.ended[JOB_LOST], 0);
    house_close(&house);
}

// ---- how long it will be --------------------------------------------------------------------

static struct dispatcher_quote
quote(struct house *house, const char *method, int64_t max_wait_us)
{
    struct job job = {.max_wait_us = max_wait_us};
    struct dispatcher_quote quote;

    assert_true(dispatcher_quote(house->dispatcher, span_of(method), &job, &quote));
    return quote;
}

static void
test_quote(void **state)
{
    struct result results[5];
    struct job job = {.max_wait_us = JOB_WAIT_ANY};
    struct dispatcher_quote said;
    struct house house;
    struct job *hanging;
    int64_t before_us;

    (void)state;
    house_open(&house);
    assert_false(dispatcher_quote(house.dispatcher, SPAN("nothing"), &job, &said));
    said = quote(&house, "answer", 0);
    assert_string_equal(said.config->name, "test");
    assert_int_equal(said.slots, 1);
    assert_int_equal(said.wait_us, 0);
    assert_int_equal(said.run_us, -1);
    assert_true(said.accepted);
    submit(&house, &results[0], "answer", "[]", 0);
    await(&house, &results[0], JOB_SUCCEEDED, "");
    assert_true(quote(&house, "answer", 0).run_us >= 0);
    // The longer it runs, the longer it seems to go on.
    hanging = submit(&house, &results[0], "hang", "[]", 0);
    LOOP_UNTIL(&house.loop, house_report(&house).queued == 0);
    before_us = quote(&house, "answer", JOB_WAIT_ANY).wait_us;
    LOOP_UNTIL(&house.loop, quote(&house, "answer", JOB_WAIT_ANY).wait_us > before_us + 50 * MS);
    assert_false(quote(&house, "answer", before_us).accepted);
    assert_true(quote(&house, "answer", JOB_WAIT_ANY).accepted);
    for (int i = 1; i < 5; i++) {
        before_us = quote(&house, "answer", JOB_WAIT_ANY).wait_us;
        submit(&house, &results[i], "answer", "[]", 0);
        assert_true(quote(&house, "answer", JOB_WAIT_ANY).wait_us > before_us);
    }
    said = quote(&house, "answer", JOB_WAIT_ANY);
    assert_int_equal(said.queued, 4);
    assert_int_equal(said.running, 1);
    assert_false(said.accepted); // the queue is full
    said = quote(&house, "sleep", 0);
    assert_null(said.config);
    assert_true(said.accepted && said.wait_us == 0 && said.run_us == -1);
    dispatcher_cancel(house.dispatcher, hanging);
    for (int i = 1; i < 5; i++)
        await(&house, &results[i], JOB_SUCCEEDED, "");
    assert_int_equal(house.statistics.jobs.refused, 0);
    house_close(&house);
}

static struct job *
submit_impatient(struct house *house, struct result *result, int64_t max_wait_us)
{
    struct job *job = result_job(result, "[]");

    job->max_wait_us = max_wait_us;
    dispatcher_submit(house->dispatcher, SPAN("answer"), job);
    return job;
}

static void
test_max_wait(void **state)
{
    struct result results[3];
    struct house house;
    struct job *hanging;
    struct job *job;

    (void)state;
    house_open(&house);
    submit_impatient(&house, &results[0], 0); // there is room
    await(&house, &results[0], JOB_SUCCEEDED, "");
    hanging = submit(&house, &results[0], "hang", "[]", 0);
    LOOP_UNTIL(&house.loop, quote(&house, "answer", JOB_WAIT_ANY).wait_us > 20 * MS);
    submit_impatient(&house, &results[1], 20 * MS);
    check(&results[1], JOB_FAILED, "{\"code\":-32001,");
    check(&results[1], JOB_FAILED, "{\"limit\":\"max_wait\",\"max\":0.020,\"retry_after\":");
    check(&results[1], JOB_FAILED, ",\"predicted_wait\":");
    submit_impatient(&house, &results[2], 1000000 * MS);
    assert_int_equal(results[2].times, 0);
    // With a delay it is looked at when that is over.
    job = result_job(&results[1], "[]");
    job->delay_us = 10 * MS;
    job->max_wait_us = 0;
    dispatcher_submit(house.dispatcher, SPAN("answer"), job);
    assert_int_equal(results[1].times, 0);
    await(&house, &results[1], JOB_FAILED, "\"limit\":\"max_wait\",\"max\":0.000,");
    dispatcher_cancel(house.dispatcher, hanging);
    await(&house, &results[2], JOB_SUCCEEDED, "");
    assert_int_equal(house.statistics.jobs.refused, 2);
    house_close(&house);
}

// A higher priority is predicted to wait less, and a full queue says how long it would have been.
static void
test_what_a_full_queue_says(void **state)
{
    struct result results[6];
    struct house house;
    struct job *hanging;
    struct job high = {.max_wait_us = JOB_WAIT_ANY, .priority = 1};
    struct dispatcher_quote said;

    (void)state;
    house_open(&house);
    submit(&house, &results[0], "answer", "[]", 0);
    await(&house, &results[0], JOB_SUCCEEDED, "");
    hanging = submit(&house, &results[0], "hang", "[]", 0);
    for (int i = 1; i < 5; i++)
        submit(&house, &results[i], "fail", "[]", 0); // 10 ms each, for all that is known
    assert_true(dispatcher_quote(house.dispatcher, SPAN("answer"), &high, &said));
    assert_true(said.wait_us < quote(&house, "answer", JOB_WAIT_ANY).wait_us - 30 * MS);
    submit(&house, &results[5], "answer", "[]", 0);
    check(&results[5], JOB_FAILED, "{\"limit\":\"queue-max\",\"max\":4,\"retry_after\":");
    assert_null(strstr(results[5].body, "\"predicted_wait\":0.00"));
    dispatcher_cancel(house.dispatcher, hanging);
    for (int i = 1; i < 5; i++)
        await(&house, &results[i], JOB_FAILED, "\"code\":5");
    house_close(&house);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delay),
        cmocka_unit_test(test_delay_is_taken_back),
        cmocka_unit_test(test_delay_ends_with_the_daemon),
        cmocka_unit_test(test_delay_is_refused_at_once),
        cmocka_unit_test(test_timeouts_with_a_delay),
        cmocka_unit_test(test_what_is_overdue_does_not_start),
        cmocka_unit_test(test_quote),
        cmocka_unit_test(test_max_wait),
        cmocka_unit_test(test_what_a_full_queue_says),
    };

    signal(SIGPIPE, SIG_IGN);
    log_set_level(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
