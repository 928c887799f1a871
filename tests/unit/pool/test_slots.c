// Slots: numbers that lead back to exactly one job, whatever a worker answers.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "pool/slots.h"

#include <stdio.h>

static struct job jobs[8];

// What the answer with this id gives.
static bool
take(struct slots *slots, const char *id, struct job **ret_job)
{
    return slots_take(slots, span_of(id), ret_job);
}

static bool
take_number(struct slots *slots, uint64_t number, struct job **ret_job)
{
    char id[24];

    snprintf(id, sizeof(id), "%llu", (unsigned long long)number);
    return take(slots, id, ret_job);
}

static uint64_t
put(struct slots *slots, struct job *job)
{
    uint64_t number = slots_next_number(slots);
    struct job *started;

    slots_put(slots, number, job, 10);
    slots_start(slots, 1, &started);
    return number;
}

static void
test_fill_and_empty(void **state)
{
    struct slots *slots = slots_new(3, 0);
    uint64_t numbers[3];
    struct job *job;

    (void)state;
    assert_int_equal(slots_busy(slots), 0);
    for (int i = 0; i < 3; i++) {
        assert_false(slots_full(slots));
        numbers[i] = put(slots, &jobs[i]);
        assert_int_equal(slots_busy(slots), i + 1);
    }
    assert_true(slots_full(slots));
    for (int i = 2; i >= 0; i--) {
        assert_true(take_number(slots, numbers[i], &job));
        assert_ptr_equal(job, &jobs[i]);
        assert_int_equal(slots_busy(slots), i);
    }
    slots_free(slots);
    slots_free(NULL);
}

// No number is used twice, in whatever order the slots become free.
static void
test_numbers_are_fresh(void **state)
{
    struct slots *slots = slots_new(3, 0);
    static bool seen[10000];
    uint64_t number;
    struct job *job;

    (void)state;
    put(slots, &jobs[0]); // one that stays
    for (int i = 0; i < 2000; i++) {
        uint64_t other = put(slots, &jobs[2]);

        number = put(slots, &jobs[1]);
        assert_true(number < 10000 && other < 10000);
        assert_false(seen[number] || seen[other]);
        seen[number] = seen[other] = true;
        assert_true(take_number(slots, i % 2 == 0 ? number : other, &job));
        assert_true(take_number(slots, i % 2 == 0 ? other : number, &job));
    }
    slots_free(slots);
}

static void
test_late_and_invented_answers(void **state)
{
    struct slots *slots = slots_new(2, 0);
    struct job *job = &jobs[7];
    uint64_t first = put(slots, &jobs[0]);
    uint64_t second;

    (void)state;
    assert_true(take_number(slots, first, &job));
    job = &jobs[7];
    assert_false(take_number(slots, first, &job)); // answered already
    second = put(slots, &jobs[1]);
    assert_false(take_number(slots, first, &job)); // late: the slot has another job
    assert_false(take_number(slots, second + 2, &job));
    assert_false(take_number(slots, second + 1, &job));
    assert_false(take_number(slots, second - 2, &job));
    assert_ptr_equal(job, &jobs[7]);
    assert_int_equal(slots_busy(slots), 1);
    slots_free(slots);
}

static void
test_ids_that_are_no_numbers(void **state)
{
    static const char *const ids[] = {"",
                                      "null",
                                      "-2",
                                      "2.0",
                                      "2e0",
                                      "\"2\"",
                                      "+2",
                                      "true",
                                      " 2",
                                      "2 ",
                                      "[2]",
                                      "0x2",
                                      "2\n",
                                      "{}",
                                      "00000000000000000002",
                                      "18446744073709551618",
                                      "99999999999999999999999999999999999999999999999"};
    struct slots *slots = slots_new(1, 0);
    struct job *job = &jobs[7];

    (void)state;
    while (put(slots, &jobs[0]) != 2)
        slots_take_any(slots, &job);
    job = &jobs[7];
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
        if (take(slots, ids[i], &job))
            fail_msg("taken: %s", ids[i]);
    assert_false(slots_take(slots, (struct span){0}, &job));
    assert_ptr_equal(job, &jobs[7]);
    assert_true(take(slots, "2", &job));
    assert_ptr_equal(job, &jobs[0]);
    slots_free(slots);
}

static void
test_abandon(void **state)
{
    struct slots *slots = slots_new(2, 0);
    uint64_t numbers[2] = {put(slots, &jobs[0]), put(slots, &jobs[1])};
    struct job *job = &jobs[7];

    (void)state;
    assert_int_equal(slots_abandon(slots, &jobs[0], 1), numbers[0]);
    assert_true(slots_full(slots)); // the work goes on
    assert_true(take_number(slots, numbers[0], &job));
    assert_null(job);
    assert_int_equal(slots_busy(slots), 1);
    assert_true(take_number(slots, numbers[1], &job));
    assert_ptr_equal(job, &jobs[1]);
    slots_free(slots);
}

static void
test_look(void **state)
{
    struct slots *slots = slots_new(2, 0);
    uint64_t number = put(slots, &jobs[3]);
    struct job *job = &jobs[7];
    char id[24];

    (void)state;
    snprintf(id, sizeof(id), "%llu", (unsigned long long)number);
    assert_false(slots_look(slots, SPAN("4711"), &job));
    assert_false(slots_look(slots, SPAN("null"), &job));
    assert_false(slots_look(slots, (struct span){0}, &job));
    assert_ptr_equal(job, &jobs[7]);
    for (int i = 0; i < 3; i++) {
        assert_true(slots_look(slots, span_of(id), &job));
        assert_ptr_equal(job, &jobs[3]);
        assert_int_equal(slots_busy(slots), 1);
    }
    assert_int_equal(slots_abandon(slots, &jobs[3], 1), number);
    assert_true(slots_look(slots, span_of(id), &job));
    assert_null(job);
    assert_true(take(slots, id, &job));
    job = &jobs[7];
    assert_false(slots_look(slots, span_of(id), &job)); // answered already
    assert_ptr_equal(job, &jobs[7]);
    slots_free(slots);
}

// Who has been waited for longest among those that were asked to cancel.
static void
test_oldest_abandoned(void **state)
{
    struct slots *slots = slots_new(3, 0);
    uint64_t numbers[3];
    struct job *job;
    int64_t oldest_us = 4711;

    (void)state;
    for (int i = 0; i < 3; i++)
        numbers[i] = put(slots, &jobs[i]);
    assert_false(slots_oldest_abandoned(slots, &oldest_us));
    assert_int_equal(oldest_us, 4711);
    assert_int_equal(slots_abandon(slots, &jobs[1], 200), numbers[1]);
    assert_int_equal(slots_abandon(slots, &jobs[2], 100), numbers[2]);
    assert_int_equal(slots_wanted(slots), 1);
    assert_true(slots_oldest_abandoned(slots, &oldest_us));
    assert_int_equal(oldest_us, 100);
    assert_true(take_number(slots, numbers[2], &job));
    assert_true(slots_oldest_abandoned(slots, &oldest_us));
    assert_int_equal(oldest_us, 200);
    assert_true(take_number(slots, numbers[1], &job));
    assert_false(slots_oldest_abandoned(slots, &oldest_us));
    put(slots, &jobs[4]); // a fresh job in an old slot is not abandoned
    assert_false(slots_oldest_abandoned(slots, &oldest_us));
    slots_free(slots);
}

static void
test_take_any(void **state)
{
    struct slots *slots = slots_new(4, 0);
    struct job *job;
    int live = 0;
    int abandoned = 0;

    (void)state;
    for (int i = 0; i < 4; i++)
        put(slots, &jobs[i]);
    slots_abandon(slots, &jobs[2], 1);
    while (slots_take_any(slots, &job)) {
        live += job != NULL;
        abandoned += job == NULL;
        assert_true(job != &jobs[2]);
    }
    assert_int_equal(live, 3);
    assert_int_equal(abandoned, 1);
    assert_int_equal(slots_busy(slots), 0);
    slots_free(slots);
}

// The first to come begins when one is done; the numbers of those that wait are as good as any.
static void
test_begin_in_turn(void **state)
{
    struct slots *slots = slots_new(2, 3);
    uint64_t numbers[5];
    struct job *job;

    (void)state;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(slots_full(slots), i >= 2);
        assert_false(slots_ahead_full(slots));
        numbers[i] = slots_next_number(slots);
        slots_put(slots, numbers[i], &jobs[i], 10 * i);
        assert_int_equal(slots_start(slots, 1, &job), i < 2);
    }
    assert_true(slots_ahead_full(slots));
    assert_int_equal(slots_cost_us(slots), 100);
    assert_int_equal(slots_waiting(slots), 3);
    assert_int_equal(slots_wanted(slots), 5);
    assert_int_equal(slots_wanted_running(slots), 2);
    assert_true(take_number(slots, numbers[1], &job));
    assert_int_equal(slots_cost_us(slots), 90);
    assert_true(slots_start(slots, 1, &job));
    assert_ptr_equal(job, &jobs[2]);
    assert_false(slots_start(slots, 1, &job));
    assert_int_equal(slots_waiting(slots), 2);
    slots_free(slots);
}

// One that was abandoned while it waited counts as abandoned from the moment it begins.
static void
test_abandon_what_waits(void **state)
{
    struct slots *slots = slots_new(1, 2);
    uint64_t numbers[3];
    struct job *job = &jobs[7];
    int64_t oldest_us;

    (void)state;
    for (int i = 0; i < 3; i++)
        numbers[i] = put(slots, &jobs[i]);
    assert_int_equal(slots_abandon(slots, &jobs[1], 5), numbers[1]);
    assert_int_equal(slots_abandon(slots, &jobs[5], 5), 0);
    assert_int_equal(slots_abandoned_running(slots), 0);
    assert_false(slots_oldest_abandoned(slots, &oldest_us));
    assert_true(take_number(slots, numbers[0], &job));
    assert_true(slots_start(slots, 70, &job));
    assert_null(job);
    assert_int_equal(slots_abandoned_running(slots), 1);
    assert_int_equal(slots_wanted_running(slots), 0);
    assert_int_equal(slots_wanted(slots), 1);
    assert_true(slots_oldest_abandoned(slots, &oldest_us));
    assert_int_equal(oldest_us, 70);
    slots_free(slots);
}

// While the first of several that came back is handed on, the others may be given up.
static void
test_abandon_what_came_back(void **state)
{
    struct slots *slots = slots_new(1, 2);
    uint64_t numbers[3];
    struct job *job;

    (void)state;
    for (int i = 0; i < 3; i++)
        numbers[i] = put(slots, &jobs[i]);
    slots_return_waiting(slots);
    assert_true(slots_take_returned(slots, &job));
    assert_ptr_equal(job, &jobs[2]);
    assert_int_equal(slots_abandon(slots, &jobs[1], 5), numbers[1]);
    assert_int_equal(slots_wanted(slots), 1);
    assert_int_equal(slots_wanted_running(slots), 1);
    assert_int_equal(slots_abandoned_running(slots), 0);
    assert_true(slots_take_returned(slots, &job));
    assert_null(job);
    assert_false(slots_take_returned(slots, &job));
    slots_free(slots);
}

// What comes back is taken out last first; an id that is not there is refused.
static void
test_return(void **state)
{
    struct slots *slots = slots_new(1, 4);
    struct job *job;
    char id[24];

    (void)state;
    for (int i = 0; i < 5; i++) {
        uint64_t number = put(slots, &jobs[i]);

        if (i == 2)
            snprintf(id, sizeof(id), "%llu", (unsigned long long)number);
    }
    assert_false(slots_return(slots, SPAN("4711")));
    assert_false(slots_return(slots, SPAN("null")));
    assert_true(slots_return(slots, span_of(id)));
    assert_true(slots_return(slots, span_of(id))); // named twice in one line
    assert_true(slots_take_returned(slots, &job));
    assert_ptr_equal(job, &jobs[2]);
    assert_false(slots_take_returned(slots, &job));
    assert_false(slots_return(slots, span_of(id)));
    slots_return_waiting(slots);
    for (int i = 4; i > 0; i--) {
        if (i == 2)
            continue;
        assert_true(slots_take_returned(slots, &job));
        assert_ptr_equal(job, &jobs[i]);
    }
    assert_false(slots_take_returned(slots, &job));
    assert_int_equal(slots_busy(slots), 1);
    assert_int_equal(slots_cost_us(slots), 10);
    assert_true(slots_take_any(slots, &job));
    assert_ptr_equal(job, &jobs[0]);
    assert_int_equal(slots_wanted(slots), 0);
    assert_int_equal(slots_wanted_running(slots), 0);
    slots_free(slots);
}

// The first of those that run and are wanted; what waits or is over does not count.
static void
test_longest(void **state)
{
    struct slots *slots = slots_new(3, 2);
    uint64_t numbers[4];
    struct job *job;

    (void)state;
    assert_null(slots_longest(slots));
    for (int i = 0; i < 4; i++) // the last one waits
        numbers[i] = put(slots, &jobs[i]);
    assert_ptr_equal(slots_longest(slots), &jobs[0]);
    slots_abandon(slots, &jobs[0], 5);
    assert_ptr_equal(slots_longest(slots), &jobs[1]);
    assert_true(take_number(slots, numbers[1], &job));
    assert_ptr_equal(slots_longest(slots), &jobs[2]);
    assert_true(slots_start(slots, 6, &job)); // the one that waited, the youngest now
    assert_ptr_equal(slots_longest(slots), &jobs[2]);
    assert_true(take_number(slots, numbers[2], &job));
    assert_ptr_equal(slots_longest(slots), &jobs[3]);
    assert_true(take_number(slots, numbers[3], &job));
    assert_null(slots_longest(slots)); // only the one that nobody wants is left
    slots_free(slots);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fill_and_empty),
        cmocka_unit_test(test_numbers_are_fresh),
        cmocka_unit_test(test_late_and_invented_answers),
        cmocka_unit_test(test_ids_that_are_no_numbers),
        cmocka_unit_test(test_abandon),
        cmocka_unit_test(test_look),
        cmocka_unit_test(test_oldest_abandoned),
        cmocka_unit_test(test_take_any),
        cmocka_unit_test(test_begin_in_turn),
        cmocka_unit_test(test_abandon_what_waits),
        cmocka_unit_test(test_abandon_what_came_back),
        cmocka_unit_test(test_return),
        cmocka_unit_test(test_longest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
