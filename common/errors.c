// See errors.h. This file is the table; nothing else may spell a code's text.
#include "common/errors.h"

#include "common/message.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const struct error_info table[] = {
    {ERROR_PARSE, "parse_error", "Parse error", 65, "The line is not JSON."},
    {ERROR_INVALID_REQUEST, "invalid_request", "Invalid Request", 65,
     "JSON, but not a JSON-RPC 2.0 request, or one beyond a limit that `data` names."},
    {ERROR_METHOD_NOT_FOUND, "method_not_found", "Method not found", 66,
     "No pool serves that method."},
    {ERROR_INVALID_PARAMS, "invalid_params", "Invalid params", 65,
     "The method does not take these params; `data` says which member and what was expected."},
    {ERROR_INTERNAL, "internal_error", "Internal error", 70, "A fault of offload itself."},
    {ERROR_CANCELLED, "cancelled", "Cancelled", 130, "The job was cancelled."},
    {ERROR_BUSY, "busy", "Busy", 75, "Too much is waiting already; try again later."},
    {ERROR_UNAUTHORISED, "unauthorised", "Unauthorised", 77, "The caller may not do this."},
    {ERROR_UNKNOWN_JOB, "unknown_job", "Unknown job", 66, "No such job."},
    {ERROR_TOO_LARGE, "too_large", "Too large", 65,
     "The answer does not fit into the limit that `data` names."},
    {ERROR_SHUTTING_DOWN, "shutting_down", "Shutting down", 75, "The daemon is stopping."},
    {ERROR_QUOTA, "quota", "Quota exceeded", 75, "The caller has used up its share."},
    {ERROR_JOB_FAILED, "job_failed", "Job failed", 1,
     "The job's process died; `data` is its death certificate."},
    {ERROR_TIMED_OUT, "timed_out", "Timed out", 124, "A timeout ended the job; `data` names it."},
    {ERROR_WORKER_PROTOCOL, "worker_protocol", "Worker broke the protocol", 76,
     "The worker wrote something that is no answer; `data` shows it."},
};

const struct error_info *
error_info(int code)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].code == code)
            return &table[i];
    return NULL;
}

const struct error_info *
error_table(size_t *ret_count)
{
    *ret_count = sizeof(table) / sizeof(table[0]);
    return table;
}

int
error_exit_status(int code)
{
    const struct error_info *info = error_info(code);

    return info != NULL ? info->exit_status : EXIT_STATUS_JOB;
}

char *
error_object(enum error_code code, struct span data, size_t *ret_length)
{
    const struct error_info *info = error_info(code);
    const char *text = info != NULL ? info->text : "Error";
    char *object;
    int length;

    if (span_present(data))
        length = asprintf(&object, "{\"code\":%d,\"message\":\"%s\",\"data\":%.*s}", (int)code,
                          text, (int)data.length, data.at);
    else
        length = asprintf(&object, "{\"code\":%d,\"message\":\"%s\"}", (int)code, text);
    if (length < 0)
        return NULL;
    *ret_length = (size_t)length;
    return object;
}

char *
error_object_format(enum error_code code, size_t *ret_length, const char *format, ...)
{
    va_list arguments;
    char *object;
    char *data;
    int length;

    va_start(arguments, format);
    length = vasprintf(&data, format, arguments);
    va_end(arguments);
    if (length < 0)
        return NULL;
    object = error_object(code, (struct span){.at = data, .length = (size_t)length}, ret_length);
    free(data);
    return object;
}

char *
error_object_method(struct span method, size_t *ret_length)
{
    size_t length;
    char *quoted;
    char *object = NULL;

    method.length =
        strnlen(method.at, method.length < ERROR_METHOD_MAX ? method.length : ERROR_METHOD_MAX);
    quoted = message_quote(method, &length);
    if (quoted != NULL)
        object = error_object_format(ERROR_METHOD_NOT_FOUND, ret_length, "{\"method\":%s}", quoted);
    free(quoted);
    return object;
}
