// Turn: a task runs in the next turn of the loop, once, unless it is cancelled; nothing that tasks
// do to each other changes that.
#include "tests/unit/loop.h"

#include <string.h>
#include <unistd.h>

// What ran, a letter each, a bar at the end of each turn.
struct trace {
    char text[64];
};

struct work {
    struct turn_task task;
    struct trace *trace;
    char letter;
    struct turn *turn;
    struct work *adds;    // asked for when this runs
    struct work *cancels; // cancelled when this runs, before that
    int again;            // how often it asks for itself
};

static void
note(struct trace *trace, char letter)
{
    size_t length = strlen(trace->text);

    assert_true(length + 1 < sizeof(trace->text));
    trace->text[length] = letter;
}

static void
work_run(void *context)
{
    struct work *work = context;

    assert_null(work->task.turn);
    note(work->trace, work->letter);
    if (work->cancels != NULL)
        turn_cancel(&work->cancels->task);
    if (work->adds != NULL)
        turn_later(work->turn, &work->adds->task);
    if (work->again-- > 0)
        turn_later(work->turn, &work->task);
}

struct fixture {
    struct loop loop;
    struct trace trace;
    struct work works[4]; // a, b, c, d
};

static void
fixture_open(struct fixture *fixture)
{
    memset(fixture, 0, sizeof(*fixture));
    loop_open(&fixture->loop);
    for (int i = 0; i < 4; i++) {
        struct work *work = &fixture->works[i];

        work->trace = &fixture->trace;
        work->letter = (char)('a' + i);
        work->turn = fixture->loop.turn;
        turn_task_init(&work->task, work_run, work);
    }
}

static void
ask(struct fixture *fixture, const char *letters)
{
    for (; *letters != '\0'; letters++)
        turn_later(fixture->loop.turn, &fixture->works[*letters - 'a'].task);
}

// Runs so many turns, and compares what ran in each.
static void
expect(struct fixture *fixture, int turns, const char *trace)
{
    for (int i = 0; i < turns; i++) {
        loop_turn(&fixture->loop);
        note(&fixture->trace, '|');
    }
    assert_string_equal(fixture->trace.text, trace);
}

static void
test_next_turn(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture);
    ask(&fixture, "ba");
    assert_string_equal(fixture.trace.text, "");
    expect(&fixture, 2, "ba||");
    ask(&fixture, "a");
    expect(&fixture, 1, "ba||a|");
    loop_close(&fixture.loop);
}

static void
test_asking_twice_is_asking_once(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture);
    ask(&fixture, "aabba");
    expect(&fixture, 2, "ab||");
    loop_close(&fixture.loop);
}

static void
test_cancel(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture);
    turn_cancel(&fixture.works[0].task); // does not wait: nothing to forget
    ask(&fixture, "abc");
    turn_cancel(&fixture.works[1].task);
    expect(&fixture, 2, "ac||");
    ask(&fixture, "b");
    turn_cancel(&fixture.works[1].task);
    expect(&fixture, 1, "ac|||");
    ask(&fixture, "b"); // a timer that found nothing to do does not stand in the way
    expect(&fixture, 1, "ac|||b|");
    loop_close(&fixture.loop);
}

static void
test_tasks_add_tasks(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture);
    fixture.works[0].adds = &fixture.works[2];
    fixture.works[2].adds = &fixture.works[3];
    ask(&fixture, "ab");
    expect(&fixture, 4, "ab|c|d||");
    loop_close(&fixture.loop);
}

static void
test_task_asks_for_itself(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture);
    fixture.works[0].again = 3;
    ask(&fixture, "ab");
    expect(&fixture, 5, "ab|a|a|a||");
    loop_close(&fixture.loop);
}

static void
test_task_cancels_another_of_the_same_turn(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture);
    fixture.works[0].cancels = &fixture.works[1];
    ask(&fixture, "abc");
    expect(&fixture, 2, "ac||");
    loop_close(&fixture.loop);
}

// The place that the cancelled one leaves is not for a task that was asked for in this turn.
static void
test_task_cancels_one_and_adds_another(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture);
    fixture.works[0].cancels = &fixture.works[1];
    fixture.works[0].adds = &fixture.works[2];
    ask(&fixture, "ab");
    expect(&fixture, 3, "a|c||");
    loop_close(&fixture.loop);
}

// Cancelled and asked for again: it runs once, behind the others, in the turn after.
static void
test_task_puts_off_another(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture);
    fixture.works[0].cancels = &fixture.works[1];
    fixture.works[0].adds = &fixture.works[1];
    ask(&fixture, "abc");
    expect(&fixture, 3, "ac|b||");
    loop_close(&fixture.loop);
}

static void
at_end_cb(evutil_socket_t fd, short what, void *context)
{
    struct fixture *fixture = context;

    (void)fd;
    (void)what;
    note(&fixture->trace, '<');
    turn_at_end(fixture->loop.turn, &fixture->works[0].task);
    turn_at_end(fixture->loop.turn, &fixture->works[0].task);
    note(&fixture->trace, '>');
}

// Once, behind all that has happened, in the same turn; and what asks from there still comes.
static void
test_at_the_end_of_this_turn(void **state)
{
    struct fixture fixture;
    struct event *events[2];

    (void)state;
    fixture_open(&fixture);
    for (int i = 0; i < 2; i++) {
        events[i] = event_new(fixture.loop.base, -1, 0, at_end_cb, &fixture);
        event_active(events[i], EV_TIMEOUT, 0);
    }
    fixture.works[0].adds = &fixture.works[1];
    expect(&fixture, 3, "<><>a|b||");
    fixture.works[0].adds = NULL;
    turn_at_end(fixture.loop.turn, &fixture.works[0].task); // from outside of the loop
    turn_at_end(fixture.loop.turn, &fixture.works[2].task);
    turn_cancel(&fixture.works[2].task);
    expect(&fixture, 2, "<><>a|b||a||");
    turn_later(fixture.loop.turn, &fixture.works[3].task);
    turn_at_end(fixture.loop.turn, &fixture.works[3].task); // it is left where it waits
    turn_at_end(fixture.loop.turn, &fixture.works[0].task);
    expect(&fixture, 2, "<><>a|b||a||ad||");
    for (int i = 0; i < 2; i++)
        event_free(events[i]);
    turn_at_end(fixture.loop.turn, &fixture.works[0].task); // runs when the turn is freed
    loop_close(&fixture.loop);
}

static void
test_input_is_looked_at_between_turns(void **state)
{
    struct fixture fixture;
    struct event *event;
    int ends[2];

    (void)state;
    fixture_open(&fixture);
    assert_int_equal(pipe(ends), 0);
    event = event_new(fixture.loop.base, ends[0], EV_READ, loop_tick_cb, NULL);
    assert_int_equal(event_add(event, NULL), 0);
    fixture.works[0].again = 1000000; // as busy as can be
    ask(&fixture, "a");
    assert_int_equal(write(ends[1], "x", 1), 1);
    for (int i = 0; i < 3; i++)
        event_base_loop(fixture.loop.base, EVLOOP_ONCE);
    assert_false(event_pending(event, EV_READ, NULL));
    turn_cancel(&fixture.works[0].task);
    event_free(event);
    close(ends[0]);
    close(ends[1]);
    loop_close(&fixture.loop);
}

static void
test_free_runs_the_rest(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture);
    fixture.works[0].adds = &fixture.works[2];
    fixture.works[2].adds = &fixture.works[3];
    fixture.works[0].again = 2;
    ask(&fixture, "ab");
    loop_close(&fixture.loop);
    assert_string_equal(fixture.trace.text, "abcadcadcd");
    turn_free(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_next_turn),
        cmocka_unit_test(test_asking_twice_is_asking_once),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_tasks_add_tasks),
        cmocka_unit_test(test_task_asks_for_itself),
        cmocka_unit_test(test_task_cancels_another_of_the_same_turn),
        cmocka_unit_test(test_task_cancels_one_and_adds_another),
        cmocka_unit_test(test_task_puts_off_another),
        cmocka_unit_test(test_at_the_end_of_this_turn),
        cmocka_unit_test(test_input_is_looked_at_between_turns),
        cmocka_unit_test(test_free_runs_the_rest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
