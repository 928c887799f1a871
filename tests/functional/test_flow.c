// Flow: peers that send too much, too slowly, never read or go away. The daemon's memory stays
// bounded, and everybody else is served.
#include "harness.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MEBIBYTE ((size_t)1 << 20)

// An echo request of 64 KiB with its newline.
static void
make_request(char line[65536])
{
    static const char head[] =
        "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"echo\",\"params\":[\"";

    memset(line, 'x', 65536);
    memcpy(line, head, sizeof(head) - 1);
    memcpy(line + 65536 - 4, "\"]}\n", 4);
}

// Sends until nothing goes any more for a while, or a quarter of a gibibyte is through. Meanwhile
// another session is served, and the daemon's memory stays where it is.
static void
send_and_never_read(struct fixture *fixture, struct peer *deaf, const char *text, size_t length)
{
    struct peer *other = open_unix(fixture);
    size_t before = processes_memory(fixture->daemon.pid), sent = 0, at = 0, most = 0;
    int64_t deadline = deadline_in(1);

    while (sent < 256 * MEBIBYTE && !deadline_passed(deadline)) {
        size_t some = peer_send_some(deaf, text + at, length - at);
        size_t memory;

        at = (at + some) % length;
        sent += some;
        if (some > 0) {
            deadline = deadline_in(1);
            continue;
        }
        expect_pong(other);
        memory = processes_memory(fixture->daemon.pid);
        most = memory > most ? memory : most;
        poll(&(struct pollfd){.fd = deaf->fd, .events = POLLOUT}, 1, 20);
    }
    print_message("%zu MiB sent, memory from %zu to %zu MiB\n", sent / MEBIBYTE, before / MEBIBYTE,
                  most / MEBIBYTE);
    assert_true(sent < 256 * MEBIBYTE); // it was made to wait
    if (most > before + 64 * MEBIBYTE)
        fail_msg("the daemon grew by %zu MiB", (most - before) / MEBIBYTE);
    expect_pong(other);
}

static void
test_a_client_that_never_reads(struct fixture *fixture)
{
    static char line[65536];

    make_request(line);
    send_and_never_read(fixture, open_tcp(fixture), line, sizeof(line));
}

// The same with the smallest requests, and with a daemon that answers itself.
static void
test_a_client_that_never_reads_its_pongs(struct fixture *fixture)
{
    send_and_never_read(fixture, open_unix(fixture), PING "\n", strlen(PING "\n"));
}

// Errors need room as well.
static void
test_a_client_that_never_reads_its_errors(struct fixture *fixture)
{
    send_and_never_read(fixture, open_tcp(fixture), "}\n}\n}\n}\n}\n}\n}\n}\n", 16);
}

static void
test_a_client_that_takes_nothing_is_closed(struct fixture *fixture)
{
    static char line[65536];
    struct peer *deaf = open_tcp(fixture);
    int64_t deadline = deadline_in(PATIENCE);

    make_request(line);
    // More than the kernel's buffers and the daemon's own hold; a send fails once it is closed.
    while (send(deaf->fd, line, sizeof(line), MSG_DONTWAIT | MSG_NOSIGNAL) > 0 ||
           fixture_number(fixture, "sessions.open") > 1) {
        if (deadline_passed(deadline))
            fail_msg("a peer that takes nothing is kept");
        poll(NULL, 0, 1);
    }
}

static void
test_more_in_flight_than_allowed_only_waits(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    bool seen[1000] = {false};

    for (int i = 0; i < 1000; i++)
        fprintf(out, REQUEST("%d", "sleep", "[0.01]") "\n", i);
    fclose(out);
    peer_send(peer, text, size);
    free(text);
    for (int i = 0; i < 1000; i++) {
        const char *line = peer_line(peer);
        int id = -1;
        char raw[16];

        sscanf(line, "{\"jsonrpc\":\"2.0\",\"id\":%d", &id);
        assert_in_range(id, 0, 999);
        assert_false(seen[id]);
        seen[id] = true;
        snprintf(raw, sizeof(raw), "%d", id);
        expect_result(line, raw, "\"Operation completed after 0.01 seconds\"");
    }
}

// A batch is larger than what is free: it waits for its room, or is refused as a whole when it can
// never fit; it is never answered in part.
static void
test_a_batch_beyond_what_may_be_in_flight(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    char *line;

    for (int i = 0; i < 20; i++)
        fprintf(out, "%c" REQUEST("%d", "sleep", "[0.01]"), i == 0 ? '[' : ',', i);
    fputs("]", out);
    fclose(out);
    line = peer_ask(peer, "%s", text);
    free(text);
    if (line[0] == '[') {
        json_auto_t *answers = parse_json(line);

        assert_int_equal(json_array_size(answers), 20);
    } else {
        expect_limit(line, "null", ERROR_INVALID_REQUEST, "in-flight-max");
    }
    expect_pong(peer);
}

static void
test_a_full_queue_is_busy(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    jobs_hold(fixture, peer, "0");
    fixture_await(fixture, "pools.1.running", 1);
    for (int i = 1; i <= 4; i++)
        peer_say(peer, REQUEST("%d", "faulty.own_error", "[]"), i);
    fixture_await(fixture, "jobs.queued", 4);
    expect_limit(peer_ask(peer, REQUEST("5", "faulty.pid", "[]")), "5", ERROR_BUSY, "queue-max");
    expect_pong(peer);
    jobs_release(fixture);
    expect_result(peer_line(peer), "0", "\"released\"");
    for (int i = 1; i <= 4; i++)
        assert_non_null(strstr(peer_line(peer), "\"my own\""));
    assert_non_null(strstr(peer_ask(peer, REQUEST("6", "faulty.own_error", "[]")), "\"my own\""));
}

static void
test_a_queue_that_holds_too_much_is_busy(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    static char line[65536];

    make_request(line);
    memcpy(strstr(line, "null"), "1234", 4);
    memcpy(strstr(line, "echo"), "hold", 4);
    line[sizeof(line) - 1] = '\0';
    jobs_hold(fixture, peer, "0");
    fixture_await(fixture, "pools.1.running", 1);
    // 65 KiB at a time, and 128 KiB are allowed.
    peer_say(peer, "%s", line);
    memcpy(strstr(line, "1234"), "1235", 4);
    peer_say(peer, "%s", line);
    memcpy(strstr(line, "1235"), "1236", 4);
    expect_limit(peer_ask(peer, "%s", line), "1236", ERROR_BUSY, "queue-memory-max");
    expect_pong(peer);
    peer_reset(peer);
    fixture_await(fixture, "jobs.queued", 0);
    fixture_await(fixture, "jobs.running", 0);
}

static void
test_too_many_sessions(struct fixture *fixture)
{
    struct peer *peers[] = {open_tcp(fixture), open_unix(fixture)}; // and the test's own: 3
    struct peer *surplus;

    expect_pong(peers[0]);
    expect_pong(peers[1]);
    surplus = open_tcp(fixture);
    expect_limit(peer_line(surplus), "null", ERROR_BUSY, "sessions-max");
    peer_expect_end(surplus);
    expect_pong(peers[0]);
    assert_int_equal(fixture_number(fixture, "sessions.refused"), 1);
    peer_close(peers[0]);
    fixture_await(fixture, "sessions.open", 2);
    expect_pong(open_tcp(fixture));
}

static void
test_clients_that_drop_in_the_middle_of_a_line(struct fixture *fixture)
{
    static const char half[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"meth";
    struct peer *other = open_tcp(fixture);

    for (int i = 0; i < 50; i++) {
        struct peer *peer = i % 2 == 0 ? open_tcp(fixture) : open_unix(fixture);

        peer_send(peer, half, sizeof(half) - 1);
        expect_pong(other);
        if (i % 4 < 2)
            peer_close(peer);
        else
            peer_reset(peer);
    }
    expect_pong(other);
    fixture_await(fixture, "sessions.open", 2);
}

// The client is gone: what it had queued is dropped, what runs for it is stopped for real.
static void
expect_jobs_of_the_gone_to_end(struct fixture *fixture, struct peer *peer)
{
    pid_t worker = fixture_worker(fixture, POOL_FAULTY, 0);
    struct peer *other = open_tcp(fixture);

    peer_say(peer, REQUEST("1", "faulty.silent", "[]"));
    fixture_await(fixture, "pools.1.running", 1);
    for (int i = 2; i <= 4; i++)
        peer_say(peer, REQUEST("%d", "faulty.silent", "[]"), i);
    peer_say(peer,
             "[" REQUEST("5", "faulty.silent", "[]") "," REQUEST("6", "sleep", "[100000]") "]");
    fixture_await(fixture, "jobs.queued", 4);
    fixture_await(fixture, "jobs.running", 2);
    peer_reset(peer);
    fixture_await(fixture, "jobs.queued", 0);
    fixture_await(fixture, "jobs.running", 0);
    processes_await_end(worker);
    fixture_await_workers(fixture);
    assert_non_null(strstr(peer_ask(other, REQUEST("1", "faulty.own_error", "[]")), "\"my own\""));
}

static void
test_a_client_on_a_unix_socket_goes_away(struct fixture *fixture)
{
    expect_jobs_of_the_gone_to_end(fixture, open_unix(fixture));
}

static void
test_a_client_on_tcp_resets(struct fixture *fixture)
{
    expect_jobs_of_the_gone_to_end(fixture, open_tcp(fixture));
}

// A client that half-closes first and then goes away is gone as well.
static void
test_a_client_that_half_closed_goes_away(struct fixture *fixture)
{
    struct peer *peer = open_unix(fixture);

    peer_say(peer, REQUEST("1", "faulty.silent", "[]"));
    peer_half_close(peer);
    fixture_await(fixture, "pools.1.running", 1);
    peer_close(peer);
    fixture_await(fixture, "jobs.running", 0);
    fixture_await(fixture, "sessions.open", 1);
}

// It has all in flight that it may, so that it is not read: even so it is seen to go.
static void
test_a_client_that_is_not_read_goes_away(struct fixture *fixture)
{
    struct peer *peers[] = {open_unix(fixture), open_tcp(fixture)};

    for (int i = 0; i < 2; i++) {
        peer_say(peers[i], REQUEST("1", "faulty.silent", "[]"));
        peer_say(peers[i], REQUEST("2", "faulty.silent", "[]"));
        peer_say(peers[i], REQUEST("3", "faulty.silent", "[]"));
        fixture_await(fixture, "pools.1.running", 1);
        fixture_await(fixture, "jobs.queued", 1);
        peer_reset(peers[i]);
        fixture_await(fixture, "jobs.running", 0);
        fixture_await(fixture, "jobs.queued", 0);
    }
}

HARNESS_MAIN(SCENARIO(test_a_client_that_never_reads, "--set", "server.output-max=1M"),
             SCENARIO(test_a_client_that_never_reads_its_pongs, "--set", "server.output-max=1M"),
             SCENARIO(test_a_client_that_never_reads_its_errors, "--set", "server.output-max=1M"),
             SCENARIO(test_a_client_that_takes_nothing_is_closed, "--set", "server.output-max=64K",
                      "--set", "server.write-timeout=2s"),
             SCENARIO(test_more_in_flight_than_allowed_only_waits, "--set",
                      "server.in-flight-max=8"),
             SCENARIO(test_a_batch_beyond_what_may_be_in_flight, "--set", "server.in-flight-max=8"),
             SCENARIO_CONFIG(test_a_full_queue_is_busy, CONFIG_FAULTY, "--set",
                             "server.queue-max=4"),
             SCENARIO_CONFIG(test_a_queue_that_holds_too_much_is_busy, CONFIG_FAULTY, "--set",
                             "server.queue-memory-max=160K"),
             SCENARIO(test_too_many_sessions, "--set", "server.sessions-max=3"),
             SCENARIO(test_clients_that_drop_in_the_middle_of_a_line),
             SCENARIO_CONFIG(test_a_client_on_a_unix_socket_goes_away, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_a_client_on_tcp_resets, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_a_client_that_half_closed_goes_away, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_a_client_that_is_not_read_goes_away, CONFIG_FAULTY, "--set",
                             "server.in-flight-max=2"))
