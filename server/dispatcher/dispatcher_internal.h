// What the files of the dispatcher share: dispatcher.c (the life of jobs) and admission.c (which
// are taken, and what is said of the wait). For nobody else.
#ifndef OFFLOAD_DISPATCHER_DISPATCHER_INTERNAL_H
#define OFFLOAD_DISPATCHER_DISPATCHER_INTERNAL_H

#include "common/errors.h"
#include "dispatcher/deadlines.h"
#include "dispatcher/delayer.h"
#include "dispatcher/dispatcher.h"
#include "dispatcher/holder.h"
#include "dispatcher/sleeper.h"

struct dispatcher {
    const struct config *config;
    struct statistics *statistics;
    const struct dispatcher_callbacks *callbacks;
    void *context;
    struct reaper *reaper;
    struct routes *routes;
    struct sleeper *sleeper;
    struct holder holder;
    struct delayer delayer;
    struct deadlines deadlines;
    size_t jobs;       // that have no outcome yet
    size_t memory;     // bytes they hold
    size_t pools_left; // while stopping
    bool draining;
    struct pool *pools[];
};

// dispatcher.c
// The daemon itself speaks: an error of the table, which it frees.
void dispatcher_speak(struct dispatcher *dispatcher, struct job *job, enum job_state state,
                      char *error, size_t length);

// admission.c
void dispatcher_refuse(struct dispatcher *dispatcher, struct job *job, enum error_code code);
void dispatcher_start(struct dispatcher *dispatcher, struct job *job); // its delay is over
size_t dispatcher_queued(const struct dispatcher *dispatcher);

#endif
