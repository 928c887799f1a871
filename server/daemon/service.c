// See service.h.
#include "daemon/service.h"

#include "common/clock.h"
#include "common/log.h"
#include "daemon/first_workers.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUBJECT          "server"
#define STARTING_LOOK_US 20000    // how soon it is noticed that the workers are up
#define LOOK_US          1000000  // how old the status line may be
#define PATIENCE_US      15000000 // asked of the manager again and again while that is not over
#define STATUS_SIZE      512

enum service_state {
    SERVICE_STARTING,
    SERVICE_SERVING,
    SERVICE_STOPPING,
};

struct service {
    struct service_settings settings;
    struct event *look;
    struct first_workers *first;
    enum service_state state;
    bool announced;  // the manager knows the state
    int64_t told_us; // when something was said last
    bool complained;
    char status[STATUS_SIZE]; // as the manager knows it
};

// ---- the status line ------------------------------------------------------------------------

static size_t
count_workers(const struct service *service)
{
    size_t count = 0;

    for (size_t i = 0; i < service->settings.config->pool_count; i++)
        for (unsigned place = 0; place < service->settings.config->pools[i].processes; place++)
            count += pool_worker(dispatcher_pool(service->settings.dispatcher, i), place) != NULL;
    return count;
}

// The pools that have no worker and get none, as far as they fit.
static void
add_broken_pools(const struct service *service, char *text, size_t size)
{
    struct pool_report report;

    for (size_t i = 0; i < service->settings.config->pool_count; i++) {
        size_t length = strlen(text);

        pool_report(dispatcher_pool(service->settings.dispatcher, i), &report);
        if (span_present(report.start_error) && length + CONFIG_POOL_NAME_MAX + 32 < size)
            snprintf(text + length, size - length, "; pool %s cannot start", report.config->name);
    }
}

static void
describe(const struct service *service, char text[STATUS_SIZE])
{
    struct dispatcher_report report;
    size_t settled;
    size_t wanted;

    if (service->state == SERVICE_STARTING) {
        settled = first_workers_look(service->first, &wanted);
        snprintf(text, STATUS_SIZE, "Starting; workers still to come up: %zu of %zu",
                 wanted - settled, wanted);
        return;
    }
    dispatcher_report(service->settings.dispatcher, &report);
    snprintf(text, STATUS_SIZE, "%s; jobs: %zu running, %zu queued; workers: %zu; sessions: %zu",
             service->state == SERVICE_SERVING ? "Serving" : "Stopping", report.running,
             report.queued, count_workers(service), *service->settings.session_count);
    add_broken_pools(service, text, STATUS_SIZE);
}

// ---- telling --------------------------------------------------------------------------------

static void
complain(struct service *service, int error)
{
    if (service->complained || error == -EAGAIN)
        return;
    service->complained = true;
    log_warning(SUBJECT, "the service manager cannot be told anything: %s", strerror(-error));
}

// Says all that is new in one message; what cannot be said now is new the next time as well.
static void
service_tell(struct service *service)
{
    static const char *const news[] = {[SERVICE_STARTING] = "",
                                       [SERVICE_SERVING] = "READY=1\n",
                                       [SERVICE_STOPPING] = "STOPPING=1\n"};
    bool waits = service->state != SERVICE_SERVING;
    char status[STATUS_SIZE];
    char text[STATUS_SIZE + 128];
    int length;
    int error;

    describe(service, status);
    length = snprintf(text, sizeof(text), "%s%s", service->announced ? "" : news[service->state],
                      service->settings.notify->watchdog_us != 0 ? "WATCHDOG=1\n" : "");
    if (waits)
        length += snprintf(text + length, sizeof(text) - (size_t)length, "EXTEND_TIMEOUT_USEC=%d\n",
                           PATIENCE_US);
    if (strcmp(status, service->status) != 0)
        length += snprintf(text + length, sizeof(text) - (size_t)length, "STATUS=%s\n", status);
    service->told_us = clock_us();
    if (length == 0)
        return;
    error = notify_send(service->settings.notify, text);
    if (error != 0) {
        complain(service, error);
        return;
    }
    service->announced = true;
    strcpy(service->status, status);
}

// Three signs of life in the time in which one is expected.
static int64_t
interval_us(const struct service *service)
{
    int64_t watchdog_us = service->settings.notify->watchdog_us;

    return watchdog_us != 0 && watchdog_us / 3 < LOOK_US ? watchdog_us / 3 : LOOK_US;
}

static bool
is_due(const struct service *service)
{
    return !service->announced || clock_us() - service->told_us >= interval_us(service);
}

static void
service_schedule(struct service *service)
{
    int64_t delay_us = interval_us(service);
    struct timeval delay;

    if (service->state == SERVICE_STARTING && delay_us > STARTING_LOOK_US)
        delay_us = STARTING_LOOK_US;
    delay = (struct timeval){delay_us / 1000000, delay_us % 1000000};
    event_add(service->look, &delay);
}

static void
service_enter(struct service *service, enum service_state state)
{
    service->state = state;
    service->announced = false;
}

static void
service_look_cb(evutil_socket_t fd, short what, void *context)
{
    struct service *service = context;
    size_t wanted;

    (void)fd;
    (void)what;
    if (service->state == SERVICE_STARTING && first_workers_look(service->first, &wanted) == wanted)
        service_enter(service, SERVICE_SERVING);
    if (is_due(service))
        service_tell(service);
    service_schedule(service);
}

struct service *
service_new(const struct service_settings *settings)
{
    struct service *service = calloc(1, sizeof(*service));

    if (service == NULL)
        return NULL;
    service->settings = *settings;
    service->announced = true; // there is no message for a beginning
    service->look = evtimer_new(settings->base, service_look_cb, service);
    service->first = first_workers_new(settings->config, settings->dispatcher);
    if (service->look == NULL || service->first == NULL) {
        service_free(service);
        return NULL;
    }
    service_schedule(service);
    return service;
}

void
service_free(struct service *service)
{
    if (service == NULL)
        return;
    if (service->look != NULL)
        event_free(service->look);
    first_workers_free(service->first);
    free(service);
}

void
service_stopping(struct service *service)
{
    // A service that ends without ever having been ready has failed, and would be started again. Of
    // several states in one message only the last counts.
    if (service->state == SERVICE_STARTING) {
        service_enter(service, SERVICE_SERVING);
        service_tell(service);
    }
    service_enter(service, SERVICE_STOPPING);
    service_tell(service);
    service_schedule(service);
}
