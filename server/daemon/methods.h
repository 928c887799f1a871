// The methods that the daemon answers itself: server.ping, server.status, server.drain,
// rpc.discover. A const
// table, one function per method.
#ifndef OFFLOAD_DAEMON_METHODS_H
#define OFFLOAD_DAEMON_METHODS_H

#include "common/span.h"
#include "daemon/reload.h"
#include "dispatcher/dispatcher.h"
#include "model/config.h"
#include "model/lag.h"
#include "model/statistics.h"
#include "session/callers.h"
#include "session/session.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

// What the methods may look at.
struct methods_view {
    const struct config *config;
    struct reload_report reload;
    const struct statistics *statistics;
    const struct lag *lag; // of the daemon's loop
    const struct dispatcher *dispatcher;
    const struct address *listen; // what the daemon is really bound to
    size_t listen_count;
    size_t sessions_open;
    const struct callers *callers;
    bool draining;
    bool trusted; // the caller may stop the daemon
    // What server.drain asks for: called from inside methods_call, it only notes the wish.
    void (*drain)(void *context);
    void *drain_context;
};

// Answers the method; false if the daemon has none of that name.
bool methods_call(const struct methods_view *view, struct span method, struct span params,
                  struct session_reply *ret_reply);

// The rows of the table, for rpc.discover.
struct method_info {
    const char *name;
    const char *summary;
};
const struct method_info *methods_info(size_t index); // NULL behind the last

// status.c, discover.c: new references; NULL when out of memory.
json_t *methods_status(const struct methods_view *view);
json_t *methods_discover(const struct methods_view *view);

#endif
