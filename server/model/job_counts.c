// See job_counts.h.
#include "model/job_counts.h"

void
job_counts_note(struct job_counts *counts, const struct job *job, enum job_state state,
                int64_t now_us)
{
    counts->ended[state]++;
    if (state != JOB_FAILED || job->started_us != 0)
        histogram_note(&counts->latency, now_us, now_us - job->created_us);
}
