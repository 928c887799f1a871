// Two things at one moment: cancelling against answering, a large request against a dying worker, a
// client that leaves against its jobs. Whoever wins, each request has one outcome and the daemon is
// whole afterwards.
#include "harness.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
expect_whole(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);

    fixture_await(fixture, "jobs.queued", 0);
    fixture_await(fixture, "jobs.running", 0);
    fixture_await_workers(fixture);
    expect_result(peer_ask(peer, REQUEST("1", "sum_squares", "[10]")), "1", "285");
}

// The answer is either the result or -32800; true if the latter.
static bool
take_answer(struct peer *peer, int id, const char *result)
{
    const char *line = peer_line(peer);
    char raw[16];

    snprintf(raw, sizeof(raw), "%d", id);
    if (strstr(line, "\"result\"") != NULL) {
        expect_result(line, raw, result);
        return false;
    }
    expect_error(line, raw, ERROR_CANCELLED);
    return true;
}

// The cancellation follows its request after a moment that varies from nothing to most_us, by when
// the job is queued, under way, done or answered. An answer that comes twice shows at the next
// request.
static void
cancel_many(struct fixture *fixture, const char *method, const char *params, const char *result,
            int most_us)
{
    const int count = deadline_slowness() > 1 ? 30 : 200; // each costs a worker
    struct peer *peer = open_tcp(fixture);
    unsigned seed = 1;
    int cancelled = 0;

    for (int i = 0; i < count; i++) {
        int64_t moment;

        // A job that waits for a worker wins no race; this answer shows that there is one.
        expect_result(peer_ask(peer, REQUEST("\"warm\"", "echo", "[]")), "\"warm\"", "[]");
        moment = deadline_in((double)(rand_r(&seed) % most_us) / 1e6);
        peer_say(peer, REQUEST("%d", "%s", "%s"), i, method, params);
        while (!deadline_passed(moment))
            ;
        peer_say(peer, NOTIFICATION("$/cancelRequest", "{\"id\":%d}"), i);
        cancelled += take_answer(peer, i, result);
    }
    print_message("%d of %d were cancelled\n", cancelled, count);
    peer_half_close(peer);
    peer_expect_end(peer);
    expect_whole(fixture);
}

static void
test_cancelling_short_jobs(struct fixture *fixture)
{
    cancel_many(fixture, "echo", "[]", "[]", 500);
}

static void
test_cancelling_longer_jobs(struct fixture *fixture)
{
    cancel_many(fixture, "sum_squares", "[200000]", "2666646666700000", 4000);
}

static void
test_cancelling_jobs_on_threads(struct fixture *fixture)
{
    cancel_many(fixture, "sum_squares", "[200000]", "2666646666700000", 4000);
}

static void
test_cancelling_sleeps(struct fixture *fixture)
{
    cancel_many(fixture, "sleep", "[0.001]", "\"Operation completed after 0.001 seconds\"", 2000);
}

// Many at once, the cancellations in the midst of the requests: jobs wait, and the workers die of
// it.
static void
test_cancelling_a_crowd(struct fixture *fixture)
{
    const int count = 600;
    struct peer *peer = open_tcp(fixture);
    bool *seen = calloc((size_t)count, sizeof(*seen));

    for (int i = 0; i < count; i++) {
        peer_say(peer, REQUEST("%d", "sum_squares", "[200000]"), i);
        if (i % 3 == 2)
            peer_say(peer, NOTIFICATION("$/cancelRequest", "{\"id\":%d}"), i - i % 7);
    }
    for (int i = 0; i < count; i++) {
        const char *line = peer_line(peer);
        int id = -1;

        sscanf(line, "{\"jsonrpc\":\"2.0\",\"id\":%d", &id);
        if (id < 0 || id >= count || seen[id])
            fail_msg("an answer that nobody waits for: %s", line);
        seen[id] = true;
        if (strstr(line, "-32800") == NULL)
            check_contains(line, "\"result\":2666646666700000}");
    }
    free(seen);
    peer_half_close(peer);
    peer_expect_end(peer);
    expect_whole(fixture);
}

// Both slots of a worker are given up, one after the other: then nobody waits for anything in it,
// and it must not go on for ever.
static void
test_all_threads_of_a_worker_are_given_up(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    pid_t worker = fixture_worker(fixture, 0, 0);

    for (int round = 0; round < 3; round++) {
        peer_say(peer, REQUEST("1", "sum_squares", "[4398046511104]"));
        peer_say(peer, REQUEST("2", "sum_squares", "[4398046511104]"));
        fixture_await(fixture, "pools.0.running", 2);
        peer_say(peer, NOTIFICATION("$/cancelRequest", "{\"id\":1}"));
        expect_error(peer_line(peer), "1", ERROR_CANCELLED);
        peer_say(peer, NOTIFICATION("$/cancelRequest", "{\"id\":2}"));
        expect_error(peer_line(peer), "2", ERROR_CANCELLED);
        expect_result(peer_ask(peer, REQUEST("3", "sum_squares", "[10]")), "3", "285");
    }
    fixture_await_workers(fixture);
    processes_await_end(worker);
}

// A request much larger than a pipe; caller frees.
static char *
large_request(int id)
{
    const size_t size = 1 << 20;
    char *line = malloc(size + 128);
    int head = snprintf(
        line, 128, "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"cpu.echo\",\"params\":[\"", id);

    memset(line + head, 'x', size);
    strcpy(line + head + size, "\"]}");
    return line;
}

static void
expect_killed(const char *line, const char *id, pid_t worker)
{
    json_auto_t *data = expect_error_data(line, id, ERROR_JOB_FAILED);

    check_string(data, "signal", "SIGKILL");
    check_integer(data, "pid", worker);
}

// The worker stands still, its pipe is full, the rest waits in the daemon: then it dies.
static void
test_a_large_request_into_a_stopped_worker(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    pid_t worker = fixture_worker(fixture, POOL_CPU, 0);
    char *line = large_request(1);

    assert_int_equal(kill(worker, SIGSTOP), 0);
    peer_say(peer, "%s", line);
    fixture_await(fixture, "pools.0.running", 1);
    assert_int_equal(kill(worker, SIGKILL), 0);
    expect_killed(peer_line(peer), "1", worker);
    // The next worker gets its own request whole, and nothing of the dead one's.
    assert_non_null(strstr(peer_ask(peer, "%s", line), "\"result\":[\"xxx"));
    free(line);
    expect_whole(fixture);
}

// Waits until the pool cpu has another worker than the one that was killed.
static void
await_successor(struct fixture *fixture, pid_t killed)
{
    int64_t deadline = deadline_in(PATIENCE);
    json_int_t pid;

    do {
        json_auto_t *status = fixture_status(fixture);

        pid = json_integer_value(json_at(status, "pools.0.workers.0.pid"));
        if (deadline_passed(deadline))
            fail_msg("the killed worker has no successor");
        deadline_pause();
    } while (pid == 0 || pid == killed);
    fixture_await_workers(fixture);
}

// It dies while the request is on its way, or just before, or just after.
static void
test_large_requests_into_dying_workers(struct fixture *fixture)
{
    struct peer *peer = open_tcp(fixture);
    int lost = 0;

    for (int i = 0; i < 60; i++) {
        char *request = large_request(i), id[16];
        pid_t worker = fixture_worker(fixture, POOL_CPU, 0);
        const char *line;

        snprintf(id, sizeof(id), "%d", i);
        if (i % 3 == 0)
            kill(worker, SIGKILL);
        peer_say(peer, "%s", request);
        if (i % 3 == 1)
            kill(worker, SIGKILL);
        free(request);
        line = peer_line(peer);
        if (strstr(line, "\"error\"") != NULL) {
            expect_killed(line, id, worker);
            lost++;
        } else {
            assert_non_null(strstr(line, "\"result\":[\"xxx"));
            assert_int_equal(strlen(strstr(line, "[\"")), (1 << 20) + 5);
        }
        if (i % 3 == 2)
            kill(worker, SIGKILL);
        await_successor(fixture, worker);
    }
    print_message("%d of 60 were lost\n", lost);
    expect_whole(fixture);
}

// Clients that ask and leave at once, with batches, sleeps and notifications under way.
static void
test_clients_that_ask_and_leave(struct fixture *fixture)
{
    static const char *const words[] = {
        REQUEST("1", "sum_squares", "[300000]"),
        REQUEST("2", "sleep", "[1000]"),
        "[" REQUEST("3", "sum_squares", "[300000]") "," REQUEST("4", "sleep", "[1000]") "," REQUEST(
            "5", "no.such", "[]") "]",
        NOTIFICATION("sum_squares", "[300000]"),
        NOTIFICATION("sleep", "[1000]"),
        "[" NOTIFICATION("sleep", "[1000]") "]",
    };

    for (int i = 0; i < 100; i++) {
        struct peer *peer = i % 2 == 0 ? open_tcp(fixture) : open_unix(fixture);

        for (size_t word = 0; word < sizeof(words) / sizeof(words[0]); word++)
            peer_say(peer, "%s", words[(word + (size_t)i) % 6]);
        if (i % 3 == 0)
            expect_pong(&fixture->watch);
        peer_reset(peer);
    }
    fixture_await(fixture, "sessions.open", 1);
    expect_whole(fixture);
}

HARNESS_MAIN(SCENARIO(test_cancelling_short_jobs, "--set", "pool.cpu.processes=1"),
             SCENARIO(test_cancelling_longer_jobs, "--set", "pool.cpu.processes=1"),
             SCENARIO(test_cancelling_jobs_on_threads, "--set", "pool.cpu.processes=1", "--set",
                      "pool.cpu.threads=3"),
             SCENARIO(test_cancelling_sleeps), SCENARIO(test_cancelling_a_crowd),
             SCENARIO(test_all_threads_of_a_worker_are_given_up, "--set", "pool.cpu.processes=1",
                      "--set", "pool.cpu.threads=2"),
             SCENARIO_CONFIG(test_a_large_request_into_a_stopped_worker, CONFIG_FAULTY),
             SCENARIO_CONFIG(test_large_requests_into_dying_workers, CONFIG_FAULTY),
             SCENARIO(test_clients_that_ask_and_leave))
