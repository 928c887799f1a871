// See stream.h. A bufferevent does the reading and writing; its input goes through `lines`, which
// remembers how far it has looked for a newline. A callback may free the stream that is calling it:
// stream_free only marks it (`freed`), and the memory goes in the next turn.
#include "transport/stream.h"

#include "common/lines.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

// Bytes taken from the bufferevent at once, and the most that wait there.
#define CHUNK ((size_t)64 << 10)

// While a stream is not read nobody would notice that its peer has gone: so often it is looked at.
#define GONE_CHECK_US 500000

struct stream {
    struct bufferevent *bev;
    struct event_base *base;
    struct turn *turn;
    struct event *gone_check; // made when first needed
    struct lines lines;
    const struct stream_callbacks *callbacks;
    void *context;
    struct turn_task more;   // lines are left that did not fit into this turn
    struct turn_task burial; // frees the memory
    bool reads;
    bool unfinished_line;
    bool paused;
    bool eof;      // the peer sends no more
    bool eof_told; // and the owner knows
    bool failed;   // an error or timeout was told
    bool freed;
};

// Moves what the bufferevent holds into the lines. False if there was nothing, or no memory for it.
static bool
stream_take_input(struct stream *stream)
{
    struct evbuffer *input = bufferevent_get_input(stream->bev);
    size_t waiting = evbuffer_get_length(input);
    size_t size;
    char *room;
    int n;

    if (waiting == 0)
        return false;
    room = lines_room(&stream->lines, waiting < CHUNK ? waiting : CHUNK, &size);
    if (room == NULL) {
        turn_later(stream->turn, &stream->more); // the bytes stay where they are
        return false;
    }
    n = evbuffer_remove(input, room, size);
    if (n <= 0)
        return false;
    lines_filled(&stream->lines, (size_t)n);
    return true;
}

// Hands out one line or its absence. False if nothing is left.
static bool
stream_hand_out(struct stream *stream)
{
    size_t length;
    char *line;

    for (;;) {
        switch (lines_next(&stream->lines, &line, &length)) {
        case LINES_LINE:
            stream->callbacks->line(stream->context, line, length);
            return true;
        case LINES_TOO_LONG:
            if (stream->callbacks->too_long != NULL)
                stream->callbacks->too_long(stream->context, line, length);
            return true;
        case LINES_MORE:
            if (!stream_take_input(stream))
                return false;
        }
    }
}

static void
stream_fail(struct stream *stream, enum stream_end end, int error)
{
    if (stream->freed || stream->failed)
        return;
    stream->failed = true;
    turn_cancel(&stream->more);
    stream->callbacks->end(stream->context, end, error);
}

static void
stream_gone_check_cb(evutil_socket_t fd, short what, void *context)
{
    static const struct timeval interval = {0, GONE_CHECK_US};
    struct stream *stream = context;

    (void)fd;
    (void)what;
    if (stream->freed || stream->failed || !stream->paused)
        return;
    if (stream_peer_gone(stream))
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

static void
stream_pump(void *context)
{
    struct stream *stream = context;

    for (int i = 0; i < STREAM_LINES_PER_TURN; i++) {
        if (stream->freed || stream->paused || stream->failed)
            return;
        if (!stream_hand_out(stream)) {
            if (stream->eof && !stream->eof_told && stream->more.turn == NULL)
                stream_tell_eof(stream);
            else
                lines_shrink(&stream->lines);
            return;
        }
    }
    if (!stream->freed)
        turn_later(stream->turn, &stream->more);
}

static void
stream_read_cb(struct bufferevent *bev, void *context)
{
    struct stream *stream = context;

    (void)bev;
    // If lines wait for the next turn already, this one has had its share.
    if (stream->more.turn == NULL)
        stream_pump(stream);
}

static void
stream_write_cb(struct bufferevent *bev, void *context)
{
    struct stream *stream = context;

    (void)bev;
    if (!stream->freed && stream->callbacks->sent != NULL)
        stream->callbacks->sent(stream->context);
}

static void
stream_event_cb(struct bufferevent *bev, short what, void *context)
{
    struct stream *stream = context;
    int error = errno;

    (void)bev;
    if (stream->freed)
        return;
    if (what & BEV_EVENT_EOF) {
        stream->eof = true;
        if (stream->more.turn == NULL)
            stream_pump(stream);
        return;
    }
    if (what & BEV_EVENT_TIMEOUT)
        stream_fail(stream, STREAM_END_TIMEOUT, 0);
    else
        stream_fail(stream, STREAM_END_ERROR, error);
}

static void
stream_bury(void *context)
{
    struct stream *stream = context;

    if (stream->gone_check != NULL)
        event_free(stream->gone_check);
    bufferevent_free(stream->bev);
    lines_done(&stream->lines);
    free(stream);
}

static void
stream_watch(struct stream *stream, const struct stream_settings *settings)
{
    int64_t timeout_us = settings->write_timeout_us;

    bufferevent_setcb(stream->bev, stream_read_cb, stream_write_cb, stream_event_cb, stream);
    bufferevent_setwatermark(stream->bev, EV_READ, 0, CHUNK);
    // "Sent" is told after every write; the owner compares with marks of its own.
    bufferevent_setwatermark(stream->bev, EV_WRITE, SIZE_MAX / 2, 0);
    if (timeout_us > 0) {
        struct timeval timeout = {timeout_us / 1000000, timeout_us % 1000000};

        bufferevent_set_timeouts(stream->bev, NULL, &timeout);
    }
    if (!settings->reads)
        bufferevent_disable(stream->bev, EV_READ);
    else
        bufferevent_enable(stream->bev, EV_READ);
}

struct stream *
stream_new(struct event_base *base, struct turn *turn, const struct stream_settings *settings,
           const struct stream_callbacks *callbacks, void *context)
{
    struct stream *stream = calloc(1, sizeof(*stream));

    if (stream == NULL)
        return NULL;
    stream->bev = bufferevent_socket_new(base, settings->fd, BEV_OPT_CLOSE_ON_FREE);
    if (stream->bev == NULL) {
        free(stream);
        return NULL;
    }
    stream->base = base;
    stream->turn = turn;
    stream->callbacks = callbacks;
    stream->context = context;
    stream->reads = settings->reads;
    stream->unfinished_line = settings->unfinished_line;
    lines_init(&stream->lines, settings->line_max);
    turn_task_init(&stream->more, stream_pump, stream);
    turn_task_init(&stream->burial, stream_bury, stream);
    stream_watch(stream, settings);
    return stream;
}

void
stream_free(struct stream *stream)
{
    if (stream == NULL || stream->freed)
        return;
    stream->freed = true;
    bufferevent_disable(stream->bev, EV_READ | EV_WRITE);
    turn_cancel(&stream->more);
    turn_later(stream->turn, &stream->burial);
}

int
stream_write(struct stream *stream, const struct iovec *iov, int count)
{
    struct evbuffer *output = bufferevent_get_output(stream->bev);
    struct evbuffer_iovec room;
    size_t size = 0;
    char *at;

    for (int i = 0; i < count; i++)
        size += iov[i].iov_len;
    if (size == 0 || stream->freed || stream->failed)
        return 0; // the owner knows, or will not ask any more
    // One piece of room for all of it: nothing can fail half-way.
    if (evbuffer_reserve_space(output, (ev_ssize_t)size, &room, 1) != 1)
        return -ENOMEM;
    at = room.iov_base;
    for (int i = 0; i < count; i++) {
        if (iov[i].iov_len > 0)
            memcpy(at, iov[i].iov_base, iov[i].iov_len);
        at += iov[i].iov_len;
    }
    room.iov_len = size;
    return evbuffer_commit_space(output, &room, 1) == 0 ? 0 : -ENOMEM;
}

size_t
stream_output(const struct stream *stream)
{
    return evbuffer_get_length(bufferevent_get_output(stream->bev));
}

void
stream_pause(struct stream *stream)
{
    if (stream->paused || stream->freed)
        return;
    stream->paused = true;
    turn_cancel(&stream->more);
    bufferevent_disable(stream->bev, EV_READ);
    stream_watch_for_gone(stream);
}

void
stream_resume(struct stream *stream)
{
    if (!stream->paused || stream->freed)
        return;
    stream->paused = false;
    if (stream->reads && !stream->eof)
        bufferevent_enable(stream->bev, EV_READ);
    // Whole lines may wait already, for which no event will come.
    turn_later(stream->turn, &stream->more);
}

bool
stream_peer_gone(const struct stream *stream)
{
    struct pollfd look = {.fd = bufferevent_getfd(stream->bev)};

    return poll(&look, 1, 0) == 1 && (look.revents & (POLLHUP | POLLERR)) != 0;
}
