// What a test of a whole pool stands on: a loop, a folder, and a pool of real worker processes that
// run the script of script_worker.h. What the pool tells its owner is for the test to count.
#ifndef OFFLOAD_TESTS_UNIT_POOL_POOL_STAGE_H
#define OFFLOAD_TESTS_UNIT_POOL_POOL_STAGE_H

#include "pool/pool.h"
#include "pool/reap.h"
#include "tests/unit/loop.h"
#include "tests/unit/pool/script_worker.h"
#include "tests/unit/temporary.h"

#include <sys/wait.h>

struct pool_stage {
    struct loop loop;
    struct temporary temporary;
    struct reaper *reaper;
    char path[128]; // of the script
    char *argv[2];
    struct pool_config config;
    struct pool_settings settings;
    struct pool *pool;
};

// `config` and `settings` may be changed before the start.
static inline void
stage_prepare(struct pool_stage *stage, unsigned processes, unsigned threads)
{
    memset(stage, 0, sizeof(*stage));
    loop_open(&stage->loop);
    temporary_open(&stage->temporary);
    strcpy(stage->path, temporary_write(&stage->temporary, "worker", SCRIPT_WORKER, 0755));
    stage->argv[0] = stage->path;
    stage->reaper = reaper_new(stage->loop.base);
    stage->config = (struct pool_config){.name = (char *)"test",
                                         .kind = POOL_PROGRAM,
                                         .argv = stage->argv,
                                         .processes = processes,
                                         .processes_min = processes,
                                         .threads = threads};
    stage->settings = (struct pool_settings){.base = stage->loop.base,
                                             .turn = stage->loop.turn,
                                             .reaper = stage->reaper,
                                             .config = &stage->config,
                                             .line_max = SCRIPT_LINE_MAX,
                                             .depth_max = 16};
}

static inline void
stage_start(struct pool_stage *stage, const struct pool_callbacks *callbacks, void *context)
{
    stage->pool = pool_new(&stage->settings, callbacks, context);
    assert_non_null(stage->pool);
}

// Once the pool has stopped, which is not said twice.
static inline void
stage_close(struct pool_stage *stage, const int *stopped)
{
    LOOP_UNTIL(&stage->loop, *stopped);
    loop_settle(&stage->loop);
    assert_int_equal(*stopped, 1);
    turn_free(stage->loop.turn); // buries what is left before the pool goes
    stage->loop.turn = turn_new(stage->loop.base);
    pool_free(stage->pool);
    reaper_free(stage->reaper);
    temporary_close(&stage->temporary);
    loop_close(&stage->loop);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); // no child is left
}

static inline struct pool_report
stage_report(const struct pool_stage *stage)
{
    struct pool_report report;

    pool_report(stage->pool, &report);
    return report;
}

// Of the worker in a place; of none, that it is starting.
static inline struct worker_report
stage_worker(const struct pool_stage *stage, unsigned place)
{
    struct worker_report report = {.index = place, .state = WORKER_STARTING};

    if (pool_worker(stage->pool, place) != NULL)
        worker_report(pool_worker(stage->pool, place), &report);
    return report;
}

static inline unsigned
stage_ready_workers(const struct pool_stage *stage)
{
    unsigned count = 0;

    for (unsigned i = 0; i < stage->config.processes; i++) {
        struct worker_report report = stage_worker(stage, i);

        assert_int_equal(report.index, i);
        count += report.state == WORKER_READY;
    }
    return count;
}

// The owner of the job is its sink, if it has one.
static inline struct job *
stage_job(const char *method, void *sink_context)
{
    struct job *job = job_new((struct span){0}, NULL, sink_context);

    job->method = span_of(method);
    return job;
}

// What the script's method `gate` waits for.
static inline void
stage_open_gate(struct pool_stage *stage)
{
    temporary_write(&stage->temporary, "gate", "", 0600);
}

#endif
