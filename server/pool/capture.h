// What a process writes into one pipe: the first so many bytes are kept and told piece by piece,
// the rest is read, counted and dropped. The last 4 KiB are remembered in any case.
#ifndef OFFLOAD_POOL_CAPTURE_H
#define OFFLOAD_POOL_CAPTURE_H

#include "common/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct capture;
struct event_base;

struct capture_callbacks {
    // The next bytes of what is kept. No character of UTF-8 is split between two of them. May be
    // NULL.
    void (*piece)(void *context, struct capture *capture, struct span bytes);
    // The pipe is at its end, everything was told.
    void (*end)(void *context, struct capture *capture);
};

// Takes the descriptor (non-blocking). NULL when out of memory; the fd is then still the caller's.
struct capture *capture_new(struct event_base *base, int fd, size_t kept_max,
                            const struct capture_callbacks *callbacks, void *context);

// Not from inside a callback of the same capture.
void capture_free(struct capture *capture);

// Reads what is in the pipe at this moment, and is at its end then: nothing more is read. Does
// nothing if it was there already. `piece` and `end` may be called from here.
void capture_finish(struct capture *capture);

// The bytes that are kept, good until the next turn of the loop.
struct span capture_kept(const struct capture *capture);
// Something was dropped; what is kept was then cut at the end of a character.
bool capture_truncated(const struct capture *capture);
// All that was written, dropped or not.
uint64_t capture_total(const struct capture *capture);
struct span capture_tail(const struct capture *capture);

#endif
