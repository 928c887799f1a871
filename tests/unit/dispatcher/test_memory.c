// Out of memory in dispatcher/: nothing is made by halves, and every job has its one outcome.
#include "common/log.h"
#include "dispatcher/sleeper.h"
#include "tests/unit/dispatcher/fixture.h"
#include "tests/unit/failing_malloc.h"

#include <signal.h>

static void
test_routes(void **state)
{
    static char *methods[] = {(char *)"echo", (char *)"sum", NULL};
    struct pool_config pools[] = {{.name = (char *)"a", .methods = methods},
                                  {.name = (char *)"b", .methods = methods}};
    struct config config = {.pools = pools, .pool_count = 2};

    (void)state;
    FAIL_EACH_ALLOCATION(run)
    {
        struct routes *routes = routes_new(&config);

        assert_int_equal(routes == NULL, allocation_failed());
        routes_free(routes);
    }
}

static void
finished_cb(void *context, struct job *job, const struct outcome *outcome)
{
    *(enum job_state *)context = outcome->state;
    job_free(job);
}

static void
check_sleeper(struct loop *loop, const char *params)
{
    static const struct sleeper_callbacks callbacks = {.finished = finished_cb};

    FAIL_EACH_ALLOCATION(run)
    {
        enum job_state state = JOB_QUEUED;
        size_t budget = allocations_until_failure;
        struct sleeper *sleeper;
        struct job *job;

        allocations_until_failure = 0;
        job = job_new(span_of(params), NULL, NULL);
        allocations_until_failure = budget;
        sleeper = sleeper_new(loop->base, &callbacks, &state);
        if (sleeper == NULL) {
            assert_true(allocation_failed());
            job_free(job);
            continue;
        }
        sleeper_submit(sleeper, job);
        LOOP_UNTIL(loop, state != JOB_QUEUED);
        if (!allocation_failed())
            assert_int_equal(state, params[1] == '0' ? JOB_SUCCEEDED : JOB_FAILED);
        else
            assert_int_equal(state, JOB_FAILED);
        sleeper_free(sleeper);
    }
}

static void
test_sleeper(void **state)
{
    struct loop loop;

    (void)state;
    loop_open(&loop);
    check_sleeper(&loop, "[0]");
    check_sleeper(&loop, "[-1]");
    loop_close(&loop);
}

static void
settled(void *context, const struct outcome *outcome)
{
    (void)outcome;
    ++*(int *)context;
}

// A whole life with jobs that are answered, refused and cancelled.
static void
test_life_of_a_dispatcher(void **state)
{
    static const struct job_sink sink = {.finished = settled};
    static const char *const methods[] = {"nothing", "sleep", "answer", "hang"};
    struct house house;
    struct job *job;

    (void)state;
    FAIL_EACH_ALLOCATION(run)
    {
        size_t budget = allocations_until_failure;
        int done = 0;

        allocations_until_failure = 0;
        house_prepare(&house, 1);
        house_start(&house); // the one that lives
        LOOP_UNTIL(&house.loop, pool_has_room(dispatcher_pool(house.dispatcher, 0)));
        for (int i = 0; i < 4; i++) {
            job = job_new(SPAN("[]"), &sink, &done);
            allocations_until_failure = budget;
            dispatcher_submit(house.dispatcher, span_of(methods[i]), job);
            LOOP_UNTIL(&house.loop, done == i + 1 || i == 3);
            budget = allocations_until_failure;
            allocations_until_failure = 0;
        }
        allocations_until_failure = budget;
        if (done == 3)
            dispatcher_cancel(house.dispatcher, job);
        allocation_failed();
        assert_int_equal(done, 4);
        house_close(&house);
    }
}

// Made by halves or not at all.
static void
test_new_dispatcher(void **state)
{
    static const struct dispatcher_callbacks callbacks = {.idle = house_idle_cb,
                                                          .stopped = house_stopped_cb};
    struct house house;

    (void)state;
    house_prepare(&house, 1);
    FAIL_EACH_ALLOCATION(run)
    {
        struct dispatcher_settings settings = {.base = house.loop.base,
                                               .turn = house.loop.turn,
                                               .config = &house.config,
                                               .statistics = &house.statistics};
        struct dispatcher *dispatcher = dispatcher_new(&settings, &callbacks, &house);

        assert_int_equal(dispatcher == NULL, allocation_failed());
        dispatcher_free(dispatcher);
    }
    temporary_close(&house.temporary);
    loop_close(&house.loop);
}

// Another configuration comes as a whole or not at all.
static void
test_reload(void **state)
{
    struct pool_config pools[2];
    struct config config;
    struct house house;

    (void)state;
    house_prepare(&house, 1);
    house_start(&house);
    pools[0] = pools[1] = house.pool;
    pools[0].name = (char *)"first";
    pools[1].nice = 1;
    config = house.config;
    config.pools = pools;
    config.pool_count = 2;
    FAIL_EACH_ALLOCATION(run)
    {
        int status = dispatcher_reload(house.dispatcher, &config);
        bool failed = allocation_failed();

        assert_true(status == 0 || failed);
        if (status == 0)
            LOOP_UNTIL(&house.loop, house.reloaded == 1);
        LOOP_UNTIL(&house.loop, dispatcher_pool(house.dispatcher, status == 0 ? 2 : 1) == NULL);
        assert_ptr_equal(dispatcher_config(house.dispatcher),
                         status == 0 ? &config : &house.config);
        if (status == 0)
            break;
    }
    house_close(&house);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_routes),
        cmocka_unit_test(test_sleeper),
        cmocka_unit_test(test_life_of_a_dispatcher),
        cmocka_unit_test(test_new_dispatcher),
        cmocka_unit_test(test_reload),
    };

    signal(SIGPIPE, SIG_IGN);
    log_set_level((enum log_level)0); // nothing at all: failures are the rule here
    return cmocka_run_group_tests(tests, NULL, NULL);
}
