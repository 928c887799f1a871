// The owner of a stream: keeps what it was told, and frees it from inside the callback of its
// choice. The peer is the other end of a socketpair.
#ifndef OFFLOAD_TESTS_UNIT_TRANSPORT_STREAM_OWNER_H
#define OFFLOAD_TESTS_UNIT_TRANSPORT_STREAM_OWNER_H

#include "tests/unit/loop.h"
#include "transport/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// What a stream told its owner.
struct owner {
    struct stream *stream;
    char *text; // every line, a bar behind each
    size_t length;
    size_t lines;
    size_t too_long;
    size_t sent;
    int eof; // how often
    int failed;
    enum stream_end last_end;
    int error;
    size_t pause_at;     // pause when so many lines came; 0: never
    const char *free_in; // freed from inside the callback of that name
};

static inline void
owner_free_in(struct owner *owner, const char *callback)
{
    if (owner->free_in != NULL && strcmp(owner->free_in, callback) == 0) {
        stream_free(owner->stream);
        stream_free(owner->stream); // a second time is no harm
        owner->stream = NULL;
    }
}

static inline void
line_cb(void *context, char *line, size_t length)
{
    struct owner *owner = context;

    assert_non_null(owner->stream);
    owner->text = realloc(owner->text, owner->length + length + 2);
    memcpy(owner->text + owner->length, line, length);
    line[length] = '|'; // one byte more is ours
    owner->text[owner->length + length] = line[length];
    owner->length += length + 1;
    owner->text[owner->length] = '\0';
    owner->lines++;
    if (owner->pause_at != 0 && owner->lines >= owner->pause_at)
        stream_pause(owner->stream);
    owner_free_in(owner, "line");
}

static inline void
too_long_cb(void *context, const char *begin, size_t length)
{
    struct owner *owner = context;

    (void)begin;
    (void)length;
    assert_non_null(owner->stream);
    owner->too_long++;
    owner_free_in(owner, "too_long");
}

static inline void
sent_cb(void *context)
{
    struct owner *owner = context;

    assert_non_null(owner->stream);
    owner->sent++;
    owner_free_in(owner, "sent");
}

static inline void
end_cb(void *context, enum stream_end end, int error)
{
    struct owner *owner = context;

    assert_non_null(owner->stream);
    if (end == STREAM_END_EOF)
        owner->eof++;
    else
        owner->failed++;
    owner->last_end = end;
    owner->error = error;
    owner_free_in(owner, "end");
}

static const struct stream_callbacks callbacks = {
    .line = line_cb, .too_long = too_long_cb, .sent = sent_cb, .end = end_cb};

struct fixture {
    struct loop loop;
    struct owner owner;
    int peer;
};

static inline void
owner_open(struct owner *owner, struct loop *loop, int *ret_peer, struct stream_settings settings)
{
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    memset(owner, 0, sizeof(*owner));
    settings.fd = ends[0];
    if (settings.line_max == 0)
        settings.line_max = 1000;
    *ret_peer = ends[1];
    owner->stream = stream_new(loop->base, loop->turn, &settings, &callbacks, owner);
    assert_non_null(owner->stream);
}

static inline void
fixture_open(struct fixture *fixture, struct stream_settings settings)
{
    loop_open(&fixture->loop);
    owner_open(&fixture->owner, &fixture->loop, &fixture->peer, settings);
}

static inline void
fixture_close(struct fixture *fixture)
{
    stream_free(fixture->owner.stream);
    if (fixture->peer >= 0)
        close(fixture->peer);
    loop_close(&fixture->loop);
    free(fixture->owner.text);
}

// So many lines of one letter in one piece.
static inline void
say_lines(int fd, size_t count)
{
    char text[4096];

    assert_true(2 * count <= sizeof(text));
    for (size_t i = 0; i < count; i++)
        memcpy(text + 2 * i, "x\n", 2);
    assert_int_equal(write(fd, text, 2 * count), 2 * count);
}

static inline void
say_bytes(int fd, const char *bytes, size_t size)
{
    assert_int_equal(write(fd, bytes, size), size);
}

static inline void
say(struct fixture *fixture, const char *text)
{
    say_bytes(fixture->peer, text, strlen(text));
}

static inline void
hang_up(struct fixture *fixture)
{
    close(fixture->peer);
    fixture->peer = -1;
}

static inline void
expect_text(const struct fixture *fixture, const char *text)
{
    assert_string_equal(fixture->owner.text != NULL ? fixture->owner.text : "", text);
}

static const struct stream_settings reading = {.reads = true};

#endif
