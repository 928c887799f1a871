// See connection.h.
#include "client/connection.h"

#include "client/report.h"
#include "common/errors.h"
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
};

static void
close_with(struct connection *connection, int status, const char *why)
{
    if (connection->closed)
        return;
    connection->closed = true;
    event_del(connection->readable);
    event_del(connection->writable);
    connection->handlers->closed(connection->context, status, why);
}

static void
turn(struct connection *connection)
{
    if (!connection->closed && connection->handlers->turn != NULL)
        connection->handlers->turn(connection->context);
}

// What the daemon may say beyond responses and notifications is left alone.
static void
deliver(struct connection *connection, char *line, size_t length)
{
    static const struct message_limits limits = {SCANNER_DEPTH_LIMIT, SIZE_MAX};
    struct messages *messages = &connection->messages;
    struct span text = {line, length};

    if (messages_parse(messages, line, length, &limits, NULL) != MESSAGES_OK) {
        close_with(connection, REPORT_STATUS_PROTOCOL, "the daemon sent a line that is no JSON");
        return;
    }
    for (size_t i = 0; i < messages->count; i++) {
        enum message_kind kind = messages->items[i].kind;

        if (kind == MESSAGE_NOTIFICATION && connection->handlers->notification != NULL)
            connection->handlers->notification(connection->context, &messages->items[i]);
        if (kind == MESSAGE_REQUEST || kind == MESSAGE_NOTIFICATION)
            return;
        if (kind == MESSAGE_INVALID) {
            close_with(connection, REPORT_STATUS_PROTOCOL,
                       "the daemon sent a line that is no JSON-RPC 2.0 response");
            return;
        }
    }
    connection->handlers->response(connection->context, messages, text);
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
            close_with(connection, REPORT_STATUS_PROTOCOL, "an answer is longer than 1 GiB");
        else
            deliver(connection, line, length);
    }
}

static void
lost(struct connection *connection, int error)
{
    char text[128];

    snprintf(text, sizeof(text), "the connection broke: %s", strerror(error));
    close_with(connection, EXIT_STATUS_UNAVAILABLE, text);
}

static void
readable_cb(evutil_socket_t fd, short what, void *context)
{
    struct connection *connection = context;
    size_t room;
    char *into = lines_room(&connection->lines, READ_SIZE, &room);
    ssize_t size;

    (void)what;
    if (into == NULL) {
        close_with(connection, REPORT_STATUS_MEMORY, "out of memory");
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
shut_if_done(struct connection *connection)
{
    if (connection->finishing && evbuffer_get_length(connection->output) == 0)
        shutdown(connection->fd, SHUT_WR);
}

static void
writable_cb(evutil_socket_t fd, short what, void *context)
{
    struct connection *connection = context;

    (void)what;
    // A peer that went away may still have sent something to read: reading tells the end.
    if (evbuffer_write(connection->output, fd) < 0 && errno != EINTR && errno != EAGAIN)
        return;
    if (evbuffer_get_length(connection->output) > 0)
        event_add(connection->writable, NULL);
    else
        shut_if_done(connection);
    turn(connection);
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

bool
connection_send(struct connection *connection, const struct iovec *pieces, int count)
{
    for (int i = 0; i < count; i++)
        if (evbuffer_add(connection->output, pieces[i].iov_base, pieces[i].iov_len) != 0)
            return false;
    if (evbuffer_add(connection->output, "\n", 1) != 0)
        return false;
    return connection->closed || event_add(connection->writable, NULL) == 0;
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

bool
connection_id(struct span id, uint64_t *ret)
{
    uint64_t number = 0;

    if (id.length == 0 || id.length > 19)
        return false;
    for (size_t i = 0; i < id.length; i++) {
        if (id.at[i] < '0' || id.at[i] > '9')
            return false;
        number = number * 10 + (uint64_t)(id.at[i] - '0');
    }
    *ret = number;
    return true;
}
