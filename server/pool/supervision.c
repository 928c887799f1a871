// See supervision.h.
#include "common/clock.h"
#include "common/log.h"
#include "pool/pool_internal.h"
#include "pool/usage.h"

#include <event2/event.h>
#include <stdlib.h>

#define TICK_US 500000 // how exactly idle-timeout, max-age and memory-max are kept

// Up to a tenth less, so that workers which began together do not retire together.
static int64_t
jittered(int64_t value)
{
    return value - (int64_t)((double)value * 0.1 * ((double)random() / (double)RAND_MAX));
}

void
supervision_begin(struct place *place)
{
    const struct pool_config *config = place->pool->config;

    place->busy_us = clock_us();
    place->jobs_allowed =
        config->max_jobs > 1 ? (unsigned)jittered(config->max_jobs) : config->max_jobs;
    place->expires_us = config->max_age_us > 0 ? clock_us() + jittered(config->max_age_us) : 0;
}

// One successor at a time in a pool.
static bool
is_swapping(const struct pool *pool)
{
    for (unsigned i = 0; i < pool->config->processes; i++)
        if (pool->places[i].successor != NULL)
            return true;
    return false;
}

static void
supervision_replace(struct place *place, const char *why)
{
    struct pool *pool = place->pool;

    if (pool->stopping || place->dormant || is_swapping(pool) || !place_succeed(place))
        return; // it is looked at again
    log_info(pool->subject, "worker %u is being replaced: %s", place->index, why);
}

static bool
is_grown(const struct place *place, const struct worker_report *report)
{
    size_t max = place->pool->config->memory_max;

    return max != 0 && usage_memory(report->pid) > max / 4 * 3;
}

void
supervision_answered(struct place *place)
{
    struct worker_report report;

    place->busy_us = clock_us();
    if (place->jobs_allowed == 0)
        return;
    worker_report(place->worker, &report);
    if (report.jobs_done >= place->jobs_allowed)
        supervision_replace(place, "max-jobs");
}

static unsigned
count_awake(const struct pool *pool)
{
    unsigned count = 0;

    for (unsigned i = 0; i < pool->config->processes; i++)
        count += !pool->places[i].dormant;
    return count;
}

void
supervision_grow(struct pool *pool)
{
    struct place *asleep = NULL;
    struct worker_report report;

    if (pool->queue.count == 0 || pool->stopping ||
        (pool->config->processes_min == pool->config->processes && !pool->winding_down))
        return;
    for (unsigned i = 0; i < pool->config->processes; i++) {
        struct place *place = &pool->places[i];

        if (place->dormant) {
            asleep = asleep != NULL ? asleep : place;
            continue;
        }
        if (place->worker == NULL)
            return; // one is on its way up already
        worker_report(place->worker, &report);
        if (report.state == WORKER_STARTING)
            return;
    }
    if (asleep != NULL)
        place_wake(asleep);
}

void
supervision_rest(struct pool *pool)
{
    if (!pool->winding_down || pool->stopping || pool->queue.count > 0)
        return;
    for (unsigned i = 0; i < pool->config->processes; i++)
        place_rest(&pool->places[i]);
    pool_end_if_done(pool);
}

// Ends a worker that nobody needed for idle-timeout, and leaves its place empty.
static void
supervision_shrink(struct place *place, const struct worker_report *report)
{
    struct pool *pool = place->pool;

    if (report->state != WORKER_READY || report->running > 0 || place->successor != NULL ||
        clock_us() - place->busy_us < pool->config->idle_timeout_us ||
        count_awake(pool) <= pool->config->processes_min)
        return;
    place->dormant = true;
    place_set_room(place, PLACE_AWAY);
    worker_retire(place->worker);
}

static void
supervision_look(struct place *place)
{
    struct worker_report report;

    if (place->worker == NULL || place->dormant)
        return;
    worker_report(place->worker, &report);
    if (report.state != WORKER_READY)
        return;
    if (place->expires_us != 0 && clock_us() >= place->expires_us)
        supervision_replace(place, "max-age");
    else if (is_grown(place, &report))
        supervision_replace(place, "memory-max");
    else if (place->jobs_allowed != 0 && report.jobs_done >= place->jobs_allowed)
        supervision_replace(place, "max-jobs"); // another swap was under way when it was due
    else
        supervision_shrink(place, &report);
}

static void
supervision_tick_cb(evutil_socket_t fd, short what, void *context)
{
    static const struct timeval tick = {TICK_US / 1000000, TICK_US % 1000000};
    struct pool *pool = context;

    (void)fd;
    (void)what;
    for (unsigned i = 0; i < pool->config->processes; i++)
        supervision_look(&pool->places[i]);
    event_add(pool->supervision.tick, &tick);
}

bool
supervision_init(struct supervision *supervision, struct pool *pool, struct event_base *base)
{
    static const struct timeval tick = {TICK_US / 1000000, TICK_US % 1000000};
    const struct pool_config *config = pool->config;

    if (config->processes_min == config->processes && config->max_jobs == 0 &&
        config->max_age_us == 0 && config->memory_max == 0)
        return true;
    supervision->tick = evtimer_new(base, supervision_tick_cb, pool);
    return supervision->tick != NULL && event_add(supervision->tick, &tick) == 0;
}

void
supervision_done(struct supervision *supervision)
{
    if (supervision->tick != NULL)
        event_free(supervision->tick);
    supervision->tick = NULL;
}
