// Jobs that run nowhere: each stands for work that others do, such as the calls of a gather, and
// ends when its owner says so. It is held here so that whatever befalls a job (a cancel, a timeout,
// the count of what is under way) befalls this one too. Plain data.
#ifndef OFFLOAD_DISPATCHER_HOLDER_H
#define OFFLOAD_DISPATCHER_HOLDER_H

#include "model/job.h"

#include <stdbool.h>
#include <stddef.h>

struct holder {
    struct job_list jobs;
    size_t count;
};

void holder_init(struct holder *holder);

// From now on the job is running.
void holder_take(struct holder *holder, struct job *job);

// True if the job is here.
bool holder_has(const struct holder *holder, const struct job *job);

// Lets go of the job; its state stays as it is.
void holder_leave(struct holder *holder, struct job *job);

#endif
