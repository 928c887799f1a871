// The look at the other end: who has gone, who has only no more to say, and what it takes to tell.
#include "tests/unit/loop.h"
#include "transport/gone.h"

#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct pair {
    int here;
    int there;
};

static void
open_tcp_pair(struct pair *pair, sa_family_t family)
{
    struct sockaddr_in6 name6 = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    struct sockaddr_in name4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr *name =
        family == AF_INET ? (struct sockaddr *)&name4 : (struct sockaddr *)&name6;
    socklen_t length = family == AF_INET ? sizeof(name4) : sizeof(name6);
    int listener = socket(family, SOCK_STREAM, 0);

    if (bind(listener, name, length) != 0)
        skip(); // no IPv6 here
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, name, &length), 0);
    pair->there = socket(family, SOCK_STREAM, 0);
    assert_int_equal(connect(pair->there, name, length), 0);
    pair->here = accept(listener, NULL, NULL);
    assert_true(pair->here >= 0);
    close(listener);
}

static void
close_pair(struct pair *pair)
{
    close(pair->here);
    if (pair->there >= 0)
        close(pair->there);
}

static void
leave(struct pair *pair)
{
    close(pair->there);
    pair->there = -1;
}

// Asks until it is found; the answer of the other end may take a moment.
static void
expect_found(struct pair *pair)
{
    int64_t until_us = clock_us() + LOOP_PATIENCE_US;

    while (!gone_ask(pair->here))
        if (clock_us() > until_us)
            fail_msg("it is not seen to be gone");
    assert_true(gone_look(pair->here));
}

static void
expect_there(struct pair *pair, bool heard)
{
    char bytes[16];

    for (int i = 0; i < 3; i++) {
        assert_false(gone_look(pair->here));
        assert_false(gone_ask(pair->here));
    }
    // What it was asked with are spaces, and nobody who still talks is asked.
    if (heard) {
        assert_int_equal(recv(pair->there, bytes, 3, MSG_WAITALL), 3);
        assert_memory_equal(bytes, "   ", 3);
    }
    assert_int_equal(recv(pair->there, bytes, sizeof(bytes), MSG_DONTWAIT), -1);
}

static void
check_tcp(sa_family_t family)
{
    struct pair pair;

    open_tcp_pair(&pair, family);
    expect_there(&pair, false);
    assert_int_equal(send(pair.there, "x", 1, 0), 1); // and we do not read it
    expect_there(&pair, false);
    leave(&pair);
    expect_found(&pair);
    close_pair(&pair);

    open_tcp_pair(&pair, family);
    shutdown(pair.there, SHUT_WR);
    expect_there(&pair, true);
    leave(&pair); // no packet tells of that
    expect_found(&pair);
    close_pair(&pair);
}

static void
test_tcp(void **state)
{
    (void)state;
    check_tcp(AF_INET);
}

static void
test_tcp6(void **state)
{
    (void)state;
    check_tcp(AF_INET6);
}

static void
test_reset(void **state)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    struct pair pair;

    (void)state;
    open_tcp_pair(&pair, AF_INET);
    setsockopt(pair.there, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    leave(&pair);
    expect_found(&pair);
    close_pair(&pair);
}

// A full way is no reason to think that nobody is there.
static void
test_full(void **state)
{
    static char bytes[65536];
    struct pair pair;

    (void)state;
    open_tcp_pair(&pair, AF_INET);
    shutdown(pair.there, SHUT_WR);
    while (send(pair.here, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
        ;
    assert_false(gone_ask(pair.here));
    leave(&pair);
    expect_found(&pair);
    close_pair(&pair);
}

// Who has sent more than anybody here wants to read: its end stands behind all that, and one that
// is there only hears of spaces.
static void
test_far_ahead(void **state)
{
    static char bytes[65536];
    struct pollfd room = {.events = POLLOUT};
    struct pair pair;
    char heard;

    (void)state;
    open_tcp_pair(&pair, AF_INET);
    room.fd = pair.there;
    // Full for good: what went first may still be on its way to the other socket.
    while (poll(&room, 1, 200) == 1)
        send(pair.there, bytes, sizeof(bytes), MSG_DONTWAIT);
    assert_false(gone_look(pair.here));
    assert_false(gone_ask(pair.here));
    assert_int_equal(recv(pair.there, &heard, 1, MSG_WAITALL), 1);
    assert_int_equal(heard, ' ');
    leave(&pair);
    expect_found(&pair);
    close_pair(&pair);
}

static void
test_unix(void **state)
{
    int ends[2];
    struct pair pair;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    pair = (struct pair){ends[0], ends[1]};
    expect_there(&pair, false);
    shutdown(pair.there, SHUT_WR);
    expect_there(&pair, false); // no need to ask
    leave(&pair);
    assert_true(gone_look(pair.here));
    assert_true(gone_ask(pair.here));
    close_pair(&pair);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tcp),  cmocka_unit_test(test_tcp6),      cmocka_unit_test(test_reset),
        cmocka_unit_test(test_full), cmocka_unit_test(test_far_ahead), cmocka_unit_test(test_unix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
