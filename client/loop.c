// See loop.h.
#include "client/loop.h"

#include <event2/event.h>

struct deadline {
    struct event_base *base;
    bool passed;
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

static void
deadline_cb(evutil_socket_t fd, short what, void *context)
{
    struct deadline *deadline = context;

    (void)fd;
    (void)what;
    deadline->passed = true;
    event_base_loopbreak(deadline->base);
}

bool
loop_run(struct event_base *base, int timeout_ms)
{
    struct timeval timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000L};
    struct deadline deadline = {.base = base};
    struct event *timer;

    if (timeout_ms == LOOP_NO_TIMEOUT) {
        event_base_dispatch(base);
        return true;
    }
    timer = evtimer_new(base, deadline_cb, &deadline);
    if (timer == NULL)
        return false;
    if (evtimer_add(timer, &timeout) == 0)
        event_base_dispatch(base);
    event_free(timer);
    return !deadline.passed;
}

void
loop_stop(struct event_base *base)
{
    event_base_loopbreak(base);
}
