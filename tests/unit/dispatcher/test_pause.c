// A pool that is paused: it takes jobs and starts none, until it is resumed; everything else that
// may befall a job or a pool befalls them as ever. What the scripts do is in pool/script_worker.h.
#include "common/log.h"
#include "model/forecast.h"
#include "tests/unit/dispatcher/result.h"

#include <signal.h>

#define JOBS 20

// A house with a second configuration, the same as the first until the test changes it.
struct scene {
    struct house house;
    struct pool_config pool;
    struct config config;
    char *few[2];
    struct result results[JOBS];
};

static void
scene_open(struct scene *scene)
{
    struct house *house = &scene->house;

    memset(scene, 0, sizeof(*scene));
    house_prepare(house, 1);
    house->methods[6] = (char *)"gate";
    house->pool.kill_delay_us = 5000000;
    house->pool.crash_limit = 3;
    scene->few[0] = (char *)"answer";
    scene->pool = house->pool;
    scene->config = house->config;
    scene->config.pools = &scene->pool;
    house_start(house);
    LOOP_UNTIL(&house->loop, pool_has_room(dispatcher_pool(house->dispatcher, 0)));
}

static struct job *
make_job(struct scene *scene, int index)
{
    return result_job(&scene->results[index], "[]");
}

static void
submit_job(struct scene *scene, const char *method, struct job *job)
{
    dispatcher_submit(scene->house.dispatcher, span_of(method), job);
}

static struct job *
submit(struct scene *scene, int index, const char *method)
{
    struct job *job = make_job(scene, index);

    submit_job(scene, method, job);
    return job;
}

static void
expect(struct scene *scene, int index, enum job_state state, const char *part)
{
    await(&scene->house, &scene->results[index], state, part);
}

// So many jobs, each of which has been answered after the one before it.
static void
expect_order(const struct scene *scene, int count)
{
    for (int i = 1; i < count; i++)
        assert_true(scene->results[i].at_us >= scene->results[i - 1].at_us);
}

static void
set_paused(struct scene *scene, bool paused)
{
    dispatcher_pause(scene->house.dispatcher, "test", paused);
    assert_int_equal(dispatcher_is_paused(scene->house.dispatcher, "test"), paused);
}

static void
open_gate(struct scene *scene)
{
    temporary_write(&scene->house.temporary, "gate", "", 0644);
}

static void
kill_worker(const struct pool *pool)
{
    struct worker_report report;

    worker_report(pool_worker(pool, 0), &report);
    assert_int_equal(kill(report.pid, SIGKILL), 0);
}

static size_t
pool_count(const struct scene *scene)
{
    size_t count = 0;

    while (dispatcher_pool(scene->house.dispatcher, count) != NULL)
        count++;
    return count;
}

static void
scene_close(struct scene *scene, int jobs)
{
    for (int i = 0; i < JOBS; i++)
        assert_int_equal(scene->results[i].times, i < jobs);
    house_close(&scene->house);
}

// ---- jobs -----------------------------------------------------------------------------------

// What runs goes on to its end; what comes, waits, and runs in its order when it may.
static void
test_nothing_starts(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene);
    submit(&scene, 0, "gate");
    submit(&scene, 1, "answer");
    LOOP_UNTIL(&scene.house.loop, house_report(&scene.house).queued == 1);
    set_paused(&scene, true);
    set_paused(&scene, true);
    submit(&scene, 2, "answer");
    open_gate(&scene);
    expect(&scene, 0, JOB_SUCCEEDED, "[0,");
    for (int i = 3; i < JOBS; i++)
        submit(&scene, i, "answer");
    loop_settle(&scene.house.loop);
    assert_int_equal(house_report(&scene.house).queued, JOBS - 1);
    assert_int_equal(house_report(&scene.house).running, 0);
    assert_false(pool_has_room(dispatcher_pool(scene.house.dispatcher, 0)));
    set_paused(&scene, false);
    set_paused(&scene, false);
    assert_int_equal(house_report(&scene.house).queued, JOBS - 1); // nothing starts from inside
    expect(&scene, JOBS - 1, JOB_SUCCEEDED, "[0,");
    expect_order(&scene, JOBS);
    scene_close(&scene, JOBS);
}

// One that comes to a pool without a job waits too, and one that has just been resumed takes jobs
// at once. Paused and resumed in one turn nothing has happened.
static void
test_an_idle_pool(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene);
    set_paused(&scene, true);
    submit(&scene, 0, "answer");
    assert_int_equal(house_report(&scene.house).queued, 1);
    set_paused(&scene, false);
    submit(&scene, 1, "answer");
    expect(&scene, 1, JOB_SUCCEEDED, "[0,");
    expect_order(&scene, 2);
    set_paused(&scene, true);
    set_paused(&scene, false);
    set_paused(&scene, true);
    submit(&scene, 2, "answer");
    loop_settle(&scene.house.loop);
    assert_int_equal(scene.results[2].times, 0);
    set_paused(&scene, false);
    expect(&scene, 2, JOB_SUCCEEDED, "[0,");
    scene_close(&scene, 3);
}

// Other pools, and what runs in none, do not notice.
static void
test_others_go_on(void **state)
{
    struct pool_config pools[2];
    struct scene scene;

    (void)state;
    memset(&scene, 0, sizeof(scene));
    house_prepare(&scene.house, 1);
    pools[0] = pools[1] = scene.house.pool;
    pools[1].name = (char *)"other";
    scene.house.config.pools = pools;
    scene.house.config.pool_count = 2;
    house_start(&scene.house);
    set_paused(&scene, true);
    dispatcher_pause(scene.house.dispatcher, "nobody", true);
    assert_false(dispatcher_is_paused(scene.house.dispatcher, "nobody"));
    assert_false(dispatcher_is_paused(scene.house.dispatcher, "other"));
    submit(&scene, 0, "test.answer");
    submit(&scene, 1, "other.answer");
    submit_job(&scene, "sleep", result_job(&scene.results[2], "[0]"));
    expect(&scene, 1, JOB_SUCCEEDED, "[0,");
    expect(&scene, 2, JOB_SUCCEEDED, "Operation");
    assert_int_equal(scene.results[0].times, 0);
    set_paused(&scene, false);
    expect(&scene, 0, JOB_SUCCEEDED, "[0,");
    scene_close(&scene, 3);
}

// A job whose worker dies meanwhile runs again later; the worker is replaced now.
static void
test_retried(void **state)
{
    const struct pool *pool;
    struct worker_report report;
    struct scene scene;
    struct job *job;

    (void)state;
    scene_open(&scene);
    job = make_job(&scene, 0);
    job->retries = 1;
    submit_job(&scene, "gate", job);
    LOOP_UNTIL(&scene.house.loop, house_report(&scene.house).queued == 0);
    set_paused(&scene, true);
    submit(&scene, 1, "answer");
    pool = dispatcher_pool(scene.house.dispatcher, 0);
    kill_worker(pool);
    LOOP_UNTIL(&scene.house.loop, house_report(&scene.house).queued == 2);
    LOOP_UNTIL(&scene.house.loop,
               pool_worker(pool, 0) != NULL &&
                   (worker_report(pool_worker(pool, 0), &report), report.state == WORKER_READY));
    loop_settle(&scene.house.loop);
    assert_int_equal(house_report(&scene.house).running, 0);
    open_gate(&scene);
    set_paused(&scene, false);
    expect(&scene, 0, JOB_SUCCEEDED, "[0,");
    expect(&scene, 1, JOB_SUCCEEDED, "[0,");
    expect_order(&scene, 2);
    scene_close(&scene, 2);
}

// The program is away for a while: nobody who waits is told so, unless it is still away afterwards.
static void
check_program_away(bool comes_back)
{
    struct pool_report report;
    const struct pool *pool;
    struct scene scene;

    scene_open(&scene);
    pool = dispatcher_pool(scene.house.dispatcher, 0);
    set_paused(&scene, true);
    submit(&scene, 0, "answer");
    unlink(scene.house.path);
    kill_worker(pool);
    LOOP_UNTIL(&scene.house.loop, (pool_report(pool, &report), span_present(report.start_error)));
    submit(&scene, 1, "answer");
    loop_settle(&scene.house.loop);
    assert_int_equal(house_report(&scene.house).queued, 2);
    if (comes_back)
        temporary_write(&scene.house.temporary, "worker", SCRIPT_WORKER, 0755);
    set_paused(&scene, false);
    for (int i = 0; i < 2; i++)
        expect(&scene, i, comes_back ? JOB_SUCCEEDED : JOB_FAILED,
               comes_back ? "[0," : "\"cause\":\"start\"");
    scene_close(&scene, 2);
}

static void
test_no_worker_can_start(void **state)
{
    (void)state;
    check_program_away(true);
    check_program_away(false);
}

// ---- time -----------------------------------------------------------------------------------

// Timeouts go on, for the client has said how long it will wait, and so does a delay.
static void
test_timeouts(void **state)
{
    struct scene scene;
    struct job *job;

    (void)state;
    scene_open(&scene);
    set_paused(&scene, true);
    job = make_job(&scene, 0);
    job->timeouts.us[TIMEOUT_QUEUE] = 20000;
    submit_job(&scene, "answer", job);
    job = make_job(&scene, 1);
    job->timeouts.us[TIMEOUT_TOTAL] = 30000;
    submit_job(&scene, "answer", job);
    job = make_job(&scene, 2);
    job->delay_us = 10000;
    submit_job(&scene, "answer", job);
    job = submit(&scene, 3, "answer");
    dispatcher_cancel(scene.house.dispatcher, job);
    expect(&scene, 3, JOB_CANCELLED, "-32800");
    expect(&scene, 0, JOB_TIMED_OUT, "timeout.queue");
    expect(&scene, 1, JOB_TIMED_OUT, "timeout.total");
    LOOP_UNTIL(&scene.house.loop, house_report(&scene.house).queued == 1);
    set_paused(&scene, false);
    expect(&scene, 2, JOB_SUCCEEDED, "[0,");
    scene_close(&scene, 4);
}

// Nobody knows how long it will be: who would not wait for ever is told so.
static void
test_outlook(void **state)
{
    struct job like = {.max_wait_us = JOB_WAIT_ANY};
    struct dispatcher_quote quote;
    struct scene scene;
    struct job *job;

    (void)state;
    scene_open(&scene);
    submit(&scene, 0, "answer");
    expect(&scene, 0, JOB_SUCCEEDED, "[0,");
    set_paused(&scene, true);
    scene.house.config.limits.queue_max = 1;
    assert_true(dispatcher_quote(scene.house.dispatcher, SPAN("answer"), &like, &quote));
    assert_int_equal(quote.wait_us, FORECAST_UNKNOWN_US);
    assert_true(quote.run_us >= 0);
    assert_int_equal(quote.slots, 1);
    assert_true(quote.accepted);
    like.max_wait_us = INT64_C(31536000) * 1000000;
    assert_true(dispatcher_quote(scene.house.dispatcher, SPAN("answer"), &like, &quote));
    assert_false(quote.accepted);
    job = make_job(&scene, 1);
    job->max_wait_us = INT64_C(31536000) * 1000000;
    submit_job(&scene, "answer", job);
    expect(&scene, 1, JOB_FAILED,
           "{\"limit\":\"max_wait\",\"max\":31536000.000,\"retry_after\":60.000,"
           "\"predicted_wait\":null}");
    submit(&scene, 2, "answer");
    submit(&scene, 3, "answer");
    expect(&scene, 3, JOB_FAILED,
           "{\"limit\":\"queue-max\",\"max\":1,\"retry_after\":60.000,\"predicted_wait\":null}");
    set_paused(&scene, false);
    expect(&scene, 2, JOB_SUCCEEDED, "[0,");
    like.max_wait_us = JOB_WAIT_ANY;
    assert_true(dispatcher_quote(scene.house.dispatcher, SPAN("answer"), &like, &quote));
    assert_int_equal(quote.wait_us, 0);
    scene_close(&scene, 4);
}

// ---- the configuration ----------------------------------------------------------------------

static void
reload(struct scene *scene)
{
    assert_int_equal(dispatcher_reload(scene->house.dispatcher, &scene->config), 0);
    LOOP_UNTIL(&scene->house.loop, scene->house.reloaded == 1);
}

// The same pool, or another of the same name: it is the name that is paused.
static void
check_reload(bool changed)
{
    struct scene scene;

    scene_open(&scene);
    set_paused(&scene, true);
    submit(&scene, 0, "answer");
    submit(&scene, 1, "answer");
    if (changed)
        scene.pool.threads = 2;
    reload(&scene);
    assert_true(dispatcher_is_paused(scene.house.dispatcher, "test"));
    submit(&scene, 2, "answer");
    LOOP_UNTIL(&scene.house.loop, pool_count(&scene) == 1); // the old one has nothing left
    loop_settle(&scene.house.loop);
    assert_int_equal(house_report(&scene.house).queued, 3);
    set_paused(&scene, false);
    for (int i = 0; i < 3; i++)
        expect(&scene, i, JOB_SUCCEEDED, "[0,");
    scene_close(&scene, 3);
}

static void
test_reloaded(void **state)
{
    (void)state;
    check_reload(false);
    check_reload(true);
}

// It is resumed while its next form is on the way: so is that.
static void
test_resumed_meanwhile(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene);
    set_paused(&scene, true);
    submit(&scene, 0, "answer");
    scene.pool.threads = 2;
    assert_int_equal(dispatcher_reload(scene.house.dispatcher, &scene.config), 0);
    set_paused(&scene, false);
    LOOP_UNTIL(&scene.house.loop, scene.house.reloaded == 1);
    submit(&scene, 1, "answer");
    expect(&scene, 0, JOB_SUCCEEDED, "[0,");
    expect(&scene, 1, JOB_SUCCEEDED, "[0,");
    LOOP_UNTIL(&scene.house.loop, pool_count(&scene) == 1);
    scene_close(&scene, 2);
}

// Jobs that only the old form can run wait there, and it stays until they may.
static void
test_left_behind(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene);
    set_paused(&scene, true);
    submit(&scene, 0, "echo");
    submit(&scene, 1, "answer");
    scene.pool.methods = scene.few;
    reload(&scene);
    loop_settle(&scene.house.loop);
    assert_int_equal(pool_count(&scene), 2);
    assert_true(pool_is_winding_down(dispatcher_pool(scene.house.dispatcher, 1)));
    assert_true(pool_is_paused(dispatcher_pool(scene.house.dispatcher, 1)));
    assert_int_equal(house_report(&scene.house).queued, 2);
    set_paused(&scene, false);
    expect(&scene, 0, JOB_SUCCEEDED, "echo");
    expect(&scene, 1, JOB_SUCCEEDED, "[0,");
    LOOP_UNTIL(&scene.house.loop, pool_count(&scene) == 1);
    scene_close(&scene, 2);
}

// ---- the end --------------------------------------------------------------------------------

static void
test_drained(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene);
    submit(&scene, 0, "gate");
    LOOP_UNTIL(&scene.house.loop, house_report(&scene.house).queued == 0);
    set_paused(&scene, true);
    submit(&scene, 1, "answer");
    dispatcher_drain(scene.house.dispatcher);
    expect(&scene, 1, JOB_CANCELLED, "-32005");
    assert_int_equal(scene.house.idle, 0);
    open_gate(&scene);
    expect(&scene, 0, JOB_SUCCEEDED, "[0,");
    assert_int_equal(scene.house.idle, 1);
    scene_close(&scene, 2);
}

// The next turn, in which it would go on, never comes.
static void
test_stopped_when_just_resumed(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene);
    set_paused(&scene, true);
    set_paused(&scene, false);
    scene_close(&scene, 0);
}

// Idle workers go as ever, and come back when there is work again.
static void
test_idle_workers(void **state)
{
    const struct pool *pool;
    struct scene scene;

    (void)state;
    memset(&scene, 0, sizeof(scene));
    house_prepare(&scene.house, 1);
    scene.house.pool.processes = 2;
    scene.house.pool.processes_min = 0;
    scene.house.pool.idle_timeout_us = 1000;
    house_start(&scene.house);
    pool = dispatcher_pool(scene.house.dispatcher, 0);
    submit(&scene, 0, "answer");
    expect(&scene, 0, JOB_SUCCEEDED, "[0,");
    set_paused(&scene, true);
    submit(&scene, 1, "answer");
    LOOP_UNTIL(&scene.house.loop, pool_worker(pool, 0) == NULL && pool_worker(pool, 1) == NULL);
    assert_int_equal(house_report(&scene.house).queued, 1);
    set_paused(&scene, false);
    expect(&scene, 1, JOB_SUCCEEDED, "[");
    scene_close(&scene, 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_starts),
        cmocka_unit_test(test_an_idle_pool),
        cmocka_unit_test(test_others_go_on),
        cmocka_unit_test(test_retried),
        cmocka_unit_test(test_no_worker_can_start),
        cmocka_unit_test(test_timeouts),
        cmocka_unit_test(test_outlook),
        cmocka_unit_test(test_reloaded),
        cmocka_unit_test(test_resumed_meanwhile),
        cmocka_unit_test(test_left_behind),
        cmocka_unit_test(test_drained),
        cmocka_unit_test(test_stopped_when_just_resumed),
        cmocka_unit_test(test_idle_workers),
    };

    signal(SIGPIPE, SIG_IGN);
    log_set_level(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
