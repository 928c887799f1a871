// Who was quiet for too long is found, once; a sign of life counts; nobody is found who left.
#include "tests/unit/loop.h"
#include "transport/quiet.h"

#include <string.h>

#define MANY 1000

struct sleeper {
    struct quiet_watch watch;
    struct quiet *again;   // watched anew when it is found
    struct sleeper *other; // leaves when this one is found
    int found;
};

static void
found_cb(void *context)
{
    struct sleeper *sleeper = context;

    sleeper->found++;
    assert_null(sleeper->watch.quiet);
    if (sleeper->other != NULL)
        quiet_watch(NULL, &sleeper->other->watch);
    quiet_watch(sleeper->again, &sleeper->watch);
    if (sleeper->found == 3)
        quiet_watch(NULL, &sleeper->watch);
}

static void
begin(struct sleeper *sleeper, struct quiet *quiet)
{
    *sleeper = (struct sleeper){0};
    quiet_watch_init(&sleeper->watch, found_cb, sleeper);
    quiet_watch(quiet, &sleeper->watch);
}

static void
test_found_in_order(void **state)
{
    struct sleeper sleepers[3];
    struct loop loop;
    struct quiet *quiet;
    int64_t began_us = clock_us();

    (void)state;
    loop_open(&loop);
    quiet = quiet_new(loop.base, 50000);
    for (int i = 0; i < 3; i++)
        begin(&sleepers[i], quiet);
    quiet_watch(quiet, &sleepers[0].watch); // a sign of life: it is the last now
    LOOP_UNTIL(&loop, sleepers[0].found);
    assert_int_equal(sleepers[1].found, 1);
    assert_int_equal(sleepers[2].found, 1);
    assert_true(clock_us() - began_us >= 50000);
    loop_settle(&loop);
    assert_int_equal(sleepers[0].found, 1);
    quiet_free(quiet);
    loop_close(&loop);
}

static void
test_signs_of_life(void **state)
{
    struct sleeper lively, dull;
    struct loop loop;
    struct quiet *quiet;

    (void)state;
    loop_open(&loop);
    quiet = quiet_new(loop.base, 100000);
    begin(&dull, quiet);
    begin(&lively, quiet);
    // However slow this machine is: whoever was heard since is not found before.
    while (!dull.found) {
        quiet_watch(quiet, &lively.watch);
        event_base_loop(loop.base, EVLOOP_ONCE);
    }
    assert_int_equal(lively.found, 0);
    LOOP_UNTIL(&loop, lively.found);
    quiet_free(quiet);
    loop_close(&loop);
}

static void
test_leaving(void **state)
{
    struct sleeper stays, leaves, moves;
    struct loop loop;
    struct quiet *quiet, *patient;

    (void)state;
    loop_open(&loop);
    quiet = quiet_new(loop.base, 20000);
    patient = quiet_new(loop.base, 3600000000);
    begin(&stays, quiet);
    begin(&leaves, quiet);
    begin(&moves, quiet);
    quiet_watch(NULL, &leaves.watch);
    quiet_watch(NULL, &leaves.watch); // a second time is no harm
    quiet_watch(patient, &moves.watch);
    assert_ptr_equal(moves.watch.quiet, patient);
    LOOP_UNTIL(&loop, stays.found);
    begin(&stays, quiet);
    begin(&leaves, quiet);
    stays.other = &leaves; // at the same moment, from inside
    LOOP_UNTIL(&loop, stays.found);
    loop_settle(&loop);
    assert_int_equal(leaves.found, 0);
    assert_int_equal(moves.found, 0);
    quiet_free(quiet);
    quiet_free(patient);
    loop_close(&loop);
}

static void
test_for_ever(void **state)
{
    struct sleeper sleeper;
    struct loop loop;
    struct quiet *quiet;

    (void)state;
    loop_open(&loop);
    quiet = quiet_new(loop.base, 0);
    begin(&sleeper, quiet);
    assert_null(sleeper.watch.quiet);
    loop_settle(&loop);
    assert_int_equal(sleeper.found, 0);
    quiet_free(quiet);
    quiet_free(NULL);
    loop_close(&loop);
}

static void
test_watched_again(void **state)
{
    struct sleeper sleeper;
    struct loop loop;
    struct quiet *quiet;

    (void)state;
    loop_open(&loop);
    quiet = quiet_new(loop.base, 5000);
    begin(&sleeper, quiet);
    sleeper.again = quiet;
    LOOP_UNTIL(&loop, sleeper.found == 3);
    loop_settle(&loop);
    assert_int_equal(sleeper.found, 3);
    quiet_free(quiet);
    loop_close(&loop);
}

// All at once: in portions, so that others get their turn.
static void
test_many(void **state)
{
    static struct sleeper sleepers[MANY];
    struct loop loop;
    struct quiet *quiet;
    int before = 0, portions = 0, found = 0;

    (void)state;
    loop_open(&loop);
    quiet = quiet_new(loop.base, 20000);
    for (int i = 0; i < MANY; i++)
        begin(&sleepers[i], quiet);
    while (clock_us() < sleepers[MANY - 1].watch.due_us)
        ;
    while (found < MANY) {
        event_base_loop(loop.base, EVLOOP_ONCE);
        for (found = 0; found < MANY && sleepers[found].found; found++)
            ;
        assert_in_range(found - before, 0, QUIET_ENDS_PER_TURN);
        portions += found > before;
        before = found;
    }
    assert_true(portions >= MANY / QUIET_ENDS_PER_TURN);
    quiet_free(quiet);
    loop_close(&loop);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found_in_order), cmocka_unit_test(test_signs_of_life),
        cmocka_unit_test(test_leaving),        cmocka_unit_test(test_for_ever),
        cmocka_unit_test(test_watched_again),  cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
