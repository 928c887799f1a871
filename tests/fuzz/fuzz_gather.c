// What a client may put into the params of job.gather and job.map: found in them by gather_plan.h,
// call by call by job_run.h and job_options.h, as gather_start.c does it, against what jansson says
// of the same text. An error must always be JSON, whatever of the caller's text it quotes.
//
// An input is: one byte whose lowest bit says which of the two it is, one for gather-max, and the
// params.
#include "common/arguments.h"
#include "session/gather_plan.h"
#include "session/job_run.h"
#include "tests/fuzz/oracle.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX  64 // of a line, as the daemon has it when nobody says otherwise
#define NESTED_MAX 8  // likewise for gathers

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_plan(struct span method, struct span params, size_t max, unsigned depth);

// Without duplicate names, which jansson cannot tell us about afterwards. NULL if it has no
// opinion.
static json_t *
load(struct span text)
{
    return json_loadb(text.at, text.length,
                      JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
}

static void
check_fault(const struct job_options_fault *fault)
{
    size_t length = 0;
    char *error = argument_error(&fault->argument, &fault->fault, &length);

    FUZZ_CHECK(error != NULL && strlen(error) == length);
    FUZZ_CHECK(scanner_check((struct span){.at = error, .length = length}, DEPTH_MAX) == SCAN_OK);
    free(error);
}

// A span must be there if and only if `value` is, and mean the same.
static void
check_part(struct span part, const json_t *value)
{
    json_t *actual;

    FUZZ_CHECK(span_present(part) == (value != NULL));
    if (value == NULL)
        return;
    actual = load(part);
    FUZZ_CHECK(actual != NULL && json_equal(actual, value));
    json_decref(actual);
}

static bool
is_text(const json_t *value, const char *text)
{
    return json_is_string(value) && json_string_length(value) == strlen(text) &&
           strcmp(json_string_value(value), text) == 0;
}

// ---- one call -------------------------------------------------------------------------------

static bool
call_is_right(json_t *call)
{
    const json_t *params = json_object_get(call, "params");
    const json_t *options = json_object_get(call, "options");
    const char *name;
    json_t *value;

    if (!json_is_string(json_object_get(call, "method")) ||
        (params != NULL && !json_is_array(params) && !json_is_object(params)) ||
        (options != NULL && !json_is_object(options)))
        return false;
    json_object_foreach (call, name, value)
        if (strcmp(name, "method") != 0 && strcmp(name, "params") != 0 &&
            strcmp(name, "options") != 0)
            return false;
    return true;
}

static void
check_call(const struct message *message, const json_t *call)
{
    const json_t *method = json_object_get(call, "method");

    FUZZ_CHECK(message->method.length == json_string_length(method) &&
               memcmp(message->method.at, json_string_value(method), message->method.length) == 0);
    check_part(message->params, json_object_get(call, "params"));
    check_part(message->options, json_object_get(call, "options"));
}

// What becomes of a call that was read.
static void
use_call(struct message *message, size_t max, unsigned depth)
{
    struct job_options_fault fault;
    struct job_options options;

    if (span_is(message->method, JOB_RUN_METHOD) && !job_run_unwrap(message, &fault)) {
        check_fault(&fault);
        return;
    }
    if (!job_options_parse(message->options, &options, &fault)) {
        check_fault(&fault);
        return;
    }
    FUZZ_CHECK(options.delay_us >= 0 && options.max_wait_us >= 0 && options.retries <= 100);
    FUZZ_CHECK(options.priority >= -10 && options.priority <= 10);
    for (int i = 0; i < TIMEOUT_COUNT; i++)
        FUZZ_CHECK(options.timeouts.us[i] >= 0);
    if (gather_plan_is_for(message->method) && depth < NESTED_MAX)
        take_plan(message->method, message->params, max, depth + 1);
}

static void
take_call(struct span element, size_t max, unsigned depth)
{
    struct message message = {.kind = MESSAGE_REQUEST};
    struct job_options_fault fault;
    json_t *call = load(element); // first: reading unescapes in place
    bool right = job_run_read_call(element, &message, &fault);

    if (call != NULL)
        FUZZ_CHECK(right == call_is_right(call));
    if (right && call != NULL)
        check_call(&message, call);
    if (right)
        use_call(&message, max, depth);
    else
        check_fault(&fault);
    json_decref(call);
}

static void
take_item(const struct gather_plan *plan, struct span item, size_t max, unsigned depth)
{
    struct message message = {.kind = MESSAGE_REQUEST, .method = plan->method, .params = item};

    message.options = plan->options;
    if (item.at[0] == '[' || item.at[0] == '{')
        use_call(&message, max, depth);
}

// ---- the whole ------------------------------------------------------------------------------

static bool
mode_is_right(const json_t *mode)
{
    return mode == NULL || is_text(mode, "all") || is_text(mode, "settled") ||
           is_text(mode, "any") || is_text(mode, "first");
}

static bool
is_known(const char *name, bool map)
{
    if (strcmp(name, "mode") == 0 || strcmp(name, "limit") == 0)
        return true;
    if (!map)
        return strcmp(name, "calls") == 0;
    return strcmp(name, "method") == 0 || strcmp(name, "items") == 0 ||
           strcmp(name, "options") == 0;
}

// If only the options of a map, and how much it is, could still be wrong.
static bool
params_are_right(json_t *params, bool map)
{
    const json_t *list = json_object_get(params, map ? "items" : "calls");
    const json_t *mode = json_object_get(params, "mode");
    const json_t *limit = json_object_get(params, "limit");
    const char *name;
    json_t *value;

    if (!json_is_array(list) || !mode_is_right(mode) ||
        (limit != NULL && (!json_is_integer(limit) || json_integer_value(limit) < 1)) ||
        (map && !json_is_string(json_object_get(params, "method"))))
        return false;
    json_object_foreach (params, name, value)
        if (!is_known(name, map))
            return false;
    return json_array_size(list) > 0 || (!is_text(mode, "any") && !is_text(mode, "first"));
}

static void
check_status(enum gather_plan_status status, json_t *params, bool map, size_t max)
{
    const json_t *list = json_object_get(params, map ? "items" : "calls");

    FUZZ_CHECK(status != GATHER_PLAN_NO_MEMORY);
    if (!params_are_right(params, map))
        // It may be that both is wrong.
        FUZZ_CHECK(status == GATHER_PLAN_FAULT || status == GATHER_PLAN_TOO_MANY);
    else if (map && json_object_get(params, "options") != NULL && status == GATHER_PLAN_FAULT)
        ; // take_call sees to options
    else
        FUZZ_CHECK(status == (json_array_size(list) > max ? GATHER_PLAN_TOO_MANY : GATHER_PLAN_OK));
}

static void
take_plan(struct span method, struct span params, size_t max, unsigned depth)
{
    bool map = span_is(method, MAP_METHOD);
    json_t *model = span_present(params) ? load(params) : NULL;
    const json_t *list = json_object_get(model, map ? "items" : "calls");
    struct job_options_fault fault;
    struct gather_plan plan;
    enum gather_plan_status status = gather_plan_parse(&plan, method, params, max, &fault);

    if (model != NULL)
        check_status(status, model, map, max);
    if (status == GATHER_PLAN_FAULT)
        check_fault(&fault);
    for (size_t i = 0; status == GATHER_PLAN_OK && i < plan.count; i++) {
        struct span element = gather_plan_element(&plan, i);

        FUZZ_CHECK(element.at >= params.at &&
                   element.at + element.length <= params.at + params.length);
        if (model != NULL)
            check_part(element, json_array_get(list, i));
        if (map)
            take_item(&plan, element, max, depth);
        else
            take_call(element, max, depth);
    }
    if (status == GATHER_PLAN_OK)
        gather_plan_done(&plan);
    json_decref(model);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span params;
    char *text;

    if (size < 2)
        return 0;
    text = malloc(size > 2 ? size - 2 : 1);
    FUZZ_CHECK(text != NULL);
    memcpy(text, data + 2, size - 2);
    params = (struct span){.at = text, .length = size - 2};
    // Nothing else comes so far: it is JSON, without spaces around it, and an array or an object.
    if (params.length > 0 && (text[0] == '[' || text[0] == '{') &&
        (text[params.length - 1] == ']' || text[params.length - 1] == '}') &&
        scanner_check(params, DEPTH_MAX) == SCAN_OK)
        take_plan((data[0] & 1) != 0 ? SPAN(MAP_METHOD) : SPAN(GATHER_METHOD), params, data[1], 1);
    free(text);
    return 0;
}
