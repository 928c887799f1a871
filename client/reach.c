// See reach.h.
#include "client/reach.h"

#include "client/local.h"
#include "client/options.h"
#include "client/report.h"
#include "common/address.h"
#include "common/errors.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

// How to connect: what offload_connect takes besides the address.
struct manner {
    struct event_base *base;
    const struct offload_events *events;
    void *context;
};

static int
connect_to(const char *address, const struct manner *manner, struct reach *reach)
{
    return offload_connect(address, manner->base, manner->events, manner->context, &reach->offload);
}

static int
reach_named(const char *source, const char *text, const struct manner *manner, struct reach *reach)
{
    const char *mistake = offload_address_problem(text);
    int error;

    if (mistake != NULL) {
        report_problem("%s '%s': %s", source, text, mistake);
        return EXIT_STATUS_USAGE;
    }
    error = connect_to(text, manner, reach);
    if (error == 0)
        return 0;
    if (error == -ENOMEM)
        return report_no_memory();
    if (error == -EACCES || error == -EPERM)
        report_problem("%s: %s; the members of its group may use it, see 'ls -l'", text,
                       strerror(-error));
    else
        report_problem("no daemon answers at %s: %s; start one with 'offloadd --listen %s', or use "
                       "--local",
                       text, strerror(-error), text);
    return EXIT_STATUS_UNAVAILABLE;
}

static int
reach_default(const struct manner *manner, struct reach *reach)
{
    struct address addresses[3];
    size_t count = address_client_defaults(addresses);
    char tried[3 * (ADDRESS_TEXT_MAX + 4)];
    size_t used = 0;
    int error = connect_to(NULL, manner, reach);

    if (error == 0)
        return 0;
    if (error == -ENOMEM)
        return report_no_memory();
    for (size_t i = 0; i < count; i++) {
        char text[ADDRESS_TEXT_MAX];

        address_format(&addresses[i], text);
        used += (size_t)snprintf(tried + used, sizeof(tried) - used, "%s%s",
                                 i == 0           ? ""
                                 : i + 1 == count ? " or "
                                                  : ", ",
                                 text);
    }
    report_problem("no daemon answers at %s: start offloadd, or use --local", tried);
    return EXIT_STATUS_UNAVAILABLE;
}

static int
reach_local(const struct options *options, const struct manner *manner, struct reach *reach)
{
    int status = local_start(options->sets, options->set_count, &reach->local);
    int error;

    if (status != 0)
        return status;
    error = connect_to(local_address(reach->local), manner, reach);
    local_settle(reach->local);
    if (error == 0)
        return 0;
    report_problem("the private daemon does not answer: %s", strerror(-error));
    return EXIT_STATUS_UNAVAILABLE;
}

int
reach_open(const struct options *options, struct event_base *base,
           const struct offload_events *events, void *context, struct reach *ret)
{
    struct manner manner = {base, events, context};
    struct reach reach = {0};
    const char *server = options->server;
    int status;

    if (options->local) {
        status = reach_local(options, &manner, &reach);
    } else if (server != NULL) {
        status = reach_named("--server", server, &manner, &reach);
    } else {
        server = getenv("OFFLOAD_SERVER");
        status = server != NULL && server[0] != '\0'
                     ? reach_named("OFFLOAD_SERVER", server, &manner, &reach)
                     : reach_default(&manner, &reach);
    }
    if (status == 0)
        *ret = reach;
    else
        reach_close(&reach);
    return status;
}

void
reach_close(struct reach *reach)
{
    offload_free(reach->offload);
    local_stop(reach->local);
    *reach = (struct reach){0};
}

int
reach_report(const struct reach *reach, int error)
{
    const char *why = offload_problem(reach->offload);

    if (error == -ENOMEM)
        return report_no_memory();
    if (error == -ETIMEDOUT && why == NULL)
        why = "no answer in time";
    report_problem("%s: %s", offload_address(reach->offload), why != NULL ? why : strerror(-error));
    return error == -EPROTO || error == -EMSGSIZE ? REPORT_STATUS_PROTOCOL
                                                  : EXIT_STATUS_UNAVAILABLE;
}
