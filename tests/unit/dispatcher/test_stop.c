// The end of pools: whichever of their workers go in the same turn of the loop, none is looked at
// after its pool.
#include "common/log.h"
#include "tests/unit/dispatcher/fixture.h"

#include <signal.h>

#define POOLS 3

static pid_t
worker_pid(const struct pool *pool)
{
    struct worker_report report;

    worker_report(pool_worker(pool, 0), &report);
    return report.pid;
}

// All but the first are dropped. Their workers do not take notice of that, and end at once.
static void
test_pools_gone_in_one_turn(void **state)
{
    static const char *const names[POOLS] = {"one", "two", "three"};
    struct pool_config pools[POOLS];
    struct config config;
    struct house house;
    pid_t pids[POOLS];
    siginfo_t info;

    (void)state;
    house_prepare(&house, 1);
    for (int i = 0; i < POOLS; i++) {
        pools[i] = house.pool;
        pools[i].name = (char *)names[i];
        pools[i].kill_delay_us = 5000000;
    }
    house.config.pools = pools;
    house.config.pool_count = POOLS;
    config = house.config;
    config.pool_count = 1;
    house_start(&house);
    for (size_t i = 0; i < POOLS; i++) {
        LOOP_UNTIL(&house.loop, pool_has_room(dispatcher_pool(house.dispatcher, i)));
        pids[i] = worker_pid(dispatcher_pool(house.dispatcher, i));
        assert_int_equal(kill(pids[i], i > 0 ? SIGSTOP : 0), 0);
    }
    assert_int_equal(dispatcher_reload(house.dispatcher, &config), 0);
    LOOP_UNTIL(&house.loop, house.reloaded == 1);
    assert_non_null(dispatcher_pool(house.dispatcher, POOLS - 1)); // on its way out
    for (size_t i = 1; i < POOLS; i++) {
        assert_int_equal(kill(pids[i], SIGKILL), 0);
        assert_int_equal(waitid(P_PID, (id_t)pids[i], &info, WEXITED | WNOWAIT), 0);
    }
    LOOP_UNTIL(&house.loop, dispatcher_pool(house.dispatcher, 1) == NULL);
    house_close(&house);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pools_gone_in_one_turn),
    };

    signal(SIGPIPE, SIG_IGN);
    log_set_level(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
