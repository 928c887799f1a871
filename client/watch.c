// See watch.h. One timer drives it all: each ring asks if it is time and the last answer has come,
// connects if there is no connection, or notes that an answer takes long.
#include "client/watch.h"

#include "client/dial.h"
#include "client/loop.h"
#include "client/reach.h"
#include "client/report.h"
#include "common/clock.h"
#include "common/errors.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RING_US 1000000 // at the latest
#define SLOW_S  3       // an answer that takes so long is worth a word

struct watch {
    struct event_base *base;
    struct reach reach; // its connection is NULL while there is none
    struct dial dial;   // for the next one
    char *address;
    struct loop_alarm *timer;
    int64_t interval_us;
    int64_t next_us;  // when to ask again
    int64_t asked_us; // 0: no answer is waited for
    bool plain;       // the daemon does not know how to tell what workers use
    char trouble[256];
    const struct watch_events *events;
    void *context;
};

static void closed_cb(void *context, int error);

static const struct offload_events connection_events = {.closed = closed_cb};

static void
set_trouble(struct watch *watch, const char *text)
{
    if (strcmp(watch->trouble, text) == 0)
        return;
    snprintf(watch->trouble, sizeof(watch->trouble), "%s", text);
    watch->events->trouble(watch->context);
}

// ---- asking ----------------------------------------------------------------------------------

static void
take_error(struct watch *watch, const struct offload_reply *reply)
{
    char *text;

    if (reply->code == ERROR_INVALID_PARAMS && !watch->plain) {
        watch->plain = true;
        watch_ask(watch);
        return;
    }
    text = report_error_text((struct span){reply->json, reply->length});
    set_trouble(watch, text != NULL ? text : "out of memory");
    free(text);
}

static void
reply_cb(void *context, const struct offload_reply *reply)
{
    struct watch *watch = context;

    watch->asked_us = 0;
    if (reply->outcome == OFFLOAD_ERROR)
        take_error(watch, reply);
    if (reply->outcome != OFFLOAD_RESULT)
        return;
    set_trouble(watch, "");
    watch->events->status(watch->context, (struct span){reply->json, reply->length});
}

void
watch_ask(struct watch *watch)
{
    struct offload_call call = {.method = "server.status", .reply = reply_cb, .context = watch};
    int64_t now_us = clock_us();

    watch->next_us = now_us + watch->interval_us;
    if (watch->reach.offload == NULL || watch->asked_us != 0)
        return;
    if (!watch->plain)
        call.params = "{\"usage\":true}";
    if (offload_call(watch->reach.offload, &call, NULL) == 0) // else the next time
        watch->asked_us = now_us;
}

int
watch_call(struct watch *watch, const struct offload_call *call)
{
    if (watch->reach.offload == NULL)
        return -ENOTCONN;
    return offload_call(watch->reach.offload, call, NULL);
}

// ---- the connection --------------------------------------------------------------------------

static void
closed_cb(void *context, int error)
{
    struct watch *watch = context;
    const char *why = offload_problem(watch->reach.offload);
    char text[sizeof(watch->trouble)];

    (void)error;
    snprintf(text, sizeof(text), "%s%s: %s", watch->reach.local == NULL ? "trying again: " : "",
             watch->address, why != NULL ? why : "closed");
    offload_free(watch->reach.offload);
    watch->reach.offload = NULL;
    watch->asked_us = 0;
    set_trouble(watch, text);
}

static int
adopt(struct watch *watch, int fd)
{
    int error = offload_adopt(fd, watch->base, &connection_events, watch, &watch->reach.offload);

    if (error != 0)
        close(fd);
    return error;
}

// A private daemon does not come back.
static void
connect_again(struct watch *watch)
{
    char text[sizeof(watch->trouble)];
    int fd, error;

    if (watch->reach.local != NULL)
        return;
    fd = dial_step(&watch->dial, watch->address);
    if (fd == -EINPROGRESS)
        return;
    error = fd >= 0 ? adopt(watch, fd) : fd;
    if (error == 0) {
        watch->plain = false;
        watch_ask(watch);
        return;
    }
    snprintf(text, sizeof(text), "trying again: %s: %s", watch->address, strerror(-error));
    set_trouble(watch, text);
}

static void
note_slowness(struct watch *watch, int64_t now_us)
{
    int64_t waited_s = (now_us - watch->asked_us) / 1000000;
    char text[sizeof(watch->trouble)];

    if (waited_s < SLOW_S)
        return;
    snprintf(text, sizeof(text), "no answer from %s for %lld s", watch->address,
             (long long)waited_s);
    set_trouble(watch, text);
}

// When to look again: when it is time to ask, but also soon.
static int64_t
pause_us(const struct watch *watch, int64_t now_us)
{
    int64_t left_us = watch->next_us - now_us;

    if (left_us <= 0)
        left_us = watch->interval_us;
    return left_us < RING_US ? left_us : RING_US;
}

static void
ring_cb(void *context)
{
    struct watch *watch = context;
    int64_t now_us = clock_us();

    if (watch->reach.offload == NULL)
        connect_again(watch);
    else if (watch->asked_us != 0)
        note_slowness(watch, now_us);
    else if (now_us >= watch->next_us)
        watch_ask(watch);
    loop_timer_set(watch->timer, pause_us(watch, now_us));
}

int
watch_open(const struct options *options, struct event_base *base, int64_t interval_us,
           const struct watch_events *events, void *context, struct watch **ret)
{
    struct watch *watch = calloc(1, sizeof(*watch));
    int status;

    if (watch == NULL)
        return report_no_memory();
    *watch = (struct watch){
        .base = base, .interval_us = interval_us, .events = events, .context = context};
    dial_init(&watch->dial);
    status = reach_open(options, base, &connection_events, watch, &watch->reach);
    if (status != 0) {
        watch_close(watch);
        return status;
    }
    watch->address = strdup(offload_address(watch->reach.offload));
    watch->timer = loop_timer_new(base, ring_cb, watch);
    if (watch->address == NULL || watch->timer == NULL) {
        watch_close(watch);
        return report_no_memory();
    }
    watch_ask(watch);
    ring_cb(watch);
    *ret = watch;
    return 0;
}

void
watch_close(struct watch *watch)
{
    if (watch == NULL)
        return;
    loop_alarm_free(watch->timer);
    reach_close(&watch->reach);
    dial_done(&watch->dial);
    free(watch->address);
    free(watch);
}

const char *
watch_trouble(const struct watch *watch)
{
    return watch->trouble[0] != '\0' ? watch->trouble : NULL;
}
