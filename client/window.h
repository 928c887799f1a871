// The calls that are under way: a fixed number of places. Each call gets an id that tells its
// place, so an answer finds it at once. In order, places come free in the order of the calls, and
// an answer that came early is held in its place. Plain data.
#ifndef OFFLOAD_CLIENT_WINDOW_H
#define OFFLOAD_CLIENT_WINDOW_H

#include "common/span.h"

#include <stdbool.h>
#include <stdint.h>

struct window;

enum window_state {
    WINDOW_FREE,
    WINDOW_SENT, // no answer yet
    WINDOW_HELD, // answered, but an earlier call is not (only in order)
};

struct window_place {
    enum window_state state;
    uint64_t id;
    uint64_t number; // of the line or call that it came from
    bool failed;     // held: text is an error object
    char *text;      // held: the result or error, owned
    size_t length;
};

// NULL when out of memory.
struct window *window_new(unsigned size, bool ordered);
void window_free(struct window *window);

// True if no further call can begin.
bool window_is_full(const struct window *window);

// Calls without an answer.
unsigned window_sent(const struct window *window);

// True if no call is under way, neither sent nor held.
bool window_is_empty(const struct window *window);

// Begins a call; the window must not be full. The place is valid until it is released.
struct window_place *window_take(struct window *window, uint64_t number);

// The call without an answer that has this id; NULL if there is none.
struct window_place *window_find(struct window *window, uint64_t id);

// Any call without an answer; NULL if there is none.
struct window_place *window_any_sent(struct window *window);

// In order only: keeps a copy of the answer. False when out of memory.
bool window_hold(struct window *window, struct window_place *place, bool failed, struct span text);

// In order only: the first call if its answer is here; else NULL.
struct window_place *window_first_held(struct window *window);

// Ends a call and frees what it held. In order: only what window_first_held returned.
void window_release(struct window *window, struct window_place *place);

#endif
