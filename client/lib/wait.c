// The waiting functions of offload.h: they run the loop until something has come.
#include "client/lib/object.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>

// A wait under way. `done` may be set by a callback.
struct wait {
    struct offload *offload;
    bool passed; // its deadline
    bool done;
};

static void
deadline_cb(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    ((struct wait *)context)->passed = true;
}

static int
run(struct wait *wait, bool (*is_done)(const struct wait *wait))
{
    const struct offload *offload = wait->offload;

    while (!is_done(wait)) {
        if (offload->freed)
            return -ECANCELED;
        if (offload->closed)
            return offload->error != 0 ? offload->error : -ENOTCONN;
        if (wait->passed)
            return -ETIMEDOUT;
        if (event_base_loop(offload->base, EVLOOP_ONCE) < 0)
            return -EBUSY;
    }
    return 0;
}

static int
run_with_deadline(struct wait *wait, bool (*is_done)(const struct wait *wait), int timeout_ms)
{
    struct timeval timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000L};
    struct event *timer;
    int error;

    if (timeout_ms < 0)
        return run(wait, is_done);
    timer = evtimer_new(wait->offload->base, deadline_cb, wait);
    if (timer == NULL || evtimer_add(timer, &timeout) != 0)
        error = -ENOMEM;
    else
        error = run(wait, is_done);
    if (timer != NULL)
        event_free(timer);
    return error;
}

// Waiting inside a callback would run the loop within itself.
static int
wait_for(struct wait *wait, bool (*is_done)(const struct wait *wait), int timeout_ms)
{
    struct offload *offload = wait->offload;
    int error;

    if (offload->waiting || connection_is_busy(offload->connection))
        return -EBUSY;
    offload->waiting = true;
    error = run_with_deadline(wait, is_done, timeout_ms);
    offload->waiting = false;
    return error;
}

static void
destroy_if_freed(struct offload *offload)
{
    if (offload->freed)
        object_destroy(offload);
}

// A broken connection settles all calls; that does not make it a success.
static bool
all_is_over(const struct wait *wait)
{
    const struct offload *offload = wait->offload;

    if (offload->calls.count > 0 || offload->freed || offload->error != 0 || offload->lost)
        return false;
    return offload->closed || (offload_unsent(offload) == 0 && !offload->finished);
}

int
offload_wait(struct offload *offload, int timeout_ms)
{
    struct wait wait = {.offload = offload};
    int error = wait_for(&wait, all_is_over, timeout_ms);

    if (error != -EBUSY)
        destroy_if_freed(offload);
    return error;
}

struct waited_call {
    struct wait wait;                // first: is_done gets it
    const struct offload_call *call; // with the user's context
    struct offload_answer answer;
    int error;
};

static void
keep_answer_cb(void *context, const struct offload_reply *reply)
{
    struct waited_call *call = context;

    call->wait.done = true;
    if (reply->outcome == OFFLOAD_LOST) {
        call->error = reply->code;
        return;
    }
    call->answer = (struct offload_answer){reply->outcome, reply->code, NULL, reply->length};
    call->answer.json = malloc(reply->length + 1);
    if (call->answer.json != NULL)
        memcpy(call->answer.json, reply->json, reply->length + 1);
    else
        call->error = -ENOMEM;
}

static void
progress_cb(void *context, const char *json, size_t length)
{
    const struct offload_call *call = ((struct waited_call *)context)->call;

    call->progress(call->context, json, length);
}

static bool
call_is_done(const struct wait *wait)
{
    return wait->done;
}

// Nobody waits for it any more: its callback must not come, since its context goes.
static void
give_up(struct offload *offload, uint64_t id)
{
    struct pending_call *call = calls_find(&offload->calls, id);

    if (call == NULL)
        return;
    call->reply = NULL;
    call->progress = NULL;
    (void)!offload_cancel(offload, id); // out of memory: it then runs for nothing
}

int
offload_call_wait(struct offload *offload, const struct offload_call *call, int timeout_ms,
                  struct offload_answer *ret)
{
    struct waited_call waited = {.wait.offload = offload, .call = call};
    struct offload_call begun = *call;
    uint64_t id;
    int error;

    if (offload->waiting || connection_is_busy(offload->connection))
        return -EBUSY;
    begun.reply = keep_answer_cb;
    begun.progress = call->progress != NULL ? progress_cb : NULL;
    begun.context = &waited;
    error = offload_call(offload, &begun, &id);
    if (error != 0)
        return error;
    error = wait_for(&waited.wait, call_is_done, timeout_ms);
    if (error == 0)
        error = waited.error;
    else
        give_up(offload, id);
    destroy_if_freed(offload);
    if (error == 0)
        *ret = waited.answer;
    return error;
}

void
offload_answer_done(struct offload_answer *answer)
{
    free(answer->json);
    *answer = (struct offload_answer){0};
}
