// One real worker process, a script (see script_worker.h), and what it told its owner: each job has
// one outcome, each worker one end.
#ifndef OFFLOAD_TESTS_UNIT_POOL_WORKER_FIXTURE_H
#define OFFLOAD_TESTS_UNIT_POOL_WORKER_FIXTURE_H

#include "common/errors.h"
#include "common/log.h"
#include "common/message.h"
#include "pool/spawn.h"
#include "pool/worker.h"
#include "tests/unit/loop.h"
#include "tests/unit/pool/script_worker.h"
#include "tests/unit/temporary.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#define JOBS_MAX    8
#define JOB_COST_US 10

struct result {
    bool there;
    enum job_state state;
    char body[8192];
};

struct fixture {
    struct loop loop;
    struct temporary temporary;
    struct reaper *reaper;
    struct messages messages;
    char path[128];
    char *argv[2];
    struct worker_list workers;
    struct worker_settings settings;
    struct worker *worker;
    struct job *jobs[JOBS_MAX];
    struct result results[JOBS_MAX];
    int ready;
    int room;
    int condemned;
    int told; // progress that came
    int started;
    int returned_count;
    int returned[JOBS_MAX]; // which, in the order they came
    char value[256];
    int gone;
    struct death death;
    char summary[DEATH_SUMMARY_MAX];
    char tail[256];
    bool kill_holder; // from inside `gone`
};

static inline void
ready_cb(void *context, struct worker *worker)
{
    struct fixture *fixture = context;

    fixture->worker = worker; // it may come from inside worker_new
    fixture->ready++;
}

static inline void
finished_cb(void *context, struct job *job, const struct outcome *outcome)
{
    struct fixture *fixture = context;
    struct result *result = job->sink_context;

    assert_false(result->there);
    assert_int_equal(fixture->gone, 0);
    assert_true(outcome->body.length < sizeof(result->body));
    result->there = true;
    result->state = outcome->state;
    memcpy(result->body, outcome->body.at, outcome->body.length);
    result->body[outcome->body.length] = '\0';
    fixture->jobs[result - fixture->results] = NULL;
    job_free(job);
}

static inline void
started_cb(void *context, struct job *job)
{
    struct fixture *fixture = context;

    job_set_state(job, JOB_RUNNING);
    fixture->started++;
}

static inline void
returned_cb(void *context, struct job *job)
{
    struct fixture *fixture = context;
    struct result *result = job->sink_context;
    int index = (int)(result - fixture->results);

    assert_false(result->there);
    assert_int_equal(fixture->gone, 0);
    assert_int_equal(job->state, JOB_QUEUED);
    fixture->returned[fixture->returned_count++] = index;
    fixture->jobs[index] = NULL;
    job_free(job);
}

static inline void
room_cb(void *context, struct worker *worker)
{
    struct fixture *fixture = context;

    (void)worker;
    fixture->room++;
}

static inline void
progress_cb(void *context, struct job *job, struct span value)
{
    struct fixture *fixture = context;
    struct result *result = job->sink_context;

    assert_false(result->there); // none after the outcome
    assert_true(job->heard_us > 0);
    fixture->told++;
    snprintf(fixture->value, sizeof(fixture->value), "%.*s", (int)value.length, value.at);
}

static inline void
condemned_cb(void *context, struct worker *worker)
{
    struct fixture *fixture = context;

    assert_false(worker_has_room(worker));
    fixture->condemned++;
}

static inline void
kill_holder(struct fixture *fixture)
{
    char text[32];
    pid_t pid = atoi(temporary_read(&fixture->temporary, "held", text, sizeof(text)));

    assert_true(pid > 1);
    kill(pid, SIGKILL);
    for (int64_t until_us = clock_us() + LOOP_PATIENCE_US; kill(pid, 0) == 0;) {
        snprintf(text, sizeof(text), "/proc/%d/fd/1", (int)pid);
        if (access(text, F_OK) != 0)
            break; // it may stay a zombie, but its descriptors are closed
        assert_true(clock_us() < until_us);
    }
}

static inline void
gone_cb(void *context, struct worker *worker, const struct death *death)
{
    struct fixture *fixture = context;

    assert_ptr_equal(worker, fixture->worker);
    fixture->gone++;
    fixture->death = *death;
    certificate_summary(death, fixture->summary, sizeof(fixture->summary));
    snprintf(fixture->tail, sizeof(fixture->tail), "%.*s", (int)death->stderr_tail.length,
             death->stderr_tail.at);
    if (fixture->kill_holder)
        kill_holder(fixture);
}

static const struct worker_callbacks callbacks = {.ready = ready_cb,
                                                  .started = started_cb,
                                                  .returned = returned_cb,
                                                  .finished = finished_cb,
                                                  .progress = progress_cb,
                                                  .room = room_cb,
                                                  .condemned = condemned_cb,
                                                  .gone = gone_cb};

static const struct spawn_attributes attributes;

static inline void
fixture_prepare(struct fixture *fixture, unsigned slots)
{
    memset(fixture, 0, sizeof(*fixture));
    loop_open(&fixture->loop);
    temporary_open(&fixture->temporary);
    strcpy(fixture->path, temporary_write(&fixture->temporary, "worker", SCRIPT_WORKER, 0755));
    fixture->reaper = reaper_new(fixture->loop.base);
    messages_init(&fixture->messages);
    fixture->argv[0] = fixture->path;
    fixture->settings = (struct worker_settings){
        .base = fixture->loop.base,
        .turn = fixture->loop.turn,
        .reaper = fixture->reaper,
        .messages = &fixture->messages,
        .all = &fixture->workers,
        .pool = "test",
        .argv = fixture->argv,
        .slots = slots,
        .line_max = SCRIPT_LINE_MAX,
        .depth_max = 16,
        .attributes = &attributes,
    };
}

static inline void
fixture_start(struct fixture *fixture)
{
    int error = 0;

    fixture->worker = worker_new(&fixture->settings, 5, &callbacks, fixture, &error);
    assert_non_null(fixture->worker);
}

static inline void
fixture_open(struct fixture *fixture, unsigned slots)
{
    fixture_prepare(fixture, slots);
    fixture_start(fixture);
    LOOP_UNTIL(&fixture->loop, fixture->ready);
}

// Waits for the worker's end, however it comes; it comes once.
static inline void
expect_end(struct fixture *fixture, const char *summary)
{
    LOOP_UNTIL(&fixture->loop, fixture->gone);
    loop_settle(&fixture->loop);
    assert_int_equal(fixture->gone, 1);
    assert_string_equal(fixture->summary, summary);
}

static inline void
fixture_close(struct fixture *fixture)
{
    if (fixture->gone == 0) {
        worker_kill(fixture->worker);
        LOOP_UNTIL(&fixture->loop, fixture->gone);
    }
    loop_settle(&fixture->loop);
    assert_int_equal(fixture->gone, 1);
    for (int i = 0; i < JOBS_MAX; i++)
        job_free(fixture->jobs[i]);
    reaper_free(fixture->reaper);
    messages_done(&fixture->messages);
    temporary_close(&fixture->temporary);
    loop_close(&fixture->loop);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); // no child is left
}

static inline struct job *
run_with(struct fixture *fixture, int index, const char *method, struct span params)
{
    struct job *job = job_new(params, NULL, &fixture->results[index]);

    job->method = span_of(method);
    fixture->jobs[index] = job;
    assert_int_equal(worker_run(fixture->worker, job, JOB_COST_US), 0);
    assert_ptr_equal(job->place, fixture->worker);
    return job;
}

static inline struct job *
run(struct fixture *fixture, int index, const char *method)
{
    return run_with(fixture, index, method, (struct span){0});
}

static inline void
await(struct fixture *fixture, int index, enum job_state state, const char *part)
{
    struct result *result = &fixture->results[index];

    LOOP_UNTIL(&fixture->loop, result->there);
    assert_int_equal(result->state, state);
    if (strstr(result->body, part) == NULL)
        fail_msg("%s is not in %s", part, result->body);
}

// Sends what is to be sent, then waits until the process has ended, and nobody has looked yet.
static inline void
wait_for_exit(struct fixture *fixture)
{
    struct worker_report report;
    siginfo_t info;

    loop_turn(&fixture->loop);
    worker_report(fixture->worker, &report);
    assert_int_equal(waitid(P_PID, (id_t)report.pid, &info, WEXITED | WNOWAIT), 0);
}

#endif
