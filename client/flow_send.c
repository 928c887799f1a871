// The way of a job to the daemon, one by one or in batches.
#include "client/flow_state.h"
#include "common/clock.h"
#include "common/errors.h"
#include "common/limits.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define ENVELOPE_SIZE 80 // what a request has around its texts, or more

static struct offload_call
call_of(struct window_place *place)
{
    const struct flow *flow = place->owner;

    return (struct offload_call){
        .method = place->job.method.at,
        .method_length = place->job.method.length,
        .params = flow->plan->keeps_params ? NULL : place->job.params.at,
        .params_length = flow->plan->keeps_params ? 0 : place->job.params.length,
        .options = place->job.options.at != NULL ? place->job.options.at : flow->plan->call_options,
        .reply = flow_reply_cb,
        .context = place,
    };
}

static void
note_start(struct job *job)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    job->start_seconds = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
    job->started_us = clock_us();
    job->due_us = 0;
}

// A connection that has ended says so itself, once.
static void
check_sent(struct flow *flow, int error)
{
    if (error != 0 && error != -ENOTCONN && !flow->over)
        flow_end(flow, reach_report(&flow->reach, error));
}

void
flow_send_batch(struct flow *flow)
{
    unsigned count = flow->batch_count;
    struct offload_call *calls;
    uint64_t *ids;

    if (count == 0)
        return;
    flow->batch_count = 0;
    flow->batch_bytes = 0;
    calls = calloc(count, sizeof(*calls));
    ids = calloc(count, sizeof(*ids));
    for (unsigned i = 0; calls != NULL && i < count; i++)
        calls[i] = call_of(flow->batch[i]);
    if (calls != NULL && ids != NULL)
        check_sent(flow, offload_gather(flow->reach.offload, calls, count, ids));
    else
        flow_end_no_memory(flow);
    for (unsigned i = 0; ids != NULL && i < count; i++)
        flow->batch[i]->job.id = ids[i];
    free(calls);
    free(ids);
}

// What would make the batch longer than the daemon's limit goes into the next.
static void
add_to_batch(struct flow *flow, struct window_place *place, size_t length)
{
    if (flow->batch_bytes + length > LIMIT_LINE_MAX)
        flow_send_batch(flow);
    flow->batch[flow->batch_count++] = place;
    flow->batch_bytes += length;
    if (flow->batch_count == flow->plan->batch_max)
        flow_send_batch(flow);
}

// A request beyond the daemon's limit would be answered without its id: it is refused here, where
// its record is known.
void
flow_send(struct flow *flow, struct window_place *place)
{
    struct job *job = &place->job;
    size_t length = job->method.length + job->params.length + job->options.length +
                    span_of(flow->plan->call_options).length + ENVELOPE_SIZE;

    note_start(job);
    if (length > LIMIT_LINE_MAX) {
        flow_settle_mistake(flow, place, ERROR_INVALID_REQUEST, "the request is longer than 4 MiB");
    } else if (flow->plan->batch_max > 1) {
        add_to_batch(flow, place, length);
    } else {
        struct offload_call call = call_of(place);

        check_sent(flow, offload_call(flow->reach.offload, &call, &job->id));
    }
}
