// When busy workers get a tiny job rather than an idle one.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "model/crowding.h"

static void
test_only_with_all_cores_busy(void **state)
{
    (void)state;
    assert_false(crowding_pays(1, 0, 2));
    assert_false(crowding_pays(1, 1, 2));
    assert_true(crowding_pays(1, 2, 2));
    assert_true(crowding_pays(1, 64, 64));
    assert_false(crowding_pays(1, 63, 64));
    assert_false(crowding_pays(1, 16, 0)); // it is not known how many there are
}

static void
test_only_tiny_ones(void **state)
{
    (void)state;
    assert_true(crowding_pays(10, 2, 2));
    assert_false(crowding_pays(11, 2, 2));
    assert_false(crowding_pays(INT32_MAX, 16, 2)); // that of a method that has never run
}

// Eight workers on one core see each other's time.
static void
test_shared_cores_make_jobs_look_longer(void **state)
{
    (void)state;
    assert_true(crowding_pays(80, 16, 2));
    assert_false(crowding_pays(81, 16, 2));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_with_all_cores_busy),
        cmocka_unit_test(test_only_tiny_ones),
        cmocka_unit_test(test_shared_cores_make_jobs_look_longer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
