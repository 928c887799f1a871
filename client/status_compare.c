// What two answers to server.status tell together, see status.h. The daemon's own clock says how
// much time lies between them.
#include "client/status.h"

#include <string.h>

// Below it a figure would be more noise than rate.
#define LEAST_S 0.05

// How much a counter grew in a second; unknown unless both are known.
static double
rate(double now, double before, double seconds)
{
    if (now < 0 || before < 0 || now < before)
        return FIGURE_UNKNOWN;
    return (now - before) / seconds;
}

// The sum of what is known.
static double
sum(double a, double b)
{
    if (a < 0)
        return b;
    return b < 0 ? a : a + b;
}

static double
failures(const struct status_counts *counts)
{
    return sum(counts->failed, sum(counts->timed_out, counts->lost));
}

static void
compare_counts(const struct status_counts *now, const struct status_counts *before, double seconds,
               struct status_rates *rates)
{
    rates->succeeded = rate(now->succeeded, before->succeeded, seconds);
    rates->failed = rate(failures(now), failures(before), seconds);
}

static const struct status_pool *
find_pool(const struct status *status, const char *name, size_t likely)
{
    for (size_t i = 0; i < status->pool_count; i++) {
        const struct status_pool *pool = &status->pools[(likely + i) % status->pool_count];

        if (strcmp(pool->name, name) == 0)
            return pool;
    }
    return NULL;
}

static const struct status_worker *
find_worker(const struct status *status, double pid, size_t likely)
{
    for (size_t i = 0; i < status->worker_count; i++) {
        const struct status_worker *worker = &status->workers[(likely + i) % status->worker_count];

        if (worker->pid == pid)
            return worker;
    }
    return NULL;
}

// A pid may come again, for a younger process.
static void
compare_worker(struct status_worker *now, const struct status_worker *before, double seconds)
{
    double share;

    if (now->age_seconds < before->age_seconds)
        return;
    share = rate(now->cpu_seconds, before->cpu_seconds, seconds);
    if (share >= 0)
        now->cpu_percent = 100 * share;
}

void
status_compare(struct status *status, const struct status *before)
{
    double seconds = status->uptime_seconds - before->uptime_seconds;

    if (status->pid != before->pid || before->uptime_seconds < 0 || seconds < LEAST_S)
        return;
    compare_counts(&status->counts, &before->counts, seconds, &status->rates);
    for (size_t i = 0; i < status->pool_count; i++) {
        struct status_pool *pool = &status->pools[i];
        const struct status_pool *earlier = find_pool(before, pool->name, i);

        if (earlier != NULL)
            compare_counts(&pool->counts, &earlier->counts, seconds, &pool->rates);
    }
    for (size_t i = 0; i < status->worker_count; i++) {
        struct status_worker *worker = &status->workers[i];
        const struct status_worker *earlier = find_worker(before, worker->pid, i);

        if (earlier != NULL)
            compare_worker(worker, earlier, seconds);
    }
}
