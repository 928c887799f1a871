// See service.h.
#include "daemon/service.h"

#include "common/clock.h"
#include "common/log.h"
#include "daemon/sessions.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUBJECT          "server"
#define STARTING_LOOK_US 20000    // how soon it is noticed that the workers are up
#define LOOK_US          1000000  // how old the status line may be
#define PATIENCE_US      15000000 // asked of the manager again and again while that is not over
#define STATUS_SIZE      1024

enum service_state {
    SERVICE_STARTING,
    SERVICE_SERVING,
    SERVICE_RELOADING,
    SERVICE_STOPPING,
};

struct service {
    struct service_settings settings;
    struct event *look;
    enum service_state state;
    bool announced;  // the manager knows the state
    int64_t told_us; // when something was said last
    int64_t reloading_us;
    bool complained;
    char trouble[CONFIG_ERROR_MAX]; // of the last reload
    char status[STATUS_SIZE];       // as the manager knows it
};

// ---- the status line ------------------------------------------------------------------------

static size_t
count_workers(const struct service *service)
{
    const struct pool *pool;
    struct pool_report report;
    size_t count = 0;

    for (size_t i = 0; (pool = dispatcher_pool(service->settings.dispatcher, i)) != NULL; i++) {
        pool_report(pool, &report);
        for (unsigned place = 0; place < report.config->processes; place++)
            count += pool_worker(pool, place) != NULL;
    }
    return count;
}

// The pools that have no worker and get none, as far as they fit.
static void
add_broken_pools(const struct service *service, char *text, size_t size)
{
    const struct pool *pool;
    struct pool_report report;

    for (size_t i = 0; (pool = dispatcher_pool(service->settings.dispatcher, i)) != NULL; i++) {
        size_t length = strlen(text);

        pool_report(pool, &report);
        if (span_present(report.start_error) && length + CONFIG_POOL_NAME_MAX + 32 < size)
            snprintf(text + length, size - length, "; pool %s cannot start", report.config->name);
    }
}

// It holds the names of files, in which anything may be.
static void
add_trouble(const struct service *service, char *text, size_t size)
{
    size_t length = strlen(text);

    if (service->trouble[0] == '\0')
        return;
    snprintf(text + length, size - length, "; reload refused: %s", service->trouble);
    for (char *at = text + length; *at != '\0'; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = '?';
}

static void
describe(const struct service *service, char text[STATUS_SIZE])
{
    static const char *const names[] = {[SERVICE_STARTING] = "Starting",
                                        [SERVICE_SERVING] = "Serving",
                                        [SERVICE_RELOADING] = "Reloading",
                                        [SERVICE_STOPPING] = "Stopping"};
    const char *name = names[service->state];
    struct dispatcher_report report;

    dispatcher_report(service->settings.dispatcher, &report);
    if (service->state == SERVICE_STARTING || service->state == SERVICE_RELOADING) {
        snprintf(text, STATUS_SIZE, "%s; workers still to come up: %zu of %zu", name,
                 report.workers_wanted - report.workers_settled, report.workers_wanted);
        return;
    }
    snprintf(text, STATUS_SIZE, "%s; jobs: %zu running, %zu queued; workers: %zu; sessions: %zu",
             name, report.running, report.queued, count_workers(service),
             sessions_open(service->settings.sessions));
    add_broken_pools(service, text, STATUS_SIZE);
    add_trouble(service, text, STATUS_SIZE);
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

// What the manager must hear of the state. The time is for Type=notify-reload, which must be able
// to tell one reload from the next.
static int
add_news(const struct service *service, char *text, size_t size)
{
    if (service->announced || service->state == SERVICE_STARTING)
        return snprintf(text, size, "%s", "");
    if (service->state == SERVICE_RELOADING)
        return snprintf(text, size, "RELOADING=1\nMONOTONIC_USEC=%lld\n",
                        (long long)service->reloading_us);
    return snprintf(text, size, "%s",
                    service->state == SERVICE_SERVING ? "READY=1\n" : "STOPPING=1\n");
}

// Says all that is new in one message; what cannot be said now is new the next time as well.
static void
service_tell(struct service *service)
{
    bool waits = service->state != SERVICE_SERVING;
    char status[STATUS_SIZE];
    char text[STATUS_SIZE + 128];
    int length;
    int error;

    describe(service, status);
    length = add_news(service, text, sizeof(text));
    if (service->settings.notify->watchdog_us != 0)
        length += snprintf(text + length, sizeof(text) - (size_t)length, "WATCHDOG=1\n");
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
    struct dispatcher_report report;

    (void)fd;
    (void)what;
    dispatcher_report(service->settings.dispatcher, &report);
    if (service->state == SERVICE_STARTING && report.workers_settled == report.workers_wanted)
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
    if (service->look == NULL) {
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
    free(service);
}

void
service_reloading(struct service *service)
{
    // Before it was ready nobody can ask for a reload but by hand; then it is part of the start.
    if (service->state != SERVICE_SERVING && service->state != SERVICE_RELOADING)
        return;
    service->reloading_us = clock_us();
    service_enter(service, SERVICE_RELOADING);
    service_tell(service);
    service_schedule(service);
}

void
service_reloaded(struct service *service, const char *trouble)
{
    snprintf(service->trouble, sizeof(service->trouble), "%s", trouble != NULL ? trouble : "");
    if (service->state != SERVICE_RELOADING)
        return;
    service_enter(service, SERVICE_SERVING);
    service_tell(service);
    service_schedule(service);
}

void
service_stopping(struct service *service)
{
    // A service that ends without ever having been ready has failed, and would be started again. Of
    // several states in one message only the last counts.
    if (service->state == SERVICE_STARTING || service->state == SERVICE_RELOADING) {
        service_enter(service, SERVICE_SERVING);
        service_tell(service);
    }
    service_enter(service, SERVICE_STOPPING);
    service_tell(service);
    service_schedule(service);
}
