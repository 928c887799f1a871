// See doors.h.
#include "daemon/doors.h"

#include "common/clock.h"
#include "common/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUBJECT         "server"
#define COMPLAINT_EVERY 10000000 // us between two lines about the same

struct doors {
    struct doors_settings settings;
    struct listener **listeners;
    struct address *addresses;
    size_t listener_count;
    size_t address_count;
    int64_t starved_logged_us;
};

static void
listener_accepted_cb(void *context, int fd, const struct address *peer)
{
    struct doors *doors = context;

    doors->settings.accepted(doors->settings.context, fd, peer);
}

static void
listener_starved_cb(void *context, int error)
{
    struct doors *doors = context;
    int64_t now_us = clock_us();

    if (now_us - doors->starved_logged_us < COMPLAINT_EVERY && doors->starved_logged_us != 0)
        return; // it is said often enough
    doors->starved_logged_us = now_us;
    log_warning(SUBJECT, "no connection can be accepted for now: %s", strerror(error));
}

static const struct listener_callbacks listener_callbacks = {
    .accepted = listener_accepted_cb,
    .starved = listener_starved_cb,
};

static void
doors_add(struct doors *doors, struct listener *listener)
{
    doors->listeners[doors->listener_count++] = listener;
    doors->addresses[doors->address_count++] = *listener_address(listener);
}

// ---- what was passed ------------------------------------------------------------------------

static int
doors_adopt(struct doors *doors, size_t index, struct listener_error *ret_error)
{
    struct activation_socket *one = &doors->settings.activation->sockets[index];
    struct listener_error error;
    struct listener *listener =
        listener_adopt(doors->settings.base, one->fd, &listener_callbacks, doors, &error);

    if (listener == NULL) {
        ret_error->error = error.error;
        snprintf(ret_error->text, sizeof(ret_error->text), "socket %zu of systemd: %.200s",
                 index + 1, error.text);
        return -1;
    }
    one->fd = -1;
    doors_add(doors, listener);
    return 0;
}

static bool
is_waiting(const struct doors *doors, size_t index)
{
    return doors->settings.activation->sockets[index].fd >= 0;
}

static size_t
passed_count(const struct doors *doors)
{
    return doors->settings.activation != NULL ? doors->settings.activation->count : 0;
}

// `systemd:WHICH` of the configuration. 0, or -1 with *ret_error filled.
static int
doors_adopt_named(struct doors *doors, const char *which, struct listener_error *ret_error)
{
    size_t found = 0;

    for (size_t i = 0; i < passed_count(doors); i++) {
        if (!activation_is(doors->settings.activation, i, which))
            continue;
        found++;
        if (is_waiting(doors, i) && doors_adopt(doors, i, ret_error) != 0)
            return -1;
    }
    if (found > 0)
        return 0;
    ret_error->error = -ENOENT;
    snprintf(ret_error->text, sizeof(ret_error->text),
             "cannot listen on systemd:%s: systemd has passed no such socket", which);
    return -1;
}

static bool
is_same(const struct address *address, const struct address *other)
{
    if (address->kind != other->kind)
        return false;
    if (address->kind == ADDRESS_UNIX)
        return address->path[0] != '\0' && strcmp(address->path, other->path) == 0;
    return address->port == other->port && strcmp(address->host, other->host) == 0;
}

// An address of the configuration, as a bound socket of it would be described.
static struct address
as_bound(const struct address *address)
{
    struct sockaddr_storage name;
    struct address bound = *address;
    socklen_t length;

    if (address_resolve(address, 0, &name, &length) == 0)
        address_from_sockaddr((const struct sockaddr *)&name, length, &bound);
    return bound;
}

// True if the address is passed too, and served already or from now on; *ret is then 0 or -1.
static bool
doors_find_passed(struct doors *doors, const struct address *address,
                  struct listener_error *ret_error, int *ret)
{
    struct address wanted = as_bound(address);

    for (size_t i = 0; i < passed_count(doors); i++) {
        struct sockaddr_storage name;
        socklen_t length = sizeof(name);
        struct address passed;

        if (!is_waiting(doors, i) || getsockname(doors->settings.activation->sockets[i].fd,
                                                 (struct sockaddr *)&name, &length) != 0)
            continue;
        address_from_sockaddr((const struct sockaddr *)&name, length, &passed);
        if (!is_same(&passed, &wanted))
            continue;
        *ret = doors_adopt(doors, i, ret_error);
        return true;
    }
    *ret = 0;
    for (size_t i = 0; i < doors->address_count && passed_count(doors) > 0; i++)
        if (is_same(&doors->addresses[i], &wanted))
            return true;
    return false;
}

// What no address has named: served, unless the configuration has chosen among them.
static int
doors_take_the_rest(struct doors *doors, struct listener_error *ret_error)
{
    const struct config *config = doors->settings.config;
    bool chosen = false;

    for (size_t i = 0; i < config->listen_count; i++)
        chosen |= config->listen[i].kind == ADDRESS_PASSED;
    for (size_t i = 0; i < passed_count(doors); i++) {
        if (!is_waiting(doors, i))
            continue;
        if (chosen)
            log_warning(SUBJECT, "socket %zu of systemd is not served: `listen` does not name it",
                        i + 1);
        else if (doors_adopt(doors, i, ret_error) != 0)
            return -1;
    }
    return 0;
}

// ---- what is configured ---------------------------------------------------------------------

// Without a configuration nobody has promised that there is a place for the Unix socket: then TCP
// alone must do.
static bool
may_do_without(const struct doors *doors, const struct address *address,
               const struct listener_error *error)
{
    if (!doors->settings.config->listen_implied || address->kind != ADDRESS_UNIX ||
        (error->error != -ENOENT && error->error != -EACCES))
        return false;
    log_warning(SUBJECT, "%s; going on without it", error->text);
    return true;
}

static int
doors_open_one(struct doors *doors, const struct address *address, struct listener_error *ret_error)
{
    struct listener *listener;
    int status;

    if (address->kind == ADDRESS_PASSED)
        return doors_adopt_named(doors, address->path, ret_error);
    if (doors_find_passed(doors, address, ret_error, &status))
        return status;
    listener = listener_new(doors->settings.base, address, doors->settings.config->socket_mode,
                            &listener_callbacks, doors, ret_error);
    if (listener == NULL)
        return may_do_without(doors, address, ret_error) ? 0 : -1;
    doors_add(doors, listener);
    return 0;
}

static int
doors_open_all(struct doors *doors, struct listener_error *ret_error)
{
    const struct config *config = doors->settings.config;
    size_t count = config->listen_implied && passed_count(doors) > 0 ? 0 : config->listen_count;

    for (size_t i = 0; i < count; i++)
        if (doors_open_one(doors, &config->listen[i], ret_error) != 0)
            return -1;
    if (passed_count(doors) == 0)
        return 0;
    if (doors_take_the_rest(doors, ret_error) != 0)
        return -1;
    activation_close(doors->settings.activation);
    return 0;
}

struct doors *
doors_open(const struct doors_settings *settings, struct listener_error *ret_error)
{
    struct doors *doors = calloc(1, sizeof(*doors));
    size_t most = settings->config->listen_count +
                  (settings->activation != NULL ? settings->activation->count : 0);

    if (doors != NULL) {
        doors->settings = *settings;
        doors->listeners = calloc(most, sizeof(*doors->listeners));
        doors->addresses = calloc(most, sizeof(*doors->addresses));
    }
    if (doors == NULL || doors->listeners == NULL || doors->addresses == NULL)
        snprintf(ret_error->text, sizeof(ret_error->text), "out of memory");
    else if (doors_open_all(doors, ret_error) == 0)
        return doors;
    doors_free(doors);
    return NULL;
}

void
doors_close(struct doors *doors)
{
    for (size_t i = 0; i < doors->listener_count; i++)
        listener_free(doors->listeners[i]);
    doors->listener_count = 0;
}

void
doors_free(struct doors *doors)
{
    if (doors == NULL)
        return;
    doors_close(doors);
    free(doors->listeners);
    free(doors->addresses);
    free(doors);
}

const struct address *
doors_addresses(const struct doors *doors, size_t *ret_count)
{
    *ret_count = doors->address_count;
    return doors->addresses;
}
