// The event loop, for those who wait in it without watching anything themselves: they need not know
// libevent.
#ifndef OFFLOAD_CLIENT_LOOP_H
#define OFFLOAD_CLIENT_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct loop_alarm;

// A loop that can watch regular files too (stdin may be one). NULL when out of memory.
struct event_base *loop_new(void);
void loop_free(struct event_base *base); // NULL is accepted

// Runs until loop_stop is called by a callback.
void loop_run(struct event_base *base);
void loop_stop(struct event_base *base);

// Calls back at a time, when a signal comes, or as long as a descriptor can be read. NULL when out
// of memory.
struct loop_alarm *loop_timer_new(struct event_base *base, void (*rings)(void *), void *context);
struct loop_alarm *
loop_signal_new(struct event_base *base, int number, void (*rings)(void *), void *context);
struct loop_alarm *
loop_reader_new(struct event_base *base, int fd, void (*rings)(void *), void *context);
void loop_alarm_free(struct loop_alarm *alarm); // NULL is accepted

// A timer rings once, so many microseconds from now; one that was set before is forgotten.
void loop_timer_set(struct loop_alarm *timer, int64_t us);

#endif
