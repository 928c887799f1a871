// See start.h.
#include "pool/start.h"

#include <errno.h>
#include <event2/event.h>
#include <unistd.h>

void
start_done(struct start *start)
{
    if (start->event != NULL)
        event_free(start->event);
    start->event = NULL;
    if (start->fd >= 0)
        close(start->fd);
    start->fd = -1;
}

void
start_look(struct start *start)
{
    struct spawn_failure failure = {0};
    ssize_t n;

    if (start->fd < 0)
        return;
    n = read(start->fd, &failure, sizeof(failure));
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    start_done(start);
    start->known(start->context, failure);
}

static void
start_readable_cb(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    start_look(context);
}

int
start_watch(struct start *start, struct event_base *base, int fd,
            void (*known)(void *context, struct spawn_failure failure), void *context)
{
    start->fd = fd;
    start->known = known;
    start->context = context;
    start->event = event_new(base, fd, EV_READ | EV_PERSIST, start_readable_cb, start);
    if (start->event != NULL && event_add(start->event, NULL) == 0)
        return 0;
    start_done(start);
    return -ENOMEM;
}
