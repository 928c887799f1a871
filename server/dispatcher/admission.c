// Which jobs are taken: finds who runs a job, keeps the bounds on what waits, and is honest with
// those that are refused about when there will be room. See dispatcher_internal.h.
#include "dispatcher/dispatcher_internal.h"
#include "model/forecast.h"

#include <stdlib.h>

// When to come back is said in this range whatever was measured, as forecast.h does.
#define RETRY_MIN_US INT64_C(100000)

// ---- outlook --------------------------------------------------------------------------------

static size_t
dispatcher_waiting(const struct dispatcher *dispatcher)
{
    return dispatcher_queued(dispatcher) + dispatcher->delayer.count;
}

// What has no pool never waits.
static struct pool_outlook
look_ahead(const struct job *job)
{
    if (job->pool != NULL)
        return pool_look_ahead(job->pool, job);
    return (struct pool_outlook){.run_us = -1, .retry_us = RETRY_MIN_US};
}

static bool
is_full(const struct dispatcher *dispatcher, const struct job *job)
{
    const struct limits *limits = &dispatcher->config->limits;
    bool waits = job->delay_us > 0 || (job->pool != NULL && !pool_has_room(job->pool));

    return waits && dispatcher_waiting(dispatcher) >= limits->queue_max;
}

// True if it is expected to wait longer than it says that it would. *ret_outlook is filled then.
static bool
is_too_long(const struct job *job, struct pool_outlook *ret_outlook)
{
    if (job->max_wait_us == JOB_WAIT_ANY)
        return false;
    *ret_outlook = look_ahead(job);
    return ret_outlook->wait_us > job->max_wait_us;
}

// ---- refusing -------------------------------------------------------------------------------

static void
turn_away(struct dispatcher *dispatcher, struct job *job, char *error, size_t length)
{
    dispatcher->statistics->jobs.refused++;
    if (job->pool != NULL)
        pool_counts(job->pool)->refused++;
    dispatcher_speak(dispatcher, job, JOB_FAILED, error, length);
}

void
dispatcher_refuse_method(struct dispatcher *dispatcher, struct job *job, struct span method)
{
    size_t length = 0;
    char *error = error_object_method(method, &length);

    turn_away(dispatcher, job, error, length);
}

void
dispatcher_refuse(struct dispatcher *dispatcher, struct job *job, enum error_code code)
{
    size_t length = 0;
    char *error = error_object(code, (struct span){0}, &length);

    turn_away(dispatcher, job, error, length);
}

static double
seconds(int64_t us)
{
    return (double)us / 1e6;
}

static void
refuse_full(struct dispatcher *dispatcher, struct job *job, const char *limit, size_t max)
{
    struct pool_outlook outlook = look_ahead(job);
    char wait[FORECAST_TEXT_MAX];
    size_t length = 0;
    char *error = error_object_format(ERROR_BUSY, &length,
                                      "{\"limit\":\"%s\",\"max\":%zu,\"retry_after\":%.3f,"
                                      "\"predicted_wait\":%s}",
                                      limit, max, seconds(outlook.retry_us),
                                      forecast_text(outlook.wait_us, wait));

    turn_away(dispatcher, job, error, length);
}

// It makes sense to come back when so much of the work is done that the wait would do.
static void
refuse_too_long(struct dispatcher *dispatcher, struct job *job, const struct pool_outlook *outlook)
{
    int64_t retry_us = outlook->wait_us - job->max_wait_us;
    char wait[FORECAST_TEXT_MAX];
    size_t length = 0;
    char *error;

    if (retry_us < RETRY_MIN_US)
        retry_us = RETRY_MIN_US;
    else if (retry_us > FORECAST_RETRY_MAX_US)
        retry_us = FORECAST_RETRY_MAX_US;
    error = error_object_format(ERROR_BUSY, &length,
                                "{\"limit\":\"max_wait\",\"max\":%.3f,\"retry_after\":%.3f,"
                                "\"predicted_wait\":%s}",
                                seconds(job->max_wait_us), seconds(retry_us),
                                forecast_text(outlook->wait_us, wait));
    turn_away(dispatcher, job, error, length);
}

// ---- taking ---------------------------------------------------------------------------------

// Who runs it. False if nobody knows the method.
static bool
find_pool(struct dispatcher *dispatcher, struct span method, struct job *job)
{
    const struct route *route;

    if (span_is(method, SLEEPER_METHOD))
        return true;
    route = routes_find(dispatcher->routes, method);
    if (route == NULL)
        return false;
    job->pool = dispatcher->generation->members[route->pool]->pool;
    job->method = pool_method(job->pool, route->index); // the route's is another generation's
    job->method_index = route->index;
    timeouts_tighten(&job->timeouts, &dispatcher->config->pools[route->pool].timeouts);
    return true;
}

// Counts the job in. False if there is no room for any job, and this one was refused.
static bool
dispatcher_admit(struct dispatcher *dispatcher, struct job *job)
{
    const struct limits *limits = &dispatcher->config->limits;

    if (dispatcher->memory > limits->queue_memory_max)
        refuse_full(dispatcher, job, "queue-memory-max", limits->queue_memory_max);
    else if (deadlines_watch(&dispatcher->deadlines, job) != 0)
        dispatcher_refuse(dispatcher, job, ERROR_BUSY);
    else
        return true;
    return false;
}

void
dispatcher_start(struct dispatcher *dispatcher, struct job *job)
{
    struct pool_outlook outlook;

    if (is_too_long(job, &outlook))
        refuse_too_long(dispatcher, job, &outlook);
    else if (job->pool != NULL)
        pool_submit(job->pool, job);
    else
        sleeper_submit(dispatcher->sleeper, job);
}

// False while the daemon stops: the job was refused.
static bool
dispatcher_count_in(struct dispatcher *dispatcher, struct job *job)
{
    job->number = ++dispatcher->numbers;
    dispatcher->jobs++;
    dispatcher->memory += job_size(job);
    if (dispatcher->draining)
        dispatcher_refuse(dispatcher, job, ERROR_SHUTTING_DOWN);
    return !dispatcher->draining;
}

void
dispatcher_submit(struct dispatcher *dispatcher, struct span method, struct job *job)
{
    const struct limits *limits = &dispatcher->config->limits;

    if (!dispatcher_count_in(dispatcher, job))
        return;
    if (!find_pool(dispatcher, method, job))
        dispatcher_refuse_method(dispatcher, job, method);
    else if (!dispatcher_admit(dispatcher, job))
        return;
    else if (is_full(dispatcher, job))
        refuse_full(dispatcher, job, "queue-max", limits->queue_max);
    else if (job->delay_us == 0)
        dispatcher_start(dispatcher, job);
    else if (delayer_take(&dispatcher->delayer, job) != 0)
        dispatcher_refuse(dispatcher, job, ERROR_BUSY);
}

void
dispatcher_hold(struct dispatcher *dispatcher, struct job *job)
{
    if (!dispatcher_count_in(dispatcher, job) || !dispatcher_admit(dispatcher, job))
        return;
    holder_take(&dispatcher->holder, job);
    deadlines_restart(job);
}

// ---- quotes ---------------------------------------------------------------------------------

// While its pool is paused it would wait, and what is wrong may be put right meanwhile.
static bool
can_start(const struct job *job, const struct pool_report *report)
{
    return !span_present(report->start_error) || pool_is_paused(job->pool);
}

bool
dispatcher_quote(struct dispatcher *dispatcher, struct span method, struct job *job,
                 struct dispatcher_quote *ret_quote)
{
    const struct limits *limits = &dispatcher->config->limits;
    struct dispatcher_quote quote = {.config = NULL};
    struct pool_report report = {.queued = 0};
    struct pool_outlook outlook;

    if (!find_pool(dispatcher, method, job))
        return false;
    outlook = look_ahead(job);
    if (job->pool != NULL) {
        pool_report(job->pool, &report);
        quote.config = report.config;
    }
    quote.queued = report.queued;
    quote.running = report.running;
    quote.slots = outlook.slots;
    quote.wait_us = outlook.wait_us;
    quote.run_us = outlook.run_us;
    quote.accepted = !dispatcher->draining && can_start(job, &report) &&
                     !is_full(dispatcher, job) && outlook.wait_us <= job->max_wait_us &&
                     dispatcher->memory + job_size(job) <= limits->queue_memory_max;
    *ret_quote = quote;
    return true;
}
