// See job.h.
#include "model/job.h"

#include "common/blocks.h"
#include "common/clock.h"

#include <assert.h>
#include <stdlib.h>

static struct blocks blocks = {.kept_max = BLOCKS_KEPT_MAX};

// With room behind it for so many bytes.
static struct job *
job_allocate(size_t room, const struct job_sink *sink, void *sink_context)
{
    struct job *job = blocks_take(&blocks, sizeof(*job) + room);

    if (job != NULL)
        *job = (struct job){
            .state = JOB_QUEUED,
            .sink = sink,
            .sink_context = sink_context,
            .created_us = clock_us(),
            .max_wait_us = JOB_WAIT_ANY,
            .room = room,
        };
    return job;
}

struct job *
job_new(struct span params, const struct job_sink *sink, void *sink_context)
{
    struct job *job = job_allocate(params.length, sink, sink_context);

    if (job != NULL && span_present(params)) {
        char *copy = (char *)(job + 1);

        memcpy(copy, params.at, params.length);
        job->params = (struct span){.at = copy, .length = params.length};
    }
    return job;
}

struct job *
job_new_shared(struct shared_text *text, struct span params, const struct job_sink *sink,
               void *sink_context)
{
    struct job *job = job_allocate(0, sink, sink_context);

    if (job == NULL)
        return NULL;
    job->params = params;
    job->text = shared_text_hold(text);
    return job;
}

void
job_free(struct job *job)
{
    if (job == NULL)
        return;
    shared_text_release(job->text);
    free((char *)job->input.at);
    blocks_give(&blocks, job, sizeof(*job) + job->room);
}

bool
job_set_input(struct job *job, struct span text)
{
    char *copy = malloc(text.length + 1);

    if (copy == NULL)
        return false;
    if (text.length > 0)
        memcpy(copy, text.at, text.length);
    job->input = (struct span){.at = copy, .length = text.length};
    return true;
}

static bool
job_may_become(enum job_state from, enum job_state to)
{
    switch (from) {
    case JOB_DELAYED:
        return to == JOB_QUEUED || to == JOB_FAILED || to == JOB_CANCELLED || to == JOB_TIMED_OUT;
    case JOB_QUEUED:
        return to == JOB_DELAYED || to == JOB_RUNNING || to == JOB_FAILED || to == JOB_CANCELLED ||
               to == JOB_LOST || to == JOB_TIMED_OUT;
    case JOB_RUNNING:
        return to != JOB_RUNNING && to != JOB_DELAYED;
    default:
        return false; // final
    }
}

void
job_set_state(struct job *job, enum job_state state)
{
    if (!job_may_become(job->state, state))
        abort();
    if (state == JOB_RUNNING)
        job->started_us = clock_us();
    if (state == JOB_QUEUED) // its worker died, it runs again
        job->started_us = job->heard_us = 0;
    job->state = state;
}

bool
job_next_timeout(const struct job *job, int64_t *ret_due_us, enum timeout_kind *ret_kind)
{
    return timeouts_next(&job->timeouts, job->created_us, job->created_us + job->delay_us,
                         job->started_us, job->heard_us, ret_due_us, ret_kind);
}

bool
job_is_overdue(const struct job *job, int64_t now_us, enum timeout_kind *ret_kind)
{
    enum timeout_kind kind;
    int64_t due_us;

    if (job->deadline == NULL || !job_next_timeout(job, &due_us, &kind) || due_us > now_us)
        return false;
    *ret_kind = kind;
    return true;
}

void
job_mute(struct job *job)
{
    job->sink = NULL;
}

size_t
job_size(const struct job *job)
{
    return sizeof(*job) + job->params.length + job->input.length;
}

const char *
job_state_name(enum job_state state)
{
    static const char *const names[JOB_STATE_COUNT] = {
        [JOB_QUEUED] = "queued",       [JOB_DELAYED] = "delayed", [JOB_RUNNING] = "running",
        [JOB_SUCCEEDED] = "succeeded", [JOB_FAILED] = "failed",   [JOB_CANCELLED] = "cancelled",
        [JOB_TIMED_OUT] = "timed_out", [JOB_LOST] = "lost",
    };

    return names[state];
}
