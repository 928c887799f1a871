// Work for later: for the next turn of the loop, what must not happen inside the callback that asks
// for it (freeing the object that is calling) or must let others go first (the rest of a long
// input); for the end of this one, what is better done once for all that happened in it (writing).
// It knows nothing of what the tasks do.
//
// It also runs the loop, and measures how long each turn keeps everybody else waiting: from the
// first thing that the loop calls, which says turn_begin, until it waits again. libevent itself has
// nothing to tell when its wait is over. Two looks at the clock would cost more than the rest of a
// small turn's bookkeeping: only one turn in TURN_SAMPLE is measured exactly, the others by a clock
// that costs a third and shows whatever took longer than some milliseconds.
#ifndef OFFLOAD_TRANSPORT_TURN_H
#define OFFLOAD_TRANSPORT_TURN_H

#include <stdbool.h>
#include <sys/queue.h>

#define TURN_SAMPLE \
    7 // prime: what happens every second or fourth turn must not be all that is seen

struct event_base;
struct histogram;
struct turn;
struct turn_task;

TAILQ_HEAD(task_list, turn_task);

// Embedded in the object that has the work; initialise with turn_task_init. A task runs once for
// each turn_later, and may be asked for again from within itself.
struct turn_task {
    TAILQ_ENTRY(turn_task) link;
    void (*run)(void *context);
    void *context;
    struct turn *turn;      // where it waits; NULL when it does not
    struct task_list *list; // in which of its lists
    unsigned round;
};

// NULL when out of memory.
struct turn *turn_new(struct event_base *base);

// Runs every task that waits, those they ask for included, then frees.
void turn_free(struct turn *turn);

// Runs the loop until event_base_loopbreak, and notes the lengths of its turns.
void turn_loop(struct turn *turn, struct histogram *lag);

// The wait of the loop is over. Said by what the loop calls, before all else; the first counts.
// Whoever has not said so says it by asking for work below.
void turn_begin(struct turn *turn);

void turn_task_init(struct turn_task *task, void (*run)(void *context), void *context);

// Runs the task in the next turn, after new input was looked at. Asking twice is asking once.
void turn_later(struct turn *turn, struct turn_task *task);

// Runs the task when everything else that has happened was looked at, before the loop waits again.
// Asking twice is asking once; whoever waits for the next turn already is left there.
void turn_at_end(struct turn *turn, struct turn_task *task);

// Forgets the task if it waits.
void turn_cancel(struct turn_task *task);

#endif
