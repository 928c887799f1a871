// Sessions of which nothing is heard: idle ones, and those that stop in the middle of a line. And
// slow ones, which are not to be taken for them.
#include "gathers.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

static void
expect_logged(struct fixture *fixture, const char *part)
{
    int64_t deadline = deadline_in(PATIENCE);
    bool found = false;

    while (!found) {
        char *log = read_text(fixture->daemon.log);

        found = strstr(log, part) != NULL;
        free(log);
        if (!found && deadline_passed(deadline))
            fail_msg("the log does not say: %s", part);
        if (!found)
            deadline_pause();
    }
}

// The session that looks at the daemon for the test is idle as well: it was closed, or will be.
static void
give_up_the_watch(struct fixture *fixture)
{
    fixture_forget(fixture);
}

// ---- idle -----------------------------------------------------------------------------------

static void
test_idle_sessions_are_closed(struct fixture *fixture)
{
    struct peer *peers[] = {open_tcp(fixture), open_unix(fixture), open_tcp(fixture)};

    expect_pong(peers[1]);
    expect_error(peer_ask(peers[2], REQUEST("1", "no", "[]")), "1", ERROR_METHOD_NOT_FOUND);
    for (int i = 0; i < 3; i++)
        peer_expect_end(peers[i]); // without a word
    expect_logged(fixture, "idle-timeout");
    give_up_the_watch(fixture);
}

// What it waits for is not idleness, and when that has come it has all the time again.
static void
test_sessions_that_wait_are_not_idle(struct fixture *fixture)
{
    struct peer *peers[] = {open_tcp(fixture), open_unix(fixture), open_tcp(fixture)};

    peer_say(peers[0], REQUEST("1", "sleep", "[1.5]"));
    peer_say(peers[1], GATHER("1", SLEEP("1.5")));
    peer_say(peers[2], "[" REQUEST("1", "sleep", "[1.5]") "]");
    assert_non_null(strstr(peer_line(peers[0]), SLEPT("1.5")));
    assert_non_null(strstr(peer_line(peers[1]), SLEPT("1.5")));
    assert_non_null(strstr(peer_line(peers[2]), SLEPT("1.5")));
    for (int i = 0; i < 3; i++)
        expect_pong(peers[i]);
    for (int i = 0; i < 3; i++)
        peer_expect_end(peers[i]);
    give_up_the_watch(fixture);
}

static void
test_a_notification_is_not_idleness(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    peer_say(peer, NOTIFICATION("sleep", "[1.5]"));
    peer_expect_end(peer);
    give_up_the_watch(fixture);
    fixture_await(fixture, "jobs.succeeded", 1); // and was not cancelled before
    assert_int_equal(fixture_number(fixture, "jobs.cancelled"), 0);
}

// A client that takes its time to read a long answer does something.
static void
test_a_slow_reader_is_not_idle(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    static char line[2 << 20];
    static const char head[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\",\"params\":[\"";
    int64_t until;

    memset(line, 'x', sizeof(line));
    memcpy(line, head, sizeof(head) - 1);
    memcpy(line + sizeof(line) - 4, "\"]}", 4);
    for (int i = 0; i < 3; i++) {
        strstr(line, "\"id\":")[5] = (char)('1' + i);
        peer_say(peer, "%s", line);
    }
    fixture_await(fixture, "jobs.succeeded", 3);
    until = deadline_in(1.5);
    while (!deadline_passed(until))
        assert_int_equal(fixture_number(fixture, "sessions.open"), 2);
    for (int i = 0; i < 3; i++)
        assert_true(strlen(peer_line(peer)) > sizeof(line) - sizeof(head));
    give_up_the_watch(fixture);
}

// ---- in the middle of a line ----------------------------------------------------------------

static void
expect_refused(struct peer *peer)
{
    json_auto_t *data = expect_error_data(peer_line(peer), "null", ERROR_INVALID_REQUEST);

    check_string(data, "limit", "line-timeout");
    assert_true(json_number_value(json_object_get(data, "max")) == 0.5);
}

static void
test_half_lines_are_refused(struct fixture *fixture)
{
    static const char *const halves[] = {"{\"jsonrpc\":\"2.0\",", "x", PING "\n{\"json", "\r"};
    struct peer *idle = open_tcp(fixture);

    expect_pong(idle);
    for (size_t i = 0; i < sizeof(halves) / sizeof(halves[0]); i++) {
        struct peer *peer = i % 2 == 0 ? open_tcp(fixture) : open_unix(fixture);

        peer_send(peer, halves[i], strlen(halves[i]));
        if (strncmp(halves[i], PING, sizeof(PING) - 1) == 0)
            expect_result(peer_line(peer), "\"p\"", "\"pong\"");
        expect_refused(peer);
        peer_expect_end(peer);
    }
    expect_logged(fixture, "line-timeout");
    expect_pong(idle); // it is in no line, and idle-timeout is none
}

// The rest of a line that is too long is a line as well.
static void
test_half_of_too_long_a_line(struct fixture *fixture)
{
    static char line[5000];
    struct peer *peer = open_tcp(fixture);

    memset(line, 'x', sizeof(line));
    peer_send(peer, line, sizeof(line));
    expect_limit(peer_line(peer), "null", ERROR_INVALID_REQUEST, "line-max");
    expect_refused(peer);
    peer_expect_end(peer);
}

// What is under way is answered, then it is closed.
static void
test_what_is_under_way_is_answered(struct fixture *fixture)
{
    struct peer *peer = open_unix(fixture);

    peer_say(peer, REQUEST("1", "sleep", "[2]"));
    peer_send(peer, "{\"", 2);
    expect_refused(peer);
    peer_send(peer, "}\n", 2); // too late
    expect_result(peer_line(peer), "1", SLEPT("2"));
    peer_expect_end(peer);
}

// However slow, as long as it goes on: each line takes longer than the timeout as a whole.
static void
test_slow_senders(struct fixture *fixture)
{
    struct peer *peers[] = {open_tcp(fixture), open_unix(fixture)};

    for (size_t at = 0; at < sizeof(PING) - 1; at++) {
        for (int i = 0; i < 2; i++)
            peer_send(peers[i], &PING[at], 1);
        poll(NULL, 0, (int)(20 * deadline_slowness())); // the pace of the senders
    }
    for (int i = 0; i < 2; i++) {
        peer_send(peers[i], "\n", 1);
        expect_result(peer_line(peers[i]), "\"p\"", "\"pong\"");
    }
}

// It is not the client's fault that the daemon does not read.
static void
test_the_wall_is_no_pause_of_the_client(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    peer_say(peer, REQUEST("1", "sleep", "[1.5]"));
    peer_say(peer, REQUEST("2", "sleep", "[1.5]"));
    peer_send(peer, PING, sizeof(PING) - 1);
    assert_non_null(strstr(peer_line(peer), SLEPT("1.5")));
    assert_non_null(strstr(peer_line(peer), SLEPT("1.5")));
    peer_send(peer, "\n", 1);
    expect_result(peer_line(peer), "\"p\"", "\"pong\"");
}

#define IDLE "--set", "server.idle-timeout=500ms", "--set", "server.log-level=debug"
#define LINE "--set", "server.line-timeout=500ms", "--set", "server.log-level=debug"

HARNESS_MAIN(SCENARIO(test_idle_sessions_are_closed, IDLE),
             SCENARIO(test_sessions_that_wait_are_not_idle, IDLE),
             SCENARIO(test_a_notification_is_not_idleness, IDLE),
             SCENARIO(test_a_slow_reader_is_not_idle, IDLE),
             SCENARIO(test_half_lines_are_refused, LINE),
             SCENARIO(test_half_of_too_long_a_line, LINE, "--set", "server.line-max=1K"),
             SCENARIO(test_what_is_under_way_is_answered, LINE), SCENARIO(test_slow_senders, LINE),
             SCENARIO(test_the_wall_is_no_pause_of_the_client, LINE, "--set",
                      "server.in-flight-max=2"))
