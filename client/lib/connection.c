// See connection.h.
#include "client/lib/connection.h"

#include "common/lines.h"
#include "common/scanner.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

// One read, and so one turn; several requests of a turn leave in one write.
#define READ_SIZE ((size_t)65536)
#define SEND_SIZE ((ev_ssize_t)1 << 20)

// The answer to a batch may be much longer than any line that a daemon accepts; this only keeps a
// peer that never ends its line from taking all memory.
#define ANSWER_MAX ((size_t)1 << 30)

struct connection {
    int fd;
    struct event *readable;
    struct event *writable;
    struct evbuffer *output;
    struct lines lines;
    struct messages messages;
    const struct connection_handlers *handlers;
    void *context;
    bool finishing; // shut the write side when the output is empty
    bool closed;
    bool busy; // an event is under way
};

void
connection_stop(struct connection *connection)
{
    connection->closed = true;
    event_del(connection->readable);
    event_del(connection->writable);
}

static void
close_with(struct connection *connection, int error, const char *why)
{
    if (connection->closed)
        return;
    connection_stop(connection);
    connection->handlers->closed(connection->context, error, why);
}

static void
turn(struct connection *connection)
{
    if (!connection->closed)
        connection->handlers->turn(connection->context);
}

// What the daemon may say beyond responses and notifications is left alone.
static void
deliver(struct connection *connection, char *line, size_t length)
{
    static const struct message_limits limits = {SCANNER_DEPTH_LIMIT, SIZE_MAX};
    struct messages *messages = &connection->messages;
    enum message_status status = messages_parse(messages, line, length, &limits, NULL);

    if (status == MESSAGES_NO_MEMORY) {
        close_with(connection, -ENOMEM, "out of memory");
        return;
    }
    if (status != MESSAGES_OK) {
        close_with(connection, -EPROTO, "the daemon sent a line that is no JSON");
        return;
    }
    for (size_t i = 0; i < messages->count; i++) {
        enum message_kind kind = messages->items[i].kind;

        if (kind == MESSAGE_NOTIFICATION)
            connection->handlers->notification(connection->context, &messages->items[i]);
        if (kind == MESSAGE_REQUEST || kind == MESSAGE_NOTIFICATION)
            return;
        if (kind == MESSAGE_INVALID) {
            close_with(connection, -EPROTO,
                       "the daemon sent a line that is no JSON-RPC 2.0 response");
            return;
        }
    }
    connection->handlers->response(connection->context, messages);
}

static void
deliver_lines(struct connection *connection)
{
    enum lines_result result;
    size_t length;
    char *line;

    while (!connection->closed &&
           (result = lines_next(&connection->lines, &line, &length)) != LINES_MORE) {
        if (result == LINES_TOO_LONG)
            close_with(connection, -EMSGSIZE, "the daemon sent a line that is too long");
        else
            deliver(connection, line, length);
    }
}

static void
lost(struct connection *connection, int error)
{
    char text[128];

    snprintf(text, sizeof(text), "the connection broke: %s", strerror(error));
    close_with(connection, -error, text);
}

static void
receive(struct connection *connection, int fd)
{
    size_t room;
    char *into = lines_room(&connection->lines, READ_SIZE, &room);
    ssize_t size;

    if (into == NULL) {
        close_with(connection, -ENOMEM, "out of memory");
        return;
    }
    size = read(fd, into, room < READ_SIZE ? room : READ_SIZE);
    if (size < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (size < 0) {
        lost(connection, errno);
    } else if (size == 0) {
        close_with(connection, 0, NULL);
    } else {
        lines_filled(&connection->lines, (size_t)size);
        deliver_lines(connection);
        turn(connection);
    }
}

static void
leave(struct connection *connection)
{
    connection->busy = false;
    connection->handlers->left(connection->context);
}

static void
readable_cb(evutil_socket_t fd, short what, void *context)
{
    struct connection *connection = context;

    (void)what;
    connection->busy = true;
    receive(connection, fd);
    leave(connection);
}

static void
shut_if_done(struct connection *connection)
{
    if (connection->finishing && evbuffer_get_length(connection->output) == 0)
        shutdown(connection->fd, SHUT_WR);
}

// Of what waits, as much as goes at once. A signal for a peer that is gone would be the caller's.
static ssize_t
send_some(struct connection *connection)
{
    struct evbuffer_iovec pieces[64];
    int count = evbuffer_peek(connection->output, SEND_SIZE, NULL, pieces, 64);
    struct msghdr message = {.msg_iov = (struct iovec *)pieces};
    ssize_t size;

    message.msg_iovlen = count > 64 ? 64 : (size_t)count;
    size = sendmsg(connection->fd, &message, MSG_NOSIGNAL);
    if (size > 0)
        evbuffer_drain(connection->output, (size_t)size);
    return size;
}

// A peer that went away may still have sent something to read: reading tells the end.
static void
writable_cb(evutil_socket_t fd, short what, void *context)
{
    struct connection *connection = context;

    (void)fd;
    (void)what;
    connection->busy = true;
    if (connection_pending(connection) == 0 || send_some(connection) >= 0 || errno == EINTR ||
        errno == EAGAIN) {
        if (connection_pending(connection) > 0)
            event_add(connection->writable, NULL);
        else
            shut_if_done(connection);
        turn(connection);
    }
    leave(connection);
}

struct connection *
connection_new(struct event_base *base, int fd, const struct connection_handlers *handlers,
               void *context)
{
    struct connection *connection = calloc(1, sizeof(*connection));

    if (connection == NULL)
        return NULL;
    connection->fd = fd;
    connection->handlers = handlers;
    connection->context = context;
    lines_init(&connection->lines, ANSWER_MAX);
    messages_init(&connection->messages);
    connection->output = evbuffer_new();
    connection->readable = event_new(base, fd, EV_READ | EV_PERSIST, readable_cb, connection);
    connection->writable = event_new(base, fd, EV_WRITE, writable_cb, connection);
    if (connection->output == NULL || connection->readable == NULL ||
        connection->writable == NULL || event_add(connection->readable, NULL) != 0) {
        connection->fd = -1;
        connection_free(connection);
        return NULL;
    }
    return connection;
}

void
connection_free(struct connection *connection)
{
    if (connection == NULL)
        return;
    if (connection->readable != NULL)
        event_free(connection->readable);
    if (connection->writable != NULL)
        event_free(connection->writable);
    if (connection->output != NULL)
        evbuffer_free(connection->output);
    lines_done(&connection->lines);
    messages_done(&connection->messages);
    if (connection->fd >= 0)
        close(connection->fd);
    free(connection);
}

void
connection_set_line_max(struct connection *connection, size_t bytes)
{
    connection->lines.line_max = bytes;
}

bool
connection_send(struct connection *connection, const struct iovec *pieces, int count)
{
    size_t length = 1;

    for (int i = 0; i < count; i++)
        length += pieces[i].iov_len;
    // With the room made beforehand what follows cannot fail.
    if (evbuffer_expand(connection->output, length) != 0 ||
        (!connection->closed && event_add(connection->writable, NULL) != 0))
        return false;
    for (int i = 0; i < count; i++)
        evbuffer_add(connection->output, pieces[i].iov_base, pieces[i].iov_len);
    evbuffer_add(connection->output, "\n", 1);
    return true;
}

bool
connection_is_busy(const struct connection *connection)
{
    return connection->busy;
}

size_t
connection_pending(const struct connection *connection)
{
    return evbuffer_get_length(connection->output);
}

void
connection_finish(struct connection *connection)
{
    connection->finishing = true;
    shut_if_done(connection);
}
