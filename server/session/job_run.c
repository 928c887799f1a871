// See job_run.h.
#include "session/job_run.h"

#include "common/scanner.h"

static const struct argument job_run_argument = {
    .name = "method", .expected = "a string; job.run takes {method, params, options}"};

static const struct argument job_quote_argument = {
    .name = "method", .expected = "a string; job.quote takes {method, params, options}"};

static const struct argument call_argument = {
    .name = "method", .expected = "a string; a call is {method, params, options}"};

static bool
job_run_member(struct scanner *scanner, struct span name, struct message *inner)
{
    enum json_kind kind;
    struct span value;

    if (!scanner_value(scanner, &kind, &value))
        return false;
    if (scanner_name_is(name, "method") && kind == JSON_KIND_STRING) {
        struct span raw = {.at = value.at + 1, .length = value.length - 2};

        // In place, as messages_parse does it: an unescaped name is never longer.
        inner->method = (struct span){.at = raw.at};
        inner->method.length = scanner_unescape(raw, (char *)raw.at);
    } else if (scanner_name_is(name, "params") &&
               (kind == JSON_KIND_ARRAY || kind == JSON_KIND_OBJECT)) {
        inner->params = value;
    } else if (scanner_name_is(name, "options") && kind == JSON_KIND_OBJECT) {
        inner->options = value;
    } else {
        return false;
    }
    return true;
}

static bool
read_members(struct span object, const struct argument *argument, struct message *inner,
             struct job_options_fault *ret_fault)
{
    struct scanner scanner;
    struct span name;

    *ret_fault = (struct job_options_fault){
        .argument = *argument, .fault = {.member = span_of(argument->name), .reason = "missing"}};
    scanner_init(&scanner, object, SCANNER_DEPTH_LIMIT);
    if (!span_present(object) || !scanner_enter(&scanner, JSON_KIND_OBJECT))
        return false;
    while (scanner_member(&scanner, &name)) {
        ret_fault->fault =
            (struct argument_fault){.member = name, .reason = "unknown or wrong type"};
        if (!job_run_member(&scanner, name, inner))
            return false;
    }
    ret_fault->fault =
        (struct argument_fault){.member = span_of(argument->name), .reason = "missing"};
    return span_present(inner->method);
}

bool
job_run_unwrap(struct message *message, struct job_options_fault *ret_fault)
{
    bool quote = span_is(message->method, JOB_QUOTE_METHOD);
    struct message inner = {.kind = message->kind, .id = message->id};

    if (!read_members(message->params, quote ? &job_quote_argument : &job_run_argument, &inner,
                      ret_fault))
        return false;
    if (!span_present(inner.options))
        inner.options = message->options;
    *message = inner;
    return true;
}

bool
job_run_read_call(struct span call, struct message *message, struct job_options_fault *ret_fault)
{
    struct message inner = {.kind = message->kind};

    if (!read_members(call, &call_argument, &inner, ret_fault))
        return false;
    *message = inner;
    return true;
}
