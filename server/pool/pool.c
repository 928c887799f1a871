// See pool.h. Each worker has a place; a place without a worker has a timer that starts the next
// one. Places whose worker has room stand in a list: the head gets the next job. A worker of one
// slot goes back to the head (its caches are warm), one of several to the tail (so that the load
// spreads).
#include "pool/pool.h"

#include "common/clock.h"
#include "common/errors.h"
#include "common/log.h"
#include "common/message.h"
#include "model/queue.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

#define STOP_GRACE_US        1000000
#define RESTART_DELAY_US     100000 // after the first death without use, doubling
#define RESTART_DELAY_MAX_US 5000000
#define HEALTHY_AGE_US       1000000 // a worker that lived so long did not fail to start

struct place {
    TAILQ_ENTRY(place) link; // in `roomy`
    bool roomy;
    struct pool *pool;
    unsigned index;
    struct worker *worker;
    struct event *restart;
    unsigned failures; // in a row
};
TAILQ_HEAD(place_list, place);

struct pool {
    struct worker_settings worker_settings;
    const struct pool_config *config;
    const struct pool_callbacks *callbacks;
    void *context;
    struct messages messages;
    char *builtin_argv[6];
    char threads_text[16];
    char line_max_text[32];
    char subject[80];
    struct queue queue;
    struct job_list running;
    size_t running_count;
    struct place_list roomy;
    unsigned alive;
    bool stopping;
    uint64_t restarts;
    int64_t mean_run_us;
    char *start_error;
    size_t start_error_length;
    struct place places[];
};

// ---- jobs
// ----------------------------------------------------------------------------------------

static void
place_set_roomy(struct place *place, bool roomy)
{
    struct pool *pool = place->pool;

    if (place->roomy)
        TAILQ_REMOVE(&pool->roomy, place, link);
    place->roomy = roomy;
    if (roomy && pool->worker_settings.slots == 1)
        TAILQ_INSERT_HEAD(&pool->roomy, place, link);
    else if (roomy)
        TAILQ_INSERT_TAIL(&pool->roomy, place, link);
}

static void
pool_finish(struct pool *pool, struct job *job, const struct outcome *outcome)
{
    if (job->state == JOB_RUNNING) {
        int64_t run_us = clock_us() - job->started_us;

        TAILQ_REMOVE(&pool->running, job, link);
        pool->running_count--;
        pool->mean_run_us = pool->mean_run_us == 0 ? run_us : (pool->mean_run_us * 7 + run_us) / 8;
    }
    pool->callbacks->finished(pool->context, job, outcome);
}

static void
pool_refuse(struct pool *pool, struct job *job, const char *error, size_t length)
{
    struct outcome outcome = {.state = JOB_FAILED, .body = {.at = error, .length = length}};

    pool_finish(pool, job, &outcome);
}

static void
pool_run(struct pool *pool, struct place *place, struct job *job)
{
    size_t length = 0;
    char *error;

    if (worker_run(place->worker, job) == 0) {
        job_set_state(job, JOB_RUNNING);
        TAILQ_INSERT_TAIL(&pool->running, job, link);
        pool->running_count++;
        place_set_roomy(place, worker_has_room(place->worker));
        return;
    }
    error =
        error_object(ERROR_BUSY, SPAN("{\"reason\":\"out of memory\",\"retry_after\":1}"), &length);
    pool_refuse(pool, job, error, length);
    free(error);
}

static void
pool_feed(struct pool *pool)
{
    struct place *place;
    struct job *job;

    while ((place = TAILQ_FIRST(&pool->roomy)) != NULL) {
        // It may have begun to die since it said that it has room.
        if (!worker_has_room(place->worker)) {
            place_set_roomy(place, false);
            continue;
        }
        job = queue_take(&pool->queue);
        if (job == NULL)
            return;
        pool_run(pool, place, job);
    }
}

void
pool_submit(struct pool *pool, struct job *job)
{
    if (pool->start_error != NULL) {
        pool_refuse(pool, job, pool->start_error, pool->start_error_length);
        return;
    }
    queue_add(&pool->queue, job);
    pool_feed(pool);
}

void
pool_cancel(struct pool *pool, struct job *job)
{
    struct worker *worker = job->place;
    struct worker_report report;

    if (job->state == JOB_QUEUED) {
        queue_remove(&pool->queue, job);
        return;
    }
    TAILQ_REMOVE(&pool->running, job, link);
    pool->running_count--;
    worker_report(worker, &report);
    if (worker_abandon(worker, job))
        place_set_roomy(&pool->places[report.index], false);
}

// ---- workers
// -------------------------------------------------------------------------------------

static void
pool_clear_start_error(struct pool *pool)
{
    free(pool->start_error);
    pool->start_error = NULL;
    pool->start_error_length = 0;
}

// No worker can be started: those who wait are told why rather than left waiting.
static void
pool_give_up_for_now(struct pool *pool, const struct death *death)
{
    struct job *job;

    pool_clear_start_error(pool);
    pool->start_error = certificate_error(death, &pool->start_error_length);
    if (pool->start_error == NULL)
        return;
    while ((job = queue_take(&pool->queue)) != NULL)
        pool_refuse(pool, job, pool->start_error, pool->start_error_length);
}

static int64_t
restart_delay_us(unsigned failures)
{
    int64_t delay_us = RESTART_DELAY_US;

    if (failures == 0)
        return 0;
    while (--failures > 0 && delay_us < RESTART_DELAY_MAX_US)
        delay_us *= 2;
    return delay_us < RESTART_DELAY_MAX_US ? delay_us : RESTART_DELAY_MAX_US;
}

static void
place_schedule(struct place *place)
{
    int64_t delay_us = restart_delay_us(place->failures);
    struct timeval delay = {delay_us / 1000000, delay_us % 1000000};

    event_add(place->restart, &delay);
}

// What a place does when its worker is gone or could not be made.
static void
place_lost(struct place *place, const struct death *death)
{
    struct pool *pool = place->pool;

    place->worker = NULL;
    if (pool->stopping) {
        if (pool->alive == 0)
            pool->callbacks->stopped(pool->context, pool);
        return;
    }
    pool->restarts++;
    place_schedule(place);
    if (death->cause == DEATH_START && pool->alive == 0)
        pool_give_up_for_now(pool, death);
}

static void
worker_ready_cb(void *context, struct worker *worker)
{
    struct place *place = context;

    (void)worker;
    pool_clear_start_error(place->pool);
    place_set_roomy(place, true);
    pool_feed(place->pool);
}

static void
worker_finished_cb(void *context, struct job *job, const struct outcome *outcome)
{
    struct place *place = context;

    pool_finish(place->pool, job, outcome);
}

static void
worker_room_cb(void *context, struct worker *worker)
{
    struct place *place = context;

    (void)worker;
    if (!place->roomy)
        place_set_roomy(place, true);
    pool_feed(place->pool);
}

static void
worker_gone_cb(void *context, struct worker *worker, const struct death *death)
{
    struct place *place = context;
    struct pool *pool = place->pool;
    struct worker_report report;
    char summary[128];

    worker_report(worker, &report);
    place_set_roomy(place, false);
    pool->alive--;
    if (death->deliberate || report.jobs_done > 0 ||
        clock_us() - report.started_us >= HEALTHY_AGE_US)
        place->failures = 0;
    else
        place->failures++;
    certificate_summary(death, summary, sizeof(summary));
    if (pool->stopping || death->deliberate)
        log_debug(pool->subject, "worker %u pid %d %s", place->index, (int)report.pid, summary);
    else
        log_warning(pool->subject, "worker %u pid %d %s; next one in %lld ms", place->index,
                    (int)report.pid, summary, (long long)restart_delay_us(place->failures) / 1000);
    place_lost(place, death);
}

static const struct worker_callbacks worker_callbacks = {
    .ready = worker_ready_cb,
    .finished = worker_finished_cb,
    .room = worker_room_cb,
    .gone = worker_gone_cb,
};

static void
place_start(struct place *place)
{
    struct pool *pool = place->pool;
    struct death death = {.cause = DEATH_START, .pool = pool->config->name};
    int error = 0;

    place->worker =
        worker_new(&pool->worker_settings, place->index, &worker_callbacks, place, &error);
    if (place->worker != NULL) {
        pool->alive++;
        return;
    }
    death.start_errno = -error;
    place->failures++;
    log_error(pool->subject, "worker %u: no process: %s; next try in %lld ms", place->index,
              strerror(-error), (long long)restart_delay_us(place->failures) / 1000);
    place_lost(place, &death);
}

static void
place_restart_cb(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    place_start(context);
}

void
pool_stop(struct pool *pool)
{
    if (pool->stopping)
        return;
    pool->stopping = true;
    for (unsigned i = 0; i < pool->config->processes; i++) {
        struct place *place = &pool->places[i];

        event_del(place->restart);
        place_set_roomy(place, false);
        if (place->worker != NULL)
            worker_stop(place->worker, STOP_GRACE_US);
    }
    if (pool->alive == 0)
        pool->callbacks->stopped(pool->context, pool);
}

// ---- beginning and end
// ---------------------------------------------------------------------------

// The command line of a worker.
static char *const *
pool_argv(struct pool *pool, const struct pool_settings *settings)
{
    if (pool->config->kind == POOL_PROGRAM)
        return pool->config->argv;
    snprintf(pool->threads_text, sizeof(pool->threads_text), "%u", pool->config->threads);
    snprintf(pool->line_max_text, sizeof(pool->line_max_text), "%zu",
             pool->worker_settings.line_max);
    pool->builtin_argv[0] = (char *)settings->builtin_path;
    pool->builtin_argv[1] = (char *)"--threads";
    pool->builtin_argv[2] = pool->threads_text;
    pool->builtin_argv[3] = (char *)"--line-max";
    pool->builtin_argv[4] = pool->line_max_text;
    return pool->builtin_argv;
}

static void
pool_init(struct pool *pool, const struct pool_settings *settings)
{
    pool->config = settings->config;
    snprintf(pool->subject, sizeof(pool->subject), "pool %s", pool->config->name);
    messages_init(&pool->messages);
    queue_init(&pool->queue);
    TAILQ_INIT(&pool->running);
    TAILQ_INIT(&pool->roomy);
    pool->worker_settings = (struct worker_settings){
        .base = settings->base,
        .turn = settings->turn,
        .reaper = settings->reaper,
        .messages = &pool->messages,
        .pool = pool->config->name,
        .slots = pool->config->threads,
        // The daemon's own number may be longer than the id and the method it stands for.
        .line_max = settings->line_max + 1024,
        .depth_max = settings->depth_max,
        .open_files = settings->open_files,
    };
    pool->worker_settings.argv = pool_argv(pool, settings);
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
    pool_init(pool, settings);
    for (unsigned i = 0; i < count; i++) {
        struct place *place = &pool->places[i];

        place->pool = pool;
        place->index = i;
        place->restart = evtimer_new(settings->base, place_restart_cb, place);
        if (place->restart == NULL) {
            pool_free(pool);
            return NULL;
        }
        place_schedule(place);
    }
    return pool;
}

void
pool_free(struct pool *pool)
{
    if (pool == NULL)
        return;
    for (unsigned i = 0; i < pool->config->processes; i++)
        if (pool->places[i].restart != NULL)
            event_free(pool->places[i].restart);
    messages_done(&pool->messages);
    pool_clear_start_error(pool);
    free(pool);
}

// ---- what others may know
// ------------------------------------------------------------------------

bool
pool_has_room(const struct pool *pool)
{
    return !TAILQ_EMPTY(&pool->roomy) && pool->queue.count == 0;
}

struct job *
pool_any_queued(struct pool *pool)
{
    return TAILQ_FIRST(&pool->queue.jobs);
}

struct job *
pool_any_running(struct pool *pool)
{
    return TAILQ_FIRST(&pool->running);
}

void
pool_report(const struct pool *pool, struct pool_report *ret_report)
{
    *ret_report = (struct pool_report){
        .config = pool->config,
        .queued = pool->queue.count,
        .running = pool->running_count,
        .restarts = pool->restarts,
        .mean_run_us = pool->mean_run_us,
        .start_error = {.at = pool->start_error, .length = pool->start_error_length},
    };
}

const struct worker *
pool_worker(const struct pool *pool, unsigned place)
{
    return pool->places[place].worker;
}
