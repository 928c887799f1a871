// What a worker says: answers on its stdout, and the ends of its pipes. See worker_internal.h.
#include "common/clock.h"
#include "common/message.h"
#include "common/scanner.h"
#include "pool/worker_internal.h"

#include <stdio.h>
#include <string.h>

static void
worker_answer(struct worker *worker, const struct message *message, struct span line)
{
    struct outcome outcome = {
        .state = message->kind == MESSAGE_RESULT ? JOB_SUCCEEDED : JOB_FAILED,
        .body = message->kind == MESSAGE_RESULT ? message->result : message->error,
    };
    struct job *job;

    if (!slots_take(worker->slots, message->id, &job)) {
        worker_breach(worker, "an answer to no request that it has", line);
        return;
    }
    worker->jobs_done++;
    worker->held_up = false;
    if (job != NULL && job->state == JOB_QUEUED)
        worker_begin(worker, job); // out of its turn
    if (job != NULL)
        worker->callbacks->finished(worker->context, job, &outcome);
    worker_start_next(worker);
    if (worker->state == WORKER_READY && !worker_end_if_unwanted(worker) && !worker->condemned)
        worker->callbacks->room(worker->context, worker);
}

// ---- notifications --------------------------------------------------------------------------

// The two members of a notification's params that matter here; absent where they are missing.
static void
find_members(struct span params, const char *first, struct span *ret_first, const char *second,
             struct span *ret_second)
{
    struct scanner scanner;
    enum json_kind kind;
    struct span value;
    struct span name;

    scanner_init(&scanner, params, SCANNER_DEPTH_LIMIT);
    if (!span_present(params) || !scanner_enter(&scanner, JSON_KIND_OBJECT))
        return;
    while (scanner_member(&scanner, &name) && scanner_value(&scanner, &kind, &value)) {
        if (scanner_name_is(name, first))
            *ret_first = value;
        else if (scanner_name_is(name, second))
            *ret_second = value;
    }
}

// Progress of a job that has its answer already, or of one that nobody wants, is no fault: the two
// may cross.
static void
worker_take_progress(struct worker *worker, struct span params)
{
    struct span token = {0};
    struct span value = {0};
    struct job *job;

    find_members(params, "token", &token, "value", &value);
    if (!span_present(value) || !slots_look(worker->slots, token, &job) || job == NULL)
        return;
    job->heard_us = clock_us();
    worker->callbacks->progress(worker->context, job, value);
}

static void
worker_take_ready(struct worker *worker, struct span params)
{
    struct span cancel = {0};
    struct span prefetch = {0};

    if (worker->ready_said)
        return;
    worker->ready_said = true;
    find_members(params, "cancel", &cancel, "prefetch", &prefetch);
    worker->can_cancel = span_is(cancel, "true");
    worker->gives_back = span_is(prefetch, "true");
    if (worker->settings->wait_ready)
        worker_become_ready(worker);
}

// Looks at each of the ids. NULL, or what is wrong with them.
static const char *
check_ids(const struct worker *worker, struct span ids)
{
    struct scanner scanner;
    enum json_kind kind;
    struct job *job;
    struct span id;

    scanner_init(&scanner, ids, SCANNER_DEPTH_LIMIT);
    if (!span_present(ids) || !scanner_enter(&scanner, JSON_KIND_ARRAY))
        return "a worker.return without an array \"ids\"";
    while (scanner_element(&scanner))
        if (!scanner_value(&scanner, &kind, &id) || !slots_look(worker->slots, id, &job))
            return "it returned a job that it does not have";
    return NULL;
}

// Puts aside the jobs with these ids, which were checked.
static void
return_ids(struct worker *worker, struct span ids)
{
    struct scanner scanner;
    enum json_kind kind;
    struct span id;

    scanner_init(&scanner, ids, SCANNER_DEPTH_LIMIT);
    scanner_enter(&scanner, JSON_KIND_ARRAY);
    while (scanner_element(&scanner) && scanner_value(&scanner, &kind, &id))
        slots_return(worker->slots, id);
}

void
worker_give_back(struct worker *worker)
{
    struct job *job;

    while (slots_take_returned(worker->slots, &job))
        if (job != NULL)
            worker->callbacks->returned(worker->context, job);
}

// Jobs that it has not begun with, as the one before them takes long.
static void
worker_take_return(struct worker *worker, struct span params, struct span line)
{
    struct span ignored = {0};
    struct span ids = {0};
    const char *problem;

    find_members(params, "ids", &ids, "", &ignored);
    // One that is wrong spoils them all: a worker that is to be killed gives nothing back, or a job
    // which it had begun with would come to it again and again.
    problem = check_ids(worker, ids);
    if (problem != NULL) {
        worker_breach(worker, problem, line);
        return;
    }
    return_ids(worker, ids);
    worker->held_up = true;
    worker_give_back(worker);
    worker_start_next(worker);
    if (worker->state == WORKER_READY && worker_end_if_unwanted(worker))
        worker->callbacks->condemned(worker->context, worker);
    else
        worker->callbacks->room(worker->context, worker);
}

static void
worker_take_notification(struct worker *worker, const struct message *message, struct span line)
{
    if (span_is(message->method, "$/progress"))
        worker_take_progress(worker, message->params);
    else if (span_is(message->method, "worker.ready"))
        worker_take_ready(worker, message->params);
    else if (span_is(message->method, "worker.return"))
        worker_take_return(worker, message->params, line);
    // One that is not known is no fault.
}

#define NO_ANSWER "a line that is no answer: "

static void
worker_breach_line(struct worker *worker, enum message_status status,
                   const struct message_fault *fault, struct span line)
{
    char reason[WORKER_REASON_MAX];

    snprintf(reason, sizeof(reason), "%s%s at offset %zu",
             status == MESSAGES_SYNTAX ? "a line that is no JSON: " : NO_ANSWER, fault->reason,
             fault->offset);
    worker_breach(worker, reason, line);
}

// It is JSON.
static void
worker_breach_message(struct worker *worker, const struct messages *messages, struct span line)
{
    const struct message *message = &messages->items[0];
    const char *problem = message->problem;
    char reason[WORKER_REASON_MAX];

    if (messages->batch)
        problem = "an array";
    else if (message->kind == MESSAGE_REQUEST)
        problem = "a request";
    else if (strcmp(problem, MESSAGE_WITHOUT_METHOD) == 0)
        problem = "neither result nor error";
    snprintf(reason, sizeof(reason), NO_ANSWER "%s", problem);
    worker_breach(worker, reason, line);
}

static void
worker_line_cb(void *context, char *line, size_t length)
{
    struct worker *worker = context;
    const struct worker_settings *settings = worker->settings;
    struct message_limits limits = {.depth_max = settings->depth_max, .batch_max = 1};
    struct span text = {.at = line, .length = length};
    struct messages *messages = settings->messages;
    struct message_fault fault;
    enum message_status status;

    if (worker->breached)
        return; // nothing that it says counts any more
    status = messages_parse(messages, line, length, &limits, &fault);
    if (status != MESSAGES_OK) {
        worker_breach_line(worker, status, &fault, text);
        return;
    }
    switch (messages->batch ? MESSAGE_INVALID : messages->items[0].kind) {
    case MESSAGE_RESULT:
    case MESSAGE_ERROR:
        worker_answer(worker, &messages->items[0], text);
        return;
    case MESSAGE_NOTIFICATION:
        worker_take_notification(worker, &messages->items[0], text);
        return;
    case MESSAGE_REQUEST:
    case MESSAGE_INVALID:
        worker_breach_message(worker, messages, text);
        return;
    }
}

static void
worker_too_long_cb(void *context, const char *begin, size_t length)
{
    worker_breach(context, "a line longer than line-max",
                  (struct span){.at = begin, .length = length});
}

static void
worker_output_end_cb(void *context, enum stream_end end, int error)
{
    struct worker *worker = context;

    (void)end;
    (void)error;
    worker->output_ended = true;
    if (worker->state == WORKER_STOPPING && !worker->exited)
        return; // as it was asked to; it may still tidy up, for as long as worker_stop gave it
    worker->expected_breach = "it closed its stdout and ran on";
    worker_sign_of_end(worker);
}

// Its stdin is closed: most likely it is dying, and the two signs will come. If they do not it is
// no worker any more.
static void
worker_input_end_cb(void *context, enum stream_end end, int error)
{
    struct worker *worker = context;

    (void)end;
    (void)error;
    if (worker->state >= WORKER_STOPPING || worker->death.deliberate)
        return;
    worker_set_state(worker, WORKER_ENDING);
    worker->expected_breach = "it closed its stdin and ran on";
    worker_arm(worker, ENDING_GRACE_US);
}

static const struct stream_callbacks output_callbacks = {
    .line = worker_line_cb,
    .too_long = worker_too_long_cb,
    .end = worker_output_end_cb,
};

static const struct stream_callbacks input_callbacks = {
    .end = worker_input_end_cb,
};

// Room for some jobs of the size that fills an ordinary pipe.
#define PIPE_MAX (256 << 10)

struct stream *
worker_open_input(struct worker *worker, int fd)
{
    struct stream_settings settings = {.fd = fd, .pipe_max = PIPE_MAX};

    return stream_new(worker->settings->base, worker->settings->turn, &settings, &input_callbacks,
                      worker);
}

struct stream *
worker_open_output(struct worker *worker, int fd)
{
    struct stream_settings settings = {
        .fd = fd, .reads = true, .line_max = worker->settings->line_max, .pipe_max = PIPE_MAX};

    return stream_new(worker->settings->base, worker->settings->turn, &settings, &output_callbacks,
                      worker);
}
