// The connection is the nursery: when a client has gone, however that came about, nothing of what
// it had asked for goes on: what waits is dropped, what runs is killed, gathers are gone. Clients
// are processes of their own, and TCP must be no worse than a Unix socket.
#include "common/clock.h"
#include "gathers.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

// Something of each kind: in the one worker of a pool, behind it, on the loop, in gathers and maps,
// in a batch, and a notification; and a worker that does not care for SIGTERM.
static const char *const requests[] = {
    REQUEST("1", "sum_squares", "[4000000000000]"),
    REQUEST("2", "sum_squares", "[10]"),
    REQUEST("3", "stubborn", "[]"),
    GATHER("4", SLEEP("1000") "," FOREVER "," CALL("job.gather", "{\"calls\":[" FOREVER "]}")),
    MAP("5", "sleep", "[1000],[1000]"),
    "[" REQUEST("6", "sleep", "[1000]") "," REQUEST("7", "sum_squares", "[10]") "]",
    NOTIFICATION("sleep", "[1000]"),
};
#define REQUESTS  (sizeof(requests) / sizeof(requests[0]))
#define GATHERING 3
#define SLEEPING  5
#define QUEUED    4
#define LOAD                                                                            \
    "[pool cpu]\nbuiltin = yes\nprocesses = 1\n[pool faulty]\nprogram = " WORKER_FAULTY \
    "\nmethods = " FAULTY_METHODS "\nprocesses = 1\nkill-delay = 200ms\n"

enum way {
    WAY_KILL,       // kill -9
    WAY_CLOSE,      // closes, and goes on with something else
    WAY_RESET,      // closes so that a reset is sent
    WAY_HALF_CLOSE, // shuts down its sending side first, and is killed then
    WAY_DEAF,       // is killed with answers that it has not read
    WAYS,
};
static const char *const way_names[] = {"kill -9", "close", "reset", "half-close, then kill -9",
                                        "kill -9 with unread answers"};

// ---- the client -----------------------------------------------------------------------------

// In the child: says everything, then what belongs to its way, tells that it is done, and waits.
static void
be_a_client(const char *address, enum way way, int told)
{
    struct peer peer;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    peer_connect(&peer, address);
    for (size_t i = 0; i < REQUESTS; i++)
        peer_say(&peer, "%s", requests[i]);
    if (way == WAY_DEAF)
        peer_say(&peer, PING);
    if (way == WAY_HALF_CLOSE)
        peer_half_close(&peer);
    if (write(told, "x", 1) != 1)
        _exit(1);
    for (;;)
        pause();
}

static pid_t
start_client(const char *address, enum way way)
{
    int told[2];
    char byte;
    pid_t pid;

    assert_int_equal(pipe(told), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(told[0]);
        be_a_client(address, way, told[1]);
    }
    close(told[1]);
    assert_int_equal(read(told[0], &byte, 1), 1);
    close(told[0]);
    return pid;
}

static void
kill_client(pid_t pid)
{
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

// ---- what is left of it ---------------------------------------------------------------------

static void
await_everything_under_way(struct fixture *fixture)
{
    fixture_await(fixture, "jobs.gathering", GATHERING);
    fixture_await(fixture, "jobs.sleeping", SLEEPING);
    fixture_await(fixture, "jobs.queued", QUEUED);
    fixture_await(fixture, "pools.0.running", 1);
    fixture_await(fixture, "pools.1.running", 1);
}

static double
await_nothing_left(struct fixture *fixture, const pid_t workers[2])
{
    int64_t began_us = clock_us();
    double seconds;

    await_no_jobs(fixture);
    fixture_await(fixture, "jobs.sleeping", 0);
    fixture_await(fixture, "sessions.open", 1);
    seconds = (double)(clock_us() - began_us) / 1e6;
    for (int i = 0; i < 2; i++)
        processes_await_end(workers[i]);
    fixture_await_workers(fixture);
    return seconds;
}

static void
leave_by(struct fixture *fixture, const char *address, enum way way)
{
    pid_t workers[2];
    pid_t client = 0;
    struct peer peer = {.fd = -1};

    fixture_await_workers(fixture);
    for (int i = 0; i < 2; i++)
        workers[i] = fixture_worker(fixture, i, 0);
    if (way == WAY_CLOSE || way == WAY_RESET) {
        peer_connect(&peer, address);
        for (size_t i = 0; i < REQUESTS; i++)
            peer_say(&peer, "%s", requests[i]);
    } else {
        client = start_client(address, way);
    }
    await_everything_under_way(fixture);
    if (way == WAY_CLOSE)
        peer_close(&peer);
    else if (way == WAY_RESET)
        peer_reset(&peer);
    else
        kill_client(client);
    print_message("%-28s %-5.4s gone after %.3f s\n", way_names[way], address,
                  await_nothing_left(fixture, workers));
}

static void
test_every_way_to_leave(struct fixture *fixture)
{
    fixture->killing = true;
    for (int way = 0; way < WAYS; way++) {
        leave_by(fixture, fixture->daemon.unix_address, way);
        leave_by(fixture, fixture->daemon.tcp_address, way);
    }
}

// The client that everybody uses.
static void
test_the_command_line_client_is_killed(struct fixture *fixture)
{
    const char *const addresses[] = {fixture->daemon.unix_address, fixture->daemon.tcp_address};

    for (int i = 0; i < 2; i++) {
        const char *const arguments[] = {"--server",    addresses[i],      "call",
                                         "sum_squares", "n=4000000000000", NULL};
        pid_t worker = fixture_worker(fixture, POOL_CPU, 0);
        struct command command;

        command_start(&command, OFFLOAD_PROGRAM, arguments, NULL);
        fixture_await(fixture, "pools.0.running", 1);
        assert_int_equal(kill(command.pid, SIGKILL), 0);
        await_no_jobs(fixture);
        fixture_await(fixture, "sessions.open", 1);
        processes_await_end(worker);
        fixture_await_workers(fixture);
        command_done(&command);
    }
}

// So much is in flight that the session is not read: its end waits behind lines that wait.
static void
test_killed_behind_the_wall(struct fixture *fixture)
{
    const char *const addresses[] = {fixture->daemon.unix_address, fixture->daemon.tcp_address};

    for (int i = 0; i < 2; i++) {
        pid_t client = start_client(addresses[i], WAY_KILL);

        fixture_await(fixture, "pools.0.running", 1);
        fixture_await(fixture, "pools.0.queued", 1);
        kill_client(client);
        await_no_jobs(fixture);
        fixture_await(fixture, "sessions.open", 1);
        fixture_await_workers(fixture);
    }
}

// Sends blank lines until nothing more goes. What went first may still be on its way to the other
// socket, and make room: so it has to stay full for a while.
static void
fill_the_way(struct peer *peer)
{
    static char blank[65536];
    int64_t until_us = deadline_in(PATIENCE);
    int full = 0;

    memset(blank, '\n', sizeof(blank));
    while (full < 20) {
        full = peer_send_some(peer, blank, sizeof(blank)) > 0 ? 0 : full + 1;
        if (deadline_passed(until_us))
            fail_msg("it is still read");
        if (full > 0)
            deadline_pause();
    }
}

// So much was sent that its end cannot even reach the daemon's socket.
static void
test_closed_far_behind_the_wall(struct fixture *fixture)
{
    struct peer *peers[] = {open_tcp(fixture), open_unix(fixture)};

    for (int i = 0; i < 2; i++) {
        peer_say(peers[i], REQUEST("1", "sleep", "[1000]"));
        peer_say(peers[i], REQUEST("2", "sum_squares", "[4000000000000]"));
        fixture_await(fixture, "jobs.running", 2);
        fill_the_way(peers[i]);
        peer_close(peers[i]);
        fixture_await(fixture, "jobs.sleeping", 0);
        await_no_jobs(fixture);
        fixture_await_workers(fixture);
    }
}

// A client that only has no more to ask is asked whether it is there, and gets all its answers.
static void
test_half_closed_clients_are_no_leavers(struct fixture *fixture)
{
    struct peer *peers[] = {open_tcp(fixture), open_unix(fixture)};

    for (int i = 0; i < 2; i++) {
        peer_say(peers[i], REQUEST("1", "sleep", "[2.2]"));
        peer_say(peers[i], NOTIFICATION("sleep", "[2.5]"));
        peer_say(peers[i], "[" REQUEST("2", "sleep", "[1]") "]");
        peer_half_close(peers[i]);
    }
    for (int i = 0; i < 2; i++) {
        assert_string_equal(peer_line(peers[i]),
                            "[{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":" SLEPT("1") "}]");
        expect_result(peer_line(peers[i]), "1", SLEPT("2.2"));
        peer_expect_end(peers[i]);
    }
}

// What it is asked with are spaces before the next answer, on TCP only, and not at once.
static void
test_what_a_half_closed_client_sees(struct fixture *fixture)
{
    static const char answer[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":" SLEPT("2.5") "}\n";
    struct peer *peers[] = {open_tcp(fixture), open_unix(fixture)};

    for (int i = 0; i < 2; i++) {
        peer_say(peers[i], REQUEST("1", "sleep", "[2.5]"));
        peer_half_close(peers[i]);
    }
    for (int i = 0; i < 2; i++) {
        char bytes[256] = "";
        size_t size = 0, spaces;
        ssize_t got;

        while ((got = recv(peers[i]->fd, bytes + size, sizeof(bytes) - 1 - size, 0)) > 0)
            size += (size_t)got;
        assert_int_equal(got, 0);
        spaces = strspn(bytes, " ");
        assert_string_equal(bytes + spaces, answer);
        assert_in_range(spaces, i == 0, i == 0 ? 100 : 0);
    }
}

HARNESS_MAIN(SCENARIO_CONFIG(test_every_way_to_leave, LOAD),
             SCENARIO_CONFIG(test_the_command_line_client_is_killed, LOAD),
             SCENARIO_CONFIG(test_killed_behind_the_wall, LOAD, "--set", "server.in-flight-max=2"),
             SCENARIO_CONFIG(test_closed_far_behind_the_wall, LOAD, "--set",
                             "server.in-flight-max=2"),
             SCENARIO(test_half_closed_clients_are_no_leavers),
             SCENARIO(test_what_a_half_closed_client_sees))
