// See pool.h. The jobs of a pool; who gets the next one is in feed.c, its workers are in places.c.
#include "common/clock.h"
#include "common/errors.h"
#include "common/log.h"
#include "pool/pool_internal.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STOP_GRACE_US 1000000 // for a worker whose stdin is closed; then SIGKILL

// ---- jobs -----------------------------------------------------------------------------------

void
pool_finish(struct pool *pool, struct job *job, const struct outcome *outcome)
{
    struct outcome told = *outcome;

    if (job->state == JOB_RUNNING) {
        int64_t run_us;

        told.ended_us = clock_us();
        run_us = told.ended_us - job->started_us;
        TAILQ_REMOVE(&pool->running, job, link);
        pool->running_count--;
        run_time_add(&pool->run_time, run_us);
        run_time_add(&pool->method_times[job->method_index], run_us);
        job->place = NULL;
    }
    pool->callbacks->finished(pool->context, job, &told);
}

void
pool_refuse(struct pool *pool, struct job *job, const char *error, size_t length)
{
    struct outcome outcome = {.state = JOB_FAILED, .body = {.at = error, .length = length}};

    pool_finish(pool, job, &outcome);
}

void
pool_handed_over(struct pool *pool, struct job *job)
{
    TAILQ_INSERT_TAIL(&pool->ahead, job, link);
    pool->ahead_count++;
    pool->ahead_us += job->cost_us;
}

void
pool_leave_ahead(struct pool *pool, struct job *job)
{
    TAILQ_REMOVE(&pool->ahead, job, link);
    pool->ahead_count--;
    pool->ahead_us -= job->cost_us;
    job->place = NULL;
}

void
pool_started(struct pool *pool, struct job *job)
{
    void *place = job->place;

    pool_leave_ahead(pool, job);
    job->place = place;
    job_set_state(job, JOB_RUNNING);
    TAILQ_INSERT_TAIL(&pool->running, job, link);
    pool->running_count++;
    pool->callbacks->started(pool->context, job);
}

void
pool_returned(struct pool *pool, struct job *job)
{
    if (job->state == JOB_QUEUED) {
        pool_leave_ahead(pool, job);
    } else { // it was taken for running already
        TAILQ_REMOVE(&pool->running, job, link);
        pool->running_count--;
        job->place = NULL;
        job->attempts--;
        job_set_state(job, JOB_QUEUED);
    }
    pool->callbacks->returned(pool->context, job);
}

void
pool_command_started(struct pool *pool, struct job *job)
{
    pool->alive++;
    pool_handed_over(pool, job);
    pool_started(pool, job);
}

void
pool_command_ended(struct pool *pool)
{
    pool->alive--;
    if (!pool->stopping)
        pool_feed(pool);
    pool_end_if_done(pool);
}

void
pool_progress(struct pool *pool, struct job *job, struct span value)
{
    pool->callbacks->progress(pool->context, job, value);
}

void
pool_submit(struct pool *pool, struct job *job)
{
    pool_enqueue(pool, job, false);
}

void
pool_resubmit(struct pool *pool, struct job *job)
{
    pool_enqueue(pool, job, true);
}

unsigned
pool_crash_limit(const struct pool *pool)
{
    return pool->config->crash_limit;
}

struct span
pool_method(const struct pool *pool, unsigned index)
{
    return span_of(pool->config->methods[index]);
}

// Takes a job away from its worker.
static void
pool_take_back(struct pool *pool, struct job *job, bool condemn)
{
    struct worker *worker = job->place;
    struct worker_report report;
    struct place *place;

    if (job->state == JOB_RUNNING) {
        TAILQ_REMOVE(&pool->running, job, link);
        pool->running_count--;
    } else {
        pool_leave_ahead(pool, job);
    }
    if (pool->runner != NULL) {
        runner_take_back(job);
        return;
    }
    worker_report(worker, &report);
    place = &pool->places[report.index];
    if (worker_abandon(worker, job, condemn) && place->worker == worker)
        place_let_go(place);
}

void
pool_cancel(struct pool *pool, struct job *job)
{
    if (job->place != NULL)
        pool_take_back(pool, job, false);
    else
        queue_remove(&pool->queue, job);
    supervision_rest(pool);
}

char *
pool_expire(struct pool *pool, struct job *job, enum timeout_kind kind, size_t *ret_length)
{
    struct death death = {.pool = pool->config->name};
    char *error;

    if (job->state == JOB_RUNNING && pool->runner != NULL)
        runner_describe(job, &death);
    else if (job->state == JOB_RUNNING)
        worker_describe(job->place, &death);
    death.cause = DEATH_TIMEOUT;
    death.timeout = kind;
    death.attempts = job->attempts;
    error = certificate_error(&death, ret_length);
    if (job->place != NULL)
        pool_take_back(pool, job, job->state == JOB_RUNNING);
    else
        queue_remove(&pool->queue, job);
    supervision_rest(pool);
    return error;
}

void
pool_clear_start_error(struct pool *pool)
{
    free(pool->start_error);
    pool->start_error = NULL;
    pool->start_error_length = 0;
}

// ---- the end --------------------------------------------------------------------------------

void
pool_end_if_done(struct pool *pool)
{
    bool done = pool->queue.count + pool->ahead_count + pool->running_count == 0;

    if (pool->stopped || pool->alive > 0 || !(pool->stopping || (pool->winding_down && done)))
        return;
    pool->stopped = true;
    pool->callbacks->stopped(pool->context, pool);
}

void
pool_wind_down(struct pool *pool)
{
    pool->winding_down = true;
    supervision_rest(pool);
}

bool
pool_is_winding_down(const struct pool *pool)
{
    return pool->winding_down;
}

void
pool_stop(struct pool *pool)
{
    if (pool->stopping)
        return;
    pool->stopping = true;
    supervision_done(&pool->supervision);
    for (unsigned i = 0; i < pool->config->processes; i++)
        place_stop(&pool->places[i]);
    worker_list_stop(&pool->workers, STOP_GRACE_US);
    if (pool->runner != NULL)
        runner_stop(pool->runner);
    pool_end_if_done(pool);
}

// ---- beginning and end ----------------------------------------------------------------------

// The command line of a worker.
static char *const *
pool_argv(struct pool *pool, const struct pool_settings *settings)
{
    if (pool->config->kind == POOL_PROGRAM)
        return pool->config->argv;
    if (pool->config->kind == POOL_COMMAND)
        return NULL; // each job has its own
    snprintf(pool->threads_text, sizeof(pool->threads_text), "%u", pool->config->threads);
    snprintf(pool->line_max_text, sizeof(pool->line_max_text), "%zu",
             pool->worker_settings.line_max);
    snprintf(pool->depth_max_text, sizeof(pool->depth_max_text), "%u",
             pool->worker_settings.depth_max > 4 ? pool->worker_settings.depth_max : 4);
    pool->builtin_argv[0] = (char *)settings->builtin_path;
    pool->builtin_argv[1] = (char *)"--threads";
    pool->builtin_argv[2] = pool->threads_text;
    pool->builtin_argv[3] = (char *)"--line-max";
    pool->builtin_argv[4] = pool->line_max_text;
    pool->builtin_argv[5] = (char *)"--prefetch";
    if (pool->config->kind == POOL_PLUGIN) {
        pool->builtin_argv[6] = (char *)"--plugin";
        pool->builtin_argv[7] = pool->config->plugin;
        pool->builtin_argv[8] = (char *)"--depth-max";
        pool->builtin_argv[9] = pool->depth_max_text;
        pool->builtin_argv[10] = (char *)"--methods";
        pool->builtin_argv[11] = pool->methods_text;
    }
    return pool->builtin_argv;
}

static bool
pool_init_runner(struct pool *pool)
{
    char error[256];

    pool->runner = runner_new(pool, error, sizeof(error));
    if (pool->runner == NULL)
        log_error(pool->subject, "command: %s", error);
    return pool->runner != NULL;
}

// All of them with blanks between, as its worker takes them. NULL when out of memory.
static char *
methods_join(char *const *methods)
{
    size_t length = 0;
    char *text;

    for (size_t i = 0; methods[i] != NULL; i++)
        length += strlen(methods[i]) + 1;
    text = calloc(1, length + 1);
    for (size_t i = 0; text != NULL && methods[i] != NULL; i++)
        strcat(strcat(text, i > 0 ? " " : ""), methods[i]);
    return text;
}

static struct run_time *
method_times_new(const struct pool_config *config)
{
    size_t count = 0;

    while (config->methods != NULL && config->methods[count] != NULL)
        count++;
    return calloc(count + 1, sizeof(struct run_time));
}

// Unlike memory-max it has no substitute.
static void
pool_warn_of_weight(const struct pool *pool)
{
    if (pool->config->cpu_weight != 0 && !cgroups_controllers(pool->worker_settings.cgroups).cpu)
        log_warning(pool->subject, "cpu-weight has no effect: its workers have no cgroups of their "
                                   "own with the controller cpu");
}

static bool
pool_init(struct pool *pool, const struct pool_settings *settings)
{
    const char *problem;
    int error;

    pool->config = settings->config;
    pool->cores = settings->cores;
    snprintf(pool->subject, sizeof(pool->subject), "pool %s", pool->config->name);
    messages_init(&pool->messages);
    queue_init(&pool->queue);
    TAILQ_INIT(&pool->ahead);
    TAILQ_INIT(&pool->running);
    TAILQ_INIT(&pool->roomy);
    TAILQ_INIT(&pool->busy);
    LIST_INIT(&pool->workers);
    pool->worker_settings = (struct worker_settings){
        .base = settings->base,
        .turn = settings->turn,
        .reaper = settings->reaper,
        .messages = &pool->messages,
        .all = &pool->workers,
        .pool = pool->config->name,
        .slots = config_slots(pool->config),
        .ahead = pool->config->prefetch,
        // The daemon's own number may be longer than the id and the method it stands for.
        .line_max = settings->line_max + 1024,
        .depth_max = settings->depth_max,
        .attributes = &pool->attributes,
        .cgroups = settings->cgroups,
        .cgroup_limits = {.memory_max = pool->config->memory_max,
                          .cpu_weight = pool->config->cpu_weight,
                          .nice = pool->config->nice},
        .environment = pool->config->environment,
        .kill_delay_us = pool->config->kill_delay_us,
        .wait_ready = pool->config->wait_ready,
        .start_timeout_us = pool->config->start_timeout_us,
    };
    pool_warn_of_weight(pool);
    if (pool->config->kind == POOL_PLUGIN &&
        (pool->methods_text = methods_join(pool->config->methods)) == NULL)
        return false;
    pool->worker_settings.argv = pool_argv(pool, settings);
    pool->method_times = method_times_new(pool->config);
    if (pool->method_times == NULL)
        return false;
    error = attributes_init(&pool->attributes, pool->config, settings->open_files, &problem);
    if (error != 0)
        log_error(pool->subject, "user or group: %s", problem != NULL ? problem : strerror(-error));
    if (error == 0 && pool->config->kind == POOL_COMMAND)
        return pool_init_runner(pool);
    return error == 0 && supervision_init(&pool->supervision, pool, settings->base);
}

struct pool *
pool_new(const struct pool_settings *settings, const struct pool_callbacks *callbacks,
         void *context)
{
    unsigned count = settings->config->processes;
    struct pool *pool = calloc(1, sizeof(*pool) + count * sizeof(struct place));

    if (pool == NULL)
        return NULL;
    pool->callbacks = callbacks;
    pool->context = context;
    turn_task_init(&pool->feed_later, pool_feed_cb, pool);
    if (!pool_init(pool, settings)) {
        pool_free(pool);
        return NULL;
    }
    for (unsigned i = 0; i < count; i++) {
        if (!place_init(&pool->places[i], pool, i, settings->base)) {
            pool_free(pool);
            return NULL;
        }
    }
    return pool;
}

void
pool_free(struct pool *pool)
{
    if (pool == NULL)
        return;
    for (unsigned i = 0; i < pool->config->processes; i++)
        place_done(&pool->places[i]);
    supervision_done(&pool->supervision);
    turn_cancel(&pool->feed_later);
    runner_free(pool->runner);
    attributes_done(&pool->attributes);
    messages_done(&pool->messages);
    queue_done(&pool->queue);
    free(pool->method_times);
    free(pool->methods_text);
    pool_clear_start_error(pool);
    free(pool);
}

// ---- what others may know -------------------------------------------------------------------

// A command's processes come with its jobs.
unsigned
pool_first_workers(const struct pool *pool)
{
    return pool->runner != NULL ? 0 : pool->config->processes_min;
}

bool
pool_has_room(const struct pool *pool)
{
    if (pool->queue.count > 0 || pool->paused)
        return false;
    return pool->runner != NULL ? runner_has_room(pool->runner) : !TAILQ_EMPTY(&pool->roomy);
}

struct job_counts *
pool_counts(struct pool *pool)
{
    return &pool->counts;
}

struct job *
pool_any_queued(struct pool *pool)
{
    return queue_any(&pool->queue);
}

struct job *
pool_any_running(struct pool *pool)
{
    struct job *job = TAILQ_FIRST(&pool->running);

    return job != NULL ? job : TAILQ_FIRST(&pool->ahead);
}

void
pool_report(const struct pool *pool, struct pool_report *ret_report)
{
    *ret_report = (struct pool_report){
        .config = pool->config,
        .queued = pool->queue.count + pool->ahead_count,
        .running = pool->running_count,
        .workers_wanted = pool_first_workers(pool),
        .workers_settled = pool->settled,
        .restarts = pool->restarts,
        .run_time = pool->run_time,
        .method_times = pool->method_times,
        .queue = &pool->queue,
        .counts = &pool->counts,
        .start_error = {.at = pool->start_error, .length = pool->start_error_length},
    };
}

void
pool_look_at_usage(struct pool *pool, unsigned place)
{
    if (pool->places[place].worker != NULL)
        worker_look_at_usage(pool->places[place].worker);
}

const struct worker *
pool_worker(const struct pool *pool, unsigned place)
{
    return pool->places[place].worker;
}
