// The window of calls under way, in both orders, and the batches they are sent in.
// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "client/batch.h"
#include "client/window.h"

#include <stdlib.h>

static void
unordered_places_are_used_again_with_new_ids(void **state)
{
    struct window *window = window_new(3, false);
    uint64_t ids[3];
    struct window_place *place;

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        assert_false(window_is_full(window));
        ids[i] = window_take(window, 10 + i)->id;
    }
    assert_true(window_is_full(window));
    assert_int_equal(window_sent(window), 3);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(window_find(window, ids[i])->number, 10 + i);
    window_release(window, window_find(window, ids[1]));
    assert_null(window_find(window, ids[1]));
    place = window_take(window, 20);
    assert_int_not_equal(place->id, ids[1]);
    assert_null(window_find(window, ids[1])); // the place is taken, but not by that call
    assert_ptr_equal(window_find(window, place->id), place);
    assert_int_equal(window_find(window, ids[2])->number, 12);
    window_free(window);
}

// A model: random calls begin and end; no id comes twice, each is found until it ends.
static void
unordered_window_against_a_model(void **state)
{
    enum { SIZE = 7, STEPS = 20000 };
    struct window *window = window_new(SIZE, false);
    uint64_t ids[SIZE];
    uint64_t numbers[SIZE];
    unsigned count = 0;
    unsigned seed = 1;

    (void)state;
    for (uint64_t step = 1; step <= STEPS; step++) {
        bool take = count == 0 || (count < SIZE && rand_r(&seed) % 2 == 0);

        assert_int_equal(window_is_full(window), count == SIZE);
        assert_int_equal(window_is_empty(window), count == 0);
        assert_int_equal(window_sent(window), count);
        if (take) {
            uint64_t id = window_take(window, step)->id;

            for (unsigned i = 0; i < count; i++)
                assert_int_not_equal(ids[i], id);
            ids[count] = id;
            numbers[count++] = step;
        } else {
            unsigned at = (unsigned)rand_r(&seed) % count;
            struct window_place *place = window_find(window, ids[at]);

            assert_non_null(place);
            assert_int_equal(place->number, numbers[at]);
            window_release(window, place);
            assert_null(window_find(window, ids[at]));
            ids[at] = ids[--count];
            numbers[at] = numbers[count];
        }
    }
    window_free(window);
}

static void
assert_first(struct window *window, uint64_t number, const char *text, bool failed)
{
    struct window_place *place = window_first_held(window);

    assert_non_null(place);
    assert_int_equal(place->number, number);
    assert_int_equal(place->length, strlen(text));
    assert_memory_equal(place->text, text, strlen(text));
    assert_int_equal(place->failed, failed);
    window_release(window, place);
}

static void
ordered_answers_are_held_until_their_turn(void **state)
{
    struct window *window = window_new(3, true);

    (void)state;
    for (uint64_t id = 1; id <= 3; id++)
        assert_int_equal(window_take(window, id * 100)->id, id);
    assert_null(window_first_held(window));
    assert_true(window_hold(window, window_find(window, 3), false, SPAN("three")));
    assert_true(window_hold(window, window_find(window, 2), true, SPAN("two")));
    assert_null(window_find(window, 2)); // a second answer to it is no answer
    assert_null(window_first_held(window));
    assert_true(window_is_full(window)); // what is held counts
    assert_int_equal(window_sent(window), 1);
    assert_true(window_hold(window, window_find(window, 1), false, SPAN("")));
    assert_first(window, 100, "", false);
    assert_first(window, 200, "two", true);
    assert_int_equal(window_take(window, 400)->id, 4);
    assert_first(window, 300, "three", false);
    assert_null(window_first_held(window));
    assert_false(window_is_empty(window));
    window_release(window, window_find(window, 4)); // the first, so it may end without being held
    assert_true(window_is_empty(window));
    window_free(window);
}

static void
any_sent_skips_what_is_held(void **state)
{
    struct window *window = window_new(4, true);

    (void)state;
    assert_null(window_any_sent(window));
    for (uint64_t id = 1; id <= 3; id++)
        window_take(window, id);
    assert_true(window_hold(window, window_find(window, 1), false, SPAN("1")));
    assert_int_equal(window_any_sent(window)->id, 2);
    assert_true(window_hold(window, window_find(window, 2), false, SPAN("2")));
    assert_true(window_hold(window, window_find(window, 3), false, SPAN("3")));
    assert_null(window_any_sent(window));
    window_free(window); // frees what is held
}

static void
no_stranger_is_found(void **state)
{
    struct window *window = window_new(2, false);
    uint64_t id = window_take(window, 1)->id;

    (void)state;
    assert_null(window_find(window, id + 1));
    assert_null(window_find(window, id + 2));
    assert_null(window_find(window, 0));
    assert_null(window_find(window, UINT64_MAX));
    window_free(window);
    window_free(NULL);
}

static void
batches_are_arrays(void **state)
{
    struct batch batch = {0};
    char first[] = "{\"a\"";
    char second[] = ":1}";
    struct iovec pieces[] = {{first, 4}, {second, 3}};
    char *text;
    size_t length;

    (void)state;
    for (unsigned round = 0; round < 2; round++) { // it can be used again
        assert_true(batch_add(&batch, pieces, 2));
        assert_int_equal(batch.written, 8);
        assert_true(batch_add(&batch, pieces, 2));
        assert_int_equal(batch.written, 16);
        assert_int_equal(batch.count, 2);
        text = batch_finish(&batch, &length);
        assert_string_equal(text, "[{\"a\":1},{\"a\":1}]");
        assert_int_equal(length, 17);
        assert_int_equal(batch.count, 0);
        free(text);
    }
    assert_true(batch_add(&batch, pieces, 2));
    batch_done(&batch); // half-built
    assert_int_equal(batch.count, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unordered_places_are_used_again_with_new_ids),
        cmocka_unit_test(unordered_window_against_a_model),
        cmocka_unit_test(ordered_answers_are_held_until_their_turn),
        cmocka_unit_test(any_sent_skips_what_is_held),
        cmocka_unit_test(no_stranger_is_found),
        cmocka_unit_test(batches_are_arrays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
