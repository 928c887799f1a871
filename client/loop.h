// The event loop, for those who wait in it without watching anything themselves: they need not know
// libevent.
#ifndef OFFLOAD_CLIENT_LOOP_H
#define OFFLOAD_CLIENT_LOOP_H

#include <stdbool.h>

struct event_base;

#define LOOP_NO_TIMEOUT 0

// A loop that can watch regular files too (stdin may be one). NULL when out of memory.
struct event_base *loop_new(void);
void loop_free(struct event_base *base); // NULL is accepted

// Runs until loop_stop is called by a callback: true; or until the time is over: false.
bool loop_run(struct event_base *base, int timeout_ms);
void loop_stop(struct event_base *base);

#endif
