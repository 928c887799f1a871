// What bench found, as text or JSON. Plain data; it measures nothing.
#ifndef OFFLOAD_CLIENT_BENCH_PLOT_H
#define OFFLOAD_CLIENT_BENCH_PLOT_H

#include "client/bench_run.h"

#include <stdio.h>

// Jobs of one length, done here one after the other and by the workers.
struct bench_point {
    double length_us; // of the job, done here
    double here;      // jobs a second
    double offloaded;
};

struct bench_report {
    const char *address;
    unsigned at_once;
    struct bench_times alone;    // one under way
    struct bench_times together; // at_once
    const struct bench_point *points;
    size_t point_count;
};

// The job length from which on the workers win, in microseconds; 0: they win with the shortest;
// negative: not with the longest.
double bench_crossover_us(const struct bench_point *points, size_t count);

void bench_print(FILE *out, const struct bench_report *report);
void bench_print_json(FILE *out, const struct bench_report *report);

#endif
