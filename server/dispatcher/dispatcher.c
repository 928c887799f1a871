// See dispatcher.h. How a job comes in is in admission.c; this file is the rest of its life.
#include "dispatcher/dispatcher.h"

#include "common/clock.h"
#include "common/errors.h"
#include "common/log.h"
#include "dispatcher/dispatcher_internal.h"

#include <stdlib.h>

// ---- outcomes -------------------------------------------------------------------------------

static void
dispatcher_count(struct dispatcher *dispatcher, const struct job *job,
                 const struct outcome *outcome)
{
    int64_t now_us = outcome->ended_us != 0 ? outcome->ended_us : clock_us();

    job_counts_note(&dispatcher->statistics->jobs, job, outcome->state, now_us);
    if (job->pool != NULL)
        job_counts_note(pool_counts(job->pool), job, outcome->state, now_us);
}

// The one place where a job ends. It counts until its sink was told, for that may end others: so
// `idle` comes once.
static void
dispatcher_settle(struct dispatcher *dispatcher, struct job *job, const struct outcome *outcome)
{
    deadlines_forget(job);
    job_set_state(job, outcome->state);
    dispatcher_count(dispatcher, job, outcome);
    dispatcher->memory -= job_size(job);
    if (job->sink != NULL)
        job->sink->finished(job->sink_context, outcome);
    job_free(job);
    if (--dispatcher->jobs == 0 && dispatcher->draining)
        dispatcher->callbacks->idle(dispatcher->context);
}

static void dispatcher_run_again(struct dispatcher *dispatcher, struct job *job);

// Its worker died, and it may run again.
static bool
dispatcher_retries(struct dispatcher *dispatcher, const struct job *job,
                   const struct outcome *outcome)
{
    bool wanted = job->retries > 0 && !dispatcher->draining;
    bool again;

    if (outcome->state != JOB_LOST)
        return false;
    again = wanted && job->attempts < pool_crash_limit(job->pool);
    if (wanted && !again)
        job_log(&dispatcher->log, LOG_LEVEL_WARNING, job,
                "killed its worker %u times and is given up", job->attempts);
    else
        job_log(&dispatcher->log, LOG_LEVEL_INFO, job, "its worker died%s",
                again ? "; it runs again" : "");
    return again;
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
    dispatcher_run_again(dispatcher, job);
}

// The daemon itself speaks: an error of the table.
void
dispatcher_speak(struct dispatcher *dispatcher, struct job *job, enum job_state state, char *error,
                 size_t length)
{
    struct outcome outcome = {.state = state, .body = {.at = error, .length = length}};

    dispatcher_settle(dispatcher, job, &outcome);
    free(error);
}

static const struct pool_callbacks pool_callbacks;

static const struct sleeper_callbacks sleeper_callbacks = {
    .finished = pool_finished_cb,
};

// ---- stopping -------------------------------------------------------------------------------

static void
dispatcher_take_back(struct dispatcher *dispatcher, struct job *job)
{
    if (dispatcher_take_moving(dispatcher, job))
        return;
    if (job->state == JOB_DELAYED)
        delayer_give_back(&dispatcher->delayer, job);
    else if (holder_has(&dispatcher->holder, job))
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
    struct member *member;
    struct job *job;

    dispatcher->jobs++; // so that `idle` comes once, at the end
    dispatcher->draining = true;
    dispatcher_forget_coming(dispatcher);
    TAILQ_FOREACH (member, &dispatcher->members, link)
        while ((job = pool_any_queued(member->pool)) != NULL)
            dispatcher_end_with(dispatcher, job, JOB_CANCELLED, ERROR_SHUTTING_DOWN);
    while ((job = delayer_any(&dispatcher->delayer)) != NULL)
        dispatcher_end_with(dispatcher, job, JOB_CANCELLED, ERROR_SHUTTING_DOWN);
    if (--dispatcher->jobs == 0)
        dispatcher->callbacks->idle(dispatcher->context);
}

void
dispatcher_abort(struct dispatcher *dispatcher)
{
    struct member *member;
    struct job *job;

    TAILQ_FOREACH (member, &dispatcher->members, link)
        while ((job = pool_any_running(member->pool)) != NULL)
            dispatcher_end_with(dispatcher, job, JOB_CANCELLED, ERROR_SHUTTING_DOWN);
    while ((job = sleeper_any(dispatcher->sleeper)) != NULL)
        dispatcher_end_with(dispatcher, job, JOB_CANCELLED, ERROR_SHUTTING_DOWN);
}

// A timeout of a job that is in nobody's hands is over.
static void
dispatcher_expire(struct dispatcher *dispatcher, struct job *job, enum timeout_kind kind)
{
    struct death death = {.cause = DEATH_TIMEOUT, .timeout = kind, .attempts = job->attempts};
    struct pool_report report;
    size_t length = 0;
    char *error;

    if (job->pool != NULL) {
        pool_report(job->pool, &report);
        death.pool = report.config->name;
    }
    error = certificate_error(&death, &length);
    dispatcher_speak(dispatcher, job, JOB_TIMED_OUT, error, length);
}

// A timeout of a job is over: it is answered at once, and its work is stopped.
static void
deadline_over_cb(void *context, struct job *job, enum timeout_kind kind)
{
    struct dispatcher *dispatcher = context;
    size_t length = 0;
    char *error;

    job_log(&dispatcher->log, LOG_LEVEL_INFO, job, "timeout-%s is over", timeout_name(kind));
    if (job->pool != NULL && job->state != JOB_DELAYED) {
        error = pool_expire(job->pool, job, kind, &length);
        dispatcher_speak(dispatcher, job, JOB_TIMED_OUT, error, length);
    } else {
        dispatcher_take_back(dispatcher, job);
        dispatcher_expire(dispatcher, job, kind);
    }
}

// Its time is over, but the timer has not said so yet.
static void
pool_overdue_cb(void *context, struct job *job, enum timeout_kind kind)
{
    deadlines_forget(job);
    deadline_over_cb(context, job, kind);
}

// The job is in nobody's hands and may start, unless it is too late.
static bool
dispatcher_is_too_late(struct dispatcher *dispatcher, struct job *job)
{
    enum timeout_kind kind;

    if (!job_is_overdue(job, clock_us(), &kind))
        return false;
    job_log(&dispatcher->log, LOG_LEVEL_INFO, job, "timeout-%s is over", timeout_name(kind));
    dispatcher_expire(dispatcher, job, kind);
    return true;
}

static void
dispatcher_run_again(struct dispatcher *dispatcher, struct job *job)
{
    deadlines_restart(job);
    if (!dispatcher_is_too_late(dispatcher, job))
        dispatcher_resubmit(dispatcher, job);
}

static void
delay_over_cb(void *context, struct job *job)
{
    struct dispatcher *dispatcher = context;

    if (!dispatcher_is_too_late(dispatcher, job))
        dispatcher_start(dispatcher, job);
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

    if (dispatcher->draining)
        dispatcher_refuse(dispatcher, job, ERROR_SHUTTING_DOWN);
    else
        dispatcher_run_again(dispatcher, job);
}

static void
pool_progress_cb(void *context, struct job *job, struct span value)
{
    (void)context;
    if (job->sink != NULL && job->sink->progress != NULL)
        job->sink->progress(job->sink_context, value);
}

static void
pool_settled_cb(void *context, struct pool *pool)
{
    (void)pool;
    dispatcher_pool_settled(context);
}

static void
pool_stopped_cb(void *context, struct pool *pool)
{
    dispatcher_pool_stopped(context, pool);
}

static const struct pool_callbacks pool_callbacks = {
    .finished = pool_finished_cb,
    .started = pool_started_cb,
    .returned = pool_returned_cb,
    .overdue = pool_overdue_cb,
    .progress = pool_progress_cb,
    .settled = pool_settled_cb,
    .stopped = pool_stopped_cb,
};

void
dispatcher_stop(struct dispatcher *dispatcher)
{
    struct member *member;

    dispatcher->stopping = true;
    TAILQ_FOREACH (member, &dispatcher->members, link)
        if (!member->stopped)
            pool_stop(member->pool);
}

// ---- beginning and end ----------------------------------------------------------------------

static struct pool *
dispatcher_make_pool(void *context, const struct config *config, const struct pool_config *pool)
{
    struct dispatcher *dispatcher = context;
    struct pool_settings settings = {
        .base = dispatcher->settings.base,
        .turn = dispatcher->settings.turn,
        .reaper = dispatcher->reaper,
        .config = pool,
        .builtin_path = dispatcher->settings.builtin_path,
        .cores = config_cores(),
        .line_max = config->limits.line_max,
        .depth_max = config->limits.depth_max,
        .cgroups = dispatcher->settings.cgroups,
        .open_files = dispatcher->settings.open_files,
    };
    struct pool *made;

    made = pool_new(&settings, &pool_callbacks, dispatcher);
    if (made != NULL && dispatcher_is_paused(dispatcher, pool->name))
        pool_pause(made);
    return made;
}

struct dispatcher *
dispatcher_new(const struct dispatcher_settings *settings,
               const struct dispatcher_callbacks *callbacks, void *context)
{
    struct dispatcher *dispatcher = calloc(1, sizeof(*dispatcher));

    if (dispatcher == NULL)
        return NULL;
    dispatcher->settings = *settings;
    dispatcher->statistics = settings->statistics;
    dispatcher->callbacks = callbacks;
    dispatcher->context = context;
    dispatcher->maker =
        (struct generation_maker){.make = dispatcher_make_pool, .context = dispatcher};
    holder_init(&dispatcher->holder);
    delayer_init(&dispatcher->delayer, settings->base, delay_over_cb, dispatcher);
    dispatcher->deadlines =
        (struct deadlines){.base = settings->base, .over = deadline_over_cb, .context = dispatcher};
    dispatcher->reaper = reaper_new(settings->base);
    dispatcher->sleeper = sleeper_new(settings->base, &sleeper_callbacks, dispatcher);
    if (dispatcher->reaper == NULL || dispatcher->sleeper == NULL ||
        dispatcher_begin(dispatcher) != 0) {
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
    dispatcher_end(dispatcher);
    sleeper_free(dispatcher->sleeper);
    reaper_free(dispatcher->reaper);
    free(dispatcher);
}
