// The monotonic clock, in the two units the house uses.
//
// Reading it costs as much as much of the work on a small job. While a burst of small messages is
// worked off, which takes some ten microseconds, it may be held: clock_us then says when the burst
// began. clock_ns is never held.
#ifndef OFFLOAD_COMMON_CLOCK_H
#define OFFLOAD_COMMON_CLOCK_H

#include <stdint.h>
#include <time.h>

// Of this thread; 0: not held. For the functions below alone.
extern _Thread_local int64_t clock_held_us;

static inline int64_t
clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

// As exact as the timer of the kernel, some milliseconds, and cheaper.
static inline int64_t
clock_coarse_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline int64_t
clock_us(void)
{
    return clock_held_us != 0 ? clock_held_us : clock_ns() / 1000;
}

// Holds it at the present moment, also if it is held already.
static inline void
clock_hold(void)
{
    clock_held_us = clock_ns() / 1000;
}

static inline void
clock_release(void)
{
    clock_held_us = 0;
}

#endif
