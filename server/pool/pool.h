// A pool: identical workers and the jobs that wait for them. It starts its workers, replaces those
// that die, and hands each job to one that has room. It knows no clients.
#ifndef OFFLOAD_POOL_POOL_H
#define OFFLOAD_POOL_POOL_H

#include "common/span.h"
#include "model/config.h"
#include "model/job.h"
#include "model/job_counts.h"
#include "model/run_time.h"
#include "pool/worker.h"

#include <stddef.h>
#include <stdint.h>

struct event_base;
struct pool;
struct queue;

struct pool_settings {
    struct event_base *base;
    struct turn *turn;
    struct reaper *reaper;
    const struct pool_config *config; // outlives the pool
    const char *builtin_path;         // of offload-worker
    unsigned cores;                   // that workers can run on; 0: any number
    size_t line_max;
    unsigned depth_max;
    struct cgroups *cgroups; // of its processes; NULL: there are none
    unsigned long
        open_files; // soft RLIMIT_NOFILE of workers without open-files-max; 0: the daemon's
};

struct pool_callbacks {
    // A job has its outcome (borrowed for the call); the job is the callee's from here on. May come
    // from inside pool_submit.
    void (*finished)(void *context, struct job *job, const struct outcome *outcome);
    // The job runs.
    void (*started)(void *context, struct job *job);
    // The job, still queued, has come back from a worker that had not begun with it; it is the
    // callee's, who will most likely resubmit it.
    void (*returned)(void *context, struct job *job);
    // The job is next, and one of its timeouts is over: it must not start. It is still in the pool,
    // and the callee's to expire.
    void (*overdue)(void *context, struct job *job, enum timeout_kind kind);
    // Progress of a running job; the value (raw JSON) is borrowed for the call.
    void (*progress)(void *context, struct job *job, struct span value);
    // Once: each of the first workers has been ready, or has failed (pool_report). May be NULL.
    void (*settled)(void *context, struct pool *pool);
    // Once. After pool_stop: every worker is gone. After pool_wind_down: so is every job. May come
    // from inside either, or, as the last job is taken back, pool_cancel and pool_expire.
    void (*stopped)(void *context, struct pool *pool);
};

// Starts the first workers at once. NULL when out of memory.
struct pool *pool_new(const struct pool_settings *settings, const struct pool_callbacks *callbacks,
                      void *context);
void pool_free(struct pool *pool); // after `stopped`, or when nothing was ever run

// Runs the job or queues it; job->method_index is its method's in the configuration. Exactly one
// `finished` follows, unless pool_cancel comes first.
void pool_submit(struct pool *pool, struct job *job);

// The same for a job that was with a worker before: it goes to the front.
void pool_resubmit(struct pool *pool, struct job *job);
unsigned pool_crash_limit(const struct pool *pool);

// The name of its method with that index, for job->method; valid as long as the pool.
struct span pool_method(const struct pool *pool, unsigned index);

// True if a job submitted now would run at once.
bool pool_has_room(const struct pool *pool);

// What would become of a job that came now.
struct pool_outlook {
    int64_t wait_us;  // how long it would wait at most, in 39 of 40 cases; see forecast.h
    int64_t run_us;   // how long jobs of its method run on average; -1: none has run yet
    int64_t retry_us; // when to try again, should there be no room for it
    unsigned slots;   // jobs that the pool can run at once
};
// Of the job, its method_index and how it waits are looked at.
struct pool_outlook pool_look_ahead(const struct pool *pool, const struct job *job);

// From now on no job is handed to a worker, until pool_resume. Jobs are taken, and wait; what
// workers have in hand goes on, jobs that wait in their pipes included, which are out of our hands
// (but those that come back wait again). Workers come and go as ever.
void pool_pause(struct pool *pool);
void pool_resume(struct pool *pool); // what waits is looked at in the next turn of the loop
bool pool_is_paused(const struct pool *pool);

// SIGKILL for the group of the worker at that place, if it is the one with that pid; else false.
// Its jobs are lost, and it is replaced, as after any death.
bool pool_kill_worker(struct pool *pool, unsigned place, pid_t pid);

// Takes a job back: out of the queue, or away from its worker, which stops the work where that does
// not harm others (worker_abandon).
void pool_cancel(struct pool *pool, struct job *job);

// A timeout of the job is over: takes it back, stops the work, and returns the error object that
// answers it (malloc, the caller frees; NULL when out of memory).
char *pool_expire(struct pool *pool, struct job *job, enum timeout_kind kind, size_t *ret_length);

// Some job that waits, or that is with a worker; NULL if there is none. For taking all of them
// back.
struct job *pool_any_queued(struct pool *pool);
struct job *pool_any_running(struct pool *pool);

// Of its jobs that have ended. Whoever ends them counts, for the pool itself does not see all.
struct job_counts *pool_counts(struct pool *pool);

// No new jobs will be submitted, but those that the pool has handed out may come back. It runs what
// it has, and from now on has workers for jobs that wait and for none else: idle ones end, and so
// does each of the others with its last job. With the last job and process gone it has stopped.
void pool_wind_down(struct pool *pool);
bool pool_is_winding_down(const struct pool *pool);

// Closes the stdin of every worker, kills those that are not gone soon; no new ones are started.
void pool_stop(struct pool *pool);

// What others may know of it.
struct pool_report {
    const struct pool_config *config;
    size_t queued; // in workers' pipes too
    size_t running;
    unsigned workers_wanted;  // the first ones: as many as there always are
    unsigned workers_settled; // of these: have been ready, or have failed
    uint64_t restarts;        // workers that were replaced
    struct run_time run_time;
    const struct run_time *method_times; // in the order of the configuration
    const struct queue *queue;           // what waits, but for what is in workers' pipes
    const struct job_counts *counts;
    struct span start_error; // the error object that answers jobs as no worker can start; or absent
};
void pool_report(const struct pool *pool, struct pool_report *ret_report);

// Looks what the worker there uses, see worker_report.
void pool_look_at_usage(struct pool *pool, unsigned place);

// The worker at a place from 0 to config->processes - 1; NULL while there is none.
const struct worker *pool_worker(const struct pool *pool, unsigned place);

#endif
