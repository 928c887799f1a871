// What a daemon says, handed to those who asked: each answer to its call, the end to all of them.
#include "client/lib/object.h"
#include "common/member.h"
#include "common/scanner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static void end_with(struct offload *offload, int error, const char *why);

// A text of the line as a string: the byte after it has been read already.
static const char *
terminate(struct span text)
{
    char *end = (char *)text.at + text.length;

    *end = '\0';
    return text.at;
}

static void
settle(struct offload *offload, struct pending_call *call, struct offload_reply *reply)
{
    void (*deliver)(void *context, const struct offload_reply *reply) = call->reply;
    void *context = call->context;

    reply->id = call->id;
    calls_remove(&offload->calls, call);
    if (deliver != NULL)
        deliver(context, reply);
}

static int
code_of(struct span error)
{
    int code = 0;

    member_int(member_find(error, "code"), &code);
    return code;
}

// Settles the calls up to `last` alike; their callbacks may begin new ones.
static void
settle_all(struct offload *offload, uint64_t last, const struct offload_reply *alike)
{
    while (!offload->freed && offload->calls.first != NULL && offload->calls.first->id <= last) {
        struct offload_reply reply = *alike;

        settle(offload, offload->calls.first, &reply);
    }
}

static void
settle_refused(struct offload *offload)
{
    struct offload_reply reply = {.outcome = OFFLOAD_ERROR};
    char *text = offload->refusal;

    reply.json = text;
    reply.length = offload->refusal_length;
    reply.code = code_of((struct span){text, reply.length});
    offload->refusal = NULL;
    offload->refused = 0;
    offload->unanswered = 0;
    settle_all(offload, offload->last_id, &reply);
    free(text);
}

static bool
keep_refusal(struct offload *offload, struct span error)
{
    char *copy = malloc(error.length + 1);

    if (copy == NULL)
        return false;
    memcpy(copy, error.at, error.length);
    copy[error.length] = '\0';
    free(offload->refusal);
    offload->refusal = copy;
    offload->refusal_length = error.length;
    offload->refused++;
    return true;
}

// The number that an id is; 0 if it is none of ours.
static uint64_t
id_of(struct span id)
{
    uint64_t number = 0;

    if (id.length > 19)
        return 0;
    for (size_t i = 0; i < id.length; i++) {
        if (id.at[i] < '0' || id.at[i] > '9')
            return 0;
        number = number * 10 + (uint64_t)(id.at[i] - '0');
    }
    return number;
}

static void
take_answer(struct offload *offload, const struct message *message)
{
    bool failed = message->kind == MESSAGE_ERROR;
    struct span value = failed ? message->error : message->result;
    struct pending_call *call = calls_find(&offload->calls, id_of(message->id));
    struct offload_reply reply = {.outcome = failed ? OFFLOAD_ERROR : OFFLOAD_RESULT};

    if (call != NULL) {
        offload->heard = true;
        reply.code = failed ? code_of(value) : 0;
        reply.json = terminate(value);
        reply.length = value.length;
        settle(offload, call, &reply);
    } else if (!failed || !span_is(message->id, "null")) {
        end_with(offload, -EPROTO, "the daemon answered what was not asked");
    } else if (!keep_refusal(offload, message->error)) {
        end_with(offload, -ENOMEM, "out of memory");
    }
}

// The daemon refused whole lines. Once nothing else is without an answer, it is clear whose.
static void
response_cb(void *context, const struct messages *messages)
{
    struct offload *offload = context;
    size_t refused = offload->refused;

    for (size_t i = 0; i < messages->count && !offload->freed && !offload->closed; i++)
        take_answer(offload, &messages->items[i]);
    if (!offload->freed && !offload->closed) {
        if (offload->refused == refused && offload->unanswered > 0)
            offload->unanswered--;
        if (offload->refused > 0 && offload->refused >= offload->unanswered &&
            offload->calls.count > 0)
            settle_refused(offload);
        else if (offload->unanswered == 0 && offload->calls.count > 0)
            end_with(offload, -EPROTO, "the daemon left calls without an answer");
    }
}

static void
take_progress(struct offload *offload, struct span params)
{
    struct span token = member_find(params, "token");
    struct span value = member_find(params, "value");
    struct pending_call *call = calls_find(&offload->calls, id_of(token));

    if (call != NULL && call->progress != NULL && span_present(value))
        call->progress(call->context, terminate(value), value.length);
}

static void
notification_cb(void *context, const struct message *message)
{
    struct offload *offload = context;
    struct span params = message->params;

    if (span_is(message->method, "$/progress"))
        take_progress(offload, params);
    else if (offload->events.notification != NULL)
        offload->events.notification(offload->context, terminate(message->method),
                                     span_present(params) ? terminate(params) : NULL,
                                     params.length);
}

static void
turn_cb(void *context)
{
    struct offload *offload = context;

    if (!offload->freed && offload->events.turn != NULL)
        offload->events.turn(offload->context);
}

// A refusal that no call was left for is the reason why the daemon closed.
static int
note_end(struct offload *offload, int error, const char *why)
{
    bool refused = error == 0 && offload->refusal != NULL && offload->calls.count == 0;

    offload->closed = true;
    offload->error = refused ? -EBADMSG : error;
    if (why == NULL)
        why = "the daemon closed the connection";
    snprintf(offload->problem, sizeof(offload->problem), "%s%s%s", why, refused ? ": " : "",
             refused ? offload->refusal : "");
    return offload->error;
}

// A daemon that is full says so without an id and closes; nothing was answered before.
static void
closed_cb(void *context, int error, const char *why)
{
    struct offload *offload = context;
    struct offload_reply lost = {.outcome = OFFLOAD_LOST};

    if (offload->closed)
        return;
    error = note_end(offload, error, why);
    if (offload->refusal != NULL && !offload->heard)
        settle_refused(offload);
    offload->lost = offload->calls.count > 0;
    lost.code = error != 0 ? error : -ECONNRESET;
    settle_all(offload, UINT64_MAX, &lost);
    if (!offload->freed && offload->events.closed != NULL)
        offload->events.closed(offload->context, error);
}

static void
end_with(struct offload *offload, int error, const char *why)
{
    connection_stop(offload->connection);
    closed_cb(offload, error, why);
}

// The last thing of an event: what a callback freed goes now.
static void
left_cb(void *context)
{
    struct offload *offload = context;

    if (offload->freed && !offload->waiting)
        object_destroy(offload);
}

const struct connection_handlers *
answers_handlers(void)
{
    static const struct connection_handlers handlers = {
        .response = response_cb,
        .notification = notification_cb,
        .turn = turn_cb,
        .closed = closed_cb,
        .left = left_cb,
    };

    return &handlers;
}
