// How long a job would wait, from what is known when it comes: run times measured so far, what
// waits before it, and the slots. Plain numbers; it knows no queue.
#ifndef OFFLOAD_MODEL_FORECAST_H
#define OFFLOAD_MODEL_FORECAST_H

#include <stdint.h>

// A wait of which nobody knows when it ends.
#define FORECAST_UNKNOWN_US INT64_MAX

struct forecast {
    int64_t work_us;  // run time of what is taken before it, see queue_work_before
    int64_t mean_us;  // run time of one job of this pool; 0: none was measured yet
    unsigned running; // jobs that run now
    unsigned slots;   // at least 1
};

// How long it waits at most, in 39 of 40 cases: the mean, and two standard deviations more. Run
// times are taken to scatter by as much as they last, the mean to be learnt from the last jobs (see
// run_time.h), and what runs to have all of it before it.
// What comes later and goes before it nobody can foresee. 0 if a slot is free for it.
int64_t forecast_wait_us(const struct forecast *forecast);

// When it makes sense to come back to a queue that is full: when a tenth of the work in it is done,
// for who comes back at the first free place meets everybody else there. Between a tenth of a
// second and a minute.
int64_t forecast_retry_us(const struct forecast *forecast);
#define FORECAST_RETRY_MAX_US INT64_C(60000000)

// A wait in seconds, as JSON: null if it is not known.
#define FORECAST_TEXT_MAX 32
const char *forecast_text(int64_t wait_us, char text[FORECAST_TEXT_MAX]);

#endif
