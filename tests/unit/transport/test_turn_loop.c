// The loop that measures itself: work counts, waiting does not, one turn in so many is measured
// exactly, and none that is long is missed.
#include "model/histogram.h"
#include "tests/unit/loop.h"

#define SPIN_US 40000

struct fixture {
    struct loop loop;
    struct histogram lag;
    struct turn_task task;
    struct event *timer;
    int turns; // to go
    int spin_at;
    struct timeval pause; // before each turn; 0: none
};

static void
go_on(struct fixture *fixture)
{
    int64_t until_us = clock_us() + SPIN_US;

    turn_begin(fixture->loop.turn);
    while (fixture->turns == fixture->spin_at && clock_us() < until_us)
        ;
    if (--fixture->turns == 0)
        event_base_loopbreak(fixture->loop.base);
    else if (fixture->pause.tv_sec + fixture->pause.tv_usec > 0)
        evtimer_add(fixture->timer, &fixture->pause);
    else
        turn_later(fixture->loop.turn, &fixture->task);
}

static void
timer_cb(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    go_on(context);
}

static void
task_run(void *context)
{
    go_on(context);
}

static void
run(struct fixture *fixture, int turns)
{
    loop_open(&fixture->loop);
    event_del(fixture->loop.tick); // its turns are none of ours
    fixture->turns = turns;
    fixture->timer = evtimer_new(fixture->loop.base, timer_cb, fixture);
    turn_task_init(&fixture->task, task_run, fixture);
    turn_later(fixture->loop.turn, &fixture->task);
    turn_loop(fixture->loop.turn, &fixture->lag);
    assert_int_equal(fixture->turns, 0);
    event_free(fixture->timer);
    loop_close(&fixture->loop);
}

static void
test_one_in_so_many(void **state)
{
    struct fixture fixture = {.spin_at = -1};
    struct histogram_report report;

    (void)state;
    run(&fixture, 10 * TURN_SAMPLE);
    histogram_report_ever(&fixture.lag, &report);
    assert_int_equal(report.count, 10);
    histogram_report_minute(&fixture.lag, clock_us(), &report);
    assert_int_equal(report.count, 10);
}

// Whichever turn it is.
static void
test_none_that_is_long_is_missed(void **state)
{
    (void)state;
    for (int i = 1; i <= TURN_SAMPLE; i++) {
        struct fixture fixture = {.spin_at = i};
        struct histogram_report report;

        run(&fixture, TURN_SAMPLE);
        histogram_report_ever(&fixture.lag, &report);
        // A coarse clock may be a tick behind, of 10 ms at most.
        assert_true(report.max_us >= SPIN_US - 10000);
        assert_int_equal(report.count, 1);
    }
}

static void
test_waiting_does_not_count(void **state)
{
    struct fixture fixture = {.spin_at = -1, .pause = {.tv_usec = 300000}};
    struct histogram_report report;

    (void)state;
    run(&fixture, 5);
    histogram_report_ever(&fixture.lag, &report);
    assert_int_equal(report.count, 1);
    assert_true(report.max_us < 300000);
}

// A turn in which nobody said anything has not begun; asking for work is saying it.
static void
test_begin(void **state)
{
    struct fixture fixture = {.spin_at = -1};

    (void)state;
    loop_open(&fixture.loop);
    turn_begin(fixture.loop.turn); // nobody measures
    turn_begin(fixture.loop.turn);
    loop_close(&fixture.loop);
    assert_int_equal(fixture.lag.ever.max_us, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_in_so_many),
        cmocka_unit_test(test_none_that_is_long_is_missed),
        cmocka_unit_test(test_waiting_does_not_count),
        cmocka_unit_test(test_begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
