// Times of jobs, measured over one connection. Every answer is compared with what it has to be.
#ifndef OFFLOAD_CLIENT_BENCH_RUN_H
#define OFFLOAD_CLIENT_BENCH_RUN_H

#include "client/lib/offload.h"

#include <stddef.h>
#include <stdint.h>

// Which job, and what it must answer.
struct bench_job {
    const char *method;
    const char *params;   // raw JSON
    const char *expected; // likewise
};

struct bench_times {
    uint64_t jobs;
    double per_second;
    double median_us; // of one job from call to answer
    double p99_us;
};

// What a run may end with besides 0 and the errors of liboffload.
#define BENCH_FAILED (-10001) // an answer was an error: *ret_error has it
#define BENCH_WRONG  (-10002) // an answer was not the expected one

struct bench_fault {
    char *error; // an error object, malloc; or NULL
};

// Makes jobs for so long, `at_once` of them under way. 0, or a negative errno, or one of the above.
int bench_run(struct offload *offload, const struct bench_job *job, unsigned at_once,
              int64_t duration_ns, struct bench_times *ret_times, struct bench_fault *ret_fault);

// The work of sum_squares done here, again and again for so long: seconds a job.
double bench_here(unsigned long long n, int64_t duration_ns);

#endif
