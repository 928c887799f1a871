// See server.h.
#include "daemon/server.h"

#include "common/clock.h"
#include "common/log.h"
#include "daemon/doors.h"
#include "daemon/methods.h"
#include "daemon/reload.h"
#include "daemon/service.h"
#include "daemon/sessions.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define SUBJECT        "server"
#define FLUSH_GRACE_US 5000000 // for sending the last answers

enum server_state {
    SERVER_SERVING,
    SERVER_DRAINING,
    SERVER_FLUSHING,
};

struct server {
    struct server_settings settings;
    const struct config *config; // what is served now
    struct event_base *base;
    struct turn *turn;
    struct event *terminate;
    struct event *interrupt;
    struct event *patience; // for the state it is in
    struct turn_task flush;
    struct turn_task drain;
    struct doors *doors;
    struct cgroups *cgroups; // NULL: none is delegated
    struct dispatcher *dispatcher;
    struct statistics statistics;
    struct histogram lag;
    struct sessions *sessions;
    struct discovery discovery;
    struct status_text status[2]; // without usage, and with it
    struct service *service;      // NULL: nobody wants to hear of it
    struct reload *reload;
    enum server_state state;
    bool workers_gone;
};

// ---- stopping -------------------------------------------------------------------------------

static void
server_set_state(struct server *server, enum server_state state, int64_t patience_us)
{
    struct timeval patience = {patience_us / 1000000, patience_us % 1000000};

    server->state = state;
    event_add(server->patience, &patience);
}

static void
server_leave_if_done(struct server *server)
{
    if (server->state == SERVER_FLUSHING && server->workers_gone &&
        sessions_open(server->sessions) == 0)
        event_base_loopbreak(server->base);
}

static void
server_drain(struct server *server, const char *why)
{
    struct dispatcher_report report;

    dispatcher_report(server->dispatcher, &report);
    log_notice(SUBJECT, "%s: stopping; %zu jobs run, %zu are queued, %zu sessions are open", why,
               report.running, report.queued, sessions_open(server->sessions));
    doors_close(server->doors);
    server_set_state(server, SERVER_DRAINING, server->config->drain_timeout_us);
    reload_end(server->reload);
    if (server->service != NULL)
        service_stopping(server->service);
    dispatcher_drain(server->dispatcher);
}

// All jobs are settled: send what is still to be sent, and end the workers.
static void
server_flush(void *context)
{
    struct server *server = context;

    server_set_state(server, SERVER_FLUSHING, FLUSH_GRACE_US);
    sessions_finish(server->sessions);
    dispatcher_stop(server->dispatcher);
    server_leave_if_done(server);
}

static void
server_hurry(struct server *server, const char *why)
{
    if (server->state == SERVER_DRAINING) {
        log_warning(SUBJECT, "%s: what still runs is stopped", why);
        dispatcher_abort(server->dispatcher);
    } else if (server->state == SERVER_FLUSHING) {
        log_warning(SUBJECT, "%s: %zu sessions are closed with answers unsent", why,
                    sessions_open(server->sessions));
        sessions_drop(server->sessions, why);
    }
}

static void
dispatcher_idle_cb(void *context)
{
    struct server *server = context;

    // Not from here: a session may be in the middle of answering.
    if (server->state == SERVER_DRAINING)
        turn_later(server->turn, &server->flush);
}

static void
dispatcher_stopped_cb(void *context)
{
    struct server *server = context;

    server->workers_gone = true;
    server_leave_if_done(server);
}

static void
server_patience_cb(evutil_socket_t fd, short what, void *context)
{
    struct server *server = context;

    (void)fd;
    (void)what;
    server_hurry(server, server->state == SERVER_DRAINING ? "drain-timeout is over"
                                                          : "the clients take too long");
}

static void
server_signal_cb(evutil_socket_t signal, short what, void *context)
{
    struct server *server = context;
    const char *name = signal == SIGTERM ? "SIGTERM" : "SIGINT";

    (void)what;
    if (server->state == SERVER_SERVING)
        server_drain(server, name);
    else
        server_hurry(server, name);
}

// A session asked for it, and must have its answer first.
static void
server_drain_asked(void *context)
{
    struct server *server = context;

    if (server->state == SERVER_SERVING)
        server_drain(server, "server.drain");
}

static void
methods_drain_cb(void *context)
{
    struct server *server = context;

    turn_later(server->turn, &server->drain);
}

// ---- sessions -------------------------------------------------------------------------------

static bool
sessions_control_cb(void *context, bool trusted, struct span method, struct span params,
                    struct session_reply *ret_reply)
{
    struct server *server = context;
    struct methods_view view;

    if (!methods_has(method))
        return false;
    view = (struct methods_view){
        .config = server->config,
        .statistics = &server->statistics,
        .lag = &server->lag,
        .dispatcher = server->dispatcher,
        .discovery = &server->discovery,
        .status = server->status,
        .delegation = server->settings.delegation,
        .sessions_open = sessions_open(server->sessions),
        .callers = sessions_callers(server->sessions),
        .draining = server->state != SERVER_SERVING,
        .trusted = trusted,
        .drain = methods_drain_cb,
        .drain_context = server,
    };
    reload_report(server->reload, &view.reload);
    view.listen = doors_addresses(server->doors, &view.listen_count);
    return methods_call(&view, method, params, ret_reply);
}

static void
sessions_empty_cb(void *context)
{
    server_leave_if_done(context);
}

static void
doors_accepted_cb(void *context, int fd, const struct address *peer)
{
    struct server *server = context;

    sessions_take(server->sessions, fd, peer);
}

// ---- beginning and end ----------------------------------------------------------------------

static void
dispatcher_reloaded_cb(void *context)
{
    struct server *server = context;

    reload_applied(server->reload);
}

static const struct dispatcher_callbacks dispatcher_callbacks = {
    .idle = dispatcher_idle_cb,
    .reloaded = dispatcher_reloaded_cb,
    .stopped = dispatcher_stopped_cb,
};

static int
server_make_loop(struct server *server)
{
    // Not with EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST: with it a descriptor is closed before epoll
    // forgets it, and as long as a child between fork and exec has it too, epoll tells of it again
    // and again.
    server->base = event_base_new();
    if (server->base == NULL || (server->turn = turn_new(server->base)) == NULL)
        return -1;
    server->terminate = evsignal_new(server->base, SIGTERM, server_signal_cb, server);
    server->interrupt = evsignal_new(server->base, SIGINT, server_signal_cb, server);
    server->patience = evtimer_new(server->base, server_patience_cb, server);
    if (server->terminate == NULL || server->interrupt == NULL || server->patience == NULL)
        return -1;
    return evsignal_add(server->terminate, NULL) != 0 || evsignal_add(server->interrupt, NULL) != 0
               ? -1
               : 0;
}

static int
server_listen(struct server *server, struct listener_error *ret_error)
{
    struct doors_settings settings = {
        .base = server->base,
        .config = server->config,
        .activation = server->settings.activation,
        .accepted = doors_accepted_cb,
        .context = server,
    };

    server->doors = doors_open(&settings, ret_error);
    return server->doors != NULL ? 0 : -1;
}

static int
server_start_service(struct server *server)
{
    struct service_settings settings = {
        .base = server->base,
        .notify = server->settings.notify,
        .dispatcher = server->dispatcher,
        .sessions = server->sessions,
    };

    if (settings.notify == NULL || settings.notify->fd < 0)
        return 0;
    server->service = service_new(&settings);
    return server->service != NULL ? 0 : -1;
}

static int
server_open_cgroups(struct server *server)
{
    const struct delegation *delegation = server->settings.delegation;

    if (delegation == NULL || delegation->directory < 0)
        return 0;
    server->cgroups = cgroups_new(server->base, delegation->directory, &delegation->controllers);
    return server->cgroups != NULL ? 0 : -1;
}

static int
server_start_dispatcher(struct server *server)
{
    struct dispatcher_settings settings = {
        .base = server->base,
        .turn = server->turn,
        .config = server->config,
        .statistics = &server->statistics,
        .builtin_path = server->settings.builtin_path,
        .cgroups = server->cgroups,
        .open_files = server->settings.open_files,
    };

    server->dispatcher = dispatcher_new(&settings, &dispatcher_callbacks, server);
    return server->dispatcher != NULL ? 0 : -1;
}

static int
server_make_sessions(struct server *server)
{
    struct sessions_settings settings = {
        .base = server->base,
        .turn = server->turn,
        .config = server->config,
        .statistics = &server->statistics,
        .dispatcher = server->dispatcher,
        .control = sessions_control_cb,
        .empty = sessions_empty_cb,
        .context = server,
    };

    server->sessions = sessions_new(&settings);
    return server->sessions != NULL ? 0 : -1;
}

// What all of the daemon looks at changes at once.
static void
reload_applied_cb(void *context, const struct config *config)
{
    struct server *server = context;

    server->config = config;
    sessions_configure(server->sessions, config);
    log_set_level(config->log_level);
}

static int
server_start_reload(struct server *server)
{
    struct reload_settings settings = {
        .base = server->base,
        .turn = server->turn,
        .source = server->settings.source,
        .first = server->settings.config,
        .dispatcher = server->dispatcher,
        .service = server->service,
        .applied = reload_applied_cb,
        .context = server,
    };

    server->reload = reload_new(&settings);
    return server->reload != NULL ? 0 : -1;
}

struct server *
server_new(const struct server_settings *settings, struct server_error *ret_error)
{
    struct server *server = calloc(1, sizeof(*server));
    struct listener_error error = {.text = "out of memory"};

    if (server == NULL)
        goto fail;
    server->settings = *settings;
    server->config = settings->config;
    server->statistics.started_us = clock_us();
    turn_task_init(&server->flush, server_flush, server);
    turn_task_init(&server->drain, server_drain_asked, server);
    // Listening comes before the first worker is started: an address in use is found out in time.
    if (server_make_loop(server) == 0 && server_listen(server, &error) == 0 &&
        server_open_cgroups(server) == 0 && server_start_dispatcher(server) == 0 &&
        server_make_sessions(server) == 0 && server_start_service(server) == 0 &&
        server_start_reload(server) == 0)
        return server;
fail:
    snprintf(ret_error->text, sizeof(ret_error->text), "%s", error.text);
    server_free(server);
    return NULL;
}

void
server_run(struct server *server)
{
    turn_loop(server->turn, &server->lag);
    log_notice(SUBJECT, "stopped");
}

void
server_free(struct server *server)
{
    struct event **events[] = {&server->terminate, &server->interrupt, &server->patience};

    if (server == NULL)
        return;
    doors_free(server->doors);
    reload_free(server->reload);
    service_free(server->service);
    turn_cancel(&server->drain);
    turn_free(server->turn);
    dispatcher_free(server->dispatcher);
    cgroups_free(server->cgroups);
    sessions_free(server->sessions);
    discovery_done(&server->discovery);
    for (int i = 0; i < 2; i++)
        status_text_done(&server->status[i]);
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
        if (*events[i] != NULL)
            event_free(*events[i]);
    if (server->base != NULL)
        event_base_free(server->base);
    free(server);
}

const struct address *
server_addresses(const struct server *server, size_t *ret_count)
{
    return doors_addresses(server->doors, ret_count);
}
