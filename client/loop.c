// See loop.h.
#include "client/loop.h"

#include <event2/event.h>
#include <stdlib.h>

struct loop_alarm {
    struct event *event;
    void (*rings)(void *context);
    void *context;
};

struct event_base *
loop_new(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;

    if (config != NULL && event_config_require_features(config, EV_FEATURE_FDS) == 0)
        base = event_base_new_with_config(config);
    if (config != NULL)
        event_config_free(config);
    return base;
}

void
loop_free(struct event_base *base)
{
    if (base != NULL)
        event_base_free(base);
}

void
loop_run(struct event_base *base)
{
    event_base_dispatch(base);
}

void
loop_stop(struct event_base *base)
{
    event_base_loopbreak(base);
}

static void
rings_cb(evutil_socket_t fd, short what, void *context)
{
    struct loop_alarm *alarm = context;

    (void)fd;
    (void)what;
    alarm->rings(alarm->context);
}

static struct loop_alarm *
alarm_new(struct event_base *base, int fd, short what, void (*rings)(void *), void *context)
{
    struct loop_alarm *alarm = calloc(1, sizeof(*alarm));

    if (alarm == NULL)
        return NULL;
    alarm->rings = rings;
    alarm->context = context;
    alarm->event = event_new(base, fd, what, rings_cb, alarm);
    if (alarm->event != NULL && (what == 0 || event_add(alarm->event, NULL) == 0))
        return alarm;
    loop_alarm_free(alarm);
    return NULL;
}

struct loop_alarm *
loop_timer_new(struct event_base *base, void (*rings)(void *), void *context)
{
    return alarm_new(base, -1, 0, rings, context);
}

struct loop_alarm *
loop_signal_new(struct event_base *base, int number, void (*rings)(void *), void *context)
{
    return alarm_new(base, number, EV_SIGNAL | EV_PERSIST, rings, context);
}

struct loop_alarm *
loop_reader_new(struct event_base *base, int fd, void (*rings)(void *), void *context)
{
    return alarm_new(base, fd, EV_READ | EV_PERSIST, rings, context);
}

void
loop_alarm_free(struct loop_alarm *alarm)
{
    if (alarm == NULL)
        return;
    if (alarm->event != NULL)
        event_free(alarm->event);
    free(alarm);
}

void
loop_timer_set(struct loop_alarm *timer, int64_t us)
{
    struct timeval time = {us / 1000000, us % 1000000};

    event_add(timer->event, &time);
}
