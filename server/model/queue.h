// What waits for one pool, and what runs next: decided from plain data and a given time.
//
// Priorities are strict: the highest level that has jobs is next. Within a level callers take
// turns, see level.h. Strictness alone would let a stream of jobs at one level stop everything
// below it for ever, so that waiting counts too: a level that has waited, since it last had a turn,
// by QUEUE_AGEING_US longer than the highest for each step that it stands below it, is next, once.
// So the lowest of all moves every 100 seconds in the worst case, and one directly below every 5.
// Why so and not otherwise:
//
// - The level ages, not the job. If jobs rose as they wait, ten thousand that one caller sent an
//   hour ago would stand above what anybody sends now, and fair shares would be no more than an old
//   and a new queue. A level that rises has one turn, taken by whoever's it is there.
// - It ages against the highest level's own waiting, not by the clock: while nothing at all is
//   taken, because all workers are at long jobs, nobody is passed over.
// - A step is at least QUEUE_AGEING_COSTS times what the job in question is expected to run. Else,
//   where jobs take minutes, everything would always be due and priorities meant nothing. So no
//   level takes more than an eighth of one slot from those above it.
// - What a caller gets in this way is put on its account in the highest level: spreading jobs over
//   many levels gains nothing against those who do not.
//
// Everything costs O(log n) in callers and sessions, and a look at each of the levels.
#ifndef OFFLOAD_MODEL_QUEUE_H
#define OFFLOAD_MODEL_QUEUE_H

#include "model/job.h"
#include "model/level.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUEUE_LEVELS       (2 * JOB_PRIORITY_MAX + 1)
#define QUEUE_AGEING_US    INT64_C(5000000)
#define QUEUE_AGEING_COSTS 8

struct queue {
    struct level levels[QUEUE_LEVELS];
    int64_t since_us[QUEUE_LEVELS]; // when the level last had a turn, or its first job
    uint32_t occupied;              // a bit for each level that has jobs
    size_t count;
};

void queue_init(struct queue *queue);
void queue_done(struct queue *queue); // must be empty

// Adds a job to those of its session, behind them, or, because it was taken before and not run to
// its end, before them; then it is not charged to its caller again.
void queue_add(struct queue *queue, struct job *job, bool front, int64_t now_us);

// The next job; NULL when empty.
struct job *queue_next(const struct queue *queue);

// Takes that one out.
struct job *queue_take(struct queue *queue, int64_t now_us);

// Takes this job out, wherever it stands.
void queue_remove(struct queue *queue, struct job *job);

// Some job; NULL when empty.
struct job *queue_any(const struct queue *queue);

// How much work is taken before a job like this one that comes now, if nothing comes after it: an
// upper estimate, microseconds of run time. Looks at priority, caller, weight, session and cost.
int64_t queue_work_before(const struct queue *queue, const struct job *job);

// The jobs and the callers that wait at a priority.
size_t queue_jobs_at(const struct queue *queue, int priority);
size_t queue_callers_at(const struct queue *queue, int priority);

#endif
