// The clock of jobs that have timeouts: one timer for each such job, always set to the timeout that
// is over next. It decides nothing but that the time has come.
#ifndef OFFLOAD_DISPATCHER_DEADLINES_H
#define OFFLOAD_DISPATCHER_DEADLINES_H

#include "model/job.h"
#include "model/timeouts.h"

struct event_base;

struct deadlines {
    struct event_base *base;
    // The job's time is over; its deadline has been taken off.
    void (*over)(void *context, struct job *job, enum timeout_kind kind);
    void *context;
};

// Begins to watch a job; one without timeouts costs nothing. 0 or -ENOMEM.
int deadlines_watch(struct deadlines *deadlines, struct job *job);

// The job has started: other timeouts count from here. (That it was heard of needs no call: the
// timer comes too early once and is set anew.)
void deadlines_restart(struct job *job);

// Forgets the job.
void deadlines_forget(struct job *job);

#endif
