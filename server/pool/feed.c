// Who gets the next job of a pool. Idle workers first (but see crowding.c); then, as none is idle,
// short jobs go ahead into the pipes of busy ones. See pool_internal.h.
#include "common/clock.h"
#include "common/errors.h"
#include "common/log.h"
#include "model/forecast.h"
#include "pool/pool_internal.h"

#include <stdlib.h>

#define COST_UNKNOWN_US 10000 // of a method that has not run yet

// The job whose turn it is; NULL if none waits. Those that may not start any more go now: their
// timers come later in the same turn of the loop.
static struct job *
pool_next_job(struct pool *pool, int64_t now_us)
{
    enum timeout_kind kind;
    struct job *job;

    while ((job = queue_next(&pool->queue)) != NULL && job_is_overdue(job, now_us, &kind))
        pool->callbacks->overdue(pool->context, job, kind);
    return job;
}

static void
pool_feed_commands(struct pool *pool)
{
    while (runner_has_room(pool->runner)) {
        int64_t now_us = clock_us();

        if (pool_next_job(pool, now_us) == NULL)
            return;
        runner_start(pool->runner, queue_take(&pool->queue, now_us));
    }
}

// How long the job is thought to run; `unknown_us` if its method has not run yet.
static int64_t
pool_cost_us(const struct pool *pool, const struct job *job, int64_t unknown_us)
{
    const struct run_time *known = &pool->method_times[job->method_index];

    if (known->samples == 0)
        return unknown_us;
    return known->typical_us < 1 ? 1 : (int64_t)known->typical_us;
}

static void
pool_run(struct pool *pool, struct place *place, struct job *job)
{
    int64_t cost_us = pool_cost_us(pool, job, INT32_MAX);
    size_t length = 0;
    char *error;

    pool_handed_over(pool, job);
    if (worker_run(place->worker, job, cost_us) == 0) {
        if (place->room == PLACE_ROOMY && !worker_has_room(place->worker))
            place_set_room(place, PLACE_BUSY);
        return;
    }
    pool_leave_ahead(pool, job);
    error =
        error_object(ERROR_BUSY, SPAN("{\"reason\":\"out of memory\",\"retry_after\":1}"), &length);
    pool_refuse(pool, job, error, length);
    free(error);
}

// A place whose worker is idle, at least in part; NULL if there is none.
static struct place *
pool_roomy_place(struct pool *pool)
{
    struct place *place;

    while ((place = TAILQ_FIRST(&pool->roomy)) != NULL) {
        if (worker_has_room(place->worker))
            return place;
        place_set_room(place, PLACE_AWAY); // it has begun to die since it said that it has room
    }
    return NULL;
}

// A place in whose worker's pipe the job may wait, by turns; NULL if there is none.
static struct place *
pool_place_ahead(struct pool *pool, const struct job *job)
{
    int64_t cost_us = pool_cost_us(pool, job, INT32_MAX); // for all we know it is long

    for (unsigned i = 0; i < pool->config->processes; i++) {
        struct place *place = &pool->places[pool->next_ahead];

        pool->next_ahead = (pool->next_ahead + 1) % pool->config->processes;
        if (place->worker != NULL && worker_can_prefetch(place->worker, cost_us))
            return place;
    }
    return NULL;
}

// Where the job goes if it is handed over now; NULL if it has to wait.
static struct place *
pool_place_for(struct pool *pool, const struct job *job, int64_t now_us)
{
    struct place *place = NULL;

    if (!TAILQ_EMPTY(&pool->roomy) || !pool->ahead_full)
        place = crowding_place(pool, pool_cost_us(pool, job, INT32_MAX), now_us);
    if (place == NULL)
        place = pool_roomy_place(pool);
    if (place == NULL && !pool->ahead_full)
        place = pool_place_ahead(pool, job);
    return place;
}

// Nobody waits: the job need not go through the queue. False if it has to, after all: one that is
// too late ends there.
static bool
pool_run_at_once(struct pool *pool, struct job *job)
{
    struct place *place = NULL;
    int64_t now_us = clock_us();
    enum timeout_kind kind;

    if (!job_is_overdue(job, now_us, &kind))
        place = pool_place_for(pool, job, now_us);
    if (place != NULL)
        pool_run(pool, place, job);
    return place != NULL;
}

// Who is next is looked at before it is taken: mostly there is no room, and the way out of the
// queue and back into it would cost as much as all the rest. Its place is looked for after that:
// when jobs end as they are too late, others may be cancelled with them, and workers condemned.
void
pool_feed(struct pool *pool)
{
    int64_t now_us = clock_us();
    struct place *place;
    struct job *job;

    if (pool->paused)
        return;
    if (pool->runner != NULL) {
        pool_feed_commands(pool);
        return;
    }
    while (!TAILQ_EMPTY(&pool->roomy) || !pool->ahead_full) {
        job = pool_next_job(pool, now_us);
        if (job == NULL)
            return;
        place = pool_place_for(pool, job, now_us);
        if (place == NULL) {
            pool->ahead_full = true;
            break;
        }
        pool_run(pool, place, queue_take(&pool->queue, now_us));
    }
    supervision_grow(pool);
}

void
pool_enqueue(struct pool *pool, struct job *job, bool front)
{
    if (pool->start_error != NULL && !pool->paused) {
        pool_refuse(pool, job, pool->start_error, pool->start_error_length);
        return;
    }
    job->cost_us = pool_cost_us(pool, job, COST_UNKNOWN_US);
    if (pool->queue.count == 0 && !pool->paused && pool->runner == NULL &&
        pool_run_at_once(pool, job))
        return;
    queue_add(&pool->queue, job, front, clock_us());
    pool_feed(pool);
}

// ---- pausing --------------------------------------------------------------------------------

void
pool_feed_cb(void *context)
{
    pool_feed(context);
}

static bool
pool_set_paused(struct pool *pool, bool paused)
{
    if (pool->paused == paused)
        return false;
    pool->paused = paused;
    log_notice(pool->subject, "%s; %zu jobs run, %zu are queued", paused ? "paused" : "resumed",
               pool->running_count, pool->queue.count + pool->ahead_count);
    return true;
}

void
pool_pause(struct pool *pool)
{
    pool_set_paused(pool, true);
}

// Jobs are not started from here: some may be answered at once, and whoever resumes may be in the
// middle of others.
void
pool_resume(struct pool *pool)
{
    if (pool_set_paused(pool, false))
        turn_later(pool->worker_settings.turn, &pool->feed_later);
}

bool
pool_is_paused(const struct pool *pool)
{
    return pool->paused;
}

// ---- outlook --------------------------------------------------------------------------------

// Turns are by typical run times, for which a rare long job counts little; what they add up to is
// not.
static double
rare_long_jobs(const struct run_time *run_time)
{
    return run_time->typical_us > 0 && run_time->mean_us > run_time->typical_us
               ? run_time->mean_us / run_time->typical_us
               : 1;
}

// A job that has run for so many times what is usual says nothing about when its slot is free.
#define STUCK_FACTOR 3

// Slots with such jobs are left out, as long as there are others. If there are none, the wait is
// taken to be as long as the youngest of them has run already.
static void
leave_out_stuck(const struct pool *pool, struct forecast *forecast)
{
    int64_t now_us = clock_us();
    int64_t usual_us = STUCK_FACTOR * forecast->mean_us;
    const struct job *job;
    unsigned stuck = 0;

    TAILQ_FOREACH (job, &pool->running, link) { // the oldest first
        int64_t age_us = now_us - job->started_us;

        if (age_us <= usual_us)
            break;
        if (++stuck < forecast->slots)
            continue;
        forecast->mean_us = age_us;
        return;
    }
    forecast->slots -= stuck;
    forecast->running -= stuck;
}

static int64_t
mean_us_of(const struct run_time *known)
{
    return known->samples > 0 ? (int64_t)known->mean_us : -1;
}

struct pool_outlook
pool_look_ahead(const struct pool *pool, const struct job *job)
{
    const struct run_time *known = &pool->method_times[job->method_index];
    struct forecast forecast = {
        .mean_us = (int64_t)pool->run_time.mean_us,
        .running = (unsigned)pool->running_count,
        .slots = pool->config->processes * config_slots(pool->config),
    };
    unsigned slots = forecast.slots;
    struct job like = *job;
    double work_us;

    if (pool->paused)
        return (struct pool_outlook){.wait_us = FORECAST_UNKNOWN_US,
                                     .run_us = mean_us_of(known),
                                     .retry_us = FORECAST_RETRY_MAX_US,
                                     .slots = slots};
    if (pool->run_time.samples == 0)
        forecast.mean_us = COST_UNKNOWN_US;
    leave_out_stuck(pool, &forecast);
    like.cost_us = pool_cost_us(pool, job, COST_UNKNOWN_US);
    work_us = (double)(queue_work_before(&pool->queue, &like) + pool->ahead_us);
    forecast.work_us = (int64_t)(work_us * rare_long_jobs(&pool->run_time));
    return (struct pool_outlook){
        .wait_us = forecast_wait_us(&forecast),
        .run_us = mean_us_of(known),
        .retry_us = forecast_retry_us(&forecast),
        .slots = slots,
    };
}
