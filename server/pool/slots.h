// The jobs in one worker's hands, and the numbers that they travel under. Plain data.
//
// A worker runs `at_once` jobs; up to `ahead` more may wait in its pipe. Workers start jobs in the
// order in which they came, so the daemon knows which ones have begun: the first ones that have no
// answer.
//
//     slots_put > (waiting) slots_start > (running) slots_take
//                     slots_return: (returned) slots_take_returned
//
// Requests to a worker carry numbers of the daemon's own, from 1. A number leads to the slot that
// the job sits in, and must match what the slot holds, so that a late or invented answer cannot be
// taken for another job's.
#ifndef OFFLOAD_POOL_SLOTS_H
#define OFFLOAD_POOL_SLOTS_H

#include "common/span.h"
#include "model/job.h"

#include <stdbool.h>
#include <stdint.h>

struct slots;

// NULL when out of memory.
struct slots *slots_new(unsigned at_once, unsigned ahead);
void slots_free(struct slots *slots);

unsigned slots_busy(const struct slots *slots);
unsigned slots_waiting(const struct slots *slots);
unsigned slots_wanted(const struct slots *slots); // busy with a job that was not abandoned
unsigned slots_wanted_running(const struct slots *slots);
bool slots_full(const struct slots *slots);       // no job more could start at once
bool slots_ahead_full(const struct slots *slots); // nor could one wait

// The job that has run longest; NULL if none runs that was not abandoned.
const struct job *slots_longest(const struct slots *slots);

// Running with a job that was abandoned.
unsigned slots_abandoned_running(const struct slots *slots);

// What all the jobs in it were put in for, in microseconds.
int64_t slots_cost_us(const struct slots *slots);

// The number that the next job will travel under. Only if not ahead_full.
uint64_t slots_next_number(struct slots *slots);

// Puts the job into the slot of that number, where it waits. `cost_us`: how long it may run.
void slots_put(struct slots *slots, uint64_t number, struct job *job, int64_t cost_us);

// The first that waits begins to run, if there is one and it may; else false. *ret_job is NULL if
// the job was abandoned: for that it counts as abandoned from now on.
bool slots_start(struct slots *slots, int64_t now_us, struct job **ret_job);

// The answer with this raw id has come: empties its slot. False if no busy slot has that number;
// *ret_job is NULL if the job was abandoned.
bool slots_take(struct slots *slots, struct span id, struct job **ret_job);

// The same without emptying it.
bool slots_look(const struct slots *slots, struct span id, struct job **ret_job);

// The worker has not started this one and gives it back. False if no busy slot has that number.
bool slots_return(struct slots *slots, struct span id);

// All that wait come back.
void slots_return_waiting(struct slots *slots);

// Empties the slot of one that came back, the last first: jobs that go back to the front of a queue
// one by one are then in order. False when none is left; *ret_job is NULL if it was abandoned.
bool slots_take_returned(struct slots *slots, struct job **ret_job);

// Empties the slot of some job that runs, the last first likewise. False when none is left.
bool slots_take_any(struct slots *slots, struct job **ret_job);

// The slot stays busy, but its job is the caller's again. Returns the number of the slot.
uint64_t slots_abandon(struct slots *slots, const struct job *job, int64_t now_us);

// The earliest moment at which a job that still runs was abandoned; false if none was.
bool slots_oldest_abandoned(const struct slots *slots, int64_t *ret_us);

#endif
