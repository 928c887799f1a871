// See sessions.h.
#include "daemon/sessions.h"

#include "common/address.h"
#include "common/errors.h"
#include "common/log.h"
#include "daemon/process.h"
#include "session/callers.h"
#include "transport/identity.h"
#include "transport/quiet.h"
#include "transport/turn.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define SUBJECT "server"

struct sessions {
    struct sessions_settings settings;
    struct session_settings shared;
    struct messages messages;
    struct callers callers;
    struct quiet *idle;       // sessions with nothing in flight
    struct quiet *unfinished; // sessions in the middle of a line
    unsigned max;             // the configured one, or less if there are too few descriptors
    struct session_list all;
    size_t count;
    uint64_t last_number;
};

// Who is at the other end of a session.
struct visitor {
    struct sessions *sessions;
    bool trusted;
};

static bool
is_trusted(int fd)
{
    struct identity who = identity_of_peer(fd);

    return who.kind == IDENTITY_UID && (who.uid == 0 || who.uid == geteuid());
}

static struct visitor *
visitor_new(struct sessions *sessions, int fd)
{
    struct visitor *visitor = calloc(1, sizeof(*visitor));

    if (visitor == NULL)
        return NULL;
    visitor->sessions = sessions;
    visitor->trusted = is_trusted(fd);
    return visitor;
}

static bool
session_control_cb(void *context, struct span method, struct span params,
                   struct session_reply *ret_reply)
{
    const struct visitor *visitor = context;
    const struct sessions_settings *settings = &visitor->sessions->settings;

    return settings->control(settings->context, visitor->trusted, method, params, ret_reply);
}

static void
session_closed_cb(void *context, struct session *session)
{
    struct visitor *visitor = context;
    struct sessions *sessions = visitor->sessions;

    free(visitor);
    session_list_remove(&sessions->all, session);
    sessions->count--;
    if (sessions->count == 0)
        sessions->settings.empty(sessions->settings.context);
}

static const struct session_hooks session_hooks = {
    .control = session_control_cb,
    .closed = session_closed_cb,
};

// ---- coming ---------------------------------------------------------------------------------

// Says why and hangs up. The socket is new and its buffer empty: the few bytes fit, or are lost.
static void
sessions_turn_away(struct sessions *sessions, int fd)
{
    char line[256];
    int length =
        snprintf(line, sizeof(line),
                 "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":%d,\"message\":\"%s\","
                 "\"data\":{\"limit\":\"sessions-max\",\"max\":%u,\"retry_after\":1}}}\n",
                 ERROR_BUSY, error_info(ERROR_BUSY)->text, sessions->max);

    sessions->settings.statistics->sessions_refused++;
    send(fd, line, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL);
    close(fd);
}

void
sessions_take(struct sessions *sessions, int fd, const struct address *peer)
{
    struct visitor *visitor = NULL;
    struct session *session = NULL;
    char text[ADDRESS_TEXT_MAX];

    turn_begin(sessions->settings.turn);
    if (sessions->count < sessions->max)
        visitor = visitor_new(sessions, fd);
    if (visitor != NULL)
        session =
            session_new(&sessions->shared, fd, ++sessions->last_number, &session_hooks, visitor);
    if (session == NULL) {
        free(visitor);
        sessions_turn_away(sessions, fd);
        return;
    }
    address_format(peer, text);
    log_debug(SUBJECT, "session %llu from %s", (unsigned long long)sessions->last_number, text);
    session_list_insert(&sessions->all, session);
    sessions->count++;
    sessions->settings.statistics->sessions_accepted++;
}

// ---- going ----------------------------------------------------------------------------------

void
sessions_finish(struct sessions *sessions)
{
    struct session *session;
    struct session *next;

    for (session = TAILQ_FIRST(&sessions->all); session != NULL; session = next) {
        next = session_list_next(session);
        session_finish(session);
    }
}

void
sessions_drop(struct sessions *sessions, const char *reason)
{
    struct session *session;

    while ((session = TAILQ_FIRST(&sessions->all)) != NULL)
        session_drop(session, reason);
}

// ---- beginning and end ----------------------------------------------------------------------

size_t
sessions_open(const struct sessions *sessions)
{
    return sessions->count;
}

const struct callers *
sessions_callers(const struct sessions *sessions)
{
    return &sessions->callers;
}

void
sessions_configure(struct sessions *sessions, const struct config *config)
{
    sessions->settings.config = config;
    sessions->shared.config = config;
    sessions->max = process_sessions_max(config);
}

static void
sessions_share(struct sessions *sessions)
{
    const struct sessions_settings *settings = &sessions->settings;

    sessions->shared = (struct session_settings){
        .base = settings->base,
        .turn = settings->turn,
        .config = settings->config,
        .statistics = settings->statistics,
        .dispatcher = settings->dispatcher,
        .messages = &sessions->messages,
        .callers = &sessions->callers,
        .idle = sessions->idle,
        .unfinished = sessions->unfinished,
    };
}

struct sessions *
sessions_new(const struct sessions_settings *settings)
{
    struct sessions *sessions = calloc(1, sizeof(*sessions));

    if (sessions == NULL)
        return NULL;
    sessions->settings = *settings;
    TAILQ_INIT(&sessions->all);
    messages_init(&sessions->messages);
    callers_init(&sessions->callers);
    sessions->idle = quiet_new(settings->base, settings->config->session_timeout_us);
    sessions->unfinished = quiet_new(settings->base, settings->config->line_timeout_us);
    if (sessions->idle == NULL || sessions->unfinished == NULL) {
        sessions_free(sessions);
        return NULL;
    }
    sessions_share(sessions);
    sessions_configure(sessions, settings->config);
    return sessions;
}

void
sessions_free(struct sessions *sessions)
{
    if (sessions == NULL)
        return;
    quiet_free(sessions->idle);
    quiet_free(sessions->unfinished);
    messages_done(&sessions->messages);
    free(sessions);
}
