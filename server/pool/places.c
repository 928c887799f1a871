// The places of a pool: each has a worker, or a timer that starts the next one. Places whose worker
// has room stand in a list: the head gets the next job; those whose worker has none in another. A
// worker of one slot goes back to the head (its caches are warm), one of several to the tail (so
// that the load spreads). See pool_internal.h.
#include "common/clock.h"
#include "common/log.h"
#include "pool/pool_internal.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#define RESTART_DELAY_US     100000 // after the first death without use, doubling
#define RESTART_DELAY_MAX_US 5000000
#define FAILED_STARTS_MAX    3       // in a row, until jobs are answered with the reason
#define HEALTHY_AGE_US       1000000 // a worker that lived so long did not fail to start

void
place_set_room(struct place *place, enum place_room room)
{
    struct pool *pool = place->pool;

    if (place->room == PLACE_ROOMY)
        TAILQ_REMOVE(&pool->roomy, place, link);
    else if (place->room == PLACE_BUSY)
        TAILQ_REMOVE(&pool->busy, place, link);
    pool->busy_count += (room == PLACE_BUSY) - (place->room == PLACE_BUSY);
    place->room = room;
    if (room == PLACE_BUSY)
        TAILQ_INSERT_TAIL(&pool->busy, place, link);
    else if (room == PLACE_ROOMY && pool->worker_settings.slots == 1)
        TAILQ_INSERT_HEAD(&pool->roomy, place, link);
    else if (room == PLACE_ROOMY)
        TAILQ_INSERT_TAIL(&pool->roomy, place, link);
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

void
place_schedule(struct place *place)
{
    int64_t delay_us = restart_delay_us(place->failures);
    struct timeval delay = {delay_us / 1000000, delay_us % 1000000};

    if (place->pool->winding_down && place->pool->queue.count == 0)
        place->dormant = true; // it is woken if a job comes back
    else
        event_add(place->restart, &delay);
}

// The first worker of this place is up, or it is known that it does not come up.
static void
place_settle(struct place *place)
{
    struct pool *pool = place->pool;

    if (place->settled || place->index >= pool_first_workers(pool))
        return;
    place->settled = true;
    if (++pool->settled == pool_first_workers(pool) && pool->callbacks->settled != NULL)
        pool->callbacks->settled(pool->context, pool);
}

// The worker ends because we want it to: its place need not wait for that. If too many are on their
// way out already, the place waits after all.
void
place_let_go(struct place *place)
{
    struct pool *pool = place->pool;

    place_set_room(place, PLACE_AWAY);
    if (pool->stopping || pool->leaving >= pool->config->processes)
        return;
    pool->leaving++;
    pool->restarts++;
    place->failures = 0;
    place->worker = place->successor; // if one is on its way it comes just in time
    place->successor = NULL;
    if (place->worker == NULL)
        place_schedule(place);
}

// No worker can be started: those who wait are told why rather than left waiting. In a pool that is
// paused they wait anyway, and the reason may be gone when it goes on: else they are told then, for
// the next worker will not start either.
static void
pool_give_up_for_now(struct pool *pool, const struct death *death)
{
    struct job *job;

    pool_clear_start_error(pool);
    pool->start_error = certificate_error(death, &pool->start_error_length);
    if (pool->start_error == NULL || pool->paused)
        return;
    while ((job = queue_take(&pool->queue, clock_us())) != NULL)
        pool_refuse(pool, job, pool->start_error, pool->start_error_length);
}

// What a place does when its worker is gone or could not be made.
static void
place_lost(struct place *place, const struct death *death)
{
    struct pool *pool = place->pool;

    place->worker = NULL;
    place_settle(place);
    if (place->successor != NULL) {
        place->worker = place->successor; // it comes just in time
        place->successor = NULL;
        pool->restarts++;
        return;
    }
    if (pool->stopping || place->dormant)
        return;
    pool->restarts++;
    place_schedule(place);
    if (pool->alive == 0 &&
        (death->cause == DEATH_START || place->failed_starts >= FAILED_STARTS_MAX))
        pool_give_up_for_now(pool, death);
}

// The successor is ready: the old worker takes no new jobs and ends when it has none.
static void
place_swap(struct place *place)
{
    struct worker *old = place->worker;

    place_set_room(place, PLACE_AWAY);
    place->worker = place->successor;
    place->successor = NULL;
    place->failures = 0;
    place->pool->leaving++;
    place->pool->restarts++;
    worker_retire(old);
}

static void
worker_ready_cb(void *context, struct worker *worker)
{
    struct place *place = context;

    pool_clear_start_error(place->pool);
    if (worker == place->successor)
        place_swap(place);
    supervision_begin(place);
    place_set_room(place, PLACE_ROOMY);
    place_settle(place);
    pool_feed(place->pool);
    supervision_rest(place->pool);
}

static void
worker_started_cb(void *context, struct job *job)
{
    struct place *place = context;

    pool_started(place->pool, job);
}

static void
worker_returned_cb(void *context, struct job *job)
{
    struct place *place = context;

    pool_returned(place->pool, job);
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

    if (place->worker != worker)
        return;
    if (place->room != PLACE_ROOMY && worker_has_room(worker))
        place_set_room(place, PLACE_ROOMY);
    place->pool->next_ahead = place->index; // the others are full, as far as we know
    place->pool->ahead_full = false;
    supervision_answered(place);
    pool_feed(place->pool);
    supervision_rest(place->pool);
}

static void
place_count_failure(struct place *place, const struct worker_report *report)
{
    // A start that failed late is a failed start all the same.
    if (report->jobs_done > 0 ||
        (report->was_ready && clock_us() - report->started_us >= HEALTHY_AGE_US))
        place->failures = 0;
    else
        place->failures++;
    place->failed_starts = report->was_ready ? 0 : place->failed_starts + 1;
}

// How a worker of this place ended, for the restart and for the log.
static void
place_judge(struct place *place, const struct worker_report *report, const struct death *death)
{
    struct pool *pool = place->pool;
    char summary[DEATH_SUMMARY_MAX];

    if (death->cause != DEATH_KILLED) // that says nothing of the program
        place_count_failure(place, report);
    certificate_summary(death, summary, sizeof(summary));
    log_warning(pool->subject, "worker %u pid %d %s; next one in %lld ms", place->index,
                (int)report->pid, summary, (long long)restart_delay_us(place->failures) / 1000);
}

static void
worker_gone_cb(void *context, struct worker *worker, const struct death *death)
{
    struct place *place = context;
    struct pool *pool = place->pool;
    struct worker_report report;

    worker_report(worker, &report);
    pool->alive--;
    if (!pool->stopping && !death->deliberate)
        place_judge(place, &report, death);
    if (place->successor == worker) {
        place->successor = NULL; // it did not come up; the old one goes on, another is tried later
        place->next_swap_us = clock_us() + restart_delay_us(place->failures);
    } else if (place->worker != worker) {
        pool->leaving--; // it has no place any more
    } else {
        place_set_room(place, PLACE_AWAY);
        place_lost(place, death);
    }
    supervision_rest(pool);
    pool_end_if_done(pool);
}

bool
pool_kill_worker(struct pool *pool, unsigned place, pid_t pid)
{
    return place < pool->config->processes && pool->places[place].worker != NULL &&
           worker_kill_wanted(pool->places[place].worker, pid);
}

static void
worker_progress_cb(void *context, struct job *job, struct span value)
{
    struct place *place = context;

    place->pool->callbacks->progress(place->pool->context, job, value);
}

static void
worker_condemned_cb(void *context, struct worker *worker)
{
    struct place *place = context;

    if (place->worker == worker)
        place_let_go(place);
}

static const struct worker_callbacks worker_callbacks = {
    .ready = worker_ready_cb,
    .started = worker_started_cb,
    .returned = worker_returned_cb,
    .progress = worker_progress_cb,
    .condemned = worker_condemned_cb,
    .finished = worker_finished_cb,
    .room = worker_room_cb,
    .gone = worker_gone_cb,
};

// NULL with *ret_error filled if no process could be made.
static struct worker *
place_new_worker(struct place *place, int *ret_error)
{
    struct pool *pool = place->pool;
    struct worker *worker =
        worker_new(&pool->worker_settings, place->index, &worker_callbacks, place, ret_error);

    if (worker != NULL)
        pool->alive++;
    return worker;
}

static void
place_start(struct place *place)
{
    struct pool *pool = place->pool;
    struct death death = {.cause = DEATH_START, .pool = pool->config->name};
    int error = 0;

    place->worker = place_new_worker(place, &error);
    if (place->worker != NULL)
        return;
    death.start.error = -error;
    place->failures++;
    log_error(pool->subject, "worker %u: no process: %s; next try in %lld ms", place->index,
              strerror(-error), (long long)restart_delay_us(place->failures) / 1000);
    place_lost(place, &death);
}

bool
place_succeed(struct place *place)
{
    int error;

    if (clock_us() < place->next_swap_us)
        return false;
    place->successor = place_new_worker(place, &error);
    if (place->successor == NULL)
        place->next_swap_us = clock_us() + restart_delay_us(++place->failures);
    return place->successor != NULL;
}

void
place_wake(struct place *place)
{
    place->dormant = false;
    // The one that was retired for idleness may not be gone yet; place_lost sees to the next then.
    if (place->worker == NULL)
        place_schedule(place);
}

static void
place_restart_cb(evutil_socket_t fd, short what, void *context)
{
    struct place *place = context;

    (void)fd;
    (void)what;
    place_start(place);
    supervision_rest(place->pool);
}

bool
place_init(struct place *place, struct pool *pool, unsigned index, struct event_base *base)
{
    place->pool = pool;
    place->index = index;
    place->restart = evtimer_new(base, place_restart_cb, place);
    if (place->restart == NULL)
        return false;
    place->dormant = index >= pool->config->processes_min || pool->runner != NULL;
    if (!place->dormant)
        place_schedule(place);
    return true;
}

void
place_done(struct place *place)
{
    if (place->restart != NULL)
        event_free(place->restart);
}

void
place_rest(struct place *place)
{
    place->dormant = true;
    event_del(place->restart);
    place_set_room(place, PLACE_AWAY);
    if (place->successor != NULL)
        worker_retire(place->successor);
    if (place->worker != NULL)
        worker_retire(place->worker);
}

void
place_stop(struct place *place)
{
    event_del(place->restart);
    place_set_room(place, PLACE_AWAY);
}
