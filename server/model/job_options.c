// See job_options.h. One table of options, one function per option.
#include "model/job_options.h"

#include "common/scanner.h"

#define TIMEOUT_MAX_SECONDS 31536000 // a year

static bool
fail(struct job_options_fault *ret_fault, const char *name, const char *expected,
     struct span member, const char *reason)
{
    *ret_fault = (struct job_options_fault){
        .argument = {.name = name, .expected = expected},
        .fault = {.member = member, .reason = reason},
    };
    return false;
}

// A member that is none of those expected.
static bool
fail_unknown(struct job_options_fault *ret_fault, const char *prefix, const char *expected,
             struct span member, const char *reason)
{
    fail(ret_fault, "", expected, member, reason);
    ret_fault->fault.prefix = prefix;
    return false;
}

// ---- timeouts -------------------------------------------------------------------------------

static const struct argument timeout_arguments[TIMEOUT_COUNT] = {
    [TIMEOUT_QUEUE] = {"options.timeouts.queue", "seconds above 0, up to 31536000"},
    [TIMEOUT_RUN] = {"options.timeouts.run", "seconds above 0, up to 31536000"},
    [TIMEOUT_SILENCE] = {"options.timeouts.silence", "seconds above 0, up to 31536000"},
    [TIMEOUT_TOTAL] = {"options.timeouts.total", "seconds above 0, up to 31536000"},
};

static bool
parse_timeout(struct scanner *scanner, enum timeout_kind timeout, struct timeouts *into,
              struct job_options_fault *ret_fault)
{
    const struct argument *argument = &timeout_arguments[timeout];
    struct argument_fault fault;
    enum json_kind kind;
    struct span value;
    double seconds;

    if (!scanner_value(scanner, &kind, &value))
        return fail(ret_fault, "options", "JSON", span_of("options"), "not JSON");
    if (!argument_number(argument, kind, value, TIMEOUT_MAX_SECONDS, &seconds, &fault)) {
        *ret_fault = (struct job_options_fault){.argument = *argument, .fault = fault};
        return false;
    }
    into->us[timeout] = (int64_t)(seconds * 1e6 + 0.999999);
    if (into->us[timeout] == 0)
        return fail(ret_fault, argument->name, argument->expected, span_of(argument->name), "zero");
    return true;
}

static bool
parse_timeouts(struct scanner *scanner, struct job_options *options,
               struct job_options_fault *ret_fault)
{
    static const char expected[] = "queue, run, silence and total";
    enum json_kind kind;
    struct span name;

    if (!scanner_peek(scanner, &kind) || kind != JSON_KIND_OBJECT)
        return fail(ret_fault, "options.timeouts", "an object", span_of("options.timeouts"),
                    "wrong type");
    if (!scanner_enter(scanner, JSON_KIND_OBJECT))
        return false;
    while (scanner_member(scanner, &name)) {
        int timeout = 0;

        while (timeout < TIMEOUT_COUNT &&
               !scanner_name_is(name, timeout_name((enum timeout_kind)timeout)))
            timeout++;
        if (timeout == TIMEOUT_COUNT)
            return fail_unknown(ret_fault, "options.timeouts.", expected, name, "unknown timeout");
        if (!parse_timeout(scanner, (enum timeout_kind)timeout, &options->timeouts, ret_fault))
            return false;
    }
    return true;
}

// ---- the others -----------------------------------------------------------------------------

static bool
parse_retries(struct scanner *scanner, struct job_options *options,
              struct job_options_fault *ret_fault)
{
    static const struct argument argument = {"options.retries", "a whole number from 0 to 100"};
    struct argument_fault fault;
    unsigned long long retries;
    enum json_kind kind;
    struct span value;

    if (!scanner_value(scanner, &kind, &value))
        return false;
    if (!argument_whole_number(&argument, kind, value, JOB_RETRIES_MAX, &retries, &fault)) {
        *ret_fault = (struct job_options_fault){.argument = argument, .fault = fault};
        return false;
    }
    options->retries = (unsigned)retries;
    return true;
}

static bool
parse_priority(struct scanner *scanner, struct job_options *options,
               struct job_options_fault *ret_fault)
{
    static const struct argument argument = {"options.priority", "a whole number from -10 to 10"};
    struct argument_fault fault;
    unsigned long long steps;
    enum json_kind kind;
    struct span value;
    bool below;

    if (!scanner_value(scanner, &kind, &value))
        return false;
    below = kind == JSON_KIND_NUMBER && value.at[0] == '-';
    if (below)
        value = (struct span){.at = value.at + 1, .length = value.length - 1};
    if (!argument_whole_number(&argument, kind, value, JOB_PRIORITY_MAX, &steps, &fault)) {
        if (below && strcmp(fault.reason, "too large") == 0)
            fault.reason = "too small";
        *ret_fault = (struct job_options_fault){.argument = argument, .fault = fault};
        return false;
    }
    options->priority = below ? -(int)steps : (int)steps;
    return true;
}

// Seconds from 0 to a year; never rounded down, so that little is not nothing.
static bool
parse_seconds(struct scanner *scanner, const struct argument *argument, int64_t *ret_us,
              struct job_options_fault *ret_fault)
{
    struct argument_fault fault;
    enum json_kind kind;
    struct span value;
    double seconds;

    if (!scanner_value(scanner, &kind, &value))
        return false;
    if (!argument_number(argument, kind, value, JOB_DELAY_MAX_SECONDS, &seconds, &fault)) {
        *ret_fault = (struct job_options_fault){.argument = *argument, .fault = fault};
        return false;
    }
    *ret_us = (int64_t)(seconds * 1e6 + 0.999999);
    return true;
}

static bool
parse_delay(struct scanner *scanner, struct job_options *options,
            struct job_options_fault *ret_fault)
{
    static const struct argument argument = {"options.delay", "seconds from 0 to 31536000"};

    return parse_seconds(scanner, &argument, &options->delay_us, ret_fault);
}

static bool
parse_max_wait(struct scanner *scanner, struct job_options *options,
               struct job_options_fault *ret_fault)
{
    static const struct argument argument = {"options.max_wait", "seconds from 0 to 31536000"};

    return parse_seconds(scanner, &argument, &options->max_wait_us, ret_fault);
}

static bool
parse_progress(struct scanner *scanner, struct job_options *options,
               struct job_options_fault *ret_fault)
{
    enum json_kind kind;
    struct span value;

    if (!scanner_value(scanner, &kind, &value))
        return false;
    options->progress = kind != JSON_KIND_FALSE;
    options->token = (struct span){0};
    if (kind == JSON_KIND_STRING || kind == JSON_KIND_NUMBER)
        options->token = value;
    else if (kind != JSON_KIND_TRUE && kind != JSON_KIND_FALSE)
        return fail(ret_fault, "options.progress", "true, false, a string or a number",
                    span_of("options.progress"), "wrong type");
    return true;
}

static bool
parse_stdin(struct scanner *scanner, struct job_options *options,
            struct job_options_fault *ret_fault)
{
    enum json_kind kind;

    if (!scanner_value(scanner, &kind, &options->input))
        return false;
    if (kind != JSON_KIND_STRING)
        return fail(ret_fault, "options.stdin", "a string", span_of("options.stdin"), "wrong type");
    return true;
}

static const struct {
    const char *name;
    bool (*parse)(struct scanner *scanner, struct job_options *options,
                  struct job_options_fault *ret_fault);
} table[] = {
    {"timeouts", parse_timeouts}, {"retries", parse_retries},   {"progress", parse_progress},
    {"stdin", parse_stdin},       {"priority", parse_priority}, {"delay", parse_delay},
    {"max_wait", parse_max_wait},
};
#define OPTIONS_EXPECTED "timeouts, retries, progress, stdin, priority, delay and max_wait"
#define TABLE_SIZE       (sizeof(table) / sizeof(table[0]))

bool
job_options_parse(struct span raw, struct job_options *ret, struct job_options_fault *ret_fault)
{
    struct job_options options = {.max_wait_us = JOB_WAIT_ANY};
    struct scanner scanner;
    struct span name;

    scanner_init(&scanner, raw, SCANNER_DEPTH_LIMIT);
    if (!span_present(raw)) {
        *ret = options;
        return true;
    }
    fail(ret_fault, "options", "an object", span_of("options"), "not an object");
    if (!scanner_enter(&scanner, JSON_KIND_OBJECT))
        return false;
    while (scanner_member(&scanner, &name)) {
        size_t i = 0;

        while (i < TABLE_SIZE && !scanner_name_is(name, table[i].name))
            i++;
        if (i == TABLE_SIZE)
            return fail_unknown(ret_fault, "options.", OPTIONS_EXPECTED, name, "unknown option");
        if (!table[i].parse(&scanner, &options, ret_fault))
            return false;
    }
    if (scanner.status != SCAN_OK || !scanner_finish(&scanner))
        return false;
    *ret = options;
    return true;
}
