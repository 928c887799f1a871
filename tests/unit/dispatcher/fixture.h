// A real dispatcher over a real loop with one pool of script workers (see pool/script_worker.h),
// for the tests of the dispatcher and of what stands on it.
#ifndef OFFLOAD_TESTS_UNIT_DISPATCHER_FIXTURE_H
#define OFFLOAD_TESTS_UNIT_DISPATCHER_FIXTURE_H

#include "common/limits.h"
#include "dispatcher/dispatcher.h"
#include "tests/unit/loop.h"
#include "tests/unit/pool/script_worker.h"
#include "tests/unit/temporary.h"

#include <sys/wait.h>

struct house {
    struct loop loop;
    struct temporary temporary;
    char path[128];
    char *argv[2];
    char *methods[12];
    struct pool_config pool;
    struct config config;
    struct statistics statistics;
    struct dispatcher *dispatcher;
    int idle;
    int reloaded;
    int stopped;
};

static inline void
house_idle_cb(void *context)
{
    ((struct house *)context)->idle++;
}

static inline void
house_reloaded_cb(void *context)
{
    ((struct house *)context)->reloaded++;
}

static inline void
house_stopped_cb(void *context)
{
    ((struct house *)context)->stopped++;
}

// The limits may be changed between the two steps.
static inline void
house_prepare(struct house *house, unsigned threads)
{
    static const char *const methods[] = {"answer", "silent", "hang", "kill", "echo", "fail"};

    memset(house, 0, sizeof(*house));
    loop_open(&house->loop);
    temporary_open(&house->temporary);
    strcpy(house->path, temporary_write(&house->temporary, "worker", SCRIPT_WORKER, 0755));
    house->argv[0] = house->path;
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        house->methods[i] = (char *)methods[i];
    house->pool = (struct pool_config){.name = (char *)"test",
                                       .kind = POOL_PROGRAM,
                                       .argv = house->argv,
                                       .methods = house->methods,
                                       .processes = 1,
                                       .processes_min = 1,
                                       .threads = threads};
    house->config =
        (struct config){.limits = LIMITS_DEFAULT, .pools = &house->pool, .pool_count = 1};
    house->config.limits.line_max = SCRIPT_LINE_MAX;
}

static inline void
house_start(struct house *house)
{
    static const struct dispatcher_callbacks callbacks = {
        .idle = house_idle_cb, .reloaded = house_reloaded_cb, .stopped = house_stopped_cb};
    struct dispatcher_settings settings = {.base = house->loop.base,
                                           .turn = house->loop.turn,
                                           .config = &house->config,
                                           .statistics = &house->statistics};

    house->dispatcher = dispatcher_new(&settings, &callbacks, house);
    assert_non_null(house->dispatcher);
}

static inline struct dispatcher_report
house_report(const struct house *house)
{
    struct dispatcher_report report;

    dispatcher_report(house->dispatcher, &report);
    return report;
}

// Every job must have had its outcome.
static inline void
house_close(struct house *house)
{
    struct dispatcher_report report = house_report(house);

    assert_int_equal(
        report.queued + report.delayed + report.running + report.sleeping + report.memory, 0);
    dispatcher_stop(house->dispatcher);
    LOOP_UNTIL(&house->loop, house->stopped);
    assert_int_equal(house->stopped, 1);
    turn_free(house->loop.turn); // buries the rest before the dispatcher goes
    house->loop.turn = turn_new(house->loop.base);
    dispatcher_free(house->dispatcher);
    temporary_close(&house->temporary);
    loop_close(&house->loop);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

#endif
