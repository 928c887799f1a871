// Jobs that wait for their time (options.delay), on the daemon's own loop: each costs one timer. It
// decides nothing but that the time has come.
#ifndef OFFLOAD_DISPATCHER_DELAYER_H
#define OFFLOAD_DISPATCHER_DELAYER_H

#include "model/job.h"

#include <stddef.h>

struct event_base;

struct delayer {
    struct event_base *base;
    // The job's time has come: it is queued, and the callee's again.
    void (*due)(void *context, struct job *job);
    void *context;
    struct job_list jobs;
    size_t count;
};

void delayer_init(struct delayer *delayer, struct event_base *base,
                  void (*due)(void *context, struct job *job), void *context);

// Takes a queued job, which is delayed from here on, until delay_us after its arrival; never for
// less. 0, or -ENOMEM: then it is still the caller's.
int delayer_take(struct delayer *delayer, struct job *job);

// The job is the caller's again, in the state that it is in.
void delayer_give_back(struct delayer *delayer, struct job *job);

// Some job; NULL if there is none.
struct job *delayer_any(const struct delayer *delayer);

#endif
