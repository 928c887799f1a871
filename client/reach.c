// See reach.h.
#include "client/reach.h"

#include "client/local.h"
#include "client/options.h"
#include "client/report.h"
#include "common/clock.h"
#include "common/errors.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECT_TIMEOUT_MS 5000
#define RETRY_MS           10

// A daemon whose machine is gone must not be waited for without end: TCP then breaks the
// connection.
static void
tune(int fd)
{
    static const struct {
        int level, name, value;
    } settings[] = {
        {IPPROTO_TCP, TCP_NODELAY, 1},   {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, 30}, {IPPROTO_TCP, TCP_KEEPINTVL, 10},
        {IPPROTO_TCP, TCP_KEEPCNT, 3},   {IPPROTO_TCP, TCP_USER_TIMEOUT, 60000},
    };

    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) // only a refinement each
        setsockopt(fd, settings[i].level, settings[i].name, &settings[i].value, sizeof(int));
}

// Waits for a connect() under way; returns its errno value.
static int
finish_connect(int fd, int64_t deadline_us)
{
    struct pollfd waiting = {.fd = fd, .events = POLLOUT};
    int error = 0;
    socklen_t length = sizeof(error);
    int ready;

    do {
        int64_t left_us = deadline_us - clock_us();

        ready = poll(&waiting, 1, left_us > 0 ? (int)(left_us / 1000) + 1 : 0);
    } while (ready < 0 && errno == EINTR);
    if (ready == 0)
        return ETIMEDOUT;
    if (ready < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0)
        return errno;
    return error;
}

// A Unix socket whose backlog is full says EAGAIN at once (connect(2)): the daemon is busy, not
// gone.
static int
try_connect(int fd, const struct sockaddr_storage *to, socklen_t length, int64_t deadline_us)
{
    while (connect(fd, (const struct sockaddr *)to, length) != 0) {
        if (errno == EINPROGRESS)
            return finish_connect(fd, deadline_us);
        if (errno != EAGAIN && errno != EINTR)
            return errno;
        if (clock_us() >= deadline_us)
            return ETIMEDOUT;
        poll(NULL, 0, RETRY_MS);
    }
    return 0;
}

// Returns the descriptor, or a negative errno value.
static int
connect_once(const struct sockaddr_storage *to, socklen_t length, int64_t deadline_us)
{
    int fd = socket(to->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int error;

    if (fd < 0)
        return -errno;
    error = try_connect(fd, to, length, deadline_us);
    if (error != 0) {
        close(fd);
        return -error;
    }
    if (to->ss_family != AF_UNIX)
        tune(fd);
    return fd;
}

// Tries all that the address means. Returns the descriptor, or a negative errno value.
static int
connect_address(const struct address *address)
{
    int64_t deadline_us = clock_us() + (int64_t)CONNECT_TIMEOUT_MS * 1000;
    struct sockaddr_storage to;
    socklen_t length;
    int fd = -ENOENT;
    int error;

    for (unsigned index = 0;; index++) {
        error = address_resolve(address, index, &to, &length);
        if (error != 0)
            return index == 0 ? -error : fd;
        fd = connect_once(&to, length, deadline_us);
        if (fd >= 0)
            return fd;
    }
}

static int
reach_named(const char *source, const char *text, struct reach *reach)
{
    struct address address;
    const char *mistake = address_parse(text, &address);

    if (mistake != NULL) {
        report_problem("%s '%s': %s", source, text, mistake);
        return EXIT_STATUS_USAGE;
    }
    address_format(&address, reach->address);
    reach->fd = connect_address(&address);
    if (reach->fd >= 0)
        return 0;
    report_problem("no daemon answers at %s: %s", reach->address, strerror(-reach->fd));
    return EXIT_STATUS_UNAVAILABLE;
}

static int
reach_default(struct reach *reach)
{
    struct address addresses[3];
    size_t count = address_client_defaults(addresses);
    char tried[3 * (ADDRESS_TEXT_MAX + 4)];
    size_t used = 0;

    for (size_t i = 0; i < count; i++) {
        address_format(&addresses[i], reach->address);
        reach->fd = connect_address(&addresses[i]);
        if (reach->fd >= 0)
            return 0;
        used += (size_t)snprintf(tried + used, sizeof(tried) - used, "%s%s",
                                 i == 0           ? ""
                                 : i + 1 == count ? " or "
                                                  : ", ",
                                 reach->address);
    }
    report_problem("no daemon answers at %s: start offloadd, or use --local", tried);
    return EXIT_STATUS_UNAVAILABLE;
}

static int
reach_local(const struct options *options, struct reach *reach)
{
    struct address address;
    int status = local_start(options->sets, options->set_count, &reach->local);

    if (status != 0)
        return status;
    if (address_parse(local_address(reach->local), &address) == NULL) {
        address_format(&address, reach->address);
        reach->fd = connect_address(&address);
    }
    local_settle(reach->local);
    if (reach->fd >= 0)
        return 0;
    report_problem("the private daemon does not answer: %s", strerror(-reach->fd));
    return EXIT_STATUS_UNAVAILABLE;
}

int
reach_open(const struct options *options, struct reach *ret)
{
    struct reach reach = {.fd = -1};
    const char *server = options->server;
    int status;

    if (options->local) {
        status = reach_local(options, &reach);
    } else if (server != NULL) {
        status = reach_named("--server", server, &reach);
    } else {
        server = getenv("OFFLOAD_SERVER");
        status = server != NULL && server[0] != '\0' ? reach_named("OFFLOAD_SERVER", server, &reach)
                                                     : reach_default(&reach);
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
    if (reach->fd >= 0)
        close(reach->fd);
    reach->fd = -1;
    local_stop(reach->local);
    reach->local = NULL;
}
