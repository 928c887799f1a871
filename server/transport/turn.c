// See turn.h. For the next turn a timer of length zero: libevent looks at it after polling. For the
// end of this one an event that is made active by hand: libevent puts it behind all that are
// active, and runs it before it polls.
#include "transport/turn.h"

#include "common/clock.h"
#include "model/histogram.h"

#include <event2/event.h>
#include <stdlib.h>

struct turn {
    struct event_base *base;
    struct histogram *lag; // NULL: nobody wants to know
    int64_t begun_ns;      // by which clock depends on `exact`; 0: nothing has happened yet
    int64_t long_ns;       // what the coarse clock shows for certain
    unsigned unsampled;    // turns to go until the next that is measured exactly
    bool exact;
    struct event *timer;
    struct event *end;
    struct task_list waiting;
    struct task_list ending;
    unsigned round; // counts turns: a task asked for during one runs in the next
};

static void
turn_remove(struct turn_task *task)
{
    TAILQ_REMOVE(task->list, task, link);
    task->turn = NULL;
}

static void
turn_run(struct turn *turn)
{
    struct turn_task *task;

    turn->round++;
    while ((task = TAILQ_FIRST(&turn->waiting)) != NULL && task->round != turn->round) {
        turn_remove(task);
        task->run(task->context);
    }
}

static void
turn_timer_cb(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    turn_begin(context);
    turn_run(context);
}

static void
turn_end_cb(evutil_socket_t fd, short what, void *context)
{
    struct turn *turn = context;
    struct turn_task *task;

    (void)fd;
    (void)what;
    while ((task = TAILQ_FIRST(&turn->ending)) != NULL) {
        turn_remove(task);
        task->run(task->context);
    }
}

struct turn *
turn_new(struct event_base *base)
{
    struct turn *turn = calloc(1, sizeof(*turn));

    if (turn == NULL)
        return NULL;
    turn->base = base;
    TAILQ_INIT(&turn->waiting);
    TAILQ_INIT(&turn->ending);
    turn->timer = evtimer_new(base, turn_timer_cb, turn);
    turn->end = event_new(base, -1, 0, turn_end_cb, turn);
    if (turn->timer == NULL || turn->end == NULL) {
        turn_free(turn);
        return NULL;
    }
    return turn;
}

void
turn_free(struct turn *turn)
{
    if (turn == NULL)
        return;
    while (!TAILQ_EMPTY(&turn->waiting) || !TAILQ_EMPTY(&turn->ending)) {
        turn_end_cb(-1, 0, turn);
        turn_run(turn);
    }
    if (turn->timer != NULL)
        event_free(turn->timer);
    if (turn->end != NULL)
        event_free(turn->end);
    free(turn);
}

// ---- the loop -------------------------------------------------------------------------------

void
turn_begin(struct turn *turn)
{
    if (turn->begun_ns == 0 && turn->lag != NULL)
        turn->begun_ns = turn->exact ? clock_ns() : clock_coarse_ns();
}

static void
turn_note(struct turn *turn)
{
    int64_t now_ns = turn->exact ? clock_ns() : clock_coarse_ns();
    int64_t length_ns = now_ns - turn->begun_ns;

    if (turn->exact)
        histogram_note(turn->lag, now_ns / 1000, length_ns / 1000);
    else if (length_ns >= turn->long_ns)
        histogram_note_long(turn->lag, now_ns / 1000, length_ns / 1000);
    turn->unsampled = turn->exact ? TURN_SAMPLE - 1 : turn->unsampled - 1;
    turn->exact = turn->unsampled == 0;
    turn->begun_ns = 0;
}

void
turn_loop(struct turn *turn, struct histogram *lag)
{
    struct timespec tick;

    // One tick may go by in the shortest turn.
    clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
    turn->long_ns = 2 * ((int64_t)tick.tv_sec * 1000000000 + tick.tv_nsec);
    turn->lag = lag;
    turn->exact = true;
    turn->begun_ns = 0;
    do {
        if (event_base_loop(turn->base, EVLOOP_ONCE) != 0)
            break;
        if (turn->begun_ns != 0)
            turn_note(turn);
    } while (!event_base_got_break(turn->base));
    turn->lag = NULL;
}

// ---- tasks ----------------------------------------------------------------------------------

void
turn_task_init(struct turn_task *task, void (*run)(void *context), void *context)
{
    task->run = run;
    task->context = context;
    task->turn = NULL;
}

void
turn_later(struct turn *turn, struct turn_task *task)
{
    static const struct timeval now = {0, 0};

    if (task->turn != NULL)
        return;
    turn_begin(turn);
    task->turn = turn;
    task->list = &turn->waiting;
    if (!evtimer_pending(turn->timer, NULL))
        evtimer_add(turn->timer, &now);
    task->round = turn->round;
    TAILQ_INSERT_TAIL(&turn->waiting, task, link);
}

void
turn_at_end(struct turn *turn, struct turn_task *task)
{
    if (task->turn != NULL)
        return;
    turn_begin(turn);
    task->turn = turn;
    task->list = &turn->ending;
    if (TAILQ_EMPTY(&turn->ending))
        event_active(turn->end, EV_TIMEOUT, 0);
    TAILQ_INSERT_TAIL(&turn->ending, task, link);
}

void
turn_cancel(struct turn_task *task)
{
    if (task->turn != NULL)
        turn_remove(task);
}
