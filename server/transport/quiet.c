// See quiet.h. The timer is set for whoever was the first when it was set: signs of life only move
// the one that gives them to the end of the list, and the timer finds out when it fires.
#include "transport/quiet.h"

#include "common/clock.h"

#include <event2/event.h>
#include <stdlib.h>

TAILQ_HEAD(quiet_list, quiet_watch);

struct quiet {
    struct event *timer;
    int64_t length_us;
    struct quiet_list watched;
};

static void
quiet_set_timer(struct quiet *quiet, int64_t now_us)
{
    const struct quiet_watch *first = TAILQ_FIRST(&quiet->watched);
    int64_t left_us = first->due_us > now_us ? first->due_us - now_us : 0;
    struct timeval left = {left_us / 1000000, left_us % 1000000};

    evtimer_add(quiet->timer, &left);
}

static void
quiet_leave(struct quiet_watch *watch)
{
    if (watch->quiet != NULL)
        TAILQ_REMOVE(&watch->quiet->watched, watch, link);
    watch->quiet = NULL;
}

static void
quiet_timer_cb(evutil_socket_t fd, short what, void *context)
{
    struct quiet *quiet = context;
    int64_t now_us = clock_us();
    struct quiet_watch *first;

    (void)fd;
    (void)what;
    for (int i = 0; i < QUIET_ENDS_PER_TURN; i++) {
        first = TAILQ_FIRST(&quiet->watched);
        if (first == NULL || first->due_us > now_us)
            break;
        quiet_leave(first);
        first->end(first->context);
    }
    if (!TAILQ_EMPTY(&quiet->watched))
        quiet_set_timer(quiet, now_us);
}

struct quiet *
quiet_new(struct event_base *base, int64_t length_us)
{
    struct quiet *quiet = calloc(1, sizeof(*quiet));

    if (quiet == NULL)
        return NULL;
    TAILQ_INIT(&quiet->watched);
    quiet->length_us = length_us;
    quiet->timer = evtimer_new(base, quiet_timer_cb, quiet);
    if (quiet->timer == NULL) {
        free(quiet);
        return NULL;
    }
    return quiet;
}

void
quiet_free(struct quiet *quiet)
{
    if (quiet == NULL)
        return;
    event_free(quiet->timer);
    free(quiet);
}

void
quiet_watch_init(struct quiet_watch *watch, void (*end)(void *context), void *context)
{
    *watch = (struct quiet_watch){.end = end, .context = context};
}

void
quiet_watch(struct quiet *quiet, struct quiet_watch *watch)
{
    int64_t now_us;

    quiet_leave(watch);
    if (quiet == NULL || quiet->length_us == 0)
        return;
    now_us = clock_us();
    watch->due_us = now_us + quiet->length_us;
    watch->quiet = quiet;
    TAILQ_INSERT_TAIL(&quiet->watched, watch, link);
    if (!evtimer_pending(quiet->timer, NULL))
        quiet_set_timer(quiet, now_us);
}
