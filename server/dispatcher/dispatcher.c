// See dispatcher.h.
#include "dispatcher/dispatcher.h"

#include "common/errors.h"
#include "common/log.h"
#include "dispatcher/deadlines.h"
#include "dispatcher/holder.h"
#include "dispatcher/sleeper.h"

#include <stdlib.h>

struct dispatcher {
    const struct config *config;
    struct statistics *statistics;
    const struct dispatcher_callbacks *callbacks;
    void *context;
    struct reaper *reaper;
    struct routes *routes;
    struct sleeper *sleeper;
    struct holder holder;
    struct deadlines deadlines;
    size_t jobs;       // that have no outcome yet
    size_t memory;     // bytes they hold
    size_t pools_left; // while stopping
    bool draining;
    struct pool *pools[];
};

// ---- outcomes -------------------------------------------------------------------------------

// The one place where a job ends. It counts until its sink was told, for that may end others: so
// `idle` comes once.
static void
dispatcher_settle(struct dispatcher *dispatcher, struct job *job, const struct outcome *outcome)
{
    deadlines_forget(job);
    job_set_state(job, outcome->state);
    dispatcher->statistics->jobs[outcome->state]++;
    dispatcher->memory -= job_size(job);
    if (job->sink != NULL)
        job->sink->finished(job->sink_context, outcome);
    job_free(job);
    if (--dispatcher->jobs == 0 && dispatcher->draining)
        dispatcher->callbacks->idle(dispatcher->context);
}

// Its worker died, and it may run again.
static bool
dispatcher_retries(const struct dispatcher *dispatcher, const struct job *job,
                   const struct outcome *outcome)
{
    unsigned crash_limit;

    if (outcome->state != JOB_LOST || job->retries == 0 || dispatcher->draining)
        return false;
    crash_limit = pool_crash_limit(job->pool);
    if (job->attempts < crash_limit)
        return true;
    log_warning("dispatcher", "a job of method %.*s killed its worker %u times and is given up",
                (int)job->method.length, job->method.at, job->attempts);
    return false;
}

static void
pool_finished_cb(void *context, struct job *job, const struct outcome *outcome)
{
    struct dispatcher *dispatcher = context;

    if (!dispatcher_retries(dispatcher, job, outcome)) {
        dispatcher_settle(dispatcher, job, outcome);
        return;
    }
    job->retries--;
    job->timeouts.us[TIMEOUT_QUEUE] = 0; // it has waited its time
    job_set_state(job, JOB_QUEUED);
    deadlines_restart(job);
    pool_resubmit(job->pool, job);
}

// The daemon itself speaks: an error of the table.
static void
dispatcher_speak(struct dispatcher *dispatcher, struct job *job, enum job_state state, char *error,
                 size_t length)
{
    struct outcome outcome = {.state = state, .body = {.at = error, .length = length}};

    dispatcher_settle(dispatcher, job, &outcome);
    free(error);
}

static void
dispatcher_refuse(struct dispatcher *dispatcher, struct job *job, enum error_code code)
{
    size_t length = 0;
    char *error = error_object(code, (struct span){0}, &length);

    dispatcher->statistics->jobs_refused++;
    dispatcher_speak(dispatcher, job, JOB_FAILED, error, length);
}

static const struct pool_callbacks pool_callbacks;

static const struct sleeper_callbacks sleeper_callbacks = {
    .finished = pool_finished_cb,
};

// ---- submission -----------------------------------------------------------------------------

static size_t
dispatcher_queued(const struct dispatcher *dispatcher)
{
    struct pool_report report;
    size_t queued = 0;

    for (size_t i = 0; i < dispatcher->config->pool_count; i++) {
        pool_report(dispatcher->pools[i], &report);
        queued += report.queued;
    }
    return queued;
}

// How long until the pool will have worked off what waits now, by its mean run time; in seconds.
static double
retry_after(const struct pool *pool)
{
    struct pool_report report;
    double slots;
    double seconds;

    pool_report(pool, &report);
    slots = (double)report.config->processes * config_slots(report.config);
    seconds = (double)report.queued * report.run_time.mean_us / slots / 1e6;
    return seconds > 0.1 ? seconds : 0.1;
}

static void
dispatcher_refuse_busy(struct dispatcher *dispatcher, struct job *job, const struct pool *pool,
                       const char *limit, size_t max)
{
    size_t length = 0;
    char *error = error_object_format(ERROR_BUSY, &length,
                                      "{\"limit\":\"%s\",\"max\":%zu,\"retry_after\":%.3f}", limit,
                                      max, pool != NULL ? retry_after(pool) : 0.1);

    dispatcher->statistics->jobs_refused++;
    dispatcher_speak(dispatcher, job, JOB_FAILED, error, length);
}

static void
dispatcher_submit_to_pool(struct dispatcher *dispatcher, const struct route *route, struct job *job)
{
    const struct limits *limits = &dispatcher->config->limits;
    struct pool *pool = dispatcher->pools[route->pool];

    job->pool = pool;
    job->method = span_of(route->method);
    job->method_index = route->index;
    timeouts_tighten(&job->timeouts, &dispatcher->config->pools[route->pool].timeouts);
    if (deadlines_watch(&dispatcher->deadlines, job) != 0)
        dispatcher_refuse(dispatcher, job, ERROR_BUSY);
    else if (!pool_has_room(pool) && dispatcher_queued(dispatcher) >= limits->queue_max)
        dispatcher_refuse_busy(dispatcher, job, pool, "queue-max", limits->queue_max);
    else
        pool_submit(pool, job);
}

static void
dispatcher_submit_sleep(struct dispatcher *dispatcher, struct job *job)
{
    if (deadlines_watch(&dispatcher->deadlines, job) != 0)
        dispatcher_refuse(dispatcher, job, ERROR_BUSY);
    else
        sleeper_submit(dispatcher->sleeper, job);
}

// Counts the job in. False if there is no room for any job, and this one was refused.
static bool
dispatcher_admit(struct dispatcher *dispatcher, struct job *job)
{
    const struct limits *limits = &dispatcher->config->limits;

    dispatcher->jobs++;
    dispatcher->memory += job_size(job);
    if (dispatcher->draining)
        dispatcher_refuse(dispatcher, job, ERROR_SHUTTING_DOWN);
    else if (dispatcher->memory > limits->queue_memory_max)
        dispatcher_refuse_busy(dispatcher, job, NULL, "queue-memory-max", limits->queue_memory_max);
    else
        return true;
    return false;
}

void
dispatcher_submit(struct dispatcher *dispatcher, struct span method, struct job *job)
{
    const struct route *route;

    if (!dispatcher_admit(dispatcher, job))
        return;
    if (span_is(method, SLEEPER_METHOD))
        dispatcher_submit_sleep(dispatcher, job);
    else if ((route = routes_find(dispatcher->routes, method)) != NULL)
        dispatcher_submit_to_pool(dispatcher, route, job);
    else
        dispatcher_refuse(dispatcher, job, ERROR_METHOD_NOT_FOUND);
}

void
dispatcher_hold(struct dispatcher *dispatcher, struct job *job)
{
    if (!dispatcher_admit(dispatcher, job))
        return;
    if (deadlines_watch(&dispatcher->deadlines, job) != 0) {
        dispatcher_refuse(dispatcher, job, ERROR_BUSY);
        return;
    }
    holder_take(&dispatcher->holder, job);
    deadlines_restart(job);
}

// ---- stopping -------------------------------------------------------------------------------

static void
dispatcher_take_back(struct dispatcher *dispatcher, struct job *job)
{
    if (holder_has(&dispatcher->holder, job))
        holder_leave(&dispatcher->holder, job);
    else if (job->pool != NULL)
        pool_cancel(job->pool, job);
    else
        sleeper_cancel(dispatcher->sleeper, job);
}

static void
dispatcher_end_with(struct dispatcher *dispatcher, struct job *job, enum job_state state,
                    enum error_code code)
{
    size_t length = 0;
    char *error = error_object(code, (struct span){0}, &length);

    dispatcher_take_back(dispatcher, job);
    dispatcher_speak(dispatcher, job, state, error, length);
}

void
dispatcher_cancel(struct dispatcher *dispatcher, struct job *job)
{
    dispatcher_end_with(dispatcher, job, JOB_CANCELLED, ERROR_CANCELLED);
}

void
dispatcher_finish(struct dispatcher *dispatcher, struct job *job, const struct outcome *outcome)
{
    dispatcher_take_back(dispatcher, job);
    dispatcher_settle(dispatcher, job, outcome);
}

void
dispatcher_fail(struct dispatcher *dispatcher, struct job *job, const char *error, size_t length)
{
    struct outcome outcome = {.state = JOB_FAILED, .body = {.at = error, .length = length}};

    dispatcher_finish(dispatcher, job, &outcome);
}

void
dispatcher_abandon(struct dispatcher *dispatcher, struct job *job)
{
    job_mute(job);
    dispatcher_cancel(dispatcher, job);
}

void
dispatcher_drain(struct dispatcher *dispatcher)
{
    struct job *job;

    dispatcher->jobs++; // so that `idle` comes once, at the end
    dispatcher->draining = true;
    for (size_t i = 0; i < dispatcher->config->pool_count; i++)
        while ((job = pool_any_queued(dispatcher->pools[i])) != NULL)
            dispatcher_end_with(dispatcher, job, JOB_CANCELLED, ERROR_SHUTTING_DOWN);
    if (--dispatcher->jobs == 0)
        dispatcher->callbacks->idle(dispatcher->context);
}

void
dispatcher_abort(struct dispatcher *dispatcher)
{
    struct job *job;

    for (size_t i = 0; i < dispatcher->config->pool_count; i++)
        while ((job = pool_any_running(dispatcher->pools[i])) != NULL)
            dispatcher_end_with(dispatcher, job, JOB_CANCELLED, ERROR_SHUTTING_DOWN);
    while ((job = sleeper_any(dispatcher->sleeper)) != NULL)
        dispatcher_end_with(dispatcher, job, JOB_CANCELLED, ERROR_SHUTTING_DOWN);
}

// A timeout of a job is over: it is answered at once, and its work is stopped.
static void
deadline_over_cb(void *context, struct job *job, enum timeout_kind kind)
{
    struct dispatcher *dispatcher = context;
    struct death death = {.cause = DEATH_TIMEOUT, .timeout = kind};
    size_t length = 0;
    char *error;

    if (job->pool != NULL) {
        error = pool_expire(job->pool, job, kind, &length);
    } else {
        dispatcher_take_back(dispatcher, job);
        death.attempts = job->attempts;
        error = certificate_error(&death, &length);
    }
    dispatcher_speak(dispatcher, job, JOB_TIMED_OUT, error, length);
}

// A worker has the job: other timeouts count from here.
static void
pool_started_cb(void *context, struct job *job)
{
    (void)context;
    deadlines_restart(job);
}

// A worker has not begun with it, after all.
static void
pool_returned_cb(void *context, struct job *job)
{
    struct dispatcher *dispatcher = context;

    deadlines_restart(job);
    if (dispatcher->draining)
        dispatcher_refuse(dispatcher, job, ERROR_SHUTTING_DOWN);
    else
        pool_resubmit(job->pool, job);
}

static void
pool_progress_cb(void *context, struct job *job, struct span value)
{
    (void)context;
    if (job->sink != NULL && job->sink->progress != NULL)
        job->sink->progress(job->sink_context, value);
}

static void
pool_stopped_cb(void *context, struct pool *pool)
{
    struct dispatcher *dispatcher = context;

    (void)pool;
    if (--dispatcher->pools_left == 0)
        dispatcher->callbacks->stopped(dispatcher->context);
}

static const struct pool_callbacks pool_callbacks = {
    .finished = pool_finished_cb,
    .started = pool_started_cb,
    .returned = pool_returned_cb,
    .progress = pool_progress_cb,
    .stopped = pool_stopped_cb,
};

void
dispatcher_stop(struct dispatcher *dispatcher)
{
    dispatcher->pools_left = dispatcher->config->pool_count;
    for (size_t i = 0; i < dispatcher->config->pool_count; i++)
        pool_stop(dispatcher->pools[i]);
}

// ---- beginning and end ----------------------------------------------------------------------

static int
dispatcher_start_pools(struct dispatcher *dispatcher, const struct dispatcher_settings *settings)
{
    const struct config *config = settings->config;

    for (size_t i = 0; i < config->pool_count; i++) {
        struct pool_settings pool = {
            .base = settings->base,
            .turn = settings->turn,
            .reaper = dispatcher->reaper,
            .config = &config->pools[i],
            .builtin_path = settings->builtin_path,
            .line_max = config->limits.line_max,
            .depth_max = config->limits.depth_max,
            .open_files = settings->open_files,
        };

        dispatcher->pools[i] = pool_new(&pool, &pool_callbacks, dispatcher);
        if (dispatcher->pools[i] == NULL)
            return -1;
    }
    return 0;
}

struct dispatcher *
dispatcher_new(const struct dispatcher_settings *settings,
               const struct dispatcher_callbacks *callbacks, void *context)
{
    size_t count = settings->config->pool_count;
    struct dispatcher *dispatcher = calloc(1, sizeof(*dispatcher) + count * sizeof(struct pool *));

    if (dispatcher == NULL)
        return NULL;
    dispatcher->config = settings->config;
    dispatcher->statistics = settings->statistics;
    dispatcher->callbacks = callbacks;
    dispatcher->context = context;
    holder_init(&dispatcher->holder);
    dispatcher->deadlines =
        (struct deadlines){.base = settings->base, .over = deadline_over_cb, .context = dispatcher};
    dispatcher->reaper = reaper_new(settings->base);
    dispatcher->routes = routes_new(settings->config);
    dispatcher->sleeper = sleeper_new(settings->base, &sleeper_callbacks, dispatcher);
    if (dispatcher->reaper == NULL || dispatcher->routes == NULL || dispatcher->sleeper == NULL ||
        dispatcher_start_pools(dispatcher, settings) != 0) {
        dispatcher_free(dispatcher);
        return NULL;
    }
    return dispatcher;
}

void
dispatcher_free(struct dispatcher *dispatcher)
{
    if (dispatcher == NULL)
        return;
    for (size_t i = 0; i < dispatcher->config->pool_count; i++)
        pool_free(dispatcher->pools[i]);
    sleeper_free(dispatcher->sleeper);
    routes_free(dispatcher->routes);
    reaper_free(dispatcher->reaper);
    free(dispatcher);
}

// ---- what others may know -------------------------------------------------------------------

void
dispatcher_report(const struct dispatcher *dispatcher, struct dispatcher_report *ret_report)
{
    size_t queued = dispatcher_queued(dispatcher);

    *ret_report = (struct dispatcher_report){
        .queued = queued,
        .running = dispatcher->jobs - queued,
        .sleeping = sleeper_running(dispatcher->sleeper),
        .held = dispatcher->holder.count,
        .memory = dispatcher->memory,
    };
}

const struct pool *
dispatcher_pool(const struct dispatcher *dispatcher, size_t index)
{
    return dispatcher->pools[index];
}

const struct routes *
dispatcher_routes(const struct dispatcher *dispatcher)
{
    return dispatcher->routes;
}
