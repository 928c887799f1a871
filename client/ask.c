// See ask.h.
#include "client/ask.h"

#include "client/connection.h"
#include "client/loop.h"
#include "client/options.h"
#include "client/reach.h"
#include "client/report.h"
#include "common/errors.h"
#include "common/scanner.h"

#include <stdio.h>
#include <stdlib.h>

struct ask {
    struct reach reach;
    struct event_base *base;
    struct connection *connection;
    unsigned asked; // requests so far; the last one's id
    int status;     // of the request under way
    bool waiting;   // for its answer
    bool closed;    // by the daemon
    bool notifying; // nothing but the end is awaited
    struct ask_reply *reply;
    void (*progress)(struct span value); // NULL: nobody wants to know
};

static void
settle(struct ask *ask, int status)
{
    if (!ask->waiting)
        return;
    ask->waiting = false;
    ask->status = status;
    loop_stop(ask->base);
}

// Keeps the line, with the spans moved to the copy.
static bool
keep(struct ask_reply *reply, const struct message *message, struct span line)
{
    bool failed = message->kind == MESSAGE_ERROR;
    struct span value = failed ? message->error : message->result;
    char *copy = malloc(line.length + 1);

    if (copy == NULL)
        return false;
    memcpy(copy, line.at, line.length);
    copy[line.length] = '\0';
    *reply = (struct ask_reply){.line = copy, .length = line.length, .failed = failed};
    reply->value = (struct span){copy + (value.at - line.at), value.length};
    return true;
}

// Only one request is under way: an error without an id is the answer to it as well (the daemon
// could not tell the id of a line that it refused).
static void
response_cb(void *context, const struct messages *messages, struct span line)
{
    struct ask *ask = context;
    const struct message *message = &messages->items[0];
    uint64_t id = 0;

    if (!ask->waiting || messages->count != 1)
        return;
    if (ask->notifying) {
        settle(ask, message->kind == MESSAGE_ERROR ? report_error(NULL, message->error)
                                                   : REPORT_STATUS_PROTOCOL);
        return;
    }
    if (connection_id(message->id, &id) ? id != ask->asked : !span_is(message->id, "null"))
        return;
    settle(ask, keep(ask->reply, message, line) ? 0 : report_no_memory());
}

// The `value` of a $/progress.
static void
notification_cb(void *context, const struct message *message)
{
    struct ask *ask = context;
    struct scanner scanner;
    enum json_kind kind;
    struct span value;
    struct span name;

    if (ask->progress == NULL || !span_is(message->method, "$/progress") ||
        !span_present(message->params))
        return;
    scanner_init(&scanner, message->params, SCANNER_DEPTH_LIMIT);
    if (!scanner_enter(&scanner, JSON_KIND_OBJECT))
        return;
    while (scanner_member(&scanner, &name) && scanner_value(&scanner, &kind, &value))
        if (scanner_name_is(name, "value"))
            ask->progress(value);
}

static void
closed_cb(void *context, int status, const char *why)
{
    struct ask *ask = context;

    ask->closed = true;
    if (!ask->waiting)
        return;
    if (status == 0 && ask->notifying) {
        settle(ask, 0);
        return;
    }
    report_problem("%s: %s", ask->reach.address,
                   status == 0 ? "the daemon closed the connection without an answer" : why);
    settle(ask, status == 0 ? EXIT_STATUS_UNAVAILABLE : status);
}

static const struct connection_handlers handlers = {
    .response = response_cb,
    .notification = notification_cb,
    .closed = closed_cb,
};

int
ask_open(const struct options *options, struct ask **ret)
{
    struct ask *ask = calloc(1, sizeof(*ask));
    int status;

    if (ask == NULL)
        return report_no_memory();
    ask->reach.fd = -1;
    status = reach_open(options, &ask->reach);
    if (status != 0) {
        free(ask);
        return status;
    }
    ask->base = loop_new();
    if (ask->base != NULL)
        ask->connection = connection_new(ask->base, ask->reach.fd, &handlers, ask);
    if (ask->connection == NULL) {
        ask_close(ask);
        return report_no_memory();
    }
    ask->reach.fd = -1; // the connection has it
    *ret = ask;
    return 0;
}

void
ask_close(struct ask *ask)
{
    if (ask == NULL)
        return;
    connection_free(ask->connection);
    loop_free(ask->base);
    reach_close(&ask->reach);
    free(ask);
}

void
ask_on_progress(struct ask *ask, void (*progress)(struct span value))
{
    ask->progress = progress;
}

const char *
ask_address(const struct ask *ask)
{
    return ask->reach.address;
}

// Runs the loop until the answer, the end or the timeout.
static int
await(struct ask *ask, int timeout_ms)
{
    if (ask->closed) {
        report_problem("%s: the daemon closed the connection", ask->reach.address);
        return EXIT_STATUS_UNAVAILABLE;
    }
    ask->waiting = true;
    if (!loop_run(ask->base, timeout_ms)) {
        report_problem("%s: no answer in time", ask->reach.address);
        settle(ask, EXIT_STATUS_UNAVAILABLE);
    }
    return ask->status;
}

int
ask_request(struct ask *ask, struct span method, struct span params, int timeout_ms,
            struct ask_reply *ret)
{
    struct iovec pieces[MESSAGE_IOV_MAX];
    char id[16];
    int count;

    snprintf(id, sizeof(id), "%u", ++ask->asked);
    count = message_request_iov(pieces, span_of(id), method, params);
    if (!connection_send(ask->connection, pieces, count))
        return report_no_memory();
    ask->reply = ret;
    return await(ask, timeout_ms);
}

void
ask_reply_done(struct ask_reply *reply)
{
    free(reply->line);
    *reply = (struct ask_reply){0};
}

int
ask_notify(struct ask *ask, struct span method, struct span params)
{
    struct iovec pieces[MESSAGE_IOV_MAX];
    int count = message_request_iov(pieces, (struct span){0}, method, params);

    if (!connection_send(ask->connection, pieces, count))
        return report_no_memory();
    connection_finish(ask->connection);
    ask->notifying = true;
    return await(ask, ASK_CONTROL_TIMEOUT_MS);
}

int
ask_control(struct ask *ask, const char *method, struct ask_reply *ret)
{
    struct ask_reply reply = {0};
    int status =
        ask_request(ask, span_of(method), (struct span){0}, ASK_CONTROL_TIMEOUT_MS, &reply);

    if (status == 0 && reply.failed) {
        status = report_error(NULL, reply.value);
        ask_reply_done(&reply);
    }
    if (status == 0)
        *ret = reply;
    return status;
}
