// Forecast: its formula at its ends, and, by playing random queues, that what is said is kept.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "model/forecast.h"
#include "model/run_time.h"
#include "tests/unit/model/chance.h"

#include <math.h>

static int64_t
wait_us(int64_t work_us, int64_t mean_us, unsigned running, unsigned slots)
{
    struct forecast forecast = {
        .work_us = work_us, .mean_us = mean_us, .running = running, .slots = slots};

    return forecast_wait_us(&forecast);
}

static int64_t
retry_us(int64_t work_us, unsigned slots)
{
    struct forecast forecast = {.work_us = work_us, .slots = slots};

    return forecast_retry_us(&forecast);
}

static void
test_wait(void **state)
{
    (void)state;
    assert_int_equal(wait_us(0, 1000, 3, 4), 0); // a slot is free
    assert_int_equal(wait_us(0, 0, 0, 1), 0);
    assert_int_equal(wait_us(0, 0, 4, 4), 0);            // nothing was measured yet
    assert_in_range(wait_us(0, 1000, 1, 1), 3000, 3010); // one job, and two deviations
    assert_in_range(wait_us(0, 1000, 4, 4), 2000, 2020);
    // The more jobs, the less it counts that they scatter; what is left is what is not known of the
    // mean.
    assert_in_range(wait_us(99 * 1000, 1000, 1, 1), 126 * 1000, 127 * 1000);
    assert_in_range(wait_us(9996 * 1000, 1000, 4, 4), 2944 * 1000, 2946 * 1000);
    // Something waits though slots are free: they are just starting.
    assert_true(wait_us(1000, 1000, 0, 4) > 0);
}

static void
test_retry(void **state)
{
    (void)state;
    assert_int_equal(retry_us(0, 1), 100000);
    assert_int_equal(retry_us(10000000, 1), 1000000);
    assert_int_equal(retry_us(10000000, 4), 250000);
    assert_int_equal(retry_us(INT64_C(100000) * 3600000000, 1), 60000000);
}

// Run times that scatter as much as they last: exponential.
static double
run_time(unsigned *seed, double mean_us)
{
    return -mean_us * log((1.0 + chance(seed, 1000000)) / 1000001.0);
}

// When a job starts that has `waiting` others before it, while all slots are at work.
static double
play(unsigned *seed, unsigned slots, unsigned waiting, double mean_us)
{
    double free_us[16];
    double start_us = 0;

    for (unsigned i = 0; i < slots; i++)
        free_us[i] = run_time(seed, mean_us);
    for (unsigned i = 0; i <= waiting; i++) {
        unsigned first = 0;

        for (unsigned j = 1; j < slots; j++)
            if (free_us[j] < free_us[first])
                first = j;
        start_us = free_us[first];
        free_us[first] += run_time(seed, mean_us);
    }
    return start_us;
}

// What would be said by who has seen so many jobs.
static double
learnt_us(unsigned *seed, unsigned jobs, double mean_us)
{
    struct run_time learnt = {0};

    for (unsigned i = 0; i < jobs; i++)
        run_time_add(&learnt, (int64_t)run_time(seed, mean_us));
    return learnt.mean_us;
}

// The mean is not given but learnt, and the queues are long.
static void
test_is_kept_by_who_has_to_learn(void **state)
{
    unsigned seed = chance_seed();
    int games = 3000;
    int late = 0;
    double said = 0;
    double was = 0;

    (void)state;
    for (int i = 0; i < games; i++) {
        unsigned slots = 1 + chance(&seed, 4);
        unsigned waiting = 100 + chance(&seed, 1000);
        int64_t mean_us = (int64_t)learnt_us(&seed, 500, 10000);
        int64_t said_us = wait_us(waiting * mean_us, mean_us, slots, slots);
        double was_us = play(&seed, slots, waiting, 10000);

        late += was_us > (double)said_us;
        said += (double)said_us;
        was += was_us;
    }
    if (late > games / 20)
        fail_msg("%d of %d later than said", late, games);
    assert_true(said < 1.5 * was);
}

static void
test_is_kept(void **state)
{
    unsigned seed = chance_seed();
    int games = 20000;
    int late = 0;
    double said = 0;
    double was = 0;

    (void)state;
    for (int i = 0; i < games; i++) {
        unsigned slots = 1 + chance(&seed, 16);
        unsigned waiting = chance(&seed, 200);
        int64_t said_us = wait_us(waiting * INT64_C(10000), 10000, slots, slots);
        double was_us = play(&seed, slots, waiting, 10000);

        late += was_us > (double)said_us;
        said += (double)said_us;
        was += was_us;
    }
    // One in forty may be late; and it is not said so by saying anything however long.
    if (late > games / 25)
        fail_msg("%d of %d later than said", late, games);
    assert_true(said < 2 * was);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wait),
        cmocka_unit_test(test_retry),
        cmocka_unit_test(test_is_kept),
        cmocka_unit_test(test_is_kept_by_who_has_to_learn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
