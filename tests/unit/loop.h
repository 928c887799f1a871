// A real loop for tests of what does I/O: turns until a condition holds, bounded by a deadline, so
// that a test waits for what it wants to see and never sleeps for luck.
#ifndef OFFLOAD_TESTS_UNIT_LOOP_H
#define OFFLOAD_TESTS_UNIT_LOOP_H

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "common/clock.h"
#include "transport/turn.h"

#include <event2/event.h>

#define LOOP_PATIENCE_US 10000000

struct loop {
    struct event_base *base;
    struct turn *turn;
    struct event *tick; // so that no wait lasts for ever
};

static inline void
loop_tick_cb(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    (void)context;
}

static inline void
loop_open(struct loop *loop)
{
    static const struct timeval often = {0, 10000};

    loop->base = event_base_new();
    assert_non_null(loop->base);
    loop->turn = turn_new(loop->base);
    assert_non_null(loop->turn);
    loop->tick = event_new(loop->base, -1, EV_PERSIST, loop_tick_cb, NULL);
    assert_int_equal(event_add(loop->tick, &often), 0);
}

static inline void
loop_close(struct loop *loop)
{
    turn_free(loop->turn);
    event_free(loop->tick);
    event_base_free(loop->base);
}

// One turn that does not wait.
static inline void
loop_turn(struct loop *loop)
{
    event_base_loop(loop->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

// Enough turns for everything that is possible already to happen.
static inline void
loop_settle(struct loop *loop)
{
    for (int i = 0; i < 10; i++)
        loop_turn(loop);
}

#define LOOP_UNTIL(loop, condition)                              \
    do {                                                         \
        int64_t until_us = clock_us() + LOOP_PATIENCE_US;        \
        while (!(condition)) {                                   \
            if (clock_us() > until_us)                           \
                fail_msg("waited too long for: %s", #condition); \
            event_base_loop((loop)->base, EVLOOP_ONCE);          \
        }                                                        \
    } while (0)

#endif
