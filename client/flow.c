// See flow.h. Everything is driven by four events: stdin has lines, the connection had a turn,
// stdout drained, or something ended. Each of them ends in pump(), which takes what there is room
// for.
#include "client/flow.h"

#include "client/batch.h"
#include "client/connection.h"
#include "client/input.h"
#include "client/loop.h"
#include "client/output.h"
#include "client/reach.h"
#include "client/report.h"
#include "client/window.h"
#include "common/errors.h"
#include "common/limits.h"

#include <stdio.h>
#include <stdlib.h>

// Beyond these marks nothing more is taken from the input.
#define UNSENT_MARK  ((size_t)256 << 10)
#define UNTAKEN_MARK ((size_t)1 << 20)

struct flow {
    const struct flow_plan *plan;
    struct reach reach;
    struct event_base *base;
    struct connection *connection;
    struct input *input;
    struct output *output;
    struct window *window;
    struct batch batch;
    unsigned unanswered; // lines sent: requests or batches
    unsigned refused;    // of them: answered with an error that has no id
    char *refusal;       // the last such error
    size_t refusal_length;
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
emit(struct flow *flow, const struct flow_result *result)
{
    char subject[48];

    if (result->failed) {
        snprintf(subject, sizeof(subject), "%s %llu", flow->plan->subject,
                 (unsigned long long)result->number);
        note_status(flow, report_error(subject, result->text));
    }
    flow->plan->print(flow->output, result);
}

static void
emit_held(struct flow *flow)
{
    struct window_place *place;

    while (!flow->over && (place = window_first_held(flow->window)) != NULL) {
        struct flow_result result = {
            place->id, place->number, place->failed, {place->text, place->length}};

        emit(flow, &result);
        window_release(flow->window, place);
    }
}

// A call is answered.
static void
settle(struct flow *flow, struct window_place *place, bool failed, struct span text)
{
    struct flow_result result = {place->id, place->number, failed, text};

    if (!flow->plan->ordered) {
        emit(flow, &result);
        window_release(flow->window, place);
        return;
    }
    if (!window_hold(flow->window, place, failed, text))
        end_no_memory(flow);
    emit_held(flow);
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

static void
send_batch(struct flow *flow)
{
    struct iovec piece;

    if (flow->batch.count == 0)
        return;
    piece.iov_base = batch_finish(&flow->batch, &piece.iov_len);
    flow->unanswered++;
    if (piece.iov_base == NULL || !connection_send(flow->connection, &piece, 1))
        end_no_memory(flow);
    free(piece.iov_base);
}

// What would make the batch longer than the daemon's limit goes into the next.
static void
add_to_batch(struct flow *flow, const struct iovec *pieces, int count, size_t length)
{
    if (flow->batch.written + length + 2 > LIMIT_LINE_MAX)
        send_batch(flow);
    if (!batch_add(&flow->batch, pieces, count))
        end_no_memory(flow);
    else if (flow->batch.count == flow->plan->batch_max)
        send_batch(flow);
}

static size_t
total_length(const struct iovec *pieces, int count)
{
    size_t total = 0;

    for (int i = 0; i < count; i++)
        total += pieces[i].iov_len;
    return total;
}

// A request beyond the daemon's limit would be answered without its id: it is refused here, where
// the line is known. The two bytes are a batch's brackets.
static void
send_call(struct flow *flow, struct window_place *place, const struct flow_request *request)
{
    struct iovec pieces[MESSAGE_IOV_MAX];
    char id[24];
    int count;
    size_t length;

    snprintf(id, sizeof(id), "%llu", (unsigned long long)place->id);
    count = message_request_iov(pieces, span_of(id), request->method, request->params);
    length = total_length(pieces, count);
    if (length + 2 > LIMIT_LINE_MAX) {
        settle_mistake(flow, place, ERROR_INVALID_REQUEST, "the request is longer than 4 MiB");
    } else if (flow->plan->batch_max > 1) {
        add_to_batch(flow, pieces, count, length);
    } else {
        flow->unanswered++;
        if (!connection_send(flow->connection, pieces, count))
            end_no_memory(flow);
    }
}

static void
begin(struct flow *flow, char *line, size_t length, uint64_t number)
{
    struct window_place *place = window_take(flow->window, number);
    struct flow_request request = {0};
    char *problem = NULL;

    if (flow->plan->prepare(flow->plan->context, line, length, &request, &problem))
        send_call(flow, place, &request);
    else if (problem != NULL)
        settle_mistake(flow, place, flow->plan->mistake_code, problem);
    else
        end_no_memory(flow);
    free(problem);
    free(request.owned[0]);
    free(request.owned[1]);
}

static bool
has_room(const struct flow *flow)
{
    return !flow->over && !flow->input_ended && !flow->input_asked &&
           !window_is_full(flow->window) && connection_pending(flow->connection) < UNSENT_MARK &&
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
        settle_mistake(flow, window_take(flow->window, number), ERROR_INVALID_REQUEST,
                       "the line is longer than 4 MiB");
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

static bool
keep_refusal(struct flow *flow, struct span error)
{
    char *copy = malloc(error.length + 1);

    if (copy == NULL)
        return false;
    memcpy(copy, error.at, error.length);
    free(flow->refusal);
    flow->refusal = copy;
    flow->refusal_length = error.length;
    return true;
}

// The daemon refused a whole line, and could not tell whose. Once nothing else is without an
// answer, it is clear.
static void
settle_refused(struct flow *flow)
{
    struct window_place *place;

    while (!flow->over && (place = window_any_sent(flow->window)) != NULL)
        settle(flow, place, true, (struct span){flow->refusal, flow->refusal_length});
    flow->unanswered = 0;
    flow->refused = 0;
}

static void
take_answer(struct flow *flow, const struct message *message)
{
    bool failed = message->kind == MESSAGE_ERROR;
    struct window_place *place = NULL;
    uint64_t id;

    if (connection_id(message->id, &id))
        place = window_find(flow->window, id);
    if (place != NULL) {
        settle(flow, place, failed, failed ? message->error : message->result);
    } else if (failed && span_is(message->id, "null")) {
        flow->refused++;
        if (!keep_refusal(flow, message->error))
            end_no_memory(flow);
    } else {
        report_problem("%s: the daemon answered what was not asked", flow->reach.address);
        end(flow, REPORT_STATUS_PROTOCOL);
    }
}

static void
response_cb(void *context, const struct messages *messages, struct span line)
{
    struct flow *flow = context;
    unsigned refused = flow->refused;

    (void)line;
    for (size_t i = 0; i < messages->count && !flow->over; i++)
        take_answer(flow, &messages->items[i]);
    if (flow->over)
        return;
    if (flow->refused == refused && flow->unanswered > 0)
        flow->unanswered--;
    if (flow->refused > 0 && flow->refused >= flow->unanswered)
        settle_refused(flow);
    if (!flow->over && flow->unanswered == 0 && window_sent(flow->window) > 0) {
        report_problem("%s: the daemon left calls without an answer", flow->reach.address);
        end(flow, REPORT_STATUS_PROTOCOL);
    }
}

static void
closed_cb(void *context, int status, const char *why)
{
    struct flow *flow = context;

    if (flow->over)
        return;
    report_problem("%s: %s; calls without an answer: %u", flow->reach.address,
                   status == 0 ? "the daemon closed the connection" : why,
                   window_sent(flow->window));
    end(flow, status == 0 ? EXIT_STATUS_UNAVAILABLE : status);
}

static const struct connection_handlers connection_handlers = {
    .response = response_cb,
    .turn = turn_cb,
    .closed = closed_cb,
};

static const struct output_handlers output_handlers = {
    .drained = turn_cb,
    .failed = output_failed_cb,
};

static bool
build(struct flow *flow)
{
    const struct flow_plan *plan = flow->plan;

    flow->base = loop_new();
    if (flow->base == NULL)
        return false;
    flow->window = window_new(plan->in_flight, plan->ordered);
    flow->output = output_new(flow->base, &output_handlers, flow);
    flow->input = plan->words != NULL ? input_new_words(plan->words, plan->word_count)
                                      : input_new(flow->base, LIMIT_LINE_MAX, input_cb, flow);
    if (flow->window == NULL || flow->output == NULL || flow->input == NULL)
        return false;
    flow->connection = connection_new(flow->base, flow->reach.fd, &connection_handlers, flow);
    if (flow->connection == NULL)
        return false;
    flow->reach.fd = -1; // the connection has it
    return true;
}

// What was answered is printed even if the flow broke; only then is the daemon let go.
static int
finish(struct flow *flow)
{
    int error = 0;

    flow->over = true;
    connection_free(flow->connection);
    if (flow->output != NULL && flow->broken != REPORT_STATUS_PIPE)
        error = output_finish(flow->output);
    batch_done(&flow->batch);
    output_free(flow->output);
    input_free(flow->input);
    window_free(flow->window);
    loop_free(flow->base);
    reach_close(&flow->reach);
    free(flow->refusal);
    if (flow->broken != 0)
        return flow->broken;
    return error != 0 ? report_stdout(error) : flow->status;
}

int
flow_run(const struct options *options, const struct flow_plan *plan)
{
    struct flow flow = {.plan = plan, .reach = {.fd = -1}};
    int status = reach_open(options, &flow.reach);

    if (status != 0)
        return status;
    if (build(&flow)) {
        pump(&flow);
        if (!flow.over)
            loop_run(flow.base, LOOP_NO_TIMEOUT);
    } else {
        flow.broken = report_no_memory();
    }
    return finish(&flow);
}
