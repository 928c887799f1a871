// The jobs of a worker with threads: those that wait, and those that run. A cancel finds its job in
// either. Knows no pipes and no methods.
//
//     task_new > tasks_add > (waiting) tasks_next > (running) tasks_finish
//                                 tasks_cancel: taken out, or told
//                                 tasks_take_stale: taken out
#ifndef OFFLOAD_BUILTIN_TASKS_H
#define OFFLOAD_BUILTIN_TASKS_H

#include "common/message.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct task {
    TAILQ_ENTRY(task) link;
    struct message message; // a request or a notification; its spans point into `line`
    atomic_bool cancelled;
    int64_t added_us; // monotonic
    size_t length;
    char line[];
};
TAILQ_HEAD(task_list, task);

struct tasks {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct task_list waiting;
    struct task_list running;
    unsigned busy; // how many run
    bool ended;    // no more will be added
};

void tasks_init(struct tasks *tasks);
void tasks_done(struct tasks *tasks);

// With a copy of the line, for the caller to parse. NULL when out of memory; free() it if it is not
// added.
struct task *task_new(const char *line, size_t length);

// The list is short: the daemon hands out few jobs more than there are threads.
void tasks_add(struct tasks *tasks, struct task *task);

// Waits for the next job and calls it running. NULL after tasks_end, once none is left.
struct task *tasks_next(struct tasks *tasks);

// It has been answered: frees it.
void tasks_finish(struct tasks *tasks, struct task *task);

// Cancels the job with that id (raw, byte for byte). A running one gets its mark. One that waits is
// taken out and returned: the caller answers it and frees it.
struct task *tasks_cancel(struct tasks *tasks, struct span id);

// True if jobs wait.
bool tasks_any_waiting(struct tasks *tasks);

// Takes out the next of those that wait since before that time, while so many threads are busy; the
// caller frees it. NULL if there is none.
struct task *tasks_take_stale(struct tasks *tasks, unsigned threads, int64_t before_us);

// No more will come.
void tasks_end(struct tasks *tasks);

#endif
