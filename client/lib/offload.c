// The functions of offload.h but the waiting ones (wait.c); what comes back is in answers.c.
#include "client/lib/offload.h"

#include "client/lib/batch.h"
#include "client/lib/connect.h"
#include "client/lib/object.h"
#include "client/lib/request.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

void
object_destroy(struct offload *offload)
{
    if (offload == NULL)
        return;
    connection_free(offload->connection);
    calls_done(&offload->calls);
    free(offload->refusal);
    if (offload->owns_base && offload->base != NULL)
        event_base_free(offload->base);
    free(offload);
}

static void
name_peer(int fd, char into[ADDRESS_TEXT_MAX])
{
    struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
    socklen_t length = sizeof(peer);
    struct address address;

    if (getpeername(fd, (struct sockaddr *)&peer, &length) != 0)
        peer.ss_family = AF_UNIX;
    address_from_sockaddr((struct sockaddr *)&peer, length, &address);
    address_format(&address, into);
}

int
offload_adopt(int fd, struct event_base *base, const struct offload_events *events, void *context,
              struct offload **ret)
{
    struct offload *offload;
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return -errno;
    offload = calloc(1, sizeof(*offload));
    if (offload == NULL)
        return -ENOMEM;
    offload->owns_base = base == NULL;
    offload->base = base != NULL ? base : event_base_new();
    if (events != NULL)
        offload->events = *events;
    offload->context = context;
    name_peer(fd, offload->address);
    if (offload->base != NULL)
        offload->connection = connection_new(offload->base, fd, answers_handlers(), offload);
    if (offload->connection == NULL) {
        object_destroy(offload);
        return -ENOMEM;
    }
    *ret = offload;
    return 0;
}

int
offload_connect(const char *address, struct event_base *base, const struct offload_events *events,
                void *context, struct offload **ret)
{
    char text[ADDRESS_TEXT_MAX];
    int fd = connect_text(address, text);
    int error;

    if (fd < 0)
        return fd;
    error = offload_adopt(fd, base, events, context, ret);
    if (error != 0)
        close(fd);
    else
        memcpy((*ret)->address, text, sizeof(text));
    return error;
}

void
offload_free(struct offload *offload)
{
    if (offload == NULL)
        return;
    connection_stop(offload->connection);
    offload->freed = true;
    if (!offload->waiting && !connection_is_busy(offload->connection))
        object_destroy(offload);
}

// Notes the call under the next id, or returns false.
static bool
note_call(struct offload *offload, const struct offload_call *call)
{
    struct pending_call *pending = calls_add(&offload->calls, offload->last_id + 1);

    if (pending == NULL)
        return false;
    offload->last_id++;
    pending->reply = call->reply;
    pending->progress = call->progress;
    pending->context = call->context;
    return true;
}

// Takes the last calls back: they were not sent.
static void
forget_calls(struct offload *offload, uint64_t last_kept)
{
    offload->last_id = last_kept;
    while (offload->calls.last != NULL && offload->calls.last->id > last_kept)
        calls_remove(&offload->calls, offload->calls.last);
}

int
offload_call(struct offload *offload, const struct offload_call *call, uint64_t *ret_id)
{
    uint64_t before = offload->last_id;
    struct request request;
    int error;

    if (offload->closed || offload->freed)
        return -ENOTCONN;
    error = request_compose(call, before + 1, &request);
    if (error != 0)
        return error;
    if (!note_call(offload, call) ||
        !connection_send(offload->connection, request.pieces, request.count))
        error = -ENOMEM;
    request_done(&request);
    if (error != 0) {
        forget_calls(offload, before);
        return error;
    }
    offload->unanswered++;
    if (ret_id != NULL)
        *ret_id = offload->last_id;
    return 0;
}

static int
add_to_batch(struct offload *offload, struct batch *batch, const struct offload_call *call)
{
    struct request request;
    int error = request_compose(call, offload->last_id + 1, &request);

    if (error != 0)
        return error;
    if (!batch_add(batch, request.pieces, request.count) || !note_call(offload, call))
        error = -ENOMEM;
    request_done(&request);
    return error;
}

static bool
send_batch(struct offload *offload, struct batch *batch)
{
    struct iovec piece;
    bool sent;

    piece.iov_base = batch_finish(batch, &piece.iov_len);
    sent = piece.iov_base != NULL && connection_send(offload->connection, &piece, 1);
    free(piece.iov_base);
    return sent;
}

int
offload_gather(struct offload *offload, const struct offload_call *calls, size_t count,
               uint64_t *ret_ids)
{
    uint64_t before = offload->last_id;
    struct batch batch = {0};
    int error = count == 0 ? -EINVAL : 0;

    if (offload->closed || offload->freed)
        return -ENOTCONN;
    for (size_t i = 0; i < count && error == 0; i++)
        error = add_to_batch(offload, &batch, &calls[i]);
    if (error == 0 && !send_batch(offload, &batch))
        error = -ENOMEM;
    batch_done(&batch);
    if (error != 0) {
        forget_calls(offload, before);
        return error;
    }
    offload->unanswered++;
    for (size_t i = 0; ret_ids != NULL && i < count; i++)
        ret_ids[i] = before + 1 + i;
    return 0;
}

int
offload_notify(struct offload *offload, const struct offload_call *call)
{
    struct request request;
    int error;

    if (offload->closed || offload->freed)
        return -ENOTCONN;
    error = request_compose(call, 0, &request);
    if (error != 0)
        return error;
    if (!connection_send(offload->connection, request.pieces, request.count))
        error = -ENOMEM;
    request_done(&request);
    return error;
}

int
offload_cancel(struct offload *offload, uint64_t id)
{
    char params[48];
    struct offload_call call = {.method = "$/cancelRequest", .params = params};

    if (offload->closed || offload->freed)
        return -ENOTCONN;
    if (calls_find(&offload->calls, id) == NULL)
        return -ENOENT;
    snprintf(params, sizeof(params), "{\"id\":%llu}", (unsigned long long)id);
    return offload_notify(offload, &call);
}

void
offload_finish(struct offload *offload)
{
    offload->finished = true;
    connection_finish(offload->connection);
}

size_t
offload_in_flight(const struct offload *offload)
{
    return offload->calls.count;
}

size_t
offload_unsent(const struct offload *offload)
{
    return connection_pending(offload->connection);
}

const char *
offload_address(const struct offload *offload)
{
    return offload->address;
}

const char *
offload_problem(const struct offload *offload)
{
    return offload->closed ? offload->problem : NULL;
}

const char *
offload_address_problem(const char *address)
{
    struct address parsed;

    return address_parse(address, &parsed);
}

void
offload_set_answer_max(struct offload *offload, size_t bytes)
{
    connection_set_line_max(offload->connection, bytes);
}
