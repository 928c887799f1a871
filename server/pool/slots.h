// The jobs in one worker's hands, and the numbers that they travel under. Plain data.
//
// Requests to a worker carry numbers of the daemon's own: number % count is the slot that the job
// sits in, and the whole number must match what the slot holds, so that a late or invented answer
// cannot be taken for another job's.
#ifndef OFFLOAD_POOL_SLOTS_H
#define OFFLOAD_POOL_SLOTS_H

#include "common/span.h"
#include "model/job.h"

#include <stdbool.h>
#include <stdint.h>

struct slots;

// NULL when out of memory.
struct slots *slots_new(unsigned count);
void slots_free(struct slots *slots);

unsigned slots_busy(const struct slots *slots);
unsigned slots_wanted(const struct slots *slots); // busy with a job that was not abandoned
bool slots_full(const struct slots *slots);

// The number that the next job will travel under. Only if not full.
uint64_t slots_next_number(struct slots *slots);

// Puts the job into the slot of that number.
void slots_put(struct slots *slots, uint64_t number, struct job *job);

// The answer with this raw id has come: empties its slot. False if no busy slot has that number;
// *ret_job is NULL if the job was abandoned.
bool slots_take(struct slots *slots, struct span id, struct job **ret_job);

// The same without emptying it.
bool slots_look(const struct slots *slots, struct span id, struct job **ret_job);

// Empties some busy slot, the highest first: jobs that go back to the front of a queue one by one
// are then in order. False when none is left.
bool slots_take_any(struct slots *slots, struct job **ret_job);

// The slot stays busy, but its job is the caller's again. Returns the number of the slot.
uint64_t slots_abandon(struct slots *slots, const struct job *job, int64_t now_us);

// The earliest moment at which a job of a slot that is still busy was abandoned; false if none was.
bool slots_oldest_abandoned(const struct slots *slots, int64_t *ret_us);

#endif
