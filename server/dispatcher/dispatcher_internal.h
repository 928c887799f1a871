// What the files of the dispatcher share: dispatcher.c (the life of jobs), admission.c (which are
// taken, and what is said of the wait), reload.c (the pools, as the configuration changes),
// orders.c (what is said to them by name) and report.c (what others may know). For nobody else.
#ifndef OFFLOAD_DISPATCHER_DISPATCHER_INTERNAL_H
#define OFFLOAD_DISPATCHER_DISPATCHER_INTERNAL_H

#include "common/errors.h"
#include "dispatcher/deadlines.h"
#include "dispatcher/delayer.h"
#include "dispatcher/dispatcher.h"
#include "dispatcher/generation.h"
#include "dispatcher/holder.h"
#include "dispatcher/job_log.h"
#include "dispatcher/sleeper.h"

struct dispatcher {
    struct dispatcher_settings settings;
    const struct config *config; // of the generation
    struct statistics *statistics;
    const struct dispatcher_callbacks *callbacks;
    void *context;
    struct reaper *reaper;
    struct routes *routes;         // of the generation
    struct generation *generation; // what is served
    struct generation *coming;     // what will be, once its first workers are up; or NULL
    struct member_list members;    // the generation's in their order, then the others
    struct job_list moving;        // from one pool to another, for a moment
    struct generation_maker maker;
    struct turn_task take_over;
    struct turn_task bury;
    struct sleeper *sleeper;
    struct holder holder;
    struct delayer delayer;
    struct deadlines deadlines;
    struct job_log log;
    uint64_t numbers;  // of jobs that came in so far
    size_t jobs;       // that have no outcome yet
    size_t memory;     // bytes they hold
    size_t usage_next; // the place at which dispatcher_look_at_usage goes on
    bool draining;
    bool stopping;
};

// dispatcher.c
// The daemon itself speaks: an error of the table, which it frees.
void dispatcher_speak(struct dispatcher *dispatcher, struct job *job, enum job_state state,
                      char *error, size_t length);

// admission.c
void dispatcher_refuse(struct dispatcher *dispatcher, struct job *job, enum error_code code);
void dispatcher_refuse_method(struct dispatcher *dispatcher, struct job *job, struct span method);
void dispatcher_start(struct dispatcher *dispatcher, struct job *job); // its delay is over

// report.c
size_t dispatcher_queued(const struct dispatcher *dispatcher);

// reload.c
int dispatcher_begin(struct dispatcher *dispatcher); // the first generation. 0 or -1
void dispatcher_end(struct dispatcher *dispatcher);  // when nothing runs any more
void dispatcher_forget_coming(struct dispatcher *dispatcher);
// Takes the job back if it is on its way from one pool to another.
bool dispatcher_take_moving(struct dispatcher *dispatcher, struct job *job);
// A job that was with a worker goes to whoever runs its method now.
void dispatcher_resubmit(struct dispatcher *dispatcher, struct job *job);
// For the callbacks of the pools.
void dispatcher_pool_settled(struct dispatcher *dispatcher);
void dispatcher_pool_stopped(struct dispatcher *dispatcher, const struct pool *pool);

#endif
