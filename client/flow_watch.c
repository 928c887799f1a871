// What a flow does now and then, by the clock: looks at the jobs that run, and shows how far it is.
#include "client/flow_state.h"

#define LOOK_US 50000

struct meter_counts
flow_meter(const struct flow *flow)
{
    const struct flow_counts *counts = &flow->counts;
    uint64_t total = flow->input_ended ? counts->taken : input_total(flow->input);

    return (struct meter_counts){
        .succeeded = counts->succeeded,
        .failed = counts->failed,
        .running = window_open(flow->window),
        .total = total > counts->skipped ? total - counts->skipped : 0,
    };
}

void
flow_show_progress(struct flow *flow)
{
    struct meter_counts counts;

    if (flow->progress == NULL || flow->over)
        return;
    counts = flow_meter(flow);
    progress_show(flow->progress, &counts);
}

static void
progress_cb(void *context)
{
    struct flow *flow = context;
    struct meter_counts counts = flow_meter(flow);

    progress_tick(flow->progress, &counts);
    loop_timer_set(flow->progress_timer, PROGRESS_TICK_US);
}

// Looks at all that run, now and then.
static void
look_cb(void *context)
{
    struct flow *flow = context;

    for (unsigned i = 0; !flow->over && i < flow->plan->in_flight; i++) {
        struct window_place *place = window_at(flow->window, i);

        if (place == NULL)
            continue;
        if (flow->plan->speaks(flow->plan->context, &place->job))
            progress_hide_for_errors(flow->progress);
        flow->plan->look(flow->plan->context, flow->output, &place->job);
    }
    output_push(flow->output);
    flow_show_progress(flow);
    loop_timer_set(flow->look_timer, LOOK_US);
}

bool
flow_watch(struct flow *flow)
{
    const struct flow_plan *plan = flow->plan;

    if (plan->look != NULL) {
        flow->look_timer = loop_timer_new(flow->base, look_cb, flow);
        if (flow->look_timer == NULL)
            return false;
        loop_timer_set(flow->look_timer, LOOK_US);
    }
    if (plan->progress != PROGRESS_NONE) {
        flow->progress = progress_new(plan->progress);
        flow->progress_timer = loop_timer_new(flow->base, progress_cb, flow);
        if (flow->progress == NULL || flow->progress_timer == NULL)
            return false;
        loop_timer_set(flow->progress_timer, PROGRESS_TICK_US);
    }
    return true;
}
