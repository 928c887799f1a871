// See holder.h.
#include "dispatcher/holder.h"

void
holder_init(struct holder *holder)
{
    TAILQ_INIT(&holder->jobs);
    holder->count = 0;
}

void
holder_take(struct holder *holder, struct job *job)
{
    job_set_state(job, JOB_RUNNING);
    job->attempts++;
    job->place = holder;
    TAILQ_INSERT_TAIL(&holder->jobs, job, link);
    holder->count++;
}

bool
holder_has(const struct holder *holder, const struct job *job)
{
    return job->place == holder;
}

void
holder_leave(struct holder *holder, struct job *job)
{
    TAILQ_REMOVE(&holder->jobs, job, link);
    holder->count--;
    job->place = NULL;
}
