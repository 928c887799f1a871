// What each message of a client means. See session_internal.h.
#include "common/arguments.h"
#include "common/scanner.h"
#include "model/job_options.h"
#include "session/gather_plan.h"
#include "session/job_make.h"
#include "session/job_quote.h"
#include "session/job_run.h"
#include "session/session_internal.h"

#include <stdio.h>
#include <stdlib.h>

static const struct job_sink job_sink = {
    .finished = answers_finished_cb,
    .progress = answers_progress_cb,
};

// An error whose data are a sentence, and for a line that is no JSON where in it the fault was
// found.
static void
refuse_with(struct session *session, const struct address_of_answer *to, enum error_code code,
            const char *reason, const char *more)
{
    size_t length;
    char *quoted = message_quote(span_of(reason), &length);
    char data[256];

    session->settings->statistics->invalid++;
    snprintf(data, sizeof(data), "{\"reason\":%s%s}", quoted != NULL ? quoted : "\"\"", more);
    free(quoted);
    answers_error(session, to, code, span_of(data));
}

static void
refuse(struct session *session, const struct address_of_answer *to, const char *reason)
{
    refuse_with(session, to, ERROR_INVALID_REQUEST, reason, "");
}

// ---- $/cancelRequest ------------------------------------------------------------------------

// The raw value of the member `id` of params; absent if there is none.
static struct span
cancelled_id(struct span params)
{
    struct span value = {0};
    struct span name;
    struct scanner scanner;
    enum json_kind kind;
    struct span id = {0};

    scanner_init(&scanner, params, SCANNER_DEPTH_LIMIT);
    if (!span_present(params) || !scanner_enter(&scanner, JSON_KIND_OBJECT))
        return id;
    while (scanner_member(&scanner, &name) && scanner_value(&scanner, &kind, &value))
        if (scanner_name_is(name, "id"))
            id = value;
    return id;
}

// An id that is not in flight, for instance because its answer is on the way, is no fault.
static void
cancel_request(struct session *session, struct span params)
{
    struct span id = cancelled_id(params);
    struct call *call = span_present(id) ? calls_find(&session->calls, id) : NULL;

    if (call != NULL)
        dispatcher_cancel(session->settings->dispatcher, call->job);
}

// ---- requests and notifications -------------------------------------------------------------

static void
refuse_options(struct session *session, const struct address_of_answer *to,
               const struct job_options_fault *fault)
{
    size_t length = 0;
    char *error = argument_error(&fault->argument, &fault->fault, &length);

    if (error != NULL)
        answers_write(session, to, true, (struct span){.at = error, .length = length});
    else
        answers_error(session, to, ERROR_BUSY, SPAN("{\"reason\":\"out of memory\"}"));
    free(error);
}

// Hands a job to the dispatcher; its answer, if one is due, comes through answers_finished_cb.
static void
submit_job(struct session *session, const struct message *message,
           const struct address_of_answer *to, const struct job_options *options)
{
    struct call *call =
        calls_add(&session->calls, message->id, options->token, message->params.length);
    struct job *job =
        call != NULL ? job_make(NULL, message->params, options, &job_sink, call) : NULL;

    if (job != NULL) {
        call->session = session;
        call->batch = to->batch;
        call->index = to->index;
        call->job = job;
        call->progress = options->progress && message->kind == MESSAGE_REQUEST;
        job->progress = call->progress;
        session_sign(session, job);
        dispatcher_submit(session->settings->dispatcher, message->method, job);
        return;
    }
    if (call != NULL) {
        calls_take(&session->calls, call);
        call_free(call);
    }
    if (message->kind == MESSAGE_REQUEST)
        answers_error(session, to, ERROR_BUSY, SPAN("{\"reason\":\"out of memory\"}"));
}

static void
submit(struct session *session, const struct message *message, const struct address_of_answer *to,
       const struct job_options *options)
{
    if (gather_plan_is_for(message->method))
        gathers_take(session, message, to, options);
    else
        submit_job(session, message, to, options);
}

bool
requests_control(struct session *session, const struct message *message,
                 struct session_reply *ret_reply)
{
    return job_quote(session, message, ret_reply) ||
           session->hooks->control(session->context, message->method, message->params, ret_reply);
}

static bool
answer_control(struct session *session, const struct message *message,
               const struct address_of_answer *to)
{
    struct session_reply reply = {0};

    if (!requests_control(session, message, &reply))
        return false;
    if (reply.text != NULL)
        answers_write(session, to, reply.failed,
                      (struct span){.at = reply.text, .length = reply.length});
    else
        answers_error(session, to, ERROR_BUSY, SPAN("{\"reason\":\"out of memory\"}"));
    free(reply.text);
    return true;
}

static bool
read_options(struct message *message, struct job_options *ret_options,
             struct job_options_fault *ret_fault)
{
    if (span_is(message->method, JOB_RUN_METHOD) && !job_run_unwrap(message, ret_fault))
        return false;
    return job_options_parse(message->options, ret_options, ret_fault);
}

static void
take_request(struct session *session, struct message *message, const struct address_of_answer *to)
{
    struct job_options_fault fault;
    struct job_options options;

    session->settings->statistics->requests++;
    if (calls_find(&session->calls, message->id) != NULL)
        refuse(session, to, "id is in flight already");
    else if (!read_options(message, &options, &fault))
        refuse_options(session, to, &fault);
    else if (!answer_control(session, message, to))
        submit(session, message, to, &options);
}

static void
take_notification(struct session *session, struct message *message)
{
    static const struct address_of_answer nowhere = {0};
    struct session_reply reply = {0};
    struct job_options_fault fault;
    struct job_options options;

    session->settings->statistics->notifications++;
    if (span_is(message->method, "$/cancelRequest"))
        cancel_request(session, message->params);
    else if (!read_options(message, &options, &fault))
        return;
    else if (requests_control(session, message, &reply))
        free(reply.text); // nobody wants to know
    else
        submit(session, message, &nowhere, &options);
}

static void
take_message(struct session *session, struct message *message, struct address_of_answer *to)
{
    to->id = message->id;
    if (message->kind == MESSAGE_NOTIFICATION) {
        take_notification(session, message);
        return;
    }
    if (to->batch != NULL)
        batch_expect(to->batch);
    switch (message->kind) {
    case MESSAGE_REQUEST:
        take_request(session, message, to);
        return;
    case MESSAGE_INVALID:
        refuse(session, to, message->problem);
        return;
    case MESSAGE_RESULT:
    case MESSAGE_ERROR:
        refuse(session, to, "a response where a request was expected");
        return;
    case MESSAGE_NOTIFICATION:
        return;
    }
}

// ---- lines ----------------------------------------------------------------------------------

static void
take_batch(struct session *session, struct messages *messages)
{
    struct batch *batch = batch_new(messages->count);

    session->settings->statistics->batches++;
    if (batch == NULL) {
        session_close(session, "out of memory");
        return;
    }
    for (size_t i = 0; i < messages->count && !session->closed; i++) {
        struct address_of_answer to = {.batch = batch, .index = i};

        take_message(session, &messages->items[i], &to);
    }
    answers_batch_seal(session, batch);
}

static void
refuse_line(struct session *session, enum message_status status, const struct message_fault *fault)
{
    const struct limits *limits = &session->settings->config->limits;
    static const struct address_of_answer nowhere = {0};
    char offset[48];

    switch (status) {
    case MESSAGES_SYNTAX:
        snprintf(offset, sizeof(offset), ",\"offset\":%zu", fault->offset);
        refuse_with(session, &nowhere, ERROR_PARSE, fault->reason, offset);
        return;
    case MESSAGES_DEPTH:
        answers_limit(session, "depth-max", limits->depth_max);
        return;
    case MESSAGES_BATCH_LARGE:
        answers_limit(session, "batch-max", limits->batch_max);
        return;
    case MESSAGES_BATCH_EMPTY:
        refuse(session, &nowhere, "an empty batch");
        return;
    case MESSAGES_NO_MEMORY:
        answers_error(session, &nowhere, ERROR_BUSY, SPAN("{\"reason\":\"out of memory\"}"));
        return;
    case MESSAGES_OK:
        return;
    }
}

// A browser sends such a line wherever a page tells it to, 127.0.0.1 included, and then lines of
// the page's choice. Whoever begins like that is not listened to any further.
static bool
is_http(const char *line, size_t length)
{
    static const char version[] = " HTTP/1.";
    size_t tail = sizeof(version); // with the one digit that follows

    return length > tail && line[0] >= 'A' && line[0] <= 'Z' &&
           memcmp(line + length - tail, version, sizeof(version) - 1) == 0;
}

static void
refuse_http(struct session *session)
{
    static const struct address_of_answer nowhere = {0};

    refuse_with(session, &nowhere, ERROR_PARSE, "this is no HTTP server; the connection is closed",
                "");
    session->ended = true;
}

void
requests_take_long_line(struct session *session, const char *begin, size_t length)
{
    // As with is_http: the end of the line is not known, but JSON does not begin with a letter that
    // could be a method's.
    if (!session->greeted && length > 0 && begin[0] >= 'A' && begin[0] <= 'Z')
        session->ended = true;
    session->greeted = true;
    session->settings->statistics->lines++;
    answers_limit(session, "line-max", session->settings->config->limits.line_max);
}

void
requests_refuse_unfinished(struct session *session)
{
    static const struct address_of_answer nowhere = {0};
    char data[64];

    session->settings->statistics->invalid++;
    snprintf(data, sizeof(data), "{\"limit\":\"line-timeout\",\"max\":%.3f}",
             (double)session->settings->config->line_timeout_us / 1e6);
    session->ended = true;
    answers_error(session, &nowhere, ERROR_INVALID_REQUEST, span_of(data));
}

void
requests_take_line(struct session *session, char *line, size_t length)
{
    const struct limits *limits = &session->settings->config->limits;
    struct message_limits bounds = {.depth_max = limits->depth_max, .batch_max = limits->batch_max};
    struct messages *messages = session->settings->messages;
    struct address_of_answer to = {0};
    struct message_fault fault = {0};
    enum message_status status;
    bool first = !session->greeted;

    session->greeted = true;
    session->settings->statistics->lines++;
    if (first && is_http(line, length)) {
        refuse_http(session);
        return;
    }
    status = messages_parse(messages, line, length, &bounds, &fault);
    if (status != MESSAGES_OK)
        refuse_line(session, status, &fault);
    else if (messages->batch)
        take_batch(session, messages);
    else
        take_message(session, &messages->items[0], &to);
}
