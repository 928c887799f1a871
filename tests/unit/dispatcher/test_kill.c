// A worker that is killed because somebody wants it: only that one, its jobs are lost as with any
// death or run again, and the next worker comes at once.
#include "common/log.h"
#include "pool/pool_internal.h"
#include "tests/unit/dispatcher/result.h"

#include <signal.h>

#define JOBS 4

struct scene {
    struct house house;
    struct result results[JOBS];
};

static const struct worker *
worker_of(const struct scene *scene)
{
    return pool_worker(dispatcher_pool(scene->house.dispatcher, 0), 0);
}

static struct worker_report
report_of(const struct scene *scene)
{
    struct worker_report report = {.pid = 0};

    if (worker_of(scene) != NULL)
        worker_report(worker_of(scene), &report);
    return report;
}

static void
await_ready(struct scene *scene)
{
    LOOP_UNTIL(&scene->house.loop, report_of(scene).was_ready);
}

static void
scene_open(struct scene *scene, unsigned threads)
{
    memset(scene, 0, sizeof(*scene));
    house_prepare(&scene->house, threads);
    scene->house.methods[6] = (char *)"gate";
    scene->house.methods[7] = (char *)"held";
    scene->house.pool.crash_limit = 3;
    house_start(&scene->house);
    await_ready(scene);
}

static struct job *
submit(struct scene *scene, int index, const char *method, unsigned retries)
{
    struct job *job = result_job(&scene->results[index], "[]");

    job->retries = retries;
    dispatcher_submit(scene->house.dispatcher, span_of(method), job);
    return job;
}

static bool
kill_worker(struct scene *scene, pid_t pid)
{
    return dispatcher_kill_worker(scene->house.dispatcher, "test", 0, pid);
}

static void
await_lost(struct scene *scene, int index)
{
    await(&scene->house, &scene->results[index], JOB_LOST, "\"code\":-32010");
    assert_non_null(strstr(scene->results[index].body, "\"cause\":\"killed\""));
    assert_null(strstr(scene->results[index].body, "\"signal\""));
}

// All that it had in hand is lost, and nothing else.
static void
test_its_jobs(void **state)
{
    struct scene scene;
    pid_t pid;

    (void)state;
    scene_open(&scene, 2);
    pid = report_of(&scene).pid;
    submit(&scene, 0, "silent", 0);
    submit(&scene, 1, "hang", 0);
    submit(&scene, 2, "answer", 0); // waits
    assert_true(kill_worker(&scene, pid));
    await_lost(&scene, 0);
    await_lost(&scene, 1);
    await(&scene.house, &scene.results[2], JOB_SUCCEEDED, "[0,");
    assert_int_not_equal(report_of(&scene).pid, pid);
    house_close(&scene.house);
}

static void
test_retries(void **state)
{
    struct scene scene;

    (void)state;
    scene_open(&scene, 1);
    submit(&scene, 0, "gate", 1);
    LOOP_UNTIL(&scene.house.loop, house_report(&scene.house).queued == 0);
    assert_true(kill_worker(&scene, report_of(&scene).pid));
    LOOP_UNTIL(&scene.house.loop, house_report(&scene.house).queued == 1);
    temporary_write(&scene.house.temporary, "gate", "", 0644);
    await(&scene.house, &scene.results[0], JOB_SUCCEEDED, "[0,");
    assert_int_equal(scene.house.statistics.jobs.ended[JOB_LOST], 0);
    house_close(&scene.house);
}

// Nobody kills another than the one that he has seen.
static void
test_only_that_one(void **state)
{
    struct dispatcher *dispatcher;
    struct scene scene;
    pid_t pid;

    (void)state;
    scene_open(&scene, 1);
    dispatcher = scene.house.dispatcher;
    pid = report_of(&scene).pid;
    submit(&scene, 0, "hang", 0);
    assert_false(kill_worker(&scene, 0));
    assert_false(kill_worker(&scene, getpid()));
    assert_false(kill_worker(&scene, pid + 1));
    assert_false(dispatcher_kill_worker(dispatcher, "test", 1, pid));
    assert_false(dispatcher_kill_worker(dispatcher, "test", UINT32_MAX, pid));
    assert_false(dispatcher_kill_worker(dispatcher, "tes", 0, pid));
    loop_settle(&scene.house.loop);
    assert_int_equal(kill(pid, 0), 0);
    assert_true(kill_worker(&scene, pid));
    assert_true(kill_worker(&scene, pid)); // it is still there
    await_lost(&scene, 0);
    await_ready(&scene);
    assert_int_not_equal(report_of(&scene).pid, pid);
    assert_false(kill_worker(&scene, pid)); // its successor stays
    pid = report_of(&scene).pid;
    submit(&scene, 1, "answer", 0);
    await(&scene.house, &scene.results[1], JOB_SUCCEEDED, "[0,");
    assert_int_equal(report_of(&scene).pid, pid);
    house_close(&scene.house);
}

// One that is dead already, and only its pipe is held by another, has no number any more.
static void
test_not_the_dead(void **state)
{
    struct scene scene;
    char text[32];
    pid_t pid;

    (void)state;
    scene_open(&scene, 1);
    pid = report_of(&scene).pid;
    submit(&scene, 0, "held", 0);
    LOOP_UNTIL(&scene.house.loop,
               report_of(&scene).state == WORKER_ENDING || report_of(&scene).pid != pid);
    assert_false(kill_worker(&scene, pid));
    await(&scene.house, &scene.results[0], JOB_LOST, "\"signal\":\"SIGKILL\"");
    kill(atoi(temporary_read(&scene.house.temporary, "held", text, sizeof(text))), SIGKILL);
    house_close(&scene.house);
}

// An idle one is replaced without delay, as often as one likes, for it has not failed.
static void
test_no_failure(void **state)
{
    struct pool_report report;
    const struct pool *pool;
    struct scene scene;

    (void)state;
    scene_open(&scene, 1);
    pool = dispatcher_pool(scene.house.dispatcher, 0);
    for (uint64_t i = 1; i <= 8; i++) {
        assert_true(kill_worker(&scene, report_of(&scene).pid));
        LOOP_UNTIL(&scene.house.loop, (pool_report(pool, &report), report.restarts == i));
        assert_int_equal(pool->places[0].failures, 0);
        assert_int_equal(pool->places[0].failed_starts, 0);
        await_ready(&scene);
    }
    assert_false(span_present(report.start_error));
    submit(&scene, 0, "answer", 0);
    await(&scene.house, &scene.results[0], JOB_SUCCEEDED, "[0,");
    house_close(&scene.house);
}

// One that is not ready yet, either: nor does it count as one that could not be started.
static void
test_a_starting_one(void **state)
{
    struct pool_report report;
    const struct pool *pool;
    struct scene scene;

    (void)state;
    memset(&scene, 0, sizeof(scene));
    house_prepare(&scene.house, 1);
    scene.house.pool.wait_ready = true; // the script never says so
    house_start(&scene.house);
    pool = dispatcher_pool(scene.house.dispatcher, 0);
    submit(&scene, 0, "answer", 0);
    for (uint64_t i = 1; i <= 5; i++) {
        LOOP_UNTIL(&scene.house.loop, report_of(&scene).pid != 0);
        assert_true(kill_worker(&scene, report_of(&scene).pid));
        LOOP_UNTIL(&scene.house.loop, (pool_report(pool, &report), report.restarts == i));
    }
    assert_false(span_present(report.start_error));
    assert_int_equal(house_report(&scene.house).queued, 1);
    dispatcher_drain(scene.house.dispatcher);
    check(&scene.results[0], JOB_CANCELLED, "-32005");
    house_close(&scene.house);
}

// The answer and the kill come at the same time: one outcome, whichever it is.
static void
test_raced_by_the_answer(void **state)
{
    int succeeded = 0;
    struct scene scene;

    (void)state;
    scene_open(&scene, 1);
    for (int i = 0; i < 60; i++) {
        pid_t pid = report_of(&scene).pid;

        submit(&scene, 0, "answer", 0);
        loop_turn(&scene.house.loop);
        usleep((unsigned)i * 50); // the answer may be in the pipe by then
        kill_worker(&scene, pid);
        LOOP_UNTIL(&scene.house.loop, scene.results[0].times > 0);
        if (scene.results[0].state == JOB_SUCCEEDED)
            succeeded++;
        else
            await_lost(&scene, 0);
        assert_int_equal(scene.results[0].times, 1);
        LOOP_UNTIL(&scene.house.loop, report_of(&scene).pid != pid && report_of(&scene).was_ready);
    }
    print_message("answered before they were killed: %d of 60\n", succeeded);
    house_close(&scene.house);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_its_jobs),       cmocka_unit_test(test_retries),
        cmocka_unit_test(test_only_that_one),  cmocka_unit_test(test_not_the_dead),
        cmocka_unit_test(test_no_failure),     cmocka_unit_test(test_raced_by_the_answer),
        cmocka_unit_test(test_a_starting_one),
    };

    signal(SIGPIPE, SIG_IGN);
    log_set_level(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
