// Random trees of gathers, maps, batches and jobs, with cancels, timeouts and clients that go,
// against a model (tree.h): every call that begins, every one that is dropped, every outcome told
// and every answer is compared, byte for byte (tree_play.h).
//
// There is no luck in it: the jobs are gates, requests to a worker that is this test itself (by way
// of worker_relay), which end when it says so. After each step it waits until the daemon has done
// all that the model says, and then until it has done all that it had to do, so that what it does
// beyond that is seen as well. Only where a cancel races an answer either may win.
//
// OFFLOAD_TEST_SEED repeats a run.
#include "common/clock.h"
#include "tree_play.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CASES     3000
#define BARRIER   12 // turns of the loop that the work of one round takes at most
#define CANCELLED "{\"code\":-32800,\"message\":\"Cancelled\"}"

static int
pick(struct play *play, int count)
{
    return rand_r(&play->seed) % count;
}

// ---- waiting --------------------------------------------------------------------------------

static void
take_all(struct play *play)
{
    char *line;

    while ((line = peer_line_until(&play->worker, 0)) != NULL)
        play_worker_take(play, line);
    while ((line = peer_line_until(&play->client, 0)) != NULL)
        play_client_take(play, line);
    assert_false(play->worker.ended);
    assert_false(play->client.ended);
}

static void
await_any(struct play *play, int64_t deadline_us)
{
    struct pollfd wait[] = {{.fd = play->worker.fd, .events = POLLIN},
                            {.fd = play->client.fd, .events = POLLIN}};

    poll(wait, 2, deadline_left_ms(deadline_us));
}

static void
await_pong(struct play *play, int64_t deadline_us)
{
    long due = play->pongs + 1;

    peer_say(&play->client, PING);
    for (take_all(play); play->pongs < due; take_all(play)) {
        if (deadline_passed(deadline_us))
            fail_msg("no pong");
        await_any(play, deadline_us);
    }
}

// The way to the worker and back: whatever was on it before is there.
static void
pass_marker(struct play *play, int64_t deadline_us)
{
    peer_say(&play->client, REQUEST("\"m\"", "gate", "[%d]"), MARKER);
    for (take_all(play); play->marker_id == 0; take_all(play)) {
        if (deadline_passed(deadline_us))
            fail_msg("the marker does not come");
        await_any(play, deadline_us);
    }
    peer_say(&play->worker, "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"result\":[]}", play->marker_id);
    for (take_all(play); play->marker_id != 0; take_all(play)) {
        if (deadline_passed(deadline_us))
            fail_msg("the marker does not come back");
        await_any(play, deadline_us);
    }
}

// Until the daemon has worked off all that it knows of: each pong takes a turn of its loop.
static void
pass_barrier(struct play *play)
{
    int64_t deadline = deadline_in(PATIENCE);

    for (int i = 0; i < BARRIER; i++)
        await_pong(play, deadline);
    pass_marker(play, deadline);
}

// What the model has timed out at once takes its time, and nobody may be told of it. It began
// before the barrier; its time is over before the next turn of the daemon's loop.
static void
outlast_timeouts(struct play *play)
{
    const struct timespec length = {.tv_nsec = 2 * TREE_TIMEOUT_MS * 1000000};

    pass_barrier(play);
    nanosleep(&length, NULL);
    play->timed = false;
}

static void
settle(struct play *play)
{
    int64_t deadline = deadline_in(PATIENCE);
    struct verdict verdict;

    if (play->timed)
        outlast_timeouts(play);
    for (take_all(play); !play_is_as_modelled(play, &verdict); take_all(play)) {
        if (deadline_passed(deadline))
            fail_msg("%s", verdict.text);
        await_any(play, deadline);
    }
    pass_barrier(play);
    if (!play_is_as_modelled(play, &verdict))
        fail_msg("after all: %s", verdict.text);
}

// ---- steps ----------------------------------------------------------------------------------

static void
run_out(struct play *play, struct root *root)
{
    while (tree_time_out(root->tree))
        play->timed = true;
}

static void
end_gate(struct play *play, struct seen *seen)
{
    bool failed = pick(play, 3) == 0;
    int number = seen->tree->number;

    if (failed)
        peer_say(&play->worker,
                 "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"error\":{\"code\":%d, \"message\":\"gate\"}}",
                 seen->worker_id, number);
    else
        peer_say(&play->worker,
                 "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"result\":{\"gate\": %d,\"e\":1E+2}}",
                 seen->worker_id, number);
    seen->ended = true;
    tree_end_gate(seen->tree, failed);
}

static void
send_cancel(struct play *play, int id)
{
    peer_say(&play->client, NOTIFICATION("$/cancelRequest", "{\"id\":%d}"), id);
    play->cancels++;
}

static void
cancel_root(struct play *play, struct root *root)
{
    send_cancel(play, root->id);
    tree_stop(root->tree, CANCELLED);
}

// Both at once, by two ways to the daemon.
static void
race(struct play *play, struct root *root, struct seen *seen)
{
    root->raced = true;
    root->either = strdup(CANCELLED);
    play->races++;
    if (pick(play, 2) == 0) {
        send_cancel(play, root->id);
        end_gate(play, seen);
    } else {
        end_gate(play, seen);
        send_cancel(play, root->id);
    }
    if (root->tree->outcome == NULL)
        tree_stop(root->tree, CANCELLED);
}

struct choice {
    struct play *play;
    struct seen *gate;
    int count;
};

static void
consider(struct tree *tree, void *context)
{
    struct choice *choice = context;

    if (tree->kind == TREE_GATE && tree->state == TREE_UNDER_WAY &&
        pick(choice->play, ++choice->count) == 0)
        choice->gate = &choice->play->seen[tree->number];
}

// Something happens to one group. False if nothing can any more.
static bool
step(struct play *play, struct group *group)
{
    struct choice choice = {.play = play};
    struct root *root;
    int what = pick(play, 20);

    for (int r = 0; r < group->count; r++)
        tree_each(group->roots[r].tree, consider, &choice);
    if (choice.gate == NULL)
        return false;
    root = choice.gate->root;
    play->steps++;
    if (what == 0 && root->id != 0)
        cancel_root(play, root);
    else if (what == 1 && root->id != 0)
        race(play, root, choice.gate);
    else if (what == 2)
        send_cancel(play, 2000000000); // of nothing
    else
        end_gate(play, choice.gate);
    run_out(play, root);
    return true;
}

// ---- cases ----------------------------------------------------------------------------------

struct claimer {
    struct play *play;
    struct root *root;
};

static void
claim_for(struct tree *tree, void *context)
{
    struct claimer *claimer = context;

    claimer->play->seen[tree->number] = (struct seen){.tree = tree, .root = claimer->root};
}

static void
write_request(const struct root *root, FILE *out)
{
    fputs("{\"jsonrpc\":\"2.0\",", out);
    if (root->id != 0)
        fprintf(out, "\"id\":%d,", root->id);
    tree_write(root->tree, out);
    fputc('}', out);
}

static void
make_group(struct play *play, struct group *group)
{
    *group = (struct group){.batch = pick(play, 3) == 0};
    group->count = group->batch ? 1 + pick(play, ROOTS_MAX) : 1;
    for (int r = 0; r < group->count; r++) {
        struct root *root = &group->roots[r];
        bool heard = pick(play, 8) > 0;

        root->tree = tree_new(&play->seed, &play->numbers, heard);
        assert_true(play->numbers < NUMBERS_MAX);
        root->id = heard ? 1 + root->tree->number : 0;
        tree_each(root->tree, claim_for, &(struct claimer){play, root});
    }
}

static void
submit(struct play *play, struct group *group)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    fputs(group->batch ? "[" : "", out);
    for (int r = 0; r < group->count; r++) {
        fputs(r > 0 ? "," : "", out);
        write_request(&group->roots[r], out);
    }
    fputs(group->batch ? "]\n" : "\n", out);
    fclose(out);
    peer_send(&play->client, text, size);
    free(text);
    for (int r = 0; r < group->count; r++) {
        tree_start(group->roots[r].tree);
        run_out(play, &group->roots[r]);
    }
}

static void
forget_group(struct group *group)
{
    for (int r = 0; r < group->count; r++) {
        tree_free(group->roots[r].tree);
        free(group->roots[r].either);
    }
    *group = (struct group){0};
}

// The client goes, one way or another, and with it all that it had asked for.
static void
leave(struct play *play)
{
    const struct daemon *daemon = &play->fixture->daemon;

    for (int i = 0; i < AT_ONCE; i++)
        for (int r = 0; r < play->groups[i].count; r++)
            if (play->groups[i].roots[r].tree->outcome == NULL) {
                play->groups[i].roots[r].gone = true;
                tree_stop(play->groups[i].roots[r].tree, NULL);
            }
    // What was not answered as a whole never is.
    for (int i = 0; i < AT_ONCE; i++)
        for (int r = 0; r < play->groups[i].count && play->groups[i].answered == 0; r++)
            play->groups[i].roots[r].gone = true;
    if (pick(play, 2) == 0)
        peer_close(&play->client);
    else
        peer_reset(&play->client);
    peer_connect(&play->client, pick(play, 2) == 0 ? daemon->unix_address : daemon->tcp_address);
    settle(play);
}

static void
play_groups(struct play *play)
{
    int rounds = pick(play, 5) == 0 ? 1 + pick(play, 4) : 1000; // then the client goes
    bool more = true;

    play->numbers = 0;
    for (int i = 0; i < AT_ONCE; i++)
        make_group(play, &play->groups[i]);
    for (int i = 0; i < AT_ONCE; i++)
        submit(play, &play->groups[i]);
    settle(play);
    while (more && rounds-- > 0) {
        more = false;
        for (int i = 0; i < AT_ONCE; i++)
            more |= step(play, &play->groups[i]);
        settle(play);
    }
    if (more)
        leave(play);
    for (int i = 0; i < AT_ONCE; i++)
        forget_group(&play->groups[i]);
}

// ---- the test -------------------------------------------------------------------------------

static void
start(struct play *play, struct fixture *fixture)
{
    static const char *const arguments[] = {"--set", "server.gather-depth-max=3", NULL};
    const char *seed = getenv("OFFLOAD_TEST_SEED");
    struct sockaddr_un name = {.sun_family = AF_UNIX};

    play->fixture = fixture;
    play->seed = seed != NULL ? (unsigned)strtoul(seed, NULL, 10) : (unsigned)clock_ns();
    print_message("OFFLOAD_TEST_SEED=%u\n", play->seed);
    snprintf(name.sun_path, sizeof(name.sun_path), "%s/relay", fixture->daemon.folder);
    play->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(play->listener, (struct sockaddr *)&name, sizeof(name)), 0);
    assert_int_equal(listen(play->listener, 1), 0);
    daemon_configure(&fixture->daemon, "[pool gates]\nprogram = " WORKER_RELAY
                                       " %F/relay\nmethods = gate\nprocesses = 1\n"
                                       "in-flight = 1000\nwait-ready = yes\n");
    daemon_start(&fixture->daemon, arguments, NULL);
    play->worker = (struct peer){.fd = accept4(play->listener, NULL, NULL, SOCK_CLOEXEC)};
    assert_true(play->worker.fd >= 0);
    peer_say(&play->worker, "{\"jsonrpc\":\"2.0\",\"method\":\"worker.ready\","
                            "\"params\":{\"cancel\":true}}");
    fixture_adopt(fixture);
    peer_connect(&play->client, fixture->daemon.tcp_address);
}

static void
test_random_trees(struct fixture *fixture)
{
    struct play *play = calloc(1, sizeof(*play));
    int cases = (int)(CASES / deadline_slowness());
    int64_t began_us = clock_us();
    int done;

    assert_non_null(play);
    start(play, fixture);
    for (done = 0; done < cases; done += AT_ONCE)
        play_groups(play);
    print_message("%d cases, %ld steps, %ld gates, %ld cancels, %ld races in %.1f s\n", done,
                  play->steps, play->gates, play->cancels, play->races,
                  (double)(clock_us() - began_us) / 1e6);
    peer_close(&play->client);
    fixture_await(fixture, "jobs.running", 0);
    fixture_await(fixture, "jobs.queued", 0);
    fixture_await(fixture, "jobs.memory_bytes", 0);
    assert_int_equal(fixture_number(fixture, "jobs.lost"), 0);
    assert_int_equal(fixture_number(fixture, "pools.0.restarts"), 0);
    peer_close(&play->worker);
    close(play->listener);
    free(play);
    fixture_forget(fixture);
}

HARNESS_MAIN(SCENARIO_MANUAL(test_random_trees))
