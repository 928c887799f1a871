// The methods that the daemon answers itself: server.ping, server.status, server.drain, pool.pause,
// pool.resume, worker.kill, rpc.discover. A const table, one function per method.
#ifndef OFFLOAD_DAEMON_METHODS_H
#define OFFLOAD_DAEMON_METHODS_H

#include "common/span.h"
#include "daemon/delegation.h"
#include "daemon/params.h"
#include "daemon/reload.h"
#include "dispatcher/dispatcher.h"
#include "model/config.h"
#include "model/histogram.h"
#include "model/statistics.h"
#include "session/callers.h"
#include "session/session.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The text of rpc.discover, made once for each configuration: it is long, and every client that
// completes method names asks for it. All zero: none yet.
struct discovery {
    char *text; // malloc
    size_t length;
    uint64_t generation; // of the configuration
};
void discovery_done(struct discovery *discovery);

// The text of server.status that was made last. Making it takes long, for a turn of the loop, and a
// batch can ask for it a thousand times: beyond the first few of one held moment (clock.h) all get
// what the last of these got. All zero: none yet.
#define STATUS_TEXTS_PER_MOMENT 8
struct status_text {
    char *text; // malloc
    size_t length;
    int64_t moment_us;
    unsigned made; // at that moment
};
void status_text_done(struct status_text *text);

// What the methods may look at.
struct methods_view {
    const struct config *config;
    struct reload_report reload;
    const struct statistics *statistics;
    const struct histogram *lag; // of the daemon's loop
    struct dispatcher *dispatcher;
    const struct delegation *delegation; // or NULL
    struct discovery *discovery;         // outlives the view
    struct status_text *status;          // likewise: without usage, and with it
    const struct address *listen;        // what the daemon is really bound to
    size_t listen_count;
    size_t sessions_open;
    const struct callers *callers;
    bool draining;
    bool trusted; // the caller may stop the daemon, and rule over its pools
    // What server.drain asks for: called from inside methods_call, it only notes the wish.
    void (*drain)(void *context);
    void *drain_context;
};

// True if the daemon has a method of that name: asked for every request, so it is quick.
bool methods_has(struct span name);

// Answers the method; false if the daemon has none of that name.
bool methods_call(const struct methods_view *view, struct span method, struct span params,
                  struct session_reply *ret_reply);

// The rows of the table, for rpc.discover.
struct method_info {
    const char *name;
    const char *summary;
    const struct param *params;
    size_t param_count;
};
const struct method_info *methods_info(size_t index); // NULL behind the last

// status.c: malloc; NULL when out of memory. `usage`: what the workers use is told.
char *methods_status(const struct methods_view *view, bool usage, size_t *ret_length);

// How a pool stands: "serving", "paused", "coming", "leaving".
const char *methods_pool_state(const struct methods_view *view, const struct pool *pool);

// discover.c, methods.c: malloc; NULL when out of memory.
char *methods_discover(const struct methods_view *view, size_t *ret_length);
char *methods_dump(const json_t *answer, size_t *ret_length);

#endif
