// The life of a job from submission to its one outcome: finds who runs it, keeps the bounds on what
// waits, counts, and ends everything in order when the daemon stops. It knows jobs and pools, not
// connections: outcomes go to the job's sink.
#ifndef OFFLOAD_DISPATCHER_DISPATCHER_H
#define OFFLOAD_DISPATCHER_DISPATCHER_H

#include "common/span.h"
#include "dispatcher/routes.h"
#include "model/config.h"
#include "model/job.h"
#include "model/statistics.h"
#include "pool/pool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dispatcher;

struct dispatcher_settings {
    struct event_base *base;
    struct turn *turn;
    const struct config *config; // the first one; held as long as anything borrows from it
    struct statistics *statistics;
    const char *builtin_path; // of offload-worker
    struct cgroups *cgroups;  // for the workers; outlives it; NULL: there are none
    unsigned long open_files; // soft RLIMIT_NOFILE of the workers; 0: the daemon's
};

struct dispatcher_callbacks {
    // After dispatcher_drain: the last job has its outcome.
    void (*idle)(void *context);
    // After dispatcher_reload: the configuration is served.
    void (*reloaded)(void *context);
    // After dispatcher_stop: the last worker is gone.
    void (*stopped)(void *context);
};

// NULL when out of memory. Starts the workers.
struct dispatcher *dispatcher_new(const struct dispatcher_settings *settings,
                                  const struct dispatcher_callbacks *callbacks, void *context);
void dispatcher_free(struct dispatcher *dispatcher);

// Takes the job. Its sink is told exactly once, maybe before this returns (unknown method, wrong
// params of `sleep`, too much waiting, too long a wait, shutting down).
void dispatcher_submit(struct dispatcher *dispatcher, struct span method, struct job *job);

// Takes a job that runs nowhere: it stands for work that others do, until dispatcher_finish. It is
// cancelled, timed out, counted and refused like any other, but while the daemon stops it may go on
// for as long as what it stands for does.
void dispatcher_hold(struct dispatcher *dispatcher, struct job *job);

// Ends the job with this outcome; its sink is told before this returns.
void
dispatcher_finish(struct dispatcher *dispatcher, struct job *job, const struct outcome *outcome);

// What would become of a job if it were submitted now.
struct dispatcher_quote {
    const struct pool_config *config; // NULL: it is run by no pool
    size_t queued;                    // of that pool, now
    size_t running;
    unsigned slots;  // jobs that it can run at once
    int64_t wait_us; // how long the job would wait at most, in 39 of 40 cases; see forecast.h
    int64_t run_us;  // how long jobs of its method run on average; -1: not known
    bool accepted;   // it would not be refused
};
// The job is looked at, and set up as dispatcher_submit would, but not taken. False if nobody knows
// the method.
bool dispatcher_quote(struct dispatcher *dispatcher, struct span method, struct job *job,
                      struct dispatcher_quote *ret_quote);

// Stops the job; its sink is told (-32800) before this returns.
void dispatcher_cancel(struct dispatcher *dispatcher, struct job *job);

// Stops the job; its sink is told this error object before this returns.
void
dispatcher_fail(struct dispatcher *dispatcher, struct job *job, const char *error, size_t length);

// Stops the job; nobody is told.
void dispatcher_abandon(struct dispatcher *dispatcher, struct job *job);

// Another configuration takes the place of the one that is served: pools that are the same in both
// stay as they are, the others are started. When the first workers of all of them have been ready
// or have failed it takes over: from then on its methods are called, its limits hold, and jobs that
// wait in a pool which has changed move to its new form. What runs is not disturbed. A pool that is
// not needed any more ends when it has run its last job; delayed jobs that nobody else would run
// are answered that the method is not there. `reloaded` comes when it takes over, before any job is
// answered because of that and before the old configuration is let go; unless another call or
// dispatcher_drain comes first. 0, or -1: a pool cannot be made, which it has logged, or memory is
// short; then nothing changes, and what was coming still comes. Not while draining.
int dispatcher_reload(struct dispatcher *dispatcher, const struct config *config);

// The first pool of that name, the served one if there is one; NULL if there is none. The name as
// JSON has it between the quotes.
const struct pool *dispatcher_pool_named(const struct dispatcher *dispatcher, struct span raw_name);

// Pauses all pools of that name, or lets them go on (pool_pause). It holds for pools of that name
// that come with another configuration too, until it is taken back or none is left.
void dispatcher_pause(struct dispatcher *dispatcher, const char *name, bool paused);
bool dispatcher_is_paused(const struct dispatcher *dispatcher, const char *name);

// Kills the worker with that pid in that slot of a pool of that name (pool_kill_worker). False if
// it is not there.
bool
dispatcher_kill_worker(struct dispatcher *dispatcher, const char *name, unsigned slot, pid_t pid);

// From now on nothing is accepted, and what has not started is answered -32005. `idle` follows.
void dispatcher_drain(struct dispatcher *dispatcher);

// What still runs is answered -32005 and stopped; jobs held end with what they stand for. `idle`
// follows.
void dispatcher_abort(struct dispatcher *dispatcher);

// Ends the workers. `stopped` follows.
void dispatcher_stop(struct dispatcher *dispatcher);

// What others may know of it.
struct dispatcher_report {
    size_t queued;
    size_t delayed;  // they wait for their time
    size_t running;  // those of `sleep` and those held included
    size_t sleeping; // those of `sleep`
    size_t held;     // see dispatcher_hold
    size_t memory;   // bytes that jobs hold
    // The first workers of all pools that are served, or that will be after a reload; and how many
    // of them have been ready, or have failed.
    size_t workers_wanted;
    size_t workers_settled;
};
void dispatcher_report(const struct dispatcher *dispatcher, struct dispatcher_report *ret_report);

// Looks in /proc what the workers use, see worker_report: at so many of them, and in the next call
// at the next, so that with any number of workers the loop is not kept long.
#define DISPATCHER_USAGE_MAX 256
void dispatcher_look_at_usage(struct dispatcher *dispatcher);

// The pools that are served, in the order of the configuration; then those that come or go. NULL
// behind the last.
const struct pool *dispatcher_pool(const struct dispatcher *dispatcher, size_t index);

// What is served now.
const struct config *dispatcher_config(const struct dispatcher *dispatcher);
const struct routes *dispatcher_routes(const struct dispatcher *dispatcher);

#endif
