// See peer.h.
#include "peer.h"

#include "assertions.h"
#include "common/address.h"
#include "deadline.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// `from` may be NULL.
static bool
try_connect(struct peer *peer, const char *text, const char *from)
{
    struct sockaddr_storage resolved;
    struct sockaddr_in own = {.sin_family = AF_INET};
    struct address address;
    socklen_t length;

    *peer = (struct peer){.fd = -1};
    assert_null(address_parse(text, &address));
    assert_int_equal(address_resolve(&address, 0, &resolved, &length), 0);
    peer->fd = socket(resolved.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(peer->fd >= 0);
    // Two small writes in a row must not wait for each other (fails on a Unix socket, which is
    // fine).
    setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (from != NULL) {
        assert_int_equal(inet_pton(AF_INET, from, &own.sin_addr), 1);
        assert_int_equal(bind(peer->fd, (struct sockaddr *)&own, sizeof(own)), 0);
    }
    if (connect(peer->fd, (struct sockaddr *)&resolved, length) == 0)
        return true;
    close(peer->fd);
    peer->fd = -1;
    return false;
}

bool
peer_try_connect(struct peer *peer, const char *address)
{
    return try_connect(peer, address, NULL);
}

void
peer_connect(struct peer *peer, const char *address)
{
    peer_connect_from(peer, address, NULL);
}

void
peer_connect_from(struct peer *peer, const char *address, const char *from)
{
    if (!try_connect(peer, address, from))
        fail_msg("cannot connect to %s: %s", address, strerror(errno));
}

void
peer_close(struct peer *peer)
{
    if (peer->fd >= 0)
        close(peer->fd);
    free(peer->buffer);
    *peer = (struct peer){.fd = -1};
}

void
peer_reset(struct peer *peer)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};

    setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    peer_close(peer);
}

void
peer_half_close(struct peer *peer)
{
    assert_int_equal(shutdown(peer->fd, SHUT_WR), 0);
}

// Takes in what is there without waiting.
static void
receive(struct peer *peer)
{
    ssize_t got;

    if (peer->start > 0 && peer->start == peer->end)
        peer->start = peer->end = 0;
    if (peer->capacity - peer->end < 65536) {
        peer->capacity = peer->capacity * 2 + 65536;
        peer->buffer = realloc(peer->buffer, peer->capacity + 1);
        assert_non_null(peer->buffer);
    }
    got = recv(peer->fd, peer->buffer + peer->end, peer->capacity - peer->end, MSG_DONTWAIT);
    if (got > 0)
        peer->end += (size_t)got;
    else if (got == 0 || (errno != EAGAIN && errno != EINTR))
        peer->ended = true;
}

size_t
peer_send_some(struct peer *peer, const char *bytes, size_t length)
{
    ssize_t sent = send(peer->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (sent < 0 && errno != EAGAIN && errno != EINTR)
        fail_msg("cannot send: %s", strerror(errno));
    return sent < 0 ? 0 : (size_t)sent;
}

void
peer_send(struct peer *peer, const char *bytes, size_t length)
{
    int64_t deadline = deadline_in(PATIENCE);

    while (length > 0) {
        size_t sent = peer_send_some(peer, bytes, length);
        short read_too = peer->ended ? 0 : POLLIN;
        struct pollfd wait = {.fd = peer->fd, .events = (short)(POLLOUT | read_too)};

        bytes += sent;
        length -= sent;
        if (length == 0 || sent > 0)
            continue;
        if (poll(&wait, 1, deadline_left_ms(deadline)) == 0)
            fail_msg("the server takes nothing");
        if (wait.revents & POLLIN)
            receive(peer);
    }
}

static __attribute__((format(printf, 2, 0))) void
say(struct peer *peer, const char *format, va_list arguments)
{
    char *text = NULL;
    int length = vasprintf(&text, format, arguments);

    assert_true(length >= 0);
    text[length] = '\n'; // over the NUL: the whole line goes out in one write
    peer_send(peer, text, (size_t)length + 1);
    free(text);
}

void
peer_say(struct peer *peer, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say(peer, format, arguments);
    va_end(arguments);
}

// The daemon asks a half-closed TCP client by a space between two lines whether it is there.
static void
skip_spaces(struct peer *peer)
{
    while (peer->start < peer->end && peer->buffer[peer->start] == ' ')
        peer->start++;
}

char *
peer_line_until(struct peer *peer, int64_t deadline_us)
{
    size_t looked = peer->start;

    for (;;) {
        char *newline =
            peer->end == looked ? NULL : memchr(peer->buffer + looked, '\n', peer->end - looked);
        struct pollfd wait = {.fd = peer->fd, .events = POLLIN};
        size_t before = peer->start;

        if (newline != NULL) {
            char *line;

            skip_spaces(peer);
            line = peer->buffer + peer->start;
            *newline = '\0';
            peer->start = (size_t)(newline - peer->buffer) + 1;
            return line;
        }
        looked = peer->end;
        if (peer->ended || poll(&wait, 1, deadline_left_ms(deadline_us)) == 0)
            return NULL;
        receive(peer);
        looked -= before - peer->start;
    }
}

char *
peer_line(struct peer *peer)
{
    char *line = peer_line_until(peer, deadline_in(PATIENCE));

    if (line == NULL)
        fail_msg("%s", peer->ended ? "the server closed, a line was expected" : "no line came");
    return line;
}

char *
peer_ask(struct peer *peer, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say(peer, format, arguments);
    va_end(arguments);
    return peer_line(peer);
}

void
peer_expect_end(struct peer *peer)
{
    char *line = peer_line_until(peer, deadline_in(PATIENCE));

    if (line != NULL)
        fail_msg("the end was expected, not: %.500s", line);
    if (!peer->ended)
        fail_msg("the server does not close");
    skip_spaces(peer);
    assert_int_equal(peer->start, peer->end); // no half line either
}
