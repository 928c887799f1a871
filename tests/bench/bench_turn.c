// What it costs to measure the turns of the loop: nanoseconds of an empty turn, as libevent's own
// loop runs it and as turn_loop does, in alternating rounds.
//
//     bench_turn [TURNS]
#include "common/clock.h"
#include "model/histogram.h"
#include "transport/turn.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define ROUNDS 7

struct bench {
    struct event_base *base;
    struct turn *turn;
    long left;
    bool says; // turn_begin
};

// The descriptor is always readable: each turn polls, finds it, and calls this.
static void
readable_cb(evutil_socket_t fd, short what, void *context)
{
    struct bench *bench = context;

    (void)fd;
    (void)what;
    if (bench->says)
        turn_begin(bench->turn);
    if (--bench->left == 0)
        event_base_loopbreak(bench->base);
}

static double
measure(struct bench *bench, long turns, bool measured)
{
    struct histogram lag = {0};
    int64_t began_ns = clock_ns();

    bench->left = turns;
    bench->says = measured;
    if (measured)
        turn_loop(bench->turn, &lag);
    else
        event_base_dispatch(bench->base);
    return (double)(clock_ns() - began_ns) / (double)turns;
}

int
main(int argc, char *argv[])
{
    long turns = argc > 1 ? atol(argv[1]) : 1000000;
    struct bench bench = {.base = event_base_new()};
    int fd = eventfd(1, EFD_NONBLOCK);
    struct event *readable;
    double least[2] = {1e9, 1e9};

    bench.turn = turn_new(bench.base);
    readable = event_new(bench.base, fd, EV_READ | EV_PERSIST, readable_cb, &bench);
    event_add(readable, NULL);
    for (int round = 0; round < ROUNDS; round++)
        for (int measured = 0; measured < 2; measured++) {
            double ns = measure(&bench, turns, measured);

            least[measured] = ns < least[measured] ? ns : least[measured];
        }
    printf("a turn: %.0f ns by event_base_dispatch, %.0f ns by turn_loop, which measures: +%.0f ns "
           "(least of %d)\n",
           least[0], least[1], least[1] - least[0], ROUNDS);
    event_free(readable);
    turn_free(bench.turn);
    event_base_free(bench.base);
    close(fd);
    return 0;
}
