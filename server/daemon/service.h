// What the daemon tells the service manager, and when: that it is ready, how it goes, that it is
// alive, that it stops and still needs time for that. A timer of the loop does it, so that a loop
// which is stuck says nothing, and is restarted.
//
//     STARTING --first workers settled: READY=1--> SERVING --service_stopping: STOPPING=1-->
//     STOPPING                                      |   ^
//         ^         service_reloading: RELOADING=1  v   | service_reloaded: READY=1
//         |                                       RELOADING
//         +------ service_stopping ------ (STARTING, RELOADING)
#ifndef OFFLOAD_DAEMON_SERVICE_H
#define OFFLOAD_DAEMON_SERVICE_H

#include "daemon/notify.h"
#include "dispatcher/dispatcher.h"

struct service;
struct sessions;

struct service_settings {
    struct event_base *base;
    const struct notify *notify;         // outlives it
    const struct dispatcher *dispatcher; // likewise
    const struct sessions *sessions;     // likewise
};

// Begins to tell, with the next turn of the loop. NULL when out of memory.
struct service *service_new(const struct service_settings *settings);
void service_free(struct service *service);

// The daemon reads its configuration again; and is done with that, or with starting what the
// configuration says. `trouble`: why nothing has changed, for the status line from then on; or
// NULL.
void service_reloading(struct service *service);
void service_reloaded(struct service *service, const char *trouble);

// The daemon has begun to stop.
void service_stopping(struct service *service);

#endif
