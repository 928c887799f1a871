// A daemon that is watched: asks for its status again and again, and connects anew when it has
// gone. Tells what it says and what is wrong; knows nothing of how that is shown.
#ifndef OFFLOAD_CLIENT_WATCH_H
#define OFFLOAD_CLIENT_WATCH_H

#include "client/lib/offload.h"
#include "common/span.h"

#include <stdint.h>

struct event_base;
struct options;
struct watch;

struct watch_events {
    void (*status)(void *context, struct span document); // what server.status answered
    void (*trouble)(void *context);                      // watch_trouble says something else now
};

// Connects as the options say. 0, or the exit status after saying what is wrong.
int watch_open(const struct options *options, struct event_base *base, int64_t interval_us,
               const struct watch_events *events, void *context, struct watch **ret);
void watch_close(struct watch *watch); // NULL is accepted

// Asks now, and goes on from there.
void watch_ask(struct watch *watch);

// What is wrong with the connection, as a sentence; NULL: nothing.
const char *watch_trouble(const struct watch *watch);

// Calls another method meanwhile: what offload_call says, -ENOTCONN while there is no daemon.
int watch_call(struct watch *watch, const struct offload_call *call);

#endif
