// See flow.h. Everything is driven by four events: stdin has lines, the connection had a turn,
// stdout drained, or something ended. Each of them ends in pump(), which takes what there is room
// for.
#include "client/flow.h"

#include "client/input.h"
#include "client/loop.h"
#include "client/output.h"
#include "client/reach.h"
#include "client/report.h"
#include "client/window.h"
#include "common/errors.h"
#include "common/limits.h"
#include "common/message.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

// Beyond these marks nothing more is taken from the input.
#define UNSENT_MARK  ((size_t)256 << 10)
#define UNTAKEN_MARK ((size_t)1 << 20)

#define ENVELOPE_SIZE 80 // what a request has around its method and params, or more

struct flow {
    const struct flow_plan *plan;
    struct reach reach;
    struct event_base *base;
    struct input *input;
    struct output *output;
    struct window *window;
    struct window_place **batch; // not sent yet
    unsigned batch_count;
    size_t batch_bytes;
    bool input_asked; // its callback will come
    bool input_ended;
    bool over;  // the loop is to end
    int status; // of the first failed call
    int broken; // the flow itself failed: takes precedence
};

static void
end(struct flow *flow, int broken)
{
    if (flow->over)
        return;
    flow->over = true;
    flow->broken = broken;
    loop_stop(flow->base);
}

static void
end_no_memory(struct flow *flow)
{
    if (!flow->over)
        end(flow, report_no_memory());
}

static void
note_status(struct flow *flow, int status)
{
    if (flow->status == 0)
        flow->status = status;
}

static void
emit(struct flow *flow, struct window_place *place)
{
    const struct job *job = &place->job;
    char subject[48];

    if (job->failed) {
        snprintf(subject, sizeof(subject), "%s %llu", flow->plan->subject,
                 (unsigned long long)job->number);
        note_status(flow, report_error(subject, job_span(job->outcome)));
    }
    flow->plan->print(flow->output, job);
    window_release(flow->window, place);
}

static void
emit_held(struct flow *flow)
{
    struct window_place *place;

    while (!flow->over && (place = window_first_held(flow->window)) != NULL)
        emit(flow, place);
}

// A job has ended.
static void
settle(struct flow *flow, struct window_place *place, bool failed, struct span text)
{
    place->job.failed = failed;
    if (!job_text_set(&place->job.outcome, text)) {
        end_no_memory(flow);
    } else if (!flow->plan->ordered) {
        emit(flow, place);
    } else {
        window_hold(flow->window, place);
        emit_held(flow);
    }
}

// An error of our own making, in the shape of the daemon's.
static void
settle_mistake(struct flow *flow, struct window_place *place, int code, const char *reason)
{
    size_t quoted_length;
    char *quoted = message_quote(span_of(reason), &quoted_length);
    char *error = NULL;
    int length = -1;

    if (quoted != NULL)
        length = asprintf(&error, "{\"code\":%d,\"message\":\"%s\",\"data\":{\"reason\":%s}}", code,
                          error_info(code)->text, quoted);
    if (length >= 0)
        settle(flow, place, true, (struct span){error, (size_t)length});
    else
        end_no_memory(flow);
    if (length >= 0)
        free(error);
    free(quoted);
}

// What a lost connection leaves is told once, when it has closed.
static void
reply_cb(void *context, const struct offload_reply *reply)
{
    struct window_place *place = context;
    struct flow *flow = place->owner;

    if (flow->over || reply->outcome == OFFLOAD_LOST)
        return;
    place->job.id = reply->id;
    settle(flow, place, reply->outcome == OFFLOAD_ERROR, (struct span){reply->json, reply->length});
}

static struct offload_call
call_of(struct window_place *place)
{
    return (struct offload_call){
        .method = place->job.method.at,
        .method_length = place->job.method.length,
        .params = place->job.params.at,
        .params_length = place->job.params.length,
        .reply = reply_cb,
        .context = place,
    };
}

static void
check_sent(struct flow *flow, int error)
{
    // A connection that has ended says so itself, once.
    if (error != 0 && error != -ENOTCONN && !flow->over)
        end(flow, reach_report(&flow->reach, error));
}

static void
send_batch(struct flow *flow)
{
    struct offload_call *calls;

    if (flow->batch_count == 0)
        return;
    calls = calloc(flow->batch_count, sizeof(*calls));
    if (calls == NULL) {
        end_no_memory(flow);
        return;
    }
    for (unsigned i = 0; i < flow->batch_count; i++)
        calls[i] = call_of(flow->batch[i]);
    check_sent(flow, offload_gather(flow->reach.offload, calls, flow->batch_count, NULL));
    free(calls);
    flow->batch_count = 0;
    flow->batch_bytes = 0;
}

// What would make the batch longer than the daemon's limit goes into the next.
static void
add_to_batch(struct flow *flow, struct window_place *place, size_t length)
{
    if (flow->batch_bytes + length > LIMIT_LINE_MAX)
        send_batch(flow);
    flow->batch[flow->batch_count++] = place;
    flow->batch_bytes += length;
    if (flow->batch_count == flow->plan->batch_max)
        send_batch(flow);
}

// A request beyond the daemon's limit would be answered without its id: it is refused here, where
// the line is known.
static void
send_job(struct flow *flow, struct window_place *place)
{
    size_t length = place->job.method.length + place->job.params.length + ENVELOPE_SIZE;

    if (length > LIMIT_LINE_MAX) {
        settle_mistake(flow, place, ERROR_INVALID_REQUEST, "the request is longer than 4 MiB");
    } else if (flow->plan->batch_max > 1) {
        add_to_batch(flow, place, length);
    } else {
        struct offload_call call = call_of(place);

        check_sent(flow, offload_call(flow->reach.offload, &call, NULL));
    }
}

static void
begin(struct flow *flow, char *line, size_t length, uint64_t number)
{
    struct window_place *place = window_take(flow->window);
    char *problem = NULL;

    place->job.number = number;
    if (flow->plan->prepare(flow->plan->context, line, length, &place->job, &problem))
        send_job(flow, place);
    else if (problem != NULL)
        settle_mistake(flow, place, flow->plan->mistake_code, problem);
    else
        end_no_memory(flow);
    free(problem);
}

static bool
has_room(const struct flow *flow)
{
    return !flow->over && !flow->input_ended && !flow->input_asked &&
           !window_is_full(flow->window) && offload_unsent(flow->reach.offload) < UNSENT_MARK &&
           output_pending(flow->output) < UNTAKEN_MARK;
}

static void
input_broke(struct flow *flow)
{
    report_problem("cannot read stdin: %s", strerror(input_error(flow->input)));
    note_status(flow, REPORT_STATUS_IO);
    flow->input_ended = true;
}

static void
take_mistake(struct flow *flow, uint64_t number, const char *reason)
{
    struct window_place *place = window_take(flow->window);

    place->job.number = number;
    settle_mistake(flow, place, ERROR_INVALID_REQUEST, reason);
}

static void
take_one(struct flow *flow)
{
    uint64_t number;
    size_t length;
    char *line;

    switch (input_next(flow->input, &line, &length, &number)) {
    case INPUT_LINE:
        begin(flow, line, length, number);
        break;
    case INPUT_TOO_LONG:
        take_mistake(flow, number, "the line is longer than 4 MiB");
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

// Takes what there is room for, sends and prints it. What the input has at the moment makes a
// batch: nothing waits for a batch to fill up.
static void
pump(struct flow *flow)
{
    while (has_room(flow))
        take_one(flow);
    send_batch(flow);
    output_push(flow->output);
    if (flow->input_ended && window_is_empty(flow->window))
        end(flow, 0);
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
output_failed_cb(void *context)
{
    struct flow *flow = context;

    if (!flow->over)
        end(flow, report_stdout(output_error(flow->output)));
}

static void
closed_cb(void *context, int error)
{
    struct flow *flow = context;

    if (flow->over)
        return;
    report_problem("%s: %s; calls without an answer: %u", offload_address(flow->reach.offload),
                   offload_problem(flow->reach.offload), window_open(flow->window));
    end(flow, error == -EPROTO || error == -EMSGSIZE ? REPORT_STATUS_PROTOCOL
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
    flow->input = plan->words != NULL ? input_new_words(plan->words, plan->word_count)
                                      : input_new(flow->base, LIMIT_LINE_MAX, input_cb, flow);
    return flow->window != NULL && flow->batch != NULL && flow->output != NULL &&
           flow->input != NULL;
}

// What was answered is printed even if the flow broke; only then is the daemon let go.
static int
finish(struct flow *flow)
{
    int error = 0;

    flow->over = true;
    if (flow->output != NULL && flow->broken != REPORT_STATUS_PIPE)
        error = output_finish(flow->output);
    output_free(flow->output);
    input_free(flow->input);
    reach_close(&flow->reach);
    window_free(flow->window);
    free(flow->batch);
    loop_free(flow->base);
    if (flow->broken != 0)
        return flow->broken;
    return error != 0 ? report_stdout(error) : flow->status;
}

int
flow_run(const struct options *options, const struct flow_plan *plan)
{
    struct flow flow = {.plan = plan, .base = loop_new()};
    int status;

    if (flow.base == NULL)
        return report_no_memory();
    status = reach_open(options, flow.base, &events, &flow, &flow.reach);
    if (status != 0) {
        loop_free(flow.base);
        return status;
    }
    if (build(&flow)) {
        pump(&flow);
        if (!flow.over)
            loop_run(flow.base, LOOP_NO_TIMEOUT);
    } else {
        flow.broken = report_no_memory();
    }
    return finish(&flow);
}
