// The window of jobs under way, in both orders.
// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "client/window.h"

#include <stdlib.h>

// Takes a place for a job with this number.
static struct window_place *
take(struct window *window, uint64_t number)
{
    struct window_place *place = window_take(window);

    assert_int_equal(place->state, WINDOW_OPEN);
    place->job.number = number;
    return place;
}

static void
places_are_used_again_clean(void **state)
{
    struct window *window = window_new(3, false, &window);
    struct window_place *places[3];

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        assert_false(window_is_full(window));
        places[i] = take(window, i);
        assert_ptr_equal(places[i]->owner, &window);
    }
    assert_true(window_is_full(window));
    assert_int_equal(window_open(window), 3);
    assert_true(job_text_set(&places[1]->job.params, SPAN("[1]")));
    window_release(window, places[1]);
    assert_int_equal(window_open(window), 2);
    assert_ptr_equal(window_take(window), places[1]);
    assert_null(places[1]->job.params.at);
    assert_int_equal(places[1]->job.number, 0);
    window_free(window);
}

// A model: random jobs begin and end; no place is given twice, and each keeps its job.
static void
against_a_model(void **state)
{
    enum { SIZE = 7, STEPS = 20000 };
    struct window *window = window_new(SIZE, false, NULL);
    struct window_place *places[SIZE];
    uint64_t numbers[SIZE];
    unsigned count = 0;
    unsigned seed = 1;

    (void)state;
    for (uint64_t step = 1; step <= STEPS; step++) {
        assert_true(window_is_full(window) == (count == SIZE));
        assert_true(window_is_empty(window) == (count == 0));
        if (count == 0 || (count < SIZE && rand_r(&seed) % 2 == 0)) {
            struct window_place *place = take(window, step);

            for (unsigned i = 0; i < count; i++)
                assert_ptr_not_equal(places[i], place);
            places[count] = place;
            numbers[count++] = step;
        } else {
            unsigned at = (unsigned)rand_r(&seed) % count;

            assert_int_equal(places[at]->job.number, numbers[at]);
            window_release(window, places[at]);
            places[at] = places[--count];
            numbers[at] = numbers[count];
        }
    }
    window_free(window);
}

static void
assert_first(struct window *window, uint64_t number)
{
    struct window_place *place = window_first_held(window);

    assert_non_null(place);
    assert_int_equal(place->job.number, number);
    window_release(window, place);
}

static void
ordered_jobs_are_held_until_their_turn(void **state)
{
    struct window *window = window_new(3, true, NULL);
    struct window_place *places[3];

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        places[i] = take(window, i);
    assert_null(window_first_held(window));
    window_hold(window, places[2]);
    window_hold(window, places[1]);
    assert_null(window_first_held(window));
    assert_true(window_is_full(window)); // what is held counts
    assert_int_equal(window_open(window), 1);
    window_hold(window, places[0]);
    assert_first(window, 0);
    assert_first(window, 1);
    take(window, 3);
    assert_first(window, 2);
    assert_null(window_first_held(window));
    assert_false(window_is_empty(window));
    window_free(window);
    window_free(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_are_used_again_clean),
        cmocka_unit_test(against_a_model),
        cmocka_unit_test(ordered_jobs_are_held_until_their_turn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
