// See notify.h. Own code rather than libsystemd, for the reasons in activation.c.
#include "daemon/notify.h"

#include "common/units.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// A path, or a name in the abstract namespace, which '@' stands for. The manager's vsock addresses
// (of a virtual machine's first process) are not for a daemon.
static int
parse_name(const char *text, struct notify *notify)
{
    size_t length = strlen(text);

    if (text[0] != '/' && text[0] != '@')
        return -EAFNOSUPPORT;
    if (length < 2 || length >= sizeof(notify->to.sun_path))
        return -EINVAL;
    notify->to.sun_family = AF_UNIX;
    memcpy(notify->to.sun_path, text, length);
    if (text[0] == '@')
        notify->to.sun_path[0] = '\0';
    // An abstract name ends where the length says so, a path with its NUL.
    notify->length =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (text[0] == '/'));
    return 0;
}

static int64_t
watchdog_us(void)
{
    const char *pid_text = getenv("WATCHDOG_PID");
    const char *text = getenv("WATCHDOG_USEC");
    uint64_t pid;
    uint64_t us;

    if (pid_text != NULL &&
        (!units_parse_number(pid_text, 0, INT32_MAX, &pid) || pid != (uint64_t)getpid()))
        return 0;
    return text != NULL && units_parse_number(text, 1, INT64_MAX, &us) ? (int64_t)us : 0;
}

static int
open_socket(struct notify *notify)
{
    const char *name = getenv("NOTIFY_SOCKET");
    int error;

    if (name == NULL || name[0] == '\0')
        return 0;
    error = parse_name(name, notify);
    if (error != 0)
        return error;
    notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (notify->fd < 0)
        return -errno;
    notify->watchdog_us = watchdog_us();
    return 0;
}

int
notify_open(struct notify *ret)
{
    static const char *const variables[] = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"};
    int error;

    *ret = (struct notify){.fd = -1};
    error = open_socket(ret);
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
        unsetenv(variables[i]);
    return error;
}

void
notify_close(struct notify *notify)
{
    if (notify->fd >= 0)
        close(notify->fd);
    notify->fd = -1;
}

int
notify_send(const struct notify *notify, const char *text)
{
    if (notify->fd < 0)
        return 0;
    return sendto(notify->fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL,
                  (const struct sockaddr *)&notify->to, notify->length) < 0
               ? -errno
               : 0;
}
