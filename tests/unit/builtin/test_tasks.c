// Tasks: the order, the end, and which of them a cancel takes out, tells, or does not find.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "builtin/tasks.h"

#include <stdlib.h>

static struct task *
add(struct tasks *tasks, const char *id)
{
    struct task *task = task_new("line", 4);

    assert_non_null(task);
    task->message = (struct message){.kind = MESSAGE_REQUEST, .id = span_of(id)};
    tasks_add(tasks, task);
    return task;
}

static void
test_order_and_end(void **state)
{
    struct tasks tasks;
    struct task *first;
    struct task *second;

    (void)state;
    tasks_init(&tasks);
    first = add(&tasks, "1");
    second = add(&tasks, "2");
    assert_string_equal(first->line, "line");
    tasks_end(&tasks);
    assert_ptr_equal(tasks_next(&tasks), first);
    assert_ptr_equal(tasks_next(&tasks), second);
    assert_null(tasks_next(&tasks));
    tasks_finish(&tasks, second);
    tasks_finish(&tasks, first);
    assert_null(tasks_next(&tasks));
    tasks_done(&tasks);
}

static void
test_cancel(void **state)
{
    struct tasks tasks;
    struct task *running;
    struct task *waiting;

    (void)state;
    tasks_init(&tasks);
    running = add(&tasks, "1");
    waiting = add(&tasks, "\"1\"");
    add(&tasks, "3");
    assert_ptr_equal(tasks_next(&tasks), running);
    assert_null(tasks_cancel(&tasks, SPAN("1.0"))); // another id, though the same number
    assert_null(tasks_cancel(&tasks, SPAN("2")));
    assert_false(running->cancelled);
    assert_null(tasks_cancel(&tasks, SPAN("1")));
    assert_true(running->cancelled);
    assert_ptr_equal(tasks_cancel(&tasks, SPAN("\"1\"")), waiting);
    assert_false(waiting->cancelled);
    assert_null(tasks_cancel(&tasks, SPAN("\"1\""))); // it is the caller's now
    free(waiting);
    tasks_finish(&tasks, running);
    assert_null(tasks_cancel(&tasks, SPAN("1")));
    tasks_done(&tasks); // with one that nobody took
}

// A notification has no id: no cancel means it.
static void
test_notifications_have_no_id(void **state)
{
    struct tasks tasks;
    struct task *task;

    (void)state;
    tasks_init(&tasks);
    task = add(&tasks, NULL);
    assert_null(tasks_cancel(&tasks, (struct span){0}));
    assert_ptr_equal(tasks_next(&tasks), task);
    assert_null(tasks_cancel(&tasks, (struct span){0}));
    assert_false(task->cancelled);
    tasks_finish(&tasks, task);
    tasks_done(&tasks);
}

// Only those that wait, the first first.
static void
test_stale(void **state)
{
    struct tasks tasks;
    struct task *items[4];

    (void)state;
    tasks_init(&tasks);
    assert_false(tasks_any_waiting(&tasks));
    assert_null(tasks_take_stale(&tasks, 1, INT64_MAX));
    for (int i = 0; i < 4; i++) {
        items[i] = add(&tasks, "1");
        items[i]->added_us = 10 * i;
    }
    assert_null(tasks_take_stale(&tasks, 1, 21)); // a thread is idle
    assert_ptr_equal(tasks_next(&tasks), items[0]);
    assert_null(tasks_take_stale(&tasks, 2, 21));
    assert_null(tasks_take_stale(&tasks, 1, 10));
    assert_ptr_equal(tasks_take_stale(&tasks, 1, 21), items[1]);
    assert_ptr_equal(tasks_take_stale(&tasks, 1, 21), items[2]);
    assert_null(tasks_take_stale(&tasks, 1, 21));
    assert_true(tasks_any_waiting(&tasks));
    free(items[1]);
    free(items[2]);
    tasks_finish(&tasks, items[0]);
    assert_ptr_equal(tasks_next(&tasks), items[3]);
    assert_false(tasks_any_waiting(&tasks));
    tasks_finish(&tasks, items[3]);
    tasks_done(&tasks);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_end),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_notifications_have_no_id),
        cmocka_unit_test(test_stale),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
