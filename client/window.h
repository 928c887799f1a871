// The jobs that are under way: a fixed number of places. In order, places come free in the order of
// the jobs, and one that ended early is held in its place. Plain data.
#ifndef OFFLOAD_CLIENT_WINDOW_H
#define OFFLOAD_CLIENT_WINDOW_H

#include "client/job.h"

struct window;

enum window_state {
    WINDOW_FREE,
    WINDOW_OPEN, // it has not ended
    WINDOW_HELD, // ended, but an earlier one has not (only in order)
};

struct window_place {
    enum window_state state;
    void *owner; // of the window, for callbacks that get a place
    struct job job;
};

// NULL when out of memory.
struct window *window_new(unsigned size, bool ordered, void *owner);
void window_free(struct window *window);

// True if no further job can begin.
bool window_is_full(const struct window *window);

// Jobs that have not ended.
unsigned window_open(const struct window *window);

// True if no job is under way, neither open nor held.
bool window_is_empty(const struct window *window);

// Begins a job; the window must not be full. The place is valid until it is released.
struct window_place *window_take(struct window *window);

// The job that is open in a place, counted from 0 to the size; NULL: none is.
struct window_place *window_at(struct window *window, unsigned index);

// In order only: the job has ended.
void window_hold(struct window *window, struct window_place *place);

// In order only: the first job if it has ended; else NULL.
struct window_place *window_first_held(struct window *window);

// Lets the place and its job go. In order: only what window_first_held returned.
void window_release(struct window *window, struct window_place *place);

#endif
