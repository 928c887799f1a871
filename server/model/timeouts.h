// The four timeouts of a job, and which of them is over next. Plain data and a given time.
//
//     created ........ ready ........ started ........ heard of ........
//     |-- total ------------------------------------------------------>
//                      |-- queue ----->
//                                     |-- run ----------------------->
//                                                      |-- silence --->
//
// A job is ready when its delay is over; mostly that is when it is created.
#ifndef OFFLOAD_MODEL_TIMEOUTS_H
#define OFFLOAD_MODEL_TIMEOUTS_H

#include <stdbool.h>
#include <stdint.h>

enum timeout_kind {
    TIMEOUT_QUEUE,   // from when it may start until it does
    TIMEOUT_RUN,     // from its start
    TIMEOUT_SILENCE, // from its start, and anew with each progress
    TIMEOUT_TOTAL,   // from its arrival
};
#define TIMEOUT_COUNT (TIMEOUT_TOTAL + 1)

struct timeouts {
    int64_t us[TIMEOUT_COUNT]; // 0: none
};

// "queue", "run", "silence", "total".
const char *timeout_name(enum timeout_kind kind);

// For each the shorter of the two: a request may shorten what its pool allows, never lengthen it.
void timeouts_tighten(struct timeouts *timeouts, const struct timeouts *by);

bool timeouts_any(const struct timeouts *timeouts);

// When the next of them is over, and which; monotonic microseconds. started_us and heard_us are 0
// before the job runs. False if none applies.
bool timeouts_next(const struct timeouts *timeouts, int64_t created_us, int64_t ready_us,
                   int64_t started_us, int64_t heard_us, int64_t *ret_due_us,
                   enum timeout_kind *ret_kind);

#endif
