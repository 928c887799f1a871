// See reload.h.
#include "daemon/reload.h"

#include "common/clock.h"
#include "common/log.h"
#include "daemon/missing.h"
#include "transport/turn.h"

#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define SUBJECT "server"

struct reload {
    struct reload_settings settings;
    struct event *hangup;
    struct turn_task read;
    struct reload_report report;
    struct config_error error;
    bool ended;
};

// ---- what stays as it was -------------------------------------------------------------------

static bool
same_addresses(const struct config *one, const struct config *other)
{
    char text[ADDRESS_TEXT_MAX];
    char other_text[ADDRESS_TEXT_MAX];

    if (one->listen_count != other->listen_count)
        return false;
    for (size_t i = 0; i < one->listen_count; i++) {
        address_format(&one->listen[i], text);
        address_format(&other->listen[i], other_text);
        if (strcmp(text, other_text) != 0)
            return false;
    }
    return true;
}

static void
warn_if(bool changed, const char *key)
{
    if (changed)
        log_warning(SUBJECT, "%s has changed: that takes a restart", key);
}

// Sockets are open, clocks run, and sessions and workers have been told how long and how deep a
// line may be.
static void
reload_keep(const struct reload *reload, struct config *config)
{
    const struct config *first = reload->settings.first;

    warn_if(!same_addresses(config, first), "listen");
    warn_if(config->socket_mode != first->socket_mode, "socket-mode");
    warn_if(config->limits.line_max != first->limits.line_max, "line-max");
    warn_if(config->limits.depth_max != first->limits.depth_max, "depth-max");
    warn_if(config->session_timeout_us != first->session_timeout_us, "idle-timeout");
    warn_if(config->line_timeout_us != first->line_timeout_us, "line-timeout");
    config->socket_mode = first->socket_mode;
    config->limits.line_max = first->limits.line_max;
    config->limits.depth_max = first->limits.depth_max;
}

// ---- reading --------------------------------------------------------------------------------

static void
reload_tell(const struct reload *reload)
{
    if (reload->settings.service != NULL && !reload->report.under_way)
        service_reloaded(reload->settings.service, reload->report.trouble);
}

static void
reload_refuse(struct reload *reload)
{
    reload->report.trouble = reload->error.text;
    log_error(SUBJECT, "the configuration stays as it was: %s", reload->error.text);
    reload_tell(reload);
}

static void
reload_read(void *context)
{
    struct reload *reload = context;
    struct config *config;

    log_notice(SUBJECT, "SIGHUP: reading the configuration again");
    reload->report.asked = true;
    reload->report.asked_us = clock_us();
    if (reload->settings.service != NULL)
        service_reloading(reload->settings.service);
    config = config_load(reload->settings.source, &reload->error);
    if (config == NULL || missing_identity(config, &reload->error)) {
        reload_refuse(reload);
        config_free(config);
        return;
    }
    reload_keep(reload, config);
    if (dispatcher_reload(reload->settings.dispatcher, config) == 0) {
        reload->report.under_way = true;
        reload->report.trouble = NULL;
    } else {
        strcpy(reload->error.text, "a pool cannot be made (the log says which, and why)");
        reload_refuse(reload);
    }
    config_free(config); // the dispatcher holds what it needs
}

void
reload_applied(struct reload *reload)
{
    const struct config *config = dispatcher_config(reload->settings.dispatcher);

    reload->report.under_way = false;
    reload->report.generation++;
    reload->settings.applied(reload->settings.context, config);
    log_notice(SUBJECT, "configuration %llu is in force: %zu pools",
               (unsigned long long)reload->report.generation, config->pool_count);
    reload_tell(reload);
}

// Signals that come in a crowd are one.
static void
reload_signal_cb(evutil_socket_t signal, short what, void *context)
{
    struct reload *reload = context;

    (void)signal;
    (void)what;
    if (reload->ended)
        log_notice(SUBJECT, "SIGHUP: the daemon stops, no configuration is read any more");
    else
        turn_later(reload->settings.turn, &reload->read);
}

// ---- beginning and end ----------------------------------------------------------------------

struct reload *
reload_new(const struct reload_settings *settings)
{
    struct reload *reload = calloc(1, sizeof(*reload));

    if (reload == NULL)
        return NULL;
    reload->settings = *settings;
    reload->report.generation = 1;
    turn_task_init(&reload->read, reload_read, reload);
    reload->hangup = evsignal_new(settings->base, SIGHUP, reload_signal_cb, reload);
    if (reload->hangup == NULL || evsignal_add(reload->hangup, NULL) != 0) {
        reload_free(reload);
        return NULL;
    }
    return reload;
}

void
reload_free(struct reload *reload)
{
    if (reload == NULL)
        return;
    reload_end(reload);
    if (reload->hangup != NULL)
        event_free(reload->hangup);
    free(reload);
}

void
reload_end(struct reload *reload)
{
    reload->ended = true;
    reload->report.under_way = false; // the dispatcher forgets it
    turn_cancel(&reload->read);
}

void
reload_report(const struct reload *reload, struct reload_report *ret_report)
{
    *ret_report = reload->report;
}
