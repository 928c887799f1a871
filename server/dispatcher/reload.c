// The pools as the configuration changes: those that are needed are started, and when they are up
// the new generation takes over, all at once. See dispatcher.h.
//
//     dispatcher_reload > coming --its first workers have settled--> the generation
//            |   another reload: forgotten                                | another takes over
//            +----> pools that belong to neither are wound down <---------+
//
// At the take-over the jobs that wait in a pool which is going move to the pool of the same name,
// if it still serves their method. Those that run stay where they are, for work is never done
// twice; and so do those that nobody else would run, for they were accepted.
#include "common/log.h"
#include "dispatcher/dispatcher_internal.h"

#include <stdlib.h>

#define SUBJECT "dispatcher"

// ---- where a job belongs --------------------------------------------------------------------

static bool
find_method(const struct pool_config *config, struct span method, unsigned *ret_index)
{
    for (unsigned i = 0; config->methods[i] != NULL; i++)
        if (span_is(method, config->methods[i])) {
            *ret_index = i;
            return true;
        }
    return false;
}

// Leads a job of a pool that is going to the one that came after it, if that serves the method.
static void
dispatcher_redirect(const struct dispatcher *dispatcher, struct job *job)
{
    const struct generation *generation = dispatcher->generation;
    struct pool_report from;
    struct pool_report to;
    unsigned index;

    pool_report(job->pool, &from);
    for (size_t i = 0; i < generation->config->pool_count; i++) {
        pool_report(generation->members[i]->pool, &to);
        if (strcmp(to.config->name, from.config->name) != 0 ||
            !find_method(to.config, job->method, &index))
            continue;
        job->pool = generation->members[i]->pool;
        job->method = span_of(to.config->methods[index]); // the other one's goes with its pool
        job->method_index = index;
    }
}

void
dispatcher_resubmit(struct dispatcher *dispatcher, struct job *job)
{
    if (pool_is_winding_down(job->pool))
        dispatcher_redirect(dispatcher, job);
    pool_resubmit(job->pool, job);
}

bool
dispatcher_take_moving(struct dispatcher *dispatcher, struct job *job)
{
    if (job->place != &dispatcher->moving)
        return false;
    TAILQ_REMOVE(&dispatcher->moving, job, link);
    job->place = NULL;
    return true;
}

// All that waits in the pool, in order; then each to where it belongs. One turn of the loop does it
// all, so that nobody's job overtakes an earlier one of the same session: queue-max bounds it. A
// job that is refused there may take others with it (a gather), those on the move too.
static void
dispatcher_move_queued(struct dispatcher *dispatcher, struct pool *pool)
{
    struct job *job;

    while ((job = pool_any_queued(pool)) != NULL) {
        pool_cancel(pool, job);
        job->place = &dispatcher->moving;
        TAILQ_INSERT_TAIL(&dispatcher->moving, job, link);
    }
    while ((job = TAILQ_FIRST(&dispatcher->moving)) != NULL) {
        dispatcher_take_moving(dispatcher, job);
        dispatcher_redirect(dispatcher, job);
        pool_submit(job->pool, job);
    }
}

// Those that wait for their time. What nobody will run then is refused now, for nothing has been
// promised to it but that time.
static void
dispatcher_move_delayed(struct dispatcher *dispatcher, const struct pool *pool)
{
    struct job *next;
    struct job *job;

    for (job = TAILQ_FIRST(&dispatcher->delayer.jobs); job != NULL; job = next) {
        next = TAILQ_NEXT(job, link);
        if (job->pool == pool)
            dispatcher_redirect(dispatcher, job);
        if (job->pool != pool)
            continue;
        delayer_give_back(&dispatcher->delayer, job);
        job_set_state(job, JOB_QUEUED);
        job->place = &dispatcher->moving;
        TAILQ_INSERT_TAIL(&dispatcher->moving, job, link);
    }
    while ((job = TAILQ_FIRST(&dispatcher->moving)) != NULL) {
        dispatcher_take_moving(dispatcher, job);
        dispatcher_refuse_method(dispatcher, job, job->method);
    }
}

// ---- pools that go --------------------------------------------------------------------------

static void
dispatcher_let_go(struct dispatcher *dispatcher, struct member *member)
{
    struct pool_report report;

    dispatcher_move_queued(dispatcher, member->pool);
    dispatcher_move_delayed(dispatcher, member->pool);
    pool_report(member->pool, &report);
    log_info(SUBJECT, "pool %s, as it was, ends with its last job; %zu run, %zu are queued",
             report.config->name, report.running, report.queued);
    pool_wind_down(member->pool);
}

static void
dispatcher_let_go_of_others(struct dispatcher *dispatcher)
{
    struct member *member;

    // None is freed here, only marked.
    TAILQ_FOREACH (member, &dispatcher->members, link)
        if (member->generations == 0 && !pool_is_winding_down(member->pool))
            dispatcher_let_go(dispatcher, member);
}

static void
dispatcher_bury(void *context)
{
    struct dispatcher *dispatcher = context;
    struct member *member = TAILQ_FIRST(&dispatcher->members);

    while (member != NULL) {
        struct member *next = TAILQ_NEXT(member, link);

        if (member->stopped && member->generations == 0)
            member_free(member, &dispatcher->members);
        member = next;
    }
}

void
dispatcher_pool_stopped(struct dispatcher *dispatcher, const struct pool *pool)
{
    struct member *member;
    bool all = true;

    TAILQ_FOREACH (member, &dispatcher->members, link) {
        member->stopped |= member->pool == pool;
        all &= member->stopped;
    }
    turn_later(dispatcher->settings.turn, &dispatcher->bury); // it is still speaking
    if (dispatcher->stopping && all)
        dispatcher->callbacks->stopped(dispatcher->context);
}

// ---- generations ----------------------------------------------------------------------------

static void
dispatcher_serve(struct dispatcher *dispatcher, struct generation *generation)
{
    dispatcher->generation = generation;
    dispatcher->config = generation->config;
    dispatcher->routes = generation->routes;
    generation_sort(generation, &dispatcher->members);
}

static void
dispatcher_take_over(void *context)
{
    struct dispatcher *dispatcher = context;
    struct generation *old = dispatcher->generation;

    if (dispatcher->coming == NULL || !generation_is_settled(dispatcher->coming))
        return;
    dispatcher_serve(dispatcher, dispatcher->coming);
    dispatcher->coming = NULL;
    // Before anything of the old one is freed, and before jobs that it alone would have run are
    // answered: whoever hears of that looks at the configuration.
    dispatcher->callbacks->reloaded(dispatcher->context);
    generation_free(old);
    dispatcher_let_go_of_others(dispatcher);
}

// Not from inside the pool, which may have just lost its worker.
void
dispatcher_pool_settled(struct dispatcher *dispatcher)
{
    if (dispatcher->coming != NULL)
        turn_later(dispatcher->settings.turn, &dispatcher->take_over);
}

void
dispatcher_forget_coming(struct dispatcher *dispatcher)
{
    generation_free(dispatcher->coming);
    dispatcher->coming = NULL;
    dispatcher_let_go_of_others(dispatcher);
}

int
dispatcher_reload(struct dispatcher *dispatcher, const struct config *config)
{
    struct generation *fresh = generation_new(config, &dispatcher->members, &dispatcher->maker);

    if (fresh == NULL) {
        dispatcher_let_go_of_others(dispatcher); // what was made by then
        return -1;
    }
    // What both mean by a pool belongs to the fresh one by now.
    dispatcher_forget_coming(dispatcher);
    dispatcher->coming = fresh;
    turn_later(dispatcher->settings.turn, &dispatcher->take_over);
    return 0;
}

// ---- beginning and end ----------------------------------------------------------------------

int
dispatcher_begin(struct dispatcher *dispatcher)
{
    struct generation *generation;

    TAILQ_INIT(&dispatcher->members);
    TAILQ_INIT(&dispatcher->moving);
    turn_task_init(&dispatcher->take_over, dispatcher_take_over, dispatcher);
    turn_task_init(&dispatcher->bury, dispatcher_bury, dispatcher);
    generation =
        generation_new(dispatcher->settings.config, &dispatcher->members, &dispatcher->maker);
    if (generation == NULL)
        return -1;
    dispatcher_serve(dispatcher, generation);
    return 0;
}

void
dispatcher_end(struct dispatcher *dispatcher)
{
    struct member *member;

    generation_free(dispatcher->coming);
    generation_free(dispatcher->generation);
    while ((member = TAILQ_FIRST(&dispatcher->members)) != NULL)
        member_free(member, &dispatcher->members);
}
