// See bench_run.h.
#include "client/bench_run.h"

#include "common/clock.h"
#include "common/sum_squares.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

// Times of single jobs are kept for so many of a run; the rest is only counted.
#define TIMES_MAX 200000

struct run;

// A place for one job under way.
struct lane {
    struct run *run;
    int64_t begun_ns;
};

struct run {
    struct offload *offload;
    const struct bench_job *job;
    int64_t end_ns;
    uint64_t done;
    double *times_us; // of the first TIMES_MAX
    size_t times;
    int error;
    struct bench_fault *fault;
    struct lane *lanes;
};

static void begin(struct lane *lane);

static void
note_fault(struct run *run, const struct offload_reply *reply)
{
    if (run->error != 0)
        return;
    run->error = reply->outcome == OFFLOAD_LOST ? reply->code : BENCH_FAILED;
    if (reply->outcome == OFFLOAD_ERROR)
        run->fault->error = strdup(reply->json);
}

static void
reply_cb(void *context, const struct offload_reply *reply)
{
    struct lane *lane = context;
    struct run *run = lane->run;
    int64_t now_ns = clock_ns();

    if (reply->outcome != OFFLOAD_RESULT) {
        note_fault(run, reply);
        return;
    }
    if (strcmp(reply->json, run->job->expected) != 0 && run->error == 0)
        run->error = BENCH_WRONG;
    run->done++;
    if (run->times < TIMES_MAX)
        run->times_us[run->times++] = (double)(now_ns - lane->begun_ns) / 1e3;
    if (now_ns < run->end_ns && run->error == 0)
        begin(lane);
}

static void
begin(struct lane *lane)
{
    struct run *run = lane->run;
    const struct offload_call call = {
        .method = run->job->method, .params = run->job->params, .reply = reply_cb, .context = lane};
    int error;

    lane->begun_ns = clock_ns();
    error = offload_call(run->offload, &call, NULL);
    if (error != 0 && run->error == 0)
        run->error = error;
}

static int
compare(const void *a, const void *b)
{
    double first = *(const double *)a;
    double second = *(const double *)b;

    return (first > second) - (first < second);
}

static void
sum_up(struct run *run, int64_t took_ns, struct bench_times *ret_times)
{
    size_t count = run->times;

    qsort(run->times_us, count, sizeof(*run->times_us), compare);
    *ret_times = (struct bench_times){
        .jobs = run->done,
        .per_second = (double)run->done * 1e9 / (double)took_ns,
        .median_us = count > 0 ? run->times_us[count / 2] : 0,
        .p99_us = count > 0 ? run->times_us[count * 99 / 100] : 0,
    };
}

int
bench_run(struct offload *offload, const struct bench_job *job, unsigned at_once,
          int64_t duration_ns, struct bench_times *ret_times, struct bench_fault *ret_fault)
{
    struct run run = {.offload = offload, .job = job, .fault = ret_fault};
    int64_t start_ns = clock_ns();
    int error = -ENOMEM;

    run.times_us = calloc(TIMES_MAX, sizeof(*run.times_us));
    run.lanes = calloc(at_once, sizeof(*run.lanes));
    if (run.times_us == NULL || run.lanes == NULL)
        goto out;
    run.end_ns = start_ns + duration_ns;
    for (unsigned i = 0; i < at_once; i++) {
        run.lanes[i].run = &run;
        begin(&run.lanes[i]);
    }
    error = offload_wait(offload, OFFLOAD_FOREVER);
    if (run.error != 0)
        error = run.error;
    if (error == 0)
        sum_up(&run, clock_ns() - start_ns, ret_times);
out:
    free(run.lanes);
    free(run.times_us);
    return error;
}

double
bench_here(unsigned long long n, int64_t duration_ns)
{
    int64_t start_ns = clock_ns();
    int64_t took_ns;
    uint64_t jobs = 0;
    char text[40];

    do {
        // The digits are a part of the job too, and keep the sum from being left out.
        format_u128(sum_squares(0, n, 0), text);
        __asm__ volatile("" : : "r"(text) : "memory");
        jobs++;
        took_ns = clock_ns() - start_ns;
    } while (took_ns < duration_ns);
    return (double)took_ns / 1e9 / (double)jobs;
}
