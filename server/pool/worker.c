// See worker.h.
#include "common/clock.h"
#include "common/decimal.h"
#include "common/log.h"
#include "common/message.h"
#include "pool/environment.h"
#include "pool/spawn.h"
#include "pool/worker_internal.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void
worker_set_state(struct worker *worker, enum worker_state state)
{
    // Several signs of an end may come.
    if (state <= worker->state)
        return;
    log_debug(worker->subject, "%s -> %s", worker_state_name(worker->state),
              worker_state_name(state));
    worker->state = state;
}

void
worker_arm(struct worker *worker, int64_t after_us)
{
    struct timeval after = {after_us / 1000000, after_us % 1000000};

    event_add(worker->grace, &after);
}

void
worker_become_ready(struct worker *worker)
{
    if (worker->state != WORKER_STARTING || worker->exited)
        return;
    event_del(worker->grace);
    worker->was_ready = true;
    worker_set_state(worker, WORKER_READY);
    worker->callbacks->ready(worker->context, worker);
}

static void
worker_start_known_cb(void *context, struct spawn_failure failure)
{
    struct worker *worker = context;

    if (failure.error != 0) {
        worker->death.cause = DEATH_START;
        worker->death.start = failure;
        worker_set_state(worker, WORKER_ENDING);
    } else if (!worker->settings->wait_ready) {
        worker_become_ready(worker);
    } else if (worker->state == WORKER_STARTING && worker->settings->start_timeout_us > 0) {
        worker_arm(worker, worker->settings->start_timeout_us);
    }
}

// A worker that was asked to cancel and has not answered in time is treated like one that would not
// have understood.
static void
worker_patience_cb(evutil_socket_t fd, short what, void *context)
{
    struct worker *worker = context;
    int64_t delay_us = worker->settings->kill_delay_us;
    int64_t abandoned_us;
    int64_t left_us;
    struct timeval left;

    (void)fd;
    (void)what;
    if (worker->state != WORKER_READY || !slots_oldest_abandoned(worker->slots, &abandoned_us))
        return;
    if (worker->condemned && slots_wanted_running(worker->slots) == 0) {
        worker_terminate(worker); // what waits in its pipe it should have given back by now
        return;
    }
    left_us = abandoned_us + delay_us - clock_us();
    if (left_us <= 0) {
        if (worker->can_cancel && !worker->condemned)
            worker->unwanted = "it was asked to cancel a job and did not within kill-delay";
        worker->condemned = true;
        worker_end_if_unwanted(worker);
        worker->callbacks->condemned(worker->context, worker);
        return;
    }
    left = (struct timeval){left_us / 1000000, left_us % 1000000};
    event_add(worker->patience, &left);
}

// Not for ever will it be waited for a job that nobody wants.
static void
worker_be_patient(struct worker *worker)
{
    int64_t delay_us = worker->settings->kill_delay_us;
    struct timeval patience = {delay_us / 1000000, delay_us % 1000000};

    if (!evtimer_pending(worker->patience, NULL))
        event_add(worker->patience, &patience);
}

// Takes over the descriptors. 0 or -ENOMEM; what was not taken is closed either way.
static int
worker_connect(struct worker *worker, struct spawned *spawned)
{
    const struct worker_settings *settings = worker->settings;
    int error;

    worker->input = worker_open_input(worker, spawned->stdin_fd);
    if (worker->input == NULL)
        close(spawned->stdin_fd);
    worker->output = worker_open_output(worker, spawned->stdout_fd);
    if (worker->output == NULL)
        close(spawned->stdout_fd);
    worker->chatter = chatter_new(settings->base, spawned->stderr_fd, worker->subject);
    if (worker->chatter == NULL)
        close(spawned->stderr_fd);
    worker->grace = evtimer_new(settings->base, worker_grace_cb, worker);
    worker->patience = evtimer_new(settings->base, worker_patience_cb, worker);
    error = start_watch(&worker->start, settings->base, spawned->status_fd, worker_start_known_cb,
                        worker);
    if (worker->input == NULL || worker->output == NULL || worker->chatter == NULL ||
        worker->grace == NULL || worker->patience == NULL)
        error = -ENOMEM;
    return error;
}

static int
worker_spawn(struct worker *worker, struct spawned *ret_spawned)
{
    const struct worker_settings *settings = worker->settings;
    char **environment =
        environment_new(settings->pool, worker->index, settings->environment, true);
    struct spawn_request request = {
        .argv = settings->argv, .envp = environment, .attributes = settings->attributes};
    int error = -ENOMEM;

    if (environment != NULL) {
        worker->cgroup = cgroups_take(settings->cgroups, settings->pool, worker->index,
                                      &settings->cgroup_limits);
        request.cgroup = worker->cgroup;
        error = spawn(&request, ret_spawned);
    }
    environment_free(environment);
    return error;
}

struct worker *
worker_new(const struct worker_settings *settings, unsigned index,
           const struct worker_callbacks *callbacks, void *context, int *ret_error)
{
    struct worker *worker = calloc(1, sizeof(*worker));
    struct spawned spawned;
    int error = -ENOMEM;

    if (worker == NULL)
        goto fail;
    worker->settings = settings;
    worker->callbacks = callbacks;
    worker->context = context;
    worker->index = index;
    worker->started_us = clock_us();
    worker->unwanted = "nobody wants its work";
    worker->start.fd = -1;
    worker->slots = slots_new(settings->slots, settings->ahead);
    if (worker->slots == NULL)
        goto fail;
    error = worker_spawn(worker, &spawned);
    if (error != 0)
        goto fail;
    worker->pid = spawned.pid;
    snprintf(worker->subject, sizeof(worker->subject), "worker %s/%u pid %d", settings->pool, index,
             (int)spawned.pid);
    worker->death.pool = settings->pool;
    worker->death.pid = spawned.pid;
    worker->death.program = settings->argv[0];
    worker->death.directory = settings->attributes->directory;
    error = worker_connect(worker, &spawned);
    if (error != 0) {
        kill(-spawned.pid, SIGKILL); // the reaper collects it, watched by nobody
        goto fail;
    }
    worker->watch =
        (struct reap_watch){.pid = spawned.pid, .ended = worker_ended_cb, .context = worker};
    reaper_watch(settings->reaper, &worker->watch);
    LIST_INSERT_HEAD(settings->all, worker, siblings);
    return worker;
fail:
    if (worker != NULL)
        worker_bury(worker);
    *ret_error = error;
    return NULL;
}

// ---- jobs -----------------------------------------------------------------------------------

void
worker_begin(struct worker *worker, struct job *job)
{
    job->attempts++;
    worker->callbacks->started(worker->context, job);
}

void
worker_start_next(struct worker *worker)
{
    struct job *job;

    while (slots_start(worker->slots, clock_us(), &job)) {
        if (job != NULL)
            worker_begin(worker, job);
        else
            worker_be_patient(worker);
    }
}

int
worker_run(struct worker *worker, struct job *job, int64_t cost_us)
{
    uint64_t number = slots_next_number(worker->slots);
    struct iovec iov[MESSAGE_IOV_MAX + 1];
    char digits[DECIMAL_MAX];
    int count = message_request_iov(iov, decimal(number, digits), job->method, job->params);
    int error;

    iov[count++] = (struct iovec){.iov_base = (char *)"\n", .iov_len = 1};
    error = stream_write(worker->input, iov, count);
    if (error != 0)
        return error;
    job->place = worker;
    slots_put(worker->slots, number, job, cost_us);
    worker_start_next(worker);
    return 0;
}

// Asks the worker to stop that job. False if it would not understand.
static bool
worker_ask_to_cancel(struct worker *worker, uint64_t number)
{
    struct iovec iov[MESSAGE_IOV_MAX + 1];
    struct span nobody = {0};
    char params[48];
    int count;

    if (!worker->can_cancel || worker->state != WORKER_READY)
        return false;
    snprintf(params, sizeof(params), "{\"id\":%llu}", (unsigned long long)number);
    count = message_request_iov(iov, nobody, SPAN("$/cancelRequest"), span_of(params));
    iov[count++] = (struct iovec){.iov_base = (char *)"\n", .iov_len = 1};
    if (stream_write(worker->input, iov, count) != 0)
        return false;
    worker_be_patient(worker);
    return true;
}

bool
worker_abandon(struct worker *worker, struct job *job, bool condemn)
{
    uint64_t number = slots_abandon(worker->slots, job, clock_us());

    worker->unwanted = condemn ? "the time of its job was over" : "its job was cancelled";
    if (!condemn && worker_ask_to_cancel(worker, number))
        return false;
    worker->condemned |= condemn || worker->can_cancel; // if asking has failed
    if (worker->condemned)
        worker_be_patient(worker);
    return worker_end_if_unwanted(worker) || worker->condemned;
}

void
worker_retire(struct worker *worker)
{
    if (worker->retired || worker->state >= WORKER_STOPPING)
        return;
    worker->condemned = true;
    worker->retired = true;
    worker_end_if_unwanted(worker);
}

void
worker_stop(struct worker *worker, int64_t grace_us)
{
    if (worker->state >= WORKER_STOPPING) {
        if (!worker->exited)
            worker_arm(worker, grace_us);
        return;
    }
    worker_set_state(worker, WORKER_STOPPING);
    stream_free(worker->input);
    worker->input = NULL;
    worker_arm(worker, grace_us);
}

// ---- what others may know -------------------------------------------------------------------

void
worker_list_stop(struct worker_list *list, int64_t grace_us)
{
    struct worker *worker;

    LIST_FOREACH (worker, list, siblings)
        worker_stop(worker, grace_us);
}

bool
worker_has_room(const struct worker *worker)
{
    return worker->state == WORKER_READY && !worker->condemned && !slots_full(worker->slots);
}

// One job of up to this length may wait behind another such one: a worker then never waits for us.
#define SHORT_US 2000
// As many as would be done within this time may wait, however many they are.
#define AHEAD_US 1000
// Nor may they fill more than the pipe, beyond which they would be in memory twice.
#define AHEAD_BYTES 65536

bool
worker_can_prefetch(const struct worker *worker, int64_t cost_us)
{
    const struct slots *slots = worker->slots;
    int64_t before_us = slots_cost_us(slots) / worker->settings->slots;

    if (worker->state != WORKER_READY || worker->condemned || !worker->gives_back ||
        worker->held_up || slots_ahead_full(slots) || slots_abandoned_running(slots) > 0 ||
        stream_output(worker->input) >= AHEAD_BYTES)
        return false;
    if (slots_waiting(slots) == 0)
        return before_us <= SHORT_US && cost_us <= SHORT_US;
    return before_us + cost_us <= AHEAD_US;
}

bool
worker_is_brisk(const struct worker *worker, int64_t now_us)
{
    const struct job *longest = slots_longest(worker->slots);

    return longest != NULL && now_us - longest->started_us < AHEAD_US;
}

unsigned
worker_waiting(const struct worker *worker)
{
    return slots_waiting(worker->slots);
}

void
worker_describe(struct worker *worker, struct death *ret_death)
{
    *ret_death = worker->death;
    ret_death->jobs_done = worker->jobs_done;
    ret_death->stderr_tail = chatter_tail(worker->chatter);
    ret_death->usage_known = usage_of(worker->pid, &ret_death->usage);
    ret_death->peak_bytes = worker->cgroup != NULL ? cgroup_memory_peak(worker->cgroup) : 0;
}

// What is reaped has no number any more: another process may have it by now.
void
worker_look_at_usage(struct worker *worker)
{
    size_t memory = worker->cgroup != NULL ? cgroup_memory(worker->cgroup) : 0;

    worker->usage_known = !worker->exited && usage_look(worker->pid, &worker->usage);
    if (memory != 0)
        worker->usage.memory = memory;
}

void
worker_report(const struct worker *worker, struct worker_report *ret_report)
{
    *ret_report = (struct worker_report){
        .index = worker->index,
        .pid = worker->pid,
        .state = worker->state,
        .running = slots_busy(worker->slots) - slots_waiting(worker->slots),
        .waiting = slots_waiting(worker->slots),
        .jobs_done = worker->jobs_done,
        .was_ready = worker->was_ready,
        .started_us = worker->started_us,
        .longest = slots_longest(worker->slots),
        .usage_known = worker->usage_known,
        .usage = worker->usage,
    };
}

const char *
worker_state_name(enum worker_state state)
{
    static const char *const names[] = {
        [WORKER_STARTING] = "starting",
        [WORKER_READY] = "ready",
        [WORKER_STOPPING] = "stopping",
        [WORKER_ENDING] = "ending",
    };

    return names[state];
}
