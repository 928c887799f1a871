// See stream.h. Input goes through `lines`, which remembers how far it has looked for a newline;
// output is gathered and written once at the end of the turn, or as soon as there is much of it. A
// callback may free the stream that is calling it: stream_free only marks it (`freed`), and the
// memory goes in the next turn.
//
// The loop is asked only for what is needed: to be told of writability while the kernel has no
// room, and not to be told of input only once some has come that is not wanted. Pausing and
// resuming a stream, or writing a line that the kernel takes, costs no call for that.
#include "transport/stream.h"

#include "common/clock.h"
#include "common/lines.h"
#include "transport/gone.h"
#include "transport/outlet.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Bytes read at once: few at first, more while they come.
#define READ_MIN ((size_t)4096)
#define READ_MAX ((size_t)64 << 10)

// Lines above this take longer to read than the clock.
#define LARGE_LINE ((size_t)4 << 10)

// While a stream is not read nobody would notice that its peer has gone: so often it is looked at.
// Two looks, one that asks and one that sees the answer, are less than a second.
#define GONE_CHECK_US 400000

struct stream {
    int fd;
    struct event readable;
    struct event *writable; // pending while the kernel has no room; made when first needed
    struct event_base *base;
    struct turn *turn;
    struct event *gone_check; // made when first needed
    struct lines lines;
    struct outlet output;
    size_t read_size;
    int pipe_max;             // 0: it is no pipe, or as wide as it will be
    int64_t write_timeout_us; // 0: none
    const struct stream_callbacks *callbacks;
    void *context;
    struct turn_task more;   // lines are left that did not fit into this turn
    struct turn_task flush;  // writes
    struct turn_task burial; // frees the memory
    bool reads;
    bool unfinished_line;
    bool paused;
    bool eof;      // the peer sends no more
    bool eof_told; // and the owner knows
    bool failed;   // an error or timeout was told
    bool freed;
};

// ---- input ----------------------------------------------------------------------------------

static bool
stream_wants_input(const struct stream *stream)
{
    return stream->reads && !stream->paused && !stream->eof && !stream->failed &&
           stream->more.turn == NULL;
}

// Asks to be told of input, if that is wanted. That it is not is looked at when some comes.
static void
stream_listen(struct stream *stream)
{
    if (stream_wants_input(stream) && !event_pending(&stream->readable, EV_READ, NULL))
        event_add(&stream->readable, NULL);
}

// Hands out one line or its absence. False if nothing is left.
static bool
stream_hand_out(struct stream *stream)
{
    size_t length;
    char *line;

    switch (lines_next(&stream->lines, &line, &length)) {
    case LINES_LINE:
        if (length > LARGE_LINE)
            clock_hold();
        stream->callbacks->line(stream->context, line, length);
        return true;
    case LINES_TOO_LONG:
        if (stream->callbacks->too_long != NULL)
            stream->callbacks->too_long(stream->context, line, length);
        return true;
    case LINES_MORE:
        return false;
    }
    return false;
}

static bool
stream_awaits_room(const struct stream *stream)
{
    return stream->writable != NULL && event_pending(stream->writable, EV_WRITE, NULL);
}

static void
stream_cease_to_wait(struct stream *stream)
{
    if (stream_awaits_room(stream))
        event_del(stream->writable);
}

static void
stream_fail(struct stream *stream, enum stream_end end, int error)
{
    if (stream->freed || stream->failed)
        return;
    stream->failed = true;
    turn_cancel(&stream->more);
    turn_cancel(&stream->flush);
    event_del(&stream->readable);
    stream_cease_to_wait(stream);
    stream->callbacks->end(stream->context, end, error);
}

static void
stream_gone_check_cb(evutil_socket_t fd, short what, void *context)
{
    static const struct timeval interval = {0, GONE_CHECK_US};
    struct stream *stream = context;

    (void)fd;
    (void)what;
    turn_begin(stream->turn);
    if (stream->freed || stream->failed || !stream->paused)
        return;
    // What waits to be sent asks as well, and a line of it may be sent in part.
    if (stream_output(stream) == 0 ? gone_ask(stream->fd) : gone_look(stream->fd))
        stream_fail(stream, STREAM_END_ERROR, 0);
    else
        evtimer_add(stream->gone_check, &interval);
}

// Pausing and resuming may alternate quickly: a check that is under way is left alone either way.
static void
stream_watch_for_gone(struct stream *stream)
{
    static const struct timeval interval = {0, GONE_CHECK_US};

    if (stream->gone_check == NULL)
        stream->gone_check = evtimer_new(stream->base, stream_gone_check_cb, stream);
    if (stream->gone_check != NULL && !evtimer_pending(stream->gone_check, NULL))
        evtimer_add(stream->gone_check, &interval);
}

// The input is at its end: the last line may lack its newline.
static void
stream_tell_eof(struct stream *stream)
{
    size_t length;
    char *line;

    stream->eof_told = true;
    if (stream->unfinished_line && lines_last(&stream->lines, &line, &length) == LINES_LINE)
        stream->callbacks->line(stream->context, line, length);
    if (!stream->freed)
        stream->callbacks->end(stream->context, STREAM_END_EOF, 0);
}

// All that came so far was handed out.
static void
stream_rest(struct stream *stream)
{
    lines_shrink(&stream->lines);
    stream_listen(stream);
    if (stream->callbacks->received != NULL)
        stream->callbacks->received(stream->context, lines_unfinished(&stream->lines));
}

static void
stream_work_off(struct stream *stream)
{
    for (int i = 0; i < STREAM_LINES_PER_TURN; i++) {
        if (stream->freed || stream->paused || stream->failed)
            return;
        if (stream_hand_out(stream))
            continue;
        if (stream->eof && !stream->eof_told)
            stream_tell_eof(stream);
        else
            stream_rest(stream);
        return;
    }
    if (!stream->freed)
        turn_later(stream->turn, &stream->more);
}

// A burst of lines happens at one moment; after a large one, which takes longer, at another.
static void
stream_pump(void *context)
{
    clock_hold();
    stream_work_off(context);
    clock_release();
}

// Gives the pipe as much room as it may have, once it has been full: a message that does not fit in
// costs two more switches between its two ends. False if it has it already, or gets none: there is
// a bound on what all pipes of a user may hold, see pipe(7).
static bool
stream_widen(struct stream *stream)
{
    int size = stream->pipe_max;

    stream->pipe_max = 0;
    return size > 0 && fcntl(stream->fd, F_SETPIPE_SZ, size) >= 0;
}

// One read. False if there was nothing, or no memory for it.
static bool
stream_read(struct stream *stream)
{
    bool amid_line = lines_pending(&stream->lines) > 0;
    size_t size;
    char *room = lines_room(&stream->lines, stream->read_size, &size);
    ssize_t n;

    if (room == NULL) {
        turn_later(stream->turn, &stream->more); // the bytes stay where they are
        return false;
    }
    if (size > READ_MAX)
        size = READ_MAX;
    n = read(stream->fd, room, size);
    if (n < 0) {
        if (errno != EAGAIN && errno != EINTR)
            stream_fail(stream, STREAM_END_ERROR, errno);
        return false;
    }
    stream->eof = n == 0;
    if (stream->eof)
        event_del(&stream->readable);
    lines_filled(&stream->lines, (size_t)n);
    if ((size_t)n == READ_MAX)
        stream_widen(stream);
    if ((size_t)n == size && stream->read_size < READ_MAX)
        stream->read_size *= 2;
    else if ((size_t)n < READ_MIN && !amid_line) // the end of a long line says nothing
        stream->read_size = READ_MIN;
    return true;
}

static void
stream_readable_cb(evutil_socket_t fd, short what, void *context)
{
    struct stream *stream = context;

    (void)fd;
    (void)what;
    turn_begin(stream->turn);
    if (!stream_wants_input(stream))
        event_del(&stream->readable);
    else if (stream_read(stream))
        stream_pump(stream);
}

// ---- output ---------------------------------------------------------------------------------

static void stream_writable_cb(evutil_socket_t fd, short what, void *context);

// Asks to be told when the kernel has room again, if that is needed. 0 or -ENOMEM.
static int
stream_await_room(struct stream *stream)
{
    struct timeval timeout = {stream->write_timeout_us / 1000000,
                              stream->write_timeout_us % 1000000};
    const struct timeval *after = stream->write_timeout_us > 0 ? &timeout : NULL;

    if (outlet_size(&stream->output) == 0) {
        stream_cease_to_wait(stream);
        return 0;
    }
    if (stream_awaits_room(stream))
        return 0;
    if (stream->writable == NULL)
        stream->writable =
            event_new(stream->base, stream->fd, EV_WRITE | EV_PERSIST, stream_writable_cb, stream);
    return stream->writable != NULL && event_add(stream->writable, after) == 0 ? 0 : -ENOMEM;
}

static void
stream_flush(void *context)
{
    struct stream *stream = context;
    int error = outlet_send(&stream->output);

    if (error == 0 && stream_output(stream) > 0 && stream_widen(stream))
        error = outlet_send(&stream->output);
    if (error == 0)
        error = stream_await_room(stream);
    if (error != 0) {
        stream_fail(stream, STREAM_END_ERROR, -error);
        return;
    }
    if (stream->callbacks->sent != NULL)
        stream->callbacks->sent(stream->context);
}

// The event stays, so each time that the kernel takes some the timeout begins anew.
static void
stream_writable_cb(evutil_socket_t fd, short what, void *context)
{
    struct stream *stream = context;

    (void)fd;
    turn_begin(stream->turn);
    if (what & EV_TIMEOUT)
        stream_fail(stream, STREAM_END_TIMEOUT, 0);
    else
        stream_flush(stream);
}

int
stream_write(struct stream *stream, const struct iovec *iov, int count)
{
    bool blocked;
    ssize_t taken;

    if (stream->freed || stream->failed)
        return 0; // the owner knows, or will not ask any more
    blocked = stream_awaits_room(stream);
    taken = outlet_put(&stream->output, iov, count, !blocked);
    if (taken > 0 && !blocked)
        turn_at_end(stream->turn, &stream->flush);
    return taken < 0 ? (int)taken : 0;
}

size_t
stream_output(const struct stream *stream)
{
    return outlet_size(&stream->output);
}

// ---- beginning and end ----------------------------------------------------------------------

static void
stream_bury(void *context)
{
    struct stream *stream = context;

    if (stream->gone_check != NULL)
        event_free(stream->gone_check);
    if (stream->writable != NULL)
        event_free(stream->writable);
    close(stream->fd);
    outlet_done(&stream->output);
    lines_done(&stream->lines);
    free(stream);
}

struct stream *
stream_new(struct event_base *base, struct turn *turn, const struct stream_settings *settings,
           const struct stream_callbacks *callbacks, void *context)
{
    struct stream *stream = calloc(1, sizeof(*stream));

    if (stream == NULL)
        return NULL;
    stream->fd = settings->fd;
    stream->base = base;
    stream->turn = turn;
    stream->callbacks = callbacks;
    stream->context = context;
    stream->reads = settings->reads;
    stream->read_size = READ_MIN;
    stream->unfinished_line = settings->unfinished_line;
    stream->write_timeout_us = settings->write_timeout_us;
    stream->pipe_max = settings->pipe_max;
    lines_init(&stream->lines, settings->line_max);
    outlet_init(&stream->output, settings->fd);
    turn_task_init(&stream->more, stream_pump, stream);
    turn_task_init(&stream->flush, stream_flush, stream);
    turn_task_init(&stream->burial, stream_bury, stream);
    if (event_assign(&stream->readable, base, stream->fd, EV_READ | EV_PERSIST, stream_readable_cb,
                     stream) != 0 ||
        (stream->reads && event_add(&stream->readable, NULL) != 0)) {
        free(stream);
        return NULL;
    }
    return stream;
}

void
stream_free(struct stream *stream)
{
    if (stream == NULL || stream->freed)
        return;
    stream->freed = true;
    event_del(&stream->readable);
    stream_cease_to_wait(stream);
    turn_cancel(&stream->more);
    turn_cancel(&stream->flush);
    turn_later(stream->turn, &stream->burial);
}

void
stream_pause(struct stream *stream)
{
    if (stream->paused || stream->freed)
        return;
    stream->paused = true;
    turn_cancel(&stream->more);
    stream_watch_for_gone(stream);
}

void
stream_resume(struct stream *stream)
{
    if (!stream->paused || stream->freed)
        return;
    stream->paused = false;
    // Whole lines may wait already, for which no event will come; after them it listens again.
    turn_later(stream->turn, &stream->more);
}

bool
stream_peer_gone(const struct stream *stream)
{
    return gone_look(stream->fd);
}
