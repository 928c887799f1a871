// See run_time.h.
#include "model/run_time.h"

// What one job may add to the typical run time: several times what is known already and a bit, so
// that a change for good is learnt within a few jobs, and one that stands out is forgotten.
#define OUTLIER_FACTOR  4
#define OUTLIER_FREE_US 1000

void
run_time_add(struct run_time *run_time, int64_t us)
{
    double sample = us > 0 ? (double)us : 0;
    double bounded = OUTLIER_FACTOR * run_time->typical_us + OUTLIER_FREE_US;

    if (run_time->samples < RUN_TIME_WINDOW)
        run_time->samples++;
    run_time->mean_us += (sample - run_time->mean_us) / run_time->samples;
    if (sample < bounded)
        bounded = sample;
    run_time->typical_us += (bounded - run_time->typical_us) / run_time->samples;
}
