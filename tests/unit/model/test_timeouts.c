// Timeouts: which of the four is over next, from plain numbers, and that a request only shortens.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "model/timeouts.h"

static struct timeouts
timeouts_of(int64_t queue_us, int64_t run_us, int64_t silence_us, int64_t total_us)
{
    return (struct timeouts){.us = {[TIMEOUT_QUEUE] = queue_us,
                                    [TIMEOUT_RUN] = run_us,
                                    [TIMEOUT_SILENCE] = silence_us,
                                    [TIMEOUT_TOTAL] = total_us}};
}

static void
check_next(struct timeouts timeouts, const int64_t moments_us[4], int64_t due_us,
           enum timeout_kind kind)
{
    enum timeout_kind seen_kind = TIMEOUT_COUNT;
    int64_t seen_us = -1;

    assert_true(timeouts_next(&timeouts, moments_us[0], moments_us[1], moments_us[2], moments_us[3],
                              &seen_us, &seen_kind));
    assert_int_equal(seen_us, due_us);
    assert_int_equal(seen_kind, kind);
}
// Created, ready, started and heard of at these moments.
#define WITH_DELAY(created_us, ready_us, started_us, heard_us) \
    (const int64_t[])                                          \
    {                                                          \
        created_us, ready_us, started_us, heard_us             \
    }
#define AT(created_us, started_us, heard_us) \
    WITH_DELAY(created_us, created_us, started_us, heard_us)

static void
check_none(struct timeouts timeouts, const int64_t moments_us[4])
{
    enum timeout_kind kind = TIMEOUT_COUNT;
    int64_t due_us = 4711;

    assert_false(timeouts_next(&timeouts, moments_us[0], moments_us[1], moments_us[2],
                               moments_us[3], &due_us, &kind));
    assert_int_equal(due_us, 4711);
    assert_int_equal(kind, TIMEOUT_COUNT);
}

static void
test_names(void **state)
{
    (void)state;
    assert_string_equal(timeout_name(TIMEOUT_QUEUE), "queue");
    assert_string_equal(timeout_name(TIMEOUT_RUN), "run");
    assert_string_equal(timeout_name(TIMEOUT_SILENCE), "silence");
    assert_string_equal(timeout_name(TIMEOUT_TOTAL), "total");
}

static void
test_any(void **state)
{
    struct timeouts timeouts = {0};

    (void)state;
    assert_false(timeouts_any(&timeouts));
    for (int i = 0; i < TIMEOUT_COUNT; i++) {
        timeouts = (struct timeouts){0};
        timeouts.us[i] = 1;
        assert_true(timeouts_any(&timeouts));
    }
}

static void
test_a_request_only_shortens(void **state)
{
    struct timeouts asked = timeouts_of(5, 50, 0, 10);
    struct timeouts pool = timeouts_of(10, 20, 30, 0);

    (void)state;
    timeouts_tighten(&asked, &pool);
    assert_int_equal(asked.us[TIMEOUT_QUEUE], 5);    // shorter than the pool's
    assert_int_equal(asked.us[TIMEOUT_RUN], 20);     // longer: the pool's
    assert_int_equal(asked.us[TIMEOUT_SILENCE], 30); // only the pool has one
    assert_int_equal(asked.us[TIMEOUT_TOTAL], 10);   // only the request has one
    timeouts_tighten(&asked, &(struct timeouts){0});
    assert_int_equal(asked.us[TIMEOUT_RUN], 20);
}

static void
test_while_it_waits(void **state)
{
    (void)state;
    check_next(timeouts_of(10, 1, 1, 0), AT(100, 0, 0), 110, TIMEOUT_QUEUE);
    check_next(timeouts_of(0, 1, 1, 50), AT(100, 0, 0), 150, TIMEOUT_TOTAL);
    check_next(timeouts_of(60, 1, 1, 50), AT(100, 0, 0), 150, TIMEOUT_TOTAL);
    check_next(timeouts_of(40, 1, 1, 50), AT(100, 0, 0), 140, TIMEOUT_QUEUE);
    check_none(timeouts_of(0, 1, 1, 0), AT(100, 0, 0)); // these count from its start
}

// Only `queue` counts from when it is ready.
static void
test_with_a_delay(void **state)
{
    (void)state;
    check_next(timeouts_of(10, 1, 1, 0), WITH_DELAY(100, 500, 0, 0), 510, TIMEOUT_QUEUE);
    check_next(timeouts_of(10, 1, 1, 50), WITH_DELAY(100, 500, 0, 0), 150, TIMEOUT_TOTAL);
    check_next(timeouts_of(10, 7, 0, 0), WITH_DELAY(100, 500, 505, 0), 512, TIMEOUT_RUN);
    check_next(timeouts_of(10, 7, 0, 405), WITH_DELAY(100, 500, 505, 0), 505, TIMEOUT_TOTAL);
}

static void
test_while_it_runs(void **state)
{
    (void)state;
    check_next(timeouts_of(1, 10, 0, 0), AT(100, 200, 0), 210, TIMEOUT_RUN);
    check_next(timeouts_of(1, 10, 5, 0), AT(100, 200, 0), 205, TIMEOUT_SILENCE);
    check_next(timeouts_of(1, 10, 5, 104), AT(100, 200, 0), 204, TIMEOUT_TOTAL);
    check_none(timeouts_of(1, 0, 0, 0), AT(100, 200, 0)); // it waits no more
    check_none(timeouts_of(0, 0, 0, 0), AT(100, 200, 300));
}

static void
test_each_progress_restarts_silence_alone(void **state)
{
    (void)state;
    check_next(timeouts_of(0, 0, 5, 0), AT(100, 200, 204), 209, TIMEOUT_SILENCE);
    check_next(timeouts_of(0, 0, 5, 0), AT(100, 200, 208), 213, TIMEOUT_SILENCE);
    check_next(timeouts_of(0, 10, 5, 0), AT(100, 200, 208), 210, TIMEOUT_RUN);
    check_next(timeouts_of(0, 0, 5, 112), AT(100, 200, 208), 212, TIMEOUT_TOTAL);
}

// A year from a clock that is years old: no overflow on the way.
static void
test_the_longest(void **state)
{
    const int64_t year_us = INT64_C(31536000000000);

    (void)state;
    check_next(timeouts_of(year_us, year_us, year_us, year_us), AT(10 * year_us, 0, 0),
               11 * year_us, TIMEOUT_QUEUE);
    check_next(timeouts_of(year_us, year_us, year_us, year_us),
               AT(10 * year_us, 10 * year_us + 1, 0), 11 * year_us, TIMEOUT_TOTAL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_any),
        cmocka_unit_test(test_a_request_only_shortens),
        cmocka_unit_test(test_while_it_waits),
        cmocka_unit_test(test_with_a_delay),
        cmocka_unit_test(test_while_it_runs),
        cmocka_unit_test(test_each_progress_restarts_silence_alone),
        cmocka_unit_test(test_the_longest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
