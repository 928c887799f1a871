// Jobs that have ended: how many in which way, and how long they took. Plain data.
#ifndef OFFLOAD_MODEL_JOB_COUNTS_H
#define OFFLOAD_MODEL_JOB_COUNTS_H

#include "model/histogram.h"
#include "model/job.h"

#include <stdint.h>

// All zero to begin with.
struct job_counts {
    uint64_t ended[JOB_STATE_COUNT]; // by final state
    uint64_t refused;                // of those that failed: they were not taken at all
    struct histogram latency;        // from the arrival of the request to the outcome
};

// The job ends in this state. What failed without having been started took no time that says
// anything: were it measured, a daemon that refuses most of its jobs would seem a fast one.
void job_counts_note(struct job_counts *counts, const struct job *job, enum job_state state,
                     int64_t now_us);

#endif
