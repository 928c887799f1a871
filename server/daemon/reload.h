// Reads the configuration again on SIGHUP, and has the dispatcher take it over. A configuration
// that is wrong changes nothing, and says why; what cannot change while the daemon runs stays as it
// is, with a warning.
//
//     SIGHUP --> read --wrong--> (nothing changes)
//                  '--right--> the dispatcher starts pools --reload_applied--> in force
//
// The files are read from the loop: a few kilobytes, where an administrator has just written them,
// once for each time that somebody asks.
#ifndef OFFLOAD_DAEMON_RELOAD_H
#define OFFLOAD_DAEMON_RELOAD_H

#include "daemon/service.h"
#include "dispatcher/dispatcher.h"
#include "model/config.h"

#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct reload;
struct turn;

struct reload_settings {
    struct event_base *base;
    struct turn *turn;
    const struct config_source *source; // outlives it
    const struct config *first;         // likewise: what the daemon began with
    struct dispatcher *dispatcher;
    struct service *service; // whom to tell; or NULL
    // The configuration is served from now on, and held until the next one is.
    void (*applied)(void *context, const struct config *config);
    void *context;
};

// NULL when out of memory.
struct reload *reload_new(const struct reload_settings *settings);
void reload_free(struct reload *reload);

// The dispatcher has taken it over.
void reload_applied(struct reload *reload);

// The daemon stops: nothing is read any more.
void reload_end(struct reload *reload);

// What others may know of it.
struct reload_report {
    uint64_t generation; // from 1: grows with each configuration that has come into force
    bool asked;          // ever; then:
    int64_t asked_us;    // monotonic
    bool under_way;      // workers are still to come up
    const char *trouble; // why what was read last changes nothing; NULL: it does
};
void reload_report(const struct reload *reload, struct reload_report *ret_report);

#endif
