// What a job's sink was told, for the tests of the dispatcher (see fixture.h).
#ifndef OFFLOAD_TESTS_UNIT_DISPATCHER_RESULT_H
#define OFFLOAD_TESTS_UNIT_DISPATCHER_RESULT_H

#include "common/clock.h"
#include "tests/unit/dispatcher/fixture.h"

#include <string.h>

struct result {
    int times; // 1, once it has ended
    enum job_state state;
    int64_t at_us; // monotonic
    char body[512];
};

static inline void
result_finished_cb(void *context, const struct outcome *outcome)
{
    struct result *result = context;

    result->times++;
    result->state = outcome->state;
    result->at_us = clock_us();
    snprintf(result->body, sizeof(result->body), "%.*s", (int)outcome->body.length,
             outcome->body.at);
}

// A job that has not been submitted yet.
static inline struct job *
result_job(struct result *result, const char *params)
{
    static const struct job_sink sink = {.finished = result_finished_cb};
    struct job *job = job_new(span_of(params), &sink, result);

    memset(result, 0, sizeof(*result));
    assert_non_null(job);
    return job;
}

// It has ended so, once, and the text of it has this part.
static inline void
check(const struct result *result, enum job_state state, const char *part)
{
    assert_int_equal(result->times, 1);
    assert_int_equal(result->state, state);
    if (strstr(result->body, part) == NULL)
        fail_msg("%s is not in %s", part, result->body);
}

static inline void
await(struct house *house, struct result *result, enum job_state state, const char *part)
{
    LOOP_UNTIL(&house->loop, result->times > 0);
    check(result, state, part);
}

#endif
