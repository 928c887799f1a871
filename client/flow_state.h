// The state of a flow, for the files that make it up: flow.c takes from the input and runs,
// flow_send.c sends, flow_end.c deals with what has ended.
#ifndef OFFLOAD_CLIENT_FLOW_STATE_H
#define OFFLOAD_CLIENT_FLOW_STATE_H

#include "client/flow.h"
#include "client/loop.h"
#include "client/output.h"
#include "client/reach.h"
#include "client/window.h"

// What has become of the jobs.
struct flow_counts {
    uint64_t taken; // from the input, skipped ones too
    uint64_t skipped;
    uint64_t succeeded;
    uint64_t failed;
    uint64_t cancelled; // by this flow
};

enum flow_course {
    FLOW_RUNNING,
    FLOW_STOPPING,   // no more is taken, what runs may end
    FLOW_CANCELLING, // what runs is cancelled
};

struct flow {
    const struct flow_plan *plan;
    struct reach reach;
    struct event_base *base;
    struct loop_alarm *retry_timer;
    struct loop_alarm *look_timer; // NULL: nobody wants to look
    struct loop_alarm *progress_timer;
    struct progress *progress; // NULL: none is shown
    struct loop_alarm *interrupt;
    struct input *input;
    struct output *output;
    struct window *window;
    size_t held;                 // bytes of the jobs in the window
    struct window_place **batch; // not sent yet
    unsigned batch_count;
    size_t batch_bytes;
    struct flow_counts counts;
    enum flow_course course;
    bool input_asked; // its callback will come
    bool input_ended;
    bool interrupted;
    bool halted;
    bool pardoned;       // failures do not matter: it was halted by a success
    int64_t next_due_us; // when the retry timer rings; 0: it is not set
    bool over;           // the loop is to end
    int status;          // of the first failed job
    int broken;          // the flow itself failed: takes precedence
};

// Ends the flow; only the first reason counts.
void flow_end(struct flow *flow, int broken);
void flow_end_no_memory(struct flow *flow);

// ---- flow_watch.c ----------------------------------------------------------------------------

// How far it is.
struct meter_counts flow_meter(const struct flow *flow);
// Brings back what was hidden before something was written.
void flow_show_progress(struct flow *flow);
// Sets the timers that the plan needs. False when out of memory.
bool flow_watch(struct flow *flow);

// ---- flow_send.c -----------------------------------------------------------------------------

// Sends the job, or puts it into the batch.
void flow_send(struct flow *flow, struct window_place *place);
void flow_send_batch(struct flow *flow);

// ---- flow_end.c ------------------------------------------------------------------------------

// A job has ended with this outcome.
void flow_settle(struct flow *flow, struct window_place *place, bool failed, struct span outcome);
// With an error of our own making, in the shape of the daemon's.
void
flow_settle_mistake(struct flow *flow, struct window_place *place, int code, const char *reason);

// The callback of a call; its context is the place.
void flow_reply_cb(void *context, const struct offload_reply *reply);
// Sends again what is due; rings the retry timer.
void flow_retry_cb(void *context);
// Takes nothing more; cancels what is under way if told so.
void flow_stop(struct flow *flow, enum flow_course course);

#endif
