// What is learnt of run times: the mean follows everything, the typical one forgets what stands
// out.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "model/run_time.h"

static void
add(struct run_time *run_time, int count, int64_t us)
{
    for (int i = 0; i < count; i++)
        run_time_add(run_time, us);
}

static void
test_the_same_again_and_again(void **state)
{
    struct run_time run_time = {0};

    (void)state;
    add(&run_time, 1, 500);
    assert_int_equal(run_time.samples, 1);
    assert_true(run_time.mean_us == 500 && run_time.typical_us == 500);
    add(&run_time, 1000, 500);
    assert_int_equal(run_time.samples, RUN_TIME_WINDOW);
    assert_true(run_time.mean_us == 500 && run_time.typical_us == 500);
}

// A burst of answers comes as one long job and many of no length: the mean is that of all.
static void
test_bursts(void **state)
{
    struct run_time run_time = {0};

    (void)state;
    for (int i = 0; i < 100; i++) {
        add(&run_time, 1, 320);
        add(&run_time, 31, 0);
    }
    assert_true(run_time.mean_us > 5 && run_time.mean_us < 20);
    assert_true(run_time.typical_us > 5 && run_time.typical_us < 20);
}

static void
test_one_that_stands_out(void **state)
{
    struct run_time run_time = {0};

    (void)state;
    add(&run_time, 100, 10);
    add(&run_time, 1, 1000000);
    assert_true(run_time.mean_us > 10000);
    assert_true(run_time.typical_us < 50);
}

static void
test_a_change_for_good(void **state)
{
    struct run_time run_time = {0};
    int long_ones = 0;

    (void)state;
    add(&run_time, 100, 10);
    while (run_time.typical_us < 2000) {
        add(&run_time, 1, 1000000);
        long_ones++;
    }
    assert_in_range(long_ones, 2, 64);
}

static void
test_a_clock_that_stands(void **state)
{
    struct run_time run_time = {0};

    (void)state;
    add(&run_time, 3, 0);
    add(&run_time, 1, -5);
    assert_true(run_time.mean_us == 0 && run_time.typical_us == 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_again_and_again), cmocka_unit_test(test_bursts),
        cmocka_unit_test(test_one_that_stands_out),      cmocka_unit_test(test_a_change_for_good),
        cmocka_unit_test(test_a_clock_that_stands),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
