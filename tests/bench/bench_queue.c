// What a pool's queue costs per job: each line is one way of using it, the median of some rounds.
// For numbers that do not depend on what else the machine does, let `perf stat -e instructions:u`
// or callgrind run one of them: bench_queue PATTERN-OF-NAME.
#include "common/clock.h"
#include "model/queue.h"

#include <fnmatch.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define ROUNDS   11
#define STEPS    200000
#define STANDING 1000

static int64_t now_us;

static uint64_t seed = 1;

static unsigned
chance(unsigned below)
{
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (unsigned)(seed >> 33) % below;
}

// How jobs come and go: `callers` with `sessions` each, at `priorities` levels, while `standing`
// jobs wait all the time. 0 standing: the queue is empty after each job.
struct use {
    const char *name;
    unsigned callers;
    unsigned sessions;
    unsigned priorities;
    unsigned standing;
    bool put_back; // each is taken, found to fit nowhere, put back in front, and taken again
};

static const struct use uses[] = {
    {"one session, never two jobs", 1, 1, 1, 0, false},
    {"one session, put back", 1, 1, 1, 0, true},
    {"8 sessions, never two jobs", 1, 8, 1, 0, false},
    {"one session, 1000 wait", 1, 1, 1, STANDING, false},
    {"8 sessions, 16 wait", 1, 8, 1, 16, false},
    {"10 callers of 10 sessions, 1000 wait", 10, 10, 1, STANDING, false},
    {"10 callers of 10 sessions, 5 priorities, 1000 wait", 10, 10, 5, STANDING, false},
    {"100 callers of 100 sessions, 1000 wait", 100, 100, 1, STANDING, false},
};

static void
add(struct queue *queue, const struct use *use, struct job *job)
{
    *job = (struct job){.state = JOB_QUEUED,
                        .caller = chance(use->callers),
                        .session = chance(use->sessions),
                        .priority = (int)chance(use->priorities),
                        .cost_us = 1 + chance(200)};
    queue_add(queue, job, false, ++now_us);
}

static struct job *
take(struct queue *queue, const struct use *use)
{
    struct job *job = queue_take(queue, ++now_us);

    if (!use->put_back)
        return job;
    queue_add(queue, job, true, now_us);
    return queue_take(queue, now_us);
}

// Nanoseconds per job.
static double
run(const struct use *use)
{
    static struct job jobs[STANDING + 1];
    struct queue queue;
    struct job *job = &jobs[use->standing];
    int64_t begin_us;
    int64_t end_us;

    queue_init(&queue);
    for (unsigned i = 0; i < use->standing; i++)
        add(&queue, use, &jobs[i]);
    begin_us = clock_us();
    for (unsigned i = 0; i < STEPS; i++) {
        add(&queue, use, job);
        job = take(&queue, use);
    }
    end_us = clock_us();
    while (queue_take(&queue, now_us) != NULL)
        ;
    queue_done(&queue);
    return (double)(end_us - begin_us) * 1e3 / STEPS;
}

static int
compare(const void *a, const void *b)
{
    const double *left = a;
    const double *right = b;

    return (*left > *right) - (*left < *right);
}

int
main(int argc, char *argv[])
{
    const char *pattern = argc > 1 ? argv[1] : "*";

    for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++) {
        double ns[ROUNDS];

        if (fnmatch(pattern, uses[i].name, 0) != 0)
            continue;
        for (int round = 0; round < ROUNDS; round++)
            ns[round] = run(&uses[i]);
        qsort(ns, ROUNDS, sizeof(ns[0]), compare);
        printf("%-52s %6.0f ns\n", uses[i].name, ns[ROUNDS / 2]);
    }
    return 0;
}
