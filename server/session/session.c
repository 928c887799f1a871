// See session.h. This file is the session's life and its flow control; what a message means is in
// requests.c, how an answer is written in answers.c.
#include "common/log.h"
#include "session/session_internal.h"

#include <stdio.h>
#include <stdlib.h>

void
session_close(struct session *session, const char *reason)
{
    struct call *call;

    if (session->closed)
        return;
    session->closed = true;
    log_debug(session->subject, "closed: %s; %zu requests without an answer", reason,
              session->calls.count);
    quiet_watch(NULL, &session->watch);
    gathers_close(&session->gathers);
    while ((call = TAILQ_FIRST(&session->calls.all)) != NULL) {
        dispatcher_abandon(session->settings->dispatcher, call->job);
        answers_forget(session, call);
    }
    stream_free(session->stream);
    callers_leave(session->settings->callers, session->caller);
    session->hooks->closed(session->context, session);
    turn_later(session->settings->turn, &session->burial);
}

static void
session_bury(void *context)
{
    struct session *session = context;

    gathers_done(&session->gathers);
    calls_done(&session->calls);
    free(session);
}

// Bytes that the session makes the daemon hold.
static size_t
session_load(const struct session *session)
{
    return stream_output(session->stream) + session->held + session->calls.size;
}

// It has all that it may have, and is not read until it has less.
static bool
session_is_full(const struct session *session)
{
    const struct limits *limits = &session->settings->config->limits;

    return session->calls.count >= limits->in_flight_max ||
           session_load(session) >= limits->output_max;
}

// Who watches it while it is read: it may be idle only so long, and pause in a line only so long.
static struct quiet *
session_patience(const struct session *session)
{
    if (session->unfinished)
        return session->settings->unfinished;
    if (session->calls.count == 0 && stream_output(session->stream) == 0)
        return session->settings->idle;
    return NULL;
}

static void
session_watch(struct session *session, struct quiet *quiet)
{
    if (session->watch.quiet != quiet)
        quiet_watch(quiet, &session->watch);
}

void
session_update(struct session *session)
{
    if (session->closed)
        return;
    if (session->ended && session->calls.count == 0 && stream_output(session->stream) == 0) {
        session_close(session, "all answers sent");
    } else if (session->ended || session_is_full(session)) {
        session_watch(session, NULL);
        stream_pause(session->stream);
    } else {
        session_watch(session, session_patience(session));
        stream_resume(session->stream);
    }
}

static void
session_quiet_cb(void *context)
{
    struct session *session = context;

    if (!session->unfinished) {
        session_close(session, "it was idle for the length of idle-timeout");
        return;
    }
    log_debug(session->subject, "no more is read: it paused in a line for line-timeout");
    requests_refuse_unfinished(session);
    session_update(session);
}

void
session_sign(const struct session *session, struct job *job)
{
    job->caller = session->caller->key;
    job->weight = session->caller->weight;
    job->session = session->number;
}

static void
session_line_cb(void *context, char *line, size_t length)
{
    struct session *session = context;

    requests_take_line(session, line, length);
    session_update(session);
}

static void
session_too_long_cb(void *context, const char *begin, size_t length)
{
    requests_take_long_line(context, begin, length);
    session_update(context);
}

// Whatever comes is a sign of life.
static void
session_received_cb(void *context, bool unfinished)
{
    struct session *session = context;

    session->unfinished = unfinished;
    quiet_watch(session_patience(session), &session->watch);
}

static void
session_sent_cb(void *context)
{
    session_update(context);
}

static void
session_end_cb(void *context, enum stream_end end, int error)
{
    struct session *session = context;

    if (end == STREAM_END_EOF && !stream_peer_gone(session->stream)) {
        session->ended = true; // half-closed: it still wants its answers
        session_update(session);
        return;
    }
    if (end == STREAM_END_TIMEOUT)
        session_close(session, "it took nothing for the length of write-timeout");
    else
        session_close(session, error != 0 ? strerror(error) : "the client has gone");
}

static const struct stream_callbacks stream_callbacks = {
    .line = session_line_cb,
    .too_long = session_too_long_cb,
    .received = session_received_cb,
    .sent = session_sent_cb,
    .end = session_end_cb,
};

struct session *
session_new(const struct session_settings *settings, int fd, uint64_t number,
            const struct session_hooks *hooks, void *context)
{
    struct session *session = calloc(1, sizeof(*session));
    struct identity who = identity_of_peer(fd);
    struct stream_settings stream = {
        .fd = fd,
        .reads = true,
        .unfinished_line = true,
        .line_max = settings->config->limits.line_max,
        .write_timeout_us = settings->config->write_timeout_us,
    };

    if (session == NULL)
        return NULL;
    session->settings = settings;
    session->hooks = hooks;
    session->context = context;
    session->number = number;
    snprintf(session->subject, sizeof(session->subject), "session %llu",
             (unsigned long long)number);
    calls_init(&session->calls);
    gathers_init(&session->gathers, session);
    quiet_watch_init(&session->watch, session_quiet_cb, session);
    turn_task_init(&session->burial, session_bury, session);
    session->caller = callers_enter(settings->callers, settings->config, &who);
    if (session->caller != NULL)
        session->stream =
            stream_new(settings->base, settings->turn, &stream, &stream_callbacks, session);
    if (session->stream != NULL) {
        session_watch(session, session_patience(session));
        return session;
    }
    if (session->caller != NULL)
        callers_leave(settings->callers, session->caller);
    free(session);
    return NULL;
}

void
session_finish(struct session *session)
{
    session->ended = true;
    session_update(session);
}

void
session_drop(struct session *session, const char *reason)
{
    session_close(session, reason);
}

void
session_list_insert(struct session_list *list, struct session *session)
{
    TAILQ_INSERT_TAIL(list, session, link);
}

struct session *
session_list_next(const struct session *session)
{
    return TAILQ_NEXT(session, link);
}

void
session_list_remove(struct session_list *list, struct session *session)
{
    TAILQ_REMOVE(list, session, link);
}
