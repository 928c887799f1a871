// A daemon with few descriptors: it lets in no more clients than leave enough for its workers,
// turns the others away with a word, and its log does not fill with complaints.
#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPEN_FILES 80 // valgrind keeps a dozen for itself
#define CROWD      100

static void
start_with_few_descriptors(struct fixture *fixture)
{
    static const char *const arguments[] = {"--set", "pool.cpu.processes=2", NULL};

    fixture->daemon.open_files = OPEN_FILES;
    daemon_start(&fixture->daemon, arguments, NULL);
    fixture_adopt(fixture);
}

// Whether there is room for it; if not it is told so.
static bool
is_let_in(struct peer *peer)
{
    const char *line = peer_ask(peer, PING);

    if (strstr(line, "pong") != NULL)
        return true;
    expect_limit(line, "null", ERROR_BUSY, "sessions-max");
    peer_expect_end(peer);
    return false;
}

static void
expect_short_log(struct fixture *fixture)
{
    char *log = read_text(fixture->daemon.log);
    size_t length = strlen(log);

    free(log);
    if (length > 20000)
        fail_msg("the log has %zu bytes", length);
}

static void
test_running_out_of_descriptors(struct fixture *fixture)
{
    struct peer *inside[CROWD];
    int count = 0;

    start_with_few_descriptors(fixture);
    for (int i = 0; i < CROWD; i++) {
        inside[count] = open_tcp(fixture);
        count += is_let_in(inside[count]);
    }
    print_message("%d of %d sessions with %d descriptors\n", count, CROWD, OPEN_FILES);
    assert_in_range(count, 10, OPEN_FILES);
    assert_int_equal(kill(fixture_worker(fixture, 0, 0), SIGKILL), 0);
    fixture_await(fixture, "pools.0.restarts", 1);
    fixture_await_workers(fixture);
    expect_result(peer_ask(inside[0], REQUEST("1", "sum_squares", "[10]")), "1", "285");
    peer_close(inside[0]);
    fixture_await(fixture, "sessions.open", count);
    assert_true(is_let_in(open_tcp(fixture)));
    expect_short_log(fixture);
}

HARNESS_MAIN(SCENARIO_MANUAL(test_running_out_of_descriptors))
