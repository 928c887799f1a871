// See runner.h.
#include "pool/runner.h"

#include "common/errors.h"
#include "model/template.h"
#include "pool/command.h"
#include "pool/command_json.h"
#include "pool/environment.h"
#include "pool/pool_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct run {
    struct runner *runner;
    struct command *command; // NULL: the slot is free
    struct job *job;         // NULL: nobody waits for it any more
    uint64_t output_seq;
};

struct runner {
    struct pool *pool;
    struct template *template;
    struct command_settings settings;
    unsigned slots;
    unsigned busy;
    struct run runs[];
};

// ---- answers --------------------------------------------------------------------------------

static void
finish(struct pool *pool, struct job *job, enum job_state state, char *body, size_t length)
{
    struct outcome outcome = {.state = state, .body = {.at = body, .length = length}};

    pool_finish(pool, job, &outcome);
    free(body);
}

static void
run_output_cb(void *context, struct command *command, enum command_stream stream, struct span bytes)
{
    struct run *run = context;
    size_t length = 0;
    char *value;

    (void)command;
    if (run->job == NULL || !run->job->progress)
        return;
    value = command_output_json(stream, bytes, ++run->output_seq, &length);
    if (value != NULL)
        pool_progress(run->runner->pool, run->job, (struct span){.at = value, .length = length});
    free(value);
}

static void
run_answer(struct run *run, struct job *job, const struct command_result *result)
{
    struct pool *pool = run->runner->pool;
    struct death death = result->death;
    size_t length = 0;
    bool killed;
    char *body;

    if (command_succeeded(result)) {
        body = command_result_json(result, &length);
        finish(pool, job, body != NULL ? JOB_SUCCEEDED : JOB_FAILED, body, length);
        return;
    }
    death.attempts = job->attempts;
    body = certificate_error(&death, &length);
    // Killed, it may be run again; an exit status is an answer.
    killed = death.cause == DEATH_SIGNAL || death.cause == DEATH_OOM;
    finish(pool, job, killed ? JOB_LOST : JOB_FAILED, body, length);
}

static void
run_ended_cb(void *context, struct command *command, const struct command_result *result)
{
    struct run *run = context;
    struct pool *pool = run->runner->pool;
    struct job *job = run->job;

    (void)command;
    run->command = NULL;
    run->job = NULL;
    run->runner->busy--;
    if (job != NULL)
        run_answer(run, job, result);
    pool_command_ended(pool);
}

static const struct command_callbacks callbacks = {
    .output = run_output_cb,
    .ended = run_ended_cb,
};

// ---- starting -------------------------------------------------------------------------------

static struct run *
runner_free_slot(struct runner *runner)
{
    for (unsigned i = 0; i < runner->slots; i++)
        if (runner->runs[i].command == NULL)
            return &runner->runs[i];
    return NULL;
}

static int
run_spawn(struct run *run, struct job *job, const struct template_filled *filled)
{
    struct runner *runner = run->runner;
    unsigned slot = (unsigned)(run - runner->runs);
    char **environment = environment_new(runner->settings.pool, slot, filled->environment, false);
    struct command_request request = {
        .argv = filled->argv,
        .envp = environment,
        .input = job->input.at != NULL ? job->input : filled->input,
        .slot = slot,
    };
    int error = 0;

    if (environment == NULL)
        return -ENOMEM;
    run->output_seq = 0;
    run->command = command_new(&runner->settings, &request, &callbacks, run, &error);
    environment_free(environment);
    return run->command != NULL ? 0 : error;
}

static void
refuse_no_process(struct pool *pool, struct job *job, int error)
{
    struct death death = {.cause = DEATH_START,
                          .start.error = -error,
                          .pool = pool->config->name,
                          .attempts = job->attempts};
    size_t length = 0;
    char *body = certificate_error(&death, &length);

    finish(pool, job, JOB_FAILED, body, length);
}

void
runner_start(struct runner *runner, struct job *job)
{
    struct run *run = runner_free_slot(runner);
    struct template_filled filled;
    struct argument_fault fault;
    size_t length = 0;
    char *body;
    int error;

    error = template_fill(runner->template, job->params, (unsigned)(run - runner->runs), &filled,
                          &fault);
    if (error == -EINVAL) {
        body = template_error(runner->template, &fault, &length);
        finish(runner->pool, job, JOB_FAILED, body, length);
        return;
    }
    if (error == 0) {
        job->attempts++;
        error = run_spawn(run, job, &filled);
        template_filled_done(&filled);
    }
    if (error != 0) {
        refuse_no_process(runner->pool, job, error);
        return;
    }
    run->job = job;
    runner->busy++;
    job->place = run;
    pool_command_started(runner->pool, job);
}

void
runner_take_back(struct job *job)
{
    struct run *run = job->place;

    run->job = NULL;
    command_terminate(run->command);
}

void
runner_describe(const struct job *job, struct death *ret_death)
{
    const struct run *run = job->place;

    command_describe(run->command, ret_death);
}

void
runner_stop(struct runner *runner)
{
    for (unsigned i = 0; i < runner->slots; i++)
        if (runner->runs[i].command != NULL)
            command_kill(runner->runs[i].command);
}

bool
runner_has_room(const struct runner *runner)
{
    return runner->busy < runner->slots;
}

struct runner *
runner_new(struct pool *pool, char *error, size_t error_size)
{
    const struct pool_config *config = pool->config;
    struct template_source source = {.argv = config->command,
                                     .environment = config->environment,
                                     .stdin_param = config->stdin_param};
    struct runner *runner = calloc(1, sizeof(*runner) + config->processes * sizeof(struct run));

    snprintf(error, error_size, "out of memory");
    if (runner == NULL)
        return NULL;
    runner->pool = pool;
    runner->slots = config->processes;
    for (unsigned i = 0; i < runner->slots; i++)
        runner->runs[i].runner = runner;
    runner->settings = (struct command_settings){
        .base = pool->worker_settings.base,
        .turn = pool->worker_settings.turn,
        .reaper = pool->worker_settings.reaper,
        .pool = config->name,
        .program = config->command[0],
        .kill_delay_us = config->kill_delay_us,
        .output_max = RUNNER_OUTPUT_MAX,
        .attributes = &pool->attributes,
        .cgroups = pool->worker_settings.cgroups,
        .cgroup_limits = pool->worker_settings.cgroup_limits,
    };
    runner->template = template_new(&source, error, error_size);
    if (runner->template == NULL) {
        free(runner);
        return NULL;
    }
    return runner;
}

void
runner_free(struct runner *runner)
{
    if (runner == NULL)
        return;
    template_free(runner->template);
    free(runner);
}
