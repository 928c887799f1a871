// Many clients at once: idle ones, active ones, slow ones, rude ones, and more than there are
// descriptors for. All are served, the memory stays within its bounds.
//
// What is said about memory holds for the daemon as it is delivered: under a sanitizer or valgrind
// it is printed and not judged.
#include "harness.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define CROWD         10000
#define ACTIVE        1000
#define DEAF          100
#define MEBIBYTE      ((size_t)1 << 20)
#define MEMORY_MAX    (64 * MEBIBYTE) // with the whole crowd
#define OUTPUT_MAX_KB 256
#define LINE_MAX_KB   128
#define REQUESTS      256
#define REQUEST_SIZE  ((size_t)8192)

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1 // as gcc says it
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED true
#else
#define SANITIZED false
#endif

static void
check_memory(struct fixture *fixture, const char *what, size_t most)
{
    size_t memory = processes_memory(fixture->daemon.pid);

    print_message("%s: the daemon has %zu KiB\n", what, memory / 1024);
    if (SANITIZED || getenv("OFFLOAD_TEST_WRAP") != NULL)
        print_message("%s: SKIPPED the bound of %zu KiB, these are not its own numbers\n", what,
                      most / 1024);
    else if (memory > most)
        fail_msg("%s: more than %zu KiB", what, most / 1024);
}

// ---- the crowd ------------------------------------------------------------------------------

struct crowd {
    struct fixture *fixture;
    struct peer *peers;
    int count;
};

// How many the machine lets this process have.
static int
crowd_size(void)
{
    struct rlimit limit;
    int most;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    most = limit.rlim_max > CROWD + 500 ? CROWD : (int)limit.rlim_max - 500;
    if (most < ACTIVE)
        fail_msg("a process may open no more than %lu descriptors here", (long)limit.rlim_max);
    if (most < CROWD)
        print_message("SKIPPED %d of %d connections: a process may open no more than %lu "
                      "descriptors here\n",
                      CROWD - most, CROWD, (unsigned long)limit.rlim_max);
    return most;
}

static void
crowd_connect(struct crowd *crowd, int i)
{
    const struct daemon *daemon = &crowd->fixture->daemon;

    peer_connect(&crowd->peers[i], i % 2 == 0 ? daemon->tcp_address : daemon->unix_address);
}

static void
crowd_open(struct crowd *crowd, struct fixture *fixture)
{
    static const char *const arguments[] = {"--set", "server.sessions-max=12000", "--set",
                                            "pool.cpu.processes=2", NULL};

    *crowd = (struct crowd){.fixture = fixture, .count = crowd_size()};
    daemon_start(&fixture->daemon, arguments, NULL);
    fixture_adopt(fixture);
    crowd->peers = calloc((size_t)crowd->count, sizeof(*crowd->peers));
    assert_non_null(crowd->peers);
    for (int i = 0; i < crowd->count; i++)
        crowd_connect(crowd, i);
    fixture_await(fixture, "sessions.open", crowd->count + 1);
}

static void
crowd_close(struct crowd *crowd)
{
    for (int i = 0; i < crowd->count; i++)
        peer_close(&crowd->peers[i]);
    fixture_await(crowd->fixture, "sessions.open", 1);
    free(crowd->peers);
}

// Spread over the whole crowd.
static int
active(const struct crowd *crowd, int i)
{
    return i * (crowd->count / ACTIVE);
}

// ---- what the active ones do ----------------------------------------------------------------

// Each sends its request piece by piece, all of them at the same time.
static void
send_slowly(struct crowd *crowd)
{
    static const size_t pieces = 4;
    char line[128];

    for (size_t piece = 0; piece < pieces; piece++)
        for (int i = 0; i < ACTIVE; i++) {
            int who = active(crowd, i);
            size_t length =
                (size_t)snprintf(line, sizeof(line), REQUEST("%d", "echo", "[%d]") "\n", i, who);
            size_t from = piece * length / pieces, to = (piece + 1) * length / pieces;

            peer_send(&crowd->peers[who], line + from, to - from);
        }
    for (int i = 0; i < ACTIVE; i++) {
        int who = active(crowd, i);
        char id[16], result[16];

        snprintf(id, sizeof(id), "%d", i);
        snprintf(result, sizeof(result), "[%d]", who);
        expect_result(peer_line(&crowd->peers[who]), id, result);
    }
}

// Each asks for a lot, and takes it line by line, in turns with the others.
static void
read_slowly(struct crowd *crowd)
{
    static const int lines = 5;

    for (int i = 0; i < ACTIVE; i++)
        for (int line = 0; line < lines; line++)
            peer_say(&crowd->peers[active(crowd, i)], REQUEST("%d", "rpc.discover", "[]"), line);
    for (int line = 0; line < lines; line++)
        for (int i = 0; i < ACTIVE; i++) {
            char start[64];
            const char *got = peer_line(&crowd->peers[active(crowd, i)]);
            int length =
                snprintf(start, sizeof(start),
                         "{\"jsonrpc\":\"2.0\",\"id\":%d,\"result\":{\"openrpc\":\"1.2.6\"", line);

            if (strncmp(got, start, (size_t)length) != 0)
                fail_msg("not %s: %.200s", start, got);
        }
}

// They leave in the middle of a line, and others come in their place.
static void
drop_in_mid_line(struct crowd *crowd)
{
    for (int i = 0; i < ACTIVE; i++) {
        struct peer *peer = &crowd->peers[active(crowd, i)];

        peer_send(peer, PING, (size_t)i % (sizeof(PING) - 2) + 1);
        if (i % 2 == 0)
            peer_close(peer);
        else
            peer_reset(peer);
        crowd_connect(crowd, active(crowd, i));
    }
    fixture_await(crowd->fixture, "sessions.open", crowd->count + 1);
}

// The loop has measured itself meanwhile.
static void
check_lag(struct fixture *fixture)
{
    static const char *const spans[] = {"last_minute", "since_start"};
    json_auto_t *status = fixture_status(fixture);

    for (int i = 0; i < 2; i++) {
        json_t *lag = json_object_get(json_object_get(status, "loop_lag"), spans[i]);
        double p50 = json_real_value(json_object_get(lag, "p50_seconds"));
        double p99 = json_real_value(json_object_get(lag, "p99_seconds"));
        double max = json_real_value(json_object_get(lag, "max_seconds"));

        print_message("loop lag, %s: p50 %g s, p99 %g s, longest %g s\n", spans[i], p50, p99, max);
        assert_true(json_integer_value(json_object_get(lag, "turns")) > 0);
        assert_true(0 < p50 && p50 <= p99 && p99 <= max);
    }
}

static void
test_a_crowd(struct fixture *fixture)
{
    struct crowd crowd;

    crowd_open(&crowd, fixture);
    check_memory(fixture, "10000 idle clients", MEMORY_MAX);
    expect_pong(&crowd.peers[crowd.count - 1]);
    send_slowly(&crowd);
    expect_pong(&crowd.peers[crowd.count - 1]);
    read_slowly(&crowd);
    drop_in_mid_line(&crowd);
    send_slowly(&crowd);
    expect_pong(&crowd.peers[crowd.count - 1]);
    assert_int_equal(fixture_number(fixture, "sessions.refused"), 0);
    check_memory(fixture, "after 1000 active ones", MEMORY_MAX + 16 * MEBIBYTE);
    check_lag(fixture);
    crowd_close(&crowd);
}

// ---- clients that never read ----------------------------------------------------------------

// Many requests, each with an id of its own: those of one that is in flight are refused, which is a
// short answer.
static void
make_requests(char *text)
{
    for (size_t i = 0; i < REQUESTS; i++) {
        char *line = text + i * REQUEST_SIZE;
        char head[96];
        int length = snprintf(head, sizeof(head), "{\"jsonrpc\":\"2.0\",\"id\":%zu,", i);

        length += snprintf(head + length, sizeof(head) - (size_t)length,
                           "\"method\":\"echo\",\"params\":[\"");
        memset(line, 'x', REQUEST_SIZE);
        memcpy(line, head, (size_t)length);
        memcpy(line + REQUEST_SIZE - 4, "\"]}\n", 4);
    }
}

// Everybody sends until nobody can send any more for a while. Returns how much went.
static size_t
send_all_that_goes(struct peer *const peers[DEAF], const char *text, struct peer *other)
{
    static size_t at[DEAF];
    int64_t deadline = deadline_in(1);
    size_t sent = 0;

    memset(at, 0, sizeof(at));
    while (!deadline_passed(deadline) && sent < 2048 * MEBIBYTE) {
        size_t before = sent;

        for (int i = 0; i < DEAF; i++) {
            size_t some = peer_send_some(peers[i], text + at[i], REQUESTS * REQUEST_SIZE - at[i]);

            at[i] = (at[i] + some) % (REQUESTS * REQUEST_SIZE);
            sent += some;
        }
        expect_pong(other);
        if (sent > before)
            deadline = deadline_in(1);
    }
    return sent;
}

static void
test_clients_that_never_read(struct fixture *fixture)
{
    static char text[REQUESTS * REQUEST_SIZE];
    struct peer *peers[DEAF];
    struct peer *other = open_unix(fixture);
    size_t before = processes_memory(fixture->daemon.pid);
    size_t each = (OUTPUT_MAX_KB + 2 * LINE_MAX_KB) * 1024;
    size_t sent;

    make_requests(text);
    for (int i = 0; i < DEAF; i++) {
        peers[i] = i % 2 == 0 ? open_tcp(fixture) : open_unix(fixture);
        // What the kernel holds is not the daemon's, and there is enough of it as it is.
        setsockopt(peers[i]->fd, SOL_SOCKET, SO_RCVBUF, &(int){65536}, sizeof(int));
        setsockopt(peers[i]->fd, SOL_SOCKET, SO_SNDBUF, &(int){65536}, sizeof(int));
    }
    sent = send_all_that_goes(peers, text, other);
    print_message("%zu MiB went from %d clients\n", sent / MEBIBYTE, DEAF);
    assert_true(sent < 2048 * MEBIBYTE); // they were made to wait
    check_memory(fixture, "100 clients that never read", before + DEAF * each + 16 * MEBIBYTE);
    expect_pong(other);
}

// ---- no descriptors -------------------------------------------------------------------------

static size_t
count_in_log(struct fixture *fixture, const char *part)
{
    char *log = read_text(fixture->daemon.log);
    size_t count = 0;

    for (const char *at = log; (at = strstr(at, part)) != NULL; at++)
        count++;
    free(log);
    return count;
}

// Accepting pauses, everybody who is in goes on, and when there are descriptors again those who
// waited get in. (The daemon keeps enough of them for itself: here they are taken from it.)
static void
test_accepting_pauses_and_resumes(struct fixture *fixture)
{
    struct rlimit saved, scarce;
    struct peer *inside = open_tcp(fixture);
    struct peer *waiting[40];
    int64_t deadline = deadline_in(PATIENCE);
    pid_t pid = fixture->daemon.pid;

    expect_pong(inside);
    assert_int_equal(prlimit(pid, RLIMIT_NOFILE, NULL, &saved), 0);
    scarce = (struct rlimit){(rlim_t)processes_descriptors(pid), saved.rlim_max};
    assert_int_equal(prlimit(pid, RLIMIT_NOFILE, &scarce, NULL), 0);
    for (int i = 0; i < 40; i++) {
        waiting[i] = i % 2 == 0 ? open_tcp(fixture) : open_unix(fixture);
        peer_say(waiting[i], PING);
    }
    while (count_in_log(fixture, "no connection can be accepted for now") == 0) {
        if (deadline_passed(deadline))
            fail_msg("it does not say that it accepts nobody");
        deadline_pause();
    }
    for (int i = 0; i < 100; i++)
        expect_pong(inside);
    assert_null(peer_line_until(waiting[39], deadline_in(0.5))); // several pauses long
    assert_true(fixture_number(fixture, "sessions.open") < 40);
    assert_in_range(count_in_log(fixture, "\n"), 1, 100); // it does not fill the log either
    assert_int_equal(prlimit(pid, RLIMIT_NOFILE, &saved, NULL), 0);
    for (int i = 0; i < 40; i++)
        expect_result(peer_line(waiting[i]), "\"p\"", "\"pong\"");
    assert_int_equal(fixture_number(fixture, "sessions.refused"), 0);
}

HARNESS_MAIN(SCENARIO_MANUAL(test_a_crowd),
             SCENARIO(test_clients_that_never_read, "--set", "server.output-max=256K", "--set",
                      "server.line-max=128K"),
             SCENARIO(test_accepting_pauses_and_resumes))
