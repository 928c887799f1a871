// The `options` of a request: how its job is to be treated. Plain data.
#ifndef OFFLOAD_MODEL_JOB_OPTIONS_H
#define OFFLOAD_MODEL_JOB_OPTIONS_H

#include "common/arguments.h"
#include "common/span.h"
#include "model/job.h"
#include "model/timeouts.h"

#include <stdbool.h>
#include <stdint.h>

#define JOB_RETRIES_MAX       100
#define JOB_DELAY_MAX_SECONDS 31536000 // a year

struct job_options {
    struct timeouts timeouts; // what the request asks for, 0: nothing
    unsigned retries;         // how often the job may run again after its worker died
    int priority;             // from -JOB_PRIORITY_MAX to JOB_PRIORITY_MAX
    int64_t delay_us;         // how long after its arrival the job may be queued
    int64_t max_wait_us;      // refused if it is expected to wait longer; or JOB_WAIT_ANY
    bool progress;            // the session wants to hear of it
    struct span input;        // raw JSON string for the stdin of a command; or absent
    struct span token;        // raw JSON; absent: the request's own id
};

// What was wrong, for argument_error.
struct job_options_fault {
    struct argument argument;
    struct argument_fault fault;
};

// `raw` is the JSON object, or absent. False with *ret_fault filled if anything in it is unknown or
// out of bounds; *ret is then untouched.
bool
job_options_parse(struct span raw, struct job_options *ret, struct job_options_fault *ret_fault);

#endif
