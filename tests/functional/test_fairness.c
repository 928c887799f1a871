// Whose job is next: callers take turns whatever each has queued, sessions of one caller likewise,
// weights and priorities count. Told by the order in which one worker got the jobs, all of which
// wait before the first of them starts.
#include "harness.h"
#include "shell_worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOBODY  65534
#define RUN(id) REQUEST(id, "run", "[%d]")

// A worker that is held, so that what comes now waits. `keys` may go on with other sections.
static struct peer *
start_held(struct fixture *fixture, const char *keys)
{
    struct peer *peer = start_whole(fixture, WORKER("0"), keys);

    peer_say(peer, REQUEST("\"hold\"", "hold", "[]"));
    fixture_await(fixture, "jobs.running", 1);
    return peer;
}

static void
release(struct fixture *fixture)
{
    char *path = path_of(fixture, "release");

    write_text(path, "");
    free(path);
}

// Jobs that are known by their numbers, from `from` on.
static void
queue_runs(struct peer *peer, int from, int count)
{
    for (int i = from; i < from + count; i++)
        peer_say(peer, RUN("%d"), i, i);
}

static void
take_answers(struct peer *peer, int count)
{
    for (int i = 0; i < count; i++)
        check_contains(peer_line(peer), "\"result\"");
}

// The numbers in the order in which the worker got them.
static int
order_of(struct fixture *fixture, int ret[], int most)
{
    char *path = path_of(fixture, "runs"), *text = read_text(path);
    int count = 0;

    assert_non_null(text);
    for (char *at = text; *at != '\0' && count < most; at = strchr(at, '\n') + 1)
        ret[count++] = atoi(at);
    free(text);
    free(path);
    return count;
}

// How many of the first `first` have numbers from `from` to `from` + 999.
static int
count_among(const int order[], int first, int from)
{
    int count = 0;

    for (int i = 0; i < first; i++)
        count += order[i] >= from && order[i] < from + 1000;
    return count;
}

static void
expect_in_order(const int order[], int count, int from)
{
    int last = from - 1;

    for (int i = 0; i < count; i++)
        if (order[i] >= from && order[i] < from + 1000) {
            assert_int_equal(order[i], last + 1);
            last = order[i];
        }
}

// ---- callers --------------------------------------------------------------------------------

// One has queued 500 jobs before the other comes with 10, which have their turns one by one.
static void
test_a_backlog_delays_nobody_else(struct fixture *fixture)
{
    struct peer *many = start_held(fixture, "processes = 1\n");
    struct peer *few = open_tcp_from(fixture, "127.0.0.2");
    int order[510];

    queue_runs(many, 1000, 500);
    fixture_await(fixture, "pools.0.queued", 500);
    queue_runs(few, 2000, 10);
    fixture_await(fixture, "pools.0.queued", 510);
    release(fixture);
    take_answers(few, 10);
    take_answers(many, 501);
    assert_int_equal(order_of(fixture, order, 510), 510);
    for (int i = 1; i <= 10; i++)
        assert_in_range(count_among(order, 2 * i + 1, 2000), i, 10);
    expect_in_order(order, 510, 1000);
    expect_in_order(order, 510, 2000);
}

// A caller gets no more by having more sessions, and they take turns among themselves.
static void
test_sessions_of_a_caller(struct fixture *fixture)
{
    struct peer *one = start_held(fixture, "processes = 1\n");
    struct peer *other = open_tcp_from(fixture, "127.0.0.2");
    struct peer *more[4];
    int order[300];

    queue_runs(one, 1000, 100);
    queue_runs(other, 2000, 100);
    for (int i = 0; i < 4; i++) {
        more[i] = open_tcp(fixture); // from 127.0.0.1, like the first
        queue_runs(more[i], 3000 + 1000 * i, 25);
    }
    fixture_await(fixture, "pools.0.queued", 300);
    release(fixture);
    take_answers(one, 101);
    take_answers(other, 100);
    for (int i = 0; i < 4; i++)
        take_answers(more[i], 25);
    assert_int_equal(order_of(fixture, order, 300), 300);
    assert_in_range(count_among(order, 100, 2000), 48, 52);
    assert_in_range(count_among(order, 100, 1000), 9, 11);
    for (int i = 0; i < 4; i++)
        assert_in_range(count_among(order, 100, 3000 + 1000 * i), 9, 11);
}

// A user with the weight 400 gets four times as much as who has 100.
static void
test_weights(struct fixture *fixture)
{
    char keys[128];
    struct peer *other;
    struct peer *heavy;
    int order[250];

    snprintf(keys, sizeof(keys), "processes = 1\n[server]\nweight = %u:400\n", (unsigned)geteuid());
    other = start_held(fixture, keys);
    heavy = open_unix(fixture);
    queue_runs(other, 1000, 50);
    queue_runs(heavy, 2000, 200);
    fixture_await(fixture, "pools.0.queued", 250);
    release(fixture);
    take_answers(other, 51);
    take_answers(heavy, 200);
    assert_int_equal(order_of(fixture, order, 250), 250);
    assert_in_range(count_among(order, 100, 2000), 78, 82);
}

// Opens a session as another user. Only root can.
static struct peer *
open_unix_as(struct fixture *fixture, uid_t uid)
{
    struct peer *peer;

    assert_int_equal(seteuid(uid), 0);
    peer = open_unix(fixture);
    assert_int_equal(seteuid(0), 0);
    return peer;
}

// Two users on one Unix socket.
static void
test_users(struct fixture *fixture)
{
    struct peer *first;
    struct peer *others[2];
    int order[220];

    if (geteuid() != 0)
        return;
    first =
        start_held(fixture, "processes = 1\n[server]\nsocket-mode = 0666\nweight = nobody:50\n");
    assert_int_equal(chmod(fixture->daemon.folder, 0711), 0);
    others[0] = open_unix(fixture);
    others[1] = open_unix_as(fixture, NOBODY);
    fixture_await(fixture, "sessions.open", 4);
    assert_int_equal(fixture_number(fixture, "callers.2.weight"), 50);
    queue_runs(others[0], 1000, 200);
    fixture_await(fixture, "pools.0.queued", 200);
    queue_runs(others[1], 2000, 20);
    fixture_await(fixture, "pools.0.queued", 220);
    release(fixture);
    take_answers(first, 1);
    take_answers(others[0], 200);
    take_answers(others[1], 20);
    assert_int_equal(order_of(fixture, order, 220), 220);
    assert_in_range(count_among(order, 60, 2000), 19, 20);
    assert_in_range(count_among(order, 30, 2000), 9, 11);
}

// ---- priorities -----------------------------------------------------------------------------

static void
queue_with_priority(struct peer *peer, int from, int count, int priority)
{
    for (int i = from; i < from + count; i++)
        peer_say(peer, REQUEST_WITH("{\"priority\":%d}", "%d", "run", "[%d]"), i, i, priority);
}

// The highest first, whoever's it is and whenever it came.
static void
test_priorities(struct fixture *fixture)
{
    struct peer *one = start_held(fixture, "processes = 1\n");
    struct peer *other = open_tcp_from(fixture, "127.0.0.2");
    static const int from[] = {4000, 1000, 3000, 2000}; // by priority
    int order[40];

    queue_with_priority(one, 2000, 10, -10);
    queue_with_priority(one, 1000, 10, 9);
    queue_runs(other, 3000, 10);
    queue_with_priority(other, 4000, 10, 10);
    fixture_await(fixture, "pools.0.queued", 40);
    release(fixture);
    take_answers(one, 21);
    take_answers(other, 20);
    assert_int_equal(order_of(fixture, order, 40), 40);
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 10; j++)
            assert_int_equal(order[10 * i + j], from[i] + j);
}

// The jobs of a gather are its session's.
static void
test_gathers_take_turns(struct fixture *fixture)
{
    struct peer *mapping = start_held(fixture, "processes = 1\n");
    struct peer *other = open_tcp_from(fixture, "127.0.0.2");
    int order[60];

    peer_say(mapping, REQUEST("\"map\"", "job.map",
                              "{\"method\":\"run\",\"items\":[[1000],[1001],[1002],[1003],[1004],"
                              "[1005],[1006],[1007],[1008],[1009]],"
                              "\"options\":{\"priority\":3}}"));
    fixture_await(fixture, "pools.0.queued", 10);
    queue_with_priority(other, 2000, 10, 3);
    queue_runs(other, 3000, 40);
    fixture_await(fixture, "pools.0.queued", 60);
    release(fixture);
    take_answers(mapping, 2);
    take_answers(other, 50);
    assert_int_equal(order_of(fixture, order, 60), 60);
    for (int i = 1; i <= 10; i++)
        assert_in_range(count_among(order, 2 * i + 1, 2000), i, 10);
    assert_int_equal(count_among(order, 20, 3000), 0);
}

HARNESS_MAIN(SCENARIO_MANUAL(test_a_backlog_delays_nobody_else),
             SCENARIO_MANUAL(test_sessions_of_a_caller), SCENARIO_MANUAL(test_weights),
             SCENARIO_MANUAL(test_users), SCENARIO_MANUAL(test_priorities),
             SCENARIO_MANUAL(test_gathers_take_turns))
