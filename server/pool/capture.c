// See capture.h. A raw descriptor rather than a stream: what comes is bytes, with or without lines.
#include "pool/capture.h"

#include "pool/tail.h"
#include "pool/text.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_SIZE      16384
#define READS_PER_TURN 4
// A pipe holds 1 MiB at most (pipe(7), pipe-max-size). Whoever still writes is not listened to
// longer.
#define READS_AT_END 64

struct capture {
    int fd; // -1 at the end
    struct event *readable;
    const struct capture_callbacks *callbacks;
    void *context;
    char *kept;
    size_t length;
    size_t capacity;
    size_t kept_max;
    size_t told; // of what is kept
    uint64_t total;
    bool truncated;
    struct tail tail;
};

// Room for so many bytes more. False when out of memory.
static bool
capture_reserve(struct capture *capture, size_t more)
{
    size_t capacity = capture->capacity == 0 ? 1024 : capture->capacity;
    char *kept;

    while (capacity < capture->length + more)
        capacity *= 2;
    if (capacity == capture->capacity)
        return true;
    kept = realloc(capture->kept, capacity);
    if (kept == NULL)
        return false;
    capture->kept = kept;
    capture->capacity = capacity;
    return true;
}

static void
capture_keep(struct capture *capture, struct span bytes)
{
    size_t room = capture->kept_max - capture->length;

    if (capture->truncated)
        return; // what was cut is not to be continued behind the gap
    if (bytes.length > room) {
        capture->truncated = true;
        bytes.length = room;
    }
    if (!capture_reserve(capture, bytes.length)) {
        capture->truncated = true;
        bytes.length = 0;
    }
    if (bytes.length > 0)
        memcpy(capture->kept + capture->length, bytes.at, bytes.length);
    capture->length += bytes.length;
    if (capture->truncated)
        capture->length -= text_unfinished(capture_kept(capture));
}

// Tells what is kept and was not told yet, but for a character that is not whole.
static void
capture_tell(struct capture *capture)
{
    struct span bytes = {.length = capture->length - capture->told};

    if (capture->callbacks->piece == NULL || bytes.length == 0)
        return;
    bytes.at = capture->kept + capture->told;
    if (capture->fd >= 0)
        bytes.length -= text_unfinished(bytes);
    if (bytes.length == 0)
        return;
    capture->told += bytes.length;
    capture->callbacks->piece(capture->context, capture, bytes);
}

static void
capture_end(struct capture *capture)
{
    event_del(capture->readable);
    close(capture->fd);
    capture->fd = -1;
    capture_tell(capture);
    capture->callbacks->end(capture->context, capture);
}

// False when there is nothing more for now; *ret_end says whether that is for ever.
static bool
capture_read(struct capture *capture, bool *ret_end)
{
    char bytes[READ_SIZE];
    ssize_t n = read(capture->fd, bytes, sizeof(bytes));

    *ret_end = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
    if (n <= 0)
        return false;
    capture->total += (uint64_t)n;
    tail_add(&capture->tail, (struct span){.at = bytes, .length = (size_t)n});
    capture_keep(capture, (struct span){.at = bytes, .length = (size_t)n});
    return true;
}

static bool
capture_read_some(struct capture *capture, int reads)
{
    bool end = false;

    while (reads-- > 0 && capture_read(capture, &end))
        ;
    return end;
}

static void
capture_readable_cb(evutil_socket_t fd, short what, void *context)
{
    struct capture *capture = context;

    (void)fd;
    (void)what;
    if (capture_read_some(capture, READS_PER_TURN))
        capture_end(capture);
    else
        capture_tell(capture);
}

void
capture_finish(struct capture *capture)
{
    if (capture->fd < 0)
        return;
    capture_read_some(capture, READS_AT_END);
    capture_end(capture);
}

struct capture *
capture_new(struct event_base *base, int fd, size_t kept_max,
            const struct capture_callbacks *callbacks, void *context)
{
    struct capture *capture = calloc(1, sizeof(*capture));

    if (capture == NULL)
        return NULL;
    capture->fd = fd;
    capture->kept_max = kept_max;
    capture->callbacks = callbacks;
    capture->context = context;
    capture->readable = event_new(base, fd, EV_READ | EV_PERSIST, capture_readable_cb, capture);
    if (capture->readable == NULL || event_add(capture->readable, NULL) != 0) {
        if (capture->readable != NULL)
            event_free(capture->readable);
        free(capture);
        return NULL;
    }
    return capture;
}

void
capture_free(struct capture *capture)
{
    if (capture == NULL)
        return;
    event_free(capture->readable);
    if (capture->fd >= 0)
        close(capture->fd);
    free(capture->kept);
    free(capture);
}

struct span
capture_kept(const struct capture *capture)
{
    return (struct span){.at = capture->kept != NULL ? capture->kept : "",
                         .length = capture->length};
}

bool
capture_truncated(const struct capture *capture)
{
    return capture->truncated;
}

uint64_t
capture_total(const struct capture *capture)
{
    return capture->total;
}

struct span
capture_tail(const struct capture *capture)
{
    return tail_text(&capture->tail);
}
