// See plugin_job.h.
#include "builtin/plugin_job.h"

#include "builtin/plugin_value.h"
#include "common/errors.h"
#include "common/message.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

// How deep a value of a plug-in stands in the line that carries it.
#define DEPTH_OF_RESULT     1 // {"result":HERE}
#define DEPTH_OF_ERROR_DATA 2 // {"error":{"data":HERE}}
#define DEPTH_OF_PROGRESS   3 // {"params":{"value":{"value":HERE}}}

struct plugin_job {
    struct offload_job handle; // what the plug-in has; first, so that it leads back here
    const struct plugin_call *call;
    const struct offload_method *method;
    void *state;
    json_t *params;
    struct job_answer *answer;
    bool answered;
};

static struct plugin_job *
private_job(struct offload_job *handle)
{
    return (struct plugin_job *)handle;
}

static struct span
span_of_text(const char *text, size_t length)
{
    return (struct span){.at = text, .length = text != NULL ? length : 0};
}

// A piece of a line. writev() does not write to it, though its type would allow that.
static struct iovec
piece(struct span text)
{
    return (struct iovec){.iov_base = (void *)(uintptr_t)text.at, .iov_len = text.length};
}

static size_t
iov_length(const struct iovec *iov, int count)
{
    size_t length = 0;

    for (int i = 0; i < count; i++)
        length += iov[i].iov_len;
    return length;
}

// ---- its answer ----------------------------------------------------------------------------

// Takes `body`; NULL: out of memory.
static int
settle(struct plugin_job *job, bool failed, char *body, size_t length)
{
    job->answered = true;
    if (failed) {
        job_answer_error(job->answer, body, length);
    } else {
        job->answer->owned = body;
        job->answer->body = span_of_text(body, length);
    }
    return body != NULL ? 0 : -ENOMEM;
}

// The method is to blame. Its name needs no escaping: that was checked when it was loaded.
static void
settle_fault(struct plugin_job *job, const char *reason)
{
    size_t length = 0;
    char *error =
        error_object_format(ERROR_INTERNAL, &length, "{\"method\":\"%s\",\"reason\":\"%s\"}",
                            job->method->name, reason);

    settle(job, true, error, length);
}

static void
settle_too_large(struct plugin_job *job)
{
    size_t length = 0;
    char *error = error_object_format(
        ERROR_TOO_LARGE, &length, "{\"limit\":\"line-max\",\"method\":\"%s\"}", job->method->name);

    settle(job, true, error, length);
}

static bool
answer_fits(const struct plugin_job *job, bool failed, struct span body)
{
    struct iovec iov[MESSAGE_IOV_MAX];
    int count = failed ? message_error_iov(iov, job->call->id, body)
                       : message_result_iov(iov, job->call->id, body);

    return iov_length(iov, count) <= job->call->line_max;
}

// Takes `body`, valid JSON on one line; NULL: out of memory.
static int
settle_body(struct plugin_job *job, bool failed, char *body, size_t length)
{
    if (body == NULL || answer_fits(job, failed, span_of_text(body, length)))
        return settle(job, failed, body, length);
    free(body);
    settle_too_large(job);
    return -EMSGSIZE;
}

static int
job_result(struct offload_job *handle, const char *json, size_t length)
{
    struct plugin_job *job = private_job(handle);
    struct span text = span_of_text(json, length);
    const char *reason;

    if (job->answered)
        return -EALREADY;
    reason = plugin_value_check(text, job->call->depth_max - DEPTH_OF_RESULT);
    if (reason != NULL) {
        settle_fault(job, reason);
        return -EINVAL;
    }
    return settle_body(job, false, plugin_value_line(text), length);
}

static int
job_result_json(struct offload_job *handle, json_t *value)
{
    char *text = plugin_value_dump(value);
    int error = job_result(handle, text, span_of(text).length);

    free(text);
    return error;
}

// The error object (malloc); NULL when out of memory. `data` is raw JSON or absent.
static char *
error_text(int code, const char *message, struct span data, size_t *ret_length)
{
    char head[48];
    int head_length = snprintf(head, sizeof(head), "{\"code\":%d,\"message\":", code);
    size_t length = 0;
    char *quoted = message_quote(span_of(message != NULL ? message : ""), &length);
    const struct iovec iov[] = {
        piece(span_of_text(head, (size_t)head_length)),
        piece(span_of_text(quoted, length)),
        piece(span_present(data) ? SPAN(",\"data\":") : SPAN("")),
        piece(data),
        piece(SPAN("}")),
    };
    char *text =
        quoted != NULL ? message_join(iov, sizeof(iov) / sizeof(iov[0]), ret_length) : NULL;

    free(quoted);
    return text;
}

static int
job_error_text(struct plugin_job *job, int code, const char *message, struct span data)
{
    size_t length = 0;
    char *text = error_text(code, message, data, &length);

    return settle_body(job, true, text, length);
}

static int
job_error(struct offload_job *handle, int code, const char *message, json_t *data)
{
    struct plugin_job *job = private_job(handle);
    bool has_data = data != NULL;
    char *text = plugin_value_dump(data);
    const char *reason = NULL;
    int error = -EINVAL;

    if (has_data)
        reason = plugin_value_check(span_of(text), job->call->depth_max - DEPTH_OF_ERROR_DATA);
    if (job->answered)
        error = -EALREADY;
    else if (reason != NULL)
        settle_fault(job, reason);
    else
        error = job_error_text(job, code, message, span_of(text));
    free(text);
    return error;
}

// ---- its progress --------------------------------------------------------------------------

static const char *
kind_name(enum offload_progress_kind kind)
{
    switch (kind) {
    case OFFLOAD_REPORT:
        return "report";
    case OFFLOAD_PARTIAL:
        return "partial";
    }
    return NULL;
}

static int
send_progress(const struct plugin_job *job, const char *kind, struct span value)
{
    struct iovec iov[] = {
        piece(SPAN("{\"jsonrpc\":\"2.0\",\"method\":\"$/progress\",\"params\":{\"token\":")),
        piece(job->call->id),
        piece(SPAN(",\"value\":{\"kind\":\"")),
        piece(span_of(kind)),
        piece(SPAN("\",\"value\":")),
        piece(value),
        piece(SPAN("}}}")),
        {0}, // room for output_line
    };
    int count = (int)(sizeof(iov) / sizeof(iov[0])) - 1;

    if (iov_length(iov, count) > job->call->line_max)
        return -EMSGSIZE;
    output_line(job->call->output, iov, count);
    return 0;
}

// Looks at nothing that changes while the job runs: other threads may call it.
static int
job_progress(struct offload_job *handle, enum offload_progress_kind kind, const char *json,
             size_t length)
{
    const struct plugin_job *job = private_job(handle);
    struct span text = span_of_text(json, length);
    const char *name = kind_name(kind);
    char *line;
    int error;

    if (name == NULL || plugin_value_check(text, job->call->depth_max - DEPTH_OF_PROGRESS) != NULL)
        return -EINVAL;
    if (!span_present(job->call->id))
        return 0; // a notification: there is nobody to tell
    line = plugin_value_line(text);
    if (line == NULL)
        return -ENOMEM;
    error = send_progress(job, name, span_of_text(line, length));
    free(line);
    return error;
}

static int
job_progress_json(struct offload_job *handle, enum offload_progress_kind kind, json_t *value)
{
    char *text = plugin_value_dump(value);
    int error = job_progress(handle, kind, text, span_of(text).length);

    free(text);
    return error;
}

// ---- what it knows -------------------------------------------------------------------------

static void *
job_state(struct offload_job *handle)
{
    return private_job(handle)->state;
}

static bool
job_cancelled(struct offload_job *handle)
{
    return atomic_load(private_job(handle)->call->cancelled);
}

static const char *
job_params(struct offload_job *handle, size_t *ret_length)
{
    const struct plugin_call *call = private_job(handle)->call;

    *ret_length = call->params.length;
    return call->params.at;
}

// jansson's own words as the error's data.
static void
refuse_params(struct plugin_job *job, const char *reason)
{
    json_t *data = json_pack("{s:s}", "reason", reason);

    if (!job->answered)
        job_error(&job->handle, ERROR_INVALID_PARAMS, error_info(ERROR_INVALID_PARAMS)->text, data);
    else
        json_decref(data);
}

static const json_t *
job_params_json(struct offload_job *handle)
{
    struct plugin_job *job = private_job(handle);
    struct span params = job->call->params;
    json_error_t error;

    if (job->params == NULL)
        job->params = plugin_value_load(span_present(params) ? params : SPAN("null"), &error);
    if (job->params == NULL)
        refuse_params(job, error.text);
    return job->params;
}

static const struct offload_functions functions = {
    .state = job_state,
    .params = job_params,
    .params_json = job_params_json,
    .cancelled = job_cancelled,
    .progress = job_progress,
    .progress_json = job_progress_json,
    .result = job_result,
    .result_json = job_result_json,
    .error = job_error,
};

void
plugin_job_run(const struct offload_method *method, void *state, const struct plugin_call *call,
               struct job_answer *ret_answer)
{
    struct plugin_job job = {.handle.functions = &functions,
                             .call = call,
                             .method = method,
                             .state = state,
                             .answer = ret_answer};

    *ret_answer = (struct job_answer){0};
    method->run(&job.handle);
    if (!job.answered && job_cancelled(&job.handle))
        job_answer_code(ret_answer, ERROR_CANCELLED);
    else if (!job.answered)
        settle_fault(&job, "it returned without an answer");
    json_decref(job.params);
}
