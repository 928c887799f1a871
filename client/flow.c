// See flow.h. Everything is driven by four events: the input has records, the connection had a
// turn, stdout drained, or something ended. Each of them ends in pump(), which takes what there is
// room for.
#include "client/flow.h"

#include "client/flow_state.h"
#include "client/report.h"
#include "common/errors.h"
#include "common/limits.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Beyond these marks nothing more is taken from the input.
#define UNSENT_MARK  ((size_t)256 << 10)
#define UNTAKEN_MARK ((size_t)1 << 20)
#define HELD_MARK    ((size_t)8 << 20)

// Exit statuses of parallel(1).
#define FAILURES_MAX  100
#define STATUS_BROKEN 255
#define SIGNAL_STATUS 256 // see report.h

void
flow_end(struct flow *flow, int broken)
{
    if (flow->over)
        return;
    flow->over = true;
    flow->broken = broken;
    loop_stop(flow->base);
}

void
flow_end_no_memory(struct flow *flow)
{
    if (!flow->over)
        flow_end(flow, report_no_memory());
}

static struct window_place *
enter(struct flow *flow, const struct job *job)
{
    struct window_place *place = window_take(flow->window);

    place->job = *job;
    flow->held += job_size(job);
    return place;
}

static void
begin(struct flow *flow, struct job *job)
{
    struct window_place *place = enter(flow, job);

    place->job.attempt = 1;
    if (flow->plan->dry_run)
        flow_settle(flow, place, false, (struct span){0});
    else
        flow_send(flow, place);
}

static void
take_record(struct flow *flow, const struct input_record *record)
{
    struct job job = {.seq = flow->counts.taken + 1, .number = record->record.number};
    char *problem = NULL;

    switch (flow->plan->prepare(flow->plan->context, record, &job, &problem)) {
    case FLOW_NO_JOB:
        return;
    case FLOW_SKIPPED:
        flow->counts.taken++;
        flow->counts.skipped++;
        return;
    case FLOW_JOB:
        flow->counts.taken++;
        begin(flow, &job);
        break;
    case FLOW_MISTAKE:
        flow->counts.taken++;
        flow_settle_mistake(flow, enter(flow, &job), flow->plan->mistake_code,
                            problem != NULL ? problem : "it cannot be read");
        break;
    case FLOW_REFUSED:
        job_done(&job);
        report_problem("%s", problem != NULL ? problem : "out of memory");
        flow_end(flow, EXIT_STATUS_USAGE);
        break;
    case FLOW_NO_MEMORY:
        job_done(&job);
        flow_end_no_memory(flow);
        break;
    }
    free(problem);
}

static bool
has_room(const struct flow *flow)
{
    if (flow->over || flow->course != FLOW_RUNNING || flow->input_ended || flow->input_asked ||
        window_is_full(flow->window) ||
        (flow->plan->open_max > 0 && window_open(flow->window) >= flow->plan->open_max) ||
        output_pending(flow->output) >= UNTAKEN_MARK)
        return false;
    if (flow->reach.offload != NULL && offload_unsent(flow->reach.offload) >= UNSENT_MARK)
        return false;
    return flow->held < HELD_MARK || window_is_empty(flow->window);
}

static void
input_broke(struct flow *flow)
{
    report_problem("cannot read the input: %s", strerror(input_error(flow->input)));
    if (flow->status == 0)
        flow->status = REPORT_STATUS_IO;
    flow->input_ended = true;
}

static void
take_too_long(struct flow *flow, uint64_t number)
{
    struct job job = {.seq = ++flow->counts.taken, .number = number};
    char reason[64];

    snprintf(reason, sizeof(reason), "the %s is longer than 4 MiB", flow->plan->subject);
    flow_settle_mistake(flow, enter(flow, &job), ERROR_INVALID_REQUEST, reason);
}

static void
take_one(struct flow *flow)
{
    struct input_record record;

    switch (input_next(flow->input, &record)) {
    case INPUT_RECORD:
        take_record(flow, &record);
        break;
    case INPUT_TOO_LONG:
        take_too_long(flow, record.record.number);
        break;
    case INPUT_WAIT:
        flow->input_asked = true;
        input_wait(flow->input);
        break;
    case INPUT_END:
        flow->input_ended = true;
        break;
    case INPUT_FAILED:
        input_broke(flow);
        break;
    }
}

// If what was printed is written, whoever keeps a log of it does so now. 0, or the exit status.
static int
log_written(struct flow *flow)
{
    int error;

    if (flow->plan->written == NULL || output_pending(flow->output) > 0 ||
        output_error(flow->output) != 0)
        return 0;
    error = flow->plan->written(flow->plan->context);
    if (error == 0)
        return 0;
    report_problem("cannot write the job log: %s", strerror(error));
    return REPORT_STATUS_IO;
}

// Takes what there is room for, sends and prints it. What the input has at the moment makes a
// batch: nothing waits for a batch to fill up.
static void
pump(struct flow *flow)
{
    int status;

    while (has_room(flow))
        take_one(flow);
    flow_send_batch(flow);
    if (output_pending(flow->output) > 0)
        progress_hide_for_output(flow->progress);
    output_push(flow->output);
    if ((status = log_written(flow)) != 0)
        flow_end(flow, status);
    else if ((flow->input_ended || flow->course != FLOW_RUNNING) && window_is_empty(flow->window))
        flow_end(flow, 0);
    flow_show_progress(flow);
}

static void
input_cb(void *context)
{
    struct flow *flow = context;

    flow->input_asked = false;
    pump(flow);
}

static void
turn_cb(void *context)
{
    pump(context);
}

static void
retry_cb(void *context)
{
    flow_retry_cb(context);
    pump(context);
}

static void
output_failed_cb(void *context)
{
    struct flow *flow = context;

    if (!flow->over)
        flow_end(flow, report_stdout(output_error(flow->output)));
}

// The first time what runs is cancelled, and the daemon's answers are awaited; the second time
// nothing is.
static void
interrupt_cb(void *context)
{
    struct flow *flow = context;

    progress_hide_for_errors(flow->progress); // the terminal writes ^C there
    if (flow->interrupted) {                  // a private daemon ends with us
        signal(SIGINT, SIG_DFL);
        raise(SIGINT);
    }
    flow->interrupted = true;
    flow_stop(flow, FLOW_CANCELLING);
    pump(flow);
}

static void
closed_cb(void *context, int error)
{
    struct flow *flow = context;

    if (flow->over)
        return;
    progress_hide_for_errors(flow->progress);
    report_problem("%s: %s; calls without an answer: %u", offload_address(flow->reach.offload),
                   offload_problem(flow->reach.offload), window_open(flow->window));
    flow_end(flow, error == -EPROTO || error == -EMSGSIZE ? REPORT_STATUS_PROTOCOL
                   : error == -ENOMEM                     ? REPORT_STATUS_MEMORY
                                                          : EXIT_STATUS_UNAVAILABLE);
}

static const struct offload_events events = {.turn = turn_cb, .closed = closed_cb};

static const struct output_handlers output_handlers = {
    .drained = turn_cb,
    .failed = output_failed_cb,
};

static bool
build(struct flow *flow)
{
    const struct flow_plan *plan = flow->plan;

    flow->window = window_new(plan->in_flight, plan->ordered, flow);
    flow->batch = calloc(plan->batch_max, sizeof(struct window_place *));
    flow->output = output_new(flow->base, &output_handlers, flow);
    flow->retry_timer = loop_timer_new(flow->base, retry_cb, flow);
    if (!flow_watch(flow))
        return false;
    flow->interrupt = loop_signal_new(flow->base, SIGINT, interrupt_cb, flow);
    flow->input = plan->words != NULL
                      ? input_new_words(plan->words, plan->word_count)
                      : input_new(flow->base, plan->fd, plan->kind, LIMIT_LINE_MAX, input_cb, flow);
    return flow->window != NULL && flow->batch != NULL && flow->output != NULL &&
           flow->retry_timer != NULL && flow->interrupt != NULL && flow->input != NULL;
}

static void
release(struct flow *flow)
{
    output_free(flow->output);
    input_free(flow->input);
    loop_alarm_free(flow->retry_timer);
    loop_alarm_free(flow->look_timer);
    loop_alarm_free(flow->progress_timer);
    progress_free(flow->progress);
    loop_alarm_free(flow->interrupt);
    reach_close(&flow->reach);
    window_free(flow->window);
    free(flow->batch);
    loop_free(flow->base);
}

static void
report_stop(const struct flow *flow)
{
    const struct flow_counts *counts = &flow->counts;

    if (flow->interrupted || flow->halted)
        report_problem("%s: %llu done, %llu failed, %llu cancelled",
                       flow->interrupted ? "interrupted" : "halted",
                       (unsigned long long)counts->succeeded, (unsigned long long)counts->failed,
                       (unsigned long long)(counts->cancelled + window_open(flow->window)));
}

// As parallel(1) documents it.
static int
failures_status(const struct flow *flow)
{
    if (flow->halted)
        return flow->status;
    return flow->counts.failed > FAILURES_MAX ? FAILURES_MAX + 1 : (int)flow->counts.failed;
}

static int
broken_status(const struct flow_plan *plan, int status)
{
    bool by_signal = status >= SIGNAL_STATUS;

    return plan->counts_failures && status != 0 && !by_signal ? STATUS_BROKEN : status;
}

// What was answered is printed even if the flow broke; only then is the daemon let go.
static int
finish(struct flow *flow)
{
    int status = flow->broken;

    flow->over = true;
    if (flow->window != NULL && flow->input != NULL) {
        struct meter_counts counts = flow_meter(flow);

        progress_end(flow->progress, &counts);
    }
    if (flow->output != NULL && status != REPORT_STATUS_PIPE) {
        int written = report_stdout(output_finish(flow->output));

        if (written == 0)
            written = log_written(flow);
        if (status == 0)
            status = written;
    }
    if (flow->window != NULL)
        report_stop(flow);
    if (status == 0 && flow->interrupted)
        status = REPORT_STATUS_INTERRUPT;
    else if (status == 0 && !flow->pardoned)
        status = flow->plan->counts_failures ? failures_status(flow) : flow->status;
    else
        status = broken_status(flow->plan, status);
    release(flow);
    return status;
}

int
flow_run(const struct options *options, const struct flow_plan *plan)
{
    struct flow flow = {.plan = plan, .base = loop_new()};
    int status = 0;

    if (flow.base == NULL)
        return report_no_memory();
    if (!plan->dry_run)
        status = reach_open(options, flow.base, &events, &flow, &flow.reach);
    if (status != 0) {
        loop_free(flow.base);
        return broken_status(plan, status);
    }
    if (build(&flow)) {
        pump(&flow);
        if (!flow.over)
            loop_run(flow.base);
    } else {
        flow.broken = report_no_memory();
    }
    return finish(&flow);
}
