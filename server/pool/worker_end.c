// How a worker ends, by itself or because it must. See worker_internal.h and the drawing in
// worker.h.
#include "common/log.h"
#include "pool/worker_internal.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
worker_bury(void *context)
{
    struct worker *worker = context;

    start_done(&worker->start);
    if (worker->cgroup != NULL) // half-built; else the settings may be gone with the pool by now
        cgroups_return(worker->settings->cgroups, worker->cgroup);
    if (worker->grace != NULL)
        event_free(worker->grace);
    if (worker->patience != NULL)
        event_free(worker->patience);
    stream_free(worker->input);
    stream_free(worker->output);
    chatter_free(worker->chatter);
    slots_free(worker->slots);
    free(worker);
}

// The job died with its worker.
static void
worker_lose(struct worker *worker, struct job *job)
{
    struct outcome outcome = {.state = JOB_LOST};
    size_t length = 0;
    char *error;

    worker->death.attempts = job->attempts;
    error = certificate_error(&worker->death, &length);
    outcome.body = (struct span){.at = error, .length = length};
    worker->callbacks->finished(worker->context, job, &outcome);
    free(error);
}

// Everything is known: answer what it had in hand, and go.
static void
worker_settle(struct worker *worker)
{
    struct death *death = &worker->death;
    struct job *job;

    // Its pipes have nothing more to say, though somebody may still hold them.
    event_del(worker->grace);
    stream_free(worker->input);
    stream_free(worker->output);
    worker->input = worker->output = NULL;
    death->jobs_done = worker->jobs_done;
    death->stderr_tail = chatter_tail(worker->chatter);
    slots_return_waiting(worker->slots); // it had not begun with them
    worker_give_back(worker);
    while (slots_take_any(worker->slots, &job))
        if (job != NULL)
            worker_lose(worker, job);
    LIST_REMOVE(worker, siblings);
    // It comes before that of the pool, which may be gone with its last worker.
    turn_task_init(&worker->burial, worker_bury, worker);
    turn_later(worker->settings->turn, &worker->burial);
    worker->callbacks->gone(worker->context, worker, death);
}

void
worker_sign_of_end(struct worker *worker)
{
    worker_set_state(worker, WORKER_ENDING);
    if (worker->exited && worker->output_ended)
        worker_settle(worker);
    else if (worker->exited || !worker->death.deliberate) // else kill-delay runs
        worker_arm(worker, ENDING_GRACE_US);
}

void
worker_ended_cb(void *context, int status, const struct rusage *usage)
{
    struct worker *worker = context;

    worker->exited = true;
    start_look(&worker->start); // its news may not have been looked at yet
    ending_judge(&worker->death, status, usage, worker->cgroup);
    // What it has started goes with it, even if it has left the process group.
    cgroups_return(worker->settings->cgroups, worker->cgroup);
    worker->cgroup = NULL;
    worker_sign_of_end(worker);
}

static void
worker_signal_group(struct worker *worker, int signal)
{
    if (!worker->exited && worker->pid > 0)
        kill(-worker->pid, signal);
}

void
worker_kill(struct worker *worker)
{
    worker_set_state(worker, WORKER_ENDING);
    worker_signal_group(worker, SIGKILL);
}

bool
worker_kill_wanted(struct worker *worker, pid_t pid)
{
    if (worker->exited || worker->pid != pid)
        return false;
    log_notice(worker->subject, "killed: somebody has asked for it");
    if (worker->death.cause == DEATH_EXIT) // nothing else is known to be its end
        worker->death.cause = DEATH_KILLED;
    worker_kill(worker);
    return true;
}

void
worker_terminate(struct worker *worker)
{
    if (worker->state >= WORKER_ENDING || worker->exited)
        return;
    log_info(worker->subject, "ended: %s", worker->unwanted);
    worker->death.deliberate = true;
    worker_set_state(worker, WORKER_ENDING);
    if (worker->settings->kill_delay_us == 0) {
        worker_signal_group(worker, SIGKILL);
        return;
    }
    worker_signal_group(worker, SIGTERM);
    worker_arm(worker, worker->settings->kill_delay_us);
}

bool
worker_end_if_unwanted(struct worker *worker)
{
    bool idle = slots_busy(worker->slots) == 0;
    // What it was asked to cancel it may still answer: worker_patience_cb has an eye on that.
    bool asked = worker->can_cancel && !worker->condemned;

    if (slots_wanted(worker->slots) > 0 || asked || (idle && !worker->condemned))
        return false;
    if (idle && worker->retired) {
        worker->death.deliberate = true;
        worker_stop(worker, worker->settings->kill_delay_us);
    } else {
        worker_terminate(worker);
    }
    return true;
}

void
worker_breach(struct worker *worker, const char *reason, struct span text)
{
    struct death *death = &worker->death;
    char shown[WORKER_BREACH_MAX];

    if (worker->breached)
        return;
    worker->breached = true;
    if (text.length > sizeof(worker->breach_text))
        text.length = sizeof(worker->breach_text);
    if (text.length > 0)
        memcpy(worker->breach_text, text.at, text.length);
    death->cause = DEATH_PROTOCOL;
    snprintf(worker->breach_reason, sizeof(worker->breach_reason), "%s", reason);
    death->breach = worker->breach_reason;
    death->breach_text = (struct span){.at = worker->breach_text, .length = text.length};
    log_warning(worker->subject, "broke the protocol, killed: %s: %s", reason,
                log_escape(death->breach_text, shown, sizeof(shown)));
    worker_kill(worker);
}

void
worker_grace_cb(evutil_socket_t fd, short what, void *context)
{
    struct worker *worker = context;

    (void)fd;
    (void)what;
    if (worker->exited) {
        worker_settle(worker); // somebody else holds its stdout
        return;
    }
    if (worker->state == WORKER_STARTING)
        worker->death.cause = DEATH_UNREADY; // nothing else is waited for then
    else if (worker->expected_breach != NULL && !worker->death.deliberate &&
             worker->death.cause == DEATH_EXIT) // else it was killed, and takes its time to be gone
        worker_breach(worker, worker->expected_breach, (struct span){0});
    worker_kill(worker);
}
