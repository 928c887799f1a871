// What others may know of the dispatcher. See dispatcher.h.
#include "dispatcher/dispatcher_internal.h"
#include "dispatcher/sleeper.h"

size_t
dispatcher_queued(const struct dispatcher *dispatcher)
{
    const struct member *member;
    struct pool_report report;
    size_t queued = 0;

    TAILQ_FOREACH (member, &dispatcher->members, link) {
        pool_report(member->pool, &report);
        queued += report.queued;
    }
    return queued;
}

// The first workers of what is served, or will be.
static void
dispatcher_report_workers(const struct dispatcher *dispatcher, struct dispatcher_report *report)
{
    const struct generation *next =
        dispatcher->coming != NULL ? dispatcher->coming : dispatcher->generation;
    struct pool_report pool;

    for (size_t i = 0; i < next->config->pool_count; i++) {
        pool_report(next->members[i]->pool, &pool);
        report->workers_wanted += pool.workers_wanted;
        report->workers_settled += pool.workers_settled;
    }
}

void
dispatcher_report(const struct dispatcher *dispatcher, struct dispatcher_report *ret_report)
{
    size_t queued = dispatcher_queued(dispatcher);

    *ret_report = (struct dispatcher_report){
        .queued = queued,
        .delayed = dispatcher->delayer.count,
        .running = dispatcher->jobs - queued - dispatcher->delayer.count,
        .sleeping = sleeper_running(dispatcher->sleeper),
        .held = dispatcher->holder.count,
        .memory = dispatcher->memory,
    };
    dispatcher_report_workers(dispatcher, ret_report);
}

static unsigned
places_of(const struct member *member)
{
    struct pool_report report;

    pool_report(member->pool, &report);
    return report.config->processes;
}

void
dispatcher_look_at_usage(struct dispatcher *dispatcher)
{
    const struct member *member;
    size_t count = 0;
    size_t first;
    size_t at = 0;

    TAILQ_FOREACH (member, &dispatcher->members, link)
        count += places_of(member);
    if (count == 0)
        return;
    first = dispatcher->usage_next % count; // there may be fewer by now
    TAILQ_FOREACH (member, &dispatcher->members, link)
        for (unsigned i = 0; i < places_of(member); i++, at++)
            if ((at + count - first) % count < DISPATCHER_USAGE_MAX)
                pool_look_at_usage(member->pool, i);
    dispatcher->usage_next = (first + DISPATCHER_USAGE_MAX) % count;
}

const struct pool *
dispatcher_pool(const struct dispatcher *dispatcher, size_t index)
{
    const struct member *member = TAILQ_FIRST(&dispatcher->members);

    while (member != NULL && index-- > 0)
        member = TAILQ_NEXT(member, link);
    return member != NULL ? member->pool : NULL;
}

const struct config *
dispatcher_config(const struct dispatcher *dispatcher)
{
    return dispatcher->config;
}

const struct routes *
dispatcher_routes(const struct dispatcher *dispatcher)
{
    return dispatcher->routes;
}
