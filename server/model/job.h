// A job: one call of a method, from the moment it was accepted to its one outcome. Plain data.
//
//              +--> failed <--+            (refused before it ran: unknown method, busy, ...)
//     new -> queued -> running -> succeeded | failed | cancelled | timed out | lost
//            |  ^ ^------+         (its worker died, and it has retries)
//            v  | +---------------> cancelled | timed out
//           delayed --------------> failed | cancelled | timed out
//
// `succeeded` and `failed`: the worker answered; `lost`: it died; the daemon speaks for it.
#ifndef OFFLOAD_MODEL_JOB_H
#define OFFLOAD_MODEL_JOB_H

#include "common/span.h"
#include "model/shared_text.h"
#include "model/timeouts.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

enum job_state {
    JOB_QUEUED,  // it waits for a worker
    JOB_DELAYED, // it waits for its time
    JOB_RUNNING,
    JOB_SUCCEEDED, // the first of the final states
    JOB_FAILED,
    JOB_CANCELLED,
    JOB_TIMED_OUT,
    JOB_LOST,
};
#define JOB_STATE_COUNT (JOB_LOST + 1)

// How a job ended.
struct outcome {
    enum job_state state; // a final one
    struct span body;     // raw JSON: the result if it succeeded, else the error object. Borrowed
    int64_t ended_us;     // when; 0: whoever says so has not looked at the clock
};

#define JOB_PRIORITY_MAX   10 // and the least is -10
#define JOB_WEIGHT_DEFAULT 100
#define JOB_WEIGHT_MAX     10000
#define JOB_WAIT_ANY       INT64_MAX

struct job;
struct line;

// Where the outcome goes: called exactly once per job, unless job_mute was called before. The job
// itself is freed after the call.
struct job_sink {
    void (*finished)(void *context, const struct outcome *outcome);
    // Raw JSON, borrowed for the call; any number of times before `finished`. May be NULL.
    void (*progress)(void *context, struct span value);
};

struct job {
    TAILQ_ENTRY(job) link; // in a queue, or among those that run in one place
    enum job_state state;
    uint64_t number;       // by which the log speaks of it; 0: of none yet
    void *place;           // where it runs, or waits in a worker's pipe; else NULL
    struct pool *pool;     // which pool has it; NULL if none. Only the dispatcher looks inside
    struct span method;    // as the worker knows it; borrowed from the configuration
    unsigned method_index; // in the methods of its pool
    struct span input;     // text for the stdin of a command, in memory of the job's own; or absent
    size_t room;           // bytes of the job's own memory behind it
    bool progress;         // the sink wants to hear of it
    struct span params;    // raw JSON, in the job's own memory or in `text`; may be absent
    struct shared_text *text;    // what it shares with other jobs; NULL: its params are its own
    const struct job_sink *sink; // NULL when nobody wants to know any more
    void *sink_context;
    int64_t created_us; // monotonic
    int64_t started_us; // 0 before it ran
    int64_t heard_us;   // its last progress; 0 before
    struct timeouts timeouts;
    unsigned retries;          // how often it may still run again after its worker died
    unsigned attempts;         // how often it has started
    struct deadline *deadline; // the dispatcher's; NULL: it has no timeouts
    // How it waits. None of these may change while it is in a queue.
    int priority;        // from -JOB_PRIORITY_MAX to JOB_PRIORITY_MAX, the highest first
    uint64_t caller;     // who wants it; anything but UINT64_MAX
    uint64_t session;    // through which of the caller's sessions; anything but UINT64_MAX
    unsigned weight;     // of the caller, up to JOB_WEIGHT_MAX; 0: the default
    int64_t cost_us;     // how long it is expected to run
    int64_t delay_us;    // how long after its arrival it may be queued; 0: at once
    int64_t max_wait_us; // what is expected to wait longer is refused; JOB_WAIT_ANY: it is not
    bool charged;        // its caller has had a turn for it: it was taken from a queue before
    struct line *line;   // the queue's: where it stands; NULL while it does not wait
};
TAILQ_HEAD(job_list, job);

// Copies params into the job. NULL when out of memory.
struct job *job_new(struct span params, const struct job_sink *sink, void *sink_context);

// The same without a copy: params lie in the text, which the job holds until its end.
struct job *job_new_shared(struct shared_text *text, struct span params,
                           const struct job_sink *sink, void *sink_context);
void job_free(struct job *job);

// Checks that the step is one of the drawing above (a wrong one is a bug: it aborts).
void job_set_state(struct job *job, enum job_state state);

// When the next of its timeouts is over, and which. False if it has none that counts now.
bool job_next_timeout(const struct job *job, int64_t *ret_due_us, enum timeout_kind *ret_kind);

// True if one of them is over, although nobody has noticed yet: it must not start any more.
bool job_is_overdue(const struct job *job, int64_t now_us, enum timeout_kind *ret_kind);

// Copies text for its stdin into the job. False when out of memory.
bool job_set_input(struct job *job, struct span text);

// From now on nobody is told the outcome.
void job_mute(struct job *job);

// Bytes that it holds; its part of a shared text is counted as if it were a copy.
size_t job_size(const struct job *job);

const char *job_state_name(enum job_state state);

#endif
