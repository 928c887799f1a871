// See sleeper.h.
#include "dispatcher/sleeper.h"

#include "common/arguments.h"
#include "common/clock.h"
#include "common/errors.h"
#include "dispatcher/deadlines.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdio.h>
#include <stdlib.h>

struct nap {
    struct event timer;
    struct sleeper *sleeper;
    struct job *job;
    struct span delay; // as the request wrote it, inside the job's params
    int64_t due_us;    // monotonic
};

struct sleeper {
    struct event_base *base;
    const struct sleeper_callbacks *callbacks;
    void *context;
    struct job_list naps;
    size_t count;
};

static const struct argument delay_argument = {.name = "delay", .expected = SLEEPER_EXPECTED};

static void
sleeper_refuse(struct sleeper *sleeper, struct job *job, char *error, size_t length)
{
    struct outcome outcome = {.state = JOB_FAILED, .body = {.at = error, .length = length}};

    sleeper->callbacks->finished(sleeper->context, job, &outcome);
    free(error);
}

// Takes the job out of the list; the nap is gone.
static void
nap_end(struct nap *nap)
{
    struct sleeper *sleeper = nap->sleeper;

    event_del(&nap->timer);
    TAILQ_REMOVE(&sleeper->naps, nap->job, link);
    sleeper->count--;
    nap->job->place = NULL;
    free(nap);
}

// libevent's clock is a coarse one, and cached for a turn: the timer may fire some milliseconds
// early. A sleep is never shorter than asked for, so the rest is slept too.
static bool
nap_goes_on(struct nap *nap)
{
    int64_t left_us = nap->due_us - clock_us();
    struct timeval left = {left_us / 1000000, left_us % 1000000};

    return left_us > 0 && evtimer_add(&nap->timer, &left) == 0;
}

static void
nap_over_cb(evutil_socket_t fd, short what, void *context)
{
    struct nap *nap = context;
    struct sleeper *sleeper = nap->sleeper;
    struct job *job = nap->job;
    struct outcome outcome = {.state = JOB_SUCCEEDED};
    char text[512]; // a delay has at most 400 digits

    (void)fd;
    (void)what;
    if (nap_goes_on(nap))
        return;
    snprintf(text, sizeof(text), "\"Operation completed after %.*s seconds\"",
             (int)nap->delay.length, nap->delay.at);
    outcome.body = span_of(text);
    nap_end(nap);
    sleeper->callbacks->finished(sleeper->context, job, &outcome);
}

static bool
parse_delay(struct span params, struct span *ret_text, double *ret_seconds,
            struct argument_fault *ret_fault)
{
    enum json_kind kind;

    return argument_find(&delay_argument, params, ret_text, &kind, ret_fault) &&
           argument_number(&delay_argument, kind, *ret_text, SLEEPER_MAX_SECONDS, ret_seconds,
                           ret_fault);
}

static struct nap *
nap_new(struct sleeper *sleeper, struct job *job, struct span text, double seconds)
{
    struct nap *nap = calloc(1, sizeof(*nap));
    int64_t delay_us = (int64_t)(seconds * 1e6 + 0.999999);
    struct timeval after = {delay_us / 1000000, delay_us % 1000000};

    if (nap == NULL)
        return NULL;
    nap->due_us = clock_us() + delay_us;
    nap->sleeper = sleeper;
    nap->job = job;
    nap->delay = text;
    evtimer_assign(&nap->timer, sleeper->base, nap_over_cb, nap);
    if (evtimer_add(&nap->timer, &after) != 0) {
        free(nap);
        return NULL;
    }
    return nap;
}

void
sleeper_submit(struct sleeper *sleeper, struct job *job)
{
    struct argument_fault fault;
    struct span text;
    double seconds;
    size_t length = 0;
    char *error;

    if (!parse_delay(job->params, &text, &seconds, &fault)) {
        error = argument_error(&delay_argument, &fault, &length);
        sleeper_refuse(sleeper, job, error, length);
        return;
    }
    job->place = nap_new(sleeper, job, text, seconds);
    if (job->place == NULL) {
        error = error_object(ERROR_BUSY, SPAN("{\"reason\":\"out of memory\",\"retry_after\":1}"),
                             &length);
        sleeper_refuse(sleeper, job, error, length);
        return;
    }
    job_set_state(job, JOB_RUNNING);
    job->attempts++;
    deadlines_restart(job);
    TAILQ_INSERT_TAIL(&sleeper->naps, job, link);
    sleeper->count++;
}

void
sleeper_cancel(struct sleeper *sleeper, struct job *job)
{
    (void)sleeper;
    nap_end(job->place);
}

struct job *
sleeper_any(struct sleeper *sleeper)
{
    return TAILQ_FIRST(&sleeper->naps);
}

size_t
sleeper_running(const struct sleeper *sleeper)
{
    return sleeper->count;
}

struct sleeper *
sleeper_new(struct event_base *base, const struct sleeper_callbacks *callbacks, void *context)
{
    struct sleeper *sleeper = calloc(1, sizeof(*sleeper));

    if (sleeper == NULL)
        return NULL;
    sleeper->base = base;
    sleeper->callbacks = callbacks;
    sleeper->context = context;
    TAILQ_INIT(&sleeper->naps);
    return sleeper;
}

void
sleeper_free(struct sleeper *sleeper)
{
    free(sleeper);
}
