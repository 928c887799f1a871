// See delayer.h.
#include "dispatcher/delayer.h"

#include "common/clock.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>

struct delay {
    struct event timer;
    struct delayer *delayer;
    struct job *job;
};

void
delayer_init(struct delayer *delayer, struct event_base *base,
             void (*due)(void *context, struct job *job), void *context)
{
    *delayer = (struct delayer){.base = base, .due = due, .context = context};
    TAILQ_INIT(&delayer->jobs);
}

static int64_t
left_us(const struct job *job)
{
    return job->created_us + job->delay_us - clock_us();
}

static int
delay_set(struct delay *delay)
{
    int64_t us = left_us(delay->job);
    struct timeval after = {0};

    if (us > 0)
        after = (struct timeval){us / 1000000, us % 1000000};
    return evtimer_add(&delay->timer, &after);
}

static void
delay_over_cb(evutil_socket_t fd, short what, void *context)
{
    struct delay *delay = context;
    struct delayer *delayer = delay->delayer;
    struct job *job = delay->job;

    (void)fd;
    (void)what;
    // The loop's clock is a coarse one, and may be ahead of ours.
    if (left_us(job) > 0 && delay_set(delay) == 0)
        return;
    delayer_give_back(delayer, job);
    job_set_state(job, JOB_QUEUED);
    delayer->due(delayer->context, job);
}

int
delayer_take(struct delayer *delayer, struct job *job)
{
    struct delay *delay = calloc(1, sizeof(*delay));

    if (delay == NULL)
        return -ENOMEM;
    delay->delayer = delayer;
    delay->job = job;
    evtimer_assign(&delay->timer, delayer->base, delay_over_cb, delay);
    if (delay_set(delay) != 0) {
        free(delay);
        return -ENOMEM;
    }
    job->place = delay;
    job_set_state(job, JOB_DELAYED);
    TAILQ_INSERT_TAIL(&delayer->jobs, job, link);
    delayer->count++;
    return 0;
}

void
delayer_give_back(struct delayer *delayer, struct job *job)
{
    struct delay *delay = job->place;

    event_del(&delay->timer);
    free(delay);
    job->place = NULL;
    TAILQ_REMOVE(&delayer->jobs, job, link);
    delayer->count--;
}

struct job *
delayer_any(const struct delayer *delayer)
{
    return TAILQ_FIRST(&delayer->jobs);
}
