// See output.h. stdout is shared with other processes, so it is not made non-blocking. Instead
// poll(2) is asked before each write of at most PIPE_BUF bytes: a pipe that is ready takes that
// much at once. A file takes anything.
#include "client/output.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct output {
    struct evbuffer *buffer;
    struct event *writable;
    struct event *gone; // only for a pipe
    const struct output_handlers *handlers;
    void *context;
    bool plain_file;
    int error;
};

static void
fail(struct output *output, int error)
{
    if (output->error != 0)
        return;
    output->error = error;
    evbuffer_drain(output->buffer, evbuffer_get_length(output->buffer));
    if (output->handlers != NULL)
        output->handlers->failed(output->context);
}

static bool
is_ready(int timeout_ms)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

    return poll(&out, 1, timeout_ms) > 0;
}

// One write(2). False if nothing was written.
static bool
write_some(struct output *output)
{
    ev_ssize_t most = output->plain_file ? -1 : PIPE_BUF;

    if (evbuffer_write_atmost(output->buffer, STDOUT_FILENO, most) > 0)
        return true;
    if (errno != EINTR && errno != EAGAIN)
        fail(output, errno);
    return false;
}

void
output_push(struct output *output)
{
    while (output_pending(output) > 0 && output->error == 0) {
        if ((!output->plain_file && !is_ready(0)) || !write_some(output)) {
            if (output->error == 0 && event_add(output->writable, NULL) != 0)
                fail(output, ENOMEM);
            return;
        }
    }
}

int
output_finish(struct output *output)
{
    while (output_pending(output) > 0 && output->error == 0) {
        is_ready(-1); // whatever it says, the write will tell
        write_some(output);
    }
    return output->error;
}

static void
writable_cb(evutil_socket_t fd, short what, void *context)
{
    struct output *output = context;

    (void)fd;
    (void)what;
    output_push(output);
    if (output_pending(output) == 0 && output->error == 0)
        output->handlers->drained(output->context);
}

// A pipe's write end is never readable; the loop reports it when poll says POLLERR: no reader is
// left.
static void
gone_cb(evutil_socket_t fd, short what, void *context)
{
    struct output *output = context;
    struct pollfd out = {.fd = fd};

    (void)what;
    if (poll(&out, 1, 0) <= 0 || (out.revents & POLLERR) == 0)
        return;
    event_del(output->gone); // it would be reported for ever
    fail(output, EPIPE);
}

static bool
watch(struct output *output, struct event_base *base, const struct stat *about)
{
    output->writable = event_new(base, STDOUT_FILENO, EV_WRITE, writable_cb, output);
    if (output->writable == NULL)
        return false;
    if (!S_ISFIFO(about->st_mode) || (fcntl(STDOUT_FILENO, F_GETFL) & O_ACCMODE) != O_WRONLY)
        return true;
    output->gone = event_new(base, STDOUT_FILENO, EV_READ | EV_PERSIST, gone_cb, output);
    return output->gone != NULL && event_add(output->gone, NULL) == 0;
}

struct output *
output_new(struct event_base *base, const struct output_handlers *handlers, void *context)
{
    struct output *output = calloc(1, sizeof(*output));
    struct stat about = {0};

    if (output == NULL)
        return NULL;
    output->buffer = evbuffer_new();
    output->handlers = handlers;
    output->context = context;
    if (fstat(STDOUT_FILENO, &about) == 0)
        output->plain_file = S_ISREG(about.st_mode);
    if (output->buffer == NULL || (base != NULL && !watch(output, base, &about))) {
        output_free(output);
        return NULL;
    }
    return output;
}

void
output_free(struct output *output)
{
    if (output == NULL)
        return;
    if (output->writable != NULL)
        event_free(output->writable);
    if (output->gone != NULL)
        event_free(output->gone);
    if (output->buffer != NULL)
        evbuffer_free(output->buffer);
    free(output);
}

void
output_add(struct output *output, struct span text)
{
    if (output->error == 0 && evbuffer_add(output->buffer, text.at, text.length) != 0)
        fail(output, ENOMEM);
}

size_t
output_pending(const struct output *output)
{
    return evbuffer_get_length(output->buffer);
}

int
output_error(const struct output *output)
{
    return output->error;
}

int
output_line(struct span text)
{
    struct output *output = output_new(NULL, NULL, NULL);
    int error;

    if (output == NULL)
        return ENOMEM;
    output_add(output, text);
    output_add(output, SPAN("\n"));
    error = output_finish(output);
    output_free(output);
    return error;
}
