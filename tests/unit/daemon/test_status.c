// server.status against what really runs.
#include "common/clock.h"
#include "common/errors.h"
#include "common/log.h"
#include "tests/unit/daemon/view.h"

#include <signal.h>

static void
settled(void *context, const struct outcome *outcome)
{
    (void)outcome;
    ++*(int *)context;
}

static void
test_status(void **state)
{
    static const struct job_sink sink = {.finished = settled};
    const struct identity who = {.kind = IDENTITY_UID, .uid = 77};
    struct weight weight = {.uid = 77, .weight = 7};
    struct caller *caller;
    struct view view;
    json_t *status;
    json_t *entry;
    json_t *pool;
    json_t *worker;
    struct job *sleeping;
    int done = 0;
    json_t *lag;

    (void)state;
    view_open(&view);
    histogram_note(&view.lag, 0, 100);
    histogram_note(&view.lag, clock_us(), 70000);
    sleeping = job_new(SPAN("[1000]"), &sink, &done);
    dispatcher_submit(view.house.dispatcher, SPAN("sleep"), sleeping);
    dispatcher_submit(view.house.dispatcher, SPAN("answer"), job_new(SPAN("[]"), &sink, &done));
    LOOP_UNTIL(&view.house.loop, done == 1);
    view.house.config.weights = &weight;
    view.house.config.weight_count = 1;
    caller = callers_enter(&view.callers, &view.house.config, &who);
    status = call(&view, "server.status");
    assert_int_equal(json_array_size(json_object_get(status, "callers")), 1);
    entry = json_array_get(json_object_get(status, "callers"), 0);
    assert_string_equal(text_of(entry, "caller"), "uid 77");
    assert_int_equal(number_of(entry, "weight"), 7);
    assert_int_equal(number_of(entry, "sessions"), 1);
    assert_string_equal(text_of(status, "version"), OFFLOAD_VERSION);
    assert_int_equal(number_of(status, "pid"), getpid());
    assert_string_equal(text_of(status, "state"), "serving");
    assert_string_equal(json_string_value(json_array_get(json_object_get(status, "listen"), 0)),
                        "tcp:127.0.0.1:7707");
    assert_int_equal(number_of(json_object_get(status, "sessions"), "open"), 3);
    lag = json_object_get(json_object_get(status, "loop_lag"), "since_start");
    assert_int_equal(number_of(lag, "turns"), 2);
    assert_true(json_real_value(json_object_get(lag, "p50_seconds")) == 0.000104);
    assert_true(json_real_value(json_object_get(lag, "p99_seconds")) == 0.07);
    assert_true(json_real_value(json_object_get(lag, "max_seconds")) == 0.07);
    lag = json_object_get(json_object_get(status, "loop_lag"), "last_minute");
    assert_int_equal(number_of(lag, "turns"), 1);
    assert_int_equal(number_of(json_object_get(status, "jobs"), "running"), 1);
    assert_int_equal(number_of(json_object_get(status, "jobs"), "sleeping"), 1);
    assert_int_equal(number_of(json_object_get(status, "jobs"), "succeeded"), 1);
    assert_int_equal(json_array_size(json_object_get(status, "pools")), 2);
    pool = json_array_get(json_object_get(status, "pools"), 1);
    assert_string_equal(text_of(pool, "name"), "test");
    assert_string_equal(text_of(pool, "kind"), "program");
    assert_int_equal(number_of(pool, "threads"), 2);
    assert_int_equal(json_array_size(json_object_get(pool, "waiting")), 0);
    entry = json_object_get(pool, "method_run_seconds");
    assert_true(json_is_real(json_object_get(entry, "answer")));
    assert_true(json_is_null(json_object_get(entry, "echo")));
    worker = json_array_get(json_object_get(pool, "workers"), 0);
    assert_string_equal(text_of(worker, "state"), "ready");
    assert_int_equal(number_of(worker, "jobs_done"), 1);
    assert_int_equal(kill((pid_t)number_of(worker, "pid"), 0), 0);
    json_decref(status);
    view.view.draining = true;
    status = call(&view, "server.status");
    assert_string_equal(text_of(status, "state"), "draining");
    json_decref(status);
    dispatcher_cancel(view.house.dispatcher, sleeping);
    callers_leave(&view.callers, caller);
    view_close(&view);
}

static const struct job_sink mute = {.finished = settled};

static struct job *
submit_as(struct view *view, uint64_t caller, int priority, int *done)
{
    struct job *job = job_new(SPAN("[]"), &mute, done);

    job->caller = caller;
    job->priority = priority;
    dispatcher_submit(view->house.dispatcher, SPAN("silent"), job);
    return job;
}

// What waits, by priority, the highest first.
static void
test_status_of_what_waits(void **state)
{
    static const struct {
        uint64_t caller;
        int priority;
    } waits[] = {{0, 0}, {0, 0}, {1, -10}, {0, 10}, {1, 0}, {2, 0}, {2, 0}, {1, 0}};
    static const int expected[][3] = {{10, 1, 1}, {0, 4, 2}, {-10, 1, 1}};
    struct job *jobs[8];
    struct view view;
    json_t *waiting;
    json_t *status;
    int done = 0;

    (void)state;
    view_open(&view);
    LOOP_UNTIL(&view.house.loop, pool_has_room(dispatcher_pool(view.house.dispatcher, 1)));
    for (size_t i = 0; i < 8; i++) // the first two run
        jobs[i] = submit_as(&view, waits[i].caller, waits[i].priority, &done);
    status = call(&view, "server.status");
    waiting = json_object_get(json_array_get(json_object_get(status, "pools"), 1), "waiting");
    assert_int_equal(json_array_size(waiting), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(number_of(json_array_get(waiting, i), "priority"), expected[i][0]);
        assert_int_equal(number_of(json_array_get(waiting, i), "jobs"), expected[i][1]);
        assert_int_equal(number_of(json_array_get(waiting, i), "callers"), expected[i][2]);
    }
    json_decref(status);
    for (size_t i = 8; i-- > 0;)
        dispatcher_cancel(view.house.dispatcher, jobs[i]);
    assert_int_equal(done, 8);
    view_close(&view);
}

static void
check_reload(struct view *view, const char *outcome)
{
    json_auto_t *status = call(view, "server.status");
    json_t *configuration = json_object_get(status, "configuration");
    json_t *last = json_object_get(configuration, "last_reload");

    assert_int_equal(number_of(configuration, "generation"), 7);
    if (outcome == NULL) {
        assert_true(json_is_null(last));
        return;
    }
    assert_string_equal(text_of(last, "outcome"), outcome);
    assert_true(json_real_value(json_object_get(last, "age_seconds")) >= 1);
    if (view->view.reload.trouble != NULL)
        assert_string_equal(text_of(last, "reason"), "why \"not\"");
    else
        assert_null(json_object_get(last, "reason"));
}

static void
test_status_of_a_reload(void **state)
{
    struct view view;

    (void)state;
    view_open(&view);
    view.view.reload = (struct reload_report){.generation = 7};
    check_reload(&view, NULL);
    view.view.reload.asked = true;
    view.view.reload.asked_us = clock_us() - 1000000;
    check_reload(&view, "done");
    view.view.reload.under_way = true;
    check_reload(&view, "under way");
    view.view.reload.trouble = "why \"not\"";
    check_reload(&view, "refused");
    view_close(&view);
}

// Each pool says whether it is served, to come, or on its way out.
static void
test_status_of_pools_on_the_move(void **state)
{
    static const char *const expected[] = {"serving", "serving", "coming"};
    struct pool_config pools[2];
    struct config config;
    struct view view;
    json_t *status;

    (void)state;
    view_open(&view);
    config = view.house.config;
    config.pools = pools;
    pools[0] = view.pools[0];
    pools[1] = view.pools[1];
    pools[1].wait_ready = true; // the script never says so
    pools[1].start_timeout_us = 0;
    assert_int_equal(dispatcher_reload(view.house.dispatcher, &config), 0);
    for (int round = 0; round < 2; round++) {
        status = call(&view, "server.status");
        assert_int_equal(json_array_size(json_object_get(status, "pools")), 3);
        for (size_t i = 0; i < 3; i++)
            assert_string_equal(
                text_of(json_array_get(json_object_get(status, "pools"), i), "state"),
                round == 1 && i == 2 ? "leaving" : expected[i]);
        json_decref(status);
        LOOP_UNTIL(&view.house.loop, pool_worker(dispatcher_pool(view.house.dispatcher, 2), 0));
        dispatcher_drain(view.house.dispatcher); // nothing is coming any more
    }
    view_close(&view);
}

// A pool whose program is missing says so.
static void
test_status_of_a_broken_pool(void **state)
{
    struct view view;
    struct pool_report report = {0};
    json_t *status;
    json_t *error;

    (void)state;
    view_open(&view);
    unlink(view.house.path);
    LOOP_UNTIL(&view.house.loop, (pool_report(dispatcher_pool(view.house.dispatcher, 1), &report),
                                  span_present(report.start_error)));
    status = call(&view, "server.status");
    error = json_object_get(json_array_get(json_object_get(status, "pools"), 1), "start_error");
    assert_int_equal(number_of(error, "code"), ERROR_JOB_FAILED);
    assert_string_equal(text_of(json_object_get(error, "data"), "cause"), "start");
    json_decref(status);
    view_close(&view);
}

// ---- how jobs end ----------------------------------------------------------------------------

static struct job *
submit(struct view *view, const char *method, const char *params, int *done)
{
    struct job *job = job_new(span_of(params), &mute, done);

    dispatcher_submit(view->house.dispatcher, span_of(method), job);
    return job;
}

static void
check_counts(json_t *object, const long long expected[6])
{
    static const char *const names[] = {"succeeded", "failed", "cancelled",
                                        "timed_out", "lost",   "refused"};

    for (size_t i = 0; i < 6; i++)
        if (number_of(object, names[i]) != expected[i])
            fail_msg("%s: %lld", names[i], number_of(object, names[i]));
}

// So many in both spans; the percentiles in order, and nothing of nothing.
static void
check_latency(json_t *object, long long jobs, double least_max)
{
    static const char *const spans[] = {"last_minute", "since_start"};
    static const char *const names[] = {"p50_seconds", "p90_seconds", "p99_seconds", "max_seconds"};

    for (size_t i = 0; i < 2; i++) {
        json_t *latency = json_object_get(json_object_get(object, "latency"), spans[i]);
        double last = 0;

        assert_int_equal(json_object_size(latency), 5);
        assert_int_equal(number_of(latency, "jobs"), jobs);
        for (size_t j = 0; j < 4; j++) {
            json_t *value = json_object_get(latency, names[j]);

            assert_true(jobs > 0 ? json_is_real(value) : json_is_null(value));
            assert_true(json_real_value(value) >= last);
            last = json_real_value(value);
        }
        assert_true(last >= least_max);
    }
}

static void
test_status_of_ends(void **state)
{
    struct view view;
    json_t *status;
    json_t *pools;
    struct job *job;
    int done = 0;

    (void)state;
    view_open(&view);
    status = call(&view, "server.status");
    check_counts(json_object_get(status, "jobs"), (const long long[6]){0});
    check_latency(status, 0, 0);
    json_decref(status);
    submit(&view, "answer", "[]", &done);
    submit(&view, "fail", "[]", &done);
    submit(&view, "sleep", "[0.05]", &done);
    submit(&view, "sleep", "[-1]", &done); // refuses its params: not measured
    submit(&view, "no such", "[]", &done); // refused
    LOOP_UNTIL(&view.house.loop, done == 5);
    job = submit(&view, "hang", "[]", &done);
    dispatcher_cancel(view.house.dispatcher, job);
    submit(&view, "kill", "[]", &done);
    LOOP_UNTIL(&view.house.loop, done == 7);
    status = call(&view, "server.status");
    check_counts(json_object_get(status, "jobs"), (const long long[6]){2, 3, 1, 0, 1, 1});
    check_latency(status, 5, 0.05);
    pools = json_object_get(status, "pools");
    check_counts(json_array_get(pools, 0), (const long long[6]){0});
    check_latency(json_array_get(pools, 0), 0, 0);
    check_counts(json_array_get(pools, 1), (const long long[6]){1, 1, 1, 0, 1, 0});
    check_latency(json_array_get(pools, 1), 4, 0);
    json_decref(status);
    view_close(&view);
}

// What the pool is too full for is refused there.
static void
test_status_of_refusals(void **state)
{
    struct job *jobs[3];
    struct view view;
    json_t *status;
    json_t *pools;
    int done = 0;

    (void)state;
    view_open(&view);
    view.house.config.limits.queue_max = 1;
    LOOP_UNTIL(&view.house.loop, pool_has_room(dispatcher_pool(view.house.dispatcher, 1)));
    for (size_t i = 0; i < 3; i++)
        jobs[i] = submit(&view, "silent", "[]", &done);
    for (int i = 0; i < 4; i++)
        submit(&view, "silent", "[]", &done);
    assert_int_equal(done, 4);
    status = call(&view, "server.status");
    pools = json_object_get(status, "pools");
    check_counts(json_array_get(pools, 0), (const long long[6]){0});
    check_counts(json_array_get(pools, 1), (const long long[6]){0, 4, 0, 0, 0, 4});
    check_latency(json_array_get(pools, 1), 0, 0);
    check_latency(status, 0, 0);
    json_decref(status);
    for (size_t i = 3; i-- > 0;)
        dispatcher_cancel(view.house.dispatcher, jobs[i]);
    status = call(&view, "server.status");
    check_counts(json_array_get(json_object_get(status, "pools"), 1),
                 (const long long[6]){0, 4, 3, 0, 0, 4});
    check_latency(status, 3, 0);
    json_decref(status);
    view_close(&view);
}

// ---- workers ---------------------------------------------------------------------------------

static json_t *
worker_of(json_t *status)
{
    json_t *pool = json_array_get(json_object_get(status, "pools"), 1);

    return json_array_get(json_object_get(pool, "workers"), 0);
}

static void
check_job(struct view *view, const char *method)
{
    json_auto_t *status = call(view, "server.status");
    json_t *job = json_object_get(worker_of(status), "job");

    if (method == NULL) {
        assert_true(json_is_null(job));
        return;
    }
    assert_string_equal(text_of(job, "method"), method);
    assert_true(json_real_value(json_object_get(job, "running_seconds")) >= 0);
    assert_true(json_real_value(json_object_get(job, "running_seconds")) < 1000);
}

// The one that has run longest and is wanted; nothing as long as all wait.
static void
test_status_of_the_present_job(void **state)
{
    struct job *jobs[3];
    struct view view;
    int done = 0;

    (void)state;
    view_open(&view);
    LOOP_UNTIL(&view.house.loop, pool_has_room(dispatcher_pool(view.house.dispatcher, 1)));
    check_job(&view, NULL);
    jobs[0] = submit(&view, "silent", "[]", &done);
    jobs[1] = submit(&view, "hang", "[]", &done);
    jobs[2] = submit(&view, "silent", "[]", &done); // there is room for two
    check_job(&view, "silent");
    dispatcher_cancel(view.house.dispatcher, jobs[2]);
    dispatcher_cancel(view.house.dispatcher, jobs[0]);
    check_job(&view, "hang");
    dispatcher_cancel(view.house.dispatcher, jobs[1]);
    submit(&view, "answer", "[]", &done);
    LOOP_UNTIL(&view.house.loop, done == 4);
    check_job(&view, NULL);
    view_close(&view);
}

static void
check_usage(struct view *view, const char *params, bool told)
{
    json_auto_t *status = call_with(view, "server.status", params);
    json_t *worker = worker_of(status);

    if (told) {
        assert_true(json_real_value(json_object_get(worker, "cpu_seconds")) >= 0);
        assert_true(number_of(worker, "memory_bytes") > 0);
    } else {
        assert_null(json_object_get(worker, "cpu_seconds"));
        assert_null(json_object_get(worker, "memory_bytes"));
    }
}

// Looked at only if asked for.
static void
test_status_of_usage(void **state)
{
    const struct worker *worker;
    struct worker_report report;
    struct view view;
    int done = 0;

    (void)state;
    view_open(&view);
    submit(&view, "answer", "[]", &done);
    LOOP_UNTIL(&view.house.loop, done == 1);
    check_usage(&view, NULL, false);
    check_usage(&view, "{\"usage\":false}", false);
    worker = pool_worker(dispatcher_pool(view.house.dispatcher, 1), 0);
    worker_report(worker, &report);
    assert_false(report.usage_known);
    check_usage(&view, "{\"usage\":true}", true);
    check_usage(&view, "[true]", true);
    check_usage(&view, "[]", false);
    view_close(&view);
}

static int
sessions_told(struct view *view)
{
    json_auto_t *status = call(view, "server.status");

    return (int)number_of(json_object_get(status, "sessions"), "open");
}

// Whoever asks in one moment more often than makes sense is told the same again; and then it is
// another moment.
static void
test_status_a_thousand_times(void **state)
{
    struct view view;

    (void)state;
    view_open(&view);
    clock_hold();
    for (int i = 1; i <= 1000; i++) {
        view.view.sessions_open = (size_t)i;
        assert_int_equal(sessions_told(&view),
                         i < STATUS_TEXTS_PER_MOMENT ? i : STATUS_TEXTS_PER_MOMENT);
    }
    json_decref(call_with(&view, "server.status", "{\"usage\":true}")); // has a text of its own
    assert_int_equal(view.status[true].made, 1);
    clock_release();
    assert_int_equal(sessions_told(&view), 1000);
    view_close(&view);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_status_of_what_waits),
        cmocka_unit_test(test_status_of_a_reload),
        cmocka_unit_test(test_status_of_pools_on_the_move),
        cmocka_unit_test(test_status_of_a_broken_pool),
        cmocka_unit_test(test_status_of_ends),
        cmocka_unit_test(test_status_of_refusals),
        cmocka_unit_test(test_status_of_the_present_job),
        cmocka_unit_test(test_status_of_usage),
        cmocka_unit_test(test_status_a_thousand_times),
    };

    signal(SIGPIPE, SIG_IGN);
    log_set_level(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
