// The connection, with a test at the other end of a socket pair.
#include "client/lib/connection.h"

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct fixture {
    struct event_base *base;
    struct connection *connection;
    int peer;
    char seen[4096]; // what was delivered, as text
    unsigned turns;
    unsigned left;
    bool stop;  // at the first response
    int closed; // the error; 1: not closed
};

static void
see(struct fixture *fixture, const char *prefix, struct span text)
{
    size_t used = strlen(fixture->seen);

    snprintf(fixture->seen + used, sizeof(fixture->seen) - used, "%s%.*s;", prefix,
             (int)text.length, text.at);
}

static void
response_cb(void *context, const struct messages *messages)
{
    struct fixture *fixture = context;

    assert_true(connection_is_busy(fixture->connection));
    for (size_t i = 0; i < messages->count; i++) {
        const struct message *message = &messages->items[i];

        see(fixture, "id ", message->id);
        see(fixture, message->kind == MESSAGE_ERROR ? "error " : "result ",
            message->kind == MESSAGE_ERROR ? message->error : message->result);
    }
    if (fixture->stop)
        connection_stop(fixture->connection);
}

static void
notification_cb(void *context, const struct message *message)
{
    see(context, "notification ", message->method);
}

static void
turn_cb(void *context)
{
    ((struct fixture *)context)->turns++;
}

static void
closed_cb(void *context, int error, const char *why)
{
    struct fixture *fixture = context;

    assert_int_equal(fixture->closed, 1); // once
    assert_true((error == 0) == (why == NULL));
    fixture->closed = error;
}

static void
left_cb(void *context)
{
    struct fixture *fixture = context;

    assert_false(connection_is_busy(fixture->connection));
    fixture->left++;
}

static const struct connection_handlers handlers = {
    .response = response_cb,
    .notification = notification_cb,
    .turn = turn_cb,
    .closed = closed_cb,
    .left = left_cb,
};

static int
setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    int pair[2];

    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
    fixture->peer = pair[1];
    fixture->closed = 1;
    fixture->base = event_base_new();
    fixture->connection = connection_new(fixture->base, pair[0], &handlers, fixture);
    assert_non_null(fixture->connection);
    *state = fixture;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *fixture = *state;

    connection_free(fixture->connection);
    event_base_free(fixture->base);
    if (fixture->peer >= 0)
        close(fixture->peer);
    free(fixture);
    return 0;
}

// Runs what is ready now, without waiting.
static void
step(struct fixture *fixture)
{
    event_base_loop(fixture->base, EVLOOP_NONBLOCK);
}

static void
peer_says(struct fixture *fixture, const char *text, size_t length)
{
    assert_int_equal(send(fixture->peer, text, length, 0), length);
    step(fixture);
}

static void
hang_up(struct fixture *fixture)
{
    close(fixture->peer);
    fixture->peer = -1;
    step(fixture);
}

static const char two[] =
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1e400}\r\n\n"
    "[{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":null},"
    "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":1,\"message\":\"\"}}]\n";
static const char two_seen[] =
    "id 1;result 1e400;id 2;result null;id null;error {\"code\":1,\"message\":\"\"};";

static void
responses_cut_anywhere(void **state)
{
    struct fixture *fixture = *state;

    for (size_t cut = 1; cut < sizeof(two) - 1; cut++) {
        fixture->seen[0] = '\0';
        peer_says(fixture, two, cut);
        peer_says(fixture, two + cut, sizeof(two) - 1 - cut);
        assert_string_equal(fixture->seen, two_seen);
    }
}

static void
one_turn_for_what_came_together(void **state)
{
    struct fixture *fixture = *state;

    peer_says(fixture, two, sizeof(two) - 1);
    assert_int_equal(fixture->turns, 1);
    hang_up(fixture);
    assert_int_equal(fixture->closed, 0);
}

static void
notifications_are_told_and_requests_left_alone(void **state)
{
    static const char text[] = "{\"jsonrpc\":\"2.0\",\"method\":\"$/progress\",\"params\":[]}\n"
                               "{\"jsonrpc\":\"2.0\",\"method\":\"ask\",\"id\":1}\n";
    struct fixture *fixture = *state;

    peer_says(fixture, text, sizeof(text) - 1);
    assert_string_equal(fixture->seen, "notification $/progress;");
    assert_int_equal(fixture->closed, 1);
}

static void
no_response_ends_it(void **state)
{
    static const char text[] =
        "{\"id\":1,\"result\":2}\n{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1}\n";
    struct fixture *fixture = *state;

    peer_says(fixture, text, sizeof(text) - 1);
    assert_int_equal(fixture->closed, -EPROTO);
    assert_string_equal(fixture->seen, ""); // nothing after the end
    step(fixture);
}

static void
no_json_ends_it(void **state)
{
    struct fixture *fixture = *state;

    peer_says(fixture, "\xff\n", 2);
    assert_int_equal(fixture->closed, -EPROTO);
}

static void
requests_of_a_turn_leave_together(void **state)
{
    struct fixture *fixture = *state;
    char text[64];

    for (unsigned i = 0; i < 3; i++) {
        char piece[] = "[1]";
        struct iovec pieces[] = {{piece, 1}, {piece + 1, 2}};

        assert_true(connection_send(fixture->connection, pieces, 2));
    }
    assert_int_equal(connection_pending(fixture->connection), 12);
    connection_finish(fixture->connection);
    step(fixture);
    assert_int_equal(connection_pending(fixture->connection), 0);
    assert_int_equal(recv(fixture->peer, text, sizeof(text), 0), 12);
    assert_memory_equal(text, "[1]\n[1]\n[1]\n", 12);
    assert_int_equal(recv(fixture->peer, text, sizeof(text), 0), 0); // shut, not closed:
    peer_says(fixture, two, sizeof(two) - 1);
    assert_string_equal(fixture->seen, two_seen);
}

static void
a_peer_that_does_not_read_blocks_nothing(void **state)
{
    struct fixture *fixture = *state;
    size_t size = 8 << 20;
    char *large = malloc(size);
    struct iovec piece = {large, size};

    memset(large, ' ', size);
    assert_true(connection_send(fixture->connection, &piece, 1));
    step(fixture);
    assert_true(connection_pending(fixture->connection) > 0);
    peer_says(fixture, two, sizeof(two) - 1); // and it is still heard
    assert_string_equal(fixture->seen, two_seen);
    hang_up(fixture); // with our bytes unread: a reset
    assert_true(fixture->closed == 0 || fixture->closed == -ECONNRESET ||
                fixture->closed == -EPIPE);
    free(large);
}

static void
nothing_comes_after_a_stop(void **state)
{
    struct fixture *fixture = *state;

    fixture->stop = true;
    peer_says(fixture, two, sizeof(two) - 1);
    assert_string_equal(fixture->seen, "id 1;result 1e400;");
    assert_int_equal(fixture->turns, 0);
    assert_int_equal(fixture->left, 1);
    hang_up(fixture);
    assert_int_equal(fixture->closed, 1);
}

// As an evil daemon would: the memory is bounded.
static void
an_endless_line_ends_it(void **state)
{
    struct fixture *fixture = *state;
    char text[5000];

    connection_set_line_max(fixture->connection, 20000);
    memset(text, '[', sizeof(text));
    for (unsigned i = 0; i < 4; i++)
        peer_says(fixture, text, sizeof(text));
    assert_int_equal(fixture->closed, 1);
    peer_says(fixture, text, sizeof(text));
    assert_int_equal(fixture->closed, -EMSGSIZE);
}

// A write to a socket that nobody reads any more raises a signal, unless it is told not to.
static void
no_signal_is_raised(void **state)
{
    struct fixture *fixture = *state;
    char text[] = "[]";
    struct iovec piece = {text, 2};

    signal(SIGPIPE, SIG_DFL);
    close(fixture->peer);
    fixture->peer = -1;
    assert_true(connection_send(fixture->connection, &piece, 1));
    step(fixture);
    assert_int_equal(fixture->closed, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(responses_cut_anywhere, setup, teardown),
        cmocka_unit_test_setup_teardown(one_turn_for_what_came_together, setup, teardown),
        cmocka_unit_test_setup_teardown(notifications_are_told_and_requests_left_alone, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(no_response_ends_it, setup, teardown),
        cmocka_unit_test_setup_teardown(no_json_ends_it, setup, teardown),
        cmocka_unit_test_setup_teardown(requests_of_a_turn_leave_together, setup, teardown),
        cmocka_unit_test_setup_teardown(a_peer_that_does_not_read_blocks_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_comes_after_a_stop, setup, teardown),
        cmocka_unit_test_setup_teardown(an_endless_line_ends_it, setup, teardown),
        cmocka_unit_test_setup_teardown(no_signal_is_raised, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
