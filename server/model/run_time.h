// How long jobs of one kind run, learnt from those that have run. Plain data.
#ifndef OFFLOAD_MODEL_RUN_TIME_H
#define OFFLOAD_MODEL_RUN_TIME_H

#include <stdint.h>

// All zero before the first.
struct run_time {
    double mean_us;    // moving average, of some 64 jobs
    double typical_us; // the same, but a rare long job counts for little
    unsigned samples;  // up to RUN_TIME_WINDOW
};

#define RUN_TIME_WINDOW 64

void run_time_add(struct run_time *run_time, int64_t us);

#endif
