// Another configuration while jobs wait and run: each has its one outcome, from where it belongs;
// pools come and go, and nothing of them is left. The workers are scripts
// (pool/script_worker.h); which process has answered is in the results.
#include "common/log.h"
#include "tests/unit/dispatcher/fixture.h"

#include <signal.h>

#define QUEUED 20

struct result {
    int times;
    enum job_state state;
    int order;
    int pid; // of the worker that has answered
    char body[512];
    struct dispatcher *dispatcher;
    struct job *victim; // is cancelled by this one's outcome
};

static int outcomes; // how many there were in this test

static void
finished_cb(void *context, const struct outcome *outcome)
{
    struct result *result = context;

    result->times++;
    result->state = outcome->state;
    result->order = outcomes++;
    snprintf(result->body, sizeof(result->body), "%.*s", (int)outcome->body.length,
             outcome->body.at);
    if (sscanf(result->body, "[%*d,%d]", &result->pid) != 1)
        result->pid = 0;
    if (result->victim != NULL)
        dispatcher_cancel(result->dispatcher, result->victim);
}

static const struct job_sink sink = {.finished = finished_cb};

// A house with a second configuration, the same as the first until the test changes it.
struct move {
    struct house house;
    struct pool_config pools[2];
    struct config config;
    char *argv[3];
    char *few[2];
    struct result results[QUEUED + 2];
};

static void
move_open(struct move *move)
{
    memset(move, 0, sizeof(*move));
    outcomes = 0;
    house_prepare(&move->house, 1);
    move->house.methods[6] = (char *)"gate";
    move->house.pool.kill_delay_us = 5000000;
    move->house.pool.crash_limit = 3;
    move->argv[0] = move->house.path;
    move->argv[1] = (char *)"other"; // the script does not mind
    move->few[0] = (char *)"answer";
    move->pools[0] = move->house.pool;
    move->config = move->house.config;
    move->config.pools = move->pools;
    house_start(&move->house);
    LOOP_UNTIL(&move->house.loop, pool_has_room(dispatcher_pool(move->house.dispatcher, 0)));
}

static struct job *
submit(struct move *move, int index, const char *method)
{
    struct job *job = job_new(SPAN("[]"), &sink, &move->results[index]);

    move->results[index].dispatcher = move->house.dispatcher;
    dispatcher_submit(move->house.dispatcher, span_of(method), job);
    return job;
}

static void
await(struct move *move, int index)
{
    LOOP_UNTIL(&move->house.loop, move->results[index].times > 0);
}

// One job runs until the gate is open, the others wait behind it.
static void
fill(struct move *move)
{
    submit(move, QUEUED, "gate");
    LOOP_UNTIL(&move->house.loop, house_report(&move->house).queued == 0);
    for (int i = 0; i < QUEUED; i++)
        submit(move, i, "answer");
}

static void
open_gate(struct move *move)
{
    temporary_write(&move->house.temporary, "gate", "", 0644);
}

static void
reload_with(struct move *move, const struct config *config)
{
    int before = move->house.reloaded;

    assert_int_equal(dispatcher_reload(move->house.dispatcher, config), 0);
    LOOP_UNTIL(&move->house.loop, move->house.reloaded == before + 1);
    assert_ptr_equal(dispatcher_config(move->house.dispatcher), config);
}

static const struct pool *
pool_at(const struct move *move, size_t index)
{
    return dispatcher_pool(move->house.dispatcher, index);
}

static int
worker_pid(const struct pool *pool)
{
    struct worker_report report;

    assert_non_null(pool_worker(pool, 0));
    worker_report(pool_worker(pool, 0), &report);
    return report.pid;
}

// Every job was answered once, and nobody but the pools that are served is left.
static void
move_close(struct move *move, int jobs)
{
    int seen = 0;

    LOOP_UNTIL(&move->house.loop, outcomes == jobs);
    LOOP_UNTIL(&move->house.loop,
               pool_at(move, dispatcher_config(move->house.dispatcher)->pool_count) == NULL);
    loop_settle(&move->house.loop);
    for (int i = 0; i < QUEUED + 2; i++) {
        assert_in_range(move->results[i].times, 0, 1);
        seen += move->results[i].times;
    }
    assert_int_equal(seen, jobs);
    house_close(&move->house);
}

static void
expect_answers_in_order(const struct move *move, int pid)
{
    for (int i = 0; i < QUEUED; i++) {
        assert_int_equal(move->results[i].state, JOB_SUCCEEDED);
        assert_int_equal(move->results[i].pid, pid);
        if (i > 0)
            assert_true(move->results[i].order > move->results[i - 1].order);
    }
}

// ---- what stays -----------------------------------------------------------------------------

static void
test_the_same_again(void **state)
{
    const struct pool *pool;
    struct move move;
    int pid;

    (void)state;
    move_open(&move);
    pool = pool_at(&move, 0);
    pid = worker_pid(pool);
    fill(&move);
    for (int i = 0; i < 3; i++)
        reload_with(&move, i % 2 == 0 ? &move.config : &move.house.config);
    assert_ptr_equal(pool_at(&move, 0), pool);
    assert_null(pool_at(&move, 1));
    assert_int_equal(house_report(&move.house).queued, QUEUED);
    open_gate(&move);
    move_close(&move, QUEUED + 1);
    expect_answers_in_order(&move, pid);
}

static void
test_another_pool(void **state)
{
    const struct pool *pool;
    struct move move;

    (void)state;
    move_open(&move);
    pool = pool_at(&move, 0);
    move.pools[1] = move.pools[0];
    move.pools[0].name = (char *)"first";
    move.pools[1].methods = move.house.methods;
    move.pools[0].methods = move.few;
    move.config.pool_count = 2;
    submit(&move, 0, "first.answer");
    assert_non_null(strstr(move.results[0].body, "-32601"));
    assert_int_equal(house_report(&move.house).workers_wanted, 1);
    reload_with(&move, &move.config);
    assert_int_equal(house_report(&move.house).workers_settled, 2);
    assert_ptr_equal(pool_at(&move, 1), pool); // in the order of the configuration
    submit(&move, 1, "first.answer");
    submit(&move, 2, "answer"); // the first one's by now
    submit(&move, 3, "test.answer");
    for (int i = 1; i < 4; i++)
        await(&move, i);
    assert_int_equal(move.results[1].pid, worker_pid(pool_at(&move, 0)));
    assert_int_equal(move.results[2].pid, worker_pid(pool_at(&move, 0)));
    assert_int_equal(move.results[3].pid, worker_pid(pool));
    move_close(&move, 4);
}

// ---- what changes ---------------------------------------------------------------------------

static void
test_changed(void **state)
{
    struct move move;
    int old_pid;
    int pid;

    (void)state;
    move_open(&move);
    old_pid = worker_pid(pool_at(&move, 0));
    move.pools[0].argv = move.argv;
    fill(&move);
    reload_with(&move, &move.config);
    pid = worker_pid(pool_at(&move, 0));
    assert_int_not_equal(pid, old_pid);
    assert_true(pool_is_winding_down(pool_at(&move, 1)));
    await(&move, QUEUED - 1); // the gate is shut, they do not wait for it
    assert_int_equal(move.results[QUEUED].times, 0);
    assert_int_equal(house_report(&move.house).running, 1);
    open_gate(&move);
    move_close(&move, QUEUED + 1);
    assert_int_equal(move.results[QUEUED].pid, old_pid);
    expect_answers_in_order(&move, pid);
}

// Until the new workers are up the old ones serve.
static void
test_served_until_then(void **state)
{
    struct move move;
    int pid;

    (void)state;
    move_open(&move);
    pid = worker_pid(pool_at(&move, 0));
    move.pools[0].argv = move.argv;
    move.pools[0].wait_ready = true; // the script never says so
    assert_int_equal(dispatcher_reload(move.house.dispatcher, &move.config), 0);
    loop_settle(&move.house.loop);
    assert_int_equal(house_report(&move.house).workers_settled, 0);
    submit(&move, 0, "answer");
    await(&move, 0);
    assert_int_equal(move.results[0].pid, pid);
    assert_int_equal(move.house.reloaded, 0);
    assert_ptr_equal(dispatcher_config(move.house.dispatcher), &move.house.config);
    // Another reload does not wait for the first one.
    reload_with(&move, &move.house.config);
    assert_int_equal(move.house.reloaded, 1);
    assert_int_equal(worker_pid(pool_at(&move, 0)), pid);
    move_close(&move, 1);
}

// The pool that is coming belongs to the next configuration too.
static void
test_coming_stays(void **state)
{
    struct config same;
    struct move move;
    int pid;

    (void)state;
    move_open(&move);
    move.pools[0].argv = move.argv;
    same = move.config;
    assert_int_equal(dispatcher_reload(move.house.dispatcher, &move.config), 0);
    LOOP_UNTIL(&move.house.loop, pool_at(&move, 1) != NULL && pool_worker(pool_at(&move, 1), 0));
    pid = worker_pid(pool_at(&move, 1));
    reload_with(&move, &same);
    assert_int_equal(worker_pid(pool_at(&move, 0)), pid);
    move_close(&move, 0);
}

// It ran in the old pool when its worker died: it runs again in the new one.
static void
test_retried(void **state)
{
    struct move move;
    struct job *job;
    int old_pid;

    (void)state;
    move_open(&move);
    old_pid = worker_pid(pool_at(&move, 0));
    move.pools[0].argv = move.argv;
    job = submit(&move, 0, "gate");
    job->retries = 1;
    LOOP_UNTIL(&move.house.loop, house_report(&move.house).queued == 0);
    reload_with(&move, &move.config);
    open_gate(&move);
    assert_int_equal(kill(old_pid, SIGKILL), 0);
    await(&move, 0);
    // It may have been answered before it was killed.
    if (move.results[0].pid != old_pid)
        assert_int_equal(move.results[0].pid, worker_pid(pool_at(&move, 0)));
    assert_int_equal(move.results[0].state, JOB_SUCCEEDED);
    move_close(&move, 1);
}

// ---- what goes ------------------------------------------------------------------------------

static void
test_dropped(void **state)
{
    struct move move;
    int pid;

    (void)state;
    move_open(&move);
    pid = worker_pid(pool_at(&move, 0));
    move.pools[0].name = (char *)"other";
    move.pools[0].methods = move.few;
    fill(&move);
    reload_with(&move, &move.config);
    submit(&move, QUEUED + 1, "hang");
    assert_non_null(strstr(move.results[QUEUED + 1].body, "-32601"));
    loop_settle(&move.house.loop);
    assert_int_equal(house_report(&move.house).queued, QUEUED); // they were accepted
    open_gate(&move);
    LOOP_UNTIL(&move.house.loop, outcomes == QUEUED + 2);
    expect_answers_in_order(&move, pid);
    move_close(&move, QUEUED + 2);
}

// The new pool does not serve it any more; the old one still does.
static void
test_dropped_method(void **state)
{
    struct move move;
    int old_pid;

    (void)state;
    move_open(&move);
    old_pid = worker_pid(pool_at(&move, 0));
    fill(&move);
    submit(&move, QUEUED + 1, "fail");
    move.pools[0].methods = move.few;
    reload_with(&move, &move.config);
    await(&move, QUEUED - 1);
    assert_int_equal(house_report(&move.house).queued, 1);
    expect_answers_in_order(&move, worker_pid(pool_at(&move, 0)));
    open_gate(&move);
    move_close(&move, QUEUED + 2);
    assert_int_equal(move.results[QUEUED].pid, old_pid);
    assert_non_null(strstr(move.results[QUEUED + 1].body, "\"code\":5"));
}

// Those that wait for their time run where their method is then, or hear at once that it is not.
// The first of those takes another with it, which is on its way as well.
static void
test_delayed(void **state)
{
    static const char *const methods[] = {"fail", "answer", "fail", "silent"};
    struct job *jobs[4];
    struct move move;
    int old_pid;

    (void)state;
    move_open(&move);
    old_pid = worker_pid(pool_at(&move, 0));
    for (int i = 0; i < 4; i++) {
        jobs[i] = job_new(SPAN("[]"), &sink, &move.results[i]);
        jobs[i]->delay_us = i == 1 ? 200000 : INT64_C(1000000000);
        move.results[i].dispatcher = move.house.dispatcher;
        dispatcher_submit(move.house.dispatcher, span_of(methods[i]), jobs[i]);
    }
    move.results[0].victim = jobs[2];
    assert_int_equal(house_report(&move.house).delayed, 4);
    move.pools[0].methods = move.few;
    reload_with(&move, &move.config);
    assert_non_null(strstr(move.results[0].body, "\"code\":-32601"));
    assert_int_equal(move.results[2].state, JOB_CANCELLED);
    assert_non_null(strstr(move.results[3].body, "\"code\":-32601"));
    assert_int_equal(outcomes, 3);
    LOOP_UNTIL(&move.house.loop, pool_at(&move, 1) == NULL);
    await(&move, 1);
    assert_int_equal(move.results[1].pid, worker_pid(pool_at(&move, 0)));
    assert_int_not_equal(move.results[1].pid, old_pid);
    move_close(&move, 4);
}

// Cancelled wherever they are; the pools that go have nothing left.
static void
test_cancelled(void **state)
{
    struct move move;
    struct job *jobs[3];

    (void)state;
    move_open(&move);
    jobs[0] = submit(&move, 0, "hang");
    LOOP_UNTIL(&move.house.loop, house_report(&move.house).queued == 0);
    jobs[1] = submit(&move, 1, "fail"); // stays
    jobs[2] = submit(&move, 2, "answer");
    move.pools[0].methods = move.few;
    reload_with(&move, &move.config);
    for (int i = 0; i < 2; i++)
        dispatcher_cancel(move.house.dispatcher, jobs[i]);
    await(&move, 2);
    move_close(&move, 3);
    assert_int_equal(move.results[0].state, JOB_CANCELLED);
    assert_int_equal(move.results[1].state, JOB_CANCELLED);
    assert_int_equal(move.results[2].state, JOB_SUCCEEDED);
}

// ---- what goes wrong ------------------------------------------------------------------------

// Workers that do not come up take over all the same, as after a restart. The first of the jobs
// that are refused takes another with it, which is on its way.
static void
test_cannot_start(void **state)
{
    struct move move;
    struct job *jobs[3];

    (void)state;
    move_open(&move);
    move.argv[0] = (char *)"/nowhere/worker";
    move.pools[0].argv = move.argv;
    submit(&move, QUEUED, "gate");
    LOOP_UNTIL(&move.house.loop, house_report(&move.house).queued == 0);
    for (int i = 0; i < 3; i++)
        jobs[i] = submit(&move, i, "answer");
    move.results[0].victim = jobs[2];
    reload_with(&move, &move.config);
    for (int i = 0; i < 3; i++)
        await(&move, i);
    assert_non_null(strstr(move.results[0].body, "\"cause\":\"start\""));
    assert_non_null(strstr(move.results[1].body, "\"cause\":\"start\""));
    assert_int_equal(move.results[2].state, JOB_CANCELLED);
    open_gate(&move);
    move_close(&move, 4);
    assert_int_equal(move.results[QUEUED].state, JOB_SUCCEEDED);
}

static void
test_cannot_be_made(void **state)
{
    const struct pool *pool;
    struct move move;
    int pid;

    (void)state;
    move_open(&move);
    pool = pool_at(&move, 0);
    pid = worker_pid(pool);
    fill(&move);
    move.pools[0].argv = move.argv; // this one could
    move.pools[1] = move.pools[0];
    move.pools[1].name = (char *)"second";
    move.pools[1].user = (char *)"nobody of that name";
    move.config.pool_count = 2;
    assert_int_equal(dispatcher_reload(move.house.dispatcher, &move.config), -1);
    LOOP_UNTIL(&move.house.loop, pool_at(&move, 1) == NULL);
    assert_ptr_equal(pool_at(&move, 0), pool);
    assert_false(pool_is_winding_down(pool));
    open_gate(&move);
    move_close(&move, QUEUED + 1);
    assert_int_equal(move.house.reloaded, 0);
    expect_answers_in_order(&move, pid);
}

// ---- the end --------------------------------------------------------------------------------

static void
test_drain_forgets(void **state)
{
    struct move move;

    (void)state;
    move_open(&move);
    move.pools[0].argv = move.argv;
    fill(&move);
    assert_int_equal(dispatcher_reload(move.house.dispatcher, &move.config), 0);
    dispatcher_drain(move.house.dispatcher);
    assert_int_equal(outcomes, QUEUED);
    assert_int_equal(move.house.idle, 0);
    open_gate(&move);
    move_close(&move, QUEUED + 1);
    assert_int_equal(move.house.idle, 1);
    assert_int_equal(move.house.reloaded, 0);
}

// Pools that go are part of the end, whatever they still have.
static void
test_abort_with_pools_that_go(void **state)
{
    struct move move;

    (void)state;
    move_open(&move);
    submit(&move, 0, "hang");
    LOOP_UNTIL(&move.house.loop, house_report(&move.house).queued == 0);
    submit(&move, 1, "fail");
    move.pools[0].methods = move.few;
    reload_with(&move, &move.config);
    assert_int_equal(dispatcher_reload(move.house.dispatcher, &move.house.config), 0);
    dispatcher_drain(move.house.dispatcher);
    assert_int_equal(outcomes, 1);
    dispatcher_abort(move.house.dispatcher);
    assert_int_equal(outcomes, 2);
    assert_int_equal(move.house.idle, 1);
    house_close(&move.house);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_again), cmocka_unit_test(test_another_pool),
        cmocka_unit_test(test_changed),        cmocka_unit_test(test_served_until_then),
        cmocka_unit_test(test_coming_stays),   cmocka_unit_test(test_retried),
        cmocka_unit_test(test_dropped),        cmocka_unit_test(test_dropped_method),
        cmocka_unit_test(test_delayed),        cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_cannot_start),   cmocka_unit_test(test_cannot_be_made),
        cmocka_unit_test(test_drain_forgets),  cmocka_unit_test(test_abort_with_pools_that_go),
    };

    signal(SIGPIPE, SIG_IGN);
    log_set_level((enum log_level)0); // workers that die are the rule here
    return cmocka_run_group_tests(tests, NULL, NULL);
}
