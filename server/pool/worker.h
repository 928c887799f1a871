// One worker process: its pipes, the jobs in its hands, its death. It knows no clients and no
// queue.
//
//     STARTING --exec worked--> READY --worker_stop--> STOPPING
//        |                        |                       |
//        +------------------------+-----------------------+--> ENDING --settled--> (gone)
//                 end of its stdout, its exit, a kill
//
// A process ends twice: its stdout reaches the end, and wait4 tells how. Only when both have come
// are its jobs settled, so that an answer which it wrote before it died still counts. A descendant
// may hold the pipe open, so after the exit the end of stdout is awaited for 200 ms only.
#ifndef OFFLOAD_POOL_WORKER_H
#define OFFLOAD_POOL_WORKER_H

#include "model/job.h"
#include "pool/certificate.h"
#include "pool/cgroups.h"
#include "pool/reap.h"
#include "pool/spawn.h"
#include "pool/usage.h"
#include "transport/turn.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct event_base;
struct messages;
struct worker;

enum worker_state {
    WORKER_STARTING, // forked; not known yet whether the program runs
    WORKER_READY,    // takes jobs
    WORKER_STOPPING, // its stdin is closed: it finishes what it has and exits
    WORKER_ENDING,   // on its way out; its jobs are settled when all is known
};

LIST_HEAD(worker_list, worker);

// What every worker of a pool shares; outlives them.
struct worker_settings {
    struct event_base *base;
    struct turn *turn;
    struct reaper *reaper;
    struct messages *messages; // scratch for parsing
    struct worker_list *all;   // every worker adds itself until it is gone
    const char *pool;
    char *const *argv;
    unsigned slots; // jobs at once
    unsigned ahead; // more that may wait in its pipe, if it says that it gives them back
    size_t line_max;
    unsigned depth_max;
    const struct spawn_attributes *attributes;
    struct cgroups *cgroups; // each process gets one of its own; NULL: there are none
    struct cgroup_limits cgroup_limits;
    char *const *environment; // added to it; or NULL
    int64_t kill_delay_us;    // from SIGTERM to SIGKILL
    bool wait_ready;          // it is READY when it has sent worker.ready
    int64_t start_timeout_us; // until then it may take so long; 0: for ever
};

// All from the loop. `gone` is the last; the worker frees itself after it.
struct worker_callbacks {
    void (*ready)(void *context, struct worker *worker);
    // The worker has begun with the job. May come from inside worker_run.
    void (*started)(void *context, struct job *job);
    // The worker has not begun with the job and will not: it is the callee's again.
    void (*returned)(void *context, struct job *job);
    // A job has its outcome; the outcome is borrowed for the call.
    void (*finished)(void *context, struct job *job, const struct outcome *outcome);
    // A job's worker tells of its progress; the value (raw JSON) is borrowed for the call.
    void (*progress)(void *context, struct job *job, struct span value);
    // There may be room for another job.
    void (*room)(void *context, struct worker *worker);
    // It takes no new jobs and ends with the last that is wanted: it did not cancel when asked to.
    void (*condemned)(void *context, struct worker *worker);
    // Every job was settled (`finished`), the process is reaped.
    void (*gone)(void *context, struct worker *worker, const struct death *death);
};

// Starts a process; `index` is its OFFLOAD_SLOT. NULL on failure, *ret_error then a negative errno.
struct worker *worker_new(const struct worker_settings *settings, unsigned index,
                          const struct worker_callbacks *callbacks, void *context, int *ret_error);

// Gives it a job (it must have room, or be able to prefetch). `cost_us`: how long it may run. 0 or
// -ENOMEM: then the job is still the caller's.
int worker_run(struct worker *worker, struct job *job, int64_t cost_us);

// Nobody waits for this job any more; it is the caller's again. A worker that understands cancel is
// asked (unless `condemn`) and has kill_delay_us to answer. Otherwise, if the worker has no other,
// its process group is told to end (worker_terminate), which really stops the work. Among others
// the job runs on and its answer is dropped; with `condemn` the worker then takes no new jobs, and
// ends with the last that is wanted. True if the worker is on its way out. Jobs that wait in its
// pipe count as others: the worker gives them back, or kill_delay_us passes.
bool worker_abandon(struct worker *worker, struct job *job, bool condemn);

// It takes no new jobs, and when it has none any more its stdin is closed (worker_stop).
void worker_retire(struct worker *worker);

// SIGTERM for its whole process group, and SIGKILL after kill_delay_us. A wanted end: no breach, no
// failure of the worker.
void worker_terminate(struct worker *worker);

// What could be said of its death if it died now: the usage so far, the last of its stderr. The
// texts are good until the next call into the worker.
void worker_describe(struct worker *worker, struct death *ret_death);

// Closes its stdin: it should finish and exit; after `grace_us` it is killed, and so is one that
// was on its way out already. What was not yet written to it is dropped: for a worker without jobs.
void worker_stop(struct worker *worker, int64_t grace_us);

// The same for all of a list.
void worker_list_stop(struct worker_list *list, int64_t grace_us);

// SIGKILL for its whole process group. Jobs in its hands are settled as lost.
void worker_kill(struct worker *worker);

// The same because somebody wants it, if the worker is still this process; else false. The cause of
// its death is DEATH_KILLED then.
bool worker_kill_wanted(struct worker *worker, pid_t pid);

// True if a job would start at once.
bool worker_has_room(const struct worker *worker);

// True if a job of that cost may wait in its pipe: it would not wait longer than a millisecond, or
// than the one short job that runs.
bool worker_can_prefetch(const struct worker *worker, int64_t cost_us);

// True if it has begun with no job longer ago than others may have to wait.
bool worker_is_brisk(const struct worker *worker, int64_t now_us);

// Jobs in its hands that it has not begun with.
unsigned worker_waiting(const struct worker *worker);

// Looks what it uses now, which costs a look into /proc; for worker_report.
void worker_look_at_usage(struct worker *worker);

// What others may know of it.
struct worker_report {
    unsigned index;
    pid_t pid;
    enum worker_state state;
    unsigned running; // slots in use
    unsigned waiting; // jobs in its pipe that it has not begun with
    uint64_t jobs_done;
    bool was_ready;
    int64_t started_us;        // monotonic
    const struct job *longest; // the job that has run longest; NULL if none runs
    bool usage_known;
    struct usage usage; // when it was looked at last
};
void worker_report(const struct worker *worker, struct worker_report *ret_report);
const char *worker_state_name(enum worker_state state);

#endif
