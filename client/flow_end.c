// What has ended: answers, retries, halting and cancelling. Every job leaves the window through
// emit().
#include "client/flow_state.h"
#include "client/report.h"
#include "client/retry.h"
#include "common/clock.h"
#include "common/errors.h"
#include "common/message.h"

#include <stdio.h>
#include <stdlib.h>

static void
report_job(const struct flow *flow, const struct job *job)
{
    char subject[48];

    snprintf(subject, sizeof(subject), "%s %llu", flow->plan->subject,
             (unsigned long long)job->number);
    report_error(subject, job->outcome);
}

static void
count(struct flow *flow, const struct job *job)
{
    if (job->cancelled) {
        flow->counts.cancelled++;
    } else if (!job->failed) {
        flow->counts.succeeded++;
    } else {
        flow->counts.failed++;
        if (!job->quiet) {
            progress_hide_for_errors(flow->progress);
            report_job(flow, job);
        }
        if (flow->status == 0)
            flow->status = job->exit;
    }
}

static void
check_halt(struct flow *flow)
{
    const struct halt *halt = &flow->plan->halt;
    struct halt_tally tally = {
        .succeeded = flow->counts.succeeded,
        .failed = flow->counts.failed,
        .total = flow->input_ended ? flow->counts.taken - flow->counts.skipped
                                   : input_total(flow->input),
    };
    enum halt_when when = halt_check(halt, &tally);

    if (when == HALT_NEVER || flow->course != FLOW_RUNNING)
        return;
    if (halt->why == HALT_SUCCESS)
        flow->pardoned = true;
    flow->halted = true;
    flow_stop(flow, when == HALT_NOW ? FLOW_CANCELLING : FLOW_STOPPING);
}

// Prints the job and lets it go.
static void
emit(struct flow *flow, struct window_place *place)
{
    struct job *job = &place->job;

    if (flow->plan->speaks != NULL && flow->plan->speaks(flow->plan->context, job))
        progress_hide_for_errors(flow->progress);
    count(flow, job);
    if (!flow->plan->finished(flow->plan->context, flow->output, job))
        flow_end_no_memory(flow);
    flow->held -= job_size(job);
    window_release(flow->window, place);
    if (!flow->over)
        check_halt(flow);
}

// Keeps the outcome until the jobs before it have ended.
static void
hold(struct flow *flow, struct window_place *place)
{
    struct job *job = &place->job;

    if (!job_text_set(&job->own_outcome, job->outcome)) {
        flow_end_no_memory(flow);
        return;
    }
    job->outcome = job_span(job->own_outcome);
    flow->held += job->own_outcome.length;
    window_hold(flow->window, place);
    while (!flow->over && (place = window_first_held(flow->window)) != NULL)
        emit(flow, place);
}

void
flow_settle(struct flow *flow, struct window_place *place, bool failed, struct span outcome)
{
    struct job *job = &place->job;

    job->failed = failed;
    job->outcome = outcome;
    if (flow->plan->ordered)
        hold(flow, place);
    else
        emit(flow, place);
}

void
flow_settle_mistake(struct flow *flow, struct window_place *place, int code, const char *reason)
{
    size_t quoted_length;
    char *quoted = message_quote(span_of(reason), &quoted_length);
    char *error = NULL;
    size_t length = 0;

    if (quoted != NULL)
        error = error_object_format(code, &length, "{\"reason\":%s}", quoted);
    place->job.exit = error_exit_status(code);
    if (error != NULL)
        flow_settle(flow, place, true, (struct span){error, length});
    else
        flow_end_no_memory(flow);
    free(error);
    free(quoted);
}

// ---- again ------------------------------------------------------------------------------------

// Sends the job again, or notes when. False if it has failed for good.
static bool
try_again(struct flow *flow, struct window_place *place, int code)
{
    struct job *job = &place->job;
    int64_t now_us = clock_us();
    int64_t delay_us = retry_delay_us(job, code, flow->plan->retries, now_us);

    if (delay_us < 0 || flow->course != FLOW_RUNNING)
        return false;
    if (code != ERROR_BUSY) {
        if (flow->plan->again != NULL)
            flow->plan->again(flow->plan->context, job);
        job->attempt++;
        job->busy_us = 0;
    } else if (job->busy_us == 0) {
        job->busy_us = now_us;
    }
    if (delay_us == 0) {
        flow_send(flow, place);
        return true;
    }
    job->due_us = now_us + delay_us;
    if (flow->next_due_us == 0 || job->due_us < flow->next_due_us) {
        flow->next_due_us = job->due_us;
        loop_timer_set(flow->retry_timer, delay_us);
    }
    return true;
}

void
flow_retry_cb(void *context)
{
    struct flow *flow = context;
    int64_t now_us = clock_us();
    struct window_place *place;

    flow->next_due_us = 0;
    for (unsigned i = 0; !flow->over && i < flow->plan->in_flight; i++) {
        place = window_at(flow->window, i);
        if (place == NULL || place->job.due_us == 0)
            continue;
        if (place->job.due_us <= now_us)
            flow_send(flow, place);
        else if (flow->next_due_us == 0 || place->job.due_us < flow->next_due_us)
            flow->next_due_us = place->job.due_us;
    }
    if (flow->next_due_us != 0)
        loop_timer_set(flow->retry_timer, flow->next_due_us - now_us);
    flow_send_batch(flow);
}

// What a lost connection leaves is told once, when it has closed.
void
flow_reply_cb(void *context, const struct offload_reply *reply)
{
    struct window_place *place = context;
    struct flow *flow = place->owner;
    struct job *job = &place->job;
    bool failed = reply->outcome == OFFLOAD_ERROR;

    if (flow->over || reply->outcome == OFFLOAD_LOST)
        return;
    job->id = reply->id;
    job->ended_us = clock_us();
    job->exit = failed ? error_exit_status(reply->code) : 0;
    job->outcome = (struct span){reply->json, reply->length};
    job->cancelled = failed && reply->code == ERROR_CANCELLED && flow->course == FLOW_CANCELLING;
    if (failed && flow->plan->judge != NULL)
        flow->plan->judge(flow->plan->context, job);
    if (!failed || job->cancelled || !try_again(flow, place, reply->code))
        flow_settle(flow, place, failed, job->outcome);
}

// ---- no more ---------------------------------------------------------------------------------

static void
give_up_waiting(struct flow *flow, struct window_place *place)
{
    place->job.cancelled = true;
    place->job.due_us = 0;
    flow_settle_mistake(flow, place, ERROR_CANCELLED, "it waited to be tried again");
}

// Jobs that only wait to be tried again end at once; the others when the daemon says so.
void
flow_stop(struct flow *flow, enum flow_course course)
{
    if (course <= flow->course)
        return;
    flow->course = course;
    flow_send_batch(flow);
    for (unsigned i = 0; !flow->over && i < flow->plan->in_flight; i++) {
        struct window_place *place = window_at(flow->window, i);

        if (place != NULL && place->job.due_us != 0)
            give_up_waiting(flow, place);
        else if (place != NULL && course == FLOW_CANCELLING)
            (void)!offload_cancel(flow->reach.offload, place->job.id); // if not, it runs to its end
    }
}
