// The event loop of a load: see load.h. It must not know what is on the wires.
#include "load.h"

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define EVENTS_MAX 64

const char *
load_params(struct load *load, uint64_t number, size_t *ret_length)
{
    *ret_length = (size_t)(work_params(&load->settings->work, number, load->params) - load->params);
    return load->params;
}

uint64_t
lane_send(struct lane *lane)
{
    lane->in_flight++;
    return tally_send(&lane->load->tally, lane->number);
}

void
lane_answer(struct lane *lane, uint64_t number, const char *answer, size_t length)
{
    tally_answer(&lane->load->tally, lane->number, number, answer, length);
    lane->in_flight--;
}

void
lane_answer_unnumbered(struct lane *lane, const char *answer, size_t length)
{
    uint64_t number;

    if (!work_number(answer, length, &number))
        errx(1, "an answer without the number of a job: %.*s", (int)length, answer);
    lane_answer(lane, number, answer, length);
}

size_t
lane_line(struct lane *lane, const struct wire *wire)
{
    const char *begin = buffer_at(&wire->in);
    size_t length = buffer_length(&wire->in);
    const char *end = length == lane->scanned
                          ? NULL
                          : memchr(begin + lane->scanned, '\n', length - lane->scanned);

    lane->scanned = end == NULL ? length : 0;
    return end == NULL ? 0 : (size_t)(end - begin) + 1;
}

void
lane_broken(const struct wire *wire, const char *why)
{
    size_t length = buffer_length(&wire->in);

    errx(1, "%s: %.*s", why, (int)(length < 200 ? length : 200), buffer_at(&wire->in));
}

static bool
may_send(const struct load *load)
{
    return !load->closing && (load->settings->jobs == 0 || load->tally.next < load->settings->jobs);
}

// Sends what this lane may send now.
static void
fill(struct lane *lane)
{
    struct load *load = lane->load;
    size_t count = load->settings->window - lane->in_flight;

    if (load->settings->batch && lane->in_flight > 0)
        count = 0;
    if (count > 0 && may_send(load)) {
        if (load->settings->jobs > 0 && count > load->settings->jobs - load->tally.next)
            count = load->settings->jobs - load->tally.next;
        if (tally_has_room(&load->tally, count))
            load->settings->protocol->put(lane, count);
    }
    for (int i = 0; i <= lane->apart; i++)
        wire_send(&lane->wires[i]);
}

static void
take_all(struct lane *lane, struct wire *wire)
{
    size_t length;

    while (buffer_length(&wire->in) > 0 &&
           (length = lane->load->settings->protocol->take(lane, wire)) > 0)
        buffer_take(&wire->in, length);
}

static void
watch(struct load *load, struct lane *lane, int i, int operation)
{
    struct wire *wire = &lane->wires[i];
    struct epoll_event event = {.events = EPOLLIN | (wire->full ? (uint32_t)EPOLLOUT : 0),
                                .data.u64 = (uint64_t)lane->number * 2 + (uint64_t)i};

    if (epoll_ctl(load->epoll, operation, wire->fd, &event) != 0)
        err(1, "epoll_ctl");
}

// Fills, and waits for writing only while there is something that the socket did not take.
static void
fill_and_watch(struct lane *lane)
{
    bool was_full[2] = {lane->wires[0].full, lane->wires[1].full};

    fill(lane);
    for (int i = 0; i <= lane->apart; i++)
        if (lane->wires[i].full != was_full[i])
            watch(lane->load, lane, i, EPOLL_CTL_MOD);
}

static void
turn(struct load *load)
{
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(load->epoll, events, EVENTS_MAX, (int)(load->settings->stall_s * 1e3));

    if (count < 0 && errno != EINTR)
        err(1, "epoll_wait");
    if (count == 0)
        errx(1, "no answers any more: %llu of %llu are missing",
             (unsigned long long)(load->tally.next - load->tally.answered),
             (unsigned long long)load->tally.next);
    if (load->tally.timed)
        load->tally.now_ns = clock_ns();
    for (int i = 0; i < count; i++) {
        struct lane *lane = &load->lanes[events[i].data.u64 / 2];
        struct wire *wire = &lane->wires[events[i].data.u64 % 2];

        if ((events[i].events & ~(uint32_t)EPOLLOUT) != 0 && wire_receive(wire))
            take_all(lane, wire);
        if (load->tally.timed)
            load->tally.now_ns = clock_ns();
        fill_and_watch(lane);
    }
}

// One connection, one job in flight, nothing else to do: a client that waits in read(2).
static void
turn_alone(struct load *load)
{
    struct lane *lane = &load->lanes[0];
    uint64_t answered = load->tally.answered;

    load->tally.now_ns = clock_ns();
    fill(lane);
    while (load->tally.answered == answered && wire_receive(&lane->wires[0]))
        take_all(lane, &lane->wires[0]);
}

static bool
is_alone(const struct load *load)
{
    return load->settings->lanes == 1 && !load->lanes[0].apart && load->settings->window == 1;
}

static void
open_lane(struct load *load, unsigned number)
{
    const struct settings *settings = load->settings;
    struct lane *lane = &load->lanes[number];

    lane->load = load;
    lane->number = number;
    lane->apart = settings->protocol->apart && settings->window > 1;
    for (int i = 0; i <= lane->apart; i++) {
        wire_open(&lane->wires[i], settings->port, settings->wait_s);
        wire_set_blocking(&lane->wires[i], is_alone(load));
        watch(load, lane, i, EPOLL_CTL_ADD);
    }
    if (settings->protocol->hello != NULL)
        settings->protocol->hello(lane);
}

static void
load_open(struct load *load, const struct settings *settings)
{
    *load = (struct load){.settings = settings};
    tally_init(&load->tally, &settings->work, settings->lanes * settings->window,
               settings->window == 1);
    load->params = malloc(work_params_max(&settings->work));
    load->lanes = calloc(settings->lanes, sizeof(load->lanes[0]));
    load->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (load->params == NULL || load->lanes == NULL || load->epoll < 0)
        err(1, "the load");
    for (unsigned i = 0; i < settings->lanes; i++)
        open_lane(load, i);
}

static void
warm_up(struct load *load, void (*turn_of)(struct load *load))
{
    uint64_t end_ns = clock_ns() + (uint64_t)(load->settings->warm_up_s * 1e9);

    while (clock_ns() < end_ns || load->tally.answered < load->settings->warm_up_jobs)
        turn_of(load);
    load->tally.latencies = 0;
}

// For the time to measure, or with a number of jobs until they are answered.
static void
run(struct load *load, void (*turn_of)(struct load *load))
{
    uint64_t jobs = load->settings->jobs;
    uint64_t end_ns = clock_ns() + (uint64_t)(load->settings->seconds * 1e9);

    while (jobs > 0 ? load->tally.answered < jobs : clock_ns() < end_ns)
        turn_of(load);
}

static void
drain(struct load *load, void (*turn_of)(struct load *load))
{
    load->closing = true;
    while (load->tally.answered < load->tally.next)
        turn_of(load);
}

static void
load_close(struct load *load)
{
    for (unsigned i = 0; i < load->settings->lanes; i++)
        for (int j = 0; j <= load->lanes[i].apart; j++)
            wire_close(&load->lanes[i].wires[j]);
    close(load->epoll);
    free(load->lanes);
    free(load->params);
    tally_done(&load->tally);
}

static void
send_first(struct load *load)
{
    load->tally.now_ns = clock_ns();
    for (unsigned i = 0; i < load->settings->lanes; i++)
        fill_and_watch(&load->lanes[i]);
}

struct outcome
load_run(const struct settings *settings)
{
    struct load load;
    struct outcome outcome;

    load_open(&load, settings);
    void (*turn_of)(struct load * load) = is_alone(&load) ? turn_alone : turn;
    uint64_t begin_ns = clock_ns();
    if (turn_of == turn)
        send_first(&load);
    if (settings->jobs == 0) {
        warm_up(&load, turn_of);
        begin_ns = clock_ns();
    }
    uint64_t answered = load.tally.answered;
    run(&load, turn_of);
    outcome = (struct outcome){.jobs = load.tally.answered - answered,
                               .seconds = (double)(clock_ns() - begin_ns) / 1e9,
                               .p50_us = tally_percentile_us(&load.tally, 0.5),
                               .p99_us = tally_percentile_us(&load.tally, 0.99)};
    drain(&load, turn_of);
    outcome.all_jobs = load.tally.answered;
    outcome.answered_at_s = (double)clock_ns() / 1e9;
    load_close(&load);
    return outcome;
}
