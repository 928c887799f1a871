// See listener.h.
#include "transport/listener.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define BACKLOG          4096 // the kernel cuts it to net.core.somaxconn
#define KEEPALIVE_IDLE_S 60
#define USER_TIMEOUT_MS  120000 // sent data that a TCP peer does not acknowledge for so long
#define STARVED_PAUSE_US 100000

struct listener {
    int fd;
    struct address address;
    struct event *readable;
    struct event *pause;
    const struct listener_callbacks *callbacks;
    void *context;
    dev_t device; // of the Unix socket's file
    ino_t inode;
};

// True if a process serves the socket at `path`.
static bool
unix_socket_is_alive(const struct sockaddr_storage *name, socklen_t length)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool alive;

    if (fd < 0)
        return true; // cannot tell: do not take it away from anybody
    // EAGAIN: somebody listens, and the backlog is full.
    alive = connect(fd, (const struct sockaddr *)name, length) == 0 || errno != ECONNREFUSED;
    close(fd);
    return alive;
}

// Clears the way for bind. 0 or a negative errno.
static int
unix_path_prepare(const char *path, const struct sockaddr_storage *name, socklen_t length)
{
    struct stat status;

    if (lstat(path, &status) != 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISSOCK(status.st_mode))
        return -EEXIST;
    if (unix_socket_is_alive(name, length))
        return -EADDRINUSE;
    return unlink(path) == 0 || errno == ENOENT ? 0 : -errno;
}

static int
listener_bind_unix(struct listener *listener, const struct sockaddr_storage *name, socklen_t length,
                   mode_t mode)
{
    int error = unix_path_prepare(listener->address.path, name, length);
    struct stat status;
    mode_t before;

    if (error != 0)
        return error;
    // By umask rather than by a chmod after: there is no moment in which others may connect.
    before = umask(0777 & ~mode);
    error = bind(listener->fd, (const struct sockaddr *)name, length) == 0 ? 0 : -errno;
    umask(before);
    if (error != 0)
        return error;
    if (lstat(listener->address.path, &status) != 0)
        return -errno;
    listener->device = status.st_dev;
    listener->inode = status.st_ino;
    return 0;
}

static int
listener_bind_tcp(struct listener *listener, const struct sockaddr_storage *name, socklen_t length)
{
    int on = 1;

    setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(listener->fd, (const struct sockaddr *)name, length) != 0)
        return -errno;
    return 0;
}

static void
listener_learn_port(struct listener *listener)
{
    struct sockaddr_storage bound;
    socklen_t length = sizeof(bound);

    if (listener->address.kind == ADDRESS_TCP &&
        getsockname(listener->fd, (struct sockaddr *)&bound, &length) == 0)
        address_from_sockaddr((const struct sockaddr *)&bound, length, &listener->address);
}

// 0 or a negative errno.
static int
listener_open(struct listener *listener, mode_t mode)
{
    struct sockaddr_storage name;
    socklen_t length;
    int error = address_resolve(&listener->address, 0, &name, &length);

    if (error != 0)
        return -error;
    // The configuration was checked for this; but a name may mean something else by now.
    if (!address_is_loopback((const struct sockaddr *)&name))
        return -EACCES;
    listener->fd = socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener->fd < 0)
        return -errno;
    error = listener->address.kind == ADDRESS_UNIX
                ? listener_bind_unix(listener, &name, length, mode)
                : listener_bind_tcp(listener, &name, length);
    if (error != 0)
        return error;
    if (listen(listener->fd, BACKLOG) != 0)
        return -errno;
    listener_learn_port(listener);
    return 0;
}

static void
tune_tcp(int fd)
{
    int on = 1;
    int idle_s = KEEPALIVE_IDLE_S;
    unsigned timeout_ms = USER_TIMEOUT_MS;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof(timeout_ms));
}

// Errors of accept(2) that belong to the one connection that failed, not to the listener.
static bool
is_transient(int error)
{
    switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
    case EPERM:
        return true;
    default:
        return false;
    }
}

static void
listener_starve(struct listener *listener, int error)
{
    static const struct timeval pause = {0, STARVED_PAUSE_US};

    event_del(listener->readable);
    event_add(listener->pause, &pause);
    listener->callbacks->starved(listener->context, error);
}

static void
listener_readable_cb(evutil_socket_t fd, short what, void *context)
{
    struct listener *listener = context;

    (void)what;
    for (int i = 0; i < LISTENER_ACCEPTS_PER_TURN; i++) {
        struct sockaddr_storage name;
        socklen_t length = sizeof(name);
        struct address peer;
        int accepted = accept4(fd, (struct sockaddr *)&name, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (accepted < 0) {
            if (is_transient(errno))
                continue;
            if (errno != EAGAIN)
                listener_starve(listener, errno);
            return;
        }
        address_from_sockaddr((const struct sockaddr *)&name, length, &peer);
        if (peer.kind == ADDRESS_TCP)
            tune_tcp(accepted);
        listener->callbacks->accepted(listener->context, accepted, &peer);
    }
}

static void
listener_pause_cb(evutil_socket_t fd, short what, void *context)
{
    struct listener *listener = context;

    (void)fd;
    (void)what;
    event_add(listener->readable, NULL);
}

static int
listener_watch(struct listener *listener, struct event_base *base)
{
    listener->readable =
        event_new(base, listener->fd, EV_READ | EV_PERSIST, listener_readable_cb, listener);
    listener->pause = evtimer_new(base, listener_pause_cb, listener);
    if (listener->readable == NULL || listener->pause == NULL ||
        event_add(listener->readable, NULL) != 0)
        return -ENOMEM;
    return 0;
}

static int
socket_option(int fd, int option)
{
    socklen_t length = sizeof(int);
    int value = -1;

    return getsockopt(fd, SOL_SOCKET, option, &value, &length) == 0 ? value : -1;
}

// 0 or a negative errno.
static int
listener_take_over(struct listener *listener, int fd)
{
    struct sockaddr_storage name;
    socklen_t length = sizeof(name);
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || getsockname(fd, (struct sockaddr *)&name, &length) != 0)
        return -errno;
    address_from_sockaddr((const struct sockaddr *)&name, length, &listener->address);
    if (socket_option(fd, SO_TYPE) != SOCK_STREAM || socket_option(fd, SO_ACCEPTCONN) != 1)
        return -EPROTOTYPE;
    if (!address_is_loopback((const struct sockaddr *)&name))
        return -EACCES;
    // The flag belongs to the open socket, which others may share; but who listens polls anyway.
    if (fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
        return -errno;
    listener->fd = fd;
    return 0;
}

static void
explain(const struct address *address, int error, struct listener_error *ret_error)
{
    char text[ADDRESS_TEXT_MAX];
    const char *why = strerror(-error);

    address_format(address, text);
    ret_error->error = error;
    if (error == -EEXIST)
        why = "something that is not a socket stands there";
    else if (error == -EACCES && address->kind == ADDRESS_TCP)
        why = "only loopback addresses are served";
    else if (error == -EADDRINUSE && address->kind == ADDRESS_UNIX)
        why = "a running process serves that socket already";
    else if (error == -EPROTOTYPE)
        why = "it is no listening stream socket";
    snprintf(ret_error->text, sizeof(ret_error->text), "cannot listen on %.160s: %s", text, why);
}

static struct listener *
listener_create(const struct listener_callbacks *callbacks, void *context)
{
    struct listener *listener = calloc(1, sizeof(*listener));

    if (listener == NULL)
        return NULL;
    listener->fd = -1;
    listener->callbacks = callbacks;
    listener->context = context;
    return listener;
}

struct listener *
listener_new(struct event_base *base, const struct address *address, mode_t mode,
             const struct listener_callbacks *callbacks, void *context,
             struct listener_error *ret_error)
{
    struct listener *listener = listener_create(callbacks, context);
    int error = -ENOMEM;

    if (listener != NULL) {
        listener->address = *address;
        error = listener_open(listener, mode);
    }
    if (error == 0)
        error = listener_watch(listener, base);
    if (error == 0)
        return listener;
    explain(address, error, ret_error);
    listener_free(listener);
    return NULL;
}

struct listener *
listener_adopt(struct event_base *base, int fd, const struct listener_callbacks *callbacks,
               void *context, struct listener_error *ret_error)
{
    struct listener *listener = listener_create(callbacks, context);
    struct address unknown = {.kind = ADDRESS_UNIX};
    int error = -ENOMEM;

    if (listener != NULL)
        error = listener_take_over(listener, fd);
    if (error == 0 && (error = listener_watch(listener, base)) != 0)
        listener->fd = -1; // stays the caller's
    if (error == 0)
        return listener;
    explain(listener != NULL ? &listener->address : &unknown, error, ret_error);
    listener_free(listener);
    return NULL;
}

// Removes the socket's file unless somebody has put another one in its place.
static void
listener_unlink(const struct listener *listener)
{
    struct stat status;

    if (listener->inode != 0 && lstat(listener->address.path, &status) == 0 &&
        status.st_dev == listener->device && status.st_ino == listener->inode)
        unlink(listener->address.path);
}

void
listener_free(struct listener *listener)
{
    if (listener == NULL)
        return;
    if (listener->readable != NULL)
        event_free(listener->readable);
    if (listener->pause != NULL)
        event_free(listener->pause);
    listener_unlink(listener);
    if (listener->fd >= 0)
        close(listener->fd);
    free(listener);
}

const struct address *
listener_address(const struct listener *listener)
{
    return &listener->address;
}
