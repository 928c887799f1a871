// See turn.h. A timer of length zero: libevent looks at it in the next turn, after polling, whereas
// an event made active by hand would still run in this one and could keep others waiting for ever.
#include "transport/turn.h"

#include <event2/event.h>
#include <stdlib.h>

TAILQ_HEAD(task_list, turn_task);

struct turn {
    struct event *timer;
    struct task_list waiting;
    unsigned round; // counts turns: a task asked for during one runs in the next
};

static void
turn_remove(struct turn_task *task)
{
    TAILQ_REMOVE(&task->turn->waiting, task, link);
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
    turn_run(context);
}

struct turn *
turn_new(struct event_base *base)
{
    struct turn *turn = calloc(1, sizeof(*turn));

    if (turn == NULL)
        return NULL;
    TAILQ_INIT(&turn->waiting);
    turn->timer = evtimer_new(base, turn_timer_cb, turn);
    if (turn->timer == NULL) {
        free(turn);
        return NULL;
    }
    return turn;
}

void
turn_free(struct turn *turn)
{
    if (turn == NULL)
        return;
    while (!TAILQ_EMPTY(&turn->waiting))
        turn_run(turn);
    event_free(turn->timer);
    free(turn);
}

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
    task->turn = turn;
    if (!evtimer_pending(turn->timer, NULL))
        evtimer_add(turn->timer, &now);
    task->round = turn->round;
    TAILQ_INSERT_TAIL(&turn->waiting, task, link);
}

void
turn_cancel(struct turn_task *task)
{
    if (task->turn != NULL)
        turn_remove(task);
}
