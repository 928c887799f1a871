// For tests of offload.h: an object at one end of a socket pair, the test as the daemon at the
// other. What the callbacks are told is written down as text.
#ifndef OFFLOAD_TESTS_UNIT_TALK_H
#define OFFLOAD_TESTS_UNIT_TALK_H

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "client/lib/offload.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct talk {
    struct event_base *base; // NULL: a loop of its own
    struct offload *offload;
    int peer;
    char seen[4096];
    unsigned turns;
};

__attribute__((format(printf, 2, 3))) static inline void
talk_note(struct talk *talk, const char *format, ...)
{
    size_t used = strlen(talk->seen);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(talk->seen + used, sizeof(talk->seen) - used, format, arguments);
    va_end(arguments);
}

static inline void
talk_reply_cb(void *context, const struct offload_reply *reply)
{
    static const char *const words[] = {"result", "error", "lost"};

    if (reply->outcome != OFFLOAD_LOST)
        assert_int_equal(strlen(reply->json), reply->length);
    talk_note(context, "%d %s %d %s;", (int)reply->id, words[reply->outcome], reply->code,
              reply->outcome == OFFLOAD_LOST ? "" : reply->json);
}

static inline void
talk_progress_cb(void *context, const char *json, size_t length)
{
    assert_int_equal(strlen(json), length);
    talk_note(context, "progress %s;", json);
}

static inline void
talk_closed_cb(void *context, int error)
{
    talk_note(context, "closed %d;", error);
}

static inline void
talk_turn_cb(void *context)
{
    ((struct talk *)context)->turns++;
}

static inline void
talk_notification_cb(void *context, const char *method, const char *params, size_t length)
{
    talk_note(context, "%s %s %d;", method, params != NULL ? params : "-", (int)length);
}

static const struct offload_events talk_events = {
    .closed = talk_closed_cb,
    .turn = talk_turn_cb,
    .notification = talk_notification_cb,
};

static inline void
talk_start(struct talk *talk, bool own_loop)
{
    int pair[2];

    memset(talk, 0, sizeof(*talk));
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    talk->peer = pair[1];
    talk->base = own_loop ? NULL : event_base_new();
    assert_int_equal(offload_adopt(pair[0], talk->base, &talk_events, talk, &talk->offload), 0);
}

static inline void
talk_stop(struct talk *talk)
{
    offload_free(talk->offload);
    if (talk->base != NULL)
        event_base_free(talk->base);
    if (talk->peer >= 0)
        close(talk->peer);
}

// Runs what is ready now.
static inline void
talk_step(struct talk *talk)
{
    event_base_loop(talk->base, EVLOOP_NONBLOCK);
}

static inline void
talk_say(struct talk *talk, const char *text)
{
    assert_int_equal(send(talk->peer, text, strlen(text), 0), strlen(text));
    if (talk->base != NULL)
        talk_step(talk);
}

static inline void
talk_hang_up(struct talk *talk)
{
    close(talk->peer);
    talk->peer = -1;
    talk_step(talk);
}

// Begins a call of `method` with these params.
static inline uint64_t
talk_call(struct talk *talk, const char *method, const char *params)
{
    struct offload_call call = {.method = method,
                                .params = params,
                                .reply = talk_reply_cb,
                                .progress = talk_progress_cb,
                                .context = talk};
    uint64_t id = 0;

    assert_int_equal(offload_call(talk->offload, &call, &id), 0);
    return id;
}

// What was sent so far and not looked at yet.
static inline const char *
talk_heard(struct talk *talk, char *into, size_t size)
{
    ssize_t length;

    if (talk->base != NULL)
        talk_step(talk);
    length = recv(talk->peer, into, size - 1, MSG_DONTWAIT);
    into[length > 0 ? length : 0] = '\0';
    return into;
}

#define RESULT(id, value) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":" value "}"
#define ERROR(id, code) \
    "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"error\":{\"code\":" code ",\"message\":\"m\"}}"

#endif
