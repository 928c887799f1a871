// Queue: first come, first served, whatever is taken out of the middle meanwhile.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "model/queue.h"

#include <stdbool.h>
#include <stdlib.h>

#define JOBS 100

static void
test_empty(void **state)
{
    struct queue queue;

    (void)state;
    queue_init(&queue);
    assert_int_equal(queue.count, 0);
    assert_null(queue_take(&queue));
    assert_null(queue_take(&queue));
    assert_int_equal(queue.count, 0);
}

static void
test_order(void **state)
{
    static struct job jobs[JOBS];
    struct queue queue;

    (void)state;
    queue_init(&queue);
    for (int i = 0; i < JOBS; i++) {
        queue_add(&queue, &jobs[i], false);
        assert_int_equal(queue.count, i + 1);
    }
    for (int i = 0; i < JOBS; i++)
        assert_ptr_equal(queue_take(&queue), &jobs[i]);
    assert_null(queue_take(&queue));
    assert_int_equal(queue.count, 0);
}

// A job that ran before goes ahead of all that wait.
static void
test_front(void **state)
{
    struct job jobs[4];
    struct queue queue;

    (void)state;
    queue_init(&queue);
    queue_add(&queue, &jobs[0], true); // into an empty one
    queue_add(&queue, &jobs[1], false);
    queue_add(&queue, &jobs[2], true);
    queue_add(&queue, &jobs[3], false);
    assert_int_equal(queue.count, 4);
    assert_ptr_equal(queue_take(&queue), &jobs[2]);
    assert_ptr_equal(queue_take(&queue), &jobs[0]);
    assert_ptr_equal(queue_take(&queue), &jobs[1]);
    assert_ptr_equal(queue_take(&queue), &jobs[3]);
    assert_int_equal(queue.count, 0);
}

static void
test_removal(void **state)
{
    struct job jobs[5];
    struct queue queue;

    (void)state;
    queue_init(&queue);
    for (int i = 0; i < 5; i++)
        queue_add(&queue, &jobs[i], false);
    queue_remove(&queue, &jobs[2]);
    queue_remove(&queue, &jobs[4]);
    queue_remove(&queue, &jobs[0]);
    assert_int_equal(queue.count, 2);
    queue_add(&queue, &jobs[4], false);
    assert_ptr_equal(queue_take(&queue), &jobs[1]);
    assert_ptr_equal(queue_take(&queue), &jobs[3]);
    assert_ptr_equal(queue_take(&queue), &jobs[4]);
    assert_null(queue_take(&queue));
}

// Against a plain array, with adding, taking and removing mixed at random (always the same).
static void
test_against_an_array(void **state)
{
    static struct job jobs[JOBS];
    struct job *model[JOBS];
    bool in[JOBS] = {false};
    struct queue queue;
    size_t count = 0;

    (void)state;
    srand(1);
    queue_init(&queue);
    for (int step = 0; step < 20000; step++) {
        int i = rand() % JOBS;

        if (!in[i] && rand() % 2 == 0) {
            queue_add(&queue, &jobs[i], false);
            model[count++] = &jobs[i];
            in[i] = true;
        } else {
            size_t at = 0;

            if (in[i])
                while (model[at] != &jobs[i])
                    at++;
            if (in[i])
                queue_remove(&queue, &jobs[i]);
            else
                assert_ptr_equal(queue_take(&queue), count > 0 ? model[0] : NULL);
            if (count > 0) {
                in[model[at] - jobs] = false;
                for (count--; at < count; at++)
                    model[at] = model[at + 1];
            }
        }
        assert_int_equal(queue.count, count);
    }
    for (size_t at = 0; at < count; at++)
        assert_ptr_equal(queue_take(&queue), model[at]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_front),
        cmocka_unit_test(test_removal),
        cmocka_unit_test(test_against_an_array),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
