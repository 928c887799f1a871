// See deadlines.h.
#include "dispatcher/deadlines.h"

#include "common/clock.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>

struct deadline {
    struct event timer;
    struct deadlines *deadlines;
    struct job *job;
    enum timeout_kind kind; // what the timer is set to
};

static void
deadline_set(struct deadline *deadline)
{
    struct timeval after;
    int64_t due_us;
    int64_t left_us;

    event_del(&deadline->timer);
    if (!job_next_timeout(deadline->job, &due_us, &deadline->kind))
        return;
    left_us = due_us - clock_us();
    if (left_us < 0)
        left_us = 0;
    after = (struct timeval){left_us / 1000000, left_us % 1000000};
    evtimer_add(&deadline->timer, &after);
}

static void
deadline_cb(evutil_socket_t fd, short what, void *context)
{
    struct deadline *deadline = context;
    struct deadlines *deadlines = deadline->deadlines;
    struct job *job = deadline->job;
    enum timeout_kind kind;

    (void)fd;
    (void)what;
    // It may have been heard of since, or the loop's coarse clock is ahead of ours.
    if (!job_is_overdue(job, clock_us(), &kind)) {
        deadline_set(deadline);
        return;
    }
    deadlines_forget(job);
    deadlines->over(deadlines->context, job, kind);
}

int
deadlines_watch(struct deadlines *deadlines, struct job *job)
{
    struct deadline *deadline;

    if (!timeouts_any(&job->timeouts))
        return 0;
    deadline = calloc(1, sizeof(*deadline));
    if (deadline == NULL)
        return -ENOMEM;
    deadline->deadlines = deadlines;
    deadline->job = job;
    job->deadline = deadline;
    evtimer_assign(&deadline->timer, deadlines->base, deadline_cb, deadline);
    deadline_set(deadline);
    return 0;
}

void
deadlines_restart(struct job *job)
{
    if (job->deadline != NULL)
        deadline_set(job->deadline);
}

void
deadlines_forget(struct job *job)
{
    if (job->deadline == NULL)
        return;
    event_del(&job->deadline->timer);
    free(job->deadline);
    job->deadline = NULL;
}
